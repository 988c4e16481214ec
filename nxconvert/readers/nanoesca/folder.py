"""Which measurements an input holds, and which files in their folders belong to each.

An input is a configuration file, the folder of a measurement, or the folder of an experiment with the measurements
one level below. Outside of that folder only the configuration of the experiment is looked for, in the folder above, and
taken where it holds a copy of this very measurement. A table that names an image means a file of that name in the
folder of the images, never a path.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from nxconvert.errors import Place, Problem, ReadError
from nxconvert.readers.nanoesca.instrument import Instrument

#: Kinds of files that show images, and the folder where each is looked for first.
IMAGES = {"raw": "raw", "averaged": "averaged", "summed": "averaged"}
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SUFFIX = re.compile(r"_(\d{6})_(\d{6})$")


@dataclass(frozen=True, slots=True)
class Found:
    """One measurement: its folder, its configuration (None: it has none), and that of the experiment.

    ``is_above``: the last one lies outside of what the user named, and counts only where it knows the measurement.
    """

    folder: str
    config: str | None
    experiment: str | None = None
    is_above: bool = False

    @property
    def path(self) -> str:
        """What stands for the measurement in messages."""
        return self.config or self.folder


@dataclass(slots=True)
class Files:
    """The files of a measurement: images by step and repeat from 0, tables, and all images by name in lower case."""

    name: str | None = None
    raw: dict[tuple[int, int], str] = field(default_factory=dict)
    averaged: dict[int, str] = field(default_factory=dict)
    summed: dict[int, str] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    by_name: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def find(path: str, instrument: Instrument) -> list[Found]:
    """Give the measurements of an input, those of an experiment by the time in their folders' names, then by name.

    ReadError where there is none.
    """
    if path == "-":
        raise ReadError.at(path, "standard input cannot hold a folder", "the folder of a measurement expected")
    if os.path.isdir(path):
        found = _in_folder(path, instrument, None) or _below(path, instrument)
        if found:
            return found
        raise ReadError.at(
            path,
            "there is no measurement in this folder",
            "a configuration or images by the names of this set-up expected",
            _other_set_up(path),
        )
    return _of_file(path, instrument)


def _other_set_up(folder: str) -> str:
    """Say how another set-up is named; a description that lies in the folder is likely to be meant."""
    for entry in listing(folder):
        if entry.name.lower().endswith((".yaml", ".yml")):
            return f"--instrument {entry.path} if that describes the set-up"
    return "--instrument FILE describes another set-up than that of the NanoESCA"


def _of_file(path: str, instrument: Instrument) -> list[Found]:
    folder, name = os.path.split(path)
    folder = folder or os.curdir
    try:
        with open(path, "rb") as file:
            head = file.read(4)
    except OSError as error:
        raise ReadError.at(path, f"the file cannot be opened ({error.strerror})", "a readable file expected") from error
    except ValueError as error:
        raise ReadError.at(path, "the path has a NUL character", "a path expected") from error
    if head in _TIFF:
        raise ReadError.at(
            path, "a single image", "a measurement expected", "name its folder, or the configuration in it"
        )
    if instrument.matches("measurement", name):
        return [Found(folder, path, _experiment(folder, instrument), True)]
    if instrument.matches("experiment", name):
        return _below(folder, instrument, path) or [Found(folder, path)]
    if instrument.matches("table", name):
        if os.path.basename(os.path.abspath(folder)).lower() in _names(instrument):
            folder = (
                os.path.dirname(os.path.abspath(folder)) if os.path.isabs(path) else os.path.join(folder, os.pardir)
            )
            folder = os.path.normpath(folder)
        return _in_folder(folder, instrument, None) or [Found(folder, None)]
    patterns = " or ".join(
        f"'{instrument.files[kind].pattern}'"
        for kind in ("measurement", "experiment", "table")
        if kind in instrument.files
    )
    raise ReadError.at(
        path,
        "no configuration of this set-up by its name",
        f"{patterns or 'the folder of a measurement'} expected",
        "--instrument FILE describes another set-up than that of the NanoESCA",
    )


def _names(instrument: Instrument) -> set[str]:
    return {name.lower() for name in instrument.folders.values()}


def listing(folder: str) -> list[os.DirEntry[str]]:
    """List a folder by name, numbers in names by value; ReadError where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: natural(entry.name))
    except OSError as error:
        raise ReadError.at(
            folder, f"the folder cannot be listed ({error.strerror})", "a readable folder expected"
        ) from error


def natural(name: str) -> list[tuple[int, int, str]]:
    """Give what sorts names as people do: ``a2`` before ``a10``."""
    return [
        (0, int(part), part) if part.isascii() and part.isdigit() else (1, 0, part.lower())
        for part in re.split(r"(\d{1,18})", name)
    ]


def _in_folder(folder: str, instrument: Instrument, experiment: str | None) -> list[Found]:
    """Give the measurements whose configuration or images lie in this very folder."""
    entries = listing(folder)
    is_above = experiment is None
    experiment = experiment or _experiment(folder, instrument)
    configs = [entry.path for entry in entries if entry.is_file() and instrument.matches("measurement", entry.name)]
    if configs:
        return [Found(folder, config, experiment, is_above) for config in configs]
    for kind in IMAGES:
        for place in image_folders(folder, instrument, kind, entries):
            if any(instrument.matches(kind, entry.name) for entry in listing(place)):
                return [Found(folder, None, experiment, is_above)]
    return []


