"""FOCUS files as Google writes them, from the lines of a detailed export: they load as that export does."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small_gcp as gcp
from test_gcp import CORE, E2, E2_ID, FEE, FLEX_FEE, RAM, VM, credit, hours, load, odd_lines, query

from advisor.app import Settings, Silent, ingest
from advisor.ingest.load import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from advisor.app import Ingested

pytestmark = pytest.mark.skipif(
    "focus_gcp" not in {form.normalisation for form in SOURCES}, reason="Google's FOCUS is not told from that of others"
)

Line = dict[str, Any]
CENTS = Decimal("0.000000001")
"""What a NUMERIC of BigQuery holds."""
TEXT, AMOUNT, TIME = pa.string(), pa.decimal128(38, 9), pa.timestamp("us", tz="UTC")
LABELS = pa.list_(pa.struct({"Key": TEXT, "Value": TEXT}))
COMMON = {
    "AvailabilityZone": TEXT,
    "BilledCost": AMOUNT,
    "BillingAccountId": TEXT,
    "BillingCurrency": TEXT,
    "BillingPeriodStart": TIME,
    "ChargeCategory": TEXT,
    "ChargeClass": TEXT,
    "ChargeDescription": TEXT,
    "ChargePeriodStart": TIME,
    "ChargePeriodEnd": TIME,
    "ConsumedQuantity": AMOUNT,
    "ConsumedUnit": TEXT,
    "ContractedCost": AMOUNT,
    "EffectiveCost": AMOUNT,
    "ListCost": AMOUNT,
    "PricingCategory": TEXT,
    "PricingQuantity": AMOUNT,
    "PricingUnit": TEXT,
    "ProviderName": TEXT,
    "PublisherName": TEXT,
    "RegionId": TEXT,
    "ResourceId": TEXT,
    "ResourceName": TEXT,
    "ServiceName": TEXT,
    "SkuId": TEXT,
    "SubAccountId": TEXT,
    "x_Credits": pa.list_(pa.struct({"Name": TEXT, "Amount": AMOUNT, "FullName": TEXT, "Id": TEXT, "Type": TEXT})),
    "x_CostType": TEXT,
    "x_CurrencyConversionRate": pa.float64(),
    "x_Location": TEXT,
    "x_ServiceId": TEXT,
}
TAG = {"key": TEXT, "value": TEXT, "x_type": TEXT, "x_inherited": pa.bool_(), "x_namespace": TEXT}
VIEW = COMMON | {
    "CommitmentDiscountId": TEXT,
    "CommitmentDiscountName": TEXT,
    "ResourceType": TEXT,
    "Tags": pa.list_(pa.struct(TAG)),
    "x_Project": pa.struct({"id": TEXT, "number": TEXT, "name": TEXT}),
}
NATIVE = COMMON | {
    "BillingAccountType": TEXT,
    "PricingCurrency": TEXT,
    "SubAccountName": TEXT,
    "x_ConsumptionModelDescription": TEXT,
    "x_SubscriptionInstanceId": TEXT,
    "x_Project": pa.struct({"Id": TEXT, "Number": TEXT, "Name": TEXT}),
    "x_SystemLabels": LABELS,
    "x_ProjectLabels": LABELS,
    "x_Labels": LABELS,
    "x_Tags": pa.list_(pa.struct({"Key": TEXT, "Value": TEXT, "x_Inherited": pa.bool_(), "x_Namespace": TEXT})),
}


def exact(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(repr(number)).quantize(CENTS)


def numeric(line: Line) -> Line:
    """The line with amounts that a NUMERIC holds, and usage only where FOCUS has it."""
    cost = float(exact(line["cost"]) or 0)
    if line["cost_type"] != "regular":
        line = line | {"usage": None}
    return line | {"cost": cost, "cost_at_list": float(exact(line["cost_at_list"]) or 0)}


def common(line: Line) -> Line:
    usage, location = line["usage"] or {}, line["location"] or {}
    resource, project = line["resource"] or {}, line["project"] or {}
    regular = line["cost_type"] == "regular"
    month = line["invoice"]["month"]
    return {
        "AvailabilityZone": location.get("zone"),
        "BilledCost": exact(line["cost"]),
        "BillingAccountId": line["billing_account_id"],
        "BillingCurrency": line["currency"],
        "BillingPeriodStart": datetime(int(month[:4]), int(month[4:]), 1, 7, tzinfo=UTC),  # midnight at the Pacific
        "ChargeDescription": line["sku"]["description"],
        "ChargePeriodStart": line["usage_start_time"],
        "ChargePeriodEnd": line["usage_end_time"],
        "ConsumedQuantity": exact(usage.get("amount")) if regular else None,
        "ConsumedUnit": usage.get("unit") if regular else None,
        "ContractedCost": exact(line["cost"]),
        "EffectiveCost": exact(line["cost"]),
        "ListCost": exact(line["cost_at_list"]),
        "PricingQuantity": Decimal(1) if regular else None,
        "PricingUnit": usage.get("pricing_unit") if regular else None,
        "ProviderName": "Google Cloud",
        "PublisherName": "Google Cloud" if line["transaction_type"] == "GOOGLE" else line["seller_name"],
        "RegionId": location.get("region"),
        "ResourceId": resource.get("global_name"),
        "ResourceName": resource.get("name"),
        "ServiceName": line["service"]["description"],
        "SkuId": line["sku"]["id"],
        "SubAccountId": project.get("id"),
        "x_Credits": [
            {
                "Name": c["name"],
                "Amount": exact(c["amount"]),
                "FullName": c["full_name"],
                "Id": c["id"],
                "Type": c["type"],
            }
            for c in line["credits"]
        ],
        "x_CostType": line["cost_type"],
        "x_CurrencyConversionRate": line["currency_conversion_rate"],
        "x_Location": location.get("location"),
        "x_ServiceId": line["service"]["id"],
    }


CATEGORIES = {"regular": "Usage", "tax": "Tax", "rounding_error": "Adjustment", "adjustment": "Adjustment"}


def view(line: Line) -> Line:
    """As the view that Google published in 2024 has it."""
    project = line["project"] or {}
    is_cud = line["sku"]["description"].startswith("Commitment") or any("COMMIT" in c["type"] for c in line["credits"])
    tags = [(tag, "label", False) for tag in line["labels"]]
    tags += [(tag, "system_label", False) for tag in line["system_labels"]]
    tags += [(tag, "project_label", True) for tag in project.get("labels", [])]
    tags += [(tag, "tag", False) for tag in line["tags"]]
    return common(line) | {
        "ChargeCategory": CATEGORIES[line["cost_type"]].lower(),
        "ChargeClass": "correction" if line.get("adjustment_info") else None,
        "CommitmentDiscountId": (line.get("subscription") or {}).get("instance_id"),
        "PricingCategory": "committed" if is_cud else "standard",
        "SubAccountId": line["billing_account_id"],
        "Tags": [tag | {"x_type": kind, "x_inherited": far, "x_namespace": "n/a"} for tag, kind, far in tags],
        "x_Project": {name: project.get(name) for name in ("id", "number", "name")},
    }


def native(line: Line) -> Line:
    """As the export of 2026 has it."""
    project = line["project"] or {}

    def labels(found: Sequence[dict[str, str]]) -> list[dict[str, str]]:
        return [{"Key": tag["key"], "Value": tag["value"]} for tag in found]

    return common(line) | {
        "ChargeCategory": CATEGORIES[line["cost_type"]],
        "ChargeClass": "Correction" if line.get("adjustment_info") else None,
        "PricingCategory": "Standard" if line["cost_type"] == "regular" else None,
        "PricingCurrency": "USD",
        "SubAccountName": project.get("name"),
        "x_ConsumptionModelDescription": (line.get("consumption_model") or {}).get("description"),
        "x_SubscriptionInstanceId": (line.get("subscription") or {}).get("instance_id"),
        "x_Project": {name.title(): project.get(name) for name in ("id", "number", "name")},
        "x_SystemLabels": labels(line["system_labels"]),
        "x_ProjectLabels": labels(project.get("labels", [])),
        "x_Labels": labels(line["labels"]),
        "x_Tags": labels(line["tags"]),
    }


SHAPES: dict[str, tuple[Callable[[Line], Line], dict[str, Any]]] = {"view": (view, VIEW), "native": (native, NATIVE)}


def focus(
    folder: Path, lines: Sequence[Line], shape: str, change: Callable[[Line], Line] = lambda line: line
) -> Ingested:
    made, columns = SHAPES[shape]
    folder.mkdir(parents=True)
    rows = [change(made(line)) for line in lines]
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(columns)), folder / "focus.parquet")
    return loaded(folder)


def loaded(folder: Path) -> Ingested:
    done = ingest([str(folder)], Settings(db=folder / "advisor.duckdb"), Silent())
    assert done.problems == ()
    return done


TOTALS = (
    "select period, billing_currency, t.line_count, billed_cost, t.credits, effective_cost"
    " from totals t join loads using (load_id) order by all"
)
METERS = (
    "select charge_date, provider, service_code, service_name, usage_type, usage_kind, resource_id, resource_name,"
    " product_family, sub_account_id, sub_account_name, region_id, line_item_type, charge_role, charge_category,"
    " pricing_category, commitment_discount_id, commitment_discount_type, operation, instance_type, pricing_unit,"
    " publisher_name, is_marketplace, billing_currency, sum(billed_cost), sum(credits), sum(effective_cost),"
    " sum(committed_cost), sum(list_cost), sum(consumed_quantity), bit_or(hours_mask)"
    " from days join meters using (load_id, meter_key) group by all order by all"
)
TAGGED = "select distinct resource_id, tags from meters join tag_sets using (load_id, tag_key) order by all"


def lines_of_all_kinds() -> list[Line]:
    """The odd lines, and quantities in every unit of Google's."""

    def usage(amount: float, unit: str, priced: float, pricing_unit: str) -> Line:
        return {
            "usage": {"amount": amount, "unit": unit, "amount_in_pricing_units": priced, "pricing_unit": pricing_unit}
        }

    gib, month = 2.0**30, 31 * 86400.0
    disk = {"name": "data", "global_name": "//compute.googleapis.com/projects/1234/zones/europe-west3-a/disks/55"}
    multi = {"location": "eu", "country": None, "region": None, "zone": None}
    lines = [
        gcp.line("2026-08-09T00:00:00", "Storage PD Capacity in Frankfurt", 0.1, resource=disk,
                 **usage(96 * gib * month / 4, "byte-seconds", 24, "gibibyte month")),
        gcp.line("2026-08-09T00:00:00", RAM, 0.1, resource=VM, **usage(16 * gib * 3600, "byte-seconds", 16, "gibibyte hour")),
        gcp.line("2026-08-09T00:00:00", "Network Egress in Frankfurt", 0.1, **usage(5 * gib, "bytes", 5, "gibibyte")),
        gcp.line("2026-08-09T00:00:00", "Class A Operations", 0.1, location=multi, **usage(5000.0, "requests", 5000, "count")),
        gcp.line("2026-08-09T00:00:00", "Spot Preemptible N1 Core running in Americas", 0.1, month="202609"),
        gcp.line("2026-09-09T00:00:00", "Secrets", 0.1, resource={"name": "key", "global_name": None},
                 tags=[{"key": "cost", "value": "7", "inherited": "false", "namespace": "1"}]),
    ]  # fmt: skip
    return [numeric(line) for line in odd_lines() + lines]


