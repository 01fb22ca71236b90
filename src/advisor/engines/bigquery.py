"""Rolls a billing table up inside BigQuery: only resource-days travel. Builds SQL text; sends nothing.

The SQL comes from queries/normalize: what is inside repeated fields stands there by hand for each dialect, the rest is
translated by sqlglot, and a function that is not known to mean the same in both is refused.

Amounts count in ten-billionths, as whole NUMERICs. round(x * 1e10) over doubles is what DuckDB does to make a decimal
with ten places of a double, digit by digit, and sums of NUMERICs are exact. `amounts_back` turns them into money again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from advisor.engines.rollup import AMOUNTS, canonical
from advisor.errors import ConfigError, ExportError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

    from advisor.engines.rollup import Normalisation

FIRST, LAST, PERIOD = "first", "last", "period"
"""Parameters of the query: bounds of the partitions or billing periods (timestamps), and the invoice month (a text)."""

FLOATS, WHOLES, EXACT = ("FLOAT", "FLOAT64"), ("INTEGER", "INT64"), ("NUMERIC", "BIGNUMERIC")
RECORDS = ("RECORD", "STRUCT")
NULLS = {"timestamp": "timestamp", "month": "date", "money": "numeric"}
PAIR = {"key": "varchar", "value": "varchar"}
TEXT = "text_of_"
"""Before the name of a column of tags as JSON text."""

EXACT_TEXT = re.compile(r"round\(cast\(([\w.]+) as bignumeric\), 10\)")
NAME = re.compile(r"\w+")
TABLE = re.compile(
    r"(?P<project>(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{1,61}[a-z0-9])\.(?P<dataset>\w{1,1024})(?:\.(?P<table>[\w-]{1,1024}))?",
    re.ASCII,
)
SAME_FUNCTIONS = frozenset(
    {"Abs", "And", "Or", "Case", "If", "Cast", "Coalesce", "Nullif", "Lower", "StartsWith", "Hour", "Sum"}
)
"""Of sqlglot: what means the same in DuckDB and BigQuery, nulls and rounding included. Add to it with a test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column of a BigQuery table, or a field of a record in it: `path` with dots, `fields` of repeated records."""

    path: str
    type: str
    is_repeated: bool = False
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledUp:
    """The query that rolls up, and the normalisation with which roll_up_days() is to read its result."""

    sql: str
    spec: Normalisation


def quoted(table: str) -> str:
    """`table`, project.dataset.table, for a query; raises ConfigError when it is anything else."""
    match = TABLE.fullmatch(table)
    if match is None or not match["table"]:
        raise ConfigError(table, why="is no BigQuery table", fix="Write it as project.dataset.table.")
    return f"`{table}`"


def flattened(fields: Iterable[Field]) -> dict[str, Field]:
    """Columns and fields of records by their path in small letters; repeated ones are not looked into."""
    found: dict[str, Field] = {}
    for field in fields:
        found[field.path.lower()] = field
        if field.type in RECORDS and not field.is_repeated:
            found |= flattened(replace(f, path=f"{field.path}.{f.path}") for f in field.fields)
    return found


def rolled_up(spec: Normalisation, table: str, columns: Mapping[str, Field], *, partitioned: bool) -> RolledUp:
    """The roll-up of one billing period of `table`, which has `columns` (see `flattened`).

    Without partitions (views, FOCUS) the billing period itself prunes.
    """
    found = _Columns(spec, columns)
    missing = [name for name in (*spec.required, spec.period) if found.of(name) is None]
    if missing:
        raise ExportError(
            f"table {table}",
            why=f"lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}",
            fix="Name Google's own billing export, or a view that has all of its columns.",
        )
    charges, dimensions = _translated(spec)
    read_as = _with_pairs(spec, found)
    tags = [canonical(name) for name, _ in spec.tags]
    carried = [name for name in (*_needed(spec), *tags) if name not in dimensions]
    for name in carried:
        charges.select(f"`{TEXT}{name}` as `{name}`" if name in tags else f"`{name}`", dialect="bigquery", copy=False)
    start = canonical(spec.required[1])
    charges.select(f"`{start}`", dialect="bigquery", copy=False)
    keys = ", ".join(f"`{key}`" for key in ("charge_date", *dimensions, *carried))
    ctes = [
        f"typed as (select {_typed(spec, found)} from {quoted(table)} as t where {_where(spec, found, partitioned)})"
    ]
    ctes += _layers(spec)
    sums = ", ".join(f"sum({amount}) as {amount}" for amount in AMOUNTS)
    sql = (
        f"with {', '.join(ctes)}, charges as ({charges.sql(dialect='bigquery', comments=False)})"
        f" select {keys}, max(`{start}`) as `{start}`, bit_or(hours_mask) as hours_mask,"
        f" {sums}, count(*) as line_count from charges group by {keys}"
    )
    return RolledUp(sql=sql, spec=read_as)


def map_sql(spec: Normalisation, table: str, columns: Mapping[str, Field], *, partitioned: bool) -> str:
    """What every partition holds of every billing period since the parameter `first`: newest export, number of lines.

    Without partitions a billing period counts as its own partition.
    """
    found = _Columns(spec, columns)
    start, exported = found.of(spec.period), columns.get("export_time") or columns.get("x_exporttime")
    if start is None:
        raise ExportError(
            f"table {table}", why=f"lacks the column {spec.period}", fix="Name Google's own billing export."
        )
    newest = f"max({_path(exported.path)})" if exported else "cast(null as timestamp)"
    month = _path(start.path) if spec.types[spec.period] == "month" else f"format_timestamp('%Y%m', {_stamp(start)})"
    if partitioned:
        day, since = "date(_PARTITIONTIME)", f"_PARTITIONTIME >= @{FIRST}"
    else:
        day, since = f"date_trunc(date({_stamp(start)}), month)", f"{_path(start.path)} >= {_bound(start, FIRST)}"
    return (
        f"select {day} as partition_date, {month} as period, {newest} as last_export, count(*) as line_count"
        f" from {quoted(table)} as t where {since} group by 1, 2 order by 1, 2"
    )


def amounts_back(batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch` with its amounts in money again: the digits stay, the point moves by ten places."""
    import pyarrow as pa

    arrays, fields = [], []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        made = column
        if field.name in AMOUNTS:
            whole = column.cast(pa.decimal128(38, 0))  # raises if there were a fraction
            made = pa.Array.from_buffers(pa.decimal128(38, 10), len(whole), whole.buffers(), offset=whole.offset)
        elif pa.types.is_timestamp(field.type):
            made = column.cast(pa.timestamp("us"))
        arrays.append(made)
        fields.append(pa.field(field.name, made.type))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


