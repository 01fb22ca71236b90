"""Writes the sample exports of Nordwind Robotics, their totals and the list of planted waste.

`python make.py` turns the tables of company.py into four billing exports beside this file, each in the provider's own
layout. It knows no clock and no chance: two runs give the same bytes. Money is Decimal with ten decimals until it is
written, and totals.toml is summed here from the lines in memory, not read back from the files.
"""

from __future__ import annotations

import calendar
import csv
import gzip
import io
import json
import re
import shutil
import uuid
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D  # noqa: N817
from pathlib import Path

import gcp_make
import metrics
import pyarrow as pa
import pyarrow.parquet as pq
from common import HERE, WOBBLE, digest, factor, quoted, table, target_of, write
from company import (
    EXTRAS,
    METERS,
    ORGANISATIONS,
    OWNED,
    PERIODS,
    REGIONS,
    RESERVATIONS,
    SAVINGS_PLANS,
    SERVICES,
    TYPE_PRICES,
)
from schemas import CUR2_TYPES, FOCUS_TYPES, LEGACY_HEADER, NET_TWINS, snake

BUCKET = "nordwind-billing"
TEN = D("1e-10")
NORMAL_SIZES = {"medium": "2", "large": "4", "xlarge": "8", "2xlarge": "16", "4xlarge": "32"}
MONTH_FACTOR = {"2026-08": D(1), "2026-09": D("1.013"), "2026-10": D("0.992")}
# private discount: rate, and the months whose export carries the net columns
PRIVATE_DISCOUNTS = {"aws_cur_legacy": (D("0.05"), {"2026-09", "2026-10"}), "aws_cur2_csv": (D("0.03"), set(PERIODS))}
STALE_AFTER = {("aws_cur_legacy", "2026-09"): 17, ("aws_cur2_csv", "2026-10"): 20}
UNDISCOUNTED = {"Tax", "Credit", "Refund", "BundledDiscount", "EdpDiscount"}


@dataclass(frozen=True)
class Meter:
    """One row of METERS."""

    code: str
    family: str
    usage_type: str
    operation: str
    unit: str
    price: str


@dataclass
class Resource:
    """One owned thing: what it is billed for, when, and what the checks should say about it."""

    export: str
    account: tuple[str, str]
    region: str
    id: str
    tags: dict[str, str]
    items: list[tuple[str, str, D, str]]  # meter key, type, quantity, pattern
    options: dict[str, str]
    verdict: str


@dataclass
class Plan:
    """What one commitment was used for within a billing period."""

    used: dict = field(default_factory=lambda: defaultdict(D))  # slot -> commitment or hours used
    negated: dict = field(default_factory=lambda: defaultdict(D))  # (slot, line template key) -> on-demand cost
    samples: dict = field(default_factory=dict)  # line template key -> a covered line


def money(value: D) -> D:
    """Ten decimals, as the exports carry."""
    return value.quantize(TEN)


METER = {key: Meter(*rest) for key, *rest in table(METERS)}


def resources(export: str) -> list[Resource]:
    """Parses the rows that one export bills."""
    found = []
    accounts = ORGANISATIONS[export][2]
    for short, region, rid, tags, items, options, verdict in (r for r in table(OWNED[export])):
        parsed = [re.fullmatch(r"([\w-]+)(?::([^=]+))?=([\d.]+)(?:@(\w+))?", item).groups("") for item in items.split()]
        choice = dict(o.split("=") for o in options.split())
        for n in range(int(choice.get("n", 1))):
            name = re.sub(r"#([\w]+)", lambda m, n=n: digest(f"{export}/{m[1]}/{n}"), rid)
            if "~" in name:
                service, tail = name.split("~")
                place = "" if service == "cloudfront" else region
                name = f"arn:aws:{service}:{place}:{accounts[short][0]}:{tail}"
            own = {(k if ":" in k else f"user:{k}"): v for k, _, v in (t.rpartition("=") for t in tags.split())}
            if n and "user:Name" in own:
                own["user:Name"] += f"-{n + 1}"
            found.append(
                Resource(
                    export,
                    accounts[short],
                    region,
                    name,
                    own,
                    [(k, x, D(q), p or "flat") for k, x, q, p in parsed],
                    choice,
                    verdict,
                )
            )
    return found


def hours_of(period: str) -> int:
    """Hours in a billing period."""
    return 24 * calendar.monthrange(int(period[:4]), int(period[5:]))[1]


def quantity(item: tuple, seed: str, period: str, day: date, hour: int | None) -> D:
    """Usage of one hour, or of the whole day when hour is None."""
    key, _, amount, pattern = item
    unit = METER[key].unit
    if unit.lower().endswith("-mo") or unit in ("Keys", "Month", "Metrics"):
        amount = amount / hours_of(period)
    if hour is not None:
        return money(amount * factor(pattern, seed, day, hour))
    if pattern in ("flat", "grow", "plateau"):
        return money(24 * amount * factor(pattern, seed, day, 0))
    return money(amount * sum(factor(pattern, seed, day, h) for h in range(24)))


def rate_of(key: str, kind: str, region: str) -> D:
    """On-demand unit price in a region."""
    meter = METER[key]
    price = meter.price
    value = D(TYPE_PRICES[kind]) * len(price) if price.startswith("*") else D(price)
    if key == "spot":
        value *= D("0.38")
    return money(value if meter.code == "AmazonCloudFront" else value * D(REGIONS[region][2]))


