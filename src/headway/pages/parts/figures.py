"""Figures of stored reports of agreement as pages say them: each with its interval and its n, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _


def reason(code: str) -> str:
    """Say why there is no figure, or what a reader must know beside one."""
    return {
        "under_10_pieces": _("fewer than 10 works"),
        "under_30_scores": _("fewer than 30 levels compared"),
        "one_category": _("only one level was used"),
        "no_pairs": _("nobody else scored the same"),
        "too_few_in_group": _("too few students of the group"),
        "too_few_others": _("too few other students"),
        "too_few_students": _("too few students"),
        "raters_too_few": _("fewer than three raters"),
        "not_alone": _("too little to stand alone"),
        "too_few_together": _("too few to tell"),
        "protects": _("it would tell of a smaller group"),
        "few_clusters": _("few works: the interval is too narrow"),
        "too_few_linked": _("fewer than 30 scores shared with others"),
        "too_uncertain": _("too uncertain: the standard error is above 0.15 levels"),
        "not_linked": _("no work shared with others"),
        "disconnected": _("no work ties all raters together"),
        "confounded": _("raters and works cannot be told apart"),
        "first_session": _("these anchors were scored in one session only"),
        "no_raters": _("fewer than two raters"),
        "all_extreme": _("all scores are lowest or highest"),
        "no_finite_estimate": _("too few and too orderly scores"),
        "no_spread": _("all differences are the same"),
        "no_plan": _("no plan"),
        "too_few_pieces": _("too few works to tie all raters together"),
        "too_few_raters": _("fewer raters than a work needs"),
        "no_links": _("with one rater for each work nothing ties raters together"),
        "too_little_capacity": _("the works do not go round"),
        "one_student": _("only one work"),
        "under_minimum": _("few works"),
        "extreme": _("all scores of this session are lowest or highest"),
        "too_few_ratings": _("fewer than five scores of the same anchors"),
        "one_window": _("one session only"),
        "window_not_separable": _("sessions and works cannot be told apart"),
    }.get(code, _("the scores do not allow it"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as a page says it: `value` and `interval`, empty where withheld with `why`; `n`."""

    value: str
    interval: str
    n: int
    why: str = ""

    @property
    def held(self) -> bool:
        """Whether there is no figure."""
        return not self.value


def number(value: float, places: int, *, signed: bool = False) -> str:
    """Say a number in the reader's language, with its sign where it is a difference."""
    said = number_format(round(abs(value), places), places, use_l10n=True)
    return ("−" if value < 0 else "+" if signed else "") + said


def figure(found: Mapping[str, Any] | None, *, percent: bool = False, levels: bool = False) -> Figure:
    """Return an estimate of a stored report as a page says it: as a percentage, in levels, or as a coefficient."""
    if not found:
        return Figure("", "", 0, reason(""))
    n = int(found.get("n") or 0)
    if found.get("value") is None:
        return Figure("", "", n, "; ".join(reason(one) for one in found.get("reasons") or [""]))

    def shown(value: float) -> str:
        if percent:
            return f"{number(100 * value, 0)}\u00a0%"
        return number(value, 2, signed=levels)

    low, high = found.get("low"), found.get("high")
    interval = (
        ""
        if low is None or high is None
        else _("%(low)s to %(high)s") % {"low": shown(low), "high": shown(high)}
    )
    return Figure(shown(found["value"]), interval, n)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table of agreement; `compared` is what the rule of 30 counts: each criterion of each work once, by however
    many raters it was scored."""

    label: str
    exact: Figure
    adjacent: Figure
    kappa: Figure
    alpha: Figure
    chance: str
    pieces: int
    compared: int
    raters: int = 0


def withheld_by(rows: Sequence[Row]) -> str:
    """Say why figures of a table of agreement are withheld, each reason once; empty where none is."""
    told = [each for one in rows for each in (one.exact, one.adjacent, one.kappa, one.alpha)]
    return "; ".join(dict.fromkeys(each.why for each in told if each.held))


def row(label: str, found: Mapping[str, Any], *, raters: int = 0) -> Row:
    """Return a reading of a stored report as a line of a table."""
    chance = found.get("chance")
    return Row(
        label, figure(found["exact"], percent=True), figure(found["adjacent"], percent=True), figure(found["kappa"]),
        figure(found["alpha"]), "" if chance is None else f"{number(100 * chance, 0)}\u00a0%", int(found["pieces"]),
        int(found["scores"]), raters,
    )  # fmt: skip


def beyond(found: Mapping[str, Any]) -> bool:
    """Whether the interval of a figure leaves out zero."""
    low, high = found.get("low"), found.get("high")
    return low is not None and high is not None and not low <= 0 <= high
