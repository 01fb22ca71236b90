"""Cloud Monitoring: which series are asked for resources of the bill, and their statistics by day.

One request holds one metric type of one project. Traps of the service that are met here:
- A project may be the scoping project of others: without a `project` selector their series come along.
- ALIGN_DELTA fills periods without data by interpolation; ALIGN_SUM does not.
- Percentiles of plain gauges cannot be asked for: means and maxima of short periods are, and statistics come from them.
- A metric type that a project never wrote is NOT_FOUND, like a project that does not exist.
- Intervals exclude their start and include their end; points bear the end of their period, newest first.

Credentials come from Google's own chain and go nowhere else: no message of this module repeats what a server said.
google.cloud is imported when a client is needed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from advisor.errors import AdvisorError, ConfigError, printable
from advisor.model import Problem
from advisor.utilization.monitoring_metrics import BY_NAME, RULES, WATCHED, Rule, Series, Source
from advisor.utilization.statistics import daily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    import polars as pl

    from advisor.utilization.metrics import BilledResource, Window

    Key = tuple[str, ...]
    Progress = Callable[[int], None]
    """Is told the number of further requests that are done."""

SOURCE = "cloud-monitoring"
"""What days of this module are kept under."""

SCOPE = "https://www.googleapis.com/auth/monitoring.read"
FINE_DAYS, FINE_SECONDS, COARSE_SECONDS = 42, 300, 3600
"""After six weeks Google keeps a point every ten minutes, so older days are asked for by the hour."""

RESOURCES_PER_REQUEST, NAMES_LENGTH = 50, 1500
"""The service takes filters of 2,048 characters. Points, not requests, are what takes time."""

USD_PER_SERIES = 0.5 / 1e6
"""Google's list price since October 2025 for each series returned; the first million a month is free."""

