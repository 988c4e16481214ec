"""Fixtures of the tests of batches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from batchkit import TROUBLE

from nxconvert import registry


@pytest.fixture
def trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a package whose reader crashes, sleeps or takes all memory, as the file says; else it is SPEC."""
    place = tmp_path / "packages"
    information = place / "trouble-1.0.dist-info"
    information.mkdir(parents=True)
    (place / "trouble.py").write_text(TROUBLE)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: trouble\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[nxconvert.readers]\ntrouble = trouble:READER\n")
    path = os.pathsep.join([str(place), *filter(None, [os.environ.get("PYTHONPATH")])])
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.syspath_prepend(place)
    registry._readers.cache_clear()
    yield
    registry._readers.cache_clear()


@pytest.fixture
def epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock of outputs stand."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
