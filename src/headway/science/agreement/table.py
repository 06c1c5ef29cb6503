"""Ratings of units by raters, and the distinct patterns among the units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.estimates import EstimateRefused

MOST_KEYS = 1 << 22
"""Keys of patterns up to this many are counted in an array; beyond, they are sorted."""
MOST_BITS = 62
MOST_RATING = 1e100
"""Beyond, squares of distances would leave the range of numbers."""


@dataclass(frozen=True, slots=True)
class RatingTable:
    """Ratings in the order of their units; missing ones are left out.

    `values` the K distinct ratings, sorted, numbers or text. `codes` one entry per rating, a place in `values`;
    `offsets` the n + 1 bounds of each unit's ratings in `codes`; `raters` one number per rating, -1 where unknown;
    `clusters` one number per unit from 0 (the student whose pieces belong together), None where units are independent.
    """

    values: NDArray[Any]
    codes: NDArray[Any]
    offsets: NDArray[np.int64]
    raters: NDArray[np.int32]
    clusters: NDArray[np.int64] | None = None

    @property
    def n_units(self) -> int:
        """Units, those without a rating among them."""
        return len(self.offsets) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Ratings per unit."""
        return np.diff(self.offsets)

    @property
    def n_raters(self) -> int:
        """Raters that are told apart; where they are not, the most ratings of one unit."""
        if not len(self.codes):
            return 0
        if (self.raters < 0).any():
            return int(self.sizes.max())
        return int(np.count_nonzero(np.bincount(self.raters)))

    @property
    def prevalence(self) -> NDArray[np.float64]:
        """Share of all ratings in each of `values`."""
        return np.bincount(self.codes, minlength=len(self.values)) / max(1, len(self.codes))

    @classmethod
    def of_matrix(cls, ratings: ArrayLike, *, clusters: ArrayLike | None = None) -> RatingTable:
        """Return the table of a units × raters matrix; nan, None and empty text are missing."""
        matrix = np.asarray(ratings)
        if matrix.ndim != 2:
            raise EstimateRefused("not_a_matrix", "Ratings are a matrix of units by raters.")
        n, width = matrix.shape
        if matrix.dtype.kind in "fiub":
            there = ~np.isnan(matrix) if matrix.dtype.kind == "f" else None
        else:
            matrix, there = _objects(matrix)
        if there is None or there.all():
            offsets = np.arange(0, n * width + 1, max(width, 1), dtype=np.int64)[: n + 1]
            flat, raters = (
                matrix.ravel(),
                np.broadcast_to(np.arange(width, dtype=np.int32), matrix.shape).ravel(),
            )
        else:
            offsets = np.concatenate(([0], np.cumsum(there.sum(axis=1)))).astype(np.int64)
            flat = matrix[there]
            raters = np.broadcast_to(np.arange(width, dtype=np.int32), matrix.shape)[there]
        values, codes = encode(flat)
        return cls(values, codes, offsets, raters, _clusters(clusters, n))

    @classmethod
    def of_rows(
        cls,
        units: ArrayLike,
        raters: ArrayLike | None,
        ratings: ArrayLike,
        *,
        n_units: int | None = None,
        clusters: ArrayLike | None = None,
    ) -> RatingTable:
        """Return the table of one row per rating: `units` and `raters` numbered from 0, `ratings` without missing ones.

        Raises: `EstimateRefused("duplicate_rating")`, with the row, where a rater rates a unit twice.
        """
        unit = np.asarray(units, np.int64)
        n = int(n_units if n_units is not None else (unit.max() + 1 if len(unit) else 0))
        order = np.argsort(unit, kind="stable")
        who = np.full(len(unit), -1, np.int32) if raters is None else np.asarray(raters, np.int32)
        if raters is not None and len(unit):
            pair = unit * (int(who.max()) + 1) + who
            sort = np.argsort(pair, kind="stable")
            same = np.flatnonzero(pair[sort][1:] == pair[sort][:-1])
            if len(same):
                raise EstimateRefused(
                    "duplicate_rating", "A rater rates a unit once.", int(sort[same + 1].min())
                )
        values, codes = encode(np.asarray(ratings)[order])
        offsets = np.concatenate(([0], np.cumsum(np.bincount(unit, minlength=n)))).astype(np.int64)
        return cls(values, codes, offsets, who[order], _clusters(clusters, n))

    @classmethod
    def of_counts(cls, counts: ArrayLike, values: Sequence[Any] | None = None) -> RatingTable:
        """Return the table of a units × categories matrix that says how many raters chose each category."""
        table = np.asarray(counts)
        if table.ndim != 2 or (table < 0).any() or (table != np.rint(table)).any():
            raise EstimateRefused("not_a_count", "A count is a whole number from 0.")
        n, k = table.shape
        given = np.arange(k) if values is None else np.asarray(values)
        flat = np.tile(np.arange(k), n).repeat(table.astype(np.int64).ravel())
        offsets = np.concatenate(([0], np.cumsum(table.sum(axis=1)))).astype(np.int64)
        found, codes = encode(given[flat])
        return cls(found, codes, offsets, np.full(len(flat), -1, np.int32))


