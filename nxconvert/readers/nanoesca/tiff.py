"""Grey TIFF images (TIFF 6.0, and BigTIFF) of a camera, one or several in a file, checked against the file's size.

What a directory declares is not believed: every table, strip and tile lies within the file, and what a compressed image
would become is bounded, before anything is decoded. Values that lie in one piece are taken as they are; compressed,
tiled and packed ones are decoded by tifffile.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import NoReturn

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Place, ReadError
from nxconvert.readers.nanoesca import codecs

#: an image that becomes larger than both when it is decoded is taken for a decompression bomb
BOMB_SIZE = 64 << 20
BOMB_RATIO = 250
#: no camera has a longer side
_LONGEST_SIDE = 1 << 17
_MOST_PIECES = 1 << 20
_MOST_ENTRIES = 4096
_MOST_IMAGES = 1 << 17
#: bits of tag 254: a small copy, a mask
_PARTS = 1 | 4
_HEAD = 8192
#: so much of a compressed strip is read for the size that it states
_STREAM_HEAD = 65536

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _FILL_ORDER = 256, 257, 258, 259, 266
_OFFSETS, _SAMPLES, _ROWS, _COUNTS, _DATE, _PREDICTOR = 273, 277, 278, 279, 306, 317
_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_COUNTS, _FORMAT = 322, 323, 324, 325, 339
_SUBFILE, _EXIF, _EXIF_DATE = 254, 34665, 36867
_WANTED = {
    *(_WIDTH, _LENGTH, _BITS, _COMPRESSION, _FILL_ORDER, _OFFSETS, _SAMPLES, _ROWS, _COUNTS, _DATE, _PREDICTOR),
    *(_TILE_WIDTH, _TILE_LENGTH, _TILE_OFFSETS, _TILE_COUNTS, _FORMAT, _SUBFILE, _EXIF, _EXIF_DATE),
}
#: size and struct code of the field types (TIFF 6.0 section 2, BigTIFF); text and rationals are taken as bytes
_TYPES = {1: (1, "B"), 2: (1, "s"), 3: (2, "H"), 4: (4, "I"), 13: (4, "I"), 16: (8, "Q"), 18: (8, "Q")}
#: compressions whose decoders stop at the size that the directory declares; others state a size of their own (codecs)
_BOUNDED = {1: "none", 5: "LZW", 8: "deflate", 32946: "deflate", 32773: "PackBits", 34925: "LZMA", 50000: "Zstandard"}
_NOT_EXACT = "decoders give other numbers beyond: save the images again, with deflate for example"
_DATE_FORM = re.compile(rb"\s*(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")

# the library tells of odd files through logging, which would write to standard error where nobody listens
logging.getLogger("tifffile").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class Image:
    """What a directory says: shape ``(y, x)``, the type as stored, time of the tag, place of the bare values.

    ``offset``: first byte of the values where they lie uncompressed in one piece, else None. ``modified``: time of
    the file in UTC. ``directory``: where the directory begins; that of the first image in the file is ``first``.
    """

    path: str
    size: int
    mtime_ns: int
    shape: tuple[int, int]
    stored: np.dtype[np.generic]
    offset: int | None
    taken: datetime | None
    directory: int
    first: int

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type of the values, little-endian."""
        return self.stored.newbyteorder("<")

    @property
    def nbytes(self) -> int:
        """Bytes of the decoded values."""
        return self.shape[0] * self.shape[1] * self.stored.itemsize

    @property
    def modified(self) -> datetime:
        """The time of the file, in UTC."""
        return datetime.fromtimestamp(self.mtime_ns / 1e9, timezone.utc)


def read_header(path: str) -> Image:
    """Read the directory of the first image; ReadError, with the byte, where it is damaged, foreign or a bomb."""
    return next(read_headers(path))


def read_headers(path: str) -> Iterator[Image]:
    """Read the directories of all images of a file but for small copies; ReadError where one is damaged."""
    with _open(path) as file:
        status = os.fstat(file.fileno())
        yield from _Header(path, file, status.st_size, status.st_mtime_ns).images()


