"""What is found in a tree, and what belongs together."""

from __future__ import annotations

import os
import shutil
import string
from pathlib import Path

import nanogen
import pytest
import seriesgen
from batchkit import spec
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.batch import references
from nxconvert.batch.asked import NOWHERE, Request
from nxconvert.batch.inputs import Grouping, Input, is_expected
from nxconvert.batch.run import Batch
from nxconvert.batch.walk import Wanted, walk
from nxconvert.request import ConvertOptions
from nxconvert.resources import samples_dir


def found(root: Path, **wanted: object) -> dict[str, Input]:
    """Give the inputs of a folder by their paths below it."""
    request = Request((str(root),), str(root.parent / "out"), ConvertOptions(), ledger=NOWHERE, **wanted)  # type: ignore[arg-type]
    with Batch(request, lambda: pytest.fail("nothing is converted")) as batch:
        items = list(batch.inputs())
    assert not (root.parent / "out").exists()
    by_name = {os.path.relpath(item.source, root): item for item in items}
    assert len(by_name) == len(items)
    return by_name


def outputs(root: Path) -> dict[str, str]:
    """Give the output of each input, both relative."""
    request = Request((str(root),), str(root.parent / "out"), ConvertOptions(), ledger=NOWHERE)
    with Batch(request, lambda: pytest.fail("nothing is converted")) as batch:
        return {
            os.path.relpath(item.source, root): os.path.relpath(batch.output_of(item), root.parent / "out")
            for item in batch.inputs()
        }


def test_the_sample_data_are_grouped_as_people_would(tmp_path: Path) -> None:
    root = tmp_path / "samples"
    shutil.copytree(samples_dir(), root)
    items = found(root)
    assert {name: item.count for name, item in items.items() if item.count > 1} == {
        "align.dat": 6,
        "nanoesca/Graphene_260312_142511": 20,
        "nanoesca/Overview_260312_144002": 6,
        "tomography": 18,
    }
    assert {name for name, item in items.items() if item.claims} == {"align.dat"}
    assert items["align.dat"].reading == {"images": [str(root)]}
    assert not [
        name for name in items if name.startswith(("images", "tomography/", "nanoesca/Graphene_260312_142511/"))
    ]
    assert {"counters.spec", "numors/068288", "numors/068289.gz", "saxs.edf", "frames.edf"} <= set(items)