@dataclass(frozen=True, slots=True)
class Patterns:
    """The distinct multisets of ratings among units: for each a unit that shows it and how many do.

    `codes` and `offsets` as in `RatingTable`, one pattern each; `frequency` units per pattern; `of_unit` the pattern
    of each unit.
    """

    codes: NDArray[Any]
    offsets: NDArray[np.int64]
    frequency: NDArray[np.int64]
    of_unit: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Ratings per pattern."""
        return np.diff(self.offsets)

    def sums(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of a score of each code over each pattern's ratings."""
        return segment_sums(scores[self.codes], self.offsets)

    def counts(self, k: int) -> NDArray[np.float64]:
        """Return the patterns × categories counts. Raises `EstimateRefused("too_many_categories")` beyond memory."""
        n = len(self.frequency)
        if n * k > 50_000_000:
            message = (
                f"{k} categories in {n} patterns are too many; see alpha for interval and ratio, or icc."
            )
            raise EstimateRefused("too_many_categories", message)
        which = np.repeat(np.arange(n), self.sizes) * k + self.codes
        return np.bincount(which, minlength=n * k).reshape(n, k).astype(np.float64)


def table(ratings: RatingTable | ArrayLike, clusters: ArrayLike | None = None) -> RatingTable:
    """Return ratings as a table, whichever way they were given."""
    if isinstance(ratings, RatingTable):
        return ratings
    return RatingTable.of_matrix(ratings, clusters=clusters)


def patterns(ratings: RatingTable, least: int = 1) -> tuple[Patterns, NDArray[np.int64]]:
    """Return the distinct patterns of the units with at least `least` ratings, and those units."""
    sizes = ratings.sizes
    units = np.flatnonzero(sizes >= least)
    if len(units) == 0:
        raise EstimateRefused("no_ratings", f"No unit has {least} ratings or more.")
    if len(units) == ratings.n_units:
        codes, offsets = ratings.codes, ratings.offsets
    else:
        keep = np.repeat(sizes >= least, sizes)
        codes = ratings.codes[keep]
        offsets = np.concatenate(([0], np.cumsum(sizes[units])))
    k, most = len(ratings.values), int(sizes.max())
    key = _keys(codes, offsets, k, most)
    if key is None:
        each = np.arange(len(units))
        return Patterns(codes, offsets, np.ones(len(units), np.int64), each), units
    of_unit, shown, frequency = _distinct(key)
    ends = np.diff(offsets)[shown]
    bounds = np.concatenate(([0], np.cumsum(ends)))
    take = np.repeat(offsets[shown] - bounds[:-1], ends) + np.arange(bounds[-1])
    return Patterns(codes[take], bounds, frequency, of_unit), units


