"""Opens a zip or a folder of a stranger: names, sizes and kinds are checked before anything is unpacked."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from headway.interop.oneroster.notes import Notes
from headway.kit.refusals import Refusal, Sentence

MAX_ENTRIES = 1_000
MAX_FILE = 1 << 30
MAX_TOTAL = 2 << 30
MAX_RATIO = 200
RATIO_FROM = 5 << 20  # a small file may shrink as it likes
MAX_LINES = 3_000_000
CHUNK = 1 << 20

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    struct.error,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Source:
    """The files of a roster by name in lower case; each is opened when it is read."""

    name: str
    digest: str
    files: dict[str, Callable[[], BinaryIO]]
    said: dict[str, str]


@contextmanager
def opened(path: Path, notes: Notes) -> Iterator[Source | None]:
    """Open a zip or a folder; yields None where it is not safe to read, with the reasons in `notes`.

    Raises `Refusal("no_such_file")`.
    """
    if path.is_dir():
        yield _folder(path, notes)
        return
    if not path.is_file():
        raise Refusal("no_such_file", Sentence("There is no file or folder %(name)s.", name=path.name))
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED:
        notes.fault("not_a_zip", "This is neither a folder nor a sound zip archive.", file=path.name)
        yield None
        return
    with archive:
        yield _zip(path, archive, notes)


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Return the stream's bytes in parts of about a megabyte."""
    while part := stream.read(CHUNK):
        yield part


def measure(source: Source, name: str, notes: Notes) -> bool:
    """Read a file once, keeping nothing: whether it is undamaged and within the limits."""
    size = lines = 0
    try:
        with source.files[name]() as stream:
            for part in chunks(stream):
                size += len(part)
                lines += part.count(b"\n")
                if size > MAX_FILE or lines > MAX_LINES:
                    break
    except DAMAGED:
        notes.fault(
            "damaged_entry",
            "The file cannot be unpacked: damaged, or its stated size is untrue.",
            file=source.said[name],
        )
        return False
    if lines > MAX_LINES:
        notes.fault(
            "too_many_rows",
            Sentence("More than %(most)s rows; split the roster by school.", most=f"{MAX_LINES:,}"),
            file=source.said[name],
        )
    elif size > MAX_FILE:
        notes.fault(
            "too_large",
            Sentence("Larger than %(most)s MB.", most=f"{MAX_FILE >> 20:,}"),
            file=source.said[name],
        )
    elif size == 0:
        notes.fault("empty_file", "The file is empty: it needs at least its header.", file=source.said[name])
    return lines <= MAX_LINES and 0 < size <= MAX_FILE


def _folder(path: Path, notes: Notes) -> Source | None:
    entries = sorted(path.iterdir())
    if not any(entry.suffix.lower() == ".csv" for entry in entries):
        inner = [
            entry
            for entry in entries
            if entry.is_dir() and not entry.is_symlink() and entry.name[0] not in "._"
        ]
        if len(inner) == 1:
            entries = sorted(inner[0].iterdir())
    digest = hashlib.sha256()
    files: dict[str, Callable[[], BinaryIO]] = {}
    said: dict[str, str] = {}
    for entry in entries:
        if entry.suffix.lower() != ".csv":
            continue
        if entry.is_symlink() or not entry.is_file():
            notes.fault("not_a_file", "Only plain files are read from a folder.", file=entry.name)
            continue
        if not _add(entry.name, lambda entry=entry: entry.open("rb"), files, said, notes):  # type: ignore[misc]
            continue
        digest.update(entry.name.encode() + b"\0")
        with entry.open("rb") as stream:
            for part in chunks(stream):
                digest.update(part)
    return None if notes.findings else Source(path.name, digest.hexdigest(), files, said)


def _add(
    name: str,
    opener: Callable[[], BinaryIO],
    files: dict[str, Callable[[], BinaryIO]],
    said: dict[str, str],
    notes: Notes,
) -> bool:
    if name.lower() in files:
        notes.fault("duplicate_entry", "Two files have the same name.", file=name)
        return False
    files[name.lower()] = opener
    said[name.lower()] = name
    return True


