"""The header of a triple-axis file: the wrapper, texts, and pairs of names and values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.digits import number_text
from nxconvert.exporters.ill_tas.rows import column_names
from nxconvert.scan import Field, Scan
from nxconvert.tabular import table
from nxconvert.triple_axis import CELL, PAIRS

#: one of a pair: ``=`` and commas would end it, and of text a reader would make a number
_VALUE = re.compile(r"(?!(?i:nan|inf|infinity)$)[A-Za-z][^,=\x00-\x1f]*(?<!\s)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: metadata, or what is said of the user, by the key of the line that holds it
TEXTS = {
    "EXPNO": ("experiment_identifier", "proposal"),
    "LOCAL": ("local_contact",),
    "FILE_": ("file_name",),
    "TYPE_": ("instrument_mode",),
}


def header(scan: Scan) -> Iterator[str]:
    """Give the lines before ``DATA_:``, without their ends; free text stands on one line each."""
    instrument, user = (_line(_text(fields, "name")) for fields in (scan.instrument, scan.user))
    date = date_text(scan.start_time) if scan.start_time is not None else _line(_text(scan.metadata, "date"))
    yield "R" * 80
    yield f"{scan.number:8d}{1:8d}{0:8d}"
    yield "ILL TAS data in the new ASCII format follow after the line VV...V"
    yield "A" * 80
    yield f"{80:8d}{0:8d}"
    yield f"{instrument[:6]:<6}{user[:12]:<12}{date}"
    yield "V" * 80
    texts = {
        key: next((text for at in (scan.metadata, scan.user) for name in names if (text := _line(_text(at, name)))), "")
        for key, names in TEXTS.items()
    }
    yield from (
        f"INSTR: {instrument}",
        f"EXPNO: {texts['EXPNO']}",
        f"USER_: {user}",
        f"LOCAL: {texts['LOCAL']}",
        f"FILE_: {texts['FILE_'] or f'{scan.number:06d}'}",
        f"DATE_: {date}",
        f"TITLE: {_line(scan.title)}",
        f"COMND: {_line(scan.command)}",
    )
    if texts["TYPE_"]:
        yield f"TYPE_: {texts['TYPE_']}"
    for name, field in scan.metadata.items():
        if is_key(name, field.value):
            yield f"{name:_<5}: {_line(str(field.value))}"
    for key in PAIRS:
        yield from _pair_lines(key, _pairs(scan, key))
    script = scan.metadata.get("POLAN")
    if script is not None and isinstance(script.value, list):
        yield from (f"POLAN: {_line(text)}" for text in script.value)
    yield "FORMT:"


def _pairs(scan: Scan, key: str) -> list[str]:
    """Give the pairs of a key as text: those of the header that was read, else what the scan has instead."""
    if key == "VARIA":
        found = [pair(name, field.value) for name, field in scan.positioners.items()]
    else:
        names = {name: name[len(key) + 1 :] for name in scan.metadata if name.startswith(f"{key}_")}
        found = [pair(own, scan.metadata[name].value) for name, own in names.items()]
    pairs = [text for text in found if text is not None]
    if key == "STEPS" and not pairs:
        pairs = _steps(scan)
    if key == "PARAM" and not pairs:
        pairs = _parameters(scan)
    return pairs


def _steps(scan: Scan) -> list[str]:
    """Give the mean step of each scanned axis that has one; several readers find the axes by it."""
    found = []
    names = column_names(scan)
    for name, field in scan.axes.items():
        value = table(scan).get(name)
        if value is None or value.shape[0] < 2:
            continue
        first, last = _ends(value)
        with np.errstate(all="ignore"):
            step = (last - first) / (value.shape[0] - 1)
        if np.isfinite(step) and step:
            found.append(pair(names.get(name, field.name), step))
    return [text for text in found if text is not None]


def _ends(value: Array | LazyArray) -> tuple[Any, Any]:
    first = last = np.float64(np.nan)
    started = False
    for block in value.blocks() if isinstance(value, LazyArray) else [value]:
        if len(block):
            first, last = (first if started else np.float64(block[0])), np.float64(block[-1])
            started = True
    return first, last


def _parameters(scan: Scan) -> list[str]:
    """Give the cell and the preset of a scan whose source was no triple-axis file."""
    found: list[str | None] = []
    lengths, angles = (scan.sample.get(f"unit_cell_{name}") for name in ("abc", "alphabetagamma"))
    if lengths is not None and angles is not None:
        cell = [value for field in (lengths, angles) for value in np.asarray(field.value, np.float64).ravel()]
        if len(cell) == len(CELL):
            found += [pair(name, value) for name, value in zip(CELL, cell, strict=True)]
    mode, preset = _text(scan.monitor, "mode"), scan.monitor.get("preset")
    if preset is not None and mode in ("monitor", "timer"):
        found.append(pair("MN" if mode == "monitor" else "TI", preset.value))
    return [text for text in found if text is not None]


def pair(name: str, value: Any) -> str | None:
    """Give ``NAME    = value``, None where the format has no place for it."""
    if not re.fullmatch(r"[^\s,=\x00-\x1f]+", name):
        return None
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        # where the instruments' programs have no number there are stars
        return f"{name:<8}= {'*' * 10 if np.isnan(value) else number_text(value)}"  # type: ignore[arg-type]
    if isinstance(value, str) and _VALUE.fullmatch(value):
        return f"{name:<8}= {value}"
    return None


def _pair_lines(key: str, pairs: list[str]) -> Iterator[str]:
    for at in range(0, len(pairs), 4):
        yield f"{key}: {', '.join(pairs[at : at + 4])}"


def _text(fields: dict[str, Field], name: str) -> str:
    field = fields.get(name)
    return field.value if field is not None and isinstance(field.value, str) else ""


def _line(text: str) -> str:
    """Give text without line ends and other control bytes."""
    return re.sub(r"[\x00-\x1f\x85\u2028\u2029]+", " ", text).strip()


def date_text(time: Any) -> str:
    """Give ``31-Oct-10 11:07:23``; four digits of a year that two would not tell."""
    year = f"{time.year % 100:02d}" if 1970 <= time.year < 2070 else f"{time.year:04d}"
    return f"{time.day:02d}-{_MONTHS[time.month - 1]}-{year} {time:%H:%M:%S}"


def is_key(name: str, value: Any) -> bool:
    """Tell whether metadata can be a header line of its own, as they are where a file has keys that are not known."""
    return bool(re.fullmatch(r"[A-Z][A-Z0-9]{1,4}", name)) and name != "FORMT" and isinstance(value, str)
