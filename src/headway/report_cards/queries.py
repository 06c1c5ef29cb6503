"""Questions about report cards. Read only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q
from django.db.models.functions import Coalesce

from headway.access.types import Role, Viewer
from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.frameworks.types import ACADEMIC
from headway.kit.refusals import Refusal
from headway.proficiency import queries as proficiency
from headway.proficiency.queries import Book, Moment
from headway.report_cards import composing, holding
from headway.report_cards.models import CardComment, CardRun, FamilyStatement, Incomplete, ReportCard, Saying
from headway.report_cards.types import (
    Board,
    CardView,
    CommentView,
    Contested,
    IncompleteView,
    Missing,
    RunView,
    SayingView,
    StatementView,
)
from headway.rosters import queries as rosters

altered_cards = holding.altered_cards
LEADERS = (Role.PRINCIPAL, Role.DISTRICT)
Pair = tuple[int, int]


# Runs.


def runs(*, schools: Iterable[int] | None = None) -> list[RunView]:
    """Return the runs of schools, or all, the newest term first. One statement."""
    found = CardRun.objects.select_related("school", "term")
    if schools is not None:
        found = found.filter(school_id__in=list(schools))
    return [run_view(row) for row in found.order_by("-term__starts_on", "school__name", "id")]


def find_run(run_id: int) -> RunView | None:
    """Return a run by its number, or None. One statement."""
    row = CardRun.objects.select_related("school", "term").filter(pk=run_id).first()
    return None if row is None else run_view(row)


def run_view(row: CardRun) -> RunView:
    """Return a run as pages see it."""
    return RunView(
        id=row.pk, school=row.school_id, school_name=row.school.name, school_sourced_id=row.school.sourced_id,
        term=row.term.title, starts_on=row.term.starts_on, ends_on=row.term.ends_on, as_of=row.as_of, through=row.through,
        frozen_at=row.frozen_at,
    )  # fmt: skip


def leads(viewer: Viewer, run: RunView) -> bool:
    """Whether the viewer leads the school of a run, or is the district."""
    return viewer.is_a(Role.DISTRICT) or (viewer.is_a(Role.PRINCIPAL) and run.school in viewer.schools)


def day_of(run: RunView, today: date) -> date:
    """Return the day on which a run's classes are looked up: its frozen day, else today within its term."""
    return run.as_of or min(max(today, run.starts_on), run.ends_on)


def students_of(run: RunView, *, viewer: Viewer, today: date) -> list[Any]:
    """Return the students of the run's school on its day that the viewer may see, by sort name. One statement."""
    return list(
        rosters.students_of_school(
            viewer=viewer, school_id=run.school, as_of=day_of(run, today), leavers=True
        )
    )


# Comments.


def comments(*, run: int, students: Iterable[int]) -> dict[Pair, CommentView]:
    """Return the comments of a run by (student, area). One statement per 500 students."""
    found: dict[Pair, CommentView] = {}
    for part in _parts(students):
        for row in CardComment.objects.filter(run_id=run, student_id__in=part):
            found[row.student_id, row.framework_id] = comment_view(row)
    return found


def comment_view(row: CardComment) -> CommentView:
    """Return a comment as pages see it."""
    return CommentView(
        id=row.pk, student=row.student_id, framework=row.framework_id, text=row.text, language=row.language,
        author=row.author, written_at=row.written_at, translation=row.translation,
        translation_language=row.translation_language, machine=row.machine, checked_by=row.checked_by,
    )  # fmt: skip


def sayings(*, owner: int | None) -> list[SayingView]:
    """Return the sentences that a teacher keeps, oldest first. One statement."""
    rows = Saying.objects.filter(owner_id=owner).order_by("kept_at", "id") if owner else []
    return [SayingView(row.pk, row.text, row.language) for row in rows]


def areas_of(school_class: Any) -> list[Any]:
    """Return the academic continuums that a class is asked to comment on: those chosen for it, else all in use."""
    trees = proficiency.class_trees(school_class)
    return [tree.framework for tree in trees if tree.framework.kind == ACADEMIC]


# Incompletes.


