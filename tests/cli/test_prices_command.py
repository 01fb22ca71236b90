"""`advisor prices` as people run it: prices of a Price List and a Billing Catalog of the tests, shapes of moto's EC2."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.loaders
import botocore.session
import pytest
from measured_bill import BILLED_DAYS, DAY, LARGE_USD, TODAY, deliver, hours, lines, rows

from advisor import store
from advisor.errors import Exit
from advisor.store import Resources

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))
sys.path.insert(0, str(Path(__file__).parents[1] / "ingest"))

import billing_catalog
import price_list
import small_cur
import small_gcp
from billing_catalog import Catalog, sku
from moto_server import moto_server
from price_list import PriceList, product

from advisor.prices.aws import AWS_EC2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Advisor, Done

SECRET = "wJalrXUtnFEMI-not-a-real-secret"
LARGE = "i-0bbbbbbbbbbbbbbb2"
LINUX = {**AWS_EC2, "operatingSystem": "Linux", "operation": "RunInstances"}
COMPUTE = "6F81-5844-456A"


@pytest.fixture(scope="module")
def ec2() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def listed(ec2: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[PriceList]:
    """A Price List with m7i in Ireland, as the bill has it; credentials to ask it."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", ec2)
    loader = botocore.loaders.create_loader()
    monkeypatch.setattr(botocore.session, "create_loader", lambda *_: loader)
    with price_list.price_list() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", running.address)
        running.products["AmazonEC2"] = ec2_products(1.0)
        yield running


def ec2_products(factor: float) -> list[str]:
    """m7i in Ireland; sizes below the machine's own cost `factor` times what they should."""
    sizes = (("large", 2, factor), ("xlarge", 4, factor), ("2xlarge", 8, factor), ("4xlarge", 16, 1.0))
    return [
        product("Compute Instance", f"EU-BoxUsage:m7i.{size}", f"{LARGE_USD / 24 * vcpus / 16 * times:.10f}", **LINUX)
        for size, vcpus, times in sizes
    ]


@pytest.fixture
def database(advisor: Advisor, tmp_path: Path, workdir: Path) -> Path:
    """A database with the bill, and with metrics of the large machine, which needs a quarter of what it has."""
    # One region: moto takes seconds to describe the instance types of each.
    billed = [line for line in lines("", LARGE, "") if line["line_item_resource_id"] == LARGE]
    assert advisor("ingest", deliver(tmp_path / "export", billed)).code == Exit.OK
    file = tmp_path / "samples.csv"
    samples = [
        f"{LARGE},{metric},{(start + DAY / 48).isoformat()},{value}"
        for start in hours(BILLED_DAYS - 1)
        for metric, value in (("cpu_utilization", 6 + start.hour / 8), ("memory_utilization", 9.0))
    ]
    file.write_text("resource_id,metric,timestamp,value\n" + "\n".join(samples) + "\n", "utf-8")
    assert advisor("metrics", file).code == Exit.OK
    return workdir / "advisor.duckdb"


def oversized(advisor: Advisor) -> dict[str, Any]:
    document = json.loads(advisor("scan", "--format", "json").out)
    (finding,) = (f for f in document["findings"] if f["check_id"] == "aws-ec2-oversized")
    return dict(finding)


def prices(database: Path) -> list[tuple[Any, ...]]:
    return rows(
        database,
        "select provider, region_id, shape, terms, usd_per_hour, dated, source from shape_prices order by all",
    )


def new(done: Done) -> dict[str, int]:
    return {row["new"]: row["rows"] for row in json.loads(done.out)}


@pytest.mark.slow
def test_newer_prices_count_in_the_next_scan(advisor: Advisor, listed: PriceList, database: Path) -> None:
    before = oversized(advisor)
    done = advisor("prices", "--format", "json")
    assert (done.code, done.err.count("\n")) == (Exit.OK, 1), done.err
    assert new(done)["prices"] == 4
    assert new(done)["shapes"] > 4
    found = {(region, shape): usd for _, region, shape, _, usd, _, _ in prices(database)}
    assert found["eu-west-1", "m7i.4xlarge"] == round(LARGE_USD / 24, 10)
    assert {(row[0], row[3], row[5], row[6]) for row in prices(database)} == {("aws", "linux", TODAY, "AWS Price List")}
    with store.writing(database, Resources()) as con:  # as if that had been yesterday
        con.execute("update shape_prices set dated = dated - 1")
    listed.products["AmazonEC2"] = ec2_products(1.4)
    # What costs the same as yesterday is there already: the largest.
    assert new(advisor("prices", "--format", "json"))["prices"] == 3
    assert len(prices(database)) == 7
    after = oversized(advisor)
    assert before["evidence"] != after["evidence"]
    assert 0 < after["monthly_savings"] < before["monthly_savings"] - 10  # what is smaller is dearer now


