"""A bank of tasks in the small school: Maria Lopez (T1) writes for her school, the district for all."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from headway.access.types import SYSTEM, Viewer
from headway.tasks import actions
from headway.tasks.types import NewCriterion, TaskText

from ..pages.student.world import NOW, target
from ..profiles.people import viewer

WHOLE = {
    100: "names one part",
    200: "compares two parts",
    300: "compares and explains",
    400: "finds a false comparison",
}


def text(**fields: Any) -> TaskText:
    """Return a task about ratios with one whole criterion."""
    said = {
        "title": "Trail mix", "purpose": "Show that ratios can be compared.", "prompt": "Mix for thirty people.",
        "criteria": (NewCriterion("Compares", target("A.1"), WHOLE),),
    }  # fmt: skip
    return TaskText(**{**said, **fields})


def school_of(who: Viewer) -> int:
    from headway.tasks import queries

    return queries.schools_for(who)[0].id


def draft(who: str = "T1", **fields: Any) -> UUID:
    actor = viewer(who)
    return actions.draft_task(
        actor=actor, key=f"task-{uuid4()}", text=text(**fields), school=school_of(actor), at=NOW
    )


def published(who: str = "T1", **fields: Any) -> UUID:
    """Return a version that the bank offers."""
    version = draft(who, **fields)
    actions.publish_task(actor=viewer(who), version=version, at=NOW)
    return version


__all__ = ["NOW", "SYSTEM", "WHOLE", "draft", "published", "school_of", "target", "text", "viewer"]
