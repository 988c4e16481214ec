"""Triple-axis files line by line: header, columns, scanned axes, spectra, and what is told about odd ones."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasgen
from tasgen import Tas, simple

from nxconvert.errors import ReadError
from nxconvert.readers.ill.tas import TasFile, sniff_tas
from nxconvert.readers.ill.tas_command import parse_command
from nxconvert.readers.ill.tas_text import find_date, number
from nxconvert.scan import Scan
from nxconvert.streams import open_source


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Give a function that reads a file of these bytes (or this Tas) and gives its scan."""

    def read(made: bytes | Tas, name: str = "012345") -> Scan:
        path = tmp_path / name
        path.write_bytes(made if isinstance(made, bytes) else made.data)
        with TasFile(open_source(str(path))) as file:
            (scan,) = file
        return scan

    return read


def told(scan: Scan) -> list[str]:
    """Give the problems as text, the file's folder left out."""
    folder = str(Path(scan.place.path).parent) + "/"
    return [str(problem).removeprefix(folder) for problem in scan.problems]


def with_line(tas: Tas, key: str, *lines: str) -> Tas:
    """Replace the header lines of a key."""
    at = next((at for at, line in enumerate(tas.header) if line.startswith(key)), len(tas.header))
    tas.header = [line for line in tas.header if not line.startswith(key)]
    tas.header[at:at] = lines
    return tas


# --- recognising


def test_sniff_tells_scans_with_and_without_wrapper_from_numors_and_gives_reasons() -> None:
    head = simple().data
    assert sniff_tas(head, "x").confidence == 1.0
    assert sniff_tas(simple(line_end="\r\n").data, "x").confidence == 1.0
    assert sniff_tas(b"\n \n" + head, "x").confidence == 1.0
    bare = simple(with_wrapper=False).data
    assert sniff_tas(bare, "x").confidence == 1.0
    assert sniff_tas(bare[: bare.index(b"DATA_")], "x").confidence == 0.7
    numor = head.replace(b"V" * 80, b"F" * 80)
    reasons = {
        b"": "the file is empty",
        b"#S 1 ascan": "it begins neither with a line of 80 letters R nor with INSTR:",
        numor: "a numor with a block of numbers (FFF...), not of text (VVV...)",
        numor.replace(b"F" * 80, b"A" * 80): "a numor (RRR...) without a block of text (VVV...)",
    }
    for data, reason in reasons.items():
        match = sniff_tas(data, "x")
        assert (match.confidence, match.reason) == (0.0, reason)
    assert sniff_tas(b"INSTR: a laser\nPOWER: 3\n", "x").confidence == 0.2


# --- header


def test_header_values_keep_their_namespaces(read: Any) -> None:
    scan = read(simple())
    assert (scan.number, scan.order, scan.title) == (12345, 1, "a test, with a comma")
    assert scan.start_time == datetime(2024, 1, 2, 3, 4, 5)
    assert scan.command == "SC GL 0 DGL 0.5 NP 3 TI 1"
    assert {name: item.value for name, item in scan.positioners.items()} == {"A1": -20.59, "A2": -41.18, "GL": -0.5}
    assert scan.metadata["ZEROS_A1"].value == 1.77
    assert scan.metadata["PARAM_DM"].value == 3.355
    assert scan.metadata["PARAM_FX"].value == 2.0
    assert scan.metadata["POSQE_UN"].value == "meV"
    assert scan.user["local_contact"].value == "contact"
    assert scan.metadata["experiment_identifier"].value == "4-01-1"
    assert scan.user["name"].value == "somebody"
    assert scan.instrument["name"].value == "IN99"
    assert scan.notes["header"].value.startswith("R" * 80 + "\n   12345")
    assert scan.notes["header"].value.endswith("TIME      CNTS")
    assert told(scan) == []


def test_pairs_are_cut_at_commas_whatever_the_blanks(read: Any) -> None:
    lines = ["PARAM: FX= 1.,KFIX =2.662,SM=-1 , SA=-2,SS=1,", "PARAM: ETAM=1.5D1, MN=********, WORD=some text"]
    scan = read(with_line(simple(), "PARAM", *lines))
    found = {name: item.value for name, item in scan.metadata.items() if name.startswith("PARAM_")}
    assert math.isnan(found.pop("PARAM_MN"))
    assert found == {
        "PARAM_FX": 1.0,
        "PARAM_KFIX": 2.662,
        "PARAM_SM": -1.0,
        "PARAM_SA": -2.0,
        "PARAM_SS": 1.0,
        "PARAM_ETAM": 15.0,
        "PARAM_WORD": "some text",
    }


