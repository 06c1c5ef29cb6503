"""Acts on report cards: open a run, write comments, mark what is incomplete, freeze, reissue. Each is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from headway.access.actions import record_act
from headway.access.types import SYSTEM, Role, Viewer
from headway.evidence import actions as ledger
from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.frameworks.types import ACADEMIC
from headway.kit.refusals import Refusal, Sentence
from headway.report_cards import composing, queries
from headway.report_cards.models import CardComment, CardRun, FamilyStatement, Incomplete, ReportCard, Saying
from headway.report_cards.types import CardView, Frozen, RunView, Written
from headway.rosters import actions as rostering
from headway.rosters import queries as rosters

ADULTS = (Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)
LANGUAGES = ("en", "es")
LONGEST = 2000
MOST_SAYINGS = 200
SETTLED = ("completed", "extended", "closed")
_FIELDS = [
    "text", "language", "author", "written_at", "translation", "translation_language", "machine", "checked_by"
]  # fmt: skip


# Runs.


def open_run(*, actor: Viewer, school_id: int, term_id: int, at: datetime) -> RunView:
    """This will open the report cards of a school for a term, or answer with the run that is open already.

    Written: run, audit entry. Who may: whoever leads the school. Raises `Refusal`: `forbidden`, `unknown_school`,
    `unknown_term`, `no_students` where nobody was a student of the school in the term.
    """
    if not (actor.is_a(Role.DISTRICT) or (actor.is_a(Role.PRINCIPAL) and school_id in actor.schools)):
        raise Refusal("forbidden", "Only who leads the school opens its report cards.")
    if school_id not in {school.id for school in rosters.schools()}:
        raise Refusal("unknown_school", "Choose a school of the roster.")
    if term_id not in {term.id for term in rosters.terms()}:
        raise Refusal("unknown_term", "Choose a term of the roster.")
    with transaction.atomic():
        row, made = CardRun.objects.get_or_create(
            school_id=school_id, term_id=term_id, defaults={"opened_at": at}
        )
        if made and not queries.students_of(queries.run_view(row), viewer=actor, today=_today(actor, at)):
            raise Refusal("no_students", "Nobody was a student of this school in this term.")
        if made:
            record_act(actor=actor, act="open_card_run", kind="card_run", object_id=row.pk, at=at)
        found = queries.find_run(row.pk)
        assert found is not None
        return found


# Comments.


def write_comments(
    *, actor: Viewer, run: RunView, framework: int, comments: Mapping[int, Written], at: datetime
) -> int:
    """This will write an adult's comments on students (row keys) in one area; an empty text takes a comment away. Returns how
    many changed.

    A comment that stands just so is left alone. A changed text drops a translation that stayed as it was; a translation
    that is handed in without the mark of machine text was read by the actor. A card that was frozen keeps what it said.
    Written: comments, one event per student, audit entry. Who may: adults who may see the students. Raises `Refusal`:
    `forbidden`, `unknown_area`, `unknown_language`, `text_too_long`, `no_such_person`.
    """
    _require(actor)
    area = _area(framework)
    for one in comments.values():
        _require_language(one.language)
        if max(len(one.text.strip()), len(one.translation.strip())) > LONGEST:
            raise Refusal(
                "text_too_long", Sentence("A comment has at most %(most)s characters.", most=LONGEST)
            )
    with transaction.atomic():
        people = _seen(actor, comments)
        rows = CardComment.objects.select_for_update().filter(
            run_id=run.id, framework_id=framework, student_id__in=list(comments)
        )
        held = {row.student_id: row for row in rows}
        fresh, kept, gone, about = [], [], [], []
        for key, said in comments.items():
            row = held.get(key) or CardComment(run_id=run.id, student_id=key, framework_id=framework)
            if not said.text.strip():
                gone += [row.pk] if key in held else []
                body: dict[str, Any] = {"text": ""}
            elif _take(row, said, actor, at):
                (kept if key in held else fresh).append(row)
                body = {name: getattr(row, name) for name in _FIELDS if name != "written_at"}
            else:
                continue
            if said.text.strip() or key in held:
                about.append((people[key].uuid, {"run": str(run.id), "area": area.key, **body}))
        CardComment.objects.filter(pk__in=gone).delete()
        CardComment.objects.bulk_create(fresh)
        CardComment.objects.bulk_update(kept, _FIELDS)
        if about:
            ledger.record_events(actor=actor, kind="card_comment", about=about, at=at)
            record_act(actor=actor, act="write_comments", kind="card_run", object_id=run.id,
                       detail={"area": area.key, "n": len(about)}, at=at)  # fmt: skip
        return len(about)


def _take(row: CardComment, said: Written, actor: Viewer, at: datetime) -> bool:
    """Put what was handed in into a row; return whether anything changed."""
    text, translation = said.text.strip(), said.translation.strip()
    if (text, said.language) != (row.text, row.language):
        # A translation that came back as it was is one of the old words.
        translation = "" if translation == row.translation else translation
        row.text, row.language, row.author, row.written_at = text, said.language, actor.name[:200], at
    elif (translation, said.machine and bool(translation)) == (row.translation, row.machine):
        return False
    row.translation, row.machine = translation, said.machine and bool(translation)
    row.translation_language = next(one for one in LANGUAGES if one != row.language) if translation else ""
    row.checked_by = actor.name[:200] if translation and not row.machine else ""
    return True


def keep_saying(*, actor: Viewer, text: str, language: str, at: datetime) -> None:
    """This will keep a sentence in the actor's own bank; one that is there already stays once.

    Who may: adults with a place in the roster. Raises `Refusal`: `forbidden`, `text_missing`, `text_too_long`,
    `unknown_language`, `too_many`.
    """
    if not actor.is_a(*ADULTS) or actor.person_id is None:
        raise Refusal("forbidden", "Only adults of the school keep sayings.")
    _require_language(language)
    said = text.strip()
    if not said:
        raise Refusal("text_missing", "Write the sentence to keep.")
    if len(said) > 1000:
        raise Refusal("text_too_long", "A saying has at most 1000 characters.")
    with transaction.atomic():
        own = Saying.objects.filter(owner_id=actor.person_id)
        if own.filter(text=said, language=language).exists():
            return
        if own.count() >= MOST_SAYINGS:
            raise Refusal(
                "too_many",
                Sentence("A bank holds %(most)s sentences; take one away first.", most=MOST_SAYINGS),
            )
        row = Saying.objects.create(owner_id=actor.person_id, text=said, language=language, kept_at=at)
        record_act(actor=actor, act="keep_saying", kind="saying", object_id=row.pk, at=at)


def drop_saying(*, actor: Viewer, saying_id: int, at: datetime) -> None:
    """This will take a sentence out of the actor's own bank; comments that used it stay. Raises `Refusal("no_such_saying")`."""
    with transaction.atomic():
        gone, _ = Saying.objects.filter(pk=saying_id, owner_id=actor.person_id or 0).delete()
        if not gone:
            raise Refusal("no_such_saying", "There is no such sentence in your bank.")
        record_act(actor=actor, act="drop_saying", kind="saying", object_id=saying_id, at=at)


