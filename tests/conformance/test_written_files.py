"""What holds for every file that is written, looked at with h5py, and by silx, HDF5 1.10 and nexusformat."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nxconvert.pipeline import ConvertOptions, convert_file
from nxconvert.resources import samples_dir

SAMPLES = sorted(path.name for path in samples_dir().glob("*.spec"))
REAL = ["oleg.dat", "33id_spec.dat", "lmn40.spe", "31oct98.dat", "mca_spectra_example.dat.gz"]
LEGAL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: attributes that hold a list of names; every other text is a scalar
LISTS = ("axes", "auxiliary_signals")
BEAMLINE = {"source_type": "Synchrotron X-ray Source", "source_name": "some ring", "sample_name": "some sample"}
SETTINGS = {
    "scan": {},
    "xas": {**BEAMLINE, "mode": "Transmission"},
    "fluo": {**BEAMLINE, "mono_energy": "12.4", "monitor_data": "1000"},
}


@dataclass
class Found:
    """What is wrong in a file, by rule, and its entries that have something to plot."""

    path: Path
    source: Path
    names: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    big_endian: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    plottable: list[str] = field(default_factory=list)
    identifiers: list[str] = field(default_factory=list)


def look(path: Path, source: Path) -> Found:
    """Look at every object, attribute and link of a file once."""
    found = Found(path, source)
    with h5py.File(path) as file:

        def visit(name: str, item: Any) -> None:
            _look_at_attributes(found, file, name, item)
            if isinstance(item, h5py.Group):
                if not isinstance(item.attrs.get("NX_class"), str):
                    found.classes.append(name)
                _look_at_links(found, name, item)
            elif item.dtype.byteorder == ">":
                found.big_endian.append(name)

        _look_at_attributes(found, file, "", file)
        _look_at_links(found, "", file)
        file.visititems(visit)
        for name, entry in file.items():
            found.identifiers.append(entry["entry_identifier"].asstr()[()])
            measured = [*entry.get("measurement", {}).values()]
            measured += [item["data"] for item in entry.get("instrument", {}).values() if "data" in item]
            if any(item.dtype.kind in "iuf" and item.ndim and item.size for item in measured):
                found.plottable.append(name)
    return found


def _look_at_links(found: Found, path: str, group: h5py.Group) -> None:
    for name in group:
        if not LEGAL.fullmatch(name):
            found.names.append(f"{path}/{name}")
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            found.links.append(f"{path}/{name}")


def _look_at_attributes(found: Found, file: h5py.File, path: str, item: Any) -> None:
    for name in item.attrs:
        if not LEGAL.fullmatch(name):
            found.names.append(f"{path}@{name}")
        own = item.attrs.get_id(name)
        text = h5py.check_string_dtype(own.dtype)
        if text is not None:
            right = len(own.shape) == 1 if name in LISTS else own.shape == ()
            if not right or text.length is not None or text.encoding != "utf-8":
                found.texts.append(f"{path}@{name}")
        elif own.dtype.byteorder == ">":
            found.big_endian.append(f"{path}@{name}")
        elif name in LISTS:
            found.texts.append(f"{path}@{name}")
    target = item.attrs.get("target")
    if target is not None and (not target.startswith("/") or target not in file or file[target] != item):
        found.targets.append(f"{path}: {target}")


@pytest.fixture(scope="module", params=[*SAMPLES, *REAL])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Convert a file with the mapping of SPEC, once for all tests, and look at the result."""
    name = request.param
    source = samples_dir() / name
    if name in REAL:
        source = request.getfixturevalue("shared_data") / "spec" / name
    path = tmp_path_factory.mktemp("written") / "out.nxs"
    assert convert_file(str(source), str(path), options()).status == "converted"
    return look(path, source)


def options(**chosen: Any) -> ConvertOptions:
    return ConvertOptions(reader="spec", time_zone="Europe/Paris", timestamp=0.0, **chosen)


def test_every_name_is_legal(written: Found) -> None:
    assert written.names == []


def test_every_link_leads_somewhere(written: Found) -> None:
    assert written.links == []


def test_every_target_is_the_object_itself(written: Found) -> None:
    assert written.targets == []


def test_texts_are_scalars_of_variable_length_and_axes_are_lists(written: Found) -> None:
    assert written.texts == []


def test_nothing_is_big_endian(written: Found) -> None:
    assert written.big_endian == []


def test_every_group_says_its_class(written: Found) -> None:
    assert written.classes == []


