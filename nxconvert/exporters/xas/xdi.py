"""XDI 1.0, the XAS Data Interchange format: a spectrum that says what it is of.

::

    # XDI/1.0 nxconvert/0.1.0
    # Element.symbol: Fe
    # Element.edge: K
    # Mono.d_spacing: 3.1356
    # Column.1: energy eV
    # Column.2: i0
    # Scan.start_time: 2024-03-15T10:00:05+01:00
    # nxconvert.title: ascan Emono 7 7.3 60 0.5
    # ///
    # what people noted
    #----
    # energy i0
    7080.0 100

Rules: "XAS Data Interchange Format Draft Specification, version 1.0" and "Dictionary of XAS Data Interchange Metadata",
both in XraySpectroscopy/XAS-Data-Interchange. Element, edge and the lattice spacing are always written; where the data
do not say them they are asked for. Columns get the names of the dictionary only where they have them but for the case:
what is ``itrans`` the user knows (``--columns itrans=I1``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

import numpy as np

from nxconvert import units
from nxconvert.curves import X_UNITS, ascii_line, changed_texts, finite_count, finite_text, left_out, no_curve, scalar
from nxconvert.digits import number_text
from nxconvert.errors import Problem, WriteError
from nxconvert.exporters.xas.columns import Columns, changes, find_columns, word
from nxconvert.exporters.xas.facts import D_SPACING, EDGE, ELEMENT, Facts, find_facts, named
from nxconvert.registry import Exporter, Settings
from nxconvert.scan import Field, Scan
from nxconvert.tabular import PRECISION, listed, losses
from nxconvert.version import __version__

#: characters of a line that every program reads, and columns that the XDI library does
_LONGEST, _MOST = 2048, 64
_APPLICATION = "nxconvert"
#: items of the dictionary: where they stand in a scan, and the unit that they are written in
_ITEMS = (
    ("Facility.name", "instrument", ("machine.name", "source.name"), ""),
    ("Facility.energy", "instrument", ("machine.energy", "source.energy"), "GeV"),
    ("Facility.current", "instrument", ("machine.current", "source.current"), "mA"),
    ("Beamline.name", "instrument", ("name",), ""),
    ("Sample.name", "sample", ("name",), ""),
    ("Sample.prep", "sample", ("preparation", "description"), ""),
    ("Sample.stoichiometry", "sample", ("chemical_formula",), ""),
    ("Sample.temperature", "sample", ("temperature",), "K"),
)


def write(scan: Scan, stream: IO[str], settings: Settings) -> None:
    """Write a spectrum; WriteError, with all that is missing, where something is that the format demands."""
    columns, facts = _checked(scan, settings)
    finite_count(scan, columns.fields, columns.values)
    stream.write(f"# XDI/1.0 {_APPLICATION}/{__version__}\n")
    for name, text in _header(scan, columns, facts):
        stream.write(f"# {name}: {text}"[:_LONGEST].rstrip() + "\n")
    comments = [_comment(line) for line in _comments(scan)]
    if comments:
        stream.write("# ///\n" + "".join(f"# {line}".rstrip() + "\n" for line in comments))
    stream.write(f"#----\n# {' '.join(columns.labels)}\n")
    stream.writelines(finite_text(columns.values, " ", settings["precision"]))


def _checked(scan: Scan, settings: Settings) -> tuple[Columns, Facts]:
    """Give the columns and facts; WriteError with all that is missing."""
    facts = find_facts(scan, settings)
    problems: list[Problem] = []
    if facts.missing:
        hint = "; ".join(facts.missing.values())
        problems.append(Problem(scan.place, f"XDI needs {' and '.join(facts.missing)}", hint=hint, severity="lost"))
    try:
        columns = find_columns(scan, settings, angles=True, label=word)
    except WriteError as error:
        raise WriteError(*problems, *error.problems) from None
    if problems:
        raise WriteError(*problems)
    return columns, facts


def _header(scan: Scan, columns: Columns, facts: Facts) -> Iterator[tuple[str, str]]:
    yield "Element.symbol", facts.element
    yield "Element.edge", facts.edge
    if facts.d_spacing is not None:
        yield "Mono.d_spacing", number_text(facts.d_spacing)
    for number, (field, label) in enumerate(zip(columns.fields, columns.labels, strict=True), 1):
        unit = ("degrees" if columns.units == "degree" else columns.units) if number == 1 else _word_of(field.units)
        yield f"Column.{number}", f"{label} {unit}".rstrip()
    if scan.start_time is not None:
        yield "Scan.start_time", scan.start_time.isoformat()
    if scan.end_time is not None:
        yield "Scan.end_time", scan.end_time.isoformat()
    if (edge := _edge_energy(scan)) is not None:
        yield "Scan.edge_energy", f"{number_text(edge)} eV"
    if mono := _mono(scan):
        yield "Mono.name", mono
    for name, _, text in _items(scan):
        yield name, text
    yield f"{_APPLICATION}.scan", scan.identifier
    if title := ascii_line(scan.title):
        yield f"{_APPLICATION}.title", title
    for tag, name, field in _motors(scan):
        value = scalar(field)
        text = ascii_line(value) if isinstance(value, str) else number_text(value)
        yield f"{_APPLICATION}.{tag}", ascii_line(f"{name} {text} {field.units or ''}")


def _items(scan: Scan) -> Iterator[tuple[str, str, str]]:
    """Give what the dictionary has a name for: that name, the field's, and the text."""
    for name, space, sources, unit in _ITEMS:
        fields: dict[str, Field] = getattr(scan, space)
        for source in sources:
            if source in fields and (text := _item(fields[source], unit)):
                yield name, f"{space}.{source}", text
                break


