"""The projection of determinations: refreshed with every save, rebuilt and compared on demand.

A stored row is right for today as long as the policy it names is still the one in force and its rule looks back over
no window of days; `standing_today` computes afresh where either fails, so that a page never shows a stale level.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import connection

from headway.frameworks import queries as frameworks
from headway.proficiency.types import Difference, Effective, Standing
from headway.proficiency.working import Moment, Pair, carried_from, determine_all, rows_of, schools_of
from headway.science.codes import State

COLUMNS = (
    "student_id", "target_id", "value", "state", "n_counted", "n_total", "filled", "required", "depth", "decided",
    "since_decision", "engine_value", "engine_state", "last_observed_us", "policy_id", "level", "proposed_level",
    "through_sequence",
)  # fmt: skip
_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
_CHANGES = ", ".join(f'"{name}" = excluded."{name}"' for name in COLUMNS[2:])
UPSERT = (
    f"INSERT INTO headway_determination ({_NAMES}) VALUES ({', '.join(['%s'] * len(COLUMNS))}) "
    f"ON CONFLICT (student_id, target_id) DO UPDATE SET {_CHANGES}"
)
_REACHED = f"d.state IN ({int(State.PROFICIENT)}, {int(State.BEYOND)})"
COUNTED = (
    f"SELECT d.student_id, n.framework_id, COALESCE(n.level, 1), SUM(CASE WHEN {_REACHED} THEN 1 ELSE 0 END), "
    f"SUM(CASE WHEN d.state <> {int(State.INDIVIDUAL_GOAL)} AND (d.n_counted > 0 OR d.decided) THEN 1 ELSE 0 END) "
    "FROM headway_determination d "
    "JOIN headway_node n ON n.id = d.target_id WHERE n.is_leaf AND n.starts_on IS NULL AND n.ends_on IS NULL "
    "GROUP BY 1, 2, 3"
)
INSERT_TALLY = "INSERT INTO headway_tally (student_id, framework_id, level, reached, seen) "
ADD = (
    f"{INSERT_TALLY}VALUES (%s, %s, %s, %s, %s) ON CONFLICT (student_id, framework_id, level) DO UPDATE SET "
    "reached = headway_tally.reached + excluded.reached, seen = headway_tally.seen + excluded.seen"
)
_WORDS = [state.word for state in State]
_CODES = {state.word: int(state) for state in State}
Stored = tuple[Any, ...]


def refresh(m: Moment, pairs: Iterable[Pair], *, through: int) -> list[Standing]:
    """This will determine pairs afresh and write their rows; pairs whose evidence is gone lose their row."""
    touched = with_carried(m, pairs)
    before = {
        (row[0], row[1]): standing_of(row)
        for row in stored(students=list({s for s, _ in touched}), targets=list({t for _, t in touched}))
    }
    found = {
        (s.student, s.target): s
        for group in determine_all(m, rows_of(m, pairs=touched), pairs=touched)
        for s in group.standings()
    }
    kept = {pair: s for pair, s in found.items() if s.n_total}
    write(list(kept.values()), through=through)
    gone = [pair for pair in found if pair not in kept]
    if gone:
        with connection.cursor() as cursor:
            cursor.executemany(
                "DELETE FROM headway_determination WHERE student_id = %s AND target_id = %s", gone
            )
    _add_to_tallies(found, before, kept)
    return list(found.values())


def _add_to_tallies(pairs: Iterable[Pair], before: dict[Pair, Standing], after: dict[Pair, Standing]) -> None:
    """Add to the tallies what changed between the rows before and after. In the caller's transaction."""
    woods = frameworks.remembered()
    changes: dict[tuple[int, int, int], list[int]] = {}
    for pair in pairs:
        old, new = _counts(before.get(pair)), _counts(after.get(pair))
        node = woods.node(pair[1])
        if old != new and node.is_leaf and node.starts_on is None and node.ends_on is None:
            change = changes.setdefault((pair[0], node.framework_id, node.level or 1), [0, 0])
            change[0] += new[0] - old[0]
            change[1] += new[1] - old[1]
    if changes:
        with connection.cursor() as cursor:
            cursor.executemany(ADD, [(*key, *change) for key, change in changes.items()])


