"""The command plot: where pictures go, what is told, and the exit status."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def place(folder, call) -> Path:  # type: ignore[no-untyped-def]
    assert call("spec2nx", "counters.spec", "mesh.spec", "-q").code == 0
    return folder  # type: ignore[no-any-return]


def test_pictures_lie_beside_their_files_and_are_not_replaced_unasked(place, call) -> None:  # type: ignore[no-untyped-def]
    result = call("plot", "counters.nxs", "mesh.nxs")
    assert result == (0, "counters.png\nmesh.png\n", "")
    assert (place / "mesh.png").read_bytes().startswith(b"\x89PNG")
    result = call("plot", "mesh.nxs")
    assert result == (2, "", "mesh.png: exists\n  hint: say --overwrite\n")
    assert call("plot", "mesh.nxs", "--overwrite").code == 0


def test_all_files_go_into_one_sheet_or_into_a_folder(place, call) -> None:  # type: ignore[no-untyped-def]
    assert call("plot", "counters.nxs", "mesh.nxs", "-o", "sheet.svg") == (0, "sheet.svg\n", "")
    assert call("plot", "counters.nxs", "mesh.nxs", "-o", "new/folder/").out == (
        "new/folder/counters.png\nnew/folder/mesh.png\n"
    )


def test_what_cannot_be_plotted_is_told_and_the_rest_is_drawn(place, call) -> None:  # type: ignore[no-untyped-def]
    assert call("spec2nx", "quirks.spec", "-q").code == 0
    shutil.copy("counters.spec", "no.nxs")
    result = call("plot", "quirks.nxs", "no.nxs", "none.nxs", "-o", "q.png")
    assert (result.code, result.out) == (1, "q.png\n")
    assert "no.nxs: cannot be opened as HDF5" in result.err
    assert "none.nxs: there is no such file" in result.err
    assert "quirks.nxs:/scan_2: nothing to plot: '/scan_2/data/det' has no values" in result.err
    assert "Traceback" not in result.err


def test_entries_and_frames_are_chosen(place, call) -> None:  # type: ignore[no-untyped-def]
    assert call("plot", "counters.nxs", "--entry", "scan_[12]", "-o", "two.png").code == 0
    result = call("plot", "counters.nxs", "--entry", "nix", "-o", "three.png")
    assert (result.code, result.err) == (
        2, "counters.nxs: has no entry 'nix', known: 'scan_1', 'scan_2', 'scan_3'\n"
    )  # fmt: skip
    assert not Path("three.png").exists()
    result = call("plot", "counters.nxs", "--frame", "7", "-o", "three.png")
    assert (result.code, result.err) == (2, "counters.nxs:/scan_1: there is no frame 7, a single curve\n")


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("a.gif", "a.gif: the ending '.gif' names no format of pictures, one of .png, .svg, .pdf expected\n"),
        ("a", "a: the name has no ending, one of .png, .svg, .pdf expected\n"),
        ("no/such/a.png", "no/such/a.png: cannot be written: No such file or directory\n"),
    ],
)
def test_outputs_that_cannot_be_are_refused(place, call, output: str, error: str) -> None:  # type: ignore[no-untyped-def]
    result = call("plot", "mesh.nxs", "-o", output)
    assert result.code in (1, 2)
    assert result.err.startswith(error)


def test_a_picture_goes_to_standard_output(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nxconvert", "plot", "counters.nxs", "-o", "-"], capture_output=True, check=True
    )
    assert done.stdout.startswith(b"\x89PNG")
    assert done.stderr == b""


def test_without_matplotlib_the_command_says_what_to_install(place, call, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = call("plot", "mesh.nxs")
    assert result == (
        2, "", "plot: matplotlib is not installed\n  hint: python3 -m pip install 'nxconvert[plot]'\n"
    )  # fmt: skip
