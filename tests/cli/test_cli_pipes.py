"""Pipes of a real shell, beyond those that test_cli_conversion.py has."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

Shell = Callable[..., Any]

pytestmark = pytest.mark.timeout(60)

#: prints each JSON object on a line of its own, or fails where a line is none
READS = "jq -c ." if shutil.which("jq") else "python3 -m json.tool --json-lines --compact"


def test_the_files_written_are_the_arguments_of_the_next_command(shell: Shell, folder: Path) -> None:
    result = shell(f"nxconvert spec2nx *.spec -o out/ -q --timezone UTC | xargs nxconvert info --json | {READS}")
    assert (result.returncode, result.stderr) == (0, "")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["path"] for record in records] == [f"out/{path.stem}.nxs" for path in sorted(folder.glob("*.spec"))]
    assert all(record["entries"] for record in records)


def test_names_with_blanks_go_through_a_pipe_with_nul_between_them(shell: Shell, folder: Path) -> None:
    shutil.copy("mesh.spec", "a name\nof two lines.spec")
    result = shell(
        f"find . -name '*lines.spec' -print0 | nxconvert spec2nx --files-from - -0 -o out/ --json -q | {READS}"
    )
    assert result.returncode == 0, result.stderr
    assert [json.loads(line)["output"] for line in result.stdout.splitlines()] == ["out/a name\nof two lines.nxs"]


def test_one_bad_file_fails_the_pipe_and_every_line_is_json_still(shell: Shell, folder: Path) -> None:
    Path("bad.spec").write_bytes(b"\x89PNG")
    result = shell(f"find . -name '*.spec' | sort | nxconvert spec2nx --files-from - -o out/ --json | {READS}")
    assert result.returncode == 1
    records = {record["source"]: record for record in map(json.loads, result.stdout.splitlines())}
    assert [source for source, record in records.items() if record["status"] == "failed"] == ["./bad.spec"]
    assert sorted(record["output"] for record in records.values() if record["status"] == "converted") == sorted(
        str(path) for path in Path("out").iterdir()
    )


def test_what_comes_through_a_pipe_is_what_a_file_gives(shell: Shell, folder: Path) -> None:
    with gzip.open("mca.spec.gz", "wb") as file:
        file.write(Path("mca_calib.spec").read_bytes())
    line = "zcat mca.spec.gz | nxconvert spec2nx - -o - -q --timestamp 0 | cat > piped.nxs"
    result = shell(f"{line}; nxconvert spec2nx mca_calib.spec -q --timestamp 0")
    assert (result.returncode, result.stderr) == (0, "")
    with h5py.File("piped.nxs") as piped, h5py.File("mca_calib.nxs") as direct:
        assert list(piped) == list(direct)
        for path in ("scan_1/measurement/Fe_Ka", "scan_1/instrument/mca_0/data", "scan_2/instrument/mca_2/energy"):
            assert piped[path].dtype == direct[path].dtype
            assert piped[path][()].tobytes() == direct[path][()].tobytes()


@pytest.mark.parametrize(
    "command",
    [
        "nxconvert spec2nx *.spec -o out/ -q",
        "nxconvert spec2nx *.spec -o out/ -q --json",
        "nxconvert info *.spec --json",
        "nxconvert mapping show spec",
        "nxconvert spec2nx quirks.spec --dry-run -q",
    ],
)
def test_a_reader_that_wants_one_line_only_gets_it_and_no_traceback(shell: Shell, folder: Path, command: str) -> None:
    result = shell(f"set +o pipefail; {command} | head -n 1")
    assert (result.returncode, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 1
    made = list(Path("out").iterdir()) if Path("out").exists() else []
    assert [path for path in made if path.suffix != ".nxs" or not h5py.is_hdf5(path)] == []


def test_messages_may_be_cut_off_too(shell: Shell, folder: Path) -> None:
    result = shell("set +o pipefail; nxconvert spec2nx quirks.spec -v -o out/ 2>&1 >/dev/null | head -n 1")
    assert (result.returncode, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 1
    assert "Traceback" not in result.stdout
