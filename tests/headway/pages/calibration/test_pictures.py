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


# Text in parts that a picture needs: whatever is longer than the part, or follows it, is cut off.


def kept_of(data: bytes) -> bytes:
    kept = files.store(data, "x")
    bare = files.bare(kept.digest, kept.type)
    found = files.path_of(bare.digest).read_bytes()
    assert CANARY not in found and files.bare(bare.digest, bare.type).digest == bare.digest
    return found


def longer_jpeg() -> bytes:
    counts = bytes([1]) + b"\0" * 15
    return (
        b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\2\1\0\x48\0\x48\0\0" + CANARY) + segment(0xEE, b"Adobe\0\x64CANA\2" + CANARY)
        + segment(0xEE, b"Other" + CANARY) + segment(0xE0, b"OTHER" + CANARY) + segment(0xF3, CANARY)
        + segment(0xDB, b"\0" + bytes(range(1, 65)) + CANARY) + segment(0xC0, b"\x08\0\1\0\1\1\1\x11\0" + CANARY)
        + segment(0xC4, b"\0" + counts + b"\5" + CANARY) + segment(0xDD, b"\0\2" + CANARY)
        + segment(0xDA, b"\1\1\0\0\x3f\0" + CANARY) + b"\x12\x34\xff\xd0\x56"
        + segment(0xFE, CANARY) + segment(0xEE, b"Adobe" + b"\0" * 7 + CANARY)
        + segment(0xC4, b"\x10" + counts + b"\6") + segment(0xDA, b"\1\1\x10\0\x3f\0") + b"\x78\xff\xd9" + CANARY
    )  # fmt: skip


def test_each_part_of_a_jpeg_is_as_long_as_it_must_be() -> None:
    found = kept_of(longer_jpeg())
    assert b"CANA" not in found and b"Adobe\0\x64\0\0\0\0\2" in found
    assert (
        segment(0xDB, b"\0" + bytes(range(1, 65))) in found
        and segment(0xC0, b"\x08\0\1\0\1\1\1\x11\0") in found
    )
    assert segment(0xDD, b"\0\2") in found and found.count(b"\xff\xda") == 2
    # Tables and pixels of both scans are there, with the mark between rows.
    assert b"\x12\x34\xff\xd0\x56" in found and found.endswith(b"\x10\0\x3f\0\x78\xff\xd9")


def grey(extra: bytes = b"", *, after: bytes = b"") -> bytes:
    """Return two rows of three grey pixels; `extra` follows them inside the compressed pixels, `after` behind them."""
    return zlib.compress(b"\0\1\2\3\0\4\5\6" + extra, 0) + after


def moving_png(*, extra: bytes = b"", after: bytes = b"") -> bytes:
    size = struct.pack(">II", 3, 2)
    control = [struct.pack(">I", n) + size + b"\0" * 8 + b"\0\1\0\x0a\0\0" for n in (0, 1)]
    pixels = grey(extra, after=after)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + b"\x08\0\0\0\0" + extra) + chunk(b"acTL", b"\0\0\0\2\0\0\0\0" + extra)
        + chunk(b"gAMA", b"\0\0\xb1\x8f" + extra) + chunk(b"gAMA", CANARY[:4]) + chunk(b"PLTE", CANARY[:18])
        + chunk(b"tRNS", b"\0\7" + extra) + chunk(b"cHRM", CANARY[:19] + b"\0" * 13) + chunk(b"fcTL", control[0] + extra)
        + chunk(b"IDAT", pixels[:9]) + chunk(b"IDAT", pixels[9:]) + chunk(b"fcTL", control[1])
        + chunk(b"fdAT", b"\0\0\0\2" + pixels[:9]) + chunk(b"prVt", CANARY) + chunk(b"fdAT", b"\0\0\0\3" + pixels[9:])
        + chunk(b"IEND", extra) + CANARY
    )  # fmt: skip


@pytest.mark.parametrize(
    "how", [{}, {"extra": CANARY}, {"after": CANARY}, {"extra": CANARY, "after": CANARY}]
)
def test_each_part_of_a_png_is_as_long_as_it_must_be(how: dict[str, bytes]) -> None:
    found = kept_of(moving_png(**how))
    assert b"CANARY" not in found and b"cHRM" not in found and b"PLTE" not in found
    parts, at = [], 8
    while at < len(found):
        (length,) = struct.unpack_from(">I", found, at)
        body = found[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", found, at + 8 + length)[0] == zlib.crc32(
            found[at + 4 : at + 8] + body
        )
        parts.append((found[at + 4 : at + 8], body))
        at += 12 + length
    lengths = {name: len(body) for name, body in parts if name not in (b"IDAT", b"fdAT")}
    assert lengths == {b"IHDR": 13, b"acTL": 8, b"gAMA": 4, b"tRNS": 2, b"fcTL": 26, b"IEND": 0}
    # Each frame's pixels are whole, in one part, and parts of the animation count from zero.
    pixels = [
        zlib.decompress(body[4 * (name == b"fdAT") :]) for name, body in parts if name in (b"IDAT", b"fdAT")
    ]
    assert pixels == [b"\0\1\2\3\0\4\5\6"] * 2
    assert [body[3] for name, body in parts if name in (b"fcTL", b"fdAT")] == [0, 1, 2]


