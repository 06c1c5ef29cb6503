"""Giving an attempt back for revision with what to do, and taking that back until the student handed in again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.evidence import ledger
from headway.evidence.models import Piece, Return
from headway.evidence.offering import check_seen
from headway.evidence.wording import WORDS
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal, Sentence
from headway.kit.times import micros
from headway.rosters import queries as rosters


@dataclass(frozen=True, slots=True)
class Returned:
    """One attempt that was given back: what to do, in general and by target (row key). `by` is the row key of who did."""

    piece: str
    attempt: int
    words: str
    notes: dict[int, str]
    at: datetime
    by: int | None
    sequence: int


def return_piece(
    *, actor: Viewer, key: str, attempt: int, words: str, notes: Mapping[int, str], at: datetime
) -> Returned:  # fmt: skip
    """This will give the newest attempt at a piece back for revision; sent again, it answers with what stands.

    Written: event, return, audit entry. The piece waits for nobody until its next attempt is handed in; ratings of it
    stay. Who may: adults who may see the student. Raises `Refusal`: `unknown_piece`, `forbidden`, `no_such_person`,
    `words_missing`, `too_long`, `newer_attempt`, `already_returned`.
    """
    words = words.strip()
    said = {int(target): text.strip() for target, text in notes.items() if text.strip()}
    if not words and not said:
        raise Refusal(
            "words_missing", "Say in words what to revise: a returned piece without them helps nobody."
        )
    if max(map(len, [words, *said.values()])) > WORDS:
        raise Refusal("too_long", Sentence("Up to %(most)s letters fit here.", most=WORDS))
    with transaction.atomic():
        ledger.lock()
        piece = Piece.objects.select_for_update().filter(key=key).first()
        if piece is None:
            raise Refusal("unknown_piece", "There is no such piece.")
        check_seen(actor, [piece.student_id], at)
        if piece.attempt != attempt:
            raise Refusal("newer_attempt", "A newer attempt was handed in since; look at that one first.")
        known = Return.objects.filter(piece=piece, attempt=attempt).select_related("piece").first()
        if known is not None:
            if (known.words, known.notes) != (words, {str(target): text for target, text in said.items()}):
                raise Refusal("already_returned", "This attempt was returned already; take that back first.")
            return _returned(known)
        names = frameworks.node_uuids(node_ids=said)
        body = {"piece": key, "attempt": attempt, "words": words,
                "notes": {str(names[target]): text for target, text in said.items()}}  # fmt: skip
        subject = rosters.person_uuids(person_ids=[piece.student_id])[piece.student_id]
        draft = ledger.Draft(
            "returned", {name: value for name, value in body.items() if value}, subject, actor.person
        )
        sequence, _, _ = ledger.append([draft], at_us=micros(at))
        made = Return.objects.create(
            sequence=sequence, piece=piece, attempt=attempt, words=words,
            notes={str(target): text for target, text in said.items()}, returned_at=at, returned_by_id=actor.person_id,
        )  # fmt: skip
        record_act(actor=actor, act="return_piece", kind="person", object_id=subject, at=at,
                   detail={"piece": key, "attempt": attempt})  # fmt: skip
        return _returned(made)


def return_pieces(
    *, actor: Viewer, keys: Sequence[str], attempt: int, words: str, notes: Mapping[int, str], own: Mapping[str, str],
    at: datetime,
) -> list[Returned]:  # fmt: skip
    """This will give a piece of group work back to each of its students, as one act; see `return_piece`.

    `words` and `notes` are for all; `own` are further words for one student, by the key of their piece.
    """
    with transaction.atomic():
        return [
            return_piece(
                actor=actor, key=key, attempt=attempt, notes=notes, at=at,
                words="\n\n".join(text for text in (words.strip(), own.get(key, "").strip()) if text),
            )
            for key in keys
        ]  # fmt: skip


def undo_returns(*, actor: Viewer, sequences: Sequence[int], at: datetime) -> None:
    """This will take back the returns of one act, all or none; see `undo_return`."""
    with transaction.atomic():
        for sequence in sequences:
            undo_return(actor=actor, sequence=sequence, at=at)


def undo_return(*, actor: Viewer, sequence: int, at: datetime) -> None:
    """This will take a return back, as long as the student has not handed in again; the piece waits again.

    Raises `Refusal`: `unknown_return`, `forbidden`, `no_such_person`, `changed_since`.
    """
    with transaction.atomic():
        ledger.lock()
        found = Return.objects.select_related("piece").filter(pk=sequence).first()
        if found is None:
            raise Refusal("unknown_return", "Nothing is returned under this number.")
        piece = found.piece
        check_seen(actor, [piece.student_id], at)
        if piece.attempt != found.attempt:
            raise Refusal("changed_since", "The student handed in again since.")
        subject = rosters.person_uuids(person_ids=[piece.student_id])[piece.student_id]
        body = {"piece": piece.key, "attempt": found.attempt, "return": sequence}
        ledger.append([ledger.Draft("return_undone", body, subject, actor.person)], at_us=micros(at))
        found.delete()
        record_act(actor=actor, act="undo_return", kind="person", object_id=subject, at=at, detail=body)


def returns_of(*, pieces: Iterable[str]) -> dict[str, list[Returned]]:
    """Return what was given back of each piece, oldest attempt first, by the key of the piece. One statement per 500."""
    listed = list(dict.fromkeys(pieces))
    found: dict[str, list[Returned]] = {}
    for start in range(0, len(listed), 500):
        rows = Return.objects.filter(piece__key__in=listed[start : start + 500]).select_related("piece")
        for row in rows.order_by("attempt"):
            found.setdefault(row.piece.key, []).append(_returned(row))
    return found


def returned_pieces(*, students: Sequence[int]) -> list[tuple[Piece, Returned]]:
    """Return the pieces of students whose newest attempt was given back, the newest return first. One statement."""
    rows = Return.objects.filter(piece__student_id__in=list(students)).select_related("piece")
    return [
        (row.piece, _returned(row))
        for row in rows.order_by("-returned_at")
        if row.attempt == row.piece.attempt
    ]


def _returned(row: Return) -> Returned:
    notes = {int(target): text for target, text in row.notes.items()}
    return Returned(
        row.piece.key, row.attempt, row.words, notes, row.returned_at, row.returned_by_id, row.sequence
    )
