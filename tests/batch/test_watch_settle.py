"""Settling is decided by what is seen and when, with any clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from nxconvert.batch.inputs import Input
from nxconvert.batch.watch_notice import file_system, is_polled
from nxconvert.batch.watch_settle import Settling


def an_input(stamp: str, size: int = 5, source: str = "/data/a.spec") -> Input:
    return Input(source, "/data", 1, size, 0, stamp)


def test_an_input_is_taken_once_when_it_has_not_changed_for_the_time() -> None:
    settling = Settling(2.0)
    assert not settling.see(an_input("1"), 10.0)
    assert not settling.see(an_input("1"), 11.9)
    assert settling.next_due() == 12.0
    assert settling.due(12.0) == [an_input("1")]
    assert settling.see(an_input("1"), 12.0)
    assert len(settling) == 0
    assert settling.next_due() is None


def test_each_change_begins_the_time_anew() -> None:
    settling = Settling(2.0)
    for now, stamp in ((0.0, "1"), (1.5, "2"), (3.0, "3"), (4.9, "3")):
        assert not settling.see(an_input(stamp), now)
    assert settling.see(an_input("3"), 5.0)


def test_an_empty_file_never_settles() -> None:
    settling = Settling(1.0)
    for now in (0.0, 5.0, 500.0):
        assert not settling.see(an_input("0", size=0), now)
        assert settling.due(now) == []
    assert settling.next_due() is None
    settling.forget("/data/a.spec")
    assert len(settling) == 0


def test_what_is_expensive_to_convert_again_waits_as_long_as_its_conversion_took() -> None:
    settling = Settling(1.0)
    settling.cost("/data/a.spec", 30.0)
    settling.see(an_input("1"), 0.0)
    assert not settling.see(an_input("1"), 29.0)
    assert settling.see(an_input("1"), 30.0)
    settling.cost("/data/a.spec", 0.5)
    settling.see(an_input("2"), 31.0)
    assert settling.see(an_input("2"), 32.0)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/visitor/x", "nfs4"),
        ("/data/visitor with blank/x", "gpfs"),
        ("/data/visitors", "ext4"),
        ("/", "ext4"),
        ("/mnt/twice/x", "fuse.sshfs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_longest_mount_point(tmp_path: Path, path: str, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        "server:/x /data/visitor nfs4 rw 0 0\n"
        "disk /data/visitor\\040with\\040blank gpfs rw 0 0\n"
        "a /mnt/twice tmpfs rw 0 0\n"
        "b /mnt/twice fuse.sshfs rw 0 0\n"
    )
    assert file_system(path, str(mounts)) == kind


def test_network_file_systems_are_polled_and_local_ones_are_not() -> None:
    assert [
        kind for kind in ("nfs", "nfs4", "gpfs", "lustre", "cifs", "fuse.sshfs", "beegfs") if not is_polled(kind)
    ] == []
    assert [kind for kind in ("ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "") if is_polled(kind)] == []
    assert file_system("/", "/no/such/file") == ""
