"""Measurements as scans: every image in its slot, what lacks is told, and nothing is taken from elsewhere."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nanogen
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nanogen import Made, tiff

from nxconvert import registry
from nxconvert.arrays import FrameArray, load
from nxconvert.errors import Problem, ReadError
from nxconvert.readers.nanoesca import READER
from nxconvert.scan import Scan


def scans_of(path: Path, **settings: str) -> tuple[list[Scan], list[Problem]]:
    with READER.open(str(path), **settings) as file:
        return list(file), file.problems


def scan_of(path: Path, **settings: str) -> Scan:
    """Give the only scan; the input as a whole has no problem."""
    scans, problems = scans_of(path, **settings)
    assert problems == []
    (scan,) = scans
    return scan


def told(scan: Scan, root: Path) -> list[str]:
    """Give the problems of a scan with their severity, paths from *root* on."""
    return [f"{item.severity} {item}".replace(f"{root}/", "") for item in scan.problems]


def data(scan: Scan, detector: str) -> np.ndarray[Any, Any]:
    value = scan.detectors[detector]["data"].value
    assert isinstance(value, FrameArray)
    return load(value)


def constants(scan: Scan) -> dict[str, object]:
    groups = (scan.user, scan.sample, scan.instrument)
    return {name: field.value for group in groups for name, field in group.items()}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "Graphene (SiC)_260312_142511"


# what a measurement gives


def test_a_measurement_has_raw_images_averages_axes_and_constants(place: Path) -> None:
    made = Made()
    scan = scan_of(made.write(place))
    assert scan.problems == []
    assert (scan.identifier, scan.title, scan.status) == ("1.1", "Graphene (SiC)", "complete")
    raw, averaged = scan.detectors["raw"]["data"], scan.detectors["averaged"]["data"]
    assert raw.dims == ("point", "repeat", "y", "x")
    assert averaged.dims == ("point", "y", "x")
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())
    np.testing.assert_array_equal(data(scan, "averaged"), made.averaged())
    assert data(scan, "raw").dtype == data(scan, "averaged").dtype == np.uint16
    energy = scan.axes["energy"]
    assert energy is scan.columns["energy"]
    assert (energy.units, energy.long_name, energy.dims) == ("eV", "E-EF", ("point",))
    assert energy.value.tolist() == [16.4, 16.5, 16.6, 16.7, 16.8, 16.9, 17.0]  # type: ignore[union-attr]
    assert constants(scan) == {
        "name": "NanoESCA",
        "affiliation": "Example University",
        "energy_dispersion": "double hemispherical",
        "photon_energy": 21.22,
        "work_function": 4.5,
        "pass_energy": 50.0,
        "collection": "momentum dispersive",
    }
    assert (scan.user["name"].value, scan.sample["name"].value) == ("M. Example", "graphene on SiC")
    count_time = scan.detectors["raw"]["count_time"]
    assert (count_time.value, count_time.units) == (2000.0, "ms")
    assert [scan.instrument[name].units for name in ("photon_energy", "work_function", "pass_energy")] == ["eV"] * 3
    assert scan.metadata["energy_type"].value == "kinetic"


def test_the_default_plot_is_the_averaged_stack_over_energy_and_momentum(place: Path) -> None:
    scan = scan_of(Made().write(place))
    plot = scan.plots["data"]
    assert next(iter(scan.plots)) == "data"
    assert plot.signal is scan.detectors["averaged"]["data"]
    assert [(axis.name, axis.units, axis.dims) for axis in plot.axes if axis] == [
        ("energy", "eV", ("point",)), ("ky", "1/angstrom", ("y",)), ("kx", "1/angstrom", ("x",)),
    ]  # fmt: skip
    assert [axis and axis.name for axis in scan.plots["raw"].axes] == ["energy", None, "ky", "kx"]


def test_configurations_are_kept_word_for_word_and_their_keys_typed(place: Path) -> None:
    made = Made(more='ODD-KEY = "x"')
    scan = scan_of(made.write(place))
    assert {name: field.long_name for name, field in scan.notes.items()} == {
        "measurement": f"{made.name}.meas", "table": f"{made.name}.DAT", "table_1": f"{made.name}.DAT",
    }  # fmt: skip
    assert scan.notes["measurement"].value == made.meas()
    assert scan.notes["table"].value == made.table(False)
    assert scan.notes["table_1"].value == made.table(True)
    values = {name: field.value for name, field in scan.metadata.items()}
    assert values["CONFIG/E_PH"] == 21.22
    assert values["CONFIG/N_SCAN"] == 3
    assert values["CAM/TL2/4_USE"] is True
    assert values["CAM/ODD-KEY"] == "x"
    assert values["HEAD/AXIS_N"] == 7


def test_counters_are_columns_of_the_sum_and_pairs_of_point_and_repeat_else(place: Path) -> None:
    scan = scan_of(Made().write(place))
    assert scan.columns["counter1"].value.tolist() == [10, 20, 30, 40, 50, 60, 70]  # type: ignore[union-attr]
    assert scan.columns["analog_input1"].value.tolist() == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]  # type: ignore[union-attr]
    each = scan.metadata["counter1"]
    assert each.dims == ("point", "repeat")
    assert each.value.tolist() == [[10 * n + 1, 10 * n + 2, 10 * n + 3] for n in range(1, 8)]  # type: ignore[union-attr]
    assert each.value.dtype == np.int64  # type: ignore[union-attr]


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "f4"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_images_keep_their_type(place: Path, dtype: str, order: str) -> None:
    made = Made(repeats=2, points=2, dtype=dtype, order=order)
    scan = scan_of(made.write(place))
    stack = scan.detectors["raw"]["data"].value
    assert isinstance(stack, FrameArray)
    assert (stack.dtype, stack.stored) == (np.dtype("<" + dtype), np.dtype(order + dtype))
    np.testing.assert_array_equal(load(stack), made.raw())


def test_images_of_several_types_are_kept_without_a_change(place: Path) -> None:
    made = Made(repeats=2, points=2, averages="", tables=False)
    made.write(place)
    (place / "Scan" / made.image(2, 1)).write_bytes(tiff(np.full(made.shape, -7.5, "f4"), ">"))
    stack = scan_of(place).detectors["raw"]["data"].value
    assert isinstance(stack, FrameArray)
    assert stack.dtype == np.dtype("<f4")
    assert stack.location(1) is None
    np.testing.assert_array_equal(stack.frame(1), np.full(made.shape, -7.5))
    np.testing.assert_array_equal(stack.frame(2), made.pixels(1, 2))


def test_bare_images_have_a_location(place: Path) -> None:
    made = Made(repeats=2, points=2, order=">")
    stack = scan_of(made.write(place)).detectors["raw"]["data"].value
    assert isinstance(stack, FrameArray)
    where = stack.location(2)
    assert where is not None
    assert (Path(where.path).name, where.length) == (made.image(1, 2), 120)
    with open(where.path, "rb") as file:
        file.seek(where.offset)
        bare = np.frombuffer(file.read(where.length), stack.stored).reshape(made.shape)
    np.testing.assert_array_equal(bare, made.pixels(1, 2))


def test_sums_are_taken_where_there_are_no_averages(place: Path) -> None:
    made = Made(averages="SUM")
    scan = scan_of(made.write(place))
    assert scan.problems == []
    assert list(scan.detectors) == ["raw", "summed"]
    np.testing.assert_array_equal(data(scan, "summed"), made.raw().astype(int).sum(axis=1))


def test_the_average_is_derived_where_the_program_made_none(place: Path) -> None:
    made = Made(averages="")
    scan = scan_of(made.write(place))
    assert scan.detectors["averaged"]["description"].value == "derived: average over the repeats, in double precision"
    found = data(scan, "averaged")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, made.raw().mean(axis=1))


def test_the_only_repeat_is_its_own_average(place: Path) -> None:
    made = Made(averages="", repeats=1)
    scan = scan_of(made.write(place))
    assert scan.detectors["averaged"]["description"].value == "derived: the only repeat"
    assert data(scan, "raw").shape == (7, 1, 6, 10)
    np.testing.assert_array_equal(data(scan, "averaged"), made.raw()[:, 0])
    assert data(scan, "averaged").dtype == np.uint16


def test_averages_alone_are_enough(place: Path) -> None:
    made = Made()
    made.write(place)
    shutil.rmtree(place / "Scan")
    scan = scan_of(place)
    assert list(scan.detectors) == ["averaged"]
    np.testing.assert_array_equal(data(scan, "averaged"), made.averaged())


# where the files are


@pytest.mark.parametrize("tables", [True, False])
def test_a_flat_folder_is_read_like_the_others(tmp_path: Path, tables: bool) -> None:
    made = Made(flat=True, tables=tables)
    scan = scan_of(made.write(tmp_path / "flat"))
    assert scan.problems == []
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())
    np.testing.assert_array_equal(data(scan, "averaged"), made.averaged())


@pytest.mark.parametrize("name", ["", "{0}.meas", "Scan/{0}.DAT", "Sum/{0}.DAT"])
def test_each_file_of_a_measurement_stands_for_it(place: Path, name: str) -> None:
    made = Made()
    made.write(place)
    scan = scan_of(place / name.format(made.name))
    assert scan.title == made.name
    assert data(scan, "raw").shape == (7, 3, 6, 10)


def test_names_in_tables_count_more_than_numbers_in_names(place: Path) -> None:
    """Two images have each other's numbers: the table knows."""
    made = Made(averages="")
    made.write(place)
    first, second = (place / "Scan" / made.image(1, point) for point in (2, 3))
    first.rename(place / "x")
    second.rename(first)
    (place / "x").rename(second)
    table = place / "Scan" / f"{made.name}.DAT"
    text = table.read_text().replace(first.name, "?").replace(second.name, first.name).replace("?", second.name)
    table.write_text(text)
    scan = scan_of(place)
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())


