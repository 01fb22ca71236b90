"""The pipeline in order: exports → charges → resource-days → rows → findings → report. Only this module knows it."""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from advisor import store
from advisor.config import Config, Source
from advisor.errors import AdvisorError, ConfigError, ExportError, StoreError
from advisor.ingest import discover
from advisor.ingest.location import LocalLocation
from advisor.model import (
    DAYS_PER_MONTH,
    AccountTotal,
    CurrencySummary,
    Finding,
    Group,
    PeriodTotal,
    Problem,
    ScanResult,
    Unmatched,
)
from advisor.store import Resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection
    from typing_extensions import TypeIs

    from advisor.ingest.bigquery import BigQueryLocation, Known
    from advisor.ingest.discover import Delivery
    from advisor.ingest.location import Entry, Location
    from advisor.prices.refreshed import Refreshed
    from advisor.utilization.fetch import FetchOptions
    from advisor.utilization.metrics import BilledResource, Window

    Place = Location | BigQueryLocation
    """Where deliveries come from: files, or tables of a warehouse."""


T = TypeVar("T")

SMALL_DELIVERY_BYTES = 64_000_000
"""Up to this size deliveries are loaded side by side; larger ones fill cores and memory on their own."""


class Reporter(Protocol):
    """Where progress goes; the command line draws it on stderr."""

    def start(self, total: int, what: str, unit: str = "bytes") -> AbstractContextManager[Callable[[int], None]]:
        """A context in which the returned function takes the number of further units that are done."""
        ...

    def say(self, text: str) -> None:
        """A line for the person who waits."""
        ...


