"""Pace in words and as a band: where a plan expects its student, and where the evidence is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from headway.frameworks import queries as frameworks
from headway.kit.times import from_micros
from headway.pages.parts import tags
from headway.pages.parts.learning import Learner
from headway.plans import queries as plans
from headway.plans.types import PaceRow, PlanView
from headway.proficiency.queries import AT, Moment, counts

LEAST_LATELY = 3
"""From so many pieces in the weeks that make the pace on, a page says when the rest will be in."""

LEFT, RIGHT, TOP, FLOOR = 26.0, 312.0, 22.0, 110.0
POINTS = 12


@dataclass(frozen=True, slots=True)
class Band:
    """The picture: the plan's corridor, the line of pieces that are in, today as a vertical rule."""

    label: str
    corridor: str
    line: str
    today_x: float
    dot_y: float
    begins: str
    ends: str
    required: int
    table: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class PaceView:
    """One plan's pace as a reader meets it. `kind` on, ahead, behind or unknown; `continuums` the plan's, by key.

    `badge` says the word with what it is about, for places where a level stands beside it.
    """

    title: str
    row: PaceRow
    word: str
    badge: str
    kind: str
    said: str
    more: str
    n: str
    continuums: frozenset[int]
    band: Band | None


def pace_views(learners: Sequence[Learner]) -> dict[int, list[PaceView]]:
    """Return the pace of every plan by student. One statement where nobody has a plan, else two."""
    if not learners:
        return {}
    m, ids = learners[0].m, [one.person.id for one in learners]
    held = plans.plans_of(ids, m.day)
    found: dict[int, list[PaceView]] = {key: [] for key in ids}
    if not any(held.values()):
        return found
    rows = [row for one in learners for row in one.rows]
    by_person = {one.person.id: one for one in learners}
    every = [plan for key in ids for plan in held[key]]
    for plan, row in zip(every, plans.pace_of(m, ids, rows=rows, held=held), strict=True):
        found[plan.student].append(_view(m, by_person[plan.student], plan, row))
    return found


def _view(m: Moment, learner: Learner, plan: PlanView, row: PaceRow) -> PaceView:
    band = _band(m, learner, plan, row)
    window = m.book.settings["pace"]["window_weeks"]
    return PaceView(
        title=plan.title or plan.plan,
        row=row,
        word=word(row.state),
        badge=badge(row.state),
        kind=kind(row.state),
        said=_said(m, row, band),
        more=f"{_turn(row, band)} {_more(m, row)}".strip(),
        band=band,
        continuums=frozenset(frameworks.node(i.target).framework_id for i in plan.items),
        n=ngettext(
            "n = %(n)s piece in the last %(weeks)s school weeks",
            "n = %(n)s pieces in the last %(weeks)s school weeks",
            row.n,
        )
        % {"n": row.n, "weeks": window},
    )


def word(state: str) -> str:
    """Say a pace in a word or two."""
    return {"ahead": _("Ahead"), "on_pace": _("On pace"), "behind": _("Behind"),
            "no_chance_offered": _("No chance offered")}.get(state, _("Not enough data"))  # fmt: skip


def badge(state: str) -> str:
    """Say a pace so that nobody reads it as a level."""
    return {"ahead": _("Pace: ahead of the plan"), "on_pace": _("Pace: as the plan expects"),
            "behind": _("Pace: behind the plan"), "no_chance_offered": _("Pace: no chance offered")}.get(
        state, _("Pace: not enough data"))  # fmt: skip


def kind(state: str) -> str:
    """Return the mark of a pace: ahead, on, behind or unknown."""
    return {"ahead": "ahead", "on_pace": "on", "behind": "behind"}.get(state, "unknown")


def _said(m: Moment, row: PaceRow, band: Band | None) -> str:
    if row.required == 0:
        return _("The plan asks for nothing just now.")
    if band is None:
        return _("%(filled)s of %(required)s pieces are in.") % {
            "filled": row.filled,
            "required": row.required,
        }
    _day, low, high = band.table[-1]
    said = {"filled": row.filled, "required": row.required, "low": low, "high": high, "day": tags.day(m.day)}
    return (
        _("%(filled)s of %(required)s pieces are in; the plan expects %(low)s to %(high)s by %(day)s.") % said
    )


def _turn(row: PaceRow, band: Band | None) -> str:
    """Say that the word speaks of where the rate leads, where what is in by now would have said another word; else nothing."""
    if band is None or row.reason == "done" or row.state not in ("behind", "on_pace", "ahead"):
        return ""
    if (
        row.weeks_needed is not None
        and row.margin_weeks is not None
        and row.weeks_needed + row.margin_weeks <= 0
    ):
        # The plan's last day has passed: nothing lies ahead.
        return ""
    _day, low, high = band.table[-1]
    now = "behind" if row.filled < low else "ahead" if row.filled > high else "on_pace"
    if now == row.state:
        return ""
    return {
        "behind": _("Up to today that is fewer than expected; the word looks ahead."),
        "on_pace": _("Up to today that is as many as expected; the word looks ahead."),
        "ahead": _("Up to today that is more than expected; the word looks ahead."),
    }[now]


