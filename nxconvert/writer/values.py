"""How values become HDF5: types, spaces and memory buffers, made once and used for every dataset."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from h5py import h5s, h5t

from nxconvert.arrays import Array

#: The type of text in the file and in memory: UTF-8 of any length, null-terminated, what every viewer reads.
TEXT = h5t.C_S1.copy()
TEXT.set_size(h5t.VARIABLE)
TEXT.set_cset(h5t.CSET_UTF8)
TEXT.set_strpad(h5t.STR_NULLTERM)
TEXT_IN_MEMORY = h5t.py_create(h5py.string_dtype())
SCALAR = h5s.create(h5s.SCALAR)

_types: dict[str, Any] = {}
_spaces: dict[tuple[int, ...], Any] = {(): SCALAR}


def file_type(dtype: np.dtype[Any]) -> Any:
    """Give the HDF5 type for a number type: the same width and kind, little-endian."""
    key = dtype.str
    found = _types.get(key)
    if found is None:
        found = _types[key] = h5t.py_create(dtype.newbyteorder("<") if dtype.byteorder == ">" else dtype)
    return found


def space(shape: tuple[int, ...]) -> Any:
    """Give the data space of *shape*."""
    found = _spaces.get(shape)
    if found is None:
        if len(_spaces) > 4096:  # shapes of a hostile file must not fill the memory
            _spaces.clear()
            _spaces[()] = SCALAR
        found = _spaces[shape] = h5s.create_simple(shape)
    return found


def _storable(text: str) -> str:
    """Give text as HDF5 can hold it: NUL as U+2400, bytes of a file name that are no text as ``\\udce9``."""
    text = text.replace("\0", "\u2400")
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def text_array(value: str | list[str] | tuple[str, ...]) -> Array:
    """Give text as an object array of shape ``()`` or ``(n,)``."""
    if isinstance(value, str):
        return np.array(_storable(value), dtype=object)
    result = np.empty(len(value), dtype=object)
    whole = "".join(value)
    plain = whole.isascii() and "\0" not in whole
    result[:] = value if plain else [_storable(item) for item in value]
    return result


def number_array(value: Any) -> Array:
    """Give a number or an array of numbers as a C-contiguous little-endian array; int as int64 or uint64."""
    array: Array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"cannot store {array.dtype}")
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)


def is_text(value: Any) -> bool:
    """Tell whether *value* is text or a list of texts."""
    return isinstance(value, str) or (
        isinstance(value, (list, tuple)) and all(issubclass(kind, str) for kind in set(map(type, value)))
    )
