"""What is one input: a file, the files of a series, or a folder; and what belongs to another one.

=====================  =================================================================================
folder with a ``.meas``    one input, with the images in ``Scan`` and ``Sum`` and the ``.exp`` above
tomography of the ESRF     the folder: projections, flats, darks, ``.info`` and ``.xml``
maps of XIA spectra        the files of one map
other EDF files            those whose names differ in a number only, as ``edf2nx FOLDER`` takes them
SPEC file                  with the images that its headers refer to
``x.gz`` beside ``x``      is a copy
=====================  =================================================================================

What a conversion of SPEC did not take of the images that its headers could mean is converted on its own afterwards.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nxconvert.batch.walk import Entry, Folder, Refused, Wanted, read_folder
from nxconvert.errors import NxconvertError

if TYPE_CHECKING:
    from nxconvert.readers.edf.names import NamesAlike
    from nxconvert.readers.edf.patterns import Series
    from nxconvert.readers.edf.xianames import XiaMap
    from nxconvert.readers.nanoesca.instrument import Instrument

COMPRESSED = (".gz", ".bz2", ".lz4", ".Z")
_NUMOR = re.compile(r"\d{6}")
_EDF = re.compile(r"\.(?:edf|ehf)(?:\.gz|\.bz2|\.lz4|\.Z)?$", re.IGNORECASE)
#: endings that any text may have
_ANY_TEXT = (".txt",)


@dataclass(frozen=True, slots=True)
class Input:
    """One input: the path, pattern or folder that stands for it, and what it is made of.

    ``root``: the source of the run below which it lies. ``count``, ``size`` (bytes), ``mtime_ns`` (the latest) and
    ``stamp``, which changes when any of its files does. ``reader``: its format where the names tell it; ``reading``:
    settings of the reader. ``name``: that of the output where it is not made of the source's own. ``claims``: images
    that it may take. ``refused``: why it is not to be converted.
    """

    source: str
    root: str
    count: int
    size: int
    mtime_ns: int
    stamp: str
    reader: str = ""
    reading: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    claims: tuple[str, ...] = ()
    refused: Refused | None = None

    @property
    def folder(self) -> str:
        """The folder in which it lies."""
        return os.path.dirname(self.source)


def of_files(source: str, root: str, files: Sequence[Entry], **more: Any) -> Input:
    """Make an input of one or more files."""
    if len(files) == 1 and files[0].path == source:
        file = files[0]
        return Input(source, root, 1, file.size, file.mtime_ns, f"{file.size}:{file.mtime_ns}", **more)
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path):
        digest.update(f"{file.path}\0{file.size}\0{file.mtime_ns}\n".encode("utf-8", "surrogateescape"))
    size, latest = sum(file.size for file in files), max(file.mtime_ns for file in files)
    return Input(source, root, len(files), size, latest, digest.hexdigest(), **more)


def is_expected(name: str, extensions: Sequence[str]) -> bool:
    """Tell by its name whether a file should be one that a reader knows, so that it is a failure when none does."""
    stem, ending = os.path.splitext(name)
    if ending in COMPRESSED:
        stem, ending = os.path.splitext(stem)
    return (ending.lower() in extensions and ending.lower() not in _ANY_TEXT) or (
        not ending and _NUMOR.fullmatch(stem) is not None
    )


def is_image_name(name: str) -> bool:
    """Tell by its name whether a file is one of those images to which headers refer."""
    return _EDF.search(name) is not None


class Grouping:
    """Makes inputs of the folders of a tree, which are given from the top down."""

    def __init__(self, root: str, wanted: Wanted, claims: dict[str, tuple[str, ...]], images: Sequence[str]) -> None:
        """Take the images that each SPEC file may mean, and the folders below which they lie."""
        self.root = root
        self.wanted = wanted
        self.claims = claims
        self.images = tuple(images)
        self.claimed = {path for paths in claims.values() for path in paths}
        #: files in folders further down that belong to an input already
        self._taken: set[str] = set()
        self._instrument: Instrument | None = None

    def inputs(self, folder: Folder) -> Iterator[Input]:
        """Give the inputs of one folder, by name in order, and what is refused in it."""
        found = [
            Input(item.path, self.root, 1, 0, 0, item.reason, refused=item)
            for item in folder.refused
            if self._is_new_enough(0)
        ]
        free = {name: file for name, file in folder.files.items() if file.path not in self._taken}
        free = {name: file for name, file in free.items() if not _is_copy(name, free)}
        found += self._measurement(folder, free)
        found += self._images(
            folder.path, {name: file for name, file in free.items() if file.path not in self.claimed}, free
        )
        for file in free.values():
            if file.path in self.claims:
                found.append(self._with_images(file))
            elif file.path not in self.claimed and not is_image_name(file.name):
                found.append(of_files(file.path, self.root, [file]))
        for item in sorted(found, key=lambda item: item.source):
            if item.refused is not None or self._is_new_enough(item.mtime_ns):
                yield item

    def left_over(self, paths: Iterable[str]) -> Iterator[Input]:
        """Give the inputs that images make which no SPEC file took."""
        folders: dict[str, dict[str, Entry]] = {}
        for path in sorted(paths):
            try:
                status = os.stat(path)
            except OSError:
                continue
            entry = Entry(path, status.st_size, status.st_mtime_ns)
            folders.setdefault(os.path.dirname(path), {})[entry.name] = entry
        for folder, files in folders.items():
            edf = dict(files)
            yield from self._images(folder, edf, edf)
            for file in files.values():
                if not is_image_name(file.name):
                    yield of_files(file.path, self.root, [file])

    def _is_new_enough(self, mtime_ns: int) -> bool:
        return self.wanted.newer is None or mtime_ns > self.wanted.newer

    def _with_images(self, file: Entry) -> Input:
        claims = self.claims[file.path]
        files = [file]
        for path in claims:
            status = os.stat(path)
            files.append(Entry(path, status.st_size, status.st_mtime_ns))
        return of_files(
            file.path, self.root, files, reader="spec", reading={"images": list(self.images)}, claims=claims
        )

    # EDF

    def _images(self, path: str, files: dict[str, Entry], free: dict[str, Entry]) -> list[Input]:
        """Sort the EDF files of a folder into a tomography, maps and series; those of the first leave *free*."""
        names = {name: file for name, file in files.items() if is_image_name(name)}
        if not names:
            return []
        if len(names) == 1:
            return [of_files(file.path, self.root, [file]) for file in names.values()]
        from nxconvert.readers.edf import tomofolder, xianames
        from nxconvert.readers.edf.names import names_alike

        found = []
        tomography = tomofolder.look_at(path, names_alike(file.path for file in files.values()))
        if tomography.is_one:
            apart = {*tomography.reconstructions, *tomography.others}
            own = [file for file in names.values() if file.path not in apart]
            own += [free.pop(os.path.basename(text)) for text in (tomography.info, tomography.xml) if text]
            found.append(of_files(path, self.root, own, reader="edf"))
            names = {name: file for name, file in names.items() if file.path in apart}
        maps, others = xianames.find_maps(names_alike(file.path for file in names.values()))
        found += [self._map(path, item, names) for item in maps]
        return found + list(self._series(path, others, names))

    def _map(self, path: str, item: XiaMap, names: dict[str, Entry]) -> Input:
        paths = [one for lines in item.lines.values() for one in lines.values()] + list(item.counters.values())
        name = f"{item.radix}_{item.number:04d}"
        source = os.path.join(path, f"{item.radix}_*_{item.number:04d}_0000*.edf")
        files = [names[os.path.basename(one)] for one in paths]
        return of_files(source, self.root, files, reader="edf", reading={"files": sorted(paths)}, name=f"{name}.nxs")

    def _series(self, path: str, files: list[NamesAlike], names: dict[str, Entry]) -> Iterator[Input]:
        """Give one input for each series of files, and one for each file that is alone."""
        from nxconvert.readers.edf import patterns

        paths = sorted(one for item in files for one in item.paths)
        try:
            series = patterns.group(files, [])
            families = [_members(item) for item in series]
        except NxconvertError:  # numbers that count nothing in common
            families = [("", [one]) for one in paths]
        seen: set[str] = set()
        for text, members in families:
            seen.update(members)
            own = [names[os.path.basename(one)] for one in members]
            if len(own) == 1:
                yield of_files(own[0].path, self.root, own)
            elif text and _stands_for(os.path.join(path, text), members, patterns):
                yield of_files(os.path.join(path, text), self.root, own, reader="edf")
            else:
                source = os.path.join(path, text or os.path.basename(members[0]))
                yield of_files(source, self.root, own, reader="edf", reading={"files": members})
        for one in paths:  # a second file in the place of another
            if one not in seen:
                yield of_files(one, self.root, [names[os.path.basename(one)]])

    # NanoESCA

    def _measurement(self, folder: Folder, free: dict[str, Entry]) -> list[Input]:
        """Give the measurement that lies in a folder; its files leave *free*, and those further down are taken."""
        endings = (".meas", ".exp", ".tif", ".tiff")
        below = [name for name in folder.folders if name.lower() in ("scan", "sum")]
        if not below and not any(name.lower().endswith(endings) for name in free):
            return []
        instrument = self._load()
        self._drop_experiment(folder, free, instrument)
        own = [file for name, file in free.items() if _belongs(name, instrument)]
        for name in below:
            try:
                inner = read_folder(os.path.join(folder.path, name), self.root, self.wanted)
            except OSError:
                continue  # the walk will tell
            own += [file for file in inner.files.values() if _belongs(file.name, instrument)]
        kinds = ("measurement", "raw", "averaged", "summed")
        if not any(instrument.matches(kind, file.name) for file in own for kind in kinds):
            return []
        self._taken.update(file.path for file in own)
        for file in own:
            if file.path == os.path.join(folder.path, file.name):
                del free[file.name]
        return [of_files(folder.path, self.root, [*own, *self._above(folder.path, instrument)], reader="nanoesca")]

    def _load(self) -> Instrument:
        if self._instrument is None:
            from nxconvert.readers.nanoesca import instrument

            self._instrument = instrument.load()
        return self._instrument

    def _drop_experiment(self, folder: Folder, free: dict[str, Entry], instrument: Instrument) -> None:
        """Leave out the configuration of an experiment whose measurements lie in the folders below."""
        names = [name for name in free if instrument.matches("experiment", name)]
        if not names or any(instrument.matches("measurement", name) for name in free):
            return
        for name in folder.folders:
            try:
                if any(instrument.matches("measurement", own) for own in os.listdir(os.path.join(folder.path, name))):
                    for experiment in names:
                        del free[experiment]
                    return
            except OSError:
                continue  # the walk will tell

    def _above(self, path: str, instrument: Instrument) -> Iterator[Entry]:
        """Give the configuration of the experiment, which the reader looks for in the folder above."""
        if path == self.root:
            return
        above = os.path.dirname(path)
        for name in sorted(os.listdir(above)):
            if instrument.matches("experiment", name) and os.path.isfile(own := os.path.join(above, name)):
                status = os.stat(own)
                yield Entry(own, status.st_size, status.st_mtime_ns)


def _is_copy(name: str, names: dict[str, Entry]) -> bool:
    """Tell whether a compressed file lies beside what it was made of."""
    stem, ending = os.path.splitext(name)
    return ending in COMPRESSED and stem in names


def _belongs(name: str, instrument: Instrument) -> bool:
    kinds = ("measurement", "table", "raw", "averaged", "summed", "ignored")
    return any(instrument.matches(kind, name) for kind in kinds)


def _members(item: Series) -> tuple[str, list[str]]:
    """Give the files of a series, and its pattern in printf style, empty for a single file."""
    members = [path for grid in item.grids.values() for path in grid.paths if path is not None]
    if len(members) == 1:
        return "", members
    # the title has a star for each number that differs
    texts = item.title.split("*")
    expression = re.compile("(\\d+)".join(map(re.escape, texts)) + r"(?:\.gz|\.bz2|\.lz4|\.Z)?")
    numbers = [match.groups() for path in members if (match := expression.fullmatch(os.path.basename(path)))]
    if len(numbers) != len(members) or "%" in item.title or "{" in item.title:
        return "", members
    pattern = texts[0]
    for column, text in zip(zip(*numbers, strict=True), texts[1:], strict=True):
        width = min(map(len, column))
        is_filled = any(number.startswith("0") and len(number) > 1 for number in column)
        pattern += (f"%0{width}d" if is_filled else "%d") + text
    return _plain(pattern), members


def _plain(name: str) -> str:
    """Leave out the ending of a compression: the pattern of the plain files means compressed ones too."""
    stem, ending = os.path.splitext(name)
    return stem if ending in COMPRESSED else name


def _stands_for(text: str, members: list[str], patterns: Any) -> bool:
    """Tell whether a pattern means these files and no others."""
    try:
        pattern = patterns.parse(text)
        names = {name for name in os.listdir(pattern.folder) if pattern.regex.fullmatch(name)}
    except (NxconvertError, OSError):
        return False
    return names == {os.path.basename(member) for member in members}
