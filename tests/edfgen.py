"""EDF files in all the forms in which they occur, made by code: each with the pixels that a reader must find in it."""

from __future__ import annotations

import bz2
import gzip
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import lz4.frame
import numpy as np

Array = np.ndarray[Any, Any]
Items = Sequence[tuple[str, object] | str]

#: the name of each type that the classic writers use
NAMES = {
    "i1": "SignedByte",
    "u1": "UnsignedByte",
    "i2": "SignedShort",
    "u2": "UnsignedShort",
    "i4": "SignedInteger",
    "u4": "UnsignedInteger",
    "i8": "Signed64",
    "u8": "Unsigned64",
    "f4": "FloatValue",
    "f8": "DoubleValue",
}


def image(index: int = 0, shape: tuple[int, ...] = (3, 4), dtype: str = "<u2") -> Array:
    """Give frame *index*: no two pixels, frames, rows or columns of it can be exchanged unnoticed."""
    size = int(np.prod(shape))
    values = np.arange(size) * 3 + 7 * (index + 1)
    if np.dtype(dtype).kind == "f":
        return (values / 7 - 1.5).astype(dtype).reshape(shape)
    if np.dtype(dtype).kind == "i":
        values = values - size
    return (values % (127 if np.dtype(dtype).itemsize == 1 else 32000)).astype(dtype).reshape(shape)


def text(
    items: Items,
    pad: int = 512,
    end: str = "\n",
    fill: bytes = b" ",
    opening: str | None = None,
    closing: str = "}",
) -> bytes:
    """Give a header: one line for each item, filled up to a multiple of *pad* bytes (0: not filled)."""
    lines = [item if isinstance(item, str) else f"{item[0]} = {item[1]} ;" for item in items]
    data = ((f"{{{end}" if opening is None else opening) + "".join(line + end for line in lines)).encode("latin-1")
    last = (closing + end).encode()
    missing = -(len(data) + len(last)) % pad if pad else 0
    return data + fill * missing + last


def structure(array: Array, name: str | None = None, size: int | None = None, order: str | None = None) -> list[Any]:
    """Give the items that describe an array; None in *size*: as it is, 0: no such item."""
    items: list[Any] = [
        ("ByteOrder", order or ("HighByteFirst" if array.dtype.byteorder == ">" else "LowByteFirst")),
        ("DataType", name or NAMES[array.dtype.str[1:]]),
        *((f"Dim_{number}", length) for number, length in enumerate(reversed(array.shape), 1)),
    ]
    if size != 0:
        items.append(("Size", array.nbytes if size is None else size))
    return items


def block(array: Array, items: Items = (), number: int = 0, *, blob: bytes | None = None, **how: Any) -> bytes:
    """Give header and data of one frame as SPEC writes them; *items* come after the structural ones."""
    keys = {key: how.pop(key) for key in ("name", "size", "order") if key in how}
    head = text(
        [("HeaderID", f"EH:{number + 1:06d}:000000:000000"), ("Image", number), *structure(array, **keys), *items],
        **how,
    )
    return head + (array.tobytes() if blob is None else blob)


def scan(frames: Iterable[Array], items: Callable[[int], Items] = lambda index: (), **how: Any) -> bytes:
    """Give a multiframe file; *items* gives further ones for each frame."""
    return b"".join(block(array, items(index), index, **how) for index, array in enumerate(frames))


@dataclass
class Variant:
    """A file (or several: the first one is opened) and what is in it.

    ``told``: severities of the problems in order, ``header``: items of the first frame, ``fabio``: whether fabio reads
    the same pixels from it.
    """

    name: str
    data: bytes
    frames: list[Array]
    told: list[str] = field(default_factory=list)
    header: dict[str, str] = field(default_factory=dict)
    fabio: bool = True
    file: str = "a.edf"
    others: dict[str, bytes] = field(default_factory=dict)
    errors: dict[int, Array] = field(default_factory=dict)


def variants() -> list[Variant]:
    """Give all variants."""
    return [*_families(), *_layouts(), *_grammar(), *_types(), *_sizes(), *_blobs(), *_whole_files(), *_others()]