@pytest.mark.slow
def test_twice_on_a_day_adds_nothing(advisor: Advisor, listed: PriceList, database: Path) -> None:
    assert advisor("prices").code == Exit.OK
    kept = prices(database), rows(database, "select * from shapes order by all")
    assert kept[0]
    again = advisor("prices")
    assert (again.code, again.out) == (Exit.OK, "Nothing new.\n")
    assert (prices(database), rows(database, "select * from shapes order by all")) == kept


def test_only_what_the_bill_needs_is_asked_for(advisor: Advisor, listed: PriceList, database: Path) -> None:
    assert advisor("prices").code == Exit.OK
    regions = {f["Value"] for request in listed.asked for f in request["Filters"] if f["Field"] == "regionCode"}
    assert regions == {"eu-west-1"}
    assert {request["ServiceCode"] for request in listed.asked} == {"AmazonEC2"}


def test_a_denied_price_list_leaves_the_shapes(advisor: Advisor, listed: PriceList, database: Path) -> None:
    listed.refuse["AmazonEC2"] = (400, "AccessDeniedException")
    done = advisor("prices", "--format", "json")
    assert done.code == Exit.INCOMPLETE
    assert "pricing:GetProducts" in done.err
    assert (new(done).get("prices", 0), prices(database)) == (0, [])
    assert "someone" not in done.err


def test_without_credentials_nothing_is_done(
    advisor: Advisor, listed: PriceList, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    before = database.read_bytes()
    done = advisor("prices")
    assert (done.code, done.out, listed.asked) == (Exit.BAD_INPUT, "", [])
    assert done.err.rstrip().count("\n  ") == 1
    assert "Traceback" not in done.err
    assert database.read_bytes() == before


def test_a_bill_without_machines_needs_no_prices(advisor: Advisor, listed: PriceList, tmp_path: Path) -> None:
    only = small_cur.deliver(tmp_path / "gateway", "2026-08", small_cur.month("2026-08"))
    assert advisor("ingest", only).code == Exit.OK
    done = advisor("prices")
    assert (done.code, done.out, listed.asked) == (Exit.BAD_INPUT, "", [])
    assert "names no machine" in done.err


# --- Google -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    with billing_catalog.catalog() as running:
        running.skus[COMPUTE] = [
            sku("N2 Instance Core running in Frankfurt", 0.04, regions=("europe-west3",)),
            sku("N2 Instance Ram running in Frankfurt", 0.005, unit="GiBy.h", regions=("europe-west3",)),
        ]
        yield running


@pytest.fixture
def both(advisor: Advisor, database: Path, tmp_path: Path) -> Path:
    export = tmp_path / "google"
    export.mkdir()
    shape = [{"key": "compute.googleapis.com/machine_spec", "value": "n2-standard-4"}]
    name = "//compute.googleapis.com/projects/1234/zones/europe-west3-a/instances/77"
    small_gcp.write_parquet(
        export / "gcp_billing_export_resource_v1_01AB23_CD45EF_67GH89-000000000000.parquet",
        [
            small_gcp.line(
                f"{(TODAY - n * DAY).isoformat()}T00:00:00",
                f"N2 Instance {part} running in Frankfurt",
                cost,
                hours=24,
                resource={"name": "77", "global_name": name},
                system_labels=shape,
            )
            for n in range(20, 0, -1)
            for part, cost in (("Core", 3.84), ("Ram", 1.92))
        ],
    )
    assert advisor("ingest", export).code == Exit.OK
    return database


def test_prices_of_google(advisor: Advisor, listed: PriceList, both: Path, catalog: Catalog) -> None:
    done = advisor("prices", "--cloud", "gcp", "--google-endpoint", catalog.address)
    assert done.code == Exit.OK, done.err
    assert listed.asked == []
    of_shape = [row for row in prices(both) if row[2] == "n2-standard-4"]
    assert [(row[0], row[1], row[4]) for row in of_shape] == [
        ("gcp", "europe-west3", pytest.approx(4 * 0.04 + 16 * 0.005))
    ]


def test_one_cloud_that_cannot_be_asked_does_not_stop_the_other(
    advisor: Advisor, listed: PriceList, both: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    done = advisor("prices", "--google-endpoint", catalog.address)
    assert done.code == Exit.INCOMPLETE
    assert "credentials" in done.err
    assert {row[0] for row in prices(both)} == {"gcp"}
    assert SECRET not in done.out + done.err
