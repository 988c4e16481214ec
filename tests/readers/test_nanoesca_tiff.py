"""TIFF images: every type, order and compression against the values that were written; damage and bombs refused."""

from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from nanogen import tiff
from PIL import Image as Pillow

from nxconvert.errors import ReadError
from nxconvert.readers.nanoesca import codecs
from nxconvert.readers.nanoesca.tiff import Image, read_header, read_headers, read_pixels

TYPES = ("u1", "u2", "u4", "i1", "i2", "i4", "f4", "f8")
VALUES = np.arange(35).reshape(5, 7) * 7 % 120


def read(path: Path) -> tuple[Image, np.ndarray[Any, Any]]:
    header = read_header(str(path))
    return header, read_pixels(header)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return tmp_path / "a.tif"


def refused(path: Path) -> str:
    """Give the first line of the error, without the path."""
    with pytest.raises(ReadError) as caught:
        read(path)
    return str(caught.value).splitlines()[0].removeprefix(str(path))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("last", [True, False])
def test_values_of_each_type_and_order_are_read_as_they_were_written(
    image: Path, dtype: str, order: str, last: bool
) -> None:
    values = VALUES.astype(dtype)
    image.write_bytes(tiff(values, order, last=last, strips=2))
    header, found = read(image)
    assert (header.shape, header.stored) == ((5, 7), np.dtype(order + dtype))
    assert found.dtype == np.dtype("<" + dtype)
    np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(tifffile.imread(image), values)  # our generator writes what others read


def test_values_in_one_piece_have_a_place_that_can_be_linked_to(image: Path) -> None:
    image.write_bytes(tiff(VALUES.astype("u2"), ">", strips=3))
    header, _found = read(image)
    assert header.offset is not None
    bare = np.frombuffer(image.read_bytes(), ">u2", 35, header.offset)
    np.testing.assert_array_equal(bare.reshape(5, 7), VALUES)


def test_a_bigtiff_is_read(image: Path) -> None:
    image.write_bytes(tiff(VALUES.astype("u2"), ">", big=True))
    np.testing.assert_array_equal(read(image)[1], VALUES)


@pytest.mark.parametrize("compression", ["lzw", "deflate", "adobe_deflate", "packbits", "lzma", "zstd"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_compressed_values_are_read(image: Path, compression: str, dtype: str, order: str) -> None:
    values = (np.arange(4000).reshape(50, 80) * 7 % 251).astype(dtype)
    tifffile.imwrite(image, values, byteorder=order, compression=compression, rowsperstrip=16)  # type: ignore[arg-type]
    header, found = read(image)
    assert header.offset is None
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "deflate", "predictor": True},
        {"tile": (16, 32)},
        {"tile": (16, 16), "compression": "lzw"},
        {"photometric": "miniswhite"},
    ],
)
def test_tiles_and_predictors_are_read(image: Path, options: dict[str, Any]) -> None:
    values = (np.arange(4000).reshape(50, 80) * 7 % 251).astype("u2")
    tifffile.imwrite(image, values, **options)
    np.testing.assert_array_equal(read(image)[1], values)


def test_a_jpeg_image_is_what_pillow_reads(image: Path) -> None:
    values = np.add.outer(np.arange(64), np.arange(48)).astype("u1")
    tifffile.imwrite(image, values, compression="jpeg", photometric="minisblack")
    found = read(image)[1].astype(int)
    with Pillow.open(image) as picture:
        assert np.abs(found - np.asarray(picture)).max() <= 2  # decoders round in their own way


def test_packed_values_of_twelve_bits_are_unpacked(image: Path) -> None:
    # rows begin at whole bytes: 0x123 0x456 0x789, padded
    data = bytes.fromhex("123456789000") * 2
    extra = {258: (3, struct.pack("<H", 12)), 256: (3, struct.pack("<H", 3)), 257: (4, struct.pack("<I", 2))}
    extra[278], extra[279] = (3, struct.pack("<H", 2)), (4, struct.pack("<I", 10))
    content = bytearray(tiff(np.frombuffer(data, "u1").reshape(2, 6), extra=extra))
    content[8:18] = bytes.fromhex("1234567890") * 2
    image.write_bytes(content)
    assert read(image)[1].tolist() == [[0x123, 0x456, 0x789]] * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"2026:03:12 14:25:11\0", datetime(2026, 3, 12, 14, 25, 11)),
        (b"2026-03-12T14:25:11\0", datetime(2026, 3, 12, 14, 25, 11)),
        (b"0000:00:00 00:00:00\0", None),
        (b"yesterday\0", None),
    ],
)
def test_the_time_is_that_of_the_tag(image: Path, text: bytes, expected: datetime | None) -> None:
    image.write_bytes(tiff(VALUES.astype("u2"), extra={306: (2, text)}))
    assert read_header(str(image)).taken == expected


