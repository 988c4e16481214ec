"""The folders that travel with the program: the shipped mappings and the sample data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from nxconvert.errors import ReadError

_PACKAGE = Path(__file__).resolve().parent


def mappings_dir() -> Path:
    """Give the folder of the shipped mapping files."""
    return _folder("mappings")


def samples_dir() -> Path:
    """Give the folder of the sample data."""
    return _folder("sample_data")


@cache
def _folder(name: str) -> Path:
    """Find a folder inside the installed package, else beside the package (checkout, sdist, editable install).

    ReadError where neither is there. The README is asked for because ``sample_data`` beside the package could be
    anything when the package itself lies among other packages.
    """
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if (folder / "README.md").is_file():
            return folder
    raise ReadError.at(
        str(_PACKAGE / "_data" / name),
        "the folder that comes with nxconvert is not here",
        hint="install nxconvert again",
    )
