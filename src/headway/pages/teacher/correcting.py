"""Correcting many ratings in one act with one reason: what the forms of a student's page and of "what you rated" offer and ask
for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language, ngettext

from headway.access.types import Viewer
from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.frameworks.types import NodeView
from headway.kit.refusals import Refusal
from headway.kit.times import micros, parse_instant
from headway.pages.parts import refused, tags
from headway.pages.parts.groups import line_and_level
from headway.proficiency import actions

MOST = 500
FIRST_DAY = date(1950, 1, 1)
NEAR = 1
"""Ratings are moved to targets at most so many levels away: the lists of whole continuums are too long to choose from."""


def chosen_keys(request: HttpRequest) -> list[str]:
    """Return the keys of the ratings that were ticked."""
    return [key for key in dict.fromkeys(request.POST.getlist("rating")) if key][:MOST]


def goals(nodes: Iterable[NodeView], *, on: date, but: int | None = None) -> dict[str, list[dict[str, str]]]:
    """Return the targets that ratings of these may be moved to, by line and level: near them, in their own lines, without `but`.

    No statement.
    """
    language = get_language() or "en"
    levels: dict[int, set[int]] = {}
    for node in nodes:
        levels.setdefault(node.framework_id, set()).add(node.level or 1)
    found: dict[str, list[dict[str, str]]] = {}
    for line, own in levels.items():
        near = {level + step for level in own for step in range(-NEAR, NEAR + 1)}
        offered = frameworks.tree(line, at=frameworks.remembered_stamp()).targets(on=on)
        # Within a line by level; within a level in the order of the line.
        for node in sorted(offered, key=lambda node: node.level or 1):
            if node.id != but and (node.level or 1) in near:
                name = node.called(language)
                said = f"{name} ({node.code})" if node.code not in ("", name) else name
                found.setdefault(line_and_level(node), []).append({"uuid": str(node.uuid), "name": said})
    return found


def corrected(request: HttpRequest, keys: list[str]) -> dict[str, Any]:
    """Do what was asked with ratings; return what the page says then: `said` with the `act` to undo, or a `fault`."""
    reason, act = request.POST.get("reason", "").strip(), request.POST.get("act", "")
    try:
        if not keys:
            raise Refusal("nothing_chosen", "Choose the ratings to correct.")
        if not reason:
            raise Refusal("reason_missing", "A correction needs its reason.")
        before = evidence.ratings_by_key(keys=keys)
        if act == "move":
            _refuse_other_line(request, before)
        number = _correct(request.viewer, act, keys, reason, request)
    except Refusal as refusal:
        return {"fault": refused.why(refusal)}
    return {"said": _done(act, before, evidence.ratings_by_key(keys=keys)), "act": number}


def _done(act: str, before: Mapping[str, evidence.Held], after: Mapping[str, evidence.Held]) -> str:
    """Say what was done: to what, and from what where that is one for all."""
    n = len(before)
    if act == "withdraw":
        return ngettext("%(n)s rating withdrawn.", "%(n)s ratings withdrawn.", n) % {"n": n}

    def told(one: evidence.Held) -> str:
        return (
            frameworks.node(one.target).called(get_language() or "en")
            if act == "move"
            else tags.day(one.observed_us)
        )

    olds, news = (list(dict.fromkeys(map(told, rows.values()))) for rows in (before, after))
    values = {"n": n, "old": olds[0], "new": ", ".join(news)}
    if act == "move" and len(olds) == 1:
        said = ngettext(
            "%(n)s rating moved from %(old)s to %(new)s.", "%(n)s ratings moved from %(old)s to %(new)s.", n
        )
    elif act == "move":
        said = ngettext("%(n)s rating moved to %(new)s.", "%(n)s ratings moved to %(new)s.", n)
    elif len(olds) == 1:
        said = ngettext(
            "%(n)s rating re-dated from %(old)s to %(new)s.",
            "%(n)s ratings re-dated from %(old)s to %(new)s.",
            n,
        )
    else:
        said = ngettext("%(n)s rating re-dated to %(new)s.", "%(n)s ratings re-dated to %(new)s.", n)
    return said % values


def _refuse_other_line(request: HttpRequest, before: Mapping[str, evidence.Held]) -> None:
    """Refuse to move ratings into another line: what shows one subject shows nothing of another."""
    to = request.POST.get("to", "")
    if not to:
        raise Refusal("unknown_target", "Choose the target to which they shall move.")
    day = request.moment.astimezone(request.zone).date()
    found = frameworks.find_targets([to], on=day, at=frameworks.remembered_stamp())[to]
    if isinstance(found, NodeView) and any(
        frameworks.node(one.target).framework_id != found.framework_id for one in before.values()
    ):
        raise Refusal(
            "other_line",
            "A rating moves within its own line only. Withdraw what was rated in the wrong line, and rate it where it belongs.",
        )


def _correct(viewer: Viewer, act: str, keys: list[str], reason: str, request: HttpRequest) -> int:
    at: datetime = request.moment
    if act == "move":
        return actions.move_ratings(
            actor=viewer, keys=keys, target=request.POST.get("to", ""), reason=reason, at=at
        )
    if act == "redate":
        try:
            day = date.fromisoformat(request.POST.get("observed", ""))
        except ValueError as error:
            raise Refusal("not_a_day", "Give the day on which it was observed.") from error
        today = at.astimezone(request.zone).date()
        if not FIRST_DAY <= day <= today:
            raise Refusal("not_a_day", "Give a day from 1950 to today.")
        when = parse_instant(day.isoformat(), request.zone)
        # The instant of a day is its noon; in the morning of today that is not yet.
        return actions.redate_ratings(
            actor=viewer, keys=keys, observed_us=min(micros(when), micros(at)), reason=reason, at=at
        )
    if act == "withdraw":
        return actions.withdraw_ratings(actor=viewer, keys=keys, reason=reason, at=at)
    raise Refusal("unknown_act", "Choose what to do with them.")
