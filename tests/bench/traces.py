"""An honest test of the advice to take a smaller machine: sizes are chosen on the first half of a load's trace and must
hold the second half, which the choice never saw.

    python tests/bench/traces.py                    # both figures, by kind of load
    python tests/bench/traces.py --seed 7 --count 600

Each trace is the CPU and the memory of one machine, one sample in five minutes, four or eight weeks to choose on and as many
to hold. The first half goes the way that samples go in the product: advisor.utilization.statistics to days, advisor.rules
to a shape, the options being three families at their list prices. The choice *holds* where the p99 of all samples of the
second half fits into the chosen shape with the head-room, in CPU and in memory. *Hindsight* takes the cheapest shape that
does so, knowing the second half. Machines that the second half outgrows as they are have no right size and are left out.

The loads are daily and weekly curves, batches, bursts, growth, deployments, months' ends, memory that creeps, and gaps in the
data. None grows tenfold after a calm month: nobody can foresee that.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from advisor.rules import kinds
from advisor.utilization import statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PER_DAY = 288
START = datetime(2026, 1, 5)  # noqa: DTZ001 - UTC, as frames hold it; a Monday
HEADROOM = 0.2
SIZES = {
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "4xlarge": 16,
    "8xlarge": 32,
    "12xlarge": 48,
    "16xlarge": 64,
    "24xlarge": 96,
}
FAMILIES = {"c7i": (2.0, 0.044625), "m7i": (4.0, 0.0504), "r7i": (8.0, 0.06615)}
"""Family → GiB and USD per hour for each vCPU (us-east-1, Linux, on demand)."""

elapsed = pl.col("t")  # days since START at each sample
hour = elapsed % 1 * 24
is_weekend = elapsed.floor() % 7 >= 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One machine: its load, five minutes each, `cpu` and `memory` in percent; the first half has gaps (`is_seen`)."""

    name: str
    kind: str
    shape: str
    days: int
    samples: pl.DataFrame


def steady(r: random.Random, days: int) -> pl.Expr:
    """The same all day, with noise."""
    return pl.lit(r.uniform(3, 45)) * _noise(r, 0.03, 0.2)


def daily(r: random.Random, days: int) -> pl.Expr:
    """A curve over the day, less on weekends, each day a little different."""
    curve = (0.5 - 0.5 * (2 * math.pi * (elapsed - r.random())).cos()) ** r.choice((1, 2, 3))
    week = pl.when(is_weekend).then(r.uniform(0.4, 1.1)).otherwise(1.0)
    return r.uniform(2, 15) + r.uniform(5, 45) * curve * week * _by_day(r, 0.08) * _noise(r, 0.03, 0.15)


def office(r: random.Random, days: int) -> pl.Expr:
    """Busy on working days only."""
    start, end = r.uniform(6, 10), r.uniform(15, 20)
    busy = ~is_weekend & hour.is_between(start, end)
    return pl.when(busy).then(r.uniform(10, 60)).otherwise(r.uniform(0.5, 4)) * _noise(r, 0.05, 0.2)


def batch(r: random.Random, days: int) -> pl.Expr:
    """A job every night or once a week, which does not always take as long."""
    every = r.choice((1, 1, 7))
    at, lasts = r.uniform(0, every), r.uniform(0.03, 0.2)
    running = (elapsed - at) % every < lasts * _by_day(r, 0.15)
    return r.uniform(1, 8) + pl.when(running).then(r.uniform(20, 75)).otherwise(0.0) * _noise(r, 0.02, 0.1)


def bursts(r: random.Random, days: int) -> pl.Expr:
    """Quiet, with bursts of minutes to an hour at random times."""
    height = pl.lit(0.0)
    for _ in range(round(r.uniform(0.3, 4) * days)):
        at, lasts = r.uniform(0, days), r.uniform(0.003, 0.05)
        height = pl.max_horizontal(
            height, pl.when(elapsed.is_between(at, at + lasts)).then(r.uniform(5, 60)).otherwise(0.0)
        )
    return r.uniform(2, 15) * _noise(r, 0.05, 0.2) + height


def heavy_tailed(r: random.Random, days: int) -> pl.Expr:
    """A low level, multiplied by what varies slowly and by what varies quickly."""
    return math.exp(r.gauss(2.0, 0.6)) * _noise(r, 0.05, 0.25, slow=True) * _noise(r, 0.1, 0.45)


def growth(r: random.Random, days: int) -> pl.Expr:
    """A daily curve that grows up to 15 % a month."""
    return daily(r, days) * 0.8 * (1 + r.uniform(0.0, 0.15)) ** (elapsed / 30)


def deployments(r: random.Random, days: int) -> pl.Expr:
    """Steps with new versions, up as often as down."""
    load = daily(r, days) * 0.9
    for _ in range(r.randint(1, 3)):
        load = load * pl.when(elapsed > r.uniform(0, days)).then(math.exp(r.gauss(0, 0.12))).otherwise(1.0)
    return load


def month_end(r: random.Random, days: int) -> pl.Expr:
    """More for one or two days of each month."""
    closing = (elapsed - r.uniform(0, 28)) % 30.4 < r.uniform(0.8, 2.2)
    return daily(r, days) * 0.7 * pl.when(closing).then(r.uniform(1.3, 2.5)).otherwise(1.0)


