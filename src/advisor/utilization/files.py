"""Metrics from files: CSV or Parquet with the columns resource_id, metric, timestamp, value.

A file says nothing of how it was made, so it is taken at its word only where its word is certain: metrics in names and
units of ours, values that can be, counters that are none. What cannot be used is named, never guessed and never zero.
Files are read twice, and only the needed numbers are kept meanwhile: of any size they take the same memory.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor import store
from advisor.errors import AdvisorError
from advisor.model import Problem
from advisor.utilization.metrics import METRICS
from advisor.utilization.spelling import Reading, read_as, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import polars as pl
    from duckdb import DuckDBPyConnection

REQUIRED = ("resource_id", "metric", "timestamp", "value")
OPTIONAL = ("unit", "account", "provider")
COLUMN_ALIASES = {"sub_account_id": "account"}

FUTURE = timedelta(days=2)
"""Clocks and time zones may be off by this much; later than that no sample can have been taken."""

TOO_LARGE_PERCENT = 105.0
"""Measured percents may pass 100 by rounding; beyond this the unit is another one."""

IMPOSSIBLE_SHARE = 0.01
"""A resource with a larger part of impossible values of some metric is not believed at all."""

JUDGED_SAMPLES = 24
"""Fractions and counters show themselves over this many samples."""

RISES_PER_FALL = 20
"""Counters rise and only fall when what counts is started anew; amounts fall about as often as they rise."""

NOISE = -1e-6
"""What is computed as a difference may come out below zero by rounding."""

ROWS_AT_ONCE = 250_000
NAMED = 5
"""So many resources are named in one problem; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How a file is read: csv, csv.gz or parquet, and its columns with their types. Alike ones are read together."""

    kind: str
    separator: str
    columns: tuple[tuple[str, str], ...]


def is_samples(columns: Sequence[str]) -> bool:
    """True when a table with these columns holds samples of metrics, in any case and order."""
    return set(REQUIRED) <= {name.strip().lower() for name in columns}


def read(
    con: DuckDBPyConnection,
    path: Path | str,
    problems: list[Problem],
    *,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
    parts: Sequence[Path] = (),
) -> Iterator[pl.DataFrame]:
    """Samples of a file, of all CSV and Parquet files of a folder, or of those a pattern (`*`) names.

    With `parts` these files are read as one, and `path` is only what they are called. Frames are as statistics.daily
    takes them, stamp="end"; every series is in one frame as a whole. What cannot be used is added to `problems`, which
    are complete at the end. Raises AdvisorError when the file cannot be read.
    """
    tables = ("metric_spellings", "metric_names", "metric_series", "metric_samples")
    try:
        layouts = _understood(con, list(parts) or _files(path), problems)
        try:
            _count(con, path, _source(layouts), now + FUTURE)
        except store.UNREADABLE:
            layouts = _whole(con, layouts, problems)
            _count(con, path, _source(layouts), now + FUTURE)
        files, source = list(layouts), _source(layouts)
        progress(sum(file.stat().st_size for file in files) // 2)
        problems += _judged(con, path)
        _keep(con, source, now + FUTURE)
        progress(sum(file.stat().st_size for file in files) - sum(file.stat().st_size for file in files) // 2)
        yield from _frames(con, problems)
    except store.UNREADABLE as error:
        raise _unreadable(path, error) from error
    finally:
        for table in tables:
            con.execute(f"drop table if exists temp.{table}")


# --- files and their columns --------------------------------------------------------------------------------------------


def _files(path: Path | str) -> list[Path]:
    text = str(path)
    place = Path(text)
    try:
        if place.is_dir():
            found = [
                file for file in sorted(place.rglob("*")) if re.search(r"\.(csv(\.gz)?|parquet)$", file.name.lower())
            ]
            missing = "is a folder without CSV or Parquet files"
        elif place.exists() or not re.search(r"[*?\[]", text):
            found = [place] if place.exists() else []
            missing = "does not exist"
        else:
            root = Path(place.anchor or ".")
            found = [file for file in sorted(root.glob(str(place.relative_to(place.anchor)))) if file.is_file()]
            missing = "matches no file"
    except (OSError, ValueError) as error:
        raise AdvisorError(
            text, why=f"cannot be looked into ({error})", fix="Correct the path or its permissions."
        ) from error
    if not found:
        raise AdvisorError(
            text, why=missing, fix="Name a CSV or Parquet file of metrics, or a folder or pattern of such."
        )
    return found


def _understood(con: DuckDBPyConnection, files: Sequence[Path], problems: list[Problem]) -> dict[Path, _Layout]:
    """Those of `files` that begin as samples do; the others are added to `problems`. Raises where there is none."""
    layouts: dict[Path, _Layout] = {}
    refusals: list[AdvisorError] = []
    for file in files:
        try:
            layout = _layout(con, file)
            _columns(file, [name for name, _ in layout.columns])
            layouts[file] = layout
        except AdvisorError as error:
            refusals.append(error)
    return _some_left(layouts, refusals, problems)


def _whole(con: DuckDBPyConnection, layouts: Mapping[Path, _Layout], problems: list[Problem]) -> dict[Path, _Layout]:
    """Those that can be read to their end, each tried by itself: one that breaks off spoils what is read with it."""
    whole: dict[Path, _Layout] = {}
    refusals: list[AdvisorError] = []
    for file, layout in layouts.items():
        try:
            con.execute(f"select count(stamp), count(value) from {_source({file: layout})}").fetchall()
            whole[file] = layout
        except store.UNREADABLE as error:
            refusals.append(_unreadable(file, error))
    return _some_left(whole, refusals, problems)


def _some_left(
    layouts: dict[Path, _Layout], refusals: Sequence[AdvisorError], problems: list[Problem]
) -> dict[Path, _Layout]:
    if not layouts:
        raise refusals[0]
    problems += [Problem(what=r.what, why=r.why, fix=r.fix) for r in refusals]
    return layouts


def _source(files: Mapping[Path, _Layout]) -> str:
    """A SELECT of all lines with the columns provider, account, resource_id, metric, unit, stamp, value and is_gap."""
    parts = []
    layouts: dict[_Layout, list[Path]] = {}
    for file, layout in files.items():
        layouts.setdefault(layout, []).append(file)
    for layout, alike in layouts.items():
        names = "[" + ", ".join(_literal(_exactly(file)) for file in alike) + "]"
        columns = [name for name, _ in layout.columns]
        if layout.kind == "parquet":
            reader = f"read_parquet({names}, hive_partitioning = false)"
            cells = {name: (store.identifier(name), type_) for name, type_ in layout.columns}
        else:
            spec = ", ".join(f"'c{n}': 'varchar'" for n in range(len(columns)))
            reader = (
                f"read_csv({names}, auto_detect = false, header = true, columns = {{{spec}}}, hive_partitioning = false,"
                f" delim = {_literal(layout.separator)}, quote = '\"', escape = '\"',"
                f" compression = '{'gzip' if layout.kind == 'csv.gz' else 'none'}')"
            )
            cells = {name: (f"c{n}", type_) for n, (name, type_) in enumerate(layout.columns)}
        parts.append(_select(_columns(alike[0], columns), cells, reader))
    return "(" + " union all ".join(parts) + ")"


def _layout(con: DuckDBPyConnection, file: Path) -> _Layout:
    try:
        with file.open("rb") as opened:
            magic = opened.read(4)
        if magic == b"PAR1":
            described = f"describe from read_parquet({_literal(_exactly(file))}, hive_partitioning = false)"
            rows = con.execute(described).fetchall()
            return _Layout(kind="parquet", separator="", columns=tuple((name, type_) for name, type_, *_ in rows))
        if magic[:2] == b"PK":
            raise AdvisorError(str(file), why="is a ZIP archive or a workbook", fix="Unpack it, or export it as CSV.")
        kind = "csv.gz" if magic[:2] == b"\x1f\x8b" else "csv"
        with gzip.open(file, "rb") if kind == "csv.gz" else file.open("rb") as lines:
            first = lines.readline(1 << 20)
            while first and not first.strip(b"\xef\xbb\xbf\r\n\t "):
                first = lines.readline(1 << 20)
    except store.UNREADABLE as error:
        raise _unreadable(file, error) from error
    except (OSError, EOFError, zlib.error) as error:
        raise AdvisorError(
            str(file),
            why=f"cannot be read ({type(error).__name__}: {error})",
            fix="Copy it again, or correct its permissions.",
        ) from error
    if not first:
        raise AdvisorError(str(file), why="is empty", fix=f"Export the columns {', '.join(REQUIRED)} into it.")
    try:
        text = first.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError as error:
        raise AdvisorError(
            str(file), why="is no UTF-8 text", fix="Export it as CSV in UTF-8, or as Parquet."
        ) from error
    separator = max(",;\t|", key=text.count)
    try:
        columns = next(csv.reader([text], delimiter=separator, strict=True))
    except (csv.Error, StopIteration) as error:
        raise AdvisorError(str(file), why="its first line is not one of a CSV file", fix="Export it as CSV.") from error
    return _Layout(kind=kind, separator=separator, columns=tuple((name, "VARCHAR") for name in columns))


def _columns(file: Path, names: Sequence[str]) -> dict[str, str]:
    """Our column → the file's. Raises AdvisorError when one is missing or there twice."""
    found: dict[str, str] = {}
    for name in names:
        plain = name.strip().lower()
        ours = COLUMN_ALIASES.get(plain, plain)
        if ours in (*REQUIRED, *OPTIONAL):
            if ours in found:
                raise AdvisorError(
                    str(file),
                    why=f"has two columns for {ours}: {found[ours]!r} and {name!r}",
                    fix="Leave one of them out.",
                )
            found[ours] = name
    if missing := [name for name in REQUIRED if name not in found]:
        raise AdvisorError(
            str(file),
            why=f"has no column {', '.join(missing)}; its first line names {_listed(names)}",
            fix=f"Export the columns {', '.join(REQUIRED)} (advisor metrics --list names metrics and units).",
        )
    return found


