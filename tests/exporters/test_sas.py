"""Small-angle scattering as columns, read by a parser that follows SasView: comment lines, then q, I, dI, dq."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exporting import FINITE, MEASURED, bits, losses_of, moved, scan_of, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.errors import WriteError
from nxconvert.exporters.sas import EXPORTER
from nxconvert.scan import Scan


def parse(text: str) -> list[list[float]]:
    """Read the columns; every rule that is not kept is an AssertionError."""
    lines = text.splitlines()
    rows = [[float(cell) for cell in line.split()] for line in lines if not line.startswith("#")]
    assert all(line.startswith("#") for line in lines[: len(lines) - len(rows)])
    assert len(rows) >= 5
    assert {len(row) for row in rows} in ({2}, {3}, {4})
    return [list(column) for column in zip(*rows, strict=True)]


@settings(deadline=None)
@given(st.lists(st.tuples(MEASURED, FINITE, FINITE, MEASURED), min_size=5), st.booleans())
def test_every_number_comes_back_bit_for_bit(rows: list[tuple[float, ...]], resolution: bool) -> None:
    q, y, s, dq = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    columns = {"Q": q, "I": y, "Idev": s} | ({"Qdev": dq} if resolution else {})
    scan = scan_of(columns, {"Q": "1/angstrom"}, "I")
    assert [bits(column) for column in parse(text_of(EXPORTER, scan))] == [bits(column) for column in columns.values()]
    other = parse(text_of(EXPORTER, scan, q_units="1/nm"))
    assert [bits(column) for column in other[1:3]] == [bits(y), bits(s)]
    assert bits(other[0]) == bits(moved(q.tolist(), 1))
    assert not resolution or bits(other[3]) == bits(moved(dq.tolist(), 1))


def curve(points: int = 5, **more: Any) -> Scan:
    q = np.arange(1, points + 1) / 10
    return scan_of(
        {"q": q, "I": np.arange(points) * 2.0, "I_errors": np.ones(points)}, {"q": "nm^-1", "I": "1/cm"}, "I", **more
    )


def test_the_file_as_it_is() -> None:
    scan = curve(title="a\ntitle")
    assert text_of(EXPORTER, scan) == (
        "# a title\n# q (1/angstrom) I (1/cm) sigma\n0.01 0.0 1.0\n0.02 2.0 1.0\n0.03 4.0 1.0\n0.04 6.0 1.0\n0.05 8.0 1.0\n"
    )
    assert losses_of(EXPORTER, scan) == ["'q' is converted from nm^-1 to 1/angstrom"]
    assert text_of(EXPORTER, scan, q_units="1/nm", sigma="none").splitlines()[:3] == [
        "# a title",
        "# q (1/nm) I (1/cm)",
        "0.1 0.0",
    ]
    assert losses_of(EXPORTER, scan, q_units="1/nm") == []


def test_fewer_points_than_sasview_reads_are_refused() -> None:
    with pytest.raises(WriteError) as caught:
        text_of(EXPORTER, curve(4))
    assert str(caught.value) == "x.nxs:/scan_1: has 4 points, SasView reads no fewer than 5"


def test_q_without_a_unit_is_not_guessed() -> None:
    scan = scan_of({"q": np.arange(5.0), "I": np.arange(5.0)})
    with pytest.raises(WriteError, match="the unit of 'q' is not known, 1/angstrom is needed"):
        text_of(EXPORTER, scan, sigma="none")
    assert parse(text_of(EXPORTER, scan, sigma="none", x_units="1/nm"))[0] == [0.0, 0.1, 0.2, 0.3, 0.4]
