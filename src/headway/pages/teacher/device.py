"""Class devices: a teacher opens this browser for the children of a class, prints their sign-in slips, closes devices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import segno
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.access import actions, queries
from headway.access.types import Role, Viewer
from headway.kit.refusals import Refusal
from headway.kit.times import end_of_day
from headway.pages.parts import cookies, pictures, refused
from headway.pages.parts.told import address, told
from headway.pages.teacher.scope import taught_class
from headway.rosters import queries as rosters

NAV = "teacher.grid"


@dataclass(frozen=True, slots=True)
class Row:
    """One student of the class: since when their slip holds, and whether wrong tries locked them."""

    id: int
    name: str
    issued_at: datetime | None
    locked: bool


@dataclass(frozen=True, slots=True)
class PrintedSlip:
    """One slip as it is printed, once. `path` draws the dark modules of the QR code in a square of `size`."""

    name: str
    code: str
    pictures: list[tuple[str, str]]
    path: str
    size: int


def own_class(viewer: Viewer, class_id: str, **_: Any) -> Any:
    """Return the class of this sourcedId if the viewer teaches it today and it goes on; else None."""
    found = taught_class(viewer, class_id)
    mine = found is not None and viewer.is_a(Role.TEACHER) and found.id in viewer.classes
    return found if mine and found.active else None


def device(request: HttpRequest, class_id: str, subject: Any) -> HttpResponse:
    """Show the class's devices and slips; open this browser as a device, close one, or lift locks."""
    here = f"/teacher/classes/{quote(class_id, safe='')}/device"
    if request.method == "POST":
        try:
            return _act(request, subject, here)
        except Refusal as refusal:
            return redirect(address(here, fault=refused.said(refusal)))
    devices = queries.devices_of(school_class=subject.uuid, at=request.moment)
    rows = _rows(request, subject, [one.uuid for one in devices])
    context = {
        "nav": NAV, "class": subject, "devices": devices, "rows": rows, "last_on": _last(request, subject),
        "locked": any(one.locked for one in (*devices, *rows)), "said": told(request, "said"), "fault": told(request, "fault"),
        "fresh": not any(row.issued_at for row in rows),
    }  # fmt: skip
    return render(request, "pages/teacher/device.html", context)


def _people(request: HttpRequest, school_class: Any) -> list[Any]:
    """Return who may sign in on a device of the class, without students whom the viewer may not see."""
    people = rosters.students_at_device(class_id=school_class.id, as_of=request.viewer.today)
    seen = rosters.visible_ids(
        request.viewer, person_ids=[one.id for one in people], as_of=request.viewer.today
    )
    return [one for one in people if one.id in seen]


def _rows(request: HttpRequest, school_class: Any, devices: list[UUID]) -> list[Row]:
    people = _people(request, school_class)
    uuids = [one.uuid for one in people]
    issued = queries.slips_of(school_class=school_class.uuid, students=uuids)
    locked = queries.locked_children(devices=devices, students=uuids, at=request.moment)
    return [Row(one.id, one.sort_name(), issued.get(one.uuid), one.uuid in locked) for one in people]


def _last(request: HttpRequest, school_class: Any) -> Any:
    return rosters.last_day_of_class(class_id=school_class.id, on=request.viewer.today)


def _act(request: HttpRequest, subject: Any, here: str) -> HttpResponse:
    """Do what was asked for, and say so."""
    act, who, at = request.POST.get("act", ""), request.viewer, request.moment
    own = {"actor": who, "class_id": subject.id, "school_class": subject.uuid, "at": at}
    if act == "open":
        return _open(request, subject, own)
    if act == "lift":
        actions.lift_locks(**own)
        return redirect(address(here, said=_("The locks are lifted: the children may try again.")))
    try:
        wanted = UUID(request.POST.get("device", ""))
    except ValueError as error:
        raise Refusal("unknown_device", "The class has no such device.") from error
    actions.close_device(**own, device=wanted)
    return redirect(address(here, said=_("The device is closed.")))


def _open(request: HttpRequest, subject: Any, own: dict[str, Any]) -> HttpResponse:
    """Open this browser for the class, and sign the teacher out of it: no child is ever in a teacher's pages."""
    last = _last(request, subject)
    day = request.viewer.today if request.POST.get("today") or last is None else last
    until = end_of_day(day, request.zone)
    secret = actions.open_device(
        **own, label=" ".join(request.POST.get("label", "").replace("\0", "").split()), ends_at=until
    )
    logout(request)
    response = redirect("/class-device")
    cookies.keep_device(response, secret, until=until)
    return response


def slips(request: HttpRequest, class_id: str, subject: Any) -> HttpResponse:
    """Issue slips for those chosen and show the sheet to print: the only time that codes and pictures can be read."""
    chosen = set(request.POST.getlist("student"))
    people = [one for one in _people(request, subject) if str(one.id) in chosen]
    try:
        made = actions.issue_slips(
            actor=request.viewer, class_id=subject.id, school_class=subject.uuid, students=[one.uuid for one in people],
            at=request.moment,
        )  # fmt: skip
    except Refusal as refusal:
        here = f"/teacher/classes/{quote(class_id, safe='')}/device"
        return redirect(address(here, fault=refused.said(refusal)))
    names = {one.uuid: one.name() for one in people}
    sheet = [_printed(request, names[slip.student], slip) for slip in made]
    return render(request, "pages/teacher/slips.html", {"nav": NAV, "class": subject, "slips": sheet})


def _printed(request: HttpRequest, name: str, slip: Any) -> PrintedSlip:
    code = segno.make(request.build_absolute_uri(f"/class-device?slip={slip.code}"), micro=False, error="m")
    dark = [
        f"M{x} {y + 0.5}h1"
        for y, row in enumerate(code.matrix, start=2)
        for x, bit in enumerate(row, start=2)
        if bit
    ]
    return PrintedSlip(
        name, f"{slip.code[:3]}-{slip.code[3:]}", [(one, pictures.called(one)) for one in slip.pictures], "".join(dark),
        len(code.matrix) + 4,
    )  # fmt: skip
