"""Replays what was given, handed in, returned, asked for and noted, and compares the rows with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from headway.evidence.models import Attempt, Event, Note, Opportunity, Piece, Return, StudentRequest
from headway.evidence.types import CHANCE, OFFERED, TAKEN, Break
from headway.tasks.types import rated_on

KINDS = (
    "offered",
    "grouped",
    "offer_withdrawn",
    "closed",
    "reopened",
    "handed_in",
    "returned",
    "return_undone",
    "ready",
    "show_again",
    "answered",
    "taken_back",
    "noted",
    "note_withdrawn",
    "merged",
    "split",
)
_MOVED = {"pieces": "piece", "opportunities": "opportunity", "requests": "request", "notes": "note"}  # fmt: skip
_PIECE = ("title", "words", "link", "file_name", "file_digest", "reflection", "way", "attempt")
_OFFER = ("title", "words", "link", "due_on", "depth", "purpose", "task")
Key = tuple[str, str]
Row = dict[str, Any]


class _Replay:
    """The rows as the events say they are, each by kind of record and name, with the person it is about."""

    def __init__(self) -> None:
        self.rows: dict[Key, Row] = {}

    def take(self, sequence: int, kind: str, subject: Any, body: dict[str, Any]) -> None:
        """Apply one event."""
        about = str(subject)
        if kind == "handed_in":
            key = body["key"]
            before = self.rows.get(("piece", key))
            if before is not None:
                said = {name: before[name] for name in _PIECE}
                self.rows["attempt", f"{key} {before['attempt']}"] = {"piece": key, **said}
            self.rows["piece", key] = {"about": about, **{name: body.get(name, "") for name in _PIECE}}
            chance = self.rows.get(("opportunity", key.removeprefix(CHANCE)))
            if key.startswith(CHANCE) and chance is not None and chance["state"] != TAKEN:
                chance |= {"state": TAKEN, "sequence": sequence, "group": body.get("group", 0)}
        elif kind == "offered":
            said = {name: str(body.get(name, "")) for name in _OFFER}
            self.rows["opportunity", body["opportunity"]] = {
                "about": about, "state": OFFERED, "sequence": sequence, "targets": sorted(body["targets"]),
                "group": body.get("group", 0), **said
            }  # fmt: skip
        elif kind == "grouped":
            self.rows["opportunity", body["opportunity"]]["group"] = body["group"]
        elif kind in ("offer_withdrawn", "closed", "reopened"):
            self.rows["opportunity", body["opportunity"]] |= {"state": body["state"], "sequence": sequence}
        elif kind == "returned":
            said = {name: body.get(name, default) for name, default in (("words", ""), ("notes", {}))}
            self.rows["return", str(sequence)] = {
                "piece": body["piece"], "attempt": body["attempt"], **said
            }  # fmt: skip
        elif kind == "return_undone":
            del self.rows["return", str(body["return"])]
        elif kind == "answered":
            said = {name: body.get(name, "") for name in ("answer", "reason", "on")}
            self.rows["request", body["request"]] |= {"state": "answered", "sequence": sequence, **said}
        elif kind in ("merged", "split"):
            for name, own in _MOVED.items():
                for each in body.get(name, ()):
                    self.rows[own, each]["about"] = body["to"]
        elif kind == "taken_back":
            self.rows["request", body["request"]] |= {"state": "taken_back", "sequence": sequence}
        elif kind == "noted":
            self.rows["note", body["note"]] = {
                "about": about if subject else "", "class": body["class"], "words": body["words"], "withdrawn": False,
                "sequence": sequence,
            }  # fmt: skip
        elif kind == "note_withdrawn":
            self.rows["note", body["note"]] |= {"withdrawn": True, "sequence": sequence}
        else:
            self.rows["request", body["request"]] = {
                "about": about, "kind": kind, "target": body["target"], "words": body.get("words", ""), "state": "open",
                "sequence": sequence, "answer": "", "reason": "", "on": "",
            }  # fmt: skip


def loop_breaks(*, target_uuids: Callable[[list[int]], dict[int, Any]], limit: int = 100) -> list[Break]:
    """Return the opportunities, pieces, earlier attempts, returns, requests and notes that differ from a replay."""
    replay, found = _Replay(), []
    events = Event.objects.filter(kind__in=KINDS, payload__isnull=False).order_by("sequence")
    for sequence, kind, subject, text in events.values_list(
        "sequence", "kind", "subject", "payload__body"
    ).iterator(chunk_size=5_000):
        try:
            replay.take(sequence, kind, subject, json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError):
            found.append(Break(sequence, "the content cannot be replayed", kind, text[:80], str(subject)))
    for key, row in _stored(target_uuids):
        wanted = replay.rows.pop(key, None)
        name = " ".join(key)
        if wanted is None:
            found.append(
                Break(
                    row.get("sequence", 0),
                    f"{name} is not in the ledger",
                    "no row",
                    "a row",
                    row.get("about", ""),
                )
            )
        elif wanted != row:
            names = [each for each in wanted if wanted[each] != row.get(each)]
            found.append(
                Break(
                    wanted.get("sequence", 0), f"{name} differs in {', '.join(names)}", str([wanted[n] for n in names]),
                    str([row.get(n) for n in names]), row.get("about", ""),
                )
            )  # fmt: skip
        if len(found) >= limit:
            return found
    found += [
        Break(row.get("sequence", 0), f"{' '.join(key)} is missing", "a row", "nothing", row.get("about", ""))
        for key, row in list(replay.rows.items())[:limit]
    ]
    return found


def _stored(target_uuids: Callable[[list[int]], dict[int, Any]]) -> Iterator[tuple[Key, Row]]:
    """Yield the rows as they are kept, in the form in which the replay says them."""
    pieces = Piece.objects.values_list("key", "student__uuid", *_PIECE)
    for key, about, *values in pieces.iterator():
        yield ("piece", key), {"about": str(about), **dict(zip(_PIECE, values, strict=True))}
    for attempt in Attempt.objects.select_related("piece").iterator():
        key = attempt.piece.key
        yield (
            ("attempt", f"{key} {attempt.attempt}"),
            {"piece": key, **{name: getattr(attempt, name) for name in _PIECE}},
        )
    chances = Opportunity.objects.select_related("offer__task_version__task", "student")
    chances = chances.prefetch_related("offer__targets")
    for one in chances.iterator(chunk_size=2_000):
        offer = one.offer
        of = offer.task_version
        bank = rated_on(of.task.uuid, of.number) if of is not None else ""
        said = [offer.title, offer.words, offer.link, offer.due_on, offer.depth, offer.purpose, bank]
        yield ("opportunity", str(one.uuid)), {
            "about": str(one.student.uuid), "state": one.state, "sequence": one.sequence,
            "targets": sorted(str(node.uuid) for node in offer.targets.all()), "group": one.group,
            **{name: "" if not value else str(value) for name, value in zip(_OFFER, said, strict=True)},
        }  # fmt: skip
    for back in Return.objects.select_related("piece").iterator():
        names = target_uuids([int(target) for target in back.notes])
        yield ("return", str(back.sequence)), {
            "piece": back.piece.key, "attempt": back.attempt, "words": back.words,
            "notes": {str(names[int(target)]): text for target, text in back.notes.items()},
        }  # fmt: skip
    for asked in StudentRequest.objects.select_related("student", "target").iterator():
        yield ("request", str(asked.uuid)), {
            "about": str(asked.student.uuid), "kind": asked.kind, "target": str(asked.target.uuid), "words": asked.words,
            "state": asked.state, "sequence": asked.sequence, "answer": asked.answer, "reason": asked.reason,
            "on": asked.on.isoformat() if asked.on else "",
        }  # fmt: skip
    for note in Note.objects.select_related("student", "school_class").iterator():
        yield ("note", str(note.uuid)), {
            "about": str(note.student.uuid) if note.student else "", "class": str(note.school_class.uuid), "words": note.words,
            "withdrawn": note.withdrawn_at is not None, "sequence": note.sequence,
        }  # fmt: skip