def test_names_that_tell_nothing_are_found_through_the_table(place: Path) -> None:
    made = Made(averages="", repeats=2, points=3)
    made.write(place)
    table = place / "Scan" / f"{made.name}.DAT"
    text = table.read_text()
    for number, (repeat, point) in enumerate(made.taken()):
        text = text.replace(made.image(repeat, point), f"picture{number}.tif")
        (place / "Scan" / made.image(repeat, point)).rename(place / "Scan" / f"Picture{number}.TIF")
    table.write_text(text)
    np.testing.assert_array_equal(data(scan_of(place), "raw"), made.raw())


@pytest.mark.parametrize("version", ["2.10.20", "2.10.62", "2.10.75"])
def test_tables_of_older_versions_have_fewer_columns(place: Path, version: str) -> None:
    name_at = {"2.10.20": 8, "2.10.62": 10, "2.10.75": 11}[version]
    made = Made(averages="")
    made.write(place)
    table = place / "Scan" / f"{made.name}.DAT"
    lines = [
        "\t".join([*line.split("\t")[:name_at], line.split("\t")[11]]) if "\t" in line else line
        for line in table.read_text().splitlines()
    ]
    table.write_text("\n".join(lines))
    scan = scan_of(place)
    assert scan.problems == []
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())
    assert scan.metadata["analog_input1"].value.shape == (7, 3)  # type: ignore[union-attr]


