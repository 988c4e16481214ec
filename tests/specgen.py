"""Makes SPEC files of a wanted size: random values, always the same ones."""

from __future__ import annotations

import random
from pathlib import Path
from typing import IO


def header(motors: list[str], file: IO[str]) -> None:
    """Write a file header with rows of eight motor names."""
    file.write("#F bench.spec\n#E 1455180875\n#D Thu Feb 11 09:47:55 2016\n#C bench  User = nobody\n")
    for start in range(0, len(motors), 8):
        file.write(f"#O{start // 8} " + "  ".join(motors[start : start + 8]) + "\n")
    file.write("\n")


def scans(path: Path, count: int, points: int, columns: int = 23, motors: int = 28, moving: int = 28) -> None:
    """Write *count* scans; between two scans *moving* of the motors have moved."""
    pick = random.Random(1)
    names = [f"mot{index:02d}" for index in range(motors)]
    positions = [round(pick.uniform(-100, 100), 4) for _ in names]
    labels = ["mot00", "Epoch", "Seconds", *(f"ctr{index:02d}" for index in range(columns - 4)), "det"]
    with path.open("w") as file:
        header(names, file)
        for scan in range(1, count + 1):
            for index in pick.sample(range(motors), moving):
                positions[index] = round(pick.uniform(-100, 100), 4)
            file.write(f"#S {scan} ascan  mot00 0 1 {points - 1} 1\n")
            file.write(f"#D Thu Feb 11 {scan // 3600 % 24:02d}:{scan // 60 % 60:02d}:{scan % 60:02d} 2016\n")
            file.write("#T 1  (Seconds)\n#G0 0\n#Q 0.1 0.2 0.3\n")
            for start in range(0, motors, 8):
                file.write(f"#P{start // 8} " + " ".join(f"{x:.8g}" for x in positions[start : start + 8]) + "\n")
            file.write(f"#N {columns}\n#L " + "  ".join(labels) + "\n")
            for point in range(points):
                counters = [
                    str(pick.randrange(10 ** pick.randrange(1, 7))) if index % 2 else f"{pick.uniform(0, 1000):.8g}"
                    for index in range(columns - 4)
                ]
                row = [
                    f"{point / (points - 1):.8g}",
                    str(scan * 60 + point),
                    "1",
                    *counters,
                    str(pick.randrange(10**5)),
                ]
                file.write(" ".join(row) + "\n")
            file.write("\n")


def spectra(path: Path, count: int, channels: int = 1024) -> None:
    """Write one scan with a calibrated spectrum for each point."""
    pick = random.Random(3)
    with path.open("w") as file:
        header(["th", "tth"], file)
        file.write(f"#S 1 ascan  th 0 1 {count - 1} 1\n#D Thu Feb 11 09:55:20 2016\n#T 1  (Seconds)\n#P0 0 0\n")
        file.write(f"#@MCA %16C\n#@CHANN {channels} 0 {channels - 1} 1\n#@CALIB 0 0.01 0\n#N 3\n#L th  Seconds  det\n")
        for point in range(count):
            spectrum = [str(int(pick.expovariate(1 / 20))) for _ in range(channels)]
            lines = (" " + " ".join(spectrum[start : start + 16]) for start in range(0, channels, 16))
            file.write(f"{point / (count - 1):.8g} 1 {pick.randrange(10**5)}\n@A" + "\\\n".join(lines) + "\n")
