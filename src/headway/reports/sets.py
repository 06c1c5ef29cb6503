"""Sets of reports: put one together, change it, withdraw it, and let it come on its day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from itertools import count
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.kit.refusals import Refusal, Sentence
from headway.proficiency import queries as proficiency
from headway.reports.models import ReportSet, SetDelivery
from headway.reports.queries import days_released, every_report, sets
from headway.reports.types import BY_HAND, COMES, WEEKLY, Set

MOST = 12


def save_set(
    *,
    actor: Viewer,
    title: str,
    reports: Sequence[str],
    comes: str,
    for_schools: bool,
    at: datetime,
    key: str = "",
) -> str:
    """This will put a set together, or change the one of this key, which makes its next version; return its key.

    Saved as it stands already, it stays the version that it is. Written: version, audit entry. Who may: the district. Raises
    `Refusal`: `forbidden`, `text_missing`, `text_too_long`, `nothing_chosen`, `too_much`, `unknown_report`,
    `unknown_day`, `unknown_set`.
    """
    title = " ".join(title.split())
    chosen = list(dict.fromkeys(reports))
    _check(actor, title, chosen, comes)
    with transaction.atomic():
        known = sets(withdrawn=True)
        if key and (key not in known or known[key].withdrawn):
            raise Refusal("unknown_set", "There is no such set of reports.")
        key = key or free_key(title, "set", {"new", *known})
        before = known.get(key)
        said = {"title": title, "reports": chosen, "comes": comes, "for_schools": for_schools}
        if before is None or _said(before) != said:
            _next(actor, key, before, said, at)
        return key


def withdraw_set(*, actor: Viewer, key: str, at: datetime) -> None:
    """This will end a set: it comes no more, and `restore_set` brings it back. Twice is once.

    Written: version, audit entry. Who may: the district. Raises `Refusal`: `forbidden`, `unknown_set`.
    """
    _turn(actor, key, at, withdrawn=True)


def restore_set(*, actor: Viewer, key: str, at: datetime) -> None:
    """This will bring a withdrawn set back as it was. Written, who may and refusals as for `withdraw_set`."""
    _turn(actor, key, at, withdrawn=False)


def send_set(*, actor: Viewer, key: str, at: datetime) -> None:
    """This will let a set come now, with the newest figures; where those of that day came already, nothing happens.

    Written: delivery, audit entry. Who may: the district. Raises `Refusal`: `forbidden`, `unknown_set`, `no_figures`.
    """
    _check_role(actor)
    one = sets().get(key)
    if one is None:
        raise Refusal("unknown_set", "There is no such set of reports.")
    days = days_released()
    if not days:
        raise Refusal("no_figures", "There is no snapshot yet: take one first.")
    with transaction.atomic():
        if _deliver(one, days[0], at):
            record_act(
                actor=actor, act="send_set", kind="report_set", object_id=key, at=at,
                detail={"version": one.version, "as_of": days[0].isoformat()},
            )  # fmt: skip


def deliver_due(*, as_of: date, at: datetime) -> int:
    """This will let the sets come whose week or month, in the school's zone, had none yet; return how many. Twice is once.

    `as_of` is the day of the figures that were just released. Written: deliveries.
    """
    zone = proficiency.book().zone
    today = at.astimezone(zone).date()
    last: dict[str, datetime] = {}
    for key, came in SetDelivery.objects.order_by("delivered_at").values_list("key", "delivered_at"):
        last[key] = came
    due = [
        one for one in sets().values()
        if one.comes != BY_HAND
        and (one.key not in last or _period(one, last[one.key].astimezone(zone).date()) != _period(one, today))
    ]  # fmt: skip
    return sum(_deliver(one, as_of, at) for one in due)


def _period(one: Set, day: date) -> tuple[int, int]:
    """Return the week or month of a day."""
    return day.isocalendar()[:2] if one.comes == WEEKLY else (day.year, day.month)


def _deliver(one: Set, as_of: date, at: datetime) -> bool:
    _row, new = SetDelivery.objects.get_or_create(
        key=one.key, as_of=as_of, defaults={"version": one.version, "delivered_at": at}
    )
    return new


def _said(one: Set) -> dict[str, Any]:
    return {
        "title": one.title, "reports": list(one.reports), "comes": one.comes, "for_schools": one.for_schools,
    }  # fmt: skip


def _turn(actor: Viewer, key: str, at: datetime, *, withdrawn: bool) -> None:
    _check_role(actor)
    with transaction.atomic():
        one = sets(withdrawn=True).get(key)
        if one is None:
            raise Refusal("unknown_set", "There is no such set of reports.")
        if one.withdrawn != withdrawn:
            _next(actor, key, one, _said(one), at, withdrawn=withdrawn)


def _next(
    actor: Viewer,
    key: str,
    before: Set | None,
    said: dict[str, Any],
    at: datetime,
    *,
    withdrawn: bool = False,
) -> None:
    version = 1 if before is None else before.version + 1
    ReportSet.objects.create(
        key=key, version=version, withdrawn=withdrawn, made_by=actor.name[:200], made_at=at, **said
    )
    record_act(
        actor=actor, act="save_set", kind="report_set", object_id=key, at=at,
        detail={"version": version, "withdrawn": withdrawn, **said},
    )  # fmt: skip


def _check_role(actor: Viewer) -> None:
    if not actor.is_a(Role.DISTRICT):
        raise Refusal("forbidden", "The district puts sets of reports together.")


def _check(actor: Viewer, title: str, reports: Sequence[str], comes: str) -> None:
    _check_role(actor)
    if not title:
        raise Refusal("text_missing", "A set needs a name.")
    if len(title) > 80:
        raise Refusal("text_too_long", "A name has at most 80 characters.")
    if not reports:
        raise Refusal("nothing_chosen", "Choose at least one report.")
    if len(reports) > MOST:
        raise Refusal("too_much", Sentence("At most %(most)s reports come together.", most=MOST))
    if comes not in COMES:
        raise Refusal("unknown_day", "Choose when the set comes.")
    known = every_report()
    for one in reports:
        if one not in known:
            raise Refusal("unknown_report", Sentence("Reports are: %(names)s.", names=", ".join(known)))


def free_key(title: str, otherwise: str, taken: Collection[str]) -> str:
    """Return a key made of a title, with a number where it is taken; of `otherwise` where the title has no letter for one."""
    stem = slugify(title)[:50] or otherwise
    named = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return next(name for name in named if name not in taken)