def test_a_name_that_ends_in_digits_is_no_number(tmp_path: Path) -> None:
    made = Made(name="x_01_002")
    scan = scan_of(made.write(tmp_path / "x_01_002_260312_142511"))
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())
    np.testing.assert_array_equal(data(scan, "averaged"), made.averaged())


def test_an_experiment_has_a_scan_for_each_measurement_in_order_of_time(tmp_path: Path) -> None:
    late, early = Made(name="A", points=3), Made(name="B", points=2, mode=1)
    folder = nanogen.experiment(tmp_path / "e", [("A_260312_160000", late), ("B_260312_150000", early)])
    for path in (folder, folder / "Example.exp"):
        scans, problems = scans_of(path)
        assert [(scan.identifier, scan.title) for scan in scans] == [("1.1", "B"), ("2.1", "A")]
        assert problems == []
        assert scans[0].notes["experiment"].value == (folder / "Example.exp").read_bytes().decode()
    with READER.open(str(folder)) as file:
        assert [scan.title for scan in file.scans(lambda number, order: number == 2)] == ["A"]


def test_an_experiment_tells_what_a_measurement_lacks(tmp_path: Path) -> None:
    """Without .meas and tables, the copy in the .exp says everything; the other measurement's copy does not count."""
    made, other = (
        Made(name="A", config=True, tables=False),
        Made(name="B", tables=False, start="1.0", operator="X. Other"),
    )
    folder = nanogen.experiment(tmp_path / "e", [("A_260312_150000", made), ("B_260312_160000", other)])
    (folder / "A_260312_150000" / "A.meas").unlink()
    scan = scans_of(folder)[0][0]
    assert scan.title == "A"
    assert scan.axes["energy"].value.tolist() == made.energies()  # type: ignore[union-attr]
    assert scan.user["name"].value == "M. Example"
    assert scan.metadata["CONFIG/AXIS_START"].value == 16.4


def test_a_measurement_alone_has_the_configuration_above_it_only_where_that_knows_it(tmp_path: Path) -> None:
    made = Made(name="A")
    folder = nanogen.experiment(tmp_path / "e", [("A_260312_150000", made)])
    scan = scan_of(folder / "A_260312_150000")
    assert "experiment" in scan.notes
    Made(name="Other").write(folder / "Other_260312_160000")
    assert "experiment" not in scan_of(folder / "Other_260312_160000").notes
    (folder / "Example.exp").write_bytes(b"\0\0")
    assert "experiment" not in scan_of(folder / "A_260312_150000").notes


def test_images_without_any_configuration_are_a_measurement_without_energies(tmp_path: Path) -> None:
    made = Made(config=False, tables=False)
    scan = scan_of(made.write(tmp_path / "Night_260312_142511"))
    assert scan.title == "Night"
    assert scan.columns == {}
    assert scan.plots["data"].axes == (None, None, None)
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())