def test_a_repeated_name_overwrites_within_its_key_only(read: Any) -> None:
    tas = with_line(simple(), "VARIA", "VARIA: STL=1.0, A1= -20.59", "VARIA: STL=2.0", "VARIA: ")
    tas = with_line(tas, "ZEROS", "ZEROS: STL=3.0", "TARGET: A1=-21.0, STL=4.0", "TARGE: GL=0.5")
    scan = read(tas)
    assert {name: item.value for name, item in scan.positioners.items()} == {"STL": 2.0, "A1": -20.59}
    assert scan.metadata["ZEROS_STL"].value == 3.0
    assert [scan.metadata[f"TARGET_{name}"].value for name in ("A1", "STL", "GL")] == [-21.0, 4.0, 0.5]


def test_keys_in_other_spellings_are_the_same_keys(read: Any) -> None:
    tas = simple()
    tas.header = [
        line.replace("USER_:", "user :").replace("TITLE:", " title:").replace("FILE_: ", "FILE:") for line in tas.header
    ]
    scan = read(tas.data.replace(b"DATA_:", b"DATA_: \t "))
    assert (scan.user["name"].value, scan.title, scan.metadata["file_name"].value) == (
        "somebody",
        "a test, with a comma",
        "012345",
    )
    assert scan.points == 3


def test_the_script_of_the_polarisation_keeps_its_lines(read: Any) -> None:
    scan = read(with_line(simple(), "POLAN", "POLAN: i1 1.5", "POLAN: co", "POLAN: i1 -1.5", "POLAN: co"))
    assert scan.metadata["POLAN"].value == ["i1 1.5", "co", "i1 -1.5", "co"]
    assert scan.metadata["POLAN"].dims == ("line",)


def test_without_wrapper_the_number_is_that_of_the_file_key_or_of_the_file_itself(read: Any) -> None:
    assert read(simple(with_wrapper=False)).number == 12345
    assert read(with_line(simple(with_wrapper=False), "FILE_", "FILE_: MnFeSi_0099.scn")).number == 99
    assert read(with_line(simple(with_wrapper=False), "FILE_", "FILE_:"), "run7.scn").number == 7
    assert read(with_line(simple(with_wrapper=False), "FILE_"), "run").number == 1


def test_the_wrapper_gives_what_empty_keys_do_not(read: Any) -> None:
    tas = with_line(with_line(with_line(simple(), "INSTR", "INSTR: "), "USER_", "USER_:"), "DATE_", "DATE_: ")
    scan = read(tas)
    assert (scan.instrument["name"].value, scan.user["name"].value) == ("IN99", "somebody")
    assert scan.start_time == datetime(2024, 1, 2, 3, 4, 5)
    glued = tas.data.replace(b"IN99  somebody    02-Jan-24", b"IN12  E. Somebodi02-Jan-24")
    assert read(glued).user["name"].value == "E. Somebodi"


def test_nul_bytes_in_the_wrapper_are_blanks_and_told(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(simple().data.replace(b"IN99  somebody", b"\0\0\0\0\0\0somebody"))
    with TasFile(open_source(str(path))) as file:
        (scan,) = file
        assert [str(problem) for problem in file.problems] == [
            f"{path}:6: there are NUL bytes in this line, text expected\n"
            "  hint: they are read as blanks, here and in what follows"
        ]
        assert file.position == file.size
        assert [source.size for source in file.sources()] == [path.stat().st_size]
    assert scan.points == 3


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("11-MAR-97 19:20:06", datetime(1997, 3, 11, 19, 20, 6)),
        ("04-May-2021 19:20:06", datetime(2021, 5, 4, 19, 20, 6)),
        ("2021-05-04 19:20:06", datetime(2021, 5, 4, 19, 20, 6)),
        ("Wed Jul 13 18:00:49 2016", datetime(2016, 7, 13, 18, 0, 49)),
        ("31-Feb-10 11:07:23", None),
        ("11-Mai-10 11:07:23", None),
        ("", None),
    ],
)
def test_dates_of_every_control_system(text: str, date: datetime | None) -> None:
    assert find_date(text) == date


def test_a_date_that_is_none_is_told(read: Any) -> None:
    scan = read(with_line(simple(), "DATE_", "DATE_: last Tuesday"))
    assert scan.start_time is None
    assert told(scan) == [
        "012345:13: 'last Tuesday' is not a date, a date such as '31-Oct-10 11:07:23' expected\n"
        "  hint: the text is kept; the scan has no start time"
    ]
    assert scan.metadata["date"].value == "last Tuesday"


@pytest.mark.parametrize(
    ("text", "value"),
    [("20732.", 20732.0), ("-.5", -0.5), ("1.5D-3", 0.0015), ("1.234-101", 1.234e-101), ("-1.5+110", -1.5e110)],
)
def test_numbers_as_fortran_writes_them(text: str, value: float) -> None:
    assert number(text) == value


