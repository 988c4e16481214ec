"""What is asked of an export, checked whole before any file is opened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from nxconvert import registry
from nxconvert.errors import RequestError, near_names
from nxconvert.export.choice import Choice, parse_choice
from nxconvert.export.names import Template, parse_template
from nxconvert.registry import Exporter, Setting, option
from nxconvert.scan import Scan
from nxconvert.selection import Selection, parse_selection
from nxconvert.tabular import without_images

RAGGED = ("pad", "truncate", "error")


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What the user asked for, the same for every input of a run.

    ``format`` names an exporter, ``settings`` are the texts of its options by name. ``scans`` is a selection such as
    ``1,3-5,7.2``, ``match`` a pattern of titles, or a part of one. ``columns``: names, patterns, ``new=old`` and
    ``new=log(I0/I1)``. ``ragged``: what becomes of columns of different lengths. ``images`` names the exporter of
    frames. ``existing``: ``refuse``, ``overwrite`` or ``skip``. ``template`` names the outputs. ``compat``: the
    program whose files are wanted exactly. ``strict``: losses are warnings. ``roots``: folders into which links may
    lead, besides that of the file.
    """

    format: str = "csv"
    settings: Mapping[str, str] = field(default_factory=dict)
    scans: str = ""
    match: str = ""
    columns: tuple[str, ...] = ()
    only_columns: bool = False
    x: str = ""
    ragged: str = "pad"
    images: str = ""
    existing: str = "refuse"
    template: str = ""
    compat: str = ""
    strict: bool = False
    roots: tuple[str, ...] = ()


class Request:
    """A checked request: the exporters with their settings, the selections, and how outputs are called."""

    def __init__(self, options: ExportOptions) -> None:
        self.options = options
        self.exporter = _exporter(options)
        self.settings = read_settings(self.exporter, options.settings)
        known = registry.exporters()
        if options.images and options.images not in known:
            writers = [name for name, item in known.items() if item.frames and item.parts]
            raise RequestError.at("--images", f"'{options.images}' is unknown", near_names(options.images, writers))
        self.images: Exporter | None = registry.exporter(options.images) if options.images else None
        self.image_settings = read_settings(self.images, {}) if self.images else {}
        for exporter in (self.exporter, self.images):
            if exporter is not None and exporter.check is not None:
                exporter.check()
        self.selection: Selection | None = parse_selection(options.scans)
        self.choice: Choice = parse_choice(options.columns, options.only_columns, options.x)
        self.template: Template = parse_template(options.template or _template(self.exporter, options.compat))
        self.image_template = parse_template("{stem}_{entry}_{part}")
        if options.ragged not in RAGGED:
            raise RequestError.at("--ragged", f"'{options.ragged}' is unknown", near_names(options.ragged, RAGGED))
        if self.images is not None and not (self.images.frames and self.images.parts):
            raise RequestError.at("--images", f"'{options.images}' writes no images", "'edf' was expected")

    def matches(self, title: str) -> bool:
        """Tell whether a scan of this title is wanted."""
        pattern = self.options.match
        if any(sign in pattern for sign in "*?["):
            return fnmatchcase(title, pattern)
        return pattern in title

    def skips(self, scan: Scan) -> str:
        """Give the reason why there is nothing to write of a scan, empty where there is something."""
        if self.exporter.skips is not None:
            return self.exporter.skips(scan, self.settings)
        return "" if without_images(scan).columns else "it has no columns"

    def entry(self, name: str) -> str:
        """Give the name of an entry as it stands in the names of outputs."""
        return re.sub("[^a-zA-Z0-9_]+", "_", name) if self.options.compat else name

    @property
    def looks_inside(self) -> bool:
        """Whether the scans themselves must be looked at to know which are wanted and how their outputs are called."""
        return bool(self.options.match or self.template.needs_title or self.exporter.parts or self.images)


def _exporter(options: ExportOptions) -> Exporter:
    if not options.compat:
        return registry.exporter(options.format)
    if options.compat != "nxtoascii":
        raise RequestError.at("--compat", f"'{options.compat}' is unknown", "'nxtoascii' was expected")
    from nxconvert.exporters.compat import EXPORTERS

    if options.format not in EXPORTERS:
        raise RequestError.at(
            "--to", f"nxtoascii 0.0.1 had no format '{options.format}'", near_names(options.format, EXPORTERS)
        )
    return EXPORTERS[options.format]


def _template(exporter: Exporter, compat: str) -> str:
    """Give how outputs are called where nobody says it."""
    if exporter.book is not None:
        return "{stem}"
    if compat:
        return "{entry}"
    return "{stem}_{entry}_{part}" if exporter.parts else "{stem}_{entry}"


def read_settings(exporter: Exporter, texts: Mapping[str, str]) -> dict[str, Any]:
    """Give the values of all settings of an exporter; RequestError for one that it has not, or a wrong value."""
    known = {setting.name: setting for setting in exporter.settings}
    for name in texts:
        if name not in known:
            raise RequestError.at(option(name), f"the format '{exporter.name}' has no such setting", _known(known))
    values = {}
    for name, setting in known.items():
        values[name] = _value(setting, texts[name]) if name in texts else setting.default
    return values


def _known(names: Mapping[str, Setting]) -> str:
    return "known: " + ", ".join(option(name) for name in names) if names else "it has none"


def _value(setting: Setting, text: str) -> Any:
    if setting.choices and text not in setting.choices:
        expected = " or ".join(f"'{choice}'" for choice in setting.choices) + " was expected"
        raise RequestError.at(setting.option, f"'{text}' is unknown", expected)
    try:
        return setting.read(text)
    except ValueError as error:
        raise RequestError.at(setting.option, f"'{text}' cannot be", str(error)) from error
