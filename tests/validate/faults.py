"""One good NeXus file, and faults that change one thing of it: what each is called, how bad it is, and why.

The severities follow from what programs do with such a file: an *error* makes one fail, or makes a validator refuse the
file; a *warning* hinders one program or one validator; both are found whatever the other tools say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

TEXT = h5py.string_dtype()


def good(path: Path) -> None:
    """Write a powder pattern with everything in its place, in the layout that every judge accepts."""
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs.update(
            NX_class="NXroot",
            default="scan_1",
            file_name=path.name,
            file_time="2024-06-03T08:00:00+02:00",
            HDF5_Version=h5py.version.hdf5_version,
            creator="a test",
        )
        entry = group(file, "scan_1", "NXentry", default="data")
        entry["title"] = "powder"
        entry["start_time"] = "2024-06-03T08:00:00+02:00"
        entry["end_time"] = "2024-06-03T09:00:00+02:00"
        instrument = group(entry, "instrument", "NXinstrument")
        source = group(instrument, "source", "NXsource")
        source["name"], source["type"], source["probe"] = "ring", "Synchrotron X-ray Source", "x-ray"
        crystal = group(instrument, "crystal", "NXcrystal")
        dataset(crystal, "wavelength", np.array([1.54]), units="angstrom")
        detector = group(instrument, "detector", "NXdetector")
        dataset(detector, "polar_angle", np.linspace(10, 20, 11), units="degree", target=True)
        dataset(detector, "data", np.arange(11), units="counts", target=True)
        sample = group(entry, "sample", "NXsample")
        dataset(sample, "name", "silicon", target=True)
        dataset(sample, "rotation_angle", 0.0, units="degree", target=True)
        dataset(sample, "temperature", 300.0, units="K")
        monitor = group(entry, "monitor", "NXmonitor")
        dataset(monitor, "mode", "monitor", target=True)
        dataset(monitor, "preset", 100.0, units="counts", target=True)
        dataset(monitor, "integral", 4711.0, units="counts", target=True)
        data = group(entry, "data", "NXdata", signal="data", polar_angle_indices=0)
        data.attrs["axes"] = np.array(["polar_angle"], dtype=TEXT)
        data["data"], data["polar_angle"] = detector["data"], detector["polar_angle"]
        definition = group(entry, "monopd", "NXsubentry", default="data")
        definition["definition"] = "NXmonopd"
        for name in ("title", "start_time"):
            entry[name].attrs["target"] = f"/scan_1/{name}"
            definition[name] = entry[name]
        own = group(definition, "instrument", "NXinstrument")
        for item in (source, crystal, detector, sample, monitor, data):
            item.attrs["target"] = item.name
        own["source"], own["crystal"], own["detector"] = source, crystal, detector
        definition["sample"], definition["monitor"], definition["data"] = sample, monitor, data


def group(parent: Any, name: str, nx_class: str, **attributes: Any) -> Any:
    made = parent.create_group(name, track_order=True)
    made.attrs.update(NX_class=nx_class, **attributes)
    return made


def dataset(parent: Any, name: str, value: Any, units: str | None = None, target: bool = False) -> None:
    parent[name] = value
    if units is not None:
        parent[name].attrs["units"] = units
    if target:
        parent[name].attrs["target"] = parent[name].name


@dataclass(frozen=True)
class Fault:
    """A change of the good file, and the finding that it must give: severity, rule and path."""

    name: str
    change: Callable[[Any], None]
    severity: str
    rule: str
    path: str
    why: str


FAULTS: list[Fault] = []


def fault(severity: str, rule: str, path: str, why: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    def register(change: Callable[[Any], None]) -> Callable[[Any], None]:
        FAULTS.append(Fault(change.__name__, change, severity, rule, path, why))
        return change

    return register


def replace(file: Any, path: str, value: Any) -> None:
    """Put another value in place of a field, under every link that it has."""
    old = file[path]
    places: list[str] = []
    attributes = dict(old.attrs)

    def visit(parent: Any) -> None:
        for name, item in parent.items():
            if item == old:
                places.append(f"{parent.name}/{name}")
            elif isinstance(item, h5py.Group) and item.name.count("/") < 6:
                visit(item)

    visit(file)
    first, *others = dict.fromkeys([path, *(place for place in places if file[place] == old)])
    for place in {first, *others}:
        if place in file:
            del file[place]
    if isinstance(value, tuple):
        file.create_dataset(first, **value[0])
    else:
        file[first] = value
    file[first].attrs.update(attributes)
    for place in others:
        if place not in file:
            file[place] = file[first]


# links


@fault("error", "broken-link", "/scan_1/lost", "punx, scippnexus and pynxtools end there")
def soft_link_to_nothing(file: Any) -> None:
    file["scan_1/lost"] = h5py.SoftLink("/scan_1/nothing")


@fault("error", "broken-link", "/scan_1/data/up", "HDF5 knows no '..'")
def soft_link_upwards(file: Any) -> None:
    file["scan_1/data/up"] = h5py.SoftLink("../title")


@fault("error", "broken-link", "/scan_1/elsewhere", "punx ends there; scippnexus and silx call it broken")
def external_link_to_nothing(file: Any) -> None:
    file["scan_1/elsewhere"] = h5py.ExternalLink("other.nxs", "/entry")


@fault("note", "broken-link", "/scan_1/elsewhere", "what is behind cannot be judged from here; no judge objects")
def external_link(file: Any) -> None:
    with h5py.File(Path(file.filename).with_name("there.nxs"), "w") as other:
        group(other, "note", "NXnote")["description"] = "elsewhere"
    file["scan_1/elsewhere"] = h5py.ExternalLink("there.nxs", "/note")


@fault("error", "broken-link", "/scan_1/instrument/detector/data", "viewers show zeros for what was measured")
def virtual_data_of_a_file_that_is_not_there(file: Any) -> None:
    layout = h5py.VirtualLayout((11,), np.int64)
    layout[:] = h5py.VirtualSource("lost.h5", "/x", (11,))
    detector, data = file["scan_1/instrument/detector"], file["scan_1/data"]
    attributes = dict(detector["data"].attrs)
    del detector["data"], data["data"]
    detector.create_virtual_dataset("data", layout).attrs.update(attributes)
    data["data"] = detector["data"]


@fault("error", "broken-link", "/scan_1/monopd/sample", "every judge of links; NXmonopd demands the group")
def soft_link_of_a_definition_to_nothing(file: Any) -> None:
    del file["scan_1/monopd/sample"]
    file["scan_1/monopd/sample"] = h5py.SoftLink("/scan_1/sampel")


@fault("error", "circle", "/scan_1/sample/again", "punx and scippnexus end in a RecursionError")
def link_to_the_group_above(file: Any) -> None:
    file["scan_1/sample/again"] = file["scan_1"]


@fault("error", "target", "/scan_1/sample/name", "programs that follow it read another object; no judge looks")
def target_elsewhere(file: Any) -> None:
    file["scan_1/sample/name"].attrs["target"] = "/scan_1/title"


@fault("error", "target", "/scan_1/sample/name", "nexusformat ends there; punx refuses it")
def target_relative(file: Any) -> None:
    file["scan_1/sample/name"].attrs["target"] = "sample/name"


@fault("error", "target", "/scan_1/sample/name", "nexusformat ends there; punx refuses it")
def target_to_nothing(file: Any) -> None:
    file["scan_1/sample/name"].attrs["target"] = "/scan_1/nothing"


@fault("error", "target", "/scan_1/sample/name", "nexusformat ends there; punx refuses it")
def target_in_an_entry_that_is_not_there(file: Any) -> None:
    file["scan_1/sample/name"].attrs["target"] = "/scan_9/sample/name"


@fault("error", "target", "/scan_2/title", "programs that follow it read the other entry; no judge looks")
def targets_of_the_entry_that_was_copied(file: Any) -> None:
    file.copy("scan_1", "scan_2")


@fault("warning", "target", "/scan_1/data/data", "pynxtools calls it not valid; cnxvalidate refuses it")
def soft_link_without_target(file: Any) -> None:
    del file["scan_1/instrument/detector/data"].attrs["target"]
    del file["scan_1/data/data"]
    file["scan_1/data/data"] = h5py.SoftLink("/scan_1/instrument/detector/data")


@fault("warning", "target", "/scan_1/data/data", "nexusformat takes the link for a copy")
def link_without_target(file: Any) -> None:
    del file["scan_1/instrument/detector/data"].attrs["target"]


@fault("error", "definition", "/scan_1/monopd/data/data", "NXmonopd demands a link")
def copy_instead_of_link(file: Any) -> None:
    values = file["scan_1/data/data"][()]
    del file["scan_1/data/data"]
    file["scan_1/data/data"] = values


# classes and names


@fault("error", "group-class", "/scan_1/things", "nexusformat refuses the group")
def group_without_class(file: Any) -> None:
    file.create_group("scan_1/things")


@fault("error", "group-class", "/scan_1/things", "no class of NeXus begins so")
def class_without_nx(file: Any) -> None:
    group(file["scan_1"], "things", "detector")


@fault("error", "group-class", "/scan_1/more/things", "nexusformat wants one inside an NXcollection too")
def group_without_class_in_a_collection(file: Any) -> None:
    group(file["scan_1"], "more", "NXcollection").create_group("things")


@fault("error", "base-class", "/scan_1/detector", "nexusformat: an NXentry has none")
def class_in_the_wrong_place(file: Any) -> None:
    group(file["scan_1"], "detector", "NXdetector")["data"] = np.arange(3)


@fault("error", "text-form", "/scan_1/sample", "pynxtools and scippnexus fail")
def class_as_array(file: Any) -> None:
    file["scan_1/sample"].attrs["NX_class"] = np.array(["NXsample"], dtype=TEXT)


@fault("error", "group-class", "/", "nexusformat ends with an exception; punx refuses it")
def root_of_another_class(file: Any) -> None:
    file.attrs["NX_class"] = "NXentry"


@fault("error", "base-class", "/scan_1/things", "no such class")
def unknown_class(file: Any) -> None:
    group(file["scan_1"], "things", "NXdetektor")


@fault("warning", "text-form", "/scan_1/sample", "pynxtools ends with an exception")
def class_of_fixed_length(file: Any) -> None:
    file["scan_1/sample"].attrs["NX_class"] = np.bytes_("NXsample")


@fault("error", "name", "/scan_1/sample/two words", "every validator refuses it")
def name_with_blank(file: Any) -> None:
    file["scan_1/sample/two words"] = 1.0


@fault("error", "name", "/scan_1/sample/a-b", "every validator refuses it")
def name_with_dash(file: Any) -> None:
    file["scan_1/sample/a-b"] = 1.0


@fault("error", "name", f"/scan_1/sample/{'x' * 64}", "the manual ends names at 63 characters; no judge counts")
def long_name(file: Any) -> None:
    file[f"scan_1/sample/{'x' * 64}"] = 1.0


@fault("warning", "name", "/scan_1/sample/2theta", "nexusformat refuses it; ESRF's files have such names")
def name_with_digit_first(file: Any) -> None:
    file["scan_1/sample/2theta"] = 1.0


@fault("warning", "name", "/scan_1/sample/a.b", "nexusformat refuses it")
def name_with_dot(file: Any) -> None:
    file["scan_1/sample/a.b"] = 1.0


@fault("warning", "name", "/scan_1/sample", "punx refuses it")
def attribute_with_dash(file: Any) -> None:
    file["scan_1/sample"].attrs["a-b"] = 1


@fault("warning", "reserved-name", "/scan_1/data", "pynxtools refuses it: 'title' is a field")
def title_as_attribute(file: Any) -> None:
    file["scan_1/data"].attrs["title"] = "powder"


@fault("warning", "reserved-name", "/scan_1/sample/point_set", "pynxtools looks for the field 'point'")
def reserved_ending(file: Any) -> None:
    file["scan_1/sample/point_set"] = 1.0


@fault("warning", "reserved-name", "/scan_1/sample/SILX_x", "reserved by the manual; in NXdata pynxtools refuses it")
def reserved_beginning(file: Any) -> None:
    file["scan_1/sample/SILX_x"] = 1.0


@fault("warning", "reserved-name", "/scan_1/data", "pynxtools calls the file not valid")
def attribute_of_silx(file: Any) -> None:
    file["scan_1/data"].attrs["SILX_style"] = "{}"


# texts and attributes


@fault("error", "text-form", "/scan_1/data", "punx and pynxtools end there; silx and h5web show no plot")
def signal_as_array(file: Any) -> None:
    file["scan_1/data"].attrs["signal"] = np.array(["data"], dtype=TEXT)


@fault("error", "text-form", "/scan_1/monopd/definition", "pynxtools ends with an exception")
def definition_as_array(file: Any) -> None:
    replace(file, "/scan_1/monopd/definition", np.array(["NXmonopd"], dtype=TEXT))


@fault("warning", "text-form", "/scan_1/monopd/definition", "pynxtools may end with an exception")
def definition_of_fixed_length(file: Any) -> None:
    replace(file, "/scan_1/monopd/definition", np.bytes_("NXmonopd"))


@fault("error", "text-form", "/scan_1", "punx and silx end with an exception")
def default_as_array(file: Any) -> None:
    file["scan_1"].attrs["default"] = np.array(["data"], dtype=TEXT)


@fault("error", "text-form", "/scan_1/sample/temperature", "scippnexus cannot load the file")
def units_as_array(file: Any) -> None:
    file["scan_1/sample/temperature"].attrs["units"] = np.array(["K"], dtype=TEXT)


@fault("error", "text-form", "/scan_1/data/title", "h5web fails on another shape")
def title_of_a_plot_as_array(file: Any) -> None:
    file["scan_1/data/title"] = np.array(["powder"], dtype=TEXT)


@fault("warning", "text-form", "/scan_1/sample/description", "h5grove cannot show it")
def text_that_is_not_utf8(file: Any) -> None:
    file["scan_1/sample/description"] = np.bytes_(b"caf\xe9")


@fault("error", "text-form", "/scan_1/monopd/title", "pynxtools wants text")
def title_as_number(file: Any) -> None:
    replace(file, "/scan_1/title", 5)


@fault("error", "text-form", "/scan_1/sample/temperature", "units are text")
def units_as_number(file: Any) -> None:
    file["scan_1/sample/temperature"].attrs["units"] = 1.0


@fault("warning", "text-list", "/scan_1/data", "scippnexus fails")
def axes_as_scalar(file: Any) -> None:
    file["scan_1/data"].attrs["axes"] = "polar_angle"


@fault("error", "empty-value", "/scan_1/sample/comment", "scippnexus fails")
def null_field(file: Any) -> None:
    file["scan_1/sample/comment"] = h5py.Empty("S1")


@fault("error", "empty-value", "/scan_1/sample/temperature", "scippnexus fails")
def null_attribute(file: Any) -> None:
    file["scan_1/sample/temperature"].attrs["long_name"] = h5py.Empty("S1")


@fault("error", "storage", "/scan_1/sample/blob", "nexusformat and scippnexus fail")
def opaque_bytes(file: Any) -> None:
    file["scan_1/sample/blob"] = np.void(b"abc")


@fault("warning", "storage", "/scan_1/sample/table", "scippnexus cannot load the file")
def compound_values(file: Any) -> None:
    file["scan_1/sample/table"] = np.zeros(3, dtype=[("a", "f8"), ("b", "i4")])


# times


@fault("error", "date", "/scan_1/monopd/start_time", "pynxtools refuses it")
def date_without_time(file: Any) -> None:
    replace(file, "/scan_1/start_time", "2024-06-03")


@fault("warning", "date", "/scan_1/sample/log/time", "pynxtools refuses it")
def log_that_starts_without_zone(file: Any) -> None:
    log = group(file["scan_1/sample"], "log", "NXlog")
    dataset(log, "value", np.arange(3.0), units="K")
    dataset(log, "time", np.arange(3.0), units="s")
    log["time"].attrs["start"] = "2024-06-03T08:00:00"


@fault("error", "date", "/scan_1/monopd/start_time", "SPEC's form; pynxtools refuses it")
def date_of_spec(file: Any) -> None:
    replace(file, "/scan_1/start_time", "Mon Jun 03 08:00:00 2024")


@fault("error", "date", "/scan_1/end_time", "pynxtools refuses a blank")
def date_with_blank(file: Any) -> None:
    replace(file, "/scan_1/end_time", "2024-06-03 08:00:00+02:00")


@fault("error", "date", "/scan_1/end_time", "pynxtools refuses a zone without colon")
def zone_without_colon(file: Any) -> None:
    replace(file, "/scan_1/end_time", "2024-06-03T08:00:00+0200")


@fault("warning", "date", "/scan_1/end_time", "nobody knows when it was; pynxtools refuses it")
def date_without_zone(file: Any) -> None:
    replace(file, "/scan_1/end_time", "2024-06-03T08:00:00")


# numbers


@fault("warning", "byte-order", "/scan_1/instrument/detector/data", "scippnexus fails")
def big_endian(file: Any) -> None:
    replace(file, "/scan_1/instrument/detector/data", ({"data": np.arange(11), "dtype": ">i4"},))


@fault("error", "type", "/scan_1/monopd/monitor/integral", "NX_FLOAT; pynxtools and cnxvalidate refuse an integer")
def integer_for_float(file: Any) -> None:
    replace(file, "/scan_1/monitor/integral", 4711)


@fault("error", "type", "/scan_1/monopd/instrument/detector/data", "NX_INT; pynxtools and cnxvalidate refuse a float")
def float_for_integer(file: Any) -> None:
    replace(file, "/scan_1/instrument/detector/data", np.arange(11.0))


@fault("error", "rank", "/scan_1/monopd/instrument/detector/polar_angle", "cnxvalidate refuses more dimensions")
def too_many_dimensions(file: Any) -> None:
    replace(file, "/scan_1/instrument/detector/polar_angle", np.zeros((11, 2)))


@fault("warning", "orientation-matrix", "/scan_1/sample/orientation_matrix", "scippnexus fails")
def matrix_in_a_row(file: Any) -> None:
    file["scan_1/sample/orientation_matrix"] = np.eye(3).reshape(9)


# units


@fault("warning", "unit-missing", "/scan_1/monopd/instrument/crystal/wavelength", "pynxtools calls the file not valid")
def no_units_where_the_definition_names_their_kind(file: Any) -> None:
    del file["scan_1/instrument/crystal/wavelength"].attrs["units"]


@fault("error", "unit-category", "/scan_1/instrument/crystal/wavelength", "pynxtools calls the file not valid")
def a_length_without_dimension(file: Any) -> None:
    file["scan_1/instrument/crystal/wavelength"].attrs["units"] = ""


@fault("warning", "unit", "/scan_1/sample/rotation_angle", "no unit of UDUNITS; scipp refuses it")
def pixel(file: Any) -> None:
    file["scan_1/sample/rotation_angle"].attrs["units"] = "pixel"


@fault("warning", "unit", "/scan_1/sample/rotation_angle", "no unit of UDUNITS")
def deg(file: Any) -> None:
    file["scan_1/sample/rotation_angle"].attrs["units"] = "deg"


@fault("warning", "unit", "/scan_1/sample/temperature", "pint reads it as carats")
def unit_that_nobody_knows(file: Any) -> None:
    file["scan_1/sample/temperature"].attrs["units"] = "arb. units"


@fault("error", "unit-category", "/scan_1/sample/temperature", "a temperature is no length; pynxtools refuses it")
def unit_of_another_kind(file: Any) -> None:
    file["scan_1/sample/temperature"].attrs["units"] = "mm"


@fault("error", "unit-category", "/scan_1/instrument/crystal/wavelength", "C is a charge")
def coulomb_for_length(file: Any) -> None:
    file["scan_1/instrument/crystal/wavelength"].attrs["units"] = "C"


# plots


@fault("error", "signal", "/scan_1/data", "nothing can be plotted")
def no_signal(file: Any) -> None:
    del file["scan_1/data"].attrs["signal"]


@fault("error", "signal", "/scan_1/data", "nothing can be plotted")
def signal_that_is_not_there(file: Any) -> None:
    file["scan_1/data"].attrs["signal"] = "counts"


@fault("warning", "signal", "/scan_1/data", "NeXus before 2014")
def signal_on_the_field(file: Any) -> None:
    del file["scan_1/data"].attrs["signal"]
    file["scan_1/data/data"].attrs["signal"] = 1


@fault("error", "signal", "/scan_1/words/text", "h5web expects numbers")
def signal_of_text(file: Any) -> None:
    group(file["scan_1"], "words", "NXdata", signal="text")["text"] = "abc"


@fault("warning", "signal", "/scan_1/one/value", "h5web shows no plot")
def signal_of_one_number(file: Any) -> None:
    group(file["scan_1"], "one", "NXdata", signal="value")["value"] = 5.0


@fault("error", "axes", "/scan_1/data", "nexusformat refuses it; silx and h5web draw a scatter")
def too_many_axes(file: Any) -> None:
    file["scan_1/data"].attrs["axes"] = np.array(["polar_angle", "polar_angle"], dtype=TEXT)


@fault("error", "signal", "/scan_1/data", "punx and h5web refuse it: a name is expected")
def signal_as_path(file: Any) -> None:
    file["scan_1/data"].attrs["signal"] = "/scan_1/data/data"


@fault("error", "auxiliary", "/scan_1/data", "silx, h5web and scippnexus show nothing of the group")
def auxiliary_signal_that_is_not_there(file: Any) -> None:
    file["scan_1/data"].attrs["auxiliary_signals"] = np.array(["i0"], dtype=TEXT)


@fault("error", "auxiliary", "/scan_1/data/i0", "silx shows nothing of the group")
def auxiliary_signal_of_another_shape(file: Any) -> None:
    file["scan_1/data/i0"] = np.arange(5)
    file["scan_1/data"].attrs["auxiliary_signals"] = np.array(["i0"], dtype=TEXT)


@fault("warning", "text-list", "/scan_1/data", "scippnexus cannot load the file")
def auxiliary_signals_as_scalar(file: Any) -> None:
    file["scan_1/data/i0"] = np.arange(11)
    file["scan_1/data"].attrs["auxiliary_signals"] = "i0"


@fault("error", "axes", "/scan_1/data", "nexusformat, silx and scippnexus refuse it")
def too_few_axes(file: Any) -> None:
    replace(file, "/scan_1/instrument/detector/data", np.arange(22).reshape(11, 2))


@fault("warning", "axes", "/scan_1/data/polar_angle", "silx and h5web refuse it, pynxtools ends with an exception")
def axis_of_one_number(file: Any) -> None:
    replace(file, "/scan_1/instrument/detector/polar_angle", 5.0)


@fault("error", "axes", "/scan_1/data", "punx and nexusformat refuse it")
def axis_that_is_not_there(file: Any) -> None:
    file["scan_1/data"].attrs["axes"] = np.array(["angle"], dtype=TEXT)


@fault("warning", "axes", "/scan_1/data", "punx refuses it")
def axis_of_a_dot(file: Any) -> None:
    file["scan_1/data"].attrs["axes"] = np.array(["."], dtype=TEXT)


@fault("error", "axes", "/scan_1/data/polar_angle", "no viewer can plot it")
def axis_of_another_length(file: Any) -> None:
    replace(file, "/scan_1/instrument/detector/polar_angle", np.arange(7.0))


@fault("warning", "axes", "/scan_1/data/polar_angle", "edges of bins: silx and pynxtools refuse them")
def axis_of_edges(file: Any) -> None:
    replace(file, "/scan_1/instrument/detector/polar_angle", np.arange(12.0))


@fault("warning", "axes", "/scan_1/data/polar_angle", "silx refuses it")
def axis_of_two_dimensions(file: Any) -> None:
    replace(file, "/scan_1/instrument/detector/polar_angle", np.zeros((11, 1)))


@fault("error", "axes", "/scan_1/data/words", "h5web refuses it")
def axis_of_text(file: Any) -> None:
    file["scan_1/data/words"] = np.array(["a"] * 11, dtype=TEXT)
    file["scan_1/data"].attrs["axes"] = np.array(["words"], dtype=TEXT)


@fault("warning", "axes", "/scan_1/data", "the manual wants it for every axis")
def no_indices(file: Any) -> None:
    del file["scan_1/data"].attrs["polar_angle_indices"]


@fault("error", "indices", "/scan_1/data", "scippnexus cannot load the file")
def indices_out_of_range(file: Any) -> None:
    file["scan_1/data"].attrs["polar_angle_indices"] = 3


@fault("warning", "indices", "/scan_1/data", "it says nothing; no judge objects")
def indices_of_nothing(file: Any) -> None:
    file["scan_1/data"].attrs["temperature_indices"] = 0


@fault("error", "indices", "/scan_1/data", "pynxtools refuses it; scippnexus cannot load the file")
def indices_as_text(file: Any) -> None:
    file["scan_1/data"].attrs["polar_angle_indices"] = "0"


@fault("warning", "errors", "/scan_1/data/data_errors", "scippnexus cannot load the file")
def errors_of_integers(file: Any) -> None:
    file["scan_1/data/data_errors"] = np.ones(11)


@fault("warning", "errors", "/scan_1/data/errors", "deprecated")
def errors_in_the_old_way(file: Any) -> None:
    file["scan_1/data/errors"] = np.ones(11)


@fault("warning", "errors", "/scan_1/data/data_error", "deprecated; of integers scippnexus cannot load them")
def errors_in_the_singular(file: Any) -> None:
    file["scan_1/data/data_error"] = np.ones(11)


@fault("error", "errors", "/scan_1/data/data_errors", "one for each value")
def errors_of_another_shape(file: Any) -> None:
    file["scan_1/data/data_errors"] = np.ones(5)


@fault("error", "interpretation", "/scan_1/instrument/detector/data", "cnxvalidate refuses what is not in the list")
def interpretation_that_is_none(file: Any) -> None:
    file["scan_1/data/data"].attrs["interpretation"] = "picture"


# the way to the plot


@fault("warning", "default", "/", "silx shows nothing")
def no_default_at_the_root(file: Any) -> None:
    del file.attrs["default"]


@fault("error", "default", "/", "punx refuses it")
def default_of_the_root_is_not_there(file: Any) -> None:
    file.attrs["default"] = "scan_2"


@fault("error", "default", "/", "the manual wants a name")
def default_is_a_path(file: Any) -> None:
    file.attrs["default"] = "scan_1/data"


@fault("warning", "default", "/scan_1", "silx shows nothing")
def no_default_in_the_entry(file: Any) -> None:
    del file["scan_1"].attrs["default"]


@fault("error", "default", "/scan_1", "punx refuses it")
def default_of_the_entry_is_not_there(file: Any) -> None:
    file["scan_1"].attrs["default"] = "plot"


@fault("warning", "default", "/scan_1", "silx shows nothing")
def default_is_a_field(file: Any) -> None:
    file["scan_1"].attrs["default"] = "title"


@fault("warning", "default", "/scan_1", "silx and h5web show nothing")
def default_is_no_plot(file: Any) -> None:
    file["scan_1"].attrs["default"] = "sample"


@fault("warning", "root-attributes", "/", "cnxvalidate counts them as errors")
def root_without_attributes(file: Any) -> None:
    for name in ("file_name", "file_time", "HDF5_Version"):
        del file.attrs[name]


@fault("error", "entry", "/", "there is nothing to look at")
def no_entry(file: Any) -> None:
    file["scan_1"].attrs["NX_class"] = "NXcollection"
    del file["scan_1/monopd"]


# definitions


@fault("error", "definition", "/scan_1/monopd/sample/name", "NXmonopd demands it")
def required_field_missing(file: Any) -> None:
    del file["scan_1/sample/name"]


@fault("error", "definition", "/scan_1/monopd/monitor/mode", "it may be 'monitor' or 'timer'")
def value_that_the_definition_does_not_list(file: Any) -> None:
    replace(file, "/scan_1/monitor/mode", "counts")


@fault("error", "definition", "/scan_1/monopd", "there is no such definition")
def unknown_definition(file: Any) -> None:
    replace(file, "/scan_1/monopd/definition", "NXmonopdd")


@fault("error", "definition", "/scan_1/monopd/instrument/source/type", "nexusformat and pynxtools: it is required")
def required_field_of_the_source_missing(file: Any) -> None:
    del file["scan_1/instrument/source/type"]


@fault("error", "base-class", "/scan_1/instrument/source/type", "nexusformat has a list: 'X-ray', not 'X-Ray'")
def source_that_the_base_class_does_not_list(file: Any) -> None:
    replace(file, "/scan_1/instrument/source/type", "Synchrotron X-Ray Source")


@fault("warning", "claim", "/scan_1/monopd", "no validator finds anything to judge")
def definition_as_attribute(file: Any) -> None:
    del file["scan_1/monopd/definition"]
    file["scan_1/monopd"].attrs["definition"] = "NXmonopd"
