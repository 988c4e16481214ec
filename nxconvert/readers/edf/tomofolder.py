"""Tomography folders of the ESRF: which file is which, and what ``.info`` and ``.xml`` say of the scan.

======================  =====================================================================================
``sample_0012.edf``     projection 12 (also ``sample0012.edf``); from number TOMO_N on taken on the way back
``ref0003_0500.edf``    flat 3 of those before projection 500
``refHST0500.edf``      their median
``darkend0000.edf``     the sum of DARK_N dark images
``dark.edf``            their mean; numbered ones such as ``dark_0003.edf`` are dark images as taken
``sample.info``         ``Key= value`` lines
``sample.xml``          ``tomo/acquisition``
``*_slice_*.edf``       reconstructions, left out
======================  =====================================================================================
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

from nxconvert.errors import Place, Problem
from nxconvert.readers.edf.names import NamesAlike, natural

#: larger descriptions of a scan are none
_LARGEST = 1 << 20
_EDF = r"\.edf(?:\.gz|\.bz2|\.lz4)?$"
_FLAT = re.compile(r"ref(\d{3,6})_(\d{3,6})" + _EDF, re.IGNORECASE | re.ASCII)
_MEDIAN = re.compile(r"refHST_?(\d{3,6})" + _EDF, re.IGNORECASE | re.ASCII)
_DARK_SUM = re.compile(r"darkend_?(\d{3,6})" + _EDF, re.IGNORECASE | re.ASCII)
_DARK_MEAN = re.compile(r"dark(?:HST)?" + _EDF, re.IGNORECASE)
_DARK = re.compile(r"dark_?(\d{3,6})" + _EDF, re.IGNORECASE | re.ASCII)
_NUMBERED = re.compile(r"(.*?)_?(\d{4,})" + _EDF, re.IGNORECASE | re.ASCII)
_RECONSTRUCTION = "_slice_"


@dataclass(slots=True)
class TomoFolder:
    """The files of a tomography folder by what they are, each with its numbers, in the order of these."""

    path: str
    name: str
    projections: list[tuple[int, str]] = field(default_factory=list)
    flats: list[tuple[int, int, str]] = field(default_factory=list)
    medians: list[tuple[int, str]] = field(default_factory=list)
    dark_sums: list[tuple[int, str]] = field(default_factory=list)
    dark_means: list[tuple[int, str]] = field(default_factory=list)
    darks: list[tuple[int, str]] = field(default_factory=list)
    reconstructions: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    info: str = ""
    xml: str = ""

    @property
    def is_told(self) -> bool:
        """Tell whether something beside projections says that the folder is a tomography."""
        return bool(self.flats or self.medians or self.dark_sums or self.info or self.xml)

    @property
    def is_one(self) -> bool:
        """Tell whether the folder is a tomography: projections, and references or a description of the scan."""
        return bool(self.projections) and self.is_told


def look_at(path: str, files: Sequence[NamesAlike]) -> TomoFolder:
    """Sort the files of a folder by their names; projections are looked for only where something else is there."""
    folder = TomoFolder(path, os.path.basename(os.path.abspath(path)))
    numbered: list[tuple[NamesAlike, re.Match[str]]] = []
    for item in files:
        shape = item.shape
        if _RECONSTRUCTION in shape:
            folder.reconstructions += item.paths
        elif match := _FLAT.match(shape):
            folder.flats += zip(item.numbers(match.span(2)), item.numbers(match.span(1)), item.paths, strict=True)
        elif match := _MEDIAN.match(shape):
            folder.medians += zip(item.numbers(match.span(1)), item.paths, strict=True)
        elif match := _DARK_SUM.match(shape):
            folder.dark_sums += zip(item.numbers(match.span(1)), item.paths, strict=True)
        elif _DARK_MEAN.match(shape):
            folder.dark_means += zip(repeat(0), item.paths)
        elif match := _DARK.match(shape):
            folder.darks += zip(item.numbers(match.span(1)), item.paths, strict=True)
        elif match := _NUMBERED.match(shape):
            numbered.append((item, match))
        elif re.search(_EDF, shape, re.IGNORECASE):
            folder.others += item.paths
    folder.others.sort()
    _take_descriptions(folder, files)
    if folder.is_told:
        _take_projections(folder, numbered)
    for items in (folder.projections, folder.flats, folder.medians, folder.dark_sums, folder.darks):
        items.sort()
    folder.reconstructions.sort()
    return folder


def _take_projections(folder: TomoFolder, numbered: Sequence[tuple[NamesAlike, re.Match[str]]]) -> None:
    """The projections are called like the folder; where it was renamed, they are the most of one name."""
    prefixes = [item.texts(match.span(1)) for item, match in numbered]
    count = Counter(chain.from_iterable(prefixes))
    own = next((name for name in (folder.name, folder.name.rstrip("_")) if name in count), None)
    if own is None and count:
        own = min(count, key=lambda prefix: (-count[prefix], natural(prefix)))
    others = []
    for (item, match), texts in zip(numbered, prefixes, strict=True):
        for prefix, number, path in zip(texts, item.numbers(match.span(2)), item.paths, strict=True):
            if prefix == own:
                folder.projections.append((number, path))
            else:
                others.append(path)
    folder.others += sorted(others)


def _take_descriptions(folder: TomoFolder, files: Sequence[NamesAlike]) -> None:
    for ending in (".info", ".xml"):
        found = [name for item in files if item.shape.lower().endswith(ending) for name in item.names]
        chosen = next((name for name in found if name == folder.name + ending), found[0] if len(found) == 1 else "")
        if chosen:
            setattr(folder, ending[1:], os.path.join(folder.path, chosen))


@dataclass(slots=True)
class Description:
    """What is known of the scan: values by the keys of ``.info``, as text; and the files word for word, by ending."""

    values: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def number(self, *keys: str) -> float | None:
        """Give the first of these values that is a number, without the unit behind it."""
        for key in keys:
            words = self.values.get(key.lower(), "").split()
            try:
                return float(words[0]) if words else None
            except ValueError:
                continue
        return None

    def count(self, *keys: str) -> int | None:
        """Give the first of these values that is a whole number that is not negative."""
        number = self.number(*keys)
        return int(number) if number is not None and 0 <= number < 1e9 and number == int(number) else None


#: what the keys of the XML are called in ``.info``
_NAMES = {
    "tomo_n": "tomo_n",
    "ref_on": "ref_on",
    "ref_n": "ref_n",
    "dark_n": "dark_n",
    "scanrange": "scanrange",
    "ccdtime": "count_time",
    "pixelsize": "pixelsize",
    "distance": "distance",
    "energy": "energy",
    "scanname": "prefix",
    "date": "date",
    "y_step": "y_step",
    "opticsname": "optic_used",
    "ccdmode": "ccd_mode",
    "scantype": "scan_type",
    "machinecurrentstart": "srcurrent",
    "dim_1": "dim_1",
    "dim_2": "dim_2",
}


def describe(folder: TomoFolder, problems: list[Problem]) -> Description:
    """Read ``.info`` and ``.xml``; a value of the first wins."""
    description = Description()
    if folder.xml and (text := _text(folder.xml, problems)) is not None:
        description.texts["xml"] = text
        description.values.update(_xml(folder.xml, text, problems))
    if folder.info and (text := _text(folder.info, problems)) is not None:
        description.texts["info"] = text
        for line in text.splitlines():
            key, equal, value = line.partition("=")
            if equal and key.strip() and value.strip():
                description.values[key.strip().lower()] = value.strip()
    return description


def _text(path: str, problems: list[Problem]) -> str | None:
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        problems.append(
            Problem(Place(path), f"cannot be read ({error.strerror})", "a description of the scan expected")
        )
        return None
    if len(data) > _LARGEST:
        found = f"larger than {_LARGEST} bytes"
        problems.append(Problem(Place(path), found, "a description of the scan expected", "it is not looked at"))
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _xml(path: str, text: str, problems: list[Problem]) -> dict[str, str]:
    """Give the elements below ``acquisition`` that hold text; the document must not define entities."""
    from xml.etree import ElementTree

    values: dict[str, str] = {}
    try:
        if "<!ENTITY" in text or "<!DOCTYPE" in text:
            raise ElementTree.ParseError("it defines entities")
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        problems.append(
            Problem(Place(path), f"this is no XML ({error})", "tomo/acquisition expected", "it is kept as text")
        )
        return values
    for element in root.iter():
        name, content = element.tag.lower(), (element.text or "").strip()
        if name in _NAMES and content:
            values.setdefault(_NAMES[name], content)
    return values
