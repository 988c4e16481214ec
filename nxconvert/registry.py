"""Readers and exporters by name: the shipped ones, and those that other packages add through entry points.

A package adds a reader by an entry point in the group ``nxconvert.readers`` that names a `Reader`::

    [project.entry-points."nxconvert.readers"]
    mine = "my_package.reader:READER"

Exporters use the group ``nxconvert.exporters``. A plug-in that does not load is left out, but stays visible with its
reason in `broken`.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar

from nxconvert.errors import ReadError, RequestError, near_names
from nxconvert.scan import Scan, ScanFile

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

READERS = "nxconvert.readers"
EXPORTERS = "nxconvert.exporters"

#: What ships with nxconvert. The table makes it work from a checkout that was never installed, and spares a run of one
#: known format the search through every installed package.
SHIPPED: dict[str, dict[str, str]] = {
    READERS: {
        "spec": "nxconvert.readers.spec:READER",
        "edf": "nxconvert.readers.edf:READER",
        "ill": "nxconvert.readers.ill:READER",
        "nanoesca": "nxconvert.readers.nanoesca:READER",
        "nexus": "nxconvert.readers.nexus:READER",
    },
    EXPORTERS: {
        "csv": "nxconvert.exporters.table:CSV",
        "tsv": "nxconvert.exporters.table:TSV",
        "dat": "nxconvert.exporters.table:DAT",
        "xlsx": "nxconvert.exporters.workbook:EXPORTER",
        "xdi": "nxconvert.exporters.xas:XDI",
        "athena": "nxconvert.exporters.xas:ATHENA",
        "xye": "nxconvert.exporters.powder:XYE",
        "xy": "nxconvert.exporters.powder:XY",
        "gsas": "nxconvert.exporters.powder:GSAS",
        "fullprof": "nxconvert.exporters.powder:FULLPROF",
        "sas": "nxconvert.exporters.sas:EXPORTER",
        "cansas1d": "nxconvert.exporters.cansas:EXPORTER",
        "mca": "nxconvert.exporters.spec.mca:EXPORTER",
        "igor": "nxconvert.exporters.igor:EXPORTER",
        "spec": "nxconvert.exporters.spec:EXPORTER",
        "ill-tas": "nxconvert.exporters.ill_tas:EXPORTER",
        "edf": "nxconvert.exporters.edf:EXPORTER",
    },
}

#: A reader with this confidence or more is sure of a file.
SURE = 0.9

#: Bytes of a file (uncompressed) that a reader sees to recognise it.
HEAD = 65536


@dataclass(frozen=True, slots=True)
class Match:
    """How well the head of a file fits a format, from 0 (not at all) to 1, and the reason for a yes or a no."""

    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class Reader:
    """A format that can be read.

    ``extensions`` are hints, never proof (``(".spec", ".dat")``). ``sniff(head, name)`` looks at the first bytes of a
    file and its name. ``open(path)`` gives its scans; ``settings`` names the keyword arguments that it takes besides,
    those of the command's own options, and ``check`` refuses wrong ones before anything is read. ``command`` is the
    command that converts this format, such as ``spec2nx``. ``folders``: says whether a folder or a pattern is an input
    of this format; None where only files are. ``hashes``: see `ScanFile.hashed`; False has the SHA-256 of a large file
    computed from before it is opened.
    """

    name: str
    description: str
    extensions: tuple[str, ...]
    sniff: Callable[[bytes, str], Match]
    open: Callable[..., ScanFile]
    command: str = ""
    settings: tuple[str, ...] = ()
    folders: Callable[[str], Match] | None = None
    check: Callable[..., None] | None = None
    hashes: bool = True


def option(name: str) -> str:
    """Give the option of the setting called *name*."""
    return "--" + name.replace("_", "-")


#: the values of an exporter's settings by name, its defaults filled in
Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of an exporter; the one called ``d_spacing`` is the option ``--d-spacing`` of nxtoascii.

    ``default`` is the value where the option is not given. ``choices`` are the texts that are allowed, any where it is
    empty. ``read`` makes the value of a text; the text of its ValueError says what was expected.
    """

    name: str
    help: str
    default: Any = None
    metavar: str = "TEXT"
    choices: tuple[str, ...] = ()
    read: Callable[[str], Any] = str

    @property
    def option(self) -> str:
        """The option of the command: ``--d-spacing`` for ``d_spacing``."""
        return option(self.name)


