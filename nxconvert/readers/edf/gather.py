"""The values of every header key over many frames: what is the same in all of them, and what changes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import attrgetter
from typing import Any

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.numtext import parse_columns, parse_lists, parse_tokens
from nxconvert.readers.edf.frames import EdfFrame
from nxconvert.readers.edf.header import Item, decode, decode_all
from nxconvert.readers.edf.store import Layout, values_in

#: a number with its unit as the SAXS programs write it, ``172e-6_m``
_WITH_UNIT = re.compile(rb"\s*([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)_([A-Za-z]+)\s*")
_UNITS = {
    b"m",
    b"cm",
    b"mm",
    b"um",
    b"nm",
    b"pm",
    b"deg",
    b"rad",
    b"mrad",
    b"s",
    b"ms",
    b"us",
    b"eV",
    b"keV",
    b"K",
    b"mA",
}


@dataclass(slots=True)
class Values:
    """The texts that a key has, each once, and by frame which of them; -1 where the frame has none."""

    texts: list[bytes]
    index: Array

    @property
    def constant(self) -> bool:
        """Tell whether all frames have the same text."""
        return len(self.texts) == 1 and not (self.index < 0).any()

    def text(self) -> list[str]:
        """Give the text of each frame, empty where it has none."""
        texts = decode_all(self.texts)
        if np.array_equal(self.index, np.arange(len(texts))):
            return texts
        texts.append("")
        return [texts[at] for at in self.index.tolist()]

    def numbers(self) -> tuple[Array, str | None] | None:
        """Give the numbers of each frame, shape (frames,) or (frames, count), and their unit; None for text.

        dtype int64 or uint64 where every token is an integer and no frame lacks its value, else float64 with nan.
        """
        found = numbers_of(self.texts)
        if found is None:
            return None
        numbers, units, used = found
        index = self.index
        if self.constant:
            result = np.broadcast_to(numbers, (len(index), numbers.shape[1]))
            return result[:, 0] if result.shape[1] == 1 else result, units
        if not used.all():  # empty texts are no values
            index = np.where(index < 0, -1, np.where(used, np.cumsum(used) - 1, -1)[index])
        missing = index < 0
        if missing.any() and numbers.dtype.kind != "f":
            if np.abs(numbers.astype(np.float64)).max() > 2**53:
                return None
            numbers = numbers.astype(np.float64)
        result = numbers[index]
        if missing.any():
            result[missing] = np.nan
        return result[:, 0] if result.shape[1] == 1 else result, units


def numbers_of(texts: Sequence[bytes]) -> tuple[Array, str | None, Array] | None:
    """Read numbers, one or more in each text: shape (texts that are not empty, count), unit, which texts are used.

    None where one is no number, or they differ in how many there are or in their unit.
    """
    if all(map(bytes.strip, texts)):
        used, filled = np.ones(len(texts), bool), list(texts)
    else:
        used = np.array([bool(text) for text in map(bytes.strip, texts)])
        filled = list(compress(texts, used))
    if not filled:
        return None
    if filled[0][:1] == b"[":
        filled = [text.strip(b"[] ").replace(b",", b" ") for text in filled]
    units = None
    if b"_" in filled[0]:
        matches = [_WITH_UNIT.fullmatch(text) for text in filled]
        names = {match[2] if match else b"" for match in matches}
        if len(names) != 1 or not names <= _UNITS:
            return None
        units = names.pop().decode()
        filled = [match[1] for match in matches if match]
    # most items are words, which the first one tells already
    if parse_lists(filled[:1]) is None or b"\n" in b"".join(filled):
        return None
    numbers = parse_lists(filled)
    return None if numbers is None else (numbers, units, used)


def gather(frames: Sequence[EdfFrame | None]) -> dict[str, Values]:
    """Give the values of every key, in the order of the headers; frames that are missing (None) take part in no way.

    Of a key that stands twice in one header the last value counts, as for all readers.
    """
    count = len(frames)
    layouts = by_layout(frames).values()
    present = np.concatenate([places for _, places, _ in layouts])
    result: dict[str, Values] = {}
    for layout, places, rows in layouts:
        where = slice(None) if len(places) == count else places
        for key, texts, index in _of_layout(layout, rows):
            values = result.get(key)
            if values is None:
                values = result[key] = Values([], np.full(count, -1, np.int64))
            values.index[where] = index + len(values.texts)
            values.texts += texts
    for values in result.values():
        _unify(values)
        if len(present) < count and len(values.texts) == 1 and (values.index[present] == 0).all():
            values.index[:] = 0  # a frame that is missing does not make a constant vary
    return result


def by_layout(frames: Sequence[EdfFrame | None]) -> dict[int, tuple[Layout, Array, Array]]:
    """Give the layouts of the frames' headers, each with the positions of its frames and their rows in it."""
    present = [frame for frame in frames if frame is not None]
    whole = len(present) == len(frames)
    positions = np.arange(len(frames)) if whole else np.flatnonzero([frame is not None for frame in frames])
    rows = np.fromiter(map(attrgetter("row"), present), np.int64, len(present))
    own_layouts = [*map(attrgetter("layout"), present)]
    layouts = {id(layout): layout for layout in dict.fromkeys(own_layouts)}
    if len(layouts) == 1:
        return {key: (layout, positions, rows) for key, layout in layouts.items()}
    keys = np.fromiter(map(id, own_layouts), np.int64, len(present))
    order = np.argsort(keys, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)
    own = {int(keys[part[0]]): part for part in parts}
    return {key: (layout, positions[own[key]], rows[own[key]]) for key, layout in layouts.items()}


