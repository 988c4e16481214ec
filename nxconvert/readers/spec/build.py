"""Making a Scan out of the pieces of its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.errors import Place
from nxconvert.readers.spec import views
from nxconvert.readers.spec.body import Body, Piece, split
from nxconvert.readers.spec.commands import Command, parse_command
from nxconvert.readers.spec.control import Control, add_free, read_control
from nxconvert.readers.spec.declared import Declared, read_declared, tell_change
from nxconvert.readers.spec.detectors import Plan, describe, make_plan
from nxconvert.readers.spec.facts import MOST_NAMES, Header, add_metadata
from nxconvert.readers.spec.layout import Layout, Layouts
from nxconvert.readers.spec.names import fit_names, split_names
from nxconvert.readers.spec.pieces import LONGEST, Part
from nxconvert.readers.spec.positions import positioners
from nxconvert.readers.spec.report import Report
from nxconvert.readers.spec.rows import looks_like_row
from nxconvert.readers.spec.store import FLOAT64, KEPT, Arrays, Columns, ScanTable
from nxconvert.scan import Field, Scan

_ABORTED = re.compile(r"scan aborted|aborted after \d+ point|exit_status = (?:abort|fail)", re.IGNORECASE)
_COMMAND = re.compile(r"#S\s+\d+[ \t]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Origin:
    """A scan's number and order, where it stands in its file, and how to get the parts of its text.

    ``large``: its text comes in more than one part. ``ended``: its last line has a line end.
    """

    number: int
    order: int
    index: int
    place: Place
    length: int
    sha256: str
    ended: bool
    large: bool
    parts: Callable[[], Iterator[Part]]


class Builder:
    """Builds the scans of one file, and keeps what repeats from scan to scan."""

    def __init__(self) -> None:
        self.told: set[str] = set()
        self.layouts = Layouts()

    def build(self, origin: Origin, header: Header) -> Scan:
        """Read one scan; what is odd in it becomes a problem of the scan."""
        return _Building(self, origin, header).make()


def _join_command(piece: Piece) -> None:
    """Give the first control line what follows it up to the next one, if its brackets are open.

    Bluesky writes the arguments of a plan there, arrays over several lines too.
    """
    if not piece.regions or not piece.controls or b"(" not in piece.controls[0][1]:
        return
    (at, command), (offset, data) = piece.controls[0], piece.regions[0]
    if len(piece.controls) > 1 and offset > piece.controls[1][0]:
        return
    if any(command.count(opening) > command.count(closing) for opening, closing in ((b"(", b")"), (b"[", b"]"))):
        piece.controls[0] = (at, command + b"\n" + data.rstrip(b"\n"))
        del piece.regions[0]
        if piece.data_from == offset:
            piece.data_from = piece.regions[0][0] if piece.regions else None


class _Building:
    """One scan while it is read: first the text part by part, then the fields."""

    def __init__(self, builder: Builder, origin: Origin, header: Header) -> None:
        self.builder = builder
        self.origin = origin
        self.header = header
        self.begin = origin.place.offset or 0
        self.control = Control()
        self.report = Report(origin.place.path, self.begin, origin.place.line or 1)
        self.columns = Columns(origin.large)
        self.arrays = Arrays()
        self.body = Body(self.report)
        # where the latest comment stands that says so, and how many comments have been looked at
        self.aborted = False
        self.abort_offset = 0
        self.seen_comments = 0
        # labels as they are split for the number of columns that #N says
        self.expected: tuple[int, tuple[str, ...]] = (0, ())
        self.scan = Scan(
            origin.number, origin.order, origin.index, origin.place, length=origin.length, sha256=origin.sha256
        )

    def make(self) -> Scan:
        """Read the text and fill in the scan."""
        self._read()
        scan, control, header, report = self.scan, self.control, self.header, self.report
        first_line = control.lines[0][1]
        match = _COMMAND.match(first_line)
        scan.command = first_line[match.end() :] if match else ""
        scan.title = " ".join(scan.command.split("\n")).strip() or f"scan {scan.number}"
        command = parse_command(scan.command)
        scan.positioners = positioners(control, header, report, self.builder.told)
        add_metadata(scan, control, header, report)
        layout = self._layout(command)
        declared, plan = self._plan()
        table = self._table(layout, plan)
        self._add_columns(layout, table)
        self._add_detectors(declared, plan, table)
        if command.grid:
            scan.scan_shape = tuple(motion.points for motion in reversed(command.motions))
            views.add_grid(scan, command, self.begin, report)
        views.add_plots(scan)
        if self.aborted:
            scan.status = "aborted"
        elif self.columns.count >= command.points:
            scan.status = "complete"
        if scan.end_time is None:
            scan.end_time = views.end_time(scan, header)
        if "name" in scan.monitor and (column := scan.columns.get(str(scan.monitor["name"].value))) is not None:
            scan.monitor["data"] = column
        scan.notes["scan_header"] = Field("scan_header", control.verbatim())
        scan.notes.update(header.notes)
        scan.problems = report.finish(scan.place)
        return scan

    # --- reading

    def _read(self) -> None:
        line = self.origin.place.line or 1
        started = False
        for part in self.origin.parts():
            self.report.show(part.text, part.offset, line)
            if part.skipped:
                self.report.add(
                    part.offset,
                    "lines beyond any reason",
                    f"line of {part.skipped} bytes",
                    f"at most {LONGEST} expected",
                    "it is left out",
                    "lost",
                )
            line += part.lines
            piece = self._split(part)
            read_control(self.control, piece.controls, self.begin if started else piece.data_from, self.report)
            if not started:
                self._expect()
            started = started or piece.data_from is not None
            self.body.read(piece, part.last)
            read_control(self.control, piece.late_controls, self.begin, self.report)
            add_free(self.control, piece.free, self.report)
            self._watch_abort(piece)
            if piece.rows is not None:
                self.columns.add(piece.rows)
            if piece.spectra:
                self.arrays.add(piece.spectra, self.body.point, compact=self.origin.large)
            if part.last and not self.origin.ended and piece.regions:
                self._tell_open_end(piece)

    def _split(self, part: Part) -> Piece:
        piece = split(part.text, part.offset)
        if part.blank_ends:
            piece.controls = [(at, text.removesuffix(b" ")) for at, text in piece.controls]
        if part.offset == self.begin:
            _join_command(piece)
        return piece

    def _expect(self) -> None:
        """Tell the body what the control lines before the data promise."""
        control, body = self.control, self.body
        body.widths = control.widths
        n = control.widths[0] if control.widths and control.widths[0] <= MOST_NAMES else 0
        names = [fit_names(text, n) if n else split_names(text) for text in self._label_lines()]
        if len(names) == 1:
            self.expected = (n, names[0])
        if names:
            counts = [len(own) for own in names]
            body.labels = n if n in counts or n == sum(counts) else counts[-1]
        if arrays := control.arrays or self.header.control.arrays:
            declared = read_declared(arrays, True)
            body.dump, body.channels = declared.dump, declared.expected_length()

    def _label_lines(self) -> list[str]:
        """Give the ``#L`` lines before the data; the first one after them where there is no other."""
        labels = self.control.labels
        return [text for text, _, after in labels if not after] or [text for text, _, _ in labels[:1]]

    def _watch_abort(self, piece: Piece) -> None:
        """A scan is aborted only if no row follows the comment that says so."""
        comments = self.control.comments
        for text, at in comments[self.seen_comments :]:
            if _ABORTED.search(text):
                self.aborted, self.abort_offset = True, at
        self.seen_comments = len(comments)
        if self.aborted:
            self.aborted = not any(
                looks_like_row(line)
                for offset, data in piece.regions
                if offset > self.abort_offset
                for line in data.split(b"\n")
                if line[:1] != b"@"
            )

    def _tell_open_end(self, piece: Piece) -> None:
        offset, data = piece.regions[-1]
        data = data.rstrip()
        last = data[data.rfind(b"\n") + 1 :]
        at = offset + len(data) - len(last)
        if (piece.controls and piece.controls[-1][0] > at) or not (last[:1] == b"@" or looks_like_row(last)):
            return
        self.report.add(
            at,
            "open ends",
            "the file ends within this line",
            "a line end expected",
            "its last value may be cut short, if the file is not complete",
            "note",
        )

    # --- columns

    def _labels(self, width: int) -> tuple[str, ...]:
        """Choose among the ``#L`` lines and split it so that it fits the rows."""
        lines = self._label_lines()
        for _, at, after in self.control.labels[1:]:
            if after:
                self.report.add(
                    at,
                    "further lines of labels",
                    "there is another #L line after the first rows",
                    "one expected",
                    "the columns keep the names before it; the line is in the header",
                )
        if len(lines) > 1:
            together = tuple(name for text in lines for name in split_names(text))
            fitting = [names for text in lines if len(names := fit_names(text, width)) == width]
            if len(together) == width or fitting:
                return together if len(together) == width else fitting[0]
        if len(lines) == 1 and self.expected[0] == width > 0:
            return self.expected[1]
        return fit_names(lines[-1], width) if lines else ()

    def _layout(self, command: Command) -> Layout:
        """Name the columns and find the scanned ones; tell what does not fit."""
        columns, form = self.columns, self.body.form
        n = self.control.widths[0] if self.control.widths else 0
        labels = self._labels(form.width if columns.count and form else n if n <= MOST_NAMES else 0)
        width = columns.width if columns.count else len(labels)
        at = self.control.labels[0][1] if self.control.labels else self.begin
        if columns.count and form is not None and len(labels) != form.width:
            self._tell_labels(labels, form.width, at)
        if width > MOST_NAMES:
            self.report.add(
                at,
                "columns beyond any reason",
                f"{width} columns",
                f"at most {MOST_NAMES} expected",
                "the others are left out",
                "lost",
            )
            width = MOST_NAMES
        layout = self.builder.layouts.find(command, labels, width, self.header, self.control)
        for column in columns.inexact():
            if column < width and column not in layout.floats:
                self.report.add(
                    at,
                    "integers beyond 64 bits",
                    f"'{layout.names[column]}' has integers of more than 64 bits",
                    "at most 18446744073709551615 expected",
                    "they are rounded to floating-point numbers",
                )
        return layout

    def _tell_labels(self, labels: tuple[str, ...], width: int, at: int) -> None:
        found = f"#L names {len(labels)} column{'s' * (len(labels) != 1)}"
        if not labels:
            found, hint = "there is no #L line", "the columns are called column_1, column_2 ..."
        elif len(labels) < width:
            hint = f"the others are called column_{len(labels) + 1} ..."
        else:
            hint = f"there are no values of {', '.join(repr(name) for name in labels[width:][:4])}"
            hint += f" and {len(labels) - width - 4} more" if len(labels) - width > 4 else ""
        self.report.add(at, "labels that do not fit", found, f"the rows have {width} values", hint)

    def _table(self, layout: Layout, plan: Plan) -> ScanTable | None:
        """Give the table of what is not kept in memory: columns, spectra, or both; None where all is kept."""
        columns = {}
        if self.columns.parts is None:
            columns = {
                f"column {at}": (at, FLOAT64 if at in layout.floats else self.columns.dtype(at))
                for at in range(len(layout.names))
            }
        targets = plan.targets()
        if sum(target.size for target in targets.values()) <= KEPT:
            targets = {} if self.arrays.parts is not None else targets
        if not columns and not targets:
            return None
        kept = not columns and self.arrays.parts is not None
        return ScanTable(self._kept if kept else self._again, self.columns.count, columns, targets, plan.route)

    def _add_columns(self, layout: Layout, table: ScanTable | None) -> None:
        columns, fields = self.columns, self.scan.columns
        values: Sequence[Array | LazyArray]
        if not columns.count:
            values = [np.empty(0) for _ in layout.names]
        elif columns.parts is not None or table is None:
            values = columns.arrays(layout.floats)[: len(layout.names)]
        else:
            values = [table.array(f"column {at}") for at in range(len(layout.names))]
        for name, own, value in zip(layout.names, layout.originals, values, strict=True):
            fields[name] = Field(name, value, ("point",), None, own if own != name else None)
        for axis in layout.axes:
            name = layout.names[axis]
            self.scan.axes[name] = fields[name]

    def _again(self) -> Iterator[Piece]:
        """Read the parts of a large scan once more, in the same way."""
        body = Body(Report(self.origin.place.path, self.begin, 1), self.body.form)
        body.widths, body.labels = self.body.widths, self.body.labels
        body.dump, body.channels = self.body.dump, self.body.channels
        for part in self.origin.parts():
            piece = self._split(part)
            body.read(piece, part.last)
            yield piece

    # --- detectors

    def _plan(self) -> tuple[Declared, Plan]:
        """Find the detectors."""
        if not self.arrays.kinds:
            return Declared(), Plan(0)
        rows, report = self.columns.count, self.report
        # in some files they stand in the file header
        lines = self.control.arrays or self.header.control.arrays
        declared = read_declared(lines, rows > 0, report)
        for offset, text in self.body.calibrations:
            tell_change(declared, text, offset, report)
        at = self.control.arrays[0][2] if self.control.arrays else self.begin
        return declared, make_plan(self.arrays, rows, self.body.point, declared, report, at)

    def _add_detectors(self, declared: Declared, plan: Plan, table: ScanTable | None) -> None:
        if not plan.detectors:
            return
        values: Mapping[str, Array | LazyArray]
        if table is None or not table.has_spectra:
            values = ScanTable(self._kept, 0, {}, plan.targets(), plan.route).load()
        else:
            values = {key: table.array(key) for key in plan.targets()}
        detectors = plan.detectors.values()
        for index, detector in enumerate(detectors):
            fields: dict[str, Field] = {}
            for what, key, target, dim in (
                ("data", detector.data_key, detector.data, "point"),
                ("surplus", detector.surplus_key, detector.surplus, "extra"),
            ):
                value = values[key]
                if not target.count or not target.channels:
                    continue
                if what == "data" and not plan.rows and target.count == 1 and isinstance(value, np.ndarray):
                    fields[what] = Field(what, value[0], ("channel",))
                else:
                    fields[what] = Field(what, value, (dim, "channel"))
            if fields:
                self.scan.detectors[detector.name] = fields | describe(detector, index, len(detectors), declared)
        made = self.scan.detectors
        # Sardana declares only the last of several detectors: what fits one of them is taken for right
        if declared.channels and made and not any("reduction" in fields for fields in made.values()):
            declares = ", ".join(str(length) for length in sorted({item.length for item in declared.channels})[:5])
            name, fields = next(iter(made.items()))
            self.report.add(
                self.control.arrays[0][2],
                "declared channels that do not fit",
                f"{name}: #@CHANN declares {declares} channels",
                f"{len(fields['channel'].value)} expected, as many as its spectra have",  # type: ignore[arg-type]
                "the channels are counted from 0",
            )

    def _kept(self) -> Iterator[Piece]:
        """Give the spectra of a scan that is small enough to keep them."""
        for spectra in self.arrays.parts or ():
            yield Piece(spectra=spectra)
