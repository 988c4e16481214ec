from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scans import angle_scan

from nxconvert.errors import MappingError, RequestError
from nxconvert.mapping import catalog, times
from nxconvert.mapping.engine import load
from nxconvert.resources import mappings_dir

Write = Callable[..., None]
SHIPPED = sorted(mappings_dir().rglob("*.yaml"))


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Give a function that writes mapping files into the working folder, by name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("NXCONVERT_MAPPINGS", raising=False)

    def write_files(**texts: str) -> None:
        for name, text in texts.items():
            Path(f"{name}.yaml").write_text(text, encoding="utf-8")

    return write_files


def mistakes(*names: str) -> list[str]:
    with pytest.raises(MappingError) as error:
        load(names)
    return [str(problem) for problem in error.value.problems]


def mistake_in(write: Write, parameters: str, **keys: str) -> list[str]:
    """Give the mistakes of one file ``m.yaml`` that has these parameters."""
    lines = [f"{key}: {value}" for key, value in keys.items()]
    write(m="\n".join([*lines, "meta_parameters:", *(f"  {line}" for line in parameters.splitlines())]))
    return mistakes("m.yaml")


# every mistake at once


def test_a_mapping_with_ten_mistakes_reports_all_ten_with_their_places(write: Write) -> None:
    write(
        m="""\
extend: spec
entry_name: scan_{nummer}
time_zone: Europe/Pari
meta_parameters:
  a: {nx_paht: NXentry/NXsample/a}
  b: {nx_path: NXentry/NXsample/b/c/d}
  c: {nx_path: sample/c}
  d: {nx_path: NXentry/NXsample/d, source: colums.det}
  e: {nx_path: NXentry/NXsample/e, dependency_func: "__import__('os')"}
  f: {nx_path: NXentry/NXsample/f, nx_type: integer}
  g: {nx_path: NXentry/NXsample/g, required: maybe}
"""
    )
    assert mistakes("m.yaml") == [
        "m.yaml:1:1: unknown key 'extend', expected a key of a mapping file\n  hint: did you mean 'extends'?",
        "m.yaml:2:13: '{nummer}' in entry_name\n  hint: did you mean 'number'?",
        "m.yaml:3:12: unknown time zone 'Europe/Pari', expected a name as Europe/Paris, UTC, or +01:00",
        "m.yaml:5:7: unknown key 'nx_paht', in parameter 'a'\n  hint: did you mean 'nx_path'?",
        "m.yaml:6:16: path 'NXentry/NXsample/b/c/d': 'd' stands two steps below the field 'b', "
        "expected one at most: an attribute",
        "m.yaml:7:16: path 'sample/c': begins with 'sample', expected 'NXentry'",
        "m.yaml:8:44: the source 'colums.det' begins with the unknown 'colums'\n  hint: did you mean 'columns'?",
        "m.yaml:9:53: function '__import__('os')': the unknown function '__import__'\n"
        "  hint: known: 'abs', 'acos', 'asin', 'atan', 'bragg_angle', 'bragg_energy', 'cos', 'd_spacing' and 20 more",
        "m.yaml:10:45: unknown nx_type 'integer', expected int, float, number, char, date_time, bool",
        "m.yaml:11:46: 'maybe', expected true or false",
    ]


