"""The names of all outputs of an export, found before anything is written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from nxconvert import outputs, registry
from nxconvert.errors import ReadError, RequestError
from nxconvert.export.request import ExportOptions, Request
from nxconvert.pipeline import guarded
from nxconvert.readers.nexus import READER, NexusFile, entry_name
from nxconvert.request import Outcome
from nxconvert.scan import Scan
from nxconvert.selection import Selection
from nxconvert.streams import open_source

_SHARED = "export them one by one into folders of their own, or say {stem}, {entry} ... in --name-template"
_EXISTS = "say --overwrite or --skip-existing"


@dataclass(slots=True)
class Plan:
    """The outputs of one input: of each entry by its name, of the parts of an entry and of its images by both."""

    outputs: dict[str, str] = field(default_factory=dict)
    parts: dict[tuple[str, str], str] = field(default_factory=dict)
    images: dict[tuple[str, str], str] = field(default_factory=dict)

    def paths(self) -> list[str]:
        """Give every output once, several scans of a book being one."""
        return [*dict.fromkeys(self.outputs.values()), *self.parts.values(), *self.images.values()]


def plan_exports(sources: Sequence[str], output: str | None, options: ExportOptions) -> list[tuple[str, Plan]]:
    """Give each source with the outputs of its wanted scans.

    Without *output* they are called by the template and lie beside the source; in a folder (it exists, or ends in
    ``/``) the folders below the sources' common root are mirrored. A file, or ``-``, takes what makes one output.
    RequestError for an unknown format, a wrong setting, a bad selection, several outputs for one name, and outputs
    that collide, are an input, or exist.
    """
    request = Request(options)
    if options.compat and output is None:
        output = "converted" + os.sep
    folder = output is None or output.endswith(("/", os.sep)) or os.path.isdir(output)
    target = None if folder else output
    if "-" in sources:
        raise RequestError.at("-", "an HDF5 file cannot be read from a pipe", hint="name the file")
    if target is not None and len(sources) > 1:
        hint = f"say -o {'DIR' if target == '-' else target}/"
        raise RequestError.at(target, f"{len(sources)} inputs and one output", "a folder was expected", hint)
    if target == "-" and request.images:
        raise RequestError.at("--images", "standard output takes one file", "a folder or a file was expected for -o")
    root = outputs.common_root(sources)
    plans = []
    for source in sources:
        stem = _stem(source, None if target is not None else output, root)
        plan, wanted = Plan(), []
        # what goes wrong with an input here does so again in export_file, which tells it
        with guarded(Outcome(source)), open_nexus(source, options.roots) as file:
            wanted = _wanted(file, request)
            for name, scan in wanted:
                _add(plan, request, stem, name, scan)
            if target is not None and request.exporter.book is None and request.exporter.parts is None:
                wanted = _with_content(file, request, wanted)
        if target is not None:
            _aim(plan, request, source, target, [scan.identifier for _, scan in wanted])
        plans.append((source, plan))
    pairs = [(source, path) for source, plan in plans for path in plan.paths()]
    outputs.check_outputs(pairs, options.existing, _EXISTS, _SHARED, devices=False)
    return plans


def open_nexus(source: str, roots: Sequence[str]) -> NexusFile:
    """Open a NeXus file whose links may lead into *roots* too; ReadError, with the reason, where it is none."""
    with open_source(source) as file:
        match = READER.sniff(file.read_at(0, registry.HEAD), source)
    if not match.confidence:
        hint = "'nxconvert convert' makes a NeXus file of other formats"
        raise ReadError.at(source, f"is not a NeXus file, {match.reason}", hint=hint)
    return NexusFile(source, roots=roots)


def _wanted(file: NexusFile, request: Request) -> list[tuple[str, Scan]]:
    """Give the wanted scans with the names of their entries; of the scans no more than is needed for the outputs."""
    if request.looks_inside:
        found = [(entry_name(scan), scan) for scan in file.scans(request.selection)]
        return [(name, scan) for name, scan in found if request.matches(scan.title)]
    return identify(file, request.selection)


def identify(file: NexusFile, selection: Selection | None) -> list[tuple[str, Scan]]:
    """Give the wanted scans, empty but for number and order, with the names of their entries."""
    return [(name, scan) for name, scan in file.identities() if selection is None or selection(scan.number, scan.order)]


def _add(plan: Plan, request: Request, stem: str, name: str, scan: Scan) -> None:
    """Add the outputs of one entry."""
    folder, own = os.path.split(stem)
    values = {
        "stem": own,
        "entry": request.entry(name),
        "number": scan.number,
        "order": scan.order,
        "identifier": scan.identifier,
        "title": scan.title,
        "part": "",
    }
    ending = request.exporter.extensions[0]
    if request.exporter.parts is None:
        plan.outputs[name] = os.path.join(folder, request.template.name(values) + ending)
    else:
        for part in request.exporter.parts(scan, request.settings):
            own = request.template.name(values | {"part": part})
            plan.parts[name, part] = os.path.join(folder, own + ending)
    if request.images is not None and request.images.parts is not None:
        for part in request.images.parts(scan, request.image_settings):
            own = request.image_template.name(values | {"part": part})
            plan.images[name, part] = os.path.join(folder, own + request.images.extensions[0])


def _with_content(file: NexusFile, request: Request, wanted: list[tuple[str, Scan]]) -> list[tuple[str, Scan]]:
    """Give the first two of the wanted scans that have something to write: two do not fit into one file."""
    names = {name for name, _ in wanted}
    found = ((entry_name(scan), scan) for scan in file.scans(request.selection))
    return list(islice(((name, scan) for name, scan in found if name in names and not request.skips(scan)), 2))


def _aim(plan: Plan, request: Request, source: str, target: str, tables: list[str]) -> None:
    """Let the one output be *target*; RequestError where there are several."""
    if request.exporter.parts is not None:
        if len(plan.parts) > 1:
            found = f"'{source}' makes {len(plan.parts)} files"
            raise RequestError.at(target, found, "one was expected", f"name a folder: -o {target}/")
        plan.parts = dict.fromkeys(plan.parts, target)
        return
    if request.exporter.book is None and len(tables) > 1:
        hint = f"choose one with --scan, say --scan {tables[0]}, or name a folder: -o DIR/"
        raise RequestError.at(target, f"scans {' and '.join(tables)} of '{source}' want one output", hint=hint)
    plan.outputs = dict.fromkeys(plan.outputs, target)
    plan.images = {
        key: os.path.join(os.path.dirname(target), os.path.basename(path)) for key, path in plan.images.items()
    }


def _stem(source: str, folder: str | None, root: str) -> str:
    endings = READER.extensions
    output = outputs.beside(source, endings) if folder is None else outputs.mirrored(source, folder, root, endings)
    return output.removesuffix(".nxs")
