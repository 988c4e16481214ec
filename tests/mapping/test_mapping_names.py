from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nxconvert.mapping.names import PREFIXES, SUFFIXES, TAKEN, Names, legal

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("det", "det"),
        ("Two Theta", "Two_Theta"),
        ("FeKa(mca1 R1)", "FeKa_mca1_R1_"),
        ("2theta", "_2theta"),
        ("a.b/c", "a_b_c"),
        ("µm", "_m"),
        ("", "_"),
        ("det_errors", "det_errors_"),
        ("chi_set", "chi_set_"),
        ("SAS_x", "_SAS_x"),
        ("NX_class", "_NX_class"),
        ("identifier", "_identifier"),
        ("x" * 70, "x" * 63),
        ("x" * 58 + "_errors", "x" * 58 + "_erro"),
        ("x" * 56 + "_errors", "x" * 56 + "_error" + "_"),
    ],
)
def test_names_are_made_legal(name: str, expected: str) -> None:
    assert legal(name) == expected


def test_names_that_become_equal_get_numbers() -> None:
    names = Names()
    assert [names.claim(name) for name in ("a b", "a_b", "a.b", "a_b_1")] == ["a_b", "a_b_1", "a_b_2", "a_b_1_1"]


def test_a_reserved_name_is_not_given_away() -> None:
    names = Names()
    names.reserve("energy")
    assert names.claim("energy") == "energy_1"


def test_names_with_a_meaning_in_a_class_are_not_given_away() -> None:
    assert [Names("NXdata").claim(name) for name in TAKEN["NXdata"]] == [f"{name}_1" for name in TAKEN["NXdata"]]


@given(st.lists(st.text(max_size=80), max_size=30))
def test_names_are_always_legal_and_never_equal(words: list[str]) -> None:
    names = Names("NXdata")
    given_names = [names.claim(word) for word in words]
    assert len(set(given_names)) == len(words)
    for name in given_names:
        assert NAME.fullmatch(name)
        assert not name.startswith(PREFIXES)
        assert not name.endswith(SUFFIXES)


@given(st.from_regex(NAME, fullmatch=True))
def test_a_legal_name_stays_what_it_is(name: str) -> None:
    if not name.startswith(PREFIXES) and not name.endswith(SUFFIXES):
        assert legal(name) == name
