"""One EDF file as a scan: each frame is a point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nxconvert.errors import Place, ReadError
from nxconvert.readers.edf.build import add_frames, fingerprint
from nxconvert.readers.edf.chosen import select_frames
from nxconvert.readers.edf.file import EdfFile
from nxconvert.scan import Field, Scan, ScanFile, SourceFile, Wanted


class EdfScanFile(ScanFile):
    """One EDF file, which holds one scan: number 1.

    *roots*: folders in which pixels in other files may lie; *frames*: a selection such as ``0-99:2``; *stack_axis*: the
    header value that is the axis of the stack. ReadError where no frame can be read.
    """

    hashed = False

    def __init__(self, path: str, roots: Sequence[str] = (), frames: str = "", stack_axis: str = "") -> None:
        self.path = path
        self._selection = frames
        self._stack_axis = stack_axis
        self._file = EdfFile(path, roots)
        self.problems = []
        if not self._file.frames:
            problems = self._file.problems
            self._file.close()
            if problems:
                raise ReadError(*problems)
            raise ReadError.at(path, "no frame is in this file", "EDF headers with data expected")

    @property
    def size(self) -> int:
        """Size of the (decompressed) file in bytes."""
        return self._file.size

    def scans(self, wanted: Wanted | None = None) -> Iterator[Scan]:
        """Give the one scan of the file."""
        if wanted is not None and not wanted(1, 1):
            return
        file = self._file
        scan = Scan(1, 1, 0, Place(self.path, offset=0), length=file.size)
        scan.problems.extend(file.problems)
        frames, errors = file.frames, file.errors
        if self._selection:
            chosen = select_frames(self._selection, len(frames))
            errors = {at: errors[index] for at, index in enumerate(chosen) if index in errors}
            frames = [frames[index] for index in chosen]
        add_frames(scan, frames, errors, self._stack_axis)
        if file.general_text:
            from nxconvert.readers.edf.header import decode

            scan.notes["general_header"] = Field("general_header", decode(file.general_text))
        scan.sha256 = fingerprint(frames)
        self.position = file.size
        yield scan

    def unhashed(self) -> list[SourceFile]:
        """Name the files that are not hashed while their pixels are read."""
        return [] if self._file.hash_while_read() else self._file.sources()

    def sources(self) -> list[SourceFile]:
        """Name the file, and those with its pixels."""
        return self._file.sources()

    def close(self) -> None:
        """Release the files."""
        self._file.close()