class Silent:
    """Reports nothing."""

    def start(self, total: int, what: str, unit: str = "bytes") -> AbstractContextManager[Callable[[int], None]]:
        """Nothing is drawn."""
        return nullcontext(lambda _: None)

    def say(self, text: str) -> None:
        """Nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What an ingest did: periods loaded, deliveries that were there already, what failed, and all totals."""

    loaded: tuple[tuple[str, date], ...]
    unchanged: int
    problems: tuple[Problem, ...]
    totals: tuple[PeriodTotal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every run needs besides its arguments."""

    db: Path
    config: Config = field(default_factory=Config)
    resources: Resources = field(default_factory=Resources)
    wait_seconds: float = 60
    max_bytes: int = 100 * 10**9
    history_months: int = 13


# --- ingest -------------------------------------------------------------------------------------------------------------


def ingest(paths: Sequence[str], settings: Settings, reporter: Reporter) -> Ingested:
    """Loads what is new in `paths` (else in the configured sources) into the database."""
    sources = _sources(paths, settings.config)
    if not sources:
        raise ExportError(
            "ingest", why="has nothing to read", fix="Name a folder, or list [[sources]] in advisor.toml."
        )
    with _cache() as scratch:
        found, problems = _discover(sources, scratch, settings, reporter)
        new, totals = _new_only(found, settings)
        loaded: list[tuple[str, date]] = []
        known = len(found) - len(new)
        if new:
            from advisor.ingest import load

            with _writing(settings, reporter) as con:
                # Another run may have loaded them while this one waited for the lock.
                new = [(place, d) for place, d in new if not load.is_loaded(con, d)]
                loaded, failed = _load_all(con, new, scratch, reporter)
                if not loaded and failed and not known:
                    raise _Nothing(failed)
                totals = _totals(con)
            problems += failed
    if not loaded and not (len(found) - len(new)) and problems:
        raise _Nothing(problems)
    return Ingested(
        loaded=tuple(loaded), unchanged=len(found) - len(new), problems=_as_problems(problems), totals=totals
    )


class _Nothing(ExportError):
    """Nothing at all could be read: the first reason, and how many more."""

    def __init__(self, problems: Sequence[AdvisorError]) -> None:
        first = problems[0]
        more = f" ({len(problems) - 1} more failed)" if len(problems) > 1 else ""
        super().__init__(first.what, why=first.why, fix=first.fix + more)
        self.problems = tuple(problems)


def _sources(paths: Sequence[str], config: Config) -> list[Source]:
    if not paths:
        return list(config.sources)
    known = {source.path.rstrip("/"): source for source in config.sources}
    return [known.get(path.rstrip("/"), Source(path=path)) for path in paths]


def _location(source: Source, cache: Path, settings: Settings, reporter: Reporter) -> Place:
    scheme = source.path.split("://", 1)[0].lower() if "://" in source.path else ""
    if scheme == "s3":
        from advisor.ingest import s3

        options = s3.S3Options(
            profile=source.profile,
            role_arn=source.role_arn,
            external_id=source.external_id,
            region=source.region,
            endpoint_url=source.endpoint_url,
            requester_pays=source.requester_pays,
        )
        return s3.open_s3(source.path, options, cache)
    if scheme == "gs":
        from advisor.ingest import gcs

        return gcs.open_gcs(
            source.path,
            gcs.GCSOptions(billing_project=source.billing_project, endpoint=source.endpoint_url),
            cache,
        )
    if scheme == "bigquery":
        from advisor.ingest import bigquery

        return bigquery.open_bigquery(
            source.path,
            bigquery.BigQueryOptions(
                project=source.billing_project,
                endpoint=source.endpoint_url,
                max_bytes=settings.max_bytes,
                history_months=settings.history_months,
            ),
            reporter.say,
        )
    if scheme:
        raise ExportError(
            f"source {source.path}",
            why=f"has a scheme {scheme} that cannot be read",
            fix="Use s3://, gs://, bigquery:// or a path.",
        )
    return LocalLocation(path=Path(source.path))


def _discover(
    sources: Iterable[Source], cache: Path, settings: Settings, reporter: Reporter
) -> tuple[list[tuple[Place, Delivery]], list[AdvisorError]]:
    found: dict[tuple[str, date | None], tuple[Place, Delivery]] = {}
    problems: list[AdvisorError] = []
    for source in sources:
        try:
            location = _location(source, cache, settings, reporter)
            if is_tables(location):
                deliveries, unusable = location.discover(_known(settings))
            else:
                deliveries, unusable = discover.discover(location)
        except AdvisorError as error:
            problems.append(error)
            continue
        problems += unusable
        # A path given twice, or inside another one, is one source.
        found |= {(d.source, d.period): (location, d) for d in deliveries}
    return list(found.values()), problems


def is_tables(place: Place) -> TypeIs[BigQueryLocation]:
    """True for tables of a warehouse, which are rolled up there; everything else holds files."""
    return not hasattr(place, "fetch")


def _known(settings: Settings) -> Known:
    """What the database holds of a warehouse's tables; nothing where there is no database yet, or an older one."""
    from advisor.ingest import bigquery

    return _held(settings, bigquery.stored, bigquery.Known())


def _new_only(
    found: Sequence[tuple[Place, Delivery]], settings: Settings
) -> tuple[list[tuple[Place, Delivery]], tuple[PeriodTotal, ...]]:
    """(deliveries that the database does not hold, its totals)."""

    def look(con: DuckDBPyConnection) -> tuple[list[tuple[Place, Delivery]], tuple[PeriodTotal, ...]]:
        return [(place, d) for place, d in found if not store.has_load(con, d.source, d.fingerprint)], _totals(con)

    everything: tuple[list[tuple[Place, Delivery]], tuple[PeriodTotal, ...]] = list(found), ()
    return _held(settings, look, everything)


def _held(settings: Settings, look: Callable[[DuckDBPyConnection], T], otherwise: T) -> T:
    """What `look` sees in the database; `otherwise` where there is none yet, or one to be migrated first."""
    if not settings.db.exists():
        return otherwise
    try:
        with store.reading(settings.db, settings.resources) as con:
            return look(con)
    except StoreError as error:
        if "older schema" in error.why:
            return otherwise
        raise


def _load_all(
    con: DuckDBPyConnection, new: Sequence[tuple[Place, Delivery]], scratch: Path, reporter: Reporter
) -> tuple[list[tuple[str, date]], list[AdvisorError]]:
    """(loaded periods, what failed). Small deliveries are loaded side by side: one alone keeps no two cores busy.

    Files of metrics and of recommendations that lie among the exports are known by their columns and read afterwards.
    """
    outcomes: dict[int, list[tuple[str, date]] | AdvisorError] = {}
    todo = iter(enumerate(new))  # shared by the threads: who is free takes the next delivery
    stopped = threading.Event()

    def work(cursor: DuckDBPyConnection, done: Callable[[int], None]) -> None:
        for index, (place, delivery) in todo:
            if stopped.is_set():
                return
            told = _Told(done)
            try:
                outcomes[index] = _load(cursor, place, delivery, _own_folder(scratch, index), told)
            except StoreError:
                raise
            except AdvisorError as error:
                outcomes[index] = error
            told.rest(delivery.size_bytes)

    is_small = all(d.size_bytes <= SMALL_DELIVERY_BYTES for _, d in new)
    with (
        reporter.start(sum(d.size_bytes for _, d in new), "Reading exports") as done,
        store.cursors(con, len(new) if is_small else 1) as cursors,
        ThreadPoolExecutor(len(cursors)) as pool,
    ):
        running = [pool.submit(work, cursor, done) for cursor in cursors]
        try:
            for future in running:
                future.result()
        except BaseException:
            stopped.set()
            for place, _ in new:
                if is_tables(place):
                    place.stop()
            while wait(running, timeout=0.05).not_done:
                store.interrupt()  # again: it reaches only a query that runs at the moment
            raise
    beside = {index: kind for index, outcome in outcomes.items() if (kind := _kind_beside(outcome))}
    loaded = [period for _, outcome in sorted(outcomes.items()) if isinstance(outcome, list) for period in outcome]
    failed = [o for index, o in sorted(outcomes.items()) if isinstance(o, AdvisorError) and index not in beside]
    if beside:
        metrics: list[Samples] = []
        advice: list[tuple[str, Path]] = []
        for index, kind in sorted(beside.items()):
            place, delivery = new[index]
            files = _fetched(place, delivery.entries)
            if kind == "metrics":
                metrics.append(
                    (files[0][0] if len(files) == 1 else shown(delivery.source), [path for _, path in files])
                )
            else:
                advice += files
        failed += _load_beside(con, _tables_of(metrics), advice, reporter)[1]
    return loaded, failed


def _kind_beside(outcome: object) -> str:
    """'metrics' or 'recommendations' for what is no bill but belongs to one; '' for everything else."""
    from advisor.ingest.load import NotABill

    if not isinstance(outcome, NotABill):
        return ""
    from advisor.utilization import files, recommendations

    if files.is_samples(outcome.columns):
        return "metrics"
    return "recommendations" if recommendations.is_recommendations(outcome.columns) else ""


def _fetched(place: Place, entries: Sequence[Entry]) -> list[tuple[str, Path]]:
    """(name as people know it, local path) of files of a place."""
    assert not is_tables(place)  # noqa: S101 - tables are never taken for files
    paths = place.fetch(entries, lambda _: None)
    return [(shown(f"{place.name}/{entry.key}"), path) for entry, path in zip(entries, paths, strict=True)]


Samples = tuple[str, "Sequence[Path]"]
"""Files of metrics that are read as one, and what they are called."""


def _tables_of(files: Iterable[Samples]) -> list[Samples]:
    """`files` with those made one that are parts of one table, by their names: a day that is split over files is one day.

    Others stay apart: whether percents are fractions shows file by file.
    """
    tables: dict[str, list[Samples]] = defaultdict(list)
    for name, paths in files:
        tables[_table_name(name)].append((name, paths))
    return [
        parts[0] if len(parts) == 1 else (table, [path for _, paths in parts for path in paths])
        for table, parts in tables.items()
    ]


def _table_name(name: str) -> str:
    """What the names of a table's parts have in common.

    >>> _table_name("m/day=3/part-0.csv.gz"), _table_name("m/cpu-2026-11-01.csv"), _table_name("m/2026-11-01.csv")
    ('m/part', 'm/cpu', 'm')
    """
    *folders, file = name.rstrip("/").split("/")
    numbers = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+[TZ:_-]*"
    stem = re.sub(numbers, "", file.split(".")[0]).strip("-_")
    return "/".join([folder for folder in folders if "=" not in folder] + [stem] * bool(stem))


def _load_beside(
    con: DuckDBPyConnection,
    metrics: Sequence[Samples],
    advice: Sequence[tuple[str, Path]],
    reporter: Reporter,
) -> tuple[bool, list[AdvisorError]]:
    """Loads files of metrics and of recommendations: (whether any could be used, what could not)."""
    from advisor.utilization import recommendations, table

    failed: list[AdvisorError] = []
    is_used = False
    if metrics:
        with reporter.start(sum(p.stat().st_size for _, paths in metrics for p in paths), "Reading metrics") as done:
            for name, paths in metrics:
                try:
                    told = table.load_file(con, name, done, parts=paths).problems
                    is_used = True
                    failed += _as_errors(p for p in told if p.incomplete)
                except AdvisorError as error:
                    failed.append(error)
    if advice:
        read = recommendations.read_files(con, advice)
        is_used |= recommendations.put(con, read) > 0
        failed += _as_errors(read.problems)
    return is_used, failed


def _as_errors(problems: Iterable[Problem]) -> list[AdvisorError]:
    return [AdvisorError(p.what, why=p.why, fix=p.fix) for p in problems]


def _load(
    con: DuckDBPyConnection, place: Place, delivery: Delivery, scratch: Path, progress: Callable[[int], None]
) -> list[tuple[str, date]]:
    if is_tables(place):
        from advisor.ingest import bigquery

        return bigquery.load(con, place, delivery, scratch, progress)
    from advisor.ingest import load

    return load.load(con, place, delivery, scratch, progress)


class _Told:
    """Counts the bytes of one delivery that progress was told of, to tell the rest when it is done."""

    def __init__(self, done: Callable[[int], None]) -> None:
        self.done = done
        self.told_bytes = 0

    def __call__(self, size_bytes: int) -> None:
        self.told_bytes += size_bytes
        self.done(size_bytes)

    def rest(self, size_bytes: int) -> None:
        self.done(max(0, size_bytes - self.told_bytes))


def _own_folder(scratch: Path, index: int) -> Path:
    """A folder for what one delivery unpacks: names repeat between deliveries."""
    folder = scratch / f"delivery-{index}"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def _cache() -> Iterator[Path]:
    """A private folder for downloads and unpacked archives, gone afterwards."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="advisor-")
    except OSError as error:
        raise StoreError(
            "temporary folder",
            why=f"cannot be made ({error.strerror or error})",
            fix="Free some space, or name another place in the variable TMPDIR; nothing was changed.",
        ) from error
    with folder as name:
        yield Path(name)


def _as_problems(errors: Iterable[AdvisorError]) -> tuple[Problem, ...]:
    return tuple(Problem(what=e.what, why=e.why, fix=e.fix) for e in errors)


def probe_sources(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """(state, name, detail) of every configured source: what can be read there, without loading it."""
    for source in settings.config.sources:
        with _cache() as cache:
            found, problems = _discover([source], cache, settings, Silent())
        for problem in problems:
            yield "wrong", source.path, str(problem)
        if found:
            megabytes = sum(d.size_bytes for _, d in found) / 1e6
            yield "ok", source.path, f"{len(found)} deliveries, {megabytes:,.1f} MB"


def probe_database(settings: Settings) -> tuple[str, str, str]:
    """(what, state, detail) of the database."""
    what = f"database {settings.db}"
    if not settings.db.exists():
        return what, "ok", "not there yet: the first ingest makes it"
    try:
        with store.reading(settings.db, settings.resources) as con:
            periods = con.execute("select count(*), count(distinct source) from loads").fetchone() or (0, 0)
    except AdvisorError as error:
        return what, "wrong", str(error)
    return (
        what,
        "ok",
        f"{periods[0]} billing periods of {periods[1]} sources, {settings.db.stat().st_size / 1e6:,.1f} MB",
    )


# --- scan ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """What to judge: checks by id (all when empty), as of which day, from which saving on, with which metrics and advice."""

    checks: tuple[str, ...] = ()
    as_of: date | None = None
    min_monthly_savings: float = 0.0
    metrics: tuple[str, ...] = ()
    recommendations: tuple[str, ...] = ()


def scan(
    paths: Sequence[str], settings: Settings, options: ScanOptions, reporter: Reporter, *, keep: bool
) -> ScanResult:
    """Judges `paths` in a database that is thrown away, or (`keep`) the settings' database after loading them.

    Without paths the configured sources are loaded first; without any the database is judged as it is.
    """
    if paths and not keep:
        with _cache() as scratch:
            inside = replace(settings, db=scratch / "scratch.duckdb")
            return _scan_scratch(paths, inside, options, reporter)
    problems: tuple[Problem, ...] = ()
    if paths or settings.config.sources:
        problems = ingest(paths, settings, reporter).problems
    if options.metrics or options.recommendations:
        problems += load_metrics(options.metrics, options.recommendations, settings, reporter).problems
    with store.reading(settings.db, settings.resources) as con:
        result = _judge(con, settings.config, options, problems)
    _remember(result, settings, reporter)
    return result


def _scan_scratch(paths: Sequence[str], settings: Settings, options: ScanOptions, reporter: Reporter) -> ScanResult:
    """Loads and judges a database that nobody else sees, so nothing is copied or swapped."""
    sources = _sources(paths, settings.config)
    found, problems = _discover(sources, settings.db.parent, settings, reporter)
    with store.private(settings.db, settings.resources) as con:
        loaded, failed = _load_all(con, found, settings.db.parent, reporter)
        if not loaded:
            raise _Nothing([*problems, *failed])
        named = _load_named(con, options.metrics, options.recommendations, settings, settings.db.parent, reporter)
        failed += named[1]
    with store.reading(settings.db, settings.resources) as con:
        return _judge(con, settings.config, options, _as_problems([*problems, *failed]))


def last_report(settings: Settings) -> str:
    """The JSON text of the last scan of the database."""
    with store.reading(settings.db, settings.resources) as con:
        row = con.execute("select report from scans order by generated_at desc limit 1").fetchone()
    if row is None:
        raise StoreError(f"database {settings.db}", why="holds no scan yet", fix="Run advisor scan first.")
    return str(row[0])


def _remember(result: ScanResult, settings: Settings, reporter: Reporter) -> None:
    from advisor.reports import json_report

    text = json_report.render(result, width=None, color=False, top=None)
    with _writing(settings, reporter) as con:
        con.execute("insert into scans values (?, ?)", [result.generated_at.replace(tzinfo=None), text])
        con.execute(
            "delete from scans where generated_at not in (select generated_at from scans order by generated_at desc limit 30)"
        )


def _judge(con: DuckDBPyConnection, config: Config, options: ScanOptions, problems: tuple[Problem, ...]) -> ScanResult:
    from advisor.rules import catalogue, engine, periods

    loads, overlaps = periods.countable(con)
    if not loads:
        raise StoreError("database", why="holds no billing period", fix="Load an export first: advisor ingest PATH.")
    clocks = periods.clocks(con, loads) if options.as_of is None else {options.as_of: list(loads)}
    known = catalogue.load_checks(config.check_paths)
    if strangers := sorted(set(config.check_params) - {check.id for check in known}):
        raise ConfigError(
            f"file {config.file}",
            why=f"sets parameters of the unknown check {', '.join(strangers)}",
            fix="advisor checks list prints the ids.",
        )
    checks = _wanted(known, options.checks, _providers(con))
    trusted = all(check.trusted for check in checks)
    if not trusted:
        store.shut_in(con)
    judged = []
    costs: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    unmatched: dict[str, float] = defaultdict(float)
    strange: list[tuple[str, Unmatched]] = []
    placed: set[str] = set()
    ambiguous: set[str] = set()
    for as_of, members in sorted(clocks.items()):
        engine.prepare(con, loads=members, as_of=as_of, context=_context(config))
        judged.append(
            engine.judge(
                con,
                checks,
                as_of=as_of,
                overrides=config.check_params,
                min_monthly_savings=options.min_monthly_savings,
                parallel=trusted,
            )
        )
        one, several = engine.names_of_metrics(con)
        placed |= one
        ambiguous |= several
        engine.find_unknown_usage(con)
        for currency, cost, credits, unknown in _monthly_costs(con):
            costs[currency][0] += cost
            costs[currency][1] += credits
            unmatched[currency] += unknown
        strange += _unmatched(con)
    as_of = max(clocks)
    problems += overlaps + periods.stale(con, clocks) + _nameless_metrics(con, placed, ambiguous)
    result = _result(con, judged, costs, unmatched, as_of, problems)
    largest = sorted((u for currency, u in strange if currency == result.currency), key=lambda u: -u.monthly_cost)
    return replace(result, problems=result.problems + _failed_checks(result), unmatched=tuple(largest[:10]))


def _nameless_metrics(con: DuckDBPyConnection, placed: set[str], ambiguous: set[str]) -> tuple[Problem, ...]:
    """What to say of metrics whose names are no resource of the bill, or could be several: nobody was judged by them."""
    asked = {row[0] for row in con.execute("select distinct resource_id from utilization_days").fetchall()}
    told = (
        (ambiguous - placed, "could each be several resources of the bill", "Give ids or ARNs, or a column account."),
        (
            asked - placed - ambiguous,
            "are no resource of the bill",
            "Use the bill's ids, their ends, or resource names.",
        ),
    )
    return tuple(
        Problem(
            what=f"metrics of {len(names):,} names ({', '.join(sorted(names)[:3])}{', …' if len(names) > 3 else ''})",
            why=why,
            fix=fix,
            incomplete=False,
        )
        for names, why, fix in told
        if names
    )


def _result(
    con: DuckDBPyConnection,
    judged: Sequence[Any],
    costs: Mapping[str, Sequence[float]],
    unmatched: Mapping[str, float],
    as_of: date,
    problems: tuple[Problem, ...],
) -> ScanResult:
    from advisor.rules import engine

    findings = tuple(sorted((f for part in judged for f in part.findings), key=lambda f: (-f.monthly_savings, f.id)))
    currencies = tuple(
        CurrencySummary(
            currency=currency,
            monthly_cost=cost,
            monthly_credits=credits,
            monthly_savings=sum(f.monthly_savings for f in findings if f.currency == currency),
            findings=sum(f.currency == currency for f in findings),
        )
        for currency, (cost, credits) in sorted(costs.items(), key=lambda item: (-item[1][0], item[0]))
    )
    main = currencies[0] if currencies else None
    unknown = unmatched[main.currency] if main else 0.0
    return ScanResult(
        generated_at=datetime.now(UTC).replace(microsecond=0),
        as_of=as_of,
        window_start=_month_before(as_of) + timedelta(days=1),
        window_end=as_of,
        currency=main.currency if main else "USD",
        totals=_totals(con),
        currencies=currencies,
        by_kind=_groups(findings, lambda f: f.kind),
        by_service=_groups(findings, lambda f: f.service),
        by_owner=_groups(findings, lambda f: f.owner),
        checks=engine.merge_checks([part.checks for part in judged]),
        findings=findings,
        unmatched_monthly_cost=unknown,
        unmatched_share=round(unknown / main.monthly_cost, 6) if main and main.monthly_cost > 0 else 0.0,
        problems=problems,
        unmeasured_resources=len(frozenset().union(*(part.unmeasured for part in judged))),
    )


def _wanted(checks: Sequence[Any], ids: Sequence[str], providers: set[str]) -> list[Any]:
    """Checks of the providers in the data: who has only one cloud never meets a word of the other."""
    unknown = sorted(set(ids) - {c.id for c in checks})
    if unknown:
        raise AdvisorError(
            f"check {', '.join(unknown)}", why="does not exist", fix="advisor checks list prints the ids."
        )
    return [c for c in checks if c.provider in (*providers, "any") and (not ids or c.id in ids)]


def _providers(con: DuckDBPyConnection) -> set[str]:
    return {row[0] for row in con.execute("select distinct provider from totals").fetchall()}


def _context(config: Config) -> Any:
    from advisor.rules.context import ContextRules

    names = {
        "owner": "owner_keys",
        "environment": "environment_keys",
        "production": "production_words",
        "non_production": "other_words",
    }
    return ContextRules(**{names[key]: value for key, value in config.tags.items()})


def _groups(findings: Iterable[Finding], key: Callable[[Finding], str]) -> tuple[Group, ...]:
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for finding in findings:
        entry = sums[key(finding), finding.currency]
        entry[0] += 1
        entry[1] += finding.monthly_cost
        entry[2] += finding.monthly_savings
    groups = (
        Group(name=name, currency=currency, findings=int(n), monthly_cost=cost, monthly_savings=savings)
        for (name, currency), (n, cost, savings) in sums.items()
    )
    return tuple(sorted(groups, key=lambda g: (-g.monthly_savings, g.name, g.currency)))


def _failed_checks(result: ScanResult) -> tuple[Problem, ...]:
    return tuple(
        Problem(what=f"check {c.id}", why=c.error, fix="The other checks ran. Run advisor checks test for its cases.")
        for c in result.checks
        if c.error
    )


# --- utilisation and prices -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a cloud is asked for, or was: resources of the bill, calls and their cost at most, and what came of it.

    `measured` are resources of which there were days, `days` those days, one for each metric; `states` are machines
    and volumes that the inventory told of.
    """

    cloud: str
    resources: int
    calls: int
    cost_usd: float
    measured: int = 0
    days: int = 0
    states: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a refresh of utilisation or of prices brought: new rows by what they are, and what could not be had."""

    rows: Mapping[str, int]
    problems: tuple[Problem, ...]
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsOptions:
    """What to ask the clouds for: resources from a monthly cost on, so many days back, for so much money at most."""

    clouds: tuple[str, ...] = ()
    days: int = 30
    least_monthly_cost: float = 5.0
    max_cost_usd: float = 1.0
    aws_profile: str = ""
    aws_role: str = ""
    external_id: str = field(default="", repr=False)
    google_project: str = ""
    google_endpoint: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesOptions:
    """Whose prices to refresh, and from where."""

    clouds: tuple[str, ...] = ()
    aws_profile: str = ""
    pricing_export: str = ""
    google_project: str = ""
    google_endpoint: str = ""


def load_metrics(
    metrics: Sequence[str], recommendations: Sequence[str], settings: Settings, reporter: Reporter
) -> Measured:
    """Loads files of metrics and of recommendations into the database; raises when none of them can be used."""
    with _cache() as scratch, _writing(settings, reporter) as con:
        before = _held_rows(con)
        is_used, failed = _load_named(con, metrics, recommendations, settings, scratch, reporter)
        if failed and not is_used:
            raise _Nothing(failed)
        rows = _new_rows(con, before)
    return Measured(rows=rows, problems=_as_problems(failed))


def _load_named(
    con: DuckDBPyConnection,
    metrics: Sequence[str],
    recommendations: Sequence[str],
    settings: Settings,
    scratch: Path,
    reporter: Reporter,
) -> tuple[bool, list[AdvisorError]]:
    """Loads what flags and settings name, as _load_beside does; raises when a named place holds nothing at all."""
    failed: list[AdvisorError] = []
    is_used = False
    samples: list[Samples] = []
    advice: list[tuple[str, Path]] = []
    for place in metrics:
        samples.append((place, [path for _, path in _files(place, settings, scratch, reporter)]))
    samples = _tables_of(samples)
    for place in recommendations:
        if place.startswith("bigquery://"):
            failed += _load_recommender(con, place, settings)
            is_used = True
        else:
            advice += _files(place, settings, scratch, reporter)
    of_files, refused = _load_beside(con, samples, advice, reporter)
    return is_used or of_files, failed + refused


def _files(path: str, settings: Settings, scratch: Path, reporter: Reporter) -> list[tuple[str, Path]]:
    """Local copies of the data files of a path, folder or bucket prefix."""
    from advisor.ingest.location import DATA

    place = _location(Source(path=path), scratch, settings, reporter)
    if is_tables(place):
        raise ConfigError(f"metrics {path}", why="is a table", fix="Name files, or a folder or bucket of them.")
    entries = [entry for entry in place.entries() if DATA.search(entry.key) and not entry.key.endswith("metadata.json")]
    if not entries:
        raise ConfigError(f"path {path}", why="holds no CSV, JSON or Parquet file", fix="Correct the path.")
    return _fetched(place, entries)


def _load_recommender(con: DuckDBPyConnection, address: str, settings: Settings) -> list[AdvisorError]:
    from advisor.utilization import recommendations
    from advisor.utilization.recommendation_sources import BigQueryOptions

    source = next((s for s in settings.config.sources if s.path.startswith("bigquery://")), Source(path=address))
    read = recommendations.read_bigquery(
        address,
        BigQueryOptions(project=source.billing_project, endpoint=source.endpoint_url, max_bytes=settings.max_bytes),
    )
    recommendations.put(con, read)
    return _as_errors(read.problems)


FETCHED_AT_ONCE_SECONDS = 300.0
"""What was fetched is written this often: a run that is ended loses no more, and asks for no more again."""

KEEP_DAYS = 455
"""As long as CloudWatch itself keeps anything."""


def fetch_metrics(settings: Settings, options: MetricsOptions, reporter: Reporter) -> Measured:
    """Asks the clouds how busy the resources of the bill are and in what state, for days that are not held yet.

    Raises AdvisorError where no cloud can be asked at all.
    """
    from advisor.utilization import fetch

    with store.reading(settings.db, settings.resources) as con:
        resources, window = _asked_for(con, options)
    by_cloud = {cloud: [r for r in resources if r.provider == cloud] for cloud in options.clouds or (*fetch.SOURCES,)}
    by_cloud = {cloud: wanted for cloud, wanted in by_cloud.items() if wanted}
    if not by_cloud:
        raise AdvisorError(
            "metrics",
            why="the bill names no resource that costs enough to ask about",
            fix="Lower --min-cost; an export without resource ids cannot be measured.",
        )
    asked: list[Asked] = []
    problems: list[Problem] = []
    refused: list[AdvisorError] = []
    left_usd = options.max_cost_usd
    for cloud, wanted in by_cloud.items():
        how = fetch.FetchOptions(
            max_cost_usd=left_usd,
            aws_profile=options.aws_profile,
            aws_role=options.aws_role,
            external_id=options.external_id,
            google_project=options.google_project,
            google_endpoint=options.google_endpoint,
        )
        plan = fetch.plan(cloud, wanted, window, how)
        problems += plan.problems
        going = Asked(cloud=cloud, resources=len(wanted), calls=fetch.calls(plan), cost_usd=plan.cost_usd)
        if plan.cost_usd > left_usd:
            problems.append(_too_dear(cloud, plan.cost_usd, left_usd))
            continue
        if not options.dry_run:
            reporter.say(_announced(going))
            try:
                going = _fetch(going, wanted, window, plan, how, settings, reporter, problems)
            except StoreError:
                raise
            except AdvisorError as error:  # one cloud that cannot be asked does not stop the other
                refused.append(error)
                continue
        asked.append(going)
        left_usd -= plan.cost_usd
    if refused and not asked:
        raise _Nothing(refused)
    for refusal in refused:
        fix = f"{refusal.fix} Or ask only the other cloud: --cloud {asked[0].cloud}."
        problems.append(Problem(what=refusal.what, why=refusal.why, fix=fix))
    days, states = sum(a.days for a in asked), sum(a.states for a in asked)
    rows = {"days of metrics": days, "states": states}
    # Metrics and inventory of an account are refused for the same reason.
    return Measured(rows=rows, problems=tuple(dict.fromkeys(problems)), asked=tuple(asked))


def _announced(going: Asked) -> str:
    cost = f"USD {going.cost_usd:.2f}" if going.cost_usd >= 0.005 or not going.cost_usd else "less than USD 0.01"
    return f"{going.cloud}: {going.resources:,} resources of the bill, about {going.calls:,} calls for {cost}"


def _too_dear(cloud: str, cost_usd: float, left_usd: float) -> Problem:
    return Problem(
        what=f"metrics of {cloud}",
        why=f"were not asked for: the calls may cost USD {cost_usd:.4f}, and {left_usd:.4f} are left",
        fix="Allow more with --max-cost, ask for fewer --days, or raise --min-cost.",
    )


def _fetch(
    going: Asked,
    wanted: Sequence[BilledResource],
    window: Window,
    plan: Any,
    how: FetchOptions,
    settings: Settings,
    reporter: Reporter,
    problems: list[Problem],
) -> Asked:
    """Fetches what `plan` says and writes it every few minutes; then the inventory, where the cloud has one."""
    from advisor.utilization import fetch

    source = fetch.SOURCES[going.cloud]
    held: list[Any] = []
    measured: set[str] = set()
    answered: set[str] = set()
    days = 0
    written = time.monotonic()
    with reporter.start(going.calls, f"Asking {source}", "calls") as done:
        for batch in fetch.batches(going.cloud, plan, how, done):
            problems += batch.problems
            answered.update(batch.answered)
            if batch.days.is_empty():
                continue
            held.append(batch.days)
            measured.update(batch.days.get_column("resource_id").unique())
            if time.monotonic() - written > FETCHED_AT_ONCE_SECONDS:
                days += _keep(source, held, settings, reporter)
                held, written = [], time.monotonic()
    if held:
        days += _keep(source, held, settings, reporter)
    states = _keep_states(wanted, window, answered, how, settings, reporter, problems) if going.cloud == "aws" else 0
    return replace(going, measured=len(measured), days=days, states=states)


def _keep(source: str, held: Sequence[Any], settings: Settings, reporter: Reporter) -> int:
    """Writes days that were fetched; returns how many of them the database did not have."""
    from advisor.utilization import table

    with _writing(settings, reporter) as con:
        before = _held_rows(con)
        now = datetime.now(UTC)
        for days in held:
            table.put(con, days, source=source, fetched_at=now)
        new = _new_rows(con, before)["days of metrics"]
        table.prune(con, KEEP_DAYS)
    return new


def _keep_states(
    wanted: Sequence[BilledResource],
    window: Window,
    answered: set[str],
    how: FetchOptions,
    settings: Settings,
    reporter: Reporter,
    problems: list[Problem],
) -> int:
    """Writes what the inventory says of `wanted`; `answered` are those of which CloudWatch told all that it has."""
    from advisor.utilization import fetch

    with store.reading(settings.db, settings.resources) as con:
        known = {
            row[0]: (row[1], row[2])
            for row in con.execute(
                "select resource_id, state, since from resource_states where provider = 'aws'"
            ).fetchall()
        }
        last_days = dict(
            con.execute(
                "select resource_id, max(metric_date) from utilization_days where provider = 'aws' group by 1"
            ).fetchall()
        )
    frame, failed = fetch.states(wanted, known, window, answered, last_days, how)
    problems += failed
    if frame.is_empty():
        return 0
    with _writing(settings, reporter) as con:
        con.register("found_states", frame.to_arrow())
        con.execute("insert or replace into resource_states by name select * from found_states")
        con.unregister("found_states")
    return int(frame.height)


def _writing(settings: Settings, reporter: Reporter) -> AbstractContextManager[DuckDBPyConnection]:
    return store.writing(settings.db, settings.resources, wait_seconds=settings.wait_seconds, waiting=reporter.say)


def _asked_for(con: DuckDBPyConnection, options: MetricsOptions) -> tuple[list[BilledResource], Window]:
    """(resources of the bill that are dear enough, the days to ask for)."""
    from advisor.rules import periods
    from advisor.utilization.metrics import BilledResource, Window

    loads, _ = periods.countable(con)
    if not loads:
        raise StoreError("database", why="holds no billing period", fix="Load an export first: advisor ingest PATH.")
    resources: dict[tuple[str, str, str], BilledResource] = {}
    clocks = periods.clocks(con, loads)
    for as_of, members in clocks.items():
        for row in con.execute(
            periods.report_sql("billed_resources"),
            {"loads": members, "as_of": as_of, "days": 30, "least_cost": options.least_monthly_cost,
             "days_per_month": DAYS_PER_MONTH},
        ).fetchall():  # fmt: skip
            names = ("provider", "sub_account_id", "region_id", "resource_id", "resource_name", "service_code",
                     "service_name", "instance_type", "monthly_cost")  # fmt: skip
            resource = BilledResource(**dict(zip(names, row, strict=True)))
            resources.setdefault((resource.provider, resource.sub_account_id, resource.resource_id), resource)
    held = {
        row[:4]: row[4]
        for row in con.execute(
            "select provider, sub_account_id, resource_id, metric, max(metric_date) from utilization_days"
            " where source in ('cloudwatch', 'cloud-monitoring') group by all"
        ).fetchall()
    }
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    first_day = max(clocks) - timedelta(days=options.days - 1)
    return list(resources.values()), Window(
        first_day=min(first_day, yesterday),
        # A bill is a day or two behind; days that it will hold tomorrow are fetched now.
        last_day=min(yesterday, max(clocks) + timedelta(days=3)),
        held=held,
    )


def refresh_prices(settings: Settings, options: PricesOptions, reporter: Reporter) -> Measured:
    """Asks the clouds for shapes and list prices of the services and regions in the bill, and keeps them."""
    from advisor.prices import tables

    with store.reading(settings.db, settings.resources) as con:
        used = _machines_in_use(con)
    found: list[Refreshed] = []
    failed: list[AdvisorError] = []
    for cloud in options.clouds or ("aws", "gcp"):
        machines = [row for row in used if row[0] == cloud]
        if not machines:
            continue
        reporter.say(f"{cloud}: asking for prices of {len({m[1:3] for m in machines}):,} services and regions")
        try:
            found.append(_refreshed(cloud, machines, options, settings))
        except AdvisorError as error:  # one cloud that cannot be asked does not stop the other
            failed.append(error)
    if not used:
        raise AdvisorError(
            "prices", why="the bill names no machine", fix="Load an export with resource ids and instance types."
        )
    if failed and not found:
        raise failed[0]
    with _writing(settings, reporter) as con:
        before = _held_rows(con)
        for refreshed in found:
            _append(con, "shapes", refreshed.shapes, tables.SHAPE_KEY)
            _append(con, "shape_prices", refreshed.prices, tables.PRICE_KEY)
        rows = _new_rows(con, before)
    return Measured(
        rows=rows, problems=(*(p for refreshed in found for p in refreshed.problems), *_as_problems(failed))
    )


def _append(con: DuckDBPyConnection, table: str, frame: Any, key: Sequence[str]) -> None:
    """Adds rows that differ from the newest of their key: asked every night, a price that stays is one row."""
    same = " and ".join(f"old.{c} is not distinct from f.{c}" for c in frame.columns if c not in ("dated", "source"))
    con.register("fetched_rows", frame.to_arrow())
    con.execute(
        f"insert into {table} by name select f.* from fetched_rows f anti join (from {table} qualify"
        f" row_number() over (partition by {', '.join(key)} order by dated desc, rowid desc) = 1) old on {same}"
    )
    con.unregister("fetched_rows")


def _machines_in_use(con: DuckDBPyConnection) -> list[tuple[str, str, str, str]]:
    """(provider, service, region, shape) of the machines in the bill."""
    from advisor.rules import engine, periods

    loads, _ = periods.countable(con)
    if not loads:
        raise StoreError("database", why="holds no billing period", fix="Load an export first: advisor ingest PATH.")
    found: set[tuple[str, str, str, str]] = set()
    for as_of, members in periods.clocks(con, loads).items():
        found |= engine.machines_in_use(con, loads=members, as_of=as_of)
    return sorted(found)


def _refreshed(
    cloud: str, machines: Sequence[tuple[str, str, str, str]], options: PricesOptions, settings: Settings
) -> Refreshed:
    needs = {(service, region) for _, service, region, _ in machines if region}
    today = datetime.now(UTC).date()
    if cloud == "aws":
        from advisor.prices import aws

        return aws.refresh(needs, dated=today, options=aws.AwsPriceOptions(profile=options.aws_profile))
    from advisor.prices import gcp

    how = gcp.GcpPriceOptions(
        endpoint=options.google_endpoint, project=options.google_project, max_bytes=settings.max_bytes
    )
    used = {(service, shape) for _, service, _, shape in machines}
    if options.pricing_export:
        table = options.pricing_export.removeprefix("bigquery://").strip("/")
        return gcp.refresh_from_export(needs, table=table, dated=today, used=used, options=how)
    return gcp.refresh(needs, dated=today, used=used, options=how)


def _held_rows(con: DuckDBPyConnection) -> dict[str, int]:
    # All of the answer is taken: with some of it left, DuckDB lets nothing be registered.
    (counts,) = con.execute(
        "select (select count(*) from utilization_days), (select count(*) from resource_states),"
        " (select count(*) from recommendations), (select count(*) from shapes), (select count(*) from shape_prices)"
    ).fetchall()
    return dict(zip(("days of metrics", "states", "recommendations", "shapes", "prices"), counts, strict=True))


def _new_rows(con: DuckDBPyConnection, before: Mapping[str, int]) -> dict[str, int]:
    return {name: count - before[name] for name, count in _held_rows(con).items()}


# --- totals and costs -----------------------------------------------------------------------------------------------------


def _totals(con: DuckDBPyConnection) -> tuple[PeriodTotal, ...]:
    parts: dict[tuple[Any, ...], list[AccountTotal]] = defaultdict(list)
    for *total, account, rows, billed, credits, effective in con.execute(
        "select l.source, l.format, t.provider, l.period, t.billing_currency, l.notes, max(t.currency_conversion_rate),"
        " t.billing_account_id, sum(t.line_count)::bigint, sum(t.billed_cost), sum(t.credits), sum(t.effective_cost)"
        " from loads l join totals t using (load_id) group by all order by 1, 4, 3, 5, t.billing_account_id"
    ).fetchall():
        source, form, provider, period, currency, notes, rate = total
        parts[source, form, provider, period, currency, tuple(notes), rate].append(
            AccountTotal(
                billing_account_id=account,
                rows=rows,
                billed_cost=Decimal(billed),
                credits=Decimal(credits),
                effective_cost=Decimal(effective),
            )
        )
    return tuple(
        PeriodTotal(
            source=shown(source),
            format=form,
            provider=provider,
            period=period,
            currency=currency,
            rows=sum(a.rows for a in accounts),
            billed_cost=sum((a.billed_cost for a in accounts), Decimal(0)),
            credits=sum((a.credits for a in accounts), Decimal(0)),
            effective_cost=sum((a.effective_cost for a in accounts), Decimal(0)),
            notes=(*notes, *_conversion(currency, rate), *_shares(accounts)),
            currency_conversion_rate=rate,
            billing_accounts=tuple(accounts),
        )
        for (source, form, provider, period, currency, notes, rate), accounts in parts.items()
    )


def _shares(accounts: Sequence[AccountTotal]) -> tuple[str, ...]:
    """What is billed to each payer, where an export holds several."""
    if len(accounts) < 2:
        return ()
    return tuple(f"billing account {a.billing_account_id or 'unknown'}: billed {a.billed_cost:,.2f}" for a in accounts)


def _conversion(currency: str, rate: float | None) -> tuple[str, ...]:
    """What the export says of its currency: for the reader, nothing is converted."""
    return () if rate is None or currency == "USD" else (f"USD 1 = {currency} {rate:.6g} by the export",)


def shown(source: str) -> str:
    """A source's name as people know it: relative to the working directory when it lies below."""
    if "://" in source:
        return source
    path = Path(source)
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else source


def _monthly_costs(con: DuckDBPyConnection) -> list[tuple[str, float, float, float]]:
    """(currency, effective cost before credits, credits, cost of unknown services) per month, of the prepared views."""
    from advisor.rules import periods

    rows = con.execute(periods.report_sql("monthly_costs"), {"days_per_month": DAYS_PER_MONTH}).fetchall()
    return [(str(c), float(cost), float(credits), float(unknown)) for c, cost, credits, unknown in rows]


def _unmatched(con: DuckDBPyConnection) -> list[tuple[str, Unmatched]]:
    """(currency, usage of no known kind) of the prepared views, the largest ones."""
    from advisor.rules import periods

    rows = con.execute(periods.report_sql("unmatched"), {"days_per_month": DAYS_PER_MONTH}).fetchall()
    return [
        (currency, Unmatched(provider=provider, service=service, usage=usage, monthly_cost=float(cost)))
        for provider, service, usage, currency, cost in rows
    ]


def _month_before(day: date) -> date:
    first = day.replace(day=1) - timedelta(days=1)
    return first.replace(day=min(day.day, first.day))


def costs(settings: Settings, dimensions: Sequence[str], months: int) -> list[dict[str, Any]]:
    """Effective cost per month by `dimensions` (service, account, region, provider, currency, tag:KEY), newest last."""
    from advisor.rules import periods

    columns = {
        "service": "service_name",
        "account": "sub_account_id",
        "region": "region_id",
        "provider": "provider",
        "usage": "usage_kind",
        "category": "charge_category",
    }
    chosen = []
    bound: dict[str, Any] = {"months": months}
    for number, dimension in enumerate(dimensions):
        kind, _, key = dimension.partition(":")
        if kind == "tag" and key:
            bound[f"tag_{number}"] = re.sub(r"[^a-z0-9]", "", key.lower().removeprefix("user:"))
            # Exports spell one key in several ways: user:Cost-Center, user_cost_center.
            plain = "regexp_replace(regexp_replace(lower(e.key), '^user[:_]', ''), '[^a-z0-9]', '', 'g')"
            picked = f"list_filter(map_entries(tags), lambda e: {plain} = $tag_{number})[1].value"
            chosen.append((dimension, f"coalesce({picked}, '')"))
        elif dimension in columns:
            chosen.append((dimension, columns[dimension]))
        else:
            raise AdvisorError(
                f"--by {dimension}", why="is no dimension", fix=f"Use {', '.join(columns)} or tag:KEY, with commas."
            )
    keys = ", ".join(f"{expression} as {store.identifier(name)}" for name, expression in chosen)
    with store.reading(settings.db, settings.resources) as con:
        loads, _ = periods.countable(con)
        bound["loads"] = list(loads)
        text = periods.report_sql("costs").replace("/*dimensions*/", keys + "," if keys else "")
        relation = con.sql(text, params=bound)
        rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    return sorted(
        rows, key=lambda row: (row["month"], -(row["effective_cost"] or 0), *(str(row[n]) for n, _ in chosen))
    )


def query(settings: Settings, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """(columns, rows) of one SELECT, on a connection that can neither write, read files nor be reconfigured."""
    with store.reading(settings.db, settings.resources) as con:
        store.require_select(sql)
        store.shut_in(con)
        try:
            relation = con.sql(sql)
            return list(relation.columns), relation.fetchall()
        except store.DatabaseError as error:
            raise AdvisorError(
                "query",
                why=str(error).split("\n")[0],
                fix="Tables: days, meters, tag_sets, sku_attributes, loads, totals.",
            ) from error
