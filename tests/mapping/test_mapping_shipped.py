"""The shipped mappings, the examples of their README, and the mapping of figure 16."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from figure16 import FIGURE_16
from scans import Lazy, angle_scan, energy_scan, fields, mesh_scan, spectrum_scan

from nxconvert.mapping import catalog, expressions, schema
from nxconvert.mapping.constants import NX_TYPES
from nxconvert.mapping.engine import load, params, starting_mapping
from nxconvert.resources import mappings_dir
from nxconvert.scan import ITEMS, NAMESPACES, Field, Plot, Scan
from nxconvert.tree import Tree

SHIPPED = (
    *("base", "spec", "esrf", "edf", "ill", "nanoesca", "nanoesca_scan"),
    *("scan", "xas", "fluo", "monopd", "tas", "sas", "tomo", "mpes"),
)
SOURCE = {"source_name": "ESRF", "source_type": "Synchrotron X-ray Source", "sample_name": "Fe"}
README = (mappings_dir() / "README.md").read_text(encoding="utf-8")


def tree_of(names: list[str], scan: Scan, **settings: str) -> Tree:
    """Give a scan's tree; there must be no problems."""
    tree, problems = load(names, settings=settings).tree(scan)
    assert problems == []
    return tree


def part(tree: Tree, name: str) -> str:
    """Give the dump of one group of the entry."""
    lines = tree.dump().splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"  {name}: "))
    end = next((n for n in range(start + 1, len(lines)) if not lines[n].startswith("   ")), len(lines))
    return "\n".join(lines[start:end])


def refusal(names: list[str], scan: Scan, **settings: str) -> str:
    """Give the only problem of a scan, without place and hint."""
    tree, problems = load(names, settings=settings).tree(scan)
    assert not any(getattr(child, "nx_class", "") == "NXsubentry" for child in tree.entry.children.values())
    (problem,) = problems
    return problem.found


# every mapping


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_mapping_loads_and_says_what_it_is(name: str) -> None:
    mapping = load([name])
    assert mapping.warnings == []
    info = next(item for item in catalog.available() if item.name == name)
    assert info.path == mappings_dir() / f"{name}.yaml"
    assert len(info.description) > 20


@pytest.mark.parametrize("name", SHIPPED)
def test_what_show_prints_is_a_mapping_that_does_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mapping = load([name])
    Path("shown.yaml").write_text(mapping.describe())
    again = load(["shown.yaml"])
    for scan in (angle_scan(), energy_scan(), mesh_scan(), spectrum_scan(), spectrum_scan(2)):
        first, second = mapping.tree(scan), again.tree(scan)
        assert (first[0].dump(), first[1]) == (second[0].dump(), second[1])


def test_show_tells_where_each_statement_stands() -> None:
    text = load(["esrf"], settings={"title": "mine"}).describe()
    assert text.startswith("# from base.yaml, spec.yaml, esrf.yaml\nentry_name: '{identifier}'\nmeta_parameters:\n")
    base, esrf = mappings_dir() / "base.yaml", mappings_dir() / "esrf.yaml"
    assert re.search(rf"  title:  # {re.escape(str(base))}:5:3\n", text)
    assert re.search(rf"    nx_path: NXentry/title  # {re.escape(str(base))}:5:\d+\n", text)
    assert "    # set to 'mine'\n" in text
    assert re.search(rf"  'positioners\.\*':.*\n    nx_path: .*  # {re.escape(str(esrf))}:9:14\n", text)


