"""Numors made by code: every block by its Fortran format, and whole numors of the instruments without public files."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


def key(letter: str) -> str:
    """A key line."""
    return letter * 80 + "\n"


def line(text: str) -> str:
    """A record: 80 characters."""
    return f"{text:<80}\n"


def control(*numbers: int) -> str:
    """A control line, 10I8."""
    return line("".join(f"{number:8d}" for number in numbers))


def run(number: int, version: int = 4) -> str:
    """The block R."""
    return key("R") + control(number, 0, version)


def text(lines: Sequence[str], descriptions: Sequence[str] = ()) -> str:
    """A block A of lines of 80 characters."""
    head = control(80 * len(lines), len(descriptions)) if descriptions else line(f"{80 * len(lines):8d}")
    return key("A") + head + "".join(line(item) for item in [*descriptions, *lines])


def _rows(fields: Sequence[str], per: int) -> Iterable[str]:
    for at in range(0, len(fields), per):
        yield line("".join(fields[at : at + per]))


def _names(names: Sequence[str], width: int, per: int, title: str | None) -> list[str]:
    head = [] if title is None else [line(title)]
    return head + list(_rows([f"{name:>{width}}" for name in names], per))


def floats(values: Sequence[float], names: Sequence[str] = (), title: str | None = None) -> str:
    """A block F: 5E16.8, names of 16 characters."""
    head = _names(names, 16, 5, title)
    return "".join([key("F"), control(len(values), len(head)), *head, *_rows([fortran(value) for value in values], 5)])


def fortran(value: float) -> str:
    """E16.8 as Fortran writes it: 0.12345678E+03; stars where nothing else fits, no letter for three digits."""
    if math.isnan(value):
        return "*" * 16
    if value == 0:
        return f"{'0.00000000E+00':>16}"
    mantissa, exponent = f"{abs(value):.7e}".split("e")
    digits = mantissa.replace(".", "")
    power = int(exponent) + 1
    letter = f"E{power:+03d}" if abs(power) < 100 else f"{power:+04d}"
    return f"{'-' if value < 0 else ''}0.{digits}{letter}".rjust(16)


def integers(values: Iterable[int], names: Sequence[str] = (), title: str | None = None, letter: str = "I") -> str:
    """A block I (10I8, names of 8 characters) or J (8I10, names of 10); stars for what does not fit."""
    width, per = (8, 10) if letter == "I" else (10, 8)
    fields = [cell if len(cell := f"{value:{width}d}") == width else "*" * width for value in values]
    head = _names(names, width, per, title)
    return "".join([key(letter), control(len(fields), len(head)), *head, *_rows(fields, per)])


def group(number: int, total: int, numor: int, parameters: int = 0) -> str:
    """The block S."""
    return key("S") + control(number, total - number, total, numor, 0, parameters)


I31 = (  # noqa: SIM905
    "nvers ntype kctrl manip nbang nkmes npdone jcode ipara ianal imode itgv iregul ivolt naxe npstart ilast1 isa "
    "flgkif ih ik nbsqs nb_det nbdata icdesc1 icdesc2 icdesc3 icdesc4 icdesc5 icdesc6 icdesc7"
).split()
F50 = [
    *("H (Hmin)", "K (Kmin)", "L (Lmin)", "phi", "chi", "omega", "2theta (gamma)", "psi"),
    *(f"ub({row},{column})" for row in (1, 2, 3) for column in (1, 2, 3)),
    *("wavelength", "dmonochromator", "danalyser", "energy", "Hmax", "Kmax", "Lmax", "DeltaH", "DeltaK", "DeltaL"),
    *("Deltaenergy", "Ki (Kf)", "Ddetector", "xoff", "zoff", "radius", "yoff", "attenuat", "scan start", "scan step"),
    *("scan width", "preset", "add.bkg.step", "add.bkg.width", "add.bkg.preset", "couplingfactor", "(spare)"),
    *("(spare)", "Temp-s.pt", "Temp-Regul", "Temp-sample", "Voltmeter", "Mag.field"),
]


@dataclass
class Made:
    """A numor as text, and what is in it."""

    text: str
    values: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        """Write it to a file."""
        path.write_bytes(self.text.encode("latin-1"))
        return path


def scan(
    instrument: str,
    frames: np.ndarray,
    *,
    numor: int = 123456,
    axes: Sequence[int] = (2, 1),
    total: int | None = None,
    done: int | None = None,
    jcode: int = 0,
    manip: int | None = None,
    ub: Sequence[float] | None = None,
    values: dict[int, float] | None = None,
    title: str = "a crystal",
    labels: Sequence[str] = ("time", "monitor", "Total Cou", "angles*1000"),
) -> Made:
    """The common layout of the diffractometers: a frame per point, axes by their numbers in ``icdesc``."""
    count = len(frames)
    total = count if total is None else total
    cells = frames[0].size
    header = [0] * 31
    header[:8] = [4, 2, 0, manip or axes[0], len(axes), total, count if done is None else done, jcode]
    header[14], header[22], header[23] = 1, 1, cells
    header[24 : 24 + len(axes)] = axes
    constants = [0.0] * 50
    constants[17], constants[38] = 1.5, 1000.0
    if ub is not None:
        constants[8:17] = ub
    for position, value in (values or {}).items():
        constants[position - 1] = value
    made = Made("")
    positions = np.array([[10000 * (a + 1) + 50 * k for a in range(len(axes))] for k in range(count)])
    times, monitors = 1000 + np.arange(count), 5000 + np.arange(count)
    parts = [
        run(numor),
        text([f"{instrument:<4}Smith XY  01-Feb-13 12:13:14"], ["Inst User L.C.   Date     Time"]),
        text([f"{title:<72}omega"], ["Title" + " " * 67 + "Scantype"]),
        integers(header, I31),
        floats(constants, F50),
    ]
    for k, frame in enumerate(frames):
        point = [float(times[k]), float(monitors[k]), float(frame.sum()), *map(float, positions[k])]
        parts += [group(k + 1, total, numor, 1), floats(point, labels), integers(frame.reshape(-1).tolist())]
    made.text = "".join(parts)
    made.values = {"time": times / 1000, "monitor": monitors, "positions": positions / 1000, "frames": frames}
    return made


def points(instrument: str, rows: np.ndarray, numor: int = 23000) -> Made:
    """A point detector: the points (time, monitor, counts, angles), without frames, in one block F."""
    count = len(rows)
    made = scan(
        instrument, np.zeros((1, 1), int), numor=numor, total=count, done=count, axes=range(1, rows.shape[1] - 2)
    )
    head = made.text[: made.text.index(key("S"))]
    block = floats(rows.reshape(-1).tolist(), ("time", "monitor", "Total Cou", "angles*1000"))
    return Made(head + group(1, 1, numor) + block, {"rows": rows})


def d20(frames: np.ndarray, numor: int = 20000, strobo: bool = False) -> Made:
    """D20: six F blocks with titles, then a status and J1600 for every frame."""
    blocks = [np.arange(size, dtype=float) + 100 * n for n, size in enumerate((30, 25, 30, 15, 55, 20))]
    blocks[0][3] = 2.41
    blocks[5][:6] = [1, 290.0, 291.0, 292.0, 15.5, 7.5]
    parts = [
        run(numor, 3),
        text(["D20 Miller    13:14:15 02-Mar-05"]),
        text(
            [
                f"{'Sample':<20}some oxide",
                f"{'Experimentalist':<20}Miller",
                f"{'Proposal':<20}5-22-33",
                f"{'Title':<20}kinetics of an oxide",
                f"{'Local contact':<20}Hansen",
                f"{'Date':<20}02-Mar-05 13:00:00",
            ]
        ),
    ]
    parts += [
        floats(list(block), [f"name{k}" for k in range(len(block))], f"Block {n}") for n, block in enumerate(blocks)
    ]
    count = len(frames)
    status = []
    for k, frame in enumerate(frames):
        values = (
            [float(k), 10.0, 20.0, 4000.0 + k, 2.5e6]
            if strobo
            else [1.0, 300.0, 301.0, 302.0 + k, 15.5, 7000.0 + k, 3e6, 7.5, 0.0, 0.0, *range(15)]
        )
        status.append(values)
        parts += [group(k + 1, count, numor, 1), floats(list(map(float, values))), integers(frame.tolist(), letter="J")]
    return Made("".join(parts), {"frames": frames, "status": np.array(status, float)})


def sans(instrument: str, frames: np.ndarray, numor: int = 30000) -> Made:
    """D11 and D22: one image, or a series with time and monitor before each."""
    medpar = [0] * 156
    medpar[:2] = [1, frames[0].size]
    values = [0.0] * 128
    known = {2: 6000.0, 3: 1234.0, 4: 98765.0, 15: 1.5, 16: 2.5, 18: 8.0, 25: 8.013, 30: 293.5, 50: 312.0, 51: 308.0}
    known |= {52: 6.0, 53: 0.1, 54: 7.5, 55: 7.25, 57: 10.5, 83: 54.2}
    for position, value in known.items():
        values[position] = value
    title = f"{'Jones':<10}{'micelles at rest':<50}{'10 % in D2O'}"
    parts = [
        run(numor, 1),
        text([f"{instrument:<4}Jones ABCD03-Apr-99 10:20:30"]),
        integers(medpar),
        text([title, "      03-Apr-99 10:10:30  03-Apr-99 10:20:30", *[""] * 5]),
        floats(values),
        integers(range(256)),
    ]
    # 512 characters are six lines and a part of a seventh one
    parts[3] = parts[3].replace(f"{560:8d}", f"{512:8d}")
    count = len(frames)
    for k, frame in enumerate(frames):
        parts.append(group(k + 1, count, numor))
        if count > 1:
            parts.append(floats([60.0 + k, 5000.0 + k]))
        parts.append(integers(frame.reshape(-1).tolist()))
    return Made("".join(parts), {"frames": frames, "known": known})


def d1b(frames: np.ndarray, numor: int = 90000) -> Made:
    """D1B of old: monitor, time and angle stand before the counts of every frame, which has no parameters."""
    constants = [0.0] * 50
    constants[17] = 2.52
    parts = [
        run(numor, 1),
        text(["D1B Brown     04-May-97 01:02:03"], ["Inst User L.C.   Date     Time"]),
        text([f"{'a magnet':<72}        "], ["Title" + " " * 67 + "Scantype"]),
        integers([0] * 31),
        floats(constants),
    ]
    for k, frame in enumerate(frames):
        parts += [group(k + 1, len(frames), numor), integers([800000 + k, 60000, 12300 + k, *frame.tolist()])]
    return Made("".join(parts), {"frames": frames})


def d1a(counts: np.ndarray, numor: int = 80000) -> Made:
    """D1A: S before the parameters, one block with monitor, time, angle, a spare number and 25 counts of each step."""
    steps = [[70000 + k, 30000, 6000 + 50 * k, 0, *row] for k, row in enumerate(counts.tolist())]
    parts = [
        run(numor, 1),
        text(["D1A Green     05-Jun-96 04:05:06"], ["Inst User L.C.   Date     Time"]),
        text([f"{'a powder':<72}        "], ["Title" + " " * 67 + "Scantype"]),
        group(1, 1, numor),
        floats([0.0] * 50),
        integers([0] * 31),
        integers([number for step in steps for number in step]),
    ]
    return Made("".join(parts), {"counts": counts})


def d4(banks: np.ndarray, numor: int = 40000) -> Made:
    """D4: nine banks of 64 cells, three F blocks with titles and names that hold units."""
    names = ["MonitorCnts", "CntTime (sec)", "Theta_lue(deg)", "Theta_des(deg)", "TotalCnts", "Omega(deg)", "A1"]
    spares = [f"spare{k}" for k in range(33)]
    parts = [
        run(numor, 1),
        text(["D4  Fischer   06-Jul-05 07:08:09"]),
        text(
            [
                "User",
                "Contact",
                "Title               liquid metal",
                "Subtitle",
                "Proposal            6-01-02",
                "",
                "dates",
            ]
        ),
        floats([111111.0, 60.5, 9.0, 9.5, 4321.0, 0.5, 1.0, *[0.0] * 33], [*names, *spares], "Detector"),
        floats([58.1, 300.0, 301.0], ["RtrPower (MW)", "T1 (K)", "T2 (K)"], "Sample environment & reactor"),
        floats([0.5, 2.0], ["energy", "dspacing"], "Monochromator"),
    ]
    for k, row in enumerate(banks):
        parts += [group(k + 1, len(banks), numor), integers(row.tolist())]
    return Made("".join(parts), {"banks": banks})


def large(path: Path, frames: int = 51, cells: int = 163840, seed: int = 1) -> int:
    """Write a D19 numor of 68 MB (51 frames of 256 x 640) frame by frame; give the sum of its counts."""
    small = scan("D19", np.zeros((frames, 1), int), axes=(2, 1), numor=190000)
    head = small.text[: small.text.index(key("S"))].replace(
        f"{1:8d}{1:8d}{2:8d}{1:8d}", f"{1:8d}{cells:8d}{2:8d}{1:8d}"
    )
    generator = np.random.default_rng(seed)
    total = 0
    with path.open("wb") as file:
        file.write(head.encode())
        for k in range(frames):
            counts = generator.poisson(3, cells) * generator.integers(1, 40)
            total += int(counts.sum())
            point = [1000.0 + k, 5000.0, float(counts.sum()), 10000.0 + 50 * k, 20000.0 + 100 * k]
            parts = group(k + 1, frames, 190000, 1) + floats(point, ("time", "monitor", "Total Cou", "angles*1000"))
            file.write((parts + key("I") + control(cells, 0)).encode())
            np.savetxt(file, counts.reshape(-1, 10), fmt="%8d", delimiter="")
    return total


def _noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Numbers from 0 to 1 that look random and are the same everywhere."""
    steps = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(seed)
    mixed = (steps * np.uint64(2654435761)) % np.uint64(2**32)
    return ((mixed ^ (mixed >> np.uint64(15))) % np.uint64(10007)).reshape(shape) / 10007


