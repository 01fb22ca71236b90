"""The nouns of advisor as frozen dataclasses: finding, check result, scan result. No I/O, no clock."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

DAYS_PER_MONTH = 30.4375
"""Mean length of a month in days (365.25 / 12); monthly figures are daily figures times this."""

KINDS = ("idle", "forgotten", "stale", "schedule", "oversized", "modernize", "commitment")
"""Kinds in the order in which they claim a resource's money: what goes away need not be resized."""

CONFIDENCES = ("low", "medium", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One judgement on one resource. Money is per month, in `currency`."""

    id: str
    check_id: str
    kind: str
    title: str
    reason: str
    provider: str
    service: str
    account_id: str
    account_name: str
    region: str
    resource_id: str
    resource_name: str
    resource_type: str
    owner: str
    environment: str
    tags: Mapping[str, str]
    monthly_cost: float
    monthly_savings: float
    monthly_savings_list: float
    currency: str
    confidence: str
    effort: str
    risk: str
    evidence: Mapping[str, Any]
    blind_spots: str
    remediation: str
    commands: tuple[str, ...]
    overlaps: tuple[str, ...]
    status: str
    first_seen: date
    last_seen: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check looked at: resources judged, skipped (with reasons and their number), findings, or its error."""

    id: str
    title: str
    judged: int
    skipped: int
    found: int
    error: str = ""
    skip_reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTotal:
    """The part of one billing account in a PeriodTotal."""

    billing_account_id: str
    rows: int
    billed_cost: Decimal
    credits: Decimal
    effective_cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodTotal:
    """The sums of one billing period of one source in one currency; equal in export and database to the cent.

    `billed_cost` is after the export's credits, `credits` are these (negative or zero): their difference is the cost
    before credits. `effective_cost` is before those credits that end.
    """

    source: str
    format: str
    provider: str
    period: date
    currency: str
    rows: int
    billed_cost: Decimal
    credits: Decimal
    effective_cost: Decimal
    notes: tuple[str, ...] = ()
    currency_conversion_rate: float | None = None
    billing_accounts: tuple[AccountTotal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencySummary:
    """Totals of one currency; amounts of two currencies are never added.

    `monthly_cost` is effective cost before credits over the window, per month; `monthly_credits` (negative or zero)
    is what credits take off the invoice now, so cost when credits end is `monthly_cost`.
    """

    currency: str
    monthly_cost: float
    monthly_credits: float
    monthly_savings: float
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One line of a summary: a kind, a service or an owner, in one currency."""

    name: str
    currency: str
    findings: int
    monthly_cost: float
    monthly_savings: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """Usage that no check looks at and that is of no known kind: something new, or something renamed."""

    provider: str
    service: str
    usage: str
    monthly_cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that could not be read or judged, and the way out. `incomplete` problems make the exit code 3."""

    what: str
    why: str
    fix: str
    incomplete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """Everything a report shows. `findings` are ordered by savings, descending, then id."""

    generated_at: datetime
    as_of: date
    window_start: date
    window_end: date
    currency: str
    totals: tuple[PeriodTotal, ...]
    currencies: tuple[CurrencySummary, ...]
    by_kind: tuple[Group, ...]
    by_service: tuple[Group, ...]
    by_owner: tuple[Group, ...]
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    unmatched_monthly_cost: float
    unmatched_share: float
    problems: tuple[Problem, ...]
    unmatched: tuple[Unmatched, ...] = ()
    unmeasured_resources: int | None = None
    """Resources that some check could not judge for lack of utilisation data; None in reports from before it was told."""


def finding_id(check_id: str, provider: str, account_id: str, resource_id: str) -> str:
    """A stable digest of what a finding is about: 16 hex digits, free of costs, dates and names.

    >>> finding_id("aws-nat-gateway-idle", "aws", "111122223333", "nat-0a1b")
    '94bdd4a8e1b2d2fa'
    """
    parts = "\x1f".join((check_id, provider, account_id, resource_id))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]
