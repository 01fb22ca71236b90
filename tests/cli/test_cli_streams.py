"""stdout carries the result and nothing else; colour, progress, files and pipes behave."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from advisor.errors import Exit

if TYPE_CHECKING:
    from conftest import Advisor, Process

ESCAPE = "\x1b["
CHECK = ("--check", "aws-nat-gateway-idle")


def parsed(format_: str, text: str) -> object:
    if format_ == "json":
        return json.loads(text)
    if format_ == "csv":
        return list(csv.reader(io.StringIO(text)))
    return text


@pytest.mark.parametrize(
    ("format_", "starts"),
    [("table", "2 findings"), ("json", "{"), ("csv", "id,"), ("html", "<!DOCTYPE html>"), ("markdown", "#")],
)
def test_stdout_is_the_report_alone(advisor: Advisor, loaded: Path, format_: str, starts: str) -> None:
    done = advisor("report", "--db", loaded, "--format", format_)
    assert done.code == Exit.OK
    assert done.out.lower().startswith(starts.lower())
    assert done.out.endswith("\n")
    assert done.err == ""
    assert parsed(format_, done.out)


def test_a_workbook_goes_to_stdout_as_bytes(workdir: Path, loaded: Path) -> None:
    command = [sys.executable, "-m", "advisor", "report", "--db", str(loaded), "--format", "xlsx"]
    done = subprocess.run(command, cwd=workdir, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    with zipfile.ZipFile(io.BytesIO(done.stdout)) as book:
        assert book.testzip() is None
        assert "xl/workbook.xml" in book.namelist()


@pytest.mark.parametrize("format_", ["table", "json"])
def test_warnings_go_to_stderr(advisor: Advisor, export: Path, format_: str) -> None:
    done = advisor("scan", export, "nowhere", *CHECK, "--format", format_)
    assert done.code == Exit.INCOMPLETE
    assert parsed(format_, done.out)
    if format_ != "table":
        assert "nowhere" in done.err


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown"])
@pytest.mark.parametrize("command", [("costs",), ("query", "select 1 as one"), ("ingest",), ("config", "show")])
def test_tables_parse(advisor: Advisor, loaded: Path, export: Path, command: tuple[str, ...], format_: str) -> None:
    database = () if command == ("config", "show") else ("--db", loaded)
    paths = (export,) if command == ("ingest",) else ()
    done = advisor(*command, *paths, *database, "--format", format_)
    assert done.code == Exit.OK
    assert parsed(format_, done.out)
    assert done.err == "" or command == ("ingest",)


def test_notes_of_an_ingest_go_to_stderr(advisor: Advisor, export: Path) -> None:
    done = advisor("ingest", export, "--format", "json")
    assert len(json.loads(done.out)) == 2
    assert done.err.startswith("advisor: 2 billing periods loaded")


# --- colour -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "environment", "coloured"),
    [
        ((), {}, False),
        (("--color",), {}, True),
        (("--no-color",), {"FORCE_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color",), {"NO_COLOR": "1"}, True),
        ((), {"NO_COLOR": "", "FORCE_COLOR": "1"}, True),
        ((), {"ADVISOR_COLOR": "1"}, True),
    ],
)
def test_colour_into_a_pipe(
    advisor: Advisor,
    loaded: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: tuple[str, ...],
    environment: dict[str, str],
    coloured: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = advisor(*flags, "report", "--db", loaded)
    assert (ESCAPE in done.out) is coloured


@pytest.mark.parametrize("format_", ["json", "csv", "markdown", "html"])
def test_colour_never_reaches_data(advisor: Advisor, loaded: Path, format_: str) -> None:
    assert ESCAPE not in advisor("--color", "report", "--db", loaded, "--format", format_).out


def on_terminal(*args: str, cwd: Path, stdout: int | None = None, **environment: str) -> tuple[int, str]:
    """(exit code, what a terminal of 80 columns shows) with stdin and stderr, and unless given stdout, on it."""
    master, slave = pty.openpty()
    known = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    child = subprocess.Popen(
        [sys.executable, "-m", "advisor", *args],
        cwd=cwd,
        stdin=slave,
        stdout=slave if stdout is None else stdout,
        stderr=slave,
        env=known | {"TERM": "xterm-256color"} | environment,
    )
    os.close(slave)
    seen = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the last writer closed the terminal
            break
        if not chunk:
            break
        seen += chunk
    os.close(master)
    return child.wait(timeout=60), seen.decode()


def test_a_terminal_gets_colour_and_progress(workdir: Path, export: Path) -> None:
    code, seen = on_terminal("scan", str(export), *CHECK, cwd=workdir)
    assert code == Exit.OK
    assert "Reading exports" in seen
    assert f"{ESCAPE}1" in seen
    assert "nat-0a1b2c3d4e5f67890" in seen


def test_a_terminal_without_colour_is_respected(workdir: Path, loaded: Path) -> None:
    _, seen = on_terminal("report", "--db", str(loaded), cwd=workdir, NO_COLOR="1")
    assert "nat-0a1b2c3d4e5f67890" in seen
    assert ESCAPE not in seen


def test_progress_stays_off_a_redirected_stdout(workdir: Path, export: Path) -> None:
    with (workdir / "out.json").open("wb") as file:
        code, seen = on_terminal("scan", str(export), *CHECK, "--format", "json", cwd=workdir, stdout=file.fileno())
    assert code == Exit.OK
    assert "Reading exports" in seen
    assert json.loads((workdir / "out.json").read_text("utf-8"))["summary"]["findings"] == 1


def test_no_progress_without_a_terminal(process: Process, export: Path) -> None:
    done = process("ingest", export)
    assert done.returncode == Exit.OK
    assert "Reading" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr


# --- files and pipes --------------------------------------------------------------------------------------------------


def test_a_report_file_is_private_and_whole(advisor: Advisor, loaded: Path, workdir: Path) -> None:
    target = workdir / "report.html"
    target.write_text("old", "utf-8")
    target.chmod(0o644)
    before = target.stat().st_ino
    done = advisor("report", "--db", loaded, "--format", "html", "-o", target)
    assert (done.code, done.out) == (Exit.OK, "")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.stat().st_ino != before  # a new file, renamed over the old one: readers never see half
    assert target.read_text("utf-8").rstrip().endswith("</html>")
    assert [path.name for path in workdir.iterdir()] == ["report.html"]


def test_a_report_file_that_cannot_be_written(advisor: Advisor, loaded: Path, workdir: Path) -> None:
    (workdir / "folder").mkdir()
    for target in (workdir / "folder", workdir / "missing" / "x.html"):
        done = advisor("report", "--db", loaded, "--format", "html", "-o", target)
        assert (done.code, done.out) == (Exit.BAD_INPUT, "")
        assert str(target) in done.err
    assert [path.name for path in workdir.rglob("*")] == ["folder"]


def test_a_failed_scan_leaves_the_old_report(advisor: Advisor, workdir: Path) -> None:
    (workdir / "report.csv").write_text("yesterday", "utf-8")
    assert advisor("scan", "nowhere", "--format", "csv", "-o", "report.csv").code == Exit.BAD_INPUT
    assert (workdir / "report.csv").read_text("utf-8") == "yesterday"


def test_a_reader_that_leaves_early_is_no_error(workdir: Path, loaded: Path) -> None:
    script = (
        f"'{sys.executable}' -m advisor query 'select * from range(200000)' --db '{loaded}' --format csv | head -1;"
        ' echo "${PIPESTATUS[0]}"'
    )
    done = subprocess.run(["bash", "-c", script], cwd=workdir, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == ["range", "0"]
    assert done.stderr == ""


def test_a_closed_stdout_is_told(workdir: Path, loaded: Path) -> None:
    script = f"'{sys.executable}' -m advisor report --db '{loaded}' > /dev/full"
    done = subprocess.run(["bash", "-c", script], cwd=workdir, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == Exit.BAD_INPUT
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr


def test_scan_leaves_nothing_behind(
    advisor: Advisor, export: Path, broken: Path, workdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = {path: path.stat().st_mtime_ns for path in export.rglob("*")}
    assert advisor("scan", export, *CHECK).code == Exit.OK
    assert advisor("scan", export, broken, *CHECK).code == Exit.INCOMPLETE
    assert advisor("scan", broken).code == Exit.BAD_INPUT
    assert list(workdir.iterdir()) == []
    assert list(temporary.iterdir()) == []
    assert {path: path.stat().st_mtime_ns for path in export.rglob("*")} == before


def test_control_characters_of_a_path_do_not_reach_the_terminal(advisor: Advisor) -> None:
    done = advisor("scan", "evil\x1b]0;title\x07name")
    assert done.code == Exit.BAD_INPUT
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", done.err)
