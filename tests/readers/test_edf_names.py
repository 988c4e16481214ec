"""Names of files by their shapes: what is alike, and that it does not matter how names are brought together."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from nxconvert.readers.edf import patterns, tomofolder, xianames
from nxconvert.readers.edf.names import NamesAlike, names_alike, names_alike_in, natural


def test_names_are_alike_when_only_digits_differ() -> None:
    names = ["a_09.edf", "a_10.edf", "a_9.edf", "b_10.edf", "a_10.edf.bz2", "a_10.edf.bz3", "\udce9٣1_.edf"]
    assert names_alike_in("d", names) == [
        NamesAlike("d", "a_00.edf", ["a_09.edf", "a_10.edf"], ["d/a_09.edf", "d/a_10.edf"]),
        NamesAlike("d", "a_0.edf", ["a_9.edf"], ["d/a_9.edf"]),
        NamesAlike("d", "b_00.edf", ["b_10.edf"], ["d/b_10.edf"]),
        NamesAlike("d", "a_00.edf.bz2", ["a_10.edf.bz2"], ["d/a_10.edf.bz2"]),
        NamesAlike("d", "a_00.edf.bz3", ["a_10.edf.bz3"], ["d/a_10.edf.bz3"]),
        NamesAlike("d", "\udce9٣0_.edf", ["\udce9٣1_.edf"], ["d/\udce9٣1_.edf"]),
    ]
    assert names_alike_in("d", []) == names_alike([]) == []


def test_files_of_different_folders_are_not_alike() -> None:
    assert [item.paths for item in names_alike(["x1/a1.edf", "x2/a1.edf", "x1/a2.edf", "a3.edf"])] == [
        ["x1/a1.edf", "x1/a2.edf"],
        ["x2/a1.edf"],
        ["a3.edf"],
    ]


NAMES = st.lists(
    st.from_regex(r"[aé]?_?[0-9]{1,3}_[0-9]{0,25}(\.edf)?(\.gz|\.bz2|\.lz4|\.Z)?", fullmatch=True), max_size=40
)


@given(NAMES)
def test_every_name_has_the_numbers_of_its_shape(names: list[str]) -> None:
    items = names_alike(names)
    assert sorted(name for item in items for name in item.names) == sorted(names)
    for item in items:
        assert item.paths == item.names
        assert {re.sub("[0-9]", "0", name[:-1]) + name[-1] for name in item.names} == {item.shape}


@given(st.lists(st.from_regex(r"a[0-9]{1,3}_[0-9]{1,2}\.edf(\.gz|\.bz2)?", fullmatch=True), min_size=1, max_size=40))
def test_files_of_one_family_are_in_natural_order(names: list[str]) -> None:
    # numbers that tell the files not apart are no indices, so that the order is all there is
    names = [*names, "a1_1.edf", "a01_1.edf", "a001_01.edf"]
    assert patterns.from_list(names, []).grids[""].paths == sorted(set(names), key=natural)


def test_of_two_files_of_one_line_the_first_by_name_is_taken() -> None:
    # the compressed ones are of another shape, which comes first
    names = [f"m_xia00_0001_0000_{line}" for line in ("0000.edf.gz", "0001.edf", "0001.edf.gz", "00001.edf")]
    (item,), others = xianames.find_maps(names_alike(sorted(names)))
    assert item.lines == {"xia00": {0: names[0], 1: names[3]}}
    assert sorted(path for other in others for path in other.paths) == [names[1], names[2]]


def test_names_whose_digits_stand_where_maps_have_zeros_are_a_series() -> None:
    names = [f"m_xia00_0001_0001_{line:04d}.edf" for line in range(3)]
    maps, others = xianames.find_maps(names_alike(names))
    assert maps == []
    assert [item.title for item in patterns.group(others, [])] == ["m_xia00_0001_0001_*.edf"]


def test_a_tomography_takes_projections_of_one_prefix_and_tells_the_others_by_name() -> None:
    names = ["dark.edf", "ref0000_0010.edf", "x.edf", "x_slice_1.edf"]
    names += [f"s{sample}_{number:04d}.edf" for sample in (1, 2) for number in range(sample)] + ["s2_00002.edf"]
    folder = tomofolder.look_at("renamed", names_alike_in("renamed", sorted(names)))
    assert folder.is_one
    assert folder.projections == [
        (0, "renamed/s2_0000.edf"),
        (1, "renamed/s2_0001.edf"),
        (2, "renamed/s2_00002.edf"),
    ]
    assert folder.flats == [(10, 0, "renamed/ref0000_0010.edf")]
    assert folder.others == ["renamed/x.edf", "renamed/s1_0000.edf"]
    assert folder.reconstructions == ["renamed/x_slice_1.edf"]


def test_scans_of_one_number_with_other_zeros_are_one() -> None:
    names = ["a_1_3.edf", "a_01_2.edf", "a_01_1.edf", "a_2_1.edf", "a_2_2.edf"]
    assert [(item.title, item.grids[""].paths) for item in patterns.group(names_alike(names), [])] == [
        ("a_01_*.edf", ["a_01_1.edf", "a_01_2.edf", "a_1_3.edf"]),
        ("a_2_*.edf", ["a_2_1.edf", "a_2_2.edf"]),
    ]
