"""The form of the rule laboratory: built from each rule's parameters, filled with what is in force at the chosen place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from datetime import date
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.pages.parts.rules import rule_names
from headway.proficiency import queries
from headway.proficiency.queries import Book
from headway.proficiency.types import Basis, Chosen
from headway.science.proficiency import registry

MOST_ASKED = 10_000


@dataclass(frozen=True, slots=True)
class Input:
    """One field: what it is called, what it says now, and what may be said. `kind`: number, choice, or flag."""

    name: str
    label: str
    value: str
    kind: str
    low: str = ""
    high: str = ""
    step: str = ""
    options: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    more: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """What the laboratory asks about: where, which rule, what is asked, which cut.

    `moved`: the place was changed since the form was drawn, so that it shows what is in force there; `faults` in words.
    """

    school: str
    place: str
    of: str
    whole: bool
    basis: Basis
    chosen: Chosen
    moved: bool
    faults: list[str]
    schools: list[tuple[str, str]]
    places: list[tuple[str, list[tuple[str, str]]]]
    rules: list[tuple[str, str]]
    said: str
    parameters: list[Input]
    asks: list[Input]
    cuts: list[Input]
    mapping: list[Input]

    @property
    def key(self) -> str:
        """The place as one text: what the next form knows this one by."""
        return f"{self.school}|{self.place}"

    @property
    def locked(self) -> list[tuple[str, str]]:
        """What wider policies lock here: key and policy."""
        return sorted(self.basis.locked.items())


def read_form(data: Mapping[str, Any], book: Book, *, on: date, schools: list[Any], whole: bool) -> Form:
    """Return the form of what was sent; what was not sent is as it is in force.

    `schools` are those that the viewer leads; `whole`: whether all together may be looked at. Raises
    `Refusal("unknown_area")`.
    """
    language = get_language() or "en"
    school, place = data.get("school", ""), data.get("place", "")
    named = {one.sourced_id: one.name for one in schools}
    basis = queries.basis(book, _applies(school, place, named), on)
    of = data.get("of", "") or ("" if whole else next(iter(named), ""))
    moved = data.get("from", f"{school}|{place}") != f"{school}|{place}"
    now = basis.chosen
    given: Mapping[str, Any] = data
    if moved:
        # What is in force at the new place, under the rule that was chosen in the same step, if one was.
        stood = _rule_at(data.get("from", ""), book, named, on)
        given = {"rule": data["rule"]} if stood and data.get("rule", stood) != stood else {}
    faults: list[str] = []
    key = given.get("rule", now.rule)
    rule = registry.rules().get(key) or registry.rule(now.rule)
    parameters = [
        _input(rule.key, each, given, now.parameters if rule.key == now.rule else {}, language)
        for each in fields(rule.parameters)
    ]
    scale = given.get("scale") or now.scale
    scales = {**book.settings["scales"], now.scale: basis.body["_scale"]}
    if scale not in scales:
        scale = now.scale
    asks = [
        Input(f"asks.{name}", asked_words()[name], str(given.get(f"asks.{name}", now.requirement.get(name, 0))), "number", "0",
              str(MOST_ASKED), "1")
        for name in asked_words()
    ]  # fmt: skip
    cuts = _cuts(given, now, scale, scales)
    mapping = _mapping(given, basis.body["_scale"], scales[scale])
    chosen = Chosen(
        rule=rule.key, parameters=_parameters(rule, parameters, faults),
        requirement={one.name[5:]: n for one in asks if (n := _whole(one, faults))}, cut=_word(cuts[0], faults), scale=scale,
        proficient=_number(cuts[2], faults), beyond=_number(cuts[3], faults),
        mapping={one.name[4:]: n for one in mapping if (n := _number(one, faults)) is not None},
    )  # fmt: skip
    return Form(
        school=school, place=place, of=of, whole=whole, basis=basis, chosen=chosen, moved=moved and not given, faults=faults,
        schools=list(named.items()), places=_places(language),
        rules=[(key, rule_names().get(key, key)) for key in registry.rules()],
        said=rule.words(rule.parameters.from_mapping(chosen.parameters), language) if not faults else "", parameters=parameters,
        asks=asks, cuts=cuts, mapping=mapping,
    )  # fmt: skip


def _rule_at(key: str, book: Book, schools: Mapping[str, str], on: date) -> str:
    """Return the rule in force at the place that an earlier form was about; nothing where there is no such place."""
    school, _sep, place = key.partition("|")
    try:
        return queries.basis(book, _applies(school, place, schools), on).chosen.rule
    except Refusal:
        return ""


def _applies(school: str, place: str, schools: Mapping[str, str]) -> dict[str, str]:
    """Return where a policy applies: a school, and `f:KEY` or `a:KEY:CODE`. Raises `Refusal("unknown_area")`."""
    found = {}
    if school:
        if school not in schools:
            raise Refusal("unknown_area", "There is no such school.")
        found["school"] = school
    kind, _sep, named = place.partition(":")
    if place:
        known = {key: {node.code for node in nodes} for key, nodes in queries.areas_to_name()}
        key, _sep, code = named.rpartition(":")
        if kind == "f" and named in known:
            found["framework"] = named
        elif kind == "a" and code in known.get(key, ()):
            found["area"] = named
        else:
            raise Refusal("unknown_area", "There is no such continuum or area.")
    return found


def _places(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    found = []
    for key, nodes in queries.areas_to_name():
        view = frameworks.framework_by_key(key)
        whole = (f"f:{key}", _("%(name)s, all of it") % {"name": view.called(language)})
        found.append(
            (view.called(language), [whole, *((f"a:{key}:{n.code}", n.called(language)) for n in nodes)])
        )
    return found


def rule_book(language: str) -> list[tuple[str, str]]:
    """Return every rule by name with what it says to a parent, as it comes without a choice of parameters."""
    return [
        (rule_names().get(one.key, one.key), one.words(one.parameters(), language))
        for one in registry.rules().values()
    ]


def asked_words() -> dict[str, str]:
    """Return what a requirement may ask for, in words, by its key."""
    return {
        "pieces": _("Pieces of evidence"), "depth": _("At least at depth"), "at_depth": _("Pieces at that depth"),
        "days_apart": _("Days between the first and the last piece"), "raters": _("Different raters"),
        "tasks": _("Different tasks"), "settings": _("Different settings"), "observer_types": _("Types of observers"),
        "certifying_pieces": _("Pieces on tasks whose rubric may certify"),
    }  # fmt: skip


def _input(
    rule: str, each: Field[Any], given: Mapping[str, Any], now: Mapping[str, Any], language: str
) -> Input:
    about, name = each.metadata, f"{rule}.{each.name}"
    value = given.get(name, now.get(each.name, each.default))
    shown = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    more = each.name in ("decimals", "order")
    if about["choices"]:
        words = {
            "observed": _("observed"),
            "submitted": _("handed in"),
            "due": _("due"),
            "recorded": _("recorded"),
        }
        options = tuple((one, words.get(one, one)) for one in about["choices"])
        return Input(name, about[language], shown, "choice", options=options, more=more)
    if isinstance(each.default, bool):
        return Input(
            name,
            about[language],
            shown,
            "choice",
            options=(("false", _("no")), ("true", _("yes"))),
            more=more,
        )
    step = "1" if about["whole"] else "any"
    return Input(name, about[language], shown, "number", f"{about['low']:g}", f"{about['high']:g}", step,
                 optional=about["optional"], more=more)  # fmt: skip


def _cuts(given: Mapping[str, Any], now: Chosen, scale: str, scales: Mapping[str, Any]) -> list[Input]:
    table = scales[scale]
    levels = [f"{one['value']:g}" for one in table["levels"]]
    other = given.get("scale_from", scale) != scale
    kinds = (("reach", _("the value reaches it")), ("nearest", _("it is the nearest")))
    cut = now.cut if scale == now.scale else table.get("cut", "reach")
    found = [
        Input(
            "cut",
            _("A level is reached when"),
            cut if other else given.get("cut", cut),
            "choice",
            options=kinds,
        ),
        Input("scale", _("Scale"), scale, "choice", options=tuple((key, key) for key in scales)),
    ]
    for name, label in (("proficient", _("Proficient from")), ("beyond", _("Beyond from"))):
        own = table.get(name)
        value = "" if own is None else f"{own:g}"
        found.append(Input(name, label, value if other else str(given.get(name, value)), "number", levels[0], levels[-1], "any",
                           optional=True))  # fmt: skip
    return found


def _mapping(given: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Input]:
    """Return a field for every level of the scale before, where the chosen scale is another one."""
    if queries.same_levels(old, new):
        return []
    first, last = new["levels"][0]["value"], new["levels"][-1]["value"]
    low, high, step = old["levels"][0]["value"], old["levels"][-1]["value"], old.get("step", 1)
    n = min(round((high - low) / step), 200)
    levels = [round(low + step * i, 2) for i in range(n + 1)]
    return [
        Input(f"map.{level:g}", f"{level:g}", str(given.get(f"map.{level:g}", "")), "number", f"{first:g}", f"{last:g}", "any",
              optional=True)
        for level in levels
    ]  # fmt: skip


def _parameters(rule: Any, inputs: list[Input], faults: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each, one in zip(fields(rule.parameters), inputs, strict=True):
        if one.kind == "choice":
            value: Any = _word(one, faults)
            value = value == "true" if isinstance(each.default, bool) else value
        else:
            value = _whole(one, faults) if each.metadata["whole"] else _number(one, faults)
        if value is not None and value != each.default:
            found[each.name] = value
    return found


def _word(one: Input, faults: list[str]) -> str:
    if one.value not in dict(one.options):
        faults.append(_("%(what)s: choose one of the list.") % {"what": one.label})
        return one.options[0][0]
    return one.value


def _whole(one: Input, faults: list[str]) -> int | None:
    number = _number(one, faults)
    if number is not None and number != int(number):
        faults.append(_("%(what)s: a whole number.") % {"what": one.label})
    return None if number is None else int(number)


def _number(one: Input, faults: list[str]) -> float | None:
    if not one.value.strip() and one.optional:
        return None
    try:
        number = float(one.value.replace(",", "."))
        if not float(one.low) <= number <= float(one.high):
            raise ValueError
    except ValueError:
        faults.append(
            _("%(what)s: a number from %(low)s to %(high)s.")
            % {"what": one.label, "low": one.low, "high": one.high}
        )
        return None
    return int(number) if number == int(number) else number
