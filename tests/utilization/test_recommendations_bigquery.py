"""Google's Recommender export over a real connection, against bqemulator."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery as google

from advisor import store
from advisor.errors import ConfigError, ExportError
from advisor.utilization import recommendations as advice

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from bqemulator import Emulator, bigquery_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.slow

PROJECT, TABLE = "advice-project", "recommendations_export"
ADDRESS = f"bigquery://{PROJECT}.active_assist.{TABLE}"
TODAY = date(2026, 7, 31)
MONEY = (("currency_code", "STRING"), ("units", "INTEGER"), ("nanos", "INTEGER"))


def record(name: str, *fields: google.SchemaField) -> google.SchemaField:
    return google.SchemaField(name, "RECORD", fields=fields)


def plain(*columns: tuple[str, str]) -> list[google.SchemaField]:
    return [google.SchemaField(name, kind) for name, kind in columns]


SCHEMA = [
    *plain(("cloud_entity_type", "STRING"), ("cloud_entity_id", "STRING"), ("name", "STRING"), ("location", "STRING")),
    *plain(("recommender", "STRING"), ("recommender_subtype", "STRING"), ("description", "STRING")),
    *plain(("last_refresh_time", "TIMESTAMP"), ("state", "STRING"), ("priority", "STRING")),
    google.SchemaField("target_resources", "STRING", mode="REPEATED"),
    record(
        "primary_impact",
        *plain(("category", "STRING")),
        record(
            "cost_projection",
            record("cost", *plain(*MONEY)),
            record("cost_in_local_currency", *plain(*MONEY)),
            record("duration", *plain(("seconds", "INTEGER"), ("nanos", "INTEGER"))),
            *plain(("pricing_type_name", "STRING")),
        ),
    ),
    record("ancestors", *plain(("organization_id", "STRING"))),
    *plain(("recommendation_details", "STRING"), ("partition_time", "TIMESTAMP")),
]


def row(name: str, day: int, organisation: str = "org-1", **change: Any) -> dict[str, Any]:
    """A recommendation in the snapshot of a day of July."""
    return {
        "cloud_entity_type": "PROJECT_NUMBER",
        "cloud_entity_id": "323016592286",
        "name": f"projects/323016592286/locations/us-east1-b/recommenders/x/recommendations/{name}",
        "recommender": "google.compute.instance.IdleResourceRecommender",
        "recommender_subtype": "STOP_VM",
        "description": f"Save cost by stopping Idle VM '{name}'.",
        "last_refresh_time": f"2026-07-{day:02}T06:36:44+00:00",
        "state": "ACTIVE",
        "target_resources": [f"//compute.googleapis.com/projects/shop/zones/us-east1-b/instances/{name}"],
        "primary_impact": {
            "category": "COST",
            "cost_projection": {
                "cost": {"currency_code": "USD", "units": -30, "nanos": -500_000_000},
                "duration": {"seconds": 2_592_000, "nanos": 0},
                "pricing_type_name": "LIST",
            },
        },
        "ancestors": {"organization_id": organisation},
        "recommendation_details": "{}",
        "partition_time": f"2026-07-{day:02}T00:00:00+00:00",
    } | change


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with bigquery_emulator() as running:
        yield running


@pytest.fixture
def options(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> advice.BigQueryOptions:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return advice.BigQueryOptions(endpoint=emulator.rest)


@pytest.fixture
def fill(emulator: Emulator) -> Any:
    client = google.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": emulator.rest},
    )
    client.delete_dataset("active_assist", delete_contents=True, not_found_ok=True)
    client.create_dataset("active_assist")

    def made(
        rows: Sequence[dict[str, Any]], schema: Sequence[google.SchemaField] = SCHEMA, *, days: bool = True
    ) -> None:
        table = google.Table(f"{PROJECT}.active_assist.{TABLE}", schema=schema)
        if days:
            table.time_partitioning = google.TimePartitioning(type_="DAY")
        client.create_table(table)
        assert client.insert_rows_json(table, rows) == []

    return made


def test_of_each_organisation_the_newest_snapshot_counts(fill: Any, options: advice.BigQueryOptions) -> None:
    fill([row("gone", 29), row("web", 29), row("web", 30), row("other", 28, "org-2")])
    found = advice.read_bigquery(ADDRESS, options, TODAY)
    assert found.problems == ()
    made = {r["resource_id"].rsplit("/", 1)[-1]: r for r in found.rows.to_dicts()}
    assert sorted(made) == ["other", "web"]
    assert made["web"]["action"] == "stop"
    assert made["web"]["monthly_savings"] == pytest.approx(30.5 * 30.4375 / 30)
    assert (made["web"]["savings_basis"], made["web"]["refreshed_on"]) == ("before discounts", date(2026, 7, 30))
    con = store.scratch()
    assert advice.put(con, found) == 2
    assert con.execute("select count(*) from recommendations where location = ?", [ADDRESS]).fetchone() == (2,)
    con.close()


def test_a_copy_without_partitions_is_read_by_the_newest_of_each(fill: Any, options: advice.BigQueryOptions) -> None:
    fill([row("web", 29), row("web", 30, state="DISMISSED"), row("db", 30)], days=False)
    found = advice.read_bigquery(ADDRESS, options, TODAY)
    assert [r["resource_id"].rsplit("/", 1)[-1] for r in found.rows.to_dicts()] == ["db"]
    assert found.left_out == {"closed or dismissed": 1}


def test_a_transfer_that_stopped_is_a_problem(fill: Any, options: advice.BigQueryOptions) -> None:
    fill([row("web", 1)])
    found = advice.read_bigquery(ADDRESS, options, TODAY)
    assert found.rows.is_empty()
    assert found.snapshots == frozenset()
    assert "no snapshot" in found.problems[0].why


def test_what_cannot_be_read_says_why(fill: Any, options: advice.BigQueryOptions) -> None:
    with pytest.raises(ExportError, match="refuses to read it"):
        advice.read_bigquery(ADDRESS, options, TODAY)
    fill([{"a": "1"}], plain(("a", "STRING")))
    with pytest.raises(ExportError, match="no export of Google's Recommender"):
        advice.read_bigquery(ADDRESS, options, TODAY)
    for address in ("bigquery://advice-project", "s3://a/b", "bigquery://p.d.t`; drop table x", "bigquery://u:p@x.d.t"):
        with pytest.raises(ConfigError):
            advice.read_bigquery(address, options, TODAY)
