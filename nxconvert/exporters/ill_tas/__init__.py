"""Triple-axis files: the header lines ``KEY__: value`` within the wrapper of a numor, the columns, the multi-detectors.

::

    VVVV ... V
    INSTR: IN3                                          instrument.name
    COMND: SC GL -1 DGL -0.25 NP 57                     the command
    STEPS: GL      = -0.25                              metadata STEPS_GL, else the mean step of each scanned axis
    PARAM: DM      = 3.355                              metadata PARAM_DM ..., else the cell and the preset
    VARIA: A1      = -20.59, A2      = -41.2            positioners
    DATA_:
    PNT GL M1 M2 TIME CNTS
    1 5.98 20732 6 1.0 167

Rows hold numbers as the shortest text that reads back to the same one, not in the fixed columns of the instruments'
programs, which cut at blanks too; integers have no point. ``PNT``, which the format demands, is added where the scan
has none. What a scan of this format had in its header is written again; the header of another one has what there is.
"""

from __future__ import annotations

from typing import IO

from nxconvert.errors import WriteError
from nxconvert.exporters.ill_tas.header import date_text, header
from nxconvert.exporters.ill_tas.losses import NAME, describe_losses
from nxconvert.exporters.ill_tas.rows import (
    column_names,
    count_text,
    field_width,
    flat_cells,
    number_columns,
    row_lines,
    spare_counts,
    spectra_of,
    text_columns,
)
from nxconvert.registry import Exporter, Settings
from nxconvert.scan import Scan
from nxconvert.tabular import CELLS as CELLS_AT_ONCE
from nxconvert.tabular import PRECISION, aligned
from nxconvert.triple_axis import CELLS

__all__ = ["EXPORTER"]


def write(scan: Scan, stream: IO[str], settings: Settings) -> None:
    """Write a scan; WriteError where it has no column of numbers."""
    columns, texts = number_columns(scan), text_columns(scan)
    if not columns:
        raise WriteError.at(scan.place, "has no column with one number per point")
    stream.writelines(f"{line}\n" for line in header(scan))
    stream.write("DATA_:\n" + " ".join(column_names(scan).values()) + "\n")
    flat = spectra_of(scan, "flat")
    width = field_width(flat)
    values = [*columns.values(), *([flat] if flat is not None else [])]
    start = 0
    for block in aligned(values, max(1, CELLS_AT_ONCE // (len(values) + CELLS * (flat is not None)))):
        spectra = flat_cells(block.pop(), spare_counts(scan, start, len(block[0])), width) if flat is not None else None
        stream.writelines(row_lines(scan, block, texts, start, settings.get("precision", ""), spectra))
        start += len(block[0])
    multi = spectra_of(scan, "multi")
    if multi is not None:
        stream.write("MULTI:\n")
        for (counts,) in aligned([multi], max(1, CELLS_AT_ONCE // max(1, multi.shape[1]))):
            stream.writelines(" ".join(count_text(value) for value in row) + "\n" for row in counts.tolist())
    if scan.end_time is not None:
        stream.write(f"Finished at {date_text(scan.end_time)}\n")


EXPORTER = Exporter(
    name=NAME,
    description="triple-axis scans in the ILL's text format",
    extensions=(".scn",),
    losses=describe_losses,
    write=write,
    settings=(PRECISION,),
    frames=True,  # the 31 channels of 5 analysers of MultiFLEXX; what else are images is among the losses
)
