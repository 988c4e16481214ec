"""What a watch says of itself: a line for people, and a file in the destination for programs."""

from __future__ import annotations

import json
import os
import platform
import time
from datetime import datetime, timezone
from typing import Any

from nxconvert.batch.book import record
from nxconvert.batch.watch import Watch
from nxconvert.errors import RequestError
from nxconvert.request import Outcome
from nxconvert.version import __version__
from nxconvert.writer.atomic import AtomicFile

NAME = "nxconvert-watch.json"
#: failures and outputs that are listed, the last ones
LISTED = 20


class Status:
    """The status file of a watch; RequestError where another watch that is alive has it."""

    def __init__(self, watch: Watch) -> None:
        self.path = os.path.join(watch.folder, NAME)
        self._watch = watch
        self._began = _now()
        self._last: dict[str, Any] | None = None
        self._failures: list[dict[str, Any]] = []
        self._refuse_second()

    def _refuse_second(self) -> None:
        try:
            with open(self.path, "rb") as file:
                other = json.load(file)
            pid, host, state = other["pid"], other["host"], other["state"]
        except (OSError, ValueError, KeyError, TypeError):
            return
        if state != "stopped" and host == platform.node() and pid != os.getpid() and _is_watch(pid):
            raise RequestError.at(
                self.path, f"process {pid} watches for this folder already", hint="stop it, or choose another folder"
            )

    def take(self, outcome: Outcome) -> None:
        """Take note of an outcome."""
        item = {"time": _now(), "source": _text(outcome.source), "output": _text(outcome.output)}
        item["status"] = outcome.status
        self._last = item
        if outcome.status == "failed":
            problems = [record(problem) for problem in outcome.problems]
            self._failures = [*self._failures, {**item, "problems": problems}][-LISTED:]

    def write(self, state: str = "") -> None:
        """Replace the file; WriteError where that cannot be. *state*: ``stopped`` in the end."""
        watch = self._watch
        content = {
            "program": "nxconvert",
            "version": __version__,
            "host": platform.node(),
            "pid": os.getpid(),
            "state": state or ("waiting" if watch.trouble else "watching"),
            "trouble": watch.trouble,
            "began": self._began,
            "updated": _now(),
            "sources": [_text(source) for source in watch.sources],
            "notices": watch.how,
            "settling": len(watch.settling),
            "converting": [_text(source) for source in watch.running],
            **watch.counts,
            "last": self._last,
            "failures": self._failures,
        }
        with AtomicFile(self.path) as target:
            try:
                with open(target.path, "w", encoding="utf-8") as file:
                    json.dump(content, file, indent=1)
                    file.write("\n")
            except OSError as error:
                raise target.error(error) from error

    def line(self) -> str:
        """Give the line of health."""
        watch, counts = self._watch, self._watch.counts
        said = [f"{counts['converted']} converted", f"{counts['scans']} scans", f"{counts['failed']} failed"]
        if watch.running:
            said.append(f"{len(watch.running)} converting")
        if len(watch.settling):
            said.append(f"{len(watch.settling)} settling")
        idle = time.monotonic() - watch.active
        where = f"{len(watch.sources)} folder{'' if len(watch.sources) == 1 else 's'}"
        head = f"{_now()} watching {where}, {watch.how}"
        if watch.trouble:
            return f"{head}: waiting, {watch.trouble}"
        return f"{head}: {', '.join(said)}; last change {idle:.0f} s ago"


def _now() -> str:
    return datetime.now(timezone.utc).replace(microsecond=0).isoformat()


def _text(path: str) -> str:
    """Give a path as text, whatever its bytes are."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _is_watch(pid: int) -> bool:
    """Tell whether a process is alive and one of ours, as far as the system says."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError, TypeError):
        return True
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"watch" in file.read()  # the number may have gone to another program since
    except OSError:
        return True
