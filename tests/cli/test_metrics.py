"""`advisor metrics` as people run it, against moto's CloudWatch, EC2 and STS and a Cloud Monitoring of the tests."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.loaders
import botocore.session
import pytest
from commands import environment
from measured_bill import (
    DAY,
    LARGE_USD,
    OTHER,
    OTHER_REGION,
    OWN,
    REGION,
    TODAY,
    VOLUME_USD,
    YESTERDAY,
    compute_optimizer,
    deliver,
    hours,
    lines,
    midnight,
    rows,
)

from advisor import store
from advisor.errors import Exit
from advisor.store import Resources
from advisor.utilization.metrics import METRICS

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))
sys.path.insert(0, str(Path(__file__).parents[1] / "ingest"))

import small_gcp
from aged_aws import AGE_DAYS, SOMEONE, AgedAws, aged_aws
from cloud_monitoring import CloudMonitoring, cloud_monitoring, minutes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Advisor, Done, Process

ROLE = "AdvisorReadOnly"
KEY, SECRET, EXTERNAL_ID = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI-not-a-real-secret", "external-id-that-is-secret"
LEAK = {SECRET, EXTERNAL_ID, SOMEONE, "Traceback"}
QUICK = ("--days", "2")
"""moto takes half a second for a month of one metric."""


@dataclass(frozen=True)
class Planted:
    """What there is at AWS, by its id in the bill."""

    idle: str
    large: str
    volume: str


@pytest.fixture(scope="module")
def cloud() -> Iterator[AgedAws]:
    with aged_aws() as running:
        yield running


@pytest.fixture(autouse=True)
def aws(cloud: AgedAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials of account OWN from the environment, and all endpoints here."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.address)
    # Every session parses boto3's service models anew, which takes longer than everything else here together.
    loader = botocore.loaders.create_loader()
    monkeypatch.setattr(botocore.session, "create_loader", lambda *_: loader)
    cloud.open_up()


def client(cloud: AgedAws, service: str, region: str, **keys: str) -> Any:
    keys = keys or {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
    return boto3.client(service, region_name=region, endpoint_url=cloud.behind, **keys)


def cpu_of_idle(at: datetime) -> tuple[float, float]:
    """(average, maximum) of an hour, in percent; in binary fractions, so that sums are exact."""
    return 0.5 + at.hour / 64 + (TODAY - at.date()).days / 128, 1.0 + at.hour / 32


def publish(cloudwatch: Any, instance: str, name: str, values: dict[datetime, tuple[float, float]], unit: str) -> None:
    data = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": "InstanceId", "Value": instance}],
            "Timestamp": at,
            "StatisticValues": {"SampleCount": 4, "Sum": 4 * mean, "Minimum": 0.0, "Maximum": top},
            "Unit": unit,
        }
        for at, (mean, top) in values.items()
    ]
    cloudwatch.put_metric_data(Namespace="AWS/EC2", MetricData=data)


@pytest.fixture(scope="module")
def planted(cloud: AgedAws) -> Planted:
    """An idle machine and a detached volume in account OWN, a machine far too large in account OTHER; all of them old."""
    ec2 = client(cloud, "ec2", REGION)
    kind = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1}
    idle = ec2.run_instances(**kind, InstanceType="m7i.xlarge")["Instances"][0]["InstanceId"]
    volume = ec2.create_volume(Size=500, AvailabilityZone=f"{REGION}a", VolumeType="gp3")["VolumeId"]
    role_arn = f"arn:aws:iam::{OTHER}:role/{ROLE}"
    given = client(cloud, "sts", REGION).assume_role(RoleArn=role_arn, RoleSessionName="planting")["Credentials"]
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    made = client(cloud, "ec2", OTHER_REGION, **keys).run_instances(**kind, InstanceType="m7i.4xlarge")
    large = made["Instances"][0]["InstanceId"]
    here, there = client(cloud, "cloudwatch", REGION), client(cloud, "cloudwatch", OTHER_REGION, **keys)
    publish(here, idle, "CPUUtilization", {at: cpu_of_idle(at) for at in hours()}, "Percent")
    publish(there, large, "CPUUtilization", {at: (6.0 + at.hour / 8, 12.0) for at in hours()}, "Percent")
    for name in ("NetworkIn", "NetworkOut"):
        publish(here, idle, name, dict.fromkeys(hours(), (1024.0, 1024.0)), "Bytes")
        publish(there, large, name, dict.fromkeys(hours(), (5e8, 5e8)), "Bytes")
    return Planted(idle=idle, large=large, volume=volume)


@pytest.fixture(scope="module")
def measured_bill(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("measured") / "export"
    return deliver(root, lines(planted.idle, planted.large, planted.volume))


@pytest.fixture
def database(advisor: Advisor, measured_bill: Path, workdir: Path) -> Path:
    """A database with the bill in it and nothing else."""
    assert advisor("ingest", measured_bill).code == Exit.OK
    return workdir / "advisor.duckdb"


def told(done: Done) -> dict[str, dict[str, Any]]:
    """What the command printed with --format json, by cloud."""
    return {row["cloud"]: row for row in json.loads(done.out)}


def discreet(*texts: str) -> None:
    for text in texts:
        assert not [word for word in LEAK if word in text]


def queries(cloud: AgedAws) -> list[tuple[str, str, str]]:
    """(metric, statistic, first dimension) of everything that CloudWatch was asked for."""
    stats = [
        query["MetricStat"]
        for operation, body in zip(cloud.asked, cloud.bodies, strict=True)
        if operation == "GetMetricData"
        for query in json.loads(body)["MetricDataQueries"]
    ]
    return [(s["Metric"]["MetricName"], s["Stat"], s["Metric"]["Dimensions"][0]["Value"]) for s in stats]


def measured(database: Path) -> dict[str, int]:
    """Rows by resource."""
    return dict(rows(database, "select resource_id, count(*) from utilization_days group by 1"))  # type: ignore[arg-type]


def since(database: Path) -> dict[str, tuple[str, Any]]:
    return {
        r: (state, day) for r, state, day in rows(database, "select resource_id, state, since from resource_states")
    }


# --- the whole way ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_was_planted_is_found_and_nothing_is_fetched_twice(
    advisor: Advisor, database: Path, planted: Planted, cloud: AgedAws
) -> None:
    first = advisor("metrics", "--aws-role", ROLE, "--format", "json")
    assert (first.code, told(first)["aws"]["measured"], told(first)["aws"]["states"]) == (Exit.OK, 2, 3), first.err
    discreet(first.out, first.err)
    assert rows(
        database,
        "select sub_account_id, resource_id, metric, count(*), min(metric_date), max(metric_date), any_value(source)"
        " from utilization_days group by all order by all",
    ) == [
        (account, machine, metric, 30, TODAY - 30 * DAY, YESTERDAY, "cloudwatch")
        for account, machine in ((OWN, planted.idle), (OTHER, planted.large))
        for metric in ("cpu_utilization", "network_bytes")
    ]
    for day, average, p95, p99, top, total, count, by_hour in rows(
        database,
        "select metric_date, average, p95, p99, maximum, total, sample_count, hourly_maximum from utilization_days"
        f" where resource_id = '{planted.idle}' and metric = 'cpu_utilization'",
    ):
        expected = [cpu_of_idle(midnight(day) + timedelta(hours=h)) for h in range(24)]
        values = [mean for mean, _ in expected]
        hundredths = statistics.quantiles(values, n=100, method="inclusive")
        assert (average, top, total, count) == (sum(values) / 24, 1.0 + 23 / 32, None, 24)
        assert (p95, p99) == pytest.approx((hundredths[94], hundredths[98]), rel=1e-12)
        assert by_hour == [most for _, most in expected]
    (network,) = rows(
        database,
        f"select distinct average, maximum, total, sample_count from utilization_days"
        f" where resource_id = '{planted.idle}' and metric = 'network_bytes'",
    )
    assert network[2:] == (24 * 4 * 2 * 1024.0, 24)  # in and out, each the sum of four samples an hour
    known = since(database)
    assert known == {
        planted.idle: ("running", TODAY - AGE_DAYS * DAY),
        planted.large: ("running", TODAY - AGE_DAYS * DAY),
        # Nobody knows since when; in the window CloudWatch had nothing of it, and an attached volume has.
        planted.volume: ("unattached", TODAY - 30 * DAY),
    }
    scanned = advisor("scan", "--format", "json")
    findings = {f["resource_id"]: f for f in json.loads(scanned.out)["findings"]}
    assert {name: f["check_id"] for name, f in findings.items()} == {
        planted.idle: "aws-ec2-idle",
        planted.large: "aws-ec2-oversized",
        planted.volume: "aws-ebs-volume-unattached",
    }
    assert findings[planted.volume]["monthly_savings"] == pytest.approx(30.4375 * VOLUME_USD, abs=0.02)
    assert 0 < findings[planted.large]["monthly_savings"] < 30.4375 * LARGE_USD

    before = rows(database, "select * from utilization_days order by all")
    cloud.open_up()
    again = advisor("metrics", "--aws-role", ROLE, "--format", "json")
    assert (again.code, told(again)["aws"]["new_days"], told(again)["aws"]["states"]) == (Exit.OK, 0, 3), again.err
    assert queries(cloud)  # what had no samples may have some now
    assert not {name for name, _, _ in queries(cloud)} & {"CPUUtilization", "NetworkIn", "NetworkOut"}
    assert rows(database, "select * from utilization_days order by all") == before
    assert since(database) == known


def test_another_day_is_all_that_is_fetched_later(advisor: Advisor, database: Path, planted: Planted) -> None:
    assert advisor("metrics", "--aws-role", ROLE, *QUICK).code == Exit.OK
    with store.writing(database, Resources()) as con:
        con.execute("delete from utilization_days where metric_date = $day", {"day": YESTERDAY})
    done = advisor("metrics", "--aws-role", ROLE, *QUICK, "--format", "json")
    assert told(done)["aws"]["new_days"] == 4
    assert measured(database) == {planted.idle: 4, planted.large: 4}


def test_a_resource_that_stays_detached_keeps_its_first_day(advisor: Advisor, database: Path, planted: Planted) -> None:
    assert advisor("metrics", "--aws-role", ROLE, *QUICK).code == Exit.OK
    assert since(database)[planted.volume] == ("unattached", TODAY - 2 * DAY)
    with store.writing(database, Resources()) as con:
        con.execute("update resource_states set since = since - 50, seen_at = seen_at - interval 1 day")
    known = since(database)
    assert advisor("metrics", "--aws-role", ROLE, *QUICK).code == Exit.OK
    assert since(database)[planted.volume] == known[planted.volume]
    assert since(database)[planted.idle] == ("running", TODAY - AGE_DAYS * DAY)  # what the cloud knows is kept anew


# --- money ------------------------------------------------------------------------------------------------------------


def test_a_dry_run_asks_nothing_and_says_what_it_costs(advisor: Advisor, database: Path, cloud: AgedAws) -> None:
    before = database.read_bytes()
    shown = advisor("metrics", "--dry-run")
    assert (shown.code, shown.err) == (Exit.OK, "")
    assert shown.out.split() == ["cloud", "resources", "calls", "usd_at_most", "─" * 39, "aws", "3", "7", "0.0003"]
    done = advisor("metrics", "--dry-run", "--format", "json")
    assert json.loads(done.out) == [
        {"cloud": "aws", "resources": 3, "calls": 7, "usd_at_most": pytest.approx(3e-4, rel=0.2)}
    ]
    assert (cloud.asked, database.read_bytes()) == ([], before)


def test_costs_are_capped_before_anything_is_asked(
    advisor: Advisor, database: Path, planted: Planted, cloud: AgedAws
) -> None:
    everything = told(advisor("metrics", "--dry-run", *QUICK, "--format", "json"))["aws"]["usd_at_most"]
    limit = 0.6 * everything
    done = advisor("metrics", "--aws-role", ROLE, *QUICK, "--max-cost", f"{limit:.7f}", "--format", "json")
    assert done.code == Exit.INCOMPLETE
    assert "left out" in done.err
    assert f"{planted.idle}" in done.err  # the dearest of those left out
    assert 0 < told(done)["aws"]["usd_at_most"] <= limit
    asked = len(queries(cloud)) + cloud.asked.count("ListMetrics")
    assert 0 < 1e-5 * asked <= limit
    assert planted.idle not in {value for _, _, value in queries(cloud)}
    assert measured(database) == {planted.large: 4}


def test_what_was_not_asked_about_is_not_said_to_be_detached_for_long(
    advisor: Advisor, database: Path, planted: Planted, cloud: AgedAws
) -> None:
    done = advisor("metrics", *QUICK, "--max-cost", "0", "--format", "json")
    assert done.code == Exit.INCOMPLETE
    assert "0 USD that are allowed" in done.err
    assert "GetMetricData" not in cloud.asked
    assert since(database)[planted.volume] == ("unattached", TODAY)
    assert measured(database) == {}


def test_cheap_resources_are_not_asked_about(
    advisor: Advisor, database: Path, planted: Planted, cloud: AgedAws
) -> None:
    done = advisor("metrics", "--aws-role", ROLE, *QUICK, "--min-cost", "500", "--format", "json")
    assert (done.code, told(done)["aws"]["resources"]) == (Exit.OK, 1), done.err
    assert {value for _, _, value in queries(cloud)} == {planted.large}
    assert list(since(database)) == [planted.large]
    none = advisor("metrics", "--min-cost", "5000")
    assert (none.code, none.out) == (Exit.BAD_INPUT, "")
    assert "--min-cost" in none.err


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["no role", "role denied"])
def test_one_account_that_cannot_be_entered(
    advisor: Advisor, database: Path, planted: Planted, cloud: AgedAws, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("ROLE_SECRET", EXTERNAL_ID)
    cloud.denied = {f"AssumeRole:{OTHER}"}
    role = () if how == "no role" else ("--aws-role", ROLE, "--external-id-env", "ROLE_SECRET")
    done = advisor("metrics", *role, *QUICK)
    assert done.code == Exit.INCOMPLETE
    assert done.err.count(f"AWS account {OTHER}") == 1  # for metrics and for states, but once
    assert ("sts:AssumeRole" if role else "Name a role") in done.err
    assert measured(database) == {planted.idle: 4}
    assert set(since(database)) == {planted.idle, planted.volume}
    discreet(done.out, done.err)


def test_metrics_that_are_denied_leave_the_inventory(
    advisor: Advisor, database: Path, planted: Planted, cloud: AgedAws
) -> None:
    cloud.denied = {f"GetMetricData:{REGION}"}
    done = advisor("metrics", "--aws-role", ROLE, *QUICK)
    assert done.code == Exit.INCOMPLETE
    assert "Allow cloudwatch:GetMetricData" in done.err
    assert measured(database) == {planted.large: 4}
    # Without metrics nobody knows how long it has been so.
    assert since(database)[planted.volume] == ("unattached", TODAY)
    discreet(done.out, done.err)


def test_an_inventory_that_is_denied_leaves_the_metrics(
    advisor: Advisor, database: Path, planted: Planted, cloud: AgedAws
) -> None:
    cloud.denied = {"DescribeVolumes"}
    done = advisor("metrics", "--aws-role", ROLE, *QUICK)
    assert done.code == Exit.INCOMPLETE
    assert "Allow ec2:DescribeVolumes" in done.err
    assert measured(database) == {planted.idle: 4, planted.large: 4}
    assert set(since(database)) == {planted.idle, planted.large}


@pytest.mark.parametrize("how", ["none", "refused", "no such profile", "no external id"])
def test_without_credentials_nothing_is_done(
    advisor: Advisor, database: Path, cloud: AgedAws, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    before = database.read_bytes()
    more: tuple[str, ...] = ()
    if how == "none":
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    elif how == "refused":
        cloud.denied = {"GetCallerIdentity"}
    else:
        more = ("--aws-profile", "nobody") if how == "no such profile" else ("--external-id-env", "NOT_THERE")
    done = advisor("metrics", *more)
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert done.err.rstrip().count("\n  ") == 1  # one error, with its way out
    assert set(cloud.asked) <= {"GetCallerIdentity"}
    assert database.read_bytes() == before
    discreet(done.err)


def test_a_bill_without_resource_ids_cannot_be_measured(advisor: Advisor, tmp_path: Path, planted: Planted) -> None:
    nameless = [line | {"line_item_resource_id": None} for line in lines(planted.idle, planted.large, planted.volume)]
    assert advisor("ingest", deliver(tmp_path / "nameless", nameless)).code == Exit.OK
    done = advisor("metrics")
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "without resource ids" in done.err


def test_without_a_bill_there_is_nothing_to_ask(advisor: Advisor, cloud: AgedAws) -> None:
    done = advisor("metrics")
    assert (done.code, done.out, cloud.asked) == (Exit.BAD_INPUT, "", [])
    assert "advisor ingest" in done.err


# --- settings ---------------------------------------------------------------------------------------------------------


def test_names_are_listed(advisor: Advisor, cloud: AgedAws) -> None:
    done = advisor("metrics", "--list", "--format", "json")
    listed = {row["metric"]: row for row in json.loads(done.out)}
    assert list(listed) == list(METRICS)
    assert (listed["cpu_utilization"]["unit"], listed["network_bytes"]["sample"]) == ("percent", "amount")
    shown = advisor("metrics", "--list")
    assert [line.split()[0] for line in shown.out.splitlines()[2:] if not line.startswith(" ")] == list(METRICS)
    assert cloud.asked == []


def test_settings_of_the_file_hold_and_do_not_stop_the_clouds_from_being_asked(
    advisor: Advisor, database: Path, planted: Planted, workdir: Path, cloud: AgedAws
) -> None:
    advice = workdir / "advice" / "hub.csv"
    advice.parent.mkdir()
    advice.write_text(compute_optimizer(planted.large), "utf-8")
    (workdir / "advisor.toml").write_text(
        f'recommendations = ["advice"]\naws_role = "{ROLE}"\ndays = 2\nmin_cost = 500\n', "utf-8"
    )
    done = advisor("metrics")
    assert done.code == Exit.OK, done.err
    assert "1 new recommendations" in done.err
    assert measured(database) == {planted.large: 4}
    assert rows(database, "select resource_id, target_shape from recommendations")[0][1] == "m7i.xlarge"
    cloud.open_up()
    named = advisor("metrics", "--recommendations", advice)
    assert (named.code, cloud.asked) == (Exit.OK, [])


def test_a_dry_run_of_files_is_a_mistake(advisor: Advisor, workdir: Path) -> None:
    (workdir / "cpu.csv").write_text("resource_id,metric,timestamp,value\n", "utf-8")
    done = advisor("metrics", "cpu.csv", "--dry-run")
    assert (done.code, done.out) == (Exit.USAGE, "")
    assert not (workdir / "advisor.duckdb").exists()


# --- other processes --------------------------------------------------------------------------------------------------

AT_ONCE = "import advisor.app; advisor.app.FETCHED_AT_ONCE_SECONDS = 0\nfrom advisor.cli import main\nmain()"
"""The command line, which writes what was fetched after every call."""


@pytest.mark.slow
@pytest.mark.parametrize("kept", [False, True], ids=["before anything was written", "between two accounts"])
def test_a_run_that_is_killed_loses_nothing(
    advisor: Advisor, database: Path, planted: Planted, cloud: AgedAws, workdir: Path, kept: bool
) -> None:
    before = database.read_bytes()
    cloud.held = {f"GetMetricData:{REGION}"} if kept else {"GetMetricData"}
    child = subprocess.Popen(
        [sys.executable, "-c", AT_ONCE, "metrics", "--aws-role", ROLE, *QUICK],
        cwd=workdir,
        env=environment(workdir.parent),
        stderr=subprocess.DEVNULL,
    )
    try:
        assert cloud.arrived.wait(60)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    cloud.open_up()
    assert (measured(database) == {planted.large: 4}) is kept
    assert (database.read_bytes() == before) is not kept
    done = advisor("metrics", "--aws-role", ROLE, *QUICK, "--wait", "0")
    assert done.code == Exit.OK, done.err
    assert measured(database) == {planted.idle: 4, planted.large: 4}
    asked = {value for name, _, value in queries(cloud) if name == "CPUUtilization"}
    assert asked == ({planted.idle} if kept else {planted.idle, planted.large})
    assert sorted(path.name for path in workdir.iterdir()) == ["advisor.duckdb", "advisor.duckdb.lock"]


@pytest.mark.slow
def test_two_at_once_come_to_the_same(database: Path, planted: Planted, workdir: Path) -> None:
    two = [
        subprocess.Popen(
            [sys.executable, "-m", "advisor", "metrics", "--aws-role", ROLE, *QUICK],
            cwd=workdir,
            env=environment(workdir.parent),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ends = [child.communicate(timeout=100) for child in two]
    assert [child.returncode for child in two] == [Exit.OK, Exit.OK], ends
    assert measured(database) == {planted.idle: 4, planted.large: 4}


def test_who_holds_the_database_is_said(process: Process, database: Path, workdir: Path) -> None:
    (workdir / "cpu.csv").write_text(
        f"resource_id,metric,timestamp,value\ni-1,cpu_utilization,{YESTERDAY},3\n", "utf-8"
    )
    with store.writing(database, Resources()):
        done = process("metrics", "cpu.csv", "--wait", "0")
    assert (done.returncode, done.stdout) == (Exit.BAD_INPUT, "")
    assert str(os.getpid()) in done.stderr


# --- Google -----------------------------------------------------------------------------------------------------------

INSTANCE = "//compute.googleapis.com/projects/1234/zones/europe-west3-a/instances/5678901234567890123"


@pytest.fixture
def google() -> Iterator[CloudMonitoring]:
    with cloud_monitoring() as running:
        labels = {"instance_id": "5678901234567890123", "zone": "europe-west3-a"}
        values = [(10 + minute // 60) / 128 for minute in range(1440)]
        running.write(
            "shop-prod",
            "compute.googleapis.com/instance/cpu/utilization",
            "gce_instance",
            labels,
            minutes(midnight(YESTERDAY), values),
        )
        yield running


@pytest.fixture
def both(advisor: Advisor, measured_bill: Path, tmp_path: Path, workdir: Path) -> Path:
    """A database with bills of both clouds."""
    export = tmp_path / "google"
    export.mkdir()
    name = {"name": "projects/1234/zones/europe-west3-a/instances/5678901234567890123", "global_name": INSTANCE}
    small_gcp.write_parquet(
        export / "gcp_billing_export_resource_v1_01AB23_CD45EF_67GH89-000000000000.parquet",
        [
            small_gcp.line(
                f"{(TODAY - n * DAY).isoformat()}T00:00:00",
                "N2 Instance Core running in Frankfurt",
                5.0,
                hours=24,
                resource=name,
            )
            for n in range(20, 0, -1)
        ],
    )
    done = advisor("ingest", measured_bill, export)
    assert done.code == Exit.OK, done.err
    return workdir / "advisor.duckdb"


def test_google_is_asked_beside_aws(
    advisor: Advisor, both: Path, planted: Planted, google: CloudMonitoring, cloud: AgedAws
) -> None:
    dry = advisor("metrics", "--dry-run", "--google-endpoint", google.address, "--format", "json")
    assert set(told(dry)) == {"aws", "gcp"}
    assert (google.requests, cloud.asked) == ([], [])
    options = ("--aws-role", ROLE, *QUICK, "--google-endpoint", google.address, "--format", "json")
    done = advisor("metrics", *options)
    assert done.code == Exit.OK, done.err
    assert {name: row["measured"] for name, row in told(done).items()} == {"aws": 2, "gcp": 1}
    (found,) = rows(
        both,
        "select sub_account_id, resource_id, metric, metric_date, average, maximum, sample_count, source"
        " from utilization_days where provider = 'gcp'",
    )
    average = 100 * sum((10 + hour) / 128 for hour in range(24)) / 24
    assert found == (
        "shop-prod", INSTANCE, "cpu_utilization", YESTERDAY, pytest.approx(average), 100 * 33 / 128, 288, "cloud-monitoring",
    )  # fmt: skip
    only = advisor("metrics", "--cloud", "gcp", *options)
    assert set(told(only)) == {"gcp"}
    assert told(only)["gcp"]["new_days"] == 0


def test_one_cloud_that_cannot_be_asked_does_not_stop_the_other(
    advisor: Advisor, both: Path, google: CloudMonitoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    done = advisor("metrics", *QUICK, "--google-endpoint", google.address, "--format", "json")
    assert done.code == Exit.INCOMPLETE
    assert "no AWS credentials were found" in done.err
    assert "--cloud gcp" in done.err
    assert Counter(measured(both)) == {INSTANCE: 1}
    discreet(done.out, done.err)
