from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scans import Lazy

from nxconvert.errors import Place, Problem
from nxconvert.mapping.expressions import CONSTANTS, ExpressionError, parse


def calculate(text: str, **values: Any) -> Any:
    problems: list[Problem] = []
    expression = parse(text, Place("m.yaml", 1, 2), problems)
    assert problems == []
    assert expression is not None
    return expression.evaluate(lambda name: values[name])


def mistake(text: str) -> str:
    problems: list[Problem] = []
    assert parse(text, Place("m.yaml", 1, 2), problems) is None
    return str(problems[0]).partition(": ")[2]


EXPECTED = "expected numbers, %name%, + - * / **, functions"
FUNCTIONS = (
    "\n  hint: known: 'abs', 'acos', 'asin', 'atan', 'bragg_angle', 'bragg_energy', 'cos', 'd_spacing' and 20 more"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("__import__('os')", "the unknown function '__import__'" + FUNCTIONS),
        ("open('x')", "the unknown function 'open'" + FUNCTIONS),
        ("men(%a%)", "the unknown function 'men'\n  hint: did you mean 'mean' or 'min' or 'len'?"),
        ("%a%.real", f"'%...%.real', {EXPECTED}"),
        ("(%a%).__class__.__mro__", f"'%...%.__class__.__mro__', {EXPECTED}"),
        ("%a%[0]", f"'%...%[0]', {EXPECTED}"),
        ("lambda: 1", f"'lambda: 1', {EXPECTED}"),
        ("[1, 2]", f"'[1, 2]', {EXPECTED}"),
        ("1 if %a% else 2", f"'1 if %...% else 2', {EXPECTED}"),
        ("1 < 2", f"'1 < 2', {EXPECTED}"),
        ("1 % 2", f"'1 % 2', {EXPECTED}"),
        ("~1", f"'~1', {EXPECTED}"),
        ("'a' * 99", "'a', expected numbers"),
        ("1j", "1j, expected numbers"),
        ("True", "True, expected numbers"),
        ("sum(%a%, 1)", "'sum(%...%, 1)', expected one value in sum(...)"),
        ("sum(*%a%)", "'sum(*%...%)', expected one value in sum(...)"),
        ("sum(x=1)", "'sum(x=1)', expected one value in sum(...)"),
        ("sum()", "'sum()', expected one value in sum(...)"),
        ("q(%a%)", "'q(%...%)', expected q(two_theta, wavelength)"),
        ("q(%a%, 1, 2)", "'q(%...%, 1, 2)', expected q(two_theta, wavelength)"),
        ("q(*%a%, 1)", "'q(*%...%, 1)', expected q(two_theta, wavelength)"),
        (
            "bragg_angle(1, open)",
            "the unknown name 'open', expected %name% or a constant\n"
            "  hint: known: 'c', 'e', 'h', 'hc', 'k', 'me', 'mn', 'pi'",
        ),
        ("bragg_angle(1, 1)", "'bragg_angle(1, 1)' has no finite value"),
        ("sum(1)(2)", "'sum(1)' called, expected a function"),
        ("mean", "the unknown name 'mean', expected %name% or a constant\n  hint: call it: mean(...)"),
        (
            "energy + 1",
            "the unknown name 'energy', expected %name% or a constant\n"
            "  hint: known: 'c', 'e', 'h', 'hc', 'k', 'me', 'mn', 'pi'",
        ),
        ("__0__ + %a%", "a name with '__', expected %name%"),
        ("", f"not an arithmetic expression, {EXPECTED}"),
        ("1 +", f"not an arithmetic expression, {EXPECTED}"),
        ("%a", f"not an arithmetic expression, {EXPECTED}"),
        ("a = 1", f"not an arithmetic expression, {EXPECTED}"),
        ("1\0", f"not an arithmetic expression, {EXPECTED}"),
        ("9**9**9", "'9 ** 9 ** 9' has no finite value"),
        ("1 / 0", "'1 / 0' has no finite value"),
        ("sqrt(-1)", "'sqrt(-1)' has no finite value"),
        ("1e999", "'1e309' has no finite value"),
    ],
)
def test_what_the_language_does_not_have_is_refused(text: str, expected: str) -> None:
    assert mistake(text) == f"function '{text}': {expected}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(" * 400 + "1" + ")" * 400, f"not an arithmetic expression, {EXPECTED}"),
        ("-" * 900 + "1", "nested too deeply, expected 50 levels at most"),
        ("+".join(["%a%"] * 100), "nested too deeply, expected 50 levels at most"),
        ("~" + "-" * 900 + "1", f"'UnaryOp', {EXPECTED}"),
        ("1" * 1001, "1001 characters, expected 1000 at most"),
        ("9" * 900, f"'{'9' * 57}...' has no finite value"),
        ("**".join("9" * 40), "'9 ** 9 ** 9' has no finite value"),
    ],
)
def test_hostile_expressions_are_refused_at_once(text: str, expected: str) -> None:
    start = time.process_time()
    assert mistake(text).endswith(expected)
    assert time.process_time() - start < 1