def test_the_size_of_pixels_holds_for_every_kind_of_png() -> None:
    for depth, color, laced, wanted in (
        (8, 2, 0, 5 * 16),
        (1, 3, 0, 5 * 2),
        (16, 6, 0, 5 * 41),
        (8, 0, 1, 0),
        (4, 3, 1, 0),
    ):
        head = struct.pack(">IIBBBBB", 5, 5, depth, color, 0, 0, laced)
        if laced:
            # Adam7 of five by five: passes of 1x1, 1x1, 2x1, 1x2, 3x1, 2x3, 5x2.
            wide = [(1, 1), (1, 1), (2, 1), (1, 2), (3, 1), (2, 3), (5, 2)]
            wanted = sum(high * (1 + -(-width * depth // 8)) for width, high in wide)
        pixels = bytes(wanted)
        data = chunk(b"IHDR", head) + (chunk(b"PLTE", bytes(6)) if color == 3 else b"")
        whole = (
            b"\x89PNG\r\n\x1a\n" + data + chunk(b"IDAT", zlib.compress(pixels + CANARY)) + chunk(b"IEND", b"")
        )
        found = kept_of(whole)
        at = found.index(b"IDAT")
        (length,) = struct.unpack_from(">I", found, at - 4)
        assert zlib.decompress(found[at + 4 : at + 4 + length]) == pixels, (depth, color, laced)


def test_a_palette_holds_no_more_than_the_picture_can_name() -> None:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 1, 3, 0, 0, 0))
    colors = chunk(b"PLTE", b"\1\2\3\4\5\6" + CANARY[:18]) + chunk(b"tRNS", b"\1\2" + CANARY)
    found = kept_of(
        b"\x89PNG\r\n\x1a\n" + head + colors + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )
    assert chunk(b"PLTE", b"\1\2\3\4\5\6") in found and chunk(b"tRNS", b"\1\2") in found


def longer_gif() -> bytes:
    def blocks(body: bytes) -> bytes:
        return bytes([len(body)]) + body

    more = blocks(CANARY) + b"\0"
    return (
        b"GIF89a\1\0\1\0\x80\0\0" + b"\0" * 6 + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\5\0" + more
        + b"\x21\xff\x0bNETSCAPE2.0" + more + b"\x21\xf9\x04\0\x0a\0\0" + more + b"\x21\xf9" + more + b"\x21\x01" + more
        + b"\x21\xfe" + more + b"\x2c" + b"\0" * 4 + b"\1\0\1\0\0" + b"\x02\x02\x44\x01\0" + b"\x3b" + CANARY
    )  # fmt: skip


def test_each_block_of_a_gif_is_as_long_as_it_must_be() -> None:
    found = kept_of(longer_gif())
    shown = b"\x21\xf9\x04\0\x0a\0\0\0\x2c" + b"\0" * 4 + b"\1\0\1\0\0\x02\x02\x44\x01\0\x3b"
    assert found == b"GIF89a\1\0\1\0\x80\0\0" + b"\0" * 6 + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\5\0\0" + shown


def test_each_part_of_a_webp_is_as_long_as_it_must_be() -> None:
    def one(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    frame = b"\1" * 16 + one(b"ODDS", CANARY) + one(b"VP8 ", b"54321") + one(b"VP8 ", CANARY)
    inner = (
        b"WEBP" + one(b"VP8X", b"\xffCAN" + b"\2" * 6 + CANARY) + one(b"ANIM", b"\3" * 6 + CANARY) + one(b"ANMF", frame)
        + one(b"ANMF", frame) + one(b"VP8L", b"12345") + one(b"VP8 ", CANARY)
    )  # fmt: skip
    found = kept_of(
        b"RIFF" + struct.pack("<I", len(inner)) + inner + one(b"ANMF", b"\1" * 16 + one(b"VP8 ", CANARY))
    )
    kept = one(b"ANMF", b"\1" * 16 + one(b"VP8 ", b"54321"))
    assert found[12:] == one(b"VP8X", b"\x12\0\0\0" + b"\2" * 6) + one(b"ANIM", b"\3" * 6) + kept * 2 + one(
        b"VP8L", b"12345"
    )


def test_pixels_that_are_none_are_refused() -> None:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    for parts in (head + chunk(b"IDAT", CANARY), chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))):
        kept = files.store(b"\x89PNG\r\n\x1a\n" + parts + chunk(b"IEND", b""), "x.png")
        with pytest.raises(Refusal, check=lambda error: error.code == "damaged_file"):
            files.bare(kept.digest, kept.type)
