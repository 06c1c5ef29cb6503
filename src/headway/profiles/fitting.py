"""Which ratings fit no own target, or not the language of a target, and which own targets lost their goal. Read only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from headway.evidence import queries as evidence
from headway.evidence.queries import Held
from headway.evidence.types import RatingEntry
from headway.frameworks import queries as frameworks
from headway.frameworks.queries import as_uuid
from headway.kit.refusals import Finding, Sentence
from headway.kit.times import from_micros
from headway.proficiency.queries import Moment
from headway.profiles.district import language_of, settings
from headway.profiles.models import Modification
from headway.science.codes import Kind, Override, Purpose, Status

BEGINS, ENDS = "modification:", "modification-ended:"
"""What the keys of the ratings begin with by which a modification begins and ends; its identifier follows."""


_OF_STUDENTS = "SELECT id FROM headway_modification WHERE student_id IN (%s)"


def faults(
    m: Moment, entries: Sequence[RatingEntry | Held], corrected: Collection[str] | None = None
) -> list[Finding]:
    """Return the ratings that do not fit a modification, or were shown in another language where language is the target.

    For `proficiency.actions.register_check`; `line` counts the entries from 0. `corrected` are the keys that a correction
    changes, where the entries are what it leaves (None: they are recorded): a rating with which a modification begins or ends
    is none of them. One statement for 500 students; one more where a student has a modification, and one more where something
    is found, since what the ledger has already is left to it.
    """
    own = _modified({entry.student for entry in entries})
    said = settings(m.book)
    found = []
    for number, entry in enumerate(entries):
        fault = _fault(m, entry, own.get((entry.student, entry.target), ())) or _of_language(entry, said)
        if fault is not None:
            found.append((entry.key, Finding(fault[0], fault[2], line=number, column=fault[1])))
    if corrected is not None:
        return [*_bounds(corrected, column="key"), *(one for _, one in found)]
    replaced = {entry.replaces: number for number, entry in enumerate(entries) if entry.replaces}
    found += [
        (entries[replaced[one.value or ""]].key, replace(one, line=replaced[one.value or ""]))
        for one in _bounds(replaced, column="replaces")
    ]
    known = evidence.recorded(keys=[key for key, _ in found]) if found else set()
    return [one for key, one in found if key not in known]


def _modified(students: set[int]) -> dict[tuple[int, int], list[tuple[str, date, date | None]]]:
    found: dict[tuple[int, int], list[tuple[str, date, date | None]]] = {}
    listed = sorted(students)
    for start in range(0, len(listed), 500):
        part = listed[start : start + 500]
        # Asked in every save: a statement written out costs a quarter of one put together each time.
        with connection.cursor() as cursor:
            cursor.execute(_OF_STUDENTS % ", ".join(["%s"] * len(part)), part)
            held = [key for (key,) in cursor.fetchall()]
        for row in Modification.objects.filter(pk__in=held) if held else ():
            found.setdefault((row.student_id, row.target_id), []).append(
                (str(row.uuid), row.starts_on, row.ends_on)
            )
    places = frameworks.lineage(target for _, target in found) if found else {}
    spread: dict[tuple[int, int], list[tuple[str, date, date | None]]] = {}
    for (student, target), spans in found.items():
        for place in places[target]:
            spread.setdefault((student, place), []).extend(spans)
    return spread


def begins_or_ends(key: str) -> bool:
    """Whether a rating of this key begins or ends a modification: it is corrected by nobody, the modification is ended."""
    return key.startswith((BEGINS, ENDS))


def _bounds(keys: Iterable[str], *, column: str) -> list[Finding]:
    """Return a fault for each key with which a modification begins or ends. One statement where one looks like it."""
    named = {key: as_uuid(key.partition(":")[2][:36]) for key in keys if begins_or_ends(key)}
    if not named:
        return []
    known = set(
        Modification.objects.filter(uuid__in=[one for one in named.values() if one]).values_list(
            "uuid", flat=True
        )
    )
    words = "With this rating a student's own target begins or ends; it is not corrected. End the own target instead."
    return [
        Finding("begins_or_ends_own_target", words, column=column, value=key)
        for key, name in named.items()
        if name in known
    ]


def goals_gone() -> list[tuple[int, UUID]]:
    """Return (student, identifier) of each modification whose individual goal, or its end, stands no more as it was written.

    For `headway verify`.
    """
    rows = list(Modification.objects.order_by("pk").values_list("student_id", "uuid", "target_id"))
    keys = [f"{word}{name}" for _, name, _ in rows for word in (BEGINS, ENDS)]
    stands, ever = evidence.ratings_by_key(keys=keys), evidence.ratings_by_key(keys=keys, latest=True)
    places = frameworks.lineage(target for _, _, target in rows) if rows else {}
    found = []
    for student, name, target in rows:
        begun, ended = stands.get(f"{BEGINS}{name}"), stands.get(f"{ENDS}{name}")
        goal = begun is not None and begun.status == Status.INDIVIDUAL_GOAL and begun.target in places[target]
        back = ended is not None and ended.override == Override.REVERTS and ended.target in places[target]
        if not goal or not (back or f"{ENDS}{name}" not in ever):
            found.append((student, name))
    return found


def _fault(
    m: Moment, entry: RatingEntry | Held, own: Sequence[tuple[str, date, date | None]]
) -> tuple[str, str, str] | None:
    if not own and not entry.modification:
        return None
    day = from_micros(entry.observed_us).astimezone(m.zone).date()
    holding = [name for name, starts, ends in own if starts <= day and (ends is None or day < ends)]
    if entry.modification:
        if entry.modification in holding:
            return None
        return (
            "no_such_modification",
            "modification",
            Sentence("No modification of this student on this target holds on the day."),
        )
    levels = entry.purpose == Purpose.EVIDENCE and entry.status == Status.RATED and not entry.override
    acts = entry.override in (Override.DECIDES, Override.REVERTS)
    if holding and (acts or (levels and entry.kind not in (Kind.SELF, Kind.PEER))):
        return (
            "target_modified",
            "target",
            Sentence(
                "This student has a target of their own here, which never counts as grade level: rate it with "
                "purpose=modified, or end the modification first."
            ),
        )
    return None


def _of_language(entry: RatingEntry | Held, said: Any) -> tuple[str, str, str] | None:
    if not entry.language:
        return None
    wanted = language_of(said, entry.target)
    if not wanted or entry.language.split("-")[0] == wanted.split("-")[0]:
        return None
    return (
        "language_is_target",
        "language",
        Sentence(
            "Language is the target here: evidence counts in %(wanted)s. In every other target it counts in any language.",
            wanted=wanted,
        ),
    )
