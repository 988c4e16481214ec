"""The command ``ill2nx``."""

from __future__ import annotations

from collections.abc import Sequence

from nxconvert.cli.conversion import conversion_command

HELP = """Convert ILL numors and triple-axis scans to NeXus.

Each numor becomes a file of its own with counts, angles, monitors, times and header; numbers are taken by their
columns, and what they mean is known by instrument ('nxconvert mapping params FILE' shows it). Input may be files,
compressed or not, a range of numors, or a folder of an archive. The path of each file written goes to standard output.

\b
Examples:
  nxconvert ill2nx numors/068288 numors/068289.gz -o out/
  nxconvert ill2nx numors/068288-068290 -m monopd -o out/
"""


def _expand(inputs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give the files for ranges of numors and for folders."""
    from nxconvert.readers.ill.archive import expand

    return expand(inputs)


command = conversion_command("ill2nx", HELP, "ill", expand=_expand)
