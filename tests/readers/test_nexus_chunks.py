"""Chunks that are inflated outside HDF5 give what h5py gives; what cannot be is left to HDF5."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nxconvert.arrays import load
from nxconvert.errors import ReadError
from nxconvert.readers.nexus import NexusFile
from nxconvert.readers.nexus.chunks import find_chunks

POINTS = 30_000


def values_of(path: Path, name: str = "det") -> Any:
    """Give a column as our reader reads it."""
    with NexusFile(str(path)) as file:
        (scan,) = file
        return load(scan.columns[name].value)  # type: ignore[arg-type]


def write(path: Path, values: Any, **options: Any) -> Any:
    """Write an entry with one column, and give how its chunks are read, None where by HDF5."""
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        made = entry.create_dataset("measurement/det", data=values, **options)
        return find_chunks(made.id, made.shape, made.dtype)


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<i8", ">u2", "<i4", "<u8", "u1"])
@pytest.mark.parametrize("shuffle", [True, False], ids=["shuffled", "plain"])
def test_every_type_is_read_as_by_h5py(tmp_path: Path, dtype: str, shuffle: bool) -> None:
    bits = np.random.default_rng(1).integers(0, 256, POINTS * np.dtype(dtype).itemsize, np.uint8)
    values = bits.view(dtype)  # nan and inf of all kinds among the floats
    found = write(tmp_path / "x.h5", values, chunks=(20_000,), compression="gzip", shuffle=shuffle)
    assert found is not None
    with h5py.File(tmp_path / "x.h5") as file:
        expected = file["entry/measurement/det"][()]
    again = values_of(tmp_path / "x.h5")
    assert again.dtype == np.dtype(dtype).newbyteorder("=")
    assert again.tobytes() == expected.astype(again.dtype).tobytes()


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "lzf"},
        {"compression": "gzip", "fletcher32": True},
        {"compression": "gzip", "scaleoffset": 0},
        {"chunks": (100,), "compression": "gzip"},
        {"chunks": True},
        {},
    ],
    ids=["lzf", "checksum", "scaled", "small", "unfiltered", "contiguous"],
)
def test_what_else_there_is_is_left_to_hdf5(tmp_path: Path, options: dict[str, Any]) -> None:
    values = np.arange(POINTS) * 7
    assert write(tmp_path / "x.h5", values, **options) is None
    assert np.array_equal(values_of(tmp_path / "x.h5"), values)


def test_chunks_that_were_never_written_or_skip_a_filter_are_left_to_hdf5(tmp_path: Path) -> None:
    path, values = tmp_path / "x.h5", np.full(POINTS, 7)
    values[10_000:20_000] = np.arange(10_000)
    values[20_000:] = 5
    options = {"chunks": (10_000,), "compression": "gzip", "shuffle": True, "fillvalue": 7}
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        made = entry.create_dataset("measurement/det", (POINTS,), np.int64, **options)
        made.id.write_direct_chunk((10_000,), np.arange(10_000).tobytes(), filter_mask=0b11)
        made[20_000:] = 5
        chunks = find_chunks(made.id, made.shape, made.dtype)
        assert chunks is not None
        assert [chunks.read(start) is None for start in (0, 10_000, 20_000)] == [True, True, False]
    assert np.array_equal(values_of(path), values)


def _longer(stored: bytes) -> bytes:
    return zlib.compress(zlib.decompress(stored) + b"more")


def _shorter(stored: bytes) -> bytes:
    return zlib.compress(zlib.decompress(stored)[:-8])


def _wrong_sum(stored: bytes) -> bytes:
    return stored[:-1] + bytes([stored[-1] ^ 1])


def _cut(stored: bytes) -> bytes:
    return stored[: len(stored) // 2]


@pytest.mark.parametrize("damage", [_longer, _wrong_sum, _cut])
def test_a_chunk_that_is_damaged_is_left_to_hdf5_to_judge(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "x.h5"
    write(path, np.arange(POINTS), chunks=(POINTS,), compression="gzip")
    with h5py.File(path, "r+") as file:
        made = file["entry/measurement/det"].id
        made.write_direct_chunk((0,), damage(made.read_direct_chunk((0,))[1]))
        assert find_chunks(made, made.shape, made.dtype).read(0) is None  # type: ignore[union-attr]
    with h5py.File(path) as file:
        try:
            expected = file["entry/measurement/det"][()]
        except OSError:
            expected = None
    if expected is None:
        with pytest.raises(ReadError, match="values cannot be read"):
            values_of(path)
    else:
        assert np.array_equal(values_of(path), expected)


def test_a_chunk_with_too_few_values_is_an_error_though_hdf5_fills_it_up_with_anything(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    write(path, np.arange(POINTS), chunks=(POINTS,), compression="gzip")
    with h5py.File(path, "r+") as file:
        made = file["entry/measurement/det"].id
        made.write_direct_chunk((0,), _shorter(made.read_direct_chunk((0,))[1]))
    with pytest.raises(ReadError) as caught:
        values_of(path)
    place, size = f"{path}:/entry/measurement/det", 8 * POINTS
    assert str(caught.value) == f"{place}: values cannot be read: the chunk at 0 has {size - 8} of {size} bytes"


def test_rows_of_spectra_are_read_chunk_by_chunk(tmp_path: Path) -> None:
    path, values = tmp_path / "x.h5", np.random.default_rng(2).integers(0, 9, (70, 512)).astype(np.float64)
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["measurement/det"] = np.arange(70)
        made = entry.create_dataset("measurement/mca", data=values, chunks=(32, 512), compression="gzip", shuffle=True)
        assert find_chunks(made.id, made.shape, made.dtype) is not None
        across = entry.create_dataset("other", data=values, chunks=(70, 64), compression="gzip")
        assert find_chunks(across.id, across.shape, across.dtype) is None
    with NexusFile(str(path)) as file:
        (scan,) = file
        assert np.array_equal(load(scan.detectors["mca"]["data"].value), values)  # type: ignore[arg-type]


def test_a_virtual_dataset_has_no_values_in_its_own_file(tmp_path: Path) -> None:
    """What the reader relies on: what has stored values of its own is no virtual dataset, whose files must be checked."""
    with h5py.File(tmp_path / "source.h5", "w") as file:
        file["d"] = np.arange(10.0)
    layout = h5py.VirtualLayout((10,), "f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "source.h5"), "d", (10,))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_virtual_dataset("v", layout)
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["v"].id.get_storage_size() == 0
        assert file["v"][3] == 3
        assert file["v"].id.get_storage_size() == 0
