"""The command edf2nx: series, frames, chunks, links, and how a conversion of images ends."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import edfgen
import h5py
import numpy as np
import pytest
import seriesgen

Call = Callable[..., "tuple[int, str, str]"]

NAMES = [f"scan_{number:04d}.edf" for number in range(6)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a working folder with a folder of six files."""
    (tmp_path / "place" / "scan_0001").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "place")
    seriesgen.series(tmp_path / "place" / "scan_0001", NAMES, (30, 40), ">u2")
    return tmp_path / "place"


def frames(numbers: list[int]) -> np.ndarray:
    return np.stack([seriesgen.frame(number, (30, 40), "<u2") for number in numbers])


def pixels(path: str | Path) -> h5py.Dataset:
    """Give the stack of the default plot, open."""
    file = h5py.File(path)
    entry = file[file.attrs["default"]]
    group = entry[entry.attrs["default"]]
    return group[group.attrs["signal"]]


def conversion(path: str | Path) -> h5py.Group:
    file = h5py.File(path)
    return file[file.attrs["default"]]["conversion"]


@pytest.mark.parametrize("source", ["scan_0001", "scan_0001/", "scan_0001/../scan_0001"])
def test_a_folder_becomes_a_file_beside_it(call: Call, place: Path, source: str) -> None:
    code, out, err = call("edf2nx", source)
    assert (code, out) == (0, f"{os.path.normpath(source)}.nxs\n"), err
    np.testing.assert_array_equal(pixels("scan_0001.nxs")[()], frames([0, 1, 2, 3, 4, 5]))