def stamp(day: date, hour: int = 0) -> datetime:
    """A UTC moment."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def period_bounds(period: str) -> tuple[datetime, datetime]:
    """First moment of a billing period and of the next."""
    start = stamp(date.fromisoformat(f"{period}-01"))
    return start, start + timedelta(hours=hours_of(period))


def common(export: str, account: tuple[str, str], period: str, code: str) -> dict:
    """Columns that every line of an account and billing period shares."""
    payer, payer_name, _ = ORGANISATIONS[export]
    start, end = period_bounds(period)
    return {
        "bill_invoice_id": str(int(digest(f"{payer}{period}", 8), 16) % 10**10),
        "bill_invoicing_entity": "Amazon Web Services, Inc.",
        "bill_billing_entity": "AWS",
        "bill_bill_type": "Anniversary",
        "bill_payer_account_id": payer,
        "bill_payer_account_name": payer_name,
        "bill_billing_period_start_date": start,
        "bill_billing_period_end_date": end,
        "line_item_usage_account_id": account[0],
        "line_item_usage_account_name": account[1],
        "line_item_legal_entity": "Amazon Web Services, Inc.",
        "line_item_currency_code": "USD",
        "pricing_currency": "USD",
        "line_item_product_code": code,
        "line_item_usage_start_date": start,
        "line_item_usage_end_date": end,
        "product_servicecode": code,
        "tags": {},
        "categories": {},
        "discounts": {},
    }


def product_columns(key: str, kind: str, region: str) -> dict:
    """Product attributes of a metered line; spot lines have none, as in real exports."""
    meter = METER[key]
    usage_type = meter.usage_type.format(o=REGIONS[region][0], n=REGIONS[region][1], r=region, x=kind)
    columns = {"line_item_usage_type": usage_type, "line_item_operation": meter.operation, "pricing_unit": meter.unit}
    if key == "spot":
        return columns
    sku = digest(f"{usage_type}/{meter.operation}", 16).upper()
    place = "" if meter.code == "AmazonCloudFront" else region
    columns |= {
        "product_product_name": SERVICES[meter.code][0],
        "product_servicename": SERVICES[meter.code][0],
        "product_product_family": meter.family,
        "product_region": place,
        "product_region_code": place,
        "product_location": REGIONS[region][3] if place else "Any",
        "product_location_type": "AWS Region",
        "product_sku": sku,
        "product_usagetype": usage_type,
        "product_operation": meter.operation,
        "pricing_rate_code": f"{sku}.JRTCKXETXF.6YS6EN2CT7",
        "pricing_rate_id": str(int(sku[:10], 16)),
        "pricing_term": "OnDemand",
    }
    if "." in kind and meter.price.startswith("*"):
        family = next(part for part in kind.split(".") if part not in ("db", "cache", "ml"))
        chip = "AWS Graviton Processor" if re.match(r"[a-z]+\d+gd?n?$", family) else "Intel Xeon Processor"
        columns |= {
            "product_instance_type": kind,
            "product_instance_type_family": family,
            "product_physical_processor": chip,
            "product_current_generation": "No" if re.match(r"(m4|t2|ds2)$", family) else "Yes",
            "product_normalization_size_factor": NORMAL_SIZES.get(kind.split(".")[-1]),
        }
    if key in ("box", "winbox", "unusedbox"):
        columns |= {
            "product_operating_system": "Windows" if key == "winbox" else "Linux",
            "product_tenancy": "Shared",
            "product_pre_installed_sw": "NA",
            "product_license_model": "No License required",
        }
    if meter.code == "AmazonRDS":
        columns |= {
            "product_database_engine": "PostgreSQL",
            "product_deployment_option": "Multi-AZ" if "maz" in key else "Single-AZ",
        }
    if meter.family == "Storage" and meter.code == "AmazonEC2":
        columns |= {
            "product_volume_api_name": key,
            "product_volume_type": "General Purpose" if key[0] == "g" else "Provisioned IOPS",
        }
    if meter.code == "AmazonElastiCache":
        columns |= {"product_cache_engine": "Redis"}
    return columns


def template(owner: Resource, period: str, key: str, kind: str) -> dict:
    """Everything of a usage line but its time and its amount."""
    meter, rate = METER[key], rate_of(key, kind, owner.region)
    tags = dict(owner.tags)
    if period > "2026-08" and "user:team" in tags:
        tags["user:project"] = "nw-" + tags["user:team"]
    environment = "Production" if owner.tags.get("user:env") == "prod" else "Non-production"
    where = REGIONS[owner.region][3]
    text = f"${rate.normalize():f} per {meter.unit} {meter.family} {kind} in {where}".replace("  ", " ")
    if key == "spot":
        text = f"{kind} Linux/UNIX Spot Instance-hour in {where} in VPC Zone #1"
    zone = owner.region + "a" if key in ("box", "winbox", "spot", "unusedbox") else None
    return (
        common(owner.export, owner.account, period, meter.code)
        | product_columns(key, kind, owner.region)
        | {
            "line_item_line_item_type": "Usage",
            "line_item_resource_id": owner.id,
            "capacity_reservation_capacity_reservation_arn": owner.id if ":capacity-reservation/" in owner.id else None,
            "line_item_availability_zone": zone,
            "line_item_unblended_rate": rate,
            "line_item_blended_rate": rate,
            "pricing_public_on_demand_rate": rate,
            "line_item_line_item_description": text,
            "tags": tags,
            "categories": {"Environment": environment},
        }
    )


def slots(export: str, period: str, options: dict) -> list[tuple[date, int | None]]:
    """Days, or hours of the hourly export, in which a resource exists."""
    first, last = (date.fromisoformat(options.get(k, d)) for k, d in (("from", "2026-08-01"), ("to", "2026-10-31")))
    start, end = (moment.date() for moment in period_bounds(period))
    days = [start + timedelta(n) for n in range((end - start).days) if first <= start + timedelta(n) <= last]
    hours = range(24) if export == "aws_cur2_parquet" else [None]
    return [(day, hour) for day in days for hour in hours]


def timed(line: dict, slot: tuple[date, int | None]) -> dict:
    """The line at one hour or day."""
    day, hour = slot
    start = stamp(day, hour or 0)
    return line | {
        "line_item_usage_start_date": start,
        "line_item_usage_end_date": start + timedelta(hours=24 if hour is None else 1),
    }


def reservation_arn(key: str) -> str:
    """ARN of a reservation."""
    export, account, region, meter, *_ = RESERVATIONS[key]
    word = {
        "rds": "rds:{}:{}:ri:",
        "cache": "elasticache:{}:{}:reserved-instance:",
        "box": "ec2:{}:{}:reserved-instances/",
    }[meter]
    return (
        "arn:aws:"
        + word.format(region, ORGANISATIONS[export][2][account][0])
        + str(uuid.uuid5(uuid.NAMESPACE_DNS, key))
    )


def plan_arn(key: str) -> str:
    """ARN of a savings plan."""
    export, account, *_ = SAVINGS_PLANS[key]
    owner = ORGANISATIONS[export][2][account][0]
    return f"arn:aws:savingsplans::{owner}:savingsplan/{uuid.uuid5(uuid.NAMESPACE_DNS, key)}"


def reservation_rates(key: str) -> tuple[D, D]:
    """Upfront share and recurring fee of one reserved hour."""
    *_, upfront, hourly, _ = RESERVATIONS[key]
    return money(D(upfront) / 8760), D(hourly)


def cover(line: dict, owner: Resource, slot: tuple, plans: dict[str, Plan]) -> dict:
    """Turns on-demand usage into usage that a commitment covers."""
    usage, cost = line["line_item_usage_amount"], line["line_item_unblended_cost"]
    if key := owner.options.get("sp"):
        _, _, _, _, ratio, _, _ = SAVINGS_PLANS[key]
        effective, plan = money(cost * D(ratio)), plans[key]
        group = (line["line_item_usage_account_id"], line["line_item_usage_type"])
        plan.used[slot] += effective
        plan.negated[slot, group] += cost
        plan.samples[group] = line
        return line | {
            **plan_columns(key),
            "line_item_line_item_type": "SavingsPlanCoveredUsage",
            "savings_plan_savings_plan_effective_cost": effective,
            "savings_plan_savings_plan_rate": money(line["line_item_unblended_rate"] * D(ratio)),
        }
    if key := owner.options.get("ri"):
        upfront, hourly = reservation_rates(key)
        plans[key].used[slot] += usage
        return line | {
            "line_item_line_item_type": "DiscountedUsage",
            "line_item_unblended_cost": D(0),
            "line_item_unblended_rate": D(0),
            "reservation_reservation_a_r_n": reservation_arn(key),
            "reservation_effective_cost": money(usage * (upfront + hourly)),
            "reservation_amortized_upfront_cost_for_usage": money(usage * upfront),
            "reservation_recurring_fee_for_usage": money(usage * hourly),
            "pricing_term": "Reserved",
            "pricing_lease_contract_length": "1yr",
            "pricing_offering_class": "standard",
            "pricing_purchase_option": "No Upfront" if not upfront else "Partial Upfront" if hourly else "All Upfront",
        }
    return line


def usage_lines(export: str, period: str, plans: dict[str, Plan]) -> list[dict]:
    """Metered lines of all resources, and the pod lines beside cluster nodes."""
    lines = []
    for owner in resources(export):
        when = slots(export, period, owner.options)
        for position, item in enumerate(owner.items):
            key, kind, *_ = item
            base = template(owner, period, key, kind)
            size = D(NORMAL_SIZES.get(kind.split(".")[-1], 0)) if key in ("box", "rds", "cache") else D(0)
            for slot in when:
                usage = quantity(item, owner.id, period, *slot)
                if not usage:
                    continue
                cost = money(usage * base["line_item_unblended_rate"])
                line = timed(base, slot) | {
                    "line_item_usage_amount": usage,
                    "line_item_unblended_cost": cost,
                    "line_item_blended_cost": cost,
                    "pricing_public_on_demand_cost": cost,
                }
                if size:
                    line |= {
                        "line_item_normalization_factor": size,
                        "line_item_normalized_usage_amount": money(usage * size),
                    }
                lines.append(cover(line, owner, slot, plans) if position == 0 else line)
        if "pods" in owner.options:
            lines += pod_lines(owner, period, when)
    return lines


def pod_lines(node: Resource, period: str, when: list) -> list[dict]:
    """Split cost allocation: one pod per node, 60 % of its CPU and memory used, the rest idle."""
    key, kind, *_ = node.items[0]
    cluster = node.options["pods"]
    pod = (
        f"arn:aws:eks:{node.region}:{node.account[0]}:pod/{cluster}/telemetry/collector-{digest(node.id, 5)}/"
        f"{uuid.uuid5(uuid.NAMESPACE_DNS, node.id)}"
    )
    tags = {"aws:eks:cluster-name": cluster, "aws:eks:namespace": "telemetry", "aws:eks:workload-name": "collector"}
    rate, lines = rate_of(key, kind, node.region), []
    for name, capacity, part in (("vCPU", D(4), D("0.7")), ("GB", D(16), D("0.3"))):
        base = template(node, period, key, kind) | {
            "line_item_product_code": "AmazonEKS",
            "product_servicecode": "AmazonEKS",
            "product_product_name": SERVICES["AmazonEKS"][0],
            "line_item_usage_type": f"{REGIONS[node.region][1]}EKS-EC2-{name}-Hours",
            "line_item_operation": "EKSPod-EC2",
            "line_item_resource_id": pod,
            "line_item_line_item_description": f"EKS pod {name} hours on EC2",
            "tags": tags,
            "line_item_usage_amount": capacity * D("0.6"),
            "line_item_unblended_cost": D(0),
            "line_item_blended_cost": D(0),
            "line_item_unblended_rate": D(0),
            "line_item_blended_rate": D(0),
            "pricing_public_on_demand_cost": D(0),
            "pricing_unit": f"{name}-Hours",
            "split_line_item_parent_resource_id": node.id,
            "split_line_item_reserved_usage": capacity * D("0.5"),
            "split_line_item_actual_usage": capacity * D("0.6"),
            "split_line_item_split_usage": capacity * D("0.6"),
            "split_line_item_split_usage_ratio": D("0.6"),
            "split_line_item_split_cost": money(rate * part * D("0.6")),
            "split_line_item_unused_cost": money(rate * part * D("0.4")),
            "split_line_item_public_on_demand_split_cost": money(rate * part * D("0.6")),
            "split_line_item_public_on_demand_unused_cost": money(rate * part * D("0.4")),
        }
        lines += [timed(base, slot) for slot in when]
    return lines


def plan_columns(key: str) -> dict:
    """Columns that every line of one savings plan shares."""
    _, _, region, payment, *_ = SAVINGS_PLANS[key]
    return {
        "savings_plan_savings_plan_a_r_n": plan_arn(key),
        "savings_plan_offering_type": "ComputeSavingsPlans",
        "savings_plan_payment_option": payment,
        "savings_plan_purchase_term": "1yr",
        "savings_plan_region": region,
        "savings_plan_start_time": "2026-06-01T00:00:00.000Z",
        "savings_plan_end_time": "2027-05-31T23:59:59.000Z",
    }


def negation_lines(key: str, plan: Plan) -> list[dict]:
    """One negative line for all usage of a kind that a savings plan covers in an hour or day."""
    lines = []
    for (slot, group), cost in plan.negated.items():
        sample = plan.samples[group]
        kept = {k: v for k, v in sample.items() if not k.startswith(("product_instance", "line_item_normal"))}
        note = f"SavingsPlanNegation used by AccountId : {group[0]} and UsageSku : {sample['product_sku']}"
        lines.append(
            timed(kept, slot)
            | plan_columns(key)
            | {
                "line_item_line_item_type": "SavingsPlanNegation",
                "line_item_resource_id": None,
                "tags": {},
                "categories": {},
                "line_item_line_item_description": note,
                "line_item_unblended_cost": -cost,
                "line_item_blended_cost": -cost,
                "pricing_public_on_demand_cost": None,
            }
        )
    return lines


def savings_plan_lines(export: str, period: str, plans: dict[str, Plan]) -> list[dict]:
    """Negations of the covered usage and the commitment's own lines."""
    lines = []
    for key, (of, account, region, payment, _, unused, _) in SAVINGS_PLANS.items():
        if of != export:
            continue
        plan, upfront = plans[key], payment == "All Upfront"
        lines += negation_lines(key, plan)
        base = (
            common(export, ORGANISATIONS[export][2][account], period, "ComputeSavingsPlans")
            | plan_columns(key)
            | {
                "line_item_line_item_type": "SavingsPlanRecurringFee",
                "line_item_resource_id": plan_arn(key),
                "line_item_usage_type": f"{REGIONS[region][1]}ComputeSP:1yr{payment.replace(' ', '')}",
                "line_item_operation": "",
                "product_product_name": SERVICES["ComputeSavingsPlans"][0],
                "product_region_code": region,
                "product_region": region,
                "line_item_line_item_description": f"1 year {payment} Compute Savings Plan",
                "line_item_usage_amount": D(1),
                "pricing_unit": "Hrs",
            }
        )
        for slot, used in plan.used.items():
            total = money(used / (1 - D(unused)))
            fee, hours = D(0) if upfront else total, D(1 if slot[1] is not None else 24)
            lines.append(
                timed(base, slot)
                | {
                    "line_item_usage_amount": hours,
                    "line_item_unblended_cost": fee,
                    "line_item_blended_cost": fee,
                    "savings_plan_total_commitment_to_date": total,
                    "savings_plan_used_commitment": used,
                    "savings_plan_amortized_upfront_commitment_for_billing_period": total - fee,
                    "savings_plan_recurring_commitment_for_billing_period": fee,
                }
            )
    return lines


