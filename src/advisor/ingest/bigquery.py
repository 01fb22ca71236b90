"""Billing tables in BigQuery: which billing periods changed, what reading them costs, and their roll-up from there.

Rows of an export are never changed, only added, and late ones land in the newest partitions. So the newest partitions
say which billing periods to read again; each is read as a whole and replaced, and no row is ever taken for a duplicate.

Credentials come from Google's own chain and go nowhere else: no message of this module repeats what a server said.
google.cloud is imported when a client is needed.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from advisor.engines import bigquery as engine
from advisor.engines import rollup
from advisor.errors import ConfigError, ExportError
from advisor.ingest import load as loading
from advisor.ingest.discover import READ_AS, Delivery
from advisor.ingest.location import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from google.cloud import bigquery

    from advisor.engines.bigquery import Field, RolledUp
    from advisor.engines.rollup import Normalisation
    from advisor.ingest.location import Progress

SCHEME = "bigquery://"
LATE_DAYS = 10
"""Rows may come this long after the newest partition that was read: of a table once read no more is looked at."""

LATE_PERIOD_DAYS = 45
"""The same for tables without partitions, which are looked at by billing period: a month is closed some days after."""

USD_PER_TIB = 6.25
"""Google's list price for what queries read, on demand, in the US."""

RETRY_SECONDS = 120.0
SESSION_SECONDS = 30.0
PAGE = 20_000
"""Rows per answer where they travel by REST."""

EMULATOR, READ_EMULATOR = "BIGQUERY_EMULATOR_HOST", "BIGQUERY_STORAGE_EMULATOR_HOST"
ACCOUNT = "[0-9A-F]{6}_[0-9A-F]{6}_[0-9A-F]{6}"
KINDS = {
    "detailed": re.compile(rf"^gcp_billing_export_resource_v1_({ACCOUNT})$", re.IGNORECASE),
    "standard": re.compile(rf"^gcp_billing_export_v1_({ACCOUNT})$", re.IGNORECASE),
    "FOCUS": re.compile(rf"^gcp_billing_export_focus_({ACCOUNT})$", re.IGNORECASE),
}
"""The exports by the names that Google gives their tables, the one that says most first: all hold the same money."""

READABLE = ("gcp", "focus")
"""Formats, by the beginning of their ids, that have an SQL for BigQuery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BigQueryOptions:
    """How to read. `project` runs and pays for the queries; without it that of the credentials does."""

    project: str = ""
    location: str = ""
    max_bytes: int = 100 * 10**9
    history_months: int = 13
    endpoint: str = ""
    read_endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """What a partition of a table holds of one billing period."""

    day: date
    period: date
    last_export: datetime
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the database holds: partitions by source, and the fingerprints of what is loaded."""

    partitions: Mapping[str, Sequence[Partition]] = field(default_factory=dict)
    deliveries: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A billing table: its name as a source, its kind, and the normalisation that reads it."""

    name: str
    kind: str
    spec: Normalisation
    columns: Mapping[str, Field]
    is_partitioned: bool

    @property
    def source(self) -> str:
        return f"{SCHEME}{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """One billing period to read: the query, its parameters, and the partitions that hold the period."""

    table: _Table
    period: date
    partitions: Sequence[Partition]
    query: RolledUp
    parameters: Mapping[str, str | datetime]


def is_bigquery(text: str) -> bool:
    """True for the address of a BigQuery dataset or table."""
    return text.lower().startswith(SCHEME)


def open_bigquery(uri: str, options: BigQueryOptions, say: Callable[[str], None] = lambda _: None) -> BigQueryLocation:
    """The billing tables at `uri`, bigquery://project.dataset or bigquery://project.dataset.table."""
    return BigQueryLocation(uri, options, say)


