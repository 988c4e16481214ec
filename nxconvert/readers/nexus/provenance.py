"""Which bytes of which source file an entry came from, as nxconvert writes it into the NXprocess ``conversion``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py

from nxconvert.readers.nexus.nodes import Data, Group, text

_COLUMNS = ("entry", "identifier", "source", "offset", "length", "sha256")


@dataclass(frozen=True, slots=True)
class Written:
    """An entry that nxconvert wrote: its name, and which bytes of which input it came from.

    ``source`` is what was named as input: a file, a folder, the pattern of a series.
    """

    entry: str
    source: str
    identifier: str
    offset: int
    length: int
    sha256: str


class Tables:
    """The tables of a file: all entries of one run share one."""

    def __init__(self) -> None:
        self._tables: dict[tuple[int, int], dict[str, Written]] = {}

    def find(self, entry: Group) -> Written | None:
        """Give where an entry came from; None for one that nxconvert did not write."""
        conversion = entry.group("conversion")
        if conversion is None:
            return None
        if conversion.key not in self._tables:
            self._tables[conversion.key] = _table(conversion)
        return self._tables[conversion.key].get(entry.name)


def _table(conversion: Group) -> dict[str, Written]:
    names, columns = conversion.data("sources/file_name"), [conversion.data(f"scans/{key}") for key in _COLUMNS]
    if names is None or None in columns:
        return {}
    sources = _read(names)
    rows = list(zip(*(_read(column) for column in columns if column is not None), strict=True))
    given = conversion.data("scans/input")
    inputs = [None] * len(rows) if given is None else list(_read(given))
    return {
        text(entry): Written(
            text(entry),
            text(sources[source] if name is None else name),
            text(identifier),
            int(offset),
            int(length),
            text(sha),
        )
        for (entry, identifier, source, offset, length, sha), name in zip(rows, inputs, strict=True)
        if 0 <= source < len(sources)
    }


def _read(data: Data) -> Any:
    return h5py.Dataset(data.id)[()]