ACCELERATORS_PER_MACHINE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringOptions:
    """How to ask. `endpoint`: another address; without TLS where it is http:// or a port of this machine.

    `quota_project`: the project whose quota the requests use; without it that of the credentials.
    """

    endpoint: str = ""
    quota_project: str = ""
    page_size: int = 100_000
    call_seconds: float = 60.0
    retry_seconds: float = 120.0
    retry_pause_seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A resource of the bill, and its keys by the name of an identity."""

    resource_id: str
    keys: Mapping[str, Key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One canonical metric of some resources of one project. Both days are included."""

    project_id: str
    kind: str
    rule: Rule
    targets: tuple[Target, ...]
    first_day: date
    last_day: date
    period_seconds: int

    @property
    def start(self) -> datetime:
        """The first moment, UTC."""
        return datetime.combine(self.first_day, time(), tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment that does not belong to it any more, UTC."""
        return datetime.combine(self.last_day + timedelta(days=1), time(), tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be asked. `cost_usd` is the most that it costs at the list price, the free part not deducted."""

    tasks: tuple[Task, ...]
    requests: int
    cost_usd: float
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Days as statistics.daily returns them (may be empty), and what could not be read."""

    days: pl.DataFrame
    problems: tuple[Problem, ...] = ()


# --- which resources --------------------------------------------------------------------------------------------------

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]*")
SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("instance", r"//compute\.googleapis\.com/projects/[^/]+/zones/[^/]+/instances/([0-9]+)"),
        ("database", r"//(?:cloudsql|sqladmin)\.googleapis\.com/projects/[^/]+/instances/([^/]+)"),
        ("service", r"//run\.googleapis\.com/projects/[^/]+/locations/([^/]+)/services/([^/]+)"),
        ("endpoint", r"//aiplatform\.googleapis\.com/projects/[^/]+/locations/([^/]+)/endpoints/([^/]+)"),
        ("cache", r"//redis\.googleapis\.com/projects/[^/]+/locations/([^/]+)/instances/([^/]+)"),
        ("router", r"//compute\.googleapis\.com/projects/[^/]+/regions/([^/]+)/routers/([0-9]+)"),
        ("global rule", r"//compute\.googleapis\.com/projects/[^/]+/global/forwardingRules/([^/]+)"),
        ("regional rule", r"//compute\.googleapis\.com/projects/[^/]+/regions/([^/]+)/forwardingRules/([^/]+)"),
    )
)
"""How the detailed export names resources, and the parts of their keys."""

GKE_NODE = re.compile(r"(gke|gk3)-[a-z0-9-]+")


def target(resource: BilledResource) -> tuple[str, Target] | None:
    """(kind of RULES, target) of a resource; None where Cloud Monitoring has no series that can be told to be its own.

    The kind is decided by the form of the id alone: names and ids of a bill are anybody's text.
    """
    if resource.provider != "gcp" or not PROJECT.fullmatch(resource.sub_account_id):
        return None
    for kind, shape in SHAPES:
        if found := shape.fullmatch(resource.resource_id):
            key: Key = found.groups()
            if not all(NAME.fullmatch(part) for part in key):
                return None
            if kind == "database":
                key = (f"{resource.sub_account_id}:{key[0]}",)
            if kind.endswith("rule") and key[-1].isdigit():  # labels hold its name
                if not NAME.fullmatch(resource.resource_name):
                    return None
                key = (*key[:-1], resource.resource_name)
            keys = {kind: key}
            if kind == "instance" and GKE_NODE.fullmatch(resource.resource_name):
                keys["node"] = (resource.resource_name,)
            return kind, Target(resource_id=resource.resource_id, keys=keys)
    return None


def plan(
    resources: Sequence[BilledResource], window: Window, options: MonitoringOptions, *, now: datetime | None = None
) -> Plan:
    """What to ask for `resources`, those of other clouds left out: per metric only the days that are not held yet.

    Asks nothing. Its problems say how many resources cannot be asked for; they make no result incomplete.
    """
    del options  # of interest to other clouds only
    today = (now or datetime.now(UTC)).astimezone(UTC).date()
    by_kind: dict[tuple[str, str], list[Target]] = defaultdict(list)
    unknown: dict[str, int] = defaultdict(int)
    for resource in resources:
        if resource.provider != "gcp":
            continue
        found = target(resource)
        if found is None:
            unknown[resource.service_name or resource.service_code or "an unnamed service"] += 1
        else:
            by_kind[resource.sub_account_id, found[0]].append(found[1])
    tasks: list[Task] = []
    ambiguous = 0
    for (project_id, kind), targets in sorted(by_kind.items()):
        single = _unambiguous(targets)
        ambiguous += len({one.resource_id for one in targets}) - len(single)
        for rule in RULES[kind]:
            tasks += _tasks(project_id, kind, rule, single, window, today)
    # What others are watched by comes just before them, of the same resources where the same days are missing.
    tasks.sort(key=lambda task: (task.project_id, task.kind, task.first_day, task.targets[0].resource_id))
    requests, returned, before = 0, 0, None
    for task in tasks:
        for series, calls in _asked(task):
            if _memory_key(task, series) == before:
                continue
            before = _memory_key(task, series) if series in WATCHED else before
            requests += calls
            returned += calls * len(task.targets) * (ACCELERATORS_PER_MACHINE if series.per else 1)
    return Plan(
        tasks=tuple(tasks),
        requests=requests,
        cost_usd=returned * USD_PER_SERIES,
        problems=tuple(_cannot_be_asked(unknown, ambiguous)),
    )


def _unambiguous(targets: Sequence[Target]) -> list[Target]:
    """`targets` without keys by a name that two of them have, and without those that have no other key."""
    holders: dict[tuple[str, Key], set[str]] = defaultdict(set)
    for one in targets:
        for name, key in one.keys.items():
            holders[name, key].add(one.resource_id)
    single = []
    for one in {one.resource_id: one for one in targets}.values():
        keys = {n: key for n, key in one.keys.items() if n not in BY_NAME or len(holders[n, key]) == 1}
        if keys:
            single.append(Target(resource_id=one.resource_id, keys=keys))
    return single


def _tasks(
    project_id: str, kind: str, rule: Rule, targets: Sequence[Target], window: Window, today: date
) -> Iterator[Task]:
    by_day: dict[date, list[Target]] = defaultdict(list)
    for one in targets:
        held = window.held.get(("gcp", project_id, one.resource_id, rule.metric))
        first = window.first_day if held is None else max(window.first_day, held + timedelta(days=1))
        if first <= window.last_day:
            by_day[first].append(one)
    for first, some in sorted(by_day.items()):
        for chunk in _chunks(some):
            yield Task(
                project_id=project_id,
                kind=kind,
                rule=rule,
                targets=chunk,
                first_day=first,
                last_day=window.last_day,
                period_seconds=FINE_SECONDS if (today - first).days <= FINE_DAYS else COARSE_SECONDS,
            )


def _chunks(targets: Sequence[Target]) -> Iterator[tuple[Target, ...]]:
    """Parts of `targets` that one filter can name."""
    chunk: list[Target] = []
    length = 0
    for one in sorted(targets, key=lambda one: one.resource_id):
        name = max(len(key[-1]) for key in one.keys.values()) + 3
        if chunk and (len(chunk) == RESOURCES_PER_REQUEST or length + name > NAMES_LENGTH):
            yield tuple(chunk)
            chunk, length = [], 0
        chunk.append(one)
        length += name
    if chunk:
        yield tuple(chunk)


def _asked(task: Task) -> Iterator[tuple[Series, int]]:
    """The series that a task asks for, and with how many requests; those of nodes only where there are nodes."""
    for source in task.rule.sources:
        if any(source.identity.name in one.keys for one in task.targets):
            for series in source.added:
                yield series, 1 if series.kind == "delta" else 2
            if source.share_of:
                yield source.share_of, 1
    if task.rule.watched:
        yield task.rule.watched, 1


def _memory_key(task: Task, series: Series) -> tuple[Series, str, date, tuple[str, ...]]:
    return series, task.project_id, task.first_day, tuple(one.resource_id for one in task.targets)


def _cannot_be_asked(unknown: Mapping[str, int], ambiguous: int) -> Iterator[Problem]:
    for service, count in sorted(unknown.items()):
        yield Problem(
            what=f"utilisation of {count} billed {_plural(count, 'resource')} of {printable(service)}",
            why="Cloud Monitoring has no series that advisor could tell to be of them",
            fix="Nothing is to be done where the bill names no single resource. Else bring metrics from a file.",
            incomplete=False,
        )
    if ambiguous:
        yield Problem(
            what=f"utilisation of {ambiguous} forwarding rules of Google Cloud",
            why="Cloud Monitoring knows them by name only, and several had the same name",
            fix="Nothing is to be done: it can be told again when only one of them is billed.",
            incomplete=False,
        )


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"


# --- asking -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """What every request needs. `remembered` holds what the last resources were watched by."""

    client: Any
    options: MonitoringOptions
    progress: Progress
    remembered: dict[object, pl.DataFrame]


class _ProjectLost(Exception):
    """Nothing more can be asked of a project."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


class _NoAnswer(Exception):
    """The service does not answer at all."""


def fetch(plan: Plan, options: MonitoringOptions, progress: Progress = lambda _: None) -> Iterator[Batch]:
    """Asks what `plan` holds and yields the days of one canonical metric of up to 50 resources at a time.

    A project that may not be read, a metric that fails: a problem in a batch, and the rest goes on. Raises
    AdvisorError without usable credentials, and ConfigError without google-cloud-monitoring.
    """
    if not plan.tasks:
        return
    session = _Session(client=_client(options), options=options, progress=progress, remembered={})
    lost: set[str] = set()
    try:
        for done, task in enumerate(plan.tasks):
            if task.project_id in lost:
                continue
            try:
                samples, problems = _samples(session, task)
            except _ProjectLost as error:
                lost.add(task.project_id)
                samples, problems = _no_samples(), [error.problem]
            except _NoAnswer as error:
                left = {one.project_id for one in plan.tasks[done:]} - lost
                yield Batch(days=daily(_no_samples(), stamp="start"), problems=(_silent(error, left),))
                return
            yield Batch(days=daily(samples, stamp="start"), problems=tuple(problems))
    finally:
        with suppress(Exception):  # what happened first is what counts
            session.client.transport.close()


def _samples(session: _Session, task: Task) -> tuple[pl.DataFrame, list[Problem]]:
    """(samples of a task as statistics.daily takes them, what could not be asked)."""
    import polars as pl

    problems: list[Problem] = []
    found: list[pl.DataFrame] = []
    for rank, source in enumerate(task.rule.sources):
        if any(source.identity.name in one.keys for one in task.targets):
            frame = _tried(task, problems, partial(_of_source, session, task, source))
            if frame is not None:
                found.append(frame.with_columns(rank=pl.lit(rank)))
    if not found:
        return _no_samples(), problems
    samples = pl.concat(found)
    # Two sources may differ in what they count: one day of a resource comes from one of them.
    day = ["resource_id", pl.col("timestamp").dt.date()]
    samples = samples.filter(pl.col("rank") == pl.col("rank").min().over(day)).drop("rank")
    watched = task.rule.watched
    if watched is not None and not problems:  # of a source that failed nothing is known, and silence would be no zero
        beats = _tried(task, problems, lambda: _asked_once(session, task, watched))
        if beats is not None:
            quiet = beats.join(samples, on=["resource_id", "timestamp"], how="anti")
            zeros = quiet.select("resource_id", "timestamp", value=pl.lit(0.0), maximum=pl.lit(None, pl.Float64))
            samples = pl.concat([samples, zeros])
    return (
        samples.select(
            pl.lit("gcp").alias("provider"),
            pl.lit(task.project_id).alias("sub_account_id"),
            "resource_id",
            pl.lit(task.rule.metric).alias("metric"),
            "timestamp",
            "value",
            "maximum",
            pl.lit(float(task.period_seconds)).alias("interval_seconds"),
        ),
        problems,
    )


def _tried(task: Task, problems: list[Problem], ask: Callable[[], pl.DataFrame]) -> pl.DataFrame | None:
    """What `ask` returns; None with one more problem where one metric failed. Raises _ProjectLost and _NoAnswer."""
    from google.api_core.exceptions import GoogleAPIError

    try:
        return ask()
    except GoogleAPIError as error:
        problems.append(_refused(error, task))
        return None


def _of_source(session: _Session, task: Task, source: Source) -> pl.DataFrame:
    """resource_id, timestamp, value, maximum (null where nothing but the value is known)."""
    import polars as pl

    instant = ["resource_id", "per", "timestamp"]
    parts = [_with_maximum(session, task, series) for series in source.added]
    total = parts[0]
    for part in parts[1:]:
        # Half of a sum is no sum. Only where silence is known to be zero may a part have no point.
        how: Any = "full" if task.rule.watched else "inner"
        total = total.join(part, on=instant, how=how, coalesce=True, suffix="_of_part").select(
            *instant,
            pl.col("value").fill_null(0.0) + pl.col("value_of_part").fill_null(0.0),
            pl.lit(None, pl.Float64).alias("maximum"),
        )
    scale = pl.lit(source.scale)
    if source.share_of:
        size = _ask(session, task, source.share_of, "value")
        total = total.join(size, on=instant, how="inner", suffix="_of_size").filter(pl.col("value_of_size") > 0)
        scale = scale / pl.col("value_of_size")
    scaled = total.select(*instant, pl.col("value") * scale, pl.col("maximum") * scale)
    fullest = scaled.group_by("resource_id", "timestamp").agg(pl.col("value").max(), pl.col("maximum").max())
    return fullest.sort("resource_id", "timestamp")


def _with_maximum(session: _Session, task: Task, series: Series) -> pl.DataFrame:
    """resource_id, per, timestamp, value, maximum."""
    import polars as pl

    values = _asked_once(session, task, series)
    if series.kind == "delta":
        return values.with_columns(maximum=pl.lit(None, pl.Float64))
    if values.is_empty():
        session.progress(1)  # the request for the maximum, which is not needed
        return values.with_columns(maximum=pl.lit(None, pl.Float64))
    maxima = _ask(session, task, series, "maximum").rename({"value": "maximum"})
    return values.join(maxima, on=["resource_id", "per", "timestamp"], how="left")


def _asked_once(session: _Session, task: Task, series: Series) -> pl.DataFrame:
    """The values of a series; what others are watched by is remembered until the next one of its kind."""
    key = _memory_key(task, series)
    if (known := session.remembered.get(key)) is not None:
        return known
    values = _ask(session, task, series, "value")
    if series in WATCHED:
        session.remembered.clear()
        session.remembered[key] = values
    return values


ALIGNERS = {
    ("gauge", "value"): ("ALIGN_MEAN", ""),
    ("gauge", "maximum"): ("ALIGN_MAX", ""),
    ("delta", "value"): ("ALIGN_SUM", "REDUCE_SUM"),
    ("distribution", "value"): ("ALIGN_SUM", "REDUCE_SUM"),
    ("distribution", "maximum"): ("ALIGN_PERCENTILE_99", "REDUCE_MAX"),
}
"""Aligner and reducer by what is asked; no reducer: the one that the series names."""


def _ask(session: _Session, task: Task, series: Series, wanted: str) -> pl.DataFrame:
    """resource_id, per, timestamp (start of the period), value; empty where the project has no such metric.

    An answer is whole or raises: of pages that were read before a failure nothing is used.
    """
    import polars as pl
    from google.api_core.exceptions import NotFound

    owners = _owners(task, series)
    pages: list[pl.DataFrame] = []
    try:
        pager = session.client.list_time_series(
            request=_request(task, series, wanted, session.options),
            retry=_retry(session.options),
            timeout=session.options.call_seconds,
        )
        pages = [_page(page, task, series, owners) for page in pager.pages]
    except NotFound as error:
        if "cannot find metric" not in str(error.message).lower():  # it may also be the project
            raise
        pages = []
    session.progress(1)
    if not pages:
        return _no_points()
    start, end = task.start.replace(tzinfo=None), task.end.replace(tzinfo=None)
    points = pl.concat(pages).filter(
        pl.col("timestamp").is_between(start, end, closed="left") & pl.col("value").is_finite() & (pl.col("value") >= 0)
    )
    return points.unique(["resource_id", "per", "timestamp"], keep="first", maintain_order=True).with_columns(
        pl.col("timestamp").dt.replace_time_zone("UTC")
    )


def _owners(task: Task, series: Series) -> dict[Key, tuple[str, ...]]:
    """Resources of the bill by the key that labels have; one database may be billed under two names."""
    found: dict[Key, tuple[str, ...]] = {}
    for one in task.targets:
        if (key := one.keys.get(series.identity.name)) is not None:
            found[key] = (*found.get(key, ()), one.resource_id)
    return found


def _request(task: Task, series: Series, wanted: str, options: MonitoringOptions) -> dict[str, Any]:
    aligner, reducer = ALIGNERS[series.kind, wanted]
    identity = series.identity
    conditions = [
        f'project = "{task.project_id}"',
        f'metric.type = "{series.metric_type}"',
        f'resource.type = "{identity.resource_type}"',
        *(f'metric.labels.{label} = "{value}"' for label, value in series.where),
        *(f'metric.labels.{label} != "{value}"' for label, value in series.where_not),
    ]
    if not identity.has_long_names:
        names = ", ".join(f'"{name}"' for name in sorted({key[-1] for key in _owners(task, series)}))
        field = identity.fields[-1].replace(".label.", ".labels.")
        conditions.append(f"{field} = one_of({names})")
    return {
        "name": f"projects/{task.project_id}",
        "filter": " AND ".join(conditions),
        "interval": {"start_time": task.start, "end_time": task.end},
        "aggregation": {
            "alignment_period": timedelta(seconds=task.period_seconds),
            "per_series_aligner": aligner,
            "cross_series_reducer": reducer or f"REDUCE_{series.across}",
            "group_by_fields": [*identity.fields, *([f"metric.label.{series.per}"] if series.per else [])],
        },
        "view": "FULL",
        "page_size": options.page_size,
    }


def _page(page: Any, task: Task, series: Series, owners: Mapping[Key, tuple[str, ...]]) -> pl.DataFrame:
    """The points of a page that belong to resources of the bill: resource_id, per, timestamp, value."""
    import polars as pl

    frames = [_no_points().with_columns(pl.col("timestamp").dt.replace_time_zone(None))]
    for one in type(page).pb(page).time_series:  # the bare messages: their wrappers take five times as long
        key = tuple(_label(one, field) for field in series.identity.fields)
        if series.identity.has_long_names:
            key = (*key[:-1], key[-1].rpartition("/")[2])
        resource_ids = owners.get(key, ())
        per = one.metric.labels.get(series.per, "") if series.per else ""
        if not resource_ids or (series.per and not per):
            continue
        ends = [point.interval.end_time.seconds for point in one.points]
        values = [_number(point.value) for point in one.points]
        points = pl.DataFrame({"seconds": ends, "value": values}, schema={"seconds": pl.Int64, "value": pl.Float64})
        frames += [
            points.select(
                pl.lit(resource_id).alias("resource_id"),
                pl.lit(per).alias("per"),
                ((pl.col("seconds") - task.period_seconds) * 1_000_000).cast(pl.Datetime("us")).alias("timestamp"),
                "value",
            )
            for resource_id in resource_ids
        ]
    return pl.concat(frames)


def _label(series: Any, field: str) -> str:
    """A label of a bare TimeSeries, '' where it has none."""
    where, _, name = field.rpartition(".")
    if where == "metadata.system_labels":
        fields = series.metadata.system_labels.fields
        return str(fields[name].string_value) if name in fields else ""
    return str((series.metric if where == "metric.label" else series.resource).labels.get(name, ""))


def _number(value: Any) -> float | None:
    """A point's number, of a distribution its mean; None where there is none. An unset field would read as zero."""
    kind = value.WhichOneof("value")
    if kind == "double_value":
        return float(value.double_value)
    if kind == "int64_value":
        return float(value.int64_value)
    if kind == "distribution_value" and value.distribution_value.count > 0:
        return float(value.distribution_value.mean)
    return None


def _no_points() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        schema={
            "resource_id": pl.String,
            "per": pl.String,
            "timestamp": pl.Datetime("us", "UTC"),
            "value": pl.Float64,
        }
    )


