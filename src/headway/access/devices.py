"""Acts on class devices: open and close them, issue slips, let a child in and out, lift a lock."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from headway.access import visits
from headway.access.auditing import record_act
from headway.access.models import ClassDevice, DeviceVisit, SignInAttempt, SignInSlip
from headway.access.types import LETTERS, PICTURES, Device, Role, Viewer
from headway.kit.refusals import Refusal

PICKS, LABEL = 3, 100
KEPT = timedelta(days=30)
_DRAW = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed for one student, once: the code, and the pictures in their order."""

    student: UUID
    code: str
    pictures: tuple[str, ...]


def open_device(
    *, actor: Viewer, class_id: int, school_class: UUID, label: str, ends_at: datetime, at: datetime
) -> str:
    """This will open a device of a class and return its secret, which its browser keeps and nobody else.

    Written: the device, one audit entry; devices that ended 30 days ago go. Who may: who teaches the class.
    Raises `Refusal`: `forbidden`, `device_over` where it would have ended already.
    """
    _require_own(actor, class_id)
    if ends_at <= at:
        raise Refusal("device_over", "The device would have ended already; choose a later day.")
    with transaction.atomic():
        ClassDevice.objects.filter(ends_at__lt=at - KEPT).delete()
        secret = secrets.token_urlsafe(32)
        made = ClassDevice.objects.create(
            school_class=school_class, digest=visits.digest(secret), label=label.strip()[:LABEL], opened_by=actor.person,
            opened_by_name=actor.name[:200], opened_at=at, ends_at=ends_at,
        )  # fmt: skip
        _record(actor, "open_device", made, at)
        return secret


def close_device(*, actor: Viewer, class_id: int, school_class: UUID, device: UUID, at: datetime) -> None:
    """This will close a device of a class: with its next request it opens nothing; a second time changes nothing.

    Who may: who teaches the class. Raises `Refusal`: `forbidden`, `unknown_device`.
    """
    _require_own(actor, class_id)
    with transaction.atomic():
        found = ClassDevice.objects.select_for_update().filter(uuid=device, school_class=school_class).first()
        if found is None:
            raise Refusal("unknown_device", "The class has no such device.")
        if found.closed_at is None:
            _close([found.pk], at)
            _record(actor, "close_device", found, at)


def leave_device(*, actor: Viewer, device: Device, at: datetime) -> None:
    """This will close the device of a browser in which somebody signs in with an account: it is never both at once."""
    with transaction.atomic():
        found = ClassDevice.objects.select_for_update().get(uuid=device.uuid)
        if found.closed_at is None:
            _close([found.pk], at)
            _record(actor, "close_device", found, at)


def close_devices_of(*, person: UUID, at: datetime) -> None:
    """This will close every device that a person opened, in the caller's transaction, which writes the audit."""
    _close(ClassDevice.objects.filter(opened_by=person, closed_at=None).values_list("pk", flat=True), at)


def issue_slips(
    *, actor: Viewer, class_id: int, school_class: UUID, students: Sequence[UUID], at: datetime
) -> list[Slip]:
    """This will give students new codes and pictures for the devices of a class; what they had before opens nothing more.

    Written: a slip and an audit entry per student; their open visits end, and their locks are lifted. Who may: who teaches
    the class; that the students are in it, the caller has checked. Raises `Refusal`: `forbidden`, `no_such_person`.
    """
    _require_own(actor, class_id)
    wanted = list(dict.fromkeys(students))
    if not wanted:
        raise Refusal("no_such_person", "Choose at least one student of the class.")
    with transaction.atomic():
        made = []
        for student in wanted:
            slip = Slip(student, _code(school_class), tuple(_DRAW.sample(PICTURES, PICKS)))
            SignInSlip.objects.update_or_create(
                student=student, school_class=school_class,
                defaults={
                    "code_digest": visits.digest_code(slip.code, school_class),
                    "pictures_digest": visits.digest_pictures(slip.pictures, student, school_class), "issued_at": at,
                },
            )  # fmt: skip
            record_act(actor=actor, act="issue_slip", kind="person", object_id=student, at=at)
            made.append(slip)
        own = DeviceVisit.objects.filter(student__in=wanted, device__school_class=school_class, ended_at=None)
        own.update(ended_at=at)
        _forget(school_class, wanted)
        return made


def lift_locks(*, actor: Viewer, class_id: int, school_class: UUID, at: datetime) -> None:
    """This will forget the wrong tries on all devices of a class, so that its children may try again at once.

    Who may: who teaches the class. Raises `Refusal("forbidden")`.
    """
    _require_own(actor, class_id)
    with transaction.atomic():
        for uuid in ClassDevice.objects.filter(school_class=school_class).values_list("uuid", flat=True):
            SignInAttempt.objects.filter(key__startswith=visits.device_key(uuid)).delete()
        record_act(actor=actor, act="lift_locks", kind="class", object_id=school_class, at=at)


