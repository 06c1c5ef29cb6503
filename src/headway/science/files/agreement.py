"""Questions on files about agreement of raters: percent agreement, kappas, AC1 and AC2, alpha, intraclass correlations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.agreement import alpha as alphas
from headway.science.agreement import coefficients, cohen, conger
from headway.science.agreement import intraclass as correlations
from headway.science.agreement.coefficients import Agreement
from headway.science.agreement.distances import LEVELS
from headway.science.agreement.table import RatingTable
from headway.science.agreement.weights import NAMES
from headway.science.estimates import EstimateRefused
from headway.science.files.answers import finite
from headway.science.files.columns import Columns, read_columns
from headway.science.files.reading import ScienceRefusal, one_of, only, share, whole

Options = Mapping[str, Any]
Paths = Sequence[Path | str]
SEED = 1
MOST_SHOWN = 1000
"""Different ratings up to which each one's share is told."""


def percent_agreement(paths: Paths, options: Options) -> dict[str, Any]:
    """Say how often raters agree, exactly and within one: `unit,rater,rating[,student]`; `--weights`."""
    read = _read(paths, "percent-agreement")
    found = read.ask(coefficients.percent_agreement, options, weights=_weights(options))
    near = found.within_one_interval
    return read.answer("percent-agreement", found, coefficients.VERSION) | {
        "within_one": finite(found.within_one), "within_one_interval": None if near is None else list(near),
        "all_agree": found.all_agree,
    }  # fmt: skip


def fleiss_kappa(paths: Paths, options: Options) -> dict[str, Any]:
    """Compute Fleiss' kappa of any number of raters: `unit,rater,rating[,student]`; `--weights`."""
    read = _read(paths, "fleiss-kappa")
    found = read.ask(coefficients.fleiss_kappa, options, weights=_weights(options))
    return read.answer("fleiss-kappa", found, coefficients.VERSION)


def gwet_ac(paths: Paths, options: Options) -> dict[str, Any]:
    """Compute Gwet's AC1, with weights AC2: `unit,rater,rating[,student]`; `--weights`, `--categories 1,2,3,4`."""
    read = _read(paths, "gwet-ac")
    given = options.get("categories")
    categories = None if given is None else read.categories(str(given))
    found = read.ask(coefficients.gwet_ac, options, weights=_weights(options), categories=categories)
    return read.answer("gwet-ac", found, coefficients.VERSION)


def krippendorff_alpha(paths: Paths, options: Options) -> dict[str, Any]:
    """Compute Krippendorff's alpha: `unit,rater,rating[,student]`; `--level nominal|ordinal|interval|ratio`."""
    level = one_of(options, "level", LEVELS, "nominal")
    weights = _weights(options) if "weights" in options else None
    if weights and "level" in options:
        raise ScienceRefusal("bad_parameter", "Give --level or --weights, not both.", value=weights)
    read = _read(paths, "krippendorff-alpha")
    found = read.ask(alphas.krippendorff_alpha, options, level=level, weights=weights)
    return read.answer("krippendorff-alpha", found, alphas.VERSION)


def cohen_kappa(paths: Paths, options: Options) -> dict[str, Any]:
    """Compute Cohen's kappa of two raters; of more Conger's, and every pair: `unit,rater,rating[,student]`; `--weights`."""
    read = _read(paths, "cohen-kappa")
    weights = _weights(options)
    if len(read.raters) <= 2:
        return read.answer(
            "cohen-kappa", read.ask(cohen.cohen_kappa, options, weights=weights), cohen.VERSION
        )
    whole_group = read.answer(
        "cohen-kappa", read.ask(conger.conger_kappa, options, weights=weights), conger.VERSION
    )
    if len(read.raters) > cohen.MOST_RATERS:
        return whole_group | {"reasons": [*whole_group["reasons"], "too_many_raters_for_pairs"]}
    found = read.ask(cohen.pairwise_kappa, options, weights=weights)
    estimates = [
        {"rater": read.raters[one], "other": read.raters[other], "value": pair.value, "interval": _ends(pair),
         "standard_error": finite(pair.standard_error), "n": pair.n, "excluded": pair.excluded,
         "observed": pair.observed, "chance": pair.chance, "reasons": list(pair.reasons)}
        for one, other, pair in found.pairs
    ]  # fmt: skip
    refused = [f"{code}: {read.raters[one]}, {read.raters[other]}" for one, other, code in found.refused]
    reasons = [*whole_group["reasons"], "pairs_of_raters", *refused]
    return whole_group | {"estimates": estimates, "mean_of_pairs": finite(found.mean), "reasons": reasons}


