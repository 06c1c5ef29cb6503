"""How every act here is written: one event about the student, the row that stands on it, one audit entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.evidence import actions as ledger
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.profiles import queries
from headway.profiles.district import label_in
from headway.profiles.types import ADVISOR, FAMILY, LEADERS, STUDENT, TEACHERS
from headway.rosters import queries as rosters

AS = {STUDENT: "student", FAMILY: "family", TEACHERS: "teacher", ADVISOR: "advisor", LEADERS: "leader"}
SCHOOL = {TEACHERS, ADVISOR, LEADERS}


def writes_as(actor: Viewer, student: int, *, school_only: bool) -> str:
    """Return as what the actor writes about a student.

    Raises `Refusal`: `no_such_person` where the actor has no part in the student's profile, `forbidden` where it is not the
    school's.
    """
    reads = queries.reads_as(actor, student=student)
    if not reads:
        raise Refusal("no_such_person", "There is no such student that you may see.")
    if school_only:
        reads = tuple(one for one in reads if one in SCHOOL)
        if not reads:
            raise Refusal("forbidden", "Only the student's teachers, advisors and leaders record this.")
    return AS[reads[0]]


def check_key(key: str) -> str:
    """Return the client's key. Raises `Refusal("key_missing")`."""
    if not 1 <= len(key) <= 100:
        raise Refusal("key_missing", "A form is sent with a key of 1 to 100 characters.")
    return key


def words_of(text: str, most: int, labels: Sequence[str], *, needed: bool = True) -> str:
    """Return a text without space around it.

    Raises `Refusal`: `text_missing`, `text_too_long`, `reads_like_a_diagnosis` with the words that do as its finding.
    """
    said = text.replace("\0", "").strip()
    if needed and not said:
        raise Refusal("text_missing", "Write some words.")
    if len(said) > most:
        raise Refusal("text_too_long", Sentence("At most %(most)s characters fit here.", most=most))
    if label := label_in(said, labels):
        why = "This reads like a diagnosis. Write what helps, not a label: the words stay with the student for years."
        raise Refusal("reads_like_a_diagnosis", why, [Finding("reads_like_a_diagnosis", why, value=label)])
    return said


def begin(
    model: type[Any], kind: str, *, actor: Viewer, student: int, key: str, at: datetime, **said: Any
) -> Any:
    """Write the event and the row of something new, in the caller's transaction; a known key answers with its row.

    Raises `Refusal("key_conflict")` where the key was used for other words.
    """
    known = model.objects.filter(key=key).first()
    if known is not None:
        same = {"student_id": student, "written_by_id": actor.person_id, **said}
        if any(getattr(known, name) != value for name, value in same.items()):
            raise Refusal("key_conflict", "This form was already sent with other words; open it anew.")
        return known
    row = model(key=key, student_id=student, written_by_id=actor.person_id, written_at=at, **said)
    return tell(row, kind, actor=actor, at=at)


def tell(row: Any, kind: str, *, actor: Viewer, at: datetime) -> Any:
    """Append the event that says how the row stands now, and save it, in the caller's transaction."""
    subject = rosters.person_uuids(person_ids=[row.student_id])[row.student_id]
    row.sequence = ledger.record_event(actor=actor, kind=kind, body=row.body(), at=at, subject=subject)
    row.save()
    record_act(actor=actor, act=kind, kind="person", object_id=subject, detail={"of": str(row.uuid)}, at=at)
    return row


def standing(model: type[Any], name: UUID, **wanted: Any) -> Any:
    """Return the row of this identifier, locked. Raises `Refusal("no_such_entry")`."""
    row = model.objects.select_for_update().filter(uuid=name, **wanted).first()
    if row is None:
        raise Refusal("no_such_entry", "There is no such entry that stands.")
    return row


def check_begun(actor: Viewer, day: date) -> date:
    """Return a day that has been or is today. Raises `Refusal("day_ahead")`."""
    if day > actor.today:
        raise Refusal("day_ahead", "Record it when the day has come.")
    return day