# Incompletes.


def mark_incomplete(
    *, actor: Viewer, run: RunView, student_id: int, framework: int, owner_id: int, reason: str, expires_on: date, at: datetime
) -> int:  # fmt: skip
    """This will mark an area as incomplete for a student, looked after by an adult until a day; returns its number.

    One that stands for the area is kept as it is and answered with. Written: incomplete, event, audit entry. Who may:
    adults who may see the student. Raises `Refusal`: `forbidden`, `unknown_area`, `no_such_person`, `owner_unknown`,
    `reason_missing`, `day_passed`.
    """
    _require(actor)
    area = _area(framework)
    today = _today(actor, at)
    said = reason.strip()[:500]
    if not said:
        raise Refusal("reason_missing", "Say what is still to come.")
    if expires_on <= today:
        raise Refusal("day_passed", "Give a day after today by which it is decided.")
    roles = {role for role, _ in rosters.roles_on(person_ids=[owner_id], as_of=today).get(owner_id, ())}
    if not roles & {role.value for role in ADULTS}:
        raise Refusal("owner_unknown", "An adult of the school must look after it.")
    with transaction.atomic():
        people = _seen(actor, [student_id])
        row, made = Incomplete.objects.get_or_create(
            run_id=run.id, student_id=student_id, framework_id=framework, settled="",
            defaults={"owner_id": owner_id, "reason": said, "expires_on": expires_on, "opened_at": at},
        )  # fmt: skip
        if made:
            _tell(actor, people[student_id], row, {"area": area.key, "act": "opened", "reason": said,
                                                   "expires_on": expires_on.isoformat()}, at)  # fmt: skip
        return row.pk


