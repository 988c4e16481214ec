"""Processes that crash, hang, or take too much: each costs one file."""

from __future__ import annotations

import os
import pickle
import re
import signal
import threading
import time
from pathlib import Path

import pytest
from batchkit import run, spec, wait_for_sleepers

from nxconvert.batch.job import Job, Limits
from nxconvert.batch.local import LocalEngine, Worker
from nxconvert.errors import RequestError
from nxconvert.request import ConvertOptions

AGAIN = "'nxconvert batch retry' tries again"


def tree(root: Path, **troubles: str) -> None:
    """Make six good files, and some that make trouble."""
    root.mkdir()
    for index in range(6):
        (root / f"good{index}.spec").write_text(spec(str(index)))
    for name, text in troubles.items():
        (root / f"{name}.trouble").write_text(f"TROUBLE {text}\n" + spec())


def job(path: Path, out: Path) -> Job:
    return Job(str(path), str(out / f"{path.name}.nxs"), str(out), ConvertOptions(existing="overwrite"))


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the memory of a process is not known here")
def test_what_crashes_hangs_or_takes_too_much_costs_one_file_each(tmp_path: Path, trouble: None) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    tree(root, bad1="crash", bad2="killed", fine="", hungry="memory", loud="noise", slow="sleep 60")
    began = time.monotonic()
    ran = run(out, root, jobs=2, limits=Limits(seconds=6, memory=300 << 20))
    assert time.monotonic() - began < 60
    troubled = ("bad1", "bad2", "hungry", "slow")
    assert ran.statuses(root) == {
        **{f"{name}.trouble": "failed" for name in troubled},
        **{f"{name}.trouble": "converted" for name in ("fine", "loud")},
        **{f"good{index}.spec": "converted" for index in range(6)},
    }
    told = {}
    for name in troubled:
        (problem,) = ran.outcomes[str(root / f"{name}.trouble")].problems
        told[name] = str(problem)
    assert re.fullmatch(
        re.escape(f"{root}/hungry.trouble: not converted, it took ")
        + r"\d{3,4} MiB of memory, more than 300 MiB"
        + re.escape(f"\n  hint: --memory sets the limit; {AGAIN}"),
        told.pop("hungry"),
    )
    assert told == {
        "bad1": f"{root}/bad1.trouble: not converted, its process was ended by SIGSEGV\n"
        f"  hint: a library crashed on this file, please report it; {AGAIN}",
        "bad2": f"{root}/bad2.trouble: not converted, its process was ended by SIGKILL\n"
        f"  hint: the system may be out of memory: fewer processes (-j) or --memory keep it from that; {AGAIN}",
        "slow": f"{root}/slow.trouble: not converted within 6 s\n  hint: --timeout sets the limit; {AGAIN}",
    }


def test_closing_the_run_ends_its_processes_at_once(tmp_path: Path, trouble: None) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    tree(root, **{f"slow{index}": "sleep 60" for index in range(6)})
    out.mkdir()
    engine = LocalEngine(2, Limits())
    results = engine.run(job(path, out) for path in sorted(root.iterdir()))
    first = next(result for result in results if result is not None)
    assert first.outcome.status == "converted"
    began = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 10
    assert all(worker._process is None or worker._process.poll() is not None for worker in engine._workers)


def test_a_job_can_be_stopped_from_outside(tmp_path: Path, trouble: None) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    tree(root, slow="sleep 60")
    out.mkdir()
    worker, stop = Worker(Limits()), threading.Event()

    def stop_it() -> None:
        wait_for_sleepers(root, "slow.trouble")
        stop.set()

    thread = threading.Thread(target=stop_it)
    thread.start()
    result = worker.do(job(root / "slow.trouble", out), stop.is_set)
    assert (result.stopped, result.outcome.status) == (True, "failed")
    thread.join()
    # the next job gets another process
    assert worker.do(job(root / "good1.spec", out)).outcome.status == "converted"
    worker.close()


def test_a_process_whose_batch_is_dead_ends_at_once(tmp_path: Path, trouble: None) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    tree(root, slow="sleep 60")
    out.mkdir()
    process = Worker(Limits())._start()
    assert process.stdin is not None
    assert process.stdout is not None
    pickle.dump(job(root / "slow.trouble", out), process.stdin)
    process.stdin.flush()
    wait_for_sleepers(root, "slow.trouble")
    process.stdin.close()
    assert process.wait(timeout=10) == -signal.SIGKILL
    process.stdout.close()


def test_memory_limits_need_a_system_that_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "exists", lambda _: False)
    with pytest.raises(RequestError) as error:
        LocalEngine(1, Limits(memory=1))
    assert str(error.value) == "--memory: this system does not tell the memory of a process, Linux expected"


def test_the_time_that_a_process_takes_to_start_is_not_that_of_its_file(
    tmp_path: Path, trouble: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / "a.spec").write_text(spec())
    # a package on the path that delays every start, as a busy server does
    slow = tmp_path / "packages" / "sitecustomize.py"
    slow.write_text("import time\ntime.sleep(1.5)\n")
    assert run(out, root, limits=Limits(seconds=1.2)).statuses(root) == {"a.spec": "converted"}