def stored(con: DuckDBPyConnection) -> Known:
    """What the database holds of BigQuery tables."""
    partitions: dict[str, list[Partition]] = defaultdict(list)
    for source, day, period, last_export, lines in con.execute(
        "select source, partition_date, period, last_export, line_count from partitions order by all"
    ).fetchall():
        partitions[source].append(Partition(day=day, period=period, last_export=last_export, lines=lines))
    loaded = con.execute("select source, delivery from loads where starts_with(source, ?)", [SCHEME]).fetchall()
    return Known(partitions=partitions, deliveries=frozenset(loaded))


def load(
    con: DuckDBPyConnection, location: BigQueryLocation, delivery: Delivery, scratch: Path, progress: Progress
) -> list[tuple[str, date]]:
    """Replaces the delivery's billing period by its roll-up in BigQuery; returns (source, period).

    Raises ExportError or ReconciliationError; then the period's previous state is untouched.
    """
    plan = location.plan(delivery)
    path = scratch / "resource-days.parquet"

    def fill(loads: dict[date, int]) -> dict[date, rollup.RollUp]:
        done = rollup.roll_up_days(con, path, plan.query.spec, load_id=loads[plan.period], period=plan.period)
        return {plan.period: done}

    try:
        lines = location.pull(plan, path)
        promised = sum(part.lines for part in plan.partitions)
        if lines < promised:
            raise ExportError(
                delivery.where,
                why=f"has {lines} lines, but its partitions had {promised}: some have expired or were deleted",
                fix="What is loaded of the period is kept. Raise the expiration of the dataset's partitions.",
            )
        loading.replace_periods(con, delivery, [plan.period], f"{plan.table.spec.name}-{plan.table.kind}", fill)
    finally:
        path.unlink(missing_ok=True)
    location.remember(con, plan.table)
    return [(delivery.source, plan.period)]


