"""HDF5 files that are damaged, or made to lead a reader astray: a clear error or a problem, in bounded time and memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from blissgen import group, put

from nxconvert import export
from nxconvert.arrays import LazyArray, load
from nxconvert.errors import NxconvertError, Problem, ReadError
from nxconvert.readers.nexus import NexusFile, StoredArray, entry_name
from nxconvert.scan import Scan

Fill = Callable[[Any], None]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that holds the file; the working directory is another one."""
    (tmp_path / "home").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "home"


def make(path: Path, fill: Fill) -> Path:
    """Make a file of one scan that has the column ``det``, and whatever *fill* adds to its measurement."""
    with h5py.File(path, "w") as file:
        group(file, "1.1", "NXentry")
        measurement = group(file, "1.1/measurement")
        put(measurement, "det", [1.0, 2.0])
        fill(measurement)
    return path


def read(path: Path, *roots: Path) -> tuple[Scan, list[str]]:
    """Give the only scan and what is told of it: severity and text, with FILE for the path."""
    with NexusFile(str(path), [str(root) for root in roots]) as file:
        (scan,) = file
        problems = [*scan.problems, *file.problems]
    own = str(path.parent)
    return scan, [f"{item.severity}: {item}".replace(str(path), "FILE").replace(own, "HOME") for item in problems]


def outside(path: Path) -> Path:
    """Make a file that must not be read."""
    with h5py.File(path, "w") as file:
        file["secret"] = np.array([42.0, 43.0])
    return path


def refused(what: str, where: str) -> str:
    return (
        f"lost: FILE: {what} leads to '{where}', which is not read, a file below 'HOME' expected\n"
        "  hint: to read it, name its folder as one of the roots"
    )


# --- links


def test_links_out_of_the_folder_are_not_followed(home: Path) -> None:
    secret = outside(home.parent / "secret.h5")
    (home / "alias.h5").symlink_to(secret)
    (home / "alias").symlink_to(home.parent)

    def fill(measurement: Any) -> None:
        measurement["absolute"] = h5py.ExternalLink(str(secret), "/secret")
        measurement["alias"] = h5py.ExternalLink("alias.h5", "/secret")
        measurement["folder"] = h5py.ExternalLink("alias/secret.h5", "/secret")
        measurement["parent"] = h5py.ExternalLink("../secret.h5", "/secret")
        measurement["nothing"] = h5py.ExternalLink("../nothing.h5", "/secret")
        measurement["soft"] = h5py.SoftLink("/1.1/measurement/absolute")

    scan, told = read(make(home / "x.h5", fill))
    assert list(scan.columns) == ["det"]
    assert sorted(told) == sorted(
        [
            refused("the link '/1.1/measurement/absolute'", str(secret)),
            refused("the link '/1.1/measurement/alias'", "HOME/alias.h5"),
            refused("the link '/1.1/measurement/folder'", "HOME/alias/secret.h5"),
            refused("the link '/1.1/measurement/nothing'", "HOME/../nothing.h5"),
            refused("the link '/1.1/measurement/parent'", "HOME/../secret.h5"),
            "warning: FILE: the link '/1.1/measurement/soft' leads nowhere",
        ]
    )


def test_links_into_a_folder_that_was_named_are_followed(home: Path) -> None:
    secret = outside(home.parent / "elsewhere" / "other.h5")
    path = make(home / "x.h5", lambda it: it.__setitem__("there", h5py.ExternalLink(str(secret), "/secret")))
    scan, told = read(path, home.parent / "elsewhere")
    assert (scan.columns["there"].value.tolist(), told) == ([42, 43], [])  # type: ignore[union-attr]


def test_a_file_that_has_moved_with_its_links_is_found_beside_it(home: Path) -> None:
    outside(home / "other.h5")
    path = make(home / "x.h5", lambda it: it.__setitem__("there", h5py.ExternalLink("/gone/other.h5", "/secret")))
    scan, told = read(path)
    assert (scan.columns["there"].value.tolist(), told) == ([42, 43], [])  # type: ignore[union-attr]


