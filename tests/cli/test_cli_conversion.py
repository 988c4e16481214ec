from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

Call = Callable[..., "tuple[int, str, str]"]
Shell = Callable[..., Any]

UTC = ("--timezone", "UTC")


def entries(path: Path | str) -> list[str]:
    """Give the entry identifiers of a NeXus file, sorted."""
    with h5py.File(path, "r") as file:
        return sorted(group["entry_identifier"][()].decode() for group in file.values())


def test_a_file_lands_beside_its_input_and_its_path_is_printed(call: Call, folder: Path) -> None:
    code, out, err = call("spec2nx", "counters.spec", *UTC)
    assert (code, out) == (0, "counters.nxs\n")
    assert err.startswith("1 converted; 3 scans in ")
    assert entries("counters.nxs") == ["1.1", "2.1", "3.1"]


def test_convert_recognises_the_format_whatever_the_name(call: Call, folder: Path) -> None:
    shutil.move("counters.spec", "counters.txt")
    code, out, _ = call("convert", "counters.txt", *UTC)
    assert (code, out) == (0, "counters.nxs\n")
    (folder / "plain").mkdir()
    code, out, err = call("convert", "README.md")
    assert (code, out) == (1, "")
    assert err.startswith("README.md: no reader knows this file, spec: ")
    code, out, err = call("convert", "plain", "*.spek")
    assert (code, out) == (1, "")
    folder_said, glob_said = err.split("plain: ")[1].split("*.spek: ")
    assert folder_said.startswith("no reader knows this folder, spec: reads files only; ")
    assert folder_said.endswith(
        "  hint: a folder is one measurement here; 'nxconvert batch FOLDER -o OUT' converts all that lies in it\n"
    )
    assert glob_said.startswith(
        "there is no such file, a readable file expected\n  hint: check the spelling and the directory\n"
    )
    _, _, err = call("convert", "nothing_%04d.spek")
    assert err.startswith("nothing_%04d.spek: neither a file nor a pattern of names that a reader knows, spec: ")


def test_convert_takes_a_reader_by_name(call: Call, folder: Path) -> None:
    assert call("convert", "counters.spec", "--reader", "spec", *UTC)[:2] == (0, "counters.nxs\n")
    code, out, err = call("convert", "mesh.spec", "--reader", "spek")
    assert (code, out, err) == (2, "", "reader 'spek': there is no such reader, did you mean 'spec'?\n")


def test_the_folders_below_the_common_root_are_mirrored(call: Call, folder: Path) -> None:
    (folder / "a/b").mkdir(parents=True)
    shutil.copy("mesh.spec", "a/b/mesh.spec")
    code, out, _ = call("spec2nx", "xas.spec", "a/b/mesh.spec", "-o", "out/", *UTC)
    assert (code, out) == (0, "out/xas.nxs\nout/a/b/mesh.nxs\n")


def test_an_output_that_exists_is_refused_unless_an_option_allows_it(call: Call, folder: Path) -> None:
    assert call("spec2nx", "mesh.spec", *UTC)[0] == 0
    before = Path("mesh.nxs").read_bytes()
    assert call("spec2nx", "mesh.spec", *UTC) == (
        2,
        "",
        "mesh.nxs: exists\n  hint: say --overwrite, --skip-existing or --append\n",
    )
    code, out, err = call("spec2nx", "mesh.spec", "--skip-existing", *UTC)
    assert (code, out) == (0, "")
    assert err.startswith("mesh.nxs: exists and was left as it is\n1 skipped; 0 scans in ")
    assert Path("mesh.nxs").read_bytes() == before
    assert call("spec2nx", "mesh.spec", "--overwrite", *UTC)[:2] == (0, "mesh.nxs\n")


def test_append_adds_the_scans_that_came_since(call: Call, folder: Path) -> None:
    whole = Path("counters.spec").read_bytes()
    Path("counters.spec").write_bytes(whole[: whole.index(b"#S 3")])
    assert call("spec2nx", "counters.spec", *UTC)[0] == 0
    assert entries("counters.nxs") == ["1.1", "2.1"]
    Path("counters.spec").write_bytes(whole)
    assert call("spec2nx", "counters.spec", "--append", *UTC)[:2] == (0, "counters.nxs\n")
    assert entries("counters.nxs") == ["1.1", "2.1", "3.1"]


