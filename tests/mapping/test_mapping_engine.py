from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scans import Lazy, angle_scan, energy_scan, fields, mesh_scan, spectrum_scan

from nxconvert.arrays import load as load_array
from nxconvert.errors import Place
from nxconvert.mapping import casts, engine
from nxconvert.mapping.engine import load
from nxconvert.scan import Field, Plot, Scan
from nxconvert.tree import Dataset, Group, Link, Tree


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def mapping(parameters: str, *others: str, keys: str = "", **options: Any) -> engine.Mapping:
    """Load a mapping with these parameters, after *others*."""
    lines = "\n".join(f"  {line}" for line in parameters.splitlines())
    Path("m.yaml").write_text(f"{keys}\nmeta_parameters:\n{lines}\n")
    return load([*others, "m.yaml"], **options)


def dump(parameters: str, scan: Scan, **options: Any) -> str:
    """Give the dump of a scan's tree, without the line of the entry; there must be no problems."""
    tree, problems = mapping(parameters, **options).tree(scan)
    assert problems == []
    return tree.dump().partition("\n")[2]


def messages(parameters: str, scan: Scan, **options: Any) -> list[str]:
    return [str(problem) for problem in mapping(parameters, **options).tree(scan)[1]]


def node(tree: Tree, path: str) -> Group | Dataset | Link:
    return dict(tree.walk())[path]


# where values come from


def test_without_a_source_a_parameter_takes_the_item_of_its_own_name() -> None:
    text = (
        "title: {nx_path: NXentry/title}\ncolumns.det: {nx_path: NXentry/NXcollection/d}\nsample: {nx_path: NXentry/s}"
    )
    assert dump(text, angle_scan()) == (
        "  title = 'ascan th 1 2 2 1'\n"
        "  collection: NXcollection\n"
        "    d = int64[3] [5, 7, 6]\n"
        "      @long_name = 'det'\n"
    )


def test_the_first_source_that_exists_wins() -> None:
    text = "e: {source: [positioners.energy, columns.energy, positioners.th], nx_path: NXentry/e}"
    assert dump(text, energy_scan()) == "  e = 7.1\n    @long_name = 'energy'\n"
    assert dump(text, angle_scan()) == "  e = 1.0\n    @long_name = 'th'\n"


def test_a_setting_wins_over_source_source_over_function_and_function_over_default() -> None:
    text = "e: {{nx_path: NXentry/e, source: {}, dependency_func: '{}', def_value: {}}}"
    full = text.format("columns.det", "%number% + 1", "9")
    assert dump(full, angle_scan(), settings={"e": "5"}) == "  e = 5\n"
    assert dump(full, angle_scan()) == "  e = int64[3] [5, 7, 6]\n    @long_name = 'det'\n"
    assert dump(text.format("columns.x", "%number% + 1", "9"), angle_scan()) == "  e = 2.0\n"
    assert dump(text.format("columns.x", "%columns.x% + 1", "9"), angle_scan()) == "  e = 9\n"
    assert dump(text.format("columns.x", "%columns.x% + 1", "''"), angle_scan()) == ""


def test_every_single_item_of_a_scan_can_be_taken() -> None:
    text = "\n".join(
        f"{name}: {{nx_path: NXentry/{name}}}"
        for name in ("title", "command", "start_time", "end_time", "number", "order", "identifier", "status", "points")
    )
    assert dump(text, angle_scan(5, 2)) == (
        "  title = 'ascan th 1 2 2 1'\n"
        "  command = 'ascan  th 1 2 2 1'\n"
        "  start_time = '2024-01-02T03:04:05+01:00'\n"
        "  end_time = '2024-01-02T03:04:08+01:00'\n"
        "  number = 5\n"
        "  order = 2\n"
        "  identifier = '5.2'\n"
        "  status = 'complete'\n"
        "  points = 3\n"
    )
    bare = Scan(1, 1, 0, Place("x"))
    assert dump(text, bare) == "  number = 1\n  order = 1\n  identifier = '1.1'\n  points = 0\n"


def test_plots_offer_their_signal_and_axis_under_these_names() -> None:
    text = "s: {source: plots.data.signal, nx_path: NXentry/s}\na: {source: plots.data.axis, nx_path: NXentry/a}"
    assert dump(text, angle_scan()) == (
        "  s = int64[3] [5, 7, 6]\n    @long_name = 'det'\n  a = float64[3] [1.0, 1.5, 2.0]\n    @long_name = 'th'\n"
    )
    assert dump(text, angle_scan(plots={})) == ""
    lone = angle_scan()
    lone.plots = {"data": Plot(lone.columns["det"], (None,))}
    assert dump(text, lone) == "  s = int64[3] [5, 7, 6]\n    @long_name = 'det'\n"


def test_a_star_in_a_source_without_placeholder_takes_the_only_match() -> None:
    text = "d: {source: 'detectors.*.data', nx_path: NXentry/d, required: true}"
    assert dump(text, spectrum_scan()) == "  d = int64[4] [1, 8, 5, 2]\n    @long_name = 'data'\n"
    two = spectrum_scan()
    two.detectors["other"] = fields(("channel",), data=np.zeros(3))
    assert messages(text, two) == [
        "scans.spec:10: scan 1.1: parameter d: detectors.*.data matches 2 values, it is required"
    ]


# functions


def test_functions_are_calculated_in_the_order_of_their_needs() -> None:
    text = (
        "c: {nx_path: NXentry/c, dependency_func: '%b% * 2'}\n"
        "b: {nx_path: NXentry/b, dependency_func: 'sum(%a%)'}\n"
        "a: {nx_path: NXentry/a, source: columns.det}"
    )
    assert dump(text, angle_scan()) == (
        "  c = 36.0\n  b = 18\n  a = int64[3] [5, 7, 6]\n    @long_name = 'det'\n"
    )  # fmt: skip


