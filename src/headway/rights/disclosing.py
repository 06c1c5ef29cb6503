"""The list of disclosures: written before anything leaves, in one statement for all students of an export."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from django.db import DatabaseError, transaction

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.kit.refusals import Refusal, Sentence
from headway.rights import queries
from headway.rights.models import Disclosure
from headway.rights.types import WHATS


def disclose(
    *, actor: Viewer, students: Iterable[int], what: str, to_whom: str, purpose: str, at: datetime, run: UUID | None = None
) -> UUID:  # fmt: skip
    """This will enter an export in the list of each of its students, once for each, before anything leaves; returns the run.

    Written: one line for each student, one audit entry. Who may: the caller has checked, and sends only after this. Raises
    `Refusal`: `unknown_word`, `text_too_long`, and `not_listed` where the list cannot be written: then nothing may leave.
    """
    if what not in WHATS:
        raise Refusal("unknown_word", Sentence("What leaves is one of: %(names)s.", names=", ".join(WHATS)))
    who, why = to_whom.strip(), purpose.strip()
    if len(who) > 200 or len(why) > 300:
        raise Refusal("text_too_long", "Name the receiver in 200 and the purpose in 300 characters.")
    run = run or uuid4()
    listed = sorted(set(students))
    try:
        with transaction.atomic():
            Disclosure.objects.bulk_create(
                [
                    Disclosure(
                        run=run, student_id=key, at=at, what=what, to_whom=who, purpose=why, by_name=actor.name[:200],
                        account=actor.account,
                    )
                    for key in listed
                ],
                batch_size=500,
            )  # fmt: skip
            record_act(
                actor=actor, act="disclose", kind="disclosure", object_id=run, at=at,
                detail={"what": what, "to": who, "for": why, "n": len(listed)},
            )  # fmt: skip
    except DatabaseError as error:
        raise Refusal(
            "not_listed", "The list of disclosures cannot be written, so nothing leaves the school."
        ) from error
    return run


def disclose_reading(*, viewer: Viewer, student: int, at: datetime) -> None:
    """This will enter that another system read a student's levels with its token: once for a student, account and day.

    A reading by the student, or by the family in care, is none. Written: as `disclose`. Raises `Refusal("not_listed")`. One
    statement where the line is there.
    """
    if viewer.account is None or queries.speaks_as(viewer, student=student):
        return
    run = uuid5(NAMESPACE_OID, f"{viewer.account} {viewer.today.isoformat()}")
    if Disclosure.objects.filter(student_id=student, run=run).exists():
        return
    try:
        disclose(
            actor=viewer, students=[student], what="levels", to_whom=viewer.name, purpose="read with a token", at=at, run=run
        )  # fmt: skip
    except Refusal:
        if not Disclosure.objects.filter(student_id=student, run=run).exists():
            raise
