"""Decompressing ``.Z`` files of Unix ``compress``, in bounded memory.

Codes of 9 to 16 bits lie in groups of eight, lowest bits first. When the width grows, or the table is cleared, the rest
of the group is padding. The format has neither checksum nor end mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

MAGIC = b"\x1f\x9d"
_CLEAR = 256
#: the table of strings is larger than this only in a file made to fill the memory
_LARGEST_TABLE = 256 << 20
#: size of the blocks that are given
_BLOCK = 1 << 20


def decompress(read: Callable[[], bytes]) -> Iterator[bytes]:
    """Give the contents in blocks; *read* gives the next compressed bytes, none at the end. ValueError when damaged."""
    data = read()
    while len(data) < 3 and (more := read()):
        data += more
    if not data.startswith(MAGIC) or len(data) < 3 or data[2] & 0x60 or not 9 <= data[2] & 0x1F <= 16:
        raise ValueError("the header of the .Z file is not valid")
    # a widest code of 9 bits means 10, as compress has it
    widest, has_clear = max(data[2] & 0x1F, 10), bool(data[2] & 0x80)
    first_free = _CLEAR + 1 if has_clear else _CLEAR
    table = [bytes((byte,)) for byte in range(256)] + [b""] * (first_free - 256)
    table_size = 0
    width = 9
    last = b""
    at = 3
    blocks: list[bytes] = []
    size = 0
    while True:
        while len(data) - at < width and (more := read()):
            data, at = data[at:] + more, 0
        group = data[at : at + width]
        at += width
        count = len(group) * 8 // width
        if count == 0:
            break
        bits = int.from_bytes(group, "little")
        for _ in range(count):
            code = bits & ((1 << width) - 1)
            bits >>= width
            if code == _CLEAR and has_clear:
                del table[first_free:]
                table_size, width, last = 0, 9, b""
                break
            if code < len(table):
                text = table[code]
            elif code == len(table) and last:
                text = last + last[:1]
            else:
                raise ValueError(f"code {code} has no meaning here")
            blocks.append(text)
            size += len(text)
            if last and len(table) < 1 << widest:
                table.append(last + text[:1])
                table_size += len(last) + 1
            last = text
            if len(table) == 1 << width and width < widest:
                width += 1
                break
        if table_size > _LARGEST_TABLE:
            raise ValueError("its strings are longer than in any real file")
        if size >= _BLOCK:
            yield b"".join(blocks)
            blocks, size = [], 0
    yield b"".join(blocks)