CPU: dict[str, Callable[[random.Random, int], pl.Expr]] = {
    f.__name__: f for f in (steady, daily, office, batch, bursts, heavy_tailed, growth, deployments, month_end)
}


def memory(r: random.Random, cpu: pl.Expr) -> pl.Expr:
    """Level and little noise; some follow the CPU, some creep until a restart."""
    level = pl.lit(r.uniform(8, 50)) + r.uniform(0, 0.15) * cpu
    if r.random() < 0.3:
        every = r.uniform(2, 20)
        level = level + r.uniform(2, 20) * ((elapsed + r.uniform(0, every)) % every / every)
    return level * _noise(r, 0.005, 0.03)


def make(*, count: int, seed: int) -> Iterator[Trace]:
    """`count` traces, all kinds of load in turn; equal seeds make equal traces."""
    r = random.Random(seed)  # noqa: S311
    bank = pl.Series([r.gauss(0, 1) for _ in range(120_000)])
    kinds_of_load = list(CPU.items())
    for number in range(count):
        kind, load = kinds_of_load[number % len(kinds_of_load)]
        days = 2 * r.choice((28, 28, 56))
        scale = r.choice((1.0, 0.6, 0.35))  # what machines were bought for is seldom what they do
        n = days * PER_DAY
        at = [r.randrange(len(bank) - 112 * PER_DAY) for _ in range(4)]
        frame = pl.DataFrame(
            {"t": pl.int_range(n, eager=True) / PER_DAY, **{f"z{i}": bank.slice(a, n) for i, a in enumerate(at)}}
        )
        cpu = (load(r, days) * scale).clip(0.1, 100.0)
        samples = frame.with_columns(cpu.alias("cpu")).with_columns(
            memory(r, pl.col("cpu")).clip(1.0, 99.0).alias("memory"), is_seen=_seen(r, days)
        )
        shape = f"{r.choice(list(FAMILIES))}.{r.choice(list(SIZES)[1:])}"
        yield Trace(
            name=f"i-{number:05}",
            kind=kind,
            shape=shape,
            days=days,
            samples=samples.select("t", "cpu", "memory", "is_seen"),
        )


def _noise(r: random.Random, least: float, most: float, *, slow: bool = False) -> pl.Expr:
    """Log-normal factor with mean 1, correlated from sample to sample (for hours where slow)."""
    deviation, alpha = r.uniform(least, most), 1 / 200 if slow else r.choice((1.0, 0.3, 0.05))
    column = pl.col(f"z{3 if slow else r.randrange(3)}")
    even = math.sqrt(alpha / (2 - alpha))
    return (column.ewm_mean(alpha=alpha, adjust=False) / even * deviation - deviation**2 / 2).exp()


def _by_day(r: random.Random, deviation: float) -> pl.Expr:
    """Log-normal factor, the same all day."""
    factors = [math.exp(r.gauss(0, deviation)) for _ in range(113)]
    return pl.lit(pl.Series(factors)).gather(elapsed.floor().cast(pl.Int64))


def _seen(r: random.Random, days: int) -> pl.Expr:
    """Which samples of the first half arrive: most often all; single ones lost, or an agent that was down for a day."""
    lost = pl.lit(value=False)
    if r.random() < 0.3:
        lost = pl.col("z0") > r.uniform(1.7, 3)
    if r.random() < 0.15:
        at = r.uniform(0, days / 2)
        lost = lost | elapsed.is_between(at, at + r.uniform(0.1, 2))
    return ~lost


def evaluate(*, count: int = 300, seed: int = 2026, batch_size: int = 60) -> dict[str, Any]:
    """Chooses on first halves and looks at second ones.

    Returns traces (judged), outgrown (left out), resized, hold (share of traces whose chosen shape holds), hold_resized
    (share of those with another shape than before), saving (share of hindsight's saving, in money over all traces), and
    by_kind: kind of load → the same hold and saving.
    """
    results: list[pl.DataFrame] = []
    traces: list[Trace] = []
    for trace in make(count=count, seed=seed):
        traces.append(trace)
        if len(traces) == batch_size:
            results.append(_outcomes(traces))
            traces = []
    if traces:
        results.append(_outcomes(traces))
    outcomes = pl.concat(results)
    fair = outcomes.filter(~pl.col("is_outgrown"))
    resized = fair.filter(pl.col("is_resized"))
    figures = [
        pl.col("holds").mean().alias("hold"),
        (pl.col("saved").sum() / pl.col("hindsight").sum()).alias("saving"),
    ]
    by_kind = fair.group_by("kind").agg(*figures).sort("kind")
    return {
        "traces": fair.height,
        "outgrown": outcomes.height - fair.height,
        "resized": resized.height,
        "hold_resized": resized["holds"].mean(),
        **fair.select(figures).row(0, named=True),
        "by_kind": {kind: {"hold": hold, "saving": saving} for kind, hold, saving in by_kind.iter_rows()},
    }


