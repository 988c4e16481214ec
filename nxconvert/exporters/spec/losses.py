"""What SPEC has no place for, and what programs cannot read of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.exporters.spec.header import comments
from nxconvert.exporters.spec.motors import is_number
from nxconvert.exporters.spec.spectra import unheld
from nxconvert.exporters.spec.words import LONGEST, note, own_name, plain_name
from nxconvert.registry import Settings
from nxconvert.scan import Scan
from nxconvert.tabular import CELLS, aligned, listed, losses, table

#: what silx and PyMca read at most
_COLUMNS, _MOTORS = 511, 300


def spec_losses(scan: Scan, _settings: Settings) -> list[str]:
    """Say what SPEC has no place for, which names are changed, and what programs cannot read."""
    own = bool(note(scan, "scan_header"))
    held = {"detectors", "positioners", "headers", "user", "monitor"}
    if own:  # these were read from the header lines that are written again
        held |= {"sample", "instrument", "metadata"}
    columns = {name: scan.columns[name] for name in table(scan)}
    rest = {name: field for name, field in scan.metadata.items() if name not in ("count_time", "hkl")}
    found = losses("spec", replace(scan, metadata=rest), held)
    if names := unheld(scan):
        found.append(f"spec has no place for these of the detectors: {listed(names)}")
    if names := [name for name, field in scan.positioners.items() if not is_number(field.value)]:
        found.append(f"spec has no place for positions that are no numbers: {listed(names)}")
    shown = {"scan_header", "file_header", *(() if own else comments(scan))}
    if names := [name for name in scan.notes if name not in shown]:
        found.append(f"spec has no place for headers: {listed(names)}")
    names = [own_name(name, field) for fields in (columns, scan.positioners) for name, field in fields.items()]
    if changed := [name for name in names if name != plain_name(name)]:
        found.append(f"one blank stands for the line ends, tabs and several blanks in names: {listed(changed)}")
    lines = [line for name in ("file_header", "scan_header") for line in note(scan, name).split("\n")]
    if long := sum(len(line) > LONGEST for line in lines):
        found.append(f"programs crash on header lines of more than {LONGEST} characters: {long} are cut")
    if len(columns) > _COLUMNS or len(scan.positioners) > _MOTORS:
        there = f"there are {len(columns)} and {len(scan.positioners)}"
        found.append(f"silx and PyMca read {_COLUMNS} columns and {_MOTORS} motors, {there}")
    if not own and (count := _odd_rows(list(table(scan).values()))):
        found.append(f"silx and PyMca leave out rows with nan or inf: {count} of {scan.points}")
    return found


def _odd_rows(columns: Sequence[Array | LazyArray]) -> int:
    """Count the rows that are not all finite; none where there are too many values to look at all of them twice."""
    floats = [column for column in columns if column.dtype.kind == "f"]
    if not floats or sum(column.shape[0] for column in floats) > CELLS:
        return 0
    return sum(
        int((~np.logical_and.reduce([np.isfinite(column) for column in block])).sum())
        for block in aligned(floats, max(1, floats[0].shape[0]))
    )
