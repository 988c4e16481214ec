"""The images of a scan: which files its header refers to, and their frames as detectors of the scan.

======================================================  =============================================================
``#C imageFile dir[d] prefix[p] idxFmt[_%05d]``         fast scans of ID01: files ``p_00012.edf.gz`` and on, many frames
``  nextNr[12] suffix[.edf.gz]``                        in each, one for each point
``#ULIMA_mpx4 /d/p_00123.edf.gz``                       the number in the name is that of the column ``mpx4inr``
``#UCCD /d/p_0001.edf``                                 the folder; names end in scan, point and image number (ID03)
``#C DIRECTORY : d`` ``#C RADIX : r``                   zap scans: ``r_label_0012_0000_0003.edf``, of each label a
``#C ZAP SCAN NUMBER : 12`` ``#C ZAP IMAGE NUMBER : 3``  detector
======================================================  =============================================================
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Problem, ReadError
from nxconvert.images import Images, Roots, open_images
from nxconvert.scan import Field, Plot, Scan, SourceFile, free_name

_IMAGE_FILE = re.compile(
    r"#C imageFile dir\[(.*?)\] prefix\[(.*?)\] (?:idxFmt\[(.*?)\] )?nextNr\[(\d{1,9})\] suffix\[(.*?)\]\s*$"
)
_LIMA = re.compile(r"#ULIMA_(\S+)\s+(\S.*?)\s*$")
_CCD = re.compile(r"#UCCD\s+(\S.*?)\s*$")
_ZAP = re.compile(r"#C (DIRECTORY|RADIX|ZAP SCAN NUMBER|ZAP IMAGE NUMBER) *: *(.*?)\s*$")
_FORMAT = re.compile(r"^([^%]*)%(?:0(\d))?d([^%]*)$")
_LAST_NUMBER = re.compile(r"(\d+)(?=\D*$)", re.ASCII)
_THREE_NUMBERS = re.compile(r"_(\d{1,9})_(\d{1,9})_(\d{1,9})\.", re.ASCII)
_ENDINGS = (
    ".edf",
    ".cbf",
    ".tif",
    ".tiff",
    ".edf.gz",
    ".edf.bz2",
    ".edf.lz4",
    ".cbf.gz",
    ".cbf.bz2",
    ".tif.gz",
    ".tif.bz2",
)
#: so many missing images are listed
_LISTED = 20
#: columns that hold the number of an image, after those named after the detector
_NUMBER_COLUMNS = ("ccd_n", "imgnr", "img_n", "imnr")


@dataclass(slots=True)
class Reference:
    """What a header says of the images of one detector, whose name is empty where the images tell it.

    ``paths``: files found, one for each point, None where one is missing; or fewer, whose frames follow on from point
    to point. ``as_series``: their axes are those of their names, not the points. ``stated``: the path in the header.
    """

    detector: str
    stated: str
    paths: list[str | None] = field(default_factory=list)
    as_series: bool = False


class ScanImages:
    """Finds and opens the images of the scans of one file, and keeps them open until it is closed."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self._open: list[Images] = []

    def attach(self, scan: Scan) -> None:
        """Add the images that the headers of a scan refer to as detectors; what is not found becomes a problem."""
        text = "\n".join(str(scan.notes[name].value) for name in ("file_header", "scan_header") if name in scan.notes)
        if "#C " not in text and "#U" not in text:
            return
        for reference in self._references(scan, text.split("\n")):
            present = [path for path in reference.paths if path is not None]
            if not present:
                self._tell(
                    scan,
                    f"no image of '{reference.stated}' is found",
                    "files of that name below the folders of --images expected",
                    "name the folder that holds the last folders of this path",
                )
                continue
            try:
                images = open_images(reference.paths, reference.as_series)
            except ReadError as error:
                scan.problems.extend(error.problems)
                continue
            self._open.append(images)
            scan.problems.extend(images.problems)
            self._tell_missing(scan, reference)
            self._add(scan, reference, images)

    def _tell_missing(self, scan: Scan, reference: Reference) -> None:
        points = [str(point) for point, path in enumerate(reference.paths) if path is None]
        if points:
            more = f" and {len(points) - _LISTED} more" if len(points) > _LISTED else ""
            plural = "s" * (len(points) != 1)
            self._tell(
                scan,
                f"{len(points)} image{plural} of '{reference.detector}' not found: point{plural} "
                f"{', '.join(points[:_LISTED])}{more}",
                "one for each point expected",
                "frame_missing marks them, and a fill value stands in their places",
            )

    def _tell(self, scan: Scan, found: str, expected: str, hint: str, severity: str = "lost") -> None:
        scan.problems.append(Problem(scan.place, f"scan {scan.identifier}: {found}", expected, hint, severity))

    # which files

    def _references(self, scan: Scan, lines: list[str]) -> Iterator[Reference]:
        files = [match for line in lines if (match := _IMAGE_FILE.match(line))]
        if len(files) > 1:
            self._tell(
                scan, f"{len(files)} lines '#C imageFile'", "one expected", "the last one is taken", severity="warning"
            )
        if files:
            yield self._image_file(scan, files[-1])
        lima = {match[1]: match[2] for line in lines if (match := _LIMA.match(line))}
        for detector, stated in lima.items():
            yield self._lima(scan, detector, stated)
        ccd = [match[1] for line in lines if (match := _CCD.match(line))]
        if ccd:
            yield self._ccd(scan, ccd[-1].split()[-1])
        zap = {match[1]: match[2] for line in lines if (match := _ZAP.match(line))}
        if "RADIX" in zap and zap.get("ZAP SCAN NUMBER", "").isdecimal():
            yield from self._zap(scan, zap)

    def _image_file(self, scan: Scan, match: re.Match[str]) -> Reference:
        """Follow the numbers of the files until there are as many frames as points, or no file more."""
        folder, prefix, style, number, suffix = match[1], match[2], match[3] or "%d", int(match[4]), match[5]
        reference = Reference("images", f"{folder}/{prefix}{style}{suffix}")
        form = _FORMAT.match(style)
        if form is None:
            return reference
        for place in self._roots.folders(folder):
            while len(reference.paths) < max(scan.points, 1):
                name = (
                    f"{prefix}{form[1]}{str(number + len(reference.paths)).zfill(int(form[2] or 1))}{form[3]}{suffix}"
                )
                path = self._roots.inside(place, name)
                if path is None:
                    break
                reference.paths.append(path)
            if reference.paths:
                break
        return reference

    def _lima(self, scan: Scan, detector: str, stated: str) -> Reference:
        """Put the numbers of the detector's column in the place of the last number of the name."""
        reference = Reference(detector, stated)
        names = (f"{detector}inr", f"{detector}_n", *_NUMBER_COLUMNS)
        numbers = next((scan.columns[name] for name in names if name in scan.columns), None)
        folder, name = os.path.split(stated.replace("\\", "/"))
        stem, dot, ending = name.partition(".")
        match = _LAST_NUMBER.search(stem)
        if match is None or numbers is None:
            path = self._roots.find(stated)
            reference.paths = [path] if path else []
            return reference
        width = match.end() - match.start()
        wanted = [
            f"{stem[: match.start()]}{int(value):0{width}d}{stem[match.end() :]}{dot}{ending}" if value >= 0 else None
            for value in np.nan_to_num(_loaded(numbers), nan=-1.0)
        ]
        best: list[str | None] = []
        for place in self._roots.folders(folder):
            paths = [self._roots.inside(place, own) if own else None for own in wanted]
            if len(paths) - paths.count(None) > len(best) - best.count(None):
                best = paths
            if None not in paths:
                break
        reference.paths = best
        return reference

    def _ccd(self, scan: Scan, stated: str) -> Reference:
        """Take from the folder the files of this scan, whose names end in the numbers of scan, point and image."""
        reference = Reference("ccd", stated)
        folder = stated if not os.path.splitext(stated)[1] else os.path.dirname(stated)
        for place in self._roots.folders(folder):
            points: dict[int, str] = {}
            for name in sorted(os.listdir(place)):
                numbers = _THREE_NUMBERS.search(name)
                if numbers is None or int(numbers[1]) != scan.number or not name.endswith(_ENDINGS):
                    continue
                path = self._roots.inside(place, name)
                if path is not None:
                    points.setdefault(int(numbers[2]), path)
            if points:
                first = 0 if 0 in points or max(points) < scan.points else 1
                reference.paths = [points.get(point + first) for point in range(scan.points or max(points) + 1 - first)]
                break
        return reference

    def _zap(self, scan: Scan, zap: dict[str, str]) -> Iterator[Reference]:
        """Find the files of all labels: those of one image for a line, of all lines for an image."""
        number, image = int(zap["ZAP SCAN NUMBER"]), zap.get("ZAP IMAGE NUMBER", "")
        regex = re.compile(rf"{re.escape(zap['RADIX'])}_(.+?)_0*{number}_(\d+)(?:_0*(\d+))?\.edf(?:\.gz|\.bz2|\.lz4)?")
        only = int(image) if image.isdecimal() and not scan.command.startswith("zapimage") else None
        found: dict[str, dict[int, str]] = {}
        for place in self._roots.folders(zap.get("DIRECTORY", "")):
            for name in sorted(os.listdir(place)):
                match = regex.fullmatch(name)
                if match is None or (only is not None and match[3] is not None and int(match[3]) != only):
                    continue
                path = self._roots.inside(place, name)
                if path is not None:
                    found.setdefault(match[1], {}).setdefault(int(match[3] or 0), path)
            if found:
                break
        if not found:
            yield Reference(zap["RADIX"], f"{zap.get('DIRECTORY', '')}/{zap['RADIX']}_*_{number:04d}_*.edf")
        groups: dict[str, list[str | None]] = {}
        for label, lines in found.items():
            # the files of all spectra make one map
            own = groups.setdefault("" if label.startswith("xia") or label == "mca" else label, [])
            own += [lines[line] for line in sorted(lines)]
        for label, paths in groups.items():
            yield Reference(label, paths[0] or "", paths, as_series=True)

    # what becomes of them

    def _add(self, scan: Scan, reference: Reference, images: Images) -> None:
        for name, fields in images.detectors.items():
            several = len(images.detectors) > 1 and name
            called = f"{reference.detector}_{name}" if several and reference.detector else reference.detector or name
            own = free_name(called, scan.detectors)
            data = fields.get("data")
            if data is None:
                continue
            frames = data.value.shape[0]  # type: ignore[union-attr]
            if data.dims[:1] == ("point",) and frames != scan.points:
                self._tell(
                    scan,
                    f"{frames} image{'s' * (frames != 1)} of '{own}'",
                    f"one for each of the {scan.points} points expected",
                    "they are written as they are, without the points",
                    severity="warning",
                )
                for item in fields.values():
                    item.dims = tuple("frame" if dim == "point" else dim for dim in item.dims)
            scan.detectors[own] = fields
            axes = list(scan.axes.values())
            first = axes[0] if axes and data.dims[:1] == ("point",) else None
            plot = Plot(data, (first, *(None for _ in data.dims[1:])))
            scan.plots[free_name(own if scan.plots else "data", scan.plots)] = plot
        for note, item in images.headers.items():
            own = free_name(f"{reference.detector or 'images'}_{note}", scan.notes)
            scan.notes[own] = Field(own, item.value, item.dims)

    def sources(self) -> list[SourceFile]:
        """Name the image files that were read, each once and without SHA-256."""
        return list({source.path: source for images in self._open for source in images.sources()}.values())

    def close(self) -> None:
        """Release the image files."""
        for images in self._open:
            images.close()


def _loaded(item: Field) -> Array:
    from nxconvert.arrays import load

    return np.asarray(load(item.value), np.float64)  # type: ignore[arg-type]
