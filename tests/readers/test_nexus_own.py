"""SPEC to NeXus and back into the scan model: the scan of the NeXus file is that of the SPEC file."""

from __future__ import annotations

import math
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert import pipeline
from nxconvert.arrays import LazyArray, load
from nxconvert.readers.nexus import NexusFile, StoredArray
from nxconvert.readers.spec import READER
from nxconvert.scan import Field, Plot, Scan
from nxconvert.selection import parse_selection

SAMPLES = Path(__file__).resolve().parent.parent.parent / "sample_data"

ITEMS = ("number", "order", "index", "title", "command", "start_time", "end_time", "status", "scan_shape", "length")
ITEMS += ("sha256", "points")
NAMESPACES = ("columns", "axes", "positioners", "sample", "user", "instrument", "monitor", "metadata", "notes", "grid")


def convert(source: Path, output: Path, **options: Any) -> None:
    outcome = pipeline.convert_file(str(source), str(output), pipeline.ConvertOptions(**options))
    assert outcome.status == "converted", outcome.problems


def content(value: Any) -> Any:
    """Give a value so that two are equal when type, shape and all bits are."""
    value = load(value) if isinstance(value, LazyArray) else value
    if isinstance(value, (str, list)):
        return value
    array = np.asarray(value)
    return array.dtype, array.shape, array.tobytes()


def field(item: Field, with_dims: bool) -> Any:
    return (item.name, item.dims if with_dims else None, item.units, item.long_name, content(item.value))


def plot(item: Plot) -> Any:
    return item.signal.name, [axis and axis.name for axis in item.axes], [extra.name for extra in item.extra]


def described(scan: Scan) -> dict[str, Any]:
    """Give everything of a scan but its place, in order, to be compared with ``==``."""
    found: dict[str, Any] = {name: getattr(scan, name) for name in ITEMS}
    for name in NAMESPACES:
        # a NeXus file does not say what the dimensions of single facts are called
        with_dims = name not in ("sample", "metadata")
        found[name] = [(key, field(item, with_dims)) for key, item in getattr(scan, name).items()]
    found["detectors"] = [
        (name, [(key, field(item, True)) for key, item in items.items()]) for name, items in scan.detectors.items()
    ]
    found["plots"] = [(name, plot(item)) for name, item in scan.plots.items()]
    return found


def compare(source: Path, output: Path, unknown: tuple[str, ...] = (), scans: str = "") -> int:
    """Compare scan by scan, but for the items that are *unknown*; give how many there are."""
    count = 0
    with READER.open(str(source)) as first, NexusFile(str(output)) as second:
        for scan, again in zip_longest(first.scans(parse_selection(scans)), second):
            count += 1
            expected, found = described(scan), described(again)
            for name in expected:
                if name not in unknown:
                    assert found[name] == expected[name], (scan.identifier, name)
            assert again.problems == []
            origin = second.origin(again)
            assert origin is not None
            assert (origin.source, origin.offset, origin.sha256) == (source.name, scan.place.offset, scan.sha256)
        assert second.problems == []
    return count


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*.spec")))
def test_a_sample_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    convert(SAMPLES / name, tmp_path / "x.nxs")
    assert compare(SAMPLES / name, tmp_path / "x.nxs") > 0


REAL = (
    *("05_02_test.dat", "count_3.spec", "issue109_data.txt", "issue64_data.txt", "issue82_data.txt", "mini.spec"),
    *("mca_spectra_example.dat.gz", "oleg.dat", "refresh1.txt", "sardana_mca.spec", "spec_tunes.dat", "test_3.spec"),
    *("twoc.dat", "user6idd.dat"),
)


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_comes_back_as_it_was(shared_data: Path, tmp_path: Path, name: str) -> None:
    convert(shared_data / "spec" / name, tmp_path / "x.nxs")
    assert compare(shared_data / "spec" / name, tmp_path / "x.nxs") > 0


@pytest.mark.parametrize(("name", "scans"), [("33id_spec.dat", "18-30"), ("31oct98.dat", "20-40"), ("CdOsO", "1-5")])
def test_scans_of_a_large_real_file_come_back_as_they_were(
    shared_data: Path, tmp_path: Path, name: str, scans: str
) -> None:
    source = shared_data / "spec" / name
    convert(source, tmp_path / "x.nxs", scans=scans)
    # the shape of a mesh whose points could not be placed stands in its command only
    assert compare(source, tmp_path / "x.nxs", ("scan_shape", "index"), scans) > 4


SCAN = "#S {0} ascan  th 0 1 1 1\n#D Thu Feb 11 09:55:2{1} 2016\n#P0 1 2\n#N 2\n#L th  det\n0 {0}\n1 {1}\n\n"


@pytest.mark.parametrize("labels", ["::  ::  :;  ::", "a  a_1  a  a", "a.1  a_1  a.1  a:1", "9  9  _9  9  _9_1"])
def test_labels_whose_legal_names_collide_keep_their_own_numbers(tmp_path: Path, labels: str) -> None:
    source, count = tmp_path / "a.spec", len(labels.split())
    row = " ".join(map(str, range(count)))
    source.write_text(f"#F a\n\n#S 1 ascan  x 0 1 2 1\n#N {count}\n#L {labels}\n{row}\n{row}\n\n")
    convert(source, tmp_path / "x.nxs")
    assert compare(source, tmp_path / "x.nxs") == 1


