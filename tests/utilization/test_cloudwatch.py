"""CloudWatch over a real connection to moto's server; botocore's Stubber where moto knows no paging and no failures."""

from __future__ import annotations

import math
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from test_cloudwatch_metrics import arn, billed

from advisor.errors import AdvisorError, ConfigError
from advisor.utilization import accounts, cloudwatch
from advisor.utilization.accounts import AwsOptions
from advisor.utilization.cloudwatch import Batch, combined, fetch, plan
from advisor.utilization.cloudwatch_metrics import Reading, Series, Size
from advisor.utilization.metrics import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from advisor.model import Problem
    from advisor.utilization.metrics import BilledResource

OWN, OTHER = "123456789012", "222233334444"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = date(2026, 11, 22)
REGION = "eu-central-1"
FREE = AwsOptions(max_cost_usd=1.0)

pytestmark = pytest.mark.usefixtures("aws", "quick")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "ATTEMPTS", 2)
    monkeypatch.setattr(cloudwatch, "PAUSE_SECONDS", 0.0)


def window(days: int = 1, held: Mapping[str, date] | None = None, resource: BilledResource | None = None) -> Window:
    key = (resource.provider, resource.sub_account_id, resource.resource_id) if resource else ("", "", "")
    return Window(
        first_day=DAY - timedelta(days=days - 1),
        last_day=DAY,
        held={(*key, metric): day for metric, day in (held or {}).items()},
    )


def machine(**others: Any) -> BilledResource:
    """An instance that no other test has: moto does not mind namespaces."""
    values: dict[str, Any] = {"sub_account_id": OWN, "region_id": REGION, "instance_type": "m7i.large", **others}
    return billed(f"i-{uuid.uuid4().hex[:17]}", **values)


def put(
    address: str,
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    points: Sequence[tuple[datetime, float]],
    *,
    region: str = REGION,
    client: Any = None,
) -> None:
    client = client or boto3.client("cloudwatch", region_name=region, endpoint_url=address)
    data = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Timestamp": moment,
            "Value": value,
        }
        for moment, value in points
    ]
    for start in range(0, len(data), 500):
        client.put_metric_data(Namespace=namespace, MetricData=data[start : start + 500])


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def fetched(
    resources: Sequence[BilledResource],
    address: str,
    *,
    asked: Window | None = None,
    sizes: Mapping[str, Size] | None = None,
    **options: Any,
) -> tuple[dict[tuple[str, str], dict[str, Any]], list[Problem]]:
    """Rows by (resource, metric), of the last day; and problems."""
    chosen = AwsOptions(endpoint_url=address, **options)
    batches = list(fetch(plan(resources, asked or window(), chosen, sizes=sizes, now=NOW), chosen, lambda _: None))
    rows = [row for batch in batches for row in batch.days.to_dicts()]
    found = {(row["resource_id"], row["metric"]): row for row in rows if row["metric_date"] == DAY}
    return found, [problem for batch in batches for problem in batch.problems]


# --- the plan: no request, no surprise --------------------------------------------------------------------------------


def test_a_plan_says_what_it_costs_and_sends_nothing() -> None:
    options = AwsOptions(endpoint_url="http://127.0.0.1:1")
    made = plan([machine()], window(14), options, now=NOW)
    # Processor 2, network 2, operations 2, bytes 2, memory 2 reserved, and two listings.
    assert (made.metrics, made.calls) == (12, 3)
    assert made.cost_usd == pytest.approx(12 * 0.01 / 1000)
    assert not made.left_out
    assert not made.problems


def test_the_limit_leaves_the_cheapest_out() -> None:
    machines = [machine(monthly_cost=float(cost)) for cost in (5, 500, 50)]
    made = plan(machines, window(), AwsOptions(max_cost_usd=23 * 0.01 / 1000), now=NOW)
    assert [unit[0].resource.monthly_cost for unit in made.units] == [500, 50]
    assert [resource.monthly_cost for resource in made.left_out] == [5]
    assert made.cost_usd <= 23 * 0.01 / 1000
    (problem,) = made.problems
    assert problem.incomplete
    assert machines[0].resource_id in problem.why
    nothing = plan(machines, window(), AwsOptions(max_cost_usd=0.0), now=NOW)
    assert (nothing.metrics, nothing.calls, len(nothing.left_out)) == (0, 0, 3)
    assert list(fetch(nothing, AwsOptions(endpoint_url="http://127.0.0.1:1"), lambda _: None)) == []


