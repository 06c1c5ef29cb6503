"""Questions about what is said of a learner: who reads what, what helps, what is the student's own target. Read only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.db.models import CharField, Model, Prefetch, Q, QuerySet, Value

from headway.access.types import Role, Viewer
from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.kit.times import end_of_day
from headway.proficiency.queries import Moment
from headway.profiles.district import decision_points, settings
from headway.profiles.fitting import begins_or_ends, faults, goals_gone
from headway.profiles.models import (
    Accommodation,
    Consent,
    DecisionTaken,
    LanguageStatus,
    Modification,
    ProfileEntry,
    ScreenerResult,
)
from headway.profiles.types import (
    ADVISOR,
    FAMILY,
    HELPS,
    LEADERS,
    STUDENT,
    TEACHERS,
    AccommodationView,
    ConsentView,
    DecisionView,
    EntryView,
    Help,
    ModificationView,
    StatusView,
)
from headway.rosters import queries as rosters

__all__ = ["begins_or_ends", "decision_points", "faults", "goals_gone", "settings"]

RECORDS: tuple[type[Any], ...] = (
    ProfileEntry, Accommodation, Modification, LanguageStatus, Consent, ScreenerResult, DecisionTaken,
)  # fmt: skip
MENTORS = (Role.TEACHER, Role.ADVISOR, Role.PRINCIPAL, Role.DISTRICT)
"""Who of the school has a part in a student's profile; coaches and support have none."""


# Who reads.


def reads_as(viewer: Viewer, *, student: int, seen: bool = False) -> tuple[str, ...]:
    """Return as what somebody reads about a student today: `student`, `family`, `teachers`, `advisor`, `leaders`, in this order.

    A teacher is one whose class the student attends; an advisor one who sees the student; a leader one who leads the school, or
    the district. Who stands in is none of them. `seen`: the door has checked that the viewer sees the
    student because of the work at school. At most two statements; none where `seen` leaves one way only.
    """
    found = []
    if viewer.is_a(Role.STUDENT) and viewer.person_id == student:
        found.append(STUDENT)
    if viewer.is_a(Role.FAMILY) and student in viewer.children:
        found.append(FAMILY)
    school = viewer.at_school()
    district = school.is_a(Role.DISTRICT)
    narrow = replace(school, roles=school.roles - {Role.DISTRICT})
    if seen and not district and not (school.classes and school.schools):
        taught, led = bool(school.classes), bool(school.schools)
    else:
        taught = _sees(replace(narrow, schools=frozenset()), student)
        led = district or _sees(replace(narrow, classes=frozenset()), student)
    if school.is_a(Role.TEACHER) and taught:
        found.append(TEACHERS)
    if school.is_a(Role.ADVISOR) and (taught or led):
        found.append(ADVISOR)
    if led and school.is_a(Role.PRINCIPAL, Role.DISTRICT):
        found.append(LEADERS)
    return tuple(found)


def _sees(viewer: Viewer, student: int) -> bool:
    """Whether classes or schools of the viewer hold the student today."""
    if not (viewer.classes or viewer.schools):
        return False
    return bool(rosters.visible_ids(viewer, person_ids=[student], as_of=viewer.today))


def _readable(viewer: Viewer, reads: Sequence[str], readers: str, author: int | None) -> bool:
    own = author is not None and author == viewer.person_id
    return own or STUDENT in reads or not set(reads).isdisjoint(readers.split())


# The profile.


def entries_of(
    m: Moment, *, viewer: Viewer, student: int, reads: Sequence[str], expired: bool = False
) -> list[EntryView]:
    """Return the entries that stand on the day and that the reader may read, newest first. One statement.

    `reads` is what `reads_as` says. With `expired` those of the reader's own that expired by the day, and no other.
    """
    rows = ProfileEntry.objects.filter(student_id=student, withdrawn_at=None).select_related("written_by")
    rows = rows.filter(written_at__lt=end_of_day(m.day, m.zone)).order_by("-written_at", "-pk")
    if expired:
        rows = rows.filter(expires_on__lte=m.day, written_by_id=viewer.person_id or 0)
    else:
        rows = rows.filter(expires_on__gt=m.day)
    return [
        _entry(m, row, viewer) for row in rows if _readable(viewer, reads, row.readers, row.written_by_id)
    ]


