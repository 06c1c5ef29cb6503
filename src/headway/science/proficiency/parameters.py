"""Parameters of a rule: a frozen dataclass whose fields carry what a form needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

ORDERS = ("observed", "submitted", "due", "recorded")
Argument = float | int


def parameter(
    default: Any,
    *,
    en: str,
    es: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    whole: bool = False,
    optional: bool = False,
) -> Any:
    """Return a field with its help text in both languages and its bounds."""
    about = {
        "en": en,
        "es": es,
        "low": low,
        "high": high,
        "choices": choices,
        "whole": whole,
        "optional": optional,
    }
    return field(default=default, metadata=about)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What every rule takes. Raises `ValueError` where a value lies outside its bounds."""

    decimals: int | None = parameter(
        None,
        en="Round the value half up to this many decimals.",
        es="Redondear el valor a esta cantidad de decimales.",
        low=0,
        high=6,
        whole=True,
        optional=True,
    )
    order: str = parameter(
        "observed", en="Which date orders the pieces.", es="Qué fecha ordena los trabajos.", choices=ORDERS
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, checked(each, getattr(self, each.name)))

    def arguments(self) -> tuple[Argument, ...]:
        """Return what the loop takes, in its order: the rule's own parameters."""
        own = [f for f in fields(self) if f.name not in ("decimals", "order")]
        return tuple(getattr(self, f.name) for f in own)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Parameters:
        """Build from names and values (numbers, or their text). Raises `ValueError` naming what is wrong."""
        names = [f.name for f in fields(cls)]
        for name in values:
            if name not in names:
                raise ValueError(
                    f"{name} is not a parameter of this rule; it takes: {', '.join(sorted(names))}"
                )
        return cls(**{str(name): value for name, value in values.items()})

    def as_mapping(self) -> dict[str, Any]:
        """Return all parameters by name, as a policy version stores them."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def checked(each: Field[Any], value: Any) -> Any:
    """Return a value in its field's type, or raise `ValueError` with the bounds."""
    about = each.metadata
    if value is None or value == "":
        if about["optional"]:
            return None
        raise ValueError(f"{each.name} needs a value")
    if about["choices"]:
        if value not in about["choices"]:
            raise ValueError(f"{each.name} is one of: {', '.join(about['choices'])}; not {value!r}")
        return value
    if isinstance(each.default, bool):
        return _flag(each.name, value)
    low, high, whole = about["low"], about["high"], about["whole"]
    between = f"{'a whole number' if whole else 'a number'} from {low:g} to {high:g}"
    try:
        number = float(value)
        if isinstance(value, bool) or not math.isfinite(number) or (whole and number != int(number)):
            raise ValueError
    except (TypeError, ValueError):
        raise ValueError(f"{each.name} is {between}; not {value!r}") from None
    if not low <= number <= high:
        raise ValueError(f"{each.name} is {between}; not {value!r}")
    return int(number) if whole else number


def _flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise ValueError(f"{name} is true or false; not {value!r}")


def required(cls: type[Parameters]) -> list[str]:
    """Return the names of the parameters without a default."""
    return [f.name for f in fields(cls) if f.default is MISSING]


Words = Callable[[Any, str], str]