def test_days_that_are_held_are_not_asked_for_again() -> None:
    resource = machine()
    held = dict.fromkeys(("network_bytes", "disk_operations", "disk_bytes", "memory_utilization"), DAY)
    made = plan([resource], window(14, {**held, "cpu_utilization": DAY - timedelta(days=3)}, resource), FREE, now=NOW)
    (ask,) = [ask for unit in made.units for ask in unit]
    assert (ask.reading.metric, ask.first_day) == ("cpu_utilization", DAY - timedelta(days=2))
    assert (made.metrics, made.searches) == (2, ())


@pytest.mark.parametrize(("now", "last"), [(NOW, DAY), (at(0, 59, DAY + timedelta(days=1)), DAY - timedelta(days=1))])
def test_days_that_are_not_over_are_not_asked_for(now: datetime, last: date) -> None:
    asked = Window(first_day=DAY - timedelta(days=5), last_day=now.date(), held={})
    assert plan([machine()], asked, FREE, now=now).last_day == last


@pytest.mark.parametrize(("days", "period"), [(1, 300), (62, 300), (63, 3600), (90, 3600), (600, 3600)])
def test_periods_are_kept_for_the_age_of_the_first_day(days: int, period: int) -> None:
    made = plan([machine()], window(days), FREE, now=NOW)
    asks = {ask.reading.metric: ask for unit in made.units for ask in unit}
    assert asks["cpu_utilization"].period_seconds == period
    assert (NOW.date() - asks["cpu_utilization"].first_day).days < 455
    balancer = billed(arn("elasticloadbalancing", "loadbalancer/app/a/b"), monthly_cost=1.0)
    counts = plan([balancer], window(days), FREE, now=NOW)
    assert {ask.period_seconds for unit in counts.units for ask in unit} == {3600}


@pytest.mark.parametrize("days", [1, 14, 30, 62, 200])
def test_calls_stay_within_the_limits(days: int) -> None:
    machines = [machine(instance_type="p4d.24xlarge") for _ in range(150)]
    made = plan(machines, window(days), AwsOptions(max_cost_usd=10.0), now=NOW)
    calls = cloudwatch._calls(made.units, made.last_day)
    for call in calls:
        assert len(call.queries) <= 500
        assert len(call.queries) * (call.end - call.start).total_seconds() / call.period_seconds <= 100_800
        assert (call.start.hour, call.start.minute) == (0, 0)
        assert call.end == datetime(2026, 11, 23, tzinfo=UTC)
    assert sum(len(call.asks) for call in calls) == 150 * 4
    assert len(calls) + 4 == made.calls


def test_resources_without_account_or_region_are_named() -> None:
    made = plan([machine(region_id=""), billed("snap-1")], window(), FREE, now=NOW)
    assert made.units == ()
    assert "no region" in made.problems[0].why


# --- what comes back --------------------------------------------------------------------------------------------------


def test_levels_have_average_and_maximum_and_amounts_are_added(moto_address: str) -> None:
    resource = machine()
    me = {"InstanceId": resource.resource_id}
    put(moto_address, "AWS/EC2", "CPUUtilization", me, [(at(1, 0), 10), (at(1, 1), 50), (at(1, 5), 20), (at(3), 40)])
    put(moto_address, "AWS/EC2", "CPUUtilization", me, [(at(23, 55, DAY - timedelta(days=1)), 99)])
    put(moto_address, "AWS/EC2", "CPUUtilization", me, [(at(0, 0, DAY + timedelta(days=1)), 98)])
    put(moto_address, "AWS/EC2", "NetworkIn", me, [(at(2), 1000), (at(2, 1), 500), (at(4), 7)])
    put(moto_address, "AWS/EC2", "NetworkOut", me, [(at(2, 4), 1500), (at(5), 9)])
    put(moto_address, "AWS/EC2", "EBSReadOps", me, [(at(2), 1)])  # and no writes: nobody knows
    found, problems = fetched([resource], moto_address)
    assert problems == []
    cpu = found[resource.resource_id, "cpu_utilization"]
    assert (cpu["average"], cpu["maximum"], cpu["sample_count"]) == (30.0, 50.0, 3)
    assert cpu["hourly_maximum"][1:4] == [50.0, None, 40.0]
    network = found[resource.resource_id, "network_bytes"]
    assert (network["total"], network["sample_count"]) == (3000.0, 1)
    assert network["average"] == pytest.approx(3000 / 300)
    assert set(found) == {(resource.resource_id, "cpu_utilization"), (resource.resource_id, "network_bytes")}
    assert (cpu["provider"], cpu["sub_account_id"]) == ("aws", OWN)


