"""What reading found: faults that refuse the roster, warnings to read, and every repair that was made."""

from __future__ import annotations

from dataclasses import dataclass, field

from headway.kit.refusals import Finding, Sentence

LIMIT = 1_000
SHOWN = 200


class Enough(Exception):
    """So many faults were found that reading on would help nobody."""


class Fault(Exception):
    """A cell's value cannot be used; says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class Notes:
    """Collects findings up to a limit; repairs and warnings beyond the limit are counted, not kept."""

    findings: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    repairs: list[Finding] = field(default_factory=list)
    _uncounted: dict[str, int] = field(default_factory=dict)

    def fault(
        self,
        code: str,
        message: str,
        file: str | None = None,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        """Note a fault. Raises `Enough` at the limit."""
        self.findings.append(_finding(code, message, file, line, column, value))
        if len(self.findings) >= LIMIT:
            self.findings.append(
                Finding(
                    "too_many_findings",
                    Sentence("More than %(most)s faults; the rest was not read.", most=f"{LIMIT:,}"),
                )
            )
            raise Enough

    def warn(
        self,
        code: str,
        message: str,
        file: str | None = None,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        """Note something that a person should read before applying."""
        self._keep(self.warnings, "warnings", _finding(code, message, file, line, column, value))

    def repair(
        self,
        code: str,
        message: str,
        file: str | None = None,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        """Note that a value is not taken exactly as it stood."""
        self._keep(self.repairs, "repairs", _finding(code, message, file, line, column, value))

    def finish(self) -> None:
        """Say how many warnings and repairs were counted beyond the limit."""
        for name, n in self._uncounted.items():
            getattr(self, name).append(
                Finding("more", Sentence("… and %(n)s more %(name)s.", n=f"{n:,}", name=name))
            )
        self._uncounted.clear()

    def _keep(self, kept: list[Finding], name: str, finding: Finding) -> None:
        if len(kept) < LIMIT:
            kept.append(finding)
        else:
            self._uncounted[name] = self._uncounted.get(name, 0) + 1


def _finding(
    code: str, message: str, file: str | None, line: int | None, column: str | None, value: str | None
) -> Finding:
    shown = value if value is None or len(value) <= SHOWN else value[:SHOWN] + "…"
    return Finding(code, message, file=file, line=line, column=column, value=shown)
