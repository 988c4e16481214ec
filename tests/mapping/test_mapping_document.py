from __future__ import annotations

from pathlib import Path

import pytest

from nxconvert.errors import MappingError
from nxconvert.mapping import document
from nxconvert.mapping.document import Items, Node, Table, Text


def plain(node: Node) -> object:
    """Give a node as plain lists and dicts."""
    if isinstance(node, Text):
        return node.text
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, (_, value) in node.items.items()}


def refusal(text: str) -> str:
    with pytest.raises(MappingError) as error:
        document.parse(text, "m.yaml")
    return str(error.value)


def problems(text: str) -> list[str]:
    return [str(problem) for problem in document.parse(text, "m.yaml")[1]]


def test_scalars_stay_the_text_that_was_written() -> None:
    (node,), found = document.parse("a: no\nb: 12:30:45\nc: 1e-10\nd: 007\ne: 2024-01-02\nf: 0x1F\n", "m.yaml")
    assert plain(node) == {"a": "no", "b": "12:30:45", "c": "1e-10", "d": "007", "e": "2024-01-02", "f": "0x1F"}
    assert found == []


def test_quotes_are_remembered_because_they_make_a_number_text() -> None:
    (node,), _ = document.parse("[1, '1', \"1\", ~, '~', '']", "m.yaml")
    assert isinstance(node, Items)
    assert [(item.text, item.plain, item.is_null) for item in node.items if isinstance(item, Text)] == [
        ("1", True, False),
        ("1", False, False),
        ("1", False, False),
        ("~", True, True),
        ("~", False, False),
        ("", False, False),
    ]


def test_every_key_and_value_has_line_and_column() -> None:
    (node,), _ = document.parse("a:\n  bc: [x, {y: z}]\n", "m.yaml")
    assert isinstance(node, Table)
    place, inner = node.items["a"]
    assert str(place) == "m.yaml:1:1"
    assert isinstance(inner, Table)
    place, values = inner.items["bc"]
    assert (str(place), str(values.place)) == ("m.yaml:2:3", "m.yaml:2:7")
    assert isinstance(values, Items)
    assert [str(item.place) for item in values.items] == ["m.yaml:2:8", "m.yaml:2:11"]


def test_a_key_that_stands_twice_is_told_with_both_lines() -> None:
    assert problems("a: 1\nb: 2\na: 3\n") == [
        "m.yaml:3:1: 'a' stands twice, first in line 1\n  hint: remove one of them",
    ]


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!!python/object/apply:os.system", "!mine", "!!str"])
def test_tags_are_refused_with_their_place(tag: str) -> None:
    full = tag.replace("!!", "tag:yaml.org,2002:")
    assert problems(f"a: 1\nb: {tag} x\n") == [
        f"m.yaml:2:4: the tag '{full}', tags are not accepted: nothing in a mapping is executed"
    ]


def test_an_alias_gives_what_its_anchor_holds() -> None:
    assert plain(document.parse("a: &x [1, 2]\nb: *x\n", "m.yaml")[0][0]) == {"a": ["1", "2"], "b": ["1", "2"]}


def test_aliases_that_multiply_are_refused_early() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert refusal("\n".join(lines)) == (
        "m.yaml:5:20: more than 50000 values, expected a text that people wrote\n  hint: aliases count each time"
    )


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    assert refusal("a: &x [1, *x]") == "m.yaml:1:11: '*x' names no finished value, expected '&x' before"


@pytest.mark.parametrize("bracket", ["[", "{"])
def test_deep_nesting_is_refused_before_it_is_built(bracket: str) -> None:
    assert refusal(bracket * 50) == "m.yaml:1:22: nested more than 20 deep, expected a flat mapping"
    place, _, said = refusal(bracket * 100_000).partition(": ")
    assert said == "nested more than 20 deep, expected a flat mapping"
    # where it is noticed depends on how far the version of libyaml reads ahead
    assert place in ("m.yaml:1:22", "m.yaml:1:1001")


def test_text_that_is_no_yaml_is_refused_with_its_place() -> None:
    assert refusal("a: 1\nb: [") == "m.yaml:3:1: not YAML: did not find expected node content"
    assert refusal("a: 1\nb: x\0") == "m.yaml:2:5: not YAML: a character that may not stand there"


def test_a_file_may_hold_several_documents_that_know_nothing_of_each_other() -> None:
    nodes, found = document.parse("--- {a: &x 1}\n--- {b: 1}\n---\n", "m.yaml")
    assert ([plain(node) for node in nodes], found) == ([{"a": "1"}, {"b": "1"}, ""], [])
    assert refusal("--- {a: &x 1}\n--- {b: *x}\n") == ("m.yaml:2:9: '*x' names no finished value, expected '&x' before")
    assert refusal("---\n" * 50_001).startswith("m.yaml:50002:1: more than 50000 values")


def test_a_key_that_is_a_list_is_a_mistake() -> None:
    assert problems("? [1]\n: 2\n") == ["m.yaml:1:3: a key that is not text"]


def test_an_empty_text_is_null() -> None:
    (node,), found = document.parse("# only a comment\n", "m.yaml")
    assert isinstance(node, Text)
    assert (node.is_null, found) == (True, [])


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert plain(document.read(path)[0][0]) == {"a": "1"}


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    with pytest.raises(MappingError) as error:
        document.read(path)
    assert str(error.value) == f"{path}: the mapping cannot be read: No such file or directory"


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"a: 1\nb: \xe9\n")
    with pytest.raises(MappingError) as error:
        document.read(path)
    assert str(error.value) == f"{path}:2: the mapping is not UTF-8 text"


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"#" * 5_000_001)
    with pytest.raises(MappingError) as error:
        document.read(path)
    assert str(error.value) == f"{path}: the mapping has more than 5000000 bytes, expected a text that people wrote"
