"""A growing SPEC file: a new scan is there within a second of settling, whatever the length of the file."""

from __future__ import annotations

import re
import statistics
import time
from contextlib import closing
from pathlib import Path

import pytest
import specgen

from nxconvert.batch.asked import Request
from nxconvert.batch.job import Limits
from nxconvert.batch.watch import Watch
from nxconvert.request import ConvertOptions

SETTLE, NEW = 0.5, 8


def delays(folder: Path, scans: int) -> list[float]:
    """Let scans come one by one after the first ones; give the seconds from settling to each output."""
    whole = folder / "whole.spec"
    specgen.scans(whole, scans + NEW, 300)
    data = whole.read_bytes()
    starts = [*(match.start() for match in re.finditer(rb"^#S ", data, re.MULTILINE)), len(data)]
    source = folder / "src" / "a.spec"
    source.parent.mkdir()
    source.write_bytes(data[: starts[scans]])
    found: list[float] = []
    written = 0.0
    request = Request((str(source.parent),), str(folder / "dst"), ConvertOptions(time_zone="UTC"))
    with Watch(request, SETTLE, None, 1, Limits()) as watch, closing(watch.watch()) as outcomes:
        for outcome in outcomes:
            if outcome is not None:
                assert outcome.status == "converted"
                if written:
                    assert outcome.appended == 1
                    found.append(time.monotonic() - written - SETTLE)
                written = 0.0
            elif not written and watch.is_idle and watch.counts["converted"]:
                if len(found) == NEW:
                    break
                with source.open("ab") as file:
                    file.write(data[starts[scans + len(found)] : starts[scans + len(found) + 1]])
                written = time.monotonic()
    return found[1:]  # the first one reads the whole file


@pytest.mark.benchmark
def test_a_scan_appears_within_a_second_of_settling_and_costs_the_same_in_a_long_file(tmp_path: Path) -> None:
    for name in ("short", "long"):
        (tmp_path / name).mkdir()
    short, long = delays(tmp_path / "short", 100), delays(tmp_path / "long", 1500)
    print(f"after 100 scans: {statistics.median(short):.2f} s, after 1500 (split): {statistics.median(long):.2f} s")
    assert max(*short, *long) < 1.0
    assert statistics.median(long) < 1.5 * statistics.median(short)
    assert (tmp_path / "long/dst/a.scans/earlier.nxs").exists()
