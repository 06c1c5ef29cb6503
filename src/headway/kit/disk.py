"""Files that appear whole or not at all, and stay."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


def write_whole(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file whole or not at all, and on the disk when this returns; `mode` as `os.open` takes it."""
    with (
        whole(path) as part,
        os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out,
    ):
        out.write(data)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give the name of a part to write in the place of a file; where that ends well, the part is on the disk in its place.

    A reader never meets half a file, and a power cut leaves none. Two that write the same file at once do not meet.
    """
    part = path.with_name(f".{uuid4().hex}.part")
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    keep_names(path.parent)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_names(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system has a way to ask for it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # A folder that one may write to and not list.
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)
