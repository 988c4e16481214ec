"""How the watch learns that something arrives: the file system tells (watchdog), or it is looked at again and again.

A network file system tells only of what its own machine does, so NFS, GPFS and their like are polled. The type of the
file system is that of the mount point with the longest path (proc(5), ``/proc/mounts``: names with octal escapes).
"""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Callable
from typing import Any

from nxconvert.errors import RequestError

#: file systems of networks and clusters, whose changes come from other machines
POLLED = (
    "nfs", "nfs4", "gpfs", "lustre", "cifs", "smb3", "smbfs", "9p", "afs", "beegfs", "ceph", "glusterfs", "pvfs2",
    "orangefs", "vboxsf", "virtiofs", "davfs", "wekafs",
)  # fmt: skip
#: seconds between two looks at a file system that tells nothing, and at one that does, since notices can be lost
INTERVAL, SELDOM = 5.0, 600.0

MOUNTS = "/proc/mounts"
_OCTAL = re.compile(r"\\([0-7]{3})")

#: takes a folder in which something changed, and whether everything below it is new
Tell = Callable[[str, bool], None]


def file_system(path: str, mounts: str = MOUNTS) -> str:
    """Give the type of the file system that a path lies on, empty where that cannot be known."""
    real = os.path.realpath(path)
    best, kind = "", ""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                words = line.split(" ")
                if len(words) < 3:
                    continue
                point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), words[1])
                # of two mounts on one point the later one is seen
                inside = real == point or real.startswith(point.rstrip("/") + "/")
                if inside and len(point) >= len(best):
                    best, kind = point, words[2]
    except OSError:
        return ""
    return kind


def is_polled(kind: str) -> bool:
    """Tell whether a file system of this type has to be looked at again and again."""
    return kind in POLLED or kind.startswith("fuse.") or kind == "fuse"


class Notices:
    """Tells of folders in which something changed, as far as the file system says so.

    ``interval``: seconds after which everything has to be looked at all the same. ``how``: for people.
    """

    def __init__(self, folders: list[str], tell: Tell, poll: float | None) -> None:
        self._observer: Any = None
        self._tell = tell
        self._lock = threading.Lock()
        kinds = {file_system(folder) for folder in folders}
        told = sorted(kind for kind in kinds if is_polled(kind))
        if poll is not None:
            self.interval, self.how = poll, f"polling every {poll:g} s"
        elif told:
            self.interval, self.how = INTERVAL, f"polling every {INTERVAL:g} s ({told[0]})"
        else:
            self.interval, self.how = SELDOM, "told by the file system"
            self._observe(folders)

    def _observe(self, folders: list[str]) -> None:
        try:
            from watchdog.observers import Observer
        except ImportError as error:
            raise RequestError.at(
                "watch",
                "watchdog is not installed",
                hint="python3 -m pip install 'nxconvert[watch]', or --poll SECONDS, which needs nothing",
            ) from error
        # watchdog warns where a folder was made and noticed twice, which changes nothing
        warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
        observer = Observer()
        handler: Any = _Handler(self._tell)
        try:
            for folder in folders:
                observer.schedule(handler, folder, recursive=True)
            observer.start()
        except OSError as error:  # the limit of inotify: fs.inotify.max_user_watches
            observer.unschedule_all()
            self.interval = INTERVAL
            self.how = f"polling every {INTERVAL:g} s ({error.strerror or error})"
            return
        self._observer = observer

    def close(self) -> None:
        """End the thread that waits for notices."""
        with self._lock:
            observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join(5)


class _Handler:
    """Takes the events of watchdog."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def dispatch(self, event: Any) -> None:
        """Tell of the folders of an event; that a file was looked at is none."""
        if event.event_type in ("opened", "closed_no_write"):
            return
        for path in (event.src_path, getattr(event, "dest_path", "")):
            if path:
                name = os.fsdecode(path)
                self._tell(os.path.dirname(name), False)
                if event.is_directory and event.event_type in ("created", "moved"):
                    self._tell(name, True)