def incompletes(*, run: int, students: Iterable[int]) -> dict[Pair, IncompleteView]:
    """Return the incompletes of a run that stand, by (student, area). One statement per 500 students."""
    found: dict[Pair, IncompleteView] = {}
    for part in _parts(students):
        rows = Incomplete.objects.filter(run_id=run, student_id__in=part, settled="")
        for row in rows.select_related("owner"):
            found[row.student_id, row.framework_id] = incomplete_view(row)
    return found


def incomplete_view(row: Incomplete) -> IncompleteView:
    """Return an incomplete as pages see it."""
    return IncompleteView(
        id=row.pk, student=row.student_id, framework=row.framework_id, owner=row.owner_id, owner_name=row.owner.name(),
        reason=row.reason, expires_on=row.expires_on, settled=row.settled, settled_at=row.settled_at,
        settled_reason=row.settled_reason,
    )  # fmt: skip


def find_incomplete(incomplete_id: int) -> IncompleteView | None:
    """Return an incomplete by its number, or None. One statement."""
    row = Incomplete.objects.select_related("owner").filter(pk=incomplete_id).first()
    return None if row is None else incomplete_view(row)


# The board.


def board(run: RunView, *, viewer: Viewer, today: date) -> Board:
    """Return how far a run is. Ten statements at most, however many students the school has up to 500.

    Who may: whoever leads the school. Raises `Refusal("forbidden")`.
    """
    if not leads(viewer, run):
        raise Refusal("forbidden", "Only who leads the school sees how far its report cards are.")
    people = students_of(run, viewer=viewer, today=today)
    ids = {person.id for person in people}
    written = comments(run=run.id, students=ids)
    missing, asked = _missing(run, ids, written, day_of(run, today))
    standing = sorted(
        incompletes(run=run.id, students=ids).values(), key=lambda one: (one.expires_on, one.id)
    )
    cards = ReportCard.objects.filter(run_id=run.id).values("student_id").distinct().count()
    return Board(
        asked=len(asked), written=sum(pair in written for pair in asked), missing=tuple(missing),
        unchecked=tuple((one, asked.get(pair, "")) for pair, one in sorted(written.items()) if one.machine),
        incompletes=tuple(one for one in standing if one.expires_on >= today),
        expired=tuple(one for one in standing if one.expires_on < today), cards=cards, students=len(ids),
    )  # fmt: skip


def _missing(
    run: RunView, students: set[int], written: Mapping[Pair, CommentView], day: date
) -> tuple[list[Missing], dict[Pair, str]]:
    classes = list(rosters.school_classes(school_id=run.school, as_of=day))
    members = rosters.members(class_ids=[one.id for one in classes], as_of=day, viewer=None)
    teachers = rosters.teacher_ids(class_ids=[one.id for one in classes])
    people = rosters.people_by_id(person_ids={key for own in teachers.values() for key in own})
    found: list[Missing] = []
    asked: dict[Pair, str] = {}  # the class that writes each comment
    for one in classes:
        own = [key for key in members[one.id] if key in students]
        who = tuple(sorted(people[key].name() for key in teachers.get(one.id, ())))
        for area in areas_of(one):
            asked |= {(key, area.id): one.sourced_id for key in own}
            lacking = tuple(key for key in own if (key, area.id) not in written)
            if lacking:
                found.append(Missing(one.id, one.sourced_id, one.title, who, area.id, lacking, len(own)))
    return found, asked


# Cards.


def contents(
    run: RunView,
    people: Sequence[Any],
    *,
    now: datetime,
    as_of: date,
    known_at: int | None,
    book: Book | None,
) -> tuple[Moment, dict[int, dict[str, Any]]]:
    """Return the moment and what each student's card says at it: levels as observed by the end of the day, as known then."""
    m = proficiency.moment(now=now, as_of=as_of, known_at=known_at, book=book)
    ids = [person.id for person in people]
    return m, composing.compose(
        m, run, people, comments=comments(run=run.id, students=ids),
        incompletes=incompletes(run=run.id, students=ids), statements=statements(students=ids),
        contested=contested(students=ids),
    )  # fmt: skip


def proof(run: RunView, person: Any, *, now: datetime, book: Book, today: date) -> CardView:
    """Return the card of a student as it would be issued now, as of the run's day or today. Who may: the caller has checked."""
    m, found = contents(
        run, [person], now=now, as_of=run.as_of or min(today, run.ends_on), known_at=None, book=book
    )
    content = found[person.id]
    return CardView(
        run.id, person.id, 0, content, composing.digest_of(content), m.day, evidence.head()[0], now, "", {}
    )


