"""Descriptions of set-ups: every mistake at once with its line, plain data only."""

from __future__ import annotations

import contextlib
from pathlib import Path

import nanogen
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nxconvert.errors import RequestError
from nxconvert.readers.nanoesca import READER
from nxconvert.readers.nanoesca.instrument import ITEMS, load


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine.yaml"


def refused(path: Path, content: str | bytes) -> list[str]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(RequestError) as caught:
        load(str(path))
    return [str(problem).removeprefix(f"{path}") for problem in caught.value.problems]


def test_the_built_in_one_describes_a_nanoesca() -> None:
    found = load()
    assert found.path is None
    match = found.matches("raw", "MnTe (Se capped)_01_017.TIF")
    assert match is not None
    assert match.groupdict() == {"name": "MnTe (Se capped)", "repeat": "01", "step": "017"}
    assert found.matches("raw", "x_AV_001.TIF") is None
    assert found.matches("averaged", "x_01_AV_001.tiff") is not None
    assert found.matches("ignored", "x_AV.TIF") is not None
    assert set(found.items) < set(ITEMS)


def test_one_that_extends_it_states_what_differs(path: Path) -> None:
    path.write_text(
        "extends: nanoesca\nfolders: {raw: Rohdaten}\nitems:\n  pixel_pitch: {value: '19.05'}\n  sample: {keys: [X/Y, Z]}\n"
    )
    found, base = load(str(path)), load()
    assert found.folders == {"raw": "Rohdaten", "averaged": "Sum"}
    assert found.items["pixel_pitch"].value == "19.05"
    assert found.items["sample"].keys == (("X", "Y"), ("", "Z"))
    assert found.items["title"] == base.items["title"]
    assert found.files == base.files


def test_all_mistakes_are_told_at_once_with_their_places(path: Path) -> None:
    assert refused(
        path,
        "fils: {}\n"
        "files: {raw: '(?P<nr>.+', averaged: 'a\\d+', rau: x}\n"
        "folders: {raw: ../up, averaged: Sum, averaged: Sum}\n"
        "first_step: one\n"
        "times: [clock]\n"
        "items:\n"
        "  titel: {keys: A/B}\n"
        "  title: {key: A/B}\n"
        "  sample: [A]\n",
    ) == [
        ":1:7: unknown key 'fils'\n  hint: did you mean 'files'?",
        ":2:14: '(?P<nr>.+' is no regular expression, missing ), unterminated subpattern at position 0",
        ":2:50: unknown key 'rau'\n  hint: did you mean 'raw'?",
        ":3:38: 'averaged' stands twice\n  hint: remove one of them",
        ":3:16: '../up', expected the name of one folder",
        ":4:13: 'one', expected a whole number",
        ":5:8: 'clock', expected tag or file",
        ":7:10: unknown key 'titel'\n  hint: did you mean 'title' or 'field'?",
        ":8:16: unknown key 'key'\n  hint: did you mean 'keys'?",
        ":9:11: no table of keys, expected 'key: value'",
        ":2:37: 'a\\d+' does not say which part is the step, expected (?P<step>...)\n"
        "  hint: with 'pages: step' each image in a file is one",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ": no pattern for the names of images, expected files: {raw: ...}"),
        ("a: [", ":2:1: not YAML: "),
        ("a: !!python/object/apply:os.system [x]", ":1:4: unknown key 'a'"),
        ("a: &x 1\nb: *x\n", ":2:4: an alias, plain data expected"),
        ("a: " + "[" * 50 + "]" * 50, ":1:9: nested more than 6 deep"),
        (b"a: \xff", ":1: not UTF-8 text"),
        (
            "extends: other\nfiles: {raw: '(?P<step>x)'}",
            ":1:10: extends 'other', expected 'nanoesca', the only one that is built in",
        ),
        ("x" * 1_000_001, ": more than 1000000 bytes, a text that people wrote expected"),
    ],
)
def test_what_is_no_description_is_refused(path: Path, content: str | bytes, expected: str) -> None:
    (message,) = refused(path, content)
    assert message.startswith(expected)  # the two YAML parsers have words of their own


def test_a_description_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        load(str(tmp_path / "none.yaml"))
    assert str(caught.value) == (
        f"{tmp_path}/none.yaml: the description of the instrument cannot be read: No such file or directory"
    )


@given(st.text(max_size=200))
def test_any_text_is_taken_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with contextlib.suppress(RequestError):
        assert load(str(path)).files


def test_steps_and_repeats_may_count_from_zero_and_lie_in_folders_of_any_name(tmp_path: Path) -> None:
    made = nanogen.Made(repeats=2, points=2, averages="", tables=False)
    made.write(tmp_path / "m")
    (tmp_path / "m" / "Scan").rename(tmp_path / "m" / "frames")
    for repeat, point in made.taken():
        path = tmp_path / "m" / "frames" / made.image(repeat, point)
        path.rename(path.with_name(f"s{point - 1}r{repeat - 1}.tif"))
    description = tmp_path / "mine.yaml"
    description.write_text(
        "extends: nanoesca\nfiles: {raw: 's(?P<step>\\d+)r(?P<repeat>\\d+)\\.tif'}\nfolders: {raw: Frames}\n"
        "first_step: 0\nfirst_repeat: 0\n"
    )
    with READER.open(str(tmp_path / "m"), instrument=str(description)) as file:
        (scan,) = list(file)
    assert scan.problems == []
    stack = scan.detectors["raw"]["data"].value
    for index, (point, repeat) in enumerate(((1, 1), (1, 2), (2, 1), (2, 2))):
        assert stack.frame(index).tolist() == made.pixels(repeat, point).tolist()  # type: ignore[union-attr]
