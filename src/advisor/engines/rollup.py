"""Rolls the files of one delivery up into resource-days, in DuckDB, straight off the files.

Hourly lines are never stored. Grouping goes by a hash of the dimensions, which costs less than half of grouping by the
strings themselves and spills well; the strings are stored once per meter. CSV is parsed once, into a temporary table.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tomllib
import zlib
from codecs import getincrementaldecoder
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from importlib.resources import files as package_files
from itertools import islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.errors import AdvisorError, ExportError, ReconciliationError
from advisor.store import EMPTY_VALUE, UNREADABLE, DatabaseError, disk_error, identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection

MONEY = "decimal(28, 10)"
"""Ten decimals are what exports carry; floats would sum differently from run to run."""

NUMBERS = ("DOUBLE", "FLOAT", "DECIMAL", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
RECORD = "STRUCT"
AMOUNTS = (
    "billed_cost",
    "credits",
    "discount_credits",
    "effective_cost",
    "committed_cost",
    "list_cost",
    "consumed_quantity",
)
NULLS = ("", "NULL", "null")
EARLIEST = date(2006, 1, 1)
"""No cloud billed before that: older dates are garbage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """One SQL pair of queries/normalize with its header: which columns it reads, and how they are typed."""

    name: str
    required: tuple[str, ...]
    period: str
    tags: tuple[tuple[str, str], ...]
    cost_categories: str
    attributes: str
    attributes_kept: tuple[str, ...]
    tagged_by: tuple[str, ...]
    lookups: Mapping[str, tuple[str, tuple[str, ...]]]
    sku: str
    types: Mapping[str, str]
    nested: Mapping[str, Mapping[str, str]]
    computed: Mapping[str, Mapping[str, str]]
    aliases: Mapping[str, str]
    spelling: tuple[str, ...]
    charges_sql: str
    meters_sql: str
    commitments_sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Files of equal format, as one relation: `scan` is SQL, `columns` their names as they stand in the file.

    Fields of records are columns of their own, `service.id`. `types` are DuckDB's, `is_text` says that parsing costs
    more than keeping. JSON lines have no columns before `typed` gives them those of their format.
    """

    scan: str
    columns: tuple[str, ...]
    types: Mapping[str, str]
    is_text: bool
    paths: tuple[Path, ...] = ()

    def sql(self, column: str) -> str:
        """The column in SQL."""
        if self.is_record(column):
            return ".".join(map(identifier, column.split(".")))
        return identifier(column)

    def is_record(self, column: str) -> bool:
        """True when `column` is a field of a record rather than a name with a dot in it."""
        return "." in column and self.types.get(column.split(".")[0], "") == RECORD


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
    tags = header["tags"]
    commitments = folder / f"{header.get('commitments', name)}.commitments.sql"
    return Normalisation(
        name=name,
        required=tuple(header["required"]),
        period=header["period"],
        tags=((tags, ""),) if isinstance(tags, str) else tuple((column, prefix) for column, prefix in tags),
        cost_categories=header["cost_categories"],
        attributes=header["attributes"],
        attributes_kept=tuple(header["attributes_kept"]),
        tagged_by=tuple(header["tagged_by"]),
        lookups={name: (entry["key"], tuple(entry["values"])) for name, entry in header["lookups"].items()},
        sku=header["lookups"].get("product_sku", {"key": "SkuId"})["key"],
        types=types,
        nested=header.get("nested", {}),
        computed=header.get("computed", {}),
        aliases=header.get("aliases", {}),
        spelling=tuple(header.get("spelling", ())),
        charges_sql=body,
        meters_sql=(folder / f"{name}.meters.sql").read_text("utf-8"),
        commitments_sql=commitments.read_text("utf-8") if commitments.is_file() else "",
    )


def canonical(name: str) -> str:
    """A column name by the rule of Athena exports, so that legacy CSV and Parquet headers become equal.

    Fields of records and dotted headers become one word too.

    >>> canonical("reservation/ReservationARN"), canonical("resourceTags/user:Foo"), canonical("ServiceName")
    ('reservation_reservation_a_r_n', 'resource_tags_user_foo', 'ServiceName')
    >>> canonical("usage.pricing_unit")
    'usage_pricing_unit'
    """
    if "/" not in name:
        return name.replace(".", "_")
    snake = re.sub(r"([A-Z])", r"_\1", name).lower()
    return re.sub(r"[^a-z0-9]+", "_", snake).strip("_")


def open_table(con: DuckDBPyConnection, paths: Sequence[Path]) -> Table:
    """The relation over `paths`, all of one kind; raises ExportError naming the file that cannot be read."""
    kind = file_kind(paths[0])
    if kind == "Parquet":
        return _open_parquet(con, paths)
    return _open_json(paths) if kind == "JSON" else _open_csv(paths)


def file_kind(path: Path) -> str:
    """Parquet, JSON (lines) or CSV, by the name; what has none of their endings is CSV."""
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".parquet"):
        return "Parquet"
    return "JSON" if name.endswith((".json", ".jsonl", ".ndjson")) else "CSV"


def typed(table: Table, spec: Normalisation) -> Table:
    """`table` with the columns of its format, where the files do not say which there are (JSON lines)."""
    if table.scan:
        return table
    records: dict[str, Any] = {}
    kinds = {"money": "double"}
    columns = {name: kinds.get(kind, "varchar") for name, kind in spec.types.items()}
    # Keys of JSON are told apart by their case.
    spelled = {name.lower(): name for name in (*spec.spelling, *table.columns)}
    aliased = {alias.lower(): name for alias, name in spec.aliases.items()}
    spelled |= {aliased[name]: spelling for name, spelling in spelled.items() if name in aliased}

    def own(path: str) -> str:
        return spelled.get(path.lower(), path)

    for name, fields in spec.nested.items():
        shape = {own(f"{name}[].{field}").rpartition(".")[2]: kind for field, kind in fields.items()}
        columns[name] = f"{_struct(shape)}[]"
    columns = {own(name): kind for name, kind in columns.items()}
    for column, kind in columns.items():
        *parents, leaf = column.split(".")
        fields = records
        for parent in parents:
            fields = fields.setdefault(parent, {})
        fields[leaf] = kind
    listed = ", ".join(f"{literal(name)}: {literal(_struct(kind))}" for name, kind in records.items())
    types = {name: "DOUBLE" if kind == "double" else kind.upper() for name, kind in columns.items()}
    types |= {name: RECORD for name, kind in records.items() if isinstance(kind, dict)}
    files = ", ".join(literal(str(path)) for path in table.paths)
    return replace(
        table,
        scan=f"read_json([{files}], format = 'newline_delimited', columns = {{{listed}}}, maximum_object_size = 8388608)",
        columns=tuple(columns),
        types=types,
    )


def _struct(fields: Mapping[str, Any] | str) -> str:
    """The DuckDB type of a record's fields."""
    if isinstance(fields, str):
        return fields
    return f"struct({', '.join(f'{identifier(name)} {_struct(kind)}' for name, kind in fields.items())})"


