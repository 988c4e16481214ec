"""Writes series, maps and tomography folders of EDF files, with the values that a converter must find in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_TYPES = {
    "u1": "UnsignedByte",
    "u2": "UnsignedShort",
    "i2": "SignedShort",
    "i4": "SignedInteger",
    "u4": "UnsignedInteger",
    "f4": "FloatValue",
    "f8": "DoubleValue",
}


def edf(data: Array, items: Mapping[str, object] | None = None, number: int = 1) -> bytes:
    """Give one block of an EDF file as SPEC and Lima write it: a header of 1024 bytes or more, then the values."""
    header = {
        "HeaderID": f"EH:{number:06d}:000000:000000",
        "Image": number,
        "ByteOrder": "HighByteFirst" if data.dtype.byteorder == ">" else "LowByteFirst",
        "DataType": _TYPES[data.dtype.str[1:]],
        **{f"Dim_{at}": length for at, length in enumerate(reversed(data.shape), 1)},
        "Size": data.nbytes,
        **(items or {}),
    }
    text = "{\n" + "".join(f"{key} = {value} ;\n" for key, value in header.items())
    size = -(-(len(text.encode()) + 2) // 1024) * 1024
    return text.encode().ljust(size - 2) + b"}\n" + data.tobytes()


def write(path: Path, *frames: Array, items: Mapping[str, object] | None = None) -> Path:
    """Write one file of one or more frames with the same items."""
    path.write_bytes(b"".join(edf(frame, items, number) for number, frame in enumerate(frames, 1)))
    return path


def frame(number: int, shape: tuple[int, ...] = (3, 4), dtype: str = "<u2") -> Array:
    """Give a frame of which every pixel tells the frame: none is equal to that of another number up to 600."""
    return (np.arange(np.prod(shape)).reshape(shape) + 100 * number).astype(dtype)


def series(folder: Path, names: Sequence[str], shape: tuple[int, ...] = (3, 4), dtype: str = "<u2") -> list[Path]:
    """Write a file for each name, with frames counted from 0, and a motor that moves."""
    paths = []
    for number, name in enumerate(names):
        items = {"motor_mne": "th phi", "motor_pos": f"{0.5 * number:g} 7", "count_time": "0.1"}
        paths.append(write(folder / name, frame(number, shape, dtype), items=items))
    return paths


# --- XIA maps

TITLE = "zapimage  sampy 1 3 {points} 100 sampz 10 12 {last} 0"


def xia_map(folder: Path, lines: int = 3, points: int = 4, detectors: int = 2, channels: int = 8) -> dict[str, Array]:
    """Write a map of spectra with statistics and a counter; give the values by label."""
    rng = np.random.default_rng(3)
    title = TITLE.format(points=points, last=lines - 1)
    values: dict[str, Array] = {}
    for number in range(detectors):
        spectra = rng.integers(0, 60000, (lines, points, channels)).astype("<u4")
        values[f"xia{number:02d}"] = spectra
        for line in range(lines):
            write(folder / f"map_xia{number:02d}_0007_0000_{line:04d}.edf", spectra[line], items={"title": title})
    statistics = np.empty((lines, points, detectors, 6), "<i4")
    statistics[..., 0] = np.arange(detectors)
    statistics[..., 1:] = rng.integers(0, 100000, (lines, points, detectors, 5))
    values["xiast"] = statistics
    for line in range(lines):
        write(folder / f"map_xiast_0007_0000_{line:04d}.edf", statistics[line].reshape(points, -1))
    values["zap_iodet"] = rng.normal(1e5, 10, (lines, points)).astype("<f4")
    items = {"Title": title, "time": "Tue Mar 05 10:11:12 2019", "DCM_Energy": "7.2"}
    write(folder / "map_zap_iodet_0007_0000.edf", values["zap_iodet"], items=items)
    return values


# --- tomography

INFO = """Energy=                  17.05
Distance=                35.5
Prefix=                  {name}
Directory=               /data/id19/{name}
ScanRange=               {range:g}
TOMO_N=                  {projections}
REF_ON=                  {every}
REF_N=                   {flats}
DARK_N=                  {darks}
Y_STEP=                  5
Dim_1=                   6
Dim_2=                   4
Count_time=              0.25
PixelSize=               5.06
Date=                    Tue Mar 05 10:11:12 2019
Comment=                 a=b, as nobody expects
"""

XML = """<?xml version="1.0"?>
<tomodb2><acquisition><scanName>{name}</scanName><energy>17.05</energy><tomo_N>{projections}</tomo_N>
<ref_On>{every}</ref_On><ref_N>{flats}</ref_N><dark_N>{darks}</dark_N><ccdtime>0.25</ccdtime><distance>35.5</distance>
<scanRange>{range:.1f}</scanRange><pixelSize>5.06</pixelSize></acquisition></tomodb2>
"""


def tomography(
    folder: Path,
    projections: int = 6,
    every: int = 3,
    flats: int = 2,
    darks: int = 10,
    returned: int = 3,
    scan_range: float = 180.0,
    describe: Sequence[str] = ("info", "xml"),
    dtype: str = "<u2",
) -> dict[str, Any]:
    """Write a tomography folder with references at intervals; give the frames in the order of the measurement.

    ``data``, ``image_key``, ``image_key_control``, ``angle`` (nan for what is not told), ``dark_sum``, ``median``.
    """
    folder.mkdir(exist_ok=True)
    name = folder.name
    shape = (4, 6)
    step = scan_range / projections
    data: list[Array] = []
    keys: list[int] = []
    angles: list[float] = []
    medians = []

    def take(path: Path, number: int, key: int, angle: float, items: dict[str, object] | None = None) -> None:
        image = frame(number, shape, dtype)
        write(path, image, items=items)
        data.append(image)
        keys.append(key)
        angles.append(angle)

    for at in range(projections):
        if every and at % every == 0:
            for flat in range(flats):
                take(folder / f"ref{flat:04d}_{at:04d}.edf", 300 + 10 * at + flat, 1, at * step)
            medians.append(frame(300 + 10 * at, shape, "<f4") + 0.5)
            write(folder / f"refHST{at:04d}.edf", medians[-1])
        items = {"motor_mne": "srot sx  sz", "motor_pos": "0 1.5  2.5", "counter_mne": "srcur", "counter_pos": 200 - at}
        take(folder / f"{name}{at:04d}.edf", at, 0, at * step, items)
    for flat in range(flats if every else 0):
        take(folder / f"ref{flat:04d}_{projections:04d}.edf", 500 + flat, 1, scan_range)
    for at in range(returned):
        take(folder / f"{name}{projections + at:04d}.edf", 200 + at, -1, scan_range - 90.0 * at)
    dark_sum = (1000 + np.arange(24).reshape(shape)).astype("<u4")
    if darks:
        write(folder / "darkend0000.edf", dark_sum)
    (folder / f"{name}_slice_0010.edf").write_bytes(edf(frame(1, shape, "<f4")))
    known = {
        "name": name,
        "projections": projections,
        "every": every,
        "flats": flats,
        "darks": darks,
        "range": scan_range,
    }
    if "info" in describe:
        (folder / f"{name}.info").write_text(INFO.format(**known))
    if "xml" in describe:
        (folder / f"{name}.xml").write_text(XML.format(**known))
    return {
        "data": np.array(data),
        "image_key": np.maximum(keys, 0),
        "image_key_control": np.array(keys),
        "angle": np.array(angles),
        "dark_sum": dark_sum,
        "median": np.array(medians),
    }
