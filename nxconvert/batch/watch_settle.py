"""Which inputs are complete: those that have not changed for a while, as far as anybody can know."""

from __future__ import annotations

from dataclasses import dataclass

from nxconvert.batch.inputs import Input

#: names under which programs write what they rename when it is complete; names that begin with a dot are none either
HALF_WRITTEN = (
    "*.tmp", "*.temp", "*.part", "*.partial", "*.filepart", "*.crdownload", "*.nxpart", "*.swp", "*.lock", "*~",
)  # fmt: skip


@dataclass(slots=True)
class _Waiting:
    """An input that may still change: what it was when it was seen, and since when it has been that."""

    item: Input
    since: float
    quiet: float


class Settling:
    """The inputs that are waited for. Time is any clock in seconds that does not go back."""

    def __init__(self, quiet: float) -> None:
        self.quiet = quiet
        self._waiting: dict[str, _Waiting] = {}
        #: seconds that an input has to be quiet that costs much to convert again
        self._costly: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def see(self, item: Input, now: float) -> bool:
        """Take note of an input that is there; True when it has settled, and it is waited for no more.

        An empty file is one whose writer has not begun.
        """
        known = self._waiting.get(item.source)
        if known is None or known.item.stamp != item.stamp:
            quiet = max(self.quiet, self._costly.get(item.source, 0.0))
            self._waiting[item.source] = _Waiting(item, now, quiet)
            return False
        if item.size == 0 or now - known.since < known.quiet:
            return False
        del self._waiting[item.source]
        return True

    def forget(self, source: str) -> None:
        """Wait no more for an input that is gone, or that needs nothing."""
        self._waiting.pop(source, None)

    def cost(self, source: str, seconds: float) -> None:
        """Note what the conversion of an input took: it waits as long again, so that at most half the time goes there.

        What is cheap waits no longer than anything else.
        """
        if seconds > self.quiet:
            self._costly[source] = seconds
        else:
            self._costly.pop(source, None)

    def due(self, now: float) -> list[Input]:
        """Give the inputs that should be looked at now: they have settled if they are as they were."""
        return [item.item for item in self._waiting.values() if now - item.since >= item.quiet and item.item.size]

    def next_due(self) -> float | None:
        """Give the time at which an input will have settled, None where none is waited for."""
        return min((item.since + item.quiet for item in self._waiting.values() if item.item.size), default=None)

    def sources(self) -> list[str]:
        """Give what is waited for."""
        return list(self._waiting)