def _no_samples() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        schema={
            "provider": pl.String,
            "sub_account_id": pl.String,
            "resource_id": pl.String,
            "metric": pl.String,
            "timestamp": pl.Datetime("us", "UTC"),
            "value": pl.Float64,
            "maximum": pl.Float64,
            "interval_seconds": pl.Float64,
        }
    )


# --- the client, and what it is refused -------------------------------------------------------------------------------


def _client(options: MonitoringOptions) -> Any:
    try:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.cloud import monitoring_v3
    except ImportError as error:
        raise ConfigError(
            "Cloud Monitoring",
            why="needs packages that are not installed",
            fix="pip install 'advisor[metrics]'",
        ) from error
    if address := _insecure(options.endpoint):
        import grpc
        from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport

        unlimited = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
        channel = grpc.insecure_channel(address, options=unlimited)
        return monitoring_v3.MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))
    try:
        credentials, _ = google.auth.default(scopes=[SCOPE], quota_project_id=options.quota_project or None)
    except GoogleAuthError as error:
        raise _no_credentials(type(error).__name__) from error
    endpoint = {"api_endpoint": options.endpoint} if options.endpoint else {}
    return monitoring_v3.MetricServiceClient(credentials=credentials, client_options=endpoint)


def _insecure(endpoint: str) -> str:
    """host:port where the endpoint is to be spoken to without TLS (and without credentials), else ''."""
    parts = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}")
    is_local = parts.hostname in {"localhost", "127.0.0.1", "::1"} and parts.scheme == ""
    return parts.netloc if parts.scheme == "http" or is_local else ""


