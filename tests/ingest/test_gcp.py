"""Google Cloud exports: every file format gives the same rows, and money is where it belongs."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import small_gcp as gcp

from advisor import store
from advisor.app import ScanOptions, Settings, Silent, ingest, scan
from advisor.store import Resources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from advisor.app import Ingested

WRITERS: dict[str, Any] = {
    "bill.parquet": gcp.write_parquet,
    "bill-000000000000.json": gcp.write_json,
    "bill-000000000000.json.gz": gcp.write_json,
    "bill.jsonl": gcp.write_json,
    "bill.avro": gcp.write_avro,
    "bill.csv": gcp.write_csv,
    "bill.csv.gz": gcp.write_csv,
}
VM = {"name": "web-1", "global_name": "//compute.googleapis.com/projects/1234/zones/europe-west3-a/instances/987"}
MACHINE = [{"key": "compute.googleapis.com/machine_spec", "value": "n1-standard-4"}]


def credit(kind: str, amount: float, name: str = "") -> dict[str, Any]:
    return {"name": name or kind, "full_name": name or kind, "id": name, "type": kind, "amount": amount}


def load(folder: Path, rows: Sequence[dict[str, Any]], name: str = "bill.parquet", **options: Any) -> Ingested:
    folder.mkdir(parents=True, exist_ok=True)
    WRITERS[name](folder / name, rows, **options)
    done = ingest([str(folder)], Settings(db=folder / "advisor.duckdb"), Silent())
    assert done.problems == ()
    return done


def query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with store.reading(folder / "advisor.duckdb", Resources()) as con:
        return con.execute(sql).fetchall()


EVERYTHING = (
    "select d.* exclude (load_id, meter_key), m.* exclude (load_id, meter_key, tag_key), t.tags"
    " from days d join meters m using (load_id, meter_key) left join tag_sets t using (load_id, tag_key) order by all"
)


def odd_lines() -> list[dict[str, Any]]:
    """What an export may hold: credits, nulls, account-level lines, corrections, odd names, two identical lines."""
    core = "N1 Predefined Instance Core running in Frankfurt"
    named = {"resource": VM, "system_labels": MACHINE}
    rows = [
        gcp.line(
            f"2026-08-01T{hour:02d}:00:00",
            core,
            0.05,
            **named,
            labels=[{"key": "env", "value": "dev"}, {"key": "note", "value": '<script>&"\n=1+1 \U0001f600'}],
            credits=[
                credit("SUSTAINED_USAGE_DISCOUNT", -0.01),
                credit("PROMOTION", -0.004),
                credit("FREE_TIER", -0.001),
            ],
        )
        for hour in range(24)
    ]
    rows += [gcp.line("2026-08-02T03:00:00", core, 1 / 3, **named)] * 2
    correction = {
        "id": "c1",
        "description": "x",
        "mode": "COMPLETE_NEGATION_WITH_REMONETIZATION",
        "type": "PRICE_CORRECTION",
    }
    back = {"amount": -3600.0, "unit": "seconds", "amount_in_pricing_units": -1.0, "pricing_unit": "hour"}
    rows += [
        gcp.line("2026-08-02T03:00:00", core, -1 / 3, **named, usage=back, adjustment_info=correction),
        gcp.line("2026-08-02T03:00:00", core, 0.25, **named, adjustment_info=correction),
        gcp.line("2026-08-01T00:00:00", "Tax", 1.23, cost_type="tax", project=None, location=None, usage=None),
        gcp.line("2026-08-31T23:00:00", "Rounding error", -0.000001, cost_type="rounding_error", project=None),
        gcp.line("2026-08-01T07:00:00", "Support", 29.0, hours=24 * 31, project=None),
        gcp.line("2026-08-05T00:00:00", "Goodwill", -5.0, cost_type="adjustment",
                 adjustment_info={"id": "g", "description": "Sorry", "mode": "MANUAL_ADJUSTMENT", "type": "GOODWILL"}),
        gcp.line("2026-08-06T00:00:00", "Acme Scanner", 9.5, transaction_type="THIRD_PARTY_RESELLER", seller_name="Acme",
                 invoice={"month": "202608", "publisher_type": "PARTNER"}),
        gcp.line("2026-08-07T00:00:00", "Standard Storage EU Multi-region", 0.4, currency="EUR",
                 currency_conversion_rate=0.92, resource={"name": None, "global_name": "//storage.googleapis.com/b"},
                 system_labels=[{"key": "storage.googleapis.com/object_state", "value": "noncurrent"}]),
        gcp.line("2026-08-08T00:00:00", "N2 Instance Core running in Frankfurt", 0.7, system_labels=[
                 {"key": "compute.googleapis.com/is_unused_reservation", "value": "true"},
                 {"key": "compute.googleapis.com/reservation_name", "value": "spare"}]),
    ]  # fmt: skip
    return rows


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "bill.parquet"])
def test_every_file_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    load(tmp_path / "parquet", odd_lines())
    load(tmp_path / "other", odd_lines(), name)
    expected = query(tmp_path / "parquet", EVERYTHING)
    assert len(expected) == 10
    assert query(tmp_path / "other", EVERYTHING) == expected


def test_totals_are_the_sums_of_the_lines_before_and_after_credits(tmp_path: Path) -> None:
    done = load(tmp_path, odd_lines())
    by_currency = {t.currency: t for t in done.totals}
    dollars = [row for row in odd_lines() if row["currency"] == "USD"]
    cost = sum(Decimal(str(round(row["cost"], 10))) for row in dollars)
    credits = {kind: sum(Decimal(str(c["amount"])) for row in dollars for c in row["credits"] if c["type"] == kind)
               for kind in ("PROMOTION", "FREE_TIER", "SUSTAINED_USAGE_DISCOUNT")}  # fmt: skip
    total = by_currency["USD"]
    assert total.rows == len(dollars)
    assert total.billed_cost == cost + sum(credits.values())
    assert total.billed_cost - total.credits == cost
    assert credits["PROMOTION"] != 0
    assert total.effective_cost == cost + credits["FREE_TIER"] + credits["SUSTAINED_USAGE_DISCOUNT"]
    assert by_currency["EUR"].billed_cost == Decimal("0.4")
    assert query(tmp_path, "select currency_conversion_rate from totals order by billing_currency") == [(0.92,), (1.0,)]


def test_totals_per_billing_account(tmp_path: Path) -> None:
    """A reseller's table holds the accounts of many customers."""
    rows = odd_lines()
    other = [row | {"billing_account_id": "0AAAAA-BBBBBB-CCCCCC"} for row in rows[:5]]
    done = load(tmp_path, [*rows, *other])
    (total,) = (t for t in done.totals if t.currency == "USD")
    alone = load(tmp_path / "alone", other).totals[0]
    assert [a.billing_account_id for a in total.billing_accounts] == ["01AB23-CD45EF-67GH89", "0AAAAA-BBBBBB-CCCCCC"]
    second = total.billing_accounts[1]
    assert (second.rows, second.billed_cost, second.credits) == (alone.rows, alone.billed_cost, alone.credits)
    assert sum(a.billed_cost for a in total.billing_accounts) == total.billed_cost
    assert "billing account 0AAAAA-BBBBBB-CCCCCC: billed" in " ".join(total.notes)


