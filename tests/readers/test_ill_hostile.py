"""Cut, damaged and absurd numors: a clear error or a problem with its place, the rest kept, and bounded memory."""

from __future__ import annotations

import contextlib
import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import illgen
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nxconvert.arrays import load
from nxconvert.errors import Problem, ReadError
from nxconvert.readers.ill import READER, frames, index, numor
from nxconvert.scan import Scan

FRAMES = np.arange(3 * 1024).reshape(3, 1024) % 977
MADE = illgen.scan("D9", FRAMES, numor=653282)


def read(path: Path) -> tuple[list[Scan], list[Problem]]:
    """Read a file whole; give its scans, and all its problems in their order."""
    problems = []
    with READER.open(str(path)) as file:
        scans = list(file)
        for scan in scans:
            problems += scan.problems
            for fields in scan.detectors.values():
                for field in fields.values():
                    if hasattr(field.value, "shape"):
                        field.value = load(field.value)  # type: ignore[arg-type]
        problems += file.problems
    return scans, problems


def read_text(folder: Path, text: str | bytes) -> tuple[Scan, list[str]]:
    """Read a text as a numor; give its only scan, and its problems without the path."""
    path = folder / "653282"
    path.write_bytes(text.encode("latin-1") if isinstance(text, str) else text)
    (scan,), problems = read(path)
    return scan, [str(problem).removeprefix(f"{path}:") for problem in problems]


def line_at(text: str, offset: int) -> int:
    """The number of the line in which an offset lies."""
    return text.count("\n", 0, offset) + 1


def first_counts(text: str) -> int:
    """Where the first line of counts begins."""
    return text.index(illgen.key("I"), text.index(illgen.key("S"))) + 2 * 81


#: the line of the first counts
LINE = line_at(MADE.text, first_counts(MADE.text))


def data(scan: Scan) -> Any:
    """The counts."""
    return scan.detectors["detector"]["data"].value


def turned(frame: Any) -> Any:
    """A frame of D9 as it comes out."""
    return frame.reshape(32, 32).T[:, ::-1]


def test_a_numor_cut_behind_any_line_keeps_every_whole_frame(tmp_path: Path) -> None:
    lines = MADE.text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line == illgen.key("I")]
    ends = [number + 105 for number in starts[1:]]  # the first I is that of the header
    path = tmp_path / "cut"
    for count in range(len(lines)):
        path.write_text("".join(lines[:count]))
        whole = sum(end <= count for end in ends)
        if count < 3:
            with pytest.raises(ReadError):
                read(path)
            continue
        (scan,), problems = read(path)
        found = data(scan) if scan.detectors else np.empty((0,))
        assert len(found) == whole, count
        for frame, expected in zip(found, FRAMES, strict=False):
            assert np.array_equal(frame, turned(expected))
        # the last frame is whole when its last line is there
        assert bool(problems) == (count < len(lines)), count
        assert (scan.status == "complete") == (whole == 3), count


def test_a_numor_cut_behind_any_byte_has_no_count_that_is_not_in_the_original(tmp_path: Path) -> None:
    path = tmp_path / "cut"
    whole = MADE.text.encode()
    end = len(whole)
    for size in [*range(0, 700, 13), *range(end - 400, end)]:
        path.write_bytes(whole[:size])
        with contextlib.suppress(ReadError):
            (scan,), _problems = read(path)
            found = data(scan) if scan.detectors else []
            # the last line is padded with blanks, which may lack
            complete = size > whole.rindex(b" " * 48 + b"\n") - 1
            assert len(found) == (3 if complete else 2 if size > 20000 else 0)
            for frame, expected in zip(found, FRAMES, strict=False):
                assert np.array_equal(frame, turned(expected))


