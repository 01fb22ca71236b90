"""Rolls the files of one delivery up into resource-days, in DuckDB, straight off the files.

Hourly lines are never stored. Grouping goes by a hash of the dimensions, which costs less than half of grouping by the
strings themselves and spills well; the strings are stored once per meter. CSV is parsed once, into a temporary table.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import tomllib
import zlib
from codecs import getincrementaldecoder
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.errors import AdvisorError, ExportError, ReconciliationError
from advisor.store import EMPTY_VALUE, UNREADABLE, DatabaseError, disk_error, identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from duckdb import DuckDBPyConnection

MONEY = "decimal(28, 10)"
"""Ten decimals are what exports carry; floats would sum differently from run to run."""

NUMBERS = ("DOUBLE", "FLOAT", "DECIMAL", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
AMOUNTS = ("billed_cost", "effective_cost", "list_cost", "consumed_quantity")
NULLS = ("", "NULL", "null")
EARLIEST = date(2006, 1, 1)
"""No cloud billed before that: older dates are garbage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """One SQL pair of queries/normalize with its header: which columns it reads, and how they are typed."""

    name: str
    required: tuple[str, ...]
    period: str
    tags: str
    cost_categories: str
    attributes: str
    attributes_kept: tuple[str, ...]
    tagged_by: tuple[str, ...]
    lookups: Mapping[str, tuple[str, tuple[str, ...]]]
    sku: str
    types: Mapping[str, str]
    aliases: Mapping[str, str]
    charges_sql: str
    meters_sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Files of equal format, as one relation: `scan` is SQL, `columns` their names as they stand in the file."""

    scan: str
    columns: tuple[str, ...]
    types: Mapping[str, str]
    is_text: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RollUp:
    """What a load came to, for the `loads` row."""

    rows: int
    hourly: bool
    has_resource_ids: bool
    notes: tuple[str, ...]


@cache
def normalisation(name: str) -> Normalisation:
    """The pair `name` of queries/normalize."""
    folder = package_files("advisor.queries") / "normalize"
    text = (folder / f"{name}.charges.sql").read_text("utf-8")
    head, _, body = text.removeprefix("/*---\n").partition("---*/")
    header = tomllib.loads(head)
    types = {column: kind for kind, columns in header["types"].items() for column in columns}
    return Normalisation(
        name=name,
        required=tuple(header["required"]),
        period=header["period"],
        tags=header["tags"],
        cost_categories=header["cost_categories"],
        attributes=header["attributes"],
        attributes_kept=tuple(header["attributes_kept"]),
        tagged_by=tuple(header["tagged_by"]),
        lookups={name: (entry["key"], tuple(entry["values"])) for name, entry in header["lookups"].items()},
        sku=header["lookups"].get("product_sku", {"key": "SkuId"})["key"],
        types=types,
        aliases=header.get("aliases", {}),
        charges_sql=body,
        meters_sql=(folder / f"{name}.meters.sql").read_text("utf-8"),
    )


def canonical(name: str) -> str:
    """A column name by the rule of Athena exports, so that legacy CSV and Parquet headers become equal.

    >>> canonical("reservation/ReservationARN"), canonical("resourceTags/user:Foo"), canonical("ServiceName")
    ('reservation_reservation_a_r_n', 'resource_tags_user_foo', 'ServiceName')
    """
    if "/" not in name:
        return name
    snake = re.sub(r"([A-Z])", r"_\1", name).lower()
    return re.sub(r"[^a-z0-9]+", "_", snake).strip("_")


def open_table(con: DuckDBPyConnection, paths: Sequence[Path]) -> Table:
    """The relation over `paths`, all Parquet or all CSV; raises ExportError naming the file that cannot be read."""
    if is_parquet(paths[0]):
        return _open_parquet(con, paths)
    return _open_csv(paths)


def is_parquet(path: Path) -> bool:
    """True for Parquet, by the name; everything else is CSV."""
    return path.suffix.lower() == ".parquet"


def roll_up(
    con: DuckDBPyConnection, table: Table, spec: Normalisation, *, load_id: int, period: date | None, where: str
) -> RollUp:
    """Fills days, meters, tag_sets, sku_attributes and totals for `load_id`, and compares the sums with the files'.

    `period` restricts to lines of that billing period where one delivery holds several. Runs inside the caller's
    transaction: nothing is visible when it raises.
    """
    columns = _columns(table, spec, where)
    _create_lines(con, table, spec, columns, period)
    con.execute(f"create or replace temp view charges as {spec.charges_sql}")
    dimensions = _dimensions(con)
    _fill_days(con, load_id, dimensions, where)
    _fill_meters(con, load_id, dimensions, spec, columns)
    rows = _reconcile(con, load_id, where)
    hourly = _is_hourly(con, load_id)
    with_ids = con.execute("select count(*) from meters where load_id = ? and resource_id <> ''", [load_id]).fetchone()
    # After a failure the caller's rollback takes the temporary objects away.
    con.execute("drop view charges")
    con.execute("drop view lines")
    con.execute("drop table if exists staged_lines")
    has_ids = bool(with_ids and with_ids[0])
    return RollUp(rows=rows, hourly=hourly, has_resource_ids=has_ids, notes=_notes(columns, spec, has_ids))


def periods_in(con: DuckDBPyConnection, table: Table, spec: Normalisation, where: str) -> list[date]:
    """The billing periods (first days of months) that the lines of `table` belong to."""
    columns = _columns(table, spec, where)
    found = con.execute(f"select distinct {_period(table, spec, columns)} from {table.scan}").fetchall()
    return sorted(row[0] for row in found if row[0] is not None)


def identity(con: DuckDBPyConnection, table: Table, spec: Normalisation) -> str:
    """The version of a format where its columns tell: '1.0' to '1.4' for FOCUS, 'legacy' or '2.0' for CUR."""
    names = {canonical(c).lower() for c in table.columns}
    if spec.name == "aws_cur":
        flat = any(c.startswith(("resource_tags_", "bill_payer_account_id")) for c in names) and "product" not in names
        return "legacy" if flat and "resource_tags" not in names else "2.0"
    for version, marks in (
        ("1.4", {"invoicedetailid", "commitmentprogrameligibilitydetails"}),
        ("1.3", {"serviceprovidername", "hostprovidername", "allocatedmethodid"}),
        ("1.2", {"invoiceid", "pricingcurrency", "billingaccounttype", "subaccounttype"}),
        ("1.1", {"skumeter", "servicesubcategory", "skupricedetails", "commitmentdiscountquantity"}),
    ):
        if marks & names:
            return version
    return "1.0"


# --- relations over files -------------------------------------------------------------------------------------------


def _open_parquet(con: DuckDBPyConnection, paths: Sequence[Path]) -> Table:
    scan = (
        f"read_parquet([{', '.join(literal(str(p)) for p in paths)}], union_by_name = true, hive_partitioning = false)"
    )
    with readable(paths):
        described = con.execute(f"describe select * from {scan}").fetchall()
    return Table(
        scan=scan,
        columns=tuple(row[0] for row in described),
        types={row[0]: row[1] for row in described},
        is_text=False,
    )


def _open_csv(paths: Sequence[Path]) -> Table:
    groups: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
    for path in paths:
        groups.setdefault(_csv_header(path), []).append(path)
    columns: dict[str, None] = {}
    scans = []
    for (delimiter, header), members in groups.items():
        unique = _unique_names(header)
        spec = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in unique)
        columns |= dict.fromkeys(unique)
        scans.append(
            f"select * from read_csv([{', '.join(literal(str(p)) for p in members)}], columns = {{{spec}}},"
            f" header = true, auto_detect = false, delim = {literal(delimiter)}, quote = '\"', escape = '\"',"
            f" nullstr = [{', '.join(literal(n) for n in NULLS)}], max_line_size = 2097152, buffer_size = 8388608)"
        )
    return Table(
        scan=f"({' union all by name '.join(scans)})",
        columns=tuple(columns),
        types=dict.fromkeys(columns, "VARCHAR"),
        is_text=True,
    )


def _csv_header(path: Path) -> tuple[str, tuple[str, ...]]:
    is_packed = path.suffix.lower() == ".gz"
    try:
        with gzip.open(path, "rb") if is_packed else path.open("rb") as raw:
            # Incremental, because the read may end within a letter.
            text = getincrementaldecoder("utf-8-sig")().decode(raw.read(1 << 20))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ExportError(
            f"file {path}",
            why=f"is not readable as {'gzip-compressed ' if is_packed else ''}CSV text ({error})",
            fix="Download or export it again; the delivery it belongs to was not loaded.",
        ) from error
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    try:
        header = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    except csv.Error as error:
        raise ExportError(f"file {path}", why=f"has no CSV header ({error})", fix="Export it again.") from error
    return delimiter, tuple(cell.strip() for cell in header)


AGAIN = "\ue000"
"""Stands before the number of a repeated name: a letter for private use, in no name that anybody writes."""


def _unique_names(header: Sequence[str]) -> list[str]:
    """Names that DuckDB can tell apart: it ignores case, tag keys do not."""
    seen: dict[str, int] = {}
    unique = []
    for name in header:
        count = seen.setdefault(name.lower(), 0)
        seen[name.lower()] += 1
        unique.append(name if not count else f"{name}{AGAIN}{count}")
    return unique


# --- columns ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Which file column plays which part. Maps are one MAP or JSON column, or many flat ones with their keys."""

    direct: Mapping[str, str]
    tags: Mapping[str, str]
    cost_categories: Mapping[str, str]
    attributes: Mapping[str, str]
    map_types: Mapping[str, str]