def read_pixels(image: Image) -> Array:
    """Read the values of an image, of its shape and little-endian; ReadError where the file is damaged or changed."""
    with _open(image.path) as file:
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime_ns) != (image.size, image.mtime_ns):
            raise ReadError.at(
                image.path,
                f"this image is not as it was when it was found (then {image.size} bytes, now {status.st_size})",
                "the same file expected",
                "wait until the measurement is complete, then convert again",
            )
        if image.offset is None:
            # of one image among many not the whole file
            return _decode(image, io.BytesIO(file.read()) if image.directory == image.first else file)
        values = np.empty(image.shape, image.stored)
        file.seek(image.offset)
        view, got = values.reshape(-1).view(np.uint8).data, 0
        while got < len(view) and (count := file.readinto(view[got:])):
            got += count
        if got < len(view):
            place = Place(image.path, offset=image.offset + got)
            raise ReadError.at(place, "the file ends here", f"{image.size} bytes expected, as it had before")
    return values.astype(image.dtype, copy=False)


def _decode(image: Image, data: io.BytesIO | io.FileIO) -> Array:
    import tifffile

    try:
        with tifffile.TiffFile(data, name=image.path) as file:
            file.filehandle.seek(image.directory)
            values = tifffile.TiffPage(file, 0).asarray(maxworkers=1)
    except MemoryError:
        raise
    except Exception as error:
        # the decoders have no common error
        reason = " ".join(str(error).split())[:200]
        raise ReadError.at(
            image.path,
            f"the image cannot be decoded ({type(error).__name__}: {reason})",
            f"{_words(image.shape, image.stored)} expected",
            "fetch the file again from where it was measured",
        ) from error
    if values.shape != image.shape or values.dtype.newbyteorder("<") != image.dtype:
        raise ReadError.at(
            image.path,
            f"the image was decoded as {_words(values.shape, values.dtype)}",
            f"{_words(image.shape, image.stored)} expected, as its directory says",
        )
    return np.ascontiguousarray(values, image.dtype)