def test_counts_are_zero_where_the_companion_says_so_and_unknown_elsewhere(moto_address: str) -> None:
    name = f"app/{uuid.uuid4().hex[:8]}/0123456789abcdef"
    balancer = billed(arn("elasticloadbalancing", f"loadbalancer/{name}"), sub_account_id=OWN)
    put_here = {"region": "us-east-1"}
    put(
        moto_address,
        "AWS/ApplicationELB",
        "ConsumedLCUs",
        {"LoadBalancer": name},
        [(at(h), 0.1) for h in (1, 2, 3)],
        **put_here,
    )
    put(
        moto_address,
        "AWS/ApplicationELB",
        "RequestCount",
        {"LoadBalancer": name},
        [(at(2, 30), 120), (at(5), 5)],
        **put_here,
    )
    found, problems = fetched([balancer], moto_address)
    assert problems == []
    requests = found[balancer.resource_id, "requests"]
    assert (requests["total"], requests["sample_count"]) == (125.0, 4)
    assert [requests["hourly_maximum"][hour] for hour in range(6)] == [
        None,
        0.0,
        pytest.approx(120 / 3600),
        0.0,
        None,
        pytest.approx(5 / 3600),
    ]
    assert found[balancer.resource_id, "new_connections"]["total"] == 0.0
    # A function has no companion: what is not there is not known.
    function = billed(arn("lambda", f"function:f{uuid.uuid4().hex[:8]}"), sub_account_id=OWN)
    assert fetched([function], moto_address) == ({}, [])


def test_memory_and_gpus_of_the_agent_are_found_by_their_dimensions(moto_address: str) -> None:
    resource = machine(instance_type="g5.12xlarge")
    me = {"InstanceId": resource.resource_id}
    put(moto_address, "CWAgent", "mem_used_percent", {**me, "InstanceType": "g5.2xlarge"}, [(at(1), 80)])
    put(
        moto_address,
        "CWAgent",
        "mem_used_percent",
        {**me, "InstanceType": "g5.12xlarge"},
        [(at(2), 20), (at(2, 1), 40)],
    )
    for index, busy in (("0", 90.0), ("1", 10.0)):
        gpu = {**me, "index": index, "name": "NVIDIA A10G"}
        put(moto_address, "CWAgent", "nvidia_smi_utilization_gpu", gpu, [(at(2), busy)])
        put(moto_address, "CWAgent", "nvidia_smi_memory_used", gpu, [(at(2), busy * 200)])
        put(moto_address, "CWAgent", "nvidia_smi_memory_total", gpu, [(at(2), 24_000)])
    found, problems = fetched([resource], moto_address)
    assert problems == []
    memory = found[resource.resource_id, "memory_utilization"]
    assert (memory["average"], memory["maximum"], memory["sample_count"]) == (55.0, 80.0, 2)
    assert found[resource.resource_id, "gpu_utilization"]["average"] == 50.0
    assert found[resource.resource_id, "gpu_memory_utilization"]["maximum"] == pytest.approx(75.0)


