"""The report on a terminal: rich tables and hanging paragraphs as one string, at any width, with or without colour.

Every text of the result becomes a `Text`, never markup. Tables fold instead of cutting, and commands are not wrapped,
so that they can be copied.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from advisor.reports import evidence, wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from advisor.model import Finding, Group, ScanResult

DEFAULT_TOP = 15
"""Findings shown when nobody said how many: about three screens."""

DEFAULT_WIDTH = 100

LEAST_WIDTH = 60
"""Narrower than this, amounts would have to be broken."""

LEAST_TEXT = 12
"""Columns that text needs to stay readable when it is folded."""

GAP = 3
"""Columns between two columns of a table."""

CONFIDENCE_STYLES = {"high": "bold green", "medium": "yellow", "low": "dim"}


def render(result: ScanResult, *, width: int | None = None, color: bool = False, top: int | None = None) -> str:
    """The report as lines of at most `width` columns, commands excepted."""
    result = wording.clean(result)
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(width or DEFAULT_WIDTH, LEAST_WIDTH),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},  # the caller decides on colour and width; the environment must not change a report
    )
    for section in (_headline, _totals, _summary, _credits):
        section(console, result)
    _findings(console, result, DEFAULT_TOP if top is None else top)
    for section in (_skipped, _failed, _unmatched, _problems):
        section(console, result)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def _headline(console: Console, result: ScanResult) -> None:
    console.print(Text(wording.headline(result), style="bold"))
    console.print(Text(wording.coverage(result), style="dim"))
    if wording.is_incomplete(result):
        console.print(
            Text("This report is incomplete: see the checks that failed and the problems below.", style="bold red")
        )


def _title(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold cyan"))


def _hanging(console: Console, text: RenderableType, indent: int) -> None:
    console.print(Padding(text, (0, 0, 0, indent)))


def _table(
    console: Console, columns: Sequence[str], amounts: Sequence[str], rows: Sequence[Sequence[str]], indent: int = 0
) -> None:
    """Prints rows under their columns; where amounts would have to be cut, one line of words per row instead."""
    widths = [max(cell_len(cell) for cell in cells) for cells in zip(columns, *rows, strict=True)]
    least = sum(
        width if column in amounts else min(width, LEAST_TEXT) for column, width in zip(columns, widths, strict=True)
    )
    if indent + least + GAP * (len(columns) - 1) > console.width:
        for row in rows:
            named = (f"{column} {cell}" for column, cell in zip(columns, row, strict=True))
            _hanging(console, Text(", ".join(named)), indent)
        return
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        if column in amounts:
            table.add_column(Text(column), justify="right", no_wrap=True)
        else:
            table.add_column(Text(column), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    _hanging(console, table, indent)


def _totals(console: Console, result: ScanResult) -> None:
    if not result.totals:
        return
    _title(console, "What was read: sums equal the export to the cent")
    amounts = ("rows", "billed", "of it credits", "effective")
    for (source, layout, provider), totals in wording.by_source(result.totals).items():
        console.print(Text.assemble((source, "bold"), f"  {provider}, {layout}"))
        rows = [
            [
                *(wording.month(t.period), f"{t.rows:,}", t.currency),
                *(wording.amount(value) for value in (t.billed_cost, t.credits, t.effective_cost)),
            ]
            for t in totals
        ]
        _table(console, ("month", "rows", "currency", *amounts[1:]), amounts, rows, indent=2)
        for note in (f"{wording.month(t.period)}: {note}" for t in totals for note in t.notes):
            _hanging(console, Text(note, style="dim"), 2)


def _summary(console: Console, result: ScanResult) -> None:
    amounts = ("findings", "cost", "savings")
    for label, groups in (("kind", result.by_kind), ("service", result.by_service)):
        if groups:
            _title(console, f"Savings per month by {label}")
            rows = [row for lines in wording.by_currency(groups).values() for row in _groups(lines)]
            _table(console, (label, "findings", "currency", "cost", "savings"), amounts, rows)


def _groups(lines: Sequence[Group]) -> list[list[str]]:
    """Rows of the largest groups of one currency, and the sum of the others."""
    return [
        [g.name, f"{g.findings:,}", g.currency, wording.amount(g.monthly_cost), wording.amount(g.monthly_savings)]
        for g in wording.largest(lines)
    ]


def _credits(console: Console, result: ScanResult) -> None:
    if not result.currencies:
        return
    _title(console, "Cost per month now, and when credits end")
    amounts = ("paid now", "credits", "when credits end")
    rows = [
        [c.currency, *(wording.amount(value) for value in (wording.cost_now(c), c.monthly_credits, c.monthly_cost))]
        for c in result.currencies
    ]
    _table(console, ("currency", *amounts), amounts, rows)


def _findings(console: Console, result: ScanResult, top: int) -> None:
    shown = wording.first(result.findings, top)
    if not result.findings:
        return
    _title(console, f"Findings, largest savings per month first ({len(shown):,} of {len(result.findings):,})")
    for number, finding in enumerate(shown, start=1):
        _finding(console, number, finding)
    hidden = len(result.findings) - len(shown)
    if hidden:
        console.print()
        more = wording.count(hidden, "more finding")
        hint = f"{more}: --top {len(result.findings)} shows all, --format html all with evidence."
        console.print(Text(hint, style="dim"))


def _finding(console: Console, number: int, finding: Finding) -> None:
    console.print()
    savings = Text(wording.money(finding.monthly_savings, finding.currency), style="bold green")
    freed = wording.not_cash(finding)
    facts = [f"of {wording.money(finding.monthly_cost, finding.currency)} per month", finding.kind]
    if freed:
        facts.insert(1, freed)
    confidence = (f"{finding.confidence} confidence", CONFIDENCE_STYLES.get(finding.confidence, ""))
    label = f"{number:>3}."
    indent = len(label) + 1
    head = Table.grid(padding=(0, 1))
    head.add_row(Text(label, style="dim"), Text.assemble(savings, " ", ", ".join(facts), ", ", confidence))
    console.print(head)
    _hanging(console, Text(finding.title, style="bold"), indent)
    _hanging(console, Text(wording.resource(finding)), indent)
    where = [*wording.place(finding), f"owner {finding.owner}" if finding.owner else "owner unknown"]
    _hanging(console, Text(", ".join(where), style="dim"), indent)
    _hanging(console, Text(finding.reason), indent)
    for fact in evidence.facts(finding):
        _hanging(console, Text.assemble((f"{fact.label}: ", "dim"), fact.text), indent)
    if finding.overlaps:
        _hanging(console, Text(f"same money, not counted again: {', '.join(finding.overlaps)}", style="dim"), indent)
    if not finding.commands:
        _hanging(
            console, Text.assemble("→ ", finding.remediation or "no command: see the evidence in --format html"), indent
        )
    for command in finding.commands:
        # Printed past the width on purpose: a wrapped command cannot be copied.
        console.print(Text.assemble(" " * indent, ("$ ", "dim"), (command, "cyan")), soft_wrap=True)


def _skipped(console: Console, result: ScanResult) -> None:
    lines, unmeasured = wording.skipped(result), wording.unmeasured(result)
    if lines or unmeasured:
        _title(console, "Not judged, and why")
    if lines:
        rows = [[c.id, f"{c.judged:,}", f"{c.skipped:,}", wording.skip_reasons(c)] for c in lines]
        _table(console, ("check", "judged", "skipped", "reasons"), ("judged", "skipped"), rows)
    if unmeasured:
        _hanging(console, Text(unmeasured), 2)


def _failed(console: Console, result: ScanResult) -> None:
    checks = wording.failed(result)
    if not checks:
        return
    _title(console, "Checks that failed")
    for check in checks:
        _hanging(console, Text.assemble((check.id, "bold red"), f": {check.error}"), 2)


def _unmatched(console: Console, result: ScanResult) -> None:
    sentence = wording.unmatched(result)
    if sentence:
        _title(console, "What nobody looked at")
        _hanging(console, Text(sentence), 2)


def _problems(console: Console, result: ScanResult) -> None:
    if not result.problems:
        return
    _title(console, "Problems")
    for problem in result.problems:
        style = "bold red" if problem.incomplete else "bold yellow"
        _hanging(console, Text.assemble((problem.what, style), f": {problem.why}"), 2)
        _hanging(console, Text.assemble("→ ", problem.fix), 4)