def test_mistakes_of_all_files_are_reported_together(write: Write) -> None:
    write(one="nonsense: 1\n", two="extends: one\nnonsense: 2\n", three="a: [\n")
    assert mistakes("two.yaml", "three.yaml") == [
        "one.yaml:1:1: unknown key 'nonsense', expected a key of a mapping file"
        "\n  hint: known: 'application', 'description', 'entry_name', 'extends', 'meta_parameters', 'time_zone'",
        "three.yaml:2:1: not YAML: did not find expected node content",
        "two.yaml:2:1: unknown key 'nonsense', expected a key of a mapping file"
        "\n  hint: known: 'application', 'description', 'entry_name', 'extends', 'meta_parameters', 'time_zone'",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2]", "m.yaml:1:1: no table of keys, expected 'meta_parameters:' and other keys"),
        ("meta_parameters: [a]", "m.yaml:1:18: meta_parameters is no table, expected parameters by name"),
        ("meta_parameters: {a: 1}", "m.yaml:1:22: parameter 'a' is no table, expected keys such as nx_path"),
        (
            "application: scan",
            "m.yaml:1:14: 'scan', expected the name of an application definition such as NXscan",
        ),
        ("entry_name: 'a b'", "m.yaml:1:13: entry_name 'a b', expected letters, digits, '_' and words such as {number}"),
        ("entry_name: '..'", "m.yaml:1:13: entry_name '..', expected letters, digits, '_' and words such as {number}"),
        ("entry_name: '{number'", "m.yaml:1:13: entry_name '{number', expected letters, digits, '_' and words such as {number}"),
        ("entry_name: [a]", "m.yaml:1:13: a list or table, expected text"),
        ("description: [a]", "m.yaml:1:14: a list or table, expected text"),
        ("extends: {a: b}", "m.yaml:1:10: a table of keys, expected text or a list of texts"),
        ("extends: [[a]]", "m.yaml:1:11: a list or table, expected text"),
    ],
)  # fmt: skip
def test_a_key_of_a_file_has_its_kind_of_value(write: Write, text: str, expected: str) -> None:
    write(m=text)
    assert mistakes("m.yaml") == [expected]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("nx_path: [a]", "1: a list or table, expected text"),
        ("nx_path: entry:NXentry/a", "1: path 'entry:NXentry/a': begins with 'entry:NXentry', expected 'NXentry'"
         "\n  hint: the entry's own name is set by entry_name"),
        ("nx_path: NXentry/NXdata", "1: path 'NXentry/NXdata': ends with a group, expected a field at the end"),
        ("nx_path: NXentry/a/NXdata/b",
         "1: path 'NXentry/a/NXdata/b': the group 'NXdata' stands below the field 'a', expected groups first"),
        ("nx_path: NXentry/NXsample/NXentry/a",
         "1: path 'NXentry/NXsample/NXentry/a': 'NXentry' cannot stand here, expected it at the beginning only"),
        ("nx_path: NXentry/NXsample/x:NXsubentry/a", "1: path 'NXentry/NXsample/x:NXsubentry/a': 'x:NXsubentry' "
         "cannot stand here, expected it at the beginning only"),
        ("nx_path: NXentry/a@b@c", "1: path 'NXentry/a@b@c': '@' inside the path, expected it before the last name only"),
        ("nx_path: NXentry/two theta", "1: path 'NXentry/two theta': 'two theta' is no legal name, "
         "expected letters, digits and '_', not a digit first, 63 at most"),
        ("nx_path: NXentry/a/", "1: path 'NXentry/a/': '' is no legal name, "
         "expected letters, digits and '_', not a digit first, 63 at most"),
        ("def_value: {a: 1}", "1: a table of keys, expected a value or a list"),
        ("def_value: [1, a]", "1: a list of numbers and texts, expected one kind of value"),
        ("def_value: [[1], [2, 3]]", "1: a list of lists of different length, expected values, or equal rows"),
        ("source: positoners.th", "1: the source 'positoners.th' begins with the unknown 'positoners'"
         "\n  hint: did you mean 'positioners'?"),
        ("source: tittle", "1: the source 'tittle' is no item of a scan\n  hint: did you mean 'title'?"),
        ("source: detectors.mca", "1: the source 'detectors.mca', expected detectors.NAME.ITEM"),
        ("source: columns.", "1: the source 'columns.', expected columns.NAME"),
        ("source: 'columns.a*b*c*'", "1: the source 'columns.a*b*c*', expected two stars at most in a name"),
        ("rank: 9", "1: rank '9', expected 0 to 4"),
        ("attributes: 1", "1: attributes is no table, expected values by name"),
        ("attributes: {a b: 1}", "14: 'a b' is no legal name of an attribute"),
        ("attributes: {a: {b: 1}}", "17: attribute 'a' is a table, expected a value, or {source: REFERENCE}"),
        ("attributes: {a: {source: 'columns.*'}}", "1: attribute 'a' has a source with a star"),
        ("choices: {a: 1}", "1: a table of keys, expected text or a list of texts"),
        ("required: [a]", "1: a list or table, expected true or false"),
    ],
)  # fmt: skip
def test_a_key_of_a_parameter_has_its_kind_of_value(write: Write, key: str, expected: str) -> None:
    path = "" if key.startswith("nx_path") else "nx_path: NXentry/NXsample/x, "
    column, _, text = expected.partition(": ")
    start = len("  x: {") + len(path)
    offset = len(key.partition(": ")[0]) + 2 if column == "1" else 0
    found = mistake_in(write, f"x: {{{path}{key}}}")
    assert found == [f"m.yaml:2:{start + offset + int(column)}: {text}"]


