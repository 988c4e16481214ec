"""Stacks of frames into files: every layout, threads, missing and damaged frames, bounds of memory."""

from __future__ import annotations

import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401 - its filters are needed for reading
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stacks import Stack, counts, tree

from nxconvert.arrays import Array, FrameArray
from nxconvert.errors import ReadError, RequestError
from nxconvert.writer import frames as frames_module
from nxconvert.writer import layout as layout_module
from nxconvert.writer.chunks import FEW, ChunkQueue
from nxconvert.writer.filters import COMPRESSIONS
from nxconvert.writer.hdf5 import NexusWriter
from nxconvert.writer.layout import ACCESS


@pytest.mark.parametrize("name", COMPRESSIONS)
@pytest.mark.parametrize("access", ACCESS)
def test_a_stack_is_read_back_as_it_was(tmp_path: Path, name: str, access: str) -> None:
    stack = Stack(tmp_path / "in", counts((41, 130, 121)), each=7)
    with NexusWriter(str(tmp_path / "t.nxs"), compression_name=name, access=access) as writer:
        writer.write(tree(data=stack))
    with h5py.File(tmp_path / "t.nxs") as file:
        found = file["entry/data"]
        assert found.dtype == np.dtype("<u2")
        assert (found.chunks is None) == (name == "none")
        np.testing.assert_array_equal(found[()], stack.expected)


SHAPES = st.tuples(
    st.lists(st.integers(1, 6), min_size=0, max_size=3), st.lists(st.integers(1, 40), min_size=1, max_size=3)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SHAPES, st.sampled_from(["<u2", ">i4", "<f8", "u1", ">f4"]), st.sampled_from(ACCESS), st.data())
def test_stacks_of_any_shape_and_type_are_read_back_through_every_way_of_the_writer(
    tmp_path: Path, shape: tuple[list[int], list[int]], dtype: str, access: str, data: st.DataObject
) -> None:
    outer, frame = shape
    number = int(np.prod(outer, dtype=int))
    # a single image cannot be missing
    some = st.lists(st.integers(0, number - 1), max_size=3, unique=True) if number > 1 else st.just([])
    missing, together = tuple(data.draw(some)), data.draw(st.booleans())
    values = counts((*outer, *frame), dtype)
    stack = Stack(tmp_path / "in", values, len(frame), each=4, missing=missing, together=together)
    chunks = data.draw(st.one_of(st.none(), st.tuples(*(st.integers(1, 50) for _ in (*outer, *frame)))))
    name = data.draw(st.sampled_from(["none", "gzip", "lzf"]))
    limits = data.draw(st.sampled_from([(2**20, 2**22, 2**21), (512, 256, 100), (64, 32, 1)]))
    with pytest.MonkeyPatch.context() as patch:  # small limits, for stacks that a test can make
        patch.setattr(layout_module, "CHUNK_LIMIT", limits[0])
        patch.setattr(layout_module, "PIXEL_CHUNK_LIMIT", limits[0])
        patch.setattr(layout_module, "COMPACT_LIMIT", 0)
        patch.setattr(layout_module, "CONTIGUOUS_LIMIT", data.draw(st.sampled_from([0, 2**15])))
        patch.setattr(frames_module, "ONE_THREAD", limits[1])
        patch.setattr(frames_module, "BATCH", limits[2])
        with NexusWriter(str(tmp_path / "t.nxs"), compression_name=name, access=access, chunks=chunks) as writer:
            writer.write(tree(data=stack))
    with h5py.File(tmp_path / "t.nxs") as file:
        found = file["entry/data"]
        assert found.dtype == stack.dtype
        np.testing.assert_array_equal(found[()], stack.expected)
        if chunks is not None:
            assert found.chunks == tuple(map(min, chunks, stack.shape))


def test_the_same_stack_gives_the_same_bytes(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "in", counts((120, 256, 256)))
    for access in ACCESS:
        for name in ("a.nxs", "b.nxs"):
            with NexusWriter(str(tmp_path / name), access=access) as writer:
                writer.write(tree(data=stack, title="x", other=np.arange(50_000)))
        assert (tmp_path / "a.nxs").read_bytes() == (tmp_path / "b.nxs").read_bytes()