FLAT_PREFIXES = {"resource_tags": "resource_tags_", "cost_category": "cost_category_", "product": "product_"}
MAP_SOURCES = {"tags": ("resourceTags/", "resource_tags_"), "cost_categories": ("costCategory/", "cost_category_")}


def _columns(table: Table, spec: Normalisation, where: str) -> _Columns:
    by_name: dict[str, str] = {}
    for column in table.columns:
        name = canonical(column)
        by_name.setdefault(spec.aliases.get(name, name).lower(), column)
    direct = {name: by_name[name.lower()] for name in spec.types if name.lower() in by_name}
    missing = [name for name in spec.required if name not in direct]
    if missing:
        raise ExportError(
            where,
            why=f"lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}",
            fix="Add them to the export's column list, or check that the file is the export you mean.",
        )
    maps: dict[str, dict[str, str]] = {}
    for part, name in (("tags", spec.tags), ("cost_categories", spec.cost_categories), ("attributes", spec.attributes)):
        if name.lower() in by_name:
            maps[part] = {"": by_name[name.lower()]}
        else:
            prefix = FLAT_PREFIXES.get(name)
            maps[part] = {
                _key(column, prefix or ""): column
                for column in table.columns
                if prefix and canonical(column).startswith(prefix) and canonical(column) not in spec.types
                if part != "attributes" or canonical(column)[len(prefix) :] in spec.attributes_kept
            }
    return _Columns(direct=direct, map_types=dict(table.types), **maps)


