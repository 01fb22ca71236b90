"""Prints plain tables: for a terminal, as JSON, CSV or Markdown."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def render_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], format_: str, *, width: int | None = None
) -> str:
    """`rows` under `columns` in one of the formats; every cell is data, never markup or formula."""
    if format_ == "json":
        return json.dumps([dict(zip(columns, map(_json, row), strict=True)) for row in rows], indent=2) + "\n"
    if format_ == "csv":
        return _csv(columns, rows)
    amounts = [c for i, c in enumerate(columns) if rows and all(_is_number(row[i]) for row in rows)]
    texts = [[_text(cell) for cell in row] for row in rows]
    if format_ == "markdown":
        from advisor.reports.markdown import prose, table

        return table(columns, amounts, [[prose(cell) for cell in row] for row in texts]) + "\n"
    return _terminal(columns, amounts, texts, width)


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    import csv
    import io

    from advisor.reports.csv_report import defused

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        values = (_json(cell) for cell in row)
        writer.writerow("" if v is None else v if isinstance(v, (int, float)) else defused(str(v)) for v in values)
    return buffer.getvalue()


def _terminal(columns: Sequence[str], amounts: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> str:
    import io

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from advisor.reports.wording import clean

    console = Console(file=io.StringIO(), width=width or 100, color_system=None, highlight=False, legacy_windows=False)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        is_amount = column in amounts
        table.add_column(column, justify="right" if is_amount else "left", no_wrap=is_amount, overflow="fold")
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    console.print(table)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO given above
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float, Decimal)) and not isinstance(value, bool))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (Decimal, float)):
        return f"{value:,.2f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no word for it
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_json(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _json(v) for k, v in value.items()}
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return str(value)