def reservation_base(key: str, period: str) -> dict:
    """Columns that the fees of one reservation share."""
    export, account, region, meter, kind, count, *_ = RESERVATIONS[key]
    usage_type = {"box": "HeavyUsage:", "rds": "InstanceUsage:", "cache": "NodeUsage:"}[meter] + kind
    return (
        common(export, ORGANISATIONS[export][2][account], period, METER[meter].code)
        | product_columns(meter, kind, region)
        | {
            "line_item_resource_id": reservation_arn(key),
            "reservation_reservation_a_r_n": reservation_arn(key),
            "pricing_term": "Reserved",
            "line_item_operation": METER[meter].operation,
            "line_item_usage_type": REGIONS[region][0] + usage_type,
            "pricing_lease_contract_length": "1yr",
            "pricing_offering_class": "standard",
            "reservation_start_time": "2026-08-01T00:00:00.000Z",
            "reservation_end_time": "2027-07-31T23:59:59.000Z",
            "reservation_number_of_reservations": str(count),
            "reservation_subscription_id": str(int(digest(key, 8), 16)),
            "reservation_units_per_reservation": "1",
        }
    )


def reservation_lines(export: str, period: str, plans: dict[str, Plan]) -> list[dict]:
    """Monthly RI fees with their unused part, and the upfront fee in the month of purchase."""
    lines = []
    for key, (of, _, _, _, kind, count, upfront, *_) in RESERVATIONS.items():
        if of != export:
            continue
        share, fee = reservation_rates(key)
        units = D(count * hours_of(period))
        unused = units - sum(plans[key].used.values(), D(0))
        base = reservation_base(key, period)
        cost = money(units * fee)
        lines.append(
            base
            | {
                "line_item_line_item_type": "RIFee",
                "line_item_usage_amount": units,
                "line_item_unblended_cost": cost,
                "line_item_blended_cost": cost,
                "line_item_unblended_rate": fee,
                "line_item_line_item_description": f"USD {fee} hourly fee per {kind}, {count} reserved",
                "reservation_amortized_upfront_fee_for_billing_period": money(units * share),
                "reservation_unused_quantity": unused,
                "reservation_unused_amortized_upfront_fee_for_billing_period": money(unused * share),
                "reservation_unused_recurring_fee": money(unused * fee),
                "reservation_total_reserved_units": str(units),
                "reservation_upfront_value": D(upfront) * count,
            }
        )
        if D(upfront) and period == PERIODS[0]:
            cost = D(upfront) * count
            lines.append(
                base
                | {
                    "bill_bill_type": "Purchase",
                    "line_item_line_item_type": "Fee",
                    "line_item_usage_amount": D(count),
                    "pricing_unit": "Quantity",
                    "line_item_unblended_cost": cost,
                    "line_item_blended_cost": cost,
                    "line_item_line_item_description": f"Sign up charge for reserved instance {kind}",
                }
            )
    return lines


