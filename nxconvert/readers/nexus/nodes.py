"""Groups and datasets of an HDF5 file, reached link by link.

HDF5 never follows a soft or an external link here: each is resolved step by step, so that a link that leads nowhere, in
a circle, or out of the folders that may be read is a problem with a place and not an accident.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from h5py import h5, h5a, h5d, h5g, h5l, h5o, h5p, h5s, h5t

from nxconvert.errors import Place, Problem, ReadError
from nxconvert.readers.nexus.files import DAMAGE, Files, OpenFile, Refused, first_line

#: classes of groups that only hold values; there may be none
LOOSE = ("", "NXcollection", "NXparameters", "NXnote")
#: links that may follow one another before they are taken for a circle (as in HDF5)
_MOST_LINKS = 16
#: bytes of an attribute that is worth a look
_LONGEST_ATTRIBUTE = 1 << 20

_OUTSIDE_HINT = "to read it, name its folder as one of the roots"


@dataclass(slots=True, eq=False)
class Kind:
    """A type as numpy has it, whether it is one of text, and the type of HDF5 by which its values fill an array."""

    dtype: np.dtype[Any]
    text: bool
    read_as: Any


class Session:
    """What is shared while a file is read: its files, the problems of what is read now, the groups seen lately."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.path = files.main.path
        self.problems: list[Problem] = []
        self.told: set[str] = set()
        #: the types that were met: each is worked out in many small steps
        self._kinds: dict[bytes, Kind] = {}
        self._nodes: dict[tuple[int, int], Node] = {}
        self._checked: dict[tuple[int, int], bool] = {}
        root = h5g.open(files.main.id, b"/")
        self.root = Group(self, files.main, root, "/", (files.main.number, h5o.get_info(root).addr))

    def begin(self, problems: list[Problem]) -> None:
        """Take up another scan: its problems go to *problems*."""
        self.problems = problems
        self.told = {str(problem) for problem in problems}
        self._nodes.clear()
        self._checked.clear()
        self.root.forget()

    def tell(self, file: OpenFile, found: str, expected: str = "", hint: str = "", severity: str = "warning") -> None:
        """Note a problem, once."""
        problem = Problem(Place(file.path), found, expected, hint, severity)
        text = str(problem)
        if text not in self.told:
            self.told.add(text)
            self.problems.append(problem)

    def tell_refused(self, file: OpenFile, what: str, where: str, hint: str = "") -> None:
        """Note that something leads out of the folders that may be read."""
        roots = " or ".join(f"'{root}'" for root in self.files.roots)
        found = f"{what} leads to '{where}', which is not read"
        self.tell(file, found, f"a file below {roots} expected", hint or _OUTSIDE_HINT, "lost")

    def root_of(self, file: OpenFile) -> Group:
        """Give the root group of a file."""
        if file is self.files.main:
            return self.root
        made = h5g.open(file.id, b"/")
        node = self.node(file, made, "/", (file.number, h5o.get_info(made).addr))
        assert isinstance(node, Group)
        return node

    def checked(self, data: Data, check: Callable[[], bool]) -> bool:
        """Give the result of a check of a dataset, made once for each scan."""
        if data.key not in self._checked:
            self._checked[data.key] = check()
        return self._checked[data.key]

    def known(self, key: tuple[int, int]) -> Node | None:
        """Give what was opened since the scan was begun."""
        return self._nodes.get(key)

    def kind(self, made: Any) -> Kind:
        """Give the type of a dataset or an attribute."""
        stored = made.get_type()
        code = stored.encode()
        found = self._kinds.get(code)
        if found is None:
            dtype = stored.dtype
            text = h5py.check_string_dtype(dtype) is not None
            read_as = None
            if text:
                read_as = h5t.py_create(dtype)
            elif dtype.kind in "iuf" and dtype.metadata is None:
                read_as = h5t.py_create(dtype.newbyteorder("="))
            found = self._kinds[code] = Kind(dtype, text, read_as)
        return found

    def node(self, file: OpenFile, made: Any, path: str, key: tuple[int, int]) -> Node:
        """Wrap what was opened; what was opened since the scan was begun is given again, with what it knows."""
        found = self._nodes.get(key)
        if found is None:
            kind = Group if isinstance(made, h5g.GroupID) else Data if isinstance(made, h5d.DatasetID) else Node
            found = self._nodes[key] = kind(self, file, made, path, key)
        return found


