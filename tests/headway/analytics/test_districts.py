"""A state joins the snapshots of districts: whose names collide, whose sums are the state's, and what is refused."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.analytics.actions import facts_of, figures
from headway.analytics.asking import head_count, question
from headway.analytics.estimating import answers
from headway.analytics.joining import OF_A_DISTRICT
from headway.analytics.metrics import EXPLAINED, KINDS, METRICS, STATES, STEPS, WAIT, Metric
from headway.analytics.opening import opened
from headway.analytics.types import DISTRICT, TOTAL, Engine
from headway.kit.refusals import Refusal

from .handmade import rated, sealed, stands, student, target, write
from .simulated import district

NAMES = [f"d{n:02d}" for n in range(20)]
KEYS = {STATES: ("state",), WAIT: ("wait", "ended")}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twenty districts, no two alike, whose rosters all count from the same number."""
    folder = tmp_path_factory.mktemp("state")
    return [district(folder / name, n, students=30 + n, schools=2) for n, name in enumerate(NAMES)]


def summed(engine: Engine, metric: Metric, *by: str) -> dict[tuple[Any, ...], dict[str, float]]:
    """Return the sums of an answer by what tells its rows apart."""
    if metric.kind in (STEPS, EXPLAINED):
        # A row for each student: their names are a district's own, their sums are not.
        rows = engine.rows(question(metric, by))
        names = KINDS[metric.kind]
        return {(): {"n": len(rows), **{name: sum(row[name] or 0 for row in rows) for name in names}}}
    keys = [*dict.fromkeys([*metric.apart, *by]), *KEYS.get(metric.kind, ())]
    found = {}
    for row in engine.rows(question(metric, by)):
        found[tuple(row[name] for name in keys)] = {name: row[name] or 0 for name in row if name not in keys}
    if metric.kind == WAIT:
        for row in engine.rows(head_count(metric, by)):
            found["people", *(row[name] for name in by)] = {"n": row["n"]}
    return found


