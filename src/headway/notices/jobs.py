"""Background work of notices: make the digests of an hour, a few people at a time; send one letter."""

from __future__ import annotations

import smtplib
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Max

from headway.access import queries as access
from headway.access.types import Viewer
from headway.evidence import queries as evidence
from headway.jobs import actions as jobs
from headway.jobs.queries import known as queued
from headway.jobs.types import Given, NotNow, Step
from headway.kit.naming import speaking
from headway.kit.refusals import Refusal, Sentence
from headway.notices import actions, gathering, queries, wording
from headway.notices.models import Digest, Letter, MailAddress, Notice, NoticeChoice
from headway.notices.types import REFUSED, SENDING, SENT, STOPPED, UNKNOWN, WAITING
from headway.proficiency import queries as proficiency
from headway.proficiency.queries import Book
from headway.rosters import queries as rosters

PART = 20
"""So many people's digests are one part of the job: a transaction of a tenth of a second."""


def plan(*, at: datetime) -> None:
    """This will put in one job for each hour of the day that has begun and at which somebody is told. At most five statements."""
    book = proficiency.book()
    local = at.astimezone(book.zone)
    own = NoticeChoice.objects.exclude(hour=None).values_list("hour", flat=True).distinct()
    hours = {int(book.settings["notices"]["hour"]), *own}
    wanted = {f"digests-{local.date()}-{hour:02}": hour for hour in sorted(hours) if hour <= local.hour}
    new = set(wanted) - queued(keys=wanted)
    if new:
        begins = evidence.place_at(at - gathering.LONGEST_BACK)
        day = local.date().isoformat()
        jobs.put(
            kind="digests",
            jobs={key: {"day": day, "hour": wanted[key], "begins": begins} for key in sorted(new)},
            at=at,
        )


def make_digests(given: Given) -> Step | None:
    """This will make the digests of the next few people who are told at the job's hour. Written: digests, letters, jobs.

    A day that is over is left: the next digest says what this one would have said.
    """
    book = proficiency.book()
    today, hour = date.fromisoformat(given.arguments["day"]), int(given.arguments["hour"])
    if given.at.astimezone(book.zone).date() != today:
        return None
    accounts = access.accounts_of_people(start=given.place, n=PART)
    if not accounts:
        return None
    people = rosters.standing_ids(uuids=[one.person for one in accounts if one.person])
    own = NoticeChoice.objects.filter(person_id__in=people.values())
    choices = {row.person_id: queries.chosen(row, book) for row in own}
    rest = queries.chosen(None, book)
    told = set(
        Digest.objects.filter(person_id__in=people.values(), on=today).values_list("person_id", flat=True)
    )
    spans = _spans(list(people.values()), given, today, int(book.settings["notices"]["ahead_days"]))
    through = evidence.head()[0]
    for account in accounts:
        person = people.get(account.person) if account.person else None
        if person is None or person in told or choices.get(person, rest).hour != hour:
            continue
        told.add(person)
        viewer = rosters.viewer_for(account, today)
        lines = gathering.lines(viewer, spans[person], without=choices.get(person, rest).without)
        if lines:
            _write(person, lines, today, through, given.at)
    place = given.place + len(accounts)
    return Step(place, place, max(place, access.accounts_of_people_n()))


def _spans(people: list[int], given: Given, today: date, ahead: int) -> dict[int, gathering.Span]:
    """Return since when something is new to each person: since their last digest, a week at most. One statement."""
    last = {
        row["person_id"]: row
        for row in Digest.objects.filter(person_id__in=people).order_by().values("person_id").annotate(
            day=Max("on"), made=Max("made_at"), end=Max("through"))
    }  # fmt: skip
    at, oldest_place = given.at, int(given.arguments["begins"])
    oldest, ahead_to = at - gathering.LONGEST_BACK, today + timedelta(days=ahead)
    found = {}
    for person in people:
        row = last.get(person)
        if row is None:
            found[person] = gathering.Span(oldest, oldest_place, at, today, today, ahead_to)
            continue
        said_to = row["day"] + timedelta(days=ahead + 1)
        found[person] = gathering.Span(
            max(row["made"], oldest), max(row["end"], oldest_place), at, today, max(today, said_to), ahead_to
        )
    return found


def _write(person: int, lines: list[gathering.Line], today: date, through: int, at: datetime) -> None:
    digest = Digest.objects.create(person_id=person, on=today, made_at=at, through=through)
    Notice.objects.bulk_create(
        [
            Notice(digest=digest, student_id=line.student, kind=line.kind, n=line.n, on=line.on)
            for line in lines
        ]
    )
    address = queries.address_of(person=person)
    if settings.MAIL.mode != "none" and address is not None and address.in_use:
        actions.post(
            key=f"digest-{digest.pk}",
            person=person,
            purpose="digest",
            address=address.address,
            at=at,
            digest=digest,
        )


# Letters.


