"""Images and banks, one or a series: small angles (D11, D22), D20, D4, and the banks of old (D1A, D1B).

Source: LAMP, Igor and GRASP for small angles; CrysFML and LAMP for D20, D1A and D1B; CrysFML and ToScaNA for D4.
"""

from __future__ import annotations

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Problem
from nxconvert.readers.ill.build import (
    MOST_COLUMNS,
    Making,
    add_plot,
    by_length,
    header_items,
    own_columns,
    parameters,
)
from nxconvert.readers.ill.dictionary import own_name, scaled
from nxconvert.readers.ill.fields import finite, sum_of
from nxconvert.readers.ill.tables import BlockTable
from nxconvert.scan import Field

#: number of cells of an area detector and its shape
_IMAGES = {4096: (64, 64), 16384: (128, 128)}


def sans(making: Making) -> None:
    """Take one image, or a series of images, each with time and monitor before it."""
    scan, counts, known = making.scan, making.counts, making.known
    own_columns(making)
    for label, name in (("F_1", "time"), ("F_2", "monitor")):
        # a block of two numbers without names: GRASP, Igor and LAMP read time and monitor
        if label in scan.columns and len(scan.columns) == 2:
            column = scan.columns.pop(label)
            making.column(name, column.value, None)  # type: ignore[arg-type]
    if "monitor" in scan.columns:
        scan.monitor["data"] = scan.columns["monitor"]
    spectra = known.whole("spectra")
    if spectra is not None:
        scan.metadata["acquisition_mode"] = Field("acquisition_mode", int(spectra > 1))
    series = len(making.numor.groups) > 1
    for number, members in enumerate(by_length(counts), 1):
        items = [counts[index] for index in members]
        cells = items[0].count
        shape = _IMAGES.get(cells, (cells,))
        dims = ("y", "x") if len(shape) == 2 else ("channel",)
        data = making.stack(items, shape)
        if not series:
            made = Field("data", making.reading.decode(items[0]).reshape(shape), dims)
        else:
            made = Field("data", data, ("point" if len(items) == len(making.numor.groups) else "frame", *dims))
        name = "detector" if number == 1 else f"detector_{number}"
        making.detector(name, data=made, **(header_items(making) if number == 1 else {}))
        time = scan.columns.get("time") if made.dims[0] == "point" else None
        add_plot(scan, name, made, (time, *(None for _ in made.dims[1:])) if series else (None,) * len(made.dims))


def kinetic(making: Making) -> None:
    """Take frames of a curved bank, each with its status: temperatures, angles, monitor, time."""
    scan, counts = making.scan, making.counts
    _table_columns(making)
    columns = scan.columns
    if "monitor" in columns:
        scan.monitor["data"] = columns["monitor"]
        scan.monitor["integral"] = Field("integral", sum_of(columns["monitor"].value), (), "counts")  # type: ignore[arg-type]
    if "time" in columns and columns["time"].units == "s":
        scan.metadata["duration"] = Field("duration", sum_of(columns["time"].value), (), "s")  # type: ignore[arg-type]
    for name in ("two_theta", "omega", "chi", "phi"):
        if name in columns and scan.points:
            scan.positioners[name] = Field(name, np.float64(columns[name].value[0]), (), columns[name].units)  # type: ignore[index]
    for number, members in enumerate(by_length(counts), 1):
        items = [counts[index] for index in members]
        whole = len(items) == len(making.numor.groups)
        data = Field("data", making.stack(items, (items[0].count,)), ("point" if whole else "frame", "channel"))
        channel = Field("channel", np.arange(items[0].count), ("channel",))
        name = "detector" if number == 1 else f"detector_{number}"
        making.detector(name, data=data, channel=channel)
        add_plot(scan, name, data, (None, channel))


def banks(making: Making) -> None:
    """Take the banks of one position: a sub-spectrum is a bank."""
    scan, counts = making.scan, making.counts
    own_columns(making)
    for number, members in enumerate(by_length(counts), 1):
        items = [counts[index] for index in members]
        data = Field("data", making.stack(items, (items[0].count,)), ("bank", "channel"))
        name = "detector" if number == 1 else f"detector_{number}"
        making.detector(name, data=data, **(header_items(making) if number == 1 else {}))
        add_plot(scan, name, data, (None, None))


def bank(making: Making) -> None:
    """Take blocks in which parameters stand before the counts of each step."""
    from nxconvert.readers.ill.families import spectra

    scan, counts, layout = making.scan, making.counts, making.known.layout
    table = _counts_table(making)
    if layout is None or table is None or not counts:
        spectra(making)
        return
    step = table.step or counts[0].count
    if step <= table.leading or any(item.count % step or item.count != counts[0].count for item in counts):
        scan.problems.append(
            Problem(
                making.numor.place,
                f"a block of {counts[-1].count} numbers",
                f"steps of {step} expected",
                "the counts are given as they are in the file",
            )
        )
        spectra(making)
        return
    # a block of steps stands alone; of blocks of one step there may be many
    rows = [making.reading.decode(item).reshape(-1, step)[:, : table.leading] for item in counts]
    leading = finite(np.concatenate(rows))
    leading = leading.astype(np.int64) if leading.dtype.kind == "i" else leading
    _named_columns(making, table, leading, [])
    columns = scan.columns
    if "monitor" in columns:
        scan.monitor["data"] = columns["monitor"]
        scan.monitor["integral"] = Field("integral", sum_of(columns["monitor"].value), (), "counts")  # type: ignore[arg-type]
    if "two_theta" in columns:
        first = np.float64(columns["two_theta"].value[0])  # type: ignore[index]
        scan.positioners["two_theta"] = Field("two_theta", first, (), "degree")
    steps = counts[0].count // step
    cells = step - table.leading

    def arrange(values: Array) -> Array:
        return values.reshape(steps, step)[:, table.leading :]

    frames = (
        making.stack(counts, (cells,), arrange)
        if steps == 1
        else np.concatenate([arrange(making.reading.decode(item)) for item in counts])
    )
    data = Field("data", frames, ("point", "channel"))
    channel = Field("channel", np.arange(cells), ("channel",))
    making.detector("detector", data=data, channel=channel)
    axis = columns.get("two_theta") if steps > 1 else None
    if axis is not None:
        scan.axes["two_theta"] = axis
    add_plot(scan, "data", data, (axis, channel))


def _counts_table(making: Making) -> BlockTable | None:
    layout = making.known.layout
    tables = layout.group if layout is not None else None
    return next((table for table in tables or () if table.step is not None), None)


def _table_columns(making: Making) -> None:
    """Make columns of the first block of parameters by the table, of the others by the names in the file."""
    layout = making.known.layout
    names, values = parameters(making)
    if layout is None or not layout.group or values.shape[1] > MOST_COLUMNS:
        own_columns(making)
        return
    making.done = 1
    _named_columns(making, layout.group[0], values, names)


def _named_columns(making: Making, table: BlockTable, values: Array, names: list[str]) -> None:
    by_position = {entry.first: entry for entry in table.entries}
    for at in range(values.shape[1]):
        entry = by_position.get(at)
        column = values[:, at].copy()
        own = names[at] if at < len(names) else ""
        if entry is not None and making.known.trusted(entry):
            making.column(entry.name, scaled(entry, column), entry.units)
        else:
            name, units = own_name(own) if own else (f"F_{at + 1}", None)
            making.column(name, column, units, own or (entry.name if entry is not None else None))
