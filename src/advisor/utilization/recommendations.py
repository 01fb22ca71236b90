"""The clouds' own advice: exports of AWS Compute Optimizer, AWS Cost Optimization Hub and Google's Recommender.

It is a second opinion, so only what would end waste is kept: purchases, advice to grow and findings that all is well
are counted and left out. Every export is a snapshot: the newest of each replaces what was there.

What does not read as advice becomes a Problem, and the rest goes on.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from advisor.errors import ConfigError, printable
from advisor.model import Problem
from advisor.utilization import recommendation_sources as sources
from advisor.utilization.recommendation_rows import (
    COMPUTE_OPTIMIZER,
    FORMS,
    RECOMMENDER,
    Broken,
    Entry,
    Form,
    key,
    shown_text,
    when,
)
from advisor.utilization.recommendation_sources import BigQueryOptions, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import polars as pl
    from duckdb import DuckDBPyConnection

SNAPSHOT_DAYS = 14
"""Days in which a table in BigQuery must have had a snapshot: Google writes one a day."""

EXPORT_KEY = re.compile(r"(?:^|/)(\d{12})/([a-z]{2}(?:-[a-z]+)+-\d+)-(\d{4}-\d{2}-\d{2}T\d{6}Z)-[^/]*$")
"""Compute Optimizer's files: <prefix>/compute-optimizer/<account>/<region>-<time>-<job>.csv."""

DATE_FOLDER = re.compile(r"^(.*?)(?:^|/)date=(\d{4}-\d{2}-\d{2})/")
"""Snapshots of a data export: <prefix>/<export>/data/date=YYYY-MM-DD/…"""