def test_the_last_number_must_be_whole(tmp_path: Path) -> None:
    """Cut within its digits, 2093 would be 209: numbers end in the last column of their field."""
    text = illgen.run(1) + illgen.text(["QQQ"]) + illgen.group(1, 1, 1) + illgen.integers([7] * 9 + [2093])
    scan, problems = read_text(tmp_path, text.rstrip("\n"))
    assert (data(scan).tolist(), problems) == ([7] * 9 + [2093], [])
    scan, problems = read_text(tmp_path, text.rstrip("\n")[:-1])
    assert scan.detectors == {}
    assert problems[0] == (
        "10: sub-spectrum 1 announces 10 counts and has 1 lines of them, 1 expected\n"
        "  hint: it is left out: the file ends here, it may be a part of its original"
    )


@pytest.mark.parametrize("count", [99_999_999, 16_777_217])
def test_a_hostile_number_of_counts_takes_neither_memory_nor_the_other_frames(tmp_path: Path, count: int) -> None:
    first = MADE.text.index(illgen.key("I"), MADE.text.index(illgen.key("S")))
    text = MADE.text[:first] + MADE.text[first:].replace(f"{1024:8d}{0:8d}", f"{count:8d}{0:8d}", 1)
    tracemalloc.start()
    scan, problems = read_text(tmp_path, text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert np.array_equal(data(scan), [turned(FRAMES[1]), turned(FRAMES[2])])
    assert problems == [
        f"{LINE}: sub-spectrum 1 announces {count} counts and has 103 lines of them, at most 16777216 counts expected\n"
        "  hint: it is left out"
    ]


@pytest.mark.parametrize(
    ("old", "new"), [(f"{31:8d}{4:8d}", f"{99999999:8d}{4:8d}"), (f"{50:8d}{10:8d}", f"{50:8d}{99999999:8d}")]
)
def test_hostile_numbers_in_the_header(tmp_path: Path, old: str, new: str) -> None:
    assert old in MADE.text
    scan, problems = read_text(tmp_path, MADE.text.replace(old, new))
    assert np.array_equal(data(scan).sum(axis=1 if data(scan).ndim == 2 else (1, 2)), FRAMES.sum(axis=1))
    assert "announces" in problems[0]


def test_overflows_and_text_among_the_counts(tmp_path: Path) -> None:
    text = MADE.text
    at = first_counts(text)
    text = text[:at] + "********" + text[at + 8 : at + 16] + "    oops" + text[at + 24 :]
    scan, problems = read_text(tmp_path, text)
    frame = FRAMES[0].copy()
    frame[[0, 2]] = -(2**31)
    assert np.array_equal(data(scan), [turned(frame), turned(FRAMES[1]), turned(FRAMES[2])])
    assert problems == [
        f"{LINE}: 1 counts overflowed their columns (stars)\n  hint: -2147483648 stands for them",
        f"{LINE}: 1 fields are no counts\n  hint: -2147483648 stands for them",
    ]


def test_problems_of_counts_that_stay_in_the_file_are_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "KEPT", 0)
    at = MADE.text.rindex(illgen.key("I")) + 162
    _scan, problems = read_text(tmp_path, MADE.text[:at] + "********" + MADE.text[at + 8 :])
    assert problems == [
        f"{line_at(MADE.text, at)}: 1 counts overflowed their columns (stars)\n  hint: -2147483648 stands for them"
    ]


def test_texts_of_megabytes_are_cut_and_told(tmp_path: Path) -> None:
    made = illgen.scan("D10", np.ones((2, 32, 32), int))
    head, counts = made.text.split(illgen.key("S"), 1)
    filler = illgen.floats([1.0] * 70000)  # a second block F: none of the known layouts, and 1.1 MB of header
    path = tmp_path / "000001"
    path.write_text(head + filler + illgen.key("S") + counts + illgen.key("V") + "x" * 1_100_000 + "\n")
    with READER.open(str(path)) as file:
        (scan,) = file
    assert len(str(scan.notes["free_text"].value)) == len(str(scan.notes["scan_header"].value)) == 1 << 20
    told = [(problem.severity, problem.found, problem.hint) for problem in scan.problems]
    length = (head + filler + illgen.key("S") + counts).index(illgen.integers([1] * 1024)) + len(
        illgen.key("I") + illgen.control(1024, 0)
    )
    assert ("lost", "1100001 bytes of free text (V)", "the first 1048576 are kept") in told
    assert ("warning", f"{length} bytes before the first counts", "the first 1048576 are kept word for word") in told


