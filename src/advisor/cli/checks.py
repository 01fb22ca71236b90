"""checks list, show, test and new: the catalogue."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli.options import option, output, table_format, text_width, write_result
from advisor.errors import AdvisorError, CheckError, Exit

if TYPE_CHECKING:
    from advisor.rules.catalogue import Check


@click.group()
def checks() -> None:
    """List, show, test and write checks."""


def _catalogue(ctx: click.Context) -> tuple[Check, ...]:
    from advisor.rules import catalogue

    return catalogue.load_checks(ctx.find_root().obj.check_paths)


def _one(ctx: click.Context, check_id: str) -> Check:
    for check in _catalogue(ctx):
        if check.id == check_id:
            return check
    raise AdvisorError(f"check {check_id}", why="does not exist", fix="advisor checks list prints the ids.")


@checks.command("list")
@option("--cloud", multiple=True, type=click.Choice(["aws", "gcp"]), help="Only checks of this cloud; may be repeated.")
@table_format
@output
@click.pass_context
def list_(ctx: click.Context, cloud: tuple[str, ...], format_: str, output: str) -> None:
    """Print every check: id, kind, confidence, service and what it says.

    \b
    Examples:
      advisor checks list --format csv
      advisor checks list --cloud gcp
    """
    from advisor.cli.tables import render_table

    rows = [
        [c.id, c.kind, c.confidence, c.service, c.title]
        for c in _catalogue(ctx)
        if not cloud or c.provider in (*cloud, "any")
    ]
    columns = ["id", "kind", "confidence", "service", "title"]
    write_result(render_table(columns, rows, format_, width=text_width(output)), output)


@checks.command()
@click.argument("check_id", metavar="ID")
@click.option("--sql", is_flag=True, help="Print the query as well.")
@click.pass_context
def show(ctx: click.Context, check_id: str, sql: bool) -> None:
    """Print what a check means, its parameters, and what it cannot see.

    \b
    Example:
      advisor checks show aws-nat-gateway-idle --sql
    """
    from advisor.rules.documentation import check_text

    click.echo(check_text(_one(ctx, check_id), with_sql=sql))


@checks.command()
@click.argument("targets", nargs=-1, metavar="[ID|FOLDER]...")
@click.pass_context
def test(ctx: click.Context, targets: tuple[str, ...]) -> int:
    """Run the case files of checks: all, some by id, or those in a folder of your own.

    \b
    Examples:
      advisor checks test
      advisor checks test aws-nat-gateway-idle
      advisor checks test ./finops-checks
    """
    from advisor import store
    from advisor.rules import cases, catalogue

    folders = [Path(t) for t in targets if Path(t).is_dir()]
    ids = [t for t in targets if not Path(t).is_dir()]
    known = catalogue.load_checks(folders or ctx.find_root().obj.check_paths)
    chosen = [c for c in known if c.id in ids or (folders and not c.trusted) or not targets]
    if missing := sorted(set(ids) - {c.id for c in chosen}):
        raise AdvisorError(
            f"check {', '.join(missing)}", why="does not exist", fix="advisor checks list prints the ids."
        )
    if not chosen:
        raise CheckError("checks test", why="found no check", fix="Name a folder with pairs of .sql and .cases.toml.")
    failed = run = 0
    with store.scratch() as con:
        for check in chosen:
            for result in cases.run_cases(con, check):
                run += 1
                failed += bool(result.failures)
                for failure in result.failures:
                    click.echo(f"{check.id}: {result.name}\n  {failure}")
            for gap in cases.coverage_gaps(check):
                click.echo(f"advisor: {check.id} has no case that covers {gap}", err=True)
    click.echo(f"{run - failed} cases of {len(chosen)} checks passed, {failed} failed")
    return Exit.BAD_INPUT if failed else Exit.OK


@checks.command()
@click.argument("provider", type=click.Choice(["aws", "gcp", "any"]))
@click.argument("name")
@click.option("--kind", default="idle", show_default=True, help="Kind of judgement.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("finops-checks"),
    show_default=True,
    help="Where the pair is written, in a folder of its cloud.",
)
def new(provider: str, name: str, kind: str, folder: Path) -> None:
    """Write a new check and its cases, ready to be filled in.

    \b
    Example:
      advisor checks new aws my-idle-thing --kind idle --folder ./finops-checks
    """
    from advisor.rules.scaffold import scaffold

    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise click.BadParameter("use small letters, digits and hyphens", param_hint="NAME")
    target = folder / provider
    stem = name.removeprefix(f"{provider}-").replace("-", "_")
    pair = scaffold(provider, stem, kind)
    target.mkdir(parents=True, exist_ok=True)
    for path in (target / f"{stem}.sql", target / f"{stem}.cases.toml"):
        if path.exists():
            raise AdvisorError(f"file {path}", why="exists", fix="Choose another name or folder.")
    for suffix, text in pair.items():
        path = target / f"{stem}{suffix}"
        path.write_text(text, "utf-8")
        click.echo(path)


COMMANDS = (checks,)