def test_hostile_mappings_are_refused_with_their_place(write: Write) -> None:
    assert mistake_in(write, "x: {nx_path: NXentry/NXsample/x, def_value: !!python/object/apply:os.system [ls]}") == [
        "m.yaml:2:47: the tag 'tag:yaml.org,2002:python/object/apply:os.system', "
        "tags are not accepted: nothing in a mapping is executed",
    ]
    assert mistake_in(write, "x: {nx_path: NXentry/NXsample/x, dependency_func: 9**9**9**9}") == [
        "m.yaml:2:53: function '9**9**9**9': '9 ** 9 ** 9' has no finite value"
    ]


def test_thousands_of_mistakes_are_found_in_bounded_time(write: Write) -> None:
    found = mistake_in(write, "\n".join(f"p{n}: {{}}" for n in range(5000)))
    assert len(found) == 5000
    assert found[-1] == "m.yaml:5001:3: parameter 'p4999' has no nx_path, and no function uses it"


# what parameters must not say together


def test_two_parameters_at_one_path_are_a_mistake(write: Write) -> None:
    assert mistake_in(
        write,
        "a: {nx_path: NXentry/NXsample/x}\n"
        "b: {nx_path: NXentry/sample:NXsample/x}\n"
        "c: {nx_path: NXentry/NXsample/y, nx_links: [NXentry/NXsample/y]}",
    ) == [
        "m.yaml:3:16: path 'NXentry/sample:NXsample/x' is that of parameter 'a' too, expected one value at one place",
        "m.yaml:4:46: path 'NXentry/NXsample/y' stands twice in parameter 'c', expected one value at one place",
    ]


def test_a_field_used_as_a_group_and_a_group_of_two_classes_are_mistakes(write: Write) -> None:
    assert mistake_in(
        write,
        "a: {nx_path: NXentry/sample}\nb: {nx_path: NXentry/NXsample/x}\nc: {nx_path: NXentry/sample:NXcollection/y}",
    ) == [
        "m.yaml:2:16: 'sample' is a field here and a group NXsample in parameter 'b', expected one of them",
        "m.yaml:4:16: 'sample' is NXcollection here and NXsample in parameter 'b', expected one class",
    ]


def test_an_attribute_of_a_field_that_nothing_writes_is_a_mistake(write: Write) -> None:
    assert mistake_in(
        write, "a: {nx_path: NXentry/NXinstrument/name}\nb: {nx_path: NXentry/NXinstrument/nam/short_name}"
    ) == [
        "m.yaml:3:16: 'NXentry/NXinstrument/nam/short_name' is an attribute of 'nam', which no parameter writes\n"
        "  hint: did you mean 'instrument/name'?",
    ]


