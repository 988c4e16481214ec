"""The intermediate scan model: what was measured, in the words of NeXus, without any NeXus path.

A reader makes ``Scan`` objects, a mapping routes their fields into a tree, an exporter writes them as text. Names are
the source's own; making them legal for NeXus belongs to the mapping engine. A mapping refers to the fields by
namespace and name: ``columns.det``, ``positioners.th``, ``detectors.mca_0.data``, ``title``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, TypeVar

from nxconvert.arrays import Array, LazyArray
from nxconvert.errors import Place, Problem

Value = str | int | float | bool | datetime | list[str] | Array | LazyArray


@dataclass(slots=True, eq=False)
class Field:
    """A named value with its dimensions.

    ``dims`` names the dimensions of the value, outermost first: ``()`` for a constant, ``("point",)`` for a value per
    point, ``("point", "channel")`` for spectra, ``("point", "y", "x")`` for images, ``("row", "column")`` for a value
    placed on the grid of a mesh scan. ``long_name`` is the source's own name where ``name`` is not (a second label
    ``det`` is called ``det_1``). Text lists are constants with one dimension. Units as the source states them.
    """

    name: str
    value: Value
    dims: tuple[str, ...] = ()
    units: str | None = None
    long_name: str | None = None


@dataclass(slots=True, eq=False)
class Plot:
    """A plot that the data suggest: a signal, one axis per dimension (None: an index), and more coordinates."""

    signal: Field
    axes: tuple[Field | None, ...]
    extra: tuple[Field, ...] = ()

    def fields(self) -> Iterator[Field]:
        """Give the axes, the further coordinates and the signal, each once."""
        seen: set[int] = set()
        for item in (*self.axes, *self.extra, self.signal):
            if item is not None and id(item) not in seen:
                seen.add(id(item))
                yield item


@dataclass(slots=True, eq=False)
class Scan:
    """One scan: constants, columns, positioners, detectors, and the plots they suggest.

    ``number`` is the source's own, ``order`` counts scans of one number from 1, ``index`` all scans of the file from
    0. ``columns``: per point, dims ``("point",)``, in the file's order. ``positioners``: positions at the start,
    float64 scalars, or text where the file has text. ``axes``: the columns that were scanned (the same Field
    objects). ``grid``: the columns placed on the grid of a mesh scan. ``detectors``: fields of each detector by name
    (``data``, ``channel``, ``energy``, ``calibration``, ``live_time`` ...). ``plots``: first the default one, called
    ``data``. ``notes``: the headers word for word. ``given``: values by the name of the mapping's parameter that they
    are for; they win over every source. An ``order`` of 0 says that nothing numbers the scan. ``status``:
    ``complete``, ``aborted``, or None when unknown.
    ``start_time``/``end_time`` have a zone only when the source states one. ``sha256`` is that of the scan's own
    bytes, which begin at ``place.offset`` and are ``length`` long.
    """

    number: int
    order: int
    index: int
    place: Place
    title: str = ""
    command: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    status: str | None = None
    scan_shape: tuple[int, ...] | None = None
    columns: dict[str, Field] = field(default_factory=dict)
    axes: dict[str, Field] = field(default_factory=dict)
    positioners: dict[str, Field] = field(default_factory=dict)
    detectors: dict[str, dict[str, Field]] = field(default_factory=dict)
    grid: dict[str, Field] = field(default_factory=dict)
    plots: dict[str, Plot] = field(default_factory=dict)
    sample: dict[str, Field] = field(default_factory=dict)
    user: dict[str, Field] = field(default_factory=dict)
    instrument: dict[str, Field] = field(default_factory=dict)
    monitor: dict[str, Field] = field(default_factory=dict)
    metadata: dict[str, Field] = field(default_factory=dict)
    notes: dict[str, Field] = field(default_factory=dict)
    given: dict[str, Field] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    length: int = 0
    sha256: str = ""

    @property
    def identifier(self) -> str:
        """The scan's unique name within its file: number and order, such as ``12.1``."""
        return f"{self.number}.{self.order}"

    @property
    def points(self) -> int:
        """Number of points: the length of the columns, 0 without any."""
        for column in self.columns.values():
            value = column.value
            return len(value) if isinstance(value, list) else int(value.shape[0])  # type: ignore[union-attr]
        return 0


def free_name(name: str, taken: Container[str], first: int = 1) -> str:
    """Give *name*, or where it is taken the first free one of ``name_1``, ``name_2`` ... counted from *first*."""
    own, number = name, first
    while own in taken:
        own = f"{name}_{number}"
        number += 1
    return own


#: The namespaces of a scan that a mapping can refer to: one level of names below each.
NAMESPACES = (
    "columns",
    "axes",
    "positioners",
    "grid",
    "sample",
    "user",
    "instrument",
    "monitor",
    "metadata",
    "notes",
)

#: The single values of a scan that a mapping can refer to.
ITEMS = ("title", "command", "start_time", "end_time", "number", "order", "identifier", "status", "points")


class SourceFile(NamedTuple):
    """A file that a reader consumed: its path as opened, size in bytes, time in ns, and SHA-256 in hex."""

    path: str
    size: int
    mtime_ns: int
    sha256: str


_File = TypeVar("_File", bound="ScanFile")

#: Tells whether the scan of this number and order is wanted.
Wanted = Callable[[int, int], bool]


class ScanFile(ABC):
    """An open input: a context manager that gives its scans in file order, one at a time, keeping none of them."""

    #: name of the input, for messages
    path: str
    #: problems of the file as a whole (those of a scan are with the scan)
    problems: list[Problem]
    #: bytes of the input that were read so far, for a progress bar
    position: int = 0
    #: whether sources() gives every SHA-256; where it leaves them empty, it names the files from the first scan on, and
    #: who wants the digests computes them beside the other work
    hashed: bool = True

    @abstractmethod
    def scans(self, wanted: Wanted | None = None) -> Iterator[Scan]:
        """Give the scans in file order, or only those for which ``wanted(number, order)`` holds.

        A scan that is not wanted is passed over without parsing it. ReadError where the file cannot be read on.
        """

    def __iter__(self) -> Iterator[Scan]:
        return self.scans()

    def unhashed(self) -> list[SourceFile]:
        """Name the files, as far as they are known, that must be read once more for their SHA-256.

        Called once that is wanted: a reader may compute the others from what it reads from then on.
        """
        return self.sources()

    @abstractmethod
    def sources(self) -> list[SourceFile]:
        """Name every file that was consumed; complete after the iteration has ended."""

    @abstractmethod
    def close(self) -> None:
        """Release the file; the lazy arrays of its scans cannot be read any more."""

    @property
    def size(self) -> int | None:
        """Size of the input in bytes for a progress bar, None when unknown."""
        return None

    def __enter__(self: _File) -> _File:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
