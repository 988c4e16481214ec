"""One conversion, as it is sent to another process and comes back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nxconvert import outputs
from nxconvert.errors import NxconvertError, Place, Problem
from nxconvert.request import ConvertOptions, Outcome

if TYPE_CHECKING:
    from nxconvert.scan import SourceFile


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done: an input, the path of its output, and how.

    ``folder``: where the batch writes, below which folders are made. ``expected``: a reader should know the file by
    its name. ``verify``: the output is read back and compared with the source.
    """

    source: str
    output: str
    folder: str
    options: ConvertOptions
    expected: bool = True
    verify: bool = False


@dataclass(slots=True)
class Result:
    """What came of a job.

    ``reader``: the format found. ``size`` in bytes and ``sha256`` are those
    of the output. ``is_place``: the failure is that of the place of the output, not of the source; ``stopped``: the
    job was not done at all, and nothing is known of its source; ``is_addition``: only what is new was read.
    """

    source: str
    outcome: Outcome
    reader: str = ""
    size: int = 0
    sha256: str = ""
    is_place: bool = False
    stopped: bool = False
    is_addition: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What one conversion may take: seconds of time, bytes of memory; None: any."""

    seconds: float | None = None
    memory: int | None = None


def failure(job: Job, found: str, hint: str = "") -> Result:
    """Give the result of a job that failed without a word of its own."""
    outcome = Outcome(job.source, job.output)
    outcome.fail(Problem(Place(job.source), found, hint=hint, severity="lost"))
    return Result(job.source, outcome)


def do(job: Job) -> Result:
    """Convert, and tell what came of it; raises nothing that a file can be the cause of."""
    from nxconvert import pipeline

    outcome = Outcome(job.source, job.output)
    result = Result(job.source, outcome)
    try:
        reader = job.options.reader or _identify(job, outcome)
        result.reader = reader
        if outcome.status != "converted":
            return result
        if not os.path.isdir(job.folder):  # it is never made here: a file system that is gone is not to be replaced
            found = "the folder is not there any more"
            outcome.fail(Problem(Place(job.folder), found, hint="is it mounted?", severity="lost"))
        else:
            outputs.make_folder(os.path.dirname(job.output))
            outcome = pipeline.convert_file(job.source, job.output, replace(job.options, reader=reader))
        result.outcome = outcome
        if outcome.status == "converted" and job.verify:
            _verify(job, replace(job.options, reader=reader), outcome)
    except NxconvertError as error:
        outcome.fail(*error.problems)
    if outcome.status == "converted":
        result.size, result.sha256 = digest_of(job.output)
    places = {problem.place.path for problem in outcome.problems if problem.severity == "lost"}
    result.is_place = outcome.status == "failed" and bool(
        places & {job.output, os.path.dirname(job.output), job.folder}
    )
    return result


def _identify(job: Job, outcome: Outcome) -> str:
    """Find the format; a file of none is a failure only where its name promises one."""
    if job.expected and os.path.isfile(job.source) and not os.path.getsize(job.source):
        outcome.fail(Problem(Place(job.source), "the file is empty", "data expected", "was it copied?", "lost"))
        return ""
    try:
        from nxconvert import registry

        reader = registry.identify(job.source).name
    except NxconvertError as error:
        if job.expected or not os.access(job.source, os.R_OK):
            raise
        outcome.status = "skipped"
        outcome.problems += [replace(problem, severity="note") for problem in error.problems]
        return ""
    if reader == "nexus":
        outcome.status = "skipped"
        outcome.problems.append(Problem(Place(job.source), "is a NeXus file already", severity="note"))
    return reader


def _verify(job: Job, options: ConvertOptions, outcome: Outcome) -> None:
    """Compare the output with its source; one that differs is removed."""
    from nxconvert.verify import verify_file

    findings = [item for item in verify_file(job.source, job.output, options) if item.severity == "error"]
    if findings:
        os.unlink(job.output)
        outcome.fail(
            *(
                Problem(Place(f"{job.source}: {item.path}"), item.found, hint=item.hint, severity="lost")
                for item in findings
            )
        )


def digest_of(path: str) -> tuple[int, str]:
    """Give the size of a file and its SHA-256."""
    import hashlib

    digest = hashlib.sha256()
    size = 0
    buffer = memoryview(bytearray(1 << 18))
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
            size += count
    return size, digest.hexdigest()


def sha256_of(sources: Sequence[SourceFile]) -> str:
    """Give the SHA-256 of what was read: that of the file, or of the list of those of several; empty where unknown."""
    if not all(file.sha256 for file in sources):
        return ""
    if len(sources) == 1:
        return sources[0].sha256
    import hashlib

    lines = sorted(f"{file.sha256}  {os.path.basename(file.path)}\n" for file in sources)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest() if lines else ""
