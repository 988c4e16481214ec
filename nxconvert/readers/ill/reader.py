"""Opening numors: one scan for each, in the file's order."""

from __future__ import annotations

from collections.abc import Iterator

from nxconvert.errors import Place, Problem, ReadError
from nxconvert.readers.ill.build import build
from nxconvert.readers.ill.index import Span, spans
from nxconvert.readers.ill.numor import Parser
from nxconvert.scan import Scan, ScanFile, SourceFile, Wanted
from nxconvert.streams import Source


class NumorFile(ScanFile):
    """An open numor; a file that holds several, one after the other, has as many scans."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.path = source.path
        self.problems: list[Problem] = list(source.problems)

    @property
    def size(self) -> int:
        """Size of the (decompressed) input in bytes."""
        return self.source.size

    def scans(self, wanted: Wanted | None = None) -> Iterator[Scan]:
        """Give the scans in file order; with *wanted*, only those whose number and order it takes.

        ReadError when there is no block, or none but the first.
        """
        self.problems[:] = self.source.problems
        found = spans(self.source, self.problems)
        self.position = self.source.position
        begins = [at for at, span in enumerate(found) if span.letter == "R"]
        if not begins or (len(begins) == 1 and len(found) - begins[0] == 1):
            raise ReadError.at(
                Place(self.path, found[-1].line),
                "the numor ends here" if begins else "there is no line of 80 R",
                "a block of text (80 A) expected" if begins else "a numor expected",
                "the file may be a part of its original",
            )
        orders: dict[int, int] = {}
        for index, (begin, end) in enumerate(zip(begins, [*begins[1:], len(found)], strict=True)):
            own: list[Span] = found[begin:end]
            parser = Parser(self.source, own)
            numor = parser.parse()
            order = orders[numor.run] = orders.get(numor.run, 0) + 1
            if wanted is None or wanted(numor.run, order):
                yield build(self.source, numor, order, index, self.problems)

    def sources(self) -> list[SourceFile]:
        """Name the file that was read."""
        return [self.source.source_file()]

    def close(self) -> None:
        """Release the file."""
        self.source.close()
