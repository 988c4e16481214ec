"""Frames like the one before, in one file or in many: their headers are compared by the many, not read one by one."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

import numpy as np

from nxconvert.readers.edf.frames import EdfFrame
from nxconvert.readers.edf.plain import PlainBytes, open_descriptor, pread
from nxconvert.readers.edf.sizes import Window
from nxconvert.readers.edf.store import Headers, Like

#: from so many on it costs less to take frames together
MANY = 16
#: so many are taken one by one before many are tried again
_LONGEST = 256


class Patience:
    """Tells when it is worth trying to take many: not for a while, and each time longer, after that did not work."""

    def __init__(self) -> None:
        self._wait, self._next = 0, 1

    def ready(self) -> bool:
        """Tell whether many are to be tried; if not, one is taken otherwise."""
        if self._wait:
            self._wait -= 1
            return False
        return True

    def note(self, taken: int, offered: int) -> None:
        """Note how many of those offered were taken; the one after them was not."""
        if taken >= offered:
            return
        self._wait = 1 if taken >= MANY else self._next
        self._next = 1 if taken >= MANY else min(2 * self._next, _LONGEST)


class FramesAlike:
    """Takes frames of one file that follow one another at equal distances."""

    def __init__(self, window: Window, like: Like) -> None:
        self._window = window
        self._like = like
        self._patience = Patience()

    def take(self, begin: int) -> int:
        """Take the headers of the frames from *begin* on into their layout, as far as they fit; gives how many."""
        like = self._like
        if not self._patience.ready() or like.layout.now is not like.structure:
            return 0
        data = self._window.rest(begin, like.length)
        stride = like.length + like.blob
        count = (len(data) - like.length) // stride + 1
        if count < 1:
            return 0
        taken = like.layout.add_alike(np.ndarray((count, like.length), np.uint8, data, strides=(stride, 1)))
        self._patience.note(taken, count)
        return taken


def frames_of_files(paths: Sequence[str], headers: Headers) -> list[EdfFrame]:
    """Give the frames of files that hold one each, like the latest one of *headers*: as many from the first on as fit.

    Whatever is wrong with a file, or different, shows when it is opened by itself.
    """
    like = headers.like
    if like is None or like.layout.inherited or like.layout.now is not like.structure or like.structure.external:
        return []
    size = like.length + like.blob
    heads: list[bytes] = []
    sources: list[PlainBytes] = []
    for path in paths:
        try:
            descriptor = open_descriptor(path)
        except (OSError, ValueError):
            break
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size != size:
                break
            head = pread(descriptor, like.length, 0)
        except OSError:
            break
        finally:
            os.close(descriptor)
        if len(head) < like.length:
            break
        heads.append(head)
        sources.append(PlainBytes(path, None, status))
    layout, first = like.layout, like.layout.count
    layout.add_alike(np.frombuffer(b"".join(heads), np.uint8).reshape(-1, like.length))
    return [
        EdfFrame(source.path, 0, like.kind, source, like.length, like.stored, layout, row, 0, layout.is_error(row))
        for row, source in zip(range(first, layout.count), sources, strict=False)
    ]
