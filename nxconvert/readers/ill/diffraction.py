"""The common layout of the diffractometers: points of a scan, each with time, counters, angles and a frame.

A point has a block F of ``nbang`` + 3 numbers (time in ms, monitor, total, then the axes that ``icdesc`` lists,
multiplied by 1000) and a block I with the frame. Source: real files of D2B, D9 and D10; R. Ghosh, difdata (1997);
CrysFML; LAMP.
"""

from __future__ import annotations

import numpy as np

from nxconvert.arrays import Array
from nxconvert.readers.ill import powder
from nxconvert.readers.ill.build import Making, add_plot, by_length, header_items, own_columns, parameters
from nxconvert.readers.ill.fields import sum_of
from nxconvert.readers.ill.frames import Arrange
from nxconvert.scan import Field

#: numbers of the axes in ``icdesc`` and ``manip``, their names and units; all are stored multiplied by 1000
AXES = {
    1: ("two_theta", "degree"),
    2: ("omega", "degree"),
    3: ("chi", "degree"),
    4: ("phi", "degree"),
    -1: ("temperature", "K"),
    -6: ("magnetic_field", "T"),
}
#: values before the axes: name, units, and what the stored number is divided by; a division gives the decimal number
#: that was meant, which a product with 0.001 does not
COUNTERS = (("time", "s", 1000), ("monitor", "counts", 1), ("total_counts", "counts", 1))
#: an axis that moves by less than this part of the scanned one is only read again
_NOISE = 0.01


def _turned(values: Array) -> Array:
    """D9 and D10 read from the bottom of the last column to the top of the first; row 0 is the bottom."""
    return values.reshape(32, 32).T[:, ::-1]


def _banana(values: Array) -> Array:
    """D19 reads from the top of the last column to the bottom of the first."""
    return values.reshape(640, 256).T[::-1, ::-1]


#: by instrument and number of cells: shape of a frame, its dimensions, how the counts are put into it
FRAMES: dict[tuple[str, int], tuple[tuple[int, ...], tuple[str, ...], Arrange | None]] = {
    ("D9", 1024): ((32, 32), ("y", "x"), _turned),
    ("D10", 1024): ((32, 32), ("y", "x"), _turned),
    ("D15", 1024): ((32, 32), ("y", "x"), None),
    ("D19", 163840): ((256, 640), ("y", "x"), _banana),
    ("D16", 102400): ((320, 320), ("y", "x"), None),
    ("D2B", powder.CELLS): ((powder.TUBES, powder.PIXELS), ("tube", "pixel"), powder.unreverse),
}


def diffraction(making: Making) -> None:
    """Make columns, axes, positions and the detector of a scan."""
    known = making.known
    _names, values = parameters(making)
    angles = known.whole("nbang")
    numbers = [int(number) for number in known.values.get("icdesc", np.empty(0, int)).tolist()]
    if angles is None or values.shape[1] != angles + len(COUNTERS):
        own_columns(making)
    else:
        _columns(making, values, numbers)
    _positions(making)
    _sample(making)
    _monitor(making)
    first = _axis(making, numbers)
    _detectors(making, first)


def _columns(making: Making, values: Array, numbers: list[int]) -> None:
    making.done = 1
    for at, (name, units, divisor) in enumerate(COUNTERS):
        making.column(name, values[:, at] / divisor, units)
    for at in range(len(COUNTERS), values.shape[1]):
        number = numbers[at - len(COUNTERS)] if at - len(COUNTERS) < len(numbers) else 0
        column = values[:, at]
        if number in AXES:
            making.column(AXES[number][0], column / 1000, AXES[number][1])
        else:
            making.column(f"axis_{at - len(COUNTERS) + 1}", column.copy())
    duration = sum_of(values[:, 0]) / 1000
    making.scan.metadata["duration"] = Field("duration", duration, (), "s")


def _positions(making: Making) -> None:
    """Say where the angles stood at the first point: the axes of the points, the others as the header has them."""
    scan, known = making.scan, making.known
    for name, units in AXES.values():
        if units != "degree":
            continue
        column = scan.columns.get(name)
        if column is not None and scan.points:
            scan.positioners[name] = Field(name, np.float64(column.value[0]), (), units)  # type: ignore[index]
        elif (value := known.number(name)) is not None:
            scan.positioners[name] = Field(name, np.float64(value), (), units)