@contextmanager
def staged(con: DuckDBPyConnection, table: Table, spec: Normalisation, where: str) -> Iterator[Staged]:
    """The lines of `table` with their columns typed; what costs more to parse than to keep is parsed here, once."""
    columns = _columns(table, spec, where)
    try:
        _stage(con, table, spec, columns)
        yield Staged(columns=columns)
    finally:
        with suppress(DatabaseError):  # the connection may be of no more use
            con.execute("drop view if exists typed_lines")
            con.execute("drop table if exists staged_lines")


def periods_in(con: DuckDBPyConnection) -> list[date]:
    """The billing periods (first days of months) that the staged lines belong to."""
    found = con.execute("select distinct billing_period from typed_lines").fetchall()
    return sorted(row[0] for row in found if row[0] is not None)


def roll_up(
    con: DuckDBPyConnection, lines: Staged, spec: Normalisation, *, loads: Mapping[date, int], mixed: bool, where: str
) -> dict[date, RollUp]:
    """Fills days, meters, tag_sets, sku_attributes and totals, and compares the sums with the files'.

    `loads` has a load_id per billing period. Where one delivery is `mixed`, its lines say which period they belong to,
    and all periods are read at once. Runs inside the caller's transaction: nothing is visible when it raises.
    """
    load, only = ", ".join(str(load_id) for load_id in loads.values()), ""
    if mixed:
        cases = "".join(f" when {literal(day.isoformat())}::date then {load_id}" for day, load_id in loads.items())
        load, only = f"case billing_period{cases} end", " where billing_period is not null"
    con.execute(f"create or replace temp view lines as select *, {load} as load_id from typed_lines{only}")
    con.execute(f"create or replace temp view charges as select *, 1 as line_count from ({spec.charges_sql})")
    done = _fill(con, spec, lines.columns, loads, where)
    con.execute("drop view charges")
    con.execute("drop view lines")
    return done


