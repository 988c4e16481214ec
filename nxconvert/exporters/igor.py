r"""Igor Pro text (.itx): a wave for each column, and one of two dimensions for the spectra of each detector.

::

    IGOR
    WAVES/D Emono I0
    BEGIN
    7.08 100
    END
    X Note Emono, "ascan Emono 7 7.3 60 0.5"
    X SetScale d, 0, 0, "keV", Emono

Whole numbers that a double does not hold are waves of 64-bit integers (Igor Pro 7). Rules: Igor Pro manual, "Igor Text
files"; a line that begins with X is a command, so what stands in quotes is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import IO

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.curves import blocks_of
from nxconvert.digits import matrix_lines
from nxconvert.errors import WriteError
from nxconvert.registry import Exporter, Settings
from nxconvert.scan import Field, Scan, free_name
from nxconvert.tabular import CELLS, PRECISION, listed, losses, table, table_text

#: characters of a name before Igor Pro 8
_LONGEST = 31
#: functions, variables and keywords of Igor that a column may be called like
_OWN = """
abs area beta cos cosh cot date datetime e else end enoise erf exp factorial floor gamma gnoise i imag inf j
ln limit log max mean min mod nan norm note p pi q r real root round s scale sign sin sinh sqrt sum t tan tanh
ticks time trunc var variance x y z zeta
"""
_TAKEN = frozenset(_OWN.split())
_EXACT = 2**53
#: characters of a note: command lines are 400 bytes long before Igor Pro 7
_NOTE = 150


def write(scan: Scan, stream: IO[str], settings: Settings) -> None:
    """Write the waves of a scan; WriteError where there is none."""
    columns, spectra = table(scan), _spectra(scan)
    if not columns and not spectra:
        raise WriteError.at(scan.place, "has no column with one number per point, and no spectra")
    names = _names([*columns, *spectra])
    stream.write("IGOR\n")
    form = settings["precision"]
    kinds = {name: _kind(value) for name, value in columns.items()}
    for kind, group in groupby(columns, key=kinds.__getitem__):
        own = list(group)
        stream.write(f"WAVES/{kind} {' '.join(names[name] for name in own)}\nBEGIN\n")
        stream.writelines(map(_words, table_text([columns[name] for name in own], " ", form)))
        stream.write("END\n")
    for name, field in spectra.items():
        value = field.value
        assert isinstance(value, (np.ndarray, LazyArray))
        shape = ",".join(map(str, value.shape))
        stream.write(f"WAVES/{_kind(value)}/N=({shape}) {names[name]}\nBEGIN\n")
        stream.writelines(_rows(value, form))
        stream.write("END\n")
    fields = {**{name: scan.columns[name] for name in columns}, **spectra}
    stream.write(f"X Note {next(iter(names.values()))}, {_quoted(scan.title)}\n")
    for name, field in fields.items():
        if field.units:
            stream.write(f"X SetScale d, 0, 0, {_quoted(field.units)}, {names[name]}\n")


def _rows(value: Array | LazyArray, form: str) -> Iterator[str]:
    """Give the rows of spectra as text, a bounded number at a time."""
    rows = max(1, CELLS // max(1, value.shape[-1]))
    for block in blocks_of(value):
        for begin in range(0, len(block), rows):
            part = block[begin : begin + rows].reshape(-1, block.shape[-1] if block.ndim > 1 else 1)
            yield _words(b"\n".join([*matrix_lines(part, b" ", form), b""]).decode())


def _spectra(scan: Scan) -> dict[str, Field]:
    """Give the spectra of detectors, by the names of these."""
    found: dict[str, Field] = {}
    for name, fields in scan.detectors.items():
        field = fields.get("data")
        columns = any(field is column for column in scan.columns.values())
        if field is not None and not columns and isinstance(field.value, (np.ndarray, LazyArray)):
            value = field.value
            if (
                value.ndim in (1, 2)
                and value.dtype.kind in "biuf"
                and value.dtype.itemsize <= 8
                and 0 not in value.shape
            ):
                found[free_name(name, scan.columns | found)] = field
    return found


def _kind(value: Array | LazyArray) -> str:
    """Give the flags of a wave: double precision, or 64-bit integers where a double does not hold all of them."""
    if value.dtype.kind not in "iu" or value.dtype.itemsize < 8:
        return "D"
    for block in blocks_of(value):
        if block.size and (int(block.max()) > _EXACT or int(block.min()) < -_EXACT):
            return "L/U" if value.dtype.kind == "u" else "L"
    return "D"


def _words(text: str) -> str:
    """Give rows with Igor's words for what is no number."""
    return text.replace("nan", "NaN").replace("inf", "Inf") if "n" in text else text


def _names(names: list[str]) -> dict[str, str]:
    """Give names of waves: letters, digits and '_', none twice without regard to case, and none that Igor has."""
    made: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "wave"
        if not plain[0].isalpha() or plain.lower() in _TAKEN or re.fullmatch(r"[kK]\d{1,2}|[vVsS]_\w+", plain):
            plain = f"w_{plain}"
        plain, number = plain[:_LONGEST], 1
        own = plain
        while own.lower() in taken:
            own = f"{plain[: _LONGEST - len(str(number)) - 1]}_{number}"
            number += 1
        taken.add(own.lower())
        made[name] = own
    return made


def _quoted(text: str) -> str:
    """Give a text of Igor's language in quotes."""
    return '"' + _plain(text)[:_NOTE].replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(text: str) -> str:
    return re.sub(r"[\0-\x1f\x7f]+", " ", text)


def describe_losses(scan: Scan, _settings: Settings) -> list[str]:
    """Say what of a scan is not in the waves, and which names are changed."""
    columns, spectra = table(scan), _spectra(scan)
    found = losses("igor", scan, ("units", "detectors"))
    held = {id(field) for field in (*scan.columns.values(), *spectra.values())}
    shown = {name for name, fields in scan.detectors.items() if id(fields.get("data")) in held}
    if others := [name for name in scan.detectors if name not in shown]:
        found.append(f"igor has no place for detectors without spectra: {listed(others)}")
    items = [
        f"{name}.{item}"
        for name in scan.detectors
        for item, field in scan.detectors[name].items()
        if name in shown and id(field) not in held
    ]
    if items:
        found.append(f"igor has no place for these of the detectors: {listed(items)}")
    names = _names([*columns, *spectra])
    if changed := [name for name, own in names.items() if name != own]:
        new = listed([names[name] for name in changed])
        found.append(
            f"igor has names of letters, digits and '_' that it does not use itself: {listed(changed)} become {new}"
        )
    if len(_plain(scan.title)) > _NOTE:
        found.append(f"igor has commands of limited length: the title is cut to {_NOTE} characters")
    return found


def _skips(scan: Scan, _settings: Settings) -> str:
    return "" if scan.columns or _spectra(scan) else "it has no columns and no spectra"


EXPORTER = Exporter(
    name="igor",
    description="the columns and spectra as waves of Igor Pro",
    extensions=(".itx",),
    losses=describe_losses,
    write=write,
    settings=(PRECISION,),
    skips=_skips,
)
