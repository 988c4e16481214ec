"""What it costs to check a mapping, beside the parsing of its text by PyYAML."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from nxconvert.mapping.engine import load

pytestmark = pytest.mark.benchmark

PARAMETER = (
    "  p{0}: {{nx_path: 'NXentry/NXinstrument/det{0}:NXdetector/data', source: columns.c{0}, def_units: mm,"
    " nx_links: ['NXentry/NXcollection/c{0}']}}\n"
)


def seconds(work: Callable[[], object]) -> float:
    """Give the least processor time of five runs."""

    def once() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return min(once() for _ in range(5))


@pytest.mark.parametrize("number", [1000, 4000])
def test_check_of_many_parameters(number: int, tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    text = "meta_parameters:\n" + "".join(PARAMETER.format(count) for count in range(number))
    path.write_text(text)
    parsing, checking = seconds(lambda: yaml.compose(text)), seconds(lambda: load([str(path)]))
    print(f"\n{number} parameters: mapping check {checking:.3f} s, yaml.compose {parsing:.3f} s")
    print(f"  ratio {checking / parsing:.2f} of yaml.compose, {1e6 * checking / number:.0f} us a parameter")