def _key(column: str, prefix: str) -> str:
    """The key of a flat column: a tag as the user wrote it where the header still has it (resourceTags/user:Team)."""
    if "/" in column and prefix != "product_":
        return column.split("/", 1)[1].partition(AGAIN)[0]
    return canonical(column.partition(AGAIN)[0])[len(prefix) :]


def _create_lines(
    con: DuckDBPyConnection, table: Table, spec: Normalisation, columns: _Columns, period: date | None
) -> None:
    selected = [
        f"{_typed(table, columns.direct.get(name), kind)} as {identifier(name)}" for name, kind in spec.types.items()
    ]
    raw = {
        f"{part}_{index}": column
        for part in ("tags", "cost_categories", "attributes")
        for index, column in enumerate(getattr(columns, part).values())
    }
    selected += [f"{identifier(column)} as {alias}" for alias, column in raw.items()]
    keyed = [alias for alias in raw if not alias.startswith("attributes_")]
    tag_key = f"hash({', '.join(keyed)})" if keyed else "0::ubigint"
    where = f" where {_period(table, spec, columns)} = {literal(period.isoformat())}::date" if period else ""
    relation = f"select {', '.join(selected)} from {table.scan}{where}"
    if table.is_text:
        con.execute(f"create or replace temp table staged_lines as {relation}")
        relation = "select * from staged_lines"
    con.execute(f"create or replace temp view lines as select *, {tag_key} as tag_key from ({relation})")


