"""Real SPEC files to NeXus and back: what other parsers find in both is the same, and the second time nothing changes."""

from __future__ import annotations

import bz2
import gzip
import io
import json
from collections.abc import Callable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from specparse import Parsed, parse_spec

from nxconvert import export, pipeline
from nxconvert.errors import Problem
from nxconvert.export.choice import Choice
from nxconvert.export.prepare import prepare
from nxconvert.exporters.spec import EXPORTER
from nxconvert.readers.spec import READER
from nxconvert.scan import Scan
from nxconvert.selection import parse_selection

FILES = [
    "02_03_setup.dat",
    "05_02_test.dat",
    "31oct98.dat",
    "33id_spec.dat",
    "APS_spec_data.dat",
    "CdOsO",
    "XCOM_CrossSections.dat",
    "absorption.dat",
    "count_3.spec",
    "issue109_data.txt",
    "issue64_data.txt",
    "issue82_data.txt",
    "lmn40.spe",
    "mca_spectra_example.dat.gz",
    "mini.spec",
    "oleg.dat",
    "refresh1.txt",
    "sardana_mca.spec",
    "spec_from_spock.spc",
    "spec_tunes.dat",
    "test.spec.bz2",
    "test_3.spec",
    "twoc.dat",
    "user6idd.dat",
]
#: of these so many scans go through HDF5 here; all of them do so with `-m benchmark`
SOME = {
    "02_03_setup.dat": 12,
    "05_02_test.dat": 20,
    "31oct98.dat": 12,
    "33id_spec.dat": 6,
    "APS_spec_data.dat": 10,
    "CdOsO": 8,
    "XCOM_CrossSections.dat": 20,
    "absorption.dat": 8,
    "lmn40.spe": 8,
    "spec_from_spock.spc": 6,
}


def scans_of(path: Path, text: str) -> list[Scan]:
    with READER.open(str(path)) as file:
        return list(file.scans(parse_selection(text)))


def written(scans: list[Scan]) -> str:
    """Give scans as SPEC, without NeXus between; nothing may have no place."""
    stream = io.StringIO(newline="")
    settings = {"precision": "", "output": "x.spec"}
    assert EXPORTER.book is not None
    book = EXPORTER.book(stream, settings)
    for scan in scans:
        problems: list[Problem] = []
        ready = prepare(scan, Choice(), "error", problems)
        assert (problems, EXPORTER.losses(ready, settings)) == ([], [])
        book.add(ready)
    book.close()
    return stream.getvalue()


def there_and_back(source: Path, folder: Path, scans: str) -> bytes:
    """Convert a SPEC file to NeXus and export it as SPEC; nothing may be lost on the way."""
    nexus, output = str(folder / "x.nxs"), str(folder / "x.spec")
    options = pipeline.ConvertOptions(compression="none", existing="overwrite", scans=scans)
    outcome = pipeline.convert_file(str(source), nexus, options)
    assert (outcome.status, outcome.lost) == ("converted", 0)
    wanted = export.ExportOptions(format="spec", existing="overwrite")
    told: list[str] = []
    [(_, plan)] = export.plan_exports([nexus], output, wanted)
    [done] = export.export_file(nexus, plan, wanted, lambda problem: told.append(problem.found))
    assert (done.status, done.problems, told) == ("converted", [], [])
    return Path(output).read_bytes()


def source_text(path: Path) -> str:
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else bz2.decompress(data) if path.suffix == ".bz2" else data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def bits(numbers: list[Any]) -> bytes:
    """Give numbers, or lists of them, so that equal means equal in every bit; nan is one value."""
    values = np.concatenate([np.empty(0), *(np.atleast_1d(np.asarray(item, float)) for item in numbers)])
    values[np.isnan(values)] = np.nan
    return values.tobytes()


@pytest.fixture(scope="module")
def direct(shared_data: Path) -> Callable[[str], str]:
    """Give a function that reads a source and writes all of its scans, each source once."""
    return cache(lambda name: written(scans_of(shared_data / "spec" / name, "")))


@pytest.mark.parametrize("name", FILES)
def test_an_independent_parser_finds_the_same_in_both(
    name: str, direct: Callable[[str], str], shared_data: Path
) -> None:
    old, new = parse_spec(source_text(shared_data / "spec" / name)), parse_spec(direct(name))
    with gzip.open(shared_data / "spec" / "golden.json.gz") as file:
        golden: list[dict[str, Any]] = json.load(file)[name]["scans"]
    assert [scan.number for scan in new] == [scan["number"] for scan in golden]
    for one, other, wanted in zip(old, new, golden, strict=True):
        same_scan(one, other, wanted)


