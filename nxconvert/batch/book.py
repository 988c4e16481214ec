"""The database in which the ledger is kept: opened, looked at, and what goes wrong with it told.

The journal is SQLite's rollback journal, not its write-ahead log: that needs memory shared between all who have the
file open, which a network file system cannot give.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nxconvert.errors import Place, Problem, RequestError, WriteError

NAME = "nxconvert-batch.sqlite"
#: seconds that another batch may hold the database, and after which one of another machine counts as dead
BUSY = 60.0
SILENT = 120.0
FORMAT = 1

#: what a row of `inputs` may say; ``waiting`` has its turn still, ``running`` is claimed by a batch
STATUSES = ("converted", "skipped", "failed", "waiting", "running")


def stored(path: str) -> str | bytes:
    """Give a path as the database takes it: bytes where it is no text."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def restored(value: Any) -> str:
    """Give a path back as it was."""
    return os.fsdecode(value) if isinstance(value, bytes) else value or ""


class Book:
    """The database of one destination, to be looked at; a context manager. Outputs are kept relative to *folder*.

    WriteError where the database cannot be written, RequestError where the file is none of ours.
    """

    def __init__(self, path: str, folder: str) -> None:
        self.path = path
        self.folder = folder
        self._host = platform.node()
        self._look_for()
        with self._failures():
            # transactions are begun and ended here, not by the module
            self._db = sqlite3.connect(path, timeout=BUSY, isolation_level=None)
            self._db.execute(f"PRAGMA busy_timeout = {int(BUSY * 1000)}")
            self._create()
            self._check_format()

    def _look_for(self) -> None:
        if not os.path.exists(self.path):
            raise RequestError.at(
                self.path, "there is no ledger", "that of an earlier batch expected", "--ledger names it"
            )

    def _create(self) -> None:
        """Make the tables; who only looks makes none."""

    def _check_format(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version != FORMAT:
            self._db.close()
            hint = "choose another file with --ledger"
            raise RequestError.at(self.path, f"format {version} of a ledger", f"format {FORMAT} expected", hint)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn what SQLite says of a full disk and the like into an error that names the file."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            text = str(error)
            if "not a database" in text or "malformed" in text:
                hint = "move it away: the next batch makes a new one, and converts everything again"
                raise RequestError.at(self.path, f"is no ledger: {text}", hint=hint) from error
            hint = "free some space, or name a file on another disk with --ledger"
            if "locked" in text:
                hint = "another program holds it, or its file system cannot lock: --ledger names one on a local disk"
            elif "readonly" in text or "unable to open" in text:
                hint = "check the permissions, or name a file elsewhere with --ledger"
            raise WriteError.at(self.path, f"the ledger cannot be used: {text}", hint=hint) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do some changes together, or none of them."""
        with self._failures():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            try:
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def counts(self, roots: Sequence[str] = ()) -> dict[str, int]:
        """Give how many inputs there are of each status, of all or of those below some sources."""
        where = f" WHERE root IN ({', '.join('?' * len(roots))})" if roots else ""
        with self._failures():
            rows = self._db.execute(
                f"SELECT status, count(*) FROM inputs{where} GROUP BY status", [stored(root) for root in roots]
            )
            found = dict(rows.fetchall())
        return {status: found.get(status, 0) for status in STATUSES}

    def totals(self) -> dict[str, Any]:
        """Give sums over what was converted: bytes read and written, scans, seconds of all processes."""
        with self._failures():
            row = self._db.execute(
                "SELECT coalesce(sum(size), 0), coalesce(sum(output_size), 0), coalesce(sum(scans), 0),"
                " coalesce(sum(seconds), 0.0) FROM inputs WHERE status = 'converted'"
            ).fetchone()
        return dict(zip(("bytes_in", "bytes_out", "scans", "seconds"), row, strict=True))

    def rows(self, status: str = "", limit: int = -1) -> Iterator[dict[str, Any]]:
        """Give inputs with all that is known of them, those that ended last first."""
        where = " WHERE status = ?" if status else ""
        with self._failures():
            cursor = self._db.execute(
                "SELECT source, reader, files, size, mtime_ns, sha256, version, status, problems, scans, seconds,"
                f" finished, output, output_size, output_sha256 FROM inputs{where}"
                " ORDER BY finished DESC, source LIMIT ?",
                [*([status] if status else []), limit],
            )
            names = [column[0] for column in cursor.description]
            for values in cursor:
                row = dict(zip(names, values, strict=True))
                row["source"] = restored(row["source"])
                row["output"] = self.absolute(row["output"]) if row["output"] is not None else ""
                row["problems"] = json.loads(row["problems"] or "[]")
                yield row

    def batches(self) -> list[dict[str, Any]]:
        """Give the batches, the last one first, and whether each is alive."""
        with self._failures():
            rows = self._db.execute(
                "SELECT id, host, pid, begun, seen, ended, version FROM batches ORDER BY id DESC"
            ).fetchall()
            return [
                {
                    "host": host,
                    "pid": pid,
                    "begun": begun,
                    "ended": ended,
                    "version": version,
                    "running": self._is_alive(number),
                }
                for number, host, pid, begun, _seen, ended, version in rows
            ]

    def absolute(self, output: Any) -> str:
        """Give the path of an output."""
        return os.path.normpath(os.path.join(self.folder, restored(output)))

    def _is_alive(self, batch: int | None) -> bool:
        row = self._db.execute("SELECT host, pid, process, seen, ended FROM batches WHERE id = ?", (batch,)).fetchone()
        if row is None or row[4] is not None:
            return False
        host, pid, process, seen, _ended = row
        if host != self._host:
            return bool(time.time() - seen < SILENT)
        return process_start(pid) == process if process else _is_running(pid)

    def request(self, batch: int) -> dict[str, Any]:
        """Give what was asked of a batch."""
        (text,) = self._db.execute("SELECT request FROM batches WHERE id = ?", (batch,)).fetchone()
        found: dict[str, Any] = json.loads(text)
        return found


def record(problem: Problem) -> dict[str, Any]:
    """Give a problem as JSON can hold it."""
    return {
        "path": problem.place.path,
        "line": problem.place.line,
        "offset": problem.place.offset,
        "severity": problem.severity,
        "found": problem.found,
        "expected": problem.expected,
        "hint": problem.hint,
    }


def problem_of(item: dict[str, Any]) -> Problem:
    """Make a problem of what `record` gave."""
    place = Place(item["path"], item["line"], offset=item["offset"])
    return Problem(place, item["found"], item["expected"], item["hint"], item["severity"])


def process_start(pid: int) -> str:
    """Give when a process was started, which tells it from a later one of the same number; empty where unknown."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # the name in parentheses may hold anything
            return file.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return ""


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
