"""Facts of calibration: anchors that districts have in common, and the steps of agreement that leaders read.

No row is of one rater. What stands here of an anchor is what its raters read on the map of their session, how many gave which
level; sums of squares say how far raters lie apart. A row grows by three raters or more, or not at all, so that two
snapshots tell of nobody. Only anchors that an adult made are here: copies of students' work leave the district in no way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from headway.access.types import SYSTEM
from headway.calibration.gathering import BACK
from headway.calibration.models import AnchorLevel, CalibrationReport, CalibrationSession, Score
from headway.calibration.types import EXEMPLAR, FEWEST_RATERS, FINISHED
from headway.kit.facts import DAY, NUMBER, OPEN, TEXT, WHOLE, Column, Fact, Reading
from headway.tasks import queries as tasks

STEPS = ("anchors", "within", "across", "all")
Name = tuple[str, int, int]
"""What an anchor is called in every district: task where it was first written, its version there, place of the exemplar."""
Given = dict[int, int]
"""Levels in hundredths by the place of the criterion."""


@dataclass(slots=True)
class _Anchor:
    """One anchor with its agreed levels and what raters gave it when they met it first, in groups of three or more."""

    title: str
    agreed: Given
    given: list[Given] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)
    last: date = date.min


@dataclass(frozen=True, slots=True)
class _Meeting:
    """That a rater gave an anchor some levels in a session, by the order in which sessions were finished."""

    session: int
    finished: datetime
    person: int
    name: Name
    levels: Given


def _anchors(reading: Reading) -> dict[Name, _Anchor]:
    """Return what is told of each anchor, by its name. Five statements, and three for each version of a task."""
    until = reading.before or reading.at
    meetings, known = _meetings(until)
    met: set[tuple[int, Name]] = set()
    groups: dict[tuple[int, Name], list[_Meeting]] = {}
    for one in meetings:
        # Whoever met an anchor before knows what was agreed on it.
        if (one.person, one.name) not in met and set(one.levels) == set(known[one.name].agreed):
            groups.setdefault((one.session, one.name), []).append(one)
        met.add((one.person, one.name))
    for (session, name), group in groups.items():
        if len(group) < FEWEST_RATERS or group[0].finished <= until - BACK:
            continue
        known[name].given += [one.levels for one in group]
        known[name].sessions.add(session)
        known[name].last = max(known[name].last, group[0].finished.date())
    return {name: one for name, one in sorted(known.items()) if one.given}


def _meetings(until: datetime) -> tuple[list[_Meeting], dict[Name, _Anchor]]:
    sessions = CalibrationSession.objects.filter(state=FINISHED, finished_at__lte=until)
    rows = Score.objects.filter(
        seat__work__session__in=sessions, seat__work__as_anchor=True, seat__work__sample__key__startswith=EXEMPLAR,
        seat__work__sample__student=None, seat__rater__withdrawn_at=None, round=1,
    ).order_by("seat__work__session__finished_at", "seat__work__session_id", "id")  # fmt: skip
    agreed = {
        (sample, criterion): level
        for sample, criterion, level in AnchorLevel.objects.filter(
            sample__key__startswith=EXEMPLAR
        ).values_list("sample_id", "criterion_id", "level")
    }
    found: dict[tuple[int, int, Name], _Meeting] = {}
    known: dict[Name, _Anchor] = {}
    named = _names()
    for session, finished, person, sample, key, version, criterion, uuid, level in rows.values_list(
        "seat__work__session_id", "seat__work__session__finished_at", "seat__rater__person_id", "seat__work__sample_id",
        "seat__work__sample__key", "seat__work__session__version__uuid", "criterion_id", "criterion__uuid", "level",
    ):  # fmt: skip
        view, name, lines = named(version, key)
        place = lines[uuid]
        anchor = known.setdefault(name, _Anchor(view.title, {}))
        anchor.agreed[place] = agreed[sample, criterion]
        meeting = found.setdefault((session, person, name), _Meeting(session, finished, person, name, {}))
        meeting.levels[place] = level
    return list(found.values()), known


def _names() -> Any:
    """Return a function that names an anchor by the version of its task and the key of its copy."""

    @cache
    def version_of(version: UUID) -> tuple[Any, dict[str, int], dict[UUID, int]]:
        view = tasks.task_version(viewer=SYSTEM, version=version)
        places = {f"{EXEMPLAR}{one.uuid}": n for n, one in enumerate(view.exemplars, 1)}
        return view, places, {one.uuid: n for n, one in enumerate(view.criteria, 1)}

    def named(version: UUID, key: str) -> tuple[Any, Name, dict[UUID, int]]:
        view, places, lines = version_of(version)
        return view, (*view.first_written, places[key]), lines

    return named


def _sums(values: list[float]) -> tuple[float, float]:
    return float(sum(values)), float(sum(one * one for one in values))


def _anchor_rows(reading: Reading) -> Iterator[tuple[Any, ...]]:
    for (task, version, place), one in _anchors(reading).items():
        away = [[given[line] - one.agreed[line] for line in one.agreed] for given in one.given]
        n = len(one.agreed)
        yield (
            task, version, place, one.title, len(one.given), len(one.given) * n, len(one.sessions), one.last,
            *_sums([sum(each == 0 for each in own) / n for own in away]),
            *_sums([sum(abs(each) <= 100 for each in own) / n for own in away]),
            *_sums([sum(own) / 100 / n for own in away]),
        )  # fmt: skip


def _level_rows(reading: Reading) -> Iterator[tuple[Any, ...]]:
    for (task, version, place), one in _anchors(reading).items():
        for line, agreed in sorted(one.agreed.items()):
            for level, n in sorted(Counter(given[line] for given in one.given).items()):
                yield task, version, place, line, level / 100, agreed / 100, n


def _steps(reading: Reading) -> Iterator[tuple[Any, ...]]:
    """Yield the figures of the newest finished session's year, as they were worked out for leaders then."""
    rows = CalibrationReport.objects.filter(
        rater=None, session__state=FINISHED, session__finished_at__lte=reading.before or reading.at
    )
    row = rows.order_by("-session__finished_at", "-session_id").first()
    body = (row.body.get("pooled") or {}) if row is not None else {}
    for step in STEPS:
        found = body.get(step)
        if found:
            figures = [found[name][end] for name in ("exact", "adjacent") for end in ("value", "low", "high")]
            yield (step, body["year"], *figures, found["chance"], found["pieces"], found["scores"], found["raters"],
                   found["sessions"])  # fmt: skip