def test_functions_that_use_one_another_twice_are_each_calculated_once() -> None:
    # each step doubles the calls where results are not kept: 2**40 of them
    lines = [f"p{n}: {{nx_path: NXentry/NXsample/p{n}, dependency_func: '%p{n + 1}% + %p{n + 1}%'}}" for n in range(40)]
    own = mapping("\n".join([*lines, "p40: {nx_path: NXentry/NXsample/p40, source: positioners.th}"]))
    for start in (30.0, 31.0):
        scan = angle_scan()
        scan.positioners["th"] = replace(scan.positioners["th"], value=start)
        tree, problems = own.tree(scan)
        assert problems == []
        assert tree.value(node(tree, "sample/p0").value) == start * 2**40


def test_a_function_of_an_array_is_an_array_with_its_dimensions() -> None:
    made = mapping("w: {nx_path: NXentry/w, dependency_func: 'hc / %columns.energy%', def_units: angstrom}")
    tree, _ = made.tree(energy_scan())
    dataset = node(tree, "w")
    assert isinstance(dataset, Dataset)
    assert (dataset.dims, dataset.attributes) == (("point",), {"units": "angstrom"})
    np.testing.assert_allclose(tree.value(dataset.value), 12.398419843320026 / energy_scan().columns["energy"].value)


def test_units_of_the_data_are_converted_for_a_function_that_expects_others() -> None:
    scan = energy_scan()
    scan.positioners["energy"] = Field("energy", np.float64(12398.419843320026), (), "eV")
    text = "e: {{source: positioners.energy, def_units: {}}}\nw: {{nx_path: NXentry/w, dependency_func: 'hc / %e%'}}"
    assert dump(text.format("keV"), scan) == "  w = 1.0\n"
    assert dump(text.format("eV"), scan) == "  w = 0.001\n"
    assert messages(text.format("mm").replace("hc / %e%'", "hc / %e%', required: true"), scan) == [
        "scans.spec:10: scan 1.1: parameter w: 'hc / %e%': 'eV' cannot be converted to 'mm', it is required",
        "scans.spec:10: scan 1.1: positioners.energy has the units 'eV', parameter 'e' expects units like 'mm'",
    ]


def test_an_array_in_its_file_is_converted_for_a_function_too() -> None:
    scan = energy_scan()
    scan.columns["energy"] = Field("energy", Lazy(np.array([1000.0, 3000.0])), ("point",), "eV")
    text = "e: {source: columns.energy, def_units: keV}\nm: {nx_path: NXentry/m, dependency_func: 'mean(%e%)'}"
    assert dump(text, scan) == "  m = 2.0\n"


def test_a_function_of_text_or_of_unequal_arrays_gives_no_value() -> None:
    text = "a: {{nx_path: NXentry/a, required: true, dependency_func: '{}'}}"
    assert messages(text.format("%title% + 1"), angle_scan()) == [
        "scans.spec:10: scan 1.1: parameter a: '%title% + 1': %title% is not a number, it is required"
    ]
    assert messages(text.format("%columns.energy% + %detectors.mca_0.data%"), spectrum_scan()) == [
        "scans.spec:10: scan 1.1: parameter a: '%columns.energy% + %detectors.mca_0.data%' lacks columns.energy, "
        "it is required"
    ]
    assert messages(text.format("%columns.mon% + %detectors.mca_0.channel%"), spectrum_scan(3)) == [
        "scans.spec:10: scan 1.1: parameter a: '%columns.mon% + %detectors.mca_0.channel%': "
        "the shapes [3] and [4] differ, it is required"
    ]


# what a value must be


def test_whole_numbers_in_floats_become_integers_where_integers_are_demanded() -> None:
    scan = angle_scan()
    text = "a: {source: columns.th, nx_path: NXentry/a, nx_type: int, required: true}"
    scan.columns["th"].value = np.array([1.0, 2.0, 3.0])
    assert dump(text, scan) == "  a = int64[3] [1, 2, 3]\n    @long_name = 'th'\n"
    for value in (1.5, np.nan, np.inf, 1e19):
        scan.columns["th"].value = np.array([1.0, value, 3.0])
        assert messages(text, scan) == [
            "scans.spec:10: scan 1.1: parameter a: columns.th is not whole numbers, it is required\n"
            "  hint: --set a=..., or a mapping of the instrument that states it"
        ]


def test_what_was_converted_is_data_of_its_own_beside_the_original() -> None:
    scan = angle_scan()
    scan.columns["det"].value = np.array([5.0, 7.0, 6.0])
    text = (
        "'columns.*': {nx_path: 'NXentry/measurement:NXcollection/{name}'}\n"
        "d: {source: columns.det, nx_path: NXentry/NXdetector/data, nx_type: int}"
    )
    tree, _ = mapping(text).tree(scan)
    original, cast = node(tree, "measurement/det"), node(tree, "detector/data")
    assert isinstance(original, Dataset)
    assert isinstance(cast, Dataset)
    assert tree.value(original.value).dtype == np.float64
    assert tree.value(cast.value).tolist() == [5, 7, 6]
    assert not original.linked


def test_the_next_source_serves_where_the_first_does_not_fit() -> None:
    scan = angle_scan()
    text = "m: {source: [columns.Epoch, columns.mon], nx_path: NXentry/m, nx_type: int}"
    assert dump(text, scan) == "  m = int64[3] [90, 91, 92]\n    @long_name = 'mon'\n"


def test_integers_become_floats_unless_a_number_would_change() -> None:
    scan = angle_scan()
    text = "m: {source: columns.mon, nx_path: NXentry/m, nx_type: float}"
    assert dump(text, scan) == "  m = float64[3] [90.0, 91.0, 92.0]\n    @long_name = 'mon'\n"
    scan.columns["mon"].value = np.array([2**53 + 1, 0, 0])
    assert dump(text, scan) == ""


