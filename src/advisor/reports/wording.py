"""How reports say things: money, months, the headline, and text that cannot steer what shows it. Pure; no markup.

Escaping for a format belongs to that format; `clean` only makes every text one line of printable characters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from advisor.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from decimal import Decimal

    from advisor.model import CheckResult, CurrencySummary, Finding, Group, PeriodTotal, ScanResult

T = TypeVar("T")

NO_SAMPLES = "no utilisation data"
"""The reason of `advisor.rules.kinds` to skip a resource that nobody measured; it gets a line of its own."""

MOST_GROUPS = 10
"""Lines of a summary, per currency; the others are added up in one line."""


def clean(value: T) -> T:
    """`value` with every text inside it, at any depth, on one line and free of control and direction characters."""
    return _clean(value)  # type: ignore[no-any-return]


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        if value.isprintable():
            return value
        return printable("".join(" " if c.isspace() else c for c in value))
    if isinstance(value, Mapping):
        return {_clean(k): _clean(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_clean(v) for v in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _clean(getattr(value, f.name)) for f in fields(value)})
    return value


def amount(value: float | Decimal) -> str:
    """`value` with thousands separators and two decimals; never a negative zero."""
    if not math.isfinite(value):
        return "unknown"
    text = f"{value:,.2f}"
    return "0.00" if text == "-0.00" else text


def money(value: float | Decimal, currency: str) -> str:
    """`value` with its currency code in front."""
    return f"{currency} {amount(value)}".strip()


def count(number: int, noun: str) -> str:
    """`number` and `noun`, in the plural unless it is one; "no" for zero."""
    if number == 0:
        return f"no {noun}s"
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def month(day: date) -> str:
    """The month of `day` as YYYY-MM."""
    return f"{day:%Y-%m}"


def percent(part: float, whole: float) -> str:
    """`part` of `whole` in percent, one decimal; empty where there is no whole to compare with."""
    return f"{100 * part / whole:.1f}%" if whole > 0 and math.isfinite(part / whole) else ""


def capital(text: str) -> str:
    """`text` as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def is_zero(value: float) -> bool:
    """Whether `value` is less than half a cent."""
    return round(value, 2) == 0


def headline(result: ScanResult) -> str:
    """The report in one sentence: findings, and savings of cost per month in each currency."""
    if not result.currencies:
        return "No findings: no cost was loaded."
    if not result.findings:
        spent = " and ".join(money(c.monthly_cost, c.currency) for c in result.currencies)
        if not any(check.judged for check in result.checks):
            return f"No findings in {spent} per month: nothing could be judged."
        return f"No findings: nothing to save was found in {spent} per month."
    saved = " and ".join(_saves(c) for c in result.currencies)
    return f"{count(len(result.findings), 'finding')}: save {saved}."


def _saves(total: CurrencySummary) -> str:
    share = percent(total.monthly_savings, total.monthly_cost)
    sentence = (
        f"{money(total.monthly_savings, total.currency)} of {money(total.monthly_cost, total.currency)} per month"
    )
    return f"{sentence} ({share})" if share else sentence


def coverage(result: ScanResult) -> str:
    """The days the report is about and when it was made."""
    days = (result.window_end - result.window_start).days + 1
    return (
        f"Judged on {result.window_start} to {result.window_end} ({count(days, 'day')}), as of {result.as_of}; "
        f"made {result.generated_at:%Y-%m-%d %H:%M %Z}".strip()
        + "."
    )


def cost_now(total: CurrencySummary) -> float:
    """What is paid per month today, credits taken off."""
    return total.monthly_cost + total.monthly_credits


def not_cash(finding: Finding) -> str:
    """What else the finding frees: money that is sunk or only freed; empty for savings in cash alone."""
    evidence = finding.evidence
    unused, freed = _number(evidence.get("unused_monthly_cost")), _number(evidence.get("freed_monthly_cost"))
    if unused and is_zero(finding.monthly_savings):
        until = f" until {evidence['ends_on']}" if evidence.get("ends_on") else ""
        return f"{money(unused, finding.currency)} unused, sunk{until}"
    return f"{money(freed, finding.currency)} freed, not saved" if freed else ""


def _number(value: Any) -> float:
    return value if isinstance(value, (int, float)) and not is_zero(value) else 0.0


def account(finding: Finding) -> str:
    """The account's name with its id, or the id alone."""
    named = finding.account_name and finding.account_name != finding.account_id
    return f"{finding.account_name} ({finding.account_id})" if named else finding.account_id