def overtaken(run: RunView, *, now: datetime, book: Book, student: int | None = None) -> set[int]:
    """Return the students, or the one, whose card of a run would say something else if it were issued again.

    Because ratings of the days of which it speaks came in, were moved or were taken back since. Six statements for every 200
    students and day, where any were.
    """
    by_day: dict[date, dict[int, Mapping[str, Any]]] = {}
    for row in holding.touched(run=run.id, zone=book.zone, student=student):
        by_day.setdefault(row.as_of, {})[row.who] = row.content  # type: ignore[attr-defined]
    found: set[int] = set()
    for as_of, before in by_day.items():
        people = rosters.people_by_id(person_ids=before)
        _, after = contents(run, list(people.values()), now=now, as_of=as_of, known_at=None, book=book)
        for one in people:
            if any(said["what"] in holding.OF_RATINGS for said in composing.changes(before[one], after[one])):
                found.add(one)
    return found


def _of(student: int) -> Q:
    """Return the condition for rows about a student, or about whoever was merged into them."""
    return Q(student_id=student) | Q(student__merged_into=student)


_CARDS = (
    "SELECT c.* FROM headway_reportcard c JOIN headway_person p ON p.id = c.student_id JOIN headway_cardrun r ON r.id = c.run_id "
    "JOIN headway_term t ON t.id = r.term_id WHERE c.student_id = %s OR p.merged_into_id = %s "
    "ORDER BY t.starts_on DESC, c.issue DESC"
)


def cards_of(*, student: int, before: datetime | None = None) -> list[CardView]:
    """Return the newest issue of each card of a student, of those issued `before` an instant, by term. One statement."""
    newest: dict[int, CardView] = {}
    for row in ReportCard.objects.raw(_CARDS, [student, student]):
        if before is None or row.issued_at < before:
            newest.setdefault(row.run_id, card_view(row))
    return list(newest.values())


def issued_since(*, students: Iterable[int], since: datetime) -> dict[int, int]:
    """Return how many report cards of each student were issued since an instant, a reissue too. One statement."""
    rows = ReportCard.objects.filter(student_id__in=list(students), issued_at__gt=since)
    return dict(rows.order_by().values_list("student_id").annotate(n=Count("run_id", distinct=True)))


def find_card(*, run: int, student: int, issue: int | None = None) -> CardView | None:
    """Return one issue of a student's card, the newest without a number, or None. One statement."""
    rows = ReportCard.objects.filter(_of(student), run_id=run).order_by("-issue")
    row = rows.filter(issue=issue).first() if issue is not None else rows.first()
    return None if row is None else card_view(row)


def issues_of(*, run: int, student: int) -> list[CardView]:
    """Return all issues of one card, the newest first. One statement."""
    rows = ReportCard.objects.filter(_of(student), run_id=run).order_by("-issue")
    return [card_view(row) for row in rows]


def card_view(row: ReportCard) -> CardView:
    """Return a card as pages see it."""
    return CardView(
        run=row.run_id, student=row.student_id, issue=row.issue, content=row.content, digest=row.digest, as_of=row.as_of,
        through=row.through, issued_at=row.issued_at, issued_by=row.issued_by, change=row.change,
    )  # fmt: skip


def issued(*, run: int) -> dict[int, int]:
    """Return the number of the newest issue of each student's card of a run. One statement."""
    rows = ReportCard.objects.filter(run_id=run).annotate(
        who=Coalesce("student__merged_into_id", "student_id")
    )
    return {row["who"]: row["newest"] for row in rows.values("who").annotate(newest=Max("issue"))}


# What a family added.


def statements(*, students: Iterable[int]) -> dict[int, StatementView]:
    """Return the standing statement of each student's family, where there is one. One statement per 500 students."""
    found: dict[int, StatementView] = {}
    for part in _parts(students):
        about = Q(student_id__in=part) | Q(student__merged_into__in=part)
        rows = FamilyStatement.objects.filter(about, amendment=None, ended_at=None).select_related("student")
        # What stands for the person who stays comes last, and is said.
        for row in sorted(rows, key=lambda one: one.student.merged_into_id is None):
            found[row.student.merged_into_id or row.student_id] = StatementView(
                row.text, row.said_by, row.written_at
            )
    return found