def test_databases_and_endpoints_are_measured_by_their_size(moto_address: str) -> None:
    sizes = {
        "db.r7g.large": Size(vcpus=2, memory_gib=16, accelerators=0),
        "ml.g5.xlarge": Size(vcpus=4, memory_gib=16, accelerators=1),
    }
    name = f"e{uuid.uuid4().hex[:8]}"
    here = {"sub_account_id": OWN, "region_id": "us-east-1"}
    database = billed(arn("rds", f"db:{name}"), instance_type="db.r7g.large", **here)
    endpoint = billed(arn("sagemaker", f"endpoint/{name}"), instance_type="ml.g5.xlarge", **here)
    db, variant = {"DBInstanceIdentifier": name}, {"EndpointName": name, "VariantName": "all"}
    there = {"region": "us-east-1"}
    put(moto_address, "AWS/RDS", "FreeableMemory", db, [(at(1), 8 * 1024**3), (at(1, 1), 4 * 1024**3)], **there)
    put(moto_address, "AWS/RDS", "ReadIOPS", db, [(at(1), 10)], **there)
    put(moto_address, "AWS/RDS", "WriteIOPS", db, [(at(1), 30)], **there)
    put(moto_address, "/aws/sagemaker/Endpoints", "CPUUtilization", variant, [(at(1), 120), (at(2), 40)], **there)
    put(moto_address, "/aws/sagemaker/Endpoints", "GPUUtilization", variant, [(at(1), 7)], **there)
    put(moto_address, "AWS/SageMaker", "Invocations", variant, [(at(2), 1)] * 3, **there)
    found, problems = fetched([database, endpoint], moto_address, sizes=sizes)
    assert problems == []
    memory = found[database.resource_id, "memory_utilization"]
    assert (memory["average"], memory["maximum"]) == (62.5, 75.0)
    assert found[database.resource_id, "freeable_memory"]["average"] == 6 * 1024**3
    operations = found[database.resource_id, "disk_operations"]
    assert (operations["total"], operations["average"]) == (12_000.0, 40.0)
    assert found[endpoint.resource_id, "cpu_utilization"]["average"] == 20.0
    assert found[endpoint.resource_id, "gpu_utilization"]["maximum"] == 7.0
    assert found[endpoint.resource_id, "requests"]["hourly_maximum"][:3] == [None, 0.0, pytest.approx(3 / 3600)]
    # With the size of another type more than all of it would be in use: then nothing is said.
    small = {"ml.g5.xlarge": Size(vcpus=1, memory_gib=4, accelerators=0)}
    found, problems = fetched([endpoint], moto_address, sizes=small)
    assert (endpoint.resource_id, "cpu_utilization") not in found
    assert (endpoint.resource_id, "requests") in found
    assert "instance type" in problems[0].why
    # Without any size the plan says that it cannot be told.
    made = plan([endpoint], window(), FREE, now=NOW)
    assert [problem.incomplete for problem in made.problems] == [False]


def test_more_is_found_than_the_limit_allows(moto_address: str) -> None:
    resource = billed(arn("kafka", f"cluster/k{uuid.uuid4().hex[:8]}/x-1"), sub_account_id=OWN)
    name = resource.resource_id.split("/")[1]
    for broker in range(9):
        put(
            moto_address,
            "AWS/Kafka",
            "CpuUser",
            {"Cluster Name": name, "Broker ID": str(broker)},
            [(at(1), 5)],
            region="us-east-1",
        )
        put(
            moto_address,
            "AWS/Kafka",
            "CpuSystem",
            {"Cluster Name": name, "Broker ID": str(broker)},
            [(at(1), broker)],
            region="us-east-1",
        )
    found, problems = fetched([resource], moto_address)
    assert problems == []
    assert found[resource.resource_id, "cpu_utilization"]["maximum"] == 13.0
    found, problems = fetched([resource], moto_address, max_cost_usd=37 * 0.01 / 1000)
    assert set(found) == {(resource.resource_id, "cpu_utilization")}  # 36 queries; the traffic is 18 more
    assert "left out in part" in problems[0].why


# --- accounts and regions ---------------------------------------------------------------------------------------------


