"""Acts on notices: choose, give and verify an address, mark digests as read, note bounces. `jobs` makes and sends them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Exists, OuterRef

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.jobs import actions as jobs
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.kit.times import in_span, micros
from headway.notices import queries
from headway.notices.models import Digest, Letter, MailAddress, Notice, NoticeChoice
from headway.notices.types import KINDS, Chosen
from headway.rosters import actions as rostering

VERIFY = "verify"
LINKS_A_DAY = 5


# What a person chooses.


def choose(*, actor: Viewer, chosen: Chosen, at: datetime) -> None:
    """This will set at which hour the actor is told, when it is quiet, and what they do not want to hear.

    Written: choice, audit entry. Who may: everybody for themselves. Raises `Refusal`: `no_person`, `out_of_range`,
    `in_quiet_hours`, `unknown_word`.
    """
    hours = (chosen.hour, chosen.quiet_from, chosen.quiet_to)
    if not all(0 <= hour <= 23 for hour in hours):
        raise Refusal("out_of_range", "An hour is 0 to 23.")
    if in_span(*hours):
        raise Refusal("in_quiet_hours", "Notices come outside the quiet hours: choose another hour.")
    if set(chosen.without) - set(KINDS):
        raise Refusal("unknown_word", Sentence("Notices are about: %(known)s.", known=", ".join(KINDS)))
    with transaction.atomic():
        values = {"hour": chosen.hour, "quiet_from": chosen.quiet_from, "quiet_to": chosen.quiet_to,
                  "without": sorted(chosen.without), "changed_at": at}  # fmt: skip
        NoticeChoice.objects.update_or_create(person_id=_person(actor), defaults=values)
        record_act(actor=actor, act="choose_notices", kind="person", object_id=actor.person, at=at)


def give_address(*, actor: Viewer, address: str, at: datetime) -> None:
    """This will take down where the actor wants mail and send a link there; it is used once the link was opened.

    The address that is in use already, and did not bounce, stays as it is. Written: address, letter, job, audit entry. Who
    may: everybody for themselves. Raises `Refusal`: `no_person`, `not_an_address`, `too_many`.
    """
    wanted, person = _address(address), _person(actor)
    with transaction.atomic():
        row = MailAddress.objects.select_for_update().filter(person_id=person).first()
        if row is not None and row.address == wanted and queries.address_view(row).in_use:
            return
        letters = Letter.objects.filter(person_id=person, purpose=VERIFY, made_at__gt=at - timedelta(days=1))
        if letters.count() >= LINKS_A_DAY:
            raise Refusal(
                "too_many",
                Sentence(
                    "At most %(most)s links a day; look into the mail that came, or wait.",
                    most=LINKS_A_DAY,
                ),
            )
        values = {
            "address": wanted,
            "asked_at": at,
            "verified_at": None,
            "bounced_at": None,
            "bounced_why": "",
        }
        MailAddress.objects.update_or_create(person_id=person, defaults=values)
        post(key=f"{VERIFY}-{person}-{micros(at)}", person=person, purpose=VERIFY, address=wanted, at=at)
        record_act(actor=actor, act="give_address", kind="person", object_id=actor.person, at=at)


def verify_address(*, actor: Viewer, token: str, at: datetime) -> None:
    """This will note that the actor opened the link that went to their address. Written: address, audit entry.

    Who may: whose address it is. Raises `Refusal("link_ended")`.
    """
    with transaction.atomic():
        if queries.linked(token, viewer=actor) is None:
            raise Refusal(
                "link_ended", "The link has ended, or another address was given since; ask for a new one."
            )
        MailAddress.objects.filter(person_id=_person(actor), verified_at=None).update(verified_at=at)
        record_act(actor=actor, act="verify_address", kind="person", object_id=actor.person, at=at)


def remove_address(*, actor: Viewer, at: datetime) -> None:
    """This will forget the actor's address: no more mail. Written: address, audit entry. Who may: whose address it is."""
    with transaction.atomic():
        if MailAddress.objects.filter(person_id=_person(actor)).delete()[0]:
            record_act(actor=actor, act="remove_address", kind="person", object_id=actor.person, at=at)


