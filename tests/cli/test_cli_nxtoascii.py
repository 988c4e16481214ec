"""NeXus files to tables of text by the command line."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert import export
from nxconvert.cli.main import run_nxtoascii
from nxconvert.errors import Place
from nxconvert.mapping.engine import load
from nxconvert.scan import Field, Scan
from nxconvert.writer.hdf5 import NexusWriter

Call = Callable[..., "tuple[int, str, str]"]
Shell = Callable[..., "subprocess.CompletedProcess[str]"]

THIRD = "Time,Epoch,Monitor,Detector\n0.52,420.5,49931,3955\n1.04,421.02,50362,3847\n1.56,421.54,50136,3841\n"


@pytest.fixture
def nexus(call: Call, folder: Path) -> Path:
    """Give the working folder with three NeXus files."""
    code, _, err = call("spec2nx", "counters.spec", "mca_calib.spec", "--timezone", "UTC")
    assert code == 0, err
    return folder


def make(path: Path | str, **entries: dict[str, Any]) -> None:
    """Write a NeXus file by hand: the columns of each entry."""
    with h5py.File(path, "w", track_order=True) as file:
        for number, (name, columns) in enumerate(entries.items(), 1):
            entry = file.create_group(name)
            entry.attrs["NX_class"] = "NXentry"
            entry["entry_identifier"] = f"{number}.1"
            measurement = entry.create_group("measurement", track_order=True)
            for key, value in columns.items():
                chunks = value.pop("chunks") if isinstance(value, dict) else None
                data = value["data"] if isinstance(value, dict) else value
                measurement.create_dataset(key, data=data, chunks=chunks)


def test_x_names_what_a_spectrum_that_is_plotted_stands_over(call: Call, folder: Path) -> None:
    assert call("spec2nx", "single_spectrum.spec", "--timezone", "UTC")[0] == 0
    with h5py.File(folder / "single_spectrum.nxs") as file:
        detector = file["scan_1/instrument/mca_0"]
        counts, channels, energy = (detector[name][()] for name in ("data", "channel", "energy"))
    words = ["nxtoascii", "single_spectrum.nxs", "--to", "xy", "-o", "-", "-q"]
    for more, x in (([], energy), (["--x", "channel"], channels), (["--x", "energy", "--y", "mca_0"], energy)):
        code, out, err = call(*words, *more)
        assert (code, err) == (0, "")
        assert np.array_equal(np.loadtxt(out.splitlines()), np.stack([x, counts], axis=1))


def test_a_request_that_cannot_be_says_what_can(call: Call, nexus: Path) -> None:
    code, _, err = call("nxtoascii", "counters.nxs", "mca_calib.nxs", "-o", "-")
    assert (code, err) == (2, "-: 2 inputs and one output, a folder was expected\n  hint: say -o DIR/\n")
    code, _, err = call("nxtoascii", "counters.nxs", "--images", "png")
    assert (code, err) == (2, "--images: 'png' is unknown, known: 'edf'\n")


def without_time(text: str) -> str:
    text = re.sub(r" in \d+\.\d\d s", "", text)
    return re.sub(r"\d+ notes?, |; \d+ notes?(?=\n)", "", text)


def test_each_scan_becomes_a_file_beside_its_input(call: Call, nexus: Path) -> None:
    code, out, err = call("nxtoascii", "counters.nxs")
    assert (code, out) == (0, "counters_scan_1.csv\ncounters_scan_2.csv\ncounters_scan_3.csv\n")
    assert Path("counters_scan_3.csv").read_bytes() == THIRD.encode()
    assert (
        Path("counters_scan_1.csv")
        .read_text()
        .startswith("Theta,H,K,L,Epoch,Monitor,Fluorescence,Detector\n14.0,0.9984,0.9984,1,310.25,99543,254,28\n")
    )
    assert without_time(err).endswith("3 converted; 3 scans\n")


def test_what_the_format_cannot_hold_is_told_for_each_scan(call: Call, nexus: Path) -> None:
    code, out, err = call("nxtoascii", "mca_calib.nxs", "--to", "tsv", "--scan", "2")
    assert (code, out) == (0, "mca_calib_scan_2.tsv\n")
    lines = err.splitlines()
    assert lines[:2] == [
        "note: mca_calib.nxs:/scan_2: tsv has no place for detectors: 'mca_1', 'mca_2'",
        "note: mca_calib.nxs:/scan_2: tsv has no place for positioners: 'Sample X', 'Sample Y', 'Energy'",
    ]
    assert Path("mca_calib_scan_2.tsv").read_text().startswith("Sample Y\tEpoch\tMonitor\n1.5\t720.0\t80052\n")


def test_quiet_says_nothing_but_the_paths(call: Call, nexus: Path) -> None:
    assert call("nxtoascii", "counters.nxs", "--scan", "3", "-q") == (0, "counters_scan_3.csv\n", "")


def test_one_scan_goes_into_a_named_file_or_to_standard_output(call: Call, nexus: Path) -> None:
    assert call("nxtoascii", "counters.nxs", "--scan", "3.1", "-o", "third.txt", "-q") == (0, "third.txt\n", "")
    assert Path("third.txt").read_text() == THIRD
    assert call("nxtoascii", "counters.nxs", "--scan", "3", "-o", "-", "-q") == (0, THIRD, "")


def test_a_folder_is_made_and_mirrors_the_folders_of_the_inputs(call: Call, nexus: Path) -> None:
    os.mkdir("deep")
    shutil.copy("counters.nxs", "deep/counters.nxs")
    code, out, _ = call("nxtoascii", "counters.nxs", "deep/counters.nxs", "--scan", "1-2", "-o", "out/")
    assert (code, out.splitlines()) == (
        0,
        [
            "out/counters_scan_1.csv",
            "out/counters_scan_2.csv",
            "out/deep/counters_scan_1.csv",
            "out/deep/counters_scan_2.csv",
        ],
    )


def test_the_script_nxtoascii_is_the_command(nexus: Path) -> None:
    line = "import sys; from nxconvert.cli.main import run_nxtoascii; run_nxtoascii()"
    command = [sys.executable, "-c", line, "counters.nxs", "--scan", "3", "-o", "-"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, THIRD), result.stderr
    text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'nxtoascii = "{run_nxtoascii.__module__}:{run_nxtoascii.__name__}"' in text


def test_several_scans_for_one_output_are_refused(call: Call, nexus: Path) -> None:
    for output in ("all.csv", "-"):
        assert call("nxtoascii", "counters.nxs", "-o", output) == (
            2,
            "",
            f"{output}: scans 1.1 and 2.1 of 'counters.nxs' want one output\n"
            "  hint: choose one with --scan, say --scan 1.1, or name a folder: -o DIR/\n",
        )
    assert call("nxtoascii", "counters.nxs", "mca_calib.nxs", "-o", "all.csv") == (
        2,
        "",
        "all.csv: 2 inputs and one output, a folder was expected\n  hint: say -o all.csv/\n",
    )


def test_an_output_that_exists_is_refused_before_anything_is_written(call: Call, nexus: Path) -> None:
    Path("counters_scan_2.csv").write_text("mine")
    assert call("nxtoascii", "mca_calib.nxs", "counters.nxs") == (
        2,
        "",
        "counters_scan_2.csv: exists\n  hint: say --overwrite or --skip-existing\n",
    )
    assert sorted(path.name for path in nexus.glob("*.csv")) == ["counters_scan_2.csv"]
    assert Path("counters_scan_2.csv").read_text() == "mine"
    assert call("nxtoascii", "counters.nxs", "--scan", "2", "--overwrite")[0] == 0
    assert Path("counters_scan_2.csv").read_text().startswith("Theta,Two Theta,")


def test_outputs_that_collide_are_an_input_or_no_file_are_refused(call: Call, nexus: Path) -> None:
    shutil.copy("counters.nxs", "counters.h5")
    os.mkfifo("pipe")
    code, out, err = call("nxtoascii", "counters.nxs", "counters.h5", "--scan", "1")
    assert (code, out, err) == (
        2,
        "",
        "counters_scan_1.csv: wanted by both 'counters.nxs' and 'counters.h5'\n"
        "  hint: export them one by one into folders of their own, or say {stem}, {entry} ... in --name-template\n",
    )
    assert call("nxtoascii", "counters.nxs", "--scan", "1", "-o", "counters.nxs", "--overwrite") == (
        2,
        "",
        "counters.nxs: is one of the inputs\n  hint: choose another output with -o\n",
    )
    assert call("nxtoascii", "counters.nxs", "--scan", "1", "-o", "pipe", "--overwrite") == (
        2,
        "",
        "pipe: exists and is not a file\n  hint: choose another output with -o; '-' is standard output\n",
    )


def test_a_pipe_an_unknown_format_and_a_bad_selection_are_wrong_requests(call: Call, nexus: Path) -> None:
    assert call("nxtoascii", "-") == (2, "", "-: an HDF5 file cannot be read from a pipe\n  hint: name the file\n")
    code, out, err = call("nxtoascii", "counters.nxs", "--to", "cvs")
    assert (code, out, err) == (2, "", "exporter 'cvs': there is no such exporter, did you mean 'csv'?\n")
    code, out, err = call("nxtoascii", "counters.nxs", "--scan", "two")
    assert (code, err.splitlines()[0][:30]) == (2, "--scan: 'two' is not a scan, n")


def test_inputs_that_cannot_be_read_fail_and_the_others_have_their_turn(call: Call, nexus: Path) -> None:
    make("plain.h5")
    with h5py.File("plain.h5", "w") as file:
        file["numbers"] = [1, 2]
    code, out, err = call("nxtoascii", "xas.spec", "gone.nxs", "plain.h5", "counters.nxs", "--scan", "3")
    assert (code, out) == (1, "counters_scan_3.csv\n")
    assert without_time(err).splitlines() == [
        "xas.spec: is not a NeXus file, it does not begin with the signature of HDF5",
        "  hint: 'nxconvert convert' makes a NeXus file of other formats",
        "gone.nxs: there is no such file, a readable file expected",
        "  hint: check the spelling and the directory",
        "plain.h5: holds no NXentry",
        "  hint: 'nxconvert info' lists what a file holds",
        *[line for line in err.splitlines() if line.startswith("note: ")],
        "1 converted, 3 failed; 1 scan; 3 lost",
    ]


def test_a_scan_that_is_not_there_is_an_error(call: Call, nexus: Path) -> None:
    code, out, err = call("nxtoascii", "counters.nxs", "--scan", "9", "-q")
    assert (code, out, err) == (
        1,
        "",
        "counters.nxs: has no scan 9\n  hint: 'nxconvert info' lists the scans\n",
    )


def test_a_scan_without_columns_is_skipped_with_the_reason(call: Call, folder: Path) -> None:
    make("x.nxs", ct={}, scan_2={"th": [0.5], "det": [7]})
    code, out, err = call("nxtoascii", "x.nxs", "-o", "x.csv")
    assert (code, out, without_time(err)) == (
        0,
        "x.csv\n",
        "warning: x.nxs:/ct: is skipped: it has no columns\n1 converted; 1 scan; 1 warning\n",
    )
    assert Path("x.csv").read_text() == "th,det\n0.5,7\n"
    code, out, err = call("nxtoascii", "x.nxs", "--scan", "1", "-q")
    assert (code, out, err) == (
        1,
        "",
        "x.nxs: has nothing to export in any wanted scan\n  hint: 'nxconvert info' lists the scans\n",
    )


def test_columns_of_different_lengths_are_filled_up_cut_or_refused(call: Call, folder: Path) -> None:
    make("x.nxs", scan_1={"th": [0.5, 1.0], "det": [7], "mon": [1, 2]}, scan_2={"th": [0.5]})
    found = "x.nxs:/scan_1: the columns differ in their number of points: 'th', 'mon' 2, 'det' 1"
    for policy, text, done in (
        ("pad", "th,det,mon\n0.5,7.0,1\n1.0,nan,2\n", "nan stands for what is missing"),
        ("truncate", "th,det,mon\n0.5,7,1\n", "all are cut to 1"),
    ):
        code, out, err = call("nxtoascii", "x.nxs", "--ragged", policy, "--overwrite")
        assert (code, out) == (0, "x_scan_1.csv\nx_scan_2.csv\n")
        assert f"warning: {found}\n  hint: {done}\n" in err
        assert Path("x_scan_1.csv").read_text() == text
    os.remove("x_scan_1.csv")
    code, out, err = call("nxtoascii", "x.nxs", "-q", "--ragged", "error", "--overwrite")
    hint = "--ragged pad fills up with nan, --ragged truncate cuts to the shortest"
    assert (code, out, err) == (1, "x_scan_2.csv\n", f"{found}\n  hint: {hint}\n")
    assert not Path("x_scan_1.csv").exists()


def test_large_columns_stay_in_step_whatever_their_chunks(call: Call, folder: Path) -> None:
    count = 70_000
    index = np.arange(count)
    make(
        "x.nxs",
        scan_1={"a": index, "b": {"data": index * 0.1, "chunks": (777,)}, "c": {"data": index * 7, "chunks": (65536,)}},
    )
    assert call("nxtoascii", "x.nxs", "-q") == (0, "x_scan_1.csv\n", "")
    with open("x_scan_1.csv", newline="") as file:
        names, *rows = csv.reader(file)
    assert (names, len(rows)) == (["a", "b", "c"], count)
    expected = (index * 0.1).tolist()
    assert all((int(a), float(b), int(c)) == (n, expected[n], 7 * n) for n, (a, b, c) in enumerate(rows))


def test_values_that_cannot_be_read_fail_and_nothing_half_written_stays(call: Call, folder: Path) -> None:
    count = 70_000
    with h5py.File("x.nxs", "w") as file:
        entry = file.create_group("scan_1")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_dataset("measurement/det", (count,), "i8", chunks=(1000,), compression="gzip")
        data[...] = np.arange(count)
        data.id.write_direct_chunk((69_000,), b"no deflated bytes")
    before = sorted(os.listdir())
    code, out, err = call("nxtoascii", "x.nxs", "-q")
    assert (code, out) == (1, "")
    assert "values cannot be read: " in err
    assert sorted(os.listdir()) == before


def test_a_damaged_file_fails_and_the_next_one_has_its_turn(call: Call, nexus: Path) -> None:
    Path("cut.nxs").write_bytes(Path("counters.nxs").read_bytes()[:5000])
    code, out, err = call("nxtoascii", "cut.nxs", "counters.nxs", "--scan", "1,3", "-o", "out/", "-q")
    assert (code, out) == (1, "out/counters_scan_1.csv\nout/counters_scan_3.csv\n")
    assert err.startswith("cut.nxs: ")


def test_a_scan_that_fails_is_taken_out_of_its_book_and_the_others_are_kept(call: Call, folder: Path) -> None:
    make("x.nxs", scan_1={"det": [1]}, scan_2={"th": [1]}, scan_3={"det": [3]})
    with h5py.File("x.nxs", "a") as file:
        data = file.create_dataset("scan_2/measurement/det", (70_000,), "i8", chunks=(1000,), compression="gzip")
        file["scan_2/measurement/th"][...] = 1
        del file["scan_2/measurement/th"]
        data[...] = np.arange(70_000)
        data.id.write_direct_chunk((69_000,), b"no deflated bytes")
    code, out, err = call("nxtoascii", "x.nxs", "--to", "spec", "-o", "out.txt", "-q")
    assert (code, out) == (1, "out.txt\n")
    assert "values cannot be read" in err
    assert Path("out.txt").read_text() == (
        "#F out.txt\n#C nxconvert\n\n#S 1  scan_1\n#N 1\n#L det\n1\n\n#S 3  scan_3\n#N 1\n#L det\n3\n"
    )
    code, out, err = call("nxtoascii", "x.nxs", "--to", "spec", "--scan", "2", "-o", "none.txt", "-q")
    assert (code, out, Path("none.txt").exists()) == (1, "", False)


def test_a_book_that_hits_a_limit_on_the_size_of_files_leaves_nothing(shell: Shell, folder: Path) -> None:
    make("x.nxs", scan_1={"det": np.arange(10)}, scan_2={"det": np.arange(200_000)})
    before = sorted(os.listdir())
    result = shell("trap '' XFSZ; ulimit -f 64; nxconvert nxtoascii x.nxs --to spec -q")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "x.spec: cannot be written: File too large\n"
        "  hint: the limit on file size (ulimit -f) is in the way; nothing was left half-written\n"
    )
    assert sorted(os.listdir()) == before


def test_existing_outputs_are_skipped_and_names_come_from_a_list(call: Call, nexus: Path) -> None:
    Path("counters_scan_2.csv").write_text("mine")
    code, out, err = call("nxtoascii", "--files-from", "-", "-0", "--skip-existing", stdin=b"counters.nxs\0")
    assert (code, out) == (0, "counters_scan_1.csv\ncounters_scan_3.csv\n")
    assert "counters_scan_2.csv: exists and was left as it is\n" in err
    assert without_time(err).endswith("2 converted, 1 skipped; 2 scans\n")
    assert Path("counters_scan_2.csv").read_text() == "mine"
    assert call("nxtoascii", "--files-from", "-", "-q")[:2] == (0, "")


def test_a_setting_of_another_format_is_a_wrong_request(call: Call, nexus: Path) -> None:
    assert call("nxtoascii", "counters.nxs", "--to", "spec", "--delimiter", "tab") == (
        2,
        "",
        "--delimiter: the format 'spec' has no such setting, known: --precision\n",
    )


def test_a_link_that_leads_nowhere_is_told_once(call: Call, folder: Path) -> None:
    make("x.nxs", scan_1={"det": [1]})
    with h5py.File("x.nxs", "a") as file:
        file["gone"] = h5py.SoftLink("/nowhere")
    code, out, err = call("nxtoascii", "x.nxs")
    assert (code, out) == (0, "x_scan_1.csv\n")
    assert without_time(err) == "warning: x.nxs: the link '/gone' leads nowhere\n1 converted; 1 scan; 1 warning\n"


def test_a_place_that_cannot_be_written_is_an_error(call: Call, nexus: Path) -> None:
    Path("file").write_text("")
    code, out, err = call("nxtoascii", "counters.nxs", "--scan", "1", "-o", "file/sub/", "-q")
    assert (code, out, err) == (1, "", "file/sub: the folder cannot be made: Not a directory\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_standard_output_that_is_full_is_an_error(shell: Shell, nexus: Path) -> None:
    result = shell("nxconvert nxtoascii counters.nxs --scan 1 -o - -q > /dev/full")
    assert (result.returncode, result.stderr) == (
        1,
        "-: standard output cannot be written: No space left on device\n",
    )


def test_a_standard_output_that_is_closed_is_an_error(shell: Shell, nexus: Path) -> None:
    result = shell("nxconvert nxtoascii counters.nxs --scan 1 -o - -q >&-")
    assert (result.returncode, result.stderr) == (1, "-: standard output is closed\n  hint: say -o FILE\n")


def test_a_limit_on_the_size_of_files_is_an_error_and_leaves_nothing(shell: Shell, folder: Path) -> None:
    make("x.nxs", scan_1={"det": np.arange(100_000)})
    before = sorted(os.listdir())
    result = shell("trap '' XFSZ; ulimit -f 64; nxconvert nxtoascii x.nxs -q")
    assert (result.returncode, result.stderr) == (
        1,
        "x_scan_1.csv: cannot be written: File too large\n"
        "  hint: the limit on file size (ulimit -f) is in the way; nothing was left half-written\n",
    )
    assert sorted(os.listdir()) == before


def test_a_program_that_reads_no_further_ends_the_export_quietly(shell: Shell, folder: Path) -> None:
    make("x.nxs", scan_1={"det": np.arange(1_000_000)})
    result = shell("nxconvert nxtoascii x.nxs -o - -q | head -n 1")
    assert (result.returncode, result.stdout, result.stderr) == (1, "det\n", "")


def test_columns_of_one_label_all_come_back_and_headers_are_named(call: Call, folder: Path) -> None:
    Path("twice.spec").write_text("#F twice.spec\n\n#S 1 ascan th 0 1 1 1\n#L th  det  det\n0 1 2\n1 3 4\n")
    call("spec2nx", "twice.spec", "--timezone", "UTC")
    code, out, err = call("nxtoascii", "twice.nxs", "-o", "-")
    assert (code, out) == (0, "th,det,det_1\n0.0,1,2\n1.0,3,4\n")
    note = "note: twice.nxs:/scan_1: csv has no place for"
    assert without_time(err) == (
        f"{note} headers: 'scan_header', 'file_header'\n{note} metadata: 'file_name'\n1 converted; 1 scan\n"
    )


@st.composite
def scans(draw: st.DrawFn) -> Scan:
    """Draw a scan with columns of whole and of broken numbers under any names that HDF5 can hold."""
    rows = draw(st.integers(0, 8))
    letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    scan = Scan(1, 1, 0, Place("x.spec", 1), title="scan")
    for name in draw(st.lists(st.text(letters, min_size=1, max_size=10), min_size=1, max_size=5, unique=True)):
        kind = draw(st.sampled_from(["i8", "u8", "f8"]))
        one = {"i8": st.integers(-(2**63), 2**63 - 1), "u8": st.integers(0, 2**64 - 1), "f8": st.floats()}[kind]
        values = np.array(draw(st.lists(one, min_size=rows, max_size=rows)), dtype=kind)
        scan.columns[name] = Field(name, values, ("point",))
    return scan


@given(scans())
@settings(max_examples=60, deadline=None)
def test_a_scan_comes_back_from_nexus_and_csv_bit_for_bit(scan: Scan) -> None:
    tree, problems = load(["spec"]).tree(scan)
    assert problems == []
    with tempfile.TemporaryDirectory() as folder:
        path, output = os.path.join(folder, "x.nxs"), os.path.join(folder, "x.csv")
        with NexusWriter(path) as writer:
            writer.write(tree)
        options = export.ExportOptions()
        [(source, plan)] = export.plan_exports([path], output, options)
        [outcome] = export.export_file(source, plan, options, lambda problem: None)
        assert (outcome.status, outcome.output, outcome.problems) == ("converted", output, [])
        with open(output, encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
    assert names == list(scan.columns)
    for number, field in enumerate(scan.columns.values()):
        values: Any = field.value
        read = np.array([(float if values.dtype.kind == "f" else int)(row[number]) for row in rows], values.dtype)
        missing = np.isnan(values)  # nan is one word, whatever its bits
        assert (np.isnan(read) == missing).all()
        assert read[~missing].tobytes() == values[~missing].tobytes()