@pytest.mark.parametrize("shape", SHAPES)
def test_as_the_detailed_export(tmp_path: Path, shape: str) -> None:
    load(tmp_path / "detailed", lines_of_all_kinds())
    done = focus(tmp_path / "focus", lines_of_all_kinds(), shape)
    assert query(tmp_path / "focus", TOTALS) == query(tmp_path / "detailed", TOTALS)
    meters = query(tmp_path / "detailed", METERS)
    assert len(meters) == 15
    assert query(tmp_path / "focus", METERS) == meters
    assert {t.currency for t in done.totals} == {"USD", "EUR"}
    rates = "select distinct billing_currency, currency_conversion_rate from totals order by 1"
    assert query(tmp_path / "focus", rates) == query(tmp_path / "detailed", rates)


@pytest.mark.parametrize("shape", SHAPES)
def test_tags_are_those_of_the_detailed_export(tmp_path: Path, shape: str) -> None:
    load(tmp_path / "detailed", lines_of_all_kinds())
    focus(tmp_path / "focus", lines_of_all_kinds(), shape)
    tags = query(tmp_path / "detailed", TAGGED)
    assert len(tags) > 4
    assert query(tmp_path / "focus", TAGGED) == tags


# --- credits ----------------------------------------------------------------------------------------------------------