def _families() -> list[Variant]:
    one, three = image(), [image(index) for index in range(3)]
    big = [image(index, dtype=">u2") for index in range(3)]
    padded = "\n".join(
        f"{key:<14} = {value} ;" for key, value in [("HeaderID", "EH:1"), *structure(one), ("offset", 0)]
    )
    psd = [
        text(
            [
                ("EDF_DataBlockID", f"{index}.Image.Psd"),
                ("EDF_BinarySize", array.nbytes),
                ("EDF_HeaderSize", 512),
                *structure(array),
                ("Image", index),
            ]
        )
        + array.tobytes()
        for index, array in enumerate(three)
    ]
    lima = scan(
        three,
        lambda index: [
            ("acq_frame_nb", index),
            ("time", f"Thu Feb 11 09:55:{20 + index} 2016"),
            ("time_of_day", f"{1455180920 + index}.500000"),
            ("time_of_frame", f"{index * 0.25:.6f}"),
            ("acq_expo_time", 0.2),
            ("motor_mne", "th  phi chi"),
            ("motor_pos", f"{index * 0.5} 10  -3.25"),
            ("counter_mne", "sec mon"),
            ("counter_pos", f"1 {1000 + index}"),
        ],
        pad=1024,
    )
    saxs = b"".join(
        b"\n" * bool(index)
        + text(
            [("EDF_DataBlockID", f"{index + 1}.Image.Psd"), ("EDF_BinarySize", array.nbytes), *structure(array)],
            end="\r\n",
        )
        + array.tobytes()
        for index, array in enumerate(three)
    )
    return [
        Variant("classic, one frame", block(one), [one], header={"Dim_1": "4", "HeaderID": "EH:000001:000000:000000"}),
        Variant("classic, three frames", scan(three), three, header={"Image": "0"}),
        Variant("key column aligned as SPEC does", text([padded], 1024) + one.tobytes(), [one], header={"offset": "0"}),
        Variant("blocks with EDF_DataBlockID", b"".join(psd), three),
        Variant("Lima", lima, three, header={"motor_mne": "th  phi chi", "time_of_frame": "0.000000"}),
        Variant("SAXS, CRLF and a line before each brace", saxs, three),
        Variant("PyMca, header of 1024", scan(big, pad=1024), [array.astype("<u2") for array in big]),
        Variant("Pilatus camserver", text([("VersionNumber", "0.10"), *structure(one)]) + one.tobytes(), [one]),
        Variant(
            "ge5, first key on the brace line",
            text([("Image", 0), *structure(one)], 8192, opening="{EDF_DataBlockID = 0.Image.Psd ;\n") + one.tobytes(),
            [one],
            header={"EDF_DataBlockID": "0.Image.Psd"},
        ),
        Variant(
            "ge5, Num_Images",
            text([*structure(one), ("Num_Images", 3)], 8192, opening="{EDF_DataBlockID = 0.Image.Psd ;\n")
            + b"".join(array.tobytes() for array in three),
            three,
            fabio=False,
        ),
        Variant(
            "ge5, frames of zeros",
            text([*structure(one), ("Num_Images", 3)], 8192) + bytes(72),
            [one * 0] * 3,
            fabio=False,
        ),
        Variant(
            "ge5, one frame too few",
            text([*structure(one), ("Num_Images", 3)], 8192) + b"".join(array.tobytes() for array in three[:2]),
            three[:2],
            ["lost"],
            fabio=False,
        ),
        Variant(
            "Lima, concatenated frames",
            text(
                [
                    ("HeaderID", "EH:000001:000000:000000"),
                    ("ByteOrder", "LowByteFirst"),
                    ("DataType", "UnsignedShort"),
                    "Size = 72       ;",
                    ("Dim_1", 4),
                    "Dim_2 = 9        ;",
                    ("acq_nb_frames", 3),
                ],
                1024,
            )
            + b"".join(array.tobytes() for array in three),
            three,
            ["note"],
            fabio=False,
        ),
    ]


