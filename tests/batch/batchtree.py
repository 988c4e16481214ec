"""Trees as they lie on the servers of beamlines, made by code, with what must become of every file in them."""

from __future__ import annotations

import gzip
import os
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import illgen
import nanogen
import seriesgen
import specgen
import tasgen

from nxconvert.resources import samples_dir

#: files of one round of the tree: 18 of SPEC, 40 in four series, 15 numors, 10 of TAS, 8 in a measurement, 6 damaged
ROUND = 100


@dataclass
class Tree:
    """A tree: how many files, the outputs that must come, and the reason of each input that must fail or be skipped.

    ``lost``: inputs that are converted, but not all of them. Paths are relative: outputs to the destination, inputs to
    the tree.
    """

    files: int = 0
    outputs: set[str] = field(default_factory=set)
    lost: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def make(folder: Path, count: int, seed: int = 1) -> Tree:
    """Make a tree of *count* files, a multiple of a hundred; always the same one."""
    tree = Tree()
    stock = _Stock(folder.parent / f"{folder.name}-stock", seed)
    for number in range(count // ROUND):
        _Round(folder, number, tree, stock).make()
    shutil.rmtree(stock.folder)
    return tree


class _Stock:
    """Contents that many files share, made once."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.pick = random.Random(seed)
        folder.mkdir(parents=True)
        self.spec = [(samples_dir() / name).read_bytes() for name in ("counters.spec", "mesh.spec", "xas.spec")]
        for points in (11, 31):
            specgen.scans(folder / "scans.spec", 3, points, columns=12, motors=16, moving=4)
            self.spec.append((folder / "scans.spec").read_bytes())
        self.numors = [text.encode() for text in illgen.samples().values()]
        self.tas = tasgen.energy_scan().tas.data
        self.frames = [
            seriesgen.edf(
                seriesgen.frame(number, (64, 48)),
                {"motor_mne": "th phi", "motor_pos": f"{0.5 * number:g} 7", "count_time": "0.1"},
            )
            for number in range(10)
        ]
        nanogen.experiment(
            folder / "nano",
            [("One_260312_142511", nanogen.Made(repeats=1, points=3, shape=(24, 32), name="One"))],
        )
        self.measurement = {
            str(path.relative_to(folder / "nano" / "One_260312_142511")): path.read_bytes()
            for path in sorted((folder / "nano" / "One_260312_142511").rglob("*"))
            if path.is_file()
        }


class _Round:
    """A hundred files in a folder of their own."""

    def __init__(self, root: Path, number: int, tree: Tree, stock: _Stock) -> None:
        self.name = f"run{number:04d}"
        self.root, self.folder = root, root / self.name
        self.number, self.tree, self.stock = number, tree, stock
        self.files = 0

    def write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.files += 1

    def comes(self, name: str) -> None:
        self.tree.outputs.add(f"{self.name}/{name}")

    def fails(self, name: str, reason: str) -> None:
        self.tree.failed[f"{self.name}/{name}"] = reason

    def is_skipped(self, name: str, reason: str) -> None:
        self.tree.skipped[f"{self.name}/{name}"] = reason

    def make(self) -> None:
        stock = self.stock
        for index in range(18):
            self.write(f"scan{index:02d}a.spec", stock.spec[index % len(stock.spec)])
            self.comes(f"scan{index:02d}a.nxs")
        for series in "abcd":
            for index, data in enumerate(stock.frames):
                self.write(f"images/{series}_{index:04d}.edf", data)
            self.comes(f"images/{series}.nxs")
        for index in range(15):
            name = f"{100 * self.number + index:06d}"
            data = stock.numors[index % len(stock.numors)]
            self.write(f"numors/{name}" + ".gz" * (index % 4 == 3), gzip.compress(data, 1) if index % 4 == 3 else data)
            self.comes(f"numors/{name}.nxs")
        for index in range(10):
            self.write(f"tas/{index:03d}q.scn", stock.tas)
            self.comes(f"tas/{index:03d}q.nxs")
        for name, data in stock.measurement.items():
            self.write(f"One_260312_142511/{name}", data)
        self.comes("One_260312_142511.nxs")
        self._damaged()
        # what is left of the hundred: notes of people
        while self.files < ROUND:
            self.write(f"notes{self.files}.md", b"# nothing to convert\n")
            self.is_skipped(f"notes{self.files - 1}.md", "no reader knows this file")
        self.tree.files += self.files

    def _damaged(self) -> None:
        pick = self.stock.pick
        self.write("empty.spec", b"")
        self.fails("empty.spec", "the file is empty")
        frame = self.stock.frames[0]
        self.write("broken.edf", frame[: pick.randrange(1200, 2000)])
        self.fails("broken.edf", "frame 0 breaks off")
        self.write("foreign.dat", bytes(pick.randrange(256) for _ in range(400)))
        self.fails("foreign.dat", "no reader knows this file")
        self.write("numors/999998", b"R" * 20 + self.stock.numors[0])
        self.fails("numors/999998", "no reader knows this file")
        self.write("numors/999999", self.stock.numors[0][: pick.randrange(1200, 3000)])
        self.comes("numors/999999.nxs")
        self.tree.lost[f"{self.name}/numors/999999"] = "the numor ends here, before any sub-spectrum (S)"
        (self.folder / "gone.spec").symlink_to("nowhere")
        self.fails("gone.spec", "this link leads to no file")
        self.files += 1


def contents(folder: Path) -> dict[str, bytes]:
    """Give the files below a folder of outputs, its ledger left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("nxconvert-batch.sqlite")
    }


def environment(**more: str) -> dict[str, str]:
    """Give an environment in which the same inputs give the same bytes."""
    return {**os.environ, "SOURCE_DATE_EPOCH": "1700000000", **more}