def test_the_time_may_stand_in_the_directory_of_the_camera(image: Path) -> None:
    content = bytearray(tiff(VALUES.astype("u2"), extra={34665: (4, b"\0" * 4)}))
    at = content.index(struct.pack("<HHI", 34665, 4, 1)) + 8
    directory = struct.pack("<HHHII", 1, 36867, 2, 20, len(content) + 18) + b"\0" * 4
    content[at : at + 4] = struct.pack("<I", len(content))
    image.write_bytes(bytes(content) + directory + b"2026:03:12 14:25:11\0")
    assert read_header(str(image)).taken == datetime(2026, 3, 12, 14, 25, 11)


def test_all_images_of_a_file_are_read_but_small_copies_and_masks(image: Path) -> None:
    values = VALUES.astype("u2")
    with tifffile.TiffWriter(image) as writer:
        writer.write(values, subfiletype=0, datetime="2026:03:12 14:25:11")
        writer.write(values[:2, :2], subfiletype=1)
        writer.write(values.astype(bool), subfiletype=4)
        writer.write(values + 1, compression="deflate", datetime="2026:03:12 14:25:12")
        writer.write(values + 2, tile=(16, 16))
    headers = list(read_headers(str(image)))
    assert [header.taken and header.taken.second for header in headers] == [11, 12, None]
    assert [header.offset is None for header in headers] == [False, True, True]
    for number, header in enumerate(headers):
        np.testing.assert_array_equal(read_pixels(header), values + number)


def test_an_image_that_is_damaged_costs_neither_those_before_it_nor_time(image: Path) -> None:
    values = VALUES.astype("u2")
    tifffile.imwrite(image, np.array([values, values]), photometric="minisblack")
    content = bytearray(image.read_bytes())
    with tifffile.TiffFile(image) as file:
        second = file.pages[1].offset
        end = second + 2 + 12 * len(file.pages[1].tags)
    content[end : end + 4] = struct.pack("<I", second)
    image.write_bytes(content)
    found = read_headers(str(image))
    assert [next(found).directory, next(found).directory] == [8, second]
    with pytest.raises(ReadError) as caught:
        next(found)
    assert str(caught.value) == (
        f"{image}: byte {second}: the directories go round in a circle\n  hint: the file is damaged"
    )


@pytest.mark.parametrize("options", [{}, {"tile": (16, 16)}, {"rowsperstrip": 2}], ids=["whole", "tiles", "strips"])
@pytest.mark.parametrize(
    ("compression", "dtype"),
    [
        *(("jpeg2000", "u1"), ("jpeg2000", "u2"), ("lerc", "f4"), ("lerc", "u2")),
        *(("jpegxl", "u1"), ("jpegxl", "u2"), ("jpegxl", "f4")),
    ],
)
def test_streams_that_state_their_own_size_are_read(
    image: Path, compression: str, dtype: str, options: dict[str, Any]
) -> None:
    values = (np.arange(35 * 47).reshape(35, 47) % 251).astype(dtype)
    tifffile.imwrite(image, values, compression=compression, **options)
    np.testing.assert_array_equal(read(image)[1], values)


