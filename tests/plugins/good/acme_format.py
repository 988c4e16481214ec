"""A reader and an exporter as another package would add them: a first line ``ACME``, then one count per line."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from nxconvert.errors import Place, ReadError
from nxconvert.registry import Exporter, Match, Reader, Setting, Settings
from nxconvert.scan import Field, Plot, Scan, ScanFile, SourceFile, Wanted


class AcmeFile(ScanFile):
    """An open file: one scan with one column."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems = []
        self._text = Path(path).read_bytes()
        self._sha256 = hashlib.sha256(self._text).hexdigest()

    def scans(self, wanted: Wanted | None = None) -> Iterator[Scan]:
        if wanted is not None and not wanted(1, 1):
            return
        counts = []
        for number, line in enumerate(self._text.splitlines()[1:], 2):
            try:
                counts.append(int(line))
            except ValueError as error:
                raise ReadError.at(Place(self.path, number), f"'{line.decode()}'", "a count was expected") from error
        det = Field("det", np.array(counts, dtype=np.int64), ("point",))
        yield Scan(
            number=1,
            order=1,
            index=0,
            place=Place(self.path, 1, offset=0),
            title="acme",
            columns={"det": det},
            plots={"data": Plot(det, (None,))},
            length=len(self._text),
            sha256=self._sha256,
        )

    def sources(self) -> list[SourceFile]:
        return [SourceFile(self.path, len(self._text), os.stat(self.path).st_mtime_ns, self._sha256)]

    def close(self) -> None:
        self._text = b""


def sniff(head: bytes, name: str) -> Match:
    if head.startswith(b"ACME"):
        return Match(1.0, "the first line says ACME")
    return Match(0.0, "the first line does not say ACME")


def write(scan: Scan, stream: IO[str], settings: Settings) -> None:
    stream.write(f"ACME{settings['mark']}\n")
    stream.writelines(f"{count}\n" for count in scan.columns["det"].value)  # type: ignore[union-attr]


READER = Reader("acme", "counts of the Acme company", (".acme",), sniff, AcmeFile, "acme2nx")
EXPORTER = Exporter(
    name="acme",
    description="counts of the Acme company",
    extensions=(".acme",),
    losses=lambda scan, settings: [f"acme has no place for '{name}'" for name in scan.columns if name != "det"],
    write=write,
    settings=(Setting("mark", "What stands behind the first word.", ""),),
)
