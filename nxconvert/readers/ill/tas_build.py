"""Making the scan of a triple-axis file out of its header, its table and its spectra.

``VARIA`` becomes positioners; ``PARAM``, ``ZEROS``, ``TARGET``, ``POSQE``, ``STEPS`` and ``CURVE`` stay apart as
metadata ``PARAM_DM``, ``ZEROS_A1`` ...; ``DATE_`` is the time of the start, a footer that of the end. Units stand in no
such file: they are those of the instruments' conventions, and a quantity that has none there gets none here.
"""

from __future__ import annotations

import hashlib
import math
import os
import re

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Place
from nxconvert.readers.ill import tas_geometry as geometry
from nxconvert.readers.ill.fields import sum_of
from nxconvert.readers.ill.tas_axes import scanned
from nxconvert.readers.ill.tas_command import Command, parse_command
from nxconvert.readers.ill.tas_header import Header, lines_of, read_header
from nxconvert.readers.ill.tas_report import Report
from nxconvert.readers.ill.tas_rows import Body, make_columns, read_body
from nxconvert.readers.ill.tas_spectra import add_flat, add_multi, polar_angles
from nxconvert.readers.ill.tas_text import find_date, number
from nxconvert.scan import Field, Plot, Scan
from nxconvert.triple_axis import CELL, PARAM_UNITS, PLANE, UNITS

_MOVING_A4 = frozenset(("QH", "QK", "QL", "EN", "H", "K", "L", "A4"))


#: the triple-axis spectrometers of the ILL
_OF_ILL = re.compile(r"IN\d{1,2}[A-Z]?|THALES", re.IGNORECASE)


def build(data: bytes, path: str) -> Scan:
    """Make the scan of the whole text of a file; ReadError where it has no line of a header."""
    report = Report(path)
    lines = lines_of(data)
    header = read_header(lines, report)
    body = read_body(lines, header.rest, len(header.names), report) if header.names is not None else Body()
    open_end = data[-1:] not in b"\r\n" and header.names is not None
    if open_end:
        _leave_out_cut_row(lines, body, report)
    scan = Scan(_number(header, path), 1, 0, Place(path, 1, offset=0), length=len(data))
    scan.sha256 = hashlib.sha256(data).hexdigest()
    if header.names is not None:
        scan.columns = make_columns(header.names, body, max(header.rest, 1), report)
    command = parse_command(header.texts.get("COMND", ""))
    _add_texts(scan, header, report)
    _add_pairs(scan, header)
    _add_units(scan, header)
    scan.axes = scanned(scan.columns, header.pairs.get("STEPS", {}), command, set(scan.positioners))
    _add_monitor(scan, header, command)
    _add_crystal(scan, header, report)
    _add_energies(scan, header, report)
    _add_detectors(scan, body, report)
    _add_plan(scan, header, body, command)
    _add_plots(scan)
    scan.end_time = body.finished
    scan.notes["header"] = Field("header", header.verbatim)
    if body.footers:
        scan.notes["footer"] = Field("footer", "\n".join(body.footers))
    in_table = not body.rows or body.rows[-1][0] == len(lines)
    if open_end and in_table and not body.footers and body.multi is None:
        report.add(
            len(lines),
            "open ends",
            "the file ends within this line",
            "a line end expected",
            f"its last {'value' if body.rows else 'name'} may be cut short, if the file is not complete",
            "note",
        )
    scan.problems = report.finish()
    return scan


def _leave_out_cut_row(lines: list[str], body: Body, report: Report) -> None:
    """Leave the last row out where the file ends before the column in which all others end: its number is cut."""
    lengths = {len(lines[at - 1].rstrip()) for at, _ in body.rows[:-1]}
    if len(body.rows) < 3 or len(lengths) != 1 or body.rows[-1][0] != len(lines):
        return
    if len(lines[-1].rstrip()) < lengths.pop():
        found = "the file ends within this row"
        report.add(len(lines), "rows of other lengths", found, "a row as long as the others expected", "it is left out")
        body.rows.pop()


def _number(header: Header, path: str) -> int:
    """Give the numor: that of the wrapper, else the last number in FILE_, else in the file's own name, else 1."""
    if header.numor is not None:
        return header.numor
    for text in (header.texts.get("FILE", ""), os.path.basename(path)):
        if found := re.findall(r"\d{1,15}", text, re.ASCII):
            return int(found[-1])
    return 1


