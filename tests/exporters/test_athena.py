"""Columns for Athena and Larch: names below a line of dashes, numbers to the end."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from exporting import FINITE, MEASURED, bits, constants, losses_of, moved, scan_of, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.errors import WriteError
from nxconvert.exporters.xas import ATHENA


def parse(text: str) -> tuple[dict[str, str], list[str], list[list[float]]]:
    """Read facts, names and columns; every rule that is not kept is an AssertionError."""
    lines = text.splitlines()
    header = [line for line in lines if line.startswith("#")]
    assert lines[: len(header)] == header
    *facts, dashes, labels = header
    assert re.fullmatch(r"# -{4,}", dashes)
    names = labels[1:].split()
    assert all(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) for name in names)
    assert len({name.lower() for name in names}) == len(names)
    assert not {"data", "array_labels", "filename", "attrs", "header", "footer"} & {name.lower() for name in names}
    assert all(re.match(r"# [\w.]+: \S", line) for line in facts)
    rows = [[float(cell) for cell in line.split()] for line in lines[len(header) :]]
    assert {len(row) for row in rows} <= {len(names)}
    return (
        dict(line[2:].split(": ", 1) for line in facts),  # type: ignore[arg-type]
        names,
        [list(column) for column in zip(*rows, strict=True)],
    )


@settings(deadline=None)
@given(st.lists(st.tuples(MEASURED, FINITE), min_size=1))
def test_every_number_comes_back_bit_for_bit(rows: list[tuple[float, float]]) -> None:
    energy, flux = zip(*rows, strict=True)
    scan = scan_of({"E": np.array(energy, np.float64), "I0": np.array(flux, np.float64)}, {"E": "keV"})
    _, names, columns = parse(text_of(ATHENA, scan))
    assert names == ["energy", "i0"]
    assert [bits(column) for column in columns] == [bits(moved(energy, 3)), bits(flux)]


@settings(deadline=None)
@given(
    st.lists(st.text(max_size=12) | st.sampled_from(["Data", "data", "header"]), min_size=1, max_size=6, unique=True)
)
def test_names_are_those_of_variables(names: list[str]) -> None:
    columns = {name: np.array([1.0, 2.0]) for name in names}
    assert len(parse(text_of(ATHENA, scan_of(columns, title="t"), x_units="eV"))[1]) == len(names)


def test_the_file_as_it_is_and_what_is_said_of_it() -> None:
    columns = {"E": np.array([7.1, 7.2]), "data": np.array([1, 2]), "open": np.array([True, False]), "2x": np.ones(2)}
    scan = scan_of(columns, {"E": "keV"}, metadata=constants(x__element="Fe"), title="é")
    assert text_of(ATHENA, scan, edge="k") == (
        "# scan: 1.1\n# title: ?\n# Element.symbol: Fe\n# Element.edge: K\n"
        "# ----------------------------------------\n# energy c_data open c_2x\n"
        "7100.0 1 1 1.0\n7200.0 2 0 1.0\n"
    )
    assert losses_of(ATHENA, scan) == [
        "athena has no place for units: 'E'",
        "athena has no place for metadata: 'x.element'",
        "athena has other names for columns: 'E: energy', 'data: c_data', '2x: c_2x'",
        "'E' is converted from keV to eV",
        "athena has no true and false, so 1 and 0 stand for them: 'open'",
        "athena has lines of ASCII, and '?' for what is not in it: 'title'",
    ]


def test_an_angle_is_no_energy() -> None:
    with pytest.raises(WriteError) as caught:
        text_of(ATHENA, scan_of({"bragg": np.array([16.1])}, {"bragg": "deg"}))
    assert str(caught.value) == (
        "x.nxs:/scan_1: 'bragg' is in deg, an energy was expected\n  hint: --x names another column"
    )


def test_larch_reads_it(tmp_path: Path) -> None:
    larch = pytest.importorskip("larch.io")
    columns = {"E": np.array([7.1, 7.1234, 7.2]), "I0": np.array([1, 2, 3]), "I 1": np.array([0.1, 0.2, 0.3])}
    path = tmp_path / "foil.dat"
    path.write_text(text_of(ATHENA, scan_of(columns, {"E": "keV"})))
    group = larch.read_ascii(str(path))
    assert group.array_labels == ["energy", "i0", "i_1"]
    assert group.energy.tolist() == [7100.0, 7123.4, 7200.0]
    assert group.i_1.tolist() == [0.1, 0.2, 0.3]
