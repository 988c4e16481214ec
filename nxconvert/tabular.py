"""What exporters share: the columns of a scan as a table of numbers, and what a format has no place for."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

import numpy as np

from nxconvert.arrays import Array, LazyArray, TableArray
from nxconvert.digits import column_text
from nxconvert.registry import Setting
from nxconvert.scan import Field, Scan

#: cells that are text at one time, whatever the number of columns: about 8 MiB
CELLS = 1 << 16
#: names that one sentence lists
_LISTED = 8


def read_format(text: str) -> str:
    """Check a format such as ``%.6g``; ValueError says what was expected."""
    if not re.fullmatch(r"%[-+ 0#]{0,5}\d{0,2}(\.\d{1,2})?[eEfFgG]", text):
        raise ValueError("a format of one number such as %.6g or %12.5e was expected")
    return text


def read_precision(text: str) -> str:
    """Turn a number of digits into a format; ValueError says what was expected."""
    if not text.isdecimal() or not 1 <= int(text) <= 17:
        raise ValueError("a number of digits from 1 to 17 was expected")
    return f"%.{int(text)}g"


#: how floats are written; the value is a printf format, empty for the shortest exact text
PRECISION = Setting(
    "precision", "Significant digits of floats. Default: all that it takes.", "", "DIGITS", read=read_precision
)


def numbers(field: Field) -> Array | LazyArray | None:
    """Give the values of a field that is one number per point, None for others."""
    value = field.value
    if not isinstance(value, (np.ndarray, LazyArray)) or value.ndim != 1:
        return None
    # a long double has digits that a double would cut off
    return value if value.dtype.kind in "biuf" and value.dtype.itemsize <= 8 else None


def table(scan: Scan) -> dict[str, Array | LazyArray]:
    """Give the columns that are one number per point, by name."""
    return {name: value for name, field in scan.columns.items() if (value := numbers(field)) is not None}


def aligned(values: Sequence[Array | LazyArray], rows: int) -> Iterator[list[Array]]:
    """Give blocks of *rows* rows (the last one may be shorter) of arrays that are equally long.

    The arrays may come in blocks of any lengths; those of one table are read in one pass.
    """
    sources = feeds(values)
    total = values[0].shape[0] if values else 0
    for begin in range(0, total, rows):
        count = min(rows, total - begin)
        yield [feed.take(count) for feed in sources]


class Feed:
    """Gives the values of one array in pieces of any length."""

    def __init__(self, blocks: Iterator[Array]) -> None:
        self._blocks = blocks
        self.parts: list[Array] = []
        self.count = 0

    def add(self, block: Array) -> None:
        """Take a block that was read."""
        if len(block):
            self.parts.append(block)
            self.count += len(block)

    def more(self) -> None:
        """Read one more block."""
        self.add(next(self._blocks))

    def take(self, count: int) -> Array:
        """Give the next *count* values; there must be so many."""
        while self.count < count:
            self.more()
        taken: list[Array] = []
        self.count -= count
        while count:
            part = self.parts[0]
            if len(part) > count:
                taken.append(part[:count])
                self.parts[0] = part[count:]
                break
            taken.append(self.parts.pop(0))
            count -= len(part)
        return taken[0] if len(taken) == 1 else np.concatenate(taken)


class _TableFeed(Feed):
    """One array of a table; whichever of them needs more reads on for all."""

    def __init__(self, shared: Iterator[dict[str, Array]], feeds: dict[str, Feed]) -> None:
        super().__init__(iter(()))
        self._shared = shared
        self._feeds = feeds

    def more(self) -> None:
        for key, block in next(self._shared).items():
            if key in self._feeds:
                self._feeds[key].add(block)


def feeds(values: Sequence[Array | LazyArray]) -> list[Feed]:
    """Make arrays readable in pieces of any length; those of one table are read in one pass."""
    made: list[Feed] = []
    tables: dict[int, tuple[Iterator[dict[str, Array]], dict[str, Feed]]] = {}
    for value in values:
        if isinstance(value, TableArray):
            shared, members = tables.setdefault(id(value.table), (value.table.blocks(), {}))
            if value.key not in members:  # an array that is wanted twice is read twice
                members[value.key] = _TableFeed(shared, members)
                made.append(members[value.key])
                continue
        made.append(Feed(value.blocks() if isinstance(value, LazyArray) else iter([value])))
    return made


def table_text(values: Sequence[Array | LazyArray], separator: str, form: str = "") -> Iterator[str]:
    """Give the rows of equally long columns as text, about 8 MiB at a time, each line with its end."""
    for block in aligned(values, max(1, CELLS // max(1, len(values)))):
        yield column_text(block, separator.encode(), form).decode()


def images(scan: Scan) -> dict[str, Field]:
    """Give the fields that are images, or stacks of them: by the name of the detector, or of the column."""
    found = {}
    for name, fields in scan.detectors.items():
        for item, field in fields.items():
            if is_image(field):
                found[name if item == "data" else f"{name}.{item}"] = field
    return found | {name: field for name, field in scan.columns.items() if is_image(field)}


def is_image(field: Field) -> bool:
    """Tell whether a field is an image or a stack of them."""
    value = field.value
    if not isinstance(value, (np.ndarray, LazyArray)):
        return False
    return value.ndim > 2 or (value.ndim == 2 and field.dims[-2:] == ("y", "x"))


def without_images(scan: Scan) -> Scan:
    """Give the scan without its images."""
    detectors = {}
    for name, fields in scan.detectors.items():
        rest = {item: field for item, field in fields.items() if not is_image(field)}
        if rest.keys() == fields.keys() or "data" in rest:
            detectors[name] = rest
    columns = {name: field for name, field in scan.columns.items() if not is_image(field)}
    return replace(scan, columns=columns, detectors=detectors)


def losses(name: str, scan: Scan, held: Container[str] = ()) -> list[str]:
    """Say, one sentence for each kind, what a scan has and the format called *name* has no place for.

    *held* names the kinds that it has a place for.
    """
    columns = table(scan)
    found = {
        "detectors": [key for key, fields in scan.detectors.items() if not held_as_columns(scan, fields)],
        "positioners": list(scan.positioners),
        "headers": list(scan.notes),
        "columns that are not one number per point": [key for key in scan.columns if key not in columns],
        "units": [key for key in columns if scan.columns[key].units],
        "sample": list(scan.sample),
        "user": list(scan.user),
        "instrument": list(scan.instrument),
        "monitor": list(scan.monitor),
        "metadata": list(scan.metadata),
    }
    return [
        f"{name} has no place for {kind}: {listed(names)}"
        for kind, names in found.items()
        if names and kind not in held
    ]


def held_as_columns(scan: Scan, fields: dict[str, Field]) -> bool:
    """Tell whether all that is known of a detector stands in columns."""
    columns = {id(field) for field in scan.columns.values()}
    return bool(fields) and all(id(field) in columns for field in fields.values())


def listed(names: Sequence[str]) -> str:
    """Give names in quotes, cut at eight."""
    text = ", ".join(f"'{name}'" for name in names[:_LISTED])
    return f"{text} and {len(names) - _LISTED} more" if len(names) > _LISTED else text
