"""Where the detector stood and what it is: the keywords of SAXS (SPD), pyFAI, SPEC and Lima as items of NXdetector."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from nxconvert.arrays import Array
from nxconvert.readers.edf.gather import Values
from nxconvert.readers.edf.header import decode
from nxconvert.scan import Field, Value

#: item: keys by lower case, the first that is there counts, with the unit that their definition states (None: none)
_NUMBERS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "x_pixel_size": (("psize_1", "m"), ("pixelsize2", "m"), ("pixel_size_x", None)),
    "y_pixel_size": (("psize_2", "m"), ("pixelsize1", "m"), ("pixel_size_y", None)),
    "distance": (("sampledistance", "m"), ("distance", "m"), ("d_sample_det", None)),
    "count_time": (("exposuretime", "s"), ("count_time", "s"), ("acq_expo_time", "s")),
    "binning_x": (("bsize_1", ""),),
    "binning_y": (("bsize_2", ""),),
    "raster_orientation": (("rasterorientation", ""),),
    "dummy": (("dummy", None),),
    "ddummy": (("ddummy", None),),
}
_TEXTS: dict[str, tuple[str, ...]] = {
    "local_name": ("detectorname", "detector", "camera_name", "acq_camera_name", "camera"),
    "description": ("detectorinfo", "camera_type"),
}
#: names of the instrument and of the sample
INSTRUMENT = ("stationinfo", "beamline", "instrument")
SAMPLE = ("samplename", "sample_name", "sampleinfo", "sample")
_WAVELENGTH = (("wavelength", "m"),)
_ENERGY = (("energy", None), ("dcm_energy", None), ("nrj", None))
#: nobody makes larger pixels; where the number is, it is in another unit than the definition says
_LARGEST_PIXEL = 0.1

#: makes a field of an item out of the numbers of all frames
Make = Callable[[str, Array, str | None], Field]


def describe_detector(values: Mapping[str, Values], make: Make) -> dict[str, Field]:
    """Give the items of the detector that headers state, with *values* by lower-case key."""
    fields: dict[str, Field] = {}
    for item, keys in _NUMBERS.items():
        found = _first(values, keys)
        if found is not None:
            numbers, units = found
            if item.endswith("pixel_size"):
                if not (numbers > 0).any():
                    continue
                units = None if units == "m" and np.nanmax(numbers) > _LARGEST_PIXEL else units
            fields[item] = make(item, numbers, units)
    for item, names in _TEXTS.items():
        if text := constant_text(values, names):
            fields[item] = Field(item, text)
    _add_center(values, make, fields)
    return fields


def _add_center(values: Mapping[str, Values], make: Make, fields: dict[str, Field]) -> None:
    """Add where the beam hits the detector, from its first pixel's corner: a length where the pixel size is known."""
    for axis, number, item in (("x", 1, "beam_center_x"), ("y", 2, "beam_center_y")):
        center = _first(values, ((f"center_{number}", ""),))
        if center is None:
            continue
        offset = _first(values, ((f"offset_{number}", ""),))
        pixels = center[0] - (0 if offset is None else offset[0])
        size = _first(values, ((f"psize_{number}", "m"),))
        if center[1]:  # a length already
            fields[item] = make(item, center[0], center[1])
        elif size is not None and f"{axis}_pixel_size" in fields and fields[f"{axis}_pixel_size"].units:
            fields[item] = make(item, pixels * size[0], size[1])
        else:
            fields[item] = make(item, pixels, "pixel")


def describe_beam(values: Mapping[str, Values], make: Make) -> dict[str, Field]:
    """Give wavelength and energy of the beam."""
    fields: dict[str, Field] = {}
    for name, keys in (("wavelength", _WAVELENGTH), ("energy", _ENERGY)):
        found = _first(values, keys)
        if found is not None and (found[0] > 0).any():
            fields[name] = make(name, *found)
    return fields


def _first(values: Mapping[str, Values], keys: tuple[tuple[str, str | None], ...]) -> tuple[Array, str | None] | None:
    """Give the numbers, as floats, of the first key that has some; with the unit that the value or the key states."""
    for key, units in keys:
        found = values.get(key)
        if found is None or (read := found.numbers()) is None:
            continue
        numbers, own = read
        if numbers.ndim == 1:
            return numbers.astype(np.float64), own or units
    return None


def calibration(values: Mapping[str, Values]) -> Array | None:
    """Give the calibration of spectra, three coefficients; None where there is none."""
    listed = values.get("mcacalib")
    if listed is not None and (read := listed.numbers()) is not None and read[0].ndim == 2 and read[0].shape[1] == 3:
        listed_numbers: Array = read[0][0].astype(np.float64)
        return listed_numbers
    numbers = [values[key].numbers() if key in values else None for key in ("mca a", "mca b", "mca c")]
    if any(found is None or found[0].ndim != 1 for found in numbers):
        return None
    result: Array = np.array([found[0][0] for found in numbers if found is not None], np.float64)
    return result


def is_spectrum(values: Mapping[str, Values]) -> bool:
    """Tell whether the last axis is that of a multichannel analyser: two keys of its own say so."""
    return sum(key.startswith("mca") for key in values) >= 2


def constant_text(values: Mapping[str, Values], keys: tuple[str, ...]) -> str:
    """Give the text that all frames have in the first of these keys that has one, empty where there is none."""
    for key in keys:
        found = values.get(key)
        if found is not None and found.constant and found.texts[0]:
            return decode(found.texts[0])
    return ""


def text_of(values: Mapping[str, Values], key: str) -> Value:
    """Give the text of a key in the first frame, empty where it has none."""
    found = values.get(key)
    return "" if found is None or found.index[0] < 0 else decode(found.texts[found.index[0]])
