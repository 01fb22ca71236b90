"""Writes the Google Cloud sample exports of Nordwind Robotics; make.py calls it.

Every line is one row of the BigQuery table, priced in Decimal with the six decimals that real exports carry, so that
the sums in totals.toml are exact. Days and months are Pacific ones, as invoices count: all of August to October lies
in daylight saving time, so a day begins at 07:00 UTC.
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
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D  # noqa: N817

import pyarrow as pa
import pyarrow.parquet as pq
from common import FIRST_DAY, HERE, LAST_DAY, digest, factor, quoted, table, target_of, write
from gcp_company import (
    ACCOUNTS,
    COMMITMENTS,
    CONSUMPTION_MODELS,
    DISCOUNTS,
    EXTRAS,
    FAMILIES,
    METERS,
    MONTHS,
    OWNED,
    PROJECTS,
    REGIONS,
    SERVICES,
    TRICKY,
    TYPES,
)

MICRO = D("1e-6")
PACIFIC_MIDNIGHT = 7  # UTC, in daylight saving time
HELD = ("gibibyte month",)  # pricing units of what is held all month
GIB = 2**30
BASE = {  # pricing unit → base units in one of it
    "hour": 3600,
    "second": 1,
    "gibibyte": GIB,
    "tebibyte": 1024 * GIB,
    "count": 1,
    "gibibyte hour": 3600 * GIB,
    "gibibyte second": GIB,
    "month": 1,
}
# collection → how Google names such a resource; the flag says whether a plain name comes with it
NAMES = {
    "instances": ("//compute.googleapis.com/projects/{number}/zones/{place}/instances/{id}", True),
    "disks": ("//compute.googleapis.com/projects/{number}/zones/{place}/disks/{id}", True),
    "snapshots": ("//compute.googleapis.com/projects/{number}/global/snapshots/{id}", True),
    "addresses": ("//compute.googleapis.com/projects/{number}/regions/{place}/addresses/{id}", True),
    "clusters": ("//container.googleapis.com/projects/{number}/locations/{place}/clusters/{name}", True),
    "sql": ("//cloudsql.googleapis.com/projects/{project}/instances/{name}", True),
    "buckets": ("//storage.googleapis.com/projects/_/buckets/{name}", False),
    "logbuckets": ("//logging.googleapis.com/projects/{number}/locations/global/buckets/{name}", False),
    "datasets": ("//bigquery.googleapis.com/projects/{project}/datasets/{name}", True),
    "services": ("//run.googleapis.com/projects/{number}/locations/{place}/services/{name}", True),
    "redis": ("//redis.googleapis.com/projects/{project}/locations/{place}/instances/{name}", True),
    "dataflow": ("//dataflow.googleapis.com/projects/{project}/locations/{place}/jobs/{id}", True),
}
CREDITS = {  # key → (type, name, id, full name)
    "sud": ("SUSTAINED_USAGE_DISCOUNT", "Sustained Usage Discount", "Sustained Usage Discount", None),
    "cud-cpu": ("COMMITTED_USAGE_DISCOUNT", "Committed Usage Discount: CPU", "Committed Usage Discount: CPU", None),
    "cud-ram": ("COMMITTED_USAGE_DISCOUNT", "Committed Usage Discount: RAM", "Committed Usage Discount: RAM", None),
    "spend": (
        "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE",
        "Committed Usage Discount - Dollar Based: Cloud SQL",
        "Committed Usage Discount - Dollar Based: Cloud SQL",
        None,
    ),
    "offset": ("FEE_UTILIZATION_OFFSET", "Compute Flexible CUDs", "a8d2c1f0-flexible", "Compute Flexible CUDs"),
    "promo": ("PROMOTION", "Startup credit", "startup-2026-4471", "Google for Startups credit 2026"),
    "free": ("FREE_TIER", "Free tier", "Free tier", None),
}


@dataclass(slots=True)
class Line:
    """One row of the table: what all rows of a SKU and resource share, and the rest."""

    shared: dict
    start: datetime
    end: datetime
    month: str
    exported: datetime
    amount: D  # pricing units
    cost: D
    credits: list[tuple[str, D]]
    at_list: D | None = None
    adjustment: dict | None = None


@dataclass(slots=True)
class Used:
    """What a commitment covered: per slot and SKU in money, per slot and SKU id."""

    by_slot: dict = field(default_factory=lambda: defaultdict(D))


def q6(value: D) -> D:
    """Six decimals, as the exports carry."""
    return value.quantize(MICRO)


def sku_id(text: str, known: str = "") -> str:
    """An id of Google's form, real where we know it."""
    code = digest("sku " + text, 12).upper()
    return known or f"{code[:4]}-{code[4:8]}-{code[8:]}"


PROJECT = {
    (export, short): {"id": pid, "number": number, "name": name, "folder": folder, "labels": labels}
    for export, short, pid, number, name, folder, labels in table(PROJECTS)
}
METER = {key: rest for key, *rest in table(METERS)}


