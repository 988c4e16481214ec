"""The page of a report: everything in it, nothing from elsewhere, and every text escaped.

The policy in its head lets a browser run the one script below and nothing else, whatever a file name says.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c03; --good: #287d3c; --faint: #777; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 78rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .2rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; } .faint { color: var(--faint); }
.tiles { display: flex; flex-wrap: wrap; gap: .7rem; margin: 1rem 0; }
.tiles div { border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .9rem; min-width: 7rem; }
.tiles b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; position: sticky; top: 0; background: Canvas; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .6rem .25rem 0; vertical-align: top; }
td { overflow-wrap: anywhere; } td:first-child:not(.n), td:last-child { min-width: 11rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } td.n, .status { white-space: nowrap; }
tr[data-item] td:nth-child(2) { white-space: nowrap; } .n + :not(.n) { padding-left: .8rem; }
.failed { color: var(--bad); } .converted { color: var(--good); }
input { font: inherit; padding: .35rem .6rem; width: min(30rem, 100%); box-sizing: border-box; }
.pictures { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0 1.5rem; }
figure { margin: 0; width: 160px; } figure img { width: 160px; height: 100px; background: #fff; }
figcaption { font-size: .75rem; overflow-wrap: anywhere; }
"""

SCRIPT = """
const box = document.getElementById("search"), count = document.getElementById("count");
const items = [...document.querySelectorAll("[data-item]")].map(e => [e, e.textContent.toLowerCase()]);
const rows = items.filter(([e]) => e.tagName === "TR").length;
function search() {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const [element, text] of items) {
    element.hidden = !words.every(word => text.includes(word));
    if (!element.hidden && element.tagName === "TR") shown++;
  }
  count.textContent = shown + " of " + rows;
}
box.addEventListener("input", search);
search();
"""


def head(title: str) -> str:
    """Begin the page."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{text(title)}</h1>\n"
    )


def tail() -> str:
    """End the page."""
    return f"<script>{SCRIPT}</script>\n</body>\n</html>\n"


def text(value: object) -> str:
    """Give a text as HTML, whatever is in it: control characters, halves of characters, tags."""
    plain = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return escape(
        "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in plain)
    )


def name(value: object) -> str:
    """Give a name that came from a file or a folder; what is written from right to left stays within it."""
    return f"<bdi>{text(value)}</bdi>"


def paragraph(value: str, kind: str = "") -> str:
    """Give a paragraph."""
    return f"<p{_class(kind)}>{text(value)}</p>\n"


def heading(value: str) -> str:
    """Give a heading."""
    return f"<h2>{text(value)}</h2>\n"


def tiles(items: Iterable[tuple[str, str]]) -> str:
    """Give numbers with what they are."""
    return f'<div class="tiles">{"".join(f"<div><b>{text(n)}</b>{text(said)}</div>" for n, said in items)}</div>\n'


def table_head(columns: Sequence[str], numbers: Sequence[int]) -> str:
    """Begin a table; *numbers*: which columns hold numbers."""
    cells = "".join(f"<th{_class('n' if k in numbers else '')}>{text(item)}</th>" for k, item in enumerate(columns))
    return f"<table>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n"


def table_row(cells: Sequence[str], numbers: Sequence[int], is_item: bool = False) -> str:
    """Give a row of cells that are HTML already; an item is found by the search."""
    made = "".join(f"<td{_class('n' if k in numbers else '')}>{cell}</td>" for k, cell in enumerate(cells))
    return f"<tr{' data-item' if is_item else ''}>{made}</tr>\n"


TABLE_END = "</tbody>\n</table>\n"


def status(value: str) -> str:
    """Give a status in its colour."""
    return f'<span class="status {escape(value)}">{text(value)}</span>'


def search() -> str:
    """Give the field that searches, and how much is shown."""
    return (
        '<p><input id="search" type="search" placeholder="Search: names, formats, statuses, reasons" '
        'aria-label="Search"> <span id="count" class="faint"></span></p>\n'
    )


def picture(image: bytes, caption: str) -> str:
    """Give a PNG with its name."""
    data = base64.b64encode(image).decode()
    shown = f'<img alt="" src="data:image/png;base64,{data}">'
    return f"<figure data-item>{shown}<figcaption>{name(caption)}</figcaption></figure>\n"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