@pytest.mark.parametrize(
    ("nx_type", "taken"),
    [
        ("int", ["number"]),
        ("float", ["number", "positioner"]),
        ("number", ["number", "positioner"]),
        ("char", ["title", "time", "texts", "date"]),
        ("date_time", ["time", "date"]),
        ("bool", []),
    ],
)
def test_each_type_takes_its_own_values(nx_type: str, taken: list[str]) -> None:
    sources = {
        "number": "number",
        "positioner": "positioners.p",
        "title": "title",
        "time": "start_time",
        "texts": "metadata.comments",
        "date": "metadata.date",
    }
    scan = angle_scan(positioners=fields(p=np.float64(0.5)))
    scan.metadata["date"] = Field("date", "2024-01-02T03:04:05Z")
    text = "\n".join(
        f"{name}: {{source: {source}, nx_path: NXentry/{name}, nx_type: {nx_type}}}" for name, source in sources.items()
    )
    tree, _ = mapping(text).tree(scan)
    assert sorted(tree.entry.children) == sorted(taken)


def test_a_value_must_be_one_of_the_choices() -> None:
    text = "mode: {source: monitor.mode, nx_path: NXentry/NXmonitor/mode, choices: [monitor, clock], required: true}"
    assert messages(text, angle_scan()) == [
        "scans.spec:10: scan 1.1: parameter mode: monitor.mode is none of 'monitor, clock', it is required"
    ]
    assert dump(text.replace("clock", "timer"), angle_scan()) == "  monitor: NXmonitor\n    mode = 'timer'\n"


def test_leading_dimensions_of_one_are_dropped_to_reach_the_rank() -> None:
    text = "d: {source: detectors.mca_0.data, nx_path: NXentry/d, rank: 1, required: true}"
    assert dump(text, spectrum_scan(1)) == "  d = int64[4] [1, 8, 5, 2]\n    @long_name = 'data'\n"
    assert messages(text, spectrum_scan(2)) == [
        "scans.spec:10: scan 1.1: parameter d: detectors.mca_0.data has 2 dimensions instead of 1, it is required"
    ]
    assert messages(text.replace("rank: 1", "rank: 3"), spectrum_scan(2)) == [
        "scans.spec:10: scan 1.1: parameter d: detectors.mca_0.data has 2 dimensions instead of 3, it is required"
    ]
    one = angle_scan(columns=fields(("point",), a=np.array([7])))
    assert dump("a: {source: columns.a, nx_path: NXentry/a, rank: 0}", one) == "  a = 7\n"


def test_one_point_is_taken_where_a_parameter_names_it() -> None:
    text = (
        "point: {nx_type: int, rank: 0}\n"
        "d: {source: detectors.mca_0.data, nx_path: NXentry/d, at: point, rank: 1, required: true}\n"
        "m: {source: columns.mon, nx_path: NXentry/m, at: point}"
    )
    scan = spectrum_scan(3)
    assert dump(text, scan, settings={"point": "2"}) == (
        "  d = int64[4] [3, 10, 7, 4]\n    @long_name = 'data'\n  m = 92\n    @long_name = 'mon'\n"
    )
    data = scan.detectors["mca_0"]["data"]
    data.value = Lazy(data.value)
    assert "d = int64[4] [3, 10, 7, 4]" in dump(text, scan, settings={"point": "2"})
    assert messages(text, scan, settings={"point": "3"}) == [
        "scans.spec:10: scan 1.1: parameter d: detectors.mca_0.data has 3 points and none at point 3, it is required\n"
        "  hint: --set point=..., or a mapping of the instrument that states it"
    ]


def test_lazy_arrays_are_converted_block_after_block() -> None:
    scan = spectrum_scan(1)
    data = scan.detectors["mca_0"]["data"]
    data.value = Lazy(np.array([[1.0, 8.0, 5.0, 2.0]]))
    tree, problems = mapping("d: {source: detectors.mca_0.data, nx_path: NXentry/d, nx_type: int, rank: 1}").tree(scan)
    assert problems == []
    dataset = node(tree, "d")
    assert isinstance(dataset, Dataset)
    value = tree.value(dataset.value)
    assert (value.shape, value.dtype, dataset.dims) == ((4,), np.dtype(np.int64), ("channel",))
    assert load_array(value).tolist() == [1, 8, 5, 2]
    single = angle_scan(columns=fields(("point",), a=Lazy(np.array([7]))))
    assert dump("a: {source: columns.a, nx_path: NXentry/a, rank: 0}", single) == "  a = 7\n"


# units


def test_units_of_the_data_win_over_def_units_and_are_spelled_alike() -> None:
    scan = angle_scan()
    scan.columns["th"].units = "deg"
    scan.columns["det"].units = "nonsense"
    text = "\n".join(
        f"{n}: {{source: columns.{n}, nx_path: NXentry/{n}, def_units: rad}}" for n in ("th", "mon", "det")
    )
    assert dump(text, scan) == (
        "  th = float64[3] [1.0, 1.5, 2.0]\n    @units = 'degree'\n"
        "  mon = int64[3] [90, 91, 92]\n    @units = 'rad'\n"
        "  det = int64[3] [5, 7, 6]\n    @units = 'nonsense'\n"
    )


def test_units_of_another_kind_are_reported_and_those_of_the_data_written() -> None:
    scan = angle_scan()
    scan.columns["th"].units = "mm"
    made = mapping("a: {source: columns.th, nx_path: NXentry/a, def_units: degree}")
    tree, problems = made.tree(scan)
    assert [str(problem) for problem in problems] == [
        "scans.spec:10: scan 1.1: columns.th has the units 'mm', parameter 'a' expects units like 'degree'"
    ]
    assert "@units = 'mm'" in tree.dump()


def test_dimensionless_is_the_empty_unit_and_no_def_units_is_none() -> None:
    text = "a: {nx_path: NXentry/a, def_value: 1, def_units: dimensionless}\nb: {nx_path: NXentry/b, def_value: 1, def_units: ''}"
    assert dump(text, angle_scan()) == "  a = 1\n    @units = ''\n  b = 1\n"


# originals and links


