"""Instruments without public files, their numors made by code: what the sources say of them comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import illgen
import numpy as np
import pytest

from nxconvert.arrays import FrameArray, load
from nxconvert.readers.ill import READER, frames
from nxconvert.scan import Scan

RANDOM = np.random.default_rng(3)


def counts(*shape: int) -> Any:
    """Counts that differ everywhere enough to tell one place from another."""
    return RANDOM.integers(0, 10**4, shape)


def read(made: illgen.Made, folder: Path, name: str = "000001") -> Scan:
    """Write a numor and read its only scan, the counts in memory."""
    path = made.write(folder / name)
    with READER.open(str(path)) as file:
        (scan,) = file
        for fields in scan.detectors.values():
            fields["data"].value = load(fields["data"].value)  # type: ignore[arg-type]
        assert file.problems == []
    return scan


def column(scan: Scan, name: str) -> list[float]:
    """The values of a column."""
    return scan.columns[name].value.tolist()  # type: ignore[union-attr]


def units(scan: Scan) -> dict[str, str | None]:
    """The units of the columns."""
    return {name: field.units for name, field in scan.columns.items()}


def data(scan: Scan, name: str = "detector") -> Any:
    """The counts of a detector."""
    return scan.detectors[name]["data"].value


def test_a_scan_of_the_common_layout(tmp_path: Path) -> None:
    made = illgen.scan("D10", counts(5, 32, 32), axes=(2, 1), values={30: 437.0, 48: 1.6, 50: 0.0})
    scan = read(made, tmp_path)
    assert units(scan) == {
        "time": "s",
        "monitor": "counts",
        "total_counts": "counts",
        "omega": "degree",
        "two_theta": "degree",
    }
    assert column(scan, "time") == made.values["time"].tolist()
    assert column(scan, "omega") == made.values["positions"][:, 0].tolist()
    assert column(scan, "total_counts") == made.values["frames"].sum(axis=(1, 2)).tolist()
    assert list(scan.axes) == ["omega", "two_theta"]
    assert scan.detectors["detector"]["distance"].value == 437.0
    assert scan.detectors["detector"]["distance"].units == "mm"
    # 0 says that there is none: no field of the magnet
    assert list(scan.sample) == ["temperature"]
    assert scan.positioners["omega"].value == 10.0
    assert scan.plots["data"].axes[0] is scan.columns["omega"]
    assert scan.status == "complete"


@pytest.mark.parametrize(("code", "mode", "preset", "unit"), [(0, "monitor", 1000.0, "counts"), (1, "timer", 1.0, "s")])
def test_the_preset_is_in_counts_or_in_milliseconds(
    tmp_path: Path, code: int, mode: str, preset: float, unit: str
) -> None:
    scan = read(illgen.scan("D9", counts(2, 1024), jcode=code), tmp_path)
    assert [scan.monitor["mode"].value, scan.monitor["preset"].value, scan.monitor["preset"].units] == [
        mode,
        preset,
        unit,
    ]


def test_axes_of_temperature_and_field_and_unknown_ones(tmp_path: Path) -> None:
    scan = read(illgen.scan("D15", counts(3, 1024), axes=(-1, -6, 77)), tmp_path)
    assert list(units(scan).items())[3:] == [("temperature", "K"), ("magnetic_field", "T"), ("axis_3", None)]
    assert column(scan, "temperature") == [10.0, 10.05, 10.1]
    # what is not known is as it stands in the file
    assert column(scan, "axis_3") == [30000, 30050, 30100]


def test_names_in_the_file_do_not_count(tmp_path: Path) -> None:
    """A control program of 2015 wrote omega over two-theta and the other way round."""
    made = illgen.scan("D9", counts(1, 1024), values={6: 12.522, 7: 25.04})
    swapped = made.text.replace("           omega  2theta (gamma)", "  2theta (gamma)           omega")
    assert swapped != made.text
    scan = read(illgen.Made(swapped), tmp_path)
    assert (scan.metadata["omega"].value, scan.metadata["two_theta"].value) == (12.522, 25.04)


def test_d19_frames_stay_in_the_file_and_are_decoded_one_by_one(tmp_path: Path) -> None:
    raw = counts(7, 163840)
    path = illgen.scan("D19", raw).write(tmp_path / "190000")
    with READER.open(str(path)) as file:
        (scan,) = file
        stack = scan.detectors["detector"]["data"].value
        assert isinstance(stack, FrameArray)
        assert (stack.shape, stack.frame_shape, stack.dtype, stack.stored) == (
            (7, 256, 640),
            (256, 640),
            np.dtype(np.int32),
            np.dtype(np.int32),
        )
        assert stack.location(0) is None
        for index in (6, 0, 3):
            # from the top of the last column to the bottom of the first
            assert np.array_equal(stack.frame(index), raw[index].reshape(640, 256).T[::-1, ::-1])
        assert np.array_equal(load(stack), [frame.reshape(640, 256).T[::-1, ::-1] for frame in raw])


def test_d2b_pattern_is_the_sum_along_the_tubes_by_angle(tmp_path: Path) -> None:
    raw = counts(3, 128, 128)
    made = illgen.scan("D2B", raw, axes=(1, 2, 3))
    scan = read(made, tmp_path)
    expected = sorted(
        (round(10 + 0.05 * frame - 1.25 * (127 - tube), 6), int(raw[frame, tube].sum()))
        for frame in range(3)
        for tube in range(128)
    )
    angles: Any = scan.detectors["powder_pattern"]["polar_angle"].value
    assert angles.tolist() == [angle for angle, _ in expected]
    assert data(scan, "powder_pattern").tolist() == [number for _, number in expected]
    assert str(scan.detectors["powder_pattern"]["description"].value).startswith(
        "derived: counts summed along each tube"
    )
    assert scan.detectors["detector"]["polar_angle"].value.shape == (3, 128)  # type: ignore[union-attr]
    assert list(scan.plots) == ["data", "powder_pattern", "total_counts"]


def test_d2b_pattern_of_frames_with_different_monitor_counts_says_so(tmp_path: Path) -> None:
    made = illgen.scan("D2B", counts(2, 16384), axes=(1, 2, 3))
    uneven = made.text.replace(illgen.fortran(5001.0), illgen.fortran(6001.0))
    (problem,) = read(illgen.Made(uneven), tmp_path).problems
    assert str(problem) == (
        f"{tmp_path / '000001'}:1: the frames have 5000 to 6001 monitor counts, equal ones expected\n"
        "  hint: the powder pattern holds plain sums, it is not normalised"
    )


def test_d20_has_a_row_for_each_frame_and_ten_columns_of_counts(tmp_path: Path) -> None:
    raw = RANDOM.integers(0, 10**10, (4, 1600))
    made = illgen.d20(raw)
    scan = read(made, tmp_path)
    assert data(scan).dtype == np.int64
    assert np.array_equal(data(scan), raw)
    status = made.values["status"]
    assert column(scan, "temperature") == status[:, 3].tolist()
    assert column(scan, "two_theta") == status[:, 4].tolist()
    assert column(scan, "monitor") == status[:, 5].tolist()
    assert column(scan, "time") == [3.0] * 4
    assert (units(scan)["time"], units(scan)["temperature"], units(scan)["F_14"]) == ("s", "K", None)
    assert scan.metadata["duration"].value == 12.0
    assert [scan.metadata[f"segment_{n}_steps"].value for n in range(1, 8)] == [407 + 5 * n for n in range(7)]
    assert scan.instrument["wavelength"].value == 2.41
    assert (scan.title, scan.sample["name"].value, scan.metadata["proposal"].value) == (
        "kinetics of an oxide",
        "some oxide",
        "5-22-33",
    )
    assert {name: field.value for name, field in scan.user.items()} == {"name": "Miller", "local_contact": "Hansen"}
    assert str(scan.start_time) == "2005-03-02 13:00:00"
    # names begin on the second line of a block, after its title
    assert scan.metadata["name2"].value == 2.0


def test_d20_strobo_slices(tmp_path: Path) -> None:
    made = illgen.d20(counts(3, 1600), strobo=True)
    scan = read(made, tmp_path)
    assert list(scan.columns) == ["slice", "delay", "window", "monitor", "time"]
    assert column(scan, "time") == [2.5, 2.5, 2.5]
    assert column(scan, "monitor") == [4000.0, 4001.0, 4002.0]
    # the header says the same as that of frames with their status, and where the angles stood
    assert [scan.positioners[name].value for name in ("two_theta", "omega", "chi", "phi")] == [15.5, 7.5, 506.0, 507.0]
    frames = read(illgen.d20(counts(3, 1600)), tmp_path, "000002")
    assert set(frames.metadata) - {"duration"} == set(scan.metadata) - {"duration"}


def test_one_image_of_small_angles(tmp_path: Path) -> None:
    raw = counts(1, 64, 64)
    scan = read(illgen.sans("D11", raw), tmp_path)
    assert np.array_equal(data(scan), raw[0])
    detector = scan.detectors["detector"]
    found = {name: (item.value, item.units) for name, item in detector.items() if name != "data"}
    assert found == {
        "distance": (8.013, "m"),
        "beam_center_x": (312.0, "mm"),
        "beam_center_y": (308.0, "mm"),
        "x_pixel_size": (7.5, "mm"),
        "y_pixel_size": (7.25, "mm"),
    }
    assert (scan.instrument["wavelength"].value, scan.instrument["wavelength_spread"].value) == (6.0, 0.1)
    assert (scan.metadata["duration"].value, scan.metadata["duration"].units) == (600.0, "s")
    assert (scan.title, scan.metadata["subtitle"].value) == ("micelles at rest", "10 % in D2O")
    assert (str(scan.start_time), str(scan.end_time)) == ("1999-04-03 10:10:30", "1999-04-03 10:20:30")
    assert scan.monitor["integral"].value == 98765.0
    assert scan.metadata["acquisition_mode"].value == 0


def test_a_kinetic_series_of_small_angles_is_one_scan(tmp_path: Path) -> None:
    raw = counts(4, 128, 128)
    scan = read(illgen.sans("D22", raw), tmp_path)
    assert np.array_equal(data(scan), raw)
    assert column(scan, "time") == [60.0, 61.0, 62.0, 63.0]
    assert scan.plots["data"].axes[0] is scan.columns["time"]


def test_d33_is_known_by_one_source_only_so_its_values_have_neither_name_nor_units(tmp_path: Path) -> None:
    scan = read(illgen.sans("D33", counts(1, 128, 128)), tmp_path)
    assert "wavelength" not in scan.instrument
    field = scan.metadata["F4_53"]
    assert (field.value, field.units, field.long_name) == (6.0, None, "wavelength")


def test_d1b_of_old_is_known_by_one_source_only_so_its_numbers_stay_as_they_are(tmp_path: Path) -> None:
    raw = counts(3, 400)
    scan = read(illgen.d1b(raw), tmp_path)
    assert data(scan)[:, 3:].tolist() == raw.tolist()
    assert data(scan)[:, :3].tolist() == [[800000 + k, 60000, 12300 + k] for k in range(3)]
    assert scan.columns == {}
    assert "wavelength" not in scan.instrument
    hint = scan.metadata["F4_18"]
    assert (hint.value, hint.units, hint.long_name) == (2.52, None, "wavelength")
    assert scan.notes["layout"].value == (
        "one source says: D1B before the common layout: monitor, time and angle stand before the counts of every frame"
    )


def test_a_point_detector_has_all_points_in_one_block(tmp_path: Path) -> None:
    rows = np.array([[1000.0 + k, 5000.0, 77.0 + k, 10000.0 + 50 * k, 20000.0] for k in range(12)])
    # D23 has one source: the labels of the file, no units
    scan = read(illgen.points("D23", rows), tmp_path)
    names = ["time", "monitor", "Total Cou", "angles*1000", "angles*1000_1"]
    assert [(name, column(scan, name), units(scan)[name]) for name in scan.columns] == [
        (name, rows[:, at].tolist(), None) for at, name in enumerate(names)
    ]
    assert (scan.points, scan.status, scan.problems) == (12, "complete", [])
    scan = read(illgen.points("D10", rows), tmp_path, "000002")
    assert column(scan, "two_theta") == (rows[:, 3] / 1000).tolist()
    assert (column(scan, "time"), units(scan)["time"]) == ((rows[:, 0] / 1000).tolist(), "s")
    assert list(scan.axes) == ["two_theta"]
    assert (scan.status, scan.problems) == ("complete", [])


def test_a_point_detector_that_is_not_of_the_points_announced_lacks_its_counts(tmp_path: Path) -> None:
    rows = np.arange(60.0).reshape(12, 5)
    made = illgen.points("D10", rows)
    made.text = made.text.replace(f"{12:8d}{12:8d}", f"{12:8d}{11:8d}", 1)
    scan = read(made, tmp_path)
    assert scan.status == "aborted"
    assert [str(problem).splitlines()[0] for problem in scan.problems] == [
        f"{tmp_path / '000001'}:44: the numor ends here, within sub-spectrum 1, its counts expected"
    ]


@pytest.mark.parametrize(
    ("instrument", "parts", "says"),
    [
        ("D2B", "FI30", "D2B with 64 counters"),
        ("D1B", "FFI", "The first numors of D1B"),
    ],
)
def test_layouts_of_one_source_are_named_and_nothing_else_is_taken_from_them(
    tmp_path: Path, instrument: str, parts: str, says: str
) -> None:
    blocks = {"F": illgen.floats([3.5, 2.5, 1.5]), "I": illgen.integers(range(7)), "I30": illgen.integers(range(30))}
    wanted = ["F", "I", "I30"] if parts == "FI30" else ["F", "F", "I"]
    made = illgen.Made(
        illgen.run(1, 1)
        + illgen.text([f"{instrument:<4}Brown     04-May-89 01:02:03"])
        + illgen.text(["a magnet"])
        + illgen.group(1, 1, 1)
        + "".join(blocks[part] for part in wanted)
    )
    scan = read(made, tmp_path)
    assert str(scan.notes["layout"].value).startswith(f"one source says: {says}")
    assert data(scan).tolist() == list(range(30 if wanted[-1] == "I30" else 7))
    assert column(scan, "F_1") == [3.5]
    assert all(unit is None for unit in units(scan).values())


def test_d1a_has_all_steps_in_one_block(tmp_path: Path) -> None:
    raw = counts(9, 25)
    scan = read(illgen.d1a(raw), tmp_path)
    assert np.array_equal(data(scan), raw)
    assert column(scan, "two_theta") == [6.0, 6.05, 6.1, 6.15, 6.2, 6.25, 6.3, 6.35, 6.4]
    assert (column(scan, "time"), units(scan)["time"]) == ([30.0] * 9, "s")
    assert list(scan.axes) == ["two_theta"]


def test_d1a_keeps_the_blocks_before_its_steps(tmp_path: Path) -> None:
    made = illgen.d1a(counts(4, 25))
    scan = read(made, tmp_path)
    first = made.text.index(illgen.key("F")) + 2 * 81
    assert scan.metadata["parameters_1"].value[0] == float(made.text[first : first + 16])  # type: ignore[index]
    assert [len(scan.metadata[f"parameters_{n}"].value) for n in (1, 2)] == [50, 31]  # type: ignore[arg-type]


def test_d1a_that_ends_before_its_last_block_is_told(tmp_path: Path) -> None:
    text = illgen.d1a(counts(4, 25)).text
    scan = read(illgen.Made(text[: text.rindex(illgen.key("I"))]), tmp_path)
    assert [str(problem).partition(":")[2].partition(" ")[2] for problem in scan.problems] == [
        "sub-spectrum 1 has 2 blocks, 3 expected\n"
        "  hint: the file may be a part of its original: what is there is converted under the names in the file"
    ]
    assert scan.status == "aborted"


def test_blocks_of_sub_spectra_that_their_layout_does_not_have_are_kept(tmp_path: Path) -> None:
    """The second point has a further block F; the third one has its counts in two blocks."""
    raw = counts(3, 1024)
    parts = illgen.scan("D9", raw).text.split(illgen.key("S"))
    more = illgen.floats([7.0, 8.0], ["more", "still more"])
    at = parts[2].index(illgen.key("I"))
    parts[2] = parts[2][:at] + more + parts[2][at:]
    at = parts[3].index(illgen.key("I"))
    parts[3] = parts[3][:at] + illgen.integers(range(300)) + parts[3][at:]
    scan = read(illgen.Made(illgen.key("S").join(parts)), tmp_path)
    assert np.array_equal(data(scan), [frame.reshape(32, 32).T[:, ::-1] for frame in raw])
    assert np.array_equal(scan.metadata["parameters_2"].value, [[np.nan] * 2, [7, 8], [np.nan] * 2], equal_nan=True)  # type: ignore[arg-type]
    assert scan.metadata["parameters_2_names"].value == ["more", "still more"]
    assert np.array_equal(data(scan, "more_counts"), [np.arange(300)])


def test_a_short_block_behind_the_counts_is_one_of_parameters(tmp_path: Path) -> None:
    raw = counts(2, 1024)
    parts = illgen.scan("QQQ", raw).text.split(illgen.key("S"))
    parts[1:] = [part + illgen.integers([5, number]) for number, part in enumerate(parts[1:])]
    scan = read(illgen.Made(illgen.key("S").join(parts)), tmp_path)
    assert np.array_equal(data(scan), raw)
    assert [column(scan, name) for name in list(scan.columns)[-2:]] == [[5, 5], [0, 1]]


def test_sub_spectra_out_of_order_and_of_other_numors_are_told(tmp_path: Path) -> None:
    parts = illgen.scan("D9", counts(3, 1024), numor=111).text.split(illgen.key("S"))
    del parts[2]
    parts[2] = parts[2].replace(f"{111:8d}", f"{112:8d}", 1)
    scan = read(illgen.Made(illgen.key("S").join(parts)), tmp_path)
    assert [str(problem).partition(": ")[2] for problem in scan.problems] == [
        "sub-spectrum 3, 2 expected\n  hint: all are taken in the order of the file",
        "sub-spectrum 3 is said to be of numor 112, 111 expected\n  hint: it is taken as one of this numor",
        "2 of 3 sub-spectra are in the file\n"
        "  hint: the measurement was stopped, or the file is a part of its original",
    ]


def test_d1a_d9_and_d20_never_take_an_overflow_for_a_number(tmp_path: Path) -> None:
    made = illgen.d1a(counts(3, 25))
    at = made.text.rindex(illgen.key("I")) + 2 * 81
    scan = read(illgen.Made(made.text[:at] + "*" * 24 + made.text[at + 24 :]), tmp_path)
    assert [np.isnan(column(scan, name)).tolist() for name in ("monitor", "time", "two_theta")] == [
        [True, False, False]
    ] * 3
    assert np.isnan(scan.monitor["integral"].value)  # type: ignore[arg-type]
    text = illgen.scan("D9", counts(3, 1024)).text.replace(illgen.fortran(5001.0), "*" * 16)
    scan = read(illgen.Made(text), tmp_path)
    assert np.isnan(column(scan, "monitor")).tolist() == [False, True, False]
    assert np.isnan(scan.monitor["integral"].value)  # type: ignore[arg-type]
    assert not np.isnan(scan.metadata["duration"].value)  # type: ignore[arg-type]


def test_d1a_with_a_block_that_is_no_whole_number_of_steps(tmp_path: Path) -> None:
    made = illgen.d1a(counts(2, 24))
    scan = read(made, tmp_path)
    (problem,) = scan.problems
    assert str(problem) == (
        f"{tmp_path / '000001'}:1: a block of 56 numbers, steps of 29 expected\n"
        "  hint: the counts are given as they are in the file"
    )
    assert data(scan).shape == (56,)


def test_d4_has_banks_and_the_names_and_units_of_the_file(tmp_path: Path) -> None:
    raw = counts(9, 64)
    scan = read(illgen.d4(raw), tmp_path)
    assert np.array_equal(data(scan), raw)
    assert scan.detectors["detector"]["data"].dims == ("bank", "channel")
    assert (scan.metadata["duration"].value, scan.metadata["duration"].units) == (60.5, "s")
    assert (scan.metadata["Theta_lue"].value, scan.metadata["Theta_lue"].units) == (9.0, "degree")
    assert (scan.metadata["RtrPower"].value, scan.metadata["RtrPower"].units) == (58.1, "MW")
    assert (scan.title, scan.metadata["proposal"].value) == ("liquid metal", "6-01-02")


def test_an_unknown_instrument_has_the_names_of_its_file(tmp_path: Path) -> None:
    raw = counts(3, 100)
    made = illgen.scan("XYZ", raw)
    scan = read(made, tmp_path)
    assert np.array_equal(data(scan), raw)
    assert scan.instrument["name"].value == "XYZ"
    assert units(scan) == dict.fromkeys(["time", "monitor", "Total Cou", "angles*1000", "angles*1000_1"])
    assert column(scan, "time") == [1000, 1001, 1002]
    assert scan.metadata["wavelength"].value == 1.5
    assert scan.metadata["wavelength"].units is None
    assert "wavelength" not in scan.instrument
    assert scan.metadata["ub(1,1)"].value == 0.0
    # whether it is the start or the end is not known
    assert (scan.start_time, scan.end_time, str(scan.metadata["date"].value)) == (None, None, "2013-02-01 12:13:14")


def test_a_known_instrument_with_another_layout_is_an_unknown_one(tmp_path: Path) -> None:
    made = illgen.scan("D9", counts(2, 1024))
    version = illgen.Made(made.text.replace(illgen.run(123456, 4), illgen.run(123456, 5)))
    scan = read(version, tmp_path)
    assert "total_counts" not in scan.columns
    assert data(scan).shape == (2, 1024)


def test_sub_spectra_of_different_length_become_detectors(tmp_path: Path) -> None:
    lengths = (100, 100, 7, 100, 3, 7)
    raw = [counts(length) for length in lengths]
    parts = [illgen.run(5), illgen.text(["QQQ"])]
    for number, values in enumerate(raw, 1):
        parts += [illgen.group(number, len(raw), 5), illgen.integers(values.tolist())]
    scan = read(illgen.Made("".join(parts)), tmp_path)
    assert np.array_equal(data(scan), [raw[0], raw[1], raw[3]])
    assert np.array_equal(data(scan, "detector_2"), [raw[2], raw[5]])
    assert np.array_equal(data(scan, "detector_3"), [raw[4]])


def test_text_within_a_sub_spectrum_and_free_text_at_the_end_are_kept(tmp_path: Path) -> None:
    made = illgen.scan("D9", counts(2, 1024))
    second = made.text.index(illgen.group(2, 2, 123456, 1)) + 162
    text = made.text[:second] + illgen.text(["a remark"]) + made.text[second:] + illgen.key("V") + "and more\nSSSS\n"
    scan = read(illgen.Made(text), tmp_path)
    assert scan.notes["spectrum_text"].value == ["a remark"]
    assert scan.notes["free_text"].value == "and more\nSSSS\n"
    assert (data(scan).shape, scan.problems) == ((2, 32, 32), [])


def test_several_numors_in_one_file_are_several_scans(tmp_path: Path) -> None:
    first, second = illgen.scan("D9", counts(2, 1024), numor=7), illgen.scan("D9", counts(3, 1024), numor=7)
    path = tmp_path / "many"
    path.write_text(first.text + second.text)
    with READER.open(str(path)) as file:
        scans = list(file)
        assert [scan.identifier for scan in scans] == ["7.1", "7.2"]
        assert [scan.points for scan in scans] == [2, 3]
        only = list(file.scans(lambda number, order: (number, order) == (7, 2)))
        assert [scan.points for scan in only] == [3]
    assert scans[0].length + scans[1].length == path.stat().st_size
    assert (scans[1].place.line, scans[1].place.offset) == (first.text.count("\n") + 1, len(first.text))


def test_small_stacks_and_large_ones_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = illgen.scan("D9", counts(4, 1024))
    small = data(read(made, tmp_path))
    monkeypatch.setattr(frames, "KEPT", 0)
    assert np.array_equal(data(read(made, tmp_path)), small)
