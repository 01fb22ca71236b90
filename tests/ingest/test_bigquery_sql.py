"""The SQL for BigQuery: what it reads, what it may not contain, and that its amounts round as ours do."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa
import pytest
import small_gcp
import sqlglot
from sqlglot import exp

from advisor import store
from advisor.engines import bigquery as engine
from advisor.engines import rollup
from advisor.engines.bigquery import Field
from advisor.errors import ConfigError, ExportError
from advisor.ingest.load import SOURCES

TABLE = "my-project.billing.gcp_billing_export_resource_v1_01AB23_CD45EF_67AB89"
KINDS = {"text": "STRING", "number": "FLOAT", "time": "TIMESTAMP", "exact": "NUMERIC"}
KNOWN = frozenset(
    {
        "abs",
        "and",
        "last_day",
        "array",
        "bit_or",
        "case",
        "cast",
        "coalesce",
        "concat",
        "count",
        "date",
        "date_trunc",
        "datetime",
        "exists",
        "extract",
        "format_timestamp",
        "if",
        "logical_or",
        "lower",
        "max",
        "not",
        "nullif",
        "or",
        "parse_date",
        "round",
        "starts_with",
        "sum",
        "timestamp",
        "timestamp_diff",
        "to_json_string",
        "unix_micros",
        "unnest",
    }
)
"""All that the queries may call: in BigQuery's reference, and with the meaning that they are used for."""

FOCUS = [
    Field(path="BillingPeriodStart", type="TIMESTAMP"),
    Field(path="ChargePeriodStart", type="TIMESTAMP"),
    Field(path="ChargePeriodEnd", type="TIMESTAMP"),
    Field(path="ChargeCategory", type="STRING"),
    Field(path="BilledCost", type="NUMERIC"),
    Field(path="x_ExportTime", type="TIMESTAMP"),
]


def fields(schema: dict[str, Any]) -> list[Field]:
    made = []
    for name, kind in schema.items():
        if isinstance(kind, str):
            made.append(Field(path=name, type=KINDS[kind]))
        else:
            inner = kind[0] if isinstance(kind, list) else kind
            made.append(
                Field(path=name, type="RECORD", is_repeated=isinstance(kind, list), fields=tuple(fields(inner)))
            )
    return made


def columns(*without: str) -> dict[str, Field]:
    return engine.flattened(fields(small_gcp.without(*without)))


def gcp(*without: str) -> str:
    return engine.rolled_up(rollup.normalisation("gcp"), TABLE, columns(*without), partitioned=True).sql


def focus(name: str = "focus") -> str:
    return engine.rolled_up(rollup.normalisation(name), TABLE, engine.flattened(FOCUS), partitioned=False).sql


@cache
def texts() -> dict[str, str]:
    spec, other = rollup.normalisation("gcp"), rollup.normalisation("focus")
    others = {f.normalisation for f in SOURCES if f.id.startswith("focus")} - {"focus"}
    return {
        **{f"{name} focus": focus(name) for name in others},
        "detailed": gcp(),
        "standard": gcp("resource"),
        "old": gcp("resource", *small_gcp.SINCE_2023),
        "map": engine.map_sql(spec, TABLE, columns(), partitioned=True),
        "focus": focus(),
        "focus map": engine.map_sql(other, TABLE, engine.flattened(FOCUS), partitioned=False),
    }


@pytest.mark.parametrize("name", texts())
def test_every_query_reads_one_table_once_and_is_pruned(name: str) -> None:
    tree = sqlglot.parse_one(texts()[name], read="bigquery")
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    tables = [table for table in tree.find_all(exp.Table) if table.name not in ctes]
    assert [table.sql(dialect="bigquery", identify=False).partition(" ")[0] for table in tables] == [f"`{TABLE}`"]
    reading = tables[0].find_ancestor(exp.Select)
    assert reading is not None
    assert not reading.find(exp.Star) or name.endswith("map")
    where = reading.args["where"].this
    conditions = list(where.flatten()) if isinstance(where, exp.And) else [where]
    pruning = "BillingPeriodStart" if "focus" in name else "_PARTITIONTIME"
    bounds = [c for c in conditions if isinstance(c, exp.Between | exp.GTE | exp.LT) and c.this.name == pruning]
    assert bounds, conditions  # the bare column against constants: only so BigQuery leaves partitions out
    for bound in bounds:
        sides = [bound.args[side] for side in ("low", "high", "expression") if bound.args.get(side) is not None]
        assert sides
        assert all(isinstance(side, exp.Parameter) for side in sides)


