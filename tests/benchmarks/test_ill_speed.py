"""A numor of 68 MB (D19, 51 frames of 256 x 640) against numpy's reading of the same numbers."""

from __future__ import annotations

import re
import sys

import illgen
import pytest
from timing import FOLDER, measure, show

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

#: numpy parses the lines of counts, which are nearly all of the file, and nothing else
NUMPY = """
import sys, time, numpy
text = open(sys.argv[1], "rb").read()
numbers = numpy.fromstring(text, sep=" ")
"""


def test_a_large_numor(capsys: pytest.CaptureFixture[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    source, counts, output = FOLDER / "190000", FOLDER / "190000.counts", FOLDER / "190000.nxs"
    if not source.exists():
        illgen.large(source)
    counts.write_bytes(b"".join(re.findall(rb"(?:^[ \d]{80}\n)+", source.read_bytes(), re.MULTILINE)))
    command = [sys.executable, "-m", "nxconvert", "ill2nx", str(source), "-o", str(output), "--overwrite", "-q"]
    ours = measure(command, output)
    numpy = measure([sys.executable, "-c", NUMPY, str(counts)])
    start = measure([sys.executable, "-c", "import numpy"])
    megabytes = source.stat().st_size / 1e6
    parse = numpy.seconds - start.seconds
    show(
        capsys,
        f"D19, {megabytes:.0f} MB",
        nxconvert=f"{ours.seconds:.2f} s {megabytes / ours.seconds:.0f} MB/s, peak memory {ours.memory:.0f} MiB",
        numpy_fromstring=f"{parse:.2f} s, peak memory {numpy.memory:.0f} MiB",
        ratio=f"{ours.seconds / parse:.2f} times numpy.fromstring",
    )
    assert ours.memory < 300
    output.unlink()
