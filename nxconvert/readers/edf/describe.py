"""What headers say, as the fields of a scan: motors, counters, times, geometry, and every other item.

An item that is the same in all frames becomes a constant, one that changes an array over the frames. Motors that
changed are columns too, and so are the counters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Problem
from nxconvert.readers.edf import geometry
from nxconvert.readers.edf.frames import EdfFrame
from nxconvert.readers.edf.gather import HeaderTexts, Values, gather, pairs, scalar
from nxconvert.readers.edf.header import decode
from nxconvert.readers.edf.times import from_epoch, parse_date, with_zone
from nxconvert.scan import Field, Scan, Value, free_name

#: units that the definition of a key states, by lower-case key
_UNITS = {
    **dict.fromkeys(
        (
            "psize_1",
            "psize_2",
            "sampledistance",
            "wavelength",
            "pixelsize1",
            "pixelsize2",
            "distance",
            "poni1",
            "poni2",
        ),
        "m",
    ),
    **dict.fromkeys(("rot1", "rot2", "rot3"), "rad"),
    **{f"{what}rotation_{axis}": "rad" for what in ("detector", "sample") for axis in (1, 2, 3)},
    **dict.fromkeys(
        ("count_time", "exposuretime", "time_of_day", "time_of_frame", "acq_expo_time", "hmdeltatime", "preset_time"),
        "s",
    ),
}
#: numbers that are measured with each frame
_MEASURED = ("time_of_frame", "time_of_day", "intensity0", "intensity1", "srcur", "srcurrent", "machine current")
_SCALER = re.compile(r"hs32n(\d\d)$")


class Describer:
    """Fills a scan from the headers of its frames, which lie on outer axes *shape* called *dims*.

    *shape* ``()`` is a single frame. *detector*: the name of the detector that the geometry belongs to.
    """

    def __init__(
        self,
        scan: Scan,
        frames: Sequence[EdfFrame | None],
        detector: str = "detector",
        shape: tuple[int, ...] | None = None,
        dims: tuple[str, ...] = ("point",),
    ) -> None:
        self.scan = scan
        self.frames = frames
        self.detector = detector
        self.shape = (len(frames),) if shape is None else shape
        self.dims = dims if self.shape else ()
        self.values = gather(frames)
        #: the same by lower-case key
        self.lower: dict[str, Values] = {}
        for key, values in self.values.items():
            self.lower.setdefault(key.lower(), values)
        self._taken: set[str] = set()

    def fill(self) -> None:
        """Fill the scan."""
        self._pairs()
        self._scalers()
        self._geometry()
        self._metadata()
        self._times()
        self._crystal()
        self._notes()

    # --- fields

    def field(self, name: str, values: Array, units: str | None = None, long_name: str | None = None) -> Field:
        """Make a field of numbers over the frames: a scalar where all are the same, else an array on the outer axes."""
        inner = values.shape[1:]
        dims = ("item",) if inner else ()
        if _same(values):
            return Field(name, scalar(values[0]) if not inner else values[0], dims, units, long_name)
        return Field(name, values.reshape(self.shape + inner), self.dims + dims, units, long_name)

    def _column(self, name: str, values: Array | list[str], units: str | None = None) -> Field:
        """Make a column: an array over the frames even where all are the same, and of a single frame too."""
        if isinstance(values, list):
            return Field(name, values, ("point",) if len(self.shape) <= 1 else ("frame",), units)
        return Field(name, np.ascontiguousarray(values).reshape(self.shape or (1,)), self.dims or ("point",), units)

    def _add(self, fields: dict[str, Field], field: Field) -> None:
        own = free_name(field.name, fields)
        if own != field.name:
            field.long_name, field.name = field.long_name or field.name, own
        fields[own] = field

    # --- names with positions

    def _pairs(self) -> None:
        for key, names in self.values.items():
            if not key.lower().endswith("_mne"):
                continue
            prefix = key[:-4]
            other = next((name for name in self.values if name.lower() == f"{prefix.lower()}_pos"), None)
            if other is None:
                continue
            self._taken.update((key, other))
            found, odd = pairs(names, self.values[other])
            if odd:
                self._tell(f"{key} and {other} have {odd}", "as many of each expected", "they are paired by position")
            for name, values in found.items():
                if prefix.lower() == "counter":
                    self._add(self.scan.columns, self._column(name, values))
                else:
                    self._position(name, values)

    def _position(self, name: str, values: Array | list[str]) -> None:
        if isinstance(values, list):
            constant = len(set(values)) == 1
            field = Field(name, values[0]) if constant else self._column(name, values)
        else:
            floats = (values[:1] if _same(values) else values).astype(np.float64)
            field = self.field(name, floats)
            if np.ndim(field.value):  # type: ignore[arg-type]
                field.value = self._column(name, floats).value
                self._add(self.scan.columns, field)
        if field.name in self.scan.positioners:
            field = Field(field.name, field.value, field.dims)
        self._add(self.scan.positioners, field)

    def _scalers(self) -> None:
        """Take the scalers of SAXS headers: name, counts, zero and factor of each by number."""
        for key, values in self.lower.items():
            match = _SCALER.fullmatch(key)
            counts = self.lower.get(f"hs32c{match[1]}") if match else None
            read = counts.numbers() if counts is not None else None
            if read is not None and values.constant and read[0].ndim == 1 and values.texts[0]:
                self._add(self.scan.columns, self._column(decode(values.texts[0]), read[0], read[1]))

    # --- everything else

    def _geometry(self) -> None:
        items = self.scan.detectors.setdefault(self.detector, {})
        for item, field in geometry.describe_detector(self.lower, self.field).items():
            items.setdefault(item, field)
        for name, field in geometry.describe_beam(self.lower, self.field).items():
            self.scan.instrument.setdefault(name, field)
        for fields, keys in ((self.scan.instrument, geometry.INSTRUMENT), (self.scan.sample, geometry.SAMPLE)):
            if text := geometry.constant_text(self.lower, keys):
                fields.setdefault("name", Field("name", text))

    def _metadata(self) -> None:
        metadata = self.scan.metadata
        for key, values in self.values.items():
            if key in self._taken:
                continue
            read = values.numbers()
            if read is None:
                if values.constant:
                    self._add(metadata, Field(key, decode(values.texts[0])))
                else:
                    self._add(metadata, Field(key, values.text(), ("point",) if len(self.shape) == 1 else ("frame",)))
                continue
            numbers, units = read
            units = units or self._units(key.lower(), numbers)
            if key.lower() in _MEASURED and len(self.frames) > 1 and numbers.ndim == 1:
                self._add(self.scan.columns, self._column(key, numbers, units))
            else:
                self._add(metadata, self.field(key, numbers, units))
        if not self.scan.title:
            self.scan.title = str(geometry.text_of(self.lower, "title"))

    def _units(self, key: str, numbers: Array) -> str | None:
        units = _UNITS.get(key)
        return None if key.startswith("psize") and np.nanmax(numbers) > 0.1 else units

    def _times(self) -> None:
        """Take start and end of the scan: the times stored with the first and the last frame."""
        count = len(self.frames)
        first, last = (
            next(index for index in order if self.frames[index] is not None)
            for order in (range(count), range(count - 1, -1, -1))
        )
        self.scan.start_time = self.scan.start_time or self._time(first)
        if first < last and self.scan.end_time is None:
            self.scan.end_time = self._time(last)

    def _time(self, index: int) -> datetime | None:
        local = next(
            (
                found
                for key in ("time", "date", "hmstarttime", "acq_date", "start_time")
                if (found := parse_date(self._text(key, index))) is not None
            ),
            None,
        )
        try:
            utc = from_epoch(float(self._text("time_of_day", index)))
        except ValueError:
            utc = None
        if local is None or utc is None:
            return local or utc
        return with_zone(local, utc)

    def _text(self, key: str, index: int) -> str:
        values = self.lower.get(key)
        at = -1 if values is None else int(values.index[index])
        return "" if values is None or at < 0 else decode(values.texts[at])

    def _crystal(self) -> None:
        """Take lattice (sample_mne: U0 to U5) and orientation matrix (UB_mne: UB0 to UB8, by rows)."""
        positions: Mapping[str, Field] = self.scan.positioners
        cell = [positions[name].value for name in (f"U{at}" for at in range(6)) if name in positions]
        if len(cell) == 6 and "sample_mne" in self.lower and all(isinstance(value, float) for value in cell):
            numbers = np.array(cell, np.float64)
            if (numbers > 0).all():
                sample = self.scan.sample
                sample["unit_cell_abc"] = Field("unit_cell_abc", numbers[:3], ("abc",), "angstrom")
                sample["unit_cell_alphabetagamma"] = Field(
                    "unit_cell_alphabetagamma", numbers[3:], ("angle",), "degree"
                )
        matrix = [positions[name].value for name in (f"UB{at}" for at in range(9)) if name in positions]
        if len(matrix) == 9 and all(isinstance(value, float) for value in matrix):
            numbers = np.array(matrix, np.float64).reshape(3, 3)
            if numbers.any():
                self.scan.sample["ub_matrix"] = Field("ub_matrix", numbers, ("ub_row", "ub_column"))

    def _notes(self) -> None:
        """Keep the headers word for word: one text where there is one, else one for each frame."""
        frames = [frame for frame in self.frames if frame is not None]
        first = frames[0]
        value: Value
        if all(frame.layout is first.layout and frame.row == first.row for frame in frames):
            value = first.header_text
            self.scan.notes["header"] = Field("header", value)
        else:
            value = HeaderTexts(self.frames)
            self.scan.notes["header"] = Field("header", value, ("frame",))

    def _tell(self, found: str, expected: str, hint: str) -> None:
        first = next(frame for frame in self.frames if frame is not None)
        self.scan.problems.append(Problem(first.place, found, expected, hint))


def describe(
    scan: Scan,
    frames: Sequence[EdfFrame | None],
    detector: str = "detector",
    shape: tuple[int, ...] | None = None,
    dims: tuple[str, ...] = ("point",),
) -> Mapping[str, Values]:
    """Fill a scan from the headers of its frames, see `Describer`; gives the values by lower-case key."""
    describer = Describer(scan, frames, detector, shape, dims)
    describer.fill()
    return describer.lower


def _same(values: Array) -> bool:
    """Tell whether all values are the same (nan as well)."""
    # one number that is broadcast, as `gather` gives it
    if values.strides[0] == 0:
        return True
    same = values == values[:1]
    if values.dtype.kind == "f":
        same |= np.isnan(values) & np.isnan(values[:1])
    return bool(same.all())
