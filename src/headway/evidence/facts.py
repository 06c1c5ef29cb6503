"""Facts of the evidence: ratings as they stand, chances, attempts with the wait for an answer, requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from headway.evidence.models import Attempt, Opportunity, Piece, Rating, Return, StudentRequest
from headway.evidence.types import OFFERED, WITHDRAWN
from headway.frameworks import queries as frameworks
from headway.kit.facts import (
    ADULT,
    DAY,
    INSTANT,
    NUMBER,
    OPEN,
    TEXT,
    WHOLE,
    YES_NO,
    Column,
    Fact,
    Reading,
    text_of,
)
from headway.kit.times import from_micros, micros
from headway.rosters import queries as rosters
from headway.science.codes import Kind, Override, Purpose, Status
from headway.science.pieces import COUNTED_KINDS

DAY_US = 86_400_000_000
_WORDS = {kind: [one.word for one in kind] for kind in (Status, Kind, Purpose, Override)}


def _ratings(reading: Reading) -> Iterator[tuple[Any, ...]]:
    zone: ZoneInfo = reading.moment.zone
    names = _references()
    rows = Rating.objects.filter(student_id__in=reading.students, to_sequence=None, held=False)
    if reading.before is not None:
        rows = rows.filter(observed_us__lt=micros(reading.before))
    found = list(
        rows.values_list(
            "origin_sequence", "student_id", "target_id", "observed_us", "recorded_us", "level", "status", "kind",
            "purpose", "override", "piece", "attempt", "depth", "rater_id", "key", "submitted_us", "due_us", "task", "setting",
            "continuum_level",
        )
    )  # fmt: skip
    raters = rosters.people_by_id(person_ids={row[13] for row in found if row[13] is not None})
    for (
        origin,
        student,
        target,
        observed,
        recorded,
        level,
        status,
        kind,
        purpose,
        override,
        piece,
        *rest,
    ) in found:
        attempt, depth, rater, key, submitted, due, task, setting, continuum_level = rest
        seen = from_micros(observed)
        yield (
            origin, reading.names[student], names[target], seen, seen.astimezone(zone).date(),
            None if recorded is None else from_micros(recorded), None if level is None else level / 100,
            _WORDS[Status][status], _WORDS[Kind][kind], _WORDS[Purpose][purpose], _WORDS[Override][override],
            piece or key, attempt, depth or None, None if rater is None else raters[rater].sourced_id, key,
            None if submitted is None else from_micros(submitted), None if due is None else from_micros(due),
            task or None, setting or None, None if continuum_level is None else continuum_level // 100,
        )  # fmt: skip


def _references() -> dict[int, str]:
    """Return the reference of every item, retired ones with them."""
    return {
        node.id: node.reference
        for tree in frameworks.remembered().trees.values()
        for node in tree.nodes.values()
    }


def _opportunities(reading: Reading) -> Iterator[tuple[Any, ...]]:
    names = _references()
    rows = Opportunity.objects.filter(student_id__in=reading.students).exclude(state=WITHDRAWN)
    if reading.before is not None:
        rows = rows.filter(offer__given_at__lt=reading.before)
    found = rows.values_list(
        "uuid", "student_id", "offer__targets__id", "offer__given_at", "offer__due_on", "offer__depth",
        "offer__purpose", "state", "changed_at",
    )  # fmt: skip
    for chance, student, target, given, due, depth, purpose, state, changed in found:
        if reading.before is not None and changed >= reading.before:
            state = OFFERED
        yield (
            str(chance), reading.names[student], names.get(target, ""), given, due, depth or None,
            _WORDS[Purpose][purpose], state,
        )  # fmt: skip


def _attempts(reading: Reading) -> Iterator[tuple[Any, ...]]:
    end = reading.before or reading.at
    pieces = dict(Piece.objects.filter(student_id__in=reading.students).values_list("id", "key"))
    handed: dict[int, list[tuple[int, datetime, int]]] = {}
    newest = Piece.objects.filter(student_id__in=reading.students).values_list(
        "id", "attempt", "handed_in_at", "student_id"
    )
    older = Attempt.objects.filter(piece__student_id__in=reading.students)
    for piece, attempt, at, student in [
        *newest, *older.values_list("piece_id", "attempt", "handed_in_at", "piece__student_id")
    ]:  # fmt: skip
        if at < end:
            handed.setdefault(piece, []).append((attempt, at, student))
    answers = _answers(reading.students, pieces)
    for piece, own in handed.items():
        own.sort()
        for place, (attempt, at, student) in enumerate(own):
            until = own[place + 1][1] if place + 1 < len(own) else end
            answered = _first(answers.get(pieces[piece], ()), attempt, at, end)
            done = answered < until or (answered == until and answered < end)
            wait = (micros(min(answered, until)) - micros(at)) / DAY_US
            yield (
                pieces[piece], attempt, reading.names[student], at, answered if done else None, done, round(wait, 6),
            )  # fmt: skip


def _answers(students: Any, pieces: dict[int, str]) -> dict[str, list[tuple[int, datetime]]]:
    """Return (attempt, when) of each return and each adult's rating, by the key of the piece."""
    found: dict[str, list[tuple[int, datetime]]] = {}
    for piece, attempt, at in Return.objects.filter(piece__student_id__in=students).values_list(
        "piece_id", "attempt", "returned_at"
    ):
        found.setdefault(pieces[piece], []).append((attempt, at))
    known = set(pieces.values())
    rows = Rating.objects.filter(
        student_id__in=students, to_sequence=None, held=False, kind__in=COUNTED_KINDS
    )
    for piece, attempt, recorded, observed in rows.exclude(status=Status.MISSED).values_list(
        "piece", "attempt", "recorded_us", "observed_us"
    ):
        if piece in known:
            found.setdefault(piece, []).append(
                (attempt, from_micros(observed if recorded is None else recorded))
            )
    return found