def mark_read(*, actor: Viewer, at: datetime) -> None:
    """This will note that the actor has opened their notices. Written: digests."""
    Digest.objects.filter(person_id=actor.person_id or 0, read_at=None).update(read_at=at)


def _person(actor: Viewer) -> int:
    if actor.person_id is None:
        raise Refusal("no_person", "Notices are for people of the roster; this account belongs to none.")
    return actor.person_id


def _address(text: str) -> str:
    wanted = text.strip()
    try:
        validate_email(wanted)
    except ValidationError as error:
        raise Refusal("not_an_address", "Write an address such as name@example.org.") from error
    if len(wanted) > 254:
        raise Refusal("not_an_address", "An address has at most 254 characters.")
    return wanted


# Letters.


def post(
    *, key: str, person: int, purpose: str, address: str, at: datetime, digest: Digest | None = None
) -> None:
    """This will put a letter and its job in; a key that is known stays as it is. In the caller's transaction."""
    letter, made = Letter.objects.get_or_create(
        key=key, defaults={"person_id": person, "purpose": purpose, "address": address, "digest": digest, "made_at": at,
                           "changed_at": at}
    )  # fmt: skip
    if made:
        jobs.put(kind="letter", jobs={f"letter-{key}": {"letter": letter.pk}}, at=at)


def note_bounces(*, actor: Viewer, rows: Iterable[Mapping[str, str]], at: datetime) -> dict[str, int]:
    """This will note which addresses letters do not reach; none is used again until its owner gives it anew or another.

    `rows` hold `address` and perhaps `reason`. Written: addresses, audit entry. Who may: the command line. Raises
    `Refusal("bounces_invalid")` naming every row that holds no address; then nothing is written.
    """
    listed = list(rows)
    faults = []
    for number, row in enumerate(listed, start=2):
        try:
            _address(row.get("address") or "")
        except Refusal as refusal:
            faults.append(
                Finding(
                    refusal.code, refusal.message, line=number, column="address", value=row.get("address")
                )
            )
    if faults:
        raise Refusal("bounces_invalid", "Rows hold no address; nothing was changed.", faults)
    counts = {"rows": len(listed), "bounced": 0, "unknown": 0}
    with transaction.atomic():
        for row in listed:
            known = bounce(address=row["address"], why=row.get("reason") or "", at=at)
            counts["bounced" if known else "unknown"] += 1
        record_act(actor=actor, act="note_bounces", detail=counts, at=at)
    return counts


def bounce(*, address: str, why: str, at: datetime) -> bool:
    """This will mark an address, whoever gave it, as one that letters do not reach; returns whether anybody did."""
    own = MailAddress.objects.filter(address__iexact=address.strip())
    own.filter(bounced_at=None).update(bounced_at=at, bounced_why=why.strip()[:200])
    return own.exists()


# What happens to people.


def follow(joining: rostering.Joining) -> None:
    """This will move notices, choice, address and digests with a merge or back with its split; what the person who stays has
    of their own, and digests of the same day, stay where they are. For `rosters.actions.register_follower`."""
    if joining.of is not None:
        for model in (Notice, NoticeChoice, MailAddress, Digest, Letter):
            joining.put_back(model)
        return
    joining.move(list(Notice.objects.filter(student=joining.person).order_by("id")), "student_id")
    for model in (NoticeChoice, MailAddress):
        if not model.objects.filter(person=joining.into).exists():
            joining.move(list(model.objects.filter(person=joining.person)), "person_id")
    twin = Digest.objects.filter(person=joining.into, on=OuterRef("on"))
    joining.move(
        list(Digest.objects.filter(~Exists(twin), person=joining.person).order_by("id")), "person_id"
    )
    joining.move(list(Letter.objects.filter(person=joining.person).order_by("id")), "person_id")


def erase_notices(*, student: int) -> None:
    """This will remove what was said to a student and about them, their choice, address and letters. In the caller's
    transaction, which is audited there."""
    Notice.objects.filter(student_id=student).delete()
    for model in (Letter, Digest, NoticeChoice, MailAddress):
        model.objects.filter(person_id=student).delete()