def extra_lines(export: str, period: str) -> list[dict]:
    """Marketplace, support, taxes, credits, refunds and bundled discounts."""
    lines = []
    for of, account, kind, code, product, seller, amount, note, *_ in table(EXTRAS):
        if of != export or (kind == "Refund" and period != "2026-09"):
            continue
        line = common(export, ORGANISATIONS[export][2][account], period, code) | {
            "line_item_line_item_type": kind,
            "line_item_line_item_description": note,
            "line_item_usage_amount": D(1),
            "line_item_usage_type": "",
            "product_product_name": product or SERVICES[code][0],
        }
        if seller:
            line |= {
                "bill_billing_entity": "AWS Marketplace",
                "line_item_legal_entity": seller,
                "product_servicecode": "",
                "line_item_usage_type": "MP:Monthly_Subscription-Units"
                if kind == "Fee"
                else "MP:USE1_MessagesSent-Units",
                "pricing_unit": "Units",
                "line_item_operation": "" if kind == "Fee" else "Usage",
            }
        if kind == "Tax":
            line |= {"line_item_tax_type": "USSalesTax"}
        if kind == "Refund":
            line |= {"bill_bill_type": "Refund"}
        if kind == "Usage":
            for slot in slots(export, period, {}):
                spread = WOBBLE[zlib.crc32(f"{code}{slot}".encode()) % 5] ** 4
                cost = money(D(amount) / 30 * spread)
                lines.append(
                    timed(line, slot)
                    | {
                        "line_item_usage_amount": cost * 100,
                        "line_item_unblended_cost": cost,
                        "line_item_blended_cost": cost,
                        "line_item_unblended_rate": D("0.01"),
                        "pricing_public_on_demand_cost": D(0),
                    }
                )
            continue
        steady = seller or kind in ("Credit", "Refund")
        cost = D(amount) if steady else (D(amount) * MONTH_FACTOR[period]).quantize(D("0.01"))
        line |= {"line_item_unblended_cost": cost, "line_item_blended_cost": cost}
        if kind == "BundledDiscount":
            line |= {
                "discount_bundled_discount": cost,
                "discount_total_discount": cost,
                "discounts": {"bundled_discount": cost},
            }
        lines.append(line)
    return lines


