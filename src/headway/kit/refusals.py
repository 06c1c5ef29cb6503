"""How the product says no: one exception with a code, a sentence, and where the fault lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self


class Sentence(str):
    """An English sentence with names and numbers put in, which still knows itself without them.

    It is the text that commands, logs and the interface write. `text` and `values` are what a page says it again from,
    in the language of its reader. A sentence without anything to put in is a plain string and needs none of this.
    """

    __slots__ = ("text", "values")
    text: str
    values: dict[str, Any]

    def __new__(cls, text: str, /, **values: Any) -> Self:
        made = super().__new__(cls, filled(text, values))
        made.text, made.values = text, values
        return made

    @classmethod
    def counted(cls, n: int, one: str, many: str, /, **values: Any) -> Self:
        """Return one of two sentences by a number, which both may show."""
        return cls(one if n == 1 else many, **{"n": n, **values})


def filled(text: str, values: Mapping[str, Any]) -> str:
    """Return a sentence with its values put in; the parts of a list stand between semicolons."""
    shown = {name: "; ".join(one) if isinstance(one, list) else one for name, one in values.items()}
    return text % shown if shown else text


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault in an input: what, where, and the value that caused it.

    `line` counts from 1 and includes the header line; `column` is the column's name; `value` is the text as it stood.
    """

    code: str
    message: str
    file: str | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return self.placed(self.message)

    def placed(self, message: str) -> str:
        """Return the fault in one line: its place, the message in some language, the value."""
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        shown = "" if self.value is None else f" ({_quoted(self.value)})"
        return f"{where + ': ' if where else ''}{message}{shown}"


class Refusal(Exception):
    """The act was not done, nothing was written, and this says why.

    `code` is stable and machine-readable; `message` is one English sentence that says what to do, a `Sentence` where
    something is put into it; `findings` lists the faults. Pages show what `pages.parts.refused.said` makes of it.
    """

    def __init__(self, code: str, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.findings = tuple(findings)

    def at(self, findings: Sequence[Finding]) -> Refusal:
        """Return the same refusal with its faults in other places, such as the file as its owner called it."""
        return Refusal(self.code, self.message, findings)

    def errors(self) -> list[dict[str, Any]]:
        """Return the faults in the form that `--json` prints."""
        if self.findings:
            return [finding.as_dict() for finding in self.findings]
        return [Finding(self.code, self.message).as_dict()]


def _quoted(value: str, limit: int = 80) -> str:
    # Control and direction-changing characters are shown as escapes, so that a hostile cell cannot repaint a terminal.
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value[:limit])
    return f"“{shown}{'…' if len(value) > limit else ''}”"
