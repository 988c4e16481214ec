"""Walks the folders that are to be converted: which files are there, and which the user wants."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file: its path, size in bytes, and the time of its last change in ns."""

    path: str
    size: int
    mtime_ns: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return os.path.basename(self.path)


@dataclass(slots=True)
class Folder:
    """A folder with the files in it by name, the names of the folders in it, and what cannot be looked at, and why."""

    path: str
    files: dict[str, Entry] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Refused:
    """A name in a folder that is no file to convert: the reason, and whether something is lost by that."""

    path: str
    reason: str
    hint: str
    lost: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user wants of a tree.

    ``include``, ``exclude``: patterns of the shell, for a name or for the path below the source; a folder that is
    excluded is not entered. ``newer``: only what changed after this time, in ns; ``without``: folders and files left
    out, such as the destination.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    newer: int | None = None
    without: frozenset[str] = frozenset()

    @property
    def choice(self) -> tuple[Any, ...]:
        """What the user chose, as JSON can hold it."""
        return self.include, self.exclude, self.newer

    def is_left_out(self, path: str, below: str, name: str) -> bool:
        """Tell whether a folder or file is not looked at, whatever is in it; names that begin with a dot are not."""
        return name.startswith(".") or _fits(self.exclude, below, name) or path in self.without

    def is_included(self, below: str) -> bool:
        """Tell whether a file, by its path below the source, is wanted."""
        return not self.include or _fits(self.include, below, os.path.basename(below))


def _fits(patterns: Sequence[str], below: str, name: str) -> bool:
    return any(fnmatchcase(name, pattern) or fnmatchcase(below, pattern) for pattern in patterns)


def walk(root: str, wanted: Wanted) -> Iterator[Folder]:
    """Give every folder below *root*, each before those in it, all in the order of their names.

    Links to files are followed, links to folders are not. OSError where *root* itself cannot be listed.
    """
    waiting = [root]
    while waiting:
        path = waiting.pop()
        try:
            folder = read_folder(path, root, wanted)
        except OSError as error:
            if path == root:
                raise
            reason = f"the folder cannot be read: {error.strerror}"
            folder = Folder(path, refused=[Refused(path, reason, "check the permissions", True)])
        yield folder
        waiting += [os.path.join(path, name) for name in reversed(folder.folders)]


def read_folder(path: str, root: str, wanted: Wanted) -> Folder:
    """Give what lies in one folder below *root*, by name in order; OSError where it cannot be listed."""
    folder = Folder(path)
    prefix = "" if path == root else os.path.relpath(path, root) + os.sep
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            below = prefix + entry.name
            if not wanted.is_left_out(entry.path, below, entry.name):
                _sort(entry, below, folder, wanted)
    return folder


def _sort(entry: os.DirEntry[str], below: str, folder: Folder, wanted: Wanted) -> None:
    """Put what a folder holds under one name in its place."""
    try:
        if entry.is_symlink() and entry.is_dir():
            hint = "name the folder itself as a source"
            folder.refused.append(Refused(entry.path, "a link to a folder, which is not followed", hint, False))
        elif entry.is_dir():
            folder.folders.append(entry.name)
        elif wanted.is_included(below):
            status = entry.stat()
            if stat.S_ISREG(status.st_mode):
                folder.files[entry.name] = Entry(entry.path, status.st_size, status.st_mtime_ns)
            else:
                folder.refused.append(Refused(entry.path, "is no regular file", "", False))
    except OSError as error:
        if entry.is_symlink():
            folder.refused.append(Refused(entry.path, "this link leads to no file", "", True))
        else:
            folder.refused.append(Refused(entry.path, f"cannot be looked at: {error.strerror}", "", True))


def look_at(path: str) -> Entry:
    """Give a single file that the user named; OSError where it cannot be looked at."""
    status = os.stat(path)
    return Entry(path, status.st_size, status.st_mtime_ns)
