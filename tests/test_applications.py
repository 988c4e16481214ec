"""Application mappings on real scans and on the samples: where their subentry exists, and where it must be refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import pytest

from nxconvert.mapping import catalog
from nxconvert.mapping.engine import load
from nxconvert.pipeline import ConvertOptions, convert_file
from nxconvert.validate import validate_file

ROOT = Path(__file__).resolve().parent.parent
BEAMLINE = {
    "source_type": "Synchrotron X-ray Source",
    "source_name": "some ring",
    "sample_name": "some sample",
}
ABSORPTION = {**BEAMLINE, "mode": "Transmission"}
FLUORESCENCE = {**BEAMLINE, "mono_energy": "12.4", "monitor_data": "1000"}
#: NXfluo knows one spectrum: the one of this point is taken of a scan of spectra
ONE_OF_MANY = {**BEAMLINE, "mono_energy": "12.4", "point": "3"}


@dataclass(frozen=True)
class Accepted:
    """A scan that meets a definition, and what its subentry links to: path below it → path below the entry."""

    mapping: str
    file: str
    scan: str
    links: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A scan that does not meet a definition, and the reason that is given first."""

    mapping: str
    file: str
    scan: str
    reason: str
    settings: dict[str, str] = field(default_factory=dict)


# fmt: off
ACCEPTED = [
    Accepted("scan", "33id_spec.dat", "1", {
        "data/data": "measurement/I0_1", "data/rotation_angle": "measurement/eta",
        "sample/rotation_angle": "measurement/eta", "instrument/detector/data": "measurement/I0_1"}),
    Accepted("scan", "lmn40.spe", "9", {
        "data/data": "measurement/NaI", "data/rotation_angle": "measurement/theta"}),
    Accepted("scan", "counters.spec", "1", {
        "data/data": "measurement/Detector", "data/rotation_angle": "measurement/Theta",
        "monitor/data": "measurement/Monitor"}),
    Accepted("xas", "33id_spec.dat", "105", {
        "data/energy": "measurement/Energy", "instrument/monochromator/energy": "measurement/Energy",
        "data/absorbed_beam": "measurement/I0_1"}, ABSORPTION),
    Accepted("xas", "absorption.dat", "17", {
        "data/energy": "measurement/Energy"}, ABSORPTION),
    Accepted("xas", "xas.spec", "1", {
        "data/energy": "measurement/energy"}, ABSORPTION),
    Accepted("fluo", "oleg.dat", "94", {
        "data/energy": "instrument/mca_0/energy", "data/data": "fluo/instrument/fluorescence/data"}, ONE_OF_MANY),
    Accepted("fluo", "single_spectrum.spec", "1", {
        "data/energy": "instrument/mca_0/energy", "data/data": "instrument/mca_0/data"}, FLUORESCENCE),
]
REFUSED = [
    Refused("scan", "33id_spec.dat", "105", "NXscan refused: rotation_angle has no source"),
    Refused("scan", "xas.spec", "1", "NXscan refused: rotation_angle has no source"),
    Refused("scan", "mesh.spec", "1", "NXscan refused: data: plots.data.signal (Detector) has 2 dimensions"),
    Refused("xas", "33id_spec.dat", "1", "NXxas refused: energy has no source", ABSORPTION),
    Refused("xas", "counters.spec", "1", "NXxas refused: energy has no source", ABSORPTION),
    Refused("xas", "xas.spec", "1", "NXxas refused: source_type is not set; source_name is not set"),
    Refused("fluo", "absorption.dat", "17", "NXfluo refused: data", FLUORESCENCE),
    Refused("fluo", "oleg.dat", "94", "NXfluo refused: data: detectors.*.data has 2 dimensions", FLUORESCENCE),
    Refused("fluo", "counters.spec", "1", "NXfluo refused: data", FLUORESCENCE),
]
# fmt: on


def source(request: pytest.FixtureRequest, name: str) -> Path:
    """Give a sample, or a real file where the real files are."""
    sample = ROOT / "sample_data" / name
    return sample if sample.exists() else Path(request.getfixturevalue("shared_data")) / "spec" / name


def convert(request: pytest.FixtureRequest, case: Accepted | Refused, output: Path) -> list[str]:
    outcome = convert_file(
        str(source(request, case.file)),
        str(output),
        ConvertOptions(
            mappings=(case.mapping,), reader="spec", scans=case.scan, settings=case.settings, time_zone="UTC"
        ),
    )
    assert outcome.status == "converted"
    return [problem.found for problem in outcome.problems if "refused" in problem.found]


def name_of(case: Any) -> str:
    return f"{case.mapping}-{case.file}-{case.scan}"


