"""Images that SPEC scans refer to: found where they are now, and the frames of the right points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import fabio.cbfimage
import fabio.tifimage
import numpy as np
import pytest
import seriesgen
from seriesgen import frame

from nxconvert.arrays import load
from nxconvert.errors import RequestError
from nxconvert.readers.spec import READER
from nxconvert.scan import Scan

HEAD = "#F /data/id01/inhouse/align.spec\n#E 1455180900\n#D Thu Feb 11 09:55:00 2016\n\n"

Read = Callable[..., Scan]


def spec(lines: str, numbers: list[int] | None = None, points: int = 4, column: str = "mpx4inr") -> str:
    """Give a file of one scan with header lines, and a column of image numbers."""
    rows = "".join(f"{0.5 * at:g} {1 if numbers is None else numbers[at]} {100 + at}\n" for at in range(points))
    return f"{HEAD}#S 7 ascan th 0 1.5 {points - 1} 1\n#D Thu Feb 11 09:55:20 2016\n{lines}#N 3\n#L th  {column}  det\n{rows}"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a SPEC file and read its scan with the images in the folder ``images``."""

    def inner(text: str, *folders: str) -> Scan:
        path = tmp_path / "align.spec"
        path.write_text(text)
        roots = [str(tmp_path / folder) for folder in folders or ("images",)]
        with READER.open(str(path), images=roots) as file:
            (scan,) = list(file)
            for fields in scan.detectors.values():
                fields["data"].value = load(fields["data"].value)  # type: ignore[arg-type]
            scan.metadata["sources"] = [source.path for source in file.sources()]  # type: ignore[assignment]
        return scan

    (tmp_path / "images").mkdir()
    return inner


def told(scan: Scan, tmp_path: Path) -> list[str]:
    return [str(problem).replace(str(tmp_path), "DIR") for problem in scan.problems]


def test_lima_images_by_the_numbers_of_their_column(read: Read, tmp_path: Path) -> None:
    folder = tmp_path / "images" / "mpx"
    folder.mkdir()
    seriesgen.series(folder, [f"align_{n:05d}.edf" for n in range(12)])
    scan = read(spec("#ULIMA_mpx4 /data/id01/inhouse/old/mpx/align_00003.edf.gz\n", [3, 5, 4, 9]))
    assert list(scan.detectors) == ["mpx4"]
    data = scan.detectors["mpx4"]["data"]
    assert data.dims == ("point", "y", "x")
    assert data.value.dtype == np.dtype("<u2")
    np.testing.assert_array_equal(data.value, [frame(n) for n in (3, 5, 4, 9)])
    assert scan.plots["mpx4"].signal is data
    assert scan.plots["mpx4"].axes[0] is scan.columns["th"]
    assert next(iter(scan.plots)) == "data"
    assert scan.problems == []
    assert scan.metadata["sources"][1:] == [str(folder / f"align_{n:05d}.edf") for n in (3, 5, 4, 9)]  # type: ignore[index]


def test_without_images_nothing_is_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.spec"
    path.write_text(spec("#ULIMA_mpx4 /data/align_00003.edf\n", [3, 5, 4, 9]))
    with READER.open(str(path)) as file:
        (scan,) = list(file)
    assert scan.detectors == {}
    assert scan.problems == []


def test_an_image_that_is_missing_is_masked_and_told(read: Read, tmp_path: Path) -> None:
    seriesgen.series(tmp_path / "images", [f"align_{n:05d}.edf" for n in range(4)])
    scan = read(spec("#ULIMA_mpx4 /data/mpx/align_00000.edf\n", [0, 1, 77, 3]))
    fields = scan.detectors["mpx4"]
    np.testing.assert_array_equal(fields["frame_missing"].value, [0, 0, 1, 0])
    np.testing.assert_array_equal(fields["data"].value, [frame(0), frame(1), np.full((3, 4), 65535), frame(3)])
    assert told(scan, tmp_path) == [
        "DIR/align.spec:5: scan 7.1: 1 image of 'mpx4' not found: point 2, one for each point expected\n"
        "  hint: frame_missing marks them, and a fill value stands in their places"
    ]


def test_no_image_at_all_is_told(read: Read, tmp_path: Path) -> None:
    scan = read(spec("#ULIMA_mpx4 /data/mpx/align_00000.edf\n"))
    assert scan.detectors == {}
    assert told(scan, tmp_path) == [
        "DIR/align.spec:5: scan 7.1: no image of '/data/mpx/align_00000.edf' is found, files of that name below the "
        "folders of --images expected\n  hint: name the folder that holds the last folders of this path"
    ]
    assert scan.problems[0].severity == "lost"


@pytest.mark.parametrize(
    "path", ["../secret/align_00000.edf", "/x/../../secret/align_00000.edf", "link/align_00000.edf"]
)
def test_no_path_leads_out_of_the_folders(read: Read, tmp_path: Path, path: str) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    seriesgen.series(secret, ["align_00000.edf"])
    (tmp_path / "images" / "link").symlink_to(secret)
    (tmp_path / "images" / "align_00001.edf").symlink_to(secret / "align_00000.edf")
    scan = read(spec(f"#ULIMA_mpx4 {path}\n", [0, 0, 0, 1]))
    assert scan.detectors == {}
    assert len(scan.problems) == 1


