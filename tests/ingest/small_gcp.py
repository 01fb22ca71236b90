"""Small Google Cloud billing exports: the same lines as Parquet, JSON lines, Avro and flattened CSV."""

from __future__ import annotations

import copy
import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TEXT, NUMBER, TIME = "text", "number", "time"
EXACT = "exact"
KEY_VALUE = [{"key": TEXT, "value": TEXT}]
SCHEMA: dict[str, Any] = {
    "billing_account_id": TEXT,
    "service": {"id": TEXT, "description": TEXT},
    "sku": {"id": TEXT, "description": TEXT},
    "usage_start_time": TIME,
    "usage_end_time": TIME,
    "project": {
        "id": TEXT,
        "number": TEXT,
        "name": TEXT,
        "ancestry_numbers": TEXT,
        "ancestors": [{"resource_name": TEXT, "display_name": TEXT}],
        "labels": KEY_VALUE,
    },
    "labels": KEY_VALUE,
    "system_labels": KEY_VALUE,
    "tags": [{"key": TEXT, "value": TEXT, "inherited": TEXT, "namespace": TEXT}],
    "location": {"location": TEXT, "country": TEXT, "region": TEXT, "zone": TEXT},
    "resource": {"name": TEXT, "global_name": TEXT},
    "cost": NUMBER,
    "currency": TEXT,
    "currency_conversion_rate": NUMBER,
    "usage": {"amount": NUMBER, "unit": TEXT, "amount_in_pricing_units": NUMBER, "pricing_unit": TEXT},
    "credits": [{"name": TEXT, "amount": NUMBER, "full_name": TEXT, "id": TEXT, "type": TEXT}],
    "invoice": {"month": TEXT, "publisher_type": TEXT},
    "cost_type": TEXT,
    "adjustment_info": {"id": TEXT, "description": TEXT, "mode": TEXT, "type": TEXT},
    "transaction_type": TEXT,
    "seller_name": TEXT,
    "export_time": TIME,
    "cost_at_list": NUMBER,
    "price": {"effective_price": EXACT, "tier_start_amount": EXACT, "unit": TEXT, "pricing_unit_quantity": EXACT},
    "consumption_model": {"id": TEXT, "description": TEXT},
    "subscription": {"instance_id": TEXT},
}
"""The detailed export as of 2026; a standard one has no `resource`."""

SINCE_2023 = (
    "transaction_type", "seller_name", "cost_at_list", "price", "consumption_model", "subscription", "tags",
)  # fmt: skip
COMPUTE = {"id": "6F81-5844-456A", "description": "Compute Engine"}


def line(start: str, sku: str, cost: float, *, hours: int = 1, month: str = "", **given: Any) -> dict[str, Any]:
    """One line as the export has it; `given` replaces whole fields."""
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    row: dict[str, Any] = {
        "billing_account_id": "01AB23-CD45EF-67GH89",
        "service": COMPUTE,
        "sku": {"id": f"SKU-{abs(hash_of(sku)) % 10000:04d}", "description": sku},
        "usage_start_time": begin,
        "usage_end_time": begin + timedelta(hours=hours),
        "project": {
            "id": "shop-prod",
            "number": "1234",
            "name": "Shop production",
            "ancestry_numbers": "/1/2/",
            "ancestors": [{"resource_name": "folders/1", "display_name": "a"}],
            "labels": [{"key": "team", "value": "web"}],
        },
        "labels": [],
        "system_labels": [],
        "tags": [],
        "location": {"location": "europe-west3", "country": "DE", "region": "europe-west3", "zone": "europe-west3-a"},
        "resource": None,
        "cost": cost,
        "currency": "USD",
        "currency_conversion_rate": 1.0,
        "usage": {"amount": 3600.0, "unit": "seconds", "amount_in_pricing_units": 1.0, "pricing_unit": "hour"},
        "credits": [],
        "invoice": {"month": month or f"{begin:%Y%m}", "publisher_type": "GOOGLE"},
        "cost_type": "regular",
        "transaction_type": "GOOGLE",
        "export_time": begin + timedelta(hours=6),
        "cost_at_list": cost,
    }
    return row | given


def hash_of(text: str) -> int:
    """A number that is the same in every process."""
    return sum((n + 1) * ord(letter) for n, letter in enumerate(text))


