"""Scan, tree, file, h5py: every value is found again bit for bit, under its own name, in its order."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.errors import Place
from nxconvert.mapping.engine import load
from nxconvert.readers.nexus import NexusFile
from nxconvert.scan import Field, Plot, Scan
from nxconvert.writer.hdf5 import NexusWriter

MAPPING = load(["spec"])

#: names that become one and the same when they are made legal, names that NeXus knows, and any text at all
NAMES = st.one_of(
    st.sampled_from(
        ["det", "det_1", "det 1", "det.1", "det/1", "det:1", "1det", "_1det", "a.b", "a_b", "..", ".", "/", "-"]
    ),
    st.sampled_from(
        ["data", "title", "name", "signal", "axes", "errors", "det_errors", "det_indices", "positioners", "definition"]
    ),
    # groups that the reader asks for by name
    st.sampled_from(
        ["positioners_start", "positioners_1", "instrument", "measurement", "metadata", "headers", "specfile", "MCA"]
    ),
    st.sampled_from(
        ["θ", "Ångström", "2θ/deg", "日本", "é", "e\u0301", "x" * 63, "x" * 64, "x" * 65, "NXdata", "target", "energy"]
    ),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=8),
)
INTEGERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))
FLOATS = st.one_of(st.floats(), st.sampled_from([float("nan"), float("inf"), -float("inf"), -0.0, 5e-324]))
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8)


def array(draw: st.DrawFn, kind: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Draw an array of int64, uint64 or float64; the last may hold any bits, those of every nan too."""
    size = int(np.prod(shape))
    values = {"i": INTEGERS, "u": st.integers(0, 2**64 - 1), "f": FLOATS}[kind]
    drawn = draw(st.lists(values, min_size=min(size, 6), max_size=min(size, 6)))
    if kind == "f" and draw(st.booleans()):
        bits = draw(st.lists(st.integers(0, 2**64 - 1), min_size=len(drawn), max_size=len(drawn)))
        drawn = np.array(bits, np.uint64).view(np.float64)
    dtype = {"i": np.int64, "u": np.uint64, "f": np.float64}[kind]
    return np.resize(np.array(drawn, dtype), shape) if size else np.empty(shape, dtype)


@st.composite
def scans(draw: st.DrawFn) -> list[Scan]:
    """Draw some scans of equal structure with values of their own, as most scans of a file are."""
    points = draw(st.integers(0, 4))
    names = draw(st.lists(NAMES, max_size=6, unique=True))
    kinds = [draw(st.sampled_from("iuf")) for _ in names]
    motors = draw(st.lists(st.tuples(NAMES, st.booleans()), max_size=4, unique_by=lambda item: item[0]))
    detectors = draw(
        st.lists(
            st.tuples(NAMES, st.integers(0, 5), st.booleans(), st.sampled_from("iuf")),
            max_size=3,
            unique_by=lambda item: item[0],
        )
    )
    plotted = draw(st.booleans()) and bool(names)
    made = []
    for index in range(draw(st.integers(1, 4))):
        scan = Scan(index + 1, 1, index, Place("x.spec", 1), title=draw(TEXTS) or "t", command="c")
        scan.columns = {
            name: Field(name, array(draw, kind, (points,)), ("point",)) for name, kind in zip(names, kinds, strict=True)
        }
        scan.positioners = {
            name: Field(name, draw(TEXTS) if text else np.float64(draw(FLOATS))) for name, text in motors
        }
        for name, channels, flat, kind in detectors:
            shape = (channels,) if flat else (points, channels)
            fields = {
                "data": Field("data", array(draw, kind, shape), ("point", "channel")[-len(shape) :]),
                "channel": Field("channel", np.arange(channels) + index, ("channel",)),
                "energy": Field("energy", array(draw, "f", (channels,)), ("channel",)),
                "description": Field("description", name),
                "live_time": Field("live_time", draw(st.floats(0, 10)), (), "s"),
            }
            scan.detectors[name] = fields
            scan.plots[name] = Plot(fields["data"], (None, fields["energy"])[-len(shape) :])
        if plotted:
            first, *_, last = [scan.columns[names[0]], scan.columns[names[-1]]]
            axis = first if first is not last else None
            scan.plots = {
                "data": Plot(last, (axis,)),
                **{key: plot for key, plot in scan.plots.items() if key != "data"},
            }
        made.append(scan)
    return made


def same(found: Any, value: Any) -> bool:
    """Tell whether two values have the same type, shape and bits."""
    if isinstance(value, str):
        return bool(found == value)
    found, value = np.asarray(found), np.asarray(value)
    return (found.dtype, found.shape, found.tobytes()) == (value.dtype, value.shape, value.tobytes())


def own_name(item: Any) -> str:
    """Give the source's own name of an object: its ``@long_name``, or its name where that says it all."""
    return str(item.attrs.get("long_name", item.name.rpartition("/")[2]))


def stored(item: Any) -> Any:
    return item.asstr()[()] if h5py.check_string_dtype(item.dtype) is not None else item[()]


def check(group: Any, fields: Iterable[tuple[str, Any]]) -> None:
    """Compare the datasets of a group, in their order, with the fields that should be there."""
    expected = list(fields)
    items = [] if group is None else [item for item in group.values() if isinstance(item, h5py.Dataset)]
    assert [own_name(item) for item in items] == [name for name, _ in expected]
    for item, (name, value) in zip(items, expected, strict=True):
        assert same(stored(item), value), (name, stored(item), value)


