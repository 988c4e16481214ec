"""Signals that ask the program to end: they travel as exceptions, so that everything is cleaned up on the way."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

_pending = 0


class Stopped(KeyboardInterrupt):
    """A signal that asks the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def check() -> None:
    """Raise Stopped when a signal came whose exception was lost: Python drops those raised in a finaliser."""
    if _pending:
        raise Stopped(_pending)


def run_stoppable(work: Callable[[], Any]) -> None:
    """Do the work with the signals caught; after one of them the exit status is 128 and its number."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number: Any = getattr(signal, name, None)  # Windows has no SIGHUP
        # a signal that is ignored (nohup) stays so
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _stop)
    sys.unraisablehook = _unraisable
    try:
        work()
    except SystemExit as end:
        if _pending and end.code == 1:  # click's own word for an interruption outside of a command
            sys.exit(128 + _pending)
        raise


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    """Say nothing of a signal's exception in a finaliser: check() raises it again."""
    if not isinstance(args.exc_value, Stopped):
        sys.__unraisablehook__(args)


def _stop(number: int, _: FrameType | None) -> None:
    global _pending  # noqa: PLW0603 - a process has one set of signals
    _pending = number
    raise Stopped(number)
