"""Spectra one by one, as PyMca saves them: a SPEC file of one scan with one ``@A`` block for each.

::

    #F x_1.1_mca_0_0003.mca
    #D Fri Mar 15 10:00:05 2024

    #S 1 ascan Emono 7 7.3 60 0.5
    #D Fri Mar 15 10:00:05 2024
    #C Emono = 7.08 keV                   the columns at the point of the spectrum
    #@MCA %16C
    #@CHANN 1024 0 1023 1
    #@CALIB 0 0.01 0
    #@CTIME 1 0.99 1
    @A 0 0 1 5 ...\\
     7 3 ...
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.digits import number_text
from nxconvert.exporters.spec.spectra import HELD, Detector, declared, detectors, spectrum_lines
from nxconvert.exporters.spec.words import one_line, plain_name
from nxconvert.registry import Exporter, OpenPart, Settings
from nxconvert.scan import Field, Scan
from nxconvert.tabular import PRECISION, feeds, listed, losses, numbers, table

#: columns that are read at one time
_POINTS = 1 << 10


def parts(scan: Scan, _settings: Settings) -> list[str]:
    """Name the files: the detector, and the point where it has a spectrum for each."""
    return [name for detector in detectors(scan) for name in _names(detector)]


def _names(detector: Detector) -> list[str]:
    """Give a name for each spectrum, the same for those that are left when a scan is cut."""
    only = detector.fields.get("data")
    if only is not None and only.dims[:1] == ("channel",) and detector.surplus is None:
        return [detector.name]
    counts = (value.shape[0] for value in (detector.data, detector.surplus) if value is not None)
    return [f"{detector.name}_{point:04d}" for point in range(sum(counts))]


def write_parts(scan: Scan, open_part: OpenPart, settings: Settings) -> None:
    """Write a file for each spectrum of each detector."""
    for detector in detectors(scan):
        points, times = _points(scan), _times(detector)
        for number, (name, spectrum) in enumerate(zip(_names(detector), _spectra(detector), strict=True)):
            with open_part(name) as stream:
                lines = [
                    *_head(scan, name),
                    *(next(points, [])),
                    *declared([_at(detector, times, number, len(spectrum))]),
                ]
                stream.writelines(f"{line}\n" for line in lines)
                (text,) = spectrum_lines(spectrum[np.newaxis], settings["precision"])
                if text is not None:
                    stream.write(text.decode() + "\n")


def _head(scan: Scan, name: str) -> list[str]:
    title = one_line(scan.title) or plain_name(name)
    date = [f"#D {scan.start_time.ctime()}"] if scan.start_time is not None else []
    return [f"#F {plain_name(name)}", *date, "", f"#S {scan.number} {title}", *date]


def _points(scan: Scan) -> Iterator[list[str]]:
    """Give the values of the columns at each point, a comment line for each."""
    columns = table(scan)
    names = [plain_name(name) for name in columns]
    units = [f" {plain_name(unit)}" if (unit := scan.columns[name].units) else "" for name in columns]
    total = next(iter(columns.values())).shape[0] if columns else 0
    sources = feeds(list(columns.values()))
    for begin in range(0, total, _POINTS):
        block = [source.take(min(_POINTS, total - begin)).tolist() for source in sources]
        for row in zip(*block, strict=True):
            said = zip(names, map(number_text, row), units, strict=True)
            yield [f"#C {name} = {text}{unit}" for name, text, unit in said]


def _spectra(detector: Detector) -> Iterator[Array]:
    for value in (detector.data, detector.surplus):
        if value is not None:
            for block in value.blocks() if isinstance(value, LazyArray) else [value]:
                yield from block


def _at(detector: Detector, times: dict[str, Array], number: int, channels: int) -> Detector:
    """Give the detector at one point: of the times for each point the one there."""
    fields = {item: field for item, field in detector.fields.items() if item not in times}
    for item, values in times.items():
        if number < len(values):
            fields[item] = Field(item, values[number])
    return Detector(detector.name, fields, np.empty((1, channels)), None)


def _times(detector: Detector) -> dict[str, Array]:
    """Give the counting times that differ from point to point."""
    found = {}
    for item, field in detector.fields.items():
        value = numbers(field)
        if item.endswith("_time") and value is not None:
            found[item] = np.concatenate(list(value.blocks())) if isinstance(value, LazyArray) else value
    return found


def describe_losses(scan: Scan, _settings: Settings) -> list[str]:
    """Say what of a scan is not in the files of its spectra."""
    found = detectors(scan)
    own = {detector.name for detector in found}
    rest = replace(scan, detectors={name: fields for name, fields in scan.detectors.items() if name not in own})
    columns = list(scan.columns.values())
    lost = [
        f"{detector.name}.{item}"
        for detector in found
        for item, field in detector.fields.items()
        if item not in HELD and not any(field is column for column in columns)
    ]
    return losses("mca", rest, ("units",)) + (
        [f"mca has no place for these of the detectors: {listed(lost)}"] if lost else []
    )


def _skips(scan: Scan, _settings: Settings) -> str:
    return "" if detectors(scan) else "it has no spectra"


EXPORTER = Exporter(
    name="mca",
    description="the spectra of detectors, a file for each, as PyMca has them",
    extensions=(".mca",),
    losses=describe_losses,
    parts=parts,
    write_parts=write_parts,
    settings=(PRECISION,),
    skips=_skips,
)
