"""What states, ways and figures by student group of a session are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.access.types import Role
from headway.calibration.types import (
    CALLED_OFF,
    EVERYBODY,
    FINISHED,
    LINKED,
    PAIRS,
    PLANNED,
    RESCORING,
    REVEALED,
    ROUND_1,
    ROUND_2,
    TOGETHER,
    TRIADS,
    SessionView,
)
from headway.pages.parts import figures
from headway.pages.parts.demographics import group_words


def nav(request: HttpRequest) -> str:
    """Return the entry of the navigation under which the reader finds these pages."""
    coach = request.viewer.is_a(Role.COACH) and not request.viewer.is_a(
        Role.TEACHER, Role.PRINCIPAL, Role.DISTRICT
    )
    return "calibration.index" if coach else "tasks.bank"


def states() -> dict[str, str]:
    """Return the words of a session's state."""
    return {
        PLANNED: _("planned"), ROUND_1: _("blind round"), REVEALED: _("revealed"), ROUND_2: _("second round"),
        FINISHED: _("finished"), CALLED_OFF: _("called off"),
    }  # fmt: skip


def ways() -> dict[str, str]:
    """Return how works are shared out, in words."""
    return {
        EVERYBODY: _("Everybody scores everything"), LINKED: _("Each work by some, so that all are tied together"),
        PAIRS: _("Pairs: two score apart, then agree"), TRIADS: _("Triads: three score apart, and do not agree"),
    }  # fmt: skip


def kinds() -> dict[str, str]:
    """Return what a session is for, in words."""
    return {TOGETHER: _("Score together and talk"), RESCORING: _("Score a sample of everyday ratings again")}


def by_group(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return figures by student group in the order of the roster's groups, all students first; `held` says which have none."""
    names = {"": _("All students"), **group_words()}
    found = sorted(
        (one for one in rows if one["group"] in names), key=lambda one: list(names).index(one["group"])
    )
    held: dict[str, list[str]] = {}
    for one in found:
        if one["value"] is None:
            held.setdefault(figures.figure(one).why, []).append(names[one["group"]])
    told = [
        {"name": names[one["group"]], "figure": figures.figure(one, levels=True), "beyond": figures.beyond(one), "n": one["n"],
         "others": one.get("others", 0), "plain": "few_raters" in one["reasons"], "method": one["method"]}
        for one in found if one["value"] is not None
    ]  # fmt: skip
    return {"told": told, "held": [(why, ", ".join(one)) for why, one in held.items()]}


def next_step(view: SessionView, alone_n: int = 0) -> str:
    """Say what a session waits for, to who convenes it; `alone_n` of its works no two raters scored."""
    if view.state == PLANNED:
        if not view.works_n:
            return _("Put works in.")
        return _("Invite raters.") if view.raters_n < 2 else _("Open the blind round.")
    if view.state in (ROUND_1, ROUND_2):
        left = view.raters_n - view.done_n
        if left == 0:
            return (
                _("Everybody has handed in: reveal it.")
                if view.state == ROUND_1
                else _("Everybody has handed in: finish it.")
            )
        return ngettext("%(n)s rater still scores.", "%(n)s raters still score.", left) % {"n": left}
    if view.state == REVEALED and alone_n >= view.works_n:
        return _("Nothing can be compared: no work has two raters. Finish it, and plan another.")
    if view.state == REVEALED:
        return _("Talk about the works that lie farthest apart; agree with a reason.")
    return _("The reports are there.") if view.state == FINISHED else _("Nothing more happens here.")
