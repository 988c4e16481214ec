"""nexusformat as judge: application definitions and base classes as the NIAC publishes them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from nxconvert.errors import RequestError
from nxconvert.validate.findings import Finding

#: The rules under which nexusformat's errors and remarks stand.
RULES = {
    "definition": "what an application definition demands is missing or wrong (nexusformat)",
    "base-class": "a base class does not allow it (nexusformat)",
}


def load() -> Any:
    """Import nexusformat's validator; RequestError, with the way to get it, where it is not installed."""
    try:
        from nexusformat.nexus import validate
    except ImportError as error:
        raise RequestError.at(
            "nexusformat",
            f"the package is needed for application definitions: {error}",
            hint="python3 -m pip install 'nxconvert[validate]', or give --own-rules",
        ) from error
    return validate


def definitions_folder() -> Path:
    """Give the folder of the definitions that nexusformat brings."""
    return Path(load().__file__).parents[1] / "definitions"


def judge(path: str, targets: list[tuple[str, str]]) -> list[Finding]:
    """Let nexusformat judge every definition and then the whole file.

    *targets*: the path of each NXentry or NXsubentry with a definition, and the definition.
    """
    validate = load()
    found: list[Finding] = []
    with _listening(validate) as heard:
        with ExitStack() as stack:
            # its own function opens the file anew for each entry, and reads the names of all of them each time
            opened: list[Any] = []

            def apply(place: str, application: str) -> bool:
                if not opened:
                    opened.append(stack.enter_context(validate.nxopen(path)))
                validate.ApplicationValidator(application).validate(opened[0][place])
                return True

            for place, application in targets:
                heard.begin(place)
                reason = f"'{application}' is no name of a definition"
                if re.fullmatch(r"NX\w+", application):  # it takes anything else for the path of a file
                    validate.validators.clear()
                    reason = _call(partial(apply, place, application), heard)
                found += heard.findings("definition")
                if reason:
                    text = f"nexusformat cannot judge {application}: {reason}"
                    found.append(Finding("error", "definition", place, text))
        heard.begin("/")
        validate.validators.clear()
        reason = _call(partial(validate.validate_file, path), heard)
        found += heard.findings("base-class")
        if reason:
            found.append(Finding("error", "base-class", "/", f"nexusformat cannot judge the file: {reason}"))
    return list(dict.fromkeys(found))


def _call(work: Callable[[], Any], heard: _Ear) -> str:
    """Do the work of the judge; give the reason why it gave no judgement, empty when it did."""
    try:
        return "" if work() is not None else heard.last or "it gives no reason"
    except Exception as error:  # the judge stumbles over many a fault; that is a finding, not our end
        return f"{type(error).__name__}: {error}"


#: NXmpes demands groups that the base classes do not know where it wants them
_CONTRADICTIONS = (
    "NXelectronanalyzer is an invalid class in NXinstrument",
    "NXelectron_detector is an invalid class in NXelectronanalyzer",
)


class _Ear(logging.Handler):
    """Hears what the judge logs: each message stands below the lines that say where it belongs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.begin("/")

    def begin(self, place: str) -> None:
        self._place = place
        self._above: list[tuple[int, str]] = []
        self._heard: list[tuple[str, str, str]] = []
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        depth = len(message) - len(message.lstrip(" "))
        text = message.strip()
        if record.levelno >= logging.CRITICAL:
            self._above = [item for item in self._above if item[0] < depth]
            where = re.fullmatch(r"\w+: (/.*)", text)
            if where is not None:
                self._above.append((depth, where[1]))
            return
        self.last = text
        severity = "error" if record.levelno >= logging.ERROR else "note"
        below = [place for level, place in self._above if level < depth]
        self._heard.append((severity, below[-1] if below else self._place, text))

    def findings(self, rule: str) -> list[Finding]:
        return [
            Finding("note" if text in _CONTRADICTIONS else severity, rule, place, text)
            for severity, place, text in self._heard
        ]


@contextmanager
def _listening(validate: Any) -> Iterator[_Ear]:
    """Take the judge's log for a while, so that nothing of it goes to standard error."""
    logger, ear = validate.logger, _Ear()
    handlers, level, propagate = logger.handlers, logger.level, logger.propagate
    logger.handlers, logger.propagate = [ear], False
    logger.setLevel(logging.WARNING)
    try:
        yield ear
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)
