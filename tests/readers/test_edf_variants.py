"""Every form of EDF file that is known to occur: the pixels are those that the generator put in, and fabio agrees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from edfgen import Variant, variants

from nxconvert.arrays import load
from nxconvert.readers.edf import READER
from nxconvert.readers.edf.file import EdfFile, FrameStack

VARIANTS = variants()


def write(folder: Path, variant: Variant) -> Path:
    """Write the files of a variant."""
    for name, data in {**variant.others, variant.file: variant.data}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return folder / variant.file


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_pixels_are_those_of_the_generator(variant: Variant, tmp_path: Path) -> None:
    with EdfFile(str(write(tmp_path, variant))) as file:
        found = [frame.read() for frame in file.frames]
        assert [array.shape for array in found] == [array.shape for array in variant.frames]
        for array, expected in zip(found, variant.frames, strict=True):
            assert array.dtype == expected.dtype
            assert array.dtype.byteorder in "=|<"
            np.testing.assert_array_equal(array, expected)
        assert [problem.severity for problem in file.problems] == variant.told, [str(item) for item in file.problems]
        header = file.header(0)
        assert {key: header.get(key) for key in variant.header} == variant.header
        errors = {index: frame.read() for index, frame in file.errors.items()}
        assert {index: array.tolist() for index, array in errors.items()} == {
            index: array.tolist() for index, array in variant.errors.items()
        }


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_headers_are_kept_word_for_word_and_places_are_true(variant: Variant, tmp_path: Path) -> None:
    with EdfFile(str(write(tmp_path, variant))) as file:
        for frame, expected in zip(file.frames, variant.frames, strict=True):
            assert frame.bytes.read_at(0, frame.bytes.size) is not None
            text = frame.header_bytes
            assert file.bytes.read_at(frame.begin, len(text)) == text
            assert text.startswith(b"{")
            assert text[-3:].rstrip(b"\r\n").endswith(b"}")
            place = frame.location()
            if place is None:
                assert frame.kind.compression or not frame.bytes.plain or frame.stored.kind == "c"
                continue
            raw = Path(place.path).read_bytes()[place.offset : place.offset + place.length]
            np.testing.assert_array_equal(np.frombuffer(raw, frame.stored).reshape(expected.shape), expected)


@pytest.mark.parametrize("variant", [item for item in VARIANTS if item.fabio], ids=lambda variant: variant.name)
def test_fabio_reads_the_same(variant: Variant, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fabio = pytest.importorskip("fabio")
    caplog.set_level("CRITICAL")
    with fabio.open(str(write(tmp_path, variant))) as file:
        assert file.nframes == len(variant.frames)
        for index, expected in enumerate(variant.frames):
            frame = file.get_frame(index) if file.nframes > 1 else file
            np.testing.assert_array_equal(frame.data.reshape(expected.shape), expected)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_scan_holds_all_frames(variant: Variant, tmp_path: Path) -> None:
    with READER.open(str(write(tmp_path, variant))) as file:
        (scan,) = list(file)
        assert [problem.severity for problem in scan.problems] == variant.told
        kinds = list(dict.fromkeys((array.shape, array.dtype) for array in variant.frames))
        assert len(scan.detectors) == len(kinds)
        for items, kind in zip(scan.detectors.values(), kinds, strict=True):
            own = [array for array in variant.frames if (array.shape, array.dtype) == kind]
            data = items["data"]
            assert isinstance(data.value, FrameStack)
            expected = np.stack(own) if len(variant.frames) > 1 else own[0]
            np.testing.assert_array_equal(load(data.value), expected)
            assert data.value.dtype == expected.dtype
            assert len(data.dims) == expected.ndim
            if len(kinds) > 1:
                numbers = items["point"].value
                assert [variant.frames[at].tolist() for at in numbers] == [array.tolist() for array in own]  # type: ignore[union-attr]
        assert scan.plots["data"].signal is next(iter(scan.detectors.values()))["data"]
        headers = scan.notes["header"].value
        if isinstance(headers, str):
            assert len(variant.frames) == 1 or b"Num_Images" in variant.data or "acq_nb_frames" in headers
        else:
            assert load(headers).tolist() == [frame.header_text.encode() for frame in file._file.frames]  # type: ignore[attr-defined,arg-type]
