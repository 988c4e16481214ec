"""Conversions in processes of this machine.

A process that crashes costs the file that it had, is replaced, and the others go on. Limits are watched from outside,
so that they hold whatever the process does: the address space (RLIMIT_AS) is no measure, since each thread of the
compression and HDF5's own mappings reserve much more of it than they use, and what fails inside of HDF5 for want of it
does not always come out as an error. Counted is the memory that the process has for itself (resident, not shared).
"""

from __future__ import annotations

import os
import pickle
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from nxconvert.batch.job import Job, Limits, Result, failure
from nxconvert.errors import RequestError

#: seconds between two looks at a process that has limits, and between two signs of life to the caller
LOOK = 0.1
TICK = 2.0
#: seconds that a process has to end whose answer broke off
GRACE = 5.0
#: the number of threads that a conversion may use
THREADS = "NXCONVERT_THREADS"

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def processors() -> int:
    """Give the number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def check_limits(limits: Limits) -> None:
    """Refuse limits that cannot be watched on this system."""
    if limits.memory is not None and not os.path.exists("/proc/self/statm"):
        raise RequestError.at("--memory", "this system does not tell the memory of a process", "Linux expected")
    if (limits.memory or limits.seconds) and os.name != "posix":
        raise RequestError.at("--timeout", "processes cannot be watched on this system", "Linux or macOS expected")


class Worker:
    """A process that converts; started when the first job comes, and again after it died."""

    def __init__(self, limits: Limits, threads: int = 1) -> None:
        self._limits = limits
        self._environment = {THREADS: str(threads), **os.environ}
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def do(self, job: Job, stopped: Callable[[], bool] | None = None) -> Result:
        """Let the process do a job; its end, and a limit that it passes, is a failure of this job.

        *stopped* is asked now and then; when it says so, the process is killed, and the result is ``stopped``.
        """
        with self._lock:
            if self._closed:
                return stopped_result(job)
            is_new = self._process is None
            process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        began = time.monotonic()
        verdict: tuple[str, str] | None = None
        try:
            pickle.dump(job, process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            if is_new:  # what it imports is no part of the time that the file may take
                pickle.load(process.stdout)
                began = time.monotonic()
            if stopped is not None or self._limits != Limits():
                verdict = self._watch(process, began, stopped)
            result: Result = pickle.load(process.stdout)
            return result
        except (EOFError, OSError, pickle.UnpicklingError):
            code = self._discard(process)
        if self._closed or verdict == _STOPPED:
            return stopped_result(job)
        result = failure(job, *(verdict or _end(code)))
        result.outcome.seconds = time.monotonic() - began
        return result

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "nxconvert.batch.worker"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment)

    def _watch(
        self, process: subprocess.Popen[bytes], began: float, stopped: Callable[[], bool] | None
    ) -> tuple[str, str] | None:
        """Wait until there is a result, or the process has to be killed: then give the reason, and a hint."""
        limits = self._limits
        output: Any = process.stdout
        while not select.select([output], [], [], LOOK)[0]:
            used = _memory(process.pid) if limits.memory else 0
            if limits.memory and used > limits.memory:
                process.kill()
                hint = "--memory sets the limit; 'nxconvert batch retry' tries again"
                return f"not converted, it took {_size(used)} of memory, more than {_size(limits.memory)}", hint
            if limits.seconds and time.monotonic() - began > limits.seconds:
                process.kill()
                hint = "--timeout sets the limit; 'nxconvert batch retry' tries again"
                return f"not converted within {limits.seconds:g} s", hint
            if stopped is not None and stopped():
                process.kill()
                return _STOPPED
        return None

    def _discard(self, process: subprocess.Popen[bytes]) -> int:
        """Take leave of a process that is dead or dying; give its exit status. The next job gets another one."""
        with self._lock:
            self._process = None
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
        return _release(process)

    def close(self, at_once: bool = False) -> None:
        """End the process, *at_once* in the middle of a job too; no job is taken any more."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is None:
            return
        if at_once:  # whoever waits for its answer goes on, and takes leave of it
            process.kill()
        else:
            self._process = None
            _release(process)


def _release(process: subprocess.Popen[bytes]) -> int:
    """Close the pipes to a process, which ends by that if it is idle, and wait for its exit status."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):  # what could not be sent to a dead process
                pipe.close()
    return process.wait()


_STOPPED = ("stopped", "")


def stopped_result(job: Job) -> Result:
    """Give the result of a job that was not done."""
    result = failure(job, "stopped before it was converted")
    result.stopped = True
    return result


def _end(code: int) -> tuple[str, str]:
    """Say how a process ended that gave no result."""
    again = "'nxconvert batch retry' tries again"
    if code >= 0:
        return f"not converted, its process ended with status {code}", again
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name == "SIGKILL":
        hint = "the system may be out of memory: fewer processes (-j) or --memory keep it from that; " + again
    else:
        hint = "a library crashed on this file, please report it; " + again
    return f"not converted, its process was ended by {name}", hint


def _memory(pid: int) -> int:
    """Give the bytes of memory that a process has for itself."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            words = file.read().split()
    except OSError:
        return 0
    return (int(words[1]) - int(words[2])) * _PAGE if len(words) > 2 else 0


def _size(count: int) -> str:
    return f"{count / 2**20:.0f} MiB" if count < 10 * 2**30 else f"{count / 2**30:.1f} GiB"


class LocalEngine:
    """Some processes of this machine."""

    def __init__(self, count: int, limits: Limits) -> None:
        check_limits(limits)
        self._workers = [Worker(limits, max(1, processors() // count)) for _ in range(count)]

    def run(self, jobs: Iterable[Job]) -> Iterator[Result | None]:
        """Give the result of each job as it comes, and None now and then when there is none.

        Jobs are taken from *jobs* in the thread of the caller, a few more than there are processes. When the iterator
        is closed, all processes are ended at once.
        """
        jobs = iter(jobs)
        todo: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threads = [threading.Thread(target=_serve, args=(w, todo, done), daemon=True) for w in self._workers]
        pending = started = 0
        complete = False
        try:
            for job in islice(jobs, 2 * len(threads)):
                todo.put(job)
                pending += 1
            for thread in threads[:pending]:
                thread.start()
                started += 1
            while pending:
                try:
                    result = done.get(timeout=TICK)
                except queue.Empty:
                    yield None
                    continue
                if isinstance(result, BaseException):
                    raise result
                pending -= 1
                for job in islice(jobs, 1):
                    todo.put(job)
                    pending += 1
                yield result
            complete = True
        finally:
            for _ in threads:
                todo.put(None)
            for worker in self._workers:
                worker.close(at_once=not complete)
            for thread in threads[:started]:
                thread.join()
            for worker in self._workers:
                worker.close()

    def close(self) -> None:
        """Release what the engine holds: nothing outside of `run`."""


def _serve(worker: Worker, todo: queue.SimpleQueue[Job | None], done: queue.SimpleQueue[Any]) -> None:
    while (job := todo.get()) is not None:
        try:
            done.put(worker.do(job))
        except BaseException as error:
            done.put(error)
            return
