"""Panels drawn with matplotlib. All texts come from files, so none of them is taken for a formula."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import RequestError
from nxconvert.plot.panels import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: part of the pixels, in percent, that may be darker or brighter than the colours of a detector's image tell
_CUT = 0.1
#: what is beyond overflows when an axis is laid out around it
_LARGEST = 1e300
#: images of fewer pixels have no outliers
_FEW = 10_000
#: characters of a text in a picture, and of a line of it
LONGEST, LINE = 90, 50


def make_figure(width: float, height: float) -> Figure:
    """Make a figure of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


@contextmanager
def settings() -> Iterator[None]:
    """Draw with the same settings for everybody, and with equal bytes for equal data.

    RequestError where matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise RequestError.at(
            "plot", "matplotlib is not installed", hint="python3 -m pip install 'nxconvert[plot]'"
        ) from error
    own: dict[Any, Any] = {"svg.hashsalt": "nxconvert", "svg.fonttype": "path", "axes.formatter.useoffset": False}
    with mpl.rc_context({**mpl.rcParamsDefault, "backend": "agg", **own}), warnings.catch_warnings():
        # glyphs that the font lacks are boxes; an axis of one value has a width of its own
        warnings.simplefilter("ignore", UserWarning)
        yield


def draw(axes: Axes, panel: Panel, heading: str, log: bool, bare: bool = False) -> str:
    """Draw a panel; *bare*: without any text. Gives what is to be told, empty where all is as asked for."""
    {"curve": _curve, "points": _points, "image": _image}[panel.kind](axes, panel, log, bare)
    if bare:
        axes.set_axis_off()
        return ""
    axes.set_title(textwrap.fill(shorten(heading), LINE), fontsize="medium", parse_math=False)
    axes.set_xlabel(shorten(panel.x_label), parse_math=False)
    axes.set_ylabel(shorten(panel.y_label), parse_math=False)
    if log and not _positive(panel):
        return "has no positive value, it is drawn on a linear scale"
    return ""


def shorten(text: str) -> str:
    """Give a text on one line, without control characters, cut where it is too long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."


def _positive(panel: Panel) -> bool:
    with np.errstate(invalid="ignore"):
        return any((values > 0).any() for values in panel.values.values())


def _curve(axes: Axes, panel: Panel, log: bool, bare: bool) -> None:
    assert panel.x is not None
    for number, (label, values) in enumerate(panel.values.items()):
        # an infinite value would stretch the axis without end
        y = np.clip(np.where(np.isfinite(values), values, np.nan), -_LARGEST, _LARGEST)
        x = panel.x[: len(y)]
        marker = "." if len(y) <= 200 and not bare else ""
        if np.isfinite(y).sum() == 1:
            marker = "o"
        errors = panel.errors if number == 0 and not bare else None
        width = 0.8 if bare else 1.2
        if errors is not None:
            bars = np.where(np.isfinite(errors), errors, 0)
            axes.errorbar(x, y, bars, linewidth=width, elinewidth=0.6, marker=marker, label=shorten(label))
        else:
            axes.plot(x, y, linewidth=width, marker=marker, label=shorten(label))
    if log and _positive(panel):
        axes.set_yscale("log", nonpositive="mask")
    if len(panel.values) > 1 and not bare:
        for text in axes.legend(fontsize="small").get_texts():
            text.set_parse_math(False)


def _points(axes: Axes, panel: Panel, log: bool, bare: bool) -> None:
    values = _finite(panel)
    assert panel.x is not None
    assert panel.y is not None
    made = axes.scatter(panel.x, panel.y, c=values, s=4 if bare else 12, norm=_norm(values, log, False))
    if not bare:
        _colours(axes, made, panel)


def _image(axes: Axes, panel: Panel, log: bool, bare: bool) -> None:
    values = _finite(panel)
    rows, columns = values.shape
    norm = _norm(values, log, panel.is_detector and values.size > _FEW)
    x = np.array([0.0, panel.shape[1]]) - 0.5 if panel.x is None else edges(panel.x)
    y = np.array([0.0, panel.shape[0]]) - 0.5 if panel.y is None else edges(panel.y)
    even = [_is_even(line, length) for line, length in ((x, columns), (y, rows))]
    if all(even):
        extent = (x[0], x[-1], y[0], y[-1])
        made: Any = axes.imshow(values, norm=norm, extent=extent, origin="lower", interpolation="nearest")
    else:
        x, y = (
            np.linspace(line[0], line[-1], length + 1) if len(line) == 2 else line
            for line, length in ((x, columns), (y, rows))
        )
        made = axes.pcolorfast(x, y, values, norm=norm)
    ratio = panel.shape[0] / max(1, panel.shape[1])
    axes.set_aspect("equal" if panel.is_detector and 0.1 < ratio < 10 else "auto")
    if panel.is_detector:
        axes.invert_yaxis()
    if not bare:
        _colours(axes, made, panel)


def _finite(panel: Panel) -> Array:
    (values,) = panel.values.values()
    if values.dtype.kind == "f":
        values = values.astype(np.float64, copy=False)
        return np.ma.masked_invalid(np.clip(values, -_LARGEST, _LARGEST, where=np.isfinite(values), out=values.copy()))
    return values


def edges(middles: Array) -> Array:
    """Give the edges of bins from their middles, which grow."""
    if len(middles) == 1:
        return np.array([middles[0] - 0.5, middles[0] + 0.5])
    between = (middles[1:] + middles[:-1]) / 2
    first, last = 2 * middles[0] - between[0], 2 * middles[-1] - between[-1]
    return np.concatenate([[first], between, [last]])


def _is_even(line: Array, length: int) -> bool:
    """Tell whether bins are of one width, to a tenth of it over the whole axis."""
    if len(line) == 2:
        return True
    ideal = np.linspace(line[0], line[-1], length + 1)
    return bool(np.abs(line - ideal).max() <= 0.1 * (line[-1] - line[0]) / length)


def _norm(values: Array, log: bool, with_outliers: bool) -> Any:
    """Give the scale of the colours: all values, or without the few extreme ones of a detector (dead, hot, masked)."""
    from matplotlib.colors import LogNorm, Normalize

    known = values.compressed() if isinstance(values, np.ma.MaskedArray) else values.reshape(-1)
    if log and (known > 0).any():
        known = known[known > 0]
        norm: Any = LogNorm
    else:
        norm = Normalize
    least, most = (float(value) for value in (known.min(), known.max()))
    if with_outliers:
        low, high = (float(value) for value in np.percentile(known, [_CUT, 100 - _CUT]))
        if low < high:
            least, most = low, high
    if least == most:
        most = least + (abs(least) or 1)
    return norm(least, most, clip=False)


def _colours(axes: Axes, made: Any, panel: Panel) -> None:
    figure: Any = axes.figure
    norm, (values,) = made.norm, panel.values.values()
    with np.errstate(invalid="ignore"):
        beyond = bool((values < norm.vmin).any()), bool((values > norm.vmax).any())
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[beyond]
    bar = figure.colorbar(made, ax=axes, extend=extend)
    bar.set_label(shorten(panel.label), parse_math=False)