def _typed(table: Table, column: str | None, kind: str) -> str:
    if column is None:
        return {"timestamp": "null::timestamp", "money": f"null::{MONEY}", "text": "null::varchar"}[kind]
    name, actual = identifier(column), table.types[column]
    if kind == "timestamp":
        if actual == "TIMESTAMP WITH TIME ZONE":
            return f"make_timestamp(epoch_us({name}))"  # the cast asks the time zone library, row by row
        return name if actual == "TIMESTAMP" else f"{name}::timestamp"
    if kind == "money":
        # Parquet doubles are cast when they are summed: casting here would cost every null check its vector.
        return name if actual.partition("(")[0] in NUMBERS else f"{name}::{MONEY}"
    return name if actual == "VARCHAR" else f"{name}::varchar"


def _period(table: Table, spec: Normalisation, columns: _Columns) -> str:
    start = columns.direct.get(spec.period) or columns.direct[spec.required[1]]
    return f"date_trunc('month', {identifier(start)}::timestamp)::date"


# --- filling the star ---------------------------------------------------------------------------------------------------


def _dimensions(con: DuckDBPyConnection) -> list[str]:
    described = con.execute("describe charges").fetchall()
    return [row[0] for row in described if row[0] not in {*AMOUNTS, "charge_date", "hours_mask"}]


def _fill_days(con: DuckDBPyConnection, load_id: int, dimensions: Sequence[str], where: str) -> None:
    sums = ", ".join(f"sum({amount}::{MONEY})" for amount in AMOUNTS)
    try:
        con.execute(
            f"insert into days (load_id, charge_date, meter_key, {', '.join(AMOUNTS)}, hours_mask, line_count)"
            f" select {load_id}, charge_date, hash({', '.join(map(identifier, dimensions))}) as meter_key, {sums},"
            f" bit_or(hours_mask), count(*) from charges group by charge_date, meter_key order by charge_date"
        )
    except EMPTY_VALUE as error:
        raise ExportError(where, why="has lines without a usage date", fix="Export the period again.") from error
    first, last = con.execute(
        "select min(charge_date), max(charge_date) from days where load_id = ?", [load_id]
    ).fetchone() or (None, None)
    latest = date.today() + timedelta(days=5 * 366)  # noqa: DTZ011 - a bound of years; upfront terms lie ahead
    if first is not None and (first < EARLIEST or last > latest):
        raise ExportError(
            where,
            why=f"has lines dated {first} to {last}, which no bill can be",
            fix="Export the period again; the previous state of the period is kept.",
        )


def _fill_meters(
    con: DuckDBPyConnection, load_id: int, dimensions: Sequence[str], spec: Normalisation, columns: _Columns
) -> None:
    """Meters: the distinct dimensions, with what one line per SKU, account or commitment and the tags tell of them."""
    _fill_attributes(con, load_id, spec, columns)
    _fill_tag_sets(con, load_id, spec, columns)
    names = ", ".join(map(identifier, dimensions))
    con.execute(
        f"create or replace temp table keyed as select hash({names}) as meter_key, *"
        f" from (select distinct {names} from charges)"
    )
    counted = con.execute("select count(*), count(distinct meter_key) from keyed").fetchone()
    if counted and counted[0] != counted[1]:
        raise ReconciliationError(
            "roll-up", why="two meters have the same hash", fix="Please report this; nothing was changed."
        )
    found, joined = _lookups(con, spec)
    con.execute(
        "create or replace temp table dimensions as select keyed.*, t.tag_key,"
        f" coalesce(a.attributes, map()::map(varchar, varchar)) as attributes{found} from keyed{joined}"
        " left join (select product_sku as sku, attributes from sku_attributes where load_id = $load) a"
        f" on a.sku = keyed.product_sku left join tagged t on t.thing = hash({', '.join(spec.tagged_by)})",
        {"load": load_id},
    )
    con.execute(f"create or replace temp view aws_service_names as {_text('aws_service_names')}")
    con.execute(f"insert into meters by name select {load_id} as load_id, * from ({spec.meters_sql})")
    for table in ("dimensions", "keyed", "tagged", *(f"lookup_{n}" for n in range(len(spec.lookups))), "told"):
        con.execute(f"drop table {table}")


