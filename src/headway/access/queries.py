"""Questions about accounts and tokens. Read only."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from headway.access.models import Account, AuditEntry, SignInAttempt, Token

SCOPES = ("ratings.write", "ratings.read", "roster.read", "reports.read", "admin")
FAILURES_ALLOWED = 8
FAILURE_WINDOW = timedelta(minutes=15)


def digest(secret: str) -> str:
    """Return the digest under which a token is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_owner(secret: str, *, at: datetime) -> tuple[Account, frozenset[str]] | None:
    """Return the account and scopes of a live token, or None; a deactivated account's tokens are dead. One statement."""
    found = Token.objects.select_related("account").filter(digest=digest(secret), revoked_at=None).first()
    if found is None or not found.account.is_active or (found.expires_at and found.expires_at <= at):
        return None
    return found.account, frozenset(found.scopes)


def account_of(person: UUID) -> Account | None:
    """Return the account of a roster person, or None."""
    return Account.objects.filter(person=person).first()


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