def apply_private_discount(lines: list[dict], export: str, period: str) -> None:
    """Adds net columns and, in the legacy export, the separate EdpDiscount lines."""
    if export not in PRIVATE_DISCOUNTS:
        return
    rate, net_months = PRIVATE_DISCOUNTS[export]
    rebates: dict[tuple, D] = defaultdict(D)
    for line in lines:
        eligible = line["bill_billing_entity"] == "AWS" and line["line_item_line_item_type"] not in UNDISCOUNTED
        keep = 1 - rate if eligible else D(1)
        cost = line["line_item_unblended_cost"]
        off = money(cost * keep) - cost
        account = (line["line_item_usage_account_id"], line["line_item_usage_account_name"])
        rebates[line["line_item_usage_start_date"], account, line["line_item_product_code"]] += off
        if period in net_months:
            line.update(
                {net: money(line[gross] * keep) for gross, net in NET_TWINS.items() if line.get(gross) is not None}
            )
            line["line_item_net_unblended_rate"] = money(line.get("line_item_unblended_rate", D(0)) * keep)
            if off:
                line["discounts"] = {"edp_discount": off}
                line["discount_total_discount"] = line["discount_edp_discount"] = off
    if export != "aws_cur_legacy":
        return
    for (start, account, code), off in rebates.items():
        if off:
            lines.append(
                common(export, account, period, code)
                | {
                    "line_item_line_item_type": "EdpDiscount",
                    "line_item_usage_start_date": start,
                    "line_item_usage_end_date": start + timedelta(days=1),
                    "line_item_line_item_description": "Enterprise Program Discount",
                    "line_item_usage_amount": D(1),
                    "line_item_unblended_cost": off,
                    "line_item_blended_cost": off,
                    "product_product_name": SERVICES[code][0],
                    "line_item_net_unblended_cost": D(0) if period == "2026-09" else None,
                }
            )


def bill(export: str, period: str) -> list[dict]:
    """All lines of one organisation and billing period."""
    plans: dict[str, Plan] = defaultdict(Plan)
    lines = usage_lines(export, period, plans)
    lines += (
        savings_plan_lines(export, period, plans)
        + reservation_lines(export, period, plans)
        + extra_lines(export, period)
    )
    apply_private_discount(lines, export, period)
    seed = int(digest(export + period, 12), 16)
    for number, line in enumerate(lines):
        line["identity_line_item_id"] = f"{seed:012x}{number:014x}"
        line["identity_time_interval"] = "/".join(iso(line[f"line_item_usage_{end}_date"]) for end in ("start", "end"))
    return lines


# ---- sums ----------------------------------------------------------------------------------------


def billed(line: dict, net: bool) -> D:
    """What the invoice charges for a line."""
    if net and line["line_item_line_item_type"] == "EdpDiscount":
        return D(0)
    value = line.get("line_item_net_unblended_cost") if net else None
    return line["line_item_unblended_cost"] if value is None else value


def effective(line: dict, net: bool) -> D:
    """Amortised cost."""

    def pick(gross: str) -> D:
        value = line.get(NET_TWINS[gross]) if net else None
        return line.get(gross, D(0)) if value is None else value

    kind = line["line_item_line_item_type"]
    if kind in ("SavingsPlanNegation", "SavingsPlanUpfrontFee"):
        return D(0)
    if kind == "SavingsPlanCoveredUsage":
        return pick("savings_plan_savings_plan_effective_cost")
    if kind == "DiscountedUsage":
        return pick("reservation_effective_cost")
    if kind == "SavingsPlanRecurringFee":
        parts = [f"savings_plan_{p}_commitment_for_billing_period" for p in ("amortized_upfront", "recurring")]
        unused = line["savings_plan_total_commitment_to_date"] - line["savings_plan_used_commitment"]
        return unused * sum(map(pick, parts)) / sum(line[p] for p in parts)
    if kind == "RIFee":
        return pick("reservation_unused_amortized_upfront_fee_for_billing_period") + pick(
            "reservation_unused_recurring_fee"
        )
    if kind == "Fee" and line.get("reservation_reservation_a_r_n"):
        return D(0)
    return billed(line, net)


def bridge(line: dict) -> D:
    """True-up plus upfront fees: what must be added to the amortised cost to reach the unblended cost."""
    kind = line["line_item_line_item_type"]
    if kind == "SavingsPlanRecurringFee":
        return -line["savings_plan_amortized_upfront_commitment_for_billing_period"]
    if kind == "RIFee":
        return -line["reservation_amortized_upfront_fee_for_billing_period"]
    return line["line_item_unblended_cost"] if kind == "Fee" and line.get("reservation_reservation_a_r_n") else D(0)


def totals(lines: list[dict], net: bool) -> dict:
    """Figures for totals.toml; fails when amortised and unblended cost do not meet."""
    gap = sum(effective(x, False) + bridge(x) - x["line_item_unblended_cost"] for x in lines)
    if abs(gap) > D("0.0001"):
        raise ValueError(f"amortised and unblended cost differ by {gap}")
    return {
        "rows": len(lines),
        "billed_cost": sum(billed(x, net) for x in lines),
        "credits": sum((billed(x, net) for x in lines if x["line_item_line_item_type"] == "Credit"), D(0)),
        "effective_cost": sum(effective(x, net) for x in lines),
    }


# ---- FOCUS ---------------------------------------------------------------------------------------

UNITS = {
    "Hrs": "Hours",
    "hours": "Hours",
    "hour": "Hours",
    "GB-Mo": "GB-Months",
    "IOPS-Mo": "IOPS-Months",
    "LCU-Hrs": "LCU-Hours",
    "Lambda-GB-Second": "GB-Seconds",
    "1K tokens": "1000 Tokens",
    "Month": "Months",
}
CATEGORY = {
    "Fee": "Purchase",
    "RIFee": "Purchase",
    "SavingsPlanRecurringFee": "Purchase",
    "Tax": "Tax",
    "Credit": "Credit",
    "Refund": "Adjustment",
}
RESOURCE_TYPES = {"i-": "instance", "vol-": "volume", "ws-": "workspace"}


def resource_type(rid: str | None) -> str | None:
    """Type word of a resource id."""
    if not rid:
        return None
    if rid.startswith("arn:"):
        return re.split("[:/]", rid.split(":", 5)[5])[0]
    return next((word for start, word in RESOURCE_TYPES.items() if rid.startswith(start)), "bucket")