def test_show_prints_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.yaml").write_text(
        "time_zone: Europe/Paris\nmeta_parameters:\n"
        "  one:\n    {nx_path: NXentry/one, nx_links: [NXentry/two], source: [columns.a, 'columns.b c'], rank: 1,\n"
        "     def_value: [1], nx_type: char, required: false, shared: true,\n"
        "     attributes: {a: 'it''s', b: {source: title}, c: [1, 2]}}\n"
        "  two: {nx_path: NXentry/three, def_value: '12', dependency_func: 'sum(%one%)', def_units: deg}\n"
        '  "l\\n": {nx_path: NXentry/four, choices: [x, "a\\nb"], def_value: "a\\nb"}\n'
    )
    text = re.sub("  # .*", "", load(["m.yaml"]).describe())
    assert text == (
        "# from m.yaml\n"
        "entry_name: entry\n"
        "time_zone: Europe/Paris\n"
        "meta_parameters:\n"
        "  one:\n"
        "    nx_path: NXentry/one\n"
        "    nx_links: [NXentry/two]\n"
        "    source: [columns.a, 'columns.b c']\n"
        "    rank: 1\n"
        "    def_value: [1]\n"
        "    nx_type: char\n"
        "    required: false\n"
        "    shared: true\n"
        "    attributes: {a: 'it''s', b: {source: title}, c: [1, 2]}\n"
        "  two:\n"
        "    nx_path: NXentry/three\n"
        "    def_value: '12'\n"
        "    dependency_func: 'sum(%one%)'\n"
        "    def_units: degree\n"
        '  "l\\n":\n'
        "    nx_path: NXentry/four\n"
        '    choices: [x, "a\\nb"]\n'
        '    def_value: "a\\nb"\n'
    )


# spec and esrf


def test_spec_takes_everything_of_a_scan() -> None:
    scan = angle_scan(sample=fields(unit_cell_abc=np.array([5.4, 5.4, 5.4])), user=fields(name="José"))
    scan.sample["unit_cell_abc"].units = "angstrom"
    assert tree_of(["spec"], scan).dump() == (
        "scan_1: NXentry\n"
        "  @default = 'data'\n"
        "  title = 'ascan th 1 2 2 1'\n"
        "  start_time = '2024-01-02T03:04:05+01:00'\n"
        "  end_time = '2024-01-02T03:04:08+01:00'\n"
        "  entry_identifier = '1.1'\n"
        "  measurement: NXcollection\n"
        "    th = float64[3] [1.0, 1.5, 2.0]\n"
        "      @target = '/scan_1/measurement/th'\n"
        "    Epoch = float64[3] [0.0, 1.5, 3.0]\n"
        "    mon = int64[3] [90, 91, 92]\n"
        "    det = int64[3] [5, 7, 6]\n"
        "      @target = '/scan_1/measurement/det'\n"
        "  instrument: NXinstrument\n"
        "    positioners: NXcollection\n"
        "      th = 1.0\n"
        "      Two_Theta = 30.0\n"
        "        @long_name = 'Two Theta'\n"
        "  sample: NXsample\n"
        "    unit_cell_abc = float64[3] [5.4, 5.4, 5.4]\n"
        "      @units = 'angstrom'\n"
        "  user: NXuser\n"
        "    name = 'José'\n"
        "  monitor: NXmonitor\n"
        "    mode = 'timer'\n"
        "    preset = 1.0\n"
        "  data: NXdata\n"
        "    @signal = 'det'\n"
        "    @axes = ['th']\n"
        "    @th_indices = 0\n"
        "    det -> /scan_1/measurement/det\n"
        "    th -> /scan_1/measurement/th\n"
        "  metadata: NXcollection\n"
        "    command = 'ascan  th 1 2 2 1'\n"
        "    status = 'complete'\n"
        "    count_time = 1.0\n"
        "    comments = ['one', 'two']\n"
        "  headers: NXcollection\n"
        "    scan_header = '#S 1'\n"
        "    file_header = '#F scans.spec'\n"
    )


def test_spec_puts_a_mesh_on_its_grid_beside_the_flat_columns() -> None:
    tree = tree_of(["spec"], mesh_scan())
    assert part(tree, "data") == (
        "  data: NXdata\n"
        "    @signal = 'det'\n"
        "    @axes = ['sy', 'sx']\n"
        "    @sy_indices = 0\n"
        "    @sx_indices = 1\n"
        "    det = float64[2, 3] [1.0, 2.0, 3.0, 4.0, 5.0, nan]\n"
        "    sy = float64[2] [5.0, 6.0]\n"
        "    sx = float64[3] [0.0, 1.0, 2.0]"
    )
    assert "    det = int64[5] [1, 2, 3, 4, 5]" in part(tree, "measurement")


