"""The rules by key. A policy version stores key, version and parameters, so that a level can be replayed
years later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from headway.science.proficiency.parameters import Argument, Parameters, Words

Kernel = Callable[..., float]
_FILES = (
    "most_recent",
    "highest",
    "mean",
    "median",
    "mode",
    "weighted_newest",
    "decaying_average",
    "n_times",
    "best_n",
    "power_law",
    "doubling_weights",
    "profile",
)


@dataclass(frozen=True, slots=True)
class Vector:
    """A published worked example: levels oldest first, parameters, the value (None = no value), where it
    stands."""

    levels: tuple[float, ...]
    parameters: Mapping[str, Any]
    value: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    `kernel(levels, weights, start, stop, *columns, *arguments)` returns the value of `levels[start:stop]`,
    oldest first, or nan where the rule gives none; where `weights` is not empty it fills
    `weights[start:stop]`. Weights of a `linear` rule do not depend on the levels, so that its standard error
    follows from them.
    """

    key: str
    version: int
    kernel: Kernel
    parameters: type[Parameters]
    words: Words
    source: str
    fails: tuple[str, ...]
    linear: bool
    vectors: tuple[Vector, ...] = ()
    columns: tuple[str, ...] = ()
    least: Callable[[Any], int] = lambda _: 1
    """How many pieces the rule needs before it can give a value."""
    no_value_is_not_yet: bool = False
    """Whether as many pieces as it needs and no value mean `not_yet`: the rule counts only levels that are high enough."""
    window: Callable[[Any], int] = lambda _: 0
    """How many of the newest pieces the rule looks at; 0 = all."""
    all_kinds: bool = False
    """Whether self and peer observations count unless a policy says otherwise (habits)."""
    reproduces: bool = True
    """Whether the value is the weighted mean of the levels."""

    def arguments(self, chosen: Parameters) -> tuple[Argument, ...]:
        """Return the loop's own arguments for chosen parameters."""
        return chosen.arguments()


@cache
def rules() -> dict[str, Rule]:
    """Return all rules by key, in the order of the documentation."""
    found = [import_module(f"headway.science.proficiency.{name}").RULE for name in _FILES]
    return {each.key: each for each in found}


def keys() -> Sequence[str]:
    """Return the keys of all rules."""
    return list(rules())


def rule(key: str) -> Rule:
    """Return the rule of a key. Raises `KeyError` that lists the keys."""
    try:
        return rules()[key]
    except KeyError:
        raise KeyError(f"no rule has the key {key!r}; there are: {', '.join(rules())}") from None


def parameters(key: str, values: Mapping[str, Any] | None = None) -> Parameters:
    """Return the checked parameters of a rule. Raises `KeyError` for the key, `ValueError` for a
    parameter."""
    return rule(key).parameters.from_mapping(values or {})