# --- columns ------------------------------------------------------------------------------------------------------------


class _Columns:
    """The columns of a table by the names that a normalisation has for them."""

    def __init__(self, spec: Normalisation, columns: Mapping[str, Field]) -> None:
        self.columns = columns
        self.aliases = {alias.lower(): name for alias, name in spec.aliases.items()}
        self.aliased = {self.aliases[path].lower(): field for path, field in columns.items() if path in self.aliases}

    def of(self, name: str) -> Field | None:
        return self.columns.get(name.lower()) or self.aliased.get(name.lower())


def _path(path: str) -> str:
    """A path in SQL; names come from the table's schema and may be anybody's."""
    names = path.split(".")
    if not all(NAME.fullmatch(name) for name in names):
        raise ExportError(
            f"column {path}", why="has a name that is none of a billing export", fix="Name Google's own billing export."
        )
    return ".".join(["t", *(f"`{name}`" for name in names)])


def _typed(spec: Normalisation, found: _Columns) -> str:
    selected = [f"{_of_kind(found.of(name), kind)} as `{canonical(name)}`" for name, kind in spec.types.items()]
    selected += [f"{_nested(found.of(name), fields)} as `{canonical(name)}`" for name, fields in spec.nested.items()]
    selected += [
        f"{_as_json(found.of(name), spec.nested.get(name, PAIR))} as `{TEXT}{canonical(name)}`" for name, _ in spec.tags
    ]
    return ", ".join(selected)