def _of_layout(layout: Layout, rows: Array) -> Iterator[tuple[str, list[bytes], Array | int]]:
    """Give for each key of a layout its different texts, and which of them each row has."""
    own = {item.key: item for item in layout.items}
    lower = {key.lower() for key in own}
    items: list[Item] = [item for item in layout.inherited if item.key.lower() not in lower]
    for item in [*items, *own.values()]:
        column = layout.columns.get(item.first) if item.alone and own.get(item.key) is item else None
        if column is None:
            yield decode(item.key), [item.value], 0
            continue
        used, index = _used(column.places(rows), len(column.lines))
        yield decode(item.key), values_in(_chosen(column.lines, used)), index


def _used(places: Array, count: int) -> tuple[Array, Array]:
    """Give which of *count* texts are used at all, in order, and which of those each place is."""
    found = np.zeros(count, bool)
    found[places] = True
    return np.flatnonzero(found), places if found.all() else np.cumsum(found)[places] - 1


def _chosen(texts: list[bytes], used: Array) -> list[bytes]:
    return texts if len(used) == len(texts) else [texts[at] for at in used.tolist()]


def _unify(values: Values) -> None:
    """Keep each text once."""
    if len(values.texts) > 1:
        different = dict.fromkeys(values.texts)
        if len(different) < len(values.texts):
            places = {text: place for place, text in enumerate(different)}
            order = np.array([places[text] for text in values.texts])
            values.texts = list(different)
            values.index = np.where(values.index < 0, -1, order[values.index])


def pairs(names: Values, positions: Values) -> tuple[dict[str, Array | list[str]], str]:
    """Pair names with positions (``motor_mne``, ``motor_pos``): by name an array over all frames.

    Names that come twice get ``_1``. dtype int64 where every token is an integer, float64 with nan where a frame has
    no value, text where one is no number. Also gives what does not fit, in words.
    """
    count = len(names.index)
    odd = ""
    result: dict[str, Array | list[str]] = {}
    for name_at, text in enumerate(names.texts):
        own = _unique_names(decode(text).split())
        here = (names.index == name_at) & (positions.index >= 0)
        used, index = _used(positions.index[here], len(positions.texts))
        columns, width = _columns(_chosen(positions.texts, used), len(own))
        if width != len(own):
            odd = f"{len(own)} names and {width} values"
        for name, values in zip(own, columns, strict=True):
            before = result.get(name)
            if isinstance(values, list) or isinstance(before, list):
                listed = _as_texts(before, count)
                texts = values if isinstance(values, list) else _as_texts(values, len(values))
                for frame, at in zip(np.flatnonzero(here), index, strict=True):
                    listed[frame] = texts[at]
                result[name] = listed
            elif here.all():
                result[name] = _take(values, index)
            else:
                array = np.full(count, np.nan) if before is None else before
                array[here] = _take(values, index)
                result[name] = array
    return result, odd