def _lookups(con: DuckDBPyConnection, spec: Normalisation) -> tuple[str, str]:
    """(columns, joins) of what one line per SKU, account or commitment tells: read once, as distinct combinations."""
    told = dict.fromkeys(f"{key} as key_{n}" for n, (key, _) in enumerate(spec.lookups.values()))
    told |= dict.fromkeys(value for _, values in spec.lookups.values() for value in values)
    con.execute(f"create or replace temp table told as select distinct {', '.join(told)} from lines")
    found = joined = ""
    for number, (column, (_, values)) in enumerate(spec.lookups.items()):
        first = "".join(f", max({v}) filter ({v} <> '') as {v}" for v in values)
        con.execute(
            f"create or replace temp table lookup_{number} as select key_{number} as lookup_key{first} from told"
            f" where key_{number} <> '' group by 1"
        )
        found += f", lookup_{number}.* exclude (lookup_key)"
        joined += f" left join lookup_{number} on lookup_{number}.lookup_key = keyed.{identifier(column)}"
    return found, joined


def _fill_attributes(con: DuckDBPyConnection, load_id: int, spec: Normalisation, columns: _Columns) -> None:
    """Product attributes per SKU; any line of a SKU carries the same ones."""
    if not columns.attributes:
        return
    first = ", ".join(f"any_value(attributes_{i}) as attributes_{i}" for i in range(len(columns.attributes)))
    con.execute(
        f"insert into sku_attributes select {load_id}, sku, {_as_map(columns.attributes, 'attributes', columns)}"
        f" from (select {spec.sku} as sku, {first} from lines where coalesce({spec.sku}, '') <> '' group by 1)"
    )


def _fill_tag_sets(con: DuckDBPyConnection, load_id: int, spec: Normalisation, columns: _Columns) -> None:
    """Tag sets, and in `tagged` the newest one of every tagged thing.

    Two passes, because a MAP per resource would not fit into memory with a million resources: maps are kept once per
    set, resources only with the hash of theirs. Tags are not part of a meter's identity: hashing the maps of every
    line twice more costs as much as everything else.
    """
    names = [f"{part}_{i}" for part in ("tags", "cost_categories") for i in range(len(getattr(columns, part)))]
    first = "".join(f", any_value({n}) as {n}" for n in names)
    con.execute(
        f"insert into tag_sets select {load_id}, tag_key, {_as_map(columns.tags, 'tags', columns)},"
        f" {_as_map(columns.cost_categories, 'cost_categories', columns)}"
        f" from (select tag_key{first} from lines group by tag_key)"
    )
    start = identifier(spec.required[1])
    con.execute(
        "create or replace temp table tagged as select thing, arg_max(tag_key, (last_seen, tag_key)) as tag_key"
        f" from (select hash({', '.join(spec.tagged_by)}) as thing, tag_key, max({start}) as last_seen from lines"
        " group by all) group by all"
    )


def _as_map(parts: Mapping[str, str], alias: str, columns: _Columns) -> str:
    """SQL of MAP(VARCHAR, VARCHAR) from a MAP, a JSON text, or flat columns; empty values are left out."""
    if not parts:
        return "map()::map(varchar, varchar)"
    if set(parts) == {""}:
        kind = columns.map_types[parts[""]]
        value = f"{alias}_0"
        if kind.startswith("MAP"):
            value = f"{value}::map(varchar, varchar)"
        elif kind == "VARCHAR":
            value = f"try_cast(try_cast({value} as json) as map(varchar, varchar))"
        else:
            value = f"try_cast(to_json({value}) as map(varchar, varchar))"
        return f"coalesce({value}, map()::map(varchar, varchar))"
    entries = ", ".join(f"{{'k': {literal(key)}, 'v': {alias}_{index}::varchar}}" for index, key in enumerate(parts))
    return f"map_from_entries(list_filter([{entries}], lambda e: coalesce(e.v, '') <> ''))"