def encode(flat: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the sorted distinct values and each entry's place among them; fast where they are small whole numbers."""
    if len(flat) and flat.dtype.kind in "fiub":
        low, high = flat.min(), flat.max()
        if abs(float(low)) < 2**30 and float(high) - float(low) < 65_000:
            whole = flat.astype(np.int32)
            if flat.dtype.kind != "f" or np.array_equal(whole, flat):
                whole -= np.int32(low)
                present = np.flatnonzero(np.bincount(whole))
                kind = np.uint8 if len(present) < 256 else np.uint16
                if len(present) == present[-1] + 1:
                    return present.astype(np.float64) + float(low), whole.astype(kind)
                place = np.zeros(int(present[-1]) + 1, kind)
                place[present] = np.arange(len(present))
                return present.astype(np.float64) + float(low), place[whole]
        if max(abs(float(low)), abs(float(high))) > MOST_RATING:
            raise EstimateRefused("out_of_range", f"Ratings lie within {MOST_RATING:g} of zero.", float(high))
    values, codes = np.unique(flat, return_inverse=True)
    if values.dtype.kind in "fiub":
        values = values.astype(np.float64)
    return values, codes.reshape(-1)


def segment_sums(of: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sum over each segment; none may be empty."""
    found: NDArray[np.float64] = np.add.reduceat(of, offsets[:-1])
    return found


def _objects(matrix: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    flat = matrix.ravel().tolist()
    there = np.array([not (one is None or one == "" or one != one) for one in flat]).reshape(matrix.shape)
    known = [one for one in flat if not (one is None or one == "" or one != one)]
    numbers = all(isinstance(one, (int, float, np.number)) for one in known)
    given = np.full(matrix.shape, np.nan if numbers else "", np.float64 if numbers else object)
    given[there] = known if numbers else [str(one) for one in known]
    return (given if numbers else given.astype(str)), there


def _clusters(given: ArrayLike | None, n: int) -> NDArray[np.int64] | None:
    if given is None:
        return None
    of = np.asarray(given)
    if of.shape != (n,):
        raise EstimateRefused("clusters_differ", f"Clusters are one per unit: {n}; not {of.shape}.")
    return np.unique(of, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _keys(codes: NDArray[Any], offsets: NDArray[np.int64], k: int, most: int) -> NDArray[np.int64] | None:
    """Return a number per unit that is equal exactly where the multisets of ratings are; None where there is none."""
    bits = k * math.log2(most + 1)
    if bits < MOST_BITS:
        powers = (most + 1) ** np.arange(k, dtype=np.int64)
        kind = np.int32 if bits < 31 else np.int64
        found: NDArray[np.int64] = np.add.reduceat(powers.astype(kind)[codes], offsets[:-1])
        return found
    n, sizes = len(offsets) - 1, np.diff(offsets)
    if most * math.log2(k + 1) >= MOST_BITS or n * most > 4 * len(codes):
        return None
    wide = np.zeros((n, most), np.int64)
    wide[np.arange(most) < sizes[:, None]] = codes.astype(np.int64) + 1
    wide.sort(axis=1)
    return wide @ (k + 1) ** np.arange(most, dtype=np.int64)


def _distinct(
    key: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return each unit's pattern, a unit of each pattern, and the units of each."""
    if key.max() > MOST_KEYS:
        _, shown, of_unit, frequency = np.unique(
            key, return_index=True, return_inverse=True, return_counts=True
        )
        return of_unit.reshape(-1), shown, frequency
    tally = np.bincount(key)
    present = np.flatnonzero(tally)
    place = np.empty(len(tally), np.int64)
    place[present] = np.arange(len(present))
    of_unit = place[key]
    shown = np.empty(len(present), np.int64)
    shown[of_unit] = np.arange(len(key))
    return of_unit, shown, tally[present]