def _of_kind(field: Field | None, kind: str) -> str:
    """The column as what the normalisation takes it for; a typed null where the table lacks it."""
    if field is None:
        return f"cast(null as {NULLS.get(kind, 'string')})"
    path = _path(field.path)
    if kind == "timestamp":
        return _stamp(field)
    if kind == "month":
        return f"parse_date('%Y%m', {path})"
    if kind == "money":
        return _ten_billionths(path, field.type)
    return path if field.type == "STRING" else f"cast({path} as string)"


def _ten_billionths(path: str, kind: str) -> str:
    """An amount as a whole NUMERIC, see the top of this module."""
    if kind in FLOATS:
        return f"cast(round({path} * 1e10) as numeric)"
    if kind in WHOLES or kind in EXACT:
        return f"cast(round({path} * 10000000000) as numeric)"
    raise ExportError(f"column {path}", why=f"has the type {kind}, no number", fix="Name Google's own billing export.")


def _stamp(field: Field) -> str:
    return _path(field.path) if field.type == "TIMESTAMP" else f"timestamp({_path(field.path)})"


def _nested(field: Field | None, wanted: Mapping[str, str]) -> str:
    """A repeated record with exactly the fields `wanted`: those that came later are null in older tables."""
    kinds = {"double": "float64"}
    shape = ", ".join(f"{name} {kinds.get(kind, 'string')}" for name, kind in wanted.items())
    if field is None or not field.is_repeated:
        return f"cast(null as array<struct<{shape}>>)"
    has = {f.path.lower(): f.path for f in field.fields}
    if set(wanted) <= set(has):
        return _path(field.path)
    picked = ", ".join(
        f"e.`{has[name]}` as {name}" if name in has else f"cast(null as {kinds.get(kind, 'string')}) as {name}"
        for name, kind in wanted.items()
    )
    return f"array(select as struct {picked} from unnest({_path(field.path)}) as e)"


def _where(spec: Normalisation, found: _Columns, partitioned: bool) -> str:
    """One billing period, and of the table no more than what holds it."""
    column = found.of(spec.period)
    assert column is not None  # noqa: S101 - rolled_up has looked
    if spec.types[spec.period] == "month":
        only = f"{_path(column.path)} = @{PERIOD}"
        return f"_PARTITIONTIME between @{FIRST} and @{LAST} and {only}" if partitioned else only
    # A view, or Google's FOCUS table: the billing period is all that the query can be pruned by.
    return f"{_path(column.path)} >= {_bound(column, FIRST)} and {_path(column.path)} < {_bound(column, LAST)}"


def _bound(column: Field, parameter: str) -> str:
    """The parameter in the column's own type: a column inside a function would not prune."""
    made = {"DATETIME": f"datetime(@{parameter})", "DATE": f"date(@{parameter})"}
    return made.get(column.type, f"@{parameter}")


# --- lines to charges -----------------------------------------------------------------------------------------------------


