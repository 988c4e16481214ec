"""Energies exactly as the decimal numbers say, and what a pixel is in momentum or on the sample."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import nanogen
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nanogen import Made

from nxconvert.arrays import load
from nxconvert.readers.nanoesca import READER, axes
from nxconvert.readers.nanoesca.facts import Facts
from nxconvert.readers.nanoesca.instrument import load as description
from nxconvert.readers.nanoesca.keys import Config, Entry
from nxconvert.scan import Scan, SourceFile


def facts(**keys: str) -> Facts:
    """Give the facts of a configuration of these keys in [CONFIG]."""
    sections = {"CONFIG": {key: Entry(text, line) for line, (key, text) in enumerate(keys.items(), 2)}}
    config = Config("a.meas", "", SourceFile("a.meas", 0, 0, ""), sections)
    return Facts(description(), [(config, sections)], "a.meas")


def axis(start: str, stop: str, step: str) -> Facts:
    return facts(AXIS_START=start, AXIS_STOP=stop, AXIS_STEP=step)


def told(found: Facts) -> list[str]:
    return list(dict.fromkeys(map(str, found.problems)))


@pytest.mark.parametrize(("start", "stop", "step", "expected"), [
    ("3.5", "5.3", "0.1", [3.5, 3.6, 3.7, 3.8, 3.9, 4.0, 4.1, 4.2, 4.3, 4.4, 4.5, 4.6, 4.7, 4.8, 4.9, 5.0, 5.1, 5.2, 5.3]),
    ("1.0", "0.7", "-0.1", [1.0, 0.9, 0.8, 0.7]),
    ("1.0", "0.7", "0.1", [1.0, 0.9, 0.8, 0.7]),  # the way tells the sign
    ("0.7", "1.0", "-0.1", [0.7, 0.8, 0.9, 1.0]),
    ("-0.2", "0.1", "0.1", [-0.2, -0.1, 0.0, 0.1]),
    ("5.0", "5.0", "0.0", [5.0]),
    ("5.0", "5.0", "0.1", [5.0]),
    ("0", "1", "0.3", [0.0, 0.3, 0.6, 0.9]),  # the last one is not reached
])  # fmt: skip
def test_points_and_energies_are_those_of_start_stop_and_step(
    start: str, stop: str, step: str, expected: list[float]
) -> None:
    found = axis(start, stop, step)
    assert axes.points(found) == len(expected)
    values = axes.stated(found, len(expected))
    assert values is not None
    assert values.tolist() == expected
    assert told(found) == []


def test_the_cases_of_real_tables_have_as_many_points_as_they_state() -> None:
    assert axes.points(axis("3.500000", "5.300000", "0.100000")) == 19
    assert axes.points(axis("16.000000", "20.000000", "0.050000")) == 81
    assert axes.points(axis("0.000000", "2.500000", "0.050000")) == 51


def test_a_step_of_zero_between_different_ends_says_nothing() -> None:
    found = axis("1.0", "2.0", "0.0")
    assert axes.points(found) is None
    assert axes.stated(found, 3) is None
    assert axes.points(facts(AXIS_START="1.0")) is None
    assert axes.points(axis("0", "1e9", "1e-9")) is None


@given(
    st.decimals(-1000, 1000, places=6),
    st.decimals(Decimal("0.000001"), 10, places=6),
    st.integers(1, 400),
    st.booleans(),
)
def test_every_energy_is_the_nearest_number_to_the_decimal_one(
    start: Decimal, step: Decimal, count: int, down: bool
) -> None:
    way = -step if down else step
    found = axis(f"{start}", f"{start + (count - 1) * way}", f"{way}")
    assert axes.points(found) == count
    values = axes.stated(found, count)
    assert values is not None
    assert values.tolist() == [float(start + n * way) for n in range(count)]


@pytest.mark.parametrize("text", ['"abc"', "1e999999", "9" * 90, "NaN", "Infinity", "1e-999"])
def test_what_is_no_number_is_told_with_its_line(text: str) -> None:
    found = axis(text, "2.0", "0.1")
    assert axes.points(found) is None
    plain = text.strip('"')[:40]
    assert told(found) == [f"a.meas:2: '{plain}' for the axis start, a number expected"]


def test_counts_that_are_none_are_told() -> None:
    for text in ("0", "1.5", "-3", "1e9"):
        found = facts(N_SCAN=text)
        assert found.count("repeats") is None
        assert told(found) == [f"a.meas:2: {Decimal(text)} for the repeats, a whole number below a million expected"]


FIELD = {"DET_SIZE": "18866", "DET_CONVERSION_FACTOR": "18.980000"}


@pytest.mark.parametrize(
    ("mode", "magnification", "view", "names", "units"),
    [
        ("2", "4541.710000", 4.15394, ("ky", "kx"), "1/angstrom"),
        ("1", "437.180256", 43.1538, ("y", "x"), "um"),
    ],
)
def test_994_pixels_show_the_field_of_view(
    mode: str, magnification: str, view: float, names: tuple[str, str], units: str
) -> None:
    found = axes.pixels(facts(FOV_MODE=mode, M_FOV=magnification, **FIELD), (1024, 1000))
    assert found is not None
    assert [item.name for item in found] == list(names)
    assert [(item.units, item.dims) for item in found] == [(units, ("y",)), (units, ("x",))]
    for item, length in zip(found, (1024, 1000), strict=True):
        values = np.asarray(item.value)
        assert values.shape == (length,)
        assert abs(values.mean()) < 1e-12  # the centre of the image is 0
        np.testing.assert_allclose(np.diff(values), view / 994.0, rtol=1e-4)


def test_binned_pixels_are_larger() -> None:
    keys = {"FOV_MODE": "2", "M_FOV": "4541.71", **FIELD}
    sections = {
        "CONFIG": {key: Entry(text, 1) for key, text in keys.items()},
        "HEAD": {"ROI_LEFT": Entry("513", 1), "ROI_RIGHT": Entry("1536", 1)},
    }
    config = Config("a", "", SourceFile("a", 0, 0, ""), sections)
    found = Facts(description(), [(config, sections)], "a")
    full, half = axes.pixels(found, (1024, 1024)), axes.pixels(found, (512, 512))
    assert full is not None
    assert half is not None
    np.testing.assert_allclose(np.diff(np.asarray(half[0].value)), 2 * np.diff(np.asarray(full[0].value))[0])


@pytest.mark.parametrize("keys", [
    {}, {"FOV_MODE": "2"}, {"FOV_MODE": "3", "M_FOV": "4541.71", **FIELD}, {"FOV_MODE": "2", "M_FOV": "0", **FIELD},
    {"M_FOV": "4541.71", **FIELD},
])  # fmt: skip
def test_without_a_field_of_view_there_are_no_coordinates(keys: dict[str, str]) -> None:
    assert axes.pixels(facts(**keys), (4, 5)) is None


def only_scan(path: Path, **settings: str) -> Scan:
    with READER.open(str(path), **settings) as file:
        (scan,) = list(file)
    return scan


def test_a_measurement_in_real_space_and_downwards(tmp_path: Path) -> None:
    made = Made(mode=1, start="20.000000", step="-0.250000", repeats=1)
    scan = only_scan(made.write(tmp_path / "m"))
    assert scan.problems == []
    assert scan.axes["energy"].value.tolist() == made.energies()  # type: ignore[union-attr]
    assert [axis and axis.name for axis in scan.plots["data"].axes] == ["energy", "y", "x"]
    assert scan.instrument["collection"].value == "spatial dispersive"


def test_binding_energies_have_the_name_of_the_program(tmp_path: Path) -> None:
    made = Made(repeats=1)
    made.write(tmp_path / "m")
    for path in (tmp_path / "m").rglob("*.[mD]*"):
        path.write_bytes(path.read_bytes().replace(b"AXIS_TYPE = 2", b"AXIS_TYPE = 3"))
    scan = only_scan(tmp_path / "m")
    assert scan.axes["energy"].long_name == "EBIN"
    assert scan.metadata["energy_type"].value == "binding"


def test_another_set_up_is_one_file_away(tmp_path: Path) -> None:
    folder = nanogen.peem(tmp_path / "peem")
    scan = only_scan(folder, instrument=str(folder / "instrument.yaml"))
    assert scan.problems == []
    assert (scan.title, scan.sample["name"].value) == ("Focus of the objective", "chessboard")
    lens = scan.axes["objective"]
    assert (lens.value.tolist(), lens.units) == ([12000.0, 11950.0, 11900.0, 11850.0, 11800.0], "V")  # type: ignore[union-attr]
    stack = load(scan.detectors["averaged"]["data"].value)  # type: ignore[arg-type]
    np.testing.assert_array_equal(stack, [nanogen.peem_pixels(step) for step in range(5)])
    y, x = scan.plots["data"].axes[1:]
    assert y is not None
    assert x is not None
    assert (y.value.tolist(), y.units) == ([-25.0, -12.5, 0.0, 12.5, 25.0], "nm")  # type: ignore[union-attr]
    assert (x.name, x.value[0]) == ("x", -43.75)  # type: ignore[index]
    assert (scan.instrument["name"].value, scan.instrument["photon_energy"].value) == ("PEEM II", 4.9)
    assert scan.detectors["raw"]["count_time"].units == "s"
    for path in (folder / "run.ini", folder):
        with READER.open(str(path), instrument=str(folder / "instrument.yaml")) as file:
            list(file)
            assert file.sources()[0].path == str(folder / "instrument.yaml")