def focus_base(line: dict) -> dict:
    """The columns that a FOCUS row takes over as they are."""
    code, rid, kind = (
        line["line_item_product_code"],
        line.get("line_item_resource_id"),
        line["line_item_line_item_type"],
    )
    name, category, subcategory = SERVICES[code]
    region = line.get("product_region_code") or None
    tags = {k.removeprefix("user:"): v for k, v in line["tags"].items()}
    priced = line.get("product_sku") is not None and kind in (
        "Usage",
        "DiscountedUsage",
        "SavingsPlanCoveredUsage",
        "RIFee",
    )
    instance = line.get("product_instance_type")
    return {
        "AvailabilityZone": line.get("line_item_availability_zone"),
        "BillingAccountId": line["bill_payer_account_id"],
        "BillingAccountName": line["bill_payer_account_name"],
        "BillingAccountType": "Management Account",
        "BillingCurrency": "USD",
        "BillingPeriodStart": line["bill_billing_period_start_date"],
        "BillingPeriodEnd": line["bill_billing_period_end_date"],
        "ChargeCategory": CATEGORY.get(kind, "Usage"),
        "ChargeDescription": line["line_item_line_item_description"],
        "ChargeClass": "Correction" if kind == "Refund" else None,
        "ChargeFrequency": {"Purchase": "Recurring", "Tax": "Recurring", "Usage": "Usage-Based"}.get(
            CATEGORY.get(kind, "Usage"), "One-Time"
        ),
        "ChargePeriodStart": line["line_item_usage_start_date"],
        "ChargePeriodEnd": line["line_item_usage_end_date"],
        "InvoiceId": line["bill_invoice_id"],
        "InvoiceIssuerName": line["bill_invoicing_entity"],
        "PricingCurrency": "USD",
        "ProviderName": "AWS",
        "PublisherName": line["line_item_legal_entity"],
        "RegionId": region,
        "RegionName": REGIONS[region][3] if region else None,
        "ResourceId": rid,
        "ResourceName": tags.get("Name") if rid else None,
        "ResourceType": resource_type(rid),
        "ServiceCategory": category,
        "ServiceName": name,
        "ServiceSubcategory": subcategory,
        "SkuId": line.get("product_sku") if priced else None,
        "SkuMeter": line["line_item_usage_type"] if priced else None,
        "SkuPriceId": line.get("pricing_rate_code") if priced else None,
        "SkuPriceDetails": json.dumps({"InstanceType": instance}) if priced and instance else None,
        "SubAccountId": line["line_item_usage_account_id"],
        "SubAccountName": line["line_item_usage_account_name"],
        "SubAccountType": "Member Account",
        "Tags": tags,
        "x_Discounts": {},
        "x_Operation": line.get("line_item_operation"),
        "x_ServiceCode": line["product_servicecode"],
    }


def commitment_columns(line: dict) -> dict:
    """Commitment columns of covered usage, unused rows and fees."""
    if arn := line.get("savings_plan_savings_plan_a_r_n"):
        return {
            "CommitmentDiscountId": arn,
            "CommitmentDiscountCategory": "Spend",
            "CommitmentDiscountType": "Compute Savings Plans",
        }
    if arn := line.get("reservation_reservation_a_r_n"):
        return {
            "CommitmentDiscountId": arn,
            "CommitmentDiscountCategory": "Usage",
            "CommitmentDiscountType": "Reserved Instance",
        }
    return {}


def priced(row: dict, cost: D, usage: D | None, unit: str | None, rate: D | None) -> dict:
    """List and contracted cost, quantity and unit; there is no private price in this organisation."""
    if usage is None:
        return row | {"ListCost": cost, "ContractedCost": cost}
    if rate is None:
        rate = cost / usage if usage else D(0)
    return row | {
        "ListCost": cost,
        "ContractedCost": cost,
        "PricingQuantity": usage,
        "PricingUnit": UNITS.get(unit, unit or "Units"),
        "ListUnitPrice": rate,
        "ContractedUnitPrice": rate,
        "PricingCurrencyListUnitPrice": rate,
        "PricingCurrencyContractedUnitPrice": rate,
    }


def focus_rows(line: dict) -> list[dict]:
    """FOCUS 1.2 rows of one bill line; negations vanish, a commitment fee becomes a purchase and its unused rest."""
    kind, cost = line["line_item_line_item_type"], line["line_item_unblended_cost"]
    if kind == "SavingsPlanNegation":
        return []
    row = focus_base(line) | commitment_columns(line)
    usage, unit = line["line_item_usage_amount"], line.get("pricing_unit")
    if kind in ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"):
        covered = kind != "Usage"
        listed = line["pricing_public_on_demand_cost"]
        row = priced(row, listed, usage, unit, line["pricing_public_on_demand_rate"]) | {
            "BilledCost": D(0) if covered else cost,
            "EffectiveCost": effective(line, False),
            "ConsumedQuantity": usage,
            "ConsumedUnit": UNITS.get(unit, unit),
            "PricingCategory": "Committed" if covered else "Dynamic" if "SpotUsage" in row["SkuMeter"] else "Standard",
        }
        if covered:
            spend = row["CommitmentDiscountCategory"] == "Spend"
            row |= {
                "CommitmentDiscountStatus": "Used",
                "CommitmentDiscountQuantity": row["EffectiveCost"] if spend else usage,
                "CommitmentDiscountUnit": "USD" if spend else "Hours",
            }
        return [row]
    if kind in ("RIFee", "SavingsPlanRecurringFee"):
        unused = effective(line, False)
        rest = row | {
            "ChargeCategory": "Usage",
            "ChargeFrequency": "Usage-Based",
            "CommitmentDiscountStatus": "Unused",
            "BilledCost": D(0),
            "EffectiveCost": unused,
            "ListCost": D(0),
            "ContractedCost": D(0),
            "PricingCategory": "Committed",
            "CommitmentDiscountQuantity": unused if kind[0] == "S" else line["reservation_unused_quantity"],
            "CommitmentDiscountUnit": "USD" if kind[0] == "S" else "Hours",
        }
        fee = priced(row, cost, usage, unit, None) | {
            "BilledCost": cost,
            "EffectiveCost": D(0),
            "PricingCategory": "Committed",
        }
        return ([fee] if cost else []) + ([rest] if unused else [])
    flat = kind in ("Tax", "Credit", "Refund")
    return [
        priced(row, cost, None if flat else usage, unit, None)
        | {"BilledCost": cost, "EffectiveCost": effective(line, False), "PricingCategory": None if flat else "Standard"}
    ]


# ---- writers -------------------------------------------------------------------------------------


def iso(moment: datetime, compact: bool = False) -> str:
    """A UTC moment as exports (or, compact, manifests) spell it."""
    return moment.strftime("%Y%m%dT%H%M%S.000Z" if compact else "%Y-%m-%dT%H:%M:%SZ")


def text(value: object) -> str:
    """One CSV cell."""
    if value is None:
        return ""
    if isinstance(value, D):
        return format(value.normalize(), "f") if abs(value) >= D("1e-6") or not value else f"{value.normalize():E}"
    return iso(value) if isinstance(value, datetime) else str(value)


