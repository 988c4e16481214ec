"""The stages together: one input, several inputs, and a file that grows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import pytest
import specgen

from nxconvert.pipeline import ConvertOptions, Outcome, convert_file, describe_file, dry_run, merge_files

HEADER = "#F grows.spec\n#E 1700000000\n#D Tue Nov 14 22:13:20 2023\n#O0 th  tth\n\n"
SCAN = (
    "#S {n} ascan  th 0 1 2 1\n#D Tue Nov 14 22:1{n}:00 2023\n#P0 0.5 {n}\n#N 3\n#L th  mon  det\n"
    "0 10 {n}\n0.5 11 2\n1 12 3\n\n"
)


def options(**changes: Any) -> ConvertOptions:
    return ConvertOptions(**{"reader": "spec", "time_zone": "UTC", "timestamp": 0.0, **changes})


def convert(source: Path, output: Path, **changes: Any) -> Outcome:
    return convert_file(str(source), str(output), options(**changes))


@pytest.fixture
def grown(tmp_path: Path) -> Path:
    """A source with two scans, the second of them unfinished."""
    source = tmp_path / "grows.spec"
    source.write_text(HEADER + SCAN.format(n=1) + SCAN.format(n=2)[:-10])
    return source


def columns(path: Path) -> dict[str, list[float]]:
    with h5py.File(path) as file:
        return {name: file[f"{name}/measurement/det"][()].tolist() for name in file}


def test_append_replaces_the_last_scan_and_adds_the_new_ones(tmp_path: Path, grown: Path) -> None:
    output = tmp_path / "out.nxs"
    first = convert(grown, output)
    assert (first.status, first.scans, first.appended, first.replaced) == ("converted", 2, 0, 0)
    grown.write_text(HEADER + "".join(SCAN.format(n=n) for n in (1, 2, 3)))
    second = convert(grown, output, existing="append")
    assert (second.status, second.scans, second.appended, second.replaced) == ("converted", 2, 1, 1)
    assert columns(output) == {"scan_1": [1, 2, 3], "scan_2": [2, 2, 3], "scan_3": [3, 2, 3]}
    whole = tmp_path / "whole.nxs"
    convert(grown, whole)
    with h5py.File(whole) as one, h5py.File(output) as other:
        assert list(one) == list(other)
        assert one.attrs["default"] == other.attrs["default"]
        for name, item in one["scan_2/measurement"].items():
            assert item[()].tolist() == other["scan_2/measurement"][name][()].tolist()


def test_append_of_an_unchanged_source_touches_nothing(tmp_path: Path, grown: Path) -> None:
    output = tmp_path / "out.nxs"
    convert(grown, output)
    before = (output.read_bytes(), output.stat().st_mtime_ns)
    outcome = convert(grown, output, existing="append")
    assert (outcome.status, outcome.scans, outcome.problems) == ("skipped", 0, [])
    assert (output.read_bytes(), output.stat().st_mtime_ns) == before


def test_append_again_and_again_keeps_every_scan_once(tmp_path: Path, grown: Path) -> None:
    output = tmp_path / "out.nxs"
    for count in range(1, 6):
        grown.write_text(HEADER + "".join(SCAN.format(n=n) for n in range(1, count + 1)))
        convert(grown, output, existing="append")
    assert columns(output) == {f"scan_{n}": [n, 2, 3] for n in range(1, 6)}
    assert convert(grown, output, existing="append").status == "skipped"


def test_append_to_a_file_that_is_not_there_makes_it(tmp_path: Path, grown: Path) -> None:
    assert convert(grown, tmp_path / "new.nxs", existing="append").scans == 2


def test_append_with_another_mapping_fails_and_leaves_the_file(tmp_path: Path, grown: Path) -> None:
    output = tmp_path / "out.nxs"
    convert(grown, output)
    before = output.read_bytes()
    outcome = convert(grown, output, existing="append", mappings=("esrf",))
    assert outcome.status == "failed"
    assert [str(problem) for problem in outcome.problems] == [
        f"{output}: was made with another mapping, the same one was expected\n"
        "  hint: --overwrite converts all scans again; 'nxconvert mapping show' prints the mapping"
    ]
    assert output.read_bytes() == before


def test_append_to_a_foreign_file_is_refused_and_leaves_it(tmp_path: Path, grown: Path) -> None:
    output = tmp_path / "out.nxs"
    with h5py.File(output, "w") as file:
        file["x"] = 1
    before = output.read_bytes()
    outcome = convert(grown, output, existing="append")
    assert outcome.status == "failed"
    assert [str(problem) for problem in outcome.problems] == [
        f"{output}: was not written by nxconvert, only such a file can be completed by --append\n"
        "  hint: choose another output, or --overwrite"
    ]
    assert output.read_bytes() == before


def test_the_table_of_scans_says_where_each_entry_came_from(tmp_path: Path, grown: Path) -> None:
    output = tmp_path / "out.nxs"
    convert(grown, output)
    text = grown.read_bytes()
    with h5py.File(output) as file:
        table = file["scan_2/conversion/scans"]
        assert file["scan_1/conversion"] == file["scan_2/conversion"]
        assert [name.decode() for name in table["identifier"]] == ["1.1", "2.1"]
        for offset, length in zip(table["offset"], table["length"], strict=True):
            assert text[offset : offset + 2] == b"#S"
            assert offset + length <= len(text)
        assert file["scan_1/conversion/sources/file_name"].asstr()[()].tolist() == ["grows.spec"]


def test_several_inputs_are_merged_and_equal_names_numbered(tmp_path: Path) -> None:
    sources = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.spec"
        path.write_text(HEADER + SCAN.format(n=1))
        sources.append(str(path))
    output = tmp_path / "out.nxs"
    outcome = merge_files(sources, str(output), options())
    assert (outcome.status, outcome.scans) == ("converted", 2)
    assert columns(output) == {"scan_1": [1, 2, 3], "scan_1_2": [1, 2, 3]}
    with h5py.File(output) as file:
        assert file["scan_1_2/conversion/sources/file_name"].asstr()[()].tolist() == ["a.spec", "b.spec"]
        assert file["scan_1_2/conversion/scans/source"][()].tolist() == [0, 1]


def test_a_selection_without_any_scan_is_told_and_makes_no_file(tmp_path: Path, grown: Path) -> None:
    output = tmp_path / "out.nxs"
    outcome = convert(grown, output, scans="9")
    assert outcome.status == "failed"
    assert [str(problem) for problem in outcome.problems] == [
        f"{grown}: has no scan 9\n  hint: 'nxconvert info' lists the scans"
    ]
    assert not output.exists()


def test_only_the_selected_scans_are_converted(tmp_path: Path, grown: Path) -> None:
    convert(grown, tmp_path / "out.nxs", scans="2")
    assert list(columns(tmp_path / "out.nxs")) == ["scan_2"]


def test_a_dry_run_prints_the_tree_and_writes_nothing(tmp_path: Path, grown: Path) -> None:
    outcome = dry_run(str(grown), options(scans="1"))
    assert outcome.tree.startswith("scan_1: NXentry\n  @default = 'data'\n  title = 'ascan  th 0 1 2 1'\n")
    assert "    det = int64[3] [1, 2, 3]\n      @target = '/scan_1/measurement/det'\n" in outcome.tree
    assert list(tmp_path.iterdir()) == [grown]


def test_the_same_input_and_options_give_the_same_bytes_wherever_they_lie(tmp_path: Path) -> None:
    results = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        specgen.scans(folder / "x.spec", 30, 50)
        os.utime(folder / "x.spec", ns=(0, 0))  # the time of change of the source is part of the provenance
        convert(folder / "x.spec", folder / "x.nxs")
        results.append((folder / "x.nxs").read_bytes())
    assert results[0] == results[1]


def test_a_nexus_file_as_input_is_refused(tmp_path: Path, grown: Path) -> None:
    output = tmp_path / "out.nxs"
    convert(grown, output)
    outcome = convert_file(str(output), str(tmp_path / "again.nxs"), ConvertOptions())
    assert [str(problem) for problem in outcome.problems] == [
        f"{output}: is a NeXus file already\n  hint: 'nxconvert info' lists what it holds"
    ]


def test_a_file_is_described_before_and_after_its_conversion(tmp_path: Path, grown: Path) -> None:
    output = tmp_path / "out.nxs"
    convert(grown, output)
    raw, made = describe_file(str(grown)), describe_file(str(output))
    assert (raw["format"], made["format"]) == ("spec", "nexus")
    assert [entry["entry"] for entry in made["entries"]] == ["scan_1", "scan_2"]
    for key in ("identifier", "title", "points", "columns", "detectors"):
        assert [entry[key] for entry in raw["entries"]] == [entry[key] for entry in made["entries"]]


def test_an_entry_holds_the_units_of_the_mapping_and_no_invented_ones(tmp_path: Path, grown: Path) -> None:
    output = tmp_path / "out.nxs"
    convert(grown, output)
    with h5py.File(output) as file:
        assert "units" not in file["scan_1/measurement/det"].attrs


def test_a_fault_of_a_reader_is_an_outcome_and_not_the_end(tmp_path: Path, grown: Path) -> None:
    """What a third-party reader raises must not stop a run over many files."""

    def progress(done: int, size: int | None) -> None:
        raise ZeroDivisionError(f"at {done} of {size}")

    outcome = convert_file(str(grown), str(tmp_path / "out.nxs"), options(), progress)
    assert outcome.status == "failed"
    assert "ZeroDivisionError" in outcome.trace
    assert outcome.problems[-1].hint == (
        "this is a fault of the program: please report it with the file; -v shows where it happened"
    )
    assert list(tmp_path.iterdir()) == [grown]


def test_append_replaces_both_entries_of_a_scan_that_meets_a_definition(tmp_path: Path, grown: Path) -> None:
    output = tmp_path / "out.nxs"
    more = {"layout": "entry", "mappings": ("scan",), "settings": {"end_time": "2023-11-14T22:20:00+00:00"}}
    convert(grown, output, **more)
    grown.write_text(HEADER + SCAN.format(n=1) + SCAN.format(n=2))
    outcome = convert(grown, output, existing="append", **more)
    assert (outcome.scans, outcome.replaced) == (1, 1)
    with h5py.File(output) as file:
        assert sorted(file) == ["scan_1", "scan_1_scan", "scan_2", "scan_2_scan"]
        assert file["scan_2_scan/data/data"][()].tolist() == [2, 2, 3]
