"""Writes the utilisation of the samples and AWS's own advice; make.py calls it. Knows no clock and no chance either."""

from __future__ import annotations

import csv
import gzip
import io
import math
import shutil
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D  # noqa: N817

import pyarrow as pa
import pyarrow.parquet as pq
from common import DAY_CURVE, FIRST_DAY, HERE, LAST_DAY, table, write
from loads import ADVICE, LOADS

AMOUNTS = ("network_bytes", "disk_operations", "requests")  # in the interval; laws say them per second
USUAL_FIRST_DAY = date(2026, 10, 1)
REGION, ACCOUNT, ADVISED_AT = "us-east-1", "666677778888", datetime(2026, 10, 30, 4, 5, 12, tzinfo=UTC)
MONTH_HOURS = D(730)
OPTION = "recommendationOptions_1_"
HEADER = (
    "accountId", "instanceArn", "instanceName", "currentInstanceType", "finding", "instanceState", "lookBackPeriodInDays",
    "current_vcpus", "current_memory", "current_onDemandPrice", "utilizationMetrics_CPU_MAXIMUM",
    "utilizationMetrics_MEMORY_MAXIMUM", "recommendations_count", f"{OPTION}instanceType", f"{OPTION}vcpus",
    f"{OPTION}memory", f"{OPTION}onDemandPrice", f"{OPTION}performanceRisk", f"{OPTION}migrationEffort",
    f"{OPTION}savingsOpportunityPercentage", f"{OPTION}estimatedMonthlySavings_currency",
    f"{OPTION}estimatedMonthlySavings_value", f"{OPTION}platformDifferences_isArchitectureDifferent",
    "lastRefreshTimestamp_UTC", "errorCode", "errorMessage",
)  # fmt: skip

Law = Callable[[datetime, float, float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One line of a file of metrics; `at` is the end of the interval."""

    resource: str
    metric: str
    at: datetime
    value: float


def chance(*parts: object) -> float:
    """A number from 0 to 1 that is always the same for the same parts."""
    return zlib.crc32("/".join(map(str, parts)).encode()) / 2**32


def curve(at: datetime) -> float:
    """The course of a day, 1 at its peak; less on weekends."""
    most, least = float(max(DAY_CURVE)), float(min(DAY_CURVE))
    part = (float(DAY_CURVE[at.hour]) - least) / (most - least)
    return part * (0.6 if at.weekday() >= 5 else 1.0)


def by_day(at: datetime, low: float, high: float) -> float:
    """More by day than by night."""
    return low + (high - low) * curve(at)


def growing(at: datetime, low: float, high: float) -> float:
    """Each month so much more, and by day more than by night."""
    part = (at.date() - FIRST_DAY).days / (LAST_DAY - FIRST_DAY).days
    peak = low * math.exp(math.log(high / low) * part)
    return peak * (0.4 + 0.6 * curve(at))


def when(busy: Callable[[datetime], bool]) -> Law:
    """High while busy, low else."""
    return lambda at, low, high: high if busy(at) else low


LAWS: dict[str, Law] = {
    "flat": lambda _, low, __: low,
    "day": by_day,
    "grow": growing,
    "work": when(lambda at: at.weekday() < 5 and 7 <= at.hour < 19),
    "night": when(lambda at: 1 <= at.hour + at.minute / 60 < 3.5),
    "sunday": when(lambda at: at.weekday() == 6 and 2 <= at.hour < 4),
}


def samples(named: Callable[[str, str, str], str], export_prefix: str) -> Iterator[Sample]:
    """The samples of one cloud; `named` turns (export, resource, how) into what the metrics call it."""
    for export, resource, how, minutes, metrics, options in table(LOADS):
        if not export.startswith(export_prefix):
            continue
        choice = dict(o.split("=") for o in options.split())
        first = date.fromisoformat(choice.get("from", str(USUAL_FIRST_DAY)))
        last = date.fromisoformat(choice.get("to", str(LAST_DAY)))
        name, step = named(export, resource, how), timedelta(minutes=int(minutes))
        for item in metrics.split():
            metric, _, law = item.partition("=")
            kind, low, high, noise = law.split(":")
            at = datetime(first.year, first.month, first.day, tzinfo=UTC)
            while at.date() <= last:
                started, at = at, at + step
                lost = chance(name, metric, started, "lost") < float(choice.get("gaps", 0))
                if lost or str(started.date()) == choice.get("down"):
                    continue
                spread = 1 + float(noise) * (2 * chance(name, metric, started) - 1)
                value = LAWS[kind](started, float(low), float(high)) * spread
                if metric in AMOUNTS:
                    value *= step.total_seconds()
                if metric in ("requests", "connections"):
                    value = round(value)
                # Four figures, as monitoring systems write them.
                moment = at - timedelta(seconds=int(choice.get("off", 0)))
                yield Sample(resource=name, metric=metric, at=moment, value=float(f"{value:.4g}"))


def write_metrics(aws_name: Callable[[str, str, str], str], google_name: Callable[[str, str, str], str]) -> None:
    """The folder utilization: AWS as CSV, Google as Parquet."""
    folder = HERE / "utilization"
    shutil.rmtree(folder, ignore_errors=True)
    buffer = io.StringIO()
    lines = csv.writer(buffer, lineterminator="\n")
    lines.writerow(["resource_id", "metric", "timestamp", "value"])
    lines.writerows(
        [s.resource, s.metric, f"{s.at:%Y-%m-%dT%H:%M:%SZ}", f"{s.value:.10g}"] for s in samples(aws_name, "aws")
    )
    write(folder / "aws-metrics.csv.gz", gzip.compress(buffer.getvalue().encode(), 9, mtime=0))
    found = list(samples(google_name, "gcp"))
    columns = {
        "resource_id": pa.array([s.resource for s in found], pa.string()),
        "metric": pa.array([s.metric for s in found], pa.string()),
        "timestamp": pa.array([s.at for s in found], pa.timestamp("us", tz="UTC")),
        "value": pa.array([s.value for s in found], pa.float64()),
    }
    pq.write_table(pa.table(columns), folder / "google-metrics.parquet", compression="zstd", row_group_size=len(found))


def write_advice(aws_name: Callable[[str, str, str], str], price_of: Callable[[str], D]) -> None:
    """The folder recommendations: an export of Compute Optimizer for EC2 instances."""
    shutil.rmtree(HERE / "recommendations", ignore_errors=True)
    rows = []
    for name, finding, now, vcpus, gib, cpu, memory, target, new_vcpus, new_gib, percent in table(ADVICE):
        instance = aws_name("aws_cur2_csv", name, "id")
        saving = (price_of(now) * MONTH_HOURS * D(percent) / 100).quantize(D("0.01")) if target else ""
        arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{instance}"
        told = [target, new_vcpus, new_gib, price_of(target or now), "1.0", "Low", percent, "USD", saving, "false"]
        rows.append(
            [ACCOUNT, arn, name, now, finding, "running", "14.0", vcpus, gib, price_of(now), cpu, memory]
            + (["1", *told] if target else ["0", *[""] * len(told)])
            + [f"{ADVISED_AT:%Y-%m-%d %H:%M:%S}", "", ""]
        )
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([HEADER, *rows])
    job = uuid.uuid5(uuid.NAMESPACE_DNS, "nordwind compute optimizer")
    key = f"compute-optimizer/{ACCOUNT}/{REGION}-{ADVISED_AT:%Y-%m-%dT%H%M%SZ}-{job}.csv"
    write(HERE / "recommendations" / key, buffer.getvalue().encode())