def pairs(text: str) -> list[dict]:
    """`a=b c=d` → labels."""
    found = {}
    for token in text.split():
        key, _, value = token.partition("=")
        found |= {key: value} if value else TRICKY
    return [{"key": k, "value": v} for k, v in found.items()]


def region_of(place: str) -> str:
    """Region of a zone, or the place itself."""
    return re.sub(r"-[a-f]$", "", place)


def location(place: str) -> dict:
    """The location record."""
    region = region_of(place)
    known = place not in ("us", "eu", "global")
    return {
        "location": region,
        "country": REGIONS[region][3] or None,
        "region": region if known else None,
        "zone": place if place != region else None,
    }


def project_record(export: str, short: str) -> dict | None:
    """The project record; lines of the billing account have none."""
    if not short:
        return None
    own = PROJECT[export, short]
    folder = str(int(digest(own["folder"], 10), 16))
    return {
        "id": own["id"],
        "number": own["number"],
        "name": own["name"],
        "labels": pairs(own["labels"]),
        "ancestry_numbers": f"/{folder}/310246813579/",
        "ancestors": [
            {"resource_name": f"projects/{own['number']}", "display_name": own["name"]},
            {"resource_name": f"folders/{folder}", "display_name": own["folder"]},
            {"resource_name": "organizations/310246813579", "display_name": "nordwind-robotics.example"},
        ],
    }


def resource_record(export: str, short: str, place: str, resource: str) -> dict | None:
    """The resource record; the standard export has none."""
    collection, _, name = resource.partition("/")
    if not name or collection == "reservations":
        return None
    form, plain = NAMES[collection]
    own = PROJECT[export, short]
    number = str(int(digest(f"{own['id']}/{resource}", 15), 16))
    path = form.format(number=own["number"], project=own["id"], place=place, name=name, id=number)
    return {"name": name if plain else None, "global_name": path}


def expanded(items: str) -> list[tuple[str, str, D, str]]:
    """(meter key, type, quantity, pattern); a machine is its cores and its memory."""
    found = []
    for item in items.split():
        key, kind, amount, pattern = re.fullmatch(r"([\w-]+)(?::([^=]+))?=([\d.]+)(?:@(\w+))?", item).groups("")
        if key in ("vm", "spot"):
            _, cores, gib = TYPES[kind]
            found.append((f"{key}-core", kind, D(amount) * D(cores), pattern or "flat"))
            found.append((f"{key}-ram", kind, D(amount) * D(gib), pattern or "flat"))
        else:
            found.append((key, kind, D(amount), pattern or "flat"))
    return found


def meter(key: str, kind: str, region: str) -> tuple[str, str, str, str, D, str, str]:
    """(service key, SKU text, base unit, pricing unit, USD per unit, h or d, SKU id)."""
    place, city, price_factor, _ = REGIONS[region]
    if key in ("vm-core", "vm-ram", "spot-core", "spot-ram"):
        part = key.endswith("ram")
        core, ram, core_price, ram_price, core_id, ram_id = FAMILIES[TYPES[kind][0]]
        form, price, known = (ram, ram_price, ram_id) if part else (core, core_price, core_id)
        text = form.format(p=place)
        if key.startswith("spot"):
            text, price, known = f"Spot Preemptible {text.replace('Predefined ', '')}", str(D(price) * D("0.35")), ""
        units = ("byte-seconds", "gibibyte hour") if part else ("seconds", "hour")
        service, base, unit, rhythm = "ce", *units, "h"
    else:
        service, form, base, unit, price, rhythm, known = METER[key]
        # Names of Google's home region carry no place for some disks.
        text = form.format(p=place, c=city, r=region)
        if (
            region == "us-central1"
            and service == "ce"
            and "in Iowa" in text
            and ": " not in text
            and "Inter" not in text
        ):
            text = text.replace(" in Iowa", "")
    rate = D(price) * (D(price_factor) if "{" in form else D(1))
    known = known if region in ("us-central1", "us", "us-east1") or "{" not in form else ""
    return service, text, base, unit, rate.quantize(D("1e-9")), rhythm, sku_id(text, known)


def base_amount(unit: str, amount: D, start: datetime) -> D:
    """Amount in base units."""
    if unit in HELD:
        return amount * GIB * 3600 * hours_in_month(start)
    return amount * BASE[unit]


def pacific(moment: datetime) -> date:
    """The Pacific day of a moment."""
    return (moment - timedelta(hours=PACIFIC_MIDNIGHT)).date()


def hours_in_month(start: datetime) -> int:
    """Hours of the Pacific month."""
    day = pacific(start)
    return 24 * calendar.monthrange(day.year, day.month)[1]


def midnight(day: date) -> datetime:
    """Pacific midnight in UTC."""
    return datetime(day.year, day.month, day.day, PACIFIC_MIDNIGHT, tzinfo=UTC)


