"""Which scans are wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nxconvert.errors import RequestError
from nxconvert.selection import parse_selection


def test_numbers_ranges_and_orders_are_selected() -> None:
    wanted = parse_selection("1, 3-5,7.2")
    assert wanted is not None
    chosen = [(number, order) for number in range(9) for order in (1, 2) if wanted(number, order)]
    assert chosen == [(1, 1), (1, 2), (3, 1), (3, 2), (4, 1), (4, 2), (5, 1), (5, 2), (7, 2)]


def test_an_empty_selection_is_none() -> None:
    assert parse_selection(" ") is None


@pytest.mark.parametrize("part", ["x", "5-3", "1.2.3", "-4", "1-", "3.1-4"])
def test_a_part_that_is_no_scan_is_named(part: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_selection(f"1,{part}")
    assert str(caught.value) == (
        f"--scan: '{part}' is not a scan, numbers, ranges and number.order were expected\n"
        "  hint: write it like 1,3-5,7.2"
    )


@given(st.text("0123456789,-. x", max_size=20))
def test_any_text_is_a_selection_or_refused(text: str) -> None:
    try:
        wanted = parse_selection(text)
    except RequestError:
        return
    assert wanted is None or isinstance(wanted(1, 1), bool)