#: streams that claim to be 60000 x 60000
HUGE = struct.pack(">I", 60000) * 2
HOSTILE = {
    "JPEG 2000": (34712, b"\xff\x4f\xff\x51" + bytes(4) + HUGE + bytes(40)),
    "LERC": (34887, b"Lerc2 " + struct.pack("<iIiiiiii", 4, 0, 60000, 60000, 1, 0, 0, 80) + bytes(42)),
    # not small, a side of 13 + 5 bits, the width is the height
    "JPEG XL": (50002, b"\xff\x0a" + (0 | 2 << 1 | 59999 << 3 | 1 << 21).to_bytes(10, "little") + bytes(40)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_stream_that_states_another_size_than_the_directory_is_refused(image: Path, name: str) -> None:
    compression, data = HOSTILE[name]
    image.write_bytes(bomb(1, data, compression))
    expected = f": byte 8: a {name} strip of 60000 x 60000 pixels, at most 1 x 100000 expected"
    assert refused(image).splitlines()[0] == expected
    image.write_bytes(bomb(1, data[1:], compression))
    expected = f": byte 8: a {name} strip of unknown size pixels, at most 1 x 100000 expected"
    assert refused(image).splitlines()[0] == expected.replace(" pixels", "", 1)


def test_jpeg_2000_of_32_bits_is_refused_since_its_decoders_are_not_exact(image: Path) -> None:
    tifffile.imwrite(image, VALUES.astype("u4"), compression="jpeg2000")
    assert refused(image).split(": ", 2)[2] == "JPEG 2000 of 32 bits, at most 16 expected"


def test_a_size_within_boxes_is_found() -> None:
    """JPEG 2000 and JPEG XL may come as files of boxes; the stream of the image counts, and no other bytes."""
    stream = b"\xff\x4f\xff\x51" + bytes(4) + struct.pack(">4I", 12, 9, 2, 1)
    other = struct.pack(">I4s", 8 + len(stream), b"free") + stream.replace(struct.pack(">I", 12), bytes(4))
    boxes = struct.pack(">I4sI", 12, b"jP  ", 0) + other + struct.pack(">I4sQ", 1, b"jp2c", 0) + stream
    assert codecs.jpeg_2000(boxes, 0) == (8, 10)
    assert codecs.jpeg_2000(boxes[:60], 0) is None
    assert codecs.jpeg_2000(struct.pack(">I4sI4sI", 12, b"jP  ", 0, b"xxxx", 0), 0) is None
    small = b"\xff\x0a" + (1 | 4 << 1 | 3 << 6).to_bytes(10, "little")
    assert codecs.jpeg_xl(small, 0) == (40, 53)
    boxes = struct.pack(">I4sI", 12, b"JXL ", 0) + struct.pack(">I4sI", 24, b"jxlp", 0) + small
    assert codecs.jpeg_xl(boxes, 0) == (40, 53)


def test_lerc_has_the_values_of_one_image() -> None:
    head = b"Lerc2 " + struct.pack("<iiiiii", 2, 7, 9, 63, 8, 60)
    assert codecs.lerc(head + bytes(20), 60) == (7, 9)
    head = b"Lerc2 " + struct.pack("<iIiiiiii", 4, 0, 7, 9, 1, 63, 8, 60)
    assert codecs.lerc(head + bytes(20), 60) == (7, 9)
    # a second blob behind the first, and several values for each pixel: each would be as large
    assert codecs.lerc(head + bytes(20), 120) is None
    head = b"Lerc2 " + struct.pack("<iIiiiiii", 4, 0, 7, 9, 1000, 63, 8, 60)
    assert codecs.lerc(head + bytes(20), 60) is None


# damage


def test_a_file_cut_anywhere_is_refused(image: Path) -> None:
    content = tiff(VALUES.astype("u2"), when=datetime(2026, 1, 1), strips=2)
    for length in range(len(content)):
        image.write_bytes(content[:length])
        with pytest.raises(ReadError) as caught:
            read(image)
        assert caught.value.problems[0].place.path == str(image)


def test_the_message_says_where_and_what(image: Path) -> None:
    content = tiff(VALUES.astype("u2"), last=False)
    image.write_bytes(content[:-3])
    start = len(content) - 70
    assert (
        refused(image)
        == f": byte {start}: a strip of 70 bytes from byte {start} on, the file ends at byte {len(content) - 3}"
    )
    image.write_bytes(b"")
    assert refused(image) == ": byte 0: begins with '', a TIFF image expected ('II*' or 'MM')"
    image.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert refused(image) == ": byte 0: begins with '89 50 4e 47', a TIFF image expected ('II*' or 'MM')"


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({257: (4, struct.pack("<I", 0))}, "an image of 0 x 7 pixels, sides from 1 to 131072 expected"),
        (
            {257: (4, struct.pack("<I", 2**32 - 1))},
            "an image of 4294967295 x 7 pixels, sides from 1 to 131072 expected",
        ),
        (
            {257: (4, struct.pack("<I", 6)), 278: (3, struct.pack("<H", 6))},
            "70 bytes of values, 84 expected for 6 x 7 pixels",
        ),
        ({277: (3, struct.pack("<H", 3))}, "3 values for each pixel (colours), a grey image expected"),
        (
            {258: (3, struct.pack("<H", 1))},
            "values of 1 bits in sample format 1, integers of 8 to 64 bits or floats of 16 to 64 expected",
        ),
        (
            {339: (3, struct.pack("<H", 6))},
            "values of 16 bits in sample format 6, integers of 8 to 64 bits or floats of 16 to 64 expected",
        ),
        (
            {259: (3, struct.pack("<H", 3))},
            "compression 3, one of none, LZW, deflate, PackBits, LZMA, Zstandard, JPEG, JPEG 2000, LERC, JPEG XL "
            "expected",
        ),
        ({278: (3, struct.pack("<H", 2))}, "1 offsets and 1 sizes of strips or tiles, 3 expected for 5 x 7 pixels"),
        ({279: (4, struct.pack("<I", 0))}, "a strip of 0 bytes from byte 8 on, values expected"),
    ],
)
def test_what_a_directory_must_not_say_is_told(image: Path, extra: dict[int, tuple[int, bytes]], expected: str) -> None:
    image.write_bytes(tiff(VALUES.astype("u2"), extra=extra))
    assert refused(image).split(": ", 2)[2] == expected


