"""A SPEC parser of its own kind, for tests: whole file in memory, line by line, numbers by float()."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass
class Parsed:
    """A scan as its lines say it."""

    number: int
    command: str
    date: str = ""
    labels: list[str] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)
    spectra: list[npt.NDArray[np.float64]] = field(default_factory=list)
    motors: dict[str, float] = field(default_factory=dict)
    calibrations: list[list[float]] = field(default_factory=list)
    channels: list[list[int]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def parse_spec(text: str) -> list[Parsed]:
    """Give the scans of a regular file; a line that is no row of numbers is left out."""
    # rows of numbers go on after a backslash; a label may end in one
    text = re.sub(r"(?m)^([^#\n].*)\\ *\n", r"\1 ", text.replace("\r\n", "\n"))
    scans: list[Parsed] = []
    names: dict[str, list[str]] = {}
    own: dict[str, list[str]] = {}
    in_header = True
    for line in text.split("\n"):
        key, _, rest = re.sub(r"\t", "  ", line).partition(" ")
        if re.match(r"#S\s+\d+", line):
            number, _, command = rest.strip().partition(" ")
            scans.append(Parsed(int(number), " ".join(command.split())))
            own, in_header = {}, False
        elif key == "#F" or (key == "#E" and not in_header):
            names, own, in_header = {}, {}, True
        elif re.fullmatch(r"#O\d+", key):
            (names if in_header else own)[key[2:]] = [name for name in re.split(r" {2,}", rest.strip()) if name]
        elif in_header or not scans:
            continue
        else:
            _line(scans[-1], line, key, rest, own or names)
    return scans


def _line(scan: Parsed, line: str, key: str, rest: str, names: dict[str, list[str]]) -> None:
    scan.lines.append(line)
    if key == "#D":
        scan.date = scan.date or rest.strip()
    elif re.fullmatch(r"#P\d+", key):
        for name, value in zip(names.get(key[2:], []), rest.split(), strict=False):
            scan.motors[name] = float(value)
    elif key == "#L" and not scan.labels:
        scan.labels = [label for label in re.split(r" {2,}", rest.strip()) if label]
    elif key == "#@CALIB":
        scan.calibrations.append(_numbers(rest)[:3])
    elif key == "#@CHANN":
        scan.channels.append([int(word) for word in _numbers(rest)[:4]])
    elif line.startswith("@") and "CALIB" not in key.upper():
        scan.spectra.append(np.fromstring(rest, sep=" "))
    elif not line.startswith("#"):
        numbers = _numbers(line.partition("#")[0])
        if numbers and len(numbers) == len(line.partition("#")[0].split()):
            scan.rows.append(numbers)


def _numbers(text: str) -> list[float]:
    """Give the numbers before the first word that is none."""
    numbers: list[float] = []
    with contextlib.suppress(ValueError):  # those before it are kept
        numbers.extend(map(float, text.split()))
    return numbers