class Node:
    """An object of a file: ``path`` is the one by which it was reached, ``key`` is the same by every path."""

    __slots__ = ("_attributes", "_count", "file", "id", "key", "path", "session")

    def __init__(self, session: Session, file: OpenFile, made: Any, path: str, key: tuple[int, int]) -> None:
        self.session = session
        self.file = file
        self.id = made
        self.path = path
        self.key = key
        self._count: int | None = None
        self._attributes: dict[str, Any] = {}

    @property
    def bare(self) -> bool:
        """Whether the object has no attributes at all."""
        if self._count is None:
            self._count = h5a.get_num_attrs(self.id)
        return not self._count

    def attribute(self, name: str) -> Any:
        """Give an attribute, None where there is none or where it cannot be read."""
        if self.bare:
            return None
        if name not in self._attributes:
            try:
                self._attributes[name] = self._attribute(name)
            except DAMAGE:
                self._attributes[name] = None
        return self._attributes[name]

    def _attribute(self, name: str) -> Any:
        key = name.encode()
        if not h5a.exists(self.id, key):
            return None
        attribute = h5a.open(self.id, key)
        if attribute.get_storage_size() > _LONGEST_ATTRIBUTE:
            return None
        kind = self.session.kind(attribute)
        if not kind.text or attribute.get_space().get_simple_extent_type() != h5s.SCALAR:
            return h5py.AttributeManager(self)[name]
        value = np.empty((), kind.dtype)
        attribute.read(value, kind.read_as)
        found: Any = value[()]
        return found.decode("utf-8", "surrogateescape") if kind.dtype.kind == "O" else found

    def text_attribute(self, name: str) -> str | None:
        """Give an attribute as text, None where there is none."""
        value = self.attribute(name)
        return None if value is None or isinstance(value, h5py.Empty) else text(value)

    def root(self) -> Group:
        """Give the root of the file that this object lies in."""
        return self.session.root_of(self.file)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


class Data(Node):
    """A dataset; ``seen`` is what was found out of its values, ``...`` before anybody looked."""

    __slots__ = ("seen",)

    def __init__(self, session: Session, file: OpenFile, made: Any, path: str, key: tuple[int, int]) -> None:
        super().__init__(session, file, made, path, key)
        self.seen: Any = ...

    def messages(self) -> int:
        """Give which messages its header has: a bit for each kind, counted as the format of HDF5 counts them."""
        info = h5o.get_info(self.id)
        self._count = info.num_attrs
        messages: int = info.hdr.mesg.present
        return messages