def _layouts() -> list[Variant]:
    one, frames = image(), [image(index) for index in range(12)]
    three = frames[:3]
    long = [("motor_pos", " ".join(f"{number * 0.123456789:.9f}" for number in range(40_000)))]
    growing = scan(frames, lambda index: [("comment", "x" * (index * 60))])
    counted = scan([image(index) for index in range(120)], lambda index: [("filler", "y" * 301), ("counter", index)])
    split_end = [text([*structure(one), ("fill", "z" * length)], 0) for length in range(370, 460)]
    at_edge = next(head for head in split_end if len(head) % 512 == 1)
    return [
        Variant("header without fill", scan(three, pad=0), three),
        Variant("header filled with NUL", scan(three, fill=b"\0"), three),
        Variant("header filled with 0xCD", scan(three, fill=b"\xcd"), three, fabio=False),
        Variant("header size grows over blocks of 512", growing, frames),
        Variant("counters grow in digits and cross a block", counted, [image(index) for index in range(120)]),
        Variant("the end of the header over a border of 512", at_edge + one.tobytes(), [one]),
        Variant("header of 500 kB", block(one, long), [one], fabio=False),
        Variant("header of 500 kB, two frames", scan(three[:2], lambda index: long), three[:2], fabio=False),
        Variant(
            "white space before each block",
            b" \n" + b"\n\n".join(block(array, number=index) for index, array in enumerate(three)),
            three,
            fabio=False,
        ),
        Variant("byte order mark", b"\xef\xbb\xbf" + block(one), [one], fabio=False),
        Variant(
            "carriage return after the closing brace",
            text(structure(one), 0)[:-1] + b"\r" + one.tobytes(),
            [one],
            fabio=False,
        ),
        Variant(
            "brace at the end of a line in a value",
            block(one, ["note = {a}\n b ;"]),
            [one],
            header={"note": "{a}\nb"},
            fabio=False,
        ),
        Variant(
            "JSON as a value",
            block(one, ['meta = {\n "a": 1\n}\n;']),
            [one],
            header={"meta": '{\n"a": 1\n}'},
            fabio=False,
        ),
        Variant("JSON as a value, no fill", block(one, ['meta = {\n "a": 1\n}\n;'], pad=0), [one], fabio=False),
        Variant(
            "the last item without semicolon",
            text([*structure(one), "title = x"]) + one.tobytes(),
            [one],
            header={"title": "x"},
        ),
        Variant(
            "the last item without semicolon, two frames",
            (text([*structure(one), "title = x"], 0) + one.tobytes()) * 2,
            [one, one],
            fabio=False,
        ),
        Variant("end of line at the end of the file", scan(three) + b"\n", three),
        Variant("NULs at the end of the file", scan(three) + bytes(700), three, fabio=False),
        Variant("junk at the end of the file", scan(three) + b"junk" * 50, three, ["warning"], fabio=False),
    ]


def _grammar() -> list[Variant]:
    one, three = image(), [image(index) for index in range(3)]

    def with_items(
        name: str, items: Items, header: dict[str, str], told: Sequence[str] = (), fabio: bool = True
    ) -> Variant:
        return Variant(name, block(one, items), [one], list(told), header, fabio)

    tabs = text(
        [
            "HeaderID\t=\tEH:1\t;",
            "ByteOrder\t=LowByteFirst;",
            "DataType=UnsignedShort;",
            "Dim_1\t\t=  4;",
            "Dim_2=3;",
            "Size =24 ;",
        ]
    )
    comments = text(
        [
            "ByteOrder = LowByteFirst ; the order",
            "DataType = UnsignedShort",
            "Dim_1 = 4 ; columns",
            "Dim_2 = 3 ; rows",
            "Size = 24 ; size of data section",
            "title = a ; a comment",
            "run = 5 ;",
        ]
    )
    one_line = text(
        ["ByteOrder = LowByteFirst ; DataType = UnsignedShort ; Dim_1 = 4 ; Dim_2 = 3 ; Size = 24 ; run = 5 ;"]
    )
    upper = text(
        [("BYTEORDER", "HIGHBYTEFIRST"), ("datatype", "unsignedshort"), ("dim_1", 4), ("DIM_2", 3), ("size", 24)]
    )
    forgotten = text(["title = no semicolon", *structure(one)])
    return [
        with_items("semicolon in a value", ["title = a ; b = c ;"], {"title": "a ; b = c"}),
        with_items("key with blanks", [("Flip Y", 1), ("MCA start ch", 0)], {"Flip Y": "1", "MCA start ch": "0"}),
        with_items(
            "key with slash, point, minus",
            [("slit/gap", 2), ("a.b", 1), ("History-1", "x"), ("9lives", 1)],
            {"slit/gap": "2", "a.b": "1", "History-1": "x", "9lives": "1"},
        ),
        with_items("empty value", ["credit = ;", "credit2 =;"], {"credit": "", "credit2": ""}),
        with_items("item without equals sign", ["nothing here ;", ("run", 1)], {"run": "1"}),
        with_items("item with an empty key", [" = 5 ;", ("run", 1)], {"run": "1"}, fabio=True),
        with_items("equals sign in a value", [("command", "a=b=c")], {"command": "a=b=c"}),
        with_items("value over lines", ["prefix = \n/data/x\n;", ("run", 1)], {"prefix": "/data/x", "run": "1"}),
        with_items("value over lines with backslashes", ["History-1 = one \\", " two ;"], {"History-1": "one\ntwo"}),
        with_items("the same key twice", [("run", 1), ("run", 2)], {"run": "2"}),
        with_items("keys that differ in case", [("Title", "A"), ("title", "b")], {"Title": "A", "title": "b"}),
        with_items("latin-1", [("unit", "\xb5m 20 \xb0")], {"unit": "µm 20 °"}),
        with_items("UTF-8", [("unit", "µm".encode().decode("latin-1"))], {"unit": "µm"}),
        Variant(
            "latin-1 in several frames",
            scan(three, lambda index: [("name", f"Zo\xeb {index}")]),
            three,
            header={"name": "Zoë 0"},
        ),
        Variant("tabs and no blanks", tabs + one.tobytes(), [one], header={"HeaderID": "EH:1"}),
        Variant(
            "comments behind semicolons",
            comments + one.tobytes(),
            [one],
            header={"Size": "24", "title": "a", "run": "5"},
            fabio=False,
        ),
        Variant("several items on a line", one_line + one.tobytes(), [one], header={"Dim_2": "3", "run": "5"}),
        Variant("structural keys in other letter case", upper + one.astype(">u2").tobytes(), [one], fabio=False),
        Variant(
            "a forgotten semicolon",
            forgotten + one.tobytes(),
            [one],
            header={"title": "no semicolon", "ByteOrder": "LowByteFirst"},
            fabio=False,
        ),
        Variant(
            "Dim as a float",
            text(
                [
                    ("ByteOrder", "LowByteFirst"),
                    ("DataType", "UnsignedShort"),
                    ("Dim_1", "4.0"),
                    ("Dim_2", "3.0"),
                    ("Size", 24),
                ]
            )
            + one.tobytes(),
            [one],
        ),
        Variant(
            "structural key twice, the last one counts", text([("Dim_1", 400), *structure(one)]) + one.tobytes(), [one]
        ),
    ]