def test_each_account_is_asked_with_its_role(moto_address: str) -> None:
    here, there = machine(), machine(sub_account_id=OTHER)
    put(moto_address, "AWS/EC2", "CPUUtilization", {"InstanceId": here.resource_id}, [(at(1), 10)])
    role = boto3.client("sts", region_name=REGION, endpoint_url=moto_address).assume_role(
        RoleArn=f"arn:aws:iam::{OTHER}:role/reader", RoleSessionName="test"
    )["Credentials"]
    client = boto3.client(
        "cloudwatch",
        region_name=REGION,
        endpoint_url=moto_address,
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
    )
    put(moto_address, "AWS/EC2", "CPUUtilization", {"InstanceId": there.resource_id}, [(at(1), 20)], client=client)
    for role_name in ("reader", "arn:aws:iam::{account_id}:role/reader", f"arn:aws:iam::{OTHER}:role/reader"):
        found, problems = fetched([here, there], moto_address, role=role_name, external_id="secret-id")
        assert problems == []
        assert [found[r.resource_id, "cpu_utilization"]["average"] for r in (here, there)] == [10.0, 20.0]
        assert found[there.resource_id, "cpu_utilization"]["sub_account_id"] == OTHER
    found, problems = fetched([here, there], moto_address)
    assert set(found) == {(here.resource_id, "cpu_utilization")}
    (problem,) = problems
    assert OTHER in problem.what
    assert problem.incomplete
    found, problems = fetched([here, there], moto_address, role="arn:aws:iam::555566667777:role/reader")
    assert set(found) == {(here.resource_id, "cpu_utilization")}
    assert OTHER in problems[0].what


def test_many_accounts_without_a_role_are_one_problem(moto_address: str) -> None:
    machines = [machine(sub_account_id=f"{number:012}") for number in range(1, 9)]
    found, problems = fetched(machines, moto_address)
    assert found == {}
    assert len(problems) == 1
    assert "and 3 more" in problems[0].what


def test_no_credentials_and_contradictions_are_errors(moto_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="no role"):
        fetched([machine()], moto_address, external_id="secret-id")
    with pytest.raises(AdvisorError, match="nobody"):
        fetched([machine()], moto_address, profile="nobody")
    with pytest.raises(AdvisorError, match="endpoint"):
        fetched([machine()], "no url")
    with pytest.raises(AdvisorError, match="does not answer"):
        fetched([machine()], "http://127.0.0.1:1")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(AdvisorError, match="credentials"):
        fetched([machine()], moto_address)


# --- what moto does not do --------------------------------------------------------------------------------------------


def stubbed(monkeypatch: pytest.MonkeyPatch, answers: Mapping[str, Sequence[tuple[str, Any]]]) -> dict[str, Stubber]:
    """Clients by region that answer GetMetricData as told; accounts are as if they could be entered."""
    stubs = {}
    for region, given in answers.items():
        stub = Stubber(boto3.client("cloudwatch", region_name=region))
        for kind, answer in given:
            if kind == "error":
                stub.add_client_error("get_metric_data", service_error_code=answer, http_status_code=400)
            else:
                stub.add_response(kind, answer)
        stub.activate()
        stubs[region] = stub
    monkeypatch.setattr(cloudwatch, "sessions", lambda ids, _: (dict.fromkeys(ids, None), []))
    monkeypatch.setattr(cloudwatch, "_client", lambda _, region, __: stubs[region].client)
    return stubs


def result(number: int, values: Sequence[float], status: str = "Complete", first: int = 0) -> dict[str, Any]:
    moments = [at(0) + timedelta(seconds=300 * (first + step)) for step in range(len(values))]
    return {"Id": f"q{number}", "Label": "x", "Timestamps": moments, "Values": list(values), "StatusCode": status}


def only_cpu(resource: BilledResource) -> Window:
    others = ("network_bytes", "disk_operations", "disk_bytes", "memory_utilization")
    return window(1, dict.fromkeys(others, DAY), resource)


def run(resources: Sequence[BilledResource], asked: Window, cost: float = 1.0) -> list[Batch]:
    options = AwsOptions(max_workers=1, max_cost_usd=cost)
    return list(fetch(plan(resources, asked, options, now=NOW), options, lambda _: None))


def test_pages_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = machine()
    first = {
        "MetricDataResults": [result(0, [1.0, 2.0], "PartialData"), result(1, [3.0, 4.0], "PartialData")],
        "NextToken": "more",
    }
    second = {"MetricDataResults": [result(0, [6.0], first=2), result(1, [9.0], first=2)]}
    stubs = stubbed(monkeypatch, {REGION: [("get_metric_data", first), ("get_metric_data", second)]})
    (batch,) = run([resource], only_cpu(resource))
    (row,) = batch.days.to_dicts()
    assert (row["average"], row["maximum"], row["sample_count"]) == (3.0, 9.0, 3)
    # Percentiles are ours: CloudWatch's cost extra, and are not kept for statistic sets.
    assert row["p99"] == pytest.approx(5.92)
    stubs[REGION].assert_no_pending_responses()


