"""The ratings of students by raters as a table of codes, checked and sorted by student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.estimates import EstimateRefused

STUDENT = "student"
MAIN = ("rater", "task", "criterion")
"""Facets that make a rating harder or easier, beside the student."""
CONTEXT = ("window", "group")
"""Facets across which raters may change: in time, or between groups of students."""
MOST_CATEGORIES = 31

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


class FacetsRefused(EstimateRefused):
    """Ratings that cannot be scaled; `code` says why, `details` names the sets or elements."""

    def __init__(self, code: str, message: str, details: Sequence[Any] = ()) -> None:
        super().__init__(code, message)
        self.details = list(details)


@dataclass(frozen=True, slots=True)
class RatingTable:
    """Ratings sorted by student and work: `codes` per facet (indices into `labels`), `rating` in its own units.

    `work` numbers what raters may have in common: one student's piece on one task and criterion, in one window. `source` is
    each rating's place in what was given; `excluded` counts those without a rating or an element.
    """

    rating: Floats
    codes: Mapping[str, Codes]
    labels: Mapping[str, tuple[str, ...]]
    work: Codes
    source: Codes
    excluded: int

    @property
    def facets(self) -> tuple[str, ...]:
        """Facets that are given, the student first."""
        return tuple(self.codes)

    def count(self, facet: str) -> int:
        """Return the number of elements of a facet."""
        return len(self.labels[facet])


def rating_table(rating: ArrayLike, columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> RatingTable:
    """Code and sort ratings by student.

    Assumes one row for one rating.

    Parameters: `rating`, float per row, nan = missing; `columns`, by name `student`, and any of `rater`, `task`, `criterion`,
    `window`, `group`: one label per row, of any kind that prints; None or an empty text = missing.
    Returns: `RatingTable`; rows with anything missing are left out and counted.
    Raises: `FacetsRefused` `no_student`, `no_facet`, `unknown_facet`, `lengths_differ`, `no_rows`.
    Source: long form as in Linacre, Many-Facet Rasch Measurement (1989).
    When not to use: for a table with a column for each rater; bring it to long form first.

    >>> rating_table([3, 2, float("nan")], {"student": ["b", "a", "a"], "rater": ["x", "x", "y"]}).labels["student"]
    ('a', 'b')
    """
    values = np.asarray(rating, np.float64).ravel()
    if STUDENT not in columns:
        raise FacetsRefused("no_student", "A student stands in every rating: give the column student.")
    unknown = sorted(set(columns) - {STUDENT, *MAIN, *CONTEXT})
    if unknown:
        raise FacetsRefused("unknown_facet", f"Not a facet: {', '.join(unknown)}.", unknown)
    names = [STUDENT, *(name for name in (*MAIN, *CONTEXT) if name in columns)]
    if not set(names) & set(MAIN):
        raise FacetsRefused("no_facet", "Give at least one of the columns rater, task and criterion.")
    codes: dict[str, Codes] = {}
    labels: dict[str, tuple[str, ...]] = {}
    for name in names:
        codes[name], labels[name] = coded(columns[name])
        if len(codes[name]) != len(values):
            raise FacetsRefused(
                "lengths_differ", f"{name} has {len(codes[name])} rows, the ratings {len(values)}."
            )
    known = np.isfinite(values)
    for name in names:
        known &= codes[name] >= 0
    kept = np.flatnonzero(known)
    if len(kept) == 0:
        raise FacetsRefused("no_rows", "No row has a rating and all its elements.")
    for name in names:
        codes[name], labels[name] = _present(codes[name][kept], labels[name])
    work = codes[STUDENT].copy()
    for name in names[1:]:
        if name != "rater":
            work = work * len(labels[name]) + codes[name]
    order = np.argsort(work, kind="stable")
    return RatingTable(
        values[kept][order], {name: codes[name][order] for name in names}, labels, work[order], kept[order],
        len(values) - len(kept),
    )  # fmt: skip


def coded(column: Sequence[Any] | NDArray[Any]) -> tuple[Codes, tuple[str, ...]]:
    """Return codes and sorted labels of a column; -1 where it is missing.

    >>> codes, labels = coded(["10", "9", "", "10"])
    >>> codes.tolist(), labels
    ([1, 0, -1, 1], ('9', '10'))
    """
    if isinstance(column, np.ndarray) and np.issubdtype(column.dtype, np.integer):
        distinct, found = np.unique(column, return_inverse=True)
        return found.reshape(-1).astype(np.int64), tuple(map(str, distinct.tolist()))
    cells = column.tolist() if isinstance(column, np.ndarray) else column
    known = {cell: at for at, cell in enumerate(dict.fromkeys(cells))}
    first = np.fromiter(map(known.__getitem__, cells), np.int64, len(cells))
    texts = ["" if cell is None or cell != cell else str(cell) for cell in known]
    labels = sorted(set(texts) - {""}, key=_in_order)
    place = {label: at for at, label in enumerate(labels)}
    return np.array([place.get(text, -1) for text in texts] or [0], np.int64)[first], tuple(labels)


def _in_order(label: str) -> tuple[int, float, str]:
    """Return a key that sorts numbers as numbers, before words."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)


def _present(codes: Codes, labels: tuple[str, ...]) -> tuple[Codes, tuple[str, ...]]:
    used = np.bincount(codes, minlength=len(labels)) > 0
    if used.all():
        return codes, labels
    moved = np.cumsum(used) - 1
    return moved[codes], tuple(label for label, there in zip(labels, used.tolist(), strict=True) if there)


def nested(table: RatingTable, facet: str, inside: str = STUDENT) -> bool:
    """Return whether each element of `inside` stands with one element of `facet` only."""
    low = np.full(table.count(inside), table.count(facet))
    high = np.full(table.count(inside), -1)
    np.minimum.at(low, table.codes[inside], table.codes[facet])
    np.maximum.at(high, table.codes[inside], table.codes[facet])
    return bool((low == high).all())


def subset(table: RatingTable, kept: NDArray[np.bool_]) -> RatingTable:
    """Return a table of some ratings, with only the elements that stand in them."""
    codes, labels = {}, {}
    for name in table.facets:
        codes[name], labels[name] = _present(table.codes[name][kept], table.labels[name])
    return RatingTable(
        table.rating[kept], codes, labels, table.work[kept], table.source[kept], table.excluded
    )