def write_json(path: Path, value: dict) -> None:
    """Writes a manifest."""
    write(path, (json.dumps(value, indent=1) + "\n").encode())


def write_csv(path: Path, header: list[str], rows: list[list]) -> None:
    """Writes a gzipped CSV without a time stamp."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([header, *([text(cell) for cell in row] for row in rows)])
    write(path, gzip.compress(buffer.getvalue().encode(), 9, mtime=0))


def legacy_header(period: str, lines: list[dict]) -> list[str]:
    """Columns of one month: net and discount columns and the project tag exist from September on."""
    tags = sorted({tag for line in lines for tag in line["tags"]})
    net = {"line_item_net_unblended_rate", "discount_edp_discount", "discount_total_discount", *NET_TWINS.values()}
    fixed = [
        name for name in LEGACY_HEADER if period in PRIVATE_DISCOUNTS["aws_cur_legacy"][1] or snake(name) not in net
    ]
    return fixed + [f"resourceTags/{tag}" for tag in tags] + ["costCategory/Environment"]


def write_legacy(period: str, lines: list[dict]) -> None:
    """CREATE_NEW_REPORT layout; a stale assembly lies beside the one that counts."""
    start, end = period_bounds(period)
    folder = f"cur/nordwind/{start:%Y%m%d}-{end:%Y%m%d}"
    header = legacy_header(period, lines)
    plain = [name.split("/", 1) for name in header]
    columns = [(c, n, snake(name)) for (c, n), name in zip(plain, header, strict=True)]

    def row(line: dict) -> list:
        special = {"resourceTags": line["tags"], "costCategory": line["categories"]}
        return [special[c].get(n) if c in special else line.get(s) for c, n, s in columns]

    for stale, chosen in versions("aws_cur_legacy", period, lines):
        assembly = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"assembly {period} {stale}"))
        parts = [chosen] if period != "2026-10" else [chosen[: len(chosen) // 2], chosen[len(chosen) // 2 :]]
        keys = [f"{folder}/{assembly}/nordwind-{n}.csv.gz" for n in range(1, len(parts) + 1)]
        for key, part in zip(keys, parts, strict=True):
            write_csv(HERE / "aws_cur_legacy" / key, header, [row(line) for line in part])
        manifest = {
            "assemblyId": assembly,
            "account": ORGANISATIONS["aws_cur_legacy"][0],
            "columns": [{"category": c, "name": n} for c, n in plain],
            "charset": "UTF-8",
            "compression": "GZIP",
            "contentType": "text/csv",
            "reportId": digest("nordwind", 64),
            "reportName": "nordwind",
            "billingPeriod": {"start": iso(start, True), "end": iso(end, True)},
            "bucket": BUCKET,
            "reportKeys": keys,
            "additionalArtifactKeys": [],
        }
        write_json(HERE / "aws_cur_legacy" / folder / assembly / "nordwind-Manifest.json", manifest)
        if not stale:
            write_json(HERE / "aws_cur_legacy" / folder / "nordwind-Manifest.json", manifest)


def versions(export: str, period: str, lines: list[dict]) -> list[tuple[bool, list[dict]]]:
    """(stale, lines): the delivery that counts and, for some months, an older one that ends earlier."""
    found = [(False, lines)]
    if day := STALE_AFTER.get((export, period)):
        found.append((True, [x for x in lines if x["line_item_usage_start_date"].day <= day]))
    return found


def cur2_row(line: dict) -> dict:
    """A bill line with CUR 2.0's columns and maps."""
    own = {k: v for k, v in line.items() if k in CUR2_TYPES}
    product = {
        k.removeprefix("product_"): v for k, v in line.items() if k.startswith("product_") and k not in CUR2_TYPES and v
    }
    tags = {snake(k): v for k, v in line["tags"].items()}
    return own | {
        "product": product,
        "resource_tags": tags,
        "tags": {},
        "discount": line["discounts"],
        "cost_category": {snake(k): v for k, v in line["categories"].items()},
    }


def export_manifest(name: str, period: str, execution: str, keys: list[str], types: dict, csv_file: bool) -> dict:
    """Manifest of a data export."""
    start, end = period_bounds(period)
    files = {"reportKeys": keys} if csv_file else {"dataFiles": [f"s3://{BUCKET}/{key}" for key in keys]}
    return {
        "exportName": name,
        "executionId": execution,
        "billingPeriod": {"start": iso(start, True), "end": iso(end, True)},
        "bucket": BUCKET,
        "charset": "UTF-8",
        "compression": "GZIP" if csv_file else "PARQUET",
        "contentType": "text/csv" if csv_file else "application/parquet",
        "columns": [{"name": column, "type": kind} for column, kind in types.items()],
    } | files


def write_parquet(path: Path, rows: list[dict], types: dict[str, str]) -> None:
    """Writes rows with the column types of the data dictionary."""
    arrow = {
        "string": pa.string(),
        "double": pa.float64(),
        "timestamp": pa.timestamp("ms", tz="UTC"),
        "map<string,string>": pa.map_(pa.string(), pa.string()),
        "map<string,double>": pa.map_(pa.string(), pa.float64()),
    }

    def cells(column: str, kind: str) -> list:
        values = [row.get(column) for row in rows]
        if kind == "double":
            return [None if v is None else float(v) for v in values]
        if kind == "string":
            return [format(v.normalize(), "f") if isinstance(v, D) else v for v in values]
        if kind == "map<string,double>":
            return [[(k, float(v)) for k, v in (m or {}).items()] for m in values]
        return [list((m or {}).items()) for m in values] if kind.startswith("map") else values

    data = pa.table({column: pa.array(cells(column, kind), arrow[kind]) for column, kind in types.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    leaves = [
        leaf
        for column, kind in types.items()
        if column != "identity_line_item_id"
        for leaf in ([f"{column}.key_value.key", f"{column}.key_value.value"] if kind.startswith("map") else [column])
    ]
    encoding = {"identity_line_item_id": "DELTA_BYTE_ARRAY"} if "identity_line_item_id" in types else None
    pq.write_table(
        data, path, compression="snappy", use_dictionary=leaves, column_encoding=encoding, row_group_size=len(rows)
    )


def write_overwrite(export: str, name: str, period: str, rows: list[dict], types: dict[str, str]) -> None:
    """Parquet in the OVERWRITE_REPORT layout."""
    key = f"exports/{name}/data/BILLING_PERIOD={period}/{name}-00001.snappy.parquet"
    write_parquet(HERE / export / key, rows, types)
    execution = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name} {period}"))
    write_json(
        HERE / export / f"exports/{name}/metadata/BILLING_PERIOD={period}/{name}-Manifest.json",
        export_manifest(name, period, execution, [key], types, False),
    )


def write_cur2_csv(period: str, lines: list[dict]) -> None:
    """CSV in the CREATE_NEW_REPORT layout; an older execution of October lies beside the one that counts."""
    name, root = "nordwind-daily", HERE / "aws_cur2_csv"
    after = period_bounds(period)[1]
    for stale, chosen in versions("aws_cur2_csv", period, lines):
        execution = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name} {period} {stale}"))
        moment = (after - timedelta(days=10)) if stale else after
        folder = f"{moment:%Y%m%d}T053621Z-{execution}"
        key = f"exports/{name}/data/BILLING_PERIOD={period}/{folder}/{name}-00001.csv.gz"
        rows = [cur2_row(line) for line in chosen]

        def cell(row: dict, column: str) -> object:
            if not CUR2_TYPES[column].startswith("map"):
                return row.get(column)
            number = CUR2_TYPES[column].endswith("double>")
            return json.dumps({k: float(v) if number else v for k, v in row[column].items()}, separators=(",", ":"))

        write_csv(root / key, list(CUR2_TYPES), [[cell(row, column) for column in CUR2_TYPES] for row in rows])
        manifest = export_manifest(name, period, execution, [key], CUR2_TYPES, True)
        metadata = root / f"exports/{name}/metadata/BILLING_PERIOD={period}"
        write_json(metadata / folder / f"{name}-Manifest.json", manifest)
        if not stale:
            write_json(metadata / f"{name}-Manifest.json", manifest)


