"""What the triple-axis format has no place for, and what it changes."""

from __future__ import annotations

import re
from dataclasses import replace

from nxconvert.exporters.ill_tas.header import TEXTS, is_key, pair
from nxconvert.exporters.ill_tas.rows import column_names, spectra_of, text_columns
from nxconvert.registry import Settings
from nxconvert.scan import Field, Scan
from nxconvert.tabular import listed, losses, table
from nxconvert.triple_axis import PAIRS, PARAM_UNITS, UNITS

NAME = "ill-tas"

#: metadata and parts of the sample and the instrument that follow from what is written
_DERIVED = re.compile(r"FORMT|date|facility|facility_type|points_requested|polarisation_states|(first|step)_.*")
_DERIVED_SAMPLE = ("unit_cell", "unit_cell_abc", "unit_cell_alphabetagamma", "orientation_matrix", "ub_matrix")
_DERIVED_FLAT = ("channel", "energy", "polar_angle", "spare")


def describe_losses(scan: Scan, _settings: Settings) -> list[str]:
    """Say what of a scan the format has no place for, and what it changes."""
    columns, texts, names = table(scan), text_columns(scan), column_names(scan)
    # the sum of the times is the duration
    sums = {"duration"} if {"TIME", "TI"} & columns.keys() else set()
    params = {name for name in scan.metadata if name.startswith("PARAM_")}
    rest = replace(
        scan,
        columns={name: _without_held_units(field) for name, field in scan.columns.items() if name not in texts},
        positioners={name: field for name, field in scan.positioners.items() if pair(name, field.value) is None},
        detectors={name: items for name, fields in scan.detectors.items() if (items := _lost(scan, name, fields))},
        metadata={
            name: field for name, field in scan.metadata.items() if not _is_held(name, field) and name not in sums
        },
        notes={name: field for name, field in scan.notes.items() if name not in ("header", "footer")},
        sample={
            name: field
            for name, field in scan.sample.items()
            if name not in _DERIVED_SAMPLE or (name.endswith("_matrix") and "PARAM_AX" not in params)
        },
        instrument={
            name: field
            for name, field in scan.instrument.items()
            if name != "name" and not (name in ("ei", "ef") and "PARAM_KFIX" in params)
        },
        user={name: field for name, field in scan.user.items() if name != "name" and name not in TEXTS["LOCAL"]},
        monitor={
            name: field
            for name, field in scan.monitor.items()
            if name not in ("mode", "preset") and not any(field is column for column in scan.columns.values())
        },
    )
    found = losses(NAME, rest)
    changed = [name for name, own in names.items() if name and own not in (name, scan.columns[name].long_name)]
    if changed:
        found.append(f"{NAME} has no names with blanks, so '_' stands for them: {listed(changed)}")
    if any(value.dtype.kind == "b" for value in columns.values()):
        booleans = [name for name, value in columns.items() if value.dtype.kind == "b"]
        found.append(f"{NAME} has no true and false, so 1 and 0 stand for them: {listed(booleans)}")
    times = {"start_time": scan.start_time, "end_time": scan.end_time}
    if zoned := [name for name, time in times.items() if time is not None and time.tzinfo is not None]:
        found.append(f"{NAME} has no place for the time zone: {listed(zoned)}")
    if fine := [name for name, time in times.items() if time is not None and time.microsecond]:
        found.append(f"{NAME} has no place for fractions of a second: {listed(fine)}")
    return found


def _is_held(name: str, field: Field) -> bool:
    """Tell whether the format has a place for metadata, or whether they follow from what it holds."""
    for key in PAIRS:
        if name.startswith(f"{key}_"):
            own = name[len(key) + 1 :]
            units = (PARAM_UNITS if key == "PARAM" else UNITS).get(own)
            return pair(own, field.value) is not None and field.units in (None, units)
    if any(name in names for names in TEXTS.values()):
        return isinstance(field.value, str)
    if name == "POLAN":
        return isinstance(field.value, list)
    return is_key(name, field.value) or _DERIVED.fullmatch(name) is not None


def _without_held_units(field: Field) -> Field:
    """Give a field without the units that its name stands for."""
    held = UNITS.get((field.long_name or field.name).upper())
    return replace(field, units=None) if field.units == held else field


def _lost(scan: Scan, name: str, fields: dict[str, Field]) -> dict[str, Field]:
    """Give what of a detector is not written."""
    if name in ("flat", "multi") and spectra_of(scan, name) is not None:
        return {item: field for item, field in fields.items() if item != "data" and item not in _DERIVED_FLAT}
    return fields