def test_stars_are_not_a_number_and_words_are_none() -> None:
    assert math.isnan(number("*****") or 0.0)
    assert [number(text) for text in ("in", "", "1_0", "12-", "1-2-3", "1.5-10", "--1", "0x1")] == [None] * 8


# --- commands and axes


def test_sc_is_centred_and_bs_begins_at_its_position() -> None:
    command = parse_command("sc qh 1 0 0 0 dqh .003 0 0 0 np 15 ti 2")
    assert command.points == 15
    assert (command.mode, command.preset) == ("timer", 2.0)
    assert command.first == pytest.approx({"QH": 0.979, "QK": 0.0, "QL": 0.0, "EN": 0.0})
    assert command.step == {"QH": 0.003, "QK": 0.0, "QL": 0.0, "EN": 0.0}
    begun = parse_command("BS QH 0.5  0   3   1.8   DQH 0 0 0 -0.1  NP 9  MN 10000000")
    assert (begun.mode, begun.preset, begun.first["EN"], begun.step["EN"]) == ("monitor", 1e7, 1.8, -0.1)
    motor = parse_command("SC GL -1 DGL -0.25 NP 57")
    assert (motor.first, motor.step, motor.mode) == ({"GL": 6.0}, {"GL": -0.25}, "")
    two = parse_command("bs d1t 5 a3 10 dd1t 0.5 da3 -1 np 3 mn 4000 fcu 0")
    assert (two.first, two.step, two.points) == ({"D1T": 5.0, "A3": 10.0}, {"D1T": 0.5, "A3": -1.0}, 3)
    for other in ("", "qcscan((1, 0, 0), (0, 0, 0.1), 5)", "fs", "sc", "sc np x", "bs np 1e99"):
        assert parse_command(other).points is None


def test_steps_say_which_columns_were_scanned_with_and_without_d(read: Any) -> None:
    rows = [[str(at + 1), f"{at}.5", f"{at}.25", f"{at}.125", "5."] for at in range(3)]
    names = "PNT QH QL D1T CNTS"
    for steps, axes in (
        ("DQH= 0.1, DQK=0.0, DQL= 0.2", ["QH", "QL"]),
        ("QL=-0.1", ["QL"]),
        ("D1T=0.5", ["D1T"]),
        ("QH=0.0, D1T=0.0", []),
    ):
        scan = read(with_line(simple(rows, names), "STEPS", f"STEPS: {steps}"))
        assert list(scan.axes) == axes
        assert all(scan.columns[name] is scan.axes[name] for name in axes)
        (plot,) = scan.plots.values()
        assert plot.signal is scan.columns["CNTS"]
        assert [axis.name for axis in (*plot.axes, *plot.extra) if axis is not None] == axes


def test_steps_of_text_leave_the_command_to_say_it_and_that_what_moves(read: Any) -> None:
    rows = [[str(at + 1), "1.0", f"{at}.25", f"{at % 2}.0", "5."] for at in range(3)]
    tas = with_line(simple(rows, "PNT QH QL GL CNTS"), "STEPS", "STEPS: DQH=       QL")
    assert list(read(with_line(tas, "COMND", "COMND: sc qh 1 0 0.2 10 dqh 0 0 0.1 0 np 3")).axes) == ["QL"]
    assert list(read(with_line(tas, "COMND", "COMND: qcscan((1, 0, 0), 5)")).axes) == ["QL"]
    assert list(read(with_line(with_line(tas, "STEPS"), "COMND")).axes) == ["QL"]


def test_columns_called_h_k_l_are_found_for_steps_of_q(read: Any) -> None:
    rows = [[str(at + 1), f"1.{at}", "0.0", "0.0", "5"] for at in range(3)]
    scan = read(with_line(simple(rows, "PNT H K L CNTS"), "STEPS", "STEPS: DQH=  0.1000, DQK=  0.0000, "))
    assert list(scan.axes) == ["H"]
    assert scan.columns["H"].units == ""


def test_presets_come_from_the_command_then_from_the_header(read: Any) -> None:
    stars = with_line(simple(), "PARAM: TI", "PARAM: MN=**********")
    scan = read(with_line(stars, "COMND", "COMND: BS GL 0 DGL 0.5 NP 3 MN 10000000"))
    assert (scan.monitor["mode"].value, scan.monitor["preset"].value) == ("monitor", 1e7)
    scan = read(with_line(simple(), "COMND", "COMND: SC GL 0 DGL 0.5 NP 3"))
    assert (scan.monitor["mode"].value, scan.monitor["preset"].value) == ("timer", 1.0)
    assert scan.monitor["preset"].units == "s"
    assert scan.monitor["data"] is scan.columns["M1"]
    assert scan.metadata["first_GL"].value == -0.5