def test_functions_that_need_each_other_are_named_with_their_places(write: Write) -> None:
    assert mistake_in(
        write,
        "a: {nx_path: NXentry/a, dependency_func: '%b% + 1'}\n"
        "b: {nx_path: NXentry/b, dependency_func: 'sum(%c%)'}\n"
        "c: {nx_path: NXentry/c, dependency_func: '%a%'}\n"
        "d: {nx_path: NXentry/d, dependency_func: '%d%'}\n"
        "e: {nx_path: NXentry/e, dependency_func: '%a%'}",
    ) == [
        "m.yaml:2:44: functions need each other: a -> b -> c -> a\n  hint: at m.yaml:2:44, m.yaml:3:44, m.yaml:4:44",
        "m.yaml:5:44: functions need each other: d -> d\n  hint: at m.yaml:5:44",
    ]


def test_functions_that_build_on_each_other_by_the_thousand_are_refused(write: Write) -> None:
    chain = [f"p{n}: {{nx_path: NXentry/NXsample/p{n}, dependency_func: '%p{n + 1}%'}}" for n in range(3000)]
    last = "{nx_path: NXentry/NXsample/last, "
    for end in (f"p3000: {last}def_value: 1}}", f"p3000: {last}dependency_func: '%p0%'}}"):
        assert mistake_in(write, "\n".join([*chain, end]))[0] == (
            "m.yaml:52:57: the function of 'p50' and those that it uses are nested too deeply, expected fewer, or simpler ones"
        )


def test_a_function_of_an_unknown_name_is_a_mistake(write: Write) -> None:
    assert mistake_in(
        write,
        "monit_data: {nx_path: NXentry/NXmonitor/data}\n"
        "monit_sum: {nx_path: NXentry/NXmonitor/integral, dependency_func: 'sum(%monit_dat%)'}\n"
        "'columns.*': {nx_path: 'NXentry/NXcollection/{name}'}\n"
        "many: {nx_path: NXentry/many, dependency_func: 'sum(%columns.*%)'}",
    ) == [
        "m.yaml:3:69: the function of 'monit_sum' uses the unknown 'monit_dat', expected a parameter or a source\n"
        "  hint: did you mean 'monit_data' or 'monit_sum'?",
        "m.yaml:5:50: function 'sum(%columns.*%)' uses the wildcard 'columns.*', expected one value",
    ]


def test_stars_and_placeholders_belong_together(write: Write) -> None:
    assert mistake_in(
        write,
        "a: {nx_path: 'NXentry/{name}'}\n"
        "b: {nx_path: 'NXentry/NXcollection/{name}', source: ['columns.*', 'positioners.*']}\n"
        "c: {nx_path: 'NXentry/NXuser/{name}_{item}', source: 'columns.*'}\n"
        "'columns.*': {nx_path: NXentry/x}\n"
        "d: {nx_path: NXentry/y, source: columns.det, nx_links: ['NXentry/{name}']}\n"
        "'colums.*': {nx_path: 'NXentry/NXdata/{name}'}",
    ) == [
        "m.yaml:2:16: 'a' has a placeholder, but no source with a star",
        "m.yaml:3:16: 'b' has 2 sources, expected one with stars",
        "m.yaml:4:16: 'c' has {item}, but no source with two stars",
        "m.yaml:5:26: 'columns.*' matches many, expected {name} in nx_path, for each match a place of its own",
        "m.yaml:6:58: a placeholder in a link, expected one in nx_path too",
        "m.yaml:7:3: the source 'colums.*' begins with the unknown 'colums'\n  hint: did you mean 'columns'?",
        "m.yaml:7:25: 'colums.*' has a placeholder, but no source with a star",
    ]


def test_a_parameter_for_nothing_is_a_mistake(write: Write) -> None:
    assert mistake_in(write, "energy: {nx_path: NXentry/e}\nenergi: {def_units: keV}") == [
        "m.yaml:3:3: parameter 'energi' has no nx_path, and no function uses it\n  hint: did you mean 'energy'?"
    ]