def exported_at(end: datetime) -> datetime:
    """When rows of a day are written: five hours after it."""
    return midnight(pacific(end - timedelta(seconds=1)) + timedelta(1)) + timedelta(hours=5, minutes=13, seconds=27)


def days_between(first: date, last: date) -> list[date]:
    """All days, both ends included."""
    return [first + timedelta(n) for n in range((last - first).days + 1)]


def shared_columns(
    export: str, short: str, place: str, service: tuple[str, str], sku: tuple[str, str], units: tuple[str, str, D]
) -> dict:
    """What all lines of a SKU in a place have in common."""
    account, currency, _ = ACCOUNTS[export]
    return {
        "billing_account_id": account,
        "service": {"id": service[0], "description": service[1]},
        "sku": {"id": sku[0], "description": sku[1]},
        "project": project_record(export, short),
        "labels": [],
        "system_labels": [],
        "tags": [],
        "location": location(place),
        "resource": None,
        "units": units,
        "currency": currency,
        "publisher": "GOOGLE",
        "cost_type": "regular",
        "transaction_type": "GOOGLE",
        "seller_name": None,
        "model": "",
        "subscription": None,
    }


def subscription(key: str) -> str:
    """Id of a commitment."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"nordwind commitment {key}"))


def rate_of(export: str, month: str) -> D:
    """Units of the account's currency per USD."""
    return D(ACCOUNTS[export][2][month])


def usage_lines(export: str, used: dict[str, Used]) -> list[Line]:
    """Everything that OWNED bills."""
    lines: list[Line] = []
    for short, place, resource, labels, items, options, _ in table(OWNED[export]):
        choice = dict(o.split("=", 1) for o in options.split())
        first, last = (date.fromisoformat(choice.get(k, str(d))) for k, d in (("from", FIRST_DAY), ("to", LAST_DAY)))
        region = region_of(place)
        for key, kind, amount, pattern in expanded(items):
            service, text, base, unit, rate, rhythm, code = meter(key, kind, region)
            shared = shared_columns(export, short, place, SERVICES[service], (code, text), (base, unit, rate))
            shared["labels"] = pairs(labels)
            shared["resource"] = resource_record(export, short, place, resource)
            shared["system_labels"] = system_labels(export, short, resource, kind, choice)
            if tag := choice.get("tags"):
                name, _, value = tag.partition(":")
                shared["tags"] = [{"key": name, "value": value, "inherited": False, "namespace": "310246813579"}]
            if seller := choice.get("seller"):
                shared |= {
                    "seller_name": seller,
                    "publisher": "PARTNER",
                    "transaction_type": "THIRD_PARTY_RESELLER",
                }
            steps = range(0, 24, 24 if rhythm == "d" or "daily" in choice else 1)
            seed = f"{export}{short}{resource}{key}"
            for day in days_between(first, last):
                for hour in steps:
                    start = midnight(day) + timedelta(hours=hour)
                    many = 24 if len(steps) == 1 else 1
                    quantity = amount_of(amount, unit, pattern, seed, start, many)
                    if quantity:
                        end = start + timedelta(hours=many)
                        lines += priced(shared, start, end, quantity, key, choice, used, export)
    return lines


def system_labels(export: str, short: str, resource: str, kind: str, choice: dict) -> list[dict]:
    """Google's own labels."""
    found = {}
    if kind in TYPES:
        _, cores, gib = TYPES[kind]
        found |= {
            "compute.googleapis.com/machine_spec": kind,
            "compute.googleapis.com/cores": cores,
            "compute.googleapis.com/memory": str(int(D(gib) * 1024)),
        }
    if "unused" in choice:
        found |= {
            "compute.googleapis.com/is_unused_reservation": "true",
            "compute.googleapis.com/reservation_name": resource.partition("/")[2],
            "compute.googleapis.com/reservation_project_id": PROJECT[export, short]["id"],
        }
    if resource.startswith("buckets/"):
        found["storage.googleapis.com/object_state"] = choice.get("state", "live")
    return [{"key": k, "value": v} for k, v in found.items()]


def amount_of(amount: D, unit: str, pattern: str, seed: str, start: datetime, many: int) -> D:
    """Pricing units used in an hour, or in a day."""
    total = sum(
        (factor(pattern, seed, (start + timedelta(hours=n)).date(), (start + timedelta(hours=n)).hour))
        for n in range(many)
    )
    held = amount * total / (hours_in_month(start) if unit in HELD else 1)
    return held.quantize(D("1e-9"))


