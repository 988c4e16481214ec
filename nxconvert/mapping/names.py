"""Names from data made legal for NeXus: the one place where that is done.

Case is kept, every other character than letters, digits and ``_`` becomes ``_``, a leading digit gets ``_`` before
it, and a name that would be taken for something else (a suffix such as ``_errors``, a prefix such as ``SAS_``) gets
``_`` after or before it. Names are cut at 63 characters, and what would then collide gets ``_1``, ``_2``.
"""

from __future__ import annotations

import re

MAX_LENGTH = 63
#: A field with such an ending belongs to another field by the rules of NeXus.
SUFFIXES = (
    "_end",
    "_errors",
    "_increment_set",
    "_indices",
    "_mask",
    "_set",
    "_weights",
    "_scaling_factor",
    "_offset",
)
#: Names with such a beginning belong to some facility or to NeXus itself.
PREFIXES = ("BLUESKY_", "DECTRIS_", "IDF_", "NDAttr", "NX", "PDBX_", "SAS_", "SILX_", "identifier")
#: Names with a meaning of their own in a class, which data must not take by chance.
TAKEN = {
    "NXentry": ("definition", "notes", "thumbnail", "experiment_documentation"),
    "NXdata": ("title", "errors", "scaling_factor", "offset"),
    "NXinstrument": ("name",),
}
_ILLEGAL = re.compile(r"[^A-Za-z0-9_]")


def legal(name: str) -> str:
    """Give the legal spelling of *name*, which is the name itself where that is legal."""
    text = _ILLEGAL.sub("_", name)[:MAX_LENGTH] or "_"
    if text[0].isdigit() or text.startswith(PREFIXES):
        text = "_" + text[: MAX_LENGTH - 1]
    if text.endswith(SUFFIXES):
        text = text[: MAX_LENGTH - 1] + "_"
    return text


class Names:
    """The names in one group: gives each newcomer a legal name of its own."""

    def __init__(self, nx_class: str = "") -> None:
        self._used: set[str] = set(TAKEN.get(nx_class, ()))
        self._counts: dict[str, int] = {}

    def reserve(self, name: str) -> None:
        """Keep *name* for the mapping's own words."""
        self._used.add(name)

    def claim(self, name: str) -> str:
        """Give the legal name that stands for *name* here, and keep it."""
        base = text = legal(name)
        while text in self._used:
            # the count goes on where it was: a million equal names must not cost a million look-ups each
            count = self._counts[base] = self._counts.get(base, 0) + 1
            ending = f"_{count}"
            text = base[: MAX_LENGTH - len(ending)] + ending
        self._used.add(text)
        return text