def test_a_field_is_written_once_and_linked_from_every_further_place() -> None:
    text = (
        "'columns.*': {nx_path: 'NXentry/measurement:NXcollection/{name}'}\n"
        "again: {source: columns.det, nx_path: NXentry/NXdetector/data, nx_links: [NXentry/NXmonitor/data]}"
    )
    tree, _ = mapping(text).tree(angle_scan())
    assert tree.dump().splitlines()[5:] == [
        "    det -> /entry/detector/data",
        "  detector: NXdetector",
        "    data = int64[3] [5, 7, 6]",
        "      @long_name = 'det'",
        "      @target = '/entry/detector/data'",
        "  monitor: NXmonitor",
        "    data -> /entry/detector/data",
    ]


def test_of_two_named_parameters_the_first_has_the_original() -> None:
    text = "a: {source: columns.det, nx_path: NXentry/a}\nb: {source: plots.data.signal, nx_path: NXentry/b}"
    assert dump(text, angle_scan()) == (
        "  a = int64[3] [5, 7, 6]\n    @long_name = 'det'\n    @target = '/entry/a'\n  b -> /entry/a\n"
    )


def test_units_and_attributes_of_all_places_stand_at_the_original() -> None:
    text = (
        "a: {source: columns.det, nx_path: NXentry/a, attributes: {one: 1, both: first}}\n"
        "b: {source: columns.det, nx_path: NXentry/b, def_units: counts, attributes: {both: second, t: {source: title}}}"
    )
    assert dump(text, angle_scan()) == (
        "  a = int64[3] [5, 7, 6]\n"
        "    @long_name = 'det'\n"
        "    @one = 1\n"
        "    @both = 'first'\n"
        "    @units = 'counts'\n"
        "    @t = 'ascan th 1 2 2 1'\n"
        "    @target = '/entry/a'\n"
        "  b -> /entry/a\n"
    )


def test_shared_is_passed_on_to_the_writer() -> None:
    tree, _ = mapping(
        "a: {source: notes.file_header, nx_path: NXentry/a, shared: true}\nb: {source: title, nx_path: NXentry/b}"
    ).tree(angle_scan())
    assert [child.shared for child in tree.entry.children.values() if isinstance(child, Dataset)] == [True, False]


# attributes


def test_a_step_below_a_field_or_after_an_at_sign_is_an_attribute() -> None:
    text = (
        "name: {nx_path: NXentry/NXinstrument/name, def_value: 'Materials'}\n"
        "short: {nx_path: NXentry/NXinstrument/name/short_name, def_value: MCX}\n"
        "other: {nx_path: NXentry/NXinstrument/name@other, source: metadata.comments}\n"
        "group: {nx_path: NXentry/NXinstrument@where, source: number}\n"
        "list: {nx_path: NXentry/NXinstrument@list, def_value: [a, b]}"
    )
    assert dump(text, angle_scan()) == (
        "  instrument: NXinstrument\n"
        "    @where = 1\n"
        "    @list = ['a', 'b']\n"
        "    name = 'Materials'\n"
        "      @short_name = 'MCX'\n"
        "      @other = ['one', 'two']\n"
    )


def test_an_attribute_of_a_link_stands_at_the_original() -> None:
    text = (
        "a: {source: title, nx_path: NXentry/a, nx_links: [NXentry/NXuser/a]}\n"
        "b: {nx_path: NXentry/NXuser/a@x, def_value: 1}"
    )
    assert dump(text, angle_scan()) == (
        "  a = 'ascan th 1 2 2 1'\n    @x = 1\n    @target = '/entry/a'\n  user: NXuser\n    a -> /entry/a\n"
    )


def test_an_attribute_whose_field_has_no_value_is_reported() -> None:
    text = "a: {nx_path: NXentry/NXinstrument/name}\nb: {nx_path: NXentry/NXinstrument/name/short_name, def_value: MCX}"
    assert messages(text, angle_scan()) == [
        "scans.spec:10: scan 1.1: the attribute 'NXentry/NXinstrument/name/short_name' of parameter 'b', "
        "is not written: its field or group has no value"
    ]


def test_an_array_in_its_file_is_no_attribute() -> None:
    scan = angle_scan(columns=fields(("point",), det=Lazy(np.zeros(3))), axes={}, plots={})
    text = "a: {{nx_path: NXentry/a, def_value: 1{}}}\nb: {{nx_path: NXentry/a@x, source: {}}}"
    assert messages(text.format("", "columns.det"), scan) == [
        "scans.spec:10: scan 1.1: parameter 'b' is too long for an attribute, expected a value or a short list"
    ]
    assert messages(text.format(", attributes: {y: {source: columns.det}}", "number"), scan) == [
        "scans.spec:10: scan 1.1: columns.det is too long for an attribute, expected a value or a short list"
    ]
    assert messages(text.format(", attributes: {y: {source: columns.x}}", "number"), scan) == []


def test_complex_numbers_pass_and_what_no_file_can_hold_does_not() -> None:
    text = "a: {source: metadata.a, nx_path: NXentry/a}"
    assert dump(text, angle_scan(metadata=fields(a=np.array([1j])))) == "  a = complex128[1] [1j]\n"
    with pytest.raises(TypeError, match=r"^a value of a scan cannot be a dict$"):
        mapping(text).tree(angle_scan(metadata=fields(a={"b": 1})))


def test_picking_beyond_the_end_is_an_error() -> None:
    with pytest.raises(IndexError):
        casts.pick(3)(np.arange(3))


# wildcards and names


def test_the_stars_stand_for_name_and_item() -> None:
    scan = spectrum_scan()
    text = (
        "'detectors.*.*': {nx_path: 'NXentry/{name}:NXdetector/{item}'}\n"
        "'positioners.en*': {nx_path: 'NXentry/p_{name}'}\n"
        "times: {source: 'detectors.*.live_time', nx_path: 'NXentry/live_{name}'}"
    )
    assert list(dict(mapping(text).tree(scan)[0].walk())) == [
        "mca_0",
        "mca_0/data",
        "mca_0/channel",
        "mca_0/energy",
        "mca_0/live_time",
        "p_ergy",
        "live_mca_0",
    ]