def _add_texts(scan: Scan, header: Header, report: Report) -> None:
    """Add title, command, times, people and whatever else is text."""
    texts = dict(header.texts)
    scan.command = texts.pop("COMND", "")
    scan.title = texts.get("TITLE") or scan.command or f"scan {scan.number}"
    date = texts.get("DATE") or header.date
    scan.start_time = find_date(date)
    if date and scan.start_time is None:
        report.add(
            header.lines.get("DATE", 1),
            "dates that cannot be read",
            f"'{date[:60]}' is not a date",
            "a date such as '31-Oct-10 11:07:23' expected",
            "the text is kept; the scan has no start time",
        )
    proposal = texts.pop("EXPNO", "") or header.pairs.get("PARAM", {}).get("ProposalID", "")
    found = (
        (scan.instrument, "name", texts.pop("INSTR", "") or header.instrument),
        (scan.user, "name", texts.pop("USER", "") or header.user),
        (scan.metadata, "experiment_identifier", proposal),
        (scan.user, "local_contact", texts.pop("LOCAL", "")),
        (scan.metadata, "file_name", texts.pop("FILE", "")),
        (scan.metadata, "date", date),
        (scan.metadata, "instrument_mode", texts.pop("TYPE", "")),
    )
    for fields, name, text in found:
        if text:
            fields[name] = Field(name, text)
    instrument = scan.instrument.get("name")
    # HZB, PSI and others write the same files, so that only the name of the instrument tells whose one is
    if instrument is not None and _OF_ILL.fullmatch(str(instrument.value).strip()):
        scan.metadata["facility"] = Field("facility", "ILL")
        scan.metadata["facility_type"] = Field("facility_type", "Reactor Neutron Source")
    for key, text in texts.items():
        if key not in ("TITLE", "DATE"):
            scan.metadata[key] = Field(key, text)
    if header.polan:
        scan.metadata["POLAN"] = Field("POLAN", header.polan, ("line",))


def _add_pairs(scan: Scan, header: Header) -> None:
    """Add the pairs of each key under names of their own; the energy's unit is that which POSQE states."""
    for key, pairs in header.pairs.items():
        for name, text in pairs.items():
            value = number(text)
            shown: float | str = text if value is None else value
            if key == "VARIA":
                scan.positioners[name] = Field(name, shown)
            else:
                own = f"{key}_{name}"
                units = PARAM_UNITS if key == "PARAM" else UNITS
                scan.metadata[own] = Field(own, shown, (), units.get(name) if value is not None else None)


def _add_units(scan: Scan, header: Header) -> None:
    energy = _energy_unit(header)
    for fields in (scan.columns, scan.positioners):
        for field in fields.values():
            if not isinstance(field.value, (list, str)):
                own = (field.long_name or field.name).upper()
                field.units = energy if own == "EN" else UNITS.get(own)
    if "POSQE_EN" in scan.metadata:
        scan.metadata["POSQE_EN"].units = energy


def _energy_unit(header: Header) -> str:
    """Give the unit of EN that POSQE states, as UN or UE; without it meV, in which all these instruments count."""
    pairs = header.pairs.get("POSQE", {})
    stated = pairs.get("UN") or pairs.get("UE") or "meV"
    return "meV" if stated.lower() == "mev" else stated


def _numbers(header: Header, key: str) -> dict[str, float]:
    """Give the pairs of a key that are numbers; nan left out."""
    found = {name: number(text) for name, text in header.pairs.get(key, {}).items()}
    return {name: value for name, value in found.items() if value is not None and math.isfinite(value)}


def _add_monitor(scan: Scan, header: Header, command: Command) -> None:
    """Add how each point was counted: as COMND says, else PARAM; in the header a preset may be stars."""
    param = _numbers(header, "PARAM")
    mode, preset = command.mode, command.preset
    if not mode:
        mode = next((mode for mode, key in (("monitor", "MN"), ("timer", "TI")) if key in param), "")
    if mode and preset is None:
        preset = param.get("MN" if mode == "monitor" else "TI")
    if mode:
        scan.monitor["mode"] = Field("mode", mode)
    if preset is not None:
        scan.monitor["preset"] = Field("preset", preset, (), "s" if mode == "timer" else None)
    column = scan.columns.get("M1")
    if column is not None and isinstance(column.value, np.ndarray):
        scan.monitor["data"] = column
    time = next((scan.columns[name] for name in ("TIME", "TI") if name in scan.columns), None)
    if time is not None and isinstance(time.value, np.ndarray) and time.units == "s" and len(time.value):
        scan.metadata["duration"] = Field("duration", sum_of(time.value), (), "s")


def _add_crystal(scan: Scan, header: Header, report: Report) -> None:
    param = _numbers(header, "PARAM")
    values = geometry.cell(param)
    if values is None:
        if header.pairs.get("PARAM", {}).keys() >= set(CELL):
            line = header.lines.get("PARAM", 1)
            report.add(line, "cells", "AS BS CS AA BB CC are no unit cell", hint="the sample has none")
        return
    scan.sample["unit_cell"] = Field("unit_cell", values, ("parameter",), "angstrom")
    scan.sample["unit_cell_abc"] = Field("unit_cell_abc", values[:3].copy(), ("abc",), "angstrom")
    scan.sample["unit_cell_alphabetagamma"] = Field("unit_cell_alphabetagamma", values[3:].copy(), ("angle",), "degree")
    matrix = geometry.orientation(values, param)
    if matrix is None:
        if header.pairs.get("PARAM", {}).keys() >= set(PLANE):
            line = header.lines.get("PARAM", 1)
            found = "AX AY AZ and BX BY BZ span no scattering plane"
            report.add(line, "planes", found, hint="the sample has no orientation matrix")
        return
    scan.sample["orientation_matrix"] = Field("orientation_matrix", matrix, ("row", "column"), "")
    scan.sample["ub_matrix"] = Field("ub_matrix", matrix @ geometry.b_matrix(values), ("row", "column"), "1/angstrom")


