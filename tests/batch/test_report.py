"""The report says what the ledger knows, in a page that needs nothing else and that no file name can break."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from batchkit import Here, spec

from nxconvert.batch import report
from nxconvert.batch.asked import Request
from nxconvert.batch.book import NAME
from nxconvert.batch.run import Batch
from nxconvert.errors import RequestError, WriteError
from nxconvert.request import ConvertOptions

EVIL = "<img src=x onerror=document.title='broken'>&amp;\"'\u202e</script><script>document.title='broken'</script>.spec"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Page(HTMLParser):
    """What is in a page: its elements, its texts, and the cells of its rows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in ("meta", "img", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.text += "\n"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data
            if "tr" in self.open:
                self.rows[-1][-1:] = [self.rows[-1][-1] + data] if self.rows[-1] else []

    def names(self) -> set[str]:
        return {tag for tag, _ in self.elements}


def batch(place: Path) -> Path:
    """Convert a few files, some of which cannot be, and give the ledger."""
    request = Request((str(place / "src"),), str(place / "dst"), ConvertOptions(time_zone="UTC", timestamp=0.0))
    with Batch(request, Here) as made:
        made.discover()
        for _ in made.run():
            pass
    return place / "dst" / NAME


@pytest.fixture
def place(tmp_path: Path) -> Path:
    source = tmp_path / "src"
    (source / "day1").mkdir(parents=True)
    for number in range(3):
        (source / "day1" / f"good{number}.spec").write_text(spec(f"number {number}"))
    for name in ("bad.edf", "worse.edf"):
        (source / name).write_bytes(b"{\nDim_1 = 4 ;\n")
    (source / "empty.edf").write_bytes(b"")
    return tmp_path


def write(ledger: Path, output: Path) -> str:
    report.write_report(str(ledger), str(output))
    return output.read_text(encoding="utf-8")


def test_the_page_has_totals_reasons_and_every_input(place: Path) -> None:
    page = Page(write(batch(place), place / "report.html"))
    assert page.open == []
    assert "Conversions into dst" in page.text
    for said in ("6\ninputs", "3\nconverted", "3\nfailed", "3\nscans"):
        assert said in page.text
    reasons = [row for row in page.rows if len(row) == 4 and row[0].isdigit()]
    assert [row[0] for row in reasons[:2]] == ["2", "1"]
    assert reasons[0][3] in ("worse.edfbad.edf", "bad.edfworse.edf")
    assert reasons[1] == ["1", "the file is empty, data expected", "was it copied?", "empty.edf"]
    inputs = {row[0]: row[1:4] for row in page.rows if len(row) == 8}
    assert sorted(inputs) == [
        "bad.edf", *(f"day1/good{k}.spec" for k in range(3)), "empty.edf", "input", "worse.edf",
    ]  # fmt: skip
    assert inputs["day1/good1.spec"] == ["spec", "converted", "1"]
    assert inputs["bad.edf"][1:] == ["failed", ""]
    images = [item["src"] or "" for tag, item in page.elements if tag == "img"]
    assert len(images) == 3
    for image in images:
        kind, _, data = image.partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data, validate=True).startswith(b"\x89PNG\r\n")


def test_the_page_loads_nothing_and_its_policy_lets_only_its_own_script_run(place: Path) -> None:
    text = write(batch(place), place / "report.html")
    page = Page(text)
    assert page.names() & {"link", "iframe", "object", "embed", "base", "form", "a"} == set()
    assert [item for tag, item in page.elements if tag == "script"] == [{}]
    assert re.findall(r"https?:|//[a-z]|url\(|@import|fetch\(|innerHTML", re.sub(r"base64,[\w+/=]+", "", text)) == []
    (policy,) = [item["content"] or "" for _, item in page.elements if item.get("http-equiv")]
    script = text.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_names_of_any_kind_are_text_and_nothing_else(place: Path) -> None:
    name = EVIL.replace("/", "\u2215")
    (place / "src" / name).write_text(spec())
    with open(os.path.join(os.fsencode(place / "src"), b"not\xffutf8\x1b[31m.spec"), "w") as file:
        file.write(spec())
    text = write(batch(place), place / "report.html")
    page = Page(text)
    assert len([tag for tag, _ in page.elements if tag == "script"]) == 1
    assert not any("onerror" in item for _, item in page.elements)
    inputs = [row[0] for row in page.rows if len(row) == 8]
    assert name.replace("\u202e", "\ufffd") in inputs
    assert "not\ufffdutf8\ufffd[31m.spec" in inputs