#: name in the header, type; those that fabio knows first
TYPE_NAMES = [
    *((name, code, True) for code, names in {
        "i1": ("SignedByte", "Signed8"),
        "u1": ("UnsignedByte", "Unsigned8"),
        "i2": ("SignedShort", "Signed16"),
        "u2": ("UnsignedShort", "Unsigned16", "UnsignedShortInteger"),
        "i4": ("SignedInteger", "Signed32", "SignedLong"),
        "u4": ("UnsignedInteger", "Unsigned32", "UnsignedLong"),
        "i8": ("Signed64",),
        "u8": ("Unsigned64",),
        "f4": ("FloatValue", "FLOATVALUE", "FLOAT", "Float", "FloatIEEE32", "Float32"),
        "f8": ("Double", "DoubleValue", "FloatIEEE64", "DoubleIEEE64"),
    }.items() for name in names),
    *((name, code, False) for code, names in {
        "i1": ("signedbyte", "SIGNED8"),
        "u1": ("UnsignedCharacter", "unsignedbyte"),
        "i2": ("Short", "short"),
        "u2": ("unsignedshort", "UNSIGNEDSHORT"),
        "i4": ("Integer", "Long", "SignedInt", "integer"),
        "u4": ("UnsignedInt", "unsignedlong"),
        "i8": ("SignedLongLong", "SignedLong", "Long"),
        "u8": ("UnsignedLongLong", "UnsignedLong"),
        "f4": ("Real", "real", "floatvalue"),
        "f8": ("Float64", "doublevalue"),
    }.items() for name in names),
]  # fmt: skip


def _types() -> list[Variant]:
    made = []
    for name, code, fabio in TYPE_NAMES:
        for order in "<>":
            frames = [image(index, (3, 4), order + code) for index in range(2)]
            data = scan(frames, name=name, order="HighByteFirst" if order == ">" else "LowByteFirst")
            native = [array.astype("<" + code) for array in frames]
            made.append(Variant(f"{name} as {order}{code}", data, native, fabio=fabio))
    shapes = [(5,), (1, 5), (5, 1), (2, 3, 4), (2, 3, 4, 5)]
    for shape in shapes:
        array = image(0, shape)
        made.append(
            Variant(
                f"{len(shape)} dimensions {shape}", scan([array, array + 1]), [array, array + 1], fabio=len(shape) > 1
            )
        )
    one, byte = image(), image(0, dtype="u1")
    only = [("DataType", "UnsignedByte"), ("Dim_1", 4), ("Dim_2", 3), ("Size", 12)]
    return [
        *made,
        Variant("no ByteOrder, 8 bits", text(only) + byte.tobytes(), [byte], fabio=False),
        Variant("no ByteOrder, 16 bits", text(structure(one)[1:]) + one.tobytes(), [one], ["warning"], fabio=False),
        Variant("unknown ByteOrder", text(structure(one, order="Sideways")) + one.tobytes(), [one], ["warning"]),
        Variant(
            "no DataType",
            text([item for item in structure(one) if item[0] != "DataType"]) + one.tobytes(),
            [one],
            ["warning"],
        ),
        Variant(
            "unknown DataType in the first of two frames",
            text(structure(one, name="Complex")) + one.tobytes() + block(one),
            [one],
            ["lost"],
            fabio=False,
        ),
        *_quadruples(),
    ]


