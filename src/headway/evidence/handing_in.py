"""Taking in work: of one student, or of the group in which a task was given; from a form or from paper.

Group work is one artifact. Each student of the group has it as a piece of their own, so that each is rated, corrected,
returned to, excused and erased apart from the others; how a student looks back on it stays with who wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.evidence import chances, ledger, offering
from headway.evidence.models import Attempt, Offer, Piece
from headway.evidence.types import CHANCE, TAKEN, Chance, Work
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Finding, Refusal
from headway.kit.times import micros
from headway.rosters import queries as rosters

CONTENT = (
    "title",
    "words",
    "link",
    "file_name",
    "file_type",
    "file_digest",
    "file_size",
    "reflection",
    "way",
)


def hand_in(*, actor: Viewer, work: Work, at: datetime) -> Piece:
    """This will take in a piece of a student's work, or the next attempt at one, and keep it until somebody rates it.

    For a task that was given to a group it comes in for each of its students who is in it today; not for one who was away,
    excused or missed it. Written: an event with the content of this attempt for each, the pieces with their targets, what
    they held before as earlier attempts, one audit entry; the opportunities that the keys answer are taken. A known key with
    the same content answers with the piece that stands, so that a retry hands in once. Who may: the caller has checked.
    Raises `Refusal("key_conflict")` where the piece, or the opportunity, belongs to another student,
    `Refusal("chance_closed")` where the opportunity was closed or taken back, `Refusal("newer_attempt")` where another
    attempt came in since the sender looked, and `Refusal("unchanged")` where who looked at what was returned sends it as it was.
    """
    with transaction.atomic():
        ledger.lock()
        piece = Piece.objects.select_for_update().filter(key=work.key).first()
        if piece is not None and piece.student_id != work.student:
            raise Refusal("key_conflict", "This piece belongs to another student.")
        if piece is not None and _same_work(piece, work):
            if work.after == piece.attempt and piece.returns.filter(attempt=piece.attempt).exists():
                raise Refusal(
                    "unchanged", "Nothing is different from what was returned to you; change it first."
                )
            return piece
        if work.after is not None and work.after != (piece.attempt if piece is not None else 0):
            raise Refusal("newer_attempt", "Another attempt was handed in since; look at that one first.")
        chance = _chance(work)
        if chance is None:
            return _take_in(actor, [(None, work)], at)
        others = _for_others(actor, chance, chances.group_of(chance)[1:], work, at)
        group = chance.group if others or chance.state == TAKEN else 0
        return _take_in(actor, [(chance, work), *others], at, group=group)


def join(*, actor: Viewer, chance: Chance, piece: Piece, at: datetime) -> Piece:
    """This will give a student what their group handed in before they were put into it, in the caller's transaction."""
    uuids = rosters.person_uuids(person_ids=[chance.student])
    said = {name: getattr(piece, name) for name in CONTENT}
    work = Work(
        key=chance.piece_key, student=chance.student, student_uuid=uuids[chance.student], targets=chance.targets,
        target_uuids=_uuids(chance.targets), **said | {"reflection": "", "way": ""},
    )  # fmt: skip
    return _take_in(actor, [(chance, work)], at, group=chance.group, attempt=piece.attempt)


def hand_in_on_paper(*, actor: Viewer, opportunities: Sequence[UUID], at: datetime) -> int:
    """This will take in, for students, work that lies on paper before the teacher; return for how many they were chosen.

    It waits for a rating like any other piece. Raises `Refusal`: `unknown_opportunity`, `forbidden`, `no_such_person`,
    `not_open`.
    """
    with transaction.atomic():
        ledger.lock()
        found = chances.by_uuid(opportunities)
        if not found or len(found) < len(set(opportunities)):
            raise Refusal("unknown_opportunity", "Choose at least one student who was given this.")
        offering.check_seen(actor, (one.student for one in found), at)
        if not all(one.open for one in found):
            raise Refusal(
                "not_open", "One of these was handed in, closed or opened since; look at the list again."
            )
        people = rosters.person_uuids(person_ids=[one.student for one in found])
        for one in found:
            work = Work(
                key=one.piece_key, student=one.student, student_uuid=people[one.student], targets=one.targets,
                target_uuids=_uuids(one.targets), title=one.title,
            )  # fmt: skip
            hand_in(actor=actor, work=work, at=at)
        return len(found)


def capture(*, actor: Viewer, works: Sequence[Work], at: datetime) -> int:
    """This will take in work of several students that an adult photographed; return for how many.

    Each waits for a rating like any other piece; the same again changes nothing. Raises `Refusal`: `forbidden`,
    `no_such_person`, `already_taken` where something else came in since, `group_twice` where more than one comes for a
    group, naming its students by their uuid, and those of `hand_in`; nothing is written then.
    """
    offering.check_seen(actor, (work.student for work in works), at)
    with transaction.atomic():
        ledger.lock()
        _refuse_twice_for_a_group(works)
        known = {one.key: one for one in Piece.objects.filter(key__in=[work.key for work in works])}
        for work in works:
            if work.key in known and not _same_work(known[work.key], work):
                raise Refusal("already_taken", "Something was handed in already; look at the list again.")
            hand_in(actor=actor, work=work, at=at)
        return len(works)