def discounts(line: Line) -> Decimal:
    return sum((c["Amount"] for c in line["x_Credits"] if c["Type"] not in {"PROMOTION", "FREE_TRIAL"}), Decimal(0))


def promotions(line: Line) -> Decimal:
    return sum((c["Amount"] for c in line["x_Credits"]), Decimal(0)) - discounts(line)


def net(line: Line) -> Decimal:
    result: Decimal = line["ContractedCost"] + discounts(line) + promotions(line)
    return result


READINGS: dict[str, Callable[[Line], Line]] = {
    "no amount has them": lambda line: line,
    "billed has them": lambda line: line | {
        "BilledCost": net(line), "EffectiveCost": line["ContractedCost"] + discounts(line)
    },
    "both have them": lambda line: line | {"BilledCost": net(line), "EffectiveCost": net(line)},
    "effective has discounts": lambda line: line | {"EffectiveCost": line["ContractedCost"] + discounts(line)},
    "effective has them": lambda line: line | {"EffectiveCost": net(line)},
    "no effective costs": lambda line: line | {"EffectiveCost": None},
    "no contracted costs": lambda line: line | {"ContractedCost": None},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_credits_count_once_whatever_amounts_contain(tmp_path: Path, shape: str, reading: str) -> None:
    load(tmp_path / "detailed", lines_of_all_kinds())
    focus(tmp_path / "focus", lines_of_all_kinds(), shape, READINGS[reading])
    assert query(tmp_path / "focus", TOTALS) == query(tmp_path / "detailed", TOTALS)


# --- commitments --------------------------------------------------------------------------------------------------------

FLEX = {"consumption_model": {"description": "Compute Flexible CUDs 1 Year"}, "subscription": {"instance_id": "s-1"}}
DEFAULT = {"consumption_model": {"description": "Default"}, "subscription": {"instance_id": "s-1"}}
LABEL = [{"key": "goog-originating-sku-id", "value": E2_ID}]
FIRST = "2026-08-01T00:00:00"
COMMITMENTS: dict[str, list[Line]] = {
    "resources": [
        gcp.line(FIRST, FEE, 0.30, usage=hours(10), project=None),
        gcp.line(
            FIRST, CORE, 0.40, usage=hours(8), resource=VM, credits=[credit("COMMITTED_USAGE_DISCOUNT", -0.20, "c-1")]
        ),
        gcp.line(FIRST, RAM, 0.10, usage=hours(8), resource=VM),
    ],
    "spend": [
        gcp.line(FIRST, FLEX_FEE, 0.193, project=None, labels=LABEL),
        gcp.line(FIRST, FLEX_FEE, 0.023, project=None),
        gcp.line(FIRST, E2, 0.268064, resource=VM, credits=[credit("COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE", -0.268064)]),
    ],
    "spend since 2025": [
        gcp.line(
            FIRST, FLEX_FEE, 0.216, project=None, **DEFAULT, credits=[credit("FEE_UTILIZATION_OFFSET", -0.1929929)]
        ),
        gcp.line(FIRST, E2, 0.193006, resource=VM, cost_at_list=0.268064, **FLEX),
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", COMMITMENTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_commitments(tmp_path: Path, shape: str, kind: str) -> None:
    load(tmp_path / "detailed", COMMITMENTS[kind])
    focus(tmp_path / "focus", COMMITMENTS[kind], shape)
    meters = query(tmp_path / "detailed", METERS)
    assert {row[13] for row in meters} == {"usage", "fee"}
    assert query(tmp_path / "focus", METERS) == meters


def test_an_amortised_effective_cost_is_left_as_it_is(tmp_path: Path) -> None:
    """The fee is in the effective cost of what it covers: 4 of 10 hours; 0.18 of it is unused."""

    def amortised(line: Line) -> Line:
        of = {FEE: "0.18", CORE: "0.32", RAM: "0.1"}
        return line | {"BilledCost": net(line), "EffectiveCost": Decimal(of[line["ChargeDescription"]])}

    focus(tmp_path / "focus", COMMITMENTS["resources"], "native", amortised)
    found = query(
        tmp_path / "focus",
        "select charge_role, sum(billed_cost)::double, sum(effective_cost)::double from days"
        " join meters using (load_id, meter_key) group by 1 order by 1",
    )
    assert found == [("fee", 0.3, 0.18), ("usage", 0.3, 0.42)]


# --- other files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_json_lines(tmp_path: Path, shape: str) -> None:
    """As BigQuery exports them: no nulls, NUMERIC as text."""
    made, _ = SHAPES[shape]

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items() if inner is not None}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M:%S} UTC"
        return str(value) if isinstance(value, Decimal) else value

    text = "".join(json.dumps(plain(made(line))) + "\n" for line in lines_of_all_kinds())
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "focus-000000000000.json.gz").write_bytes(gzip.compress(text.encode()))
    loaded(tmp_path / "json")
    focus(tmp_path / "parquet", lines_of_all_kinds(), shape)
    for sql in (TOTALS, METERS, TAGGED):
        assert query(tmp_path / "json", sql) == query(tmp_path / "parquet", sql)


