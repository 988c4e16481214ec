"""How the sub-spectra of a numor are understood, by family of layouts."""

from __future__ import annotations

from nxconvert.readers.ill.build import Family, Making, add_plot, by_length, header_items, own_columns
from nxconvert.readers.ill.diffraction import diffraction
from nxconvert.readers.ill.series import bank, banks, kinetic, sans
from nxconvert.readers.ill.spectra import backscattering, tof
from nxconvert.scan import Field


def spectra(making: Making) -> None:
    """Take sub-spectra of which nothing is known: columns under the names in the file, counts as they are."""
    counts, scan = making.counts, making.scan
    own_columns(making)
    has_points = bool(scan.columns)
    groups = by_length(counts)
    for number, members in enumerate(groups, 1):
        name = "detector" if number == 1 else f"detector_{number}"
        items = [counts[index] for index in members]
        first = "point" if has_points and len(members) == len(making.numor.groups) else "spectrum"
        data = making.stack(items, (items[0].count,))
        if len(making.numor.groups) == 1:
            made = Field("data", making.reading.decode(items[0]), ("channel",))
        else:
            made = Field("data", data, (first, "channel"))
        making.detector(name, data=made, **(header_items(making) if number == 1 else {}))
        add_plot(scan, name, made, (None,) * len(made.dims))
    if has_points and not groups:
        columns = list(scan.columns.values())
        add_plot(scan, columns[-1].name, columns[-1], (columns[0],) if len(columns) > 1 else (None,))


#: by the names that tables may use
FAMILIES: dict[str, Family] = {
    "diffraction": diffraction,
    "tof": tof,
    "backscattering": backscattering,
    "sans": sans,
    "kinetic": kinetic,
    "banks": banks,
    "bank": bank,
    "spectra": spectra,
}