def _refuse_twice_for_a_group(works: Sequence[Work]) -> None:
    """Refuse more than one piece for students who hand in together: the later would take the place of the first."""
    sent = {work.key: work.student_uuid for work in works}
    named = [UUID(key.removeprefix(CHANCE)) for key in chances.groups_of(pieces=sent)]
    twice = []
    for chance in chances.by_uuid(named):
        mates = [one for one in chances.group_of(chance) if one.piece_key in sent]
        if chance.open and len(mates) > 1:
            twice.append(sent[chance.piece_key])
    if twice:
        raise Refusal("group_twice", "One photo is enough for a group.", [
            Finding("group_twice", "One photo is enough for a group.", column="student", value=str(one))
            for one in twice])  # fmt: skip


def _chance(work: Work) -> Chance | None:
    """Return the opportunity that a piece answers, if it may; None where its key names none."""
    if not work.key.startswith(CHANCE):
        return None
    found = chances.find_by_key(work.key)
    if found is None or found.student != work.student:
        raise Refusal("key_conflict", "This task was given to another student.")
    if not found.open and found.state != TAKEN:
        raise Refusal("chance_closed", "This task is closed; ask your teacher to open it again.")
    return found


def _same_work(piece: Piece, work: Work) -> bool:
    names = ("title", "words", "link", "file_digest", "reflection")
    return all(getattr(piece, name) == getattr(work, name) for name in names)


def _for_others(
    actor: Viewer, chance: Chance, mates: Sequence[Chance], work: Work, at: datetime
) -> list[tuple[Chance, Work]]:
    """Return the work for the others of a group; not for who left the class, nor where a piece went over to another person."""
    if not mates:
        return []
    school_class = Offer.objects.filter(uuid=chance.offer).values_list("school_class_id", flat=True).first()
    if school_class is not None:
        here = rosters.members(class_ids=[school_class], as_of=offering.today_of(actor, at), viewer=None)
        mates = [one for one in mates if one.student in here.get(school_class, ())]
    pieces = Piece.objects.filter(key__in=[one.piece_key for one in mates])
    owners = dict(pieces.values_list("key", "student_id"))
    mates = [one for one in mates if owners.get(one.piece_key, one.student) == one.student]
    uuids = rosters.person_uuids(person_ids=[one.student for one in mates])
    return [
        (
            one,
            replace(
                work, key=one.piece_key, student=one.student, student_uuid=uuids[one.student], reflection=""
            ),
        )
        for one in mates
    ]


def _take_in(
    actor: Viewer, works: Sequence[tuple[Chance | None, Work]], at: datetime, *, group: int = 0, attempt: int = 0
) -> Piece:  # fmt: skip
    """Write one attempt of one or several students, the same number for all; return the first one's piece."""
    keys = [work.key for _, work in works]
    standing = {one.key: one for one in Piece.objects.select_for_update().filter(key__in=keys)}
    number = attempt or 1 + max((one.attempt for one in standing.values()), default=0)
    drafts = [
        ledger.Draft("handed_in", work.body(attempt=number, group=group), work.student_uuid, actor.person)
        for _, work in works
    ]
    first, _, _ = ledger.append(drafts, at_us=micros(at))
    Attempt.objects.bulk_create(
        Attempt(piece=one, attempt=one.attempt, handed_in_at=one.handed_in_at,
                **{name: getattr(one, name) for name in CONTENT})
        for one in standing.values()
    )  # fmt: skip
    for sequence, (chance, work) in enumerate(works, first):
        values = {name: getattr(work, name) for name in CONTENT} | {
            "title": work.title[:200], "attempt": number, "handed_in_at": at,
            "handed_in_by": actor.person, "rated_at": None,
        }  # fmt: skip
        piece, _ = Piece.objects.update_or_create(
            key=work.key, defaults=values, create_defaults={**values, "student_id": work.student}
        )
        piece.targets.set(work.targets)
        standing[work.key] = piece
        if chance is not None and chance.state != TAKEN:
            offering.take(chance=chance, at=at, sequence=sequence, group=group)
    detail = {"piece": keys[0]} | ({"n": len(works)} if group else {})
    record_act(
        actor=actor, act="hand_in", kind="person", object_id=works[0][1].student_uuid, detail=detail, at=at
    )
    return standing[keys[0]]


def _uuids(targets: Sequence[int]) -> tuple[UUID, ...]:
    names = frameworks.node_uuids(node_ids=targets)
    return tuple(names[target] for target in targets)
