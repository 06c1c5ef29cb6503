"""P15: scales of every kind side by side; a change of scale maps by a table, and never rewrites what was given."""

from __future__ import annotations

from datetime import date

import pytest

from headway.evidence import queries as ledger
from headway.kit.refusals import Refusal
from headway.proficiency import actions, laboratory, queries

from .conftest import NOW, policy, standing
from .test_policies import bring

pytestmark = pytest.mark.django_db


def scale(*values: float, step: float = 1, proficient: float | None = None, **more) -> dict:
    return {
        "step": step,
        "levels": [{"value": v} for v in values],
        **({"proficient": proficient} if proficient else {}),
        **more,
    }


def on_twelve(**own) -> dict:
    """Return a file that moves everybody from 1–4 to 1–12 from 1 November on."""
    body = policy(rule="mean", in_force="2026-11-01", scale="twelve", **own)
    body["scales"]["twelve"] = scale(*range(1, 13), proficient=7)
    return body


EACH = {"1": 2, "2": 5, "3": 8, "4": 11}


def test_p15_half_steps_words_twelve_and_yes_or_no_stand_side_by_side(record) -> None:
    body = policy(rule="most-recent")
    body["scales"] |= {
        "half": scale(1, 2, 3, 4, step=0.5, proficient=3), "twelve": scale(*range(1, 13), proficient=8),
        "yes": {"levels": [{"value": 0, "name": {"en": "No"}}, {"value": 1, "name": {"en": "Yes"}}], "proficient": 1},
    }  # fmt: skip
    for name, target in (("half", "A1"), ("twelve", "A2"), ("yes", "A3")):
        body["policy"].append(
            {"name": name, "in_force": "2026-08-01", "applies": {"area": f"MATH:{target}"}, "scale": name}
        )
    bring(body)
    record(
        {"level": 2.5},
        {"level": 9, "target": "A2"},
        {"level": 1, "target": "A3"},
        {"level": 2, "target": "B1"},
    )
    assert [(standing(target=t).value, standing(target=t).state) for t in ("A1", "A2", "A3", "B1")] == [
        (250, "not_yet"), (900, "proficient"), (100, "proficient"), (200, "not_yet")]  # fmt: skip
    with pytest.raises(Refusal) as refused:
        record({"level": 2.5, "target": "B1"})
    assert [f.code for f in refused.value.findings] == ["outside_scale"]


def test_p15_different_scales_are_never_averaged(record) -> None:
    """A competency above targets of several scales says no value at all."""
    body = policy(rule="most-recent")
    body["scales"]["yes"] = {"levels": [{"value": 0}, {"value": 1}], "proficient": 1}
    body["policy"].append(
        {"name": "yes", "in_force": "2026-08-01", "applies": {"area": "MATH:A3"}, "scale": "yes"}
    )
    bring(body)
    record({"level": 4}, {"level": 4, "target": "A2"}, {"level": 1, "target": "A3"})
    from headway.frameworks import queries as continuums
    from headway.rosters import queries as roster

    item = continuums.find_any("CA")[-1]
    tree = continuums.tree(item.framework_id)
    person = roster.find_person("u1").id
    found = queries.summarize(queries.moment(now=NOW), tree, [person])[person, item.id]
    assert found.value is None


def test_p15_a_change_of_scale_without_a_place_for_every_level_is_refused_by_level(record) -> None:
    record({"level": 2}, {"level": 3, "observed_at": "2026-10-02"}, {"level": 3, "student": "u2"})
    before = ledger.head()
    with pytest.raises(Refusal) as refused:
        bring(on_twelve())
    assert [(f.code, f.column, f.value) for f in refused.value.findings] == [
        ("no_place", "map", "2"),
        ("no_place", "map", "3"),
    ]
    assert "2 standing ratings gave level 3" in refused.value.findings[1].message
    with pytest.raises(Refusal) as refused:
        bring(on_twelve(map={"2": 5}))
    assert [f.value for f in refused.value.findings] == ["3"] and ledger.head() == before


