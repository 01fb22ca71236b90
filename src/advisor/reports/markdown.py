"""The report as GitHub Markdown, for wikis, issues and chat. Text of the result can add no markup, link or mention."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from advisor.reports import evidence, wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from advisor.model import Finding, Group, ScanResult

LINKS_ITSELF = re.compile(r"@|://|www\.|#[0-9]", re.IGNORECASE)
"""What GitHub turns into a link or a mention without any markup; backslashes do not stop it, code does."""

MARKUP = re.compile(r"[\\`*_{}\[\]#|~!$^]")

PIPE = re.compile(r"(\\*)\|")


def render(result: ScanResult, *, width: int | None = None, color: bool = False, top: int | None = None) -> str:
    """The report as Markdown with LF line ends."""
    result = wording.clean(result)
    blocks = ["# Cloud cost report", f"**{prose(wording.headline(result))}**", prose(wording.coverage(result))]
    if wording.is_incomplete(result):
        blocks.append("**This report is incomplete:** see the checks that failed and the problems below.")
    for section in (_summary, _credits):
        blocks += section(result)
    blocks += _findings(result, top)
    for section in (_totals, _not_judged, _problems):
        blocks += section(result)
    return "\n\n".join(blocks) + "\n"


def prose(text: str) -> str:
    """`text` as running text, with every character that means something to Markdown or HTML escaped."""
    if LINKS_ITSELF.search(text):
        return code(text)
    escaped = MARKUP.sub(r"\\\g<0>", text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """`text` as a code span, which shows it as it is."""
    if not text.strip():
        return ""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    padding = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def table(columns: Sequence[str], amounts: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A pipe table; columns of `amounts` are aligned to the right."""
    rule = ["---:" if column in amounts else "---" for column in columns]
    escaped = ([PIPE.sub(_escaped_pipe, cell) for cell in row] for row in rows)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, rule, *escaped))


def _escaped_pipe(match: re.Match[str]) -> str:
    # A pipe ends a cell even inside code, where only a backslash of its own saves it; after an even number of other
    # backslashes renderers disagree, so there the pipe is shown as a broken bar.
    backslashes = match[1]
    if len(backslashes) % 2:
        return match[0]
    return f"{backslashes}\N{BROKEN BAR}" if backslashes else r"\|"


def _summary(result: ScanResult) -> list[str]:
    blocks = []
    amounts = ("findings", "cost", "savings")
    for label, groups in (("kind", result.by_kind), ("service", result.by_service), ("owner", result.by_owner)):
        if groups:
            rows = [_group(g) for lines in wording.by_currency(groups).values() for g in lines]
            columns = (label, "findings", "currency", "cost", "savings")
            blocks += [f"## Savings per month by {label}", table(columns, amounts, rows)]
    return blocks


def _group(group: Group) -> list[str]:
    sums = (wording.amount(group.monthly_cost), wording.amount(group.monthly_savings))
    return [prose(group.name) or "unknown", f"{group.findings:,}", prose(group.currency), *sums]


def _credits(result: ScanResult) -> list[str]:
    if not result.currencies:
        return []
    rows = [
        [prose(c.currency), *(wording.amount(v) for v in (wording.cost_now(c), c.monthly_credits, c.monthly_cost))]
        for c in result.currencies
    ]
    columns = ("paid now", "credits", "when credits end")
    return ["## Cost per month now, and when credits end", table(("currency", *columns), columns, rows)]


def _findings(result: ScanResult, top: int | None) -> list[str]:
    shown = wording.first(result.findings, top)
    if not shown:
        return []
    blocks = [f"## Findings ({len(shown):,} of {len(result.findings):,}), largest savings first"]
    for number, finding in enumerate(shown, start=1):
        blocks += _finding(number, finding)
    return blocks


def _finding(number: int, finding: Finding) -> list[str]:
    savings = wording.money(finding.monthly_savings, finding.currency)
    facts = [
        f"**Resource:** {code(finding.resource_id)}"
        + (f" named {code(finding.resource_name)}" if finding.resource_name != finding.resource_id else ""),
        f"**Where:** {', '.join(code(part) for part in wording.place(finding))}",
        f"**Owner:** {code(finding.owner) or 'unknown'}",
        f"**Cost:** {prose(wording.money(finding.monthly_cost, finding.currency))} per month",
        f"**Kind:** {prose(finding.kind)}, {prose(finding.confidence)} confidence, "
        f"{prose(finding.effort)} effort, {prose(finding.risk)} risk",
    ]
    facts += [f"**{wording.capital(fact.label)}:** {prose(fact.text)}" for fact in evidence.facts(finding)]
    if wording.not_cash(finding):
        facts.append(f"**Not cash:** {prose(wording.not_cash(finding))}")
    if finding.blind_spots:
        facts.append(f"**Cannot see:** {prose(finding.blind_spots)}")
    if finding.overlaps:
        facts.append(f"**Same money, not counted again:** {', '.join(code(check) for check in finding.overlaps)}")
    blocks = [
        f"### {number}. {prose(savings)} per month: {prose(finding.title)}",
        prose(finding.reason),
        "\n".join(f"- {fact}" for fact in facts),
    ]
    if finding.remediation:
        blocks.append(prose(finding.remediation))
    if finding.commands:
        longest = max((len(run) for run in re.findall("`+", "\n".join(finding.commands))), default=0)
        fence = "`" * max(3, longest + 1)
        blocks.append("\n".join((f"{fence}sh", *finding.commands, fence)))
    return blocks


def _totals(result: ScanResult) -> list[str]:
    if not result.totals:
        return []
    rows = [
        [
            *(code(t.source), prose(t.provider), wording.month(t.period), f"{t.rows:,}", prose(t.currency)),
            *(wording.amount(value) for value in (t.billed_cost, t.credits, t.effective_cost)),
        ]
        for t in result.totals
    ]
    amounts = ("rows", "billed", "of it credits", "effective")
    columns = ("source", "provider", "month", "rows", "currency", *amounts[1:])
    notes = [f"- {code(t.source)} {wording.month(t.period)}: {prose(note)}" for t in result.totals for note in t.notes]
    blocks = ["## What was read: sums equal the export to the cent", table(columns, amounts, rows)]
    return [*blocks, "\n".join(notes)] if notes else blocks


def _not_judged(result: ScanResult) -> list[str]:
    blocks = []
    checks, unmeasured = wording.skipped(result), wording.unmeasured(result)
    if checks or unmeasured:
        blocks.append("## Not judged, and why")
    if checks:
        rows = [[code(c.id), f"{c.judged:,}", f"{c.skipped:,}", prose(wording.skip_reasons(c))] for c in checks]
        columns = ("check", "judged", "skipped", "reasons")
        blocks.append(table(columns, ("judged", "skipped"), rows))
    if unmeasured:
        blocks.append(prose(unmeasured))
    if wording.failed(result):
        lines = [f"- {code(check.id)}: {prose(check.error)}" for check in wording.failed(result)]
        blocks += ["## Checks that failed", "\n".join(lines)]
    if wording.unmatched(result):
        blocks += ["## What nobody looked at", prose(wording.unmatched(result))]
    return blocks


def _problems(result: ScanResult) -> list[str]:
    if not result.problems:
        return []
    lines = [f"- **{prose(p.what)}**: {prose(p.why)} → {prose(p.fix)}" for p in result.problems]
    return ["## Problems", "\n".join(lines)]
