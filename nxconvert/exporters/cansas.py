"""Small-angle scattering as canSAS1D XML 1.1: a SASroot with one SASentry, its elements in the order of the schema.

What there is of the sample and the instrument comes with it. The schema (``cansas1d.xsd``, version 1.1) demands an ID
of the sample, a name of the instrument, a collimation and a detector: these are empty where nothing is known. It
demands the kind of radiation too, which is no matter of form and is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

from nxconvert import units
from nxconvert.arrays import Array, LazyArray
from nxconvert.curves import (
    SIGMA,
    X_UNITS,
    Curve,
    Y,
    curve_losses,
    deviations_of,
    find_curve,
    finite_blocks,
    finite_count,
    in_units,
    left_out,
    no_curve,
    scalar,
)
from nxconvert.digits import column_lines, number_text
from nxconvert.errors import Problem, WriteError
from nxconvert.registry import Exporter, Setting, Settings
from nxconvert.scan import Field, Scan
from nxconvert.tabular import PRECISION, listed, numbers

RADIATION = Setting(
    "radiation", "Kind of radiation, where the file does not say it: neutron, x-ray ...", "", metavar="KIND"
)
#: how canSAS spells units that others spell otherwise
_UNITS = {"1/angstrom": "1/A", "angstrom": "A", "": "none"}
#: what XML has no characters for
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<SASroot version="1.1" xmlns="urn:cansas1d:1.1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="urn:cansas1d:1.1 http://www.cansas.org/formats/1.1/cansas1d.xsd">
"""
#: what the sample has a place for, in its order; a fraction has no unit
_SAMPLE = ("thickness", "transmission", "temperature")
_PURE = ("transmission", "Shadowfactor")


def _columns(scan: Scan, settings: Settings) -> tuple[Curve, list[tuple[str, str]], list[Field], list[Any]]:
    """Give the curve, the elements and units of a point, and the fields and values that stand in them.

    WriteError, with all that is missing, where there is no curve, q has no unit, or the radiation is not known.
    """
    problems: list[Problem] = []
    if not _radiation(scan, settings):
        found = "cansas1d needs the kind of radiation"
        problems.append(Problem(scan.place, found, hint="--radiation neutron, --radiation x-ray", severity="lost"))
    try:
        curve = find_curve("cansas1d", scan, settings, "1/angstrom")
    except WriteError as error:
        raise WriteError(*problems, *error.problems) from None
    if problems:
        raise WriteError(*problems)
    source = units.spell(curve.x.units or "", "1/angstrom")
    target = source if source in ("1/angstrom", "1/nm") else "1/angstrom"
    wanted: list[tuple[str, Field | None]] = [("Q", curve.x), ("I", curve.y), ("Idev", curve.sigma)]
    resolution = deviations_of(curve.x, curve.others)
    if resolution is not None:
        wanted.append(("Qdev", resolution))
    else:
        wanted += [(name, curve.others.get(name)) for name in ("dQw", "dQl")]
    wanted += [(name, curve.others.get(name)) for name in ("Qmean", "Shadowfactor")]
    elements, fields, values = [], [], []
    for name, field in wanted:
        if field is None or (value := numbers(field)) is None:
            continue
        own: Array | LazyArray = value
        unit = field.units or ("" if name == "I" else curve.y.units or "" if name == "Idev" else curve.x.units or "")
        if name not in ("I", "Idev", "Shadowfactor"):
            own, unit = in_units(scan, Field(field.name, value, field.dims, unit or None), target), target
        elements.append((name, "" if name in _PURE else _unit(unit or "a.u.")))
        fields.append(field)
        values.append(own)
    return curve, elements, fields, values


def write(scan: Scan, stream: IO[str], settings: Settings) -> None:
    """Write an entry; WriteError where there is no curve, q has no unit, or the radiation is not known."""
    _, elements, fields, values = _columns(scan, settings)
    finite_count(scan, fields, values)
    stream.write(_HEAD)
    stream.write(f' <SASentry name="{scan.identifier}">\n')
    stream.write(_element(2, "Title", scan.title) + _element(2, "Run", scan.identifier))
    time = f' timestamp="{scan.start_time.isoformat()}"' if scan.start_time is not None else ""
    stream.write(f"  <SASdata{time}>\n")
    pieces = [(f"<{name}{_unit_attribute(unit) if unit else ''}>", f"</{name}>") for name, unit in elements]
    line = "   <Idata>" + "".join(f"{begin.replace('%', '%%')}%s{end}" for begin, end in pieces) + "</Idata>\n"
    for block in finite_blocks(values):
        for row in column_lines(block, b" ", settings["precision"]):
            stream.write(line % tuple(row.decode().split(" ")))
    stream.write("  </SASdata>\n")
    stream.writelines(_sample(scan))
    stream.writelines(_instrument(scan, _radiation(scan, settings)))
    notes = [text for text in (scan.command, *_comments(scan)) if text]
    stream.write("".join(_element(2, "SASnote", text) for text in notes) or "  <SASnote/>\n")
    stream.write(" </SASentry>\n</SASroot>\n")


