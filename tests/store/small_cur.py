"""Small CUR 2.0 exports, typed and laid out as AWS delivers them, from lines given as dicts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

NAT = "arn:aws:ec2:us-east-1:111122223333:natgateway/nat-0a1b2c3d4e5f67890"
PAYER, ACCOUNT = "999988887777", "111122223333"

TIMES = ("bill_billing_period_start_date", "line_item_usage_start_date", "line_item_usage_end_date")
TEXTS = (
    "bill_payer_account_id",
    "bill_billing_entity",
    "line_item_usage_account_id",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_usage_type",
    "line_item_operation",
    "line_item_resource_id",
    "line_item_currency_code",
    "line_item_line_item_description",
    "product_region_code",
    "product_sku",
    "product_servicecode",
    "reservation_reservation_a_r_n",
    "savings_plan_savings_plan_a_r_n",
    "split_line_item_parent_resource_id",
)
AMOUNTS = (
    "line_item_usage_amount",
    "line_item_unblended_cost",
    "pricing_public_on_demand_cost",
    "reservation_effective_cost",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_recurring_commitment_for_billing_period",
    "split_line_item_split_cost",
    "split_line_item_unused_cost",
)
NET_AMOUNTS = (
    "line_item_net_unblended_cost",
    "reservation_net_effective_cost",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period",
    "reservation_net_unused_recurring_fee",
    "savings_plan_net_savings_plan_effective_cost",
    "savings_plan_net_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_recurring_commitment_for_billing_period",
)
SAVINGS_PLAN_COLUMNS = tuple(name for name in (*TEXTS, *AMOUNTS, *NET_AMOUNTS) if name.startswith("savings_plan_"))
TAGS = pa.map_(pa.string(), pa.string())


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def line(day: str, cost: float, **changes: Any) -> dict[str, Any]:
    """One daily line of an idle NAT gateway, unless `changes` make it something else."""
    start = moment(day)
    return {
        "bill_payer_account_id": PAYER,
        "bill_billing_entity": "AWS",
        "bill_billing_period_start_date": start.replace(day=1, hour=0),
        "line_item_usage_account_id": ACCOUNT,
        "line_item_line_item_type": "Usage",
        "line_item_usage_start_date": start,
        "line_item_usage_end_date": start + timedelta(days=1),
        "line_item_product_code": "AmazonEC2",
        "line_item_usage_type": "NatGateway-Hours",
        "line_item_operation": "NatGateway",
        "line_item_resource_id": NAT,
        "line_item_currency_code": "USD",
        "line_item_usage_amount": 24.0,
        "line_item_unblended_cost": cost,
        "pricing_public_on_demand_cost": cost,
        "product_region_code": "us-east-1",
        "product_sku": "SKUNATHOURS",
        "product_servicecode": "AmazonEC2",
        "resource_tags": {"user_team": "shop"},
    } | changes


def month(period: str, *, cost: float = 1.08, days: int = 0, **changes: Any) -> list[dict[str, Any]]:
    """Daily lines of the idle gateway over `period` (YYYY-MM): found by aws-nat-gateway-idle."""
    first = moment(f"{period}-01")
    after = (first + timedelta(days=32)).replace(day=1)
    return [
        line((first + timedelta(days=n)).date().isoformat(), cost, **changes)
        for n in range(days or (after - first).days)
    ]


def write_parquet(path: Path, lines: list[dict[str, Any]], *, without: tuple[str, ...] = NET_AMOUNTS) -> Path:
    """`lines` as one Parquet file with the types of AWS; columns in `without` are not in the export."""
    kinds = dict.fromkeys(TIMES, pa.timestamp("ms", tz="UTC")) | dict.fromkeys(TEXTS, pa.string())
    kinds |= dict.fromkeys((*AMOUNTS, *NET_AMOUNTS), pa.float64())
    columns = {
        name: pa.array([row.get(name) for row in lines], kind) for name, kind in kinds.items() if name not in without
    }
    tags = [list(row.get("resource_tags", {}).items()) for row in lines]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns | {"resource_tags": pa.array(tags, TAGS)}), path)
    return path


def deliver(
    root: Path,
    period: str,
    lines: list[dict[str, Any]],
    *,
    name: str = "tiny",
    execution: str = "1",
    folder: str = "",
    files: int = 1,
    without: tuple[str, ...] = NET_AMOUNTS,
) -> Path:
    """One delivery of `period` under `root`, with manifest; `folder` names its execution folder (CREATE_NEW_REPORT)."""
    inside = f"BILLING_PERIOD={period}" + (f"/{folder}" if folder else "")
    base = root / "exports" / name
    paths = []
    for number in range(files):
        path = base / "data" / inside / f"{name}-{number + 1:05}.snappy.parquet"
        paths.append(write_parquet(path, lines[number::files], without=without))
    first = moment(f"{period}-01")
    after = (first + timedelta(days=32)).replace(day=1)
    manifest = json.dumps(
        {
            "exportName": name,
            "executionId": execution,
            "billingPeriod": {"start": f"{first:%Y%m%d}T000000.000Z", "end": f"{after:%Y%m%d}T000000.000Z"},
            "bucket": "billing",
            "contentType": "application/parquet",
            "dataFiles": [f"s3://billing/{path.relative_to(root).as_posix()}" for path in paths],
        }
    )
    for target in {f"BILLING_PERIOD={period}", inside}:
        place = base / "metadata" / target / f"{name}-Manifest.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(manifest, "utf-8")
    return root
