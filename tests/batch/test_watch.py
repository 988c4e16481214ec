"""A watch makes the right outputs of what arrives, once each, however it arrives."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import edfgen
import h5py
import numpy as np
import pytest

from nxconvert import pipeline
from nxconvert.batch import watch_notice, watch_spec
from nxconvert.batch.asked import Request
from nxconvert.batch.job import Limits
from nxconvert.batch.watch import Watch
from nxconvert.batch.watch_settle import HALF_WRITTEN
from nxconvert.batch.watch_status import Status
from nxconvert.errors import RequestError
from nxconvert.request import ConvertOptions, Outcome

OPTIONS = ConvertOptions(time_zone="UTC", timestamp=0.0, command="nxconvert batch")
#: seconds after which a test gives up
LONGEST = 60.0

HEADER = "#F test.spec\n#E 1455180875\n#D Thu Feb 11 09:47:55 2016\n#O0 th  tth\n\n"


def scan(number: int, points: int = 3, first: float = 0.0) -> str:
    rows = "".join(f"{k} {first + 10 * number + k}\n" for k in range(points))
    return f"#S {number} ascan  th 0 1 {points - 1} 1\n#D Thu Feb 11 09:47:55 2016\n#P0 0 {number}\n#N 2\n#L th  det\n{rows}\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src").mkdir()
    monkeypatch.setattr("nxconvert.batch.watch.TICK", 0.1)  # how often these tests look
    return tmp_path


def make(place: Path, settle: float = 0.2, poll: float | None = None, jobs: int = 1) -> Watch:
    request = Request((str(place / "src"),), str(place / "dst"), OPTIONS, exclude=HALF_WRITTEN)
    return Watch(request, settle, poll, jobs, Limits())


def follow(watch: Watch, until: Callable[[], bool]) -> list[Outcome]:
    """Run the watch until something holds, and give the outcomes."""
    found = []
    end = time.monotonic() + LONGEST
    with closing(watch.watch()) as outcomes:
        for outcome in outcomes:
            if outcome is not None:
                found.append(outcome)
            elif until():
                return found
            assert time.monotonic() < end, f"still settling: {watch.settling.sources()}, running: {list(watch.running)}"
    return found


def settled(watch: Watch, quiet: float = 0.2) -> Callable[[], bool]:
    """Say when nothing is left to do, and has not been for a while."""
    return lambda: watch.is_idle and time.monotonic() - watch.active > quiet


def outputs(place: Path) -> list[str]:
    folder = place / "dst"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.nxs"))


def columns(path: Path) -> dict[str, list[float]]:
    with h5py.File(path) as file:
        return {name: file[name]["measurement/det"][()].tolist() for name in file}


def expected(numbers: range, points: int = 3) -> dict[str, list[float]]:
    return {f"scan_{number}": [10.0 * number + k for k in range(points)] for number in numbers}


# arrivals


class Arrivals(threading.Thread):
    """Lets 200 files arrive in the ways in which files arrive."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.done = False
        #: what should come of it: the number of scans of each output
        self.expected: dict[str, int] = {}
        self.in_steps: set[str] = set()
        self.rest: list[tuple[Path, str]] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            pick = random.Random(7)
            ways = [self.at_once, self.in_pieces, self.renamed, self.appended, self.deleted, self.moved_in]
            for number in range(200):
                folder = self.folder / f"day{number % 4}"
                folder.mkdir(exist_ok=True)
                ways[number % len(ways)](folder, f"f{number:03d}", pick)
                time.sleep(0.005)
            for path, text in self.rest:
                with path.open("a") as file:
                    file.write(text)
        except BaseException as error:
            self.error = error
        self.done = True

    def expect(self, folder: Path, name: str, scans: int) -> None:
        self.expected[f"{folder.name}/{name}.nxs"] = scans

    def at_once(self, folder: Path, name: str, pick: random.Random) -> None:
        (folder / f"{name}.spec").write_text(HEADER + scan(1) + scan(2))
        self.expect(folder, name, 2)

    def in_pieces(self, folder: Path, name: str, pick: random.Random) -> None:
        text = HEADER + scan(1) + scan(2)
        at = pick.randrange(1, len(text))
        with (folder / f"{name}.spec").open("w") as file:
            file.write(text[:at])
            file.flush()
            time.sleep(0.02)
            file.write(text[at:])
        self.in_steps.add(f"{folder.name}/{name}.nxs")
        self.expect(folder, name, 2)

    def renamed(self, folder: Path, name: str, pick: random.Random) -> None:
        half = folder / f"{name}.spec{pick.choice(['.tmp', '.part', '.filepart'])}"
        half.write_text(HEADER + scan(1))
        with half.open("a") as file:
            file.write(scan(2))
        half.rename(folder / f"{name}.spec")
        self.expect(folder, name, 2)

    def appended(self, folder: Path, name: str, pick: random.Random) -> None:
        path = folder / f"{name}.spec"
        path.write_text(HEADER + scan(1))
        self.rest.append((path, scan(2) + scan(3)))
        self.in_steps.add(f"{folder.name}/{name}.nxs")
        self.expect(folder, name, 3)

    def deleted(self, folder: Path, name: str, pick: random.Random) -> None:
        path = folder / f"{name}.spec"
        path.write_text(HEADER + scan(1))
        if pick.random() < 0.5:
            path.unlink()
        else:
            time.sleep(0.02)
            path.unlink()

    def moved_in(self, folder: Path, name: str, pick: random.Random) -> None:
        away = self.folder.parent / f"away_{name}"
        (away / "deep").mkdir(parents=True)
        (away / "deep" / f"{name}.spec").write_text(HEADER + scan(1) + scan(2))
        away.rename(folder / name)
        self.expected[f"{folder.name}/{name}/deep/{name}.nxs"] = 2