def test_several_measurements_in_one_flat_folder_keep_their_images(tmp_path: Path) -> None:
    folder = tmp_path / "flat"
    one, two = Made(name="one", flat=True), Made(name="two", flat=True, points=3, start="1.0")
    one.write(folder)
    two.write(tmp_path / "other")
    for path in (tmp_path / "other").iterdir():
        path.rename(folder / path.name)
    scans, problems = scans_of(folder)
    assert problems == []
    assert [(scan.title, scan.problems) for scan in scans] == [("one", []), ("two", [])]
    np.testing.assert_array_equal(data(scans[0], "raw"), one.raw())
    np.testing.assert_array_equal(data(scans[1], "raw"), two.raw())


def test_images_of_another_name_are_left_out_and_told(place: Path) -> None:
    made = Made(config=False, tables=False)
    made.write(place)
    (place / "Scan" / "Stray_01_001.TIF").write_bytes(tiff(made.pixels(1, 1)))
    scan = scan_of(place)
    assert told(scan, place.parent) == [
        f"warning {place.name}: images of 2 names, those of 'graphene (sic)' are taken, not those of 'stray'\n"
        "  hint: keep each measurement in a folder of its own"
    ]
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())


# what lacks


def test_an_interrupted_repeat_is_told_and_nothing_is_lost(place: Path) -> None:
    made = Made(until=4, averages="", tables=True)
    scan = scan_of(made.write(place))
    assert scan.status == "aborted"
    assert told(scan, place.parent) == [
        f"warning {place.name}: the measurement was aborted: 4 of 7 points in the last repeat"
    ]
    mask = scan.detectors["raw"]["frame_missing"]
    assert mask.dims == ("point", "repeat")
    assert mask.value.tolist() == [[0, 0, int(n >= 4)] for n in range(7)]  # type: ignore[union-attr]
    found = data(scan, "raw")
    np.testing.assert_array_equal(found[:4], made.raw()[:4])
    np.testing.assert_array_equal(found[4:, :2], made.raw()[4:, :2])
    assert (found[4:, 2] == 65535).all()
    averaged = data(scan, "averaged")
    np.testing.assert_array_equal(averaged[:4], made.raw()[:4].mean(axis=1))
    np.testing.assert_array_equal(averaged[4:], made.raw()[4:, :2].mean(axis=1))


def test_a_first_repeat_that_is_interrupted_leaves_fewer_points(place: Path) -> None:
    made = Made(repeats=1, until=5, averages="")
    made.write(place)
    scan = scan_of(place)
    assert told(scan, place.parent) == [f"warning {place.name}: the measurement was aborted: 5 of 7 points"]
    assert data(scan, "raw").shape == (5, 1, 6, 10)
    assert scan.axes["energy"].value.tolist() == made.energies()[:5]  # type: ignore[union-attr]
    assert "frame_missing" not in scan.detectors["raw"]


def test_repeats_that_were_not_measured_are_told(place: Path) -> None:
    made = Made(repeats=2, averages="")
    made.write(place)
    config = place / f"{made.name}.meas"
    config.write_text(config.read_text().replace("N_SCAN = 2", "N_SCAN = 5"))
    scan = scan_of(place)
    assert told(scan, place.parent) == [f"warning {place.name}: the measurement was aborted: 2 of 5 repeats"]


@pytest.mark.parametrize("missing", [((2, 3),), ((3, 7),)])
def test_a_missing_image_is_told_marked_and_filled(place: Path, missing: tuple[tuple[int, int]]) -> None:
    """The last image of all, too: the table says that it was taken."""
    made = Made(missing=missing)
    scan = scan_of(made.write(place))
    ((repeat, point),) = missing
    assert told(scan, place.parent) == [
        f"lost {place.name}: 1 raw image missing: of point {point} in repeat {repeat}, "
        "one for each point and repeat expected\n  hint: they are marked in frame_missing and filled"
    ]
    assert scan.status == "complete"
    expected = made.raw()
    expected[point - 1, repeat - 1] = 65535
    np.testing.assert_array_equal(data(scan, "raw"), expected)
    mask = np.zeros((7, 3), int)
    mask[point - 1, repeat - 1] = 1
    np.testing.assert_array_equal(scan.detectors["raw"]["frame_missing"].value, mask)  # type: ignore[arg-type]


def test_a_missing_average_is_told_and_a_missing_float_is_not_a_number(place: Path) -> None:
    made = Made(dtype="f4")
    made.write(place)
    (place / "Sum" / f"{made.name}_AV_004.TIF").unlink()
    scan = scan_of(place)
    assert told(scan, place.parent) == [
        f"lost {place.name}: 1 averaged image missing: of point 4, one for each point expected\n"
        "  hint: they are marked in frame_missing and filled"
    ]
    assert np.isnan(data(scan, "averaged")[3]).all()
    assert scan.detectors["averaged"]["frame_missing"].value.tolist() == [0, 0, 0, 1, 0, 0, 0]  # type: ignore[union-attr]