def _entry(m: Moment, row: ProfileEntry, viewer: Viewer) -> EntryView:
    author = row.written_by
    return EntryView(
        uuid=row.uuid, field=row.field, words=row.words, target=row.target_id, readers=tuple(row.readers.split()),
        by="" if author is None else author.name(), written_as=row.written_as,
        mine=author is not None and author.pk == viewer.person_id, on=row.written_at.astimezone(m.zone).date(),
        expires_on=row.expires_on, next_on=row.next_on,
    )  # fmt: skip


# What helps.


def helps_of(m: Moment, *, viewer: Viewer, student: int, reads: Sequence[str]) -> list[Help]:
    """Return what helps a student on the day: accommodations first, then the entries that the reader may read. One statement."""
    if not reads:
        return []
    columns = ("rank", "choice", "words", "readers", "written_by_id", "pk")
    text = CharField()
    lines = _holding(Accommodation.objects.filter(student_id=student), m.day).annotate(
        rank=Value(0), readers=Value("", output_field=text)
    )
    said = ProfileEntry.objects.filter(
        student_id=student, field=HELPS, withdrawn_at=None, expires_on__gt=m.day,
        written_at__lt=end_of_day(m.day, m.zone),
    ).annotate(rank=Value(1), choice=Value("", output_field=text))  # fmt: skip
    rows = lines.values_list(*columns).union(said.values_list(*columns), all=True).order_by("rank", "pk")
    return [
        Help(rank == 0, choice, words)
        for rank, choice, words, readers, author, _ in rows
        if rank == 0 or _readable(viewer, reads, readers, author)
    ]


def accommodations_of(*, students: Iterable[int], on: date) -> dict[int, list[AccommodationView]]:
    """Return the accommodations that hold on the day by student; students without any are missing. One statement.

    Who may: who rates or stands in there; the caller has checked.
    """
    found: dict[int, list[AccommodationView]] = {}
    rows = _holding(Accommodation.objects.filter(student_id__in=list(students)), on)
    for row in rows.select_related("written_by").order_by("starts_on", "pk"):
        found.setdefault(row.student_id, []).append(
            AccommodationView(row.uuid, row.choice, row.words, row.starts_on, row.ends_on, _name(row))
        )
    return found


def _holding(rows: QuerySet[Any], on: date) -> QuerySet[Any]:
    return rows.filter(Q(ends_on=None) | Q(ends_on__gt=on), starts_on__lte=on)


def _name(row: Any) -> str:
    return "" if row.written_by is None else row.written_by.name()


# A target of one's own.


def modifications_of(
    m: Moment, *, student: int, held: bool, targets: Iterable[int] | None = None
) -> list[ModificationView]:
    """Return the modifications that hold on the day, with their ratings, newest first. Three statements, one where none holds.

    `held` shows ratings that are not released too: for adults of the school only. `targets` narrows to row keys, also of what
    took a target's place.
    """
    rows = _holding(Modification.objects.filter(student_id=student), m.day)
    found = list(rows.select_related("written_by").order_by("starts_on", "pk"))
    if not found:
        return []
    places = frameworks.lineage(row.target_id for row in found)
    if targets is not None:
        wanted = set(targets)
        found = [row for row in found if wanted & set(places[row.target_id])]
        if not found:
            return []
    ratings = evidence.modified_ratings(student=student, held=held, before_us=m.before_us)
    return [
        ModificationView(
            uuid=row.uuid, target=row.target_id, places=places[row.target_id], words=row.words,
            descriptors=tuple(row.descriptors), starts_on=row.starts_on, review_on=row.review_on, ends_on=row.ends_on,
            by=_name(row), ratings=tuple(one for one in ratings if one.modification == str(row.uuid)),
        )
        for row in found
    ]  # fmt: skip


# English learners.


