"""What a page of a class device is about: its class, who may sign in there, and the child that is there now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headway.access.types import Device, Viewer
from headway.rosters import queries as rosters


@dataclass(frozen=True, slots=True)
class Here:
    """A class device on this day; `student` is the child signed in there, None where nobody is."""

    device: Device
    school_class: Any
    people: list[Any]
    student: Any


def class_device(viewer: Viewer, **_: Any) -> Here | None:
    """Return what is here if the class goes on and who opened the device still teaches it; else None. Two statements.

    A child who left the class is not here any more, with the next request.
    """
    device = viewer.device
    if device is None:
        return None
    found = rosters.class_of_device(
        school_class=device.school_class, opened_by=device.opened_by, as_of=viewer.today
    )
    if found is None:
        return None
    people = rosters.students_at_device(class_id=found.id, as_of=viewer.today)
    return Here(device, found, people, next((one for one in people if one.uuid == device.student), None))
