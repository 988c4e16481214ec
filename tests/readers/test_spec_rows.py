"""Rows of numbers: odd ones are kept in their place and told, comments and text among them do no harm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nxconvert.readers.spec.rows import looks_like_row
from nxconvert.scan import Scan


def columns(scan: Scan) -> dict[str, list[Any]]:
    """All values, nan as None."""
    return {name: listed(field.value) for name, field in scan.columns.items()}


def listed(values: Any) -> list[Any]:
    return [None if isinstance(value, float) and math.isnan(value) else value for value in values.tolist()]


def scan_of(read: Any, rows: str, labels: str = "a  b  c", n: str = "") -> tuple[dict[str, list[Any]], list[str]]:
    result = read(f"#S 1 x\n{n}#L {labels}\n{rows}")
    return columns(result.scan), result.told()


@pytest.mark.parametrize(
    "rows",
    [
        "0 1.5 2\n1 2.5 3\n",
        " 0  1.5   2\n  1 2.5 3 \n",
        "0\t1.5\t2\n1 \t2.5\t 3\t\n",
        "\n0 1.5 2\n\n\n1 2.5 3\n\n",
        "0 1.5 2\r\n1 2.5 3\r\n",
        "+0 1.5e0 002\n+1 .25e1 +3\n",
        "0 1.5 2\n#C a comment\n1 2.5 3\n",
    ],
)
def test_rows_are_the_same_however_they_are_separated(rows: str, read: Any) -> None:
    found, told = scan_of(read, rows)
    assert found == {"a": [0.0, 1.0], "b": [1.5, 2.5], "c": [2, 3]}
    assert told == []


@pytest.mark.parametrize("first", [".5", "-.5", "+1", "nan", "NaN", "inf", "-inf", "Infinity"])
def test_the_first_row_may_begin_with_any_number(first: str, read: Any) -> None:
    found, told = scan_of(read, f"{first} 1 2\n0 3 4\n")
    value = float(first)
    assert found == {"a": [None if math.isnan(value) else value, 0.0], "b": [1, 3], "c": [2, 4]}
    assert told == []


def test_nan_and_inf_are_numbers_wherever_they_stand(read: Any) -> None:
    found, told = scan_of(read, "0 nan 2\n1 inf nan\n2 -inf NaN\n")
    assert found == {"a": [0.0, 1.0, 2.0], "b": [None, math.inf, -math.inf], "c": [2.0, None, None]}
    assert told == []


def test_minus_zero_keeps_its_sign_in_a_column_of_floats(read: Any) -> None:
    scan = read("#S 1 x\n#L a  b\n-0 -0\n1.5 1\n").scan
    assert math.copysign(1, scan.columns["a"].value[0]) == -1
    assert listed(scan.columns["b"].value) == [0, 1]


def test_tiny_and_huge_numbers_are_exact(read: Any) -> None:
    found, _ = scan_of(read, "2.17e-310 1e+06 1455180875.12\n1e-70 2e199 0.1\n")
    assert found == {"a": [2.17e-310, 1e-70], "b": [1e6, 2e199], "c": [1455180875.12, 0.1]}


def test_a_row_with_a_word_keeps_its_numbers_and_is_told(read: Any) -> None:
    found, told = scan_of(read, "0 1 2\n1 None 3\n2 3 4\n")
    assert found == {"a": [0.0, 1.0, 2.0], "b": [1.0, None, 3.0], "c": [2, 3, 4]}
    assert told == ["4: row has 'None' in column 2, numbers expected\n  hint: the row is kept, with nan there"]


def test_a_row_that_begins_with_none_is_a_row(read: Any) -> None:
    found, told = scan_of(read, "None None None\n1 2 3\n")
    assert found == {"a": [None, 1.0], "b": [None, 2.0], "c": [None, 3.0]}
    assert told == [
        "3: row has 'None' in column 1, 'None' in column 2, 'None' in column 3, numbers expected\n"
        "  hint: the row is kept, with nan there"
    ]


@pytest.mark.parametrize("word", ["0x1F", "1,5", "1.0D+03", "1_000", "1-2", "--1", "5e", "-", "true"])
def test_what_only_resembles_a_number_is_none(word: str, read: Any) -> None:
    found, told = scan_of(read, f"0 {word} 2\n1 2 3\n")
    assert found == {"a": [0.0, 1.0], "b": [None, 2.0], "c": [2, 3]}
    assert told == [f"3: row has '{word}' in column 2, numbers expected\n  hint: the row is kept, with nan there"]


def test_a_row_with_too_few_values_is_kept_with_nan(read: Any) -> None:
    found, told = scan_of(read, "0 1 2\n1 2\n2 3 4\n")
    assert found == {"a": [0.0, 1.0, 2.0], "b": [1, 2, 3], "c": [2.0, None, 4.0]}
    assert told == ["4: row has 2 values, #L names 3 columns\n  hint: the row is kept, with nan for what is missing"]


def test_a_last_row_that_was_interrupted_is_kept_with_nan(read: Any) -> None:
    found, told = scan_of(read, "0 1 2\n1 2 3\n2 3.5e")
    assert found == {"a": [0.0, 1.0, 2.0], "b": [1.0, 2.0, None], "c": [2.0, 3.0, None]}
    assert told == [
        "5: row has 2 values, #L names 3 columns\n  hint: the row is kept, with nan for what is missing",
        "5: row has '3.5e' in column 2, numbers expected\n  hint: the row is kept, with nan there",
        "5: the file ends within this line, a line end expected\n"
        "  hint: its last value may be cut short, if the file is not complete",
    ]


def test_a_row_with_too_many_values_keeps_them_in_columns_of_their_own(read: Any) -> None:
    found, told = scan_of(read, "0 1 2\n1 2 3 4 5\n2 3 4\n")
    assert found == {
        "a": [0.0, 1.0, 2.0],
        "b": [1, 2, 3],
        "c": [2, 3, 4],
        "column_4": [None, 4.0, None],
        "column_5": [None, 5.0, None],
    }
    assert told == [
        "4: row has 5 values, #L names 3 columns\n"
        "  hint: the row is kept; columns from column_4 on hold its further values"
    ]


def test_counters_that_change_in_the_middle_lose_nothing(read: Any) -> None:
    found, told = scan_of(read, "0 1\n1 2\n2 3\n3 4 5\n4 5 6\n", labels="a  b")
    assert found["column_3"] == [None, None, None, 5.0, 6.0]
    assert len(told) == 2


def test_the_width_is_what_n_and_l_say_even_if_most_rows_differ(read: Any) -> None:
    found, told = scan_of(read, "0 1 2\n1 2\n2 3\n", n="#N 3\n")
    assert found == {"a": [0.0, 1.0, 2.0], "b": [1, 2, 3], "c": [2.0, None, None]}
    assert [text.split("\n")[0] for text in told] == [
        "5: row has 2 values, #L names 3 columns",
        "6: row has 2 values, #L names 3 columns",
    ]


def test_a_wrong_n_does_no_harm(read: Any) -> None:
    found, told = scan_of(read, "0 1 2\n1 2 3\n", n="#N 31\n")
    assert found == {"a": [0.0, 1.0], "b": [1, 2], "c": [2, 3]}
    assert told == []
    for n in ("#N\n", "#N x\n", "#N 999999999\n", "#N -3\n", f"#N {'9' * 40}\n", "#N 0\n", "#N 3 0\n"):
        assert scan_of(read, "0 1 2\n1 2 3\n", n=n)[0] == found


def test_integers_beside_odd_rows_stay_exact(read: Any) -> None:
    found, _ = scan_of(read, "0 9007199254740993 1\n1 9007199254740995\n2 x 3\n", labels="a  b  c")
    assert found["a"] == [0.0, 1.0, 2.0]
    assert found["b"] == [9007199254740992.0, 9007199254740996.0, None]
    found, _ = scan_of(read, "0 9007199254740993 1\n1 9007199254740995\n2 9007199254740997 3\n")
    assert found["b"] == [9007199254740993, 9007199254740995, 9007199254740997]


def test_a_comment_glued_to_a_row_is_a_comment(read: Any) -> None:
    result = read(
        "#S 1 x\n#L a  b  c\n0 1 2\n24.4121 48916#C Wed Nov 11 15:52:36 2015.  Scan aborted after 1 points.\n"
    )
    assert columns(result.scan) == {"a": [0.0, 24.4121], "b": [1, 48916], "c": [2.0, None]}
    assert result.scan.metadata["comments"].value == ["Wed Nov 11 15:52:36 2015.  Scan aborted after 1 points."]
    assert result.told() == [
        "4: row has 2 values, #L names 3 columns\n  hint: the row is kept, with nan for what is missing"
    ]
    assert result.scan.status == "aborted"
    assert result.scan.notes["scan_header"].value == (
        "#S 1 x\n#L a  b  c\n#C Wed Nov 11 15:52:36 2015.  Scan aborted after 1 points."
    )


def test_comments_between_rows_do_no_harm(read: Any) -> None:
    result = read("#S 1 x\n#L a  b\n0 1\n#C mail me@host # 5\n1 2\n# free\n\n2 3\n#R peak at 1\n")
    assert columns(result.scan) == {"a": [0.0, 1.0, 2.0], "b": [1, 2, 3]}
    assert result.told() == []


@pytest.mark.parametrize(
    "text",
    [
        "spectrum data is saved at 20March2018.spm3.",
        "MI: 200 mA",
        "5 files were written",
        "x",
        "# not",
        "see #5 for more",
    ],
)
def test_free_text_between_rows_is_kept_apart(text: str, read: Any) -> None:
    result = read(f"#S 1 x\n#L a  b\n0 1\n{text}\n1 2\n")
    assert columns(result.scan) == {"a": [0.0, 1.0], "b": [1, 2]}
    assert text in result.scan.notes["scan_header"].value.split("\n")
    assert result.told() == []


def test_a_row_is_told_from_free_text() -> None:
    assert [looks_like_row(line) for line in (b"1 2 x", b"1", b"None 1", b"nan", b" 5 a", b"1 2 3 4.5e")] == [True] * 6
    assert [looks_like_row(line) for line in (b"", b"  ", b"a 1 2", b"1 a b", b"-", b"#")] == [False] * 6


def test_many_odd_rows_are_listed_up_to_twenty_and_then_counted(read: Any) -> None:
    rows = "".join(f"{at} 1 2\n{at}\n" for at in range(50))
    result = read(f"#S 1 x\n#L a  b  c\n{rows}")
    told = result.told()
    assert result.scan.points == 100
    assert len(told) == 21
    assert told[19].startswith("42: row has 1 value,")
    assert told[20] == "1: 30 more odd rows like those listed"


def test_a_row_absurdly_longer_than_the_others_is_cut_and_told(read: Any) -> None:
    # as columns of their own its values would take a thousand times the room of the file
    result = read("#S 1 x\n#L a  b\n" + "0 1\n" * 100_000 + "1 " * 19_000 + "\n")
    assert len(result.scan.columns) == 2
    assert result.scan.points == 100_001
    assert result.told() == ["100003: row has 19000 values, #L names 2 columns\n  hint: the row is kept up to value 2"]
    assert result.scan.problems[0].severity == "lost"


def test_far_more_columns_than_any_scan_has_are_cut_and_told(read: Any) -> None:
    result = read("#S 1 x\n#L a\n" + "1 " * 30_000 + "\n")
    assert len(result.scan.columns) == 20_000
    assert result.told() == [
        "2: #L names 1 column, the rows have 30000 values\n  hint: the others are called column_2 ...",
        "2: 30000 columns, at most 20000 expected\n  hint: the others are left out",
    ]


# --- several rows per line, several lines per row


def test_several_points_per_line_are_unfolded(read: Any) -> None:
    lines = "\n".join(" ".join(str(16 * row + at) for at in range(16)) for row in range(3))
    found, told = scan_of(read, lines + "\n48 49 50\n", labels="counts", n="#N 1 16\n")
    assert found == {"counts": [float(at) for at in range(51)]}
    assert told == []
    found, told = scan_of(read, "1 2 3\n", labels="counts", n="#N 1 16\n")
    assert found == {"counts": [1.0, 2.0, 3.0]}


def test_several_rows_of_several_columns_per_line_are_unfolded(read: Any) -> None:
    found, told = scan_of(read, "0 1 2 10 11 12\n20 21 22\n", n="#N 3 2\n")
    assert found == {"a": [0.0, 10.0, 20.0], "b": [1, 11, 21], "c": [2, 12, 22]}
    assert told == []


@pytest.mark.parametrize("n", ["#N 5 3\n", "#N 5\n"])
def test_a_row_wrapped_over_several_lines_is_joined(n: str, read: Any) -> None:
    found, told = scan_of(read, "0 1 2\n3 4\n10 11 12\n13 14\n", labels="a  b  c  d  e", n=n)
    assert found == {"a": [0.0, 10.0], "b": [1, 11], "c": [2, 12], "d": [3, 13], "e": [4, 14]}
    assert told == []


def test_a_wrapped_row_that_was_interrupted_is_kept(read: Any) -> None:
    found, told = scan_of(read, "0 1 2\n3 4\n10 11 12\n", labels="a  b  c  d  e", n="#N 5 3\n")
    assert found["c"] == [2, 12]
    assert found["e"] == [4.0, None]
    assert told == ["6: row has 3 values, #L names 5 columns\n  hint: the row is kept, with nan for what is missing"]


def test_lines_that_wrap_evenly_are_joined(read: Any) -> None:
    found, _ = scan_of(read, "0 1\n2 3\n10 11\n12 13\n", labels="a  b  c  d", n="#N 4 2\n")
    assert found == {"a": [0.0, 10.0], "b": [1, 11], "c": [2, 12], "d": [3, 13]}


# --- zero points, aborted, resumed


@pytest.mark.parametrize("rest", ["", "\n\n", "#C Thu Feb 11 2016.  Scan aborted after 0 points.\n"])
def test_a_scan_without_points_has_its_columns(rest: str, read: Any) -> None:
    result = read(f"#S 1 ascan a 0 1 10 1\n#N 3\n#L a  b  c\n{rest}")
    assert columns(result.scan) == {"a": [], "b": [], "c": []}
    assert result.scan.points == 0
    assert result.scan.status == ("aborted" if rest.strip() else None)
    assert list(result.scan.axes) == ["a"]
    assert result.told() == []


def test_a_scan_without_anything_is_a_scan(read: Any) -> None:
    scan = read("#S 1\n").scan
    assert (scan.points, scan.columns, scan.plots, scan.title) == (0, {}, {}, "scan 1")


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ("0 1\n1 2\n", "complete"),
        ("0 1\n", None),
        ("0 1\n#C Thu.  Scan aborted after 1 points.\n", "aborted"),
        ("0 1\n#C Thu.  Scan aborted after 1 points.\n#C more\n\n#R x\n", "aborted"),
        ("0 1\n#C Thu.  Scan aborted after 1 points.\n#C Scan continued.\n1 2\n", "complete"),
        ("0 1\n#C Thu.  Scan aborted after 1 points.\n1 2\n#C Thu.  Scan aborted after 2 points.\n", "aborted"),
        ("0 1\n#C Thu.  Scan aborted after 1 points.\nfree text\n", "aborted"),
        ("0 1\n#C Thu.  Scan aborted after 1 points.\n@A 1 2 3\n", "aborted"),
        ("0 1\n1 2\n#C Thu.  exit_status = success\n", "complete"),
        ("0 1\n1 2\n#C Thu.  exit_status = abort\n", "aborted"),
        ("0 1\n1 2\n#C I hope not to abort\n", "complete"),
    ],
)
def test_a_scan_is_aborted_only_if_no_row_follows(rows: str, status: str | None, read: Any) -> None:
    assert read(f"#S 1 ascan a 0 1 1 1\n#N 2\n#L a  b\n{rows}").scan.status == status


def test_rows_measured_twice_are_kept(read: Any) -> None:
    found, told = scan_of(read, "0 1 2\n0 1 2\n")
    assert found == {"a": [0.0, 0.0], "b": [1, 1], "c": [2, 2]}
    assert told == []


def test_the_arrays_of_a_scan_own_their_values(read: Any) -> None:
    # a reader must not give views of a buffer that is used again
    scans = read("".join(f"#S {at} x\n#L a  b\n{at} {at}.5\n{at} 0\n" for at in range(50))).scans
    assert [columns(scan)["b"] for scan in scans] == [[at + 0.5, 0.0] for at in range(50)]
    assert all(isinstance(field.value, np.ndarray) for scan in scans for field in scan.columns.values())