def test_spec_makes_a_detector_and_a_plot_of_each_mca() -> None:
    tree = tree_of(["spec"], spectrum_scan(3))
    assert part(tree, "mca_0") == (
        "  mca_0: NXdata\n"
        "    @signal = 'data'\n"
        "    @axes = ['sx', 'energy']\n"
        "    @sx_indices = 0\n"
        "    @energy_indices = 1\n"
        "    data -> /scan_1/instrument/mca_0/data\n"
        "    sx -> /scan_1/measurement/sx\n"
        "    energy -> /scan_1/instrument/mca_0/energy"
    )
    assert part(tree, "instrument").partition("    positioners")[0] == (
        "  instrument: NXinstrument\n"
        "    mca_0: NXdetector\n"
        "      data = int64[3, 4] [1, 8, 5] ... [4]\n"
        "        @interpretation = 'spectrum'\n"
        "        @target = '/scan_1/instrument/mca_0/data'\n"
        "      channel = int64[4] [0, 1, 2, 3]\n"
        "        @target = '/scan_1/instrument/mca_0/channel'\n"
        "      energy = float64[4] [0.5, 1.0, 1.5, 2.0]\n"
        "        @target = '/scan_1/instrument/mca_0/energy'\n"
        "      live_time = 0.9\n"
        "        @units = 's'\n"
        "      channels -> /scan_1/instrument/mca_0/channel\n"
    )
    assert tree.entry.attributes["default"] == "data"
    assert tree_of(["spec"], spectrum_scan()).entry.attributes["default"] == "mca_0"


def test_only_the_file_header_is_shared() -> None:
    tree = tree_of(["spec"], angle_scan())
    assert [path for path, node in tree.walk() if getattr(node, "shared", False)] == ["headers/file_header"]


def test_esrf_names_things_as_bliss_does() -> None:
    tree = tree_of(["esrf"], angle_scan(2, 3))
    assert tree.name == "2.3"
    assert part(tree, "instrument") == (
        "  instrument: NXinstrument\n"
        "    positioners_start: NXcollection\n"
        "      th = 1.0\n"
        "      Two_Theta = 30.0\n"
        "        @long_name = 'Two Theta'\n"
        "        @target = '/2.3/instrument/positioners_start/Two_Theta'\n"
        "    positioners: NXcollection\n"
        "      Two_Theta -> /2.3/instrument/positioners_start/Two_Theta\n"
        "      th -> /2.3/measurement/th"
    )
    assert "    mca_0 -> /1.1/instrument/mca_0/data" in part(tree_of(["esrf"], spectrum_scan()), "measurement")


# the definitions


def test_nxscan_is_made_of_a_scan_of_an_angle_by_links() -> None:
    assert part(tree_of(["spec", "scan"], angle_scan()), "scan") == (
        "  scan: NXsubentry\n"
        "    @default = 'data'\n"
        "    definition = 'NXscan'\n"
        "    title -> /scan_1/title\n"
        "    start_time -> /scan_1/start_time\n"
        "    end_time -> /scan_1/end_time\n"
        "    instrument: NXinstrument\n"
        "      detector: NXdetector\n"
        "        data -> /scan_1/measurement/det\n"
        "    data: NXdata\n"
        "      @signal = 'data'\n"
        "      @axes = ['rotation_angle']\n"
        "      @rotation_angle_indices = 0\n"
        "      data -> /scan_1/measurement/det\n"
        "      rotation_angle -> /scan_1/measurement/th\n"
        "    sample: NXsample\n"
        "      rotation_angle -> /scan_1/measurement/th\n"
        "    monitor: NXmonitor\n"
        "      data -> /scan_1/measurement/mon"
    )


