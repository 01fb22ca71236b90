"""The table utilization_days: what is put into it, what is forgotten, and what files bring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.errors import AdvisorError
from advisor.utilization import files
from advisor.utilization.statistics import KEYS, daily

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl
    from duckdb import DuckDBPyConnection

    from advisor.model import Problem

COLUMNS = (*KEYS, "metric_date", "average", "p95", "p99", "maximum", "total", "sample_count", "hourly_maximum")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a file brought: days (of one resource and metric each), resources, canonical metrics, and what it did not."""

    days: int
    resources: int
    metrics: tuple[str, ...]
    problems: tuple[Problem, ...]


def put(con: DuckDBPyConnection, days: pl.DataFrame, *, source: str, fetched_at: datetime) -> int:
    """Writes `days` (as statistics.daily returns them), replacing rows of the same keys; returns how many.

    `source` is cloudwatch, cloud-monitoring or a file's name. `fetched_at` without a time zone is UTC.
    """
    if days.is_empty():
        return 0
    moment = fetched_at.astimezone(UTC).replace(tzinfo=None) if fetched_at.tzinfo else fetched_at
    con.register("incoming_days", days.select(COLUMNS))
    try:
        # Not insert or replace: that needs an index, which would not fit into memory where there are millions of days.
        same = " and ".join(f"old.{column} = new.{column}" for column in (*KEYS, "metric_date"))
        con.execute(
            f"delete from utilization_days old using incoming_days new where old.source = $source and {same}",
            {"source": source},
        )
        con.execute(
            f"insert into utilization_days ({', '.join(COLUMNS)}, source, fetched_at)"
            f" select {', '.join(COLUMNS)}, $source, $moment from incoming_days",
            {"source": source, "moment": moment},
        )
    finally:
        con.unregister("incoming_days")
    return days.height


def prune(con: DuckDBPyConnection, keep_days: int) -> int:
    """Forgets days that are older than `keep_days` before the newest; returns how many rows that were."""
    # All of the answer is taken: a connection with some of it left can do nothing else, not even a checkpoint.
    ((count,),) = con.execute(
        "delete from utilization_days"
        " where metric_date < (select max(metric_date) from utilization_days) - $keep_days::integer",
        {"keep_days": keep_days},
    ).fetchall()
    return int(count)


def load_file(
    con: DuckDBPyConnection,
    path: Path | str,
    progress: Callable[[int], None] = lambda _: None,
    *,
    now: datetime | None = None,
    parts: Sequence[Path] = (),
) -> Loaded:
    """Puts the statistics of a file of metrics, or of a folder or pattern of such, into utilization_days.

    With `parts` these files are read as one and `path` is only what they are called. Its source is the file's name.
    `progress` is told the number of further bytes that are done. Raises AdvisorError when the file cannot be read or
    nothing of it can be used; what is only partly so is in `problems`.
    """
    now = now or datetime.now(UTC)
    source = Path(path).name
    problems: list[Problem] = []
    days = 0
    resources: set[tuple[str, str, str]] = set()
    metrics: set[str] = set()
    for samples in files.read(con, path, problems, now=now, progress=progress, parts=parts):
        found = daily(samples, stamp="end")
        days += put(con, found, source=source, fetched_at=now)
        resources.update(found.select(KEYS[:3]).unique().iter_rows())
        metrics.update(found.get_column("metric").unique())
    if not days:
        raise AdvisorError(
            str(path),
            why=f"holds nothing that can be used: {problems[0].what} {problems[0].why}" if problems else "is empty",
            fix=problems[0].fix if problems else "Export some samples into it.",
        )
    return Loaded(days=days, resources=len(resources), metrics=tuple(sorted(metrics)), problems=tuple(problems))