def test_the_sum_of_figure_16() -> None:
    assert calculate("sum(%monit_data%)", monit_data=np.array([5, 6, 7])) == 18


def test_names_may_be_references_with_blanks_and_dots() -> None:
    problems: list[Problem] = []
    expression = parse("%columns.Two Theta% / 2 + %a%", Place("m"), problems)
    assert expression is not None
    assert expression.names == ("columns.Two Theta", "a")


def test_whole_numbers_stay_whole_in_sums_and_extremes() -> None:
    big = np.array([2**60, 2**60 + 1, 3], dtype=np.int64)
    for text, expected in [("sum(%x%)", 2**61 + 4), ("max(%x%)", 2**60 + 1), ("min(%x%)", 3), ("first(%x%)", 2**60)]:
        result = calculate(text, x=big)
        assert (int(result), result.dtype) == (expected, np.dtype(np.int64))
    assert calculate("last(%x%)", x=big) == 3
    assert calculate("len(%x%)", x=big) == 3
    assert calculate("abs(%x%)", x=-big).tolist() == big.tolist()


def test_a_sum_beyond_64_bits_becomes_a_float_and_no_wrong_number() -> None:
    huge = np.array([2**62, 2**62, 2**62], dtype=np.int64)
    assert calculate("sum(%x%)", x=huge) == 3 * 2.0**62
    assert calculate("sum(%x%)", x=np.array([2**64 - 1, 2**64 - 1], dtype=np.uint64)) == 2.0**65
    assert calculate("abs(%x%)", x=np.array([-(2**63)])).tolist() == [2.0**63]


def test_small_integers_are_summed_without_overflow() -> None:
    assert calculate("sum(%x%)", x=np.full(1000, 127, dtype=np.int8)) == 127_000
    assert calculate("sum(%x%)", x=np.full(1000, -128, dtype=np.int8)) == -128_000


@pytest.mark.parametrize("name", ["mean", "min", "max", "first", "last"])
def test_functions_of_nothing_are_not_a_number(name: str) -> None:
    assert np.isnan(calculate(f"{name}(%x%)", x=np.array([])))


def test_the_energy_of_one_angstrom() -> None:
    assert calculate("hc / %x%", x=1.0) == pytest.approx(12.39841984)
    assert calculate("h * c / e / 1e3 * 1e10") == pytest.approx(CONSTANTS["hc"])


def test_arrays_of_different_shape_are_refused() -> None:
    with pytest.raises(ExpressionError, match=r"^the shapes \[2\] and \[3\] differ$"):
        calculate("%a% + %b%", a=np.zeros(2), b=np.zeros(3))
    with pytest.raises(ExpressionError, match=r"^the shapes \[3\] and \[2, 3\] differ$"):
        calculate("%a% + %b%", a=np.zeros(3), b=np.zeros((2, 3)))


@pytest.mark.parametrize("value", ["text", ["a", "b"], True])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ExpressionError, match=r"^%x% is not a number$"):
        calculate("%x% + 1", x=value)


def test_a_name_alone_gives_its_value() -> None:
    result = calculate("%x%", x=5)
    assert (result, type(result)) == (5, np.int64)


def test_an_integer_beyond_64_bits_is_refused() -> None:
    with pytest.raises(ExpressionError, match=r"^%x% is too large a number$"):
        calculate("%x% + 1", x=2**70)


def test_sums_of_arrays_in_their_file_read_block_after_block() -> None:
    array = Lazy(np.arange(10.0).reshape(5, 2))
    for name, expected in [("sum", 45), ("mean", 4.5), ("min", 0), ("max", 9), ("first", 0), ("last", 9), ("len", 5)]:
        assert calculate(f"{name}(%x%)", x=array) == expected
    assert array.passes == 6  # len reads nothing


