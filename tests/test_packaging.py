"""The mappings and the sample data are found whichever way nxconvert is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: Runs without the site-packages of the tests; ``site`` reads the .pth file of an editable install.
CHECK = """
import site, sys
site.addsitedir(sys.argv[1])
from nxconvert.resources import mappings_dir, samples_dir
print(mappings_dir())
print(samples_dir())
"""


def found(place: Path) -> list[Path]:
    """Give the two folders as an nxconvert that lies in *place* finds them."""
    command = [sys.executable, "-I", "-S", "-c", CHECK, str(place)]
    result = subprocess.run(command, cwd=place, capture_output=True, text=True, check=True)
    return [Path(line) for line in result.stdout.splitlines()]


def names(folder: Path) -> set[str]:
    """Give the files below a folder, with their bytes' number."""
    return {f"{path.relative_to(folder)} {path.stat().st_size}" for path in folder.rglob("*") if path.is_file()}


def install(wheel: Path, target: Path) -> None:
    """Install a wheel without its dependencies and without a network."""
    options = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, then the wheel from it: what is missing in the sdist is missing in the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def unpacked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the sdist."""
    folder = tmp_path_factory.mktemp("sdist")
    [archive] = built.glob("*.tar.gz")
    subprocess.run([sys.executable, "-m", "tarfile", "-e", str(archive), str(folder)], check=True)
    [top] = folder.iterdir()
    return top


def test_a_checkout_finds_its_folders() -> None:
    assert found(ROOT) == [ROOT / "mappings", ROOT / "sample_data"]


def test_an_unpacked_sdist_finds_its_folders(unpacked: Path) -> None:
    assert found(unpacked) == [unpacked / "mappings", unpacked / "sample_data"]
    assert names(unpacked / "mappings") == names(ROOT / "mappings")
    assert names(unpacked / "sample_data") == names(ROOT / "sample_data")


def test_an_sdist_holds_what_make_and_the_tests_need(unpacked: Path) -> None:
    for name in ("Makefile", ".ci/run", "README.md", "CHANGELOG.md", "LICENSE", "docs", "tests/conftest.py"):
        assert (unpacked / name).exists(), name


def test_an_installed_wheel_finds_its_folders(built: Path, tmp_path: Path) -> None:
    [wheel] = built.glob("*.whl")
    install(wheel, tmp_path)
    data = tmp_path / "nxconvert" / "_data"
    assert found(tmp_path) == [data / "mappings", data / "sample_data"]
    assert names(data / "mappings") == names(ROOT / "mappings")
    assert names(data / "sample_data") == names(ROOT / "sample_data")
    assert (tmp_path / "nxconvert" / "py.typed").is_file()
    assert (tmp_path / "bin" / "nxconvert").is_file()


def test_an_editable_install_finds_the_folders_of_its_checkout(unpacked: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(unpacked, checkout)
    build = "import sys; from hatchling.build import build_editable; build_editable(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=checkout, check=True)
    [wheel] = tmp_path.glob("*.whl")
    target = tmp_path / "site"
    install(wheel, target)
    assert found(target) == [checkout / "mappings", checkout / "sample_data"]
