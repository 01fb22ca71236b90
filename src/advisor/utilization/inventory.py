"""What EC2's inventory says of billed instances and volumes: running or stopped, attached or not, and since when."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from advisor.model import Problem
from advisor.utilization.accounts import client_config, explained, merged, sessions
from advisor.utilization.cloudwatch_metrics import wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import boto3
    import polars as pl
    from mypy_boto3_ec2 import EC2Client

    from advisor.utilization.accounts import AwsOptions
    from advisor.utilization.metrics import BilledResource

PAGE = 1000
"""Instances or volumes per request; EC2 gives no more."""

PAGES = 10_000
NAMED_PER_REQUEST = 200
"""Ids that a filter takes. Filters forgive ids that are gone, which InstanceIds and VolumeIds do not."""

WHOLE_REGION = 1000
"""From how many billed ones on it takes fewer requests to list the whole region."""

STOPPED_AT = re.compile(r"\((\d{4}-\d{2}-\d{2}) \d{2}:\d{2}:\d{2} (?:GMT|UTC)\)")
"""In StateTransitionReason: User initiated (2026-05-01 10:00:00 GMT)."""

GROUP_TAGS = (
    "eks:nodegroup-name",
    "karpenter.sh/nodepool",
    "karpenter.sh/provisioner-name",
    "aws:autoscaling:groupName",
    "aws:ec2spot:fleet-request-id",
    "aws:ec2:fleet-id",
    "aws:elasticmapreduce:job-flow-id",
)
"""Tags of machines that somebody else makes and ends, in the order in which they name the group: a node group of
Kubernetes has an auto-scaling group as well, with a name that nobody chose."""

CLUSTER_TAGS, OWNED_BY = ("eks:cluster-name", "aws:eks:cluster-name"), "kubernetes.io/cluster/"


def states(
    resources: Sequence[BilledResource],
    known: Mapping[str, tuple[str, date]],
    options: AwsOptions,
    *,
    last_metric_days: Mapping[str, date] | None = None,
    now: datetime | None = None,
) -> tuple[pl.DataFrame, list[Problem]]:
    """Rows of resource_states for the EC2 instances and EBS volumes among `resources`, and what could not be asked.

    `known`: earlier state and its first day, by resource id. `last_metric_days`: the last day on which CloudWatch had
    metrics of a volume, by its resource id, of those volumes that were asked for (the day before the window where there
    were none in it): a volume has none while it is detached. `since` is the first UTC day from which on the state is
    known to hold, so rather too late than too early. What is billed but no longer there has no row.
    Raises AdvisorError where there are no valid credentials, ConfigError where boto3 is missing.
    """
    now = now or datetime.now(UTC)
    places = _places(resources)
    rows: list[dict[str, Any]] = []
    opened, problems = sessions((account for account, _ in places), options) if places else ({}, [])
    for (account_id, region), billed in places.items():
        session = opened.get(account_id)
        if session is not None:
            found, refused = _asked(session, account_id, region, billed, options)
            problems += refused
            place = next(iter(billed.values()))
            for item in found:
                resource = billed.get(item["id"]) or replace(place, resource_id=item["id"])
                rows.append(_row(item, resource, known, last_metric_days or {}, now))
    return _frame(rows), merged(problems)


Place = tuple[str, str]


def _places(resources: Iterable[BilledResource]) -> dict[Place, dict[str, BilledResource]]:
    """Billed instances and volumes by account and region, then by their EC2 id."""
    places: dict[Place, dict[str, BilledResource]] = {}
    for resource in resources:
        found = wanted(resource, {})
        if found is not None and found.kind in ("ec2", "ebs") and found.account_id and found.region:
            places.setdefault((found.account_id, found.region), {})[found.name] = resource
    return places


def _asked(
    session: boto3.Session, account_id: str, region: str, billed: Mapping[str, BilledResource], options: AwsOptions
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """What EC2 says of the billed instances and volumes of one place."""
    from botocore.exceptions import BotoCoreError, ClientError

    what = f"EC2 of account {account_id} in {region}"
    found: list[dict[str, Any]] = []
    problems: list[Problem] = []
    try:
        client = session.client(
            "ec2", region_name=region, endpoint_url=options.endpoint_url or None, config=client_config()
        )
    except (BotoCoreError, ValueError) as error:
        return [], [explained(error, what, options)]
    for ask, prefix in ((_instances, "i-"), (_volumes, "vol-")):
        ids = sorted(name for name in billed if name.startswith(prefix))
        try:
            found += [item for item in ask(client, ids) if item["id"] in billed]
        except (BotoCoreError, ClientError) as error:
            problems.append(explained(error, what, options))
    # A stopped machine leaves the bill, its volumes do not.
    known = {item["id"] for item in found}
    holders = sorted({item["attached_to"] for item in found if item.get("attached_to")} - known)
    if holders:
        try:
            found += [item for item in _instances(client, holders) if item["id"] in holders]
        except (BotoCoreError, ClientError) as error:
            problems.append(explained(error, what, options))
    return found, problems


def _instances(client: EC2Client, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    for page in _pages(client.describe_instances, "instance-id", ids):
        for reservation in page.get("Reservations", []):
            for instance in reservation.get("Instances", []):
                name = instance.get("State", {}).get("Name", "")
                stopped = STOPPED_AT.search(instance.get("StateTransitionReason") or "")
                if name in ("running", "stopped"):  # all others are on their way
                    yield {
                        "id": instance["InstanceId"],
                        "state": name,
                        # A running machine's reason is about its last stop, its launch about its last start.
                        "since": _day(instance.get("LaunchTime"))
                        if name == "running"
                        else _date(stopped and stopped[1]),
                        "not_before": _day(instance.get("LaunchTime")),
                        "attached_to": "",
                        "group_name": _group(instance.get("Tags", [])),
                    }


def _volumes(client: EC2Client, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    for page in _pages(client.describe_volumes, "volume-id", ids):
        for volume in page.get("Volumes", []):
            attached = [a for a in volume.get("Attachments", []) if a.get("State") in ("attached", "attaching", "busy")]
            state = {"in-use": "attached", "available": "unattached"}.get(volume.get("State", ""))
            if state is not None:  # creating, deleting, deleted, error
                begun = [day for a in attached if (day := _day(a.get("AttachTime"))) is not None]
                yield {
                    "id": volume["VolumeId"],
                    "state": state,
                    "since": min(begun, default=None) if state == "attached" else None,
                    "not_before": _day(volume.get("CreateTime")),
                    # Of a volume that several machines share, no single one says whether it is needed.
                    "attached_to": attached[0].get("InstanceId", "") if len(attached) == 1 else "",
                    "group_name": "",
                }


def _pages(operation: Any, id_filter: str, ids: Sequence[str]) -> Iterator[Any]:
    """Every page of a Describe operation for `ids`; the whole region where there are very many."""
    if len(ids) > WHOLE_REGION:
        filters: list[list[dict[str, Any]]] = [[]]
    else:
        starts = range(0, len(ids), NAMED_PER_REQUEST)
        filters = [[{"Name": id_filter, "Values": list(ids[i : i + NAMED_PER_REQUEST])}] for i in starts]
    for only in filters:
        request: dict[str, Any] = {"MaxResults": PAGE, **({"Filters": only} if only else {})}
        for _ in range(PAGES):
            page = operation(**request)
            yield page
            if not page.get("NextToken"):
                break
            request["NextToken"] = page["NextToken"]


def _row(
    item: Mapping[str, Any],
    resource: BilledResource,
    known: Mapping[str, tuple[str, date]],
    last_metric_days: Mapping[str, date],
    now: datetime,
) -> dict[str, Any]:
    state, since = item["state"], item["since"]
    before = known.get(resource.resource_id)
    last = last_metric_days.get(resource.resource_id)
    if since is None and before is not None and before[0] == state:
        since = before[1]
    elif since is None and state == "unattached" and last is not None:
        # On the first day of the state before it was certainly not yet in this one.
        since = max(last + timedelta(days=1), before[1] if before is not None else date.min)
    since = max(since or now.date(), item["not_before"] or date.min)
    return {
        "provider": resource.provider,
        "sub_account_id": resource.sub_account_id,
        "resource_id": resource.resource_id,
        "state": state,
        "since": min(since, now.date()),
        "attached_to": item["attached_to"],
        "group_name": item["group_name"],
        "seen_at": now.astimezone(UTC).replace(tzinfo=None),
    }


def _frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    import polars as pl

    texts = ("provider", "sub_account_id", "resource_id", "state")
    return pl.DataFrame(
        rows,
        schema={
            **dict.fromkeys(texts, pl.String),
            "since": pl.Date,
            "attached_to": pl.String,
            "group_name": pl.String,
            "seen_at": pl.Datetime("us"),
        },
    )


def _group(tags: Iterable[Mapping[str, str]]) -> str:
    """The group of a machine with these tags, cluster/name where it is one of a cluster; '' for a single machine."""
    by_key = {tag.get("Key", ""): tag.get("Value", "") for tag in tags}
    name = next((by_key[key] for key in GROUP_TAGS if by_key.get(key)), "")
    owned = (key.removeprefix(OWNED_BY) for key in by_key if key.startswith(OWNED_BY))
    cluster = next((by_key[key] for key in CLUSTER_TAGS if by_key.get(key)), "") or next(owned, "")
    return f"{cluster}/{name}" if cluster and name else name


def _day(moment: Any) -> date | None:
    return moment.astimezone(UTC).date() if isinstance(moment, datetime) else None


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