def priced(
    shared: dict,
    start: datetime,
    end: datetime,
    amount: D,
    key: str,
    choice: dict,
    used: dict[str, Used],
    export: str,
) -> list[Line]:
    """One use of a meter as one line, or as two where a commitment of the new model covers part of it."""
    day = pacific(start)
    month = f"{day:%Y%m}"
    exported = exported_at(end)
    if "late" in choice and (day + timedelta(1)).day == 1 and day < LAST_DAY:
        # Late rows land on the next invoice.
        month, exported = f"{day + timedelta(1):%Y%m}", exported + timedelta(int(choice["late"]))
    rate = shared["units"][2] * rate_of(export, f"{day:%Y-%m}")
    is_machine = key in ("vm-core", "vm-ram")
    found = []
    rest = amount
    if "flex" in choice and is_machine:
        plan, share = choice["flex"].split(":")
        covered = (amount * D(share)).quantize(D("1e-9"))
        cost = q6(covered * rate * D(DISCOUNTS[plan]))
        modelled = memo(shared, plan)
        found.append(Line(modelled, start, end, month, exported, covered, cost, [], q6(covered * rate)))
        used[plan].by_slot[start, end, month, shared["sku"]["id"]] += cost
        rest = amount - covered
    if rest:
        cost = q6(rest * rate)
        line = Line(shared, start, end, month, exported, rest, cost, [], cost)
        line.credits = credits_of(line, key, choice, used)
        found.append(line)
    if choice.get("fix") == str(day):
        found += corrected(found, exported + timedelta(8))
    return found


MODELLED: dict[tuple[int, str], dict] = {}


def memo(shared: dict, plan: str, subscribed: bool = True) -> dict:
    """The same columns under a commitment's consumption model; one object per pair, so that it stays small."""
    key = (id(shared), plan)
    if key not in MODELLED:
        model = plan if plan in CONSUMPTION_MODELS else ""
        MODELLED[key] = shared | {"model": model, "subscription": subscription(plan) if subscribed else None}
    return MODELLED[key]


def credits_of(line: Line, key: str, choice: dict, used: dict[str, Used]) -> list[tuple[str, D]]:
    """Credits of a line: commitments first, then sustained use, then what is given away."""
    found: list[tuple[str, D]] = []
    cost, slot = line.cost, (line.start, line.end, line.month, line.shared["sku"]["id"])
    if "cud" in choice and key in ("vm-core", "vm-ram"):
        plan, share = choice["cud"].split(":")
        found.append(("cud-cpu" if key == "vm-core" else "cud-ram", -q6(cost * D(share))))
        line.shared = memo(line.shared, plan)
    if "spend" in choice and line.shared["units"][1] in ("hour", "gibibyte hour") and "ext" not in key:
        plan, share = choice["spend"].split(":")
        covered = q6(cost * D(share))
        found.append(("spend", -covered))
        used[plan].by_slot[slot] += q6(covered * D(DISCOUNTS[plan]))
        line.shared = memo(line.shared, plan)
    left = cost + sum(a for _, a in found)
    if "sud" in choice and key in ("vm-core", "vm-ram"):
        found.append(("sud", -q6(left * D(choice["sud"]))))
    for name in ("free", "promo"):
        if name in choice:
            found.append((name, -q6((cost + sum(a for _, a in found)) * D(choice[name]))))
    return [(name, amount) for name, amount in found if amount]


def corrected(lines: list[Line], exported: datetime) -> list[Line]:
    """A negation of each line and a restatement with nine tenths of it, as Google corrects usage."""
    about = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"correction {exported}")),
        "description": "Correction of usage metering",
        "mode": "COMPLETE_NEGATION_WITH_REMONETIZATION",
        "type": "USAGE_CORRECTION",
    }
    return [
        Line(
            line.shared,
            line.start,
            line.end,
            line.month,
            exported,
            line.amount * share,
            q6(line.cost * share),
            [(name, q6(a * share)) for name, a in line.credits],
            q6(line.at_list * share),
            about,
        )
        for line in lines
        for share in (D(-1), D("0.9"))
    ]


def fee_lines(export: str, used: dict[str, Used]) -> list[Line]:
    """Fees of the commitments."""
    lines: list[Line] = []
    for key, (own, model, short, region, form, service, size, _) in COMMITMENTS.items():
        if own != export:
            continue
        if model == "resource":
            lines += resource_fees(export, key, short, region, form, size)
            continue
        text = form.format(p=REGIONS[region][0], r=region)
        units = ("count", "count", D(1))
        shared = shared_columns(export, short, region, SERVICES[service], (sku_id(text), text), units)
        shared["subscription"] = subscription(key)
        many = 1 if model == "new" else 24
        slots: dict[datetime, list] = defaultdict(list)
        for (start, _, _, sku), money in sorted(used[key].by_slot.items()):
            slots[start].append((sku, money))
        labelled: dict[str, dict] = {}
        for day in days_between(FIRST_DAY, LAST_DAY):
            for hour in range(0, 24, many):
                start = midnight(day) + timedelta(hours=hour)
                end = start + timedelta(hours=many)
                common = (start, end, f"{day:%Y%m}", exported_at(end))
                spent = D(0)
                for sku, money in slots.get(start, []):
                    if sku not in labelled:
                        labelled[sku] = shared | {"labels": [{"key": "goog-originating-sku-id", "value": sku}]}
                    # The offset of the new model is rounded apart from the fee.
                    fee = money + MICRO if model == "new" else money
                    offset = [("offset", -money)] if model == "new" else []
                    lines.append(Line(labelled[sku], *common, fee, fee, offset, fee))
                    spent += fee
                if size != "fit":
                    unused = q6(D(size) * many * rate_of(export, f"{day:%Y-%m}")) - spent
                    if unused < 0:
                        raise ValueError(f"{key} covers more than it holds at {start}")
                    lines.append(Line(shared, *common, unused, unused, [], unused))
    return lines


