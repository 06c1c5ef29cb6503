"""Ways in: an account with a first password for a person of the roster, and tokens for other systems."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from headway.access import actions, queries
from headway.access.models import Account
from headway.access.types import SYSTEM
from headway.calibration import actions as calibration
from headway.calibration import queries as copies
from headway.contact import actions as contact
from headway.evidence import queries as evidence
from headway.kit.refusals import Refusal
from headway.kit.times import now
from headway.notices import actions as notices
from headway.pages.parts import files
from headway.plans import actions as plans
from headway.proficiency import actions as proficiency
from headway.profiles import actions as profiles
from headway.report_cards import actions as report_cards
from headway.rights import actions as rights
from headway.rosters import actions as rostering
from headway.rosters import queries as rosters
from headway.tasks import queries as tasks

LONGEST_DAYS = 3650


def invite(user: str) -> dict[str, Any]:
    """Give a person of the roster an account, or a new first password for the one they have."""
    at = now()
    account = _account(user)
    if account is None:
        person = rosters.person_by_reference(user)
        name = _free_name(person.username or person.sourced_id)
        account, shown = actions.open_account(
            actor=SYSTEM, username=name, name=person.name(), at=at, person=person.uuid, password="",
            language=person.language,
        )  # fmt: skip
        return {"username": account.username, "password": shown}
    return {
        "username": account.username,
        "password": actions.reset_password(actor=SYSTEM, account=account, at=at),
    }


def _free_name(wanted: str) -> str:
    if queries.find_account(wanted) is None:
        return wanted
    return next(name for n in range(2, 1_000) if queries.find_account(name := f"{wanted}{n}") is None)


def _account(user: str) -> Account | None:
    """Return the account of a person (by sourcedId, username or uuid), else the account with that name."""
    try:
        person = rosters.find_person(user)
    except Refusal:
        person = None
    if person is not None:
        return queries.account_of(person.uuid)
    return queries.find_account(user)


def erase(student: str, reason: str) -> dict[str, Any]:
    """Erase what is known of a student's learning: on request, and where the time to keep it is over. Cannot be undone."""
    person = rosters.person_by_reference(student)
    if not reason.strip():
        raise Refusal("reason_missing", "Say why, with --reason: the ledger keeps it.")
    identities = rosters.identities_of(person_id=person.id)
    held = {digest for key, _ in identities for _, digest in evidence.files_kept(student=key)}
    at = now()
    with transaction.atomic():
        emptied = 0
        for key, subject in identities:
            emptied += proficiency.erase_learning(
                actor=SYSTEM, student=key, subject=subject, reason=reason.strip(), at=at
            )
            held |= set(copies.files_kept(student=key))
            calibration.erase_samples(student=key)
            contact.erase_contact(student=key)
            report_cards.erase_cards(student=key)
            actions.erase_sign_in(student=subject)
            profiles.erase_profile(student=key)
            rights.erase_rights(student=key)
            notices.erase_notices(student=key)
            plans.erase_reasons(student=key)
        rostering.erase_copies(person_id=person.id)
    # Loaded here: the engine takes longer to load than most commands take.
    from headway.analytics import actions as analytics

    known = rosters.people_by_id(person_ids=[key for key, _ in identities])
    analytics.forget(one.sourced_id for one in known.values())
    kept = {digest for _, digest in evidence.files_kept()} | tasks.files_kept() | set(copies.files_kept())
    gone = held - kept
    for digest in gone:
        files.path_of(digest).unlink(missing_ok=True)
    return {"student": person.sourced_id, "events": emptied, "files": len(gone)}


def merge(person: str, into: str, reason: str) -> dict[str, Any]:
    """Join a person to another who is the same human being."""
    one, other = rosters.row_of_person(person), rosters.row_of_person(into)
    run = rostering.merge_people(actor=SYSTEM, person_id=one.id, into_id=other.id, reason=reason, at=now())
    return {"run": run.pk, "person": one.sourced_id, "into": other.sourced_id}


def split(person: str, reason: str) -> dict[str, Any]:
    """Split a person from the one they were joined to."""
    one = rosters.row_of_person(person)
    stayed = one.merged_into
    run = rostering.split_people(actor=SYSTEM, person_id=one.id, reason=reason, at=now())
    return {"run": run.pk, "person": one.sourced_id, "from": stayed.sourced_id if stayed else None}


def token(user: str, scopes: list[str], days: int) -> dict[str, Any]:
    """Issue a token to an account or a person of the roster; it is shown once."""
    at = now()
    if not 1 <= days <= LONGEST_DAYS:
        raise Refusal("out_of_range", f"A token lasts 1 to {LONGEST_DAYS} days, not {days}.")
    if unknown := sorted(set(scopes) - set(queries.SCOPES)):
        raise Refusal("unknown_scope", f"Scopes are: {', '.join(queries.SCOPES)}; not {', '.join(unknown)}.")
    account = _account(user) or queries.find_account(user)
    if account is None:
        # A token needs no password: the account is opened without one, and nobody can sign in with it.
        person = rosters.person_by_reference(user)
        account, _ = actions.open_account(
            actor=SYSTEM, username=_free_name(person.username or person.sourced_id), name=person.name(), at=at,
            person=person.uuid, password=None, language=person.language,
        )  # fmt: skip
    secret = actions.issue_token(actor=SYSTEM, account=account, scopes=scopes, at=at, days=days)
    return {"token": secret, "username": account.username, "scopes": sorted(set(scopes)), "days": days}
