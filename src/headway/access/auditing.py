"""The one line that every act writes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from headway.access.models import AuditEntry
from headway.access.types import Viewer

_ENTRY = (
    "INSERT INTO headway_auditentry (at, actor, actor_name, act, object_kind, object_id, detail) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s)"
)


def record_act(
    *,
    actor: Viewer,
    act: str,
    kind: str = "",
    object_id: object = "",
    detail: dict[str, Any] | None = None,
    at: datetime,
) -> None:
    """Write one audit entry in the caller's transaction. One statement."""
    # Written out, because every act makes one while it holds the lock for writing.
    with connection.cursor() as cursor:
        cursor.execute(
            _ENTRY,
            [
                connection.ops.adapt_datetimefield_value(at),
                AuditEntry.actor.field.get_db_prep_value(actor.account, connection),
                actor.name[:200],
                act,
                kind,
                str(object_id)[:190],
                connection.ops.adapt_json_value(detail or {}, None),
            ],
        )
