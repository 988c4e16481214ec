"""The tables of what stands where in a numor: data files, read and checked.

The folder ``numors`` beside this module has the shipped ones, and its README describes them. The user's own folder and
those of ``$NXCONVERT_NUMORS`` are asked before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nxconvert.errors import Place, Problem, ReadError, near_names
from nxconvert.resources import listed_folders, user_folder

VARIABLE = "NXCONVERT_NUMORS"
#: the folder of the shipped tables
SHIPPED = Path(__file__).parent / "numors"
#: from the best to the least
MARKS = ("V", "S2", "S")
FAMILIES = ("diffraction", "tof", "backscattering", "sans", "kinetic", "banks", "bank", "spectra")
TARGETS = ("instrument", "sample", "monitor", "positioners", "detector", "metadata")

_BLOCK = re.compile(r"[AFIJ](\d+|\*)")
_LAYOUT_KEYS = {"description", "family", "instruments", "versions", "first", "header", "group"}
_BLOCK_KEYS = {"block", "values", "step", "leading"}
_VALUE_KEYS = {"at", "name", "units", "factor", "shape", "zero", "to", "only", "mark", "source"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a block: positions from 0 (the last one included), name, units, and how sure that is."""

    first: int
    last: int
    name: str
    units: str | None
    factor: float
    shape: tuple[int, ...]
    zero_is_unknown: bool
    to: tuple[str, str] | None
    only: tuple[str, ...]
    mark: str
    source: str