def _reconcile(con: DuckDBPyConnection, load_id: int, where: str) -> int:
    con.execute(
        "insert into totals select d.load_id, m.provider, m.billing_currency, sum(d.line_count), sum(d.billed_cost),"
        " coalesce(sum(d.billed_cost) filter (m.charge_role = 'credit'), 0), sum(d.effective_cost)"
        " from days d join meters m using (load_id, meter_key) where d.load_id = ? group by all",
        [load_id],
    )
    stored = con.execute(
        "select coalesce(sum(line_count), 0)::bigint, coalesce(sum(billed_cost), 0), coalesce(sum(effective_cost), 0)"
        " from totals where load_id = ?",
        [load_id],
    ).fetchone()
    export = con.execute(
        f"select count(*), coalesce(sum(billed_cost::{MONEY}), 0), coalesce(sum(effective_cost::{MONEY}), 0) from charges"
    ).fetchone()
    assert stored is not None  # noqa: S101 - an aggregate without groups has one row
    assert export is not None  # noqa: S101
    if stored != export:
        raise ReconciliationError(
            where,
            why=f"holds {_sums(export)}, but the roll-up came to {_sums(stored)}",
            fix="The previous state is kept. Please report this with the period's column list.",
        )
    return int(stored[0])


def _sums(row: tuple[int, Decimal, Decimal]) -> str:
    return f"{row[0]} lines, billed {row[1]:.2f}, effective {row[2]:.2f}"


def _is_hourly(con: DuckDBPyConnection, load_id: int) -> bool:
    """True when most usage is billed in single hours: only then do hour masks say something."""
    row = con.execute(
        "select coalesce(avg((hours_mask <> 16777215 or line_count >= 24)::integer), 0) from days where load_id = ?",
        [load_id],
    ).fetchone()
    return bool(row and row[0] > 0.5)


def _notes(columns: _Columns, spec: Normalisation, has_ids: bool) -> tuple[str, ...]:
    notes = []
    if not has_ids:
        notes.append("without resource ids: judged per account, region and service")
    if spec.name == "aws_cur" and "savings_plan_savings_plan_effective_cost" not in columns.direct:
        notes.append("without Savings Plan columns: covered usage has no effective cost")
    if spec.name == "aws_cur" and "reservation_effective_cost" not in columns.direct:
        notes.append("without reservation columns: reserved usage has no effective cost")
    if not columns.tags:
        notes.append("without tags: owners and environments come from names only")
    return tuple(notes)


@cache
def _text(name: str) -> str:
    return (package_files("advisor.queries") / "normalize" / f"{name}.sql").read_text("utf-8")


def literal(text: str) -> str:
    """`text` as an SQL string, for the few places where DuckDB takes no bound value."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def readable(paths: Sequence[Path]) -> Iterator[None]:
    """Turns what DuckDB raises over damaged files into an ExportError; other failures pass, as bugs of ours."""
    try:
        yield
    except DatabaseError as error:
        # Damage deep inside Parquet arrives as the base class itself.
        if isinstance(error, UNREADABLE) or type(error) is DatabaseError:
            raise unreadable(paths, error) from error
        raise


def unreadable(paths: Sequence[Path], error: Exception) -> AdvisorError:
    """The error for files that DuckDB could not read, naming the file when its message does."""
    if "No space left" in str(error):
        return disk_error(paths[0], error)
    message = str(error).strip().split("\n")[0]
    named = paths if len(paths) == 1 else [p for p in paths if str(p) in str(error)]
    return ExportError(
        f"file {named[0]}" if named else f"one of {len(paths)} files, {paths[0]} to {paths[-1]}",
        why=f"cannot be read: {message}",
        fix="Download or export it again; the delivery it belongs to was not loaded.",
    )