def write_parquet(path: Path, rows: Iterable[dict[str, Any]], schema: dict[str, Any] = SCHEMA) -> Path:
    """Nested Parquet."""
    fields = pa.schema([pa.field(name, _arrow(kind)) for name, kind in schema.items()])
    pq.write_table(pa.Table.from_pylist([_only(row, schema) for row in rows], schema=fields), path)
    return path


def write_json(path: Path, rows: Iterable[dict[str, Any]], schema: dict[str, Any] = SCHEMA) -> Path:
    """JSON lines as BigQuery exports them: no nulls, NUMERIC as text, <, > and & escaped."""
    lines = [
        json.dumps(_plain(_only(row, schema), schema), ensure_ascii=False)
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        for row in rows
    ]
    data = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def write_avro(path: Path, rows: Iterable[dict[str, Any]], schema: dict[str, Any] = SCHEMA) -> Path:
    """Avro with unions, records and decimals in bytes."""
    import fastavro

    with path.open("wb") as file:
        fastavro.writer(
            file,
            {"type": "record", "name": "Root", "fields": [_avro(name, kind, "") for name, kind in schema.items()]},
            [_lists(_only(row, schema), schema) for row in rows],
            codec="deflate",
        )
    return path


def write_csv(path: Path, rows: Iterable[dict[str, Any]], schema: dict[str, Any] = SCHEMA) -> Path:
    """Dotted headers, JSON text for what repeats."""
    columns = [
        (f"{name}.{field}", name, field) if isinstance(kind, dict) else (name, name, "")
        for name, kind in schema.items()
        for field in (kind if isinstance(kind, dict) else ("",))
    ]
    with (
        gzip.open(path, "wt", encoding="utf-8", newline="")
        if path.suffix == ".gz"
        else path.open("w", encoding="utf-8", newline="") as file
    ):
        writer = csv.writer(file)
        writer.writerow([header for header, _, _ in columns])
        for row in rows:
            only = _only(row, schema)
            writer.writerow(
                [_cell((only[name] or {}).get(field) if field else only[name]) for _, name, field in columns]
            )
    return path


def without(*names: str) -> dict[str, Any]:
    """The schema without some columns."""
    return {name: copy.deepcopy(kind) for name, kind in SCHEMA.items() if name not in names}


def _only(row: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in schema}


def _arrow(kind: Any) -> Any:
    if isinstance(kind, dict):
        return pa.struct([pa.field(name, _arrow(inner)) for name, inner in kind.items()])
    if isinstance(kind, list):
        return pa.list_(_arrow(kind[0]))
    return {
        TEXT: pa.string(), NUMBER: pa.float64(), TIME: pa.timestamp("us", tz="UTC"), EXACT: pa.decimal128(38, 9)
    }[kind]  # fmt: skip


def _plain(value: Any, kind: Any) -> Any:
    if isinstance(kind, dict):
        return {name: _plain(value[name], inner) for name, inner in kind.items() if value.get(name) is not None}
    if isinstance(kind, list):
        return [_plain(item, kind[0]) for item in value]
    if kind == TIME:
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    return str(value) if isinstance(value, Decimal) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else str(value)


def _avro(name: str, kind: Any, path: str) -> dict[str, Any]:
    at = f"{path}_{name}".strip("_")
    if isinstance(kind, dict):
        made: Any = {"type": "record", "name": at, "fields": [_avro(n, k, at) for n, k in kind.items()]}
    elif isinstance(kind, list):
        fields = [_avro(n, k, at) for n, k in kind[0].items()]
        return {"name": name, "type": {"type": "array", "items": {"type": "record", "name": at, "fields": fields}}}
    else:
        made = {
            TEXT: "string",
            NUMBER: "double",
            TIME: {"type": "long", "logicalType": "timestamp-micros"},
            EXACT: {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 9},
        }[kind]
    return {"name": name, "type": ["null", made]}


def _lists(value: Any, kind: Any) -> Any:
    if isinstance(kind, dict):
        return None if value is None else {name: _lists(value.get(name), inner) for name, inner in kind.items()}
    if isinstance(kind, list):
        return [_lists(item, kind[0]) for item in value or []]
    return value
