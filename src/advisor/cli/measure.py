"""metrics and prices: how busy resources are and what sizes cost, beside the bill."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from advisor.cli.options import (
    Terminal,
    option,
    output,
    settings_of,
    store_options,
    table_format,
    text_width,
    write_result,
)
from advisor.errors import Exit

if TYPE_CHECKING:
    from pathlib import Path

    from advisor.app import Measured

clouds = click.option(
    "--cloud", multiple=True, type=click.Choice(["aws", "gcp"]), help="Ask this cloud only; repeatable."
)
aws_profile = option("--aws-profile", default="", metavar="NAME", help="Profile of the AWS configuration.")
google_project = option(
    "--google-project", default="", metavar="ID", help="Google Cloud project that quota is counted on."
)
google_endpoint = option(
    "--google-endpoint", default="", metavar="HOST", help="Other address of the Google API, as inside a perimeter."
)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--list", "list_", is_flag=True, help="Print the names and units of metrics.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked for and what that costs; ask nothing.")
@clouds
@option("--days", type=click.IntRange(1, 455), default=30, show_default=True, help="Days to look back.")
@option(
    "--min-cost", type=click.FloatRange(min=0), default=5.0, show_default=True,
    help="Ask only for resources that cost at least this per month.",
)  # fmt: skip
@option(
    "--max-cost", type=click.FloatRange(min=0), default=1.0, show_default=True,
    help="USD that the calls of one run may cost; the dearest resources come first.",
)  # fmt: skip
@aws_profile
@option(
    "--aws-role", default="", metavar="ROLE",
    help="Role to assume in every account of the bill: its name, or an ARN with {account_id}.",
)  # fmt: skip
@option("--external-id-env", default="", metavar="NAME", help="Environment variable with the external id of that role.")
@google_project
@google_endpoint
@option(
    "--recommendations", multiple=True, metavar="PATH",
    help="Exports of Compute Optimizer, Cost Optimization Hub or Recommender: file, folder, s3:// or bigquery://.",
)  # fmt: skip
@table_format
@output
@store_options
@click.pass_context
def metrics(ctx: click.Context, /, paths: tuple[str, ...], list_: bool, **given: Any) -> int:
    """Load how busy resources are, from the clouds or from files.

    Without PATH, CloudWatch and Cloud Monitoring are asked about the resources of the bill that cost enough. With PATHs
    (CSV or Parquet with the columns resource_id, metric, timestamp, value; files, folders, s3:// or gs://) these are
    loaded instead. Timestamps without a zone are UTC. Statistics per day are kept, not the samples.

    \b
    Examples:
      advisor metrics --list
      advisor metrics --dry-run
      advisor metrics --aws-role AdvisorReadOnly --max-cost 2
      advisor metrics prometheus.csv datadog.parquet
      advisor metrics --recommendations s3://my-bucket/compute-optimizer/
    """
    from advisor.cli.tables import render_table

    if list_:
        from advisor.utilization.metrics import METRICS

        rows = [[m.name, m.unit, "amount" if m.amount else "level", m.about] for m in METRICS.values()]
        columns = ["metric", "unit", "sample", "meaning"]
        write_result(render_table(columns, rows, given["format_"], width=text_width(given["output"])), given["output"])
        return Exit.OK
    return _metrics(ctx, paths, **given)


def _metrics(
    ctx: click.Context,
    paths: tuple[str, ...],
    *,
    dry_run: bool,
    cloud: tuple[str, ...],
    days: int,
    min_cost: float,
    max_cost: float,
    aws_profile: str,
    aws_role: str,
    external_id_env: str,
    google_project: str,
    google_endpoint: str,
    recommendations: tuple[str, ...],
    format_: str,
    output: str,
    db: Path,
    **shared: Any,
) -> int:
    from advisor import app

    settings = settings_of(ctx, db=db, **shared)
    loaded: Measured | None = None
    if (paths or recommendations) and not dry_run:
        loaded = app.load_metrics(paths, recommendations, settings, Terminal())
    done = loaded
    # Recommendations of the settings are read beside; those of the command line are all that is wanted.
    if not (paths or ctx.get_parameter_source("recommendations") is click.core.ParameterSource.COMMANDLINE):
        options = app.MetricsOptions(
            clouds=cloud,
            days=days,
            least_monthly_cost=min_cost,
            max_cost_usd=max_cost,
            aws_profile=aws_profile,
            aws_role=aws_role,
            external_id=_secret(external_id_env),
            google_project=google_project,
            google_endpoint=google_endpoint,
            dry_run=dry_run,
        )
        done = app.fetch_metrics(settings, options, Terminal())
        if loaded:
            done = replace(done, rows={**loaded.rows, **done.rows}, problems=loaded.problems + done.problems)
    if done is None:
        raise click.UsageError("--dry-run is for what is asked of clouds; files and recommendations cost nothing.")
    return _tell(done, format_, output, dry_run=dry_run)


@click.command()
@clouds
@aws_profile
@option(
    "--pricing-export", default="", metavar="TABLE",
    help="bigquery://project.dataset.table of Google's pricing export, instead of the Cloud Billing Catalog.",
)  # fmt: skip
@google_project
@google_endpoint
@table_format
@output
@store_options
@click.pass_context
def prices(
    ctx: click.Context, /, cloud: tuple[str, ...], aws_profile: str, pricing_export: str, google_project: str,
    google_endpoint: str, format_: str, output: str, db: Path, **shared: Any,
) -> int:  # fmt: skip
    """Refresh shapes and list prices of the machines in the bill.

    A table of both comes with advisor; this asks the AWS Price List, DescribeInstanceTypes and Google's Cloud Billing
    Catalog for the regions and services of the bill. Prices really paid, seen in the bill, always stand before them.

    \b
    Examples:
      advisor prices
      advisor prices --cloud gcp --pricing-export bigquery://my-project.billing.cloud_pricing_export
    """
    from advisor import app

    options = app.PricesOptions(
        clouds=cloud,
        aws_profile=aws_profile,
        pricing_export=pricing_export,
        google_project=google_project,
        google_endpoint=google_endpoint,
    )
    return _tell(app.refresh_prices(settings_of(ctx, db=db, **shared), options, Terminal()), format_, output)


def _tell(done: Measured, format_: str, target: str, *, dry_run: bool = False) -> int:
    from advisor.cli.tables import render_table

    if done.asked:
        columns = ["cloud", "resources", "calls", "usd_at_most"]
        rows: list[list[Any]] = [
            [a.cloud, a.resources, a.calls, f"{a.cost_usd:.4f}" if format_ == "table" else a.cost_usd]
            for a in done.asked
        ]
        if not dry_run:
            columns += ["measured", "new_days", "states"]
            rows = [[*row, a.measured, a.days, a.states] for row, a in zip(rows, done.asked, strict=True)]
    else:
        columns, rows = ["new", "rows"], [[what, count] for what, count in done.rows.items() if count]
    if rows or format_ != "table":
        write_result(render_table(columns, rows, format_, width=text_width(target)), target)
    else:
        write_result("Nothing new.\n", target)
    if done.asked and (advised := done.rows.get("recommendations")):
        click.echo(f"advisor: {advised:,} new recommendations.", err=True)
    for problem in done.problems:
        click.echo(f"advisor: {problem.what}: {problem.why}\n  {problem.fix}", err=True)
    return Exit.INCOMPLETE if any(p.incomplete for p in done.problems) else Exit.OK


def _secret(variable: str) -> str:
    """The value of an environment variable that must be set when it is named."""
    if not variable:
        return ""
    import os

    from advisor.errors import ConfigError

    value = os.environ.get(variable, "")
    if not value:
        raise ConfigError(
            f"variable {variable}", why="is not set", fix="Set it to the role's external id, or drop --external-id-env."
        )
    return value


COMMANDS = (metrics, prices)
