"""Agreement of raters: published examples, independent implementations, properties, coverage."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from headway.science.agreement import (
    RatingTable,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    icc,
    krippendorff_alpha,
    percent_agreement,
)
from headway.science.agreement.cohen import pairwise_kappa
from headway.science.agreement.distances import Logarithmic, ratio_distance
from headway.science.agreement.intraclass import FORMS
from headway.science.estimates import EstimateRefused
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal

NO = math.nan
# Gwet, Handbook of Inter-Rater Reliability (2014), 12 subjects and 4 raters; the same table in Krippendorff (2011), section C.
TWELVE = [
    [1, 1, NO, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4], [4, 4, 4, 4], [1, 1, 2, 1],
    [2, 2, 2, 2], [NO, 5, 5, 5], [NO, NO, 1, 1], [NO, NO, 3, NO],
]  # fmt: skip
# Value, standard error and lower end as printed by Gwet's own irrCAC 1.0 for R, to five and three digits.
GWET = {
    ("percent", "identity"): (0.81818, 0.12561, 0.542),
    ("ac", "identity"): (0.77544, 0.14295, 0.461),
    ("fleiss", "identity"): (0.76117, 0.15302, 0.424),
    ("alpha", "identity"): (0.74342, 0.14557, 0.419),
    ("ac", "quadratic"): (0.91400, 0.10396, 0.685),
    ("fleiss", "quadratic"): (0.86494, 0.14603, 0.544),
    ("alpha", "quadratic"): (0.84911, 0.12913, 0.561),
    ("ac", "ordinal"): (0.89894, 0.10690, 0.664),
    ("fleiss", "ordinal"): (0.85021, 0.14704, 0.527),
    ("alpha", "ordinal"): (0.83364, 0.13107, 0.542),
    ("conger", "identity"): (0.76282, 0.14917, 0.435),
    ("conger", "quadratic"): (0.85771, 0.14367, 0.541),
    ("conger", "ordinal"): (0.84366, 0.14410, 0.526),
    ("conger", "linear"): (0.81378, 0.14509, 0.494),
    ("ac", "linear"): (0.85874, 0.11733, 0.600),
    ("fleiss", "linear"): (0.81794, 0.14850, 0.491),
}
NAMED = {
    "percent": percent_agreement,
    "ac": gwet_ac,
    "fleiss": fleiss_kappa,
    "alpha": krippendorff_alpha,
    "conger": conger_kappa,
}


@pytest.mark.parametrize(("name", "weights"), GWET)
def test_gwet(name, weights):
    value, error, low = GWET[name, weights]
    found = NAMED[name](TWELVE, weights=weights)
    assert found.value == pytest.approx(value, abs=6e-6)
    assert found.standard_error == pytest.approx(error, abs=6e-6)
    assert found.interval[0] == pytest.approx(low, abs=6e-4)
    assert found.interval[1] == 1


def test_krippendorff_2011():
    """Sections C and D; full precision by the Python package krippendorff 0.9.0."""
    wanted = {
        "nominal": 0.743421052631579,
        "ordinal": 0.8153875037548814,
        "interval": 0.8491071428571428,
        "ratio": 0.7974027747116121,
    }
    for level, value in wanted.items():
        assert krippendorff_alpha(TWELVE, level=level).value == pytest.approx(value, abs=1e-12)


def test_fleiss_worked_example():
    """Fourteen raters, ten subjects, five categories: P 0.378, Pe 0.213, kappa 0.210; full precision by statsmodels."""
    counts = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    found = fleiss_kappa(RatingTable.of_counts(counts))
    assert found.value == pytest.approx(0.20993070442195522, abs=1e-12)
    assert (round(found.observed, 3), round(found.chance, 3), found.n_raters) == (0.378, 0.213, 14)


def test_cohen_1960_by_hand():
    """Cohen (1960), table 1: observed 0.70, chance 0.41, kappa 0.492; 200 patients."""
    table = {
        (1, 1): 88,
        (1, 2): 10,
        (1, 3): 2,
        (2, 1): 14,
        (2, 2): 40,
        (2, 3): 6,
        (3, 1): 18,
        (3, 2): 10,
        (3, 3): 12,
    }
    rows = [pair for pair, count in table.items() for _ in range(count)]
    found = cohen_kappa(rows)
    assert (found.n, round(found.observed, 2), round(found.chance, 2)) == (200, 0.70, 0.41)
    assert found.value == pytest.approx((0.70 - 0.41) / (1 - 0.41), abs=1e-12)
    p = np.array([[88, 10, 2], [14, 40, 6], [18, 10, 12]]) / 200
    row, column, kappa = p.sum(axis=1), p.sum(axis=0), found.value
    # Fleiss, Cohen & Everitt (1969), equation 13, written out for the unweighted case.
    a = sum(p[i, i] * (1 - (row[i] + column[i]) * (1 - kappa)) ** 2 for i in range(3))
    b = (1 - kappa) ** 2 * sum(
        p[i, j] * (column[i] + row[j]) ** 2 for i in range(3) for j in range(3) if i != j
    )
    c = (kappa - found.chance * (1 - kappa)) ** 2
    published = math.sqrt((a + b - c) / (200 * (1 - found.chance) ** 2))
    assert found.standard_error == pytest.approx(published * math.sqrt(200 / 199), rel=1e-12)


def test_cohen_excludes_single_ratings_and_light_averages_pairs():
    rows = [[1, 1, 2], [2, 2, 2], [1, NO, 1], [2, 1, 2], [3, 3, 3], [NO, 3, 3]]
    pairs = pairwise_kappa(rows)
    one = cohen_kappa([row[:2] for row in rows])
    assert (one.n, one.excluded) == (4, 2)
    assert pairs.pairs[0][2].value == one.value
    two = [[1, 1], [2, 2], [1, 2], [1, 1]]
    assert conger_kappa(two).value == pytest.approx(cohen_kappa(two).value, abs=1e-12)
    assert conger_kappa(two).standard_error == pytest.approx(cohen_kappa(two).standard_error, abs=1e-12)
    assert pairs.mean == pytest.approx(np.mean([found.value for _, _, found in pairs.pairs]))
    with pytest.raises(EstimateRefused, match="two raters"):
        cohen_kappa(rows)


SIX = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


@pytest.mark.parametrize(
    ("form", "value", "low", "high"),
    [
        ("icc1", 0.1657417684, -0.13293232487, 0.7225600623),
        ("icc2", 0.2897637795, 0.01878651337, 0.7610843696),
        ("icc3", 0.7148407148, 0.34246476503, 0.94585826),
        ("icc1k", 0.4427971337, -0.88444215524, 0.9124154203),
        ("icc2k", 0.6200505476, 0.0711368153, 0.9272320402),
        ("icc3k", 0.9093155424, 0.67567471382, 0.9858916782),
    ],
)
def test_shrout_and_fleiss(form, value, low, high):
    """Shrout & Fleiss (1979), tables 2 and 4; intervals by psych 2.2.9 for R."""
    found = icc(SIX, form)
    assert found.value == pytest.approx(value, abs=1e-8)
    assert found.interval == pytest.approx((low, high), abs=1e-8)


def test_icc_refuses_gaps_and_reads_rows_in_any_order():
    with pytest.raises(EstimateRefused) as caught:
        icc([[1, 2], [2, NO], [3, 3]])
    assert (caught.value.code, caught.value.place) == ("unbalanced", 1)
    unit, rater = np.divmod(np.random.default_rng(2).permutation(24), 4)
    shuffled = RatingTable.of_rows(unit, rater, np.array(SIX)[unit, rater])
    for form in FORMS:
        assert icc(shuffled, form).value == pytest.approx(icc(SIX, form).value, abs=1e-12)
    for same in ([[2, 2], [2, 2]], [[0.1, 0.3], [0.1, 0.3]]):
        with pytest.raises(EstimateRefused, match="same"):
            icc(same, "icc3")
    assert icc([[1, 1], [2, 2]], "icc3").interval == (1.0, 1.0)
    undefined = icc([[2, 1], [1, 2], [2, 1], [1, 2]], "icc2")
    assert undefined.interval is None and undefined.reasons == ("under_minimum", "negative", "no_interval")


def by_definition(matrix, distance):
    """Krippendorff's alpha pair by pair."""
    units = [[x for x in row if x == x] for row in matrix]
    units = [row for row in units if len(row) >= 2]
    every = [x for row in units for x in row]
    n = len(every)
    observed = sum(distance(a, b) / (len(row) - 1) for row in units for a in row for b in row) / n
    expected = sum(distance(a, b) for a in every for b in every) / (n * (n - 1))
    return 1 - observed / expected


