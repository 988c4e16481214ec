"""A file is whole or absent: written under a temporary name beside its place, then renamed."""

from __future__ import annotations

import atexit
import contextlib
import os
import platform
import re
import stat
from pathlib import Path
from types import TracebackType

from nxconvert.errors import Place, Problem, WriteError

_HOST = re.sub(r"[^A-Za-z0-9]", "_", platform.node())[:64] or "host"
_counter = 0
#: temporary files of this process; what a signal left between two statements is removed at the end
_live: set[Path] = set()


@atexit.register
def _remove_live() -> None:
    for path in _live:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _temporary_name(target: Path) -> Path:
    global _counter  # noqa: PLW0603 - two outputs of one process must never share a temporary name
    _counter += 1
    # names have at most 255 bytes
    name = target.name.encode("utf-8", "surrogateescape")[:150].decode("utf-8", "ignore")
    return target.with_name(f".{name}.{_HOST}-{os.getpid()}-{_counter}.nxpart")


def remove_dead(folder: Path) -> list[Path]:
    """Remove temporary files that a process of this host left behind when it was killed; others stay.

    A file belongs to a dead process when its name carries this host and the number of a process that is not running
    any more. Returns what was removed.
    """
    pattern = re.compile(rf"^\..+\.{re.escape(_HOST)}-(\d+)-\d+\.nxpart$")
    removed = []
    with os.scandir(folder) as entries:
        for entry in entries:
            match = pattern.match(entry.name)
            if match is None or not entry.is_file(follow_symlinks=False):
                continue
            if not _alive(int(match[1])):
                with contextlib.suppress(FileNotFoundError):  # another process was quicker
                    os.unlink(entry.path)
                    removed.append(Path(entry.path))
    return removed


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


class AtomicFile:
    """A context manager that gives a temporary path and puts it in the target's place when all went well.

    A symbolic link is written through. The mode is the old file's own, else 0666 less the umask. After an error the
    temporary file is gone and the target is as it was. WriteError where the folder cannot be written.
    """

    def __init__(self, target: str) -> None:
        self.target = Path(os.path.realpath(target))
        self.shown = target
        if self.target.is_dir():
            raise WriteError.at(Place(target), "is a folder", "a file was expected", f"for a folder say -o {target}/")
        try:
            remove_dead(self.target.parent)
        except OSError as error:
            raise self.error(error) from error
        self.path = _temporary_name(self.target)

    def error(self, error: OSError) -> WriteError:
        """Turn an error of the operating system into one that names the target and what to do."""
        reason = error.strerror or str(error)
        hints = {
            "No such file or directory": "make the folder first, or end the output with '/' to have it made",
            "No space left on device": "free some space; nothing was left half-written",
            "File too large": "the limit on file size (ulimit -f) is in the way; nothing was left half-written",
            "Permission denied": "choose another place with -o",
            "Read-only file system": "choose another place with -o",
        }
        return WriteError(
            Problem(Place(self.shown), f"cannot be written: {reason}", hint=hints.get(reason, ""), severity="lost")
        )

    def __enter__(self) -> AtomicFile:
        _live.add(self.path)
        try:
            handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        except OSError as error:
            raise self.error(error) from error
        os.close(handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.discard()
            return
        try:
            self._commit()
        except OSError as failure:
            self.discard()
            raise self.error(failure) from failure

    def _commit(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.chmod(self.path, stat.S_IMODE(self.target.stat().st_mode))
        handle = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(self.path, self.target)
        _live.discard(self.path)

    def copy_from(self, source: str) -> None:
        """Copy a file into the temporary one, to start from it."""
        import shutil

        shutil.copyfile(source, self.path)

    def probe(self) -> OSError | None:
        """Try to make the temporary file longer; give the error when the disk or a limit forbids it."""
        try:
            with open(self.path, "ab") as file:
                file.write(bytes(64 * 1024))
        except OSError as error:
            return error
        return None

    def discard(self) -> None:
        """Remove the temporary file."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        _live.discard(self.path)
