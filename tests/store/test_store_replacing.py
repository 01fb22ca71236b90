"""A billing period is replaced as a whole: the same delivery changes nothing, a newer one changes its month only."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import small_cur

from advisor import app, store

if TYPE_CHECKING:
    from pathlib import Path

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)


def settings(database: Path) -> app.Settings:
    return app.Settings(db=database, wait_seconds=0)


def ingest(database: Path, *roots: Path) -> app.Ingested:
    done = app.ingest([str(root) for root in roots], settings(database), app.Silent())
    assert done.problems == ()
    return done


def amounts(done: app.Ingested) -> dict[date, Decimal]:
    sums: dict[date, Decimal] = {}
    for total in done.totals:
        sums[total.period] = sums.get(total.period, Decimal(0)) + total.billed_cost
    return sums


def rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with store.reading(database, store.Resources()) as con:
        return con.execute(sql).fetchall()


def content(database: Path, period: date) -> list[list[tuple[Any, ...]]]:
    """Everything that belongs to the month's load, its number aside."""
    tables = ("days", "meters", "tag_sets", "totals", "sku_attributes")
    with store.reading(database, store.Resources()) as con:
        return [
            con.execute(
                f"select t.* exclude (load_id) from {table} t join loads l using (load_id) where l.period = ? order by all",
                [period],
            ).fetchall()
            for table in tables
        ]


def test_the_same_delivery_again_changes_no_byte(database: Path, root: Path) -> None:
    first = ingest(database, root)
    assert {period for _, period in first.loaded} == {JULY, AUGUST}
    stat, before = database.stat(), database.read_bytes()
    again = ingest(database, root)
    assert (again.loaded, again.unchanged) == ((), 2)
    assert again.totals == first.totals
    assert (database.stat().st_mtime_ns, database.stat().st_ino) == (stat.st_mtime_ns, stat.st_ino)
    assert database.read_bytes() == before


def test_a_path_named_twice_is_loaded_once(database: Path, root: Path) -> None:
    done = ingest(database, root, root, root / "exports", root / "exports" / "tiny")
    assert len(done.loaded) == 2
    assert amounts(done)[JULY] == Decimal("33.48")


def test_a_restated_month_replaces_exactly_that_month(database: Path, root: Path) -> None:
    ingest(database, root)
    july, loads = content(database, JULY), rows(database, "select load_id, period from loads order by period")
    small_cur.deliver(root, "2026-08", small_cur.month("2026-08", cost=2.5), execution="2")
    done = ingest(database, root)
    assert [period for _, period in done.loaded] == [AUGUST]
    assert amounts(done) == {JULY: Decimal("33.48"), AUGUST: Decimal("77.5")}
    assert content(database, JULY) == july
    after = rows(database, "select load_id, period from loads order by period")
    assert after[0] == loads[0]
    assert after[1][0] > loads[1][0]
    for table in ("days", "meters", "tag_sets", "totals"):
        assert rows(database, f"select distinct load_id from {table} order by 1") == [(load,) for load, _ in after]


def test_a_month_that_shrinks_shrinks(database: Path, root: Path) -> None:
    ingest(database, root)
    small_cur.deliver(root, "2026-08", small_cur.month("2026-08", days=3), execution="2")
    assert amounts(ingest(database, root))[AUGUST] == Decimal("3.24")


def test_a_restatement_that_cannot_be_read_keeps_the_month(database: Path, root: Path) -> None:
    ingest(database, root)
    before = content(database, AUGUST)
    small_cur.deliver(root, "2026-08", small_cur.month("2026-08", cost=9.0), execution="2")
    broken = root / "exports/tiny/data/BILLING_PERIOD=2026-08/tiny-00001.snappy.parquet"
    broken.write_bytes(broken.read_bytes()[:-99])
    done = app.ingest([str(root)], settings(database), app.Silent())
    assert [problem.what for problem in done.problems] == [f"file {broken}"]
    assert content(database, AUGUST) == before


def test_only_the_newest_execution_counts(database: Path, tmp_path: Path) -> None:
    root = tmp_path / "export"
    for number, (cost, folder) in enumerate(
        [(3.0, "20260810T060000Z-ffff"), (1.0, "20260901T060000Z-aaaa"), (2.0, "20260820T060000Z-cccc")]
    ):
        small_cur.deliver(root, "2026-08", small_cur.month("2026-08", cost=cost), folder=folder, execution=f"e{number}")
    # The manifest above the executions names the newest; this delivery was written last, but is not the newest.
    top = root / "exports/tiny/metadata/BILLING_PERIOD=2026-08"
    newest = top / "20260901T060000Z-aaaa" / "tiny-Manifest.json"
    (top / "tiny-Manifest.json").write_bytes(newest.read_bytes())
    assert amounts(ingest(database, root)) == {AUGUST: Decimal("31")}


def test_without_manifests_the_newest_folder_counts(database: Path, tmp_path: Path) -> None:
    root = tmp_path / "export"
    for cost, folder in [(3.0, "20260810T060000Z-ffff"), (1.0, "20260901T060000Z-aaaa")]:
        small_cur.deliver(root, "2026-08", small_cur.month("2026-08", cost=cost), folder=folder)
    for manifest in root.rglob("*Manifest.json"):
        manifest.unlink()
    assert amounts(ingest(database, root)) == {AUGUST: Decimal("31")}