def test_constants_must_fit_what_the_parameter_demands(write: Write) -> None:
    assert mistake_in(
        write,
        "a: {nx_path: NXentry/a, nx_type: int, def_value: 1.5}\n"
        "b: {nx_path: NXentry/b, nx_type: date_time, def_value: yesterday}\n"
        "c: {nx_path: NXentry/c, choices: [x, y], def_value: z}\n"
        "d: {nx_path: NXentry/d, rank: 1, def_value: 1}\n"
        "e: {nx_path: NXentry/e, nx_type: float, def_value: [1, x]}",
    ) == [
        "m.yaml:2:52: '1.5', expected whole numbers (nx_type int)",
        "m.yaml:3:58: 'yesterday', expected a time (nx_type date_time)",
        "m.yaml:4:55: 'z' for 'c', expected one of 'x, y'",
        "m.yaml:5:47: a value with 0 dimensions for 'd', expected 1 dimensions",
        "m.yaml:6:58: 'x', expected floating-point numbers (nx_type float)",
    ]


def test_a_list_of_numbers_that_would_change_is_a_mistake(write: Write) -> None:
    assert mistake_in(
        write,
        "a: {nx_path: NXentry/a, def_value: [18446744073709551615, -1]}\n"
        "b: {nx_path: NXentry/b, def_value: [0.5, 9007199254740993]}\n"
        "c: {nx_path: NXentry/c, def_value: [18446744073709551615, 1]}\n"
        "d: {nx_path: NXentry/d, def_value: [0.5, 9007199254740992]}",
    ) == [
        "m.yaml:2:38: numbers that no one type holds, expected whole numbers of 64 bits, or quotes around them",
        "m.yaml:3:38: numbers that no one type holds, expected whole numbers of 64 bits, or quotes around them",
    ]


def test_what_says_at_which_point_is_one_whole_number(write: Write) -> None:
    assert mistake_in(
        write,
        "point: {nx_type: float}\na: {nx_path: NXentry/a, source: columns.a, at: point}\n"
        "b: {nx_path: NXentry/b, source: columns.b, at: piont}",
    ) == [
        "m.yaml:2:3: 'point' says at which point, expected nx_type int and rank 0",
        "m.yaml:4:50: 'b' is taken at the unknown 'piont', expected a parameter\n  hint: did you mean 'point'?",
    ]


def test_an_unknown_class_is_a_warning_with_near_names(write: Write) -> None:
    write(m="meta_parameters:\n  a: {nx_path: NXentry/NXdetecter/a}\n")
    assert [str(problem) for problem in load(["m.yaml"]).warnings] == [
        "m.yaml:2:16: path 'NXentry/NXdetecter/a': 'NXdetecter' is no NeXus base class\n"
        "  hint: did you mean 'NXdetector' or 'NXdeflector' or 'NXdetector_group'?"
    ]


# application mappings


def test_an_application_mapping_lies_below_one_subentry(write: Write) -> None:
    assert mistake_in(
        write, "a: {nx_path: NXentry/a}\nb: {nx_path: NXentry/x:NXsubentry/b, nx_links: [NXentry/NXdata/b]}",
        application="NXscan",
    ) == [
        "m.yaml:3:16: path 'NXentry/a' of the application mapping for NXscan, expected 'NXentry/scan:NXsubentry/...'",
        "m.yaml:4:50: path 'NXentry/NXdata/b' of the application mapping for NXscan, "
        "expected 'NXentry/scan:NXsubentry/...'",
    ]  # fmt: skip
    assert mistake_in(
        write,
        "a: {nx_path: NXentry/x:NXsubentry/a}\nb: {nx_path: NXentry/y:NXsubentry/b}",
        application="NXscan",
    ) == ["m.yaml:1:14: NXscan has the subentries 'x', 'y', expected one"]
    assert mistake_in(write, "", application="NXscan") == [
        "m.yaml:1:14: NXscan has no parameter, expected those that it demands"
    ]