def _select(columns: dict[str, str], cells: dict[str, tuple[str, str]], reader: str) -> str:
    def text(name: str) -> str:
        return f"coalesce(trim(({cells[columns[name]][0]})::varchar), '')" if name in columns else "''"

    stamp, stamp_type = cells[columns["timestamp"]]
    value, value_type = cells[columns["value"]]
    provider, account = f"lower({text('provider')})", text("account")
    return f"""
        select
            case {provider} when 'amazon' then 'aws' when 'google' then 'gcp' else {provider} end as provider,
            -- Numbers lose leading zeros: AWS accounts have twelve digits.
            case when {provider} in ('aws', 'amazon') and regexp_full_match({account}, '[0-9]{{1,11}}')
                then lpad({account}, 12, '0') else {account} end as account,
            {text("resource_id")} as resource_id,
            {text("metric")} as metric,
            {text("unit")} as unit,
            {_moment(stamp, stamp_type)} as read_stamp,
            case when read_stamp >= timestamp '2000-01-01' and read_stamp < timestamp '2200-01-01' then read_stamp end as stamp,
            {f"try_cast({value} as double)" if value_type != "BOOLEAN" else "null::double"} as value,
            {f"coalesce(trim({value}), '') = ''" if value_type == "VARCHAR" else f"{value} is null"} as is_gap
        from {reader}"""