def test_illegal_and_equal_names_become_legal_and_unequal_and_keep_their_own_as_long_name() -> None:
    names = ["Two Theta", "Two_Theta", "2theta", "det_errors", "ok"]
    scan = angle_scan(columns=fields(("point",), **{name: np.zeros(1) for name in names}), axes={}, plots={})
    scan.columns["det_1"] = Field("det_1", np.zeros(1), ("point",), long_name="det")
    assert dump("'columns.*': {nx_path: 'NXentry/NXcollection/{name}'}", scan) == (
        "  collection: NXcollection\n"
        "    Two_Theta = float64[1] [0.0]\n      @long_name = 'Two Theta'\n"
        "    Two_Theta_1 = float64[1] [0.0]\n      @long_name = 'Two_Theta'\n"
        "    _2theta = float64[1] [0.0]\n      @long_name = '2theta'\n"
        "    det_errors_ = float64[1] [0.0]\n      @long_name = 'det_errors'\n"
        "    ok = float64[1] [0.0]\n"
        "    det_1 = float64[1] [0.0]\n      @long_name = 'det'\n"
    )


def test_a_group_with_a_name_made_legal_keeps_its_own_as_long_name() -> None:
    scan = angle_scan(detectors={"my det": fields(gain=1)})
    assert dump("'detectors.*.*': {nx_path: 'NXentry/NXinstrument/{name}:NXdetector/{item}'}", scan) == (
        "  instrument: NXinstrument\n    my_det: NXdetector\n      @long_name = 'my det'\n      gain = 1\n"
    )


def test_names_that_the_mapping_states_are_not_given_to_data() -> None:
    scan = angle_scan(detectors={"positioners": fields(gain=1)})
    text = (
        "'detectors.*.*': {nx_path: 'NXentry/NXinstrument/{name}:NXdetector/{item}'}\n"
        "'positioners.*': {nx_path: 'NXentry/NXinstrument/positioners:NXcollection/{name}'}\n"
        "'columns.*': {nx_path: 'NXentry/measurement:NXcollection/{name}'}\n"
        "det: {nx_path: NXentry/measurement:NXcollection/det, def_value: 1}"
    )
    paths = list(dict(mapping(text).tree(scan)[0].walk()))
    assert "instrument/positioners_1/gain" in paths
    assert "instrument/positioners/th" in paths
    assert paths[-2:] == ["measurement/det_1", "measurement/det"]


def test_a_link_to_a_name_that_is_taken_is_left_out_and_an_original_is_not() -> None:
    scan = angle_scan()
    text = (
        "'axes.*': {{nx_path: 'NXentry/p:NXcollection/{{name}}'}}\n"
        "'positioners.*': {{nx_path: 'NXentry/{}:NXcollection/{{name}}', nx_links: ['NXentry/p:NXcollection/{{name}}']}}"
    )
    links = mapping(text.format("start")).tree(scan)[0]
    assert sorted(path for path, _ in links.walk()) == [
        "p",
        "p/Two_Theta",
        "p/th",
        "start",
        "start/Two_Theta",
        "start/th",
    ]
    text = (
        "'axes.*': {nx_path: 'NXentry/p:NXcollection/{name}'}\n"
        "'positioners.*': {nx_path: 'NXentry/p:NXcollection/{name}'}"
    )
    both = mapping(text).tree(scan)[0]
    assert sorted(path for path, _ in both.walk()) == ["p", "p/Two_Theta", "p/th", "p/th_1"]


# NXdata


def attributes(scan: Scan, path: str, text: str = "'plots.*.*': {nx_path: 'NXentry/{name}:NXdata/{item}'}") -> Any:
    tree, _ = mapping(text).tree(scan)
    return dict(dict(tree.walk())[path].attributes)  # type: ignore[union-attr]


def test_a_curve_has_signal_axes_and_indices() -> None:
    scan = angle_scan()
    scan.plots = {"data": Plot(scan.columns["det"], (scan.columns["th"],), (scan.columns["Epoch"],))}
    assert attributes(scan, "data") == {
        "signal": "det",
        "axes": ("th",),
        "th_indices": 0,
        "Epoch_indices": 0,
    }


def test_spectra_have_an_axis_for_each_dimension() -> None:
    assert attributes(spectrum_scan(3), "mca_0") == {
        "signal": "data",
        "axes": ("sx", "energy"),
        "sx_indices": 0,
        "energy_indices": 1,
    }


def test_a_mesh_has_its_rows_and_columns_as_axes() -> None:
    assert attributes(mesh_scan(), "data") == {
        "signal": "det",
        "axes": ("sy", "sx"),
        "sy_indices": 0,
        "sx_indices": 1,
    }


def test_a_further_coordinate_of_two_dimensions_has_two_indices() -> None:
    scan = mesh_scan()
    grid = {**scan.grid, "height": Field("height", np.zeros((2, 3)), ("row", "column"))}
    scan.plots = {"data": Plot(grid["det"], (grid["sy"], grid["sx"]), (grid["height"],))}
    assert attributes(scan, "data")["height_indices"].tolist() == [0, 1]


def test_further_coordinates_get_indices_where_they_fit_the_signal() -> None:
    scan = mesh_scan()
    grid = scan.grid
    extra = (
        Field("named", np.zeros(3), ("column",)),
        Field("long", np.zeros(3), ("somewhere",)),
        Field("misfit", np.zeros(7), ("somewhere",)),
    )
    scan.plots = {"data": Plot(grid["det"], (grid["sy"], grid["sx"]), extra)}
    found = attributes(scan, "data")
    assert (found["named_indices"], found["long_indices"], "misfit_indices" in found) == (1, 1, False)


def test_a_group_that_lacks_the_signal_of_its_plot_is_no_nxdata() -> None:
    text = (
        "'columns.*': {nx_path: 'NXentry/NXcollection/{name}'}\n"
        "axes: {source: 'plots.*.th', nx_path: 'NXentry/{name}:NXdata/th'}"
    )
    assert list(mapping(text).tree(angle_scan())[0].entry.children) == ["collection"]