def _first(answers: Iterable[tuple[int, datetime]], attempt: int, at: datetime, end: datetime) -> datetime:
    """Return when an attempt was first answered, `end` where it was not."""
    return min((when for n, when in answers if n >= attempt and when >= at), default=end)


def _requests(reading: Reading) -> Iterator[tuple[Any, ...]]:
    names, end = _references(), reading.before or reading.at
    rows = StudentRequest.objects.filter(student_id__in=reading.students, asked_at__lt=end)
    found = rows.values_list("uuid", "student_id", "target_id", "kind", "asked_at", "answer", "answered_at")
    for request, student, target, kind, asked, answer, answered in found:
        done = answered is not None and answered < end
        wait = (micros(answered if done else end) - micros(asked)) / DAY_US
        yield (
            str(request), reading.names[student], names[target], kind, asked, answer if done else None,
            answered if done else None, done, round(wait, 6),
        )  # fmt: skip


_STUDENT = Column("student", TEXT, "sourcedId of the student")
_TARGET = Column("target", TEXT, "the target, as the fact `target` names it")
FACTS = (
    Fact(
        "rating", "one row per rating that stands and was released", "What was rated, as the ledger holds it on the day.",
        (
            Column("sequence", WHOLE, "the event of the ledger that first recorded it"),
            _STUDENT, _TARGET,
            Column("observed_at", INSTANT, "when it was observed"),
            Column("observed_on", DAY, "that day in the zone of the school"),
            Column("recorded_at", INSTANT, "when it was recorded", missing="as the former system did not say"),
            Column("level", NUMBER, "the level", unit="levels of the scale of the target", missing="the status carries none"),
            Column("status", TEXT, "rated, missed, excused, too_little, not_taught or individual_goal"),
            Column("kind", TEXT, "who rated: teacher, self, peer, panel or moderated"),
            Column("purpose", TEXT, "evidence counts; practice, diagnostic, calibration, transfer, baseline and modified do not"),
            Column("override", TEXT, "none, completes, decides or reverts"),
            Column("piece", TEXT, "the piece of work, the rating itself where it stands for none"),
            Column("attempt", WHOLE, "which attempt at the piece"),
            Column("depth", WHOLE, "depth of knowledge that was shown", unit="Webb, 1 to 4", missing="nobody said"),
            Column("rater", TEXT, "sourcedId of who rated", ADULT, missing="nobody is named"),
            Column("key", TEXT, "the name that a client gave the rating; the last to break a tie in time"),
            Column("submitted_at", INSTANT, "when the work was handed in; the first to break a tie", missing="nobody said"),
            Column("due_at", INSTANT, "when the work was due", missing="it had no due day"),
            Column("task", TEXT, "the task that was rated", missing="nobody said"),
            Column("setting", TEXT, "where it was observed", missing="nobody said"),
            Column("continuum_level", WHOLE, "level of the continuum that the rating is about", missing="it is about none"),
        ),
        ("student", "target", "observed_at", "sequence"), _ratings,
    ),
    Fact(
        "opportunity", "one row per chance of a student and target of it", "What was offered to whom, and what became of it.",
        (
            Column("opportunity", TEXT, "identifier of the chance"),
            _STUDENT, _TARGET,
            Column("given_at", INSTANT, "when it was given"),
            Column("due_on", DAY, "when it is due", missing="it has no due day"),
            Column("depth", WHOLE, "depth of knowledge that the task asks for", unit="Webb, 1 to 4", missing="nobody said"),
            Column("purpose", TEXT, "as for a rating"),
            Column("state", TEXT, "offered, taken, missed, excused or away"),
        ),
        ("student", "target", "opportunity"), _opportunities,
    ),
    Fact(
        "taught", "one row per school, grade and target that is taught there",
        "What is taught: somebody of the grade was offered it, or rated on it as evidence.",
        (
            Column("school", TEXT, "sourcedId of the school", OPEN), Column("grade", TEXT, "grade in the roster now", OPEN),
            Column("target", TEXT, "the target, as the fact `target` names it", OPEN),
        ),
        ("school", "grade", "target"), None, text_of("headway.evidence", "taught"),
    ),
    Fact(
        "attempt", "one row per attempt that was handed in", "Work that came in, and how long it waited for an answer.",
        (
            Column("piece", TEXT, "key of the piece"),
            Column("attempt", WHOLE, "which attempt, from 1"),
            _STUDENT,
            Column("handed_in_at", INSTANT, "when it came in"),
            Column("answered_at", INSTANT, "when it was first returned or rated by an adult", missing="no answer by the day"),
            Column("answered", YES_NO, "whether there was an answer before the day ended and before the next attempt"),
            Column("wait_days", NUMBER, "from coming in to the answer, else to the next attempt or the end of the day",
                   unit="days"),
        ),
        ("student", "piece", "attempt"), _attempts,
    ),
    Fact(
        "request", "one row per request of a student", "When students said that they are ready, and when they were answered.",
        (
            Column("request", TEXT, "identifier of the request"),
            _STUDENT, _TARGET,
            Column("kind", TEXT, "ready or show_again"),
            Column("asked_at", INSTANT, "when it was asked"),
            Column("answer", TEXT, "yes, not_yet or no", missing="no answer by the day"),
            Column("answered_at", INSTANT, "when it was answered", missing="no answer by the day"),
            Column("answered", YES_NO, "whether it was answered by the day"),
            Column("wait_days", NUMBER, "from asking to the answer, else to the end of the day", unit="days"),
        ),
        ("student", "target", "request"), _requests,
    ),
)  # fmt: skip