def send(given: Given) -> None:
    """This will send one letter, once at most.

    What it says, and whether it may be said, is asked now and not when it was put in. `sending` is committed before the
    server is spoken to: a letter that is found so was left by a worker that died, and is not sent again. Raises `NotNow` in
    quiet hours, `Refusal("mail_failed")` where the server took nothing: it is tried again.
    """
    letter_id, at = int(given.arguments["letter"]), given.at
    with transaction.atomic():
        letter = Letter.objects.select_for_update().filter(pk=letter_id).first()
        if letter is None or letter.state not in (WAITING, SENDING):
            return
        if letter.state == SENDING:
            _mark(letter, UNKNOWN, at, "The worker ended while it was sent.")
            return
        if settings.MAIL.mode == "none":
            raise Refusal("mail_failed", "No mail server is set: see mail.toml.")
        message = _message(letter, at)
        if isinstance(message, str):
            _mark(letter, STOPPED, at, message)
            return
        _mark(letter, SENDING, at)
    _hand_over(letter, message, at)


def _mark(letter: Letter, state: str, at: datetime, said: str = "") -> None:
    letter.state, letter.changed_at, letter.said = state, at, said[:200]
    letter.save(update_fields=["state", "changed_at", "said"])


def _message(letter: Letter, at: datetime) -> EmailMessage | str:
    """Return what goes out now, or why nothing does. Raises `NotNow` in quiet hours."""
    row = MailAddress.objects.filter(person_id=letter.person_id).first()
    if row is None or row.address != letter.address or row.bounced_at is not None:
        return "The address was changed or bounced since."
    identities = [uuid for _key, uuid in rosters.identities_of(person_id=letter.person_id)]
    viewer, book = _viewer(identities, at)
    if viewer is None or book is None:
        return "The account has ended since."
    district = rosters.district().name
    language = viewer.language if viewer.language in book.languages else book.languages[0]
    with speaking(language, book.renaming(language)):
        if letter.purpose == actions.VERIFY:
            if row.verified_at is not None:
                return "The address is verified already."
            link = f"{settings.MAIL.url}/account/notices/address/{queries.link_of(row)}"
            said = wording.verification(reader=viewer.name, district=district, link=link)
        else:
            found = _digest(letter, viewer, book, district, at, verified=row.verified_at is not None)
            if isinstance(found, str):
                return found
            said = found
    headers = {"Auto-Submitted": "auto-generated"}
    return EmailMessage(*said, from_email=settings.MAIL.sender, to=[letter.address], headers=headers)


def _viewer(identities: list[UUID], at: datetime) -> tuple[Viewer | None, Book | None]:
    account = access.active_account_of(identities)
    if account is None:
        return None, None
    book = proficiency.book()
    return rosters.viewer_for(account, at.astimezone(book.zone).date()), book


def _digest(
    letter: Letter, viewer: Viewer, book: Book, district: str, at: datetime, *, verified: bool
) -> tuple[str, str] | str:
    digest = letter.digest
    if digest is None or not verified:
        return "The address is not verified."
    if (viewer.today - digest.on).days > 1:
        return "It became too old before it could go."
    quiet = queries.quiet_until(
        queries.choice_of(person=letter.person_id, book=book), at.astimezone(book.zone)
    )
    if quiet is not None:
        raise NotNow(quiet)
    lines = gathering.readable(viewer, [queries.line_of(one) for one in digest.notices.order_by("id")])
    if not lines:
        return "Nothing is left that the reader may know."
    groups = wording.grouped(lines, reader=viewer.person_id, names=queries.names_of(lines))
    return wording.digest(groups, reader=viewer.name, district=district, url=settings.MAIL.url)


def _hand_over(letter: Letter, message: EmailMessage, at: datetime) -> None:
    connection: Any = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        _mark(letter, WAITING, at)
        raise Refusal(
            "mail_failed",
            Sentence("The mail server was not reached (%(error)s).", error=type(error).__name__),
        ) from error
    try:
        connection.send_messages([message])
        _mark(letter, SENT, at)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()), (450, b""))
        _refused(letter, code, said, at, bounced=True)
    except smtplib.SMTPResponseException as error:
        _refused(letter, error.smtp_code, error.smtp_error, at, bounced=False)
    except (OSError, smtplib.SMTPException) as error:
        # The line broke: the server may have taken it.
        _mark(letter, UNKNOWN, at, f"The mail server did not answer to the end ({type(error).__name__}).")
    finally:
        _close(connection)


def _refused(letter: Letter, code: int, said: bytes | str, at: datetime, *, bounced: bool) -> None:
    """The server answered no: for good (5xx), or for now (4xx), when it is tried again."""
    text = f"{code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
    if code < 500:
        _mark(letter, WAITING, at, text)
        raise Refusal("mail_failed", Sentence("The mail server said: %(text)s", text=text[:150]))
    with transaction.atomic():
        _mark(letter, REFUSED, at, text)
        if bounced:
            actions.bounce(address=letter.address, why=text, at=at)


def _close(connection: Any) -> None:
    try:
        connection.close()
    except (OSError, smtplib.SMTPException):
        # What was answered stands; how the line ended says nothing about it.
        return


jobs.register("digests", make_digests)
jobs.register("letter", send, outside=True)
