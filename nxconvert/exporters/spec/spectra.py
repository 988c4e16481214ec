"""Spectra: what is declared of detectors (``#@`` lines), and ``@A`` lines of 16 values with continuation.

All spectra are ``@A``, those of one point in the order of the detectors: readers built on silx's library take the
digit of ``@A1`` for a count. A detector with a name of its own has it in ``#@DET_0``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.digits import matrix_lines, number_text
from nxconvert.exporters.spec.words import plain_name
from nxconvert.scan import Field, Scan

PER_LINE = 16
_BREAK = b"\\\n "
#: the items of a detector that have a place, in SPEC or as what they are made from
HELD = frozenset(
    {"data", "surplus", "channel", "channels", "energy", "calibration", "reduction", "description", "type"}
    | {"preset_time", "live_time", "real_time", "elapsed_time", "roi_name", "roi_first", "roi_last"}
)


@dataclass(slots=True)
class Detector:
    """A detector with its spectra, and those beyond the points of the scan; each (spectra, channels)."""

    name: str
    fields: dict[str, Field]
    data: Array | LazyArray | None
    surplus: Array | LazyArray | None

    @property
    def channels(self) -> int:
        """Channels of a spectrum."""
        value = self.data if self.data is not None else self.surplus
        return 0 if value is None else int(value.shape[1])


def detectors(scan: Scan) -> list[Detector]:
    """Give the detectors that have spectra."""
    made = []
    for name, fields in scan.detectors.items():
        data, surplus = (_spectra(fields.get(item)) for item in ("data", "surplus"))
        if data is not None or surplus is not None:
            made.append(Detector(name, fields, data, surplus))
    return made


def _spectra(field: Field | None) -> Array | LazyArray | None:
    if field is None or not isinstance(field.value, (np.ndarray, LazyArray)):
        return None
    value = field.value
    if value.dtype.kind not in "biuf" or value.dtype.itemsize > 8 or 0 in value.shape[-1:]:
        return None
    if value.ndim == 1 and field.dims[-1:] == ("channel",):
        return np.concatenate([*value.blocks()] if isinstance(value, LazyArray) else [value])[np.newaxis]
    return value if value.ndim == 2 and field.dims[-2:] != ("y", "x") else None


def declared(found: Sequence[Detector]) -> list[str]:
    """Give the ``#@`` lines of all detectors: each has its own, since programs pair them by their order."""
    lines = [f"#@MCA %{PER_LINE}C"] if found else []
    calibrated = [_numbers(detector.fields.get("calibration"), 2, 3) for detector in found]
    for index, (detector, calibration) in enumerate(zip(found, calibrated, strict=True)):
        if not _is_default(detector, index):
            lines.append(f"#@DET_{index} {plain_name(detector.name)}")
        first, last, step = channel_numbers(detector) or (0, detector.channels - 1, 1)
        lines.append(f"#@CHANN {detector.channels} {first} {last} {step}")
        if calibration:
            own = [*calibration, 0.0][:3]
            # where not all have one, its detector's number stands with it
            mark = "" if all(calibrated) else f" {index}"
            lines.append("#@CALIB " + " ".join(map(number_text, own)) + mark)
        times = [_constant(detector.fields.get(item)) for item in ("preset_time", "live_time", "real_time")]
        if any(time is not None for time in times):
            lines.append("#@CTIME " + " ".join(number_text(np.nan if time is None else time) for time in times))
        lines += [f"#@ROI {name} {begin} {end} {index}" for name, begin, end in _regions(detector)]
    return lines


def _is_default(detector: Detector, index: int) -> bool:
    description = detector.fields.get("description")
    return detector.name == f"mca_{index}" and (description is None or str(description.value).startswith("@"))


def channel_numbers(detector: Detector) -> tuple[int, int, int] | None:
    """Give first and last channel and the step, None where they are no such series of whole numbers."""
    field = detector.fields.get("channel")
    value = None if field is None else np.asarray(field.value)
    if value is None or value.shape != (detector.channels,) or value.dtype.kind not in "iu":
        return None
    numbers = [int(number) for number in value]
    step = numbers[1] - numbers[0] if len(numbers) > 1 else int(_constant(detector.fields.get("reduction")) or 1)
    if step < 1 or numbers != list(range(numbers[0], numbers[0] + step * len(numbers), step)):
        return None
    return numbers[0], numbers[-1], step


def _numbers(field: Field | None, least: int, most: int) -> list[float]:
    """Give the numbers of a short list, none where it has another length."""
    value = None if field is None or isinstance(field.value, LazyArray) else np.asarray(field.value)
    if value is None or value.ndim != 1 or not least <= len(value) <= most or value.dtype.kind not in "iuf":
        return []
    return [float(number) for number in value]


def _constant(field: Field | None) -> float | None:
    value = None if field is None or isinstance(field.value, LazyArray) else np.asarray(field.value)
    return float(value) if value is not None and value.ndim == 0 and value.dtype.kind in "iuf" else None


def _regions(detector: Detector) -> Iterator[tuple[str, int, int]]:
    values: list[Any] = []
    for item in ("roi_name", "roi_first", "roi_last"):
        field = detector.fields.get(item)
        if field is None or isinstance(field.value, (str, LazyArray)):
            return
        values.append(list(np.asarray(field.value).reshape(-1)))
    if len({len(value) for value in values}) == 1:
        for name, first, last in zip(*values, strict=True):
            yield plain_name(str(name)), int(first), int(last)


def unheld(scan: Scan) -> list[str]:
    """Name what the detectors have besides what SPEC has a place for."""
    found = {detector.name: detector for detector in detectors(scan)}
    missing = []
    columns = {id(field.value) for field in scan.columns.values()}
    for name, fields in scan.detectors.items():
        fields = {item: field for item, field in fields.items() if id(field.value) not in columns}
        if name not in found:
            missing += [name] if fields else []
            continue
        missing += [f"{name}.{item}" for item in fields if item not in HELD]
        for item in ("preset_time", "live_time", "real_time"):
            if item in fields and _constant(fields[item]) is None:
                missing.append(f"{name}.{item}")
        if "channel" in fields and channel_numbers(found[name]) is None:
            missing.append(f"{name}.channel")
        if "calibration" in fields and not _numbers(fields["calibration"], 2, 3):
            missing.append(f"{name}.calibration")
    return missing


def spectrum_lines(block: Array, form: str) -> list[bytes | None]:
    """Give the ``@A`` lines of some spectra; nan at the end of one is left out, None stands for one of nan alone.

    Readers fill up short spectra and missing ones with nan.
    """
    if block.dtype.kind == "f" and (missing := np.isnan(block)).any():
        lengths = block.shape[1] - np.argmin(missing[:, ::-1], axis=1)
        lengths[missing.all(axis=1)] = 0
        return [
            _lines(row[np.newaxis, :length], form)[0] if length else None
            for row, length in zip(block, lengths.tolist(), strict=True)
        ]
    return list(_lines(block, form))


def _lines(block: Array, form: str) -> list[bytes]:
    count, channels = block.shape
    whole = channels // PER_LINE
    lines: list[bytes] = matrix_lines(block[:, : whole * PER_LINE].reshape(-1, PER_LINE), b" ", form)
    rest = matrix_lines(block[:, whole * PER_LINE :], b" ", form) if channels % PER_LINE else None
    made = []
    for at in range(count):
        own = lines[at * whole : (at + 1) * whole]
        if rest is not None:
            own.append(rest[at])
        made.append(b"@A " + _BREAK.join(own))
    return made
