"""Pictures as files: one plot, a sheet of many, or a thumbnail; whole or absent, equal bytes for equal data."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from nxconvert.errors import Place, Problem, ReadError, RequestError, WriteError
from nxconvert.plot import draw
from nxconvert.plot.panels import Panel, panels, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: what matplotlib can write without a window, by the ending of the name
FORMATS = (".png", ".svg", ".pdf")
#: panels of one page
PAGE = 30
#: dots per inch, and the size of one plot and of a panel among others in inches
_DPI, _ALONE, _PANEL = 120, (7.0, 5.0), (4.2, 3.2)


def format_of(output: str) -> str:
    """Give the format by the name of the output; RequestError for one that cannot be drawn."""
    ending = os.path.splitext(output)[1].lower()
    if ending not in FORMATS:
        found = f"the ending '{ending}' names no format of pictures" if ending else "the name has no ending"
        raise RequestError.at(output, found, "one of " + ", ".join(FORMATS) + " expected")
    return ending[1:]


def page_name(output: str, page: int) -> str:
    """Give the name of a page, counted from 0: ``sheet.png``, ``sheet-2.png`` ..."""
    stem, ending = os.path.splitext(output)
    return output if page == 0 else f"{stem}-{page + 1}{ending}"


def sheets(found: Iterable[Panel | Problem], output: str, total: int, log: bool = False) -> Iterator[str | Problem]:
    """Draw panels into one file, or a page of `PAGE` into each of several; give names of files and problems.

    *total*: the number of panels expected, for their arrangement; *output* ``-``: one page, as PNG, to standard
    output. WriteError where a file cannot be written.
    """
    kind = "png" if output == "-" else format_of(output)
    several: list[Problem] = []
    waiting = _panels_of(found, several)
    page = 0
    while batch := list(islice(waiting, min(PAGE, max(1, total)))):
        with draw.settings():
            figure, told = _page(batch, log)
            yield from told
            name = output if output == "-" else page_name(output, page)
            _save(figure, name, kind)
        yield from several
        several.clear()
        yield name
        page += 1
    yield from several


def _panels_of(found: Iterable[Panel | Problem], others: list[Problem]) -> Iterator[Panel]:
    for item in found:
        if isinstance(item, Problem):
            others.append(item)
        else:
            yield item


def _page(batch: list[Panel], log: bool) -> tuple[Figure, list[Problem]]:
    files = {panel.path for panel in batch}
    columns = math.ceil(math.sqrt(len(batch)))
    rows = math.ceil(len(batch) / columns)
    size = _ALONE if len(batch) == 1 else (_PANEL[0] * columns, _PANEL[1] * rows)
    figure = draw.make_figure(*size)
    told = []
    for number, panel in enumerate(batch):
        axes = figure.add_subplot(rows, columns, number + 1)
        heading = shown(panel, with_file=len(files) > 1 or len(batch) == 1)
        word = draw.draw(axes, panel, heading, log)
        if word:
            told.append(Problem(Place(f"{panel.path}:/{panel.entry}"), word))
    return figure, told


def _save(figure: Figure, name: str, kind: str) -> None:
    import sys

    from nxconvert.writer.atomic import AtomicFile

    data = _rendered(figure, kind, _DPI)
    if name == "-":
        if sys.stdout is None:
            raise WriteError.at("-", "standard output is closed", hint="say -o FILE")
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    with AtomicFile(name) as target:
        try:
            with open(target.path, "wb") as file:
                file.write(data)
        except OSError as error:
            raise target.error(error) from error


def _rendered(figure: Figure, kind: str, dpi: float) -> bytes:
    stream = io.BytesIO()
    none: dict[str, Any] = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    figure.savefig(stream, format=kind, dpi=dpi, metadata=none)
    return stream.getvalue()


def thumbnail(path: str, width: int = 160, height: int = 100) -> bytes:
    """Draw the default plot of a file, without text, as a PNG of so many pixels.

    ReadError where there is nothing to plot, RequestError where matplotlib is not installed.
    """
    with draw.settings():
        for item in panels(path, default_only=True):
            if isinstance(item, Panel):
                figure = draw.make_figure(width / 100, height / 100)
                figure.set_layout_engine("none")
                draw.draw(figure.add_axes((0.01, 0.01, 0.98, 0.98)), item, "", log=False, bare=True)
                return _rendered(figure, "png", 100)
            if item.severity == "lost":
                raise ReadError(item)
    raise ReadError.at(path, "nothing to plot")
