"""Triple-axis scan files: recognising them and opening them.

The format is that of the ILL's triple-axis spectrometers ("ILL TAS data in the new ASCII format"), which HZB (FLEX,
MultiFLEXX) and PSI (TASP, EIGER, through NICOS) write too::

    RRRR ... R                                        wrapper of a numor, 80 letters a line: not in every file
      057276      1      0
    AAAA ... A
            80      0
    IN3   someone     31-Oct-10 11:07:23
    VVVV ... V
    INSTR: IN3                                        header: five characters, a colon, free text
    COMND: SC GL -1 DGL -0.25 NP 57                   the command and the scanned axes
    POSQE: QH=  0.0000, QK= -4.0000, ... UN=meV
    STEPS: GL      = -0.2500
    PARAM: DM=   3.35500, DA=   3.35500, SM=-1.       constants of the instrument, the cell, the presets
    VARIA: A1      = -20.59, A2      = -41.20         positions at the first point -> positioners
    ZEROS: A1      =   1.77, A2      =   2.70         zero offsets -> metadata
    DATA_:
     PNT    GL         M1       M2       TIME      CNTS
       1     5.9800   20732.       6.      1.00      167.

One file is one scan. `tas_header` reads what stands before ``DATA_:``, `tas_rows` the table, `tas_spectra` the blocks
``flat:`` and ``MULTI:`` of multi-detectors, and `tas_build` makes the scan of it all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nxconvert.errors import Place, Problem, ReadError
from nxconvert.registry import Match
from nxconvert.scan import Scan, ScanFile, SourceFile, Wanted
from nxconvert.streams import Source

#: A scan of 10 000 points with 160 spectra channels has 10 MB; what is far larger is no triple-axis scan.
LARGEST = 32 << 20

_BLOCK_KEY = re.compile(rb"^[ \t]*([RSAFIJV])\1{79}[ \t\r]*$", re.MULTILINE)
_FIRST = re.compile(rb"[ \t]*INSTR[ \t]*:", re.IGNORECASE)
_DATA = re.compile(rb"^[ \t]*DATA_?[ \t]*:", re.MULTILINE | re.IGNORECASE)
_ILL_KEY = re.compile(rb"^[ \t]*(?:COMND|POSQE|PARAM|VARIA|STEPS)[ \t]*:", re.MULTILINE | re.IGNORECASE)


def sniff_tas(head: bytes, _name: str) -> Match:
    """Say how well the first bytes of a file fit a triple-axis scan, with or without the wrapper, and why."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n \t\x00").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not text:
        return Match(0.0, "the file is empty")
    keys = _BLOCK_KEY.finditer(text)
    first = next(keys, None)
    if first is not None and first.start() == 0 and first[1] == b"R":
        for key in keys:
            if key[1] == b"V":
                return Match(1.0, "a numor (RRR...) with a block of text (VVV...), as triple-axis scans have it")
            if key[1] in b"SFIJ":
                return Match(0.0, f"a numor with a block of numbers ({key[1].decode() * 3}...), not of text (VVV...)")
        return Match(0.0, "a numor (RRR...) without a block of text (VVV...)")
    if _FIRST.match(text):
        if _DATA.search(text):
            return Match(1.0, "the lines INSTR: and DATA_: of triple-axis scans")
        if _ILL_KEY.search(text):
            return Match(0.7, "header lines of a triple-axis scan, but no DATA_: so far")
        return Match(0.2, "the line INSTR: of triple-axis scans, but no other one")
    return Match(0.0, "it begins neither with a line of 80 letters R nor with INSTR:")


class TasFile(ScanFile):
    """An open triple-axis file: one scan."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.path = source.path
        self.problems: list[Problem] = list(source.problems)

    @property
    def size(self) -> int:
        """Size of the (decompressed) input in bytes."""
        return self.source.size

    def scans(self, wanted: Wanted | None = None) -> Iterator[Scan]:
        """Give the scan of the file, or nothing where it is not wanted.

        ReadError when the file is empty, beyond any size, or has no line of a triple-axis header.
        """
        from nxconvert.readers.ill.tas_build import build

        self.source.position = self.position = 0
        self.problems[:] = self.source.problems
        if self.source.size == 0:
            raise ReadError.at(self.path, "the file is empty", "a triple-axis scan expected", "check how it was copied")
        if self.source.size > LARGEST:
            raise ReadError.at(
                self.path,
                f"the file has {self.source.size} bytes",
                f"at most {LARGEST} expected in a triple-axis scan",
                "'nxconvert info' names the format of a file",
            )
        data = self.source.read(self.source.size)
        scan = build(data, self.path)
        if b"\x00" in data:
            line = data.count(b"\n", 0, data.index(b"\x00")) + 1
            self.problems.append(
                Problem(
                    Place(self.path, line),
                    "there are NUL bytes in this line",
                    "text expected",
                    "they are read as blanks, here and in what follows",
                    "note",
                )
            )
        self.position = self.source.position
        if wanted is None or wanted(scan.number, scan.order):
            yield scan

    def sources(self) -> list[SourceFile]:
        """Name the file that was read."""
        return [self.source.source_file()]

    def close(self) -> None:
        """Release the file."""
        self.source.close()
