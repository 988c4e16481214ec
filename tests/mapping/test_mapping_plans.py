"""Plans are kept from scan to scan: a tree must be what it would be if every scan were the first."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scans import angle_scan, energy_scan, fields, mesh_scan, spectrum_scan

from nxconvert.errors import Place
from nxconvert.mapping import engine
from nxconvert.mapping.engine import load
from nxconvert.scan import Field, Plot, Scan
from nxconvert.tree import Dataset, Link, Slot


def test_scans_of_one_kind_share_the_skeleton_and_differ_in_all_their_values() -> None:
    mapping = load(["spec", "scan"], time_zone="UTC")
    first, second = angle_scan(1), angle_scan(2)
    second.title = second.command = "another"
    second.start_time = datetime(2025, 1, 1, tzinfo=timezone.utc)
    for field in (*second.columns.values(), *second.positioners.values()):
        field.value = np.asarray(field.value)[()] + 1
    second.monitor["preset"].value = 7.0
    second.metadata["comments"].value = ["three", "four"]
    second.notes["scan_header"].value = "#S 2"
    one, two = mapping.tree(first)[0], mapping.tree(second)[0]
    assert one.entry is two.entry
    assert two.dump() == load(["spec", "scan"], time_zone="UTC").tree(second)[0].dump()
    same = [line for line in one.dump().splitlines() if line in two.dump().splitlines() and " = " in line]
    assert all(word in "".join(same) for word in ("@signal", "definition", "status"))
    assert not any("[5, 7, 6]" in line or "ascan" in line for line in same)


@pytest.mark.parametrize(
    "change",
    [
        lambda scan: scan.columns.update(extra=Field("extra", np.zeros(3), ("point",))),
        lambda scan: setattr(scan.columns["det"], "value", np.array([5.0, 7.0, 6.0])),
        lambda scan: setattr(scan.columns["det"], "value", np.array([5.5, 7.0, 6.0])),
        lambda scan: setattr(scan.columns["det"], "value", np.array([5, 7, 6, 8])),
        lambda scan: setattr(scan.columns["det"], "dims", ("frame",)),
        lambda scan: setattr(scan.columns["det"], "units", "counts"),
        lambda scan: setattr(scan.columns["det"], "long_name", "the detector"),
        lambda scan: setattr(scan.positioners["th"], "value", "ERR"),
        lambda scan: setattr(scan, "title", ""),
        lambda scan: setattr(scan, "status", None),
        lambda scan: setattr(scan, "end_time", None),
        lambda scan: setattr(scan, "axes", {}),
        lambda scan: setattr(scan, "axes", {"th": scan.columns["Epoch"]}),
        lambda scan: setattr(scan, "axes", {"phi": scan.columns["th"]}),
        lambda scan: setattr(scan, "plots", {}),
        lambda scan: setattr(scan, "plots", {"data": Plot(scan.columns["mon"], (scan.columns["th"],))}),
        lambda scan: setattr(scan, "plots", {"data": Plot(scan.columns["det"], (None,))}),
        lambda scan: setattr(scan, "plots", {"other": Plot(scan.columns["det"], (scan.columns["th"],))}),
        lambda scan: scan.monitor.update(data=scan.columns["mon"]),
        lambda scan: scan.monitor.update(data=scan.columns["det"]),
        lambda scan: scan.monitor.update(mode=Field("mode", "clock")),
        lambda scan: scan.metadata["comments"].value.append("three"),
        lambda scan: scan.detectors.update(mca_0=fields(("channel",), data=np.arange(3))),
    ],
)
def test_a_scan_of_another_kind_gets_a_plan_of_its_own(change: Any) -> None:
    mapping = load(["spec", "scan", "xas"], settings={"source_name": "ESRF"}, time_zone="UTC")
    changed = angle_scan()
    change(changed)
    for scan in (angle_scan(), changed, angle_scan(), changed):
        fresh = load(["spec", "scan", "xas"], settings={"source_name": "ESRF"}, time_zone="UTC")
        assert mapping.tree(scan)[0].dump() == fresh.tree(scan)[0].dump()
        assert mapping.tree(scan)[1] == fresh.tree(scan)[1]


NAMES = st.sampled_from(["th", "th ", "Two Theta", "det", "I0", "2x", "a/b", "x_set", "energy", "data", "µ", "point"])
ARRAYS = st.sampled_from(
    [np.arange(3), np.arange(3.0), np.array([1.5, np.nan, 2.0]), np.arange(3, dtype=np.uint64), np.arange(3.0) + 5]
)


@st.composite
def scans(draw: st.DrawFn) -> Scan:
    """Give scans that are alike often enough for plans to be found again, and different in every way."""
    names = draw(st.lists(NAMES, max_size=5, unique=True))
    scan = Scan(draw(st.integers(1, 9)), draw(st.integers(1, 2)), 0, Place("x.spec", 1))
    scan.title = draw(st.sampled_from(["", "ascan th"]))
    scan.start_time = draw(st.sampled_from([None, datetime(2024, 1, 2, tzinfo=timezone.utc)]))
    scan.end_time = scan.start_time
    scan.columns = {
        name: Field(name, draw(ARRAYS).copy(), ("point",), draw(st.sampled_from([None, "deg"]))) for name in names
    }
    columns = list(scan.columns.values())
    if columns:
        axis, signal = draw(st.sampled_from([*columns, None])), draw(st.sampled_from(columns))
        scan.axes = {} if axis is None else {axis.name: axis}
        scan.plots = {"data": Plot(signal, (axis,), tuple(draw(st.lists(st.sampled_from(columns), max_size=2))))}
        if draw(st.booleans()):
            scan.monitor = {"data": draw(st.sampled_from(columns))}
    scan.positioners = {
        name: Field(name, draw(st.sampled_from([np.float64(1.0), np.float64(2.0), "ERR"])))
        for name in draw(st.lists(NAMES, max_size=3, unique=True))
    }
    scan.metadata = {
        name: Field(name, draw(st.sampled_from([1, "text", ["a"], ["a", "b"], 2.5])))
        for name in draw(st.lists(NAMES, max_size=3, unique=True))
    }
    return scan


MAPPINGS = (["spec", "scan"], ["esrf"])
KEPT = [load(names) for names in MAPPINGS]


@given(scans())
def test_a_tree_does_not_depend_on_the_scans_before_it(scan: Scan) -> None:
    for names, kept in zip(MAPPINGS, KEPT, strict=True):
        fresh = load(names).tree(scan)
        tree, problems = kept.tree(scan)
        assert (tree.dump(), problems) == (fresh[0].dump(), fresh[1])


@given(scans())
def test_every_value_of_a_scan_is_in_its_tree_once_and_unchanged(scan: Scan) -> None:
    tree, _ = KEPT[0].tree(scan)
    nodes = dict(tree.walk())
    written: dict[int, str] = {}
    for path, node in nodes.items():
        if isinstance(node, Dataset) and isinstance(node.value, Slot):
            value = tree.value(node.value)
            if isinstance(value, np.ndarray):
                assert id(value) not in written, f"{path} and {written[id(value)]} hold the same array"
                written[id(value)] = path
    for namespace, group in (
        ("columns", "measurement"),
        ("positioners", "instrument/positioners"),
        ("metadata", "metadata"),
    ):
        for name, field in getattr(scan, namespace).items():
            found = []
            for path, node in nodes.items():
                target = nodes[node.target] if isinstance(node, Link) else node
                if path.startswith(f"{group}/") and isinstance(target, Dataset):
                    own = target.attributes.get("long_name", path.rpartition("/")[2])
                    if own == name:
                        found.append(tree.value(target.value))
            assert any(value is field.value for value in found), (namespace, name)
    for path, node in nodes.items():
        if isinstance(node, Link):
            target = nodes[node.target]
            assert isinstance(target, Dataset), path
            assert target.linked


def test_plans_do_not_pile_up_and_hold_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_PLANS", 3)
    mapping = load(["spec"], time_zone="UTC")
    for points in range(1, 20):
        columns = fields(("point",), a=np.arange(points))
        mapping.tree(angle_scan(columns=columns, axes={}, plots={}))
    assert sum(len(plans) for plans in mapping._plans.values()) == 3
    monkeypatch.setattr(engine, "MAX_FIELDS", 1)
    for scan in (angle_scan(), energy_scan(), mesh_scan(), spectrum_scan(2)):
        mapping.tree(scan)
    assert sum(len(plans) for plans in mapping._plans.values()) == 1


def test_a_hundred_thousand_motors_are_bounded_in_time() -> None:
    scan = angle_scan(positioners={f"motor {n}": Field(f"motor {n}", np.float64(n)) for n in range(100_000)})
    start = time.process_time()
    tree, _ = load(["spec"]).tree(scan)
    assert time.process_time() - start < 20
    assert sum(path.startswith("instrument/positioners/") for path, _ in tree.walk()) == 100_000
