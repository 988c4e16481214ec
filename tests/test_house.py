"""The rules of the house: who imports whom, who prints, and what must not stand in any file."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "nxconvert"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: Rooms from the bottom to the top: a room imports from rows below its own, never from its row or above.
ROWS = (
    ("version", "errors"),
    ("arrays", "numtext", "digits", "units", "resources", "selection", "outputs", "lzw", "triple_axis"),
    ("scan", "tree"),
    ("streams", "digests", "given", "request"),
    ("registry",),
    ("tabular", "images"),
    ("curves",),
    ("readers", "exporters", "mapping", "writer", "validate"),
    ("target",),
    ("pipeline", "nxapp", "explain", "metadata", "plot"),
    ("export", "verify"),
    ("batch",),
    ("cli",),
    ("__main__",),
)
ROW = {room: number for number, row in enumerate(ROWS) for room in row}

#: Packages that only these modules may import, by the beginning of their names.
ONLY = {
    "click": ("cli",),
    "tqdm": ("cli",),
    "h5py": ("writer", "readers.nexus", "validate"),
    "hdf5plugin": ("writer", "readers.nexus"),
    "yaml": ("mapping.document", "readers.nanoesca.instrument"),
    "matplotlib": ("plot",),
    "watchdog": ("batch.watch_notice",),
}

#: Modules that the console script imports before it knows the command: nothing slow may be imported on their top level.
LIGHT = (
    "cli",
    "digests",
    "errors",
    "version",
    "resources",
    "outputs",
    "pipeline",
    "registry",
    "request",
    "scan",
    "selection",
    "target",
)


def module_name(path: Path) -> str:
    """Give the dotted name below the package: ``readers.spec.lines``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(name: str) -> str:
    """Give the room of a module; each format has a room of its own among the readers and exporters."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in ("readers", "exporters") else parts[0]


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Give the line and the full name of everything that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def inner(imported: str) -> str | None:
    """Give the module of ours that is meant by ``nxconvert.errors.Place``, None for other packages."""
    if imported.split(".")[0] != "nxconvert":
        return None
    parts = imported.split(".")[1:]
    while parts:
        path = PACKAGE.joinpath(*parts)
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            return ".".join(parts)
        parts.pop()
    return ""


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_point_down_only(path: Path) -> None:
    name = module_name(path)
    if not name:
        return
    wrong = []
    for line, imported in imports(ast.parse(path.read_bytes())):
        target = inner(imported)
        if not target or room(target) == room(name):
            continue
        own, other = ROW[name.split(".")[0]], ROW[target.split(".")[0]]
        if other >= own:
            wrong.append(f"{name}:{line} imports {target}")
    assert wrong == []


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_a_package_is_imported_only_where_it_belongs(path: Path) -> None:
    name = module_name(path)
    wrong = []
    for line, imported in imports(ast.parse(path.read_bytes())):
        allowed = ONLY.get(imported.split(".")[0])
        if allowed is not None and not any(name == room or name.startswith(room + ".") for room in allowed):
            wrong.append(f"{name}:{line} imports {imported}")
    assert wrong == []


@pytest.mark.parametrize("path", [path for path in MODULES if module_name(path).startswith(LIGHT)], ids=module_name)
def test_what_every_command_imports_is_light(path: Path) -> None:
    heavy = []
    tree = ast.parse(path.read_bytes())
    for node in tree.body:  # the top level only: elsewhere they are imported on use
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            packages = {name.split(".")[0] for _, name in imports(node)}
            heavy += sorted(packages - set(sys.stdlib_module_names) - {"nxconvert", "click"})
    assert heavy == []


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_only_the_command_line_prints_and_exits(path: Path) -> None:
    name = module_name(path)
    if name.startswith("cli"):
        return
    wrong = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.exit", "exit", "quit", "os._exit"):
            wrong.append(f"{name}:{node.lineno} {ast.unparse(node)}")
        if isinstance(node, ast.Name) and node.id == "SystemExit":
            wrong.append(f"{name}:{node.lineno} SystemExit")
    assert wrong == []


def test_every_public_function_and_class_says_what_it_does() -> None:
    silent = []
    for path in MODULES:
        tree = ast.parse(path.read_bytes())
        nodes = [tree, *(node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef)))]
        for node in nodes:
            name = getattr(node, "name", "")
            if not name.startswith("_") and ast.get_docstring(node) is None:
                silent.append(f"{module_name(path)}.{name}")
    assert silent == []


#: What has no place in a file that others read: marks of unfinished work, and folders of one machine.
FORBIDDEN = (
    r"\b(TODO|FIXME|XXX|HACK)\b",
    r"^(<{7}|>{7}|={7})( |$)",
    r"\b(breakpoint|pdb\.set_trace)\(",
    r"(?<![\w.~])/(home|root|work|opt|tmp|Users)/",
    r"\b(pypi\.org|pythonhosted\.org)\b",
)


def project_files() -> list[Path]:
    """Give every text file of the project; this one, which names what is forbidden, left out."""
    folders = ("nxconvert", "mappings", "sample_data", "tests", "docs", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [
        path for path in ROOT.iterdir() if path.suffix in (".md", ".toml") or path.name in ("Makefile", "LICENSE")
    ]
    binary = (".pyc", ".gz", ".bz2", ".Z", ".nxs", ".h5")
    return sorted(path for path in files if path.suffix not in binary and path != Path(__file__).resolve())


def test_no_file_holds_unfinished_work_or_folders_of_a_machine() -> None:
    pattern = re.compile("|".join(f"(?:{item})" for item in FORBIDDEN))
    found = []
    for path in project_files():
        for number, line in enumerate(path.read_bytes().decode("latin-1").split("\n"), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []
