"""A map of XIA spectra as one scan: spectra (row, column, channel), statistics, counters on the grid, and the axes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np

from nxconvert.arrays import Array, LazyArray, Table
from nxconvert.errors import Place, Problem, ReadError
from nxconvert.images import missing_value
from nxconvert.numtext import parse_number
from nxconvert.readers.edf.build import fingerprint
from nxconvert.readers.edf.describe import describe
from nxconvert.readers.edf.file import EdfFrame, FrameStack
from nxconvert.readers.edf.files import Files, tell_missing
from nxconvert.readers.edf.gather import HeaderTexts
from nxconvert.readers.edf.patterns import axis_of, refuse_missing
from nxconvert.readers.edf.stacks import as_axis
from nxconvert.readers.edf.xianames import STATISTICS, UNITS, XiaMap, motions
from nxconvert.scan import Field, Plot, Scan

#: columns of a detector in the statistics
_MANY = len(STATISTICS)


def build(scan: Scan, item: XiaMap, files: Files, allow_missing: bool) -> None:
    """Fill a scan from the files of a map; ReadError where lines are missing and that is not allowed."""
    numbers = sorted({number for lines in item.lines.values() for number in lines})
    rows = axis_of(numbers)
    place = os.path.dirname(next(iter(next(iter(item.lines.values())).values())))
    missing = [
        f"{item.radix}_{label}_{item.number:04d}_0000_{row:04d}.edf"
        for label, lines in item.lines.items()
        for row in rows
        if row not in lines
    ]
    if missing and not allow_missing:
        raise refuse_missing(place, missing)
    if missing:
        scan.problems.append(tell_missing(place, missing))
    frames = {label: [_frame(files, lines.get(row), scan) for row in rows] for label, lines in item.lines.items()}
    every = [frame for own in frames.values() for frame in own if frame is not None]
    if not every:
        raise ReadError(*scan.problems) if scan.problems else ReadError.at(place, "no line of this map can be read")
    _add_counters(scan, item, files, len(rows))
    told = [*_counter_frames(item, files, scan), every[0]]
    _add_axes(scan, [frame.header.lower() for frame in told], frames, rows)
    for label, own in frames.items():
        if label == "xiast":
            _add_statistics(scan, own)
        elif label == "xiact":
            _add_counts(scan, own)
        else:
            _add_spectra(scan, label, own)
    _add_plots(scan)
    told = _counter_frames(item, files, scan) + every
    items = scan.detectors
    scan.detectors = {}
    describe(scan, told[:1], "described", ())
    scan.detectors = items
    scan.notes["header"] = Field("header", HeaderTexts(told), ("frame",))
    scan.sha256 = fingerprint(told)


def _frame(files: Files, path: str | None, scan: Scan) -> EdfFrame | None:
    frames = [] if path is None else files.frames(path, scan.problems)
    if len(frames) > 1:
        scan.problems.append(
            Problem(
                Place(path or ""), f"{len(frames)} frames", "one line of a map expected", "the first is taken", "lost"
            )
        )
    return frames[0] if frames else None


def one_kind(frames: Sequence[EdfFrame | None], scan: Scan, what: str) -> list[EdfFrame | None]:
    """Give the frames of the commonest shape and type; others, such as a last line cut short, are told and left out."""
    kinds = [frame.kind[:3] for frame in frames if frame is not None]
    common = max(kinds, key=kinds.count) if kinds else None
    kept: list[EdfFrame | None] = []
    for frame in frames:
        if frame is not None and frame.kind[:3] != common:
            scan.problems.append(
                Problem(
                    frame.place,
                    f"{what}: {' x '.join(map(str, frame.shape))} values of {frame.stored}",
                    f"{' x '.join(map(str, common[0]))} of {common[1]} expected, as in most lines" if common else "",
                    "the line is left out and marked in frame_missing",
                    "lost",
                )
            )
            frame = None
        kept.append(frame)
    return kept


def _mask(frames: Sequence[EdfFrame | None]) -> Field:
    return Field("frame_missing", np.array([frame is None for frame in frames], np.uint8), ("row",))


def _add_spectra(scan: Scan, label: str, frames: Sequence[EdfFrame | None]) -> None:
    """Add the spectra of a detector, in the order of its lines."""
    own = one_kind(frames, scan, label)
    first = next((frame for frame in own if frame is not None), None)
    if first is None:
        return
    stack = FrameStack(own, None, missing_value(first.dtype) if None in own else None)
    fields = scan.detectors.setdefault(label, {})
    if len(first.shape) != 2:
        fields["data"] = Field("data", stack, ("row", *(f"axis_{at}" for at in range(len(first.shape)))))
    else:
        fields["data"] = Field("data", stack, ("row", "column", "channel"))
        fields["channel"] = Field("channel", np.arange(first.shape[1], dtype=np.int64), ("channel",))
    if None in own:
        fields["frame_missing"] = _mask(own)


class Statistics(Table):
    """The columns of statistics files, a row of points for each line; lines that are missing are filled."""

    def __init__(self, frames: Sequence[EdfFrame | None], fill: int) -> None:
        self._frames = frames
        self._fill = fill
        first = next(frame for frame in frames if frame is not None)
        points, width = first.shape
        self._shape = first.shape
        self._dtype = first.dtype
        self.layout = {str(column): ((len(frames), points), first.dtype) for column in range(width)}

    def blocks(self) -> Iterator[dict[str, Array]]:
        """Give one line after the other."""
        for frame in self._frames:
            values = np.full(self._shape, self._fill, self._dtype) if frame is None else frame.read()
            yield {str(column): values[None, :, column] for column in range(self._shape[1])}


def _add_statistics(scan: Scan, frames: Sequence[EdfFrame | None]) -> None:
    """Add events, rates and times to the detectors whose number the first column of six says."""
    own = one_kind(frames, scan, "xiast")
    first = next((frame for frame in own if frame is not None), None)
    if first is None:
        return
    if len(first.shape) != 2 or first.shape[1] % _MANY or first.dtype.kind not in "iu":
        scan.problems.append(
            Problem(
                first.place,
                f"statistics of {' x '.join(map(str, first.shape))} values",
                f"points and {_MANY} integers for each detector expected",
                "they are kept as they are",
            )
        )
        _add_spectra(scan, "xiast", own)
        return
    table = Statistics(own, missing_value(first.dtype))
    values = first.read()
    for begin in range(0, first.shape[1], _MANY):
        name = f"xia{int(values[0, begin]):02d}" if len(values) else f"xia{begin // _MANY:02d}"
        fields = scan.detectors.setdefault(name, {})
        for offset, what in enumerate(STATISTICS[1:], 1):
            fields[what] = Field(what, table.array(str(begin + offset)), ("row", "column"), UNITS.get(what))
        if None in own:
            fields.setdefault("frame_missing", _mask(own))


class CountedSpectra(LazyArray):
    """One row of every frame: the spectrum of one detector in each file of a count."""

    def __init__(self, frames: Sequence[EdfFrame | None], row: int, fill: int) -> None:
        first = next(frame for frame in frames if frame is not None)
        self._frames, self._row, self._fill = frames, row, fill
        self.shape = (len(frames), first.shape[1])
        self.dtype = first.dtype

    def blocks(self) -> Iterator[Array]:
        """Give one spectrum after the other."""
        for frame in self._frames:
            if frame is None:
                yield np.full((1, self.shape[1]), self._fill, self.dtype)
            else:
                yield frame.read()[self._row : self._row + 1]


def _add_counts(scan: Scan, frames: Sequence[EdfFrame | None]) -> None:
    """Add the spectra of counts: the first row has the numbers of the channels, the others the detectors."""
    own = one_kind(frames, scan, "xiact")
    first = next((frame for frame in own if frame is not None), None)
    if first is None or len(first.shape) != 2:
        _add_spectra(scan, "xiact", own)
        return
    listed = first.header.lower().get("xdet", "").split()
    channels = first.read()[0].astype(np.int64)
    for row in range(1, first.shape[0]):
        number = listed[row - 1] if row <= len(listed) else str(row - 1)
        fields = scan.detectors.setdefault(f"xia{number.zfill(2)}", {})
        spectra = CountedSpectra(own, row, missing_value(first.dtype))
        fields["data"] = Field("data", spectra, ("point", "channel"))
        fields["channel"] = Field("channel", channels, ("channel",))
        for key, what in zip(("xevt", "xicr", "xocr", "xlt", "xdt"), STATISTICS[1:], strict=True):
            texts = [
                "nan" if frame is None else frame.header.lower().get(key + number.zfill(2), "nan") for frame in own
            ]
            values = np.array([_number(text) for text in texts])
            if not np.isnan(values).all():
                fields[what] = Field(what, values, ("point",), UNITS.get(what))
        if None in own:
            fields["frame_missing"] = Field("frame_missing", _mask(own).value, ("point",))


def _item(frame: EdfFrame, key: str) -> str:
    return frame.header.lower().get(key, "")


def _number(text: str) -> float:
    number = parse_number(text)
    return float("nan") if number is None else number


def _add_counters(scan: Scan, item: XiaMap, files: Files, rows: int) -> None:
    """Add the counters, which have a value for each point of the map, on its grid."""
    for label, path in item.counters.items():
        frame = _frame(files, path, scan)
        if frame is None:
            continue
        if len(frame.shape) != 2 or frame.shape[0] != rows:
            scan.problems.append(
                Problem(
                    frame.place,
                    f"the counter '{label}' has {' x '.join(map(str, frame.shape))} values",
                    f"{rows} lines expected",
                    "it is kept as an image",
                )
            )
            scan.detectors[label] = {"data": Field("data", FrameStack([frame], ()), ("y", "x")[-len(frame.shape) :])}
            continue
        scan.grid[label] = Field(label, frame.read(), ("row", "column"))


def _counter_frames(item: XiaMap, files: Files, scan: Scan) -> list[EdfFrame]:
    frames = [_frame(files, path, scan) for path in item.counters.values()]
    return [frame for frame in frames if frame is not None]


def _add_axes(
    scan: Scan, headers: Sequence[dict[str, str]], frames: dict[str, list[EdfFrame | None]], rows: list[int]
) -> None:
    """Add the positions of both motors as the command tells them, else the numbers of lines and points."""
    fast = slow = None
    for items in headers:
        own_fast, own_slow = motions(items)
        fast, slow = fast or own_fast, slow or own_slow
    title = next((text for items in headers if (text := items.get("title", "").strip())), "")
    if title:
        scan.title = scan.command = " ".join(title.split())
    points = next(
        (frame.shape[0] for label, own in frames.items() if label != "xiact" for frame in own if frame is not None), 0
    )
    if fast is not None and points:
        scan.axes[fast.name] = scan.grid[fast.name] = Field(fast.name, fast.positions(points), ("column",))
    if slow is not None and (fast is None or slow.name != fast.name):
        numbers = np.array(rows, np.int64)
        if rows[-1] < 1 << 20:
            positions = slow.positions(rows[-1] + 1)[numbers]
            scan.axes[slow.name] = scan.grid[slow.name] = Field(slow.name, positions, ("row",))
    scan.grid.setdefault("line", Field("line", as_axis(rows), ("row",), ""))
    if points:
        scan.scan_shape = (len(rows), points)


def _add_plots(scan: Scan) -> None:
    """Suggest the spectra of the first detector as the default plot, then the others, then the counters."""
    row = next((field for field in scan.axes.values() if field.dims == ("row",)), scan.grid.get("line"))
    column = next((field for field in scan.axes.values() if field.dims == ("column",)), None)
    for name, fields in scan.detectors.items():
        data = fields.get("data")
        if data is None:
            continue
        axes = {"row": row, "column": column, "channel": fields.get("channel")}
        plot = Plot(data, tuple(axes.get(dim) for dim in data.dims))
        scan.plots["data" if not scan.plots else name] = plot
    for name, field in scan.grid.items():
        if field.dims == ("row", "column"):
            scan.plots["data" if not scan.plots else name] = Plot(field, (row, column))
