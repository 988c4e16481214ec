"""What all tests share: where the real data lie, when they are there."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# how long an example takes depends on what else the machine does: pytest-timeout ends what hangs
settings.register_profile("nxconvert", deadline=None)
settings.load_profile("nxconvert")

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Let signals reach the programs that the tests start, even where the tests run below nohup or in the background.

    A signal that is ignored stays so in every child; one that has a handler is set back when a child starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda _number, _frame: None)


def data_folder() -> Path | None:
    """Give the folder of real files that lies beside the checkout, or None."""
    folder = Path(os.environ.get("NXCONVERT_TEST_DATA") or ROOT.parent / "shared" / "data")
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of real files; the test is skipped where it is absent."""
    folder = data_folder()
    if folder is None:
        pytest.skip("the real data files are not here (NXCONVERT_TEST_DATA names their folder)")
    return folder