def _moment(cell: str, type_: str) -> str:
    """SQL for a UTC timestamp of a cell: ISO 8601, without a zone UTC; or seconds, or fractions of it, since 1970."""
    epoch = (
        "try_cast(make_timestamp(try_cast(round({0} * case when abs({0}) < 1e11 then 1e6 when abs({0}) < 1e14 then 1e3"
        " when abs({0}) < 1e17 then 1 else 1e-3 end) as bigint)) as timestamp)"
    )
    if type_.startswith(("TIMESTAMP", "DATE")):
        return f"try_cast(try_cast({cell} as timestamptz) as timestamp)"
    if type_ == "VARCHAR":
        return f"coalesce(try_cast(try_cast({cell} as timestamptz) as timestamp), {epoch.format(f'try_cast({cell} as double)')})"
    return epoch.format(f"try_cast({cell} as double)")


# --- what can be used ---------------------------------------------------------------------------------------------------


def _count(con: DuckDBPyConnection, path: Path | str, source: str, latest: datetime) -> None:
    """Builds metric_spellings: what the file holds of each resource, metric and unit as it spells them."""
    con.execute(
        f"""
        create temp table metric_spellings as
        select
            provider, account, resource_id, metric, unit,
            count(*) as line_count,
            count(*) filter (stamp is null or (value is null and not is_gap)) as unreadable_count,
            count(*) filter (stamp > $latest) as future_count,
            count(*) filter (isnan(value)) as nan_count,
            count(*) filter (isfinite(value)) as finite_count,
            count(*) filter (isinf(value) or value < {NOISE}) as impossible_count,
            count(*) filter (isfinite(value) and value > {TOO_LARGE_PERCENT}) as large_percent_count,
            count(*) filter (isfinite(value) and value > {TOO_LARGE_PERCENT / 100}) as large_fraction_count,
            coalesce(max(value) filter (isfinite(value)), 0) as largest
        from {source}
        group by all""",
        {"latest": _naive(latest)},
    )
    if not _one(con, "select count(*) from metric_spellings"):
        raise AdvisorError(str(path), why="has no lines after its first", fix="Export some samples into it.")


