from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Call = Callable[..., "tuple[int, str, str]"]


def test_info_prints_a_table_of_the_entries(call: Call, folder: Path) -> None:
    call("spec2nx", "counters.spec", "--timezone", "UTC")
    assert call("info", "counters.nxs") == (
        0,
        "entry   title                                   start                      points  columns  detectors\n"
        "scan_1  ascan th 14 14.4 8 1                    2024-06-03T08:05:10+00:00       9        8          0\n"
        "scan_2  a2scan th 14 14.2 tth 28 28.4 4 -50000  2024-06-03T08:06:02+00:00       5        6          0\n"
        "scan_3  loopscan 3 0.5                          2024-06-03T08:07:00+00:00       3        4          0\n",
        "",
    )


def test_info_names_the_columns_and_detectors_in_json(call: Call, folder: Path) -> None:
    call("spec2nx", "mca_calib.spec", "--timezone", "UTC")
    code, out, err = call("info", "mca_calib.nxs", "--json")
    record = json.loads(out)
    assert (code, err, record["path"]) == (0, "", "mca_calib.nxs")
    first, second = record["entries"]
    assert (first["entry"], first["points"]) == ("scan_1", 4)
    assert first["columns"] == ["Sample X", "Epoch", "Monitor", "Fe Ka"]
    assert first["detectors"] == ["mca_0"]
    assert second["detectors"] == ["mca_1", "mca_2"]


def test_info_of_several_files_lists_those_that_can_be_read(call: Call, folder: Path) -> None:
    code, out, err = call("info", "README.md", "xas.spec", "mesh.spec")
    assert code == 1
    assert err.startswith("README.md: no reader knows this file, ")
    assert [line for line in out.splitlines() if line.endswith(":")] == ["xas.spec:", "mesh.spec:"]
    assert "1.1" in out
    assert "2.1" in out


def test_info_without_a_file_is_a_wrong_request(call: Call) -> None:
    code, out, err = call("info")
    assert (code, out) == (2, "")
    assert err.endswith("Error: Missing argument 'FILE...'.\n")


def test_info_of_standard_input_is_refused_with_a_hint_that_works(call: Call) -> None:
    assert call("info", "-") == (
        2,
        "",
        "-: standard input can be read only once, so its format cannot be detected\n"
        "  hint: save it in a file, or name the format by its command, such as spec2nx\n",
    )