def test_two_hundred_files_that_arrive_in_every_way_give_the_right_outputs_once_each(place: Path) -> None:
    arrivals = Arrivals(place / "src")
    with make(place, settle=0.5, jobs=2) as watch:
        arrivals.start()
        outcomes = follow(watch, lambda: arrivals.done and settled(watch)())
        arrivals.join()
    assert arrivals.error is None
    assert [(item.source, *map(str, item.problems)) for item in outcomes if item.status != "converted"] == []
    assert outputs(place) == sorted(arrivals.expected)
    for name, scans in arrivals.expected.items():
        assert columns(place / "dst" / name) == expected(range(1, scans + 1)), name
    times = Counter(outcome.output for outcome in outcomes)
    # what was written in pieces may have settled in between
    twice = {str(place / "dst" / name) for name in arrivals.in_steps}
    assert {output for output, count in times.items() if count > 1} <= twice
    assert max(times.values()) <= 2


def test_a_watch_that_is_started_again_converts_nothing_again_and_goes_on(place: Path) -> None:
    source = place / "src" / "a.spec"
    source.write_text(HEADER + scan(1))
    with make(place) as watch:
        assert [outcome.status for outcome in follow(watch, settled(watch))] == ["converted"]
    with make(place) as watch:
        assert follow(watch, settled(watch)) == []
    with source.open("a") as file:
        file.write(scan(2))
    with make(place) as watch:
        (outcome,) = follow(watch, settled(watch))
    assert (outcome.status, outcome.appended, outcome.replaced) == ("converted", 1, 0)
    assert columns(place / "dst/a.nxs") == expected(range(1, 3))


def test_polling_finds_what_arrives_too(place: Path) -> None:
    with make(place, poll=0.1) as watch:
        (place / "src/deep/deeper").mkdir(parents=True)
        (place / "src/deep/deeper/a.spec").write_text(HEADER + scan(1))
        follow(watch, lambda: bool(watch.counts["converted"]) and watch.is_idle)
        assert watch.how == "polling every 0.1 s"
    assert outputs(place) == ["deep/deeper/a.nxs"]


