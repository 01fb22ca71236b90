"""Two processes at once: one writes, others read what was there before; a second writer waits or says who holds it."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
import small_cur
from commands import advisor, environment

from advisor import app, store
from advisor.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from advisor import store
with store.writing(Path(sys.argv[1]), store.Resources()) as con:
    con.execute("delete from loads")
    print("holding", flush=True)
    sys.stdin.readline()
"""


def settings(database: Path) -> app.Settings:
    return app.Settings(db=database, wait_seconds=0)


def fill(database: Path, root: Path) -> None:
    app.ingest([str(root)], settings(database), app.Silent())


def holder(database: Path) -> subprocess.Popen[str]:
    """A process in the middle of writing: it has deleted all loads, but not finished."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)],
        env=environment(database.parent),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "holding\n"
    return child


def finish(child: subprocess.Popen[str]) -> None:
    child.communicate("go on\n", timeout=30)
    assert child.returncode == 0


def test_a_second_writer_says_who_holds_the_lock(tmp_path: Path, database: Path, root: Path) -> None:
    fill(database, root)
    small_cur.deliver(root, "2026-06", small_cur.month("2026-06"))
    child = holder(database)
    try:
        done = advisor(tmp_path, "ingest", root, "--db", database, "--wait", "0")
        assert done.returncode == 4
        assert done.stdout == ""
        assert f"is being written by process {child.pid} of {getpass.getuser()} since 20" in done.stderr
        with (
            pytest.raises(StoreError, match=f"process {child.pid}"),
            store.writing(database, store.Resources(), wait_seconds=0.3),
        ):
            pass
    finally:
        finish(child)


def test_a_second_writer_waits_and_then_works(tmp_path: Path, database: Path, root: Path) -> None:
    fill(database, root)
    small_cur.deliver(root, "2026-06", small_cur.month("2026-06"))
    child = holder(database)
    release = threading.Timer(1.0, finish, [child])
    release.start()
    done = advisor(tmp_path, "ingest", root, "--db", database, "--wait", "30", "--format", "json")
    release.join()
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("advisor: waiting for process") == 1
    # The other one had deleted everything: nothing of it came back, only what this run found new.
    assert [row["period"] for row in json.loads(done.stdout)] == ["2026-06"]


def test_two_ingests_at_once_load_everything_once(tmp_path: Path, database: Path, root: Path) -> None:
    command = [sys.executable, "-m", "advisor", "ingest", str(root), "--db", str(database), "--format", "json"]
    children = [
        subprocess.Popen(command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    results = [child.communicate(timeout=60) for child in children]
    assert [child.returncode for child in children] == [0, 0], results
    with store.reading(database, store.Resources()) as con:
        assert con.execute("select count(*), count(distinct period) from loads").fetchall() == [(2, 2)]
        assert con.execute("select sum(line_count) from totals").fetchall() == [(62,)]
    states = sorted(row["state"] for out, _ in results for row in json.loads(out))
    assert states == ["loaded", "loaded", "unchanged", "unchanged"]


def test_a_reader_never_waits_and_sees_the_old_state(database: Path, root: Path) -> None:
    fill(database, root)
    count = "select count(*) from loads"
    child = holder(database)
    try:
        began = time.monotonic()
        assert app.query(settings(database), count)[1] == [(2,)]
        assert app.costs(settings(database), ["service"], 3)
        assert time.monotonic() - began < 5
        with store.reading(database, store.Resources()) as con:
            finish(child)
            # The file was swapped under the open reader, which goes on with what it opened.
            assert con.execute(count).fetchall() == [(2,)]
            assert con.execute("select sum(line_count) from days").fetchall() == [(62,)]
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
    assert app.query(settings(database), count)[1] == [(0,)]


def test_a_reader_does_not_keep_the_writer_waiting(database: Path, root: Path) -> None:
    fill(database, root)
    with store.reading(database, store.Resources()) as con:
        with store.writing(database, store.Resources(), wait_seconds=0) as writer:
            writer.execute("delete from loads")
        assert con.execute("select count(*) from loads").fetchall() == [(2,)]


def test_a_failed_writer_changes_nothing(database: Path, root: Path) -> None:
    fill(database, root)
    before = database.read_bytes()

    def fail() -> None:
        with store.writing(database, store.Resources()) as con:
            con.execute("delete from loads")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert database.read_bytes() == before
    assert {path.name for path in database.parent.iterdir()} == {database.name, f"{database.name}.lock"}


def test_a_lock_file_with_rubbish_in_it_does_not_matter(database: Path, root: Path) -> None:
    lock = database.with_name(f"{database.name}.lock")
    for content in (b"", b"{", b"[]", b'{"pid": "x"}', b"\xff\xfe"):
        lock.write_bytes(content)
        with lock.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with (
                pytest.raises(StoreError, match="another process"),
                store.writing(database, store.Resources(), wait_seconds=0),
            ):
                pass
    fill(database, root)
    assert json.loads(lock.read_text("utf-8"))["pid"] == os.getpid()


def test_another_program_that_has_the_file_open_is_named(database: Path, root: Path) -> None:
    """Somebody's duckdb shell: DuckDB's own lock on the file."""
    fill(database, root)
    script = "import sys, duckdb; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.readline()"
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    try:
        with pytest.raises(StoreError, match=f"is being written by process {child.pid}"):
            app.query(settings(database), "select 1")
        with (
            pytest.raises(StoreError, match=f"is being written by process {child.pid}"),
            store.writing(database, store.Resources(), wait_seconds=0),
        ):
            pass
    finally:
        child.communicate("\n", timeout=30)
