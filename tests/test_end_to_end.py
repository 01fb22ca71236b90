"""The sample exports through the command line: what is planted is found, money adds up, the JSON contract holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("end-to-end")  # one scan for all of them
SAMPLES = Path(__file__).parents[1] / "sample_exports"
PLANTED: dict[str, list[dict[str, Any]]] = tomllib.loads((SAMPLES / "planted.toml").read_text("utf-8"))
TOTALS: dict[str, dict[str, Any]] = tomllib.loads((SAMPLES / "totals.toml").read_text("utf-8"))

TEXT, NUMBER, COUNT = str, (int, float), int
PERIOD = {"period": TEXT, "rows": COUNT, "billed_cost": NUMBER, "credits": NUMBER, "effective_cost": NUMBER}
GROUP = {"name": TEXT, "findings": COUNT, "currency": TEXT, "monthly_cost": NUMBER, "monthly_savings": NUMBER}
FINDING = {
    **dict.fromkeys(("id", "check_id", "kind", "title", "reason", "provider", "service", "account_id"), TEXT),
    **dict.fromkeys(("account_name", "region", "resource_id", "resource_name", "resource_type", "owner"), TEXT),
    **dict.fromkeys(("monthly_cost", "monthly_savings", "monthly_savings_list"), NUMBER),
    **dict.fromkeys(("currency", "confidence", "effort", "risk", "remediation", "status"), TEXT),
    **dict.fromkeys(("first_seen", "last_seen"), TEXT),
    **dict.fromkeys(("tags", "evidence"), dict),
    **dict.fromkeys(("commands", "overlaps"), list),
}
CHECK = {"id": TEXT, "judged": COUNT, "skipped": COUNT, "found": COUNT, "error": TEXT}
DOCUMENT = {
    "schema_version": COUNT,
    **dict.fromkeys(("generated_at", "as_of", "currency"), TEXT),
    **dict.fromkeys(("window", "summary", "unmatched"), dict),
    **dict.fromkeys(("sources", "checks", "findings"), list),
}
CONFIDENCES = EFFORTS = {"low", "medium", "high"}


def advisor(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ADVISOR_")} | {"HOME": str(folder)}
    command = [sys.executable, "-m", "advisor", *args]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return advisor(tmp_path_factory.mktemp("scan"), "scan", str(SAMPLES), "--format", "json")


@pytest.fixture(scope="module")
def document(scan: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert scan.returncode == 0, scan.stderr
    loaded: dict[str, Any] = json.loads(scan.stdout)
    return loaded


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the samples are ingested into advisor.duckdb and then scanned in a second process."""
    folder = tmp_path_factory.mktemp("database")
    ingested = advisor(folder, "ingest", str(SAMPLES), "--format", "json")
    assert ingested.returncode == 0, ingested.stderr
    scanned = advisor(folder, "scan", "--format", "json", "-o", "scan.json")
    assert scanned.returncode == 0, scanned.stderr
    return folder


def query(folder: Path, sql: str) -> list[dict[str, Any]]:
    done = advisor(folder, "query", sql, "--format", "json")
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


# --- streams and contract ---------------------------------------------------------------------------------------------


def test_says_nothing_but_the_report(scan: subprocess.CompletedProcess[str]) -> None:
    assert scan.returncode == 0
    assert scan.stderr == ""
    assert scan.stdout.startswith("{\n")
    assert scan.stdout.endswith("}\n")


def assert_shape(value: dict[str, Any], shape: dict[str, Any]) -> None:
    for name, kind in shape.items():
        assert name in value
        assert isinstance(value[name], kind), f"{name} is {value[name]!r}"
        assert not isinstance(value[name], bool)


