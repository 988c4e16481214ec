"""One NXentry as a scan: what is the same in all layouts, and which parts of the others apply.

What counts is what is there: a ``measurement`` (nxconvert, Bliss, silx), scanned variables (ILL), else what can be
plotted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np

from nxconvert.arrays import LazyArray
from nxconvert.readers.nexus import measurement, plain, plots
from nxconvert.readers.nexus.nodes import LOOSE, Data, Group, Session
from nxconvert.readers.nexus.stored import Look, look
from nxconvert.readers.nexus.times import parse_time
from nxconvert.readers.nexus.values import Loader, own_keys, own_name
from nxconvert.scan import Field, Scan, free_name

#: entry fields that have a place of their own in a scan
_TAKEN = frozenset(
    ("title", "start_time", "end_time", "entry_identifier", "definition", "command", "experiment_title", "date")
)
#: groups of an entry that are read elsewhere, or that say nothing of the measurement
_NOT_METADATA = frozenset(
    ("measurement", "headers", "notes", "positioners", "conversion", "writer", "MCA", "data_scan")
)
#: names of the dimensions of what has one value once, where the name says it
_CONSTANT = {
    "calibration": ("coefficient",),
    "roi_name": ("roi",),
    "roi_first": ("roi",),
    "roi_last": ("roi",),
    "unit_cell_abc": ("abc",),
    "unit_cell_alphabetagamma": ("angle",),
    "ub_matrix": ("ub_row", "ub_column"),
    "hkl": ("hkl",),
}
#: what is expected where columns differ in length, by which an export knows what it tells itself
UNEQUAL = "equal lengths expected"
#: groups within groups are followed to this depth, and that many values are taken
_DEEPEST, _MOST = 4, 5000


class Making:
    """One scan while it is made."""

    def __init__(self, session: Session, entry: Group, scan: Scan, creator: str) -> None:
        self.session = session
        self.entry = entry
        self.scan = scan
        self.loader = Loader()
        self.own = creator == "nxconvert" or entry.group("conversion") is not None
        self.silx = creator.startswith("silx")
        self.instrument = next(iter(entry.groups("NXinstrument")), None) or entry.group("instrument")
        #: the NXdata of each plot
        self.plotted: dict[str, Group] = {}
        #: everything of one value is an array of one element (ILL, spec2nexus)
        self.lists = any(
            (data := entry.data(name)) is not None and (found := look(data)) is not None
            and found.shape == (1,)
            for name in ("title", "start_time", "date")
        )  # fmt: skip
        self.ill = self.lists and entry.data("run_number") is not None

    def make(self) -> Scan:
        """Fill in the scan."""
        self._facts()
        measured = self.entry.group("measurement")
        if measured is not None:
            measurement.add_columns(self, measured)
        else:
            plain.add_scanned(self)
        measurement.add_positioners(self)
        measurement.add_detectors(self, measured)
        plots.add_plots(self)
        if not self.scan.columns:
            plain.add_plotted(self)
        if not self.scan.columns:
            plain.add_spectra(self)
        self._groups()
        self._notes()
        self._metadata()
        measurement.order_columns(self, measured)
        self._tell_lengths()
        return self.scan

    # --- what other modules need

    def dims(self, data: Data, found: Look, item: str = "data") -> tuple[str, ...]:
        """Name the dimensions of values by their shape, by what the file says of them, and by their name."""
        rank, points = len(found.shape), self.scan.points
        if self.ill and rank == 3 and item != "frames":
            return ("x", "y", "time_of_flight")
        if item in _CONSTANT and len(_CONSTANT[item]) == rank:
            return _CONSTANT[item]
        says = data.text_attribute("interpretation") or ""
        if rank == 1:
            return ("channel",)
        if "image" in says or (rank > 2 and says != "spectrum"):
            inner: tuple[str, ...] = ("y", "x")
        else:
            inner = ("channel",)
        if rank < len(inner):
            inner = inner[-rank:]
        outer = rank - len(inner)
        if self.ill and item == "frames":
            inner = inner[::-1]
        if outer == 1:
            return ("extra" if item == "surplus" else "point", *inner)
        if outer == 2 and found.shape[0] != points:
            return ("row", "column", *inner)
        return (*(("point",) if outer else ()), *(f"step_{n}" for n in range(1, outer)), *inner)

    def name_of(self, group: Group, link: str) -> str:
        """Give the source's own name of a dataset in a group."""
        data = group.data(link)
        return link if data is None else own_name(data, link)

    def forget(self, field: Field) -> None:
        """Take back that a dataset is a field."""
        for key in [key for key, value in self.loader.fields.items() if value is field]:
            del self.loader.fields[key]

    def fields(self, group: Group, prefix: str = "", into: dict[str, Field] | None = None) -> dict[str, Field]:
        """Give the datasets of a group as fields under the source's own names, each only once."""
        made: dict[str, Field] = {} if into is None else into
        items = dict(group.datasets())
        for link, (key, name) in own_keys(items).items():
            key = free_name(prefix + key, made)
            field = self.constant(items[link], key, prefix + name if key != prefix + name else None)
            if field is not None:
                made[key] = field
        return made

    def constant(self, data: Data, name: str, long_name: str | None = None) -> Field | None:
        """Make a field of what is there once for the scan."""
        known = self.loader.fields.get(data.key)
        if known is not None:
            return known
        found = look(data)
        if found is None:
            return None
        last = name.rpartition(".")[2]
        dims: tuple[str, ...] | None = _CONSTANT.get(last)
        if dims is None and found.text and len(found.shape) == 1:
            dims = ("line",)
        field = self.loader.field(data, name, dims, long_name)
        if field is not None and self.lists and found.shape == (1,):
            field.value, field.dims = self.loader.scalar(data), ()
        return field

    def below(
        self, group: Group, prefix: str, skip: Callable[[Group], bool], into: dict[str, Field], depth: int = 0
    ) -> None:
        """Add the values of a group and of those in it under names such as ``mono.crystal.d_spacing``."""
        self.fields(group, prefix, into)
        if depth < _DEEPEST:
            for child in group.groups():
                if len(into) < _MOST and not skip(child):
                    self.below(child, f"{prefix}{child.name}.", skip, into, depth + 1)

    # --- what stands in every entry

    def _facts(self) -> None:
        entry, scan, text = self.entry, self.scan, self.loader.text
        scan.title = text(entry.data("title")) or text(entry.data("experiment_title")) or entry.name
        scan.start_time = self._time("start_time") or self._time("date")
        scan.end_time = self._time("end_time")
        command = entry.data("metadata/command") or entry.data("command")
        scan.command = text(command) if command is not None else ""
        if not scan.command and not self.own and entry.group("measurement") is not None:
            scan.command = scan.title
        status = text(entry.data("metadata/status"))
        reason = text(entry.data("end_reason"))
        writer = text(entry.data("writer/status"))
        if status in ("complete", "aborted"):
            scan.status = status
        elif reason or writer in ("SUCCEEDED", "FAILED"):
            scan.status = "complete" if (reason or writer) in ("SUCCESS", "SUCCEEDED") else "aborted"
        if writer in ("STARTING", "RUNNING") or (writer and not reason and entry.data("end_time") is None):
            self.session.tell(
                entry.file,
                f"the scan '{entry.path}' is still being written, or was never finished: its writer says {writer}",
                hint="what is there is read",
            )

    def _time(self, name: str) -> datetime | None:
        data = self.entry.data(name)
        if data is None:
            return None
        said = self.loader.text(data)
        found = parse_time(said)
        if found is None and said:
            self.session.tell(
                data.file, f"'{data.path}' is '{said[:60]}'", "a time such as '2024-03-15T10:00:05+01:00' expected"
            )
        return found

    def _groups(self) -> None:
        """Add sample, user, monitor and what the instrument says besides its detectors and motors."""
        scan = self.scan
        for nx_class, into in (("NXsample", scan.sample), ("NXuser", scan.user), ("NXmonitor", scan.monitor)):
            for number, group in enumerate(self.entry.groups(nx_class)):
                self.fields(group, f"{group.name}." if number else "", into)
        if self.instrument is not None:
            self.below(self.instrument, "", _measured, scan.instrument)
            columns = {id(field) for field in scan.columns.values()}
            scan.instrument = {name: field for name, field in scan.instrument.items() if id(field) not in columns}

    def _notes(self) -> None:
        """Add the headers word for word, and what people wrote."""
        scan = self.scan
        for path in ("headers", "instrument/specfile"):
            group = self.entry.group(path)
            if group is not None and group.nx_class in LOOSE:
                for name, field in self.fields(group).items():
                    if isinstance(field.value, list) and path != "headers":  # silx has them line by line
                        field.value, field.dims = "\n".join(field.value), ()
                    scan.notes[name] = field
        group = self.entry.group("notes")
        if group is not None:
            for note in (group, *group.groups()):
                data = note.data("data")
                if data is not None and (said := self.loader.text(data)):
                    scan.notes[note.name] = Field(note.name, said)

    def _metadata(self) -> None:
        entry, metadata = self.entry, self.scan.metadata
        for link, data in entry.datasets():
            if link not in _TAKEN and (field := self.constant(data, link)) is not None:
                metadata[link] = field
        for group in entry.groups(*LOOSE):
            if group.name == "metadata" or group.nx_class == "NXparameters":
                self.fields(group, "", metadata)
            elif group.name not in _NOT_METADATA:
                self.below(group, f"{group.name}.", lambda _: False, metadata)
        if entry.group("metadata") is not None:
            for name in ("command", "status"):
                metadata.pop(name, None)
        plain.add_spec2nexus(self)

    def _tell_lengths(self) -> None:
        lengths: dict[int, list[str]] = {}
        for name, field in self.scan.columns.items():
            value = field.value
            if isinstance(value, (np.ndarray, LazyArray)):
                lengths.setdefault(value.shape[0], []).append(name)
        if len(lengths) > 1:
            said = "; ".join(
                f"{length} points of " + ", ".join(f"'{name}'" for name in names[:4]) + " ..." * (len(names) > 4)
                for length, names in list(lengths.items())[:5]
            )
            self.session.tell(
                self.entry.file,
                f"the columns of '{self.entry.path}' differ in length: {said}",
                UNEQUAL,
                "the scan was aborted, or is being written; each column is as long as in the file",
            )


def _measured(group: Group) -> bool:
    """Tell whether a group of the instrument is no description of it: detectors, motors, positions."""
    if group.nx_class in ("NXdetector", "NXpositioner", "NXdata", "NXentry", "NXinstrument"):
        return True
    return group.name.startswith("positioners") or group.name in ("specfile", "MCA")
