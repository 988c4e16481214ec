"""Columns for Athena and for Larch: energies in electron volts first, names on the line below the dashes.

::

    # scan: 1.1
    # title: ascan Emono 7 7.3 60 0.5
    # start_time: 2024-03-15T10:00:05+01:00
    # Element.symbol: Fe
    # ---------------------
    # energy I0 I1
    7080.0 100 90

Athena (Ifeffit) takes the line that follows the dashes for the names; Larch's ``read_ascii`` takes the last line of the
header for them, and ``key: value`` lines for attributes. Both want names that are variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from nxconvert.curves import X_UNITS, ascii_line, changed_texts, finite_count, finite_text, left_out, no_curve
from nxconvert.digits import number_text
from nxconvert.exporters.xas.columns import Columns, changes, find_columns, variable
from nxconvert.exporters.xas.facts import D_SPACING, EDGE, ELEMENT, find_facts
from nxconvert.registry import Exporter, Settings
from nxconvert.scan import Scan
from nxconvert.tabular import PRECISION, losses


def write(scan: Scan, stream: IO[str], settings: Settings) -> None:
    """Write the columns; WriteError where there is none, or the first one is no energy."""
    columns = _columns(scan, settings)
    finite_count(scan, columns.fields, columns.values)
    stream.writelines(f"# {name}: {ascii_line(text)}\n" for name, text in _facts(scan, settings) if text)
    stream.write(f"# {'-' * 40}\n# {' '.join(columns.labels)}\n")
    stream.writelines(finite_text(columns.values, " ", settings["precision"]))


def _columns(scan: Scan, settings: Settings) -> Columns:
    return find_columns(scan, settings, angles=False, label=variable)


def _facts(scan: Scan, settings: Settings) -> Iterator[tuple[str, str]]:
    facts = find_facts(scan, settings)
    yield "scan", scan.identifier
    yield "title", scan.title
    yield "start_time", scan.start_time.isoformat() if scan.start_time is not None else ""
    yield "Element.symbol", facts.element
    yield "Element.edge", facts.edge
    yield "Mono.d_spacing", number_text(facts.d_spacing) if facts.d_spacing is not None else ""


def describe_losses(scan: Scan, settings: Settings) -> list[str]:
    """Say what of a scan is not in the file, and what is changed."""
    columns = _columns(scan, settings)
    found = losses("athena", scan) + changes("athena", columns)
    found += changed_texts("athena", {"title": scan.title})
    return found + left_out("athena", scan, columns.fields, columns.values)


ATHENA = Exporter(
    name="athena",
    description="absorption spectra as columns for Athena and Larch, energies in eV",
    extensions=(".dat",),
    losses=describe_losses,
    write=write,
    settings=(PRECISION, X_UNITS, ELEMENT, EDGE, D_SPACING),
    skips=no_curve,
)