def test_links_in_circles_end(home: Path) -> None:
    def fill(measurement: Any) -> None:
        measurement["self"] = h5py.SoftLink("/1.1/measurement/self")
        measurement["a"] = h5py.SoftLink("b")
        measurement["b"] = h5py.SoftLink("a")
        measurement["out"] = h5py.ExternalLink("x.h5", "/1.1/measurement/out")
        measurement["up"] = measurement.parent  # a hard link to its own parent
        instrument = group(measurement.parent, "instrument", "NXinstrument")
        instrument["again"] = instrument
        instrument["entry"] = measurement.parent
        measurement["fine"] = h5py.SoftLink("up/measurement/up/measurement/det")

    scan, told = read(make(home / "x.h5", fill))
    assert scan.columns["fine"] is scan.columns["det"] or scan.columns["fine"].value.tolist() == [1, 2]  # type: ignore[union-attr]
    assert sorted({line for line in told if "circle" in line}) == [
        f"warning: FILE: the link '/1.1/measurement/{name}' leads in a circle" for name in ("a", "b", "out", "self")
    ]


def test_a_link_to_what_is_no_hdf5_file_is_a_problem(home: Path) -> None:
    (home / "text.h5").write_text("no HDF5")
    os.mkfifo(home / "pipe.h5")

    def fill(measurement: Any) -> None:
        for name in ("text", "pipe"):
            measurement[name] = h5py.ExternalLink(f"{name}.h5", "/x")

    scan, told = read(make(home / "x.h5", fill))
    assert list(scan.columns) == ["det"]
    assert told[0] == "warning: FILE: the link '/1.1/measurement/pipe' leads to 'pipe.h5', which is not there"
    assert told[1].startswith(
        "lost: FILE: the link '/1.1/measurement/text' leads to a file that cannot be read, cannot be opened as HDF5: "
    )


# --- values in other files


def virtual(measurement: Any, name: str, path: str, source: str = "/secret", length: int = 2) -> None:
    layout = h5py.VirtualLayout((length,), np.float64)
    layout[:2] = h5py.VirtualSource(path, source, (2,))
    measurement.create_virtual_dataset(name, layout, fillvalue=-1.0)


def test_virtual_datasets_over_files_elsewhere_are_not_read(home: Path) -> None:
    secret = outside(home.parent / "secret.h5")
    with h5py.File(home / "between.h5", "w") as file:
        file["link"] = h5py.ExternalLink(str(secret), "/secret")
        virtual(file, "virtual", str(secret))

    def fill(measurement: Any) -> None:
        virtual(measurement, "absolute", str(secret))
        virtual(measurement, "parent", "../secret.h5")
        virtual(measurement, "by_link", "between.h5", "/link")
        virtual(measurement, "by_virtual", "between.h5", "/virtual")

    path = make(home / "x.h5", fill)
    scan, told = read(path)
    assert list(scan.columns) == ["det"]
    between = str(home / "between.h5").replace(str(home), "HOME")
    assert sorted(line.replace(between, "FILE") for line in told) == sorted(
        [
            refused("'/1.1/measurement/absolute'", str(secret)),
            refused("'/1.1/measurement/parent'", "HOME/../secret.h5"),
            refused("the link '/link'", str(secret)),
            refused("'/virtual'", str(secret)),
            "warning: FILE: '/1.1/measurement/by_link' lies in 'between.h5', which is not there",
        ]
    )
    scan, told = read(path, home.parent)
    assert told == []
    assert {name: load(field.value).tolist() for name, field in scan.columns.items()} == {  # type: ignore[arg-type]
        **{name: [42, 43] for name in ("absolute", "by_link", "by_virtual", "parent")},
        "det": [1, 2],
    }


def test_a_virtual_dataset_is_not_taken_from_the_working_directory(home: Path) -> None:
    outside(home.parent / "elsewhere" / "other.h5")  # HDF5 would look here last
    scan, told = read(make(home / "x.h5", lambda it: virtual(it, "det2", "other.h5")))
    assert list(scan.columns) == ["det"]
    assert told == [refused("'/1.1/measurement/det2'", str(home.parent / "elsewhere" / "other.h5"))]


