"""The README cannot drift: its examples run and print what it shows, its tables name everything there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import h5py
import pytest

from nxconvert import registry
from nxconvert.cli.main import COMMANDS, cli
from nxconvert.resources import samples_dir

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def run(line: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell that finds this nxconvert."""
    programs = place.parent / "programs"
    if not programs.exists():
        programs.mkdir()
        script = programs / "nxconvert"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nxconvert "$@"\n')
        script.chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", "-o", "pipefail", "-c", line]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=120)


def commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Give every command that does something, with its full name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a copy of the sample data."""
    folder = tmp_path / "sample_data"
    shutil.copytree(samples_dir(), folder)
    return folder


def test_the_examples_of_the_readme_run_and_print_what_it_shows(place: Path) -> None:
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    assert len(blocks) >= 6
    for block in blocks:
        for example in block.removeprefix("$ ").split("\n$ "):
            # a command goes on after a backslash; what follows it is its output
            match = re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*)\n?(.*)", example.strip("\n"), re.DOTALL)
            assert match is not None
            line, shown = match.groups()
            result = run(line, place)
            assert result.returncode == 0, f"{line}\n{result.stderr}"
            if shown:
                assert result.stdout.rstrip("\n") == shown, line


def test_everything_stands_where_the_page_on_the_layout_says(place: Path) -> None:
    page = (ROOT / "docs" / "layout.md").read_text(encoding="utf-8")
    parts = re.findall(r"```console\n\$ (.*?)\n```\n(.*?)(?=```|\Z)", page, re.DOTALL)
    assert len(parts) == 8
    for line, text in parts:
        assert (done := run(line, place)).returncode == 0, done.stderr
        name = line.split()[-1]
        rows = re.findall(r"^\|.*\| ([^|]*) \|$", text, re.MULTILINE)
        assert rows[0] == f"in `{name}`"
        with h5py.File(place / name) as file:
            paths = [path for row in rows[1:] for path in re.findall(r"`([^`@]+)`", row)]
            assert len(paths) > 3
            assert [path for path in paths if path not in file] == []


def test_the_mapping_of_the_readme_works(place: Path) -> None:
    [mapping] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (place / "my.yaml").write_text(mapping)
    result = run("nxconvert spec2nx counters.spec -m my.yaml --timezone UTC --strict", place)
    assert (result.returncode, result.stdout) == (0, "counters.nxs\n"), result.stderr
    with h5py.File(place / "counters.nxs") as file:
        entry = file["scan_1"]
        assert entry["sample/name"][()] == b"silicon"
        assert entry["instrument/monochromator/energy"][()] == 8.0509
        assert entry["instrument/monochromator/energy"].attrs["units"] == "keV"
        assert entry["instrument/point/data"] == entry["measurement/Detector"]


def examples() -> list[tuple[str, str]]:
    """Give each example line of each help text with the command it stands in."""
    pairs = [("nxconvert", cli), *commands(cli)]
    return [
        (name, line.strip())
        for name, command in pairs
        for line in (command.help or "").partition("Examples:")[2].splitlines()
        if line.strip()
    ]


@pytest.mark.parametrize(("name", "line"), examples())
def test_the_examples_of_every_help_text_run(name: str, line: str, place: Path) -> None:
    assert run("nxconvert spec2nx counters.spec mesh.spec", place).returncode == 0
    if "-o " not in line and "2nx" in line:
        line += " --overwrite"
    result = run(line, place)
    assert result.returncode == 0, result.stderr


def test_every_command_has_a_sentence_a_paragraph_and_two_examples() -> None:
    for name, command in commands(cli):
        text = command.help or ""
        sentence, paragraph, rest = text.split("\n\n", 2)
        assert re.fullmatch(r"[A-Z][^\n]*\.", sentence), name
        assert len(paragraph) > 60, name
        assert rest.startswith("\b\nExamples:\n"), name
    assert {name: count for name, count in _counts().items() if count < 2} == {}


def _counts() -> dict[str, int]:
    found = [name for name, _ in examples()]
    return {name: found.count(name) for name, _ in commands(cli)}


def test_the_readme_names_every_command() -> None:
    assert [name for name, _ in commands(cli) if f"| `nxconvert {name}` |" not in README] == []
    assert sorted(COMMANDS) == sorted({name.split()[0] for name, _ in commands(cli)})


def test_the_readme_names_every_format_with_its_command_and_extensions() -> None:
    for reader in registry.readers().values():
        extensions = " ".join(reader.extensions)
        command = f"`{reader.command}` " if reader.command else ""
        assert f"| `{reader.name}` | {command}| `{extensions}`" in README


def test_the_readme_gives_both_commands_and_the_same_by_pip() -> None:
    for line in ("make demo", "make test", "python3 -m venv .venv", "-m pip install --editable '.[test]'", "-m pytest"):
        assert line in README


def test_the_readme_and_the_docs_link_to_files_that_exist() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_sample_data_readme_names_every_sample() -> None:
    text = (samples_dir() / "README.md").read_text(encoding="utf-8")
    assert [
        path.name for path in samples_dir().iterdir() if f"`{path.name}`" not in text and path.name != "README.md"
    ] == []


def test_the_python_of_the_readme_runs(place: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    subprocess.run([sys.executable, "-c", code], cwd=place, check=True)
    with h5py.File(place / "powder.nxs") as file:
        assert file["entry/definition"][()] == b"NXmonopd"
        assert file["entry/data/data"][()].tolist() == [12, 350, 17]
