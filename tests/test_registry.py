from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nxconvert import registry
from nxconvert.errors import ReadError, RequestError

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put a package with entry points on the path, as pip would."""

    def forget() -> None:
        registry._readers.cache_clear()
        registry._exporters.cache_clear()

    def put(name: str) -> None:
        monkeypatch.syspath_prepend(PLUGINS / name)
        forget()

    forget()
    yield put
    forget()


def test_the_spec_reader_is_there_by_name() -> None:
    reader = registry.reader("spec")
    assert (reader.name, reader.command) == ("spec", "spec2nx")
    assert registry.readers()["spec"] is reader


def test_a_reader_of_another_package_stands_behind_the_shipped_ones(install: Callable[[str], None]) -> None:
    install("good")
    assert list(registry.readers())[-1] == "acme"
    assert registry.reader("acme").command == "acme2nx"
    assert registry.broken() == {}


def test_an_exporter_of_another_package_is_found(install: Callable[[str], None], tmp_path: Path) -> None:
    install("good")
    path = tmp_path / "x.acme"
    path.write_text("ACME\n1\n")
    [scan] = registry.reader("acme").open(str(path))
    exporter = registry.exporters()["acme"]
    stream = io.StringIO()
    assert exporter.write is not None
    exporter.write(scan, stream, {"mark": "!"})
    assert (exporter.losses(scan, {"mark": "!"}), stream.getvalue()) == ([], "ACME!\n1\n")


def test_a_plug_in_that_does_not_load_stays_visible_with_its_reason(install: Callable[[str], None]) -> None:
    install("broken")
    assert registry.broken() == {
        "absent": "ModuleNotFoundError: No module named 'broken_format_without_module'"
        " (broken-format: broken_format_without_module:READER)",
        "crashing": "RuntimeError: no licence found (broken-format: broken_format.crashing:READER)",
        "misnamed": "ValueError: 'broken_format.records:MISNAMED' calls itself 'other', its entry point 'misnamed'"
        " (broken-format: broken_format.records:MISNAMED)",
        "nothing": "AttributeError: module 'broken_format.records' has no attribute 'NOTHING'"
        " (broken-format: broken_format.records:NOTHING)",
        "spec (broken-format)": "the name 'spec' is taken already",
        "text": "TypeError: 'broken_format.records:TEXT' is of type str, not Reader"
        " (broken-format: broken_format.records:TEXT)",
    }
    assert registry.readers()["spec"].description != "another reader of SPEC files"


def test_a_broken_reader_asked_for_by_name_tells_its_reason(install: Callable[[str], None]) -> None:
    install("broken")
    with pytest.raises(RequestError) as caught:
        registry.reader("crashing")
    assert str(caught.value) == (
        "reader 'crashing': does not load: RuntimeError: no licence found"
        " (broken-format: broken_format.crashing:READER)"
    )


def test_an_unknown_reader_is_refused_with_near_names(install: Callable[[str], None]) -> None:
    install("good")
    with pytest.raises(RequestError) as caught:
        registry.reader("acne")
    assert str(caught.value) == "reader 'acne': there is no such reader, did you mean 'acme'?"


def test_a_file_is_recognised_by_its_first_bytes_not_by_its_name(
    install: Callable[[str], None], tmp_path: Path
) -> None:
    install("good")
    path = tmp_path / "counts.spec"
    path.write_text("ACME\n1\n2\n")
    assert registry.identify(str(path)).name == "acme"


def test_two_readers_sure_of_one_file_are_both_named(install: Callable[[str], None], tmp_path: Path) -> None:
    install("good")
    install("rival")
    path = tmp_path / "counts.acme"
    path.write_text("ACME\n1\n2\n")
    with pytest.raises(ReadError) as caught:
        registry.identify(str(path))
    assert str(caught.value) == (
        f"{path}: more than one reader claims this file,"
        " acme: the first line says ACME; rival: looks familiar\n"
        "  hint: name the format by its command: acme2nx or rival"
    )


def test_a_reader_that_is_not_sure_gets_a_file_that_no_other_wants(
    install: Callable[[str], None], tmp_path: Path
) -> None:
    install("rival")
    path = tmp_path / "x"
    path.write_text("perhaps")
    assert registry.identify(str(path)).name == "rival"


def test_an_unknown_file_tells_the_reason_of_each_reader(install: Callable[[str], None], tmp_path: Path) -> None:
    install("good")
    install("rival")
    path = tmp_path / "x.spec"
    path.write_bytes(b"boom")
    shipped = {name: registry.reader(name).sniff(b"boom", str(path)) for name in registry.SHIPPED[registry.READERS]}
    assert {match.confidence for match in shipped.values()} == {0.0}
    with pytest.raises(ReadError) as caught:
        registry.identify(str(path))
    assert str(caught.value) == (
        f"{path}: no reader knows this file,"
        f" {'; '.join(f'{name}: {match.reason}' for name, match in shipped.items())};"
        " acme: the first line does not say ACME; rival: its check failed with ZeroDivisionError: boom\n"
        "  hint: 'nxconvert formats' lists the formats and the command of each, which skips this check"
    )
