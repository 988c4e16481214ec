"""Names of files as indices: patterns, folders and lists, and the grid of indices that the files fill.

``scan_%04d_%04d.edf``            one number is the point, two are row and column, three scan, row and column
``{detector}_{scan}_{point}.edf`` names: ``scan`` gives one scan each, ``detector`` (any text) detectors, others
                                  dimensions
``(?P<point>\\d+)_ff\\.edf``        a regular expression with named groups, with the same names

Only the last part of a path is a pattern. A compressed file (``.gz``, ``.bz2``, ``.lz4``, ``.Z``) fits that of the
plain one.
"""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from nxconvert.errors import Place, Problem, ReadError, RequestError
from nxconvert.readers.edf.names import NUMBER, NamesAlike, names_alike, names_in, natural, plain

_COMPRESSED = r"(?:\.gz|\.bz2|\.lz4|\.Z)?"
_PLACEHOLDER = re.compile(r"%(0?)(\d{0,2})d|\{(\w+)(?::0?(\d{1,2})d)?\}", re.ASCII)
#: an axis with more gaps than values, and a grid emptier than this, are none: the numbers count something else
_SPARSE = 16
_FEW = 1024
#: numbers of three indices and more without a name
_UNNAMED = {1: ("point",), 2: ("row", "column"), 3: ("scan", "row", "column")}
#: so many missing files are listed
LISTED = 20


@dataclass(frozen=True, slots=True)
class Pattern:
    """A folder and what the names of its files look like; ``names`` are those of the indices, in their order."""

    text: str
    folder: str
    regex: re.Pattern[str]
    names: tuple[str, ...]


class Member(NamedTuple):
    """A file with the texts of its indices, and where they stand in its name."""

    path: str
    texts: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def renamed(self, texts: Sequence[str]) -> str:
        """Give the name with other indices, numbers filled up to the width that they have here."""
        name, at, parts = os.path.basename(self.path), 0, []
        for (start, end), text in sorted(zip(self.spans, texts, strict=True)):
            parts += [name[at:start], text.zfill(end - start) if text.isdecimal() else text]
            at = end
        return "".join(parts) + name[at:]