def _more(m: Moment, row: PaceRow) -> str:
    if row.reason == "done":
        return _("Everything that the plan asks is in.")
    if row.reason == "under_minimum_weeks":
        return _("Too early to say: the plan has run for less than %(n)s school weeks.") % {
            "n": m.book.settings["pace"]["minimum_weeks"]}  # fmt: skip
    if row.state == "no_chance_offered":
        return _("No chance to show something was offered in these weeks. That is for the school to mend.")
    if row.reason == "no_finish_at_this_rate":
        return _("Nothing came in during the last weeks, so no end can be seen. The next piece changes that.")
    if 0 < row.n < LEAST_LATELY and row.weeks_needed is not None:
        return ngettext(
            "%(n)s piece came in during the last weeks, too few to say when the rest will be in.",
            "%(n)s pieces came in during the last weeks, too few to say when the rest will be in.",
            row.n,
        ) % {"n": row.n}
    if row.weeks_needed is None or row.margin_weeks is None:
        return ""
    needed, left = round(row.weeks_needed), round(row.weeks_needed + row.margin_weeks)
    if left <= 0:
        return _(
            "The plan’s last day has passed; the rest takes about %(needed)s school weeks at this rate."
        ) % {"needed": needed}
    said = _("At the rate of the last weeks the rest takes about %(needed)s school weeks; %(left)s are left.") % {
        "needed": needed, "left": left}  # fmt: skip
    if row.color == "amber":
        said += " " + _("It is close: a few pieces more or less would change the word.")
    return said


def _band(m: Moment, learner: Learner, plan: PlanView, row: PaceRow) -> Band | None:
    days = (plan.ends_on - plan.starts_on).days
    if row.required == 0 or days < 7 or m.day < plan.starts_on:
        return None
    taught = [0]
    for n in range(days + 1):
        taught.append(taught[-1] + m.calendar.instructed(plan.starts_on + timedelta(days=n)))
    if not taught[-1]:
        return None
    buffer = 5 * m.book.settings["pace"]["buffer_weeks"]

    def asked(n: int, shift: float) -> float:
        return row.required * min(1.0, max(0.0, (taught[n + 1] + shift) / taught[-1]))

    def x(n: int) -> float:
        return round(LEFT + (RIGHT - LEFT) * n / days, 1)

    def y(pieces: float) -> float:
        return round(FLOOR - (FLOOR - TOP) * min(1.0, pieces / row.required), 1)

    at = [round(days * n / (POINTS - 1)) for n in range(POINTS)]
    corridor = [(x(n), y(asked(n, buffer))) for n in at] + [
        (x(n), y(asked(n, -buffer))) for n in reversed(at)
    ]
    today = min(days, (m.day - plan.starts_on).days)
    low, high = math.floor(asked(today, -buffer) + 1e-9), math.ceil(asked(today, buffer) - 1e-9)
    table = tuple(
        (
            tags.day(plan.starts_on + timedelta(days=n)),
            math.floor(asked(n, -buffer)),
            math.ceil(asked(n, buffer)),
        )
        for n in at[:-1:3]
    )
    label = _("%(filled)s of %(required)s pieces are in on %(day)s. The plan expects between %(low)s and %(high)s.") % {
        "filled": row.filled, "required": row.required, "day": tags.day(m.day), "low": low, "high": high}  # fmt: skip
    return Band(
        label=label, corridor=_points(corridor), line=_line(m, learner, plan, row, x, y, today), today_x=x(today),
        dot_y=y(row.filled), begins=_month(plan.starts_on), ends=_month(plan.ends_on),
        required=row.required, table=(*table, (tags.day(m.day), low, high)),
    )  # fmt: skip


def _line(m: Moment, learner: Learner, plan: PlanView, row: PaceRow, x, y, today: int) -> str:  # type: ignore[no-untyped-def]
    """Return the stepped line of pieces that came in; empty where it would not end at what counts by the rule."""
    days = _days_in(m, learner, plan)
    if len(days) != row.filled:
        return ""
    points, height = [], 0
    for day in days:
        place = x(max(0, (day - plan.starts_on).days))
        if place > LEFT or points:
            points.append((place, y(height)))
        height += 1
        points.append((place, y(height)))
    start = sum(day <= plan.starts_on for day in days)
    return _points([(LEFT, y(start)), *(p for p in points if p[0] > LEFT), (x(today), y(height))])


def _days_in(m: Moment, learner: Learner, plan: PlanView) -> list[date]:
    first: dict[tuple[int, str], int] = {}
    for row in learner.rows:
        if counts(row):
            key = (row[AT["target_id"]], row[AT["piece"]] or row[AT["key"]])
            first[key] = min(row[AT["observed_us"]], first.get(key, row[AT["observed_us"]]))
    found: list[date] = []
    for item in plan.items:
        own = sorted(us for (target, _piece), us in first.items() if target == item.target)
        found += [from_micros(us).astimezone(m.zone).date() for us in own[: item.pieces]]
    return sorted(found)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{a:g},{b:g}" for a, b in points)


def _month(day: date) -> str:
    return date_format(day, pgettext("format of a day", "M"))
