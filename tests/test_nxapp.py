"""NXApp: figures 16 and 17 as printed, values given wrongly, and a file that grows while it is measured."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert import NXApp
from nxconvert.errors import MappingError, RequestError, WriteError

ANGLES = np.linspace(5.0, 50.0, 91)
COUNTS = np.arange(91, dtype=np.int64) ** 2
ION_CHAMBER = np.full(91, 5000)

#: What figure 17 gives, in its order.
FIGURE_17: dict[str, Any] = {
    "title": {"value": "Experiment title"},
    "inv_name": {"value": "2020xxxx"},
    "start_time": {"value": datetime(2020, 3, 1, 8, 0)},
    "ring_curr": {"value": 0.0},
    "ring_energy": {"value": 0.0},
    "top_up": {"value": True},
    "crystal_chem_form": {"value": "C12H22O11"},
    "crystal_wavelength": {"value": [0.0]},
    "detect_descr": {"value": "Detector name"},
    "detect_dist": {"value": 5.0},
    "polar_angle": {"value": ANGLES},
    "data": {"value": COUNTS},
    "count_time": {"value": 1.5},
    "samp_name": {"value": "Sample name"},
    "samp_situation": {"value": "air"},
    "samp_temp": {"value": -10.0, "units": "C"},
    "samp_rotat": {"value": [0.0, 45.0, 90.0]},
    "monit_data": {"value": ION_CHAMBER},
    "monit_count_time": {"value": 0.5},
}

#: A measurement with a value per point, one calculated from each point and one from all.
COUNTING = """
meta_parameters:
  title: {nx_path: NXentry/title}
  i0:    {nx_path: NXentry/NXmonitor/data}
  i1:    {nx_path: NXentry/NXinstrument/NXdetector/data, nx_links: [NXentry/NXdata/data], def_units: counts}
  angle: {nx_path: NXentry/NXsample/rotation_angle, nx_links: [NXentry/NXdata/angle], def_units: degree}
  image: {nx_path: NXentry/NXinstrument/camera:NXdetector/data}
  word:  {nx_path: NXentry/NXinstrument/words:NXcollection/word}
  loose: {}
  half:  {nx_path: NXentry/NXmonitor/half, dependency_func: '%loose% / 2'}
  mu:    {nx_path: NXentry/NXsample/absorption, dependency_func: 'log(%i0% / %i1%)'}
  total: {nx_path: NXentry/NXmonitor/integral, dependency_func: 'sum(%i0%)'}
  twice: {nx_path: NXentry/NXmonitor/twice, dependency_func: '2 * %total%'}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of mappings with one instrument of its own."""
    place = tmp_path / "maps" / "lab" / "bench"
    place.mkdir(parents=True)
    (place / "counting.yaml").write_text(COUNTING)
    return tmp_path / "maps"


def counting(tmp_path: Path, folder: Path, **options: Any) -> NXApp:
    return NXApp(tmp_path / "run.nxs", "lab", "bench", "counting", folders=[folder], **options)


def values(path: Path) -> dict[str, Any]:
    """Give every field outside of the provenance."""
    found: dict[str, Any] = {}

    def visit(prefix: str, group: Any) -> None:
        for name, item in group.items():
            if isinstance(item, h5py.Group):
                visit(f"{prefix}{name}/", item)
            else:
                value = item[()]
                found[prefix + name] = value.decode() if isinstance(value, bytes) else value

    with h5py.File(path, locking=False) as file:
        visit("", file)
    return {name: value for name, value in found.items() if "/conversion/" not in name}


def refusal(call: Any, *args: Any, **named: Any) -> str:
    with pytest.raises(RequestError) as error:
        call(*args, **named)
    return str(error.value)


# figures 16 and 17


def test_the_figures_give_a_file_with_each_value_where_figure_16_says(tmp_path: Path) -> None:
    path = tmp_path / "mcx.nxs"
    nexus = NXApp(path, "elettra", "mcx", "monopd")
    nexus.set(**FIGURE_17)
    assert nexus.problems == []
    found = values(path)
    entry = {name.removeprefix("entry/"): value for name, value in found.items()}
    arrays = {
        "instrument/crystal/reflection": [1, 1, 1],
        "instrument/crystal/wavelength": [0.0],
        "instrument/detector/polar_angle": ANGLES,
        "instrument/detector/data": COUNTS,
        "data/polar_angle": ANGLES,
        "data/data": COUNTS,
        "sample/rotation_angle": [0.0, 45.0, 90.0],
        "monitor/data": ION_CHAMBER,
    }
    for name, value in arrays.items():
        np.testing.assert_array_equal(entry.pop(name), value)
    assert np.isnan(entry.pop("monitor/preset"))
    assert entry == {
        "definition": "NXmonopd",
        "title": "Experiment title",
        "start_time": "2020-03-01T08:00:00+00:00",
        "experiment_identifier": "2020xxxx",
        "instrument/name": "Materials Characterisation by X-ray diffraction",
        "instrument/source/name": "Elettra",
        "instrument/source/type": "Synchrotron X-ray Source",
        "instrument/source/probe": "x-ray",
        "instrument/source/current": 0.0,
        "instrument/source/energy": 0.0,
        "instrument/source/top_up": True,
        "instrument/crystal/usage": "Bragg",
        "instrument/crystal/type": "Si",
        "instrument/crystal/chemical_formula": "C12H22O11",
        "instrument/detector/description": "Detector name",
        "instrument/detector/distance": 5.0,
        "instrument/detector/count_time": 1.5,
        "sample/name": "Sample name",
        "sample/situation": "air",
        "sample/temperature": -10.0,
        "monitor/mode": "monitor",
        "monitor/sampled_fraction": 1.0,
        "monitor/integral": 5000.0 * 91,
        "monitor/count_time": 0.5,
    }
    with h5py.File(path) as file:
        entry = file["entry"]
        assert entry["monitor/integral"].dtype == np.float64
        assert entry["instrument/name"].attrs["short_name"] == "MCX"
        assert entry["sample/temperature"].attrs["units"] == "degC"
        assert entry["instrument/detector/polar_angle"].attrs["units"] == "degree"
        for name in ("polar_angle", "data"):
            assert entry[f"data/{name}"] == entry[f"instrument/detector/{name}"]
            assert entry[f"data/{name}"].attrs["target"] == f"/entry/instrument/detector/{name}"
        data = entry["data"]
        assert (data.attrs["signal"], list(data.attrs["axes"])) == ("data", ["polar_angle"])
        assert (file.attrs["default"], entry.attrs["default"]) == ("entry", "data")


def test_the_figures_as_printed(tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (shared_data.parent / "sources" / "000_765ca746210723f2.txt").read_text(encoding="utf-8")
    blocks = [part for part in text.split("```")[1::2] if "meta_parameters:" in part or "NXApp(" in part]
    (mapping,) = [part for part in blocks if "meta_parameters:" in part]
    (snippet,) = [part for part in blocks if "NXApp(" in part]
    place = tmp_path / "maps" / "elettra" / "mcx"
    place.mkdir(parents=True)
    (place / "monopd.yaml").write_text(mapping, encoding="utf-8")
    monkeypatch.setenv("NXCONVERT_MAPPINGS", str(tmp_path / "maps"))
    code = "\n".join(line for line in snippet.splitlines() if not line.startswith("#!/"))
    names = {
        "NXApp": NXApp,
        "datetime": datetime,
        "nx_filepath": str(tmp_path / "printed.nxs"),
        "polar_ang": ANGLES,
        "data": COUNTS,
        "count_time": 1.5,
        "ion_chamber_data": ION_CHAMBER,
        "ion_chamber_count_time": 0.5,
    }
    exec(compile(code, "figure17", "exec"), names)
    printed = values(tmp_path / "printed.nxs")
    NXApp(tmp_path / "ours.nxs", "elettra", "mcx", "monopd").set(**FIGURE_17)
    ours = values(tmp_path / "ours.nxs")
    # figure 17 takes the time when it runs
    assert str(printed.pop("entry/start_time")).endswith("+00:00")
    del ours["entry/start_time"]
    assert printed.keys() == ours.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(printed[name], value)


def test_the_figures_pass_nexusformats_judge(tmp_path: Path) -> None:
    validate = pytest.importorskip("nexusformat.nexus.validate")
    NXApp(tmp_path / "mcx.nxs", "elettra", "mcx", "monopd").set(**FIGURE_17)
    assert validate.validate_application(str(tmp_path / "mcx.nxs"), path="/entry")[1] == 0
    assert validate.validate_file(str(tmp_path / "mcx.nxs"))[1] == 0


def test_a_more_particular_file_says_only_what_it_changes(tmp_path: Path) -> None:
    place = tmp_path / "maps" / "elettra" / "mcx"
    place.mkdir(parents=True)
    (place / "mcx.yaml").write_text(
        "time_zone: Europe/Rome\nmeta_parameters: {source_name: {def_value: Elettra 2.0}}\n"
    )
    nexus = NXApp(tmp_path / "a.nxs", "elettra", "mcx", "monopd", folders=[tmp_path / "maps"])
    nexus.set(**FIGURE_17)
    found = values(tmp_path / "a.nxs")
    assert found["entry/instrument/source/name"] == "Elettra 2.0"
    assert found["entry/instrument/source/type"] == "Synchrotron X-ray Source"
    assert found["entry/start_time"] == "2020-03-01T08:00:00+01:00"


# set


def test_every_set_leaves_a_whole_file_that_claims_no_definition_before_it_is_fulfilled(tmp_path: Path) -> None:
    nexus = NXApp(tmp_path / "a.nxs", "elettra", "mcx", "monopd")
    some = dict(list(FIGURE_17.items())[:3])
    nexus.set(**some)
    assert "entry/definition" not in values(tmp_path / "a.nxs")
    assert [problem.found for problem in nexus.problems] == [
        "parameter crystal_wavelength is not set",
        "parameter polar_angle is not set",
        "parameter data is not set",
        "parameter samp_name is not set",
        "parameter samp_rotat is not set",
        "parameter monit_sum: 'sum(%monit_data%)' lacks monit_data",
    ]
    nexus.set(**FIGURE_17)
    assert values(tmp_path / "a.nxs")["entry/definition"] == "NXmonopd"
    nexus.set(title="Another title", monit_data=np.array([1, 2]), samp_situation=None)
    found = values(tmp_path / "a.nxs")
    assert (found["entry/title"], found["entry/monitor/integral"]) == ("Another title", 3.0)
    assert "entry/sample/situation" not in found
    assert found["entry/sample/name"] == "Sample name"


def test_as_a_context_manager_it_writes_once_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.nxs"
    with NXApp(path, "elettra", "mcx", "monopd") as nexus:
        nexus.set(title="one")
        nexus.set(inv_name="two")
        assert not path.exists()
    assert values(path)["entry/title"] == "one"
    nexus.close()
    assert refusal(nexus.set, title="late") == f"{path}: is closed\n  hint: a further file needs an NXApp of its own"


def test_an_error_inside_with_leaves_no_file(tmp_path: Path) -> None:
    with (  # noqa: PT012 - the error comes from inside
        pytest.raises(ZeroDivisionError),
        NXApp(tmp_path / "a.nxs", "elettra", "mcx", "monopd") as nexus,
    ):
        nexus.set(title="one")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_all_mistakes_of_a_call_are_told_and_nothing_is_changed(tmp_path: Path) -> None:
    nexus = NXApp(tmp_path / "a.nxs", "elettra", "mcx", "monopd")
    nexus.set(title="one")
    before = (tmp_path / "a.nxs").read_bytes()
    text = refusal(
        nexus.set,
        title="two",
        samp_nam="Si",
        polar_angle={"value": 1.0, "unit": "deg"},
        data={"units": "counts"},
        samp_temp={"value": 5.0, "units": 7},
        monit_data=[1, "two", object()],
        detect_dist=1j,
    )
    assert text == (
        "set samp_nam: 'samp_nam' is no parameter of the mapping\n"
        "  hint: did you mean 'samp_name' or 'samp_temp' or 'samp_rotat'?\n"
        "set polar_angle: the key 'unit', expected {'value': ..., 'units': ...}\n"
        "set data: no 'value', expected {'value': ..., 'units': ...}\n"
        "set samp_temp: units of type int, expected text\n"
        "set monit_data: a value of type list, expected a number, text, a bool, a time, or a list or an array of numbers, texts or bools\n"
        "set detect_dist: a value of type complex, expected a number, text, a bool, a time, or a list or an array of numbers, texts or bools"
    )
    assert (tmp_path / "a.nxs").read_bytes() == before
    nexus.set(inv_name="three")
    assert values(tmp_path / "a.nxs")["entry/title"] == "one"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"detect_dist": {"value": 5.0, "units": "keV"}},
            "detect_dist has the units 'keV', parameter 'detect_dist' expects units like 'mm'",
        ),
        ({"monit_mode": "counts"}, "monit_mode is none of 'monitor, timer', the value that was given is not written"),
        ({"data": [1.5, 2.5]}, "data is not whole numbers, the value that was given is not written"),
        ({"top_up": "yes"}, "top_up is not true or false, the value that was given is not written"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_reason(
    tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    nexus = NXApp(tmp_path / "a.nxs", "elettra", "mcx", "monopd")
    assert refusal(nexus.set, **given) == f"{tmp_path / 'a.nxs'}: {message}"
    assert list(tmp_path.iterdir()) == []


def test_units_are_written_as_given_or_converted(tmp_path: Path) -> None:
    for convert, expected, units in ((False, -10.0, "degC"), (True, 263.15, "K")):
        path = tmp_path / f"{units}.nxs"
        NXApp(path, "elettra", "mcx", "monopd", convert_units=convert).set(**FIGURE_17)
        with h5py.File(path) as file:
            item = file["entry/sample/temperature"]
            assert (item[()], item.attrs["units"]) == (expected, units)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ("eletra", "mcx", "monopd"),
            "eletra: no mapping of a facility has this name, expected the name of a folder or file of mappings\n"
            "  hint: did you mean 'elettra'?",
        ),
        (
            ("elettra", "mxc", "monopd"),
            "mxc: no mapping of an instrument of elettra has this name, "
            "expected the name of a folder or file of mappings\n  hint: did you mean 'mcx'?",
        ),
        (
            ("elettra", "mcx", "../../base"),
            "../../base: no mapping of an application of mcx has this name, "
            "expected the name of a folder or file of mappings\n  hint: known: 'monopd'",
        ),
    ],
)
def test_unknown_names_are_refused(tmp_path: Path, names: tuple[str, str, str], message: str) -> None:
    assert refusal(NXApp, tmp_path / "a.nxs", *names) == message


def test_mistakes_in_mapping_files_are_told_with_their_places(tmp_path: Path, folder: Path) -> None:
    (folder / "lab" / "lab.yaml").write_text("meta_parameters:\n  i0: {nx_pth: NXentry/NXmonitor/data}\n")
    with pytest.raises(MappingError) as error:
        counting(tmp_path, folder)
    assert str(error.value) == (
        f"{folder}/lab/lab.yaml:2:8: unknown key 'nx_pth', in parameter 'i0'\n  hint: did you mean 'nx_path' or 'nx_type'?"
    )


def test_an_existing_file_is_replaced_only_when_that_is_said(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "run.nxs"
    path.write_text("precious")
    assert refusal(counting, tmp_path, folder) == (
        f"{path}: exists already\n  hint: choose another name, or overwrite=True"
    )
    assert path.read_text() == "precious"
    counting(tmp_path, folder, overwrite=True).set(title="new")
    assert values(path) == {"entry/title": "new"}


@settings(deadline=None, max_examples=30)
@given(
    st.one_of(
        st.lists(st.floats(width=64), min_size=1, max_size=20),
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20),
        st.lists(st.booleans(), min_size=1, max_size=5),
        st.floats(),
        st.integers(-(2**63), 2**63 - 1),
    )
)
def test_numbers_are_in_the_file_as_they_were_given(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    base = tmp_path_factory.mktemp("numbers")
    place = base / "maps" / "lab" / "bench"
    place.mkdir(parents=True)
    (place / "counting.yaml").write_text(COUNTING)
    counting(base, base / "maps").set(i1=value)
    found = values(base / "run.nxs")["entry/instrument/detector/data"]
    expected = np.asarray(value)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (np.float32(1.5), np.float32(1.5)),
        (np.array(3, np.int16), np.int16(3)),
        (np.bool_(True), True),
        (np.arange(6, dtype=">f4").reshape(2, 3).T, np.arange(6, dtype=np.float32).reshape(2, 3).T),
        ([2**63, 1], np.array([2**63, 1], np.uint64)),
        ([2**53, 0.5], np.array([2.0**53, 0.5])),
        (2**64 - 1, np.uint64(2**64 - 1)),
        (range(3), np.arange(3)),
        ([], np.zeros(0)),
        (float("nan"), np.nan),
        (b"\xc3\xa4", "ä"),
        (np.array([b"a", b"b"]), ["a", "b"]),
        ("Probe 🧪", "Probe 🧪"),
        (np.datetime64("2024-01-02T03:04:05.123456789"), "2024-01-02T03:04:05.123456"),
    ],
    ids=repr,
)
def test_what_a_program_has_is_in_the_file_as_it_was_given(
    tmp_path: Path, folder: Path, value: Any, stored: Any
) -> None:
    counting(tmp_path, folder).set(i1=value)
    with h5py.File(tmp_path / "run.nxs") as file:
        item = file["entry/instrument/detector/data"]
        found = item.asstr()[()] if h5py.check_string_dtype(item.dtype) else item[()]
    if isinstance(stored, (str, list)):
        assert np.asarray(found).tolist() == stored
    else:
        assert found.dtype == np.asarray(stored).dtype
        np.testing.assert_array_equal(found, stored)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (2**70, "a number of more than 64 bits"),
        (-(2**63) - 1, "a number of more than 64 bits"),
        ([2**64 - 1, 0.5], "a list of numbers that no one type holds"),
        ([2**64 - 1, -1], "a list of numbers that no one type holds"),
        ([2**70], "a value of type list"),
        ([[1, 2], [3]], "lists of unequal length"),
        ([1, None], "a value of type list"),
        (["a", 1], "a list of texts and other things"),
        (np.array([1, None]), "an array of type object"),
        (np.ma.masked_array([1, 2, 3], [0, 1, 0]), "a masked array, 1 of its values masked: fill them first"),
        (np.datetime64("NaT"), "a time that is none (NaT)"),
        (b"\xff", "bytes that are no UTF-8 text"),
        (np.zeros(2, [("a", "f8")]), "an array of type [('a', '<f8')]"),
    ],
    ids=repr,
)
def test_what_would_change_or_cannot_be_stored_is_refused_by_set_and_append(
    tmp_path: Path, folder: Path, value: Any, found: str
) -> None:
    nexus = counting(tmp_path, folder)
    expected = "expected a number, text, a bool, a time, or a list or an array of numbers, texts or bools"
    assert refusal(nexus.set, i1=value) == f"set i1: {found}, {expected}"
    assert refusal(nexus.append, i1=value) == f"append i1: {found}, {expected}"
    assert not (tmp_path / "run.nxs").exists()


def test_quantities_of_pint_bring_their_units_along(tmp_path: Path, folder: Path) -> None:
    unit = pint.UnitRegistry()
    nexus = counting(tmp_path, folder)
    nexus.set(i1=unit.Quantity(np.arange(3), "count"), angle=unit.Quantity(1.5, "degree"))
    with h5py.File(tmp_path / "run.nxs") as file:
        assert file["entry/instrument/detector/data"].attrs["units"] == "counts"
        assert file["entry/sample/rotation_angle"].attrs["units"] == "degree"
    assert refusal(nexus.set, angle=unit.Quantity(1.5, "keV")) == (
        f"{tmp_path / 'run.nxs'}: angle has the units 'keV', parameter 'angle' expects units like 'degree'"
    )
    assert refusal(nexus.set, angle={"value": unit.Quantity(1.5, "rad"), "units": "degree"}) == (
        "set angle: a quantity in 'rad' and units 'degree', expected one of them"
    )


# append


def test_an_empty_point_is_refused(tmp_path: Path, folder: Path) -> None:
    nexus = counting(tmp_path, folder)
    assert refusal(nexus.append, i1=[]) == "append i1: an empty array, one value at least was expected"


def test_a_scan_is_written_while_it_runs_and_is_whole_when_it_ends(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "run.nxs"
    nexus = counting(tmp_path, folder)
    nexus.set(title="a run")
    for n in range(5):
        image = np.full((3, 4), n, np.uint16)
        nexus.append(i0=100 * (n + 1), i1={"value": 50.0, "units": "counts"}, angle=0.5 * n, image=image, word=f"w{n}")
        with h5py.File(path, "r", locking=False) as file:
            assert file.attrs["status"] == "running"
            assert file["entry/monitor/data"].shape == (n + 1,)
            assert "integral" not in file["entry/monitor"]
            np.testing.assert_allclose(file["entry/sample/absorption"][-1], np.log(2 * (n + 1)))
            assert file["entry/instrument/camera/data"].shape == (n + 1, 3, 4)
    nexus.close()
    found = values(path)
    assert found["entry/monitor/data"].tolist() == [100, 200, 300, 400, 500]
    assert (found["entry/monitor/integral"], found["entry/monitor/twice"]) == (1500, 3000.0)
    assert found["entry/instrument/camera/data"].dtype == np.uint16
    assert found["entry/instrument/camera/data"][:, 1, 1].tolist() == [0, 1, 2, 3, 4]
    assert [word.decode() for word in found["entry/instrument/words/word"]] == ["w0", "w1", "w2", "w3", "w4"]
    with h5py.File(path) as file:
        assert "status" not in file.attrs
        data = file["entry/data"]
        assert (data.attrs["signal"], list(data.attrs["axes"])) == ("data", ["angle"])
        assert data["data"] == file["entry/instrument/detector/data"]


def test_what_was_measured_before_a_crash_is_in_the_file(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), counting(tmp_path, folder) as nexus:  # noqa: PT012 - from inside
        nexus.append(i0=1, i1=2.0)
        nexus.append(i0=3, i1=4.0)
        raise ZeroDivisionError
    with h5py.File(tmp_path / "run.nxs") as file:
        assert file.attrs["status"] == "running"
        assert file["entry/monitor/data"][()].tolist() == [1, 3]


def test_what_was_measured_before_a_kill_opens_in_any_program(tmp_path: Path, folder: Path) -> None:
    code = (
        "import os, sys; from nxconvert import NXApp\n"
        "nexus = NXApp(sys.argv[1], 'lab', 'bench', 'counting', folders=[sys.argv[2]])\n"
        "for n in range(3): nexus.append(i0=n)\n"
        "nexus.set(title='late'); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "run.nxs"), str(folder)])
    assert done.returncode == -9
    with h5py.File(tmp_path / "run.nxs") as file:  # HDF5 1.10's form would ask for h5clear first
        assert file.attrs["status"] == "running"
        assert file["entry/monitor/data"][()].tolist() == [0, 1, 2]
        assert file["entry/title"].asstr()[()] == "late"


def test_what_set_gives_while_a_scan_runs_is_in_the_file_at_once(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "run.nxs"
    with counting(tmp_path, folder) as nexus:
        nexus.append(i0=1, i1=1.0)
        nexus.set(title="first", loose=3.0)
        assert (values(path)["entry/title"], values(path)["entry/monitor/half"]) == ("first", 1.5)
        nexus.append(i0=2, i1=2.0)
        nexus.set(title="second", loose=4)
        found = values(path)
        assert (found["entry/title"], found["entry/monitor/half"]) == ("second", 2.0)
        assert found["entry/monitor/data"].tolist() == [1, 2]
        assert "entry/monitor/integral" not in found
    assert values(path)["entry/monitor/integral"] == 3


@pytest.mark.parametrize("swmr", [False, True])
def test_what_set_gave_before_an_exception_is_in_the_file(tmp_path: Path, folder: Path, swmr: bool) -> None:
    with pytest.raises(ZeroDivisionError), counting(tmp_path, folder, swmr=swmr) as nexus:  # noqa: PT012 - inside
        nexus.append(i0=1)
        nexus.set(title="late")
        raise ZeroDivisionError
    with h5py.File(tmp_path / "run.nxs") as file:
        assert (file.attrs["status"], file["entry/title"].asstr()[()]) == ("running", "late")


def test_two_writers_of_one_file_do_not_write_over_each_other(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "run.nxs"
    message = f"{path}: exists already\n  hint: choose another name, or overwrite=True"
    first, second = counting(tmp_path, folder), counting(tmp_path, folder)
    first.append(i0=1)
    for call in (second.set, second.append):
        assert refusal(call, i0=100) == message
    first.append(i0=2)
    first.close()
    assert refusal(second.set, i0=100) == message
    assert values(path)["entry/monitor/data"].tolist() == [1, 2]


def test_threads_append_one_after_the_other(tmp_path: Path, folder: Path) -> None:
    nexus = counting(tmp_path, folder)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: nexus.append(i0=n), range(100)))
    nexus.close()
    assert sorted(values(tmp_path / "run.nxs")["entry/monitor/data"]) == list(range(100))


def test_an_index_axis_counts_on(tmp_path: Path, folder: Path) -> None:
    with counting(tmp_path, folder) as nexus:
        for n in range(3):
            nexus.append(i1=float(n))
        with h5py.File(tmp_path / "run.nxs", "r", locking=False) as file:
            assert file["entry/data/point"][()].tolist() == [0.0, 1.0, 2.0]
    assert values(tmp_path / "run.nxs")["entry/data/point"].tolist() == [0.0, 1.0, 2.0]


def test_points_that_do_not_fit_are_refused_and_cost_nothing(tmp_path: Path, folder: Path) -> None:
    nexus = counting(tmp_path, folder)
    path = tmp_path / "run.nxs"
    assert refusal(nexus.append) == f"{path}: a point without any value"
    assert refusal(nexus.append, loose=1.0) == (
        "append loose: is no field of the file, only a field can have many points"
    )
    assert refusal(nexus.append, word=datetime(2020, 1, 1)) == (
        "append word: a datetime, a number, a text, or an array of numbers was expected"
    )
    nexus.append(i0=1, i1=2, image=np.zeros((2, 2)))
    assert refusal(nexus.append, i0=1, image=np.zeros((2, 2))) == (
        f"{path}: point 1 has no 'instrument/detector/data', the first point had it"
    )
    assert refusal(nexus.append, i0=1, i1=2, image=np.zeros((2, 3))) == (
        f"{path}: point 1 has 'instrument/camera/data' of shape [2, 3], [2, 2] was expected, as at the first point"
    )
    assert refusal(nexus.append, i0=1.5, i1=2, image=np.zeros((2, 2))) == (
        f"{path}: point 1 has 'monitor/data' of type float64, int64 was expected, as at the first point\n"
        "  hint: give the first point in the type that holds all of them"
    )
    assert refusal(nexus.append, i0=1, i1=2, angle=0.0, image=np.zeros((2, 2))) == (
        f"{path}: point 1 has 'sample/rotation_angle', the first point had it not"
    )
    nexus.append(i0=2.0, i1=3, image=np.ones((2, 2)))
    nexus.close()
    assert values(path)["entry/monitor/data"].tolist() == [1, 2]


def test_others_read_along_with_swmr(tmp_path: Path, folder: Path) -> None:
    nexus = counting(tmp_path, folder, swmr=True)
    nexus.append(i0=1, i1=1.0)
    code = (
        "import sys, h5py; file = h5py.File(sys.argv[1], 'r', libver='latest', swmr=True)\n"
        "item = file['entry/monitor/data']; print(item.shape[0], flush=True)\n"
        "sys.stdin.readline(); item.refresh(); print(item[()].tolist(), flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "run.nxs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline() == "1\n"
        nexus.append(i0=2, i1=1.0)
        print(file=reader.stdin, flush=True)
        assert reader.stdout.readline() == "[1, 2]\n"
    nexus.close()
    assert values(tmp_path / "run.nxs")["entry/monitor/data"].tolist() == [1, 2]


def test_swmr_takes_no_text_per_point(tmp_path: Path, folder: Path) -> None:
    nexus = counting(tmp_path, folder, swmr=True)
    assert refusal(nexus.append, word="w") == (
        "instrument/words/word: text at every point, numbers were expected\n"
        "  hint: HDF5 can let others read along numbers only"
    )
    assert not (tmp_path / "run.nxs").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, folder: Path) -> None:
    nexus = NXApp(tmp_path / "none" / "run.nxs", "lab", "bench", "counting", folders=[folder])
    for call in (lambda: nexus.set(title="x"), lambda: nexus.append(i0=1)):
        with pytest.raises(WriteError) as error:
            call()
        assert "No such file or directory" in str(error.value)


def test_the_same_values_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        nexus = NXApp(tmp_path / name / "x.nxs", "elettra", "mcx", "monopd", timestamp=0.0)
        nexus.set(**FIGURE_17)
    assert (tmp_path / "a" / "x.nxs").read_bytes() == (tmp_path / "b" / "x.nxs").read_bytes()


def test_times_with_a_zone_keep_it(tmp_path: Path) -> None:
    nexus = NXApp(tmp_path / "a.nxs", "elettra", "mcx", "monopd")
    nexus.set(start_time=datetime(2024, 6, 3, 8, tzinfo=timezone.utc), title=np.str_("x"))
    assert values(tmp_path / "a.nxs")["entry/start_time"] == "2024-06-03T08:00:00+00:00"