QUADRUPLES = [
    0.0,
    1.0,
    -1.5,
    0.1,
    1e300,
    -1e-300,
    5e-324,
    float("inf"),
    float("-inf"),
    2.0**-1074 * 3,
    123456789.125,
    1 / 3,
]


def quad(value: float) -> bytes:
    """Give a number as IEEE 754 binary128, little-endian."""
    if value in (float("inf"), float("-inf")):
        return struct.pack("<QQ", 0, 0x7FFF << 48 | (value < 0) << 63)
    sign = int(np.signbit(value))
    if value == 0:
        return struct.pack("<QQ", 0, sign << 63)
    mantissa, exponent = np.frexp(abs(value))
    whole = int(mantissa * 2**53) << (113 - 53)  # with the leading bit
    bits = sign << 127 | int(exponent - 1 + 16383) << 112 | whole & (1 << 112) - 1
    return bits.to_bytes(16, "little")


def extended(value: float) -> bytes:
    """Give a number as x86 extended precision in 16 bytes, little-endian."""
    sign = int(np.signbit(value))
    if np.isinf(value):
        return struct.pack("<QHxxxxxx", 1 << 63, 0x7FFF | sign << 15)
    if value == 0:
        return struct.pack("<QHxxxxxx", 0, sign << 15)
    mantissa, exponent = np.frexp(abs(value))
    return struct.pack("<QHxxxxxx", int(mantissa * 2**53) << 11, int(exponent - 1 + 16383) | sign << 15)


def _quadruples() -> list[Variant]:
    expected = np.array(QUADRUPLES).reshape(3, 4)
    made = []
    for name, encode in (("IEEE", quad), ("x86", extended)):
        for order in ("LowByteFirst", "HighByteFirst"):
            cells = [encode(value)[:: 1 if order[0] == "L" else -1] for value in QUADRUPLES]
            items = [("ByteOrder", order), ("DataType", "QuadrupleValue"), ("Dim_1", 4), ("Dim_2", 3), ("Size", 192)]
            made.append(
                Variant(
                    f"128 bits, {name}, {order}", text(items) + b"".join(cells), [expected], ["warning"], fabio=False
                )
            )
    return made


