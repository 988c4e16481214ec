"""The table of the source files of an output."""

from __future__ import annotations

import os
from typing import Any

import pytest

from nxconvert.scan import SourceFile
from nxconvert.writer.provenance import Provenance

PATHS = ["/data/run/a_1.edf", "/data/run/a_2.edf", "/data/run//old/../b.edf", "/data/c.edf", "-", "x.edf", "./y.edf"]


def table(paths: list[str], root: str = "", mtime_ns: int = 0) -> dict[str, Any]:
    files = [SourceFile(path, 3, mtime_ns, "ab") for path in paths]
    return {name: node.value for name, node in Provenance("", "", 0.0, root).sources(files).children.items()}


@pytest.mark.parametrize("root", ["/data", "/data/run", "/", os.getcwd()])
def test_each_file_is_named_from_the_root_of_the_input(root: str) -> None:
    shown = [path if path == "-" else os.path.relpath(path, root) for path in PATHS]
    assert table(PATHS, root)["file_name"] == shown


def test_without_a_root_files_have_no_folder() -> None:
    assert table(PATHS)["file_name"] == ["a_1.edf", "a_2.edf", "b.edf", "c.edf", "-", "x.edf", "y.edf"]


@pytest.mark.parametrize(
    ("mtime_ns", "text"),
    [
        (0, "1970-01-01T00:00:00+00:00"),
        (-1, "1969-12-31T23:59:59+00:00"),
        (1_719_792_000_999_999_999, "2024-07-01T00:00:00+00:00"),
        (1_000_000_000_000 * 10**9, "33658-09-27T01:46:40+00:00"),  # what a damaged file system tells
    ],
)
def test_times_of_change_are_utc_to_the_second(mtime_ns: int, text: str) -> None:
    assert table(["a.edf", "b.edf"], mtime_ns=mtime_ns)["modified"].tolist() == [text.encode()] * 2


def test_a_table_may_be_empty() -> None:
    assert table([])["file_name"] == table([])["modified"].tolist() == table([])["sha256"].tolist() == []
