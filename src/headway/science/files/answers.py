"""What answers on files share: options, estimates as JSON, and the science's own refusals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

from headway.science.estimates import Estimate, EstimateRefused
from headway.science.files.reading import ScienceRefusal, whole

_Asked = ParamSpec("_Asked")
_Found = TypeVar("_Found")


def number(options: Mapping[str, Any], name: str) -> float | None:
    """Return an option that is a number, None where it is not given. Raises `ScienceRefusal` `bad_parameter`."""
    text = options.get(name)
    if text is None:
        return None
    try:
        value = float(str(text))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ScienceRefusal("bad_parameter", f"--{name} is a number.", value=str(text))
    return value


def generator(options: Mapping[str, Any]) -> np.random.Generator:
    """Return the source of chance that `--seed` names, 0 by default."""
    return np.random.default_rng(whole(options, "seed", 0, 0, 2**63 - 1))


def ask(question: Callable[_Asked, _Found], *arguments: _Asked.args, **named: _Asked.kwargs) -> _Found:
    """Ask the science; what it cannot answer is a refusal with the same code."""
    try:
        return question(*arguments, **named)
    except EstimateRefused as refused:
        raise ScienceRefusal(refused.code, str(refused)) from None


def laid(found: Estimate) -> dict[str, Any]:
    """Return an estimate as an answer lays it out."""
    return {"value": found.value, "interval": ends(found), "n": found.n, "reasons": list(found.reasons)}


def ends(found: Estimate) -> list[float | None] | None:
    """Return both ends of an interval, None for an end without limit, None where there is no interval."""
    return None if found.interval is None else [finite(end) for end in found.interval]


def finite(value: float | None) -> float | None:
    """Return a number that JSON can hold, None for one that is infinite or unknown."""
    return float(value) if value is not None and math.isfinite(value) else None


def only_one(estimates: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return value and interval where there is one estimate."""
    if len(estimates) == 1:
        return {"value": estimates[0]["value"], "interval": estimates[0]["interval"]}
    return {"interval": None}