def test_two_definitions_need_two_subentries(write: Write) -> None:
    text = "application: {}\nmeta_parameters:\n  a: {{nx_path: NXentry/x:NXsubentry/{}}}\n"
    write(one=text.format("NXscan", "a"), two=text.format("NXxas", "b"))
    assert mistakes("one.yaml", "two.yaml") == [
        "two.yaml:1:14: NXxas and NXscan have the subentry 'x' both, expected one for each"
    ]


# extends


def test_a_mapping_extends_others_per_parameter_and_per_key(write: Write) -> None:
    write(
        general="meta_parameters:\n"
        "  a: {nx_path: NXentry/NXsample/a, def_value: 1, def_units: mm}\n"
        "  b: {nx_path: NXentry/NXsample/b, def_value: 2}\n"
        "  c: {nx_path: NXentry/NXsample/c, def_value: 3}\n",
        special="extends: general\nmeta_parameters:\n  a: {def_value: 10}\n  b: ~\n  c: {def_value: null}\n"
        "  d: {nx_path: NXentry/NXsample/d, def_value: 4}\n",
    )
    tree, problems = load(["special.yaml"]).tree(angle_scan())
    assert problems == []
    assert tree.dump() == (
        "entry: NXentry\n  sample: NXsample\n    a = 10\n      @units = 'mm'\n    d = 4\n"
    )  # fmt: skip


def test_several_mappings_are_merged_in_order_and_each_file_once(write: Write) -> None:
    write(
        base="entry_name: base\nmeta_parameters:\n  a: {nx_path: NXentry/a, def_value: base}\n",
        one="extends: base\nentry_name: one\nmeta_parameters:\n  a: {def_value: one}\n",
        two="extends: base\n",
    )
    mapping = load(["one.yaml", "two.yaml"])
    assert [path.name for path in mapping.files] == ["base.yaml", "one.yaml", "two.yaml"]
    assert mapping.tree(angle_scan())[0].dump() == "one: NXentry\n  a = 'one'\n"


def test_documents_of_one_file_are_mappings_in_order(write: Write) -> None:
    write(
        one="extends: base\nmeta_parameters: {a: {nx_path: NXentry/a, def_value: 1}}\n"
        "---\napplication: NXscan\nextends: base\n"
        "meta_parameters: {b: {nx_path: NXentry/scan:NXsubentry/b, def_value: 2}}\n"
        "---\nmeta_parameters: {a: {def_value: 3, nx_paht: x}, title: ~}\n"
    )
    assert mistakes("one.yaml") == [
        "one.yaml:8:37: unknown key 'nx_paht', in parameter 'a'\n  hint: did you mean 'nx_path'?"
    ]
    write(one=Path("one.yaml").read_text().replace(", nx_paht: x", ""))
    mapping = load(["one.yaml"])
    assert [path.name for path in mapping.files] == ["base.yaml", "one.yaml"]
    tree = mapping.tree(angle_scan())[0]
    assert "\n  a = 3\n" in tree.dump()
    assert "\n    b = 2\n" in tree.dump()
    assert "title" not in tree.dump()


def test_a_mapping_may_extend_the_shipped_one_of_its_own_name(write: Write) -> None:
    write(spec="extends: spec\nentry_name: mine_{number}\n")
    mapping = load(["spec.yaml"])
    assert [path.parent for path in mapping.files] == [mappings_dir(), mappings_dir(), Path()]
    assert mapping.tree(angle_scan())[0].name == "mine_1"


def test_a_circle_of_extends_is_a_mistake(write: Write) -> None:
    write(a="extends: b\n", b="extends: [base, c]\n", c="extends: b\n")
    assert mistakes("a.yaml") == ["c.yaml:1:10: extends goes round in a circle: b.yaml -> c.yaml -> b.yaml"]


