"""What is written about advisor is true: help, examples, exit codes, and the generated parts of Markdown files."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from advisor.cli import cli
from advisor.cli.documentation import leaf_contexts
from advisor.errors import Exit
from advisor.rules.catalogue import ALLOWED

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "queries/README.md", "sample_exports/README.md"]
COMMANDS = {context.command_path: context for context in leaf_contexts()}


def examples(text: str) -> list[str]:
    """Lines that call advisor, up to a pipe, a list, a comment or an explanation."""
    lines = [line.strip().removeprefix(".venv/bin/") for line in text.splitlines()]
    return [re.split(r"\s{2,}| \| | && ", line)[0] for line in lines if line.startswith("advisor ")]


def parse(command: str) -> None:
    """Parses a command line like click does, without running it."""
    context = cli.make_context("advisor", shlex.split(command)[1:])
    while isinstance(context.command, click.Group):
        name, command_, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        assert command_
        context = command_.make_context(name, rest, parent=context)


@pytest.mark.parametrize("path", COMMANDS)
def test_help_is_complete(path: str) -> None:
    command = COMMANDS[path].command
    assert command.help
    assert examples(command.help), "no example"
    assert all(example.startswith(path) or example.startswith("advisor") for example in examples(command.help))
    assert any(example.startswith(path) for example in examples(command.help))
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert not silent


def test_options_of_the_program_have_help() -> None:
    assert all(p.help for p in cli.params if isinstance(p, click.Option))


HELPS = [cli.help or "", *(context.command.help or "" for context in COMMANDS.values())]
EXAMPLES = sorted({e for text in HELPS for e in examples(text)})
FENCED = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_help_parse(example: str) -> None:
    parse(example)


@pytest.mark.parametrize("page", ["README.md", "queries/README.md"])
def test_examples_of_pages_parse(page: str) -> None:
    found = [e for block in FENCED.findall((ROOT / page).read_text("utf-8")) for e in examples(block)]
    assert len(found) >= 3
    for example in found:
        parse(example)


def test_a_wrong_example_does_not_parse() -> None:
    assert len(EXAMPLES) >= 20
    with pytest.raises(click.UsageError):
        parse("advisor scan --fail-on sometimes")


def test_exit_codes_are_documented() -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)] == [code.value for code in Exit]
    assert not re.search(r"^\| \d+ \|\s*\|", section, re.MULTILINE)


def test_header_fields_are_documented() -> None:
    text = (ROOT / "queries/README.md").read_text("utf-8")
    assert [key for key in sorted(ALLOWED) if f"`{key}`" not in text and f"`[{key}" not in text] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_and_targets_exist(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    links = {link for link in re.findall(r"\]\(([^)#\s]+)\)", text) if "://" not in link}
    assert [link for link in sorted(links) if not (ROOT / page).parent.joinpath(link).exists()] == []
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= targets


@pytest.mark.slow
def test_generated_parts_are_fresh() -> None:
    command = [sys.executable, "-m", "cogapp", "--check", "--diff", "README.md", "queries/README.md"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"run `make docs`\n{done.stdout}{done.stderr}"
