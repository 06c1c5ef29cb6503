"""Files that were handed in and wait for a yes: kept in the home by their digest, named by a signed token."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest

from headway.kit.refusals import Refusal, Sentence

KEPT = timedelta(days=1)
MOST_BYTES = {
    "roster": 200 << 20,
    "framework": 20 << 20,
    "policy": 1 << 20,
    "events": 100 << 20,
    "transfer": 20 << 20,
    "tasks": 50 << 20,
}


@dataclass(frozen=True, slots=True)
class Staged:
    """One file that waits: its kind, its own name, where it lies, and the token that names it."""

    kind: str
    name: str
    path: Path
    token: str

    def discard(self) -> None:
        """Remove the file: it was taken in, or is not wanted."""
        self.path.unlink(missing_ok=True)


def folder() -> Path:
    """Return the folder of staged files; media and staging lie side by side in the home."""
    found = Path(settings.MEDIA_ROOT).parent / "staging"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def keep(request: HttpRequest, *, kind: str, at: datetime) -> Staged:
    """Keep the uploaded file until tomorrow. Raises `Refusal`: `no_file`, `too_large`, `empty_file`."""
    upload: Any = request.FILES.get("file")
    if upload is None:
        raise Refusal("no_file", "Choose a file first.")
    most = MOST_BYTES[kind]
    if upload.size > most:
        raise Refusal(
            "too_large",
            Sentence("The file is larger than %(n)s MB; import it on the command line.", n=most >> 20),
        )
    if not upload.size:
        raise Refusal("empty_file", "The file is empty.")
    place = folder()
    _tidy(place, at)
    digest = hashlib.sha256()
    for part in upload.chunks():
        digest.update(part)
    name = _plain(upload.name)
    path = place / f"{kind}-{digest.hexdigest()}{Path(name).suffix[:8]}"
    upload.seek(0)
    with path.open("wb") as out:
        for part in upload.chunks():
            out.write(part)
    path.chmod(0o600)
    return Staged(kind, name, path, _sign(request, kind, path.name, name))


def find(request: HttpRequest, *, kind: str) -> Staged:
    """Return the staged file of the form's token. Raises `Refusal("not_staged")` where it is gone or not this account's."""
    token = request.POST.get("token", "")
    gone = Refusal("not_staged", "The file that you looked at is no longer kept. Hand it in once more.")
    try:
        said = signing.loads(token, salt="headway.staging", max_age=KEPT)
    except signing.BadSignature as error:
        raise gone from error
    path = folder() / str(said["file"])
    if said["kind"] != kind or said["account"] != str(_account(request)) or not path.is_file():
        raise gone
    with path.open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != path.stem.partition("-")[2]:
            raise gone
    return Staged(kind, str(said["name"]), path, token)


def _sign(request: HttpRequest, kind: str, file: str, name: str) -> str:
    said = {"kind": kind, "file": file, "name": name, "account": str(_account(request))}
    return signing.dumps(said, salt="headway.staging")


def _account(request: HttpRequest) -> Any:
    return request.viewer.account


def _plain(name: str) -> str:
    """Return a file's name without folders or signs that a page or a file system would stumble over."""
    kept = re.sub(r"[^\w .()-]", "", Path(name.replace("\\", "/")).name).strip(". ")
    return kept[-100:] or "file"


def _tidy(place: Path, at: datetime) -> None:
    for path in place.iterdir():
        if path.is_file() and path.stat().st_mtime < (at - KEPT).timestamp():
            path.unlink(missing_ok=True)
