"""Runs the command given and prints what it took as JSON: seconds, work of processors in seconds, peak memory in MiB.

A process of its own, and a small one: the peak memory of a program counts from that of the process that started it.
"""

from __future__ import annotations

import json
import os
import sys
import time

if __name__ == "__main__":
    command = sys.argv[1:]
    began = time.perf_counter()
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=silent)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - began
    print(json.dumps([seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
    sys.exit(os.waitstatus_to_exitcode(status) != 0)
