"""Damaged, lying and hostile EDF files: a clear error with its place or a problem, in bounded time and memory."""

from __future__ import annotations

import bz2
import gzip
import os
import resource
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import lz4.frame
import numpy as np
import pytest
from edfgen import block, image, scan, structure, text

import nxconvert.readers.edf.reader  # imported on use otherwise, which is no memory of the reading
import nxconvert.readers.edf.series  # noqa: F401
from nxconvert import streams
from nxconvert.errors import ReadError
from nxconvert.readers.edf import READER, plain
from nxconvert.readers.edf.file import EdfFile, FrameStack, Headers
from nxconvert.readers.edf.sniff import sniff
from nxconvert.registry import identify


@contextmanager
def traced(limit: int) -> Iterator[None]:
    """Check that no more than *limit* bytes are in use at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def put(folder: Path, data: bytes, name: str = "a.edf") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def problems(path: str) -> list[str]:
    """Give the problems of a file as text, without its path."""
    with EdfFile(path) as file:
        return [str(problem).replace(path, "a.edf") for problem in file.problems]


def refusal(path: str) -> str:
    """Give the text of the error with which a file is refused."""
    with pytest.raises(ReadError) as caught, READER.open(path):
        pass
    return str(caught.value).replace(path, "a.edf")


# --- what is no EDF file


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert refusal(put(tmp_path, b"")) == (
        "a.edf: the file is empty, EDF frames expected\n  hint: check how it was copied"
    )


def test_another_format_is_refused(tmp_path: Path) -> None:
    assert refusal(put(tmp_path, b"#F a.spec\n")) == (
        "a.edf: byte 0: the file begins with b'#F a.spec\\n', '{' expected, with which EDF headers begin\n"
        "  hint: 'nxconvert info' names the format of a file"
    )


def test_no_file_is_refused(tmp_path: Path) -> None:
    assert refusal(str(tmp_path / "a.edf")) == (
        "a.edf: there is no such file, a readable file expected\n  hint: check the spelling and the directory"
    )


def test_a_pipe_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.edf")
    assert refusal(str(tmp_path / "a.edf")) == (
        "a.edf: this is not a regular file, a file expected\n  hint: '-' reads standard input"
    )


@pytest.mark.parametrize(
    ("head", "confidence", "reason"),
    [
        (block(image()), 1.0, "an EDF header with shape and type of its data"),
        (b"\n{\r\nHeaderID = EH:1 ;\r\nImage = 1 ;", 0.9, "an EDF header"),
        (b"{\nEDF_DataFormatVersion = 2.40 ;\n}\n", 1.0, "an EDF header with shape and type of its data"),
        (b"{\nHEADER_BYTES=  512;\nDIM=2;\n", 0.0, "'HEADER_BYTES' belongs to the images of ADSC detectors"),
        (b'{"a": 1}', 0.0, "it does not begin with '{' and a key"),
        (b"{ x = 1 ;", 0.0, "the key 'x' is none of those with which EDF headers begin"),
        (b"", 0.0, "the file is empty"),
    ],
)
def test_recognition_gives_a_reason(head: bytes, confidence: float, reason: str) -> None:
    match = sniff(head, "a.edf")
    assert (match.confidence, match.reason) == (confidence, reason)


def test_files_are_known_whatever_they_are_called(tmp_path: Path) -> None:
    assert identify(put(tmp_path, block(image()), "a.txt")).name == "edf"
    assert identify(put(tmp_path, gzip.compress(block(image())), "b")).name == "edf"


# --- sizes that lie


def test_a_hostile_dimension_costs_nothing(tmp_path: Path) -> None:
    data = text([("ByteOrder", "LowByteFirst"), ("DataType", "UnsignedShort"), ("Dim_1", 99999999999), ("Dim_2", 3)])
    path = put(tmp_path, data + b"\1" * 1000)
    with traced(1 << 20):
        message = refusal(path)
    assert message == (
        "a.edf: byte 0: frame 0 breaks off: 1000 bytes of data are in the file, 599999999994 expected\n"
        "  hint: the frame is not written"
    )


@pytest.mark.parametrize("dim", ["1e300", "nan", "-5", "abc", "99999999999999999999", "2.5", "1_0"])
def test_a_dimension_that_is_no_size_is_refused(dim: str, tmp_path: Path) -> None:
    data = text(
        [("ByteOrder", "LowByteFirst"), ("DataType", "UnsignedShort"), ("Dim_1", dim), ("Dim_2", 3), ("Size", 24)]
    )
    assert refusal(put(tmp_path, data + b"\1" * 24)) == (
        f"a.edf: byte 0: Dim_1 = {dim} is no size\n  hint: the block is passed over"
    )


def test_many_huge_dimensions_are_refused(tmp_path: Path) -> None:
    items = [(f"Dim_{number}", 9007199254740992) for number in range(1, 10)]
    data = text([("ByteOrder", "LowByteFirst"), ("DataType", "UnsignedShort"), *items])
    assert refusal(put(tmp_path, data + b"\1" * 24)).startswith("a.edf: byte 0: frame 0 breaks off: 24 bytes of data")


def test_an_image_without_pixels_is_passed_over(tmp_path: Path) -> None:
    data = text(structure(image(0, (0, 4)), size=0)) + block(image())
    assert problems(put(tmp_path, data)) == ["a.edf: byte 0: the image has no pixels\n  hint: the block is passed over"]


def test_an_unknown_type_is_named(tmp_path: Path) -> None:
    assert refusal(put(tmp_path, block(image(), name="Complex"))) == (
        "a.edf: byte 0: DataType = Complex is not known\n  hint: the block is passed over"
    )


def test_an_unknown_compression_is_named(tmp_path: Path) -> None:
    assert refusal(put(tmp_path, block(image(), [("Compression", "Fractal")]))) == (
        "a.edf: byte 0: Compression = fractal: this compression is not known\n  hint: the block is passed over"
    )


def test_sizes_that_disagree_are_told_with_the_rule(tmp_path: Path) -> None:
    assert problems(put(tmp_path, scan([image(), image(1)], size=96))) == [
        "a.edf: byte 0: Size = 96; the shape takes 24 bytes, equal sizes expected\n"
        "  hint: 24 bytes are taken, by the shape"
    ]


def test_the_many_problems_of_a_file_are_counted(tmp_path: Path) -> None:
    empty = text([("HeaderID", "EH:1"), ("Title", "x")], 0)
    told = problems(put(tmp_path, block(image()) + empty * 100 + block(image())))
    assert len(told) == 21
    assert told[-1] == "a.edf: 80 more blocks without an image like the ones told"


def test_rows_that_another_key_has_do_not_make_concatenated_frames(tmp_path: Path) -> None:
    """Lima leaves room for numbers that grow; here the line with Dim_2 has become a part of the value before."""
    head = text([("HeaderID", 1), ("ByteOrder", "LowByteFirst"), ("DataType", "UnsignedShort"), ("Dim_1", "12")], 0)
    head = head.replace(b"}", b"title = a\nxx Dim_2 = 4      ;\nSize = 24      ;\nacq_nb_frames = 2 ;\n}")
    with EdfFile(put(tmp_path, head + image().tobytes())) as file:
        assert [frame.read().tolist() for frame in file.frames] == [image().reshape(-1).tolist()]


# --- headers without end


def test_a_header_without_end_is_refused(tmp_path: Path) -> None:
    assert refusal(put(tmp_path, b"{\nHeaderID = EH:1 ;\nDim_1 = 5 ;\n")) == (
        "a.edf: byte 0: no end of this header in 32 bytes, '}' at the end of a line expected\n"
        "  hint: the frame is not written"
    )


@pytest.mark.timeout(30)
@pytest.mark.parametrize("fill", [b"\n", b" ", b"}", b"}\n", b"{", b";", b"a = 1 ;\n", b"=", b"a = b\n", b"\xcd}\n"])
def test_megabytes_of_anything_end_soon(fill: bytes, tmp_path: Path) -> None:
    data = b"{\nHeaderID = EH:1 ;\nDim_1 = 5 " + fill * ((2 << 20) // len(fill))
    path = put(tmp_path, data)
    with pytest.raises(ReadError), READER.open(path):
        pass


def test_truncation_at_every_byte_keeps_the_whole_frames(tmp_path: Path) -> None:
    frames = [image(index, (2, 3)) for index in range(3)]
    data = scan(frames, pad=0)
    ends = [len(block(array, number=index, pad=0)) for index, array in enumerate(frames)]
    ends = [sum(ends[: index + 1]) for index in range(3)]
    for length in range(1, len(data)):
        path = put(tmp_path, data[:length])
        whole = sum(end <= length for end in ends)
        if not whole:
            assert "expected" in refusal(path)
            continue
        with EdfFile(path) as file:
            assert [frame.read().tolist() for frame in file.frames] == [array.tolist() for array in frames[:whole]]
            lost = [problem.severity for problem in file.problems]
            assert lost == ([] if length in ends else ["lost"]), (length, [str(item) for item in file.problems])


@pytest.mark.parametrize("lost", [0, 2, 4])
def test_a_header_whose_end_is_damaged_costs_its_frame_and_not_the_next(lost: int, tmp_path: Path) -> None:
    parts = [bytearray(block(image(n), number=n)) for n in range(6)]
    parts[lost][parts[lost].index(b"}")] = ord("|")
    with EdfFile(put(tmp_path, b"".join(parts))) as file:
        assert [frame.read().tolist() for frame in file.frames] == [image(n).tolist() for n in range(6) if n != lost]
        assert [frame.header["Image"] for frame in file.frames] == [str(n) for n in range(6) if n != lost]
        begin = sum(map(len, parts[:lost]))
        assert [(problem.severity, problem.place.offset, problem.found) for problem in file.problems] == [
            ("lost", begin, f"this header does not end before the next one, {len(parts[lost])} bytes on")
        ]


@pytest.mark.parametrize("lost", [1, 4])
def test_a_header_whose_beginning_is_damaged_is_a_lost_frame(lost: int, tmp_path: Path) -> None:
    parts = [bytearray(block(image(n), number=n)) for n in range(6)]
    parts[lost][0] = ord("(")
    with EdfFile(put(tmp_path, b"".join(parts))) as file:
        assert [frame.read().tolist() for frame in file.frames] == [image(n).tolist() for n in range(6) if n != lost]
        begin = sum(map(len, parts[:lost]))
        told = [(problem.place.offset, problem.found) for problem in file.problems if problem.severity == "lost"]
        found = f"{len(parts[lost])} bytes before the next header are a header whose beginning is damaged, and its data"
        assert told == [(begin, found)]


@pytest.mark.parametrize("end", [b"", bytes(2000)], ids=["nothing", "NULs"])
def test_the_last_header_without_its_beginning_is_a_lost_frame(end: bytes, tmp_path: Path) -> None:
    parts = [bytearray(block(image(n), number=n)) for n in range(3)]
    parts[2][0] = ord("(")
    with EdfFile(put(tmp_path, b"".join(parts) + end)) as file:
        assert [frame.read().tolist() for frame in file.frames] == [image(n).tolist() for n in range(2)]
        assert [(problem.severity, problem.found) for problem in file.problems] == [
            ("lost", f"{len(parts[2] + end)} bytes follow that belong to no frame")
        ]


# --- compressed files


def test_truncation_of_members_keeps_the_whole_frames(tmp_path: Path) -> None:
    frames = [image(index, (5, 7)) for index in range(3)]
    parts = [gzip.compress(block(array, number=index), mtime=0) for index, array in enumerate(frames)]
    data = b"".join(parts)
    ends = [len(b"".join(parts[: index + 1])) for index in range(3)]
    for length in range(ends[0] + 1, len(data)):
        with EdfFile(put(tmp_path, data[:length])) as file:
            whole = sum(end <= length for end in ends)
            assert [frame.read().tolist() for frame in file.frames] == [array.tolist() for array in frames[:whole]]
            if length not in ends:
                assert [problem.severity for problem in file.problems] == ["lost"], length


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lz4.frame.compress], ids=["gz", "bz2", "lz4"])
@pytest.mark.parametrize("keep", [0.6, 0.75, 0.99])
def test_one_compressed_piece_that_breaks_off_keeps_its_whole_frames(
    pack: Callable[[bytes], bytes], keep: float, tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    # bzip2 gives nothing of a block of 900 kB that is not whole
    frames = [random.integers(0, 65536, (200, 501), dtype="<u2") for _ in range(12)]
    packed = pack(scan(frames))
    packed = packed[: int(keep * len(packed))]
    path = put(tmp_path, packed)
    with EdfFile(path) as file:
        count = len(file.frames)
        assert 12 * keep - 6.5 < count < 12
        for index, frame in enumerate(file.frames):
            np.testing.assert_array_equal(frame.read(), frames[index])
    told = problems(path)
    assert told[0] == (
        f"a.edf: byte {len(packed)}: the compressed data break off here, their end mark expected\n"
        "  hint: what is whole well before it is read; the copy is incomplete, fetch the file again"
    )
    assert [item.split(": ")[2].split(" breaks off")[0] for item in told[1:]] in ([f"frame {count}"], [])


def test_damage_near_the_end_of_one_piece_is_not_taken_for_data_that_break_off(tmp_path: Path) -> None:
    """The decoder may run past the true end without noticing: what it made of the last bytes is not trusted."""
    random = np.random.default_rng(2)
    frames = [random.poisson(20, (60, 70)).astype("<u2") for _ in range(40)]
    packed = gzip.compress(scan(frames), mtime=0)
    for at in range(2, 120):
        path = put(tmp_path, packed[:-at] + bytes((packed[-at] ^ 0x5A,)) + packed[len(packed) - at + 1 :])
        try:
            with EdfFile(path) as file:
                assert {problem.severity for problem in file.problems} >= {"lost"}
                for index, frame in enumerate(file.frames):
                    np.testing.assert_array_equal(frame.read(), frames[index])
        except ReadError:
            pass


def test_damage_inside_one_compressed_piece_costs_the_file(tmp_path: Path) -> None:
    """What comes before the damage cannot be trusted: deflate finds a changed bit late, or by the checksum alone."""
    frames = [image(index, (50, 70)) for index in range(40)]
    packed = bytearray(gzip.compress(scan(frames)))
    packed[-6] ^= 1  # of the checksum
    assert "the compressed data before here are damaged" in refusal(put(tmp_path, bytes(packed)))


def test_a_piece_that_breaks_off_in_its_first_frame_is_refused(tmp_path: Path) -> None:
    packed = bz2.compress(block(image()))
    assert refusal(put(tmp_path, packed[:90])) == (
        "a.edf: byte 90: the compressed data break off here, their end mark expected\n"
        "  hint: what is whole well before it is read; the copy is incomplete, fetch the file again"
    )


@pytest.mark.parametrize("at", [3, 20], ids=["flags", "data"])
@pytest.mark.parametrize("lost", [1, 4, 7])
def test_a_member_damaged_at_its_beginning_is_a_lost_frame(lost: int, at: int, tmp_path: Path) -> None:
    """It is not taken for a member: the one before it seems to go on to its end, and to be as long as it says."""
    parts = [bytearray(gzip.compress(block(image(n, (20, 30)), number=n), mtime=0)) for n in range(8)]
    parts[lost][at : at + 6] = b"\xff" * 6
    begin = sum(map(len, parts[:lost]))
    with EdfFile(put(tmp_path, b"".join(parts))) as file:
        assert [frame.read().tolist() for frame in file.frames] == [
            image(n, (20, 30)).tolist() for n in range(8) if n != lost
        ]
        assert [(problem.severity, problem.place.offset, problem.found) for problem in file.problems] == [
            ("lost", begin, f"{len(parts[lost])} bytes that begin here are damaged compressed data")
        ]


def test_one_of_two_members_damaged_at_its_beginning_is_found_when_the_other_is_read(tmp_path: Path) -> None:
    first, second = (bytearray(gzip.compress(block(image(n, (300, 400))), mtime=0)) for n in range(2))
    second[3] = 0xFF
    path = put(tmp_path, bytes(first + second))
    with EdfFile(path) as file, pytest.raises(ReadError) as caught:
        file.frames[0].read()
    assert str(caught.value).replace(path, "a.edf") == (
        f"a.edf: byte {len(first)}: {len(second)} bytes that begin here are damaged compressed data, "
        "the beginning of a frame expected\n  hint: fetch the file again; gzip -t tests a file"
    )


def test_a_piece_whose_mark_is_damaged_costs_what_follows(tmp_path: Path) -> None:
    parts = [bytearray(lz4.frame.compress(block(image(n), number=n))) for n in range(4)]
    parts[2][0] ^= 1
    with EdfFile(put(tmp_path, b"".join(parts))) as file:
        assert len(file.frames) == 2
        left = len(parts[2] + parts[3])
        assert [(problem.severity, problem.found) for problem in file.problems] == [
            ("lost", f"{left} bytes follow the end of the compressed data")
        ]


@pytest.mark.timeout(30)
def test_a_last_member_that_breaks_off_and_lies_about_its_size_ends_soon(tmp_path: Path) -> None:
    first, second, third = (block(image(index, (20, 30)), number=index) for index in range(3))
    last = gzip.compress(third, mtime=0)[:-30] + (0xE7895C97).to_bytes(4, "little")
    path = put(tmp_path, gzip.compress(first) + gzip.compress(second + bytes(600)) + last)
    with EdfFile(path) as file:
        assert [frame.read().tolist() for frame in file.frames] == [image(n, (20, 30)).tolist() for n in range(2)]
        assert [problem.found for problem in file.problems if problem.severity == "lost"] == [
            "the compressed data break off: frame 2 is not whole"
        ]


@pytest.mark.parametrize("method", ["ByteOffset", "GzipCompression", "ZCompression", "BzipCompression"])
def test_pixels_that_cannot_be_in_compressed_data_are_refused_without_memory(method: str, tmp_path: Path) -> None:
    keys = [("ByteOrder", "LowByteFirst"), ("DataType", "SignedInteger"), ("Dim_2", 3), ("Compression", method)]
    blob = {"G": gzip.compress, "Z": zlib.compress, "B": bz2.compress if "Bz" in method else bytes}[method[0]](
        bytes(24)
    )
    name = {"ByteOffset": "offset", "GzipCompression": "gzip", "ZCompression": "zlib", "BzipCompression": "bzip2"}[
        method
    ]
    data = text([*keys, ("Dim_1", 99999999999), ("Size", len(blob))]) + blob
    path = put(tmp_path, data)
    with traced(1 << 20):
        message = refusal(path)
    assert message == (
        f"a.edf: byte 0: frame 0 has {len(blob)} bytes of {name} data, 1199999999988 bytes of pixels cannot be in them\n"
        "  hint: the frame is not written"
    )


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BOMB_SIZE", 1 << 24)
    bomb = gzip.compress(bytes(4 << 20))
    data = gzip.compress(text([("HeaderID", "EH:1")])) + bomb * 20
    path = put(tmp_path, data)
    with pytest.raises(ReadError) as caught, READER.open(path):
        pass
    assert "compressed bytes became more than" in str(caught.value)


def test_a_member_with_more_than_it_says_costs_its_frame(tmp_path: Path) -> None:
    first = block(image())
    packed = gzip.compress(first + bytes(1 << 20), mtime=0)
    lying = packed[:-4] + len(first).to_bytes(4, "little")
    path = put(tmp_path, lying + gzip.compress(block(image(1), number=1), mtime=0))
    with traced(1 << 19), EdfFile(path) as file:
        assert [frame.read().tolist() for frame in file.frames] == [image(1).tolist()]
        assert [problem.severity for problem in file.problems] == ["lost"]
        assert file.problems[0].found == "537 bytes are in this part of the compressed data"


def test_a_damaged_member_in_the_middle_costs_that_frame(tmp_path: Path) -> None:
    parts = [bytearray(gzip.compress(block(image(index, (40, 50)), number=index), mtime=0)) for index in range(3)]
    parts[1][-30] ^= 0xFF
    path = put(tmp_path, b"".join(parts))
    with EdfFile(path) as file:
        assert file.frames[0].read().tolist() == image(0, (40, 50)).tolist()
        assert file.frames[2].read().tolist() == image(2, (40, 50)).tolist()
        with pytest.raises(ReadError) as caught:
            file.frames[1].read()
        assert caught.value.problems[0].place.offset == len(parts[0])


@pytest.mark.parametrize("name", ["GzipCompression", "ZCompression", "BzipCompression"])
def test_a_blob_bomb_is_refused_before_it_is_inflated(name: str, tmp_path: Path) -> None:
    import bz2
    import zlib

    pack = {"G": gzip.compress, "Z": zlib.compress, "B": bz2.compress}[name[0]]
    blob = pack(bytes(16 << 20))
    data = text([("EDF_BinarySize", len(blob)), ("Compression", name), *structure(image(), size=0)]) + blob
    with EdfFile(put(tmp_path, data)) as file:
        with traced(2 << 20), pytest.raises(ReadError) as caught:
            file.frames[0].read()
    assert str(caught.value).endswith("data of the frame hold more than 24 bytes, 24 expected")


# --- files that change


def test_a_growing_file_has_the_frames_it_had(tmp_path: Path) -> None:
    data = scan([image(index) for index in range(4)])
    path = put(tmp_path, data[: len(data) // 2])
    with EdfFile(path) as file:
        Path(path).write_bytes(data)
        assert [frame.read().tolist() for frame in file.frames] == [image(0).tolist(), image(1).tolist()]
        assert file.size == len(data) // 2


def test_a_shrinking_file_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = put(tmp_path, scan([image(index) for index in range(4)]))
    with EdfFile(path) as file:
        os.truncate(path, 600)
        with pytest.raises(ReadError) as caught:
            file.frames[1].read()
    assert str(caught.value).replace(path, "a.edf") == (
        "a.edf: byte 1048: the file ends here, it had 2144 bytes when it was opened\n"
        "  hint: the file became shorter while it was read; wait until it is complete"
    )


def test_another_file_in_its_place_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "_descriptors", plain.Descriptors(1))
    path = put(tmp_path, block(image()))
    with EdfFile(path) as file, EdfFile(put(tmp_path, block(image()), "b.edf")):
        os.replace(put(tmp_path, block(image(5)), "new"), path)
        with pytest.raises(ReadError) as caught:
            file.frames[0].read()
    assert str(caught.value).startswith(f"{path}: this is another file now")


# --- other files


def test_pixels_outside_the_named_folders_are_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    put(outside, image().tobytes(), "secret.bin")
    for name in ("../out/secret.bin", str(outside / "secret.bin")):
        head = text([("EDF_BinaryFileName", name), *structure(image())])
        message = refusal(put(inside, head))
        assert message == (
            f"a.edf: byte 0: the pixels are in '{name}', outside the folders that were named\n"
            "  hint: --roots names further folders"
        )
        with EdfFile(str(inside / "a.edf"), [str(outside)]) as file:
            assert file.frames[0].read().tolist() == image().tolist()
            assert [os.path.basename(item.path) for item in file.sources()] == ["a.edf", "secret.bin"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    put(tmp_path, image().tobytes(), "secret.bin")
    (inside / "x.bin").symlink_to(tmp_path / "secret.bin")
    (inside / "loop.bin").symlink_to("loop.bin")
    for name, found in (
        ("x.bin", "outside the folders"),
        ("loop.bin", "there is no such file"),
        ("a\0b", "no such file"),
    ):
        head = text([("EDF_BinaryFileName", name), *structure(image())])
        assert found in refusal(put(inside, head))


# --- many files, threads, memory


def test_where_no_more_files_may_be_open_those_not_in_use_are_closed(tmp_path: Path) -> None:
    paths = [put(tmp_path, block(image(index)), f"{index}.edf") for index in range(60)]
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 64
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken + 20, before[1]))
    try:
        files = [EdfFile(path) for path in paths]
        assert [file.frames[0].read().tolist() for file in files] == [image(index).tolist() for index in range(60)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    for file in files:
        file.close()


def test_thousands_of_files_need_few_descriptors(tmp_path: Path) -> None:
    headers = Headers()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(200, limit[1]), limit[1]))
    try:
        files = [
            EdfFile(put(tmp_path, block(image(index), number=index), f"{index}.edf"), (), headers)
            for index in range(600)
        ]
        stack = FrameStack([file.frames[0] for file in files])
        for index in range(600):
            assert stack.frame(index) is not None
        assert len(headers.layouts) == 1
        np.testing.assert_array_equal(
            np.concatenate(list(stack.blocks())), np.stack([image(index) for index in range(600)])
        )
        for file in files:
            file.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


@pytest.mark.parametrize("packed", [False, True])
def test_frames_are_read_by_many_threads(packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "_descriptors", plain.Descriptors(2))
    frames = [image(index, (30, 40)) for index in range(60)]
    files = []
    for number in range(6):
        parts = [block(array, number=index) for index, array in enumerate(frames[number * 10 : number * 10 + 10])]
        data = b"".join(gzip.compress(part, mtime=0) for part in parts) if packed else b"".join(parts)
        files.append(EdfFile(put(tmp_path, data, f"{number}.edf")))
    stack = FrameStack([frame for file in files for frame in file.frames])
    gate = threading.Barrier(4)

    def work(worker: int) -> bool:
        gate.wait()
        order = np.random.default_rng(worker).permutation(60)
        return all(np.array_equal(stack.frame(int(index)), frames[index]) for index in order)  # type: ignore[arg-type]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))


def test_a_frame_costs_little_memory(tmp_path: Path) -> None:
    names = " ".join(f"m{number}" for number in range(40))
    items = [
        [("motor_mne", names), ("motor_pos", " ".join(str(number * 1.5) for number in range(40))), ("n", index)]
        for index in range(3000)
    ]
    path = put(tmp_path, scan([image()] * 3000, lambda index: items[index]))
    with traced(3000 * 1000 + (4 << 20)), EdfFile(path) as file:
        assert len(file.frames) == 3000
        assert tracemalloc.get_traced_memory()[0] < 3000 * 1000


def test_stacks_refuse_what_does_not_fit(tmp_path: Path) -> None:
    with EdfFile(put(tmp_path, block(image()) + block(image(1, (2, 2))))) as file:
        for frames, shape in (([*file.frames], None), ([file.frames[0]], (2,)), ([None], None)):
            with pytest.raises(ValueError, match=r"frames|frame"):
                FrameStack(frames, shape)
        stack = FrameStack([file.frames[0], None], None, 9)
        assert stack.frame(1) is None
        assert stack.location(1) is None
        assert np.concatenate(list(stack.blocks())).tolist() == [image().tolist(), [[9] * 4] * 3]


def test_frames_of_both_byte_orders_make_one_stack(tmp_path: Path) -> None:
    with EdfFile(put(tmp_path, block(image()) + block(image(1, dtype=">u2"), number=1))) as file:
        stack = FrameStack(file.frames)
        assert np.concatenate(list(stack.blocks())).tolist() == [image().tolist(), image(1).tolist()]
        assert stack.location(0) is not None
        assert stack.location(1) is None


@pytest.mark.parametrize("dtype", ["<u2", ">i4", "<f8", "u1"])
@pytest.mark.parametrize("pad", [0, 512])
def test_small_frames_of_one_file_are_read_together(tmp_path: Path, dtype: str, pad: int) -> None:
    frames = [image(index, dtype=dtype) for index in range(9)]
    with EdfFile(put(tmp_path, scan(frames, lambda index: [("n", f"{index:03}")], pad=pad))) as file:
        stack = FrameStack(file.frames)
        for first, count in ((0, 9), (3, 2), (7, 2)):
            found = stack.several(first, count)
            assert found is not None
            assert found.tolist() == [frame.tolist() for frame in frames[first : first + count]]
            assert found.dtype == np.dtype(dtype)


def test_frames_that_lie_otherwise_are_read_one_by_one(tmp_path: Path) -> None:
    frames = [image(index) for index in range(4)]
    odd = block(frames[0]) + block(frames[1], [("text", "x" * 600)]) + block(frames[2]) + block(frames[3])
    with EdfFile(put(tmp_path, odd)) as file, EdfFile(put(tmp_path, scan(frames), "b.edf")) as other:
        stack = FrameStack(file.frames)
        assert stack.several(0, 2) is not None
        assert stack.several(0, 4) is None  # a longer header lies between
        swapped = FrameStack([other.frames[at] for at in (0, 2, 1, 3)])
        assert swapped.several(0, 4) is None
        assert swapped.several(1, 2) is None
        gap = FrameStack([other.frames[0], other.frames[1], None, other.frames[3]])
        assert gap.several(0, 4) is None
        assert gap.several(0, 2) is not None
        mixed = FrameStack([other.frames[0], file.frames[0], file.frames[1]])
        assert mixed.several(0, 2) is None
        backwards = FrameStack(other.frames[::-1])
        assert backwards.several(0, 2) is None


def test_missing_frames_are_marked_alike_everywhere(tmp_path: Path) -> None:
    for dtype, expected in (("<u2", 65535), ("<i4", 2**31 - 1)):
        with EdfFile(put(tmp_path, block(image(dtype=dtype)))) as file:
            assert FrameStack([*file.frames, None]).fill_value == expected
    with EdfFile(put(tmp_path, block(image(dtype="<f4")))) as file:
        assert np.isnan(FrameStack([*file.frames, None]).fill_value)
