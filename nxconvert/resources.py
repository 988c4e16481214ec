"""What the program finds around it: the folders that travel with it, those of the user, and the processors."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from nxconvert.errors import ReadError

_PACKAGE = Path(__file__).resolve().parent


def mappings_dir() -> Path:
    """Give the folder of the shipped mapping files."""
    return _folder("mappings")


def user_folder(name: str) -> Path:
    """Give a folder of the user's own configuration, by the platform's standard; it need not be there."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA", "")
        root = Path(base) if base else Path.home() / "AppData" / "Roaming"
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_CONFIG_HOME", "")
        root = Path(base) if base else Path.home() / ".config"
    return root / "nxconvert" / name


def listed_folders(variable: str) -> list[Path]:
    """Give the folders that a variable of the environment lists, as ``$PATH`` does."""
    return [Path(folder) for folder in os.environ.get(variable, "").split(os.pathsep) if folder]


def threads(most: int) -> int:
    """Give how many threads to start: one for each processor of this process, *most* at most.

    ``$NXCONVERT_THREADS`` says otherwise: a batch gives its workers their share of the processors.
    """
    stated = os.environ.get("NXCONVERT_THREADS", "")
    if stated.isdecimal() and int(stated) > 0:
        return min(most, int(stated))
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        count = os.cpu_count() or 1
    return max(1, min(most, count))


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
