"""The same state of the same work in words for every reader: given, handed in, returned, handed in again, rated; requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.evidence import queries as evidence
from headway.evidence.queries import Asked, Chance, Returned
from headway.evidence.types import CLOSED, OFFERED
from headway.frameworks import queries as frameworks
from headway.rosters import queries as rosters

CLOSED_SHOWN = timedelta(days=14)
"""So long a chance that passed stands beside what is open."""


def state_words(state: str) -> str:
    """Return the words of a state of work, the same for student, family and teacher."""
    return {
        "offered": _("Given"),
        "taken": _("Handed in"),
        "handed_in": _("Handed in"),
        "again": _("Handed in again"),
        "returned": _("Returned for revision"),
        "rated": _("Rated"),
        "held": _("Rated, held"),
        "missed": _("Missed"),
        "excused": _("Excused"),
        "away": _("Away, still open"),
        "withdrawn": _("Taken back"),
    }[state]


def kind_words(kind: str) -> str:
    """Return the words of a request."""
    return _("I’m ready") if kind == "ready" else _("May I show it again?")


def answer_words(answer: str) -> str:
    """Return the words of an answer."""
    return {"yes": _("Yes"), "not_yet": _("Not yet"), "no": _("No"), "": _("No answer yet")}[answer]


def names_of(targets: Iterable[int]) -> str:
    """Return the names of targets in the reader's language."""
    language = get_language() or "en"
    return ", ".join(frameworks.node(target).called(language) for target in targets)


def titled(title: str, targets: Iterable[int]) -> str:
    """Return the title of work in the reader's language where it is the name of one of its targets, else as it was written."""
    language = get_language() or "en"
    nodes = [frameworks.node(target) for target in targets]
    return next(
        (one.called(language) for one in nodes if title in (one.called("en"), one.called("es"))), title
    )


@dataclass(frozen=True, slots=True)
class GivenView:
    """One chance as its student and family read it."""

    uuid: str
    title: str
    targets: str
    due_on: date | None
    late: bool
    state: str
    said: str
    practice: bool
    open: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ReturnView:
    """What was said when an attempt was given back: in general, and target by target."""

    attempt: int
    words: str
    notes: list[tuple[str, str]]
    who: str
    at: datetime
    key: str = ""
    title: str = ""
    revise: str = ""


@dataclass(frozen=True, slots=True)
class AskedView:
    """One request with its answer."""

    uuid: str
    student: int
    target: int
    name: str
    kind: str
    words: str
    asked_at: datetime
    open: bool
    answer: str
    reason: str
    on: date | None
    answered_at: datetime | None
    who: str


@dataclass(frozen=True, slots=True)
class InHand:
    """What one student has in hand: returned first, then what was given, then what was asked."""

    returned: list[ReturnView]
    given: list[GivenView]
    asked: list[AskedView]


def given_view(chance: Chance, today: date) -> GivenView:
    """Return a chance in words; its due day has passed where it is still open after it."""
    late = chance.due_on is not None and chance.due_on < today and chance.open
    return GivenView(
        str(chance.uuid), titled(chance.title, chance.targets), names_of(chance.targets), chance.due_on, late, chance.state,
        state_words(chance.state), chance.purpose == 1, chance.open,
        chance.reason,
    )  # fmt: skip


def mates_of(chance: Chance | None, student: int) -> list[str]:
    """Return the names of those who hand in together with a student; nobody where they work alone. Three statements."""
    if chance is None or not chance.group:
        return []
    others = [one.student for one in evidence.group_of(chance) if one.student != student]
    people = rosters.people_by_id(person_ids=others)
    return sorted(people[one].name() for one in others)


def by_due(chances: Sequence[Chance]) -> list[Chance]:
    """Return chances, the one that is due first before the others, those without a day last."""
    return sorted(chances, key=lambda one: (one.due_on is None, one.due_on or date.max, one.given_at))


def _people(found: Sequence[Returned] | Sequence[Asked]) -> dict[int, Any]:
    named = {one.by for one in found if one.by}
    return rosters.people_by_id(person_ids=named) if named else {}


def return_views(found: Sequence[Returned], titles: dict[str, Any] | None = None) -> list[ReturnView]:
    """Return what was said about given back attempts; `titles` are pieces by key, where a list names them. One statement."""
    people = _people(found)
    language, views = get_language() or "en", []
    for one in found:
        piece = (titles or {}).get(one.piece)
        notes = [(frameworks.node(target).called(language), text) for target, text in one.notes.items()]
        who = people[one.by].name() if one.by in people else ""
        revise = f"/student/hand-in?work={piece.uuid}" if piece else ""
        views.append(
            ReturnView(one.attempt, one.words, notes, who, one.at, quote(one.piece, safe=""), piece.title if piece else "",
                       revise)
        )  # fmt: skip
    return views


def asked_views(found: Sequence[Asked]) -> list[AskedView]:
    """Return requests in words, with who answered. One statement."""
    people = _people(found)
    return [
        AskedView(
            str(one.uuid), one.student, one.target, names_of([one.target]), kind_words(one.kind), one.words, one.asked_at,
            one.state == "open", answer_words(one.answer), one.reason, one.on, one.answered_at,
            people[one.by].name() if one.by in people else "",
        )
        for one in found
    ]  # fmt: skip


def in_hand(student: int, *, today: date, asked: int = 6) -> InHand:
    """Return what a student has in hand: at most seven statements."""
    back = evidence.returned_pieces(students=[student])
    chances = evidence.chances_of([student], states=(OFFERED, *CLOSED))
    lately = today - CLOSED_SHOWN
    given = by_due([one for one in chances if one.open])
    given += [one for one in chances if not one.open and one.changed_at.date() > lately]
    requests = evidence.requests_of(students=[student], limit=40)
    shown = [one for one in requests if one.state == "open"]
    shown += [one for one in requests if one.state != "open"][: max(0, asked - len(shown))]
    return InHand(
        return_views([one for _piece, one in back], {piece.key: piece for piece, _one in back}),
        [given_view(one, today) for one in given],
        asked_views(shown),
    )


def state_of(piece: Any, *, waits: bool, returns: Sequence[Returned]) -> str:
    """Return the state of a piece; `waits` says whether this reader sees no rating of its newest attempt."""
    if any(one.attempt == piece.attempt for one in returns):
        return "returned"
    if not waits:
        return "rated"
    return "again" if piece.attempt > 1 else "handed_in"