def _sizes() -> list[Variant]:
    three = [image(index) for index in range(3)]
    one = three[0]
    zeros = [one * 0, one, one * 0]

    def padded(to: int, **how: Any) -> bytes:
        return b"".join(
            block(array, number=index, **how) + bytes(-array.nbytes % to) for index, array in enumerate(three)
        )

    binary = b"".join(
        text([("EDF_BinarySize", 512), *structure(array)]) + array.tobytes() + bytes(488) for array in three
    )
    general = text(
        [
            ("EDF_DataFormatVersion", "2.40"),
            ("EDF_DataBlocks", 2),
            ("EDF_BinarySize", 0),
            ("ByteOrder", "HighByteFirst"),
            ("DataType", "SignedShort"),
            ("dim_1", 4),
            ("DIM_2", 3),
            ("Title", "all"),
            ("Center_1", 2.5),
        ]
    )
    signed = [image(index, dtype=">i2") for index in range(2)]
    two = b"".join(
        text([("EDF_DataBlockID", f"{index}.Image.Psd"), ("Size", 24), ("Center_1", index)]) + array.tobytes()
        for index, array in enumerate(signed)
    )
    blob = (
        text([("EDF_DataFormatVersion", "2.40"), ("EDF_BinarySize", 512), ("ByteOrder", "LowByteFirst")]) + b"g" * 512
    )
    native = [array.astype("<i2") for array in signed]
    second = text(
        [
            ("EDF_DataFormatVersion", "2.40"),
            ("EDF_BinarySize", 0),
            ("ByteOrder", "HighByteFirst"),
            ("DataType", "SignedShort"),
            ("Dim_1", 4),
            ("Dim_2", 3),
        ]
    )
    return [
        Variant("Size rounded up and padded", padded(512, size=512), three),
        Variant(
            "Size rounded up, the last frame is not padded",
            padded(512, size=512)[:-488],
            three,
            ["note"],
            fabio=False,
        ),
        Variant("Size rounded up, one frame, not padded", block(one, size=512), [one], ["note"]),
        Variant("EDF_BinarySize padded, Size net", binary, three, ["note"], fabio=False),
        Variant("padding to 512 not announced", padded(512), three, [], fabio=False),
        Variant("padding to 1024 not announced", padded(1024), three, [], fabio=False),
        Variant(
            "padding to 1024 not announced, frames of zeros",
            b"".join(block(array, number=index) + bytes(1000) for index, array in enumerate(zeros)),
            zeros,
            [],
            fabio=False,
        ),
        Variant(
            "padding of 3000 bytes that are no blanks",
            b"".join(block(array, number=index) + b"x" * 3000 for index, array in enumerate(three[:2]))
            + block(three[2]),
            three,
            ["note"],
            fabio=False,
        ),
        Variant("no Size", scan(three, size=0), three),
        Variant("Size too big", scan(three, size=96), three, ["note"], fabio=False),
        Variant("Size in pixels", scan(three, size=12), three, ["note"], fabio=False),
        Variant(
            "general block",
            general + two,
            native,
            header={"Title": "all", "Center_1": "0", "EDF_DataBlockID": "0.Image.Psd"},
            fabio=False,
        ),
        Variant("general block, two of them", blob.replace(b"512", b"  0")[:512] + second + two, native, fabio=False),
        Variant(
            "general block with data of its own",
            blob + text([("DataType", "UnsignedShort"), ("Dim_1", 4), ("Dim_2", 3), ("Size", 24)]) + one.tobytes(),
            [one],
        ),
        Variant(
            "a block without an image between frames",
            block(one) + text([("HeaderID", "EH:2"), ("Title", "nothing")]) + block(three[1]),
            [one, three[1]],
            ["lost"],
            fabio=False,
        ),
        Variant(
            "frames of different shape and type",
            block(one) + block(image(1, (2, 2), ">f4"), number=1) + block(three[2], number=2),
            [one, image(1, (2, 2), "<f4"), three[2]],
        ),
        Variant(
            "the next header is shorter by a byte",
            block(image(0, (1,), "<i2") * 0, pad=0, size=0) + block(image(0, (1,), "i1") * 0, pad=0, size=0),
            [image(0, (1,), "<i2") * 0, image(0, (1,), "i1") * 0],
            fabio=False,
        ),
        Variant("the last frame breaks off", scan(three)[:-1], three[:2], ["lost"], fabio=False),
        Variant("the last header breaks off", scan(three)[: 2 * 536 + 300], three[:2], ["lost"], fabio=False),
        Variant("the last header has no data", scan(three)[: 2 * 536 + 512], three[:2], ["lost"], fabio=False),
    ]


def _blobs() -> list[Variant]:
    three = [image(index, (20, 30)) for index in range(3)]
    methods: dict[str, Callable[[bytes], bytes]] = {
        "GzipCompression": lambda data: gzip.compress(data, mtime=0),
        "ZCompression": zlib.compress,
        "BzipCompression": bz2.compress,
    }
    made = []
    for name, method in methods.items():
        blobs = [method(array.tobytes()) for array in three]
        own = b"".join(
            text([("EDF_BinarySize", len(data)), ("Compression", name), *structure(array, size=0)]) + data
            for array, data in zip(three, blobs, strict=True)
        )
        both = b"".join(
            text([("EDF_BinarySize", len(data)), ("Compression", name), *structure(array)]) + data
            for array, data in zip(three, blobs, strict=True)
        )
        stated = text([("Compression", name), *structure(three[0], size=len(blobs[0]))]) + blobs[0]
        none = b"".join(
            text([("HeaderID", "EH:1"), ("Compression", name), *structure(array, size=0)]) + data
            for array, data in zip(three, blobs, strict=True)
        )
        made += [
            Variant(f"{name}, EDF_BinarySize", own, three, fabio=False),
            Variant(f"{name}, EDF_BinarySize and Size", both, three, fabio=False),
            Variant(f"{name}, Size", stated, three[:1], fabio=name != "BzipCompression"),
            Variant(f"{name}, no size", none, three, fabio=False),
        ]
    for name in ("UnCompressed", "None", "NoSpecificValue"):
        made.append(
            Variant(
                f"Compression = {name}",
                scan(three, lambda index, name=name: [("Compression", name)]),
                three,
                fabio=name == "None",
            )
        )
    made.append(
        Variant(
            "compression stated, none there",
            scan(three, lambda index: [("Compression", "GzipCompression")]),
            three,
            ["warning"],
            fabio=False,
        )
    )
    offset = _byte_offset(image(0, (4, 5), "<i4"))
    made.append(
        Variant(
            "ByteOffset",
            text(
                [
                    ("EDF_BinarySize", len(offset)),
                    ("Compression", "ByteOffset"),
                    *structure(image(0, (4, 5), "<i4"), size=0),
                ]
            )
            + offset,
            [image(0, (4, 5), "<i4")],
            fabio=False,
        )
    )
    return made


