"""The report as one self-contained HTML page: no script, no external resource, readable on a phone and on paper.

The template escapes every value; class names and widths are computed here, never taken from the result.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from advisor.model import CONFIDENCES, KINDS
from advisor.reports import evidence, wording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from advisor.model import Group, PeriodTotal, ScanResult

OTHER = "other"


def render(result: ScanResult, *, width: int | None = None, color: bool = False, top: int | None = None) -> str:
    """The page, with LF line ends."""
    result = wording.clean(result)
    shown = wording.first(result.findings, top)
    return (
        _environment()
        .get_template("report.html")
        .render(
            result=result,
            shown=shown,
            kinds=[kind for kind in (*KINDS, OTHER) if any(_kind(f.kind) == kind for f in shown)],
            charts=_charts(result),
            sources=[
                {"name": name, "format": layout, "provider": provider, "totals": totals, "months": _months(totals)}
                for (name, layout, provider), totals in wording.by_source(result.totals).items()
            ],
            w=wording,
            e=evidence,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("advisor.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        amount=wording.amount, month=wording.month, capital=wording.capital,
        kind_class=_kind, level=_level, share=_share,
    )  # fmt: skip
    return environment


def _kind(kind: str) -> str:
    """A class name for `kind`, from a closed list."""
    return kind if kind in KINDS else OTHER


def _level(confidence: str) -> str:
    """A class name for `confidence`, from a closed list."""
    return confidence if confidence in CONFIDENCES else OTHER


def _share(part: float | Decimal, whole: float | Decimal) -> str:
    """`part` of `whole` as a width in percent for a drawing, between 0 and 100."""
    share = 100 * float(part) / float(whole) if whole > 0 else 0.0
    return f"{min(100.0, max(0.0, share)):.2f}" if share == share else "0.00"


def _charts(result: ScanResult) -> list[dict[str, Any]]:
    """Bars of savings by kind, service and owner; every currency has its own scale."""
    named = (("kind", result.by_kind), ("service", result.by_service), ("owner", result.by_owner))
    return [
        {
            "label": label,
            "scales": [
                (lines, _longest(lines)) for lines in map(wording.largest, wording.by_currency(groups).values())
            ],
        }
        for label, groups in named
        if groups
    ]


def _longest(lines: Sequence[Group]) -> float:
    return max(g.monthly_savings for g in lines)


def _months(totals: Sequence[PeriodTotal]) -> list[dict[str, Any]]:
    """Columns of effective cost, month by month, one drawing per currency; empty where there is only one month."""
    drawings = []
    for currency in dict.fromkeys(t.currency for t in totals):
        columns = sorted((t for t in totals if t.currency == currency), key=lambda t: t.period)
        if len(columns) > 1:
            tallest = max(t.effective_cost for t in columns)
            drawings.append({"currency": currency, "columns": columns, "tallest": tallest})
    return drawings