def _take(values: Array, index: Array) -> Array:
    """Give the values at these places; one number for all remains one."""
    if values.strides == (0,):
        return values if len(values) == len(index) else np.broadcast_to(values[:1], index.shape)
    return values[index]


def _as_texts(values: Array | list[str] | None, count: int) -> list[str]:
    """Give values as text, where text stands among them; nan is no value."""
    if values is None:
        return [""] * count
    return (
        values if isinstance(values, list) else ["" if math.isnan(value) else str(value) for value in values.tolist()]
    )


def _columns(texts: list[bytes], count: int) -> tuple[list[Array | list[str]], int]:
    """Read *count* columns of numbers out of rows of text, and tell how many values the rows have.

    A column with a word in it stays text.
    """
    found = parse_columns(texts)
    if found is not None and len(found) == count:
        return [*found], count
    rows = [text.split() for text in texts]
    widths = {len(row) for row in rows}
    width = next(iter(sorted(widths - {count})), count)
    columns: list[Array | list[str]] = []
    for at in range(count):
        tokens = [row[at] if at < len(row) else b"" for row in rows]
        numbers = parse_lists(tokens) if tokens and b"" not in tokens else None
        if numbers is not None:
            columns.append(numbers[:, 0])
            continue
        values, _, words = parse_tokens(tokens)
        columns.append([decode(token) for token in tokens] if any(tokens[at] for at in words) else np.array(values))
    return columns, width


def _unique_names(words: Iterable[str]) -> list[str]:
    from nxconvert.scan import free_name

    names: dict[str, None] = {}
    for word in words:
        names[free_name(word, names)] = None
    return list(names)


class HeaderTexts(LazyArray):
    """The headers of many frames word for word: text of fixed length in UTF-8, shape (frames,)."""

    def __init__(self, frames: Sequence[EdfFrame | None]) -> None:
        self.shape = (len(frames),)
        self._layouts = [*by_layout(frames).values()]
        self._ascii = all(map(_is_ascii, (layout for layout, _, _ in self._layouts)))
        longest = max(_longest(layout, rows, self._ascii) for layout, _, rows in self._layouts)
        self.dtype = np.dtype(f"S{longest}")

    def blocks(self) -> Iterator[Array]:
        """Give some hundred headers at a time."""
        step = max(1, (1 << 20) // self.dtype.itemsize)
        for first in range(0, self.shape[0], step):
            block = np.zeros(min(step, self.shape[0] - first), self.dtype)
            for layout, places, rows in self._layouts:
                some = slice(*np.searchsorted(places, (first, first + step)))
                texts = layout.texts(rows[some])
                if not self._ascii:
                    texts = [decode(text).encode() for text in texts]
                lengths = {*map(len, texts)}
                # texts of one length are taken at once, as numpy takes a list only one by one
                whole = np.frombuffer(b"".join(texts), f"S{lengths.pop()}") if len(lengths) == 1 else texts
                block[places[some] - first] = whole
            yield block


def _is_ascii(layout: Layout) -> bool:
    """Tell whether all headers of a layout are plain ASCII."""
    lines = (layout.lines, *(column.lines for column in layout.columns.values()))
    return all(b"".join(texts).isascii() for texts in lines)


def _longest(layout: Layout, rows: Array, is_ascii: bool) -> int:
    """Give the length of the longest of these headers in UTF-8."""
    if not is_ascii:
        return max(len(decode(layout.text(row)).encode()) for row in rows.tolist())
    lengths = np.full(len(rows), len(b"\n".join(layout.lines)))
    for number, column in layout.columns.items():
        lengths += np.array([*map(len, column.lines)])[column.places(rows)] - len(layout.lines[number])
    return int(lengths.max())


def scalar(value: Any) -> Any:
    """Give a scalar of an array as a number of Python."""
    return value.item() if isinstance(value, (np.generic, np.ndarray)) else value
