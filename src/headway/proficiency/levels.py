"""The levels of two scales beside each other, in hundredths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def same_levels(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two scales hold the same levels, whatever they are called."""
    return _values(one) == _values(other) and one.get("step", 1) == other.get("step", 1)


def keeps_level(old: Mapping[str, Any], new: Mapping[str, Any], level: int) -> bool:
    """Whether a level (hundredths) stands on the new scale where it stood: between the same ends, on one of its steps."""
    a, b = _values(old), _values(new)
    return (a[0], a[-1]) == (b[0], b[-1]) and on_scale(new, level)


def on_scale(scale: Mapping[str, Any], level: int) -> bool:
    """Whether a level (hundredths) lies on a scale."""
    values = _values(scale)
    step = max(1, round(scale.get("step", 1) * 100))
    return values[0] <= level <= values[-1] and (level - values[0]) % step == 0


def levels_of_map(table: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """Return a policy's `map` as pairs of hundredths: old level, new level."""
    return tuple(sorted((round(float(old) * 100), round(float(new) * 100)) for old, new in table.items()))


def _values(scale: Mapping[str, Any]) -> list[int]:
    return [round(level["value"] * 100) for level in scale["levels"]]
