"""Detectors with many channels on a triple-axis spectrometer: ``flat:`` (MultiFLEXX) and ``MULTI:`` (FlatCone).

MultiFLEXX writes 160 counts after each row, in fields of 5 or 6 characters: 31 channels of scattering angle with 5
analysers each, and 5 more that are always 0. In fields of 5 characters a count from 10 000 on takes one character more
and a blank within it::

    flat:    5    1   111 7513    0 ...       5, 1, 11, 17513, 0

Split at blanks that line has 160 words too, and two of them are wrong. The sum of the counts is the column CNTS, which
tells the two apart: checked on all 905 rows of the public files.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from nxconvert.arrays import Array
from nxconvert.readers.ill.tas_report import Report
from nxconvert.readers.ill.tas_rows import Body
from nxconvert.readers.ill.tas_text import is_overflow, number
from nxconvert.scan import Field
from nxconvert.triple_axis import ANALYSERS, CELLS, CHANNELS

#: final energies of the analysers of MultiFLEXX in meV (F. Groitl et al., Rev. Sci. Instrum. 87, 035109, 2016)
ENERGIES = (2.5, 3.0, 3.5, 4.0, 4.5)
#: degrees between two channels, of MultiFLEXX and of FlatCone; the middle one sits at A4
SPACING = 2.5
_WIDTHS = range(4, 13)


def split_cells(text: str, width: int) -> list[float] | None:
    """Cut the text of a ``flat:`` block into 160 fields; nan for stars, None where it does not fit that width."""
    cells: list[float] = []
    at = 0
    for _ in range(CELLS):
        word = text[at : at + width].lstrip()
        at += width
        if " " in word:  # one character too wide: ten thousands, a blank, the rest
            parts = text[at - width : at + 1].split()
            at += 1
            if len(parts) != 2 or not (parts[0].isdecimal() and parts[1].isdecimal()):
                return None
            cells.append(10_000 * int(parts[0]) + int(parts[1]))
        elif word.isdecimal():
            cells.append(int(word))
        elif word and not word.strip("*w"):
            cells.append(float("nan"))
        else:
            return None
    return None if text[at:].strip() else cells


def add_flat(body: Body, counts: Array | None, report: Report) -> dict[str, Field]:
    """Make the detector of the ``flat:`` blocks: data (point, channel, energy), int64, float64 where one is missing.

    *counts*: the column CNTS, which is their sum.
    """
    texts = {row: text.rstrip().replace("\t", " ") for row, (_, text) in body.flat.items()}
    widths = _widths(list(texts.values()))
    counted = np.zeros((len(body.rows), CELLS), np.int64)
    holes: dict[int, list[bool]] = {}
    for row, (line, _) in enumerate(body.rows):
        cells = None
        if row in texts:
            line = body.flat[row][0]
            wanted = None if counts is None else float(counts[row])
            cells = _cells(texts[row], widths, wanted)
            if cells is None:
                report.add(
                    line,
                    "spectra that cannot be read",
                    f"the flat: block has {len(texts[row].split())} words in {len(texts[row])} characters",
                    f"{CELLS} counts in fields of one width expected",
                    "its counts are written as nan",
                    "lost",
                )
            elif wanted is not None and not math.isnan(total := sum(cells)) and total != wanted:
                report.add(
                    line,
                    "spectra with another sum",
                    f"the counts of the flat: block add up to {total:.0f}",
                    f"CNTS is {wanted:.0f}",
                    "the counts are written as they are read",
                )
        else:
            report.add(
                line,
                "rows without spectrum",
                "there is no flat: block after this row",
                "one block after each row expected",
                "its counts are written as nan",
                "lost",
            )
        if cells is None:
            holes[row] = [True] * CELLS
        elif math.isnan(sum(cells)):
            holes[row] = [math.isnan(cell) for cell in cells]
            counted[row] = np.nan_to_num(np.array(cells))
        else:
            counted[row] = cells
    values: Array = counted
    if holes:
        values = counted.astype(np.float64)
        for row, empty in holes.items():
            values[row, empty] = np.nan
    values = values.reshape(-1, CHANNELS + 1, ANALYSERS)
    fields = {
        "data": Field("data", np.ascontiguousarray(values[:, :CHANNELS]), ("point", "channel", "energy")),
        "channel": Field("channel", np.arange(1, CHANNELS + 1), ("channel",)),
        "energy": Field("energy", np.array(ENERGIES), ("energy",), "meV"),
    }
    if np.nan_to_num(values[:, CHANNELS]).any():
        fields["spare"] = Field("spare", np.ascontiguousarray(values[:, CHANNELS]), ("point", "energy"))
    return fields


def _widths(texts: list[str]) -> list[int]:
    """Give the widths that fields may have, the most likely first: over-wide counts only make a line longer."""
    guesses = Counter(len(text) // CELLS for text in texts)
    likely = [width for width, _ in guesses.most_common(3) if width in _WIDTHS]
    return [*likely, *(width for width in _WIDTHS if width not in likely)]


def _cells(text: str, widths: list[int], wanted: float | None) -> Sequence[float] | None:
    """Read a block in the width that fits, and of several the one whose sum is right."""
    words = text.split()
    if wanted is not None and len(words) == CELLS and "".join(words).isdecimal():
        plain = [int(word) for word in words]
        # a count that was cut at its own blank makes the sum smaller, so that this is none of those
        if sum(plain) == wanted:
            return plain
    first = None
    for width in widths:
        cells = split_cells(text, width)
        if cells is None:
            continue
        if wanted is None or sum(cells) == wanted:
            return cells
        first = first or cells
    if first is None:
        numbers = [number(word) for word in words]
        if len(words) == CELLS and all(
            item is not None and (math.isnan(item) or (item.is_integer() and abs(item) < 2.0**63)) for item in numbers
        ):
            first = [item for item in numbers if item is not None]
    return first


def add_multi(body: Body, report: Report) -> dict[str, Field]:
    """Make the detector of the ``MULTI:`` block: data (point, channel), int64, float64 where one is missing."""
    assert body.multi is not None
    lines = body.multi
    points = len(body.rows)
    words = [(line, word) for line, own in lines for word in own]
    widths = {len(own) for _, own in lines}
    if not words or not points:
        line = lines[0][0] if lines else (body.rows[-1][0] if body.rows else 1)
        report.add(
            line, "multi-detectors", "the MULTI: block is empty or has no rows", f"{CHANNELS} counts for each row"
        )
        return {}
    channels = CHANNELS
    if len(lines) == points and len(widths) == 1:
        channels = widths.pop()
    elif len(words) != points * CHANNELS:
        found = f"the MULTI: block has {len(words)} counts"
        hint = "what is missing is written as nan, what is beyond is left out"
        expected = f"{points} rows of {CHANNELS} expected"
        report.add(lines[0][0], "multi-detectors", found, expected, hint, "lost")
    size = points * channels
    values = []
    for line, word in words[:size]:
        value = number(word)
        if value is None or is_overflow(word):
            report.add(line, "counts that are no numbers", f"'{word[:40]}' in MULTI:", "a count expected", "it is nan")
        values.append(float("nan") if value is None else value)
    values += [float("nan")] * (size - len(values))
    array = np.array(values).reshape(points, channels)
    if np.isfinite(array).all() and (array == np.floor(array)).all() and (np.abs(array) < 2**53).all():
        array = array.astype(np.int64)
    return {
        "data": Field("data", array, ("point", "channel")),
        "channel": Field("channel", np.arange(1, channels + 1), ("channel",)),
    }


def polar_angles(a4: Array, channels: int) -> Field:
    """Give where each channel sits, in degrees: *a4* is one angle, or one per point, which may be the same for all."""
    offsets = (np.arange(1, channels + 1) - (channels + 1) / 2) * SPACING
    if a4.ndim and a4.size and (a4 == a4[0]).all():
        a4 = a4[0]
    if a4.ndim:
        return Field("polar_angle", a4[:, np.newaxis] + offsets, ("point", "channel"), "degree")
    return Field("polar_angle", a4 + offsets, ("channel",), "degree")