def test_lines_of_others_beside_them_are_as_in_files_of_their_own(tmp_path: Path) -> None:
    """One file of two providers: the columns of Google are null for the other."""

    def other(line: Line) -> Line:
        empty = {name: None for name in NATIVE if name.startswith("x_")}
        of = {"ProviderName": "AWS", "PublisherName": "AWS", "ConsumedUnit": "Hrs", "PricingCategory": "Committed"}
        return line | empty | of | {"ListCost": Decimal(0), "SubAccountName": "one", "SubAccountId": "1"}

    lines = lines_of_all_kinds()
    focus(tmp_path / "beside", lines, "native", other)
    assert query(tmp_path / "beside", "select distinct provider from meters") == [("aws",)]
    rows = pq.read_table(tmp_path / "beside" / "focus.parquet")
    (tmp_path / "alone").mkdir()
    own = [name for name in rows.column_names if not name.startswith("x_")]
    pq.write_table(rows.select(own), tmp_path / "alone" / "focus.parquet")
    loaded(tmp_path / "alone")
    for sql in (TOTALS, METERS):
        assert query(tmp_path / "beside", sql) == query(tmp_path / "alone", sql)


def test_small_letters_of_any_provider(tmp_path: Path) -> None:
    """Categories in small letters mean the same, whoever wrote the file."""
    columns = {name: kind for name, kind in COMMON.items() if not name.startswith("x_")}
    for name in ("small", "capital"):
        rows = [
            native(line) | {"ProviderName": "Oracle", "PricingCategory": "Committed"} for line in lines_of_all_kinds()
        ]
        if name == "small":
            for row in rows:
                for column in ("ChargeCategory", "ChargeClass", "PricingCategory"):
                    row[column] = row[column] and row[column].lower()
        (tmp_path / name).mkdir()
        pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(columns)), tmp_path / name / "focus.parquet")
        loaded(tmp_path / name)
    for sql in (TOTALS, METERS):
        assert query(tmp_path / "small", sql) == query(tmp_path / "capital", sql)


def test_files_of_others_never_meet_what_is_for_google(samples: Path, tmp_path: Path) -> None:
    """The same lines by both pairs, and only those of Google pay for what they need."""
    own = next((samples / "aws_focus_1_2").rglob("*.parquet"))
    rows = pq.read_table(own)
    for name, table in (
        ("own", rows),
        ("google", rows.append_column("x_Credits", pa.nulls(rows.num_rows, COMMON["x_Credits"])).drop(["Tags"])),
    ):
        (tmp_path / name).mkdir()
        pq.write_table(table, tmp_path / name / "focus.parquet")
        loaded(tmp_path / name)
    formats = {form.normalisation for form in SOURCES if form.id == "focus" and "x_Credits" not in form.marks}
    assert formats == {"focus"}
    for sql in (TOTALS, METERS):
        assert query(tmp_path / "google", sql) == query(tmp_path / "own", sql)