def test_status_compares_the_rows_with_the_points_asked_for(read: Any) -> None:
    assert read(simple()).status == "complete"
    assert read(with_line(simple(), "COMND", "COMND: SC GL 0 DGL 0.5 NP 4")).status == "aborted"
    assert read(with_line(simple(), "COMND", "COMND: something else")).status is None


# --- columns


def test_counters_are_integers_and_motors_are_floats(read: Any) -> None:
    scan = read(simple())
    assert {name: item.value.dtype.str for name, item in scan.columns.items()} == {
        "PNT": "<i8",
        "GL": "<f8",
        "M1": "<i8",
        "M2": "<i8",
        "TIME": "<f8",
        "CNTS": "<i8",
    }
    assert scan.columns["M1"].value.tolist() == [20732, 20968, 20629]
    assert [scan.columns[name].units for name in ("GL", "TIME", "CNTS")] == ["degree", "s", None]


def test_large_and_signed_integers_are_exact(read: Any) -> None:
    big = [["1", "9007199254740993", "18446744073709551615", "-5."], ["2", "-1", "0", "+7."]]
    scan = read(simple(big, "PNT M1 M2 CNTS"))
    assert scan.columns["M1"].value.tolist() == [9007199254740993, -1]
    assert scan.columns["M2"].value.tolist() == [18446744073709551615, 0]
    assert scan.columns["CNTS"].value.tolist() == [-5, 7]
    scan = read(simple([["1", "18446744073709551616"], ["2", "-1"]], "PNT M1"))
    assert scan.columns["M1"].value.dtype == np.float64


def test_a_column_name_given_twice_gets_a_number(read: Any) -> None:
    scan = read(simple([["1", "2.5", "7", "3.5"]], "PNT A3 CNTS A3"))
    assert list(scan.columns) == ["PNT", "A3", "CNTS", "A3_1"]
    assert (scan.columns["A3"].value[0], scan.columns["A3_1"].value[0]) == (2.5, 3.5)
    assert (scan.columns["A3_1"].long_name, scan.columns["A3_1"].units) == ("A3", "degree")


def test_text_columns_are_text(read: Any) -> None:
    rows = [["1", "0.5", "in", "5."], ["2", "1.0", "out", "6."], ["3", "1.5", "in", "7."]]
    scan = read(simple(rows, "PNT GL BEF CNTS"))
    assert scan.columns["BEF"].value == ["in", "out", "in"]
    assert scan.columns["BEF"].dims == ("point",)
    assert scan.columns["CNTS"].value.tolist() == [5, 6, 7]
    assert scan.columns["GL"].value.tolist() == [0.5, 1.0, 1.5]
    assert told(scan) == []


def test_stars_in_a_column_are_nan_and_told(read: Any) -> None:
    scan = read(simple([["1", "0.5", "*******", "5."], ["2", "1.0", "22.", "6."]], "PNT GL M1 CNTS"))
    np.testing.assert_array_equal(scan.columns["M1"].value, [np.nan, 22.0])
    assert scan.columns["CNTS"].value.dtype == np.int64
    assert told(scan) == ["012345:30: '*******' in the column 'M1', a number expected\n  hint: it is written as nan"]


def test_rows_without_blanks_are_cut_at_signs(read: Any) -> None:
    scan = read(simple([["1", "-19.5", "-99.25", "5."]], "PNT A3 A4 CNTS").data.replace(b"-19.5    -99", b"-19.5-99"))
    assert [scan.columns[name].value[0] for name in ("A3", "A4", "CNTS")] == [-19.5, -99.25, 5]
    assert told(scan) == [
        "012345:30: the row has 3 values, and 4 where it is cut at signs, 4 values between blanks expected\n"
        "  hint: it is cut at signs, since Fortran writes none before a number that fills its field"
    ]


def test_a_last_row_that_ends_before_the_others_is_cut_and_left_out(read: Any) -> None:
    data = simple().data.rstrip(b"\n")
    whole = read(data)
    assert whole.points == 3
    last = data.count(b"\n") + 1
    note = (
        f"012345:{last}: the file ends within this line, a line end expected\n"
        "  hint: its last value may be cut short, if the file is not complete"
    )
    assert told(whole) == [note]
    scan = read(data[:-1])
    assert scan.points == 2
    assert told(scan)[0] == (
        f"012345:{last}: the file ends within this row, a row as long as the others expected\n  hint: it is left out"
    )
    names = data[: data.index(b"CNTS") + 3]
    assert told(read(names)) == [
        f"012345:{names.count(bytes([10])) + 1}: the file ends within this line, a line end expected\n"
        "  hint: its last name may be cut short, if the file is not complete"
    ]


def test_the_duration_is_the_sum_of_the_times(read: Any) -> None:
    duration = read(simple()).metadata["duration"]
    assert (duration.value, duration.units) == (3.0, "s")