def test_p15_a_mapped_change_moves_levels_from_its_day_on_and_leaves_the_ledger(record) -> None:
    saved = record({"level": 2}, {"level": 3, "observed_at": "2026-10-02"})
    bring(policy(rule="mean"))
    assert (standing().value, standing().state) == (250, "not_yet")
    bring(on_twelve(map=EACH))
    # 2 stands at 5, 3 at 8: their mean is 6.5, under 7.
    assert (standing().value, standing().state) == (650, "not_yet")
    assert standing(as_of=date(2026, 10, 31)).value == 250
    assert standing(known_at=saved.receipt.last, as_of=date(2026, 11, 2)).state == "not_yet"
    assert sorted(row.level for row in ledger.ratings_by_key(keys=["r0001", "r0002"]).values()) == [200, 300]
    assert actions.redetermine(at=NOW, apply=False) == []
    # What is given on the new scale counts as it is: 5, 8 and 9 make 7.333.
    record({"level": 9, "observed_at": "2026-11-05"})
    assert (standing().value, standing().state) == (733, "proficient")
    # What was seen before the change is given on the scale of its day, also when it comes late.
    record({"level": 4, "observed_at": "2026-10-05"})
    assert standing().value == 825


def test_p15_ratings_recorded_before_a_backdated_change_were_given_on_the_old_scale(record) -> None:
    record({"level": 3, "observed_at": "2026-11-10"})
    bring(on_twelve(map=EACH))
    assert standing().value == 800


def test_p15_two_changes_of_scale_are_laid_over_one_another(record) -> None:
    record({"level": 2}, {"level": 4, "observed_at": "2026-10-02"})
    first = on_twelve(map=EACH)
    bring(first)
    second = policy(
        rule="mean", in_force="2026-11-10", scale="yes", map={str(n): int(n >= 7) for n in range(1, 13)}
    )
    second["scales"]["yes"] = scale(0, 1, proficient=1)
    bring(second)
    # 2 → 5 → no, 4 → 11 → yes.
    assert (standing().value, standing(as_of=date(2026, 11, 9)).value) == (50, 800)


def test_p15_a_finer_step_between_the_same_ends_needs_no_table(record) -> None:
    record({"level": 3})
    body = policy(rule="most-recent", in_force="2026-11-01", scale="half")
    body["scales"]["half"] = scale(1, 2, 3, 4, step=0.5, proficient=3)
    bring(body)
    record({"level": 3.5, "observed_at": "2026-11-05"})
    assert standing().value == 350
    # Back to whole levels 3.5 has no place.
    with pytest.raises(Refusal) as refused:
        bring(policy(rule="mean", in_force="2026-11-15"))
    assert [f.value for f in refused.value.findings] == ["3.5"]


def test_p15_the_laboratory_shows_where_levels_would_stand(record) -> None:
    record({"level": 2}, {"level": 3, "observed_at": "2026-10-02"}, {"level": 3, "student": "u2"})
    body = on_twelve(map={"2": 5})
    placed = queries.scale_changes(body=body, now=NOW)
    assert [(one.old, one.new, one.n) for one in placed] == [(200, 500, 1), (300, None, 2)]
    bring(policy(rule="mean"))
    found = laboratory.try_policy(on_twelve(map=EACH), at=NOW)
    # u1: 2.5 → 6.5; u2: 3 → 8, reached under both.
    assert sorted((row.before.value, row.after.value, row.moved) for row in found.rows) == [
        (250, 650, ""),
        (300, 800, ""),
    ]
    assert standing().value == 250


@pytest.mark.parametrize(
    ("table", "code"),
    [("'x'", "not_a_table"), ("{ two = 3 }", "out_of_range"), ("{ '2' = 99 }", "out_of_range")],
)
def test_p15_a_map_that_leads_nowhere_is_a_fault_of_the_file(table: str, code: str) -> None:
    text = (
        "[scales.s]\nlevels = [{ value = 1 }, { value = 2 }]\n[[policy]]\nname = 'p'\nin_force = 2026-08-01\n"
        f"scale = 's'\nrule = 'mean'\nmap = {table}\n"
    )
    with pytest.raises(Refusal) as refused:
        actions.read_policy(text.encode(), name="p.toml")
    assert [f.code for f in refused.value.findings] == [code]
