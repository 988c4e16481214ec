"""The JSON Schema says what the code says: every shipped mapping fits, and what the code refuses by its form does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from nxconvert.mapping import jsonschema as ours
from nxconvert.mapping import schema
from nxconvert.resources import mappings_dir

VALIDATOR = jsonschema.Draft202012Validator(ours.json_schema())
SHIPPED = sorted(mappings_dir().rglob("*.yaml"))


def test_the_file_beside_the_mappings_is_that_of_the_code() -> None:
    assert (mappings_dir() / "mapping.schema.json").read_text(encoding="utf-8") == ours.text()


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(ours.json_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_mapping_fits_and_names_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    first = text.partition("\n")[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == mappings_dir() / "mapping.schema.json"
    VALIDATOR.validate(yaml.safe_load(text))


def test_every_key_is_in_the_schema() -> None:
    properties = ours.json_schema()["properties"]
    assert [*properties] == [*schema.FILE_KEYS, "meta_parameters"]
    parameter = properties["meta_parameters"]["anyOf"][0]["additionalProperties"]["anyOf"][1]
    assert [*parameter["properties"]] == [*schema.PARAMETER_KEYS]


@pytest.mark.parametrize(
    "text",
    [
        "extend: spec",
        "extends: {a: b}",
        "application: scan",
        "meta_parameters: [a]",
        "meta_parameters: {a: 1}",
        "meta_parameters: {a: {nx_pth: NXentry/a}}",
        "meta_parameters: {a: {nx_path: entry/a}}",
        "meta_parameters: {a: {nx_path: [NXentry/a]}}",
        "meta_parameters: {a: {nx_path: NXentry/a, nx_type: integer}}",
        "meta_parameters: {a: {nx_path: NXentry/a, required: 'yes'}}",
        "meta_parameters: {a: {nx_path: NXentry/a, rank: 7}}",
        "meta_parameters: {a: {nx_path: NXentry/a, def_value: {b: c}}}",
        "meta_parameters: {a: {nx_path: NXentry/a, attributes: {1b: c}}}",
        "meta_parameters: {a: {nx_path: NXentry/a, attributes: {b: {sources: c}}}}",
    ],
)
def test_both_refuse_what_has_the_wrong_form(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    assert schema.read(path)[0].problems
    value: Any = yaml.safe_load(text)
    assert not VALIDATOR.is_valid(value)


def test_both_take_what_has_the_right_form(tmp_path: Path) -> None:
    text = (
        "extends: [base, spec]\nentry_name: '{number}'\nmeta_parameters:\n  gone: ~\n"
        "  a: {nx_path: 'NXentry/{name}:NXdata@b', source: 'columns.*', def_value: [[1, 2], [3, 4]], rank: 2}\n"
        "  b: {nx_path: NXentry/b, attributes: {c: [x], d: {source: title}}, nx_type: ~, shared: true, choices: [x]}\n"
    )
    path = tmp_path / "m.yaml"
    path.write_text(text)
    assert schema.read(path)[0].problems == []
    VALIDATOR.validate(yaml.safe_load(text))
