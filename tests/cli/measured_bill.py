"""A bill that ends yesterday, as CloudWatch keeps samples by their age: two machines in two accounts, and a volume."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import small_cur

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OWN, OTHER = "123456789012", "222233334444"
REGION, OTHER_REGION = "eu-central-1", "eu-west-1"
DAY = timedelta(days=1)
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - DAY
BILLED_DAYS = 32
IDLE_USD, LARGE_USD, VOLUME_USD = 24 * 0.2304, 24 * 0.8988, 500 * 0.0952 / 30
"""Per day: an m7i.xlarge in Frankfurt, an m7i.4xlarge in Ireland, 500 GB of gp3."""


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def hours(days: int = BILLED_DAYS - 1) -> list[datetime]:
    """The hours of the last full days, from the first on."""
    return [midnight(TODAY - n * DAY) + timedelta(hours=h) for n in range(days, 0, -1) for h in range(24)]


def machine(resource_id: str, shape: str, account: str, region: str, prefix: str) -> dict[str, Any]:
    return {
        "line_item_usage_account_id": account,
        "line_item_usage_type": f"{prefix}-BoxUsage:{shape}",
        "line_item_operation": "RunInstances",
        "line_item_resource_id": resource_id,
        "product_region_code": region,
        "product_sku": f"SKU{shape}",
    }


def lines(idle: str, large: str, volume: str) -> list[dict[str, Any]]:
    """Daily lines up to yesterday."""
    disk = {
        "line_item_usage_account_id": OWN,
        "line_item_usage_type": "EUC1-EBS:VolumeUsage.gp3",
        "line_item_operation": "CreateVolume-Gp3",
        "line_item_resource_id": volume,
        "product_region_code": REGION,
        "product_sku": "SKUGP3",
        "line_item_usage_amount": 500 / 30,
    }
    days = [(TODAY - n * DAY).isoformat() for n in range(BILLED_DAYS, 0, -1)]
    return [
        small_cur.line(day, cost, **what)
        for day in days
        for cost, what in (
            (IDLE_USD, machine(idle, "m7i.xlarge", OWN, REGION, "EUC1")),
            (LARGE_USD, machine(large, "m7i.4xlarge", OTHER, OTHER_REGION, "EU")),
            (VOLUME_USD, disk),
        )
    ]


def deliver(root: Path, billed: Sequence[dict[str, Any]]) -> Path:
    """An export of these lines, a delivery for each month."""
    by_month: dict[str, list[dict[str, Any]]] = {}
    for line in billed:
        by_month.setdefault(f"{line['line_item_usage_start_date']:%Y-%m}", []).append(line)
    for period, some in by_month.items():
        small_cur.deliver(root, period, some)
    return root


def compute_optimizer(instance: str) -> str:
    """One line of Compute Optimizer's export of EC2 instances."""
    values = {
        "accountId": OTHER,
        "instanceArn": f"arn:aws:ec2:{OTHER_REGION}:{OTHER}:instance/{instance}",
        "instanceName": "large",
        "finding": "OVER_PROVISIONED",
        "lookbackPeriodInDays": "14.0",
        "currentInstanceType": "m7i.4xlarge",
        "recommendationOptions_1_instanceType": "m7i.xlarge",
        "recommendationOptions_1_estimatedMonthlySavings_value": "480.00",
        "recommendationOptions_1_estimatedMonthlySavings_currency": "USD",
        "recommendationOptions_1_savingsOpportunityPercentage": "75",
        "lastRefreshTimestamp": f"{YESTERDAY}T01:02:03Z",
        "errorCode": "",
        "errorMessage": "",
    }
    return ",".join(values) + "\n" + ",".join(values.values()) + "\n"


def rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    """What the database holds."""
    with duckdb.connect(str(database), read_only=True) as con:
        return con.execute(sql).fetchall()