def test_the_folder_one_is_in_becomes_a_file_beside_it(
    call: Call, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("scan_0001")
    assert call("edf2nx", ".")[:2] == (0, "../scan_0001.nxs\n")


@pytest.mark.parametrize("pattern", ["scan_%04d.edf", "scan_{point}.edf"])
def test_a_pattern_becomes_a_file_named_by_the_rest_of_it(call: Call, place: Path, pattern: str) -> None:
    code, out, err = call("edf2nx", f"scan_0001/{pattern}")
    assert (code, out) == (0, "scan_0001/scan.nxs\n"), err
    np.testing.assert_array_equal(pixels("scan_0001/scan.nxs")[()], frames([0, 1, 2, 3, 4, 5]))


def test_a_series_is_all_inputs_in_one_file(call: Call, place: Path) -> None:
    inputs = [f"scan_0001/{NAMES[number]}" for number in (5, 1, 3)]
    code, out, err = call("edf2nx", "--series", *inputs, "-o", "three.nxs")
    assert (code, out) == (0, "three.nxs\n"), err
    np.testing.assert_array_equal(pixels("three.nxs")[()], frames([1, 3, 5]))
    made = conversion("three.nxs")
    options = json.loads(made["configuration/data"][()])
    assert options["command"] == "nxconvert edf2nx --series"
    assert "files" not in options["reading"]
    assert sorted(made["sources/file_name"].asstr()[()]) == [NAMES[1], NAMES[3], NAMES[5]]


@pytest.mark.parametrize("output", [[], ["-o", "out/"], ["-o", "scan_0001"]])
def test_a_series_needs_the_name_of_its_file(call: Call, place: Path, output: list[str]) -> None:
    code, out, err = call("edf2nx", "--series", "scan_0001/scan_0001.edf", "scan_0001/scan_0002.edf", *output)
    assert (code, out) == (2, "")
    assert err.endswith("Error: --series makes one file of all inputs: name it with -o FILE\n")


def test_frames_chunks_and_access_shape_the_stack(call: Call, place: Path) -> None:
    stack = np.random.default_rng(2).integers(0, 60000, (9, 64, 80)).astype("<u2")
    seriesgen.write(place / "many.edf", *stack)
    assert call("edf2nx", "many.edf", "--frames", "1-7:2,8")[0] == 0
    np.testing.assert_array_equal(pixels("many.nxs")[()], stack[[1, 3, 5, 7, 8]])
    assert pixels("many.nxs").chunks == (5, 64, 80)
    for options, chunks in (
        (["--chunks", "32,16"], (1, 32, 16)),
        (["--chunks", "4,32,16"], (4, 32, 16)),
        (["--chunks", "4,32,16", "--compression", "none"], (4, 32, 16)),
        (["--compression", "none"], None),
        (["--compression", "none", "--access", "pixels"], None),
    ):
        code, _out, err = call("edf2nx", "many.edf", "--overwrite", *options)
        assert code == 0, err
        assert pixels("many.nxs").chunks == chunks
        np.testing.assert_array_equal(pixels("many.nxs")[()], stack)
    command = json.loads(conversion("many.nxs")["configuration/data"][()])["command"]
    assert command == "nxconvert edf2nx --compression none --access pixels"


@pytest.mark.parametrize("chunks", ["", "0,5", "a,b", "5,", "-1,4", "5;6"])
def test_chunks_that_are_no_numbers_are_a_wrong_request(call: Call, place: Path, chunks: str) -> None:
    code, out, err = call("edf2nx", "scan_0001", "--chunks", chunks)
    assert (code, out) == (2, "")
    assert err.endswith(
        f"Error: Invalid value for '--chunks': '{chunks}' is not a list of whole numbers such as 256,256\n"
    )


def test_chunks_that_do_not_fit_the_stack_are_refused_with_its_shape(call: Call, place: Path) -> None:
    code, out, err = call("edf2nx", "scan_0001", "--chunks", "1,2,3,4")
    assert (code, out) == (1, "")
    assert err.startswith("--chunks: 1,2,3,4 has 4 numbers, the frames have 2 axes and their stack is 6,30,40\n")
    assert not (place / "scan_0001.nxs").exists()


def test_the_sources_are_hashed(call: Call, place: Path) -> None:
    assert call("edf2nx", "scan_0001")[0] == 0
    sources = conversion("scan_0001.nxs")["sources"]
    assert list(sources["sha256"].asstr()) == [
        hashlib.sha256((place / "scan_0001" / name).read_bytes()).hexdigest() for name in NAMES
    ]


def test_without_checksum_the_sources_are_told_by_size_and_time(call: Call, place: Path) -> None:
    assert call("edf2nx", "scan_0001", "--checksum", "none")[0] == 0
    sources = conversion("scan_0001.nxs")["sources"]
    assert list(sources["sha256"].asstr()) == [""] * 6
    assert list(sources["size"]) == [(place / "scan_0001" / name).stat().st_size for name in NAMES]
    options = json.loads(conversion("scan_0001.nxs")["configuration/data"][()])
    assert options["command"] == "nxconvert edf2nx --checksum none"
    assert options["checksum"] == "none"


@pytest.mark.parametrize("how", [[], ["--checksum", "none"], ["--link"]])
def test_append_knows_a_changed_image_with_and_without_checksum(call: Call, place: Path, how: list[str]) -> None:
    assert call("edf2nx", "scan_0001", "-o", "out.nxs", *how)[0] == 0
    same = json.loads(call("edf2nx", "scan_0001", "-o", "out.nxs", "--append", *how, "--json")[1])
    assert (same["status"], same["scans"]) == ("skipped", 0)
    name = place / "scan_0001" / NAMES[2]
    before = name.stat()
    seriesgen.series(place / "scan_0001", NAMES[:3], (30, 40), ">u2")
    os.utime(name, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    found = json.loads(call("edf2nx", "scan_0001", "-o", "out.nxs", "--append", *how, "--json")[1])
    assert (found["status"], found["scans"]) == ("converted", 1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--frames", "x"], "--frames: 'x' is no selection of frames, 5, 0-99, 0-99:2 or 10- expected\n"),
        (["--frames", "0-5:0"], "--frames: '0-5:0' is no selection of frames, 5, 0-99, 0-99:2 or 10- expected\n"),
        (["--pattern", "a.edf"], "a.edf: no index in this pattern, %04d or {point} expected\n"),
        (["--regex", "a("], "a(: this is no regular expression (missing ), unterminated subpattern at position 1)\n"),
    ],
)
def test_a_choice_of_files_or_frames_that_is_none_is_a_wrong_request(
    call: Call, place: Path, words: list[str], message: str
) -> None:
    code, out, err = call("edf2nx", "scan_0001", "missing.edf", *words)
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert not (place / "scan_0001.nxs").exists()


def test_pattern_and_expression_exclude_each_other(call: Call, place: Path) -> None:
    code, out, err = call("edf2nx", "scan_0001", "--pattern", "a_%d.edf", "--regex", "(?P<a>.)")
    assert (code, out) == (2, "")
    assert err.endswith("Error: only one of --pattern and --regex can be given\n")


@pytest.mark.parametrize("words", [["--link", "scan_0001"], ["scan_0001", "--link"], ["scan_0001", "--link=absolute"]])
def test_links_copy_no_pixel_and_hash_no_source(call: Call, place: Path, words: list[str]) -> None:
    code, out, err = call("edf2nx", *words, "-o", "linked.nxs")
    assert (code, out) == (0, "linked.nxs\n")
    assert err.startswith("the output refers to its sources where they are now: leave them there, unchanged\n")
    found = pixels("linked.nxs")
    assert found.dtype == np.dtype(">u2")
    assert [name for name, _start, _size in found.external] == [f"{place}/scan_0001/{name}" for name in NAMES]
    np.testing.assert_array_equal(found[()], frames([0, 1, 2, 3, 4, 5]))
    sources = conversion("linked.nxs")["sources"]
    assert list(sources["sha256"].asstr()) == [""] * 6
    assert list(sources["size"]) == [(place / "scan_0001" / name).stat().st_size for name in NAMES]
    assert json.loads(conversion("linked.nxs")["configuration/data"][()])["command"] == (
        "nxconvert edf2nx --link absolute"
    )


def test_linked_sets_move_together(call: Call, place: Path, tmp_path: Path) -> None:
    code, _out, err = call("edf2nx", "scan_0001", "--link", "relative")
    assert code == 0
    assert err.startswith(
        "the output refers to its sources by relative paths: move them together, and open it from its own folder or "
        "with HDF5_EXTFILE_PREFIX='${ORIGIN}' in the environment\n"
    )
    place.rename(tmp_path / "moved")
    code_of_reader = (
        "import h5py, sys; f = h5py.File(sys.argv[1]); e = f[f.attrs['default']]; g = e[e.attrs['default']]; "
        "print(g[g.attrs['signal']][()].sum())"
    )
    command = [sys.executable, "-c", code_of_reader]
    expected = str(frames([0, 1, 2, 3, 4, 5]).sum())
    clean = {key: value for key, value in os.environ.items() if key != "HDF5_EXTFILE_PREFIX"}

    def read(path: str, folder: Path, **more: str) -> str:
        done = subprocess.run(
            [*command, path], cwd=folder, env={**clean, **more}, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    assert read("scan_0001.nxs", tmp_path / "moved") == expected
    assert read("moved/scan_0001.nxs", tmp_path, HDF5_EXTFILE_PREFIX="${ORIGIN}") == expected
    assert read("moved/scan_0001.nxs", tmp_path) == ""


def test_relative_links_need_an_output_with_a_name(call: Call, place: Path) -> None:
    code, out, err = call("edf2nx", "scan_0001", "--link", "relative", "-o", "-")
    assert (code, out) == (2, "")
    assert err.endswith("Error: --link relative needs the name of the output, from whose folder the paths begin\n")


def test_compressed_frames_cannot_be_linked(call: Call, place: Path) -> None:
    subprocess.run(["gzip", "scan_0001/scan_0003.edf"], check=True)
    code, out, err = call("edf2nx", "scan_0001", "--link")
    assert (code, out) == (1, "")
    assert err.startswith(
        "scan_0001.nxs: frame 3 of a stack does not lie in its file as it is read: "
        "compressed, or of another type or byte order than the others\n"
        "  hint: without --link the frames are copied\n"
    )
    assert not (place / "scan_0001.nxs").exists()


# --- how a conversion of many images ends


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file of 120 frames, 30 MB."""
    path = tmp_path_factory.mktemp("large") / "large.edf"
    base = np.random.default_rng(0).poisson(20, (256, 512)).astype("<u2")
    seriesgen.write(path, *(np.roll(base, 7919 * number) for number in range(120)))
    return path


def start(source: Path, output: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "nxconvert", "edf2nx", str(source), "-o", str(output), "-q", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("access", ["frames", "pixels"])
def test_sigkill_leaves_no_partial_file_and_the_next_run_cleans_up(large: Path, tmp_path: Path, access: str) -> None:
    output = tmp_path / "out.nxs"
    output.write_bytes(b"old")
    pick = random.Random(7)
    killed = 0
    for _ in range(6):
        with start(large, output, "--overwrite", "--access", access) as process:
            while not list(tmp_path.glob(".*.nxpart")) and process.poll() is None:
                time.sleep(0.002)
            time.sleep(pick.uniform(0, 0.1))
            process.kill()
            killed += process.wait() == -signal.SIGKILL
        assert output.read_bytes() == b"old" or pixels(output).shape == (120, 256, 512)
    assert killed > 2
    with start(large, output, "--overwrite", "--access", access) as process:
        assert process.wait() == 0
    assert pixels(output).shape == (120, 256, 512)
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_that_ask_to_stop_leave_nothing(large: Path, tmp_path: Path, number: signal.Signals) -> None:
    output = tmp_path / "out.nxs"
    output.write_bytes(b"old")
    with start(large, output, "--overwrite", "--compression", "zstd") as process:
        while not list(tmp_path.glob(".*.nxpart")) and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(number)
        _out, errors = process.communicate()
    assert process.returncode == 128 + number
    assert errors == f"stopped by {number.name}, nothing is left half-written\n"
    assert output.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("options", [[], ["--access", "pixels"], ["--compression", "none"], ["--compression", "lzf"]])
def test_a_limit_on_the_file_size_is_told_and_leaves_the_old_file(
    large: Path, tmp_path: Path, options: list[str]
) -> None:
    output = tmp_path / "out.nxs"
    output.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-m", "nxconvert", "edf2nx", str(large), "-o", str(output), "--overwrite", "-q", *options],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000)),
    )
    assert done.returncode == 1
    assert f"{output}: cannot be written: File too large\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert output.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [output]


def test_a_file_that_shrinks_while_it_is_converted_is_named(
    call: Call, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nxconvert.writer.hdf5 import NexusWriter

    source = place / "scan_0001" / NAMES[3]
    write = NexusWriter.write

    def shrink_and_write(self: NexusWriter, *arguments: object) -> None:
        source.write_bytes(source.read_bytes()[:1500])
        write(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(NexusWriter, "write", shrink_and_write)
    code, out, err = call("edf2nx", "scan_0001")
    assert (code, out) == (1, "")
    assert err.startswith("scan_0001/scan_0003.edf: byte 1500: the file ends here, ")
    assert not (place / "scan_0001.nxs").exists()
    assert not list(place.glob(".*"))


def test_a_damaged_frame_is_named_and_can_be_left_out(call: Call, place: Path) -> None:
    pieces = [bytearray(gzip.compress((place / "scan_0001" / name).read_bytes())) for name in NAMES]
    begin = len(pieces[0]) + len(pieces[1])
    pieces[2][-200] ^= 0x55
    (place / "all.edf.gz").write_bytes(b"".join(pieces))
    code, out, err = call("edf2nx", "all.edf.gz")
    assert (code, out) == (1, "")
    told, expected, hint, _summary = re.fullmatch(r"(.*?) \(.*\), (.*)\n  (.*)\n(.*)\n", err).groups()  # type: ignore[union-attr]
    assert told == f"all.edf.gz: byte {begin}: frame 2 of this file: the compressed data that begin here are damaged"
    assert expected == "intact data expected"
    assert hint == "hint: fetch the file again; gzip -t tests a file; --frames converts the others without it"
    assert not (place / "all.nxs").exists()
    code, out, err = call("edf2nx", "all.edf.gz", "--frames", "0,1,3-5")
    assert (code, out) == (0, "all.nxs\n"), err
    np.testing.assert_array_equal(pixels("all.nxs")[()], frames([0, 1, 3, 4, 5]))


def test_the_only_frame_that_is_damaged_has_no_others_to_convert(call: Call, place: Path) -> None:
    array = edfgen.image()
    blob = gzip.compress(array.tobytes(), mtime=0)[:-8] + bytes(8)
    items = [("EDF_BinarySize", len(blob)), ("Compression", "GzipCompression"), *edfgen.structure(array, size=0)]
    (place / "one.edf").write_bytes(edfgen.text(items) + blob)
    code, out, err = call("edf2nx", "one.edf")
    assert (code, out) == (1, "")
    assert err.startswith("one.edf: byte 512: frame 0 of this file: the gzip data of the frame are damaged")
    assert "--frames" not in err