def _item(field: Field, unit: str) -> str:
    value = scalar(field)
    if not unit:
        return ascii_line(value) if isinstance(value, str) else ""
    if isinstance(value, (str, bool)) or value is None or value != value or not field.units:  # noqa: PLR0124
        return ""
    source = units.spell(field.units, unit)
    return f"{number_text(units.convert(value, source, unit))} {unit}" if units.same_kind(source, unit) else ""


def _edge_energy(scan: Scan) -> float | None:
    for _, field in named(scan, "edge_energy"):
        value = scalar(field)
        if isinstance(value, (int, float)) and field.units and units.same_kind(field.units, "eV"):
            return float(f"{units.convert(float(value), field.units, 'eV'):.12g}")
    return None


def _mono(scan: Scan) -> str:
    """Give crystal and reflection such as ``Si 111``."""
    for name, field in named(scan, "type"):
        group = name.rpartition(".")[0]
        reflection = scan.instrument.get(f"{group}.reflection")
        if group.endswith("crystal") and isinstance(field.value, str):
            value = reflection.value if reflection is not None else None
            numbers = map(str, value.tolist()) if isinstance(value, np.ndarray) and value.ndim == 1 else ()
            return ascii_line(f"{field.value} {''.join(numbers)}")
    return ""


def _motors(scan: Scan) -> Iterator[tuple[str, str, Field]]:
    """Give the tag of each motor, which has letters, digits, '_' and '-', and its name."""
    taken: set[str] = set()
    for name, field in scan.positioners.items():
        if not isinstance(scalar(field), (int, float, str)):
            continue
        plain = "motor_" + (re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or "unnamed")
        own, number = plain, 1
        while own.lower() in taken:
            own, number = f"{plain}_{number}", number + 1
        taken.add(own.lower())
        yield own, "" if own == f"motor_{name}" else f"({name})", field


def _comments(scan: Scan) -> list[str]:
    """Give what people noted: comments, and notes that are no headers of another format."""
    found: list[str] = []
    comments = scan.metadata.get("comments")
    if comments is not None and isinstance(comments.value, (str, list)):
        found += comments.value.split("\n") if isinstance(comments.value, str) else map(str, comments.value)
    for name, field in scan.notes.items():
        if not name.endswith("header") and isinstance(field.value, str):
            found += field.value.split("\n")
    return found


def _comment(line: str) -> str:
    """Give a comment that ends no section: what begins like a separator gets a bar before it."""
    plain = re.sub(r"[\0-\x08\x0a-\x1f\x7f\x85\u2028\u2029]", " ", line).rstrip()[: _LONGEST - 4]
    return f"| {plain}" if re.match(r"\s*(-{3}|/{3})", plain) else plain


def _word_of(unit: str | None) -> str:
    return re.sub(r"\s+", "_", ascii_line(unit or ""))


def describe_losses(scan: Scan, settings: Settings) -> list[str]:
    """Say what of a scan is not in the file, and what is changed."""
    columns, _ = _checked(scan, settings)
    held = {source for _, source, _ in _items(scan)}
    rest = Scan(scan.number, scan.order, scan.index, scan.place, columns=scan.columns, detectors=scan.detectors)
    rest.user, rest.monitor = scan.user, scan.monitor
    rest.sample = {name: field for name, field in scan.sample.items() if f"sample.{name}" not in held}
    rest.instrument = {name: item for name, item in scan.instrument.items() if f"instrument.{name}" not in held}
    used = {"element", "edge", "edge_energy", "d_spacing", "comments"}
    rest.metadata = {name: item for name, item in scan.metadata.items() if name.rpartition(".")[2] not in used}
    rest.instrument = {
        name: item
        for name, item in rest.instrument.items()
        if name.rpartition(".")[2] not in used and not (_mono(scan) and name.endswith((".reflection", "crystal.type")))
    }
    rest.notes = {name: field for name, field in scan.notes.items() if name.endswith("header")}
    found = losses("xdi", rest, ("units",)) + changes("xdi", columns)
    if any(_comment(line) != line.rstrip() for line in _comments(scan)):
        found.append("xdi has no lines in comments that look like its own or are too long: they are changed")
    found += changed_texts("xdi", {"title": scan.title})
    if len(columns.labels) > _MOST or len(" ".join(columns.labels)) > _LONGEST:
        found.append(f"the XDI library reads {_MOST} columns and lines of {_LONGEST} characters, there are more")
    if lost := [name for name, field in scan.positioners.items() if not isinstance(scalar(field), (int, float, str))]:
        found.append(f"xdi has no place for positioners: {listed(lost)}")
    return found + left_out("xdi", scan, columns.fields, columns.values)


XDI = Exporter(
    name="xdi",
    description="absorption spectra as XDI 1.0, energies in eV",
    extensions=(".xdi",),
    losses=describe_losses,
    write=write,
    settings=(PRECISION, X_UNITS, ELEMENT, EDGE, D_SPACING),
    skips=no_curve,
)
