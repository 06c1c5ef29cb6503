"""Acts on the ledger. Each runs in one transaction, is acknowledged only after the commit, and is audited."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, Model, OuterRef

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.evidence import (
    asking,
    grouping,
    handing_in,
    ledger,
    notes,
    offering,
    projection,
    queries,
    returning,
    saved,
)
from headway.evidence.models import Erasure, Event, Note, Offer, Opportunity, Payload, Piece, StudentRequest
from headway.evidence.types import RatingEntry, Receipt
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.kit.times import micros
from headway.rosters.actions import Joining

FOLLOWING: dict[str, tuple[type[Model], str]] = {
    "pieces": (Piece, "key"), "opportunities": (Opportunity, "uuid"), "requests": (StudentRequest, "uuid"),
    "notes": (Note, "uuid"),
}  # fmt: skip
"""What follows a person who is merged, beside the ratings, with the column that names a row in the ledger."""

lock = ledger.lock
give = offering.give
withdraw_offer = offering.withdraw
close = offering.close
reopen = offering.reopen
regroup = grouping.regroup
hand_in = handing_in.hand_in
hand_in_on_paper = handing_in.hand_in_on_paper
capture = handing_in.capture
return_piece = returning.return_piece
return_pieces = returning.return_pieces
undo_return = returning.undo_return
undo_returns = returning.undo_returns
ask = asking.ask
take_back_request = asking.take_back
answer_request = asking.answer
write_note = notes.write
withdraw_note = notes.withdraw
mark_note_read = notes.mark_read
keep_comment = saved.keep_comment
drop_comment = saved.drop_comment


def record_ratings(
    *, actor: Viewer, entries: Sequence[RatingEntry], at: datetime, source: str = "page"
) -> Receipt:
    """This will write each rating as an event, or return the first receipt where all were written before.

    Writes events, payloads, rating rows and one audit entry in one transaction. Who may: the caller has checked.
    Raises `Refusal("key_conflict")` where a known key comes with other content, and `Refusal("key_twice")` where a key
    comes twice in one call, and `Refusal("unknown_rating")` where a correction names no standing rating of the same
    student, or one that comes later in the call; nothing is written then.
    """
    _refuse_twins(entries)
    with transaction.atomic():
        head_before = ledger.lock()
        known = _known(entries)
        fresh = [entry for entry in entries if entry.key not in known]
        _refuse_conflicts(entries, known)
        _refuse_withdrawn([entry for entry in entries if entry.key in known])
        if not fresh:
            first, last = min(known[e.key][0] for e in entries), max(known[e.key][0] for e in entries)
            return Receipt(first, last, _hash_at(last), tuple(e.key for e in entries), (), at)
        _refuse_replacements(entries, fresh)
        at_us = micros(at)
        drafts = [
            ledger.Draft(
                "rating", entry.body(), entry.student_uuid, entry.rater_uuid or actor.person, entry.key
            )
            for entry in fresh
        ]
        first, last, head = ledger.append(drafts, at_us=at_us, head=head_before)
        ended = [(first + n, entry.replaces) for n, entry in enumerate(fresh) if entry.replaces]
        if ended:
            projection.end(ended)
        rows = [projection.row_of(entry, first + n, at_us) for n, entry in enumerate(fresh)]
        projection.insert(_ended_within(rows, ended))
        record_act(
            actor=actor,
            act="record_ratings",
            kind="ledger",
            object_id=f"{first}-{last}",
            detail={"n": len(fresh), "source": source},
            at=at,
        )
        touched = tuple(dict.fromkeys((entry.student, entry.target) for entry in fresh))
        replayed = tuple(entry.key for entry in entries if entry.key in known)
        return Receipt(first, last, head, replayed, touched, at)


def record_event(
    *,
    actor: Viewer,
    kind: str,
    body: dict[str, Any],
    at: datetime,
    subject: UUID | None = None,
    key: str | None = None,
) -> int:
    """This will append one event that is no rating, in the caller's transaction; returns its sequence.

    Who may: the caller has checked. Written: event and payload; the caller writes the audit entry of its own act.
    """
    draft = ledger.Draft(kind, body, subject, actor.person, key)
    return ledger.append([draft], at_us=micros(at))[0]


def record_events(
    *, actor: Viewer, kind: str, about: Sequence[tuple[UUID, dict[str, Any]]], at: datetime
) -> None:
    """This will append one event for each (subject, body), contiguous, in the caller's transaction.

    Who may: the caller has checked. Written: events and payloads; the caller writes the audit entry of its own act.
    """
    if about:
        drafts = [ledger.Draft(kind, body, subject, actor.person) for subject, body in about]
        ledger.append(drafts, at_us=micros(at))


def mark_rated(*, pieces: Iterable[tuple[str, int]], at: datetime) -> None:
    """This will note that pieces, given as (key, student), were rated, so that they wait no longer. In the caller's transaction.

    A key that names another student's piece changes nothing there.
    """
    named = set(pieces)
    waiting = Piece.objects.filter(key__in={key for key, _ in named}, rated_at=None)
    own = [
        one for one, key, student in waiting.values_list("pk", "key", "student_id") if (key, student) in named
    ]
    if own:
        Piece.objects.filter(pk__in=own).update(rated_at=at)


def amend_ratings(
    *,
    actor: Viewer,
    act: str,
    changes: dict[str, dict[str, Any] | None],
    reason: str,
    at: datetime,
) -> tuple[int, tuple[tuple[int, int], ...]]:
    """This will change, release, move or withdraw standing ratings as one act; return its number and what it touched.

    `changes` maps a rating's key to the fields that change (`target_id` beside `target` as UUID text), or to None to
    withdraw it. One event per student, contiguous; no change writes nothing and has the number 0. Raises
    `Refusal("unknown_rating")` where a key does not stand.
    """
    if not changes:
        return 0, ()
    with transaction.atomic():
        ledger.lock()
        rows = projection.latest(list(changes)) if act == "undo" else projection.standing(list(changes))
        missing = [key for key in changes if key not in rows]
        if missing:
            raise Refusal(
                "unknown_rating",
                "No standing rating has this key.",
                [
                    Finding("unknown_rating", "No standing rating has this key.", column="key", value=key)
                    for key in missing
                ],
            )
        # By the person whom the ledger named when it was recorded: what an erasure of one removes is theirs alone, also
        # where two people were merged.
        subjects = _subjects([row[projection.AT["origin_sequence"]] for row in rows.values()])
        by_student: dict[UUID, list[str]] = {}
        for key in changes:
            by_student.setdefault(subjects[rows[key][projection.AT["origin_sequence"]]], []).append(key)
        drafts = [
            ledger.Draft(
                "amend",
                {
                    "act": act,
                    "reason": reason,
                    "of": len(by_student),
                    "changes": {key: _for_ledger(changes[key]) for key in keys},
                },
                subject,
                actor.person,
            )
            for subject, keys in by_student.items()
        ]
        first, last, _ = ledger.append(drafts, at_us=micros(at))
        touched: list[tuple[int, int]] = []
        ends, fresh = [], []
        for sequence, keys in zip(range(first, last + 1), by_student.values(), strict=True):
            for key in keys:
                row, change = rows[key], changes[key]
                ends.append((sequence, key))
                touched.append((row[projection.AT["student_id"]], row[projection.AT["target_id"]]))
                if change is not None:
                    new = projection.amended(
                        row, sequence, {k: v for k, v in change.items() if k != "target"}
                    )
                    fresh.append(new)
                    touched.append((new[projection.AT["student_id"]], new[projection.AT["target_id"]]))
        projection.end(ends)
        projection.insert(fresh)
        record_act(
            actor=actor,
            act=f"{act}_ratings",
            kind="ledger",
            object_id=f"{first}-{last}",
            detail={"n": len(changes), "reason": reason},
            at=at,
        )
        return first, tuple(dict.fromkeys(touched))


def undo_amendment(*, actor: Viewer, act: int, at: datetime) -> tuple[int, tuple[tuple[int, int], ...]]:
    """This will append the reverse of an amendment, so that each rating stands again as before it.

    Raises `Refusal("unknown_act")`, `Refusal("erased")` where the act's content is gone, or `Refusal("changed_since")`
    naming the ratings that were changed again since.
    """
    with transaction.atomic():
        ledger.lock()
        sequences, keys = _act(act)
        with connection.cursor() as cursor:
            cursor.execute(f"{projection.SELECT} WHERE to_sequence BETWEEN %s AND %s", [act, sequences[-1]])
            before = {row[0]: tuple(row) for row in cursor.fetchall()}
        standing = projection.standing(keys)
        changed = [
            key
            for key in keys
            if key not in standing or standing[key][projection.AT["from_sequence"]] not in sequences
        ]
        # A withdrawn rating has no standing row; it may come back if nothing but the withdrawal ended it.
        changed = [key for key in changed if key in standing or not _ended_by(key, sequences)]
        if changed:
            raise Refusal(
                "changed_since",
                "These ratings were changed again since; undo that first.",
                [Finding("changed_since", "changed again since", column="key", value=key) for key in changed],
            )
        # Where the act brought a withdrawn rating back, its reverse withdraws it again.
        changes: dict[str, dict[str, Any] | None] = {key: None for key in keys if key not in before}
        targets = _target_uuids([row[projection.AT["target_id"]] for row in before.values()])
        for key, row in before.items():
            target = row[projection.AT["target_id"]]
            changes[key] = {
                "target_id": target,
                "target": str(targets[target]),
                "held": bool(row[projection.AT["held"]]),
                "observed_us": row[projection.AT["observed_us"]],
                "level": row[projection.AT["level"]],
            }
        return amend_ratings(actor=actor, act="undo", changes=changes, reason=f"undo of act {act}", at=at)


def stand_again(
    *, actor: Viewer, keys: Sequence[str], reason: str, at: datetime
) -> tuple[tuple[int, int], ...]:
    """This will let ratings that were replaced stand as they did before; returns what it touched.

    Who may, and that what replaced them stands no more: the caller has checked.
    """
    with transaction.atomic():
        ledger.lock()
        rows = projection.latest(list(keys))
        targets = _target_uuids([row[projection.AT["target_id"]] for row in rows.values()])
        changes = {
            key: {
                "target_id": row[projection.AT["target_id"]],
                "target": str(targets[row[projection.AT["target_id"]]]),
                "held": bool(row[projection.AT["held"]]),
                "observed_us": row[projection.AT["observed_us"]],
                "level": row[projection.AT["level"]],
            }
            for key, row in rows.items()
            if row[projection.AT["to_sequence"]] is not None
        }
        return (
            amend_ratings(actor=actor, act="undo", changes=changes, reason=reason, at=at)[1]
            if changes
            else ()
        )


def _act(act: int) -> tuple[range, list[str]]:
    """Return the sequences of an amendment and the keys that it changed; its number is its first event's."""
    if not Event.objects.filter(sequence=act, kind="amend").exists():
        raise Refusal("unknown_act", Sentence("There is no act %(act)s to undo.", act=act))
    bodies = [json.loads(text) for text in Payload.objects.filter(pk=act).values_list("body", flat=True)]
    of = bodies[0]["of"] if bodies else 1
    rest = Payload.objects.filter(event_id__gt=act, event_id__lt=act + of).order_by("event_id")
    bodies += [json.loads(text) for text in rest.values_list("body", flat=True)]
    if len(bodies) != of:
        raise Refusal(
            "erased", Sentence("The content of act %(act)s was erased; it cannot be undone.", act=act)
        )
    return range(act, act + of), [key for body in bodies for key in body["changes"]]