def _byte_offset(array: Array) -> bytes:
    """Compress as CBF does: the difference to the pixel before in one byte, or after a mark in two or four."""
    result, before = b"", 0
    for value in array.reshape(-1).tolist():
        step, before = value - before, value
        if -128 < step < 128:
            result += struct.pack("<b", step)
        elif -32768 < step < 32768:
            result += b"\x80" + struct.pack("<h", step)
        else:
            result += b"\x80\x00\x80" + struct.pack("<i", step)
    return result


def _whole_files() -> list[Variant]:
    frames = [image(index, (20, 30)) for index in range(8)]
    plain = scan(frames, lambda index: [("motor_mne", "th"), ("motor_pos", index)])
    # as Lima writes them: linked blocks of 256 kB, no size, no checksum
    pack = partial(lz4.frame.compress, block_size=lz4.frame.BLOCKSIZE_MAX256KB, block_linked=True, store_size=False)
    blocks = [(block(array, number=index), array.nbytes) for index, array in enumerate(frames)]
    lima = b"".join(pack(whole[:-size]) + pack(whole[-size:]) for whole, size in blocks)
    members = b"".join(gzip.compress(block(array, number=index), mtime=0) for index, array in enumerate(frames))
    # what looks like the beginning of a member in the compressed data of another one
    stored = b"".join(_stored(block(array, number=index)) for index, array in enumerate(frames))
    marked = [array.copy() for array in frames]
    marked[2].view("u1").reshape(-1)[40:50] = np.frombuffer(b"\x1f\x8b\x08\0\0\0\0\0\0\3", "u1")
    confusing = b"".join(_stored(block(array, number=index)) for index, array in enumerate(marked))
    return [
        Variant("gz, one member for each frame", members, frames, file="a.edf.gz"),
        Variant(
            "gz, one member for each frame, padded with NUL", members + bytes(100), frames, file="a.edf.gz", fabio=False
        ),
        Variant("gz, one member for each frame, stored", stored, frames, file="a.edf.gz"),
        Variant("gz, with the mark of a member in the pixels", confusing, marked, file="a.edf.gz"),
        Variant("lz4, header and data of each frame apart (Lima)", lima, frames, file="a.edf.lz4", fabio=False),
        Variant("gz, one member for all frames", gzip.compress(plain, mtime=0), frames, file="a.edf.gz"),
        Variant("gz, one frame", gzip.compress(block(frames[0]), mtime=0), frames[:1], file="a.edf.gz"),
        Variant(
            "gz, cut anywhere into members",
            gzip.compress(plain[:700], mtime=0) + gzip.compress(plain[700:], mtime=0),
            frames,
            file="a.edf.gz",
        ),
        Variant("gz, the last member breaks off", members[:-40], frames[:7], ["lost"], file="a.edf.gz", fabio=False),
        Variant("gz, its checksum breaks off", members[:-4], frames[:7], ["lost"], file="a.edf.gz", fabio=False),
        Variant("gz, called .edf", members, frames, fabio=False),
        Variant("not compressed, called .edf.gz", plain, frames, file="a.edf.gz", fabio=False),
        Variant("bz2", bz2.compress(plain), frames, file="a.edf.bz2"),
        Variant(
            "bz2, one stream for each frame",
            b"".join(bz2.compress(block(array, number=index)) for index, array in enumerate(frames)),
            frames,
            file="a.edf.bz2",
        ),
    ]


def _stored(data: bytes) -> bytes:
    """Give a gzip member whose data are not compressed."""
    return gzip.compress(data, 0, mtime=0)