def _contested(n: int) -> str:
    return (
        "SELECT * FROM headway_familystatement WHERE ended_at IS NULL AND amendment IS NOT NULL "  # noqa: S608
        f"AND student_id IN ({', '.join(['%s'] * n)}) ORDER BY id"
    )


def contested(*, students: Iterable[int] | None = None) -> dict[int, list[Contested]]:
    """Return the statements that stand with contested items by student, oldest first; None: of all. One statement per 500."""
    found: dict[int, list[Contested]] = {}
    rows = FamilyStatement.objects.filter(ended_at=None, amendment__isnull=False).order_by("id")
    for part in [None] if students is None else _parts(students):
        own = rows if part is None else FamilyStatement.objects.raw(_contested(len(part)), part)
        for row in own:
            found.setdefault(row.student_id, []).append(
                Contested(
                    row.student_id, row.amendment, row.kind, row.item, row.target_id, row.text, row.said_by, row.written_at
                )
            )  # fmt: skip
    return found


def contested_targets(*, students: Iterable[int] | None = None) -> dict[Pair, str]:
    """Return the words that stand with the level of a target, by (student, target). Statements as `contested`."""
    found: dict[Pair, str] = {}
    for student, said in contested(students=students).items():
        for one in said:
            if one.target is not None:
                words = f"{one.said_by}: {one.text}"
                found[student, one.target] = " / ".join(
                    filter(None, (found.get((student, one.target)), words))
                )
    return found


def altered_statements() -> list[tuple[int, str]]:
    """Return (student, request) of statements with contested items that are not what the ledger says. For `headway verify`."""
    told = {
        body["amendment"]: (body["text"], body["said_by"])
        for body in evidence.bodies_of_kind(kind="card_statement")
        if "amendment" in body
    }
    standing = {
        str(one.amendment): (one.student, (one.text, one.said_by))
        for said in contested().values()
        for one in said
    }
    wrong = [(student, key) for key, (student, said) in standing.items() if told.get(key) != said]
    gone = [key for key, said in told.items() if said[0] and key not in standing]
    owners = dict(FamilyStatement.objects.filter(amendment__in=gone).values_list("amendment", "student_id"))
    return wrong + [(owners.get(UUID(key), 0), key) for key in gone]


def as_data(*, student: int) -> dict[str, Any]:
    """Return everything held here about a student as plain data: comments, incompletes, cards of every issue, statements."""
    own = _of(student)
    return {
        "comments": list(CardComment.objects.filter(own).order_by("id").values(
            "run__school__name", "run__term__title", "framework__key", "text", "language", "author", "written_at",
            "translation", "translation_language", "machine", "checked_by")),
        "incompletes": list(Incomplete.objects.filter(own).order_by("id").values(
            "run__term__title", "framework__key", "owner__sourced_id", "reason", "expires_on", "opened_at", "settled",
            "settled_at", "settled_reason")),
        "cards": list(ReportCard.objects.filter(own).order_by("id").values(
            "run__term__title", "issue", "as_of", "through", "digest", "issued_at", "issued_by", "change", "content")),
        "statements": list(FamilyStatement.objects.filter(own).order_by("id").values(
            "text", "said_by", "written_at", "ended_at", "amendment", "kind", "item", "target__uuid")),
    }  # fmt: skip


def in_the_way_of_people(person_ids: Iterable[int]) -> list[str]:
    """Return which of the people have report cards or what belongs to them, in words. For `rosters.actions.register_blocker`."""
    found: set[str] = set()
    for part in _parts(person_ids):
        for model in (CardComment, Incomplete, ReportCard, FamilyStatement):
            rows = model.objects.filter(student_id__in=part)
            found.update(rows.values_list("student__sourced_id", flat=True).distinct())
        owned = Incomplete.objects.filter(owner_id__in=part)
        found.update(owned.values_list("owner__sourced_id", flat=True).distinct())
    return [f"a report card names {name}" for name in sorted(found)]


def title_of(framework_id: int, language: str) -> str:
    """Return the name of an area in a language. No statement."""
    return frameworks.tree(framework_id, at=frameworks.remembered_stamp()).framework.called(language)


def _parts(values: Iterable[int], size: int = 500) -> Iterable[list[int]]:
    listed = list(dict.fromkeys(values))
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
