"""One way to ask any cloud: what would be asked, the days of metrics, and the states of its inventory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date

    import polars as pl

    from advisor.model import Problem
    from advisor.utilization import cloudwatch, monitoring
    from advisor.utilization.metrics import BilledResource, Window

    Plan = cloudwatch.Plan | monitoring.Plan

SOURCES = {"aws": "cloudwatch", "gcp": "cloud-monitoring"}
"""Cloud → what the days that it gave are kept under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some of what a cloud told: days as statistics.daily makes them (may be empty), and what could not be had.

    `answered` are ids of resources of which all was told that was asked in a call, be it nothing; only AWS's are known.
    """

    days: pl.DataFrame
    problems: tuple[Problem, ...]
    answered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """How to ask the clouds; those of one do not concern the other."""

    max_cost_usd: float = 1.0
    aws_profile: str = ""
    aws_role: str = ""
    external_id: str = field(default="", repr=False)
    google_project: str = ""
    google_endpoint: str = ""


def plan(cloud: str, resources: Sequence[BilledResource], window: Window, options: FetchOptions) -> Plan:
    """What would be asked of `cloud` about `resources`; asks nothing yet."""
    if cloud == "aws":
        from advisor.utilization import cloudwatch

        return cloudwatch.plan(resources, window, _aws(options), sizes=_sizes(resources))
    from advisor.utilization import monitoring

    return monitoring.plan(resources, window, _google(options))


def calls(plan: Plan) -> int:
    """How many requests a plan comes to, about."""
    return plan.requests if hasattr(plan, "requests") else plan.calls


def batches(cloud: str, plan: Plan, options: FetchOptions, progress: Callable[[int], None]) -> Iterator[Batch]:
    """What `plan` says, as it comes. `progress` is told of every call."""
    if cloud == "aws":
        from advisor.utilization import cloudwatch

        assert isinstance(plan, cloudwatch.Plan)  # noqa: S101 - each cloud has plans of its own
        for batch in cloudwatch.fetch(plan, _aws(options), progress):
            yield Batch(days=batch.days, problems=batch.problems, answered=batch.answered)
        return
    from advisor.utilization import monitoring

    assert isinstance(plan, monitoring.Plan)  # noqa: S101 - the same
    for found in monitoring.fetch(plan, _google(options), progress):
        yield Batch(days=found.days, problems=found.problems)


def states(
    resources: Sequence[BilledResource],
    known: Mapping[str, tuple[str, date]],
    window: Window,
    answered: Collection[str],
    last_days: Mapping[str, date],
    options: FetchOptions,
) -> tuple[pl.DataFrame, list[Problem]]:
    """Rows of resource_states for what AWS's inventory says of `resources`, and what could not be asked.

    `last_days`: the last day of which metrics of a resource are held, by its id. Only where CloudWatch was asked up to
    the end of the window does their end mean something: of those that `answered`, and of those that have the last day.
    """
    from advisor.utilization import inventory

    before = window.first_day - timedelta(days=1)
    last_metric_days = {
        r.resource_id: max(last_days.get(r.resource_id, before), before)
        for r in resources
        if r.resource_id in answered or last_days.get(r.resource_id, before) >= window.last_day
    }
    return inventory.states(resources, known, _aws(options), last_metric_days=last_metric_days)


def _aws(options: FetchOptions) -> Any:
    from advisor.utilization.accounts import AwsOptions

    return AwsOptions(
        profile=options.aws_profile,
        role=options.aws_role,
        external_id=options.external_id,
        max_cost_usd=options.max_cost_usd,
    )


def _google(options: FetchOptions) -> Any:
    from advisor.utilization.monitoring import MonitoringOptions

    return MonitoringOptions(endpoint=options.google_endpoint, quota_project=options.google_project)


def _sizes(resources: Sequence[BilledResource]) -> Mapping[str, Any]:
    """Instance type as billed → what it has: some metrics are sums over cores."""
    from advisor.prices import tables
    from advisor.utilization.cloudwatch_metrics import Size

    used = {r.instance_type for r in resources}
    columns = ("shape", "vcpus", "memory_gib", "accelerator_count")
    return {
        shape: Size(vcpus=vcpus, memory_gib=memory_gib, accelerators=accelerators)
        for shape, vcpus, memory_gib, accelerators in tables.shapes().select(columns).iter_rows()
        if shape in used
    }