def test_lines_become_meters(tmp_path: Path) -> None:
    load(tmp_path, odd_lines())
    rows = query(
        tmp_path,
        "select usage_kind, charge_role, charge_category, operation, sub_account_id, is_marketplace, publisher_name"
        " from meters order by all",
    )
    assert rows == [
        ("acme scanner", "usage", "Usage", "", "shop-prod", True, "Acme"),
        ("goodwill", "refund", "Adjustment", "", "shop-prod", False, "Google Cloud"),
        ("n1 predefined instance core", "usage", "Usage", "", "shop-prod", False, "Google Cloud"),
        ("n1 predefined instance core", "usage", "Usage", "", "shop-prod", False, "Google Cloud"),
        ("n2 instance core", "usage", "Usage", "unused_reservation", "shop-prod", False, "Google Cloud"),
        ("rounding error", "other", "Adjustment", "", "01AB23-CD45EF-67GH89", False, "Google Cloud"),
        ("standard storage eu multi-region", "usage", "Usage", "noncurrent", "shop-prod", False, "Google Cloud"),
        ("support", "fee", "Purchase", "", "01AB23-CD45EF-67GH89", False, "Google Cloud"),
        ("tax", "tax", "Tax", "", "01AB23-CD45EF-67GH89", False, "Google Cloud"),
    ]