def test_extending_what_is_not_there_is_a_mistake(write: Write) -> None:
    write(a="extends: [spek, base, nothing_like_it]\n")
    first, second = mistakes("a.yaml")
    assert first == "a.yaml:1:11: extends 'spek', which is no mapping\n  hint: did you mean 'spec'?"
    assert second.startswith(
        "a.yaml:1:23: extends 'nothing_like_it', which is no mapping\n  hint: known: 'applications/"
    )


def test_a_mapping_extends_mappings_only_and_opens_no_other_file(write: Write, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("password: 1\n")
    for name in (str(secret), "./secret", "../" * 20 + "etc/passwd", "/dev/zero", "x" * 5000):
        write(a=f"extends: {name}\n")
        (message,) = mistakes("a.yaml")
        assert message.startswith(f"a.yaml:1:10: extends '{name}', which is no mapping")


def test_taking_away_what_is_not_there_is_a_mistake(write: Write) -> None:
    assert mistake_in(write, "a: ~") == ["m.yaml:2:3: 'a' is removed, but no mapping before states it"]


# settings


def test_a_setting_must_be_a_parameter_and_fit_it(write: Write) -> None:
    write(m="meta_parameters:\n  samp_name: {nx_path: NXentry/NXsample/name}\n"
            "  n: {nx_path: NXentry/n, nx_type: int}\n  m: {nx_path: NXentry/m, choices: [a, b]}\n")  # fmt: skip
    with pytest.raises(RequestError) as error:
        load(["m.yaml"], settings={"sample_name": "x", "n": "1.5", "m": "c"})
    assert str(error.value) == (
        "--set sample_name: 'sample_name' is no parameter of the mapping\n  hint: did you mean 'samp_name'?\n"
        "--set n: '1.5', expected whole numbers (nx_type int)\n"
        "--set m: 'c' for 'm', expected one of 'a, b'"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("12", "12"),
        ("1e-3", "0.001"),
        ("nan", "nan"),
        ("true", "True"),
        ("Cu foil: thin", "'Cu foil: thin'"),
        ("[1, 2]", "int64[2] [1, 2]"),
        ("[1.5, 2]", "float64[2] [1.5, 2.0]"),
        ("[a, b]", "['a', 'b']"),
        ("[[1, 2], [3, 4]]", "int64[2, 2] [1, 2, 3, 4]"),
        ("[not: closed]", "'[not: closed]'"),
        ("[]]", "'[]]'"),
        ("99999999999999999999999", "1e+23"),
    ],
)
def test_what_a_setting_means(write: Write, text: str, shown: str) -> None:
    write(m="meta_parameters:\n  a: {nx_path: NXentry/a}\n")
    if text == "[not: closed]":
        with pytest.raises(RequestError, match="expected values, or equal rows"):
            load(["m.yaml"], settings={"a": text})
        return
    assert load(["m.yaml"], settings={"a": text}).tree(angle_scan())[0].dump() == f"entry: NXentry\n  a = {shown}\n"


def test_text_stays_text_where_text_is_demanded(write: Write) -> None:
    write(m="meta_parameters:\n  a: {nx_path: NXentry/a, nx_type: char}\n  b: {nx_path: NXentry/b, def_value: '12'}\n")
    assert load(["m.yaml"], settings={"a": "007"}).tree(angle_scan())[0].dump() == (
        "entry: NXentry\n  a = '007'\n  b = '12'\n"
    )


@pytest.mark.parametrize("zone", ["+25:00", "+01:75", "01:00", "../etc", "", "/abs", "a\0b"])
def test_what_is_no_time_zone(write: Write, zone: str) -> None:
    assert times.zone(zone) is None


