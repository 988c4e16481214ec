"""Where file headers and scans begin and end, encodings, line ends, and recognising SPEC files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from nxconvert.errors import ReadError
from nxconvert.readers.spec import READER, views
from nxconvert.readers.spec import blocks as blocks_module
from nxconvert.scan import Scan

HEADER = "#F a.spec\n#E 1000\n#D Thu Feb 11 09:55:20 2016\n#C fourc  User = me\n#O0 th  tth\n\n"
SCAN = "#S 1 ascan th 0 1 1 1\n#P0 5 6\n#N 2\n#L th  det\n0 10\n1 20\n"


def values(scan: Scan, name: str) -> Any:
    return scan.columns[name].value.tolist()  # type: ignore[union-attr]


def test_a_plain_file_has_its_scans_in_order(read: Any) -> None:
    result = read(HEADER + SCAN + "\n" + SCAN.replace("#S 1", "#S 2"))
    assert [(scan.identifier, scan.index, scan.place.line) for scan in result.scans] == [("1.1", 0, 7), ("2.1", 1, 14)]
    first = result.scans[0]
    assert (first.command, first.title, first.points, first.status) == (
        "ascan th 0 1 1 1",
        "ascan th 0 1 1 1",
        2,
        "complete",
    )
    assert values(first, "th") == [0.0, 1.0]
    assert values(first, "det") == [10, 20]
    assert {name: field.value for name, field in first.positioners.items()} == {"th": 5.0, "tth": 6.0}
    assert result.problems == []
    assert all(scan.problems == [] for scan in result.scans)


def test_a_scan_knows_its_place_length_and_sha256(read: Any) -> None:
    text = HEADER + SCAN + "\n\n" + SCAN
    scans = read(text).scans
    for scan in scans:
        own = text.encode()[scan.place.offset :][: scan.length]
        assert own == SCAN.encode().rstrip()
        assert scan.sha256 == hashlib.sha256(own).hexdigest()


def test_blank_lines_at_the_end_do_not_change_the_sha256_of_a_scan(read: Any) -> None:
    assert read(HEADER + SCAN.rstrip()).scan.sha256 == read(HEADER + SCAN + "\n\n\n").scan.sha256


def test_scan_numbers_repeat_and_are_counted(read: Any) -> None:
    numbers = [1, 2, 1, 0, 2, 1]
    scans = read("".join(f"#S {number} x\n#L a\n1\n" for number in numbers)).scans
    assert [scan.identifier for scan in scans] == ["1.1", "2.1", "1.2", "0.1", "2.2", "1.3"]


def test_a_second_header_that_begins_with_f_replaces_the_first(read: Any) -> None:
    scans = read(HEADER + SCAN + "#F b.spec\n#E 2000\n#O0 phi  chi\n\n" + SCAN).scans
    assert list(scans[0].positioners) == ["th", "tth"]
    assert list(scans[1].positioners) == ["phi", "chi"]
    assert [scan.metadata["file_name"].value for scan in scans] == ["a.spec", "b.spec"]
    assert [scan.metadata["epoch"].value for scan in scans] == [1000.0, 2000.0]


def test_a_second_header_that_begins_with_e_replaces_the_first(read: Any) -> None:
    scans = read(HEADER + SCAN + "#E 2000\n#O0 phi  chi\n\n" + SCAN).scans
    assert list(scans[1].positioners) == ["phi", "chi"]
    assert "file_name" not in scans[1].metadata


def test_an_e_line_within_a_header_does_not_begin_another(read: Any) -> None:
    scan = read("#F a.spec\n#O0 th  tth\n#E 1000\n\n" + SCAN).scan
    assert list(scan.positioners) == ["th", "tth"]
    assert scan.metadata["epoch"].value == 1000.0


def test_a_file_without_header_is_read(read: Any) -> None:
    result = read(SCAN)
    assert values(result.scan, "det") == [10, 20]
    assert result.scan.positioners == {}
    assert result.told() == [
        "2: the scan has motor positions (#P), but no motor names (#O) are known, "
        "#O lines expected in the file header\n"
        "  hint: the positions are in the header lines only, here and in the scans that follow"
    ]


def test_positions_without_names_are_told_once_for_the_file(read: Any) -> None:
    result = read(SCAN + SCAN)
    assert [len(scan.problems) for scan in result.scans] == [1, 0]


@pytest.mark.parametrize(
    "before",
    [
        "#D Thu Feb 11 09:55:20 2016\n#O0 th  tth\n",
        "\n\n# a free comment\n#O0 th  tth\n",
        "#E 1000\n#O0 th  tth\n",
        "#O0 th  tth\n#F a.spec\n",
    ],
)
def test_a_file_may_begin_with_a_date_blank_lines_or_comments(before: str, read: Any) -> None:
    scan = read(before + SCAN).scan
    assert list(scan.positioners) == ["th", "tth"]
    assert scan.notes["file_header"].value == before.strip()


def test_longer_keys_that_begin_like_scans_and_headers_are_no_blocks(read: Any) -> None:
    odd = "#SCANID 77\n#SAMPLE x\n#FILTER 3\n#Escan\n#EX 1\n"
    scan = read(HEADER + SCAN + odd + "2 30\n").scan
    assert values(scan, "det") == [10, 20, 30]
    assert scan.notes["scan_header"].value.endswith("#SCANID 77\n#SAMPLE x\n#FILTER 3\n#Escan\n#EX 1")


def test_several_blanks_or_a_tab_before_the_scan_number_are_understood(read: Any) -> None:
    scans = read("#S  1 H\n#L a\n1\n#S\t2\tascan\n#L a\n1\n#S   3\n#L a\n1\n").scans
    assert [(scan.number, scan.command, scan.title) for scan in scans] == [
        (1, "H", "H"),
        (2, "ascan", "ascan"),
        (3, "", "scan 3"),
    ]


def test_a_command_is_kept_word_for_word(read: Any) -> None:
    scan = read("#S 1  ascan  th 0  1 1  1  \n#L a\n1\n").scan
    assert scan.command == "ascan  th 0  1 1  1  "
    assert scan.title == "ascan  th 0  1 1  1"


def test_a_command_with_open_brackets_goes_on_in_the_next_lines(read: Any) -> None:
    result = read(
        "#S 1  scan([m1], array([0.1 0.2\n 0.3 0.4\n 0.5]), md={'a': (1\n2)})\n#D x\n#N 1\n#L a  b\n1 2\n"
        "#S 2  scan(a[0], b)\n1 2\n#S 3 (\n#L a  b\n1 2\n#S 4 scan([\n1 2\n"
    )
    first, second, third, fourth = result.scans
    assert first.command == "scan([m1], array([0.1 0.2\n 0.3 0.4\n 0.5]), md={'a': (1\n2)})"
    assert first.title == "scan([m1], array([0.1 0.2  0.3 0.4  0.5]), md={'a': (1 2)})"
    assert (first.points, second.points, third.points, fourth.points) == (1, 1, 1, 0)
    assert first.notes["scan_header"].value.startswith("#S 1  scan([m1], array([0.1 0.2\n 0.3 0.4\n")
    assert fourth.command == "scan([\n1 2"


def test_a_scan_line_without_a_number_is_a_line_of_the_scan_before(read: Any) -> None:
    scan = read(SCAN + "#S\n#S x\n#S -1 y\n2 30\n").scan
    assert scan.points == 3


def test_a_scan_number_that_fits_no_integer_is_told(read: Any) -> None:
    result = read(f"#S {'9' * 30} x\n#L a\n1\n")
    assert result.scan.number == 0
    assert [str(problem) for problem in result.problems] == [
        f"{result.path}:1: scan number '{'9' * 30}', at most 18 digits expected\n  hint: the scan is numbered 0"
    ]


def test_many_scan_numbers_that_fit_no_integer_are_told_twenty_times(read: Any) -> None:
    result = read(f"#S {'9' * 30}\n" * 50)
    assert len(result.scans) == 50
    assert len(result.problems) == 20
    assert result.problems[-1].hint == "the scan is numbered 0, and so are further ones"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_any_line_end_gives_the_same_scans(end: str, read: Any) -> None:
    text = HEADER + SCAN + "#C a comment\n\n" + SCAN.replace("#S 1", "#S 2")
    plain, other = read(text), read(text.replace("\n", end))
    assert len(other.scans) == 2
    for one, two in zip(plain.scans, other.scans, strict=True):
        assert one.place.line == two.place.line
        assert one.command == two.command
        assert {name: field.value for name, field in one.positioners.items()} == {
            name: field.value for name, field in two.positioners.items()
        }
        assert [values(one, name) for name in one.columns] == [values(two, name) for name in two.columns]
        assert one.notes["scan_header"].value == two.notes["scan_header"].value
        assert one.notes["file_header"].value == two.notes["file_header"].value
        assert two.problems == []


def test_a_lone_cr_among_other_line_ends_is_a_line_end(read: Any) -> None:
    scan = read("#S 1 x\r#N 2\n#L a  b\r\n1 2\r3 4\n").scan
    assert values(scan, "b") == [2, 4]


def test_a_file_without_a_line_end_at_its_end_keeps_the_last_row(read: Any) -> None:
    result = read("#S 1 x\n#N 2\n#L a  b\n1 2\n3 4")
    assert values(result.scan, "b") == [2, 4]
    assert result.told() == [
        "5: the file ends within this line, a line end expected\n"
        "  hint: its last value may be cut short, if the file is not complete"
    ]
    assert result.scan.problems[0].severity == "note"


def test_utf8_and_latin1_are_understood(read: Any) -> None:
    text = "#F größe.dat\n#O0 Å\n\n#S 1 scan µ\n#C 20 °C\n#P0 1\n#L Länge  b\n1 2\n"
    for encoding in ("utf-8", "latin-1"):
        scan = read(text.encode(encoding)).scan
        assert scan.metadata["file_name"].value == "größe.dat"
        assert scan.metadata["comments"].value == ["20 °C"]
        assert list(scan.columns) == ["Länge", "b"]
        assert list(scan.positioners) == ["Å"]
        assert scan.command == "scan µ"


def test_each_block_has_its_own_encoding(read: Any) -> None:
    result = read("#S 1 é\n#L a\n1\n".encode() + "#S 2 é\n#L a\n1\n".encode("latin-1"))
    assert [scan.command for scan in result.scans] == ["é", "é"]


def test_a_byte_order_mark_is_skipped(read: Any) -> None:
    for text in (SCAN, HEADER + SCAN):
        scan = read(b"\xef\xbb\xbf" + text.encode()).scan
        assert scan.place.offset == 3 + text.index("#S 1")
        assert values(scan, "det") == [10, 20]


def test_nul_bytes_are_blanks_and_told_once(read: Any) -> None:
    result = read((SCAN.replace("0 10", "0\x0010") + "\0\0\0\n" + SCAN).encode())
    assert values(result.scans[0], "det") == [10, 20]
    assert [str(problem) for problem in result.problems] == [
        f"{result.path}:1: there are NUL bytes in this block, text expected\n"
        "  hint: they are read as blanks, here and in what follows; the disk may have been full"
    ]


def test_an_empty_file_is_an_error(read: Any) -> None:
    with pytest.raises(ReadError, match="the file is empty, SPEC scans expected"):
        read("")


@pytest.mark.parametrize(
    "text", [b"\n\n", b"1 2 3\n4 5 6\n", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100, b"#S\n", b"# x\n"]
)
def test_a_file_that_is_not_spec_is_an_error(text: bytes, read: Any) -> None:
    with pytest.raises(ReadError) as caught:
        read(text)
    assert str(caught.value).endswith(
        "a.spec:1: there is neither a scan (#S and a number) nor a file header (#F, #E), a SPEC file expected\n"
        "  hint: 'nxconvert info' names the format of a file"
    )


def test_a_file_with_a_header_only_has_no_scans_and_says_so(read: Any) -> None:
    result = read(HEADER)
    assert result.scans == []
    assert [str(problem) for problem in result.problems] == [
        f"{result.path}:1: there is no scan in this file, lines that begin with '#S' and a number"
    ]


def test_scans_that_are_not_wanted_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.spec"
    path.write_text(HEADER + SCAN + SCAN + SCAN.replace("#S 1", "#S 7") + SCAN)
    asked: list[tuple[int, int]] = []

    def wanted(number: int, order: int) -> bool:
        asked.append((number, order))
        return order == 2 or number == 7

    with READER.open(str(path)) as file:
        scans = list(file.scans(wanted))
        assert [(scan.identifier, scan.index) for scan in scans] == [("1.2", 1), ("7.1", 2)]
        assert asked == [(1, 1), (1, 2), (7, 1), (1, 3)]
        # a second pass begins from the start
        assert [scan.identifier for scan in file] == ["1.1", "1.2", "7.1", "1.3"]
        assert file.position == file.size == path.stat().st_size
        (source,) = file.sources()
    assert (source.size, source.sha256) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("chunk", [300, 301, 333, 512, 1000])
def test_blocks_are_found_wherever_the_reading_is_interrupted(
    chunk: int, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(HEADER.replace("1000", str(at)) + SCAN.replace("#S 1", f"#S {at}") for at in range(40))
    whole = read(text).scans
    monkeypatch.setattr(blocks_module, "CHUNK", chunk)
    for other in (text, text.replace("\n", "\r\n"), text.replace("\n", "\r")):
        scans = read(other).scans
        assert [(scan.number, scan.place.line) for scan in scans] == [(scan.number, scan.place.line) for scan in whole]
        assert [values(scan, "det") for scan in scans] == [[10, 20]] * 40
        assert [scan.metadata["epoch"].value for scan in scans] == list(range(40))


def test_a_very_long_file_header_is_read_in_part_and_told(read: Any) -> None:
    result = read("#F a\n#O0 th  tth\n" + "#C x\n" * 1_000_000 + SCAN)
    assert list(result.scan.positioners) == ["th", "tth"]
    assert [str(problem) for problem in result.problems] == [
        f"{result.path}:1: file header of 5000016 bytes, at most 4194304 expected\n  hint: only its beginning is read",
        f"{result.path}:246724: 592136 control lines after very many others, fewer expected\n  hint: they are left out",
    ]


def test_a_mistake_of_this_program_costs_one_scan(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(scan: Scan) -> None:
        if scan.number == 2:
            raise KeyError("oops")

    monkeypatch.setattr(views, "add_plots", fail)
    result = read(HEADER + SCAN + SCAN.replace("#S 1", "#S 2") + SCAN)
    assert [scan.points for scan in result.scans] == [2, 0, 2]
    assert result.told(result.scans[1]) == [
        "13: scan 2.1 cannot be understood (KeyError: 'oops'), a scan expected\n  hint: please report this with the file"
    ]
    assert result.scans[1].problems[0].severity == "lost"


# --- recognising

YES = {
    "#F a.spec\n#E 1000\n\n#S 1 x\n": (1.0, "a file header (#F, #E) and scans (#S)"),
    "#S 1 x\n#D Thu\n#L a\n1\n": (1.0, "scans (#S) with SPEC control lines"),
    "#S 1 x\n1 2\n": (0.7, "a line begins with '#S' and a number"),
    "#E 1000\n#D Sat Oct 31 12:12:20 1998\n": (0.9, "a file header (#F, #E) without a scan so far"),
    "#F x\n": (0.6, "a line begins with '#F' or '#E'"),
    "#D Thu\n\n#F x\n#S 1\n": (1.0, "a file header (#F, #E) and scans (#S)"),
    "\n\n# comment\r\n#S 5 ascan\r\n#N 1\r\n": (1.0, "scans (#S) with SPEC control lines"),
    "\ufeff#F x\n#S 1 x\n": (1.0, "a file header (#F, #E) and scans (#S)"),
    "some words\n#S 1 x\n": (0.2, "'some words' stands before the first line of SPEC"),
    "1 2 3\n": (0.0, "no line begins with '#S' and a number, with '#F' or with '#E'"),
    "#Sample\n#Frame\n": (0.0, "no line begins with '#S' and a number, with '#F' or with '#E'"),
    " \n": (0.0, "the file is empty"),
    "": (0.0, "the file is empty"),
    "#FORMAT      : EMSA/MAS Spectral Data File\n#S 1\n": (0.0, "'#FORMAT      :' belongs to EMSA spectra"),
    "#F x\n#SIGNALTYPE  : EDS\n": (0.0, "'#SIGNALTYPE' belongs to EMSA spectra"),
    "#SPECTRUM    : 1\n": (0.0, "'#SPECTRUM' belongs to EMSA spectra"),
}


@pytest.mark.parametrize("head", YES)
def test_a_file_is_recognised_by_its_first_bytes_with_a_reason(head: str) -> None:
    match = READER.sniff(head.encode(), "any.name")
    assert (match.confidence, match.reason) == YES[head]


def test_real_files_are_recognised(shared_data: Path) -> None:
    for path in sorted((shared_data / "spec").iterdir()):
        if path.suffix not in (".gz", ".bz2"):
            assert READER.sniff(path.read_bytes()[:65536], path.name).confidence == 1.0, path.name
    for folder in ("edf", "ill"):
        for path in sorted((shared_data / folder).iterdir()):
            if path.is_file():
                assert READER.sniff(path.read_bytes()[:65536], path.name).confidence == 0.0, path.name
