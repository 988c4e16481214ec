"""The files of a series, each opened once: their frames, the headers of all in one store, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nxconvert.errors import Place, Problem, ReadError
from nxconvert.readers.edf.alike import Patience, frames_of_files
from nxconvert.readers.edf.file import EdfFile, EdfFrame, Headers
from nxconvert.scan import SourceFile

#: so many missing files are listed
_LISTED = 20
#: so many files are opened at once
_TOGETHER = 64


class Files:
    """Opened files by path, in the order in which they were opened; ``position`` counts their bytes.

    *roots*: see `EdfFile`.
    """

    def __init__(self, roots: Iterable[str] = ()) -> None:
        self.headers = Headers()
        self.position = 0
        self._roots = tuple(roots)
        #: whether the SHA-256 of files is computed when their pixels are read, where that is possible
        self._hashing = False
        self._opened: dict[str, EdfFile | None] = {}

    def open(self, path: str, problems: list[Problem]) -> EdfFile | None:
        """Open a file, and note its problems; None where it cannot be read, which is a problem too."""
        if path in self._opened:
            return self._opened[path]
        file = None
        try:
            file = EdfFile(path, self._roots, self.headers)
        except ReadError as error:
            problems.extend(error.problems)
        else:
            problems.extend(file.problems)
            self._note(file)
        self._opened[path] = file
        return file

    def open_all(self, paths: Sequence[str], problems: list[Problem]) -> list[EdfFile | None]:
        """Open many files as `open` does; it takes less time where they hold one frame each and are alike."""
        found: list[EdfFile | None] = []
        patience = Patience()
        while len(found) < len(paths):
            some = paths[len(found) : len(found) + _TOGETHER]
            new = len(set(some)) == len(some) and self._opened.keys().isdisjoint(some)
            if new and patience.ready():
                frames = frames_of_files(some, self.headers)
                found += map(self._of_frame, frames)
                patience.note(len(frames), len(some))
            else:
                found.append(self.open(some[0], problems))
        return found

    def _of_frame(self, frame: EdfFrame) -> EdfFile:
        """Note a file that is opened already."""
        file = self._opened[frame.path] = EdfFile.of_frame(frame, self.headers)
        self._note(file)
        return file

    def _note(self, file: EdfFile) -> None:
        self.position += file.size
        if self._hashing:
            file.hash_while_read()

    def frames(self, path: str, problems: list[Problem]) -> list[EdfFrame]:
        """Give the frames of a file, none where it cannot be read."""
        file = self.open(path, problems)
        return [] if file is None else file.frames

    def unhashed(self) -> list[SourceFile]:
        """Name the files that are not hashed while their pixels are read; further ones are where that is possible."""
        self._hashing = True
        left = [file for file in self._opened.values() if file is not None and not file.hash_while_read()]
        return [source for file in left for source in file.sources()]

    def sources(self) -> list[SourceFile]:
        """Name every file that was read, with SHA-256 where it is known."""
        return [source for file in self._opened.values() if file is not None for source in file.sources()]

    def close(self) -> None:
        """Release all files."""
        for file in self._opened.values():
            if file is not None:
                file.close()


def tell_missing(place: str, names: Sequence[str]) -> Problem:
    """Say which frames are missing."""
    listed = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    return Problem(
        Place(place),
        f"{len(names)} frame{'s are' if len(names) != 1 else ' is'} missing: {listed}",
        "one for each index expected",
        "frame_missing marks them; the largest number of the type, nan among floats, stands in their places",
    )
