"""One curve of a scan: which it is, in which units, and what is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exporting import Blocks, bits, moved, scan_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert import curves, units
from nxconvert.errors import Problem, WriteError
from nxconvert.export.choice import parse_choice
from nxconvert.scan import Field, Plot, Scan

PLAIN = {"y": "", "sigma": "", "x_units": ""}
ONE = {"x": [1.0, 2.0], "a": [3, 4], "b": [5, 6]}


def scan(signal: str = "", columns: dict[str, list[float]] | None = None, **more: Any) -> Scan:
    return scan_of({name: np.array(values) for name, values in (columns or ONE).items()}, signal=signal, **more)


def chosen(found: curves.Curve) -> tuple[str, str, str | None]:
    return found.x.name, found.y.name, found.sigma.name if found.sigma else None


def test_the_curve_is_what_the_scan_is_plotted_by_or_what_the_user_names() -> None:
    assert chosen(curves.find_curve("xy", scan("b"), PLAIN)) == ("x", "b", None)
    assert chosen(curves.find_curve("xy", scan("b"), PLAIN | {"y": "a"})) == ("x", "a", None)
    assert chosen(curves.find_curve("xy", scan(columns={"x": [1], "a": [2]}), PLAIN)) == ("x", "a", None)


def test_the_abscissa_is_the_scanned_column_wherever_it_stands() -> None:
    made = scan("b")
    made.columns = {name: made.columns[name] for name in ("b", "a", "x")}
    assert chosen(curves.find_curve("xy", made, PLAIN)) == ("x", "b", None)
    made.axes = {}
    assert chosen(curves.find_curve("xy", made, PLAIN | {"y": "a"})) == ("b", "a", None)


def test_a_column_that_was_cut_is_still_the_one_of_the_plot() -> None:
    made = scan("b")
    made.columns["b"] = Field("b", np.array([5]), ("point",))
    assert curves.find_curve("xy", made, PLAIN).y is made.columns["b"]


def test_a_spectrum_that_is_plotted_is_a_curve_with_what_stands_in_its_detector() -> None:
    made = scan()
    angle, counts = (
        Field("polar_angle", np.array([1.0, 2, 3]), ("channel",), "degree"),
        Field("data", np.arange(3), ("channel",)),
    )
    errors = Field("errors", np.ones(3), ("channel",))
    made.detectors["pattern"] = {"data": counts, "polar_angle": angle, "errors": errors}
    image = Field("data", np.zeros((2, 2, 2)), ("point", "y", "x"))
    made.plots = {"data": Plot(image, (None, None, None)), "pattern": Plot(counts, (angle,))}
    found = curves.find_curve("xy", made, PLAIN)
    assert (found.x, found.y, found.sigma, found.name) == (angle, counts, errors, "pattern")
    assert curves.find_curve("xy", made, PLAIN | {"y": "pattern", "sigma": "none"}).sigma is None
    assert chosen(curves.find_curve("xy", made, PLAIN | {"y": "a"})) == ("x", "a", None)


def spectrum() -> Scan:
    """Make a scan of columns with a spectrum that is plotted over its energy."""
    made = scan()
    channel = Field("channel", np.arange(3), ("channel",))
    energy = Field("energy", np.array([0.5, 1.5, 2.5]), ("channel",), "keV")
    counts = Field("data", np.array([7, 8, 9]), ("channel",))
    made.detectors["mca"] = {"data": counts, "energy": energy, "channel": channel}
    made.plots = {"data": Plot(counts, (energy,)), "mca": Plot(counts, (energy,))}
    return made


def over(x: str, wanted: str = "") -> tuple[str, str, str | None]:
    """Give the curve of the spectrum with ``--x``, which is not a problem."""
    problems: list[Problem] = []
    made = parse_choice([], False, x).apply(spectrum(), problems, curves=True)
    assert problems == []
    return chosen(curves.find_curve("xy", made, PLAIN | {"y": wanted}))


def test_x_names_what_a_spectrum_that_is_plotted_stands_over() -> None:
    assert over("") == ("energy", "data", None)
    assert over("channel") == over("channel", "mca") == ("channel", "data", None)
    assert over("energy", "mca") == ("energy", "data", None)


def test_x_of_a_column_wants_a_curve_of_columns() -> None:
    assert over("x", "a") == ("x", "a", None)
    assert over("b", "a") == ("b", "a", None)
    with pytest.raises(WriteError) as caught:
        over("b")
    assert str(caught.value) == (
        "x.nxs:/scan_1: xy needs one column of intensities, of 'b', 'x', 'a'\n  hint: --y names it"
    )
    with pytest.raises(WriteError) as caught:
        over("b", "mca")
    assert str(caught.value) == (
        "x.nxs:/scan_1: 'mca' stands over nothing that is as long\n  hint: --x names it: 'energy', 'channel'"
    )
    made = spectrum()
    made.plots["map"] = Plot(Field("data", np.zeros((2, 2)), ("point", "channel")), (None, None))
    with pytest.raises(WriteError) as caught:
        curves.find_curve("xy", made, PLAIN | {"y": "map"})
    assert str(caught.value) == "x.nxs:/scan_1: 'map' is no curve: it has 2 dimensions"


def test_x_that_is_nowhere_is_told_with_near_names() -> None:
    problems: list[Problem] = []
    made = parse_choice([], False, "enrgy").apply(spectrum(), problems, curves=True)
    assert list(map(str, problems)) == ["x.nxs:/scan_1: --x: there is no column 'enrgy', did you mean 'energy'?"]
    assert chosen(curves.find_curve("xy", made, PLAIN)) == ("energy", "data", None)
    # a format of columns has no spectra
    problems.clear()
    parse_choice([], False, "energy").apply(spectrum(), problems)
    assert list(map(str, problems)) == ["x.nxs:/scan_1: --x: there is no column 'energy', known: 'a', 'b', 'x'"]


@pytest.mark.parametrize("name", ["I_errors", "errors", "Idev"])
def test_standard_deviations_are_found_by_the_names_of_nexus_and_cansas(name: str) -> None:
    made = scan("I", {"x": [1, 2], "I": [3, 4], name: [5, 6]})
    assert chosen(curves.find_curve("xye", made, PLAIN)) == ("x", "I", name)


def test_the_user_names_the_standard_deviations() -> None:
    assert chosen(curves.find_curve("xye", scan("a"), PLAIN | {"sigma": "b"})) == ("x", "a", "b")
    found = curves.find_curve("xye", scan("a", {"x": [1, 2, 3], "a": [0, 4, 9]}), PLAIN | {"sigma": "poisson"})
    assert found.sigma is not None
    assert np.concatenate(list(found.sigma.value.blocks())).tolist() == [1, 2, 3]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("signal", "wanted", "message"),
    [
        ("", {}, "x.nxs:/scan_1: xy needs one column of intensities, of 'x', 'a', 'b'\n  hint: --y names it"),
        ("", {"y": "bb"}, "x.nxs:/scan_1: there is no column 'bb', did you mean 'b'?"),
        (
            "",
            {"y": "x"},
            "x.nxs:/scan_1: 'x' is the column over which xy has the intensities\n  hint: --x names another",
        ),
        ("a", {"sigma": "c"}, "x.nxs:/scan_1: there is no column 'c', known: 'a', 'b', 'x'"),
    ],
)
def test_what_cannot_be_chosen_is_told(signal: str, wanted: dict[str, str], message: str) -> None:
    with pytest.raises(WriteError) as caught:
        curves.find_curve("xy", scan(signal), PLAIN | wanted)
    assert str(caught.value) == message


def test_standard_deviations_that_a_format_needs_are_asked_for() -> None:
    with pytest.raises(WriteError) as caught:
        curves.find_curve("xye", scan("a"), PLAIN, sigma=True)
    assert str(caught.value) == (
        "x.nxs:/scan_1: xye needs the standard deviations of 'a'\n"
        "  hint: --sigma COLUMN names their column, --sigma poisson makes them of counts"
    )


def test_negative_values_are_no_counts() -> None:
    found = curves.find_curve("xye", scan("a", {"x": [1], "a": [-1]}), PLAIN | {"sigma": "poisson"})
    with pytest.raises(WriteError, match="'a' has negative values, which are no counts"):
        list(found.sigma.value.blocks())  # type: ignore[union-attr]


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64, min_value=-1e290, max_value=1e290)))
def test_powers_of_ten_move_the_decimal_point_and_nothing_else(values: list[float]) -> None:
    field = Field("E", np.array(values, np.float64), ("point",), "keV")
    found = curves.in_units(scan(), field, "eV")
    assert bits(np.concatenate([*curves.blocks_of(found), []])) == bits(moved(values, 3))


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [(7.1234, "keV", "eV", 7123.4), (12.34, "degree", "centidegree", 1234.0), (0.3, "1/nm", "1/angstrom", 0.03)],
)
def test_an_energy_keeps_its_digits(value: float, source: str, target: str, expected: float) -> None:
    (block,) = curves.Converted(np.array([value]), source, target).blocks()
    assert block.tolist() == [expected]


def test_other_units_are_converted_by_their_factor() -> None:
    (block,) = curves.Converted(np.array([1.0, np.nan]), "rad", "degree").blocks()
    assert block[0] == units.convert(1.0, "rad", "degree")
    assert np.isnan(block[1])


def test_units_that_no_one_states_are_asked_for_and_wrong_ones_refused() -> None:
    with pytest.raises(WriteError) as caught:
        curves.in_units(scan(), Field("E", np.array([1.0])), "eV")
    assert str(caught.value) == "x.nxs:/scan_1: the unit of 'E' is not known, eV is needed\n  hint: --x-units eV"
    with pytest.raises(WriteError) as caught:
        curves.in_units(scan(), Field("E", np.array([1.0]), ("point",), "mm"), "eV")
    assert str(caught.value) == "x.nxs:/scan_1: 'E' is in mm, eV is needed"


def test_rows_with_nan_and_inf_are_left_out_and_counted() -> None:
    made = scan("a", {"x": [1, 2, 3, 4, 5], "a": [1, np.nan, 3, 4, np.inf]})
    fields = list(made.columns.values())
    values = [Blocks(np.asarray(field.value)) for field in fields]
    assert "".join(curves.finite_text(values, " ")) == "1 1.0\n3 3.0\n4 4.0\n"
    assert curves.left_out("xy", made, fields, values) == ["xy has no nan and inf: 2 of 5 points are left out"]


def test_a_column_without_any_number_is_an_error() -> None:
    made = scan("a", {"x": [1.0, 2.0], "a": [np.nan, np.nan]})
    fields = list(made.columns.values())
    with pytest.raises(WriteError) as caught:
        curves.finite_count(made, fields, [np.asarray(field.value) for field in fields])
    assert str(caught.value) == (
        "x.nxs:/scan_1: there is no point at which all of 'x', 'a' are numbers\n"
        "  hint: --columns and --only-columns choose others"
    )


def test_an_axis_that_falls_is_told_with_its_point_across_blocks() -> None:
    made = scan("a", {"x": [1, 2, 3, 3, 2], "a": [1, 1, 1, 1, 1]})
    values = [Blocks(np.asarray(field.value)) for field in made.columns.values()]
    with pytest.raises(WriteError) as caught:
        curves.increasing("gsas", made, made.columns["x"], values)
    assert str(caught.value) == (
        "x.nxs:/scan_1: 'x' falls at point 4, gsas needs it to increase\n  hint: xy and xye keep any order"
    )
