"""The commands: what they print, and how they end."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import batchtree
import pytest
from batchkit import command, spec
from click.testing import CliRunner, Result

from nxconvert.cli.main import cli
from nxconvert.resources import samples_dir


def call(*words: str | Path) -> Result:
    """Run a command in this process; its conversions run in others."""
    return CliRunner().invoke(cli, ["batch", *map(str, words)], prog_name="nxconvert")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with three files, of which one is empty and one is foreign."""
    root = tmp_path / "in"
    root.mkdir()
    (root / "a.spec").write_text(spec())
    (root / "empty.spec").write_bytes(b"")
    (root / "notes.md").write_text("nothing")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_batch_its_status_and_another_try(place: Path) -> None:
    result = call("in", "-o", "out", "-j", "1")
    assert result.exit_code == 1
    assert result.stdout == f"{place}/out/a.nxs\n"
    assert result.stderr.startswith(
        f"{place}/in/empty.spec: the file is empty, data expected\n  hint: was it copied?\n"
    )
    assert "1 converted, 1 skipped, 1 failed; 1 scan in " in result.stderr

    result = call("in", "-o", "out")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "nothing to convert; 0 scans in 0.00 s\n3 unchanged; 1 failed before: 'nxconvert batch retry' tries them again\n"
    )

    result = call("status", "out")
    lines = result.stdout.splitlines()
    assert (result.exit_code, lines[0]) == (0, "1 converted, 1 skipped, 1 failed")
    assert lines[1].startswith("1 scans, 0.0 MiB read, ")
    assert lines[2].startswith("last batch: begun ")
    assert lines[3:] == [f"{place}/in/empty.spec: the file is empty, data expected", "  hint: was it copied?"]

    result = call("retry", "out", "-j", "1", "-q")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"{place}/in/empty.spec: the file is empty, data expected\n  hint: was it copied?\n"


def test_the_report_is_one_page(place: Path) -> None:
    call("in", "-o", "out", "-j", "1", "-q")
    result = call("report", "out")
    assert (result.exit_code, result.stdout) == (0, "out/report.html\n"), result.stderr
    page = Path("out/report.html").read_text()
    assert "the file is empty" in page
    assert "a.spec" in page


def test_json_has_a_line_for_each_input_and_one_for_the_status(place: Path) -> None:
    result = call("in", "-o", "out", "-j", "1", "--json", "-q")
    records = {os.path.basename(record["source"]): record for record in map(json.loads, result.stdout.splitlines())}
    assert {name: record["status"] for name, record in records.items()} == {
        "a.spec": "converted",
        "empty.spec": "failed",
        "notes.md": "skipped",
    }
    status = json.loads(call("status", "out", "--json").stdout)
    assert status["counts"] == {"converted": 1, "skipped": 1, "failed": 1, "waiting": 0, "running": 0}
    assert status["batches"][0]["running"] is False
    assert [row["source"] for row in status["failures"]] == [f"{place}/in/empty.spec"]
    assert status["failures"][0]["problems"][0]["found"] == "the file is empty"


def test_a_dry_run_lists_the_inputs_and_writes_nothing(place: Path) -> None:
    result = call("in", "-o", "out", "--dry-run")
    assert (result.exit_code, result.stdout) == (0, f"{place}/in/a.spec\n{place}/in/empty.spec\n{place}/in/notes.md\n")
    result = call("in", "-o", "out", "--dry-run", "--json", "--include", "a*")
    assert json.loads(result.stdout) == {
        "source": f"{place}/in/a.spec",
        "reader": "",
        "files": 1,
        "size": len(spec()),
        "output": f"{place}/out/a.nxs",
        "refused": "",
    }
    assert not Path("out").exists()


