"""The ledger: claims of several batches, names of outputs, and what is no ledger."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from pathlib import Path

import batchtree
import pytest
from batchkit import Here, run, spec

from nxconvert.batch.asked import ledger_path
from nxconvert.batch.book import Book, problem_of, record
from nxconvert.batch.inputs import of_files
from nxconvert.batch.job import Job, failure
from nxconvert.batch.ledger import Ledger
from nxconvert.batch.walk import Entry
from nxconvert.errors import Place, Problem, RequestError, WriteError
from nxconvert.request import ConvertOptions


def noted(ledger: Ledger, *names: str) -> list[bool]:
    """Note inputs."""
    with ledger.transaction():
        return [ledger.offer(of_files(name, "/", [Entry(name, 1, 1)]), name.lstrip("/") + ".nxs") for name in names]


def claimed(ledger: Ledger, count: int) -> list[str]:
    with ledger.transaction():
        return [row.source for row in ledger.claim(count)]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return ledger_path(str(tmp_path), "")


def test_two_batches_never_have_the_same_input(path: str, tmp_path: Path) -> None:
    with Ledger(path, str(tmp_path)) as one, Ledger(path, str(tmp_path)) as two:
        one.begin({})
        two.begin({})
        names = [f"/{index}" for index in range(10)]
        assert noted(one, *names) == [True] * 10
        assert noted(two, *names) == [True] * 10
        assert claimed(one, 4) == names[:4]
        assert claimed(two, 3) == names[4:7]
        assert claimed(one, 100) == names[7:]
        assert claimed(two, 100) == []
        assert two.left_to_others() == 7
        # what another one is converting is not noted again
        assert noted(two, "/0", "/4") == [False, True]


def test_large_inputs_have_their_turn_first_and_equal_ones_that_of_their_names(path: str, tmp_path: Path) -> None:
    sizes = {"/a": 3, "/b": 9 << 20, "/c": 9 << 30, "/d": 2, "/e": 8 << 20}
    with Ledger(path, str(tmp_path)) as ledger:
        ledger.begin({})
        with ledger.transaction():
            for name, size in sizes.items():
                ledger.offer(of_files(name, "/", [Entry(name, size, 1)]), f"{name[1:]}.nxs")
        assert claimed(ledger, 9) == ["/c", "/b", "/e", "/a", "/d"]


def test_what_a_dead_batch_had_claimed_is_free(path: str, tmp_path: Path) -> None:
    with Ledger(path, str(tmp_path)) as one:
        one.begin({})
        noted(one, "/a", "/b")
        assert claimed(one, 2) == ["/a", "/b"]
        with Ledger(path, str(tmp_path)) as two:
            assert two.begin({}) == []  # it is alive: this very process
        one._db.execute("UPDATE batches SET process = 'another start' WHERE id = ?", (one.batch,))
        with Ledger(path, str(tmp_path)) as two:
            assert two.begin({}) == [str(tmp_path / "a.nxs"), str(tmp_path / "b.nxs")]
            noted(two, "/a", "/b")
            assert claimed(two, 2) == ["/a", "/b"]


def test_a_batch_of_another_machine_is_dead_when_it_was_not_seen_for_long(path: str, tmp_path: Path) -> None:
    with Ledger(path, str(tmp_path)) as one, Ledger(path, str(tmp_path)) as two:
        one.begin({})
        noted(one, "/a")
        claimed(one, 1)
        one._db.execute("UPDATE batches SET host = 'elsewhere', pid = 1 WHERE id = ?", (one.batch,))
        assert two.begin({}) == []
        one._db.execute("UPDATE batches SET seen = seen - 1000 WHERE id = ?", (one.batch,))
        assert two.begin({}) == [str(tmp_path / "a.nxs")]


def test_a_batch_whose_clock_is_wrong_may_lose_its_claim_and_spoils_nothing_by_that(path: str, tmp_path: Path) -> None:
    with Ledger(path, str(tmp_path)) as one, Ledger(path, str(tmp_path)) as two:
        one.begin({})
        noted(one, "/a")
        claimed(one, 1)
        # of a machine whose clock is slow, so that it seems to be dead
        one._db.execute("UPDATE batches SET host = 'elsewhere', seen = seen - 3600 WHERE id = ?", (one.batch,))
        two.begin({})
        noted(two, "/a")
        assert claimed(two, 1) == ["/a"]
        with one.transaction():
            one.record(failure(Job("/a", "/a.nxs", "/", ConvertOptions()), "late"), "")
        assert two.counts()["running"] == 1
        with two.transaction():
            two.record(failure(Job("/a", "/a.nxs", "/", ConvertOptions()), "in time"), "")
        (row,) = two.rows("failed")
        assert row["problems"][0]["found"] == "in time"


def test_a_batch_that_ends_gives_back_what_it_had(path: str, tmp_path: Path) -> None:
    with Ledger(path, str(tmp_path)) as one:
        one.begin({})
        noted(one, "/a", "/b")
        claimed(one, 1)
        assert one.counts() == {"converted": 0, "skipped": 0, "failed": 0, "waiting": 1, "running": 1}
        one.end()
        assert one.counts()["waiting"] == 2


def test_an_output_belongs_to_one_input_until_that_is_gone(path: str, tmp_path: Path) -> None:
    first, second, third = (str(tmp_path / name) for name in ("a.spec", "a.dat", "a.edf"))
    for name in (first, second, third):
        Path(name).write_text("")

    def offer(name: str) -> str:
        with ledger.transaction():
            ledger.offer(of_files(name, "/", [Entry(name, 1, 1)]), "a.nxs")
            (row,) = [row for row in ledger.rows() if row["source"] == name]
        return os.path.basename(row["output"])

    with Ledger(path, str(tmp_path)) as ledger:
        ledger.begin({})
        assert [offer(first), offer(second), offer(first)] == ["a.nxs", "a.dat.nxs", "a.nxs"]
        os.unlink(first)
        assert offer(third) == "a.nxs"


def test_problems_come_back_as_they_were() -> None:
    problem = Problem(Place("a", 3), "found", "expected", "hint", "lost")
    assert problem_of(record(problem)) == problem
    problem = Problem(Place("a", offset=7), "found")
    assert problem_of(record(problem)) == problem


def test_what_is_no_ledger_is_refused(path: str, tmp_path: Path) -> None:
    Path(path).write_text("this is no database" * 100)
    with pytest.raises(RequestError) as error:
        Ledger(path, str(tmp_path))
    assert str(error.value) == (
        f"{path}: is no ledger: file is not a database\n"
        "  hint: move it away: the next batch makes a new one, and converts everything again"
    )
    os.unlink(path)
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(RequestError) as error:
        Ledger(path, str(tmp_path))
    assert str(error.value) == (
        f"{path}: format 99 of a ledger, format 1 expected\n  hint: choose another file with --ledger"
    )


def test_a_ledger_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere" / "ledger.sqlite")
    with pytest.raises(WriteError) as error:
        Ledger(path, str(tmp_path))
    assert str(error.value) == (
        f"{path}: the ledger cannot be used: unable to open database file\n"
        "  hint: check the permissions, or name a file elsewhere with --ledger"
    )


def test_a_ledger_that_another_program_holds_says_so(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nxconvert.batch.book.BUSY", 0.1)
    with Ledger(path, str(tmp_path)) as ledger:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(WriteError, match="database is locked"):
            ledger.begin({})
        other.close()


class Slow(Here):
    """An engine that lets others have their turn before each job."""

    def __init__(self, turns: threading.Barrier) -> None:
        self.turns = turns

    def run(self, jobs):  # type: ignore[no-untyped-def]
        for job in jobs:
            with contextlib.suppress(threading.BrokenBarrierError):  # the other one has no job any more
                self.turns.wait(timeout=0.1)
            yield from super().run([job])


def test_two_batches_at_the_same_time_share_the_work(tmp_path: Path, epoch: None) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    for index in range(40):
        (root / f"{index:02d}.spec").write_text(spec(str(index)))
    turns = threading.Barrier(2)
    done: list[set[str]] = []

    def one() -> None:
        done.append(set(run(out, root, engine=lambda: Slow(turns)).outcomes))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 2
    assert not done[0] & done[1]
    assert len(done[0] | done[1]) == 40
    assert min(map(len, done)) >= 4
    assert len(batchtree.contents(out)) == 40
    run(tmp_path / "alone", root)
    assert batchtree.contents(tmp_path / "alone") == batchtree.contents(out)


class Breaks(Here):
    """An engine that ends after some jobs as if the program were stopped."""

    def __init__(self, after: int) -> None:
        self.after = after

    def run(self, jobs):  # type: ignore[no-untyped-def]
        for count, result in enumerate(super().run(jobs)):
            if count == self.after:
                raise KeyboardInterrupt
            yield result


def test_a_batch_that_is_stopped_goes_on_where_it_was(tmp_path: Path, epoch: None) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    for index in range(12):
        (root / f"{index:02d}.spec").write_text(spec(str(index)))
    with pytest.raises(KeyboardInterrupt):
        run(out, root, engine=lambda: Breaks(5))
    with Book(ledger_path(str(out), ""), str(out)) as ledger:
        assert ledger.counts() == {"converted": 5, "skipped": 0, "failed": 0, "waiting": 7, "running": 0}
    ran = run(out, root)
    assert (len(ran.outcomes), ran.unchanged) == (7, 5)
