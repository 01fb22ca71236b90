"""SIGINT and SIGTERM in the middle of a load: nothing is lost, nothing is left, the next run works."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from commands import environment

from advisor.errors import Exit

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Process

SLOWLY = """
import os
from advisor.engines import rollup
def slow(con, *_):
    os.write(2, b"loading\\n")  # whole lines: two periods are loaded side by side
    con.execute("select sum(hash(range)) from range(1000000000000)")
rollup._fill_meters = slow
from advisor.cli import main
main()
"""
"""The command line, which never comes back from a query in the middle of the first period's transaction."""


def interrupted(workdir: Path, number: signal.Signals, *args: str) -> tuple[int, str, str]:
    child = subprocess.Popen(
        [sys.executable, "-c", SLOWLY, *args],
        cwd=workdir,
        env=environment(workdir.parent) | {"TMPDIR": str(workdir.parent / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stderr is not None
        assert child.stderr.readline() == "loading\n"
        child.send_signal(number)
        out, err = child.communicate(timeout=20)
    finally:
        child.kill()  # its query never ends by itself
    return child.returncode, out, err.replace("loading\n", "")  # the second thread may say it too


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_an_interrupted_ingest_changes_nothing(
    process: Process, workdir: Path, export: Path, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "temporary").mkdir()
    first = export / "exports/tiny/data/BILLING_PERIOD=2026-07"
    assert process("ingest", first).returncode == Exit.OK
    database = workdir / "advisor.duckdb"
    before = database.read_bytes()
    began = time.monotonic()
    code, out, err = interrupted(workdir, number, "ingest", str(export))
    assert time.monotonic() - began < 15
    assert (code, out) == (Exit.INTERRUPTED, "")
    assert err.strip() == "advisor: interrupted; nothing was lost."
    assert database.read_bytes() == before
    assert sorted(path.name for path in workdir.iterdir()) == ["advisor.duckdb", "advisor.duckdb.lock"]
    assert list((tmp_path / "temporary").iterdir()) == []
    again = process("ingest", export, "--wait", "0")
    assert again.returncode == Exit.OK, again.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_an_interrupted_scan_leaves_nothing(
    workdir: Path, export: Path, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "temporary").mkdir()
    code, out, err = interrupted(workdir, number, "scan", str(export), "--format", "json", "-o", "report.json")
    assert (code, out) == (Exit.INTERRUPTED, "")
    assert "Traceback" not in err
    assert list(workdir.iterdir()) == []
    assert list((tmp_path / "temporary").iterdir()) == []


def test_an_interrupted_wait_for_the_lock_ends_at_once(process: Process, workdir: Path, export: Path) -> None:
    import fcntl

    with (workdir / "advisor.duckdb.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        child = subprocess.Popen(
            [sys.executable, "-m", "advisor", "ingest", str(export)],
            cwd=workdir,
            env=environment(workdir.parent),
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stderr is not None
        assert "waiting for another process" in child.stderr.readline()
        child.send_signal(signal.SIGTERM)
        _, err = child.communicate(timeout=20)
    assert child.returncode == Exit.INTERRUPTED
    assert "Traceback" not in err
    assert [path.name for path in workdir.iterdir()] == ["advisor.duckdb.lock"]