def _judged(con: DuckDBPyConnection, path: Path | str) -> list[Problem]:
    """Builds metric_series, what is to be kept and how it is read; returns what is not, and why."""
    import polars as pl

    pairs = con.execute("select metric, unit from metric_spellings group by all order by all").fetchall()
    readings: dict[tuple[str, str], Reading] = {}
    problems: list[Problem] = []
    for metric, unit in pairs:
        reading = read_as(metric, unit)
        if isinstance(reading, Problem):
            if reading not in problems:
                problems.append(reading)
        else:
            readings[metric, unit] = reading
    fractions = _fractions(con, readings)
    problems = _shortened(problems) + [
        Problem(
            what=f"metric {name} of {path}",
            why="has no value above 1 in the whole file, though it is in percent: these look like fractions",
            fix="Add a column unit that says fraction or, where they are percents indeed, percent.",
        )
        for name in sorted({readings[pair].metric.name for pair in fractions})
    ]
    used = {pair: reading for pair, reading in readings.items() if pair not in fractions}
    names = pl.DataFrame(
        [(*pair, r.metric.name, r.factor, r.is_rate, r.metric.is_percent) for pair, r in used.items()],
        schema={
            "metric": pl.String,
            "unit": pl.String,
            "name": pl.String,
            "factor": pl.Float64,
            "is_rate": pl.Boolean,
            "is_percent": pl.Boolean,
        },
        orient="row",
    )
    con.register("metric_names_frame", names)
    con.execute("create temp table metric_names as from metric_names_frame")
    con.unregister("metric_names_frame")
    con.execute(
        """
        create temp table metric_series as
        with counted as (
            select
                *,
                impossible_count + case when not is_percent then 0 when factor = 1 then large_percent_count
                    else large_fraction_count end as bad_count
            from metric_spellings join metric_names using (metric, unit)
            where resource_id <> ''
        ),
        shares as (
            select *, sum(bad_count) over whole as bad, sum(finite_count + impossible_count) over whole as values_seen
            from counted
            window whole as (partition by provider, account, resource_id, name)
        )
        select
            *,
            dense_rank() over (order by provider, account, resource_id, name) as series,
            max(bad / greatest(values_seen, 1)) over (partition by provider, account, resource_id) as bad_share
        from shares"""
    )
    return problems + _counted(con, path)


def _fractions(con: DuckDBPyConnection, readings: dict[tuple[str, str], Reading]) -> set[tuple[str, str]]:
    """Spellings of percents without a unit of which no value in the whole file is above 1, though some are above 0."""
    bare: dict[str, list[tuple[str, str]]] = {}
    for pair, reading in readings.items():
        if reading.metric.is_percent and pair[1].strip().lower() in ("", "none"):
            bare.setdefault(reading.metric.name, []).append(pair)
    seen = {
        (metric, unit): (count, largest)
        for metric, unit, count, largest in con.execute(
            "select metric, unit, sum(finite_count)::bigint, max(largest) from metric_spellings group by all"
        ).fetchall()
    }
    found: set[tuple[str, str]] = set()
    for pairs in bare.values():
        count = sum(seen[pair][0] for pair in pairs)
        if count >= JUDGED_SAMPLES and 0 < max(seen[pair][1] for pair in pairs) <= 1:
            found.update(pairs)
    return found


