"""Large scans: read in pieces, kept small in memory or read again, with the same result as small ones."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nxconvert.arrays import LazyArray, TableArray, load
from nxconvert.errors import ReadError
from nxconvert.readers.spec import READER, blocks, build, pieces, store
from nxconvert.scan import Field, Plot, Scan

Read = Callable[["str | bytes"], list[dict[str, Any]]]

HEAD = "#F a\n#O0 th  tth\n\n#S 1 ascan th 0 1 200 1\n#P0 1 2\n#N 3\n#L th  Epoch  det\n"

BODIES = {
    "rows": "".join(f"{at * 0.125} {at} {at * at}\n" for at in range(300)),
    "integers of all sizes": "".join(
        f"{at} {2**53 + at} {2**63 + at if at > 200 else -at if at > 250 else at}\n" for at in range(300)
    ),
    "integers too large": "".join(f"{at} {2**64 + at if at > 200 else at} {-(2**63) - at}\n" for at in range(300)),
    "negative and unsigned": "".join(f"{at} {-1 if at == 5 else 2**63 if at == 290 else 7} 1\n" for at in range(300)),
    "integers that become floats": "".join(f"{at} {at} {at if at < 250 else at + 0.5}\n" for at in range(300)),
    "minus zero that becomes float": "".join(f"{at} -0 {-0 if at < 250 else 0.5}\n" for at in range(300)),
    "odd rows": "".join(f"{at} {at} {'x' if at % 50 == 3 else at}{' 7' * (at % 70 == 9)}\n" for at in range(300)),
    "comments and text": "".join(
        f"{at} {at} 1\n#C comment {at}\n" + "free text\n" * (at % 40 == 7) for at in range(300)
    ),
    "aborted": "".join(f"{at} {at} 1\n" for at in range(300)) + "#C Thu.  Scan aborted after 300 points.\n",
    "aborted and resumed": "".join(
        f"{at} {at} 1\n" + "#C Thu.  Scan aborted after 10 points.\n" * (at == 10) for at in range(300)
    ),
    "nan": "".join(f"{at} {at} {'nan' if at % 3 else 1}\n" for at in range(300)),
    "no line end": "".join(f"{at} {at} 1\n" for at in range(300)) + "5 6 7",
    "spectra after": "".join(f"{at} {at} 1\n@A {at}\\\n 2\\\n 3 4\n" for at in range(300)),
    "spectra before": "".join(f"@A {at} 2 \\\n3 4\n{at} {at} 1\n" for at in range(300)) + "@A 1 2 3 4\n" * 3,
    "two detectors": "".join(f"{at} {at} 1\n@A {at} 2\n@A {at} 3 4\n" for at in range(300)) + "@A 9 9\n" * 4,
    "named detectors": "".join(f"{at} {at} 1\n@A1 {at} 2\n@x {at}.5 3 4\n" for at in range(300)),
    "missing spectra": "".join(f"{at} {at} 1\n" + f"@A {at} 2 3\n" * (at % 7 != 3) for at in range(300)),
    "missing at the end": "".join(f"{at} {at} 1\n" + f"@A {at} 2 3\n" * (at < 200) for at in range(300)),
    "spectra of all types": "".join(
        f"{at} {at} 1\n@A {70000 * at} {0.5 if at == 250 else 300} -3\n" for at in range(300)
    ),
    "medium counts": "".join(f"{at} {at} 1\n@A {2**40 + at} 2\n" for at in range(300)),
    "large counts": "".join(f"{at} {at} 1\n@A {2**63 + at} 2\n" for at in range(300)),
    "spectra of all lengths": "".join(f"{at} {at} 1\n@A {'1 ' * (at % 5)}\n" for at in range(300)),
    "spectra with words": "".join(f"{at} {at} 1\n@A 1 {'x' if at == 99 else 2} 3\n" for at in range(300)),
    "spectra without rows": "".join(f"@A {at} 2 3\n" for at in range(300)),
    "calibration within": "".join(f"{at} {at} 1\n@A {at} 2 3\n" + "@CALIB 1 2 3\n" * (at > 250) for at in range(300)),
    "aborted, resumed and spectra": "".join(
        f"{at} {at} 1\n" + "#C Thu.  Scan aborted after 10 points.\n" * (at == 10) for at in range(20)
    )
    + "@A 1 2 3 4 5 6 7 8\n" * 100,
    "glued comments": "".join(f"{at} {at} 1" + "#C glued" * (at % 9 == 1) + "\n" for at in range(300)),
}
WRAPPED = HEAD.replace("#N 3", "#N 3 2") + "".join(f"{at} {at}\n{at}\n" for at in range(300)) + "1 2\n"
SETS = "#S 1 x\n#N 1 16\n#L a\n" + "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n" * 100 + "1 2 3\n"
WRAPPED_SPECTRA = HEAD.replace("#N 3", "#N 3 2") + "".join(f"{at} {at}\n{at}\n@A {at} 1\n" for at in range(300))
MESH = "#S 1 mesh a 0 19 19 b 0 19 19 1\n#L a  b  c\n" + "".join(
    f"{a} {b} {a * b}\n" for b in range(20) for a in range(20)
)

TEXTS = {name: HEAD + body for name, body in BODIES.items()} | {
    "long command": "#S 1 scan(array([\n" + "1 2 3\n" * 20 + "]))\n#L a  b  c\n" + "1 2 3\n" * 300,
    "wrapped": WRAPPED,
    "sets": SETS,
    "wrapped with spectra": WRAPPED_SPECTRA,
    "mesh": MESH,
    "labels after the rows": HEAD + BODIES["rows"] + "#L p  q\n" + BODIES["rows"],
}


def plain(value: Any) -> Any:
    """Anything in a scan as something that can be compared."""
    if isinstance(value, Field):
        return (value.name, plain(value.value), value.dims, value.units, value.long_name)
    if isinstance(value, Plot):
        return (plain(value.signal), [plain(axis) for axis in value.axes], [plain(item) for item in value.extra])
    if isinstance(value, dict):
        return [(key, plain(item)) for key, item in value.items()]
    if isinstance(value, (np.ndarray, LazyArray)):
        values = load(value)
        assert values.shape == value.shape
        assert values.dtype == value.dtype
        return (str(values.dtype), values.shape, values.tobytes())
    return value


def contents(path: Path) -> list[dict[str, Any]]:
    with READER.open(str(path)) as file:
        return [{item.name: plain(getattr(scan, item.name)) for item in dataclasses.fields(Scan)} for scan in file]


def shrink(monkeypatch: pytest.MonkeyPatch, chunk: int, kept: int) -> None:
    monkeypatch.setattr(blocks, "CHUNK", chunk)
    monkeypatch.setattr(pieces, "CHUNK", chunk)
    monkeypatch.setattr(store, "KEPT", kept)
    monkeypatch.setattr(build, "KEPT", kept)


@pytest.mark.parametrize("kept", [1 << 20, 0])
@pytest.mark.parametrize("chunk", [300, 1111])
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_scan_read_in_pieces_is_the_same_as_one_read_at_once(
    name: str, chunk: int, kept: int, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.spec"
    text = TEXTS[name].replace("\n", end) + ("" if name == "no line end" else "#S 2 after" + end)
    path.write_bytes(text.encode())
    whole = contents(path)
    shrink(monkeypatch, chunk, kept)
    parts = contents(path)
    assert len(parts) == len(whole) == 1 + (name != "no line end")
    lazy_mesh = name == "mesh" and kept == 0
    for one, two in zip(whole, parts, strict=True):
        for item in one:
            if item == "problems":
                assert problems(two) == problems(one) or lazy_mesh
            elif item == "end_time" and kept == 0:
                assert two[item] is None or two[item] == one[item]
            elif not (lazy_mesh and item in ("grid", "plots", "columns")):
                assert two[item] == one[item], item


def problems(scan: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Problems without those places that a large scan does not know any more."""
    return [(problem.found, problem.expected, problem.severity) for problem in scan["problems"]]


