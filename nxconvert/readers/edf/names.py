"""Names of files in folders: which are EDF, their natural order, and which of them are alike.

A folder may hold 100,000 names, of a few shapes: whoever tells files apart by their names looks at each shape once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nxconvert.errors import Place, Problem, ReadError

#: endings of the files that a folder is searched for
ENDINGS = (".edf", ".ehf")
_COMPRESSED = (".gz", ".bz2", ".lz4", ".Z")
NUMBER = re.compile(r"(\d+)", re.ASCII)
_DIGITS = str.maketrans("123456789", "0" * 9)


@dataclass(slots=True)
class NamesAlike:
    """Files of a folder whose names differ in nothing but digits: they have the same numbers at the same places.

    ``shape``: the name with 0 for each digit. The last character is kept, which may be that of ``.bz2``.
    """

    folder: str
    shape: str
    names: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def texts(self, span: tuple[int, int]) -> list[str]:
        """Give what stands at one place of the names."""
        start, end = span
        return [name[start:end] for name in self.names]

    def numbers(self, span: tuple[int, int]) -> Iterator[int]:
        """Give the numbers at one place of the names."""
        return map(int, self.texts(span))


def names_alike(paths: Iterable[str]) -> list[NamesAlike]:
    """Sort files by the shapes of their names, in the order of the first of each."""
    folders: dict[str, tuple[list[str], list[str]]] = {}
    for path in paths:
        folder, name = os.path.split(path)
        names, own = folders.setdefault(folder, ([], []))
        names.append(name)
        own.append(path)
    return [item for folder, (names, own) in folders.items() for item in _sort(folder, names, own)]


def names_alike_in(folder: str, names: list[str]) -> list[NamesAlike]:
    """Sort the files of one folder by the shapes of their names, in the order of the first of each."""
    prefix = os.path.join(folder, "")
    return _sort(folder, names, [prefix + name for name in names])


def _sort(folder: str, names: list[str], paths: list[str]) -> list[NamesAlike]:
    found: dict[str, NamesAlike] = {}
    # all at once, which takes a twentieth of the time; no name has a slash
    shapes = "/".join(names).translate(_DIGITS).split("/") if names else []
    for shape, name, path in zip(shapes, names, paths, strict=True):
        shape = shape[:-1] + name[-1:]
        item = found.get(shape)
        if item is None:
            item = found[shape] = NamesAlike(folder, shape)
        item.names.append(name)
        item.paths.append(path)
    return list(found.values())


def names_in(folder: str, problems: list[Problem] | None = None) -> list[str]:
    """Give the names of the files in a folder; ReadError where it cannot be read.

    A link that leads nowhere is a problem when its name is that of an EDF file.
    """
    names = []
    try:
        with os.scandir(folder or os.curdir) as entries:
            for entry in entries:
                try:
                    if entry.is_file():
                        names.append(entry.name)
                        continue
                    broken = entry.is_symlink() and not entry.is_dir()
                except OSError:
                    broken = True
                if broken and problems is not None and is_edf_name(entry.name):
                    problems.append(
                        Problem(Place(entry.path), "this link leads to no file", "a file expected", severity="lost")
                    )
    except OSError as error:
        hint = "check the spelling and the permissions"
        raise ReadError.at(folder, f"the folder cannot be read ({error.strerror})", hint=hint) from error
    return sorted(names)


def is_edf_name(name: str) -> bool:
    """Tell whether a file's name, without the ending of a compression, is that of an EDF file."""
    return plain(name).lower().endswith(ENDINGS)


def plain(name: str) -> str:
    """Give a name without the ending of a compression."""
    return name.rpartition(".")[0] if name.endswith(_COMPRESSED) else name


def natural(name: str) -> list[tuple[int, int, str]]:
    """Give a sort key in which ``a2`` comes before ``a10``."""
    return [(1, int(part), part) if part.isdecimal() else (0, 0, part) for part in NUMBER.split(name)]