@settings(max_examples=150, deadline=None)
@given(scans())
def test_every_value_of_a_scan_is_found_again_in_its_file(made: list[Scan]) -> None:
    before = copy.deepcopy(made)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.nxs"
        with NexusWriter(str(path)) as writer:
            for scan in made:
                writer.write(MAPPING.tree(scan)[0])
        with h5py.File(path) as file:
            assert len(file) == len(made)
            for entry, scan in zip(file.values(), before, strict=True):
                _check_entry(entry, scan)


def _check_entry(entry: Any, scan: Scan) -> None:
    assert entry["title"].asstr()[()] == scan.title
    assert entry["entry_identifier"].asstr()[()] == scan.identifier
    check(entry.get("measurement"), ((name, field.value) for name, field in scan.columns.items()))
    check(entry.get("instrument/positioners"), ((name, field.value) for name, field in scan.positioners.items()))
    groups = [
        item
        for item in entry.get("instrument", {}).values()
        if isinstance(item, h5py.Group) and item.attrs["NX_class"] == "NXdetector"
    ]
    assert [own_name(item) for item in groups] == list(scan.detectors)
    for group, (name, fields) in zip(groups, scan.detectors.items(), strict=True):
        for key, field in fields.items():
            assert same(stored(group[key]), field.value), (name, key)
        assert group["live_time"].attrs["units"] == "s"


@settings(max_examples=100, deadline=None)
@given(scans())
def test_every_value_of_a_scan_is_read_again_by_our_own_reader(made: list[Scan]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.nxs"
        with NexusWriter(str(path)) as writer:
            for scan in made:
                writer.write(MAPPING.tree(scan)[0])
        with NexusFile(str(path)) as file:
            found = list(file)
            assert [scan.identifier for scan in found] == [scan.identifier for scan in made]
            for again, scan in zip(found, made, strict=True):
                assert again.title == scan.title
                for kind in ("columns", "positioners"):
                    fields, expected = getattr(again, kind), getattr(scan, kind)
                    assert list(fields) == list(expected)
                    assert all(same(fields[name].value, expected[name].value) for name in expected)
                for fields, expected in zip(again.detectors.values(), scan.detectors.values(), strict=True):
                    assert {
                        name: same(fields[name].value, field.value) for name, field in expected.items()
                    } == dict.fromkeys(expected, True)


def test_columns_of_one_label_are_all_read_again(tmp_path: Path) -> None:
    scan = Scan(1, 1, 0, Place("x.spec", 1), title="t")
    scan.columns = {
        "det": Field("det", np.array([1, 2]), ("point",)),
        "det_1": Field("det_1", np.array([3, 4]), ("point",), long_name="det"),
        "det_2": Field("det_2", np.array([5, 6]), ("point",), long_name="det"),
    }
    with NexusWriter(str(tmp_path / "x.nxs")) as writer:
        writer.write(MAPPING.tree(scan)[0])
    with h5py.File(tmp_path / "x.nxs") as file:
        items = file["scan_1/measurement"].items()
        assert [(name, own_name(item), item[()].tolist()) for name, item in items] == [
            ("det", "det", [1, 2]),
            ("det_1", "det", [3, 4]),
            ("det_2", "det", [5, 6]),
        ]
    with NexusFile(str(tmp_path / "x.nxs")) as file:
        (again,) = file
        assert [field.value.tolist() for field in again.columns.values()] == [[1, 2], [3, 4], [5, 6]]  # type: ignore[union-attr]


def test_a_detector_has_the_name_that_the_source_gives_it_when_read_again(tmp_path: Path) -> None:
    scan = Scan(1, 1, 0, Place("x.spec", 1), title="t")
    scan.detectors = {"Fe Ka": {"data": Field("data", np.arange(3), ("channel",))}}
    with NexusWriter(str(tmp_path / "x.nxs")) as writer:
        writer.write(MAPPING.tree(scan)[0])
    with NexusFile(str(tmp_path / "x.nxs")) as file:
        (again,) = file
        assert list(again.detectors) == ["Fe Ka"]
        assert again.detectors["Fe Ka"]["data"].dims == ("channel",)


@pytest.mark.parametrize("name", ["positioners", "positioners_start", "specfile", "MCA", "measurement", "instrument"])
def test_a_detector_or_its_plot_called_like_a_group_of_ours_is_not_taken_for_it(tmp_path: Path, name: str) -> None:
    # one value: without motors it was taken for the position of one
    scan = Scan(1, 1, 0, Place("x.spec", 1), title="t")
    data = Field("data", np.array([7.5]), ("channel",))
    channel = Field("channel", np.array([3]), ("channel",))
    scan.detectors = {name: {"data": data, "channel": channel, "description": Field("description", "d")}}
    scan.plots = {"data": Plot(data, (None,)), name: Plot(data, (None,))}
    scan.metadata = {"T": Field("T", 0.5), "M": Field("M", 3)}
    with NexusWriter(str(tmp_path / "x.nxs")) as writer:
        writer.write(MAPPING.tree(scan)[0])
    with NexusFile(str(tmp_path / "x.nxs")) as file:
        (again,) = file
        assert (again.positioners, again.columns, again.notes) == ({}, {}, {})
        assert {key: field.value for key, field in again.metadata.items()} == {"T": 0.5, "M": 3}
        assert {key: list(fields) for key, fields in again.detectors.items()} == {
            name: ["data", "channel", "description"]
        }