def roll_up_days(con: DuckDBPyConnection, path: Path, spec: Normalisation, *, load_id: int, period: date) -> RollUp:
    """The same for a Parquet file of charges that a warehouse has summed by day already.

    It has the columns of the charges, `line_count`, the values of the lookups, the latest start of usage, and each field
    with tags as JSON text under its canonical name.
    """
    columns = _Columns(
        direct={},
        nested={},
        tags=[_Part(key=prefix, column=canonical(name), is_map=True) for name, prefix in spec.tags],
        cost_categories=[],
        attributes=[],
    )
    texts = [part.column for part in columns.tags]
    shapes = {canonical(name): fields for name, fields in spec.nested.items()}
    tags = [
        f"{_from_json(identifier(name), shapes[name]) if name in shapes else identifier(name)} as tags_{n}"
        for n, name in enumerate(texts)
    ]
    con.execute(
        f"create or replace temp view lines as select * exclude ({', '.join(map(identifier, texts))}),"
        f" {', '.join(tags)}, hash({', '.join(map(identifier, texts))}) as tag_key, {load_id} as load_id"
        f" from read_parquet({literal(str(path))})"
    )
    told = {value for _, values in spec.lookups.values() for value in values}
    extra = [*told, *(f"tags_{n}" for n in range(len(tags))), "tag_key", canonical(spec.required[1])]
    con.execute(
        f"create or replace temp view charges as select * exclude ({', '.join(map(identifier, extra))}) from lines"
    )
    done = _fill(con, spec, columns, {period: load_id}, f"{period:%Y-%m}")
    con.execute("drop view charges")
    con.execute("drop view lines")
    return done[period]


def _fill(
    con: DuckDBPyConnection, spec: Normalisation, columns: _Columns, loads: Mapping[date, int], where: str
) -> dict[date, RollUp]:
    """The star from the views `charges` and `lines`. After a failure the caller's rollback takes temporary objects away."""
    dimensions = _dimensions(con)
    _fill_days(con, dimensions, loads, where)
    _fill_meters(con, dimensions, spec, columns)
    rows = _reconcile(con, spec, loads, where)
    con.execute("drop table told")
    return {period: _outcome(con, load_id, rows[load_id], columns, spec) for period, load_id in loads.items()}


def _outcome(con: DuckDBPyConnection, load_id: int, rows: int, columns: _Columns, spec: Normalisation) -> RollUp:
    found = con.execute("select count(*) from meters where load_id = ? and resource_id <> ''", [load_id]).fetchone()
    has_ids = bool(found and found[0])
    notes = _notes(columns, spec, has_ids)
    return RollUp(rows=rows, hourly=_is_hourly(con, load_id), has_resource_ids=has_ids, notes=notes)


def identity(table: Table, spec: Normalisation) -> str:
    """The version of a format where its columns tell: 1.0 to 1.4 for FOCUS, legacy or 2.0, standard or detailed."""
    names = {canonical(c).lower() for c in table.columns}
    if spec.name == "gcp":
        return "detailed" if "resource_global_name" in names else "standard"
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
        relation = con.sql(f"select * from {scan} limit 0")
    columns: list[str] = []
    types: dict[str, str] = {}
    for name, kind in zip(relation.columns, relation.types, strict=True):
        _flatten(name, kind, columns, types)
    return Table(scan=scan, columns=tuple(columns), types=types, is_text=False, paths=tuple(paths))


