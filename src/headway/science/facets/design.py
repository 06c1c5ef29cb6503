"""Who is to score which piece of work, so that all raters stand on one scale and none has too much to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.facets.ratings import Codes, FacetsRefused, Floats

VERSION = 1
MOST_RATERS = 5_000
EXACT = 1_500
"""Up to so many raters the expected errors are exact under their assumptions; beyond, by the first two orders."""
BLOCK = 4_000_000
"""Numbers held at once while it is counted who shares pieces with whom."""
STEP_WIDTH = 1.2
"""Logits between thresholds that are taken for the expected information of a rating."""


@dataclass(frozen=True, slots=True)
class RatingDesign:
    """`raters_of` (piece, seat) as places in the raters given; per rater `load`, different `partners`, and the expected
    `standard_error` of the severity in logits; `met` how many pairs of raters share a piece, `repeated` how often the most
    frequent pair does; `crossing` the share of pieces with raters of more than one school (nan without schools)."""

    raters_of: NDArray[np.int64]
    load: Codes
    partners: Codes
    standard_error: Floats
    met: int
    repeated: int
    crossing: float
    information: float
    reasons: tuple[str, ...]


def rating_design(
    raters: int,
    pieces: int,
    per_piece: int,
    rng: np.random.Generator,
    *,
    capacity: Sequence[int] | NDArray[np.int64] | None = None,
    school: Sequence[str] | None = None,
    categories: int = 4,
    deviation: float = 1.0,
) -> RatingDesign:
    """Choose raters for each piece: all tied to one scale, loads as equal as capacities allow, pairs mixed.

    Assumes that any rater may score any piece, and pieces of different students. The number of scores is what it costs: pieces
    times `per_piece`; within it, the first pieces tie all raters together and the others mix pairs that have not met.

    Parameters: `raters`, how many, 1 to 5,000; `pieces`; `per_piece`, raters for each piece, 2 or more where there are several
    raters; `rng`, which only decides among equals; `capacity`, most pieces per rater (none = no limit; 0 leaves a rater out);
    `school` per rater, so that pieces are scored across schools where that costs nothing; `categories` of the scale and
    `deviation` of students in logits, for the expected precision.
    Returns: `RatingDesign`. Expected errors: of the marginal model, severities centered, each piece its own student.
    Raises: `FacetsRefused` `no_raters`, `too_few_raters`, `no_links` (one rater a piece), `too_few_pieces` (with how many it
    takes), `too_little_capacity`, `too_many_raters`.
    Source: connectivity as in Eckes, Introduction to Many-Facet Rasch Measurement (2015), section 8.2; the ties form a
    hypertree, joining the part with least left to the part with most.
    When not to use: where some pieces must not go to some raters.

    >>> plan = rating_design(4, 12, 2, np.random.default_rng(1))
    >>> plan.load.tolist(), plan.met
    ([6, 6, 6, 6], 6)
    """
    chosen = seats_of(raters, pieces, per_piece, rng, capacity=capacity, school=school)
    there = np.arange(raters) if capacity is None else np.flatnonzero(np.asarray(capacity, np.int64) > 0)
    places, schools = _schools(school, raters)
    return _described(chosen, raters, there, schools, places, categories, deviation)


def seats_of(
    raters: int, pieces: int, per_piece: int, rng: np.random.Generator, *,
    capacity: Sequence[int] | NDArray[np.int64] | None = None, school: Sequence[str] | None = None,
) -> NDArray[np.int64]:  # fmt: skip
    """Return the raters of each piece (piece, seat), as `rating_design` describes them; parameters and refusals are the same.

    >>> seats_of(3, 2, 3, np.random.default_rng(1)).tolist()
    [[0, 1, 2], [0, 1, 2]]
    """
    most = np.full(raters, pieces) if capacity is None else np.minimum(np.asarray(capacity, np.int64), pieces)
    there = np.flatnonzero(most > 0)
    _require(len(there), pieces, per_piece, int(most.sum()))
    if per_piece == len(there):
        return np.tile(there, (pieces, 1))
    quota = _quotas(most[there], pieces * per_piece, rng)
    places, _ = _schools(school, raters)
    seats = _Seats(quota, places[there], rng)
    chosen = np.empty((pieces, per_piece), np.int64)
    for piece in range(pieces):
        chosen[piece] = (
            seats.tie(per_piece, pieces - piece) if seats.parts > 1 else seats.mix(per_piece, pieces - piece)
        )
    if seats.parts > 1:
        raise FacetsRefused(
            "too_little_capacity", "The capacities are too uneven to tie all raters together."
        )
    order = rng.permutation(pieces)
    return np.sort(there[chosen], axis=1)[order]


def _require(there: int, pieces: int, per_piece: int, room: int) -> None:
    if there == 0 or pieces < 1:
        raise FacetsRefused("no_raters", "A plan needs a rater with room and a piece of work.")
    if there > MOST_RATERS:
        raise FacetsRefused(
            "too_many_raters", f"A plan is for at most {MOST_RATERS:,} raters; there are {there:,}."
        )
    if per_piece > there:
        raise FacetsRefused(
            "too_few_raters", f"{per_piece} raters for each piece, but only {there} have room."
        )
    if per_piece == 1 and there > 1:
        raise FacetsRefused(
            "no_links", "With one rater for each piece nothing ties raters together: plan two or more."
        )
    if room < pieces * per_piece:
        raise FacetsRefused(
            "too_little_capacity",
            f"{pieces * per_piece:,} scores are planned, but there is room for {room:,}.",
        )
    if per_piece > 1 and pieces * (per_piece - 1) < there - 1:
        need = -(-(there - 1) // (per_piece - 1))
        raise FacetsRefused(
            "too_few_pieces", f"To tie {there} raters with {per_piece} for each piece takes {need} pieces."
        )


def _schools(school: Sequence[str] | None, raters: int) -> tuple[Codes, bool]:
    """Return a school's number for each rater, a number of its own where it is not known."""
    if school is None or not any(school):
        return np.arange(raters), False
    known: dict[str, int] = {}
    return np.array(
        [known.setdefault(name or f"\0{at}", len(known)) for at, name in enumerate(school)], np.int64
    ), True