def test_odd_rows_of_a_large_scan_have_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.spec"
    path.write_text(TEXTS["odd rows"])
    with READER.open(str(path)) as file:
        (whole,) = file
    shrink(monkeypatch, 500, 0)
    with READER.open(str(path)) as file:
        (parts,) = file
    lines = [str(problem.place) for problem in whole.problems]
    assert len(lines) > 10
    assert [str(problem.place) for problem in parts.problems] == lines


def test_large_columns_and_spectra_are_lazy_and_share_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.spec"
    path.write_text(TEXTS["two detectors"])
    shrink(monkeypatch, 500, 0)
    with READER.open(str(path)) as file:
        (scan,) = file
        columns = [field.value for field in scan.columns.values()]
        assert all(isinstance(value, TableArray) for value in columns)
        assert len({id(value.table) for value in columns if isinstance(value, TableArray)}) == 1
        spectra = [scan.detectors[name]["data"].value for name in ("mca_0", "mca_1")]
        assert isinstance(spectra[0], TableArray)
        assert isinstance(spectra[1], TableArray)
        assert spectra[0].table is spectra[1].table
        assert (spectra[0].shape, spectra[1].shape) == ((300, 2), (300, 3))
        sizes = [len(block) for block in spectra[0].blocks()]
        assert sum(sizes) == 300
        assert max(sizes) < 50