def test_short_rows_are_left_out_and_footers_kept(read: Any) -> None:
    tas = simple(after=["   4     1.0000   20629.", "", "Finished at 02-Jan-24 03:10:00"])
    scan = read(tas)
    assert scan.points == 3
    assert scan.end_time == datetime(2024, 1, 2, 3, 10, 0)
    assert scan.notes["footer"].value == "Finished at 02-Jan-24 03:10:00"
    assert told(scan) == ["012345:33: the row has 3 values, 6 expected\n  hint: it is left out"]


def test_names_that_do_not_fit_the_rows_are_told(read: Any) -> None:
    rows = [["1", "0.5", "5."], ["2", "1.0", "6."]]
    scan = read(simple(rows, "PNT GL"))
    assert list(scan.columns) == ["PNT", "GL", "column_3"]
    assert told(scan) == [
        "012345:29: 2 columns named, the rows have 3 values\n  hint: the others are called column_3 ..."
    ]
    scan = read(simple(rows, "PNT GL CNTS M1"))
    assert list(scan.columns) == ["PNT", "GL", "CNTS"]
    assert told(scan) == ["012345:29: 4 columns named, the rows have 3 values\n  hint: there are no values of 'M1'"]


def test_a_scan_without_points_has_its_columns(read: Any) -> None:
    tas = simple()
    tas.rows = []
    scan = read(tas)
    assert list(scan.columns) == ["PNT", "GL", "M1", "M2", "TIME", "CNTS"]
    assert (scan.points, scan.status) == (0, "aborted")


def test_carriage_returns_and_latin_1_and_utf_8_are_read(read: Any) -> None:
    tas = with_line(simple(line_end="\r\n"), "USER_", "USER_: Böni")
    assert read(tas).user["name"].value == "Böni"
    assert read(tas.data.decode("latin-1").encode("utf-8")).user["name"].value == "Böni"
    assert read(simple(line_end="\r")).columns["CNTS"].value.tolist() == [167, 161, 191]


# --- polarisation