def test_a_virtual_dataset_of_itself_ends(home: Path) -> None:
    def fill(measurement: Any) -> None:
        virtual(measurement, "a", ".", "/1.1/measurement/a")
        virtual(measurement, "b", "x.h5", "/1.1/measurement/c")
        virtual(measurement, "c", "x.h5", "/1.1/measurement/b")

    scan, told = read(make(home / "x.h5", fill))
    assert list(scan.columns) == ["det"]
    assert "lost: FILE: '/1.1/measurement/a' is made of itself" in told
    assert any("without end" in line or "is made of itself" in line for line in told if "/a'" not in line)


def raw(measurement: Any, name: str, path: str, size: int = 16) -> None:
    measurement.create_dataset(name, (2,), np.float64, external=[(path, 0, size)])


def test_raw_data_in_files_elsewhere_are_not_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = np.array([3.0, 4.0])
    here.tofile(home / "near.raw")
    here.tofile(home.parent / "secret.raw")
    (home / "short.raw").write_bytes(bytes(8))
    (home / "alias.raw").symlink_to(home.parent / "secret.raw")

    def fill(measurement: Any) -> None:
        for name, path in (
            ("near", str(home / "near.raw")),
            ("absolute", str(home.parent / "secret.raw")),
            ("alias", str(home / "alias.raw")),
            ("relative", "near.raw"),
            ("short", str(home / "short.raw")),
            ("gone", str(home / "gone.raw")),
        ):
            raw(measurement, name, path)

    path = make(home / "x.h5", fill)
    scan, told = read(path)
    assert {name: field.value.tolist() for name, field in scan.columns.items()} == {"det": [1, 2], "near": [3, 4]}  # type: ignore[union-attr]
    found = refused("'/1.1/measurement/relative'", str(home.parent / "elsewhere" / "near.raw"))
    assert sorted(told) == sorted(
        [
            refused("'/1.1/measurement/absolute'", str(home.parent / "secret.raw")),
            refused("'/1.1/measurement/alias'", "HOME/alias.raw"),
            found.partition("hint: ")[0] + "hint: HDF5_EXTFILE_PREFIX='${ORIGIN}' makes HDF5 look beside the file",
            "lost: FILE: '/1.1/measurement/short' lies in 'HOME/short.raw', which has 8 bytes, 16 expected\n"
            "  hint: it is left out",
            "warning: FILE: '/1.1/measurement/gone' lies in 'HOME/gone.raw', which is not there",
        ]
    )
    # as HDF5 does: from the working directory, or where the variable says
    monkeypatch.chdir(home)
    scan, _ = read(path)
    assert scan.columns["relative"].value.tolist() == [3, 4]  # type: ignore[union-attr]
    monkeypatch.chdir(home.parent / "elsewhere")
    environment = {**os.environ, "HDF5_EXTFILE_PREFIX": "${ORIGIN}"}
    words = [sys.executable, "-c", READING.replace("packed", "relative"), str(path)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert (done.stdout, done.returncode) == ("[3.0, 4.0]\n", 0), done.stderr


# --- sizes and types


def test_what_only_declares_its_size_is_never_loaded(home: Path) -> None:
    huge = 10**12

    def fill(measurement: Any) -> None:
        measurement.create_dataset("chunked", (huge,), np.float64, chunks=(1 << 16,))
        measurement.create_dataset("compressed", (huge,), np.float64, chunks=(1 << 16,), compression="gzip")
        measurement["compressed"][:10] = 1.0
        measurement.create_dataset("plain", (huge,), np.float64)
        measurement.create_dataset("texts", (huge,), h5py.string_dtype())
        virtual(measurement, "virtual", "x.h5", "/1.1/measurement/det", huge)
        raw(measurement, "raw", str(home / "small.raw"), 1 << 60)
        layout = measurement.create_dataset("images", (1000, 30_000, 30_000), np.uint16, chunks=(1, 300, 300))
        layout.attrs["interpretation"] = "image"

    (home / "small.raw").write_bytes(bytes(16))
    scan, told = read(make(home / "x.h5", fill))
    assert {name: field.value.shape for name, field in scan.columns.items()} == {"det": (2,), "raw": (2,)}  # type: ignore[union-attr]
    assert scan.detectors == {}
    left = {line.split("'")[1].rpartition("/")[2]: line for line in told if line.startswith("lost: ")}
    assert sorted(left) == ["chunked", "compressed", "images", "plain", "texts", "virtual"]
    assert left["compressed"] == (
        "lost: FILE: '/1.1/measurement/compressed' declares 1000000000000 values, "
        "no more than 65536 of them are in the file expected\n  hint: it is left out"
    ).replace(" expected", "")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1 << 21  # kB


def test_values_that_a_scan_cannot_hold_are_named_and_left_out(home: Path) -> None:
    def fill(measurement: Any) -> None:
        measurement["compound"] = np.zeros(2, [("a", "f8"), ("b", "i4")])
        measurement["opaque"] = np.array([b"ab", b"cd"], "V2")
        measurement.create_dataset("reference", data=[measurement.ref, measurement.ref], dtype=h5py.ref_dtype)
        ragged = measurement.create_dataset("ragged", (2,), h5py.vlen_dtype(np.int32))
        ragged[0] = [1, 2]
        measurement["text"] = ["a", "b"]
        measurement["type"] = np.dtype("f8")
        measurement["empty"] = h5py.Empty("f8")
        measurement["table"] = np.zeros((0, 3))
        det = measurement["det"]
        det.attrs["units"] = h5py.Empty("S1")
        det.attrs["long_name"] = np.zeros(3)
        det.attrs["interpretation"] = np.zeros(2, [("a", "f8")])

    scan, told = read(make(home / "x.h5", fill))
    assert list(scan.columns) == ["det"]
    assert {name: field.value for name, field in scan.metadata.items()} == {"text": ["a", "b"]}
    holds = "numbers or text expected\n  hint: it is left out"
    assert told == [
        f"warning: FILE: '/1.1/measurement/compound' holds records of 2 values, {holds}",
        f"warning: FILE: '/1.1/measurement/opaque' holds bytes without a type, {holds}",
        f"warning: FILE: '/1.1/measurement/ragged' holds lists of different lengths, {holds}",
        f"warning: FILE: '/1.1/measurement/reference' holds references, {holds}",
    ]


def test_any_name_is_kept(home: Path) -> None:
    names = ["a\nb", "#C x", "two  blanks", "tab\t", "%", "é", "@A 1", "-", " ", "\\"]

    def fill(measurement: Any) -> None:
        for name in names:
            measurement[name] = [0.0, 1.0]
        measurement[b"latin \xe9"] = [0.0, 1.0]

    scan, told = read(make(home / "x.h5", fill))
    assert (sorted(scan.columns), told) == (sorted(["det", *names, "latin \udce9"]), [])


def test_entries_of_any_name_are_told_apart(home: Path) -> None:
    names = ["a\nb", "#1.1", "..1", "é", "9" * 300, "S" + "9" * 30, "scan_007", "1.1", "01.1", "x:"]
    path = home / "x.h5"
    with h5py.File(path, "w") as file:
        for name in names:
            put(group(group(file, name, "NXentry"), "measurement"), "det", [1.0])
    with NexusFile(str(path)) as file:
        scans = list(file)
    assert sorted(entry_name(scan) for scan in scans) == sorted(names)
    assert len({scan.identifier for scan in scans}) == len(names)


# --- filters


def test_a_filter_that_is_not_there_is_named(home: Path) -> None:
    def fill(measurement: Any) -> None:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((2,))
        plist.set_filter(32999, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((2,))
        made = h5py.h5d.create(measurement.id, b"packed", h5py.h5t.IEEE_F64LE, space, plist)
        made.write_direct_chunk((0,), b"anything", filter_mask=0)

    with NexusFile(str(make(home / "x.h5", fill))) as file:
        (scan,) = file
        packed = scan.columns["packed"].value
        assert isinstance(packed, StoredArray)
        assert packed.shape == (2,)
        with pytest.raises(ReadError) as caught:
            load(packed)
    assert str(caught.value).replace(str(home), "HOME") == (
        "HOME/x.h5:/1.1/measurement/packed: is compressed with the filter 32999, which is not here\n"
        "  hint: the package hdf5plugin has many filters; HDF5_PLUGIN_PATH names a folder with more"
    )


READING = """
import sys
from nxconvert.arrays import load
from nxconvert.readers.nexus import NexusFile
with NexusFile(sys.argv[1]) as file:
    for scan in file:
        print(load(scan.columns["packed"].value).tolist())
"""


def test_a_filter_of_hdf5plugin_is_loaded_when_it_is_needed(home: Path) -> None:
    hdf5plugin = pytest.importorskip("hdf5plugin")

    def fill(measurement: Any) -> None:
        measurement.create_dataset("packed", data=np.arange(4), **hdf5plugin.Bitshuffle())

    path = make(home / "x.h5", fill)
    done = subprocess.run([sys.executable, "-c", READING, str(path)], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[0, 1, 2, 3]\n", 0), done.stderr


# --- damage


def test_what_is_no_hdf5_file_is_an_error(home: Path) -> None:
    os.mkfifo(home / "pipe.h5")
    (home / "text.h5").write_text("no HDF5")
    for name, reason in (
        ("pipe.h5", "this is not a regular file, "),
        ("gone.h5", "there is no such file, "),
        ("text.h5", "cannot be opened as HDF5: "),
    ):
        with pytest.raises(ReadError) as caught:
            NexusFile(str(home / name))
        assert str(caught.value).startswith(f"{home / name}: {reason}")


def test_a_file_cut_anywhere_is_an_error_with_a_hint(home: Path) -> None:
    whole = make(home / "x.h5", lambda it: it.create_dataset("large", data=np.arange(20_000.0))).read_bytes()
    for length in (0, 7, 8, 100, 2000, len(whole) // 2, len(whole) - 1):
        (home / "cut.h5").write_bytes(whole[:length])
        with pytest.raises(ReadError) as caught:
            NexusFile(str(home / "cut.h5"))
        assert "cannot be opened as HDF5: " in str(caught.value)
        assert str(caught.value).endswith("hint: is it complete, and not being written?")


DAMAGED = """
import random, sys
from pathlib import Path
from nxconvert.arrays import LazyArray, load
from nxconvert.errors import NxconvertError
from nxconvert.readers.nexus import NexusFile
whole = Path(sys.argv[1]).read_bytes()
path = Path(sys.argv[2])
seed = int(sys.argv[3])
pick = random.Random(seed)
data = bytearray(whole)
for _ in range(pick.choice((1, 4, 32))):
    data[pick.randrange(8, len(data))] = pick.randrange(256)
path.write_bytes(data)
try:
    with NexusFile(str(path)) as file:
        for scan in file:
            for field in scan.columns.values():
                if isinstance(field.value, LazyArray):
                    load(field.value)
except NxconvertError:
    pass
"""


@pytest.mark.parametrize("seed", range(6))
def test_bytes_that_are_not_what_they_were_end_in_a_clear_error(home: Path, seed: int) -> None:
    def fill(measurement: Any) -> None:
        measurement.create_dataset("large", data=np.arange(20_000), compression="gzip", shuffle=True)
        measurement["soft"] = h5py.SoftLink("det")

    make(home / "x.h5", fill)
    words = [sys.executable, "-c", DAMAGED, str(home / "x.h5"), str(home / "y.h5"), str(seed)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_chunk_that_cannot_be_unpacked_is_an_error_with_its_place(home: Path) -> None:
    def fill(measurement: Any) -> None:
        made = measurement.create_dataset("large", (70_000,), np.int64, chunks=(1000,), compression="gzip")
        made[...] = np.arange(70_000)
        made.id.write_direct_chunk((69_000,), b"no deflated bytes")

    with NexusFile(str(make(home / "x.h5", fill))) as file:
        (scan,) = file
        large = scan.columns["large"].value
        assert isinstance(large, LazyArray)
        with pytest.raises(ReadError) as caught:
            load(large)
    assert str(caught.value).startswith(f"{home / 'x.h5'}:/1.1/measurement/large: values cannot be read: ")


def test_one_damaged_entry_is_a_problem_and_the_next_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nxconvert.readers.nexus.entry import Making

    path = home / "x.h5"
    with h5py.File(path, "w") as file:
        for name in ("1.1", "2.1"):
            put(group(group(file, name, "NXentry"), "measurement"), "det", [1.0])
    whole = Making.make

    def failing(self: Making) -> Scan:
        if self.scan.number == 1:
            raise RuntimeError("object header version is wrong")
        return whole(self)

    monkeypatch.setattr(Making, "make", failing)
    with NexusFile(str(path)) as file:
        assert [scan.identifier for scan in file] == ["2.1"]
    assert [f"{item.severity}: {item}" for item in file.problems] == [
        f"lost: {path}:/1.1: cannot be read: RuntimeError: object header version is wrong\n  hint: is the file damaged?"
    ]


def _damage(path: Path, *names: str) -> None:
    """Write two entries of two columns, and damage the headers of the objects of these names."""
    with h5py.File(path, "w", libver="latest") as file:
        for name in ("1.1", "2.1"):
            entry = group(file, name, "NXentry")
            put(entry, "title", f"scan {name}")
            for column in ("det", "mon"):
                put(group(entry, "measurement"), column, [1.0, 2.0])
        places = [h5py.h5o.get_info(file[name].id).addr for name in names]
    data = bytearray(path.read_bytes())
    for place in places:
        assert data[place : place + 4] == b"OHDR"
        data[place + 5] ^= 0xFF
    path.write_bytes(data)


def test_a_damaged_dataset_is_lost_and_what_lies_beside_it_is_read(home: Path) -> None:
    path = home / "x.h5"
    _damage(path, "1.1/measurement/det", "2.1/title")
    with NexusFile(str(path)) as file:
        first, second = file
        assert (list(first.columns), list(second.columns)) == (["mon"], ["det", "mon"])
        told = [problem for scan in (first, second) for problem in scan.problems]
    assert [problem.severity for problem in told] == ["lost"] * 2
    assert str(told[0]).startswith(f"{path}: '/1.1/measurement/det' cannot be read: ")
    assert str(told[1]).startswith(f"{path}: '/2.1/title' cannot be read: ")


def test_an_entry_that_cannot_be_opened_does_not_stop_the_export_of_the_others(home: Path) -> None:
    path = home / "x.h5"
    _damage(path, "1.1")
    options = export.ExportOptions(format="spec")
    ((source, plan),) = export.plan_exports([str(path)], str(home / "out.spec"), options)
    told: list[Problem] = []
    outcomes = list(export.export_file(source, plan, options, told.append))
    assert [(outcome.status, outcome.scans) for outcome in outcomes] == [("converted", 1)]
    assert [problem.severity for problem in told if problem.severity != "note"] == ["lost"]
    with NexusFile(str(path)) as file:
        assert [scan.identifier for _, scan in file.identities()] == ["2.1"]


# --- files that are being written

WRITING = """
import sys, h5py
with h5py.File(sys.argv[1], "w", libver="latest") as file:
    entry = file.create_group("1.1")
    entry.attrs["NX_class"] = "NXentry"
    data = entry.create_dataset("measurement/packed", (2,), "f8", maxshape=(None,), chunks=(16,))
    data[...] = [1, 2]
    if sys.argv[2] == "swmr":
        file.swmr_mode = True
    file.flush()
    print("ready", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("mode", ["swmr", "alone"])
def test_a_file_that_is_being_written_is_read_where_its_writer_allows_it(home: Path, mode: str) -> None:
    path = home / "x.h5"
    words = [sys.executable, "-c", WRITING, str(path), mode]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        try:
            if mode == "swmr":
                scan, _ = read(path)
                assert scan.columns["packed"].value.tolist() == [1, 2]  # type: ignore[union-attr]
            else:
                with pytest.raises(NxconvertError) as caught:
                    NexusFile(str(path))
                assert str(caught.value).startswith(f"{path}: cannot be opened as HDF5: ")
                assert str(caught.value).endswith("hint: is it complete, and not being written?")
        finally:
            writer.communicate("\n")
    scan, _ = read(path)
    assert scan.columns["packed"].value.tolist() == [1, 2]  # type: ignore[union-attr]
