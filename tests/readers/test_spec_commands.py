"""Scan commands: which columns were scanned, and where the points of a mesh lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.readers.spec.commands import Motion, parse_command
from nxconvert.readers.spec.mesh import Grid, find_grid
from nxconvert.scan import Scan

HEADER = "#F a\n#O0 Two Theta  Theta  delta  SX  SY\n#o0 tth th del sx sy\n\n"
POSITIONS = "#P0 1 2 3 4 5\n"


def axes(read: Any, command: str, labels: str, header: str = HEADER) -> list[str]:
    count = len(labels.split("  "))
    row = " ".join(str(at) for at in range(count))
    return list(read(f"{header}#S 1 {command}\n{POSITIONS}#N {count}\n#L {labels}\n{row}\n").scan.axes)


@pytest.mark.parametrize(
    ("command", "labels", "expected"),
    [
        # by name, by mnemonic, in other letters, by position
        ("ascan th 0 1 10 1", "th  H  det", ["th"]),
        ("ascan tth 0 1 10 1", "H  Two Theta  det", ["Two Theta"]),
        ("ascan  del 0 1  10 1", "delta  H  det", ["delta"]),
        ("ascan  tz3 0 1  10 1", "Epoch  TZ3  det", ["TZ3"]),
        ("ascan  other 0 1  10 1", "moved  H  det", ["moved"]),
        ("a2scan sx 0 1 sy 0 2 10 1", "SX  SY  det", ["SX", "SY"]),
        ("a3scan u 0 1 v 0 2 w 0 3 10 1", "a  b  c  det", ["a", "b", "c"]),
        ("a4scan a 0 1 b 0 2 c 0 3 d 0 4 10 1", "a  b  c  d  det", ["a", "b", "c", "d"]),
        ("dscan th -1 1 10 -5000", "Theta  det", ["Theta"]),
        ("d2scan sx -1 1 sy -1 1 10 1", "SX  SY  det", ["SX", "SY"]),
        ("lup th -1 1 10 1", "Theta  det", ["Theta"]),
        ("ascanct th 0 1 10 1", "Pt_No  th  det", ["th"]),
        ("th2th 0 1 10 1", "Two Theta  Theta  H  det", ["Two Theta", "Theta"]),
        ("mesh sx 0 1 2 sy 0 1 3 1", "SX  SY  det", ["SX", "SY"]),
        ("hklscan 1 1 0 0.5 2 2.1 10 1", "H  K  L  det", ["K", "L"]),
        ("hklscan 1 1 0 0 2 2 10 1", "H  K  L  det", ["H"]),
        ("kscan 0 1 10 1", "H  K  L  det", ["K"]),
        ("hklmesh H 0 1 2 L 0 1 3 1", "H  K  L  det", ["H", "L"]),
        ("Escan 7 8 10 1", "Energy  Epoch  det", ["Energy"]),
        ("timescan 1 0", "Time  Epoch  det", ["Time"]),
        ("loopscan 10 1", "Epoch  Seconds  det", ["Epoch"]),
        ("ct 1", "Seconds  det", []),
        ("count", "a  det", []),
        ("uascan ar 17 17.1 17.2 10 30 300 1.2 150 1", "ar  ay  det", ["ar"]),
        ("zapline th 0 1 10 100", "th  det", ["th"]),
        ("dscan x 0 1 1 1", "Pt_No  x  det", ["x"]),
        ("unknown words", "Pt_No  x  det", ["x"]),
        ("tune_mr()", "Epoch_float  Epoch  m  det", ["m"]),
        ("count(detectors=['x'])", "Epoch_float  Epoch  det", []),
        ("unknown words", "Epoch  x  det", ["Epoch"]),
        ("tune_mr()", "Epoch_float  Epoch", ["Epoch"]),
        ("Bluesky.scan(detectors=['x'])", "m1  det", ["m1"]),
        ("", "a  det", ["a"]),
        # commands that say too little
        ("ascan th 0 1", "th  det", ["th"]),
        ("ascan th x y 10 1", "th  det", ["th"]),
        ("ascan", "a  det", ["a"]),
        ("a0scan x", "a  det", ["a"]),
        ("hklscan 1 2", "a  b  det", ["a"]),
        ("hscan x", "a  b  det", ["a"]),
        ("mesh a 0 1", "a  b  det", ["a"]),
        ("a2scan x 0 1 x 0 1 10 1", "x  det", ["x"]),
        ("ascan Pt_No 0 1 1 1", "Pt_No", ["Pt_No"]),
    ],
)
def test_the_scanned_columns_are_found(command: str, labels: str, expected: list[str], read: Any) -> None:
    assert axes(read, command, labels) == expected


def test_the_axis_of_a_plot_is_the_scanned_column_and_its_signal_the_last(read: Any) -> None:
    scan = read(HEADER + "#S 1 a2scan sx 0 1 sy 0 2 1 1\n#L SX  SY  Epoch  det\n0 0 1 2\n1 2 3 4\n").scan
    plot = scan.plots["data"]
    assert (plot.signal, plot.axes, plot.extra) == (scan.columns["det"], (scan.columns["SX"],), (scan.columns["SY"],))
    assert scan.axes["SX"] is scan.columns["SX"]


def test_a_count_is_plotted_against_its_index(read: Any) -> None:
    plot = read("#S 1 ct 1\n#L Seconds  det\n1 2\n").scan.plots["data"]
    assert plot.axes == (None,)


def test_an_epoch_is_no_signal_unless_there_is_nothing_else(read: Any) -> None:
    scan = read("#S 1 tune()\n#L Epoch_float  m  det  Epoch\n0.5 1 2 0\n").scan
    assert (scan.plots["data"].signal, scan.plots["data"].axes) == (scan.columns["det"], (scan.columns["m"],))
    scan = read("#S 1 ascan a 0 1 1 1\n#L a  Epoch\n0 5\n").scan
    assert scan.plots["data"].signal is scan.columns["Epoch"]


def test_a_scan_of_nothing_but_its_motor_has_no_plot(read: Any) -> None:
    assert read("#S 1 ascan th 0 1 1 1\n#L th\n0\n").scan.plots == {}


def test_commands_tell_how_many_points_to_expect() -> None:
    assert parse_command("ascan th 0 1 10 1").points == 11
    assert parse_command("ascan th 0 1 ten 1").points == 0
    assert parse_command("mesh a 0 1 2 b 0 1 3 1").points == 12
    assert parse_command("zapimage a 0 1 2 100 b 0 1 3 0").points == 6
    assert parse_command("hklscan 1 1 0 1 0 0 20 1").points == 21
    assert parse_command("kscan 0 1 20 1").points == 21
    assert parse_command("th2th 0 1 20 1").points == 21
    assert parse_command("ascan th 0 1 1e300 1").points == 0
    assert parse_command("mesh a nan 1 2 b 0 1 -3 1").motions == ()
    assert parse_command("x" * 10_000).motions == ()
    assert parse_command("dscan th -1 1 10 1").motions == (Motion("th", -1, 1, 11),)


@given(st.text(max_size=60))
def test_any_text_is_a_command(text: str) -> None:
    parse_command(text)
    parse_command(f"mesh {text}")
    parse_command(f"a2scan {text}")


# --- meshes

LABELS = "#N 4\n#L SX  SY  Epoch  det\n"


def mesh(read: Any, command: str, points: list[tuple[float, float]], labels: str = LABELS) -> Any:
    rows = "".join(f"{fast:.8g} {slow:.8g} {at} {10 * at + 1}\n" for at, (fast, slow) in enumerate(points))
    return read(f"{HEADER}#S 1 {command}\n{POSITIONS}{labels}{rows}")


def grid_of(scan: Scan, name: str = "det") -> Any:
    values = scan.grid[name].value
    assert isinstance(values, np.ndarray)
    return [[None if np.isnan(value) else int(value) for value in row] for row in values]


RASTER = [(fast, slow) for slow in (10.0, 20.0) for fast in (0.0, 1.0, 2.0)]
SNAKE = RASTER[:3] + RASTER[5:2:-1]
COMMAND = "mesh sx 0 2 2 sy 10 20 1 1"


def test_motor_1_of_a_mesh_varies_fastest(read: Any) -> None:
    result = mesh(read, COMMAND, RASTER)
    scan = result.scan
    assert scan.scan_shape == (2, 3)
    assert grid_of(scan) == [[1, 11, 21], [31, 41, 51]]
    assert scan.grid["SX"].value.tolist() == [0, 1, 2]
    assert scan.grid["SY"].value.tolist() == [10, 20]
    assert {name: field.dims for name, field in scan.grid.items()} == {
        "SY": ("row",),
        "SX": ("column",),
        "Epoch": ("row", "column"),
        "det": ("row", "column"),
    }
    assert scan.grid["det"].value.dtype == np.float64
    assert scan.columns["det"].value.dtype == np.int64
    plot = scan.plots["data"]
    assert (plot.signal, plot.axes) == (scan.grid["det"], (scan.grid["SY"], scan.grid["SX"]))
    assert result.told() == []
    assert scan.status == "complete"


def test_a_snake_comes_out_right(read: Any) -> None:
    scan = mesh(read, COMMAND, SNAKE).scan
    assert grid_of(scan) == [[1, 11, 21], [51, 41, 31]]
    assert scan.problems == []


def test_an_aborted_mesh_has_nan_where_nothing_was_measured(read: Any) -> None:
    scan = mesh(read, COMMAND, RASTER[:4]).scan
    assert grid_of(scan) == [[1, 11, 21], [31, None, None]]
    assert scan.grid["SY"].value.tolist() == [10, 20]
    scan = mesh(read, COMMAND, RASTER[:1]).scan
    assert grid_of(scan) == [[1, None, None], [None, None, None]]
    assert (scan.grid["SX"].value.tolist(), scan.grid["SY"].value.tolist()) == ([0, 1, 2], [10, 20])
    assert scan.status is None


def test_a_mesh_that_was_resumed_has_the_later_of_two_values(read: Any) -> None:
    result = mesh(read, COMMAND, [*RASTER[:3], RASTER[2], *RASTER[3:]])
    assert grid_of(result.scan) == [[1, 11, 31], [41, 51, 61]]
    assert result.scan.points == 7
    assert result.told() == [
        "5: 1 point was measured twice at the same place, one point for each place of the grid expected\n"
        "  hint: the grid has the later value, the columns have both"
    ]


def test_positions_that_jitter_are_placed_and_the_axes_are_medians(read: Any) -> None:
    jitter = [0.01, -0.02, 0.03, 0.4, -0.3, 0.02]
    points = [(fast + shift, slow + 10 * shift) for (fast, slow), shift in zip(RASTER, jitter, strict=True)]
    scan = mesh(read, COMMAND, points).scan
    assert grid_of(scan) == [[1, 11, 21], [31, 41, 51]]
    assert np.allclose(scan.grid["SX"].value, [0.205, 0.84, 2.025])
    assert np.allclose(scan.grid["SY"].value, [10.1, 20.2])


def test_a_mesh_that_goes_down_is_placed_too(read: Any) -> None:
    points = [(fast, slow) for slow in (5.0, -5.0) for fast in (2.0, 1.0, 0.0)]
    scan = mesh(read, "mesh sx 2 0 2 sy 5 -5 1 1", points).scan
    assert grid_of(scan) == [[1, 11, 21], [31, 41, 51]]
    assert scan.grid["SX"].value.tolist() == [2, 1, 0]


@pytest.mark.parametrize("count", [6, 5, 2, 1])
def test_a_relative_mesh_lies_around_where_the_motors_stood(count: int, read: Any) -> None:
    # SX stood at 4, SY at 5
    points = [(fast, slow) for slow in (4.0, 6.0) for fast in (3.5, 4.0, 4.5)]
    scan = mesh(read, "dmesh sx -0.5 0.5 2 sy -1 1 1 1", points[:count]).scan
    values = [1, 11, 21, 31, 41, 51]
    flat = [value if at < count else None for at, value in enumerate(values)]
    assert grid_of(scan) == [flat[:3], flat[3:]]
    assert scan.grid["SX"].value.tolist() == [3.5, 4.0, 4.5]
    assert scan.grid["SY"].value.tolist()[0] == 4


def test_a_relative_mesh_without_known_positions_is_centred_on_what_was_measured(read: Any) -> None:
    rows = [f"{fast} {slow} {at}\n" for at, (fast, slow) in enumerate(RASTER)]
    scan = read(f"#S 1 dmesh a -1 1 2 b -5 5 1 1\n#L a  b  det\n{''.join(rows)}").scan
    assert grid_of(scan) == [[0, 1, 2], [3, 4, 5]]
    scan = read(f"#S 1 dmesh a -1 1 2 b -5 5 1 1\n#L a  b  det\n{''.join(rows[:3])}").scan
    # one row cannot tell where the middle of motor 2 is
    assert grid_of(scan)[0] == [0, 1, 2]
    assert grid_of(scan)[1] == [None] * 3


def test_an_amesh_is_a_mesh(read: Any) -> None:
    assert grid_of(mesh(read, COMMAND.replace("mesh", "amesh"), RASTER).scan) == [[1, 11, 21], [31, 41, 51]]


@pytest.mark.parametrize("command", ["zapimage", "kmap"])
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_the_points_of_zapimage_and_kmap_are_pixels(command: str, where: float, read: Any) -> None:
    # 3 pixels of 2 and 2 pixels of 10; positions at the beginning, the middle, or the end of each
    points = [(2 * (fast + where), 10 * (slow + where)) for slow in range(2) for fast in range(3)]
    scan = mesh(read, f"{command} sx 0 6 3 100 sy 0 20 2 0", points).scan
    assert scan.scan_shape == (2, 3)
    assert grid_of(scan) == [[1, 11, 21], [31, 41, 51]]
    assert np.allclose(scan.grid["SX"].value, [2 * (at + where) for at in range(3)])


def test_an_hklmesh_is_placed_by_hkl(read: Any) -> None:
    rows = "".join(
        f"{h:.6g} {k:.6g} 1.5 {at}\n" for at, (k, h) in enumerate((k, h) for h in (1, 1.1) for k in (0.5, 0.6, 0.7))
    )
    scan = read(f"#S 1 hklmesh K 0.5 0.7 2 H 1 1.1 1 -370000\n#L H  K  L  det\n{rows}").scan
    assert grid_of(scan) == [[0, 1, 2], [3, 4, 5]]
    assert list(scan.axes) == ["K", "H"]
    assert scan.scan_shape == (2, 3)


def test_a_mesh_of_one_row_or_one_column_is_placed(read: Any) -> None:
    assert grid_of(mesh(read, "mesh sx 0 2 2 sy 10 10 0 1", RASTER[:3]).scan) == [[1, 11, 21]]
    assert grid_of(mesh(read, "mesh sx 5 5 0 sy 10 20 1 1", [(5.0, 10.0), (5.0, 20.0)]).scan) == [[1], [11]]


def test_points_more_than_half_a_step_beside_their_place_are_placed_by_their_order(read: Any) -> None:
    # the motor overshoots when it comes back, as in real files
    points = [
        (fast - (0.6 if at == 5 else 0), slow)
        for at, (fast, slow) in enumerate((f, s) for s in (10.0, 20.0) for f in range(5))
    ]
    result = mesh(read, "mesh sx 0 4 4 sy 10 20 1 1", points)
    assert grid_of(result.scan) == [[1, 11, 21, 31, 41], [51, 61, 71, 81, 91]]
    assert result.told() == [
        "5: some points of this mesh were measured more than half a step beside their place, "
        "the nearest place expected to be the right one\n"
        "  hint: the points are placed by their order, with which most positions agree"
    ]


def test_a_slow_motor_that_jitters_by_more_than_its_step_is_placed_by_order(read: Any) -> None:
    for points in (RASTER, SNAKE):
        shaken = [(fast, slow + (7 if at % 2 else -7)) for at, (fast, slow) in enumerate(points)]
        scan = mesh(read, COMMAND, shaken).scan
        expected = [31, 41, 51] if points is RASTER else [51, 41, 31]
        assert grid_of(scan) == [[1, 11, 21], expected]


NOT_PLACED = "5: the points of this mesh cannot be placed on its grid, {}\n  hint: the columns are as in the file"


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([(fast + 7, slow) for fast, slow in RASTER], "the motors were more than half a step beside it"),
        ([(float("nan"), slow) for _, slow in RASTER], "the motors were more than half a step beside it"),
        (RASTER[::2] + RASTER[::2], "several points lie in one of its places"),
        (RASTER + RASTER, "several points lie in one of its places"),
    ],
)
def test_points_that_cannot_be_placed_are_told_and_the_columns_kept(
    points: list[tuple[float, float]], reason: str, read: Any
) -> None:
    result = mesh(read, COMMAND, points)
    assert result.scan.grid == {}
    assert result.scan.points == len(points)
    assert result.scan.plots["data"].signal is result.scan.columns["det"]
    assert result.told() == [NOT_PLACED.format(reason)]


def test_a_mesh_that_does_not_move_cannot_be_placed(read: Any) -> None:
    result = mesh(read, "mesh sx 1 1 2 sy 10 20 1 1", [(1.0, 10.0), (1.0, 10.0), (1.0, 10.0)])
    assert result.told() == [NOT_PLACED.format("the motors were more than half a step beside it")]


def test_a_huge_mesh_of_few_points_makes_no_huge_grid(read: Any) -> None:
    result = mesh(read, "mesh sx 0 2 200000 sy 10 20 100000 1", RASTER)
    assert result.told() == [NOT_PLACED.format("only 6 of 20000300001 points were measured")]
    assert result.scan.scan_shape == (100001, 200001)


def test_a_mesh_with_one_column_only_cannot_be_placed(read: Any) -> None:
    result = read(f"{HEADER}#S 1 {COMMAND}\n{POSITIONS}#L SX\n1\n2\n")
    assert result.told() == [NOT_PLACED.format("the columns of its two motors are not known")]


def test_a_mesh_without_points_has_a_shape_and_no_grid(read: Any) -> None:
    result = mesh(read, COMMAND, [])
    assert (result.scan.scan_shape, result.scan.grid, result.told()) == ((2, 3), {}, [])


@st.composite
def measured(draw: st.DrawFn) -> tuple[str, Any, Any, Any]:
    """A mesh as it is measured: forth or back and forth, aborted, with jitter below half a step."""
    n_fast, n_slow = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    start, step = draw(st.floats(-100, 100)), draw(st.sampled_from([-2.5, -0.001, 0.01, 1.0, 30.0]))
    snake, count = draw(st.booleans()), draw(st.integers(1, n_fast * n_slow))
    jitter = draw(st.floats(0, 0.45))
    order = np.arange(count)
    row, column = order // n_fast, order % n_fast
    column = np.where(snake & (row % 2 == 1), n_fast - 1 - column, column)
    shake = np.array(draw(st.lists(st.floats(-1, 1), min_size=count, max_size=count))) * jitter
    fast = start + step * (column + shake)
    slow = 5 + 2.0 * (row + shake[::-1])
    command = (
        f"mesh a {start!r} {start + step * (n_fast - 1)!r} {n_fast - 1} b 5 {5 + 2.0 * (n_slow - 1)} {n_slow - 1} 1"
    )
    return command, fast, slow, row * n_fast + column


@settings(max_examples=300)
@given(measured())
def test_every_point_of_a_mesh_is_placed_where_it_was_measured(mesh: tuple[str, Any, Any, Any]) -> None:
    text, fast, slow, cells = mesh
    command = parse_command(text)
    grid = find_grid(command, fast, slow, (None, None), 3)
    assert isinstance(grid, Grid)
    assert grid.cells.tolist() == cells.tolist()
    assert grid.rows.shape == (grid.shape[0],)
    assert grid.columns.shape == (grid.shape[1],)
    assert np.isfinite(grid.rows).all()
    assert np.isfinite(grid.columns).all()
