"""From rows of the ledger to determinations: one way for a save, a page, a look-back, an export and a rebuild.

Segments that share all but their requirement run in one call of the kernel, each with its own requirement beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.kit.times import from_micros
from headway.proficiency import configuration
from headway.proficiency.configuration import Book, Calendar
from headway.proficiency.types import Effective, ScaleChange, Standing
from headway.rosters import queries as rosters
from headway.science.codes import State
from headway.science.ledger import MISSING, Ratings
from headway.science.proficiency.determine import Worked, work
from headway.science.proficiency.policy import Policy
from headway.science.proficiency.requirement import Requirement
from headway.science.rounding import hundredths
from headway.science.uncertainty import Components
from headway.tasks import queries as tasks
from headway.tasks.types import whole_task

COLUMNS = (
    "student_id", "target_id", "key", "level", "observed_us", "submitted_us", "due_us", "recorded_us", "origin_sequence",
    "rater_id", "kind", "status", "purpose", "override", "piece", "attempt", "depth", "task", "setting", "continuum_level",
)  # fmt: skip
AT = {name: position for position, name in enumerate(COLUMNS)}
FIRST_DAY = date(1950, 1, 1)
EPOCH_DAY = date(1970, 1, 1).toordinal()
REQUIREMENTS = tuple(Requirement.__dataclass_fields__)
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US

WORDS = tuple(state.word for state in State)

Pair = tuple[int, int]
Row = tuple[Any, ...]
Own = list[tuple[Row, bool]]


@dataclass(frozen=True)
class Moment:
    """What is asked about: the day, what was observed by its end, and what the ledger knew.

    `before_us` None: everything observed; `through` None: everything known. `today` counts instructed days.
    """

    book: Book
    day: date
    before_us: int | None
    through: int | None
    calendar: Calendar

    @property
    def zone(self) -> ZoneInfo:
        return self.book.zone

    @property
    def today(self) -> int:
        return int(instructed_days(self.calendar)[self.day.toordinal() - FIRST_DAY.toordinal()])


def moment(
    *,
    now: datetime,
    as_of: date | None = None,
    known_at: datetime | int | None = None,
    book: Book | None = None,
) -> Moment:
    """Return the moment that `as_of` (end of that day in the school's zone) and `known_at` (instant or sequence) name."""
    through = evidence.sequence_at(known_at) if isinstance(known_at, datetime) else known_at
    found = configuration.book(through) if through is not None or book is None else book
    day = as_of or now.astimezone(found.zone).date()
    before = None if as_of is None else configuration.as_of_us(as_of, found.zone, now)
    return Moment(found, day, before, through, Calendar.of(found.settings))


@lru_cache(maxsize=8)
def instructed_days(calendar: Calendar) -> NDArray[np.int32]:
    """Return how many instructed days there were from 1950 through each day to 2101."""
    length = date(2101, 1, 1).toordinal() - FIRST_DAY.toordinal()
    days = np.arange(length)
    weekday = (days + FIRST_DAY.weekday()) % 7 < 5
    if calendar.sessions:
        inside = np.zeros(length, np.bool_)
        for starts, ends, breaks in calendar.sessions:
            own = np.zeros(length, np.bool_)
            own[_place(starts) : _place(ends) + 1] = True
            for a, b in breaks:
                own[_place(a) : _place(b) + 1] = False
            inside |= own
        # Before the first session that was described every weekday counts, so that old evidence keeps its distances.
        inside[: _place(min(s[0] for s in calendar.sessions))] = True
        weekday &= inside
    return np.cumsum(weekday).astype(np.int32)


def _place(day: date) -> int:
    return day.toordinal() - FIRST_DAY.toordinal()


@lru_cache(maxsize=100_000)
def _offset_us(zone: ZoneInfo, hour: int) -> int:
    offset = from_micros(hour * HOUR_US).astimezone(zone).utcoffset() or timedelta()
    return int(offset.total_seconds()) * 1_000_000


def local_days(observed: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Return the day in `zone`, counted from 1970-01-01, of instants in microseconds."""
    if len(observed) == 0:
        return observed
    hours, which = np.unique(observed // HOUR_US, return_inverse=True)
    offsets = np.array([_offset_us(zone, int(hour)) for hour in hours], np.int64)
    return (observed + offsets[which]) // DAY_US


class Asked(NamedTuple):
    """One segment that is asked for: at which moment, whose, by which rows, under which policy."""

    m: Moment
    pair: Pair
    rows: Own
    effective: Effective


@dataclass
class Group:
    """Segments that one call of the kernel answered: `pairs` in segment order, each with its own effective policy."""

    pairs: list[Pair]
    effective: list[Effective]
    worked: Worked
    keys: list[str]

    def speaks(self) -> Iterator[tuple[bool, bool]]:
        """Yield, one per segment, what a working level asks of it: whether it is reached, and whether it was seen."""
        answer = self.worked.answer
        reached = (answer.state == State.PROFICIENT) | (answer.state == State.BEYOND)
        seen = (answer.state != State.INDIVIDUAL_GOAL) & ((answer.n_counted > 0) | answer.decided)
        return zip(reached.tolist(), seen.tolist(), strict=True)

    def _lacking(self, segment: int) -> tuple[tuple[str, int, int], ...]:
        return tuple((name, *pair) for name, pair in self.worked.asked.missing(segment).items())

    def standings(self) -> Iterator[Standing]:
        """Yield what pages show, one per segment."""
        answer = self.worked.answer
        last = np.full(len(self.pairs), MISSING)
        ratings = self.worked.pieces.ratings
        np.maximum.at(last, ratings.segment, ratings.observed)
        columns = (
            answer.shown.tolist(), np.isnan(answer.value).tolist(), answer.state.tolist(), answer.n_counted.tolist(),
            answer.n_total.tolist(), answer.filled.tolist(), answer.required.tolist(), answer.depth.tolist(),
            answer.decided.tolist(), answer.since_decision.tolist(), np.isnan(answer.engine_value).tolist(),
            answer.engine_state.tolist(), last.tolist(), answer.level.tolist(), answer.proposed_level.tolist(),
        )  # fmt: skip
        engine = hundredths(answer.engine_value).tolist()
        for at, ((student, target), policy, own, *rest) in enumerate(
            zip(self.pairs, self.effective, engine, *columns, strict=True)
        ):
            (shown, empty, state, counted, total, filled, required, depth, decided, since, blank, engine_state, seen,
             level, proposed) = rest  # fmt: skip
            yield Standing(
                lacking=self._lacking(at) if engine_state == State.TOO_LITTLE else (),
                student=student, target=target, value=None if empty else shown, state=WORDS[state],
                n_counted=counted, n_total=total, filled=filled, required=required, depth=depth or None,
                decided=decided, since_decision=since, engine_value=None if blank else own,
                engine_state=WORDS[engine_state], last_observed_us=None if seen == MISSING else seen,
                policy=policy.version_id, level=level, proposed_level=proposed,
            )  # fmt: skip


def rows_of(
    m: Moment,
    *,
    students: Sequence[int] | None = None,
    pairs: Sequence[Pair] | None = None,
    targets: Sequence[int] | None = None,
    held: bool = False,
) -> list[Row]:
    """Return the rating rows in view of the moment: of pairs, or of students (and targets), carried ones with them."""
    sources = carried_from(m)
    if pairs is not None:
        wanted = list(pairs) + [(s, old) for s, t in pairs for old in sources.get(t, ())]
        return evidence.rating_rows(
            columns=COLUMNS, pairs=wanted, before_us=m.before_us, through=m.through, held=held
        )
    if targets is not None:
        targets = list(dict.fromkeys([*targets, *(old for t in targets for old in sources.get(t, ()))]))
    return evidence.rating_rows(
        columns=COLUMNS,
        students=students,
        targets=targets,
        before_us=m.before_us,
        through=m.through,
        held=held,
    )


def carried_from(m: Moment) -> dict[int, tuple[int, ...]]:
    """Return for each target in force the ended targets whose evidence it carries, through any number of versions."""
    return _carried(frameworks.remembered_stamp(), m.day)


@lru_cache(maxsize=64)
def _carried(stamp: frameworks.Stamp, day: date) -> dict[int, tuple[int, ...]]:
    woods = frameworks.forest(stamp)
    found: dict[int, dict[int, None]] = {}
    for old in woods.replaced:
        item = woods.node(old)
        if not item.is_leaf or item.ends_on is None or item.ends_on > day:
            continue
        seen, queue = {old}, list(woods.replaced[old])
        while queue:
            new = queue.pop(0)
            if new in seen:
                continue
            seen.add(new)
            if woods.node(new).is_leaf:
                found.setdefault(new, {})[old] = None
            queue.extend(woods.replaced.get(new, ()))
    return {new: tuple(olds) for new, olds in found.items()}


def schools_of(m: Moment, students: Iterable[int]) -> dict[int, str | None]:
    """Return each student's school (sourcedId) on the day; asked only where policies differ by school."""
    listed = list(dict.fromkeys(students))
    if not m.book.schools_differ:
        return dict.fromkeys(listed)
    names = {school.id: school.sourced_id for school in rosters.schools()}
    enrolled = rosters.enrolled_school(person_ids=listed, on=m.day)
    return {student: names.get(enrolled.get(student, 0)) for student in listed}


def determine_all(
    m: Moment,
    rows: Sequence[Row],
    *,
    pairs: Sequence[Pair] | None = None,
    errors: bool = False,
    weigh: bool = False,
    rng: np.random.Generator | None = None,
    schools: Mapping[int, str | None] | None = None,
) -> list[Group]:
    """Determine every segment that has rows (or every one of `pairs`, with rows or without).

    Evidence of an ended target counts on the targets that took its place, marked as carried. `errors` with standard errors,
    where `rng` is needed for a rule that chooses by level; `weigh` with the weight of each rating. `schools` where the caller
    knows them: the school of each student whose policy applies.
    """
    by_pair = _by_pair(m, rows, pairs)
    if schools is None:
        schools = schools_of(m, (student for student, _ in by_pair))
    components = _components(m.book) if errors else None
    return [
        _group(policy, asked, components, weigh, rng)
        for policy, asked in _alike((m, pair, own, schools[pair[0]]) for pair, own in by_pair.items())
    ]


def determine_days(
    days: Sequence[Moment], rows: Sequence[Row], *, schools: Sequence[str | None]
) -> Iterator[tuple[list[Moment], Group]]:
    """Determine one student's rows at several moments, in as few calls of the kernel as one of them takes.

    `schools` are the student's at each moment. Yields each group with the moment of each of its segments; a segment
    without a row by then is missing.
    """
    asked: list[tuple[Moment, Pair, Own, str | None]] = []
    for m, school in zip(days, schools, strict=True):
        seen = [row for row in rows if m.before_us is None or row[AT["observed_us"]] < m.before_us]
        asked += [(m, pair, own, school) for pair, own in _by_pair(m, seen, None).items()]
    for policy, these in _alike(asked):
        yield [one.m for one in these], _group(policy, these, None, False, None)


def _by_pair(m: Moment, rows: Sequence[Row], pairs: Sequence[Pair] | None) -> dict[Pair, Own]:
    """Return the rows of each segment, with whether they were carried to it from an ended target."""
    by_pair: dict[Pair, Own] = {pair: [] for pair in pairs or ()}
    onward: dict[int, list[int]] = {}
    for new, olds in carried_from(m).items():
        for old in olds:
            onward.setdefault(old, []).append(new)
    for row in rows:
        own = (row[0], row[1])
        if pairs is None or own in by_pair:
            by_pair.setdefault(own, []).append((row, False))
        for new in onward.get(row[1], ()):
            moved = (row[0], new)
            if pairs is None or moved in by_pair:
                by_pair.setdefault(moved, []).append((row, True))
    return by_pair


def _alike(asked: Iterable[tuple[Moment, Pair, Own, str | None]]) -> Iterator[tuple[Policy, list[Asked]]]:
    """Return segments by the policy that they share but for its requirement."""
    groups: dict[Policy, list[Asked]] = {}
    # A policy is told apart by all that it says, which takes time: the same object is told apart once.
    known: dict[int, list[Asked]] = {}
    holding: dict[tuple[int, str | None], Mapping[int, Effective]] = {}
    for m, pair, own, school in asked:
        there = holding.get((id(m), school))
        if there is None:
            there = holding[id(m), school] = m.book.holding(school=school, on=m.day)
        effective = there[pair[1]]
        members = known.get(id(effective.alike))
        if members is None:
            members = known[id(effective.alike)] = groups.setdefault(effective.alike, [])
        members.append(Asked(m, pair, own, effective))
    yield from groups.items()


def _group(
    policy: Policy, asked: Sequence[Asked], components: Components | None, weigh: bool, rng: np.random.Generator | None
) -> Group:  # fmt: skip
    effective = [one.effective for one in asked]
    certifies = any(one.policy.requirement.certifying_pieces for one in effective)
    m = asked[0].m
    ratings, keys = ratings_of(
        m, [one.rows for one in asked], certifying=tasks.certifying() if certifies else frozenset()
    )
    ratings = _placed(ratings, [one.changes for one in effective])
    days = {id(one.m): one.m.today for one in {id(one.m): one for one in asked}.values()}
    today = m.today if len(days) == 1 else np.array([days[id(one.m)] for one in asked], np.int64)
    worked = work(
        ratings, policy, requirement=_requirement(effective), pieces_by_level=_by_level(effective), today=today,
        components=components, weigh=weigh, rng=rng,
    )  # fmt: skip
    return Group([one.pair for one in asked], effective, worked, keys)


def _placed(ratings: Ratings, changes: list[tuple[ScaleChange, ...]]) -> Ratings:
    """Return the ratings with every level where it stands on the present scale of its segment."""
    if not any(changes):
        return ratings
    levels = ratings.level.copy()
    kinds = list(dict.fromkeys(one for one in changes if one))
    which = np.array([kinds.index(one) if one else -1 for one in changes], np.int64)[ratings.segment]
    for n, own in enumerate(kinds):
        for change in own:
            given = np.rint(levels * 100)
            first = change.day.toordinal() - EPOCH_DAY
            due = (which == n) & ((ratings.day < first) | (ratings.sequence < change.sequence))
            for old, new in change.levels:
                levels[due & (given == old)] = new / 100
    return ratings.with_(level=levels)


def _requirement(effective: list[Effective]) -> Requirement:
    if all(one.policy.requirement is effective[0].policy.requirement for one in effective):
        return effective[0].policy.requirement
    asked = [one.policy.requirement for one in effective]
    found: dict[str, Any] = {}
    for name in REQUIREMENTS:
        values = [getattr(one, name) for one in asked]
        found[name] = np.array(values, np.int64) if any(values) else 0
    return Requirement(**found)


def _by_level(effective: list[Effective]) -> NDArray[np.int64] | None:
    tables = [one.policy.pieces_by_level for one in effective]
    if not any(tables):
        return None
    width = 2 + max(level for table in tables for level, _ in table)
    found = np.zeros((len(tables), width), np.int64)
    for row, table in enumerate(tables):
        named = dict(table)
        found[row, :] = named.pop(0, 0)
        for level, pieces in named.items():
            found[row, level] = pieces
    return found


def ratings_of(
    m: Moment, segments: Sequence[Sequence[tuple[Row, bool]]], *, certifying: frozenset[tuple[str, int]] = frozenset()
) -> tuple[Ratings, list[str]]:  # fmt: skip
    """Return the rows of segments as columns, and the client key of each; `certifying` are (task, target) that may certify."""
    flat = [row for rows in segments for row, _ in rows]
    if not flat:
        return Ratings.of(level=[], segment=[], count=len(segments)), []
    columns = list(zip(*flat, strict=True))
    observed = np.array(columns[AT["observed_us"]], np.int64)
    day = local_days(observed, m.zone)
    instructed = instructed_days(m.calendar)[day + EPOCH_DAY - FIRST_DAY.toordinal()]
    keys = list(columns[AT["key"]])

    def instants(name: str) -> list[int]:
        return [MISSING if value is None else value for value in columns[AT[name]]]

    def names(name: str, same: Callable[[str], str] = str) -> NDArray[np.int64]:
        found = columns[AT[name]]
        known = {"": -1}
        for value in dict.fromkeys(found):
            known.setdefault(same(value), len(known) - 1)
        number = {value: known[same(value)] for value in dict.fromkeys(found)}
        return np.fromiter(map(number.__getitem__, found), np.int64, len(found))

    ratings = Ratings.of(
        segment=np.repeat(np.arange(len(segments)), [len(rows) for rows in segments]),
        count=len(segments),
        level=np.array(columns[AT["level"]], np.float64) / 100,
        status=columns[AT["status"]], purpose=columns[AT["purpose"]], kind=columns[AT["kind"]],
        override=columns[AT["override"]], piece=names("piece"), attempt=columns[AT["attempt"]], observed=observed,
        submitted=instants("submitted_us"), due=instants("due_us"), recorded=instants("recorded_us"),
        sequence=columns[AT["origin_sequence"]], key=np.array(keys), depth=columns[AT["depth"]],
        rater=[-1 if value is None else value for value in columns[AT["rater_id"]]], task=names("task", whole_task),
        setting=names("setting"),
        continuum_level=[0 if value is None else value // 100 for value in columns[AT["continuum_level"]]],
        day=day, instructed=instructed, carried=[carried for rows in segments for _, carried in rows],
        certifying=[pair in certifying for pair in zip(columns[AT["task"]], columns[AT["target_id"]], strict=True)]
        if certifying else None,
    )  # fmt: skip
    return ratings, keys


def _components(book: Book) -> Components:
    said = book.settings["uncertainty"]
    return Components(said["task"], said["rater"], said["remainder"], said["source"])


def components(m: Moment) -> Components:
    """Return the spread of one rating that the district states, or the assumed one."""
    return _components(m.book)