def resource(finding: Finding) -> str:
    """The resource's name, and its id where that says more."""
    if not finding.resource_name or finding.resource_name == finding.resource_id:
        return finding.resource_id
    return f"{finding.resource_name} ({finding.resource_id})"


def place(finding: Finding) -> tuple[str, ...]:
    """Account and region, as far as known."""
    return tuple(part for part in (account(finding), finding.region) if part)


def first(findings: Sequence[Finding], top: int | None) -> Sequence[Finding]:
    """The findings to show: all, or the `top` first."""
    return findings if top is None else findings[: max(top, 0)]


def by_source(totals: Iterable[PeriodTotal]) -> dict[tuple[str, str, str], list[PeriodTotal]]:
    """Totals by (source, format, provider), in the order of their first appearance."""
    grouped: dict[tuple[str, str, str], list[PeriodTotal]] = {}
    for total in totals:
        grouped.setdefault((total.source, total.format, total.provider), []).append(total)
    return grouped


def by_currency(groups: Iterable[Group]) -> dict[str, list[Group]]:
    """Lines of a summary by currency, because amounts of two currencies cannot be compared."""
    grouped: dict[str, list[Group]] = {}
    for group in groups:
        grouped.setdefault(group.currency, []).append(group)
    return grouped


def skipped(result: ScanResult) -> list[CheckResult]:
    """Checks that could not judge some resources, most skipped first; lack of utilisation data left out (`unmeasured`)."""
    others = [
        replace(
            check,
            skipped=check.skipped - check.skip_reasons.get(NO_SAMPLES, 0),
            skip_reasons={reason: number for reason, number in check.skip_reasons.items() if reason != NO_SAMPLES},
        )
        for check in result.checks
    ]
    return sorted((c for c in others if c.skipped), key=lambda c: (-c.skipped, c.id))


def skip_reasons(check: CheckResult) -> str:
    """Why `check` skipped resources, with their number."""
    named = sum(check.skip_reasons.values())
    reasons = [f"{reason} ({number:,})" for reason, number in check.skip_reasons.items()]
    if check.skipped > named:
        reasons.append(f"reason unknown ({check.skipped - named:,})")
    return ", ".join(reasons)


def unmeasured(result: ScanResult) -> str:
    """How many resources lack utilisation data and how to supply it, in one sentence; empty where none does.

    Reports from before resources were counted have the checks' numbers only, which skip the same machines: the largest
    of them is what is certain.
    """
    numbers = [number for check in result.checks if (number := check.skip_reasons.get(NO_SAMPLES, 0))]
    if not numbers:
        return ""
    known = result.unmeasured_resources
    at_least = "" if known is not None or len(numbers) == 1 else "At least "
    who = at_least + count(known if known is not None else max(numbers), "resource")
    return (
        f"{who} could not be judged for lack of utilisation data ({count(len(numbers), 'check')}):"
        " advisor metrics asks the clouds for it, --metrics FILE reads it from a file."
    )


def failed(result: ScanResult) -> list[CheckResult]:
    """Checks that ended in an error."""
    return [c for c in result.checks if c.error]


def is_incomplete(result: ScanResult) -> bool:
    """Whether some input could not be read or some check failed."""
    return any(p.incomplete for p in result.problems) or bool(failed(result))


def largest(lines: Sequence[Group]) -> list[Group]:
    """The largest groups of one currency, and the sum of the others as one: nobody reads forty of them."""
    rest = lines[MOST_GROUPS:]
    if len(rest) < 2:
        return list(lines)
    others = replace(
        rest[0],
        name=f"{len(rest)} more",
        findings=sum(g.findings for g in rest),
        monthly_cost=sum(g.monthly_cost for g in rest),
        monthly_savings=sum(g.monthly_savings for g in rest),
    )
    return [*lines[:MOST_GROUPS], others]


def unmatched(result: ScanResult) -> str:
    """The spend that no check looked at, in one sentence with its largest parts; empty where there is none."""
    if is_zero(result.unmatched_monthly_cost):
        return ""
    spent = money(result.unmatched_monthly_cost, result.currency)
    named = "; ".join(f"{u.service}, {u.usage}: {money(u.monthly_cost, result.currency)}" for u in result.unmatched[:3])
    more = f" The largest: {named}." if named else ""
    return f"{spent} per month ({100 * result.unmatched_share:.1f}% of cost) is spend that no check looks at.{more}"
