"""Every metric on facts written by hand, with the figure worked out beside it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from headway.analytics import engine
from headway.analytics.actions import facts_of, figures
from headway.analytics.asking import head_count, question
from headway.analytics.estimating import answers, tables
from headway.analytics.metrics import EXPLAINED, GROUPS, KINDS, METRICS, STATES, STEPS, WAIT
from headway.analytics.types import Cell
from headway.kit.refusals import Refusal

from .handmade import rated, stands, student, target, write
from .simulated import district

A, B, C, GONE = student("a"), student("b"), student("c", "S"), student("x", None)


def ask(
    folder: Path, metric: str, *by: str, only: tuple[str, str] | None = None
) -> dict[tuple[str, ...], Cell]:
    with facts_of(folder) as engine:
        return {one.part: one for one, _ in answers(engine, METRICS[metric], by, only=only)}


def scoped(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"student": who, "target": what, "in_plan": True, "at_grade_level": False} for who, what in pairs]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """a and b in school N, c in S, x has left. P, Q and R are asked of a; P of b and of c."""
    return write(
        tmp_path / "facts",
        student=[A, B, C, GONE],
        target=[target("P", asks_depth=2), target("Q", asks_depth=3), target("R"), target("H", "L", kind="lifelong")],
        scope=scoped(("a", "P"), ("a", "Q"), ("a", "R"), ("b", "P"), ("c", "P"), ("x", "P")),
        rating=[
            rated("a", "P", depth=2), rated("a", "P", piece="aP2", depth=2), rated("b", "P"), rated("a", "Q", depth=3),
            rated("x", "P"), rated("a", "H", kind="self", level=4.0), rated("a", "H", kind="teacher", level=2.0),
            rated("b", "H", kind="teacher", level=3.0),
        ],
        determination=[
            stands("a", "P", "proficient", depth=2), stands("a", "Q", "beyond", depth=2, decided=True, direction="up"),
            stands("b", "P", "not_yet"), stands("x", "P", "proficient"),
        ],
        opportunity=[{"opportunity": "o1", "student": "c", "target": "P", "purpose": "evidence", "state": "offered", "depth": 3}],
        journey=[
            {"student": "a", "target": "P", "first_reached": False, "tried_again": True, "reached": True, "tries": 2, "days": 9},
            {"student": "b", "target": "P", "first_reached": False, "tried_again": False, "reached": False,
             "tries": 1, "days": 4},
            {"student": "a", "target": "Q", "first_reached": True, "tried_again": False, "reached": True, "tries": 1, "days": 0},
        ],
        pace=[
            {"student": "a", "plan": "1", "filled": 3, "required": 4, "state": "ahead"},
            {"student": "a", "plan": "2", "filled": 0, "required": 2, "state": "behind"},
            {"student": "b", "plan": "1", "filled": 4, "required": 4, "state": "on_pace"},
        ],
        position=[
            {"student": "a", "framework": "M", "rate": 1.5, "grade_level": "above", "graduation": 12, "trajectory": "on"},
            {"student": "b", "framework": "M", "rate": 0.5, "grade_level": "below", "graduation": 12, "trajectory": "too_early"},
            {"student": "c", "framework": "M", "rate": None, "grade_level": "at", "graduation": None, "trajectory": "too_early"},
        ],
        need=[{"student": "a", "reason": "stuck", "target": "P", "times": 1},
              {"student": "b", "reason": "ready_to_advance", "target": "", "times": 1}],
    )  # fmt: skip


def test_proficient_share_counts_what_is_in_scope_and_taught_never_only_what_was_rated(small: Path) -> None:
    found = ask(small, "proficient_share", "school")
    # School N: P and Q were rated there, R was not, so R is not taught. a: 2 of 2; b: 0 of 1. School S: P was offered to c.
    assert (found[("N",)].hits, found[("N",)].chances, found[("N",)].n) == (2, 3, 2)
    assert found[("N",)].value == pytest.approx(2 / 3)
    assert (found[("S",)].value, found[("S",)].n) == (0.0, 1)


def test_excused_and_individual_goals_leave_both_sums(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "f", student=[A, B], target=[target("P"), target("Q")],
        scope=scoped(("a", "P"), ("a", "Q"), ("b", "P")), rating=[rated("a", "P"), rated("a", "Q")],
        determination=[stands("a", "P", "proficient"), stands("a", "Q", "excused"), stands("b", "P", "individual_goal")],
    )  # fmt: skip
    assert {part: (one.hits, one.chances) for part, one in ask(folder, "proficient_share").items()} == {
        (): (1, 1)
    }
    assert ask(folder, "coverage")[()].chances == 1


def test_coverage_counts_every_target_in_scope(small: Path) -> None:
    found = ask(small, "coverage")[()]
    assert (found.hits, found.chances, found.n) == (3, 5, 3)


def test_progress_and_the_plan_that_needs_most(small: Path) -> None:
    found = ask(small, "progress")[()]
    assert (found.hits, found.chances, found.n) == (7, 10, 2)
    pace = {state.name: state.n for state in ask(small, "pace")[()].states}
    assert pace == {"behind": 1, "no_chance_offered": 0, "not_enough_data": 0, "on_pace": 1, "ahead": 0}


def test_growth_is_the_mean_of_students_and_says_for_how_many_it_is_unknown(small: Path) -> None:
    found = ask(small, "growth")[("M",)]
    assert (found.value, found.n, found.of) == (1.0, 2, 3)
    assert found.interval is not None and found.interval[0] < 1.0 < found.interval[1]


def test_grade_level_and_on_track_are_counted_apart_for_each_continuum(small: Path) -> None:
    assert [(s.name, s.n) for s in ask(small, "grade_level")[("M",)].states] == [
        ("below", 1),
        ("at", 1),
        ("above", 1),
    ]
    assert [(s.name, s.n) for s in ask(small, "on_track")[("M",)].states] == [
        ("off", 0),
        ("too_early", 1),
        ("on", 1),
    ]


def test_depth_leaves_out_targets_to_which_it_does_not_apply(small: Path) -> None:
    found = ask(small, "depth")[()]
    # P asks for 2 and was shown at 2; Q asks for 3 and was shown at 2; x is in no school.
    assert (found.hits, found.chances) == (1, 2)


def test_chances_are_pieces_and_open_offers_for_each_target_in_scope(small: Path) -> None:
    found = ask(small, "chances", "school")
    # N: a on P two pieces, on Q one, on R none; b on P one: 4 for 4 targets. S: the offer.
    assert (found[("N",)].value, found[("S",)].value) == (1.0, 1.0)
    deep = ask(small, "deep_chances")[()]
    assert (deep.hits, deep.chances) == (1, 1)


def test_assessed_again_and_tries(small: Path) -> None:
    found = ask(small, "reassessed")[()]
    assert (found.hits, found.chances) == (1, 2)
    with facts_of(small) as engine:
        waits = engine.rows(question(METRICS["tries"], []))
        assert [(row["wait"], row["ended"], row["times"]) for row in waits] == [
            (1.0, False, 1),
            (1.0, True, 1),
            (2.0, True, 1),
        ]
        assert engine.rows(head_count(METRICS["tries"], [])) == [{"n": 2}]


def test_decisions_beside_the_rule(small: Path) -> None:
    found, up = ask(small, "overrides")[()], ask(small, "overrides_up")[()]
    assert (found.hits, found.chances, up.hits, up.chances) == (1, 3, 1, 1)


def test_readiness_to_move_up_is_no_need(small: Path) -> None:
    assert {state.name: state.n for state in ask(small, "needs")[()].states} == {"yes": 1, "no": 2}


def test_habits_are_told_apart_by_observer(small: Path) -> None:
    found = ask(small, "habits")
    assert {part: one.value for part, one in found.items()} == {("L", "self"): 4.0, ("L", "teacher"): 2.5}


def test_sums_of_a_table_are_those_that_are_asked_one_by_one(tmp_path: Path) -> None:
    folder = district(tmp_path / "d", 9)
    with facts_of(folder) as engine:
        for metric in METRICS.values():
            if metric.kind in (STEPS, EXPLAINED):
                continue
            own = [name for name in metric.parts if name not in metric.apart][:1]
            by = ("school", "sex", *own)
            found: dict[tuple[str, ...], list[Any]] = {}
            for shown, cell, given in tables(engine, metric, by):
                found.setdefault(shown, []).append((cell, given))
            assert len(found) == 2 ** len(by), metric.key
            for shown, cells in found.items():
                asked, where = list(answers(engine, metric, shown)), (metric.key, shown)
                assert [cell.part for cell, _ in cells] == [cell.part for cell, _ in asked], where
                for (mine, sums), (theirs, expected) in zip(cells, asked, strict=True):
                    assert sums == pytest.approx(expected, rel=1e-12), where
                    assert (mine.n, mine.of, mine.states) == (theirs.n, theirs.of, theirs.states), where
                    assert [mine.value] == [theirs.value and pytest.approx(theirs.value, rel=1e-12)], where


def test_a_file_that_no_question_is_about_is_not_opened(small: Path) -> None:
    with facts_of(small) as facts:
        list(answers(facts, METRICS["coverage"], ("school",)))
        views = facts.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name")
    opened = {row["view_name"] for row in views}
    assert {"scope", "student", "target"} <= opened and not {"rating", "determination", "journey"} & opened


def test_one_school_alone(small: Path) -> None:
    assert ask(small, "coverage", only=("school", "S"))[()].n == 1


def test_what_does_not_fit_into_memory_waits_where_nobody_else_reads_and_goes(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MEMORY", "64MB")
    with facts_of(small) as facts:
        (place,) = facts.rows("SELECT current_setting('temp_directory') AS folder")
        spill = Path(place["folder"])
        assert stat.S_IMODE(spill.stat().st_mode) == 0o700
        (found,) = facts.rows(
            "SELECT COUNT(*) AS n FROM (SELECT DISTINCT printf('%032d', i) FROM range(3000000) t(i))"
        )
        assert found["n"] == 3_000_000
    assert not spill.exists()


def test_an_unknown_part_is_refused(small: Path) -> None:
    with pytest.raises(Refusal) as refused:
        ask(small, "progress", "framework")
    assert refused.value.code == "unknown_part"


@pytest.mark.parametrize("key", METRICS)
def test_every_definition_runs_on_empty_facts_and_yields_its_columns(tmp_path: Path, key: str) -> None:
    metric = METRICS[key]
    folder = write(tmp_path / "none", student=[A])
    with facts_of(folder) as engine:
        assert (
            engine.rows(
                f"SELECT student, {', '.join((*KINDS[metric.kind], *metric.parts))} FROM ({metric.sql}) u"
            )
            is not None
        )
        for by in (
            (),
            ("school",),
            ("school", "grade"),
            *((group,) for group in GROUPS),
            *((part,) for part in metric.parts),
        ):
            rows = engine.rows(question(metric, by))
            assert all(not row.get("n") for row in rows) or key == "needs"
            if metric.kind == WAIT:
                engine.rows(head_count(metric, by))


def test_a_name_with_a_quote_is_a_name(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "q",
        student=[student("a", "O'Hara")],
        pace=[{"student": "a", "plan": "1", "filled": 1, "required": 2}],
    )
    assert ask(folder, "progress", only=("school", "O'Hara"))[()].n == 1
    assert ask(folder, "progress", only=("school", "' OR 1=1 --")) == {}


def test_every_metric_says_in_words_what_it_is() -> None:
    for metric in METRICS.values():
        assert metric.says.endswith(".") and metric.fails.endswith(".") and metric.formula and metric.title
        assert metric.kind in KINDS and set(metric.apart) <= set(metric.parts)
        assert bool(metric.states) == (metric.kind == STATES)


def test_waits_are_medians_with_what_still_waits(tmp_path: Path) -> None:
    waits = [("a", 1.0, True), ("a", 2.0, True), ("b", 3.0, True), ("b", 4.0, False), ("c", 5.0, False)]
    folder = write(
        tmp_path / "w", student=[A, B, C],
        attempt=[{"student": who, "piece": f"{who}{n}", "attempt": 1, "wait_days": n, "answered": done}
                 for who, n, done in waits],
    )  # fmt: skip
    found = ask(folder, "feedback_days")[()]
    # Kaplan-Meier: 4/5, 3/5, 2/5: half at 3 days; the mean of the answered would be 2.
    assert (found.value, found.n) == (3.0, 3)
    assert ask(folder, "feedback_days", "school")[("S",)].reasons[-1] == "half_not_reached"
    assert ask(folder, "tries") == {} and ask(folder, "ready_days") == {}


def test_a_group_has_its_gap_to_all_others_with_an_interval(tmp_path: Path) -> None:
    people = [student(f"s{i:02}", "N", english_learner=i < 20) for i in range(60)]
    scope = scoped(*((p["student"], f"T{k}") for p in people for k in range(10)))
    reached = [
        stands(p["student"], f"T{k}", "proficient")
        for i, p in enumerate(people)
        for k in range(4 if i < 20 else 7 + i % 2)
    ]
    folder = write(
        tmp_path / "g", student=people, target=[target(f"T{k}") for k in range(10)], scope=scope, determination=reached,
        rating=[rated(p["student"], f"T{k}") for p in people[:1] for k in range(10)],
    )  # fmt: skip
    with facts_of(folder) as engine:
        found = {
            one.part: one
            for one in figures(engine, "proficient_share", ("school", "english_learner"), minimum=10).cells
        }
    learner, other = found["N", "yes"], found["N", "no"]
    assert (learner.value, other.value, learner.gap, other.gap) == (0.4, 0.75, -0.35, 0.35)
    assert learner.gap_interval is not None and learner.gap_interval[0] < -0.35 < learner.gap_interval[1] < 0
    assert found["N", "total"].gap is None