def test_layouts_and_time_zones_are_checked(write: Write) -> None:
    with pytest.raises(RequestError, match=r"^--layout: 'flat', expected subentry or entry$"):
        load(["spec"], layout="flat")
    with pytest.raises(RequestError) as error:
        load(["spec"], time_zone="Mars/Base")
    assert str(error.value) == (
        "--timezone: unknown time zone 'Mars/Base', expected a name as Europe/Paris, UTC, or +01:00"
    )


# where mappings are found


def test_an_unknown_mapping_is_refused_with_near_names(write: Write) -> None:
    with pytest.raises(RequestError) as error:
        load(["spek"])
    assert str(error.value) == "spek: no such mapping\n  hint: did you mean 'spec'?"


def test_mappings_are_searched_in_order(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("given", "listed", "config/nxconvert/mappings"):
        Path(name, "line").mkdir(parents=True)
    monkeypatch.setenv("NXCONVERT_MAPPINGS", "listed")
    user = catalog.user_folder()
    assert user == Path.cwd() / "config" / "nxconvert" / "mappings"
    expected = mappings_dir() / "spec.yaml"
    assert catalog.find("spec") == expected
    for folder in (user, Path("listed"), Path("given")):
        (folder / "spec.yaml").write_text("description: mine\n")
        (folder / "line" / "one.yml").write_text("description: a line\n")
        assert catalog.find("spec", ["given"]) == folder / "spec.yaml"
        assert catalog.find("line/one", ["given"]) == folder / "line" / "one.yml"
    info = {item.name: item for item in catalog.available(["given"])}
    assert (info["spec"].path, info["spec"].description) == (Path("given/spec.yaml"), "mine")
    assert info["line/one"].description == "a line"
    assert info["xas"].application == "NXxas"


def test_a_path_is_a_mapping_too(write: Write) -> None:
    write(m="description: x\n")
    Path("plain").write_text("description: y\n")
    assert catalog.find("m.yaml") == Path("m.yaml")
    assert catalog.find("plain") == Path("plain")
    assert catalog.find(str(Path.cwd() / "m.yaml")) == Path.cwd() / "m.yaml"


def test_a_broken_mapping_stays_in_the_list_with_its_mistake(write: Write) -> None:
    Path("given").mkdir()
    Path("given", "broken.yaml").write_text("a: [")
    Path("given", "odd.yaml").write_text("odd: 1\n")
    info = {item.name: item.description for item in catalog.available(["given"])}
    assert info["broken"] == "(has mistakes: given/broken.yaml:2:1: not YAML: did not find expected node content)"
    assert info["odd"].startswith("(has mistakes: given/odd.yaml:1:1: unknown key 'odd', ")


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux", ".config/nxconvert/mappings"),
        ("darwin", "Library/Application Support/nxconvert/mappings"),
        ("win32", "AppData/Roaming/nxconvert/mappings"),
    ],
)
def test_the_users_folder_follows_the_platform(monkeypatch: pytest.MonkeyPatch, platform: str, expected: str) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("APPDATA", raising=False)
    monkeypatch.setattr("sys.platform", platform)
    assert catalog.user_folder() == Path.home() / expected


_PIECES = (
    "*",
    "~",
    "{",
    "}",
    "[",
    "]",
    "%a%",
    "&a ",
    "*a",
    "!!int ",
    "NXdata@x",
    "..",
    "'",
    '"',
    "9e999",
    "{name}",
    "\n  ",
    ": ",
)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(SHIPPED), st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(_PIECES)), max_size=4))
def test_a_mapping_with_any_change_works_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, shipped: Path, changes: list[tuple[int, str]]
) -> None:
    text = shipped.read_text(encoding="utf-8")
    for position, piece in changes:
        place = position % (len(text) + 1)
        text = text[:place] + piece + text[place:]
    path = tmp_path_factory.getbasetemp() / "changed.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        mapping = load([str(path)])
    except MappingError:
        return
    mapping.tree(angle_scan())
