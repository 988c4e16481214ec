"""Conversions on workers of dask: the same outputs, and nothing is lost with a worker."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import batchtree
import pytest
from batchkit import run, spec, wait_for_sleepers

from nxconvert.batch.job import Limits
from nxconvert.errors import RequestError

pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")

FILES = int(os.environ.get("NXCONVERT_TEST_BATCH_FILES", "100"))


@pytest.fixture
def cluster(trouble: None) -> Iterator[Any]:
    """Give a cluster of two workers on this machine."""
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as made:
        yield made


def engine(cluster: Any, **limits: Any) -> Any:
    from nxconvert.batch.cluster import DaskEngine

    return DaskEngine(cluster.scheduler_address, Limits(**limits))


@pytest.mark.timeout(7200)
def test_a_cluster_makes_the_same_tree_and_survives_its_workers(cluster: Any, tmp_path: Path, epoch: None) -> None:
    root = tmp_path / "in"
    tree = batchtree.make(root, FILES)
    # of all jobs these are still running when their worker is killed
    for index in range(2):
        (root / f"slow{index}.trouble").write_text("TROUBLE sleep 2\n" + spec())
    (root / "crash.trouble").write_text("TROUBLE crash\n" + spec())
    here = run(tmp_path / "here", root, jobs=2)
    for mark in root.glob(".sleeps-*"):
        mark.unlink()
    killed: list[int] = []

    def kill() -> None:
        wait_for_sleepers(root, "slow0.trouble", "slow1.trouble")
        worker = next(iter(cluster.workers.values()))
        killed.append(worker.pid)
        os.kill(worker.pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    there = run(tmp_path / "there", root, engine=lambda: engine(cluster))
    thread.join()
    assert killed
    assert there.statuses(root) == here.statuses(root)
    assert there.statuses(root)["crash.trouble"] == "failed"
    expected = batchtree.contents(tmp_path / "here")
    assert set(expected) == {*tree.outputs, "slow0.nxs", "slow1.nxs"}
    assert batchtree.contents(tmp_path / "there") == expected
    assert run(tmp_path / "there", root, engine=lambda: pytest.fail("nothing is left to do")).outcomes == {}
    _limits_hold(cluster, tmp_path)
    _what_is_cancelled_ends(cluster, tmp_path)


def _limits_hold(cluster: Any, tmp_path: Path) -> None:
    root, out = tmp_path / "limits", tmp_path / "limits-out"
    root.mkdir()
    (root / "slow.trouble").write_text("TROUBLE sleep 60\n" + spec())
    (root / "good.spec").write_text(spec())
    ran = run(out, root, engine=lambda: engine(cluster, seconds=3))
    assert ran.statuses(root) == {"good.spec": "converted", "slow.trouble": "failed"}
    (problem,) = ran.outcomes[str(root / "slow.trouble")].problems
    assert problem.found == "not converted within 3 s"


def _what_is_cancelled_ends(cluster: Any, tmp_path: Path) -> None:
    from nxconvert.batch.asked import Request
    from nxconvert.batch.run import Batch
    from nxconvert.request import ConvertOptions

    root, out = tmp_path / "cancel", tmp_path / "cancel-out"
    root.mkdir()
    for index in range(3):
        (root / f"slow{index}.trouble").write_text("TROUBLE sleep 2\n" + spec())
    (root / "a.spec").write_text(spec())
    request = Request((str(root),), str(out), ConvertOptions())
    with Batch(request, lambda: engine(cluster)) as batch:
        batch.discover()
        outcomes = batch.run()
        assert next(item for item in outcomes if item is not None).source == str(root / "a.spec")
        outcomes.close()
    time.sleep(3)
    # the jobs that ran were ended, not left to write outputs that nobody wants any more
    assert set(batchtree.contents(out)) == {"a.nxs"}


def test_a_scheduler_that_is_not_there_is_told() -> None:
    from nxconvert.batch import cluster

    with pytest.raises(RequestError) as error:
        cluster.DaskEngine("nonsense://x", Limits())
    text = str(error.value)
    assert text.startswith("nonsense://x: no dask scheduler answers: ")
    assert text.endswith("  hint: --scheduler names it, such as tcp://host:8786")


def test_slurm_jobs_have_a_core_the_memory_and_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask_jobqueue")
    import sys

    import dask

    from nxconvert.batch.cluster import make_slurm_cluster

    with dask.config.set({"jobqueue.slurm.queue": "beamline", "jobqueue.slurm.walltime": "02:00:00"}):
        made = make_slurm_cluster(Limits(memory=3 << 30))
        script = made.job_script()
        made.close()
    lines = script.splitlines()
    for line in (
        "#!/usr/bin/env bash",
        "#SBATCH -p beamline",
        "#SBATCH -n 1",
        "#SBATCH --cpus-per-task=1",
        "#SBATCH --mem=4G",
        "#SBATCH -t 02:00:00",
    ):
        assert line in lines
    (call,) = [line for line in lines if "dask_worker" in line or "dask worker" in line]
    assert call.startswith(sys.executable)
    assert "--nthreads 1" in call
    assert "--memory-limit 4.00GiB" in call


def test_slurm_needs_to_know_the_memory_of_a_job() -> None:
    pytest.importorskip("dask_jobqueue")
    from nxconvert.batch.cluster import make_slurm_cluster

    with pytest.raises(RequestError) as error:
        make_slurm_cluster(Limits())
    assert str(error.value) == (
        "--engine slurm: the memory of a job is not known\n"
        "  hint: --memory 4G states it, or 'memory' in the section jobqueue.slurm of dask's configuration"
    )
