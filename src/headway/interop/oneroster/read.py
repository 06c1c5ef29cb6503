"""Reads OneRoster CSV 1.1 and 1.2, zip or folder, without a web framework.

Everything is checked before anything is handed on: encoding, quoting, headers, each cell, and what the
files say of each other. Either the whole roster is sound and comes back staged, or
`Refusal("roster_invalid")` lists the faults by file, line, column and value. Nothing is put right in
silence: `Staged.repairs` lists every value not taken exactly as it stood.
"""

from __future__ import annotations

from pathlib import Path

from headway.interop.oneroster import between
from headway.interop.oneroster.archive import Source, chunks, measure, opened
from headway.interop.oneroster.files import File, files
from headway.interop.oneroster.lines import Records
from headway.interop.oneroster.manifest import manifest
from headway.interop.oneroster.notes import Enough, Notes
from headway.interop.oneroster.rows import Row, header
from headway.interop.oneroster.stages import STAGE
from headway.interop.oneroster.staging import StagedFile
from headway.kit.refusals import Refusal, Sentence
from headway.rosters.types import ABSENT, Staged


def read(path: str | Path) -> Staged:
    """Read and check a roster; the caller closes what it gets.

    Raises `Refusal`: `roster_invalid` with findings, `no_such_file`.
    """
    notes = Notes()
    staged: StagedFile | None = None
    try:
        with opened(Path(path), notes) as source:
            if source is not None:
                staged = StagedFile(source.name, source.digest)
                _read_all(source, staged, notes)
    except Enough:
        pass
    except BaseException:
        if staged is not None:
            staged.close()
        raise
    if notes.findings or staged is None:
        if staged is not None:
            staged.close()
        n = len(notes.findings)
        raise Refusal(
            "roster_invalid",
            Sentence.counted(
                n,
                "The roster has %(n)s fault; nothing was written.",
                "The roster has %(n)s faults; nothing was written.",
                n=f"{n:,}",
            ),
            notes.findings,
        )
    notes.finish()
    staged.repairs, staged.warnings = notes.repairs, notes.warnings
    return staged


def _read_all(source: Source, staged: StagedFile, notes: Notes) -> None:
    modes = manifest(source, staged, notes)
    if modes is None:
        return
    wanted = files(staged.version)
    for file in wanted:
        staged.modes[file.kind], staged.files[file.kind] = modes[file.key], file.name
    staged.modes["links"], staged.files["links"] = staged.modes["persons"], "users.csv"
    staged.grants_by_person = staged.version == "1.1"
    if staged.grants_by_person:
        staged.modes["grants"], staged.files["grants"] = staged.modes["persons"], "users.csv"
    for file in wanted:
        if staged.modes[file.kind] != ABSENT and measure(source, file.name.lower(), notes):
            _read_file(source, file, staged, notes)
    staged.seal()
    # Between files that were not understood, every reference would dangle.
    if not any(finding.code in _UNREADABLE for finding in notes.findings):
        between.check(staged, notes)


_UNREADABLE = frozenset(
    {
        "utf16",
        "broken_quotes",
        "line_too_long",
        "wrong_delimiter",
        "missing_column",
        "too_many_rows",
        "too_large",
        "damaged_entry",
        "empty_file",
        "duplicate_column",
        "missing_file",
    }
)


def _read_file(source: Source, file: File, staged: StagedFile, notes: Notes) -> None:
    stage = STAGE[file.kind]
    with source.files[file.name.lower()]() as stream:
        records = iter(Records(chunks(stream), file.name, notes))
        first = next(records, None)
        if first is None:
            return
        columns = header(first[1], file, notes)
        if columns is None:
            return
        row_reader = Row(file, columns, len(first[1]), staged.modes[file.kind], notes)
        n = 0
        for line, record in records:
            n += 1
            cells = row_reader.cells(line, record)
            if cells is None:
                staged.faulty.append((file.kind, row_reader.sourced_id(record)))
            else:
                if (changed := cells["dateLastModified"]) and changed > staged.newest:
                    staged.newest = changed
                stage(staged, cells, line, notes)
        if n == 0:
            notes.warn("no_rows", "The file has a header and no rows.", file.name)