class Book(Protocol):
    """An output that holds several scans, while it is written."""

    def add(self, scan: Scan) -> None:
        """Write one more scan; NxconvertError where that cannot be, and the others have their turn."""

    def close(self) -> None:
        """Write what comes last; called once, and only when a scan was written."""


#: opens the file of one part of a scan by the name of the part; whole or absent
OpenPart = Callable[[str], AbstractContextManager[IO[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """A format that scans can be written to, in one of three ways.

    ``write(scan, stream, settings)``: one output holds one scan. ``book(stream, settings)``: one output holds many
    (SPEC, a workbook). ``parts(scan, settings)`` names several outputs for one scan (a spectrum each), and
    ``write_parts(scan, open, settings)`` fills them, in that order. ``losses(scan, settings)`` says before, one
    sentence each, what the format cannot hold of a scan. ``binary``: the stream takes bytes. ``frames``: it takes
    images; others get scans without them. ``extensions``: the first one ends the names of outputs. ``skips(scan,
    settings)`` gives the reason why there is nothing to write of a scan, empty where there is something; without it, a
    scan that has no columns is skipped. ``check()`` raises RequestError where it cannot work here, such as without a
    package that it needs.
    """

    name: str
    description: str
    extensions: tuple[str, ...]
    losses: Callable[[Scan, Settings], list[str]]
    write: Callable[[Scan, IO[Any], Settings], None] | None = None
    book: Callable[[IO[Any], Settings], Book] | None = None
    parts: Callable[[Scan, Settings], Sequence[str]] | None = None
    write_parts: Callable[[Scan, OpenPart, Settings], None] | None = None
    settings: tuple[Setting, ...] = ()
    binary: bool = False
    frames: bool = False
    skips: Callable[[Scan, Settings], str] | None = None
    check: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        ways = (self.write, self.book, self.parts)
        if sum(way is not None for way in ways) != 1 or (self.parts is None) != (self.write_parts is None):
            raise TypeError(f"exporter '{self.name}': one of write, book, or parts with write_parts is needed")


Record = TypeVar("Record", Reader, Exporter)


def readers() -> dict[str, Reader]:
    """Give every reader that loads, by name: the shipped ones first, then those of other packages."""
    return dict(_readers()[0])


def exporters() -> dict[str, Exporter]:
    """Give every exporter that loads, by name: the shipped ones first, then those of other packages."""
    return dict(_exporters()[0])


def broken() -> dict[str, str]:
    """Give the plug-ins that do not load: the reason of each by its name."""
    return _readers()[1] | _exporters()[1]


def reader(name: str) -> Reader:
    """Give the reader called *name*; RequestError, with near names, where there is none."""
    return _named(name, READERS, Reader, _readers)


def exporter(name: str) -> Exporter:
    """Give the exporter called *name*; RequestError, with near names, where there is none."""
    return _named(name, EXPORTERS, Exporter, _exporters)


def _named(
    name: str, group: str, kind: type[Record], load: Callable[[], tuple[dict[str, Record], dict[str, str]]]
) -> Record:
    value = SHIPPED[group].get(name)
    if value is not None:
        return _resolve(value, name, kind)
    known, faulty = load()
    if name in known:
        return known[name]
    word = kind.__name__.lower()
    if name in faulty:
        raise RequestError.at(f"{word} '{name}'", f"does not load: {faulty[name]}")
    raise RequestError.at(f"{word} '{name}'", f"there is no such {word}", near_names(name, known))


def identify(path: str) -> Reader:
    """Find the reader for a file by its first bytes.

    ReadError where no reader knows the file (with the reason of each), where two are sure of it, or where two are
    equally unsure. RequestError for standard input, which could not be read a second time.
    """
    if path == "-":
        raise RequestError.at(
            "-",
            "standard input can be read only once, so its format cannot be detected",
            hint="save it in a file, or name the format by its command, such as spec2nx",
        )
    known = readers()
    # %04d or {point}, see the reader for EDF
    is_pattern = not os.path.lexists(path) and ("%" in path or "{" in path)
    if not (os.path.isdir(path) or is_pattern) or not any(item.folders for item in known.values()):
        from nxconvert import streams

        head = streams.head(path, HEAD)
        matches = {name: _sniff(item, head, path) for name, item in known.items()}
    else:  # a folder, or the pattern of a series
        matches = {name: _folder(item, path) for name, item in known.items()}
    best = max((match.confidence for match in matches.values()), default=0.0)
    if best <= 0.0:
        found, hint = _unknown(path)
        reasons = "; ".join(f"{name}: {match.reason}" for name, match in matches.items())
        raise ReadError.at(path, found, reasons, hint)
    candidates = [name for name, match in matches.items() if match.confidence >= min(best, SURE)]
    if len(candidates) > 1:
        raise ReadError.at(
            path,
            "more than one reader claims this file",
            "; ".join(f"{name}: {matches[name].reason}" for name in candidates),
            "name the format by its command: " + " or ".join(known[name].command or name for name in candidates),
        )
    return known[candidates[0]]


def _unknown(path: str) -> tuple[str, str]:
    """Say what it is that no reader knows, and what to do about it."""
    if os.path.isdir(path):
        return "no reader knows this folder", (
            "a folder is one measurement here; 'nxconvert batch FOLDER -o OUT' converts all that lies in it"
        )
    if not os.path.lexists(path):
        return "neither a file nor a pattern of names that a reader knows", "check the spelling and the directory"
    return "no reader knows this file", (
        "'nxconvert formats' lists the formats and the command of each, which skips this check"
    )


def _sniff(item: Reader, head: bytes, path: str) -> Match:
    """Ask a reader; the failure of one, which may be a plug-in, is its reason and does not stop the others."""
    try:
        return item.sniff(head, path)
    except Exception as error:
        return Match(0.0, f"its check failed with {_reason(error)}")


def _folder(item: Reader, path: str) -> Match:
    """Ask a reader about a folder or a pattern."""
    if item.folders is None:
        return Match(0.0, "reads files only")
    try:
        return item.folders(path)
    except Exception as error:
        return Match(0.0, f"its check failed with {_reason(error)}")


@cache
def _readers() -> tuple[dict[str, Reader], dict[str, str]]:
    return _load(READERS, Reader)


@cache
def _exporters() -> tuple[dict[str, Exporter], dict[str, str]]:
    return _load(EXPORTERS, Exporter)


def _load(group: str, kind: type[Record]) -> tuple[dict[str, Record], dict[str, str]]:
    """Load every record of a group: those that load, and the reason of each that does not."""
    from importlib.metadata import entry_points

    shipped = SHIPPED[group]
    loaded = {name: _resolve(value, name, kind) for name, value in shipped.items()}
    faulty: dict[str, str] = {}
    for entry in sorted(entry_points(group=group), key=lambda entry: (entry.name, _package(entry))):
        if shipped.get(entry.name) == entry.value:
            continue
        if entry.name in loaded:
            faulty[f"{entry.name} ({_package(entry)})"] = f"the name '{entry.name}' is taken already"
            continue
        try:
            loaded[entry.name] = _resolve(entry.value, entry.name, kind)
        except Exception as error:
            faulty[entry.name] = f"{_reason(error)} ({_package(entry)}: {entry.value})"
    return loaded, faulty


def _resolve(value: str, name: str, kind: type[Record]) -> Record:
    """Import ``module:attribute`` and check that it is a record of that name."""
    module, _, attribute = value.partition(":")
    record: Any = getattr(importlib.import_module(module), attribute)
    if not isinstance(record, kind):
        raise TypeError(f"'{value}' is of type {type(record).__name__}, not {kind.__name__}")
    if record.name != name:
        raise ValueError(f"'{value}' calls itself '{record.name}', its entry point '{name}'")
    return record


def _package(entry: EntryPoint) -> str:
    """Name the package that an entry point comes from."""
    return entry.dist.name if entry.dist is not None else "unknown package"


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
