"""What people call metrics and units, where it is certain what they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass

from advisor.errors import printable
from advisor.model import Problem
from advisor.utilization.metrics import METRICS, Metric

NAME_ALIASES = {
    "cpupercent": "cpu_utilization",
    "cpuutilizationpercent": "cpu_utilization",
    "memused": "",  # bytes with CloudWatch's agent, percent elsewhere
    "memusedpercent": "memory_utilization",
    "memorypercent": "memory_utilization",
    "memoryutilizationpercent": "memory_utilization",
    "memorycommittedbytesinuse": "memory_utilization",  # Memory % Committed Bytes In Use, of Windows
    "databasememoryusagepercentage": "memory_utilization",
    "gpuutilizationpercent": "gpu_utilization",
    "nvidiasmiutilizationgpu": "gpu_utilization",
    "dcgmfidevgpuutil": "gpu_utilization",
    "databaseconnections": "connections",
    "currconnections": "connections",
}
"""Spellings, in lower case without punctuation, that mean one unit wherever they come from.

Amounts are not among them: CloudWatch's RequestCount is the number of requests only where its sum was exported.
"""

BINARY = {"kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30, "tib": 2.0**40}
PER_SECOND = re.compile(r"\s*(/\s*s(ec(ond)?)?|[ _]per[ _]sec(ond)?)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How values of one spelling of metric and unit are read: times `factor`; `is_rate`: amounts per second."""

    metric: Metric
    factor: float
    is_rate: bool


def read_as(metric: str, unit: str) -> Reading | Problem:
    """How values of a metric and unit, as a file spells them, are read; a Problem where that is not certain."""
    plain = re.sub(r"[^a-z0-9]", "", metric.lower()).replace("utilisation", "utilization")
    by_plain = {re.sub(r"[^a-z0-9]", "", name): name for name in METRICS} | NAME_ALIASES
    known = METRICS.get(by_plain.get(plain, ""))
    if known is None:
        return Problem(
            what=f"metric {short(metric) or '(without a name)'}",
            why="is not known, so its samples were left out",
            fix="Name metrics as advisor metrics --list does, in its units.",
        )
    factor, is_rate = _factor(known, unit)
    if factor is None:
        return Problem(
            what=f"metric {known.name}",
            why=f"comes in the unit {short(unit)}, which is not known, so its samples were left out",
            fix=f"Export it in {known.unit}, or leave the unit empty where it is that.",
        )
    return Reading(metric=known, factor=factor, is_rate=is_rate)


def _factor(metric: Metric, unit: str) -> tuple[float | None, bool]:
    """(factor to the metric's unit, whether it is per second); None: another unit."""
    plain = unit.strip().lower()
    base = PER_SECOND.sub("", plain) if metric.amount else plain
    is_rate = base != plain
    if base in ("", "none", metric.unit, metric.unit.removesuffix("s")):
        return 1.0, is_rate
    if metric.is_percent:
        return {"%": 1.0, "pct": 1.0, "percentage": 1.0, "fraction": 100.0, "ratio": 100.0}.get(base), False
    if metric.unit == "bytes":
        if PER_SECOND.sub("", unit.strip()) == "B":  # b is a bit
            return 1.0, is_rate
        return {"by": 1.0, **BINARY}.get(base), is_rate
    return {"count": 1.0}.get(base), is_rate


def short(text: str) -> str:
    """`text` as a message may show it."""
    plain = printable(text)
    return plain if len(plain) <= 120 else plain[:119] + "…"
