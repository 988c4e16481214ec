"""The JSON Schema of mapping files, with which editors complete and check them; made from the schema in the code."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from nxconvert.mapping.constants import NX_TYPES
from nxconvert.mapping.expressions import MAX_LENGTH
from nxconvert.mapping.schema import FILE_KEYS, PARAMETER_KEYS, _Reader

_TEXT = {"type": "string"}
_TEXTS = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_SCALAR = {"type": ["string", "number", "boolean"]}
_CONSTANT = {"anyOf": [_SCALAR, {"type": "array", "items": {"$ref": "#/$defs/constant"}}]}
_PATH = {"type": "string", "pattern": r"^$|^([A-Za-z0-9_{}.]+:)?NX[A-Za-z0-9_]+([/@].+)?$"}

#: What each kind of value may be, by the method that reads it.
_FRAGMENTS: dict[Callable[..., Any], dict[str, Any]] = {
    _Reader.text: _TEXT,
    _Reader.names: _TEXTS,
    _Reader.words: _TEXTS,
    _Reader.application: {"type": "string", "pattern": "^NX[A-Za-z0-9_]+$"},
    _Reader.entry_name: _TEXT,
    _Reader.time_zone: _TEXT,
    _Reader.path: _PATH,
    _Reader.paths: {"anyOf": [_PATH, {"type": "array", "items": _PATH}]},
    _Reader.constant: {"$ref": "#/$defs/constant"},
    _Reader.units: _TEXT,
    _Reader.expression: {"type": "string", "maxLength": MAX_LENGTH},
    _Reader.sources: _TEXTS,
    _Reader.nx_type: {"enum": list(NX_TYPES)},
    _Reader.boolean: {"type": "boolean"},
    _Reader.rank: {"enum": [0, 1, 2, 3, 4]},
    _Reader.attributes: {
        "type": "object",
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "additionalProperties": {
            "anyOf": [
                {"$ref": "#/$defs/constant"},
                {
                    "type": "object",
                    "properties": {"source": _TEXT},
                    "required": ["source"],
                    "additionalProperties": False,
                },
            ]
        },
    },
}

#: What an editor shows beside a key.
_WORDS = {
    "extends": "a more general mapping by name or file, or a list of them; null in a parameter removes what it says",
    "description": "what the mapping is for, in one line",
    "application": "the application definition that the mapping adds, such as NXscan",
    "entry_name": "the name of the entry; {number}, {order}, {stem} and {identifier} stand for those of the scan",
    "time_zone": "the zone of times that state none, such as Europe/Paris",
    "nx_path": "where the value goes, such as NXentry/mono:NXmonochromator/energy",
    "nx_links": "further places, as hard links",
    "def_value": "a constant; '' means none",
    "def_units": "units where the data have none; 'dimensionless' is the empty unit",
    "dependency_func": "a calculation, such as sum(%data%)",
    "source": "references into the scan, such as columns.det; the first that exists and fits",
    "required": "without a value the definition is refused",
    "nx_type": "what the value must be; whole numbers and floats are converted where nothing is lost",
    "rank": "the number of dimensions",
    "at": "the name of a parameter that says which point is taken",
    "choices": "the texts that are allowed",
    "attributes": "attributes of the field",
    "shared": "mostly the same in every scan, stored once",
}


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of a mapping file."""
    parameter = {"type": "object", "properties": _properties(PARAMETER_KEYS), "additionalProperties": False}
    keys = _properties(FILE_KEYS)
    keys["meta_parameters"] = {
        "description": "the parameters by name; null removes one",
        "anyOf": [
            {"type": "object", "additionalProperties": {"anyOf": [{"type": "null"}, parameter]}},
            {"type": "null"},
        ],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a mapping of nxconvert",
        "type": ["object", "null"],
        "properties": keys,
        "additionalProperties": False,
        "$defs": {"constant": _CONSTANT},
    }


def text() -> str:
    """Give the schema as the text of the file ``mapping.schema.json`` beside the shipped mappings."""
    return json.dumps(json_schema(), indent=1) + "\n"


def _properties(keys: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    return {
        name: {"description": _WORDS[name], "anyOf": [_FRAGMENTS[kind], {"type": "null"}]}
        for name, kind in keys.items()
    }
