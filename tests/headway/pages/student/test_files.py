"""What a file is, and what is taken out of it."""

from __future__ import annotations

import struct

import pytest

from headway.kit.refusals import Refusal
from headway.pages.parts import files

from .world import jpeg, png

SECRET = b"39.7392 N 104.9903 W"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"), (b"%PDF-1.4", "application/pdf"), (b"\0\0\0\x18ftypmp42", "video/mp4"),
        ("Größe: 3 m\n".encode(), "text/plain"), (b"a < b and c > d", "text/plain"),
        (b"  <HTML>", None), (b"<?xml version='1.0'?><svg/>", None), (b"text <script>", None), (b"\0\1\2", None),
        (b"RIFF\0\0\0\0WAVE", None), (b"\0\0\0\x18ftypqt  ", None), (b"", None), (b"\xfe\xff\0a", None),
    ],
)  # fmt: skip
def test_the_content_says_what_it_is(data: bytes, kind: str | None) -> None:
    assert files.kind_of(data) == kind


def test_a_jpeg_loses_all_but_the_picture_and_its_way_up() -> None:
    kept = files.clean_jpeg(jpeg(orientation=6))
    assert SECRET not in kept and b"adobe" not in kept and b"Photoshop" not in kept and b"trailer" not in kept
    assert (
        b"JFIF" in kept and b"ICC_PROFILE" in kept and kept.endswith(b"\x12\xff\x00\x34\xff\xd0\x56\xff\xd9")
    )
    assert kept.count(b"Exif\0\0") == 1
    place = kept.index(b"Exif\0\0") + 6
    # A whole Exif block of one entry: the way up, and nothing follows it.
    assert struct.unpack_from(">4sIHHHIHHI", kept, place) == (b"MM\0*", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    assert files.clean_jpeg(kept) == kept


def test_a_jpeg_that_stands_upright_keeps_no_exif_at_all() -> None:
    kept = files.clean_jpeg(jpeg(orientation=1))
    assert b"Exif" not in kept and SECRET not in kept
    assert b"Exif" not in files.clean_jpeg(jpeg(orientation=99))


@pytest.mark.parametrize("end", range(3, 300, 7))
def test_a_jpeg_cut_anywhere_is_damaged_and_never_hangs(end: int) -> None:
    data = jpeg()
    cut = data[: min(end, data.rindex(b"\xff\xd9") - 1)]
    with pytest.raises(Refusal, match="damaged"):
        files.clean(cut, "image/jpeg")


def test_a_png_loses_its_texts() -> None:
    kept = files.clean(png(SECRET), "image/png")
    assert SECRET not in kept and kept == png()


def test_a_webp_loses_exif_and_xmp() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    body = (
        b"WEBP"
        + chunk(b"VP8X", b"\x0c" + b"\0" * 9)
        + chunk(b"VP8 ", b"abc")
        + chunk(b"EXIF", SECRET)
        + chunk(b"XMP ", b"x")
    )
    kept = files.clean(b"RIFF" + struct.pack("<I", len(body)) + body, "image/webp")
    assert SECRET not in kept and b"XMP" not in kept and kept[20] == 0
    assert struct.unpack_from("<I", kept, 4)[0] == len(kept) - 8


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.txt"), ("C:\\x\\ramp.final.png", "ramp.final.txt"), ("", "file.txt"), ("...", "file.txt"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie x.txt"), ("evil.html", "evil.txt"), ("ó" * 300, "ó" * 80 + ".txt"),
    ],
)  # fmt: skip
def test_a_name_is_only_a_name(name: str, kept: str) -> None:
    assert files.safe_name(name, "text/plain") == kept


def test_the_same_content_is_kept_once(tmp_path, settings) -> None:
    settings.MEDIA_ROOT = tmp_path
    first, second = files.store(png(b"one"), "a.png"), files.store(png(b"two"), "b.png")
    assert first.digest == second.digest and second.name == "b.png"
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [first.digest]
