from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nxconvert.cli.main import COMMANDS
from nxconvert.resources import samples_dir
from nxconvert.version import __version__

Call = Callable[..., "tuple[int, str, str]"]
Shell = Callable[..., "subprocess.CompletedProcess[str]"]

#: Runs a command; prints its status, and which of the modules named by the first argument it has imported.
IMPORTED = """
import sys
from nxconvert.cli.main import cli
try:
    cli(sys.argv[2:], prog_name="nxconvert")
except SystemExit as stop:
    print(stop.code, sorted(set(sys.argv[1].split()) & set(sys.modules)), file=sys.stderr)
"""
#: take long to import
HEAVY = "numpy h5py yaml silx fabio pint hdf5plugin tqdm importlib.metadata"
#: are needed for some files only
RARE = "tempfile lzma bz2 concurrent.futures tqdm importlib.metadata numpy.ma silx fabio"


def imported(modules: str, *arguments: str) -> str:
    command = [sys.executable, "-c", IMPORTED, modules, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["--help"], *([name, "--help"] for name in COMMANDS), ["completion", "bash"]],
    ids=" ".join,
)
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    # the formats, which other packages may bring, bring the options of nxtoascii
    expected = "['importlib.metadata', 'numpy']" if arguments[0] == "nxtoascii" else "[]"
    assert imported(HEAVY, *arguments) == f"0 {expected}\n"


@pytest.mark.parametrize(
    ("command", "sample"), [("edf2nx", "images/align_00042.edf"), ("spec2nx", "single_spectrum.spec")]
)
def test_small_files_import_nothing_that_only_others_need(tmp_path: Path, command: str, sample: str) -> None:
    arguments = [command, str(samples_dir() / sample), "-q", "-o", str(tmp_path / "t.nxs")]
    assert imported(RARE, *arguments) == "0 []\n"


def test_the_version_is_told(call: Call) -> None:
    assert call("--version") == (0, f"nxconvert {__version__}\n", "")


def test_help_lists_every_command(call: Call) -> None:
    code, out, err = call("--help")
    assert (code, err) == (0, "")
    assert [name for name in COMMANDS if f"\n  {name} " not in out] == []
    # no summary is cut for want of room
    assert "..." not in out.partition("Commands:")[2]


def test_a_mistyped_command_is_refused_with_near_names(call: Call) -> None:
    code, out, err = call("spec2xn", "x.spec")
    assert (code, out) == (2, "")
    assert err.endswith("Error: there is no command 'spec2xn', did you mean 'spec2nx'?\n")


def test_python_m_nxconvert_is_nxconvert() -> None:
    result = subprocess.run([sys.executable, "-m", "nxconvert", "--version"], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, f"nxconvert {__version__}\n")


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_of_the_shell(call: Call, kind: str) -> None:
    code, out, err = call("completion", kind)
    assert (code, err) == (0, "")
    assert f"_NXCONVERT_COMPLETE={kind}_complete" in out


def test_completion_offers_commands_and_mappings() -> None:
    def complete(words: str, at: int) -> list[str]:
        environment = {**os.environ, "_NXCONVERT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
        command = [sys.executable, "-m", "nxconvert"]
        return subprocess.run(command, env=environment, capture_output=True, text=True).stdout.splitlines()

    assert complete("nxconvert spec", 1) == ["plain,spec2nx"]
    assert "plain,spec" in complete("nxconvert spec2nx -m sp", 3)


def test_a_signal_ends_with_its_exit_status_and_a_short_message(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for number, name in ((signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP")):
        command = [sys.executable, "-m", "nxconvert", "spec2nx", "--files-from", str(pipe)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            with open(pipe, "w"):  # waits until the command has opened the other end
                time.sleep(0.1)
                process.send_signal(number)
                out, err = process.communicate(timeout=20)
        assert (process.returncode, out) == (128 + number, "")
        assert err == f"stopped by {name}, nothing is left half-written\n"


@pytest.mark.parametrize(
    "command", ["nxconvert completion zsh", "nxconvert info mesh.spec", "nxconvert spec2nx mesh.spec -o -"]
)
def test_a_program_that_reads_no_further_ends_the_output_quietly(shell: Shell, folder: Path, command: str) -> None:
    result = shell(f"{{ sleep 0.2; {command}; }} | true")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "")


def test_formats_lists_the_readers(call: Call, plugins: Callable[[str], None]) -> None:
    plugins("good")
    code, out, err = call("formats")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["name", "command", "extensions", "description"]
    assert lines[1].split()[:3] == ["spec", "spec2nx", ".spec"]
    assert lines[-1].split(maxsplit=3) == ["acme", "acme2nx", ".acme", "counts of the Acme company"]


def test_formats_shows_a_broken_plug_in_with_its_reason(call: Call, plugins: Callable[[str], None]) -> None:
    plugins("broken")
    code, out, err = call("formats")
    reason = "RuntimeError: no licence found (broken-format: broken_format.crashing:READER)"
    assert (code, err) == (0, "")
    assert f"crashing  does not load: {reason}\n" in out
    code, out, err = call("formats", "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert records[0]["name"] == "spec"
    assert {"name": "crashing", "broken": reason} in records


def test_a_reader_of_another_package_brings_its_command(
    call: Call, plugins: Callable[[str], None], folder: Path
) -> None:
    plugins("good")
    (folder / "x.acme").write_text("ACME\n3\n4\n")
    code, out, err = call("acme2nx", "x.acme", "-m", "spec")
    assert (code, out) == (0, "x.nxs\n"), err
    code, out, err = call("acme2nx", "--help")
    assert "Convert to NeXus: counts of the Acme company." in out
