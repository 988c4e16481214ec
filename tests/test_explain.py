"""What definitions require, and where mappings take it from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nxconvert.errors import RequestError
from nxconvert.explain import explain
from nxconvert.mapping import catalog
from nxconvert.mapping.engine import load
from nxconvert.resources import samples_dir
from nxconvert.validate import definitions, judge

pytest.importorskip("nexusformat")

APPLICATIONS = [item for item in catalog.available() if item.application]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nxconvert", "mapping", "explain", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=samples_dir())


def test_nxmonopd_requires_what_its_definition_says() -> None:
    found = [str(item) for item in definitions.required("NXmonopd", judge.definitions_folder())]
    assert found == [
        "title",
        "start_time",
        "definition",
        "NXinstrument/NXsource/type",
        "NXinstrument/NXsource/name",
        "NXinstrument/NXsource/probe",
        "NXinstrument/NXcrystal/wavelength",
        "NXinstrument/NXdetector/polar_angle",
        "NXinstrument/NXdetector/data",
        "NXsample/name",
        "NXsample/rotation_angle",
        "NXmonitor/mode",
        "NXmonitor/preset",
        "NXmonitor/integral",
        "NXdata/polar_angle",
        "NXdata/data",
    ]


def test_what_is_optional_is_not_required() -> None:
    found = [str(item) for item in definitions.required("NXtomo", judge.definitions_folder())]
    assert "title" not in found
    assert not any("NXsource" in item for item in found)
    assert "instrument:NXinstrument/detector:NXdetector/image_key" in found


@pytest.mark.parametrize("info", APPLICATIONS, ids=lambda info: info.name)
def test_every_shipped_application_mapping_has_a_parameter_for_everything_required(
    info: catalog.MappingInfo,
) -> None:
    missing = [str(item.item) for item in explain(info.application, load([info.name])) if item.origin is None]
    assert missing == []


def test_for_a_file_each_item_has_its_value_or_the_reason() -> None:
    done = run("NXxas", "xas.spec", "--scan", "1", "--set", "sample_name=iron", "--json")
    assert done.returncode == 1
    found = {record["item"]: record for record in map(json.loads, done.stdout.splitlines())}
    energy = found["NXinstrument/monochromator:NXmonochromator/energy"]
    assert (energy["parameter"], energy["source"], energy["missing"]) == ("energy", "axes.energy", "")
    assert Path(energy["stated"].partition(".yaml:")[0]).name == "xas"
    assert found["NXsample/name"]["value"] == "'iron'"
    assert found["NXsample/name"]["source"] == "--set sample_name"
    assert found["NXinstrument/NXsource/type"]["missing"] == "source_type is not set"
    assert found["NXinstrument/NXsource/probe"]["source"] == "a constant of the mapping"


def test_a_file_that_has_everything_gives_status_0() -> None:
    settings = ["mode=Transmission", "sample_name=iron", "source_name=ring", "source_type=Synchrotron X-ray Source"]
    words = [word for setting in settings for word in ("--set", setting)]
    done = run("NXxas", "xas.spec", "--scan", "1", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("scan 1.1\nitem ")
    assert "NOTHING" not in done.stdout


def test_what_cannot_be_explained_is_refused() -> None:
    mapping = load(["spec", "xas"])
    with pytest.raises(RequestError) as error:
        explain("NXxass", mapping)
    assert str(error.value) == (
        "NXxass: is no application definition\n  hint: did you mean 'NXxas' or 'NXxbase' or 'NXxps'?"
    )
    with pytest.raises(RequestError) as error:
        explain("NXarpes", mapping)
    assert str(error.value) == (
        "NXarpes: no mapping adds this definition\n"
        "  hint: -m names the mapping; 'nxconvert mapping list' shows which mappings add which definition"
    )
