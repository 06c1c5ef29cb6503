"""Questions about class devices, the children at them, and their sign-in slips. Read only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count
from django.utils.crypto import salted_hmac

from headway.access.models import ClassDevice, DeviceVisit, SignInAttempt, SignInSlip
from headway.access.types import Device

IDLE = timedelta(minutes=10)
"""So long a child's visit lasts without a request."""
A_DAY = timedelta(days=1)
TRIES_OF_A_CHILD, TRIES_ON_A_DEVICE = 5, 30
"""Wrong tries after which one child's pictures are locked on a device until a day has passed, and every way in on it for a
quarter of an hour: there are 1,320 sequences of three pictures."""
DEVICE_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class OpenDevice:
    """One open device in its class's list."""

    uuid: UUID
    label: str
    opened_by: str
    opened_at: datetime
    ends_at: datetime
    used_at: datetime | None
    locked: bool

    @property
    def last_on(self) -> datetime:
        """An instant of the last day on which it is open."""
        return self.ends_at - timedelta(seconds=1)


def digest(secret: str) -> str:
    """Return the digest under which the secret of a cookie is kept: it is long, so that no key is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def digest_code(code: str, school_class: UUID) -> str:
    """Return the keyed digest of a slip's code: whoever reads the database alone cannot try all short codes."""
    return salted_hmac("headway.slip.code", f"{school_class}:{code}", algorithm="sha256").hexdigest()


def digest_pictures(pictures: Sequence[str], student: UUID, school_class: UUID) -> str:
    """Return the keyed digest of a child's pictures in their order."""
    said = f"{school_class}:{student}:{','.join(pictures)}"
    return salted_hmac("headway.slip.pictures", said, algorithm="sha256").hexdigest()


def find_device(secret: str, visit: str, *, at: datetime) -> Device | None:
    """Return the open device of this secret, with the child whose visit has the other secret; else None.

    Two statements at most. A visit ends by itself after `IDLE` without a request.
    """
    row = ClassDevice.objects.filter(digest=digest(secret), closed_at=None, ends_at__gt=at).first()
    if row is None:
        return None
    here = None
    if visit:
        open_ones = DeviceVisit.objects.filter(device=row, ended_at=None, used_at__gt=at - IDLE)
        here = open_ones.filter(digest=digest(visit)).first()
    return Device(
        row.uuid, row.school_class, row.opened_by, row.label, row.ends_at,
        here.pk if here else None, here.student if here else None,
    )  # fmt: skip


def devices_of(*, school_class: UUID, at: datetime) -> list[OpenDevice]:
    """Return the open devices of a class, newest first. Two statements."""
    rows = ClassDevice.objects.filter(school_class=school_class, closed_at=None, ends_at__gt=at)
    found = list(rows.order_by("-pk"))
    counts = failures([device_key(row.uuid) for row in found], since=at - DEVICE_WINDOW)
    return [
        OpenDevice(
            row.uuid, row.label, row.opened_by_name, row.opened_at, row.ends_at, row.used_at,
            counts.get(device_key(row.uuid), 0) >= TRIES_ON_A_DEVICE,
        )
        for row in found
    ]  # fmt: skip


def slips_of(*, school_class: UUID, students: Iterable[UUID]) -> dict[UUID, datetime]:
    """Return when each of these students was given the slip of the class that holds; others are missing. One statement."""
    rows = SignInSlip.objects.filter(school_class=school_class, student__in=list(students))
    return dict(rows.values_list("student", "issued_at"))


def locked_children(*, devices: Sequence[UUID], students: Sequence[UUID], at: datetime) -> set[UUID]:
    """Return which of the students tried wrongly too often on one of the devices. One statement."""
    keys = {child_key(device, student): student for device in devices for student in students}
    counts = failures(list(keys), since=at - A_DAY)
    return {keys[key] for key, n in counts.items() if n >= TRIES_OF_A_CHILD}


def device_key(device: UUID) -> str:
    """Return the name under which every wrong try on a device is counted."""
    return f"device:{device}"


def child_key(device: UUID, student: UUID) -> str:
    """Return the name under which one child's wrong tries on a device are counted."""
    return f"device:{device}:{student}"


def failures(keys: Sequence[str], *, since: datetime) -> dict[str, int]:
    """Return how often signing in failed under each key since an instant; those without failure are missing."""
    rows = SignInAttempt.objects.filter(key__in=keys, at__gt=since).order_by()
    return dict(rows.values("key").annotate(n=Count("id")).values_list("key", "n")) if keys else {}


def as_data(*, students: Sequence[UUID]) -> dict[str, list[dict[str, object]]]:
    """Return a student's slips and visits as plain data, oldest first; no secret and no digest. Two statements."""
    slips = SignInSlip.objects.filter(student__in=students).order_by("pk")
    visits = DeviceVisit.objects.filter(student__in=students).order_by("pk")
    return {
        "slips": list(slips.values("school_class", "issued_at")),
        "visits": [
            {"device": label, "began_at": began, "used_at": used, "ended_at": ended}
            for label, began, used, ended in visits.values_list("device__label", "began_at", "used_at", "ended_at")
        ],
    }  # fmt: skip