def _flatten(name: str, kind: Any, columns: list[str], types: dict[str, str]) -> None:
    """Adds the column, or the fields of a record one by one, to `columns` and `types`."""
    is_list = kind.id == "struct" and [field for field, _ in kind.children] == ["list"]
    if kind.id != "struct" or is_list:
        columns.append(name)
        types[name] = str(kind)
        return
    types[name] = RECORD
    for field, inner in kind.children:
        _flatten(f"{name}.{field}", inner, columns, types)


JSON_LINES_READ = 200
"""Lines whose keys tell the format: null fields are left out, so one line may lack some."""


def _open_json(paths: Sequence[Path]) -> Table:
    """Only which keys there are: their types come with the format."""
    names: dict[str, None] = {}
    for path in paths[:1]:
        for line in _first_lines(path, JSON_LINES_READ):
            try:
                document = json.loads(line)
            except ValueError as error:
                raise ExportError(
                    f"file {path}",
                    why=f"is not JSON with one object per line ({error})",
                    fix="Export it as newline-delimited JSON; the delivery it belongs to was not loaded.",
                ) from error
            for key, value in document.items() if isinstance(document, dict) else ():
                names |= dict.fromkeys(f"{key}.{field}" for field in value) if isinstance(value, dict) else {key: None}
    return Table(scan="", columns=tuple(names), types={}, is_text=True, paths=tuple(paths))


def _first_lines(path: Path, count: int) -> list[bytes]:
    is_packed = path.suffix.lower() == ".gz"
    try:
        with gzip.open(path, "rb") if is_packed else path.open("rb") as raw:
            return [line for line in islice(raw, count) if line.strip()]
    except (OSError, EOFError, zlib.error) as error:
        raise ExportError(
            f"file {path}",
            why=f"is not readable as {'gzip-compressed ' if is_packed else ''}JSON text ({error})",
            fix="Download or export it again; the delivery it belongs to was not loaded.",
        ) from error


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
        paths=tuple(paths),
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
class _Part:
    """A column that holds tags or attributes: a map of them (`is_map`, `key` stands before each), or the one `key`."""

    key: str
    column: str
    is_map: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Which file column plays which part, by the names that the SQL pair uses."""

    direct: Mapping[str, str]
    nested: Mapping[str, str]
    tags: Sequence[_Part]
    cost_categories: Sequence[_Part]
    attributes: Sequence[_Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """The lines of a delivery, as the view `typed_lines`, and which of the files' columns they have."""

    columns: _Columns


FLAT_PREFIXES = {"resource_tags": "resource_tags_", "cost_category": "cost_category_", "product": "product_"}


def _columns(table: Table, spec: Normalisation, where: str) -> _Columns:
    by_name: dict[str, str] = {}
    for column in table.columns:
        name = canonical(column)
        by_name.setdefault(spec.aliases.get(name, name).lower(), column)
    direct = {name: by_name[canonical(name).lower()] for name in spec.types if canonical(name).lower() in by_name}
    nested = {name: by_name[canonical(name).lower()] for name in spec.nested if canonical(name).lower() in by_name}
    missing = [name for name in spec.required if name not in direct]
    if missing:
        raise ExportError(
            where,
            why=f"lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}",
            fix="Add them to the export's column list, or check that the file is the export you mean.",
        )
    maps: dict[str, list[_Part]] = {"tags": [], "cost_categories": [], "attributes": []}
    sources = [("tags", *tags) for tags in spec.tags]
    sources += [("cost_categories", spec.cost_categories, ""), ("attributes", spec.attributes, "")]
    for part, name, before in sources:
        whole = by_name.get(canonical(name).lower())
        if whole:
            maps[part].append(_Part(key=before, column=whole, is_map=True))
        elif prefix := FLAT_PREFIXES.get(name):
            maps[part] += [
                _Part(key=_key(column, prefix), column=column, is_map=False)
                for column in table.columns
                if canonical(column).startswith(prefix) and canonical(column) not in spec.types
                if part != "attributes" or canonical(column)[len(prefix) :] in spec.attributes_kept
            ]
    return _Columns(direct=direct, nested=nested, **maps)


def _key(column: str, prefix: str) -> str:
    """The key of a flat column: a tag as the user wrote it where the header still has it (resourceTags/user:Team)."""
    if "/" in column and prefix != "product_":
        return column.split("/", 1)[1].partition(AGAIN)[0]
    return canonical(column.partition(AGAIN)[0])[len(prefix) :]


