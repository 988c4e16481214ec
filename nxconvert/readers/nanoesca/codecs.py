"""The size that a compressed stream within a TIFF image states of itself: its decoder would believe that alone.

Each function takes the beginning of a strip or tile and gives height and width, None where it cannot tell.
Source: ISO 10918-1 (JPEG), ISO 15444-1 A.5.1 and I.5 (JPEG 2000), PNG 1.2 section 11.2.2, ISO 18181-1 (JPEG XL: size
header, and 18181-2 for its boxes), Esri LERC (header of Lerc2).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

Size = tuple[int, int] | None
#: by the ratio that a JPEG XL stream states in place of its width: what the height is multiplied with and divided by
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


def jpeg(data: bytes) -> Size:
    """Look for the frame header."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return height, width
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def jpeg_2000(data: bytes) -> Size:
    """Take the size of the image and the offset in it from the segment SIZ, the first one."""
    stream = _in_boxes(data, b"jP  ", (b"jp2c",))
    if stream[:4] != b"\xff\x4f\xff\x51" or len(stream) < 24:
        return None
    x_end, y_end, x_start, y_start = struct.unpack_from(">4I", stream, 8)
    return y_end - y_start, x_end - x_start


def png(data: bytes) -> Size:
    """Take the first chunk, IHDR."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR" or len(data) < 24:
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return height, width


def lerc(data: bytes) -> Size:
    """Take the header of Lerc2, which has a checksum from version 3 on; streams compressed once more are not known."""
    if data[:6] != b"Lerc2 " or len(data) < 22:
        return None
    (version,) = struct.unpack_from("<i", data, 6)
    height, width = struct.unpack_from("<ii", data, 14 if version >= 3 else 10)
    return (height, width) if height > 0 and width > 0 else None


def jpeg_xl(data: bytes) -> Size:
    """Read the bits of the size header, the lowest of each byte first."""
    stream = _in_boxes(data, b"JXL ", (b"jxlc", b"jxlp"))
    if stream[:2] != b"\xff\x0a" or len(stream) < 12:
        return None
    bits = int.from_bytes(stream[2:12], "little")

    def take(count: int) -> int:
        nonlocal bits
        value = bits & ((1 << count) - 1)
        bits >>= count
        return value

    def side(is_small: int) -> int:
        return 8 * (take(5) + 1) if is_small else take((9, 13, 18, 30)[take(2)]) + 1

    is_small = take(1)
    height = side(is_small)
    ratio = take(3)
    if ratio == 0:
        return height, side(is_small)
    factor, divisor = _RATIOS[ratio]
    return height, height * factor // divisor


def _in_boxes(data: bytes, signature: bytes, wanted: tuple[bytes, ...]) -> bytes:
    """Give the content of the first box that is wanted; a bare stream as it is."""
    if data[4:8] != signature:
        return data
    at = 0
    while at + 16 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        if kind in wanted:
            return data[at + head + (4 if kind == b"jxlp" else 0) :]
        if size < head:
            break
        at += size
    return b""


NAMES = {
    7: "JPEG",
    **dict.fromkeys((33003, 33004, 33005, 34712), "JPEG 2000"),
    34887: "LERC",
    34933: "PNG",
    **dict.fromkeys((50002, 52546), "JPEG XL"),
}
_BY_NAME: dict[str, Callable[[bytes], Size]] = {
    "JPEG": jpeg,
    "JPEG 2000": jpeg_2000,
    "LERC": lerc,
    "PNG": png,
    "JPEG XL": jpeg_xl,
}
#: what tells the size, by the number of the compression in the directory
SIZES = {number: _BY_NAME[name] for number, name in NAMES.items()}