def samples() -> dict[str, str]:
    """The numors of the sample data by file name: a crystal on D10, a powder on D2B, micelles on D11."""
    y, x = np.mgrid[0:32, 0:32]
    spot = 60 * np.exp(-((y - 14) ** 2 + (x - 18) ** 2) / 12.0)
    height = np.exp(-((np.arange(5) - 2.0) ** 2) / 1.5)
    crystal = (height[:, None, None] * spot + _noise((5, 32, 32), 7) * 1.3).astype(int)
    # a cubic powder of 3.9 angstrom: wavelength 1.594, tubes 1.25 degrees apart, two frames 0.625 degrees apart
    lines = [2 * np.degrees(np.arcsin(1.594 * np.sqrt(n) / 7.8)) for n in (2, 3, 4, 6, 8, 10, 11, 12, 14, 16, 18, 19)]
    angles = np.array([[152.5 + 0.05 * 12.5 * k - 1.25 * (127 - tube) for tube in range(128)] for k in range(2)])
    heights = sum(np.exp(-((angles - line) ** 2) / 0.4) for line in lines)
    powder = ((0.25 + 2.5 * heights)[:, :, None] * _noise((2, 128, 128), 11) * 2).astype(int)
    y, x = np.mgrid[0:64, 0:64]
    radius = np.hypot(y - 31, x - 30)
    ring = (radius > 4) * (200 * np.exp(-radius / 7.0) + 3 * _noise((64, 64), 13))
    made = scan("D10", crystal, numor=68288, title="a crystal of nothing", values={3: 2.0, 30: 437.0, 48: 170.0})
    tubes = scan("D2B", powder, numor=68289, axes=(1, 2, 3), title="a powder of nothing", values={18: 1.594})
    # the angles of the frames are those of the last tube
    text = tubes.text
    for k in range(2):
        old = "".join(fortran(float(10000 * (a + 1) + 50 * k)) for a in range(2))
        new = fortran(152500.0 + 625 * k) + fortran(540.0)
        assert text.count(old) == 1
        text = text.replace(old, new)
    return {"068288": made.text, "068289.gz": text, "068290.gz": sans("D11", ring.astype(int)[None], numor=68290).text}


def write_samples(folder: Path) -> None:
    """Write the numors of the sample data."""
    for name, content in samples().items():
        data = content.encode()
        (folder / name).write_bytes(gzip.compress(data, 9, mtime=0) if name.endswith(".gz") else data)
