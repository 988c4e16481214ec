"""Images that a data file refers to: found below the folders that the user named, and opened as one stack.

The paths in a data file are those of the computer on which it was written. They are never followed as they are: the
longest end of such a path that exists below one of the folders is the file that is meant.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nxconvert import registry
from nxconvert.arrays import Array, FrameArray, Location
from nxconvert.errors import Problem, ReadError, RequestError
from nxconvert.scan import Field, ScanFile, SourceFile
from nxconvert.streams import open_source

_COMPRESSED = (".gz", ".bz2", ".lz4", ".Z")
#: more folders than this has no path
_DEEPEST = 64
_SEPARATOR = re.compile(r"[/\\]+")


class Roots:
    """The folders in which images are looked for, and never outside of them; RequestError where one is no folder."""

    def __init__(self, folders: Sequence[str]) -> None:
        for folder in folders:
            if not os.path.isdir(folder):
                raise RequestError.at(folder, "there is no such folder", "a folder of images expected")
        self._roots = [(folder, os.path.realpath(folder)) for folder in folders]
        self._found: dict[str, list[str]] = {}

    def folders(self, stated: str) -> list[str]:
        """Give the folders that a path of old can mean now, those that agree with more of it first."""
        if stated not in self._found:
            self._found[stated] = self._search(stated)
        return self._found[stated]

    def _search(self, stated: str) -> list[str]:
        parts = [part for part in _SEPARATOR.split(stated) if part not in ("", ".")][-_DEEPEST:]
        if ".." in parts or "\0" in stated:
            return []
        found: list[str] = []
        for start in range(len(parts) + 1):
            for root, real in self._roots:
                folder = os.path.join(root, *parts[start:])
                if folder not in found and os.path.isdir(folder) and _is_inside(folder, real):
                    found.append(folder)
        return found

    def find(self, stated: str) -> str | None:
        """Give the file that a path of old means now, compressed or not; None where there is none."""
        folder, name = os.path.split(stated.replace("\\", "/"))
        return next((path for place in self.folders(folder) if (path := self.inside(place, name))), None)

    def inside(self, folder: str, name: str) -> str | None:
        """Give the path of a file in one of the folders found, compressed or not; None where there is none."""
        plain, ending = os.path.splitext(name)
        if ending not in _COMPRESSED:
            plain = name
        for own in dict.fromkeys((name, plain, *(plain + ending for ending in _COMPRESSED))):
            path = os.path.join(folder, own)
            try:
                mode = os.lstat(path).st_mode
            except (OSError, ValueError):
                continue
            if stat.S_ISREG(mode):
                return path
            if stat.S_ISLNK(mode) and os.path.isfile(path) and any(_is_inside(path, real) for _, real in self._roots):
                return path
        return None


def _is_inside(path: str, root: str) -> bool:
    real = os.path.realpath(path)
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


class ImageStack(FrameArray):
    """Images of any format that fabio reads, one file for each frame, None where one is missing."""

    def __init__(self, paths: Sequence[str | None], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._paths = paths
        self.frame_shape = shape
        self.shape = (len(paths), *shape)
        self.stored = dtype
        self.dtype = dtype.newbyteorder("<")
        self.fill_value = missing_value(self.dtype) if None in paths else None

    def frame(self, index: int) -> Array | None:
        """Read one image; ReadError where it cannot be read or is of another shape or type than the first."""
        path = self._paths[index]
        if path is None:
            return None
        data = read_image(path)
        if data.shape != self.frame_shape or data.dtype != self.stored:
            raise ReadError.at(
                path,
                f"an image of {_shape(data)}",
                f"{' x '.join(map(str, self.frame_shape))} of {self.stored} expected, as the first image",
            )
        return data.astype(self.dtype, copy=False)

    def location(self, index: int) -> Location | None:
        """Give nothing: fabio does not tell where the values lie."""


def missing_value(dtype: np.dtype[Any]) -> Any:
    """Give what stands for a frame that is missing: not a number, else the largest number of the type."""
    return np.nan if dtype.kind == "f" else np.iinfo(dtype).max


def _shape(data: Array) -> str:
    return f"{' x '.join(map(str, data.shape))} of {data.dtype}"


#: fabio keeps state while it looks for the format of a file
_LOCK = threading.Lock()


def read_image(path: str) -> Array:
    """Read the first frame of an image with fabio; ReadError with fabio's reason where it cannot."""
    import logging

    import fabio

    log = logging.getLogger("fabio")
    try:
        with _LOCK:
            before = log.level
            log.setLevel(logging.CRITICAL)
            try:
                image = fabio.open(path)
            finally:
                log.setLevel(before)
        with image:
            if image.nframes > 1:
                raise ReadError.at(path, f"{image.nframes} frames in this file", "one expected", "convert it to EDF")
            data: Array | None = image.data
    except ReadError:
        raise
    except Exception as error:
        # fabio's readers raise anything
        reason = f"fabio cannot read this image ({type(error).__name__}: {error})"
        raise ReadError.at(path, reason, "an image expected") from error
    if data is None or data.ndim < 2 or data.dtype.kind not in "iuf":
        raise ReadError.at(path, "there is no image of numbers in this file", "an image expected")
    return data


@dataclass(slots=True)
class Images:
    """An open stack: the fields of each detector, headers word for word, problems, and the file to close."""

    detectors: dict[str, dict[str, Field]]
    headers: dict[str, Field] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    file: ScanFile | None = None
    paths: list[str] = field(default_factory=list)

    def sources(self) -> list[SourceFile]:
        """Name the files that were read, without SHA-256."""
        if self.file is not None:
            return self.file.sources()
        found = [(path, os.stat(path)) for path in self.paths]
        return [SourceFile(path, status.st_size, status.st_mtime_ns, "") for path, status in found]

    def close(self) -> None:
        """Release the files."""
        if self.file is not None:
            self.file.close()


def open_images(paths: Sequence[str | None], as_series: bool = False) -> Images:
    """Open images as one stack in the order given, None where one is missing; ReadError where none can be read.

    EDF files are read by the reader of that format, and may hold several frames each; others by fabio. *as_series*:
    what EDF files are and which axes they have follows from their names, as for a series of its own.
    """
    present = [path for path in paths if path is not None]
    edf = registry.reader("edf")
    with open_source(present[0]) as source:
        is_edf = edf.sniff(source.read_at(0, registry.HEAD), present[0]).confidence >= registry.SURE
    if is_edf:
        settings = {"files": present} if as_series else {"stack": [path or "" for path in paths]}
        file = edf.open(present[0], **settings)
        try:
            scan = next(iter(file))
        except BaseException:
            file.close()
            raise
        return Images(scan.detectors, scan.notes, [*file.problems, *scan.problems], file)
    first = read_image(present[0])
    stack = ImageStack(paths, first.shape, first.dtype)
    fields = {"data": Field("data", stack, ("point", *(("z", "y", "x")[-first.ndim :])))}
    if None in paths:
        missing = np.array([path is None for path in paths], np.uint8)
        fields["frame_missing"] = Field("frame_missing", missing, ("point",))
    return Images({"": fields}, {}, [], None, present)