def _quotas(most: Codes, total: int, rng: np.random.Generator) -> Codes:
    """Return loads that sum to `total`, as equal as `most` allows; who gets one more is drawn."""
    low, high = 0, int(most.max())
    while low < high:
        level = (low + high + 1) // 2
        low, high = (level, high) if np.minimum(most, level).sum() <= total else (low, level - 1)
    quota = np.minimum(most, low)
    left = total - int(quota.sum())
    room = rng.permutation(np.flatnonzero(most > quota))
    quota[room[:left]] += 1
    return quota


class _Seats:
    """Raters' remaining loads, who met whom, and which raters are already tied; of one piece, whom its raters met."""

    def __init__(self, quota: Codes, school: Codes, rng: np.random.Generator) -> None:
        n = len(quota)
        self.left, self.school = quota.copy(), school
        self.met = np.zeros((n, n), np.int64)
        self.part = np.arange(n)
        self.parts = n
        self.order = rng.permutation(n)
        self.free: NDArray[np.bool_] = np.ones(n, np.bool_)
        self.shared: Codes = np.zeros(n, np.int64)
        self.same: NDArray[np.bool_] = np.zeros(n, np.bool_)

    def _begin(self) -> None:
        self.free = self.left > 0
        self.shared = np.zeros(len(self.left), np.int64)
        self.same = np.zeros(len(self.left), np.bool_)

    def _add(self, chosen: list[int], one: int) -> None:
        chosen.append(one)
        self.free[one] = False
        self.shared += self.met[one]
        self.same |= self.school == self.school[one]

    def _take(self, chosen: list[int]) -> NDArray[np.int64]:
        found = np.array(chosen, np.int64)
        self.left[found] -= 1
        self.met[np.ix_(found, found)] += 1
        for other in chosen[1:]:
            if self.part[other] != self.part[chosen[0]]:
                self.part[self.part == self.part[other]] = self.part[chosen[0]]
                self.parts -= 1
        return found

    def _urgent(self, count: int, pieces: int) -> list[int]:
        """Return those who must score all pieces that are left."""
        self._begin()
        chosen: list[int] = []
        for one in np.flatnonzero(self.left >= pieces)[:count].tolist():
            self._add(chosen, one)
        return chosen

    def tie(self, count: int, pieces: int) -> NDArray[np.int64]:
        """Return raters of as many parts as possible: the parts with least left, and the one with most to hold them.

        Those who must score all pieces that are left come first, and hold them then.
        """
        chosen = self._urgent(count, pieces)
        room = np.bincount(self.part, self.left, len(self.left))
        alive = np.setdiff1d(np.flatnonzero(room > 0), self.part[chosen])
        alive = alive[np.argsort(room[alive], kind="stable")]
        more = min(count - len(chosen), len(alive))
        parts = alive[:more].tolist() if chosen else [*alive[-1:].tolist(), *alive[: more - 1].tolist()]
        for one in [self._fullest(part) for part in parts]:
            self._add(chosen, one)
        return self._fill(chosen, count)

    def mix(self, count: int, pieces: int) -> NDArray[np.int64]:
        """Return raters with most left who met least; those who must score all pieces that are left come first."""
        return self._fill(self._urgent(count, pieces), count)

    def _fill(self, chosen: list[int], count: int) -> NDArray[np.int64]:
        while len(chosen) < count:
            self._add(chosen, self._best(met=bool(chosen)))
        return self._take(chosen)

    def _fullest(self, part: int) -> int:
        """Return the rater of a part with most left."""
        among = np.flatnonzero((self.part == part) & (self.left > 0))
        return int(among[np.lexsort((self.order[among], -self.left[among]))[0]])

    def _best(self, *, met: bool) -> int:
        """Return a rater with about most left: of another school, who met the piece's raters least, with more left."""
        near = np.flatnonzero(self.free)
        if len(near) == 0:
            raise FacetsRefused(
                "too_little_capacity", "The capacities are too uneven for so many raters a piece."
            )
        left = self.left[near]
        near = near[left >= left.max() - 1]
        keys = (self.same, self.shared) if met else ()
        for values in (*keys, -self.left):
            own = values[near]
            near = near[own == own.min()]
        return int(near[self.order[near].argmin()])


