"""Files that people hand in: what they really are, without what a camera wrote beside the picture, kept by their digest.

The name of a file is never trusted: its first bytes say what it is. Nothing that a browser would run is taken.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from headway.kit.disk import write_whole
from headway.kit.refusals import Refusal
from headway.pages.parts.bare import MAKERS

LARGEST = 20 * 1024 * 1024
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
EXTENSIONS = {
    "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "application/pdf": ".pdf",
    "video/mp4": ".mp4", "text/plain": ".txt",
}  # fmt: skip
_MP4 = (
    b"isom",
    b"iso2",
    b"iso3",
    b"iso4",
    b"iso5",
    b"iso6",
    b"mp41",
    b"mp42",
    b"avc1",
    b"M4V ",
    b"MSNV",
    b"dash",
)
_MARKUP = re.compile(rb"<\s*(?:!doctype|html|svg|script|\?xml|iframe|body|head|img|object|embed)\b", re.I)
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it was kept: cleaned, named by the SHA-256 of what was kept."""

    digest: str
    type: str
    name: str
    size: int


def kind_of(data: bytes) -> str | None:
    """Return the type that the content shows, or None where it is none that is taken.

    >>> kind_of(b"%PDF-1.7 ..."), kind_of(b"<svg onload=x>"), kind_of(b"Hello")
    ('application/pdf', None, 'text/plain')
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data[4:8] == b"ftyp":
        return "video/mp4" if data[8:12] in _MP4 else None
    return "text/plain" if _is_text(data) else None


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if _MARKUP.search(data):
        return False
    return bool(text.strip()) and not any(ord(c) < 32 and c not in "\t\n\r\f" for c in text)


def clean(data: bytes, kind: str) -> bytes:
    """Return the file without what a camera or program wrote beside the picture: place, time, device, maker.

    Raises `Refusal("damaged_file")` where the parts of a picture cannot be told apart.
    """
    cleaner = {"image/jpeg": clean_jpeg, "image/png": _clean_png, "image/webp": _clean_webp}.get(kind)
    if cleaner is None:
        return data
    try:
        return cleaner(data)
    except (IndexError, struct.error, ValueError) as error:
        raise Refusal("damaged_file", "The picture is damaged.") from error


def clean_jpeg(data: bytes) -> bytes:
    """Return a JPEG without Exif, XMP, IPTC and comments, and without anything after its end.

    Kept are the frame, the colour profile and Adobe's colour mark. Of Exif only the way up is kept, written afresh, so
    that a photo taken upright does not lie on its side. Raises ValueError, IndexError or struct.error where segments
    do not follow one another.
    """
    out, at, way_up = bytearray(b"\xff\xd8"), 2, 1
    while True:
        if data[at] != 0xFF:
            raise ValueError("no marker")
        while data[at + 1] == 0xFF:
            at += 1
        marker = data[at + 1]
        if marker == 0xD9:
            out += b"\xff\xd9"
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        if length < 2 or len(segment) != length + 2:
            raise ValueError("a segment ends early")
        at += 2 + length
        body = segment[4:]
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            way_up = _orientation(body[6:])
        elif _kept(marker, body):
            out += segment
        if marker == 0xDA:
            begins = at
            while not (data[at] == 0xFF and data[at + 1] != 0x00 and not 0xD0 <= data[at + 1] <= 0xD7):
                at += 1
            out += data[begins:at]
    if way_up != 1:
        place = 2
        while out[place + 1] == 0xE0:
            place += 2 + struct.unpack_from(">H", out, place + 2)[0]
        out[place:place] = _way_up_segment(way_up)
    return bytes(out)


def _kept(marker: int, body: bytes) -> bool:
    if marker == 0xFE or 0xE0 <= marker <= 0xEF:
        return marker == 0xE0 or marker == 0xEE or (marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"))
    return True


def _orientation(tiff: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    with contextlib.suppress(struct.error):
        (first,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, first)
        for n in range(min(count, 200)):
            tag, kind = struct.unpack_from(order + "HH", tiff, first + 2 + 12 * n)
            if tag == 0x0112 and kind == 3:
                (value,) = struct.unpack_from(order + "H", tiff, first + 10 + 12 * n)
                return value if 1 <= value <= 8 else 1
    return 1


def _way_up_segment(value: int) -> bytes:
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, value, 0, 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _clean_png(data: bytes) -> bytes:
    out, at = bytearray(data[:8]), 8
    while True:
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if len(body) != length:
            raise ValueError("a chunk ends early")
        if name not in (b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"):
            out += struct.pack(">I", length) + name + body + struct.pack(">I", zlib.crc32(name + body))
        at += 12 + length
        if name == b"IEND":
            return bytes(out)


def _clean_webp(data: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", data, 4)
    data = data[: 8 + size]
    out, at = bytearray(b"WEBP"), 12
    while at + 8 <= len(data):
        name = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        body = bytearray(data[at + 8 : at + 8 + length])
        if len(body) != length:
            raise ValueError("a chunk ends early")
        if name == b"VP8X":
            body[0] &= ~0x0C
        if name not in (b"EXIF", b"XMP "):
            out += name + struct.pack("<I", length) + body + b"\0" * (length % 2)
        at += 8 + length + length % 2
    return b"RIFF" + struct.pack("<I", len(out)) + bytes(out)


def bare(digest: str, kind: str) -> Stored:
    """This will keep a copy of a kept picture that holds what is seen and nothing else, under a name that says nothing.

    Beyond `clean`: no colour profile, no small second picture, no text and no block that a program left. The pixels stay as
    they are: a face or a name in the picture is for a person to see. Raises `Refusal`: `no_such_file`, `wrong_kind`,
    `damaged_file`.
    """
    path = path_of(digest)
    if kind not in MAKERS or not path.is_file():
        raise Refusal("wrong_kind", "The file is of a kind that is not taken.")
    try:
        data = MAKERS[kind](clean(path.read_bytes(), kind))
    except (IndexError, struct.error, ValueError, StopIteration) as error:
        raise Refusal("damaged_file", "The picture is damaged.") from error
    return store(data, "work")


def store(data: bytes, name: str, *, keep: bool = True) -> Stored:
    """This will keep a file that was handed in, cleaned, under the digest of what is kept; the same content is kept once.

    Without `keep` it is looked at only.

    Raises `Refusal`: `empty_file`, `too_large`, `wrong_kind`, `damaged_file`.
    """
    if not data:
        raise Refusal("empty_file", "The file is empty.")
    if len(data) > LARGEST:
        raise Refusal("too_large", "The file is larger than 20 MB.")
    kind = kind_of(data)
    if kind is None:
        raise Refusal("wrong_kind", "The file is of a kind that is not taken.")
    kept = clean(data, kind)
    digest = hashlib.sha256(kept).hexdigest()
    path = path_of(digest)
    if keep and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, kept, mode=0o600)
    return Stored(digest, kind, safe_name(name, kind), len(kept))


def path_of(digest: str) -> Path:
    """Return where a file lies. Raises `Refusal("no_such_file")` for what is no digest."""
    if not _DIGEST.fullmatch(digest):
        raise Refusal("no_such_file", "There is no such file.")
    return Path(settings.MEDIA_ROOT) / digest[:2] / digest


def safe_name(name: str, kind: str) -> str:
    """Return a name to save a file by: no path, no control sign, the ending of what the file is."""
    stem = re.split(r"[/\\]", name)[-1]
    stem = stem.rsplit(".", 1)[0] if "." in stem else stem
    stem = "".join(c for c in stem if c.isprintable() and c not in '<>:"|?*').strip(" .")[:80]
    return (stem or "file") + EXTENSIONS[kind]
