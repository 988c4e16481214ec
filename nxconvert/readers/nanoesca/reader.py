"""Opening measurements: one scan for each, as they are found in the folder of an experiment or a measurement."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from nxconvert.errors import Problem, ReadError
from nxconvert.readers.nanoesca import folder
from nxconvert.readers.nanoesca.build import build
from nxconvert.readers.nanoesca.instrument import Instrument
from nxconvert.readers.nanoesca.keys import Config, read_config
from nxconvert.readers.nanoesca.tiff import Image
from nxconvert.scan import Scan, ScanFile, SourceFile, Wanted
from nxconvert.streams import open_source


class MeasurementFolder(ScanFile):
    """The measurements of one input; nothing is kept open, and images are read when their values are asked for."""

    #: the images are large, and read by others: who wants their digests computes them beside that
    hashed = False

    def __init__(self, path: str, instrument: Instrument) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._instrument = instrument
        self._found = folder.find(path, instrument)
        self._shared: dict[str, Config] = {}
        self._configs: dict[str, Config] = {}
        self._images: dict[str, Image] = {}

    def scans(self, wanted: Wanted | None = None) -> Iterator[Scan]:
        """Give the measurements in order; one that cannot be read is a problem, unless it is the only one."""
        self.problems.clear()
        self._configs.clear()
        self.position = 0
        for index, found in enumerate(self._found):
            if wanted is not None and not wanted(index + 1, 1):
                continue
            try:
                built = build(found, self._instrument, index, self._config)
            except ReadError as error:
                if len(self._found) == 1:
                    raise
                self.problems.extend(replace(problem, severity="lost") for problem in error.problems)
                continue
            for config in built.configs:
                if config.path in self._shared and config.path not in self._configs:
                    self.problems.extend(config.problems)
                self._configs[config.path] = config
            self._images.update((image.path, image) for image in built.images)
            yield built.scan
            self.position += built.scan.length

    def _config(self, path: str) -> Config:
        """Give the configuration of the experiment, read once; its problems are those of the whole input."""
        if path not in self._shared:
            self._shared[path] = read_config(path)
        return self._shared[path]

    def sources(self) -> list[SourceFile]:
        """Name every file: the description of the set-up where one was named, configurations, images."""
        files = [config.source for config in self._configs.values()]
        if self._instrument.path is not None:
            with open_source(self._instrument.path) as source:
                files.insert(0, source.source_file())
        for image in self._images.values():
            files.append(SourceFile(image.path, image.size, image.mtime_ns, ""))
        return files

    def close(self) -> None:
        """Do nothing: no file is kept open."""


def open_measurements(path: str, instrument: Instrument) -> MeasurementFolder:
    """Open a folder or a configuration file; ReadError where it holds no measurement of this set-up."""
    return MeasurementFolder(path.rstrip("/" + os.sep) or path, instrument)