def _zip(path: Path, archive: zipfile.ZipFile, notes: Notes) -> Source | None:
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        notes.fault(
            "too_many_entries",
            Sentence("The archive has %(n)s entries; a roster has a few dozen.", n=f"{len(infos):,}"),
            file=path.name,
        )
        return None
    for info in infos:
        _check_entry(info, notes)
    _check_sizes(path, infos, notes)
    if notes.findings:
        return None
    wanted = [info for info in infos if _is_data(info, notes)]
    folders = {PurePosixPath(info.filename).parent.as_posix() for info in wanted}
    if len(folders) > 1 or any(folder.count("/") for folder in folders):
        notes.fault(
            "scattered_files",
            "The CSV files must lie together, at the top or in one folder.",
            file=path.name,
            value=", ".join(sorted(folders))[:200],
        )
        return None
    files: dict[str, Callable[[], BinaryIO]] = {}
    said: dict[str, str] = {}
    for info in wanted:
        _add(PurePosixPath(info.filename).name, lambda info=info: archive.open(info), files, said, notes)  # type: ignore[misc]
    return None if notes.findings else Source(path.name, _digest(path), files, said)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for part in chunks(stream):
            digest.update(part)
    return digest.hexdigest()


def _check_entry(info: zipfile.ZipInfo, notes: Notes) -> None:
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if name.startswith(("/", "\\")) or "\\" in name or "\0" in name or name[1:2] == ":":
        notes.fault(
            "unsafe_path", "An entry's name is an absolute or foreign path.", file=name[:100], value=name
        )
    elif ".." in PurePosixPath(name).parts:
        notes.fault("unsafe_path", "An entry's name leads out of the archive.", file=name[:100], value=name)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        notes.fault(
            "not_a_file", "An entry is a link or a device; only plain files are read.", file=name[:100]
        )
    if info.flag_bits & 0x1:
        notes.fault(
            "encrypted", "The entry is encrypted; send the archive without a password.", file=name[:100]
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        notes.fault(
            "unknown_compression",
            "The entry is packed in a way that is not read here; use plain zip.",
            file=name[:100],
        )
    bomb = info.file_size > RATIO_FROM and info.file_size > MAX_RATIO * max(info.compress_size, 1)
    if bomb or info.file_size > MAX_FILE:
        notes.fault(
            "too_large",
            Sentence("The entry would unpack to %(file_size)s bytes.", file_size=f"{info.file_size:,}"),
            file=name[:100],
        )


def _check_sizes(path: Path, infos: list[zipfile.ZipInfo], notes: Notes) -> None:
    if sum(info.file_size for info in infos) > MAX_TOTAL:
        notes.fault(
            "too_large",
            Sentence("The archive would unpack to more than %(most)s MB.", most=f"{MAX_TOTAL >> 20:,}"),
            file=path.name,
        )
    # Entries that share their packed bytes are the trick by which a small archive unpacks without end.
    if sum(info.compress_size for info in infos) > os.path.getsize(path):
        notes.fault("overlapping_entries", "The entries overlap or state untrue sizes.", file=path.name)
    seen: set[str] = set()
    for info in infos:
        name = info.filename.lower()
        if name in seen:
            notes.fault("duplicate_entry", "Two entries have the same name.", file=info.filename[:100])
        seen.add(name)


def _is_data(info: zipfile.ZipInfo, notes: Notes) -> bool:
    parts = PurePosixPath(info.filename).parts
    if info.is_dir() or not parts:
        return False
    if parts[0] == "__MACOSX" or parts[-1].startswith("."):
        return False
    if not parts[-1].lower().endswith(".csv"):
        notes.warn("ignored_entry", "Not a CSV file; it was not read.", file=info.filename[:100])
        return False
    return True
