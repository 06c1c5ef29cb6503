"""A district with known truth: students who grow, raters who differ, and ratings that follow. For
demonstrations and tests."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

DAY_US = 86_400_000_000
PLANTED = ("steady", "stuck", "ahead", "silent", "behind", "missed_chances")


@dataclass(frozen=True, slots=True)
class Targets:
    """Targets in the order in which they are taught: `grade` each belongs to, `difficulty` in levels around
    0, depth 1 to 4.

    `prerequisite` is the index of the target that must come before, -1 for none.
    """

    grade: NDArray[np.int64]
    difficulty: NDArray[np.float64]
    depth: NDArray[np.int8]
    prerequisite: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Instructed days as counted from 1970-01-01, rising, over all years; `year` of each, from 0.

    `lengths` = instructed days of each whole year; longer than the days given where the last year still runs.
    """

    days: NDArray[np.int64]
    year: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def weekdays(cls, years: list[tuple[int, int]], *, through: int | None = None) -> Calendar:
        """Build from (first day, last day) of each year, every weekday instructed; `through` is the last day so far."""
        spans = [np.arange(first, last + 1) for first, last in years]
        whole = [span[(span + 3) % 7 < 5] for span in spans]
        kept = whole if through is None else [span[span <= through] for span in whole]
        year = np.repeat(np.arange(len(kept)), [len(k) for k in kept])
        return cls(np.concatenate(kept), year, np.array([len(span) for span in whole], np.int64))


@dataclass(frozen=True, slots=True)
class Settings:
    """What the district is like. Standard deviations in levels; shares 0 to 1; growth in levels per year."""

    ratings_per_year: float = 40.0
    ability_sd: float = 0.6
    growth_mean: float = 0.55
    growth_sd: float = 0.25
    severity_sd: float = 0.25
    task_sd: float = 0.40
    remainder_sd: float = 0.35
    low: float = 1.0
    high: float = 4.0
    step: float = 1.0
    missed_share: float = 0.03
    practice_share: float = 0.08
    second_attempt_share: float = 0.15
    again_share: float = 0.25
    planted: dict[str, float] = field(
        default_factory=lambda: {
            "stuck": 0.05,
            "ahead": 0.08,
            "silent": 0.04,
            "behind": 0.08,
            "missed_chances": 0.04,
        }
    )


@dataclass(frozen=True, slots=True)
class Simulated:
    """Columns of ratings, sorted by time, and the truth behind them.

    `student`, `target`, `rater`, `task` are indexes; `observed` microseconds since 1970 UTC; `level` nan
    where `status` is not rated. Truth: `planted` state of each student (index into `PLANTED`), `ability` at
    the start, `growth` per year, `severity` of each rater (positive is severe), `true_level` behind each row
    before any error.
    """

    student: NDArray[np.int64]
    target: NDArray[np.int64]
    rater: NDArray[np.int64]
    task: NDArray[np.int64]
    piece: NDArray[np.int64]
    attempt: NDArray[np.int32]
    observed: NDArray[np.int64]
    day: NDArray[np.int64]
    level: NDArray[np.float64]
    status: NDArray[np.int8]
    purpose: NDArray[np.int8]
    depth: NDArray[np.int8]
    true_level: NDArray[np.float64]
    planted: NDArray[np.int8]
    ability: NDArray[np.float64]
    growth: NDArray[np.float64]
    severity: NDArray[np.float64]