def test_only_one_of_the_options_for_existing_outputs_can_be_given(call: Call, folder: Path) -> None:
    code, out, err = call("spec2nx", "mesh.spec", "--overwrite", "--append")
    assert (code, out) == (2, "")
    assert err.endswith("Error: only one of --overwrite, --skip-existing and --append can be given\n")


def test_a_selection_of_scans_is_converted(call: Call, folder: Path) -> None:
    assert call("spec2nx", "quirks.spec", "--scan", "1.2,2-3", *UTC)[0] == 0
    assert entries("quirks.nxs") == ["1.2", "2.1", "2.2", "3.1"]
    code, out, err = call("spec2nx", "mesh.spec", "--scan", "1-x")
    assert (code, out) == (2, "")
    assert err.startswith("--scan: '1-x' is not a scan")


def test_several_inputs_into_one_output_need_merge(call: Call, folder: Path) -> None:
    code, out, err = call("spec2nx", "mesh.spec", "xas.spec", "-o", "all.nxs")
    assert (code, out) == (2, "")
    assert "--merge" in err
    code, out, err = call("spec2nx", "mesh.spec", "xas.spec", "-o", "all.nxs", "--merge", *UTC)
    assert (code, out) == (0, "all.nxs\n")
    assert entries("all.nxs") == ["1.1", "1.1", "2.1"]
    code, out, err = call("spec2nx", "mesh.spec", "xas.spec", "--merge")
    assert (code, out) == (2, "")
    assert err.endswith("Error: --merge needs the name of the output: -o FILE\n")


def test_one_bad_input_does_not_stop_the_others(call: Call, folder: Path) -> None:
    code, out, err = call("spec2nx", "absent.spec", "mesh.spec", *UTC)
    assert (code, out) == (1, "mesh.nxs\n")
    assert err.startswith("absent.spec: there is no such file, ")
    assert "1 converted, 1 failed; 2 scans in " in err


def test_strict_makes_warnings_count(call: Call, folder: Path) -> None:
    assert call("spec2nx", "quirks.spec", *UTC)[0] == 0
    assert call("spec2nx", "quirks.spec", "--strict", "--overwrite", *UTC)[0] == 1
    assert call("spec2nx", "counters.spec", "--strict", *UTC)[0] == 0


def test_a_dry_run_prints_the_tree_and_writes_nothing(call: Call, folder: Path) -> None:
    before = sorted(folder.iterdir())
    code, out, _err = call("spec2nx", "xas.spec", "--dry-run", "-o", "out/", *UTC)
    assert (code, sorted(folder.iterdir())) == (0, before)
    assert "scan_1" in out
    assert "NXentry" in out
    code, out, _err = call("spec2nx", "xas.spec", "--dry-run", "--json", *UTC)
    record = json.loads(out)
    assert (record["source"], record["scans"]) == ("xas.spec", 1)
    assert "NXentry" in record["tree"]


def test_json_gives_one_object_per_input(call: Call, folder: Path) -> None:
    code, out, _err = call("spec2nx", "absent.spec", "quirks.spec", "--json", *UTC)
    assert code == 1
    absent, quirks = (json.loads(line) for line in out.splitlines())
    assert list(absent) == ["source", "output", "status", "scans", "problems", "seconds"]
    assert (absent["source"], absent["status"], absent["scans"]) == ("absent.spec", "failed", 0)
    assert absent["problems"][0]["severity"] == "lost"
    assert (quirks["output"], quirks["status"], quirks["scans"]) == ("quirks.nxs", "converted", 6)
    assert all(problem["line"] for problem in quirks["problems"])


def test_files_come_from_a_list(call: Call, folder: Path) -> None:
    Path("list").write_text("mesh.spec\n\nxas.spec\n")
    assert call("spec2nx", "--files-from", "list", *UTC)[:2] == (0, "mesh.nxs\nxas.nxs\n")
    code, out, _ = call("spec2nx", "--files-from", "-", "-0", "--overwrite", *UTC, stdin=b"mesh.spec\0xas.spec\0")
    assert (code, out) == (0, "mesh.nxs\nxas.nxs\n")


