"""The one line that every act writes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from headway.access.models import AuditEntry
from headway.access.types import Viewer


def record_act(
    *,
    actor: Viewer,
    act: str,
    kind: str = "",
    object_id: object = "",
    detail: dict[str, Any] | None = None,
    at: datetime,
) -> None:
    """Write one audit entry in the caller's transaction."""
    AuditEntry.objects.create(
        at=at,
        actor=actor.account,
        actor_name=actor.name[:200],
        act=act,
        object_kind=kind,
        object_id=str(object_id)[:190],
        detail=detail or {},
    )