def _retry(options: MonitoringOptions) -> Any:
    """Back-off for a busy service and for used up quotas, which are per minute."""
    from google.api_core.retry import Retry

    return Retry(
        predicate=_may_pass,
        initial=options.retry_pause_seconds,
        maximum=30.0,
        multiplier=2.0,
        timeout=options.retry_seconds,
    )


def _may_pass(error: Exception) -> bool:
    from google.api_core import exceptions

    passing = (
        exceptions.ServiceUnavailable,
        exceptions.ResourceExhausted,
        exceptions.DeadlineExceeded,
        exceptions.Aborted,
    )
    return isinstance(error, passing) and not _is_login(error)


def _is_login(error: Exception) -> bool:
    """True where the client failed at getting a token: gRPC reports it as if the service were unavailable."""
    from google.api_core.exceptions import Unauthenticated

    return isinstance(error, Unauthenticated) or "metadata from plugin failed" in str(error)


def _refused(error: Any, task: Task) -> Problem:
    """The problem of one metric. Raises AdvisorError, _ProjectLost or _NoAnswer for what stands in the way of more."""
    from google.api_core import exceptions

    if isinstance(error, exceptions.RetryError) and isinstance(error.cause, exceptions.GoogleAPIError):
        return _refused(error.cause, task)
    kind = type(error).__name__
    project = f"project {task.project_id}"
    if _is_login(error):
        raise _no_credentials(kind) from error
    if isinstance(error, exceptions.PermissionDenied) and getattr(error, "reason", None) == "SERVICE_DISABLED":
        raise _ProjectLost(
            Problem(
                what=f"utilisation of {project}",
                why=f"the Cloud Monitoring API is not enabled in {_consumer(error) or 'the project of the credentials'}",
                fix="gcloud services enable monitoring.googleapis.com, or name another quota project.",
            )
        ) from error
    if isinstance(error, exceptions.PermissionDenied):
        raise _ProjectLost(
            Problem(
                what=f"utilisation of {project}",
                why=f"these credentials may not read its metrics ({kind})",
                fix=f"Grant the role roles/monitoring.viewer: gcloud projects add-iam-policy-binding {task.project_id}"
                " --member serviceAccount:ACCOUNT --role roles/monitoring.viewer",
            )
        ) from error
    if isinstance(error, exceptions.NotFound):
        raise _ProjectLost(
            Problem(
                what=f"utilisation of {project}",
                why="the project does not exist any more, or these credentials may not see it",
                fix="Of a project that was deleted nothing can be read. Else grant the role roles/monitoring.viewer.",
            )
        ) from error
    if isinstance(error, exceptions.ResourceExhausted):
        raise _ProjectLost(
            Problem(
                what=f"utilisation of {project}",
                why="the quota for reading Cloud Monitoring is used up",
                fix="Run it again later: what is read by then is kept. Or have the quota raised.",
            )
        ) from error
    if isinstance(error, exceptions.ServiceUnavailable | exceptions.DeadlineExceeded | exceptions.RetryError):
        raise _NoAnswer(kind) from error
    return Problem(
        what=f"{task.rule.metric} of {len(task.targets)} {_plural(len(task.targets), 'resource')} of {project}",
        why=f"Cloud Monitoring refused the request ({kind})",
        fix="Run it again; if it stays so, tell the authors of advisor which of Google's services it is.",
    )


def _consumer(error: Any) -> str:
    """The project whose API is switched off, where the service says so in its own form; it need not be the one asked."""
    said = str((getattr(error, "metadata", None) or {}).get("consumer", ""))
    return said.replace("projects/", "project ") if re.fullmatch(r"projects/[a-z0-9.:-]+", said) else ""


def _silent(error: _NoAnswer, project_ids: set[str]) -> Problem:
    names = sorted(project_ids)
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return Problem(
        what=f"utilisation of {_plural(len(names), 'project')} {shown}",
        why=f"Cloud Monitoring does not answer ({error})",
        fix="Check network and proxy, then run it again; days that were read are kept.",
    )


def _no_credentials(kind: str) -> AdvisorError:
    return AdvisorError(
        "Cloud Monitoring",
        why=f"there are no usable Google credentials ({kind})",
        fix="Log in with gcloud auth application-default login, or name a service account's file in"
        " GOOGLE_APPLICATION_CREDENTIALS.",
    )
