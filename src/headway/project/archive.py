"""Backup and restore: one archive of everything, each part with its digest; a damaged one touches nothing."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

from headway import __version__
from headway.kit.refusals import Refusal
from headway.kit.times import now

FORMAT = 1
NAMES = re.compile(r"^(headway\.sqlite3|keys/[A-Za-z0-9_.-]+|media/[A-Za-z0-9_./-]+|tables/[a-z_]+\.copy)$")
LARGEST = 64 * 1024**3
BLOCK = 1024 * 1024
SEAL = b"headway sha-256 "
SEALED = len(SEAL) + 64
"""The archive ends with a comment of this length: the digest of every byte before it."""


def backup(file: Path) -> dict[str, Any]:
    """Write one archive of database, keys and files, taken in one consistent read while the product runs."""
    from django.conf import settings
    from django.db import connection

    from headway.evidence import queries as evidence

    if file.exists():
        raise Refusal("file_exists", f"{file.name} exists already; give a new name.")
    part = file.with_name(file.name + ".part")
    digests: dict[str, str] = {}
    sequence, newest = evidence.head()
    try:
        part.touch(mode=0o600)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            if connection.vendor == "sqlite":
                _add_sqlite(archive, digests)
            else:
                _add_tables(archive, digests)
            for path in sorted([*(settings.HOME / "keys").glob("*"), *(settings.HOME / "media").rglob("*")]):
                if path.is_file():
                    with path.open("rb") as source:
                        _add(archive, digests, path.relative_to(settings.HOME).as_posix(), source)
            manifest = {"format": FORMAT, "version": __version__, "vendor": connection.vendor, "made_at": now().isoformat(),
                        "events_at_least": sequence, "head": newest, "files": digests}  # fmt: skip
            archive.writestr("manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
            archive.comment = SEAL + b"0" * 64
        seal(part)
        part.rename(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return {"file": file.name, "files": len(digests), "events": sequence, "bytes": file.stat().st_size}


def seal(file: Path) -> None:
    """Write the digest of all bytes before the closing comment into that comment, durably."""
    with file.open("r+b") as out:
        digest = _whole(out, file.stat().st_size - 64)
        out.seek(-64, os.SEEK_END)
        out.write(digest.encode())
        out.flush()
        os.fsync(out.fileno())


def _whole(source: IO[bytes], length: int) -> str:
    source.seek(0)
    digest = hashlib.sha256()
    while length > 0 and (block := source.read(min(BLOCK, length))):
        digest.update(block)
        length -= len(block)
    return digest.hexdigest()


def _require_seal(file: Path) -> None:
    """Refuse a file of which any byte was altered or is missing, also those that no reader of archives looks at."""
    size = file.stat().st_size
    with file.open("rb") as source:
        source.seek(max(0, size - SEALED))
        comment = source.read()
        if size < SEALED or not comment.startswith(SEAL):
            raise _damaged("The file is not a whole archive.")
        if _whole(source, size - 64).encode() != comment[len(SEAL) :]:
            raise _damaged("The archive was altered.")


def _add(archive: zipfile.ZipFile, digests: dict[str, str], name: str, source: IO[bytes]) -> None:
    digest = hashlib.sha256()
    with archive.open(zipfile.ZipInfo(name, now().timetuple()[:6]), "w", force_zip64=True) as out:
        while block := source.read(BLOCK):
            digest.update(block)
            out.write(block)
    digests[name] = digest.hexdigest()


def _add_sqlite(archive: zipfile.ZipFile, digests: dict[str, str]) -> None:
    from django.db import connection

    connection.ensure_connection()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.sqlite3"
        target = sqlite3.connect(copy)
        connection.connection.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
        target.close()
        with copy.open("rb") as source:
            _add(archive, digests, "headway.sqlite3", source)


def _tables() -> list[str]:
    from django.db import connection

    # What Django makes by itself for every database (`django_migrations`, `django_content_type`) is not carried.
    return sorted(
        name
        for name in connection.introspection.table_names()
        if name.startswith("headway_") or name == "django_session"
    )


def _add_tables(archive: zipfile.ZipFile, digests: dict[str, str]) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table in _tables():
            with tempfile.TemporaryFile() as spool:
                with cursor.cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
                    for block in copy:
                        spool.write(block)
                spool.seek(0)
                _add(archive, digests, f"tables/{table}.copy", spool)


def restore(file: Path, home: Path | None) -> dict[str, Any]:
    """Restore an archive to an empty home; everything is checked before the home is made."""
    from headway.project import home as homes

    chosen = homes.choose(home)
    if chosen.exists() and any(chosen.iterdir()):
        raise Refusal("home_not_empty", f"{chosen.name} is not empty; restore to an empty home.")
    manifest = _checked(file)
    if (manifest["vendor"] == "sqlite") == bool(os.environ.get("DATABASE_URL")):
        raise Refusal("other_database", f"The archive holds a {manifest['vendor']} database; "
                      "restore it with the same kind of DATABASE_URL.")  # fmt: skip
    chosen.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{chosen.name}-", dir=chosen.parent))
    try:
        _extract(file, staging)
        events = _try(staging, manifest)
        # Until somebody says that this home is the one in use, nothing leaves it.
        (staging / "restored-copy").write_text(f"{manifest['made_at']}\n")
        if chosen.exists():
            chosen.rmdir()
        staging.rename(chosen)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return {"events": events, "files": len(manifest["files"]), "made_at": manifest["made_at"]}


def _damaged(message: str) -> Refusal:
    return Refusal("archive_damaged", f"{message} Nothing was restored.")


def _checked(file: Path) -> dict[str, Any]:
    """Return the manifest after every part was read once and its digest compared."""
    try:
        _require_seal(file)
        with zipfile.ZipFile(file) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            if len(infos) != len(archive.infolist()) or "manifest.json" not in infos:
                raise _damaged("The archive has no manifest, or two parts of one name.")
            if (
                infos["manifest.json"].file_size > 64 * 1024 * 1024
                or sum(i.file_size for i in infos.values()) > LARGEST
            ):
                raise _damaged("The archive is larger than any backup.")
            manifest = json.loads(archive.read("manifest.json"))
            files = manifest["files"]
            if not isinstance(files, dict) or not isinstance(manifest["vendor"], str):
                raise _damaged("The manifest is not one of a backup.")
            if manifest["format"] != FORMAT:
                raise Refusal(
                    "other_format",
                    f"The archive has format {manifest['format']}; this program reads {FORMAT}.",
                )
            if not isinstance(manifest["events_at_least"], int) or not isinstance(manifest["made_at"], str):
                raise _damaged("The manifest is not one of a backup.")
            if set(files) != set(infos) - {"manifest.json"}:
                raise _damaged("The parts are not those that the manifest names.")
            for name, digest in files.items():
                if not NAMES.match(name) or ".." in name.split("/"):
                    raise _damaged(f"{name!r} is no part of a backup.")
                if _digest(archive, name) != digest:
                    raise _damaged(f"{name} was altered.")
            return dict(manifest)
    except (OSError, zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, EOFError) as error:
        if isinstance(error, FileNotFoundError):
            raise Refusal("no_such_file", f"There is no file {file.name}.") from error
        raise _damaged("The file is not a whole archive.") from error
    except (zipfile.LargeZipFile, RuntimeError, NotImplementedError) as error:
        raise _damaged("The file cannot be read as a backup.") from error


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as source:
        while block := source.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _extract(file: Path, staging: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.filename == "manifest.json":
                continue
            path = staging / info.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, path.open("wb") as out:
                shutil.copyfileobj(source, out, BLOCK)
                out.flush()
                os.fsync(out.fileno())
    for path in (staging / "keys").glob("*"):
        path.chmod(0o600)


def _try(staging: Path, manifest: dict[str, Any]) -> int:
    """Wake the product on the restored home and walk its ledger. Returns the number of events."""
    from headway.project import home as homes

    homes.create(staging)
    homes.wake(staging, must_exist=False)
    from django.contrib.sessions.models import Session
    from django.core.management import call_command
    from django.db import DatabaseError, connection

    from headway.evidence import queries as evidence

    try:
        if connection.vendor != "sqlite":
            _fill_tables(staging)
        call_command("migrate", verbosity=0, interactive=False)
        # Who was signed in there is not signed in here.
        Session.objects.all().delete()
        broken = evidence.breaks(limit=1)
        sequence, _ = evidence.head()
    except DatabaseError as error:
        raise _damaged("The database inside cannot be read.") from error
    finally:
        connection.close()
    if broken or sequence < manifest["events_at_least"]:
        raise _damaged(f"The ledger inside does not hold: {broken[0] if broken else 'events are missing'}.")
    return sequence


def _fill_tables(staging: Path) -> None:
    from django.core.management import call_command
    from django.db import connection, transaction

    if connection.introspection.table_names():
        raise Refusal("database_not_empty", "The database that DATABASE_URL names is not empty.")
    call_command("migrate", verbosity=0, interactive=False)
    known = set(_tables())
    if strange := sorted(path.stem for path in (staging / "tables").glob("*.copy") if path.stem not in known):
        raise _damaged(f"{strange[0]} is no table of this program.")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for path in sorted((staging / "tables").glob("*.copy")):
            cursor.execute(f'ALTER TABLE "{path.stem}" DISABLE TRIGGER USER')
        for path in sorted((staging / "tables").glob("*.copy")):
            cursor.execute(f'DELETE FROM "{path.stem}"')
        for path in sorted((staging / "tables").glob("*.copy")):
            with path.open("rb") as source, cursor.cursor.copy(f'COPY "{path.stem}" FROM STDIN') as copy:
                while block := source.read(BLOCK):
                    copy.write(block)
        # What was put off is checked now: a table with checks still to come cannot be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for path in sorted((staging / "tables").glob("*.copy")):
            cursor.execute(f'ALTER TABLE "{path.stem}" ENABLE TRIGGER USER')
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_identity = 'YES'",
                [path.stem],
            )
            for (column,) in cursor.fetchall():
                newest = f'COALESCE((SELECT MAX("{column}") FROM "{path.stem}"), 1)'
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence(%s, %s), {newest})",
                    [path.stem, column],
                )
    shutil.rmtree(staging / "tables")
