"""Findings: the good file has none, every fault its own; what nxconvert writes is good; trees are judged alike."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from faults import FAULTS, Fault, good

from nxconvert.errors import ReadError, RequestError
from nxconvert.tree import Dataset, Group, Link, Tree
from nxconvert.validate import Finding, judge, known_rules, silence, validate_file, validate_tree

pytest.importorskip("nexusformat")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "good.nxs"
    good(path)
    return path


@pytest.fixture
def file(tmp_path: Path, base: Path) -> Path:
    return Path(shutil.copy(base, tmp_path / "good.nxs"))


def serious(findings: list[Finding]) -> list[Finding]:
    return [item for item in findings if item.severity != "note"]


def test_the_good_file_has_no_finding(base: Path) -> None:
    assert validate_file(str(base)) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_is_found_with_its_severity(file: Path, fault: Fault) -> None:
    with h5py.File(file, "a") as opened:
        fault.change(opened)
    found = {(item.severity, item.rule, item.path): item for item in validate_file(str(file))}
    assert (fault.severity, fault.rule, fault.path) in found, "\n".join(map(str, found.values()))


def test_every_rule_has_a_fault() -> None:
    assert {fault.rule for fault in FAULTS} == set(known_rules())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_silenced_rule_says_nothing(file: Path, fault: Fault) -> None:
    with h5py.File(file, "a") as opened:
        fault.change(opened)
    assert not any(item.rule == fault.rule for item in validate_file(str(file), silence([fault.rule])))


def test_own_rules_need_no_nexusformat(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nexusformat.nexus.validate", None)
    monkeypatch.setitem(sys.modules, "nexusformat.nexus", None)
    assert validate_file(str(file), own_rules=True) == []
    with pytest.raises(RequestError) as error:
        validate_file(str(file))
    assert str(error.value).endswith("hint: python3 -m pip install 'nxconvert[validate]', or give --own-rules")


def test_a_rule_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError) as error:
        silence(["axess"])
    assert str(error.value) == "--ignore axess: there is no such rule\n  hint: did you mean 'axes'?"


def test_the_judge_stays_silent_and_leaves_its_logger_as_it_was(base: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logger = judge.load().logger
    before = (list(logger.handlers), logger.level, logger.propagate)
    validate_file(str(base))
    assert (list(logger.handlers), logger.level, logger.propagate) == before
    assert capfd.readouterr() == ("", "")


def test_what_is_no_hdf5_is_an_error_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "x.nxs"
    path.write_bytes(b"no")
    with pytest.raises(ReadError) as error:
        validate_file(str(path))
    assert str(error.value) == (
        f"{path}: cannot be opened as HDF5: Unable to synchronously open file (file signature not found)\n"
        "  hint: is it complete, and not being written?"
    )


def test_circles_of_links_and_large_numbers_end(file: Path) -> None:
    with h5py.File(file, "a") as opened:
        opened["scan_1/sample/again"] = opened["scan_1"]
        opened.create_dataset("scan_1/sample/huge", shape=(10**12,), dtype="f8", chunks=(1000,))
    assert [item.path for item in validate_file(str(file), own_rules=True) if item.severity == "error"] == []


# trees


def tree(**changes: Dataset | Group | Link) -> Tree:
    data = Group("NXdata", {"signal": "y", "axes": ("x",), "x_indices": 0})
    data.children = {"y": Dataset(np.arange(3), ("point",), linked=True), "x": Dataset(np.arange(3.0), ("point",))}
    measurement = Group("NXcollection", children={"y": Link("data/y")})
    entry = Group("NXentry", {"default": "data"}, {"title": Dataset("t"), "data": data, "measurement": measurement})
    entry.children.update(changes)
    return Tree("scan_1", entry)


def test_a_good_tree_has_no_finding() -> None:
    assert validate_tree(tree()) == []


def test_a_tree_is_judged_as_its_file_is() -> None:
    found = validate_tree(
        tree(
            start_time=Dataset("Mon Jun 03 08:00:00 2024"),
            lost=Link("data/z"),
            thing=Dataset(1.0, (), {"units": "deg"}),
        )
    )
    assert [(item.severity, item.rule, item.path) for item in found] == [
        ("error", "date", "/scan_1/start_time"),
        ("error", "broken-link", "/scan_1/lost"),
        ("warning", "unit", "/scan_1/thing"),
    ]


# the command


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "nxconvert", "validate", *words], capture_output=True, text=True)


def test_the_command_tells_findings_and_status(file: Path, base: Path) -> None:
    clean = run(str(base))
    assert (clean.returncode, clean.stdout, clean.stderr) == (0, "", "1 file: 0 errors, 0 warnings, 0 notes\n")
    with h5py.File(file, "a") as opened:
        opened["scan_1/sample/temperature"].attrs["units"] = "kelvin"
        opened["scan_1/sample/two words"] = 1
    done = run(str(file), str(base), "nothing.nxs", "--ignore", "base-class")
    assert done.returncode == 1
    assert done.stdout == (
        f"{file}: warning: /scan_1/sample/temperature: the units 'kelvin' are not understood by all programs [unit]\n"
        "  hint: write 'K'\n"
        f"{file}: error: /scan_1/sample/two words: the name 'two words' is not legal [name]\n"
        "  hint: letters, digits and '_', 63 of them at most; the source's own name fits into @long_name\n"
    )
    assert done.stderr == (
        "nothing.nxs: there is no such file, a readable file expected\n"
        "  hint: check the spelling and the directory\n"
        "2 files: 1 error, 1 warning, 0 notes; 1 not judged\n"
    )
    ignoring = ("--ignore", "base-class", "--ignore", "name")
    assert run(str(file), *ignoring, "-q").returncode == 0
    assert run(str(file), *ignoring, "-q", "--strict").returncode == 1


def test_the_command_gives_json(file: Path) -> None:
    with h5py.File(file, "a") as opened:
        opened["scan_1/sample/temperature"].attrs["units"] = "kelvin"
    done = run(str(file), "--json", "-q")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {
            "file": str(file),
            "severity": "warning",
            "rule": "unit",
            "path": "/scan_1/sample/temperature",
            "found": "the units 'kelvin' are not understood by all programs",
            "hint": "write 'K'",
        }
    ]
    assert json.loads(run("--rules", "--json").stdout) == known_rules()


def test_a_master_of_links_to_entries_in_other_files_lacks_no_entry(tmp_path: Path, base: Path) -> None:
    path = tmp_path / "master.nxs"
    with h5py.File(path, "w") as made, h5py.File(base) as other:
        made.attrs.update({**other.attrs, "default": "scan_1"})
        made["scan_1"] = h5py.ExternalLink(str(base), "/scan_1")
    assert [item for item in validate_file(str(path), own_rules=True) if item.severity != "note"] == []
