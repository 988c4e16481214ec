"""What is asked of a conversion, and what came of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nxconvert.errors import Problem

if TYPE_CHECKING:
    from nxconvert.scan import SourceFile


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """What the user asked for, the same for every input of a run.

    ``mappings``: names of shipped mappings or paths, most general first; empty: the format's own. ``settings``:
    values by parameter name that win over every source (``--set``). ``reading``: settings of the reader, by the names
    that it lists; values that JSON knows. ``scans``: selection such as ``1,3-5,7.2``.
    ``existing``: ``refuse``, ``overwrite``, ``skip`` or ``append``. ``chunks``: those of stacks of frames, as the user
    wants them. ``link``: ``absolute`` or ``relative`` paths to frames that stay in their files. ``convert_units``:
    numbers into the units of the mapping. ``validate``: judge the output. ``checksum``: ``sha256`` or ``none`` for
    what is not read as a whole anyway, such as images. ``timestamp``: seconds since 1970 that stand for the clock.
    ``command``: the effective command line for the provenance. ``root``: the folder to which the paths of the sources
    are given there.
    """

    mappings: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    reading: dict[str, Any] = field(default_factory=dict)
    scans: str = ""
    reader: str = ""
    time_zone: str = ""
    existing: str = "refuse"
    compression: str = "gzip"
    access: str = "frames"
    chunks: tuple[int, ...] | None = None
    link: str = ""
    layout: str = "subentry"
    convert_units: bool = False
    validate: bool = False
    checksum: str = "sha256"
    timestamp: float | None = None
    command: str = ""
    root: str = ""

    def text(self) -> str:
        """Give, as JSON, what shapes the output: the same request gives the same text everywhere."""
        chosen = {
            "command": self.command,
            "mappings": list(self.mappings),
            "settings": self.settings,
            # the files of a series stand in the table of the sources
            "reading": {key: shown(key, value) for key, value in self.reading.items() if key != "files"},
            "scans": self.scans,
            "reader": self.reader,
            "time_zone": self.time_zone,
            "compression": self.compression,
            "access": self.access,
            "chunks": self.chunks,
            "link": self.link,
            "layout": self.layout,
            "convert_units": self.convert_units,
            "checksum": self.checksum,
        }
        return json.dumps(chosen, ensure_ascii=False)


#: settings of readers that are paths: their last part says enough, and is the same everywhere
PATHS = ("images", "roots", "instrument")


def shown(setting: str, value: Any) -> Any:
    """Give the value of a reader's setting as it may stand in the output."""
    if setting not in PATHS:
        return value
    if isinstance(value, (list, tuple)):
        return [shown(setting, item) for item in value]
    return os.path.basename(os.path.normpath(str(value)))


@dataclass(slots=True)
class Outcome:
    """What became of one input: ``converted``, ``skipped`` or ``failed``, and every problem met on the way.

    ``sources``: the files that were read for an output, with their SHA-256 unless it only refers to them.
    """

    source: str
    output: str = ""
    status: str = "converted"
    scans: int = 0
    appended: int = 0
    replaced: int = 0
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    problems: list[Problem] = field(default_factory=list)
    sources: list[SourceFile] = field(default_factory=list)
    tree: str = ""
    trace: str = ""

    def fail(self, *problems: Problem) -> None:
        """Note that nothing was written, and why."""
        self.status = "failed"
        self.scans = self.appended = self.replaced = 0
        self.problems.extend(problems)

    @property
    def lost(self) -> int:
        """Number of problems that cost a scan, a frame, or the whole file."""
        return sum(problem.severity == "lost" for problem in self.problems)


#: called with (bytes done, bytes in all or None); raises KeyboardInterrupt to stop
Progress = Callable[[int, "int | None"], None]
