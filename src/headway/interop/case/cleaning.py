"""One object made fit for strict 1.1: what fits is kept, what does not is set aside or listed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from headway.interop.case import shape
from headway.interop.case.safety import Source
from headway.kit.refusals import Finding

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_EXTERNAL = re.compile(r"ext:[a-zA-Z0-9._-]+")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(slots=True)
class Reading:
    """What is learned while a file is read: faults that refuse it, and what was dropped or made, by name."""

    source: Source
    faults: list[Finding] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)

    def fault(self, code: str, message: str, column: str, value: object = None, identifier: str = "") -> None:
        line = self.source.line_of(identifier) if identifier and len(self.faults) < 100 else None
        shown = None if value is None else str(value)[:200]
        self.faults.append(Finding(code, message, self.source.file, line, column, shown))

    def clean(self, part: str, found: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return (members that fit 1.1, members kept aside); the rest is counted as dropped."""
        fits: dict[str, Any] = {}
        aside: dict[str, Any] = {}
        for name, value in found.items():
            kind = shape.FIELDS[part].get(name)
            if value is None:
                self.dropped[f"{part}.{name} (null)"] += 1
            elif name in shape.REPEATED:
                self.dropped[f"{part}.{name}"] += 1
            elif kind is None:
                aside[name] = value
            else:
                self._take(part, name, kind, value, fits, aside)
        return fits, aside

    def _take(
        self, part: str, name: str, kind: str, value: Any, fits: dict[str, Any], aside: dict[str, Any]
    ) -> None:
        made, note = _fit(kind, value)
        if made is None:
            aside[name] = value
            return
        if note:
            self.dropped[f"{part}.{name} ({note})"] += 1
        if made not in ([], {}):
            fits[name] = made


def _fit(kind: str, value: Any) -> tuple[Any, str]:
    """Return the value as the type asks for it, or None, with a note on what was changed."""
    if kind == shape.TEXT:
        return (value, "") if isinstance(value, str) else (None, "")
    if kind == shape.TEXTS:
        if isinstance(value, str):
            return [value], "one text made a list"
        return (
            (value, "") if isinstance(value, list) and all(isinstance(v, str) for v in value) else (None, "")
        )
    if kind == shape.UUID_:
        return (value.lower(), "") if is_uuid(value) else (None, "")
    if kind in (shape.LINK, shape.END):
        return _fit_link(value, kind == shape.LINK)
    if kind == shape.LINKS:
        fitted = [_fit_link(link, True)[0] for link in value] if isinstance(value, list) else [None]
        return (None, "") if None in fitted else (fitted, "")
    if kind == shape.DAY:
        return _fit_day(value)
    if kind == shape.INSTANT:
        return _fit_instant(value)
    return _fit_plain(kind, value)


def _fit_plain(kind: str, value: Any) -> tuple[Any, str]:
    if kind in (shape.WHOLE, shape.NUMBER):
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value.strip()):
            return int(value), "text made a number"
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 2**53:
            return None, ""
        if kind == shape.WHOLE and value != int(value):
            return None, ""
        return (int(value) if kind == shape.WHOLE else value), ""
    if kind == shape.OBJECT:
        return (value, "") if isinstance(value, dict) else (None, "")
    fits = isinstance(value, list) and all(isinstance(v, dict) for v in value)
    return (value, "") if fits else (None, "")


def _fit_link(value: Any, strict: bool) -> tuple[Any, str]:
    if not isinstance(value, dict):
        return None, ""
    allowed = ("title", "identifier", "uri") if strict else ("title", "identifier", "uri", "targetType")
    link = {name: value[name] for name in allowed if isinstance(value.get(name), str)}
    if not strict and "identifier" in link:
        link.setdefault("title", link["identifier"])
        link.setdefault("uri", "")
    if not {"title", "identifier", "uri"} <= link.keys() or (strict and not is_uuid(link["identifier"])):
        return None, ""
    if is_uuid(link["identifier"]):
        link["identifier"] = link["identifier"].lower()
    target_type = link.get("targetType")
    if target_type is not None and target_type != "CASE" and not _EXTERNAL.fullmatch(target_type):
        del link["targetType"]
    return link, "" if link.keys() == value.keys() else "link reshaped"


def _fit_day(value: Any) -> tuple[Any, str]:
    if not isinstance(value, str) or not _DAY.match(value):
        return None, ""
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return None, ""
    return value[:10], "" if len(value) == 10 else "time of day left out"


def _fit_instant(value: Any) -> tuple[Any, str]:
    if not isinstance(value, str):
        return None, ""
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None, ""
    if "T" in value and instant.tzinfo is not None:
        return value, ""
    text = instant.isoformat()
    return (text if instant.tzinfo else f"{text}+00:00"), "rewritten in UTC"


def is_uuid(value: Any) -> bool:
    """Whether a value is a UUID in its usual form of 36 characters."""
    return isinstance(value, str) and _UUID.fullmatch(value.lower()) is not None
