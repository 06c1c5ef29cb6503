"""Determinations as rows: targets, competencies and areas; growth, depth, the weakest child; explanations as data."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from headway.access.types import SYSTEM
from headway.frameworks import actions as frameworks
from headway.frameworks.types import REPLACED_BY
from headway.kit.refusals import Refusal
from headway.proficiency import actions, queries

from ..frameworks.packages import package, under
from .conftest import NOW, policy, viewer

pytestmark = pytest.mark.django_db


def rows(student: str = "u1", **when):
    found = queries.exported_all(
        as_of=when.get("as_of"), known_at=when.get("known_at"), now=NOW, student=student, statements={}
    )
    return {row["target"]: row for row in found}


def bring(**own) -> None:
    actions.import_policy(actor=SYSTEM, body=policy(**own), name="p.toml", at=NOW)


def test_a_row_for_every_item_with_an_event_and_the_parent_shows_its_weakest_child(record) -> None:
    bring(rule="mean", parent={"rule": "mean", "floor": 2})
    record({"level": 4}, {"level": 3, "target": "A2"}, {"level": 1, "target": "A3"})
    found = rows()
    assert set(found) == {"A1", "A2", "A3", "CA", "AR"}
    # (4 + 3 + 1) / 3 = 2.67; A3 lies under the floor of 2.
    assert (
        found["CA"]["value"],
        found["CA"]["state"],
        found["CA"]["weakest"],
        found["CA"]["weakest_value"],
    ) == (2.67, "not_yet", "A3", 1.0)
    assert found["CA"]["n_counted"] == 3 and found["A1"]["weakest"] is None
    assert (found["A1"]["rule"], found["A1"]["rule_version"], found["A1"]["progress"]) == ("mean", 1, 1.0)
    # Nobody rated B1, so the area is not determined yet.
    assert found["AR"]["state"] == "too_little"


def test_a_floor_keeps_a_competency_from_being_proficient(record) -> None:
    bring(rule="mean", parent={"rule": "mean", "floor": 3})
    record({"level": 4}, {"level": 4, "target": "A2"}, {"level": 2, "target": "A3"})
    assert (rows()["CA"]["value"], rows()["CA"]["state"]) == (3.33, "not_yet")


def test_growth_counts_from_the_stored_baseline_and_zero_is_a_value(record) -> None:
    bring(rule="most-recent", growth={"baseline": "stored-or-first"})
    record({"level": 2, "purpose": "baseline", "observed_at": "2026-09-01"}, {"level": 2})
    found = rows()["A1"]
    assert (found["growth"], found["baseline"]) == (0.0, 2.0)
    record({"level": 4, "observed_at": "2026-10-05"})
    assert rows()["A1"]["growth"] == 2.0
    record({"level": 3, "target": "A2"})
    assert rows()["A2"]["growth"] is None


def test_growth_per_year_asks_twelve_instructed_weeks(record) -> None:
    bring(rule="most-recent")
    record({"level": 1, "observed_at": "2025-11-01"}, {"level": 3})
    found = rows()["A1"]
    assert found["growth"] == 2.0 and found["growth_per_year"] == pytest.approx(1.31, abs=0.05)
    assert rows("u1", as_of=date(2025, 11, 20))["A1"]["growth"] is None


def test_depth_is_the_deepest_counted_piece_at_proficient(record) -> None:
    bring(rule="most-recent")
    record({"level": 2, "depth": 4}, {"level": 3, "depth": 2, "observed_at": "2026-10-02"})
    assert rows()["A1"]["depth"] is None  # the target states no depth: it does not apply
    frameworks.apply_package(_with_depth(), actor=SYSTEM, at=NOW)
    assert rows()["A1"]["depth"] == 2


def _with_depth():
    from ..frameworks.packages import node

    codes = [
        node(c, depth=2) if c in ("A1", "A2", "A3", "B1") else c
        for c in ("AR", "CA", "CB", "A1", "A2", "A3", "B1")
    ]
    return package(
        "MATH", codes, *under("AR", "CA", "CB"), *under("CA", "A1", "A2", "A3"), *under("CB", "B1")
    )


def test_a_split_target_carries_its_evidence_to_be_confirmed(record) -> None:
    bring(rule="most-recent")
    record({"level": 3})
    links = [*under("AR", "CA", "CB"), *under("CA", "A2", "A3", "A1a", "A1b"), *under("CB", "B1"),
             (REPLACED_BY, "A1", "A1a"), (REPLACED_BY, "A1", "A1b")]  # fmt: skip
    frameworks.apply_package(
        package("MATH", "AR CA CB A2 A3 B1 A1a A1b", *links),
        actor=SYSTEM,
        at=NOW,
        in_force_on=date(2026, 11, 1),
    )
    actions.redetermine(at=NOW, apply=True)
    found = rows()
    assert (found["A1a"]["state"], found["A1b"]["state"], found["A1"]["state"]) == (
        "carried",
        "carried",
        "proficient",
    )
    record({"level": 4, "target": "A1a", "observed_at": "2026-11-05"})
    assert (rows()["A1a"]["value"], rows()["A1a"]["state"]) == (4.0, "beyond")
    with pytest.raises(Refusal) as refused:
        record({"level": 4, "target": "A1", "observed_at": "2026-11-05"})
    assert "A1a, A1b" in refused.value.findings[0].message
    # Before the version was in force nothing was carried.
    assert "A1a" not in rows(as_of=date(2026, 10, 20))


def test_the_past_is_exported_as_it_stood_and_as_it_was_known(record) -> None:
    bring(rule="most-recent")
    saved = record({"level": 2, "observed_at": "2026-09-05"})
    record(
        {"level": 4, "observed_at": "2026-09-01", "target": "A2"}, at=datetime(2026, 11, 20, 19, tzinfo=UTC)
    )
    assert set(rows(as_of=date(2026, 9, 3))) >= {"A2"} and "A1" not in rows(as_of=date(2026, 9, 3))
    assert "A2" not in rows(known_at=saved.receipt.last)


def test_pooled_mean_of_a_continuum_and_the_proposed_level(record) -> None:
    body = policy(
        rule="best-n",
        scale="continuum",
        parameters={"missed_counts": False},
        parent={"rule": "pooled-mean", "decimals": 1},
        complete={"margin": 0.5, "minimum": 0, "proposes_next_level": True},
        requirement_by_level={"default": 2},
    )
    body["scales"] = {"continuum": {"step": 1, "levels": [{"value": n} for n in range(1, 13)]}}
    actions.import_policy(actor=SYSTEM, body=body, name="p.toml", at=NOW)
    for n, level in enumerate((8, 9, 9)):
        record({"level": level, "continuum_level": 9, "observed_at": f"2026-10-0{n + 1}"})
    record(
        {"level": 8, "target": "A2", "continuum_level": 9},
        {"level": 8, "target": "A2", "continuum_level": 9, "observed_at": "2026-10-02"},
    )
    found = rows()
    # A1: best two of three are 9 and 9; A2: 8 and 8, below 9 - 0.5. Together (9 + 9 + 8 + 8) / 4 = 8.5.
    assert (found["A1"]["value"], found["A1"]["state"], found["A1"]["proposed_level"]) == (
        9.0,
        "proficient",
        10,
    )
    assert (found["A2"]["value"], found["A2"]["state"], found["A2"]["proposed_level"]) == (
        8.0,
        "not_yet",
        None,
    )
    assert found["CA"]["value"] == 8.5


def explained(**own):
    given = {"student": "u1", "target": "A1", "as_of": None, "now": NOW, "viewer": SYSTEM, **own}
    return queries.explained(**given)


def test_an_explanation_counts_weights_to_one_and_names_what_does_not_count(record) -> None:
    record(
        {"level": 2, "key": "a"},
        {"level": 4, "key": "b", "observed_at": "2026-10-02"},
        {"level": 1, "key": "c", "purpose": "practice"},
    )
    found = explained()
    assert {c["key"]: round(c["weight"], 2) for c in found["counted"]} == {"a": 0.35, "b": 0.65}
    assert [(e["key"], e["reason"]) for e in found["excluded"]] == [("c", "practice")]
    assert sum(c["weight"] for c in found["counted"]) == pytest.approx(1.0)
    assert found["interval"]["low"] < found["value"] < found["interval"]["high"] and 0 < found["share"] < 1
    family = explained(reader="family", language="es")
    assert family["interval"] is None and family["standard_error"] is None and "objetivo" in family["words"]
    assert [c["level"] for c in found["would_change"]] == [1, 2, 3, 4]


def test_nobody_explains_a_student_out_of_scope(record) -> None:
    record({"level": 2})
    for who in ("T2", "u2"):
        with pytest.raises(Refusal) as refused:
            explained(viewer=viewer(who))
        assert refused.value.code == "no_such_person"
    assert explained(viewer=viewer("p1"))["n_counted"] == 1


def test_a_competency_is_explained_by_its_children(record) -> None:
    record({"level": 2}, {"level": 3, "target": "A2"})
    found = explained(target="CA")
    assert [c["key"] for c in found["counted"]] == ["A1", "A2", "A3"] and found["weakest"] == "A1"


def test_one_more_piece_today_meets_a_requirement_of_days_apart(record) -> None:
    bring(rule="mean", requirement={"pieces": 2, "days_apart": 14})
    record({"level": 3}, {"level": 3, "observed_at": "2026-10-03"})
    assert rows()["A1"]["state"] == "too_little"
    would = {c["level"]: c["state"] for c in explained()["would_change"]}
    assert would[3] == "proficient" and would[1] == "not_yet"


def test_a_correction_may_stand_above_what_it_corrects(record) -> None:
    record({"key": "new", "level": 4, "replaces": "old", "comment": "Wrong row"}, {"key": "old", "level": 1})
    assert rows()["A1"]["value"] == 4.0 and rows()["A1"]["n_total"] == 1
