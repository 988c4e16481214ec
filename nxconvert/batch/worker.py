"""A process that converts one job after the other: jobs come on standard input, results go to standard output.

Standard input and output are taken before anything else is imported, so that what a library prints goes to standard
error. The first thing on standard output says that the imports are done: the time that a file may take counts from
there. When standard input ends in the middle of a job, who has given the job is dead: the process ends at once, before
it can replace an output that another batch may have made meanwhile.
"""

from __future__ import annotations

import gc
import os
import pickle
import queue
import signal
import sys
import threading
from typing import IO, Any

#: what comes before the first result
READY = "ready"


def serve(jobs: IO[bytes], results: IO[bytes]) -> None:
    """Do jobs until there is none any more."""
    # and what nearly every conversion imports when it comes to it
    import nxconvert.mapping.engine
    import nxconvert.writer.hdf5  # noqa: F401
    from nxconvert.batch.job import do

    pickle.dump(READY, results)
    results.flush()
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    busy = threading.Event()

    def receive() -> None:
        while True:
            try:
                waiting.put(pickle.load(jobs))
            except (EOFError, OSError):
                if busy.is_set():
                    os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
                waiting.put(None)
                return

    threading.Thread(target=receive, daemon=True).start()
    while (job := waiting.get()) is not None:
        busy.set()
        result = do(job)
        busy.clear()
        pickle.dump(result, results, pickle.HIGHEST_PROTOCOL)
        results.flush()


def main() -> None:
    """Serve on standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the batch, which ends its workers
    gc.set_threshold(50_000, 20, 50)
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    jobs = os.fdopen(os.dup(0), "rb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - for as long as the process lives
    serve(jobs, results)


if __name__ == "__main__":
    main()
