"""Many EDF files as one input: a pattern, a folder, a list; series, maps and tomography, a scan for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nxconvert.errors import Place, Problem, ReadError, RequestError
from nxconvert.readers.edf import names, patterns, stacks, tomofolder, xianames
from nxconvert.readers.edf.files import Files
from nxconvert.scan import Scan, ScanFile, SourceFile, Wanted


@dataclass(slots=True)
class Part:
    """One scan of the input before its files are opened: its number, and what fills it."""

    number: int
    title: str
    fill: Callable[[Scan], None]


@dataclass(frozen=True, slots=True)
class How:
    """How series are read: whether files may be missing, which frames, along which header value.

    ``one_axis``: all frames of all files follow on along one axis, which a single frame has too.
    """

    allow_missing: bool = False
    frames: str = ""
    stack_axis: str = ""
    one_axis: bool = False


class SeriesFile(ScanFile):
    """An input of many files. ``position`` counts the bytes of the files that have been indexed."""

    hashed = False

    def __init__(self, path: str, plan: Callable[[SeriesFile], list[Part]], roots: Sequence[str] = ()) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.files = Files(roots)
        self._parts = plan(self)

    def scans(self, wanted: Wanted | None = None) -> Iterator[Scan]:
        """Give a scan for each series, map or tomography; ReadError where the only one cannot be read."""
        orders: dict[int, int] = {}
        for index, part in enumerate(self._parts):
            order = orders[part.number] = orders.get(part.number, 0) + 1
            if wanted is not None and not wanted(part.number, order):
                continue
            scan = Scan(part.number, order, index, Place(self.path), part.title)
            try:
                part.fill(scan)
            except ReadError as error:
                if len(self._parts) == 1:
                    raise
                self.problems.extend(error.problems)
                continue
            self.position = self.files.position
            yield scan

    def unhashed(self) -> list[SourceFile]:
        """Name the files that are not hashed while their pixels are read."""
        return self.files.unhashed()

    def sources(self) -> list[SourceFile]:
        """Name every file that was read."""
        return self.files.sources()

    def close(self) -> None:
        """Release all files."""
        self.files.close()


def open_series(
    path: str,
    *,
    files: Sequence[str] = (),
    stack: Sequence[str] = (),
    pattern: str = "",
    regex: str = "",
    allow_missing: bool = False,
    roots: Sequence[str] = (),
    frames: str = "",
    stack_axis: str = "",
) -> SeriesFile:
    """Open a folder, a pattern, or a list of files as series.

    *files*: the files of one series, in natural order, *path* one of them. *stack*: the same in exactly this order and
    along one axis, an empty name for a frame that is missing. *pattern*, *regex*: which files of the folder *path*, and
    what the numbers in their names are. *frames*: a selection such as ``0-99:2`` out of each stack; *stack_axis*: the
    header value that is its axis. RequestError where these do not fit together.
    """
    if bool(files) + bool(stack) + bool(pattern) + bool(regex) > 1:
        raise RequestError.at(path, "more than one way to choose the files", "one of list, pattern, regex expected")
    if (pattern or regex) and not os.path.isdir(path):
        raise RequestError.at(path, "this is no folder", "a folder expected with --pattern and --regex")

    how = How(allow_missing or bool(stack), frames, stack_axis, bool(stack))

    def plan(file: SeriesFile) -> list[Part]:
        problems, opened = file.problems, file.files
        if stack:
            grid = patterns.Grid(("point",), (list(range(len(stack))),), [own or None for own in stack])
            return [_part(patterns.Series(os.path.basename(path), 1, {"": grid}), opened, path, how)]
        if files:
            maps, others = xianames.find_maps(names.names_alike(files))
            if maps and not others:
                return [_map(item, opened, allow_missing) for item in maps]
            return [_part(patterns.from_list(files, problems), opened, path, how)]
        if os.path.isdir(path) and not pattern and not regex:
            return _folder(path, opened, how, problems)
        if regex:
            found = patterns.parse_expression(path, regex)
        else:
            found = patterns.parse(os.path.join(path, pattern) if pattern else path)
        return [_part(item, opened, path, how) for item in patterns.find(found, problems)]

    return SeriesFile(path, plan, roots)


def _folder(path: str, files: Files, how: How, problems: list[Problem]) -> list[Part]:
    """Find out what is in a folder: a tomography, maps of spectra, series and single files."""
    found = names.names_alike_in(path, names.names_in(path, problems))
    tomography = tomofolder.look_at(path, found)
    if tomography.is_one:
        from nxconvert.readers.edf.tomo import Tomography

        def fill(scan: Scan) -> None:
            Tomography(scan, tomography, files, how.allow_missing).make()

        return [Part(1, tomography.name, fill)]
    found = [item for item in found if names.is_edf_name(item.shape)]
    if not found:
        raise ReadError.at(path, "no EDF file in this folder", "files that end in .edf or .edf.gz expected")
    maps, others = xianames.find_maps(found)
    parts = [_map(item, files, how.allow_missing) for item in maps]
    return parts + [_part(item, files, path, how) for item in patterns.group(others, problems)]


def _map(item: xianames.XiaMap, files: Files, allow_missing: bool) -> Part:
    def fill(scan: Scan) -> None:
        from nxconvert.readers.edf import xia

        xia.build(scan, item, files, allow_missing)

    return Part(item.number, item.radix, fill)


def _part(item: patterns.Series, files: Files, place: str, how: How) -> Part:
    def fill(scan: Scan) -> None:
        first: stacks.Stack | None = None
        for detector, grid in item.grids.items():
            stack = stacks.fill(grid, files, place, how.allow_missing, scan.problems, how.one_axis)
            if how.frames:
                stack = stacks.select(stack, how.frames)
            stacks.add(scan, stack, detector, place, how.one_axis)
            first = first or stack
        if first is not None:
            stacks.add_plot(scan, first, how.stack_axis)

    return Part(item.number, item.title, fill)