def test_the_list_of_sources_may_come_from_a_file(place: Path) -> None:
    (place / "list").write_text("in/a.spec\n")
    result = call("--files-from", "list", "-o", "out", "-j", "1", "-q")
    assert (result.exit_code, result.stdout) == (0, f"{place}/out/a.nxs\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["in"], "Error: Missing option '-o' / '--output'."),
        (["-o", "out"], "Error: no input: name a file, '-' for standard input, or --files-from"),
        (
            ["-", "-o", "out"],
            "Error: batch reads files and folders, not standard input; --files-from - reads their names",
        ),
        (["in", "-o", "out", "--memory", "much"], "'much' is not a size such as 800M or 4G"),
        (["in", "-o", "out", "--newer", "soon"], "'soon' is neither a file nor a time such as 2024-06-03 or"),
        (["in", "-o", "out", "--engine", "dask"], "Error: --engine dask needs --scheduler, the others have none"),
        (["gone", "-o", "out"], "gone: there is no such file or folder\n  hint: is it mounted?"),
        (["status", "out"], "out/nxconvert-batch.sqlite: there is no ledger, that of an earlier batch expected"),
        (["retry", "out"], "out/nxconvert-batch.sqlite: there is no ledger, that of an earlier batch expected"),
    ],
)
def test_wrong_requests_are_told_before_anything_is_done(place: Path, words: list[str], expected: str) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert not Path("out").exists()


def test_a_source_may_be_called_like_a_command(place: Path) -> None:
    shutil.move("in", "status")
    result = call("./status", "-o", "out", "--dry-run")
    assert result.stdout.splitlines()[0] == f"{place}/status/a.spec"


def test_options_of_the_conversion_reach_it(place: Path) -> None:
    import h5py

    (place / "mine.yaml").write_text("extends: spec\nentry_name: mine_{number}\n")
    words = ["--include", "a.spec", "-m", "mine.yaml", "--set", "title=given", "--compression", "none"]
    result = call("in", "-o", "out", "-j", "1", "-q", *words)
    assert result.exit_code == 0, result.stderr
    with h5py.File("out/a.nxs") as file:
        assert file["mine_1/title"][()] == b"given"
        text = file["mine_1/conversion/configuration/data"][()].tobytes().decode()
    assert json.loads(text)["command"] == "nxconvert batch -m mine.yaml --set title=given --compression none"


def test_convert_units_reaches_the_conversion(place: Path) -> None:
    import h5py

    shutil.copy(samples_dir() / "saxs.edf", "in")
    (place / "mm.yaml").write_text(
        "extends: edf\nmeta_parameters:\n  pixel:\n    source: detectors.*.x_pixel_size\n"
        "    nx_path: NXentry/NXinstrument/size:NXcollection/pixel\n    def_units: mm\n"
    )
    found = []
    for flags in ([], ["--convert-units"]):
        words = ["in", "-o", "out", "-j", "1", "-q", "--include", "saxs.edf", "-m", "mm.yaml", *flags]
        assert call(*words).exit_code == 0
        with h5py.File("out/saxs.nxs") as file:
            item = file["entry/instrument/size/pixel"]
            found.append((round(float(item[()]), 9), item.attrs["units"]))
    assert found == [(0.000172, "m"), (0.172, "mm")]


def test_validate_judges_each_output_and_costs_the_exit_status(place: Path) -> None:
    (place / "mine.yaml").write_text(
        "extends: spec\nmeta_parameters:\n  date: {def_value: yesterday, nx_path: NXentry/NXsample/date}\n"
    )
    words = ["in", "-o", "out", "-j", "1", "-q", "--include", "a.spec", "-m", "mine.yaml"]
    assert call(*words).exit_code == 0
    done = call(*words, "--validate")  # converts again: what is known was not judged
    assert (done.exit_code, done.stdout) == (1, f"{place}/out/a.nxs\n")
    assert done.stderr == (
        f"{place}/out/a.nxs:/scan_1/sample/date: the time is 'yesterday' [date]\n"
        "  hint: ISO 8601 is expected: 2024-06-03T08:00:00+02:00\n"
    )


def test_the_whole_program_ends_as_its_help_says(place: Path) -> None:
    done = command("in", "-o", "out", "-j", "2", "--include", "a.spec", cwd=place, env=batchtree.environment())
    assert (done.returncode, done.stdout) == (0, f"{place}/out/a.nxs\n")
