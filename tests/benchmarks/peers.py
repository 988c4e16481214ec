"""What the EDF benchmarks run beside nxconvert: loops over fabio, and the limit that the machine sets."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def fabio_loop(paths: Sequence[str], output: str, how: str, headers: bool) -> None:
    """Copy frames one by one, as everybody's script does; *how*: none, auto (h5py's own chunks), or frame chunks."""
    import fabio
    import h5py

    def frames() -> Iterator[Any]:
        for path in paths:
            with fabio.open(path) as image:
                for number in range(image.nframes):
                    yield image.get_frame(number)

    with fabio.open(paths[0]) as image:
        count, shape, dtype = (image.nframes if len(paths) == 1 else len(paths)), image.shape, image.dtype
    options: dict[str, Any] = {} if how == "none" else {"compression": "gzip"}
    if how == "frame":
        options["chunks"] = (1, *shape)
    with h5py.File(output, "w") as file:
        data = file.create_dataset("data", (count, *shape), dtype, **options)
        texts = file.create_dataset("headers", (count,), h5py.string_dtype()) if headers else None
        for number, frame in enumerate(frames()):
            data[number] = frame.data
            if texts is not None:
                texts[number] = json.dumps(dict(frame.header))


def limit(paths: Sequence[str], output: str, header: int, size: int, width: int) -> None:
    """Read all frames, deflate them with isal in as many threads as nxconvert has, and write them into a raw file.

    *width*: bytes of a number, which then are shuffled before; 0 leaves them as they are.
    """
    import numpy as np
    from isal import isal_zlib

    from nxconvert.writer.filters import DEFLATE_LEVEL, make_pool

    def work(path: str, offset: int) -> bytes:
        with open(path, "rb", buffering=0) as file:
            file.seek(offset)
            data = file.read(size)
        if width:
            data = np.ascontiguousarray(np.frombuffer(data, np.uint8).reshape(-1, width).T)
        compressed: bytes = isal_zlib.compress(data, DEFLATE_LEVEL)
        return compressed

    pool: ThreadPoolExecutor = make_pool()
    waiting: deque[Any] = deque()
    with pool, open(output, "wb") as file:
        for path in paths:
            with open(path, "rb") as source:
                end = source.seek(0, 2)
            for offset in range(header, end, header + size):
                waiting.append(pool.submit(work, path, offset))
                if len(waiting) > 8:
                    file.write(waiting.popleft().result())
        while waiting:
            file.write(waiting.popleft().result())


if __name__ == "__main__":
    words = json.loads(sys.argv[1])
    {"fabio": fabio_loop, "limit": limit}[words["peer"]](**words["options"])
