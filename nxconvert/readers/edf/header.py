"""The text of EDF headers: where it ends, and which items it has.

A header as SPEC writes it::

    {
    HeaderID       = EH:000001:000000:000000 ;
    ByteOrder      = LowByteFirst ;
    DataType       = UnsignedShort ;
    Dim_1          = 256 ;
    Size           = 131072 ;
    motor_mne      =  del gam th ;
    title          = CCD Image ;
    (blanks up to a multiple of 512)
    }

Readers differ in what a semicolon means. Here a line ends an item when its last character but blanks is one; further
ones in a line belong to the value, except for the keys that describe the data, whose value ends at the first one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: keys that say how the data lie, by lower-case name
STRUCTURAL = frozenset(
    [
        b"byteorder",
        b"datatype",
        b"size",
        b"compression",
        b"num_images",
        b"edf_binarysize",
        b"edf_headersize",
        b"edf_blockboundary",
        b"edf_binaryfilename",
        b"edf_binaryfileposition",
        b"edf_binaryfilesize",
        b"edf_dataformatversion",
        *(b"dim_%d" % number for number in range(1, 10)),
    ]
)
#: keys with which headers begin
_FIRST = rb"(?:HeaderID|EDF_\w+|ByteOrder|DataType|Dim_\d|Image|Size|VersionNumber|Compression)"
_BLOCK = re.compile(rb"[\s\0]*\{\s*" + _FIRST + rb"\s*=", re.IGNORECASE)
_SEARCHED = re.compile(rb"\{\s*" + _FIRST + rb"\s*=", re.IGNORECASE)
#: what fills headers up
FILL = b" \t\r\n\0\xcd"
_KEY = re.compile(rb"\s*([^\s=;{}][^=;{}\n]{0,120}?)\s*=")
_INNER = re.compile(rb";\s*(?:" + b"|".join(sorted(STRUCTURAL, reverse=True)) + rb")\s*=", re.IGNORECASE)

#: no header is longer
LONGEST = 16 << 20
#: so many places that may be the end of a header are told
_ENDS = 16
#: so many are looked at
_MOST_ENDS = 100_000


@dataclass(slots=True)
class Item:
    """A key and its value as they stand in lines *first* to *last* of the header; *alone*: nothing else is there."""

    key: bytes
    value: bytes
    first: int
    last: int
    alone: bool


def begins_block(data: bytes, first_key: bytes = b"") -> bool:
    """Tell whether *data* begins (after white space) with a header; its first key is a known one or *first_key*."""
    if _BLOCK.match(data):
        return True
    if not first_key:
        return False
    match = re.match(rb"[\s\0]*\{" + _KEY.pattern, data)
    return match is not None and match[1] == first_key


def may_begin_block(data: bytes) -> bool:
    """Tell whether *data* is the beginning of a header that breaks off before its first equals sign."""
    return _BROKEN.fullmatch(data) is not None


_BROKEN = re.compile(rb"\{\s*[A-Za-z_][\w ]{0,40}|\{\s{0,4}")


def find_block(data: bytes) -> int:
    """Give where in *data* a header with a known first key begins, -1 where none does."""
    match = _SEARCHED.search(data)
    return -1 if match is None else match.start()


def describes_data(data: bytes) -> bool:
    """Tell whether items of a header are in *data*."""
    return _DESCRIBES.search(data) is not None


_DESCRIBES = re.compile(rb"[\n{;]\s*(?:Dim_1|DataType|ByteOrder)\s*=[^\n;]*;", re.IGNORECASE)


def find_ends(data: bytes, begin: int) -> list[int]:
    """Give where the header that begins at *begin* of *data* may end: after each closing brace at the end of a line.

    The first one that stands after an item or another opening brace is the last in the list; one before it probably
    ends a value. Nothing where there is none such, for *data* may be too short.
    """
    ends: list[int] = []
    for count, match in enumerate(_ANY_END.finditer(data, begin)):
        at, end = match.span()
        if len(ends) < _ENDS:
            ends.append(end)
        before = data[max(begin, at - 64) : at].rstrip(FILL) or data[max(begin, at - LONGEST) : at].rstrip(FILL)
        if before[-1:] in (b";", b"{"):
            return ends if ends[-1] == end else [*ends, end]
        if count > _MOST_ENDS:
            break
    return []


def weak_ends(data: bytes, begin: int) -> list[int]:
    """Give where a header may end whose last item lacks its semicolon."""
    return [match.end() for match, _ in zip(_ANY_END.finditer(data, begin), range(_ENDS), strict=False)]


_ANY_END = re.compile(rb"\}(?:\r?\n|\r)")


def parse(lines: list[bytes]) -> list[Item]:
    """Read the items of a header, given as its lines with braces; lines that are no items are passed over."""
    items: list[Item] = []
    number, count = 0, len(lines)
    while number < count:
        first = number
        text = lines[number].strip(FILL)
        if first == 0:
            text = text.removeprefix(b"{").lstrip(FILL)
        number += 1
        if not text or text == b"}":
            continue
        # a value may go on over lines until one ends in a semicolon
        while not text.endswith(b";") and not _ends_here(text, lines, number):
            text = text.removesuffix(b"\\").rstrip(FILL) + b"\n" + lines[number].strip(FILL)
            number += 1
        _add(items, text, first, number - 1)
    return items


def _ends_here(text: bytes, lines: list[bytes], number: int) -> bool:
    """Tell whether an item without a semicolon at its end ends all the same before the line *number*."""
    if b"=" not in text or number >= len(lines):
        return True
    following = lines[number].strip(FILL)
    match = _KEY.match(following)
    if match is None:
        # blank lines and the closing brace are no part of a value, unless it still goes on
        return following in (b"", b"}") and not any(line.strip(FILL + b"}") for line in lines[number:])
    # what follows a semicolon is a comment; and where one is forgotten, a key that describes the data is not swallowed
    return b";" in text or match[1].lower() in STRUCTURAL


def _add(items: list[Item], text: bytes, first: int, last: int) -> None:
    """Add the items of a line: one, except for keys that describe the data, which may share theirs."""
    begin = len(items)
    alone = first == last
    while text:
        match = _KEY.match(text)
        if match is None:  # a comment, or an item without a key
            alone = False
            break
        key, value, text = match[1], text[match.end() :], b""
        if key.lower() in STRUCTURAL:
            value, _, text = value.partition(b";")
        elif inner := _INNER.search(value):
            value, text = value[: inner.start()], value[inner.start() :]
        elif b";" in value:
            value = value[: value.rindex(b";")]
        items.append(Item(key, value.strip(FILL), first, last, alone))
        text = text.strip(FILL + b";")
    for item in items[begin:]:
        item.alone = alone and len(items) == begin + 1


def decode(data: bytes) -> str:
    """Give text from bytes of unknown encoding: UTF-8 where it is that, else latin-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def decode_all(texts: Sequence[bytes]) -> list[str]:
    """Give many texts from bytes of unknown encoding, each in its own."""
    try:
        return [*map(bytes.decode, texts)]
    except UnicodeDecodeError:
        return [*map(decode, texts)]
