"""EC2's inventory over a real connection to moto's server; botocore's Stubber where moto does not page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from test_cloudwatch_metrics import arn, billed

from advisor.utilization import accounts, inventory
from advisor.utilization.accounts import AwsOptions
from advisor.utilization.inventory import states

if TYPE_CHECKING:
    from collections.abc import Mapping

    from advisor.model import Problem
    from advisor.utilization.metrics import BilledResource

OWN, REGION = "123456789012", "eu-central-1"
TODAY = datetime.now(UTC).date()
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("aws", "quick")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "ATTEMPTS", 2)


@pytest.fixture
def ec2(moto_address: str) -> Any:
    return boto3.client("ec2", region_name=REGION, endpoint_url=moto_address)


def here(resource_id: str) -> BilledResource:
    return billed(resource_id, sub_account_id=OWN, region_id=REGION)


def launch(ec2: Any, tags: Mapping[str, str] | None = None) -> str:
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="m5.large")
    name: str = made["Instances"][0]["InstanceId"]
    if tags:
        ec2.create_tags(Resources=[name], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    return name


def asked(
    names: list[str], address: str, known: Mapping[str, tuple[str, date]] | None = None, **others: Any
) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    frame, problems = states([here(name) for name in names], known or {}, AwsOptions(endpoint_url=address), **others)
    return {row["resource_id"]: row for row in frame.to_dicts()}, problems


def test_instances_run_or_are_stopped(ec2: Any, moto_address: str) -> None:
    running, stopped, gone = launch(ec2), launch(ec2), launch(ec2)
    ec2.stop_instances(InstanceIds=[stopped])
    ec2.terminate_instances(InstanceIds=[gone])
    never = "i-0000000000000dead"
    found, problems = asked([running, stopped, gone, never], moto_address)
    assert problems == []
    assert set(found) == {running, stopped}
    assert (found[running]["state"], found[stopped]["state"]) == ("running", "stopped")
    assert found[stopped]["since"] == TODAY
    assert (found[running]["sub_account_id"], found[running]["group_name"]) == (OWN, "")


@pytest.mark.parametrize(
    ("tags", "group"),
    [
        ({}, ""),
        ({"aws-autoscaling": "x", "Name": "web"}, ""),
        ({"eks:cluster-name": "prod"}, ""),
        ({"eks:cluster-name": "prod", "eks:nodegroup-name": "blue"}, "prod/blue"),
        ({"karpenter.sh/nodepool": "general", "eks:eks-cluster-name": "x"}, "general"),
        ({"karpenter.sh/nodepool": "general", "kubernetes.io/cluster/prod": "owned"}, "prod/general"),
        ({"aws:autoscaling:groupName": "web"}, "web"),
        ({"aws:autoscaling:groupName": "eks-blue-1", "eks:nodegroup-name": "blue", "eks:cluster-name": "p"}, "p/blue"),
    ],
)
def test_groups_are_named_by_tags(tags: dict[str, str], group: str) -> None:
    # EC2 lets nobody set tags that begin with aws:, and neither does moto.
    assert inventory._group([{"Key": key, "Value": value} for key, value in tags.items()]) == group


def test_a_node_of_a_cluster_has_its_group(ec2: Any, moto_address: str) -> None:
    node = launch(ec2, {"eks:cluster-name": "prod", "eks:nodegroup-name": "blue"})
    found, _ = asked([node], moto_address)
    assert found[node]["group_name"] == "prod/blue"


def test_volumes_are_attached_or_not(ec2: Any, moto_address: str) -> None:
    machine = launch(ec2)
    zone = f"{REGION}a"
    used, unused = (ec2.create_volume(AvailabilityZone=zone, Size=8)["VolumeId"] for _ in range(2))
    ec2.attach_volume(VolumeId=used, InstanceId=machine, Device="/dev/sdf")
    found, problems = asked([used, unused], moto_address)
    assert problems == []
    assert (found[used]["state"], found[used]["attached_to"]) == ("attached", machine)
    assert (found[unused]["state"], found[unused]["attached_to"], found[unused]["since"]) == ("unattached", "", TODAY)


def test_other_accounts_are_named_and_other_resources_are_not_asked_for(moto_address: str) -> None:
    resources = [billed("i-0a1b2c3d", sub_account_id="222233334444"), here(arn("rds", "db:x"))]
    frame, problems = states(resources, {}, AwsOptions(endpoint_url=moto_address))
    assert frame.is_empty()
    assert "222233334444" in problems[0].what
    # Nothing to ask: no request, no need of credentials.
    assert states([here("snap-1")], {}, AwsOptions(endpoint_url="http://127.0.0.1:1"))[1] == []


# --- what moto does not do --------------------------------------------------------------------------------------------


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    client = boto3.client("ec2", region_name=REGION)
    stub = Stubber(client)
    stub.activate()

    class Session:
        def client(self, *_: Any, **__: Any) -> Any:
            return client

    monkeypatch.setattr(inventory, "sessions", lambda ids, _: (dict.fromkeys(ids, Session()), []))
    return stub


def volume(name: str, *, attached_to: str = "", created: date = date(2020, 1, 1)) -> dict[str, Any]:
    attachments = [{"InstanceId": attached_to, "State": "attached", "AttachTime": datetime(2026, 3, 4, 23, tzinfo=UTC)}]
    return {
        "VolumeId": name,
        "State": "in-use" if attached_to else "available",
        "CreateTime": datetime(created.year, created.month, created.day, 12, tzinfo=UTC),
        "Attachments": attachments if attached_to else [],
    }


def test_volumes_have_pages(stub: Stubber) -> None:
    names = [f"vol-0000000{number}" for number in range(3)]
    stub.add_response(
        "describe_volumes",
        {"Volumes": [volume(names[0]), volume("vol-0000000f")], "NextToken": "more"},
        {"MaxResults": 1000, "Filters": [{"Name": "volume-id", "Values": names}]},
    )
    stub.add_response(
        "describe_volumes",
        {"Volumes": [volume(names[1], attached_to="i-0a1b2c3d")]},
        {"MaxResults": 1000, "Filters": [{"Name": "volume-id", "Values": names}], "NextToken": "more"},
    )
    # A stopped machine is billed no more: it is asked for because of its volume.
    holder = {
        "InstanceId": "i-0a1b2c3d",
        "State": {"Name": "stopped"},
        "StateTransitionReason": "User initiated (2026-04-05 10:00:00 GMT)",
    }
    stub.add_response("describe_instances", {"Reservations": [{"Instances": [holder]}]})
    found, problems = asked(names, "")
    assert problems == []
    states = {name: row["state"] for name, row in found.items()}
    assert states == {names[0]: "unattached", names[1]: "attached", "i-0a1b2c3d": "stopped"}
    assert found[names[1]]["since"] == date(2026, 3, 4)
    assert found["i-0a1b2c3d"]["since"] == date(2026, 4, 5)
    stub.assert_no_pending_responses()


def test_ids_are_asked_for_by_two_hundred_and_very_many_by_region(
    stub: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(f"vol-{number:08x}" for number in range(450))
    for start in (0, 200, 400):
        filters = [{"Name": "volume-id", "Values": names[start : start + 200]}]
        stub.add_response("describe_volumes", {"Volumes": []}, {"MaxResults": 1000, "Filters": filters})
    assert asked(names, "") == ({}, [])
    stub.assert_no_pending_responses()
    monkeypatch.setattr(inventory, "WHOLE_REGION", 400)
    stub.add_response("describe_volumes", {"Volumes": [volume(names[7])]}, {"MaxResults": 1000})
    assert set(asked(names, "")[0]) == {names[7]}


NAME = "vol-00000001"


@pytest.mark.parametrize(
    ("known", "last", "created", "since"),
    [
        (None, None, date(2020, 1, 1), TODAY),
        (("unattached", date(2026, 2, 1)), None, date(2020, 1, 1), date(2026, 2, 1)),
        (("unattached", date(2026, 2, 1)), date(2026, 5, 1), date(2020, 1, 1), date(2026, 2, 1)),
        (None, TODAY - 9 * DAY, date(2020, 1, 1), TODAY - 8 * DAY),
        (None, TODAY - 9 * DAY, TODAY - 3 * DAY, TODAY - 3 * DAY),
        (("attached", TODAY - 5 * DAY), TODAY - 9 * DAY, date(2020, 1, 1), TODAY - 5 * DAY),
        (("attached", TODAY - 5 * DAY), None, date(2020, 1, 1), TODAY),
    ],
)
def test_since_when_a_volume_is_unattached(
    stub: Stubber, known: tuple[str, date] | None, last: date | None, created: date, since: date
) -> None:
    stub.add_response("describe_volumes", {"Volumes": [volume(NAME, created=created)]})
    found, _ = asked([NAME], "", {NAME: known} if known else {}, last_metric_days={NAME: last} if last else {})
    assert (found[NAME]["state"], found[NAME]["since"]) == ("unattached", since)


@pytest.mark.parametrize(
    ("reason", "known", "since"),
    [
        ("User initiated (2026-05-01 10:00:00 GMT)", None, date(2026, 5, 1)),
        ("User initiated (2026-05-01 10:00:00 GMT)", ("stopped", date(2026, 6, 1)), date(2026, 5, 1)),
        ("Server.SpotInstanceShutdown: (no time)", ("stopped", date(2026, 6, 1)), date(2026, 6, 1)),
        ("", ("running", date(2026, 6, 1)), TODAY),
        ("User initiated (2026-99-99 10:00:00 GMT)", None, TODAY),
    ],
)
def test_since_when_an_instance_is_stopped(
    stub: Stubber, reason: str, known: tuple[str, date] | None, since: date
) -> None:
    instance = {
        "InstanceId": "i-0a1b2c3d",
        "State": {"Code": 80, "Name": "stopped"},
        "StateTransitionReason": reason,
        "LaunchTime": datetime(2025, 1, 1, tzinfo=UTC),
    }
    stub.add_response("describe_instances", {"Reservations": [{"Instances": [instance]}]})
    found, _ = asked(["i-0a1b2c3d"], "", {"i-0a1b2c3d": known} if known else {})
    assert found["i-0a1b2c3d"]["since"] == since


def test_what_is_refused_is_said_and_the_rest_goes_on(stub: Stubber) -> None:
    stub.add_client_error("describe_instances", service_error_code="UnauthorizedOperation", http_status_code=403)
    stub.add_response("describe_volumes", {"Volumes": [volume(NAME)]})
    found, problems = asked(["i-0a1b2c3d", NAME], "")
    assert set(found) == {NAME}
    assert "ec2:DescribeInstances" in problems[0].fix