def together(
    parts: Iterator[dict[tuple[Any, ...], dict[str, float]]],
) -> dict[tuple[Any, ...], dict[str, float]]:
    found: dict[tuple[Any, ...], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for part in parts:
        for key, values in part.items():
            for name, value in values.items():
                found[key][name] += value
    return found


def test_sums_of_districts_are_the_states(state: list[Path]) -> None:
    parts: dict[str, list[Any]] = {key: [] for key in METRICS}
    for folder in state:
        with facts_of(folder) as alone:
            for metric in METRICS.values():
                parts[metric.key].append(summed(alone, metric))
    with facts_of(*state, districts=NAMES) as joined:
        for metric in METRICS.values():
            found, expected = summed(joined, metric), together(iter(parts[metric.key]))
            assert set(found) == set(expected), metric.key
            for key, values in found.items():
                assert values == pytest.approx(expected[key], rel=1e-12), (metric.key, key)
            assert sum(values.get("n", values.get("times", 0)) for values in found.values()) > 20


def test_each_district_keeps_its_own_figures(state: list[Path]) -> None:
    with facts_of(*state, districts=NAMES) as joined:
        found = {cell.part: cell for cell, _ in answers(joined, METRICS["proficient_share"], (DISTRICT,))}
    assert set(found) == {(name,) for name in NAMES}
    for folder, name in zip(state, NAMES, strict=True):
        with facts_of(folder) as alone:
            (own, _), = answers(alone, METRICS["proficient_share"], ())  # fmt: skip
        mine = found[(name,)]
        assert (mine.n, mine.hits, mine.chances, mine.interval) == (
            own.n,
            own.hits,
            own.chances,
            own.interval,
        )


def test_one_name_in_two_districts_is_two_students(tmp_path: Path) -> None:
    def one(name: str, state: str) -> Path:
        return write(
            tmp_path / name, student=[student("1001")], target=[target("P")], rating=[rated("1001", "P")],
            scope=[{"student": "1001", "target": "P", "in_plan": True, "at_grade_level": True}],
            determination=[stands("1001", "P", state)], need=[{"student": "1001", "reason": "stuck", "target": "", "times": 1}],
        )  # fmt: skip

    north, south = one("north", "proficient"), one("south", "not_yet")
    with facts_of(north, south, districts=("north", "south")) as joined:
        (cell, _), = answers(joined, METRICS["proficient_share"], ())  # fmt: skip
        names = [(row["student"], row["target"], row["school"]) for row in joined.rows(
            "SELECT s.student, s.target, p.school FROM scope s JOIN student p ON p.student = s.student ORDER BY s.student"
        )]  # fmt: skip
        about = [row["target"] for row in joined.rows("SELECT target FROM need")]
    # Two students with one target each, and not one with the four pairs of two and two rows.
    assert (cell.n, cell.hits, cell.chances) == (2, 1, 2)
    assert names == [("north/1001", "north/P", "north/N"), ("south/1001", "south/P", "south/N")]
    assert about == ["", ""]


def test_every_column_that_names_something_of_a_district_is_told_apart() -> None:
    from headway.analytics.dictionary import FACTS

    # What tells rows apart is a name inside the district, a number or a day in it, or a word that all districts share.
    shared = {"framework", "grade", "reason", "point", "on", "observed_at", "sequence", "attempt", "step"}
    # What ties districts together: a task keeps the name of where it was written, its parts are numbers in it.
    shared |= {"common_task", "version", "anchor", "criterion", "level"}
    order = {name for fact in FACTS for name in fact.order}
    assert order - shared <= set(OF_A_DISTRICT)
    assert set(OF_A_DISTRICT) <= {column.name for fact in FACTS for column in fact.columns}


def test_a_states_figures_leave_by_the_gate_like_any(state: list[Path]) -> None:
    with facts_of(*state[:4], districts=NAMES[:4]) as joined:
        found = figures(joined, "needs", (DISTRICT,), minimum=10)
    assert found.names == (DISTRICT,)
    assert {cell.part for cell in found.cells} == {(TOTAL,), *((name,) for name in NAMES[:4])}


def refused(*given: str, **more: Any) -> str:
    with pytest.raises(Refusal) as no, opened(given, **more):
        pass
    return no.value.code


def test_snapshots_by_name_are_opened_joined(state: list[Path]) -> None:
    for folder in state[:2]:
        sealed(folder)
    with opened([f"north={state[0]}", f"south={state[1]}"]) as found:
        assert found.districts == ("north", "south")
        assert len(found.engine.rows("SELECT student FROM student")) == 61
    with opened([str(state[0])]) as found:
        assert found.districts == () and math.isclose(
            len(found.engine.rows("SELECT student FROM student")), 30
        )


def test_what_is_no_whole_snapshot_of_one_day_under_names_is_refused(tmp_path: Path) -> None:
    one, other = (sealed(write(tmp_path / name, student=[student("a")])) for name in ("one", "other"))
    assert refused(f"a={one}", str(other)) == "district_names"
    assert refused(f"a={one}", f"a={other}") == "district_names"
    assert refused(f"a/b={one}", f"c={other}") == "district_names"
    assert refused(f"a={one}", f"b={tmp_path}") == "no_facts"
    assert refused(str(one), engine="abacus") == "unknown_engine"
    assert refused(f"a={one}", f"b={sealed(other, as_of='2026-11-19')}") == "other_days"
    # Nothing is asked of facts that this version does not know.
    assert refused(str(sealed(other, schema="0"))) == "other_facts"
    pq.write_table(
        pq.read_table(other / "student.parquet").append_column("shoe_size", pa.array([43])),
        other / "student.parquet",
    )
    assert refused(f"a={one}", f"b={other}") == "snapshot_damaged"
    assert refused(f"a={one}", f"b={sealed(other)}") == "other_facts"