def test_an_index_axis_is_made_for_a_dimension_that_has_none() -> None:
    scan = spectrum_scan(3)
    data = scan.detectors["mca_0"]["data"]
    scan.plots = {"mca_0": Plot(data, (None, None))}
    tree, _ = mapping("'plots.*.*': {nx_path: 'NXentry/{name}:NXdata/{item}'}").tree(scan)
    assert tree.dump() == (
        "entry: NXentry\n"
        "  @default = 'mca_0'\n"
        "  mca_0: NXdata\n"
        "    @signal = 'data'\n"
        "    @axes = ['point', 'channel']\n"
        "    @point_indices = 0\n"
        "    @channel_indices = 1\n"
        "    data = int64[3, 4] [1, 8, 5] ... [4]\n"
        "    point = float64[3] [0.0, 1.0, 2.0]\n      @units = ''\n"
        "    channel = float64[4] [0.0, 1.0, 2.0, 3.0]\n      @units = ''\n"
    )


def test_an_axis_that_is_the_signal_or_does_not_fit_is_replaced_by_an_index() -> None:
    scan = angle_scan()
    det = scan.columns["det"]
    for axis in (det, Field("names", ["a", "b", "c"], ("point",)), Field("short", np.zeros(2), ("point",))):
        scan.plots = {"data": Plot(det, (axis,))}
        assert attributes(scan, "data")["axes"] == ("point",)
    scan.columns["point"] = Field("point", np.zeros(5), ("point",))
    scan.plots = {"data": Plot(det, (scan.columns["point"],))}
    assert attributes(scan, "data")["axes"] == ("point_1",)


@pytest.mark.parametrize(("dims", "expected"), [(("point", "y", "x"), "image"), (("a", "b", "channel"), "spectrum")])
def test_stacks_say_what_they_are_stacks_of(dims: tuple[str, ...], expected: str) -> None:
    stack = Field("data", np.zeros((2, 3, 4)), dims)
    found = attributes(angle_scan(plots={"data": Plot(stack, (None, None, None))}), "data")
    assert (found["interpretation"], found["axes"]) == (expected, dims)


@pytest.mark.parametrize("value", ["text", ["a", "b"], 1.0])
def test_a_plot_of_text_or_of_a_single_number_is_no_nxdata(value: Any) -> None:
    scan = angle_scan()
    signal = Field("note", value, ("point",) if isinstance(value, list) else ())
    scan.metadata["note"] = signal
    scan.plots = {"data": Plot(signal, (None,))}
    text = (
        "'metadata.*': {nx_path: 'NXentry/NXcollection/{name}'}\n'plots.*.*': {nx_path: 'NXentry/{name}:NXdata/{item}'}"
    )
    tree, problems = mapping(text).tree(scan)
    assert problems == []
    assert list(tree.entry.children) == ["collection"]
    assert tree.entry.attributes == {}
    assert not any(child.linked for _, child in tree.walk() if isinstance(child, Dataset))


def test_data_that_stand_in_no_plot_alone_are_kept_in_a_collection() -> None:
    tree, _ = mapping("a: {source: title, nx_path: NXentry/NXdata/a}").tree(angle_scan())
    assert tree.dump() == "entry: NXentry\n  data: NXcollection\n    a = 'ascan th 1 2 2 1'\n"


def test_the_field_data_is_the_signal_where_no_plot_says_so() -> None:
    text = (
        "angle: {source: columns.th, nx_path: NXentry/NXdata/angle}\n"
        "data: {source: columns.det, nx_path: NXentry/NXdata/data}\n"
        "time: {source: columns.Epoch, nx_path: NXentry/NXdata/time}\n"
        "mode: {nx_path: NXentry/NXdata/mode, def_value: x}"
    )
    expected = {"signal": "data", "axes": ("angle",), "angle_indices": 0, "time_indices": 0}
    assert attributes(angle_scan(), "data", text) == expected


def test_the_only_field_is_the_signal_where_none_is_called_data() -> None:
    assert attributes(angle_scan(), "data", "a: {source: columns.det, nx_path: NXentry/NXdata/a}") == {
        "signal": "a",
        "axes": ("point",),
        "point_indices": 0,
    }


def test_a_mapping_can_state_the_signal() -> None:
    text = (
        "e: {source: columns.energy, nx_path: NXentry/NXdata/energy}\n"
        "i: {source: columns.It, nx_path: NXentry/NXdata/absorbed}\n"
        "s: {nx_path: NXentry/NXdata@signal, def_value: absorbed}"
    )
    assert attributes(energy_scan(), "data", text) == {"signal": "absorbed", "axes": ("energy",), "energy_indices": 0}
    without = text.rpartition("\n")[0]
    tree, _ = mapping(without).tree(energy_scan())
    assert tree.entry.children["data"].nx_class == "NXcollection"  # type: ignore[union-attr]


def test_axes_are_matched_by_dimension_before_length() -> None:
    data = Field("data", np.zeros((3, 3)), ("point", "channel"))
    scan = angle_scan(
        detectors={"m": {"data": data, "energy": Field("energy", np.arange(3.0), ("channel",))}}, plots={}
    )
    text = (
        "e: {source: detectors.m.energy, nx_path: NXentry/NXdata/energy}\n"
        "t: {source: columns.th, nx_path: NXentry/NXdata/th}\n"
        "d: {source: detectors.m.data, nx_path: NXentry/NXdata/data}"
    )
    assert attributes(scan, "data", text)["axes"] == ("th", "energy")


def test_the_default_plot_is_the_first_one_of_the_scan() -> None:
    scan = spectrum_scan(3)
    scan.plots = {"mca_0": scan.plots["mca_0"], "data": scan.plots["data"]}
    text = (
        "d: {source: columns.mon, nx_path: NXentry/first:NXdata/data}\n"
        "'plots.*.*': {nx_path: 'NXentry/{name}:NXdata/{item}'}"
    )
    assert mapping(text).tree(scan)[0].entry.attributes == {"default": "mca_0"}
    assert mapping(text).tree(angle_scan())[0].entry.attributes == {"default": "data"}
    scan.plots = {}
    assert mapping(text).tree(scan)[0].entry.attributes == {"default": "first"}