def _experiment(folder: str, instrument: Instrument) -> str | None:
    """Give the configuration of the experiment that lies in the folder above, where there is just one."""
    above = os.path.dirname(os.path.abspath(folder))
    if "experiment" not in instrument.files or not os.access(above, os.R_OK | os.X_OK):
        return None
    own = [entry for entry in listing(above) if entry.is_file() and instrument.matches("experiment", entry.name)]
    return os.path.normpath(os.path.join(folder, os.pardir, own[0].name)) if len(own) == 1 else None


def _below(folder: str, instrument: Instrument, experiment: str | None = None) -> list[Found]:
    """Give the measurements in the folders below that of an experiment."""
    entries = listing(folder)
    if experiment is None:
        own = [entry.path for entry in entries if entry.is_file() and instrument.matches("experiment", entry.name)]
        experiment = own[0] if own else None
    folders = [entry for entry in entries if entry.is_dir()]
    folders.sort(key=lambda entry: match[0] if (match := _SUFFIX.search(entry.name)) else "")
    return [found for entry in folders for found in _in_folder(entry.path, instrument, experiment)]


def image_folders(
    folder: str, instrument: Instrument, kind: str, entries: list[os.DirEntry[str]] | None = None
) -> Iterator[str]:
    """Give the folders where images of a kind may lie: the one named in the description, then the measurement's own."""
    wanted = instrument.folders.get(IMAGES[kind], "").lower()
    for entry in listing(folder) if entries is None else entries:
        if wanted and entry.name.lower() == wanted and entry.is_dir():
            yield entry.path
    yield folder


def collect(found: Found, instrument: Instrument) -> Files:
    """Find the images and tables of a measurement by the names of the files."""
    files = Files()
    own = None if found.config is None else os.path.splitext(os.path.basename(found.config))[0].lower()
    seen: dict[str, dict[str, list[tuple[re.Match[str], str]]]] = {}
    places: dict[str, list[os.DirEntry[str]]] = {}
    for kind in IMAGES:
        for place in image_folders(found.folder, instrument, kind):
            if place not in places:
                places[place] = [entry for entry in listing(place) if entry.is_file()]
            for entry in places[place]:
                if instrument.matches("ignored", entry.name):
                    continue
                match = instrument.matches(kind, entry.name)
                if match is not None:
                    name = (match.groupdict().get("name") or "").lower()
                    seen.setdefault(name, {}).setdefault(kind, []).append((match, entry.path))
    files.name = _choose(seen, own, found, files)
    if files.name is not None:
        for kind, images in seen[files.name].items():
            for match, path in images:
                _put(files, kind, match, path, instrument)
    for entries in places.values():
        for entry in entries:
            files.by_name.setdefault(entry.name.lower(), entry.path)
    tables = [entry for entries in places.values() for entry in entries if instrument.matches("table", entry.name)]
    stems = {os.path.splitext(entry.name)[0].lower() for entry in tables}
    mine = {name for name in (own, files.name) if name in stems} or (stems if len(stems) == 1 else set())
    files.tables = [entry.path for entry in tables if os.path.splitext(entry.name)[0].lower() in mine]
    return files


def _choose(
    seen: dict[str, dict[str, list[tuple[re.Match[str], str]]]], own: str | None, found: Found, files: Files
) -> str | None:
    """Choose the images of this measurement where there are several names: those of its configuration, else most."""
    if own in seen or len(seen) <= 1:
        chosen = own if own in seen else next(iter(seen), None)
    else:
        counts = Counter({name: sum(map(len, kinds.values())) for name, kinds in seen.items()})
        chosen = counts.most_common(1)[0][0]
    others = [name for name in seen if name != chosen]
    if others and own not in seen:
        files.problems.append(
            Problem(
                Place(found.folder),
                f"images of {len(seen)} names",
                f"those of '{chosen}' are taken, not those of "
                + ", ".join(f"'{name}'" for name in others[:8])
                + (" ..." if len(others) > 8 else ""),
                "keep each measurement in a folder of its own",
            )
        )
    return chosen


def _put(files: Files, kind: str, match: re.Match[str], path: str, instrument: Instrument) -> None:
    groups = match.groupdict()
    step = _index(groups.get("step") or str(instrument.first_step), instrument.first_step)
    repeat = _index(groups.get("repeat") or str(instrument.first_repeat), instrument.first_repeat)
    if step is None or repeat is None:
        files.problems.append(
            Problem(
                Place(path),
                "an image with a number that is too small or too large",
                f"numbers from {instrument.first_step} on expected",
                "the image is left out",
                "lost",
            )
        )
    elif kind == "raw":
        _once(files, files.raw, (step, repeat), path)
    else:
        _once(files, files.averaged if kind == "averaged" else files.summed, step, path)


def _index(text: str, first: int) -> int | None:
    number = int(text) - first if len(text) <= 9 else -1
    return number if number >= 0 else None


def _once(
    files: Files, images: dict[object, str] | dict[tuple[int, int], str] | dict[int, str], key: object, path: str
) -> None:
    """Put an image into its slot; the first one stays."""
    before = images.setdefault(key, path)  # type: ignore[arg-type]
    if before != path:
        files.problems.append(
            Problem(
                Place(path),
                "a second image of the same step and repeat",
                f"the first one is {os.path.basename(before)}",
                "the second one is left out",
                "lost",
            )
        )
