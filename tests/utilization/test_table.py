"""What is put into utilization_days, replaced there, and forgotten."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import polars as pl
import pytest

from advisor import store
from advisor.utilization.statistics import daily
from advisor.utilization.table import load_file, prune, put

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

NOW = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture
def con() -> DuckDBPyConnection:
    return store.scratch()


def days(count: int, value: float = 10.0) -> pl.DataFrame:
    at = [datetime(2026, 8, 1, tzinfo=UTC) + timedelta(days=n) for n in range(count)]
    frame = pl.DataFrame({"timestamp": pl.Series(at, dtype=pl.Datetime("us", "UTC"))}).with_columns(
        provider=pl.lit("aws"),
        sub_account_id=pl.lit("1"),
        resource_id=pl.lit("i-1"),
        metric=pl.lit("cpu_utilization"),
        value=pl.lit(value),
        maximum=pl.lit(None, dtype=pl.Float64),
        interval_seconds=pl.lit(None, dtype=pl.Float64),
    )
    return daily(frame, stamp="start")


def test_the_same_days_are_replaced(con: DuckDBPyConnection) -> None:
    assert put(con, days(3), source="cloudwatch", fetched_at=NOW) == 3
    assert put(con, days(2, 20.0), source="cloudwatch", fetched_at=NOW) == 2
    rows = con.execute(
        "select metric_date, average, hourly_maximum[1], total from utilization_days order by 1"
    ).fetchall()
    assert rows == [
        (date(2026, 8, 1), 20.0, 20.0, None),
        (date(2026, 8, 2), 20.0, 20.0, None),
        (date(2026, 8, 3), 10.0, 10.0, None),
    ]


def test_sources_stand_side_by_side(con: DuckDBPyConnection) -> None:
    put(con, days(1), source="cloudwatch", fetched_at=NOW)
    put(con, days(1, 30.0), source="metrics.csv", fetched_at=NOW)
    assert con.execute("select source, average from utilization_days order by 1").fetchall() == [
        ("cloudwatch", 10.0),
        ("metrics.csv", 30.0),
    ]


def test_moments_are_utc(con: DuckDBPyConnection) -> None:
    put(con, days(1), source="x", fetched_at=datetime(2026, 9, 1, 2, tzinfo=timezone(timedelta(hours=2))))
    assert con.execute("select fetched_at from utilization_days").fetchone() == (NOW.replace(tzinfo=None),)


def test_nothing_is_put(con: DuckDBPyConnection) -> None:
    assert put(con, days(0), source="x", fetched_at=NOW) == 0


def test_old_days_are_forgotten(con: DuckDBPyConnection) -> None:
    assert prune(con, 5) == 0
    put(con, days(10), source="x", fetched_at=NOW)
    assert prune(con, 5) == 4
    assert con.execute("select min(metric_date), count(*) from utilization_days").fetchone() == (date(2026, 8, 5), 6)
    assert prune(con, 5) == 0


def test_a_file_loaded_twice_changes_nothing(con: DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("resource_id,metric,timestamp,value\ni-1,requests,2026-08-03,50\ni-1,requests,2026-08-04,60\n")
    load_file(con, path, now=NOW)
    first = con.execute("from utilization_days order by all").fetchall()
    load_file(con, path, now=NOW)
    assert len(first) == 2
    assert con.execute("from utilization_days order by all").fetchall() == first
