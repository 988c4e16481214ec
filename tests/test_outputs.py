"""Where outputs go, and what is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from nxconvert.errors import RequestError
from nxconvert.outputs import common_root, output_name, plan_outputs

ENDINGS = (".spec", ".dat", ".spc")


def refused(sources: list[str], output: str | None, existing: str = "refuse") -> str:
    with pytest.raises(RequestError) as caught:
        plan_outputs(sources, output, existing, ENDINGS)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a/cu.spec", "cu.nxs"),
        ("cu.SPEC", "cu.nxs"),
        ("cu.dat.gz", "cu.nxs"),
        ("CdOsO", "CdOsO.nxs"),
        ("run.001", "run.001.nxs"),
        ("sample.v2.spec.bz2", "sample.v2.nxs"),
        (".gz", ".gz.nxs"),
    ],
)
def test_only_endings_that_name_a_format_are_replaced(source: str, name: str) -> None:
    assert output_name(source, ENDINGS) == name


def test_without_output_each_file_lands_beside_its_source(tmp_path: Path) -> None:
    sources = [str(tmp_path / "a" / "x.spec"), str(tmp_path / "b" / "x.spec")]
    assert plan_outputs(sources, None, "refuse", ENDINGS) == [
        (sources[0], str(tmp_path / "a" / "x.nxs")),
        (sources[1], str(tmp_path / "b" / "x.nxs")),
    ]


def test_a_folder_mirrors_the_folders_below_the_common_root(tmp_path: Path) -> None:
    sources = [str(tmp_path / "in" / "a" / "x.spec"), str(tmp_path / "in" / "b" / "c" / "x.spec"), "-"]
    out = str(tmp_path / "out") + "/"
    assert common_root(sources) == str(tmp_path / "in")
    assert [target for _source, target in plan_outputs(sources, out, "refuse", ENDINGS)] == [
        str(tmp_path / "out" / "a" / "x.nxs"),
        str(tmp_path / "out" / "b" / "c" / "x.nxs"),
        str(tmp_path / "out" / "stdin.nxs"),
    ]


def test_an_existing_folder_needs_no_slash(tmp_path: Path) -> None:
    assert plan_outputs(["x.spec"], str(tmp_path), "refuse", ENDINGS) == [("x.spec", str(tmp_path / "x.nxs"))]


def test_several_inputs_into_one_file_need_merge() -> None:
    assert refused(["a.spec", "b.spec"], "out.nxs") == (
        "out.nxs: 2 inputs and one output, a folder was expected\n"
        "  hint: say -o out.nxs/ for a folder, or --merge to have all in one file"
    )


def test_two_inputs_that_want_one_output_are_refused(tmp_path: Path) -> None:
    sources = [str(tmp_path / "x.spec"), str(tmp_path / "x.dat.gz")]
    assert refused(sources, None) == (
        f"{tmp_path}/x.nxs: wanted by both '{sources[0]}' and '{sources[1]}'\n"
        "  hint: convert them one by one with -o FILE, or all into one with --merge"
    )


def test_an_output_that_is_an_input_is_refused_even_through_a_link(tmp_path: Path) -> None:
    source = tmp_path / "x.spec"
    source.touch()
    (tmp_path / "link.nxs").symlink_to(source)
    assert refused([str(source)], str(tmp_path / "link.nxs"), "overwrite") == (
        f"{tmp_path}/link.nxs: is one of the inputs\n  hint: choose another output with -o"
    )


def test_an_existing_output_is_refused_unless_the_user_says_what_to_do(tmp_path: Path) -> None:
    source, output = tmp_path / "x.spec", tmp_path / "x.nxs"
    output.touch()
    assert refused([str(source)], None) == f"{output}: exists\n  hint: say --overwrite, --skip-existing or --append"
    for existing in ("overwrite", "skip", "append"):
        assert plan_outputs([str(source)], None, existing, ENDINGS) == [(str(source), str(output))]


def test_all_reasons_are_told_at_once(tmp_path: Path) -> None:
    for name in ("a.nxs", "b.nxs"):
        (tmp_path / name).touch()
    text = refused([str(tmp_path / "a.spec"), str(tmp_path / "b.spec")], None)
    assert text.count("exists") == 2


def test_standard_input_needs_an_output() -> None:
    assert refused(["-"], None) == (
        "-: standard input has no name for its output\n  hint: say -o FILE, or -o - for a pipe"
    )
    assert plan_outputs(["-"], "-", "refuse", ENDINGS) == [("-", "-")]


def test_no_input_is_refused() -> None:
    assert refused([], None) == "nxconvert: no input was given\n  hint: name a file, or '-' for standard input"


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("scan_0001", "scan_0001.nxs"),
        ("scan_0001/", "scan_0001.nxs"),
        ("scan_0001/deep.edf", "scan_0001/deep.edf.nxs"),
        ("scan_0001/deep.edf/", "scan_0001/deep.edf.nxs"),
        ("scan_0001/name_%04d_%04d.edf", "scan_0001/name.nxs"),
        ("scan_0001/%04d.edf", "scan_0001/scan_0001.nxs"),
        ("scan_0001/{sample}_{scan}_{point:04d}.edf.gz", "scan_0001/scan_0001.nxs"),
        ("{sample}_x_{scan}.edf", "x.nxs"),
        ("scan_0001/real_%04d.edf", "scan_0001/real_%04d.nxs"),
    ],
)
def test_a_folder_and_the_pattern_of_a_series_give_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, output: str
) -> None:
    (tmp_path / "scan_0001" / "deep.edf").mkdir(parents=True)
    (tmp_path / "scan_0001" / "real_%04d.edf").touch()
    monkeypatch.chdir(tmp_path)
    endings = (".edf",)
    assert plan_outputs([source], None, "refuse", endings) == [(source, output)]
    absolute = str(tmp_path / source) + ("/" if source.endswith("/") else "")
    assert plan_outputs([absolute], None, "refuse", endings) == [(absolute, str(tmp_path / output))]


def test_the_output_of_the_folder_one_is_in_lies_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scan" / "part").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "scan" / "part")
    assert plan_outputs([".", ".."], None, "refuse", ()) == [(".", "../part.nxs"), ("..", "../../scan.nxs")]
    assert plan_outputs(["."], "out/", "refuse", ()) == [(".", "out/part.nxs")]
