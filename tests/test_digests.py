"""SHA-256 of files beside other work."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from nxconvert import digests
from nxconvert.digests import Digests
from nxconvert.errors import ReadError
from nxconvert.scan import SourceFile


def source(path: Path, content: bytes) -> SourceFile:
    path.write_bytes(content)
    return SourceFile(str(path), len(content), path.stat().st_mtime_ns, "")


def test_files_without_a_digest_get_one_and_others_keep_theirs(tmp_path: Path) -> None:
    contents = [bytes([number]) * (number * 300_007) for number in range(12)]
    files = [source(tmp_path / f"{number}.edf", content) for number, content in enumerate(contents)]
    known = SourceFile("-", 5, 0, "ab")
    with Digests() as made:
        made.begin(files[:3])
        found = made.complete([known, *files])
    assert found[0] is known
    assert [file.sha256 for file in found[1:]] == [hashlib.sha256(content).hexdigest() for content in contents]
    assert [(file.path, file.size, file.mtime_ns) for file in found[1:]] == [
        (file.path, file.size, file.mtime_ns) for file in files
    ]


def test_small_files_share_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "BATCH", 100_000)
    contents = [bytes([number]) * (number * 997) for number in range(80)]
    files = [source(tmp_path / f"{number}.edf", content) for number, content in enumerate(contents)]
    expected = [hashlib.sha256(content).hexdigest() for content in contents]
    with Digests() as made:
        assert [file.sha256 for file in made.complete(files)] == expected
    with Digests() as made:  # so few bytes that no thread is started
        before = threading.active_count()
        made.begin(files[:10])
        assert threading.active_count() == before
        assert [file.sha256 for file in made.complete(files[:10])] == expected[:10]


def test_a_large_file_is_hashed_while_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "BATCH", 1000)
    large, small = source(tmp_path / "large.edf", b"a" * 1001), source(tmp_path / "small.edf", b"a" * 1000)
    changed = source(tmp_path / "changed.edf", b"a" * 2000)
    with Digests() as made:
        for path in (large.path, small.path, changed.path, str(tmp_path), str(tmp_path / "none"), "a\0b"):
            made.expect(path)
        assert made.expected == {large.path, changed.path}
        assert threading.active_count() > 1
        changed = source(
            tmp_path / "changed.edf", b"b" * 3000
        )  # what was begun with is no longer the file that was read
        found = made.complete([large, small, changed])
    contents = (b"a" * 1001, b"a" * 1000, b"b" * 3000)
    assert [file.sha256 for file in found] == [hashlib.sha256(content).hexdigest() for content in contents]


def test_a_file_that_grew_is_hashed_as_it_was(tmp_path: Path) -> None:
    file = source(tmp_path / "a.edf", b"a" * 3_000_000)
    with open(file.path, "ab") as stream:
        stream.write(b"more")
    with Digests() as made:
        assert made.complete([file])[0].sha256 == hashlib.sha256(b"a" * 3_000_000).hexdigest()


def test_a_file_that_shrank_or_went_away_is_an_error_with_its_place(tmp_path: Path) -> None:
    file = source(tmp_path / "a.edf", b"a" * 3_000_000)
    Path(file.path).write_bytes(b"a" * 1_500_000)
    with Digests() as made, pytest.raises(ReadError) as caught:
        made.complete([file])
    assert str(caught.value) == (
        f"{file.path}: byte 1500000: the file ends here, it had 3000000 bytes when it was opened\n"
        "  hint: the file became shorter while it was read; wait until it is complete"
    )
    Path(file.path).unlink()
    with Digests() as made, pytest.raises(ReadError) as caught:
        made.complete([file])
    assert str(caught.value) == f"{file.path}: reading failed (No such file or directory)"


def test_what_is_left_is_not_hashed_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "BLOCK", 1)
    files = [source(tmp_path / f"{number}.edf", b"a" * 50_000_000) for number in range(4)]
    with Digests() as made:
        made.begin(files)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("nxconvert-sha256")]
