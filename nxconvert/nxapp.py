"""NXApp: NeXus files from a program that measures, by the parameters of a mapping.

The face that CERIC's 2nexus shows in figures 16 and 17 of PaNOSC D3.5. A facility, an instrument and an application
name mapping files; the program gives values by their parameters::

    with NXApp("scan.nxs", "elettra", "mcx", "monopd") as nexus:
        nexus.set(title="Si standard", start_time=datetime.now(timezone.utc), samp_name="Si")
        nexus.set(polar_angle={"value": angles, "units": "deg"}, data=counts)
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from nxconvert import given
from nxconvert.errors import Place, Problem, RequestError, near_names
from nxconvert.mapping import catalog, engine
from nxconvert.scan import Field, Scan
from nxconvert.tree import Dataset, Tree
from nxconvert.writer.hdf5 import NexusWriter
from nxconvert.writer.live import POINT, LiveFile
from nxconvert.writer.provenance import NAME, Provenance, clock, root_attributes

KEYS = ("value", "units")


class NXApp:
    """One NeXus file with one entry, filled parameter by parameter.

    The mapping is that of base, application, facility, instrument, and instrument's application, each more particular
    than the one before, looked for in *folders*, in ``$NXCONVERT_MAPPINGS``, in the user's folder, and among the
    shipped ones. As a context manager the file is written at the end; else every `set` leaves a whole file.

    ``overwrite``: replace a file that exists. ``convert_units``: write numbers in the mapping's units. ``swmr``:
    others may read along, by HDF5's SWMR, what `append` writes; this takes numbers only, for HDF5 keeps text of any
    length where a reader cannot follow. ``compression`` and ``timestamp`` as of the converters.

    RequestError for an unknown facility, instrument, application, or an existing file; MappingError with all mistakes
    of the files.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        facility: str,
        instrument: str,
        application: str,
        *,
        folders: Sequence[str | os.PathLike[str]] = (),
        overwrite: bool = False,
        convert_units: bool = False,
        swmr: bool = False,
        compression: str = "gzip",
        timestamp: float | None = None,
    ) -> None:
        self.path = os.fspath(path)
        #: what the file lacks or could not take, as of the last time it was written
        self.problems: list[Problem] = []
        files = catalog.hierarchy(facility, instrument, application, [Path(folder) for folder in folders])
        self._mapping = engine.load([str(file) for file in files], convert_units=convert_units)
        #: whether the file at the path may be replaced: it is ours, or the user said so
        self._owned = overwrite
        self._mine()
        self._swmr = swmr
        self._compression = compression
        self._when = clock(timestamp)
        names = {"facility": facility, "instrument": instrument, "application": application}
        self._provenance = Provenance(json.dumps(names), self._mapping.describe(places=False), self._when)
        self._fields: dict[str, Field] = {}
        #: what has a value per point, with that of the last point as its only row
        self._point: dict[str, Field] = {}
        self._growing = self._mapping
        self._live: LiveFile | None = None
        self._later = False
        self._closed = False
        self._alone = threading.RLock()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of all parameters that can be given."""
        return self._mapping.names

    def set(self, **parameters: Any) -> None:
        """Give values by the names of parameters; a later value takes the place of an earlier one, None removes it.

        A value is a number, a text, a bool, a datetime, a list or an array of numbers, texts or bools, a quantity of
        pint, or a dictionary ``{"value": ..., "units": ...}``. RequestError, with every reason and before anything is
        changed, for an unknown parameter, a value of a wrong type, or units of another kind than those of the mapping.
        """
        with self._alone:
            self._open()
            named = self._fields_of("set", parameters)
            fields = {name: field for name, field in (self._fields | named).items() if field is not None}
            tree = self._tree(self._mapping, fields | self._point)
            if self._live is not None:
                self._live.update(self._tree(self._growing, fields | self._point))
            elif not self._later:
                self._write(tree)
            self._fields = fields

    def append(self, **point: Any) -> None:
        """Add one point: a value for each parameter that has one per point, the same ones every time.

        The file grows in place and can be read meanwhile; what `set` gives is in it too (with *swmr*, what it gave
        before the first point), and `close` turns it into a whole, compressed file. RequestError where a point does
        not fit the ones before.
        """
        with self._alone:
            self._open()
            fields = {name: _one_point(field) for name, field in self._fields_of("append", point).items() if field}
            places = self._mapping.places
            for name in fields:
                if name not in places:
                    raise RequestError.at(
                        f"append {name}", "is no field of the file", "only a field can have many points"
                    )
            if not fields:
                raise RequestError.at(self.path, "a point without any value")
            if self._live is None:
                self._begin(fields)
            tree = self._tree(self._growing, self._fields | fields)
            if self._live is None:
                self._mine()
                attributes = root_attributes(self.path, tree.name, self._when)
                self._live = LiveFile(self.path, tree, attributes, self._swmr, self._owned)
                self._owned = True
            self._live.append(tree)
            self._point = fields

    def _begin(self, fields: dict[str, Field]) -> None:
        """Leave out sums over points that are still to come."""
        depending = self._mapping.depending(fields)
        whole = dict(self._tree(self._mapping, self._fields | fields).walk())
        places = self._mapping.places
        self._growing = self._mapping.without(
            {name for name in depending if name in places and not _per_point(whole.get(places[name]))}
        )

    def close(self) -> None:
        """Write what is not in the file yet, and end; a second call does nothing."""
        with self._alone:
            if self._closed:
                return
            if self._live is not None:
                places = self._mapping.places
                for name, field in self._point.items():
                    self._fields[name] = replace(field, value=self._live.grown(places[name]))
            if self._live is not None or self._later:
                self._write(self._tree(self._mapping, self._fields))
            self._end()

    def __enter__(self) -> NXApp:
        self._later = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
            return
        with self._alone:  # what was measured so far stays in a file that calls itself running
            if self._live is not None:
                self._live.leave(self._tree(self._growing, self._fields | self._point))
            self._end()

    def _mine(self) -> None:
        """Refuse to write over what somebody else wrote, also since this object was made."""
        if os.path.lexists(self.path) and not self._owned:
            raise RequestError.at(self.path, "exists already", hint="choose another name, or overwrite=True")

    def _open(self) -> None:
        if self._closed:
            raise RequestError.at(self.path, "is closed", hint="a further file needs an NXApp of its own")

    def _end(self) -> None:
        self._closed = True
        if self._live is not None:
            self._live.close()
            self._live = None

    def _fields_of(self, call: str, parameters: Mapping[str, Any]) -> dict[str, Field | None]:
        """Give what the user gave as fields, None for None; RequestError with every mistake."""
        problems: list[Problem] = []
        fields: dict[str, Field | None] = {}
        for name, stated in parameters.items():
            place = Place(f"{call} {name}")
            stated = stated if isinstance(stated, Mapping) else {"value": stated}
            unknown = [str(key) for key in stated if key not in KEYS]
            value, units = stated.get("value"), stated.get("units")
            if name not in self._mapping.names:
                hint = near_names(name, self._mapping.names)
                problems.append(Problem(place, f"'{name}' is no parameter of the mapping", hint=hint))
            elif unknown or "value" not in stated:
                found = f"the key '{unknown[0]}'" if unknown else "no 'value'"
                problems.append(Problem(place, found, "expected {'value': ..., 'units': ...}"))
            elif units is not None and not isinstance(units, str):
                problems.append(Problem(place, f"units of type {type(units).__name__}", "expected text"))
            else:
                try:
                    held, own = (None, None) if value is None else given.value(value)
                except (TypeError, ValueError) as error:
                    problems.append(Problem(place, str(error), f"expected {given.EXPECTED}"))
                    continue
                if units is not None and own is not None:
                    problems.append(
                        Problem(place, f"a quantity in '{own}' and units '{units}'", "expected one of them")
                    )
                fields[name] = None if held is None else Field(name, held, (), own if units is None else units)
        if problems:
            raise RequestError(*problems)
        return fields

    def _tree(self, mapping: engine.Mapping, fields: dict[str, Field]) -> Tree:
        """Give the entry as it is with these values; RequestError where one of them does not fit."""
        scan = Scan(0, 0, 0, Place(self.path), given=fields)
        lacking, wrong = mapping.check(scan)
        if wrong:
            raise RequestError(*wrong)
        tree, self.problems = mapping.tree(scan)
        if lacking:  # an entry that lacks what its definition demands does not claim it
            children = {name: child for name, child in tree.entry.children.items() if name != "definition"}
            tree = replace(tree, entry=replace(tree.entry, children=children))
        return tree

    def _write(self, tree: Tree) -> None:
        """Write the whole file in place of the one that is there."""
        self._mine()
        with NexusWriter(self.path, compression_name=self._compression) as writer:
            writer.write(tree)
            writer.add_group(f"{tree.name}/{NAME}", self._provenance.process())
            writer.root_attributes(root_attributes(self.path, tree.name, self._when))
        self._owned = True


def _one_point(field: Field) -> Field:
    """Give the value of a point as an array of one point."""
    value = field.value
    if isinstance(value, str):
        return replace(field, value=[value], dims=(POINT,))
    if isinstance(value, (list, datetime)):
        place = Place(f"append {field.name}")
        raise RequestError.at(
            place, f"a {type(value).__name__}", "a number, a text, or an array of numbers was expected"
        )
    array = np.asarray(value)[np.newaxis]
    if not array.size:
        raise RequestError.at(Place(f"append {field.name}"), "an empty array", "one value at least was expected")
    return replace(field, value=array, dims=(POINT, *(f"dimension_{n}" for n in range(1, array.ndim))))


def _per_point(node: object) -> bool:
    return isinstance(node, Dataset) and node.dims[:1] == (POINT,)
