"""init, config show and doctor: set-up and its diagnosis."""

from __future__ import annotations

import json
import os
import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from advisor import __version__
from advisor.cli.options import (
    REGISTERED,
    output,
    setting_name,
    settings_of,
    store_options,
    table_format,
    text_width,
    write_result,
)
from advisor.errors import AdvisorError, Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from advisor.config import Config


@click.command()
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("advisor.toml"),
    show_default=True,
    help="Where it is written.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--cloud", multiple=True, type=click.Choice(["aws", "gcp"]), help="Explain this cloud only; repeatable.")
def init(file: Path, force: bool, cloud: tuple[str, ...]) -> None:
    """Write an advisor.toml with every setting explained.

    \b
    Examples:
      advisor init && $EDITOR advisor.toml && advisor doctor
      advisor init --cloud gcp
    """
    if file.exists() and not force:
        raise AdvisorError(f"file {file}", why="exists", fix="Edit it, or overwrite it with --force.")
    from advisor.config import template

    write_result(template(cloud), str(file))
    click.echo(f"advisor: wrote {file}; edit it, then run advisor doctor.", err=True)


@click.group("config")
def config_group() -> None:
    """Show settings."""


@config_group.command("show")
@table_format
@output
@click.pass_context
def show(ctx: click.Context, format_: str, output: str) -> None:
    """Print every setting with its value and where it comes from. Secrets are never printed.

    \b
    Example:
      advisor config show --format json
    """
    from advisor.cli.tables import render_table

    rows = [list(row) for row in _settings(ctx.find_root())]
    write_result(render_table(["setting", "value", "origin"], rows, format_, width=text_width(output)), output)


def _settings(root: click.Context) -> Iterator[tuple[str, str, str]]:
    from advisor.cli import cli

    loaded: Config = root.obj
    options: dict[str, click.Option] = {}
    for command in cli.commands.values():
        subcommands = command.commands.values() if isinstance(command, click.Group) else [command]
        for sub in subcommands:
            named = {setting_name(p.name): p for p in sub.params if isinstance(p, click.Option) and p.name}
            options |= {name: p for name, p in named.items() if name in REGISTERED}
    for name, parameter in sorted(options.items()):
        variable = parameter.envvar if isinstance(parameter.envvar, str) else ""
        if variable and os.environ.get(variable):
            yield name, os.environ[variable], f"environment {variable}"
        elif name in loaded.options:
            yield name, str(loaded.options[name]), f"file {loaded.file}"
        else:
            value = parameter.get_default(root)
            yield name, "" if value is None or not isinstance(value, (str, int, float, Path)) else str(value), "default"
    for number, source in enumerate(loaded.sources, 1):
        details = f" (role {source.role_arn})" if source.role_arn else ""
        yield f"source {number}", f"{source.path}{details}", f"file {loaded.file}"
    for path in loaded.check_paths:
        yield "checks.paths", str(path), f"file {loaded.file}"
    for check, params in sorted(loaded.check_params.items()):
        yield f"checks.{check}", json.dumps(dict(params), default=str), f"file {loaded.file}"
    for key, words in sorted(loaded.tags.items()):
        yield f"tags.{key}", ", ".join(words), f"file {loaded.file}"


@click.command()
@table_format
@output
@store_options
@click.pass_context
def doctor(ctx: click.Context, /, format_: str, output: str, db: Path, **shared: Any) -> int:
    """Check versions, settings, sources, checks, database and disk, and say what to do about what is wrong.

    \b
    Example:
      advisor doctor
    """
    from advisor.cli.tables import render_table

    rows = [list(row) for row in _diagnose(ctx, db, shared)]
    write_result(render_table(["what", "state", "detail"], rows, format_, width=text_width(output)), output)
    return Exit.BAD_INPUT if any(row[1] == "wrong" for row in rows) else Exit.OK


def _diagnose(ctx: click.Context, db: Path, shared: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    import duckdb
    import polars

    from advisor import app
    from advisor.rules import catalogue

    versions = f"advisor {__version__}, Python {platform.python_version()}"
    yield "versions", "ok", f"{versions}, DuckDB {duckdb.__version__}, polars {polars.__version__}"
    loaded: Config = ctx.find_root().obj
    yield "settings", "ok", str(loaded.file) if loaded.file else "no advisor.toml: defaults (advisor init writes one)"
    try:
        yield "checks", "ok", f"{len(catalogue.load_checks(loaded.check_paths))} checks"
    except AdvisorError as error:
        yield "checks", "wrong", str(error)
    settings = settings_of(ctx, db=db, **shared)
    for state, what, detail in app.probe_sources(settings):
        yield f"source {what}", state, detail
    if not loaded.sources:
        yield "sources", "ok", "none configured; name paths on the command line"
    yield app.probe_database(settings)
    free = shutil.disk_usage(db.absolute().parent if db.absolute().parent.exists() else Path.cwd()).free
    yield "disk", "ok" if free > 1e9 else "wrong", f"{free / 1e9:,.1f} GB free where the database lies"


COMMANDS = (init, config_group, doctor)