def test_overflows_in_the_header(tmp_path: Path) -> None:
    text = MADE.text.replace(illgen.fortran(1.5), "*" * 16)
    scan, problems = read_text(tmp_path, text)
    assert "wavelength" not in scan.instrument
    line = line_at(text, text.index(illgen.key("F"))) + 2 + 10
    assert problems == [f"{line}: 1 numbers overflowed their columns (stars)\n  hint: nan stands for them"]


def test_lines_without_trailing_blanks_and_with_carriage_returns(tmp_path: Path) -> None:
    plain = "".join(line.rstrip() + "\n" for line in MADE.text.splitlines())
    for text in (plain, plain.replace("\n", "\r\n"), MADE.text.replace("\n", "\r\n")):
        scan, problems = read_text(tmp_path, text)
        assert problems == []
        assert np.array_equal(data(scan), [turned(frame) for frame in FRAMES])
        assert scan.title == "a crystal"


def test_lines_between_the_blocks_are_passed_over(tmp_path: Path) -> None:
    second = MADE.text.index(illgen.group(2, 3, 653282, 1))
    text = MADE.text[:second] + "this is no block\n" + MADE.text[second:]
    scan, problems = read_text(tmp_path, text)
    assert np.array_equal(data(scan), [turned(frame) for frame in FRAMES])
    assert problems == [
        f"{LINE + 103}: 1 lines more than the 1024 counts of sub-spectrum 1 need, a line of 80 letters expected\n"
        "  hint: they are passed over"
    ]


def test_blank_lines_within_a_block_are_no_records(tmp_path: Path) -> None:
    at = first_counts(MADE.text) + 81
    scan, problems = read_text(tmp_path, MADE.text[:at] + "\n" + MADE.text[at:])
    assert np.array_equal(data(scan), [turned(frame) for frame in FRAMES])
    assert problems == []


def test_nul_bytes_tabs_and_latin_1(tmp_path: Path) -> None:
    text = (
        MADE.text.replace("Smith", "Sm\0th")
        .replace("a crystal", "Mößbauer ")
        .replace(f"{80:8d}{1:8d}", "\t   80       1")
    )
    scan, problems = read_text(tmp_path, text)
    assert (scan.title, scan.user["name"].value) == ("Mößbauer", "Sm th")
    assert problems == []


def test_a_date_that_is_none(tmp_path: Path) -> None:
    scan, problems = read_text(tmp_path, MADE.text.replace("01-Feb-13", "31-Feb-13"))
    assert scan.start_time is None
    assert problems == ["1: '31-Feb-13 12:13:14' is no date, day-month-year expected"]


def test_short_blocks_of_the_header(tmp_path: Path) -> None:
    """D20 of 1998: a block announces 30 numbers and holds 25."""
    raw = np.arange(1600).reshape(1, 1600)
    text = illgen.d20(raw).text
    at = text.index(illgen.key("F")) + 81 + 81 + 7 * 81
    scan, problems = read_text(tmp_path, text[: at + 5 * 81] + text[at + 6 * 81 :])
    assert problems == [
        f"{line_at(text, at)}: block F announces 30 numbers and holds 25\n  hint: those that are there are read"
    ]
    assert scan.metadata["wavelength"].value == 2.41
    assert np.array_equal(data(scan), raw)