def test_corrections_are_summed_and_identical_lines_are_both_counted(tmp_path: Path) -> None:
    load(tmp_path, odd_lines())
    day = query(
        tmp_path,
        "select sum(billed_cost), sum(consumed_quantity), sum(line_count) from days where charge_date = '2026-08-02'",
    )
    assert day == [(Decimal("0.5833333333"), Decimal(2), 4)]


def test_invoice_months_are_the_exports_own(tmp_path: Path) -> None:
    done = load(
        tmp_path,
        [
            gcp.line("2026-09-01T06:00:00", "A", 1.0, month="202608"),  # still August at the Pacific
            gcp.line("2026-09-01T07:00:00", "A", 2.0, month="202609"),
            gcp.line("2026-08-30T00:00:00", "A", 4.0, month="202609"),  # came late
        ],
    )
    assert [(t.period.isoformat(), t.billed_cost) for t in done.totals] == [
        ("2026-08-01", Decimal(1)),
        ("2026-09-01", Decimal(6)),
    ]


def test_old_extracts_lack_what_came_later(tmp_path: Path) -> None:
    old = gcp.without(*gcp.SINCE_2023, "resource", "system_labels", "adjustment_info")
    load(tmp_path / "old", odd_lines(), "bill.csv.gz", schema=old)
    load(tmp_path / "new", odd_lines())
    sums = "select billing_currency, line_count, billed_cost, credits, effective_cost from totals order by 1"
    assert query(tmp_path / "old", sums) == query(tmp_path / "new", sums)
    assert query(tmp_path / "old", "select distinct format, has_resource_ids from loads") == [("gcp-standard", False)]


