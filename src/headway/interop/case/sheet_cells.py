"""Cells of the spreadsheet form: columns, what a cell may hold, and how formulas stay text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from headway.frameworks.types import CHILD_OF, EXACT_MATCH, HELPS, PRECEDES, REPLACED_BY
from headway.interop.case.cleaning import is_uuid
from headway.kit.refusals import Finding, Sentence

FIRST = (
    "row",
    "identifier",
    "code",
    "parents",
    "name",
    "name_es",
    "statement",
    "family",
    "family_es",
    "kind",
    "level",
    "depth",
)
LAST = ("after", "helped_by", "alignments", "replaced_by", "starts", "ends", "requirement", "evidence")
NEEDED = ("row", "code", "name")
HEADS = ("framework", "level", "grade")
# An item whose own kind is one of these words carries this before it.
PLAIN = "item:"
COMES_FROM = {"after": PRECEDES, "helped_by": HELPS}
GOES_TO = {"parents": CHILD_OF, "alignments": EXACT_MATCH, "replaced_by": REPLACED_BY}
REQUIREMENTS = (
    "pieces", "depth", "at_depth", "days_apart", "raters", "tasks", "settings", "observer_types", "certifying_pieces",
)  # fmt: skip
DESCRIPTOR = re.compile(r"descriptor_([1-9]\d?)")
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_MARKED = re.compile(r"'+[=+\-@\t\r]")


def columns(descriptors: int) -> list[str]:
    """Return the header for continuums with so many descriptors."""
    return [*FIRST, *(f"descriptor_{rank}" for rank in range(1, descriptors + 1)), *LAST]


def shield(text: str) -> str:
    """Return a cell that no program takes for a formula: an apostrophe goes before = + - @ and tab."""
    return f"'{text}" if _RISKY.match(text) else text


def unshield(text: str) -> str:
    """Return the text of a shielded cell; the two undo each other exactly."""
    return text[1:] if _MARKED.match(text) else text


@dataclass(slots=True)
class Faults:
    """Faults of a sheet with their places."""

    file: str | None
    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, message: str, line: int, column: str, value: str | None = None) -> None:
        self.found.append(Finding(code, message, self.file, line, column, value))


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file (from 1, the header included) and its cells by column."""

    line: int
    cells: dict[str, str]
    faults: Faults

    def text(self, column: str) -> str:
        """Return the cell as it stands, "" where the sheet has no such column."""
        return self.cells.get(column, "")

    def word(self, column: str) -> str:
        """Return the cell without the blanks around it."""
        return self.text(column).strip()

    def fault(self, code: str, message: str, column: str) -> None:
        self.faults.add(code, message, self.line, column, self.text(column))

    def whole(self, column: str, low: int = 0, high: int = 99) -> int | None:
        """Return the cell as a whole number, None where it is empty."""
        text = self.word(column)
        if not text:
            return None
        if not re.fullmatch(r"\d{1,4}", text) or not low <= int(text) <= high:
            self.fault(
                "not_a_number",
                Sentence("Write a whole number from %(low)s to %(high)s.", low=low, high=high),
                column,
            )
            return None
        return int(text)

    def day(self, column: str) -> date | None:
        """Return the cell as a day, None where it is empty."""
        text = self.word(column)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self.fault("not_a_day", "Write a day such as 2026-08-15.", column)
            return None

    def names(self, column: str) -> list[str]:
        """Return the codes or identifiers of a cell, which are separated by semicolons."""
        found = [part.strip() for part in self.text(column).split(";")]
        return [part.lower() if is_uuid(part) else part for part in dict.fromkeys(found) if part]

    def requirement(self) -> dict[str, int]:
        """Return the target's own requirement: `pieces=3;days_apart=14`."""
        found: dict[str, int] = {}
        for part in self.names("requirement"):
            key, given, value = part.partition("=")
            key, value = key.strip(), value.strip()
            if not given or key not in REQUIREMENTS or not re.fullmatch(r"\d{1,4}", value):
                self.fault(
                    "bad_requirement",
                    Sentence("Write key=number; keys are %(known)s.", known=", ".join(REQUIREMENTS)),
                    "requirement",
                )
            elif key in found:
                self.fault("bad_requirement", Sentence("%(key)s is required twice.", key=key), "requirement")
            else:
                found[key] = int(value)
        return found

    def descriptors(self) -> tuple[str, ...]:
        """Return the descriptors in order of rank; none may be left out between two."""
        named = {
            int(m[1]): text
            for name, text in self.cells.items()
            if (m := DESCRIPTOR.fullmatch(name)) and text.strip()
        }
        highest = max(named, default=0)
        for rank in range(1, highest):
            if rank not in named:
                self.fault(
                    "missing_descriptor",
                    Sentence(
                        "Descriptor %(highest)s is given and descriptor %(rank)s is not.",
                        highest=highest,
                        rank=rank,
                    ),
                    f"descriptor_{rank}",
                )
        return tuple(named.get(rank, "") for rank in range(1, highest + 1))
