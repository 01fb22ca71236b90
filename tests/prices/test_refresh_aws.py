"""Prices from a Price List that boto3 asks over HTTP, shapes from moto's EC2."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import moto_server
import polars as pl
import price_list as server
import pytest
from price_list import PriceList, product

from advisor.errors import AdvisorError
from advisor.prices import tables
from advisor.prices.aws import AWS_EC2, AwsPriceOptions, refresh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from advisor.prices.refreshed import Refreshed

TODAY = date(2026, 11, 1)
LINUX = {**AWS_EC2, "operatingSystem": "Linux", "operation": "RunInstances"}
WINDOWS = {**AWS_EC2, "operatingSystem": "Windows", "operation": "RunInstances:0002"}
SINGLE = {"deploymentOption": "Single-AZ", "licenseModel": "No license required"}


@pytest.fixture(scope="module")
def ec2() -> Iterator[str]:
    with moto_server.moto_server() as address:
        yield address


@pytest.fixture
def listed(aws: None) -> Iterator[PriceList]:
    with server.price_list() as running:
        yield running


def asked(listed: PriceList, ec2: str, *needs: tuple[str, str]) -> Refreshed:
    options = AwsPriceOptions(pricing_endpoint_url=listed.address, ec2_endpoint_url=ec2)
    return refresh(needs, dated=TODAY, options=options)


def prices(refreshed: Refreshed) -> list[tuple[str, str, str, str, float]]:
    assert refreshed.prices.schema == tables.prices().schema
    assert set(refreshed.prices.select("provider", "dated", "source").iter_rows()) <= {("aws", TODAY, "AWS Price List")}
    return refreshed.prices.select("service", "region_id", "shape", "terms", "usd_per_hour").rows()


def test_machines_of_both_systems_over_several_pages(listed: PriceList, ec2: str) -> None:
    listed.products["AmazonEC2"] = [
        product("Compute Instance", "EU-BoxUsage:m5.large", "0.1070000000", **LINUX),
        product("Compute Instance", "EU-BoxUsage:m5.large", "0.1990000000", **WINDOWS),
        product("Compute Instance", "EU-BoxUsage:m5.xlarge", "0.2140000000", **LINUX),
        product("Compute Instance", "EU-BoxUsage:m7g.metal", "2.9", **LINUX),
        product("Compute Instance", "EU-BoxUsage:c5.large", "0.0960000000", **LINUX),
        # None of these is what a machine costs by its shape.
        product("Compute Instance", "EU-BoxUsage:r5.large", "0.0000000000", **LINUX),
        product("Compute Instance", "EU-Reservation:m5.large", "0.107", **LINUX),
        product("Compute Instance", "EU-UnusedBox:m5.large", "0.107", **LINUX),
        product("Compute Instance", "EU-BoxUsage:m5.large", "9.9", **{**LINUX, "tenancy": "Dedicated"}),
        product("Compute Instance", "EU-BoxUsage:m5.large", "8.8", **{**LINUX, "preInstalledSw": "SQL Std"}),
        product(
            "Compute Instance",
            "EU-BoxUsage:m5.large",
            "7.7",
            **{**LINUX, "capacitystatus": "UnusedCapacityReservation"},
        ),
        product("Compute Instance", "EU-BoxUsage:m5.large", "6.6", **{**WINDOWS, "operation": "RunInstances:0800"}),
        product("Compute Instance", "BoxUsage:m5.large", "0.0960000000", region="us-east-1", **LINUX),
    ]
    done = asked(listed, ec2, ("ec2", "eu-west-1"))
    assert prices(done) == [
        ("ec2", "eu-west-1", "c5.large", "linux", 0.096),
        ("ec2", "eu-west-1", "m5.large", "linux", 0.107),
        ("ec2", "eu-west-1", "m5.large", "windows", 0.199),
        ("ec2", "eu-west-1", "m5.xlarge", "linux", 0.214),
        ("ec2", "eu-west-1", "m7g.metal", "linux", 2.9),
    ]
    assert done.problems == ()
    assert len(listed.asked) == 5  # four pages of Linux, one of Windows
    assert all(request["MaxResults"] == 100 for request in listed.asked)


def test_regions_have_prices_of_their_own(listed: PriceList, ec2: str) -> None:
    listed.products["AmazonEC2"] = [
        product("Compute Instance", "BoxUsage:m5.large", "0.0960000000", region="us-east-1", **LINUX),
        product("Compute Instance", "EU-BoxUsage:m5.large", "0.1070000000", **LINUX),
    ]
    done = asked(listed, ec2, ("ec2", "eu-west-1"), ("ec2", "us-east-1"), ("compute", "us-east1"), ("ec2", "global"))
    assert [(row[1], row[4]) for row in prices(done)] == [("eu-west-1", 0.107), ("us-east-1", 0.096)]


def test_databases_caches_domains_and_endpoints(listed: PriceList, ec2: str) -> None:
    listed.products["AmazonRDS"] = [
        product(
            "Database Instance",
            "EU-InstanceUsage:db.m5.large",
            "0.189",
            databaseEngine="MySQL",
            vcpu="2",
            memory="8 GiB",
            **SINGLE,
        ),
        product("Database Instance", "EU-InstanceUsage:db.m5.large", "0.196", databaseEngine="PostgreSQL", **SINGLE),
        product(
            "Database Instance", "EU-InstanceUsage:db.r5.large", "0.32", databaseEngine="Aurora PostgreSQL", **SINGLE
        ),
        product(
            "Database Instance",
            "EU-InstanceUsageIOOptimized:db.r5.large",
            "0.416",
            databaseEngine="Aurora PostgreSQL",
            **SINGLE,
        ),
        product("Database Instance", "EU-InstanceUsage:db.m5.large", "0.7", databaseEngine="SQL Server", **SINGLE),
        product(
            "Database Instance",
            "EU-Multi-AZUsage:db.m5.large",
            "0.378",
            databaseEngine="MySQL",
            deploymentOption="Multi-AZ",
        ),
    ]
    listed.products["AmazonElastiCache"] = [
        product(
            "Cache Instance",
            "EU-NodeUsage:cache.r6g.large",
            "0.231",
            zero=True,
            cacheEngine="Redis",
            vcpu="2",
            memory="13.07 GiB",
        ),
        product(
            "Cache Instance",
            "EU-NodeUsage:cache.r6g.large",
            "0.231",
            cacheEngine="Memcached",
            vcpu="2",
            memory="13.07 GiB",
        ),
        product(
            "Cache Instance",
            "EU-NodeUsage:cache.r6g.large",
            "0.1848",
            cacheEngine="Valkey",
            vcpu="2",
            memory="13.07 GiB",
        ),
    ]
    listed.products["AmazonES"] = [
        product("Amazon OpenSearch Service Instance", "EU-ESInstance:m5.large", "0.158", vcpu="2", memoryGib="8"),
        product(
            "Amazon OpenSearch Service Instance", "EU-ESInstance:r6g.large.search", "0.186", vcpu="2", memoryGib="16"
        ),
        product("Amazon OpenSearch Service Volume", "EU-ES:GP3-Storage", "0.1", unit="GB-Mo"),
    ]
    listed.products["AmazonSageMaker"] = [
        product("ML Instance", "EU-Host:ml.g5.xlarge", "1.57", vCpu="4", memory="16 GiB"),
        product("ML Instance", "EU-Notebk:ml.g5.xlarge", "1.99"),
    ]
    needs = [(service, "eu-west-1") for service in ("rds", "elasticache", "opensearch", "sagemaker")]
    done = asked(listed, ec2, *needs)
    assert prices(done) == [
        ("elasticache", "eu-west-1", "cache.r6g.large", "", 0.231),
        ("elasticache", "eu-west-1", "cache.r6g.large", "valkey", 0.1848),
        ("opensearch", "eu-west-1", "m5.large.search", "", 0.158),
        ("opensearch", "eu-west-1", "r6g.large.search", "", 0.186),
        ("rds", "eu-west-1", "db.m5.large", "mysql", 0.189),
        ("rds", "eu-west-1", "db.m5.large", "postgresql", 0.196),
        ("rds", "eu-west-1", "db.r5.large", "aurora-postgresql", 0.32),
        ("sagemaker", "eu-west-1", "ml.g5.xlarge", "", 1.57),
    ]
    assert done.problems == ()
    keys = [*tables.SHAPE_KEY, "family", "architecture", "vcpus", "memory_gib", "disk_mbps", "accelerator"]
    made = done.shapes.filter(pl.col("service") != "ec2").select(keys)
    shipped = tables.shapes().select(keys).join(made.select(tables.SHAPE_KEY), on=tables.SHAPE_KEY, how="semi")
    assert made.height == 6
    assert made.rows() == shipped.rows()


def test_what_cannot_be_read_is_counted(listed: PriceList, ec2: str) -> None:
    tiers = product("ML Instance", "EU-Host:ml.m5.large", "0.2").replace(
        '"OnDemand": {',
        '"OnDemand": {"other": {"priceDimensions": {"x": {"unit": "Hrs", "pricePerUnit": {"USD": "0.3"}}}}, ',
    )
    listed.products["AmazonSageMaker"] = [
        product("ML Instance", "EU-Host:ml.c5.large", "0.1"),
        "not json",
        "[]",
        '{"product": {"attributes": null}}',
        product("ML Instance", "EU-Host:ml.c5.xlarge", "many dollars"),
        tiers,
        product("ML Instance", "EU-Host:ml.r5.large", "0.3"),
        product("ML Instance", "EU-Host:ml.r5.large", "0.4"),
        product("ML Instance", "EU-Host:ml.t3.medium", "1", unit="GB-Mo"),
    ]
    done = asked(listed, ec2, ("sagemaker", "eu-west-1"))
    assert prices(done) == [("sagemaker", "eu-west-1", "ml.c5.large", "", 0.1)]
    assert [(p.what, p.why.split(" of")[0], p.incomplete) for p in done.problems] == [
        ("AWS prices of sagemaker in eu-west-1", "5 products", False),
        ("AWS Price List", "has several prices for 1 shapes, none", False),
    ]


def test_shapes_are_those_that_come_with_advisor(listed: PriceList, ec2: str) -> None:
    listed.products["AmazonEC2"] = [
        product("Compute Instance", "BoxUsage:m5.large", "0.096", region="us-east-1", **LINUX)
    ]
    made = asked(listed, ec2, ("ec2", "us-east-1")).shapes
    assert made.schema == tables.shapes().schema
    assert set(made.select("dated", "source").iter_rows()) == {(TODAY, "EC2 DescribeInstanceTypes")}
    facts = [name for name in made.columns if name not in ("dated", "source")]
    shipped = tables.shapes().filter(pl.col("source").str.starts_with("EC2 Describe"))
    assert made.height > 800
    different = (
        made.select(facts).join(shipped.select("shape"), on="shape", how="semi").rows_by_key("shape", named=True)
    )
    for row in shipped.select(facts).iter_rows(named=True):
        if row["shape"] in different:
            (mine,) = different[row["shape"]]
            assert {name: mine[name] for name in facts if name != "shape"} == {
                name: value for name, value in row.items() if name != "shape"
            } | {name: pytest.approx(value) for name, value in row.items() if isinstance(value, float)}


def test_a_region_without_prices_is_named(listed: PriceList, ec2: str) -> None:
    done = asked(listed, ec2, ("rds", "eu-west-1"))
    assert prices(done) == []
    assert [(p.what, p.why) for p in done.problems] == [("AWS prices of rds in eu-west-1", "are not in the Price List")]


def test_what_is_refused_is_named_and_the_rest_goes_on(listed: PriceList, ec2: str) -> None:
    listed.refuse["AmazonRDS"] = (400, "AccessDeniedException")
    listed.products["AmazonSageMaker"] = [product("ML Instance", "EU-Host:ml.c5.large", "0.1")]
    done = asked(listed, ec2, ("rds", "eu-west-1"), ("sagemaker", "eu-west-1"))
    assert len(prices(done)) == 1
    (problem,) = done.problems
    assert problem.incomplete
    assert "AccessDeniedException" in problem.why
    assert "pricing:GetProducts" in problem.fix
    assert "someone" not in f"{problem}"


def test_nothing_at_all_is_an_error(listed: PriceList) -> None:
    listed.refuse["AmazonRDS"] = (400, "UnrecognizedClientException")
    options = AwsPriceOptions(pricing_endpoint_url=listed.address, ec2_endpoint_url="http://127.0.0.1:9")
    with pytest.raises(AdvisorError, match="could not be had") as raised:
        refresh([("rds", "eu-west-1")], dated=TODAY, options=options)
    assert "127.0.0.1" not in str(raised.value)


def test_no_credentials(listed: PriceList, ec2: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AdvisorError, match="no credentials"):
        asked(listed, ec2, ("rds", "eu-west-1"))


def test_nothing_needed_asks_nobody(listed: PriceList) -> None:
    done = asked(listed, "http://127.0.0.1:9", ("compute", "us-central1"), ("ec2", ""))
    assert (done.prices.height, done.shapes.height, done.problems) == (0, 0, ())
    assert listed.asked == []
    assert done.shapes.schema == tables.shapes().schema
