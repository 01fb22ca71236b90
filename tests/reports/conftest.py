"""One frozen ScanResult for every format, an empty one, and a hostile one. Never made from the live catalogue."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from advisor.model import (
    CheckResult,
    CurrencySummary,
    Finding,
    Group,
    PeriodTotal,
    Problem,
    ScanResult,
    finding_id,
)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '=HYPERLINK("http://x")',
    "\N{FULLWIDTH EQUALS SIGN}1+1",
    "  @SUM(A1)",
    "+1 and more",
    "\t=1+1",
    "[red]x[/red]",
    "[link=http://x]x[/link]",
    "\x1b[31mred\x1b]8;;http://x\x07\x9b2J",
    "a|b\\|c\\\\|d",
    "`tick` ```fence``` \\` end\\",
    "[text](http://x) ![pic](http://x/p.png) <http://x> http://x www.x.org a@x.org @team #1",
    "# head\n\n- item\r\n\r\n    code\n<div>\n\n| a | b |\n|---|---|\n",
    "right\u202eleft\u2066 \u200f zero\u200bwidth \ufeff",
    "emoji \N{ROCKET} and *stars* _lines_ ~~gone~~ &lt;entity&gt; $x$",
    "{{ 7 * 7 }} {% raw %} ${x} %s {0}",
    "lone \ud800 surrogate",
    "line\u2028separator\x85next\x00nul",
    "-->]]></style></title></textarea><!--",
    "",
    " ",
)


OPINION_FIELDS = ("source", "action", "current_shape", "target_shape", "currency", "refreshed_on")

TEXT_FIELDS = [f.name for f in fields(Finding) if f.type == "str"]


def a_finding(check_id: str = "aws-nat-gateway-idle", **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "check_id": check_id,
        "kind": "idle",
        "title": "NAT gateway moves almost no data",
        "reason": "Processed 0.04 GB in 336 billed hours.",
        "provider": "aws",
        "service": "Amazon Virtual Private Cloud",
        "account_id": "111122223333",
        "account_name": "shop-production",
        "region": "eu-central-1",
        "resource_id": "arn:aws:ec2:eu-central-1:111122223333:natgateway/nat-0a1b2c3d4e5f67890",
        "resource_name": "checkout-nat",
        "resource_type": "NAT gateway",
        "owner": "team-checkout",
        "environment": "production",
        "tags": {"team": "checkout", "cost-center": "4711"},
        "monthly_cost": 37.96,
        "monthly_savings": 37.96,
        "monthly_savings_list": 37.96,
        "currency": "USD",
        "confidence": "high",
        "effort": "low",
        "risk": "medium",
        "evidence": {"hours": 336.0, "gb": 0.0412, "observed_from": "2026-07-18", "observed_to": "2026-07-31"},
        "blind_spots": "The bill alone does not show why it was bought; a standby looks idle.",
        "remediation": "Delete the gateway, or replace it with VPC endpoints.",
        "commands": ("aws ec2 delete-nat-gateway --region eu-central-1 --nat-gateway-id nat-0a1b2c3d4e5f67890",),
        "overlaps": (),
        "status": "new",
        "first_seen": date(2026, 7, 31),
        "last_seen": date(2026, 7, 31),
        **changes,
    }
    if "id" not in values:
        about = (str(values[name]) for name in ("provider", "account_id", "resource_id"))
        values["id"] = finding_id(check_id, *about)
    return Finding(**values)


def _findings() -> tuple[Finding, ...]:
    return (
        a_finding(
            "aws-sagemaker-endpoint-idle",
            title="SageMaker endpoint receives no requests",
            reason="No invocation was billed in 30 days while two ml.g5.12xlarge instances ran for 1,440 hours.",
            service="Amazon SageMaker",
            resource_id="arn:aws:sagemaker:us-east-1:444455556666:endpoint/demo-summarizer-2025-11-a-name-that-is-long",
            resource_name="demo-summarizer-2025-11-a-name-that-is-long",
            resource_type="endpoint",
            account_id="444455556666",
            account_name="ml-research",
            region="us-east-1",
            owner="",
            environment="",
            tags={},
            monthly_cost=10351.4,
            monthly_savings=10351.4,
            monthly_savings_list=11501.56,
            evidence={
                "instance_hours": 1440.0,
                "invocations": 0,
                "instance_types": ["ml.g5.12xlarge"],
                "autoscaling": False,
                "last_invocation": None,
                "observed_from": "2026-07-02",
                "observed_to": "2026-07-31",
            },
            remediation="Delete the endpoint; its model and endpoint configuration cost nothing and can stay.",
            commands=(
                "aws sagemaker delete-endpoint --region us-east-1"
                " --endpoint-name demo-summarizer-2025-11-a-name-that-is-long",
            ),
            overlaps=("aws-sagemaker-endpoint-oversized", "aws-sagemaker-savings-plan"),
        ),
        a_finding(
            "aws-rds-oversized",
            kind="oversized",
            title="Database uses a fraction of its memory",
            reason="CPU stayed below 9% and freeable memory above 70% for 30 days.",
            service="Amazon Relational Database Service",
            resource_id="arn:aws:rds:eu-central-1:111122223333:db:orders",
            resource_name="orders",
            resource_type="db.r6g.4xlarge",
            confidence="medium",
            effort="medium",
            monthly_cost=2140.5,
            monthly_savings=1070.25,
            monthly_savings_list=1337.81,
            evidence={"cpu_p95_percent": 8.7, "freeable_memory_share": 0.714, "proposed": "db.r6g.2xlarge"},
            remediation="Change the instance class to db.r6g.2xlarge in the next maintenance window.",
            commands=(
                "aws rds modify-db-instance --region eu-central-1"
                " --db-instance-identifier orders --db-instance-class db.r6g.2xlarge",
                "aws rds wait db-instance-available --region eu-central-1 --db-instance-identifier orders",
            ),
            status="open",
            first_seen=date(2026, 5, 31),
        ),
        _oversized(),
        _quiet_machine(),
        _oversized_pool(),
        a_finding(
            "gcp-disk-unattached",
            kind="forgotten",
            title="Persistent disk is attached to nothing",
            reason="500 GB pd-ssd billed for 31 days without an instance.",
            provider="gcp",
            service="Compute Engine",
            account_id="shop-analytics",
            account_name="",
            region="europe-west4",
            resource_id="//compute.googleapis.com/projects/shop-analytics/zones/europe-west4-a/disks/etl-scratch",
            resource_name="etl-scratch",
            resource_type="disk",
            owner="data@example.org",
            currency="EUR",
            confidence="medium",
            monthly_cost=93.5,
            monthly_savings=93.5,
            monthly_savings_list=93.5,
            evidence={"gb_months": 500.0, "snapshot_monthly_cost": 12.5},
            remediation="Take a snapshot, then delete the disk.",
            commands=(),
        ),
        a_finding(),
        a_finding(
            "aws-savings-plan-unused",
            kind="commitment",
            title="Savings Plan is not used up",
            reason="12.3% of the commitment covered nothing in July.",
            service="Savings Plans for AWS Compute usage",
            resource_id="arn:aws:savingsplans::111122223333:savingsplan/0c1d2e3f-1111-2222-3333-444455556666",
            resource_name="0c1d2e3f-1111-2222-3333-444455556666",
            resource_type="Savings Plan",
            region="",
            owner="finops",
            monthly_cost=7300.0,
            monthly_savings=0.0,
            monthly_savings_list=0.0,
            evidence={"unused_monthly_cost": 897.9, "ends_on": "2027-03-14", "unused_share": 0.123},
            remediation="Let usage grow into it, and buy less at renewal.",
            commands=(),
        ),
        a_finding(
            "aws-ec2-schedule",
            kind="schedule",
            title="Machine idles at night and on weekends",
            reason="Runs 730 hours a month; its tag says office hours.",
            service="Amazon Elastic Compute Cloud",
            resource_id="i-0123456789abcdef0",
            resource_name="i-0123456789abcdef0",
            resource_type="m6i.xlarge",
            confidence="low",
            monthly_cost=140.16,
            monthly_savings=0.0,
            monthly_savings_list=100.11,
            evidence={"freed_monthly_cost": 100.11},
            commands=(),
            remediation="Stop it outside office hours.",
        ),
    )


QUIET_GRID = ("1" * 6 + "0" * 14 + "1" * 4) * 4 + "1" * 6 + "0" * 12 + "1" * 6 + "1" * 48
"""Monday to Thursday quiet from 20:00 to 06:00, Friday from 18:00 on, and the weekend: 100 hours."""


def _oversized() -> Finding:
    """An instance that is too large, with all the evidence there can be."""
    return a_finding(
        "aws-ec2-oversized",
        kind="oversized",
        title="Instance is larger than its load needs",
        reason="Its CPU (99th percentile) reached 8.6% of 16 vCPUs.",
        service="Amazon Elastic Compute Cloud",
        resource_id="i-0aa11bb22cc33dd44",
        resource_name="checkout-api-1",
        resource_type="EC2 instance",
        confidence="high",
        effort="medium",
        monthly_cost=671.6,
        monthly_savings=428.7,
        monthly_savings_list=503.7,
        evidence={
            "shape": "m6i.4xlarge",
            "family": "m6i",
            "group_name": "",
            "vcpus": 16.0,
            "memory_gib": 64.0,
            "billed_hours": 720.0,
            "target": "m6i.xlarge",
            "price_ratio": 0.25,
            "price_basis": "list",
            "alternatives": [
                {"shape": "m7i.xlarge", "why": "newer generation", "price_ratio": 0.2625},
                {"shape": "m7g.xlarge", "why": "Arm", "price_ratio": 0.2125},
            ],
            "cpu_p99_percent": 8.6,
            "memory_p99_percent": 12.5,
            "cpu_peak_vcpus": 1.912345,
            "memory_peak_gib": 9.6,
            "target_vcpus": 4.0,
            "target_memory_gib": 16.0,
            "headroom_percent": 40.0,
            "not_measured": ["disk throughput", "disk operations"],
            "history_days": 30,
            "observed_from": "2026-07-02",
            "observed_to": "2026-07-31",
            "freed_monthly_cost": 75.0,
            "second_opinion": [
                {
                    "source": "aws-compute-optimizer",
                    "action": "rightsize",
                    "current_shape": "m6i.4xlarge",
                    "target_shape": "m6i.xlarge",
                    "monthly_savings": 402.96,
                    "currency": "USD",
                    "refreshed_on": "2026-07-30",
                },
                {
                    "source": "aws-cost-optimization-hub",
                    "action": "modernize",
                    "current_shape": "m6i.4xlarge",
                    "target_shape": "m7g.xlarge",
                    "refreshed_on": "2026-07-29",
                },
                {"source": "aws-compute-optimizer", "action": "stop"},
            ],
        },
        remediation="Change the type in a quiet hour; the instance stops for minutes.",
        commands=(
            "aws ec2 stop-instances --region eu-central-1 --instance-ids i-0aa11bb22cc33dd44",
            "aws ec2 modify-instance-attribute --region eu-central-1"
            " --instance-id i-0aa11bb22cc33dd44 --instance-type m6i.xlarge",
        ),
    )


def _oversized_pool() -> Finding:
    """A group of which little is known."""
    return a_finding(
        "gcp-compute-oversized",
        kind="oversized",
        title="Machine larger than its load needs",
        reason="Its load should reach 1.6 of 8 vCPUs.",
        provider="gcp",
        service="Compute Engine",
        account_id="shop-analytics",
        account_name="",
        region="europe-west4",
        resource_id="group:gke-etl-pool-1",
        resource_name="gke-etl-pool-1",
        resource_type="node pool",
        owner="data@example.org",
        currency="EUR",
        confidence="low",
        effort="medium",
        monthly_cost=248.0,
        monthly_savings=124.0,
        monthly_savings_list=124.0,
        evidence={
            "target": "n2-standard-4",
            "price_ratio": 0.5,
            "not_measured": ["memory", "network"],
            "history_days": 15,
            "machines": 3,
            "members_with_findings_of_their_own": 1,
        },
        remediation="Make a pool of the smaller type and drain this one.",
        commands=(),
    )


def _quiet_machine() -> Finding:
    return a_finding(
        "aws-ec2-quiet-hours",
        kind="schedule",
        title="Instance does nothing in the same hours of every week",
        reason="In 100 of the week's 168 hours, in stretches of at least 4 hours, it did nothing in any of 4 weeks.",
        service="Amazon Elastic Compute Cloud",
        resource_id="i-0fedcba9876543210",
        resource_name="build-agent",
        resource_type="EC2 instance",
        confidence="medium",
        monthly_cost=280.32,
        monthly_savings=166.86,
        monthly_savings_list=166.86,
        evidence={"quiet_hours": 100, "quiet_grid": QUIET_GRID, "min_block_hours": 4, "weeks": 4},
        remediation="Stop and start it by a schedule.",
        commands=(),
    )


def _totals() -> tuple[PeriodTotal, ...]:
    def total(period: int, rows: int, billed: str, credits: str, effective: str, *notes: str) -> PeriodTotal:
        return PeriodTotal(
            source="main-payer",
            format="aws-cur-2.0",
            provider="aws",
            period=date(2026, period, 1),
            currency="USD",
            rows=rows,
            billed_cost=Decimal(billed),
            credits=Decimal(credits),
            effective_cost=Decimal(effective),
            notes=notes,
        )

    google = PeriodTotal(
        source="gcp-detailed",
        format="gcp-detailed-export",
        provider="gcp",
        period=date(2026, 7, 1),
        currency="EUR",
        rows=98_304,
        billed_cost=Decimal("4310.07"),
        credits=Decimal("0"),
        effective_cost=Decimal("4310.07"),
    )
    return (
        total(5, 1_804_233, "48210.11", "-500.00", "47110.20"),
        total(6, 1_911_020, "52003.92", "-500.00", "50876.55"),
        total(7, 2_004_118, "56120.4", "-500.00", "55020.98", "42 lines of a re-delivered file were left out"),
        google,
    )


def _checks() -> tuple[CheckResult, ...]:
    return (
        CheckResult(id="aws-nat-gateway-idle", title="NAT gateway moves almost no data", judged=12, skipped=0, found=1),
        CheckResult(
            id="aws-rds-oversized",
            title="Database uses a fraction of its memory",
            judged=3,
            skipped=19,
            found=1,
            skip_reasons={"no utilisation data": 17, "too little history": 2},
        ),
        CheckResult(
            id="aws-ec2-oversized",
            title="Instance is larger than its load needs",
            judged=170,
            skipped=34,
            found=1,
            skip_reasons={"no utilisation data": 34},
        ),
        CheckResult(
            id="aws-ec2-schedule",
            title="Machine idles at night and on weekends",
            judged=204,
            skipped=7,
            found=1,
            skip_reasons={"usage lines missing": 5},
        ),
        CheckResult(
            id="any-tag-missing",
            title="Spend without an owner",
            judged=0,
            skipped=0,
            found=0,
            error="Binder Error: column team does not exist",
        ),
    )


@pytest.fixture(scope="session")
def result() -> ScanResult:
    return ScanResult(
        generated_at=datetime(2026, 8, 1, 6, 0, tzinfo=UTC),
        as_of=date(2026, 7, 31),
        window_start=date(2026, 7, 2),
        window_end=date(2026, 7, 31),
        currency="USD",
        totals=_totals(),
        currencies=(
            CurrencySummary(
                currency="USD", monthly_cost=55823.37, monthly_credits=-507.29, monthly_savings=12055.17, findings=7
            ),
            CurrencySummary(
                currency="EUR", monthly_cost=4372.91, monthly_credits=0.0, monthly_savings=217.5, findings=2
            ),
        ),
        by_kind=(
            Group(name="idle", currency="USD", findings=2, monthly_cost=10389.36, monthly_savings=10389.36),
            Group(name="oversized", currency="USD", findings=2, monthly_cost=2812.1, monthly_savings=1498.95),
            Group(name="schedule", currency="USD", findings=2, monthly_cost=420.48, monthly_savings=166.86),
            Group(name="oversized", currency="EUR", findings=1, monthly_cost=248.0, monthly_savings=124.0),
            Group(name="forgotten", currency="EUR", findings=1, monthly_cost=93.5, monthly_savings=93.5),
            Group(name="commitment", currency="USD", findings=1, monthly_cost=7300.0, monthly_savings=0.0),
        ),
        by_service=(
            Group(name="Amazon SageMaker", currency="USD", findings=1, monthly_cost=10351.4, monthly_savings=10351.4),
            Group(
                name="Amazon Relational Database Service",
                currency="USD",
                findings=1,
                monthly_cost=2140.5,
                monthly_savings=1070.25,
            ),
            Group(
                name="Amazon Elastic Compute Cloud",
                currency="USD",
                findings=3,
                monthly_cost=1092.08,
                monthly_savings=595.56,
            ),
            Group(name="Compute Engine", currency="EUR", findings=2, monthly_cost=341.5, monthly_savings=217.5),
            Group(
                name="Amazon Virtual Private Cloud",
                currency="USD",
                findings=1,
                monthly_cost=37.96,
                monthly_savings=37.96,
            ),
        ),
        by_owner=(
            Group(name="", currency="USD", findings=1, monthly_cost=10351.4, monthly_savings=10351.4),
            Group(name="team-checkout", currency="USD", findings=5, monthly_cost=3270.54, monthly_savings=1703.77),
            Group(name="data@example.org", currency="EUR", findings=2, monthly_cost=341.5, monthly_savings=217.5),
            Group(name="finops", currency="USD", findings=1, monthly_cost=7300.0, monthly_savings=0.0),
        ),
        checks=_checks(),
        findings=_findings(),
        unmatched_monthly_cost=1204.8,
        unmatched_share=0.021582,
        problems=(
            Problem(
                what="s3://billing/cur2/2026-06/part-00003.parquet",
                why="the file ends early",
                fix="Wait for the next delivery, or copy the file again.",
            ),
            Problem(
                what="prices",
                why="the newest price table is 190 days old",
                fix="Run `advisor prices`.",
                incomplete=False,
            ),
        ),
    )


@pytest.fixture(scope="session")
def oversized(result: ScanResult) -> Finding:
    """The finding of `result` with all the evidence that a right-sizing can have."""
    (found,) = (f for f in result.findings if f.check_id == "aws-ec2-oversized")
    return found


@pytest.fixture(scope="session")
def empty() -> ScanResult:
    """What a scan of an export without a single charge gives."""
    return ScanResult(
        generated_at=datetime(2026, 8, 1, 6, 0, tzinfo=UTC),
        as_of=date(2026, 7, 31),
        window_start=date(2026, 7, 2),
        window_end=date(2026, 7, 31),
        currency="",
        totals=(),
        currencies=(),
        by_kind=(),
        by_service=(),
        by_owner=(),
        checks=(),
        findings=(),
        unmatched_monthly_cost=0.0,
        unmatched_share=0.0,
        problems=(),
    )


@pytest.fixture(scope="session")
def quiet(result: ScanResult) -> ScanResult:
    """Cost, checks that judged, and nothing to save."""
    return replace(
        result,
        currencies=tuple(replace(c, monthly_savings=0.0, findings=0) for c in result.currencies),
        by_kind=(),
        by_service=(),
        by_owner=(),
        findings=(),
        problems=(),
        checks=result.checks[:1],
    )


def _poisoned(text: str) -> ScanResult:
    number = {"monthly_cost": 12.5, "monthly_savings": 2.5}
    finding = a_finding(
        **dict.fromkeys(TEXT_FIELDS, text),
        tags={text: text, "team": text},
        evidence={
            text: text,
            "list": [text, {text: text}],
            "unused_monthly_cost": 5.0,
            "ends_on": text,
            **dict.fromkeys(("target", "shape", "price_basis", "quiet_grid", "history_days"), text),
            **dict.fromkeys(("vcpus", "target_vcpus", "cpu_peak_vcpus"), 2.0),
            "alternatives": [{"shape": text, "why": text, "price_ratio": 0.5}],
            "not_measured": [text],
            "second_opinion": [dict.fromkeys(OPINION_FIELDS, text)] * 5,
        },
        commands=(text, f"echo {text}"),
        overlaps=(text,),
        monthly_savings=0.0,
    )
    group = Group(name=text, currency=text, findings=1, **number)
    return ScanResult(
        generated_at=datetime(2026, 8, 1, 6, 0, tzinfo=UTC),
        as_of=date(2026, 7, 31),
        window_start=date(2026, 7, 2),
        window_end=date(2026, 7, 31),
        currency=text,
        totals=tuple(
            PeriodTotal(
                source=text,
                format=text,
                provider=text,
                period=date(2026, month, 1),
                currency=text,
                rows=1,
                billed_cost=Decimal("-1.00"),
                credits=Decimal("-2.00"),
                effective_cost=Decimal("1.00"),
                notes=(text,),
            )
            for month in (6, 7)
        ),
        currencies=(CurrencySummary(currency=text, monthly_credits=-1.0, findings=1, **number),),
        by_kind=(group,),
        by_service=(group,),
        by_owner=(group,),
        checks=(CheckResult(id=text, title=text, judged=1, skipped=2, found=1, error=text, skip_reasons={text: 1}),),
        findings=(finding,),
        unmatched_monthly_cost=1.0,
        unmatched_share=0.5,
        problems=(Problem(what=text, why=text, fix=text),),
    )


@pytest.fixture(scope="session", params=HOSTILE, ids=lambda text: ascii(text)[:24])
def hostile(request: pytest.FixtureRequest) -> ScanResult:
    """A result whose every text, keys included, is hostile."""
    return _poisoned(request.param)


@pytest.fixture(scope="session")
def harmless() -> ScanResult:
    """The same result with a harmless text: what the markup must look like."""
    return _poisoned("harmless")