# times


def test_a_zone_of_the_data_wins_over_that_of_the_user_and_that_over_the_mapping() -> None:
    text, keys = "start_time: {nx_path: NXentry/start_time}", "time_zone: Europe/Paris"
    aware, naive = angle_scan(), angle_scan(start_time=datetime(2024, 7, 2, 3, 4, 5))
    assert dump(text, aware, keys=keys) == "  start_time = '2024-01-02T03:04:05+01:00'\n"
    assert dump(text, naive, keys=keys) == "  start_time = '2024-07-02T03:04:05+02:00'\n"
    assert dump(text, naive, keys=keys, time_zone="-03:30") == "  start_time = '2024-07-02T03:04:05-03:30'\n"
    assert dump(text, naive, time_zone="UTC") == "  start_time = '2024-07-02T03:04:05+00:00'\n"
    exact = angle_scan(start_time=datetime(2024, 7, 2, 3, 4, 5, 250000, timezone(timedelta(hours=-7))))
    assert dump(text, exact) == "  start_time = '2024-07-02T03:04:05.250000-07:00'\n"


def test_times_without_a_zone_are_told_once_for_each_file() -> None:
    made = mapping("start_time: {nx_path: NXentry/start_time}")
    naive = datetime(2024, 7, 2, 3, 4, 5)
    found = []
    for number, path in enumerate(["a.spec", "a.spec", "b.spec", "b.spec"], 1):
        tree, problems = made.tree(angle_scan(number, start_time=naive, place=Place(path, 10)))
        assert tree.dump() == (
            f"entry{'' if number == 1 else f'_{number}'}: NXentry\n  start_time = '2024-07-02T03:04:05'\n"
        )
        found += [(str(problem), problem.severity) for problem in problems]
    text = (
        "times without a zone, written without an offset\n"
        "  hint: --timezone, or time_zone in the mapping, says in which zone they are"
    )
    assert found == [(f"a.spec: {text}", "note"), (f"b.spec: {text}", "note")]


# names of entries


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("scan_{number}", ["scan_5", "scan_5_2", "scan_7"]),
        ("scan_{number}_{order}", ["scan_5_1", "scan_5_2", "scan_7_1"]),
        ("'{identifier}'", ["5.1", "5.2", "7.1"]),
        ("'{stem}_{number}'", ["_31oct_98_5", "_31oct_98_5_2", "_31oct_98_7"]),
        ("entry", ["entry", "entry_2", "entry_3"]),
        ("'{stem}'", ["_31oct_98", "_31oct_98_2", "_31oct_98_3"]),
    ],
)
def test_entries_have_names_of_their_own(template: str, expected: list[str]) -> None:
    made = mapping("title: {nx_path: NXentry/title}", keys=f"entry_name: {template}")
    scans = [angle_scan(5, 1, index=0), angle_scan(5, 2, index=1), angle_scan(7, 1, index=2)]
    for scan in scans:
        scan.place = Place("data/31oct.98.spec.gz", 1)
    assert [made.tree(scan)[0].name for scan in scans] == expected


def test_a_negative_number_makes_a_legal_name() -> None:
    made = mapping("title: {nx_path: NXentry/title}", keys="entry_name: scan_{number}")
    assert made.tree(angle_scan(-1, index=0))[0].name == "scan__1"


@pytest.mark.parametrize(
    ("path", "expected"), [("a/b.spec", "b"), ("b.c.dat.bz2", "b.c"), ("CdOsO", "CdOsO"), ("-", "-"), (".gz", ".gz")]
)
def test_the_stem_of_a_file(path: str, expected: str) -> None:
    assert engine.stem(path) == expected


# definitions


DEFINITION = """\
application: NXscan
meta_parameters:
  title: {nx_path: NXentry/scan:NXsubentry/title, required: true}
  data:
    source: columns.det
    nx_path: NXentry/scan:NXsubentry/NXinstrument/NXdetector/data
    nx_links: [NXentry/scan:NXsubentry/NXdata/data]
    nx_type: int
    required: true
  name: {source: sample.name, nx_path: NXentry/scan:NXsubentry/NXsample/name, nx_type: char, required: true}
"""


def test_a_definition_is_a_subentry_with_links_and_the_definitions_name() -> None:
    Path("app.yaml").write_text(DEFINITION)
    made = mapping(
        "title: {nx_path: NXentry/title}\n'columns.*': {nx_path: 'NXentry/measurement:NXcollection/{name}'}", "app.yaml",
        settings={"name": "Cu"},
    )  # fmt: skip
    assert made.applications == ["NXscan"]
    tree, problems = made.tree(angle_scan())
    assert problems == []
    assert tree.dump().partition("  scan: ")[2] == (
        "NXsubentry\n"
        "    @default = 'data'\n"
        "    definition = 'NXscan'\n"
        "    title -> /entry/title\n"
        "    instrument: NXinstrument\n"
        "      detector: NXdetector\n"
        "        data -> /entry/measurement/det\n"
        "    data: NXdata\n"
        "      @signal = 'data'\n"
        "      @axes = ['point']\n"
        "      @point_indices = 0\n"
        "      data -> /entry/measurement/det\n"
        "      point = float64[3] [0.0, 1.0, 2.0]\n"
        "        @units = ''\n"
        "    sample: NXsample\n"
        "      name = 'Cu'\n"
        "  title = 'ascan th 1 2 2 1'\n"
        "    @target = '/entry/title'\n"
        "  measurement: NXcollection\n"
        "    th = float64[3] [1.0, 1.5, 2.0]\n"
        "    Epoch = float64[3] [0.0, 1.5, 3.0]\n"
        "    mon = int64[3] [90, 91, 92]\n"
        "    det = int64[3] [5, 7, 6]\n"
        "      @target = '/entry/measurement/det'\n"
    )
    assert tree.entry.attributes == {"default": "scan"}