def sign_in_by_pictures(*, device: Device, student: UUID, pictures: Sequence[str], at: datetime) -> str:
    """This will let a child in who chose the right pictures in their order; returns the secret of the visit.

    That the child is in the class, the caller has checked. Raises `Refusal`: `wrong_pictures`, `child_locked`,
    `device_locked`; the wrong try is counted then.
    """
    wanted = visits.digest_pictures(pictures, student, device.school_class)
    key = visits.child_key(device.uuid, student)
    with transaction.atomic():
        row = _locked_row(device)
        _refuse_locked(device, at)
        if visits.failures([key], since=at - visits.A_DAY).get(key, 0) >= visits.TRIES_OF_A_CHILD:
            raise Refusal("child_locked", "Too many tries for this child; the teacher lifts it.")
        slip = SignInSlip.objects.filter(student=student, school_class=device.school_class).first()
        if slip is not None and secrets.compare_digest(slip.pictures_digest, wanted):
            SignInAttempt.objects.filter(key=key).delete()
            return _begin(row, student, at)
        _note(device, at, key)
    raise Refusal("wrong_pictures", "These are not the pictures.")


def sign_in_by_code(*, device: Device, code: str, students: Sequence[UUID], at: datetime) -> str:
    """This will let the child in whose slip of this class has the code; returns the secret of the visit.

    `students` are those in the class today. Raises `Refusal`: `wrong_code`, `device_locked`; the wrong try is counted then.
    """
    typed = "".join(letter for letter in code.lower() if letter.isalnum())[:20]
    wanted = visits.digest_code(typed, device.school_class)
    with transaction.atomic():
        row = _locked_row(device)
        _refuse_locked(device, at)
        slip = SignInSlip.objects.filter(code_digest=wanted, school_class=device.school_class).first()
        if slip is not None and slip.student in set(students):
            return _begin(row, slip.student, at)
        _note(device, at)
    raise Refusal("wrong_code", "No slip of this class has this code.")


def stay(*, device: Device, at: datetime) -> None:
    """This will note that the child at a device is still there."""
    DeviceVisit.objects.filter(pk=device.visit, ended_at=None).update(used_at=at)


def end_visit(*, device: Device, at: datetime) -> None:
    """This will end the visit of the child at a device."""
    DeviceVisit.objects.filter(device__uuid=device.uuid, ended_at=None).update(ended_at=at)


def erase_sign_in(*, student: UUID) -> None:
    """This will remove a student's slips, visits and wrong tries, in the caller's transaction, which writes the audit."""
    SignInSlip.objects.filter(student=student).delete()
    DeviceVisit.objects.filter(student=student).delete()
    SignInAttempt.objects.filter(key__endswith=f":{student}").delete()


def _require_own(actor: Viewer, class_id: int) -> None:
    if not actor.is_a(Role.TEACHER) or class_id not in actor.classes or actor.person is None:
        raise Refusal("forbidden", "Only who teaches the class does this; a substitute does not.")


def _record(actor: Viewer, act: str, device: ClassDevice, at: datetime) -> None:
    detail = {"device": str(device.uuid), "label": device.label}
    record_act(actor=actor, act=act, kind="class", object_id=device.school_class, detail=detail, at=at)


def _close(keys: Sequence[int], at: datetime) -> None:
    listed = list(keys)
    ClassDevice.objects.filter(pk__in=listed).update(closed_at=at)
    DeviceVisit.objects.filter(device__in=listed, ended_at=None).update(ended_at=at)


def _code(school_class: UUID) -> str:
    """Return a code that no slip of the class has."""
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(6))
        if not SignInSlip.objects.filter(code_digest=visits.digest_code(code, school_class)).exists():
            return code


def _locked_row(device: Device) -> ClassDevice:
    # Tries on one device wait for one another: many at once count like one after the other.
    return ClassDevice.objects.select_for_update().get(uuid=device.uuid)


def _refuse_locked(device: Device, at: datetime) -> None:
    key = visits.device_key(device.uuid)
    if visits.failures([key], since=at - visits.DEVICE_WINDOW).get(key, 0) >= visits.TRIES_ON_A_DEVICE:
        raise Refusal("device_locked", "Too many tries on this device; wait, or ask the teacher.")


def _note(device: Device, at: datetime, *keys: str) -> None:
    SignInAttempt.objects.filter(at__lt=at - visits.A_DAY).delete()
    named = (visits.device_key(device.uuid), *keys)
    SignInAttempt.objects.bulk_create([SignInAttempt(key=key, at=at) for key in named])


def _begin(row: ClassDevice, student: UUID, at: datetime) -> str:
    DeviceVisit.objects.filter(ended_at__lt=at - KEPT).delete()
    DeviceVisit.objects.filter(device=row, ended_at=None).update(ended_at=at)
    secret = secrets.token_urlsafe(32)
    DeviceVisit.objects.create(
        device=row, student=student, digest=visits.digest(secret), began_at=at, used_at=at
    )
    ClassDevice.objects.filter(pk=row.pk).update(used_at=at)
    return secret


def _forget(school_class: UUID, students: Sequence[UUID]) -> None:
    devices = ClassDevice.objects.filter(school_class=school_class).values_list("uuid", flat=True)
    keys = [visits.child_key(device, student) for device in devices for student in students]
    for start in range(0, len(keys), 500):
        SignInAttempt.objects.filter(key__in=keys[start : start + 500]).delete()