class Group(Node):
    """A group."""

    __slots__ = ("_class", "_found", "_links", "_members", "_prefix")

    def __init__(self, session: Session, file: OpenFile, made: Any, path: str, key: tuple[int, int]) -> None:
        super().__init__(session, file, made, path, key)
        self._links: dict[str, tuple[int, int]] | None = None
        self._class: str | None = None
        self._found: dict[str, Node | None] = {}
        self._members: tuple[list[Group], list[tuple[str, Data]]] | None = None
        self._prefix = path if path == "/" else f"{path}/"

    def forget(self) -> None:
        """Forget what was found in this group."""
        self._found.clear()
        self._members = None

    @property
    def nx_class(self) -> str:
        """The class that NX_class states, empty without one."""
        if self._class is None:
            self._class = self.text_attribute("NX_class") or ""
        return self._class

    def names(self) -> list[str]:
        """Give the names of all links: in the order of their creation where the file keeps it, else by name."""
        if self._links is None:
            links: dict[str, tuple[int, int]] = {}

            def take(name: bytes, info: Any) -> None:
                links[name.decode("utf-8", "surrogateescape")] = (info.type, info.u)

            tracked = self.id.get_create_plist().get_link_creation_order() & h5p.CRT_ORDER_TRACKED
            order = h5.INDEX_CRT_ORDER if tracked else h5.INDEX_NAME
            self.id.links.iterate(take, idx_type=order, info=True)
            self._links = links
        return list(self._links)

    def get(self, name: str) -> Node | None:
        """Give what a link leads to; None where there is no such link, or where it leads nowhere, which is told."""
        if name not in self._found:
            self._found[name] = self._get(name, 0)
        return self._found[name]

    def group(self, name: str) -> Group | None:
        """Give the group of that name, or of that path below this group; None where there is none."""
        found = self.at(name)
        return found if isinstance(found, Group) else None

    def data(self, name: str) -> Data | None:
        """Give the dataset of that name, or of that path below this group; None where there is none."""
        found = self.at(name)
        return found if isinstance(found, Data) else None

    def at(self, path: str) -> Node | None:
        """Give what lies at a path below this group."""
        return self._walk(path, 0)

    def groups(self, *nx_classes: str) -> list[Group]:
        """Give the groups in this one that have one of these classes, or all of them."""
        groups = self._resolved()[0]
        return [group for group in groups if group.nx_class in nx_classes] if nx_classes else groups

    def datasets(self) -> list[tuple[str, Data]]:
        """Give the datasets in this group by the names of their links."""
        return self._resolved()[1]

    def _resolved(self) -> tuple[list[Group], list[tuple[str, Data]]]:
        """Follow all links, once: the groups, and the datasets with the names of their links."""
        if self._members is None:
            found = [(name, self.get(name)) for name in self.names()]
            groups = [node for _, node in found if isinstance(node, Group)]
            self._members = groups, [(name, node) for name, node in found if isinstance(node, Data)]
        return self._members

    def _info(self, name: str) -> tuple[int, int] | None:
        if self._links is not None:
            return self._links.get(name)
        key = name.encode("utf-8", "surrogateescape")
        if b"\0" in key or not self.id.links.exists(key):
            return None
        info = self.id.links.get_info(key)
        return info.type, info.u

    def _walk(self, path: str, hops: int) -> Node | None:
        node: Node | None = self
        for step in path.split("/"):
            if step in ("", "."):
                continue
            if not isinstance(node, Group):
                return None
            node = node._get(step, hops) if hops else node.get(step)
        return node

    def _get(self, name: str, hops: int) -> Node | None:
        info = self._info(name)
        if info is None:
            return None
        kind, address = info
        path = self._prefix + name
        key = name.encode("utf-8", "surrogateescape")
        if kind == h5l.TYPE_HARD:
            known = self.session.known((self.file.number, address))
            if known is not None:
                return known
            try:
                made = h5o.open(self.id, key)
            except DAMAGE as error:  # what lies beside it is read all the same
                said = f"'{path}' cannot be read: {first_line(error)}"
                self.session.tell(self.file, said, hint="is the file damaged?", severity="lost")
                return None
            return self.session.node(self.file, made, path, (self.file.number, address))
        if hops >= _MOST_LINKS:
            self.session.tell(self.file, f"the link '{path}' leads in a circle")
            return None
        if kind == h5l.TYPE_SOFT:
            found = self._soft(key, hops)
        elif kind == h5l.TYPE_EXTERNAL:
            found = self._external(key, path, hops)
            if found is None:
                return None
        else:
            self.session.tell(self.file, f"the link '{path}' is of a kind that only another program knows")
            return None
        if found is None:
            self.session.tell(self.file, f"the link '{path}' leads nowhere")
        return found

    def _soft(self, key: bytes, hops: int) -> Node | None:
        target = self.id.links.get_val(key).decode("utf-8", "surrogateescape")
        start = self.root() if target.startswith("/") else self
        return start._walk(target, hops + 1)

    def _external(self, key: bytes, path: str, hops: int) -> Node | None:
        session = self.session
        name, target = (part.decode("utf-8", "surrogateescape") for part in self.id.links.get_val(key))
        try:
            located = session.files.locate(name, self.file)
        except Refused as error:
            session.tell_refused(self.file, f"the link '{path}'", str(error))
            return None
        if located is None:
            session.tell(self.file, f"the link '{path}' leads to '{name}', which is not there")
            return None
        try:
            file = session.files.open(located)
        except ReadError as error:
            found = f"the link '{path}' leads to a file that cannot be read, {error.problems[0].found}"
            session.tell(self.file, found, severity="lost")
            return None
        found_node = session.root_of(file)._walk(target, hops + 1)
        if found_node is None:
            session.tell(self.file, f"the link '{path}' leads to '{target}' in '{name}', which is not there")
        return found_node


def text(value: Any) -> str:
    """Give an HDF5 text, however it was stored; the first one of an array."""
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
