"""What has been done: a database with a row for each input, and one for each batch, as a batch writes it.

Results are written some at a time (once in a second), so that a batch does not wait for the disk after each file; what
a killed batch had not written is converted once more.

A batch claims the inputs that it is about to convert. Claims of a batch that is dead (its process is gone, or it has
not been seen for a while on another machine) count for nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nxconvert.batch.book import FORMAT, Book, process_start, record, restored, stored
from nxconvert.batch.inputs import Input
from nxconvert.batch.job import Result, sha256_of
from nxconvert.batch.walk import Entry
from nxconvert.errors import Problem, RequestError
from nxconvert.version import __version__

_TABLES = """
CREATE TABLE IF NOT EXISTS batches (
    id INTEGER PRIMARY KEY, host TEXT, pid INTEGER, process TEXT, begun REAL, seen REAL, ended REAL,
    version TEXT, request TEXT);
CREATE TABLE IF NOT EXISTS inputs (
    source TEXT PRIMARY KEY, root TEXT, reader TEXT, files INTEGER, size INTEGER, mtime_ns INTEGER, stamp TEXT,
    sha256 TEXT, signature TEXT, version TEXT, asked INTEGER, reading TEXT, claims TEXT, taken TEXT,
    status TEXT, again INTEGER, problems TEXT, scans INTEGER, seconds REAL, finished REAL,
    output TEXT UNIQUE, output_size INTEGER, output_sha256 TEXT, batch INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS inputs_by_status ON inputs (status);
CREATE TABLE IF NOT EXISTS headers (path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, found TEXT) WITHOUT ROWID;
"""

#: The state in which some sources were when everything of them was done, and the number of their inputs. Whatever is
#: noted of any input makes it void.
_COMPLETE = "CREATE TABLE IF NOT EXISTS complete (state TEXT PRIMARY KEY, inputs INTEGER) WITHOUT ROWID"
#: What this batch has noted and not taken yet. Large inputs have their turn first, lest one of them runs alone in the
#: end; those of about one size, as powers of two tell, keep the order of their names.
_MINE = (
    "CREATE TEMP TABLE IF NOT EXISTS mine (number INTEGER PRIMARY KEY, source TEXT UNIQUE, bits INTEGER)",
    "CREATE INDEX IF NOT EXISTS temp.mine_by_size ON mine (bits DESC, number)",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What the ledger knows of an input that is to be converted; ``asked``: the batch whose request it is."""

    source: str
    root: str
    reader: str
    output: str
    asked: int
    reading: dict[str, Any]
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of an input that was there before; ``again``: the place of its output was to blame."""

    stamp: str
    signature: str | None
    reader: str | None
    status: str
    again: int | None
    output: str | bytes | None
    output_size: int | None


class Ledger(Book):
    """The database of one destination, as a batch writes it. WriteError where that cannot be."""

    def __init__(self, path: str, folder: str) -> None:
        super().__init__(path, folder)
        self.batch = 0
        #: whether nothing was noted since everything was done
        self.is_complete = False

    def _look_for(self) -> None:
        """It is made where there is none."""

    def _create(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0 and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
            self._db.execute("BEGIN IMMEDIATE")
            for statement in _TABLES.split(";"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {FORMAT}")
            self._db.execute("COMMIT")

    def __enter__(self) -> Ledger:
        return self

    # batches

    def begin(self, request: dict[str, Any]) -> list[str]:
        """Register this batch, and free what dead ones had claimed; gives the outputs that these were writing."""
        now = time.time()
        with self.transaction():
            cursor = self._db.execute(
                "INSERT INTO batches (host, pid, process, begun, seen, version, request) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._host, os.getpid(), process_start(os.getpid()), now, now, __version__, json.dumps(request)),
            )
            self.batch = int(cursor.lastrowid or 0)
            for statement in (_COMPLETE, *_MINE):
                self._db.execute(statement)
            return self._free_dead()

    def _free_dead(self) -> list[str]:
        owners = self._db.execute("SELECT DISTINCT batch FROM inputs WHERE status = 'running'").fetchall()
        dead = [owner for (owner,) in owners if owner != self.batch and not self._is_alive(owner)]
        outputs = []
        for owner in dead:
            rows = self._db.execute("SELECT output FROM inputs WHERE status = 'running' AND batch IS ?", (owner,))
            outputs += [self.absolute(output) for (output,) in rows]
            self._db.execute(
                "UPDATE inputs SET status = 'waiting', batch = NULL WHERE status = 'running' AND batch IS ?", (owner,)
            )
        return outputs

    def beat(self) -> None:
        """Tell other machines that this batch is alive."""
        self._db.execute("UPDATE batches SET seen = ? WHERE id = ?", (time.time(), self.batch))

    def end(self) -> None:
        """Give back what was claimed and not done."""
        with self.transaction():
            self._db.execute(
                "UPDATE inputs SET status = 'waiting', batch = NULL WHERE status = 'running' AND batch = ?",
                (self.batch,),
            )
            self._db.execute("UPDATE batches SET ended = ? WHERE id = ?", (time.time(), self.batch))

    # inputs

    def known(self, *sources: str) -> dict[str, Known]:
        """Give what is stored of those inputs of which there is anything."""
        marks = ", ".join("?" * len(sources))
        rows = self._db.execute(
            "SELECT source, stamp, signature, reader, status, again, output, output_size FROM inputs"
            f" WHERE source IN ({marks})",
            [stored(source) for source in sources],
        )
        return {restored(source): Known(*values) for source, *values in rows}

    def complete(self, state: str, roots: Sequence[str]) -> int | None:
        """Give the number of inputs when all of them are done in this state, and all their outputs are there."""
        row = self._db.execute("SELECT inputs FROM complete WHERE state = ?", (state,)).fetchone()
        if row is None or not state:
            return None
        marks = ", ".join("?" * len(roots))
        outputs = self._db.execute(
            f"SELECT output, output_size FROM inputs WHERE status = 'converted' AND root IN ({marks})",
            [stored(root) for root in roots],
        )
        try:
            self.is_complete = all(os.stat(self.absolute(path)).st_size == size for path, size in outputs)
        except OSError:
            self.is_complete = False
        return int(row[0]) if self.is_complete else None

    def note_complete(self, state: str, inputs: int) -> None:
        """Note that everything is done, unless something still waits, runs, or is to be tried again."""
        rest = self._db.execute(
            "SELECT 1 FROM inputs WHERE status IN ('waiting', 'running') OR again LIMIT 1"
        ).fetchone()
        if rest is None:
            self._db.execute("INSERT OR REPLACE INTO complete VALUES (?, ?)", (state, inputs))

    def _void(self) -> None:
        self.is_complete = False
        self._db.execute("DELETE FROM complete")

    def offer(self, item: Input, name: str) -> bool:
        """Note an input that is to be converted into *name*, below the folder of the outputs.

        Keeps the output that the input had. Gives False, and changes nothing, where another batch that is alive is
        converting it. RequestError where all names for the output are taken.
        """
        row = self._db.execute(
            "SELECT status, batch, output FROM inputs WHERE source = ?", (stored(item.source),)
        ).fetchone()
        if row is not None and row[0] == "running" and row[1] != self.batch and self._is_alive(row[1]):
            return False
        output = row[2] if row is not None and row[2] is not None else self._free_output(item, name)
        values = {
            "source": stored(item.source),
            "root": stored(item.root),
            "reader": item.reader or None,
            "files": item.count,
            "size": item.size,
            "mtime_ns": item.mtime_ns,
            "stamp": item.stamp,
            "asked": self.batch,
            "reading": json.dumps(item.reading) if item.reading else None,
            "claims": json.dumps(item.claims) if item.claims else None,
            "status": "waiting",
            "output": output,
            "batch": None,
        }
        columns, marks = ", ".join(values), ", ".join(f":{key}" for key in values)
        updates = ", ".join(f"{key} = excluded.{key}" for key in values if key != "source")
        self._db.execute(
            f"INSERT INTO inputs ({columns}) VALUES ({marks}) ON CONFLICT (source) DO UPDATE SET {updates}", values
        )
        self._mine(item.source, item.size)
        return True

    def _mine(self, source: str, size: int) -> None:
        self._void()
        self._db.execute("INSERT OR IGNORE INTO mine (source, bits) VALUES (?, ?)", (stored(source), size.bit_length()))

    def _free_output(self, item: Input, name: str) -> str | bytes:
        """Give a name for the output that no other input has: the whole name of the source is in it then."""
        folder, _ = os.path.split(name)
        longer = os.path.join(folder, os.path.basename(item.source) + ".nxs")
        for candidate in (name, longer):
            owner = self._db.execute("SELECT source FROM inputs WHERE output = ?", (stored(candidate),)).fetchone()
            if owner is None:
                return stored(candidate)
            if not _is_there(restored(owner[0])):  # renamed or removed: who comes after it takes its place
                self._db.execute("DELETE FROM inputs WHERE source = ?", owner)
                return stored(candidate)
        raise RequestError.at(
            self.absolute(name),
            f"wanted by both '{restored(owner[0])}' and '{item.source}'",
            hint="convert one of them into another folder",
        )

    def refuse(self, item: Input, status: str, problem: Problem, signature: str) -> None:
        """Note an input that cannot even be tried."""
        self._void()
        self._db.execute(
            "INSERT OR REPLACE INTO inputs (source, root, files, stamp, signature, version, status, problems, finished)"
            " VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?)",
            (
                stored(item.source),
                stored(item.root),
                item.stamp,
                signature,
                __version__,
                status,
                json.dumps([record(problem)]),
                time.time(),
            ),
        )

    def claim(self, count: int) -> list[Row]:
        """Take the next inputs that this batch has noted and nobody has taken."""
        rows = self._db.execute(
            "SELECT i.source, i.root, i.reader, i.output, i.asked, i.reading, i.claims FROM mine"
            " CROSS JOIN inputs i USING (source) WHERE i.status = 'waiting' AND i.batch IS NULL"
            " ORDER BY mine.bits DESC, mine.number LIMIT ?",
            (count,),
        ).fetchall()
        self._db.executemany(
            "UPDATE inputs SET status = 'running', batch = ? WHERE source = ?", [(self.batch, row[0]) for row in rows]
        )
        self._db.executemany("DELETE FROM mine WHERE source = ?", [row[:1] for row in rows])
        return [
            Row(
                restored(source),
                restored(root),
                reader or "",
                self.absolute(output),
                asked,
                json.loads(reading or "{}"),
                tuple(json.loads(claims or "[]")),
            )
            for source, root, reader, output, asked, reading, claims in rows
        ]

    def waiting(self) -> int:
        """Give how many inputs that this batch has noted are still to be taken."""
        (count,) = self._db.execute("SELECT count(*) FROM mine").fetchone()
        return int(count)

    def left_to_others(self) -> int:
        """Give how many of what this batch has noted another one has taken."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM mine JOIN inputs i USING (source) WHERE i.batch IS NOT NULL AND i.batch != ?",
            (self.batch,),
        ).fetchone()
        return int(count)

    def record(self, result: Result, signature: str, claims: Sequence[str] = ()) -> None:
        """Note what came of an input; *claims*: the images that a SPEC file may take, of which it took some."""
        self._void()
        outcome = result.outcome
        made = outcome.status == "converted"
        taken = None
        if claims:
            taken = {file.path for file in outcome.sources}.intersection(claims)
            if result.is_addition:
                taken |= self._taken_by(result.source)
        self._db.execute(
            "UPDATE inputs SET reader = ?, sha256 = ?, signature = ?, version = ?, taken = ?, status = ?, again = ?,"
            " problems = ?, scans = ?, seconds = ?, finished = ?, output_size = ?, output_sha256 = ?, batch = NULL"
            " WHERE source = ? AND batch = ?",
            (
                result.reader or None,
                sha256_of(outcome.sources[:1] if result.is_addition else outcome.sources) if made else None,
                signature,
                __version__,
                json.dumps(sorted(taken)) if taken is not None else None,
                outcome.status,
                int(result.is_place),
                json.dumps([record(problem) for problem in outcome.problems]) if outcome.problems else None,
                outcome.scans,
                round(outcome.seconds, 6),
                time.time(),
                result.size if made else None,
                result.sha256 if made else None,
                stored(result.source),
                self.batch,
            ),
        )

    def _taken_by(self, source: str) -> set[str]:
        (text,) = self._db.execute("SELECT taken FROM inputs WHERE source = ?", (stored(source),)).fetchone()
        return set(json.loads(text or "[]"))

    def give_back(self, source: str) -> None:
        """Let an input wait again that was claimed and not done."""
        self._db.execute(
            "UPDATE inputs SET status = 'waiting', batch = NULL WHERE source = ? AND batch = ?",
            (stored(source), self.batch),
        )

    def forget(self, source: str) -> None:
        """Leave out an input that is there no more."""
        self._void()
        self._db.execute("DELETE FROM inputs WHERE source = ?", (stored(source),))

    def retry(self) -> int:
        """Note for this batch all that failed and could be tried; gives how many there are."""
        rows = self._db.execute(
            "SELECT source, size FROM inputs WHERE status = 'failed' AND output IS NOT NULL ORDER BY source"
        ).fetchall()
        for source, size in rows:
            self._db.execute("UPDATE inputs SET status = 'waiting', batch = NULL WHERE source = ?", (source,))
            self._mine(restored(source), size)
        return len(rows)

    def forget_gone(self, roots: Sequence[str]) -> None:
        """Leave out what failed below some sources and is there no more."""
        marks = ", ".join("?" * len(roots))
        rows = self._db.execute(
            f"SELECT source FROM inputs WHERE status = 'failed' AND root IN ({marks})", [stored(root) for root in roots]
        ).fetchall()
        for (source,) in rows:
            if not _is_there(restored(source)):
                self.forget(restored(source))

    def taken(self) -> tuple[set[str], set[str], set[str]]:
        """Give the images that the headers of SPEC files may mean, those taken, and those of files not converted."""
        claimed, taken, kept = set(), set(), set()
        for status, claims, own in self._db.execute(
            "SELECT status, claims, taken FROM inputs WHERE claims IS NOT NULL"
        ):
            names = set(json.loads(claims))
            claimed |= names
            if status == "converted":
                taken |= set(json.loads(own or "[]"))
            else:
                kept |= names
        return claimed, taken, kept

    # headers

    def headers(self, files: Sequence[Entry]) -> dict[str, list[tuple[str, str]]]:
        """Give what was found in the headers of those files that are not new or changed."""
        marks = ", ".join("?" * len(files))
        rows = self._db.execute(
            f"SELECT path, size, mtime_ns, found FROM headers WHERE path IN ({marks})",
            [stored(file.path) for file in files],
        )
        states = {file.path: (file.size, file.mtime_ns) for file in files}
        return {
            restored(path): [(stated, names) for stated, names in json.loads(found)]
            for path, *state, found in rows
            if states[restored(path)] == tuple(state)
        }

    def note_header(self, path: str, size: int, mtime_ns: int, found: Iterable[Sequence[str]]) -> None:
        """Note what was found in the headers of a file."""
        self._db.execute(
            "INSERT OR REPLACE INTO headers VALUES (?, ?, ?, ?)",
            (stored(path), size, mtime_ns, json.dumps(list(found))),
        )


def _is_there(source: str) -> bool:
    """Tell whether a source is there; a pattern is while its folder is."""
    is_pattern = "%" in source or "*" in source
    return os.path.lexists(source) or (is_pattern and os.path.isdir(os.path.dirname(source)))