def test_a_sub_spectrum_with_fewer_lines_than_its_counts_need_is_left_out(tmp_path: Path) -> None:
    second = MADE.text.index(illgen.group(2, 3, 653282, 1))
    scan, problems = read_text(tmp_path, MADE.text[: second - 81] + MADE.text[second:])
    assert np.array_equal(data(scan), [turned(FRAMES[1]), turned(FRAMES[2])])
    assert problems == [
        f"{LINE}: sub-spectrum 1 announces 1024 counts and has 102 lines of them, 103 expected\n  hint: it is left out"
    ]
    assert scan.points == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty, a numor or a triple-axis scan expected\n  hint: check how it was copied"),
        (
            illgen.run(5).encode(),
            "2: the numor ends here, a block of text (80 A) expected\n  hint: the file may be a part of its original",
        ),
        (
            bytes(range(256)) * 400,
            "begins neither with a line of 80 R nor with INSTR:, a numor or a triple-axis scan expected\n"
            "  hint: 'nxconvert info' names the format of a file",
        ),
        (
            b"  260    1    7    0    0    0    0  256\nconjugated polymers\n  1.0 2.0 3.0\n",
            "holds the lines of INX (.inx), reduced data S(theta, omega), a numor or a triple-axis scan expected\n"
            "  hint: raw counts cannot be made of it: convert the numors that it was made of",
        ),
        (
            b"# D20\n" + b"  10.05  1234\n  10.15  1230\n" * 9,
            "holds columns of numbers, reduced data, a numor or a triple-axis scan expected\n"
            "  hint: raw counts cannot be made of it: convert the numors that it was made of",
        ),
    ],
    ids=["empty", "R alone", "binary", "INX", "columns"],
)
def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.dat"
    path.write_bytes(content)
    with pytest.raises(ReadError) as caught:
        read(path)
    assert str(caught.value).replace(f"{path}: ", "").replace(f"{path}:", "") == message


def test_the_inx_file_of_in10_is_refused(shared_data: Path) -> None:
    path = shared_data / "ill" / "IN10_P3OT_350K.inx"
    head = path.read_bytes()[:65536]
    match = READER.sniff(head, str(path))
    assert (match.confidence, match.reason) == (
        0.0,
        "the lines of INX (.inx), reduced data S(theta, omega), not the counts of a numor",
    )
    with pytest.raises(ReadError, match="holds the lines of INX"):
        read(path)


def test_binary_data_behind_the_header(tmp_path: Path) -> None:
    head = MADE.text[: MADE.text.index(illgen.key("S"))].encode()
    scan, problems = read_text(tmp_path, head + bytes(range(256)) * 5000)
    assert scan.detectors == {}
    assert scan.title == "a crystal"
    assert "the numor ends here, before any sub-spectrum (S), counts expected" in problems[-2]
    assert f"{len(head) + 1280000} bytes before the first counts" in problems[-1]