def _stage(con: DuckDBPyConnection, table: Table, spec: Normalisation, columns: _Columns) -> None:
    """The view `typed_lines`: columns under canonical names, what is computed from nested ones, tags, billing_period."""
    selected = [
        f"{_typed(table, columns.direct.get(name), kind)} as {identifier(canonical(name))}"
        for name, kind in spec.types.items()
    ]
    nested = {name: _nested(table, columns.nested.get(name), fields) for name, fields in spec.nested.items()}
    selected += [f"{sql} as {identifier(canonical(name))}" for name, sql in nested.items()]
    raw = {
        f"{part}_{index}": column
        for part in ("tags", "cost_categories", "attributes")
        for index, column in enumerate(getattr(columns, part))
    }
    as_nested = {column: name for name, column in columns.nested.items()}
    selected += [
        f"{nested[as_nested[p.column]] if p.column in as_nested else table.sql(p.column)} as {alias}"
        for alias, p in raw.items()
    ]
    keyed = [alias for alias in raw if not alias.startswith("attributes_")]
    tag_key = f"hash({', '.join(keyed)})" if keyed else "0::ubigint"
    selected.append(f"{_period(table, spec, columns)} as billing_period")
    relation = f"select {', '.join(selected)} from {table.scan} as of_files"
    computed = "".join(f", {sql['duckdb']} as {identifier(name)}" for name, sql in spec.computed.items())
    # Lists are large and of no more use once their sums and maps are taken.
    lists = f" exclude ({', '.join(identifier(canonical(name)) for name in spec.nested)})" if spec.nested else ""
    relation = f"select *{lists}, {tag_key} as tag_key{computed} from ({relation})"
    if table.is_text:
        con.execute(f"create or replace temp table staged_lines as {relation}")
        relation = "select * from staged_lines"
    con.execute(f"create or replace temp view typed_lines as {relation}")


def _typed(table: Table, column: str | None, kind: str) -> str:
    if column is None:
        missing = {"timestamp": "null::timestamp", "month": "null::date", "money": f"null::{MONEY}"}
        return missing.get(kind, "null::varchar")
    name, actual = table.sql(column), table.types[column]
    if kind == "timestamp":
        if actual == "TIMESTAMP WITH TIME ZONE":
            return f"make_timestamp(epoch_us({name}))"  # the cast asks the time zone library, row by row
        return name if actual == "TIMESTAMP" else f"{name}::timestamp"
    if kind == "month":
        return f"try_strptime({name}::varchar, ['%Y%m', '%Y-%m', '%Y-%m-%d'])::date"
    if kind == "money":
        # Parquet doubles are cast when they are summed: casting here would cost every null check its vector.
        return name if actual.partition("(")[0] in NUMBERS else f"{name}::{MONEY}"
    return name if actual == "VARCHAR" else f"{name}::varchar"


def _nested(table: Table, column: str | None, fields: Mapping[str, str]) -> str:
    """A repeated record as a list of structs with exactly `fields`: old extracts lack some, others are maps or JSON."""
    wanted = f"{_struct(fields)}[]"
    if column is None:
        return f"null::{wanted}"
    name, kind = table.sql(column), table.types[column]
    if kind in ("VARCHAR", "JSON"):
        return _from_json(name if kind == "VARCHAR" else f"{name}::varchar", fields)
    if kind.startswith("MAP") and set(fields) >= KEY_VALUE:
        return f"map_entries({name})::{wanted}"
    if repeated := REPEATED.match(kind):  # writers that do not mark lists
        return f'list_transform({name}."list", lambda e: e.{identifier(repeated[1])})::{wanted}'
    return f"{name}::{wanted}"


KEY_VALUE = {"key", "value"}
REPEATED = re.compile(r'STRUCT\("?list"? STRUCT\("?(\w+)"? ')