def test_nxscan_is_refused_for_other_scans_with_the_reasons() -> None:
    angles = (
        "rotation_angle has no source "
        "(axes.th, axes.Th, axes.TH, axes.theta, axes.Theta, axes.THETA, axes.om, axes.omega, ...)"
    )
    assert refusal(["spec", "scan"], energy_scan()) == f"scan 1.1: NXscan refused: {angles}"
    assert refusal(["spec", "scan"], mesh_scan()) == (
        f"scan 1.1: NXscan refused: data: plots.data.signal (det) has 2 dimensions instead of 1; {angles}; "
        "monitor_data has no source (monitor.data, columns.Monitor, columns.monitor, columns.MONITOR, columns.Mon, "
        "columns.mon, columns.I0, columns.i0, ...)"
    )
    scan = angle_scan(end_time=None)
    scan.columns["det"].value = np.array([0.1, 0.2, 0.3])
    assert refusal(["spec", "scan"], scan) == (
        "scan 1.1: NXscan refused: end_time has no source (end_time); "
        "data: plots.data.signal (det) is not whole numbers"
    )


def test_nxscan_counts_whole_numbers_in_floats_as_integers() -> None:
    scan = angle_scan()
    scan.columns["det"].value = Lazy(np.array([5.0, 7.0, 6.0]))
    text = part(tree_of(["spec", "scan"], scan), "scan")
    assert "        data = int64[3] (in the source)\n" in text
    assert "      data -> /scan_1/scan/instrument/detector/data\n" in text


def test_nxxas_is_made_of_a_scan_of_the_energy() -> None:
    tree = tree_of(["spec", "xas"], energy_scan(), mode="Transmission", **SOURCE)
    assert part(tree, "xas") == (
        "  xas: NXsubentry\n"
        "    @default = 'data'\n"
        "    definition = 'NXxas'\n"
        "    title -> /scan_1/title\n"
        "    start_time -> /scan_1/start_time\n"
        "    instrument: NXinstrument\n"
        "      source: NXsource\n"
        "        type = 'Synchrotron X-ray Source'\n"
        "        name = 'ESRF'\n"
        "        probe = 'x-ray'\n"
        "      monochromator: NXmonochromator\n"
        "        energy -> /scan_1/measurement/energy\n"
        "      incoming_beam: NXdetector\n"
        "        data -> /scan_1/measurement/I0\n"
        "      absorbed_beam: NXdetector\n"
        "        data -> /scan_1/measurement/It\n"
        "    data: NXdata\n"
        "      @signal = 'absorbed_beam'\n"
        "      @axes = ['energy']\n"
        "      @energy_indices = 0\n"
        "      energy -> /scan_1/measurement/energy\n"
        "      absorbed_beam -> /scan_1/measurement/It\n"
        "      mode = 'Transmission'\n"
        "    monitor: NXmonitor\n"
        "      data -> /scan_1/measurement/I0\n"
        "      mode -> /scan_1/monitor/mode\n"
        "      preset -> /scan_1/monitor/preset\n"
        "    sample: NXsample\n"
        "      name = 'Fe'"
    )


def test_an_unknown_preset_is_not_a_number_and_nothing_else_is_made_up() -> None:
    scan = energy_scan()
    scan.monitor = fields(mode="monitor")
    assert "      preset = nan" in part(tree_of(["spec", "xas"], scan, mode="Transmission", **SOURCE), "xas")
    scan.monitor = {}
    assert refusal(["spec", "xas"], scan) == (
        "scan 1.1: NXxas refused: source_type is not set; source_name is not set; mode is not set; "
        "sample_name has no source (sample.name); monitor_mode has no source (monitor.mode)"
    )


@pytest.mark.parametrize("points", [None, 1])
def test_nxfluo_is_made_of_one_spectrum(points: int | None) -> None:
    more = {} if points else {"monitor_data": "1000"}
    tree = tree_of(["spec", "fluo"], spectrum_scan(points), **SOURCE, **more)
    text = part(tree, "fluo")
    assert "        wavelength = 1.0332016536100022\n          @units = 'angstrom'\n" in text
    assert "      fluorescence: NXdetector\n" in text
    data = "data -> /scan_1/instrument/mca_0/data" if points is None else "data = int64[4] [1, 8, 5, 2]"
    assert f"        {data}\n" in text
    assert "        energy -> /scan_1/instrument/mca_0/energy\n" in text
    assert "      @axes = ['energy']\n" in text
    assert f"      data {'-> /scan_1/measurement/mon' if points else '= 1000'}" in text


