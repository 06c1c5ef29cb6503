"""A copy of a picture holds what is seen and nothing else, whatever a camera or a program wrote beside it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from headway.kit.refusals import Refusal
from headway.pages.parts import files

CANARY = b"CANARY-Anita-Abeyta"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg() -> bytes:
    turned = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0) + CANARY
    return (
        b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\2\1\0\x48\0\x48\1\1" + CANARY[:3]) + segment(0xE0, b"JFXX\0\x10" + CANARY)
        + segment(0xE1, turned) + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + CANARY)
        + segment(0xE2, b"ICC_PROFILE\0\1\1" + CANARY) + segment(0xFE, CANARY) + segment(0xDB, b"\0" * 65)
        + segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\x34\xff\x00\x56" + b"\xff\xd9" + CANARY
    )  # fmt: skip


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png() -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    odd = chunk(b"tEXt", CANARY) + chunk(b"iCCP", CANARY) + chunk(b"prVt", CANARY) + chunk(b"eXIf", CANARY)
    return (
        b"\x89PNG\r\n\x1a\n" + head + odd + chunk(b"IDAT", zlib.compress(b"\0\1\2\3")) + chunk(b"IEND", b"")
    )


def webp() -> bytes:
    def one(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    inner = (
        b"WEBP"
        + one(b"VP8X", b"\x2c" + b"\0" * 9)
        + one(b"ICCP", CANARY)
        + one(b"VP8 ", b"12345")
        + one(b"EXIF", CANARY)
    )
    inner += one(b"XMP ", CANARY) + one(b"ODDS", CANARY)
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def gif() -> bytes:
    comment = b"\x21\xfe" + bytes([len(CANARY)]) + CANARY + b"\0"
    program = b"\x21\xff\x0bXMP DataXMP" + bytes([len(CANARY)]) + CANARY + b"\0"
    repeats = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    image = b"\x2c" + b"\0" * 4 + b"\1\0\1\0\0" + b"\x02\x02\x44\x01\0"
    return b"GIF89a\1\0\1\0\x80\0\0" + b"\0" * 6 + comment + repeats + program + image + b"\x3b" + CANARY


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.mark.parametrize("made", [jpeg, png, webp, gif])
def test_nothing_but_what_is_seen_stays(made) -> None:
    kept = files.store(made(), "Anita Abeyta.jpg")
    bare = files.bare(kept.digest, kept.type)
    data = files.path_of(bare.digest).read_bytes()
    assert CANARY not in data and b"Anita" not in data and b"CAN" not in data
    assert (files.kind_of(data), bare.type) == (kept.type, kept.type) and bare.name.startswith("work.")
    again = files.bare(bare.digest, bare.type)
    assert again.digest == bare.digest, "what is bare stays as it is"


def test_what_is_seen_stays_whole() -> None:
    kept = files.store(jpeg(), "x.jpg")
    data = files.path_of(files.bare(kept.digest, kept.type).digest).read_bytes()
    assert b"\x12\x34\xff\x00\x56" in data and b"JFIF\0\1\2\1\0\x48\0\x48\0\0" in data
    assert struct.pack(">HHI", 0x0112, 3, 1) in data, "a photo taken upright still stands upright"
    moving = files.path_of(files.bare(files.store(gif(), "x.gif").digest, "image/gif").digest).read_bytes()
    assert b"NETSCAPE2.0" in moving and moving.endswith(b"\x02\x02\x44\x01\0\x3b")


def test_what_is_no_picture_or_is_cut_is_refused() -> None:
    kept = files.store(b"Plain words.", "x.txt")
    with pytest.raises(Refusal, check=lambda error: error.code == "wrong_kind"):
        files.bare(kept.digest, kept.type)
    cut = files.store(gif()[:40], "x.gif")
    with pytest.raises(Refusal, check=lambda error: error.code == "damaged_file"):
        files.bare(cut.digest, cut.type)
    with pytest.raises(Refusal, check=lambda error: error.code == "wrong_kind"):
        files.bare("a" * 64, "image/png")