def distances(matrix):
    every = np.array([x for row in matrix if sum(y == y for y in row) >= 2 for x in row if x == x])
    rank = {x: (every < x).sum() + (every == x).sum() / 2 for x in every}
    return {
        "nominal": lambda a, b: float(a != b),
        "ordinal": lambda a, b: float(rank[a] - rank[b]) ** 2,
        "interval": lambda a, b: (a - b) ** 2,
        "ratio": lambda a, b: 0.0 if a == b else ((a - b) / (a + b)) ** 2,
    }


@settings(max_examples=25, deadline=None)
@given(arrays(np.float64, (7, 3), elements=st.sampled_from([NO, 0.0, 0.5, 1.0, 2.0, 3.0, 7.25])))
def test_alpha_is_its_definition(matrix):
    for level, distance in distances(matrix.tolist()).items():
        try:
            found = krippendorff_alpha(matrix, level=level).value
        except EstimateRefused as no:
            assert no.code in ("no_pairs", "one_category", "no_ratings")
            continue
        assert found == pytest.approx(by_definition(matrix.tolist(), distance), abs=1e-10)


@settings(max_examples=25, deadline=None)
@given(arrays(np.int64, (12, 4), elements=st.integers(1, 4)), st.randoms())
def test_neither_order_nor_names_of_levels_matter(matrix, random):
    if (matrix == matrix[0, 0]).all():
        return
    rows = list(range(12))
    random.shuffle(rows)
    columns = random.sample(range(4), 4)
    for ask in NAMED.values():
        one, other = ask(matrix), ask((10 - matrix)[rows][:, columns])
        assert one.value == pytest.approx(other.value, abs=1e-12)
        assert one.standard_error == pytest.approx(other.standard_error, abs=1e-12)
        assert one.value <= 1 and one.interval[0] <= one.value <= one.interval[1]


