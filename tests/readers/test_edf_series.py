"""Series of EDF files: their indices are dimensions, what is missing is told, no value is cast."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import fabio
import numpy as np
import pytest
import seriesgen
from edfseries import equal, read
from seriesgen import frame

from nxconvert import registry
from nxconvert.arrays import FrameArray
from nxconvert.errors import ReadError, RequestError
from nxconvert.readers.edf import READER


def names(*numbers: int) -> list[str]:
    return [f"a_{number:04d}.edf" for number in numbers]


@pytest.mark.parametrize("way", ["pattern", "folder", "files", "setting", "regex", "braces"])
def test_a_series_is_a_stack_along_the_motor_that_moves(tmp_path: Path, way: str) -> None:
    paths = seriesgen.series(tmp_path, names(*range(12)))
    path, settings = {
        "pattern": (tmp_path / "a_%04d.edf", {}),
        "folder": (tmp_path, {}),
        "files": (paths[0], {"files": [str(path) for path in reversed(paths)]}),
        "setting": (tmp_path, {"pattern": "a_%04d.edf"}),
        "regex": (tmp_path, {"regex": r"a_(?P<point>\d+)\.edf"}),
        "braces": (tmp_path / "a_{point}.edf", {}),
    }[way]
    found = read(path, tmp_path, **settings)  # type: ignore[arg-type]
    scan = found.scan
    data = scan.detectors["detector"]["data"]
    assert data.dims == ("point", "y", "x")
    equal(data.value, np.array([frame(n) for n in range(12)]))
    np.testing.assert_array_equal(data.value[7], fabio.open(str(paths[7])).data)
    assert scan.plots["data"].signal is data
    assert scan.plots["data"].axes[0] is scan.axes["th"] is scan.columns["th"]
    np.testing.assert_array_equal(scan.columns["th"].value, 0.5 * np.arange(12))
    assert scan.positioners["phi"].value == 7.0
    assert scan.detectors["detector"]["count_time"].value == 0.1
    assert "motor_pos = 3.5 7 ;" in scan.notes["header"].value[7].decode()
    assert "frame_missing" not in scan.detectors["detector"]
    assert found.problems == []
    assert [source.path for source in found.sources] == [str(path) for path in paths]
    assert [source.size for source in found.sources] == [path.stat().st_size for path in paths]


def test_files_of_one_frame_are_hashed_when_their_pixels_are_read(tmp_path: Path) -> None:
    paths = seriesgen.series(tmp_path, names(*range(4)))
    many = tmp_path / "b_0000.edf"
    many.write_bytes(b"".join(path.read_bytes() for path in paths))
    paths[2].write_bytes(paths[2].read_bytes() + bytes(7))  # padding is a part of the file
    with READER.open(str(tmp_path)) as file:
        scans = list(file)
        assert [item.sha256 for item in file.sources()] == [""] * 5
        assert [item.path for item in file.unhashed()] == [str(many)]
        stack = scans[0].detectors["detector"]["data"].value
        assert isinstance(stack, FrameArray)
        for index in range(3):
            np.testing.assert_array_equal(stack.frame(index), frame(index))
        assert {item.path: item.sha256 for item in file.sources()} == {
            **{str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths[:3]},
            str(paths[3]): "",
            str(many): "",
        }
        with paths[3].open("ab") as stream:  # what comes later is no part of what was opened
            stream.write(b"more")
        stack.frame(3)
        before = paths[3].read_bytes()[:-4]
        assert file.sources()[3].sha256 == hashlib.sha256(before).hexdigest()


def test_without_a_motor_the_indices_are_the_axis(tmp_path: Path) -> None:
    for number in (3, 4, 5):
        seriesgen.write(tmp_path / f"a_{number}.edf", frame(number))
    scan = read(tmp_path / "a_%d.edf", tmp_path).scan
    axis = scan.plots["data"].axes[0]
    assert axis is not None
    assert (axis.name, axis.units, axis.dims) == ("point", "", ("point",))
    np.testing.assert_array_equal(axis.value, [3, 4, 5])


def test_big_endian_frames_are_given_little_endian(tmp_path: Path) -> None:
    seriesgen.series(tmp_path, names(0, 1), dtype=">u2")
    data = read(tmp_path, tmp_path).scan.detectors["detector"]["data"].value
    equal(data, np.array([frame(0), frame(1)]))


def test_missing_files_are_an_error_that_lists_them(tmp_path: Path) -> None:
    seriesgen.series(tmp_path, names(0, 1, 2, 3, 5, 9))
    with pytest.raises(ReadError) as error:
        read(tmp_path / "a_%04d.edf", tmp_path)
    assert str(error.value) == (
        f"{tmp_path}/a_%04d.edf: 4 files are missing: a_0004.edf, a_0006.edf, a_0007.edf, a_0008.edf, "
        "one for each index expected\n  hint: --allow-missing writes a fill value in their places and marks them"
    )


@pytest.mark.parametrize("dtype", ["<u2", "<i4", "<f4"])
def test_missing_files_can_be_allowed_and_are_never_taken_for_measured(tmp_path: Path, dtype: str) -> None:
    seriesgen.series(tmp_path, names(0, 1, 3), dtype=dtype)
    found = read(tmp_path / "a_%04d.edf", tmp_path, allow_missing=True)
    fields = found.scan.detectors["detector"]
    fill = np.nan if dtype == "<f4" else np.iinfo(dtype).max
    missing = np.full((3, 4), fill, dtype)
    equal(
        fields["data"].value, np.array([frame(0, dtype=dtype), frame(1, dtype=dtype), missing, frame(2, dtype=dtype)])
    )
    np.testing.assert_array_equal(fields["frame_missing"].value, [0, 0, 1, 0])
    np.testing.assert_array_equal(found.scan.columns["th"].value, [0, 0.5, np.nan, 1.0])
    assert found.problems == [
        "DIR/a_%04d.edf: 1 frame is missing: a_0002.edf, one for each index expected\n"
        "  hint: frame_missing marks them; the largest number of the type, nan among floats, stands in their places"
    ]


def test_a_file_that_cannot_be_read_is_a_lost_frame(tmp_path: Path) -> None:
    seriesgen.series(tmp_path, names(0, 1, 2))
    (tmp_path / "a_0001.edf").write_bytes(b"no header")
    with READER.open(str(tmp_path)) as file:
        (scan,) = list(file)
        stack = scan.detectors["detector"]["data"].value
        assert isinstance(stack, FrameArray)
        assert stack.frame(1) is None
        np.testing.assert_array_equal(scan.detectors["detector"]["frame_missing"].value, [0, 1, 0])
    (problem,) = scan.problems
    assert problem.severity == "lost"
    assert problem.place.path == str(tmp_path / "a_0001.edf")


def test_nothing_but_damaged_files_is_an_error(tmp_path: Path) -> None:
    for name in names(0, 1):
        (tmp_path / name).write_bytes(b"no header")
    with pytest.raises(ReadError, match=r"a_0000\.edf: byte 0: the file begins with b'no header'"):
        read(tmp_path, tmp_path)


def test_frames_of_different_kinds_are_split_into_detectors(tmp_path: Path) -> None:
    kinds = [((3, 4), "<u2"), ((3, 4), "<u2"), ((3, 5), "<u2"), ((3, 4), "<f4"), ((3, 5), "<u2")]
    for number, (shape, dtype) in enumerate(kinds):
        items = {"motor_mne": "th", "motor_pos": number}
        seriesgen.write(tmp_path / f"a_{number}.edf", frame(number, shape, dtype), items=items)
    scan = read(tmp_path, tmp_path).scan
    assert list(scan.detectors) == ["detector", "detector_1", "detector_2"]
    for name, own in (("detector", [0, 1]), ("detector_1", [2, 4]), ("detector_2", [3])):
        fields = scan.detectors[name]
        equal(fields["data"].value, np.array([frame(n, *kinds[n]) for n in own]))
        np.testing.assert_array_equal(fields["point"].value, own)
    np.testing.assert_array_equal(scan.columns["th"].value, range(5))


def test_frames_of_different_kinds_on_a_grid_are_refused(tmp_path: Path) -> None:
    for row in range(2):
        for column in range(2):
            dtype = "<f4" if (row, column) == (1, 0) else "<u2"
            seriesgen.write(tmp_path / f"a_{row}_{column}.edf", frame(0, dtype=dtype))
    with pytest.raises(RequestError) as error:
        read(tmp_path / "a_%d_%d.edf", tmp_path)
    assert str(error.value) == (
        f"{tmp_path}/a_1_0.edf: byte 0: frames of different kinds: 3 x 4 of uint16, 3 x 4 of float32, "
        "one shape and one type on a grid of indices expected\n  hint: convert them apart; values are never cast"
    )


def test_detectors_and_scans_by_name(tmp_path: Path) -> None:
    shapes = {"mpx": (3, 4), "ccd_2": (2, 5)}
    for at, (detector, shape) in enumerate(shapes.items()):
        for scan in (4, 12):
            for point in range(3):
                items = {"motor_mne": "th", "motor_pos": point}
                seriesgen.write(
                    tmp_path / f"s_{detector}_{scan}_{point:04d}.edf",
                    frame(100 * at + scan + point, shape),
                    items=items,
                )
    found = read(tmp_path / "s_{detector}_{scan}_{point}.edf", tmp_path)
    assert [(scan.identifier, scan.title) for scan in found.scans] == [("4.1", "s_*_4_*.edf"), ("12.1", "s_*_12_*.edf")]
    for scan in found.scans:
        assert list(scan.detectors) == ["ccd_2", "mpx"]
        for at, (detector, shape) in enumerate(shapes.items()):
            expected = np.array([frame(100 * at + scan.number + point, shape) for point in range(3)])
            equal(scan.detectors[detector]["data"].value, expected)
        assert list(scan.plots) == ["data", "mpx"]
        assert scan.plots["mpx"].axes[0] is scan.plots["data"].axes[0] is scan.columns["th"]
        assert sorted(scan.notes) == ["header", "header_mpx"]
    assert len(found.sources) == 12


def test_only_the_wanted_scans_are_opened(tmp_path: Path) -> None:
    for scan in (1, 2):
        seriesgen.series(tmp_path, [f"a_{scan}_{point}.edf" for point in range(2)])
    with READER.open(str(tmp_path / "a_{scan}_{point}.edf")) as file:
        (scan,) = file.scans(lambda number, _order: number == 2)
        assert scan.identifier == "2.1"
        assert [Path(source.path).name for source in file.sources()] == ["a_2_0.edf", "a_2_1.edf"]


def test_a_folder_gives_a_scan_for_each_series_and_file(tmp_path: Path) -> None:
    seriesgen.series(tmp_path, ["b_1.edf", "b_2.edf", "dark.edf", "a10.edf", "a9.edf"])
    (tmp_path / "notes.txt").write_text("nothing")
    found = read(tmp_path, tmp_path)
    shown = [(scan.identifier, scan.title, scan.detectors["detector"]["data"].value.shape) for scan in found.scans]
    assert shown == [("1.1", "a*.edf", (2, 3, 4)), ("2.1", "b_*.edf", (2, 3, 4)), ("3.1", "dark.edf", (3, 4))]


def test_files_of_many_frames_add_an_axis_to_a_pattern(tmp_path: Path) -> None:
    for line in range(3):
        seriesgen.write(tmp_path / f"line_{line}.edf", *(frame(10 * line + at) for at in range(4)))
    scan = read(tmp_path / "line_%d.edf", tmp_path).scan
    data = scan.detectors["detector"]["data"]
    assert data.dims == ("row", "column", "y", "x")
    equal(data.value, np.array([[frame(10 * line + at) for at in range(4)] for line in range(3)]))


def test_files_of_different_numbers_of_frames_follow_on(tmp_path: Path) -> None:
    seriesgen.write(tmp_path / "a_0.edf", frame(0), frame(1), frame(2))
    seriesgen.write(tmp_path / "a_1.edf", frame(3), frame(4))
    scan = read(tmp_path, tmp_path).scan
    data = scan.detectors["detector"]["data"]
    assert data.dims == ("point", "y", "x")
    equal(data.value, np.array([frame(n) for n in range(5)]))


def test_frames_that_lima_counts_through_all_files_follow_on(tmp_path: Path) -> None:
    for file in range(2):
        blocks = [seriesgen.edf(frame(2 * file + at), {"acq_frame_nb": 2 * file + at}) for at in range(2)]
        (tmp_path / f"a_{file}.edf").write_bytes(b"".join(blocks))
    assert read(tmp_path, tmp_path).scan.detectors["detector"]["data"].value.shape == (4, 3, 4)


def test_compressed_files_are_part_of_a_series(tmp_path: Path) -> None:
    import bz2
    import gzip

    for number, compress in enumerate((gzip.compress, bytes, bz2.compress)):
        ending = ("edf.gz", "edf", "edf.bz2")[number]
        (tmp_path / f"a_{number}.{ending}").write_bytes(compress(seriesgen.edf(frame(number))))
    data = read(tmp_path / "a_%d.edf", tmp_path).scan.detectors["detector"]["data"].value
    equal(data, np.array([frame(n) for n in range(3)]))


def test_some_frames_of_a_series(tmp_path: Path) -> None:
    seriesgen.series(tmp_path, names(*range(8)))
    scan = read(tmp_path, tmp_path, frames="1-7:3").scan
    equal(scan.detectors["detector"]["data"].value, np.array([frame(n) for n in (1, 4, 7)]))
    np.testing.assert_array_equal(scan.columns["th"].value, [0.5, 2.0, 3.5])


def test_the_axis_can_be_named(tmp_path: Path) -> None:
    for number in range(3):
        seriesgen.write(tmp_path / f"a_{number}.edf", frame(number), items={"temperature": 300 - 10 * number})
    scan = read(tmp_path, tmp_path, stack_axis="temperature").scan
    axis = scan.plots["data"].axes[0]
    assert axis is not None
    np.testing.assert_array_equal(axis.value, [300, 290, 280])


def test_folders_and_patterns_are_recognised(tmp_path: Path) -> None:
    seriesgen.series(tmp_path, names(0, 1))
    assert registry.identify(str(tmp_path)).name == "edf"
    assert registry.identify(str(tmp_path / "a_%04d.edf")).name == "edf"
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError, match=r"edf: no name in this folder ends in \.edf or \.edf\.gz"):
        registry.identify(str(tmp_path / "empty"))
    with pytest.raises(ReadError, match=r"edf: the pattern does not end in \.edf or \.edf\.gz"):
        registry.identify(str(tmp_path / "a_%04d.tif"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pattern": "a_%d.edf", "regex": "x"}, "DIR: more than one way to choose the files, one of list, pattern, regex expected"),
        ({"pattern": "a.edf"}, "DIR/a.edf: no index in this pattern, %04d or {point} expected\n  hint: it is a file or a pattern"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    seriesgen.series(tmp_path, names(0))
    with pytest.raises(RequestError) as error:
        read(tmp_path, tmp_path, **settings)
    assert str(error.value).replace(str(tmp_path), "DIR") == message


def test_a_pattern_needs_a_folder(tmp_path: Path) -> None:
    (path,) = seriesgen.series(tmp_path, names(0))
    with pytest.raises(RequestError, match="this is no folder, a folder expected with --pattern and --regex"):
        read(path, tmp_path, pattern="a_%d.edf")


def test_a_folder_without_edf_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"no EDF file in this folder, files that end in \.edf or \.edf\.gz expected"):
        read(tmp_path, tmp_path)


def test_the_fingerprint_changes_with_headers_and_files(tmp_path: Path) -> None:
    seriesgen.series(tmp_path, names(0, 1, 2))
    first = read(tmp_path, tmp_path).scan.sha256
    assert read(tmp_path, tmp_path).scan.sha256 == first
    seriesgen.series(tmp_path, names(3))
    assert read(tmp_path, tmp_path).scan.sha256 != first
    assert len(first) == 64


def test_many_files_need_few_descriptors_and_little_memory(tmp_path: Path) -> None:
    import tracemalloc

    block = seriesgen.edf(frame(0), {"motor_mne": "th phi", "motor_pos": "%6d 7"})
    for number in range(3000):
        (tmp_path / f"a_{number:04d}.edf").write_bytes(block.replace(b"%6d", b"%6d" % number))
    with READER.open(str(tmp_path)) as warm:
        next(iter(warm))
    tracemalloc.start()
    with READER.open(str(tmp_path)) as file:
        (scan,) = list(file)
        stack = scan.detectors["detector"]["data"].value
        assert isinstance(stack, FrameArray)
        assert sum(block.shape[0] for block in stack.blocks()) == 3000
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(scan.columns["th"].value, np.arange(3000.0))
    assert peak / 3000 < 6000


def test_the_series_of_real_files_equals_fabio(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "edf"
    found = read(folder / "ID19_D2H2T2_%04d.edf", tmp_path)
    data = found.scan.detectors["detector"]["data"].value
    assert data.shape == (6, 270, 320)
    for number in range(6):
        np.testing.assert_array_equal(data[number], fabio.open(str(folder / f"ID19_D2H2T2_{number:04d}.edf")).data)
    assert sorted(scan.title for scan in read(folder, tmp_path).scans) == sorted(
        ["ID19_D2H2T2_*.edf", "dark.edf", "demo.edf", "medipix.edf"]
    )


def test_a_series_may_lie_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    seriesgen.series(tmp_path / "there", names(0, 1))
    (tmp_path / "here").symlink_to(tmp_path / "there")
    assert read(tmp_path / "here", tmp_path).scan.detectors["detector"]["data"].value.shape == (2, 3, 4)
    shutil.rmtree(tmp_path / "there")
    with pytest.raises(ReadError):
        read(tmp_path / "here" / "a_%04d.edf", tmp_path)
