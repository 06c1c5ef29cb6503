"""Notes of substitutes as the teachers of a class read them, and put them away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from headway.access.types import Viewer
from headway.evidence import actions
from headway.evidence import queries as evidence
from headway.evidence.queries import NoteView
from headway.kit.refusals import Refusal
from headway.pages.parts.told import address
from headway.rosters import queries as rosters

RECENT = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One note in words; without `name` it is about the class."""

    uuid: UUID
    name: str
    sourced_id: str
    class_title: str
    words: str
    by: str
    on: date


def read(request: HttpRequest, note_id: UUID, subject: Any) -> HttpResponse:
    """Put the note away for who reads, and go back to Today."""
    try:
        actions.mark_note_read(actor=request.viewer, note=note_id, at=request.moment)
    except Refusal:
        return redirect(address("/teacher/today", fault=_("There is no such note any more.")))
    return redirect(address("/teacher/today", saved=_("The note is put away for you.")))


def unread(viewer: Viewer, classes: Sequence[Any]) -> list[NoteRow]:
    """Return the notes of the last days on classes that the viewer has not put away, newest first. Three statements at most."""
    found = evidence.notes_in(
        viewer=viewer, classes=[one.id for one in classes], since=viewer.today - RECENT, unread=True
    )
    return in_words(found, classes)


def in_words(found: Sequence[NoteView], classes: Iterable[Any] = ()) -> list[NoteRow]:
    """Return notes with the names of who wrote them and whom they are about. One statement, none for no note."""
    keys = {key for one in found for key in (one.by, one.student) if key is not None}
    people = rosters.people_by_id(person_ids=keys) if keys else {}
    titles = {one.id: one.title for one in classes}
    return [
        NoteRow(
            one.uuid, people[one.student].name() if one.student else "",
            people[one.student].sourced_id if one.student else "", titles.get(one.school_class, ""), one.words,
            people[one.by].name(), one.on,
        )
        for one in found
    ]  # fmt: skip
