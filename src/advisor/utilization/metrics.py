"""The names and units in which every source of utilisation is kept, whatever it calls them itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One canonical metric.

    `amount`: a sample is what happened in the interval that ends with it (bytes, requests), so days have a total and
    statistics are per second. Otherwise a sample is a level (percent, connections). `falls`: a level that falls as load
    grows; its p95, p99 and maximum are of the low side: 99 % of the samples lie above p99, and maximum is the least.
    """

    name: str
    unit: str
    amount: bool
    about: str
    falls: bool = False

    @property
    def is_percent(self) -> bool:
        """True where 100 is all there is."""
        return self.unit == "percent"


def _level(name: str, unit: str, about: str) -> Metric:
    return Metric(name=name, unit=unit, amount=False, about=about)


def _rest(name: str, unit: str, about: str) -> Metric:
    return Metric(name=name, unit=unit, amount=False, about=about, falls=True)


def _amount(name: str, unit: str, about: str) -> Metric:
    return Metric(name=name, unit=unit, amount=True, about=about)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _level("cpu_utilization", "percent", "Processor in use, 100 being all vCPUs of the machine."),
        _level("memory_utilization", "percent", "Memory in use, without what is only cache."),
        _rest("freeable_memory", "bytes", "Memory that a managed database has left."),
        _level("gpu_utilization", "percent", "Accelerators in use, mean over those of the machine."),
        _level("gpu_memory_utilization", "percent", "Accelerator memory in use, of the fullest accelerator."),
        _level("disk_space_utilization", "percent", "Space in use of the fullest disk."),
        _level("connections", "connections", "Open client connections."),
        _rest("cpu_credit_balance", "credits", "Credits that a burstable machine has saved up."),
        _level("replicas", "replicas", "Running copies of a service or endpoint."),
        _level("provisioned_read_units", "units", "Read capacity per second that is paid for."),
        _level("provisioned_write_units", "units", "Write capacity per second that is paid for."),
        _level("provisioned_concurrency", "executions", "Executions kept warm."),
        _level("concurrency_utilization", "percent", "Part of the executions kept warm that is in use."),
        _amount("network_bytes", "bytes", "Bytes in and out over the network."),
        _amount("disk_operations", "operations", "Reads and writes on disks."),
        _amount("disk_bytes", "bytes", "Bytes read from and written to disks."),
        _amount("requests", "requests", "Requests, invocations, queries or records served."),
        _amount("new_connections", "connections", "Connections or flows that were opened."),
        _amount("consumed_read_units", "units", "Read capacity used."),
        _amount("consumed_write_units", "units", "Write capacity used."),
        _amount("input_tokens", "tokens", "Tokens sent to a model."),
        _amount("output_tokens", "tokens", "Tokens that a model wrote."),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledResource:
    """A resource of the bill that utilisation may be asked for. `monthly_cost` is in the bill's currency."""

    provider: str
    sub_account_id: str
    region_id: str
    resource_id: str
    resource_name: str
    service_code: str
    service_name: str
    instance_type: str
    monthly_cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """UTC days that are asked for, both included, and the last one that the database holds, by resource and metric.

    `held` maps (provider, sub_account_id, resource_id, metric) to a day; only later days are fetched again.
    """

    first_day: date
    last_day: date
    held: Mapping[tuple[str, str, str, str], date]
