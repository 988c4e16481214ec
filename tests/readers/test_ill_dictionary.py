"""The tables of what stands where: shipped ones, the user's own, their mistakes, and what the marks do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import illgen
import numpy as np
import pytest

from nxconvert.errors import ReadError
from nxconvert.readers.ill import READER, tables
from nxconvert.readers.ill.tables import SHIPPED as NUMORS
from nxconvert.scan import Scan

ASKED = (
    "D1A D1B D2B D4 D7 D9 D10 D11 D15 D16 D17 D19 D20 D22 D23 D33 IN4 IN5 IN6 IN10 IN13 IN16".split()  # noqa: SIM905
)

TABLE: dict[str, Any] = {
    "description": "an instrument of one's own",
    "family": "spectra",
    "instruments": {"MINE": "V"},
    "versions": [],
    "first": 1,
    "header": [
        {"block": "A80"},
        {
            "block": "F3",
            "values": [
                {
                    "at": 1,
                    "name": "speed",
                    "units": "Hz",
                    "factor": 0.001,
                    "to": "instrument.speed",
                    "mark": "V",
                    "source": "the logbook",
                },
                {"at": [2, 3], "name": "pair", "units": "mm", "mark": "S", "source": "hearsay"},
            ],
        },
    ],
}
NUMOR = (
    illgen.run(1)
    + illgen.text(["MINEme        01-Jan-01 00:00:01"])
    + illgen.floats([125.0, 5.0, 6.0])
    + illgen.group(1, 1, 1)
    + illgen.integers(range(5))
)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder for tables; the user's own ones do not count here."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("NXCONVERT_NUMORS", str(tmp_path))
    return tmp_path


def read(folder: Path, text: str = NUMOR) -> Scan:
    """Read a numor."""
    path = folder / "000001"
    path.write_text(text)
    with READER.open(str(path)) as file:
        (scan,) = file
    return scan


def test_there_is_a_table_for_every_instrument_that_was_asked_for() -> None:
    known = {name for layout in tables.layouts() for name in layout.instruments}
    assert set(ASKED) <= known


@pytest.mark.parametrize("path", sorted(NUMORS.glob("*.json")), ids=lambda path: path.stem)
def test_every_value_of_the_shipped_tables_has_a_mark_and_a_source_and_a_unit_that_is_one(path: Path) -> None:
    import pint

    registry = pint.UnitRegistry()
    document = json.loads(path.read_text())
    assert document["description"]
    for block in [*document["header"], *document.get("group", [])]:
        places = []
        for value in block.get("values", []):
            assert value["mark"] in tables.MARKS
            assert value["source"]
            if value["mark"] == "S2":
                assert len(re.split(r"[;,]", value["source"])) >= 2, value
            if value.get("units"):
                registry.get_base_units(value["units"])
            first, last = (value["at"], value["at"]) if isinstance(value["at"], int) else value["at"]
            length = re.fullmatch(r"[FIJ](\d+)", block["block"])
            if length:
                assert last - document["first"] < int(length[1]), value
            for instrument in value.get("only", ["any"]):
                places += [(instrument, at) for at in range(first, last + 1)]
        assert len(places) == len(set(places)), "positions stand twice"


def test_the_readme_shows_a_table_that_works(own_folders: Path) -> None:
    [example] = re.findall(r"```json\n(.*?)```", (NUMORS / "README.md").read_text(), re.DOTALL)
    (own_folders / "example.json").write_text(example)
    assert any(layout.path == str(own_folders / "example.json") for layout in tables.layouts())


def test_a_table_of_the_user_names_the_values_of_an_instrument(own_folders: Path) -> None:
    (own_folders / "mine.json").write_text(json.dumps(TABLE))
    scan = read(own_folders)
    assert (scan.metadata["speed"].value, scan.metadata["speed"].units) == (0.125, "Hz")
    assert (scan.instrument["speed"].value, scan.instrument["speed"].units) == (0.125, "Hz")
    # one source only: position and value, and the name as a hint
    pair = scan.metadata["F2_2"]
    assert (pair.value.tolist(), pair.units, pair.long_name) == ([5.0, 6.0], None, "pair")  # type: ignore[union-attr]
    # the block as it is
    assert scan.metadata["F2"].value.tolist() == [125.0, 5.0, 6.0]  # type: ignore[union-attr]


def test_names_in_the_file_go_before_those_of_one_source(own_folders: Path) -> None:
    (own_folders / "mine.json").write_text(json.dumps(TABLE))
    text = NUMOR.replace(illgen.floats([125.0, 5.0, 6.0]), illgen.floats([125.0, 5.0, 6.0], ["a", "b (mm)", "c"]))
    scan = read(own_folders, text)
    assert list(scan.metadata)[-4:] == ["F2", "speed", "b", "c"]
    assert (scan.metadata["b"].value, scan.metadata["b"].units) == (5.0, "mm")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"instruments": {"MINE": "S"}}, "F2_1"),
        ({"versions": [3]}, None),
        ({"header": [{"block": "A80"}, {"block": "F4"}]}, None),
        ({"group": [{"block": "I6"}]}, None),
        ({"group": [{"block": "I5"}]}, "speed"),
    ],
    ids=["instrument of one source", "other version", "other length", "other counts", "these counts"],
)
def test_a_table_is_used_only_where_everything_fits(
    own_folders: Path, change: dict[str, Any], name: str | None
) -> None:
    (own_folders / "mine.json").write_text(json.dumps({**TABLE, **change}))
    scan = read(own_folders)
    assert ("speed" in scan.instrument) == (name == "speed")
    assert [key for key in scan.metadata if key not in ("date", "F2", "facility", "facility_type")][:1] == (
        [name] if name else []
    )
    if name == "F2_1":
        assert (scan.metadata[name].value, scan.metadata[name].units) == (125.0, None)


def test_the_user_can_say_better_than_the_shipped_table(own_folders: Path) -> None:
    table = json.loads((NUMORS / "diffraction.json").read_text())
    table["header"][3]["values"] = [{"at": 18, "name": "colour", "mark": "V", "source": "me"}]
    (own_folders / "diffraction.json").write_text(json.dumps(table))
    scan = read(own_folders, illgen.scan("D9", np.ones((2, 1024), int)).text)
    assert scan.metadata["colour"].value == 1.5
    assert "wavelength" not in scan.instrument


def test_all_mistakes_of_a_table_are_told_at_once(own_folders: Path) -> None:
    (own_folders / "a.json").write_text("{\n 1}")
    wrong = {
        "famly": "x",
        "family": "diffracton",
        "instruments": {"D9": "sure"},
        "first": 2,
        "versions": 4,
        "header": [
            {"block": "F"},
            {
                "block": "F5",
                "values": [
                    {"at": 1, "mark": "V", "source": "x"},
                    {"at": "one", "name": "a", "mark": "V", "source": "x"},
                    {"at": 1, "name": "b", "mark": "V"},
                    {"at": 1, "name": "c", "mark": "V", "source": "x", "to": "nowhere"},
                    {"at": 1, "name": "d", "mark": "V", "source": "x", "unit": "mm", "factor": "big"},
                ],
            },
        ],
    }
    (own_folders / "b.json").write_text(json.dumps(wrong))
    with pytest.raises(ReadError) as caught:
        read(own_folders)
    text = str(caught.value).replace(f"{own_folders}/", "")
    assert text.split("\n") == [
        "a.json:2: no JSON: Expecting property name enclosed in double quotes: line 2 column 2 (char 3)",
        "b.json: 'famly' in the table",
        "  hint: did you mean 'family'?",
        "b.json: family 'diffracton'",
        "  hint: did you mean 'diffraction'?",
        "b.json: 'instruments', names with one of the marks V, S2, S expected",
        "b.json: 'versions', a list of whole numbers expected",
        "b.json: 'first' is 2, 0 or 1 expected",
        "b.json: block 'F', a letter of A F I J and a length or * expected, such as F50",
        "b.json: a value of block F5 without a name",
        "b.json: position of 'a' of block F5, a number from 0, or first and last, expected",
        "b.json: 'b' of block F5 has no mark or no source, one of the marks V, S2, S, and a text, expected",
        "b.json: 'to' of 'c' of block F5 is 'nowhere', one of instrument, sample, monitor, positioners, detector, "
        "metadata, a dot and a name expected",
        "b.json: 'unit' in 'd' of block F5",
        "  hint: did you mean 'units'?",
        "b.json: 'factor' of 'd' of block F5, a number expected",
    ]
