"""A real Bliss file by the command line, read back by silx, fabio and parsers of the tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

Call = Callable[..., "tuple[int, str, str]"]


@pytest.fixture
def foil(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the working folder with the file and what it links to."""
    for item in (shared_data / "bliss").iterdir():
        (shutil.copytree if item.is_dir() else shutil.copy)(item, tmp_path / item.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_scan_becomes_spec_and_silx_reads_it(call: Call, foil: Path) -> None:
    specfile = pytest.importorskip("silx.io.specfile")
    code, out, err = call("nxtoascii", "Foil_0001.h5", "--to", "spec", "-o", "foil.spec")
    assert (code, out) == (0, "foil.spec\n")
    assert (
        "warning: Foil_0001.h5:/6.1: the columns differ in their number of points: 'sx' 13, 'I0', 'elapsed_time', "
        "'epoch' 12\n  hint: nan stands for what is missing\n"
    ) in err
    assert "note: Foil_0001.h5:/6.1: silx and PyMca leave out rows with nan or inf: 1 of 13\n" in err
    assert "warning: Foil_0001.h5:/8.1: the images of 'eiger' (8 x 12 x 16, uint16) are left out\n" in err
    assert "warning: Foil_0001.h5:/9.1: is skipped: it has no columns and no spectra\n" in err
    file = specfile.SpecFile("foil.spec")
    with h5py.File("Foil_0001.h5") as nexus:
        assert list(file.keys()) == ["1.1", "2.1", "3.1", "4.1", "4.2", "5.1", "6.1", "7.1", "8.1", "10.1"]
        for key in file.keys():  # noqa: SIM118 - no dictionary
            scan, measurement = file[key], nexus[key]["measurement"]
            assert "#D " + nexus[key]["start_time"][()].decode()[11:19] in [
                f"#D {line.split()[4]}" for line in scan.header if line.startswith("#D")
            ]
            for label in scan.labels:
                values, wanted = scan.data_column_by_name(label), np.atleast_1d(measurement[label][()])
                if key != "6.1":
                    np.testing.assert_array_equal(values, wanted)
        assert file["1.1"].labels[0] == "Emono"
        assert [file[key].labels[0] for key in ("5.1", "6.1", "7.1", "8.1")] == ["sx"] * 4
        spectra = nexus["1.1/measurement/mca1_det0"][()]
        assert len(file["1.1"].mca) == 61
        assert all((file["1.1"].mca[at] == spectra[at]).all() for at in range(61))
        assert file["2.1"].data.shape == (3, 1)
        assert dict(zip(file["1.1"].motor_names, file["1.1"].motor_positions, strict=True)) == {
            "Emono": 7.0, "bragg": 16.33, "hgap": 2.0, "sx": 1.25, "sy": -3.5, "sz": 0.0
        }  # fmt: skip
    file.close()
    rows = [
        line
        for line in Path("foil.spec").read_text().split("#S 6 ")[1].split("#S 7 ")[0].split("\n")
        if line[:1].isdigit()
    ]
    assert (len(rows), rows[-1].split()[1:]) == (13, ["nan"] * 3)


def test_pymca_reads_it(call: Call, foil: Path) -> None:
    wrapper = pytest.importorskip("PyMca5.PyMcaIO.specfilewrapper")
    assert call("nxtoascii", "Foil_0001.h5", "--to", "spec", "-o", "foil.spec", "-q")[0] == 0
    file = wrapper.Specfile("foil.spec")
    assert file.list() == "1:4,4:8,10"
    scan = file.select("1.1")
    with h5py.File("Foil_0001.h5") as nexus:
        measurement = nexus["1.1/measurement"]
        assert (scan.alllabels()[0], scan.nbmca()) == ("Emono", 61)
        np.testing.assert_array_equal(scan.data()[0], measurement["Emono"][()])
        np.testing.assert_array_equal(scan.mca(61), measurement["mca1_det0"][60])
    assert scan.allmotorpos()[:2] == [7.0, 16.33]
    assert file.select("4.2").data().shape == (3, 15)


def test_images_are_written_beside_it(call: Call, foil: Path) -> None:
    import fabio

    code, out, _ = call("nxtoascii", "Foil_0001.h5", "--to", "spec", "--images", "edf", "-o", "out/", "-q")
    assert (code, sorted(out.split())) == (0, ["out/Foil_0001.spec", "out/Foil_0001_8.1_eiger.edf"])
    with fabio.open("out/Foil_0001_8.1_eiger.edf") as image, h5py.File("Foil_0001.h5") as nexus:
        data, sx = nexus["8.1/instrument/eiger/data"][()], nexus["8.1/measurement/sx"][()]
        assert image.nframes == len(data)
        for at, frame in enumerate(data):
            read = image.get_frame(at)
            assert (read.data.dtype, (read.data == frame).all()) == (np.uint16, True)
            assert read.header["counter_mne"].split()[0] == "sx"
            assert float(read.header["counter_pos"].split()[0]) == sx[at]


def test_columns_are_chosen_renamed_and_calculated(call: Call, foil: Path) -> None:
    chosen = ["--columns", "E=Emono", "--columns", "mu=log(I0/I1)", "--columns", "I[12]"]
    command = ["nxtoascii", "Foil_0001.h5", "--match", "ascan Emono*", "-o", "-", "-q", *chosen]
    code, out, err = call(*command, "--only-columns")
    assert (code, err) == (0, "")
    names, *rows = [line.split(",") for line in out.splitlines()]
    assert names == ["E", "mu", "I1", "I2"]
    with h5py.File("Foil_0001.h5") as nexus:
        columns = {name: nexus["1.1/measurement"][name][()] for name in ("Emono", "I0", "I1", "I2")}
    expected = [columns["Emono"], np.log(columns["I0"] / columns["I1"]), columns["I1"], columns["I2"]]
    np.testing.assert_array_equal(np.array(rows, float).T, expected)
    code, out, _ = call(*command, "--x", "epoch")
    assert (code, out.split("\n")[0].split(",")[:6]) == (0, ["epoch", "E", "mu", "I1", "I2", "I0"])


def test_what_is_wrong_about_columns_is_told(call: Call, foil: Path) -> None:
    code, out, err = call("nxtoascii", "Foil_0001.h5", "--columns", "mu=log(I0", "--columns", "=I1")
    assert (code, out) == (2, "")
    assert err == (
        "--columns: function 'log(%I0%': not an arithmetic expression, expected numbers, %name%, + - * / **, functions\n"
        "--columns: '=I1', NAME, NAME=OLD or NAME=EXPRESSION was expected\n"
    )
    code, _, err = call(
        "nxtoascii", "Foil_0001.h5", "--scan", "1", "--columns", "mu=log(I0/It)", "--columns", "I9", "-o", "-"
    )
    assert code == 0
    assert (
        "warning: Foil_0001.h5:/1.1: column 'mu' cannot be calculated: there is no column 'It', known: 'Emono'," in err
    )
    assert "warning: Foil_0001.h5:/1.1: there is no column 'I9', known: 'Emono', 'I0'," in err
    code, out, err = call("nxtoascii", "Foil_0001.h5", "--scan", "1", "--columns", "q*", "--only-columns", "-q")
    assert (code, out) == (1, "")
    assert err.startswith("Foil_0001.h5:/1.1: has none of the wanted columns")


def test_names_of_outputs_follow_the_template(call: Call, foil: Path) -> None:
    code, out, _ = call(
        "nxtoascii",
        "Foil_0001.h5",
        "--scan",
        "4,10",
        "--to",
        "spec",
        "--name-template",
        "s{number:04d}",
        "-o",
        "o/",
        "-q",
    )
    assert (code, out) == (0, "o/s0004.spec\no/s0010.spec\n")
    code, out, _ = call(
        "nxtoascii", "Foil_0001.h5", "--scan", "1", "--to", "dat", "--name-template", "{number}_{title}", "-q"
    )
    assert (code, out) == (0, "1_ascan Emono 7 7.3 60 0.5.dat\n")
    for template, message in (
        (
            "{nothing}",
            "--name-template: '{nothing}' is unknown, known: 'entry', 'identifier', 'number', 'order', 'part', 'stem', 'title'",
        ),
        ("{stem.__class__}", "--name-template: '{stem.__class__}' is unknown"),
        ("{stem", "--name-template: '{stem' cannot be: "),
        ("a/", "--name-template: 'a/' makes no name of a file"),
    ):
        code, out, err = call("nxtoascii", "Foil_0001.h5", "--name-template", template)
        assert (code, out) == (2, "")
        assert err.startswith(message)


def test_the_files_of_nxtoascii_0_0_1(call: Call, foil: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1710493205")
    monkeypatch.setenv("TZ", "UTC")
    code, out, err = call("nxtoascii", "Foil_0001.h5", "--compat", "nxtoascii", "-q")
    assert (code, out, err) == (0, "converted/Foil_0001.dat\n", "")
    lines = Path("converted/Foil_0001.dat").read_text().split("\n")
    with h5py.File("Foil_0001.h5") as nexus:
        columns = {name: item[()] for name, item in nexus["1.1/measurement"].items() if item.ndim == 1}
    assert lines[:7] == [
        f"#F {foil.resolve()}/converted/Foil_0001.dat",
        lines[1],
        "",
        "#S 1.1 ascan Emono 7 7.3 60 0.5",
        lines[1],
        f"#N {len(columns)}",
        f"#L {'  '.join(columns)}",
    ]
    assert lines[1].startswith("#D Fri Mar 15 ")
    assert lines[7] == " ".join(f"{value[0]:.18e}" for value in columns.values())
    assert [line.split()[1] for line in lines if line.startswith("#S")] == [
        "1.1",
        "3.1",
        "4.1",
        "4.2",
        "5.1",
        "6.1",
        "7.1",
        "8.1",
        "10.1",
    ]
    code, out, err = call(
        "nxtoascii", "Foil_0001.h5", "--compat", "nxtoascii", "--to", "csv", "--scan", "6", "-o", "c/", "-q"
    )
    assert (code, out) == (0, "c/6_1.dat\n")
    assert [len(line.split(",")) for line in Path("c/6_1.dat").read_text().splitlines()] == [4] * 13


def test_strict_makes_losses_count_and_json_has_them(call: Call, foil: Path) -> None:
    import json

    code, out, err = call("nxtoascii", "Foil_0001.h5", "--scan", "3", "--strict", "--json", "-q")
    assert (code, err) == (1, "")
    record = json.loads(out)
    assert (record["status"], record["output"]) == ("converted", "Foil_0001_3.1.csv")
    assert {problem["severity"] for problem in record["problems"]} == {"warning"}
    assert "csv has no place for units: 'elapsed_time', 'epoch'" in [problem["found"] for problem in record["problems"]]
