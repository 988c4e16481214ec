from __future__ import annotations

import json
import os
import sys

import pytest

from nxconvert.cli import signals
from nxconvert.cli.talk import Talk, print_path, print_table, try_each
from nxconvert.errors import Place, Problem, ReadError, RequestError
from nxconvert.request import Outcome

Capture = pytest.CaptureFixture[str]

NOTE = Problem(Place("a.spec", 3), "the time has no zone", severity="note")
WARNING = Problem(Place("a.spec", 7), "row has 2 values", "#L names 3 columns", "it was filled with nan")
LOST = Problem(Place("a.spec", 9), "scan 2 cannot be read", severity="lost")


def outcome(*problems: Problem, status: str = "converted") -> Outcome:
    return Outcome("a.spec", "a.nxs", status, scans=2, seconds=0.25, problems=list(problems))


def test_a_result_goes_to_stdout_and_everything_else_to_stderr(capfd: Capture) -> None:
    talk = Talk()
    talk.report(outcome(NOTE, WARNING))
    assert talk.finish() == 0
    assert capfd.readouterr() == (
        "a.nxs\n",
        "warning: a.spec:7: row has 2 values, #L names 3 columns\n  hint: it was filled with nan\n"
        "1 converted; 2 scans in 0.25 s; 1 note, 1 warning\n",
    )


def test_verbose_shows_notes_too_and_what_is_lost_comes_first(capfd: Capture) -> None:
    talk = Talk(verbosity=1)
    talk.report(outcome(NOTE, LOST))
    assert talk.finish() == 1
    assert capfd.readouterr().err == (
        "a.spec:9: scan 2 cannot be read\n"
        "note: a.spec:3: the time has no zone\n"
        "1 converted; 2 scans in 0.25 s; 1 note, 1 lost\n"
    )


def test_quiet_shows_only_what_is_lost(capfd: Capture) -> None:
    talk = Talk(verbosity=-1)
    talk.report(outcome(NOTE, WARNING, LOST))
    talk.report(outcome(WARNING, status="skipped"))
    assert talk.finish() == 1
    assert capfd.readouterr() == ("a.nxs\n", "a.spec:9: scan 2 cannot be read\n")


def test_strict_counts_warnings_but_not_notes(capfd: Capture) -> None:
    for problem, status in ((NOTE, 0), (WARNING, 1)):
        talk = Talk(strict=True)
        talk.report(outcome(problem))
        assert talk.finish() == status


def test_a_failed_input_gives_no_path_and_status_1(capfd: Capture) -> None:
    talk = Talk()
    talk.report(outcome(LOST, status="failed"))
    talk.report(outcome())
    assert talk.finish() == 1
    out, err = capfd.readouterr()
    assert out == "a.nxs\n"
    assert err.endswith("1 converted, 1 failed; 4 scans in 0.50 s; 1 lost\n")


def test_a_skipped_input_is_told_on_stderr(capfd: Capture) -> None:
    talk = Talk()
    talk.report(Outcome("a.spec", "a.nxs", "skipped"))
    assert talk.finish() == 0
    assert capfd.readouterr() == (
        "",
        "a.nxs: exists and was left as it is\n1 skipped; 0 scans in 0.00 s\n",
    )


def test_many_problems_of_one_file_are_cut_unless_verbose(capfd: Capture) -> None:
    problems = [Problem(Place("a.spec", line), "odd row") for line in range(30)]
    Talk().report(outcome(*problems))
    assert capfd.readouterr().err.splitlines()[19:] == [
        "warning: a.spec:19: odd row",
        "and 10 more problems, which -v shows",
    ]
    Talk(verbosity=1).report(outcome(*problems))
    assert len(capfd.readouterr().err.splitlines()) == 30


def test_json_is_one_object_per_line(capfd: Capture) -> None:
    talk = Talk(as_json=True)
    talk.report(outcome(WARNING))
    talk.report(Outcome("b.spec", "b.nxs", "failed", problems=[LOST]))
    first, second = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    assert first == {
        "source": "a.spec",
        "output": "a.nxs",
        "status": "converted",
        "scans": 2,
        "problems": [
            {
                "path": "a.spec",
                "line": 7,
                "severity": "warning",
                "found": "row has 2 values",
                "expected": "#L names 3 columns",
                "hint": "it was filled with nan",
            }
        ],
        "seconds": 0.25,
    }
    assert (second["status"], second["problems"][0]["severity"]) == ("failed", "lost")


def test_a_fault_of_the_program_shows_where_it_happened_only_when_verbose(capfd: Capture) -> None:
    faulty = Outcome("a.spec", status="failed", problems=[LOST], trace="Traceback: here")
    Talk().report(faulty)
    assert "Traceback" not in capfd.readouterr().err
    Talk(verbosity=1).report(faulty)
    assert "Traceback: here\n" in capfd.readouterr().err


def test_a_path_that_is_no_text_is_printed_as_its_bytes(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    print_path(os.fsdecode(b"caf\xe9.nxs"))
    assert capfdbinary.readouterr().out == b"caf\xe9.nxs\n"


def test_a_table_is_aligned_with_numbers_to_the_right(capfd: Capture) -> None:
    print_table(("name", "n", "text"), [("a", 5, ""), ("longer", 12, "x")])
    assert capfd.readouterr().out == "name     n  text\na        5\nlonger  12  x\n"
    print_table(("name", "n"), [])
    assert capfd.readouterr().out == "name  n\n"


def test_every_item_is_tried_and_the_worst_status_counts(capfd: Capture) -> None:
    seen = []

    def action(name: str) -> None:
        seen.append(name)
        if name == "b":
            raise RequestError.at(name, "wrong")
        if name == "c":
            raise ReadError.at(name, "unreadable")

    assert try_each(["a", "b", "c"], action) == 2
    assert try_each(["c"], action) == 1
    assert seen == ["a", "b", "c", "c"]
    assert capfd.readouterr().err == "b: wrong\nc: unreadable\nc: unreadable\n"


def test_progress_is_shown_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Talk().progress("a.spec") as advance:
        advance(10, 100)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Talk(verbosity=-1).progress("a.spec") as advance:
        advance(10, 100)
    assert capsys.readouterr().err == ""
    with Talk().progress("a.spec") as advance:
        advance(10, 100)
        advance(20, None)


def test_a_signal_whose_exception_was_lost_is_seen_between_two_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "_pending", 15)
    with Talk().progress("a.spec") as advance, pytest.raises(signals.Stopped) as caught:
        advance(10, 100)
    assert caught.value.number == 15


def test_only_the_exception_of_a_signal_is_silent_in_a_finaliser(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Finalised:
        def __init__(self, error: BaseException) -> None:
            self.error = error

        def __del__(self) -> None:
            raise self.error

    monkeypatch.setattr(sys, "unraisablehook", signals._unraisable)
    Finalised(signals.Stopped(15))
    assert capsys.readouterr().err == ""
    Finalised(ValueError("told"))
    assert capsys.readouterr().err.endswith("ValueError: told\n")