COMPANIONS = re.compile(r"(-metadata|manifest)\.json$", re.IGNORECASE)
"""Files that AWS writes beside an export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What was read.

    `rows` is a polars frame with the columns of the table `recommendations` (details: list of key and value).
    `snapshots` are the (source, scope) that were read whole, so that put() may replace them.
    `left_out` counts rows that are no advice against waste, by reason.
    """

    rows: pl.DataFrame
    snapshots: frozenset[tuple[str, str]] = frozenset()
    left_out: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file with the snapshot that it belongs to; `taken` is '' where its name does not say when that was."""

    shown: str
    path: Path
    form: Form
    scope: str
    taken: str


def is_recommendations(header: Sequence[str]) -> bool:
    """True where the column names are those of an export of recommendations, and so of no bill."""
    return _form(header) is not None


def read_files(con: DuckDBPyConnection, paths: Sequence[tuple[str, Path]]) -> Advice:
    """Reads CSV, JSON lines (both also gzipped) and Parquet; `paths` are (name to show, file on disk).

    The names tell snapshots apart (account, region and time of Compute Optimizer, date=… of data exports), so they must
    be those of where the files come from. Files that are no such export become problems. `con` reads Parquet.
    """
    problems: list[Problem] = []
    files: list[_File] = []
    failed: set[tuple[str, str]] = set()
    for shown, path in paths:
        if COMPANIONS.search(shown):
            continue
        try:
            form = _form(sources.header_of(con, path))
        except Unreadable as error:
            problems.append(_unread(shown, str(error)))
            continue
        if form is None:
            problems.append(_unread(shown, "is no export of recommendations that advisor knows"))
            continue
        scope, taken = _snapshot(shown, form)
        files.append(_File(shown=shown, path=path, form=form, scope=scope, taken=taken))
    entries: dict[tuple[str, str], list[Entry]] = {}
    for file in _newest(files):
        broken: Counter[str] = Counter()
        of_snapshot = entries.setdefault((file.form.source, file.scope), [])
        try:
            records = sources.records(con, file.path)
            of_snapshot += list(_entries(records, file.form, file.shown, file.scope, file.taken, broken))
        except Unreadable as error:
            problems.append(_unread(file.shown, f"{error}, so nothing of its snapshot is used"))
            failed.add((file.form.source, file.scope))
        problems += [_left(file.shown, why, rows) for why, rows in sorted(broken.items())]
    whole = {place: found for place, found in entries.items() if place not in failed}
    return _advice([entry for found in whole.values() for entry in found], frozenset(whole), problems)


def read_bigquery(address: str, options: BigQueryOptions, today: date | None = None) -> Advice:
    """Reads the newest snapshot of each organisation in bigquery://project.dataset.table, Google's Recommender export.

    Raises ConfigError for an address that is none or packages that are missing, ExportError for all that BigQuery
    refuses. Google's credentials go nowhere else, and no message repeats what a server said.
    """
    match = (
        sources.TABLE.fullmatch(address[len(sources.SCHEME) :].rstrip("/"))
        if address.lower().startswith(sources.SCHEME)
        else None
    )
    if match is None:
        raise ConfigError(
            "BigQuery address" if "@" in address else address,
            why="is not bigquery://project.dataset.table",
            fix="Name the table that Google's Recommender exports to, recommendations_export.",
        )
    name = match[0]
    shown = f"{sources.SCHEME}{name}"
    since = (today or datetime.now(UTC).date()) - timedelta(days=SNAPSHOT_DAYS)
    rows = sources.table_rows(name, match["project"], options, since)
    form = next(form for form in FORMS if form.source == RECOMMENDER)
    broken: Counter[str] = Counter()
    entries = list(_entries(rows, form, shown, shown, "", broken))
    problems = [_left(shown, why, count) for why, count in sorted(broken.items())]
    if not rows:
        problems.append(
            Problem(
                what=shown,
                why=f"has no snapshot of the last {SNAPSHOT_DAYS} days",
                fix="Look at the transfer in BigQuery: it writes one a day. What was read before is kept.",
            )
        )
    return _advice(entries, frozenset({(RECOMMENDER, shown)} if rows else ()), problems)


def put(con: DuckDBPyConnection, advice: Advice) -> int:
    """Replaces each snapshot that was read, returns how many rows of advice are new; a snapshot older than the one that
    is there changes nothing. Of one resource the newest advice of a source counts, wherever it was read."""
    con.register("new_advice", advice.rows.to_arrow())
    try:
        con.execute("create or replace temp table advice_to_put as select * from new_advice")
    finally:
        con.unregister("new_advice")
    con.execute(
        "create or replace temp table snapshots_to_put as"
        " select unnest(?::varchar[]) as source, unnest(?::varchar[]) as scope",
        [[source for source, _ in sorted(advice.snapshots)], [scope for _, scope in sorted(advice.snapshots)]],
    )
    # An older file read late must not bring back what has been dealt with.
    con.execute("""
        create or replace temp table stale_snapshots as
        with stored as (
            select source, details['scope'] as scope, max(refreshed_on) as refreshed_on from recommendations group by all
        ),
        read as (select source, scope, max(refreshed_on) as refreshed_on from advice_to_put group by all)
        select r.source, r.scope from read r join stored s using (source, scope) where s.refreshed_on > r.refreshed_on
    """)
    con.execute("delete from advice_to_put where (source, scope) in (from stale_snapshots)")
    con.execute("delete from snapshots_to_put where (source, scope) in (from stale_snapshots)")
    same = " and ".join(f"a.{name} = r.{name}" for name in ("source", "provider", "sub_account_id", "resource_id"))
    same += " and a.part = r.details['part']"
    con.execute(
        "delete from recommendations r where (source, details['scope']) in (from snapshots_to_put)"
        f" or exists (from advice_to_put a where {same} and a.refreshed_on >= r.refreshed_on)"
    )
    con.execute(f"delete from advice_to_put a where exists (from recommendations r where {same})")
    con.execute("""
        insert into recommendations by name
        select * exclude (scope, part, details), map_from_entries(details) as details from advice_to_put
    """)
    row = con.execute("select count(*) from advice_to_put").fetchone()
    for table in ("advice_to_put", "snapshots_to_put", "stale_snapshots"):
        con.execute(f"drop table {table}")
    return int(row[0]) if row else 0


def _form(header: Sequence[str]) -> Form | None:
    names = {key(name) for name in header}
    return next((form for form in FORMS if form.marks <= names), None)


def _snapshot(shown: str, form: Form) -> tuple[str, str]:
    """(what a file is a snapshot of, when it was taken or '')."""
    if form.source == COMPUTE_OPTIMIZER:
        match = EXPORT_KEY.search(shown)
        return (f"{match[1]}/{match[2]}/{form.kind}", match[3]) if match else (f"{form.kind}:{shown}", "")
    match = DATE_FOLDER.search(shown)
    return (match[1], match[2]) if match else (str(PurePosixPath(shown).parent), "")


def _newest(files: Sequence[_File]) -> list[_File]:
    """Files of the newest snapshot of each scope; all where names do not say when they were taken."""
    taken: dict[tuple[str, str], str] = {}
    for file in files:
        place = (file.form.source, file.scope)
        taken[place] = max(taken.get(place, ""), file.taken)
    return [file for file in files if file.taken in ("", taken[file.form.source, file.scope])]


def _entries(
    records: Iterable[Mapping[str, Any] | Broken],
    form: Form,
    shown: str,
    scope: str,
    taken: str,
    broken: Counter[str],
) -> Iterator[Entry]:
    """Judgements of the records; counts in `broken` those that are none."""
    fallback = when(taken[:10]) if taken else None
    for record in records:
        try:
            if isinstance(record, Broken):
                raise record
            for entry in form.read(record, form.kind, fallback):
                row = entry.row
                if row is not None:
                    details = {"scope": scope, "part": entry.about[0], **row["details"]}
                    entries = [{"key": name, "value": shown_text(value)} for name, value in details.items() if value]
                    row = {**row, "details": entries, "scope": scope, "part": entry.about[0], "location": shown}
                yield Entry(
                    about=(form.source, *entry.about), refreshed=entry.refreshed, row=row, left_out=entry.left_out
                )
        except Broken as error:
            broken[str(error)] += 1


def _advice(entries: Iterable[Entry], snapshots: frozenset[tuple[str, str]], problems: Sequence[Problem]) -> Advice:
    import polars as pl

    newest: dict[tuple[str, ...], Entry] = {}
    for entry in entries:
        before = newest.get(entry.about)
        if before is None or entry.refreshed >= before.refreshed:
            newest[entry.about] = entry
    schema: dict[str, Any] = dict.fromkeys(
        ("provider", "sub_account_id", "resource_id", "source", "action", "current_shape", "target_shape"), pl.String
    )
    schema |= {"monthly_savings": pl.Float64, "savings_share": pl.Float64, "savings_basis": pl.String}
    schema |= {"currency": pl.String, "lookback_days": pl.Int32, "refreshed_on": pl.Date}
    schema |= {"details": pl.List(pl.Struct({"key": pl.String, "value": pl.String})), "location": pl.String}
    schema |= {"scope": pl.String, "part": pl.String}
    rows = [entry.row for entry in newest.values() if entry.row is not None]
    left_out = Counter(entry.left_out for entry in newest.values() if entry.row is None)
    return Advice(
        rows=pl.DataFrame([[row[name] for name in schema] for row in rows], schema=schema, orient="row"),
        snapshots=snapshots,
        left_out=dict(sorted(left_out.items())),
        problems=tuple(problems),
    )


def _unread(shown: str, why: str) -> Problem:
    return Problem(
        what=printable(shown),
        why=printable(why),
        fix="Name exports of Compute Optimizer, of the Cost Optimization Hub or of Google's Recommender."
        " What was read before is kept.",
    )


def _left(shown: str, why: str, rows: int) -> Problem:
    return Problem(
        what=printable(shown),
        why=f"{rows} {'row' if rows == 1 else 'rows'} left out: {printable(why)}",
        fix="Export it anew if it was changed on the way; else please report it with the row.",
    )
