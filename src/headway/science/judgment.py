"""The shape of an answer: value, uncertainty, state, reasons. Frozen; made by `determine` and `explain`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.codes import State


@dataclass(frozen=True, slots=True)
class Determinations:
    """What the evidence amounts to, one entry per segment.

    `value` exact, in levels, nan = none; `shown` the same in hundredths, half up (`NO_VALUE` = none); `state`
    a `State`. `engine_…` what the rule says beside a teacher's decision (equal where none stands).
    `n_counted` pieces that count, `n_total` ratings in view; `filled` of `required` pieces (both 0 where
    nothing is asked of this student here). `depth` deepest piece at proficient, 0 none; `decided`,
    `since_decision` (pieces newer than the decision). `level` and `proposed_level` on a continuum, 0 none;
    `complete` whether that level is. `standard_error` in levels, nan where none can be given.
    """

    value: NDArray[np.float64]
    shown: NDArray[np.int32]
    state: NDArray[np.int8]
    engine_value: NDArray[np.float64]
    engine_state: NDArray[np.int8]
    n_counted: NDArray[np.int64]
    n_total: NDArray[np.int64]
    filled: NDArray[np.int64]
    required: NDArray[np.int64]
    depth: NDArray[np.int8]
    decided: NDArray[np.bool_]
    since_decision: NDArray[np.int64]
    level: NDArray[np.int16]
    proposed_level: NDArray[np.int16]
    complete: NDArray[np.bool_]
    standard_error: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.value)

    @property
    def progress(self) -> NDArray[np.float64]:
        """Filled share of what is required; nan where nothing is asked."""
        share = np.full(len(self.value), np.nan)
        np.divide(self.filled, self.required, out=share, where=self.required > 0)
        return share

    def of(self, segment: int) -> dict[str, Any]:
        """Return one segment as plain Python values; None where there is none."""
        one = {f.name: getattr(self, f.name)[segment].item() for f in fields(self)}
        for name in ("value", "engine_value", "standard_error"):
            one[name] = None if one[name] != one[name] else one[name]
        one["shown"] = None if one["value"] is None else one["shown"]
        one["state"], one["engine_state"] = State(one["state"]).word, State(one["engine_state"]).word
        progress = self.progress[segment].item()
        one["progress"] = None if progress != progress else progress
        return one


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of levels in which the true level lies with the given chance; `source` says where the
    components are from."""

    low: float
    high: float
    chance: float
    source: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A rating that counts: its share of the value, 0 to 1."""

    key: Any
    level: float
    weight: float


@dataclass(frozen=True, slots=True)
class Excluded:
    """A rating that does not count, and the word of the reason."""

    key: Any
    level: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class WouldChange:
    """What one more piece at a level, observed now, would do."""

    level: float
    value: float | None
    shown: int | None
    state: str
    changes_state: bool


@dataclass(frozen=True, slots=True)
class Judgment:
    """One determination with its reasons. `words` and `would_change_words` are sentences by language.

    `missing` what is asked and not shown yet: name to (have, need). `share` is P(true level >= proficient);
    `certainty` its word for families (sure, fairly_sure, between). `depth_shares` by depth; 0 stands for
    unknown.
    """

    rule: str
    version: int
    parameters: Mapping[str, Any]
    value: float | None
    shown: int | None
    state: str
    engine_value: float | None
    engine_state: str
    n_counted: int
    n_total: int
    filled: int
    required: int
    progress: float | None
    depth: int
    decided: bool
    since_decision: int
    level: int
    proposed_level: int
    complete: bool
    counted: tuple[Counted, ...]
    excluded: tuple[Excluded, ...]
    missing: Mapping[str, tuple[int, int]]
    reasons: tuple[str, ...]
    depth_shares: Mapping[int, float]
    standard_error: float | None
    interval: Interval | None
    share: float | None
    certainty: str | None
    would_change: tuple[WouldChange, ...]
    words: Mapping[str, str]
    would_change_words: Mapping[str, str]
