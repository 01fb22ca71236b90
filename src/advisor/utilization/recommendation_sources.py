"""Where rows of recommendations come from: files in CSV, JSON lines or Parquet, and the table in BigQuery.

What a file is says its content, not its name. Rows come with columns named by rows.key().
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from advisor import store
from advisor.errors import AdvisorError, ConfigError, ExportError
from advisor.utilization.recommendation_rows import (
    FORMS,
    GOOGLE_COLUMNS,
    HUB_COLUMNS,
    RECOMMENDER,
    Broken,
    json_value,
    key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

EMULATOR = "BIGQUERY_EMULATOR_HOST"
SCHEME = "bigquery://"
TABLE = re.compile(r"(?P<project>[a-z][a-z0-9.:-]*[a-z0-9])\.(?P<dataset>\w+)\.(?P<table>[\w-]+)")
GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
BATCH = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BigQueryOptions:
    """How to read. `project` runs and pays for the query; without it that of the credentials does."""

    project: str = ""
    location: str = ""
    max_bytes: int = 20 * 10**9
    endpoint: str = ""


class Unreadable(Exception):
    """A file that cannot be read to its end, and why."""


def _start(path: Path) -> bytes:
    """The first bytes that are not blank, uncompressed."""
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
        if start[:2] != GZIP:
            with path.open("rb") as raw:
                return raw.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
        with gzip.open(path) as packed:
            return packed.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"cannot be read ({type(error).__name__})") from error


@contextmanager
def _opened(path: Path) -> Iterator[io.TextIOBase]:
    """The file as text; bytes that are none become replacement characters."""
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP
    read: Any = gzip.open if packed else open
    with (
        read(path, "rb") as opened,
        io.TextIOWrapper(opened, encoding="utf-8-sig", errors="replace", newline="") as text,
    ):
        yield text


def header_of(con: DuckDBPyConnection, path: Path) -> Sequence[str]:
    """Names of the file's columns as it writes them, of JSON lines those of the first; raises Unreadable."""
    start = _start(path)
    if start[:4] == PARQUET:
        return _parquet_columns(con, path)
    for record in _text_records(path, is_json=start[:1] == b"{", keyed=False):
        return [] if isinstance(record, Broken) else list(record)
    return []


def records(con: DuckDBPyConnection, path: Path) -> Iterator[Mapping[str, Any] | Broken]:
    """Rows of the file with columns named by key(), and why for each that cannot be read."""
    start = _start(path)
    if start[:4] == PARQUET:
        yield from _parquet_records(con, path)
        return
    records = _text_records(path, is_json=start[:1] == b"{", keyed=True)
    if start[:1] != b"{":
        next(records, None)
    yield from records


def _text_records(path: Path, *, is_json: bool, keyed: bool) -> Iterator[Mapping[str, Any] | Broken]:
    """JSON lines, or CSV with its header as the first record; `keyed` names columns by key()."""
    try:
        with _opened(path) as text:
            yield from _json_lines(text, keyed=keyed) if is_json else _csv_rows(text, keyed=keyed)
    except (OSError, EOFError, csv.Error, zlib.error) as error:
        raise Unreadable(f"cannot be read to its end ({type(error).__name__})") from error


def _json_lines(text: io.TextIOBase, *, keyed: bool) -> Iterator[Mapping[str, Any] | Broken]:
    for line in text:
        if not line.strip():
            continue
        record = json_value(line)
        if not isinstance(record, dict):
            yield Broken("it is no line of JSON")
            continue
        yield {key(name): value for name, value in record.items()} if keyed else record


def _csv_rows(text: io.TextIOBase, *, keyed: bool) -> Iterator[Mapping[str, Any] | Broken]:
    rows = csv.reader(text)
    header = next(rows, [])
    names = [key(name) for name in header] if keyed else header
    yield dict.fromkeys(header, "")
    for row in rows:
        if len(row) == len(names):
            yield dict(zip(names, row, strict=True))
        elif row:
            yield Broken("it has not as many columns as the header")


def _parquet_columns(con: DuckDBPyConnection, path: Path) -> list[str]:
    cursor = con.cursor()
    try:
        return [row[0] for row in cursor.execute("describe select * from read_parquet(?)", [str(path)]).fetchall()]
    except store.DatabaseError as error:
        raise Unreadable(f"is no Parquet file that can be read ({type(error).__name__})") from error
    finally:
        cursor.close()


