"""The size that a compressed stream within a TIFF image states of itself: its decoder would believe that alone.

Each function takes the beginning of a strip or tile and the number of its bytes, and gives height and width, None
where it cannot tell.
Source: ISO 10918-1 (JPEG), ISO 15444-1 A.5.1 and I.5 (JPEG 2000), ISO 18181-1 (JPEG XL: size
header, and 18181-2 for its boxes), Esri LERC (header of Lerc2).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

Size = tuple[int, int] | None
#: by the ratio that a JPEG XL stream states in place of its width: what the height is multiplied with and divided by
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


def jpeg(data: bytes, _size: int) -> Size:
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


def jpeg_2000(data: bytes, _size: int) -> Size:
    """Take the size of the image and the offset in it from the segment SIZ, the first one."""
    stream = _in_boxes(data, b"jP  ", (b"jp2c",))
    if stream[:4] != b"\xff\x4f\xff\x51" or len(stream) < 24:
        return None
    x_end, y_end, x_start, y_start = struct.unpack_from(">4I", stream, 8)
    return y_end - y_start, x_end - x_start


def lerc(data: bytes, size: int) -> Size:
    """Take the header of the only blob of Lerc2, of one value for each pixel; what is compressed once more is unknown.

    After the version there is a checksum from version 3 on, after the size the number of values from version 4 on.
    """
    if data[:6] != b"Lerc2 " or len(data) < 40:
        return None
    (version,) = struct.unpack_from("<i", data, 6)
    at = 14 if version >= 3 else 10
    height, width, depth = struct.unpack_from("<iii", data, at)
    # behind the number of valid pixels and the size of a block
    (blob,) = struct.unpack_from("<i", data, at + (20 if version >= 4 else 16))
    if height <= 0 or width <= 0 or blob != size or (version >= 4 and depth != 1):
        return None
    return height, width


def jpeg_xl(data: bytes, _size: int) -> Size:
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
    **dict.fromkeys((50002, 52546), "JPEG XL"),
}
_BY_NAME: dict[str, Callable[[bytes, int], Size]] = {
    "JPEG": jpeg,
    "JPEG 2000": jpeg_2000,
    "LERC": lerc,
    "JPEG XL": jpeg_xl,
}
#: what tells the size, by the number of the compression in the directory
SIZES = {number: _BY_NAME[name] for number, name in NAMES.items()}