def follow(joining: Joining) -> tuple[tuple[int, int], ...]:
    """This will move a person's learning with a merge or back with its split; returns (student, target) touched.

    Written: one event `merged` or `split` that names the ratings, pieces, opportunities, requests and notes moved, and their rows
    from then on. What the person who stays was given, or asks, too stays with the other. In the caller's transaction.
    Raises `Refusal("changed_since")` where a rating that came with the merge stands no more.
    """
    ledger.lock()
    person, into = joining.person, joining.into
    if joining.of is None:
        keys = queries.standing_keys(student=person.pk)
        moved = _movable(person.pk, into.pk)
        source, goal, kind = person, into, "merged"
    else:
        keys, moved = _moved_with(person.uuid)
        source, goal, kind = into, person, "split"
    rows = projection.standing(keys)
    student = projection.AT["student_id"]
    gone = [key for key in keys if key not in rows or rows[key][student] != source.pk]
    if gone:
        raise Refusal(
            "changed_since",
            "Ratings that came with the merge were withdrawn or replaced since; undo that first.",
            [Finding("changed_since", "changed since the merge", column="key", value=key) for key in gone],
        )
    for name, (model, column) in FOLLOWING.items():
        for start in range(0, len(moved[name]), 500):
            part = {f"{column}__in": moved[name][start : start + 500]}
            model._default_manager.filter(student=source, **part).update(student=goal)
    body = {
        "from": str(source.uuid), "to": str(goal.uuid), "keys": keys, **moved, "reason": joining.reason,
    }  # fmt: skip
    draft = ledger.Draft(kind, body, person.uuid, joining.actor.person)
    sequence, _, _ = ledger.append([draft], at_us=micros(joining.at))
    projection.end([(sequence, key) for key in keys])
    projection.insert([projection.amended(rows[key], sequence, {"student_id": goal.pk}) for key in keys])
    targets = dict.fromkeys(rows[key][projection.AT["target_id"]] for key in keys)
    return tuple((one, target) for target in targets for one in (source.pk, goal.pk))


