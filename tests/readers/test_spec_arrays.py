"""Array lines (MCA): which spectrum belongs to which detector and point, and what the #@ lines say of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nxconvert.arrays import load
from nxconvert.scan import Scan

HEAD = "#S 1 ascan th 0 1 2 1\n#N 2\n#L th  det\n"


def listed(value: Any) -> Any:
    """A value as lists, nan as None."""
    if isinstance(value, np.ndarray):
        return [listed(item) for item in value]
    if isinstance(value, (float, np.floating)) and math.isnan(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def data(scan: Scan, name: str = "mca_0", item: str = "data") -> Any:
    return listed(load(scan.detectors[name][item].value))  # type: ignore[arg-type]


def item(scan: Scan, what: str, name: str = "mca_0") -> Any:
    return listed(scan.detectors[name][what].value)


ROWS_FIRST = "0 10\n@A 1 2 3\n1 20\n@A 4 5 6\n2 30\n@A 7 8 9\n"
EXPECTED = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


@pytest.mark.parametrize(
    "body",
    [
        ROWS_FIRST,
        # before the row it belongs to
        "@A 1 2 3\n0 10\n@A 4 5 6\n1 20\n@A 7 8 9\n2 30\n",
        # continuation lines, with a blank or without
        "0 10\n@A 1\\\n 2\\\n 3\n1 20\n@A 4 5\\\n 6\n2 30\n@A 7\\\n8\\\n9\n",
        "0 10\n@A 1 \\\n 2 \\\n 3\n1 20\n@A 4 5 6\n2 30\n@A\\\n7 8 9\n",
        # blanks after the backslash
        "0 10\n@A 1\\ \n 2 3\n1 20\n@A 4 5 6\n2 30\n@A 7 8 9\n",
        # tabs, and blanks wherever they may be
        "0 10\n@A\t1\t2\t3\n1 20\n@A   4  5   6  \n2 30\n@A 7\t 8 9\n",
        # comments and free text between
        "#C x\n0 10\n#C y\n@A 1 2 3\n1 20\nsaved\n@A 4 5 6\n#C me@host\n2 30\n\n@A 7 8 9\n#C @A 1 2 3\n",
        "0 10\n@A 1 2 3\n1 20\n@A 4 5 6\n2 30\n@A 7 8 9",
        "0 10\n@ 1 2 3\n1 20\n@ 4 5 6\n2 30\n@ 7 8 9\n",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_spectra_are_the_same_however_they_are_written(body: str, end: str, read: Any) -> None:
    scan = read((HEAD + body).replace("\n", end)).scan
    assert data(scan) == EXPECTED
    assert scan.detectors["mca_0"]["data"].dims == ("point", "channel")
    assert scan.detectors["mca_0"]["data"].value.dtype == np.int64
    assert listed(scan.columns["det"].value) == [10, 20, 30]
    assert item(scan, "channel") == [0, 1, 2]
    assert [problem for problem in scan.problems if problem.severity != "note"] == []


def test_a_spectrum_with_a_float_makes_all_float(read: Any) -> None:
    scan = read(HEAD + "0 10\n@A 1 2 3\n1 20\n@A 4 5.5 nan\n2 30\n@A 7 8 -0\n").scan
    assert data(scan) == [[1, 2, 3], [4, 5.5, None], [7, 8, 0]]
    assert scan.detectors["mca_0"]["data"].value.dtype == np.float64
    assert math.copysign(1, scan.detectors["mca_0"]["data"].value[2, 2]) == -1


def test_large_counts_keep_every_digit(read: Any) -> None:
    scan = read(HEAD + "0 10\n@A 9007199254740993 1\n").scan
    assert data(scan) == [[9007199254740993, 1]]
    scan = read(HEAD + f"0 10\n@A {2**64 - 1} 1\n").scan
    assert scan.detectors["mca_0"]["data"].value.dtype == np.uint64
    assert data(scan) == [[2**64 - 1, 1]]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("@A", "mca_0"),
        ("@A1", "mca_1"),
        ("@A007", "mca_7"),
        ("@AMCA", "AMCA"),
        ("@0", "0"),
        ("@vortex", "vortex"),
        ("@e", "e"),
    ],
)
def test_the_word_after_the_sign_is_the_detector_not_a_count(key: str, name: str, read: Any) -> None:
    scan = read(HEAD + ROWS_FIRST.replace("@A", key)).scan
    assert list(scan.detectors) == [name]
    assert data(scan, name) == EXPECTED
    assert item(scan, "description", name) == key


def test_several_labelled_detectors_per_point(read: Any) -> None:
    scan = read(HEAD + "0 10\n@A1 1 2\n@A2 3 4 5\n1 20\n@A1 6 7\n@A2 8 9 10\n2 30\n@A1 0 0\n@A2 0 0 0\n").scan
    assert data(scan, "mca_1") == [[1, 2], [6, 7], [0, 0]]
    assert data(scan, "mca_2") == [[3, 4, 5], [8, 9, 10], [0, 0, 0]]
    assert scan.problems == []


def test_several_unlabelled_detectors_per_point_of_different_lengths(read: Any) -> None:
    scan = read(HEAD + "0 10\n@A 1 2\n@A 3 4 5\n1 20\n@A 6 7\n@A 8 9 10\n2 30\n@A 0 0\n@A 0 0 0.5\n").scan
    assert data(scan, "mca_0") == [[1, 2], [6, 7], [0, 0]]
    assert data(scan, "mca_1") == [[3, 4, 5], [8, 9, 10], [0, 0, 0.5]]
    assert scan.detectors["mca_0"]["data"].value.dtype == np.int64
    assert scan.detectors["mca_1"]["data"].value.dtype == np.float64
    assert scan.problems == []


def test_sardana_names_its_detectors_and_writes_them_before_the_row(read: Any) -> None:
    scan = read(
        "#S 1 dscan x 0 1 1 1\n#N 2\n#@MCA 10C\n#@CHANN 2 0 1 1\n#@MCA_NB 3\n#@DET_0 spec\n#@DET_1 two words\n#@DET_2 spec\n"
        "#L Pt_No  x\n@A 1 2\n@A 3 4 5\n@A 5 6\n0 0.5\n@A 7 8\n@A 9 10 11\n@A 11 12\n1 1.5\n"
    ).scan
    assert list(scan.detectors) == ["spec", "two words", "spec_1"]
    assert data(scan, "spec") == [[1, 2], [7, 8]]
    assert data(scan, "two words") == [[3, 4, 5], [9, 10, 11]]
    assert data(scan, "spec_1") == [[5, 6], [11, 12]]
    assert item(scan, "description", "two words") == "two words"
    assert scan.problems == []


def test_names_go_with_numbered_keys_too(read: Any) -> None:
    scan = read(HEAD + "#@DET_1 one\n#@DET_x y\n#@DET_3\n0 10\n@A1 1 2\n@A2 3 4\n").scan
    assert list(scan.detectors) == ["one", "mca_2"]


# --- too many, too few


def test_surplus_spectra_after_the_last_row_are_kept_apart_and_told(read: Any) -> None:
    # ct after the scan appends to it; the spectra stand before their rows here
    result = read(
        HEAD + "#@MCA 16C\n#@CHANN 3 0 2 1\n@A 1 2 3\n0 10\n@A 4 5 6\n1 20\n@A 7 8 9\n2 30\n"
        "#@MCA 16C\n#@CHANN 3 0 2 1\n@A 10 11 12\n#@MCA 16C\n#@CHANN 3 0 2 1\n@A 13 14 15\n"
    )
    assert data(result.scan) == EXPECTED
    assert data(result.scan, item="surplus") == [[10, 11, 12], [13, 14, 15]]
    assert result.scan.detectors["mca_0"]["surplus"].dims == ("extra", "channel")
    assert list(result.scan.detectors) == ["mca_0"]
    assert result.told() == [
        "4: @A: 2 arrays more than the 3 points need, one per point expected\n  hint: they are kept apart as 'surplus'"
    ]


def test_surplus_spectra_of_another_length_keep_all_their_channels(read: Any) -> None:
    scan = read(HEAD + ROWS_FIRST + "@A 1 2 3 4 5\n@A 6.5\n").scan
    assert data(scan) == EXPECTED
    assert data(scan, item="surplus") == [[1, 2, 3, 4, 5], [6.5, None, None, None, None]]


def test_a_missing_spectrum_is_nan_and_told(read: Any) -> None:
    result = read(HEAD + "0 10\n@A 1 2 3\n1 20\n2 30\n@A 7 8 9\n")
    assert data(result.scan) == [[1, 2, 3], [None, None, None], [7, 8, 9]]
    assert result.told() == [
        "1: @A: 2 arrays for 3 points, one per point expected\n  hint: nan stands for those that are missing"
    ]


def test_many_missing_spectra_are_filled_with_nan_in_blocks(read: Any) -> None:
    spectrum = "@A " + "7 " * 300 + "\n"
    body = "".join(f"{at} 1\n" + spectrum * (at < 1000 or at >= 3000) for at in range(4000))
    scan = read("#S 1 x\n#L a  b\n" + body).scan
    found = load(scan.detectors["mca_0"]["data"].value)  # type: ignore[arg-type]
    assert found.shape == (4000, 300)
    assert (found[:1000] == 7).all()
    assert np.isnan(found[1000:3000]).all()
    assert (found[3000:] == 7).all()


def test_an_interrupted_scan_lacks_its_last_spectrum(read: Any) -> None:
    scan = read(HEAD + "0 10\n@A 1 2 3\n1 20\n@A 4 5 6\n2 30\n").scan
    assert data(scan) == [[1, 2, 3], [4, 5, 6], [None] * 3]


def test_an_interrupted_scan_lacks_the_second_detector_of_its_last_point(read: Any) -> None:
    scan = read(HEAD + "0 10\n@A 1 2\n@A 3 4\n1 20\n@A 5 6\n@A 7 8\n2 30\n@A 9 10\n").scan
    assert data(scan, "mca_0") == [[1, 2], [5, 6], [9, 10]]
    assert data(scan, "mca_1") == [[3, 4], [7, 8], [None, None]]


def test_a_spectrum_before_a_row_that_never_came_is_surplus(read: Any) -> None:
    scan = read(HEAD + "@A 1 2 3\n0 10\n@A 4 5 6\n1 20\n@A 7 8 9\n").scan
    assert data(scan) == [[1, 2, 3], [4, 5, 6]]
    assert data(scan, item="surplus") == [[7, 8, 9]]


def test_a_spectrum_that_was_cut_short_is_filled_with_nan_and_told(read: Any) -> None:
    result = read(HEAD + "0 10\n@A 1 2 3\n1 20\n@A 4 5\\\n")
    assert data(result.scan) == [[1, 2, 3], [4, 5, None]]
    assert result.told()[0] == (
        "1: @A: arrays of 2, 3 values, equal lengths expected\n  hint: the shorter ones are filled up with nan"
    )


def test_an_empty_spectrum_does_not_swallow_the_next_row(read: Any) -> None:
    scan = read(HEAD + "0 10\n@A 1 2 3\n1 20\n@A\n2 30\n@A 7 8 9\n").scan
    assert listed(scan.columns["det"].value) == [10, 20, 30]
    assert data(scan) == [[1, 2, 3], [None] * 3, [7, 8, 9]]


def test_only_empty_spectra_make_no_detector(read: Any) -> None:
    scan = read(HEAD + "0 10\n@A\n1 20\n@A \n").scan
    assert scan.detectors == {}
    assert scan.points == 2


def test_a_word_in_a_spectrum_is_nan_and_told(read: Any) -> None:
    result = read(HEAD + "0 10\n@A 1 2 3\n1 20\n@A 4 x5 6\n")
    assert data(result.scan) == [[1, 2, 3], [4, None, 6]]
    assert result.told() == [
        "7: array has 'x5' as value 2, numbers expected\n  hint: the array is kept, with nan there"
    ]


def test_more_keys_than_any_instrument_has_are_text(read: Any) -> None:
    scan = read(HEAD + "0 10\n" + "".join(f"@k{at} 1\n" for at in range(1003)) + "@CALIB 1 2\n" * 1003).scan
    assert len(scan.detectors) == 1000
    assert scan.metadata["free_text"].value[:4] == ["@k1000 1", "@k1001 1", "@k1002 1", "@CALIB 1 2"]
    assert listed(scan.detectors["k5"]["calibration"].value) == [1, 2]


def test_a_line_with_an_at_sign_and_words_is_free_text(read: Any) -> None:
    result = read(HEAD + "0 10\n@home again\\\nand again\n1 20\n")
    assert result.scan.detectors == {}
    assert result.scan.metadata["free_text"].value == ["@home again  and again"]


def test_a_few_spectra_among_very_many_points_are_surplus(read: Any) -> None:
    # filled up with nan they would take a thousand times the room
    spectrum = " ".join(["1"] * 3000)
    result = read("#S 1 x\n#L a  b\n" + "0 1\n" * 2000 + f"@A {spectrum}\n" + "0 1\n" * 2000)
    assert np.shape(data(result.scan, item="surplus")) == (1, 3000)
    assert "data" not in result.scan.detectors["mca_0"]
    assert len(item(result.scan, "channel")) == 3000
    assert list(result.scan.plots) == ["data"]
    assert result.told() == [
        "1: @A: 1 arrays for 4000 points, one per point expected\n"
        "  hint: they are kept apart as 'surplus', without their points"
    ]


def test_one_absurdly_long_spectrum_is_cut_and_told(read: Any) -> None:
    rows = "".join(f"{at} 1\n@A 1 2\n" for at in range(3000))
    result = read("#S 1 x\n#L a  b\n" + rows + "0 1\n@A " + "7 " * 100_000 + "\n")
    assert np.shape(data(result.scan)) == (3001, 2)
    assert data(result.scan)[-1] == [7, 7]
    assert result.told() == [
        "1: @A: arrays of 100000 values among others of 2, equal lengths expected\n  hint: all are cut to 2 values"
    ]
    assert result.scan.problems[0].severity == "lost"


# --- without rows


def test_a_single_spectrum_without_rows_has_one_dimension(read: Any) -> None:
    scan = read("#S 1 ct\n#@CHANN 3 10 12 1\n#@CALIB 1 0.5 0\n@A 1 2 3\n").scan
    assert data(scan) == [1, 2, 3]
    assert scan.detectors["mca_0"]["data"].dims == ("channel",)
    assert (item(scan, "channel"), item(scan, "energy")) == ([10, 11, 12], [6, 6.5, 7])
    assert scan.points == 0
    assert scan.plots["data"].signal is scan.detectors["mca_0"]["data"]
    assert scan.plots["data"].axes == (scan.detectors["mca_0"]["energy"],)
    assert scan.problems == []


def test_spectra_without_rows_are_as_many_detectors_as_are_declared(read: Any) -> None:
    scan = read("#S 1 ct\n#@CHANN 2 0 1 1\n@A 1 2\n#@CHANN 3 0 2 1\n@A 3 4 5\n").scan
    assert (data(scan, "mca_0"), data(scan, "mca_1")) == ([1, 2], [3, 4, 5])


def test_spectra_without_rows_and_declaration_are_points(read: Any) -> None:
    scan = read("#S 1 ct\n@A 1 2\n@A 3 4\n@A 5 6\n").scan
    assert data(scan) == [[1, 2], [3, 4], [5, 6]]
    assert scan.plots["data"].axes[0] is None


def test_very_many_spectra_without_rows(read: Any) -> None:
    scan = read("#S 1 ct\n#@CHANN 2 0 1 1\n#@CHANN 2 0 1 1\n" + "".join(f"@A {at} 0\n" for at in range(10_000))).scan
    assert [row[0] for row in data(scan, "mca_0")] == list(range(0, 10_000, 2))
    assert [row[0] for row in data(scan, "mca_1")] == list(range(1, 10_000, 2))


# --- control lines


def described(read: Any, lines: str, body: str = ROWS_FIRST) -> tuple[dict[str, Any], list[str]]:
    result = read(HEAD + lines + body)
    fields = {
        name: listed(field.value)
        for name, field in result.scan.detectors["mca_0"].items()
        if name not in ("data", "description")
    }
    return fields, result.told()


def test_channel_numbers_are_those_that_were_saved(read: Any) -> None:
    assert described(read, "#@CHANN 3 5 7 1\n")[0] == {"channel": [5, 6, 7], "reduction": 1}
    # the first number may be that of all channels
    assert described(read, "#@CHANN 1201 1110 1112 1\n")[0] == {"channel": [1110, 1111, 1112], "reduction": 1}
    assert described(read, "#@CHANN 3.0 5.0 7.0 1.0\n")[0] == {"channel": [5, 6, 7], "reduction": 1}
    assert described(read, "#@CHANN 3 0 5 2\n")[0] == {"channel": [0, 2, 4], "reduction": 2}
    assert described(read, "#@CHANN 3\n")[0] == {"channel": [0, 1, 2], "reduction": 1}


def test_channel_numbers_that_do_not_fit_are_from_zero_and_told(read: Any) -> None:
    for line, declared in (
        ("#@CHANN 1024 0 1023 1\n", 1024),
        ("#@CHANN 999999999999 0 999999999998 1\n", 999999999999),
        ("#@CHANN 3 7 5 1\n", 0),
    ):
        assert described(read, line) == (
            {"channel": [0, 1, 2]},
            [
                f"4: mca_0: #@CHANN declares {declared} channels, 3 expected, as many as its spectra have\n"
                "  hint: the channels are counted from 0"
            ],
        )
    assert described(read, "") == ({"channel": [0, 1, 2]}, [])


@pytest.mark.parametrize(
    "line",
    [
        "#@CHANN a b c",
        "#@CHANN",
        "#@CHANN 1e99 0 1 1",
        "#@CALIB",
        "#@CALIB x",
        "#@CALIB 5",
        "#@CTIME x 1",
        "#@CTIME",
        "#@ROI name",
        "#@ROI a 5",
    ],
)
def test_an_array_control_line_that_cannot_be_read_is_told(line: str, read: Any) -> None:
    fields, told = described(read, line + "\n")
    assert fields == {"channel": [0, 1, 2]}
    key, _, rest = line.partition(" ")
    assert told == [
        f"4: '{key} {rest}', numbers expected, as in '#@CHANN 1024 0 1023 1' or '#@CALIB 0 0.01 0'\n"
        "  hint: the line is in the header only"
    ]


@pytest.mark.parametrize(
    ("line", "coefficients"),
    [
        ("#@CALIB 1 0.5 0.25", [1, 0.5, 0.25]),
        ("#@Calib 1 0.5 0", [1, 0.5, 0]),
        ("#@CALIB 1 0.5", [1, 0.5]),
        ("#@CALIB 1 0.5 0 mca1", [1, 0.5, 0]),
        ("#@CALIB vortex 1 0.5 0", [1, 0.5, 0]),
        ("#@CALIB 1 3.5 0.2 0", [1, 3.5, 0.2]),
        ("#@CALIB 1 3.5 0.2 0.1", [1, 3.5, 0.2, 0.1]),
    ],
)
def test_every_form_of_calibration_gives_the_energy_of_true_channels(
    line: str, coefficients: list[float], read: Any
) -> None:
    fields, told = described(read, f"#@CHANN 3 5 7 1\n{line}\n")
    assert fields["calibration"] == coefficients
    expected = [sum(c * channel**power for power, c in enumerate(coefficients)) for channel in (5, 6, 7)]
    assert np.allclose(fields["energy"], expected, rtol=1e-15)
    assert told == []


def test_without_a_calibration_there_is_no_energy(read: Any) -> None:
    assert "energy" not in described(read, "#@CHANN 3 0 2 1\n")[0]


TWO = "0 10\n@A 1 2\n@A 3 4\n1 20\n@A 5 6\n@A 7 8\n2 30\n@A 9 9\n@A 9 9\n"


def test_each_detector_has_its_own_lines_where_each_has_one(read: Any) -> None:
    scan = read(
        HEAD + "#@MCADEV 0\n#@CHANN 2 0 1 1\n#@CALIB 0 1 0\n#@CTIME 5 4 3\n#@ROI first 0 1\n"
        "#@MCADEV 1\n#@CHANN 2 10 11 1\n#@CALIB 0 2 0\n#@CTIME 6 5 4\n#@ROI second 10 11\n" + TWO
    ).scan
    assert item(scan, "channel", "mca_1") == [10, 11]
    assert (item(scan, "energy", "mca_0"), item(scan, "energy", "mca_1")) == ([0, 1], [20, 22])
    assert (item(scan, "live_time", "mca_0"), item(scan, "live_time", "mca_1")) == (4, 5)
    assert (item(scan, "roi_name", "mca_0"), item(scan, "roi_name", "mca_1")) == (["first"], ["second"])


def test_all_detectors_share_a_line_where_there_is_one(read: Any) -> None:
    scan = read(HEAD + "#@CHANN 2 10 11 1\n#@CALIB 0 2 0\n#@CTIME 6 5 4\n#@ROI all 10 11\n" + TWO).scan
    for name in ("mca_0", "mca_1"):
        assert item(scan, "energy", name) == [20, 22]
        assert (item(scan, "preset_time", name), item(scan, "live_time", name), item(scan, "real_time", name)) == (
            6,
            5,
            4,
        )
        assert item(scan, "roi_name", name) == ["all"]
        assert scan.detectors[name]["live_time"].units == "s"


def test_a_calibration_goes_to_the_detector_it_names(read: Any) -> None:
    scan = read(HEAD + "#@CALIB 0 2 0 mca2\n#@CALIB 0 3 0 mca1\n" + TWO).scan
    assert (item(scan, "energy", "mca_0"), item(scan, "energy", "mca_1")) == ([0, 3], [0, 2])
    scan = read(HEAD + "#@CALIB 0 2 0 1\n#@CALIB 0 3 0 0\n" + TWO).scan
    assert (item(scan, "energy", "mca_0"), item(scan, "energy", "mca_1")) == ([0, 3], [0, 2])
    scan = read(HEAD + "#@CALIB vortex 0 2 0\n#@CALIB xmap 0 3 0\n0 10\n@xmap 1 2\n@vortex 3 4\n").scan
    assert (item(scan, "energy", "xmap"), item(scan, "energy", "vortex")) == ([0, 3], [0, 2])
    scan = read(HEAD + "#@CALIB 0 2 0 mca2\n#@CALIB 0 3 0 mca1\n0 10\n@A1 1 2\n@A2 3 4\n").scan
    assert (item(scan, "energy", "mca_1"), item(scan, "energy", "mca_2")) == ([0, 3], [0, 2])


def test_a_counting_time_may_have_one_value(read: Any) -> None:
    fields, told = described(read, "#@CTIME 20\n")
    assert fields == {"channel": [0, 1, 2], "preset_time": 20}
    assert told == []


@pytest.mark.parametrize(
    ("line", "roi"),
    [
        ("#@ROI dir1 73 93", ("dir1", 73, 93)),
        ("#@ROI  FeKa(mca1 R1) 377 413", ("FeKa(mca1 R1)", 377, 413)),
        ("#@ROI a long name 1 2", ("a long name", 1, 2)),
        ("#@ROI Fe 10 20 0", ("Fe", 10, 20)),
        ("#@ROI peak 7 20 10 300", ("peak 7 20", 10, 300)),
        ("#@ROI 5 10 20", ("5", 10, 20)),
    ],
)
def test_a_region_of_interest_is_read_from_the_right(line: str, roi: tuple[str, int, int], read: Any) -> None:
    fields, told = described(read, line + "\n")
    assert (fields["roi_name"], fields["roi_first"], fields["roi_last"]) == ([roi[0]], [roi[1]], [roi[2]])
    assert told == []


def test_regions_go_to_the_detector_they_name(read: Any) -> None:
    scan = read(
        HEAD + "#@ROI a(mca1 R0) 0 1\n#@ROI b(mca2 R0) 1 2\n#@ROI c 3 4 1\n#@ROI d 5 6\n#@ROI e 5 6 9\n" + TWO
    ).scan
    assert item(scan, "roi_name", "mca_0") == ["a(mca1 R0)", "d", "e"]
    assert item(scan, "roi_name", "mca_1") == ["b(mca2 R0)", "c", "d", "e"]


def test_lines_after_the_first_data_declare_no_further_detector(read: Any) -> None:
    scan = read(HEAD + "#@CHANN 3 5 7 1\n" + ROWS_FIRST + "#@CHANN 3 0 2 1\n@A 1 1 1\n").scan
    assert list(scan.detectors) == ["mca_0"]
    assert item(scan, "channel") == [5, 6, 7]


@pytest.mark.parametrize("line", ["@CALIB 5 6 7", "#@CALIB 5 6 7", "@Calib 5 6 7"])
def test_a_calibration_that_changes_within_the_scan_is_told(line: str, read: Any) -> None:
    result = read(HEAD + f"#@CALIB 1 2 3\n0 10\n@A 1 2\n{line}\n1 20\n@A 3 4\n")
    assert item(result.scan, "calibration") == [1, 2, 3]
    assert result.told() == [
        "7: the calibration changes to '5 6 7' within the scan, one calibration per detector and scan expected\n"
        "  hint: the first one is used for all spectra; the line is in the header"
    ]
    assert f"\n{line}" in result.scan.notes["scan_header"].value


@pytest.mark.parametrize("line", ["@CALIB 1 2 3", "#@CALIB 1 2 3", "@CALIB nonsense"])
def test_a_calibration_that_is_repeated_within_the_scan_is_no_problem(line: str, read: Any) -> None:
    result = read(HEAD + f"#@CALIB 1 2 3\n0 10\n@A 1 2\n{line}\n1 20\n@A 3 4\n")
    assert item(result.scan, "calibration") == [1, 2, 3]
    assert result.told() == []


def test_a_calibration_among_the_data_counts_if_it_is_the_only_one(read: Any) -> None:
    assert item(read(HEAD + "0 10\n@CALIB 1 2 3\n@A 1 2\n").scan, "calibration") == [1, 2, 3]
    assert item(read(HEAD + "0 10\n#@CALIB 1 2 3\n@A 1 2\n").scan, "calibration") == [1, 2, 3]


@pytest.mark.parametrize("channels", ["#@CHANN 5 0 4 1\n", ""])
def test_arrays_that_go_on_without_a_backslash_are_joined(channels: str, read: Any) -> None:
    full = channels or "#@MCA 2\n"
    body = (
        "0 10\n@A 1 2\n3 4\n5\n1 20\n@A 6 7\n8 9\n10\n" if channels else "0 10 11\n@A 1 2\n3 4\n1 20 21\n@A 6 7\n8 9\n"
    )
    head = HEAD if channels else HEAD.replace("th  det", "th  b  det").replace("#N 2", "#N 3")
    scan = read(head + "#@MCA %2\n" + full + body).scan
    assert data(scan) == ([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]] if channels else [[1, 2, 3, 4], [6, 7, 8, 9]])
    assert scan.points == 2
    assert scan.problems == []


def test_array_control_lines_in_the_file_header_count_where_a_scan_has_none(read: Any) -> None:
    scans = read(f"#F a\n#@CHANN 3 5 7 1\n#@CALIB 0 2 0\n\n{HEAD}{ROWS_FIRST}{HEAD}#@CHANN 3 1 3 1\n{ROWS_FIRST}").scans
    assert [item(scan, "channel") for scan in scans] == [[5, 6, 7], [1, 2, 3]]
    assert item(scans[0], "energy") == [10, 12, 14]
    assert "energy" not in scans[1].detectors["mca_0"]


def test_plots_show_each_detector_against_axis_and_energy(read: Any) -> None:
    scan = read(HEAD + "#@CALIB 0 1 0\n" + ROWS_FIRST).scan
    assert list(scan.plots) == ["data", "mca_0"]
    curve, spectra = scan.plots.values()
    assert (curve.signal, curve.axes) == (scan.columns["det"], (scan.columns["th"],))
    detector = scan.detectors["mca_0"]
    assert (spectra.signal, spectra.axes) == (detector["data"], (scan.columns["th"], detector["energy"]))


def test_a_detector_called_data_does_not_hide_the_default_plot(read: Any) -> None:
    scan = read(HEAD + ROWS_FIRST.replace("@A", "@data")).scan
    assert list(scan.plots) == ["data", "data_1"]
    assert scan.plots["data"].signal is scan.columns["det"]