class BigQueryLocation:
    """A dataset, or one table of it. Nothing is sent before discover()."""

    def __init__(self, uri: str, options: BigQueryOptions, say: Callable[[str], None]) -> None:
        self.options = options
        self.say = say
        match = engine.TABLE.fullmatch(uri[len(SCHEME) :].rstrip("/")) if is_bigquery(uri) else None
        if match is None:
            raise ConfigError(
                "BigQuery address" if "@" in uri else uri,
                why="is not bigquery://project.dataset or bigquery://project.dataset.table",
                fix="Write project and dataset only; credentials come from gcloud or a service account.",
            )
        self.project, self.dataset, self.table = match["project"], match["dataset"], match["table"]
        self._plans: dict[tuple[str, date], _Plan] = {}
        self._maps: dict[str, list[Partition]] = {}
        self._read_by_rest = False
        self._running_jobs: set[bigquery.QueryJob] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"BigQueryLocation({self.name!r})"

    @property
    def name(self) -> str:
        """The address that sources in it begin with."""
        return f"{SCHEME}{self.project}.{self.dataset}" + (f".{self.table}" if self.table else "")

    # --- which periods ------------------------------------------------------------------------------------------------

    def discover(
        self,
        known: Known = Known(),
        today: date | None = None,
    ) -> tuple[list[Delivery], list[ExportError]]:
        """(deliveries, what could not be used): one for each billing period, whether it is loaded or not.

        Says what reading those that are not loaded costs; a table where that is above `max_bytes` is a problem, and not
        read. Raises ExportError when there is nothing but problems.
        """
        deliveries: list[Delivery] = []
        problems: list[ExportError] = []
        today = today or datetime.now(UTC).date()
        names = [self.table] if self.table else self._listed()
        for name in names:
            try:
                table = self._described(f"{self.project}.{self.dataset}.{name}")
                found, lost = self._partitions(table, known.partitions.get(table.source, ()), today)
                problems += lost
                deliveries += self._deliveries(table, found, known)
            except ExportError as error:
                problems.append(error)
        if not deliveries and not problems:
            raise ExportError(
                self.name,
                why=f"has no lines of the last {self.options.history_months} billing months",
                fix="Google fills a new export within some days. Else correct the address, or raise history_months.",
            )
        if not deliveries:
            raise problems[0]
        return deliveries, problems

    def plan(self, delivery: Delivery) -> _Plan:
        """How to read the delivery, which discover() has found."""
        assert delivery.period is not None  # noqa: S101 - of BigQuery the billing period is always known
        return self._plans[delivery.source, delivery.period]

    def remember(self, con: DuckDBPyConnection, table: _Table) -> None:
        """Writes down what the table's partitions hold, once: also of periods that are yet to be loaded, or failed.

        What is loaded is for the fingerprints of loads to say. Were a failed period forgotten here, the next run would
        look at the newest partitions only, and never see the rest of it.
        """
        with self._lock:  # deliveries are loaded side by side, each in a transaction of its own
            if parts := self._maps.pop(table.source, None):
                con.executemany(
                    "insert or replace into partitions values (?, ?, ?, ?, ?)",
                    [[table.source, part.day, part.period, part.last_export, part.lines] for part in parts],
                )

    def _partitions(
        self, table: _Table, before: Sequence[Partition], today: date
    ) -> tuple[list[Partition], list[ExportError]]:
        """(what the table holds, by the database and the newest partitions; what of it cannot be used)."""
        first = _month_back(today, self.options.history_months - 1)
        since = first
        if before:
            # Late rows land in new partitions: those since the last run, and some days for rows that were on their way.
            late = LATE_DAYS if table.is_partitioned else LATE_PERIOD_DAYS
            since = max(part.day for part in before) - timedelta(days=late)
            first = min(part.period for part in before)  # of an older period only a part would be seen
            since = since if table.is_partitioned else since.replace(day=1)
        sql = engine.map_sql(table.spec, table.name, table.columns, partitioned=table.is_partitioned)
        parameters: dict[str, str | datetime] = {engine.FIRST: _midnight(since)}
        self._refuse_dear(self._bytes(sql, parameters), f"which partitions of {table.name} are new")
        parts = {(part.day, part.period): part for part in before}
        without_month = 0
        for row in self._rows(sql, parameters):
            period = _period(row["period"])
            if period is None:
                without_month += row["line_count"]
            elif period >= first:
                last = row["last_export"] or datetime.min.replace(tzinfo=UTC)
                parts[row["partition_date"], period] = Partition(
                    day=row["partition_date"],
                    period=period,
                    last_export=last.astimezone(UTC).replace(tzinfo=None),
                    lines=row["line_count"],
                )
        self._maps[table.source] = [parts[key] for key in sorted(parts)]
        problem = ExportError(
            f"table {table.name}",
            why=f"has {without_month} lines without a billing month, which were left out",
            fix="Look at them in BigQuery: every line of an export has an invoice month.",
        )
        return self._maps[table.source], [problem] if without_month else []

    def _deliveries(self, table: _Table, parts: Iterable[Partition], known: Known) -> list[Delivery]:
        by_period: dict[date, list[Partition]] = defaultdict(list)
        for part in parts:
            by_period[part.period].append(part)
        query = engine.rolled_up(table.spec, table.name, table.columns, partitioned=table.is_partitioned)
        deliveries: list[Delivery] = []
        total = 0
        months = 0
        for period, held in sorted(by_period.items()):
            plan = _Plan(
                table=table, period=period, partitions=held, query=query, parameters=_parameters(table, period, held)
            )
            fingerprint = _fingerprint(period, held)
            size = 0
            if (table.source, fingerprint) not in known.deliveries:
                size = self._bytes(query.sql, plan.parameters)
                total, months = total + size, months + 1
            self._plans[table.source, period] = plan
            entry = Entry(key=f"{period:%Y-%m}", size_bytes=size, version=fingerprint, modified=0)
            deliveries.append(
                Delivery(
                    source=table.source,
                    period=period,
                    entries=(entry,),
                    fingerprint=fingerprint,
                    where=f"{table.source} {period:%Y-%m}",
                )
            )
        if months:
            self.say(
                f"BigQuery will read {_gigabytes(total)} of {table.name} ({months} billing months, about"
                f" USD {total / 2**40 * USD_PER_TIB:,.2f} at the list price of {USD_PER_TIB} per TiB)."
            )
            self._refuse_dear(total, f"{months} billing months of {table.name}")
        return deliveries

    def _refuse_dear(self, size: int, what: str) -> None:
        if size > self.options.max_bytes:
            raise ExportError(
                self.name,
                why=f"BigQuery would read {_gigabytes(size)} ({size} bytes) for {what}, more than the"
                f" {_gigabytes(self.options.max_bytes)} ({self.options.max_bytes} bytes) that are allowed",
                fix="Allow more with --max-bytes, or read fewer months with history_months. Nothing was read.",
            )

    # --- tables -------------------------------------------------------------------------------------------------------

    def _listed(self) -> list[str]:
        """Names of the billing tables of the dataset; of several exports of one account the one that says most."""
        client = self.client
        with self._explained():
            names = [t.table_id for t in client.list_tables(f"{self.project}.{self.dataset}", retry=self._retry)]
        by_account: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for kind, pattern in KINDS.items():
            for name in names:
                if match := pattern.match(name):
                    by_account[match[1].upper()].append((kind, name))
        if not by_account:
            raise ExportError(
                f"dataset {self.project}.{self.dataset}",
                why="holds no billing export: no table is called gcp_billing_export_…",
                fix="Name the dataset that the billing account exports to, or a table: bigquery://project.dataset.table.",
            )
        for account, found in sorted(by_account.items()):
            for kind, _ in found[1:]:
                self.say(
                    f"Of billing account {account.replace('_', '-')} the {found[0][0]} export is read, not the {kind} one:"
                    " both hold the same costs."
                )
        return [found[0][1] for _, found in sorted(by_account.items())]

    def _described(self, name: str) -> _Table:
        client = self.client
        with self._explained(name):
            table = client.get_table(name, retry=self._retry)
        columns = engine.flattened(_fields(table.schema))
        partitioning = table.time_partitioning
        # A partitioning with a field is by a column of the table, and knows no _PARTITIONTIME.
        is_partitioned = partitioning is not None and not partitioning.field
        names = {rollup.canonical(path) for path in columns}
        form = next((f for f in loading.SOURCES if all(mark.lower() in names for mark in f.marks)), None)
        if form is None or not form.id.startswith(READABLE):
            raise ExportError(
                f"table {name}",
                why="is no billing export that advisor knows",
                fix="Name a standard or detailed export of Google Cloud Billing, or a view in FOCUS columns.",
            )
        spec = rollup.normalisation(form.normalisation)
        if spec.types[spec.period] != "month":
            # FOCUS: no contract says in which partitions a billing period lies.
            return _Table(name=name, kind="bigquery", spec=spec, columns=columns, is_partitioned=False)
        if not is_partitioned:
            raise ExportError(
                f"table {name}",
                why=f"is a {'view' if table.table_type == 'VIEW' else 'table'} without partitions by day of arrival",
                fix="Name Google's export table itself: every run would read all of this one, years of it.",
            )
        kind = "detailed" if "resource.global_name" in columns else "standard"
        return _Table(name=name, kind=kind, spec=spec, columns=columns, is_partitioned=True)

    # --- reading ------------------------------------------------------------------------------------------------------

    def _bytes(self, sql: str, parameters: Mapping[str, str | datetime]) -> int:
        """What the query would read, by a dry run, which costs nothing."""
        with self._explained():
            job = self.client.query(
                sql, job_config=self._config(parameters, dry_run=True), retry=self._retry, job_retry=None
            )
        return int(job.total_bytes_processed or 0)

    def _rows(self, sql: str, parameters: Mapping[str, str | datetime]) -> list[Any]:
        with self._explained(), self._running(sql, parameters) as job:
            return list(job.result(retry=self._retry, job_retry=None))

    def pull(self, plan: _Plan, path: Path) -> int:
        """Writes the resource-days of one billing period to `path`; returns how many lines they stand for."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        lines = 0
        writer = None
        try:
            with self._explained(), self._running(plan.query.sql, plan.parameters) as job:
                for batch in self._batches(job):
                    made = engine.amounts_back(batch)
                    writer = writer or pq.ParquetWriter(path, made.schema)
                    writer.write_batch(made)
                    lines += pc.sum(made.column("line_count")).as_py() or 0
        finally:
            if writer is not None:
                writer.close()
        if writer is None:
            raise ExportError(
                f"{plan.table.source} {plan.period:%Y-%m}", why="has no lines any more", fix="What is loaded is kept."
            )
        return lines

    def _batches(self, job: bigquery.QueryJob) -> Iterator[pa.RecordBatch]:
        """Arrow batches: from the Storage Read API where it is installed and permitted, by REST otherwise."""
        rows = job.result(page_size=PAGE, retry=self._retry, job_retry=None)
        session = None if self._read_by_rest else self._session(job)
        if session is None:
            batches: Iterable[pa.RecordBatch] = rows.to_arrow_iterable(bqstorage_client=None)
        else:
            streams = (self._reader.read_rows(stream.name) for stream in session.streams)
            batches = (page.to_arrow() for stream in streams for page in stream.rows(session).pages)
        yield from (batch for batch in batches if batch.num_rows)

    def _session(self, job: bigquery.QueryJob) -> Any:
        """A read session over the job's result; None where there is none to be had, for the rest of the run."""
        if self._reader is None:
            return None
        from google.api_core.exceptions import DeadlineExceeded, PermissionDenied, ServiceUnavailable, Unauthenticated
        from google.cloud.bigquery_storage_v1 import types

        wanted = types.ReadSession(table=job.destination.to_bqstorage(), data_format=types.DataFormat.ARROW)
        try:
            return self._reader.create_read_session(
                parent=f"projects/{job.project}",
                read_session=wanted,
                max_stream_count=1,  # one after the other, so that no more than a page is held
                retry=None,
                timeout=SESSION_SECONDS,
            )
        except (PermissionDenied, Unauthenticated):
            why = "it needs bigquery.readsessions.create, role roles/bigquery.readSessionUser"
        except (ServiceUnavailable, DeadlineExceeded):
            why = "it does not answer; is gRPC allowed to pass?"
        self._read_by_rest = True
        self.say(f"BigQuery's Storage Read API cannot be used ({why}): rows travel by REST, which is slower.")
        return None

    @contextmanager
    def _running(self, sql: str, parameters: Mapping[str, str | datetime]) -> Iterator[bigquery.QueryJob]:
        """A job that is cancelled when the block is left by an exception."""
        job = self.client.query(
            sql, job_config=self._config(parameters, dry_run=False), retry=self._retry, job_retry=None
        )
        self._running_jobs.add(job)
        try:
            yield job
        except BaseException:
            _cancel(job)
            raise
        finally:
            self._running_jobs.discard(job)

    def stop(self) -> None:
        """Cancels what runs, from another thread than the one that waits for it."""
        for job in list(self._running_jobs):
            _cancel(job)

    def _config(self, parameters: Mapping[str, str | datetime], *, dry_run: bool) -> bigquery.QueryJobConfig:
        from google.cloud import bigquery

        return bigquery.QueryJobConfig(
            dry_run=dry_run,
            use_query_cache=not dry_run,
            use_legacy_sql=False,
            maximum_bytes_billed=None if dry_run else self.options.max_bytes,
            query_parameters=[
                bigquery.ScalarQueryParameter(name, "STRING" if isinstance(value, str) else "TIMESTAMP", value)
                for name, value in parameters.items()
            ],
            labels={"program": "advisor"},
        )

    # --- clients ------------------------------------------------------------------------------------------------------

    @cached_property
    def client(self) -> bigquery.Client:
        """Google's client, with Google's own credentials; an emulator is asked without any."""
        try:
            import sqlglot  # noqa: F401 - the engine's, and missing where the others are
            from google.auth.credentials import AnonymousCredentials
            from google.cloud import bigquery
        except ImportError as error:
            raise ConfigError(
                self.name,
                why="needs packages for BigQuery that are not installed",
                fix="pip install 'advisor[bigquery]'",
            ) from error
        endpoint = self.options.endpoint or os.environ.get(EMULATOR, "")
        location = self.options.location or None
        with self._explained():
            if endpoint:
                return bigquery.Client(
                    project=self.options.project or self.project,
                    credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
                    location=location,
                    client_options={"api_endpoint": endpoint},
                )
            return bigquery.Client(project=self.options.project or _own_project() or self.project, location=location)

    @cached_property
    def _reader(self) -> Any:
        """The Storage Read client; None where its package is missing, or an emulator has none."""
        try:
            from google.cloud import bigquery_storage_v1
        except ImportError:
            self.say("google-cloud-bigquery-storage is not installed: rows travel by REST, which is slower.")
            return None
        if self.options.endpoint or os.environ.get(EMULATOR):
            endpoint = self.options.read_endpoint or os.environ.get(READ_EMULATOR, "")
            if not endpoint:
                return None
            import grpc
            from google.cloud.bigquery_storage_v1.services.big_query_read import transports

            channel = grpc.insecure_channel(endpoint)
            transport = transports.BigQueryReadGrpcTransport(channel=channel)
            return bigquery_storage_v1.BigQueryReadClient(transport=transport)  # type: ignore[no-untyped-call]
        return bigquery_storage_v1.BigQueryReadClient()  # type: ignore[no-untyped-call]

    @cached_property
    def _retry(self) -> Any:
        from google.cloud.bigquery.retry import DEFAULT_RETRY

        return DEFAULT_RETRY.with_timeout(RETRY_SECONDS)

    # --- errors -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _explained(self, table: str = "") -> Iterator[None]:
        """Turns what Google's clients raise into an ExportError that repeats nothing of it but the reason's name."""
        import requests.exceptions
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError

        what = f"table {table}" if table else self.name
        try:
            yield
        except GoogleAPIError as error:
            raise self._refused(error, what) from error
        except GoogleAuthError as error:
            raise _unknown_caller(error, what) from error
        except (requests.exceptions.RequestException, ConnectionError, TimeoutError) as error:
            raise _no_answer(error, what) from error

    def _refused(self, error: Any, what: str) -> ExportError:
        from google.api_core.exceptions import GoogleAPIError, RetryError

        if isinstance(error, RetryError):
            again = isinstance(error.cause, GoogleAPIError)
            return self._refused(error.cause, what) if again else _no_answer(error.cause or error, what)
        status = int(getattr(error, "code", 0) or 0)
        reasons = [str(e.get("reason", "")) for e in getattr(error, "errors", None) or [] if isinstance(e, dict)]
        reason = re.sub(r"[^A-Za-z]", "", reasons[0])[:40] if reasons else ""
        shown = f" ({reason or f'HTTP {status}'})"
        if reason == "bytesBilledLimitExceeded":
            return ExportError(
                what,
                why=f"the query would read more than the {_gigabytes(self.options.max_bytes)} that are allowed{shown}",
                fix="Allow more with --max-bytes, or read fewer months with history_months. Nothing was read.",
            )
        if reason in QUOTA or status == 429:
            return ExportError(
                what,
                why=f"a quota or rate limit of BigQuery is used up{shown}",
                fix="Run it again later, or have the quota of the project that runs the queries raised.",
            )
        if reason in NOT_BILLED:
            return ExportError(
                what,
                why=f"the project that runs the queries has no billing{shown}",
                fix="Name another one in the source's project.",
            )
        if reason == "accessNotConfigured":
            return ExportError(
                what,
                why=f"the BigQuery API is off in the project that runs the queries{shown}",
                fix="Enable bigquery.googleapis.com in it, or name another one in the source's project.",
            )
        if reason == "policyViolation":
            return ExportError(
                what,
                why=f"a policy of the organisation forbids it{shown}",
                fix="Run advisor inside the perimeter of VPC Service Controls, or have it let in.",
            )
        if status == 401:
            return _unknown_caller(error, what)
        if status == 403 and reason not in OTHER_403:
            return ExportError(
                what,
                why=f"access is denied{shown}: these credentials may not run queries in the project that pays for them,"
                " or may not read the table",
                fix="Grant bigquery.jobs.create on that project (role roles/bigquery.jobUser) and"
                " bigquery.tables.getData on the dataset (role roles/bigquery.dataViewer).",
            )
        if status == 404:
            return ExportError(
                what,
                why=f"does not exist, or lies in another location{shown}",
                fix="Correct the address: bigquery://project.dataset or bigquery://project.dataset.table.",
            )
        if status >= 500 or not status:
            return ExportError(
                what,
                why=f"BigQuery answers with an error of its own{shown}",
                fix="Run it again later; periods that were loaded are kept.",
            )
        return ExportError(
            what,
            why=f"BigQuery does not take the query{shown}",
            fix="Is it Google's own export table? If so, please report this with its column list.",
        )