def _movable(person: int, into: int) -> dict[str, list[str]]:
    """Return the names of the rows that go over to another person by kind; not those that the other has too."""
    rows = {name: model._default_manager.filter(student_id=person) for name, (model, _) in FOLLOWING.items()}
    given = Opportunity.objects.filter(student_id=into).values("offer_id")
    rows["opportunities"] = rows["opportunities"].exclude(offer_id__in=given)
    twin = StudentRequest.objects.filter(
        student_id=into, target_id=OuterRef("target_id"), kind=OuterRef("kind"), state=asking.OPEN
    )
    rows["requests"] = rows["requests"].exclude(Exists(twin), state=asking.OPEN)
    return {
        name: [str(one) for one in found.order_by("pk").values_list(FOLLOWING[name][1], flat=True)]
        for name, found in rows.items()
    }


def _moved_with(person: UUID) -> tuple[list[str], dict[str, list[str]]]:
    """Return what the last merge moved: keys of ratings, and the rest by kind; nothing where its content was erased."""
    last = Event.objects.filter(kind="merged", subject=person).order_by("-sequence").first()
    body = None if last is None else Payload.objects.filter(pk=last.pk).values_list("body", flat=True).first()
    said = {} if body is None else json.loads(body)
    return list(said.get("keys", [])), {name: list(said.get(name, [])) for name in FOLLOWING}


