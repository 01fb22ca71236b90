"""The terminal report at any width, with and without colour."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from advisor.reports import terminal

if TYPE_CHECKING:
    from advisor.model import ScanResult

COLOR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_lines_fit_the_width_but_commands_stay_whole(width: int, result: ScanResult) -> None:
    lines = terminal.render(result, width=width).splitlines()
    commands = [command for finding in result.findings for command in finding.commands]
    for command in commands:
        assert any(line.endswith(f"$ {command}") for line in lines)
    assert all(cell_len(line) <= width for line in lines if "$ aws" not in line)
    assert "…" not in "".join(lines)


def test_colour_changes_nothing_but_colour(result: ScanResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")
    plain = terminal.render(result, width=80)
    coloured = terminal.render(result, width=80, color=True)
    assert "\x1b" not in plain
    assert COLOR.search(coloured)
    assert [line.rstrip() for line in COLOR.sub("", coloured).splitlines()] == plain.splitlines()


def test_hostile_text_adds_no_escape_and_no_markup(hostile: ScanResult, harmless: ScanResult) -> None:
    coloured = terminal.render(hostile, width=120, color=True)
    assert "\x1b" not in COLOR.sub("", coloured)
    assert set(COLOR.findall(coloured)) <= set(COLOR.findall(terminal.render(harmless, width=120, color=True)))


def test_markup_is_shown_as_it_is(result: ScanResult) -> None:
    finding = replace(result.findings[0], resource_name="[red]x[/red]", title="[bold]", owner=":rocket:")
    shown = terminal.render(replace(result, findings=(finding,)), width=100)
    for text in ("[red]x[/red]", "[bold]", ":rocket:"):
        assert text in shown


def test_amounts_of_any_size_are_whole_at_80_columns(result: ScanResult) -> None:
    from decimal import Decimal

    huge = Decimal("-123456789012.34")
    total = replace(result.totals[0], rows=12_345_678_901, billed_cost=huge, credits=huge, effective_cost=huge)
    shown = terminal.render(replace(result, totals=(total,)), width=80)
    assert shown.count("-123,456,789,012.34") == 3
    assert "12,345,678,901" in shown


def test_what_is_not_shown_is_counted(result: ScanResult) -> None:
    assert "7 more findings: --top 9 shows all" in terminal.render(result, top=2)
    assert "more finding" not in terminal.render(result, top=9)
    many = replace(result, findings=result.findings * 5, by_service=result.by_service * 4)
    assert "(15 of 45)" in terminal.render(many)
    assert "6 more" in terminal.render(many)


def test_tells_what_is_missing(result: ScanResult, quiet: ScanResult) -> None:
    shown = terminal.render(result, width=200)
    assert "This report is incomplete" in shown
    assert "too little history (2)" in shown
    assert "no utilisation data" not in shown
    assert "At least 34 resources could not be judged for lack of utilisation data (2 checks)" in shown
    assert "--metrics FILE" in shown
    assert "usage lines missing (5), reason unknown (2)" in shown
    assert "any-tag-missing: Binder Error" in shown
    assert "USD 1,204.80 per month (2.2% of cost) is spend that no check looks at." in shown
    assert "incomplete" not in terminal.render(quiet)
