"""Values as programs have them, turned into what the scan model holds: nothing is guessed, narrowed or stripped."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from nxconvert import units
from nxconvert.arrays import Array

#: What can be given, in words.
EXPECTED = "a number, text, a bool, a time, or a list or an array of numbers, texts or bools"


def value(given: Any) -> tuple[Any, str | None]:
    """Give a value as the scan model holds it, and the units that a quantity of pint brings with it.

    TypeError or ValueError, saying what was given, for what cannot be taken without a change.
    """
    if hasattr(given, "magnitude") and hasattr(given, "units"):
        number, own = units.of_quantity(given)
        return _plain(number), own
    return _plain(given), None


def _plain(given: Any) -> Any:
    if isinstance(given, bytes):
        return _text(given)
    if isinstance(given, datetime) and str(given) == "NaT":  # that of pandas calls itself a datetime
        raise ValueError("a time that is none (NaT)")
    if isinstance(given, (str, bool, float, datetime)):
        return given
    if isinstance(given, int):
        if not -(2**63) <= given < 2**64:
            raise ValueError("a number of more than 64 bits")
        return int(given)
    if isinstance(given, np.datetime64):
        if np.isnat(given):
            raise ValueError("a time that is none (NaT)")
        return given.astype("datetime64[us]").item()
    if isinstance(given, np.ma.MaskedArray) and (masked := int(np.sum(given.mask))):
        raise ValueError(f"a masked array, {masked} of its values masked: fill them first")
    return _array(given)


def _array(given: Any) -> Any:
    try:
        array = np.asarray(given)
    except ValueError:
        raise ValueError("lists of unequal length") from None
    listed = isinstance(given, (list, tuple))
    if array.dtype.kind in "US":
        if array.ndim > 1:
            raise ValueError(f"text of {array.ndim} dimensions")
        if listed and not all(isinstance(item, (str, bytes)) for item in given):
            raise TypeError("a list of texts and other things")
        found = array.tolist()
        return [_text(item) for item in found] if isinstance(found, list) else _text(found)
    if array.dtype.kind not in "biuf":
        kind = type(given).__name__
        raise TypeError(
            f"an array of type {array.dtype}" if isinstance(given, np.ndarray) else f"a value of type {kind}"
        )
    if array.dtype.itemsize > 8:
        raise TypeError(f"numbers of type {array.dtype}")
    if listed and array.dtype.kind == "f":
        array = _exact(given, array)
    return array[()].item() if array.ndim == 0 and array.dtype.kind == "b" else array[()]


def _exact(given: Any, array: Array) -> Array:
    """Give a list as numbers, whole ones beyond 63 bits as uint64; ValueError where a number would change."""
    numbers = np.asarray(given, dtype=object).reshape(-1).tolist()
    whole = [number for number in numbers if isinstance(number, (int, np.integer))]
    if whole and len(whole) == len(numbers) and min(whole) >= 0:
        return np.asarray(given, dtype=np.uint64)
    if all(int(float(number)) == number for number in whole):
        return array
    raise ValueError("a list of numbers that no one type holds")


def _text(given: str | bytes) -> str:
    if isinstance(given, str):
        return given
    try:
        return given.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("bytes that are no UTF-8 text") from None