def test_an_array_in_its_file_is_loaded_for_arithmetic_unless_it_is_large() -> None:
    assert calculate("%x% * 2", x=Lazy(np.arange(3.0))).tolist() == [0, 2, 4]
    assert calculate("%x%", x=Lazy(np.arange(3))).tolist() == [0, 1, 2]
    large = Lazy(np.zeros(1))
    large.shape = (10_000_000,)
    with pytest.raises(ExpressionError) as error:
        calculate("%x% * 2", x=large)
    assert str(error.value) == "an array of 80000000 bytes is too large for this, only for sum, mean, min, max"


# an oracle: the same formula as numpy calculates it

ARRAYS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5).map(np.array)
LEAVES = st.one_of(st.sampled_from(["%x%", "%n%", "pi", "hc"]), st.integers(0, 99).map(str), st.floats(0, 9).map(repr))


def combined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(parts, st.sampled_from("+-*/"), parts).map(lambda item: f"({item[0]} {item[1]} {item[2]})"),
        st.tuples(st.sampled_from(["sqrt", "sin", "cos", "atan", "exp", "degrees", "sum", "max", "mean"]), parts).map(
            lambda item: f"{item[0]}({item[1]})"
        ),
        parts.map(lambda item: f"-{item}"),
    )


NUMPY = {
    **{name: getattr(np, name) for name in ("sqrt", "sin", "cos", "exp", "degrees", "sum", "max", "mean")},
    "atan": np.arctan,
    "pi": np.float64(np.pi),
    "hc": np.float64(CONSTANTS["hc"]),
}


@given(st.recursive(LEAVES, combined, max_leaves=8), ARRAYS, st.integers(-5, 5))
def test_expressions_give_what_numpy_gives(text: str, x: Any, n: int) -> None:
    problems: list[Problem] = []
    expression = parse(text, Place("m"), problems)
    code = text.replace("%x%", "x").replace("%n%", "n")
    with np.errstate(all="ignore"):
        if expression is None:  # refused because a part of it is constant and not finite: so it is in numpy
            assert problems[0].found.endswith("has no finite value")
            return
        try:
            expected = eval(code, {"__builtins__": {}}, {**NUMPY, "x": x, "n": np.float64(n)})
        except ZeroDivisionError:
            return
    result = expression.evaluate(lambda name: {"x": x, "n": n}[name])
    np.testing.assert_allclose(result, expected, rtol=1e-9)


# the functions of physics; the numbers are those of the CODATA table, not of the code

POSITIVE = st.lists(st.floats(0.1, 1e3), min_size=1, max_size=5).map(np.array)


@given(POSITIVE, st.floats(1.0, 5.0), st.floats(1.0, 170.0))
def test_the_functions_of_physics_give_what_their_formulas_say(x: Any, d: float, angle: float) -> None:
    theta = np.radians(angle) / 2
    for text, expected in {
        "photon_wavelength(%x%)": 12.398419843320026 / x,
        "photon_energy(photon_wavelength(%x%))": x,
        "neutron_energy(%x%)": 81.8042102 / x**2,
        "neutron_wavelength(neutron_energy(%x%))": x,
        "bragg_energy(%angle% / 2, %d%)": 12.398419843320026 / (2 * d * np.sin(theta)),
        "bragg_angle(bragg_energy(%angle% / 2, %d%), %d%)": angle / 2,
        "q(%angle%, %x%)": 4 * np.pi * np.sin(theta) / x,
        "2 * pi / d_spacing(%angle%, %x%)": 4 * np.pi * np.sin(theta) / x,
    }.items():
        np.testing.assert_allclose(calculate(text, x=x, d=d, angle=angle), expected, rtol=1e-7)


def test_copper_at_its_edge() -> None:
    assert calculate("bragg_angle(%energy%, 3.13560)", energy=8.979) == pytest.approx(12.7199, abs=1e-4)


@given(st.text(alphabet="()+-*/%aepi0123456789.,_[]{}'\"= \n", max_size=60))
def test_any_text_is_parsed_or_refused_with_a_reason(text: str) -> None:
    problems: list[Problem] = []
    assert (parse(text, Place("m"), problems) is None) == (len(problems) == 1)