def test_an_empty_list_is_nothing_to_do(call: Call, folder: Path) -> None:
    assert call("spec2nx", "--files-from", "-") == (0, "", "nothing to convert; 0 scans in 0.00 s\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no input: name a file, '-' for standard input, or --files-from"),
        (("x.spec", "-0"), "-0 tells how the names in --files-from end, and --files-from is not given"),
        (("-", "--files-from", "-"), "standard input can be read once only"),
        (("x.spec", "-o", "-", "--json"), "with -o - standard output holds the file, there is no room for --json"),
        (("x.spec", "--set", "title"), "Invalid value for '--set': 'title' is not of the form KEY=VALUE"),
        (
            ("x.spec", "--timestamp", "2024-06-03"),
            "Invalid value for '--timestamp': '2024-06-03' states no zone:"
            " end it with Z or with an offset such as +02:00",
        ),
        (
            ("x.spec", "--timestamp", "today"),
            "Invalid value for '--timestamp': 'today' is neither a number of seconds since 1970"
            " nor a date such as 2024-06-03T08:00:00Z",
        ),
    ],
)
def test_a_wrong_request_is_refused_with_its_reason(call: Call, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = call("spec2nx", *arguments)
    assert (code, out) == (2, "")
    assert err.endswith(f"Error: {message}\n")


def test_a_list_of_files_that_cannot_be_read_is_a_wrong_request(call: Call, folder: Path) -> None:
    assert call("spec2nx", "--files-from", "absent") == (
        2,
        "",
        "absent: the list of files cannot be read: No such file or directory\n",
    )


def test_standard_input_and_output_make_a_pipe(shell: Shell, folder: Path) -> None:
    with gzip.open("counters.spec.gz", "wb") as file:
        file.write(Path("counters.spec").read_bytes())
    result = shell("gzip -dc counters.spec.gz | nxconvert spec2nx - -o - --timezone UTC > piped.nxs")
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert entries("piped.nxs") == ["1.1", "2.1", "3.1"]


def test_find_feeds_a_conversion_whose_json_another_program_reads(shell: Shell, folder: Path) -> None:
    reads = "jq -c ." if shutil.which("jq") else "python3 -m json.tool --json-lines --compact"
    line = f"find . -name '*.spec' | nxconvert spec2nx --files-from - -o out/ --json --timezone UTC | {reads}"
    result = shell(line)
    assert result.returncode == 0, result.stderr
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted(record["output"] for record in records) == sorted(
        f"out/{path.stem}.nxs" for path in folder.glob("*.spec")
    )
    assert {record["status"] for record in records} == {"converted"}


def test_standard_input_has_no_format_that_could_be_detected(call: Call, folder: Path) -> None:
    code, out, err = call("convert", "-", "-o", "x.nxs", stdin=b"#S 1\n")
    assert (code, out) == (2, "")
    assert err == (
        "-: standard input can be read only once, so its format cannot be detected\n"
        "  hint: save it in a file, or name the format by its command, such as spec2nx\n"
    )


def test_the_same_options_give_the_same_bytes_wherever_the_file_lies(
    call: Call, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = (*UTC, "--timestamp", "2024-06-03T08:00:00Z", "--set", "title=a=b", "--compression", "none")
    assert call("spec2nx", "mesh.spec", *options)[0] == 0
    assert call("spec2nx", folder / "mesh.spec", "-o", tmp_path / "mesh.nxs", *options)[0] == 0
    assert Path("mesh.nxs").read_bytes() == (tmp_path / "mesh.nxs").read_bytes()


def test_the_command_is_kept_without_paths(call: Call, folder: Path) -> None:
    Path("mine").mkdir()
    Path("mine/my map.yaml").write_text("extends: spec\n")
    options = ("-m", "mine/my map.yaml", "--set", "title=a b", "--scan", "1", "--compression", "none", "--overwrite")
    assert call("spec2nx", "mesh.spec", *options, *UTC)[0] == 0
    with h5py.File("mesh.nxs") as file:
        record = json.loads(file["scan_1/conversion/configuration/data"][()])
    assert record["command"] == (
        "nxconvert spec2nx -m 'my map.yaml' --set 'title=a b' --scan 1 --timezone UTC --compression none"
    )
