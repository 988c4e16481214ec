"""Opening SPEC files: headers and scans in file order, each scan as soon as it is complete."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nxconvert.errors import Place, Problem, ReadError
from nxconvert.readers.spec.blocks import Block, cut, normalise
from nxconvert.readers.spec.body import split
from nxconvert.readers.spec.build import Builder, Origin
from nxconvert.readers.spec.control import Control, add_free, read_control
from nxconvert.readers.spec.facts import Header, make_header
from nxconvert.readers.spec.pieces import parts_of
from nxconvert.readers.spec.report import LISTED, Report
from nxconvert.scan import Scan, ScanFile, SourceFile, Wanted
from nxconvert.streams import Source, open_source

if TYPE_CHECKING:
    from nxconvert.readers.spec.images import ScanImages

_NUMBER = re.compile(rb"#S\s+(\d+)")
#: scan numbers with more digits than this do not fit any integer type
_DIGITS = 18
#: so much of a scan is read to find its number
_HEAD = 512
#: so much of a file header is read
_LONGEST_HEADER = 4 << 20


class SpecFile(ScanFile):
    """An open SPEC file. ``position`` tells how many of its ``size`` bytes have been read."""

    def __init__(self, source: Source, images: ScanImages | None = None) -> None:
        self.source = source
        self.images = images
        self.path = source.path
        self.problems: list[Problem] = list(source.problems)
        self._told_nul = False
        self._odd_numbers = 0

    @property
    def size(self) -> int:
        """Size of the (decompressed) input in bytes."""
        return self.source.size

    def scans(self, wanted: Wanted | None = None) -> Iterator[Scan]:
        """Give the scans in file order; with *wanted*, only those whose number and order it takes are parsed.

        ReadError when the file is empty or has neither a scan nor a file header.
        """
        self.source.position = self.position = 0
        self.problems[:] = self.source.problems
        self._told_nul = False
        self._odd_numbers = 0
        builder = Builder()
        header = make_header(Control())
        orders: dict[int, int] = {}
        index = 0
        for block in cut(self.source):
            self.position = self.source.position
            self._look_at_bytes(block)
            if not block.is_scan:
                header = self._header(block) or header
                continue
            number = self._number(block)
            order = orders[number] = orders.get(number, 0) + 1
            if wanted is None or wanted(number, order):
                scan = self._build(builder, block, number, order, index, header)
                if self.images is not None:
                    self.images.attach(scan)
                yield scan
            index += 1
        self.position = self.source.position
        if index == 0:
            self._no_scans(header)

    def _build(self, builder: Builder, block: Block, number: int, order: int, index: int, header: Header) -> Scan:
        origin = Origin(
            number,
            order,
            index,
            Place(self.path, block.line, offset=block.offset),
            block.length,
            block.sha256,
            block.ended,
            block.text is None,
            parts_of(self.source, block),
        )
        try:
            return builder.build(origin, header)
        except (ReadError, MemoryError):
            raise
        except Exception as error:
            # a mistake of this program: it costs this scan, not all the others
            scan = Scan(number, order, index, origin.place, length=block.length, sha256=block.sha256)
            scan.notes.update(header.notes)
            scan.problems.append(
                Problem(
                    origin.place,
                    f"scan {scan.identifier} cannot be understood ({type(error).__name__}: {error})",
                    "a scan expected",
                    "please report this with the file",
                    "lost",
                )
            )
            return scan

    def _look_at_bytes(self, block: Block) -> None:
        if block.has_nul and not self._told_nul:
            self._told_nul = True
            self.problems.append(
                Problem(
                    Place(self.path, block.line, offset=block.offset),
                    "there are NUL bytes in this block",
                    "text expected",
                    "they are read as blanks, here and in what follows; the disk may have been full",
                )
            )

    def _number(self, block: Block) -> int:
        head = block.text[:_HEAD] if block.text is not None else self.source.read_at(block.offset, _HEAD)
        match = _NUMBER.match(head)
        digits = match[1] if match else b""
        if 0 < len(digits) <= _DIGITS:
            return int(digits)
        self._odd_numbers += 1
        if self._odd_numbers > LISTED:
            return 0
        self.problems.append(
            Problem(
                Place(self.path, block.line, offset=block.offset),
                f"scan number '{digits[:30].decode()}'",
                f"at most {_DIGITS} digits expected",
                "the scan is numbered 0" + (", and so are further ones" if self._odd_numbers == LISTED else ""),
            )
        )
        return 0

    def _header(self, block: Block) -> Header | None:
        """Read a file header; None for what is none, such as blank lines before the first scan."""
        text = block.text
        report = Report(self.path, block.offset, block.line)
        if text is None:
            if not block.started:
                return None
            text = normalise(self.source.read_at(block.offset, min(block.length, _LONGEST_HEADER)))
            if block.length > _LONGEST_HEADER:
                text = text[: text.rfind(b"\n") + 1]
                report.add(
                    block.offset,
                    "file headers beyond any reason",
                    f"file header of {block.length} bytes",
                    f"at most {_LONGEST_HEADER} expected",
                    "only its beginning is read",
                    "lost",
                )
        elif not block.started and b"#" not in text:
            return None
        report.show(text, block.offset, block.line)
        control = Control()
        piece = split(text, block.offset)
        if block.has_cr:
            piece.controls = [(at, line.removesuffix(b" ")) for at, line in piece.controls]
        read_control(control, piece.controls, None, report)
        for offset, data in piece.regions:
            at = offset
            lines: list[tuple[int, bytes]] = []
            for line in data.split(b"\n"):
                if line.strip():
                    lines.append((at, line))
                at += len(line) + 1
            add_free(control, lines, report)
        self.problems.extend(report.finish(Place(self.path, block.line)))
        header = make_header(control)
        header.begun = block.started
        return header

    def _no_scans(self, header: Header) -> None:
        if self.source.size == 0:
            raise ReadError.at(self.path, "the file is empty", "SPEC scans expected", "check how it was copied")
        if not header.begun:
            raise ReadError.at(
                Place(self.path, 1, offset=0),
                "there is neither a scan (#S and a number) nor a file header (#F, #E)",
                "a SPEC file expected",
                "'nxconvert info' names the format of a file",
            )
        self.problems.append(
            Problem(Place(self.path, 1), "there is no scan in this file", "lines that begin with '#S' and a number")
        )

    def sources(self) -> list[SourceFile]:
        """Name the file that was read, and its images."""
        return [self.source.source_file(), *(self.images.sources() if self.images is not None else ())]

    def close(self) -> None:
        """Release the file, and its images."""
        self.source.close()
        if self.images is not None:
            self.images.close()


def open_spec(path: str, images: Sequence[str] = ()) -> SpecFile:
    """Open a SPEC file, compressed or not, or standard input for ``-``.

    *images*: folders in which the images are looked for that the scans refer to; without any, none is.
    """
    if not images:
        return SpecFile(open_source(path))
    from nxconvert.images import Roots
    from nxconvert.readers.spec.images import ScanImages

    found = ScanImages(Roots(images))
    return SpecFile(open_source(path), found)
