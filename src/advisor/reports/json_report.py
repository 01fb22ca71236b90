"""The JSON report: `schema_version` 1 of DESIGN 4.2. Fields may be added, never renamed; it can be read back."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from advisor.errors import AdvisorError
from advisor.model import (
    AccountTotal,
    CheckResult,
    CurrencySummary,
    Finding,
    Group,
    PeriodTotal,
    Problem,
    ScanResult,
    Unmatched,
)
from advisor.reports import wording

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA_VERSION = 1

CENT = Decimal("0.01")

NOT_ASCII = re.compile(r"[^\n\x20-\x7e]")


def render(result: ScanResult, *, width: int | None = None, color: bool = False, top: int | None = None) -> str:
    """The document as indented JSON; readable text stays readable, everything else is escaped."""
    document = to_document(replace(result, findings=tuple(wording.first(result.findings, top))))
    document["summary"]["findings"] = len(result.findings)
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    return NOT_ASCII.sub(_escaped, text) + "\n"


def to_document(result: ScanResult) -> dict[str, Any]:
    """The report as JSON values. Monthly figures are rounded to cents; totals are exact to the cent.

    Totals are grouped by source, so totals of interleaved sources come back from `from_document` source by source.
    """
    main = next((c for c in result.currencies if c.currency == result.currency), None)
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": result.generated_at.isoformat(),
        "as_of": result.as_of.isoformat(),
        "window": {"start": result.window_start.isoformat(), "end": result.window_end.isoformat()},
        "currency": result.currency,
        "sources": [
            {"name": name, "format": layout, "provider": provider, "billing_periods": [_period(t) for t in totals]}
            for (name, layout, provider), totals in wording.by_source(result.totals).items()
        ],
        "summary": {
            "monthly_cost": _cents(main.monthly_cost) if main else 0.0,
            "monthly_savings": _cents(main.monthly_savings) if main else 0.0,
            "findings": len(result.findings),
            "by_currency": [_rounded(_fields(c)) for c in result.currencies],
            "by_kind": _by_kind(result),
            "kinds": [_rounded(_fields(g)) for g in result.by_kind],
            "by_service": [_rounded(_fields(g)) for g in result.by_service],
            "by_owner": [_rounded(_fields(g)) for g in result.by_owner],
        },
        "checks": [{**_fields(c), "skip_reasons": dict(c.skip_reasons)} for c in result.checks],
        "findings": [_finding(f) for f in result.findings],
        "unmeasured_resources": result.unmeasured_resources,
        "unmatched": {
            "monthly_cost": _cents(result.unmatched_monthly_cost),
            "share": _plain(result.unmatched_share),
            "usage": [_rounded(_fields(u)) for u in result.unmatched],
        },
        "problems": [_fields(p) for p in result.problems],
    }


def from_document(document: Mapping[str, Any]) -> ScanResult:
    """The ScanResult that `to_document` wrote down; unknown fields are passed over."""
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise AdvisorError(
            "stored report",
            why=f"its schema_version is {version!r} and this advisor reads {SCHEMA_VERSION}",
            fix="Run `advisor scan` again to make a new report.",
        )
    try:
        return _result(document)
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise AdvisorError(
            "stored report",
            why=f"it is damaged ({type(error).__name__}: {error})",
            fix="Run `advisor scan` again to make a new report.",
        ) from error


def _escaped(match: re.Match[str]) -> str:
    # JSON allows most of Unicode as it is, but not all of it is safe to show, and lone surrogates cannot be encoded.
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]


def _result(document: Mapping[str, Any]) -> ScanResult:
    summary = document["summary"]
    return ScanResult(
        generated_at=datetime.fromisoformat(document["generated_at"]),
        as_of=date.fromisoformat(document["as_of"]),
        window_start=date.fromisoformat(document["window"]["start"]),
        window_end=date.fromisoformat(document["window"]["end"]),
        currency=document["currency"],
        totals=tuple(_total(source, period) for source in document["sources"] for period in source["billing_periods"]),
        currencies=tuple(CurrencySummary(**_known(CurrencySummary, c)) for c in summary["by_currency"]),
        by_kind=_groups(summary["kinds"]),
        by_service=_groups(summary["by_service"]),
        by_owner=_groups(summary["by_owner"]),
        checks=tuple(CheckResult(**_known(CheckResult, c)) for c in document["checks"]),
        findings=tuple(_read_finding(f) for f in document["findings"]),
        unmatched_monthly_cost=document["unmatched"]["monthly_cost"],
        unmatched_share=document["unmatched"]["share"],
        problems=tuple(Problem(**_known(Problem, p)) for p in document["problems"]),
        unmeasured_resources=document.get("unmeasured_resources"),
        unmatched=tuple(Unmatched(**_known(Unmatched, u)) for u in document["unmatched"].get("usage", ())),
    )


def _by_kind(result: ScanResult) -> dict[str, Any]:
    """An object per kind can hold the money of one currency only, the report's; `kinds` has them all.

    Findings are counted in every currency, so that they add up to the summary's.
    """
    kinds: dict[str, dict[str, Any]] = {}
    for group in result.by_kind:
        entry = kinds.setdefault(
            group.name,
            _rounded(_fields(replace(group, currency=result.currency, findings=0, monthly_cost=0, monthly_savings=0))),
        )
        entry["findings"] += group.findings
        if group.currency == result.currency:
            entry |= {name: value for name, value in _rounded(_fields(group)).items() if name.startswith("monthly_")}
    return kinds


def _period(total: PeriodTotal) -> dict[str, Any]:
    return {
        "period": wording.month(total.period),
        "currency": total.currency,
        "rows": total.rows,
        "billed_cost": _exact(total.billed_cost),
        "credits": _exact(total.credits),
        "effective_cost": _exact(total.effective_cost),
        "currency_conversion_rate": total.currency_conversion_rate,
        "billing_accounts": [
            {name: _exact(value) if isinstance(value, Decimal) else value for name, value in _fields(account).items()}
            for account in total.billing_accounts
        ],
        "notes": list(total.notes),
    }


def _total(source: Mapping[str, Any], period: Mapping[str, Any]) -> PeriodTotal:
    return PeriodTotal(
        source=source["name"],
        format=source["format"],
        provider=source["provider"],
        period=date.fromisoformat(f"{period['period']}-01"),
        currency=period["currency"],
        rows=period["rows"],
        billed_cost=_decimal(period["billed_cost"]),
        credits=_decimal(period["credits"]),
        effective_cost=_decimal(period["effective_cost"]),
        notes=tuple(period["notes"]),
        currency_conversion_rate=period.get("currency_conversion_rate"),
        billing_accounts=tuple(_account(account) for account in period.get("billing_accounts", ())),
    )


def _account(account: Mapping[str, Any]) -> AccountTotal:
    return AccountTotal(
        billing_account_id=account["billing_account_id"],
        rows=account["rows"],
        billed_cost=_decimal(account["billed_cost"]),
        credits=_decimal(account["credits"]),
        effective_cost=_decimal(account["effective_cost"]),
    )


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        **_rounded(_fields(finding)),
        "tags": dict(finding.tags),
        "evidence": _plain(finding.evidence),
        "commands": list(finding.commands),
        "overlaps": list(finding.overlaps),
        "first_seen": finding.first_seen.isoformat(),
        "last_seen": finding.last_seen.isoformat(),
    }


def _read_finding(document: Mapping[str, Any]) -> Finding:
    known = _known(Finding, document)
    return Finding(
        **{
            **known,
            "commands": tuple(known["commands"]),
            "overlaps": tuple(known["overlaps"]),
            "first_seen": date.fromisoformat(known["first_seen"]),
            "last_seen": date.fromisoformat(known["last_seen"]),
        }
    )


def _groups(documents: Iterable[Mapping[str, Any]]) -> tuple[Group, ...]:
    return tuple(Group(**_known(Group, g)) for g in documents)


def _fields(noun: Any) -> dict[str, Any]:
    return {field.name: getattr(noun, field.name) for field in fields(noun)}


def _known(model: type[Any], document: Mapping[str, Any]) -> dict[str, Any]:
    values = {field.name: document[field.name] for field in fields(model) if field.name in document}
    return {
        name: math.nan if value is None and name.startswith("monthly_") else value for name, value in values.items()
    }


def _rounded(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _cents(value) if name.startswith("monthly_") else value for name, value in document.items()}


def _cents(value: float) -> float | None:
    """`value` rounded to cents; None, which is not zero, for a number that is none."""
    return round(float(value), 2) + 0.0 if math.isfinite(value) else None


def _exact(value: Decimal) -> float:
    # A double holds 15 digits: below ten trillion it prints the very cents of the decimal it was made from.
    return float(value.quantize(CENT)) + 0.0


def _decimal(value: float | Decimal) -> Decimal:
    return Decimal(str(value)).quantize(CENT)


def _plain(value: Any) -> Any:
    """`value` in terms of JSON: dates as text, decimals as numbers, what is not a number as null."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int, bool)) else str(value)
