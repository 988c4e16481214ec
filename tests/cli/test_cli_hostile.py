"""Bad inputs through the real command: exit status, message, nothing left over, bounded time and memory."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import pytest

from nxconvert.pipeline import ConvertOptions, convert_file

pytestmark = pytest.mark.timeout(60)

#: bytes of resident memory that no input may make the command exceed
MEMORY = 400 << 20
#: runs a command as its only child and writes down its largest memory. Asked directly, a child would report the
#: memory of this test process, which it shares until its own program starts.
MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024))
sys.exit(code)
"""
ROWS = b"#F x\n\n#S 1 ascan th 0 1 1 1\n#N 2\n#L th  det\n0 5\n1 7\n"
SCAN = b"#S 2 ascan th 0 1 1 1\n#N 2\n#L th  det\n0 5\n1 7\n"


class Result(NamedTuple):
    """Exit status, standard output, and standard error without its seconds."""

    code: int
    out: str
    err: str


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an empty working folder, emptied again afterwards: the inputs are large."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.chdir(folder)
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setenv("TMPDIR", str(spool))
    yield folder
    assert list(spool.iterdir()) == []
    monkeypatch.undo()
    shutil.rmtree(folder)


def run(*arguments: str | bytes, stdin: bytes = b"", before: tuple[str, ...] = (), **how: Any) -> Result:
    """Run the command; there is no traceback, and the memory is bounded."""
    with tempfile.NamedTemporaryFile() as measured:
        launch = [sys.executable, "-I", "-S", "-c", MEASURE, measured.name]
        command = [*launch, *before, sys.executable, "-m", "nxconvert", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=50, check=False, **how)
        memory = int(measured.read())
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    assert b"fault of the program" not in done.stderr, done.stderr.decode()
    assert memory < MEMORY
    return Result(done.returncode, os.fsdecode(done.stdout), re.sub(r" in \d+\.\d\d s", "", os.fsdecode(done.stderr)))


def left(folder: Path) -> list[str]:
    """Give the names of everything in a folder, hidden files too."""
    return sorted(item.name for item in folder.iterdir())


# --- inputs that are nothing


def test_what_is_no_spec_file_is_refused_with_its_reason(place: Path) -> None:
    (place / "empty.spec").touch()
    (place / "random.spec").write_bytes(random.Random(3).randbytes(100_000))
    (place / "folder.spec").mkdir()
    (place / "cut.spec.gz").write_bytes(gzip.compress(ROWS, mtime=0)[:-9])
    (place / "head.spec.gz").write_bytes(gzip.compress(ROWS, mtime=0)[:3])
    before = left(place)
    size = len(gzip.compress(ROWS, mtime=0)) - 9
    inputs = (*before, "absent.spec")
    assert run("spec2nx", *inputs) == (
        1,
        "",
        f"cut.spec.gz: byte {size}: the compressed data break off here, their end mark expected\n"
        "  hint: the copy is incomplete; fetch the file again\n"
        "empty.spec: the file is empty, SPEC scans expected\n"
        "  hint: check how it was copied\n"
        "folder.spec: this is a directory, a file expected\n"
        "  hint: name the files in it, or use --files-from\n"
        "head.spec.gz: byte 3: the compressed data break off here, their end mark expected\n"
        "  hint: the copy is incomplete; fetch the file again\n"
        "random.spec:1: there is neither a scan (#S and a number) nor a file header (#F, #E), a SPEC file expected\n"
        "  hint: 'nxconvert info' names the format of a file\n"
        "absent.spec: there is no such file, a readable file expected\n"
        "  hint: check the spelling and the directory\n"
        "6 failed; 0 scans; 6 lost\n",
    )
    assert left(place) == before
    for command in ("convert", "info"):
        code, out, err = run(command, *inputs)
        assert (code, out, left(place)) == (1, "", before)
        assert all(f"{name}: " in err for name in inputs)


# --- inputs that were cut