QUOTA = frozenset({"quotaExceeded", "rateLimitExceeded", "resourcesExceeded", "userRateLimitExceeded"})
OTHER_403 = frozenset({"responseTooLarge", "blocked"})
NOT_BILLED = frozenset({"billingNotEnabled", "billingTierLimitExceeded"})


def _unknown_caller(error: Exception, what: str) -> ExportError:
    kind = type(error).__name__
    if kind == "TransportError":
        return _no_answer(error, what)
    missing = kind == "DefaultCredentialsError"
    return ExportError(
        what,
        why=f"no Google credentials were found ({kind})"
        if missing
        else f"the Google credentials have expired or are not valid ({kind})",
        fix="Log in with gcloud auth application-default login, or name a service account's file in"
        " GOOGLE_APPLICATION_CREDENTIALS.",
    )


def _no_answer(error: Exception, what: str) -> ExportError:
    return ExportError(
        what,
        why=f"BigQuery does not answer ({type(error).__name__})",
        fix="Check network and proxy, then run it again; periods that were loaded are kept.",
    )


def _own_project() -> str:
    """The project of the credentials, '' where they name none; raises DefaultCredentialsError."""
    import google.auth

    _, project = google.auth.default(scopes=["https://www.googleapis.com/auth/bigquery"])
    return project or ""


