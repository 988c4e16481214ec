"""Configuration files: keys, values and rows with their lines, odd encodings, and what must be refused."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nanogen import Made

from nxconvert.errors import ReadError
from nxconvert.readers.nanoesca.keys import Config, Entry, read_config

TABLE = re.compile(r"SCAN_\d+|DataSum")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.meas"


def read(path: Path, content: str | bytes) -> Config:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_config(str(path), TABLE)


def told(config: Config) -> list[str]:
    return [f"{problem.severity} {problem}".replace(f"{config.path}:", "") for problem in config.problems]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_sections_keys_and_rows_are_read_with_their_lines(path: Path, end: str) -> None:
    lines = [
        "[CONFIG]",
        'NAME = "a = b [c]"',
        "E_PH = 21.220000",
        "",
        "[PEEM]",
        "TL2/4_USE = TRUE",
        "[SCAN_01]",
        '1.0\t2\t"x.TIF"',
    ]
    config = read(path, end.join(lines))
    assert config.problems == []
    assert config.sections["CONFIG"] == {"NAME": Entry('"a = b [c]"', 2), "E_PH": Entry("21.220000", 3)}
    assert config.sections["PEEM"]["TL2/4_USE"] == Entry("TRUE", 6)
    ((name, rows),) = config.tables.items()
    assert (name, rows[0].fields, rows[0].line) == ("SCAN_01", ("1.0", "2", '"x.TIF"'), 8)
    assert config.text == end.join(lines)


@pytest.mark.parametrize(("text", "value"), [
    ('"text"', "text"), ('""', ""), ("TRUE", True), ("false", False), ("12", 12), ("-3", -3), ("0012", 12),
    ("1.500000", 1.5), ("1e-3", 0.001), (".5", 0.5), ("text", "text"), ("9" * 30, "9" * 30), ("2E3", 2000.0), ("1_000", "1_000"),
    ("nan", "nan"), ("1.2.3", "1.2.3"), ("", ""), ('"', '"'), ("9" * 100, "9" * 100),
])  # fmt: skip
def test_values_have_the_type_that_their_text_shows(text: str, value: object) -> None:
    found = Entry(text, 1).value
    assert (found, type(found)) == (value, type(value))


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0-9_/-]{0,12}", fullmatch=True),
        st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True),
    )
)
def test_keys_are_those_that_configparser_finds(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str]) -> None:
    text = "[CONFIG]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
    other = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",), comment_prefixes=None)
    other.optionxform = str  # type: ignore[assignment, method-assign]
    other.read_string(text)
    config = read(tmp_path_factory.getbasetemp() / "keys.meas", text)
    assert {key: entry.text for key, entry in config.sections.get("CONFIG", {}).items()} == dict(other["CONFIG"])


def test_what_is_no_utf8_is_read_as_windows_western(path: Path) -> None:
    config = read(path, '[CONFIG]\nNAME = "10 µm"\nOPERATOR = "Jürgen – €"\n'.encode("cp1252"))
    assert config.sections["CONFIG"]["NAME"].value == "10 µm"
    assert config.sections["CONFIG"]["OPERATOR"].value == "Jürgen – €"
    assert told(config) == ["note 2: byte 0xb5 is no UTF-8, the file is read as Windows-1252"]
    assert (
        read(path, b'[CONFIG]\nNAME = "\x81\xfc"\n').sections["CONFIG"]["NAME"].value == "\x81ü"
    )  # latin-1 alone has it
    config = read(path, '\ufeff[CONFIG]\nNAME = "µ"\n')
    assert (config.sections["CONFIG"]["NAME"].value, config.problems) == ("µ", [])


def test_a_key_that_stands_twice_is_told_and_the_last_one_counts(path: Path) -> None:
    config = read(path, "[A]\nX = 1\nY = 5\nX = 2\nY = 5\n[B]\nX = 3\n")
    assert told(config) == [
        "warning 4: 'X' stands twice in [A], first in line 2 with 1, here 2\n"
        "  hint: the last one counts; correct the file if that is wrong",
        "note 5: 'Y' stands twice in [A], first in line 3",
    ]
    assert (config.sections["A"]["X"].value, config.sections["B"]["X"].value) == (2, 3)


def test_odd_lines_are_told_and_comments_are_not(path: Path) -> None:
    config = read(path, "; comment\n# comment\n[A]\nwhat is this\nX = 1\n")
    assert told(config) == ["warning 4: 'what is this', KEY = value or [SECTION] expected"]
    config = read(path, "[A]\n" + "odd\n" * 25)
    assert len(config.problems) == 21
    assert str(config.problems[-1]) == f"{path}: 5 more lines like those listed"


def test_what_is_no_text_is_refused_with_its_place(path: Path) -> None:
    with pytest.raises(ReadError) as caught:
        read(path, b"[A]\nX = 1\n\0\0\0")
    assert str(caught.value) == (
        f"{path}:3: a NUL byte, a text of sections and keys expected\n"
        "  hint: name the folder of the measurement, or its .meas or .exp file"
    )
    with path.open("wb") as file:
        file.truncate(33 << 20)
    with pytest.raises(ReadError, match=r"34603008 bytes, a configuration of at most 33554432 expected"):
        read_config(str(path))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.meas"
    try:
        config = read(path, content)
    except ReadError:
        return
    for keys in config.sections.values():
        for entry in keys.values():
            assert isinstance(entry.value, (str, int, float))


def test_the_generator_writes_what_configparser_reads() -> None:
    other = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    other.optionxform = str  # type: ignore[assignment, method-assign]
    other.read_string(Made().meas())
    assert other["CONFIG"]["AXIS_START"] == "16.400000"
