"""What there is to do: every input of some sources, and of these the ones that are new or changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from nxconvert import outputs, registry
from nxconvert.batch import references, walk
from nxconvert.batch.asked import Asked, Request, ledger_path, mapping_of
from nxconvert.batch.inputs import Grouping, Input, is_image_name, of_files
from nxconvert.batch.ledger import Ledger
from nxconvert.errors import Place, Problem, ReadError, RequestError

Item = TypeVar("Item")

#: inputs that are noted at once at most
CHUNK = 256


class Discovery:
    """The sources of a batch, and what its ledger knows of them.

    ``unchanged``, ``total``: inputs that need nothing, and those that are to be converted. RequestError where the
    request cannot be.
    """

    ledger: Ledger

    def __init__(self, request: Request) -> None:
        self.request = request
        self.folder = os.path.abspath(request.folder)
        self.sources = tuple(dict.fromkeys(os.path.abspath(source) for source in request.sources))
        for source in self.sources:
            if not os.path.exists(source):
                raise RequestError.at(source, "there is no such file or folder", hint="is it mounted?")
        self.base = _base(self.sources)
        self.unchanged = 0
        self.total = 0
        self._signatures: dict[tuple[int, str, str], str] = {}
        self._asked: dict[int, Asked] = {}
        options = request.options
        if options.timestamp is None and os.environ.get("SOURCE_DATE_EPOCH"):
            from nxconvert.writer.provenance import clock

            # processes of a cluster have an environment of their own
            options = replace(options, timestamp=clock(None))
        options = replace(options, existing="overwrite", root=self.base)
        self._own = Asked(options, request.reading, request.verify)
        if options.mappings:  # mistakes in them are told before anything is done
            mapping_of(options, "")
        self._extensions = sorted({ending for reader in registry.readers().values() for ending in reader.extensions})

    def inputs(self) -> Iterator[Input]:
        """Give every input of the sources that is wanted."""
        wanted = self._wanted()
        folders = [source for source in self.sources if os.path.isdir(source)]
        claims = self._claims(folders, wanted)
        for source in self.sources:
            try:
                if source not in folders:
                    file = walk.look_at(source)
                    if wanted.newer is None or file.mtime_ns > wanted.newer:
                        yield of_files(source, source, [file])
                    continue
                grouping = Grouping(source, wanted, claims, folders)
                for folder in walk.walk(source, wanted):
                    yield from grouping.inputs(folder)
            except OSError as error:
                hint = "check the spelling and the permissions"
                raise RequestError.at(source, f"cannot be read: {error.strerror}", hint=hint) from error

    def _wanted(self) -> walk.Wanted:
        path = ledger_path(self.folder, self.request.ledger)
        without = {self.folder, path, path + "-journal"}
        real = os.path.realpath(self.folder)
        for source in self.sources:  # the destination as it is called below a source
            below = os.path.relpath(real, os.path.realpath(source))
            without.add(os.path.normpath(os.path.join(source, below)))
        return walk.Wanted(self.request.include, self.request.exclude, self.request.newer, frozenset(without))

    def _claims(self, folders: Sequence[str], wanted: walk.Wanted) -> dict[str, tuple[str, ...]]:
        """Give for each SPEC file whose headers refer to images below the sources what these may be."""
        candidates: list[walk.Entry] = []
        has_images = False
        for root in folders:
            for folder in walk.walk(root, wanted):
                for file in folder.files.values():
                    if is_image_name(file.name) or file.name.lower().endswith((".cbf", ".tif", ".tiff", ".cbf.gz")):
                        has_images = True
                    elif file.size:
                        candidates.append(file)
        if not has_images:
            return {}
        claims = {}
        for chunk in _chunks(candidates, CHUNK):
            new = []
            for file in chunk:
                found = self.ledger.header(file.path, file.size, file.mtime_ns)
                if found is None:
                    found = references.references(file.path)
                    new.append((file, found))
                paths = references.meant(found, folders) if found else []
                if paths:
                    claims[file.path] = tuple(paths)
            if new:
                with self.ledger.transaction():
                    for file, found in new:
                        self.ledger.note_header(file.path, file.size, file.mtime_ns, found)
        return claims

    def discover(self) -> None:
        """Note all inputs that are new or changed, or whose conversion was not complete."""
        found = 0
        for chunk in _chunks(self.inputs(), CHUNK):
            found += len(chunk)
            with self.ledger.transaction():
                for item in chunk:
                    self._offer(item)
        with self.ledger.transaction():
            known = sum(self.ledger.counts(self.sources).values())
            if known and not found and not self._is_narrowed():
                raise ReadError.at(
                    self.sources[0],
                    "nothing is there any more",
                    f"{known} inputs that the ledger knows expected",
                    "is it mounted?",
                )
            self.ledger.forget_gone(self.sources)
        self.total = self.ledger.waiting()

    def _is_narrowed(self) -> bool:
        return bool(self.request.include or self.request.exclude or self.request.newer)

    def _offer(self, item: Input) -> None:
        """Note one input, unless it is as it was."""
        known = self.ledger.known(item.source)
        if item.refused is not None:
            refused = item.refused
            problem = Problem(
                Place(item.source), refused.reason, hint=refused.hint, severity="lost" if refused.lost else "note"
            )
            if known is None or known[0] != item.stamp or known[5] is not None:
                self.ledger.refuse(item, "failed" if refused.lost else "skipped", problem, "")
            return
        if known is not None and self._is_unchanged(item, known):
            self.unchanged += 1
            return
        self.ledger.offer(item, self._output_name(item))

    def _output_name(self, item: Input) -> str:
        below = os.path.relpath(item.folder, self.base)
        name = item.name or outputs.output_name(item.source, self._extensions)
        if below.startswith(os.pardir) or below == os.curdir:  # the source may be the input itself
            return name
        return os.path.join(below, name)

    def output_of(self, item: Input) -> str:
        """Give the path of the output of an input, where no other one has taken its name."""
        return os.path.join(self.folder, self._output_name(item))

    def _is_unchanged(self, item: Input, known: tuple[Any, ...]) -> bool:
        stamp, signature, reader, status, again, output, size = known
        if stamp != item.stamp or again or status not in ("converted", "skipped", "failed"):
            return False
        if signature != self._signature(self.ledger.batch, reader or "", item.reading):
            return False
        if status != "converted":
            return True
        try:
            return bool(os.stat(self.ledger.absolute(output)).st_size == size)
        except OSError:
            return False

    def _signature(self, batch: int, reader: str, own: dict[str, Any]) -> str:
        key = (batch, reader, json.dumps(own) if own else "")
        found = self._signatures.get(key)
        if found is None:
            found = self._signatures[key] = self._request_of(batch).signature(reader, own)
            if own:
                del self._signatures[key]  # each of its kind is asked for once
        return found

    def _request_of(self, batch: int) -> Asked:
        if batch not in self._asked:
            own = batch == self.ledger.batch
            self._asked[batch] = self._own if own else Asked.of_record(self.ledger.request(batch))
        return self._asked[batch]

    def _left_over(self) -> list[Input]:
        """Give what the images make that SPEC files might have taken and did not."""
        claimed, taken, kept = self.ledger.taken()
        rest = sorted(path for path in claimed - taken - kept if os.path.lexists(path))
        folders = [source for source in self.sources if os.path.isdir(source)]
        found = []
        for root in folders:
            below = [path for path in rest if path.startswith(root.rstrip(os.sep) + os.sep)]
            found += list(Grouping(root, self._wanted(), {}, folders).left_over(below))
        return found


def _base(sources: Sequence[str]) -> str:
    """Give the folder below which the outputs have the folders of their inputs: the source, or what all share."""
    folders = [source if os.path.isdir(source) else os.path.dirname(source) for source in sources]
    return os.path.commonpath(folders) if folders else ""


def _chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