def test_has_every_promised_field_with_its_type(document: dict[str, Any]) -> None:
    assert_shape(document, DOCUMENT)
    assert document["schema_version"] == 1
    assert datetime.fromisoformat(document["generated_at"]).tzinfo is not None
    assert_shape(document["summary"], {"monthly_cost": NUMBER, "monthly_savings": NUMBER, "findings": COUNT})
    assert_shape(document["summary"], {"by_kind": dict, "by_service": list, "by_owner": list})
    assert_shape(document["unmatched"], {"monthly_cost": NUMBER, "share": NUMBER})
    for source in document["sources"]:
        assert_shape(source, {"name": TEXT, "format": TEXT, "provider": TEXT, "billing_periods": list})
        for period in source["billing_periods"]:
            assert_shape(period, PERIOD)
    for check in document["checks"]:
        assert_shape(check, CHECK)
    for group in (*document["summary"]["by_service"], *document["summary"]["by_owner"]):
        assert_shape(group, GROUP)
    assert document["findings"]
    for finding in document["findings"]:
        assert_shape(finding, FINDING)
        assert all(isinstance(command, str) for command in finding["commands"])
        assert finding["confidence"] in CONFIDENCES
        assert finding["effort"] in EFFORTS
        assert finding["risk"] in EFFORTS


def test_judges_as_of_the_last_complete_day(document: dict[str, Any]) -> None:
    assert document["as_of"] == "2026-10-31"
    assert document["window"] == {"start": "2026-10-01", "end": "2026-10-31"}
    assert document["currency"] == "USD"
    for finding in document["findings"]:
        assert date.fromisoformat(finding["first_seen"]) <= date.fromisoformat(finding["last_seen"])


def test_every_check_ran(document: dict[str, Any]) -> None:
    assert [(c["id"], c["error"]) for c in document["checks"] if c["error"]] == []
    assert {w["check"] for w in PLANTED["waste"] + PLANTED["quiet"]} <= {c["id"] for c in document["checks"]}
    found = Counter(f["check_id"] for f in document["findings"])
    assert {c["id"] for c in document["checks"] if c["found"]} >= set(found)


# --- what is planted --------------------------------------------------------------------------------------------------


def judged_by(document: dict[str, Any], planted: dict[str, Any]) -> list[dict[str, Any]]:
    """Findings on the planted resource in which its check speaks, itself or behind another one."""
    return [
        f
        for f in document["findings"]
        if (f["account_id"], f["resource_id"]) == (planted["account"], planted["resource"])
        and planted["check"] in (f["check_id"], *f["overlaps"])
    ]


def test_finds_all_waste(document: dict[str, Any]) -> None:
    missed = [(w["check"], w["resource"]) for w in PLANTED["waste"] if not judged_by(document, w)]
    assert missed == []


def test_reports_the_region_of_the_waste(document: dict[str, Any]) -> None:
    for planted in PLANTED["waste"]:
        assert {f["region"] for f in judged_by(document, planted)} <= {planted["region"]}, planted


def test_leaves_what_is_used_alone(document: dict[str, Any]) -> None:
    flagged = [(q["check"], q["resource"], q["why"]) for q in PLANTED["quiet"] if judged_by(document, q)]
    assert flagged == []


def test_finds_nothing_that_is_not_planted(document: dict[str, Any]) -> None:
    planted = {(w["check"], w["account"], w["resource"]) for w in PLANTED["waste"]}
    found = {(f["check_id"], f["account_id"], f["resource_id"]) for f in document["findings"]}
    assert found - planted == set()


# --- what the metrics among the exports say ---------------------------------------------------------------------------


def finding_on(document: dict[str, Any], check: str, name: str) -> dict[str, Any]:
    (found,) = (f for f in document["findings"] if (f["check_id"], f["resource_name"]) == (check, name))
    return dict(found)


def test_right_sizing_names_the_planted_shape_and_what_it_saves(document: dict[str, Any]) -> None:
    advised = [w for w in PLANTED["waste"] if "target" in w]
    assert {w["check"] for w in advised} == {
        "aws-ec2-oversized", "aws-rds-oversized", "gcp-compute-oversized", "gcp-cloud-sql-oversized",
    }  # fmt: skip
    for planted in advised:
        (found,) = (f for f in judged_by(document, planted) if f["check_id"] == planted["check"])
        assert found["evidence"]["target"] == planted["target"], planted
        assert found["evidence"]["price_ratio"] == pytest.approx(1 - planted["saves"], abs=1e-6), planted
        assert found["monthly_savings"] == pytest.approx(planted["saves"] * found["monthly_cost"], abs=0.011), planted


