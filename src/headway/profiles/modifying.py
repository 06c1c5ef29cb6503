"""Modifications: a target of a student's own, whose ratings never count as grade level."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

from django.db import transaction

from headway.access.types import Viewer
from headway.evidence import actions as ledger
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.proficiency.queries import Book
from headway.proficiency.types import Saved
from headway.profiles import fitting, queries
from headway.profiles.models import Modification
from headway.profiles.writing import begin, check_begun, check_key, standing, tell, words_of, writes_as
from headway.rosters import queries as rosters

LONGEST = 500


def modify_target(
    *, actor: Viewer, student_id: int, key: str, target: int, words: str, descriptors: Sequence[str], starts_on: date,
    review_on: date | None, at: datetime, book: Book,
) -> UUID:  # fmt: skip
    """This will put a target of a student's own in the place of one of the continuum, from a day on.

    Written in one transaction: event, modification, audit entry, and a rating `individual_goal` on the target, so that the
    rule asks nothing there. Who may: teachers, advisors and leaders who see the student. Raises `Refusal`: `no_such_person`,
    `forbidden`, `unknown_target`, `already_modified`, `descriptors_missing`, `day_ahead`, `day_passed`, `ended_later`,
    `text_missing`, `text_too_long`, `reads_like_a_diagnosis`, `key_missing`, `key_conflict`, and what `record_rows` does.
    """
    labels = queries.settings(book).labels
    node = frameworks.node(target)
    if not node.is_leaf:
        raise Refusal("unknown_target", "A modification is made of a target.")
    text = words_of(words, LONGEST, labels)
    own = [words_of(one, LONGEST, labels, needed=False) for one in descriptors]
    scale = levels.effective_for(levels.moment(now=at, book=book), student=student_id, target=target).scale
    if len(own) != len(scale["levels"]) or not all(own):
        raise Refusal(
            "descriptors_missing", "Say for each level what this student's own work looks like there."
        )
    if review_on is not None and review_on <= actor.today:
        raise Refusal("day_passed", "It is looked at again on a day to come.")
    with transaction.atomic():
        ledger.lock()
        written_as = writes_as(actor, student_id, school_only=True)
        check_begun(actor, starts_on)
        if _standing_on(student_id, [target], but=key):
            raise Refusal(
                "already_modified", "This student has a target of their own here already; end that first."
            )
        if Modification.objects.filter(key=check_key(key)).exists():
            row = begin(
                Modification, "modification", actor=actor, student=student_id, key=key, at=at, target_id=target, words=text,
                descriptors=own, starts_on=starts_on, review_on=review_on,
            )  # fmt: skip
            return row.uuid
        name = uuid4()
        observed = at.isoformat() if starts_on == actor.today else starts_on.isoformat()
        # Before the row is there: from then on the target takes no rating but the student's own.
        goal = {"key": f"{fitting.BEGINS}{name}", "target": str(node.uuid), "status": "individual_goal"}
        saved = _record(actor, student_id, [{**goal, "observed_at": observed}], at, book)
        if saved.determinations[0].state != "individual_goal":
            raise Refusal(
                "ended_later",
                "What was recorded later there, such as the end of an earlier own target, would end this one. "
                "Choose a later day.",
            )
        begin(
            Modification, "modification", actor=actor, student=student_id, key=key, at=at, uuid=name, target_id=target,
            words=text, descriptors=own, starts_on=starts_on, review_on=review_on, written_as=written_as,
        )  # fmt: skip
        return name


def end_modification(*, actor: Viewer, modification: UUID, reason: str, at: datetime, book: Book) -> None:
    """This will end a modification today: from then on the rule asks for the target of the continuum again.

    Written in one transaction: event, modification, audit entry, and a rating that ends the individual goal on what stands in
    the target's place today (none where nothing does). The ratings on the own target stay what they are. Who may: as in
    `modify_target`. Raises `Refusal`: `no_such_entry`, `no_such_person`, `forbidden`, `reason_missing`, `text_too_long`,
    `reads_like_a_diagnosis`.
    """
    why = words_of(reason, LONGEST, queries.settings(book).labels, needed=False)
    if not why:
        raise Refusal("reason_missing", "Say why it ends.")
    with transaction.atomic():
        ledger.lock()
        row = standing(Modification, modification, ends_on=None)
        writes_as(actor, row.student_id, school_only=True)
        row.ends_on, row.reason = max(actor.today, row.starts_on), why
        tell(row, "modification", actor=actor, at=at)
        said = {"override": "reverts", "comment": why, "observed_at": at.isoformat()}
        # Where another own target holds, it keeps the individual goal; its own end ends both.
        places = [
            node for node in frameworks.standing_for([row.target_id], on=actor.today)[row.target_id]
            if not _standing_on(row.student_id, [node.id])
        ]  # fmt: skip
        rows = [
            {"key": f"{fitting.ENDS}{row.uuid}" + (f":{n}" if n else ""), "target": str(node.uuid), **said}
            for n, node in enumerate(places)
        ]
        if rows:
            _record(actor, row.student_id, rows, at, book)


def _standing_on(student: int, targets: Collection[int], *, but: str = "") -> bool:
    """Whether a modification of a student, other than that of the key `but`, stands on targets, or on what they replaced."""
    rows = Modification.objects.filter(student_id=student, ends_on=None).exclude(key=but)
    places = frameworks.lineage(rows.values_list("target_id", flat=True))
    return any(set(targets) & set(line) for line in places.values())


def _record(actor: Viewer, student: int, rows: Sequence[dict[str, str]], at: datetime, book: Book) -> Saved:
    name = rosters.people_by_id(person_ids=[student])[student].sourced_id
    told = [{**row, "student": name} for row in rows]
    return proficiency.record_rows(actor=actor, rows=told, at=at, book=book, source="modification")
