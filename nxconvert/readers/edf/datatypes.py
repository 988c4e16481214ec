"""What the names of data types and byte orders in EDF headers mean, as all known writers use them."""

from __future__ import annotations

from typing import Any

import numpy as np

#: by lower-case name; ``long`` is 4 or 8 bytes, which only the size of the data tells
_NAMES = {
    "i1": ("signedbyte", "signed8", "signedcharacter", "signedchar"),
    "u1": ("unsignedbyte", "unsigned8", "unsignedcharacter", "unsignedchar", "byte"),
    "i2": ("signedshort", "signed16", "short", "shortinteger", "signedshortinteger"),
    "u2": ("unsignedshort", "unsigned16", "unsignedshortinteger"),
    "i4": ("signedinteger", "signed32", "integer", "signedint", "int"),
    "u4": ("unsignedinteger", "unsigned32", "unsignedint"),
    "i8": ("signed64", "signedlonglong", "longlong"),
    "u8": ("unsigned64", "unsignedlonglong"),
    "il": ("signedlong", "long", "longinteger", "signedlonginteger"),
    "ul": ("unsignedlong", "unsignedlonginteger"),
    "f4": ("floatvalue", "float", "floatieee32", "float32", "real", "realvalue", "single"),
    "f8": ("double", "doublevalue", "floatieee64", "doubleieee64", "float64"),
    "c16": ("floatieee128", "doubleieee128", "quadruplevalue", "quadruple", "float128"),
}
_TYPES = {name: code for code, names in _NAMES.items() for name in names}

#: types that a file without the key may have, by bytes per pixel; 4 bytes may be an integer or a float
_UNSTATED: dict[float, str] = {1: "u1", 2: "u2"}


def stored_type(name: str, high_first: bool, pixel_bytes: tuple[float, ...]) -> np.dtype[Any] | None:
    """Give the type of the pixels as they lie in the file, ``c16`` for quadruple numbers, None where unknown.

    *pixel_bytes*: bytes per pixel by the sizes that the header states, most trusted first. They decide what ``Long``
    is (4 bytes unless they say 8), and what the type is where the name is empty.
    """
    key = name.strip().lower()
    if not key:
        code = next((_UNSTATED[size] for size in pixel_bytes if size in _UNSTATED), "")
    else:
        code = _TYPES.get(key, "")
    if code in ("il", "ul"):
        code = code[0] + ("8" if next((size for size in pixel_bytes if size in (4, 8)), 4) == 8 else "4")
    if not code:
        return None
    return np.dtype((">" if high_first else "<") + code)
