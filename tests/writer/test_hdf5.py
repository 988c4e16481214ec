"""Trees into files, read back with h5py."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nxconvert.arrays import Array, LazyArray, Table, load
from nxconvert.errors import RequestError, WriteError
from nxconvert.tree import Dataset, Group, Link, Slot, Tree
from nxconvert.writer.filters import COMPRESSIONS
from nxconvert.writer.hdf5 import NexusWriter

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    hnp.arrays(
        st.sampled_from(["<f8", ">f8", "<i8", "<u8", "<i2", ">u2", "<f4", "u1"]),
        hnp.array_shapes(min_dims=0, max_dims=3, max_side=4),
    ),
)
VALUES = st.one_of(TEXTS, NUMBERS, st.lists(TEXTS, min_size=1, max_size=3))
ATTRIBUTES = st.dictionaries(
    NAMES.filter(lambda n: n not in ("NX_class", "target")),
    st.one_of(TEXTS, st.lists(TEXTS, min_size=1, max_size=3).map(tuple), st.integers(-(2**31), 2**31)),
    max_size=3,
)


def groups(depth: int) -> st.SearchStrategy[Group]:
    leaf = st.builds(Dataset, VALUES, st.just(()), ATTRIBUTES, st.booleans())
    child = leaf if depth == 0 else st.one_of(leaf, groups(depth - 1))
    return st.builds(
        Group,
        st.sampled_from(["NXcollection", "NXdata", "NXdetector"]),
        ATTRIBUTES,
        st.dictionaries(NAMES, child, max_size=12),
        st.booleans(),
    )


def same(found: Any, value: Any) -> None:
    if isinstance(value, str):
        assert (found.decode() if isinstance(found, bytes) else found) == value
    elif isinstance(value, (list, tuple)):
        assert [x.decode() if isinstance(x, bytes) else x for x in found] == list(value)
    else:
        expected = np.asarray(value)
        found = np.asarray(found)
        assert found.dtype == expected.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found, expected)


def check(tree: Tree, group: h5py.Group, node: Group, path: str) -> None:
    assert group.attrs["NX_class"] == node.nx_class
    plain = [n for n, c in node.children.items() if not isinstance(c, Link)]
    assert [n for n in group if n in plain] == plain  # in the order in which they were given
    for name, child in node.children.items():
        below = f"{path}/{name}"
        if isinstance(child, Link):
            assert group[name] == group.file[f"/{tree.name}/{child.target}"]
            continue
        for key, item in child.attributes.items():
            same(group[name].attrs[key], tree.value(item))
        if child.linked:
            assert group[name].attrs["target"] == below
        if isinstance(child, Group):
            check(tree, group[name], child, below)
        else:
            value = tree.value(child.value)
            same(group[name][()], load(value) if isinstance(value, LazyArray) else value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups(2), st.integers(1, 4))
def test_every_tree_is_read_back_as_it_was(tmp_path: Path, entry: Group, copies: int) -> None:
    path = tmp_path / "t.nxs"
    trees = [Tree(f"scan_{number}", entry) for number in range(copies)]
    with NexusWriter(str(path)) as writer:
        for tree in trees:
            writer.write(tree)
    with h5py.File(path) as file:
        assert list(file) == [tree.name for tree in trees]
        for tree in trees:
            check(tree, file[tree.name], tree.entry, f"/{tree.name}")


def skeleton() -> Group:
    """An entry like that of a scan: two columns, a positioner, a plot of links before and behind their targets."""
    return Group(
        "NXentry",
        {"default": "data"},
        {
            "title": Dataset(Slot(0)),
            "early": Group("NXdata", {"signal": "det"}, {"det": Link("measurement/det")}),
            "measurement": Group(
                "NXcollection",
                children={
                    "th": Dataset(Slot(1), ("point",), {"units": Slot(5)}, linked=True),
                    "det": Dataset(Slot(2), ("point",), linked=True),
                },
            ),
            "instrument": Group("NXinstrument", children={"th": Dataset(Slot(3)), "names": Dataset(Slot(6))}),
            "data": Group("NXdata", {"signal": "det"}, {"th": Link("measurement/th"), "det": Link("measurement/det")}),
            "notes": Group("NXcollection", children={"file_header": Dataset(Slot(4), shared=True)}),
        },
    )


def values(number: int, points: int = 5, header: str = "#F a") -> tuple[Any, ...]:
    return (
        f"scan {number}",
        np.linspace(0, number, points),
        np.arange(points) * number,
        np.float64(-0.0 if number % 2 else number),
        header,
        "degree" if number % 3 else "rad",
        ["a", f"b{number}"],
    )


def test_scans_of_equal_structure_are_copied_from_a_template_and_hold_their_own_values(tmp_path: Path) -> None:
    entry = skeleton()
    trees = [Tree(f"scan_{n}", entry, values(n, header="#F a" if n < 6 else "#F b")) for n in range(1, 12)]
    with NexusWriter(str(tmp_path / "t.nxs")) as writer:
        for tree in trees:
            writer.write(tree)
        assert len(writer._templates) == 1
    with h5py.File(tmp_path / "t.nxs") as file:
        for tree in trees:
            check(tree, file[tree.name], entry, f"/{tree.name}")
            assert file[tree.name]["data/det"].attrs["target"] == f"/{tree.name}/measurement/det"
            same(file[tree.name]["measurement/th"].attrs["units"], tree.values[5])
        assert np.signbit(file["scan_3/instrument/th"][()])
        # equal headers are stored once
        assert file["scan_2/notes/file_header"] == file["scan_5/notes/file_header"]
        assert file["scan_6/notes/file_header"] == file["scan_9/notes/file_header"]
        assert file["scan_5/notes/file_header"] != file["scan_6/notes/file_header"]


def test_writers_at_the_same_time_have_templates_of_their_own(tmp_path: Path) -> None:
    entry = Group("NXentry", children={"value": Dataset(Slot(0))})
    with NexusWriter(str(tmp_path / "a.nxs")) as first, NexusWriter(str(tmp_path / "b.nxs")) as second:
        for number in range(5):
            for offset, writer in ((0, first), (10, second)):
                writer.write(Tree(f"entry_{number}", entry, [offset + number]))
    for name, offset in (("a.nxs", 0), ("b.nxs", 10)):
        with h5py.File(tmp_path / name) as file:
            assert [file[f"entry_{number}/value"][()] for number in range(5)] == [offset + n for n in range(5)]


def test_a_value_of_another_shape_or_type_does_not_go_into_the_template(tmp_path: Path) -> None:
    entry = skeleton()
    odd = list(values(4))
    odd[2] = odd[2].astype(float)
    trees = [
        *(Tree(f"scan_{n}", entry, values(n)) for n in (1, 2, 3)),
        Tree("scan_4", entry, tuple(odd)),
        Tree("scan_5", entry, values(5, points=6)),
        Tree("scan_6", entry, ("with\0NUL", *values(6)[1:])),
        Tree("scan_7", entry, values(7)),
    ]
    with NexusWriter(str(tmp_path / "t.nxs")) as writer:
        for tree in trees:
            writer.write(tree)
    with h5py.File(tmp_path / "t.nxs") as file:
        for tree in trees:
            check(tree, file[tree.name], entry, f"/{tree.name}")


def test_large_values_that_are_part_of_the_skeleton_are_written_for_every_entry(tmp_path: Path) -> None:
    entry = Group("NXentry", children={"x": Dataset(np.arange(9000) * 1.1)})
    with NexusWriter(str(tmp_path / "t.nxs")) as writer:
        for number in range(4):
            writer.write(Tree(f"scan_{number}", entry))
    with h5py.File(tmp_path / "t.nxs") as file:
        for number in range(4):
            check(Tree(f"scan_{number}", entry), file[f"scan_{number}"], entry, f"/scan_{number}")


def test_more_structures_than_templates_are_kept_in_bounds(tmp_path: Path) -> None:
    with NexusWriter(str(tmp_path / "t.nxs")) as writer:
        for number in range(80):
            entry = skeleton()
            for copy in range(3):
                writer.write(Tree(f"e{number}_{copy}", entry, values(number)))
        assert len(writer._templates) <= 32
    with h5py.File(tmp_path / "t.nxs") as file:
        assert len(file) == 240
        check(Tree("e79_2", skeleton(), values(79)), file["e79_2"], skeleton(), "/e79_2")


class Counted(Table):
    """Two arrays in blocks of uneven length."""

    def __init__(self, columns: dict[str, Array], step: int) -> None:
        self.columns = columns
        self.step = step
        self.passes = 0
        self.layout = {key: (value.shape, value.dtype) for key, value in columns.items()}

    def blocks(self) -> Iterator[dict[str, Array]]:
        self.passes += 1
        size = len(next(iter(self.columns.values())))
        for start in range(0, size, self.step):
            yield {key: value[start : start + self.step].copy() for key, value in self.columns.items()}


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_large_arrays_are_the_same_with_every_compression(tmp_path: Path, name: str) -> None:
    generator = np.random.default_rng(1)
    frames = generator.poisson(20, (37, 130, 121)).astype(np.uint16)
    spectra = generator.poisson(3, (1001, 300))
    table = Counted({"x": np.arange(300_001.0), "n": np.arange(300_001)}, 70_001)
    entry = Group(
        "NXentry",
        children={
            "frames": Dataset(frames, ("point", "y", "x")),
            "spectra": Dataset(spectra, ("point", "channel")),
            "x": Dataset(table.array("x"), ("point",)),
            "n": Dataset(table.array("n"), ("point",)),
        },
    )
    with NexusWriter(str(tmp_path / "t.nxs"), compression_name=name) as writer:
        writer.write(Tree("entry", entry))
    if name not in ("none", "gzip", "lzf"):
        import hdf5plugin  # noqa: F401 - its filters are needed for reading
    with h5py.File(tmp_path / "t.nxs") as file:
        check(Tree("entry", entry), file["entry"], entry, "/entry")
    assert table.passes == 1 + 2  # one to write both columns, one for each that the check loads


def test_a_table_that_gives_too_few_rows_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    table = Counted({"x": np.arange(10.0)}, 3)
    table.layout = {"x": ((11,), np.dtype(float))}
    tree = Tree("entry", Group("NXentry", children={"x": Dataset(table.array("x"))}))
    with (
        pytest.raises(ValueError, match="10 of 11 rows were given"),
        NexusWriter(str(tmp_path / "t.nxs")) as writer,
    ):
        writer.write(tree)
    assert list(tmp_path.iterdir()) == []


def test_the_same_trees_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.nxs", "b.nxs"):
        with NexusWriter(str(tmp_path / name)) as writer:
            entry = skeleton()
            for number in range(9):
                writer.write(Tree(f"scan_{number}", entry, values(number, 5 + 10_000 * (number == 8))))
            writer.root_attributes({"default": "scan_0"})
    assert (tmp_path / "a.nxs").read_bytes() == (tmp_path / "b.nxs").read_bytes()


def test_a_file_starts_from_another_one(tmp_path: Path) -> None:
    path = str(tmp_path / "t.nxs")
    with NexusWriter(path) as writer:
        for number in (1, 2):
            writer.write(Tree(f"scan_{number}", skeleton(), values(number)))
        writer.root_attributes({"default": "scan_1"})
    with NexusWriter(path, base=path) as writer:
        writer.remove("scan_2")
        writer.write(Tree("scan_2", skeleton(), values(7)))
        writer.write(Tree("scan_3", skeleton(), values(3)))
        writer.root_attributes({"default": "scan_3"})
    with h5py.File(path) as file:
        assert list(file) == ["scan_1", "scan_2", "scan_3"]
        assert file.attrs["default"] == "scan_3"
        for number, content in ((1, 1), (2, 7), (3, 3)):
            check(
                Tree(f"scan_{number}", skeleton(), values(content)),
                file[f"scan_{number}"],
                skeleton(),
                f"/scan_{number}",
            )


def test_bytes_are_text_of_fixed_length_as_validators_want_the_data_of_a_note(tmp_path: Path) -> None:
    note = Group("NXnote", children={"data": Dataset(b"a: \xc3\xa9\n"), "none": Dataset(b"")})
    with NexusWriter(str(tmp_path / "t.nxs")) as writer:
        writer.write(Tree("entry", Group("NXentry", children={"note": note})))
    with h5py.File(tmp_path / "t.nxs") as file:
        value = file["entry/note/data"][()]
        assert isinstance(value, np.bytes_)
        assert value == b"a: \xc3\xa9\n"
        assert file["entry/note/none"][()] == b""


def test_an_error_leaves_the_old_file_as_it_was_and_no_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "t.nxs"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with NexusWriter(str(path)) as writer:
            writer.write(Tree("scan_1", skeleton(), values(1)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


LIMITED = """
import resource, sys
import numpy as np
from nxconvert.errors import WriteError
from nxconvert.tree import Dataset, Group, Tree
from nxconvert.writer.hdf5 import NexusWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
entry = Group("NXentry", children={f"x{k}": Dataset(np.arange(int(sys.argv[2])) * 1.1) for k in range(20)})
try:
    with NexusWriter(sys.argv[1]) as writer:
        for number in range(int(sys.argv[3])):
            writer.write(Tree(f"scan_{number}", entry))
