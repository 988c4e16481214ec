"""canSAS1D 1.1, checked by the rules of its schema: names, their order, how often, units, kinds of values."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pytest
from exporting import FINITE, MEASURED, bits, constants, losses_of, moved, scan_of, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.errors import WriteError
from nxconvert.exporters.cansas import EXPORTER
from nxconvert.scan import Field, Scan

SPACE = "{urn:cansas1d:1.1}"
#: the children of each element in their order: ? once or not, * any number, + at least one, nothing: once
CONTENTS = {
    "SASroot": "SASentry+",
    "SASentry": "Title Run+ SASdata+ SAStransmission_spectrum* SASsample SASinstrument SASprocess* SASnote+",
    "SASdata": "Idata+",
    "Idata": "Q I Idev? Qdev? dQw? dQl? Qmean? Shadowfactor?",
    "SASsample": "ID thickness? transmission? temperature? position? orientation? details*",
    "SASinstrument": "name SASsource SAScollimation+ SASdetector+",
    "SASsource": "radiation beam_size? beam_shape? wavelength? wavelength_min? wavelength_max? wavelength_spread?",
    "SAScollimation": "length? aperture*",
    "SASdetector": "name SDD? offset? orientation? beam_center? pixel_size? slit_length?",
}
#: numbers: with a unit, or without
MEASURES = {"Q", "I", "Idev", "Qdev", "dQw", "dQl", "Qmean", "thickness", "temperature", "wavelength", "SDD"}
PURE = {"transmission", "Shadowfactor"}
NUMBER = r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?|NaN|-?INF"


def check(element: ET.Element) -> None:
    """Check an element and all below it; every rule that is not kept is an AssertionError."""
    name = element.tag.removeprefix(SPACE)
    assert element.tag == SPACE + name
    if name in CONTENTS:
        assert not (element.text or "").strip()
        words = "".join(f"{child.tag.removeprefix(SPACE)} " for child in element)
        pattern = "".join(
            f"(?:{word.rstrip('?*+')} ){word[len(word.rstrip('?*+')) :]}" for word in CONTENTS[name].split()
        )
        assert re.fullmatch(pattern, words), (name, words)
        assert not (name == "Idata" and "Qdev" in words and "dQ" in words)
    else:
        assert len(element) == 0
    if name in MEASURES:
        assert element.get("unit")
    if name in MEASURES | PURE:
        assert re.fullmatch(NUMBER, element.text or "")
    for child in element:
        check(child)


def parse(text: str) -> ET.Element:
    """Give the entry of a file that keeps every rule."""
    root = ET.fromstring(text.encode())
    assert root.tag == f"{SPACE}SASroot"
    assert root.get("version") == "1.1"
    check(root)
    (entry,) = root
    stamp = entry.find(f"{SPACE}SASdata").get("timestamp")  # type: ignore[union-attr]
    assert stamp is None or datetime.fromisoformat(stamp)
    return entry


def columns_of(entry: ET.Element) -> dict[str, list[float]]:
    names = {
        child.tag.removeprefix(SPACE) for child in entry.iter() if child.tag in {SPACE + n for n in MEASURES | PURE}
    }
    points = list(entry.iter(f"{SPACE}Idata"))
    first = [child.tag for child in points[0]]
    assert names >= {tag.removeprefix(SPACE) for tag in first}
    assert all([child.tag for child in point] == first for point in points)
    return {
        tag.removeprefix(SPACE): [float(point.find(tag).text) for point in points]  # type: ignore[union-attr,arg-type]
        for tag in first
    }


XRAY = {"instrument": constants(source__probe="x-ray")}


@settings(deadline=None)
@given(
    st.lists(st.tuples(MEASURED, FINITE, FINITE, FINITE), min_size=1),
    st.sets(st.sampled_from(["Qdev", "dQw", "dQl", "Qmean", "Shadowfactor"])),
    st.sampled_from(["1/angstrom", "1/nm", "1/um"]),
)
def test_every_number_comes_back_bit_for_bit(rows: list[tuple[float, ...]], more: set[str], units: str) -> None:
    q, y, s, d = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    given = {"Q": q, "I": y, "Idev": s} | dict.fromkeys(more, d)
    scan = scan_of(given, {"Q": units}, "I", **XRAY)
    entry = parse(text_of(EXPORTER, scan))
    found = columns_of(entry)
    power = -4 if units == "1/um" else 0
    assert bits(found["Q"]) == bits(moved(q.tolist(), power))
    assert (bits(found["I"]), bits(found["Idev"])) == (bits(y), bits(s))
    written = {"Qdev"} if "Qdev" in more else more & {"dQw", "dQl"}
    written |= more & {"Qmean", "Shadowfactor"}
    assert set(found) == {"Q", "I", "Idev"} | written
    for name in written:
        assert bits(found[name]) == bits(moved(d.tolist(), power if name != "Shadowfactor" else 0))


@settings(deadline=None)
@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_texts_never_break_a_file(title: str, name: str, comments: list[str]) -> None:
    metadata = {"comments": Field("comments", comments, ("line",))}
    more: dict[str, Any] = {"title": title, "command": name, "sample": constants(name=name), "metadata": metadata}
    parse(text_of(EXPORTER, scan_of({"Q": np.ones(1), "I": np.ones(1)}, {"Q": "1/nm"}, "I", **more, **XRAY)))


def full() -> Scan:
    return scan_of(
        {"q": np.array([0.1, np.nan]), "I": np.array([5, 6]), "I_errors": np.array([0.5, 0.6])},
        {"q": "nm-1", "I": "1/cm"},
        "I",
        title="a < b\x01",
        command="sans 5",
        start_time=datetime(2024, 3, 15, 10, 0, 5, tzinfo=timezone.utc),
        sample=constants(name="B4C", thickness=(1, "mm"), transmission=0.5, temperature=300.0, shape="flat"),
        instrument=constants(name="D33", wavelength=(4.6, "Angstrom"), source__type="Reactor Neutron Source", lens=2),
        detectors={"rear": constants(distance=(2.5, "m"))},
    )


def test_the_file_as_it_is() -> None:
    text = text_of(EXPORTER, full())
    parse(text)
    assert text.partition(' <SASentry name="1.1">\n')[2] == (
        "  <Title>a &lt; b </Title>\n  <Run>1.1</Run>\n"
        '  <SASdata timestamp="2024-03-15T10:00:05+00:00">\n'
        '   <Idata><Q unit="1/nm">0.1</Q><I unit="1/cm">5</I><Idev unit="1/cm">0.5</Idev></Idata>\n'
        "  </SASdata>\n"
        '  <SASsample>\n   <ID>B4C</ID>\n   <thickness unit="mm">1</thickness>\n   <transmission>0.5</transmission>\n'
        "  </SASsample>\n"
        "  <SASinstrument>\n   <name>D33</name>\n   <SASsource>\n    <radiation>neutron</radiation>\n"
        '    <wavelength unit="A">4.6</wavelength>\n   </SASsource>\n   <SAScollimation/>\n'
        '   <SASdetector>\n    <name>rear</name>\n    <SDD unit="m">2.5</SDD>\n   </SASdetector>\n'
        "  </SASinstrument>\n  <SASnote>sans 5</SASnote>\n </SASentry>\n</SASroot>\n"
    )


def test_what_is_said_of_it() -> None:
    assert losses_of(EXPORTER, full()) == [
        "cansas1d has no place for sample: 'shape', 'temperature'",
        "cansas1d has no place for instrument: 'lens'",
        "cansas1d has name and distance of detectors, and no more: 'rear'",
        "XML has no control characters, so blanks stand for them: 'title'",
        "cansas1d has no nan and inf: 1 of 2 points are left out",
    ]
    bare = scan_of({"q": np.ones(2), "I": np.ones(2)}, {"q": "1/um"})
    assert losses_of(EXPORTER, bare, radiation="neutron") == [
        "'q' is converted from 1/um to 1/angstrom",
        "the unit of 'I' is not known, 'a.u.' stands for it",
        "the sample has no name, its ID is empty",
    ]


@pytest.mark.parametrize(
    ("instrument", "given_kind", "expected"),
    [
        (constants(source__probe="neutron"), "", "neutron"),
        (constants(source__type="Synchrotron X-ray Source"), "", "x-ray"),
        (constants(machine__type="Synchrotron"), "", "x-ray"),
        (constants(source__probe="neutron"), "electron", "electron"),
    ],
)
def test_the_radiation_is_what_the_file_or_the_user_says(
    instrument: dict[str, Field], given_kind: str, expected: str
) -> None:
    scan = scan_of({"q": np.ones(1), "I": np.ones(1)}, {"q": "1/nm"}, instrument=instrument)
    entry = parse(text_of(EXPORTER, scan, **({"radiation": given_kind} if given_kind else {})))
    assert [item.text for item in entry.iter(f"{SPACE}radiation")] == [expected]


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(WriteError) as caught:
        losses_of(EXPORTER, scan_of({"q": np.ones(1), "I": np.ones(1)}))
    assert str(caught.value) == (
        "x.nxs:/scan_1: cansas1d needs the kind of radiation\n  hint: --radiation neutron, --radiation x-ray\n"
        "x.nxs:/scan_1: the unit of 'q' is not known, 1/angstrom is needed\n  hint: --x-units 1/angstrom"
    )


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6))
def test_a_unit_of_any_text_breaks_no_file(unit: str) -> None:
    scan = scan_of({"Q": np.ones(2), "I": np.array([1.5, 2.5])}, {"Q": "1/nm", "I": "%s {" + unit}, "I", **XRAY)
    assert columns_of(parse(text_of(EXPORTER, scan)))["I"] == [1.5, 2.5]
