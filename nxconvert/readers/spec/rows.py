"""Rows that are not all alike: of other widths, with words in them, several per line or over several lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nxconvert.arrays import Array
from nxconvert.numtext import EXACT, JOIN, Rows, exact_integer, parse_number, parse_rows, parse_tokens
from nxconvert.readers.spec.report import Report

#: a row's byte offset and its tokens
Tokens = tuple[int, list[bytes]]

#: words that stand for a missing number
_MISSING = (b"None", b"none", b"null")
#: an array may be filled up with nan to so many times what was measured, plus as many values
_FILL_FACTOR, _FILL = 4, 1 << 20
#: a line of words is not looked at further than this
_LONGEST_TEXT = 1 << 16


def affordable(cells: int, measured: int) -> bool:
    """Tell whether an array of *cells* values is in proportion to the values there are to put into it."""
    return cells <= _FILL_FACTOR * measured + _FILL


class Form(NamedTuple):
    """How rows lie in lines: ``plain``, ``sets`` (several rows per line) or ``wrapped`` (several lines per row).

    ``reason`` says why the rows should be that wide.
    """

    width: int
    kind: str
    reason: str


def decide_form(
    lengths: Sequence[int], counts: dict[int, int], measured: int, widths: tuple[int, ...], labels: int
) -> Form:
    """Find how rows lie in lines.

    From the widths of the lines in their order, how often each occurs, the number of values in all, what ``#N`` says
    (``#N n m``: m rows of n values per line, or rows of n values wrapped after m), and the number of labels.
    """
    commonest = max(counts, key=lambda width: counts[width])
    n = widths[0] if widths else 0
    if n and len(widths) > 1 and widths[1] > 1 and commonest != n:
        whole = all(width % n == 0 for width in counts)
        if commonest == n * widths[1] or (whole and n < commonest < n * widths[1]):
            return Form(n, "sets", f"#N says {n}")
    wide = n if n and labels in (0, n) else labels
    reason = f"#L names {wide} columns" if wide == labels else f"#N says {wide}"
    if n == wide > 1 and max(counts) < wide and _wraps(lengths, wide):
        return Form(wide, "wrapped", reason)
    # a width that most rows do not have counts only where it costs no more than it is worth
    if n == wide and n in counts and affordable(sum(counts.values()) * n, measured):
        return Form(n, "plain", reason)
    return Form(commonest, "plain", reason if commonest == wide else f"the rows before and after have {commonest}")


def _wraps(lengths: Sequence[int], width: int) -> bool:
    """Tell whether consecutive lines add up to rows of *width*, at least once and never past it."""
    total = 0
    rows = 0
    for length in lengths:
        total += length
        if total > width:
            return False
        if total == width:
            rows += 1
            total = 0
    return rows > 0


def unfold(rows: list[Tokens], width: int) -> tuple[list[Tokens], list[int]]:
    """Part lines that hold several rows each; gives the rows, and how many are complete after each line."""
    result: list[Tokens] = []
    ends: list[int] = []
    for at, words in rows:
        result.extend((at, words[begin : begin + width]) for begin in range(0, len(words), width))
        ends.append(len(result))
    return result, ends


def unwrap(rows: list[Tokens], width: int, pending: list[Tokens], last: bool) -> tuple[list[Tokens], list[int]]:
    """Join lines to rows of *width*, beginning with what is *pending*; the incomplete end becomes pending unless last.

    Gives the rows, and how many are complete after each line.
    """
    result: list[Tokens] = []
    ends: list[int] = []
    part = pending.pop() if pending else None
    for at, words in rows:
        if part is not None and len(part[1]) + len(words) > width:
            result.append(part)
            part = None
        part = (at, words) if part is None else (part[0], part[1] + words)
        if len(part[1]) >= width:
            result.append(part)
            part = None
        ends.append(len(result))
    if part is not None:
        (result if last else pending).append(part)
    return result, ends


def looks_like_row(line: bytes) -> bool:
    """Tell whether a line with other characters than those of numbers is a row: a number first, and mostly numbers."""
    words = line[:_LONGEST_TEXT].replace(JOIN, b" ").split()
    if not words or (words[0] not in _MISSING and parse_number(words[0]) is None):
        return False
    numbers = sum(word in _MISSING or parse_number(word) is not None for word in words)
    return 2 * numbers >= len(words)


def build_rows(rows: list[Tokens], form: Form, report: Report) -> Rows | None:
    """Parse rows of different widths, or with words in them, into one block; odd ones are kept, with nan, and told."""
    if not rows:
        return None
    widest = max(form.width, *(len(words) for _, words in rows))
    if not affordable(len(rows) * widest, sum(len(words) for _, words in rows)):
        widest = form.width
    good = [at for at, (_, words) in enumerate(rows) if len(words) == form.width]
    block = parse_rows(b"\n".join([b" ".join(rows[at][1]) for at in good]))
    if good and block is None:
        good = [at for at in good if parse_rows(b" ".join(rows[at][1])) is not None]
        block = parse_rows(b"\n".join([b" ".join(rows[at][1]) for at in good]))
    values = np.full((len(rows), widest), math.nan)
    integer = [True] * form.width + [False] * (widest - form.width)
    if block is not None:
        values[good, : form.width] = block.values
        integer[: form.width] = block.integer
    odd = sorted(set(range(len(rows))) - set(good))
    for at in odd:
        offset, words = rows[at]
        numbers, whole, text = parse_tokens(words[:widest])
        values[at, : len(numbers)] = numbers
        whole += [False] * (form.width - len(whole))
        integer[: form.width] = [was and own for was, own in zip(integer, whole[: form.width], strict=False)]
        _tell(offset, words, text, form, widest, report)
    exact = {at: [exact_integer(words[at]) for _, words in rows] for at in _inexact(values, integer)}
    return Rows(values, integer, exact)


def _inexact(values: Array, integer: list[bool]) -> list[int]:
    """Give the integer columns that float64 does not hold exactly."""
    return [at for at, whole in enumerate(integer) if whole and np.abs(values[:, at]).max() >= EXACT]


def _tell(offset: int, words: list[bytes], text: list[int], form: Form, widest: int, report: Report) -> None:
    if len(words) != form.width:
        severity = "warning"
        if len(words) < form.width:
            hint = "the row is kept, with nan for what is missing"
        elif len(words) <= widest:
            hint = f"the row is kept; columns from column_{form.width + 1} on hold its further values"
        else:
            hint, severity = f"the row is kept up to value {widest}", "lost"
        report.add(
            offset, "odd rows", f"row has {len(words)} value{'s' * (len(words) != 1)}", form.reason, hint, severity
        )
    if text:
        shown = ", ".join(f"'{words[at][:40].decode('latin-1')}' in column {at + 1}" for at in text[:3])
        more = f" and {len(text) - 3} more" if len(text) > 3 else ""
        hint = "the row is kept, with nan there"
        report.add(offset, "rows with text", f"row has {shown}{more}", "numbers expected", hint)
