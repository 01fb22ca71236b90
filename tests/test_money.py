"""Properties of the arithmetic over generated bills: totals and amortised cost equal Decimal sums, whatever the layout.

The oracle is formats.md 1.6 to 1.8 in Python: each line type, its net twin where the month has one.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor import store
from advisor.ingest import discover, load
from advisor.ingest.location import LocalLocation

sys.path.insert(0, str(Path(__file__).parent / "store"))

import small_cur

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Line = dict[str, Any]
Sums = dict[str, tuple[Decimal, Decimal, Decimal, int]]

FEW = settings(
    max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CONTRACT = ("EdpDiscount", "PrivateRateDiscount", "RiVolumeDiscount", "SppDiscount", "DistributorDiscount")
TYPES = (
    "Usage",
    "DiscountedUsage",
    "SavingsPlanCoveredUsage",
    "SavingsPlanNegation",
    "SavingsPlanRecurringFee",
    "SavingsPlanUpfrontFee",
    "RIFee",
    "Fee",
    "Tax",
    "Credit",
    "Refund",
    "BundledDiscount",
    "Discount",
    "FlatRateSubscription",
    "FlateRateSubscription",
    "SomethingNew",
    *CONTRACT,
)
PLAN = "arn:aws:savingsplans::999988887777:savingsplan/0c1d2e3f"
RESERVATION = "arn:aws:ec2:us-east-1:999988887777:reserved-instances/1a2b"
REFUND = "Refund for one-time fee for Savings Plan ID: 0c1d2e3f"
NEGATIVE = ("SavingsPlanNegation", "Credit", "Refund", "BundledDiscount", "Discount", *CONTRACT)

amount = st.decimals(min_value=0, max_value=9999, places=8, allow_nan=False).map(float)
maybe = st.none() | amount


@st.composite
def lines(draw: st.DrawFn, *, net: bool | None = None, currencies: tuple[str, ...] = ("USD",)) -> list[Line]:
    """Lines of one month; every amount column is filled, also those that a line type must not look at."""
    has_net = draw(st.booleans()) if net is None else net
    rows = []
    for kind in draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=12)):
        sign = -1 if kind in NEGATIVE else 1
        row: Line = {name: draw(maybe) for name in small_cur.AMOUNTS}
        row |= {name: draw(maybe) if has_net else None for name in small_cur.NET_AMOUNTS}
        for name in ("line_item_unblended_cost", "line_item_net_unblended_cost"):
            row[name] = row[name] if row[name] is None else sign * row[name]
        row |= {
            "line_item_line_item_type": kind,
            "line_item_currency_code": draw(st.sampled_from(currencies)),
            "line_item_resource_id": draw(st.sampled_from([None, "", "i-1", "i-2"])),
            "line_item_product_code": draw(st.sampled_from(["AmazonEC2", "ComputeSavingsPlans"])),
            "line_item_line_item_description": draw(st.sampled_from([REFUND, "something else", None])),
            "reservation_reservation_a_r_n": draw(st.sampled_from([None, "", RESERVATION])),
            "savings_plan_savings_plan_a_r_n": PLAN if kind.startswith("SavingsPlan") else None,
            "resource_tags": draw(st.sampled_from([{}, {"user_team": "a"}, {"user_team": "b", "user_env": "x"}])),
        }
        rows.append(small_cur.line(f"2026-08-{draw(st.integers(1, 31)):02}", 0.0, **row))
    return rows


def money(value: float | None) -> Decimal:
    return Decimal(0) if value is None else Decimal(repr(value)).quantize(Decimal("1e-10"))


def netted(row: Line, gross: str, net: str) -> Decimal:
    return money(row[gross] if row.get(net) is None else row[net])


def billed(row: Line, is_net: bool) -> Decimal:
    if row["line_item_line_item_type"] in CONTRACT and is_net:
        return money(row["line_item_net_unblended_cost"])
    return netted(row, "line_item_unblended_cost", "line_item_net_unblended_cost")


def effective(row: Line, is_net: bool) -> Decimal:
    kind = row["line_item_line_item_type"]
    if kind in ("SavingsPlanNegation", "SavingsPlanUpfrontFee"):
        return Decimal(0)
    if kind == "SavingsPlanCoveredUsage":
        return netted(row, "savings_plan_savings_plan_effective_cost", "savings_plan_net_savings_plan_effective_cost")
    if kind == "SavingsPlanRecurringFee":
        unused = money(row["savings_plan_total_commitment_to_date"]) - money(row["savings_plan_used_commitment"])
        parts = ("amortized_upfront_commitment_for_billing_period", "recurring_commitment_for_billing_period")
        gross = sum(money(row[f"savings_plan_{part}"]) for part in parts)
        net = sum(netted(row, f"savings_plan_{part}", f"savings_plan_net_{part}") for part in parts)
        return unused * (net / gross if gross else 1)
    if kind == "DiscountedUsage":
        return netted(row, "reservation_effective_cost", "reservation_net_effective_cost")
    if kind == "RIFee":
        parts = ("unused_amortized_upfront_fee_for_billing_period", "unused_recurring_fee")
        return sum((netted(row, f"reservation_{p}", f"reservation_net_{p}") for p in parts), Decimal(0))
    if kind == "Fee" and row["reservation_reservation_a_r_n"]:
        return Decimal(0)
    if (
        kind == "Refund"
        and row["line_item_product_code"] == "ComputeSavingsPlans"
        and row["line_item_line_item_description"] == REFUND
    ):
        return Decimal(0)
    return billed(row, is_net)


def oracle(rows: list[Line]) -> Sums:
    is_net = any(row.get("line_item_net_unblended_cost") is not None for row in rows)
    sums: Sums = {}
    for row in rows:
        cost = billed(row, is_net)
        before = sums.get(row["line_item_currency_code"], (Decimal(0), Decimal(0), Decimal(0), 0))
        credit = cost if row["line_item_line_item_type"] == "Credit" else Decimal(0)
        added = (cost, credit, effective(row, is_net), 1)
        sums[row["line_item_currency_code"]] = tuple(a + b for a, b in zip(before, added, strict=True))  # type: ignore[assignment]
    return sums


@cache
def store_with(threads: int) -> DuckDBPyConnection:
    con = store.scratch()
    store.configure(con, store.Resources(memory_limit="500MB", threads=threads))
    return con


def stored(folder: Path, *, threads: int = 2, times: int = 1) -> tuple[Sums, list[tuple[Any, ...]]]:
    """(totals per currency, resource-days) of the export in `folder`, loaded `times` times into one store."""
    con = store_with(threads)
    location = LocalLocation(path=folder)
    deliveries, problems = discover.discover(location)
    assert problems == []
    for _ in range(times):
        for delivery in deliveries:
            load.load(con, location, delivery, folder, lambda _: None)
    mine = f"load_id in (select load_id from loads where source like '{folder}/%')"
    totals = con.execute(
        "select billing_currency, sum(billed_cost), sum(credits), sum(effective_cost), sum(line_count)::bigint"
        f" from totals where {mine} group by 1"
    ).fetchall()
    days = con.execute(
        "select d.* exclude (load_id, meter_key), m.* exclude (load_id, meter_key, tag_key), t.tags"
        " from days d join meters m using (load_id, meter_key) join tag_sets t using (load_id, tag_key)"
        f" where {mine} order by all"
    ).fetchall()
    return {row[0]: row[1:] for row in totals}, days


def export(rows: list[Line], *, files: int = 1) -> Path:
    folder = Path(tempfile.mkdtemp(dir=_folder))
    has_net = any(row.get(name) is not None for row in rows for name in small_cur.NET_AMOUNTS)
    without = () if has_net else small_cur.NET_AMOUNTS
    return small_cur.deliver(folder, "2026-08", rows, files=min(files, len(rows)), without=without)


_folder: Path


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    global _folder  # noqa: PLW0603 - hypothesis calls the helpers without fixtures
    _folder = tmp_path_factory.mktemp("money")
    yield
    for threads in (1, 2):
        store_with(threads).close()
    shutil.rmtree(_folder)


def assert_equal(got: Sums, expected: Sums) -> None:
    assert set(got) == set(expected)
    for currency, (cost, credit, amortised, count) in expected.items():
        assert got[currency][0] == cost
        assert got[currency][1] == credit
        assert got[currency][3] == count
        # Only the net share of an unused Savings Plan is a division, in doubles.
        assert got[currency][2] == pytest.approx(amortised, rel=Decimal("1e-12"), abs=Decimal("1e-6"))


# --- sums -------------------------------------------------------------------------------------------------------------


@FEW
@given(lines())
def test_totals_equal_decimal_sums(rows: list[Line]) -> None:
    got, days = stored(export(rows))
    assert_equal(got, oracle(rows))
    assert sum(day[1] for day in days) == sum(total[0] for total in got.values())


@FEW
@given(lines(currencies=("USD", "EUR", "CNY")))
def test_currencies_are_never_added(rows: list[Line]) -> None:
    assert_equal(stored(export(rows))[0], oracle(rows))


@pytest.mark.slow
@FEW
@given(lines(), st.randoms(use_true_random=False), st.integers(2, 5))
def test_files_order_threads_and_repetition_change_no_digit(rows: list[Line], order: random.Random, files: int) -> None:
    expected = stored(export(rows), threads=1)
    shuffled = order.sample(rows, len(rows))
    assert stored(export(shuffled, files=files), threads=2, times=2) == expected


@pytest.mark.slow
def test_twenty_runs_give_the_same_digits() -> None:
    chance = random.Random(7)  # noqa: S311 - amounts, not secrets
    rows = [
        small_cur.line(f"2026-08-{n % 31 + 1:02}", chance.random() / 3, line_item_resource_id=f"i-{n % 97}")
        for n in range(3_000)
    ]
    folder = export(rows, files=4)
    runs = [stored(folder, threads=1 + n % 2)[0] for n in range(20)]
    assert all(run == runs[0] for run in runs)
    assert runs[0]["USD"][0] == pytest.approx(
        sum(money(row["line_item_unblended_cost"]) for row in rows), abs=Decimal("1e-5")
    )


@pytest.mark.slow
@FEW
@given(lines(net=False), amount, amount)
def test_split_cost_allocation_changes_nothing(rows: list[Line], used: float, unused: float) -> None:
    pods = [
        small_cur.line(
            "2026-08-09",
            0.0,
            line_item_operation="EKSPod-EC2",
            line_item_usage_type=f"USE1-EKS-EC2-{metric}-Hours",
            line_item_resource_id="arn:aws:eks:us-east-1:111122223333:pod/shop/web/1",
            pricing_public_on_demand_cost=0.0,
            split_line_item_parent_resource_id="i-1",
            split_line_item_split_cost=used,
            split_line_item_unused_cost=unused,
        )
        for metric in ("vCPU", "GB")
    ]
    plain, with_pods = stored(export(rows))[0], stored(export(rows + pods))[0]
    assert [total[:3] for total in with_pods.values()] == [total[:3] for total in plain.values()]
    assert with_pods["USD"][3] == plain["USD"][3] + 2


# --- amortised cost, by hand ------------------------------------------------------------------------------------------


def amortised(*rows: Line) -> Decimal:
    got = stored(export(list(rows)))[0]
    return got["USD"][2]


def one(kind: str, cost: float, **changes: Any) -> Line:
    return small_cur.line("2026-08-05", cost, line_item_line_item_type=kind, **changes)


def test_an_hour_of_a_savings_plan() -> None:
    """The constructed check of formats.md 1.7: invoice and amortised cost are both 1.00."""
    rows = [
        one("SavingsPlanCoveredUsage", 1.2, savings_plan_savings_plan_effective_cost=0.9),
        one("SavingsPlanNegation", -1.2),
        one(
            "SavingsPlanRecurringFee",
            1.0,
            savings_plan_total_commitment_to_date=1.0,
            savings_plan_used_commitment=0.9,
            savings_plan_recurring_commitment_for_billing_period=1.0,
        ),
    ]
    total = stored(export(rows))[0]["USD"]
    assert (total[0], total[2]) == (Decimal(1), Decimal(1))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (one("Usage", 2.5), "2.5"),
        (one("Usage", 2.5, line_item_net_unblended_cost=2.0), "2"),
        (one("DiscountedUsage", 0.0, reservation_effective_cost=1.5), "1.5"),
        (one("DiscountedUsage", 0.0, reservation_effective_cost=1.5, reservation_net_effective_cost=1.2), "1.2"),
        (
            one(
                "SavingsPlanCoveredUsage",
                3.0,
                savings_plan_savings_plan_effective_cost=2.0,
                savings_plan_net_savings_plan_effective_cost=1.8,
            ),
            "1.8",
        ),
        (
            one(
                "RIFee",
                70.0,
                reservation_unused_amortized_upfront_fee_for_billing_period=3.0,
                reservation_unused_recurring_fee=4.0,
                reservation_net_unused_recurring_fee=3.5,
            ),
            "6.5",
        ),
        (one("SavingsPlanUpfrontFee", 500.0), "0"),
        (one("Fee", 500.0, reservation_reservation_a_r_n=RESERVATION), "0"),
        (one("Fee", 500.0), "500"),
        (
            one("Refund", -9.0, line_item_product_code="ComputeSavingsPlans", line_item_line_item_description=REFUND),
            "0",
        ),
        (one("Refund", -9.0, line_item_line_item_description=REFUND), "-9"),
        (one("Credit", -9.0), "-9"),
        (one("Tax", 9.0), "9"),
        (one("EdpDiscount", -9.0), "-9"),
        (one("FlatRateSubscription", 20.0), "20"),
        (one("BrandNewType", 20.0), "20"),
    ],
    ids=lambda value: value if isinstance(value, str) else value["line_item_line_item_type"],
)
def test_each_line_type(row: Line, expected: str) -> None:
    assert amortised(row) == Decimal(expected)


@pytest.mark.parametrize(
    ("upfront", "recurring", "net_upfront", "net_recurring", "share"),
    [
        (0, 100, None, 90, "0.9"),
        (100, 0, 80, None, "0.8"),
        (50, 50, 40, 45, "0.85"),
        (50, 50, None, None, "1"),
        (0, 0, None, None, "1"),
    ],
)
def test_unused_savings_plans_are_scaled_to_net(
    upfront: float, recurring: float, net_upfront: float | None, net_recurring: float | None, share: str
) -> None:
    row = one(
        "SavingsPlanRecurringFee",
        0.0,
        savings_plan_total_commitment_to_date=100.0,
        savings_plan_used_commitment=60.0,
        savings_plan_amortized_upfront_commitment_for_billing_period=float(upfront),
        savings_plan_recurring_commitment_for_billing_period=float(recurring),
        savings_plan_net_amortized_upfront_commitment_for_billing_period=net_upfront,
        savings_plan_net_recurring_commitment_for_billing_period=net_recurring,
    )
    assert float(amortised(row)) == pytest.approx(40 * float(share))


def test_contract_discounts_count_once() -> None:
    """As lines where the month has no net columns; inside the net columns where it has."""
    discount = one("EdpDiscount", -1.0)
    assert amortised(one("Usage", 10.0), discount) == Decimal(9)
    assert amortised(one("Usage", 10.0, line_item_net_unblended_cost=9.0), discount) == Decimal(9)


def test_credits_stand_apart() -> None:
    rows = [one("Usage", 10.0), one("Credit", -4.0), one("Refund", -1.0)]
    billed_cost, credit, cost, count = stored(export(rows))[0]["USD"]
    assert (billed_cost, credit, cost, count) == (Decimal(5), Decimal(-4), Decimal(5), 3)
