"""The form of a pack: tasks with rubrics and exemplars as one JSON file that another district can take in.

A pack names no person. Its digest is that of everything else in it, in canonical form.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from headway.frameworks import queries as frameworks
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.tasks.types import (
    NewCriterion,
    NewExemplar,
    Pack,
    PackedFile,
    PackedTask,
    TaskText,
    TaskView,
)
from headway.tasks.wording import LENGTHS

FORMAT, FORM = "headway-task-pack", 1
MOST_BYTES, MOST_TASKS, LICENSE = 50 << 20, 500, 200
TEXTS = (*LENGTHS, "language")
NUMBERS = ("number", "depth")
KEYS = {
    "pack": ("format", "form", "district", "license", "made_on", "tasks", "digest"),
    "task": ("task", "standing", *TEXTS, *NUMBERS, "minutes", "certifies", "scale", "levels", "criteria", "exemplars"),
    "criterion": ("name", "target", "descriptors"),
    "target": ("uuid", "code", "framework", "statement"),
    "exemplar": ("title", "words", "link", "why", "levels", "file"),
    "file": ("name", "type", "sha256", "base64"),
}  # fmt: skip


def write(
    views: Sequence[TaskView], *, district: str, license: str, on: date, content: Callable[[str], bytes]
) -> bytes:
    """Return published versions as a pack; `content` gives the file of a digest."""
    body: dict[str, Any] = {
        "format": FORMAT, "form": FORM, "district": district, "license": license, "made_on": on.isoformat(),
        "tasks": [_task(one, content) for one in views],
    }  # fmt: skip
    return json.dumps({**body, "digest": digest_of(body)}, ensure_ascii=False, indent=1).encode()


def digest_of(body: Any) -> str:
    """Return the digest of JSON data in its one canonical form."""
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    # Half of a letter, which JSON can name and no text can hold, is not the same as any letter.
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _task(view: TaskView, content: Callable[[str], bytes]) -> dict[str, Any]:
    # A task that came from elsewhere goes on under the name and number that it has there.
    task, number = view.first_written
    return {
        "task": task, "number": number, "standing": view.standing,
        **{name: getattr(view, name) for name in (*TEXTS, "depth", "minutes", "certifies", "scale")},
        "levels": [{"level": one.level, "names": dict(one.names)} for one in view.levels],
        "criteria": [
            {"name": one.name, "target": _target(one.target),
             "descriptors": {str(level): words for level, words in one.descriptors.items()}}
            for one in view.criteria
        ],
        "exemplars": [
            {"title": one.title, "words": one.words, "link": one.link, "why": one.why,
             "levels": {str(place.position): one.levels[place.uuid] for place in view.criteria if place.uuid in one.levels},
             "file": _file(one, content(one.file_digest)) if one.file_digest else None}
            for one in view.exemplars
        ],
    }  # fmt: skip


def _target(key: int) -> dict[str, str]:
    node = frameworks.node(key)
    return {
        "uuid": str(node.uuid),
        "code": node.code,
        "framework": node.framework,
        "statement": node.statement or node.name,
    }


def _file(one: Any, data: bytes) -> dict[str, str]:
    return {"name": one.file_name, "type": one.file_type, "sha256": hashlib.sha256(data).hexdigest(),
            "base64": base64.b64encode(data).decode()}  # fmt: skip


def read(data: bytes, *, file: str | None = None) -> Pack:
    """Return the pack of a file, checked whole; nothing is looked up here.

    Raises `Refusal("pack_invalid")` with a finding for each fault, whose column is the place in the file.
    """
    if len(data) > MOST_BYTES:
        raise Refusal("pack_invalid", "The file is larger than 50 MB.")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refusal("pack_invalid", "The file is no pack of tasks: it is not JSON.") from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise Refusal("pack_invalid", "The file is no pack of tasks.")
    if body.get("form") != FORM:
        raise Refusal(
            "pack_invalid", "This pack was written by a newer version; bring this one up to date first."
        )
    if body.get("digest") != digest_of({name: value for name, value in body.items() if name != "digest"}):
        raise Refusal(
            "pack_invalid",
            "The pack was changed since it was made: its digest does not fit. Get it once more.",
        )
    reader = _Reader(file)
    pack = reader.pack(body)
    if reader.findings:
        raise Refusal("pack_invalid", "The pack has faults; nothing was changed.", reader.findings)
    return pack


class _Reader:
    """Takes a pack apart; `findings` holds every fault with its place."""

    def __init__(self, file: str | None) -> None:
        self.file, self.findings = file, []  # type: str | None, list[Finding]

    def fault(self, code: str, message: str, place: str) -> None:
        self.findings.append(Finding(code, message, self.file, None, place))

    def table(self, value: Any, kind: str, place: str) -> dict[str, Any]:
        """Return a table with the keys of its kind, all of them; others are a fault."""
        if not isinstance(value, dict) or set(value) != set(KEYS[kind]):
            self.fault(
                "wrong_members",
                Sentence("These members, and no others: %(known)s.", known=", ".join(KEYS[kind])),
                place,
            )
            return {}
        return value

    def text(self, value: Any, place: str, most: int = 20_000) -> str:
        if not isinstance(value, str) or len(value) > most or "\0" in value:
            self.fault("not_a_text", Sentence("A text of up to %(most)s characters.", most=most), place)
            return ""
        return value

    def number(self, value: Any, place: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100_000:
            self.fault("not_a_number", "A whole number.", place)
            return 0
        return value

    def name(self, value: Any, place: str) -> UUID:
        try:
            return UUID(value)
        except (ValueError, TypeError, AttributeError):
            self.fault("not_an_identifier", "An identifier (UUID).", place)
            return UUID(int=0)

    def rows(self, value: Any, place: str, most: int) -> list[tuple[str, Any]]:
        if not isinstance(value, list) or len(value) > most:
            self.fault("not_a_list", Sentence("A list of up to %(most)s.", most=most), place)
            return []
        return [(f"{place}[{n}]", one) for n, one in enumerate(value, 1)]

    def levels(self, value: Any, place: str) -> dict[int, Any]:
        """Return a table whose keys are levels, or positions: whole numbers as text."""
        if not isinstance(value, dict) or not all(
            one.isascii() and one.isdigit() and len(one) < 6 for one in value
        ):
            self.fault("not_a_table", "A table by whole numbers.", place)
            return {}
        return {int(key): one for key, one in value.items()}

    def pack(self, body: dict[str, Any]) -> Pack:
        body = self.table(body, "pack", "pack")
        if not body:
            return Pack("", "", "", "", ())
        tasks = tuple(self.task(one, place) for place, one in self.rows(body["tasks"], "tasks", MOST_TASKS))
        return Pack(
            self.text(body["district"], "district", 255), self.text(body["license"], "license", LICENSE),
            self.text(body["made_on"], "made_on", 10), self.text(body["digest"], "digest", 64), tasks,
        )  # fmt: skip

    def task(self, value: Any, place: str) -> PackedTask:
        found = self.table(value, "task", place)
        if not found:
            return PackedTask(UUID(int=0), 0, "", TaskText(""), (), (), (), "")
        criteria = [
            self.criterion(one, at) for at, one in self.rows(found["criteria"], f"{place}.criteria", 100)
        ]
        exemplars = [
            self.exemplar(one, at) for at, one in self.rows(found["exemplars"], f"{place}.exemplars", 100)
        ]
        minutes = None if found["minutes"] is None else self.number(found["minutes"], f"{place}.minutes")
        text = TaskText(
            **{name: self.text(found[name], f"{place}.{name}") for name in TEXTS},
            depth=self.number(found["depth"], f"{place}.depth"), minutes=minutes, certifies=found["certifies"] is True,
            criteria=tuple(one for one, _ in criteria),
        )  # fmt: skip
        return PackedTask(
            self.name(found["task"], f"{place}.task"), self.number(found["number"], f"{place}.number"),
            self.text(found["standing"], f"{place}.standing", 10), text, tuple(target for _, target in criteria),
            tuple(one for one, _ in exemplars), tuple(file for _, file in exemplars), digest_of(value),
        )  # fmt: skip

    def criterion(self, value: Any, place: str) -> tuple[NewCriterion, tuple[UUID, str, str, str]]:
        found = self.table(value, "criterion", place)
        target = self.table(found.get("target"), "target", f"{place}.target") if found else {}
        if not target:
            return NewCriterion("", 0), (UUID(int=0), "", "", "")
        words = self.levels(found["descriptors"], f"{place}.descriptors")
        said = {level: self.text(one, f"{place}.descriptors.{level}") for level, one in words.items()}
        code, framework, statement = (
            self.text(target[name], f"{place}.target.{name}") for name in ("code", "framework", "statement")
        )
        named = (self.name(target["uuid"], f"{place}.target.uuid"), code, framework, statement)
        return NewCriterion(self.text(found["name"], f"{place}.name"), 0, said), named

    def exemplar(self, value: Any, place: str) -> tuple[NewExemplar, PackedFile | None]:
        found = self.table(value, "exemplar", place)
        if not found:
            return NewExemplar("", "", {}), None
        levels = self.levels(found["levels"], f"{place}.levels")
        made = NewExemplar(
            title=self.text(found["title"], f"{place}.title"), why=self.text(found["why"], f"{place}.why"),
            words=self.text(found["words"], f"{place}.words"), link=self.text(found["link"], f"{place}.link"),
            levels={at: self.number(one, f"{place}.levels.{at}") for at, one in levels.items()},
        )  # fmt: skip
        return made, self.packed_file(found["file"], f"{place}.file") if found["file"] is not None else None

    def packed_file(self, value: Any, place: str) -> PackedFile | None:
        found = self.table(value, "file", place)
        if not found:
            return None
        try:
            data = base64.b64decode(self.text(found["base64"], place, MOST_BYTES), validate=True)
        except binascii.Error:
            data = b""
        if not data or hashlib.sha256(data).hexdigest() != found["sha256"]:
            self.fault("file_changed", "This file is not the one that its digest names.", place)
        return PackedFile(self.text(found["name"], f"{place}.name", 200), data)
