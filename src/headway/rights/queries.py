"""Questions about rights: whose they are, which requests run, what left the school. Read only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from headway.access.types import Role, Viewer
from headway.evidence import queries as evidence
from headway.kit.times import from_micros
from headway.proficiency.queries import Book
from headway.report_cards import queries as report_cards
from headway.rights.models import Disclosure, RightsRequest
from headway.rights.types import (
    ASKED,
    DECISION,
    RATING,
    REPORT_CARD,
    Correction,
    DisclosureView,
    Item,
    RequestView,
)
from headway.rosters import queries as rosters
from headway.rosters.types import Majority
from headway.science.codes import Kind, Override, Status

LEADERS = (Role.PRINCIPAL, Role.DISTRICT)
MOST_ITEMS = 200
SAID = ("target_id", "level", "observed_us", "status", "override", "purpose", "comment")
"""What a rating says: where all of it is as it was, nothing was corrected."""

CORRECTING = ("rating", "amend", "profile_entry", "card_issued", "card_comment", "card_incomplete")
"""Events that change what a record says: of an entry that was asked about in words, one of these may be the correction."""


def majority(book: Book) -> Majority:
    """Return the district's rule of coming of age. For `rosters.actions.register_majority`. No statement."""
    said = book.settings["rights"]
    return Majority(said["adult_age"], said["parents_keep"])


def answer_days(book: Book) -> int:
    """Return how many days the district has for an answer."""
    return int(book.settings["rights"]["answer_days"])


def speaks_as(viewer: Viewer, *, student: int) -> str:
    """Return as what somebody uses the rights about a student: `student`, `family`, or nothing. No statement."""
    if viewer.is_a(Role.STUDENT) and viewer.person_id == student:
        return "student"
    return "family" if viewer.is_a(Role.FAMILY) and student in viewer.children else ""


def of_age(*, student: int, on: date) -> bool:
    """Whether the rights are the student's own on the day. One statement."""
    return bool(rosters.comes_of_age(person_ids=[student], as_of=on))


# Requests.


def requests_of(*, viewer: Viewer, student: int) -> list[RequestView]:
    """Return the requests about a student, newest first. Two statements. Who may: the caller has checked."""
    return _views(viewer, RightsRequest.objects.filter(student_id=student).order_by("-asked_at", "-pk"))


def find_request(*, viewer: Viewer, name: UUID) -> RequestView | None:
    """Return a request if the viewer leads the student's school or is the district; else None. Three statements."""
    row = RightsRequest.objects.filter(uuid=name)
    return next((one for one in _views(viewer, row) if leads(viewer, student=one.student)), None)


def leads(viewer: Viewer, *, student: int) -> bool:
    """Whether the viewer answers for a student: who leads the school, and the district. One statement."""
    school = viewer.at_school()
    return school.is_a(*LEADERS) and bool(_led(school, [student]))


def running(*, viewer: Viewer) -> list[RequestView]:
    """Return the requests that wait for an answer or a hearing's outcome, in the viewer's schools, the most urgent first.

    Three statements for 500 requests.
    """
    waits = Q(state=ASKED) | Q(hearing_asked_at__isnull=False, hearing_outcome="")
    return _seen(viewer, RightsRequest.objects.filter(waits).order_by("due_on", "pk"))


def closed(*, viewer: Viewer, limit: int = 50) -> list[RequestView]:
    """Return the requests that were answered last, in the viewer's schools, newest first. Three statements."""
    waits = Q(state=ASKED) | Q(hearing_asked_at__isnull=False, hearing_outcome="")
    return _seen(viewer, RightsRequest.objects.exclude(waits).order_by("-asked_at", "-pk"))[:limit]


def _seen(viewer: Viewer, rows: Any) -> list[RequestView]:
    found = _views(viewer, rows)
    seen = _led(viewer.at_school(), {one.student for one in found})
    return [one for one in found if one.student in seen]


def _led(viewer: Viewer, students: Iterable[int]) -> set[int]:
    return rosters.visible_ids(
        replace(viewer, classes=frozenset()), person_ids=list(students), as_of=viewer.today
    )


def _views(viewer: Viewer, rows: Any) -> list[RequestView]:
    listed = list(rows.select_related("student", "asked_by"))
    said = {
        one.amendment: one
        for own in report_cards.contested(students={row.student_id for row in listed}).values()
        for one in own
    }
    return [_view(viewer, row, said.get(row.uuid)) for row in listed]


