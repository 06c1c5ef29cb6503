"""Who may do what in a session, and in which of its states; what every act on it leaves in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.calibration.models import CalibrationSession
from headway.calibration.types import CONVENERS, PLANNED, STAFF
from headway.kit.refusals import Refusal


def convened(actor: Viewer, session: UUID, *states: str) -> CalibrationSession:
    """Return a session that the actor convenes, locked; in one of these states, where any are named.

    Raises `Refusal`: `no_such_session`, and where the state is another `not_planned` or `not_open`.
    """
    row = CalibrationSession.objects.select_for_update().filter(uuid=session).first()
    if row is None or not convenes(actor, row.made_by_id):
        raise Refusal("no_such_session", "There is no such session.")
    _require_state(row, states)
    return row


def convenes(viewer: Viewer, made_by: int | None) -> bool:
    """Whether the viewer convenes a session that this person planned: its planner, and the district."""
    if viewer.is_a(Role.DISTRICT):
        return True
    return viewer.is_a(*CONVENERS) and made_by is not None and made_by == viewer.person_id


def taking_part(actor: Viewer, session: UUID, *states: str) -> tuple[CalibrationSession, bool]:
    """Return a session that the actor convenes or rates in, locked, and whether they are its rater only.

    States and refusals as for `convened`.
    """
    row = CalibrationSession.objects.select_for_update().filter(uuid=session).first()
    if row is not None and convenes(actor, row.made_by_id):
        _require_state(row, states)
        return row, False
    rates = row is not None and row.raters.filter(person_id=actor.person_id or 0, withdrawn_at=None).exists()
    if row is None or not rates or not actor.is_a(*STAFF):
        raise Refusal("no_such_session", "There is no such session.")
    _require_state(row, states)
    return row, True


def _require_state(row: CalibrationSession, states: Sequence[str]) -> None:
    if not states or row.state in states:
        return
    if PLANNED in states and len(states) == 1:
        raise Refusal("not_planned", "The session is open already: this is changed before it opens.")
    raise Refusal("not_open", "The session does not stand where this can be done.")


def audit(actor: Viewer, act: str, row: CalibrationSession, at: datetime, **detail: object) -> None:
    """Write the audit entry of an act on a session, in the caller's transaction."""
    record_act(actor=actor, act=act, kind="calibration", object_id=row.uuid, detail=detail, at=at)
