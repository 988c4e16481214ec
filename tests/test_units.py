from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pint
import pytest

from nxconvert import units


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("deg", "degree"),
        ("degrees", "degree"),
        ("°", "degree"),
        ("Angstrom", "angstrom"),
        ("Å", "angstrom"),
        ("A^-1", "1/angstrom"),
        ("nm^-1", "1/nm"),
        ("micron", "um"),
        ("µm", "um"),
        ("sec", "s"),
        ("min", "minute"),
        ("cts", "counts"),
        ("Celsius", "degC"),
        ("g/cm3", "g/cm^3"),
        ("dimensionless", ""),
        (" mm ", "mm"),
        ("mm", "mm"),
        ("C", "C"),
        ("a.u.", "a.u."),
    ],
)
def test_units_have_one_spelling(found: str, expected: str) -> None:
    assert units.spell(found) == expected


def test_a_spelling_is_not_spelled_further() -> None:
    for unit in ("degree", "angstrom", "1/angstrom", "um", "s", "counts", "degC", "minute", ""):
        assert units.spell(unit) == unit


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("deg", "rad", True),
        ("mm", "um", True),
        ("keV", "eV", True),
        ("K", "degC", True),
        ("1/angstrom", "1/nm", True),
        ("Hz", "counts/s", True),
        ("counts", "", True),
        ("%", "", True),
        ("g/cm^3", "g/cm3", True),
        ("C", "K", False),
        ("mm", "s", False),
        ("eV", "nm", False),
        ("counts", "degree", False),
        ("rlu", "mm", None),
        ("a.u.", "mm", None),
        ("T", "gauss", None),
        ("rlu", "rlu", True),
        ("__import__('os')", "mm", None),
    ],
)
def test_units_of_one_kind_are_known(first: str, second: str, expected: bool | None) -> None:
    assert units.same_kind(first, second) is expected
    assert units.same_kind(second, first) is expected


def test_values_are_converted() -> None:
    assert units.convert(8.979, "keV", "eV") == pytest.approx(8979)
    assert units.convert(180, "deg", "rad") == pytest.approx(np.pi)
    np.testing.assert_allclose(units.convert(np.array([0.0, 10.0]), "degC", "K"), [273.15, 283.15])


def test_the_same_units_change_nothing() -> None:
    value = np.array([1, 2])
    assert units.convert(value, "deg", "degree") is value


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("millibar", "mbar"),
        ("count/second", "counts/s"),
        ("1/angstrom", "1/angstrom"),
        ("micrometer", "um"),
        ("degC", "degC"),
        ("degree", "degree"),
        ("gram/centimeter**3", "g/cm^3"),
        ("percent", "%"),
        ("dimensionless", ""),
        ("millielectron_volt", "meV"),
    ],
)
def test_a_quantity_of_pint_has_the_common_spelling(written: str, expected: str) -> None:
    assert units.of_quantity(pint.UnitRegistry().Quantity(2.5, written)) == (2.5, expected)


@pytest.mark.parametrize(
    ("value", "own", "target", "expected"),
    [
        (-10.0, "degC", "K", 263.15),
        (0.0, "K", "degC", -273.15),
        (32.0, "degF", "degC", 0.0),
        (180.0, "deg", "rad", np.pi),
        (1.0, "Å", "nm", 0.1),
        (1.0, "1/A", "1/nm", 10.0),
        (12.4, "keV", "eV", 12400.0),
    ],
)
def test_numbers_are_converted_with_their_offsets(value: float, own: str, target: str, expected: float) -> None:
    assert units.convert(value, own, target) == pytest.approx(expected, rel=1e-12, abs=1e-9)


def test_units_of_another_kind_cannot_be_converted() -> None:
    with pytest.raises(ValueError, match=r"^'mm' cannot be converted to 's'$"):
        units.convert(1.0, "mm", "s")
    with pytest.raises(ValueError, match=r"^'rlu' cannot be converted to 'mm'$"):
        units.convert(1.0, "rlu", "mm")


@pytest.mark.parametrize("text", ["9**9**9**9", "m" * 10_000, "(" * 1000, "mm^99999999"])
def test_hostile_units_are_just_unknown(text: str) -> None:
    start = time.process_time()
    assert units.same_kind(text, "mm") is None
    assert time.process_time() - start < 5


def test_pint_is_not_imported_for_equal_units() -> None:
    code = (
        "import sys; from nxconvert import units; units.same_kind('deg', 'degree'); units.spell('x');"
        " assert 'pint' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
