"""Random headers, frames and byte salad: what is written is what is read, and nothing else happens."""

from __future__ import annotations

import gzip
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from edfgen import Array, structure, text
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nxconvert.arrays import load
from nxconvert.errors import ReadError
from nxconvert.readers.edf import READER
from nxconvert.readers.edf.file import EdfFile
from nxconvert.readers.edf.files import Files
from nxconvert.readers.edf.gather import HeaderTexts, gather
from nxconvert.readers.edf.header import STRUCTURAL, decode, parse

QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

WORD = st.text("abcXYZ_ /.-+0159µé", min_size=1, max_size=8).map(str.strip).filter(bool)
KEYS = WORD.filter(lambda key: key.lower().encode() not in STRUCTURAL and key.lower() != "edf_datablockid")
VALUES = st.text("abc XYZ_=:,.[]()+-0123456789eµé", max_size=30).map(str.strip)
ITEMS = st.dictionaries(KEYS, VALUES, max_size=6)


@st.composite
def arrays(draw: st.DrawFn) -> Array:
    """Give a small array of any type, byte order and up to three dimensions, with any bytes."""
    code = draw(st.sampled_from(["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]))
    order = "" if code[1] == "1" else draw(st.sampled_from("<>"))
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    dtype = np.dtype(order + code)
    size = int(np.prod(shape)) * dtype.itemsize
    return np.frombuffer(draw(st.binary(min_size=size, max_size=size)), dtype).reshape(shape)


@st.composite
def files(draw: st.DrawFn) -> tuple[list[Array], list[dict[str, str]], list[bytes]]:
    """Give frames, their items and the blocks of a file; the frames may be of one kind or of several."""
    pad = draw(st.sampled_from([0, 512, 1024]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    padded = draw(st.booleans())
    same = draw(st.booleans())
    count = draw(st.integers(1, 5))
    first = draw(arrays())
    frames = [first] + [np.roll(first, step) if same else draw(arrays()) for step in range(1, count)]
    items = draw(st.lists(ITEMS, min_size=count, max_size=count))
    blocks = []
    for number, (array, own) in enumerate(zip(frames, items, strict=True)):
        size = draw(st.sampled_from([None, 0]))
        head = text([("HeaderID", number), *structure(array, size=size), *own.items()], pad, end)
        # data that look like fill at the end of a frame without a size are no rule's fault: sizes are stated then
        blocks.append(head + array.tobytes() + bytes(-array.nbytes % 512 if padded else 0))
    return frames, items, blocks


@QUICK
@given(made=files(), packed=st.booleans())
def test_what_is_written_is_read(
    made: tuple[list[Array], list[dict[str, str]], list[bytes]], packed: bool, tmp_path: Path
) -> None:
    frames, items, blocks = made
    path = tmp_path / "a.edf"
    path.write_bytes(b"".join(gzip.compress(part, 1) if packed else part for part in blocks))
    with EdfFile(str(path)) as file:
        assert len(file.frames) == len(frames)
        for frame, array, own in zip(file.frames, frames, items, strict=True):
            found = frame.read()
            assert (found.shape, found.dtype) == (array.shape, array.dtype.newbyteorder("<"))
            assert found.tobytes() == array.astype(array.dtype.newbyteorder("<")).tobytes()
            header = frame.header
            for key, value in own.items():
                # the generator writes latin-1, and some pairs of its letters are UTF-8
                assert header[decode(key.encode("latin-1"))] == decode(value.encode("latin-1"))
        assert file.problems == []
        for key, values in gather(file.frames).items():
            assert values.text() == [frame.header.get(key, "") for frame in file.frames]


#: begins an item of its own wherever it stands after a semicolon or at the beginning of a line
INNER = "EDF_HeaderSize=5"
#: what a value may be in a frame, by how its length and its place change from one frame to the next
STYLES = {
    "same": lambda number, rng: "always this",
    "fixed": lambda number, rng: f"{number:06d}",
    "counted": lambda number, rng: str(number),
    "rare": lambda number, rng: "late" if number > 70 else "early",
    "any length": lambda number, rng: "x" * int(rng.integers(0, 4)) + "y" * int(rng.integers(0, 4)),
    "semicolons": lambda number, rng: "a;b" if rng.random() < 0.05 else "acb",
    "equal signs": lambda number, rng: f"a=={number % 3}",
    "braces": lambda number, rng: f"{{{number % 7}}}",
    "lines": lambda number, rng: "a\nb" if rng.random() < 0.03 else "acb",
    "keys": lambda number, rng: f"a{'x' if number % 40 else chr(int(rng.choice([10, 59])))}{INNER}",
    "no ASCII": lambda number, rng: "µ" if number % 11 else "u",
    "zeros": lambda number, rng: "\0" if number % 13 else "0",
}


@QUICK
@given(
    styles=st.lists(st.sampled_from(sorted(STYLES)), max_size=6),
    odd=st.sets(st.integers(0, 119), max_size=3),
    seed=st.integers(0, 9),
)
def test_headers_of_many_frames_are_kept_word_for_word(
    styles: list[str], odd: set[int], seed: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    heads, frames, values_of = [], [], []
    for number in range(120):
        frames.append(np.arange(8, dtype="<u2").reshape((4, 2) if number in odd else (2, 4)) + number)
        items = [(f"key_{place}", STYLES[style](number, rng)) for place, style in enumerate(styles)]
        heads.append(text([("HeaderID", number), *structure(frames[-1]), *items], 512))
        values = (re.sub(f"[\n;]{INNER}", "", value).strip("\0") for _key, value in items)
        values_of.append([decode(value.encode("latin-1")) for value in values])
    path = tmp_path / "a.edf"
    path.write_bytes(b"".join(head + frame.tobytes() for head, frame in zip(heads, frames, strict=True)))
    with EdfFile(str(path)) as file:
        assert [frame.header_bytes for frame in file.frames] == heads
        keys = [f"key_{place}" for place in range(len(styles))]
        assert [[frame.header[key] for key in keys] for frame in file.frames] == values_of
        assert [frame.read().tolist() for frame in file.frames] == [frame.tolist() for frame in frames]
        assert load(HeaderTexts(file.frames)).tolist() == [decode(head).encode() for head in heads]
        for key, values in gather(file.frames).items():
            assert values.text() == [frame.header.get(key, "") for frame in file.frames]


#: what becomes of a file among many of one frame each
FATES = {
    "short": lambda data: data[:-3],
    "long": lambda data: data + bytes(4),
    "twice": lambda data: data + data,
    "empty": lambda data: b"",
    "no EDF": lambda data: b"x" + data[1:],
    "packed": gzip.compress,
    "one key more": lambda data: data.replace(b"}", b"more = 1 ;}".ljust(12), 1)[: len(data)],
    "another shape": lambda data: data.replace(b"Dim_1 = 4", b"Dim_1 = 2").replace(b"Dim_2 = 2", b"Dim_2 = 4"),
    "no size": lambda data: data.replace(b"Size", b"Sise"),
    "no end": lambda data: data.replace(b"}", b" ", 1),
    "errors": lambda data: data.replace(b".Image.Psd", b".Error.Psd"),
}


@QUICK
@given(fates=st.dictionaries(st.integers(0, 149), st.sampled_from(sorted(FATES)), max_size=5), twice=st.booleans())
def test_many_files_are_opened_as_each_of_them_alone(fates: dict[int, str], twice: bool, tmp_path: Path) -> None:
    paths = []
    for number in range(150):
        array = np.arange(8, dtype="<u2").reshape(2, 4) + number
        items = [("EDF_DataBlockID", f"{number}.Image.Psd"), *structure(array), ("time", number % 7)]
        data = text(items, 512) + array.tobytes()
        path = tmp_path / f"{number}.edf"
        path.write_bytes(FATES[fates[number]](data) if number in fates else data)
        paths.append(str(path))
    if twice:
        paths.insert(100, paths[20])
    files, problems = Files(), []
    found = files.open_all(paths, problems)
    told, size = [], 0
    for path, own in zip(paths, found, strict=True):
        try:
            alone = EdfFile(path)
        except ReadError as error:
            assert own is None
            told += error.problems
            continue
        assert own is not None
        assert (own.path, own.size, own.mtime_ns, own.general_text) == (path, alone.size, alone.mtime_ns, b"")
        for mine, other in ((own.frames, alone.frames), ([*own.errors.values()], [*alone.errors.values()])):
            assert [frame.header_bytes for frame in mine] == [frame.header_bytes for frame in other]
            assert [frame.kind for frame in mine] == [frame.kind for frame in other]
            assert [frame.read().tolist() for frame in mine] == [frame.read().tolist() for frame in other]
            assert [(frame.begin, frame.index, frame.is_error) for frame in mine] == [
                (frame.begin, frame.index, frame.is_error) for frame in other
            ]
        told += alone.problems
        size += alone.size
    assert [*dict.fromkeys(map(str, told))] == [*map(str, problems)]
    assert files.position == size - (EdfFile(paths[20]).size if twice and found[20] else 0)
    files.close()


@QUICK
@given(salad=st.binary(max_size=400), at=st.integers(0, 400), begins=st.booleans())
def test_any_bytes_end_in_a_scan_or_an_error(salad: bytes, at: int, begins: bool, tmp_path: Path) -> None:
    array = np.arange(6, dtype="<u2").reshape(2, 3)
    good = text([("HeaderID", 1), *structure(array)], 0) + array.tobytes()
    data = (good + good)[:at] + salad + (good + good)[at:] if begins else b"{\n" + salad
    path = tmp_path / "a.edf"
    path.write_bytes(data)
    with suppress(ReadError), READER.open(str(path)) as file:
        for scan in file:
            for items in scan.detectors.values():
                assert items["data"].value.shape  # type: ignore[union-attr]
            assert scan.notes["header"]


@QUICK
@given(st.binary(max_size=200))
@example(b"{\n=;;={}\n;\\\n;=\n}")
@example(b"{\na = b ;\n a = c\n\\ ;\n}\n")
def test_the_grammar_takes_any_bytes(data: bytes) -> None:
    for item in parse(data.split(b"\n")):
        assert item.key
        assert 0 <= item.first <= item.last


@pytest.mark.parametrize("seed", range(3))
def test_flipped_bytes_never_crash(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    frames = [np.arange(24, dtype="<u2").reshape(4, 6) + step for step in range(4)]
    good = b"".join(
        text([("HeaderID", n), *structure(a), ("motor_mne", "a b"), ("motor_pos", f"{n} 2")]) + a.tobytes()
        for n, a in enumerate(frames)
    )
    for _ in range(150):
        data = bytearray(good)
        for at in rng.integers(0, len(good), 3):
            data[at] = rng.integers(0, 256)
        path = tmp_path / "a.edf"
        path.write_bytes(bytes(data))
        with suppress(ReadError), READER.open(str(path)) as file:
            assert len(list(file)) == 1
