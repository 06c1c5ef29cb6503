"""A policy as pure data: the rule with its parameters, the scale and its cut, the order, and what is
required."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from headway.science.codes import Kind
from headway.science.pieces import COUNTED_KINDS
from headway.science.proficiency.parameters import ORDERS, Parameters
from headway.science.proficiency.registry import Rule, rule
from headway.science.proficiency.registry import parameters as parameters_of
from headway.science.proficiency.requirement import Requirement

CUTS = ("reach", "nearest")
SAME_ATTEMPT = ("mean", "lead", "moderated")
PARENT_RULES = ("mean", "pooled-mean")
BASELINES = ("stored-or-first",)


class PolicyInvalid(ValueError):
    """A policy that cannot be: `key` names the part, `code` the kind of fault."""

    def __init__(self, code: str, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}")
        self.code, self.key = code, key


@dataclass(frozen=True, slots=True)
class Scale:
    """The levels, lowest first, and which of them are called proficient and beyond (None: a continuum has
    none)."""

    levels: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0)
    step: float = 1.0
    proficient: float | None = 3.0
    beyond: float | None = 4.0


@dataclass(frozen=True, slots=True)
class Completion:
    """When a level of a continuum is complete: all requirements in and mean >= level - margin, no piece below
    minimum.

    `fills`: whether an override `completes` fills all that remains of the requirement, or one piece.
    """

    margin: float = 0.5
    minimum: float = 0.0
    proposes_next_level: bool = True
    fills: str = "remaining"


@dataclass(frozen=True, slots=True)
class Parent:
    """How a competency's value comes from its skills."""

    rule: str = "mean"
    floor: float | None = None
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class GrowthRule:
    """From which baseline growth counts, and of which share of skills a parent needs it."""

    baseline: str | None = None
    needs_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Policy:
    """All that decides a determination."""

    rule: str = "decaying-average"
    version: int = 1
    parameters: Parameters = field(default_factory=lambda: parameters_of("decaying-average"))
    scale: Scale = field(default_factory=Scale)
    cut: str = "reach"
    order: str = "observed"
    same_attempt: str = "mean"
    requirement: Requirement = field(default_factory=Requirement)
    pieces_by_level: tuple[tuple[int, int], ...] = ()
    """Pieces per level of the continuum; level 0 is the default."""
    complete: Completion | None = None
    parent: Parent = field(default_factory=Parent)
    growth: GrowthRule = field(default_factory=GrowthRule)
    kinds: tuple[int, ...] = COUNTED_KINDS

    @property
    def chosen(self) -> Rule:
        """The rule itself."""
        return rule(self.rule)

    @property
    def fills(self) -> str:
        """What an override `completes` fills: `remaining` or `one`."""
        return self.complete.fills if self.complete else "remaining"

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Policy:
        """Build a policy from the keys of a policy file. Raises `PolicyInvalid`, which names key and fault.

        `scale` is the scale's own table. Keys that a policy file also has, but that decide nothing here, are
        accepted.

        >>> Policy.from_mapping({"rule": "highest", "requirement": {"pieces": 2}}).requirement.pieces
        2
        """
        known = {
            "name",
            "in_force",
            "applies",
            "locked",
            "scale",
            "rule",
            "parameters",
            "order",
            "same_attempt",
            "requirement",
            "requirement_by_level",
            "complete",
            "parent",
            "growth",
            "cut",
            "kinds",
            "version",
        }
        for key in values:
            if key not in known:
                raise PolicyInvalid(
                    "unknown_key", key, f"not a key of a policy; there are: {', '.join(sorted(known))}"
                )
        key = values.get("rule", "decaying-average")
        try:
            chosen = rule(key)
        except KeyError as error:
            raise PolicyInvalid("unknown_rule", "rule", str(error.args[0])) from None
        version = values.get("version", chosen.version)
        if version != chosen.version:
            raise PolicyInvalid(
                "unknown_rule_version", "version", f"{key} is here in version {chosen.version}, not {version}"
            )
        given = dict(values.get("parameters") or {})
        try:
            parameters = chosen.parameters.from_mapping(given)
        except ValueError as error:
            raise PolicyInvalid("bad_parameter", "parameters", str(error)) from None
        table = values.get("scale") or {}
        scale = _scale(table)
        order = given.get("order") or _word(values, "order", ORDERS)
        kinds = values.get("kinds")
        complete = values.get("complete")
        return cls(
            rule=key,
            version=version,
            parameters=parameters,
            scale=scale,
            cut=_word({"cut": values.get("cut") or table.get("cut", "reach")}, "cut", CUTS),
            order=order,
            same_attempt=_word(values, "same_attempt", SAME_ATTEMPT),
            requirement=_requirement(values.get("requirement") or {}),
            pieces_by_level=_by_level(values.get("requirement_by_level") or {}),
            complete=None if complete is None else _part(Completion, "complete", complete),
            parent=_part(Parent, "parent", values.get("parent") or {}),
            growth=_part(GrowthRule, "growth", values.get("growth") or {}),
            kinds=_kinds(kinds) if kinds else (tuple(Kind) if chosen.all_kinds else COUNTED_KINDS),
        )