def test_a_damaged_image_counts_as_missing_and_the_rest_is_kept(place: Path) -> None:
    made = Made(averages="")
    made.write(place)
    path = place / "Scan" / made.image(1, 2)
    path.write_bytes(path.read_bytes()[:90])
    scan = scan_of(place)
    assert [item.severity for item in scan.problems] == ["lost"]
    assert scan.problems[0].place.path == str(path)
    expected = made.raw()
    expected[1, 0] = 65535
    np.testing.assert_array_equal(data(scan, "raw"), expected)
    np.testing.assert_array_equal(data(scan, "averaged")[1], made.raw()[1, 1:].mean(axis=0))


def test_an_image_of_another_size_counts_as_missing(place: Path) -> None:
    made = Made(averages="")
    made.write(place)
    (place / "Scan" / made.image(1, 2)).write_bytes(tiff(np.zeros((3, 4), "u2")))
    scan = scan_of(place)
    assert told(scan, place.parent) == [
        f"lost {place.name}/Scan/{made.image(1, 2)}: an image of 3 x 4 pixels, "
        "6 x 10 expected, as most raw images have\n  hint: it counts as missing"
    ]


def stacks(made: Made, folder: Path, name: str, pages: np.ndarray[Any, Any]) -> None:
    """Write images (file, page, y, x), each file as the image of a point of the first repeat."""
    import tifffile

    (folder / "Scan").mkdir(parents=True)
    for point, images in enumerate(pages, 1):
        path = folder / "Scan" / name.format(point)
        tifffile.imwrite(path, images, photometric="minisblack", compression="deflate" if point == 2 else None)
    (folder / f"{made.name}.meas").write_text(made.meas())


def test_images_in_one_file_are_repeats(place: Path) -> None:
    made = Made(averages="", repeats=3, points=4)
    stacks(made, place, "m_01_{:03}.TIF", made.raw())
    scan = scan_of(place)
    assert [problem.severity for problem in scan.problems if problem.severity == "lost"] == []
    assert scan.status == "complete"
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())
    np.testing.assert_array_equal(data(scan, "averaged"), made.raw().mean(axis=1))
    assert scan.columns["energy"].value.tolist() == made.energies()  # type: ignore[union-attr]


def test_images_in_one_file_are_steps_where_the_set_up_says_so(tmp_path: Path, place: Path) -> None:
    made = Made(averages="", repeats=1, points=6)
    setup = tmp_path / "setup.yaml"
    setup.write_text("extends: nanoesca\npages: step\nfiles: {raw: '.+stack\\.tiff?'}\n")
    stacks(made, place, "a_stack.tif", made.raw().reshape(1, 6, *made.shape))
    scan = scan_of(place, instrument=str(setup))
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())
    assert scan.columns["energy"].value.tolist() == made.energies()  # type: ignore[union-attr]
    # and so are those of several files, one after the other
    for path in (place / "Scan").iterdir():
        path.unlink()
    (place / "Scan").rmdir()
    stacks(made, place, "m_01_{:03}.tif", made.raw().reshape(3, 2, *made.shape))
    setup.write_text("extends: nanoesca\npages: step\n")
    np.testing.assert_array_equal(data(scan_of(place, instrument=str(setup)), "raw"), made.raw())


def test_a_file_of_fewer_images_than_most_lacks_some_and_one_of_more_is_cut(place: Path) -> None:
    made = Made(averages="", repeats=2, points=5)
    pages = [*made.raw()]
    pages[1] = pages[1][:1]
    pages[3] = np.concatenate([pages[3], pages[3][:1]])
    stacks(made, place, "m_01_{:03}.TIF", pages)  # type: ignore[arg-type]
    scan = scan_of(place)
    lost = [item.replace(f"{place.name}/", "") for item in told(scan, place.parent) if item.startswith("lost")]
    assert lost == [
        "lost Scan/m_01_004.TIF: 3 images in one file, 2 expected, as in most\n  hint: only the first 2 are read",
        f"lost {place.name}: 1 raw image missing: of point 2 in repeat 2, one for each point and repeat expected\n"
        "  hint: they are marked in frame_missing and filled",
    ]
    found = data(scan, "raw")
    assert (found[1, 1] == 65535).all()
    np.testing.assert_array_equal(np.delete(found, 1, 0), np.delete(made.raw(), 1, 0))
    np.testing.assert_array_equal(found[1, 0], made.raw()[1, 0])


