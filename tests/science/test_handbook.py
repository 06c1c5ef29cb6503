"""The page about rules is what the registry says; the form can be built from the parameters."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from headway.science.ledger import Ratings, Segments
from headway.science.proficiency import handbook
from headway.science.proficiency.determine import determine
from headway.science.proficiency.policy import Policy
from headway.science.proficiency.registry import parameters, rule, rules
from headway.science.proficiency.snapshot import determine_levels

PAGE = Path(__file__).parents[2] / "docs" / "science" / "rules.md"


def test_the_page_is_what_the_registry_says():
    assert PAGE.read_text(encoding="utf-8") == handbook.text()


@pytest.mark.parametrize("key", list(rules()))
def test_every_rule_can_be_read_by_a_parent_and_built_as_a_form(key):
    found = rule(key)
    assert found.words(found.parameters(), "en") != found.words(found.parameters(), "es")
    assert found.source and found.fails
    for each in fields(found.parameters):
        assert each.metadata["en"] and each.metadata["es"]


def test_bad_parameters_name_their_bounds():
    for key, values in (
        ("mean", {"weight": 0.5}),
        ("decaying-average", {"weight": 1.5}),
        ("median", {"window": 2.5}),
        ("best-n", {"missed_counts": 3}),
        ("mean", {"order": "entered"}),
        ("mean", {"decimals": True}),
    ):
        with pytest.raises(ValueError, match=next(iter(values))):
            parameters(key, values)
    with pytest.raises(KeyError, match="decaying-average"):
        parameters("decaying")


@pytest.mark.parametrize("key", list(rules()))
def test_a_snapshot_gives_what_a_page_gives(key):
    rng = np.random.default_rng(5)
    sizes = rng.integers(0, 9, 400)
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    levels, places = rng.integers(1, 5, offsets[-1]), rng.integers(-1, 3, offsets[-1])
    policy = Policy.from_mapping(
        {"rule": key, "requirement": {"pieces": 2}, **({"parameters": {"n": 3}} if key == "best-n" else {})}
    )
    rows = Ratings.of(
        level=levels,
        segment=np.repeat(np.arange(400), sizes),
        setting=places,
        count=400,
        instructed=np.zeros(len(levels)),
    )
    page = determine(rows, policy)
    found = determine_levels(
        Segments.of(levels.astype(np.uint8), offsets, setting=places),
        rule(key),
        policy.parameters,
        proficient=3,
        beyond=4,
        pieces=2,
        compiled=False,
    )
    assert np.array_equal(page.shown, found.shown)
    assert np.array_equal(page.state, found.state)
