"""JSON from strangers: size, encoding, doubled keys, no-numbers, depth, letters no table holds."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headway.kit.refusals import Finding, Refusal, Sentence

LARGEST = 128 * 1024 * 1024
DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it came: its name for messages, and its text, to find the line of a fault."""

    file: str | None
    text: str

    def line_of(self, identifier: str) -> int | None:
        """Return the line where an object with this identifier was last given, or None."""
        found = [m.start() for m in re.finditer(rf'"identifier"\s*:\s*"{re.escape(identifier)}"', self.text)]
        return self.text.count("\n", 0, found[-1]) + 1 if found else None


def load(source: str | Path | bytes, *, file: str | None = None) -> tuple[Any, Source]:
    """Return the JSON value of a file or of bytes, with its source.

    Raises `Refusal`: `too_large`, `not_text`, `not_json`, `duplicate_key`, `not_a_number`, `too_deep`,
    `bad_character`.
    """
    body, name = _read(source, file)
    text = _decode(body, name)
    try:
        value = json.loads(
            text,
            object_pairs_hook=lambda pairs: _object(pairs, name, text),
            parse_constant=lambda word: _refuse_number(word, name, text),
            parse_float=lambda word: _float(word, name, text),
            parse_int=lambda word: _int(word, name, text),
        )
    except json.JSONDecodeError as error:
        raise _refusal(
            "not_json", Sentence("This is not JSON: %(error)s.", error=error.msg), name, error.lineno
        ) from error
    except RecursionError as error:
        raise _refusal("too_deep", "Values are nested too deeply.", name) from error
    _walk(value, name)
    return value, Source(name, text)


def _read(source: str | Path | bytes, file: str | None) -> tuple[bytes, str | None]:
    if isinstance(source, bytes):
        body, name = source, file
    else:
        path = Path(source)
        name = file or path.name
        try:
            if path.stat().st_size > LARGEST:
                raise _refusal(
                    "too_large",
                    Sentence("A package has at most %(most)s MB.", most=LARGEST // 2**20),
                    name,
                )
            body = path.read_bytes()
        except OSError as error:
            raise _refusal(
                "no_file", Sentence("The file cannot be read: %(error)s.", error=error.strerror), name
            ) from error
    if len(body) > LARGEST:
        raise _refusal(
            "too_large", Sentence("A package has at most %(most)s MB.", most=LARGEST // 2**20), name
        )
    return body, name


def _decode(body: bytes, name: str | None) -> str:
    try:
        return body.decode("utf-8-sig" if body.startswith(b"\xef\xbb\xbf") else json.detect_encoding(body))
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise _refusal("not_text", "The file is not UTF-8 text.", name, line) from error


def _object(pairs: list[tuple[str, Any]], name: str | None, text: str) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        double = next(key for key in keys if keys.count(key) > 1)
        raise _refusal(
            "duplicate_key",
            "An object says the same name twice.",
            name,
            _first_line(text, f'"{double}"'),
            double,
        )
    return found


def _refuse_number(word: str, name: str | None, text: str) -> Any:
    raise _refusal("not_a_number", "JSON has no such number.", name, _first_line(text, word), word)


def _float(word: str, name: str | None, text: str) -> float:
    value = float(word)
    return value if abs(value) < 1e300 else _refuse_number(word, name, text)


def _int(word: str, name: str | None, text: str) -> int:
    return int(word) if len(word) <= 19 else _refuse_number(word, name, text)


def _walk(value: Any, name: str | None) -> None:
    stack = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        if depth > DEEPEST:
            raise _refusal(
                "too_deep", Sentence("Values are nested deeper than %(most)s.", most=DEEPEST), name
            )
        if isinstance(item, dict):
            for key in item:
                _check_letters(key, name)
            stack.extend((member, depth + 1) for member in item.values())
        elif isinstance(item, list):
            stack.extend((member, depth + 1) for member in item)
        elif isinstance(item, str):
            _check_letters(item, name)


def _check_letters(text: str, name: str | None) -> None:
    # No table holds a NUL, and half a surrogate pair is no letter.
    if "\0" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)):
        raise _refusal(
            "bad_character", "A text holds a character that cannot be kept.", name, value=text[:80]
        )


def _first_line(text: str, part: str) -> int | None:
    at = text.find(part)
    return None if at < 0 else text.count("\n", 0, at) + 1


def _refusal(
    code: str, message: str, name: str | None, line: int | None = None, value: str | None = None
) -> Refusal:
    return Refusal(code, message, [Finding(code, message, name, line, None, value)])