def test_a_newer_execution_replaces_the_older_one(database: Path, tmp_path: Path) -> None:
    root = tmp_path / "export"
    small_cur.deliver(root, "2026-08", small_cur.month("2026-08"), folder="20260810T060000Z-a", execution="1")
    assert amounts(ingest(database, root)) == {AUGUST: Decimal("33.48")}
    small_cur.deliver(root, "2026-08", small_cur.month("2026-08", cost=2.0), folder="20260901T060000Z-b", execution="2")
    assert amounts(ingest(database, root)) == {AUGUST: Decimal("62")}


@pytest.mark.slow
def test_many_replacements_do_not_bloat_the_file(database: Path, root: Path) -> None:
    ingest(database, root)
    size = database.stat().st_size
    for number in range(6):
        small_cur.deliver(root, "2026-08", small_cur.month("2026-08", cost=1 + number), execution=f"r{number}")
        ingest(database, root)
    assert database.stat().st_size < 3 * size


# --- the same money in two exports ------------------------------------------------------------------------------------


def as_focus(folder: Path, lines: list[dict[str, Any]]) -> Path:
    """The lines as an AWS export of FOCUS 1.2 in CSV, with the columns that matter here."""
    folder.mkdir(parents=True)
    columns = {
        "BilledCost": lambda r: r["line_item_unblended_cost"],
        "EffectiveCost": lambda r: r["line_item_unblended_cost"],
        "ListCost": lambda r: r["line_item_unblended_cost"],
        "ContractedCost": lambda r: r["line_item_unblended_cost"],
        "BillingCurrency": lambda r: "USD",
        "BillingAccountId": lambda r: r["bill_payer_account_id"],
        "SubAccountId": lambda r: r["line_item_usage_account_id"],
        "BillingPeriodStart": lambda r: r["bill_billing_period_start_date"].isoformat(),
        "BillingPeriodEnd": lambda r: "2026-09-01T00:00:00+00:00",
        "ChargePeriodStart": lambda r: r["line_item_usage_start_date"].isoformat(),
        "ChargePeriodEnd": lambda r: r["line_item_usage_end_date"].isoformat(),
        "ChargeCategory": lambda r: "Usage",
        "ChargeClass": lambda r: "",
        "ChargeFrequency": lambda r: "Usage-Based",
        "ChargeDescription": lambda r: "NAT gateway",
        "PricingCategory": lambda r: "Standard",
        "PricingQuantity": lambda r: 24,
        "PricingUnit": lambda r: "Hrs",
        "ConsumedQuantity": lambda r: 24,
        "ConsumedUnit": lambda r: "Hrs",
        "ProviderName": lambda r: "AWS",
        "PublisherName": lambda r: "AWS",
        "InvoiceIssuerName": lambda r: "Amazon Web Services, Inc.",
        "RegionId": lambda r: "us-east-1",
        "ResourceId": lambda r: r["line_item_resource_id"],
        "ServiceName": lambda r: "Amazon Virtual Private Cloud",
        "SkuId": lambda r: r["product_sku"],
        "Tags": lambda r: "{}",
        "x_Operation": lambda r: r["line_item_operation"],
        "x_ServiceCode": lambda r: r["line_item_product_code"],
        "x_UsageType": lambda r: r["line_item_usage_type"],
    }
    with gzip.open(folder / "focus-00001.csv.gz", "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([make(row) for make in columns.values()] for row in lines)
    return folder


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["cur first", "focus first"])
def test_cur_and_focus_of_one_payer_count_once(database: Path, tmp_path: Path, order: tuple[int, int]) -> None:
    lines = small_cur.month("2026-08")
    both = [
        small_cur.deliver(tmp_path / "cur", "2026-08", lines),
        as_focus(tmp_path / "focus", lines),
    ]
    for index in order:
        ingest(database, both[index])
    result = app.scan(
        [], settings(database), app.ScanOptions(checks=("aws-nat-gateway-idle",)), app.Silent(), keep=True
    )
    assert result.currencies[0].monthly_cost == pytest.approx(1.08 * 30.4375)
    assert [f.monthly_savings for f in result.findings] == [pytest.approx(1.08 * 30.4375)]
    assert [p.incomplete for p in result.problems if "same charges" in p.why] == [False]
    costs = app.costs(settings(database), ["account"], 3)
    assert sum(row["billed_cost"] for row in costs) == Decimal("33.48")


def test_two_payers_are_not_the_same_money(database: Path, tmp_path: Path) -> None:
    other = {"bill_payer_account_id": "555566667777", "line_item_usage_account_id": "555566667777"}
    one = small_cur.deliver(tmp_path / "one", "2026-08", small_cur.month("2026-08"))
    two = small_cur.deliver(tmp_path / "two", "2026-08", small_cur.month("2026-08", **other))
    ingest(database, one, two)
    result = app.scan(
        [], settings(database), app.ScanOptions(checks=("aws-nat-gateway-idle",)), app.Silent(), keep=True
    )
    assert len(result.findings) == 2
    assert result.problems == ()


def test_a_copy_of_an_export_counts_once(database: Path, tmp_path: Path) -> None:
    lines = small_cur.month("2026-08")
    one = small_cur.deliver(tmp_path / "one", "2026-08", lines)
    two = small_cur.deliver(tmp_path / "copy", "2026-08", lines)
    ingest(database, one, two)
    result = app.scan(
        [], settings(database), app.ScanOptions(checks=("aws-nat-gateway-idle",)), app.Silent(), keep=True
    )
    assert result.currencies[0].monthly_cost == pytest.approx(1.08 * 30.4375)
    assert len([p for p in result.problems if "same charges" in p.why]) == 1
