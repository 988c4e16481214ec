"""How datasets lie in the file."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nxconvert.writer.layout import ACCESS, CHUNK_LIMIT, CONTIGUOUS_LIMIT, decide

SHAPES = st.lists(st.integers(1, 5000), min_size=1, max_size=4).map(tuple).filter(lambda s: math.prod(s) < 10**9)


@given(SHAPES, st.sampled_from([1, 2, 4, 8]), st.sampled_from(ACCESS))
def test_chunks_fit_the_shape_hold_more_than_one_element_and_stay_below_the_cache(
    shape: tuple[int, ...], itemsize: int, access: str
) -> None:
    layout = decide(shape, itemsize, access=access)
    if layout.chunks is None:
        assert math.prod(shape) * itemsize <= CONTIGUOUS_LIMIT
        return
    assert len(layout.chunks) == len(shape)
    assert all(1 <= chunk <= length for chunk, length in zip(layout.chunks, shape, strict=True))
    assert math.prod(layout.chunks) > 1
    assert math.prod(layout.chunks) * itemsize <= CHUNK_LIMIT


@pytest.mark.parametrize(
    ("shape", "itemsize", "access", "text"),
    [
        ((), 8, "balanced", "compact (8 bytes)"),
        ((50,), 8, "balanced", "compact (400 bytes)"),
        ((0,), 8, "balanced", "compact (0 bytes)"),
        ((1000,), 8, "balanced", "contiguous (8000 bytes)"),
        ((20000,), 8, "balanced", "chunked 20000 (one axis)"),
        ((10_000_000,), 8, "balanced", "chunked 131072 (one axis)"),
        ((1000, 2048), 8, "balanced", "chunked 64x2048 (whole frames)"),
        ((200, 1024, 1024), 2, "frames", "chunked 1x512x1024 (whole frames)"),
        ((4000, 64, 64), 2, "frames", "chunked 128x64x64 (whole frames)"),
        ((50, 2048, 2048), 2, "frames", "chunked 1x256x2048 (whole frames)"),
        ((50, 1000, 1100), 2, "frames", "chunked 1x334x1100 (whole frames)"),
        ((1000, 1024, 1024), 2, "pixels", "chunked 32x32x64 (many steps of a few pixels)"),
        ((4000, 64, 64), 2, "pixels", "chunked 4000x4x4 (many steps of a few pixels)"),
        ((1000, 1024, 1024), 2, "balanced", "chunked 16x128x256 (frames and pixels alike)"),
    ],
)
def test_the_decision_can_be_printed(shape: tuple[int, ...], itemsize: int, access: str, text: str) -> None:
    assert str(decide(shape, itemsize, access=access)) == text


def test_without_compression_large_arrays_are_contiguous() -> None:
    assert str(decide((1000, 1000), 8, compressed=False)) == "contiguous (no compression)"
