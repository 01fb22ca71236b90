"""BigQuery over a real connection, against bqemulator. What it may refuse is in test_bigquery_refusals.py."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import small_gcp as gcp
from bqemulator import Emulator, bigquery_emulator
from google.api_core.exceptions import PermissionDenied, ServiceUnavailable
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery as google
from google.cloud.bigquery_storage_v1 import BigQueryReadClient
from test_gcp import EVERYTHING, odd_lines

from advisor import store
from advisor.errors import ExportError
from advisor.ingest import bigquery, discover
from advisor.ingest.load import is_loaded
from advisor.ingest.load import load as load_file
from advisor.ingest.location import LocalLocation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

PROJECT = "billing-project"
TODAY = date(2026, 9, 10)
DETAILED = "gcp_billing_export_resource_v1_01AB23_CD45EF_67AB89"
STANDARD = "gcp_billing_export_v1_01AB23_CD45EF_67AB89"
FOCUS = "gcp_billing_export_focus_01AB23_CD45EF_67AB89"
PRIVATE = ("token-nobody-may-see", "someone@example.com", "server says")
KINDS = {"text": "STRING", "number": "FLOAT", "time": "TIMESTAMP", "exact": "NUMERIC"}

# Google's own client calls what Google's own package wants to retire.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Retrieving Arrow record batches directly:PendingDeprecationWarning"),
]


# --- the emulator -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with bigquery_emulator() as running:
        yield running


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own: no Google configuration, no proxy."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", bigquery.EMULATOR, bigquery.READ_EMULATOR):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setattr(bigquery, "RETRY_SECONDS", 0.3)


def _schema(kinds: dict[str, Any]) -> list[google.SchemaField]:
    made = []
    for name, kind in kinds.items():
        if isinstance(kind, str):
            made.append(google.SchemaField(name, KINDS[kind]))
        else:
            mode = "REPEATED" if isinstance(kind, list) else "NULLABLE"
            inner = _schema(kind[0] if isinstance(kind, list) else kind)
            made.append(google.SchemaField(name, "RECORD", mode, fields=inner))
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


class Dataset:
    """A dataset of the emulator. Rows say in `partition_time` when they came; see bigquery_peer/serve.py."""

    name = "bills"

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.client = google.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": emulator.rest},
        )
        # One name for all tests: the emulator remembers how it translated a query.
        self.client.delete_dataset(self.name, delete_contents=True, not_found_ok=True)
        self.client.create_dataset(self.name)

    def table(self, name: str, schema: dict[str, Any], *, partitioned: bool = True) -> None:
        made = google.Table(
            f"{PROJECT}.{self.name}.{name}",
            schema=[*_schema(schema), google.SchemaField("partition_time", "TIMESTAMP")],
        )
        if partitioned:
            made.time_partitioning = google.TimePartitioning(type_="DAY")
        self.client.create_table(made)

    def add(self, rows: Sequence[dict[str, Any]], day: str | None = None, name: str = DETAILED) -> None:
        """Rows that arrived on `day`; without one they are in the streaming buffer still."""
        arrived = f"{day}T00:00:00+00:00" if day else None
        plain = [_plain(row) | {"partition_time": arrived} for row in rows]
        assert self.client.insert_rows_json(f"{PROJECT}.{self.name}.{name}", plain) == []

    def location(self, table: str = "", said: list[str] | None = None, **options: Any) -> bigquery.BigQueryLocation:
        uri = f"bigquery://{PROJECT}.{self.name}" + (f".{table}" if table else "")
        given = {"endpoint": self.emulator.rest, "read_endpoint": self.emulator.grpc} | options
        say = (lambda _: None) if said is None else said.append
        return bigquery.open_bigquery(uri, bigquery.BigQueryOptions(**given), say)


@pytest.fixture
def dataset(emulator: Emulator) -> Dataset:
    made = Dataset(emulator)
    made.table(DETAILED, gcp.SCHEMA)
    return made


def ingest(
    con: DuckDBPyConnection, location: bigquery.BigQueryLocation, folder: Path, today: date = TODAY
) -> list[tuple[str, date]]:
    """What the app does: look, leave out what is loaded, load the rest."""
    deliveries, problems = location.discover(bigquery.stored(con), today)
    assert problems == []
    new = [d for d in deliveries if not is_loaded(con, d)]
    return [done for d in new for done in bigquery.load(con, location, d, folder, lambda _: None)]


def months(done: Sequence[tuple[str, date]]) -> list[str]:
    return [f"{period:%Y-%m}" for _, period in done]


def everything(con: DuckDBPyConnection) -> list[Any]:
    rows = con.execute(EVERYTHING).fetchall()
    return sorted(repr([sorted(v.items()) if isinstance(v, dict) else v for v in row]) for row in rows)


def billed(con: DuckDBPyConnection) -> dict[str, tuple[int, str]]:
    rows = con.execute(
        "select strftime(period, '%Y-%m'), sum(line_count)::int, sum(billed_cost)::decimal(18, 2)::varchar"
        " from loads join totals using (load_id) group by 1"
    ).fetchall()
    return {month: (lines, cost) for month, lines, cost in rows}


def watched(monkeypatch: pytest.MonkeyPatch) -> list[google.QueryJobConfig]:
    """The configuration of every query that is sent from now on, with its text in `description`."""
    seen: list[Any] = []
    send = google.Client.query

    def query(self: google.Client, sql: str, job_config: google.QueryJobConfig, **rest: Any) -> Any:
        seen.append((sql, job_config))
        return send(self, sql, job_config=job_config, **rest)

    monkeypatch.setattr(google.Client, "query", query)
    return seen


# --- the same rows as from files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", ["read sessions", "REST"])
@pytest.mark.parametrize(
    "missing", [(), ("resource",), ("resource", *gcp.SINCE_2023)], ids=["detailed", "standard", "old"]
)
def test_the_same_rows_as_from_a_file(
    emulator: Emulator, tmp_path: Path, missing: tuple[str, ...], reading: str
) -> None:
    schema = gcp.without(*missing)
    rows = [{name: value for name, value in row.items() if name in schema} for row in odd_lines()]
    gcp.write_parquet(tmp_path / "bill.parquet", rows, schema)
    files = store.scratch()
    for delivery in discover.discover(LocalLocation(path=tmp_path))[0]:
        load_file(files, LocalLocation(path=tmp_path), delivery, tmp_path, lambda _: None)
    table = STANDARD if "resource" in missing else DETAILED
    made = Dataset(emulator)
    made.table(table, schema)
    made.add(rows[:10], "2026-08-02", table)
    made.add(rows[10:], "2026-08-09", table)
    con = store.scratch()
    location = made.location() if reading == "read sessions" else made.location(read_endpoint="")
    assert months(ingest(con, location, tmp_path)) == ["2026-08"]
    assert everything(con) == everything(files)
    same = (
        "select provider, billing_currency, line_count, billed_cost, credits, effective_cost, currency_conversion_rate"
    )
    assert (
        con.execute(f"{same} from totals order by all").fetchall()
        == files.execute(f"{same} from totals order by all").fetchall()
    )
    assert (
        con.execute("select has_resource_ids, hourly, notes from loads").fetchall()
        == files.execute("select has_resource_ids, hourly, notes from loads").fetchall()
    )
    assert con.execute("select format from loads").fetchall() == [("gcp-standard" if missing else "gcp-detailed",)]


def test_amounts_are_the_same_to_the_tenth_decimal(dataset: Dataset, tmp_path: Path) -> None:
    odd = [1 / 3, 2.5e-10, -2.5e-10, 5e-11, 6.5185e-07, 0.00790545445, 64160677.037992, 262144.12345678905, 1e-12]
    rows = [gcp.line("2026-08-01T01:00:00", f"SKU {n}", cost) for n, cost in enumerate(odd)]
    gcp.write_parquet(tmp_path / "bill.parquet", rows)
    files, con = store.scratch(), store.scratch()
    place = LocalLocation(path=tmp_path)
    load_file(files, place, discover.discover(place)[0][0], tmp_path, lambda _: None)
    dataset.add(rows, "2026-08-02")
    ingest(con, dataset.location(), tmp_path)
    assert everything(con) == everything(files)


def test_the_newest_tags_of_a_day_are_those_of_its_last_hour(dataset: Dataset, tmp_path: Path) -> None:
    vm = {"name": "a", "global_name": "//compute.googleapis.com/projects/1/zones/z/instances/1"}
    rows = [
        gcp.line(f"2026-08-01T{h:02d}:00:00", "Core", 1.0, resource=vm, labels=[{"key": "hour", "value": f"{h}"}])
        for h in range(24)
    ]
    dataset.add(rows, "2026-08-02")
    con = store.scratch()
    ingest(con, dataset.location(), tmp_path)
    newest = "select tags['hour'] from meters join tag_sets using (load_id, tag_key)"
    assert con.execute(newest).fetchall() == [("23",)]


def test_tags_of_a_focus_view_may_be_an_object_in_text(emulator: Emulator, tmp_path: Path) -> None:
    made = Dataset(emulator)
    made.table("any_name", GOOGLES_FOCUS | {"Tags": "text"}, partitioned=False)
    made.add([focus_line(5, Tags='{"env": "prod"}', x_Labels=[])], "2026-08-04", "any_name")
    con = store.scratch()
    ingest(con, made.location("any_name"), tmp_path)
    assert con.execute("select tags from tag_sets").fetchall() == [({"env": "prod"},)]


def test_credits_of_an_old_table_without_types(emulator: Emulator, tmp_path: Path) -> None:
    schema = gcp.without("resource", *gcp.SINCE_2023)
    schema["credits"] = [{"name": "text", "amount": "number"}]
    row = gcp.line("2026-08-01T01:00:00", "N1 Core", 1.0)
    row = {name: value for name, value in row.items() if name in schema}
    made = Dataset(emulator)
    made.table(STANDARD, schema)
    made.add([row | {"credits": [{"name": "Sustained Usage Discount", "amount": -0.25}]}], "2026-08-02", STANDARD)
    con = store.scratch()
    ingest(con, made.location(), tmp_path)
    assert billed(con) == {"2026-08": (1, "0.75")}


GOOGLES_FOCUS = {
    "BilledCost": "exact",
    "EffectiveCost": "exact",
    "ListCost": "exact",
    "ContractedCost": "exact",
    "ConsumedQuantity": "exact",
    "ConsumedUnit": "text",
    "PricingUnit": "text",
    "BillingAccountId": "text",
    "BillingCurrency": "text",
    "BillingPeriodStart": "time",
    "ChargePeriodStart": "time",
    "ChargePeriodEnd": "time",
    "ChargeCategory": "text",
    "ChargeDescription": "text",
    "ProviderName": "text",
    "ResourceId": "text",
    "ResourceName": "text",
    "ServiceName": "text",
    "SkuId": "text",
    "SubAccountId": "text",
    "Tags": [{"Key": "text", "Value": "text"}],
    "x_CostType": "text",
    "x_Credits": [{"Name": "text", "Amount": "exact", "FullName": "text", "Id": "text", "Type": "text"}],
    "x_CurrencyConversionRate": "number",
    "x_Labels": [{"Key": "text", "Value": "text"}],
    "x_Tags": [{"Key": "text", "Value": "text", "x_Inherited": "text"}],
    "x_ServiceId": "text",
    "x_SystemLabels": [{"Key": "text", "Value": "text"}],
    "x_ExportTime": "time",
}


def focus_line(hour: int, cost: str = "0.123456789", **given: Any) -> dict[str, Any]:
    start = datetime(2026, 8, 3, hour, tzinfo=UTC)
    row: dict[str, Any] = {
        **{name: Decimal(cost) for name in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")},
        "ConsumedQuantity": Decimal(3600),
        "ConsumedUnit": "seconds",
        "PricingUnit": "hour",
        "BillingAccountId": "01AB23-CD45EF-67AB89",
        "BillingCurrency": "USD",
        "BillingPeriodStart": datetime(2026, 8, 1, 7, tzinfo=UTC),
        "ChargePeriodStart": start,
        "ChargePeriodEnd": start + timedelta(hours=1),
        "ChargeCategory": "Usage",
        "ChargeDescription": "N1 Predefined Instance Core running in Americas",
        "ProviderName": "Google Cloud",
        "ResourceId": "//compute.googleapis.com/projects/1/zones/z/instances/2",
        "ResourceName": "web-2",
        "ServiceName": "Compute Engine",
        "SkuId": "A-B",
        "SubAccountId": "shop-prod",
        "x_CostType": "regular",
        "x_Credits": [],
        "x_CurrencyConversionRate": 1.0,
        "Tags": [{"Key": "env", "Value": "dev"}, {"Key": "env", "Value": 'a"b'}],
        "x_Labels": [],
        "x_Tags": [],
        "x_ServiceId": "6F81-5844-456A",
        "x_SystemLabels": [{"Key": "compute.googleapis.com/machine_spec", "Value": "n1-standard-4"}],
        "x_ExportTime": datetime(2026, 8, 4, tzinfo=UTC),
    }
    return row | given


@pytest.fixture
def focus_dataset(emulator: Emulator) -> Dataset:
    made = Dataset(emulator)
    made.table(FOCUS, GOOGLES_FOCUS, partitioned=False)
    return made


def test_the_same_rows_as_from_a_focus_file(focus_dataset: Dataset, tmp_path: Path) -> None:
    credit = {"Name": "x", "FullName": "x", "Id": "", "Amount": Decimal("-0.01")}
    rows = [focus_line(hour) for hour in range(20)]
    rows += [focus_line(20, x_Credits=[credit | {"Type": "PROMOTION"}, credit | {"Type": "SUSTAINED_USAGE_DISCOUNT"}])]
    rows += [
        focus_line(0, "1.23", ChargeCategory="Tax", x_CostType="tax", ResourceId=None, ConsumedUnit=None, SkuId="T")
    ]
    rows += [focus_line(1, "2", ResourceId="other", x_Tags=[{"Key": "k", "Value": "v", "x_Inherited": "y"}])]
    gcp.write_parquet(tmp_path / "bill.parquet", rows, GOOGLES_FOCUS)
    place, files, con = LocalLocation(path=tmp_path), store.scratch(), store.scratch()
    load_file(files, place, discover.discover(place)[0][0], tmp_path, lambda _: None)
    focus_dataset.add(rows, "2026-08-04", FOCUS)
    ingest(con, focus_dataset.location(), tmp_path)
    assert everything(con) == everything(files)
    assert len(everything(con)) == 3


def test_focus_tables_are_read_by_billing_period(
    focus_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No contract names their partitions."""
    row = focus_line(5)
    old = row | {"BillingPeriodStart": datetime(2024, 1, 1, 8, tzinfo=UTC)}
    focus_dataset.add([row, row, old], "2026-08-04", FOCUS)
    con = store.scratch()
    assert months(ingest(con, focus_dataset.location(), tmp_path)) == ["2026-08"]
    assert con.execute("select billed_cost, hours_mask, line_count from days").fetchall() == [
        (Decimal("0.2469135780"), 1 << 5, 2)
    ]
    assert con.execute(
        "select resource_id, service_name, tags from meters join tag_sets using (tag_key)"
    ).fetchall() == [(row["ResourceId"], "Compute Engine", {"env": 'a"b'})]
    assert ingest(con, focus_dataset.location(), tmp_path) == []
    focus_dataset.add([row | {"x_ExportTime": datetime(2026, 8, 9, tzinfo=UTC)}], "2026-08-09", FOCUS)
    sent = watched(monkeypatch)
    assert months(ingest(con, focus_dataset.location(), tmp_path)) == ["2026-08"]
    assert billed(con) == {"2026-08": (3, "0.37")}
    asked = [{p.name: p.value for p in config.query_parameters} for _, config in sent]
    assert asked[1] == {"first": datetime(2026, 6, 1, tzinfo=UTC)}
    assert asked[3] == {"first": datetime(2026, 8, 1, tzinfo=UTC), "last": datetime(2026, 9, 1, tzinfo=UTC)}


