"""NanoESCA folders made by code: TIFF files byte by byte, configurations with a short list of keys of our own.

A pixel of raw image (repeat r, point n, row y, column x), all counted from 0, is ``1000 n + 100 r + 3 y + x``, so that
no image can be swapped or turned unnoticed.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

BEGUN = datetime(2026, 3, 12, 14, 25, 11)
NAME = "Graphene (SiC)"


def tiff(
    values: Any,
    order: str = "<",
    *,
    when: datetime | None = None,
    strips: int = 1,
    big: bool = False,
    extra: dict[int, tuple[int, bytes]] | None = None,
    last: bool = True,
) -> bytes:
    """Give an uncompressed TIFF of one image; *last*: the directory stands after the values, as libtiff writes it.

    *extra*: further tags (or others in place of ours) by number, as type and bytes in file order.
    """
    array = np.asarray(values)
    height, width = array.shape
    data = array.astype(array.dtype.newbyteorder(order)).tobytes()
    rows = -(-height // strips)
    line = width * array.dtype.itemsize
    parts = [data[at * line : (at + rows) * line] for at in range(0, height, rows)]
    word = "Q" if big else "I"
    fields: dict[int, tuple[int, bytes]] = {}

    def put(tag: int, kind: int, code: str, *numbers: int) -> None:
        fields[tag] = (kind, struct.pack(f"{order}{len(numbers)}{code}", *numbers))

    put(256, 4, "I", width)
    put(257, 4, "I", height)
    put(258, 3, "H", array.dtype.itemsize * 8)
    put(259, 3, "H", 1)
    put(262, 3, "H", 1)
    put(277, 3, "H", 1)
    put(278, 3, "H", rows)
    put(279, 4, "I", *map(len, parts))
    put(339, 3, "H", {"u": 1, "i": 2, "f": 3}[array.dtype.kind])
    if when is not None:
        fields[306] = (2, when.strftime("%Y:%m:%d %H:%M:%S").encode() + b"\0")
    put(273, 4, "I", *([0] * len(parts)))
    fields.update(extra or {})
    head = 16 if big else 8
    entry = 20 if big else 12
    inside = 8 if big else 4
    block = (8 if big else 2) + entry * len(fields) + inside
    heap = sum(len(content) + len(content) % 2 for _kind, content in fields.values() if len(content) > inside)
    start = head if last else head + block + heap
    place = head + len(data) + len(data) % 2 if last else head
    offsets = [start + sum(map(len, parts[:at])) for at in range(len(parts))]
    if 273 not in (extra or {}):
        put(273, 4, "I", *offsets)
    out = bytearray(data + b"\0" * (len(data) % 2)) if last else bytearray()
    directory, tail = bytearray(), bytearray()
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 16: 8}
    for tag in sorted(fields):
        kind, content = fields[tag]
        directory += struct.pack(order + "HH" + word, tag, kind, len(content) // sizes[kind])
        if len(content) > inside:
            directory += struct.pack(order + word, place + block + len(tail))
            tail += content + b"\0" * (len(content) % 2)
        else:
            directory += content.ljust(inside, b"\0")
    count = struct.pack(order + ("Q" if big else "H"), len(fields))
    out += count + directory + b"\0" * inside + tail
    if not last:
        out += data
    mark = {"<": b"II", ">": b"MM"}[order]
    if big:
        return mark + struct.pack(order + "HHHQ", 43, 8, 0, place) + bytes(out)
    return mark + struct.pack(order + "HI", 42, place) + bytes(out)


@dataclass
class Made:
    """A measurement folder to be made, and what is in it.

    ``missing``: raw images left out as (repeat, point) from 1. ``until``: how many images of the last repeat there
    are. ``averages``: ``AV``, ``SUM`` or none. ``tags``: write DateTime tags. ``tables``: write .DAT files.
    """

    repeats: int = 3
    points: int = 7
    shape: tuple[int, int] = (6, 10)
    dtype: str = "u2"
    order: str = "<"
    start: str = "16.400000"
    step: str = "0.100000"
    mode: int = 2
    averages: str = "AV"
    tags: bool = True
    tables: bool = True
    config: bool = True
    flat: bool = False
    until: int | None = None
    missing: tuple[tuple[int, int], ...] = ()
    name: str = NAME
    dwell: int = 2000
    background: str = "FALSE"
    more: str = ""
    encoding: str = "utf-8"
    operator: str = "M. Example"
    begun: datetime = BEGUN

    def pixels(self, repeat: int, point: int) -> np.ndarray[Any, Any]:
        """Give the raw image of a repeat and a point, from 1."""
        y, x = np.indices(self.shape)
        return (1000 * (point - 1) + 100 * (repeat - 1) + 3 * y + x).astype(self.dtype)

    def raw(self) -> np.ndarray[Any, Any]:
        """Give all raw images, dims (point, repeat, y, x), without a thought for missing ones."""
        points, repeats = range(1, self.points + 1), range(1, self.repeats + 1)
        return np.array([[self.pixels(repeat, point) for repeat in repeats] for point in points])

    def averaged(self) -> np.ndarray[Any, Any]:
        """Give the images that the program averages or adds up, as integers."""
        total = self.raw().astype(np.int64).sum(axis=1)
        return (total if self.averages == "SUM" else total // self.repeats).astype(
            "u4" if self.averages == "SUM" else self.dtype
        )

    def energies(self) -> list[float]:
        """Give the energies as decimal numbers would."""
        return [round(float(self.start) + n * float(self.step), 6) for n in range(self.points)]

    def when(self, repeat: int, point: int) -> datetime:
        """Give the time at which an image was complete."""
        return self.begun + timedelta(milliseconds=self.dwell) * ((repeat - 1) * self.points + point)

    def image(self, repeat: int, point: int) -> str:
        return f"{self.name}_{repeat:02}_{point:03}.TIF"

    def taken(self) -> list[tuple[int, int]]:
        """Give the raw images that there are, as (repeat, point) from 1."""
        every = [(repeat, point) for repeat in range(1, self.repeats + 1) for point in range(1, self.points + 1)]
        if self.until is not None:
            every = [(repeat, point) for repeat, point in every if repeat < self.repeats or point <= self.until]
        return [item for item in every if item not in self.missing]

    def write(self, folder: Path) -> Path:
        """Make the folder; returns it."""
        folder.mkdir(parents=True)
        scan, total = (folder, folder) if self.flat else (folder / "Scan", folder / "Sum")
        scan.mkdir(exist_ok=True)
        for repeat, point in self.taken():
            path = scan / self.image(repeat, point)
            path.write_bytes(
                tiff(self.pixels(repeat, point), self.order, when=self.when(repeat, point) if self.tags else None)
            )
            time = self.when(repeat, point).timestamp()
            os.utime(path, (time, time))
        if self.averages:
            total.mkdir(exist_ok=True)
            for point, image in enumerate(self.averaged(), 1):
                (total / f"{self.name}_{self.averages}_{point:03}.TIF").write_bytes(tiff(image, self.order))
            (total / f"{self.name}_{self.averages}.TIF").write_bytes(tiff(np.full(self.shape, 60000, "u2")))
        if self.tables:
            (scan / f"{self.name}.DAT").write_bytes(self.table(False).encode(self.encoding))
            if self.averages and not self.flat:
                (total / f"{self.name}.DAT").write_bytes(self.table(True).encode(self.encoding))
        if self.config:
            (folder / f"{self.name}.meas").write_bytes(self.meas().encode(self.encoding))
        return folder

    def axis(self) -> list[str]:
        """Give the lines of the axis, as both kinds of files have them."""
        stop = float(self.start) + (self.points - 1) * float(self.step)
        return [
            "AXIS_TYPE = 2",
            'AXIS_NAME = ""',
            f"AXIS_START = {self.start}",
            f"AXIS_STOP = {stop:.6f}",
            f"AXIS_STEP = {self.step}",
        ]

    def meas(self) -> str:
        """Give the configuration of the measurement."""
        lines = [
            "[INFORMATION]",
            'PROGRAM_NAME = "FOCUS ProNanoESCA"',
            'PROGRAM_VERSION = "2.15.113"',
            "",
            "[CONFIG]",
            f'NAME = "{self.name}"',
            f'TIMESTAMP = "{self.begun:%d.%m.%Y %H:%M:%S}"',
            'COMMENT = "invented"',
            'INSTITUTION = "Example University"',
            f'OPERATOR = "{self.operator}"',
            'SAMPLE = "graphene on SiC"',
            "E_PH = 21.220000",
            "W_ANA = 4.500000",
            f"FOV_MODE = {self.mode}",
            "M_FOV = 4541.710000" if self.mode == 2 else "M_FOV = 437.180256",
            f"DWELL_TIME = {self.dwell}",
            f"N_SCAN = {self.repeats}",
            "DET_SIZE = 18866",
            "DET_CONVERSION_FACTOR = 18.980000",
            *self.axis(),
            "",
            "[CAM]",
            f"BG_SUBTR_IMAGE = {self.background}",
            "TL2/4_USE = TRUE",
            self.more,
        ]
        return "\r\n".join(lines)

    def table(self, is_sum: bool) -> str:
        """Give the rows of the raw or the averaged images, 17 columns each."""
        lines = [
            "[HEAD]",
            'FILE_ID = "PRONANOESCA EXPDAT 4"',
            f'MEASUREMENT_NAME = "{self.name}"',
            'SAMPLE = "graphene on SiC"',
            f'OPERATOR = "{self.operator}"',
            "EPASS = 50.000000",
            *self.axis(),
            f"AXIS_N = {self.points}",
            f"ROI_LEFT = {100 + 1}",
            f"ROI_RIGHT = {100 + self.shape[1]}",
            "",
        ]

        def row(point: int, repeat: int, name: str) -> str:
            fields = [f"{self.energies()[point - 1]:.5f}", str(10 * point + repeat), "0", "0"]
            fields += [f"{0.5 * point:.3f}", "0.000", "0.000", "0.000", "4.154", "0", "0.0", f'"{name}"', *['""'] * 5]
            return "\t".join(fields)

        if is_sum:
            lines.append("[DataSum]")
            lines += [row(n, 0, f"{self.name}_{self.averages}_{n:03}.TIF") for n in range(1, self.points + 1)]
        else:
            present = set(self.taken()) | set(self.missing)
            for repeat in range(1, self.repeats + 1):
                lines.append(f"[SCAN_{repeat:02}]")
                lines += [
                    row(point, repeat, self.image(repeat, point))
                    for point in range(1, self.points + 1)
                    if (repeat, point) in present
                ]
        return "\r\n".join([*lines, ""])


def experiment(folder: Path, measurements: list[tuple[str, Made]]) -> Path:
    """Make the folder of an experiment with measurements by the names of their folders."""
    folder.mkdir(parents=True)
    lines = ["[INFORMATION]", 'PROGRAM_NAME = "FOCUS ProNanoESCA"', "", "[CONFIG]", 'NAME = "Example"']
    lines += ['TIMESTAMP = "12.03.2026 14:20:00"', 'OPERATOR = "M. Example"', f"COUNT_MEAS = {len(measurements)}"]
    for number, (name, made) in enumerate(measurements, 1):
        made.write(folder / name)
        lines += [
            "",
            f"[MEAS{number:02}_CONFIG]",
            *made.meas().split("[CONFIG]\r\n")[1].split("\r\n\r\n")[0].split("\r\n"),
        ]
    (folder / "Example.exp").write_text("\r\n".join([*lines, ""]), newline="")
    return folder


#: Another set-up: a focus series of a PEEM, one 32-bit float image for each step, keys and units of its own.
PEEM_INSTRUMENT = """\
# A microscope whose program saves one TIFF image for each step of a lens beside a file run.ini.
description: PEEM with a scanned objective lens
files:
  measurement: '.+\\.ini'
  raw: '(?P<name>.+?)-(?P<step>\\d+)\\.tiff?'
