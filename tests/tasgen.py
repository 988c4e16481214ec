"""Triple-axis files made by code: the text, and beside it every value that a reader must find in it.

``energy_scan`` is the sample in ``sample_data``; run this module to write it again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SAMPLE = Path(__file__).resolve().parent.parent / "sample_data" / "tas_energy.scn"

#: E = 2.072 k², with meV and 1/angstrom
HBAR2_2M = 2.0721248
CELLS = 160


def wrapper(numor: int = 12345, instrument: str = "IN99", user: str = "somebody", date: str = "") -> list[str]:
    """Give the lines of the blocks R, A and V, padded to 80 characters as the old programs did."""
    lines = [
        "R" * 80,
        f"{numor:8d}{1:8d}{0:8d}",
        "ILL TAS data in the new ASCII format follow after the line VV...V",
        "A" * 80,
        f"{80:8d}{0:8d}",
        f"{instrument:<6}{user:<12}{date or '02-Jan-24 03:04:05'}",
        "V" * 80,
    ]
    return [line.ljust(80) for line in lines]


def pairs(key: str, values: dict[str, str], width: int = 8) -> list[str]:
    """Give the lines of ``KEY: NAME    = value, ...``, four to a line."""
    items = [f"{name:<{width}}={value:>8}" for name, value in values.items()]
    return [f"{key}: " + ", ".join(items[at : at + 4]) for at in range(0, len(items), 4)]


def flat_lines(counts: Sequence[int], width: int = 5) -> list[str]:
    """Give the two lines of a ``flat:`` block; in fields of five a count from 10 000 on is one character too wide."""
    assert len(counts) == CELLS
    cells = []
    for count in counts:
        wide = width == 5 and count >= 10_000
        cells.append(f"{count // 10_000} {count % 10_000:>4}" if wide else f"{count:{width}d}")
    return ["flat:" + "".join(cells), " endflat"]


@dataclass
class Tas:
    """A file to be: ``header`` lines, names, ``rows`` as text, lines after each row, and lines after the last one."""

    header: list[str]
    names: list[str]
    rows: list[list[str]]
    after_row: dict[int, list[str]] = field(default_factory=dict)
    after: list[str] = field(default_factory=list)
    with_wrapper: bool = True
    line_end: str = "\n"

    @property
    def lines(self) -> list[str]:
        """Give the lines of the file without their ends."""
        found = wrapper() if self.with_wrapper else []
        found += [*self.header, "DATA_:", " " + " ".join(f"{name:>9}" for name in self.names)]
        for at, row in enumerate(self.rows):
            found.append(" " + " ".join(f"{value:>9}" for value in row))
            found += self.after_row.get(at, [])
        return found + self.after

    @property
    def data(self) -> bytes:
        """Give the bytes of the file."""
        return "".join(line + self.line_end for line in self.lines).encode("latin-1")


def simple(rows: list[list[str]] | None = None, names: str = "PNT GL M1 M2 TIME CNTS", **options: object) -> Tas:
    """Give a short scan of one motor, in the style of IN3."""
    header = [
        "INSTR: IN99",
        "EXPNO: 4-01-1",
        "USER_: somebody",
        "LOCAL: contact",
        "FILE_: 012345",
        "DATE_: 02-Jan-24 03:04:05",
        "TITLE: a test, with a comma",
        "COMND: SC GL 0 DGL 0.5 NP 3 TI 1",
        "POSQE: QH=  1.0000, QK=  0.0000, QL=  0.0000, EN=   0.0000, UN=meV",
        "STEPS: GL      =  0.5000",
        "PARAM: DM=   3.35500, DA=   3.35500, SM=-1., SS=-1., SA= 1.",
        "PARAM: FX= 2., KFIX=   2.66200",
        "PARAM: AS=   4.00000, BS=   5.00000,CS=   6.00000",
        "PARAM: AA= 90.0000, BB= 90.0000,CC= 90.0000",
        "PARAM: AX=   1.000, AY=   0.000, AZ=   0.000",
        "PARAM: BX=   0.000, BY=   1.000, BZ=   0.000",
        "VARIA: A1      = -20.59, A2      = -41.18, GL      =  -0.50",
        "ZEROS: A1      =   1.77, A2      =   2.70, GL      =   0.00",
        "PARAM: TI=      1.00",
        "FORMT: (I4,,)",
    ]
    made = Tas(
        header,
        names.split(),
        rows
        or [
            ["1", "-0.5000", "20732.", "6.", "1.00", "167."],
            ["2", "0.0000", "20968.", "8.", "1.00", "161."],
            ["3", "0.5100", "20629.", "7.", "1.00", "191."],
        ],
    )
    for name, value in options.items():
        setattr(made, name, value)
    return made


@dataclass
class EnergyScan:
    """The sample: its text, and the values of its columns as they are rounded in it."""

    tas: Tas
    columns: dict[str, np.ndarray]


def energy_scan(points: int = 21) -> EnergyScan:
    """Make a scan of the energy transfer at constant Q with kf fixed, whose angles fit its cell and energies."""
    a, c, kf, dm, da = 4.1, 6.3, 1.55, 3.355, 3.355
    h, length = 1.15, 0.6
    # orthogonal axes: |Q| from the two components; angles by the law of cosines and Bragg's law
    q = 2 * math.pi * math.hypot(h / a, length / c)
    en = np.round(0.2 + 0.15 * np.arange(points), 4)
    ki = np.sqrt(kf**2 + en / HBAR2_2M)
    a1 = np.degrees(np.arcsin(math.pi / (dm * ki)))
    a4 = np.degrees(np.arccos((ki**2 + kf**2 - q**2) / (2 * ki * kf)))
    a5 = np.full(points, math.degrees(math.asin(math.pi / (da * kf))))
    a3 = -40.0 + a4 / 2
    peak = 4 + 240 * np.exp(-(((en - 1.7) / 0.35) ** 2))
    counts = [round(value) for value in peak + 3 * np.sin(7.0 * np.arange(points))]
    columns = {
        "PNT": np.arange(1, points + 1),
        "QH": np.full(points, h),
        "QK": np.zeros(points),
        "QL": np.full(points, length),
        "EN": en,
        "M1": np.full(points, 50000),
        "M2": (np.arange(points) * 7) % 5,
        "TIME": np.round(60 + 8 * np.cos(0.3 * np.arange(points)), 2),
        "CNTS": np.array(counts),
        "TT": np.round(1.6 + 0.002 * np.sin(np.arange(points)), 3),
        "A1": np.round(a1, 3),
        "A2": np.round(2 * a1, 3),
        "A3": np.round(a3, 3),
        "A4": np.round(a4, 3),
        "A5": np.round(a5, 3),
        "A6": np.round(2 * a5, 3),
    }
    forms = {"PNT": "{:d}", "M1": "{:d}.", "M2": "{:d}.", "CNTS": "{:d}.", "TIME": "{:.2f}"}
    forms |= dict.fromkeys(("QH", "QK", "QL", "EN"), "{:.4f}")
    rows = [
        [forms.get(name, "{:.3f}").format(values[at].item()) for name, values in columns.items()]
        for at in range(points)
    ]
    motors = {name: f"{columns[name][0]:.2f}" for name in ("A1", "A2", "A3", "A4", "A5", "A6")}
    centre = 0.2 + 0.15 * (points - 1) / 2
    header = [
        "INSTR: IN99",
        "EXPNO: 4-01-1",
        "USER_: somebody",
        "LOCAL: contact",
        "FILE_: 012345",
        "DATE_: 02-Jan-24 03:04:05",
        "TITLE: invented crystal, gap mode at (1.15 0 0.6)",
        "TYPE_: tas",
        f"COMND: sc qh {h} 0 {length} {centre:g} dqh 0 0 0 0.15 np {points} mn 50000",
        f"POSQE: QH={h:8.4f}, QK=  0.0000, QL={length:8.4f}, EN={en[0]:8.4f}, UN=meV",
        "CURVE: MONO= auto, ANA= manu",
        "STEPS: EN=   0.1500",
        f"PARAM: DM={dm:10.5f}, DA={da:10.5f}, KFIX={kf:10.5f}",
        "PARAM: SM=  1, SS=  1, SA=  1, FX=  2",
        "PARAM: ALF1=  60.00, ALF2=  40.00,ALF3=  40.00, ALF4= 120.00",
        f"PARAM: AS={a:10.5f}, BS={a:10.5f}, CS={c:10.5f}",
        "PARAM: AA=  90.00000, BB=  90.00000, CC=  90.00000, ETAS=  30.00000",
        "PARAM: AX=  1.000, AY=  0.000, AZ=  0.000",
        "PARAM: BX=  0.000, BY=  0.000, BZ=  1.000",
        *pairs("VARIA", {**motors, "GU": "0.42", "GL": "-1.15", "A3P": "-1941960.25"}),
        *pairs("ZEROS", dict.fromkeys(motors, "0.10")),
        "PARAM: MN=**********",
        "PARAM: TT=      1.60, RT=      1.62",
        "FORMT:",
    ]
    tas = Tas(header, list(columns), rows, after=["Finished at 02-Jan-24 03:28:11"])
    return EnergyScan(tas, columns)


if __name__ == "__main__":
    SAMPLE.write_bytes(energy_scan().tas.data)