def settle_incomplete(
    *, actor: Viewer, incomplete_id: int, how: str, reason: str, at: datetime, expires_on: date | None = None
) -> None:
    """This will settle an incomplete: `completed`, `closed`, or `extended` to a later day, which opens the next one.

    No level follows from it. Written: incomplete, event, audit entry. Who may: adults who may see the student. Raises
    `Refusal`: `no_such_incomplete`, `unknown_word`, `reason_missing`, `day_passed`.
    """
    if how not in SETTLED:
        raise Refusal("unknown_word", "An incomplete is completed, extended or closed.")
    said = reason.strip()[:500]
    if not said:
        raise Refusal("reason_missing", "Say why.")
    if how == "extended" and (expires_on is None or expires_on <= _today(actor, at)):
        raise Refusal("day_passed", "Give a day after today by which it is decided.")
    with transaction.atomic():
        rows = Incomplete.objects.select_for_update(of=("self",)).select_related("student", "framework")
        row = rows.filter(pk=incomplete_id, settled="").first()
        if row is None or not _may_see(actor, row.student_id):
            raise Refusal("no_such_incomplete", "There is no such incomplete that you may settle.")
        row.settled, row.settled_at, row.settled_reason = how, at, said
        row.save(update_fields=["settled", "settled_at", "settled_reason"])
        body = {"area": row.framework.key, "act": how, "reason": said}
        if how == "extended" and expires_on is not None:
            Incomplete.objects.create(
                run_id=row.run_id, student_id=row.student_id, framework_id=row.framework_id, owner_id=row.owner_id,
                reason=row.reason, expires_on=expires_on, opened_at=at,
            )  # fmt: skip
            body["expires_on"] = expires_on.isoformat()
        _tell(actor, row.student, row, body, at)


def _tell(actor: Viewer, person: Any, row: Incomplete, body: dict[str, Any], at: datetime) -> None:
    ledger.record_event(
        actor=actor, kind="card_incomplete", body={"run": str(row.run_id), **body}, at=at, subject=person.uuid
    )
    record_act(
        actor=actor,
        act="mark_incomplete",
        kind="person",
        object_id=person.uuid,
        detail={name: body[name] for name in ("act", "area") if name in body},
        at=at,
    )


# Cards.


def freeze(*, actor: Viewer, run: RunView, as_of: date, at: datetime) -> Frozen:
    """This will issue the card of every student of the school who has none yet, as observed by a day and known now.

    The first freeze sets the run's day and the sequence of the ledger; a later one makes the cards of students who came
    since, by the same. Written: cards with digest, one event per student, audit entry. Who may: whoever leads the school.
    Raises `Refusal`: `forbidden`, `day_outside_term`, `frozen_on_another_day`, `no_students`.
    """
    if not queries.leads(actor, run):
        raise Refusal("forbidden", "Only who leads the school freezes its report cards.")
    today = _today(actor, at)
    if not run.starts_on <= as_of <= today:
        raise Refusal("day_outside_term", "Give a day from the first day of the term to today.")
    with transaction.atomic():
        row = CardRun.objects.select_for_update().get(pk=run.id)
        if row.as_of is not None and row.as_of != as_of:
            raise Refusal(
                "frozen_on_another_day",
                Sentence(
                    "This run is frozen as of %(as_of)s; reissue a card to correct it.", as_of=row.as_of
                ),
            )
        if row.as_of is None:
            row.as_of, row.through, row.frozen_at = as_of, evidence.head()[0], at
            row.save(update_fields=["as_of", "through", "frozen_at"])
        held = queries.issued(run=run.id)
        everybody = list(
            rosters.students_of_school(viewer=SYSTEM, school_id=run.school, as_of=as_of, leavers=True)
        )
        if not everybody:
            raise Refusal("no_students", "The school has no students on that day.")
        people = [person for person in everybody if person.id not in held]
        _, contents = queries.contents(run, people, now=at, as_of=as_of, known_at=row.through, book=None)
        _issue(actor, run, people, contents, as_of=as_of, through=row.through or 0, at=at)
        record_act(actor=actor, act="freeze_cards", kind="card_run", object_id=run.id,
                   detail={"as_of": as_of.isoformat(), "through": row.through, "made": len(people)}, at=at)  # fmt: skip
        return Frozen(len(people), len(everybody) - len(people))


