"""Spectra one by one, read by silx, by PyMca where it is there, and by a parser that follows the manual of SPEC."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from exporting import FINITE, Blocks, bits, constants, losses_of, parts_of, scan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from silx.io.specfile import SpecFile

from nxconvert.exporters.spec.mca import EXPORTER
from nxconvert.scan import Field, Scan


def parse(text: str) -> tuple[dict[str, str], list[float]]:
    """Read the keys and the spectrum of a file; every rule that is not kept is an AssertionError."""
    lines = text.replace("\\\n", "").splitlines()
    assert lines[0].startswith("#F ")
    blank = lines.index("")
    assert re.match(r"#S \d+ \S", lines[blank + 1])
    spectrum = [line for line in lines if line.startswith("@")]
    assert all(line.startswith(("#", "@A ")) for line in lines[:blank] + lines[blank + 1 :])
    assert len(spectrum) <= 1
    keys = {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in lines if line.startswith("#@")}
    assert keys["#@MCA"] == "%16C"
    values = [float(word) for word in spectrum[0].split()[1:]] if spectrum else []
    assert keys["#@CHANN"].split()[0] == str(len(values)) or not spectrum
    return keys, values


def spectra(values: np.ndarray | Blocks, **items: Field) -> Scan:
    scan = scan_of({"th": np.arange(values.shape[0]) / 10}, {"th": "deg"}, start_time=datetime(2024, 3, 5, 10, 0, 5))
    scan.detectors["xia 0"] = {"data": Field("data", values, ("point", "channel")), **items}
    return scan


@settings(deadline=None)
@given(st.integers(1, 40).flatmap(lambda n: st.lists(st.lists(FINITE, min_size=n, max_size=n), min_size=2, max_size=5)))
def test_every_number_comes_back_bit_for_bit(rows: list[list[float]]) -> None:
    files = parts_of(EXPORTER, spectra(Blocks(np.array(rows))))
    assert [bits(parse(text)[1]) for text in files.values()] == [bits(row) for row in rows]


def test_the_file_as_it_is() -> None:
    items = constants(calibration=np.array([0, 0.01, 0]), preset_time=1.0)
    items["live_time"] = Field("live_time", np.array([0.9, 0.8]), ("point",), "s")
    items["FeKa"] = Field("FeKa", np.array([1.0, 2.0]), ("point",))
    scan = spectra(np.arange(36).reshape(2, 18), **items)
    files = parts_of(EXPORTER, scan)
    assert list(files) == ["xia 0_0000", "xia 0_0001"]
    assert files["xia 0_0001"] == (
        "#F xia 0_0001\n#D Tue Mar  5 10:00:05 2024\n\n#S 1 a title\n#D Tue Mar  5 10:00:05 2024\n#C th = 0.1 deg\n"
        "#@MCA %16C\n#@DET_0 xia 0\n#@CHANN 18 0 17 1\n#@CALIB 0 0.01 0\n#@CTIME 1 0.8 nan\n"
        "@A 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33\\\n 34 35\n"
    )
    assert losses_of(EXPORTER, scan) == ["mca has no place for these of the detectors: 'xia 0.FeKa'"]


def test_a_spectrum_of_the_whole_scan_has_the_name_of_its_detector() -> None:
    scan = spectra(np.arange(4).reshape(1, 4))
    scan.detectors["one"] = {"data": Field("data", np.arange(3), ("channel",))}
    scan.detectors["more"] = {
        "data": Field("data", np.ones((1, 3)), ("point", "channel")),
        "surplus": Field("surplus", np.ones((1, 3)), ("extra", "channel")),
    }
    assert list(parts_of(EXPORTER, scan)) == ["xia 0_0000", "one", "more_0000", "more_0001"]


def test_spectra_that_are_left_when_a_scan_is_cut_keep_their_names() -> None:
    assert list(parts_of(EXPORTER, spectra(np.ones((1, 4))))) == list(parts_of(EXPORTER, spectra(np.ones((3, 4)))))[:1]


def test_a_scan_without_spectra_is_skipped() -> None:
    assert EXPORTER.skips is not None
    assert EXPORTER.skips(scan_of({"th": np.arange(2)}), {}) == "it has no spectra"
    assert EXPORTER.skips(spectra(np.ones((2, 3))), {}) == ""


def test_silx_reads_it(tmp_path: Path) -> None:
    values = np.random.default_rng(1).poisson(5, (2, 40))
    items = constants(calibration=np.array([1.5, 0.01, 0]))
    for number, (name, text) in enumerate(parts_of(EXPORTER, spectra(values, **items)).items()):
        path = tmp_path / f"{name}.mca"
        path.write_text(text)
        scan = SpecFile(str(path))[0]
        assert (scan.number, scan.order, len(scan.mca)) == (1, 1, 1)
        assert scan.mca[0].tolist() == values[number].tolist()
        assert scan.mca.calibration == [[1.5, 0.01, 0.0]]


def test_pymca_reads_it(tmp_path: Path) -> None:
    specfilewrapper = pytest.importorskip("PyMca5.PyMcaIO.specfilewrapper")
    values = np.random.default_rng(1).poisson(5, (1, 40))
    path = tmp_path / "x.mca"
    path.write_text(parts_of(EXPORTER, spectra(values))["xia 0_0000"])
    scan = specfilewrapper.Specfile(str(path))[0]
    assert scan.nbmca() == 1
    assert scan.mca(1).tolist() == values[0].tolist()