def test_a_network_file_system_is_polled_without_being_asked(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = place / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/x {place / 'src'} nfs4 rw 0 0\n")
    real = watch_notice.file_system
    monkeypatch.setattr(watch_notice, "file_system", lambda path: real(path, str(mounts)))
    notices = watch_notice.Notices([str(place / "src")], lambda _folder, _deep: None, None)
    assert (notices.how, notices.interval) == ("polling every 5 s (nfs4)", 5.0)
    notices.close()


def test_a_damaged_file_fails_once_and_is_tried_again_when_it_changes(place: Path) -> None:
    path = place / "src/a.edf"
    path.write_bytes(b"{\nHeaderID = EH:000001:000000:000000 ;\nDim_1 = 4 ;\n")
    with make(place) as watch:
        (outcome,) = follow(watch, settled(watch))
        assert outcome.status == "failed"
        path.write_bytes(edfgen.block(np.arange(12, dtype=np.uint16).reshape(3, 4)))
        (outcome,) = follow(watch, settled(watch))
    assert outcome.status == "converted"
    with h5py.File(place / "dst/a.nxs") as file:
        assert file["entry/data/data"][()].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_the_first_file_of_a_series_gives_way_to_the_series(place: Path) -> None:
    frames = [np.full((3, 4), k, np.uint16) for k in range(3)]
    first = place / "src/im_0000.edf"
    first.write_bytes(edfgen.block(frames[0]))
    with make(place) as watch:
        follow(watch, lambda: bool(watch.counts["converted"]) and settled(watch)())
        assert outputs(place) == ["im_0000.nxs"]
    with make(place) as watch:
        follow(watch, settled(watch))
        before = watch.counts["converted"]
        for k in (1, 2):
            (place / f"src/im_{k:04d}.edf").write_bytes(edfgen.block(frames[k]))
        follow(watch, lambda: watch.counts["converted"] > before and settled(watch)())
    assert outputs(place) == ["im.nxs"]
    with h5py.File(place / "dst/im.nxs") as file:
        assert file["entry/data/data"][:, 0, 0].tolist() == [0, 1, 2]


def test_an_output_below_the_source_is_not_watched(place: Path) -> None:
    (place / "src/a.spec").write_text(HEADER + scan(1))
    request = Request((str(place / "src"),), str(place / "src/nexus"), OPTIONS)
    with Watch(request, 0.1, None, 1, Limits()) as watch:
        outcomes = follow(watch, lambda: bool(watch.counts["converted"]) and settled(watch)())
    assert [outcome.output for outcome in outcomes] == [str(place / "src/nexus/a.nxs")]


def test_a_source_that_disappears_is_waited_for(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nxconvert.batch.watch.PAUSE", 0.1)
    (place / "src/a.spec").write_text(HEADER + scan(1))
    with make(place, poll=0.1) as watch:
        follow(watch, lambda: bool(watch.counts["converted"]) and watch.is_idle)
        (place / "src").rename(place / "away")
        follow(watch, lambda: bool(watch.trouble))
        assert watch.trouble == f"{place / 'src'}: cannot be read: No such file or directory"
        assert f"waiting, {watch.trouble}" in Status(watch).line()
        (place / "away").rename(place / "src")
        (place / "src/b.spec").write_text(HEADER + scan(2))
        follow(watch, lambda: watch.counts["converted"] == 2)
        assert watch.trouble == ""
    assert outputs(place) == ["a.nxs", "b.nxs"]


def test_a_source_that_is_no_folder_is_refused(place: Path) -> None:
    path = place / "src/a.spec"
    path.write_text("x")
    with pytest.raises(RequestError) as error:
        Watch(Request((str(path),), str(place / "dst"), OPTIONS), 1.0, None, 1, Limits())
    assert str(error.value) == f"{path}: is not a folder, a folder to watch expected"


# growing SPEC files


@pytest.fixture
def growing(place: Path) -> Iterator[tuple[Watch, Path]]:
    source = place / "src/a.spec"
    source.write_text(HEADER + "".join(scan(number) for number in range(1, 4)))
    with make(place, settle=0.1) as watch:
        follow(watch, lambda: bool(watch.counts["converted"]) and watch.is_idle)
        yield watch, source


def grow(watch: Watch, source: Path, text: str) -> Outcome:
    """Write something at the end of a file, and give what comes of it."""
    before = watch.counts["converted"]
    with source.open("a") as file:
        file.write(text)
    (outcome,) = follow(watch, lambda: watch.counts["converted"] > before and watch.is_idle)
    return outcome


def content(entry: h5py.Group) -> dict[str, object]:
    """Give the values of an entry by their paths, and from its provenance where they came from."""
    found: dict[str, object] = {}

    def take(path: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset) and not path.startswith("conversion"):
            found[path] = (item.dtype.str, item.shape, np.asarray(item[()]).tolist())

    entry.visititems(take)
    scans = entry["conversion/scans"]
    at = scans["identifier"][()].tolist().index(entry["entry_identifier"][()])
    return found | {key: scans[key][at] for key in ("identifier", "offset", "length", "sha256")}


def same_as_whole(place: Path, source: Path) -> None:
    """Compare with a conversion of the whole file: the same entries, values and provenance."""
    whole = place / "whole.nxs"
    options = ConvertOptions(time_zone="UTC", timestamp=0.0, existing="overwrite")
    assert pipeline.convert_file(str(source), str(whole), options).status == "converted"
    with h5py.File(whole) as one, h5py.File(place / "dst/a.nxs") as other:
        assert sorted(one) == sorted(other)
        for name in one:
            assert content(one[name]) == content(other[name])


def test_scans_are_added_one_by_one_and_only_what_is_new_is_read(
    place: Path, growing: tuple[Watch, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, source = growing
    outcome = grow(watch, source, scan(4))
    assert (outcome.appended, outcome.replaced) == (1, 0)
    read: list[int] = []
    monkeypatch.setattr(
        watch_spec._Window,
        "read",
        lambda self, size, real=watch_spec._Window.read: read.append(self._start) or real(self, size),
    )
    offset = source.read_text().index("#S 4")
    for number in (5, 6):
        outcome = grow(watch, source, scan(number))
        assert (outcome.appended, outcome.replaced) == (1, 0)
    assert min(read) == offset
    assert columns(place / "dst/a.nxs") == expected(range(1, 7))
    same_as_whole(place, source)


def test_a_scan_that_was_incomplete_is_replaced(place: Path, growing: tuple[Watch, Path]) -> None:
    watch, source = growing
    grow(watch, source, scan(4).rstrip("\n").rpartition("\n")[0] + "\n")
    assert len(columns(place / "dst/a.nxs")["scan_4"]) == 2
    outcome = grow(watch, source, "2 42\n\n" + scan(5))
    assert (outcome.appended, outcome.replaced) == (1, 1)
    assert columns(place / "dst/a.nxs") == expected(range(1, 6))
    same_as_whole(place, source)


def test_a_new_header_and_scans_of_equal_numbers_come_out_as_in_the_whole_file(
    place: Path, growing: tuple[Watch, Path]
) -> None:
    watch, source = growing
    grow(watch, source, scan(4))
    grow(watch, source, HEADER.replace("th  tth", "phi  chi") + scan(1, first=100))
    grow(watch, source, scan(1, first=200) + scan(2, first=200))
    found = columns(place / "dst/a.nxs")
    assert sorted(found) == ["scan_1", "scan_1_2", "scan_1_3", "scan_2", "scan_2_2", "scan_3", "scan_4"]
    assert (found["scan_1_2"][0], found["scan_1_3"][0]) == (110.0, 210.0)
    same_as_whole(place, source)


def test_another_file_in_the_place_of_one_that_grew_is_converted_as_a_whole(
    place: Path, growing: tuple[Watch, Path]
) -> None:
    watch, source = growing
    grow(watch, source, scan(4))
    before = watch.counts["converted"]
    new = source.with_suffix(".tmp")
    new.write_text(HEADER + "".join(scan(number) for number in range(11, 19)))
    new.rename(source)
    follow(watch, lambda: watch.counts["converted"] > before and watch.is_idle)
    assert columns(place / "dst/a.nxs") == expected(range(11, 19))


def test_above_the_limit_each_scan_has_a_file_and_the_output_links_to_it(
    place: Path, growing: tuple[Watch, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_spec, "SPLIT", 1000)
    watch, source = growing
    grow(watch, source, scan(4))
    earlier = (place / "dst/a.scans/earlier.nxs").stat()
    grow(watch, source, scan(5))
    grow(watch, source, scan(6).rstrip("\n").rpartition("\n")[0] + "\n")
    outcome = grow(watch, source, "2 62\n\n" + scan(1, first=100))
    assert (outcome.appended, outcome.replaced) == (1, 1)
    assert outputs(place) == [
        "a.nxs",
        *(f"a.scans/{name}.nxs" for name in ("earlier", "scan_1.2", "scan_4.1", "scan_5.1", "scan_6.1")),
    ]
    assert (place / "dst/a.scans/earlier.nxs").stat().st_mtime_ns == earlier.st_mtime_ns
    with h5py.File(place / "dst/a.nxs") as file:
        link = file.get("scan_6", getlink=True)
        assert (link.filename, link.path) == ("a.scans/scan_6.1.nxs", "scan_6")
        assert file.attrs["default"] == "scan_1"
        assert list(file) == [*(f"scan_{k}" for k in range(1, 7)), "scan_1_2"]
    same_as_whole(place, source)


def test_a_master_file_is_gone_on_with_after_a_restart_and_replaced_as_a_whole_by_another_file(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_spec, "SPLIT", 1000)
    source = place / "src/a.spec"
    source.write_text(HEADER + scan(1))
    for number in (2, 3):
        with make(place, settle=0.1) as watch:
            follow(watch, settled(watch))
            grow(watch, source, scan(number))
    with source.open("a") as file:  # while nobody watches
        file.write(scan(4) + scan(5))
    with make(place, settle=0.1) as watch:
        (outcome,) = follow(watch, settled(watch))
        assert (outcome.appended, outcome.replaced) == (2, 0)
        same_as_whole(place, source)
        source.write_text(HEADER + scan(7))
        follow(watch, lambda: watch.counts["converted"] == 2 and watch.is_idle)
    assert columns(place / "dst/a.nxs") == expected(range(7, 8))
    assert outputs(place) == ["a.nxs"]


def test_images_of_a_scan_that_comes_later_are_those_of_its_file_and_of_no_other_output(place: Path) -> None:
    """The growing file takes one image after the other; none of them becomes an output of its own."""
    source, images = place / "src/a.spec", place / "src/images"
    images.mkdir()
    frames = [np.full((3, 4), number, np.uint16) for number in range(3)]

    def imaged(number: int) -> str:
        text = f"#C imageFile dir[/data/images] prefix[im_] idxFmt[%04d] nextNr[{number}] suffix[.edf]\n"
        return scan(number + 1, points=1).replace("#N 2", f"{text}#N 2")

    source.write_text(HEADER + imaged(0))
    (images / "im_0000.edf").write_bytes(edfgen.block(frames[0]))
    with make(place, settle=0.1) as watch:
        follow(watch, lambda: bool(watch.counts["converted"]) and settled(watch)())
        for number in (1, 2):
            (images / f"im_{number:04d}.edf").write_bytes(edfgen.block(frames[number]))
            outcome = grow(watch, source, imaged(number))
            assert outcome.source == str(source)
    with make(place, settle=0.1) as watch:  # which looks at everything
        follow(watch, settled(watch))
    assert outputs(place) == ["a.nxs"]
    with h5py.File(place / "dst/a.nxs") as file:
        for number, entry in enumerate(("scan_1", "scan_2", "scan_3")):
            found: list[str] = []
            file[entry].visititems(
                lambda name, item, found=found: (
                    found.append(name) if getattr(item, "shape", ())[-2:] == (3, 4) else None
                )
            )
            assert found
            assert {int(file[entry][name][()].max()) for name in found} == {number}


# the command


def start(place: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "nxconvert", "watch", str(place / "src"), "-o", str(place / "dst"), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_watch_and_leaves_nothing_half_written(place: Path, number: signal.Signals) -> None:
    (place / "src/a.spec").write_text(HEADER + scan(1))
    with start(place, "--settle", "0.1", "-j", "1") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{place / 'dst/a.nxs'}\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=LONGEST)
    assert (process.returncode, out) == (0, "")
    assert "nothing is left half-written\n" in err
    status = json.loads((place / "dst/nxconvert-watch.json").read_text())
    assert (status["state"], status["converted"], status["scans"]) == ("stopped", 1, 1)
    assert sorted(os.listdir(place / "dst")) == ["a.nxs", "nxconvert-batch.sqlite", "nxconvert-watch.json"]


def test_a_second_watch_for_one_destination_is_refused(place: Path) -> None:
    with start(place) as process:
        wait_for((place / "dst/nxconvert-watch.json").exists)
        with start(place) as second:
            _out, err = second.communicate(timeout=LONGEST)
        assert second.returncode == 2
        assert err == (
            f"{place / 'dst/nxconvert-watch.json'}: process {process.pid} watches for this folder already\n"
            "  hint: stop it, or choose another folder\n"
        )
        process.terminate()
        process.communicate(timeout=LONGEST)
    assert process.returncode == 0


@pytest.mark.parametrize("option", ["--verify", "--validate"])
def test_outputs_are_looked_at_as_a_whole_where_that_is_wanted(place: Path, option: str) -> None:
    source, settings = place / "src/a.spec", ("--settle", "0.1", "--idle", "1", "--json", "--timezone", "UTC", option)
    source.write_text(HEADER + scan(1))
    with start(place, *settings) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        with source.open("a") as file:
            file.write(scan(2))
        second = json.loads(process.stdout.readline())
        out, err = process.communicate(timeout=LONGEST)
    assert (process.returncode, out) == (0, ""), err
    assert [(item["status"], item["scans"], item["problems"]) for item in (first, second)] == [
        ("converted", 1, []),
        ("converted", 2, []),
    ]
    assert columns(place / "dst/a.nxs") == expected(range(1, 3))
    # the same batch finds nothing to do, one that asks for less neither
    for asked in ([option], []):
        command = [sys.executable, "-m", "nxconvert", "batch", str(place / "src"), "-o", str(place / "dst"), *asked]
        done = subprocess.run([*command, "--timezone", "UTC"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")
        assert "\n1 unchanged\n" in done.stderr


def test_the_line_of_health_counts(place: Path) -> None:
    (place / "src/a.spec").write_text(HEADER + scan(1))
    with make(place, settle=0.1) as watch:
        follow(watch, lambda: bool(watch.counts["converted"]) and watch.is_idle)
        line = Status(watch).line()
    assert "watching 1 folder, told by the file system: 1 converted, 1 scans, 0 failed; last change" in line