def _word(values: Mapping[str, Any], key: str, words: tuple[str, ...]) -> str:
    value = values.get(key, words[0])
    if value not in words:
        raise PolicyInvalid("unknown_word", key, f"one of: {', '.join(words)}; not {value!r}")
    return str(value)


def _scale(table: Mapping[str, Any]) -> Scale:
    if not table:
        return Scale()
    for key in table:
        if key not in ("step", "levels", "proficient", "beyond", "cut"):
            raise PolicyInvalid(
                "unknown_key", f"scale.{key}", "a scale has step, levels, proficient, beyond and cut"
            )
    levels = [
        _number("scale.levels", each["value"] if isinstance(each, Mapping) else each)
        for each in table.get("levels", [])
    ]
    if len(levels) < 2 or levels != sorted(set(levels)):
        raise PolicyInvalid("levels_not_rising", "scale.levels", "two or more levels with rising values")
    named = {
        key: _number(f"scale.{key}", table[key])
        for key in ("proficient", "beyond")
        if table.get(key) is not None
    }
    for key, value in named.items():
        if not levels[0] <= value <= levels[-1]:
            raise PolicyInvalid(
                "out_of_range", f"scale.{key}", f"must lie on the scale, {levels[0]:g} to {levels[-1]:g}"
            )
    return Scale(
        tuple(levels),
        _number("scale.step", table.get("step", 1)),
        named.get("proficient"),
        named.get("beyond"),
    )


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PolicyInvalid("not_a_number", key, f"a number; not {value!r}")
    return float(value)


def _requirement(values: Mapping[str, Any]) -> Requirement:
    names = {f.name for f in fields(Requirement)}
    for key, value in values.items():
        if key not in names:
            raise PolicyInvalid(
                "unknown_key", f"requirement.{key}", f"a requirement knows: {', '.join(sorted(names))}"
            )
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise PolicyInvalid(
                "not_a_number", f"requirement.{key}", f"a whole number, zero or more; not {value!r}"
            )
    return Requirement(**values)


def _by_level(values: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    pairs = []
    for level, wanted in values.items():
        if isinstance(wanted, Mapping):
            continue  # a table of one skill: the caller resolves which holds and passes its plain numbers
        number = 0 if level == "default" else int(float(level))
        if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 0:
            raise PolicyInvalid(
                "not_a_number",
                f"requirement_by_level.{level}",
                f"a whole number, zero or more; not {wanted!r}",
            )
        pairs.append((number, wanted))
    return tuple(sorted(pairs))


def _part(kind: Any, key: str, values: Mapping[str, Any]) -> Any:
    names = [f.name for f in fields(kind)]
    for name in values:
        if name not in names:
            raise PolicyInvalid("unknown_key", f"{key}.{name}", f"{key} knows: {', '.join(names)}")
    made = kind(**values)
    if isinstance(made, Parent) and made.rule not in PARENT_RULES:
        raise PolicyInvalid(
            "unknown_word", "parent.rule", f"one of: {', '.join(PARENT_RULES)}; not {made.rule!r}"
        )
    if isinstance(made, Completion) and made.fills not in ("remaining", "one"):
        raise PolicyInvalid("unknown_word", "complete.fills", f"remaining or one; not {made.fills!r}")
    if isinstance(made, GrowthRule) and made.baseline not in (None, *BASELINES):
        raise PolicyInvalid(
            "unknown_word", "growth.baseline", f"one of: {', '.join(BASELINES)}; not {made.baseline!r}"
        )
    return made


def _kinds(values: Any) -> tuple[int, ...]:
    try:
        return tuple(Kind.of(each) if isinstance(each, str) else Kind(each) for each in values)
    except ValueError as error:
        raise PolicyInvalid("unknown_word", "kinds", str(error)) from None
