"""What is drawn of a NeXus file: found as silx finds it, reduced without losing a peak, with labels and units."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import silx.io.nxdata
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert import pipeline
from nxconvert.errors import Problem, ReadError, RequestError
from nxconvert.plot import Panel, draw, panels, reduce, sheets, thumbnail
from nxconvert.readers.nexus.defaults import PlotFile, Quantity
from nxconvert.request import ConvertOptions
from nxconvert.resources import samples_dir

Make = Callable[..., Path]


def group(parent: h5py.Group, name: str, nx_class: str, **attributes: Any) -> h5py.Group:
    made = parent.create_group(name)
    made.attrs["NX_class"] = nx_class
    made.attrs.update(attributes)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made.h5"


def write(path: Path, signal: Any, axes: dict[str, Any] | None = None, **more: Any) -> h5py.Group:
    """Write a file with one entry and one NXdata; give its NXdata, of the open file."""
    file = h5py.File(path, "w")
    entry = group(file, "entry", "NXentry", default="data")
    entry["title"] = more.pop("title", "a title")
    data = group(entry, "data", "NXdata", signal="counts", **more)
    data["counts"] = signal
    for name, values in (axes or {}).items():
        data[name] = values
    if axes:
        data.attrs["axes"] = list(axes)
    return data


def only(path: Path, **how: Any) -> Panel:
    (panel,) = panels(str(path), **how)
    assert isinstance(panel, Panel), panel
    return panel


def problem(path: Path, **how: Any) -> str:
    (found,) = panels(str(path), **how)
    assert isinstance(found, Problem)
    return str(found)


# --- what is found


def test_a_curve_has_its_axis_its_errors_and_labels_with_units(path: Path) -> None:
    data = write(path, [1.0, 4.0, 2.0], {"th": [10.0, 20.0, 30.0]})
    data["counts"].attrs.update({"units": "counts/s", "long_name": "Detector"})
    data["th"].attrs["units"] = "degree"
    data["counts_errors"] = [0.1, 0.2, 0.3]
    data.file.close()
    panel = only(path)
    assert (panel.kind, panel.title, panel.entry) == ("curve", "a title", "entry")
    assert (panel.x_label, panel.y_label) == ("th (degree)", "Detector (counts/s)")
    assert panel.values["Detector (counts/s)"].tolist() == [1.0, 4.0, 2.0]
    assert panel.x is not None
    assert panel.errors is not None
    assert (panel.x.tolist(), panel.errors.tolist()) == ([10.0, 20.0, 30.0], [0.1, 0.2, 0.3])


def test_further_signals_are_drawn_too(path: Path) -> None:
    data = write(path, [1, 2], auxiliary_signals=["monitor", "no_such", "longer"])
    data["monitor"], data["longer"] = [3, 4], [1, 2, 3]
    data.file.close()
    assert list(only(path).values) == ["counts", "monitor"]


def test_a_mesh_has_both_axes_and_grows_along_them(path: Path) -> None:
    write(path, np.arange(6).reshape(2, 3), {"sy": [1.0, 0.0], "sx": [30, 20, 10]}).file.close()
    panel = only(path)
    assert panel.x is not None
    assert panel.y is not None
    assert (panel.x.tolist(), panel.y.tolist()) == ([10, 20, 30], [0.0, 1.0])
    assert panel.values["counts"].tolist() == [[5, 4, 3], [2, 1, 0]]
    assert not panel.is_detector


def test_the_edges_of_bins_become_their_middles(path: Path) -> None:
    write(path, np.ones((2, 3)), {"tof": [0.0, 2.0, 6.0], "x": [0, 1, 2]}).file.close()
    panel = only(path)
    assert panel.y is not None
    assert panel.y.tolist() == [1.0, 4.0]


def test_an_axis_that_goes_back_and_forth_is_an_index_and_says_so(path: Path) -> None:
    write(path, np.ones((3, 2)), {"th": [0.0, 1.0, 0.5], "x": [0, 1]}).file.close()
    panel = only(path)
    assert (panel.y, panel.y_label) == (None, "index of th")


def test_points_in_a_plane_have_colours(path: Path) -> None:
    write(path, [5.0, 6.0, 7.0], {"sx": [0.0, 1.0, 0.0], "sy": [0.0, 0.0, 1.0]}).file.close()
    panel = only(path)
    assert panel.kind == "points"
    assert panel.x is not None
    assert panel.y is not None
    assert (panel.x.tolist(), panel.y.tolist()) == ([0.0, 1.0, 0.0], [0.0, 0.0, 1.0])
    assert panel.values["counts"].tolist() == [5.0, 6.0, 7.0]


def test_of_a_stack_one_frame_is_drawn_and_its_place_told(path: Path) -> None:
    stack = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    data = write(path, stack, {"energy": [7.1, 7.2], "repeat": [0, 1, 2]})
    data.attrs["axes"] = ["energy", "repeat", ".", "."]
    data["energy"].attrs["units"] = "keV"
    data.file.close()
    for frame, key in ((None, (0, 0)), (4, (1, 1)), (-1, (1, 2))):
        panel = only(path, frame=frame)
        assert panel.values["counts"].tolist() == stack[key].tolist()
        assert panel.is_detector
    assert panel.title == "a title; frame 5 of 6, energy = 7.2 keV, repeat = 2"
    with pytest.raises(RequestError) as error:
        only(path, frame=6)
    assert str(error.value) == f"{path}:/entry: there is no frame 6, 0 to 5 expected"


def test_spectra_are_an_image_over_their_energy_and_one_is_a_curve(path: Path) -> None:
    spectra = np.arange(12).reshape(3, 4)
    data = write(path, spectra, {"point": [0, 1, 2], "energy": [1.0, 2.0, 3.0, 4.0]})
    data["counts"].attrs["interpretation"] = "spectrum"
    data["energy"].attrs["units"] = "keV"
    data.file.close()
    image = only(path)
    assert (image.kind, image.x_label, image.is_detector) == ("image", "energy (keV)", False)
    curve = only(path, frame=1)
    assert (curve.kind, curve.x_label, curve.title) == ("curve", "energy (keV)", "a title; frame 1 of 3, point = 1")
    assert curve.values["counts"].tolist() == [4, 5, 6, 7]


def test_a_frame_of_what_is_no_stack_is_refused(path: Path) -> None:
    write(path, [1, 2]).file.close()
    with pytest.raises(RequestError, match="there is no frame 3, a single curve"):
        only(path, frame=3)
    write(path, [[1, 2]]).file.close()
    with pytest.raises(RequestError, match="there is no frame 3, a single image"):
        only(path, frame=3)


def test_the_default_chain_leads_to_any_depth_and_old_files_have_none(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "second"
        first = group(file, "first", "NXentry")
        old = group(first, "things", "NXdata")
        old["y"], old["x"] = [1, 2, 3], [4, 5, 6]
        old["y"].attrs.update({"signal": 1, "axes": "x"})
        second = group(file, "second", "NXentry", default="fit")
        other = group(second, "aaa", "NXdata", signal="y")
        other["y"] = [7, 7]
        results = group(second, "fit", "NXprocess", default="results")
        deep = group(results, "results", "NXdata", signal="fit", axes=["q"])
        deep["fit"], deep["q"] = [1.5, 2.5], [0.1, 0.2]
    with PlotFile(str(path)) as file:
        assert (file.entries(), file.default()) == (["first", "second"], "second")
        plots = {name: file.find(name) for name in file.entries()}
        assert {name: (plot.path, plot.signal.name) for name, plot in plots.items()} == {
            "first": ("/first/things", "y"),
            "second": ("/second/fit/results", "fit"),
        }
        assert [axis and axis.name for axis in (*plots["first"].axes, *plots["second"].axes)] == ["x", "q"]
    assert only(path, default_only=True).entry == "second"
    assert only(path, entries=["f*"]).entry == "first"
    with pytest.raises(RequestError) as error:
        only(path, entries=["third"])
    assert str(error.value) == f"{path}: has no entry 'third', known: 'first', 'second'"


def test_a_file_without_entries_is_drawn_as_a_whole(path: Path) -> None:
    with h5py.File(path, "w") as file:
        data = group(file, "plot", "NXdata", signal="y")
        data["y"] = [1, 2]
    panel = only(path)
    assert (panel.entry, panel.values["y"].tolist()) == ("/", [1, 2])


def test_complex_numbers_and_truth_are_drawn_as_numbers(path: Path) -> None:
    write(path, np.array([3 + 4j, 1j])).file.close()
    assert only(path).values["counts"].tolist() == [5.0, 1.0]
    write(path, np.array([True, False])).file.close()
    assert only(path).values["counts"].tolist() == [1, 0]


@pytest.mark.parametrize("name", ["counters.spec", "mesh.spec", "mca_calib.spec", "xas.spec", "frames.edf", "saxs.edf"])
def test_silx_finds_the_same_plots_in_what_nxconvert_writes(name: str, tmp_path: Path) -> None:
    output = tmp_path / "out.nxs"
    done = pipeline.convert_file(str(samples_dir() / name), str(output), ConvertOptions(time_zone="UTC"))
    assert done.status == "converted"
    with PlotFile(str(output)) as ours, h5py.File(output, locking=False) as file:
        for entry in ours.entries():
            plot, expected = ours.find(entry), silx.io.nxdata.get_default(file[entry])
            assert plot.path == expected.group.name
            assert plot.signal.name == expected.signal_dataset_name
            assert np.array_equal(plot.signal.part((...,)), expected.signal[()], equal_nan=True)  # type: ignore[arg-type]
            names = [axis and axis.name for axis in plot.axes]
            # silx takes counting axes away from images
            assert all(a == b for a, b in zip(names, expected.axes_dataset_names, strict=True) if b is not None)


# --- what cannot be drawn


def test_what_cannot_be_plotted_is_named_with_the_reason(path: Path) -> None:
    expected = ", an NXdata group with a signal of numbers expected"
    with h5py.File(path, "w") as file:
        group(file, "entry", "NXentry")
    assert problem(path) == f"{path}:/entry: nothing to plot: has no NXdata group{expected}"
    write(path, "text").file.close()
    assert problem(path) == f"{path}:/entry: nothing to plot: '/entry/data/counts' holds text{expected}"
    write(path, np.empty((0, 3))).file.close()
    assert problem(path) == f"{path}:/entry: nothing to plot: '/entry/data/counts' has no values{expected}"
    write(path, [1], signal_="x").attrs["signal"] = "none"
    assert problem(path) == f"{path}:/entry: nothing to plot: '/entry/data' names no signal{expected}"
    write(path, [np.nan, np.inf]).file.close()
    assert problem(path) == f"{path}:/entry/data/counts: has no finite value to plot"


def test_files_that_are_none_or_damaged_are_errors(tmp_path: Path, path: Path) -> None:
    with pytest.raises(ReadError, match="there is no such file"):
        only(tmp_path / "none.nxs")
    path.write_bytes(b"no HDF5")
    with pytest.raises(ReadError, match="cannot be opened as HDF5"):
        only(path)
    write(path, np.random.default_rng(1).random((200, 200))).file.close()
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(ReadError):
        only(path)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in" / "a.h5", tmp_path / "out.h5"
    inside.parent.mkdir()
    with h5py.File(outside, "w") as file:
        file["secret"] = [1, 2, 3]
    data = write(inside, [1])
    del data["counts"]
    data["counts"] = h5py.ExternalLink("../out.h5", "/secret")
    data.file.close()
    assert "which is not read" in problem(inside)


def test_a_giant_that_is_not_there_and_giant_chunks_are_refused(path: Path) -> None:
    with h5py.File(path, "w") as file:
        data = group(group(file, "entry", "NXentry"), "data", "NXdata", signal="y")
        data.create_dataset("y", (10**6, 10**6), "f8", chunks=(1000, 1000))
    assert "declares 1000000000000 values" in problem(path)
    with h5py.File(path, "w") as file:
        data = group(group(file, "entry", "NXentry"), "data", "NXdata", signal="y")
        made = data.create_dataset("y", (30_000, 30_000), "u1", chunks=(30_000, 30_000), compression="gzip")
        made.id.write_direct_chunk((0, 0), b"x" * 100_000)
    assert problem(path) == f"{path}:/entry/data/y: its chunks have 900000000 bytes each, at most 536870912 expected"


# --- reduced


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 300), st.integers(2, 40), st.integers(1, 50), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_long_curve_keeps_the_least_and_the_greatest_of_each_bin(
    length: int, points: int, block: int, holes: bool, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=length)
    if holes:
        values[::3] = np.nan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduce, "POINTS", points)
        patch.setattr(reduce, "BLOCK", block * 8)
        found, size = reduce.curve(lambda part: values[part], length)
        axis = reduce.axis(lambda part: np.arange(length)[part], length, size)
    if length <= points:
        assert size == 1
        assert np.array_equal(found, values, equal_nan=True)
    else:
        bins = [values[at : at + size] for at in range(0, length, size)]
        assert np.array_equal(found[::2], [np.fmin.reduce(part) for part in bins], equal_nan=True)
        assert np.array_equal(found[1::2], [np.fmax.reduce(part) for part in bins], equal_nan=True)
        assert axis.tolist() == [at for at in range(0, length, size) for _ in range(2)]
    assert len(axis) == len(found)


@settings(max_examples=50, deadline=None)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)), st.integers(1, 20), st.integers(1, 400), st.integers(1, 7),
    st.sampled_from(["u1", "i4", "f4", "f8"]), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_a_large_image_becomes_the_means_of_its_bins(
    shape: tuple[int, int], pixels: int, block: int, chunk: int, dtype: str, seed: int
) -> None:
    values = np.random.default_rng(seed).integers(0, 100, shape).astype(dtype)
    if dtype[0] == "f":
        values[::3, ::2] = np.nan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduce, "PIXELS", pixels)
        patch.setattr(reduce, "BLOCK", block)
        patch.setattr(reduce, "CHUNK", 4 * block)
        found = reduce.image(lambda rows, columns: values[rows, columns], shape, values.itemsize, (chunk, chunk + 1))
    rows, columns = (-(-length // pixels) for length in shape)
    assert found.shape == (-(-shape[0] // rows), -(-shape[1] // columns))
    for at in np.ndindex(found.shape):
        part = values[at[0] * rows : (at[0] + 1) * rows, at[1] * columns : (at[1] + 1) * columns]
        known = part[~np.isnan(part)]
        assert found[at] == pytest.approx(known.mean(dtype=np.float64)) if known.size else np.isnan(found[at])


def test_no_more_is_read_at_a_time_than_a_block_or_a_chunk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    part = Quantity.part
    monkeypatch.setattr(Quantity, "part", lambda self, key: (found := part(self, key), read.append(found.nbytes))[0])
    monkeypatch.setattr(reduce, "BLOCK", 1 << 18)
    monkeypatch.setattr(reduce, "CHUNK", 1 << 19)
    with h5py.File(path, "w") as file:
        data = group(group(file, "entry", "NXentry"), "data", "NXdata", signal="y")
        made = data.create_dataset("y", (3, 3000, 4000), "u2", chunks=(1, 500, 500), compression="gzip")
        made[1, 2999, 3999] = 400
    panel = only(path, frame=1)
    assert panel.values["y"].shape == (1500, 2000)
    assert (panel.values["y"][-1, -1], panel.values["y"].sum(), panel.shape) == (100.0, 100.0, (3000, 4000))
    assert len(read) > 10
    assert max(read) <= 1 << 19


# --- drawn


def pixels(image: bytes) -> Any:
    from matplotlib.image import imread

    return np.round(imread(io.BytesIO(image)) * 255).astype(int)


def test_a_thumbnail_shows_each_pixel_in_its_colour(path: Path) -> None:
    from matplotlib import colormaps

    write(path, [[0, 1, 2], [3, 4, 5]]).file.close()
    image = pixels(thumbnail(str(path), 160, 100))
    assert image.shape == (100, 160, 4)
    colours = colormaps["viridis"]
    for row in range(2):
        for column in range(3):
            found = image[25 + 50 * row, 30 + 50 * column]
            value = 3 * row + column  # the first row is on top
            assert np.abs(found - np.array(colours(value / 5)) * 255).max() <= 2, (row, column)


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_equal_data_give_equal_bytes(path: Path, tmp_path: Path, ending: str) -> None:
    write(path, np.arange(200.0), {"x": np.arange(200.0)}, title="$\\frac{ broken $x_ \x07\n中").file.close()
    made = []
    for k in range(2):
        output = str(tmp_path / f"{k}{ending}")
        assert list(sheets(panels(str(path)), output, 1)) == [output]
        made.append(Path(output).read_bytes())
    assert made[0] == made[1]
    assert made[0].startswith({".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[ending])


@pytest.mark.parametrize(
    ("signal", "axes"),
    [
        (3.5, {}),
        ([7], {"x": [np.nan]}),
        ([1, np.nan, np.inf, -np.inf], {}),
        ([[5]], {"y": [1.0], "x": [2.0]}),
        ([[2, 2], [2, 2]], {}),
        (np.full((3, 4), 2**64 - 1, np.uint64), {}),
        ([[np.nan, 1.0], [np.inf, 2.0]], {"y": [1.0, 10.0], "x": [0.0, 1.0]}),
        (np.ones((3, 3)), {"y": [1.0, 10.0, 100.0], "x": [0.0, 1.0, 5.0]}),
        ([-1e308, 1e308], {}),
        (np.ones((1, 5000)), {}),
        (np.linspace(-1, 1, 50_001), {"x": np.linspace(0, 5, 50_001)}),
    ],
)
def test_odd_values_are_drawn_on_both_scales(path: Path, tmp_path: Path, signal: Any, axes: dict[str, Any]) -> None:
    write(path, signal, axes).file.close()
    output = str(tmp_path / "o.png")
    assert [item for item in sheets(panels(str(path)), output, 1, log=True) if isinstance(item, str)] == [output]
    assert pixels(thumbnail(str(path))).shape == (100, 160, 4)


def test_a_logarithmic_scale_of_nothing_positive_is_told(path: Path, tmp_path: Path) -> None:
    write(path, [-1.0, 0.0]).file.close()
    told, name = sheets(panels(str(path)), str(tmp_path / "o.png"), 1, log=True)
    assert str(told) == f"{path}:/entry: has no positive value, it is drawn on a linear scale"
    assert name == str(tmp_path / "o.png")


def test_many_entries_fill_several_pages(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nxconvert.plot.sheet.PAGE", 2)
    with h5py.File(path, "w") as file:
        for k in range(5):
            data = group(group(file, f"e{k}", "NXentry"), "data", "NXdata", signal="y")
            data["y"] = "text" if k == 1 else [1, 2]
    found = list(sheets(panels(str(path)), str(tmp_path / "o.png"), 5))
    names = [str(tmp_path / name) for name in ("o.png", "o-2.png")]
    assert [item for item in found if isinstance(item, str)] == names
    assert [item.place.path for item in found if isinstance(item, Problem)] == [f"{path}:/e1"]


def test_edges_lie_between_the_middles() -> None:
    assert draw.edges(np.array([1.0, 2.0, 4.0])).tolist() == [0.5, 1.5, 3.0, 5.0]
    assert draw.edges(np.array([3.0])).tolist() == [2.5, 3.5]


def test_texts_are_one_line_of_bounded_length() -> None:
    assert draw.shorten("a\tb\n c\x00d") == "a b c d"
    assert len(draw.shorten("x" * 1000)) == draw.LONGEST


def test_real_files_of_other_programs_are_drawn(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "bliss" / "Foil_0001.h5"
    copy = tmp_path / "Foil_0001.h5"
    shutil.copy(source, copy)
    found = list(panels(str(copy)))
    drawn = [item.entry for item in found if isinstance(item, Panel)]
    assert "1.1" in drawn
    assert [item for item in sheets(iter(found), str(tmp_path / "s.png"), len(found)) if isinstance(item, str)]