def test_a_file_of_several_averages_is_told(place: Path) -> None:
    import tifffile

    made = Made(repeats=1, points=2)
    made.write(place)
    path = place / "Sum" / f"{made.name}_AV_002.TIF"
    tifffile.imwrite(path, np.array([made.averaged()[1]] * 2))
    lost = [str(item) for item in scan_of(place).problems if item.severity == "lost"]
    assert lost == [f"{path}: several images in one file, one expected\n  hint: only the first is read"]


def test_images_of_one_file_are_no_copy_because_they_have_one_time(place: Path) -> None:
    made = Made(averages="", repeats=20, points=2, tags=False)
    stacks(made, place, "m_01_{:03}.TIF", made.raw())
    for point in (1, 2):
        time = (made.begun + timedelta(seconds=40 * point)).timestamp()
        os.utime(place / "Scan" / f"m_01_{point:03}.TIF", (time, time))
    scan = scan_of(place)
    assert scan.metadata["times_from"].value == "time of the TIFF files"
    assert (scan.end_time - scan.start_time).total_seconds() == 40  # type: ignore[operator]


# what does not agree


def test_counts_that_disagree_are_told(place: Path) -> None:
    made = Made()
    made.write(place)
    table = place / "Scan" / f"{made.name}.DAT"
    table.write_text(table.read_text().replace("AXIS_N = 7", "AXIS_N = 9"))
    scan = scan_of(place)
    number = table.read_text().splitlines().index("AXIS_N = 9") + 1
    assert told(scan, place.parent) == [
        f"warning {place.name}/Scan/{made.name}.DAT:{number}: 9 points for the axis, start, stop and step give 7\n"
        "  hint: the images decide"
    ]


def test_more_images_than_the_axis_has_points_are_told_and_the_energies_go_on(place: Path) -> None:
    made = Made(tables=False, averages="")
    made.write(place)
    config = place / f"{made.name}.meas"
    config.write_text(config.read_text().replace("AXIS_STOP = 17.000000", "AXIS_STOP = 16.800000"))
    scan = scan_of(place)
    assert told(scan, place.parent) == [
        f"warning {place.name}: images of 7 points, the axis has 5\n  hint: the energies go on with the same step"
    ]
    assert scan.axes["energy"].value.tolist() == made.energies()  # type: ignore[union-attr]


def test_energies_of_the_table_count_where_the_axis_says_otherwise(place: Path) -> None:
    made = Made(averages="")
    made.write(place)
    table = place / "Scan" / f"{made.name}.DAT"
    table.write_text(table.read_text().replace("16.60000\t", "16.65000\t"))
    scan = scan_of(place)
    assert scan.axes["energy"].value.tolist() == [16.4, 16.5, 16.65, 16.7, 16.8, 16.9, 17.0]  # type: ignore[union-attr]
    (message,) = told(scan, place.parent)
    assert message.endswith(
        ": start and step give 16.6 for point 3, the table has 16.65\n  hint: the values of the table are taken"
    )


def wrong_average(place: Path, made: Made, point: int) -> str:
    made.write(place)
    (place / "Sum" / f"{made.name}_{made.averages}_{point:03}.TIF").write_bytes(tiff(made.averaged()[point - 1] + 5))
    return "\n".join(told(scan_of(place), place.parent))


@pytest.mark.parametrize("kind", ["AV", "SUM"])
def test_averages_that_are_not_those_of_the_raw_images_are_told(place: Path, kind: str) -> None:
    what = "sum" if kind == "SUM" else "average"
    assert wrong_average(place, Made(averages=kind), 4) == (
        f"warning {place.name}: the {what} image of point 4 differs by 5 from the {what} of the raw images, "
        "at most 1 count expected where no background was taken off\n  hint: both are written as they are"
    )


def test_averages_are_not_compared_where_a_background_was_taken_off(place: Path) -> None:
    assert wrong_average(place, Made(background="TRUE"), 4) == ""


def test_rows_that_are_no_numbers_are_told(place: Path) -> None:
    made = Made(repeats=1, averages="")
    made.write(place)
    table = place / "Scan" / f"{made.name}.DAT"
    table.write_text(table.read_text().replace("\t1.500\t", "\tbroken\t"))
    scan = scan_of(place)
    (message,) = told(scan, place.parent)
    assert message.endswith(": 'broken' in the column analog_input1, a number expected")
    np.testing.assert_array_equal(
        scan.metadata["analog_input1"].value,
        np.array([[0.5], [1.0], [np.nan], [2.0], [2.5], [3.0], [3.5]]),  # type: ignore[arg-type]
    )


# hostile input


def test_no_path_of_a_table_is_followed(tmp_path: Path, place: Path) -> None:
    made = Made(averages="", repeats=1, points=2)
    made.write(place)
    (tmp_path / "secret.tif").write_bytes(tiff(np.full(made.shape, 999, "u2")))
    table = place / "Scan" / f"{made.name}.DAT"
    text = table.read_text().replace(made.image(1, 2), "../../secret.tif")
    table.write_text(text)
    scan = scan_of(place)
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())
    (message,) = told(scan, tmp_path)
    assert ": the image '../../secret.tif', a name without a folder expected" in message