def _layers(spec: Normalisation) -> list[str]:
    """CTEs from `typed` to `lines`. BigQuery knows no column by a name that the same SELECT gives it."""
    import sqlglot
    from sqlglot import exp

    def names(sql: str) -> set[str]:
        tree = sqlglot.parse_one(sql, read="bigquery")
        return {column.name for column in tree.find_all(exp.Column) if not column.table}

    # The texts round to ten places, as DuckDB's do; here that means whole ten-billionths.
    pending = {
        name: EXACT_TEXT.sub(r"cast(round(\1 * 1e10) as numeric)", sql["bigquery"])
        for name, sql in spec.computed.items()
    }
    layers: list[str] = []
    while pending:
        ready = [name for name, sql in pending.items() if not (names(sql) - {name}) & pending.keys()]
        if not ready:
            raise ValueError(f"{spec.name}: computed columns {', '.join(pending)} need each other")
        added = ", ".join(f"{pending.pop(name)} as `{name}`" for name in ready)
        layers.append(f"select *, {added} from {f'lines_{len(layers)}' if layers else 'typed'}")
    layers = layers or ["select * from typed"]
    return [
        f"{'lines' if number == len(layers) else f'lines_{number}'} as ({sql})" for number, sql in enumerate(layers, 1)
    ]


def _translated(spec: Normalisation) -> tuple[Any, list[str]]:
    """(charges.sql for BigQuery as a tree, its dimensions)."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(spec.charges_sql, read="duckdb")

    def exact(node: Any) -> Any:
        if isinstance(node, exp.Cast) and node.to.is_type("decimal"):
            return exp.cast(node.this, exp.DataType.build("numeric", dialect="bigquery"))
        if isinstance(node, exp.Anonymous) and node.name.lower() == "epoch_us":
            return exp.func("UNIX_MICROS", *node.expressions, dialect="bigquery")
        if isinstance(node, exp.Func) and type(node).__name__ not in SAME_FUNCTIONS:
            raise ValueError(f"{spec.name}: {node.sql(dialect='duckdb')} is not known to mean the same in BigQuery")
        return node

    tree = tree.transform(exact)
    # Which load a line belongs to is nobody's business in the warehouse.
    tree.set("expressions", [column for column in tree.selects if column.alias_or_name != "load_id"])
    columns = [column.alias_or_name for column in tree.selects]
    return tree, [name for name in columns if name not in {*AMOUNTS, "charge_date", "hours_mask"}]


def _as_json(field: Field | None, wanted: Mapping[str, str]) -> str:
    """Tags as JSON text: a list of records with the fields `wanted`, or an object where the column is one already."""
    if field is None:
        return "cast(null as string)"
    if field.type == "STRING" and not field.is_repeated:
        return _path(field.path)
    if not _is_pairs(field):
        return f"to_json_string({_path(field.path)})"
    # Nothing else: Google's resource tags also say whether they are inherited, and sets are told apart by the text.
    picked = ", ".join(f"e.`{f.path}` as {f.path.lower()}" for f in field.fields if f.path.lower() in wanted)
    return f"to_json_string(array(select as struct {picked} from unnest({_path(field.path)}) as e))"


def _is_pairs(field: Field | None) -> bool:
    """True for a repeated record of keys and values, however they are spelled."""
    return field is not None and field.is_repeated and {"key", "value"} <= {f.path.lower() for f in field.fields}


def _with_pairs(spec: Normalisation, found: _Columns) -> Normalisation:
    """`spec` for roll_up_days: tags that come as lists of keys and values are nested, whatever they are in files."""
    lists = {name: PAIR for name, _ in spec.tags if found.of(name) is None or _is_pairs(found.of(name))}
    return replace(spec, nested={**lists, **spec.nested})


def _needed(spec: Normalisation) -> list[str]:
    """Columns of lines that roll_up_days reads beside the charges: what lookups and tags are told apart by."""
    import sqlglot
    from sqlglot import exp

    texts = [*spec.tagged_by, *(text for key, values in spec.lookups.values() for text in (key, *values))]
    needed = {c.name: None for text in texts for c in sqlglot.parse_one(text, read="duckdb").find_all(exp.Column)}
    if unknown := needed.keys() - {*map(canonical, spec.types), *spec.computed}:
        raise ValueError(f"{spec.name}: lookups or tagged_by need {', '.join(sorted(unknown))}")
    return list(needed)