def reissue(*, actor: Viewer, run: RunView, student_id: int, why: str, at: datetime) -> CardView:
    """This will issue a student's card again, as of the same day and as known now, with the change named.

    Earlier issues stay as they were. Written: card, event, audit entry. Who may: whoever leads the school. Raises
    `Refusal`: `forbidden`, `reason_missing`, `no_such_card`, `nothing_changed`.
    """
    if not queries.leads(actor, run):
        raise Refusal("forbidden", "Only who leads the school reissues its report cards.")
    said = why.strip()[:500]
    if not said:
        raise Refusal("reason_missing", "Say why the card is issued again: it stands on the card.")
    with transaction.atomic():
        CardRun.objects.select_for_update().get(pk=run.id)
        before = queries.find_card(run=run.id, student=student_id)
        if before is None:
            raise Refusal("no_such_card", "This card was not issued yet.")
        through = evidence.head()[0]
        person = rosters.people_by_id(person_ids=[student_id])[student_id]
        _, contents = queries.contents(run, [person], now=at, as_of=before.as_of, known_at=through, book=None)
        changed = composing.changes(before.content, contents[student_id])
        if not changed:
            raise Refusal("nothing_changed", "Nothing on this card has changed since it was issued.")
        change = {"why": said, "changes": changed, "scales": before.content["scales"]}
        _issue(
            actor,
            run,
            [person],
            contents,
            as_of=before.as_of,
            through=through,
            at=at,
            issue=before.issue + 1,
            change=change,
        )
        record_act(actor=actor, act="reissue_card", kind="person", object_id=person.uuid,
                   detail={"run": run.id, "issue": before.issue + 1}, at=at)  # fmt: skip
        found = queries.find_card(run=run.id, student=student_id)
        assert found is not None
        return found


