"""Knowledge spaces: the published structure of nine states, by prerequisites and by states; refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal
from headway.science.knowledge import EstimateRefused, blim, fringes, prerequisites, state_fringes

# Doignon & Falmagne, Knowledge Spaces (1999), chapter 7: nine states of five items, 1,000 artificial respondents.
STATES = ("00000", "10000", "01000", "11000", "11100", "11010", "11110", "11101", "11111")
NEEDS = (("a", "c"), ("b", "c"), ("a", "d"), ("b", "d"), ("c", "e"))
FRINGES = {"": ("", "ab"), "a": ("a", "b"), "b": ("b", "a"), "ab": ("ab", "cd"), "abc": ("c", "de"), "abd": ("d", "c"),
           "abcd": ("cd", "e"), "abce": ("e", "d"), "abcde": ("de", "")}  # fmt: skip


@pytest.mark.parametrize("state", FRINGES)
def test_fringes_of_the_nine_states(state):
    listed = [frozenset("abcde"[at] for at in range(5) if row[at] == "1") for row in STATES]
    for found in (fringes(prerequisites(NEEDS), state), state_fringes(listed, frozenset(state))):
        assert ("".join(sorted(found.inner)), "".join(sorted(found.outer))) == FRINGES[state]


@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]), min_size=1
    )
)
def test_any_outer_fringe_leads_to_a_state(pairs):
    needs = prerequisites([(str(low), str(high)) for low, high in pairs])
    state: set[str] = set()
    while outer := fringes(needs, state).outer:
        state.add(outer[0])
        assert outer[0] in fringes(needs, state).inner
    assert state == set(needs)


@pytest.mark.shared
def test_blim_of_the_published_table(tmp_path):
    from tests.conftest import SHARED

    folder = SHARED / "cases" / "kst-blim-doignon-falmagne7"
    patterns = tmp_path / "patterns.csv"
    patterns.write_text((folder / "patterns.csv").read_text("utf-8").replace('"n"', "count"), "utf-8")
    answer = run("blim", [patterns, folder / "structure.csv"])
    assert answer["log_likelihood"] == pytest.approx(-2908.5573, abs=0.001) and answer["degrees"] == 13
    rows = {row["item"]: row for row in answer["estimates"]}
    # Printed to four decimals in the manual of R CDM (din, example 7).
    assert [rows[name]["careless"] for name in "abcde"] == pytest.approx(
        [0.1649, 0.1631, 0.1888, 0.0798, 0.0886], abs=6e-5
    )
    assert [rows[name]["lucky"] for name in "abcde"] == pytest.approx(
        [0.1031, 0.0951, 0, 0, 0.0199], abs=6e-5
    )
    least = run("blim", [patterns, folder / "structure.csv"], {"method": "md"})["estimates"]
    assert [row["careless"] for row in least] == pytest.approx(
        [0.0920887, 0.0887199, 0.0450581, 0, 0], abs=2e-6
    )


def test_blim_recovers_what_can_be_told():
    """Lucky guesses of a and b, which need nothing, trade with the shares of states: only the rest is told by answers."""
    rng = np.random.default_rng(1)
    states = np.array([[int(mark) for mark in row] for row in STATES])
    shares = np.arange(1, 10) / 45
    true = states[rng.choice(9, 20_000, p=shares)]
    seen = (rng.random(true.shape) < np.where(true == 1, 0.95, 0.04)).astype(int)
    patterns, counts = np.unique(seen, axis=0, return_counts=True)
    found = blim(patterns, counts, states)
    assert np.abs(found.careless - 0.05).max() < 0.02 and np.abs(found.lucky[2:] - 0.04).max() < 0.02
    chance = np.where(states[None] == 1, 0.95, 0.04)
    like = np.prod(np.where(patterns[:, None] == 1, chance, 1 - chance), axis=2) @ shares
    assert counts @ np.log(like) <= found.log_likelihood < counts @ np.log(like) + 20
    assert found.converged and found.p > 0.01
    nearest = blim(patterns, counts, states, method="md")
    assert nearest.log_likelihood < found.log_likelihood
    assert found.n == 20_000 and sum(found.discrepancy) == 20_000 and found.discrepancy == nearest.discrepancy


def test_refusals(tmp_path):
    with pytest.raises(EstimateRefused, match="circle"):
        prerequisites([("a", "b"), ("b", "a")])
    for state, code in ((["q"], "unknown_item"), (["c"], "not_a_state")):
        with pytest.raises(EstimateRefused) as caught:
            fringes(prerequisites(NEEDS), state)
        assert caught.value.code == code
    for patterns, counts, code in (([[0, 1]], [1], "sizes_differ"), ([[0] * 5], [0], "no_rows")):
        with pytest.raises(EstimateRefused) as caught:
            blim(patterns, counts, [[0] * 5, [1] * 5])
        assert caught.value.code == code
    one, other = tmp_path / "patterns.csv", tmp_path / "states.csv"
    one.write_text("pattern,count\n0x1,4\n", "utf-8")
    other.write_text("state\n000\n111\n", "utf-8")
    with pytest.raises(ScienceRefusal) as refused:
        run("blim", [one, other])
    assert (refused.value.code, refused.value.where["line"]) == ("not_a_pattern", 2)
    one.write_text("pattern,count\n01,4\n", "utf-8")
    with pytest.raises(ScienceRefusal) as refused:
        run("blim", [one, other])
    assert refused.value.code == "sizes_differ"


def test_on_files(tmp_path):
    path = tmp_path / "needs.csv"
    path.write_text("from,to\n" + "".join(f"{low},{high}\n" for low, high in NEEDS), "utf-8")
    answer = run("knowledge-space", [path], {"state": "a,b,c"})
    assert (answer["inner"], sorted(answer["outer"])) == (["c"], ["d", "e"])
    assert run("knowledge-space", [path], {"state": ""})["outer"] == ["a", "b"]
    assert "outer" not in run("knowledge-space", [path])
    one, other = tmp_path / "patterns.csv", tmp_path / "states.csv"
    one.write_text("pattern,count\n00,40\n10,30\n11,40\n01,3\n", "utf-8")
    other.write_text("state\n00\n10\n11\n", "utf-8")
    assert [row["state"] for row in run("blim", [one, other])["states"]] == ["00", "10", "11"]