@dataclass(frozen=True, slots=True)
class BlockTable:
    """A block of a layout: its letter and length (``F50``, ``F*``), its values, and how its counts are cut."""

    shape: str
    entries: tuple[Entry, ...] = ()
    step: int | None = None
    leading: int = 0

    def fits(self, shape: str) -> bool:
        """Tell whether a block of this letter and length is meant."""
        return shape == self.shape or (self.shape.endswith("*") and shape[0] == self.shape[0])


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout: for which instruments and versions it holds, its blocks, and how its sub-spectra are understood."""

    path: str
    description: str
    family: str
    instruments: dict[str, str]
    versions: tuple[int, ...]
    header: tuple[BlockTable, ...]
    group: tuple[BlockTable, ...] | None

    def fits(self, instrument: str, version: int, header: Sequence[str], group: Sequence[str] | None) -> bool:
        """Tell whether instrument, version and the lengths of all blocks are those of the layout.

        *group* has the blocks of the first sub-spectrum, None where there is none; those of a file that ends before
        its counts are the first ones of the layout.
        """
        if instrument not in self.instruments or (self.versions and version not in self.versions):
            return False
        if not _fit(self.header, header):
            return False
        if self.group is None or group is None:
            return True
        has_counts = any(shape[0] in "IJ" for shape in group)
        return _fit(self.group if has_counts else self.group[: len(group)], group)

    def cut_of(self, instrument: str, version: int, header: Sequence[str], group: Sequence[str]) -> int:
        """Give how many blocks a sub-spectrum has where those of *group* are only the first ones, else 0."""
        if self.group is None or len(group) >= len(self.group) or not _fit(self.group[: len(group)], group):
            return 0
        return len(self.group) if self.fits(instrument, version, header, None) else 0

    @property
    def exact(self) -> int:
        """Number of blocks whose length is stated."""
        return sum(not table.shape.endswith("*") for table in (*self.header, *(self.group or ())))


def _fit(tables: Sequence[BlockTable], shapes: Sequence[str]) -> bool:
    return len(tables) == len(shapes) and all(table.fits(shape) for table, shape in zip(tables, shapes, strict=True))


def layouts() -> tuple[Layout, ...]:
    """Give all layouts, those of the user before the shipped ones; ReadError with all mistakes of the tables."""
    folders = (*listed_folders(VARIABLE), user_folder("numors"), SHIPPED)
    return _load(tuple(map(str, folders)))


@lru_cache(maxsize=8)
def _load(folders: tuple[str, ...]) -> tuple[Layout, ...]:
    problems: list[Problem] = []
    found = []
    for folder in folders:
        for path in sorted(Path(folder).glob("*.json")):
            layout = _Table(str(path), problems).layout()
            if layout is not None:
                found.append(layout)
    if problems:
        raise ReadError(*problems)
    return tuple(found)


class _Table:
    """Reads one file and tells its mistakes."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        self.good = True

    def wrong(self, found: str, expected: str = "", hint: str = "", line: int | None = None) -> None:
        self.good = False
        self.problems.append(Problem(Place(self.path, line), found, expected, hint, "lost"))

    def layout(self) -> Layout | None:
        try:
            text = Path(self.path).read_text(encoding="utf-8")
            document = json.loads(text)
        except OSError as error:
            self.wrong(f"the table cannot be read: {error.strerror}")
            return None
        except ValueError as error:
            self.wrong(f"no JSON: {error}", line=getattr(error, "lineno", None))
            return None
        if not isinstance(document, dict):
            self.wrong("no table", "an object with 'instruments' and 'header' expected")
            return None
        self._keys(document, _LAYOUT_KEYS, "the table")
        family = document.get("family", "spectra")
        if family not in FAMILIES:
            self.wrong(f"family '{family}'", "", near_names(str(family), FAMILIES))
        instruments = document.get("instruments")
        if (
            not isinstance(instruments, dict)
            or not instruments
            or not all(mark in MARKS for mark in instruments.values())
        ):
            self.wrong("'instruments'", f"names with one of the marks {', '.join(MARKS)} expected")
            instruments = {}
        versions = document.get("versions", [])
        if not isinstance(versions, list) or not all(isinstance(item, int) for item in versions):
            self.wrong("'versions'", "a list of whole numbers expected")
            versions = []
        first = document.get("first", 0)
        if first not in (0, 1):
            self.wrong(f"'first' is {first}", "0 or 1 expected")
            first = 0
        header = self._blocks(document.get("header"), first, "header")
        group = self._blocks(document["group"], first, "group") if "group" in document else None
        if not self.good:
            return None
        return Layout(
            self.path, str(document.get("description", "")), family, instruments, tuple(versions), header, group
        )

    def _keys(self, item: dict[str, Any], known: set[str], where: str) -> None:
        for key in item:
            if key not in known:
                self.wrong(f"'{key}' in {where}", "", near_names(key, known))

    def _blocks(self, items: Any, first: int, where: str) -> tuple[BlockTable, ...]:
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            self.wrong(f"'{where}'", "a list of blocks expected")
            return ()
        blocks = []
        for item in items:
            shape = item.get("block")
            self._keys(item, _BLOCK_KEYS, f"block {shape}")
            if not isinstance(shape, str) or not _BLOCK.fullmatch(shape):
                self.wrong(f"block '{shape}'", "a letter of A F I J and a length or * expected, such as F50")
                continue
            step, leading = item.get("step"), item.get("leading", 0)
            if not (step is None or isinstance(step, int)) or not isinstance(leading, int):
                self.wrong(f"'step' and 'leading' of block {shape}", "whole numbers expected")
                continue
            entries = [self._entry(value, first, shape) for value in item.get("values", [])]
            blocks.append(BlockTable(shape, tuple(entry for entry in entries if entry is not None), step, leading))
        return tuple(blocks)

    def _entry(self, value: Any, first: int, block: str) -> Entry | None:
        name = value.get("name") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(name, str) or not name:
            self.wrong(f"a value of block {block} without a name")
            return None
        where = f"'{name}' of block {block}"
        self._keys(value, _VALUE_KEYS, where)
        at = value.get("at")
        at = [at, at] if isinstance(at, int) else at
        if (
            not isinstance(at, list)
            or len(at) != 2
            or not all(isinstance(n, int) for n in at)
            or not (first <= at[0] <= at[1])
        ):
            self.wrong(f"position of {where}", f"a number from {first}, or first and last, expected")
            return None
        mark, factor, target = value.get("mark"), value.get("factor", 1.0), value.get("to")
        if mark not in MARKS or not isinstance(value.get("source"), str):
            self.wrong(
                f"{where} has no mark or no source", f"one of the marks {', '.join(MARKS)}, and a text, expected"
            )
            return None
        if not isinstance(factor, (int, float)):
            self.wrong(f"'factor' of {where}", "a number expected")
            return None
        to: tuple[str, str] | None = None
        if target is not None:
            namespace, _, item = str(target).partition(".")
            if namespace not in TARGETS or not item:
                self.wrong(f"'to' of {where} is '{target}'", f"one of {', '.join(TARGETS)}, a dot and a name expected")
                return None
            to = (namespace, item)
        return Entry(
            at[0] - first,
            at[1] - first,
            name,
            value.get("units"),
            float(factor),
            tuple(value.get("shape", ())),
            value.get("zero") == "unknown",
            to,
            tuple(value.get("only", ())),
            mark,
            value["source"],
        )
