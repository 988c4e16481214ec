"""Finding numors: ranges such as ``068288-068300``, and folders of an archive.

An archive has ``YYC/instrument/NNNNNN[.Z]`` (year and cycle), some instruments with one more level of folders, so that
files are found by their names wherever they lie below a folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from nxconvert.errors import RequestError

_RANGE = re.compile(r"(\d{1,6})-(\d{1,6})")
_NUMOR = re.compile(r"(\d{6})(\.(?:Z|gz|bz2))?")
#: of several copies of a numor the first one in this order is taken
_ENDINGS = ("", ".gz", ".Z", ".bz2")


def expand(sources: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give the files for what was named: files as they are, ranges and folders as the numors in them.

    Further, the ranges that have gaps, in words. A range is looked for in the folder that stands before it, else below
    it, so that ``archive/133/d2b/068288-068300`` and ``archive/068288-068300`` both work. RequestError where a range
    or a folder has no numor.
    """
    files: list[str] = []
    gaps: list[str] = []
    for source in sources:
        folder, name = os.path.split(source)
        match = _RANGE.fullmatch(name)
        if os.path.isdir(source):
            files += _in_folder(source)
        elif match is None or os.path.exists(source):
            files.append(source)
        else:
            found, missing = _in_range(source, folder, match[1], match[2])
            files += found
            if missing:
                numors = "numor is" if len(missing) == 1 else "numors are"
                gaps.append(f"{source}: {len(missing)} {numors} not there: {_listed(missing)}")
    return files, gaps


def _in_folder(folder: str) -> list[str]:
    found = _copies(folder)
    if not found:
        raise RequestError.at(
            folder, "there is no numor below this folder", "files of six digits expected", "name the files themselves"
        )
    return [path for _number, path in sorted((number, path) for number, path in found.items())]


def _in_range(source: str, folder: str, first: str, last: str) -> tuple[list[str], list[str]]:
    # the end of a range may have fewer digits: 068288-300
    end = first[: len(first) - len(last)] + last if len(last) < len(first) else last
    if int(end) < int(first):
        raise RequestError.at(source, f"the range ends with {end}, before it begins", "first and last numor expected")
    wanted = [f"{number:06d}" for number in range(int(first), int(end) + 1)]
    copies = {number: path for number in wanted if (path := _beside(folder, number))}
    if not copies and os.path.isdir(folder or os.curdir):
        copies = _copies(folder or os.curdir)
        if not folder:
            copies = {number: os.path.relpath(path) for number, path in copies.items()}
    inside = set(wanted)
    # the same number on several instruments stands for each of them
    found = [path for number, path in sorted(copies.items()) if number[:6] in inside]
    if not found:
        raise RequestError.at(
            source,
            "there is no numor of this range",
            f"files {wanted[0]} to {wanted[-1]} in or below '{folder or os.curdir}' expected",
            "a folder can stand before the range: archive/133/d2b/068288-068300",
        )
    return found, [number for number in wanted if number not in copies]


def _beside(folder: str, number: str) -> str | None:
    for ending in _ENDINGS:
        path = os.path.join(folder, number + ending)
        if os.path.isfile(path):
            return path
    return None


def _copies(folder: str) -> dict[str, str]:
    """Give the numors below a folder by number; of copies beside each other the uncompressed one.

    Links to folders are not followed. A number that lies in two folders (of two instruments) is told apart by path.
    """
    found: dict[str, str] = {}
    for place, number, path in _walk(folder):
        key = number if number not in found or os.path.dirname(found[number]) == place else f"{number} {place}"
        if key not in found or _rank(path) < _rank(found[key]):
            found[key] = path
    return found


def _walk(folder: str) -> Iterator[tuple[str, str, str]]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            match = _NUMOR.fullmatch(name)
            if match is not None and os.path.isfile(os.path.join(place, name)):
                yield place, match[1], os.path.join(place, name)


def _rank(path: str) -> int:
    return _ENDINGS.index(os.path.splitext(path)[1])


def _listed(numbers: list[str]) -> str:
    return ", ".join(numbers[:8]) + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")