def resource_fees(export: str, key: str, short: str, region: str, form: str, size: str) -> list[Line]:
    """Hourly fees for cores and memory of a resource-based commitment."""
    lines = []
    for index, (part, amount) in enumerate(zip(("Cpu", "Ram"), size.split("+"), strict=True)):
        text = form.format(part=part, p=REGIONS[region][0])
        units = [("seconds", "hour"), ("byte-seconds", "gibibyte hour")][index]
        price = D(FAMILIES["n2"][2 + index]) * D(REGIONS[region][2]) * D(DISCOUNTS[key])
        price = price.quantize(D("1e-9"))
        shared = shared_columns(export, short, region, SERVICES["ce"], (sku_id(text), text), (*units, price))
        shared["subscription"] = subscription(key)
        for day in days_between(FIRST_DAY, LAST_DAY):
            for hour in range(24):
                start = midnight(day) + timedelta(hours=hour)
                end = start + timedelta(hours=1)
                cost = q6(D(amount) * price)
                lines.append(Line(shared, start, end, f"{day:%Y%m}", exported_at(end), D(amount), cost, [], cost))
    return lines


def extra_lines(export: str) -> list[Line]:
    """Fees, taxes, adjustments and the Marketplace."""
    lines: list[Line] = []
    for own, short, place, kind, service, text, seller, amount, _ in table(EXTRAS):
        if own != export:
            continue
        for month in MONTHS:
            first = date.fromisoformat(f"{month}-01")
            last = first + timedelta(hours_in_month(midnight(first)) // 24 - 1)
            named = SERVICES.get(service, (sku_id(service), service))
            money = D(amount) * (D(1) if kind in ("market", "metered") else rate_of(export, month))
            units = ("count", "month" if kind in ("fee", "market") else "count", D(amount))
            shared = shared_columns(export, short, place, named, (sku_id(text), text), units)
            if kind in ("market", "metered"):
                shared |= {"publisher": "PARTNER", "transaction_type": "THIRD_PARTY_RESELLER", "seller_name": seller}
            if kind in ("tax", "rounding", "goodwill", "sla"):
                shared["cost_type"] = {"tax": "tax", "rounding": "rounding_error"}.get(kind, "adjustment")
            if kind == "metered":
                for day in days_between(first, last):
                    share = sum(factor("day", f"{text}{day}", day, h) for h in range(24)) / 24
                    cost = q6(money / 30 * share)
                    end = midnight(day) + timedelta(1)
                    shared["units"] = ("count", "count", D("0.001"))
                    lines.append(
                        Line(shared, midnight(day), end, f"{day:%Y%m}", exported_at(end), cost * 1000, cost, [], cost)
                    )
                continue
            if kind in ("goodwill", "sla") and month != "2026-09":
                continue
            start, end = midnight(first), midnight(last) + timedelta(1)
            about = None
            if kind in ("goodwill", "sla"):
                about = {
                    "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, text)),
                    "description": text,
                    "mode": "MANUAL_ADJUSTMENT",
                    "type": {"sla": "SLA_VIOLATION"}.get(kind, "GOODWILL"),
                }
                start = midnight(first + timedelta(17))
                end = start + timedelta(hours=1)
            many = D(1) if kind in ("fee", "market") else D(0)
            lines.append(Line(shared, start, end, f"{first:%Y%m}", exported_at(end), many, q6(money), [], None, about))
            if kind in ("fee", "market"):
                lines[-1].at_list = q6(money)
    return lines


def bill(export: str) -> list[Line]:
    """All lines of an export."""
    used: dict[str, Used] = defaultdict(Used)
    usage = usage_lines(export, used)
    lines = usage + fee_lines(export, used) + extra_lines(export)
    order: dict[int, int] = {}
    for line in lines:
        order.setdefault(id(line.shared), len(order))
    return sorted(lines, key=lambda x: (order[id(x.shared)], x.exported, x.start))


# ---- rows ----------------------------------------------------------------------------------------


def number(value: D) -> D:
    """NUMERIC: nine decimals."""
    return value.quantize(D("1e-9"))


FIXED: dict[tuple[int, D], dict] = {}


def fixed(shared: dict, local_rate: D) -> dict:
    """Columns that need not be made for every line; the same objects for all of them."""
    if (id(shared), local_rate) not in FIXED:
        base, unit, rate = shared["units"]
        rate *= local_rate if unit != "count" or rate != 1 else 1
        model, name = CONSUMPTION_MODELS[shared["model"]]
        price = None
        if shared["cost_type"] == "regular":
            own = number(rate * D(DISCOUNTS[shared["model"]])) if shared["model"] else number(rate)
            price = {
                "list_price": number(rate),
                "effective_price_default": number(rate),
                "list_price_consumption_model": own,
                "effective_price": own,
                "tier_start_amount": number(D(0)),
                "unit": unit,
                "pricing_unit_quantity": number(D(1)),
            }
        FIXED[id(shared), local_rate] = {
            "base": base,
            "unit": unit,
            "price": price,
            "consumption_model": {"id": model, "description": name},
            "subscription": {"instance_id": shared["subscription"]},
        }
    return FIXED[id(shared), local_rate]


def credit_records(credits: list[tuple[str, D]]) -> list[dict]:
    """The credits column."""
    return [
        {
            "name": CREDITS[key][1],
            "amount": amount,
            "full_name": CREDITS[key][3],
            "id": CREDITS[key][2],
            "type": CREDITS[key][0],
        }
        for key, amount in credits
    ]


def row(line: Line, export: str) -> dict:
    """The line as a row of the detailed export."""
    local_rate = rate_of(export, f"{pacific(line.start):%Y-%m}")
    shared, more = line.shared, fixed(line.shared, local_rate)
    covered = bool(shared["model"])
    return {
        "billing_account_id": shared["billing_account_id"],
        "service": shared["service"],
        "sku": shared["sku"],
        "usage_start_time": line.start,
        "usage_end_time": line.end,
        "project": shared["project"],
        "labels": shared["labels"],
        "system_labels": shared["system_labels"],
        "location": shared["location"],
        "tags": shared["tags"],
        "resource": shared["resource"],
        "cost": line.cost,
        "currency": shared["currency"],
        "currency_conversion_rate": local_rate,
        "usage": {
            "amount": base_amount(more["unit"], line.amount, line.start)
            if more["base"] != more["unit"]
            else line.amount,
            "unit": more["base"],
            "amount_in_pricing_units": line.amount,
            "pricing_unit": more["unit"],
        },
        "credits": credit_records(line.credits),
        "invoice": {"month": line.month, "publisher_type": shared["publisher"]},
        "cost_type": shared["cost_type"],
        "adjustment_info": line.adjustment,
        "transaction_type": shared["transaction_type"],
        "seller_name": shared["seller_name"],
        "export_time": line.exported,
        "cost_at_list": line.at_list,
        "price": more["price"],
        "subscription": more["subscription"] if shared["subscription"] else None,
        "consumption_model": more["consumption_model"],
        "cost_at_effective_price_default": line.at_list if covered else line.cost,
        "cost_at_list_consumption_model": line.cost,
    }


# ---- writers -------------------------------------------------------------------------------------

PAIRS = pa.list_(pa.struct({"key": pa.string(), "value": pa.string()}))
MOMENT, NUMERIC = pa.timestamp("us", tz="UTC"), pa.decimal128(38, 9)


def record(**columns: pa.DataType) -> pa.DataType:
    """A struct; text unless said otherwise."""
    return pa.struct(columns)


def texts(*names: str) -> pa.DataType:
    """A struct of texts."""
    return pa.struct({name: pa.string() for name in names})


SCHEMA = {
    "billing_account_id": pa.string(),
    "service": texts("id", "description"),
    "sku": texts("id", "description"),
    "usage_start_time": MOMENT,
    "usage_end_time": MOMENT,
    "project": record(
        id=pa.string(),
        number=pa.string(),
        name=pa.string(),
        labels=PAIRS,
        ancestry_numbers=pa.string(),
        ancestors=pa.list_(texts("resource_name", "display_name")),
    ),
    "labels": PAIRS,
    "system_labels": PAIRS,
    "location": texts("location", "country", "region", "zone"),
    "tags": pa.list_(record(key=pa.string(), value=pa.string(), inherited=pa.bool_(), namespace=pa.string())),
    "resource": texts("name", "global_name"),
    "cost": pa.float64(),
    "currency": pa.string(),
    "currency_conversion_rate": pa.float64(),
    "usage": record(
        amount=pa.float64(), unit=pa.string(), amount_in_pricing_units=pa.float64(), pricing_unit=pa.string()
    ),
    "credits": pa.list_(
        record(name=pa.string(), amount=pa.float64(), full_name=pa.string(), id=pa.string(), type=pa.string())
    ),
    "invoice": texts("month", "publisher_type"),
    "cost_type": pa.string(),
    "adjustment_info": texts("id", "description", "mode", "type"),
    "transaction_type": pa.string(),
    "seller_name": pa.string(),
    "export_time": MOMENT,
    "cost_at_list": pa.float64(),
    "price": record(
        list_price=NUMERIC,
        effective_price_default=NUMERIC,
        list_price_consumption_model=NUMERIC,
        effective_price=NUMERIC,
        tier_start_amount=NUMERIC,
        unit=pa.string(),
        pricing_unit_quantity=NUMERIC,
    ),
    "subscription": texts("instance_id"),
    "consumption_model": texts("id", "description"),
    "cost_at_effective_price_default": pa.float64(),
    "cost_at_list_consumption_model": pa.float64(),
}


def table_name(export: str, kind: str) -> str:
    """The BigQuery table's name, which extracts keep."""
    return f"{kind}_{ACCOUNTS[export][0].replace('-', '_')}"


def floats(value: object, kind: pa.DataType) -> object:
    """Decimal → float where the column is FLOAT64."""
    if value is None or not isinstance(value, D):
        return value
    return float(value) if pa.types.is_floating(kind) else value


def write_parquet(export: str, lines: list[Line]) -> None:
    """Shards as an extract of BigQuery cuts them: anywhere."""
    rows = [row(line, export) for line in lines]
    arrays = {}
    for column, kind in SCHEMA.items():
        values = [r[column] for r in rows]
        if column == "usage":
            values = [{k: floats(v, kind.field(k).type) for k, v in u.items()} for u in values]
        elif column == "credits":
            values = [[c | {"amount": float(c["amount"])} for c in credits] for credits in values]
        else:
            values = [floats(v, kind) for v in values]
        arrays[column] = pa.array(values, kind)
    data = pa.table(arrays)
    size = -(-len(rows) // 3)
    folder = HERE / export
    folder.mkdir(parents=True, exist_ok=True)
    name = table_name(export, "gcp_billing_export_resource_v1")
    for shard in range(3):
        part = data.slice(shard * size, size)
        path = folder / f"{name}-{shard:012d}.parquet"
        pq.write_table(part, path, compression="zstd", compression_level=9, row_group_size=part.num_rows)


def utc(moment: datetime) -> str:
    """A moment as extracts spell it."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def plain(value: object) -> object:
    """JSON of an extract: NUMERIC as text, nothing where a field is null."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, datetime):
        return utc(value)
    return float(value) if isinstance(value, D) else value


def json_row(line: Line, export: str) -> str:
    """One line of newline-delimited JSON."""
    own = row(line, export)
    if own["price"]:
        own["price"] = {k: format(v.normalize(), "f") if isinstance(v, D) else v for k, v in own["price"].items()}
    text = json.dumps(plain(own), separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def write_json(export: str, lines: list[Line]) -> None:
    """Newline-delimited JSON in two shards."""
    name = table_name(export, "gcp_billing_export_resource_v1")
    size = -(-len(lines) // 2)
    for shard in range(2):
        part = lines[shard * size : (shard + 1) * size]
        text = "".join(json_row(line, export) + "\n" for line in part)
        write(HERE / export / f"{name}-{shard:012d}.json.gz", gzip.compress(text.encode(), 9, mtime=0))


# As tools flattened it before 2023: no prices at list, no sellers, no consumption models.
CSV_COLUMNS = [
    "billing_account_id",
    "service.id",
    "service.description",
    "sku.id",
    "sku.description",
    "usage_start_time",
    "usage_end_time",
    "project.id",
    "project.name",
    "project.labels",
    "project.ancestry_numbers",
    "labels",
    "system_labels",
    "location.location",
    "location.country",
    "location.region",
    "location.zone",
    "export_time",
    "cost",
    "currency",
    "currency_conversion_rate",
    "usage.amount",
    "usage.unit",
    "usage.amount_in_pricing_units",
    "usage.pricing_unit",
    "credits",
    "invoice.month",
    "cost_type",
    "partition_date",
]


def csv_cell(own: dict, column: str) -> str:
    """One flattened cell."""
    if column == "partition_date":
        return f"{own['export_time']:%Y-%m-%d}"
    value: object = own
    for part in column.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if column in ("labels", "system_labels", "credits", "project.labels"):
        return json.dumps(plain_credits(value or []), separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, D):
        return format(value.normalize(), "f")
    return "" if value is None else str(value)


def plain_credits(values: list) -> list:
    """TO_JSON_STRING keeps nulls."""
    return [{k: float(v) if isinstance(v, D) else v for k, v in one.items()} for one in values]


def write_csv(export: str, lines: list[Line]) -> None:
    """Flattened CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for line in lines:
        own = row(line, export)
        writer.writerow([csv_cell(own, column) for column in CSV_COLUMNS])
    name = table_name(export, "gcp_billing_export_v1")
    data = gzip.compress(buffer.getvalue().encode(), 9, mtime=0)
    write(HERE / export / f"{name}-000000000000.csv.gz", data)


# ---- truth ---------------------------------------------------------------------------------------


def totals(lines: list[Line]) -> dict[str, dict]:
    """Sums per invoice month."""
    sums: dict[str, dict] = {}
    for line in lines:
        month = f"{line.month[:4]}-{line.month[4:]}"
        own = sums.setdefault(month, {"rows": 0, "billed_cost": D(0), "credits": D(0), "effective_cost": D(0)})
        promotions = sum((a for key, a in line.credits if key == "promo"), D(0))
        credits = sum((a for _, a in line.credits), D(0))
        net = line.cost + credits
        own["rows"] += 1
        own["billed_cost"] += net
        own["credits"] += credits
        own["effective_cost"] += net - promotions
    return {month: sums[month] for month in sorted(sums)}


# What stands for a resource where a finding is about more or less than one.
STANDS_FOR = {
    "gcp-marketplace-flat": "subscription:{name}",
    "gcp-region-forgotten": "region:{region}",
    "gcp-project-forgotten": "project:{project}",
    "gcp-snapshot-growth": "snapshots:{region}",
    "gcp-partner-model-spend": "partner-models:{project}",
    "gcp-bigquery-on-demand": "analysis:{region}",
    "gcp-provisioned-throughput-idle": "all:{name}:provisioned-throughput:{region}",
}


def verdicts() -> list[tuple[str, str, str, str, str, str]]:
    """(verdict, export, account, region, resource, name) of everything that carries one."""
    found = []
    for export in OWNED:
        for short, place, resource, _, items, _, verdict in table(OWNED[export]):
            region = region_of(place)
            own = PROJECT[export, short]["id"]
            key, kind, *_ = expanded(items)[0]
            service = SERVICES[meter(key, kind, region)[0]][0]
            where = "" if region == "global" else region
            record = resource_record(export, short, place, resource) if export != "gcp_standard_csv" else None
            rid = record["global_name"] if record else f"all:{service}:{region}"
            if resource.startswith("reservations/"):
                rid = f"//compute.googleapis.com/projects/{own}/{resource}"
            found.append((verdict, export, own, where, rid, resource.partition("/")[2]))
    for key, (export, _, short, region, *_, verdict) in COMMITMENTS.items():
        own = PROJECT[export, short]["id"] if short else ACCOUNTS[export][0]
        where = "" if region == "global" else region
        found.append((verdict, export, own, where, subscription(key), key))
    for export, short, place, _, service, *_, verdict in table(EXTRAS):
        own = PROJECT[export, short]["id"] if short else ACCOUNTS[export][0]
        code = SERVICES.get(service, (sku_id(service),))[0]
        found.append((verdict, export, own, "" if place == "global" else place, f"all:{code}:{place}", code))
    return found


def metric_name(export: str, resource: str, how: str) -> str:
    """What metrics call `project/collection/name`: its whole name as billed, its own name, or project:name."""
    short, _, rest = resource.partition("/")
    own, name = PROJECT[export, short]["id"], rest.partition("/")[2]
    if how == "name":
        return name
    if how == "project:name":
        return f"{own}:{name}"
    place = next(row[1] for row in table(OWNED[export]) if (row[0], row[2]) == (short, rest))
    return resource_record(export, short, place, rest)["global_name"]


def planted() -> list[str]:
    """Entries of planted.toml."""
    parts = []
    for verdict, export, account, region, resource, name in verdicts():
        for one in filter(None, (v.strip() for v in verdict.split(";"))):
            check, _, why = one[1:].partition(" ")
            check, _, advised = check.partition("=")
            shown = STANDS_FOR.get(check, "{resource}")
            if one[0] == "?" and check in ("gcp-snapshot-growth",):
                shown = "{resource}"
            entry = {
                "check": check,
                "export": export,
                "account": account,
                "region": "" if check == "gcp-project-forgotten" else region,
                "resource": shown.format(resource=resource, region=region, project=account, name=name),
            }
            heading = "[[waste]]\n" if one[0] == "!" else "[[quiet]]\n"
            parts.append(heading + quoted(entry | ({"why": why} if why else {}) | target_of(advised)))
    return parts


def make() -> tuple[list[str], list[str]]:
    """Writes the exports; returns what to add to totals.toml and planted.toml."""
    figures = ["# Google Cloud: by invoice month, in the currency of the billing account.\n"]
    for export, writer in (
        ("gcp_detailed_parquet", write_parquet),
        ("gcp_detailed_json", write_json),
        ("gcp_standard_csv", write_csv),
    ):
        lines = bill(export)
        shutil.rmtree(HERE / export, ignore_errors=True)
        writer(export, lines)
        for month, own in totals(lines).items():
            numbers = {"currency": ACCOUNTS[export][1]}
            numbers |= {k: v if isinstance(v, int) else f"{v:.10f}" for k, v in own.items()}
            figures.append(f'[{export}."{month}"]\n' + quoted(numbers))
    return figures, planted()
