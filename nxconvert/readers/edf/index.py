"""Finding the frames of an EDF file: one header after the other, and the size of each block of data.

Headers say how many bytes of data follow, and often wrongly: in EDF_BinarySize, in Size, and by shape and type. The
first of these sizes is taken after which the next header or the end of the file is, then the last one rounded up to
blocks of 512 or 1024 bytes, then whatever a search finds. What is taken although the header says otherwise is told.
"""

from __future__ import annotations

from collections.abc import Callable

from nxconvert.errors import Place, ReadError
from nxconvert.readers.edf import header as grammar
from nxconvert.readers.edf.alike import MANY, FramesAlike
from nxconvert.readers.edf.blobs import can_hold, is_compressed
from nxconvert.readers.edf.frames import EdfFrame
from nxconvert.readers.edf.header import FILL
from nxconvert.readers.edf.sizes import BLOCK, Window, concatenated_rows, cut, measure, next_block
from nxconvert.readers.edf.sources import Bytes, MemberBytes
from nxconvert.readers.edf.store import Headers, Layout, Like
from nxconvert.readers.edf.structure import Kind, Structure
from nxconvert.readers.edf.told import Told

#: where frames are smaller than this, headers are read together with the pixels between them
_SMALL = 65536
#: no file has so many frames
_MOST_FRAMES = 2_000_000
_END = "'}' at the end of a line expected"
_SKIPPED = "the block is passed over"

#: opens the file with the pixels of a frame by its name in the header; ReadError where it cannot be
External = Callable[[str], Bytes]


