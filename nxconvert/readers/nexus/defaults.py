"""What a file says is to be plotted: its NXdata groups along the default chain, of which any part can be read.

NeXus manual, chapter "Find the default plottable data": ``@default`` leads from the root through an NXentry and
further groups to an NXdata. Where it is not given, the first NXdata of an entry is taken, else the first one further
down; a file without any NXentry is one entry as a whole.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from nxconvert.arrays import Array
from nxconvert.errors import Problem, ReadError
from nxconvert.readers.nexus.files import DAMAGE, first_line
from nxconvert.readers.nexus.nodes import Data, Group
from nxconvert.readers.nexus.plots import _axes, _signal, _words
from nxconvert.readers.nexus.reader import NexusFile
from nxconvert.readers.nexus.stored import Look, _Stored, look
from nxconvert.readers.nexus.values import Loader

#: groups of an entry that are looked at for an NXdata, and how deep
_MOST, _DEEPEST = 2000, 5
#: HDF5 reads a chunk whole: one of more bytes is not read for a picture
_LARGEST_CHUNK = 1 << 29


class Quantity:
    """A dataset that is drawn: ``name``, ``label`` with its units, ``shape`` and ``dtype``; ``part`` reads of it."""

    def __init__(self, data: Data, found: Look) -> None:
        self.name = data.name
        self.place = f"{data.file.path}:{data.path}"
        self.shape = found.shape
        self.dtype = found.dtype
        self.units = data.text_attribute("units") or ""
        self.long_name = data.text_attribute("long_name") or ""
        self.interpretation = data.text_attribute("interpretation") or ""
        self._stored = _Stored(data, found)
        self.chunks: tuple[int, ...] | None = self._stored._dataset.chunks

    @property
    def label(self) -> str:
        """The long name, else the name, with the units where it does not have them already."""
        text = self.long_name or self.name
        if not self.units or f"({self.units})" in text or f"[{self.units}]" in text:
            return text
        return f"{text} ({self.units})"

    def part(self, key: tuple[int | slice, ...]) -> Array:
        """Read a part; ReadError, with the place, where that fails."""
        if self.chunks is not None and math.prod(self.chunks) * self.dtype.itemsize > _LARGEST_CHUNK:
            size = math.prod(self.chunks) * self.dtype.itemsize
            raise ReadError.at(self.place, f"its chunks have {size} bytes each", f"at most {_LARGEST_CHUNK} expected")
        return self._stored.part(key)


@dataclass(slots=True, eq=False)
class Plottable:
    """An NXdata: the signal, one axis for each of its dimensions (None: an index), and what is drawn with them.

    ``more``: further signals of the same shape. ``errors``: uncertainties of the signal. ``points``: the coordinates
    x and y of a signal of one dimension that is scattered over a plane.
    """

    entry: str
    path: str
    title: str
    signal: Quantity
    axes: list[Quantity | None]
    more: list[Quantity] = field(default_factory=list)
    errors: Quantity | None = None
    points: tuple[Quantity, Quantity] | None = None


class PlotFile:
    """A NeXus file, of any origin, as what it has to be plotted; a context manager.

    Links are followed as in `NexusFile`: only into the folder of the file, and those of *roots*.
    """

    def __init__(self, path: str, roots: Sequence[str] = ()) -> None:
        self.path = path
        self._file = NexusFile(path, roots)
        self._session = self._file._session

    @property
    def problems(self) -> list[Problem]:
        """What was met on the way, such as links that lead nowhere."""
        return self._session.problems

    def entries(self) -> list[str]:
        """Give the names of what may have a plot: the entries, or the root (``/``) where there is none."""
        return self._file.entries() or ["/"]

    def default(self) -> str:
        """Give the name of the entry to which ``@default`` of the root leads, else of the first one."""
        names = self.entries()
        stated = (self._session.root.text_attribute("default") or "").strip("/")
        return next((name for name in names if stated == name or stated.startswith(f"{name}/")), names[0])

    def find(self, entry: str) -> Plottable:
        """Find the default plot of an entry; ReadError where it has none, with the reason."""
        self._session.begin([])
        place = f"{self.path}:/{entry.strip('/')}"
        try:
            group = self._session.root.at(entry)
            if not isinstance(group, Group):
                raise ReadError.at(place, "there is no such entry", hint="'nxconvert info' lists the entries")
            reason = "has no NXdata group"
            for data in _candidates(group):
                made = self._plottable(entry, group, data)
                if isinstance(made, Plottable):
                    return made
                reason = made if reason == "has no NXdata group" else reason
        except DAMAGE as error:
            raise ReadError.at(place, f"cannot be read: {first_line(error)}", hint="is the file damaged?") from error
        told = next((problem for problem in self.problems if problem.severity == "lost"), None)
        if told is not None:
            raise ReadError(told)
        raise ReadError.at(place, f"nothing to plot: {reason}", "an NXdata group with a signal of numbers expected")

    def _plottable(self, entry: str, group: Group, data: Group) -> Plottable | str:
        """Make a plot of an NXdata, or say why that cannot be."""
        name = _signal(data)
        if name is None:
            return f"'{data.path}' names no signal"
        signal = _quantity(data, name)
        if isinstance(signal, str):
            return signal
        if 0 in signal.shape:
            return f"'{data.path}/{name}' has no values"
        names = _axes(data, name, len(signal.shape))
        loader = Loader()
        titles = (loader.text(found) for found in (data.data("title"), group.data("title")) if found is not None)
        title = next(filter(None, titles), "")
        made = Plottable(entry, data.path, title, signal, _fitting(data, names, signal))
        if len(signal.shape) == 1:
            self._add_points(made, data, names)
        for word in _words(data.attribute("auxiliary_signals")):
            other = _quantity(data, word)
            if isinstance(other, Quantity) and other.shape == signal.shape:
                made.more.append(other)
        for word in (f"{name}_errors", "errors"):
            errors = _quantity(data, word)
            if isinstance(errors, Quantity) and errors.shape == signal.shape:
                made.errors = errors
                break
        return made

    def _add_points(self, made: Plottable, data: Group, names: list[str | None]) -> None:
        found = [_quantity(data, name) for name in names[:2] if name is not None]
        own = [item for item in found if isinstance(item, Quantity) and item.shape == made.signal.shape]
        if len(own) == 2:
            made.points = (own[0], own[1])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> PlotFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _quantity(group: Group, name: str) -> Quantity | str:
    """Give a dataset of numbers, or say why it is none."""
    data = group.data(name)
    found = None if data is None else look(data)
    if data is None or found is None:
        return f"'{group.path}/{name}' has no value that can be read"
    if found.text:
        return f"'{data.path}' holds text"
    return Quantity(data, found)


def _fitting(group: Group, names: list[str | None], signal: Quantity) -> list[Quantity | None]:
    """Give the axis of each dimension: as many values as the signal has there, or one more (the edges of bins)."""
    axes: list[Quantity | None] = []
    for name, length in zip(names, signal.shape, strict=False):
        found = None if name is None else _quantity(group, name)
        fits = isinstance(found, Quantity) and found.shape in ((length,), (length + 1,)) and found.dtype.kind in "iuf"
        axes.append(found if fits and isinstance(found, Quantity) else None)
    return axes


def _candidates(entry: Group) -> Iterator[Group]:
    """Give the NXdata groups of an entry: the one that ``@default`` leads to, then the others from the top down."""
    chosen = _default(entry)
    if chosen is not None:
        yield chosen
    waiting = deque([(entry, 0)])
    seen = {entry.key}
    while waiting and len(seen) < _MOST:
        group, depth = waiting.popleft()
        if group.nx_class == "NXdata" and (chosen is None or group.key != chosen.key):
            yield group
        if depth < _DEEPEST:
            for child in group.groups():
                if child.key not in seen:
                    seen.add(child.key)
                    waiting.append((child, depth + 1))


def _default(entry: Group) -> Group | None:
    group: Group | None = entry
    for _ in range(_DEEPEST):
        if group is None or group.nx_class == "NXdata":
            break
        name: Any = group.text_attribute("default")
        group = None if not name else (group.root() if name.startswith("/") else group).group(name)
    return group if group is not None and group.nx_class == "NXdata" else None
