"""A tomography folder as one scan: projections, flats and darks in the order of the measurement, with their angles.

Raw integer frames are the detector's data. References that were averaged, summed or are floating-point numbers are
plots of their own: ``flat_median``, ``dark_mean``, ``dark_sum`` (with ``frames_summed``, never divided), and so are
those of another shape or type than the projections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Place, Problem, ReadError
from nxconvert.images import missing_value
from nxconvert.readers.edf.build import fingerprint
from nxconvert.readers.edf.describe import describe as describe_frames
from nxconvert.readers.edf.file import EdfFrame, FrameStack
from nxconvert.readers.edf.files import Files, tell_missing
from nxconvert.readers.edf.patterns import refuse_missing
from nxconvert.readers.edf.times import parse_date
from nxconvert.readers.edf.tomofolder import TomoFolder, describe
from nxconvert.scan import Field, Plot, Scan

PROJECTION, FLAT, DARK, INVALID, RETURN = 0, 1, 2, 3, -1
#: motors that turn the sample, by lower-case name
_ROTATIONS = ("srot", "somega")
#: machine currents in mA, by lower-case name
_CURRENTS = ("srcur", "srcurrent")
#: what moves the sample, in mm: the axes of NeXus by those of the ESRF, whose x is along the beam
_TRANSLATIONS = {"x_translation": "sy", "y_translation": "sz", "z_translation": "sx"}
#: flats of one place that are told apart
_MANY = 1 << 20


@dataclass(slots=True)
class Shot:
    """One frame of the stack: what it is, and the number of the projection that it is or that follows it."""

    frame: EdfFrame | None
    key: int
    number: int


class Tomography:
    """The making of one scan out of a folder; ReadError where projections are missing and that is not allowed."""

    def __init__(self, scan: Scan, folder: TomoFolder, files: Files, allow_missing: bool) -> None:
        self.scan = scan
        self.folder = folder
        self.files = files
        self.allow_missing = allow_missing
        self.description = describe(folder, scan.problems)
        self.count = self._count()

    def make(self) -> None:
        """Fill the scan."""
        scan, folder = self.scan, self.folder
        shots = self._shots()
        first = next((shot.frame for shot in shots if shot.frame is not None and shot.key == PROJECTION), None)
        if first is None:
            raise ReadError(
                *scan.problems,
                Problem(Place(folder.path), "no projection can be read", "EDF files expected", "", "lost"),
            )
        fitting = [shot for shot in shots if shot.frame is None or shot.frame.kind[:3] == first.kind[:3]]
        frames = [shot.frame for shot in fitting]
        describe_frames(scan, frames)
        scan.title = self.description.values.get("prefix", "") or folder.name
        scan.sha256 = fingerprint([frame for frame in frames if frame is not None])
        data = FrameStack(frames, None, missing_value(first.dtype) if None in frames else None)
        detector = scan.detectors.setdefault("detector", {})
        detector["data"] = Field("data", data, ("point", "y", "x"))
        self._add_sample(fitting)
        self._add_keys(detector, fitting)
        self._add_description(detector, len(frames))
        rotation = scan.sample["rotation_angle"]
        scan.plots = {"data": Plot(detector["data"], (None, None, None), (rotation, detector["image_key"]))}
        self._add_references()
        self._add_others([shot for shot in shots if shot.frame is not None and shot.frame.kind[:3] != first.kind[:3]])

    def _tell(self, found: str, expected: str, hint: str = "", severity: str = "warning") -> None:
        self.scan.problems.append(Problem(Place(self.folder.path), found, expected, hint, severity))

    # --- the frames

    def _count(self) -> int:
        """Give the number of projections of the scan, without those on the way back."""
        stated = self.description.count("tomo_n")
        if stated:
            return stated
        self._tell(
            "the number of projections is not told",
            "TOMO_N in .info or tomo_N in .xml expected",
            f"all {len(self.folder.projections)} images are taken for projections",
        )
        return self.folder.projections[-1][0] + 1

    def _read(self, path: str) -> list[EdfFrame]:
        return self.files.frames(path, self.scan.problems)

    def _shots(self) -> list[Shot]:
        """Bring all raw frames into the order of the measurement: flats before the projection that they belong to."""
        folder = self.folder
        numbers = {number for number, _ in folder.projections}
        last = max(numbers)
        missing = [number for number in range(min(last, self.count)) if number not in numbers]
        names = [f"projection {number}" for number in missing]
        if missing and not self.allow_missing:
            raise refuse_missing(folder.path, names)
        if missing:
            self.scan.problems.append(tell_missing(folder.path, names))
        if last + 1 < self.count:
            self.scan.status = "aborted"
            self._tell(f"the last projection is number {last}", f"{self.count} projections expected")
        placed: list[tuple[int, int, int, Shot]] = [(number, 1, 0, Shot(None, INVALID, number)) for number in missing]
        for number, path in folder.projections:
            key = PROJECTION if number < self.count else RETURN
            for at, frame in enumerate(self._read(path) or [None]):
                placed.append((number, 1, at, Shot(frame, INVALID if frame is None else key, number)))
        for number, repetition, path in folder.flats:
            for at, frame in enumerate(self._read(path)):
                placed.append((number, 0, repetition * _MANY + at, Shot(frame, FLAT, number)))
        for number, path in folder.darks:
            placed += [(-1, 0, number * _MANY + at, Shot(frame, DARK, 0)) for at, frame in enumerate(self._read(path))]
        for number, path in folder.dark_sums:
            if self._summed(path) == 1:
                end = max(last + 1, self.count)
                placed += [
                    (end, 2, number * _MANY + at, Shot(frame, DARK, end)) for at, frame in enumerate(self._read(path))
                ]
        return [shot for *_, shot in sorted(placed, key=lambda item: item[:3])]

    def _summed(self, path: str) -> int:
        """Give how many images are summed in the frame of a dark file, 0 where that is not told."""
        stated = self.description.count("dark_n") or 0
        frames = len(self._read(path))
        return 1 if frames > 1 else stated

    # --- what belongs to them

    def _add_keys(self, detector: dict[str, Field], shots: Sequence[Shot]) -> None:
        control = np.array([shot.key for shot in shots], np.int64)
        detector["image_key_control"] = Field("image_key_control", control, ("point",))
        detector["image_key"] = Field("image_key", np.where(control == RETURN, PROJECTION, control), ("point",))
        numbers = np.array([shot.number for shot in shots], np.int64)
        self.scan.columns["projection_number"] = Field("projection_number", numbers, ("point",))
        if any(shot.frame is None for shot in shots):
            mask = np.array([shot.frame is None for shot in shots], np.uint8)
            detector["frame_missing"] = Field("frame_missing", mask, ("point",))

    def _add_sample(self, shots: Sequence[Shot]) -> None:
        """Add the angle and the translations of every frame, and the name of the sample."""
        scan, sample = self.scan, self.scan.sample
        name = self.description.values.get("prefix", "") or self.folder.name
        sample.setdefault("name", Field("name", name))
        angles = self._angles(shots)
        sample["rotation_angle"] = Field("rotation_angle", angles, ("point",), "degree")
        for own, motor in _TRANSLATIONS.items():
            values = self._stated((motor,), len(shots))
            if values is not None:
                sample[own] = Field(own, values, ("point",), "mm")
        current = self._stated(_CURRENTS, len(shots))
        if current is not None:
            scan.monitor["data"] = Field("data", current, ("point",), "mA")

    def _stated(self, names: Sequence[str], length: int) -> Array | None:
        """Give what the headers say of a motor or counter for every frame, None where they say nothing."""
        for space in (self.scan.columns, self.scan.positioners, self.scan.metadata):
            for name, field in space.items():
                if name.lower() not in names:
                    continue
                value = np.asarray(field.value)
                if value.dtype.kind in "iuf" and value.shape in ((), (length,)):
                    return np.broadcast_to(value.astype(np.float64), (length,)).copy()
        return None

    def _angles(self, shots: Sequence[Shot]) -> Array:
        """Give the angle of every frame: of the motor where it moved, else by number from the range of the scan."""
        own = self._stated(_ROTATIONS, len(shots))
        is_projection = np.array([shot.key == PROJECTION for shot in shots])
        if own is not None and len(np.unique(own[is_projection])) > max(1, is_projection.sum() // 2):
            return own
        scan_range = self.description.number("scanrange")
        if scan_range is None:
            self._tell(
                "the range of the scan is not told",
                "ScanRange in .info or scanRange in .xml expected",
                "write 'ScanRange= 180' into a file that ends in .info",
            )
            return np.full(len(shots), np.nan)
        step = scan_range / self.count
        angles = np.array([min(shot.number, self.count) * step for shot in shots])
        back = [at for at, shot in enumerate(shots) if shot.key == RETURN]
        turned = _way_back(scan_range, len(back)) or []
        if back and not turned:
            self._tell(
                f"{len(back)} images after the last projection",
                "their angles expected in the headers, or one each 90 degrees back to the start",
                "their angle is not a number, and image_key calls them invalid",
            )
            for at in back:
                shots[at].key = INVALID
        for place, at in enumerate(back):
            angles[at] = turned[place] if turned else np.nan
        if turned:
            listed = ", ".join(f"{angle:g}" for angle in turned)
            self._tell(
                f"{len(back)} images after the last projection",
                "their angles are not told",
                f"taken for those of the way back in steps of 90 degrees: {listed}",
                "note",
            )
        return angles

    def _add_description(self, detector: dict[str, Field], length: int) -> None:
        """Add what ``.info`` and ``.xml`` say: geometry in its units, the rest as metadata, both word for word."""
        scan, description = self.scan, self.description
        for key, name, units in (("distance", "distance", "mm"), ("pixelsize", "x_pixel_size", "um")):
            value = description.number(key)
            if value is not None:
                detector[name] = Field(name, value, units=units)
        if "x_pixel_size" in detector:
            detector.setdefault("y_pixel_size", Field("y_pixel_size", detector["x_pixel_size"].value, units="um"))
        time = description.number("count_time")
        if time is not None and "count_time" not in scan.columns:
            detector["count_time"] = Field("count_time", np.full(length, time), ("point",), "s")
        if scan.start_time is None:
            scan.start_time = parse_date(description.values.get("date", ""))
        energy = description.number("energy")
        if energy is not None:
            scan.instrument["energy"] = Field("energy", energy, units="keV")
        for key, text in description.values.items():
            scan.metadata.setdefault(f"tomo.{key}", Field(f"tomo.{key}", text))
        for ending, text in description.texts.items():
            scan.notes[f"scan_{ending}"] = Field(f"scan_{ending}", text)

    # --- references of their own

    def _add_references(self) -> None:
        folder = self.folder
        self._add_plot("flat_median", folder.medians)
        self._add_plot("dark_mean", folder.dark_means)
        summed = [(number, path) for number, path in folder.dark_sums if self._summed(path) != 1]
        count = self._summed(summed[0][1]) if summed else 0
        extra = Field("frames_summed", np.array([count], np.int64), ("sum",)) if count else None
        self._add_plot("dark_sum", summed, extra)
        if summed and not count:
            self._tell("the number of images in the dark is not told", "DARK_N in .info expected")
        for path in [*folder.reconstructions[:1], *folder.others[:1]]:
            rest = folder.reconstructions if path in folder.reconstructions else folder.others
            found = f"{len(rest)} file{'s' * (len(rest) != 1)} of another kind, such as '{path}'"
            self._tell(found, "projections and references expected", "they are left out", "note")

    def _add_plot(self, name: str, items: Sequence[tuple[int, str]], extra: Field | None = None) -> None:
        """Add reduced references, a plot for each shape and type."""
        found = [(number, frame) for number, path in items for frame in self._read(path)]
        self._add_stacks(name, found, extra)

    def _add_others(self, shots: Sequence[Shot]) -> None:
        """Add raw frames that are not of the projections' kind; they cannot be in one stack with them."""
        for key, name in ((FLAT, "flat_raw"), (DARK, "dark_raw"), (PROJECTION, "other"), (RETURN, "other_return")):
            found = [(shot.number, shot.frame) for shot in shots if shot.key == key and shot.frame is not None]
            if found:
                self._tell(
                    f"{len(found)} frames of another shape or type than the projections",
                    "one shape and type expected",
                    f"they are written apart, as '{name}'",
                )
            self._add_stacks(name, found)

    def _add_stacks(self, name: str, items: Sequence[tuple[int, EdfFrame]], extra: Field | None = None) -> None:
        kinds: dict[object, list[tuple[int, EdfFrame]]] = {}
        for number, frame in items:
            kinds.setdefault(frame.kind[:3], []).append((number, frame))
        for at, own in enumerate(kinds.values()):
            stack = FrameStack([frame for _, frame in own])
            dims = ("reference", *(("z", "y", "x")[-len(stack.frame_shape) :]))
            signal = Field("data", stack, dims)
            numbers = Field(
                "projection_number", np.array([number for number, _ in own], np.float64), ("reference",), ""
            )
            axes = (numbers, *(None for _ in stack.frame_shape))
            title = name if not at else f"{name}_{at}"
            self.scan.plots[title] = Plot(signal, axes, () if extra is None else (extra,))


def _way_back(scan_range: float, count: int) -> list[float] | None:
    """Give the angles of the images on the way back: from the end, or 90 degrees before it, to 0."""
    quarters = abs(scan_range) / 90
    if quarters != int(quarters) or not 0 < quarters <= 100 or count not in (quarters, quarters + 1):
        return None
    sign = 90.0 if scan_range > 0 else -90.0
    return [sign * at for at in range(count - 1, -1, -1)]