def test_a_group_is_sized_as_a_whole(document: dict[str, Any]) -> None:
    group = finding_on(document, "aws-ec2-oversized", "render")
    assert group["resource_type"] == "group of EC2 instances"
    assert group["evidence"]["machines"] == 3
    assert group["monthly_cost"] == pytest.approx(3 * 0.3264 * 0.97 * 24 * 30.4375, abs=0.02)
    assert all("modify-instance-attribute" not in command for command in group["commands"])


def test_the_clouds_own_advice_stands_beside_and_is_not_added(document: dict[str, Any]) -> None:
    measured = finding_on(document, "aws-ec2-oversized", "reports")
    assert measured["overlaps"] == ["aws-cloud-advice-rightsize"]
    assert [o["target_shape"] for o in measured["evidence"]["second_opinion"]] == ["m7g.2xlarge"]
    # Where nobody measured, it is all there is.
    advised = finding_on(document, "aws-cloud-advice-rightsize", "thumbs")
    assert advised["monthly_savings"] == pytest.approx(0.5 * advised["monthly_cost"], abs=0.011)


def test_quiet_hours_are_those_of_the_load(document: dict[str, Any]) -> None:
    desk = finding_on(document, "aws-ec2-quiet-hours", "desk")
    # Weekdays from 07 to 19 leave 108 of 168 hours; those that touch the load by a clock's seconds may be less.
    assert 100 <= desk["evidence"]["quiet_hours"] <= 108
    assert desk["monthly_savings"] == pytest.approx(
        desk["evidence"]["quiet_hours"] / 168 * desk["monthly_cost"], abs=0.011
    )


def test_machines_without_enough_samples_are_skipped_for_that_reason(document: dict[str, Any]) -> None:
    checks = {c["id"]: c for c in document["checks"]}
    for check in ("aws-ec2-oversized", "aws-ec2-idle"):
        assert checks[check]["judged"] >= 9, check  # with metrics
        assert checks[check]["skip_reasons"]["too few samples"] == 1, check  # imports: three days
        assert checks[check]["skip_reasons"]["no utilisation data"] > 20, check


# --- money ------------------------------------------------------------------------------------------------------------


