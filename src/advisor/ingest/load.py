"""Loads deliveries into the store: one billing period of one export, as a whole, in one transaction."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.engines import rollup
from advisor.errors import ExportError
from advisor.ingest import avro
from advisor.store import has_load, next_load_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from advisor.ingest.discover import Delivery
    from advisor.ingest.location import Location, Progress


class NotABill(ExportError):
    """A table that is no billing export; its `columns` may tell what it is."""

    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One export format: how its columns are recognised and which SQL pair normalises it."""

    id: str
    title: str
    normalisation: str
    marks: tuple[str, ...]


SOURCES: tuple[Format, ...] = (
    Format(
        id="cur",
        title="AWS Cost and Usage Report, legacy or 2.0",
        normalisation="aws_cur",
        marks=("line_item_line_item_type", "line_item_usage_type"),
    ),
    Format(
        id="gcp",
        title="Google Cloud Billing export to BigQuery, standard or detailed (Parquet, JSON lines, Avro, flattened CSV)",
        normalisation="gcp",
        marks=("billing_account_id", "usage_start_time", "sku_description", "cost"),
    ),
    Format(
        id="focus",
        title="FOCUS with the columns that Google adds",
        normalisation="focus_gcp",
        marks=("BilledCost", "ChargeCategory", "x_Credits"),
    ),
    Format(id="focus", title="FOCUS 1.0 to 1.4", normalisation="focus", marks=("BilledCost", "ChargeCategory")),
)
"""Every format, most specific first. A new one is an entry here and an SQL pair in queries/normalize."""


def load(
    con: DuckDBPyConnection, location: Location, delivery: Delivery, scratch: Path, progress: Progress
) -> list[tuple[str, date]]:
    """Replaces the delivery's billing period(s); returns (source, period) of what was loaded.

    Raises ExportError or ReconciliationError; then the period's previous state is untouched.
    """
    fetched = location.fetch(delivery.entries, progress)
    names = {path: f"{location.name}/{entry.key}" for path, entry in zip(fetched, delivery.entries, strict=True)}
    try:
        unpacked = _unpacked(fetched, delivery, scratch)
        names |= {path: names[archive] for path, archive in unpacked.items()}
        return _load(con, list(unpacked), delivery)
    except ExportError as error:
        raise _by_their_names(error, names) from error


def _load(con: DuckDBPyConnection, paths: Sequence[Path], delivery: Delivery) -> list[tuple[str, date]]:
    table, form = _recognise(con, paths, delivery)
    spec = rollup.normalisation(form.normalisation)
    source, period = delivery.source, delivery.period
    if period and spec.types[spec.period] == "month":
        # A folder is of the months of usage, lines know their invoice: late ones are billed with the next month.
        source, period = f"{source}/{period:%Y-%m}", None
    version = f"{form.id}-{rollup.identity(table, spec)}"
    table = rollup.typed(table, spec)
    with rollup.readable(paths), rollup.staged(con, table, spec, delivery.where) as lines:
        periods = [period] if period else rollup.periods_in(con)
        if not periods:
            raise ExportError(
                delivery.where,
                why="has no lines with a billing period",
                fix="Check the files; empty exports hold nothing.",
            )
        replace_periods(
            con,
            delivery,
            periods,
            version,
            lambda loads: rollup.roll_up(
                con, lines, spec, loads=loads, mixed=period is None, where=_where(source, periods)
            ),
            source=source,
        )
    return [(source, period) for period in periods]


def _where(source: str, periods: Sequence[date]) -> str:
    return f"{source} {', '.join(f'{period:%Y-%m}' for period in periods)}"


def _by_their_names(error: ExportError, names: Mapping[Path, str]) -> ExportError:
    """`error` with the names that files have where they come from, instead of those of our copies."""
    what, why = error.what, error.why
    for path, name in names.items():
        what, why = what.replace(str(path), name), why.replace(str(path), name)
    named = type(error)(what, why=why, fix=error.fix)
    if isinstance(error, NotABill) and isinstance(named, NotABill):
        named.columns = error.columns
    return named


