"""Stacks of frames that stay in their files: what HDF5 reads through external and virtual datasets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from nexusformat.nexus import nxload
from stacks import Stack, counts, tree

from nxconvert.arrays import Location
from nxconvert.errors import WriteError
from nxconvert.writer import links
from nxconvert.writer.hdf5 import NexusWriter


def linked(path: Path, stack: Stack, link: str = "absolute") -> None:
    with NexusWriter(str(path), link=link) as writer:
        writer.write(tree(data=stack))


@pytest.mark.parametrize("dtype", ["<u2", ">u2", ">i4", ">f8", "u1"])
@pytest.mark.parametrize("each", [1, 5, 12])
def test_linked_frames_are_read_as_they_lie_in_their_files(tmp_path: Path, dtype: str, each: int) -> None:
    stack = Stack(tmp_path / "in", counts((3, 4, 50, 60), dtype), each=each)
    linked(tmp_path / "t.nxs", stack)
    with h5py.File(tmp_path / "t.nxs") as file:
        found = file["entry/data"]
        assert found.dtype == np.dtype(dtype)
        assert list(file["entry"]) == ["data"]
        assert len(found.external) == 12
        np.testing.assert_array_equal(found[()], stack.expected)


def test_frames_without_headers_between_them_are_one_piece(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "in", counts((30, 50, 60)), each=10, header=0)
    linked(tmp_path / "t.nxs", stack)
    with h5py.File(tmp_path / "t.nxs") as file:
        assert [(name, start) for name, start, _length in file["entry/data"].external] == [
            (f"{tmp_path}/in/frames_{first:05}.raw", 0) for first in (0, 10, 20)
        ]
        np.testing.assert_array_equal(file["entry/data"][()], stack.expected)


@pytest.mark.parametrize("each", [1, 7000])
def test_more_pieces_than_one_dataset_holds_are_put_together_by_a_virtual_one(tmp_path: Path, each: int) -> None:
    stack = Stack(tmp_path / "in", counts((7000, 3, 4), ">u2"), each=each, header=64)
    linked(tmp_path / "t.nxs", stack)
    with h5py.File(tmp_path / "t.nxs") as file:
        found = file["entry/data"]
        assert found.is_virtual
        assert found.dtype == np.dtype(">u2")
        assert [len(part) for part in file["entry/data_parts"].values()] == [2000, 2000, 2000, 1000]
        assert file["entry/data_parts"].attrs["NX_class"] == "NXcollection"
        np.testing.assert_array_equal(found[1990:2010], stack.expected[1990:2010])
        np.testing.assert_array_equal(found[::999], stack.expected[::999])


def test_a_stack_of_several_axes_is_put_together_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "PIECES", 3)
    stack = Stack(tmp_path / "in", counts((2, 5, 4, 6, 7), "<i4"))
    linked(tmp_path / "t.nxs", stack)
    with h5py.File(tmp_path / "t.nxs") as file:
        assert [len(part) for part in file["entry/data_parts"].values()] == [3, 1] * 10
        np.testing.assert_array_equal(file["entry/data"][()], stack.expected)


def test_missing_frames_are_read_as_the_fill_value(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "in", counts((4, 5, 6, 7), ">u2"), missing=(0, 3, 4, 5, 11, 19))
    linked(tmp_path / "t.nxs", stack)
    with h5py.File(tmp_path / "t.nxs") as file:
        np.testing.assert_array_equal(file["entry/data"][()], stack.expected)
    stack = Stack(tmp_path / "in", counts((9, 6, 7), ">u2"), missing=(0, 3, 4))
    linked(tmp_path / "t.nxs", stack)
    with h5py.File(tmp_path / "t.nxs") as file:
        np.testing.assert_array_equal(file["entry/data"][()], stack.expected)
    # which takes the number of mappings for that of frames
    assert nxload(str(tmp_path / "t.nxs"))["entry/data"].shape == (9, 6, 7)
    empty = Stack(tmp_path / "in", counts((2, 6, 7), ">u2"), missing=(0, 1))
    linked(tmp_path / "t.nxs", empty)
    with h5py.File(tmp_path / "t.nxs") as file:
        np.testing.assert_array_equal(file["entry/data"][()], empty.expected)


def test_a_single_image_is_linked(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "in", counts((6, 7), ">u2"))
    linked(tmp_path / "t.nxs", stack)
    with h5py.File(tmp_path / "t.nxs") as file:
        np.testing.assert_array_equal(file["entry/data"][()], stack.expected)


def read(path: str, folder: Path, **environment: str) -> str:
    """Open a file in a process of its own, from a folder, and tell the sum of its frames or the error."""
    code = (
        "import h5py, sys\n"
        "try:\n    print(h5py.File(sys.argv[1])['entry/data'][()].sum())\n"
        "except OSError as error:\n    print(type(error).__name__)"
    )
    clean = {key: value for key, value in os.environ.items() if key != "HDF5_EXTFILE_PREFIX"}
    command = [sys.executable, "-c", code, path]
    done = subprocess.run(command, cwd=folder, env={**clean, **environment}, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("missing", [(), (2,)])
def test_a_set_with_relative_paths_can_move_and_is_opened_both_ways(tmp_path: Path, missing: tuple[int, ...]) -> None:
    place, elsewhere = tmp_path / "place", tmp_path / "elsewhere"
    (place / "out").mkdir(parents=True)
    stack = Stack(place / "in", counts((5, 6, 7)), missing=missing)
    linked(place / "out" / "t.nxs", stack, "relative")
    expected = str(stack.expected.sum())
    shutil.move(place, elsewhere)
    assert read("t.nxs", elsewhere / "out") == expected
    assert read("elsewhere/out/t.nxs", tmp_path, HDF5_EXTFILE_PREFIX="${ORIGIN}") == expected
    assert read("elsewhere/out/t.nxs", tmp_path) == "OSError"


def test_absolute_paths_are_found_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    stack = Stack(Path("in"), counts((5, 6, 7)))
    linked(Path("out") / "t.nxs", stack)
    (tmp_path / "out" / "t.nxs").rename(tmp_path / "moved.nxs")
    assert read(str(tmp_path / "moved.nxs"), Path("/")) == str(stack.expected.sum())


def test_a_frame_that_does_not_lie_as_it_is_read_is_refused(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "in", counts((5, 6, 7)))
    place = stack.places[3]
    tail = "\n  hint: without --link the frames are copied"
    stack.places[3] = None  # type: ignore[call-overload]
    stack.frame = lambda index: np.zeros((6, 7), "<u2")  # type: ignore[method-assign]
    with pytest.raises(WriteError) as caught:
        linked(tmp_path / "t.nxs", stack)
    assert str(caught.value) == (
        f"{tmp_path}/t.nxs: frame 3 of a stack does not lie in its file as it is read: "
        f"compressed, or of another type or byte order than the others{tail}"
    )
    stack.places[3] = Location(place.path, place.offset, 20)
    with pytest.raises(WriteError) as caught:
        linked(tmp_path / "t.nxs", stack)
    assert str(caught.value) == f"{place.path}: frame 3 of a stack has 20 bytes here, 84 were expected{tail}"
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
