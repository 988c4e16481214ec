"""Datasets as values of the scan model: numbers and texts at once where they are small, else where they lie."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Mapping
from typing import Any

import numpy as np
from h5py import h5s

from nxconvert.readers.nexus.files import DAMAGE, first_line
from nxconvert.readers.nexus.nodes import Data, Node, text
from nxconvert.readers.nexus.stored import Look, StoredArray, StoredFrames, look, read
from nxconvert.scan import Field, free_name

#: datasets up to this size are loaded with their scan, as long as all of them do not pass the second
SMALL = 64 * 1024
TOGETHER = 32 * 1024 * 1024
#: a list of more texts than this is no list of names or lines
_MOST_TEXTS = 1_000_000

_ILLEGAL = re.compile(r"[^A-Za-z0-9_]")
_NUMBERED = re.compile(r"_\d+$")


class Loader:
    """Loads the values of one scan; each dataset is one field, by whatever links it is reached."""

    def __init__(self) -> None:
        self.fields: dict[tuple[int, int], Field] = {}
        self._loaded = 0

    def field(
        self, data: Data, name: str, dims: tuple[str, ...] | None = None, long_name: str | None = None
    ) -> Field | None:
        """Make a dataset a field, or give the one that it is already; None where it has no value that can be read."""
        known = self.fields.get(data.key)
        if known is not None:
            return known
        value = self.value(data, image=dims is not None and set(dims[-2:]) == {"x", "y"})
        if value is None:
            return None
        rank = 1 if isinstance(value, list) else getattr(value, "ndim", 0)
        if dims is None or len(dims) != rank:
            dims = tuple(f"dimension_{n}" for n in range(rank))
        made = Field(name, value, dims, data.text_attribute("units"), long_name)
        self.fields[data.key] = made
        return made

    def value(self, data: Data, image: bool = False) -> Any:
        """Give a dataset's value; images, and what is large, as arrays that stay in the file."""
        found = look(data)
        if found is None:
            return None
        try:
            return _text(data, found) if found.text else self._numbers(data, found, image)
        except DAMAGE as error:
            data.session.tell(data.file, f"'{data.path}' cannot be read: {first_line(error)}", severity="lost")
            return None

    def _numbers(self, data: Data, found: Look, image: bool) -> Any:
        if image and len(found.shape) > 2:
            return StoredFrames(data, found)
        size = found.nbytes
        if found.shape and (found.blocked or size > SMALL or self._loaded + size > TOGETHER):
            return StoredArray(data, found)
        self._loaded += size
        if found.blocked:
            data.session.tell(data.file, f"'{data.path}' is compressed with {found.blocked}", severity="lost")
            return None
        if found.read_as is not None and 0 not in found.shape:
            array = np.empty(found.shape, found.dtype)
            found.id.read(h5s.ALL, h5s.ALL, array, found.read_as)
        else:
            array = np.asarray(read(data, found))
        return array if found.shape else plain(array)

    def scalar(self, data: Data | None) -> Any:
        """Give the value of a dataset of one element, whatever its rank; None of every other."""
        if data is None:
            return None
        found = look(data)
        if found is None or math.prod(found.shape) != 1:
            return None
        value = self.value(data)
        if isinstance(value, list):
            return value[0]
        return plain(value) if isinstance(value, np.ndarray) else value

    def text(self, data: Data | None) -> str:
        """Give the text of a dataset, that of a list line by line; empty without one."""
        if data is None:
            return ""
        value = self.value(data)
        if isinstance(value, list):
            return "\n".join(value)
        return value if isinstance(value, str) else ""


def plain(array: Any) -> Any:
    """Give the only element of an array: int and bool as such, other numbers as scalars of numpy."""
    value = array.reshape(-1)[0]
    return value.item() if value.dtype in (np.dtype(np.int64), np.dtype(np.bool_)) else value


def _text(data: Data, found: Look) -> str | list[str] | None:
    if found.blocked or math.prod(found.shape) > _MOST_TEXTS:
        many = f"holds {math.prod(found.shape)} texts" if not found.blocked else f"is compressed with {found.blocked}"
        data.session.tell(data.file, f"'{data.path}' {many}", "", "it is left out", "lost")
        return None
    array = np.empty(found.shape, found.dtype)
    if array.size:
        found.id.read(h5s.ALL, h5s.ALL, array, found.read_as)
    if found.shape:
        return [text(part) for part in array.reshape(-1)]
    value = array[()]
    own = text(value)
    # text with NUL is bytes of fixed length, which cannot end in one: nxconvert writes a line end after it
    return own[:-1] if isinstance(value, bytes) and own.endswith("\0\n") else own


def own_name(data: Node, link: str) -> str:
    """Give the source's own name of what a link is called: ``long_name`` where the link was made from it."""
    if data.bare:
        return link
    for attribute in ("long_name", "spec_name"):
        name = data.text_attribute(attribute)
        if name and made_from(link, name):
            return name
    return link


def made_from(link: str, name: str, numbered: bool = True) -> bool:
    """Tell whether *link* is the legal spelling of *name*: other characters as ``_``, perhaps with a number."""
    legal = _ILLEGAL.sub("_", name)
    if link == legal:
        return True
    if len(link) == 63 and len(legal) > 50:  # both are cut
        return link.lstrip("_")[:50] == legal.lstrip("_")[:50]
    ending = r"(_\d+)*" if numbered else ""
    return re.fullmatch(rf"_?{re.escape(legal)}_?{ending}", link) is not None


def _number(link: str, name: str) -> str:
    """Give the number of a link after the legal spelling of *name*: the first one, since a collision adds another."""
    after = re.match(rf"_?{re.escape(_ILLEGAL.sub('_', name))}_?(_\d+)", link)
    number = after or _NUMBERED.search(link)
    return number[number.lastindex or 0] if number is not None else ""


def own_keys(items: Mapping[str, Node], taken: Container[str] = ()) -> dict[str, tuple[str, str]]:
    """Give for each link the name under which its field stands, and the source's own name.

    They differ where the source has a name twice: the link that is that name has it, others have their number after
    it. Names in *taken* are given to none.
    """
    names = {link: own_name(node, link) for link, node in items.items()}
    keys: dict[str, tuple[str, str]] = {}
    used: dict[str, str] = {}
    for link in sorted(names, key=lambda link: not made_from(link, names[link], numbered=False)):
        key = name = names[link]
        if key in used or key in taken:
            key += _number(link, name)
        while key in used or key in taken:
            key = free_name(key, used) if key in used else f"{key}_1"
        used[key] = link
        keys[link] = (key, name)
    return {link: keys[link] for link in items}
