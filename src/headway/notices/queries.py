"""Questions about notices, addresses and letters. Read only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core import signing
from django.db.models import Count

from headway.access.types import Role, Viewer
from headway.kit.times import in_span
from headway.notices import gathering, wording
from headway.notices.models import Digest, Letter, MailAddress, Notice, NoticeChoice
from headway.notices.types import REFUSED, UNKNOWN, AddressView, Bounced, Chosen, DigestView, LetterView, Line
from headway.proficiency.queries import Book
from headway.rosters import queries as rosters

kinds_for = gathering.kinds_for
sentence = wording.sentence
grouped = wording.grouped

LINK_DAYS = 3
_LINKS = signing.TimestampSigner(salt="headway.notices.address")


# What a person chose.


def chosen(row: NoticeChoice | None, book: Book) -> Chosen:
    """Return what holds for a person: their own hours where they chose some, the district's else."""
    said = book.settings["notices"]

    def own(value: int | None, key: str) -> int:
        return int(said[key]) if value is None else value

    if row is None:
        return Chosen(int(said["hour"]), int(said["quiet_from_hour"]), int(said["quiet_to_hour"]), ())
    return Chosen(own(row.hour, "hour"), own(row.quiet_from, "quiet_from_hour"), own(row.quiet_to, "quiet_to_hour"),
                  tuple(row.without))  # fmt: skip


def choice_of(*, person: int, book: Book) -> Chosen:
    """Return what holds for one person. One statement."""
    return chosen(NoticeChoice.objects.filter(person_id=person).first(), book)


def quiet_until(choice: Chosen, local: datetime) -> datetime | None:
    """Return when the quiet hours end in which an instant of the school's zone lies; None outside them."""
    if not in_span(local.hour, choice.quiet_from, choice.quiet_to):
        return None
    ends = local.replace(hour=choice.quiet_to, minute=0, second=0, microsecond=0)
    return ends if ends > local else ends + timedelta(days=1)


def address_of(*, person: int) -> AddressView | None:
    """Return a person's address for mail, or None. One statement."""
    row = MailAddress.objects.filter(person_id=person).first()
    return None if row is None else address_view(row)


def address_view(row: MailAddress) -> AddressView:
    """Return an address as pages see it."""
    return AddressView(row.address, row.asked_at, row.verified_at, row.bounced_at, row.bounced_why)


def link_of(row: MailAddress) -> str:
    """Return the secret part of the link that verifies an address."""
    return _LINKS.sign_object([row.pk, row.address], compress=False)


def linked(token: str, *, viewer: Viewer) -> AddressView | None:
    """Return the address that a link is about, if it is the viewer's and the link is not three days old; else None."""
    try:
        key, address = _LINKS.unsign_object(token, max_age=timedelta(days=LINK_DAYS))
    except (signing.BadSignature, ValueError, TypeError):
        return None
    row = MailAddress.objects.filter(pk=key, address=address, person_id=viewer.person_id or 0).first()
    return None if row is None else address_view(row)


# What was said.


def digests(*, viewer: Viewer, limit: int = 30) -> list[DigestView]:
    """Return what the viewer was told, the newest first, without what they may see no more. Two statements."""
    rows = Digest.objects.filter(person_id=viewer.person_id or 0).order_by("-on").prefetch_related("notices")
    found = []
    for row in rows[:limit]:
        lines = gathering.readable(
            viewer, [line_of(one) for one in sorted(row.notices.all(), key=lambda one: one.pk)]
        )
        if lines:
            found.append(DigestView(row.pk, row.on, row.made_at, row.read_at is None, tuple(lines)))
    return found


def line_of(row: Notice) -> Line:
    """Return a notice as a line."""
    return Line(row.kind, row.n, row.student_id, row.on)


def names_of(lines: Iterable[Line]) -> dict[int, str]:
    """Return the names the students of lines go by, the given name alone. One statement."""
    wanted = {line.student for line in lines if line.student is not None}
    people = rosters.people_by_id(person_ids=wanted) if wanted else {}
    return {key: person.preferred_given_name or person.given_name for key, person in people.items()}


# Sending.


def letter_counts() -> dict[str, int]:
    """Return how many letters there are in each state. One statement."""
    return dict(Letter.objects.order_by("state").values_list("state").annotate(n=Count("id")))


def letters_astray(*, limit: int = 50) -> list[LetterView]:
    """Return letters that were refused, or of which nobody knows whether they went, the newest first. One statement."""
    rows = Letter.objects.filter(state__in=(REFUSED, UNKNOWN)).order_by("-changed_at", "-id")
    return [
        LetterView(row.pk, row.person_id, row.purpose, row.state, row.changed_at, row.said)
        for row in rows[:limit]
    ]


def bounced(*, viewer: Viewer, as_of: date, limit: int = 500) -> list[Bounced]:
    """Return the addresses that letters do not reach, the newest first, of people whom the viewer looks after.

    The district sees all; a school's leader those of the school's students, of who cares for them, and of its teachers.
    """
    if not viewer.is_a(Role.DISTRICT, Role.PRINCIPAL):
        return []
    rows = list(MailAddress.objects.exclude(bounced_at=None).order_by("-bounced_at", "-id")[:limit])
    if not viewer.is_a(Role.DISTRICT):
        own = _looked_after(viewer, [row.person_id for row in rows], as_of)
        rows = [row for row in rows if row.person_id in own]
    return [
        Bounced(row.person_id, row.address, row.bounced_at, row.bounced_why) for row in rows if row.bounced_at
    ]


def _looked_after(viewer: Viewer, people: Sequence[int], as_of: date) -> set[int]:
    care = rosters.in_care(guardian_ids=people, as_of=as_of)
    about = {*people, *(student for own in care.values() for student in own)}
    seen = rosters.visible_ids(viewer, person_ids=about, as_of=as_of)
    classes = [
        one.id for school in viewer.schools for one in rosters.school_classes(school_id=school, as_of=as_of)
    ]
    staff = {one for own in rosters.teacher_ids(class_ids=classes).values() for one in own}
    return {one for one in people if one in seen or one in staff or care.get(one, set()) & seen}


# Everything about a student.


def as_data(*, student: int) -> dict[str, Any]:
    """Return everything held here about a student as plain data: what was said to them and about them, choice, address."""
    own = {"person_id": student}
    return {
        "said_to": list(Notice.objects.filter(digest__person_id=student).order_by("id").values("digest__on", "kind", "n", "on")),
        "said_about": list(Notice.objects.filter(student_id=student).exclude(digest__person_id=student).order_by("id").values(
            "digest__on", "digest__person__sourced_id", "kind", "n", "on")),
        "choice": NoticeChoice.objects.filter(**own).values("hour", "quiet_from", "quiet_to", "without").first(),
        "address": MailAddress.objects.filter(**own).values("address", "verified_at", "bounced_at", "bounced_why").first(),
        "letters": list(Letter.objects.filter(**own).order_by("id").values(
            "purpose", "address", "state", "made_at", "changed_at")),
    }  # fmt: skip