def test_many_real_values_by_interpolation():
    """Beyond 2,048 values ratio distances go by nodes; within rounding they are those of every pair."""
    rng = np.random.default_rng(5)
    values = np.sort(np.concatenate(([0.0], np.exp(rng.normal(0, 4, 2500)))))
    counts = rng.integers(1, 4, len(values)).astype(float)
    exact = ratio_distance(values[:, None], values) @ counts
    assert np.allclose(Logarithmic.of(values).to_all(counts), exact, rtol=1e-13, atol=0)
    matrix = np.exp(rng.normal(size=(1500, 1)) + 0.3 * rng.normal(size=(1500, 2)))
    n = matrix.size
    within = ratio_distance(matrix[:, 0], matrix[:, 1])
    flat = matrix.ravel()
    expected = ratio_distance(flat[:, None], flat).sum() / (n * (n - 1))
    assert krippendorff_alpha(matrix, level="ratio").value == pytest.approx(
        1 - 2 * within.sum() / n / expected, abs=1e-12
    )


def test_patterns_do_not_change_the_answer():
    """Few levels are counted in an array, more are sorted, many are left as they are: one answer."""
    rng = np.random.default_rng(3)
    for levels in (3, 12, 40, 300):
        truth = rng.integers(0, levels, (200, 1))
        matrix = (truth + rng.integers(0, 2, (200, 3))).astype(float)
        matrix[rng.random(matrix.shape) < 0.2] = NO
        for level, distance in distances(matrix.tolist()).items():
            found = krippendorff_alpha(matrix, level=level).value
            assert found == pytest.approx(by_definition(matrix.tolist(), distance), abs=1e-10), (
                levels,
                level,
            )


@pytest.mark.parametrize("name", NAMED)
def test_bootstrap_agrees_with_the_variance(name):
    rng = np.random.default_rng(7)
    truth = rng.integers(1, 5, (400, 1))
    matrix = np.where(rng.random((400, 3)) < 0.7, truth, rng.integers(1, 5, (400, 3)))
    plain = NAMED[name](matrix)
    drawn = NAMED[name](matrix, replicates=400, rng=np.random.default_rng(1))
    again = NAMED[name](matrix, replicates=400, rng=np.random.default_rng(1))
    assert drawn == again and drawn.value == plain.value
    assert drawn.standard_error == pytest.approx(plain.standard_error, rel=0.15)
    assert drawn.interval == pytest.approx(plain.interval, abs=0.02)


