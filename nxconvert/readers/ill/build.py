"""From a numor to a scan: what every instrument has, and the families' own part."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.errors import Problem
from nxconvert.readers.ill.dictionary import Known, own_name, understand
from nxconvert.readers.ill.frames import Arrange, Reading, stack
from nxconvert.readers.ill.numor import Counts, Numor
from nxconvert.readers.ill.texts import Facts, read_texts
from nxconvert.scan import Field, Plot, Scan, free_name
from nxconvert.streams import BLOCK, Source

#: more values per sub-spectrum than these are kept as one array, not as columns
MOST_COLUMNS = 256
#: so much of what stands before the counts is kept word for word
_MOST_HEADER = 1 << 20


@dataclass(slots=True)
class Making:
    """A scan while it is made: what was read, what the tables say, where the counts come from."""

    scan: Scan
    numor: Numor
    known: Known
    facts: Facts
    reading: Reading
    #: counts of the sub-spectra, in the file's order
    counts: list[Counts] = field(default_factory=list)
    #: how many blocks of parameters of each sub-spectrum are among the columns
    done: int = 0

    def stack(self, items: list[Counts], shape: tuple[int, ...], arrange: Arrange | None = None) -> Array | LazyArray:
        """Give the counts of sub-spectra of one length as a stack."""
        return stack(self.reading, items, shape, arrange)

    def detector(self, name: str, **items: Field | None) -> dict[str, Field]:
        """Add a detector with the items that there are; give it."""
        made = self.scan.detectors.setdefault(name, {})
        made.update({key: item for key, item in items.items() if item is not None})
        return made

    def column(self, name: str, value: Array, units: str | None = None, long_name: str | None = None) -> Field:
        """Add a column under a free name."""
        name = free_name(name, self.scan.columns)
        made = self.scan.columns[name] = Field(name, value, ("point",), units, long_name)
        return made


Family = Callable[[Making], None]


def build(source: Source, numor: Numor, order: int, index: int, problems: list[Problem]) -> Scan:
    """Make the scan of a numor.

    Counts that stay in the file tell what is odd in them when they are read: in *problems*, those of the file.
    """
    from nxconvert.readers.ill.families import FAMILIES

    facts = read_texts(numor)
    known = understand(numor, facts.instrument)
    scan = Scan(numor.run, order, index, numor.place, length=numor.end - numor.start)
    scan.sha256 = _digest(source, numor)
    scan.problems = numor.problems
    counts = [group.counts for group in numor.groups if group.counts is not None]
    wants_counts = known.layout is not None and any(table.shape[0] in "IJ" for table in known.layout.group or ())
    if wants_counts and numor.groups and not counts and point_rows(numor) is None:
        numor.cut = True
        found = "the numor ends here, within sub-spectrum 1"
        scan.problems.append(Problem(numor.groups[0].place, found, "its counts expected", "it is left out", "lost"))
    if known.announced:
        numor.cut = True
        found = f"sub-spectrum 1 has {known.announced[0]} block{'s' * (known.announced[0] != 1)}"
        hint = "the file may be a part of its original: what is there is converted under the names in the file"
        expected = f"{known.announced[1]} expected"
        scan.problems.append(Problem(numor.groups[0].place, found, expected, hint, "lost"))
    making = Making(scan, numor, known, facts, Reading(source, scan.problems), counts)
    _texts(making)
    _places(making)
    FAMILIES[known.family](making)
    _rest(making)
    _status(making)
    scan.metadata.update(known.fields)
    _notes(source, making)
    making.reading.problems = problems
    return scan


def _digest(source: Source, numor: Numor) -> str:
    if numor.start == 0 and numor.end == source.size:
        own = source.source_file()  # of a plain file: computed on the way
        if own.size == source.size:
            return own.sha256
    digest = hashlib.sha256()
    for at in range(numor.start, numor.end, BLOCK):
        digest.update(source.read_at(at, min(BLOCK, numor.end - at)))
    return digest.hexdigest()


def _texts(making: Making) -> None:
    scan, facts = making.scan, making.facts
    scan.title = facts.title or f"numor {making.numor.run}"
    scan.start_time, scan.end_time = facts.start, facts.end
    if facts.date is not None and scan.start_time is None:
        # diffractometers write the time of the start, all others that of the end
        if making.known.family in ("diffraction", "bank", "banks", "kinetic"):
            scan.start_time = facts.date
        elif making.known.layout is not None:
            scan.end_time = facts.date
        else:
            scan.metadata["date"] = Field("date", facts.date)
    for name, text in (("subtitle", facts.subtitle), ("scan_type", facts.scan_type)):
        if text:
            scan.metadata[name] = Field(name, text)
    if facts.proposal:
        scan.metadata["proposal"] = Field("proposal", facts.proposal)
    if facts.user:
        scan.user["name"] = Field("name", facts.user)
    if facts.local_contact:
        scan.user["local_contact"] = Field("local_contact", facts.local_contact)
    if facts.sample:
        scan.sample["name"] = Field("name", facts.sample)
    if facts.instrument:
        scan.instrument["name"] = Field("name", facts.instrument)
    # no other facility writes numors
    scan.metadata["facility"] = Field("facility", "ILL")
    scan.metadata["facility_type"] = Field("facility_type", "Reactor Neutron Source")
    for text in facts.odd:
        scan.problems.append(Problem(making.numor.place, f"'{text}' is no date", "day-month-year expected"))


def _places(making: Making) -> None:
    """Put the values of the header that have a place of their own there."""
    scan = making.scan
    spaces = {
        "instrument": scan.instrument,
        "sample": scan.sample,
        "monitor": scan.monitor,
        "positioners": scan.positioners,
        "metadata": scan.metadata,
    }
    for (namespace, name), found in making.known.places.items():
        if namespace == "metadata":
            # it is there already, under its own name
            if found.name != name:
                scan.metadata[name] = replace(found, name=name)
        elif namespace != "detector":
            as_float = np.asarray(found.value, np.float64)[()] if namespace == "positioners" else found.value
            spaces[namespace][name] = replace(found, name=name, value=as_float)


def header_items(making: Making) -> dict[str, Field]:
    """Give the values of the header that belong to the detector, such as its distance."""
    return {
        name: replace(found, name=name)
        for (namespace, name), found in making.known.places.items()
        if namespace == "detector"
    }


def _rest(making: Making) -> None:
    """Keep blocks of the sub-spectra that their layout does not have: of parameters, and large ones of counts."""
    groups, scan = making.numor.groups, making.scan
    depth = max((len(group.parameters) for group in groups), default=0)
    for block in range(making.done, depth):
        names, values = parameters(making, block)
        shown = values[0] if len(groups) == 1 else values
        name = f"parameters_{block + 1}"
        scan.metadata[name] = Field(name, shown, ("item",) if len(groups) == 1 else ("sub_spectrum", "item"))
        if any(names):
            scan.metadata[f"{name}_names"] = Field(f"{name}_names", names, ("line",))
    more = [item for group in groups for item in group.more]
    for members in by_length(more):
        items = [more[index] for index in members]
        data = Field("data", making.stack(items, (items[0].count,)), ("block", "channel"))
        making.detector(free_name("more_counts", scan.detectors), data=data)


def _status(making: Making) -> None:
    numor = making.numor
    wanted = max(numor.total, making.known.whole("nkmes") or 0)
    rows = point_rows(numor)
    if numor.cut or (len(numor.groups) if rows is None else len(rows)) < wanted:
        making.scan.status = "aborted"
    elif numor.groups:
        making.scan.status = "complete"


def _notes(source: Source, making: Making) -> None:
    numor, scan = making.numor, making.scan
    length = numor.head_end - numor.start
    text = source.read_at(numor.start, min(length, _MOST_HEADER)).decode("latin-1")
    if length > _MOST_HEADER:
        hint = f"the first {_MOST_HEADER} are kept word for word"
        scan.problems.append(Problem(numor.place, f"{length} bytes before the first counts", "", hint))
    scan.notes["scan_header"] = Field("scan_header", text.replace("\r\n", "\n"))
    if numor.free_text.strip():
        scan.notes["free_text"] = Field("free_text", numor.free_text)
    layout = making.known.layout
    if layout is not None and not making.known.is_sure and layout.description:
        scan.notes["layout"] = Field("layout", f"one source says: {layout.description}")
    lines = [line for group in numor.groups for line in group.text]
    if lines:
        scan.notes["spectrum_text"] = Field("spectrum_text", lines, ("line",))


# --- what several families use


def point_rows(numor: Numor) -> Array | None:
    """Give the points of a point detector, (point, ``nbang`` + 3), which stand in one block F of the only sub-spectrum.

    None where there is no such block, or its length is not that of ``npdone`` points. Source: ufit (D23), R. Ghosh
    (D10 in 1991).
    """
    control = next((block.values for block in numor.header if block.letter == "I" and len(block.values) == 31), None)
    if control is None or len(numor.groups) != 1 or numor.groups[0].counts is not None:
        return None
    blocks, width, points = numor.groups[0].parameters, int(control[4]) + 3, int(control[6])
    if len(blocks) != 1 or not 3 <= width <= 10 or points < 2 or len(blocks[0].values) != width * points:
        return None
    return blocks[0].values.reshape(points, width)


def parameters(making: Making, block: int = 0) -> tuple[list[str], Array]:
    """Give the names and the values (sub-spectrum, value) of a block of parameters of all sub-spectra, nan for none."""
    rows = point_rows(making.numor)
    if rows is not None:
        return making.numor.groups[0].parameters[0].names, rows
    blocks = [group.parameters[block] if len(group.parameters) > block else None for group in making.numor.groups]
    there = [item for item in blocks if item is not None]
    if not there:
        return [], np.empty((len(blocks), 0))
    if any(item.names != there[0].names for item in there):
        found = "the numbers of the sub-spectra have different names"
        hint = "those of the first one are taken for all: they are a matter of position"
        making.scan.problems.append(Problem(there[0].place, found, "", hint, "note"))
    width = max(len(item.values) for item in there)
    values = np.full((len(blocks), width), np.nan)
    for row, item in zip(values, blocks, strict=True):
        if item is not None:
            row[: len(item.values)] = item.values
    return there[0].names, values


def own_columns(making: Making) -> None:
    """Make columns of all blocks of parameters under the names in the file; the last name stands for what follows."""
    making.done = max((len(group.parameters) for group in making.numor.groups), default=0)
    for block in range(making.done):
        names, values = parameters(making, block)
        if values.shape[1] > MOST_COLUMNS:
            name = f"parameters_{block + 1}"
            making.scan.metadata[name] = Field(name, values, ("point", "item"))
            continue
        for at in range(values.shape[1]):
            label = names[min(at, len(names) - 1)] if names else f"F_{at + 1}"
            name, units = own_name(label or f"F_{at + 1}")
            making.column(name, values[:, at].copy(), units, label if name != label else None)


def by_length(counts: list[Counts]) -> list[list[int]]:
    """Group sub-spectra of equal length: their numbers in the file's order; the largest group first."""
    groups: dict[tuple[str, int], list[int]] = {}
    for index, item in enumerate(counts):
        groups.setdefault((item.letter, item.count), []).append(index)
    return sorted(groups.values(), key=len, reverse=True)


def add_plot(
    scan: Scan, name: str, signal: Field, axes: tuple[Field | None, ...], extra: tuple[Field, ...] = ()
) -> None:
    """Add a plot: the first one is called ``data``, the default, the others *name*."""
    name = name if scan.plots else "data"
    scan.plots[free_name(name, scan.plots)] = Plot(signal, axes, extra)