@dataclass(slots=True)
class Grid:
    """Files on a grid of indices: ``paths`` in C order, None where one is missing.

    ``names`` and ``values`` are the name and the indices of each dimension, outermost first. ``missing``: names of
    the files that are not there.
    """

    names: tuple[str, ...]
    values: tuple[list[int], ...]
    paths: list[str | None]
    missing: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of indices along each dimension."""
        return tuple(len(value) for value in self.values)


@dataclass(slots=True)
class Series:
    """The files of one scan: a grid for each detector, whose name is empty where the pattern has none."""

    title: str
    number: int
    grids: dict[str, Grid] = field(default_factory=dict)


def is_pattern(text: str) -> bool:
    """Tell whether a text is a pattern in printf style or with names in braces."""
    return _PLACEHOLDER.search(os.path.basename(text)) is not None


def parse(text: str) -> Pattern:
    """Read a pattern in printf style or with names in braces; RequestError where it has none or is ambiguous."""
    folder, name = os.path.split(text)
    if _PLACEHOLDER.search(folder):
        raise RequestError.at(
            text, "the pattern of a folder", "indices in the name of the file expected", "give one folder at a time"
        )
    found = list(_PLACEHOLDER.finditer(name))
    plain = sum(match[3] is None for match in found)
    if not found:
        raise RequestError.at(text, "no index in this pattern", "%04d or {point} expected", "it is a file or a pattern")
    if plain and plain < len(found):
        raise RequestError.at(text, "both %d and names in braces", "one of them expected", "give all indices names")
    if plain and plain not in _UNNAMED:
        found_text = f"{plain} indices without names"
        raise RequestError.at(text, found_text, "at most 3 expected", "give them names, such as {scan}_{row}_{column}")
    unnamed = iter(_UNNAMED.get(plain, ()))
    pieces, names, at = [], [], 0
    for match in found:
        pieces.append(re.escape(name[at : match.start()]))
        at = match.end()
        own = match[3] or next(unnamed)
        if own in names:
            pieces.append(f"(?P={own})")
            continue
        names.append(own)
        width = match[4] or (match[2] if match[1] else "")
        pieces.append(f"(?P<{own}>{'.+?' if own == 'detector' else rf'[0-9]{{{width or 1},}}'})")
    for own in names:
        if own[0].isdecimal():
            raise RequestError.at(text, f"the index '{own}'", "a name that begins with a letter expected")
    pieces.append(re.escape(name[at:]) + _COMPRESSED)
    return Pattern(text, folder, re.compile("".join(pieces)), tuple(names))


def parse_expression(folder: str, text: str) -> Pattern:
    """Take a regular expression with named groups for the names of files in a folder; RequestError for a wrong one."""
    try:
        re.compile(text)  # alone, so that the place of a mistake is right
        regex = re.compile(f"(?:{text}){_COMPRESSED}")
    except re.error as error:
        raise RequestError.at(text, f"this is no regular expression ({error})", hint="see the manual of re") from error
    names = tuple(sorted(regex.groupindex, key=lambda name: regex.groupindex[name]))
    if not names:
        raise RequestError.at(
            text, "no named group in this expression", "one for each index expected", r"such as (?P<point>\d+)"
        )
    return Pattern(text, folder, regex, names)


def find(pattern: Pattern, problems: list[Problem]) -> list[Series]:
    """Find the files of a pattern: a series for each scan index, in its order.

    ReadError where no file fits, and RequestError where an index is no number.
    """
    members = []
    prefix = os.path.join(pattern.folder, "")
    for name in names_in(pattern.folder, problems):
        match = pattern.regex.fullmatch(name)
        if match is not None:
            texts = tuple([match[own] or "" for own in pattern.names])
            members.append(Member(prefix + name, texts, tuple(map(match.span, pattern.names))))
    if not members:
        raise ReadError.at(
            pattern.text,
            "no file fits this pattern",
            f"one in '{pattern.folder or os.curdir}' expected",
            "'ls' lists the files; %04d is a number of four digits or more",
        )
    for name, texts in zip(pattern.names, zip(*(member.texts for member in members), strict=True), strict=True):
        odd = next((text for text in texts if not text.isdecimal()), None) if name != "detector" else None
        if odd is not None:
            hint = "only the index 'detector' may be text"
            raise RequestError.at(pattern.text, f"the index '{name}' is '{odd}'", "a number expected", hint)
    scans = {"": members}
    if "scan" in pattern.names:
        scans = _split(members, pattern.names.index("scan"))
    series = []
    for place, (text, part) in enumerate(scans.items(), 1):
        item = Series(os.path.basename(pattern.text), int(text) if text else place)
        if text:
            item.title = _title(part[0], [at for at, name in enumerate(pattern.names) if name != "scan"])
        kept = [at for at, name in enumerate(pattern.names) if name not in ("scan", "detector")]
        detectors = {"": part}
        if "detector" in pattern.names:
            detectors = _split(part, pattern.names.index("detector"))
        for detector, own in detectors.items():
            item.grids[detector] = make_grid(own, kept, tuple(pattern.names[at] for at in kept), problems)
        series.append(item)
    return series


def _title(member: Member, free: Sequence[int]) -> str:
    """Give the name that all files of a series have, a star for what is different."""
    return member.renamed(["*" if at in free else text for at, text in enumerate(member.texts)])


def _split(members: list[Member], at: int) -> dict[str, list[Member]]:
    """Sort files by one index, in natural order; numbers are equal whatever zeros they begin with."""
    by_text: dict[str, list[Member]] = {}
    for member in members:
        by_text.setdefault(member.texts[at], []).append(member)
    parts: dict[str, list[Member]] = {}
    for text in sorted(by_text, key=natural):
        parts.setdefault(str(int(text)) if text.isdecimal() else text, []).extend(by_text[text])
    return parts


def make_grid(
    members: list[Member], kept: Sequence[int], names: tuple[str, ...], problems: list[Problem], gaps: bool = True
) -> Grid:
    """Place files on the grid of some of their indices; of two files in one place the first is taken.

    *gaps*: a number that is left out along a dimension is a file that is missing. RequestError where the files fill
    next to nothing of the grid.
    """
    if not kept:
        for other in members[1:]:
            problems.append(_twice(members[0], other))
        return Grid(("point",), ([0],), [members[0].path])
    columns = [[int(member.texts[at]) for member in members] for at in kept]
    values = tuple(axis_of(sorted(set(column)), gaps) for column in columns)
    size = math.prod(len(value) for value in values)
    if size > _SPARSE * len(members) + _FEW:
        shape = " x ".join(str(len(value)) for value in values)
        raise RequestError.at(
            members[0].path,
            f"{len(members)} files whose numbers span {shape}",
            "a grid of indices expected",
            "name what the numbers are in a pattern: {scan} splits them, and fixed text leaves them out",
        )
    places = [0] * len(members)
    for column, axis in zip(columns, values, strict=True):
        index = {value: at for at, value in enumerate(axis)}
        places = [place * len(axis) + index[value] for place, value in zip(places, column, strict=True)]
    own: dict[int, Member] = {}
    for place, member in zip(places, members, strict=True):
        if own.setdefault(place, member) is not member:
            problems.append(_twice(own[place], member))
    grid = Grid(names, values, [None] * size)
    for place, member in own.items():
        grid.paths[place] = member.path
    if len(own) < size:
        grid.missing = _missing(members[0], kept, values, grid.paths)
    return grid


def _twice(first: Member, second: Member) -> Problem:
    found = f"has the same indices as '{os.path.basename(first.path)}'"
    return Problem(Place(second.path), found, "one file for each index expected", "it is left out", "lost")


def axis_of(values: list[int], gaps: bool = True) -> list[int]:
    """Give the indices along a dimension: with those that are left out, where the numbers have a common step."""
    if not gaps or len(values) < 3:
        return values
    step = math.gcd(*(b - a for a, b in itertools.pairwise(values)))
    count = (values[-1] - values[0]) // step + 1
    return list(range(values[0], values[-1] + 1, step)) if count <= 2 * len(values) else values


def _missing(member: Member, kept: Sequence[int], values: Sequence[list[int]], paths: list[str | None]) -> list[str]:
    """Name the files that are not there."""
    names = []
    for index, path in enumerate(paths):
        if path is None:
            rest, texts = index, list(member.texts)
            for dimension in range(len(values) - 1, -1, -1):
                rest, at = divmod(rest, len(values[dimension]))
                texts[kept[dimension]] = str(values[dimension][at])
            names.append(member.renamed(texts))
    return names


def group(files: Iterable[NamesAlike], problems: list[Problem]) -> list[Series]:
    """Group files by their names: names that differ in numbers only are one series, in natural order.

    Numbers that all files share are part of the name. Where one number tells the files apart it is the point; two that
    fill a grid are row and column; else the first one that differs is the number of a scan.
    """
    families: dict[tuple[str, ...], list[NamesAlike]] = {}
    for shape in files:
        families.setdefault(_kind(shape), []).append(shape)
    series: list[Series] = []
    for family in sorted(families.values(), key=lambda family: natural(min(min(shape.paths) for shape in family))):
        series += _family(_members(family), problems)
    for number, item in enumerate(series, 1):
        item.number = number
    return series


def _kind(item: NamesAlike) -> tuple[str, ...]:
    """Give what files of one family share: their folder, and their names without the numbers."""
    return (item.folder, *NUMBER.split(plain(item.shape))[::2])


def _members(family: Sequence[NamesAlike]) -> list[Member]:
    """Give the files of one family in natural order."""
    members: list[Member] = []
    for item in family:
        spans = tuple(match.span() for match in NUMBER.finditer(plain(item.shape)))
        texts = zip(*map(item.texts, spans), strict=True) if spans else itertools.repeat(())
        members += map(Member, item.paths, texts, itertools.repeat(spans))
    if len(family) == 1:  # numbers of equal width have the order of their texts
        return sorted(members, key=attrgetter("path"))
    columns = zip(*(member.texts for member in members), strict=True)
    interleaved = itertools.chain.from_iterable((map(int, texts), texts) for texts in columns)
    keys = zip(*interleaved, (member.path for member in members), strict=True)
    return [member for _, member in sorted(zip(keys, members, strict=True))]


def varying(members: Sequence[Member]) -> dict[int, list[int]]:
    """Give the numbers that differ among names of one kind, by their positions."""
    columns = zip(*(member.texts for member in members), strict=True)
    numbers = {at: list(map(int, texts)) for at, texts in enumerate(columns)}
    return {at: column for at, column in numbers.items() if len(set(column)) > 1}


def _family(members: list[Member], problems: list[Problem]) -> list[Series]:
    free = varying(members) if len(members) > 1 else {}
    if not free:
        item = Series(os.path.basename(members[0].path), 1)
        item.grids[""] = make_grid(members, [], (), problems)
        return [item]
    kept = key_of(free)
    if not kept:
        return [item for part in _split(members, min(free)).values() for item in _family(part, problems)]
    item = Series(_title(members[0], kept), 1)
    item.grids[""] = make_grid(members, kept, _UNNAMED[len(kept)], problems)
    return [item]


def key_of(free: Mapping[int, list[int]]) -> list[int]:
    """Give the one number that tells all files apart, else two that fill a grid, else nothing."""
    counts = {at: len(set(column)) for at, column in free.items()}
    for at, column in free.items():
        if counts[at] == len(column):
            return [at]
    for slow, fast in itertools.combinations(free, 2):
        if counts[slow] * counts[fast] == len(free[slow]) == len(set(zip(free[slow], free[fast], strict=True))):
            return [slow, fast]
    return []


def from_list(paths: Sequence[str], problems: list[Problem]) -> Series:
    """Take a list of files as one series in natural order: with their indices where they are one family."""
    unique = list(dict.fromkeys(paths))
    family = names_alike(unique)
    if len(set(map(_kind, family))) == 1:
        members = _members(family)
        ordered = [member.path for member in members]
        if kept := key_of(varying(members)):
            item = Series(_title(members[0], kept), 1)
            item.grids[""] = make_grid(members, kept, _UNNAMED[len(kept)], problems, gaps=False)
            return item
    else:
        ordered = sorted(unique, key=natural)
    item = Series(os.path.basename(ordered[0]), 1)
    item.grids[""] = Grid(("point",), (list(range(len(ordered))),), list(ordered))
    return item


def refuse_missing(place: str, missing: Sequence[str]) -> ReadError:
    """Make the error that lists the files that are missing."""
    listed = ", ".join(missing[:LISTED]) + (f" and {len(missing) - LISTED} more" if len(missing) > LISTED else "")
    return ReadError.at(
        place,
        f"{len(missing)} file{'s are' if len(missing) != 1 else ' is'} missing: {listed}",
        "one for each index expected",
        "--allow-missing writes a fill value in their places and marks them",
    )
