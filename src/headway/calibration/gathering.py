"""Scores of many sessions as columns, for figures that one session is too small for: who gave what beside which second reading.

Read only, for the worker. Nothing here leaves the package but through `reporting`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from headway.calibration.models import AnchorLevel, CalibrationSession, Sample, Score, SessionWork
from headway.calibration.types import FINISHED
from headway.evidence import queries as evidence
from headway.rosters import queries as rosters
from headway.science.codes import Kind, Override, Purpose, Status

BACK = timedelta(days=730)
"""How far back a rater's own ratings are looked at: two years, so that enough come together and the old ones lapse."""
YEAR = timedelta(days=365)
Whole = NDArray[np.int64]
Row = tuple[int, int, int, int, int, float, float, bool, bool]


@dataclass(frozen=True, slots=True)
class Beside:
    """Levels beside a second reading of the same work, one entry each. `session` (that the second
    reading is of, the newest), `rater`, `student`, `sample`, `target` are row keys;
    `mine` and `other` levels; `named` where the rater knew whose work it was (an everyday rating), else scored blind;
    `fixed` where the second reading is not that of the colleagues of the same round."""

    session: Whole
    rater: Whole
    student: Whole
    sample: Whole
    target: Whole
    mine: NDArray[np.float64]
    other: NDArray[np.float64]
    named: NDArray[np.bool_]
    fixed: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Beside:
        """Return columns of these rows."""
        table = np.array(rows, np.float64).reshape(-1, 9)
        whole = table[:, :5].astype(np.int64)
        return cls(*whole.T, table[:, 5], table[:, 6], table[:, 7] > 0, table[:, 8] > 0)

    def only(self, kept: NDArray[np.bool_]) -> Beside:
        """Return the entries where `kept`."""
        return Beside(*(getattr(self, name)[kept] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Blind:
    """Blind first scores of sessions, one entry each: row keys of `session`, `rater` (the person), `school` (0: none),
    `work`, `sample`, `student` (0: an adult made it), `criterion`, `target`; `level` in levels; `anchor` the agreed level of
    a work that was an anchor then, else nan."""

    session: Whole
    rater: Whole
    school: Whole
    work: Whole
    sample: Whole
    student: Whole
    criterion: Whole
    target: Whole
    level: NDArray[np.float64]
    anchor: NDArray[np.float64]

    def only(self, kept: NDArray[np.bool_]) -> Blind:
        """Return the scores where `kept`."""
        return Blind(*(getattr(self, name)[kept] for name in self.__slots__))


_COLUMNS = (
    "seat__work__session_id", "seat__rater__person_id", "seat__rater__school_id", "seat__work_id", "seat__work__sample_id",
    "seat__work__sample__student_id", "criterion_id", "criterion__target_id", "level", "seat__work__as_anchor",
)  # fmt: skip


def blind(sessions: Sequence[int]) -> Blind:
    """Return the first round's scores of these sessions (row keys). Two statements."""
    rows = list(
        Score.objects.filter(seat__work__session__in=sessions, seat__rater__withdrawn_at=None, round=1)
        .order_by("id").values_list(*_COLUMNS)
    )  # fmt: skip
    whole = np.array([[one or 0 for one in row[:8]] for row in rows], np.int64).reshape(-1, 8)
    samples = {row[4] for row in rows if row[9]}
    agreed = {
        (sample, criterion): level / 100
        for sample, criterion, level in AnchorLevel.objects.filter(sample__in=samples).values_list(
            "sample_id", "criterion_id", "level"
        )
    }
    anchor = np.array(
        [agreed.get((row[4], row[6]), np.nan) if row[9] else np.nan for row in rows], np.float64
    )
    return Blind(*whole.T, np.array([row[8] / 100 for row in rows], np.float64), anchor)


def revealed_until(at: datetime) -> list[int]:
    """Return the sessions that were revealed in the two years up to then. One statement."""
    found = CalibrationSession.objects.filter(revealed_at__lte=at, revealed_at__gt=at - BACK)
    return list(found.order_by("id").values_list("id", flat=True))


def finished_until(at: datetime) -> list[int]:
    """Return the sessions that were finished in the two years up to then. One statement."""
    found = CalibrationSession.objects.filter(state=FINISHED, finished_at__lte=at, finished_at__gt=at - BACK)
    return list(found.order_by("id").values_list("id", flat=True))


def finished_of_version(version: int) -> list[int]:
    """Return the finished sessions of a version of a task (row key). One statement."""
    found = CalibrationSession.objects.filter(state=FINISHED, version=version)
    return list(found.order_by("id").values_list("id", flat=True))


def everyday_works(task: str, targets: Collection[int]) -> tuple[int, int]:
    """Return on how many works, of how many students, everyday ratings name this version of a task. One statement."""
    columns = ("student_id", "piece", "task", "kind", "status", "purpose")
    plain = (Kind.TEACHER, Status.RATED, Purpose.EVIDENCE)
    rows = [row for row in evidence.rating_rows(columns=columns, targets=sorted(targets))
            if row[2] == task and row[3:] == plain] if targets else []  # fmt: skip
    return len({(row[0], row[1]) for row in rows}), len({row[0] for row in rows})


def finished_in_year(day: date, at: datetime) -> tuple[str, list[int]]:
    """Return the name of the school year of a day, and the sessions finished in it up to then; without a calendar the last
    twelve months, which have no name. Two statements."""
    year = next(
        (one for one in rosters.terms(kind="schoolYear") if one.starts_on <= day <= one.ends_on), None
    )
    first = year.starts_on if year else day - YEAR
    found = CalibrationSession.objects.filter(
        state=FINISHED, finished_at__lte=at, finished_at__date__gte=first
    )
    return (year.title if year else ""), list(found.order_by("id").values_list("id", flat=True))


def beside_second_reading(scores: Blind) -> Beside:
    """Return every level that has a second reading by others: blind scores beside anchors or colleagues, everyday ratings
    beside the blind scores of others. One statement for 500 students, and none without works of students."""
    return Beside.of([*_blind_rows(scores), *_named_rows(scores)])


def _blind_rows(scores: Blind) -> list[Row]:
    keys = np.column_stack([scores.work, scores.criterion])
    _, of = np.unique(keys, axis=0, return_inverse=True)
    at = of.reshape(-1)
    total, n = np.bincount(at, scores.level), np.bincount(at)
    others = np.divide(total[at] - scores.level, n[at] - 1, out=np.full(len(at), np.nan), where=n[at] > 1)
    fixed = np.isfinite(scores.anchor)
    second = np.where(fixed, scores.anchor, others)
    kept = np.isfinite(second) & (scores.student > 0)
    columns = (
        scores.session,
        scores.rater,
        scores.student,
        scores.sample,
        scores.target,
        scores.level,
        second,
    )
    return list(
        zip(
            *(one[kept].tolist() for one in columns),
            [False] * int(kept.sum()),
            fixed[kept].tolist(),
            strict=True,
        )
    )


def _named_rows(scores: Blind) -> list[Row]:
    """Return everyday ratings of pieces that were scored blind, each beside the mean of what others gave blind."""
    given: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
    columns = (scores.session, scores.rater, scores.sample, scores.target, scores.level)
    for session, rater, sample, target, level in zip(*(one.tolist() for one in columns), strict=True):
        given.setdefault((sample, target), []).append((rater, session, level))
    samples = {
        (one.piece, one.attempt): one
        for one in Sample.objects.filter(pk__in={sample for sample, _ in given}).exclude(piece="").exclude(student=None)
    }  # fmt: skip
    pairs = [
        (one.student_id, target) for one in samples.values() for sample, target in given if sample == one.pk
    ]
    found = []
    for (piece, attempt, student, target), (rater, level) in _everyday(pairs).items():
        sample = samples.get((piece, attempt))
        second = (
            [(session, each) for who, session, each in given.get((sample.pk, target), []) if who != rater]
            if sample
            else []
        )
        if sample and second:
            last, mean = max(one for one, _ in second), float(np.mean([each for _, each in second]))
            found.append((last, rater, student, sample.pk, target, level, mean, True, True))
    return found


def everyday_raters(works: Sequence[SessionWork]) -> dict[int, set[int]]:
    """Return who gave each work (row key; its sample with it) its newest everyday levels. One statement for 500 students."""
    targets = set(SessionWork.objects.filter(pk__in=[one.pk for one in works]).values_list(
        "session__version__criteria__target_id", flat=True))  # fmt: skip
    pairs = [(one.sample.student_id, target) for one in works for target in targets if target]
    found: dict[tuple[str, int], set[int]] = {}
    for (piece, attempt, _, _), (rater, _) in _everyday(pairs).items():
        found.setdefault((piece, attempt), set()).add(rater)
    return {one.pk: found.get((one.sample.piece, one.sample.attempt), set()) for one in works}


def _everyday(
    pairs: Sequence[tuple[int | None, int]],
) -> Mapping[tuple[str, int, int, int], tuple[int, float]]:
    """Return the newest everyday level of (piece, attempt, student, target) with who gave it."""
    columns = ("piece", "attempt", "student_id", "target_id", "rater_id", "level", "kind", "status", "purpose", "override",
               "observed_us", "id")  # fmt: skip
    plain = (Kind.TEACHER, Status.RATED, Purpose.EVIDENCE, Override.NONE)
    wanted = [(student, target) for student, target in pairs if student is not None]
    rows = evidence.rating_rows(columns=columns, pairs=wanted) if wanted else []
    found: dict[tuple[str, int, int, int], tuple[int, float]] = {}
    for row in sorted(rows, key=lambda one: one[10:]):
        if row[6:10] == plain and row[4] is not None and row[5] is not None:
            found[row[:4]] = row[4], row[5] / 100
    return found