def _from_json(text: str, fields: Mapping[str, str]) -> str:
    """A JSON text as a list of structs; labels may be an object as well, and those that are no JSON are none."""
    made = f"from_json({text}, {literal(json.dumps([{name: kind.upper() for name, kind in fields.items()}]))})"
    if not set(fields) >= KEY_VALUE:
        return made
    entries = f"map_entries(try_cast(try_cast({text} as json) as map(varchar, varchar)))::{_struct(fields)}[]"
    return f"case when starts_with(ltrim({text}), '{{') then {entries} else try({made}) end"


def _period(table: Table, spec: Normalisation, columns: _Columns) -> str:
    """The first day of the billing period that a line belongs to."""
    start = columns.direct[spec.required[1]]
    column = columns.direct.get(spec.period)
    if spec.types[spec.period] != "month":
        return f"date_trunc('month', {table.sql(column or start)}::timestamp)::date"
    # Google's invoice months are those of the Pacific coast; eight hours are near enough for lines without one.
    usage = f"date_trunc('month', {_typed(table, start, 'timestamp')} - interval 8 hour)::date"
    return f"coalesce(date_trunc('month', {_typed(table, column, 'month')})::date, {usage})" if column else usage


# --- filling the star ---------------------------------------------------------------------------------------------------


def _dimensions(con: DuckDBPyConnection) -> list[str]:
    described = con.execute("describe charges").fetchall()
    return [
        row[0] for row in described if row[0] not in {*AMOUNTS, "charge_date", "hours_mask", "line_count", "load_id"}
    ]


def _fill_days(con: DuckDBPyConnection, dimensions: Sequence[str], loads: Mapping[date, int], where: str) -> None:
    sums = ", ".join(f"sum({amount}::{MONEY})" for amount in AMOUNTS)
    try:
        con.execute(
            f"insert into days (load_id, charge_date, meter_key, {', '.join(AMOUNTS)}, hours_mask, line_count)"
            f" select load_id, charge_date, hash({', '.join(map(identifier, dimensions))}) as meter_key, {sums},"
            " bit_or(hours_mask), sum(line_count) from charges group by load_id, charge_date, meter_key"
            " order by load_id, charge_date"
        )
    except EMPTY_VALUE as error:
        raise ExportError(where, why="has lines without a usage date", fix="Export the period again.") from error
    first, last = con.execute(f"select min(charge_date), max(charge_date) from days where {_of(loads)}").fetchone() or (
        None,
        None,
    )
    latest = date.today() + timedelta(days=5 * 366)  # noqa: DTZ011 - a bound of years; upfront terms lie ahead
    if first is not None and (first < EARLIEST or last > latest):
        raise ExportError(
            where,
            why=f"has lines dated {first} to {last}, which no bill can be",
            fix="Export the period again; the previous state of the period is kept.",
        )


def _of(loads: Mapping[date, int]) -> str:
    return f"load_id in ({', '.join(str(load_id) for load_id in loads.values())})"


def _fill_meters(con: DuckDBPyConnection, dimensions: Sequence[str], spec: Normalisation, columns: _Columns) -> None:
    """Meters: the distinct dimensions, with what one line per SKU, account or commitment and the tags tell of them."""
    _fill_attributes(con, spec, columns)
    _fill_tag_sets(con, spec, columns)
    names = ", ".join(map(identifier, dimensions))
    con.execute(
        f"create or replace temp table keyed as select hash({names}) as meter_key, *"
        f" from (select distinct load_id, {names} from charges)"
    )
    counted = con.execute("select count(*), count(distinct (load_id, meter_key)) from keyed").fetchone()
    if counted and counted[0] != counted[1]:
        raise ReconciliationError(
            "roll-up", why="two meters have the same hash", fix="Please report this; nothing was changed."
        )
    found, joined = _lookups(con, spec)
    described, attributes = "map()::map(varchar, varchar)", ""
    if columns.attributes:
        described = f"coalesce(a.attributes, {described})"
        attributes = " left join sku_attributes a on a.load_id = keyed.load_id and a.product_sku = keyed.product_sku"
    con.execute(
        "create or replace temp table dimensions as select keyed.*, t.tag_key,"
        f" {described} as attributes{found} from keyed{joined}{attributes}"
        f" left join tagged t on t.thing = hash(keyed.load_id, {', '.join(spec.tagged_by)})"
    )
    con.execute(f"create or replace temp view aws_service_names as {_text('aws_service_names')}")
    con.execute(f"insert into meters by name {spec.meters_sql}")
    _share_commitments(con, spec)
    for table in ("dimensions", "keyed", "tagged", *(f"lookup_{n}" for n in range(len(spec.lookups)))):
        con.execute(f"drop table {table}")


