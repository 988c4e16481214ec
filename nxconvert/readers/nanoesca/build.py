"""One measurement as a scan: files found, configuration read, images in their slots, everything named."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from nxconvert.arrays import FrameArray
from nxconvert.errors import Place, Problem, ReadError
from nxconvert.readers.nanoesca import axes, checks, times
from nxconvert.readers.nanoesca.arrange import Arranged, arrange
from nxconvert.readers.nanoesca.facts import Facts
from nxconvert.readers.nanoesca.folder import Found, collect
from nxconvert.readers.nanoesca.instrument import Instrument
from nxconvert.readers.nanoesca.keys import Config, Entry, read_config
from nxconvert.readers.nanoesca.stack import AverageStack, ImageStack
from nxconvert.readers.nanoesca.table import Table, axis, columns, parse
from nxconvert.readers.nanoesca.tiff import Image
from nxconvert.scan import Field, Plot, Scan, free_name

_DATE_SUFFIX = re.compile(r"_\d{6}_\d{6}$")
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0}
_SCHEMES = {"momentum": "momentum dispersive", "space": "spatial dispersive"}

Sections = dict[str, dict[str, Entry]]


@dataclass(slots=True)
class Built:
    """A scan and what was read for it."""

    scan: Scan
    configs: list[Config] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)


def build(found: Found, instrument: Instrument, index: int, read: Callable[[str], Config] = read_config) -> Built:
    """Make the scan of a measurement; ReadError where its configuration cannot be read or there is no image.

    *read* gives the configuration of the experiment, which several measurements share.
    """
    files = collect(found, instrument)
    configs: list[tuple[str, Config, Sections]] = []
    tables: list[Table] = []
    if found.config is not None:
        config = read_config(found.config)
        configs.append(("measurement", config, config.sections))
    for path in files.tables:
        config = read_config(path, instrument.table_section)
        configs.append(("table", config, config.sections))
        tables.append(parse(config, instrument))
    own = [config for _kind, config, _sections in configs]
    configs += _experiment(found, configs, instrument, read)
    scan = Scan(index + 1, 1, index, Place(found.path))
    facts = Facts(instrument, [(config, sections) for _kind, config, sections in configs], found.path)
    arranged = arrange(files, tables, found.folder, instrument.pages)
    arranged.problems[:0] = files.problems
    if not arranged.raw and not arranged.averaged:
        if not arranged.problems:
            found_text = "there is no image of this measurement"
            arranged.problems.append(
                Problem(Place(found.path), found_text, "images beside or below the configuration expected", "", "lost")
            )
        raise ReadError(*(problem for problem in arranged.problems))
    checks.counts(facts, arranged, found.folder)
    scan.status = "aborted" if arranged.aborted else "complete"
    _values(scan, facts, found, arranged)
    _detectors(scan, facts, arranged, tables, found)
    _texts(scan, configs)
    images = [*arranged.present(), *(image for image in arranged.averaged if image is not None)]
    scan.sha256, scan.length = _digest(own, images)
    problems = [problem for config in own for problem in config.problems]
    scan.problems = list(dict.fromkeys([*problems, *facts.problems, *arranged.problems, *scan.problems]))
    return Built(scan, [config for _kind, config, _sections in configs], images)


def _experiment(
    found: Found,
    configs: list[tuple[str, Config, Sections]],
    instrument: Instrument,
    read: Callable[[str], Config],
) -> list[tuple[str, Config, Sections]]:
    """Give what the configuration of the experiment says of this measurement, then what it says of all.

    It holds a copy of each measurement's sections; the one whose title is that of this measurement is meant.
    """
    if found.experiment is None:
        return []
    try:
        config = read(found.experiment)
    except ReadError:
        if found.is_above:  # the user did not name it, and it may be of anything
            return []
        raise
    name = os.path.basename(os.path.abspath(found.folder))
    title = Facts(instrument, [(item, part) for _kind, item, part in configs], found.path).text("title")
    title = title or _DATE_SUFFIX.sub("", name)
    copies: dict[str, Sections] = {}
    rest: Sections = {}
    for section, keys in config.sections.items():
        match = instrument.copied_section.fullmatch(section) if instrument.copied_section else None
        if match is None:
            rest[section] = keys
        else:
            copies.setdefault(match["number"], {})[match["section"]] = keys
    mine = [part for part in copies.values() if Facts(instrument, [(config, part)], config.path).text("title") == title]
    if not mine and found.is_above:
        return []
    return [("experiment", config, part) for part in (*(mine if len(mine) == 1 else ()), rest)]


def _values(scan: Scan, facts: Facts, found: Found, arranged: Arranged) -> None:
    """Fill in what is constant: names, times, energies, who measured what."""
    scan.title = facts.text("title") or _DATE_SUFFIX.sub("", os.path.basename(os.path.abspath(found.folder)))
    if comment := facts.text("comment"):
        scan.metadata["comment"] = Field("comment", comment)
    for group, names in (
        (scan.user, {"name": "operator", "affiliation": "affiliation"}),
        (scan.sample, {"name": "sample"}),
        (scan.instrument, {"name": "instrument_name", "energy_dispersion": "energy_dispersion"}),
    ):
        for name, item in names.items():
            if text := facts.text(item):
                group[name] = Field(name, text)
    for item in ("photon_energy", "work_function", "pass_energy"):
        value = facts.number(item)
        if value is not None:
            scan.instrument[item] = Field(item, np.float64(value), (), facts.units(item))
    scheme = _SCHEMES.get(facts.text("field"))
    if scheme is not None:
        scan.instrument["collection"] = Field("collection", scheme)
    if kind := facts.text("energy_type"):
        scan.metadata["energy_type"] = Field("energy_type", kind)
    dwell = facts.number("dwell_time")
    factor = _SECONDS.get(facts.units("dwell_time") or "s")
    seconds = None if dwell is None or factor is None else float(dwell) * factor
    begun = facts.time("timestamp") or times.of_folder(os.path.basename(os.path.abspath(found.folder)))
    images = arranged.present() or [image for image in arranged.averaged if image is not None]
    span, problems = times.span(images, facts.instrument.times, begun, seconds, found.folder)
    scan.start_time, scan.end_time = span.start, span.end
    if span.source:
        scan.metadata["times_from"] = Field("times_from", span.source)
    scan.problems += problems


def _detectors(scan: Scan, facts: Facts, arranged: Arranged, tables: list[Table], found: Found) -> None:
    """Fill in axes, columns, the stacks of images and the plots of them."""
    listed = next((rows for table in tables for rows in (table.repeats.get(0), table.total) if rows), None)
    energy = axes.energy(facts, arranged.points, None if listed is None else axis(listed))
    if energy is not None:
        scan.columns[energy.name] = energy
        scan.axes[energy.name] = energy
    _table_columns(scan, tables, arranged, facts)
    raw = averaged = None
    mean: FrameArray | None = None
    what = "summed" if arranged.is_sum else "averaged"
    if arranged.raw:
        stack = ImageStack(arranged.raw, (arranged.points, arranged.repeats))
        raw = Field("data", stack, ("point", "repeat", "y", "x"))
        scan.detectors["raw"] = {"data": raw, "description": Field("description", "images as they were taken")}
        _mark(scan.detectors["raw"], arranged.raw, (arranged.points, arranged.repeats))
        dwell = facts.number("dwell_time")
        if dwell is not None:
            time = Field("count_time", np.float64(dwell), (), facts.units("dwell_time"))
            scan.detectors["raw"]["count_time"] = time
        if not arranged.averaged:
            one = arranged.repeats == 1
            mean = ImageStack(arranged.raw, (arranged.points,)) if one else AverageStack(stack)
            text = "derived: the only repeat" if one else "derived: average over the repeats, in double precision"
    if arranged.averaged:
        own = ImageStack(arranged.averaged, (arranged.points,))
        mean, text = own, f"images {what} over the repeats by the program of the instrument"
        if arranged.raw and facts.truth("background") is False:
            scan.problems += checks.averages(stack, own, arranged.is_sum, found.folder)
    if mean is not None:
        averaged = Field("data", mean, ("point", "y", "x"))
        scan.detectors[what] = {"data": averaged, "description": Field("description", text)}
        if arranged.averaged:
            _mark(scan.detectors[what], arranged.averaged, (arranged.points,))
    assert mean is not None
    y, x = axes.pixels(facts, (mean.frame_shape[0], mean.frame_shape[1])) or (None, None)
    if averaged is not None:
        scan.plots["data"] = Plot(averaged, (energy, y, x))
    if raw is not None:
        same = mean.frame_shape == stack.frame_shape
        scan.plots["raw"] = Plot(raw, (energy, None, y if same else None, x if same else None))


def _mark(items: dict[str, Field], images: list[Image | None], shape: tuple[int, ...]) -> None:
    """Mark the images that are missing, where there are any."""
    if None in images:
        mask = np.array([image is None for image in images], np.uint8).reshape(shape)
        items["frame_missing"] = Field("frame_missing", mask, ("point", "repeat")[: len(shape)])


def _table_columns(scan: Scan, tables: list[Table], arranged: Arranged, facts: Facts) -> None:
    """Fill in counters and analog inputs: those of the sum as columns, those of the repeats side by side."""
    names = facts.instrument.columns
    for table in tables:
        if len(table.total) == arranged.points:
            for name, values in columns(table.total, names, table.config).items():
                own = free_name(name, scan.columns)
                scan.columns[own] = Field(own, values, ("point",))
        parts = {repeat: columns(rows, names, table.config) for repeat, rows in sorted(table.repeats.items())}
        whole = [part for repeat, part in parts.items() if len(table.repeats[repeat]) == arranged.points]
        if whole and len(whole) == arranged.repeats:
            for name in names:
                if all(name in part for part in whole):
                    values = np.stack([part[name] for part in whole], axis=1)
                    scan.metadata[name] = Field(name, values, ("point", "repeat"))


def _texts(scan: Scan, configs: list[tuple[str, Config, Sections]]) -> None:
    """Keep all configurations word for word, and the parsed keys of the measurement's own."""
    told: set[str] = set()
    for kind, config, sections in configs:
        if config.path not in told:
            told.add(config.path)
            name = free_name(kind, scan.notes)
            scan.notes[name] = Field(name, config.text, (), None, os.path.basename(config.path))
        if kind == "experiment" and len(configs) > 1 and configs[0][0] != "experiment":
            continue
        for section, keys in sections.items():
            for key, entry in keys.items():
                name = f"{section}/{key}" if section else key
                if name not in scan.metadata:
                    scan.metadata[name] = Field(name, entry.value)


def _digest(configs: list[Config], images: list[Image]) -> tuple[str, int]:
    """Give what changes with the measurement: the digests of its configurations, name, size and time of each image."""
    digest = hashlib.sha256()
    for config in configs:
        digest.update(config.source.sha256.encode())
    for image in images:
        digest.update(f"{os.path.basename(image.path)}\0{image.size}\0{image.mtime_ns}\n".encode())
    size = sum(image.size for image in images) + sum(config.source.size for config in configs)
    return digest.hexdigest(), size