def test_nxfluo_takes_one_spectrum_of_many_when_told_which() -> None:
    text = part(tree_of(["spec", "fluo"], spectrum_scan(3), point="2", **SOURCE), "fluo")
    assert "        data = int64[4] [3, 10, 7, 4]\n" in text
    assert "      data = 92" in text
    problem = load(["spec", "fluo"], settings=SOURCE).tree(spectrum_scan(3))[1][0]
    assert problem.found == (
        "scan 1.1: NXfluo refused: data: detectors.*.data has 2 dimensions instead of 1"
    )  # fmt: skip
    assert problem.hint == "--set point=..., or a mapping of the instrument that states it"


def test_nxfluo_is_refused_for_two_detectors_and_without_calibration() -> None:
    scan = spectrum_scan(1)
    scan.detectors["mca_1"] = scan.detectors["mca_0"]
    assert "data: detectors.*.data matches 2 values" in refusal(["spec", "fluo"], scan, **SOURCE)
    scan = spectrum_scan(1)
    del scan.detectors["mca_0"]["energy"]
    scan.plots = {}
    assert refusal(["spec", "fluo"], scan, **SOURCE) == (
        "scan 1.1: NXfluo refused: energy has no source (detectors.*.energy)"
    )


@pytest.mark.parametrize("name", ["scan", "xas", "fluo"])
def test_a_definition_demands_all_that_nexus_demands_of_it(name: str) -> None:
    """The definitions that nexusformat brings are the oracle: every required field is a parameter of the mapping."""
    validate = pytest.importorskip("nexusformat.nexus.validate")
    wanted: set[str] = set()

    def walk(group: dict[str, Any], path: str) -> None:
        for kind in ("field", "link"):
            for field, tag in group.get(kind, {}).items():
                if tag.get("@minOccurs") != 0 and field != "definition":
                    wanted.add(f"{path}{field}")
        for key, tag in group.get("group", {}).items():
            walk(tag, f"{path}{key if '@type' in tag else key[2:]}/")

    walk(validate.ApplicationValidator(f"NX{name}").xml_dict, "")
    (own,) = schema.read(mappings_dir() / f"{name}.yaml")
    stated = set()
    for parameter in own.parameters.values():
        paths = [parameter.keys["nx_path"].value] if "nx_path" in parameter.keys else []
        paths += parameter.keys["nx_links"].value if "nx_links" in parameter.keys else []
        stated |= {"/".join(path.names[1:]) for path in paths if path.attribute is None}
    assert wanted - stated == set()


# figure 16


@pytest.fixture
def figure_16(tmp_path: Path) -> str:
    """Give the path of a file that holds figure 16 as printed."""
    path = tmp_path / "monopd.yaml"
    path.write_text(FIGURE_16, encoding="utf-8")
    return str(path)


def test_figure_16_loads_as_printed_and_writes_its_defaults(figure_16: str) -> None:
    mapping = load([figure_16])
    assert mapping.warnings == []
    tree, problems = mapping.tree(angle_scan())
    assert problems == []
    assert tree.dump() == (
        "entry: NXentry\n"
        "  instrument: NXinstrument\n"
        "    name = 'Materials Characterisation by X-ray diffraction'\n"
        "      @short_name = 'MCX'\n"
        "    crystal: NXcrystal\n"
        "      usage = 'Bragg'\n"
        "      type = 'Si'\n"
        "      reflection = int64[3] [1, 1, 1]\n"
        "  monitor: NXmonitor\n"
        "    mode = 'monitor'\n"
        "    sampled_fraction = 1.0\n"
    )


