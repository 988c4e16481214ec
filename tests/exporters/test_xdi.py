"""XDI 1.0, read by a parser that follows its specification and dictionary to the letter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exporting import FINITE, MEASURED, bits, constants, losses_of, moved, scan_of, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.errors import RequestError, WriteError
from nxconvert.exporters.xas import XDI
from nxconvert.scan import Field, Scan

DEFINED = ("facility", "beamline", "mono", "detector", "sample", "scan", "element", "column")
WORD = re.compile(r"[!-~]+")


@dataclass
class Parsed:
    fields: dict[str, str]
    comments: list[str]
    labels: list[str]
    columns: list[list[float]]


def parse(text: str) -> Parsed:
    """Read a file; every "must" that is not kept is an AssertionError."""
    assert text.endswith("\n")
    lines = text[:-1].split("\n")
    assert all(len(line) <= 2048 for line in lines)
    match = re.fullmatch(r"# XDI/1\.0((?: [!-~]+)*)", lines.pop(0))
    assert match is not None
    applications = [word.partition("/")[0].lower() for word in match[1].split()]
    end = next(at for at, line in enumerate(lines) if re.fullmatch(r"#[ \t]*-{3,}[ \t]*", line))
    stop = next((at for at, line in enumerate(lines[:end]) if re.fullmatch(r"#[ \t]*/{3,}[ \t]*", line)), end)
    fields: dict[str, str] = {}
    for line in lines[:stop]:
        field = re.fullmatch(r"#[ \t]*([A-Za-z][A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+):[ \t]*(.*)", line)
        assert field is not None, line
        name = f"{field[1]}.{field[2]}".lower()
        assert name not in fields, name
        assert field[1].lower() in (*DEFINED, *applications), name
        assert field[3].isascii()
        assert field[3]
        fields[name] = field[3]
    comments = lines[stop + 1 : end]
    assert all(line.startswith("#") for line in comments)
    label_line = lines[end + 1]
    assert label_line.startswith("#")
    labels = label_line[1:].split()
    assert all(WORD.fullmatch(label) for label in labels)
    assert len({label.lower() for label in labels}) == len(labels)
    rows = [line.split() for line in lines[end + 2 :]]
    assert rows
    assert {len(row) for row in rows} == {len(labels)}
    assert all(re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", cell) for row in rows for cell in row)
    # the required elements and what the dictionary says of their values
    assert re.fullmatch(r"[A-Z][a-z]{0,2}", fields["element.symbol"])
    assert re.fullmatch(r"[KLMNO][1-7]?", fields["element.edge"])
    assert float(fields["mono.d_spacing"]) > 0
    assert fields["column.1"] in ("energy eV", "angle degrees")
    numbers = [int(name[7:]) for name in fields if name.startswith("column.")]
    assert numbers == list(range(1, len(labels) + 1))
    assert [fields[f"column.{number}"].split()[0] for number in numbers] == labels
    for name in ("scan.start_time", "scan.end_time"):
        assert name not in fields or datetime.fromisoformat(fields[name])
    for name, units in (("facility.current", "mA"), ("facility.energy", "GeV"), ("sample.temperature", "K")):
        assert name not in fields or re.fullmatch(rf"[-+.eE\d]+ {units}", fields[name])
    columns = [list(column) for column in zip(*[[float(cell) for cell in row] for row in rows], strict=True)]
    return Parsed(fields, [line[1:].removeprefix(" ") for line in comments], labels, columns)


FOIL = {"element": "Fe", "edge": "K", "d_spacing": "3.1356"}


def spectrum(**more: Any) -> Scan:
    columns = {"Emono": np.array([7.1, 7.1234]), "I0": np.array([100, 90]), "I 1": np.array([0.5, 0.25])}
    return scan_of(columns, {"Emono": "keV"}, **more)


@settings(deadline=None)
@given(
    st.lists(st.tuples(MEASURED, FINITE, st.integers(-(2**63), 2**63 - 1)), min_size=1), st.sampled_from(["eV", "keV"])
)
def test_every_number_comes_back_bit_for_bit(rows: list[tuple[float, float, int]], units: str) -> None:
    energy, flux, counts = zip(*rows, strict=True)
    columns = {"E": np.array(energy, np.float64), "i0": np.array(flux, np.float64), "n": np.array(counts)}
    text = text_of(XDI, scan_of(columns, {"E": units}), **FOIL)
    found = parse(text).columns
    assert bits(found[0]) == bits(moved(energy, 3 if units == "keV" else 0))
    assert bits(found[1]) == bits(flux)
    assert [int(line.split()[2]) for line in text.splitlines()[-len(rows) :]] == list(counts)


@settings(deadline=None)
@given(
    st.lists(st.text(max_size=12), min_size=1, max_size=6, unique=True),
    st.text(),
    st.lists(st.text(max_size=20), max_size=4),
)
def test_names_and_texts_never_break_a_file(names: list[str], title: str, comments: list[str]) -> None:
    columns = {name: np.array([1.0, 2.0]) for name in names}
    motors = {name: Field(name, name, (), name) for name in names}
    metadata = {"comments": Field("comments", comments, ("line",))}
    found = parse(
        text_of(XDI, scan_of(columns, title=title, positioners=motors, metadata=metadata), x_units="eV", **FOIL)
    )
    assert len(found.labels) == len(names)
    assert found.labels[0] == "energy"


def test_the_file_as_it_is() -> None:
    scan = spectrum(
        start_time=datetime(2024, 3, 15, 10, 0, 5, tzinfo=timezone.utc),
        end_time=datetime(2024, 3, 15, 11, 0),
        sample=constants(name="Foil", temperature=(20.0, "degC")),
        instrument={
            **constants(name="BM23", machine__name="ESRF", machine__current=(0.2, "A"), mono__crystal__type="Si"),
            **constants(mono__crystal__d_spacing=(3.1356e-10, "m")),
            "mono.crystal.reflection": Field("reflection", np.array([1, 1, 1]), ("hkl",)),
        },
        metadata=constants(technique__element="fe", technique__edge="k", technique__edge_energy=(7.112, "keV"))
        | {"comments": Field("comments", ["first", "----", "/// third"], ("line",))},
        positioners=constants(sx=(1.25, "mm"), **{"two theta": 3.0}, broken="ERR"),
    )
    version, *lines = text_of(XDI, scan).splitlines()
    assert version.startswith("# XDI/1.0 nxconvert/")
    assert "\n".join(lines) == (
        "# Element.symbol: Fe\n# Element.edge: K\n# Mono.d_spacing: 3.1356\n"
        "# Column.1: energy eV\n# Column.2: i0\n# Column.3: I_1\n"
        "# Scan.start_time: 2024-03-15T10:00:05+00:00\n# Scan.end_time: 2024-03-15T11:00:00\n"
        "# Scan.edge_energy: 7112 eV\n# Mono.name: Si 111\n"
        "# Facility.name: ESRF\n# Facility.current: 200 mA\n# Beamline.name: BM23\n"
        "# Sample.name: Foil\n# Sample.temperature: 293.15 K\n"
        "# nxconvert.scan: 1.1\n# nxconvert.title: a title\n"
        "# nxconvert.motor_sx: 1.25 mm\n# nxconvert.motor_two_theta: (two theta) 3\n# nxconvert.motor_broken: ERR\n"
        "# ///\n# first\n# | ----\n# | /// third\n"
        "#----\n# energy i0 I_1\n7100.0 100 0.5\n7123.4 90 0.25"
    )
    parse(text_of(XDI, scan))
    assert losses_of(XDI, scan) == [
        "xdi has other names for columns: 'Emono: energy', 'I0: i0', 'I 1: I_1'",
        "'Emono' is converted from keV to eV",
        "xdi has no lines in comments that look like its own or are too long: they are changed",
    ]


def test_all_that_is_missing_is_named_at_once() -> None:
    scan = scan_of({"E": np.array([7.1])}, instrument=constants(mono__d_spacing=3.1), metadata=constants(element="Xx"))
    with pytest.raises(WriteError) as caught:
        losses_of(XDI, scan)
    assert str(caught.value) == (
        "x.nxs:/scan_1: XDI needs Element.symbol and Element.edge and Mono.d_spacing\n"
        "  hint: the file says 'Xx'; --element Fe; --edge K;"
        " 'mono.d_spacing' is 3.1 in an unknown unit; --d-spacing 3.1356\n"
        "x.nxs:/scan_1: the unit of 'E' is not known, eV is needed\n  hint: --x-units eV"
    )


def test_two_elements_in_one_file_are_not_chosen_from() -> None:
    scan = spectrum(metadata=constants(a__element="Fe", b__element="Co"))
    with pytest.raises(WriteError, match=r"hint: the file says Co and Fe; --element Fe$"):
        text_of(XDI, scan, edge="K", d_spacing="3.1356")
    assert parse(text_of(XDI, scan, **FOIL)).fields["element.symbol"] == "Fe"


def test_an_angle_stays_an_angle() -> None:
    found = parse(text_of(XDI, scan_of({"bragg": np.array([16.1])}, {"bragg": "deg"}), **FOIL))
    assert (found.labels, found.columns, found.fields["column.1"]) == (["angle"], [[16.1]], "angle degrees")


def test_the_energy_is_the_scanned_column_wherever_the_user_put_it() -> None:
    scan = spectrum()
    scan.columns = {name: scan.columns[name] for name in ("I 1", "I0", "Emono")}
    found = parse(text_of(XDI, scan, **FOIL))
    assert (found.labels, found.columns[0]) == (["energy", "I_1", "i0"], [7100.0, 7123.4])


def test_a_unit_that_the_user_states_is_told_when_it_is_converted() -> None:
    scan = scan_of({"E": np.array([7.1])})
    assert losses_of(XDI, scan, x_units="keV", **FOIL) == [
        "xdi has other names for columns: 'E: energy'",
        "'E' is converted from keV to eV",
    ]


def test_a_length_is_no_abscissa() -> None:
    with pytest.raises(WriteError) as caught:
        text_of(XDI, scan_of({"sx": np.array([16.1])}, {"sx": "mm"}), **FOIL)
    assert str(caught.value) == (
        "x.nxs:/scan_1: 'sx' is in mm, an energy or an angle was expected\n  hint: --x names another column"
    )


def test_a_column_without_any_number_is_left_out_and_told() -> None:
    scan = scan_of({"E": np.array([1.0, 2.0]), "off": np.array([np.nan, np.inf]), "i0": np.ones(2)}, {"E": "eV"})
    assert parse(text_of(XDI, scan, **FOIL)).labels == ["energy", "i0"]
    assert losses_of(XDI, scan, **FOIL) == [
        "xdi has no nan and inf: columns without any number are left out: 'off'",
        "xdi has other names for columns: 'E: energy'",
    ]


def test_points_with_nan_are_left_out_and_told() -> None:
    scan = scan_of({"E": np.array([1.0, 2.0]), "i0": np.array([np.nan, 3.0])}, {"E": "eV"})
    assert parse(text_of(XDI, scan, **FOIL)).columns == [[2.0], [3.0]]
    assert losses_of(XDI, scan, **FOIL)[-1] == "xdi has no nan and inf: 1 of 2 points are left out"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("element", "Xy", "--element: 'Xy' cannot be, the symbol of an element such as Fe was expected"),
        ("edge", "K1", "--edge: 'K1' cannot be, an edge such as K, L3 or M5 was expected"),
        ("d_spacing", "0", "--d-spacing: '0' cannot be, a length in angstrom such as 3.1356 was expected"),
        ("d_spacing", "nan", "--d-spacing: 'nan' cannot be, a length in angstrom such as 3.1356 was expected"),
    ],
)
def test_wrong_options_are_refused(name: str, text: str, expected: str) -> None:
    with pytest.raises(RequestError) as caught:
        text_of(XDI, spectrum(), **{name: text})
    assert str(caught.value) == expected


def test_columns_that_the_library_does_not_read_are_told() -> None:
    scan = scan_of({f"c{number}": np.array([1.0]) for number in range(65)}, {"c0": "eV"})
    assert "the XDI library reads 64 columns and lines of 2048 characters, there are more" in losses_of(
        XDI, scan, **FOIL
    )


def test_larch_reads_it(tmp_path: Path) -> None:
    larch = pytest.importorskip("larch.io")
    energy, flux = np.arange(71000, 71500, 7) / 10000, np.arange(72) / 7
    scan = scan_of({"E": energy, "I0": flux, "I 1": -flux}, {"E": "keV"}, positioners=constants(sx=(1.25, "mm")))
    scan.metadata["comments"] = Field("comments", ["----", "first"], ("line",))
    path = tmp_path / "foil.xdi"
    path.write_text(text_of(XDI, scan, **FOIL))
    group = larch.read_xdi(str(path))
    assert (group.array_labels, group.element, group.edge) == (["energy", "i0", "I_1"], "Fe", "K")
    assert bits(group.energy) == bits(moved(energy.tolist(), 3))
    assert (bits(group.i0), bits(group.I_1)) == (bits(flux), bits(-flux))
    assert group.dspacing == 3.1356
