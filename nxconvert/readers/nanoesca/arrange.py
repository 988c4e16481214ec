"""The images of a measurement in their slots of point and repeat: what is there, what lacks, what was never taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from nxconvert.errors import Place, Problem, ReadError
from nxconvert.readers.nanoesca.folder import Files
from nxconvert.readers.nanoesca.keys import LISTED, Row
from nxconvert.readers.nanoesca.table import Table, image_name
from nxconvert.readers.nanoesca.tiff import Image, read_headers

Slot = TypeVar("Slot", bound=Hashable)

#: numbers of images may leave holes, but not so many that the stack is mostly holes
_MOST_HOLES = 20
_SPARE = 1000


@dataclass(slots=True)
class Arranged:
    """The images in C order of (point, repeat), and of the averaged ones; None where one is missing.

    ``interrupted``: the images that the last repeat lacks at its end, which were never taken.
    """

    points: int = 0
    repeats: int = 0
    raw: list[Image | None] = field(default_factory=list)
    averaged: list[Image | None] = field(default_factory=list)
    is_sum: bool = False
    interrupted: int = 0
    aborted: bool = False
    problems: list[Problem] = field(default_factory=list)

    def present(self) -> list[Image]:
        """Give the raw images that are there."""
        return [image for image in self.raw if image is not None]


def arrange(files: Files, tables: Iterable[Table], folder: str, pages: str = "repeat") -> Arranged:
    """Put the images into their slots: where the tables name them, else by the numbers in their names.

    Of several images in one raw file each is a repeat, or with *pages* ``step`` a step, as those of averages are then.
    """
    result = Arranged()
    raw, averaged = dict(files.raw), dict(files.averaged or files.summed)
    result.is_sum = not files.averaged and bool(files.summed)
    if files.averaged and files.summed:
        found = f"{len(files.averaged)} averaged and {len(files.summed)} summed images"
        result.problems.append(Problem(Place(folder), found, "the averaged ones are taken"))
    listed: set[tuple[int, int]] = set()
    for table in tables:
        for repeat, rows in table.repeats.items():
            named = _named(rows, files, table, result)
            listed |= {(step, repeat) for step in named}
            _take(raw, {(step, repeat): path for step, path in named.items() if path}, result)
        named = _named(table.total, files, table, result)
        _take(averaged, {step: path for step, path in named.items() if path}, result)
    by_step = pages == "step"
    near: dict[tuple[int, ...], str] = dict(_near(raw, result).items())
    images = _headers(near, result, "raw", 0 if by_step else 1)
    means = _headers({(step,): path for step, path in averaged.items()}, result, "averaged", 0 if by_step else None)
    slots = images.slots | {slot for named in listed for slot in images.pages(named)}
    steps = [slot[0] for slot in (*slots, *means.slots)]
    result.points = max(steps, default=-1) + 1
    result.repeats = max((repeat for _step, repeat in slots), default=-1) + 1
    result.raw = (
        [images.found.get((step, repeat)) for step in range(result.points) for repeat in range(result.repeats)]
        if images.found
        else []
    )
    if images.found:
        _missing(result, images.slots, slots, folder)
    else:
        result.repeats = 0
    result.averaged = [means.found.get((step,)) for step in range(result.points)] if means.found else []
    if means.found:
        lacking = [step for step in range(result.points) if (step,) not in means.slots]
        _tell(result, folder, [f"of point {step + 1}" for step in lacking], "averaged image")
    return result


def _named(rows: list[Row], files: Files, table: Table, result: Arranged) -> dict[int, str]:
    """Give the path of the image that each row names, by its number; empty where that file is not there."""
    found: dict[int, str] = {}
    outside = 0
    for step, row in enumerate(rows):
        name = image_name(row)
        if name is None:
            continue
        if "/" in name or "\\" in name:
            outside += 1
            if outside == 1:
                result.problems.append(
                    Problem(
                        table.config.place(row),
                        f"the image '{name[:60]}'",
                        "a name without a folder expected",
                        "such names are not followed; the names of the files tell what they are",
                    )
                )
            continue
        found[step] = files.by_name.get(name.lower(), "")
    return found


def _take(slots: dict[Slot, str], named: dict[Slot, str], result: Arranged) -> None:
    """Let what the table names replace what the numbers in the names say."""
    moved = {path: slot for slot, path in slots.items()}
    for slot, path in named.items():
        before = moved.get(path)
        if before is not None and before != slot and slots.get(before) == path:
            del slots[before]
            if not any("the table puts" in problem.expected for problem in result.problems):
                expected = "the table puts it in another place than its number"
                result.problems.append(Problem(Place(path), "this image", expected, "the table counts"))
        slots[slot] = path


def _near(raw: dict[tuple[int, int], str], result: Arranged) -> dict[tuple[int, int], str]:
    """Leave out images whose numbers would make the stack mostly holes."""
    kept = raw
    while kept:
        steps = max(step for step, _repeat in kept) + 1
        repeats = max(repeat for _step, repeat in kept) + 1
        if steps * repeats <= _MOST_HOLES * len(kept) + _SPARE:
            break
        far = max(kept, key=lambda slot: (max(slot[0] / len(kept), slot[1]), slot))
        kept = {slot: path for slot, path in kept.items() if slot != far}
        result.problems.append(
            Problem(
                Place(raw[far]),
                f"an image of step {far[0] + 1} in repeat {far[1] + 1}",
                f"there are {len(raw)} images",
                "it is left out: its number is far from all others",
                "lost",
            )
        )
    return kept


@dataclass(slots=True)
class _Images:
    """Images by slot, and the slots of all files. ``along``: what the images in one file are one after the other."""

    along: int | None
    #: images in a file
    each: int = 1
    found: dict[tuple[int, ...], Image] = field(default_factory=dict)
    slots: set[tuple[int, ...]] = field(default_factory=set)

    def pages(self, slot: tuple[int, ...], count: int | None = None) -> list[tuple[int, ...]]:
        """Give the slots of the images in the file of a slot."""
        if self.along is None:
            return [slot]
        first = slot[self.along] * self.each
        return [
            (*slot[: self.along], first + page, *slot[self.along + 1 :])
            for page in range(self.each if count is None else count)
        ]


def _headers(paths: Mapping[tuple[int, ...], str], result: Arranged, kind: str, along: int | None) -> _Images:
    """Read the directories of all images; those that are damaged or of another size than most are problems."""
    images = _Images(along)
    files: dict[tuple[int, ...], list[Image]] = {}
    for slot, path in paths.items():
        files[slot] = own = []
        try:
            for image in read_headers(path):
                own.append(image)
                if along is None and len(own) > 1:
                    own.pop()
                    found = "several images in one file"
                    result.problems.append(
                        Problem(Place(path), found, "one expected", "only the first is read", "lost")
                    )
                    break
        except ReadError as error:
            result.problems.extend(error.problems)
    images.each = _each(files, paths, result)
    shapes = Counter(image.shape for own in files.values() for image in own)
    shape = shapes.most_common(1)[0][0] if shapes else (0, 0)
    for slot, own in files.items():
        slots = images.pages(slot, len(own) or None)
        images.slots.update(slots)
        for image, place in zip(own, slots, strict=False):
            if image.shape == shape:
                images.found[place] = image
                continue
            found = f"an image of {image.shape[0]} x {image.shape[1]} pixels"
            expected = f"{shape[0]} x {shape[1]} expected, as most {kind} images have"
            result.problems.append(Problem(Place(image.path), found, expected, "it counts as missing", "lost"))
    return images


def _each(files: dict[tuple[int, ...], list[Image]], paths: Mapping[tuple[int, ...], str], result: Arranged) -> int:
    """Give how many images a file has: as most have, in doubt the larger number; tell the files with more."""
    counts = Counter(len(own) for own in files.values() if own)
    each = max(counts, key=lambda count: (counts[count], count), default=1)
    if each * len(files) > _MOST_HOLES * sum(map(len, files.values())) + _SPARE:
        each = min(counts)
    for slot, own in files.items():
        if len(own) > each:
            found = f"{len(own)} images in one file"
            hint = f"only the first {each} are read" if each > 1 else "only the first is read"
            result.problems.append(Problem(Place(paths[slot]), found, f"{each} expected, as in most", hint, "lost"))
            del own[each:]
    return each


def _missing(result: Arranged, raw: set[tuple[int, ...]], slots: set[tuple[int, ...]], folder: str) -> None:
    """Tell images that lack apart from those of the last repeat that were never taken."""
    last = result.repeats - 1
    end = max((step for step, repeat in slots if repeat == last), default=-1) + 1
    result.interrupted = result.points - end
    lacking = [
        (step, repeat)
        for repeat in range(result.repeats)
        for step in range(result.points if repeat < last else end)
        if (step, repeat) not in raw
    ]
    names = [f"of point {step + 1} in repeat {repeat + 1}" for step, repeat in lacking]
    _tell(result, folder, names, "raw image")


def _tell(result: Arranged, folder: str, names: list[str], kind: str) -> None:
    if names:
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        result.problems.append(
            Problem(
                Place(folder),
                f"{len(names)} {kind}{'s' * (len(names) != 1)} missing: {', '.join(names[:LISTED])}{more}",
                "one for each point and repeat expected" if kind == "raw image" else "one for each point expected",
                "they are marked in frame_missing and filled",
                "lost",
            )
        )