def _others() -> list[Variant]:
    three = [image(index) for index in range(3)]
    variance = [image(index + 5, dtype="<f4") for index in range(3)]
    variance = [np.abs(array) for array in variance]
    equal = [array.astype("<f4") for array in three]

    def head(index: int, name: str, array: Array, *items: tuple[str, object]) -> bytes:
        return text(
            [("EDF_DataBlockID", f"{index}.Image.{name}"), ("EDF_BinarySize", array.nbytes), *structure(array), *items]
        )

    pairs = b"".join(
        head(index, "Psd", array, ("Title", "x")) + array.tobytes() + head(index, "Error", error) + error.tobytes()
        for index, (array, error) in enumerate(zip(equal, variance, strict=True))
    )

    def external(name: str, position: int, **how: Any) -> bytes:
        return text(
            [
                ("EDF_BinaryFileName", name),
                ("EDF_BinaryFilePosition", position),
                ("EDF_BinaryFileSize", 24),
                *structure(three[0]),
            ],
            **how,
        )

    raw = b"".join(array.tobytes() for array in three)
    ehf = b"".join(external("raw.bin", 24 * index) for index in range(3))
    return [
        Variant("Psd and Error", pairs, equal, fabio=False, errors=dict(enumerate(variance))),
        Variant("pixels in another file", ehf, three, file="a.ehf", others={"raw.bin": raw}, fabio=False),
        Variant(
            "pixels in another file, not filled headers",
            b"".join(external("raw.bin", 24 * index, pad=0) for index in range(3)),
            three,
            file="a.ehf",
            others={"raw.bin": raw},
            fabio=False,
        ),
        Variant(
            "pixels in another file that is compressed",
            ehf,
            three,
            file="a.ehf",
            others={"raw.bin.gz": gzip.compress(raw)},
            fabio=False,
        ),
        Variant(
            "pixels in a file of a folder below",
            external("sub/raw.bin", 24),
            [three[1]],
            file="a.ehf",
            others={"sub/raw.bin": raw},
            fabio=False,
        ),
        Variant(
            "pixels in a file that has moved along",
            external("/elsewhere/sub/raw.bin", 24),
            [three[1]],
            file="a.ehf",
            others={"raw.bin": raw},
            fabio=False,
        ),
        Variant(
            "one of the other files is missing",
            external("no.bin", 0) + external("raw.bin", 24),
            [three[1]],
            ["lost"],
            file="a.ehf",
            others={"raw.bin": raw},
            fabio=False,
        ),
        Variant(
            "the other file is too short",
            external("raw.bin", 60) + external("raw.bin", 24),
            [three[1]],
            ["lost"],
            file="a.ehf",
            others={"raw.bin": raw},
            fabio=False,
        ),
    ]


def samples() -> dict[str, bytes]:
    """Give the EDF files of the sample data by name: a Lima run of a crystal that turns, and an image of a SAXS camera."""
    y, x = np.mgrid[0:24, 0:32]
    frames = [
        (
            20
            + 4000 * np.exp(-((x - 9 - 2 * step) ** 2 + (y - 11) ** 2) / 8 - (step - 3) ** 2 / 4)
            + (x * 7 + y * 13) % 5
        ).astype("<u2")
        for step in range(8)
    ]
    lima = scan(
        frames,
        lambda step: [
            ("acq_frame_nb", step),
            ("time", f"Thu Feb 11 09:55:{20 + step} 2016"),
            ("time_of_day", f"{1455180920 + step}.250000"),
            ("time_of_frame", f"{step * 1.0:.6f}"),
            ("acq_expo_time", 0.5),
            ("title", "rocking scan of a crystal"),
            ("pixel_size_x", 0.055),
            ("pixel_size_y", 0.055),
            ("motor_mne", "th tth chi phi"),
            ("motor_pos", f"{12.5 + step * 0.05:.2f} 25.1 90 -13.3"),
            ("counter_mne", "sec mon det"),
            ("counter_pos", f"0.5 {2300 + step * 17 % 50} {int(frames[step].sum())}"),
        ],
        pad=1024,
    )
    radius = np.hypot(x - 15.5, y - 11.5)
    ring = (1e4 * np.exp(-radius / 4) + 50 * np.exp(-((radius - 9) ** 2)) + (x * 3 + y) % 7).astype(">f4")
    ring[:, 20] = -10
    items: Items = [
        ("Title", "silver behenate"),
        ("Time", "2016-02-11T09:55:20+01:00"),
        ("PSize_1", "1.72e-04_m"),
        ("PSize_2", "1.72e-04_m"),
        ("Center_1", 16.0),
        ("Center_2", 12.0),
        ("Offset_1", 0),
        ("Offset_2", 0),
        ("BSize_1", 1),
        ("BSize_2", 1),
        ("SampleDistance", "1.5_m"),
        ("WaveLength", "9.95e-11_m"),
        ("RasterOrientation", 1),
        ("Dummy", -10),
        ("DDummy", 0.1),
        ("ExposureTime", "0.3_s"),
        ("DetectorName", "invented"),
        ("StationInfo", "SAXS camera"),
        ("SampleInfo", "silver behenate"),
        ("HS32Len", 2),
        ("HS32N01", "Time"),
        ("HS32C01", 0.3),
        ("HS32N02", "I0"),
        ("HS32C02", 123456),
    ]
    head = text(
        [("EDF_DataBlockID", "1.Image.Psd"), ("EDF_BinarySize", ring.nbytes), *structure(ring), *items], end="\r\n"
    )
    return {"frames.edf": lima, "saxs.edf": head + ring.tobytes()}


def write_samples(folder: Path) -> None:
    """Write the EDF files of the sample data."""
    for name, data in samples().items():
        (folder / name).write_bytes(data)
