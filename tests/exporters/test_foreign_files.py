"""Files that silx convert, spec2nexus and ILL wrote, to text: all their data of one dimension, as h5py reads them."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from specparse import Parsed, parse_spec

from nxconvert import export


def exported(source: Path, folder: Path, form: str, **more: Any) -> list[Path]:
    """Export all scans of a file, and give the outputs."""
    options = export.ExportOptions(format=form, **more)
    ((path, plan),) = export.plan_exports([str(source)], f"{folder}/", options)
    problems: list[Any] = []
    outcomes = list(export.export_file(path, plan, options, problems.append))
    assert all(outcome.status == "converted" for outcome in outcomes), [outcome.problems for outcome in outcomes]
    assert [problem for problem in problems if problem.severity not in ("note", "warning")] == []
    return [Path(outcome.output) for outcome in outcomes]


def bits(values: Any) -> bytes:
    return np.asarray(values, np.float64).tobytes()


def columns_of(scan: Parsed) -> dict[str, bytes]:
    table = np.array(scan.rows, np.float64).reshape(len(scan.rows), len(scan.labels))
    return {label: bits(table[:, at]) for at, label in enumerate(scan.labels)}


@pytest.fixture(scope="module")
def by_silx(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what silx makes of oleg.dat."""
    path = tmp_path_factory.mktemp("silx") / "silx.h5"
    words = ["-m", "silx", "convert", str(shared_data / "spec" / "oleg.dat"), "-o", str(path)]
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    return path


def test_what_silx_converts_has_all_its_columns_and_spectra_in_spec(by_silx: Path, tmp_path: Path) -> None:
    (output,) = exported(by_silx, tmp_path, "spec")
    scans = parse_spec(output.read_text())
    with h5py.File(by_silx) as file:
        assert [scan.number for scan in scans] == [int(name.partition(".")[0]) for name in sorted(file, key=float)]
        for scan, name in zip(scans, sorted(file, key=float), strict=True):
            items = {key.replace("%", "/"): item for key, item in file[name]["measurement"].items()}
            columns = {key: bits(item[()]) for key, item in items.items() if isinstance(item, h5py.Dataset)}
            assert columns_of(scan) == columns
            spectra = [item["data"][()] for item in items.values() if isinstance(item, h5py.Group)]
            assert len(spectra) == 1
            assert [bits(spectrum) for spectrum in scan.spectra] == [bits(row) for row in spectra[0]]
            motors = {
                key: float(item[()]) for key, item in file[name]["instrument/positioners"].items() if not item.shape
            }
            assert {key: scan.motors[key] for key in motors} == motors


def test_what_silx_converts_has_all_its_columns_in_csv(by_silx: Path, tmp_path: Path) -> None:
    outputs = exported(by_silx, tmp_path, "csv")
    with h5py.File(by_silx) as file:
        assert len(outputs) == len(file)
        for output in outputs:
            with output.open(newline="") as stream:
                labels, *rows = csv.reader(stream)
            found = {label: bits([float(row[at]) for row in rows]) for at, label in enumerate(labels)}
            items = file[output.stem.removeprefix("silx_")]["measurement"].items()
            assert found == {key: bits(item[()]) for key, item in items if isinstance(item, h5py.Dataset)}


def as_spec2nexus(scans: list[Parsed], path: Path) -> None:
    """Write scans in the layout of spec2nexus 2021: S1/data with its spec_name, and the spectra beside the columns."""
    with h5py.File(path, "w") as file:
        for scan in scans:
            entry = file.create_group(f"S{scan.number}")
            entry.attrs["NX_class"] = "NXentry"
            entry["title"] = [f"{scan.number}  {scan.command}"]
            entry["counting_basis"] = ["SPEC scan with constant counting time"]
            data = entry.create_group("data")
            names = [label.replace(" ", "_") for label in scan.labels]
            data.attrs.update({"NX_class": "NXdata", "signal": names[-1], "axes": names[0]})
            for at, (name, label) in enumerate(zip(names, scan.labels, strict=True)):
                data[name] = [row[at] for row in scan.rows]
                data[name].attrs["spec_name"] = label
            if scan.spectra:
                data["_mca_"] = np.stack(scan.spectra)
                data["_mca_channel_"] = np.arange(1, len(scan.spectra[0]) + 1)


@pytest.mark.parametrize("program", ["layout", "spec2nexus"])
def test_what_spec2nexus_converts_has_all_its_columns_and_spectra(
    shared_data: Path, tmp_path: Path, program: str
) -> None:
    source = tmp_path / "oleg.dat"
    shutil.copy(shared_data / "spec" / "oleg.dat", source)
    if program == "layout":
        path = tmp_path / "oleg.h5"
        as_spec2nexus(parse_spec(source.read_text()), path)
    else:
        path, found = tmp_path / "oleg.hdf5", shutil.which("spec2nexus")
        if found is None:
            pytest.skip("spec2nexus is not installed")
        subprocess.run([found, "--quiet", "-f", str(source)], check=True, capture_output=True)
    (output,) = exported(path, tmp_path / "out", "spec")
    scans = {f"S{scan.number}": scan for scan in parse_spec(output.read_text())}
    with h5py.File(path) as file:
        assert sorted(scans) == sorted(file)
        for name, scan in scans.items():
            items = {str(item.attrs.get("spec_name", key)): item for key, item in file[name]["data"].items()}
            columns = {key: bits(item[()]) for key, item in items.items() if item.ndim == 1 and "_mca_" not in key}
            assert columns_of(scan) == columns
            assert [bits(spectrum) for spectrum in scan.spectra] == [bits(row) for row in items["_mca_"]]


def test_a_file_of_ill_has_all_its_data_of_one_dimension_in_csv(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "ill-nexus" / "001420.nxs"
    (output,) = exported(source, tmp_path, "csv")
    with output.open(newline="") as stream:
        labels, *rows = csv.reader(stream)
    found = {label: bits([float(row[at]) for row in rows]) for at, label in enumerate(labels)}
    expected: dict[str, bytes] = {}

    def take(name: str, item: Any) -> None:
        # a curve: one long dimension, whatever others of one element there are
        if isinstance(item, h5py.Dataset) and item.size > 10 and max(item.shape) == item.size:
            own, parent = item.name.rpartition("/")[2], item.parent
            expected[parent.name.rpartition("/")[2] if own == "data" else own] = bits(item[()].reshape(-1))

    with h5py.File(source, locking=False) as file:
        file.visititems(take)
    assert len(expected) == 7
    assert found == expected
