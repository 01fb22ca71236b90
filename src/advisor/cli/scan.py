"""scan, ingest and report."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from advisor.cli.options import (
    Terminal,
    option,
    output,
    settings_of,
    source_options,
    store_options,
    table_format,
    text_width,
    utilization_options,
    write_result,
)
from advisor.errors import Exit

if TYPE_CHECKING:
    from pathlib import Path

    from advisor.model import ScanResult

REPORT_FORMATS = ("table", "html", "json", "csv", "xlsx", "markdown")
CONFIDENCE_ORDER = ("low", "medium", "high")


class Day(click.ParamType[date]):
    """A calendar day, YYYY-MM-DD."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date, or a usage error."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day like 2026-10-31", param, ctx)


report_format = option(
    "--format",
    "format_",
    type=click.Choice(REPORT_FORMATS),
    default="table",
    show_default=True,
    help="How it is shown.",
)
top = option(
    "--top", type=click.IntRange(min=0), default=None, help="Findings shown in the table [default: 20; 0: all]."
)
fail_on = option(
    "--fail-on",
    type=click.Choice(["never", "any", *CONFIDENCE_ORDER]),
    default="never",
    show_default=True,
    help="Exit with 10 when there is a finding of at least this confidence.",
)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@report_format
@output
@store_options
@source_options
@option("--as-of", type=Day(), default=None, help="Judge as of this day; default: the last complete day.")
@option("--check", "check", multiple=True, metavar="ID", help="Run only this check; may be repeated.")
@option("--min-savings", type=click.FloatRange(min=0), default=0.1, show_default=True, help="Leave out less per month.")
@utilization_options
@top
@fail_on
@click.pass_context
def scan(
    ctx: click.Context,
    /,
    paths: tuple[str, ...],
    format_: str,
    output: str,
    db: Path,
    as_of: date | None,
    check: tuple[str, ...],
    min_savings: float,
    metrics: tuple[str, ...],
    recommendations: tuple[str, ...],
    top: int | None,
    fail_on: str,
    **shared: Any,
) -> int:
    """Judge bills and report what wastes money.

    With PATHs (folders, files, s3://, gs:// and bigquery:// addresses) they are loaded into a scratch database that is
    gone afterwards, unless --db names one. Without, the configured sources and database are used. With --metrics
    machines are judged by how busy they are, too; advisor metrics fetches that from the clouds.

    \b
    Examples:
      advisor scan ./exports
      advisor scan s3://my-billing-bucket/exports --format html -o report.html
      advisor scan bigquery://my-project.billing
      advisor scan ./exports --format json | jq '.summary'
      advisor scan ./exports --metrics cpu.csv --metrics memory.parquet
      advisor scan ./exports --fail-on high
    """
    from advisor import app

    named = ctx.get_parameter_source("db")
    keep = not paths or named in (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT)
    options = app.ScanOptions(
        checks=check,
        as_of=as_of,
        min_monthly_savings=min_savings,
        metrics=metrics,
        recommendations=recommendations,
    )
    result = app.scan(paths, settings_of(ctx, db=db, **shared), options, Terminal(), keep=keep)
    _show(ctx, result, format_, output, top)
    return _exit_code(result, fail_on)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@table_format
@output
@store_options
@source_options
@click.pass_context
def ingest(ctx: click.Context, /, paths: tuple[str, ...], format_: str, output: str, db: Path, **shared: Any) -> int:
    """Load what is new, and print what was loaded and the totals it reconciles to.

    \b
    Examples:
      advisor ingest ./exports
      advisor ingest gs://my-billing-bucket/exports --db /var/lib/advisor/advisor.duckdb
    """
    from advisor import app
    from advisor.cli.tables import render_table

    settings = settings_of(ctx, db=db, **shared)
    done = app.ingest(paths, settings, Terminal())
    loaded = {(app.shown(source), period) for source, period in done.loaded}
    columns = ["source", "format", "period", "currency", "rows", "billed_cost", "credits", "effective_cost", "state"]
    rows = [
        [t.source, t.format, f"{t.period:%Y-%m}", t.currency, t.rows, t.billed_cost, t.credits, t.effective_cost,
         "loaded" if (t.source, t.period) in loaded else "unchanged"]
        for t in done.totals
        if format_ != "table" or (t.source, t.period) in loaded
    ]  # fmt: skip
    if not rows:
        write_result("Nothing new: every billing period is loaded already.\n", output)
    else:
        write_result(render_table(columns, rows, format_, width=text_width(output)), output)
    for total in done.totals:
        if (total.source, total.period) in loaded:
            for note in total.notes:
                click.echo(f"advisor: {total.source} {total.period:%Y-%m}: {note}", err=True)
    click.echo(
        f"advisor: {len(done.loaded)} billing periods loaded, {done.unchanged} unchanged; sums equal the export's.",
        err=True,
    )
    _tell(done.problems)
    return Exit.INCOMPLETE if done.problems else Exit.OK


@click.command()
@report_format
@output
@store_options
@top
@fail_on
@click.pass_context
def report(
    ctx: click.Context, /, format_: str, output: str, db: Path, top: int | None, fail_on: str, **shared: Any
) -> int:
    """Show the last scan of the database again, without computing it anew.

    \b
    Examples:
      advisor report --format html -o report.html
      advisor report --format csv -o findings.csv
    """
    import json

    from advisor import app
    from advisor.reports import json_report

    document = json.loads(app.last_report(settings_of(ctx, db=db, **shared)))
    result = json_report.from_document(document)
    _show(ctx, result, format_, output, top)
    return _exit_code(result, fail_on)


def _show(ctx: click.Context, result: ScanResult, format_: str, target: str, top: int | None) -> None:
    from advisor.reports import FORMATS

    color = ctx.find_root().color
    if color is None:
        color = target == "-" and sys.stdout.isatty()
    count = {None: 20, 0: max(1, len(result.findings))}.get(top, top)
    content = FORMATS[format_].render(
        result, width=text_width(target), color=color, top=count if format_ in ("table", "markdown") else None
    )
    write_result(content, target)
    if target != "-":
        click.echo(f"advisor: wrote {target}", err=True)
    if format_ != "table":
        _tell(result.problems)


def _tell(problems: Any) -> None:
    for problem in problems:
        click.echo(f"advisor: {problem.what}: {problem.why}\n  {problem.fix}", err=True)


def _exit_code(result: ScanResult, fail_on: str) -> int:
    if fail_on != "never":
        least = 0 if fail_on == "any" else CONFIDENCE_ORDER.index(fail_on)
        if any(CONFIDENCE_ORDER.index(f.confidence) >= least for f in result.findings):
            return Exit.FAIL_ON
    return Exit.INCOMPLETE if any(p.incomplete for p in result.problems) else Exit.OK


COMMANDS = (scan, ingest, report)