def _lookups(con: DuckDBPyConnection, spec: Normalisation) -> tuple[str, str]:
    """(columns, joins) of what one line per SKU, account or commitment tells: read once, as distinct combinations."""
    told = {"load_id": None} | dict.fromkeys(f"{key} as key_{n}" for n, (key, _) in enumerate(spec.lookups.values()))
    told |= dict.fromkeys(value for _, values in spec.lookups.values() for value in values)
    con.execute(f"create or replace temp table told as select distinct {', '.join(told)} from lines")
    found = joined = ""
    for number, (column, (_, values)) in enumerate(spec.lookups.items()):
        first = "".join(f", max({v}) filter ({v} <> '') as {v}" for v in values)
        con.execute(
            f"create or replace temp table lookup_{number} as select load_id, key_{number} as lookup_key{first} from told"
            f" where key_{number} <> '' group by all"
        )
        found += f", lookup_{number}.* exclude (load_id, lookup_key)"
        joined += (
            f" left join lookup_{number} on lookup_{number}.lookup_key = keyed.{identifier(column)}"
            f" and lookup_{number}.load_id = keyed.load_id"
        )
    return found, joined


def _fill_attributes(con: DuckDBPyConnection, spec: Normalisation, columns: _Columns) -> None:
    """Product attributes per SKU; any line of a SKU carries the same ones."""
    if not columns.attributes:
        return
    first = ", ".join(f"any_value(attributes_{i}) as attributes_{i}" for i in range(len(columns.attributes)))
    con.execute(
        f"insert into sku_attributes select load_id, sku, {_as_map(columns.attributes, 'attributes', _types(con))}"
        f" from (select load_id, {spec.sku} as sku, {first} from lines where coalesce({spec.sku}, '') <> '' group by 1, 2)"
    )


def _types(con: DuckDBPyConnection) -> dict[str, str]:
    """DuckDB's types of the columns of `lines`."""
    return {row[0]: row[1] for row in con.execute("describe lines").fetchall()}


def _fill_tag_sets(con: DuckDBPyConnection, spec: Normalisation, columns: _Columns) -> None:
    """Tag sets, and in `tagged` the newest one of every tagged thing.

    Two passes, because a MAP per resource would not fit into memory with a million resources: maps are kept once per
    set, resources only with the hash of theirs. Tags are not part of a meter's identity: hashing the maps of every
    line twice more costs as much as everything else.
    """
    names = [f"{part}_{i}" for part in ("tags", "cost_categories") for i in range(len(getattr(columns, part)))]
    first = "".join(f", any_value({n}) as {n}" for n in names)
    types = _types(con)
    con.execute(
        f"insert into tag_sets select load_id, tag_key, {_as_map(columns.tags, 'tags', types)},"
        f" {_as_map(columns.cost_categories, 'cost_categories', types)}"
        f" from (select load_id, tag_key{first} from lines group by load_id, tag_key)"
    )
    start = identifier(canonical(spec.required[1]))
    con.execute(
        "create or replace temp table tagged as select thing, arg_max(tag_key, (last_seen, tag_key)) as tag_key"
        f" from (select hash(load_id, {', '.join(spec.tagged_by)}) as thing, tag_key, max({start}) as last_seen from lines"
        " group by all) group by all"
    )


def _as_map(parts: Sequence[_Part], alias: str, types: Mapping[str, str]) -> str:
    """SQL of MAP(VARCHAR, VARCHAR) from maps, JSON texts, lists of key and value, or flat columns; later ones win."""
    flat = [f"{{'k': {literal(p.key)}, 'v': {alias}_{n}::varchar}}" for n, p in enumerate(parts) if not p.is_map]
    maps = [_prefixed(_map_of(f"{alias}_{n}", types[f"{alias}_{n}"]), p.key) for n, p in enumerate(parts) if p.is_map]
    if flat:
        maps.append(f"map_from_entries(list_filter([{', '.join(flat)}], lambda e: coalesce(e.v, '') <> ''))")
    if not maps:
        return "map()::map(varchar, varchar)"
    return maps[0] if len(maps) == 1 else f"map_concat({', '.join(maps)})"


