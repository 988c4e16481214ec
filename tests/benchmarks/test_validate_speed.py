"""What it costs to judge files of many entries: as much for each of a thousand as for each of a few."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nxconvert.pipeline import ConvertOptions, convert_file
from nxconvert.validate import validate_file

pytestmark = pytest.mark.benchmark

HEAD = "#F many\n#E 1700000000\n#D Tue Nov 14 22:13:20 2023\n#O0 th  tth  chi  phi  x  y\n"
SCAN = "\n#S {0} ascan th 0 1 9 1\n#D Tue Nov 14 22:13:20 2023\n#P0 0 1 2 3 4 {0}\n#N 4\n#L th  Seconds  Monitor  Detector\n"


@pytest.mark.parametrize("own_rules", [True, False])
@pytest.mark.parametrize("entries", [50, 200, 1000])
def test_judging_many_entries(entries: int, own_rules: bool, tmp_path: Path) -> None:
    rows = "".join(f"{n / 10} 1 {1000 + n} {n * n}\n" for n in range(10))
    source = tmp_path / "many.spec"
    source.write_text(HEAD + "".join(SCAN.format(n) + rows for n in range(1, entries + 1)))
    convert_file(str(source), str(tmp_path / "many.nxs"), ConvertOptions(mappings=("spec", "scan"), time_zone="UTC"))
    began = time.process_time()
    found = validate_file(str(tmp_path / "many.nxs"), own_rules=own_rules)
    spent = time.process_time() - began
    assert not [item for item in found if item.severity != "note"]
    judges = "our rules" if own_rules else "nexusformat and our rules"
    print(f"\n{entries} entries by {judges}: {spent:.1f} s, {1e3 * spent / entries:.1f} ms each")
