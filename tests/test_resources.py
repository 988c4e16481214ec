from __future__ import annotations

from pathlib import Path

import pytest

from nxconvert import resources
from nxconvert.errors import ReadError

ROOT = Path(__file__).resolve().parent.parent


def test_a_checkout_uses_the_folders_at_its_top() -> None:
    assert resources.mappings_dir() == ROOT / "mappings"
    assert resources.samples_dir() == ROOT / "sample_data"


def test_a_package_without_its_folders_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    with pytest.raises(ReadError) as caught:
        resources._folder.__wrapped__("mappings")
    assert str(caught.value) == (
        f"{tmp_path / '_data' / 'mappings'}: the folder that comes with nxconvert is not here\n"
        "  hint: install nxconvert again"
    )