def _map_of(value: str, kind: str) -> str:
    """SQL of a map from one column: a MAP, a JSON text, a record, or a list of records with key and value."""
    if kind.startswith("MAP"):
        made = f"{value}::map(varchar, varchar)"
    elif kind.startswith("STRUCT") and kind.endswith("[]"):
        if re.search(r"\bx_type\b", kind, re.IGNORECASE):  # Google's FOCUS view: labels of all kinds in one list
            named = "case when e.x_type = 'project_label' then 'project:' || e.key else e.key end"
            own = f"list_filter({value}, lambda e: e.x_type is distinct from 'system_label')"
            value = f"list_transform({own}, lambda e: {{'key': {named}, 'value': e.value}})"
        # A key may come twice (resource tags of two organisations): the last one counts, for a map takes each once.
        keys = f"list_distinct(list_transform(list_filter({value}, lambda e: e.key is not null), lambda e: e.key))"
        last = f"list_filter({value}, lambda e: e.key = k)[-1].value"
        made = f"map_from_entries(list_transform({keys}, lambda k: {{'k': k::varchar, 'v': {last}::varchar}}))"
    elif kind in ("VARCHAR", "JSON"):
        made = f"try_cast(try_cast({value} as json) as map(varchar, varchar))"
    else:
        made = f"try_cast(to_json({value}) as map(varchar, varchar))"
    return f"coalesce({made}, map()::map(varchar, varchar))"


def _prefixed(value: str, prefix: str) -> str:
    if not prefix:
        return value
    return (
        f"map_from_entries(list_transform(map_entries({value}),"
        f" lambda e: {{'k': {literal(prefix)} || e.key, 'v': e.value}}))"
    )


def _share_commitments(con: DuckDBPyConnection, spec: Normalisation) -> None:
    """Moves fees of commitments to the usage they cover, where the format bills them apart; totals stay the same."""
    for statement in spec.commitments_sql.split(";\n"):
        if statement.strip():
            con.execute(statement)


def _reconcile(con: DuckDBPyConnection, spec: Normalisation, loads: Mapping[date, int], where: str) -> dict[int, int]:
    """Fills totals; number of lines per load. Raises ReconciliationError when stored sums differ from the export's."""
    con.execute(
        "insert into totals (load_id, provider, billing_account_id, billing_currency, line_count, billed_cost, credits,"
        " effective_cost) select d.load_id, m.provider, m.billing_account_id, m.billing_currency, sum(d.line_count),"
        " sum(d.billed_cost), sum(d.credits + d.discount_credits), sum(d.effective_cost)"
        f" from days d join meters m using (load_id, meter_key) where d.{_of(loads)} group by all"
    )
    if "currency_conversion_rate" in spec.types:
        key = f"key_{list(spec.lookups).index('currency')}"
        con.execute(
            "update totals set currency_conversion_rate = (select median(try_cast(currency_conversion_rate as double))"
            f" from told where told.load_id = totals.load_id and told.{key} = totals.billing_currency) where {_of(loads)}"
        )
    stored = con.execute(
        "select load_id, sum(line_count)::bigint, sum(billed_cost), sum(effective_cost)"
        f" from totals where {_of(loads)} group by 1 order by 1"
    ).fetchall()
    export = con.execute(
        f"select load_id, sum(line_count)::bigint, sum(billed_cost::{MONEY}), sum(effective_cost::{MONEY})"
        " from charges group by 1 order by 1"
    ).fetchall()
    for found, wanted in zip_longest(stored, export, fillvalue=(0, 0, 0, 0)):
        if found != wanted:
            raise ReconciliationError(
                where,
                why=f"holds {_sums(wanted[1:])}, but the roll-up came to {_sums(found[1:])}",
                fix="The previous state is kept. Please report this with the period's column list.",
            )
    lines: dict[int, int] = dict.fromkeys(loads.values(), 0)
    return lines | {row[0]: row[1] for row in stored}


def _sums(row: Sequence[Any]) -> str:
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
