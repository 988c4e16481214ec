"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is against a rule: its severity, the rule's name, the path in the file, and what to do.

    An ``error`` makes a program fail or draw wrong conclusions, a ``warning`` hinders some program, a ``note`` is
    what nexusformat remarks on correct files too.
    """

    severity: str
    rule: str
    path: str
    found: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.severity}: {self.path}: {self.found} [{self.rule}]"
        return f"{text}\n  hint: {self.hint}" if self.hint else text