def language_statuses(*, student: int) -> list[StatusView]:
    """Return what a student is and was as an English learner, newest first. One statement."""
    rows = LanguageStatus.objects.filter(student_id=student).select_related("written_by")
    return [
        StatusView(row.status, row.source, row.starts_on, row.ends_on, _name(row))
        for row in rows.order_by("-starts_on", "-pk")
    ]


# Consents.


def consents_of(m: Moment, *, student: int) -> list[ConsentView]:
    """Return the consents to screeners that were given by the day, with what was found by then under those that stand today,
    newest first. Two statements.
    """
    results = Prefetch("results", ScreenerResult.objects.filter(on__lte=m.day).order_by("-on", "-pk"))
    rows = (
        Consent.objects.filter(student_id=student, given_on__lte=m.day)
        .select_related("written_by")
        .prefetch_related(results)
    )
    return [
        ConsentView(
            row.uuid, row.instrument, row.given_by, row.given_on, row.withdrawn_on, _name(row),
            () if row.withdrawn_on else tuple((one.on, one.words) for one in row.results.all()),
        )
        for row in rows.order_by("-given_on", "-pk")
    ]  # fmt: skip


# Decisions at the points that the district names.


def decisions_of(m: Moment, *, viewer: Viewer, student: int) -> list[DecisionView]:
    """Return what was decided about a student by the day and stands, newest first. One statement."""
    rows = DecisionTaken.objects.filter(student_id=student, on__lte=m.day, withdrawn_at=None)
    return [
        DecisionView(
            row.uuid, row.point, row.option, row.on, row.reason, _name(row),
            row.written_by_id is not None and row.written_by_id == viewer.person_id,
        )
        for row in rows.select_related("written_by").order_by("-on", "-pk")
    ]  # fmt: skip


# Everything about a student.


def as_data(*, student: int) -> dict[str, Any]:
    """Return everything held here about a student as plain data, expired and withdrawn rows with it."""
    told = ("uuid", "written_by__sourced_id", "written_as", "written_at")
    columns: dict[str, tuple[type[Model], tuple[str, ...]]] = {
        "entries": (
            ProfileEntry,
            ("field", "words", "target__uuid", "readers", "expires_on", "next_on", "withdrawn_at"),
        ),
        "accommodations": (Accommodation, ("choice", "words", "starts_on", "ends_on")),
        "modifications": (
            Modification,
            ("target__uuid", "words", "descriptors", "starts_on", "review_on", "ends_on", "reason"),
        ),
        "language_status": (LanguageStatus, ("status", "source", "starts_on", "ends_on")),
        "consents": (Consent, ("instrument", "given_by", "given_on", "withdrawn_on")),
        "screener_results": (ScreenerResult, ("consent__uuid", "on", "words")),
        "decisions": (DecisionTaken, ("point", "option", "on", "reason", "withdrawn_at")),
    }
    return {
        name: list(model._default_manager.filter(student_id=student).order_by("pk").values(*told, *own))
        for name, (model, own) in columns.items()
    }


def altered() -> list[tuple[int, str, int]]:
    """Return (student, record, sequence) of each row that does not say what its newest event says. For `headway verify`."""
    found = []
    for model in RECORDS:
        links = [name for name in ("target", "consent") if hasattr(model, f"{name}_id")]
        rows = list(model.objects.select_related(*links).order_by("pk"))
        bodies = evidence.bodies_at(sequences=[row.sequence for row in rows])
        for row in rows:
            said = json.loads(json.dumps(row.body()))
            if bodies.get(row.sequence) != said:
                found.append((row.student_id, model.__name__, row.sequence))
    return found


def in_the_way_of_people(person_ids: Sequence[int]) -> list[str]:
    """Return about or by which of the people something is said here. For `rosters.actions.register_blocker`."""
    found: set[str] = set()
    for start in range(0, len(person_ids), 500):
        part = person_ids[start : start + 500]
        for model in RECORDS:
            for person in ("student", "written_by"):
                rows = model.objects.filter(**{f"{person}_id__in": part})
                found.update(rows.values_list(f"{person}__sourced_id", flat=True).distinct())
    return [f"a profile speaks of or from {name}" for name in sorted(found)]
