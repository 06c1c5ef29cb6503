"""Acts on accounts, tokens and the audit trail."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from headway.access import auditing, devices, queries
from headway.access.models import Account, SignInAttempt, Token
from headway.access.types import LETTERS, Viewer
from headway.kit.refusals import Refusal, Sentence

record_act = auditing.record_act
open_device = devices.open_device
close_device = devices.close_device
leave_device = devices.leave_device
issue_slips = devices.issue_slips
lift_locks = devices.lift_locks
sign_in_by_pictures = devices.sign_in_by_pictures
sign_in_by_code = devices.sign_in_by_code
stay = devices.stay
end_visit = devices.end_visit
erase_sign_in = devices.erase_sign_in


def first_password() -> str:
    """Return a password that can be read from paper: four groups of four."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def is_first_password(text: str) -> bool:
    """Whether a password has the form of one that was given: four groups of four of our letters."""
    groups = text.split("-")
    return len(groups) == 4 and all(len(one) == 4 and set(one) <= set(LETTERS) for one in groups)


def open_account(
    *,
    actor: Viewer,
    username: str,
    name: str,
    at: datetime,
    person: UUID | None = None,
    administrator: bool = False,
    password: str | None = None,
    language: str = "en",
) -> tuple[Account, str | None]:
    """This will open an account; with `password=""` it makes a first password and returns it, with None it sets none.

    Raises `Refusal("username_taken")`. Written: account, audit entry. Who may: administrators and the command line.
    """
    with transaction.atomic():
        if Account.objects.filter(username=username).exists():
            raise Refusal(
                "username_taken", Sentence("An account named %(username)s exists already.", username=username)
            )
        account = Account(
            username=username,
            name=name,
            person=person,
            is_administrator=administrator,
            created_at=at,
            language=language,
        )
        shown = first_password() if password == "" else password
        if shown is None:
            account.set_unusable_password()
        else:
            account.set_password(shown)
        account.save(force_insert=True)
        record_act(
            actor=actor,
            act="open_account",
            kind="account",
            object_id=account.id,
            detail={"username": username},
            at=at,
        )
        return account, shown


def reset_password(*, actor: Viewer, account: Account, at: datetime, password: str | None = None) -> str:
    """This will set a new first password (or the given one), which ends all sessions of the account; returns it."""
    with transaction.atomic():
        shown = password or first_password()
        account.set_password(shown)
        account.save(update_fields=["password"])
        record_act(actor=actor, act="reset_password", kind="account", object_id=account.id, at=at)
        return shown


def deactivate(*, actor: Viewer, account: Account, at: datetime) -> None:
    """This will end an account: its sessions and tokens, and the devices it opened, are dead with the next request."""
    with transaction.atomic():
        account.is_active = False
        account.save(update_fields=["is_active"])
        Token.objects.filter(account=account, revoked_at=None).update(revoked_at=at)
        if account.person is not None:
            devices.close_devices_of(person=account.person, at=at)
        record_act(actor=actor, act="deactivate", kind="account", object_id=account.id, at=at)


def issue_token(
    *,
    actor: Viewer,
    account: Account,
    scopes: Sequence[str],
    at: datetime,
    days: int | None = 365,
    label: str = "",
) -> str:
    """This will issue a token and return its secret, which is shown once and stored as a digest.

    Raises `Refusal("unknown_scope")`.
    """
    unknown = sorted(set(scopes) - set(queries.SCOPES))
    if unknown or not scopes:
        raise Refusal(
            "unknown_scope",
            Sentence(
                "Scopes are: %(known)s; not %(unknown)s.",
                known=", ".join(queries.SCOPES),
                unknown=", ".join(unknown) or "none",
            ),
        )
    with transaction.atomic():
        secret = "hw_" + secrets.token_urlsafe(32)
        Token.objects.create(
            account=account,
            digest=queries.digest(secret),
            scopes=sorted(set(scopes)),
            label=label,
            created_at=at,
            expires_at=at + timedelta(days=days) if days else None,
        )
        record_act(
            actor=actor,
            act="issue_token",
            kind="account",
            object_id=account.id,
            detail={"scopes": sorted(set(scopes))},
            at=at,
        )
        return secret


def note_failure(*, keys: list[str], at: datetime) -> None:
    """This will remember a failed sign-in for the name and the address; rows older than a day go."""
    SignInAttempt.objects.filter(at__lt=at - timedelta(days=1)).delete()
    SignInAttempt.objects.bulk_create([SignInAttempt(key=key[:200], at=at) for key in keys])


def forget_failures(*, key: str) -> None:
    """This will clear a name's failures after a good sign-in."""
    SignInAttempt.objects.filter(key=key[:200]).delete()
