"""Batches in this process: what is converted, what is left alone, what is tried again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from pathlib import Path

import batchtree
import h5py
import pytest
import seriesgen
from batchkit import run, spec

from nxconvert import pipeline
from nxconvert.batch.asked import ledger_path
from nxconvert.batch.book import Book
from nxconvert.errors import MappingError, ReadError, RequestError
from nxconvert.request import ConvertOptions
from nxconvert.resources import mappings_dir, samples_dir


def rows(folder: Path) -> dict[str, dict[str, object]]:
    """Give what the ledger knows, by the names of the sources."""
    with Book(ledger_path(str(folder), ""), str(folder)) as ledger:
        return {os.path.basename(str(row["source"])): row for row in ledger.rows()}


def test_a_mixed_tree_ends_as_it_should_with_every_reason(tmp_path: Path, epoch: None) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    tree = batchtree.make(root, 100)
    ran = run(out, root, jobs=2)
    assert set(batchtree.contents(out)) == tree.outputs
    by_status: dict[str, dict[str, str]] = {"failed": {}, "skipped": {}}
    with Book(ledger_path(str(out), ""), str(out)) as ledger:
        for row in ledger.rows():
            if row["status"] != "converted":
                name = os.path.relpath(row["source"], root)
                by_status[row["status"]][name] = " ".join(item["found"] for item in row["problems"])
    for status, expected in (("failed", tree.failed), ("skipped", tree.skipped)):
        assert set(by_status[status]) == set(expected)
        for name, reason in expected.items():
            assert reason in by_status[status][name]
    for name, reason in tree.lost.items():
        outcome = ran.outcomes[str(root / name)]
        assert outcome.status == "converted"
        assert any(reason in problem.found for problem in outcome.problems if problem.severity == "lost")
    again = run(out, root)
    assert (again.outcomes, again.unchanged) == ({}, len(tree.outputs) + len(tree.failed) - 1 + len(tree.skipped))


def test_the_ledger_holds_what_can_be_checked_of_source_and_output(tmp_path: Path, epoch: None) -> None:
    source, out = tmp_path / "in" / "a.spec", tmp_path / "out"
    source.parent.mkdir()
    source.write_text(spec())
    run(out, source.parent)
    row = rows(out)["a.spec"]
    status = source.stat()
    output = out / "a.nxs"
    assert {
        key: row[key]
        for key in ("source", "reader", "files", "size", "mtime_ns", "sha256", "status", "problems", "scans", "output")
    } == {
        "source": str(source),
        "reader": "spec",
        "files": 1,
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "status": "converted",
        "problems": row["problems"],
        "scans": 1,
        "output": str(output),
    }
    assert row["output_size"] == output.stat().st_size
    assert row["output_sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()


def test_only_what_is_new_or_changed_is_converted_again(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    for name in "abcd":
        (root / f"{name}.spec").write_text(spec(name))
    seriesgen.series(root, ["s_0.edf", "s_1.edf"])
    assert set(run(out, root).statuses(root)) == {"a.spec", "b.spec", "c.spec", "d.spec", "s_%d.edf"}
    (root / "b.spec").write_text(spec("changed"))
    # the same size, another time
    os.utime(root / "c.spec", ns=(10**18, 10**18 + 1))
    seriesgen.series(root, ["s_2.edf"])
    (root / "new.spec").write_text(spec())
    (out / "d.nxs").unlink()
    ran = run(out, root)
    assert set(ran.statuses(root)) == {"b.spec", "c.spec", "d.spec", "s_%d.edf", "new.spec"}
    assert ran.unchanged == 1
    with h5py.File(out / "s.nxs") as file:
        assert file[file.attrs["default"]]["data"][file[file.attrs["default"]]["data"].attrs["signal"]].shape[0] == 3
    assert run(out, root).outcomes == {}


def test_other_options_and_mappings_convert_everything_again(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / "a.spec").write_text(spec())
    mapping = tmp_path / "mine.yaml"
    mapping.write_text("extends: spec\nentry_name: first_{number}\n")
    own = ConvertOptions(mappings=(str(mapping),))
    for options, expected in (
        (ConvertOptions(), 1),
        (ConvertOptions(), 0),
        (ConvertOptions(compression="none"), 1),
        (own, 1),
        (own, 0),
    ):
        assert len(run(out, root, options=options).outcomes) == expected
    mapping.write_text("extends: spec\nentry_name: second_{number}\n")
    assert len(run(out, root, options=own).outcomes) == 1
    with h5py.File(out / "a.nxs") as file:
        assert list(file) == ["second_1"]


def test_another_version_converts_everything_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / "a.spec").write_text(spec())
    run(out, root)
    monkeypatch.setattr("nxconvert.batch.asked.__version__", "999")
    assert len(run(out, root).outcomes) == 1
    assert run(out, root).outcomes == {}


def test_what_is_done_and_unchanged_as_a_whole_is_known_by_one_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(pipeline._load.cache_clear)
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    monkeypatch.setenv("NXCONVERT_MAPPINGS", str(tmp_path / "mappings"))
    for name in "abc":
        (root / f"{name}.spec").write_text(spec(name))
    (root / "empty.spec").write_bytes(b"")
    (root / "gone.spec").symlink_to("nowhere")

    def again() -> tuple[dict[str, str], int]:
        ran = run(out, root)
        return ran.statuses(root), ran.unchanged

    assert len(again()[0]) == 4
    with monkeypatch.context() as blind:  # nothing is grouped or asked for one by one
        blind.setattr("nxconvert.batch.discovery.Grouping", None)
        assert again() == ({}, 4)
    # and every change is seen all the same
    (out / "a.nxs").unlink()
    assert again() == ({"a.spec": "converted"}, 3)
    os.utime(root / "b.spec", ns=(10**18, 10**18 + 1))
    assert again() == ({"b.spec": "converted"}, 3)
    (root / "d.spec").write_text(spec("d"))
    assert again() == ({"d.spec": "converted"}, 4)
    (root / "empty.spec").unlink()
    assert again() == ({}, 4)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "spec.yaml").write_text(
        (mappings_dir() / "spec.yaml").read_text().replace("entry_name: scan_{number}", "entry_name: own_{number}")
    )
    pipeline._load.cache_clear()  # as in another process
    assert set(again()[0]) == {"a.spec", "b.spec", "c.spec", "d.spec"}
    with h5py.File(out / "a.nxs") as file:
        assert list(file) == ["own_1"]
    assert again() == ({}, 4)
    assert set(run(out, root, verify=True).statuses(root)) == {"a.spec", "b.spec", "c.spec", "d.spec"}


def test_a_failure_is_tried_again_when_its_file_changed_or_by_retry(tmp_path: Path, trouble: None) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / "a.spec").write_bytes(b"")
    # fails the first time only
    (root / "b.trouble").write_text("TROUBLE once\n" + spec())
    assert run(out, root, jobs=1).statuses(root) == {"a.spec": "failed", "b.trouble": "failed"}
    assert run(out, root).outcomes == {}
    assert run(out, retry=True).statuses(root) == {"a.spec": "failed", "b.trouble": "converted"}
    (root / "a.spec").write_text(spec())
    assert run(out, root).statuses(root) == {"a.spec": "converted"}


def test_retry_uses_the_options_of_the_batch_that_failed(tmp_path: Path, trouble: None) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    (root / "below").mkdir(parents=True)
    (root / "below" / "b.trouble").write_text("TROUBLE once\n" + spec())
    mapping = tmp_path / "mine.yaml"
    mapping.write_text("extends: spec\nentry_name: mine_{number}\n")
    options = ConvertOptions(mappings=(str(mapping),), settings={"title": "given"}, chunks=(2, 2))
    assert run(out, root, options=options, jobs=1).statuses(root) == {"below/b.trouble": "failed"}
    assert run(out, retry=True).statuses(root) == {"below/b.trouble": "converted"}
    with h5py.File(out / "below" / "b.nxs") as file:
        assert file["mine_1/title"][()] == b"given"
        assert file["mine_1/conversion/sources/file_name"][0] == b"below/b.trouble"
    assert run(out, root, options=options).unchanged == 1


def test_a_failure_whose_file_is_gone_is_forgotten(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / "a.spec").write_bytes(b"")
    (root / "b.spec").write_text(spec())
    run(out, root)
    (root / "a.spec").unlink()
    run(out, root)
    assert set(rows(out)) == {"b.spec"}


def test_a_source_that_is_empty_all_of_a_sudden_is_an_error(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / "a.spec").write_text(spec())
    run(out, root)
    before = batchtree.contents(out)
    (root / "a.spec").unlink()
    with pytest.raises(ReadError) as error:
        run(out, root)
    assert str(error.value) == (
        f"{root}: nothing is there any more, 1 inputs that the ledger knows expected\n  hint: is it mounted?"
    )
    assert batchtree.contents(out) == before
    shutil.rmtree(root)
    with pytest.raises(RequestError, match="there is no such file or folder"):
        run(out, root)


def test_outputs_of_equal_names_keep_the_whole_name_of_the_source(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    for name in ("x.dat", "x.spec", "x.txt"):
        (root / name).write_text(spec(name))
    run(out, root)
    assert set(batchtree.contents(out)) == {"x.nxs", "x.spec.nxs", "x.txt.nxs"}
    # the names stay, whatever comes and goes
    (root / "x.dat").unlink()
    (root / "x.spec").write_text(spec("changed"))
    ran = run(out, root)
    assert [os.path.basename(item.output) for item in ran.outcomes.values()] == ["x.spec.nxs"]


def test_several_sources_keep_their_folders_below_what_they_share(tmp_path: Path) -> None:
    for name in ("in/one/a.spec", "in/two/a.spec", "in/b.spec"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(spec(name))
    out = tmp_path / "out"
    run(out, tmp_path / "in" / "one", tmp_path / "in" / "two", tmp_path / "in" / "b.spec")
    assert set(batchtree.contents(out)) == {"one/a.nxs", "two/a.nxs", "b.nxs"}


def test_images_that_a_spec_file_takes_are_not_converted_again_but_the_others_are(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    (root / "images").mkdir(parents=True)
    shutil.copy(samples_dir() / "align.dat", root)
    shutil.copytree(samples_dir() / "images", root / "images", dirs_exist_ok=True)
    # as its names tell they might belong to the scan, and do not
    for number in (97, 98):
        shutil.copy(root / "images" / "align_00041.edf", root / "images" / f"align_{number:05d}.edf")
    ran = run(out, root)
    assert ran.statuses(root) == {"align.dat": "converted", "images/align_%05d.edf": "converted"}
    assert set(batchtree.contents(out)) == {"align.nxs", "images/align.nxs"}
    with h5py.File(out / "align.nxs") as file:
        names = [os.path.basename(name) for name in file["scan_1/conversion/sources/file_name"].asstr()]
        assert names == ["align.dat", *(f"align_{number:05d}.edf" for number in range(41, 46))]
    with h5py.File(out / "images" / "align.nxs") as file:
        entry = file[file.attrs["default"]]
        names = [os.path.basename(name) for name in entry["conversion/sources/file_name"].asstr()]
        assert names == ["align_00097.edf", "align_00098.edf"]
    again = run(out, root)
    assert (again.outcomes, again.unchanged) == ({}, 2)
    # an image that changed is one of the SPEC file
    shutil.copy(root / "images" / "align_00042.edf", root / "images" / "align_00041.edf")
    assert run(out, root).statuses(root) == {"align.dat": "converted"}


def test_names_that_are_no_text_travel_through_ledger_and_workers(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / os.fsdecode(b"caf\xe9.spec")).write_text(spec())
    ran = run(out, root)
    assert [item.status for item in ran.outcomes.values()] == ["converted"]
    assert os.listdir(os.fsencode(out)).count(b"caf\xe9.nxs") == 1
    assert run(out, root).unchanged == 1


def test_mistakes_in_a_mapping_are_told_before_anything_is_done(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / "a.spec").write_text(spec())
    (tmp_path / "mine.yaml").write_text("extends: spec\nentry_nam: x\n")
    with pytest.raises(MappingError):
        run(out, root, options=ConvertOptions(mappings=(str(tmp_path / "mine.yaml"),)))
    assert not out.exists()


def test_nexus_files_are_left_alone(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    with h5py.File(root / "a.nxs", "w"):
        pass
    assert run(out, root).statuses(root) == {"a.nxs": "skipped"}
    assert batchtree.contents(out) == {}


def test_series_with_gaps_fail_unless_gaps_are_allowed(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    seriesgen.series(root, [f"s_{index}.edf" for index in (0, 1, 3)])
    (outcome,) = run(out, root).outcomes.values()
    assert [problem.found for problem in outcome.problems] == ["1 file is missing: s_2.edf"]
    (outcome,) = run(out, root, reading={"edf": {"allow_missing": True}}).outcomes.values()
    assert outcome.status == "converted"


def test_the_ledger_is_plain_sqlite_that_others_can_read(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / "a.spec").write_bytes(b"")
    run(out, root)
    with sqlite3.connect(ledger_path(str(out), "")) as database:
        ((mode,),) = database.execute("PRAGMA journal_mode").fetchall()
        ((problems,),) = database.execute("SELECT problems FROM inputs").fetchall()
    database.close()
    assert mode == "delete"
    assert json.loads(problems)[0]["found"] == "the file is empty"


def test_verified_outputs_are_kept_where_they_hold_what_the_source_says(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(samples_dir(), root)
    ran = run(out, root, verify=True)
    assert {name: status for name, status in ran.statuses(root).items() if status == "failed"} == {}
    assert set(ran.statuses(root).values()) == {"converted", "skipped"}
    assert len(batchtree.contents(out)) == list(ran.statuses(root).values()).count("converted")
    # what was compared is as good for a batch that does not ask for it
    assert run(out, root).outcomes == {}


def test_an_output_that_differs_from_its_source_fails_and_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nxconvert import pipeline

    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    (root / "a.spec").write_text(spec())
    convert_file = pipeline.convert_file

    def convert(source: str, output: str, options: ConvertOptions) -> object:
        outcome = convert_file(source, output, options)
        with h5py.File(output, "r+") as file:
            file["scan_1/measurement/det"][1] = 8
        return outcome

    monkeypatch.setattr(pipeline, "convert_file", convert)
    (outcome,) = run(out, root, verify=True).outcomes.values()
    assert outcome.status == "failed"
    assert any("/scan_1/measurement/det" in problem.place.path for problem in outcome.problems)
    assert batchtree.contents(out) == {}
    (row,) = rows(out).values()
    assert (row["status"], row["output_sha256"]) == ("failed", None)
