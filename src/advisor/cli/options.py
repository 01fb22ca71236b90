"""Options that several commands share, each spelled once. Flag > ADVISOR_… > advisor.toml > default."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from advisor.app import Settings
    from advisor.config import Config

Command = TypeVar("Command", bound="Callable[..., Any]")

REGISTERED: dict[str, str] = {}
"""Every option that file and environment may set: its name and help, for `config show` and the documentation."""


def option(*declarations: str, **settings: Any) -> Callable[[Command], Command]:
    """A click option that is also ADVISOR_<NAME> in the environment and a key of advisor.toml."""
    name = next(d for d in declarations if d.startswith("--")).lstrip("-").split("/")[0].replace("-", "_")
    parameter = next((d for d in declarations if not d.startswith("-")), name)
    REGISTERED.setdefault(setting_name(parameter), settings.get("help", ""))
    settings.setdefault("envvar", f"ADVISOR_{name.upper()}")
    settings.setdefault("show_envvar", True)
    return click.option(*declarations, **settings)


def setting_name(parameter: str) -> str:
    """The key in advisor.toml of a click parameter: format_ is only called so because of Python's format."""
    return parameter.rstrip("_")


db = option(
    "--db",
    default="advisor.duckdb",
    show_default=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Database file that holds everything.",
)
memory_limit = option("--memory-limit", default="320MB", show_default=True, help="Memory for the database.")
threads = option("--threads", type=click.IntRange(min=0), default=0, help="Threads; 0 means one per core.")
wait = option(
    "--wait", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Seconds to wait for a lock."
)
output = option("-o", "--output", default="-", metavar="FILE", help="Where the result goes; - is stdout.")


def store_options(command: Command) -> Command:
    """--db, --memory-limit, --threads, --wait."""
    for decorate in (wait, threads, memory_limit, db):
        command = decorate(command)
    return command


def source_options(command: Command) -> Command:
    """--max-bytes, --history-months: what may be read of tables."""
    for decorate in (
        option(
            "--history-months", type=click.IntRange(min=1), default=13, show_default=True,
            help="Billing months that the first reading of a BigQuery table goes back.",
        ),
        option(
            "--max-bytes", type=Bytes(), default="100GB", show_default=True,
            help="Refuse to read more of a BigQuery table in one run.",
        ),
    ):  # fmt: skip
        command = decorate(command)
    return command


def utilization_options(command: Command) -> Command:
    """--metrics, --recommendations: what is known of resources beside the bill."""
    for decorate in (
        option(
            "--recommendations", multiple=True, metavar="PATH",
            help="Exports of Compute Optimizer, Cost Optimization Hub or Recommender: file, folder, s3:// or bigquery://.",
        ),
        option(
            "--metrics", multiple=True, metavar="PATH",
            help="Samples of utilisation, CSV or Parquet: resource_id, metric, timestamp, value. May be repeated.",
        ),
    ):  # fmt: skip
        command = decorate(command)
    return command


class Bytes(click.ParamType[int]):
    """A number of bytes, plain or as 10GB."""

    name = "bytes"
    UNITS = MappingProxyType({"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12})

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or a usage error."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", str(value).strip(), re.IGNORECASE)
        if match is None:
            self.fail(f"{value!r} is not a size like 10GB", param, ctx)
        return int(float(match[1]) * self.UNITS[match[2].upper()])


def table_format(command: Command) -> Command:
    """--format of commands that print one table."""
    return option(
        "--format",
        "format_",
        type=click.Choice(["table", "json", "csv", "markdown"]),
        default="table",
        show_default=True,
        help="How it is shown.",
    )(command)


def load_defaults(ctx: click.Context, config_file: str | None) -> Config | None:
    """advisor.toml, or nothing where there is none; `init` and help must work with a broken one."""
    if any(flag in sys.argv for flag in ("-h", "--help")) or ctx.invoked_subcommand == "init":
        return None
    from advisor import config

    return config.load(config.find_file(config_file), frozenset(REGISTERED))


def settings_of(
    ctx: click.Context, *, db: Path, memory_limit: str, threads: int, wait: float, **reading: Any
) -> Settings:
    """The app's settings from the shared options; `reading` are those of commands that read sources."""
    from advisor.app import Settings
    from advisor.store import Resources

    return Settings(
        db=db,
        config=ctx.find_root().obj,
        resources=Resources(memory_limit=memory_limit, threads=threads),
        wait_seconds=wait,
        **reading,
    )


class Terminal:
    """Progress on stderr, a bar only when stderr is a terminal."""

    @contextmanager
    def start(self, total: int, what: str, unit: str = "bytes") -> Iterator[Callable[[int], None]]:
        """A bar with what there is to do and the estimated time."""
        with click.progressbar(
            range(0),  # nothing to go through: told how far it is
            length=max(total, 1),
            label=f"{what} ({total / 1e6:,.1f} MB)" if unit == "bytes" else f"{what} ({total:,} {unit})",
            file=sys.stderr,
            hidden=not sys.stderr.isatty(),
            show_eta=True,
            item_show_func=None,
        ) as bar:
            yield bar.update

    def say(self, text: str) -> None:
        """One line on stderr."""
        click.echo(f"advisor: {text}", err=True)


def text_width(target: str) -> int | None:
    """Columns of the terminal; piped text gets enough to cut nothing."""
    if target == "-" and sys.stdout.isatty():
        import shutil

        return shutil.get_terminal_size().columns
    return 160


def discard_stdout() -> None:
    """Nothing more can be said on stdout: what is still buffered must not fail again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_result(content: str | bytes, target: str) -> None:
    """Writes a result to stdout or to a file that only the user can read, whole or not at all."""
    from advisor.errors import AdvisorError

    if target == "-":
        try:
            click.echo(content, nl=isinstance(content, str) and not content.endswith("\n"))
        except BrokenPipeError:
            raise
        except OSError as error:
            discard_stdout()
            raise AdvisorError(
                "stdout", why=f"cannot be written ({error.strerror})", fix="Free space, or name a file with -o."
            ) from error
        return

    path = Path(target)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise AdvisorError(
            f"file {path}", why=f"cannot be written ({error.strerror})", fix="Name another file with -o."
        ) from error
