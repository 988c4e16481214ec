"""Maps of XIA spectra: spectra, statistics and counters on one grid, with the axes of the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import seriesgen
from edfseries import equal, loaded, read

from nxconvert.errors import ReadError
from nxconvert.readers.edf import xianames


def test_a_map_has_spectra_statistics_counters_and_axes(tmp_path: Path) -> None:
    values = seriesgen.xia_map(tmp_path)
    found = read(tmp_path, tmp_path)
    scan = found.scan
    assert (scan.identifier, scan.title) == ("7.1", "zapimage sampy 1 3 4 100 sampz 10 12 2 0")
    assert scan.scan_shape == (3, 4)
    assert list(scan.detectors) == ["xia00", "xia01"]
    for number in range(2):
        fields = scan.detectors[f"xia{number:02d}"]
        assert fields["data"].dims == ("row", "column", "channel")
        equal(fields["data"].value, values[f"xia{number:02d}"])
        np.testing.assert_array_equal(fields["channel"].value, range(8))
        for column, name in enumerate(("events", "icr", "ocr", "live_time", "dead_fraction"), 1):
            assert fields[name].dims == ("row", "column")
            equal(fields[name].value, values["xiast"][:, :, number, column])
        assert [fields[name].units for name in ("events", "icr", "live_time", "dead_fraction")] == [
            None,
            "1/s",
            "ms",
            "%",
        ]
    equal(scan.grid["zap_iodet"].value, values["zap_iodet"])
    plot = scan.plots["data"]
    assert [axis and axis.name for axis in plot.axes] == ["sampz", "sampy", "channel"]
    # the fast motor moves while it is counted, the slow one stands: middles of intervals, and stops
    np.testing.assert_allclose(scan.axes["sampy"].value, [1.25, 1.75, 2.25, 2.75], rtol=1e-15)
    np.testing.assert_array_equal(scan.axes["sampz"].value, [10, 11, 12])
    assert list(scan.plots) == ["data", "xia01", "zap_iodet"]
    assert scan.instrument["energy"].value == 7.2
    assert scan.start_time is not None
    assert scan.start_time.isoformat() == "2019-03-05T10:11:12"
    assert len(scan.notes["header"].value) == 10
    assert len(found.sources) == 10
    assert found.problems == []


def test_missing_lines_are_listed_or_masked(tmp_path: Path) -> None:
    values = seriesgen.xia_map(tmp_path)
    (tmp_path / "map_xia01_0007_0000_0001.edf").unlink()
    with pytest.raises(ReadError) as error:
        read(tmp_path, tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: 1 file is missing: map_xia01_0007_0000_0001.edf, one for each index expected\n"
        "  hint: --allow-missing writes a fill value in their places and marks them"
    )
    found = read(tmp_path, tmp_path, allow_missing=True)
    fields = found.scan.detectors["xia01"]
    np.testing.assert_array_equal(fields["frame_missing"].value, [0, 1, 0])
    assert (fields["data"].value[1] == 2**32 - 1).all()
    equal(fields["data"].value[2], values["xia01"][2])
    assert "frame_missing" not in found.scan.detectors["xia00"]


def test_a_line_cut_short_is_lost_and_marked(tmp_path: Path) -> None:
    values = seriesgen.xia_map(tmp_path)
    seriesgen.write(tmp_path / "map_xia00_0007_0000_0002.edf", values["xia00"][2, :3])
    found = read(tmp_path, tmp_path)
    fields = found.scan.detectors["xia00"]
    np.testing.assert_array_equal(fields["frame_missing"].value, [0, 0, 1])
    assert found.problems == [
        "DIR/map_xia00_0007_0000_0002.edf: byte 0: xia00: 3 x 8 values of uint32, 4 x 8 of uint32 expected, as in most "
        "lines\n  hint: the line is left out and marked in frame_missing"
    ]
    assert found.scan.problems[0].severity == "lost"


def test_statistics_alone_and_odd_ones_are_kept(tmp_path: Path) -> None:
    for line in range(2):
        seriesgen.write(
            tmp_path / f"map_xiast_0001_0000_{line:04d}.edf", np.arange(20, dtype="<i4").reshape(4, 5) + line
        )
    found = read(tmp_path, tmp_path)
    data = found.scan.detectors["xiast"]["data"].value
    np.testing.assert_array_equal(data[1], np.arange(20).reshape(4, 5) + 1)
    assert found.problems == [
        "DIR/map_xiast_0001_0000_0000.edf: byte 0: statistics of 4 x 5 values, points and 6 integers for each detector "
        "expected\n  hint: they are kept as they are"
    ]


def test_counts_hold_the_channels_and_a_spectrum_for_each_detector(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    spectra = rng.integers(0, 1000, (3, 2, 8)).astype("<i4")
    for point in range(3):
        block = np.vstack([np.arange(100, 108, dtype="<i4"), spectra[point]])
        items = {"xdet": "3 5", "xnb": 2, "xlt03": 90 + point, "xevt03": 7 * point, "xlt05": 80}
        seriesgen.write(tmp_path / f"c_xiact_0004_0000_{point:04d}.edf", block, items=items)
    scan = read(tmp_path, tmp_path).scan
    assert list(scan.detectors) == ["xia03", "xia05"]
    for at, name in enumerate(("xia03", "xia05")):
        fields = scan.detectors[name]
        assert fields["data"].dims == ("point", "channel")
        equal(fields["data"].value, spectra[:, at])
        np.testing.assert_array_equal(fields["channel"].value, range(100, 108))
    np.testing.assert_array_equal(scan.detectors["xia03"]["live_time"].value, [90, 91, 92])
    np.testing.assert_array_equal(scan.detectors["xia03"]["events"].value, [0, 7, 14])
    assert "events" not in scan.detectors["xia05"]


def test_two_maps_and_a_series_in_one_folder_are_three_scans(tmp_path: Path) -> None:
    seriesgen.xia_map(tmp_path, lines=2, points=3)
    for path in list(tmp_path.iterdir()):
        (tmp_path / path.name.replace("_0007_", "_0009_")).write_bytes(path.read_bytes())
    seriesgen.series(tmp_path, ["ccd_0001.edf", "ccd_0002.edf"])
    scans = read(tmp_path, tmp_path).scans
    assert [(scan.identifier, scan.title[:8]) for scan in scans] == [
        ("7.1", "zapimage"),
        ("9.1", "zapimage"),
        ("1.1", "ccd_*.ed"),
    ]


def test_an_aborted_map_has_the_positions_of_its_lines(tmp_path: Path) -> None:
    seriesgen.xia_map(tmp_path, lines=5)
    for label in ("xia00", "xia01", "xiast"):
        for line in (3, 4):
            (tmp_path / f"map_{label}_0007_0000_{line:04d}.edf").unlink()
    found = read(tmp_path, tmp_path)
    scan = found.scan
    np.testing.assert_array_equal(scan.axes["sampz"].value, [10, 10.5, 11])
    assert scan.detectors["xia00"]["data"].value.shape == (3, 4, 8)
    assert loaded(scan.detectors["zap_iodet"]["data"].value).shape == (5, 4)
    assert found.problems == [
        "DIR/map_zap_iodet_0007_0000.edf: byte 0: the counter 'zap_iodet' has 5 x 4 values, 3 lines expected\n"
        "  hint: it is kept as an image"
    ]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ({"title": "zapimage samy 0 1 10 100 samz 2 3 4 0"}, (("samy", 0, 1, 10), ("samz", 2, 3, 4))),
        ({"title": "zapimage  samy 0 1 10 samz 2 3 4 0"}, (("samy", 0, 1, 10), ("samz", 2, 3, 4))),
        ({"title": "mesh samy 0 1 10 samz 2 3 4 0.1"}, (("samy", 0, 1, 10), ("samz", 2, 3, 4))),
        ({"title": "zapline samy 0 1 10 100"}, (("samy", 0, 1, 10), None)),
        ({"fast_mot": "a", "fast_start": "-1", "fast_end": "1e1", "fast_nbp": "5"}, (("a", -1, 10, 5), None)),
        ({"slow_mot": "b", "slow_start": "0", "slow_end": "1", "slow_nbp": "5"}, (None, ("b", 0, 1, 4))),
        ({"title": "zapimage samy 0 one 10 100 samz 2 3 4 0"}, (None, ("samz", 2, 3, 4))),
        ({"title": "zapimage samy 0 inf 10 100 samz 2 3 -4 0"}, (None, None)),
        ({"title": "zapimage"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_motors_out_of_commands_and_headers(items: dict[str, str], expected: tuple[object, object]) -> None:
    found = xianames.motions(items)
    assert tuple(item and (item.name, item.start, item.end, item.intervals) for item in found) == expected