def simulate_ratings(
    rng: np.random.Generator,
    *,
    grades: NDArray[np.int64],
    targets: Targets,
    raters: int,
    calendar: Calendar,
    settings: Settings | None = None,
) -> Simulated:
    """Draw ratings of students on targets over the years of a calendar, with planted states.

    Assumes additive errors: level = ability + growth x time since the target was first taught - difficulty -
    severity + task + remainder, rounded to the scale.

    Parameters: `rng`, the only source of chance; `grades`, each student's grade in the first year; `targets`;
    `raters`, how many; `calendar`, instructed days.
    Returns: `Simulated`: the same for the same seed. 100,000 ratings take well under a second.
    Planted: `stuck` (one target rated again and again at the same level below proficient, last eight weeks),
    `ahead` (two years ahead), `silent` (nothing in the last six weeks), `behind` (a third of the evidence in
    the last year), `missed_chances` (at least three missed in the last thirty days).
    Source: house definitions 2, 6 and the list of planted states of the demonstration.
    When not to use: to learn about real districts.
    """
    chosen = settings or Settings()
    n = len(grades)
    planted = _plant(rng, n, chosen)
    ability = (
        rng.normal(0, chosen.ability_sd, n) + 2.0 * (planted == PLANTED.index("ahead")) * chosen.growth_mean
    )
    growth = rng.normal(chosen.growth_mean, chosen.growth_sd, n)
    severity = rng.normal(0, chosen.severity_sd, raters)
    student, at = _occasions(rng, n, calendar, planted, chosen)
    target, since = _which(rng, student, at, grades, planted, targets, calendar, chosen)
    rows = len(student)
    task = target * 4 + rng.integers(0, 4, rows)
    rater = (student // 25 + rng.integers(0, 2, rows) * 7) % raters
    true = 2.2 + ability[student] + growth[student] * (0.6 + since) - targets.difficulty[target]
    task_effect = rng.normal(0, chosen.task_sd, len(targets.grade) * 4)
    noise = task_effect[task] - severity[rater] + rng.normal(0, chosen.remainder_sd, rows)
    level = np.clip(np.round((true + noise) / chosen.step) * chosen.step, chosen.low, chosen.high)
    status = (rng.random(rows) < chosen.missed_share).astype(np.int8)
    purpose = (rng.random(rows) < chosen.practice_share).astype(np.int8)
    last = calendar.days[-1]
    target, level, status, purpose = _stuck(
        planted, student, at, target, level, status, purpose, calendar, chosen
    )
    recent = calendar.days[at] > last - 30
    misses = (planted[student] == PLANTED.index("missed_chances")) & recent
    status[misses], purpose[misses] = 1, 0
    level[status == 1] = np.nan
    second = rng.random(rows) < chosen.second_attempt_share
    piece, attempt = _attempts(student, target, second & (status == 0))
    observed = calendar.days[at] * DAY_US + rng.integers(15 * 3600, 22 * 3600, rows) * 1_000_000
    order = np.lexsort((np.arange(rows), observed))
    columns = {
        "student": student,
        "target": target,
        "rater": rater,
        "task": task,
        "piece": piece,
        "attempt": attempt,
        "observed": observed,
        "day": calendar.days[at],
        "level": level,
        "status": status,
        "purpose": purpose,
        "depth": targets.depth[target],
        "true_level": true,
    }
    return Simulated(
        **{name: column[order] for name, column in columns.items()},
        planted=planted,
        ability=ability,
        growth=growth,
        severity=severity,
    )


def _plant(rng: np.random.Generator, n: int, chosen: Settings) -> NDArray[np.int8]:
    """Give each planted state its share of students, at least one each where there are enough."""
    planted = np.zeros(n, np.int8)
    order = rng.permutation(n)
    start = 0
    for name, share in chosen.planted.items():
        size = max(1, round(share * n)) if n >= 2 * len(chosen.planted) else 0
        planted[order[start : start + size]] = PLANTED.index(name)
        start += size
    return planted


def _occasions(
    rng: np.random.Generator, n: int, calendar: Calendar, planted: NDArray[np.int8], chosen: Settings
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw when each student is rated: (student, index of the instructed day), sorted by student and day."""
    years = int(calendar.year[-1]) + 1
    per_student = rng.poisson(chosen.ratings_per_year * years, n)
    student = np.repeat(np.arange(n), per_student)
    at = rng.integers(0, len(calendar.days), len(student))
    days = calendar.days[at]
    last = calendar.days[-1]
    silent = (planted[student] == PLANTED.index("silent")) & (days > last - 42)
    behind = (planted[student] == PLANTED.index("behind")) & (calendar.year[at] == years - 1)
    keep = ~silent & ~(behind & (rng.random(len(student)) > 1 / 3))
    student, at = student[keep], at[keep]
    wanted = {"stuck": 4, "missed_chances": 4}
    final = np.flatnonzero(calendar.days > last - 28)
    for name, times in wanted.items():
        who = np.repeat(np.flatnonzero(planted == PLANTED.index(name)), times)
        student = np.concatenate((student, who))
        at = np.concatenate((at, rng.choice(final, len(who))))
    order = np.lexsort((at, student))
    return student[order], at[order]


def _which(
    rng: np.random.Generator,
    student: NDArray[np.int64],
    at: NDArray[np.int64],
    grades: NDArray[np.int64],
    planted: NDArray[np.int8],
    targets: Targets,
    calendar: Calendar,
    chosen: Settings,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Choose targets of the student's grade in the order taught; return them and the years since each was
    first taught."""
    years = calendar.year[at]
    grade = grades[student] + years + 2 * (planted[student] == PLANTED.index("ahead"))
    known = np.unique(targets.grade)
    grade = known[np.clip(np.searchsorted(known, grade), 0, len(known) - 1)]
    by_grade = np.argsort(targets.grade, kind="stable")
    first = np.searchsorted(targets.grade[by_grade], grade, side="left")
    size = np.searchsorted(targets.grade[by_grade], grade, side="right") - first
    start = np.searchsorted(calendar.year, years, side="left")
    length = calendar.lengths[years]
    through = (at - start) / length
    taught = np.clip(through + rng.normal(0, 0.08, len(at)), 0, 0.999)
    target = by_grade[first + (taught * size).astype(np.int64)]
    # A target is met again later: some of the ratings look back at one taught earlier in the year.
    again = rng.random(len(at)) < chosen.again_share
    back = by_grade[first + (taught * rng.random(len(at)) * size).astype(np.int64)]
    target = np.where(again, back, target)
    opened = np.where(again, taught * 0.5, taught)
    return target, np.maximum(0.0, through - opened)


def _stuck(
    planted: NDArray[np.int8],
    student: NDArray[np.int64],
    at: NDArray[np.int64],
    target: NDArray[np.int64],
    level: NDArray[np.float64],
    status: NDArray[np.int8],
    purpose: NDArray[np.int8],
    calendar: Calendar,
    chosen: Settings,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int8], NDArray[np.int8]]:
    """Let stuck students meet one target again and again, at the same level, in the last eight weeks."""
    rows = np.flatnonzero(
        (planted[student] == PLANTED.index("stuck")) & (calendar.days[at] > calendar.days[-1] - 56)
    )
    if len(rows):
        first = np.ones(len(rows), np.bool_)
        first[1:] = student[rows][1:] != student[rows][:-1]
        lead = rows[np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))]
        target[rows] = target[lead]
        level[rows] = chosen.low + chosen.step
        status[rows] = purpose[rows] = 0
    return target, level, status, purpose


def _attempts(
    student: NDArray[np.int64], target: NDArray[np.int64], second: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Make some ratings a further attempt at the piece before them on the same target. Rows are sorted by
    student and day."""
    rows = len(student)
    order = np.lexsort((np.arange(rows), target, student))
    same = np.zeros(rows, np.bool_)
    same[1:] = (student[order][1:] == student[order][:-1]) & (target[order][1:] == target[order][:-1])
    joins = same & second[order]
    starts = np.maximum.accumulate(np.where(joins, 0, np.arange(rows)))
    piece = np.empty(rows, np.int64)
    piece[order] = order[starts]
    attempt = np.empty(rows, np.int32)
    attempt[order] = np.arange(rows) - starts + 1
    return piece, attempt