def test_a_definition_that_lacks_values_is_refused_with_all_of_them() -> None:
    Path("app.yaml").write_text(DEFINITION)
    made = mapping("'columns.*': {nx_path: 'NXentry/measurement:NXcollection/{name}'}", "app.yaml")
    scan = angle_scan(12, columns=fields(("point",), det=np.array([0.5])))
    tree, problems = made.tree(scan)
    assert list(tree.entry.children) == ["measurement"]
    assert [str(problem) for problem in problems] == [
        "scans.spec:120: scan 12.1: NXscan refused: data: columns.det is not whole numbers; "
        "name has no source (sample.name)\n"
        "  hint: --set data=... --set name=..., or a mapping of the instrument that states them"
    ]
    assert problems[0].severity == "warning"


def test_a_definition_takes_what_the_entry_has_under_the_same_name() -> None:
    Path("app.yaml").write_text(DEFINITION)
    made = mapping("name: {nx_path: NXentry/NXsample/name, def_value: Cu}", "app.yaml")
    tree, problems = made.tree(angle_scan())
    assert problems == []
    assert "      name -> /entry/sample/name\n" in tree.dump()
    unfit = mapping("name: {nx_path: NXentry/NXsample/name, def_value: 1}", "app.yaml")
    assert "name: the entry's value is not text" in str(unfit.tree(angle_scan())[1][0])


def test_a_constant_of_the_entry_is_converted_for_a_definition() -> None:
    Path("app.yaml").write_text(
        "application: NXfluo\nmeta_parameters: {w: {nx_path: NXentry/fluo:NXsubentry/w, nx_type: float}}\n"
    )
    tree, _ = mapping("w: {nx_path: NXentry/w, def_value: 1}", "app.yaml").tree(angle_scan())
    assert tree.dump() == (
        "entry: NXentry\n  fluo: NXsubentry\n    definition = 'NXfluo'\n    w = 1.0\n  w = 1\n"
    )  # fmt: skip


def test_a_link_of_the_entry_into_a_refused_subentry_is_left_out() -> None:
    Path("app.yaml").write_text(DEFINITION)
    text = "e: {source: columns.th, nx_path: NXentry/e, nx_links: [NXentry/scan:NXsubentry/NXsample/e]}"
    tree, _ = mapping(text, "app.yaml").tree(angle_scan())
    assert list(tree.entry.children) == ["e"]
    tree, _ = mapping(text, "app.yaml", settings={"name": "Cu"}).tree(angle_scan())
    assert "      e -> /entry/e\n" in tree.dump()


def test_the_layout_entry_gives_each_definition_an_entry_of_its_own() -> None:
    Path("app.yaml").write_text(DEFINITION)
    text = (
        "'columns.*': {nx_path: 'NXentry/measurement:NXcollection/{name}'}\n"
        "th: {source: columns.th, nx_path: NXentry/th, nx_links: [NXentry/scan:NXsubentry/NXdata/th]}"
    )
    made = mapping(text, "app.yaml", layout="entry", settings={"name": "Cu"}, keys="entry_name: scan_{number}")
    main, problems = made.tree(angle_scan())
    assert (list(main.entry.children), problems) == (["measurement", "th"], [])
    trees, problems = made.application_trees(angle_scan())
    assert problems == []
    assert [tree.dump() for tree in trees] == [
        "scan_1_scan: NXentry\n"
        "  @default = 'data'\n"
        "  definition = 'NXscan'\n"
        "  title = 'ascan th 1 2 2 1'\n"
        "  instrument: NXinstrument\n"
        "    detector: NXdetector\n"
        "      data = int64[3] [5, 7, 6]\n"
        "        @long_name = 'det'\n"
        "        @target = '/scan_1_scan/instrument/detector/data'\n"
        "  data: NXdata\n"
        "    @signal = 'data'\n"
        "    @axes = ['th']\n"
        "    @th_indices = 0\n"
        "    data -> /scan_1_scan/instrument/detector/data\n"
        "    th = float64[3] [1.0, 1.5, 2.0]\n"
        "  sample: NXsample\n"
        "    name = 'Cu'\n"
    ]
    assert mapping(text, "app.yaml").application_trees(angle_scan()) == ([], [])


def test_the_layout_entry_keeps_definitions_apart() -> None:
    Path("app.yaml").write_text(DEFINITION)
    Path("other.yaml").write_text(
        "application: NXxas\nmeta_parameters: {n: {source: number, nx_path: NXentry/xas:NXsubentry/n}}\n"
    )
    made = mapping("title: {nx_path: NXentry/title}", "app.yaml", "other.yaml", layout="entry", settings={"name": "Cu"})
    trees = made.application_trees(angle_scan())[0]
    assert [(tree.name, "n" in tree.entry.children) for tree in trees] == [("entry_scan", False), ("entry_xas", True)]
    assert trees[1].dump() == "entry_xas: NXentry\n  definition = 'NXxas'\n  n = 1\n"


def test_the_layout_entry_refuses_what_lacks_values() -> None:
    Path("app.yaml").write_text(DEFINITION)
    made = mapping("title: {nx_path: NXentry/title}", "app.yaml", layout="entry")
    assert made.tree(angle_scan())[1] == []
    trees, problems = made.application_trees(angle_scan())
    assert trees == []
    assert [str(problem) for problem in problems] == [
        "scans.spec:10: scan 1.1: NXscan refused: name has no source (sample.name)\n"
        "  hint: --set name=..., or a mapping of the instrument that states it"
    ]


def test_one_setting_serves_the_definitions_that_it_fits() -> None:
    text = (
        "application: {0}\nmeta_parameters:\n"
        "  m: {{nx_path: NXentry/{1}:NXsubentry/m, nx_type: int, rank: {2}, required: true}}\n"
    )
    Path("one.yaml").write_text(text.format("NXscan", "scan", 0))
    Path("two.yaml").write_text(text.format("NXfluo", "fluo", 1))
    tree, problems = load(["one.yaml", "two.yaml"], settings={"m": "5"}).tree(angle_scan())
    assert list(tree.entry.children) == ["scan"]
    assert [problem.found for problem in problems] == ["scan 1.1: NXfluo refused: m is not set"]
