"""Cloud Monitoring: the real client against a server that is as strict as the service."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from advisor.errors import AdvisorError
from advisor.utilization import monitoring
from advisor.utilization.metrics import METRICS, BilledResource, Window
from advisor.utilization.monitoring import MonitoringOptions
from advisor.utilization.monitoring_metrics import RULES

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from cloud_monitoring import CloudMonitoring, Refused, cloud_monitoring, minutes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from advisor.model import Problem

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FIRST, SECOND = date(2026, 11, 18), date(2026, 11, 19)
MIDNIGHT = datetime(2026, 11, 18, tzinfo=UTC)
INSTANCE = "//compute.googleapis.com/projects/1234/zones/us-central1-a/instances/{}"
RUN = "//run.googleapis.com/projects/1234/locations/us-central1/services/{}"
ENDPOINT = "//aiplatform.googleapis.com/projects/1234/locations/us-central1/endpoints/{}"
CPU = "compute.googleapis.com/instance/cpu/utilization"
SENT, RECEIVED = (f"compute.googleapis.com/instance/network/{way}_bytes_count" for way in ("sent", "received"))
REPLICAS = "aiplatform.googleapis.com/prediction/online/replicas"


@pytest.fixture
def server() -> Iterator[CloudMonitoring]:
    with cloud_monitoring() as running:
        yield running


def billed(resource_id: str, project: str = "shop", name: str = "", service: str = "Compute Engine") -> BilledResource:
    return BilledResource(
        provider="gcp",
        sub_account_id=project,
        region_id="us-central1",
        resource_id=resource_id,
        resource_name=name,
        service_code="",
        service_name=service,
        instance_type="",
        monthly_cost=100.0,
    )


def window(
    first: date = FIRST, last: date = SECOND, held: dict[tuple[str, str, str, str], date] | None = None
) -> Window:
    return Window(first_day=first, last_day=last, held=held or {})


def fetched(
    server: CloudMonitoring,
    resources: Sequence[BilledResource],
    asked: Window | None = None,
    **options: Any,
) -> tuple[pl.DataFrame, list[Problem]]:
    settings = MonitoringOptions(endpoint=server.address, retry_pause_seconds=0.01, **options)
    plan = monitoring.plan(resources, asked or window(), settings, now=NOW)
    batches = list(monitoring.fetch(plan, settings))
    assert batches
    return pl.concat([batch.days for batch in batches]), [p for batch in batches for p in batch.problems]


def instance(
    server: CloudMonitoring,
    number: str,
    values: Sequence[float | None],
    *,
    project: str = "shop",
    metric: str = CPU,
    **options: Any,
) -> None:
    labels = {"instance_id": number, "zone": "us-central1-a"}
    server.write(project, metric, "gce_instance", labels, minutes(MIDNIGHT, values), **options)


def of(days: pl.DataFrame, metric: str, resource_id: str | None = None) -> list[dict[str, Any]]:
    some = days.filter(pl.col("metric") == metric)
    if resource_id is not None:
        some = some.filter(pl.col("resource_id") == resource_id)
    return some.sort("resource_id", "metric_date").to_dicts()


# --- figures ----------------------------------------------------------------------------------------------------------


def test_percent_of_every_five_minutes_with_a_gap_and_a_partial_day(server: CloudMonitoring) -> None:
    values: list[float | None] = [((i * 37) % 101) / 128 for i in range(1440 + 90)]
    values[600:720] = [None] * 120  # two hours unknown
    instance(server, "77", values)
    days, problems = fetched(server, [billed(INSTANCE.format(77))])
    assert not problems

    def means(points: Sequence[float | None]) -> list[float]:
        parts = [[x for x in points[i : i + 5] if x is not None] for i in range(0, len(points), 5)]
        return sorted(100 * sum(part) / len(part) for part in parts if part)

    def percentile(ordered: list[float], share: float) -> float:
        place = share * (len(ordered) - 1)
        low = int(place)
        return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])

    found = of(days, "cpu_utilization")
    assert [day["metric_date"] for day in found] == [FIRST, SECOND]
    for day, points in zip(found, (values[:1440], values[1440:]), strict=True):
        expected = means(points)
        assert day["resource_id"] == INSTANCE.format(77)
        assert (day["provider"], day["sub_account_id"]) == ("gcp", "shop")
        assert day["sample_count"] == len(expected)
        assert day["average"] == pytest.approx(sum(expected) / len(expected), rel=1e-12)
        assert day["p95"] == pytest.approx(percentile(expected, 0.95), rel=1e-12)
        assert day["p99"] == pytest.approx(percentile(expected, 0.99), rel=1e-12)
        assert day["maximum"] == 100 * max(x for x in points if x is not None)
        assert day["total"] is None
    first, second = found
    assert [hour for hour, top in enumerate(first["hourly_maximum"]) if top is None] == [10, 11]
    assert [hour for hour, top in enumerate(second["hourly_maximum"]) if top is not None] == [0, 1]
    assert first["hourly_maximum"][23] == pytest.approx(100 * max(x or 0 for x in values[23 * 60 : 1440]))


def test_amounts_of_several_series_are_rates_and_a_gap_is_not_made_up(server: CloudMonitoring) -> None:
    sent: list[float | None] = [300.0] * 1440
    sent[60:120] = [None] * 60
    for balanced in ("true", "false"):
        instance(
            server, "5", sent, metric=SENT, kind="DELTA", value_type="INT64", metric_labels={"loadbalanced": balanced}
        )
    instance(server, "5", [60.0] * 1440, metric=RECEIVED, kind="DELTA", value_type="INT64")
    days, problems = fetched(server, [billed(INSTANCE.format(5))])
    assert not problems
    (day,) = of(days, "network_bytes")
    # What was received in the hour without sent bytes is only half of a sum: it is no sample.
    assert day["sample_count"] == 23 * 12
    assert day["average"] == day["p99"] == day["maximum"] == 11.0
    assert day["total"] == 660.0 * 23 * 60
    assert day["hourly_maximum"][1] is None


def test_memory_comes_from_one_source_a_day_and_that_of_the_agent_first(server: CloudMonitoring) -> None:
    balloon = "compute.googleapis.com/instance/memory/balloon/"
    instance(server, "1", [6.0] * 2880, metric=balloon + "ram_used", value_type="INT64")
    instance(server, "1", [8.0] * 2880, metric=balloon + "ram_size", value_type="INT64")
    for state, percent in (("used", 40.0), ("cached", 55.0)):
        instance(
            server,
            "1",
            [percent] * 60,
            metric="agent.googleapis.com/memory/percent_used",
            metric_labels={"state": state},
        )
    days, problems = fetched(server, [billed(INSTANCE.format(1))])
    assert not problems
    first, second = of(days, "memory_utilization")
    assert (first["average"], first["maximum"], first["sample_count"]) == (40.0, 40.0, 12)
    assert (second["average"], second["maximum"], second["sample_count"]) == (75.0, 75.0, 288)


def test_memory_and_accelerators_of_a_gke_node_are_found_by_its_name(server: CloudMonitoring) -> None:
    node = {"cluster_name": "ml", "location": "us-central1", "node_name": "gke-ml-pool-1a2b-xyz"}
    memory = "kubernetes.io/node/memory/"
    for kind, used in (("evictable", 50.0), ("non-evictable", 16.0)):
        server.write(
            "shop",
            memory + "used_bytes",
            "k8s_node",
            node,
            minutes(MIDNIGHT, [used] * 60),
            value_type="INT64",
            metric_labels={"memory_type": kind},
        )
    server.write("shop", memory + "total_bytes", "k8s_node", node, minutes(MIDNIGHT, [64] * 60), value_type="INT64")
    accelerator = "kubernetes.io/container/accelerator/"
    for pod, busy, used in (("a", 90, 10), ("b", 30, 30)):
        for metric, value in (("duty_cycle", busy), ("memory_used", used), ("memory_total", 40)):
            server.write(
                "shop",
                accelerator + metric,
                "k8s_container",
                {"cluster_name": "ml", "pod_name": pod},
                minutes(MIDNIGHT, [value] * 60),
                value_type="INT64",
                metric_labels={"accelerator_id": f"gpu-{pod}"},
                system_labels={"node_name": node["node_name"]},
            )
    days, problems = fetched(server, [billed(INSTANCE.format(9), name=node["node_name"])])
    assert not problems
    assert [(d["metric"], d["average"]) for d in days.sort("metric").to_dicts()] == [
        ("gpu_memory_utilization", 75.0),  # of the fuller one
        ("gpu_utilization", 60.0),
        ("memory_utilization", 25.0),
    ]


def test_accelerator_memory_of_the_agent_is_that_of_the_fullest(server: CloudMonitoring) -> None:
    for number, used in (("0", 4.0), ("1", 12.0)):
        for state, value in (("used", used), ("free", 16.0 - used)):
            instance(
                server,
                "8",
                [value] * 60,
                metric="agent.googleapis.com/gpu/memory/bytes_used",
                metric_labels={"gpu_number": number, "memory_state": state},
            )
        instance(
            server, "8", [used], metric="agent.googleapis.com/gpu/utilization", metric_labels={"gpu_number": number}
        )
    days, _ = fetched(server, [billed(INSTANCE.format(8))])
    assert [day["maximum"] for day in of(days, "gpu_memory_utilization")] == [75.0]
    assert [day["average"] for day in of(days, "gpu_utilization")] == [8.0]


def test_distributions_have_their_mean_and_their_99th_percentile(server: CloudMonitoring) -> None:
    labels = {"location": "us-central1", "service_name": "checkout"}
    observed = [[0.1] * 9 + [0.5], [], [0.2] * 10]
    for revision in ("v1", "v2"):
        server.write(
            "shop",
            "run.googleapis.com/container/cpu/utilizations",
            "cloud_run_revision",
            {**labels, "revision_name": revision},
            minutes(MIDNIGHT, [*observed, None, None, [], []]),
            kind="DELTA",
            value_type="DISTRIBUTION",
        )
    days, problems = fetched(server, [billed(RUN.format("checkout"), service="Cloud Run")])
    assert not problems
    (day,) = of(days, "cpu_utilization")
    assert day["sample_count"] == 1  # a period of empty distributions says nothing
    assert day["average"] == pytest.approx(100 * (0.9 + 0.5 + 2.0) / 20)
    assert day["maximum"] == pytest.approx(100 * (0.2 + 0.3 * (0.99 * 19 - 18)))


def test_postgres_counts_its_connections_under_another_name(server: CloudMonitoring) -> None:
    name = "//cloudsql.googleapis.com/projects/shop/instances/{}"
    metric = "cloudsql.googleapis.com/database/{}"
    write = {"value_type": "INT64"}
    server.write(
        "shop", metric.format("network/connections"), "cloudsql_database", {"database_id": "shop:orders"},
        minutes(MIDNIGHT, [7] * 10), **write,
    )  # fmt: skip
    # Google's own connections, which every instance has, are those to cloudsqladmin.
    used = {
        "ledger": {"a": 4, "b": 4, "cloudsqladmin": 3},
        "unused": {"postgres": 0, "cloudsqladmin": 3},
        "blind": {"cloudsqladmin": 3},
    }
    for instance, databases in used.items():
        for database, count in databases.items():
            server.write(
                "shop", metric.format("postgresql/num_backends"), "cloudsql_database", {"database_id": f"shop:{instance}"},
                minutes(MIDNIGHT, [count] * 10), metric_labels={"database": database}, **write,
            )  # fmt: skip
    days, problems = fetched(server, [billed(name.format(one), service="Cloud SQL") for one in ("orders", *used)])
    assert not problems
    assert [(d["resource_id"], d["average"]) for d in of(days, "connections")] == [
        (name.format("ledger"), 8.0),
        (name.format("orders"), 7.0),
        (name.format("unused"), 0.0),  # of "blind" nothing is known but Google's own: no zero
    ]


# --- missing is never zero --------------------------------------------------------------------------------------------


def endpoint(server: CloudMonitoring, metric: str, number: str, values: Sequence[float | None], **options: Any) -> None:
    server.write(
        "shop",
        f"aiplatform.googleapis.com/prediction/online/{metric}",
        "aiplatform.googleapis.com/Endpoint",
        {"location": "us-central1", "endpoint_id": number},
        minutes(MIDNIGHT, values),
        value_type="INT64",
        **options,
    )


def test_silence_is_zero_only_while_replicas_are_seen(server: CloudMonitoring) -> None:
    endpoint(server, "replicas", "1", [2] * 720)  # half a day
    endpoint(server, "replicas", "2", [1] * 720)
    endpoint(server, "response_count", "2", [None] * 60 + [30] * 60, kind="DELTA")
    endpoint(server, "response_count", "3", [5] * 60, kind="DELTA")  # nobody saw its replicas
    days, problems = fetched(server, [billed(ENDPOINT.format(i), service="Vertex AI") for i in (1, 2, 3, 4)])
    assert not problems
    one, two, three = of(days, "requests")
    assert (one["average"], one["total"], one["sample_count"]) == (0.0, 0.0, 144)
    assert one["hourly_maximum"] == [0.0] * 12 + [None] * 12
    assert (two["total"], two["sample_count"], two["maximum"]) == (1800.0, 144, 0.5)
    assert two["average"] == pytest.approx(1800 / 43_200)
    assert (three["sample_count"], three["average"]) == (12, pytest.approx(5 / 60))
    assert [day["average"] for day in of(days, "replicas")] == [2.0, 1.0]


def test_private_responses_and_predictions_are_requests_too(server: CloudMonitoring) -> None:
    for number in ("1", "2"):
        endpoint(server, "replicas", number, [1] * 60)
    endpoint(server, "private/response_count", "1", [6] * 5, kind="DELTA")
    endpoint(server, "prediction_count", "2", [9] * 5, kind="DELTA")
    days, _ = fetched(server, [billed(ENDPOINT.format(i), service="Vertex AI") for i in (1, 2)])
    assert [(day["total"], day["sample_count"]) for day in of(days, "requests")] == [(30.0, 12), (45.0, 12)]


def test_no_zero_where_a_source_of_the_amount_failed(server: CloudMonitoring) -> None:
    endpoint(server, "replicas", "1", [1] * 60)
    server.refusals.extend([None, None, Refused("INTERNAL", "boom")])  # replicas: mean, maximum; then responses
    days, problems = fetched(server, [billed(ENDPOINT.format(1), service="Vertex AI")])
    assert of(days, "replicas")
    assert not of(days, "requests")
    (problem,) = problems
    assert problem.incomplete
    assert problem.what == "requests of 1 resource of project shop"


def test_a_quiet_forwarding_rule_stays_unknown(server: CloudMonitoring) -> None:
    rule = "//compute.googleapis.com/projects/1234/global/forwardingRules/{}"
    server.write(
        "shop",
        "loadbalancing.googleapis.com/https/request_count",
        "https_lb_rule",
        {"forwarding_rule_name": "front", "region": "global"},
        minutes(MIDNIGHT, [60] * 10),
        kind="DELTA",
        value_type="INT64",
    )
    days, problems = fetched(server, [billed(rule.format(11), name="front"), billed(rule.format(12), name="back")])
    assert not problems
    assert [(d["resource_id"], d["total"], d["sample_count"]) for d in days.to_dicts()] == [(rule.format(11), 600.0, 2)]


def test_nothing_written_is_no_problem_and_no_day(server: CloudMonitoring) -> None:
    server.projects.add("shop")
    days, problems = fetched(server, [billed(INSTANCE.format(1), name="gke-a-b")])
    assert days.is_empty()
    assert days.schema["hourly_maximum"] == pl.List(pl.Float32)
    assert not problems
    assert len(server.requests) == 18  # every metric type was asked for once: means, not maxima


# --- projects ---------------------------------------------------------------------------------------------------------


def test_one_project_that_may_not_be_read_is_named_and_the_others_go_on(server: CloudMonitoring) -> None:
    instance(server, "1", [0.5] * 60)
    instance(server, "2", [0.5] * 60, project="lab")
    server.denied.add("lab")
    server.disabled.add("new")
    resources = [billed(INSTANCE.format(2), "lab"), billed(INSTANCE.format(1)), billed(INSTANCE.format(3), "new")]
    days, problems = fetched(server, [*resources, billed(INSTANCE.format(4), "gone")])
    assert [(d["sub_account_id"], d["average"]) for d in of(days, "cpu_utilization")] == [("shop", 50.0)]
    gone, lab, new = sorted(problems, key=lambda problem: problem.what)
    assert "does not exist" in gone.why
    assert lab.what == "utilisation of project lab"
    assert "roles/monitoring.viewer" in lab.fix
    assert "denied" not in lab.why  # the server's own words are not repeated
    assert new.why == "the Cloud Monitoring API is not enabled in project 4711"
    assert all(problem.incomplete for problem in problems)
    asked = [request.name for request in server.requests]
    assert [asked.count(f"projects/{name}") for name in ("lab", "new", "gone")] == [1, 1, 1]


def test_series_of_projects_in_the_scope_of_another_stay_out(server: CloudMonitoring) -> None:
    server.scopes["shop"] = {"lab"}
    for project, share in (("shop", 0.25), ("lab", 0.75)):
        server.write(
            project,
            "run.googleapis.com/container/instance_count",
            "cloud_run_revision",
            {"location": "us-central1", "service_name": "api"},
            minutes(MIDNIGHT, [share] * 10),
        )
    days, _ = fetched(server, [billed(RUN.format("api"), service="Cloud Run")])
    assert [day["average"] for day in of(days, "replicas")] == [0.25]


def test_only_resources_of_the_bill_are_kept(server: CloudMonitoring) -> None:
    for region in ("us-central1", "europe-west1"):
        server.write(
            "shop",
            "redis.googleapis.com/stats/memory/usage_ratio",
            "redis_instance",
            {"region": region, "instance_id": f"projects/shop/locations/{region}/instances/cart", "node_id": "node-0"},
            minutes(MIDNIGHT, [0.5] * 10),
        )
    cache = "//redis.googleapis.com/projects/shop/locations/us-central1/instances/cart"
    days, problems = fetched(server, [billed(cache, service="Cloud Memorystore for Redis")])
    assert not problems
    assert [(d["resource_id"], d["sample_count"]) for d in of(days, "memory_utilization")] == [(cache, 2)]


# --- requests ---------------------------------------------------------------------------------------------------------


def test_pages_of_any_size_say_the_same(server: CloudMonitoring) -> None:
    numbers = [str(n) for n in range(5)]
    for n in numbers:
        instance(server, n, [(int(n) + i % 7) / 20 for i in range(600)])
    resources = [billed(INSTANCE.format(n)) for n in numbers]
    whole, _ = fetched(server, resources)
    before = len(server.requests)
    paged, problems = fetched(server, resources, page_size=37)
    assert not problems
    assert len(server.requests) - before > before  # there were several pages
    assert whole.height == 5
    assert paged.equals(whole)


def test_a_failure_between_pages_leaves_nothing_of_the_series(server: CloudMonitoring) -> None:
    instance(server, "1", [0.5] * 600)
    server.refusals.extend([None, Refused("INTERNAL", "boom")])
    days, problems = fetched(server, [billed(INSTANCE.format(1))], page_size=50)
    assert days.is_empty()
    assert [problem.what for problem in problems] == ["cpu_utilization of 1 resource of project shop"]


def test_a_busy_service_is_asked_again(server: CloudMonitoring) -> None:
    instance(server, "1", [0.5] * 60)
    server.refusals.extend([Refused("UNAVAILABLE", "busy"), Refused("RESOURCE_EXHAUSTED", "quota")])
    days, problems = fetched(server, [billed(INSTANCE.format(1))])
    assert not problems
    assert [day["average"] for day in of(days, "cpu_utilization")] == [50.0]


def test_a_used_up_quota_ends_one_project_and_a_silent_service_all(server: CloudMonitoring) -> None:
    instance(server, "1", [0.5] * 60)
    instance(server, "2", [0.5] * 60, project="zoo")
    resources = [billed(INSTANCE.format(1)), billed(INSTANCE.format(2), "zoo")]
    server.refusals.append(Refused("RESOURCE_EXHAUSTED", "quota"))
    days, problems = fetched(server, resources, retry_seconds=0.0)
    assert [day["sub_account_id"] for day in of(days, "cpu_utilization")] == ["zoo"]
    assert [problem.why for problem in problems] == ["the quota for reading Cloud Monitoring is used up"]
    server.refusals.append(Refused("UNAVAILABLE", "busy"))
    days, problems = fetched(server, resources, retry_seconds=0.0)
    assert days.is_empty()
    assert [problem.what for problem in problems] == ["utilisation of projects shop, zoo"]


def test_long_lists_are_asked_in_parts_that_one_filter_can_name(server: CloudMonitoring) -> None:
    names = [f"service-with-a-name-of-{'x' * 30}-{n:03d}" for n in range(120)]
    for name in names:
        labels = {"location": "us-central1", "service_name": name}
        server.write(
            "shop", "run.googleapis.com/request_count", "cloud_run_revision", labels, minutes(MIDNIGHT, [3] * 5),
            kind="DELTA", value_type="INT64",
        )  # fmt: skip
    days, problems = fetched(server, [billed(RUN.format(name), service="Cloud Run") for name in names])
    assert not problems
    assert len(of(days, "requests")) == 120
    assert max(len(request.filter) for request in server.requests) <= 2048


def test_only_days_that_are_not_held_are_asked_for(server: CloudMonitoring) -> None:
    instance(server, "1", [0.5] * 2880)
    known = {("gcp", "shop", INSTANCE.format(1), metric): SECOND for metric in METRICS}
    known["gcp", "shop", INSTANCE.format(1), "cpu_utilization"] = FIRST
    days, _ = fetched(server, [billed(INSTANCE.format(1))], window(held=known))
    assert days.get_column("metric_date").to_list() == [SECOND]
    assert len(server.requests) == 2
    interval = server.requests[0].interval
    assert (interval.start_time, interval.end_time) == (MIDNIGHT + timedelta(days=1), MIDNIGHT + timedelta(days=2))
    everything = dict.fromkeys(known, SECOND)
    assert not monitoring.plan(
        [billed(INSTANCE.format(1))], window(held=everything), MonitoringOptions(), now=NOW
    ).tasks


@pytest.mark.parametrize(("days_back", "period"), [(42, 300), (43, 3600)])
def test_old_days_are_asked_for_by_the_hour(days_back: int, period: int) -> None:
    first = NOW.date() - timedelta(days=days_back)
    plan = monitoring.plan([billed(INSTANCE.format(1))], window(first), MonitoringOptions(), now=NOW)
    assert {task.period_seconds for task in plan.tasks} == {period}


def test_the_plan_tells_how_many_requests_there_will_be(server: CloudMonitoring) -> None:
    instance(server, "1", [0.5] * 10)
    endpoint(server, "replicas", "1", [1] * 10)
    resources = [billed(INSTANCE.format(1)), billed(ENDPOINT.format(1), service="Vertex AI")]
    settings = MonitoringOptions(endpoint=server.address)
    plan = monitoring.plan(resources, window(), settings, now=NOW)
    told: list[int] = []
    batches = list(monitoring.fetch(plan, settings, told.append))
    assert len(batches) == len(plan.tasks)
    assert sum(told) == plan.requests
    # Maxima of what has no means are not asked for.
    assert len(server.requests) < plan.requests
    assert 0 < plan.cost_usd < 0.001


# --- hostile text -----------------------------------------------------------------------------------------------------

HOSTILE = 'a" OR metric.type = "x'


@pytest.mark.parametrize(
    "resource",
    [
        billed(RUN.format(HOSTILE), service="Cloud Run"),
        billed(INSTANCE.format("7/../8")),
        billed(INSTANCE.format(7), project='shop" OR project = "lab'),
        billed("//compute.googleapis.com/projects/1/global/forwardingRules/12", name=HOSTILE),
        billed("//compute.googleapis.com/projects/1/zones/z/disks/12"),
        billed("all:6F81-5844-456A:us-central1"),
        billed("web-1"),
    ],
    ids=lambda one: one.resource_id[-30:],
)
def test_what_has_no_series_of_its_own_is_not_asked_for(resource: BilledResource) -> None:
    plan = monitoring.plan([resource], window(), MonitoringOptions(), now=NOW)
    assert not plan.tasks
    (problem,) = plan.problems
    assert not problem.incomplete
    assert problem.what.startswith("utilisation of 1 billed resource of ")
    assert list(monitoring.fetch(plan, MonitoringOptions())) == []  # no client, no credentials


def test_numbers_that_are_none_are_no_samples(server: CloudMonitoring) -> None:
    instance(server, "1", [0.5] * 5 + [float("nan")] * 5 + [float("inf")] * 5 + [-1.0] * 5)
    instance(server, "\x1b[2J", [0.9] * 5)
    days, problems = fetched(server, [billed(INSTANCE.format(1))])
    assert not problems
    assert [(d["sample_count"], d["maximum"]) for d in of(days, "cpu_utilization")] == [(1, 50.0)]


def test_names_that_two_machines_had_say_nothing(server: CloudMonitoring) -> None:
    name = "gke-ml-pool-1a2b-xyz"
    plan = monitoring.plan(
        [billed(INSTANCE.format(n), name=name) for n in (1, 2)], window(), MonitoringOptions(), now=NOW
    )
    assert {name for task in plan.tasks for one in task.targets for name in one.keys} == {"instance"}
    rules = [billed(f"//compute.googleapis.com/projects/1/global/forwardingRules/{n}", name="front") for n in (1, 2)]
    plan = monitoring.plan(rules, window(), MonitoringOptions(), now=NOW)
    assert not plan.tasks
    assert [problem.why for problem in plan.problems] == [
        "Cloud Monitoring knows them by name only, and several had the same name"
    ]


def test_resources_of_other_clouds_are_left_to_others() -> None:
    mine = billed(INSTANCE.format(1))
    other = BilledResource(**{name: getattr(mine, name) for name in BilledResource.__slots__} | {"provider": "aws"})
    plan = monitoring.plan([other], window(), MonitoringOptions(), now=NOW)
    assert not plan.tasks
    assert not plan.problems


# --- credentials ------------------------------------------------------------------------------------------------------


def test_without_credentials_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    plan = monitoring.plan([billed(INSTANCE.format(1))], window(), MonitoringOptions(), now=NOW)
    with pytest.raises(AdvisorError, match="no usable Google credentials") as caught:
        list(monitoring.fetch(plan, MonitoringOptions()))
    assert "gcloud auth application-default login" in caught.value.fix
    assert str(tmp_path) not in str(caught.value)


def test_refused_credentials_are_no_matter_of_one_project(server: CloudMonitoring) -> None:
    server.refusals.append(Refused("UNAUTHENTICATED", "Request had invalid authentication credentials."))
    with pytest.raises(AdvisorError, match="no usable Google credentials"):
        fetched(server, [billed(INSTANCE.format(1))])


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("127.0.0.1:99", "127.0.0.1:99"),
        ("localhost:99", "localhost:99"),
        ("http://monitor.test:80", "monitor.test:80"),
        ("monitoring.googleapis.com", ""),
        ("https://localhost:99", ""),
        ("", ""),
    ],
)
def test_only_tests_are_spoken_to_without_tls(endpoint: str, address: str) -> None:
    assert monitoring._insecure(endpoint) == address


# --- the catalogue ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(RULES))
def test_rules_are_of_canonical_metrics_and_fit_their_series(kind: str) -> None:
    for rule in RULES[kind]:
        metric = METRICS[rule.metric]
        for source in rule.sources:
            series = [*source.added, *([source.share_of] if source.share_of else [])]
            assert {one.kind == "delta" for one in series} == {metric.amount}, rule
            assert len({one.identity.name for one in series}) == 1
            assert len({one.per for one in series}) == 1
            assert source.scale == 1.0 or metric.is_percent
        assert rule.watched is None or metric.amount
