"""Findings: the good file has none, every fault its own; what nxconvert writes is good; trees are judged alike."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
from faults import FAULTS, Fault, dataset, good, group

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


def found_in(path: Path, *severities: str, own_rules: bool = False) -> list[tuple[str, str]]:
    """Give rule and path of the findings of these severities."""
    found = validate_file(str(path), own_rules=own_rules)
    return [(item.rule, item.path) for item in found if item.severity in severities]


def test_circles_of_links_and_large_numbers_end(file: Path) -> None:
    with h5py.File(file, "a") as opened:
        opened["scan_1/sample/again"] = opened["scan_1"]
        opened.create_dataset("scan_1/sample/huge", shape=(10**12,), dtype="f8", chunks=(1000,))
    assert found_in(file, "error", own_rules=True) == [("circle", "/scan_1/sample/again")]


def test_links_that_multiply_end(file: Path) -> None:
    with h5py.File(file, "a") as opened:
        groups = [group(opened["scan_1"], f"d{n}", "NXcollection") for n in range(30)]
        for above, below in pairwise(groups):  # 2**30 ways from the first to the last
            above["a"] = above["b"] = below
    found = found_in(file, "error")
    assert {rule for rule, _ in found[:-1]} == {"circle"}
    assert str(validate_file(str(file))[-1]) == (
        "error: /: nexusformat would not end: links multiply [definition]\n"
        "  hint: remove the links that lead to one group again and again"
    )


def test_a_circle_of_soft_links_is_a_broken_one(file: Path) -> None:
    with h5py.File(file, "a") as opened:
        opened["scan_1/sample/x"] = h5py.SoftLink("/scan_1/sample/y")
        opened["scan_1/sample/y"] = h5py.SoftLink("/scan_1/sample/x")
    found = found_in(file, "error", own_rules=True)
    assert found[:2] == [("broken-link", "/scan_1/sample/x"), ("broken-link", "/scan_1/sample/y")]


@pytest.mark.skipif(sys.platform == "win32", reason="watches by what HDF5 opens")
def test_nothing_outside_of_the_files_folder_is_opened(file: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    os.mkfifo(secret)  # to open it would wait for ever
    with h5py.File(file, "a") as opened:
        entry = opened["scan_1"]
        entry["external"] = h5py.ExternalLink(str(secret), "/x")
        entry["soft"] = h5py.SoftLink("/scan_1/external/below")
        entry.create_dataset("raw", (3,), "u1", external=[(str(secret), 0, 3)])
        layout = h5py.VirtualLayout((3,), np.uint8)
        layout[:] = h5py.VirtualSource(str(secret), "/x", (3,))
        entry.create_virtual_dataset("virtual", layout)
    done = subprocess.run(
        [sys.executable, "-m", "nxconvert", "validate", "-v", str(file)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    for name in ("external", "soft"):
        assert f"note: /scan_1/{name}: the link leads to another file: '{secret}:/x' [broken-link]" in done.stdout
    assert (
        f"nexusformat is not asked: it would follow a link out of the folder, to '{secret}' [definition]" in done.stdout
    )


def test_what_older_and_other_programs_rightly_write_is_no_fault(file: Path) -> None:
    with h5py.File(file, "a") as opened:
        opened["scan_1/instrument/detector/data"].attrs["signal"] = np.int32(1)  # as ILL and NXDLs before 2014
        opened["scan_1/instrument/detector/data"].attrs["axes"] = "polar_angle"
        chopper = group(opened["scan_1/instrument"], "chopper", "NXdisk_chopper")
        dataset(chopper, "rotation_speed", 3000.0, units="rpm")
        dataset(opened["scan_1/sample"], "magnetic_field", 5.0, units="gauss")
        opened["scan_1/instrument/source/top_up"] = True
        opened["scan_1/sample/component"] = np.zeros(0)
        opened["scan_1/data/data"].attrs["note"] = np.arange(3)
    assert found_in(file, "error", "warning", own_rules=True) == []
    assert found_in(file, "error") == []


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_is_an_error_or_a_finding(file: Path, keep: float) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(ReadError, match="cannot be opened as HDF5"):
        validate_file(str(file))


def test_a_broken_link_does_not_keep_nexusformat_from_the_rest(file: Path) -> None:
    with h5py.File(file, "a") as opened:
        opened["scan_1/aaa"] = h5py.SoftLink("/nothing")
        del opened["scan_1/sample/name"]
    assert found_in(file, "error") == [("broken-link", "/scan_1/aaa"), ("definition", "/scan_1/monopd/sample/name")]


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