def _counts(s: Standing | None) -> tuple[bool, bool]:
    """Return whether a standing counts as reached and as seen: what `COUNTED` says in SQL."""
    if s is None:
        return False, False
    return _CODES[s.state] in (State.PROFICIENT, State.BEYOND), s.seen


def with_carried(m: Moment, pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pairs, and those to which their evidence is carried today."""
    onward: dict[int, list[int]] = {}
    for new, olds in carried_from(m).items():
        for old in olds:
            onward.setdefault(old, []).append(new)
    listed = list(dict.fromkeys(pairs))
    return list(dict.fromkeys([*listed, *((s, new) for s, t in listed for new in onward.get(t, ()))]))


def write(standings: Sequence[Standing], *, through: int) -> None:
    """Insert or replace the rows of standings."""
    rows = [row_of(s, through) for s in standings]
    with connection.cursor() as cursor:
        cursor.executemany(UPSERT, rows)


def tally_anew() -> None:
    """This will count again what every student has reached by level."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM headway_tally")
        cursor.execute(INSERT_TALLY + COUNTED)


def tally_breaks() -> list[tuple[int, str, str]]:
    """Return (student, counted, stored) of every tally that is not what the stored determinations count to."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTED)
        counted = {row[:3]: tuple(map(int, row[3:])) for row in cursor.fetchall()}
        cursor.execute("SELECT student_id, framework_id, level, reached, seen FROM headway_tally")
        stored_now = {row[:3]: row[3:] for row in cursor.fetchall()}
    return [
        (key[0], str(counted.get(key, (0, 0))), str(stored_now.get(key, (0, 0))))
        for key in sorted({*counted, *stored_now}) if counted.get(key, (0, 0)) != stored_now.get(key, (0, 0))
    ]  # fmt: skip


def row_of(s: Standing, through: int) -> Stored:
    """Return the stored row of a standing."""
    return (
        s.student, s.target, s.value, _CODES[s.state], s.n_counted, s.n_total, s.filled, s.required, s.depth, s.decided,
        s.since_decision, s.engine_value, _CODES[s.engine_state], s.last_observed_us or 0, s.policy, s.level,
        s.proposed_level, through,
    )  # fmt: skip


def standing_of(row: Stored) -> Standing:
    """Return what a stored row says."""
    return Standing(
        student=row[0], target=row[1], value=row[2], state=_WORDS[row[3]], n_counted=row[4], n_total=row[5],
        filled=row[6], required=row[7], depth=row[8], decided=bool(row[9]), since_decision=row[10],
        engine_value=row[11], engine_state=_WORDS[row[12]], last_observed_us=row[13], policy=row[14], level=row[15],
        proposed_level=row[16],
    )  # fmt: skip


def stored(*, students: Sequence[int] | None = None, targets: Sequence[int] | None = None) -> list[Stored]:
    """Return stored rows of students, targets, both, or all."""
    where, values = ["1 = 1"], []
    for name, keys in (("student_id", students), ("target_id", targets)):
        if keys is None:
            continue
        if len(keys) > 900:
            # Integer keys of our own: a literal list knows no limit of parameters.
            where.append(f"{name} IN ({', '.join(str(int(key)) for key in keys)})")
        else:
            where.append(f"{name} IN ({', '.join(['%s'] * len(keys))})" if keys else "1 = 0")
            values += list(keys)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_NAMES} FROM headway_determination WHERE {' AND '.join(where)}", values)
        return cursor.fetchall()


def standing_today(
    m: Moment, *, students: Sequence[int] | None = None, targets: Sequence[int] | None = None
) -> dict[Pair, Standing]:
    """Return what stands today: stored rows, but determined afresh where policy, version or window say so."""
    found, again = _fresh_and_due(m, stored(students=students, targets=targets), targets)
    if again:
        for group in determine_all(m, rows_of(m, pairs=again), pairs=again):
            found.update({(s.student, s.target): s for s in group.standings() if s.n_total})
    return found


def bring_up_to_date(m: Moment, students: Sequence[int], *, through: int) -> int:
    """This will determine again what a new day changed for students (a window moved on, a policy came into force).

    Returns the number of pairs. In the caller's transaction.
    """
    _, again = _fresh_and_due(m, stored(students=students), None)
    if again:
        refresh(m, again, through=through)
    return len(again)


def is_behind(m: Moment, students: Sequence[int]) -> bool:
    """Whether a new day changed what stands of students: `bring_up_to_date` would determine something."""
    return bool(_fresh_and_due(m, stored(students=students), None)[1])


def is_due(m: Moment, d: Difference) -> bool:
    """Whether a row differs because the day moved on, and not because somebody altered it: it is not read as it stands."""
    if d.expected is None:
        return False
    if d.stored is None:
        return d.expected.target in carried_from(m)
    school = schools_of(m, [d.student])[d.student]
    effective = m.book.effective(node=d.target, school=school, on=m.day)
    return d.stored.policy != effective.version_id or _has_window(effective)


def _has_window(effective: Effective) -> bool:
    return getattr(effective.policy.parameters, "window_weeks", 0) > 0


def _fresh_and_due(
    m: Moment, rows: Sequence[Stored], targets: Sequence[int] | None
) -> tuple[dict[Pair, Standing], list[Pair]]:
    """Return the stored rows that hold today, and the pairs that must be determined again to know."""
    found: dict[Pair, Standing] = {}
    stale: list[Pair] = []
    schools = schools_of(m, (row[0] for row in rows))
    rule: dict[tuple[int, str | None], tuple[int, bool]] = {}
    for row in rows:
        key = (row[1], schools[row[0]])
        if key not in rule:
            effective = m.book.effective(node=row[1], school=key[1], on=m.day)
            rule[key] = (effective.version_id, _has_window(effective))
        version, windowed = rule[key]
        if version != row[14] or windowed:
            stale.append((row[0], row[1]))
        else:
            found[row[0], row[1]] = standing_of(row)
    return found, [*stale, *_newly_carried(m, found, stale, targets)]


def _newly_carried(
    m: Moment, found: dict[Pair, Standing], stale: list[Pair], targets: Sequence[int] | None
) -> list[Pair]:
    """Return pairs that carry evidence since a version came into force, and have no row of their own yet."""
    sources = carried_from(m)
    if not sources:
        return []
    have = found.keys() | set(stale)
    students = {student for student, _ in have}
    wanted = [new for new in sources if targets is None or new in set(targets)]
    return [
        (student, new)
        for student in students
        for new in wanted
        if (student, new) not in have and any((student, old) in have for old in sources[new])
    ]


def replayed(m: Moment, *, students: Sequence[int] | None = None) -> dict[Pair, Standing]:
    """Return every determination as the ledger and the policies in force make it."""
    rows = rows_of(m, students=students)
    return {
        (s.student, s.target): s for group in determine_all(m, rows) for s in group.standings() if s.n_total
    }


def differences(m: Moment, *, apply: bool, through: int) -> list[Difference]:
    """Compare the stored rows with a replay; with `apply` write the replay. Returns what differs."""
    expected = replayed(m)
    found: list[Difference] = []
    for row in stored():
        wanted = expected.pop((row[0], row[1]), None)
        if wanted is None:
            found.append(Difference(row[0], row[1], standing_of(row), None))
        elif row_of(wanted, 0)[:-1] != _normal(row):
            found.append(Difference(row[0], row[1], standing_of(row), wanted))
    found += [Difference(student, target, None, wanted) for (student, target), wanted in expected.items()]
    if apply and found:
        with connection.cursor() as cursor:
            gone = [(d.student, d.target) for d in found if d.expected is None]
            cursor.executemany(
                "DELETE FROM headway_determination WHERE student_id = %s AND target_id = %s", gone
            )
        write([d.expected for d in found if d.expected is not None], through=through)
    if apply and tally_breaks():
        # Also where nothing differs: a new edition of a continuum may have moved a target to another level.
        tally_anew()
    return found


def _normal(row: Stored) -> Stored:
    values = list(row[:-1])
    values[9] = bool(values[9])
    return tuple(values)


def targets_in_force(framework_id: int, day: date) -> tuple[int, ...]:
    """Return the keys of a continuum's targets on a day, in path order."""
    return tuple(node.id for node in frameworks.leaves(framework_id, on=day))
