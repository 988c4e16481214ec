"""A file is whole or absent."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nxconvert.writer.atomic import _HOST, AtomicFile, remove_dead


def write(target: Path, data: bytes = b"new") -> None:
    with AtomicFile(str(target)) as file:
        file.path.write_bytes(data)


def dead_process() -> int:
    """The number of a process that has just ended."""
    return int(
        subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True).stdout
    )


def test_a_new_file_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write(tmp_path / "a.nxs")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.nxs").stat().st_mode) == 0o640


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.nxs"
    path.write_bytes(b"old")
    path.chmod(0o604)
    write(path)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_a_symbolic_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "a.nxs"
    link.symlink_to(tmp_path / "disk" / "real.nxs")
    write(link)
    assert link.is_symlink()
    assert (tmp_path / "disk" / "real.nxs").read_bytes() == b"new"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.nxs", "disk", "real.nxs"]


def test_temporary_files_of_dead_processes_are_removed_and_all_others_stay(tmp_path: Path) -> None:
    dead = tmp_path / f".a.nxs.{_HOST}-{dead_process()}-1.nxpart"
    alive = tmp_path / f".a.nxs.{_HOST}-{os.getpid()}-7.nxpart"
    elsewhere = tmp_path / ".a.nxs.another_host-1-1.nxpart"
    other = tmp_path / "b.nxpart"
    for path in (dead, alive, elsewhere, other):
        path.touch()
    assert remove_dead(tmp_path) == [dead]
    assert sorted(tmp_path.iterdir()) == sorted([alive, elsewhere, other])


def test_the_next_write_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom nxconvert.writer.atomic import AtomicFile\n"
        "with AtomicFile(sys.argv[1]) as file:\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    target = tmp_path / "a.nxs"
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == -9
    assert len(list(tmp_path.iterdir())) == 1
    write(target)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    from nxconvert.errors import WriteError

    tmp_path.chmod(0o555)
    with pytest.raises(WriteError) as caught:
        write(tmp_path / "a.nxs")
    tmp_path.chmod(0o755)
    assert str(caught.value) == (
        f"{tmp_path}/a.nxs: cannot be written: Permission denied\n  hint: choose another place with -o"
    )
