"""The documented spreadsheet form of a continuum: CSV in and out (`docs/reference/framework.md` describes
it).

Needs no web framework and no database. Every fault of a sheet is named with file, line, column and value, all
at once.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from headway.frameworks.types import (
    ACADEMIC,
    CHILD_OF,
    EXACT_MATCH,
    KINDS,
    REPLACED_BY,
    FrameworkRecord,
    NodeRecord,
    Package,
    RelationRecord,
)
from headway.interop.case import shape
from headway.interop.case.cleaning import is_uuid
from headway.interop.case.sheet_cells import (
    COMES_FROM,
    DESCRIPTOR,
    FIRST,
    LAST,
    NEEDED,
    PLAIN,
    Faults,
    Row,
    unshield,
)
from headway.interop.case.sheet_out import write_spreadsheet
from headway.kit.refusals import Finding, Refusal, Sentence

__all__ = ["read_spreadsheet", "write_spreadsheet"]

LARGEST = 16 * 1024 * 1024


def read_spreadsheet(source: str | Path | bytes, *, file: str | None = None) -> Package:
    """Return the package that a sheet holds. Raises `Refusal("bad_sheet")` with a finding per fault."""
    text, name = _open(source, file)
    sheet = _Sheet(Faults(name))
    for row in _rows(text, sheet.faults):
        sheet.take(row)
    package = sheet.package()
    if sheet.faults.found:
        count = len(sheet.faults.found)
        raise Refusal(
            "bad_sheet",
            Sentence.counted(
                count,
                "The sheet has %(n)s fault; nothing was taken in.",
                "The sheet has %(n)s faults; nothing was taken in.",
            ),
            sheet.faults.found,
        )
    return package


def _open(source: str | Path | bytes, file: str | None) -> tuple[str, str | None]:
    if isinstance(source, bytes):
        body, name = source, file
    else:
        path = Path(source)
        name = file or path.name
        try:
            body = path.read_bytes() if path.stat().st_size <= LARGEST else b" " * (LARGEST + 1)
        except OSError as error:
            raise _refusal(
                "no_file", Sentence("The file cannot be read: %(error)s.", error=error.strerror), name
            ) from error
    if len(body) > LARGEST:
        raise _refusal("too_large", Sentence("A sheet has at most %(most)s MB.", most=LARGEST // 2**20), name)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal(
            "not_text",
            "The file is not UTF-8 text; save it as CSV UTF-8.",
            name,
            body.count(b"\n", 0, error.start) + 1,
        ) from error
    if "\0" in text:
        raise _refusal(
            "not_text", "The file holds a NUL character.", name, text.count("\n", 0, text.index("\0")) + 1
        )
    return text, name


def _rows(text: str, faults: Faults) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if not _check_header(header, faults):
            return
        line = reader.line_num
        for cells in reader:
            start, line = line + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                faults.add(
                    "wrong_width",
                    f"This row has {len(cells)} cells and the header {len(header)}.",
                    start,
                    "row",
                    cells[0],
                )
                continue
            yield Row(start, {name: unshield(cell) for name, cell in zip(header, cells, strict=True)}, faults)
    except csv.Error as error:
        faults.add("not_csv", f"This is not CSV: {error}.", reader.line_num, "row")


def _check_header(header: list[str], faults: Faults) -> bool:
    before = len(faults.found)
    for name, count in Counter(header).items():
        if name not in (*FIRST, *LAST) and not DESCRIPTOR.fullmatch(name):
            faults.add("unknown_column", "The form has no column of this name.", 1, name, name)
        elif count > 1:
            faults.add("duplicate_column", "This column is given twice.", 1, name, name)
    for name in NEEDED:
        if name not in header:
            faults.add("missing_column", f"The column {name} is needed.", 1, name)
    return len(faults.found) == before


@dataclass(slots=True)
class _Sheet:
    """A sheet while it is read."""

    faults: Faults
    head: Row | None = None
    levels: list[dict[str, object]] = field(default_factory=list)
    expected: dict[str, int] = field(default_factory=dict)
    grade_names: dict[str, dict[str, str]] = field(default_factory=dict)
    items: list[tuple[Row, NodeRecord]] = field(default_factory=list)
    made: set[UUID] = field(default_factory=set)

    def take(self, row: Row) -> None:
        """Read one row."""
        kind = row.word("row")
        if self.head is None and kind != "framework":
            if not self.faults.found:
                row.fault("no_framework", "The first row is the framework's.", "row")
            self.head = row
        if kind == "framework":
            self._framework(row)
        elif kind == "level":
            self._level(row)
        elif kind == "grade":
            self._grade(row)
        elif kind:
            self._item(row, kind.removeprefix(PLAIN))
        else:
            row.fault(
                "no_row_kind",
                "Say what the row is: framework, level, grade, area, competency, target …",
                "row",
            )

    def package(self) -> Package:
        """Return what was read; only of use where no fault was found."""
        if self.head is None:
            self.faults.add("empty_sheet", "The sheet has no rows.", 1, "row")
        if self.faults.found or self.head is None:
            return Package(FrameworkRecord(uuid=UUID(int=0), title=""))
        framework = FrameworkRecord(
            uuid=self._framework_uuid(),
            title=self.head.word("name"),
            title_es=self.head.text("name_es"),
            kind=self.head.word("kind") or ACADEMIC,
            description=self.head.text("statement"),
            graduation_level=self.head.whole("level"),
            expected_levels=self.expected,
            levels=tuple(self.levels),
            extra={"ours": {"grade_names": self.grade_names}} if self.grade_names else {},
        )
        return Package(
            framework=framework,
            nodes=tuple(node for _, node in self.items),
            relations=tuple(self._relations(framework)),
            made=frozenset(self.made),
            source="spreadsheet",
            file=self.faults.file,
        ).settled()

    def _framework(self, row: Row) -> None:
        if self.head is not None:
            row.fault("second_framework", "A sheet holds one framework.", "row")
            return
        self.head = row
        if not row.word("name"):
            row.fault("no_title", "The framework's name is its title and its key.", "name")
        if row.word("kind") not in ("", *KINDS):
            row.fault("unknown_kind", "A continuum is academic or lifelong.", "kind")
        if row.word("identifier") and not is_uuid(row.word("identifier")):
            row.fault("identifier_not_uuid", "An identifier is a UUID, or empty.", "identifier")
        row.whole("level")

    def _framework_uuid(self) -> UUID:
        assert self.head is not None
        given = self.head.word("identifier")
        uuid = UUID(given) if given else shape.framework_identifier(self.head.word("name"))
        if not given:
            self.made.add(uuid)
        return uuid

    def _level(self, row: Row) -> None:
        number = row.whole("code")
        if number is None or any(level["level"] == number for level in self.levels):
            row.fault("bad_level", "A level row has its number, once, in the column code.", "code")
            return
        level: dict[str, object] = {
            "level": number,
            "name": row.text("name"),
            "statement": row.text("statement"),
        }
        self.levels.append({**level, **({"name_es": row.text("name_es")} if row.text("name_es") else {})})

    def _grade(self, row: Row) -> None:
        code, level = row.word("code"), row.whole("level")
        if not code or code in self.expected or level is None:
            row.fault(
                "bad_grade",
                "A grade row has a grade such as KG or 01, once, and the level expected of it.",
                "code",
            )
            return
        self.expected[code] = level
        names = {name: row.text(name) for name in ("name", "name_es") if row.text(name)}
        if names:
            self.grade_names[code] = names

    def _item(self, row: Row, kind: str) -> None:
        given, code = row.word("identifier"), row.word("code")
        if given and not is_uuid(given):
            row.fault("identifier_not_uuid", "An identifier is a UUID, or empty.", "identifier")
            return
        if not given and not code:
            row.fault("no_code", "An item has a code or an identifier.", "code")
            return
        title = self.head.word("name") if self.head else ""
        uuid = UUID(given) if given else shape.item_identifier(title, code)
        if not given:
            self.made.add(uuid)
        starts, ends = row.day("starts"), row.day("ends")
        if starts and ends and ends < starts:
            row.fault("ends_before_start", "The item ends before it starts.", "ends")
        level = row.whole("level")
        if level is not None and self.levels and all(known["level"] != level for known in self.levels):
            row.fault("unknown_level", "The framework has no such level.", "level")
        if not row.word("name") and not row.word("statement"):
            row.fault("no_text", "An item has a name or a statement.", "name")
        self.items.append(
            (
                row,
                NodeRecord(
                    uuid=uuid,
                    code=code,
                    kind=kind,
                    level=level,
                    depth=row.whole("depth", 1, 4),
                    starts_on=starts,
                    ends_on=ends,
                    descriptors=row.descriptors(),
                    requirement=row.requirement(),
                    **{
                        name: row.text(name)
                        for name in ("name", "name_es", "statement", "family", "family_es", "evidence")
                    },
                ),
            )
        )

    def _relations(self, framework: FrameworkRecord) -> Iterator[RelationRecord]:
        known = self._known()
        siblings: Counter[str] = Counter()
        seen: set[UUID] = set()
        for row, node in self.items:
            own = str(node.uuid)
            ends = [(CHILD_OF, own, end) for end in self._ends(row, "parents", known, framework)]
            ends = ends or [(CHILD_OF, own, str(framework.uuid))]
            for column, kind in COMES_FROM.items():
                ends += [(kind, end, own) for end in self._ends(row, column, known, framework)]
            for column, kind in (("alignments", EXACT_MATCH), ("replaced_by", REPLACED_BY)):
                ends += [(kind, own, end) for end in self._ends(row, column, known, framework)]
            for kind, origin, target in ends:
                uuid = shape.association_identifier(framework.uuid, kind, origin, target)
                if uuid in seen:
                    continue
                seen.add(uuid)
                if kind == CHILD_OF:
                    siblings[target] += 1
                yield RelationRecord(
                    uuid=uuid,
                    kind=kind,
                    origin=origin,
                    target=target,
                    sequence=siblings[target] if kind == CHILD_OF else None,
                )

    def _known(self) -> dict[str, list[str]]:
        known: dict[str, list[str]] = {}
        for row, node in self.items:
            name = str(node.uuid)
            if name in known:
                what = "identifier" if row.word("identifier") else "code"
                row.fault("duplicate_identifier", Sentence("Another row has this %(what)s.", what=what), what)
                continue
            known[name] = [name]
            if node.code and node.code != name:
                known.setdefault(node.code, []).append(name)
        return known

    def _ends(
        self, row: Row, column: str, known: dict[str, list[str]], framework: FrameworkRecord
    ) -> Iterator[str]:
        for name in row.names(column):
            found = known.get(name, [])
            if len(found) == 1:
                yield found[0]
            elif found:
                row.fault(
                    "ambiguous_code",
                    Sentence(
                        "%(name)s stands for %(n)s rows; write the identifier.", name=name, n=len(found)
                    ),
                    column,
                )
            elif is_uuid(name) or column == "alignments":
                yield name
            else:
                row.fault("unknown_code", Sentence("No row has the code %(name)s.", name=name), column)


def _refusal(code: str, message: str, name: str | None, line: int | None = None) -> Refusal:
    return Refusal(code, message, [Finding(code, message, name, line)])