@pytest.mark.parametrize("name", texts())
def test_no_function_but_known_ones(name: str) -> None:
    tree = sqlglot.parse_one(texts()[name], read="bigquery")
    written = {function.sql(dialect="bigquery").partition("(")[0].lower() for function in tree.find_all(exp.Func)}
    assert {name for name in written if name.isidentifier()} <= KNOWN
    assert "bignumeric" not in texts()[name].lower()
    assert "::" not in texts()[name]


def test_every_computed_column_is_there_in_both_dialects() -> None:
    computed = rollup.normalisation("gcp").computed
    assert computed
    assert all(set(texts) == {"duckdb", "bigquery"} for texts in computed.values())


def test_a_function_that_may_differ_is_refused() -> None:
    spec = rollup.normalisation("gcp")
    spec = replace(spec, charges_sql=spec.charges_sql.replace("lower(sku_description)", "concat(sku_description, 'x')"))
    with pytest.raises(ValueError, match="CONCAT"):
        engine.rolled_up(spec, TABLE, columns(), partitioned=True)


def test_what_lookups_need_must_be_in_the_result() -> None:
    spec = rollup.normalisation("gcp")
    with pytest.raises(ValueError, match="seller_nam_"):
        engine.rolled_up(replace(spec, tagged_by=("seller_nam_",)), TABLE, columns(), partitioned=True)


@pytest.mark.parametrize(
    "name",
    ["p.d", "p-x.d.t` where 1=1 --", "p-x.d.t`", "p-x.d.t;", "p-x.d.t\n", "p-x.d.\\", "P.d.t", "p-x.d.t.u", "p-x.d.é"],
)
def test_hostile_table_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        engine.quoted(name)


def test_hostile_column_names_are_refused() -> None:
    hostile = columns() | {"cost": Field(path="cost` + 1, `x", type="FLOAT")}
    with pytest.raises(ExportError, match="has a name that is none"):
        engine.rolled_up(rollup.normalisation("gcp"), TABLE, hostile, partitioned=True)


def test_missing_columns_are_named() -> None:
    with pytest.raises(ExportError, match=r"lacks the columns cost, invoice\.month"):
        engine.rolled_up(rollup.normalisation("gcp"), TABLE, columns("cost", "invoice"), partitioned=True)


def test_amounts_of_every_type_become_whole_numbers() -> None:
    focus_sql = focus()
    assert "cast(round(t.`BilledCost` * 10000000000) as numeric)" in focus_sql
    assert "cast(round(t.`cost` * 1e10) as numeric)" in gcp()
    with pytest.raises(ExportError, match="has the type STRING, no number"):
        engine.rolled_up(
            rollup.normalisation("gcp"),
            TABLE,
            columns() | {"cost": Field(path="cost", type="STRING")},
            partitioned=True,
        )


def test_ten_billionths_round_as_duckdb_does() -> None:
    """BigQuery's round() over doubles is half away from zero: the model here. It has to give DuckDB's decimals."""
    rng = random.Random(5)  # noqa: S311 - a test
    values = [0.0, 2.5e-10, -2.5e-10, 5e-11, 4.99999e-11, 0.1, 1e-9, 6.5185e-07, 7.355e-08, 2.15e-09, 64160677.037992]
    for _ in range(20_000):
        value = 10 ** rng.uniform(-11, 7) * rng.choice((-1, 1))
        values.append(rng.choice((value, round(value, 11), round(value * 2**20) / 2**20)))
    con = store.scratch()
    con.register("floats", pa.table({"x": values}))
    exact = [row[0] for row in con.execute(f"select x::{rollup.MONEY} from floats").fetchall()]
    for value, money in zip(values, exact, strict=True):
        scaled = Decimal(value * 1e10)
        assert scaled.quantize(Decimal(1), rounding="ROUND_HALF_UP").scaleb(-10) == money, value


def test_amounts_come_back_to_the_last_digit() -> None:
    numbers = [0, 1, -1, 10**28, -(10**28), 1_234_567_890_123, None]
    column = pa.array([None if n is None else Decimal(n) for n in numbers], pa.decimal128(38, 9))
    batch = pa.RecordBatch.from_arrays([column, pa.array(numbers[:1] * 7)], names=["billed_cost", "line_count"])
    for piece in (batch, batch.slice(2, 4)):
        back = engine.amounts_back(piece)
        given = [None if n is None else n.scaleb(-10) for n in piece.column(0).to_pylist()]
        assert back.column(0).to_pylist() == given
        assert back.column(1).equals(piece.column(1))


def test_a_fraction_of_a_ten_billionth_is_an_error() -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([Decimal("0.5")], pa.decimal128(38, 9))], names=["credits"])
    with pytest.raises(pa.ArrowInvalid):
        engine.amounts_back(batch)