def _issue(
    actor: Viewer, run: RunView, people: Sequence[Any], contents: Mapping[int, dict[str, Any]], *, as_of: date, through: int,
    at: datetime, issue: int = 1, change: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    digests = {key: composing.digest_of(content) for key, content in contents.items()}
    ReportCard.objects.bulk_create(
        [
            ReportCard(
                run_id=run.id, student_id=person.id, issue=issue, content=contents[person.id], digest=digests[person.id],
                as_of=as_of, through=through, issued_at=at, issued_by=actor.name[:200], change=change or {},
            ) for person in people
        ],
        batch_size=200,
    )  # fmt: skip
    body = {"run": str(run.id), "issue": issue, "as_of": as_of.isoformat(), "through": through}
    if change:
        body["why"] = change["why"]
    about = [
        (person.uuid, {**body, "student": str(person.uuid), "digest": digests[person.id]})
        for person in people
    ]
    ledger.record_events(actor=actor, kind="card_issued", about=about, at=at)


# What a family adds.


def record_statement(*, actor: Viewer, student_id: int, text: str, said_by: str, at: datetime) -> None:
    """This will record what a family wants to stand on each later card; it takes the place of an earlier one.

    An empty text ends the statement. Cards that were issued stay as they are. Written: statement, event, audit entry. Who
    may: whoever leads the student's school, and the district. Raises `Refusal`: `forbidden`, `no_such_person`,
    `text_too_long`, `name_missing`.
    """
    if not actor.is_a(*queries.LEADERS):
        raise Refusal("forbidden", "Only who leads the school records a family's statement.")
    said, who = text.strip(), said_by.strip()[:200]
    if len(said) > LONGEST:
        raise Refusal("text_too_long", Sentence("A statement has at most %(most)s characters.", most=LONGEST))
    if said and not who:
        raise Refusal("name_missing", "Say whose statement it is.")
    with transaction.atomic():
        person = _seen(actor, [student_id])[student_id]
        own = FamilyStatement.objects.filter(student_id=student_id, amendment=None, ended_at=None)
        own.update(ended_at=at)
        if said:
            FamilyStatement.objects.create(student_id=student_id, text=said, said_by=who, written_at=at)
        body = {"text": said, "said_by": who}
        ledger.record_event(actor=actor, kind="card_statement", body=body, at=at, subject=person.uuid)
        record_act(actor=actor, act="record_statement", kind="person", object_id=person.uuid, at=at)


def contest(
    *, actor: Viewer, student_id: int, amendment: UUID, kind: str, item: str, target: int | None, text: str, said_by: str,
    at: datetime,
) -> None:  # fmt: skip
    """This will let a family's statement stand with an item that was not amended; an empty text ends it.

    It takes the place of an earlier one on the same request. In the caller's transaction, which has checked who may. Written:
    statement, event, audit entry. Raises `Refusal("text_too_long")`.
    """
    said = text.strip()
    if len(said) > LONGEST:
        raise Refusal("text_too_long", Sentence("A statement has at most %(n)s characters.", n=LONGEST))
    subject = rosters.person_uuids(person_ids=[student_id])[student_id]
    FamilyStatement.objects.filter(amendment=amendment, ended_at=None).update(ended_at=at)
    if said:
        FamilyStatement.objects.create(
            student_id=student_id, amendment=amendment, kind=kind, item=item, target_id=target, text=said,
            said_by=said_by[:200], written_at=at,
        )  # fmt: skip
    body = {"text": said, "said_by": said_by[:200] if said else "", "amendment": str(amendment)}
    ledger.record_event(actor=actor, kind="card_statement", body=body, at=at, subject=subject)
    record_act(actor=actor, act="record_statement", kind="person", object_id=subject, at=at)


def follow(joining: rostering.Joining) -> None:
    """This will move comments and incompletes with a merge or back with its split; issued cards stay as they were issued.

    What the person who stays has in the same run and area too stays with the other. For
    `rosters.actions.register_follower`.
    """
    if joining.of is not None:
        for model in (CardComment, Incomplete, FamilyStatement):
            joining.put_back(model)
        return
    joining.move(
        list(FamilyStatement.objects.filter(student=joining.person, amendment__isnull=False)), "student_id"
    )
    for model in (CardComment, Incomplete):
        twin = model.objects.filter(
            student=joining.into, run_id=OuterRef("run_id"), framework_id=OuterRef("framework_id")
        )
        rows = model.objects.filter(~Exists(twin), student=joining.person)
        joining.move(list(rows.order_by("id")), "student_id")


def erase_cards(*, student: int) -> None:
    """This will remove every card, comment, incomplete and statement of a student. In the caller's transaction, which erases
    the events about the student and is audited there."""
    for model in (ReportCard, CardComment, Incomplete, FamilyStatement):
        model.objects.filter(student_id=student).delete()


# Who may.


def _require(actor: Viewer) -> None:
    if not actor.is_a(*ADULTS):
        raise Refusal("forbidden", "Only adults of the school write report cards.")


def _seen(actor: Viewer, students: Iterable[int]) -> dict[int, Any]:
    wanted = set(students)
    if wanted - _visible(actor, wanted):
        raise Refusal("no_such_person", "There is no such student that you may see.")
    return rosters.people_by_id(person_ids=wanted)


def _may_see(actor: Viewer, student: int) -> bool:
    return actor.is_a(*ADULTS) and student in _visible(actor, {student})


def _visible(actor: Viewer, students: set[int]) -> set[int]:
    return rosters.visible_ids(actor.at_school(), person_ids=students, as_of=actor.today)


def _today(actor: Viewer, at: datetime) -> date:
    from headway.proficiency.queries import book

    return actor.today if actor.today.year > 1 else at.astimezone(book().zone).date()


def _area(framework: int) -> Any:
    found = next(
        (one for one in frameworks.frameworks() if one.id == framework and one.kind == ACADEMIC), None
    )
    if found is None:
        raise Refusal("unknown_area", "Choose an area in use.")
    return found


def _require_language(language: str) -> None:
    if language not in LANGUAGES:
        raise Refusal(
            "unknown_language",
            Sentence("A comment is written in one of: %(known)s.", known=", ".join(LANGUAGES)),
        )