def test_a_line_of_megabytes_without_any_end(tmp_path: Path) -> None:
    tracemalloc.start()
    scan, problems = read_text(tmp_path, MADE.text.encode() + b"x" * (40 << 20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20
    assert np.array_equal(data(scan), [turned(frame) for frame in FRAMES])
    assert len(problems) == 1


def test_more_blocks_than_any_numor_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MOST_BLOCKS", 10)
    scan, problems = read_text(tmp_path, MADE.text)
    line = line_at(MADE.text, MADE.text.index(illgen.key("I"), first_counts(MADE.text)))
    assert (
        problems[-1]
        == f"{line}: there are more than 10 blocks, some thousands expected\n  hint: what follows is left out"
    )
    assert len(data(scan)) == 1


def test_problems_of_one_kind_are_counted(tmp_path: Path) -> None:
    count = numor.LISTED + 15
    text = illgen.scan("D9", np.zeros((count, 1024), int)).text.replace(f"{1024:8d}{0:8d}", f"{2048:8d}{0:8d}")
    scan, problems = read_text(tmp_path, text)
    assert scan.detectors == {}
    assert len(problems) == numor.LISTED + 1
    assert problems[-1] == "1: 15 more sub-spectra that are cut like those listed"


def test_compressed_numors_are_the_same(tmp_path: Path, shared_data: Path) -> None:
    path = tmp_path / "653282.gz"
    path.write_bytes(gzip.compress(MADE.text.encode()))
    (scan,), problems = read(path)
    assert problems == []
    assert np.array_equal(data(scan), [turned(frame) for frame in FRAMES])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data_=st.data())
def test_no_damage_makes_anything_but_a_problem_or_a_read_error(tmp_path: Path, data_: st.DataObject) -> None:
    text = bytearray(illgen.scan("D9", FRAMES[:2], numor=1).text.encode())
    for _ in range(data_.draw(st.integers(1, 6))):
        at = data_.draw(st.integers(0, len(text) - 1))
        piece = data_.draw(
            st.sampled_from([b"\n", b"", b"S" * 80, b"\0\0", b"99999999", b"-", b"\xff", illgen.key("F").encode()])
        )
        text[at : at + data_.draw(st.integers(0, 90))] = piece
    path = tmp_path / "damaged"
    path.write_bytes(text)
    with contextlib.suppress(ReadError):
        read(path)


def test_a_stray_line_between_the_numbers_of_a_block_is_passed_over(tmp_path: Path) -> None:
    """D20 from numor 22274 on has one in its sixth block, after ten values."""
    raw = np.arange(1600).reshape(1, 1600)
    text = illgen.d20(raw).text
    starts = [at for at in range(len(text)) if text.startswith(illgen.key("F"), at)]
    at = starts[5] + 2 * 81 + 5 * 81 + 2 * 81
    scan, problems = read_text(tmp_path, text[:at] + illgen.line("a stray line") + text[at:])
    assert problems == [
        f"{line_at(text, at) - 2}: 1 lines more than the 20 numbers of block F need, a line of 80 letters expected\n"
        "  hint: they are passed over"
    ]
    assert scan.metadata["voltmeter"].value == 510.0
    assert np.array_equal(data(scan), raw)
    at = text.index(illgen.key("J")) + 2 * 81 + 3 * 81
    scan, problems = read_text(tmp_path, text[:at] + "stray\n" + text[at:])
    assert np.array_equal(data(scan), raw)
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("lines", "count", "names", "title"),
    [
        (["a".rjust(16) + "b c (d)".rjust(16)], 2, ["a", "b c (d)"], ""),
        (["Optics", "a".rjust(16)], 5, ["a"], "Optics"),
        # a blank second line is no sign of a title
        (["a".rjust(16), ""], 5, ["a"], ""),
        ([], 3, [], ""),
    ],
)
def test_names_have_columns_too_and_may_have_a_title(
    lines: list[str], count: int, names: list[str], title: str
) -> None:
    assert numor._names([line.encode() for line in lines], "F", count) == (names, title)


ALL = {
    "d19": illgen.scan("D19", np.ones((1, 640), int)),
    "d20": illgen.d20(np.ones((2, 160), int)),
    "strobo": illgen.d20(np.ones((2, 160), int), strobo=True),
    "d11": illgen.sans("D11", np.ones((1, 64, 10), int)),
    "d22": illgen.sans("D22", np.ones((3, 100), int)),
    "d1b": illgen.d1b(np.ones((2, 400), int)),
    "d1a": illgen.d1a(np.ones((4, 25), int)),
    "d4": illgen.d4(np.ones((9, 64), int)),
    "unknown": illgen.scan("QQQ", np.ones((2, 50), int)),
}


@pytest.mark.parametrize("name", ALL)
def test_every_instrument_may_be_cut_anywhere(tmp_path: Path, name: str) -> None:
    text = ALL[name].text
    path = tmp_path / "cut"
    for size in [*range(2 * 81, len(text), 181), len(text) - 1]:
        path.write_text(text[:size])
        with contextlib.suppress(ReadError):
            (scan,), problems = read(path)
            assert scan.status != "complete" or not problems or size > len(text) - 81


@pytest.mark.parametrize("name", ["ILL_IN6.dat.gz", "IN16_65722.asc", "IN13_16347.asc"])
def test_real_spectra_may_be_cut_and_their_headers_wrong(shared_data: Path, tmp_path: Path, name: str) -> None:
    data_ = (shared_data / "ill" / name).read_bytes()
    text = (gzip.decompress(data_) if name.endswith(".gz") else data_).decode("latin-1")[:60000]
    path = tmp_path / "cut"
    for size in range(0, len(text), 997):
        # every number of the header once out of all bounds, then the end cut off
        at = size // 8 * 8 % 16000
        path.write_text(text[:at] + "99999999" + text[at + 8 : len(text) - size])
        with contextlib.suppress(ReadError):
            read(path)
