"""Differential item functioning: the published case, definitions, purification, coverage, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from headway.science.dif import item_functioning, mantel_haenszel
from headway.science.estimates import EstimateRefused
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal

# Bickel, Hammel & O'Connell, Science 187 (1975): admitted and rejected men and women of six departments, Berkeley 1973.
BERKELEY = {
    "A": ((512, 313), (89, 19)),
    "B": ((353, 207), (17, 8)),
    "C": ((120, 205), (202, 391)),
    "D": ((138, 279), (131, 244)),
    "E": ((53, 138), (94, 299)),
    "F": ((22, 351), (24, 317)),
}
# R stats::mantelhaen.test 4.2.2; delta = -2.35 ln of the ratio.
RATIO, ENDS, CHI_SQUARE, P, DELTA = (
    0.9046968283, (0.7719073618, 1.0603297644), 1.4269461547, 0.2322635, 0.23536516123509552,
)  # fmt: skip


def test_berkeley():
    found = mantel_haenszel(list(BERKELEY.values()))
    assert found.value == pytest.approx(RATIO, abs=1e-9)
    assert found.interval == pytest.approx(ENDS, abs=1e-9)
    assert found.chi_square_corrected == pytest.approx(CHI_SQUARE, abs=1e-6)
    assert found.p_corrected == pytest.approx(P, abs=1e-7)
    assert found.delta == pytest.approx(DELTA, abs=1e-9)
    assert (found.ets_class, found.n, found.n_reference, found.n_focal, found.reasons) == (
        "A",
        4526,
        2691,
        1835,
        (),
    )


def test_one_stratum_by_hand():
    """One table: the cross-product ratio, Woolf's variance, and Pearson's chi-square times (n - 1) / n."""
    found = mantel_haenszel([[[30, 10], [20, 25]]])
    assert found.value == pytest.approx(30 * 25 / (10 * 20))
    assert found.standard_error == pytest.approx(math.sqrt(1 / 30 + 1 / 10 + 1 / 20 + 1 / 25))
    pearson = 85 * (30 * 25 - 10 * 20) ** 2 / (40 * 45 * 50 * 35)
    assert found.chi_square == pytest.approx(pearson * 84 / 85)
    assert found.delta_interval[0] == pytest.approx(-2.35 * math.log(found.interval[1]))


@settings(max_examples=40, deadline=None)
@given(arrays(np.int64, (4, 2, 2), elements=st.integers(0, 30)))
def test_exchanging_groups_turns_the_ratio_round(tables):
    try:
        found = mantel_haenszel(tables)
    except EstimateRefused as no:
        assert no.code == "no_strata"
        return
    turned = mantel_haenszel(tables[:, ::-1])
    wrong = mantel_haenszel(tables[:, :, ::-1])
    assert found.chi_square == pytest.approx(turned.chi_square) == pytest.approx(wrong.chi_square)
    assert found.chi_square_corrected <= found.chi_square + 1e-12
    assert found.n + found.excluded == tables.sum()
    if "no_odds_ratio" in found.reasons:
        assert found.interval is None and found.ets_class == ""
        return
    for other in (turned, wrong):
        assert other.value == pytest.approx(1 / found.value)
        assert other.delta == pytest.approx(-found.delta)
        assert other.standard_error == pytest.approx(found.standard_error)
        assert other.ets_class == found.ets_class


@pytest.mark.parametrize(
    ("ratio", "times", "expected"),
    [(1.2, 400, "A"), (1.7, 400, "B"), (2.5, 400, "C"), (2.5, 0.4, "A"), (1.95, 5, "B")],
)
def test_classes(ratio, times, expected):
    """Delta of 1, 1.5: ratios of 1.53 and 1.89; a large one that is not surely above 1 is B, one that may be none is A."""
    tables = np.array([[[5 * ratio, 5], [5, 5]]] * 4) * times
    assert mantel_haenszel(tables).ets_class == expected


def answers(rng, n=1200, count=20, harder=()):
    """Rasch answers; listed items are harder for the focal group by a logit."""
    focal = np.arange(n) % 3 == 0
    ability = rng.normal(np.where(focal, -0.4, 0.0), 1.0)
    difficulty = np.linspace(-1.5, 1.5, count)
    shift = np.zeros(count)
    shift[list(harder)] = 1.0
    logit = ability[:, None] - difficulty - shift * focal[:, None]
    right = (rng.random((n, count)) < 1 / (1 + np.exp(-logit))).astype(int)
    person, item = np.divmod(np.arange(n * count), count)
    return item, person, right.ravel(), focal


def test_tables_are_those_of_the_definition():
    item, person, right, focal = answers(np.random.default_rng(1), 300, 6)
    found = item_functioning(item, person, right, focal)
    matrix = right.reshape(300, 6)
    for which in range(6):
        tables = np.zeros((7, 2, 2))
        for row, other in zip(matrix, focal, strict=True):
            tables[row.sum(), int(other), 1 - row[which]] += 1
        assert found.items[which] == mantel_haenszel(tables)
    shuffled = np.random.default_rng(2).permutation(len(item))
    again = item_functioning(item[shuffled], person[shuffled], right[shuffled], focal)
    assert again.items == found.items


def test_purification_finds_what_is_there():
    item, person, right, focal = answers(np.random.default_rng(3), 3000, 20, harder=(4, 9, 14))
    plain = item_functioning(item, person, right, focal)
    clean = item_functioning(item, person, right, focal, purify=10)
    assert plain.rounds == 0 and plain.anchor.all()
    assert clean.settled and clean.rounds >= 1 and np.flatnonzero(~clean.anchor).tolist() == [4, 9, 14]
    flagged = [at for at, one in enumerate(clean.items) if one.ets_class == "C"]
    assert flagged == [4, 9, 14]
    others = [at for at in range(20) if at not in (4, 9, 14)]
    bias = [np.mean([found.items[at].delta for at in others]) for found in (plain, clean)]
    assert abs(bias[1]) < abs(bias[0])
    assert np.mean([clean.items[at].delta for at in (4, 9, 14)]) == pytest.approx(-2.35, abs=0.35)


def test_an_item_out_of_the_anchor_still_matches_itself():
    item, person, right, focal = answers(np.random.default_rng(3), 3000, 20, harder=(4, 9, 14))
    clean = item_functioning(item, person, right, focal, purify=10)
    matrix = right.reshape(3000, 20)
    score = matrix[:, clean.anchor].sum(axis=1) + matrix[:, 4]
    tables = np.zeros((20, 2, 2))
    np.add.at(tables, (score, focal.astype(int), 1 - matrix[:, 4]), 1)
    assert clean.items[4] == mantel_haenszel(tables)


def test_unequal_answers_are_not_matched_with_each_other():
    item, person, right, focal = answers(np.random.default_rng(5), 400, 8)
    keep = ~((person % 4 == 0) & (item >= 5))
    found = item_functioning(item[keep], person[keep], right[keep], focal)
    assert "unequal_answers" in found.reasons
    assert found.items[6].n <= 300 < found.items[0].n


def coverage(seeds, ratio=2.0):
    hits = 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        tables = []
        for base in np.linspace(-1, 1, 6):
            for shift in (math.log(ratio), 0.0):
                right = rng.binomial(40, 1 / (1 + math.exp(-base - shift)))
                tables.append([right, 40 - right])
        low, high = mantel_haenszel(np.array(tables).reshape(6, 2, 2)).interval
        hits += low <= ratio <= high
    return hits / seeds


def test_intervals_cover():
    assert 0.92 <= coverage(400) <= 0.98


@pytest.mark.soak
def test_intervals_cover_at_length():
    assert 0.94 <= coverage(8000) <= 0.96


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda: mantel_haenszel([[[1, 2], [0, 0]]]), "no_strata"),
        (lambda: mantel_haenszel([[[1, 0], [2, 0]]]), "no_strata"),
        (lambda: mantel_haenszel([[[1, -1], [2, 3]]]), "not_a_count"),
        (lambda: mantel_haenszel([[1, 2], [3, 4]]), "not_a_count"),
        (lambda: item_functioning([0, 0], [0, 1], [1, 0], [True, False]), "no_matching"),
        (lambda: item_functioning([0, 1], [0, 0], [1, 2], [True, False]), "not_right_or_wrong"),
        (lambda: item_functioning([0, 1, 1], [0, 0, 0], [1, 1, 0], [True]), "duplicate_answer"),
        (lambda: item_functioning([0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 0, 0], [True, True]), "one_group"),
    ],
)
def test_what_cannot_be_compared_is_refused(ask, code):
    with pytest.raises(EstimateRefused) as caught:
        ask()
    assert caught.value.code == code


def test_no_ratio_is_said():
    found = mantel_haenszel([[[5, 0], [3, 4]]])
    assert (found.value, found.interval, found.ets_class) == (math.inf, None, "")
    assert "no_odds_ratio" in found.reasons and found.chi_square > 0


# Files.


def write(tmp_path, rows, header):
    path = tmp_path / "answers.csv"
    path.write_text(header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return [path]


def berkeley():
    """Each applicant applied to one department: its row says which."""
    for department, table in BERKELEY.items():
        for group, counts in zip(("Male", "Female"), table, strict=True):
            for right, count in zip((1, 0), counts, strict=True):
                yield department, group, right, count


@pytest.mark.parametrize("form", ["counts", "strata", "items"])
def test_berkeley_in_a_file(tmp_path, form):
    if form == "counts":
        rows, header = berkeley(), "stratum,group,correct,count"
    elif form == "strata":
        rows = ((n, d, g, r) for d, g, r, count in berkeley() for n in range(count))
        rows, header = list(rows), "student,stratum,group,correct"
    else:
        each = ((d, g, r) for d, g, r, count in berkeley() for _ in range(count))
        rows, header = [(n, d, g, r) for n, (d, g, r) in enumerate(each)], "student,item,group,correct"
    paths = write(tmp_path, rows, header)
    found = run("mantel-haenszel", paths, {"reference": "Male"})
    assert found["value"] == pytest.approx(RATIO, abs=1e-9)
    assert found["interval"] == pytest.approx(list(ENDS), abs=1e-9)
    assert (found["ets_class"], found["n"]) == ("A", 4526)
    assert found["reasons"] == (["items_as_strata"] if form == "items" else [])
    largest = run("mantel-haenszel", paths)
    assert largest["reference"] == "Male" and "largest_group_is_reference" in largest["reasons"]


def test_items_in_a_file(tmp_path):
    item, person, right, focal = answers(np.random.default_rng(3), 900, 10, harder=(4,))
    rows = [
        (f"s{p}", "f" if focal[p] else "r", f"i{i}", r) for i, p, r in zip(item, person, right, strict=True)
    ]
    rows.append(("s9999", "f", "i0", ""))
    paths = write(tmp_path, rows, "student,group,item,correct")
    found = run("mantel-haenszel", paths, {"reference": "r", "purify": "10"})
    wanted = item_functioning(item, person, right, focal, purify=10)
    assert [row["value"] for row in found["estimates"]] == [one.value for one in wanted.items]
    assert found["estimates"][4]["ets_class"] == "C" and not found["estimates"][4]["anchor"]
    assert (found["missing"], found["classes"]["C"]) == (1, 1)
    assert "largest_group_is_reference" not in found["reasons"]


@pytest.mark.parametrize(
    ("rows", "options", "code", "line"),
    [
        ([(1, "a", "x", 1), (2, "b", "x", 2)], {}, "not_right_or_wrong", 3),
        ([(1, "a", "x", 1), (2, "b", "x", 0)], {}, "no_matching", None),
        ([(1, "a", "x", 1), (1, "b", "y", 0)], {}, "group_differs", 3),
        ([(1, "a", "x", 1), (1, "a", "y", 0)], {}, "one_group", None),
        ([(1, "a", "x", 1), (2, "b", "x", 0)], {"reference": "c"}, "unknown_group", None),
        ([(1, "a", "x", 1), (1, "a", "x", 1), (2, "b", "y", 0)], {}, "duplicate_answer", 3),
        ([(1, "", "x", 1)], {}, "empty_cell", 2),
        ([(1, "a", "x", "")], {}, "no_rows", None),
        ([(1, "a", "x", 1)], {"purify": "often"}, "bad_parameter", None),
    ],
)
def test_files_are_refused_at_their_place(tmp_path, rows, options, code, line):
    with pytest.raises(ScienceRefusal) as caught:
        run("mantel-haenszel", write(tmp_path, rows, "student,group,item,correct"), options)
    assert (caught.value.code, caught.value.where.get("line")) == (code, line)