def _add_energies(scan: Scan, header: Header, report: Report) -> None:
    """Add the energies before and after the sample; none from EN where it has another unit than meV."""
    columns = {name.upper(): field for name, field in reversed(list(scan.columns.items()))}
    columns = {name: field for name, field in columns.items() if isinstance(field.value, np.ndarray)}
    transfer = None if "EN" in columns else _numbers(header, "POSQE").get("EN")
    if _energy_unit(header) != "meV":
        columns.pop("EN", None)
        transfer = None
    with np.errstate(all="ignore"):  # columns of a damaged file may hold any number
        found, reason = geometry.energies(_numbers(header, "PARAM"), columns, _numbers(header, "VARIA"), transfer)
    for name, field in found.items():
        if field not in scan.columns.values():
            scan.instrument[name] = field
    if reason:
        hint = "the energies are left out but for those in the columns"
        report.add(header.lines.get("PARAM", 1), "fixed energies", reason, "the same expected", hint)


def _add_detectors(scan: Scan, body: Body, report: Report) -> None:
    counts = scan.columns.get("CNTS")
    if body.flat:
        known = counts.value if counts is not None and isinstance(counts.value, np.ndarray) else None
        scan.detectors["flat"] = add_flat(body, known, report)
    if body.multi is not None and (fields := add_multi(body, report)):
        scan.detectors["multi"] = fields
    for fields in scan.detectors.values():
        a4 = scan.columns.get("A4")
        if a4 is None and not _MOVING_A4 & {name.upper() for name in scan.axes}:
            a4 = scan.positioners.get("A4")
        if a4 is not None and not isinstance(a4.value, (list, str)):
            channels = fields["channel"].value.shape[0]  # type: ignore[union-attr]
            fields["polar_angle"] = polar_angles(np.asarray(a4.value, np.float64), channels)


def _add_plan(scan: Scan, header: Header, body: Body, command: Command) -> None:
    """Add what was asked for, and whether all of it was measured."""
    states = _states(scan)
    if len(states) > 1:
        scan.metadata["polarisation_states"] = Field("polarisation_states", np.array(states), ("state",))
    if command.points is not None:
        scan.metadata["points_requested"] = Field("points_requested", command.points)
        rows = command.points * max(len(states), 1)
        if header.names is not None:
            scan.status = "complete" if len(body.rows) >= rows else "aborted"
    for name, first in command.first.items():
        if not command.step[name]:
            continue
        unit = UNITS.get(name)
        for word, value in (("first", first), ("step", command.step[name])):
            scan.metadata[f"{word}_{name}"] = Field(f"{word}_{name}", value, (), unit)


def _states(scan: Scan) -> list[int]:
    """Give the polarisation states in the order in which they occur; they need not follow one another regularly."""
    column = scan.columns.get("PAL")
    if column is None or not isinstance(column.value, np.ndarray) or column.value.dtype.kind not in "iu":
        return []
    return list(dict.fromkeys(column.value.tolist()))


def _add_plots(scan: Scan) -> None:
    """Suggest plots: counts against the first scanned axis, one plot for each polarisation state; then the spectra."""
    axes = tuple(scan.axes.values())
    numbers = [field for field in scan.columns.values() if isinstance(field.value, np.ndarray)]
    signal = next((field for field in numbers if field.name.upper() == "CNTS"), None)
    if signal is None:
        others = [field for field in numbers if field.name not in scan.axes and field.name.upper() != "PNT"]
        signal = others[-1] if others else None
    states = _states(scan)
    if signal is not None and len(states) > 1:
        pal = np.asarray(scan.columns["PAL"].value)
        for index, state in enumerate(states):
            own = [_rows_of(field, pal == state, state) for field in (signal, *axes)]
            plot = Plot(own[0], (own[1] if axes else None,), tuple(own[2:]))
            scan.plots["data" if index == 0 else f"data_pal_{state}"] = plot
    elif signal is not None:
        scan.plots["data"] = Plot(signal, (axes[0] if axes else None,), axes[1:])
    for name, fields in scan.detectors.items():
        data = fields["data"]
        inner = {dim: fields[dim] for dim in data.dims[1:]}
        if "polar_angle" in fields and fields["polar_angle"].dims == ("channel",):
            inner["channel"] = fields["polar_angle"]
        scan.plots[name] = Plot(data, (axes[0] if axes else None, *inner.values()))


def _rows_of(field: Field, rows: Array, state: int) -> Field:
    value = np.asarray(field.value)[rows]
    return Field(field.name, value, (f"point_pal_{state}",), field.units, field.long_name)