@pytest.mark.parametrize("access", ACCESS)
def test_frames_are_read_by_several_threads(tmp_path: Path, access: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    stack = Stack(tmp_path / "in", counts((200, 128, 128)))
    read, threads, all_there = stack.frame, set(), threading.Barrier(3)

    def frame(index: int) -> Array | None:
        if threading.get_ident() not in threads:
            threads.add(threading.get_ident())
            all_there.wait(20)  # each waits for the others at its first frame: an error where they do not come
        return read(index)

    stack.frame = frame  # type: ignore[method-assign]
    with NexusWriter(str(tmp_path / "t.nxs"), access=access) as writer:
        writer.write(tree(data=stack))
    assert len(threads) == 3
    assert threading.get_ident() not in threads


def test_when_a_tree_is_written_its_frames_are_not_needed_any_more(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "in", counts((40, 128, 128)))
    with NexusWriter(str(tmp_path / "t.nxs")) as writer:
        writer.write(tree(data=stack))
        for place in stack.places:
            Path(place.path).unlink()
    with h5py.File(tmp_path / "t.nxs") as file:
        np.testing.assert_array_equal(file["entry/data"][()], stack.expected)


@pytest.mark.parametrize("access", ACCESS)
@pytest.mark.parametrize("name", ["gzip", "none", "zstd"])
def test_a_damaged_frame_in_the_middle_is_named_and_nothing_is_left(tmp_path: Path, access: str, name: str) -> None:
    stack = Stack(tmp_path / "in", counts((40, 128, 128)), damaged=(23,))
    output = tmp_path / "out"
    output.mkdir()
    with (
        pytest.raises(ReadError) as caught,
        NexusWriter(str(output / "t.nxs"), access=access, compression_name=name) as writer,
    ):
        writer.write(tree(data=stack))
    assert str(caught.value) == f"{tmp_path}/in/frames_00023.raw: byte 512: the pixels are damaged"
    assert list(output.iterdir()) == []


def test_a_file_that_goes_away_is_named_as_what_cannot_be_read(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "in", counts((4, 128, 128)))
    (tmp_path / "in" / "frames_00002.raw").unlink()
    with pytest.raises(ReadError) as caught, NexusWriter(str(tmp_path / "t.nxs")) as writer:
        writer.write(tree(data=stack))
    assert str(caught.value) == f"{tmp_path}/in/frames_00002.raw: frame 2 cannot be read: No such file or directory"


def test_a_reader_that_gives_another_shape_or_type_than_it_said_is_caught(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "in", counts((4, 128, 128)))
    stack.frame_shape = (128, 128)
    stack.frame = lambda index: np.zeros((128, 127), "<u2")  # type: ignore[method-assign]
    with (
        pytest.raises(ValueError, match=r"frame 0 has shape \(128, 127\), not \(128, 128\)"),
        NexusWriter(str(tmp_path / "t.nxs")) as writer,
    ):
        writer.write(tree(data=stack))
    stack.frame = lambda index: np.zeros((128, 128), "<f4")  # type: ignore[method-assign]
    with pytest.raises(TypeError, match="Cannot cast"), NexusWriter(str(tmp_path / "t.nxs")) as writer:
        writer.write(tree(data=stack))


def test_a_stack_tells_how_far_it_is_and_can_be_stopped_there(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "in", counts((64, 256, 256)))
    steps: list[tuple[int, int]] = []

    def tick(done: int, total: int) -> None:
        steps.append((done, total))
        if len(steps) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), NexusWriter(str(tmp_path / "t.nxs"), tick=tick) as writer:
        writer.write(tree(data=stack))
    assert steps == [(number * 8 * 2**17, stack.nbytes) for number in range(1, 6)]
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    ("chunks", "found"),
    [
        ((32, 64), (1, 1, 32, 64)),
        ((2, 3, 32, 64), (2, 3, 32, 64)),
        ((99, 99, 99, 99), (4, 5, 60, 70)),
    ],
)
def test_chunks_can_be_given_for_one_frame_or_for_the_stack(
    tmp_path: Path, chunks: tuple[int, ...], found: tuple[int, ...]
) -> None:
    stack = Stack(tmp_path / "in", counts((4, 5, 60, 70)))
    for name in ("none", "gzip"):
        with NexusWriter(str(tmp_path / "t.nxs"), chunks=chunks, compression_name=name) as writer:
            writer.write(tree(data=stack, other=np.arange(100_000)))
        with h5py.File(tmp_path / "t.nxs") as file:
            assert file["entry/data"].chunks == found
            np.testing.assert_array_equal(file["entry/data"][()], stack.expected)


