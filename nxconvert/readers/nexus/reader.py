"""A NeXus file: which entries it has, in which order, and each as a scan."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from nxconvert.errors import Place, Problem, ReadError
from nxconvert.readers.nexus.entry import Making
from nxconvert.readers.nexus.files import DAMAGE, Files, first_line
from nxconvert.readers.nexus.nodes import Data, Group, Session
from nxconvert.readers.nexus.provenance import Tables, Written
from nxconvert.readers.nexus.values import Loader
from nxconvert.scan import Scan, ScanFile, SourceFile, Wanted

_IDENTIFIER = re.compile(r"(\d{1,18})\.(\d{1,18})")
#: names of entries that have the number of their scan: 1.1 and Foil_0001_1.1 of Bliss, S94 and S94.1 of spec2nexus
_BLISS = re.compile(r"(?:.*_)?(\d{1,18})\.(\d{1,18})")
_SPEC2NEXUS = re.compile(r"S(\d{1,18})(?:\.(\d{1,18}))?")
_NUMBERED = re.compile(r"scan_?(\d{1,18})(?:_(\d{1,18}))?")


class NexusFile(ScanFile):
    """A NeXus file: its entries in natural order (1.1, 2.1, 10.1), those of nxconvert in the order of their source.

    ``roots``: folders that links may lead to, besides that of the file itself.
    """

    def __init__(self, path: str, roots: str | Sequence[str] = ()) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._files = Files(path, roots)
        self._tables = Tables()
        try:
            self._session = Session(self._files)
            self._session.begin(self.problems)
            self._creator = self._session.root.text_attribute("creator") or ""
            self._entries: list[str] | None = None
            #: number and order of each entry that was reached
            self._identities: dict[str, tuple[int, int]] = {}
            self._used: set[tuple[int, int]] = set()
        except DAMAGE as error:
            self._files.close()
            raise ReadError.at(path, f"cannot be read as HDF5: {first_line(error)}", hint="is it damaged?") from error

    def entries(self) -> list[str]:
        """Give the names of the NXentry groups in their order; of those one group deeper where the root has none."""
        if self._entries is None:
            try:
                names = list(self._below(self._session.root, ""))
                if not names:
                    root = self._session.root
                    names = [
                        name
                        for below in root.names()
                        if (group := root.group(below)) is not None
                        for name in self._below(group, f"{below}/")
                    ]
                self._entries = self._ordered(names)
            except DAMAGE as error:
                raise ReadError.at(
                    self.path, f"the list of its entries cannot be read: {first_line(error)}", hint="is it damaged?"
                ) from error
        return list(self._entries)

    def _below(self, parent: Group, prefix: str) -> Iterator[str]:
        for name in parent.names():
            try:
                child = parent.group(name)
                if child is not None and child.nx_class == "NXentry":
                    yield prefix + name
            except DAMAGE as error:
                self._session.tell(
                    parent.file, f"'{prefix}{name}' cannot be read: {first_line(error)}", severity="lost"
                )

    def _ordered(self, names: list[str]) -> list[str]:
        sources: dict[str, int] = {}
        places: dict[str, tuple[int, int]] = {}
        for name in names:
            found = self._written(name)
            if found is not None:
                places[name] = (sources.setdefault(found.source, len(sources)), found.offset)
        return sorted(names, key=lambda name: (places.get(name, (len(sources), 0)), natural(name)))

    def scans(self, wanted: Wanted | None = None) -> Iterator[Scan]:
        """Give one scan for each entry, or only those for which ``wanted(number, order)`` holds.

        An entry that is damaged is a problem, and the next one has its turn.
        """
        for index, name in enumerate(self.entries()):
            known = self._identities.get(name)
            if known is not None and wanted is not None and not wanted(*known):
                continue
            place = Place(f"{self.path}:/{name}")
            self._session.begin(self.problems)
            try:
                entry = self._session.root.group(name)
                if entry is None:
                    continue
                if known is None:
                    number, order = _identifier(entry, index)
                    while (number, order) in self._used:
                        order += 1
                    self._used.add((number, order))
                    known = self._identities[name] = number, order
                    if wanted is not None and not wanted(*known):
                        continue
                yield self._scan(entry, name, Scan(*known, index, place))
            except DAMAGE as error:
                found = f"cannot be read: {type(error).__name__}: {first_line(error)}"
                self.problems.append(Problem(place, found, hint="is the file damaged?", severity="lost"))

    def identities(self) -> list[tuple[str, Scan]]:
        """Give the names of the entries that can be read, each with a scan that has number, order and place only."""
        for _ in self.scans(lambda _number, _order: False):
            pass
        return [
            (name, Scan(*self._identities[name], index, Place(f"{self.path}:/{name}")))
            for index, name in enumerate(self.entries())
            if name in self._identities
        ]

    def _scan(self, entry: Group, name: str, scan: Scan) -> Scan:
        self._session.begin(scan.problems)
        written = self._written(name)
        if written is not None:
            scan.length, scan.sha256 = written.length, written.sha256
        return Making(self._session, entry, scan, self._creator).make()

    def _written(self, name: str) -> Written | None:
        entry = self._session.root.group(name)
        return None if entry is None else self._tables.find(entry)

    def origin(self, scan: Scan) -> Written | None:
        """Tell which bytes of which source file a scan came from; None where nxconvert did not write its entry."""
        return self._written(entry_name(scan))

    def written(self) -> list[Written]:
        """Give, for each entry that nxconvert wrote, where it came from."""
        return [found for name in self.entries() if (found := self._written(name)) is not None]

    def mapping_text(self) -> str:
        """Give the mapping as it was applied to the entry that came last, empty without one."""
        return self._note("mapping")

    def configuration(self) -> str:
        """Give the effective options of the conversion as JSON, empty where nxconvert did not write the file."""
        return self._note("configuration")

    def _note(self, note: str) -> str:
        for name in sorted(self.entries(), key=natural, reverse=True):
            entry = self._session.root.group(name)
            data = None if entry is None else entry.data(f"conversion/{note}/data")
            if data is not None:
                return Loader().text(data)
        return ""

    def sources(self) -> list[SourceFile]:
        """Name the file itself; its SHA-256 is left out, since a large file is not read as a whole."""
        status = os.stat(self.path)
        return [SourceFile(self.path, status.st_size, status.st_mtime_ns, "")]

    @property
    def size(self) -> int | None:
        """Size of the file in bytes."""
        return os.path.getsize(self.path)

    def close(self) -> None:
        """Close the file."""
        self._files.close()


def entry_name(scan: Scan) -> str:
    """Give the name of the entry that a scan of a NexusFile was read from; its place says ``file:/entry``."""
    return scan.place.path.rpartition(":/")[2]


def natural(name: str) -> list[tuple[int, int, str]]:
    """Give a key that sorts numbers within names by their value."""
    return [
        (0, int(part), "") if part.isdecimal() and len(part) < 1000 else (1, 0, part)
        for part in re.split(r"(\d+)", name)
        if part
    ]


def _identifier(entry: Group, index: int) -> tuple[int, int]:
    """Find number and order of a scan: what the entry states, else what its name says, else its place."""
    loader = Loader()
    stated = entry.data("entry_identifier")
    found = None if stated is None else _IDENTIFIER.fullmatch(loader.text(stated))
    # the name in the file that a master file leads to
    for name in dict.fromkeys((entry.path.rpartition("/")[2], entry.name)):
        found = found or _BLISS.fullmatch(name)
    if found is not None:
        return int(found[1]), int(found[2])
    for pattern, first in ((_SPEC2NEXUS, 1), (_NUMBERED, 0)):
        found = pattern.fullmatch(entry.name)
        if found is not None:
            return int(found[1]), int(found[2] or 1 - first) + first
    run: Data | None = entry.data("run_number")
    number = loader.scalar(run)
    return (int(number), 1) if isinstance(number, int) or hasattr(number, "dtype") else (index + 1, 1)