def test_silx_finds_the_default_plot_of_the_file_and_of_every_entry_with_data(written: Found) -> None:
    silx_io = pytest.importorskip("silx.io")
    nxdata = pytest.importorskip("silx.io.nxdata")
    assert written.plottable
    with silx_io.open(str(written.path)) as file:
        assert nxdata.get_default(file) is not None
        assert [name for name in written.plottable if nxdata.get_default(file[name]) is None] == []
        issues = []
        for path, plot in plots(written.path):
            found = nxdata.NXdata(file[path])
            issues += [f"{path}: {issue}" for issue in found.issues]
            # what silx plots is what the file calls its signal
            if not np.array_equal(found.signal[()], plot, equal_nan=plot.dtype.kind == "f"):
                issues.append(f"{path}: another signal")
        assert issues == []


def plots(path: Path) -> Iterator[tuple[str, Any]]:
    """Give every NXdata of a file with the values of its signal."""
    with h5py.File(path) as file:
        for name, entry in file.items():
            for key, item in entry.items():
                if isinstance(item, h5py.Group) and item.attrs["NX_class"] == "NXdata":
                    yield f"/{name}/{key}", item[item.attrs["signal"]][()]


def test_hdf5_1_10_reads_the_header(written: Found) -> None:
    program = shutil.which("h5dump")
    if program is None:
        pytest.skip("h5dump is not installed")
    done = subprocess.run([program, "-H", str(written.path)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f'HDF5 "{written.path}" {{')


# --- nexusformat


class Errors(logging.Handler):
    """Keeps the errors that nexusformat logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.ERROR:  # it logs the name of each group as critical
            self.found.append(record.getMessage().strip())


@pytest.fixture
def validate() -> Iterator[Any]:
    """Give nexusformat's validators, and the list of the errors they find."""
    pytest.importorskip("nexusformat")
    from nexusformat.nexus import validate

    handler = Errors()
    kept, level = validate.logger.handlers, validate.logger.level
    validate.logger.handlers = [handler]
    validate.logger.setLevel(logging.ERROR)
    validate.validators.clear()
    yield validate, handler.found
    validate.logger.handlers = kept
    validate.logger.setLevel(level)
    validate.validators.clear()


def test_nexusformat_loads_the_file_and_finds_no_error(written: Found, validate: Any, tmp_path: Path) -> None:
    from nexusformat.nexus import nxload

    assert len(nxload(str(written.path)).entries) == len(written.identifiers)
    path = written.path
    if len(written.identifiers) > 8:  # a tenth of a second for each scan
        some = ",".join(written.identifiers[:: len(written.identifiers) // 5])
        path = tmp_path / "some.nxs"
        assert convert_file(str(written.source), str(path), options(scans=some)).status == "converted"
    validator, errors = validate
    validator.validate_file(str(path))
    assert errors == []


def test_a_file_with_errors_would_be_noticed(validate: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.nxs"
    with h5py.File(path, "w") as file:
        entry = file.create_group("a b")
        entry.attrs["NX_class"] = np.bytes_("NXentry")
        entry["definition"] = "NXscan"
        entry["big"] = np.zeros(2, ">i4")
        entry["big"].attrs["target"] = "/elsewhere"
        entry["lost"] = h5py.SoftLink("/nowhere")
        entry["entry_identifier"] = "1.1"
        entry.create_group("data").attrs["axes"] = "x"
    found = look(path, path)
    assert found.names == ["/a b"]
    assert found.links == ["a b/lost"]
    assert found.targets == ["a b/big: /elsewhere"]
    assert found.texts == ["a b@NX_class", "a b/data@axes"]
    assert found.big_endian == ["a b/big"]
    assert found.classes == ["a b", "a b/data"]
    validator, errors = validate
    validator.validate_application(str(path), path="/a b")
    assert errors


@pytest.mark.parametrize("name", SAMPLES)
def test_nexusformat_finds_no_error_in_any_subentry_of_a_sample(name: str, validate: Any, tmp_path: Path) -> None:
    validator, errors = validate
    path = tmp_path / "out.nxs"
    chosen = options(
        mappings=tuple(SETTINGS), settings={key: value for own in SETTINGS.values() for key, value in own.items()}
    )
    assert convert_file(str(samples_dir() / name), str(path), chosen).status == "converted"
    with h5py.File(path) as file:
        subentries = [f"{entry.name}/{key}" for entry in file.values() for key in entry if key in SETTINGS]
    for subentry in subentries:
        validator.validators.clear()
        validator.validate_application(str(path), path=subentry)
    assert errors == []
    validator.validate_file(str(path))
    assert errors == []
    found = look(path, samples_dir() / name)
    assert (found.names, found.links, found.targets, found.texts, found.classes) == ([], [], [], [], [])
    accepted = {"counters.spec": "scan", "xas.spec": "xas", "single_spectrum.spec": "fluo"}
    assert name not in accepted or any(path.endswith(f"/{accepted[name]}") for path in subentries)