def test_files_whose_names_differ_in_a_number_are_a_series(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    seriesgen.series(root, [f"a_{index:04d}.edf" for index in range(3)])
    seriesgen.series(root, [f"run3_{index}_b.edf" for index in (8, 9, 10)])
    seriesgen.series(root, [f"map_{row}_{column}.edf" for row in range(2) for column in range(3)])
    seriesgen.series(root, ["alone.edf", "one0001.edf"])
    assert {name: (item.count, item.reader) for name, item in found(root).items()} == {
        "a_%04d.edf": (3, "edf"),
        "run3_%d_b.edf": (3, "edf"),
        "map_%d_%d.edf": (6, "edf"),
        "alone.edf": (1, ""),
        "one0001.edf": (1, ""),
    }
    assert outputs(root) == {
        "a_%04d.edf": "a.nxs",
        "run3_%d_b.edf": "run3_b.nxs",
        "map_%d_%d.edf": "map.nxs",
        "alone.edf": "alone.nxs",
        "one0001.edf": "one0001.nxs",
    }


def test_a_series_of_which_only_some_files_are_wanted_is_a_list(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    seriesgen.series(root, [f"a_{index:04d}.edf" for index in range(5)])
    (item,) = found(root, include=("a_000[0-2].edf",)).values()
    assert item.count == 3
    assert [os.path.basename(path) for path in item.reading["files"]] == ["a_0000.edf", "a_0001.edf", "a_0002.edf"]


def test_maps_of_spectra_are_one_input_each(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    seriesgen.xia_map(root)
    count = len(list(root.iterdir()))
    ((name, item),) = found(root).items()
    assert item.count == count
    assert outputs(root)[name] == name.split("_*_")[0] + "_" + name.split("_")[-2] + ".nxs"


def test_reconstructions_beside_a_tomography_are_a_series_of_their_own(tmp_path: Path) -> None:
    root = tmp_path / "in"
    shutil.copytree(samples_dir() / "tomography", root / "tomography")
    seriesgen.series(root / "tomography", [f"tomography_slice_{index:04d}.edf" for index in range(3)])
    items = found(root)
    assert {name: item.count for name, item in items.items()} == {
        "tomography": 18,
        "tomography/tomography_slice_%04d.edf": 3,
    }


def test_a_measurement_takes_its_images_and_leaves_what_is_foreign(tmp_path: Path) -> None:
    root = tmp_path / "in"
    nanogen.experiment(root, [("One_260312_142511", nanogen.Made(repeats=1, points=2, shape=(4, 6), name="One"))])
    (root / "One_260312_142511" / "remarks.md").write_text("nothing")
    (root / "One_260312_142511" / "Scan" / "log.spec").write_text(spec())
    items = found(root)
    assert set(items) == {
        "One_260312_142511",
        "One_260312_142511/remarks.md",
        "One_260312_142511/Scan/log.spec",
    }
    before = items["One_260312_142511"].stamp
    (root / "Example.exp").write_text("[CONFIG]\nanother = 1\n")
    assert found(root)["One_260312_142511"].stamp != before


def test_an_experiment_without_measurements_is_an_input_itself(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    (root / "Example.exp").write_text("[CONFIG]\n")
    assert set(found(root)) == {"Example.exp"}


def test_a_compressed_copy_is_not_converted_twice(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    for name in ("a.spec", "a.spec.gz", "b.spec.gz", "068288", "068288.Z"):
        (root / name).write_bytes(b"x")
    assert set(found(root)) == {"a.spec", "b.spec.gz", "068288"}


def test_links_and_what_is_no_file_are_told_apart(tmp_path: Path) -> None:
    root = tmp_path / "in"
    (root / "real").mkdir(parents=True)
    (root / "real" / "a.spec").write_text(spec())
    (root / "file.spec").symlink_to(root / "real" / "a.spec")
    (root / "folder").symlink_to(root / "real")
    (root / "real" / "loop").symlink_to(root)
    (root / "nowhere.spec").symlink_to(root / "gone")
    os.mkfifo(root / "pipe.spec")
    (root / ".hidden.spec").write_text(spec())
    assert {name: item.refused and (item.refused.reason, item.refused.lost) for name, item in found(root).items()} == {
        "file.spec": None,
        "real/a.spec": None,
        "folder": ("a link to a folder, which is not followed", False),
        "real/loop": ("a link to a folder, which is not followed", False),
        "nowhere.spec": ("this link leads to no file", True),
        "pipe.spec": ("is no regular file", False),
    }


def test_globs_choose_by_name_and_by_path(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for name in ("a.spec", "b.dat", "raw/c.spec", "raw/d.dat", "old/raw/e.spec"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(spec())
    assert set(found(root, include=("*.spec",))) == {"a.spec", "raw/c.spec", "old/raw/e.spec"}
    assert set(found(root, include=("raw/*",))) == {"raw/c.spec", "raw/d.dat"}
    assert set(found(root, exclude=("raw",))) == {"a.spec", "b.dat"}
    assert set(found(root, exclude=("old/raw", "b.*"))) == {"a.spec", "raw/c.spec", "raw/d.dat"}


def test_newer_leaves_out_what_did_not_change_since(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    for name, seconds in (("old.spec", 1000), ("new.spec", 3000)):
        (root / name).write_text(spec())
        os.utime(root / name, (seconds, seconds))
    for index, seconds in enumerate((1000, 3000)):
        (path,) = seriesgen.series(root, [f"s_{index}.edf"])
        os.utime(path, (seconds, seconds))
    # a series is as new as its newest file
    assert set(found(root, newer=2000 * 10**9)) == {"new.spec", "s_%d.edf"}


def test_the_destination_below_the_source_is_not_walked(tmp_path: Path) -> None:
    root = tmp_path / "in"
    (root / "nexus").mkdir(parents=True)
    (root / "a.spec").write_text(spec())
    (root / "nexus" / "old.spec").write_text(spec())
    request = Request((str(root),), str(root / "nexus"), ConvertOptions(), ledger=NOWHERE)
    with Batch(request, lambda: pytest.fail("nothing is converted")) as batch:
        assert [item.source for item in batch.inputs()] == [str(root / "a.spec")]


def test_names_tell_which_files_ought_to_be_data() -> None:
    extensions = (".spec", ".dat", ".txt", ".edf")
    expected = ("a.spec", "A.DAT", "x.edf.gz", "068288", "068288.Z")
    assert [name for name in expected if not is_expected(name, extensions)] == []
    others = ("README.txt", "a.png", "notes", "12345", "0682881", "archive.gz", "068288.png")
    assert [name for name in others if is_expected(name, extensions)] == []


REFERENCES = """#F x
#E 1
#C imageFile dir[/data/id01/raw/images] prefix[align_] idxFmt[_%05d] nextNr[12] suffix[.edf.gz]
#C imageFile dir[/data/id01/raw/images] prefix[other_] nextNr[12] suffix[.edf]

#S 1 ascan th 0 1 1 1
#ULIMA_mpx4 /data/lima/mpx4_00123.edf.gz
#UCCD /data/ccd/
#C DIRECTORY : /data/zap/
#C RADIX : map(1)
#S 2 ascan th 0 1 1 1
#ULIMA_mpx4 /data/lima/mpx4_00123.edf.gz
"""


def test_the_references_of_spec_headers_become_names_of_files(tmp_path: Path) -> None:
    path = tmp_path / "x.spec"
    path.write_text(REFERENCES)
    names = dict.fromkeys(
        (
            "align__00012.edf",
            "align__7.edf.gz",
            "other_12.edf",
            "align_x.edf",
            "mpx4_00007.edf",
            "mpx4_1.edf.gz",
            "mpx_00007.edf",
            "s_012_003_004.edf",
            "map(1)_xia00_0001_0000_0000.edf",
            "map1_xia00.edf",
        )
    )
    for folder in ("images", "lima", "ccd", "zap"):
        (tmp_path / "tree" / folder).mkdir(parents=True)
        for name in names:
            (tmp_path / "tree" / folder / name).write_bytes(b"")
    meant = references.meant(references.references(str(path)), [str(tmp_path / "tree")])
    assert sorted(os.path.relpath(one, tmp_path / "tree") for one in meant) == [
        "ccd/map(1)_xia00_0001_0000_0000.edf",
        "ccd/s_012_003_004.edf",
        "images/align__00012.edf",
        "images/align__7.edf.gz",
        "images/other_12.edf",
        "lima/mpx4_00007.edf",
        "lima/mpx4_1.edf.gz",
        "zap/map(1)_xia00_0001_0000_0000.edf",
    ]


def test_a_reference_across_two_blocks_of_a_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.spec"
    path.write_text("#F x\n" + "#C filling up\n" * 300 + "#UCCD /data/ccd/\n" + "1 2 3\n" * 2000)
    whole = references.references(str(path))
    assert whole
    monkeypatch.setattr(references, "BLOCK", 64)
    assert references.references(str(path)) == whole


def test_no_reference_leads_out_of_the_sources(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "s_012_003_004.edf").write_bytes(b"")
    (tmp_path / "tree").mkdir()
    for stated in ("../secret", str(tmp_path / "secret"), "a/../../secret"):
        assert references.meant([(stated, r".*\.edf")], [str(tmp_path / "tree")]) == []


NAMES = st.text(string.ascii_lowercase[:3] + "01_%.{", min_size=1, max_size=5)
ENDINGS = st.sampled_from([".edf", ".edf.gz", ".spec", ".tif", ".meas", ".exp", ".dat", "_01_001.tif", "_0001.edf", ""])


@given(st.sets(st.builds(lambda name, ending: name + ending, NAMES, ENDINGS), max_size=25))
@settings(max_examples=150, deadline=None)
def test_every_file_is_in_one_input_and_in_no_other(names: set[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        for name in names - {".", ".."}:
            Path(place, name).write_bytes(b"x")
        grouping = Grouping(place, Wanted(), {}, [])
        items = [item for folder in walk(place, Wanted()) for item in grouping.inputs(folder)]
        visible = {name for name in names if not name.startswith(".")}
        copies = {name for name in visible if name.endswith(".gz") and name.removesuffix(".gz") in visible}
        assert sum(item.count for item in items) == len(visible - copies)
        assert len({item.source for item in items}) == len(items)