def _counted(con: DuckDBPyConnection, path: Path | str) -> list[Problem]:
    """Problems of single lines and values, by what metric_spellings and metric_series counted."""
    problems = []
    lines, nameless, unreadable = con.execute(
        "select sum(line_count)::bigint, coalesce(sum(line_count) filter (resource_id = ''), 0)::bigint,"
        " sum(unreadable_count)::bigint from metric_spellings"
    ).fetchall()[0]
    if nameless:
        problems.append(
            Problem(
                what=f"{path}", why=f"{nameless} of {lines} lines name no resource", fix="Fill the column resource_id."
            )
        )
    if unreadable:
        problems.append(
            Problem(
                what=f"{path}",
                why=f"{unreadable} of {lines} lines have no readable timestamp or value, and were left out",
                fix="Write timestamps in ISO 8601 or as seconds since 1970, and values with a decimal point.",
            )
        )
    kinds: tuple[tuple[str, str, str, bool], ...] = (
        (
            "bad_count",
            "bad_share > $share",
            f"are left out altogether: too many of their values are negative, infinite or above {TOO_LARGE_PERCENT:.0f} %",
            True,
        ),
        (
            "bad_count",
            "bad_share <= $share",
            f"have values that are negative, infinite or above {TOO_LARGE_PERCENT:.0f} %, which were left out",
            False,
        ),
        ("future_count", "$share > 0", "have samples from the future, which were left out", True),
        ("nan_count", "$share > 0", "have values that are no number (NaN), which were left out", False),
    )
    fixes = {
        "bad_count": "Correct the export; where it is of another unit, say so in a column unit.",
        "future_count": "Correct the clock, the time zone or the unit of the timestamps.",
        "nan_count": "Nothing need be done: a gap is not zero.",
    }
    for column, condition, why, incomplete in kinds:
        found = con.execute(
            f"select resource_id, name, sum({column})::bigint as n, sum(line_count)::bigint from metric_series"
            f" where {condition} group by provider, account, resource_id, name having n > 0 order by n desc, resource_id, name",
            {"share": IMPOSSIBLE_SHARE},
        ).fetchall()
        if found:
            named = [f"{short(r)} ({n} of {lines} samples of {name})" for r, name, n, lines in found]
            problems.append(Problem(what=_some(named), why=why, fix=fixes[column], incomplete=incomplete))
    return problems


# --- samples ------------------------------------------------------------------------------------------------------------


def _keep(con: DuckDBPyConnection, source: str, latest: datetime) -> None:
    """Builds metric_samples: the usable samples, series by series; larger than memory they spill. Others are null."""
    # DuckDB takes a CSV file for a small table and would build the join's hash table from all of it.
    before = _one(con, "select current_setting('disabled_optimizers')")
    con.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
    try:
        con.execute(
            f"""
            create temp table metric_samples as
            select
                k.series::integer as series,
                l.stamp,
                -- Not a filter: that would be pushed into the file's scan and read every timestamp once more.
                case when l.stamp <= $latest and isfinite(l.value) and l.value >= {NOISE}
                        and not (k.is_percent and l.value * k.factor > {TOO_LARGE_PERCENT})
                    then greatest(l.value * k.factor, 0) end as value,
                k.is_rate
            from {source} l
            join metric_series k using (provider, account, resource_id, metric, unit)
            where k.bad_share <= {IMPOSSIBLE_SHARE}
            order by k.series""",
            {"latest": _naive(latest)},
        )
    finally:
        con.execute(f"set disabled_optimizers = '{before}'")


