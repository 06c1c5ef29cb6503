"""Pictures with what is seen and nothing else: every part that stays is known, and as long as it must be.

What is not known to the picture goes: text, profiles, small second pictures, blocks of programs, and what follows a part's own
length or the picture's end. Compressed pixels stay as they are; bytes behind the end of a PNG's are cut off. Each maker raises
ValueError, IndexError, StopIteration or struct.error where parts cannot be told apart.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping

# JPEG.

_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def jpeg(data: bytes) -> bytes:
    """Return a cleaned JPEG without its profile and the small picture beside it; what says which way is up stays."""
    out, at = bytearray(data[:2]), 2
    while data[at + 1] != 0xD9:
        (length,) = struct.unpack_from(">H", data, at + 2)
        marker, body = data[at + 1], data[at + 4 : at + 2 + length]
        kept = _jpeg_part(marker, body)
        if kept is not None:
            out += bytes([0xFF, marker]) + struct.pack(">H", len(kept) + 2) + kept
        at += 2 + length
        if marker == 0xDA:
            begins = at
            while not (data[at] == 0xFF and data[at + 1] != 0x00 and not 0xD0 <= data[at + 1] <= 0xD7):
                at += 1
            out += data[begins:at]
    return bytes(out + b"\xff\xd9")


def _jpeg_part(marker: int, body: bytes) -> bytes | None:
    """Return the body of a segment at its own length; None for one that no picture needs."""
    if marker == 0xE0 and body.startswith(b"JFIF\0"):
        # Version, units and density; no width and height of a small picture.
        return _whole(body, 12) + b"\0\0"
    if marker == 0xE1 and body.startswith(b"Exif\0\0"):
        # `clean` wrote it afresh: the way up alone.
        return body
    if marker == 0xEE and body.startswith(b"Adobe"):
        # Of its twelve bytes the last says how colours are stored; version and flags say nothing that is seen.
        return b"Adobe\0\x64\0\0\0\0" + _whole(body, 12)[11:]
    if marker == 0xDB:
        return _tables(body, lambda head, _: 64 * (2 if head >> 4 else 1))
    if marker == 0xC4:
        return _tables(body, lambda _, rest: 16 + sum(_whole(rest, 16)))
    if marker == 0xCC:
        return _tables(body, lambda *_: 1)
    if marker in _JPEG_FRAMES:
        return _whole(body, 6 + 3 * body[5])
    if marker == 0xDA:
        return _whole(body, 4 + 2 * body[0])
    return _whole(body, 2) if marker in (0xDC, 0xDD) else None


def _tables(body: bytes, size: Callable[[int, bytes], int]) -> bytes:
    """Return the tables of a segment, the newest of each name: one head and as many bytes as `size` says."""
    found, at = dict[int, bytes](), 0
    while at < len(body) and body[at] & 0x0F < 4 and body[at] >> 4 < 2:
        n = size(body[at], body[at + 1 :])
        found.pop(body[at], None)
        found[body[at]] = _whole(body[at:], n + 1)
        at += n + 1
    return b"".join(found.values())


def _whole(body: bytes, length: int) -> bytes:
    if len(body) < length:
        raise ValueError("a part ends early")
    return body[:length]


# PNG.

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PNG_LENGTHS = {b"IHDR": 13, b"gAMA": 4, b"sRGB": 1, b"acTL": 8, b"IEND": 0}
_FRAME = (b"fcTL", b"fdAT")
_KNOWN = {*_PNG_LENGTHS, *_FRAME, b"IDAT", b"PLTE", b"tRNS"}
_PASSES = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))


def png(data: bytes) -> bytes:
    """Return a cleaned PNG of the parts that draw it, each once; without its colour profile."""
    parts = _png_parts(data)
    head = next(bytes(body) for name, body in parts if name == b"IHDR")
    palette = next((len(body) // 3 for name, body in parts if name == b"PLTE"), 0)
    out, seen, size, number = bytearray(data[:8]), set[bytes](), head[:8], 0
    for name, body in parts:
        kept: bytes | None
        if name in seen and name not in _FRAME:
            continue
        if name == b"fcTL":
            # Parts of an animation are numbered: anew, because several of one frame became one.
            size, kept = bytes(body[4:12]), struct.pack(">I", number) + _whole(bytes(body), 26)[4:]
        elif name == b"fdAT":
            kept = struct.pack(">I", number) + _pixels(bytes(body), head, size)
        elif name == b"IDAT":
            kept = _pixels(bytes(body), head, head[:8])
        else:
            kept = _png_part(name, bytes(body), head, palette)
        if kept is not None:
            seen.add(name)
            number += name in _FRAME
            out += struct.pack(">I", len(kept)) + name + kept + struct.pack(">I", zlib.crc32(name + kept))
    return bytes(out)


def _png_parts(data: bytes) -> list[tuple[bytes, bytearray]]:
    """Return the parts that may draw a picture, pixels that follow one another as one part and without their numbers."""
    found: list[tuple[bytes, bytearray]] = []
    at, name = 8, b""
    while name != b"IEND":
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], _whole(data[at + 8 : at + 8 + length], length)
        at += 12 + length
        if name not in _KNOWN:
            continue
        body = body[4:] if name == b"fdAT" else body
        if found and found[-1][0] == name and name in (b"IDAT", b"fdAT"):
            found[-1][1].extend(body)
        else:
            found.append((name, bytearray(body)))
    return found


def _png_part(name: bytes, body: bytes, head: bytes, palette: int) -> bytes | None:
    if name in _PNG_LENGTHS:
        return _whole(body, _PNG_LENGTHS[name])
    depth, color = head[8], head[9]
    if name == b"PLTE" and color == 3:
        return body[: 3 * min(len(body) // 3, 2**depth)]
    if name == b"tRNS" and color in (0, 2, 3):
        return body[: min(palette, 2**depth)] if color == 3 else _whole(body, 2 * _CHANNELS[color])
    return None


def _pixels(packed: bytes, head: bytes, size: bytes) -> bytes:
    """Return compressed pixels without what comes after them, or after as many as the picture has; `size` is width and height."""
    wanted, found, rest = _raw_size(head, *struct.unpack(">II", size)), 0, packed
    reader = zlib.decompressobj()
    try:
        while rest and not reader.eof and found <= wanted:
            found += len(reader.decompress(rest, 1 << 20))
            rest = reader.unconsumed_tail
        if found > wanted:
            return zlib.compress(zlib.decompressobj().decompress(packed, wanted)) if wanted else b""
    except zlib.error as error:
        raise ValueError("no pixels") from error
    return packed[: len(packed) - len(reader.unused_data)]


def _raw_size(head: bytes, width: int, height: int) -> int:
    """Return how many bytes the pixels of a picture are before they are compressed."""
    bits = head[8] * _CHANNELS.get(head[9], 4)

    def rows(wide: int, high: int) -> int:
        return high * (1 + (wide * bits + 7) // 8) if wide > 0 else 0

    if not head[12]:
        return rows(width, height)
    return sum(
        rows(-(-(width - left) // across), -(-(height - top) // down))
        for left, across, top, down in _PASSES
        if height > top
    )


# WebP.


def webp(data: bytes) -> bytes:
    """Return a cleaned WebP of its frames, each part once and unknown parts of a frame left out."""
    out = b"WEBP" + _webp_parts(data[12:])
    return b"RIFF" + struct.pack("<I", len(out)) + out


def _webp_parts(data: bytes, *, frame: bool = False) -> bytes:
    out, at, seen = bytearray(), 0, set[bytes]()
    while at + 8 <= len(data):
        name = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        kept = None if name in seen else _webp_part(name, _whole(data[at + 8 :], length), frame)
        if kept is not None:
            if name != b"ANMF":
                # Pixels are there once, whichever way they are stored.
                seen |= {b"VP8 ", b"VP8L"} if name in (b"VP8 ", b"VP8L") else {name}
            out += name + struct.pack("<I", len(kept)) + kept + b"\0" * (len(kept) % 2)
        at += 8 + length + length % 2
    return bytes(out)


def _webp_part(name: bytes, body: bytes, frame: bool) -> bytes | None:
    if name in (b"VP8 ", b"VP8L", b"ALPH"):
        return body
    if frame:
        return None
    if name == b"VP8X":
        # Alpha and animation; no profile, no text; three bytes that are nobody's are zero.
        return bytes([body[0] & 0x12, 0, 0, 0]) + _whole(body, 10)[4:]
    if name == b"ANIM":
        return _whole(body, 6)
    return _whole(body, 16) + _webp_parts(body[16:], frame=True) if name == b"ANMF" else None


# GIF.


def gif(data: bytes) -> bytes:
    """Return a GIF of its pictures, how each is shown, and how often it repeats; without comments, texts and programs' blocks."""
    table = 3 * 2 ** ((data[10] & 7) + 1) if data[10] & 0x80 else 0
    at = 13 + table
    out = bytearray(data[:at])
    while data[at] != 0x3B:
        begins = at
        if data[at] == 0x21:
            at = _past_blocks(data, at + 2)
            out += _gif_extension(data[begins:at])
        elif data[at] == 0x2C:
            own = 3 * 2 ** ((data[at + 9] & 7) + 1) if data[at + 9] & 0x80 else 0
            at = _past_blocks(data, at + 11 + own)
            out += data[begins:at]
        else:
            raise ValueError("no block of a picture")
    return bytes(out + b"\x3b")


def _gif_extension(block: bytes) -> bytes:
    """Return an extension at its own length; nothing for one that no picture needs."""
    if block[1] == 0xF9:
        return b"\x21\xf9\x04" + _whole(block[3:], 4)[:4] + b"\0" if block[2] == 4 else b""
    if block.startswith(b"\x21\xff\x0bNETSCAPE2.0\x03\x01"):
        return _whole(block, 18) + b"\0"
    return b""


def _past_blocks(data: bytes, at: int) -> int:
    """Return where the chain of blocks that begins here ends."""
    while data[at]:
        at += data[at] + 1
    return at + 1


MAKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "image/jpeg": jpeg,
    "image/png": png,
    "image/webp": webp,
    "image/gif": gif,
}