def icc(paths: Paths, options: Options) -> dict[str, Any]:
    """Compute intraclass correlations: `unit,rater,rating`; `--form icc1|icc2|icc3|icc1k|icc2k|icc3k`, else all six."""
    form = one_of(options, "form", correlations.FORMS, "") if "form" in options else ""
    confidence = share(options, "interval", 0.95)
    read = _read(paths, "icc")
    found, refused = [], []
    for each in (form,) if form else correlations.FORMS:
        try:
            found.append(correlations.icc(read.table, each, confidence=confidence))
        except EstimateRefused as no:
            if no.code != "no_variance":
                raise read.place(no) from None
            refused.append((each, no))
    if not found:
        raise read.place(refused[0][1]) from None
    rows = [
        {"form": one.form, "value": finite(one.value), "interval": _ends(one), "f": finite(one.f), "df1": one.df1,
         "df2": one.df2, "p": one.p, "method": one.method}
        for one in found
    ]  # fmt: skip
    first = found[0]
    told: dict[str, Any] = {"name": "icc"}
    if form:
        told |= rows[0] | {"interval": _ends(first)}
    else:
        told |= {
            "estimates": rows,
            "interval": None,
            "method": "Shrout and Fleiss, six forms, intervals by F",
        }
    return told | {
        "n": first.n, "k": first.k, "excluded": read.missing, "confidence": confidence,
        "mean_squares": {"targets": first.ms_targets, "raters": first.ms_raters, "remainder": first.ms_remainder,
                         "within": first.ms_within},
        "version": correlations.VERSION,
        "reasons": [*first.reasons, *(f"{no.code}:{name}" for name, no in refused)],
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Ratings:
    """A file of ratings: its table, the names of raters, rows without a rating, and the row of each unit's first rating."""

    rows: Columns
    table: RatingTable
    raters: list[str]
    missing: int
    first: NDArray[np.int64]

    def ask(self, what: Callable[..., Any], options: Options, **more: Any) -> Any:
        """Ask the science with the options that all coefficients share."""
        replicates = whole(options, "replicates", 0, 0, 1_000_000)
        seed = whole(options, "seed", SEED, 0, 2**32 - 1)
        try:
            return what(
                self.table, confidence=share(options, "interval", 0.95), replicates=replicates,
                rng=np.random.default_rng(seed) if replicates else None, **more,
            )  # fmt: skip
        except EstimateRefused as refused:
            raise self.place(refused) from None

    def place(self, refused: EstimateRefused) -> ScienceRefusal:
        """Return a refusal at the row of the rating that it is about."""
        if refused.code == "not_a_number":
            cells = self.rows.cells["rating"]
            row = next(at for at, cell in enumerate(cells) if cell and math.isnan(_as_number(cell)))
            return self.rows.placed(refused, "rating", row)
        if refused.code == "unbalanced" and isinstance(refused.place, int):
            return self.rows.placed(refused, "unit", int(self.first[refused.place]))
        return self.rows.placed(refused, "rating")

    def categories(self, text: str) -> list[Any]:
        """Return the categories of an option, numbers where the ratings are."""
        words = [word.strip() for word in text.split(",") if word.strip()]
        if self.table.values.dtype.kind not in "fiub":
            return words
        numbers = [_as_number(word) for word in words]
        if any(math.isnan(number) for number in numbers):
            raise ScienceRefusal("bad_parameter", "--categories are numbers where ratings are.", value=text)
        return numbers

    def answer(self, name: str, found: Agreement, version: int) -> dict[str, Any]:
        """Lay out a coefficient."""
        shares = zip(found.categories, found.prevalence, strict=True)
        few = len(found.categories) <= MOST_SHOWN
        return {
            "name": name, "value": found.value, "interval": _ends(found), "confidence": found.confidence,
            "standard_error": finite(found.standard_error), "n": found.n, "excluded": found.excluded,
            "missing": self.missing, "observed": found.observed, "chance": found.chance,
            "categories": len(found.categories),
            "prevalence": [{"rating": rating, "share": part} for rating, part in shares] if few else None,
            "raters": found.n_raters, "ratings": found.n_ratings, "students": found.clusters or None,
            "method": found.method, "version": version, "reasons": list(found.reasons),
        }  # fmt: skip


def _read(paths: Paths, name: str) -> _Ratings:
    rows = read_columns(only(paths, name), ("unit", "rater", "rating"))
    cells = rows.cells["rating"]
    there = np.array([cell != "" for cell in cells])
    keep = np.flatnonzero(there)
    if not len(keep):
        raise ScienceRefusal("no_ratings", f"{rows.file} has no rating.", file=rows.file, column="rating")
    for column in ("unit", "rater"):
        rows.needed(column)
    unit, units = rows.labels("unit")
    rater, raters = rows.labels("rater")
    try:
        ratings = np.array([float(cells[at]) for at in keep.tolist()])
        if not np.isfinite(ratings).all():
            raise ValueError
    except ValueError:
        ratings = np.array([cells[at] for at in keep.tolist()])
    first = np.full(len(units), -1, np.int64)
    first[unit[::-1]] = np.arange(len(unit) - 1, -1, -1)
    clusters = _students(rows, unit, first) if "student" in rows else None
    try:
        table = RatingTable.of_rows(unit[keep], rater[keep], ratings, n_units=len(units), clusters=clusters)
    except EstimateRefused as refused:
        row = int(keep[refused.place]) if isinstance(refused.place, int) else None
        raise rows.placed(refused, "rater", row) from None
    return _Ratings(rows, table, raters, len(cells) - len(keep), first)


def _students(rows: Columns, unit: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int64]:
    rows.needed("student")
    student = rows.labels("student")[0]
    other = np.flatnonzero(student != student[first][unit])
    if len(other):
        message = "A unit is one student's; an earlier row names another."
        raise rows.refuse("student_differs", message, "student", int(other[0]))
    return student[first]


def _weights(options: Options) -> str:
    return one_of(options, "weights", NAMES, "identity")


def _ends(found: Any) -> list[float | None] | None:
    return None if found.interval is None else [finite(end) for end in found.interval]


def _as_number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