@pytest.mark.parametrize("name", FILES)
def test_the_second_time_the_text_is_the_same(name: str, direct: Callable[[str], str], tmp_path: Path) -> None:
    path = tmp_path / "x.spec"
    path.write_text(direct(name), encoding="utf-8", newline="")
    assert written(scans_of(path, "")) == direct(name)


@pytest.mark.parametrize("name", FILES)
def test_by_way_of_nexus_the_text_is_the_same(
    name: str, direct: Callable[[str], str], shared_data: Path, tmp_path: Path
) -> None:
    source = shared_data / "spec" / name
    with READER.open(str(source)) as file:
        some = ",".join(scan.identifier for scan in islice(file, SOME[name])) if name in SOME else ""
    expected = written(scans_of(source, some)) if some else direct(name)
    assert there_and_back(source, tmp_path, some).decode() == expected


@pytest.mark.benchmark
@pytest.mark.parametrize("name", list(SOME))
def test_by_way_of_nexus_every_scan_of_a_large_file_is_the_same(
    name: str, direct: Callable[[str], str], shared_data: Path, tmp_path: Path
) -> None:
    assert there_and_back(shared_data / "spec" / name, tmp_path, "").decode() == direct(name)


def same_scan(old: Parsed, new: Parsed, golden: dict[str, Any]) -> None:
    assert (new.number, new.command, new.date) == (old.number, " ".join(golden["command"].split()), old.date)
    if golden["columns"]:
        assert new.labels == [label for label, *_ in golden["columns"]]
    odd = golden["rows_of_other_width"] + len(golden["other_lines"])
    assert len(new.rows) == golden["rows"] + odd
    assert {len(row) for row in new.rows} <= {len(new.labels)}
    if not odd:  # several rows on one line, or one row on several, are the same numbers in the same order
        assert bits(new.rows) == bits(old.rows)
    motors = golden["motors"]
    if any(" " in motor and motor not in new.motors for motor in motors):
        # names with single blanks between them, which the golden reader took for one name
        motors = {motor.split()[0]: value for motor, value in motors.items()}
    assert {motor: new.motors[motor] for motor in motors} == {motor: float(value) for motor, value in motors.items()}
    assert [len(spectrum) for spectrum in new.spectra] == [len(spectrum) for spectrum in old.spectra]
    assert bits(new.spectra) == bits(old.spectra)
    counts = [item["count"] for item in golden["array_lines"].values()]
    assert len(new.spectra) == sum(counts)
    if new.spectra and old.calibrations:
        for at, calibration in enumerate(new.calibrations):
            own = old.calibrations[at if len(old.calibrations) == len(new.calibrations) else 0]
            assert calibration[: len(own)] == own or own == []


@pytest.mark.parametrize("name", ["31oct98.dat", "APS_spec_data.dat", "refresh1.txt", "oleg.dat", "mini.spec"])
def test_silx_reads_the_same_from_both(
    name: str, direct: Callable[[str], str], shared_data: Path, tmp_path: Path
) -> None:
    specfile = pytest.importorskip("silx.io.specfile")
    path = tmp_path / "new.spec"
    path.write_text(direct(name), encoding="utf-8", newline="")
    old, new = specfile.SpecFile(str(shared_data / "spec" / name)), specfile.SpecFile(str(path))
    try:
        assert list(new.keys()) == list(old.keys())
        for index in range(len(old)):
            one, other = old[index], new[index]
            assert list(one.labels) == list(other.labels)
            np.testing.assert_array_equal(one.data, other.data)
            assert len(one.mca) == len(other.mca)
            for at in range(len(one.mca)):
                np.testing.assert_array_equal(one.mca[at], other.mca[at])
            if len(one.mca):
                np.testing.assert_array_equal(one.mca.channels, other.mca.channels)
                np.testing.assert_array_equal(one.mca.calibration, other.mca.calibration)
    finally:
        old.close()
        new.close()


def test_silx_reads_the_motors_that_it_shifts_in_the_original(
    direct: Callable[[str], str], shared_data: Path, tmp_path: Path
) -> None:
    specfile = pytest.importorskip("silx.io.specfile")
    path = tmp_path / "new.spec"
    path.write_text(direct("oleg.dat"), encoding="utf-8", newline="")
    expected = parse_spec(source_text(shared_data / "spec" / "oleg.dat"))[0].motors
    file = specfile.SpecFile(str(path))
    try:
        assert dict(zip(file[0].motor_names, list(file[0].motor_positions), strict=True)) == expected
    finally:
        file.close()
