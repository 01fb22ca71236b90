"""costs and query: what the database holds, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from advisor.cli.options import option, output, settings_of, store_options, table_format, text_width, write_result
from advisor.errors import AdvisorError

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@option(
    "--by", default="service", show_default=True, metavar="LIST", help="service, account, region, usage, tag:KEY, …."
)
@option("--months", type=click.IntRange(min=1), default=3, show_default=True, help="Newest billing periods shown.")
@option("--limit", type=click.IntRange(min=1), default=30, show_default=True, help="Rows shown.")
@table_format
@output
@store_options
@click.pass_context
def costs(
    ctx: click.Context, /, by: str, months: int, limit: int, format_: str, output: str, db: Path, **shared: Any
) -> None:
    """Show where the money goes, month against month.

    Effective cost before credits; credits and what was billed are in the CSV and JSON.

    \b
    Examples:
      advisor costs --by service
      advisor costs --by account,region --months 6
      advisor costs --by tag:team --format csv -o teams.csv
    """
    from advisor import app
    from advisor.cli.tables import render_table

    dimensions = list(dict.fromkeys(part.strip() for part in by.split(",") if part.strip()))
    rows = app.costs(settings_of(ctx, db=db, **shared), dimensions, months)
    if not rows:
        raise AdvisorError(f"database {db}", why="holds no billing period", fix="Load an export: advisor ingest PATH.")
    if format_ in ("csv", "json"):
        columns = [*dimensions, "currency", "month", "effective_cost", "credits", "billed_cost"]
        content = render_table(columns, [[row[c] for c in columns] for row in rows], format_)
    else:
        columns, table = _pivot(rows, dimensions, limit)
        content = render_table(columns, table, format_, width=text_width(output))
    write_result(content, output)


def _pivot(rows: list[dict[str, Any]], dimensions: list[str], limit: int) -> tuple[list[str], list[list[Any]]]:
    """Months as columns, the change of the last one, largest first; what the limit cuts is summed in one line."""
    months = sorted({row["month"] for row in rows})
    sums: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = (*(row[d] or "(none)" for d in dimensions), row["currency"])
        sums.setdefault(key, {})[row["month"]] = row["effective_cost"] or 0
    ordered = sorted(sums.items(), key=lambda item: (item[0][-1], -item[1].get(months[-1], 0), item[0]))
    table = [_line(key, amounts, months) for key, amounts in ordered[:limit]]
    rest: dict[str, dict[str, Any]] = {}
    for key, amounts in ordered[limit:]:
        for month, amount in amounts.items():
            entry = rest.setdefault(key[-1], {})
            entry[month] = entry.get(month, 0) + amount
    table += [
        _line((f"{len(ordered) - limit} more", *[""] * (len(dimensions) - 1), c), a, months) for c, a in rest.items()
    ]
    return [*dimensions, "currency", *months, "change"], table


def _line(key: tuple[Any, ...], amounts: dict[str, Any], months: list[str]) -> list[Any]:
    now = amounts.get(months[-1], 0)
    before = amounts.get(months[-2]) if len(months) > 1 else None
    change = f"{float((now - before) / before):+.0%}" if before and before > 0 else ("new" if now else "")
    return [*key, *(amounts.get(m, 0) for m in months), change]


@click.command()
@click.argument("sql")
@table_format
@output
@store_options
@click.pass_context
def query(ctx: click.Context, /, sql: str, format_: str, output: str, db: Path, **shared: Any) -> None:
    """Run one read-only SELECT on the database.

    Tables: days (facts), meters and tag_sets (their dimensions), sku_attributes, loads, totals, scans.

    \b
    Examples:
      advisor query "select period, billed_cost from totals join loads using (load_id)"
      advisor query "select usage_kind, count(*) from meters group by all" --format csv
    """
    from advisor import app
    from advisor.cli.tables import render_table

    columns, rows = app.query(settings_of(ctx, db=db, **shared), sql)
    write_result(render_table(columns, rows, format_, width=text_width(output)), output)


COMMANDS = (costs, query)
