"""Control lines: motors, labels, dates, and everything else that stands after a #."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nxconvert.readers.spec import control
from nxconvert.readers.spec.dates import end_from_epoch, parse_date
from nxconvert.readers.spec.names import split_names, unique
from nxconvert.scan import Scan


def items(scan: Scan, namespace: str) -> dict[str, Any]:
    return {name: as_list(field.value) for name, field in getattr(scan, namespace).items()}


def as_list(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def positioners(read: Any, names: str, positions: str, in_scan: str = "") -> tuple[dict[str, Any], list[str]]:
    result = read(f"#F a\n{names}\n\n#S 1 x\n{in_scan}{positions}\n#L a\n1\n")
    return items(result.scan, "positioners"), result.told()


# --- motors


def test_motor_names_and_positions_are_paired_row_by_row(read: Any) -> None:
    # the trailing blanks of #P0 are no further value
    found, told = positioners(read, "#O0 a  b  \n#O1    c  d", "#P0 1 2  \n#P1 3   4 ")
    assert found == {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
    assert told == []


def test_positions_are_float64_scalars(read: Any) -> None:
    scan = read("#F a\n#O0 a\n#S 1 x\n#P0 1\n#L a\n1\n").scan
    assert type(scan.positioners["a"].value) is np.float64
    assert scan.positioners["a"].dims == ()


def test_motor_names_may_have_single_blanks(read: Any) -> None:
    found, _ = positioners(read, "#O0   Two Theta   Slit Y  PhasR2 Y", "#P0 1 2 3")
    assert found == {"Two Theta": 1.0, "Slit Y": 2.0, "PhasR2 Y": 3.0}


def test_motor_names_with_tabs_between_are_split(read: Any) -> None:
    found, _ = positioners(read, "#O0 volt      si6b\tsi6t\t  si3z", "#P0 1 2 3 4")
    assert found == {"volt": 1.0, "si6b": 2.0, "si6t": 3.0, "si3z": 4.0}


def test_motor_names_with_single_blanks_between_are_split_if_the_number_fits(read: Any) -> None:
    found, told = positioners(read, "#O0 Delta Eta Chi Phi", "#P0 1 2 3 4")
    assert found == {"Delta": 1.0, "Eta": 2.0, "Chi": 3.0, "Phi": 4.0}
    assert told == []


def test_too_few_positions_leave_the_last_motors_without_and_are_told(read: Any) -> None:
    found, told = positioners(read, "#O0 a  b  c\n#O1 d", "#P0 1 2\n#P1 4")
    assert found == {"a": 1.0, "b": 2.0, "d": 4.0}
    assert told == ["6: #P0 has 2 values, #O0 names 3 motors\n  hint: no position is known of 'c'"]


def test_too_many_positions_do_not_shift_the_next_row_and_are_told(read: Any) -> None:
    found, told = positioners(read, "#O0 a  b\n#O1 d", "#P0 1 2 3 3.5\n#P1 4")
    assert found == {"a": 1.0, "b": 2.0, "d": 4.0}
    assert told == ["6: #P0 has 4 values, #O0 names 2 motors\n  hint: the last 2 are in the header lines only"]


def test_a_missing_row_of_positions_is_told(read: Any) -> None:
    found, told = positioners(read, "#O0 a  b\n#O1 c  d", "#P1 3 4")
    assert found == {"c": 3.0, "d": 4.0}
    assert told == ["6: there is no #P0, #O0 names 2 motors\n  hint: no positions are known of them"]


def test_an_empty_row_of_motors_is_no_problem(read: Any) -> None:
    found, told = positioners(read, "#O0 a  b\n#O1 ", "#P0 1 2\n#P1 ")
    assert found == {"a": 1.0, "b": 2.0}
    assert told == []


def test_a_row_of_positions_without_names_is_told(read: Any) -> None:
    found, told = positioners(read, "#O0 a  b", "#P0 1 2\n#P1 7")
    assert found == {"a": 1.0, "b": 2.0}
    assert told == ["6: #P1 has 1 value, #O1 names 0 motors\n  hint: the last value is in the header lines only"]


def test_a_position_that_is_a_word_stays_text(read: Any) -> None:
    found, told = positioners(read, "#O0 a  b  c  d", "#P0 1 OUT nan 1_0")
    assert (found["a"], found["b"], found["d"]) == (1.0, "OUT", "1_0")
    assert np.isnan(found["c"])
    assert told == []


def test_a_single_word_among_positions_leaves_the_others_numbers(read: Any) -> None:
    found, told = positioners(read, "#O0 a  b", "#P0 1 OUT")
    assert (found, told) == ({"a": 1.0, "b": "OUT"}, [])


def test_rows_of_positions_may_change_from_scan_to_scan(read: Any) -> None:
    text = "#F a\n#O0 a  b\n\n" + "".join(f"#S {at} x\n#P0 {'1 ' * at}\n#L {'l  ' * at}\n1\n" for at in range(300))
    scans = read(text).scans
    assert [len(scan.positioners) for scan in scans[:4]] == [0, 1, 2, 2]
    assert all(items(scan, "positioners") == {"a": 1.0, "b": 1.0} for scan in scans[2:])


def test_motors_of_the_same_name_are_numbered(read: Any) -> None:
    result = read("#F a\n#O0 a  a  b  a\n\n#S 1 x\n#P0 1 2 3 4\n#L x\n1\n")
    fields = result.scan.positioners
    assert items(result.scan, "positioners") == {"a": 1.0, "a_1": 2.0, "b": 3.0, "a_2": 4.0}
    assert [field.long_name for field in fields.values()] == [None, "a", None, "a"]


def test_motor_names_in_a_scan_count_for_that_scan_only(read: Any) -> None:
    scans = read("#F a\n#O0 a  b\n\n#S 1 x\n#O0 p  q\n#O1 r\n#P0 1 2\n#P1 3\n#L x\n1\n#S 2 x\n#P0 4 5\n#L x\n1\n").scans
    assert items(scans[0], "positioners") == {"p": 1.0, "q": 2.0, "r": 3.0}
    assert items(scans[1], "positioners") == {"a": 4.0, "b": 5.0}


def test_more_than_a_hundred_rows_of_motors_are_read(read: Any) -> None:
    names = "\n".join(f"#O{row} m{row}a  m{row}b" for row in range(120))
    found, _ = positioners(read, names, "\n".join(f"#P{row} {row} {row}.5" for row in range(120)))
    assert found == {f"m{row}{side}": row + shift for row in range(120) for side, shift in (("a", 0), ("b", 0.5))}
    assert list(found)[-1] == "m119b"


def test_lines_that_only_begin_like_positions_are_none(read: Any) -> None:
    found, told = positioners(read, "#O0 a  b", "#P0 1 2\n#PS 3 4\n#PN 5\n#P 6\n#Px0 7")
    assert found == {"a": 1.0, "b": 2.0}
    assert told == []


def test_mnemonics_and_counter_names_are_listed(read: Any) -> None:
    scan = read(
        "#F a\n#O0 TwoTheta  Theta\n#O1 Chi\n#o0 tth th\n#o1 chi\n#J0 Kth 14  Mon\n#j0 k14 mon\n\n#S 1 x\n#L a\n1\n"
    ).scan
    assert scan.metadata["positioner_mnemonics"].value == ["tth", "th", "chi"]
    assert scan.metadata["counter_names"].value == ["Kth 14", "Mon"]
    assert scan.metadata["counter_mnemonics"].value == ["k14", "mon"]


def test_mnemonics_in_a_scan_replace_those_of_the_header(read: Any) -> None:
    scan = read(
        "#F a\n#O0 a  b\n#o0 x y\n\n#S 1 ascan p 0 1 1 1\n#O0 P One  Q\n#o0 p q\n#P0 1 2\n#L n  P One\n1 2\n"
    ).scan
    assert scan.metadata["positioner_mnemonics"].value == ["p", "q"]
    assert list(scan.axes) == ["P One"]


def test_far_more_motors_than_exist_are_cut_and_told(read: Any) -> None:
    names = "#O0 " + "  ".join(f"m{at}" for at in range(30_000))
    found, told = positioners(read, names, "#P0 " + "1 " * 30_000)
    assert len(found) == 20_000
    assert told == ["5: 30000 motor positions, at most 20000 expected\n  hint: the others are in the header lines only"]


# --- labels


def columns(read: Any, labels: str, rows: str, n: str = "") -> tuple[dict[str, Any], list[str]]:
    result = read(f"#S 1 x\n{n}{labels}\n{rows}\n")
    return items(result.scan, "columns"), result.told()


def test_labels_may_have_single_blanks_and_signs(read: Any) -> None:
    found, told = columns(read, "#L Two Theta  K [1/A]  det.x(%)   a/b ", "1 2 3 4\n")
    assert list(found) == ["Two Theta", "K [1/A]", "det.x(%)", "a/b"]
    assert told == []


def test_labels_with_tabs_between_are_split(read: Any) -> None:
    assert list(columns(read, "#L a\tb c\t d", "1 2 3\n")[0]) == ["a", "b c", "d"]


def test_labels_with_single_blanks_between_are_split_if_the_number_fits(read: Any) -> None:
    found, told = columns(read, "#L a b c", "1 2 3\n")
    assert list(found) == ["a", "b", "c"]
    assert told == []


def test_one_single_blank_among_the_separators_is_found(read: Any) -> None:
    # "det mon" are two labels; "Two Theta" cannot be split as well
    found, told = columns(read, "#L Two Theta  a b c  det", "1 2 3 4 5\n")
    assert list(found) == ["Two Theta", "a", "b", "c", "det"]
    assert told == []


def test_columns_without_a_label_are_called_by_their_number_and_told(read: Any) -> None:
    found, told = columns(read, "#L a  b", "1 2 3 4\n5 6 7 8\n")
    assert found == {"a": [1.0, 5.0], "b": [2, 6], "column_3": [3, 7], "column_4": [4, 8]}
    assert told == ["2: #L names 2 columns, the rows have 4 values\n  hint: the others are called column_3 ..."]


def test_labels_without_a_column_are_told(read: Any) -> None:
    found, told = columns(read, "#L a  b  c  d", "1 2\n3 4\n")
    assert found == {"a": [1.0, 3.0], "b": [2, 4]}
    assert told == ["2: #L names 4 columns, the rows have 2 values\n  hint: there are no values of 'c', 'd'"]


def test_rows_without_labels_are_read_and_told(read: Any) -> None:
    found, told = columns(read, "#N 2", "1 2.5\n3 4.5\n")
    assert found == {"column_1": [1.0, 3.0], "column_2": [2.5, 4.5]}
    assert told == [
        "1: there is no #L line, the rows have 2 values\n  hint: the columns are called column_1, column_2 ..."
    ]


def test_columns_of_the_same_label_are_numbered(read: Any) -> None:
    result = read("#S 1 x\n#L a  I0  I0  I0_1  I0\n1 2 3 4 5\n")
    assert items(result.scan, "columns") == {"a": [1.0], "I0": [2], "I0_2": [3], "I0_1": [4], "I0_3": [5]}
    assert [field.long_name for field in result.scan.columns.values()] == [None, None, "I0", None, "I0"]


@given(st.lists(st.text(alphabet="ab_1", max_size=4), max_size=12))
def test_unique_names_are_unique_and_keep_what_is_unique_already(names: list[str]) -> None:
    result = unique(tuple(names))
    assert len(set(result)) == len(result) == len(names)
    for name, new in zip(names, result, strict=True):
        assert new.startswith(name or "unnamed")
        if name and names.count(name) == 1:
            assert new == name


@given(st.lists(st.from_regex(r"[a-zA-Z/.()%]+( [a-z]+)?", fullmatch=True), min_size=1, max_size=8))
def test_names_with_two_blanks_between_are_found_again(names: list[str]) -> None:
    assert split_names("  ".join(names)) == tuple(names)
    assert split_names("   " + "\t".join(names) + "  ") == tuple(names)


def test_a_second_line_of_labels_before_the_rows_goes_on_with_the_first_if_that_fits(read: Any) -> None:
    assert list(columns(read, "#L a  b\n#L c  d", "1 2 3 4\n")[0]) == ["a", "b", "c", "d"]


def test_of_two_lines_of_labels_the_one_that_fits_counts(read: Any) -> None:
    assert list(columns(read, "#L a  b  c\n#L p  q", "1 2\n")[0]) == ["p", "q"]
    assert list(columns(read, "#L a  b\n#L p  q  r", "1 2\n")[0]) == ["a", "b"]


def test_a_line_of_labels_after_the_first_rows_is_told(read: Any) -> None:
    found, told = columns(read, "#L a  b", "1 2\n#L p  q\n3 4\n")
    assert found == {"a": [1.0, 3.0], "b": [2, 4]}
    assert told == [
        "4: there is another #L line after the first rows, one expected\n"
        "  hint: the columns keep the names before it; the line is in the header"
    ]


def test_a_label_called_like_the_first_array_is_an_ordinary_column(read: Any) -> None:
    result = read("#S 1 x\n#L a  mca_0\n1 2\n@A 5 6\n")
    assert items(result.scan, "columns") == {"a": [1.0], "mca_0": [2]}
    assert list(result.scan.detectors) == ["mca_0"]


# --- types


def test_integers_stay_integers_and_motors_are_always_float64(read: Any) -> None:
    scan = read(
        "#F a\n#O0 tth  th\n\n#S 1 ascan th 0 1 1 1\n#P0 1 2\n#L th  tth  cnt  mixed  Epoch\n0 1 2 3 4\n1 1 2 3.0 4\n"
    ).scan
    assert {name: field.value.dtype.str for name, field in scan.columns.items()} == {
        "th": "<f8",
        "tth": "<f8",
        "cnt": "<i8",
        "mixed": "<f8",
        "Epoch": "<i8",
    }
    assert all(field.dims == ("point",) for field in scan.columns.values())


def test_large_integers_keep_every_digit(read: Any) -> None:
    scan = read(f"#S 1 x\n#L m  a  b\n0 9007199254740993 {2**64 - 1}\n1 -9223372036854775808 5\n").scan
    assert scan.columns["a"].value.dtype == np.int64
    assert scan.columns["a"].value.tolist() == [9007199254740993, -9223372036854775808]
    assert scan.columns["b"].value.dtype == np.uint64
    assert scan.columns["b"].value.tolist() == [2**64 - 1, 5]


def test_integers_that_fit_no_integer_type_are_rounded_and_told(read: Any) -> None:
    result = read(f"#S 1 x\n#L m  a\n0 {2**64}\n1 -5\n")
    assert result.scan.columns["a"].value.dtype == np.float64
    assert result.scan.columns["a"].value.tolist() == [2.0**64, -5.0]
    assert result.told() == [
        "2: 'a' has integers of more than 64 bits, at most 18446744073709551615 expected\n"
        "  hint: they are rounded to floating-point numbers"
    ]


# --- dates

NAIVE = datetime(2016, 2, 11, 9, 55, 20)
ZONE = timezone(timedelta(hours=1))
DATES = {
    "Thu Feb 11 09:55:20 2016": NAIVE,
    "Thu Feb  1 09:55:20 2016": datetime(2016, 2, 1, 9, 55, 20),
    "Thu Feb 01 09:55:20 2016": datetime(2016, 2, 1, 9, 55, 20),
    "Thu Feb 11 09:55:20 +01:00 2016": NAIVE.replace(tzinfo=ZONE),
    "Thu Feb 11 09:55:20 UTC 2016": NAIVE.replace(tzinfo=timezone.utc),
    "Thu Feb 11 09:55:20 2016 +0100": NAIVE.replace(tzinfo=ZONE),
    "Sat 2015/03/14 03:53:50": datetime(2015, 3, 14, 3, 53, 50),
    "2015/03/14 03:53:50": datetime(2015, 3, 14, 3, 53, 50),
    "1455180875.25": datetime(2016, 2, 11, 8, 54, 35, 250000, timezone.utc),
    "1455180875": datetime(2016, 2, 11, 8, 54, 35, tzinfo=timezone.utc),
    "09/15/17 04:39:10": datetime(2017, 9, 15, 4, 39, 10),
    "09/15/2017 04:39:10 PM": datetime(2017, 9, 15, 16, 39, 10),
    "09/15/98 12:39:10 am": datetime(1998, 9, 15, 0, 39, 10),
    "15/09/17 04:39:10": datetime(2017, 9, 15, 4, 39, 10),
    "2016-02-11T09:55:20": NAIVE,
    "2016-02-11 09:55:20.5": NAIVE.replace(microsecond=500000),
    "2016-02-11T09:55:20.123456789+01:00": NAIVE.replace(microsecond=123456, tzinfo=ZONE),
    "2016-02-11T09:55:20-0330": NAIVE.replace(tzinfo=timezone(-timedelta(hours=3, minutes=30))),
    "2016-02-11T09:55:20Z": NAIVE.replace(tzinfo=timezone.utc),
    "2016-02-11": datetime(2016, 2, 11),
    "11 February 2016 09:55": datetime(2016, 2, 11, 9, 55),
    "Thu, 11 Feb 2016 09:55:20": NAIVE,
    " Thu Feb 11 09:55:20 2016 ": NAIVE,
    "Thu Oct 28 17:23:15 2021": datetime(2021, 10, 28, 17, 23, 15),
}


@pytest.mark.parametrize("text", DATES)
def test_every_form_of_date_is_read(text: str, read: Any) -> None:
    scan = read(f"#S 1 x\n#D {text}\n#L a\n1\n").scan
    assert scan.start_time == DATES[text]
    assert scan.start_time.tzinfo == DATES[text].tzinfo
    assert scan.metadata["date"].value == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "26 Septimebr 2000",
        "yesterday",
        "Thu Feb 31 09:55:20 2016",
        "Thu Foo 11 09:55:20 2016",
        "99/99/17 04:39:10",
        "13/13/17 04:39:10",
        "2016-02-11T25:00:00",
        "5",
        "9" * 30,
        "09/15/17 13:00:00 PM",
        "0000-01-01",
        "2016-02-11T09:55:20+99:99",
    ],
)
def test_a_date_that_cannot_be_read_is_kept_as_text_and_told(text: str, read: Any) -> None:
    result = read(f"#S 1 x\n#D {text}\n#L a\n1\n")
    assert result.scan.start_time is None
    assert result.scan.metadata["date"].value == text
    assert result.told() == [
        f"2: '{text}' is not a date, a date such as 'Thu Feb 11 09:55:20 2016' expected\n"
        "  hint: the text is kept; the scan has no start time"
    ]


def test_a_missing_or_empty_date_is_no_problem(read: Any) -> None:
    for line in ("", "#D \n", "#D\n"):
        result = read(f"#F a\n#D Thu Feb 11 09:55:20 2016\n\n#S 1 x\n{line}#L a\n1\n")
        assert result.scan.start_time is None
        assert result.scan.metadata["file_date"].value == "Thu Feb 11 09:55:20 2016"
        assert result.told() == []


@given(st.text(max_size=40))
def test_arbitrary_text_is_a_date_or_none(text: str) -> None:
    parse_date(text)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2100, 1, 1)))
def test_a_date_written_by_spec_is_read_again(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert parse_date(moment.strftime("%a %b %d %H:%M:%S %Y")) == moment
    assert parse_date(moment.strftime("%a %Y/%m/%d %H:%M:%S")) == moment
    assert parse_date(moment.isoformat()) == moment


# --- the end of a scan


def ended(read: Any, header: str, date: str, rows: str, label: str = "Epoch") -> datetime | None:
    scan = read(f"#F a\n{header}\n\n#S 1 ascan a 0 1 1 1\n{date}#L a  {label}  d\n{rows}").scan
    assert isinstance(scan, Scan)
    return scan.end_time


#: 2016-02-11 09:54:35 in Paris, 08:54:35 UTC
PARIS = "#E 1455180875\n#D Thu Feb 11 09:54:35 2016"


def test_the_end_time_is_that_of_the_last_epoch_by_the_clock_of_the_file(read: Any) -> None:
    rows = "0 105 1\n1 165 1\n"
    assert ended(read, PARIS, "#D Thu Feb 11 09:56:15 2016\n", rows) == datetime(2016, 2, 11, 9, 57, 20)


def test_the_clock_follows_from_the_first_point_where_the_header_does_not_tell(read: Any) -> None:
    rows = "0 105 1\n1 165 1\n"
    assert ended(read, "#E 1455180875", "#D Thu Feb 11 09:56:15 2016\n", rows) == datetime(2016, 2, 11, 9, 57, 20)


def test_the_end_time_has_the_zone_of_the_start_time(read: Any) -> None:
    rows = "0 105 1\n1 165 1\n"
    end = ended(read, PARIS, "#D 2016-02-11T09:56:15+01:00\n", rows)
    assert end == datetime(2016, 2, 11, 9, 57, 20, tzinfo=ZONE)
    assert end is not None
    assert end.utcoffset() == timedelta(hours=1)


def test_without_a_start_time_the_end_time_is_in_utc(read: Any) -> None:
    assert ended(read, PARIS, "", "0 105 1\n1 165 1\n") == datetime(2016, 2, 11, 8, 57, 20, tzinfo=timezone.utc)


def test_an_epoch_column_may_hold_absolute_times(read: Any) -> None:
    rows = "0 1455180980 1\n1 1455181040.5 1\n"
    for label in ("Epoch", "epoch"):
        end = ended(read, "#E 1", "#D Thu Feb 11 09:56:15 2016\n", rows, label)
        assert end == datetime(2016, 2, 11, 9, 57, 20, 500000)


def test_bluesky_counts_its_epoch_from_the_start_of_the_scan(read: Any) -> None:
    rows = "0.5 1 2\n7.25 8 3\n"
    start = datetime(2016, 2, 11, 9, 50)
    text = f"#F a\n{PARIS}\n\n#S 1 tune()\n#D Thu Feb 11 09:50:00 2016\n#L Epoch_float  Epoch  d\n"
    assert read(text + rows).scan.end_time == start + timedelta(seconds=7.25)
    assert read(text + "nan 1 2\n").scan.end_time is None
    assert read(text).scan.end_time is None
    assert read(text.replace("#D Thu Feb 11 09:50", "#Dx") + rows).scan.end_time is None


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("", "0 105 1\n1 165 1\n"),
        (PARIS, "0 105 1\n1 nan 1\n"),
        (PARIS, "0 165 1\n1 105 1\n"),
        (PARIS, "0 5 1\n1 65 1\n"),
        (PARIS, "0 200000 1\n1 200010 1\n"),
        (PARIS, ""),
        ("#E nonsense", "0 105 1\n1 165 1\n"),
        ("#E 1e300", "0 105 1\n1 165 1\n"),
    ],
)
def test_epochs_that_make_no_sense_give_no_end_time(header: str, rows: str, read: Any) -> None:
    assert ended(read, header, "#D Thu Feb 11 09:56:15 2016\n", rows) is None


@given(
    st.integers(-48, 56),
    st.integers(0, 290),
    st.integers(0, 100_000),
)
def test_the_local_clock_is_found_from_the_first_point(quarters: int, delay: int, duration: int) -> None:
    utc = datetime(2016, 2, 11, 8, 0, 0, tzinfo=timezone.utc)
    start = utc.replace(tzinfo=None) + timedelta(seconds=900 * quarters)
    end = end_from_epoch(start, utc.timestamp() + delay, utc.timestamp() + delay + duration, None)
    assert end == start + timedelta(seconds=delay + duration)


def test_sardana_says_when_it_started_and_ended(read: Any) -> None:
    scan = read(
        "#S 1 ascan x 0 1 1 1\n#U p09user\n#D 1505468350.0\n#C Acquisition started at Fri Sep 15 11:39:10 2017\n"
        "#N 2\n#L Pt_No  x  d\n0 0 5\n1 1 6\n#C Acquisition ended at Fri Sep 15 11:41:10 2017\n"
    ).scan
    # the date is in UTC, the comments in local time: together they tell the zone
    zone = timezone(timedelta(hours=2))
    assert scan.start_time == datetime(2017, 9, 15, 11, 39, 10, tzinfo=zone)
    assert scan.end_time == datetime(2017, 9, 15, 11, 41, 10, tzinfo=zone)
    assert scan.start_time.utcoffset() == scan.end_time.utcoffset() == timedelta(hours=2)
    assert scan.user["name"].value == "p09user"
    assert list(scan.axes) == ["x"]


def test_sardana_dates_that_contradict_each_other_tell_no_zone(read: Any) -> None:
    scan = read(
        "#S 1 x\n#D 1505468350.0\n#C Acquisition started at Fri Sep 15 11:33:10 2017\n#L a\n1\n"
        "#C Acquisition ended at Fri Sep 15 11:41:10 2017\n"
    ).scan
    assert scan.start_time == datetime(2017, 9, 15, 9, 39, 10, tzinfo=timezone.utc)
    assert scan.end_time == datetime(2017, 9, 15, 11, 41, 10)


def test_sardana_without_a_date_starts_when_its_comment_says(read: Any) -> None:
    scan = read("#S 1 x\n#C Acquisition started at Fri Sep 15 11:39:10 2017\n#L a\n1\n").scan
    assert scan.start_time == datetime(2017, 9, 15, 11, 39, 10)


# --- everything else


def test_facts_of_the_file_header_are_with_every_scan(read: Any) -> None:
    scan = read(
        "#F /data/a b.spec\n#E 918630612.5\n#D Wed Feb 10 01:10:12 1999\n#C spec1ID  User = polar\n#C more\n\n"
        "#S 1 x\n#L a\n1\n"
    ).scan
    assert {name: scan.metadata[name].value for name in ("file_name", "epoch", "file_date", "application")} == {
        "file_name": "/data/a b.spec",
        "epoch": 918630612.5,
        "file_date": "Wed Feb 10 01:10:12 1999",
        "application": "spec1ID",
    }
    assert scan.user["name"].value == "polar"
    assert scan.notes["file_header"].value == (
        "#F /data/a b.spec\n#E 918630612.5\n#D Wed Feb 10 01:10:12 1999\n#C spec1ID  User = polar\n#C more"
    )


@pytest.mark.parametrize(
    ("comment", "application", "user"),
    [
        ("psic6IDD User = user6idd", "psic6IDD", "user6idd"),
        ("psic User= u", "psic", "u"),
        ("BlueSky  user = usaxs  host = usaxscontrol", "BlueSky", "usaxs"),
        ("twoc", "twoc", None),
        ("just some words", None, None),
        ("User = me", None, "me"),
        ("", None, None),
    ],
)
def test_the_first_comment_names_application_and_user(
    comment: str, application: str | None, user: str | None, read: Any
) -> None:
    scan = read(f"#F a\n#C {comment}\n\n#S 1 x\n#L a\n1\n").scan
    assert (scan.metadata["application"].value if "application" in scan.metadata else None) == application
    assert (scan.user["name"].value if "name" in scan.user else None) == user


def test_an_empty_file_name_is_no_problem(read: Any) -> None:
    for line in ("#F", "#F "):
        assert "file_name" not in read(f"{line}\n#E 5\n\n#S 1 x\n#L a\n1\n").scan.metadata


def test_counting_to_time_is_a_preset_time(read: Any) -> None:
    scan = read("#S 1 x\n#T 1.5  (Seconds)\n#L a\n1\n").scan
    assert items(scan, "monitor") == {"mode": "timer", "preset": 1.5}
    assert (scan.metadata["count_time"].value, scan.metadata["count_time"].units) == (1.5, "s")


def test_counting_to_monitor_is_a_preset_count_and_finds_its_column(read: Any) -> None:
    scan = read("#S 1 x\n#M 20000  (I0)\n#L a  I0  d\n1 20001 3\n").scan
    assert items(scan, "monitor") == {"mode": "monitor", "preset": 20000.0, "name": "I0", "data": [20001]}
    assert scan.monitor["data"] is scan.columns["I0"]
    assert scan.metadata["monitor_counts"].value == 20000.0


def test_a_preset_that_is_no_number_is_left_to_the_header(read: Any) -> None:
    scan = read("#S 1 x\n#T forever\n#M\n#L a\n1\n").scan
    assert scan.monitor == {}
    assert scan.notes["scan_header"].value == "#S 1 x\n#T forever\n#M\n#L a"


def test_hkl_geometry_and_intensity_factor(read: Any) -> None:
    scan = read("#S 1 x\n#G0 0 0 1\n#G4 0.5 nan\n#G7 no numbers\n#Q 1 2 3.5\n#I 2.5\n#X 300K\n#L a\n1\n").scan
    metadata = items(scan, "metadata")
    assert metadata["G0"] == [0, 0, 1]
    assert metadata["G4"][0] == 0.5
    assert "G7" not in metadata
    assert (metadata["hkl"], metadata["intensity_factor"]) == ([1, 2, 3.5], 2.5)
    assert metadata["temperature_setpoint"] == "300K"


def test_an_empty_hkl_is_no_problem(read: Any) -> None:
    result = read("#S 1 x\n#Q \n#I\n#L a\n1\n")
    assert "hkl" not in result.scan.metadata
    assert result.told() == []


G1 = "#G1 1.54 1.6 1.7 90 91 92 4.07 4.07 4.07 90 90 90 1 0 0 0 1 0 60 30 0"
G3 = "#G3 1 2 3 4 5 6 7 8 9"


def test_the_lattice_and_ub_matrix_come_from_g1_and_g3(read: Any) -> None:
    scan = read(f"#S 1 x\n{G1}\n{G3}\n#L a\n1\n").scan
    assert items(scan, "sample") == {
        "unit_cell_abc": [1.54, 1.6, 1.7],
        "unit_cell_alphabetagamma": [90, 91, 92],
        "ub_matrix": [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
    }
    assert scan.sample["unit_cell_abc"].units == "angstrom"
    assert scan.sample["unit_cell_alphabetagamma"].units == "degree"


@pytest.mark.parametrize(
    "lines",
    [
        "#G1 " + "0 " * 30 + "\n#G3 " + "0 " * 9,
        "#G1 6.28 6.28 90 1 1 90 1 0 60 30 0\n#G3 1 0 0 1",
        "#G1 0\n#G3 0",
        "#G1\n#G3",
    ],
)
def test_a_geometry_without_three_dimensions_gives_no_lattice(lines: str, read: Any) -> None:
    assert read(f"#S 1 x\n{lines}\n#L a\n1\n").scan.sample == {}


def test_comments_user_lines_and_results_are_lists(read: Any) -> None:
    scan = read("#S 1 x\n#C one\n#U u1 \n#U\n#L a\n1\n#C two\n#R fit 1 2\n#UB x\n2\n").scan
    assert scan.metadata["comments"].value == ["one", "two"]
    assert scan.metadata["user_lines"].value == ["u1", ""]
    assert scan.metadata["results"].value == ["fit 1 2"]
    assert scan.points == 2


def test_unicat_labels_and_values_are_paired(read: Any) -> None:
    scan = read(
        "#F a\n#H0  SR_current     SR_fill   SR status\n#H1 hkl  E\n#H2 8 8 8\n\n"
        "#S 1 x\n#Q 1 0 0\n#V0  102.0  1  On Line  spare\n#V1 7 8.5\n#V9 1 2 3\n#V text\n#L a\n1\n"
    ).scan
    metadata = items(scan, "metadata")
    assert metadata["SR_current"] == 102.0
    assert metadata["SR_fill"] == 1.0
    assert metadata["SR status"] == "On Line"
    assert metadata["hkl"] == [1, 0, 0]
    # the name is taken by #Q
    assert (metadata["hkl_1"], scan.metadata["hkl_1"].long_name, metadata["E"]) == (7.0, "hkl", 8.5)


def test_values_without_unicat_labels_stay_in_the_header(read: Any) -> None:
    result = read("#S 1 x\n#V0 1 2 3\n#H1 8 8 8\n#L a\n1\n")
    assert list(result.scan.metadata) == []
    assert result.told() == []


def test_bluesky_metadata_are_pairs(read: Any) -> None:
    scan = read("#S 1 x\n#MD uid = 25fc = x\n#MD tune_md = {'width': -0.004}\n#MD nothing\n#MD = 5\n#L a\n1\n").scan
    assert items(scan, "metadata") == {"uid": "25fc = x", "tune_md": "{'width': -0.004}"}


def test_xml_fragments_are_joined(read: Any) -> None:
    scan = read('#S 1 x\n#UXML <group name="a">\n#UXML   <dataset/>\n#UXML </group>\n#L a\n1\n').scan
    assert scan.metadata["uxml"].value == '<group name="a">\n  <dataset/>\n</group>'


def test_the_machine_status_has_values_with_single_blanks(read: Any) -> None:
    scan = read(
        "#S 1 x\n#UMI0     Current AutoM      Shutter\n#UMI1      192.51   OFF     FE open\n"
        "#UMI2 Refill in 39883 sec, Fill Mode: uniform\n#L a\n1\n"
    ).scan
    assert items(scan, "metadata") == {
        "UMI.Current": 192.51,
        "UMI.AutoM": "OFF",
        "UMI.Shutter": "FE open",
        "UMI.text": "Refill in 39883 sec, Fill Mode: uniform",
    }


def test_a_machine_status_that_does_not_fit_stays_text(read: Any) -> None:
    scan = read("#S 1 x\n#UMI0 Current AutoM\n#UMI1 192.51 OFF FE open\n#L a\n1\n").scan
    assert items(scan, "metadata") == {"UMI.status": "192.51 OFF FE open"}


def test_a_very_long_control_line_is_cut_and_told(read: Any) -> None:
    result = read("#S 1 x\n#C " + "x" * 2_000_000 + "\n#U y\n#L a\n1\n")
    assert len(result.scan.metadata["comments"].value[0]) == (1 << 20) - 2
    assert result.scan.metadata["user_lines"].value == ["y"]
    assert result.told() == [
        "2: line of 2000002 bytes, at most 1048576 expected\n  hint: the rest of the line is left out"
    ]
    assert result.scan.problems[0].severity == "lost"


def test_very_many_control_lines_are_left_out_and_told(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "LONGEST_HEAD", 1000)
    result = read("#S 1 x\n#L a\n1\n" + "#C y\n" * 100 + "2 #C glued\n")
    assert result.scan.points == 2
    assert len(result.scan.metadata["comments"].value) == 12
    assert result.told() == [
        "16: 88 control lines after very many others, fewer expected\n  hint: they are left out",
        "104: 1 control lines after very many others, fewer expected\n  hint: they are left out",
    ]


def test_every_control_line_is_kept_word_for_word_and_in_order(read: Any) -> None:
    lines = "#S 1  x\n#WA  1 2 \n#MODE\n#----- a line\n# free\n#ATT 5\n#UCELL 3\n#CR x\n#L a  b"
    scan = read(f"{lines}\n1 2\n#C between\nfree text here\n3 4\n#C after\n").scan
    assert scan.notes["scan_header"].value == f"{lines}\n#C between\nfree text here\n#C after"
    assert scan.metadata["free_text"].value == ["free text here"]
    assert scan.points == 2


def test_free_lines_of_a_file_header_are_kept(read: Any) -> None:
    scan = read("#F a\nthis file was made by hand\n#D x\n\n#S 1 x\n#L a\n1\n").scan
    assert scan.notes["file_header"].value == "#F a\nthis file was made by hand\n#D x"


def test_a_start_with_fraction_and_zone_is_taken_where_its_clock_is_that_of_the_date(read: Any) -> None:
    text = "#S 1 x\n#D Fri Sep 15 11:39:10 2017\n#C Acquisition started at {}\n#L a\n1\n"
    scan = read(text.format("2017-09-15T11:39:10.123456+02:00")).scan
    assert scan.start_time.isoformat() == "2017-09-15T11:39:10.123456+02:00"
    scan = read(text.format("2017-09-15T11:40:10.123456+02:00")).scan
    assert scan.start_time.isoformat() == "2017-09-15T11:39:10"