def _frames(con: DuckDBPyConnection, problems: list[Problem]) -> Iterator[pl.DataFrame]:
    counters: list[str] = []
    repeated = 0
    for first, last in _ranges(con):
        frame = con.sql(
            """
            select
                k.provider, k.account as sub_account_id, k.resource_id, k.name as metric,
                s.stamp::timestamptz as timestamp, s.value, null::double as maximum, null::double as interval_seconds,
                s.is_rate, s.series
            from metric_samples s
            join (
                select series, any_value(provider) as provider, any_value(account) as account,
                    any_value(resource_id) as resource_id, any_value(name) as name
                from metric_series where series between $first and $last group by series
            ) k using (series)
            where s.series between $first and $last and s.value is not null""",
            params={"first": first, "last": last},
        ).pl()
        frame, found, again = _without_counters(frame)
        counters += found
        repeated += again
        if not frame.is_empty():
            yield frame.drop("series")
    if counters:
        problems.append(
            Problem(
                what=_some(counters),
                why="never fall: these are counters since some start, not what happened in each interval",
                fix="Export increase() over each interval, or a rate with the unit bytes/s, requests/s or the like.",
            )
        )
    if repeated:
        problems.append(
            Problem(
                what=f"{repeated} instants",
                why="have several samples of one resource and metric: of levels the mean counts, amounts are added up,"
                " and what is only repeated counts once",
                fix="Nothing need be done if that is right; else export one sample for each instant.",
                incomplete=False,
            )
        )


def _ranges(con: DuckDBPyConnection) -> list[tuple[int, int]]:
    """Ranges of series, both ends included, of about ROWS_AT_ONCE samples; a longer series is one of its own."""
    return con.execute(
        f"""
        with sizes as (select series, count(*) as n from metric_samples where value is not null group by series),
        running as (select series, (sum(n) over (order by series) - n) // {ROWS_AT_ONCE} as part from sizes)
        select min(series), max(series) from running group by part order by 1"""
    ).fetchall()


def _without_counters(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str], int]:
    """(`frame` without series that are counters, their names, how many instants had several samples)."""
    import polars as pl

    amounts = [name for name, metric in METRICS.items() if metric.amount]
    instants = frame.group_by("series", "timestamp").agg(
        pl.col("value").mean(),
        pl.len().alias("n"),
        (pl.col("metric").first().is_in(amounts) & pl.col("is_rate").any().not_()).alias("may_count"),
    )
    repeated = instants.select((pl.col("n") > 1).sum()).item()
    step = pl.col("value").diff()
    rises, falls = (step > 0).sum(), (step < 0).sum()
    counters = (
        instants.filter("may_count")
        .sort("series", "timestamp")
        .group_by("series")
        .agg(((pl.len() >= JUDGED_SAMPLES) & (rises > 0) & (falls * RISES_PER_FALL <= rises)).alias("is_counter"))
        .filter("is_counter")
    )
    names = (
        frame.join(counters, on="series", how="semi")
        .select("series", "resource_id", "metric")
        .unique()
        .sort("series")
        .select("resource_id", "metric")
        .rows()
    )
    kept = frame.join(counters, on="series", how="anti")
    return kept, [f"{short(resource)} ({metric})" for resource, metric in names], repeated


# --- words --------------------------------------------------------------------------------------------------------------


def _unreadable(path: Path | str, error: Exception) -> AdvisorError:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return AdvisorError(
        str(path),
        why=f"cannot be read as CSV or Parquet ({' '.join(lines[:2])[:300]})",
        fix="Export it again as UTF-8 CSV with a first line of column names, or as Parquet.",
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _listed(names: Iterable[str]) -> str:
    return ", ".join(short(name) for name in list(names)[:20]) or "nothing"


def _shortened(problems: list[Problem]) -> list[Problem]:
    """The first of `problems`, and one that counts the others: a wrong column may hold a million names."""
    if len(problems) <= 2 * NAMED:
        return problems
    rest = len(problems) - 2 * NAMED
    return [
        *problems[: 2 * NAMED],
        Problem(
            what=f"{rest} more metrics",
            why="are not known, so their samples were left out",
            fix="Name metrics as advisor metrics --list does, in its units.",
        ),
    ]


def _exactly(file: Path) -> str:
    """The file's name where DuckDB expects a pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(file))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _one(con: DuckDBPyConnection, sql: str) -> Any:
    row = con.execute(sql).fetchone()
    return row[0] if row else None