def test_points_of_other_days_and_no_numbers_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = machine()
    answer = {"MetricDataResults": [result(0, [9.0, 1.0, math.nan], first=-1), result(1, [9.0, 2.0], first=287)]}
    stubbed(monkeypatch, {REGION: [("get_metric_data", answer)]})
    (batch,) = run([resource], only_cpu(resource))
    (row,) = batch.days.to_dicts()
    assert (row["metric_date"], row["average"], row["sample_count"]) == (DAY, 1.0, 1)


@pytest.mark.parametrize("status", ["PartialData", "InternalError"])
def test_what_is_answered_in_part_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    resource = machine()
    first = {"MetricDataResults": [result(0, [1.0, 2.0]), result(1, [3.0], status)]}
    second = {"MetricDataResults": [result(0, [3.0, 4.0])]}  # the only query, so the first
    stubs = stubbed(monkeypatch, {REGION: [("get_metric_data", first), ("get_metric_data", second)]})
    (batch,) = run([resource], only_cpu(resource))
    (row,) = batch.days.to_dicts()
    assert (row["average"], row["maximum"], row["sample_count"]) == (1.5, 4.0, 2)
    stubs[REGION].assert_no_pending_responses()


def test_what_stays_in_part_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = machine()
    halves = {"MetricDataResults": [result(0, [1.0, 2.0]), result(1, [3.0], "PartialData")]}
    half = {"MetricDataResults": [result(0, [3.0], "PartialData")]}
    answers = [("get_metric_data", halves), ("get_metric_data", half), ("get_metric_data", half)]
    stubs = stubbed(monkeypatch, {REGION: answers})
    (batch,) = run([resource], only_cpu(resource))
    assert batch.days.is_empty()
    assert resource.resource_id in batch.problems[0].what
    assert "in full" in batch.problems[0].why
    assert batch.problems[0].incomplete
    stubs[REGION].assert_no_pending_responses()
    # Nothing is asked for again that the limit does not allow.
    stubs = stubbed(monkeypatch, {REGION: answers[:1]})
    (batch,) = run([resource], only_cpu(resource), cost=2 * 0.01 / 1000)
    assert batch.days.is_empty()
    assert "in full" in batch.problems[0].why
    stubs[REGION].assert_no_pending_responses()


def test_a_query_without_an_answer_is_not_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = machine()
    silent = {"MetricDataResults": []}
    stubbed(monkeypatch, {REGION: [("get_metric_data", silent)] * 3})
    (batch,) = run([resource], only_cpu(resource))
    assert "in full" in batch.problems[0].why


def test_one_region_failing_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    regions = ("eu-central-1", "eu-west-1", "me-south-1", "us-east-1")
    machines = [machine(region_id=region, monthly_cost=float(9 - n)) for n, region in enumerate(regions)]
    held = dict.fromkeys(("network_bytes", "disk_operations", "disk_bytes", "memory_utilization"), DAY)
    asked = Window(
        first_day=DAY,
        last_day=DAY,
        held={("aws", OWN, m.resource_id, metric): day for m in machines for metric, day in held.items()},
    )
    answer = {"MetricDataResults": [result(0, [1.0]), result(1, [2.0])]}
    answers = (("error", "AccessDenied"), ("error", "ThrottlingException"), ("error", "UnrecognizedClientException"))
    stubbed(
        monkeypatch,
        {
            **{region: [given] for region, given in zip(regions, answers, strict=False)},
            "us-east-1": [("get_metric_data", answer)],
        },
    )
    batches = run(machines, asked)
    (row,) = batches[0].days.to_dicts()
    assert row["resource_id"] == machines[3].resource_id
    reasons = {problem.what.split()[-1]: problem.why for problem in batches[-1].problems}
    assert "denied: cloudwatch:GetMetricData" in reasons["eu-central-1"]
    assert "throttled" in reasons["eu-west-1"]
    assert "not be enabled" in reasons["me-south-1"]


