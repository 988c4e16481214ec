"""What a watch sees: which inputs are new or changed, which have settled, and which have become part of another one."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from nxconvert.batch import references, walk
from nxconvert.batch.asked import Request
from nxconvert.batch.inputs import COMPRESSED, Grouping, Input, is_image_name
from nxconvert.batch.ledger import Known, Row
from nxconvert.batch.run import Batch
from nxconvert.batch.watch_settle import Settling
from nxconvert.batch.watch_spec import Growth


class Looking(Batch):
    """A batch that looks at single folders again, and remembers what it has seen in them.

    ``settling``: what is waited for; ``running``: what is being converted; ``active``: when something last happened.
    """

    def __init__(self, request: Request, settle: float) -> None:
        super().__init__(request, _no_engine)
        self.settling = Settling(settle)
        self.running: dict[str, Row] = {}
        self.active = time.monotonic()
        #: by source: the state that needs nothing more, the state that was offered, and the folder in which it is found
        self._seen: dict[str, str] = {}
        self._stamps: dict[str, str] = {}
        self._homes: dict[str, str] = {}
        #: the sources of each folder
        self._by_folder: dict[str, set[str]] = {}
        #: when an output is tried again that could not be written
        self._retry: dict[str, float] = {}
        self._has_images = False
        self._claimed: dict[str, tuple[str, ...]] = {}
        self._growing: set[str] = set()
        self._growths: OrderedDict[str, Growth] = OrderedDict()

    def _read(self, root: str, folders: dict[str, bool]) -> list[walk.Folder]:
        """Read folders below a root, and the ones above them, whose inputs may have files in them."""
        wanted = self._wanted()
        paths: set[str] = set()
        deep: list[str] = []
        for path, is_new in folders.items():
            if path != root and not path.startswith(root.rstrip(os.sep) + os.sep):
                continue
            if not self._is_watched(root, path, wanted):
                continue
            paths.update((path, os.path.dirname(path)) if path != root else (path,))
            if is_new:
                deep.append(path)
        found: dict[str, walk.Folder] = {}
        for path in sorted(paths):
            try:
                found[path] = walk.read_folder(path, root, wanted)
            except (FileNotFoundError, NotADirectoryError):
                if path == root:
                    raise
                self._forget_folder(path)
            except PermissionError:
                continue  # a look at all tells
        for path in deep:
            waiting = [path] if path in found else []
            while waiting:
                folder = found[waiting.pop()]
                for name in folder.folders:
                    below = os.path.join(folder.path, name)
                    try:
                        found[below] = walk.read_folder(below, root, wanted)
                    except OSError:
                        continue
                    waiting.append(below)
        return [found[path] for path in sorted(found)]

    def _is_watched(self, root: str, path: str, wanted: walk.Wanted) -> bool:
        """Tell whether a folder below a root is looked at, and none above it is left out."""
        while path != root:
            if wanted.is_left_out(path, os.path.relpath(path, root), os.path.basename(path)):
                return False
            path = os.path.dirname(path)
        return True

    def _sort(self, root: str, folders: list[walk.Folder], now: float) -> list[Input]:
        """Make inputs of folders, and give those that have settled."""
        self._claim(folders)
        grouping = Grouping(root, self._wanted(), self._claimed, list(self.sources))
        ready = []
        for folder in folders:
            sources = set()
            for item in self._inputs_of(grouping, folder):
                sources.add(item.source)
                self._homes[item.source] = folder.path
                if self._is_ready(item, now):
                    ready.append(item)
            for source in self._by_folder.get(folder.path, set()) - sources:
                self._drop(source)
            self._by_folder[folder.path] = sources
        return ready

    def _inputs_of(self, grouping: Grouping, folder: walk.Folder) -> list[Input]:
        for _ in range(3):
            try:
                return list(grouping.inputs(folder))
            except FileNotFoundError:  # deleted while it is looked at
                try:
                    folder = walk.read_folder(folder.path, grouping.root, grouping.wanted)
                except (FileNotFoundError, NotADirectoryError):
                    return []
        return []

    def _claim(self, folders: Iterable[walk.Folder]) -> None:
        """Learn which images the SPEC files in folders mean, once there are any images."""
        files = [file for folder in folders for file in folder.files.values()]
        images = (".cbf", ".tif", ".tiff", ".cbf.gz")
        self._has_images = self._has_images or any(
            is_image_name(file.name) or file.name.lower().endswith(images) for file in files
        )
        if not self._has_images:
            return
        for file in files:
            if is_image_name(file.name) or not file.size:
                continue
            found = self.ledger.headers([file]).get(file.path)
            if found is None:
                found = references.references(file.path)
                with self.ledger.transaction():
                    self.ledger.note_header(file.path, file.size, file.mtime_ns, found)
            paths = references.meant(found, list(self.sources)) if found else []
            if paths:
                self._claimed[file.path] = tuple(paths)
            else:
                self._claimed.pop(file.path, None)

    def _is_ready(self, item: Input, now: float) -> bool:
        """Tell whether an input is new or changed, and has settled."""
        source = item.source
        if source in self.running:
            return False
        if item.refused is None and self._seen.get(source) == item.stamp:
            self.settling.forget(source)
            return False
        if self._retry.get(source, 0.0) > now and self._stamps.get(source) == item.stamp:
            return False
        if any(row.source == source for _result, row in self._results):
            self._sync(0)  # what the ledger is asked now, it has to know
        known = self.ledger.known(source).get(source)
        if known is not None and (item.refused is not None or self._is_unchanged(item, known)):
            self._seen[source] = item.stamp
            self.settling.forget(source)
            return False
        if item.refused is not None:
            return True
        self.active = now
        if known is not None and self._may_grow(item, known):
            self._growing.add(source)
        else:
            self._growing.discard(source)
        return self.settling.see(item, now)

    def _may_grow(self, item: Input, known: Known) -> bool:
        """Tell whether an output is that of a SPEC file that may have grown since."""
        if known.reader != "spec" or known.status != "converted" or known.again or item.source.endswith(COMPRESSED):
            return False
        # what the whole output is looked at for is written as a whole
        whole = self.request.verify or self.request.options.validate
        if whole or known.signature not in self._signatures_of(self.ledger.batch, "spec", item.reading):
            return False
        try:
            return bool(os.stat(self.ledger.absolute(known.output)).st_size == known.output_size)
        except OSError:
            return False

    def _drop(self, source: str) -> None:
        """Leave an input that is none any more: deleted, or taken into another one, to which its output gives way."""
        self.settling.forget(source)
        self._homes.pop(source, None)
        self._growths.pop(source, None)
        if source in self.running or self._seen.pop(source, None) is None or not os.path.isfile(source):
            return
        self._sync(0)
        known = self.ledger.known(source).get(source)
        if known is None or known.status != "converted":
            return
        output = self.ledger.absolute(known.output)
        try:
            if os.stat(output).st_size == known.output_size:
                os.unlink(output)
        except OSError:
            return
        with self.ledger.transaction():
            self.ledger.forget(source)

    def _forget_folder(self, path: str) -> None:
        for source in self._by_folder.pop(path, set()):
            self._drop(source)


def _no_engine() -> Any:
    raise AssertionError("a watch has threads of its own")
