"""What stands in the validity file of a task. Read only."""

from __future__ import annotations

from uuid import UUID

from headway.access.types import Role, Viewer
from headway.tasks.models import ValidityEntry
from headway.tasks.types import WRITERS, EntryView


def validity_file(*, viewer: Viewer, task: UUID) -> list[EntryView]:
    """Return the entries of a task's validity file, the newest evidence first, withdrawn ones too. One statement.

    Empty for who is no adult of a school; whether they may see the task the caller has checked.
    """
    if not viewer.is_a(*WRITERS):
        return []
    rows = ValidityEntry.objects.filter(version__task__uuid=task).select_related("version")
    leads = viewer.is_a(Role.COACH, Role.DISTRICT)
    return [
        EntryView(
            one.uuid, one.kind, one.version.number, one.on, one.words, one.written_by_name, one.written_at, one.withdrawn_at,
            one.withdrawn_by_name, one.withdrawn_why,
            one.withdrawn_at is None and (leads or one.written_by_id == (viewer.person_id or 0)),
        )
        for one in rows.order_by("-on", "-id")
    ]  # fmt: skip
