"""Acts on the ledger. Each runs in one transaction, is acknowledged only after the commit, and is audited."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.evidence import ledger, projection
from headway.evidence.models import Erasure, Event, Payload
from headway.evidence.types import RatingEntry, Receipt
from headway.kit.refusals import Finding, Refusal
from headway.kit.times import micros


def record_ratings(
    *, actor: Viewer, entries: Sequence[RatingEntry], at: datetime, source: str = "page"
) -> Receipt:
    """This will write each rating as an event, or return the first receipt where all were written before.

    Writes events, payloads, rating rows and one audit entry in one transaction. Who may: the caller has checked.
    Raises `Refusal("key_conflict")` where a known key comes with other content; nothing is written then.
    """
    with transaction.atomic():
        known = _known(entries)
        fresh = [entry for entry in entries if entry.key not in known]
        _refuse_conflicts(entries, known)
        if not fresh:
            first, last = min(known[e.key][0] for e in entries), max(known[e.key][0] for e in entries)
            return Receipt(first, last, _hash_at(last), tuple(e.key for e in entries), (), at)
        at_us = micros(at)
        drafts = [
            ledger.Draft(
                "rating", entry.body(), entry.student_uuid, entry.rater_uuid or actor.person, entry.key
            )
            for entry in fresh
        ]
        first, last, head = ledger.append(drafts, at_us=at_us)
        ended = [(first + n, entry.replaces) for n, entry in enumerate(fresh) if entry.replaces]
        if ended:
            projection.end(ended)
        projection.insert([projection.row_of(entry, first + n, at_us) for n, entry in enumerate(fresh)])
        record_act(
            actor=actor,
            act="record_ratings",
            kind="ledger",
            object_id=f"{first}-{last}",
            detail={"n": len(fresh), "source": source},
            at=at,
        )
        touched = tuple(dict.fromkeys((entry.student, entry.target) for entry in fresh))
        return Receipt(first, last, head, tuple(known), touched, at)


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
    withdraw it. One event per student, contiguous. Raises `Refusal("unknown_rating")` where a key does not stand.
    """
    with transaction.atomic():
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
        by_student: dict[int, list[str]] = {}
        for key in changes:
            by_student.setdefault(rows[key][projection.AT["student_id"]], []).append(key)
        uuids = _uuids(list(by_student))
        drafts = [
            ledger.Draft(
                "amend",
                {
                    "act": act,
                    "reason": reason,
                    "of": len(by_student),
                    "changes": {key: _for_ledger(changes[key]) for key in keys},
                },
                uuids[student],
                actor.person,
            )
            for student, keys in by_student.items()
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

    Raises `Refusal("unknown_act")`, or `Refusal("changed_since")` naming the ratings that were changed again since.
    """
    with transaction.atomic():
        event = Event.objects.filter(sequence=act, kind="amend").first()
        if event is None:
            raise Refusal("unknown_act", f"There is no act {act} to undo.")
        body = json.loads(Payload.objects.get(pk=act).body)
        sequences = range(act, act + body["of"])
        with connection.cursor() as cursor:
            cursor.execute(f"{projection.SELECT} WHERE to_sequence BETWEEN %s AND %s", [act, sequences[-1]])
            before = {row[0]: tuple(row) for row in cursor.fetchall()}
        standing = projection.standing(list(before))
        changed = [
            key
            for key in before
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
        changes: dict[str, dict[str, Any] | None] = {}
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


def erase_payloads(*, actor: Viewer, subject: UUID, reason: str, at: datetime) -> int:
    """This will remove the content of every event about `subject` and their rating rows; the chain still verifies.

    Appends one `erasure` event that names the subject's pseudonym and the count. Returns the number of payloads removed.
    """
    with transaction.atomic():
        sequences = list(
            Event.objects.filter(subject=subject).exclude(kind="erasure").values_list("sequence", flat=True)
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
                "DELETE FROM headway_rating WHERE student_id IN "
                "(SELECT id FROM headway_person WHERE uuid = %s)",
                [_uuid_param(subject)],
            )
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


def _hash_at(sequence: int) -> str:
    return Event.objects.only("hash").get(pk=sequence).hash


def _uuids(students: list[int]) -> dict[int, UUID]:
    from headway.rosters.queries import person_uuids

    return person_uuids(person_ids=students)


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
