"""Opening EDF files: their frames, their headers, and stacks of frames out of many files.

    with EdfFile("scan.edf") as file:
        file.frames[3].read()
        file.header(3)["motor_pos"]
        stack = FrameStack(file.frames)

A file is indexed when it is opened: every header is read once, no pixel is. Open files keep no descriptor of their own,
so thousands may be open; the headers of all go into one `Headers` store, where each costs what differs in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from types import TracebackType

from nxconvert.errors import Problem, ReadError
from nxconvert.readers.edf.frames import EdfFrame, FrameStack
from nxconvert.readers.edf.index import Walk
from nxconvert.readers.edf.sources import Bytes, MemberBytes, PlainBytes, SpooledBytes, open_bytes
from nxconvert.readers.edf.store import Header, Headers
from nxconvert.scan import SourceFile
from nxconvert.streams import open_source

#: bytes of a file besides its pixels that may always be read with them
_REST = 32 * 1024

__all__ = ["EdfFile", "EdfFrame", "FrameStack", "Header", "Headers"]


class EdfFile:
    """An indexed EDF file: ``frames`` (images), ``errors`` (of the images, by the index of the image), ``problems``.

    *roots*: folders, besides that of the file, in which pixels in other files (``EDF_BinaryFileName``) may lie.
    *headers*: the store that keeps the headers, which many files should share. ``general_text``: the general block
    word for word, empty without one. ReadError where the file cannot be read or is no EDF file; a file of which no
    frame can be read has no ``frames``, and a problem that says why.
    """

    def __init__(self, path: str, roots: Iterable[str] = (), headers: Headers | None = None) -> None:
        self.path = path
        self.headers = Headers() if headers is None else headers
        self._roots = roots
        self._others: dict[str, Bytes] = {}
        self.bytes = open_bytes(path)
        try:
            walk = Walk(path, self.bytes, self.headers, self._other)
            walk.run()
            if walk.spool or self._is_one_broken_piece(walk):  # many frames in one compressed piece
                self.bytes.close()
                self.bytes = SpooledBytes(open_source(path, broken=True))
                walk = Walk(path, self.bytes, self.headers, self._other)
                walk.run()
        except BaseException:
            self.close()
            raise
        self.frames = walk.frames
        self.errors: dict[int, EdfFrame] = {}
        if any(frame.is_error for frame in walk.frames):
            self._separate_errors(walk.frames)
        self.general_text = walk.general_text
        self.problems: list[Problem] = [*_container_problems(self.bytes), *walk.problems]

    @classmethod
    def of_frame(cls, frame: EdfFrame, headers: Headers) -> EdfFile:
        """Give the file of a frame that is the only one in it, and that is found already."""
        file = cls.__new__(cls)
        file.path, file.headers, file.bytes = frame.path, headers, frame.bytes
        file.frames, file.errors, file.problems = [frame], {}, []
        file._roots, file._others, file.general_text = (), {}, b""
        return file

    def _is_one_broken_piece(self, walk: Walk) -> bool:
        """Tell whether compressed data break off that may hold many frames in one piece."""
        return isinstance(self.bytes, MemberBytes) and self.bytes.is_whole is False and not walk.frames

    def _separate_errors(self, frames: list[EdfFrame]) -> None:
        """Take the errors out of the images: each belongs to the image before it, if they are of one shape."""
        images: list[EdfFrame] = []
        for frame in frames:
            if frame.is_error and images and len(images) - 1 not in self.errors and frame.shape == images[-1].shape:
                self.errors[len(images) - 1] = frame
            else:
                frame.index = len(images)
                images.append(frame)
        self.frames = images

    def header(self, index: int) -> Header:
        """Give the header of a frame."""
        return self.frames[index].header

    @property
    def size(self) -> int:
        """Size of the (decompressed) file in bytes."""
        return self.bytes.size

    @property
    def mtime_ns(self) -> int:
        """Time of the file's last change."""
        return self.bytes.mtime_ns

    def sources(self) -> list[SourceFile]:
        """Describe the file, and those with its pixels; most without SHA-256, see `Bytes.source_file`."""
        return [item.source_file() for item in (self.bytes, *self._others.values())]

    def hash_while_read(self) -> bool:
        """Compute the SHA-256 when the pixels are read, where they are one frame and the rest of the file is small."""
        source = self.bytes
        if not isinstance(source, PlainBytes) or len(self.frames) != 1 or self.errors or self._others:
            return False
        source.hashing = source.size - self.frames[0].length < max(self.frames[0].length, _REST)
        return source.hashing

    def close(self) -> None:
        """Release the file."""
        self.bytes.close()
        for item in self._others.values():
            item.close()

    def __enter__(self) -> EdfFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _other(self, name: str) -> Bytes:
        """Open a file with pixels by its name in a header, only in folders that the user named."""
        folder = os.path.dirname(self.path)
        # standard input has no folder
        own = () if self.path == "-" else (folder or os.curdir,)
        roots = [os.path.realpath(root) for root in (*own, *self._roots)]
        name = name.replace("\\", "/")
        outside = False
        for path in (os.path.join(folder, name), *(os.path.join(root, os.path.basename(name)) for root in roots)):
            for candidate in (path, path + ".gz"):
                try:
                    real = os.path.realpath(candidate)
                    exists = os.path.isfile(real)
                except (OSError, ValueError):
                    continue
                if not exists:
                    continue
                if not any(os.path.commonpath([root, real]) == root for root in roots):
                    outside = True
                    continue
                if real not in self._others:
                    self._others[real] = open_bytes(candidate)
                return self._others[real]
        if outside:
            raise ReadError.at(
                self.path,
                f"the pixels are in '{name}', outside the folders that were named",
                hint="--roots names further folders",
            )
        raise ReadError.at(
            self.path,
            f"the pixels are in '{name}', and there is no such file",
            hint="put the file beside the one with the headers",
        )


def _container_problems(source: Bytes) -> Iterable[Problem]:
    if isinstance(source, MemberBytes):
        return source.gaps
    return source.source.problems if isinstance(source, SpooledBytes) else []