except WriteError as error:
    print(error)
"""


@pytest.mark.parametrize(("points", "scans"), [(20, 500), (50_000, 2), (3000, 2), (2000, 1)])
def test_a_limit_on_the_size_of_files_ends_in_a_clear_error(tmp_path: Path, points: int, scans: int) -> None:
    path = tmp_path / "t.nxs"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path), str(points), str(scans)], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        f"{path}: cannot be written: File too large\n"
        "  hint: the limit on file size (ulimit -f) is in the way; nothing was left half-written\n"
    )
    assert done.stderr == ""
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_compression_names_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        NexusWriter(str(tmp_path / "t.nxs"), compression_name="gzipp")
    assert str(caught.value) == "--compression: 'gzipp' is not known\n  hint: did you mean 'gzip'?"


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WriteError) as caught:
        NexusWriter(str(tmp_path))
    assert str(caught.value) == f"{tmp_path}: is a folder, a file was expected\n  hint: for a folder say -o {tmp_path}/"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(WriteError) as caught:
        NexusWriter(str(tmp_path / "no" / "t.nxs"))
    assert str(caught.value) == (
        f"{tmp_path}/no/t.nxs: cannot be written: No such file or directory\n"
        "  hint: make the folder first, or end the output with '/' to have it made"
    )