def erase_payloads(*, actor: Viewer, subject: UUID, reason: str, at: datetime) -> int:
    """This will remove the content of every event about `subject`, with all rows that stand on it; the chain still verifies.

    Appends one `erasure` event that names the subject's pseudonym and the count. Returns the number of payloads removed.
    The caller removes what stands on the rating rows, and files that no piece names any more.
    """
    with transaction.atomic():
        ledger.lock()
        sequences = list(
            Payload.objects.filter(event__subject=subject)
            .exclude(event__kind="erasure")
            .values_list("event_id", flat=True)
        )
        first, _, _ = ledger.append(
            [ledger.Draft("erasure", {"n": len(sequences), "reason": reason}, subject, actor.person)],
            at_us=micros(at),
        )
        Erasure.objects.bulk_create([Erasure(sequence=s, by=first) for s in sequences], ignore_conflicts=True)
        for start in range(0, len(sequences), 500):
            Payload.objects.filter(pk__in=sequences[start : start + 500]).delete()
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM headway_rating WHERE origin_sequence IN "
                "(SELECT sequence FROM headway_event WHERE subject = %s)",
                [_uuid_param(subject)],
            )
        Piece.objects.filter(student__uuid=subject).delete()
        # What a group handed in stays for the others, without who of it sent the form.
        Piece.objects.filter(handed_in_by=subject).update(handed_in_by=None)
        StudentRequest.objects.filter(student__uuid=subject).delete()
        Note.objects.filter(student__uuid=subject).delete()
        Opportunity.objects.filter(student__uuid=subject).delete()
        # What was given to nobody else may speak of this student.
        Offer.objects.filter(opportunities=None).delete()
        record_act(
            actor=actor,
            act="erase_payloads",
            kind="person",
            object_id=subject,
            detail={"n": len(sequences)},
            at=at,
        )
        return len(sequences)


def _known(entries: Sequence[RatingEntry]) -> dict[str, tuple[int, str]]:
    """Return key → (sequence, body) of the entries that the ledger already holds."""
    digests = {ledger.digest_key(entry.key): entry.key for entry in entries}
    found: dict[str, tuple[int, str]] = {}
    names = list(digests)
    with connection.cursor() as cursor:
        for start in range(0, len(names), 500):
            part = names[start : start + 500]
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(
                "SELECT e.key_digest, e.sequence, p.body FROM headway_event e "  # noqa: S608
                f"LEFT JOIN headway_payload p ON p.event_id = e.sequence WHERE e.key_digest IN ({marks})",
                part,
            )
            for digest, sequence, body in cursor.fetchall():
                found[digests[digest]] = (sequence, body or "")
    return found


def _refuse_twins(entries: Sequence[RatingEntry]) -> None:
    first: dict[str, int] = {}
    findings = [
        Finding("key_twice", "The key comes twice in one call.", line=row, column="key", value=entry.key)
        for row, entry in enumerate(entries, start=1)
        if first.setdefault(entry.key, row) != row
    ]
    if findings:
        raise Refusal("key_twice", "A key stands for one rating; give each rating its own.", findings)


