"""A teacher's own comments, kept for use again."""

from __future__ import annotations

from datetime import datetime

from headway.access.types import Viewer
from headway.evidence.models import SavedComment
from headway.kit.refusals import Refusal, Sentence

MOST, LONGEST = 60, 500


def saved_comments(*, owner: int | None) -> list[tuple[int, str]]:
    """Return the comments that a person keeps, by number and text, in order of the alphabet. One statement."""
    rows = SavedComment.objects.filter(owner_id=owner or 0).order_by("text")
    return list(rows.values_list("pk", "text"))


def keep_comment(*, actor: Viewer, text: str, at: datetime) -> None:
    """This will keep a comment of the person who acts for use again; one that is kept already stays as it is.

    Raises `Refusal`: `forbidden`, `too_long`, `too_many`.
    """
    text = " ".join(text.split())
    if actor.person_id is None:
        raise Refusal("forbidden", "Only a person of the roster keeps comments.")
    if not 1 <= len(text) <= LONGEST:
        raise Refusal("too_long", Sentence("A comment to keep has 1 to %(most)s letters.", most=LONGEST))
    kept = [one for _, one in saved_comments(owner=actor.person_id)]
    if text in kept:
        return
    if len(kept) >= MOST:
        raise Refusal("too_many", Sentence("You keep %(most)s comments; remove one first.", most=MOST))
    SavedComment.objects.create(owner_id=actor.person_id, text=text, saved_at=at)


def drop_comment(*, actor: Viewer, number: int) -> None:
    """This will remove a kept comment of the person who acts; feedback that was given with it stays."""
    SavedComment.objects.filter(pk=number, owner_id=actor.person_id or 0).delete()