SAMPLE = (
    b"#F x\n#E 1000\n#O0 th  tth\n\n#S 1 ascan th 0 1 2 1\n#P0 0 2.5\n#@CHANN 3 0 2 1\n#@CALIB 0 0.5 0\n"
    b"#N 3\n#L th  I0  det\n0 10 1.25\n@A 1 2\\\n 3\n0.5 11 2.25\n@A 4 5 6\n1 12 3.25\n@A 7 8 9\n#C end\n"
    b"\n#S 2 ct 1\n#N 1\n#L det\n77\n"
)
WHOLE = {"scan_1": {"th": [0, 0.5, 1], "I0": [10, 11, 12], "det": [1.25, 2.25, 3.25]}, "scan_2": {"det": [77]}}


def columns(path: str | Path) -> dict[str, dict[str, list[float]]]:
    """Give the columns of all entries of a file."""
    with h5py.File(path) as file:
        return {
            name: {key: item[()].tolist() for key, item in file[f"{name}/measurement"].items()}
            if "measurement" in file[name]
            else {}
            for name in file
        }


def complete_rows(data: bytes) -> dict[str, int]:
    """Tell how many rows of each scan have their line end."""
    scans = data.split(b"\n#S ")[1:]
    counts = {scan[:2].rstrip().decode(): sum(line[:1].isdigit() for line in scan.split(b"\n")[1:-1]) for scan in scans}
    return {f"scan_{number}": count for number, count in counts.items() if count}


def test_a_file_cut_at_any_byte_is_converted_as_far_as_it_goes(place: Path) -> None:
    options = ConvertOptions(reader="spec", existing="overwrite", time_zone="UTC")
    for length in range(len(SAMPLE)):
        cut = SAMPLE[:length]
        Path("cut.spec").write_bytes(cut)
        Path("cut.nxs").unlink(missing_ok=True)
        outcome = convert_file("cut.spec", "cut.nxs", options)
        assert not outcome.trace, (length, outcome.trace)
        assert outcome.status == "converted" or outcome.problems
        assert left(place) == (["cut.nxs", "cut.spec"] if outcome.status == "converted" else ["cut.spec"]), length
        if outcome.status != "converted":
            assert b"#S 1" not in cut, length
            continue
        found = columns("cut.nxs")
        for scan, count in complete_rows(cut).items():
            for name, values in WHOLE[scan].items():
                # a name of #L may be cut as well, and then a column has another one
                if name in found[scan]:
                    assert found[scan][name][:count] == values[:count], length


@pytest.mark.parametrize("length", [1, 3, 20, 43, 150, 200, len(SAMPLE) - 1])
def test_the_command_ends_well_on_a_file_that_was_cut(place: Path, length: int) -> None:
    (place / "cut.spec").write_bytes(SAMPLE[:length])
    code, out, err = run("spec2nx", "cut.spec")
    made = b"\n#S 1" in SAMPLE[:length]
    assert (code, out) == ((0, "cut.nxs\n") if made else (1, ""))
    assert left(place) == (["cut.nxs", "cut.spec"] if made else ["cut.spec"])
    assert made or re.match(r"cut\.spec(:\d+)?: ", err)


# --- absurd sizes

LONG = 100_000_000


