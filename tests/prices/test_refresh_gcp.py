"""Prices of machine types from their parts, as Google's catalog and its export in BigQuery list them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import billing_catalog as server
import grpc
import pytest
from billing_catalog import Catalog, sku
from bqemulator import Emulator, bigquery_emulator
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from advisor.errors import AdvisorError, ConfigError
from advisor.prices import tables
from advisor.prices.gcp import SERVICE_IDS, GcpPriceOptions, refresh, refresh_from_export

if TYPE_CHECKING:
    from collections.abc import Iterator

    from advisor.prices.refreshed import Refreshed

TODAY = date(2026, 11, 1)
COMPUTE, SQL = SERVICE_IDS["compute"], SERVICE_IDS["cloudsql"]


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    with server.catalog() as running:
        yield running


def asked(catalog: Catalog, *needs: tuple[str, str], used: tuple[tuple[str, str], ...] = ()) -> Refreshed:
    return refresh(needs, dated=TODAY, used=used, options=GcpPriceOptions(endpoint=catalog.address))


def prices(done: Refreshed, source: str = "Cloud Billing Catalog") -> dict[tuple[str, ...], float]:
    assert done.prices.schema == tables.prices().schema
    assert done.shapes.schema == tables.shapes().schema
    assert set(done.prices.select("provider", "dated", "source").iter_rows()) <= {("gcp", TODAY, source)}
    return {tuple(row[:-1]): row[-1] for row in done.prices.select(*tables.PRICE_KEY[1:], "usd_per_hour").rows()}


def parts(name: str, core: float, ram: float) -> list[Any]:
    return [sku(f"{name} Core running in Americas", core), sku(f"{name} Ram running in Americas", ram)]


LISTED = [
    ("e2-standard-4", "E2 Instance", 0.021812, 0.002924),
    ("e2-micro", "E2 Instance", 0.021812, 0.002924),
    ("n1-standard-4", "N1 Predefined Instance", 0.031611, 0.004237),
    ("n2-highmem-8", "N2 Instance", 0.031611, 0.004237),
    ("n2d-standard-2", "N2D AMD Instance", 0.027502, 0.003686),
    ("c2d-highcpu-4", "C2D AMD Instance", 0.029563, 0.003959),
    ("c3-standard-8", "C3 Instance", 0.03465, 0.003938),
    ("c4a-standard-8", "C4A Arm Instance", 0.03086, 0.00351),
    ("n4-standard-8", "N4 Instance", 0.032578, 0.003702),
    ("m1-megamem-96", "Memory-optimized Instance", 0.0348, 0.0051),
    ("m3-megamem-64", "M3 Memory-optimized Instance", 0.0348, 0.0051),
]


@pytest.mark.parametrize(("shape", "name", "core", "ram"), LISTED)
def test_machines_cost_what_comes_with_advisor(
    catalog: Catalog, shape: str, name: str, core: float, ram: float
) -> None:
    catalog.skus[COMPUTE] = parts(name, core, ram)
    found = prices(asked(catalog, ("compute", "us-central1")))
    key = ("gcp", "compute", "us-central1", shape, "linux")
    (shipped,) = tables.prices().rows_by_key(tables.PRICE_KEY, named=True)[key]
    assert found[key[1:]] == pytest.approx(shipped["usd_per_hour"], rel=1e-5)
    family = shape.split("-")[0]
    assert {row[2].split("-")[0] for row in found} == {family}


def test_what_is_not_on_demand_is_left_out(catalog: Catalog) -> None:
    wrong = [
        "Commitment v1: N2 Cpu in Americas for 1 Year",
        "Spot Preemptible N2 Instance Core running in Americas",
        "N2 Sole Tenancy Instance Core running in Americas",
        "N2 Custom Extended Instance Ram running in Americas",
        "N2 Instance Core running in Americas (DWS calendar mode)",
        "Reserved N2 Instance Core in Americas",
    ]
    catalog.skus[COMPUTE] = [
        *(sku(text, 9.0) for text in wrong),
        sku("N2 Instance Core running in Americas", 8.0, usage_type="Preemptible"),
        sku("N2 Instance Core running in Americas", 7.0, regions=("europe-west1",)),
        sku("N2 Instance Core running in Americas", 6.0, unit="mo"),
        sku("N2 Instance Core running in Americas", [0.0, 5.0]),
        *parts("N2 Instance", 0.03, 0.004),
    ]
    found = prices(asked(catalog, ("compute", "us-east1")))
    assert found["compute", "us-east1", "n2-standard-2", "linux"] == pytest.approx(2 * 0.03 + 8 * 0.004)
    assert len(catalog.asked) == 4  # twelve articles, three on a page
    assert {(r.parent, r.currency_code) for r in catalog.asked} == {(f"services/{COMPUTE}", "USD")}


def test_parts_without_a_price_or_with_two(catalog: Catalog) -> None:
    catalog.skus[COMPUTE] = [
        sku("N2 Instance Core running in Americas", 0.03),
        *parts("E2 Instance", 0.02, 0.003),
        sku("E2 Instance Core running in Virginia", 0.04, regions=("us-east1",)),
        *parts("C3 Instance", 0.034, 0.004),
    ]
    done = asked(catalog, ("compute", "us-east1"))
    assert {row[2].split("-")[0] for row in prices(done)} == {"c3"}
    assert [p.why.split(",")[0] for p in done.problems] == ["has several prices for 1 parts of machines"]


def test_accelerators_are_parts_too(catalog: Catalog) -> None:
    catalog.skus[COMPUTE] = [
        *parts("G2 Instance", 0.024988, 0.002927),
        sku("Nvidia L4 GPU running in Americas", 0.56004),
        *parts("A2 Instance", 0.031611, 0.004237),
        sku("Nvidia Tesla A100 GPU running in Americas", 2.933908),
        sku("Nvidia Tesla A100 80GB GPU running in Americas", 3.9),
    ]
    found = prices(asked(catalog, ("compute", "us-central1")))
    for shape in ("g2-standard-4", "g2-standard-24", "a2-highgpu-1g", "a2-megagpu-16g"):
        key = ("gcp", "compute", "us-central1", shape, "linux")
        (shipped,) = tables.prices().rows_by_key(tables.PRICE_KEY, named=True)[key]
        assert found[key[1:]] == pytest.approx(shipped["usd_per_hour"], rel=1e-4)
    assert not any(row[2].startswith("a2-ultragpu") for row in found)  # its local disks are another article


def test_shared_cores_and_sizes_in_names(catalog: Catalog) -> None:
    catalog.skus[COMPUTE] = [
        sku("Micro Instance with burstable CPU running in Americas", 0.0076),
        sku("Small Instance with 1 VCPU running in Americas", 0.0257),
        *parts("N2 Custom Instance", 0.033, 0.0044),
        *parts("Custom Instance", 0.0331, 0.00445),
    ]
    used = (
        ("compute", "n2-custom-6-20480"),
        ("compute", "custom-2-8192"),
        ("compute", "n2-custom-4-65536-ext"),
        ("cloudsql", "x"),
    )
    found = prices(asked(catalog, ("compute", "us-central1"), used=used))
    assert {row[2]: round(usd, 6) for row, usd in found.items()} == {
        "f1-micro": 0.0076,
        "g1-small": 0.0257,
        "n2-custom-6-20480": round(6 * 0.033 + 20 * 0.0044, 6),
        "custom-2-8192": round(2 * 0.0331 + 8 * 0.00445, 6),
    }


def test_databases(catalog: Catalog) -> None:
    places = {"regions": ("us-central1",)}
    catalog.skus[SQL] = [
        sku("Cloud SQL for MySQL: Zonal - vCPU in Americas", 0.0413, **places),
        sku("Cloud SQL for MySQL: Zonal - RAM in Americas", 0.007, **places),
        sku("Cloud SQL for MySQL: Regional - vCPU in Americas", 0.0826, **places),
        sku("Cloud SQL for MySQL: Zonal - Micro instance in Americas", 0.0105, **places),
        sku("Cloud SQL for MySQL: Zonal - Enterprise Plus N vCPU in Americas", 0.05369, **places),
        sku("Cloud SQL for MySQL: Zonal - Enterprise Plus N RAM in Americas", 0.0091, **places),
        sku("Cloud SQL for MySQL: Zonal - 4 vCPU + 15GB RAM in Americas", 0.2702, **places),
        sku("Cloud SQL for PostgreSQL: Zonal - Small instance in Americas", 0.035, **places),
        sku("Cloud SQL for SQL Server: Zonal - vCPU in Americas", 0.0413, **places),
    ]
    found = prices(asked(catalog, ("cloudsql", "us-central1"), used=(("cloudsql", "db-custom-6-20480"),)))
    listed = {row[2:]: usd for row, usd in found.items()}
    for shape in ("db-n1-standard-4", "db-custom-8-30720", "db-f1-micro", "db-perf-optimized-N-8"):
        (shipped,) = tables.prices().rows_by_key(tables.PRICE_KEY, named=True)[
            "gcp", "cloudsql", "us-central1", shape, "mysql"
        ]
        assert listed[shape, "mysql"] == pytest.approx(shipped["usd_per_hour"], rel=1e-3)
    assert listed["db-custom-6-20480", "mysql"] == pytest.approx(6 * 0.0413 + 20 * 0.007)
    assert [shape for shape, terms in listed if terms == "postgresql"] == ["db-g1-small"]
    assert {terms for _, terms in listed} == {"mysql", "postgresql"}


def test_regions_without_prices_are_named(catalog: Catalog) -> None:
    catalog.skus[COMPUTE] = parts("N2 Instance", 0.03, 0.004)
    done = asked(catalog, ("compute", "us-central1"), ("compute", "mars-north1"), ("ec2", "us-east-1"))
    assert {row[1] for row in prices(done)} == {"us-central1"}
    assert [(p.what, p.incomplete) for p in done.problems] == [("Google's prices of compute in mars-north1", False)]


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "may not be read"),
        (grpc.StatusCode.UNAUTHENTICATED, "no valid credentials"),
        (grpc.StatusCode.INVALID_ARGUMENT, "could not be had"),
    ],
)
def test_what_is_refused(catalog: Catalog, status: grpc.StatusCode, why: str) -> None:
    catalog.refuse = status
    with pytest.raises(AdvisorError, match=why) as raised:
        asked(catalog, ("compute", "us-central1"))
    assert "someone" not in str(raised.value)


def test_nothing_needed_asks_nobody(catalog: Catalog) -> None:
    done = asked(catalog, ("ec2", "us-east-1"))
    assert (done.prices.height, done.problems, catalog.asked) == (0, (), [])


# --- the export ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with bigquery_emulator() as running:
        yield running


@pytest.fixture
def client(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> bigquery.Client:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    made = bigquery.Client(
        project="billing-project",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": emulator.rest},
    )
    made.delete_dataset("prices", delete_contents=True, not_found_ok=True)
    made.create_dataset("prices")
    return made


TABLE = "billing-project.prices.cloud_pricing_export"
FIELD = bigquery.SchemaField


def table(client: bigquery.Client) -> None:
    made = bigquery.Table(
        TABLE,
        schema=[
            FIELD("export_time", "TIMESTAMP"),
            FIELD("partition_time", "TIMESTAMP"),  # what the emulator takes for _PARTITIONTIME
            FIELD("service", "RECORD", fields=[FIELD("id", "STRING"), FIELD("description", "STRING")]),
            FIELD("sku", "RECORD", fields=[FIELD("id", "STRING"), FIELD("description", "STRING")]),
            FIELD("pricing_unit", "STRING"),
            FIELD("geo_taxonomy", "RECORD", fields=[FIELD("type", "STRING"), FIELD("regions", "STRING", "REPEATED")]),
            FIELD(
                "list_price",
                "RECORD",
                fields=[
                    FIELD(
                        "tiered_rates",
                        "RECORD",
                        "REPEATED",
                        fields=[
                            FIELD("pricing_unit_quantity", "FLOAT"),
                            FIELD("start_usage_amount", "FLOAT"),
                            FIELD("usd_amount", "FLOAT"),
                        ],
                    )
                ],
            ),
        ],
    )
    made.time_partitioning = bigquery.TimePartitioning(type_="DAY")
    client.create_table(made)


def line(at: datetime, service: str, description: str, usd: float, unit: str) -> dict[str, Any]:
    return {
        "export_time": at.isoformat(),
        "partition_time": at.replace(hour=0, minute=0, second=0, microsecond=0).isoformat(),
        "service": {"id": service, "description": "Compute Engine"},
        "sku": {"id": "0000-0000-0000", "description": description},
        "pricing_unit": unit,
        "geo_taxonomy": {"type": "MULTI_REGIONAL", "regions": ["us-central1", "us-east1"]},
        "list_price": {"tiered_rates": [{"pricing_unit_quantity": 1.0, "start_usage_amount": 0.0, "usd_amount": usd}]},
    }


def snapshot(at: datetime, factor: float = 1.0) -> list[dict[str, Any]]:
    return [
        line(at, COMPUTE, "N2 Instance Core running in Americas", 0.03 * factor, "h"),
        line(at, COMPUTE, "N2 Instance Ram running in Americas", 0.004 * factor, "GiBy.h"),
        line(at, SQL, "Cloud SQL for MySQL: Zonal - Micro instance in Americas", 0.0105 * factor, "h"),
        line(at, "0000-0000-0000", "N2 Instance Core running in Americas", 99.0, "h"),
    ]


def exported(emulator: Emulator, *needs: tuple[str, str], name: str = TABLE) -> Refreshed:
    options = GcpPriceOptions(bigquery_endpoint=emulator.rest)
    return refresh_from_export(needs, table=name, dated=TODAY, options=options)


@pytest.mark.slow
def test_the_newest_snapshot_of_an_export(emulator: Emulator, client: bigquery.Client) -> None:
    table(client)
    now = datetime.now(UTC).replace(microsecond=0)
    for at, factor in ((now - timedelta(days=2), 5.0), (now - timedelta(seconds=60), 3.0), (now, 1.0)):
        assert client.insert_rows_json(TABLE, snapshot(at, factor)) == []
    found = prices(
        exported(emulator, ("compute", "us-east1"), ("cloudsql", "us-east1")), "Cloud Billing pricing export"
    )
    assert found["compute", "us-east1", "n2-standard-2", "linux"] == pytest.approx(2 * 0.03 + 8 * 0.004)
    assert found["cloudsql", "us-east1", "db-f1-micro", "mysql"] == 0.0105
    assert {row[2].split("-")[0] for row in found} == {"n2", "db"}


@pytest.mark.slow
def test_an_export_that_was_switched_off(emulator: Emulator, client: bigquery.Client) -> None:
    table(client)
    old = snapshot(datetime.now(UTC) - timedelta(days=30))
    assert client.insert_rows_json(TABLE, old) == []
    with pytest.raises(AdvisorError, match="no snapshot of the last 10 days"):
        exported(emulator, ("compute", "us-east1"))
    with pytest.raises(AdvisorError, match="does not exist"):
        exported(emulator, ("compute", "us-east1"), name="billing-project.prices.gone")


@pytest.mark.parametrize("name", ["", "prices.export", "p.d.t`; drop table x; --", "bigquery://project.dataset.table"])
def test_names_of_tables(name: str) -> None:
    with pytest.raises(ConfigError, match=r"is not project\.dataset\.table"):
        refresh_from_export([("compute", "us-east1")], table=name, dated=TODAY)
