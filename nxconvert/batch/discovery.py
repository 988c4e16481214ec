"""What there is to do: every input of some sources, and of these the ones that are new or changed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

from nxconvert import outputs, resources
from nxconvert.batch import references, walk
from nxconvert.batch.asked import Asked, Request, ledger_path, mapping_of
from nxconvert.batch.inputs import Grouping, Input, is_image_name, of_files
from nxconvert.batch.ledger import Known, Ledger
from nxconvert.errors import Place, Problem, ReadError, RequestError

Item = TypeVar("Item")

#: inputs that are noted at once at most
CHUNK = 256
#: files and folders that are remembered between two looks at them
KEPT = 100_000
#: the variable that lists folders with mappings
MAPPINGS = "NXCONVERT_MAPPINGS"


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
        self._signatures: dict[tuple[int, str, str], tuple[str, ...]] = {}
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
        #: the folders of each source, until all is known
        self._kept: dict[str, list[walk.Folder]] = {}
        #: tells this state of the sources, the options and the mappings from all others; empty where nothing does
        self._state = ""

    @cached_property
    def _extensions(self) -> list[str]:
        from nxconvert import registry

        return sorted({ending for reader in registry.readers().values() for ending in reader.extensions})

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
                for folder in self._folders(source, wanted):
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

    def _folders(self, root: str, wanted: walk.Wanted) -> Iterator[walk.Folder]:
        """Give the folders below a source: those that were seen before, unless they were too many to remember."""
        if root in self._kept:
            yield from self._kept[root]
            return
        own: list[walk.Folder] = []
        count = 0
        for folder in walk.walk(root, wanted):
            count += len(folder.files) + 1
            if count < KEPT:
                own.append(folder)
            yield folder
        if count < KEPT:
            self._kept[root] = own

    def _claims(self, folders: Sequence[str], wanted: walk.Wanted) -> dict[str, tuple[str, ...]]:
        """Give for each SPEC file whose headers refer to images below the sources what these may be."""
        candidates: list[walk.Entry] = []
        has_images = False
        for root in folders:
            for folder in self._folders(root, wanted):
                for file in folder.files.values():
                    if is_image_name(file.name) or file.name.lower().endswith((".cbf", ".tif", ".tiff", ".cbf.gz")):
                        has_images = True
                    elif file.size:
                        candidates.append(file)
        if not has_images:
            return {}
        claims = {}
        for chunk in chunks(candidates, CHUNK):
            new = []
            headers = self.ledger.headers(chunk)
            for file in chunk:
                found = headers.get(file.path)
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
        self._state = self._look_at_state()
        done = self.ledger.complete(self._state, self.sources)
        if done:  # which files belong together, and what is known of each, need not be asked
            self.unchanged = done
            return
        found = 0
        for chunk in chunks(self.inputs(), CHUNK):
            found += len(chunk)
            with self.ledger.transaction():
                self._offer(chunk)
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
        self._kept.clear()
        self.total = self.ledger.waiting()

    def _look_at_state(self) -> str:
        """Look at all files, and at all mappings there are; give a digest of them, of the options and the version.

        It is empty where it could not tell everything: a mapping that is named by its file may extend any other file.
        """
        if any(os.path.isabs(name) for name in self._own.options.mappings):
            return ""
        wanted = self._wanted()
        asked = (self._own.signatures("", {}), self._own.reading, self.sources, *wanted.choice)
        digest = hashlib.sha256(json.dumps(asked).encode())

        def take(path: str, size: int, mtime_ns: int) -> None:
            digest.update(f"{path}\0{size}\0{mtime_ns}\0".encode("utf-8", "surrogateescape"))

        mappings = resources.listed_folders(MAPPINGS)
        try:
            for place in (*mappings, resources.user_folder("mappings"), resources.mappings_dir()):
                take(str(place), 0, 0)
                for path in sorted(place.rglob("*.y*ml")):
                    status = path.stat()
                    take(str(path), status.st_size, status.st_mtime_ns)
            for source in self.sources:
                if not os.path.isdir(source):
                    file = walk.look_at(source)
                    take(file.path, file.size, file.mtime_ns)
                    continue
                for folder in self._folders(source, wanted):
                    take(folder.path, len(folder.files), len(folder.folders))
                    for file in folder.files.values():
                        take(file.path, file.size, file.mtime_ns)
                    for item in folder.refused:
                        take(f"{item.path}\0{item.reason}", 0, 0)
        except OSError:
            return ""  # whoever goes on will meet it, and tell
        return digest.hexdigest()

    def _is_narrowed(self) -> bool:
        return bool(self.request.include or self.request.exclude or self.request.newer)

    def _offer(self, items: Sequence[Input]) -> None:
        """Note inputs, but for those that are as they were."""
        known = self.ledger.known(*(item.source for item in items))
        for item in items:
            self._offer_one(item, known.get(item.source))

    def _offer_one(self, item: Input, known: Known | None) -> None:
        if item.refused is not None:
            refused = item.refused
            problem = Problem(
                Place(item.source), refused.reason, hint=refused.hint, severity="lost" if refused.lost else "note"
            )
            if known is None or known.stamp != item.stamp or known.output is not None:
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

    def _is_unchanged(self, item: Input, known: Known) -> bool:
        if known.stamp != item.stamp or known.again or known.status not in ("converted", "skipped", "failed"):
            return False
        if known.signature not in self._signatures_of(self.ledger.batch, known.reader or "", item.reading):
            return False
        if known.status != "converted":
            return True
        try:
            return bool(os.stat(self.ledger.absolute(known.output)).st_size == known.output_size)
        except OSError:
            return False

    def _signatures_of(self, batch: int, reader: str, own: dict[str, Any]) -> tuple[str, ...]:
        key = (batch, reader, json.dumps(own) if own else "")
        found = self._signatures.get(key)
        if found is None:
            found = self._signatures[key] = self._request_of(batch).signatures(reader, own)
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


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Give items some at a time."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