def test_bootstrap_of_every_level_of_alpha():
    rng = np.random.default_rng(9)
    for values in (5, 60, 4000):  # coincidences, ranks anew, nodes
        truth = rng.integers(1, values, (1500, 1))
        matrix = (truth + rng.integers(0, max(2, values // 8), (1500, 2))).astype(float)
        for level in ("nominal", "ordinal", "interval", "ratio"):
            if values == 4000 and level == "nominal":
                continue
            plain = krippendorff_alpha(matrix, level=level)
            drawn = krippendorff_alpha(matrix, level=level, replicates=60, rng=np.random.default_rng(2))
            assert drawn.standard_error == pytest.approx(plain.standard_error, rel=0.5), (values, level)
            assert drawn.interval[0] < plain.value < drawn.interval[1]


def clustered(rng, students, pieces):
    """Ratings whose error belongs to the student: pieces of one student tell little more than one."""
    hard = np.repeat(rng.random(students) < 0.5, pieces)
    truth = rng.integers(1, 4, students * pieces)
    other = np.where(
        rng.random(len(truth)) < np.where(hard, 0.5, 0.95), truth, rng.integers(1, 4, len(truth))
    )
    return np.column_stack([truth, other]), np.repeat(np.arange(students), pieces)


def test_clusters_widen_the_interval():
    matrix, student = clustered(np.random.default_rng(11), 60, 10)
    for options in ({}, {"replicates": 300}):
        errors = []
        for clusters in (None, student):
            rng = np.random.default_rng(1)
            errors.append(gwet_ac(matrix, clusters=clusters, rng=rng, **options).standard_error)
        assert errors[1] > 1.3 * errors[0]
    found = gwet_ac(matrix, clusters=student)
    assert found.clusters == 60 and "over clusters" in found.method
    assert "few_clusters" in gwet_ac(matrix[:90], clusters=student[:90]).reasons
    alone = gwet_ac(matrix, clusters=np.arange(600))
    assert alone.standard_error == pytest.approx(gwet_ac(matrix).standard_error, rel=1e-12)


def coverage(ask, draw, truth, times):
    hits = 0
    for seed in range(times):
        low, high = ask(draw(np.random.default_rng(seed)), seed).interval
        hits += low <= truth <= high
    return hits / times


def guessing(rng, n=60):
    truth = rng.integers(1, 5, (n, 1))
    return np.where(rng.random((n, 3)) < 0.7, truth, rng.integers(1, 5, (n, 3)))


@pytest.mark.parametrize("replicates", [0, 300])
def test_intervals_cover(replicates):
    """Two raters agree when both know (0.49) or by chance: pa = 0.6175, pe of AC1 and kappa 1/4, so 0.49."""

    def ask(matrix, seed):
        return gwet_ac(matrix, replicates=replicates, rng=np.random.default_rng(seed))

    assert 0.90 <= coverage(ask, guessing, 0.49, 200) <= 0.985


@pytest.mark.soak
@pytest.mark.parametrize("name", ["ac", "fleiss", "alpha"])
@pytest.mark.parametrize("replicates", [0, 500])
def test_intervals_cover_at_length(name, replicates):
    def ask(matrix, seed):
        return NAMED[name](matrix, replicates=replicates, rng=np.random.default_rng(seed))

    assert 0.93 <= coverage(ask, guessing, 0.49, 2000) <= 0.97


@pytest.mark.parametrize("form", ["icc1", "icc2", "icc3"])
def test_icc_recovers_and_covers(form):
    def draw(rng):
        raters = rng.normal(0, 0 if form != "icc2" else 0.5, 4)
        return rng.normal(size=(40, 1)) + raters + rng.normal(0, 1, (40, 4))

    truth = 1 / (1 + 1 + (0.25 if form == "icc2" else 0))
    assert 0.90 <= coverage(lambda x, _: icc(x, form), draw, truth, 300) <= 0.985


def test_categories_never_chosen_enter_ac1():
    matrix = [[1, 1], [2, 2], [1, 2], [2, 2]]
    assert gwet_ac(matrix, categories=[1, 2, 3]).value > gwet_ac(matrix).value
    one = gwet_ac([[2, 2]] * 5, categories=[1, 2])
    assert (one.value, one.chance) == (1.0, 0.0)
    with pytest.raises(EstimateRefused) as caught:
        gwet_ac(matrix, categories=[1, 3])
    assert (caught.value.code, caught.value.place) == ("unknown_category", 2.0)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda: fleiss_kappa([[1, 1], [1, 1]]), "one_category"),
        (lambda: krippendorff_alpha([[1, 1], [1, NO], [2, NO]]), "one_category"),
        (lambda: gwet_ac([[1, 1], [1, 1]]), "one_category"),
        (lambda: cohen_kappa([[1, 1], [1, 1]]), "one_category"),
        (lambda: percent_agreement([[1, NO], [NO, 1]]), "no_pairs"),
        (lambda: krippendorff_alpha([[1, NO], [NO, 1]]), "no_pairs"),
        (lambda: percent_agreement([[NO, NO]]), "no_ratings"),
        (lambda: percent_agreement(TWELVE, minimum=13), "under_minimum"),
        (lambda: krippendorff_alpha([["a", "b"], ["a", "a"]], level="interval"), "not_a_number"),
        (lambda: krippendorff_alpha([[-1, 2], [2, 2]], level="ratio"), "not_a_ratio"),
        (lambda: krippendorff_alpha(TWELVE, level="ordinal", weights="linear"), "level_or_weights"),
        (lambda: fleiss_kappa(TWELVE, weights="cubic"), "unknown_weights"),
        (lambda: gwet_ac(TWELVE, replicates=10), "no_generator"),
        (lambda: percent_agreement(np.arange(6000.0).reshape(3000, 2) / 7), "too_many_categories"),
        (lambda: krippendorff_alpha([[1, math.inf], [2, 3]]), "out_of_range"),
        (lambda: RatingTable.of_rows([0, 0], [1, 1], [2, 3]), "duplicate_rating"),
    ],
)
def test_what_is_undefined_is_refused(ask, code):
    with pytest.raises(EstimateRefused) as caught:
        ask()
    assert caught.value.code == code


