"""Disks that fill, folders that cannot be written, sources that go away: the batch stops and can be started again."""

from __future__ import annotations

import platform
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import batchtree
import h5py
import pytest
from batchkit import Here, command, run, spec

from nxconvert.errors import ReadError, WriteError
from nxconvert.request import ConvertOptions

#: the options of the command, so that its outputs are the same
COMMAND = ConvertOptions(command="nxconvert batch")


class Meanwhile(Here):
    """An engine beside whose work something happens before a job."""

    def __init__(self, before: int, happens: Callable[[], object]) -> None:
        self.before = before
        self.happens = happens

    def run(self, jobs):  # type: ignore[no-untyped-def]
        for count, job in enumerate(jobs):
            if count == self.before:
                self.happens()
            yield from super().run([job])


def tree(root: Path, count: int = 8) -> None:
    root.mkdir()
    for index in range(count):
        (root / f"{index}.spec").write_text(spec(str(index)))


def parts(folder: Path) -> list[Path]:
    return list(folder.rglob(".*.nxpart"))


def test_a_source_that_goes_away_stops_the_batch_and_the_next_one_completes_it(tmp_path: Path, epoch: None) -> None:
    root, out, away = tmp_path / "in", tmp_path / "out", tmp_path / "away"
    tree(root)

    def unmount() -> None:
        root.rename(away)
        root.mkdir()

    with pytest.raises(ReadError) as error:
        run(out, root, engine=lambda: Meanwhile(3, unmount))
    assert str(error.value) == (
        f"{root}: is not there any more, the source of this batch expected\n  hint: is it mounted? Start it again"
    )
    assert len(batchtree.contents(out)) == 3
    root.rmdir()
    away.rename(root)
    assert set(run(out, root).statuses(root).values()) == {"converted"}
    assert len(batchtree.contents(out)) == 8


def test_a_file_that_goes_away_fails_alone_and_is_forgotten(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    tree(root)
    ran = run(out, root, engine=lambda: Meanwhile(3, (root / "5.spec").unlink))
    assert [name for name, status in ran.statuses(root).items() if status == "failed"] == ["5.spec"]
    again = run(out, root)
    assert (again.outcomes, again.unchanged) == ({}, 7)


def test_a_source_that_changes_while_the_batch_runs_is_converted_again_by_the_next_one(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    tree(root)
    changed = spec("changed").replace("1 7", "1 8")
    # one that is converted already, and one whose turn is still to come
    run(out, root, engine=lambda: Meanwhile(3, lambda: [(root / f"{k}.spec").write_text(changed) for k in (0, 5)]))
    assert set(run(out, root).statuses(root)) == {"0.spec", "5.spec"}
    for name in ("0.nxs", "5.nxs"):
        with h5py.File(out / name) as file:
            assert file["scan_1/measurement/det"][()].tolist() == [5, 8]
    assert run(out, root).outcomes == {}


def test_a_destination_that_goes_away_is_not_made_again_where_nothing_is_mounted(tmp_path: Path) -> None:
    root, out, away = tmp_path / "in", tmp_path / "out", tmp_path / "away"
    tree(root)
    with pytest.raises(WriteError):
        run(out, root, ledger=str(tmp_path / "ledger"), engine=lambda: Meanwhile(3, lambda: out.rename(away)))
    assert not out.exists()
    away.rename(out)
    run(out, root, ledger=str(tmp_path / "ledger"))
    assert len(batchtree.contents(out)) == 8


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of one megabyte; the test is skipped where none can be mounted."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_stops_the_batch_and_a_rerun_completes_it(tmp_path: Path, small_disk: Path, epoch: None) -> None:
    root, out = tmp_path / "in", small_disk / "out"
    tree(root, 25)
    run(tmp_path / "expected", root, options=COMMAND)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(512 << 10))
    done = command(root, "-o", out, "-j", "2", "-q", env=batchtree.environment())
    assert done.returncode == 1
    assert "No space left on device" in done.stderr or "disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert parts(out) == []
    expected = batchtree.contents(tmp_path / "expected")
    partly = batchtree.contents(out)
    assert 0 < len(partly) < 25
    assert partly.items() <= expected.items()
    # the same with the ledger elsewhere, so that it is the outputs that do not fit
    with pytest.raises(WriteError, match=rf"^{re.escape(str(out))}: nothing can be written here any more: No space"):
        run(out, root, options=COMMAND, ledger=str(tmp_path / "ledger"))
    assert parts(out) == []
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    assert set(run(out, root, options=COMMAND).statuses(root).values()) == {"converted"}
    assert batchtree.contents(out) == expected


def test_a_destination_that_becomes_read_only_stops_the_batch(tmp_path: Path, small_disk: Path, epoch: None) -> None:
    root, out = tmp_path / "in", small_disk / "out"
    tree(root)

    def protect() -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.raises(WriteError) as error:
        run(out, root, ledger=str(tmp_path / "ledger"), engine=lambda: Meanwhile(3, protect))
    assert str(error.value) == (
        f"{out}: nothing can be written here any more: Read-only file system\n"
        "  hint: nothing is left half-written; start the batch again when there is room"
    )
    done = command(root, "-o", out)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert len(run(out, root, ledger=str(tmp_path / "ledger")).outcomes) == 5
    assert len(batchtree.contents(out)) == 8


def test_a_limit_on_the_size_of_files_costs_the_large_ones_only(tmp_path: Path, epoch: None) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    tree(root)
    with (root / "large.spec").open("w") as file:
        file.write(spec())
        for scan in range(2, 60):
            file.write(f"\n#S {scan} ascan th 0 1 1 1\n#N 2\n#L th  det\n0 5\n1 7\n")
    run(tmp_path / "expected", root, options=COMMAND)
    sizes = {name: len(data) for name, data in batchtree.contents(tmp_path / "expected").items()}
    limit = (sizes["0.nxs"] + sizes["large.nxs"]) // 2

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    ledger = tmp_path / "ledger"
    words = [root, "-o", out, "--ledger", ledger, "-q"]
    done = command(*words, env=batchtree.environment(), preexec_fn=limited)
    if "ledger cannot be used" in done.stderr:
        pytest.skip("the ledger is larger than the outputs")
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert parts(out) == []
    assert set(batchtree.contents(out)) == {f"{index}.nxs" for index in range(8)}
    # it is tried again without having changed: the place was to blame
    assert run(out, root, options=COMMAND, ledger=str(ledger)).statuses(root) == {"large.spec": "converted"}
    assert batchtree.contents(out) == batchtree.contents(tmp_path / "expected")


def test_leftovers_of_killed_processes_are_removed(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    tree(root, 2)
    run(out, root)
    host = re.sub(r"[^A-Za-z0-9]", "_", platform.node())[:64] or "host"
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    (out / f".0.nxs.{host}-{process.pid}-1.nxpart").write_bytes(b"half")
    (root / "0.spec").write_text(spec("changed"))
    run(out, root)
    assert parts(out) == []