def test_a_large_mesh_has_no_grid_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.spec"
    path.write_text(MESH)
    shrink(monkeypatch, 500, 0)
    with READER.open(str(path)) as file:
        (scan,) = file
        assert (scan.scan_shape, scan.grid) == ((20, 20), {})
        assert [(str(problem), problem.severity) for problem in scan.problems] == [
            (
                f"{path}:1: the points of this mesh cannot be placed on its grid, 400 points are too many to be placed "
                "at once\n  hint: the columns are as in the file",
                "note",
            )
        ]


def test_a_scan_of_some_megabytes_is_kept_in_small_integers(tmp_path: Path) -> None:
    path = tmp_path / "a.spec"
    rows = "".join(f"{at} 1 2\n@A " + "7 " * 1000 + "\n" for at in range(5000))
    path.write_text(HEAD + rows)
    with READER.open(str(path)) as file:
        (scan,) = file
        value = scan.detectors["mca_0"]["data"].value
        assert isinstance(value, TableArray)
        assert (value.shape, value.dtype) == ((5000, 1000), np.int64)
        assert all(block.dtype == np.int64 and (block == 7).all() for block in value.blocks())
        assert isinstance(scan.columns["det"].value, np.ndarray)


def test_a_line_longer_than_any_is_left_out_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LONGEST", 2000)
    monkeypatch.setattr(build, "LONGEST", 2000)
    shrink(monkeypatch, 500, 1 << 20)
    path = tmp_path / "a.spec"
    for line in ("#C " + "x" * 10_000, "@A " + "1 " * 5000, "1 " * 5000, "@A 1" + "\\\n 1" * 2000):
        path.write_text(HEAD + "0 1 2\n" * 100 + line + "\n" + "1 2 3\n" * 100)
        with READER.open(str(path)) as file:
            (scan,) = file
            assert scan.points == 200
            assert [(str(problem), problem.severity) for problem in scan.problems] == [
                (
                    f"{path}:108: line of {len(line) + 1} bytes, at most 2000 expected\n  hint: it is left out",
                    "lost",
                )
            ]


def test_a_file_that_shrinks_while_it_is_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.spec"
    path.write_text(TEXTS["rows"])
    shrink(monkeypatch, 500, 0)
    with READER.open(str(path)) as file:
        (scan,) = file
        os.truncate(path, 1000)
        with pytest.raises(ReadError, match="the file became shorter while it was read"):
            load(scan.columns["det"].value)  # type: ignore[arg-type]
        with pytest.raises(ReadError, match="the file became shorter while it was read"):
            list(file)


def test_much_text_before_the_first_scan_is_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.spec"
    path.write_text("words\n" * 1000 + TEXTS["sets"])
    shrink(monkeypatch, 500, 1 << 20)
    with READER.open(str(path)) as file:
        (scan,) = file
    assert (scan.points, scan.place.line) == (1603, 1001)


def test_a_scan_with_much_blank_space_has_the_same_sha256(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.spec"
    text = "#S 1 x\n#L a\n1\n" + "\n" * 5000 + "2\n"
    path.write_text(text + "\n" * 5000)
    shrink(monkeypatch, 500, 1 << 20)
    with READER.open(str(path)) as file:
        (scan,) = file
    own = path.read_bytes()[: scan.length]
    assert scan.sha256 == hashlib.sha256(own).hexdigest()
    assert scan.points == 2


def test_the_last_line_may_be_longer_than_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LONGEST", 2000)
    monkeypatch.setattr(build, "LONGEST", 2000)
    shrink(monkeypatch, 500, 1 << 20)
    path = tmp_path / "a.spec"
    path.write_text(HEAD + "0 1 2\n" * 100 + "1 " * 5000)
    with READER.open(str(path)) as file:
        (scan,) = file
    assert scan.points == 100
    assert [problem.severity for problem in scan.problems] == ["lost"]