def test_numbers_far_from_all_others_do_not_make_a_huge_stack(place: Path) -> None:
    made = Made(averages="", tables=False)
    made.write(place)
    for name in (f"{made.name}_01_999999999.TIF", f"{made.name}_99999999_001.TIF", f"{made.name}_01_{'9' * 200}.TIF"):
        (place / "Scan" / name).write_bytes(tiff(made.pixels(1, 1)))
    (place / "Scan" / f"{made.name}_00_001.TIF").write_bytes(tiff(made.pixels(1, 1)))
    scan = scan_of(place)
    assert [item.severity for item in scan.problems] == ["lost"] * 4
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())


def test_a_second_image_of_one_slot_is_told(place: Path) -> None:
    made = Made(averages="", tables=False)
    made.write(place)
    (place / made.image(1, 1)).write_bytes(tiff(made.pixels(2, 2)))
    scan = scan_of(place)
    assert told(scan, place.parent) == [
        f"lost {place.name}/{made.image(1, 1)}: a second image of the same step and repeat, "
        f"the first one is {made.image(1, 1)}\n  hint: the second one is left out"
    ]
    np.testing.assert_array_equal(data(scan, "raw"), made.raw())


def test_what_holds_no_measurement_is_refused(tmp_path: Path) -> None:
    def refused(path: Path) -> str:
        with pytest.raises(ReadError) as caught:
            scans_of(path)
        return str(caught.value).splitlines()[0].removeprefix(f"{path}: ")

    assert refused(tmp_path) == (
        "there is no measurement in this folder, a configuration or images by the names of this set-up expected"
    )
    assert (
        refused(tmp_path / "none") == "the file cannot be opened (No such file or directory), a readable file expected"
    )
    (tmp_path / "a.txt").write_text("x")
    assert refused(tmp_path / "a.txt").startswith("no configuration of this set-up by its name, ")
    (tmp_path / "a.tif").write_bytes(tiff(np.zeros((2, 2), "u2")))
    assert refused(tmp_path / "a.tif") == "a single image, a measurement expected"
    (tmp_path / "a.meas").write_text(Made().meas())
    assert refused(tmp_path / "a.meas") == (
        "there is no image of this measurement, images beside or below the configuration expected"
    )
    (tmp_path / "a.meas").write_bytes(b"\0" * 100)
    assert refused(tmp_path / "a.meas") == f"{tmp_path}/a.meas:1: a NUL byte, a text of sections and keys expected"


def test_one_measurement_that_cannot_be_read_does_not_cost_the_others(tmp_path: Path) -> None:
    folder = nanogen.experiment(
        tmp_path / "e", [("A_260312_150000", Made(name="A")), ("B_260312_160000", Made(name="B"))]
    )
    (folder / "A_260312_150000" / "A.meas").write_bytes(b"\0" * 100)
    scans, problems = scans_of(folder)
    assert [(scan.identifier, scan.title) for scan in scans] == [("2.1", "B")]
    assert [(item.severity, item.found) for item in problems] == [("lost", "a NUL byte")]


def test_every_image_damaged_is_an_error_with_all_reasons(place: Path) -> None:
    made = Made(averages="", repeats=1, points=2, tables=False)
    made.write(place)
    for path in (place / "Scan").iterdir():
        path.write_bytes(b"nothing")
    with pytest.raises(ReadError) as caught:
        scans_of(place)
    assert len(caught.value.problems) == 2


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_configurations_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    made = Made(repeats=1, points=2, shape=(2, 3), averages="", name="m")
    made.write(folder / "m")
    for path in (folder / "m" / "m.meas", folder / "m" / "Scan" / "m.DAT"):
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(0, 8))):
            at = data.draw(st.integers(0, len(content) - 1))
            content[at : at + data.draw(st.integers(0, 3))] = data.draw(
                st.sampled_from([b"\0", b"9", b"=", b"\t", b"\n", b"-", b"e", b'"', b"["])
            )
        path.write_bytes(content)
    try:
        scans, _problems = scans_of(folder / "m")
    except ReadError:
        return
    for scan in scans:
        assert scan.detectors["raw"]["data"].value.shape[-2:] == (2, 3)  # type: ignore[union-attr]


# times


def test_without_tags_the_times_of_the_files_count_in_utc(place: Path) -> None:
    made = Made(tags=False)
    scan = scan_of(made.write(place))
    assert scan.start_time is not None
    assert scan.end_time is not None
    assert (scan.start_time.timestamp(), scan.end_time.timestamp()) == (
        made.when(1, 1).timestamp(),
        made.when(3, 7).timestamp(),
    )
    assert scan.start_time.utcoffset() == timedelta(0)
    assert scan.metadata["times_from"].value == "time of the TIFF files"