@pytest.mark.parametrize("case", ACCEPTED, ids=name_of)
def test_a_scan_that_meets_the_definition_gets_its_subentry(
    request: pytest.FixtureRequest, tmp_path: Path, case: Accepted
) -> None:
    assert convert(request, case, tmp_path / "t.nxs") == []
    with h5py.File(tmp_path / "t.nxs") as file:
        entry = file[f"scan_{case.scan}"]
        subentry = entry[case.mapping]
        assert subentry.attrs["NX_class"] == "NXsubentry"
        assert subentry["definition"].asstr()[()] == f"NX{case.mapping}"
        assert "definition" not in entry
        for path, target in case.links.items():
            assert subentry[path] == entry[target], path
            assert subentry[path].attrs["target"] == f"{entry.name}/{target}"


@pytest.mark.parametrize("case", REFUSED, ids=name_of)
def test_a_scan_that_does_not_meet_the_definition_is_told_what_is_missing(
    request: pytest.FixtureRequest, tmp_path: Path, case: Refused
) -> None:
    (message,) = convert(request, case, tmp_path / "t.nxs")
    assert message.startswith(f"scan {case.scan}.1: {case.reason}")
    with h5py.File(tmp_path / "t.nxs") as file:
        assert case.mapping not in file[f"scan_{case.scan}"]


def test_nxfluo_holds_the_spectrum_and_the_monitor_of_the_point_that_was_asked_for(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    case = next(case for case in ACCEPTED if case.file == "oleg.dat")
    convert(request, case, tmp_path / "t.nxs")
    with h5py.File(tmp_path / "t.nxs") as file:
        entry = file["scan_94"]
        assert entry["fluo/instrument/fluorescence/data"][()].tolist() == entry["instrument/mca_0/data"][3].tolist()
        assert entry["fluo/monitor/data"][()] == entry["measurement/Monitor"][3]


def test_an_entry_of_its_own_holds_just_what_the_definition_wants(tmp_path: Path) -> None:
    outcome = convert_file(
        str(ROOT / "sample_data" / "counters.spec"),
        str(tmp_path / "t.nxs"),
        ConvertOptions(mappings=("scan",), reader="spec", scans="1", time_zone="UTC", layout="entry"),
    )
    assert outcome.status == "converted"
    with h5py.File(tmp_path / "t.nxs") as file:
        assert list(file) == ["scan_1", "scan_1_scan"]
        assert file["scan_1_scan/definition"].asstr()[()] == "NXscan"
        assert file["scan_1_scan/data/data"][()].tolist() == file["scan_1/measurement/Detector"][()].tolist()


# every definition: a sample whose subentry, and whose entry of its own, the definition accepts

REACTOR = {"source_name": "a reactor", "sample_name": "a sample"}
SAMPLES = [
    ("scan", "counters.spec", {}),
    ("xas", "xas.spec", ABSORPTION),
    ("fluo", "single_spectrum.spec", FLUORESCENCE),
    ("monopd", "numors/068289.gz", {}),
    ("sas", "numors/068290.gz", {"x_pixel_size": "10", "y_pixel_size": "10"}),
    ("sas", "saxs.edf", {"source_type": "Synchrotron X-ray Source", "source_probe": "x-ray"}),
    ("tas", "tas_energy.scn", REACTOR),
    ("tomo", "tomography", {}),
    ("mpes", "nanoesca", {}),
]


@pytest.mark.parametrize("layout", ["subentry", "entry"])
@pytest.mark.parametrize(
    ("mapping", "sample", "settings"), SAMPLES, ids=lambda value: str(value) if "/" in value else None
)
def test_a_sample_of_every_definition_is_accepted_by_nexusformat_and_by_our_rules(
    mapping: str, sample: str, settings: dict[str, str], layout: str, tmp_path: Path
) -> None:
    pytest.importorskip("nexusformat")
    output = tmp_path / "out.nxs"
    options = ConvertOptions(mappings=(mapping,), settings=settings, time_zone="UTC", layout=layout)
    outcome = convert_file(str(ROOT / "sample_data" / sample), str(output), options)
    assert outcome.status == "converted", outcome.problems
    with h5py.File(output) as file:
        groups = [item for entry in file.values() for item in (entry, *entry.values())]
        definitions = [
            item["definition"][()].decode() for item in groups if isinstance(item, h5py.Group) and "definition" in item
        ]
    assert load([mapping]).applications[0] in definitions
    errors = [str(item) for item in validate_file(str(output)) if item.severity == "error"]
    # NXscan wants whole numbers where NanoESCA has energies
    assert [text for text in errors if "monitor/data: the value is float64, no NX_INT" not in text] == []


def test_every_application_mapping_has_a_sample() -> None:
    shipped = {item.name for item in catalog.available() if item.application}
    assert {mapping for mapping, _, _ in SAMPLES} | {"nanoesca_scan"} == shipped
