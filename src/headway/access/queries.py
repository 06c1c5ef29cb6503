"""Questions about accounts and tokens. Read only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q

from headway.access import visits
from headway.access.models import Account, AuditEntry, ImportRun, SignInAttempt

SCOPES = ("ratings.write", "ratings.read", "roster.read", "reports.read", "admin")
FAILURES_ALLOWED = 8
FAILURE_WINDOW = timedelta(minutes=15)

find_device = visits.find_device
devices_of = visits.devices_of
slips_of = visits.slips_of
locked_children = visits.locked_children
sign_in_as_data = visits.as_data


_LIVE_ACCOUNT = (
    "SELECT t.scopes, a.id, a.person, a.username, a.name, a.language, a.is_administrator "
    "FROM headway_token t JOIN headway_account a ON a.id = t.account_id "
    "WHERE t.digest = %s AND t.revoked_at IS NULL AND a.is_active AND (t.expires_at IS NULL OR t.expires_at > %s)"
)


def digest(secret: str) -> str:
    """Return the digest under which a token is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_owner(secret: str, *, at: datetime) -> tuple[Account, frozenset[str]] | None:
    """Return the account and scopes of a live token, or None; a deactivated account's tokens are dead. One statement.

    Of the account stands what a viewer is made of: who it is, its name and language, and whether it administers.
    """
    # Asked before every answer of the interface: a statement written out costs a quarter of one put together each time.
    with connection.cursor() as cursor:
        cursor.execute(_LIVE_ACCOUNT, [digest(secret), connection.ops.adapt_datetimefield_value(at)])
        found = cursor.fetchone()
    if found is None:
        return None
    scopes, account, person, username, name, language, administers = found
    owner = Account(
        id=_uuid(account),
        person=_uuid(person) if person else None,
        username=username,
        name=name,
        language=language,
        is_administrator=bool(administers),
    )
    return owner, frozenset(json.loads(scopes) if isinstance(scopes, str) else scopes)


def _uuid(found: UUID | str) -> UUID:
    return found if isinstance(found, UUID) else UUID(found)


def account_of(person: UUID) -> Account | None:
    """Return the account of a roster person, or None."""
    return Account.objects.filter(person=person).first()


def accounts_of_people(*, start: int, n: int) -> list[Account]:
    """Return `n` active accounts of roster persons from a place on, in an order that stays. One statement."""
    found = Account.objects.filter(is_active=True).exclude(person=None).order_by("created_at", "id")
    return list(found[start : start + n])


def accounts_of_people_n() -> int:
    """Return how many active accounts of roster persons there are. One statement."""
    return Account.objects.filter(is_active=True).exclude(person=None).count()


def active_account_of(persons: Iterable[UUID]) -> Account | None:
    """Return the first active account of a person under any of these pseudonyms, or None. One statement."""
    return Account.objects.filter(person__in=list(persons), is_active=True).order_by("created_at").first()


def languages_of(*, persons: Iterable[UUID]) -> dict[UUID, str]:
    """Return the language that each roster person with an account reads in. One statement."""
    rows = Account.objects.filter(person__in=list(persons)).values_list("person", "language")
    return {person: language for person, language in rows if person is not None}


def find_account(username: str) -> Account | None:
    """Return the account with this name, or None."""
    return Account.objects.filter(username=username).first()


def acts_on(*, kind: str, object_id: str) -> list[dict[str, object]]:
    """Return the audited acts on an object as plain data, oldest first."""
    rows = AuditEntry.objects.filter(object_kind=kind, object_id=object_id).order_by("id")
    return list(rows.values("at", "actor_name", "act", "detail"))


def throttled(*, keys: list[str], at: datetime) -> bool:
    """Whether sign-in has failed too often for a name or an address within the window."""
    since = at - FAILURE_WINDOW
    return any(
        SignInAttempt.objects.filter(key=key, at__gt=since).count()
        >= FAILURES_ALLOWED * (1 if key[0] == "n" else 5)
        for key in keys
    )


# What was done, and what came in: for the district's pages.


def import_runs(*, limit: int = 10, kind: str = "") -> list[ImportRun]:
    """Return the newest imports, newest first, of one kind or of all that are not about one person. One statement."""
    found = ImportRun.objects.filter(kind=kind) if kind else ImportRun.objects.exclude(kind__in=OF_A_PERSON)
    return list(found.order_by("-pk")[:limit])


OF_A_PERSON = ("left", "returned", "merged", "split")
"""Kinds of runs that are about one person, whose pseudonym stands in `counts`."""


def runs_about(*, person: UUID) -> list[ImportRun]:
    """Return the runs about one person, newest first: leaving, coming back, merge and split. One statement."""
    found = ImportRun.objects.filter(kind__in=OF_A_PERSON, counts__person=str(person))
    return list(found.order_by("-pk"))


def find_import(run_id: int) -> ImportRun | None:
    """Return the import with this number, or None."""
    return ImportRun.objects.filter(pk=run_id).first()


def account_names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the name of each account that there is. One statement."""
    rows = Account.objects.filter(id__in={one for one in ids if one})
    return {key: name or username for key, name, username in rows.values_list("id", "name", "username")}


def last_act(act: str) -> AuditEntry | None:
    """Return the newest audit entry of an act, or None. One statement."""
    return AuditEntry.objects.filter(act=act).order_by("-id").first()


def acts(
    *, act: str = "", who: str = "", people: Collection[UUID] = (), about: Collection[UUID] | None = None,
    before: int | None = None, limit: int = 50,
) -> list[AuditEntry]:  # fmt: skip
    """Return audit entries, newest first: of one act, older than an entry. One statement.

    By people whose name in the trail holds `who`, or who are `people` by their pseudonyms; about people of the pseudonyms
    `about`.
    """
    found = AuditEntry.objects.all()
    if act:
        found = found.filter(act=act)
    if who:
        found = found.filter(
            Q(actor_name__icontains=who) | Q(actor__in=Account.objects.filter(person__in=people).values("id"))
        )
    if about is not None:
        found = found.filter(object_kind="person", object_id__in=[str(one) for one in about])
    if before is not None:
        found = found.filter(id__lt=before)
    return list(found.order_by("-id")[:limit])


def act_kinds() -> list[str]:
    """Return the names of all acts that were ever audited, in order. One statement."""
    return list(AuditEntry.objects.order_by("act").values_list("act", flat=True).distinct())