def test_states_of_polarisation_get_a_plot_each_by_the_value_of_pal(read: Any) -> None:
    rows = [[str(at // 2 + 1), str(at % 2 + 1) + ".", f"{at // 2}.5", f"{10 * at}."] for at in range(6)]
    rows.append(["4", "2.", "3.5", "60."])  # the state that comes second is measured first there
    scan = read(with_line(simple(rows, "PNT PAL GL CNTS"), "COMND", "COMND: SC GL 0 DGL 1 NP 4"))
    assert scan.columns["PNT"].value.tolist() == [1, 1, 2, 2, 3, 3, 4]
    assert scan.metadata["polarisation_states"].value.tolist() == [1, 2]
    assert list(scan.plots) == ["data", "data_pal_2"]
    first, second = scan.plots.values()
    assert first.signal.value.tolist() == [0, 20, 40]
    assert second.signal.value.tolist() == [10, 30, 50, 60]
    assert [axis.value.tolist() for axis in (*first.axes, *second.axes)] == [[0.5, 1.5, 2.5], [0.5, 1.5, 2.5, 3.5]]
    assert second.signal.dims == second.axes[0].dims == ("point_pal_2",)
    assert scan.status == "aborted"


def test_one_state_of_polarisation_is_a_plain_scan(read: Any) -> None:
    scan = read(simple([["1.", "2.", "0.5", "5."], ["2.", "2.", "1.0", "6."]], "PNT PAL GL CNTS"))
    assert scan.columns["PAL"].value.tolist() == [2, 2]
    assert list(scan.plots) == ["data"]
    assert scan.plots["data"].signal is scan.columns["CNTS"]


# --- crystal and energies


def test_energies_from_ki_or_kf_and_the_transfer(read: Any) -> None:
    rows = [["1", "0.5", "7."], ["2", "1.0", "8."]]
    fixed = tasgen.HBAR2_2M * 2.662**2
    scan = read(simple(rows, "PNT EN CNTS"))
    assert scan.instrument["ef"].value == pytest.approx(fixed)
    assert scan.instrument["ei"].value == pytest.approx([fixed + 0.5, fixed + 1.0])
    assert (scan.instrument["ei"].dims, scan.instrument["ei"].units) == (("point",), "meV")
    scan = read(with_line(simple(rows, "PNT EN CNTS"), "PARAM: FX", "PARAM: FX= 1., KFIX=   2.66200"))
    assert scan.instrument["ei"].value == pytest.approx(fixed)
    assert scan.instrument["ef"].value == pytest.approx([fixed - 0.5, fixed - 1.0])
    scan = read(simple([["1", "0.5", "1.8"]], "PNT EN KI"))
    assert scan.instrument["ei"].value == pytest.approx([tasgen.HBAR2_2M * 1.8**2])
    scan = read(simple([["1", "0.5", "6.8"]], "PNT EN EI"))
    assert "ei" not in scan.instrument
    assert scan.columns["EI"].units == "meV"


def test_a_fixed_energy_against_the_angle_of_its_crystal_is_left_out(read: Any) -> None:
    tas = with_line(simple(), "PARAM: FX", "PARAM: FX= 1., KFIX=   1.55000")
    scan = read(tas)
    assert set(scan.instrument) == {"name"}
    assert told(scan) == [
        "012345:18: FX says that ki is fixed at 1.55 1/angstrom, but A2 and DM give 2.6626, the same expected\n"
        "  hint: the energies are left out but for those in the columns"
    ]


def test_the_orientation_takes_the_first_vector_to_x_and_the_plane_to_x_y(read: Any) -> None:
    tas = with_line(simple(), "PARAM: AA", "PARAM: AA= 80.0000, BB= 95.0000,CC=110.0000")
    tas = with_line(tas, "PARAM: AX", "PARAM: AX=   1.000, AY=   1.000, AZ=   0.000")
    tas = with_line(tas, "PARAM: BX", "PARAM: BX=   0.500, BY=  -1.000, BZ=   2.000")
    scan = read(tas)
    u, ub = scan.sample["orientation_matrix"].value, scan.sample["ub_matrix"].value
    assert u.shape == ub.shape == (3, 3)
    np.testing.assert_allclose(u @ u.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(u) == pytest.approx(1.0)
    first, second = ub @ [1, 1, 0], ub @ [0.5, -1, 2]
    assert first[0] > 0
    np.testing.assert_allclose(first[1:], 0, atol=1e-12)
    assert second[1] > 0
    assert second[2] == pytest.approx(0, abs=1e-12)
    # lengths by the reciprocal metric tensor, which knows nothing of B
    a, b, c, alpha, beta, gamma = 4.0, 5.0, 6.0, *np.radians([80.0, 95.0, 110.0])
    metric = np.array(
        [
            [a * a, a * b * np.cos(gamma), a * c * np.cos(beta)],
            [a * b * np.cos(gamma), b * b, b * c * np.cos(alpha)],
            [a * c * np.cos(beta), b * c * np.cos(alpha), c * c],
        ]
    )
    np.testing.assert_allclose(ub.T @ ub, np.linalg.inv(metric), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("key", "line", "expected"),
    [
        ("PARAM: BX", "PARAM: BX=   2.000, BY=   0.000, BZ=   0.000", "AX AY AZ and BX BY BZ span no scattering plane"),
        ("PARAM: BX", "PARAM: BX=  ******, BY=   0.000, BZ=   0.000", "AX AY AZ and BX BY BZ span no scattering plane"),
        ("PARAM: AA", "PARAM: AA= 10.0, BB= 100.0, CC= 20.0", "AS BS CS AA BB CC are no unit cell"),
        ("PARAM: AS", "PARAM: AS=  0.0, BS=   1.0, CS=  1.0", "AS BS CS AA BB CC are no unit cell"),
    ],
)
def test_a_cell_or_plane_that_is_none_gives_no_matrix(read: Any, key: str, line: str, expected: str) -> None:
    scan = read(with_line(simple(), key, line))
    assert "orientation_matrix" not in scan.sample
    assert [problem.found for problem in scan.problems] == [expected]


# --- spectra


def flat_scan(read: Any, spectra: list[list[int]], width: int = 5, **options: Any) -> Scan:
    rows = [[str(at + 1), f"{at}.5", f"{sum(counts)}.", "58.0"] for at, counts in enumerate(spectra)]
    after = {at: tasgen.flat_lines(counts, width) for at, counts in enumerate(spectra)}
    return read(simple(rows, "PNT A3 CNTS A4", after_row=after, **options))  # type: ignore[no-any-return]


def spectrum(seed: int, most: int = 300) -> list[int]:
    counts = np.random.default_rng(seed).integers(0, most, tasgen.CELLS)
    counts[155:] = 0
    return [int(count) for count in counts]


@pytest.mark.parametrize("width", [5, 6])
def test_flat_blocks_are_31_channels_of_5_analysers(read: Any, width: int) -> None:
    spectra = [spectrum(1), spectrum(2, 9999), spectrum(3)]
    scan = flat_scan(read, spectra, width)
    detector = scan.detectors["flat"]
    data = detector["data"]
    assert (data.value.dtype, data.value.shape, data.dims) == (np.int64, (3, 31, 5), ("point", "channel", "energy"))
    np.testing.assert_array_equal(data.value.reshape(3, 155), np.array(spectra)[:, :155])
    assert detector["energy"].value.tolist() == [2.5, 3.0, 3.5, 4.0, 4.5]
    assert detector["polar_angle"].value[[0, 15, 30]].tolist() == [20.5, 58.0, 95.5]
    assert list(scan.plots) == ["data", "flat"]
    assert told(scan) == []


def test_counts_that_are_one_character_too_wide_are_not_cut_at_their_blank(read: Any) -> None:
    counts = spectrum(4)
    for place, count in ((0, 17513), (1, 10000), (2, 10005), (7, 99999), (8, 20123), (154, 10999)):
        counts[place] = count
    text, _ = tasgen.flat_lines(counts)
    assert text.startswith("flat:1 75131    01    5")
    scan = flat_scan(read, [counts, spectrum(5)])
    assert scan.detectors["flat"]["data"].value[0].reshape(-1).tolist() == counts[:155]
    assert told(scan) == []


def test_over_wide_counts_everywhere_are_read_too(read: Any) -> None:
    counts = [10_000 + 437 * at for at in range(155)] + [0] * 5
    scan = flat_scan(read, [counts])
    assert scan.detectors["flat"]["data"].value.reshape(-1).tolist() == counts[:155]


def test_counts_in_the_last_row_of_a_flat_block_are_kept(read: Any) -> None:
    counts = [*range(155), 1, 2, 3, 4, 5]
    scan = flat_scan(read, [counts])
    assert scan.detectors["flat"]["spare"].value.tolist() == [[1, 2, 3, 4, 5]]


def test_stars_and_missing_blocks_are_nan(read: Any) -> None:
    spectra = [spectrum(6), spectrum(7), spectrum(8)]
    rows = [[str(at + 1), f"{at}.5", f"{sum(counts)}."] for at, counts in enumerate(spectra)]
    after = {at: tasgen.flat_lines(counts) for at, counts in enumerate(spectra) if at != 1}
    after[2][0] = after[2][0][:5] + "*****" + after[2][0][10:]
    scan = read(simple(rows, "PNT A3 CNTS", after_row=after))
    data = scan.detectors["flat"]["data"].value
    assert data.dtype == np.float64
    assert np.isnan(data[1]).all()
    assert np.isnan(data[2, 0, 0])
    assert data[2].reshape(-1)[1:].tolist() == spectra[2][1:155]
    assert data[0].reshape(-1).tolist() == spectra[0][:155]
    assert told(scan) == [
        "012345:33: there is no flat: block after this row, one block after each row expected\n"
        "  hint: its counts are written as nan"
    ]
    assert scan.problems[0].severity == "lost"


def test_a_sum_that_is_not_cnts_is_told_and_the_counts_are_kept(read: Any) -> None:
    counts = spectrum(9)
    after = {0: tasgen.flat_lines(counts)}
    scan = read(simple([["1", "0.5", "7."]], "PNT A3 CNTS", after_row=after))
    assert told(scan) == [
        f"012345:31: the counts of the flat: block add up to {sum(counts)}, CNTS is 7\n"
        "  hint: the counts are written as they are read"
    ]
    assert scan.detectors["flat"]["data"].value.sum() == sum(counts)


def test_a_flat_block_cut_into_lines_is_joined(read: Any) -> None:
    counts = spectrum(10)
    line, end = tasgen.flat_lines(counts)
    after = {0: [line[:405], line[405:], end]}
    scan = read(simple([["1", "0.5", f"{sum(counts)}."]], "PNT A3 CNTS", after_row=after))
    assert scan.detectors["flat"]["data"].value.reshape(-1).tolist() == counts[:155]
    assert told(scan) == []


def test_a_flat_block_without_row_and_one_of_wrong_length_are_told(read: Any) -> None:
    after = {0: ["flat:    1    2    3", " endflat", *tasgen.flat_lines(spectrum(11))]}
    scan = read(simple([["1", "0.5", "7."]], "PNT A3 CNTS", after_row=after))
    assert [problem.found for problem in scan.problems] == [
        "the flat: block has 3 words in 15 characters",
        "this flat: block belongs to no row",
    ]
    assert {problem.severity for problem in scan.problems} == {"lost"}


def multi(counts: list[list[int]], wrap: int = 31) -> list[str]:
    lines = ["MULTI:"]
    for row in counts:
        lines += ["".join(f"{count:8d}" for count in row[at : at + wrap]) for at in range(0, len(row), wrap)]
    return lines


@pytest.mark.parametrize("wrap", [31, 16, 10])
def test_multi_blocks_are_31_channels_around_a4(read: Any, wrap: int) -> None:
    counts = [[100 * point + channel for channel in range(31)] for point in range(3)]
    rows = [[str(at + 1), f"{at}.5", f"{60 + at}.0", "5."] for at in range(3)]
    tas = simple(rows, "PNT A3 A4 CNTS", after=[*multi(counts, wrap), "Finished at 02-Jan-24 03:10:00"])
    scan = read(tas)
    detector = scan.detectors["multi"]
    assert (detector["data"].dims, detector["data"].value.dtype) == (("point", "channel"), np.int64)
    assert detector["data"].value.tolist() == counts
    angles = detector["polar_angle"].value
    assert (angles.shape, angles[2, 15], angles[0, 0], angles[0, 30]) == ((3, 31), 62.0, 22.5, 97.5)
    assert scan.end_time == datetime(2024, 1, 2, 3, 10, 0)
    assert told(scan) == []


def test_angles_of_channels_come_from_the_header_only_where_a4_stands_still(read: Any) -> None:
    rows = [[str(at + 1), f"{at}.5", "5."] for at in range(2)]
    block = multi([list(range(31))] * 2)
    for names, steps, known in (("PNT A3 CNTS", "A3= 1.0", True), ("PNT QH CNTS", "QH=1.0", False)):
        tas = with_line(simple(rows, names, after=block), "STEPS", f"STEPS: {steps}")
        scan = read(with_line(tas, "VARIA", "VARIA: A4      =  50.00"))
        assert ("polar_angle" in scan.detectors["multi"]) is known
    assert list(scan.plots) == ["data", "multi"]


def test_a_multi_block_that_was_cut_is_filled_with_nan(read: Any) -> None:
    rows = [[str(at + 1), f"{at}.5", "5."] for at in range(2)]
    scan = read(simple(rows, "PNT A3 CNTS", after=multi([list(range(31)), [1, 2, 3]])))
    data = scan.detectors["multi"]["data"].value
    assert data[1, :3].tolist() == [1, 2, 3]
    assert np.isnan(data[1, 3:]).all()
    assert told(scan) == [
        "012345:33: the MULTI: block has 34 counts, 2 rows of 31 expected\n"
        "  hint: what is missing is written as nan, what is beyond is left out"
    ]


# --- files that are none


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", ": the file is empty, a triple-axis scan expected\n  hint: check how it was copied"),
        (
            b"R" * 80 + b"\n    1850       1\n",
            ":1: there is no header line such as 'INSTR:' or 'COMND:', a triple-axis scan expected\n"
            "  hint: the file may be cut; 'nxconvert info' names the format of a file",
        ),
    ],
)
def test_a_file_that_is_none_is_refused(read: Any, tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(data)
    assert str(caught.value) == f"{tmp_path / '012345'}{message}"


def test_a_header_without_table_is_a_scan_whose_points_are_lost(read: Any) -> None:
    data = simple().data
    scan = read(data[: data.index(b"DATA_:")])
    assert (scan.points, scan.title, scan.status) == (0, "a test, with a comma", None)
    assert told(scan) == [
        "012345:27: the file ends before the line DATA_:, a table of points expected\n"
        "  hint: the file was cut; its header is kept"
    ]
    assert scan.problems[0].severity == "lost"
    scan = read(data[: data.index(b"DATA_:") + 7])
    assert scan.problems[0].found == "the file ends before the names of the columns"


def test_a_file_of_any_size_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    with TasFile(open_source(str(path))) as opened, pytest.raises(ReadError) as caught:
        list(opened)
    assert str(caught.value) == (
        f"{path}: the file has 1099511627776 bytes, at most 33554432 expected in a triple-axis scan\n"
        "  hint: 'nxconvert info' names the format of a file"
    )


def test_a_scan_that_is_not_wanted_is_not_given(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(simple().data)
    with TasFile(open_source(str(path))) as file:
        assert list(file.scans(lambda number, order: number == 3)) == []
        assert [scan.number for scan in file.scans(lambda number, order: (number, order) == (12345, 1))] == [12345]


# --- the sample


def test_the_sample_is_what_the_generator_makes_and_every_value_is_read(read: Any) -> None:
    made = tasgen.energy_scan()
    assert tasgen.SAMPLE.read_bytes() == made.tas.data
    scan = read(made.tas)
    assert list(scan.columns) == list(made.columns)
    for name, values in made.columns.items():
        np.testing.assert_array_equal(scan.columns[name].value, values, strict=True)
    assert list(scan.axes) == ["EN"]
    assert scan.metadata["first_EN"].value == pytest.approx(0.2)
    assert scan.positioners["A3P"].value == -1941960.25
    ki, kf = (np.sqrt(scan.instrument[name].value / tasgen.HBAR2_2M) for name in ("ei", "ef"))
    hkl = np.array([scan.columns[name].value for name in ("QH", "QK", "QL")])
    q = 2 * math.pi * np.linalg.norm(scan.sample["ub_matrix"].value @ hkl, axis=0)
    a4 = np.degrees(np.arccos((ki**2 + kf**2 - q**2) / (2 * ki * kf)))
    np.testing.assert_allclose(a4, scan.columns["A4"].value, atol=0.001)
    assert told(scan) == []