def _view(viewer: Viewer, row: RightsRequest, said: Any) -> RequestView:
    asked_by = row.asked_by
    return RequestView(
        uuid=row.uuid, student=row.student_id, student_name=row.student.name(), student_sourced_id=row.student.sourced_id,
        kind=row.kind, item=row.item, target=row.target_id, words=row.words,
        asked_by="" if asked_by is None else asked_by.name(), asked_as=row.asked_as,
        mine=asked_by is not None and asked_by.pk == viewer.person_id, asked_at=row.asked_at, due_on=row.due_on,
        days_left=(row.due_on - viewer.today).days, state=row.state, decided_at=row.decided_at, decided_by=row.decided_by,
        reason=row.reason, correction=row.correction, hearing_asked_at=row.hearing_asked_at, hearing_on=row.hearing_on,
        hearing_outcome=row.hearing_outcome, hearing_words=row.hearing_words, statement="" if said is None else said.text,
        said_by="" if said is None else said.said_by,
    )  # fmt: skip


def items_of(*, student: int, zone: ZoneInfo) -> list[Item]:
    """Return the entries that a family may say are wrong, newest first: released ratings, decisions, report cards.

    Two statements. The newest 200 ratings and decisions.
    """
    rows = [row for row in evidence.all_rows_of(student=student) if row["to_sequence"] is None]
    found = [
        _item(row, zone)
        for row in rows
        if not row["held"]
        and row["kind"] not in (Kind.SELF, Kind.PEER)
        and row["override"] != Override.REVERTS
    ]
    found.sort(key=lambda one: (one.on, one.item), reverse=True)
    cards = [
        Item(
            REPORT_CARD,
            str(card.run),
            None,
            card.issued_at.astimezone(zone).date(),
            title=str(card.content["term"]),
        )
        for card in report_cards.cards_of(student=student)
    ]
    return [*cards, *found[:MOST_ITEMS]]


def asked_about(requests: Iterable[RequestView], *, student: int, zone: ZoneInfo) -> dict[UUID, Item]:
    """Return the rating or decision that each of a student's requests is about as it stood when it was asked, corrected since
    or not. At most three statements."""
    named = [one for one in requests if one.kind in (RATING, DECISION)]
    if not named:
        return {}
    told, rows = _told(student), evidence.all_rows_of(student=student)
    stood = {one.uuid: _stood(rows, one.item, _asked_at(told, one.uuid)) for one in named}
    return {name: _item(row, zone) for name, row in stood.items() if row is not None}


def _told(student: int) -> list[tuple[int, str, int, str, str | None]]:
    subjects = [uuid for _, uuid in rosters.identities_of(person_id=student)]
    return evidence.events_about(subjects=subjects)


def _asked_at(told: Sequence[tuple[int, str, int, str, str | None]], name: UUID) -> int:
    """Return the event with which a request was asked; 0 where its content was erased."""
    return next((one[0] for one in told if one[1] == "rights_request" and str(name) in (one[4] or "")), 0)


def _stood(rows: Sequence[dict[str, Any]], key: str, sequence: int) -> dict[str, Any] | None:
    """Return the row of a key as it stood at a sequence; as it first came where it came to the student later."""
    own = [row for row in rows if row["key"] == key and not row["held"]]
    at = (
        row
        for row in own
        if row["from_sequence"] <= sequence and sequence < (row["to_sequence"] or sequence + 1)
    )
    return next(at, own[0] if own else None)


def _item(row: dict[str, Any], zone: ZoneInfo) -> Item:
    kind = DECISION if row["override"] == Override.DECIDES else RATING
    day = from_micros(row["observed_us"]).astimezone(zone).date()
    status = "" if row["level"] is not None else Status(row["status"]).word
    return Item(kind, row["key"], row["target_id"], day, row["level"], status=status)


def corrections(*, name: UUID) -> list[Correction]:
    """Return the events since a request that may be its correction, newest first. Who may: the caller has checked."""
    return corrections_of(RightsRequest.objects.get(uuid=name))


def corrections_of(row: RightsRequest) -> list[Correction]:
    """Return what may be the correction of a request, newest first, of what happened since it was asked.

    For a rating what changed or ended it, where it stands no more as it stood, and the moderated rating in its place; for a
    decision that too, and a newer decision on its target; for a report card a newer issue of it; for what was asked in words,
    whatever changed the record. Four statements.
    """
    told = _told(row.student_id)
    asked = _asked_at(told, row.uuid) or row.sequence
    later = {one[0]: one for one in told if one[0] > asked}
    if row.kind in (RATING, DECISION):
        numbers = _changing(row, asked)
    elif row.kind == REPORT_CARD:
        issued = (one for one in later.values() if one[1] == "card_issued")
        numbers = {one[0] for one in issued if json.loads(one[4] or "{}").get("run") == row.item}
    else:
        numbers = {number for number, one in later.items() if one[1] in CORRECTING}
    return [
        Correction(number, later[number][1], from_micros(later[number][2]))
        if number in later
        else Correction(number, "amend", None)
        for number in sorted(numbers, reverse=True)
    ]