def _cancel(job: bigquery.QueryJob) -> None:
    with suppress(Exception):  # what happened first is what counts
        job.cancel(retry=None, timeout=5)


# --- small things ---------------------------------------------------------------------------------------------------------


def _fields(schema: Iterable[Any]) -> list[Field]:
    return [
        engine.Field(
            path=f.name, type=f.field_type.upper(), is_repeated=f.mode == "REPEATED", fields=tuple(_fields(f.fields))
        )
        for f in schema
    ]


def _parameters(table: _Table, period: date, held: Sequence[Partition]) -> dict[str, str | datetime]:
    """Bounds of what is read: the first and last partition that hold the period, or the period itself."""
    if table.is_partitioned:
        days = [part.day for part in held]
        bounds = {engine.FIRST: _midnight(min(days)), engine.LAST: _midnight(max(days))}
        return {**bounds, engine.PERIOD: f"{period:%Y%m}"}
    return {engine.FIRST: _midnight(period), engine.LAST: _midnight(_month_back(period, -1))}


def _fingerprint(period: date, held: Iterable[Partition]) -> str:
    """Equal as long as nothing came to any partition that holds the period."""
    lines = [f"{p.day}:{p.last_export.isoformat()}:{p.lines}" for p in held]
    return hashlib.sha256("\n".join([READ_AS, f"{period}", *sorted(lines)]).encode()).hexdigest()[:32]


def _period(month: str | None) -> date | None:
    match = re.fullmatch(r"(\d{4})(0[1-9]|1[0-2])", month or "")
    return date(int(match[1]), int(match[2]), 1) if match else None


def _month_back(day: date, months: int) -> date:
    """The first day of the month so many months before."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 50_000_000 else f"{size / 1e6:,.1f} MB"