def test_a_page_can_import_them_without_the_solvers():
    program = """
import sys
for name in ("scipy", "numba"):
    sys.modules[name] = None
import headway.science.agreement, headway.science.comparative, headway.science.dif, headway.science.generalizability
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_text_is_nominal():
    words = [["low", "low"], ["high", "high"], ["low", "high"], ["high", None]]
    numbers = [[1, 1], [2, 2], [1, 2], [2, NO]]
    assert krippendorff_alpha(words).value == krippendorff_alpha(numbers).value
    assert percent_agreement(words).categories == ("high", "low")
    assert math.isnan(percent_agreement(words).within_one)


# Files.


def write(tmp_path, rows, header="unit,rater,rating"):
    path = tmp_path / "ratings.csv"
    path.write_text(header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return [path]


def long(matrix):
    return [(u, f"r{r}", "" if x != x else x) for u, row in enumerate(matrix) for r, x in enumerate(row)]


def test_files_answer_as_the_library(tmp_path):
    paths = write(tmp_path, long(TWELVE))
    found = run("gwet-ac", paths, {"weights": "quadratic"})
    assert found["value"] == gwet_ac(TWELVE, weights="quadratic").value
    assert (found["n"], found["missing"], found["raters"]) == (12, 7, 4)
    assert found["reasons"] == ["under_minimum", "units_with_one_rating"]
    assert run("krippendorff-alpha", paths, {"level": "ratio"})["value"] == pytest.approx(0.7974027747116121)
    assert run("percent-agreement", paths)["within_one"] == percent_agreement(TWELVE).within_one
    assert run("fleiss-kappa", paths, {"interval": "0.8"})["confidence"] == 0.8
    pairs = run("cohen-kappa", paths)
    assert pairs["value"] == conger_kappa(TWELVE).value and len(pairs["estimates"]) == 6
    assert pairs["reasons"] == ["under_minimum", "units_with_one_rating", "pairs_of_raters"]
    drawn = run("fleiss-kappa", paths, {"replicates": "200", "seed": "4"})
    assert drawn == run("fleiss-kappa", paths, {"replicates": "200", "seed": "4"})
    assert drawn["interval"] != run("fleiss-kappa", paths, {"replicates": "200", "seed": "5"})["interval"]


def test_files_give_one_form_or_six(tmp_path):
    paths = write(tmp_path, long(SIX))
    assert run("icc", paths, {"form": "icc2"})["value"] == pytest.approx(0.2897637795, abs=1e-9)
    assert [row["form"] for row in run("icc", paths)["estimates"]] == list(FORMS)


def test_files_know_students(tmp_path):
    matrix, student = clustered(np.random.default_rng(1), 12, 3)
    rows = [(u, r, matrix[u, r], f"s{student[u]}") for u in range(36) for r in range(2)]
    paths = write(tmp_path, rows, "unit,rater,rating,student")
    assert run("gwet-ac", paths)["students"] == 12
    rows[1] = (0, 1, 2, "another")
    with pytest.raises(ScienceRefusal) as caught:
        run("gwet-ac", write(tmp_path, rows, "unit,rater,rating,student"))
    assert (caught.value.code, caught.value.where["line"]) == ("student_differs", 3)


@pytest.mark.parametrize(
    ("name", "rows", "options", "code", "line"),
    [
        ("gwet-ac", [(1, "a", 1), (1, "a", 2)], {}, "duplicate_rating", 3),
        ("icc", [(1, "a", 1), (1, "b", "x")], {}, "not_a_number", 3),
        ("icc", [(1, "a", 1), (1, "b", 2), (2, "a", 3)], {}, "unbalanced", 4),
        ("gwet-ac", [(1, "a", 1), ("", "b", 2)], {}, "empty_cell", 3),
        ("gwet-ac", [(1, "a", 1, 5)], {}, "cells_differ", 2),
        ("krippendorff-alpha", [(1, "a", "x"), (1, "b", "y")], {"level": "ordinal"}, "not_a_number", 2),
    ],
)
def test_files_are_refused_at_their_place(tmp_path, name, rows, options, code, line):
    with pytest.raises(ScienceRefusal) as caught:
        run(name, write(tmp_path, rows), options)
    assert (caught.value.code, caught.value.where["line"]) == (code, line)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gwet-ac", {"weights": "cubic"}),
        ("gwet-ac", {"replicates": "-1"}),
        ("gwet-ac", {"interval": "95"}),
        ("gwet-ac", {"categories": "a,b"}),
        ("krippendorff-alpha", {"level": "ordinal", "weights": "linear"}),
        ("icc", {"form": "icc4"}),
    ],
)
def test_bad_options_are_refused(tmp_path, name, options):
    with pytest.raises(ScienceRefusal) as caught:
        run(name, write(tmp_path, long(SIX)), options)
    assert caught.value.code == "bad_parameter"


def test_places_are_right_in_a_file_of_blank_and_broken_lines(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text('unit,rater,rating\n\n"a\nb",r,1\n , ,\n"a\nb",s,2\nc,r,x\n', encoding="utf-8")
    with pytest.raises(ScienceRefusal) as caught:
        run("icc", [path])
    assert (caught.value.code, caught.value.where["line"]) == ("not_a_number", 8)
    path.write_text("unit,rater,rater\n1,2,3\n", encoding="utf-8")
    with pytest.raises(ScienceRefusal) as caught:
        run("icc", [path])
    assert caught.value.code == "column_missing"
    path.write_text("unit,rater,rating,rating\n1,2,3,4\n", encoding="utf-8")
    with pytest.raises(ScienceRefusal) as caught:
        run("icc", [path])
    assert caught.value.code == "column_twice"
    path.write_text("unit,rater,rating\n1,2,3\n1,2\n", encoding="utf-8")
    with pytest.raises(ScienceRefusal) as caught:
        run("icc", [path])
    assert (caught.value.code, caught.value.where["line"]) == ("cells_differ", 3)


@pytest.mark.parametrize("replicates", [0, 200])
def test_where_all_agree_only_a_share_has_an_interval(replicates):
    alike = [[n % 3, n % 3] for n in range(10)]
    given = {"replicates": replicates, "rng": np.random.default_rng(1)} if replicates else {}
    share = percent_agreement(alike, **given)
    # Clopper and Pearson for ten of ten.
    assert share.value == 1.0 and share.interval == pytest.approx((0.025**0.1, 1.0))
    assert "no_spread" in share.reasons and share.within_one_interval == share.interval
    for found in (fleiss_kappa(alike, **given), krippendorff_alpha(alike, **given), gwet_ac(alike, **given)):
        assert (found.value, found.interval) == (1.0, None) and "no_spread" in found.reasons