def test_a_row_of_100_mb_is_left_out_and_told(place: Path) -> None:
    with open("long.spec", "wb") as file:
        file.write(ROWS + b"1 " * (LONG // 2) + b"\n2 9\n" + SCAN)
    assert run("spec2nx", "long.spec") == (
        1,
        "long.nxs\n",
        f"long.spec:8: line of {LONG + 1} bytes, at most 16777216 expected\n"
        "  hint: it is left out\n"
        "1 converted; 2 scans; 1 lost\n",
    )
    assert columns("long.nxs") == {
        "scan_1": {"th": [0.0, 1.0, 2.0], "det": [5, 7, 9]},
        "scan_2": {"th": [0.0, 1.0], "det": [5, 7]},
    }


def test_a_file_of_one_line_of_100_mb_is_refused(place: Path) -> None:
    with open("long.spec", "wb") as file:
        file.write(b"1 " * (LONG // 2))
    code, out, err = run("spec2nx", "long.spec")
    assert (code, out, left(place)) == (1, "", ["long.spec"])
    assert err.startswith("long.spec:1: there is neither a scan (#S and a number) nor a file header (#F, #E)")


def test_a_scan_line_of_100_mb_costs_its_scan_only(place: Path) -> None:
    with open("long.spec", "wb") as file:
        file.write(b"#F x\n\n#S 1 " + b"x" * LONG + b"\n#N 1\n#L det\n1\n" + SCAN)
    code, out, err = run("spec2nx", "long.spec")
    assert (code, out) == (1, "long.nxs\n")
    assert err.startswith("long.spec:3: ")
    assert columns("long.nxs")["scan_2"] == {"th": [0.0, 1.0], "det": [5, 7]}


def test_absurd_numbers_of_channels_and_columns_change_nothing(place: Path) -> None:
    (place / "absurd.spec").write_bytes(
        b"#F x\n\n#S 1 ct 1\n#@CHANN 999999999999 0 999999999998 1\n#N 999999999\n#L det\n5\n@A 1 2 3\n7\n@A 4 5 6\n"
    )
    code, out, _err = run("spec2nx", "absurd.spec")
    assert (code, out) == (0, "absurd.nxs\n")
    assert columns("absurd.nxs") == {"scan_1": {"det": [5, 7]}}
    with h5py.File("absurd.nxs") as file:
        assert file["scan_1/instrument/mca_0/data"][()].tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("line", [True, False], ids=["in one line", "each in a line"])
def test_a_million_motor_names_are_cut_and_told(place: Path, line: bool) -> None:
    names = [b"m%d" % at for at in range(1_000_000)]
    header = b"#O0 " + b"  ".join(names) if line else b"\n".join(b"#O%d %s" % item for item in enumerate(names))
    (place / "names.spec").write_bytes(b"#F x\n" + header + b"\n\n#S 1 ct 1\n#P0 1 2\n#N 1\n#L det\n5\n")
    code, out, err = run("spec2nx", "names.spec")
    assert (code, out) == (1, "names.nxs\n")
    assert re.search(r"^names\.spec:1: file header of \d+ bytes, at most \d+ expected$", err, re.MULTILINE)
    assert columns("names.nxs") == {"scan_1": {"det": [5]}}
    assert Path("names.nxs").stat().st_size < 100 << 20


def test_a_gzip_bomb_is_refused_and_leaves_nothing(place: Path) -> None:
    member = gzip.compress(bytes(16 << 20), mtime=0)
    (place / "bomb.spec.gz").write_bytes(member * 128)  # 2 GiB
    code, out, err = run("spec2nx", "bomb.spec.gz")
    assert (code, out, left(place)) == (1, "", ["bomb.spec.gz"])
    assert re.fullmatch(
        r"bomb\.spec\.gz: \d+ compressed bytes became more than \d+, at most 250 times as many expected\n"
        r"  hint: decompress the file yourself if it is what it should be\n"
        r"1 failed; 0 scans; 1 lost\n",
        err,
    )


# --- mappings that want more than to map

LAUGHS = "a0: &a0 [ha,ha,ha,ha,ha,ha,ha,ha,ha,ha]\n" + "".join(
    f"a{at}: &a{at} [{','.join([f'*a{at - 1}'] * 10)}]\n" for at in range(1, 10)
)
TAG = (
    "the tag 'tag:yaml.org,2002:python/object/apply:os.system', tags are not accepted: nothing in a mapping is executed"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "extends: spec\nmeta_parameters:\n"
            "  x: {nx_path: NXentry/x, dependency_func: \"__import__('os').system('touch pwned')\"}\n",
            "evil.yaml:3:44: function '__import__('os').system('touch pwned')': '__import__('os').system' called,"
            " expected a function\n",
        ),
        ("meta_parameters:\n  x: !!python/object/apply:os.system ['touch pwned']\n", f"evil.yaml:2:6: {TAG}\n"),
        ("!!python/object/apply:os.system ['touch pwned']\n", f"evil.yaml:1:1: {TAG}\n"),
        (
            LAUGHS + "meta_parameters: *a9\n",
            "evil.yaml:5:18: more than 50000 values, expected a text that people wrote\n"
            "  hint: aliases count each time\n",
        ),
        ("[" * 50, "evil.yaml:1:22: nested more than 20 deep, expected a flat mapping\n"),
        ("\0\0\0\0", "evil.yaml:1:1: "),
        ("extends: evil.yaml\nmeta_parameters: {}\n", "evil.yaml:1:10: "),
    ],
    ids=["import", "tag", "tag of all", "billion laughs", "nesting", "nul", "extends itself"],
)
def test_a_hostile_mapping_is_refused_before_anything_is_done(place: Path, text: str, message: str) -> None:
    (place / "evil.yaml").write_text(text)
    (place / "x.spec").write_bytes(ROWS)
    for command in (("spec2nx", "x.spec", "-m", "evil.yaml"), ("mapping", "check", "evil.yaml")):
        code, out, err = run(*command)
        assert (code, out) == (2, "")
        assert message in err
        assert left(place) == ["evil.yaml", "x.spec"]


def test_the_mistakes_of_a_mapping_are_listed_in_the_same_order_each_time(place: Path) -> None:
    (place / "evil.yaml").write_text("meta_parameters:\n  x: !!python/object/apply:os.system ['touch pwned']\n")
    seen = {run("mapping", "check", "evil.yaml", env={**os.environ, "PYTHONHASHSEED": str(at)}) for at in range(6)}
    assert len(seen) == 1


# --- one bad file among many


def test_one_bad_file_among_ten_costs_itself_only(place: Path) -> None:
    names = [f"{at}.spec" for at in range(10)]
    for name in names:
        (place / name).write_bytes(ROWS)
    (place / "4.spec").write_bytes(b"\x89PNG\r\n")
    code, out, err = run("spec2nx", *names, "-o", "out/", "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [record["source"] for record in records] == names
    assert [record["status"] for record in records] == ["failed" if at == 4 else "converted" for at in range(10)]
    assert left(place / "out") == [f"{at}.nxs" for at in range(10) if at != 4]
    assert [record["source"] for record in records if any(p["severity"] == "lost" for p in record["problems"])] == [
        "4.spec"
    ]
    assert err.endswith("9 converted, 1 failed; 9 scans; 1 lost\n")


def test_an_output_that_another_mapping_made_does_not_stop_the_others(place: Path) -> None:
    for name in ("a.spec", "b.spec", "c.spec"):
        (place / name).write_bytes(ROWS)
    assert run("spec2nx", "b.spec", "-m", "esrf", "-q") == (0, "b.nxs\n", "")
    code, out, err = run("spec2nx", "a.spec", "b.spec", "c.spec", "--append")
    assert code in (1, 2)
    assert out == "a.nxs\nc.nxs\n"
    assert "b.nxs: was made with another mapping" in err


def test_a_file_that_failed_has_no_scans(place: Path) -> None:
    (place / "a.spec").write_bytes(ROWS)
    code, out, _err = run("spec2nx", "a.spec", "absent.spec", "--merge", "-o", "all.nxs", "--json")
    record = json.loads(out)
    assert (code, record["status"], record["scans"], left(place)) == (1, "failed", 0, ["a.spec"])


# --- outputs that cannot be


@pytest.fixture
def powerless() -> tuple[str, ...]:
    """Give the words before a command that make it obey permissions even for the super-user."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return ()
    words = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
    if shutil.which("setpriv") is None or subprocess.run([*words, "true"], capture_output=True).returncode:
        pytest.skip("the super-user is permitted everything")
    return words


def test_what_is_not_permitted_is_told_and_the_rest_is_done(place: Path, powerless: tuple[str, ...]) -> None:
    for name in ("secret.spec", "x.spec"):
        (place / name).write_bytes(ROWS)
    (place / "secret.spec").chmod(0)
    (place / "locked").mkdir(0o555)
    assert run("spec2nx", "secret.spec", "x.spec", "-q", before=powerless) == (
        1,
        "x.nxs\n",
        "secret.spec: no permission to read this file, a readable file expected\n"
        "  hint: check the permissions of the file and its directory\n",
    )
    code, out, err = run("spec2nx", "x.spec", "-o", "locked", "-q", before=powerless)
    assert (code, out) == (1, "")
    assert err.startswith("locked/x.nxs: cannot be written: Permission denied\n")
    assert run("spec2nx", "x.spec", "-o", "locked/new/", "-q", before=powerless) == (
        1,
        "",
        "locked/new: the folder cannot be made: Permission denied\n",
    )
    code, out, err = run("spec2nx", "--files-from", "secret.spec", before=powerless)
    assert (code, out, err) == (2, "", "secret.spec: the list of files cannot be read: Permission denied\n")
    assert (left(place), left(place / "locked")) == (["locked", "secret.spec", "x.nxs", "x.spec"], [])


def test_a_folder_that_cannot_be_made_does_not_stop_the_others(place: Path) -> None:
    for name in ("a", "b"):
        (place / name).mkdir()
        (place / name / "x.spec").write_bytes(ROWS)
    (place / "out").mkdir()
    (place / "out/a").write_text("a file where a folder is wanted")
    code, out, err = run("spec2nx", "a/x.spec", "b/x.spec", "-o", "out", "--json")
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["failed", "converted"]
    assert (code, err) == (
        1,
        "out/a: the folder cannot be made: File exists\n1 converted, 1 failed; 1 scan; 1 lost\n",
    )


def test_the_working_folder_is_a_folder_like_others(place: Path) -> None:
    (place / "a").mkdir()
    (place / "a/x.spec").write_bytes(ROWS)
    assert run("spec2nx", "a/x.spec", "-o", ".", "-q") == (0, "x.nxs\n", "")
    assert run("spec2nx", "a/x.spec", "-o", "./", "-q", "--overwrite") == (0, "x.nxs\n", "")


def test_outputs_that_exist_or_collide_are_refused_before_anything_is_written(place: Path) -> None:
    for name in ("a.spec", "b.spec", "b.dat"):
        (place / name).write_bytes(ROWS)
    (place / "a.nxs").write_bytes(b"mine")
    before = left(place)
    assert run("spec2nx", "b.spec", "a.spec", "b.dat") == (
        2,
        "",
        "a.nxs: exists\n"
        "  hint: say --overwrite, --skip-existing or --append\n"
        "b.nxs: wanted by both 'b.spec' and 'b.dat'\n"
        "  hint: convert them one by one with -o FILE, or all into one with --merge\n",
    )
    assert (left(place), (place / "a.nxs").read_bytes()) == (before, b"mine")
    code, out, err = run("spec2nx", "a.spec", "--append")
    assert (code, out, (place / "a.nxs").read_bytes(), left(place)) == (1, "", b"mine", before)
    assert err.startswith("a.nxs: cannot be opened as HDF5: ")


def test_an_output_that_is_a_folder_is_told(place: Path) -> None:
    (place / "a.spec").write_bytes(ROWS)
    (place / "a.nxs").mkdir()
    code, out, err = run("spec2nx", "a.spec", "--overwrite", "-q")
    assert (code, out) == (1, "")
    assert err.startswith("a.nxs: is a folder, a file was expected\n")
    assert (left(place), left(place / "a.nxs")) == (["a.nxs", "a.spec"], [])
    code, out, err = run("spec2nx", "a.spec", "--merge", "-o", "new/")
    assert (code, out) == (2, "")
    assert err.endswith("Error: --merge makes one file, and -o new/ is a folder\n")
    code, out, err = run("spec2nx", "a.spec", "-o", "")
    assert (code, out) == (2, "")
    assert err.endswith("Error: the name after -o is empty\n")
    assert left(place) == ["a.nxs", "a.spec"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-m", "spek"), "spek: no such mapping\n  hint: did you mean 'spec'?\n"),
        (("-m", "."), ".: "),
        (("--set", "titel=x"), "--set titel: 'titel' is no parameter of the mapping\n  hint: did you mean 'title'?\n"),
        *(
            (
                ("--timezone", zone),
                f"--timezone: unknown time zone '{zone}', expected a name as Europe/Paris, UTC, or +01:00\n",
            )
            for zone in ("Nowhere/City", "+99:99", "../../etc/passwd", "/etc/localtime")
        ),
        *(
            (
                ("--scan", words),
                f"--scan: '{wrong}' is not a scan, numbers, ranges and number.order were expected\n"
                "  hint: write it like 1,3-5,7.2\n",
            )
            for words, wrong in (("5-3", "5-3"), ("1.2.3", "1.2.3"), ("1,,2", ""), ("-1", "-1"), ("1-x", "1-x"))
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_request_that_means_nothing_is_refused(place: Path, arguments: tuple[str, ...], message: str) -> None:
    (place / "x.spec").write_bytes(ROWS)
    code, out, err = run("spec2nx", "x.spec", *arguments)
    assert (code, out, left(place)) == (2, "", ["x.spec"])
    assert err.startswith(message)


def test_scans_that_the_file_does_not_have_are_told(place: Path) -> None:
    (place / "x.spec").write_bytes(ROWS)
    assert run("spec2nx", "x.spec", "--scan", "99999999999999999999", "-q") == (
        1,
        "",
        "x.spec: has no scan 99999999999999999999\n  hint: 'nxconvert info' lists the scans\n",
    )
    assert run("spec2nx", "x.spec", "--scan", "1-99999999999999999999", "-q") == (0, "x.nxs\n", "")


# --- odd names and closed streams


def test_names_with_newlines_travel_with_nul_between_them(place: Path) -> None:
    names = ["new\nline.spec", "car\rriage.spec", " blank .spec", "-dash.spec", "über.spec"]
    for name in names:
        (place / name).write_bytes(ROWS)
    outputs = [name.replace(".spec", ".nxs") for name in names]
    listed = "\0".join(names).encode() + b"\0"
    assert run("spec2nx", "--files-from", "-", "-0", "-q", stdin=listed) == (0, "\n".join(outputs) + "\n", "")
    assert left(place) == sorted(names + outputs)
    code, out, _err = run("spec2nx", "--files-from", "-", "-0", "--overwrite", "--json", stdin=listed)
    assert code == 0
    assert [json.loads(line)["output"] for line in out.splitlines()] == outputs


def test_a_list_has_one_name_on_each_line_whoever_made_it(place: Path) -> None:
    (place / "car\rriage.spec").write_bytes(ROWS)
    (place / "x.spec").write_bytes(ROWS)
    listed = b"car\rriage.spec\nx.spec\r\n"
    assert run("spec2nx", "--files-from", "-", "-q", stdin=listed) == (0, "car\rriage.nxs\nx.nxs\n", "")


def test_names_that_end_in_nul_need_their_option(place: Path) -> None:
    (place / "x.spec").write_bytes(ROWS)
    assert run("spec2nx", "--files-from", "-", stdin=b"x.spec\0x.spec\0") == (
        2,
        "",
        "-: the list of files has a name with a NUL character, one name on each line\n"
        "  hint: -0 reads names that end in NUL\n",
    )


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are no text")
def test_a_name_that_is_no_text_is_converted(place: Path) -> None:
    (place / os.fsdecode(b"caf\xe9.spec")).write_bytes(ROWS)
    assert run("spec2nx", b"caf\xe9.spec", "-q") == (0, os.fsdecode(b"caf\xe9.nxs\n"), "")
    assert run("info", b"caf\xe9.nxs").code == 0


def test_a_name_as_long_as_names_can_be_is_converted(place: Path) -> None:
    name = "x" * 250
    (place / f"{name}.dat").write_bytes(ROWS)
    assert run("spec2nx", f"{name}.dat", "-q") == (0, f"{name}.nxs\n", "")
    assert left(place) == [f"{name}.dat", f"{name}.nxs"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
@pytest.mark.parametrize(
    "words", [("spec2nx", "x.spec"), ("info", "x.spec"), ("formats",), ("spec2nx", "x.spec", "--dry-run")]
)
def test_a_result_that_finds_no_room_is_an_error(place: Path, words: tuple[str, ...]) -> None:
    (place / "x.spec").write_bytes(ROWS)
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "nxconvert", *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=50, check=False)
    assert (done.returncode, done.stderr) == (1, "standard output cannot be written: No space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="a shell of Unix closes the streams")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("spec2nx --files-from - <&-", 2),
        ("spec2nx - -o x.nxs <&-", 1),
        ("spec2nx x.spec -o - >&-", 1),
        ("spec2nx x.spec >&-", 0),
        ("spec2nx absent.spec 2>&-", 1),
    ],
)
def test_a_closed_stream_is_no_fault(place: Path, words: str, code: int) -> None:
    (place / "x.spec").write_bytes(ROWS)
    line = f'exec "{sys.executable}" -m nxconvert {words}'
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "fault of the program" not in done.stderr