def test_the_longest_end_of_a_path_that_exists_is_taken(read: Read, tmp_path: Path) -> None:
    for at, name in enumerate(("b", "a/b")):
        (tmp_path / "images" / name).mkdir(parents=True)
        seriesgen.write(tmp_path / "images" / name / "i_0000.edf", frame(at))
    scan = read(spec("#ULIMA_d /data/a/b/i_0000.edf\n", [0], points=1, column="dinr"))
    np.testing.assert_array_equal(scan.detectors["d"]["data"].value, [frame(1)])


def test_fast_scans_have_many_frames_in_each_file(read: Read, tmp_path: Path) -> None:
    for number, frames in ((12, (0, 1)), (13, (2, 3)), (14, (4, 5))):
        seriesgen.write(tmp_path / "images" / f"kmap_{number:05d}.edf", *map(frame, frames))
    line = "#C imageFile dir[/data/id01/images] prefix[kmap] idxFmt[_%05d] nextNr[12] suffix[.edf.gz]\n"
    scan = read(spec(line, points=6))
    data = scan.detectors["images"]["data"]
    assert data.dims == ("point", "y", "x")
    np.testing.assert_array_equal(data.value, [frame(n) for n in range(6)])
    assert scan.problems == []


def test_frames_that_do_not_fit_the_points_are_kept_apart_from_them(read: Read, tmp_path: Path) -> None:
    seriesgen.write(tmp_path / "images" / "kmap12.edf", frame(0), frame(1), frame(2))
    scan = read(spec("#C imageFile dir[/d] prefix[kmap] nextNr[12] suffix[.edf]\n", points=2))
    data = scan.detectors["images"]["data"]
    assert data.dims == ("frame", "y", "x")
    assert data.value.shape == (3, 3, 4)
    assert told(scan, tmp_path) == [
        "DIR/align.spec:5: scan 7.1: 3 images of 'images', one for each of the 2 points expected\n"
        "  hint: they are written as they are, without the points"
    ]


def test_names_with_scan_and_point_in_the_folder_of_the_ccd(read: Read, tmp_path: Path) -> None:
    folder = tmp_path / "images" / "ma570"
    folder.mkdir()
    for point in range(4):
        for scan in (6, 7):
            seriesgen.write(
                folder / f"B2_6_{scan:03d}_{point:03d}_{900 + 10 * scan + point}.edf", frame(10 * scan + point)
            )
    scan = read(spec("#UCCD /data/visitor/ma570/B2_6_007_000_970.edf\n"))
    np.testing.assert_array_equal(scan.detectors["ccd"]["data"].value, [frame(70 + n) for n in range(4)])
    assert scan.problems == []


def test_zap_scans_find_every_label(read: Read, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    spectra = rng.integers(0, 1000, (4, 8)).astype("<u4")
    for line in (0, 1):
        seriesgen.write(tmp_path / "images" / f"map_xia00_0012_0000_{line:04d}.edf", spectra + line)
    seriesgen.write(tmp_path / "images" / "map_xia00_0013_0000_0001.edf", spectra)
    lines = "#C DIRECTORY : \n#C RADIX : map\n#C ZAP SCAN NUMBER : 12\n#C ZAP IMAGE NUMBER : 1\n"
    scan = read(spec(lines))
    data = scan.detectors["xia00"]["data"]
    assert data.dims == ("row", "column", "channel")
    np.testing.assert_array_equal(data.value, [spectra + 1])
    assert scan.problems == []


@pytest.mark.parametrize("kind", ["tif", "cbf"])
def test_other_formats_are_read_by_fabio(read: Read, tmp_path: Path, kind: str) -> None:
    module = {"tif": fabio.tifimage.TifImage, "cbf": fabio.cbfimage.CbfImage}[kind]
    images = [frame(n, (5, 6), "<i4") for n in range(4)]
    for number, image in enumerate(images):
        if number != 2:
            module(data=image).write(str(tmp_path / "images" / f"p_{number:04d}.{kind}"))
    scan = read(spec(f"#ULIMA_pilatus /d/p_0000.{kind}\n", [0, 1, 2, 3], column="pilatusinr"))
    fields = scan.detectors["pilatus"]
    np.testing.assert_array_equal(fields["frame_missing"].value, [0, 0, 1, 0])
    np.testing.assert_array_equal(fields["data"].value[[0, 1, 3]], [images[0], images[1], images[3]])
    assert fields["data"].value.dtype == np.dtype("<i4")
    assert len(scan.metadata["sources"]) == 4  # type: ignore[arg-type]


def test_what_is_no_image_is_told(read: Read, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / "images" / f"p_{number:04d}.tif").write_bytes(b"no image at all")
    scan = read(spec("#ULIMA_pilatus /d/p_0000.tif\n", [0, 1, 2, 3]))
    assert scan.detectors == {}
    (problem,) = scan.problems
    assert problem.place.path == str(tmp_path / "images" / "p_0000.tif")
    assert problem.found.startswith("fabio cannot read this image (")


def test_a_folder_of_images_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.spec"
    path.write_text(spec(""))
    with pytest.raises(RequestError) as error:
        READER.open(str(path), images=[str(tmp_path / "nowhere")])
    assert str(error.value) == f"{tmp_path}/nowhere: there is no such folder, a folder of images expected"
