"""From bytes to records: encoding, line ends, quotes and the number of values, each fault named by line.

Text is UTF-8, with or without a byte order mark; fields follow RFC 4180 and never contain a line break.
Everything else is reported, and reading goes on as far as that makes sense, so that one run names all
faults.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator

from headway.interop.oneroster.notes import Notes
from headway.kit.refusals import Sentence

MAX_LINE = 1 << 20
_FIELD = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
_WELL_QUOTED = re.compile(rf"{_FIELD}(?:,{_FIELD})*\r?\n?")


class _Stop(Exception):
    """The rest of the file cannot be understood."""


class Records:
    """The records of one file with the number of the line where each begins; the first is the header."""

    def __init__(self, parts: Iterable[bytes], file: str, notes: Notes) -> None:
        self.file = file
        self.notes = notes
        self._parts = parts
        self._recent: list[str] = []
        self._at = 0  # lines handed to the reader

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(self._lines(), strict=True)
        line = 1
        try:
            for record in reader:
                if record and '"' in "".join(record) and not _WELL_QUOTED.fullmatch("".join(self._recent)):
                    self.notes.fault(
                        "stray_quote", "A quote stands inside a value that is not quoted.", self.file, line
                    )
                if record:
                    yield line, record
                line = reader.line_num + 1
                self._recent.clear()
        except csv.Error:
            raw = "".join(self._recent)
            self.notes.fault(
                "broken_quotes",
                "A quoted value that begins here does not end properly; the rest of the file was not read.",
                self.file,
                line,
                value=raw[:200],
            )
        except _Stop:
            return

    def _lines(self) -> Iterator[str]:
        rest = b""
        first = True
        for part in self._parts:
            part = rest + part
            if first:
                part, first = self._head(part), False
            end = part.rfind(b"\n") + 1
            part, rest = part[:end], part[end:]
            if len(rest) > MAX_LINE:
                self._too_long()
            yield from self._decoded(part)
        if rest:
            yield from self._decoded(rest)

    def _head(self, part: bytes) -> bytes:
        if part.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or part[:4].count(0) >= 2:
            self.notes.fault("utf16", "The file is written in UTF-16; write it as UTF-8.", self.file, 1)
            raise _Stop
        if part.startswith(codecs.BOM_UTF8):
            self.notes.repair("byte_order_mark", "The byte order mark was skipped.", self.file, 1)
            return part[len(codecs.BOM_UTF8) :]
        return part

    def _too_long(self) -> None:
        self.notes.fault(
            "line_too_long",
            Sentence("A line is longer than %(most)s bytes.", most=f"{MAX_LINE:,}"),
            self.file,
            self._at + 1,
        )
        raise _Stop

    def _decoded(self, part: bytes) -> Iterator[str]:
        sound = b"\0" not in part and part.count(b"\r") == part.count(b"\r\n")
        try:
            text = part.decode() if sound else None
        except UnicodeDecodeError:
            text = None
        if text is None:
            for line in _split(part):
                yield self._hand_on(self._mended(line))
            return
        pieces = text.split("\n")
        last = pieces.pop()
        for piece in pieces:
            yield self._hand_on(piece + "\n")
        if last:
            yield self._hand_on(last)

    def _hand_on(self, line: str) -> str:
        self._at += 1
        self._recent.append(line)
        return line

    def _mended(self, line: bytes) -> str:
        number = self._at + 1
        if b"\0" in line:
            self.notes.fault("nul", "The line contains a NUL character.", self.file, number)
            line = line.replace(b"\0", b"")
        body = line[:-2] if line.endswith(b"\r\n") else line.removesuffix(b"\n")
        if b"\r" in body:
            self.notes.fault(
                "lone_carriage_return",
                "The line contains a carriage return without a line feed.",
                self.file,
                number,
            )
            line = line[: len(body)].replace(b"\r", b" ") + line[len(body) :]
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            around = line[max(0, error.start - 20) : error.end + 20].decode("cp1252", "replace").strip()
            self.notes.fault(
                "not_utf8",
                "The line is not UTF-8, probably Windows-1252; write the file as UTF-8.",
                self.file,
                number,
                value=around,
            )
            return line.decode("cp1252", "replace")


def _split(part: bytes) -> list[bytes]:
    # bytes.splitlines would also split at a lone carriage return.
    pieces = part.split(b"\n")
    last = pieces.pop()
    return [piece + b"\n" for piece in pieces] + ([last] if last else [])
