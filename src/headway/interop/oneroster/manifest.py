"""The manifest: the version of the standard, and which files tell everything, changes or nothing."""

from __future__ import annotations

from headway.interop.oneroster.archive import Source, chunks, measure
from headway.interop.oneroster.files import OTHER_FILES, VERSIONS, files
from headway.interop.oneroster.lines import Records
from headway.interop.oneroster.notes import Notes
from headway.interop.oneroster.staging import StagedFile
from headway.kit.refusals import Sentence
from headway.rosters.types import ABSENT, BULK, DELTA


def manifest(source: Source, staged: StagedFile, notes: Notes) -> dict[str, str] | None:
    """Set the version and return the mode of each file by its key, or None where the version is not read."""
    name = "manifest.csv"
    if name not in source.files:
        notes.fault(
            "manifest_missing",
            "There is no manifest.csv, which says the version and what each file is.",
            name,
        )
        return None
    if not measure(source, name, notes):
        return None
    said: dict[str, tuple[str, int]] = {}
    with source.files[name]() as stream:
        for line, record in Records(chunks(stream), name, notes):
            if len(record) != 2:
                notes.fault("wrong_width", "A line of the manifest has a property and a value.", name, line)
            elif record[0] in said:
                notes.fault("duplicate_property", "The property stands twice.", name, line, value=record[0])
            elif line > 1 or record[0].lower() != "propertyname":
                said[record[0].strip()] = (record[1].strip(), line)
    staged.version, line = said.get("oneroster.version", ("", 1))
    if staged.version not in VERSIONS:
        notes.fault(
            "wrong_version",
            "This product reads OneRoster 1.1 and 1.2.",
            name,
            line,
            "oneroster.version",
            staged.version,
        )
        return None
    if said.get("manifest.version", ("1.0", 0))[0] != "1.0":
        notes.warn(
            "manifest_version", "The manifest's own version is not 1.0.", name, said["manifest.version"][1]
        )
    return _modes(source, staged.version, said, notes)


def _modes(source: Source, version: str, said: dict[str, tuple[str, int]], notes: Notes) -> dict[str, str]:
    modes: dict[str, str] = {}
    for file in files(version):
        mode, line = said.get(f"file.{file.key}", (None, None))
        present = file.name.lower() in source.files
        if mode is not None and mode not in (BULK, DELTA, ABSENT):
            notes.fault(
                "unknown_value",
                "A file is bulk, delta or absent.",
                "manifest.csv",
                line,
                f"file.{file.key}",
                mode,
            )
        elif present and mode in (None, ABSENT):
            notes.fault(
                "manifest_lies",
                Sentence("%(name)s is here, but the manifest does not announce it.", name=file.name),
                "manifest.csv",
                line,
                f"file.{file.key}",
                mode,
            )
        elif not present and mode in (BULK, DELTA):
            notes.fault(
                "missing_file",
                Sentence("The manifest announces %(name)s, but it is not here.", name=file.name),
                "manifest.csv",
                line,
                f"file.{file.key}",
                mode,
            )
            mode = ABSENT
        modes[file.key] = mode if mode in (BULK, DELTA) else ABSENT
    known = {f"{file.key}.csv".lower() for file in files(version)} | {
        f"{key}.csv".lower() for key in OTHER_FILES
    }
    for name in sorted(source.files):
        if name not in known:
            notes.warn(
                "unknown_file", "This file is not part of OneRoster; it was not read.", source.said[name]
            )
    return modes