def expected_information(categories: int, deviation: float) -> float:
    """Return the variance of a rating in categories, averaged over students, with thresholds 1.2 logits apart.

    >>> round(expected_information(4, 1.0), 3)
    0.601
    """
    from headway.science.facets.extremes import chances

    steps: Floats = -STEP_WIDTH * (np.arange(categories - 1, dtype=np.float64) - (categories - 2) / 2)
    at, weight = np.polynomial.hermite_e.hermegauss(41)
    k = np.arange(categories)
    nodes: Floats = np.asarray(at, np.float64) * deviation
    chance = chances(nodes, steps)
    variance = chance @ (k * k) - (chance @ k) ** 2
    return float(variance @ weight / weight.sum())


def expected_errors(
    raters_of: NDArray[np.int64], raters: int, information: float, deviation: float
) -> Floats:
    """Return the expected standard error of each rater's severity, centered, in logits; nan for one without a piece.

    Source: the information of raters under the marginal model, each piece's student integrated out: a rating's own, less what
    the piece's ratings share, v² / (K v + 1 / deviation²).
    """
    count = raters_of.shape[1]
    shared = information**2 / (count * information + 1 / deviation**2)
    load = np.bincount(raters_of.ravel(), minlength=raters)
    own = load * (information - shared)
    found = np.full(raters, np.nan)
    there = np.flatnonzero(load > 0)
    place = np.cumsum(load > 0) - 1
    n = len(there)
    if n <= EXACT:
        whole = np.diag(own[there] + shared * load[there]) - shared * _together(place[raters_of], n)
        centered = np.linalg.inv(whole + np.ones((n, n)) * own.mean() / n)
        centered -= centered.mean(axis=0)[:, None] + centered.mean(axis=0) - centered.mean()
        found[there] = np.sqrt(np.diag(centered))
        return found
    keys = np.concatenate(
        [raters_of[:, a] * raters + raters_of[:, b] for a in range(count) for b in range(count) if a != b]
    )
    distinct, times = np.unique(keys, return_counts=True)
    tied = np.bincount(distinct // raters, (times * shared) ** 2 / own[distinct % raters], raters)
    found[there] = np.sqrt(1 / own[there] + tied[there] / own[there] ** 2)
    return found


def _together(raters_of: NDArray[np.int64], raters: int) -> Floats:
    """Return how many pieces each two raters share; on the diagonal each one's load. Exact: whole numbers below 2**53."""
    found: Floats = np.zeros((raters, raters))
    step = max(1, BLOCK // raters)
    for start in range(0, len(raters_of), step):
        some = raters_of[start : start + step]
        seats = np.zeros((len(some), raters))
        np.put_along_axis(seats, some, 1.0, axis=1)
        found += seats.T @ seats
    return found


def _met(chosen: NDArray[np.int64], raters: int) -> tuple[Codes, int, int]:
    """Return for each rater how many others share a piece, how many pairs do, and how often the most frequent pair does."""
    if raters <= EXACT:
        times = _together(chosen, raters)
        np.fill_diagonal(times, 0)
        partners = (times > 0).sum(axis=1)
        return partners, int(partners.sum()) // 2, int(times.max(initial=0))
    count = chosen.shape[1]
    keys = np.concatenate([np.empty(0, np.int64), *(chosen[:, a] * raters + chosen[:, b]
                           for a in range(count) for b in range(a + 1, count))])  # fmt: skip
    distinct, n = np.unique(keys, return_counts=True)
    ends = np.concatenate([distinct // raters, distinct % raters])
    return np.bincount(ends, minlength=raters), len(distinct), int(n.max(initial=0))


def _described(
    chosen: NDArray[np.int64], raters: int, there: Codes, schools: bool, school: Codes, categories: int, deviation: float
) -> RatingDesign:  # fmt: skip
    load = np.bincount(chosen.ravel(), minlength=raters)
    partners, met, repeated = _met(chosen, raters)
    information = expected_information(categories, deviation)
    reasons = [f"raters_left_out: {raters - len(there)}"] if len(there) < raters else []
    if np.ptp(load[there]) > 1:
        reasons.append("loads_differ_by_capacity")
    errors = expected_errors(chosen, raters, information, deviation)
    across = (school[chosen].max(axis=1) != school[chosen].min(axis=1)).mean() if schools else np.nan
    return RatingDesign(chosen, load, partners, errors, met, repeated, float(across), information,
                        tuple(reasons))  # fmt: skip