def cents(value: str | float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def test_totals_equal_the_exports_to_the_cent(document: dict[str, Any]) -> None:
    read = {
        (next(e for e in TOTALS if f"/{e}/" in source["name"]), p["period"]): p
        for source in document["sources"]
        for p in source["billing_periods"]
    }
    assert set(read) == {(export, period) for export, periods in TOTALS.items() for period in periods}
    for (export, period), got in read.items():
        expected = TOTALS[export][period]
        assert got["rows"] == expected["rows"]
        for amount in ("billed_cost", "credits", "effective_cost"):
            assert cents(got[amount]) == cents(expected[amount]), (export, period, amount)


def test_ingest_and_database_agree_with_the_totals(database: Path) -> None:
    rows = query(database, "select sum(billed_cost)::varchar as b, sum(effective_cost)::varchar as e from totals")
    expected = [p for periods in TOTALS.values() for p in periods.values()]
    assert Decimal(rows[0]["b"]) == sum(Decimal(p["billed_cost"]) for p in expected)
    assert Decimal(rows[0]["e"]) == sum(Decimal(p["effective_cost"]) for p in expected)


def test_savings_come_first_and_ties_go_by_id(document: dict[str, Any]) -> None:
    order = [(-f["monthly_savings"], f["id"]) for f in document["findings"]]
    # Rounded to cents, two findings may tie that did not before.
    assert [savings for savings, _ in order] == sorted(savings for savings, _ in order)
    assert len({f["id"] for f in document["findings"]}) == len(document["findings"])


def test_saves_no_more_than_it_costs(document: dict[str, Any]) -> None:
    for finding in document["findings"]:
        assert 0 <= finding["monthly_savings"] <= finding["monthly_cost"], finding["id"]


def test_summary_adds_up(document: dict[str, Any]) -> None:
    summary = document["summary"]
    assert {c["currency"] for c in summary["by_currency"]} == {"USD", "EUR"}
    assert sum(g["findings"] for g in summary["by_kind"].values()) == summary["findings"] == len(document["findings"])
    for total in summary["by_currency"]:
        shown = [f["monthly_savings"] for f in document["findings"] if f["currency"] == total["currency"]]
        assert shown
        assert total["findings"] == len(shown)
        assert sum(shown) == pytest.approx(total["monthly_savings"], abs=0.01 * len(shown))
        assert total["monthly_savings"] <= total["monthly_cost"]
        for groups in (summary["kinds"], summary["by_service"], summary["by_owner"]):
            lines = [g for g in groups if g["currency"] == total["currency"]]
            assert sum(g["findings"] for g in lines) == total["findings"]
            assert sum(g["monthly_savings"] for g in lines) == pytest.approx(
                total["monthly_savings"], abs=0.01 * len(lines)
            )
    (main,) = (c for c in summary["by_currency"] if c["currency"] == document["currency"])
    assert {name: summary[name] for name in ("monthly_cost", "monthly_savings")} == {
        name: main[name] for name in ("monthly_cost", "monthly_savings")
    }
    assert sum(g["monthly_savings"] for g in summary["by_kind"].values()) == pytest.approx(
        summary["monthly_savings"], abs=0.01 * len(summary["by_kind"])
    )


BILL = """
    with daily as (
        select m.sub_account_id as account, {key} as thing, d.charge_date as day,
            sum(case when m.charge_role = 'split' then 0 else d.effective_cost end)::double as cost
        from days d join meters m using (load_id, meter_key)
        where {key} <> '' and m.charge_role in ('usage', 'fee')
        group by all
    ),
    ends as (select date '{as_of}' as last), -- exports of two clouds end some hours apart
    windows as (
        select account, thing, n, sum(cost) * 30.4375 / n as cost
        from daily, ends, unnest([7, 14, 31, 61, 92]) as w(n)
        where day > last - n::integer
        group by account, thing, n
    )
    select account, thing, max(cost) as cost from windows group by account, thing
"""


@pytest.mark.parametrize(("key", "name"), [("m.resource_id", "resource_id"), ("m.region_id", "region")])
def test_no_dollar_is_claimed_twice(document: dict[str, Any], database: Path, key: str, name: str) -> None:
    """All savings on one resource, and in one region of an account, stay within what the bill says it costs."""
    as_of = date.fromisoformat(document["as_of"])
    bill = {(row["account"], row["thing"]): row["cost"] for row in query(database, BILL.format(key=key, as_of=as_of))}
    claimed: dict[tuple[str, str], float] = defaultdict(float)
    for finding in document["findings"]:
        claimed[finding["account_id"], finding[name]] += finding["monthly_savings"]
    compared = {place: (savings, bill[place]) for place, savings in claimed.items() if place in bill}
    assert len(compared) > len(claimed) / 2
    assert {place: pair for place, pair in compared.items() if pair[0] > pair[1] * 1.001 + 0.01} == {}


# --- again ------------------------------------------------------------------------------------------------------------


def test_ids_and_money_are_the_same_from_the_database(document: dict[str, Any], database: Path) -> None:
    again = json.loads((database / "scan.json").read_text("utf-8"))
    assert {f["id"] for f in again["findings"]} == {f["id"] for f in document["findings"]}
    for part in ("findings", "sources", "summary", "unmatched", "checks", "as_of", "window"):
        assert again[part] == document[part], part


def test_report_shows_the_same_scan(database: Path) -> None:
    shown = advisor(database, "report", "--format", "json")
    assert shown.returncode == 0
    assert shown.stdout == (database / "scan.json").read_text("utf-8")
