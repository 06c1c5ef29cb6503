"""Three years of evidence: the simulation of each continuum, turned into entries of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from headway.demo.people import Cast, grade_code
from headway.evidence.types import RatingEntry
from headway.frameworks.types import Tree
from headway.science.codes import Kind
from headway.science.simulate import PLANTED, Calendar, Settings, Simulated, Targets, simulate_ratings

EPOCH = date(1970, 1, 1)
SETTINGS = ("classroom", "group work", "home", "workshop", "community")
COMMENTS = (
    "Your steps are easy to follow. Say why the second one works.",
    "You checked the answer against an estimate; keep that.",
    "The picture and the numbers agree. Try it now without the picture.",
    "A strong start. One more example would show that it holds in general.",
    "You found your own slip and mended it.",
    "Read the question once more: it asks for two things.",
    "The reason you give would convince someone who disagrees.",
    "Name the units, and this is clear to any reader.",
    "You used the feedback from last time.",
    "Next: a case that could prove you wrong.",
)
TASKS = (
    "Exit slip", "Workshop problem", "Partner interview", "Design challenge", "Data walk", "Notebook page", "Letter", "Model",
    "Field note", "Short talk", "Number talk", "Poster", "Investigation", "Reading conference", "Station", "Revision",
)  # fmt: skip
RATES = {"Mathematics": 36.0, "Scientific practice": 7.0, "Reading": 14.0, "Lifelong learning": 5.0}
MOVES_ON = 0.88
"""So many students close a school year with a review that fills what the level still asks."""

ENOUGH = 3
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Person:
    """A person as entries need it."""

    id: int
    uuid: UUID


def school_years(today: date, count: int = 3) -> list[tuple[date, date]]:
    """Return (first day, last day) of the last school years, the running one last."""
    last = today.year if (today.month, today.day) >= (8, 17) else today.year - 1
    return [(date(year, 8, 17), date(year + 1, 6, 4)) for year in range(last - count + 1, last + 1)]


def calendar_of(years: list[tuple[date, date]], today: date) -> Calendar:
    """Return the instructed days up to today."""
    spans = [((a - EPOCH).days, (b - EPOCH).days) for a, b in years if a <= today]
    return Calendar.weekdays(spans, through=(today - EPOCH).days)


def simulate(
    tree: Tree, who: Cast, calendar: Calendar, years: int, raters: int, seed: int
) -> tuple[Simulated, list[int]]:
    """Simulate one continuum: a target is taught in every grade that is expected at its level.

    Every continuum begins with the same seed, so that the planted states fall on the same students throughout.
    Returns the simulation and, by its index of targets, the row key of each target.
    """
    expected = tree.framework.expected_levels
    grades, nodes = [], []
    for grade in range(13):
        level = expected.get(grade_code(grade))
        for node in tree.targets():
            if node.level == level:
                grades.append(grade)
                nodes.append(node)
    rng = np.random.default_rng(seed)
    spread = np.random.default_rng(seed + len(nodes))
    targets = Targets(
        grade=np.array(grades, np.int64),
        difficulty=spread.normal(-0.55, 0.2, len(nodes)),
        depth=np.array([node.depth or 0 for node in nodes], np.int8),
        prerequisite=np.full(len(nodes), -1, np.int64),
    )
    found = simulate_ratings(
        rng, grades=who.grades.astype(np.int64) - (years - 1), targets=targets, raters=raters, calendar=calendar,
        settings=Settings(ratings_per_year=RATES[tree.framework.key], again_share=0.35, remainder_sd=0.3, task_sd=0.3),
    )  # fmt: skip
    return found, [node.id for node in nodes]


def entries(
    tree: Tree,
    found: Simulated,
    nodes: list[int],
    who: Cast,
    calendar: Calendar,
    people: list[Person],
    staff: dict[int, list[Person]],
    seed: int,
) -> Iterator[RatingEntry]:
    """Yield the ratings of one continuum in order of time.

    Ratings from before a student's kindergarten, or after the grades a continuum serves, are left out.
    """
    rng = np.random.default_rng(seed + 7)
    place = {int(day): int(year) for day, year in zip(calendar.days, calendar.year, strict=True)}
    served = {
        grade for grade in range(13) if tree.framework.expected_levels.get(grade_code(grade)) is not None
    }
    top = 5 if tree.framework.key == "Reading" else max(served)
    uuids = {node: tree.nodes[node].uuid for node in set(nodes)}
    lifelong = tree.framework.kind == "lifelong"
    years = int(calendar.year[-1])
    settings, kinds, said = _draws(rng, len(found.student))
    ends = int(calendar.days[-1])
    for row, (
        student,
        target,
        observed,
        day,
        level,
        status,
        purpose,
        task,
        piece,
        attempt,
        depth,
        rater,
    ) in enumerate(_columns(found)):
        grade = int(who.grades[student]) - (years - place[day])
        if grade < 0 or grade > top:
            continue
        node = nodes[target]
        own = staff[grade]
        by = own[rater % len(own)]
        kind = kinds[row] if lifelong else Kind.TEACHER
        author = people[student] if kind == Kind.SELF else by
        recent = day > ends - 60
        yield RatingEntry(
            key=f"demo-{tree.framework.id}-{row}",
            student=people[student].id,
            student_uuid=people[student].uuid,
            target=node,
            target_uuid=uuids[node],
            observed_us=observed,
            level=None if np.isnan(level) else round(level * 100),
            rater=author.id,
            rater_uuid=author.uuid,
            kind=int(kind),
            status=status,
            purpose=purpose,
            piece=f"demo-{tree.framework.id}-p{piece}",
            attempt=attempt,
            depth=0 if lifelong else depth,
            task=f"{TASKS[task % len(TASKS)]} {task // len(TASKS) + 1}",
            setting=settings[row] if lifelong else "",
            comment=COMMENTS[said[row]]
            if recent and kind == Kind.TEACHER and status == 0 and said[row] < len(COMMENTS)
            else "",
        )


def reviews(
    tree: Tree, who: Cast, calendar: Calendar, people: list[Person], staff: dict[int, list[Person]], before: list[RatingEntry],
    planted: dict[str, list[int]], seed: int,
) -> Iterator[RatingEntry]:  # fmt: skip
    """Yield the reviews at the end of each finished school year: what a level still asks is shown in April and May.

    A student who is behind moves on half as often; for the others nothing is added, and the gap stays visible.
    """
    rng = np.random.default_rng(seed + 13)
    have: dict[tuple[int, int], list[RatingEntry]] = {}
    for entry in before:
        if entry.level is not None and entry.purpose == 0:
            have.setdefault((entry.student, entry.target), []).append(entry)
    behind = set(planted["behind"])
    last = int(calendar.year[-1])
    for year in range(last):
        days = calendar.days[calendar.year == year][-42:].tolist()
        for number, person in enumerate(people):
            grade = int(who.grades[number]) - (last - year)
            moves = rng.random() < MOVES_ON * (0.5 if number in behind else 1.0)
            level = tree.framework.expected_levels.get(grade_code(grade)) if grade >= 0 else None
            if not moves or level is None or (tree.framework.key == "Reading" and grade > 5):
                continue
            for node in tree.targets():
                if node.level == level:
                    own = have.get((person.id, node.id), [])
                    yield from _review(node, person, own, staff[grade], days, year, rng)


def _review(
    node: Any, person: Person, own: list[RatingEntry], staff: list[Person], days: list[int], year: int, rng: np.random.Generator
) -> Iterator[RatingEntry]:  # fmt: skip
    newest = max(own, key=lambda entry: entry.observed_us, default=None)
    wanted = max(
        ENOUGH - len({entry.piece for entry in own}),
        0 if newest is not None and (newest.level or 0) >= 300 else 1,
    )
    for n in range(wanted):
        # The first lies weeks before the last, so that the dates are apart as the requirement asks.
        day = days[min(len(days) - 1, n * 14 + int(rng.integers(0, 10)))]
        by = staff[int(rng.integers(0, len(staff)))]
        key = f"demo-review-{node.id}-{person.id}-{year}-{n}"
        yield RatingEntry(
            key=key, student=person.id, student_uuid=person.uuid, target=node.id, target_uuid=node.uuid,
            observed_us=day * DAY_US + int(rng.integers(15 * 3600, 22 * 3600)) * 1_000_000,
            level=400 if rng.random() < 0.2 else 300, rater=by.id, rater_uuid=by.uuid, piece=key, depth=node.depth or 0,
            task=f"Review of the year, part {n + 1}",
        )  # fmt: skip


def _draws(rng: np.random.Generator, n: int) -> tuple[list[str], list[Kind], list[int]]:
    settings = [SETTINGS[place] for place in rng.integers(0, len(SETTINGS), n).tolist()]
    shares = rng.random(n).tolist()
    kinds = [Kind.SELF if share < 0.3 else Kind.PEER if share < 0.4 else Kind.TEACHER for share in shares]
    return settings, kinds, rng.integers(0, 2 * len(COMMENTS), n).tolist()


def _columns(found: Simulated) -> Iterator[tuple[Any, ...]]:
    # A second look within a piece keeps the first one's depth and task.
    columns: tuple[NDArray[Any], ...] = (
        found.student, found.target, found.observed, found.day, found.level, found.status, found.purpose, found.task,
        found.piece, found.attempt, found.depth, found.rater,
    )  # fmt: skip
    return zip(*(column.tolist() for column in columns), strict=True)


def planted_students(found: Simulated) -> dict[str, list[int]]:
    """Return the students of each planted state by number."""
    return {name: np.flatnonzero(found.planted == at).tolist() for at, name in enumerate(PLANTED)}


def weeks(first: date, last: date) -> list[date]:
    """Return the Mondays after each week from one day to another: when the ledger hears of a week."""
    day = first + timedelta(days=7 - first.weekday())
    found = []
    while day <= last:
        found.append(day)
        day += timedelta(days=7)
    return found
