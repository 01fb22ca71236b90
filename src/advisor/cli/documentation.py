"""What README.md says about commands, settings, formats and exit codes, generated from the code by `make docs`."""

from __future__ import annotations

import ast
import inspect
import os
import re
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

import click

from advisor import errors
from advisor.cli import CONTEXT_SETTINGS, cli
from advisor.cli.options import REGISTERED, setting_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COLUMNS = 96
"""Width of generated help, whatever the terminal is."""


def leaf_contexts() -> Iterator[click.Context]:
    """A context of every command that does something, in the order of help; groups are left out."""
    settings = {**CONTEXT_SETTINGS, "max_content_width": COLUMNS, "terminal_width": COLUMNS}
    root = click.Context(cli, info_name="advisor", **settings)  # type: ignore[arg-type]  # values differ in type
    return _leaves(root, cli)


def _leaves(parent: click.Context, group: click.Group) -> Iterator[click.Context]:
    for name in group.list_commands(parent):
        context = click.Context(group.commands[name], info_name=name, parent=parent)
        if isinstance(context.command, click.Group):
            yield from _leaves(context, context.command)
        else:
            yield context


def commands() -> str:
    """A table of all commands, then the help of each."""
    contexts = list(leaf_contexts())
    overview = _table(
        ("command", "does"), ((f"`{c.command_path}`", c.command.get_short_help_str(limit=200)) for c in contexts)
    )
    helps = [
        f"<details><summary><code>{c.command_path}</code></summary>\n\n```text\n{c.get_help()}\n```\n\n</details>"
        for c in contexts
    ]
    return "\n\n".join((overview, *helps))


def settings() -> str:
    """Every option that environment and advisor.toml may set, with its default and the commands that take it."""
    options: dict[str, click.Option] = {}
    users: dict[str, list[str]] = {}
    for context in leaf_contexts():
        for parameter in context.command.params:
            key = setting_name(parameter.name or "")
            if isinstance(parameter, click.Option) and key in REGISTERED:
                options.setdefault(key, parameter)
                users.setdefault(key, []).append(context.command_path.removeprefix("advisor "))
    most = max(len(names) for names in users.values())
    rows = (
        (
            f"`{key}`",
            f"`{option.envvar}`",
            _default(option),
            (option.help or "").split(" [")[0].removesuffix("."),
            "most" if len(users[key]) == most else ", ".join(users[key]),
        )
        for key, option in sorted(options.items())
    )
    return _table(("key in advisor.toml", "environment", "default", "meaning", "commands"), rows)


def _default(option: click.Option) -> str:
    value = option.to_info_dict().get("default")
    return f"`{value}`" if isinstance(value, (str, int, float, os.PathLike)) else ""


def exit_codes() -> str:
    """Every exit code with the words of its docstring."""
    body = ast.parse(textwrap.dedent(inspect.getsource(errors.Exit))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - for mypy
    meanings = {
        ast.unparse(member.targets[0]): ast.literal_eval(text.value)
        for member, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(member, ast.Assign) and isinstance(text, ast.Expr)
    }
    return _table(("code", "meaning"), ((f"{code.value}", meanings[code.name]) for code in errors.Exit))


def formats() -> str:
    """Which exports are read, and as what reports are written."""
    from advisor.ingest.load import SOURCES
    from advisor.reports import FORMATS

    read = "\n".join(f"* {source.title}" for source in SOURCES)
    written = ", ".join(f"`{name}`" for name in FORMATS)
    return f"Read:\n\n{read}\n\nWritten by `--format`: {written}."


def check_counts() -> str:
    """How many checks there are, by kind and confidence."""
    from advisor.model import CONFIDENCES, KINDS
    from advisor.rules.catalogue import shipped_checks

    checks = shipped_checks()
    counts = Counter((check.kind, check.confidence) for check in checks)
    rows = ((kind, [counts[kind, level] for level in CONFIDENCES]) for kind in KINDS)
    body = [(kind, *(number or "" for number in numbers), sum(numbers)) for kind, numbers in rows if any(numbers)]
    totals = (sum(counts[kind, level] for kind in KINDS) for level in CONFIDENCES)
    return _table(("kind", *CONFIDENCES, "all"), [*body, ("all", *totals, len(checks))])


def sample_report(findings: int = 3) -> str:
    """What `advisor scan sample_exports` prints, without its time and shortened; needs the root of a checkout."""
    from click.testing import CliRunner

    environment = {name: None for name in os.environ if name.startswith("ADVISOR_")}
    arguments = ["--config", os.devnull, "scan", "sample_exports", "--top", str(findings)]
    result = CliRunner(env=environment).invoke(cli, arguments, standalone_mode=False)
    if result.exception:
        raise result.exception
    blocks = re.sub(r"; made [^\n]*", ".", result.stdout).split("\n\n")
    wanted = ("Savings per month by kind", "Findings, ", *(f"{n:3}. " for n in range(1, findings + 1)))
    shown = [blocks[0], *(block for block in blocks[1:] if block.startswith(wanted) or "more findings" in block)]
    return "```text\n" + "\n\n".join(block.rstrip() for block in shown) + "\n```"


def _table(head: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    lines = [[str(cell).replace("|", "\\|") for cell in row] for row in (head, *rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
