"""The ``measurement`` of nxconvert, Bliss and silx: columns, positions of motors, spectra and images.

::

    measurement    NXcollection   links to everything measured; what has one value per point is a column
    instrument
      sx           NXpositioner   value: the scanned motor
      I0           NXdetector     a counter: data (a column), mode, type
      mca1_det0    NXdetector     spectra: spectrum, and data, a link to it
      positioners         the scanned motors as arrays, all others as single values; "ERR" where one is broken
      positioners_start   single values, at the start of the scan
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from nxconvert.arrays import LazyArray
from nxconvert.readers.nexus import plots
from nxconvert.readers.nexus.nodes import LOOSE, Data, Group
from nxconvert.readers.nexus.stored import look
from nxconvert.readers.nexus.values import own_keys, own_name
from nxconvert.scan import Field, free_name

if TYPE_CHECKING:
    from nxconvert.readers.nexus.entry import Making
    from nxconvert.readers.nexus.stored import Look

#: items of a detector that other programs call by other names: ours, and where it is a single value
_RENAMED = {"channels": "channel", "elapsed_time": "real_time"}
_LABELS = re.compile(r"^#L +(.*)$", re.MULTILINE)


def add_columns(making: Making, group: Group) -> None:
    """Take what has one value per point as columns; a scan of a single count has scalars, which are one point."""
    scan = making.scan
    numbers: list[tuple[str, Data, Look]] = []
    for link, data in group.datasets():
        found = look(data)
        if found is not None and found.text:
            text = making.constant(data, own_name(data, link))
            if text is not None:
                scan.metadata[link] = text
        elif found is not None:
            numbers.append((link, data, found))
    single = any(not found.shape for _, _, found in numbers) and not any(
        len(found.shape) == 1 and data.text_attribute("interpretation") != "spectrum" for _, data, found in numbers
    )
    rank = 0 if single else 1
    keys = own_keys({link: data for link, data, _ in numbers})
    for link, data, found in numbers:
        key, name = keys[link]
        if making.silx:
            key = name = name.replace("%", "/")
        if len(found.shape) == rank and not (rank and data.text_attribute("interpretation") == "spectrum"):
            field = _column(making, data, found, key, name if key != name else None)
            if field is not None:
                scan.columns[key] = field
        elif not found.shape:
            field = making.constant(data, name)
            if field is not None:
                scan.metadata[name] = field


def _column(making: Making, data: Data, found: Look, name: str, long_name: str | None) -> Field | None:
    field = making.loader.field(data, name, ("point",) if found.shape else (), long_name)
    if field is None or isinstance(field.value, (str, list)):
        return None
    if not found.shape:
        field.value, field.dims = np.array([field.value], found.dtype), ("point",)
    return field


def order_columns(making: Making, group: Group | None) -> None:
    """Find the scanned columns; where the file has its columns by name only, the scanned ones come first."""
    scan = making.scan
    axes = list(scan.axes.values()) or _moved(making) or plots.plot_axes(making)
    words = scan.command.split()
    if group is not None and not making.own:
        places = {word: place for place, word in reversed(list(enumerate(words)))}
        axes.sort(key=lambda field: places.get(field.name, len(words)))
    names = {id(field): name for name, field in scan.columns.items()}
    scan.axes = {names[id(field)]: field for field in axes if id(field) in names}
    if group is None or making.own:
        return
    order = list(scan.axes)
    headers = scan.notes.get("scan_header")
    said = _LABELS.search(headers.value) if headers is not None and isinstance(headers.value, str) else None
    if said is not None:
        labels = re.split(r" {2,}|\t", said[1].strip())
        if set(labels) == set(scan.columns):
            order = labels
    scan.columns = {name: scan.columns[name] for name in dict.fromkeys((*order, *scan.columns))}


def _moved(making: Making) -> list[Field]:
    """Give the columns that stand among the positions of the motors, as arrays or as the same dataset."""
    columns = making.scan.columns
    by_identity = {id(field): field for field in columns.values()}
    group = _positions(making, "positioners")
    found: list[Field] = []
    for link, data in group.datasets() if group is not None else ():
        field = by_identity.get(id(making.loader.fields.get(data.key)))
        if field is None and (seen := look(data)) is not None and seen.shape and not seen.text:
            field = columns.get(own_name(data, link))
        if field is not None and field not in found:
            found.append(field)
    return found


# --- positions


def _positions(making: Making, name: str) -> Group | None:
    """Give the group of positions of that name, told by its class: a detector or a plot may have the name too."""
    for parent in (making.instrument, making.entry):
        group = None if parent is None else parent.group(name)
        if group is not None and group.nx_class in (("NXcollection",) if making.own else LOOSE):
            return group
    return None


def add_positioners(making: Making) -> None:
    """Add where the motors stood at the start: single values, or text where a motor is broken."""
    group = _positions(making, "positioners_start") or _positions(making, "positioners")
    columns = {id(field) for field in making.scan.columns.values()}
    if group is not None:
        positions = dict(group.datasets())
        for link, (key, name) in own_keys(positions).items():
            _add_position(making, key, name, positions[link], columns)
        places = group
    elif making.instrument is not None:
        places = making.instrument
    else:
        return
    for motor in places.groups("NXpositioner"):
        value = motor.data("value")
        if value is not None:
            name = own_name(motor, motor.name)
            _add_position(making, free_name(name, making.scan.positioners), name, value, columns)


def _add_position(making: Making, key: str, name: str, data: Data, columns: set[int]) -> None:
    """Add a position but for what is one of the *columns*, which are named by their identity."""
    if id(making.loader.fields.get(data.key)) in columns:
        return
    value: Any = making.loader.scalar(data)
    if value is None or (isinstance(value, str) and (found := look(data)) is not None and found.shape):
        return
    if isinstance(value, (bool, np.bool_)):
        return
    if isinstance(value, (int, np.integer)) and int(np.float64(value)) == int(value):
        value = np.float64(value)
    units = data.text_attribute("units")
    making.scan.positioners[key] = Field(key, value, (), units, name if key != name else None)


# --- detectors


def add_detectors(making: Making, measured: Group | None) -> None:
    """Add the detectors that have more than one value per point, and what else is known of each."""
    scan = making.scan
    if making.instrument is not None:
        groups = {group.name: group for group in making.instrument.groups("NXdetector")}
        for link, (key, _) in own_keys(groups).items():
            fields = _detector(making, groups[link])
            if fields:
                scan.detectors[key] = fields
    for link, data in measured.datasets() if measured is not None else ():
        if data.key in making.loader.fields:
            continue
        found = look(data)
        if found is None or found.text or not found.shape:
            continue
        field = making.loader.field(data, "data", making.dims(data, found))
        if field is not None:
            scan.detectors[free_name(own_name(data, link), scan.detectors)] = {"data": field}


def _detector(making: Making, group: Group) -> dict[str, Field]:
    loader, scan = making.loader, making.scan
    columns = {id(field) for field in scan.columns.values()}
    items = dict(group.datasets())
    main = items.get("data")
    if main is not None and id(loader.fields.get(main.key)) in columns:
        return {}  # a counter
    shape = found.shape if main is not None and (found := look(main)) is not None else ()
    seen: set[tuple[int, int]] = set()
    fields: dict[str, Field] = {}
    # where two links lead to one dataset, it is 'data', else what comes first
    for link in sorted(items, key=lambda link: link != "data"):
        data = items[link]
        found = look(data)
        if data.key in seen or found is None:
            continue
        seen.add(data.key)
        name = own_name(data, link)
        renamed = _RENAMED.get(name, name)
        if renamed in items or (name == "elapsed_time" and found.shape):
            renamed = name
        field = _item(making, data, found, renamed, shape)
        if field is not None:
            fields[renamed] = field
    places = {name: place for place, name in enumerate(items)}
    return dict(sorted(fields.items(), key=lambda item: places.get(item[0], len(places))))


def _item(making: Making, data: Data, found: Look, name: str, shape: tuple[int, ...]) -> Field | None:
    """Make a field of a detector; *shape* is that of its data."""
    loader = making.loader
    if found.text:
        return making.constant(data, name)
    if not found.shape:
        return loader.field(data, name, ())
    dims = making.dims(data, found, name)
    rank = len(found.shape)
    per_point = shape[0] != shape[-1] and found.shape[0] == shape[0] if len(shape) > 1 else name == "data"
    if dims == ("channel",) and per_point and found.shape[0] in (making.scan.points, *shape[:-1][:1]):
        dims = ("point",)
    elif rank == 2 and name != "data" and len(shape) > 2 and found.shape == shape[-2:]:
        dims = ("y", "x")
    field = loader.field(data, name, dims)
    if field is not None and making.lists and found.shape == (1,) and not isinstance(field.value, LazyArray):
        field.value, field.dims = loader.scalar(data), ()
    return field
