"""Facts of levels: what each student's evidence amounts to, how it came there, and where the student works."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from headway.frameworks import queries as frameworks
from headway.kit.facts import DAY, NUMBER, TEXT, WHOLE, YES_NO, Column, Fact, Reading
from headway.kit.numbers import is_whole
from headway.kit.times import from_micros
from headway.proficiency.exporting import rounded
from headway.proficiency.growing import counts, growth_on, standings_of
from headway.proficiency.lines import lines_of
from headway.proficiency.parents import Summary, leaf_summaries
from headway.proficiency.working import AT, Group, Moment, Row, determine_all, rows_of
from headway.rosters import queries as rosters
from headway.science.codes import State
from headway.science.metrics.on_track import on_track, years_left
from headway.science.metrics.steady import rate_error
from headway.science.metrics.tries import tries


def _determinations(reading: Reading) -> Iterator[tuple[Any, ...]]:
    m: Moment = reading.moment
    for group in determine_all(m, rows_of(m, students=reading.students), errors=True):
        engine, last = _engine(group), _last(group)
        for at, one in enumerate(leaf_summaries(m, group).values()):
            if one.n_total:
                yield _determination(reading, one, engine[at], last[at])


def _engine(group: Group) -> list[str]:
    return [State(state).word for state in group.worked.answer.engine_state.tolist()]


def _last(group: Group) -> list[int | None]:
    found: list[int | None] = [None] * len(group.pairs)
    ratings = group.worked.pieces.ratings
    for at, observed in zip(ratings.segment.tolist(), ratings.observed.tolist(), strict=True):
        found[at] = max(observed, found[at] or observed)
    return found


def _determination(reading: Reading, one: Summary, engine: str, last: int | None) -> tuple[Any, ...]:
    m: Moment = reading.moment
    policy = one.effective.policy
    return (
        reading.names[one.student], frameworks.node(one.node).reference, None if one.shown is None else one.shown / 100,
        one.state, one.n_counted, one.n_total, one.filled, one.required, one.depth or None, rounded(one.growth),
        rounded(one.per_year), rounded(one.baseline), None if one.error is None else round(one.error, 6), one.decided,
        one.since, engine, _direction(one.state, engine) if one.decided else None,
        None if last is None else from_micros(last).astimezone(m.zone).date(), policy.rule, policy.version,
        one.effective.name, one.effective.number,
    )  # fmt: skip


def _direction(state: str, engine: str) -> str:
    """Return whether a teacher's decision stands above, below or where the rule's answer does, by the order of states."""
    rank = {"beyond": 2, "proficient": 1}
    difference = rank.get(state, 0) - rank.get(engine, 0)
    return "up" if difference > 0 else "down" if difference < 0 else "same"


def _journeys(reading: Reading) -> Iterator[tuple[Any, ...]]:
    m: Moment = reading.moment
    schools = {school.id: school.sourced_id for school in rosters.schools()}
    attended = rosters.enrolled_school(person_ids=reading.students, on=reading.day)
    by_pair: dict[tuple[int, int], list[Row]] = {}
    for row in rows_of(m, students=reading.students):
        if counts(row):
            by_pair.setdefault((row[AT["student_id"]], row[AT["target_id"]]), []).append(row)
    for (student, target), rows in by_pair.items():
        school = schools.get(attended.get(student, 0))
        effective = m.book.effective(node=target, school=school, on=m.day)
        rows.sort(key=lambda row: (row[AT["observed_us"]], row[AT["key"]].encode()))
        found = tries(
            [row[AT["level"]] / 100 for row in rows],
            [from_micros(row[AT["observed_us"]]).astimezone(m.zone).date().toordinal() for row in rows],
            enough=effective.scale.get("proficient", float("inf")), until=m.day.toordinal(),
        )  # fmt: skip
        yield (
            reading.names[student], frameworks.node(target).reference, found.first, found.first_reached, found.again,
            found.reached, found.tries, found.days,
        )  # fmt: skip


def _positions(reading: Reading) -> Iterator[tuple[Any, ...]]:
    m: Moment = reading.moment
    rows = rows_of(m, students=reading.students)
    standings = standings_of(m, rows)
    grades = rosters.grades_of(person_ids=reading.students)
    own: dict[int, list[Row]] = {}
    for row in rows:
        own.setdefault(row[AT["student_id"]], []).append(row)
    for student in reading.students:
        for line in lines_of(m, student=student, grade=grades.get(student, ""), standings=standings):
            if line.working.level is not None:
                yield (
                    reading.names[student],
                    *_position(m, student, grades.get(student, ""), line, own[student]),
                )


def _position(m: Moment, student: int, grade: str, line: Any, rows: Sequence[Row]) -> tuple[Any, ...]:
    view = line.framework
    tree = frameworks.tree(view.id, at=frameworks.remembered_stamp())
    grown = growth_on(m, tree, line, student=student, rows=rows)
    resolution = 1 / max(1, line.working.targets)
    error = rate_error([at for _, at in grown.points], weeks=grown.weeks, resolution=resolution)
    left = _years_left(m, grade)
    found = on_track(
        level=line.position, expected=line.expected, graduation=view.graduation_level, years_left=left,
        rate=grown.rate, standard_error=error, ratings=grown.n,
    )  # fmt: skip
    low, high = found.interval or (None, None)
    standing = None
    if line.expected is not None:
        # Who works at a level is at it, however much of it is reached: as every page says it.
        standing = ("below", "at", "above")[
            (line.working.level > line.expected) - (line.working.level < line.expected) + 1
        ]
    return (
        view.key, line.working.level, _places(line.position), line.expected, standing, view.graduation_level,
        _places(left), grown.n, _places(grown.rate), _places(low), _places(high), grown.reason or None,
        _places(found.required), found.trajectory, found.reason or None,
    )  # fmt: skip


def _places(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _years_left(m: Moment, grade: str) -> float | None:
    number = {"PK": -1, "KG": 0}.get(grade, int(grade) if is_whole(grade) else None)
    if number is None:
        return None
    ends = [end for start, end, _ in m.calendar.sessions if start <= m.day <= end]
    return years_left(number, weeks=m.calendar.weeks(m.day, ends[0]) if ends else 0.0)


_STUDENT = Column("student", TEXT, "sourcedId of the student")
_TARGET = Column("target", TEXT, "the target, as the fact `target` names it")
FACTS = (
    Fact(
        "determination", "one row per student and target with an event", "What the evidence amounts to by the policy in force.",
        (
            _STUDENT, _TARGET,
            Column("value", NUMBER, "the level determined", unit="levels of the scale of the target", missing="nothing counts"),
            Column("state", TEXT, "no_evidence, too_little, not_yet, proficient, beyond, carried, or a status that stands alone"),
            Column("n_counted", WHOLE, "pieces that count"),
            Column("n_total", WHOLE, "ratings in view"),
            Column("filled", WHOLE, "required pieces that are in"),
            Column("required", WHOLE, "pieces that the policy asks for"),
            Column("depth", WHOLE, "deepest counted piece at proficient", unit="Webb, 1 to 4", missing="none, or nobody said"),
            Column("growth", NUMBER, "level now less the baseline", unit="levels", missing="unknown"),
            Column("growth_per_year", NUMBER, "the same per instructed year", unit="levels per 36 instructed weeks",
                   missing="unknown"),
            Column("baseline", NUMBER, "where the student began", unit="levels", missing="unknown"),
            Column("standard_error", NUMBER, "of the value", unit="levels", missing="below the count that is asked for"),
            Column("decided", YES_NO, "whether a teacher's decision stands"),
            Column("since_decision", WHOLE, "pieces since that decision"),
            Column("engine_state", TEXT, "what the rule alone says"),
            Column("direction", TEXT, "up, down or same: the decision against the rule", missing="no decision stands"),
            Column("last_observed_on", DAY, "day of the newest rating", missing="none"),
            Column("rule", TEXT, "the rule"), Column("rule_version", WHOLE, "its version"),
            Column("policy", TEXT, "the policy"), Column("policy_version", WHOLE, "its version"),
        ),
        ("student", "target"), _determinations,
    ),
    Fact(
        "journey", "one row per student and target that an adult rated as evidence",
        "How a student came to proficient on a target.",
        (
            _STUDENT, _TARGET,
            Column("first_level", NUMBER, "level of the first rating", unit="levels of the scale of the target"),
            Column("first_reached", YES_NO, "whether the first rating reached proficient"),
            Column("tried_again", YES_NO, "whether there is a second rating"),
            Column("reached", YES_NO, "whether any single rating reached proficient"),
            Column("tries", WHOLE, "ratings up to that one, else so far"),
            Column("days", WHOLE, "from the first rating to that one, else to the day", unit="days"),
        ),
        ("student", "target"), _journeys,
    ),
    Fact(
        "position", "one row per student and continuum with evidence",
        "Where a student works, against the grade and against graduation.",
        (
            _STUDENT, Column("framework", TEXT, "key of the continuum"),
            Column("working_level", WHOLE, "level at which the student works", unit="levels of the continuum"),
            Column("position", NUMBER, "that level plus the share of its targets that is reached",
                   unit="levels of the continuum"),
            Column("expected", WHOLE, "level expected for the grade", unit="levels of the continuum", missing="none is stated"),
            Column("grade_level", TEXT, "below, at or above what is expected", missing="nothing is expected"),
            Column("graduation", WHOLE, "level asked for at the end of grade 12", unit="levels of the continuum",
                   missing="none is stated"),
            Column("years_left", NUMBER, "instructed years to the end of grade 12", unit="years", missing="the grade is unknown"),
            Column("pieces", WHOLE, "pieces of evidence on the continuum"),
            Column("rate", NUMBER, "growth per instructed year", unit="levels per 36 instructed weeks", missing="unknown"),
            Column("rate_low", NUMBER, "lower end of its 80 % interval", unit="levels per year", missing="unknown"),
            Column("rate_high", NUMBER, "upper end", unit="levels per year", missing="unknown"),
            Column("rate_reason", TEXT, "why the rate is unknown", missing="it is known"),
            Column("required", NUMBER, "rate that graduation asks for", unit="levels per year", missing="unknown"),
            Column("trajectory", TEXT, "on, off or too_early"),
            Column("trajectory_reason", TEXT, "why it is too early, or why the rate is not needed", missing="the rate says it"),
        ),
        ("student", "framework"), _positions,
    ),
)  # fmt: skip
