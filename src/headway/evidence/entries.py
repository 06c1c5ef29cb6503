"""From what a client or a file says to checked entries: one reader for CSV, HTTP and forms."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from headway.evidence.types import FIELDS, RatingEntry
from headway.kit.refusals import Finding, Sentence
from headway.kit.times import micros, parse_instant
from headway.science.ledger import Kind, Override, Purpose, Status

EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)
_WORDS = {"kind": Kind, "status": Status, "purpose": Purpose, "override": Override}
_EMPTY_OVERRIDE = {"", "none"}
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,2}")
_PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class References:
    """How the words of a row resolve: callables from text to (row key, pseudonym), or a refusal sentence."""

    student: Mapping[str, tuple[int, Any]]
    rater: Mapping[str, tuple[int, Any]]
    target: Callable[[str, datetime], tuple[int, Any] | Finding]


class RowReader:
    """Reads one row at a time, collecting every fault with its row number, field and value."""

    def __init__(
        self,
        *,
        references: References,
        zone: ZoneInfo,
        now: datetime,
        file: str | None = None,
        lines: Sequence[int] | None = None,
    ) -> None:
        self.references, self.zone, self.now, self.file, self.lines = references, zone, now, file, lines
        self.line_of: dict[str, int] = {}
        self.findings: list[Finding] = []
        self._row = 0
        self._keys: dict[str, int] = {}

    def read(self, rows: Sequence[Mapping[str, Any]]) -> list[RatingEntry]:
        """Return the entries of the rows without a fault; `findings` tells the others."""
        entries = []
        for number, row in enumerate(rows):
            self._row = number + 1 if self.lines is None else self.lines[number]
            before = len(self.findings)
            entry = self._entry(row)
            if entry is not None and len(self.findings) == before:
                entries.append(entry)
                self.line_of[entry.key] = self._row
        return entries

    def fault(self, code: str, message: str, field: str, value: Any = None) -> None:
        """Record a fault of the current row."""
        self.findings.append(
            Finding(code, message, self.file, self._row, field, None if value is None else str(value))
        )

    def _entry(self, row: Mapping[str, Any]) -> RatingEntry | None:
        for name in row:
            if name not in FIELDS:
                self.fault("unknown_field", "This field is not known here.", str(name), row[name])
        key = self._text(row, "key", required=True)
        if key:
            if key in self._keys:
                self.fault(
                    "key_twice",
                    Sentence("The key stands in row %(line)s too.", line=self._keys[key]),
                    "key",
                    key,
                )
            self._keys.setdefault(key, self._row)
        student = self._lookup(row, "student", self.references.student)
        observed = self._instant(row, "observed_at", required=True)
        if observed and observed > self.now and not self._is_today(row, observed):
            self.fault(
                "observed_in_future",
                "A rating cannot be observed after now.",
                "observed_at",
                row.get("observed_at"),
            )
        target = self._target(row, observed)
        words = {name: self._word(row, name, kind) for name, kind in _WORDS.items()}
        level = self._level(row, "level")
        self._agree(row, level, words)
        rater = self._lookup(row, "rater", self.references.rater, required=False)
        if not (key and student and target and observed):
            return None
        return RatingEntry(
            key=key,
            student=student[0],
            student_uuid=student[1],
            target=target[0],
            target_uuid=target[1],
            observed_us=micros(observed),
            level=level,
            submitted_us=self._micros(row, "submitted_at"),
            due_us=self._micros(row, "due_at"),
            recorded_us=self._micros(row, "recorded_at"),
            rater=rater[0] if rater else None,
            rater_uuid=rater[1] if rater else None,
            **words,
            piece=self._text(row, "evidence"),
            attempt=self._whole(row, "attempt", 1, 1, 999),
            depth=self._whole(row, "depth", 0, 1, 4),
            task=self._text(row, "task"),
            setting=self._text(row, "setting"),
            continuum_level=self._level(row, "continuum_level"),
            comment=self._text(row, "comment", limit=20_000),
            replaces=self._text(row, "replaces"),
            held=self._flag(row, "held"),
            by_default=self._flag(row, "by_default"),
            language=self._language(row),
            modification=self._text(row, "modification", limit=36).lower(),
        )

    def _is_today(self, row: Mapping[str, Any], observed: datetime) -> bool:
        """Whether a day was written and it is today: its instant is noon, also in the morning, so that a retry agrees."""
        bare = len(self._text(row, "observed_at")) == 10
        return bare and observed.astimezone(self.zone).date() == self.now.astimezone(self.zone).date()

    def _agree(self, row: Mapping[str, Any], level: int | None, words: dict[str, int]) -> None:
        override, status = Override(words["override"]), Status(words["status"])
        # A level that could not be read has its own fault already.
        without = level is None and row.get("level") in (None, "")
        comment = self._text(row, "comment", limit=20_000)
        if override in (Override.COMPLETES, Override.REVERTS):
            if level is not None:
                self.fault(
                    "level_not_empty",
                    Sentence("override=%(name)s carries no level.", name=override.name.lower()),
                    "level",
                    row.get("level"),
                )
        elif override is Override.DECIDES:
            if without:
                self.fault("level_missing", "override=decides needs the decided level.", "level")
            if not comment:
                self.fault("reason_missing", "override=decides needs its reason in the comment.", "comment")
        elif status is Status.RATED and without:
            self.fault("level_missing", "Give a level, or a status that says why there is none.", "level")
        elif status is not Status.RATED and level is not None:
            self.fault(
                "level_not_empty",
                Sentence("A rating with status %(name)s has no level.", name=status.name.lower()),
                "level",
                row.get("level"),
            )
        if (words["purpose"] == Purpose.MODIFIED) != bool(self._text(row, "modification")):
            self.fault(
                "modification_missing",
                "purpose=modified and the identifier of a modification come together.",
                "modification",
                row.get("modification"),
            )
        if self._text(row, "replaces") and not comment:
            self.fault("reason_missing", "A correction needs its reason in the comment.", "comment")

    def _text(self, row: Mapping[str, Any], name: str, *, required: bool = False, limit: int = 190) -> str:
        value = row.get(name)
        text = "" if value is None else str(value).strip()
        if required and not text:
            self.fault("required", "This field must be filled.", name)
        if len(text) > limit:
            self.fault(
                "too_long", Sentence("At most %(most)s characters.", most=limit), name, text[:40] + "…"
            )
            return ""
        if "\x00" in text:
            self.fault("control_character", "The text holds a NUL character.", name, text)
            return ""
        if any("\ud800" <= character <= "\udfff" for character in text):
            shown = text.encode("utf-8", "backslashreplace").decode()
            self.fault("not_unicode", "The text holds half of a character.", name, shown)
            return ""
        return text

    def _lookup(
        self,
        row: Mapping[str, Any],
        name: str,
        known: Mapping[str, tuple[int, Any]],
        *,
        required: bool = True,
    ) -> tuple[int, Any] | None:
        text = self._text(row, name, required=required)
        if not text:
            return None
        if text not in known:
            self.fault(
                f"unknown_{name}",
                Sentence("No %(name)s of the roster has this identifier.", name=name),
                name,
                text,
            )
            return None
        return known[text]

    def _target(self, row: Mapping[str, Any], observed: datetime | None) -> tuple[int, Any] | None:
        text = self._text(row, "target", required=True)
        if not text:
            return None
        found = self.references.target(text, observed or self.now)
        if isinstance(found, Finding):
            self.fault(found.code, found.message, "target", text)
            return None
        return found

    def _instant(self, row: Mapping[str, Any], name: str, *, required: bool = False) -> datetime | None:
        text = self._text(row, name, required=required)
        if not text:
            return None
        try:
            value = parse_instant(text, self.zone)
        except (ValueError, OverflowError):
            self.fault(
                "not_a_time",
                "Write the time as 2026-11-12T09:30:00-07:00, or the day as 2026-11-12.",
                name,
                text,
            )
            return None
        if value < EARLIEST or value.year > 2100:
            self.fault("out_of_range", "The time lies outside 1950 to 2100.", name, text)
            return None
        return value

    def _micros(self, row: Mapping[str, Any], name: str) -> int | None:
        value = self._instant(row, name)
        return None if value is None else micros(value)

    def _word(self, row: Mapping[str, Any], name: str, kind: Any) -> int:
        text = self._text(row, name).lower()
        if not text or (name == "override" and text in _EMPTY_OVERRIDE):
            return 0
        try:
            return int(kind[text.upper()])
        except KeyError:
            words = ", ".join(member.name.lower() for member in kind)
            self.fault("unknown_word", Sentence("One of: %(known)s.", known=words), name, text)
            return 0

    def _level(self, row: Mapping[str, Any], name: str) -> int | None:
        value = row.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        try:
            if isinstance(value, bool) or (isinstance(value, str) and not _PLAIN.fullmatch(value.strip())):
                raise ValueError
            number = float(value)
            if not math.isfinite(number) or abs(number) > 1_000:
                raise ValueError
        except (TypeError, ValueError, OverflowError):
            self.fault(
                "not_a_number",
                "A level is a number on the target's scale, with a point for the decimals.",
                name,
                value,
            )
            return None
        hundredths = round(number * 100)
        # A float is never nearer to hundredths than its own spacing; what is off by more was written finer.
        if abs(hundredths / 100 - number) > 1e-12:
            self.fault("too_fine", "A level has at most two decimals.", name, value)
            return None
        return hundredths

    def _language(self, row: Mapping[str, Any]) -> str:
        text = self._text(row, "language").lower()
        if text and not _LANGUAGE.fullmatch(text):
            self.fault(
                "unknown_word", "A language is written as its code, such as en or es.", "language", text
            )
            return ""
        return text

    def _whole(self, row: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
        text = self._text(row, name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
            self.fault(
                "out_of_range",
                Sentence("A whole number from %(low)s to %(high)s.", low=low, high=high),
                name,
                text,
            )
            return default
        return int(text)

    def _flag(self, row: Mapping[str, Any], name: str) -> bool:
        text = self._text(row, name).lower()
        if text in ("", "false", "0", "no"):
            return False
        if text in ("true", "1", "yes"):
            return True
        self.fault("unknown_word", "true or false.", name, text)
        return False
