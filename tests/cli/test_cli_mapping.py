from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from nxconvert.resources import mappings_dir

Call = Callable[..., "tuple[int, str, str]"]


def test_list_names_every_shipped_mapping(call: Call, folder: Path) -> None:
    code, out, err = call("mapping", "list")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split() == ["name", "adds", "description"]
    shipped = {path.relative_to(mappings_dir()).with_suffix("").as_posix() for path in mappings_dir().rglob("*.yaml")}
    assert {line.split()[0] for line in out.splitlines()[1:]} >= shipped
    records = {record["name"]: record for record in map(json.loads, call("mapping", "list", "--json")[1].splitlines())}
    assert (records["xas"]["application"], records["spec"]["application"]) == ("NXxas", "")
    assert records["spec"]["path"] == str(mappings_dir() / "spec.yaml")


def test_show_prints_the_mapping_with_all_that_it_extends(call: Call, folder: Path) -> None:
    code, out, err = call("mapping", "show", "spec")
    assert (code, err) == (0, "")
    assert "entry_identifier" in out  # of base
    assert "columns.*" in out
    assert call("mapping", "show", "spek") == (2, "", "spek: no such mapping\n  hint: did you mean 'spec'?\n")


def test_what_show_prints_is_a_mapping_that_does_the_same(call: Call, folder: Path) -> None:
    Path("shown.yaml").write_text(call("mapping", "show", "spec")[1])
    assert call("mapping", "check", "shown.yaml") == (0, "shown.yaml: no mistakes\n", "")
    own = call("spec2nx", "counters.spec", "--dry-run", "-m", "shown.yaml")
    assert own[:2] == call("spec2nx", "counters.spec", "--dry-run")[:2]


def test_check_reports_every_mistake_of_every_mapping_with_its_place(call: Call, folder: Path) -> None:
    Path("bad.yaml").write_text(
        "extends: spec\n"
        "meta_parameters:\n"
        "  one: {nx_path: NXentry/NXsample/one, def_valu: 1}\n"
        "  two: {nx_path: NXentry/a/b/c}\n"
        "  three: {nx_path: NXentry/three, dependency_func: '__import__(1)'}\n"
    )
    code, out, err = call("mapping", "check", "bad.yaml", "spec", "absent")
    assert (code, out) == (2, "spec: no mistakes\n")
    lines = [line for line in err.splitlines() if not line.startswith("  hint: ")]
    assert [line.split(": ")[0] for line in lines] == ["bad.yaml:3:40", "bad.yaml:4:18", "bad.yaml:5:52", "absent"]
    assert "did you mean 'def_value'?" in err


def test_params_lists_what_each_scan_offers_once(call: Call, folder: Path) -> None:
    code, out, err = call("mapping", "params", "mca_calib.spec")
    assert (code, err) == (0, "")
    lines = [line.split("  ") for line in out.splitlines()]
    references = [[word.strip() for word in line if word.strip()][1] for line in lines]
    assert references[0] == "reference"
    assert len(set(references)) == len(references)
    assert {"title", "columns.Fe Ka", "detectors.mca_0.energy", "detectors.mca_2.data"} <= set(references)
    code, out, err = call("mapping", "params", "mca_calib.spec", "--scan", "2", "--json")
    records = {record["reference"]: record for record in map(json.loads, out.splitlines())}
    assert "columns.Fe Ka" not in records
    data = records["detectors.mca_1.data"]
    assert (data["type"], data["shape"], data["scan"]) == ("int64", [2, 48], "2.1")


def test_init_prints_a_mapping_that_works_and_offers_what_the_file_has(call: Call, folder: Path) -> None:
    code, out, err = call("mapping", "init", "quirks.spec")
    assert (code, err) == (0, "")
    assert "extends: spec\n" in out
    Path("my.yaml").write_text(out, encoding="utf-8")
    assert call("mapping", "check", "my.yaml") == (0, "my.yaml: no mistakes\n", "")
    assert call("spec2nx", "quirks.spec", "-m", "my.yaml", "--timezone", "UTC")[:2] == (0, "quirks.nxs\n")


def test_every_line_that_init_offers_can_be_uncommented(call: Call, folder: Path) -> None:
    for sample in sorted(folder.glob("*.spec")):
        lines = call("mapping", "init", sample.name)[1].splitlines()
        start = lines.index("meta_parameters:")
        offers = [
            line.replace("# ", "", 1) if line.startswith("  # ") and "{" in line else line for line in lines[start:]
        ]
        Path("all.yaml").write_text("\n".join([*lines[:start], *offers]), encoding="utf-8")
        assert call("mapping", "check", "all.yaml") == (0, "all.yaml: no mistakes\n", ""), sample.name
        code, out, err = call("spec2nx", sample.name, "-m", "all.yaml", "--timezone", "UTC")
        assert (code, out) == (0, f"{sample.stem}.nxs\n"), err


def test_the_commands_take_a_reader_by_name_and_standard_input(call: Call, folder: Path) -> None:
    text = Path("xas.spec").read_bytes()
    code, out, _err = call("mapping", "params", "-", "--reader", "spec", stdin=text)
    assert code == 0
    assert "columns.It" in out


def test_a_mistyped_command_of_mapping_is_refused(call: Call) -> None:
    code, _out, err = call("mapping", "chek")
    assert code == 2
    assert err.endswith("Error: there is no command 'chek', did you mean 'check' or 'schema'?\n")