@pytest.mark.parametrize(
    ("shape", "chunks", "text"),
    [
        (
            (40, 60, 70),
            (2, 2, 3, 4),
            "--chunks: 2,2,3,4 has 4 numbers, the frames have 2 axes and their stack is 40,60,70",
        ),
        (
            (10_000, 512, 512),
            (10_000, 1, 1),
            "--chunks: chunks through 10000 frames would need all of these in memory at once, "
            "at most 128 frames of this size were expected",
        ),
    ],
)
def test_chunks_that_do_not_fit_are_refused(
    tmp_path: Path, shape: tuple[int, ...], chunks: tuple[int, ...], text: str
) -> None:
    stack = Stack(tmp_path / "in", counts((1, 1, 1)))
    stack.shape, stack.frame_shape = shape, shape[1:]
    with pytest.raises(RequestError) as caught, NexusWriter(str(tmp_path / "t.nxs"), chunks=chunks) as writer:
        writer.write(tree(data=stack))
    assert str(caught.value) == text


class Noise(FrameArray):
    """A stack of any size that needs no file."""

    fill_value = None

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.frame_shape = shape[1:]
        self.dtype = self.stored = np.dtype("<u2")
        self.base = counts(self.frame_shape)

    def frame(self, index: int) -> Array:
        return np.roll(self.base, index, 0)

    def location(self, index: int) -> None:
        return None


def test_what_waits_stays_within_its_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    put = ChunkQueue.put

    def watch(self: ChunkQueue, *arguments: object) -> None:
        put(self, *arguments)  # type: ignore[arg-type]
        held.append(self._bytes)

    monkeypatch.setattr(ChunkQueue, "put", watch)
    for access in ACCESS:
        with NexusWriter(str(tmp_path / "t.nxs"), access=access) as writer:
            writer.write(tree(data=Noise((300, 512, 512))))
        assert max(held) <= 32 * 2**20
        assert len(held) > 20
        held.clear()


def test_a_few_bytes_start_no_thread_and_are_written_in_turn() -> None:
    queue = ChunkQueue()
    written: list[tuple[int, bool]] = []

    def work(number: int) -> tuple[int, bool]:
        return number, threading.current_thread() is threading.main_thread()

    try:
        for number, size in enumerate((FEW // 2, FEW // 2, FEW, 1)):
            queue.put(partial(work, number), written.append, size)
        assert written == []
        queue.drain()
    finally:
        queue.close()
    assert written == [(0, True), (1, True), (2, False), (3, False)]


def test_a_few_bytes_are_forgotten_after_an_error() -> None:
    queue = ChunkQueue()
    written: list[int] = []
    queue.put(lambda: 1, written.append, 1)
    queue.discard()
    queue.drain()
    queue.close()
    assert written == []


LIMITED = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from stacks import tree
from test_frames import Noise
from nxconvert.errors import WriteError
from nxconvert.writer.hdf5 import NexusWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
try:
    with NexusWriter(sys.argv[1], access=sys.argv[3], compression_name=sys.argv[4]) as writer:
        writer.write(tree(data=Noise((60, 512, 512))))
except WriteError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["gzip", "none", "lzf"])
@pytest.mark.parametrize("access", ["frames", "pixels"])
def test_a_limit_on_the_size_of_files_ends_in_a_clear_error(tmp_path: Path, access: str, name: str) -> None:
    path = tmp_path / "t.nxs"
    path.write_bytes(b"old")
    command = [sys.executable, "-c", LIMITED, str(path), str(Path(__file__).parent), access, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == (
        f"{path}: cannot be written: File too large\n"
        "  hint: the limit on file size (ulimit -f) is in the way; nothing was left half-written\n"
    )
    assert done.stderr == ""
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