def _changing(row: RightsRequest, asked: int) -> set[int]:
    """Return the events that changed a contested rating or decision, or brought what takes its place."""
    rows = evidence.all_rows_of(student=row.student_id)
    before = _stood(rows, row.item, asked)
    if before is None:
        return set()
    now = next((one for one in rows if one["key"] == row.item and one["to_sequence"] is None), None)
    ended: set[int] = set()
    if now is None or any(now[name] != before[name] for name in SAID):
        ended = {
            one["to_sequence"] for one in rows if one["key"] == row.item and (one["to_sequence"] or 0) > asked
        }
        # Persons who are joined or split take their ratings along, and none of them changes.
        ended = {
            number
            for number, kind in evidence.kinds_of(sequences=ended).items()
            if kind in ("rating", "amend")
        }
    newer = {
        one["from_sequence"]
        for one in rows
        if one["from_sequence"] > asked
        and one["to_sequence"] is None
        and not one["held"]
        and one["target_id"] == before["target_id"]
        and _replaces(row.kind, one, before)
    }
    return ended | newer


def _replaces(kind: str, one: dict[str, Any], before: dict[str, Any]) -> bool:
    if kind == DECISION:
        anew = one["override"] in (Override.DECIDES, Override.REVERTS)
        return anew and one["observed_us"] >= before["observed_us"]
    return bool(one["kind"] == Kind.MODERATED and before["piece"] and one["piece"] == before["piece"])


# What left the school.


def disclosures_of(*, student: int) -> list[DisclosureView]:
    """Return what about a student left the school, newest first. One statement. Who may: the caller has checked."""
    rows = Disclosure.objects.filter(student_id=student).order_by("-at", "-pk")
    return [DisclosureView(row.at, row.what, row.to_whom, row.purpose, row.by_name) for row in rows]


# Everything about a student, and what holds it to the ledger.


def as_data(*, student: int) -> dict[str, Any]:
    """Return everything held here about a student as plain data."""
    kept = rosters.kept_care(student_person_id=student)
    fields = ("uuid", "asked_by__sourced_id", "asked_as", "asked_at", "kind", "item", "target__uuid", "words", "due_on", "state",
              "decided_at", "decided_by", "reason", "correction", "hearing_asked_at", "hearing_on", "hearing_outcome",
              "hearing_words")  # fmt: skip
    return {
        "requests": list(RightsRequest.objects.filter(student_id=student).order_by("pk").values(*fields)),
        "disclosures": list(Disclosure.objects.filter(student_id=student).order_by("at", "pk").values(
            "run", "at", "what", "to_whom", "purpose", "by_name")),
        "kept_care": [one.body() for one in kept],
    }  # fmt: skip


def altered() -> list[tuple[int, str, int]]:
    """Return (student, record, sequence) of each row that does not say what the ledger says. For `headway verify`."""
    found = []
    rows = list(RightsRequest.objects.select_related("target").order_by("pk"))
    bodies = evidence.bodies_at(sequences=[row.sequence for row in rows])
    for row in rows:
        if bodies.get(row.sequence) != json.loads(json.dumps(row.body())):
            found.append((row.student_id, "RightsRequest", row.sequence))
    told = {body["kept_care"]: body for body in evidence.bodies_of_kind(kind="kept_care")}
    for kept in rosters.all_kept_care():
        if told.get(str(kept.uuid)) != json.loads(json.dumps(kept.body())):
            found.append((kept.student_id, "KeptCare", 0))
    return found + [(student, "FamilyStatement", 0) for student, _ in report_cards.altered_statements()]


def in_the_way_of_people(person_ids: Sequence[int]) -> list[str]:
    """Return about or by which of the people a request runs, or what of them left. For `rosters.actions.register_blocker`."""
    found: set[str] = set()
    for start in range(0, len(person_ids), 500):
        part = person_ids[start : start + 500]
        for person in ("student", "asked_by"):
            rows = RightsRequest.objects.filter(**{f"{person}_id__in": part})
            found.update(rows.values_list(f"{person}__sourced_id", flat=True).distinct())
        left = Disclosure.objects.filter(student_id__in=part)
        found.update(left.values_list("student__sourced_id", flat=True).distinct())
    return [f"the rights of {name} were used, or a record of theirs left" for name in sorted(found)]
