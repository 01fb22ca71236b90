"""Avro files (BigQuery's EXPORT DATA and extract jobs) rewritten as Parquet, which DuckDB reads without an extension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from advisor.errors import ConfigError, ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BATCH_ROWS = 20_000
"""Rows held in memory at a time."""


def to_parquet(avro: Path, target: Path) -> None:
    """Rewrites `avro` as Parquet at `target`, batch by batch; raises ExportError naming `avro` when it is damaged."""
    try:
        import fastavro
        import fastavro.read
    except ImportError as error:
        raise ConfigError(
            f"file {avro}", why="is Avro, and fastavro is not installed", fix="Install it: pip install 'advisor[avro]'."
        ) from error
    import pyarrow as pa
    import pyarrow.parquet as pq

    damaged = (ValueError, EOFError, OSError, KeyError, TypeError, IndexError, StopIteration, pa.ArrowException)
    try:
        with avro.open("rb") as raw:
            reader = fastavro.reader(raw)
            schema = pa.schema([_field(f, pa) for f in _record(reader.writer_schema)["fields"]])
            with pq.ParquetWriter(target, schema, compression="zstd") as writer:
                for rows in _batches(reader):
                    writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    except damaged as error:
        raise ExportError(
            f"file {avro}",
            why=f"is not readable as Avro ({type(error).__name__})",
            fix="Download or export it again; the delivery it belongs to was not loaded.",
        ) from error


def _batches(rows: Any) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    yield batch


def _record(schema: Any) -> Any:
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ValueError("no record")
    return schema


def _field(field: Any, pa: Any) -> Any:
    return pa.field(field["name"], _type(field["type"], pa))


def _type(kind: Any, pa: Any) -> Any:
    """The Arrow type of an Avro type, as BigQuery writes them: unions with null, records, arrays, logical types."""
    if isinstance(kind, list):
        others = [k for k in kind if k != "null"]
        return _type(others[0], pa) if len(others) == 1 else pa.string()
    if isinstance(kind, dict):
        logical = kind.get("logicalType")
        if logical in ("timestamp-micros", "timestamp-millis"):
            return pa.timestamp("us", tz="UTC")
        if logical == "date":
            return pa.date32()
        if logical == "decimal":
            return pa.decimal128(min(int(kind.get("precision", 38)), 38), int(kind.get("scale", 0)))
        if kind["type"] == "record":
            return pa.struct([_field(f, pa) for f in kind["fields"]])
        if kind["type"] == "array":
            return pa.list_(_type(kind["items"], pa))
        if kind["type"] == "map":
            return pa.map_(pa.string(), _type(kind["values"], pa))
        return _type(kind["type"], pa)
    plain = {
        "string": pa.string(), "enum": pa.string(), "boolean": pa.bool_(), "int": pa.int64(), "long": pa.int64(),
        "float": pa.float64(), "double": pa.float64(), "bytes": pa.binary(), "null": pa.string(),
    }  # fmt: skip
    return plain.get(kind, pa.string())
