"""The output of a run: a new file, or one that is completed."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from nxconvert.errors import ReadError, WriteError
from nxconvert.request import ConvertOptions, Outcome, Progress
from nxconvert.scan import Scan, SourceFile, free_name
from nxconvert.tree import Tree

if TYPE_CHECKING:
    from nxconvert.readers.nexus import Written
    from nxconvert.writer.hdf5 import NexusWriter


class Target:
    """The output of a run: opened when the first scan comes, so that nothing is made of an input without any."""

    def __init__(self, output: str, options: ConvertOptions, when: float, progress: Progress | None = None) -> None:
        from nxconvert.writer.provenance import Provenance

        self.output = output
        self.options = options
        self.progress = progress
        self.writer: NexusWriter | None = None
        self.consumed: list[SourceFile] = []
        self.unchanged = 0
        self.provenance = Provenance(options.text(), "", when, options.root)
        self.append = options.existing == "append" and os.path.exists(output)
        self._sources = 0
        self._source = ""
        self._first = ""
        #: by source and identifier the entries that the file holds already; several where a definition has its own
        self._old: dict[tuple[str, str], list[Written]] = {}
        self._used: set[str] = set()
        if self.append:
            self._read_old()

    def _read_old(self) -> None:
        """Learn what the file holds; ReadError when it is not one of ours."""
        from nxconvert.readers.nexus import NexusFile

        with NexusFile(self.output) as file:
            for item in file.written():
                self._old.setdefault((item.source, item.identifier), []).append(item)
            self._used = set(file.entries())
            self._old_mapping = file.mapping_text()
        if not self._old:
            raise ReadError.at(
                self.output,
                "was not written by nxconvert",
                "only such a file can be completed by --append",
                "choose another output, or --overwrite",
            )

    def begin(self, source: str, mapping: str) -> None:
        """Take the next source file; *mapping*: the text of the mapping that is applied to it."""
        # an input of many files begins where those of the inputs before it end
        self._sources = len(self.consumed)
        self._source = self.provenance.shown(source)
        if self.append and self._old_mapping != mapping:
            raise WriteError.at(
                self.output,
                "was made with another mapping",
                "the same one was expected",
                "--overwrite converts all scans again; 'nxconvert mapping show' prints the mapping",
            )
        self.provenance.mapping = mapping

    def is_new(self, scan: Scan) -> bool:
        """Tell whether the scan is not in the file yet, or is there with other bytes."""
        old = self._old.get((self._source, scan.identifier))
        if old is None or old[0].sha256 != scan.sha256:
            return True
        self.unchanged += 1
        return False

    def write(self, stack: ExitStack, scan: Scan, trees: list[Tree], outcome: Outcome) -> None:
        """Write the entries of a scan, in place of those that were there."""
        from nxconvert.writer.hdf5 import NexusWriter
        from nxconvert.writer.provenance import NAME

        if self.writer is None:
            self.writer = stack.enter_context(
                NexusWriter(
                    self.output,
                    compression_name=self.options.compression,
                    access=self.options.access,
                    chunks=self.options.chunks,
                    link=self.options.link,
                    tick=self.progress,
                    base=self.output if self.append else None,
                )
            )
        old = self._old.get((self._source, scan.identifier), [])
        for item in old:
            self.writer.remove(item.entry)
            self._used.discard(item.entry)
        if old:
            outcome.replaced += 1
        elif self.append:
            outcome.appended += 1
        for tree in trees:
            tree.name = free_name(tree.name, self._used, first=2)
            self._used.add(tree.name)
            self.writer.write(tree)
            if not self._first:
                self._first = tree.name
                self.writer.add_group(f"{tree.name}/{NAME}", self.provenance.process())
            else:
                self.writer.link(f"{tree.name}/{NAME}", f"{self._first}/{NAME}")
            self.provenance.add(tree.name, scan, self._sources, self._source)

    def finish(self) -> None:
        """Write what is known only at the end: the tables of sources and scans, and the root."""
        from nxconvert.writer.provenance import NAME, root_attributes

        if self.writer is None:
            return
        self.writer.add_group(f"{self._first}/{NAME}/sources", self.provenance.sources(self.consumed))
        self.writer.add_group(f"{self._first}/{NAME}/scans", self.provenance.scans())
        attributes = root_attributes(self.output, self._first, self.provenance.when)
        if self.append:
            del attributes["default"]
        self.writer.root_attributes(attributes)