def _refuse_replacements(entries: Sequence[RatingEntry], fresh: Sequence[RatingEntry]) -> None:
    # Within one student only: what an erasure of one removes must not be what ended a rating of another.
    names = [entry.replaces for entry in fresh if entry.replaces]
    if not names:
        return
    student = projection.AT["student_id"]
    standing = {key: row[student] for key, row in projection.standing(names).items()}
    findings = []
    for entry in fresh:
        if entry.replaces and standing.pop(entry.replaces, None) != entry.student:
            findings.append(
                Finding(
                    "unknown_rating",
                    "No standing rating of this student has this key.",
                    line=entries.index(entry) + 1,
                    column="replaces",
                    value=entry.replaces,
                )
            )
        standing[entry.key] = entry.student
    if findings:
        raise Refusal(
            "unknown_rating", "A correction replaces one standing rating of the same student.", findings
        )


def _ended_within(rows: list[projection.Row], ended: list[tuple[int, str]]) -> list[projection.Row]:
    """Return the new rows, those ended that a later rating of the same call replaces."""
    by_key = {row[0]: number for number, row in enumerate(rows)}
    for sequence, key in ended:
        number = by_key.get(key)
        if number is None or rows[number][projection.AT["from_sequence"]] >= sequence:
            continue
        values = list(rows[number])
        if values[projection.AT["to_sequence"]] is None:
            values[projection.AT["to_sequence"]] = sequence
            rows[number] = tuple(values)
    return rows


def _refuse_conflicts(entries: Sequence[RatingEntry], known: dict[str, tuple[int, str]]) -> None:
    findings = [
        Finding(
            "key_conflict",
            "This key was already used for a rating with other content.",
            line=row,
            column="key",
            value=entry.key,
        )
        for row, entry in enumerate(entries, start=1)
        if entry.key in known and ledger.canonical(entry.body()) != known[entry.key][1]
    ]
    if findings:
        raise Refusal(
            "key_conflict",
            "A key stands for one rating for ever; give the changed rating a new key.",
            findings,
        )


def _refuse_withdrawn(entries: Sequence[RatingEntry]) -> None:
    """Refuse a known rating that was taken back: to answer with its first receipt would say that it stands."""
    if not entries:
        return
    rows = projection.latest([entry.key for entry in entries])
    ended = {
        key: row[projection.AT["to_sequence"]]
        for key, row in rows.items()
        if row[projection.AT["to_sequence"]]
    }
    by = set(
        Event.objects.filter(sequence__in=set(ended.values()), kind="amend").values_list(
            "sequence", flat=True
        )
    )
    gone = [key for key, sequence in ended.items() if sequence in by]
    if gone:
        raise Refusal(
            "key_withdrawn",
            "A rating that was recorded and taken back does not come again under its key; give it a new key.",
            [Finding("key_withdrawn", "This rating was taken back. To record it again, give it a new key.", column="key",
                     value=key) for key in gone[:1000]],
        )  # fmt: skip


def _hash_at(sequence: int) -> str:
    return Event.objects.only("hash").get(pk=sequence).hash


def _subjects(sequences: list[int]) -> dict[int, UUID]:
    """Return about whom each event is. One statement per 500."""
    found: dict[int, UUID] = {}
    listed = list(dict.fromkeys(sequences))
    for start in range(0, len(listed), 500):
        rows = Event.objects.filter(sequence__in=listed[start : start + 500])
        found.update((one, subject) for one, subject in rows.values_list("sequence", "subject") if subject)
    return found


def _target_uuids(targets: list[int]) -> dict[int, UUID]:
    from headway.frameworks.queries import node_uuids

    return node_uuids(node_ids=targets)


def _for_ledger(change: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if change is None else {name: value for name, value in change.items() if name != "target_id"}


def _ended_by(key: str, sequences: range) -> bool:
    with connection.cursor() as cursor:
        cursor.execute('SELECT MAX(to_sequence) FROM headway_rating WHERE "key" = %s', [key])
        return cursor.fetchone()[0] in sequences


def _uuid_param(value: UUID) -> str:
    return str(value) if connection.vendor == "postgresql" else value.hex


def check_chain(*, actor: Viewer, at: datetime, after: int, size: int) -> queries.Walked:
    """This will check the next part of the chain, and note in the audit trail what was found at its end.

    Who may: the district. Raises `Refusal("forbidden")`.
    """
    if not actor.is_a(Role.DISTRICT):
        raise Refusal("forbidden", "Only the district may check the ledger.")
    found = queries.walk(after=after, size=size)
    if found.whole or found.breaks:
        record_act(
            actor=actor, act="verify_ledger", kind="ledger", object_id=found.last, at=at,
            detail={"events": found.end, "breaks": len(found.breaks)},
        )  # fmt: skip
    return found