# --- only what changed ----------------------------------------------------------------------------------------------------


def lines(month: str, number: int = 2, cost: float = 1.0, hour: int = 6) -> list[dict[str, Any]]:
    """Identical lines, exported at `hour`."""
    exported = datetime(2026, 8, 1, hour, tzinfo=UTC)
    return [gcp.line(f"{month}-01T01:00:00", "N1 Core", cost, export_time=exported) for _ in range(number)]


def test_identical_lines_are_both_counted_and_loading_twice_changes_nothing(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add(lines("2026-07"), "2026-07-02")
    dataset.add(lines("2026-08"), "2026-08-02")
    con = store.scratch()
    assert months(ingest(con, dataset.location(), tmp_path)) == ["2026-07", "2026-08"]
    assert billed(con) == {"2026-07": (2, "2.00"), "2026-08": (2, "2.00")}
    before = (
        everything(con),
        con.execute("from loads").fetchall(),
        con.execute("from partitions order by all").fetchall(),
    )
    assert ingest(con, dataset.location(), tmp_path) == []
    assert before == (
        everything(con), con.execute("from loads").fetchall(), con.execute("from partitions order by all").fetchall()
    )  # fmt: skip
    assert before[2] == [
        (
            f"bigquery://{PROJECT}.{dataset.name}.{DETAILED}",
            date(2026, month, 2),
            date(2026, month, 1),
            datetime(2026, 8, 1, 6),  # noqa: DTZ001 - as the database has it
            2,
        )
        for month in (7, 8)
    ]


def test_a_partition_that_grew_brings_its_month_again(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add(lines("2026-07"), "2026-07-02")
    dataset.add(lines("2026-08"), "2026-08-02")
    con = store.scratch()
    ingest(con, dataset.location(), tmp_path)
    dataset.add(lines("2026-08", hour=9), "2026-08-02")
    assert months(ingest(con, dataset.location(), tmp_path)) == ["2026-08"]
    assert billed(con) == {"2026-07": (2, "2.00"), "2026-08": (4, "4.00")}


def test_a_late_line_brings_its_whole_month_from_all_its_partitions(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.add(lines("2026-07"), "2026-07-02")
    dataset.add(lines("2026-08"), "2026-08-02")
    con = store.scratch()
    ingest(con, dataset.location(), tmp_path)
    dataset.add(lines("2026-07", 1, -0.5), "2026-08-06")
    sent = watched(monkeypatch)
    assert months(ingest(con, dataset.location(), tmp_path)) == ["2026-07"]
    assert billed(con) == {"2026-07": (3, "1.50"), "2026-08": (2, "2.00")}
    asked = [{p.name: p.value for p in config.query_parameters} for _, config in sent]
    # The map of the last days, then the month: each dry first.
    assert asked[0] == asked[1] == {"first": datetime(2026, 7, 23, tzinfo=UTC)}
    assert asked[2] == asked[3]
    assert asked[3] == {
        "first": datetime(2026, 7, 2, tzinfo=UTC), "last": datetime(2026, 8, 6, tzinfo=UTC), "period": "202607"
    }  # fmt: skip


def test_after_a_long_pause_nothing_is_missed(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add(lines("2026-05"), "2026-05-02")
    con = store.scratch()
    ingest(con, dataset.location(), tmp_path, date(2026, 5, 3))
    dataset.add(lines("2026-05", 1), "2026-05-06")
    dataset.add(lines("2026-06"), "2026-06-02")
    assert months(ingest(con, dataset.location(), tmp_path, date(2026, 9, 10))) == ["2026-05", "2026-06"]
    assert billed(con) == {"2026-05": (3, "3.00"), "2026-06": (2, "2.00")}


def test_history_is_bounded_and_older_months_are_never_loaded_in_part(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add(lines("2026-06"), "2026-06-02")
    dataset.add([*lines("2026-06", 1), *lines("2026-08", 1)], "2026-08-02")
    con = store.scratch()
    assert months(ingest(con, dataset.location(history_months=2), tmp_path)) == ["2026-08"]
    dataset.add(lines("2026-06", 1), "2026-08-04")
    assert ingest(con, dataset.location(history_months=13), tmp_path) == []


def test_lines_in_the_streaming_buffer_wait_for_the_next_run(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add(lines("2026-08"), "2026-08-02")
    dataset.add(lines("2026-08", 1))
    con = store.scratch()
    ingest(con, dataset.location(), tmp_path)
    assert billed(con) == {"2026-08": (2, "2.00")}


def test_partitions_that_expired_keep_what_is_loaded(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add(lines("2026-07"), "2026-07-02")
    dataset.add(lines("2026-08"), "2026-08-02")
    con = store.scratch()
    ingest(con, dataset.location(), tmp_path)
    delete = f"delete from `{PROJECT}.{dataset.name}.{DETAILED}` where partition_time < timestamp '2026-08-01'"
    dataset.client.query(delete).result()
    assert ingest(con, dataset.location(), tmp_path) == []
    dataset.add(lines("2026-07", 1), "2026-08-05")  # would now be the only one of its month
    with pytest.raises(ExportError, match="has 1 lines, but its partitions had 3: some have expired"):
        ingest(con, dataset.location(), tmp_path)
    assert billed(con) == {"2026-07": (2, "2.00"), "2026-08": (2, "2.00")}


def test_a_failure_leaves_period_and_partitions_as_they_were(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.add(lines("2026-08"), "2026-08-02")
    con = store.scratch()
    ingest(con, dataset.location(), tmp_path)
    before = everything(con), con.execute("from partitions").fetchall()
    dataset.add(lines("2026-08"), "2026-08-03")
    with monkeypatch.context() as patch:
        patch.setattr(bigquery.rollup, "_reconcile", _fail)
        with pytest.raises(OSError, match="no more"):
            ingest(con, dataset.location(), tmp_path)
    assert before == (everything(con), con.execute("from partitions").fetchall())
    assert list(tmp_path.iterdir()) == []
    assert months(ingest(con, dataset.location(), tmp_path)) == ["2026-08"]


def _fail(*_: Any, **__: Any) -> None:
    raise OSError("no more")


def test_a_period_that_failed_is_whole_the_next_time(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.add(lines("2026-05"), "2026-05-02")
    dataset.add(lines("2026-08"), "2026-08-02")
    con = store.scratch()
    location = dataset.location()
    deliveries, _ = location.discover(bigquery.stored(con), TODAY)
    bigquery.load(con, location, deliveries[1], tmp_path, lambda _: None)  # as if the first had failed
    dataset.add(lines("2026-05", 1), "2026-08-06")
    assert months(ingest(con, dataset.location(), tmp_path)) == ["2026-05"]
    assert billed(con) == {"2026-05": (3, "3.00"), "2026-08": (2, "2.00")}


def test_periods_whose_partitions_look_alike_are_two(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add([*lines("2026-07"), *lines("2026-08")], "2026-08-02")
    con = store.scratch()
    assert months(ingest(con, dataset.location(), tmp_path)) == ["2026-07", "2026-08"]


def test_another_way_of_reading_reads_everything_again(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.add(lines("2026-05"), "2026-05-02")
    dataset.add(lines("2026-08"), "2026-08-02")
    con = store.scratch()
    ingest(con, dataset.location(), tmp_path)
    monkeypatch.setattr(bigquery, "READ_AS", "another")
    assert months(ingest(con, dataset.location(), tmp_path)) == ["2026-05", "2026-08"]
    assert billed(con) == {"2026-05": (2, "2.00"), "2026-08": (2, "2.00")}


def test_lines_without_a_month_are_told(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add(lines("2026-08"), "2026-08-02")
    dataset.add([gcp.line("2026-08-01T01:00:00", "x", 1.0, invoice=None)], "2026-08-02")
    deliveries, problems = dataset.location().discover(today=TODAY)
    assert [d.period for d in deliveries] == [date(2026, 8, 1)]
    assert [p.why for p in problems] == ["has 1 lines without a billing month, which were left out"]


# --- which table --------------------------------------------------------------------------------------------------------


def test_of_two_exports_of_one_account_the_detailed_one_is_read(dataset: Dataset, tmp_path: Path) -> None:
    dataset.table(STANDARD, gcp.without("resource"))
    other = STANDARD.replace("67AB89", "000000")
    dataset.table(other, gcp.without("resource"))
    dataset.table("something_else", gcp.SCHEMA)
    dataset.add(lines("2026-08"), "2026-08-02")
    for name in (STANDARD, other):
        rows = [{name: value for name, value in row.items() if name != "resource"} for row in lines("2026-08")]
        dataset.add(rows, "2026-08-02", name)
    said: list[str] = []
    con = store.scratch()
    done = ingest(con, dataset.location(said=said), tmp_path)
    assert [source.rpartition(".")[2] for source, _ in done] == [other, DETAILED]
    assert said[0] == (
        "Of billing account 01AB23-CD45EF-67AB89 the detailed export is read, not the standard one:"
        " both hold the same costs."
    )
    assert months(ingest(store.scratch(), dataset.location(STANDARD), tmp_path)) == ["2026-08"]


def test_tables_that_are_none_are_refused(dataset: Dataset) -> None:
    dataset.table("flat", gcp.SCHEMA, partitioned=False)
    dataset.table("strange", {"a": "text"})
    dataset.table("other_cloud", {"line_item_line_item_type": "text", "line_item_usage_type": "text"})
    with pytest.raises(ExportError, match="without partitions by day of arrival"):
        dataset.location("flat").discover(today=TODAY)
    for name in ("strange", "other_cloud"):
        with pytest.raises(ExportError, match="is no billing export"):
            dataset.location(name).discover(today=TODAY)
    with pytest.raises(ExportError, match="has no lines of the last 13 billing months"):
        dataset.location().discover(today=TODAY)


def test_a_dataset_without_exports(emulator: Emulator) -> None:
    with pytest.raises(ExportError, match="holds no billing export"):
        Dataset(emulator).location().discover()


def test_what_is_not_there_is_named(dataset: Dataset) -> None:
    with pytest.raises(ExportError, match=f"table {PROJECT}.{dataset.name}.gone: does not exist"):
        dataset.location("gone").discover()


# --- cost ---------------------------------------------------------------------------------------------------------------


def test_each_query_is_priced_first_bounded_and_pruned(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.add(lines("2026-07"), "2026-07-02")
    dataset.add(lines("2026-08"), "2026-08-02")
    sent = watched(monkeypatch)
    said: list[str] = []
    ingest(store.scratch(), dataset.location(said=said, max_bytes=123_456), tmp_path)
    assert len(sent) == 6
    assert all("_PARTITIONTIME" in sql and "select *, " not in sql.partition("from `")[0] for sql, _ in sent)
    assert all(config.maximum_bytes_billed == 123_456 for _, config in sent if not config.dry_run)
    real = [(n, sql, config.query_parameters) for n, (sql, config) in enumerate(sent) if not config.dry_run]
    assert len(real) == 3
    for number, sql, parameters in real:
        assert any(c.dry_run and s == sql and c.query_parameters == parameters for s, c in sent[:number])
    assert said == [
        f"BigQuery will read 0.0 MB of {PROJECT}.{dataset.name}.{DETAILED} (2 billing months, about USD 0.00 at the list"
        " price of 6.25 per TiB)."
    ]


def test_too_much_is_refused_before_anything_is_read(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.add(lines("2026-07", 30), "2026-07-02")  # the emulator counts 100 bytes for each row of the table
    sent = watched(monkeypatch)
    with pytest.raises(ExportError, match=r"\(3000 bytes\).*\(2999 bytes\).*\n.*--max-bytes"):
        dataset.location(max_bytes=2999).discover(today=TODAY)
    assert all(config.dry_run for _, config in sent)
    dataset.add(lines("2026-08", 30), "2026-08-02")
    with pytest.raises(ExportError, match=r"12000 bytes\) for 2 billing months .*\(7000 bytes\)"):
        dataset.location(max_bytes=7000).discover(today=TODAY)


def test_bigquery_itself_stops_what_grew_since(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add(lines("2026-08", 5), "2026-08-02")
    location = dataset.location(max_bytes=500)
    (delivery,), _ = location.discover(today=TODAY)
    dataset.add(lines("2026-08", 5), "2026-08-02")
    with pytest.raises(
        ExportError, match=r"would read more than the 0\.0 MB that are allowed \(bytesBilledLimitExceeded\)"
    ):
        bigquery.load(store.scratch(), location, delivery, tmp_path, lambda _: None)


# --- ways to read ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "why"), [(PermissionDenied, "bigquery.readsessions.create"), (ServiceUnavailable, "is gRPC allowed")]
)
def test_rest_where_there_are_no_read_sessions(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: type[Exception], why: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise refusal("server says someone@example.com may not")

    monkeypatch.setattr(BigQueryReadClient, "create_read_session", refuse)
    dataset.add(lines("2026-07"), "2026-07-02")
    dataset.add(lines("2026-08"), "2026-08-02")
    said: list[str] = []
    con = store.scratch()
    ingest(con, dataset.location(said=said), tmp_path)
    assert billed(con) == {"2026-07": (2, "2.00"), "2026-08": (2, "2.00")}
    assert [text for text in said if why in text] == said[1:]
    assert len(said) == 2
    assert not any(secret in "".join(said) for secret in PRIVATE)


def test_rest_where_the_package_is_missing(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery_storage_v1", None)
    monkeypatch.delattr("google.cloud.bigquery_storage_v1", raising=False)
    dataset.add(lines("2026-08"), "2026-08-02")
    said: list[str] = []
    con = store.scratch()
    ingest(con, dataset.location(said=said), tmp_path)
    assert billed(con) == {"2026-08": (2, "2.00")}
    assert "google-cloud-bigquery-storage is not installed" in said[1]


def test_many_pages_arrive_whole(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bigquery, "PAGE", 7)
    rows = [gcp.line("2026-08-01T01:00:00", f"SKU {n}", 0.01) for n in range(50)]
    dataset.add(rows, "2026-08-02")
    con = store.scratch()
    ingest(con, dataset.location(read_endpoint=""), tmp_path)
    assert billed(con) == {"2026-08": (50, "0.50")}
    assert con.execute("select count(*) from days").fetchone() == (50,)


def test_an_interrupt_cancels_the_job(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset.add(lines("2026-08"), "2026-08-02")
    location = dataset.location()
    (delivery,), _ = location.discover(today=TODAY)
    cancelled: list[str] = []
    monkeypatch.setattr(google.QueryJob, "cancel", lambda job, **_: cancelled.append(job.job_id))
    monkeypatch.setattr(google.QueryJob, "result", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        bigquery.load(store.scratch(), location, delivery, tmp_path, lambda _: None)
    assert len(cancelled) == 1


def test_running_jobs_can_be_stopped_from_another_thread(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.add(lines("2026-08"), "2026-08-02")
    location = dataset.location()
    (delivery,), _ = location.discover(today=TODAY)
    location.stop()
    cancelled: list[str] = []
    wait = google.QueryJob.result

    def result(job: google.QueryJob, **rest: Any) -> Any:
        location.stop()
        return wait(job, **rest)

    monkeypatch.setattr(google.QueryJob, "cancel", lambda job, **_: cancelled.append(job.job_id))
    monkeypatch.setattr(google.QueryJob, "result", result)
    bigquery.load(store.scratch(), location, delivery, tmp_path, lambda _: None)
    assert len(cancelled) == 1


def _interrupt(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_the_emulators_variables_are_honoured(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(bigquery.EMULATOR, dataset.emulator.rest)
    monkeypatch.setenv(bigquery.READ_EMULATOR, dataset.emulator.grpc)
    dataset.add(lines("2026-08"), "2026-08-02")
    con = store.scratch()
    ingest(con, dataset.location(endpoint="", read_endpoint=""), tmp_path)
    assert billed(con) == {"2026-08": (2, "2.00")}