def _sample(scan: Scan) -> Iterator[str]:
    yield "  <SASsample>\n"
    yield _element(3, "ID", _text(scan.sample.get("name")))
    for name in _SAMPLE:
        yield _number(3, name, scan.sample.get(name))
    description = _text(scan.sample.get("description"))
    yield _element(3, "details", description) if description else ""
    yield "  </SASsample>\n"


def _instrument(scan: Scan, radiation: str) -> Iterator[str]:
    yield "  <SASinstrument>\n"
    yield _element(3, "name", _text(scan.instrument.get("name")))
    yield "   <SASsource>\n"
    yield _element(4, "radiation", radiation)
    yield _number(4, "wavelength", scan.instrument.get("wavelength"))
    yield "   </SASsource>\n   <SAScollimation/>\n"
    for name, fields in scan.detectors.items() or [("", {})]:
        yield "   <SASdetector>\n" + _element(4, "name", name)
        yield _number(4, "SDD", fields.get("distance"))
        yield "   </SASdetector>\n"
    yield "  </SASinstrument>\n"


def _number(depth: int, name: str, field: Field | None) -> str:
    """Give an element of one number with its unit; nothing where one of them is not known."""
    if not _has_place(name, field):
        return ""
    assert field is not None
    value, unit = scalar(field), "" if name in _PURE else _unit_attribute(_unit(field.units or ""))
    return f"{' ' * depth}<{name}{unit}>{_xml_number(value)}</{name}>\n"


def _has_place(name: str, field: Field | None) -> bool:
    value = scalar(field)
    if field is None or isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return name in _PURE or bool(field.units)


def _xml_number(value: float) -> str:
    return {"nan": "NaN", "inf": "INF", "-inf": "-INF"}.get(text := number_text(value), text)


def _radiation(scan: Scan, settings: Settings) -> str:
    """Give the kind of radiation: the option, what the file says, or what follows from the kind of source."""
    if settings["radiation"]:
        return str(settings["radiation"])
    for name, field in scan.instrument.items():
        if name.rpartition(".")[2] in ("probe", "radiation") and (text := _text(field)):
            return text
    for name, field in scan.instrument.items():
        if name.rpartition(".")[2] == "type":
            kind = _text(field).lower()
            if "neutron" in kind:
                return "neutron"
            if "x-ray" in kind or "synchrotron" in kind:
                return "x-ray"
    return ""


def _comments(scan: Scan) -> list[str]:
    """Give what people noted."""
    field = scan.metadata.get("comments")
    return [] if field is None else field.value if isinstance(field.value, list) else [str(field.value)]


def _text(field: Field | None) -> str:
    value = scalar(field)
    return value if isinstance(value, str) else ""


def _unit(text: str) -> str:
    spelled = units.spell(text)
    return _UNITS.get(spelled, spelled)


def _unit_attribute(unit: str) -> str:
    from xml.sax.saxutils import quoteattr  # it brings in all that a browser needs: 20 ms

    return f" unit={quoteattr(_FORBIDDEN.sub(' ', unit))}"


def _element(depth: int, name: str, text: str) -> str:
    from xml.sax.saxutils import escape

    return f"{' ' * depth}<{name}>{escape(_FORBIDDEN.sub(' ', text))}</{name}>\n"


def describe_losses(scan: Scan, settings: Settings) -> list[str]:
    """Say what of a scan is not in the file, and what stands empty."""
    curve, elements, fields, values = _columns(scan, settings)
    target = "1/nm" if elements[0][1] == "1/nm" else "1/angstrom"
    found = curve_losses("cansas1d", scan, curve, fields, ("units", "sample", "instrument", "detectors"), target)
    sample = [name for name in scan.sample if name not in ("name", "description", *_SAMPLE)]
    sample += [name for name in _SAMPLE if name in scan.sample and not _has_place(name, scan.sample[name])]
    if sample:
        found.append(f"cansas1d has no place for sample: {listed(sample)}")
    held = ("name", "wavelength", "source.probe", "source.type")
    if instrument := [name for name in scan.instrument if name not in held]:
        found.append(f"cansas1d has no place for instrument: {listed(instrument)}")
    if scan.detectors:
        found.append(f"cansas1d has name and distance of detectors, and no more: {listed(list(scan.detectors))}")
    if not curve.y.units:
        found.append(f"the unit of '{curve.name}' is not known, 'a.u.' stands for it")
    texts = {"title": scan.title, "command": scan.command, "sample.name": _text(scan.sample.get("name"))}
    if changed := [name for name, text in texts.items() if _FORBIDDEN.search(text)]:
        found.append(f"XML has no control characters, so blanks stand for them: {listed(changed)}")
    if not _text(scan.sample.get("name")):
        found.append("the sample has no name, its ID is empty")
    return found + left_out("cansas1d", scan, fields, values)


EXPORTER = Exporter(
    name="cansas1d",
    description="small-angle scattering as canSAS1D XML 1.1",
    extensions=(".xml",),
    losses=describe_losses,
    write=write,
    settings=(PRECISION, X_UNITS, Y, SIGMA, RADIATION),
    skips=no_curve,
)
