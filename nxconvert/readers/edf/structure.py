"""What a header says about its data: shape, type, byte order, the sizes stated, and where the data are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nxconvert.numtext import parse_number
from nxconvert.readers.edf.blobs import METHODS
from nxconvert.readers.edf.datatypes import stored_type
from nxconvert.readers.edf.header import decode

#: by lower-case key
Values = Mapping[bytes, bytes]


class Kind(NamedTuple):
    """How the pixels of a frame lie: ``shape`` slowest axis first, ``stored`` type, ``dtype`` as they are given.

    ``stored`` is ``c16`` for quadruple numbers. ``compression``: a key of `blobs.METHODS`, empty for none.
    """

    shape: tuple[int, ...]
    stored: np.dtype[Any]
    dtype: np.dtype[Any]
    compression: str = ""

    @property
    def nbytes(self) -> int:
        """Uncompressed size of the pixels in the file, in bytes."""
        return math.prod(self.shape) * self.stored.itemsize

    @property
    def is_linkable(self) -> bool:
        """Whether HDF5 can take the pixels as they lie in the file."""
        return not self.compression and self.stored.kind != "c"


@dataclass(slots=True)
class Structure:
    """The structural keys of one header; ``kind`` is None where the header describes no image, ``refused`` says why.

    ``sizes``: sizes of the data in bytes that the header states, by key, most trusted first. ``odd``: what is not as
    it should be but can be read, as found and expected.
    """

    kind: Kind | None
    sizes: dict[str, int]
    header_size: int = 0
    boundary: int = 512
    images: int = 1
    general: bool = False
    external: str = ""
    external_position: int = 0
    refused: str = ""
    odd: list[tuple[str, str]] | None = None


def read_structure(values: Values) -> Structure:
    """Interpret the structural keys of a header, given by lower-case key, with what a general block says."""
    odd: list[tuple[str, str]] = []
    sizes = {
        key: size
        for key, name in (("EDF_BinarySize", b"edf_binarysize"), ("Size", b"size"))
        if (size := _integer(values, name)) is not None and size > 0
    }
    found = Structure(
        None,
        sizes,
        _integer(values, b"edf_headersize") or 0,
        _integer(values, b"edf_blockboundary") or 512,
        max(1, _integer(values, b"num_images") or 1),
        b"edf_dataformatversion" in values,
        decode(values.get(b"edf_binaryfilename", b"")),
        _integer(values, b"edf_binaryfileposition") or 0,
    )
    if found.external and (size := _integer(values, b"edf_binaryfilesize")):
        found.sizes = {"EDF_BinaryFileSize": size, **sizes}
    shape = _shape(values)
    if isinstance(shape, str):
        found.refused = shape
        return found
    if not shape or 0 in shape:
        found.refused = "the header describes no image (no Dim_1)" if not shape else "the image has no pixels"
        return found
    word = decode(values.get(b"compression", b"")).strip().lower()
    method = next((method for part, method in METHODS if part in word), None) if word else ""
    if method is None:
        found.refused = f"Compression = {word}: this compression is not known"
        return found
    pixels = math.prod(shape)
    each = tuple(size / pixels for size in found.sizes.values()) if not method else ()
    name, order = decode(values.get(b"datatype", b"")), decode(values.get(b"byteorder", b"")).lower()
    stored = stored_type(name, "high" in order, each)
    if stored is None:
        known = f"DataType = {name} is not known" if name.strip() else "there is no DataType, and Size does not tell it"
        found.refused = known
        return found
    if not name.strip():
        odd.append(("there is no DataType", f"{stored.name} is taken from the size of the data"))
    if stored.itemsize > 1 and "high" not in order and "low" not in order:
        said = f"ByteOrder = {order}" if order else "there is no ByteOrder"
        odd.append((said, "LowByteFirst is assumed"))
    dtype = np.dtype("<f8") if stored.kind == "c" else stored.newbyteorder("<")
    if stored.kind == "c":
        odd.append((f"DataType = {name}: numbers of 128 bits", "they are rounded to 64 bits"))
    found.kind = Kind(shape, stored, dtype, method)
    found.odd = odd or None
    return found


def _shape(values: Values) -> tuple[int, ...] | str:
    """Give the shape, slowest axis first; missing inner dimensions are 1; text where a number cannot be."""
    dims = {}
    for number in range(1, 10):
        text = values.get(b"dim_%d" % number)
        if text is None:
            continue
        value = parse_number(text)
        if value is None or not 0 <= value < 2**63 or value != int(value):
            return f"Dim_{number} = {decode(text)[:40]} is no size"
        dims[number] = int(value)
    if 1 not in dims:
        return ()
    return tuple(dims.get(number, 1) for number in range(max(dims), 0, -1))


def _integer(values: Values, key: bytes) -> int | None:
    text = values.get(key)
    number = None if text is None else parse_number(text)
    return int(number) if number is not None and 0 <= number < 2**63 else None
