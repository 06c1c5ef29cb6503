"""The chain: canonical form, commitment, hash, and the one place that appends.

Hash of an event = SHA-256 over its own fields and the hash before it; commitment = SHA-256 over salt and canonical JSON.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has a place in the chain."""

    kind: str
    body: dict[str, Any]
    subject: UUID | None = None
    author: UUID | None = None
    key: str | None = None


def canonical(body: dict[str, Any]) -> str:
    """Return the one JSON text of `body`: sorted members, no spaces, characters as they are."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def commitment(salt: str, text: str) -> str:
    """Return SHA-256 of the salt's bytes and the canonical text, in hexadecimal."""
    return hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()


def digest_key(key: str) -> str:
    """Return the digest under which a client's key is stored: a key may carry a name, the ledger must not."""
    return hashlib.sha256(b"headway-key:" + key.encode()).hexdigest()


def event_hash(
    sequence: int,
    kind: str,
    subject: str,
    author: str,
    key_digest: str,
    at_us: int,
    commit: str,
    previous: str,
) -> str:
    """Return the hash that seals one event and all before it. Absent pseudonyms and keys are empty texts."""
    text = "\n".join((str(sequence), kind, subject, author, key_digest, str(at_us), commit, previous))
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: UUID | None) -> str:
    return value.hex if value is not None else ""


def lock() -> tuple[int, str]:
    """Make every other writer wait until this transaction ends; return the last sequence and its hash.

    Whoever decides by what the ledger holds calls this first: a key that is unknown now, or a rating that stands now,
    is so until the commit. SQLite's transactions are IMMEDIATE and hold the lock from their beginning.
    """
    wait = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT sequence, hash FROM headway_ledgerhead WHERE id = 1{wait}")  # noqa: S608
        head = cursor.fetchone()
        if head is None:
            # Two first writers may both find no row; one of them inserts it, and the other waits for that.
            cursor.execute(
                "INSERT INTO headway_ledgerhead (id, sequence, hash) VALUES (1, 0, %s) ON CONFLICT (id) DO NOTHING",
                [GENESIS],
            )
            cursor.execute(f"SELECT sequence, hash FROM headway_ledgerhead WHERE id = 1{wait}")  # noqa: S608
            head = cursor.fetchone()
        return tuple(head)  # type: ignore[return-value]


def append(
    drafts: Sequence[Draft], *, at_us: int, head: tuple[int, str] | None = None
) -> tuple[int, int, str]:
    """Append events in order after `head` (what `lock` answered in this transaction); return first, last and the new head.

    Must run inside a transaction: the head row is locked first, so that two writers can neither share nor skip a
    sequence. Order is by sequence, not by clock: `at_us` may lie before the time of the event before it.
    """
    if not drafts:
        raise ValueError("nothing to append")
    uuid_out = str if connection.vendor == "postgresql" else plain
    sequence, previous = head or lock()
    with connection.cursor() as cursor:
        first = sequence + 1
        events, payloads = [], []
        salts = secrets.token_hex(16 * len(drafts))
        for position, draft in enumerate(drafts):
            sequence += 1
            text = canonical(draft.body)
            salt = salts[32 * position : 32 * position + 32]
            commit = commitment(salt, text)
            key_digest = digest_key(draft.key) if draft.key else None
            seal = event_hash(
                sequence,
                draft.kind,
                plain(draft.subject),
                plain(draft.author),
                key_digest or "",
                at_us,
                commit,
                previous,
            )
            events.append(
                (
                    sequence,
                    draft.kind,
                    uuid_out(draft.subject) if draft.subject else None,
                    uuid_out(draft.author) if draft.author else None,
                    key_digest,
                    at_us,
                    commit,
                    previous,
                    seal,
                )
            )
            payloads.append((sequence, salt, text))
            previous = seal
        cursor.executemany(
            "INSERT INTO headway_event (sequence, kind, subject, author, key_digest, at_us, commitment, previous, hash)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            events,
        )
        cursor.executemany("INSERT INTO headway_payload (event_id, salt, body) VALUES (%s, %s, %s)", payloads)
        cursor.execute(
            "UPDATE headway_ledgerhead SET sequence = %s, hash = %s WHERE id = 1", [sequence, previous]
        )
    return first, sequence, previous