def test_tags_count_before_the_times_of_the_files(place: Path) -> None:
    made = Made()
    scan = scan_of(made.write(place))
    assert (scan.start_time, scan.end_time) == (made.when(1, 1), made.when(3, 7))
    assert scan.metadata["times_from"].value == "DateTime of the TIFF images"


def set_times(place: Path, times: list[datetime]) -> None:
    for path, time in zip(sorted((place / "Scan").glob("*.TIF")), times, strict=True):
        os.utime(path, (time.timestamp(), time.timestamp()))


@pytest.mark.parametrize(
    ("first", "step", "reason"),
    [
        (nanogen.BEGUN + timedelta(days=300), 2.0, "the first is of 2027-01-06"),
        (nanogen.BEGUN - timedelta(days=2), 2.0, "the first is of 2026-03-10"),
        (nanogen.BEGUN, 0.01, "all within 0 s, and 40 s were measured"),
    ],
)
def test_the_times_of_a_copied_folder_are_told_and_do_not_count(
    place: Path, first: datetime, step: float, reason: str
) -> None:
    made = Made(tags=False)
    made.write(place)
    set_times(place, [first + timedelta(seconds=step * n) for n in range(21)])
    scan = scan_of(place)
    (message,) = told(scan, place.parent)
    assert message.startswith(f"warning {place.name}: the times of the images are those of a copy: {reason}")
    assert message.endswith(
        ", start as the configuration states it, no end\n"
        "  hint: copy folders with their times (cp -p, rsync -t), or --set end_time=..."
    )
    assert (scan.start_time, scan.end_time) == (nanogen.BEGUN, None)
    assert scan.metadata["times_from"].value == "configuration"


def test_images_of_which_some_have_no_tag_are_told(place: Path) -> None:
    made = Made(averages="")
    made.write(place)
    path = place / "Scan" / made.image(1, 1)
    path.write_bytes(tiff(made.pixels(1, 1)))
    os.utime(path, (made.when(1, 1).timestamp(),) * 2)
    scan = scan_of(place)
    assert told(scan, place.parent) == [
        f"warning {place.name}: 1 of 21 images have no DateTime, the times of the others do not count"
    ]
    assert scan.metadata["times_from"].value == "time of the TIFF files"


# recognising


def test_folders_and_configurations_are_recognised(tmp_path: Path) -> None:
    made = Made()
    made.write(tmp_path / "m")
    assert registry.identify(str(tmp_path / "m")).name == "nanoesca"
    assert registry.identify(str(tmp_path / "m" / f"{made.name}.meas")).name == "nanoesca"
    assert registry.identify(str(tmp_path / "m" / "Scan" / f"{made.name}.DAT")).name == "nanoesca"
    nanogen.experiment(tmp_path / "e", [("A_260312_150000", made)])
    assert registry.identify(str(tmp_path / "e")).name == "nanoesca"
    assert registry.identify(str(tmp_path / "e" / "Example.exp")).name == "nanoesca"
    assert READER.folders is not None
    assert READER.folders(str(tmp_path / "nowhere")).confidence == 0.0
    (tmp_path / "empty").mkdir()
    match = READER.folders(str(tmp_path / "empty"))
    assert (match.confidence, match.reason) == (0.0, "no .meas file, and no images by the names of ProNanoESCA")
    replaced = replace(made, config=False, tables=False)
    replaced.write(tmp_path / "bare")
    assert READER.folders(str(tmp_path / "bare")).confidence == 0.9


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"II*\0", "a single TIFF image; the folder of its measurement can be read"),
        (b"#F a.spec\n", "no section [CONFIG] or [HEAD]"),
        (b"[CONFIG]\nkey = value\n", "a section [CONFIG], but nothing of ProNanoESCA"),
    ],
)
def test_other_files_are_not_taken_for_configurations(head: bytes, reason: str) -> None:
    match = READER.sniff(head, "a.meas")
    assert (match.confidence, match.reason) == (0.0, reason)


def test_every_file_is_named_as_a_source_and_a_changed_image_changes_the_scan(place: Path) -> None:
    made = Made()
    made.write(place)
    with READER.open(str(place)) as file:
        (scan,) = list(file)
        found = {os.path.relpath(item.path, place) for item in file.sources()}
    expected = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert found == expected - {f"Sum/{made.name}_AV.TIF"}
    assert scan.length == sum((place / name).stat().st_size for name in found)
    path = place / "Scan" / made.image(2, 2)
    path.write_bytes(tiff(made.pixels(2, 2) + 1, when=made.when(2, 2)))
    assert scan_of(place).sha256 != scan.sha256
