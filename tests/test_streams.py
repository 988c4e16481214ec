"""Opening inputs: every kind of file gives the same bytes, and what cannot be read says why."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import os
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lz4.frame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unlzw3 import unlzw

from nxconvert import lzw, streams
from nxconvert.errors import ReadError
from nxconvert.streams import open_source

TEXT = b"".join(b"%d %d\n" % (number, number * number) for number in range(20_000))


def compress_z(data: bytes, widest: int = 16, clear_at: int | None = None) -> bytes:
    """Compress as Unix compress does; *clear_at*: clear the table when that many bytes have been taken."""
    out = bytearray((0x1F, 0x9D, 0x80 | widest))
    table = {bytes((byte,)): byte for byte in range(256)}
    free, width = 257, 9
    codes: list[int] = []

    def flush() -> None:
        # eight codes fill a group; a shorter one is padded, for only the last one ends early
        bits = sum(code << width * at for at, code in enumerate(codes))
        out.extend(bits.to_bytes((len(codes) * width + 7) // 8, "little"))
        codes.clear()

    def emit(code: int) -> None:
        codes.append(code)
        if len(codes) == 8:
            flush()

    def pad() -> None:
        if codes:
            start = len(out)
            flush()
            out.extend(bytes(width - (len(out) - start)))

    word = b""
    for taken, byte in enumerate(data):
        longer = word + bytes((byte,))
        if longer in table:
            word = longer
            continue
        emit(table[word])
        if free < 1 << widest:
            table[longer] = free
            free += 1
            # the decoder knows an entry one code later than the encoder
            if free > 1 << width and width < widest:
                pad()
                width += 1
        if taken == clear_at:
            emit(256)
            pad()
            table = {bytes((byte,)): byte for byte in range(256)}
            free, width = 257, 9
        word = bytes((byte,))
    if word:
        emit(table[word])
    flush()
    return bytes(out)


def test_the_z_encoder_of_this_test_is_understood_by_unlzw3() -> None:
    for text in (TEXT, b"a", b"aaaaaaaaaaaaaaaaaaa", bytes(range(256)) * 40):
        assert unlzw(compress_z(text)) == text
    assert unlzw(compress_z(TEXT, clear_at=50_000)) == TEXT


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gz": gzip.compress,
    "gz of two members": lambda data: gzip.compress(data[:1000]) + gzip.compress(data[1000:]),
    "gz padded with NUL": lambda data: gzip.compress(data) + bytes(100),
    "bz2": bz2.compress,
    "bz2 of two members": lambda data: bz2.compress(data[:1000]) + bz2.compress(data[1000:]),
    "lz4": lz4.frame.compress,
    "lz4 of two frames": lambda data: lz4.frame.compress(data[:1000]) + lz4.frame.compress(data[1000:]),
    "Z": compress_z,
    "Z of 12 bits": lambda data: compress_z(data, widest=12),
    "Z that was cleared": lambda data: compress_z(data, clear_at=50_000),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_file_gives_its_uncompressed_bytes_whatever_its_name(way: str, tmp_path: Path) -> None:
    path = tmp_path / "data.spec"
    path.write_bytes(WAYS[way](TEXT))
    with open_source(str(path)) as source:
        assert source.size == len(TEXT)
        assert source.path == str(path)
        assert source.read_at(1234, 77) == TEXT[1234 : 1234 + 77]
        assert source.read_at(len(TEXT) - 5, 100) == TEXT[-5:]
        assert source.read_at(len(TEXT) + 5, 100) == b""
        parts = []
        while part := source.read(7777):
            parts.append(part)
            assert source.position == sum(map(len, parts))
        assert b"".join(parts) == TEXT
        own = source.source_file()
        assert own.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (own.path, own.size, own.mtime_ns) == (str(path), path.stat().st_size, path.stat().st_mtime_ns)
        assert source.problems == []


def test_the_sha256_is_right_when_only_a_part_was_read_or_some_was_read_twice(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(TEXT)
    expected = hashlib.sha256(TEXT).hexdigest()
    with open_source(str(path)) as source:
        source.read(100)
        assert source.source_file().sha256 == expected
    with open_source(str(path)) as source:
        source.read(5000)
        source.position = 0
        while source.read(3000):
            pass
        assert source.source_file().sha256 == expected


@pytest.mark.parametrize("way", ["plain", "gz"])
def test_a_source_is_read_from_many_threads(way: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(WAYS[way](TEXT))
    with open_source(str(path)) as source:

        def is_right(offset: int) -> bool:
            return source.read_at(offset, 50) == TEXT[offset : offset + 50]

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(is_right, range(0, len(TEXT), 100)))


@pytest.mark.parametrize("way", ["plain", "gz"])
def test_standard_input_is_read_like_a_file(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = WAYS[way](TEXT)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with open_source("-") as source:
        assert source.path == "<stdin>"
        assert source.read_at(100, 10) == TEXT[100:110]
        assert source.read(1 << 24) == TEXT
        assert source.source_file().sha256 == hashlib.sha256(content).hexdigest()
        assert source.source_file().size == len(content)


def test_a_large_compressed_file_goes_to_a_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SPOOL", 1000)
    path = tmp_path / "data.gz"
    path.write_bytes(gzip.compress(TEXT))
    with open_source(str(path)) as source:
        assert source.read(len(TEXT)) == TEXT


def test_bytes_after_the_end_of_the_compressed_data_are_told(tmp_path: Path) -> None:
    path = tmp_path / "data.gz"
    content = gzip.compress(TEXT)
    path.write_bytes(content + b"garbage")
    with open_source(str(path)) as source:
        assert source.read(len(TEXT)) == TEXT
        assert [str(problem) for problem in source.problems] == [
            f"{path}: byte {len(content)}: 7 bytes follow the end of the compressed data, nothing expected\n"
            "  hint: they are ignored"
        ]


def failure(path: Path | str) -> str:
    with pytest.raises(ReadError) as caught:
        open_source(str(path))
    return str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "nothing.spec"
    assert failure(path) == (
        f"{path}: there is no such file, a readable file expected\n  hint: check the spelling and the directory"
    )


def test_a_directory_is_an_error(tmp_path: Path) -> None:
    assert failure(tmp_path) == (
        f"{tmp_path}: this is a directory, a file expected\n  hint: name the files in it, or use --files-from"
    )


def test_a_file_without_permission_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "secret.spec"
    path.write_bytes(TEXT)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert failure(path) == (
        f"{path}: no permission to read this file, a readable file expected\n"
        "  hint: check the permissions of the file and its directory"
    )


def test_a_pipe_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert failure(path) == (f"{path}: this is not a regular file, a file expected\n  hint: '-' reads standard input")


def test_a_path_with_nul_is_an_error() -> None:
    assert failure("a\0b") == "a\0b: the path has a NUL character, a path expected\n  hint: check the spelling"


def test_a_path_below_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "data"
    assert failure(path) == (
        f"{path}: the file cannot be opened (Not a directory), a readable file expected\n  hint: check the path"
    )


@pytest.mark.parametrize("empty", [gzip.compress(b""), bz2.compress(b""), b"\x1f\x9d\x90"], ids=["gz", "bz2", "Z"])
def test_an_empty_compressed_file_is_an_error(empty: bytes, tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_bytes(empty)
    assert failure(path) == (
        f"{path}: nothing is in this compressed file, data expected\n  hint: the original was empty"
    )


def test_an_empty_plain_file_has_size_zero(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_bytes(b"")
    with open_source(str(path)) as source:
        assert (source.size, source.read(10)) == (0, b"")
        assert source.source_file().sha256 == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("way", ["gz", "bz2"])
def test_compressed_data_that_break_off_are_an_error_with_their_place(way: str, tmp_path: Path) -> None:
    content = WAYS[way](TEXT)[:-20]
    path = tmp_path / "cut"
    path.write_bytes(content)
    assert failure(path) == (
        f"{path}: byte {len(content)}: the compressed data break off here, their end mark expected\n"
        "  hint: the copy is incomplete; fetch the file again"
    )


@pytest.mark.parametrize("way", ["gz", "bz2", "Z"])
def test_damaged_compressed_data_are_an_error_with_their_place(way: str, tmp_path: Path) -> None:
    content = bytearray(WAYS[way](TEXT))
    content[2000:2200] = b"\xff" * 200
    path = tmp_path / "damaged"
    path.write_bytes(content)
    text = failure(path)
    assert text.startswith(f"{path}: byte ")
    assert ": the compressed data before here are damaged (" in text
    assert text.endswith("intact data expected\n  hint: fetch the file again; gzip -t and bzip2 -t test a file")


@pytest.mark.parametrize("header", [b"\x1f\x9d", b"\x1f\x9d\xff", b"\x1f\x9d\x88"])
def test_a_z_file_with_a_bad_header_is_an_error(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.Z"
    path.write_bytes(header)
    assert failure(path) == (
        f"{path}: byte {len(header)}: the compressed data before here are damaged "
        "(the header of the .Z file is not valid), intact data expected\n"
        "  hint: fetch the file again; gzip -t and bzip2 -t test a file"
    )


@pytest.mark.parametrize("way", ["gz", "bz2", "Z"])
def test_a_decompression_bomb_is_refused(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BOMB_SIZE", 1 << 20)
    content = WAYS[way](bytes(3 << 20))
    path = tmp_path / "bomb"
    path.write_bytes(content)
    text = failure(path)
    assert text.startswith(f"{path}: ")
    assert text.endswith(
        "at most 250 times as many expected\n  hint: decompress the file yourself if it is what it should be"
    )


def test_a_z_file_made_to_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lzw, "_LARGEST_TABLE", 1 << 20)
    path = tmp_path / "bomb.Z"
    path.write_bytes(compress_z(bytes(3 << 20)))
    assert "(its strings are longer than in any real file)" in failure(path)


def test_a_file_that_grows_is_read_up_to_its_size_at_opening(tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(TEXT)
    with open_source(str(path)) as source:
        with path.open("ab") as file:
            file.write(b"more")
        assert source.read(1 << 24) == TEXT
        assert source.read(10) == b""
        assert source.source_file().size == len(TEXT)


def test_a_file_that_shrinks_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(TEXT)
    with open_source(str(path)) as source:
        os.truncate(path, 1000)
        with pytest.raises(ReadError) as caught:
            source.read(5000)
    assert str(caught.value) == (
        f"{path}: byte 1000: the file ends here, it had {len(TEXT)} bytes when it was opened\n"
        "  hint: the file became shorter while it was read; wait until it is complete"
    )


def test_a_source_that_was_closed_says_so(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(TEXT)
    source = open_source(str(path))
    source.close()
    with pytest.raises(ValueError, match="closed"):
        source.read(10)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=1000), st.sampled_from((9, 10, 12, 16)))
def test_lzw_agrees_with_unlzw3(data: bytes, widest: int) -> None:
    compressed = compress_z(data * 3, widest=max(widest, 10))
    for step in (1, 2, 10, 1 << 20):
        steps = iter([compressed[at : at + step] for at in range(0, len(compressed), step)])
        assert b"".join(lzw.decompress(lambda: next(steps, b""))) == data * 3  # noqa: B023 (used at once)
    assert unlzw(compressed) == data * 3


def test_a_long_z_file_is_given_in_blocks() -> None:
    compressed = iter((compress_z(TEXT * 8),))
    blocks = list(lzw.decompress(lambda: next(compressed, b"")))
    assert b"".join(blocks) == TEXT * 8
    assert len(blocks) > 1


@settings(max_examples=300)
@given(
    st.binary(max_size=200),
    st.sampled_from((b"", b"\x1f\x8b\x08\0\0\0\0\0\0\3", b"BZh9", b"\x1f\x9d\x90", b"\x04\x22\x4d\x18")),
)
def test_arbitrary_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "arbitrary"
    path.write_bytes(head + data)
    with contextlib.suppress(ReadError), open_source(str(path)) as source:
        source.read(1 << 20)


def test_no_room_for_the_decompressed_data_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SPOOL", 1000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    path = tmp_path / "data.gz"
    path.write_bytes(gzip.compress(TEXT))
    assert failure(path) == (
        f"{path}: no room to decompress (No such file or directory), space in $TMPDIR\n"
        "  hint: set TMPDIR to a larger disk"
    )


def test_a_file_that_cannot_be_read_on_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with path.open("wb", buffering=0) as file:
        source = streams.Source(str(path), file, 100, None, 0)
        with pytest.raises(ReadError) as caught:
            source.read(50)
    assert str(caught.value) == (
        f"{path}: byte 0: reading failed (Bad file descriptor), 100 bytes expected\n"
        "  hint: the disk or the network share may be at fault; copy the file and try again"
    )


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, bz2.compress], ids=["plain", "gz", "bz2"])
def test_the_head_of_a_file_is_its_first_uncompressed_bytes(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "file"
    data = bytes(range(256)) * 1000
    path.write_bytes(pack(data))
    assert streams.head(str(path), 65536) == data[:65536]
    assert streams.head(str(path), 1 << 20) == data


def test_the_head_of_a_damaged_file_is_what_comes_before_the_damage(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    data = os.urandom(500_000)
    whole = gzip.compress(data)
    path.write_bytes(whole[: len(whole) // 2])
    assert streams.head(str(path), 1000) == data[:1000]
    path.write_bytes(whole[:12])
    with pytest.raises(ReadError):
        streams.head(str(path), 1000)


def test_the_head_costs_no_more_than_itself(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(200 << 20), 9))
    tracemalloc.start()
    try:
        assert streams.head(str(path), 65536) == bytes(65536)
        assert tracemalloc.get_traced_memory()[1] < 180 << 20  # and not 200
    finally:
        tracemalloc.stop()