def test_scans_come_in_the_order_of_their_source(tmp_path: Path) -> None:
    source = tmp_path / "a.spec"
    source.write_text("#F a\n#O0 th  tth\n\n" + "".join(SCAN.format(n, k) for k, n in enumerate((12, 3, 1, 3, 12))))
    convert(source, tmp_path / "x.nxs")
    assert compare(source, tmp_path / "x.nxs") == 5
    with NexusFile(str(tmp_path / "x.nxs")) as file:
        assert [scan.identifier for scan in file] == ["12.1", "3.1", "1.1", "3.2", "12.2"]
        assert file.entries() == ["scan_12", "scan_3", "scan_1", "scan_3_2", "scan_12_2"]


def test_equal_labels_come_back_with_their_own_numbers(tmp_path: Path) -> None:
    source = tmp_path / "a.spec"
    labels = "det  det_1  det  Fe Ka  Fe/Ka  Fe Ka  det"
    source.write_text(f"#F a\n#S 1 ct\n#N 7\n#L {labels}\n1 2 3 4 5 6 7\n8 9 10 11 12 13 14\n")
    convert(source, tmp_path / "x.nxs")
    assert compare(source, tmp_path / "x.nxs") == 1


def test_the_layout_of_bliss_comes_back_with_columns_and_positions(tmp_path: Path) -> None:
    convert(SAMPLES / "mca_calib.spec", tmp_path / "x.nxs", mappings=("esrf",))
    assert compare(SAMPLES / "mca_calib.spec", tmp_path / "x.nxs", unknown=("metadata",)) == 2


def test_what_is_large_stays_in_the_file(tmp_path: Path) -> None:
    source = tmp_path / "a.spec"
    rows = "".join(f"{n} {n * n}\n" for n in range(20_000))
    source.write_text(f"#F a\n#S 1 timescan 1\n#N 2\n#L time  det\n{rows}")
    convert(source, tmp_path / "x.nxs")
    with NexusFile(str(tmp_path / "x.nxs")) as file:
        (scan,) = file
        det = scan.columns["det"].value
        assert isinstance(det, StoredArray)
        assert [len(block) for block in det.blocks()]
        assert np.array_equal(load(det), np.arange(20_000) ** 2)


def test_a_time_zone_given_for_the_conversion_is_read_again(tmp_path: Path) -> None:
    convert(SAMPLES / "counters.spec", tmp_path / "x.nxs", time_zone="Europe/Paris")
    with READER.open(str(SAMPLES / "counters.spec")) as first, NexusFile(str(tmp_path / "x.nxs")) as second:
        for scan, again in zip(first, second, strict=True):
            assert again.start_time is not None
            assert again.start_time.tzinfo is not None
            assert again.start_time.replace(tzinfo=None) == scan.start_time


# --- any scan

#: what stands between two blanks in a line of labels or of motors
NAME = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=6)
NAMES = st.builds(" ".join, st.lists(NAME, min_size=1, max_size=2))
NUMBER = st.one_of(
    st.integers(-(2**63), 2**64 - 1).map(str),
    st.floats(allow_nan=False).map(repr),
    st.sampled_from(["nan", "inf", "-inf", "-0", "-0.0", "1e400", "5e-324", "0.1"]),
)
COMMENT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), max_size=12)


@st.composite
def spec_texts(draw: st.DrawFn) -> str:
    """Draw a SPEC file of some scans: any names, numbers, comments; spectra in some."""
    motors = draw(st.lists(NAMES, max_size=5))
    lines = ["#F x", "#D Thu Feb 11 09:47:55 2016", "#C x  User = u"]
    lines += [f"#O0 {'  '.join(motors)}"] if motors else []
    for number in draw(st.lists(st.integers(0, 30), min_size=1, max_size=4)):
        labels = draw(st.lists(NAMES, min_size=1, max_size=5))
        channels = draw(st.integers(0, 4))
        lines += ["", f"#S {number} {draw(st.sampled_from(['ascan  x 0 1 2 1', 'ct 1', '']))}"]
        lines += ["#D Thu Feb 11 09:55:20 2016", f"#C {draw(COMMENT)}"]
        lines += [f"#P0 {' '.join(draw(NUMBER) for _ in motors)}"] if motors else []
        lines += [f"#@CHANN {channels} 0 {channels - 1} 1", "#@CALIB 1 2 0"] if channels else []
        lines += [f"#N {len(labels)}", f"#L {'  '.join(labels)}"]
        for _ in range(draw(st.integers(0, 3))):
            lines.append(" ".join(draw(NUMBER) for _ in labels))
            if channels:
                lines.append("@A " + " ".join(draw(NUMBER) for _ in range(channels)))
    return "\n".join(lines) + "\n"


@settings(max_examples=25, deadline=None)
@given(spec_texts())
def test_any_file_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("own")
    source = folder / "a.spec"
    source.write_text(text, encoding="utf-8", newline="")
    convert(source, folder / "x.nxs")
    # without a plot nothing says which column was scanned, and what the first command said is not known without one
    with READER.open(str(source)) as file:
        plotless = any(scan.axes and not scan.plots for scan in file)
    compare(source, folder / "x.nxs", unknown=("axes",) if plotless else ())


def test_numbers_that_are_no_number_come_back_bit_for_bit(tmp_path: Path) -> None:
    source = tmp_path / "a.spec"
    source.write_text("#F a\n#O0 x\n#S 1 ct\n#P0 nan\n#N 2\n#L a  b\nnan -0.0\n-inf 5e-324\n")
    convert(source, tmp_path / "x.nxs")
    assert compare(source, tmp_path / "x.nxs") == 1
    with NexusFile(str(tmp_path / "x.nxs")) as file:
        (scan,) = file
    assert math.copysign(1, scan.columns["b"].value[0]) == -1  # type: ignore[index]