def _sample(making: Making) -> None:
    """Give the UB matrix, row by row in the file, and the cell that follows from it."""
    matrix = making.known.values.get("ub_matrix")
    if matrix is None or matrix.shape != (3, 3) or np.array_equal(matrix, np.eye(3)):
        return
    # reciprocal lengths of a crystal, not what damage may have left
    if not (np.abs(matrix) < 100).all() or abs(float(np.linalg.det(matrix))) < 1e-12:
        return
    sample = making.scan.sample
    sample["ub_matrix"] = Field("ub_matrix", matrix, ("ub_row", "ub_column"), "1/angstrom")
    # Busing and Levy without 2 pi: UB turns hkl into a vector of length 1/d, its inverse has the cell's edges as rows
    edges = np.linalg.inv(matrix)
    lengths = np.linalg.norm(edges, axis=1)
    unit = edges / lengths[:, np.newaxis]
    cosines = np.array([unit[1] @ unit[2], unit[0] @ unit[2], unit[0] @ unit[1]])
    sample["unit_cell_abc"] = Field("unit_cell_abc", lengths, ("abc",), "angstrom")
    angles = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
    sample["unit_cell_alphabetagamma"] = Field("unit_cell_alphabetagamma", angles, ("angles",), "degree")


def _monitor(making: Making) -> None:
    """Say what was counted to: ``jcode`` 0 to the monitor, 1 to a time in ms."""
    monitor, known, columns = making.scan.monitor, making.known, making.scan.columns
    code, preset = known.whole("jcode"), known.number("preset")
    if code in (0, 1):
        monitor["mode"] = Field("mode", ("monitor", "timer")[code])
        if preset is not None:
            value, units = (preset, "counts") if code == 0 else (preset / 1000, "s")
            monitor["preset"] = Field("preset", np.float64(value), (), units)
    if "monitor" in columns:
        monitor["data"] = columns["monitor"]
        monitor["integral"] = Field("integral", sum_of(columns["monitor"].value), (), "counts")  # type: ignore[arg-type]


def _axis(making: Making, numbers: list[int]) -> Field | None:
    """Find the scanned axes: the principal one of the header, and those that move with it."""
    scan = making.scan
    manip = making.known.whole("manip")
    listed = [AXES[number][0] for number in numbers if number in AXES and AXES[number][0] in scan.columns]
    wanted = AXES[manip][0] if manip in AXES else ""
    ranges = {name: float(np.ptp(scan.columns[name].value)) if scan.points else 0.0 for name in listed}  # type: ignore[arg-type]
    if wanted not in listed or not ranges[wanted] > 0:
        wanted = max(listed, key=lambda name: ranges[name], default="")
    if not wanted:
        return None
    for name in (wanted, *listed):
        if name == wanted or ranges[name] > _NOISE * ranges[wanted]:
            scan.axes[name] = scan.columns[name]
    return scan.axes[wanted]


def _detectors(making: Making, axis: Field | None) -> None:
    scan, counts, instrument = making.scan, making.counts, making.known.instrument
    for number, members in enumerate(by_length(counts), 1):
        items = [counts[index] for index in members]
        cells = items[0].count
        shape, dims, arrange = FRAMES.get((instrument, cells), ((cells,), ("channel",), None))
        value = making.stack(items, shape, arrange)
        whole = len(items) == len(making.numor.groups)
        data = Field("data", value, ("point" if whole else "frame", *dims))
        name = "detector" if number == 1 else f"detector_{number}"
        made = making.detector(name, data=data, **(header_items(making) if number == 1 else {}))
        add_plot(scan, name, data, (axis if whole else None, *(None for _ in dims)))
        angle = scan.columns.get("two_theta")
        if whole and (instrument, cells) == ("D2B", powder.CELLS) and angle is not None:
            powder.add_pattern(making, made, items, angle)
        elif whole and angle is not None:
            made["polar_angle"] = angle
        if whole and number == 1 and "time" in scan.columns:
            made["count_time"] = scan.columns["time"]
    if "total_counts" in scan.columns:
        add_plot(scan, "total_counts", scan.columns["total_counts"], (axis,))
