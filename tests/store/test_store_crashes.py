"""Writers that are killed, and disks that are full: the old state or the new one, never something between."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
import small_cur
from commands import advisor, environment

from advisor import app, store

WHEN_READY = """
import sys
from advisor import app, store
from advisor.cli import main
from advisor.ingest import load
import pyarrow, polars
print("ready", flush=True)
main(sys.argv[1:])
"""

OLD, NEW = Decimal("1.08"), Decimal("2.16")
DAYS = {"2026-07": 31, "2026-08": 31}


def settings(database: Path) -> app.Settings:
    return app.Settings(db=database, wait_seconds=0)


def deliver(root: Path, cost: Decimal) -> None:
    for period in DAYS:
        small_cur.deliver(root, period, small_cur.month(period, cost=float(cost)), execution=f"at {cost}")


def state(database: Path) -> dict[str, Decimal]:
    """Period → cost per day; asserts that totals, days and meters of every load belong together."""
    with store.reading(database, store.Resources()) as con:
        rows = con.execute(
            "select strftime(l.period, '%Y-%m'), t.billed_cost, t.line_count,"
            " (select sum(d.billed_cost) from days d join meters m using (load_id, meter_key) where d.load_id = l.load_id),"
            " (select sum(d.line_count) from days d where d.load_id = l.load_id)"
            " from loads l join totals t using (load_id)"
        ).fetchall()
        orphans = con.execute(
            "select count(*) from (select load_id from days union select load_id from meters union select load_id"
            " from tag_sets union select load_id from totals) where load_id not in (select load_id from loads)"
        ).fetchall()
    assert orphans == [(0,)]
    for period, billed, lines, days_billed, days_lines in rows:
        assert billed == days_billed
        assert lines == days_lines == DAYS[period]
    return {row[0]: row[1] / DAYS[row[0]] for row in rows}


def killed_ingest(root: Path, database: Path, after_seconds: float) -> bool:
    """Starts an ingest and kills it `after_seconds` after its imports; False when it had ended before."""
    child = subprocess.Popen(
        [sys.executable, "-c", WHEN_READY, "ingest", str(root), "--db", str(database)],
        env=environment(database.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    time.sleep(after_seconds)
    ended = child.poll() is not None
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    return not ended


def kill_and_recover(tmp_path: Path, database: Path, delays: list[float]) -> None:
    root = tmp_path / "export"
    deliver(root, OLD)
    app.ingest([str(root)], settings(database), app.Silent())
    expected, kills = OLD, 0
    for delay in delays:
        coming = NEW if expected == OLD else OLD
        deliver(root, coming)
        kills += killed_ingest(root, database, delay)
        after = state(database)
        assert set(after) == set(DAYS)
        assert set(after.values()) <= {expected, coming}
        # The next run takes the lock, completes and sweeps what the killed one left.
        done = app.ingest([str(root)], settings(database), app.Silent())
        assert done.problems == ()
        assert set(state(database).values()) == {coming}
        assert {path.name for path in database.parent.iterdir()} <= {database.name, f"{database.name}.lock"}
        expected = coming
    assert kills > len(delays) / 3


@pytest.mark.slow
def test_a_killed_writer_leaves_the_old_or_the_new_state(tmp_path: Path, database: Path) -> None:
    kill_and_recover(tmp_path, database, [0.02 + 0.02 * step for step in range(12)])


@pytest.mark.slow
def test_a_hundred_killed_writers(tmp_path: Path, database: Path) -> None:
    chance = random.Random(20261123)  # noqa: S311 - moments, not secrets
    kill_and_recover(tmp_path, database, [chance.uniform(0, 0.4) for _ in range(100)])


@pytest.mark.slow
def test_a_killed_first_writer_leaves_no_half_store(tmp_path: Path, database: Path, root: Path) -> None:
    for delay in (0.03, 0.1, 0.2):
        killed_ingest(root, database, delay)
        if database.exists():
            assert len(state(database)) == 2
    assert advisor(tmp_path, "ingest", root, "--db", database, "--wait", "0").returncode == 0
    assert len(state(database)) == 2
    assert {path.name for path in database.parent.iterdir()} == {database.name, f"{database.name}.lock"}


def test_leftovers_of_a_killed_run_are_swept(database: Path, root: Path) -> None:
    app.ingest([str(root)], settings(database), app.Silent())
    for name in (".advisor.duckdb.4242.new", ".advisor.duckdb.4242.new.wal", ".advisor.duckdb.4242.new.packed"):
        (database.parent / name).write_bytes(b"left behind")
    (database.parent / "other.duckdb").write_bytes(b"not ours")
    deliver(root, NEW)
    app.ingest([str(root)], settings(database), app.Silent())
    assert {path.name for path in database.parent.iterdir()} == {
        "advisor.duckdb",
        "advisor.duckdb.lock",
        "other.duckdb",
    }


# --- full disks -------------------------------------------------------------------------------------------------------


def limited(root: Path, database: Path, megabytes: float, *args: str) -> subprocess.CompletedProcess[str]:
    """An ingest that may write no file beyond `megabytes`."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(megabytes * 1e6), int(megabytes * 1e6)))

    return subprocess.run(
        [sys.executable, "-m", "advisor", *args, str(root), "--db", str(database)],
        env=environment(database.parent) | {"TMPDIR": str(database.parent)},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [0.01, 1.2])
@pytest.mark.parametrize("has_state", [False, True], ids=["new", "kept"])
def test_a_full_disk_is_told_and_loses_nothing(database: Path, root: Path, megabytes: float, has_state: bool) -> None:
    before = None
    if has_state:
        app.ingest([str(root)], settings(database), app.Silent())
        before = database.read_bytes()
        deliver(root, NEW)
    done = limited(root, database, megabytes, "ingest")
    assert done.returncode == 4, done.stderr
    assert done.stdout == ""
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr
    assert str(database) in done.stderr
    assert (database.read_bytes() if database.exists() else None) == before
    left = {path.name for path in database.parent.iterdir() if path.name != ".config"}
    assert left <= {database.name, f"{database.name}.lock"}
    app.ingest([str(root)], settings(database), app.Silent())
    assert set(state(database).values()) == {NEW if has_state else OLD}


def test_no_room_for_temporary_files_is_told(database: Path, root: Path) -> None:
    done = limited(root, database, 0, "scan")
    assert done.returncode == 4, done.stderr
    assert "temporary" in done.stderr
    assert "bug" not in done.stderr


def test_a_full_disk_is_told_by_scan(database: Path, root: Path) -> None:
    done = limited(root, database.with_name("none.duckdb"), 0.3, "scan")
    assert done.returncode == 4, done.stderr
    assert "bug" not in done.stderr
    assert os.listdir(database.parent) in ([], ["none.duckdb.lock"])  # noqa: PTH208