first_step: 0
dates: '%Y-%m-%d %H:%M'
items:
  title:           {keys: Run/Title}
  operator:        {keys: Run/User}
  sample:          {keys: Run/Specimen}
  timestamp:       {keys: Run/Begin}
  instrument_name: {keys: Run/Microscope}
  photon_energy:   {keys: Light/Energy, units: eV}
  dwell_time:      {keys: Camera/Exposure, units: s}
  axis_start:      {keys: Objective/From, units: V}
  axis_stop:       {keys: Objective/To, units: V}
  axis_step:       {keys: Objective/By, units: V}
  axis_name:       {value: objective}
  field:           {value: space}
  pixel_size:      {keys: Camera/PixelOnSample, units: nm}
"""
PEEM_RUN = """\
; settings of a focus series
[Run]
Title = Focus of the objective
User = A. Nobody
Specimen = chessboard
Begin = 2026-04-01 09:30
Microscope = PEEM II
[Light]
Energy = 4.9
[Camera]
Exposure = 0.5
PixelOnSample = 12.5
[Objective]
From = 12000
To = 11800
By = 50
"""


def peem_pixels(step: int) -> np.ndarray[Any, Any]:
    """Give the image of a step from 0."""
    y, x = np.indices((5, 8))
    return (step + (x * 10 + y) / 8).astype("f4")


def peem(folder: Path) -> Path:
    """Make the folder of the other set-up: 5 steps down, big-endian floats."""
    folder.mkdir(parents=True)
    (folder / "instrument.yaml").write_text(PEEM_INSTRUMENT)
    (folder / "run.ini").write_text(PEEM_RUN)
    for step in range(5):
        when = datetime(2026, 4, 1, 9, 30) + timedelta(seconds=2 * step)
        (folder / f"focus-{step:04}.tiff").write_bytes(tiff(peem_pixels(step), ">", when=when))
    return folder


def samples(folder: Path) -> None:
    """Make the folders of the sample data, ``nanoesca`` and ``peem_focus``."""
    graphene = Made(repeats=2, points=5, shape=(24, 32), name="Graphene")
    overview = Made(
        repeats=1, points=3, shape=(24, 32), name="Overview", mode=1, start="4.800000", averages="", dwell=500
    )
    overview.begun = datetime(2026, 3, 12, 14, 40, 2)
    experiment(folder / "nanoesca", [("Graphene_260312_142511", graphene), ("Overview_260312_144002", overview)])
    peem(folder / "peem_focus")


if __name__ == "__main__":
    import sys

    samples(Path(sys.argv[1]))