# ---- truth ---------------------------------------------------------------------------------------


def group_of(owner: Resource) -> str:
    """What stands for the auto-scaling group of a machine; '' where it has none."""
    name = owner.tags.get("aws:autoscaling:groupName")
    return f"group:{owner.region}:{name}" if name else ""


def metric_name(export: str, name: str, how: str) -> str:
    """What metrics call the first resource with a Name tag: its id as billed, its name, or the tail of its ARN."""
    # A disk or key may share the name of the machine that has metrics.
    kinds = ("i-", "arn:aws:rds:", "arn:aws:elasticloadbalancing:")
    owner = next(r for r in resources(export) if r.tags.get("user:Name") == name and r.id.startswith(kinds))
    if how == "tail":
        return owner.id.partition("loadbalancer/")[2]
    return owner.id.rpartition(":")[2] if how == "name" else owner.id


def verdicts() -> list[tuple[str, str, tuple[str, str], str, str]]:
    """(verdict, export, account, region, resource) of everything that carries one."""
    found = [(r.verdict, e, r.account, r.region, group_of(r) or r.id) for e in OWNED for r in resources(e)]
    for key, (export, account, region, *_, verdict) in SAVINGS_PLANS.items():
        found.append((verdict, export, ORGANISATIONS[export][2][account], region, plan_arn(key)))
    for key, (export, account, region, *_, verdict) in RESERVATIONS.items():
        found.append((verdict, export, ORGANISATIONS[export][2][account], region, reservation_arn(key)))
    for export, account, _, code, *_, verdict in table(EXTRAS):
        found.append((verdict, export, ORGANISATIONS[export][2][account], "", code))
    return found


# What stands for a resource where a finding is about more or less than one.
STANDS_FOR = {
    "aws-marketplace-flat-subscription": "subscription:{resource}",
    "aws-region-forgotten": "region:{region}",
    "aws-ebs-snapshot-growth": "snapshots:{region}",
}


def write_planted(more: list[str]) -> None:
    """planted.toml: what must be found, which target it must name, and what must not be found."""
    parts = ["# Made by make.py. waste: a check must find this resource (and name the target); quiet: it must not.\n"]
    for verdict, export, account, region, resource in verdicts():
        for one in filter(None, (v.strip() for v in verdict.split(";"))):
            if one[0] in "!?":
                check, _, why = one[1:].partition(" ")
                check, _, advised = check.partition("=")
                # A quiet snapshot may lie in a region whose other snapshots grow.
                is_part = one[0] == "?" and check == "aws-ebs-snapshot-growth"
                shown = "{resource}" if is_part else STANDS_FOR.get(check, "{resource}")
                entry = {
                    "check": check,
                    "export": export,
                    "account": account[0],
                    "region": region,
                    "resource": shown.format(resource=resource, region=region),
                }
                parts.append(
                    ("[[waste]]\n" if one[0] == "!" else "[[quiet]]\n")
                    + quoted(entry | ({"why": why} if why else {}) | target_of(advised))
                )
    # Members of a group stand for it together.
    write(HERE / "planted.toml", "\n".join([*dict.fromkeys(parts), *more]).encode())


def write_totals(sums: dict[tuple[str, str], dict], more: list[str]) -> None:
    """totals.toml: what a loader must arrive at."""
    parts = ["# Made by make.py from the lines in memory. USD; rows of the files that count.\n"]
    for (export, period), figures in sums.items():
        numbers = {k: v if isinstance(v, int) else format(money(v), "f") for k, v in figures.items()}
        parts.append(f'[{export}."{period}"]\n' + quoted(numbers))
    write(HERE / "totals.toml", "\n".join(parts + more).encode())


def main() -> None:
    """Writes everything."""
    sums: dict[tuple[str, str], dict] = {}
    for export in ORGANISATIONS:
        shutil.rmtree(HERE / export, ignore_errors=True)
        for period in PERIODS:
            lines = bill(export, period)
            sums[export, period] = totals(lines, period in PRIVATE_DISCOUNTS.get(export, (D(0), set()))[1])
            if export == "aws_cur_legacy":
                write_legacy(period, lines)
            elif export == "aws_cur2_parquet":
                write_overwrite(export, "nordwind-hourly", period, [cur2_row(line) for line in lines], CUR2_TYPES)
            elif export == "aws_cur2_csv":
                write_cur2_csv(period, lines)
            else:
                rows = [row for line in lines for row in focus_rows(line)]
                for row in rows:
                    row["PricingCurrencyEffectiveCost"] = row["EffectiveCost"]
                write_overwrite(export, "nordwind-focus", period, rows, FOCUS_TYPES)
                sums[export, period] = {
                    "rows": len(rows),
                    "billed_cost": sum(r["BilledCost"] for r in rows),
                    "credits": sum(r["BilledCost"] for r in rows if r["ChargeCategory"] == "Credit"),
                    "effective_cost": sum(r["EffectiveCost"] for r in rows),
                }
    metrics.write_metrics(metric_name, gcp_make.metric_name)
    metrics.write_advice(metric_name, lambda kind: D(TYPE_PRICES[kind]))
    google_totals, google_planted = gcp_make.make()
    write_totals(sums, google_totals)
    write_planted(google_planted)


if __name__ == "__main__":
    main()