def is_loaded(con: DuckDBPyConnection, delivery: Delivery) -> bool:
    """True when exactly this delivery is in the store already."""
    return has_load(con, delivery.source, delivery.fingerprint)


def replace_periods(
    con: DuckDBPyConnection,
    delivery: Delivery,
    periods: Sequence[date],
    version: str,
    fill: Callable[[dict[date, int]], dict[date, rollup.RollUp]],
    *,
    source: str = "",
) -> None:
    """Replaces `periods` of the delivery's source in one transaction; `fill` is given a new load_id for each.

    `source` is another name for it, where several deliveries of one place hold lines of the same period.
    """
    source = source or delivery.source
    con.execute("begin")
    try:
        for period in periods:
            old = con.execute("select load_id from loads where source = ? and period = ?", [source, period]).fetchone()
            for name in ("days", "meters", "tag_sets", "sku_attributes", "totals", "loads") if old else ():
                con.execute(f"delete from {name} where load_id = ?", list(old or ()))
        loads = {period: next_load_id(con) for period in periods}
        for period, done in fill(loads).items():
            con.execute(
                "insert into loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    loads[period],
                    source,
                    version,
                    period,
                    delivery.fingerprint,
                    delivery.source,
                    datetime.now(UTC).replace(tzinfo=None),
                    done.has_resource_ids,
                    done.hourly,
                    list(done.notes),
                ],
            )
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def _recognise(con: DuckDBPyConnection, paths: Sequence[Path], delivery: Delivery) -> tuple[rollup.Table, Format]:
    kinds = {rollup.file_kind(path) for path in paths}
    if len(kinds) > 1:
        raise ExportError(
            delivery.where,
            why=f"mixes {' and '.join(sorted(kinds))} files",
            fix="Keep one format per export; remove the other files.",
        )
    table = rollup.open_table(con, paths)
    names = {rollup.canonical(c).lower() for c in table.columns}
    for form in SOURCES:
        if all(mark.lower() in names for mark in form.marks):
            return table, form
    shown = ", ".join(table.columns[:6])
    stranger = NotABill(
        f"file {paths[0]}",
        why=f"is no billing export that advisor knows (its columns begin {shown})",
        fix=f"Known formats: {'; '.join(form.title for form in SOURCES)}. Is this the export's data file?",
    )
    stranger.columns = tuple(table.columns)
    raise stranger


def _unpacked(paths: Sequence[Path], delivery: Delivery, scratch: Path) -> dict[Path, Path]:
    """Readable paths, and where each comes from; zip archives and Avro are rewritten, under names of our own."""
    plain: dict[Path, Path] = {}
    for number, path in enumerate(paths):
        if path.suffix.lower() == ".avro":
            target = scratch / f"avro-{number}.parquet"
            avro.to_parquet(path, target)
            plain[target] = path
            continue
        if path.suffix.lower() != ".zip":
            plain[path] = path
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                members = [m for m in archive.infolist() if not m.is_dir() and m.filename.lower().endswith(".csv")]
                for index, member in enumerate(members):
                    target = scratch / f"unzipped-{number}-{index}.csv"
                    with archive.open(member) as packed, target.open("wb") as unpacked:
                        shutil.copyfileobj(packed, unpacked, 1 << 20)
                    plain[target] = path
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
            # RuntimeError is what zipfile has for passwords and for compressions that it does not know.
            why = "has a password or an unknown compression" if isinstance(error, RuntimeError) else str(error)
            raise ExportError(
                f"file {path}",
                why=f"is not a readable zip archive ({why})",
                fix=f"Download or export it again; {delivery.where} was not loaded.",
            ) from error
        if not members:
            raise ExportError(
                f"file {path}",
                why="is a zip archive without a CSV file",
                fix="Check that it is the export's data file.",
            )
    return plain
