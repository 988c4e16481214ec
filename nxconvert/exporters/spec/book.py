"""A scan as SPEC text.

::

    #F iron.spec                          the file header as the source had it, else made from the first scan
    #E 1455180875
    #D Thu Feb 11 09:54:35 2016
    #C nxconvert  User = me
    #O0 Theta  Two Theta  Chi             two blanks between names

    #S 3 ascan  th 14 15 10 1             number and command
    #D Thu Feb 11 09:55:20 2016           the scan's own header lines as the source had them, else made:
    #T 1  (Seconds)                       start, what was counted to, motors at the start
    #P0 14.0 28.0 90.0
    #@MCA %16C
    #@CHANN 1024 0 1023 1
    #@CALIB 0 0.01 0
    #N 3
    #L Theta  Epoch  Detector
    14.0 420 28
    @A 0 0 1 5 ...\\
     7 3 ...
    #C ... Scan aborted after 1 points.

Columns, spectra and positions are always written anew, so that every program pairs them rightly: ``#P`` rows fit their
``#O`` rows, rows fit their labels, and numbers are the shortest text of the same double. The rules are those that the
manuals of Certified Scientific Software (spec 3.9, C-PLOT C.11.3) and the readers agree on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from nxconvert.arrays import Array, LazyArray
from nxconvert.digits import column_lines
from nxconvert.exporters.spec.header import Rows, file_header, scan_header
from nxconvert.exporters.spec.losses import spec_losses
from nxconvert.exporters.spec.spectra import declared, detectors, spectrum_lines
from nxconvert.exporters.spec.words import note, own_name, plain_name, rows_of
from nxconvert.registry import Exporter, Settings
from nxconvert.scan import Scan
from nxconvert.tabular import CELLS, PRECISION, Feed, aligned, feeds, table, table_text


class SpecBook:
    """A SPEC file while it is written; keeps which file header is in force."""

    def __init__(self, stream: IO[str], settings: Settings) -> None:
        self._stream = stream
        self._settings = settings
        self._header: str | None = None
        self._motors: Rows = []

    def add(self, scan: Scan) -> None:
        """Write one scan, with a file header before it where another one was in force."""
        header, motors = note(scan, "file_header"), self._motors
        if header != self._header:
            lines = file_header(scan, header, str(self._settings["output"]))
            motors = rows_of(lines, "O")
            self._stream.writelines(f"{line}\n" for line in [*([""] if self._header is not None else []), *lines])
        _Scan(scan, motors, self._stream, self._settings["precision"]).write()
        # only now: a scan that fails is taken out again, with the file header before it
        self._header, self._motors = header, motors

    def close(self) -> None:
        """Write nothing more."""


class _Scan:
    """One scan while it is written."""

    def __init__(self, scan: Scan, motors: Rows, stream: IO[str], form: str) -> None:
        self.scan, self.motors, self.stream, self.form = scan, motors, stream, form
        self.columns = table(scan)
        self.detectors = detectors(scan)

    def write(self) -> None:
        """Write the header, the rows with their spectra, and what came after them."""
        before, after = scan_header(self.scan, self.motors, bool(self.detectors))
        self.stream.writelines(f"{line}\n" for line in ["", *before, *self._labels()])
        self._data()
        self.stream.writelines(f"{line}\n" for line in after)

    def _labels(self) -> list[str]:
        """Give what is declared of the data: spectra, number of columns, labels."""
        lines = declared(self.detectors)
        if self.columns:
            labels = [plain_name(own_name(name, self.scan.columns[name])) for name in self.columns]
            lines += [f"#N {len(labels)}", f"#L {'  '.join(labels)}"]
        return lines

    def _data(self) -> None:
        columns, data, surplus = list(self.columns.values()), self._arrays("data"), self._arrays("surplus")
        if not data:
            self.stream.writelines(table_text(columns, " ", self.form))
        else:
            self._rows_and_spectra(columns, data)
        for value in surplus:
            step = max(1, CELLS // value.shape[1])
            for block in aligned([value], step):
                self._put([], [spectrum_lines(block[0], self.form)], len(block[0]))

    def _rows_and_spectra(self, columns: list[Array | LazyArray], data: list[Array | LazyArray]) -> None:
        points = columns[0].shape[0] if columns else 0
        sources = feeds([*columns, *data])
        rows, spectra = sources[: len(columns)], sources[len(columns) :]
        left = [value.shape[0] for value in data]
        total = max([points, *left])
        step = max(1, CELLS // (len(columns) + sum(value.shape[1] for value in data)))
        for begin in range(0, total, step):
            count = min(step, total - begin)
            here = max(0, min(count, points - begin))
            lines = column_lines([source.take(here) for source in rows], b" ", self.form)
            texts = [self._some(source, left, at, count) for at, source in enumerate(spectra)]
            self._put(lines, texts, count)

    def _arrays(self, item: str) -> list[Array | LazyArray]:
        found: list[Array | LazyArray | None] = [getattr(detector, item) for detector in self.detectors]
        return [value for value in found if value is not None]

    def _some(self, source: Feed, left: list[int], at: int, count: int) -> list[bytes | None]:
        """Give the next spectra of a detector, None for those that are missing."""
        here = min(count, left[at])
        left[at] -= here
        return [*(spectrum_lines(source.take(here), self.form) if here else []), *[None] * (count - here)]

    def _put(self, rows: Sequence[bytes], spectra: Sequence[Sequence[bytes | None]], count: int) -> None:
        """Write rows, each with its spectra behind it."""
        lines: list[bytes] = []
        for point in range(count):
            lines += rows[point : point + 1]
            own = [texts[point] for texts in spectra]
            while own and own[-1] is None:
                own.pop()
            # one that is missing before others keeps its place
            lines += [b"@A nan" if text is None else text for text in own]
        self.stream.write(b"\n".join([*lines, b""]).decode())


def _skips(scan: Scan, _settings: Settings) -> str:
    if note(scan, "scan_header") or scan.columns or detectors(scan):
        return ""
    return "it has no columns and no spectra"


EXPORTER = Exporter(
    name="spec",
    description="SPEC, all scans of an input in one file, with motors, spectra and the original headers",
    extensions=(".spec",),
    losses=spec_losses,
    book=SpecBook,
    settings=(PRECISION,),
    skips=_skips,
)
