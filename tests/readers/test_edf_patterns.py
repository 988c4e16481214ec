"""Names of files as indices: patterns, folders and lists."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nxconvert.errors import Problem, ReadError, RequestError
from nxconvert.readers.edf import patterns
from nxconvert.readers.edf.names import names_alike, names_in


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


def shown(items: list[patterns.Series]) -> list[tuple[object, ...]]:
    return [(item.title, item.number, {key: (g.names, g.values) for key, g in item.grids.items()}) for item in items]


def found(pattern: str) -> list[patterns.Series]:
    problems: list[Problem] = []
    series = patterns.find(patterns.parse(pattern), problems)
    assert problems == []
    return series


def test_one_number_is_the_point(tmp_path: Path) -> None:
    touch(tmp_path, "a_0001.edf", "a_0002.edf", "a_0003.edf", "b_0004.edf", "a_4.edf", "a_0005.tif")
    (item,) = found(f"{tmp_path}/a_%04d.edf")
    assert shown([item]) == [("a_%04d.edf", 1, {"": (("point",), ([1, 2, 3],))})]
    assert item.grids[""].paths == [f"{tmp_path}/a_{n:04d}.edf" for n in (1, 2, 3)]


def test_numbers_may_be_longer_than_their_format(tmp_path: Path) -> None:
    touch(tmp_path, "a_9999.edf", "a_10000.edf", "a_10001.edf")
    assert found(f"{tmp_path}/a_%04d.edf")[0].grids[""].values == ([9999, 10000, 10001],)


def test_two_numbers_are_row_and_column(tmp_path: Path) -> None:
    touch(tmp_path, *(f"a_{row:04d}_{column:04d}.edf" for row in (0, 1) for column in (5, 6, 7)))
    (item,) = found(f"{tmp_path}/a_%04d_%04d.edf")
    assert shown([item])[0][2] == {"": (("row", "column"), ([0, 1], [5, 6, 7]))}
    assert [os.path.basename(path or "") for path in item.grids[""].paths] == [
        f"a_{row:04d}_{column:04d}.edf" for row in (0, 1) for column in (5, 6, 7)
    ]


def test_three_numbers_are_scan_row_and_column(tmp_path: Path) -> None:
    touch(tmp_path, *(f"a_{s:04d}_{r:04d}_{c:04d}.edf" for s in (3, 12) for r in range(2) for c in range(2)))
    assert shown(found(f"{tmp_path}/a_%04d_%04d_%04d.edf")) == [
        ("a_0003_*_*.edf", 3, {"": (("row", "column"), ([0, 1], [0, 1]))}),
        ("a_0012_*_*.edf", 12, {"": (("row", "column"), ([0, 1], [0, 1]))}),
    ]


def test_names_say_what_is_scan_detector_and_dimension(tmp_path: Path) -> None:
    touch(
        tmp_path,
        *(f"x_{d}_{s}_{t:02d}_{p}.edf" for d in ("mpx4", "eh_2") for s in (10, 9) for t in (1, 2) for p in (1, 2)),
    )
    dims = (("temperature", "point"), ([1, 2], [1, 2]))
    assert shown(found(f"{tmp_path}/x_{{detector}}_{{scan}}_{{temperature:02d}}_{{point}}.edf")) == [
        ("x_*_9_*_*.edf", 9, {"eh_2": dims, "mpx4": dims}),
        ("x_*_10_*_*.edf", 10, {"eh_2": dims, "mpx4": dims}),
    ]


def test_a_name_that_stands_twice_must_be_equal(tmp_path: Path) -> None:
    touch(tmp_path, "a1_1_1.edf", "a1_2_1.edf", "a2_1_1.edf", "a2_2_2.edf")
    assert [item.number for item in found(f"{tmp_path}/a{{scan}}_{{point}}_{{scan}}.edf")] == [1, 2]


def test_compressed_files_fit_the_pattern_of_plain_ones(tmp_path: Path) -> None:
    touch(tmp_path, "a_0000.edf.gz", "a_0001.edf", "a_0002.edf.bz2", "a_0003.edf.txt")
    assert found(f"{tmp_path}/a_%04d.edf")[0].grids[""].values == ([0, 1, 2],)


def test_two_files_in_one_place_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "a_0000.edf.gz", "a_0000.edf", "a_0001.edf")
    problems: list[Problem] = []
    (item,) = patterns.find(patterns.parse(f"{tmp_path}/a_%04d.edf"), problems)
    assert item.grids[""].paths == [f"{tmp_path}/a_0000.edf", f"{tmp_path}/a_0001.edf"]
    assert [str(problem) for problem in problems] == [
        f"{tmp_path}/a_0000.edf.gz: has the same indices as 'a_0000.edf', one file for each index expected\n"
        "  hint: it is left out"
    ]


def test_missing_files_are_named_with_their_zeros(tmp_path: Path) -> None:
    touch(
        tmp_path,
        *(f"a_{row:02d}_{column:04d}.edf" for row in range(3) for column in range(3) if (row, column) != (1, 2)),
    )
    grid = found(f"{tmp_path}/a_%02d_%04d.edf")[0].grids[""]
    assert grid.missing == ["a_01_0002.edf"]
    assert grid.paths[5] is None
    assert grid.paths.count(None) == 1


def test_numbers_with_a_step_have_no_gaps_between(tmp_path: Path) -> None:
    touch(tmp_path, "a_0000.edf", "a_0010.edf", "a_0030.edf")
    grid = found(f"{tmp_path}/a_%04d.edf")[0].grids[""]
    assert (grid.values, grid.missing) == (([0, 10, 20, 30],), ["a_0020.edf"])


def test_numbers_far_apart_are_taken_as_they_are(tmp_path: Path) -> None:
    touch(tmp_path, *(f"a_{number}.edf" for number in (1, 17, 1000000, 99999999999999999999)))
    grid = found(f"{tmp_path}/a_%d.edf")[0].grids[""]
    assert (grid.values, grid.missing) == (([1, 17, 1000000, 99999999999999999999],), [])


def test_a_regular_expression_has_named_groups(tmp_path: Path) -> None:
    touch(tmp_path, "12deg-s1.edf", "14deg-s1.edf", "12deg-s2.edf.gz", "14deg-s2.edf", "x12deg-s2.edf")
    pattern = patterns.parse_expression(str(tmp_path), r"(?P<angle>\d+)deg-s(?P<scan>\d)\.edf")
    assert shown(patterns.find(pattern, [])) == [
        ("*deg-s1.edf", 1, {"": (("angle",), ([12, 14],))}),
        ("*deg-s2.edf.gz", 2, {"": (("angle",), ([12, 14],))}),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x/a_%04d/b.edf", "x/a_%04d/b.edf: the pattern of a folder, indices in the name of the file expected\n  hint: give one folder at a time"),
        ("a_%d_{point}.edf", "a_%d_{point}.edf: both %d and names in braces, one of them expected\n  hint: give all indices names"),
        ("%d_%d_%d_%d.edf", "%d_%d_%d_%d.edf: 4 indices without names, at most 3 expected\n  hint: give them names, such as {scan}_{row}_{column}"),
        ("a_{1}.edf", "a_{1}.edf: the index '1', a name that begins with a letter expected"),
        ("a.edf", "a.edf: no index in this pattern, %04d or {point} expected\n  hint: it is a file or a pattern"),
    ],
)  # fmt: skip
def test_patterns_that_cannot_be_are_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError) as error:
        patterns.parse(text)
    assert str(error.value) == message


def test_expressions_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="this is no regular expression"):
        patterns.parse_expression("", "(")
    with pytest.raises(RequestError, match="no named group in this expression, one for each index expected"):
        patterns.parse_expression("", r"(\d+)")
    touch(tmp_path, "ab.edf")
    with pytest.raises(RequestError, match="the index 'point' is 'b', a number expected"):
        patterns.find(patterns.parse_expression(str(tmp_path), r"a(?P<point>.)\.edf"), [])


def test_a_pattern_that_no_file_fits_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError) as error:
        patterns.find(patterns.parse(f"{tmp_path}/a_%04d.edf"), [])
    assert str(error.value) == (
        f"{tmp_path}/a_%04d.edf: no file fits this pattern, one in '{tmp_path}' expected\n"
        "  hint: 'ls' lists the files; %04d is a number of four digits or more"
    )
    with pytest.raises(ReadError, match=r"nowhere: the folder cannot be read \(No such file or directory\)"):
        patterns.find(patterns.parse(f"{tmp_path}/nowhere/a_%04d.edf"), [])


def test_files_that_fill_no_grid_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, *(f"a_{number}_{number}.edf" for number in range(60)))
    with pytest.raises(RequestError) as error:
        patterns.find(patterns.parse(f"{tmp_path}/a_%d_%d.edf"), [])
    assert str(error.value) == (
        f"{tmp_path}/a_0_0.edf: 60 files whose numbers span 60 x 60, a grid of indices expected\n"
        "  hint: name what the numbers are in a pattern: {scan} splits them, and fixed text leaves them out"
    )


def test_a_folder_is_grouped_by_names() -> None:
    names = ["d/a10.edf", "d/dark.edf", "d/a9.edf", "d/a11.edf", "d/p_1_5_77.edf", "d/p_1_6_78.edf", "d/b_2_1.edf"]
    assert shown(patterns.group(names_alike(names), [])) == [
        ("a*.edf", 1, {"": (("point",), ([9, 10, 11],))}),
        ("b_2_1.edf", 2, {"": (("point",), ([0],))}),
        ("dark.edf", 3, {"": (("point",), ([0],))}),
        ("p_1_*_77.edf", 4, {"": (("point",), ([5, 6],))}),
    ]


def test_a_folder_of_scans_of_different_length_is_split_by_the_first_number() -> None:
    names = [f"a_{scan}_{point:02d}.edf" for scan in (2, 10) for point in range(scan)]
    assert shown(patterns.group(names_alike(names), [])) == [
        ("a_2_*.edf", 1, {"": (("point",), ([0, 1],))}),
        ("a_10_*.edf", 2, {"": (("point",), (list(range(10)),))}),
    ]


def test_a_list_keeps_natural_order_and_has_no_gaps() -> None:
    grid = patterns.from_list(["b10.edf", "b2.edf", "b1.edf", "b2.edf"], []).grids[""]
    assert (grid.paths, grid.values, grid.missing) == (["b1.edf", "b2.edf", "b10.edf"], ([1, 2, 10],), [])
    grid = patterns.from_list(["b10.edf", "a20.edf"], []).grids[""]
    assert (grid.paths, grid.values) == (["a20.edf", "b10.edf"], ([0, 1],))


def test_links_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "a_0000.edf")
    (tmp_path / "a_0001.edf").symlink_to(tmp_path / "nothing")
    (tmp_path / "a_0002.edf").symlink_to(tmp_path / "a_0002.edf")
    (tmp_path / "notes.txt").symlink_to(tmp_path / "nothing")
    problems: list[Problem] = []
    assert names_in(str(tmp_path), problems) == ["a_0000.edf"]
    assert sorted(str(problem) for problem in problems) == [
        f"{tmp_path}/a_000{n}.edf: this link leads to no file, a file expected" for n in (1, 2)
    ]


@given(st.sets(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=60))
def test_every_file_has_its_place_in_a_grid(keys: set[tuple[int, int]]) -> None:
    members = [
        patterns.Member(f"x/a_{a:03d}_{b:03d}.edf", (f"{a:03d}", f"{b:03d}"), ((2, 5), (6, 9))) for a, b in sorted(keys)
    ]
    grid = patterns.make_grid(members, [0, 1], ("row", "column"), [])
    rows, columns = grid.values
    places = [(row, column) for row in rows for column in columns]
    assert {place for place, path in zip(places, grid.paths, strict=True) if path} == keys
    assert grid.missing == [f"a_{a:03d}_{b:03d}.edf" for a, b in places if (a, b) not in keys]
    assert [path for path in grid.paths if path] == [member.path for member in members]


@given(
    st.lists(
        st.from_regex(r"[ab]{0,2}[0-9]{1,3}_?[0-9]{0,2}\.edf", fullmatch=True), min_size=1, max_size=40, unique=True
    )
)
def test_no_file_of_a_folder_is_forgotten(names: list[str]) -> None:
    problems: list[Problem] = []
    series = patterns.group(names_alike(names), problems)
    used = [path for item in series for grid in item.grids.values() for path in grid.paths if path]
    assert sorted(used + [problem.place.path for problem in problems]) == sorted(names)