def test_the_failures_come_first_when_not_all_can_be_listed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "ROWS", 4)
    page = Page(write(batch(place), place / "report.html"))
    rows = [row for row in page.rows if len(row) == 8][1:]
    assert [row[2] for row in rows] == ["failed", "failed", "failed", "converted"]
    assert "4 of 6 inputs are listed: the failures, then those that ended last." in page.text


def test_without_matplotlib_the_page_says_why_there_are_no_pictures(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = batch(place)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page = Page(write(ledger, place / "report.html"))
    assert "img" not in page.names()
    assert "No pictures: matplotlib is not installed. python3 -m pip install 'nxconvert[plot]'" in page.text


def test_an_output_that_is_gone_or_damaged_has_no_picture(place: Path) -> None:
    ledger = batch(place)
    (place / "dst/day1/good0.nxs").unlink()
    (place / "dst/day1/good1.nxs").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    page = Page(write(ledger, place / "report.html"))
    assert len([tag for tag, _ in page.elements if tag == "img"]) == 1


def test_a_ledger_that_is_not_there_and_a_place_that_cannot_be_written(place: Path) -> None:
    missing = place / "none.sqlite"
    with pytest.raises(RequestError, match="there is no ledger"):
        report.write_report(str(missing), str(place / "report.html"))
    with pytest.raises(WriteError, match="cannot be written"):
        report.write_report(str(batch(place)), str(place / "no/such/report.html"))
    assert not (place / "report.html").exists()


def test_durations_and_sizes_are_told_in_units_for_people() -> None:
    assert [report._duration(value) for value in (0.1234, 12.3, 61, 7201)] == ["0.12 s", "12 s", "1 min", "2 h 00 min"]
    assert [report._size(value) for value in (0, 999, 1500, 2.5e8, 3e12)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "250 MB",
        "3.0 TB",
    ]
    spans = [{"begun": 0.0, "ended": 10.0}, {"begun": 5.0, "ended": 12.0}, {"begun": 20.0, "ended": None}]
    assert report._elapsed(spans) == 12.0


# in a browser

PROBE = """
<script>
function shown() { return [...document.querySelectorAll("tr[data-item]")].filter(r => !r.hidden).length; }
function type(word) { const b = document.getElementById("search"); b.value = word; b.dispatchEvent(new Event("input")); }
const out = [shown()];
type("GOOD1"); out.push(shown(), document.getElementById("count").textContent);
type("failed empty"); out.push(shown());
type("nothing like this"); out.push(shown());
type(""); out.push(shown());
const images = [...document.images];
out.push(images.length, images.every(i => i.complete && i.naturalWidth > 0), document.title);
document.body.innerHTML = ""; const p = document.createElement("pre"); p.id = "result";
p.textContent = JSON.stringify(out); document.body.append(p);
</script>
"""


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="there is no chromium")
def test_the_page_works_in_a_browser(place: Path) -> None:
    (place / "src" / EVIL.replace("/", "\u2215")).write_text(spec())
    text = write(batch(place), place / "report.html")
    browser = next(path for name in BROWSERS if (path := shutil.which(name)))
    # what looks at the page from within has to be allowed by it
    digest = base64.b64encode(
        hashlib.sha256(PROBE.partition("<script>")[2].partition("</script>")[0].encode()).digest()
    )
    probed = text.replace("script-src ", f"script-src 'sha256-{digest.decode()}' ").replace(
        "</body>", PROBE + "</body>"
    )
    (place / "probed.html").write_text(probed, encoding="utf-8")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={place / 'profile'}",
         "--virtual-time-budget=5000", "--enable-logging=stderr", "--dump-dom", (place / "probed.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert '<pre id="result">[7,1,"1 of 7",1,0,7,4,true,"Conversions into dst"]</pre>' in done.stdout
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
