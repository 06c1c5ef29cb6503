"""One piece of a student's work with its ratings and what was said, target by target."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.pages.parts import feedback
from headway.pages.parts.feedback import FOR_STUDENT, Said
from headway.pages.parts.files import IMAGES
from headway.pages.parts.learning import ADULTS, Learner, language, learners
from headway.pages.parts.loop import ReturnView, mates_of, return_views, state_of, state_words, titled
from headway.proficiency.queries import AT
from headway.science.codes import Purpose, Status


@dataclass(frozen=True, slots=True)
class OnTarget:
    """One target of a piece: its ratings, the newest first; empty while it waits."""

    id: int
    name: str
    line: str
    told: str
    said: list[Said]


@dataclass(frozen=True, slots=True)
class EarlierView:
    """What was handed in before the newest attempt."""

    work: Any
    picture: bool


@dataclass(frozen=True, slots=True)
class WorkView:
    """A piece as it was handed in (`piece` None: it was rated without being handed in here), and what came back."""

    key: str
    title: str
    piece: Any
    targets: list[OnTarget]
    state: str
    stands: str
    picture: bool
    returns: list[ReturnView]
    task: Any = None
    earlier: list[EarlierView] = field(default_factory=list)
    mates: list[str] = field(default_factory=list)

    @property
    def returned(self) -> bool:
        """Whether the student has it to revise."""
        return self.state == "returned"

    @property
    def waits(self) -> bool:
        """Whether the reader sees no rating of the newest attempt yet."""
        return self.state in ("handed_in", "again")


def work_view(
    person: Any, key: str, *, now: datetime, book: Any, as_of: date | None = None, purposes: Any = FOR_STUDENT
) -> tuple[WorkView, Learner] | None:
    """Return a piece of this student's work by its key, or None where there is none. At most fifteen statements."""
    piece = evidence.find_piece(key)
    if piece is not None and piece.student_id != person.id:
        return None
    (learner,) = learners([person], as_of=as_of, now=now, book=book)
    own = [row for row in learner.rows if row[AT["piece"]] == key and row[AT["purpose"]] in purposes]
    if piece is None and not own:
        return None
    said = feedback.about(learner, own) if own else []
    wanted = [target.id for target in piece.targets.all()] if piece is not None else []
    wanted = list(dict.fromkeys([*wanted, *(one.target for one in said)]))
    targets = [_on_target(target, [one for one in said if one.target == target]) for target in wanted]
    title = piece.title if piece is not None else said[0].title
    back = evidence.returns_of(pieces=[key]).get(key, []) if piece is not None else []
    state = "rated"
    if piece is not None:
        state = state_of(piece, waits=waits(learner, piece), returns=back)
    task = evidence.find_chance(key)
    return WorkView(
        key, title, piece, targets, state=state, stands=state_words(state),
        picture=piece is not None and piece.file_type in IMAGES, returns=return_views(back),
        task=task, earlier=earlier(piece), mates=mates_of(task, person.id),
    ), learner  # fmt: skip


def earlier(piece: Any) -> list[EarlierView]:
    """Return the earlier attempts at a piece, the newest of them first. One statement where there are any."""
    if piece is None or piece.attempt == 1:
        return []
    return [EarlierView(one, one.file_type in IMAGES) for one in evidence.earlier_attempts(piece=piece.key)]


@dataclass(frozen=True, slots=True)
class PieceView:
    """One piece in a list, with its state in words."""

    key: str
    title: str
    at: datetime
    stands: str
    returned: bool


def recent(learner: Learner, *, limit: int = 6) -> list[PieceView]:
    """Return a student's newest pieces with their states as a student or family may know them. Three statements."""
    pieces = evidence.pieces_of(students=[learner.person.id], limit=limit)
    back = evidence.returns_of(pieces=[piece.key for piece in pieces])
    states = [
        state_of(piece, waits=waits(learner, piece), returns=back.get(piece.key, ())) for piece in pieces
    ]
    return [
        PieceView(
            quote(piece.key, safe=""),
            titled(piece.title, [target.id for target in piece.targets.all()]),
            piece.handed_in_at,
            _stands(learner, piece, state),
            state == "returned",
        )
        for piece, state in zip(pieces, states, strict=True)
    ]


def _stands(learner: Learner, piece: Any, state: str) -> str:
    """Return where a piece stands, in words; one that was rated for practice only says that it does not count."""
    purposes = {row[AT["purpose"]] for row in learner.rows if row[AT["piece"]] == piece.key}
    words = state_words(state)
    return f"{words}; {_('practice, does not count')}" if purposes == {Purpose.PRACTICE} else words


def waits(learner: Learner, piece: Any) -> bool:
    """Whether the newest attempt at a piece has no rating that the student may see: one that is held changes nothing."""
    return not any(
        row[AT["piece"]] == piece.key and row[AT["attempt"]] >= piece.attempt and row[AT["kind"]] in ADULTS
        and row[AT["status"]] != Status.MISSED
        for row in learner.rows
    )  # fmt: skip


def _on_target(target: int, said: list[Said]) -> OnTarget:
    node = frameworks.node(target)
    tree = frameworks.tree(node.framework_id, at=frameworks.remembered_stamp())
    return OnTarget(
        target, node.called(language()), tree.framework.called(language()), node.told(language()), said
    )