def bomb(height: int, data: bytes, compression: int = 8) -> bytes:
    """Give an image that claims 100000 x *height* pixels, in one strip of the given bytes."""
    fields = {
        256: (4, struct.pack("<I", 100_000)),
        257: (4, struct.pack("<I", height)),
        258: (3, struct.pack("<H", 8)),
        259: (3, struct.pack("<H", compression)),
        278: (4, struct.pack("<I", height)),
        279: (4, struct.pack("<I", len(data))),
        339: (3, struct.pack("<H", 1)),
    }
    return tiff(np.frombuffer(data, "u1").reshape(1, -1), extra=fields)


def test_a_bomb_is_refused_before_it_is_decoded(image: Path) -> None:
    data = zlib.compress(bytes(1_000_000))
    image.write_bytes(bomb(100_000, data))
    size = image.stat().st_size
    assert refused(image).endswith(
        f": {size} bytes that become 10000000000 when decoded, at most 250 times as many expected"
    )


def test_a_strip_that_holds_more_than_it_should_is_not_decoded_further(image: Path) -> None:
    """The directory is modest, the compressed data would become 200 MB."""
    image.write_bytes(bomb(1, zlib.compress(bytes(200_000_000), 9)))
    tracemalloc.start()
    try:
        header = read_header(str(image))
        with contextlib.suppress(ReadError):  # whether it is taken or refused is up to the decoder
            assert read_pixels(header).nbytes == 100_000
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_jpeg_that_states_another_size_than_the_directory_is_refused(image: Path) -> None:
    stream = io.BytesIO()
    Pillow.fromarray(np.zeros((8, 8), "u1")).save(stream, "jpeg")
    data = stream.getvalue()
    assert codecs.jpeg(data, 0) == (8, 8)
    assert codecs.jpeg(b"\xff\xd8\xff", 0) is None
    at = data.index(b"\xff\xc0") + 5
    image.write_bytes(bomb(1, data[:at] + struct.pack(">HH", 60000, 60000) + data[at + 4 :], compression=7))
    assert refused(image) == ": byte 8: a JPEG strip of 60000 x 60000 pixels, at most 1 x 100000 expected"


def test_damaged_compressed_values_name_the_file(image: Path) -> None:
    values = np.random.default_rng(1).integers(0, 1000, (50, 80)).astype("u2")
    tifffile.imwrite(image, values, compression="deflate")
    header = read_header(str(image))
    content = bytearray(image.read_bytes())
    with tifffile.TiffFile(image) as file:
        at = file.pages[0].dataoffsets[0]
    content[at + 100 : at + 110] = b"\xff" * 10
    image.write_bytes(content)
    message = refused(image)
    assert message.startswith(": the image cannot be decoded (")
    assert message.endswith("), 50 x 80 values of uint16 expected")
    assert header.path == str(image)


def test_an_image_that_changed_since_it_was_found_is_refused(image: Path) -> None:
    image.write_bytes(tiff(VALUES.astype("u2")))
    header = read_header(str(image))
    image.write_bytes(tiff(VALUES.astype("u2"), when=datetime(2026, 1, 1)))
    with pytest.raises(ReadError, match="this image is not as it was when it was found"):
        read_pixels(header)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_byte_can_make_it_fail_in_another_way(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray(tiff(VALUES.astype("u2"), when=datetime(2026, 1, 1), strips=2, big=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "mutated.tif"
    path.write_bytes(content)
    try:
        header, values = read(path)
    except ReadError:
        return
    assert values.shape == header.shape
    assert values.dtype == header.dtype
