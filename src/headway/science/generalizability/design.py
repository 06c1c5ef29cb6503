"""The grammar of designs: `p x (r:t)` is persons crossed with raters who are nested in tasks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from headway.science.estimates import EstimateRefused

_TOKEN = re.compile(r"\s*(?:([A-Za-z_]\w*)|([():×*]))")
_CROSS = ("x", "X", "×", "*")
MOST_FACETS = 6


@dataclass(frozen=True, slots=True)
class Effect:
    """A source of variance: `primary` facets that interact, and `indices`, these and all facets in which they are nested."""

    name: str
    primary: tuple[str, ...]
    indices: frozenset[str]


@dataclass(frozen=True, slots=True)
class Design:
    """Facets in the order of the design, the object of measurement first; what each is nested in; all effects.

    The last effect has every index; with one score per cell it is the residual.
    """

    text: str
    facets: tuple[str, ...]
    within: dict[str, frozenset[str]]
    effects: tuple[Effect, ...]
    score: str = "score"

    @classmethod
    def of(cls, text: str) -> Design:
        """Return the design that a text describes.

        `x` (also ×, *) crosses, `:` nests (left in right), parentheses group; `score ~` before it names the score.

        Raises: `EstimateRefused("bad_design")`.
        Source: Brennan, Generalizability Theory (2001), sections 3.2 and 7.1.

        >>> [effect.name for effect in Design.of("p x (r:t)").effects]
        ['p', 't', 'r:t', 'pt', 'pr:t']
        >>> [effect.name for effect in Design.of("(p:c) x i").effects]
        ['c', 'i', 'p:c', 'ci', 'pi:c']
        """
        name, tilde, rest = text.partition("~")
        body = rest if tilde else name
        within = _Parser(body).parse()
        facets = tuple(within)
        if not 2 <= len(facets) <= MOST_FACETS:
            raise EstimateRefused(
                "bad_design", f"A design has two to {MOST_FACETS} facets; {body!r} has {len(facets)}.", text
            )
        return cls(text.strip(), facets, within, _effects(facets, within), name.strip() if tilde else "score")


class _Parser:
    """Recursive descent: cross = nest (x nest)*, nest = atom (: nest)?, atom = name or parentheses."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at = text, [], 0
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if not found:
                raise self.refused(f"{text[place:].strip()[0]!r} has no meaning in a design")
            self.tokens.append(found.group(1) or found.group(2))
            place = found.end()

    def refused(self, why: str) -> EstimateRefused:
        return EstimateRefused("bad_design", f"{self.text.strip()!r} is no design: {why}.", self.text.strip())

    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def parse(self) -> dict[str, frozenset[str]]:
        found = self.cross()
        if self.next():
            raise self.refused(f"{self.next()!r} comes where nothing was open")
        return found

    def cross(self) -> dict[str, frozenset[str]]:
        found = self.nest()
        while self.next() in _CROSS:
            self.at += 1
            found = self.joined(found, self.nest())
        return found

    def nest(self) -> dict[str, frozenset[str]]:
        inner = self.atom()
        if self.next() != ":":
            return inner
        self.at += 1
        outer = self.nest()
        nested = {name: nests | frozenset(outer) for name, nests in inner.items()}
        return self.joined(nested, outer)

    def atom(self) -> dict[str, frozenset[str]]:
        word = self.next()
        self.at += 1
        if word == "(":
            found = self.cross()
            if self.next() != ")":
                raise self.refused("a parenthesis is not closed")
            self.at += 1
            return found
        if not word or word in _CROSS or word in "):":
            raise self.refused("a facet is missing" if not word else f"a facet is missing before {word!r}")
        return {word: frozenset()}

    def joined(
        self, one: dict[str, frozenset[str]], other: dict[str, frozenset[str]]
    ) -> dict[str, frozenset[str]]:
        twice = one.keys() & other.keys()
        if twice:
            raise self.refused(f"{min(twice)} stands in it twice")
        return one | other


def _effects(facets: tuple[str, ...], within: dict[str, frozenset[str]]) -> tuple[Effect, ...]:
    """Every set of facets of which none is nested in another: an interaction, or one facet alone."""
    short = all(len(facet) == 1 for facet in facets)
    found = []
    for size in range(1, len(facets) + 1):
        for primary in combinations(facets, size):
            nests = frozenset[str]().union(*(within[facet] for facet in primary))
            if nests & set(primary):
                continue
            found.append(
                Effect(_name(primary, nests, facets, within, short), primary, nests | frozenset(primary))
            )
    return tuple(sorted(found, key=lambda effect: (len(effect.indices), len(effect.primary))))


def _name(
    primary: Iterable[str],
    nests: frozenset[str],
    facets: tuple[str, ...],
    within: dict[str, frozenset[str]],
    short: bool,
) -> str:
    first = ("" if short else " x ").join(primary)
    if not nests:
        return first
    further = frozenset[str]().union(*(within[facet] for facet in nests))
    nearest = [facet for facet in facets if facet in nests and facet not in further]
    return f"{first}:{_name(nearest, further & nests, facets, within, short)}"