SHAPES = {
    "maps": "* replace (map_from_entries(list_transform(labels, lambda e: {'k': e.key, 'v': e.value})) as labels)",
    "lists that are not marked": (
        "* replace ({'list': list_transform(credits, lambda e: {'element': e})} as credits,"
        " {'list': list_transform(labels, lambda e: {'element': e})} as labels)"
    ),
    "flat columns": (
        "* exclude (service, sku, invoice, project), service.id as service_id, service.description as service_description,"
        ' sku.id as "sku.id", sku.description as "sku.description", invoice.month::integer as invoice_month,'
        ' invoice.publisher_type as invoice_publisher_type, project.id as "project.id", project.name as project_name,'
        ' to_json(project.labels) as "project.labels"'
    ),
    "JSON columns": "* replace (to_json(credits) as credits, to_json(labels)::varchar as labels)",
    "texts": "* replace (usage_start_time::varchar as usage_start_time, cost::varchar as cost)",
    "exact numbers": "* replace (cost::decimal(38, 12) as cost)",
    "months with dashes": "* replace (struct_update(invoice, month := invoice.month[:4] || '-' || invoice.month[5:]) as invoice)",
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_parquet_of_other_writers(tmp_path: Path, shape: str) -> None:
    """Queries that people extract with rename, flatten and convert; the rows come out the same."""
    load(tmp_path / "nested", odd_lines())
    other = tmp_path / "other"
    other.mkdir()
    with store.scratch() as con:
        con.execute(
            f"copy (select {SHAPES[shape]} from '{tmp_path / 'nested' / 'bill.parquet'}') to '{other / 'bill.parquet'}'"
        )
    done = ingest([str(other)], Settings(db=other / "advisor.duckdb"), Silent())
    assert done.problems == ()
    assert query(other, EVERYTHING) == query(tmp_path / "nested", EVERYTHING)


def test_credits_of_an_old_extract_without_types(tmp_path: Path) -> None:
    schema = gcp.without() | {"credits": [{"name": gcp.TEXT, "amount": gcp.NUMBER}]}
    done = load(tmp_path, odd_lines(), schema=schema)
    assert {t.currency: (t.credits, t.billed_cost == t.effective_cost) for t in done.totals} == {
        "EUR": (Decimal(0), True),
        "USD": (Decimal("-0.36"), True),  # none is known to end
    }


# --- commitments ----------------------------------------------------------------------------------------------------------

CORE, RAM = "N2 Instance Core running in Frankfurt", "N2 Instance Ram running in Frankfurt"
FEE = "Commitment v1: N2 Cpu in Frankfurt for 1 Year"
FLEX_FEE = "Commitment - dollar based v1: GCE for 1 year"


def hours(amount: float) -> dict[str, Any]:
    return {"amount": amount * 3600, "unit": "seconds", "amount_in_pricing_units": amount, "pricing_unit": "hour"}


def by_role(folder: Path) -> dict[str, tuple[float, float, float, float]]:
    rows = query(
        folder,
        "select charge_role, sum(billed_cost), sum(effective_cost), sum(committed_cost), sum(list_cost)"
        " from days join meters using (load_id, meter_key) group by all",
    )
    return {role: tuple(float(v) for v in values) for role, *values in rows}


def test_a_resource_commitment_half_used(tmp_path: Path) -> None:
    """Ten core-hours committed at 0.03, four used: a machine of eight cores is covered to the half."""
    done = load(
        tmp_path,
        [
            gcp.line("2026-08-01T00:00:00", FEE, 0.30, usage=hours(10), project=None, resource=None),
            gcp.line("2026-08-01T00:00:00", CORE, 0.40, usage=hours(8), resource=VM,
                     credits=[credit("COMMITTED_USAGE_DISCOUNT", -0.20)]),
            gcp.line("2026-08-01T00:00:00", RAM, 0.10, usage=hours(8), resource=VM),
        ],
    )  # fmt: skip
    roles = by_role(tmp_path)
    # 0.2 for what is not covered, 0.12 = 4/10 of the fee for what is, 0.1 for memory.
    assert roles["usage"] == pytest.approx((0.30, 0.42, 0.12, 0.50))
    assert roles["fee"] == pytest.approx((0.30, 0.18, 0, 0.30))
    assert done.totals[0].billed_cost == done.totals[0].effective_cost == Decimal("0.6")


def test_a_commitment_of_another_family_covers_nothing_of_this_one(tmp_path: Path) -> None:
    load(
        tmp_path,
        [
            gcp.line("2026-08-01T00:00:00", FEE, 0.30, usage=hours(10), project=None),
            gcp.line("2026-08-01T00:00:00", "Commitment v1: E2 Cpu in Frankfurt for 3 Year", 0.10, usage=hours(5), project=None),
            gcp.line("2026-08-01T00:00:00", CORE, 0.50, usage=hours(10), resource=VM,
                     credits=[credit("COMMITTED_USAGE_DISCOUNT", -0.50)]),
        ],
    )  # fmt: skip
    fees = query(
        tmp_path,
        "select usage_kind, effective_cost::double from days join meters using (load_id, meter_key)"
        " where charge_role = 'fee' order by 1",
    )
    assert fees == [("commitment v1: e2 cpu", pytest.approx(0.10)), ("commitment v1: n2 cpu", 0.0)]
    assert by_role(tmp_path)["usage"] == pytest.approx((0, 0.30, 0.30, 0.50))


E2 = "E2 Instance Core running in Frankfurt"
E2_ID = f"SKU-{abs(gcp.hash_of(E2)) % 10000:04d}"


def test_the_older_spend_model_attributes_fees_by_label(tmp_path: Path) -> None:
    """Google's example of an over-used commitment: fees 0.072 and usage 0.168064 make 0.240064."""
    load(
        tmp_path,
        [
            gcp.line("2026-08-01T00:00:00", FLEX_FEE, 0.072, project=None,
                     labels=[{"key": "goog-originating-sku-id", "value": E2_ID}]),
            gcp.line("2026-08-01T00:00:00", E2, 0.268064, resource=VM,
                     credits=[credit("COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE", -0.1)]),
        ],
    )  # fmt: skip
    roles = by_role(tmp_path)
    assert roles["usage"] == pytest.approx((0.168064, 0.240064, 0.072, 0.268064))
    assert roles["fee"] == pytest.approx((0.072, 0, 0, 0.072))


def test_the_unused_part_of_the_older_spend_model_stays_with_the_fee(tmp_path: Path) -> None:
    load(
        tmp_path,
        [
            gcp.line("2026-08-01T00:00:00", FLEX_FEE, 0.193, project=None,
                     labels=[{"key": "goog-originating-sku-id", "value": E2_ID}]),
            gcp.line("2026-08-01T00:00:00", FLEX_FEE, 0.023, project=None),
            gcp.line("2026-08-01T00:00:00", E2, 0.268064, resource=VM,
                     credits=[credit("COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE", -0.268064)]),
        ],
    )  # fmt: skip
    roles = by_role(tmp_path)
    assert roles["usage"] == pytest.approx((0, 0.193, 0.193, 0.268064))
    assert roles["fee"] == pytest.approx((0.216, 0.023, 0, 0.216))


def test_the_newer_spend_model_has_the_price_in_the_line_and_the_offset_in_the_fee(tmp_path: Path) -> None:
    """Google's example of an under-used commitment: usage 0.193006, net fees 0.0230071, together 0.2160131."""
    subscription = {"subscription": {"instance_id": "s-1"}}
    flex = {"consumption_model": {"id": "X", "description": "Compute Flexible CUDs 1 Year"}, **subscription}
    default = {"consumption_model": {"id": "7754-699E-0EBF", "description": "Default"}, **subscription}
    done = load(
        tmp_path,
        [
            gcp.line("2026-08-01T00:00:00", FLEX_FEE, 0.216, project=None, **default,
                     credits=[credit("FEE_UTILIZATION_OFFSET", -0.1929929)]),
            gcp.line("2026-08-01T00:00:00", E2, 0.193006, resource=VM, cost_at_list=0.268064, **flex),
        ],
    )  # fmt: skip
    roles = by_role(tmp_path)
    assert roles["usage"] == pytest.approx((0.193006, 0.193006, 0.193006, 0.268064))
    assert roles["fee"] == pytest.approx((0.0230071, 0.0230071, 0, 0.216))
    assert done.totals[0].effective_cost == Decimal("0.2160131")
    ids = query(tmp_path, "select distinct commitment_discount_id, commitment_discount_type from meters")
    assert ids == [("s-1", "Committed Use Discount (spend)")]


def test_shares_of_a_fee_add_up_to_the_last_digit(tmp_path: Path) -> None:
    """Seven machines, three fee lines: nothing of the money is lost in rounding."""
    rows = [gcp.line("2026-08-01T00:00:00", FEE, 1 / 3, usage=hours(3), project={"id": f"p{n}"}) for n in range(3)]
    rows += [
        gcp.line("2026-08-01T00:00:00", CORE, 0.1 + n / 7, usage=hours(1.3),
                 resource={"name": f"vm-{n}", "global_name": f"//compute.googleapis.com/projects/1/zones/z/instances/{n}"},
                 credits=[credit("COMMITTED_USAGE_DISCOUNT", -(0.1 + n / 7))])
        for n in range(7)
    ]  # fmt: skip
    done = load(tmp_path, rows)
    assert done.totals[0].billed_cost == done.totals[0].effective_cost
    assert by_role(tmp_path)["fee"][1] == 0


def test_the_standard_export_beside_the_detailed_one_is_not_counted_twice(tmp_path: Path) -> None:
    for name, schema in (("detailed", gcp.SCHEMA), ("standard", gcp.without("resource"))):
        (tmp_path / name).mkdir()
        gcp.write_parquet(tmp_path / name / "bill.parquet", odd_lines(), schema)
    result = scan([str(tmp_path)], Settings(db=tmp_path / "advisor.duckdb"), ScanOptions(), Silent(), keep=False)
    alone = scan([str(tmp_path / "detailed")], Settings(db=tmp_path / "x"), ScanOptions(), Silent(), keep=False)
    assert "holds the same charges as" in " ".join(p.why for p in result.problems)
    assert result.currencies == alone.currencies
    assert result.currencies[0].monthly_cost > 0


# --- what cannot be read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [
        ("bill.avro", lambda data: data[: len(data) // 2], "Avro"),
        ("bill.jsonl", lambda data: data[:-30] + b'"cost": }\n', "JSON|cannot be read|Malformed"),
        (
            "bill.jsonl",
            lambda data: json.dumps(json.loads(data.split(b"\n")[0]), indent=1).encode(),
            "one object per line",
        ),
        ("bill.parquet", lambda data: data[: len(data) // 2], "cannot be read"),
        ("bill-000000000000.json.gz", lambda data: data[: len(data) // 2], "gzip|cannot be read"),
    ],
)
def test_a_damaged_file_is_named_and_the_rest_still_runs(tmp_path: Path, name: str, damage: Any, said: str) -> None:
    WRITERS[name](tmp_path / name, odd_lines())
    data = damage((tmp_path / name).read_bytes())
    (tmp_path / name).write_bytes(data)
    gcp.write_parquet(tmp_path / "other.parquet", odd_lines())
    done = ingest([str(tmp_path)], Settings(db=tmp_path / "advisor.duckdb"), Silent())
    assert len(done.loaded) == 1
    (problem,) = done.problems
    assert name in problem.what
    assert any(word in problem.why for word in said.split("|"))


def test_files_of_one_extract_are_one_source_in_whatever_folders(tmp_path: Path) -> None:
    for day in (1, 2, 31):
        folder = tmp_path / f"partition_date=2026-08-{day:02d}"
        folder.mkdir()
        gcp.write_json(folder / f"part-{day:012d}.json", [gcp.line(f"2026-08-{day:02d}T00:00:00", "A", 1.0)])
    done = ingest([str(tmp_path)], Settings(db=tmp_path / "advisor.duckdb"), Silent())
    assert [(t.rows, t.billed_cost) for t in done.totals] == [(3, Decimal(3))]
    again = ingest([str(tmp_path)], Settings(db=tmp_path / "advisor.duckdb"), Silent())
    assert (again.loaded, again.unchanged) == ((), 1)


@pytest.mark.parametrize(
    "folder", ["2026-{month:02d}", "invoice_month=2026{month:02d}", "year=2026/month={month:02d}", "."]
)
def test_a_folder_or_file_per_month_is_one_history(tmp_path: Path, folder: str) -> None:
    """Judged as of its last day, and late lines of August that lie with September's are billed with September."""
    machine = "N1 Predefined Instance Core running in Frankfurt"
    for month in (8, 9):
        place = tmp_path / "bill" / folder.format(month=month)
        place.mkdir(parents=True, exist_ok=True)
        lines = [
            gcp.line(f"2026-{month:02d}-{day:02d}T{hour:02d}:00:00", machine, 0.1, resource=VM)
            for day in range(1, 31)
            for hour in range(24)
        ]
        lines += [gcp.line(f"2026-{month:02d}-10T00:00:00", machine, 0.5, month=f"2026{month + 1:02d}", resource=VM)]
        gcp.write_parquet(place / f"2026{month:02d}.parquet", lines)
    done = ingest([str(tmp_path / "bill")], Settings(db=tmp_path / "advisor.duckdb"), Silent())
    assert done.problems == ()
    by_month: dict[str, Decimal] = {}
    for total in done.totals:
        by_month[f"{total.period:%Y-%m}"] = by_month.get(f"{total.period:%Y-%m}", Decimal(0)) + total.billed_cost
    assert by_month == {"2026-08": Decimal(72), "2026-09": Decimal("72.5"), "2026-10": Decimal("0.5")}
    again = ingest([str(tmp_path / "bill")], Settings(db=tmp_path / "advisor.duckdb"), Silent())
    assert again.loaded == ()
    assert again.totals == done.totals
    result = scan([], Settings(db=tmp_path / "advisor.duckdb"), ScanOptions(), Silent(), keep=True)
    assert result.as_of.isoformat() == "2026-09-30"
    assert result.problems == ()
    assert {c.id: c.judged for c in result.checks}["gcp-previous-machine-family"] == 1