def test_figure_16_with_the_values_of_figure_17(figure_16: str) -> None:
    settings = {
        "crystal_chem_form": "C12H22O11",
        "crystal_wavelength": "[0.5]",
        "detect_descr": "Detector name",
        "detect_dist": "5.0",
        "polar_angle": "[10.0, 10.5, 11.0]",
        "data": "[100, 150, 120]",
        "count_time": "1.0",
        "samp_name": "Sample name",
        "samp_situation": "air",
        "samp_temp": "-10.0",
        "samp_rotat": "[0.0, 45.0, 90.0]",
        "monit_data": "[5, 6, 7]",
        "monit_count_time": "1.0",
    }
    tree, problems = load([figure_16], settings=settings).tree(angle_scan())
    assert problems == []
    assert tree.dump() == (
        "entry: NXentry\n"
        "  @default = 'data'\n"
        "  instrument: NXinstrument\n"
        "    name = 'Materials Characterisation by X-ray diffraction'\n"
        "      @short_name = 'MCX'\n"
        "    crystal: NXcrystal\n"
        "      usage = 'Bragg'\n"
        "      type = 'Si'\n"
        "      chemical_formula = 'C12H22O11'\n"
        "      reflection = int64[3] [1, 1, 1]\n"
        "      wavelength = float64[1] [0.5]\n"
        "        @units = 'angstrom'\n"
        "    detector: NXdetector\n"
        "      description = 'Detector name'\n"
        "      distance = 5.0\n"
        "        @units = 'mm'\n"
        "      polar_angle = float64[3] [10.0, 10.5, 11.0]\n"
        "        @units = 'degree'\n"
        "        @target = '/entry/instrument/detector/polar_angle'\n"
        "      data = int64[3] [100, 150, 120]\n"
        "        @target = '/entry/instrument/detector/data'\n"
        "      count_time = 1.0\n"
        "        @units = 's'\n"
        "  data: NXdata\n"
        "    @signal = 'data'\n"
        "    @axes = ['polar_angle']\n"
        "    @polar_angle_indices = 0\n"
        "    polar_angle -> /entry/instrument/detector/polar_angle\n"
        "    data -> /entry/instrument/detector/data\n"
        "  sample: NXsample\n"
        "    name = 'Sample name'\n"
        "    situation = 'air'\n"
        "    temperature = -10.0\n"
        "      @units = 'K'\n"
        "    rotation_angle = float64[3] [0.0, 45.0, 90.0]\n"
        "      @units = 'degree'\n"
        "  monitor: NXmonitor\n"
        "    mode = 'monitor'\n"
        "    sampled_fraction = 1.0\n"
        "    data = int64[3] [5, 6, 7]\n"
        "    integral = 18\n"
        "    count_time = 1.0\n"
        "      @units = 's'\n"
    )


def test_figure_16_is_extended_by_a_mapping_that_names_sources(figure_16: str) -> None:
    path = Path(figure_16).with_name("mcx.yaml")
    path.write_text(
        "extends: [base, monopd]\n"
        "meta_parameters:\n"
        "  polar_angle: {source: columns.th}\n"
        "  data: {source: columns.det}\n"
        "  monit_data: {source: columns.mon}\n"
        "  inst_tag: {def_value: null}\n"
    )
    tree, problems = load([str(path)]).tree(angle_scan())
    assert problems == []
    text = tree.dump()
    assert "    integral = 273\n" in text
    assert "    @axes = ['polar_angle']\n" in text
    assert "  title = 'ascan th 1 2 2 1'\n" in text
    assert "short_name" not in text


# what a scan offers


def test_params_lists_everything_that_a_scan_offers() -> None:
    scan = spectrum_scan(3)
    scan.plots["mca_0"] = Plot(scan.detectors["mca_0"]["data"], (None, None))
    offered = {item.reference: item for item in params(scan)}
    assert list(offered) == [
        *ITEMS,
        "columns.sx",
        "columns.mon",
        "positioners.energy",
        "metadata.count_time",
        "metadata.comments",
        "monitor.mode",
        "monitor.preset",
        "notes.scan_header",
        "notes.file_header",
        "axes.sx",
        "detectors.mca_0.data",
        "detectors.mca_0.channel",
        "detectors.mca_0.energy",
        "detectors.mca_0.live_time",
        "plots.data.mon",
        "plots.data.sx",
        "plots.mca_0.data",
    ]

    def shown(name: str) -> tuple[Any, ...]:
        item = offered[name]
        return item.type, item.shape, item.units, item.value

    assert shown("title") == ("text", (), "", "'ascan th 1 2 2 1'")
    assert shown("start_time") == ("time", (), "", "2024-01-02T03:04:05+01:00")
    assert shown("number") == ("int", (), "", "1")
    assert shown("columns.mon") == ("int64", (3,), "", "int64[3] [90, 91, 92]")
    assert shown("positioners.energy") == ("float64", (), "", "12.0")
    assert shown("metadata.comments") == ("text", (2,), "", "['one', 'two']")
    assert shown("detectors.mca_0.data") == ("int64", (3, 4), "", "int64[3, 4] [1, 8, 5] ... [4]")
    assert shown("detectors.mca_0.live_time") == ("float", (), "s", "0.9")