def _outcomes(traces: list[Trace]) -> pl.DataFrame:
    """One row per trace: kind, is_outgrown, is_resized, holds, saved and hindsight (USD per hour)."""
    judged = kinds.oversized(
        pl.DataFrame([_row(trace) for trace in traces], infer_schema_length=None)
        .join(_days(traces), on="resource_id", how="left", maintain_order="left")
        .lazy(),
        {},
        {"as_of": START.date()},
    ).collect()
    rows = []
    for trace, row in zip(traces, judged.iter_rows(named=True), strict=True):
        if row["verdict"] == "skipped":
            raise AssertionError(f"{trace.name} ({trace.kind}) was not judged: {row['skipped']}")
        later = trace.samples.filter(elapsed >= trace.days / 2)
        now = _shape(trace.shape)
        needs = {
            "vcpus": later["cpu"].quantile(0.99, "linear") / 100 * now["vcpus"] / (1 - HEADROOM),
            "memory_gib": later["memory"].quantile(0.99, "linear") / 100 * now["memory_gib"] / (1 - HEADROOM),
        }
        chosen = _shape(row["target"]) if row["verdict"] == "found" else now
        cheapest = min((s for s in _shapes() if _carries(s, needs)), key=lambda s: s["usd"], default=now)
        rows.append(
            {
                "kind": trace.kind,
                "is_outgrown": not _carries(now, needs),
                "is_resized": row["verdict"] == "found",
                "holds": _carries(chosen, needs),
                "saved": now["usd"] - chosen["usd"],
                "hindsight": max(0.0, now["usd"] - cheapest["usd"]),
            }
        )
    return pl.DataFrame(rows)


def _days(traces: list[Trace]) -> pl.DataFrame:
    """Lists of days of the first halves by resource_id, as a check hands them to the kind."""
    samples = pl.concat(
        trace.samples.filter((elapsed < trace.days / 2) & pl.col("is_seen")).select(
            pl.lit("aws").alias("provider"),
            pl.lit("").alias("sub_account_id"),
            pl.lit(trace.name).alias("resource_id"),
            pl.lit(metric).alias("metric"),
            (pl.lit(START) + pl.duration(seconds=(elapsed * 86_400).round()))
            .dt.replace_time_zone("UTC")
            .alias("timestamp"),
            pl.col(column).alias("value"),
            pl.lit(None, pl.Float64).alias("maximum"),
            pl.lit(300.0).alias("interval_seconds"),
        )
        for trace in traces
        for metric, column in (("cpu_utilization", "cpu"), ("memory_utilization", "memory"))
    )
    day = pl.struct(
        "metric_date", "average", "p95", "p99", "maximum",
        pl.col("hourly_maximum").list.drop_nulls().list.len().alias("sample_hours"),
    )  # fmt: skip
    days = statistics.daily(samples, stamp="start").sort("resource_id", "metric", "metric_date")
    return days.group_by("resource_id").agg(
        day.filter(pl.col("metric") == "cpu_utilization").alias("cpu_days"),
        day.filter(pl.col("metric") == "memory_utilization").alias("memory_days"),
    )


def _row(trace: Trace) -> dict[str, Any]:
    """What the bill and the catalogue of shapes say of the machine."""
    now = _shape(trace.shape)
    first = START.date()
    return {
        "resource_id": trace.name,
        "first_day": first,
        "last_day": first + timedelta(days=trace.days // 2 - 1),
        "observed_days": trace.days // 2,
        "cost": 1.0,
        "billed_hours": 24.0 * (trace.days // 2),
        **now,
        "options": [
            {**s, "price_ratio": s["usd"] / now["usd"], "price_basis": "list"}
            for s in _shapes()
            if s["usd"] < now["usd"]
        ],
    }


def _shape(name: str) -> dict[str, Any]:
    family, _, size = name.partition(".")
    gib, usd = FAMILIES[family]
    vcpus = float(SIZES[size])
    return {
        "shape": name,
        "family": family,
        "generation": 7,
        "architecture": "x86_64",
        "vcpus": vcpus,
        "memory_gib": gib * vcpus,
        "local_disk_gb": 0.0,
        "accelerator": "",
        "accelerator_count": 0.0,
        "accelerator_memory_gib": 0.0,
        "is_current": True,
        "usd": usd * vcpus,
    }


def _shapes() -> list[dict[str, Any]]:
    return [_shape(f"{family}.{size}") for family in FAMILIES for size in SIZES]


def _carries(shape: dict[str, Any], needs: dict[str, float]) -> bool:
    return all(shape[name] >= need * (1 - 1e-9) for name, need in needs.items())


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=2026)
    args = parser.parse_args()
    result = evaluate(count=args.count, seed=args.seed)
    lines = [f"{'load':<14} {'holds':>8} {'saving':>8}"]
    for kind, figures in (*result["by_kind"].items(), ("all", result)):
        lines.append(f"{kind:<14} {figures['hold']:>8.1%} {figures['saving']:>8.1%}")
    lines.append(
        f"{result['traces']} traces, {result['resized']} given a smaller shape, of which {result['hold_resized']:.1%} hold;"
        f" {result['outgrown']} outgrown as they are, left out"
    )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