def _words(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> str:
    return f"{' x '.join(map(str, shape))} values of {dtype.name}"


def _open(path: str) -> io.FileIO:
    try:
        file = io.FileIO(path)
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise ReadError.at(path, "this is not a regular file", "a TIFF image expected")
    except OSError as error:
        raise ReadError.at(
            path, f"the image cannot be opened ({error.strerror})", "a readable file expected"
        ) from error
    return file


class _Header:
    """Reads one directory, each table only after it was found to lie within the file."""

    def __init__(self, path: str, file: io.FileIO, size: int, mtime_ns: int) -> None:
        self.path, self.file, self.size, self.mtime_ns = path, file, size, mtime_ns
        self.head = self._read(0, min(size, _HEAD))
        order = {b"II": "<", b"MM": ">"}.get(self.head[:2])
        self.order = order or "<"
        version = self._unpack("H", self.head[2:4]) if order and size >= 8 else 0
        if version not in (42, 43) or (version == 43 and size < 16):
            self.fail(0, f"begins with {self.head[:4].hex(' ')!r}", "a TIFF image expected ('II*' or 'MM')")
        self.big = version == 43
        self.first = self._unpack("Q" if self.big else "I", self.head[8:16] if self.big else self.head[4:8])
        self.at = self.first

    def fail(self, offset: int, found: str, expected: str = "", hint: str = "") -> NoReturn:
        raise ReadError.at(Place(self.path, offset=offset), found, expected, hint)

    def _read(self, offset: int, size: int) -> bytes:
        self.file.seek(offset)
        data = self.file.read(size)
        if len(data) < size:
            self.fail(offset + len(data), "the file ends here", f"{self.size} bytes expected, as it had before")
        return data

    def _unpack(self, code: str, data: bytes) -> int:
        return int(struct.unpack(self.order + code, data)[0])

    def _part(self, offset: int, size: int, what: str) -> bytes:
        """Give some bytes of the file, which must have them."""
        if offset + size > self.size:
            self.fail(
                min(offset, self.size),
                f"{what} of {size} bytes from byte {offset} on",
                f"the file ends at byte {self.size}",
                "the file is damaged or was not copied whole",
            )
        if offset + size <= len(self.head):
            return self.head[offset : offset + size]
        return self._read(offset, size)

    def directory(self, offset: int) -> tuple[dict[int, tuple[int, ...] | bytes], int]:
        """Give the wanted tags of the directory at *offset*, and where the next one is (0: none)."""
        small, entry, word = (8, 20, "Q") if self.big else (2, 12, "I")
        count = self._unpack("Q" if self.big else "H", self._part(offset, small, "the length of a directory"))
        if not 0 < count <= _MOST_ENTRIES:
            self.fail(offset, f"a directory of {count} entries", f"1 to {_MOST_ENTRIES} expected")
        size = struct.calcsize("=" + word)
        block = self._part(offset + small, count * entry + size, "a directory")
        tags: dict[int, tuple[int, ...] | bytes] = {}
        for at in range(0, count * entry, entry):
            tag, kind = struct.unpack_from(self.order + "HH", block, at)
            number = self._unpack(word, block[at + 4 : at + 4 + size])
            if tag not in _WANTED or kind not in _TYPES:
                continue
            each, code = _TYPES[kind]
            data = block[at + 4 + size : at + entry]
            if number * each > len(data):
                where = self._unpack(word, data)
                data = self._part(where, number * each, f"tag {tag}")
            if code == "s":
                tags[tag] = data[:number]
            elif number > _MOST_PIECES:
                self.fail(offset + small + at, f"tag {tag} has {number} values", f"at most {_MOST_PIECES} expected")
            else:
                tags[tag] = struct.unpack_from(f"{self.order}{number}{code}", data)
        return tags, self._unpack(word, block[count * entry :])

    def images(self) -> Iterator[Image]:
        """Read the first directory and all others that are no small copies or masks of images."""
        seen: set[int] = set()
        while self.at and self.at not in seen and len(seen) < _MOST_IMAGES:
            seen.add(self.at)
            self.tags, further = self.directory(self.at)
            if self.at == self.first or not self._one(_SUBFILE, 0) & _PARTS:
                yield self._image()
            self.at = further
        if self.at:
            found = "the directories go round in a circle" if self.at in seen else f"more than {_MOST_IMAGES} images"
            self.fail(self.at, found, "", "the file is damaged")

    def _image(self) -> Image:
        """Check what a directory says."""
        width, length = self._one(_WIDTH, 0), self._one(_LENGTH, 0)
        if not (0 < width <= _LONGEST_SIDE and 0 < length <= _LONGEST_SIDE):
            self.fail(self.at, f"an image of {length} x {width} pixels", f"sides from 1 to {_LONGEST_SIDE} expected")
        samples = self._one(_SAMPLES, 1)
        if samples != 1:
            self.fail(self.at, f"{samples} values for each pixel (colours)", "a grey image expected")
        bits = self._one(_BITS, 1)
        stored = self._dtype(bits, self._one(_FORMAT, 1))
        offset = self._pieces(width, length, bits, stored)
        shape = (length, width)
        return Image(self.path, self.size, self.mtime_ns, shape, stored, offset, self._date(), self.at, self.first)

    def _one(self, tag: int, default: int) -> int:
        value = self.tags.get(tag)
        return value[0] if isinstance(value, tuple) and value else default

    def _many(self, tag: int) -> tuple[int, ...]:
        value = self.tags.get(tag)
        return value if isinstance(value, tuple) else ()

    def _dtype(self, bits: int, kind: int) -> np.dtype[np.generic]:
        letter = {1: "u", 2: "i", 3: "f", 4: "u"}.get(kind)
        if letter is not None and bits in (8, 16, 32, 64) and (letter, bits) != ("f", 8):
            return np.dtype(f"{self.order}{letter}{bits // 8}")
        if letter == "u" and bits in (10, 12, 14):  # packed, unpacked by tifffile
            return np.dtype(f"{self.order}u2")
        found = f"values of {bits} bits in sample format {kind}"
        return self.fail(self.at, found, "integers of 8 to 64 bits or floats of 16 to 64 expected")

    def _pieces(self, width: int, length: int, bits: int, stored: np.dtype[np.generic]) -> int | None:
        """Check all strips or tiles; give the first byte of the values where they lie bare and in one piece."""
        compression = self._one(_COMPRESSION, 1)
        if compression not in _BOUNDED and compression not in codecs.SIZES:
            self.fail(
                self.at,
                f"compression {compression}",
                f"one of {', '.join(dict.fromkeys((*_BOUNDED.values(), *codecs.NAMES.values())))} expected",
                "save the images again without loss, with deflate for example",
            )
        tiled = _TILE_OFFSETS in self.tags or _TILE_WIDTH in self.tags
        if tiled:
            across, down = self._one(_TILE_WIDTH, 0), self._one(_TILE_LENGTH, 0)
            if not (0 < across <= _LONGEST_SIDE and 0 < down <= _LONGEST_SIDE):
                self.fail(self.at, f"tiles of {down} x {across} pixels", f"sides from 1 to {_LONGEST_SIDE} expected")
        else:
            across, down = width, min(max(self._one(_ROWS, length), 1), length)
        pieces = -(-width // across) * -(-length // down)
        needed = pieces * down * (-(-across * bits // 8)) if tiled else length * (-(-width * bits // 8))
        offsets = self._many(_TILE_OFFSETS if tiled else _OFFSETS)
        counts = self._many(_TILE_COUNTS if tiled else _COUNTS)
        if not counts and compression == 1 and len(offsets) == pieces == 1:
            counts = (needed,)  # old writers leave it out where it is clear
        if not (len(offsets) == len(counts) == pieces):
            self.fail(
                self.at,
                f"{len(offsets)} offsets and {len(counts)} sizes of strips or tiles",
                f"{pieces} expected for {length} x {width} pixels",
                "the file is damaged",
            )
        for start, count in zip(offsets, counts, strict=True):
            if count == 0 or start + count > self.size:
                self.fail(
                    min(start, self.size),
                    f"a strip of {count} bytes from byte {start} on",
                    f"the file ends at byte {self.size}" if count else "values expected",
                    "the file is damaged or was not copied whole",
                )
        self._bound(compression, needed * stored.itemsize * 8 // bits, stored, offsets, counts, (down, across))
        if compression == 1 and sum(counts) < needed:
            found = f"{sum(counts)} bytes of values"
            self.fail(offsets[0], found, f"{needed} expected for {length} x {width} pixels", "the file is damaged")
        is_bare = compression == self._one(_PREDICTOR, 1) == self._one(_FILL_ORDER, 1) == 1 and not tiled
        joined = all(start + count == after for start, count, after in zip(offsets, counts, offsets[1:], strict=False))
        return offsets[0] if is_bare and joined and bits == stored.itemsize * 8 else None

    def _bound(
        self,
        compression: int,
        decoded: int,
        stored: np.dtype[np.generic],
        offsets: tuple[int, ...],
        counts: tuple[int, ...],
        piece: tuple[int, int],
    ) -> None:
        """Refuse what would become too large when it is decoded."""
        if decoded > max(BOMB_SIZE, BOMB_RATIO * self.size):
            self.fail(
                self.at,
                f"{self.size} bytes that become {decoded} when decoded",
                f"at most {BOMB_RATIO} times as many expected",
                "decompress the image yourself if it is what it should be",
            )
        if compression in codecs.SIZES:
            name = codecs.NAMES[compression]
            if name == "JPEG 2000" and stored.itemsize > 2:
                self.fail(self.at, f"JPEG 2000 of {8 * stored.itemsize} bits", "at most 16 expected", _NOT_EXACT)
            for start, count in zip(offsets, counts, strict=True):
                size = codecs.SIZES[compression](self._part(start, min(count, _STREAM_HEAD), "a strip"), count)
                if size is None or size[0] > piece[0] or size[1] > piece[1]:
                    self.fail(
                        start,
                        f"a {name} strip of {'unknown size' if size is None else f'{size[0]} x {size[1]} pixels'}",
                        f"at most {piece[0]} x {piece[1]} expected",
                        "the file is damaged",
                    )

    def _date(self) -> datetime | None:
        text = self.tags.get(_DATE)
        exif = self._one(_EXIF, 0)
        if not isinstance(text, bytes) and exif:
            with contextlib.suppress(ReadError):  # without it the image is as good
                text = self.directory(exif)[0].get(_EXIF_DATE)
        match = _DATE_FORM.match(text) if isinstance(text, bytes) else None
        try:
            return datetime(*map(int, match.groups())) if match else None  # type: ignore[arg-type]
        except ValueError:
            return None