def test_every_offer_can_be_referred_to(tmp_path: Path) -> None:
    scan = spectrum_scan(3)
    lines = [
        f"  '{item.reference}': {{nx_path: NXentry/NXcollection/p{number}}}"
        for number, item in enumerate(params(scan))
        if not item.reference.startswith(("plots", "axes"))
    ]
    path = tmp_path / "m.yaml"
    path.write_text("\n".join(["meta_parameters:", *lines]))
    tree = tree_of([str(path)], scan)
    assert len(list(tree.walk())) == len(lines) + 1


def test_a_starting_mapping_loads_and_each_of_its_lines_can_be_uncommented(tmp_path: Path) -> None:
    odd = angle_scan(2)
    odd.metadata = {
        name: Field(name, "a\nb") for name in ("it's", "tab\there", "a: b", "a b", "a_b", "#c", "null", "été", "x" * 80)
    }
    odd.columns["columns"] = odd.columns["det"]
    text = starting_mapping([spectrum_scan(3), odd, spectrum_scan(1)])
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    assert tree_of([str(path)], angle_scan()).dump() == tree_of(["spec"], angle_scan()).dump()
    everything = re.sub(r"(?m)^  # (.*: \{)", r"  \1", text)
    everything = re.sub(r"(?m)^# (time_zone|entry_name)", r"\1", everything)
    assert everything.count("{nx_path") == text.count("{nx_path") > 20
    path.write_text(everything, encoding="utf-8")
    for scan in (spectrum_scan(3), odd):
        paths = dict(tree_of([str(path)], scan).walk())
        assert "sample/name" in paths
    assert "instrument/counter_columns/data" in paths
    assert text.startswith(
        "# A mapping to start from, made for scans.spec\n"
        "# It takes everything from 'spec'. Take away a '#' below to give a value a place of its own;\n"
        "# the place that 'spec' gives it stays, as a link.\n"
        "extends: spec\n"
    )


def test_a_starting_mapping_of_nothing_loads(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(starting_mapping([], extends="base"))
    assert [item.name for item in load([str(path)]).files] == ["base.yaml", "m.yaml"]


# the README


def examples() -> list[tuple[str, str]]:
    """Give the examples of the README: each mapping with the tree that is said to come of it."""
    return re.findall(r"```yaml\n(.*?)```\n\n```text\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(3))
def test_the_examples_of_the_readme_give_what_it_says(number: int, tmp_path: Path) -> None:
    mapping, expected = examples()[number]
    path = tmp_path / "example.yaml"
    path.write_text(mapping)
    lines = iter(tree_of([str(path)], angle_scan()).dump().splitlines())
    for line in expected.splitlines():
        assert line in lines, f"{line!r} is not in the tree, or not in this order"


def test_the_readme_has_no_other_examples() -> None:
    # the one about catalogues is run in test_metadata.py
    assert len(examples()) == 3
    assert README.count("```yaml") == 4


def test_the_readme_names_every_mapping_key_type_function_and_reference() -> None:
    names = [*SHIPPED, *schema.FILE_KEYS, *schema.PARAMETER_KEYS, *NX_TYPES]
    missing = [name for name in names if f"`{name}`" not in README]
    words = [*expressions.FUNCTIONS, *expressions.CONSTANTS, *ITEMS, *schema.ENTRY_WORDS]
    missing += [name for name in words if not re.search(rf"[` {{]{name}[` }}(]", README)]
    missing += [name for name in (*NAMESPACES, "detectors", "plots") if f"`{name}." not in README]
    assert missing == []
    assert {path.stem for path in mappings_dir().glob("*.yaml")} == set(SHIPPED)
