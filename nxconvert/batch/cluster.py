"""Conversions on a cluster, through dask.distributed: one that is there, or jobs of Slurm made by dask-jobqueue.

Scheduling, and what becomes of a job whose worker is lost, is dask's own work. A worker of dask gives each job to a
process of its own, as on one machine: so limits hold there too, and a file on which a library crashes costs no worker.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from nxconvert.batch.job import Job, Limits, Result, failure
from nxconvert.batch.local import TICK, Worker, check_limits
from nxconvert.errors import RequestError
from nxconvert.version import __version__

EXTRA = "pip install 'nxconvert[dask]' brings it"
#: how often a job is given to another worker when its own is lost
RETRIES = 3

#: in a worker of dask, the processes of each engine, one for each thread
_processes: dict[str, dict[int, Worker]] = {}


def convert_here(job: Job, engine: str, limits: Limits, threads: int) -> Result:
    """Do a job in a process beside this worker of dask; end that process when the job is not wanted any more."""
    from distributed import get_worker

    own = _processes.setdefault(engine, {})
    worker = own.setdefault(threading.get_ident(), Worker(limits, threads))
    host = get_worker()
    key = host.get_current_task()

    def is_cancelled() -> bool:
        task = host.state.tasks.get(key)
        return task is None or task.state in ("cancelled", "released", "forgotten")

    return worker.do(job, is_cancelled)


def end_here(engine: str) -> None:
    """End the processes of an engine beside this worker of dask."""
    for worker in _processes.pop(engine, {}).values():
        worker.close(at_once=True)
        worker.close()


class DaskEngine:
    """The workers of a dask scheduler; RequestError where it cannot be reached, or has other versions of nxconvert."""

    def __init__(self, scheduler: str | Any, limits: Limits, threads: int = 1) -> None:
        check_limits(limits)
        client_of = _import("distributed").Client
        try:
            self._client = client_of(scheduler, set_as_default=False, timeout="30s")
        except (OSError, ValueError) as error:
            hint = "--scheduler names it, such as tcp://host:8786"
            raise RequestError.at(str(scheduler), f"no dask scheduler answers: {error}", hint=hint) from error
        self._limits = limits
        self._threads = threads
        self._name = uuid.uuid4().hex
        try:
            self._check_versions()
        except BaseException:
            self._client.close()
            raise

    def _check_versions(self) -> None:
        found = self._client.run(_version, on_error="return")
        for worker, version in found.items():
            if version != __version__:
                told = f"has nxconvert {version}" if isinstance(version, str) else f"has no nxconvert ({version})"
                hint = "install the same version in the environment of the workers"
                raise RequestError.at(worker, f"this worker {told}", f"{__version__} expected", hint)

    def _slots(self) -> int:
        """Give how many jobs can run at the same time, by now."""
        return max(1, sum(int(count) for count in self._client.nthreads().values()))

    def run(self, jobs: Iterable[Job]) -> Iterator[Result | None]:
        """Give the result of each job as it comes, None now and then; jobs are cancelled when it is closed."""
        distributed = _import("distributed")
        jobs = iter(jobs)
        running: dict[Any, Job] = {}
        lost: dict[str, int] = {}

        def submit(job: Job) -> None:
            tries = lost.get(job.source, 0)
            key = f"nxconvert-{self._name}-{job.source}-{tries}"
            how = (self._name, self._limits, self._threads)
            future = self._client.submit(convert_here, job, *how, key=key, pure=False)
            running[future] = job

        try:
            for job in islice(jobs, 2 * self._slots()):
                submit(job)
            while running:
                try:
                    with self._client.as_current():
                        done, _ = distributed.wait(list(running), timeout=TICK, return_when="FIRST_COMPLETED")
                except (TimeoutError, distributed.TimeoutError):
                    yield None
                    continue
                for future in done:
                    job = running.pop(future)
                    result = _result(future, job, distributed)
                    if result is None:  # workers were lost, more than dask allows for one job
                        lost[job.source] = lost.get(job.source, 0) + 1
                        if lost[job.source] < RETRIES:
                            submit(job)
                            continue
                        result = failure(job, f"not converted, {RETRIES} times its worker was lost")
                    for more in islice(jobs, max(1, 2 * self._slots() - len(running))):
                        submit(more)
                    yield result
        finally:
            if running:
                self._client.cancel(list(running), force=True)

    def close(self) -> None:
        """Leave the scheduler, and no process behind."""
        self._client.run(end_here, self._name, on_error="ignore")
        self._client.close()


def _result(future: Any, job: Job, distributed: Any) -> Result | None:
    """Give what a job returned; None where its workers died."""
    if future.status == "finished":
        try:
            result: Result = future.result()
            return result
        except distributed.CancelledError:
            return None
    if future.status in ("cancelled", "lost"):
        return None
    error = future.exception()
    if isinstance(error, distributed.KilledWorker):
        return None
    return failure(job, f"not converted, {type(error).__name__}: {error}", "the worker of dask could not do it")


def _version() -> str:
    return __version__


class SlurmEngine(DaskEngine):
    """Jobs of Slurm, each a worker for one conversion at a time; they end with the engine.

    Queue, account, walltime and all else that a site needs stand in dask's own configuration
    (``~/.config/dask/jobqueue.yaml``, section ``jobqueue.slurm``). RequestError where something is missing there.
    """

    def __init__(self, count: int, limits: Limits) -> None:
        self._cluster = make_slurm_cluster(limits)
        try:
            self._cluster.scale(jobs=count)
            super().__init__(self._cluster, limits)
        except BaseException:
            self._cluster.close()
            raise

    def close(self) -> None:
        """Leave the scheduler and end the jobs."""
        super().close()
        self._cluster.close()


def make_slurm_cluster(limits: Limits) -> Any:
    """Make the cluster of dask-jobqueue: a job has one core, and the memory of ``--memory`` unless configured."""
    jobqueue = _import("dask_jobqueue")
    config = _import("dask").config
    settings: dict[str, Any] = {}
    if config.get("jobqueue.slurm.cores", None) is None:
        settings["cores"] = 1
    if config.get("jobqueue.slurm.processes", None) is None:
        settings["processes"] = 1
    if config.get("jobqueue.slurm.memory", None) is None:
        if limits.memory is None:
            raise RequestError.at(
                "--engine slurm",
                "the memory of a job is not known",
                hint="--memory 4G states it, or 'memory' in the section jobqueue.slurm of dask's configuration",
            )
        # the worker of dask, and what its process shares, come on top of the limit of a conversion
        settings["memory"] = f"{limits.memory / 2**30 + 1:.2f}GiB"
    return jobqueue.SLURMCluster(**settings)


def _import(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RequestError.at("--engine", f"the package {name} is not installed", hint=EXTRA) from error
