"""Images as EDF (ESRF data format) through fabio: a file for each detector, its frames one behind the other.

The header of each frame has what beamline programs look for: title, scan number, ``motor_mne``/``motor_pos`` (where the
motors stood at the start), and ``counter_mne``/``counter_pos`` (the values of the columns at the frame's point).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from nxconvert.arrays import Array, FrameArray, LazyArray
from nxconvert.digits import number_text
from nxconvert.errors import WriteError
from nxconvert.registry import Exporter, OpenPart, Settings
from nxconvert.scan import Field, Scan
from nxconvert.tabular import aligned, images, listed, losses, table, without_images


def parts(scan: Scan, _settings: Settings) -> list[str]:
    """Name the files: the detectors, or columns, that have images."""
    return list(images(scan))


def edf_losses(scan: Scan, _settings: Settings) -> list[str]:
    """Say what EDF has no place for."""
    found = losses("edf", without_images(scan), ("positioners", "detectors"))
    others = [name for name in scan.detectors if name not in images(scan)]
    return found + ([f"edf has no place for detectors: {listed(others)}"] if others else [])


def write_parts(scan: Scan, open_part: OpenPart, _settings: Settings) -> None:
    """Write the frames of every detector; WriteError for numbers that EDF does not have."""
    from fabio.edfimage import EdfFrame

    class Numbered(EdfFrame):  # type: ignore[misc]
        """A frame that is told its number: an EdfImage, which numbers frames, would hold all of them at once."""

        index = 0

    for name, field in images(scan).items():
        dtype = field.value.dtype  # type: ignore[union-attr]
        if dtype.kind not in "biuf" or dtype.itemsize > 8:
            raise WriteError.at(scan.place, f"EDF has no frames of {dtype}, which '{name}' has")
        with open_part(name) as stream:
            headers = _headers(scan, field)
            for number, frame in enumerate(_frames(field)):
                made = Numbered(_plain(frame), next(headers))
                made.index = number
                stream.write(made.get_edf_block())


def _frames(field: Field) -> Iterator[Array]:
    """Give the frames one by one, in the order of the outer axes."""
    value = field.value
    assert isinstance(value, (np.ndarray, LazyArray))
    if isinstance(value, FrameArray) and len(value.frame_shape) == 2:
        for index in range(value.frames):
            frame = value.frame(index)
            yield np.full(value.frame_shape, value.fill_value, value.dtype) if frame is None else frame
        return
    if value.ndim == 2:
        yield np.concatenate(list(value.blocks())) if isinstance(value, LazyArray) else value
        return
    for block in value.blocks() if isinstance(value, LazyArray) else [value]:
        yield from block.reshape(-1, *value.shape[-2:])


def _plain(frame: Array) -> Array:
    """Give a frame in this machine's byte order, of a type that EDF has."""
    dtype = np.dtype(np.uint8 if frame.dtype.kind == "b" else np.float32 if frame.dtype == np.float16 else frame.dtype)
    return np.ascontiguousarray(frame, dtype.newbyteorder("="))


def _headers(scan: Scan, field: Field) -> Iterator[dict[str, str]]:
    """Give the header of each frame: the same for all but for the values of the columns."""
    same = {"title": scan.title, "scan_no": str(scan.number)}
    if scan.start_time is not None:
        same["time_of_day"] = scan.start_time.isoformat()
    motors = {name: item.value for name, item in scan.positioners.items() if isinstance(item.value, (int, float))}
    if motors:
        same["motor_mne"] = " ".join(map(_word, motors))
        same["motor_pos"] = " ".join(map(number_text, motors.values()))
    same = {key: _value(text) for key, text in same.items()}
    columns = table(scan)
    shape = field.value.shape  # type: ignore[union-attr]
    if columns and len(shape) == 3 and field.dims[:1] == ("point",) and _points(columns) == shape[0]:
        names = " ".join(map(_word, columns))
        for block in aligned(list(columns.values()), 1 << 10):
            for row in zip(*(column.tolist() for column in block), strict=True):
                yield same | {"counter_mne": _value(names), "counter_pos": " ".join(map(number_text, row))}
    while True:
        yield dict(same)


def _points(columns: dict[str, Array | LazyArray]) -> int:
    lengths = {value.shape[0] for value in columns.values()}
    return lengths.pop() if len(lengths) == 1 else -1


def _word(name: str) -> str:
    return re.sub(r"\s+", "_", name.strip()) or "unnamed"


def _value(text: str) -> str:
    """Give a text that ends no line and no header."""
    return re.sub(r"[\0-\x1f;{}]", " ", text).encode("ascii", "replace").decode()


def _skips(scan: Scan, _settings: Settings) -> str:
    return "" if images(scan) else "it has no images"


EXPORTER = Exporter(
    name="edf",
    description="the images of a detector in one file, also beside another format with --images edf",
    extensions=(".edf",),
    losses=edf_losses,
    parts=parts,
    write_parts=write_parts,
    binary=True,
    frames=True,
    skips=_skips,
)