def test_listing_that_is_refused_leaves_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = machine()
    stubs = stubbed(monkeypatch, {REGION: []})
    for _ in range(2):
        stubs[REGION].add_client_error("list_metrics", service_error_code="AccessDenied", http_status_code=403)
    answer = {"MetricDataResults": [result(number, [1.0]) for number in range(8)]}
    stubs[REGION].add_response("get_metric_data", answer)
    batches = run([resource], window())
    assert set(batches[0].days["metric"]) == {"cpu_utilization", "network_bytes", "disk_operations", "disk_bytes"}
    (problem,) = batches[-1].problems
    assert "cloudwatch:ListMetrics" in problem.fix


def test_listings_have_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    machines = [machine(), machine()]
    stubs = stubbed(monkeypatch, {REGION: []})

    def listed(resource: BilledResource) -> dict[str, Any]:
        dimensions = [{"Name": "InstanceId", "Value": resource.resource_id}, {"Name": "host", "Value": "h"}]
        return {"Namespace": "CWAgent", "MetricName": "mem_used_percent", "Dimensions": dimensions}

    stubs[REGION].add_response("list_metrics", {"Metrics": [listed(machines[0]), listed(machine())], "NextToken": "b"})
    stubs[REGION].add_response("list_metrics", {"Metrics": [listed(machines[1])]})
    stubs[REGION].add_response("list_metrics", {"Metrics": []})
    answer = {"MetricDataResults": [result(number, [1.0]) for number in range(4)]}
    stubs[REGION].add_response("get_metric_data", answer)
    held = dict.fromkeys(("network_bytes", "disk_operations", "disk_bytes", "cpu_utilization"), DAY)
    asked = Window(
        first_day=DAY,
        last_day=DAY,
        held={("aws", OWN, m.resource_id, metric): day for m in machines for metric, day in held.items()},
    )
    (batch,) = run(machines, asked)
    assert sorted(batch.days["resource_id"]) == sorted(m.resource_id for m in machines)
    stubs[REGION].assert_no_pending_responses()


def test_progress_is_told_of_every_call(moto_address: str) -> None:
    options = AwsOptions(endpoint_url=moto_address)
    resource = machine()
    made = plan([resource], window(), options, now=NOW)
    told: list[int] = []
    assert all(batch.days.is_empty() for batch in fetch(made, options, told.append))
    assert sum(told) == made.calls == 3


# --- arithmetic -------------------------------------------------------------------------------------------------------


def test_members_become_one_in_four_ways() -> None:
    a, b = (Series(namespace="n", name=name, dimensions=()) for name in "ab")
    points = {(a, "Average"): {0: 1.0, 300: 2.0}, (b, "Average"): {0: 3.0, 600: 9.0}} | {
        (a, "Maximum"): {0: 5.0, 300: 6.0},
        (b, "Maximum"): {0: 4.0, 600: 9.0},
    }

    def of(across: str, **others: Any) -> dict[int, tuple[float, float | None]]:
        return combined(Reading(metric="m", members=((a,), (b,)), across=across, **others), points, 300)

    assert of("sum") == {0: (4.0, 9.0), 300: (2.0, 6.0), 600: (9.0, 9.0)}
    assert of("mean") == {0: (2.0, 4.5), 300: (2.0, 6.0), 600: (9.0, 9.0)}
    assert of("fullest") == {0: (3.0, 5.0), 300: (2.0, 6.0), 600: (9.0, 9.0)}
    assert of("first", scale=100.0) == {0: (100.0, 500.0), 300: (200.0, 600.0), 600: (900.0, 900.0)}
    together = Reading(metric="m", members=((a, b),))
    assert combined(together, points, 300) == {0: (4.0, 9.0)}
    rate = Reading(metric="m", members=((a, b),), form="rate")
    assert combined(rate, points, 300) == {0: (1200.0, None)}
    share = Reading(metric="m", members=((a, b),), form="share")
    assert combined(share, points, 300) == {0: (pytest.approx(100 / 3), pytest.approx(500 / 3))}


def test_limits_are_infinite_unless_said() -> None:
    assert Reading(metric="m", members=()).limit == math.inf