def _total(name: str, what: str, unit: str = "") -> tuple[Column, Column]:
    return (
        Column(f"{name}_total", NUMBER, f"sum over raters of {what}", OPEN, unit),
        Column(f"{name}_squares", NUMBER, "sum of its squares", OPEN),
    )


_NAME = (
    Column("common_task", TEXT, "identifier of the task where it was first written", OPEN),
    Column("version", WHOLE, "number of its version there", OPEN),
    Column("anchor", WHOLE, "place of the exemplar in the version", OPEN, "from 1"),
)
_MISSING = "too little to tell"
FACTS = (
    Fact(
        "anchor", "one row per exemplar of a task's version that three raters or more scored blind as an anchor",
        "How raters' first blind scores of anchors that districts may have in common stand to the agreed levels, in sums over "
        "raters; of sessions that were finished in two years. No row is of fewer than three raters, and none grows by fewer.",
        (
            *_NAME, Column("title", TEXT, "title of the task", OPEN),
            Column("raters", WHOLE, "raters who scored all its criteria, each once", OPEN),
            Column("scores", WHOLE, "raters times criteria", OPEN), Column("sessions", WHOLE, "sessions", OPEN),
            Column("last_on", DAY, "when the last of them was finished", OPEN),
            *_total("exact", "the share of criteria with the agreed level"),
            *_total("near", "the share of criteria within one level"),
            *_total("departure", "the mean of given less agreed levels", "levels"),
        ),
        ("common_task", "version", "anchor"), _anchor_rows,
    ),
    Fact(
        "anchor_level", "one row per anchor, criterion and level that somebody gave",
        "How many raters gave an anchor which level, beside the agreed one: the raters of the fact `anchor`.",
        (
            *_NAME, Column("criterion", WHOLE, "place of the criterion in the rubric", OPEN, "from 1"),
            Column("level", NUMBER, "the level that was given", OPEN, "levels"),
            Column("agreed", NUMBER, "the level that was agreed", OPEN, "levels"),
            Column("raters", WHOLE, "how many gave it", OPEN),
        ),
        ("common_task", "version", "anchor", "criterion", "level"), _level_rows,
    ),
    Fact(
        "agreement_step", "one row per step in which levels are compared",
        "Agreement over the finished sessions of a year as leaders read it: with anchors, within a school, across schools, of "
        "all raters. No step is of fewer than three raters.",
        (
            Column("step", TEXT, "anchors, within, across or all", OPEN),
            Column("year", TEXT, "the school year, empty for the last twelve months", OPEN),
            *(
                Column(name, NUMBER, meaning, OPEN, "share", _MISSING)
                for name, meaning in (
                    ("exact", "pairs with the same level"), ("exact_low", "lower end of its 95 % interval"),
                    ("exact_high", "upper end"), ("near", "pairs within one level"),
                    ("near_low", "lower end of its 95 % interval"), ("near_high", "upper end"),
                    ("chance", "pairs that would be the same by chance"),
                )
            ),
            Column("works", WHOLE, "works that were compared", OPEN), Column("scores", WHOLE, "works times criteria", OPEN),
            Column("raters", WHOLE, "raters", OPEN), Column("sessions", WHOLE, "sessions", OPEN),
        ),
        ("step",), _steps,
    ),
)  # fmt: skip