def _parquet_records(con: DuckDBPyConnection, path: Path) -> Iterator[Mapping[str, Any]]:
    known = (*GOOGLE_COLUMNS, *HUB_COLUMNS)
    columns = [name for name in _parquet_columns(con, path) if key(name) in known]
    cursor = con.cursor()
    try:
        listed = ", ".join(store.identifier(name) for name in columns)
        cursor.execute(f"select {listed} from read_parquet(?)", [str(path)])
        while rows := cursor.fetchmany(BATCH):
            for row in rows:
                yield {key(name): value for name, value in zip(columns, row, strict=True)}
    except store.DatabaseError as error:
        raise Unreadable(f"cannot be read to its end ({type(error).__name__})") from error
    finally:
        cursor.close()


def table_rows(name: str, project: str, options: BigQueryOptions, since: date) -> list[dict[str, Any]]:
    """Rows of the newest snapshot of each organisation, with columns named by key()."""
    try:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import bigquery
    except ImportError as error:
        raise ConfigError(
            f"{SCHEME}{name}",
            why="needs packages for BigQuery that are not installed",
            fix="pip install 'advisor[bigquery]'",
        ) from error
    from google.cloud.bigquery.retry import DEFAULT_RETRY

    endpoint = options.endpoint or os.environ.get(EMULATOR, "")
    location = options.location or None
    retry = DEFAULT_RETRY.with_timeout(120.0)
    with _explained(f"table {name}", options):
        if endpoint:
            client = bigquery.Client(
                project=options.project or project,
                credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
                location=location,
                client_options={"api_endpoint": endpoint},
            )
        else:
            client = bigquery.Client(project=options.project or None, location=location)
        table = client.get_table(name, retry=retry)
        columns = {key(column.name): column.name for column in table.schema}
        if not next(form for form in FORMS if form.source == RECOMMENDER).marks <= set(columns):
            raise ExportError(
                f"table {name}",
                why="is no export of Google's Recommender",
                fix="Name the table recommendations_export of the dataset that its transfer writes to.",
            )
        wanted = [columns[name] for name in GOOGLE_COLUMNS if name in columns]
        sql = f"select {', '.join(f'`{column}`' for column in wanted)} from `{name}`"
        is_partitioned = table.time_partitioning is not None and not table.time_partitioning.field
        if is_partitioned:  # else a copy or a view: the newest of each recommendation is chosen here
            organisation = "ancestors.organization_id" if "ancestors" in columns else "cloud_entity_id"
            sql += (
                " where _PARTITIONTIME >= @since"
                f" qualify rank() over (partition by {organisation} order by _PARTITIONTIME desc) = 1"
            )
        parameters = [
            bigquery.ScalarQueryParameter(
                "since", "TIMESTAMP", datetime(since.year, since.month, since.day, tzinfo=UTC)
            )
        ]
        config = bigquery.QueryJobConfig(
            use_legacy_sql=False,
            maximum_bytes_billed=options.max_bytes,
            query_parameters=parameters if is_partitioned else [],
            labels={"program": "advisor"},
        )
        job = client.query(sql, job_config=config, retry=retry, job_retry=None)
        return [
            {key(column): value for column, value in row.items()} for row in job.result(retry=retry, job_retry=None)
        ]


@contextmanager
def _explained(what: str, options: BigQueryOptions) -> Iterator[None]:
    """Turns what Google's clients raise into an ExportError that repeats nothing of it but the reason's name."""
    import requests.exceptions
    from google.api_core.exceptions import GoogleAPIError, RetryError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except AdvisorError:
        raise
    except GoogleAuthError as error:
        raise ExportError(
            what,
            why=f"no valid Google credentials were found ({type(error).__name__})",
            fix="Log in with gcloud auth application-default login, or name a service account's file in"
            " GOOGLE_APPLICATION_CREDENTIALS.",
        ) from error
    except GoogleAPIError as error:
        cause = error.cause if isinstance(error, RetryError) else error
        status = int(getattr(cause, "code", 0) or 0)
        reasons = [str(e.get("reason", "")) for e in getattr(cause, "errors", None) or [] if isinstance(e, dict)]
        reason = re.sub(r"[^A-Za-z]", "", reasons[0])[:40] if reasons else ""
        fix = "Run it again later; what was read before is kept."
        if reason == "bytesBilledLimitExceeded":
            fix = f"It may read {options.max_bytes / 1e9:,.0f} GB; allow more with max_bytes."
        elif status in (401, 403):
            fix = "Grant bigquery.jobs.create on the project that pays, and bigquery.tables.getData on the dataset."
        elif status == 404:
            fix = "Correct the address, bigquery://project.dataset.table, or the location."
        raise ExportError(what, why=f"BigQuery refuses to read it ({reason or f'HTTP {status}'})", fix=fix) from error
    except (requests.exceptions.RequestException, ConnectionError, TimeoutError) as error:
        raise ExportError(
            what,
            why=f"BigQuery does not answer ({type(error).__name__})",
            fix="Check network and proxy, then run it again.",
        ) from error