class Walk:
    """One walk through a file: fills ``frames`` and ``problems``.

    ``spool``: the walk was given up because the file is one compressed piece with many frames, which must be
    decompressed as a whole.
    """

    def __init__(self, path: str, source: Bytes, headers: Headers, external: External) -> None:
        self.path = path
        self.source = source
        self.headers = headers
        self.frames: list[EdfFrame] = []
        self._told = Told(path)
        self.tell, self.problems = self._told.tell, self._told.problems
        self.general_text = b""
        self.spool = False
        self._external = external
        self._window = Window(source)
        self._inherited: tuple[grammar.Item, ...] = ()
        self._first_key = b""
        self._last: Like | None = None
        #: frames of a general block, which count where no others are in the file
        self._reserve: list[EdfFrame] = []

    def run(self) -> None:
        """Find all frames; ReadError where the file does not begin with a header."""
        at: int | None = self._begin()
        like = self.headers.like
        if like is not None and not like.layout.inherited:  # the file before was probably like this one
            self._last, self._first_key = like, like.layout.items[0].key
        while at is not None and at < self.source.size:
            if len(self.frames) > _MOST_FRAMES:
                self.tell("ends", at, f"more than {_MOST_FRAMES} frames", hint="the rest is not read", severity="lost")
                break
            try:
                at = self._series(at) if self._last is not None else self._block(at)
            except ReadError as error:
                at = self._after_damage(error)

            if self.spool:
                return
        if isinstance(self.source, MemberBytes) and self.source.trailing:
            self.tell(
                "ends",
                self.source.size,
                f"{self.source.trailing} bytes follow the end of the compressed data",
                "nothing expected",
                "they are ignored",
                "lost" if self.source.begun else "warning",
            )
        if self._is_cut():
            self.tell(
                "compressed data that break off",
                self.source.size,
                f"the compressed data break off: frame {len(self.frames)} is not whole",
                hint="the frame is not written; fetch the file again",
                severity="lost",
            )
        if not self.frames:
            self.frames = self._reserve
        self._told.count()

    def _begin(self) -> int:
        packed = isinstance(self.source, MemberBytes)
        head = self.source.read_at(0, 64) if packed else self._window.get(0, 4096)
        if head.startswith(b"{"):
            return 0
        text = head.removeprefix(b"\xef\xbb\xbf")
        rest = text.lstrip(FILL)
        if rest.startswith(b"{"):
            return len(head) - len(rest)
        if not self.source.size:
            raise ReadError.at(self.path, "the file is empty", "EDF frames expected", "check how it was copied")
        raise ReadError.at(
            Place(self.path, offset=0),
            f"the file begins with {head[:12]!r}",
            "'{' expected, with which EDF headers begin",
            "'nxconvert info' names the format of a file",
        )

    def _after_damage(self, error: ReadError) -> int:
        """Pass over a damaged piece of a compressed file; what is damaged otherwise cannot be read on."""
        source = self.source
        if not isinstance(source, MemberBytes) or source.damaged is None:
            raise error
        for problem in error.problems:
            self.tell("frames that are damaged", 0, problem.found, problem.expected, problem.hint, "lost")
        after, source.damaged, self._last = source.end_of(source.damaged), None, None
        self._window = Window(source)
        return after

    def _series(self, begin: int) -> int | None:
        """Take the frames that are like the one before; then read the first other block."""
        last = self._last
        assert last is not None
        length, layout, structure, blob, kind = last.length, last.layout, last.structure, last.blob, last.kind
        get, size, stored, head = self._window.get, self.source.size, last.stored, last.head
        path, source, frames = self.path, self.source, self.frames
        add, is_error = layout.add, layout.is_error
        taken = len(frames)
        stride = length + blob
        # what is read at once from a compressed file must not reach over the end of its pieces
        by_many = stride < _SMALL and size - begin > MANY * stride and not isinstance(source, MemberBytes)
        alike = FramesAlike(self._window, last) if by_many else None
        while begin < size:
            if alike is not None and (many := alike.take(begin)):
                for row in range(layout.count - many, layout.count):
                    number, data = len(frames), begin + length
                    frames.append(EdfFrame(path, number, kind, source, data, stored, layout, row, begin, is_error(row)))
                    begin += stride
                taken = len(frames) - 1
                if len(frames) > _MOST_FRAMES:
                    return begin
                continue
            text = get(begin, length)
            if not text.startswith(head):
                break
            # here is a header: so the data before it have the size that was taken for theirs
            taken = len(frames)
            found = add(text.split(b"\n")) if len(text) == length else None
            if found is None:
                return self._block(begin)
            row, data = layout.count - 1, begin + length
            if found is not structure:
                return self._data(begin, data, layout, row, found)
            frames.append(EdfFrame(path, len(frames), kind, source, data, stored, layout, row, begin, is_error(row)))
            begin = data + blob
            if len(frames) > _MOST_FRAMES:
                return begin
        if begin != size and len(frames) > taken:
            # the last frame has other data, or is not whole
            frame = frames.pop()
            return self._data(frame.begin, frame.offset, layout, frame.row, structure)
        return begin if begin == size else self._block(begin)

    def _block(self, begin: int) -> int | None:
        """Read one header, wherever it ends, and measure its data; gives where the next block begins, if any."""
        if isinstance(self.source, MemberBytes):  # which may begin with white space
            head = self._window.get(begin, 64)
            begin += len(head) - len(head.lstrip(FILL))
        ends = self._ends(begin)
        if not ends and self._measure_again():
            return self._block(begin) if begin < self.source.size else None
        if not ends and self._is_cut():
            return None
        if not ends:
            whole = self.source.size - begin
            found = f"no end of this header in {whole} bytes"
            if whole > grammar.LONGEST:
                found = f"no end of this header in {grammar.LONGEST} bytes"
            self.tell("broken headers", begin, found, _END, "the frame is not written", "lost")
            return None
        end = ends[0] if len(ends) == 1 else self._best(begin, ends)
        text = self._window.get(begin, end - begin)
        further = grammar.find_block(text[1:])
        if further >= 0:
            found = f"this header does not end before the next one, {further + 1} bytes on"
            self.tell("broken headers", begin, found, _END, "the frame is not written", "lost")
            return begin + 1 + further
        layout, row, structure = self.headers.add(text, self._inherited)
        if not self._first_key and layout.items:
            self._first_key = layout.items[0].key
        return self._data(begin, end, layout, row, structure)

    def _ends(self, begin: int) -> list[int]:
        size = 4096
        while True:
            data = self._window.get(begin, size)
            ends = grammar.find_ends(data, 0)
            if not ends and (len(data) < size or size >= grammar.LONGEST):
                ends = grammar.weak_ends(data, 0)
                return [begin + end for end in ends]
            if ends:
                return [begin + end for end in ends]
            size *= 4

    def _best(self, begin: int, ends: list[int]) -> int:
        """Choose among the places where a header may end: the first whose data end where they should."""
        for end in sorted(ends, key=lambda end: ((end - begin) % 512 != 0, end)):
            structure = Layout(self._window.get(begin, end - begin).split(b"\n"), self._inherited).structure
            if (structure.kind or structure.general) and self._measure(end, structure, structure.kind) is not None:
                return end
        return ends[-1]

    def _data(self, begin: int, data: int, layout: Layout, row: int, structure: Structure) -> int | None:
        """Measure the data after a header and note the frame; gives where the next block begins, if any."""
        kind = structure.kind
        if kind is not None and kind.compression and not structure.external:
            kind = self._checked(kind, data, structure)
        if kind is not None and structure.images > 1 and not kind.compression:
            after = self._images(begin, data, layout, row, structure, kind)
            if after is not None:
                return after
        found = self._measure(data, structure, kind)
        if found is None and self._measure_again():
            return self._block(begin) if begin < self.source.size else None
        if found is None:
            guessed = self._guess(begin, data, structure, kind)
            if guessed is None:
                return None
            stored, after, rule = guessed
        else:
            stored, after, rule = found
        if structure.general:
            self.general_text = layout.text(row)
            self._inherited = self.headers.general(self.general_text)
        if kind is None or (structure.general and stored < kind.nbytes):
            if not structure.general:
                self.tell("blocks without an image", begin, structure.refused, hint=_SKIPPED, severity="lost")
            return after
        self._told.odd(begin, structure, kind, stored, rule)
        is_error = layout.is_error(row)
        source, offset = self.source, data
        if structure.external:
            where = self._outside(begin, structure, kind)
            if where is None:
                return after
            source, offset, stored = where
        elif not kind.compression:
            stored = kind.nbytes
        if kind.compression and not can_hold(stored, kind):
            data_text = f"frame {len(self.frames)} has {stored} bytes of {kind.compression} data"
            expected = f"{kind.nbytes} bytes of pixels cannot be in them"
            self.tell("frames that cannot be", begin, data_text, expected, "the frame is not written", "lost")
            return after
        frames = self._reserve if structure.general else self.frames
        frame = EdfFrame(self.path, len(frames), kind, source, offset, stored, layout, row, begin, is_error)
        if not frames and after == self.source.size and (rows := concatenated_rows(frame)):
            frames.extend(cut(frame, rows))
            found_text = f"Dim_2 counts the rows of {len(frames)} frames"
            self.tell("concatenated frames", begin, found_text, hint=f"{rows} rows each are taken", severity="note")
            return after
        frames.append(frame)
        # after a search, the distance to the next header tells nothing of the frames that follow
        self._last = None
        if found is not None and after is not None and not structure.external and not structure.general:
            self._like(begin, data, layout, structure, kind, after - data, stored)
        return after

    def _like(
        self, begin: int, data: int, layout: Layout, structure: Structure, kind: Kind, blob: int, stored: int
    ) -> None:
        """Remember the frame, since the next one is probably like it."""
        head = self._window.get(begin, 128)
        head = head[: head.find(b"=") + 1]
        if not head or not layout.items:
            return
        self._last = self.headers.like = Like(data - begin, layout, structure, blob, kind, stored, head)
        stride = data - begin + blob
        if isinstance(self.source, MemberBytes):
            self._window.ahead = data - begin
            first = self.source.first_size
            self.spool = len(self.frames) == 1 and first > 4 * stride
        else:
            self._window.ahead = BLOCK if stride < _SMALL else data - begin

    # --- sizes

    def _measure(self, data: int, structure: Structure, kind: Kind | None) -> tuple[int, int, str] | None:
        return measure(self._window, data, structure, kind, self._first_key)

    def _next(self, at: int) -> int:
        return next_block(self._window, at, self._first_key)

    def _guess(
        self, begin: int, data: int, structure: Structure, kind: Kind | None
    ) -> tuple[int, int | None, str] | None:
        """Find how long the data are where no size fits; None where they break off."""
        size = self.source.size
        if kind is not None and not kind.compression and not structure.external:
            least = kind.nbytes
        elif kind is not None and kind.compression:
            least = min((length for length in structure.sizes.values() if data + length <= size), default=0)
            if structure.sizes and not least:
                least = min(structure.sizes.values())
        else:
            least = 0
        if data + least > size and self._is_cut():
            return None
        if data + least > size:
            have = max(0, size - data)
            self.tell(
                "frames that break off",
                begin,
                f"frame {len(self.frames)} breaks off: {have} bytes of data are in the file",
                f"{least} expected",
                "the frame is not written",
                "lost",
            )
            return None
        at = data + least
        while at < size:
            found = grammar.find_block(self._window.get(at, BLOCK))
            if found >= 0:
                if grammar.describes_data(self._window.get(at, found)):
                    text = f"{found} bytes before the next header are a header whose beginning is damaged, and its data"
                    self.tell("broken headers", at, text, "'{' expected", "the frame is not written", "lost")
                    return at - data, at + found, "the shape"
                return at + found - data, at + found, "a search for the next header"
            at += BLOCK - 256
            if kind is not None and not kind.compression:
                break  # what padding is as long as this?
        if kind is None or not kind.compression:
            found_text = f"{size - data - least} bytes follow that belong to no frame"
            lost = grammar.describes_data(self._window.get(data + least, 4096))
            self.tell("ends", data + least, found_text, "", "they are not read", "lost" if lost else "warning")
            return least, None, "the shape"
        return size - data, None, "the end of the file"

    def _measure_again(self) -> bool:
        """Find the true size of the last compressed piece, where that was not done; its own statement may be wrong."""
        if not isinstance(self.source, MemberBytes) or self.source.is_whole is not None:
            return False
        self.source.measure_last()
        self._window = Window(self.source)
        return True

    def _is_cut(self) -> bool:
        """Tell whether the compressed data break off, which is told once at the end."""
        return isinstance(self.source, MemberBytes) and self.source.is_whole is False

    def _checked(self, kind: Kind, data: int, structure: Structure) -> Kind:
        """Give the kind without compression where the header says that there is one, and there is none."""
        if is_compressed(self._window.get(data, 4), kind.compression):
            return kind
        plain = kind._replace(compression="")
        if self._measure(data, structure, plain) is None:
            return kind
        self.tell(
            "frames that are not compressed",
            data,
            f"the data are not of the compression that the header states ({kind.compression})",
            hint="they are read as they are",
        )
        return plain

    def _images(self, begin: int, data: int, layout: Layout, row: int, structure: Structure, kind: Kind) -> int | None:
        """Take the frames that follow one header (Num_Images); None where there are none such."""
        net, size = kind.nbytes, self.source.size
        after = self._next(data + structure.images * net)
        if after < 0:
            if self._measure(data, structure, kind) is not None and self._next(data + net) != size:
                return None
            count = min(structure.images, (size - data) // net)
            if count < 1:
                return None
            if count < structure.images:
                self.tell(
                    "frames that are missing",
                    begin,
                    f"Num_Images = {structure.images}, and {count} whole frames follow",
                    hint="the rest is not written",
                    severity="lost",
                )
            after = size
        else:
            count = structure.images
        for number in range(count):
            at = data + number * net
            self.frames.append(EdfFrame(self.path, len(self.frames), kind, self.source, at, net, layout, row, begin))
        return after

    # --- other things

    def _outside(self, begin: int, structure: Structure, kind: Kind) -> tuple[Bytes, int, int] | None:
        """Find the pixels in another file."""
        try:
            source = self._external(structure.external)
        except ReadError as error:
            for problem in error.problems:
                self.tell("pixels in other files", begin, problem.found, problem.expected, problem.hint, "lost")
            return None
        offset = structure.external_position
        length = kind.nbytes if not kind.compression else next(iter(structure.sizes.values()), source.size - offset)
        if offset + length > source.size:
            self.tell(
                "pixels in other files",
                begin,
                f"'{structure.external}' has {source.size} bytes",
                f"{offset + length} expected",
                "the frame is not written",
                "lost",
            )
            return None
        return source, offset, length
