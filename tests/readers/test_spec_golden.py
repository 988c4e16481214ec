"""The real files against what an independent reader found in them."""

from __future__ import annotations

import gzip
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nxconvert.arrays import load
from nxconvert.readers.spec import READER
from nxconvert.scan import Scan

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


@pytest.fixture(scope="module")
def golden(shared_data: Path) -> dict[str, Any]:
    with gzip.open(shared_data / "spec" / "golden.json.gz") as file:
        result: dict[str, Any] = json.load(file)
    return result


def read(path: Path) -> list[Scan]:
    with READER.open(str(path)) as file:
        return list(file)


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_agrees_with_the_golden_one(name: str, golden: dict[str, Any], shared_data: Path) -> None:
    expected = golden[name]["scans"]
    with READER.open(str(shared_data / "spec" / name)) as file:
        count = 0
        for scan, wanted in zip(file, expected, strict=True):
            count += 1
            agrees(scan, wanted)
        assert count == len(expected)
        assert file.problems == []


def agrees(scan: Scan, wanted: dict[str, Any]) -> None:
    assert (scan.number, scan.order) == (wanted["number"], wanted["order"])
    assert scan.command.strip() == wanted["command"].strip()
    odd = wanted["rows_of_other_width"] + len(wanted["other_lines"])
    assert scan.points == wanted["rows"] + odd
    told = [problem for problem in scan.problems if problem.found.startswith("row has")]
    assert len(told) >= odd
    assert [problem.place.line is not None for problem in told] == [True] * len(told)
    assert [field.long_name or field.name for field in scan.columns.values()] == [item[0] for item in wanted["columns"]]
    if wanted["rows"]:
        keep = np.ones(scan.points, bool)
        for field, (_, first, last, total) in zip(scan.columns.values(), wanted["columns"], strict=True):
            values = np.asarray(load(field.value))[keep]  # type: ignore[arg-type]
            assert same(values[0], first), field.name
            assert same(values[-1], last), field.name
            finite = values[np.isfinite(values)]
            # exact to the last digits: only the order of the additions may differ
            assert math.isclose(
                math.fsum(finite.tolist()), total, rel_tol=1e-9, abs_tol=1e-9 * float(np.abs(finite).sum())
            ), field.name
    if "Delta Eta Chi Phi Nu Mu tt_y tt_z" in wanted["motors"]:
        # user6idd.dat has single blanks between motor names; the golden reader took a line for one name
        wanted["motors"] = {name.split()[0]: value for name, value in wanted["motors"].items()}
        assert scan.positioners.keys() > wanted["motors"].keys()
        scan.positioners = {name: scan.positioners[name] for name in wanted["motors"]}
    motors = {field.long_name or field.name: field.value for field in scan.positioners.values()}
    assert motors.keys() == wanted["motors"].keys()
    for motor, value in wanted["motors"].items():
        assert same(motors[motor], value), motor
    arrays: dict[str, list[Any]] = defaultdict(list)
    for detector in scan.detectors.values():
        for item in ("data", "surplus"):
            if item in detector:
                value = load(detector[item].value)  # type: ignore[arg-type]
                word = str(detector["description"].value)
                # a detector with a name of its own (#@DET_0) is unlabelled in the data
                arrays[word if word.startswith("@") else "@A"].extend(value.reshape(-1, value.shape[-1]))
    assert {key: {"count": len(spectra), "longest": max(map(len, spectra))} for key, spectra in arrays.items()} == {
        key: {"count": item["count"], "longest": item["longest"]} for key, item in wanted["array_lines"].items()
    }
    for key, item in wanted["array_lines"].items():
        assert math.isclose(sum(float(np.nansum(spectrum)) for spectrum in arrays[key]), item["sum"], rel_tol=1e-9)


def same(value: Any, wanted: float | str) -> bool:
    number = float(wanted)
    return bool(float(value) == number or (np.isnan(value) and math.isnan(number)))
