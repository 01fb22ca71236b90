"""The command line: parses, calls the app, prints, and turns errors into exit codes. Start-up imports click only."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from advisor import __version__
from advisor.cli import checks, data, measure, scan, setup
from advisor.cli.options import discard_stdout, load_defaults, setting_name
from advisor.errors import AdvisorError, Exit

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT_SETTINGS)
@click.version_option(__version__, prog_name="advisor")
@click.option(
    "--config",
    "config_file",
    envvar="ADVISOR_CONFIG",
    metavar="FILE",
    help="Settings file; else ./advisor.toml, else the user's.",
)
@click.option("--color/--no-color", default=None, envvar="ADVISOR_COLOR", help="Colour; default: on a terminal.")
@click.option("--traceback", is_flag=True, envvar="ADVISOR_TRACEBACK", help="Show where an error comes from.")
@click.pass_context
def cli(ctx: click.Context, config_file: str | None, color: bool | None, traceback: bool) -> None:
    """Say which cloud resources are idle, oversized or forgotten, from the bills the clouds deliver.

    \b
    Examples:
      advisor scan ./exports                 read exports from disk and report
      advisor scan s3://billing/exports      the same from a bucket (s3://, gs://)
      advisor scan bigquery://project.billing
      advisor scan ./exports --format html -o report.html
      advisor checks list                    what is looked for
    """
    if color is None:
        color = False if os.environ.get("NO_COLOR") else (True if os.environ.get("FORCE_COLOR") else None)
    ctx.color = color
    ctx.obj = load_defaults(ctx, config_file)
    if ctx.obj is None:  # only help is asked for, or the file is about to be written
        return
    ctx.default_map = {name: _defaults(command, ctx.obj.options) for name, command in cli.commands.items()}


def _defaults(command: click.Command, options: Mapping[str, Any]) -> dict[str, Any]:
    """The file's options by the names of the command's parameters, as texts: click types them like flags."""
    if isinstance(command, click.Group):
        return {name: _defaults(sub, options) for name, sub in command.commands.items()}
    given = {p.name: (p, options.get(setting_name(p.name))) for p in command.params if p.name}
    # html is a format of reports only: other commands keep their own default.
    return {
        name: _as_flag(parameter, value)
        for name, (parameter, value) in given.items()
        if value is not None
        and not (name == "format_" and value in scan.REPORT_FORMATS and not _offers(parameter, value))
    }


def _offers(parameter: click.Parameter, value: Any) -> bool:
    return isinstance(parameter.type, click.Choice) and value in parameter.type.choices


def _as_flag(parameter: click.Parameter, value: Any) -> str | list[str]:
    if getattr(parameter, "multiple", False):
        return [str(item) for item in (value if isinstance(value, list) else [value])]
    return str(value)


for module in (scan, measure, data, checks, setup):
    for command in module.COMMANDS:
        cli.add_command(command)


def main(args: list[str] | None = None) -> None:
    """Runs the command line and exits with a code of errors.Exit."""
    sys.exit(run(args))


def run(args: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code. The only place that translates errors."""
    arguments = sys.argv[1:] if args is None else args
    show_trace = "--traceback" in arguments or bool(os.environ.get("ADVISOR_TRACEBACK"))
    # An ended process cleans up like an interrupted one: locks and copies of the database go.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        result: Any = cli.main(args=arguments, prog_name="advisor", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        error.show(sys.stderr)
        return Exit.USAGE
    except click.ClickException as error:
        error.show(sys.stderr)
        return Exit.BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        click.echo("advisor: interrupted; nothing was lost.", err=True)
        return Exit.INTERRUPTED
    except AdvisorError as error:
        if show_trace:
            raise
        click.echo(f"advisor: {error}", err=True)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output went away: not our failure.
        discard_stdout()
        return Exit.OK
    except Exception as error:
        if show_trace:
            raise
        name = type(error).__name__
        click.echo(f"advisor: this is a bug: {name}: {error}\n  Run again with --traceback and report it.", err=True)
        return Exit.BUG
    return int(result) if isinstance(result, int) else Exit.OK


def _interrupt(signum: int, frame: object) -> None:
    if store := sys.modules.get("advisor.store"):  # not imported: no query runs
        store.interrupt()
    raise KeyboardInterrupt
