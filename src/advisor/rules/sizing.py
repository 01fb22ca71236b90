"""Which shape would do: the kind `oversized`. What the load will reach is told from its days, then shapes are compared.

`expected` turns days of measurements into the peak that the next weeks are expected to reach, per machine and metric;
`sized` takes the cheapest shape that carries the peaks of all dimensions with head-room. No clock, no I/O.

The forecast's numbers were fitted to generated traces, half of each hidden, so that fewer than one machine in a hundred
outgrows its new shape while most of the saving is had. tests/bench/traces.py tries them on other traces.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from advisor.rules import reasons

if TYPE_CHECKING:
    from collections.abc import Mapping

PARAMETERS: dict[str, float] = {
    "cpu_headroom": 0.2,
    "memory_headroom": 0.2,
    "network_headroom": 0.2,
    "disk_headroom": 0.2,
    "accelerator_headroom": 0.2,
    "min_saving_share": 0.05,
    "min_days": 14,
}
"""Parameters of a check and what holds where it has none: head-room and savings as shares of 1, history in days."""

LEVELS: dict[str, str] = {
    "cpu": "cpu_days",
    "memory": "memory_days",
    "network": "network_days",
    "disk throughput": "disk_bytes_days",
    "disk operations": "disk_operations_days",
    "accelerators": "gpu_days",
    "accelerator memory": "gpu_memory_days",
}
"""Dimension → column with its days. The first two and the accelerators are percentages of the machine as it is."""

PERCENT = ("cpu", "memory", "accelerators", "accelerator memory")

DAY_FIELDS = ("metric_date", "average", "p95", "p99", "maximum", "sample_hours")

OPTION_FIELDS: dict[str, Any] = {
    "shape": pl.String,
    "family": pl.String,
    "generation": pl.Int64,
    "architecture": pl.String,
    "vcpus": pl.Float64,
    "memory_gib": pl.Float64,
    "baseline_share": pl.Float64,
    "network_gbps": pl.Float64,
    "disk_mbps": pl.Float64,
    "disk_iops": pl.Float64,
    "local_disk_gb": pl.Float64,
    "accelerator": pl.String,
    "accelerator_count": pl.Float64,
    "accelerator_memory_gib": pl.Float64,
    "is_current": pl.Boolean,
    "price_ratio": pl.Float64,
    "price_basis": pl.String,
}
"""What is read of each entry of the column `options`."""

SHAPE_FACTS: dict[str, Any] = {
    name: dtype for name, dtype in OPTION_FIELDS.items() if name not in ("is_current", "price_ratio", "price_basis")
}
"""What is known of the machine's own shape: columns of the row, null where it is not."""

NO_EVIDENCE = (
    "options", "freeable_days", "credit_days", *LEVELS.values(), "family", "generation", "baseline_share", "network_gbps",
    "disk_mbps", "disk_iops", "local_disk_gb", "accelerator_count", "accelerator_memory_gib", "price_region",
)  # fmt: skip
"""Columns that are read and told nobody: what they come to is in EVIDENCE."""

ALTERNATIVES = pl.List(pl.Struct({"shape": pl.String, "why": pl.String, "price_ratio": pl.Float64}))
MAX_ALTERNATIVES = 2

# What every machine of today carries: taken for capacities that no source states, and for loads that nobody measured
# (never more than the machine has now; families made for their network, c5n and m6in, keep it).
NETWORK_FLOOR_GBPS = 0.25
DISK_FLOOR_MBPS = 40.0
DISK_FLOOR_IOPS = 2000.0
NETWORK_FAMILY = r"^[a-z]+\d+[a-mo-z]*n[a-z]*$"

MEMORY_FULL_SHARE = 0.95
"""Part of a shape's memory that the highest moment may fill: short of memory a program dies, short of CPU it waits."""

HIGH_CONFIDENCE_DAYS = 28
MOST_LAG_DAYS = 7
"""Samples that ended longer ago than this before the last bill say nothing of today: the agent died, or the load moved."""

# --- the forecast -------------------------------------------------------------------------------------------------

SPIKE_POWER = 0.2
"""How far the forecast leans from the p99 of the whole history to that of the worst day, on a log scale."""
SPIKE_FLOOR = 0.45
"""The forecast is never below this part of the worst day's p99."""
MARGIN_SHARE = 0.02
SWING_WEIGHT = 0.3
"""Margin: fixed, and per unit of the standard deviation of the weeks around their trend (of logarithms, at most 0.5)."""
GROWTH_WEIGHT = 0.8
"""Part of a trend that is taken to go on."""
GROWTH_DOUBT = 1.0
"""Standard errors that are taken off a trend before it is believed."""
GROWTH_MOST = 0.7
"""Log of the largest growth that is foretold: a doubling."""
SHORT_MARGIN = 0.05
FULL_WEEKS = 4
"""More margin for each week that the history has less than these."""
FIXED_PERCENT = 2.0
"""Points of the present machine on top: a cut from 1/8 to 1/16 saves little and is the first to go wrong."""
WEEKS_AHEAD = (2, 8)
"""The forecast looks as far ahead as it sees back, within these weeks."""

GRID = (0.0, 0.05, 0.15, 0.3, 0.4, 0.48, 0.56, 0.63, 0.7, 0.76, 0.82, 0.88, 0.94, 1.0)
"""Levels, in parts of the highest daily p99, between which the p99 of the whole history is interpolated."""


def expected(days: pl.DataFrame, *, fixed: Mapping[str, float]) -> pl.DataFrame:
    """What each metric of each unit is expected to reach in the weeks after its days.

    `days`: unit (integer), metric, metric_date, average, p95, p99, maximum, sample_hours (h); one row per unit, metric and
    day. `fixed`: what is added to the peak of a metric, in its unit.

    Returns one row per unit and metric: p99 (of all samples, put together from the days), highest (maximum), peak (what
    to size for), lasting (expected average of the busiest day), all in the metric's unit; sample_hours, sample_days,
    first_day, last_day.

    Days tell four points of their distribution: average, p95, p99 and maximum. The p99 of the whole history is where
    the straight lines between them leave 1 % of the time above. It is raised towards the worst day, by the swing of the
    weeks around their trend and by what of the trend is certain; see the constants above.
    """
    numbers = ("average", "p95", "p99", "maximum")
    names = sorted({"", *days.get_column("metric").unique()})
    usable = days.filter(
        pl.all_horizontal(pl.col(name).is_finite() for name in ("average", "p95", "p99")) & (pl.col("sample_hours") > 0)
    ).select(
        # One number instead of a number and a text: grouping two million days takes half as long.
        (
            pl.col("unit").cast(pl.Int64) * len(names)
            + pl.col("metric").replace_strict(names, range(len(names)), return_dtype=pl.Int64)
        ).alias("series"),
        "metric_date",
        *(pl.col(name).cast(pl.Float64).clip(lower_bound=0.0) for name in numbers),
        pl.col("sample_hours").cast(pl.Float64),
    )
    whole = usable.group_by("series").agg(
        pl.col("p99").max().alias("worst"),
        pl.max_horizontal("maximum", "p99").max().alias("highest"),
        pl.col("average").max().alias("busiest"),
        pl.col("sample_hours").sum(),
        pl.len().alias("sample_days"),
        pl.col("metric_date").min().alias("first_day"),
        pl.col("metric_date").max().alias("last_day"),
    )
    dated = usable.join(whole.select("series", "worst", "last_day"), on="series")
    known = (
        whole.join(_pooled_p99(dated), on="series")
        .join(_weeks(dated), on="series", how="left")
        .with_columns(
            (pl.col("series") // len(names)).cast(days.schema["unit"]).alias("unit"),
            (pl.col("series") % len(names))
            .replace_strict(range(len(names)), names, return_dtype=pl.String)
            .alias("metric"),
            pl.col("weeks").fill_null(1),
            pl.col("swing", "trend", "doubt").fill_null(0.0),
        )
    )
    ahead = pl.col("weeks").clip(*WEEKS_AHEAD)
    certain = (pl.col("trend") - GROWTH_DOUBT * pl.col("doubt")).clip(lower_bound=0.0)
    growth = (GROWTH_WEIGHT * certain * ahead).clip(upper_bound=GROWTH_MOST).exp()
    short = 1 + SHORT_MARGIN * (FULL_WEEKS - pl.col("weeks")).clip(lower_bound=0)
    spiky = pl.col("p99") * (pl.col("worst") / pl.col("p99")) ** SPIKE_POWER
    likely = spiky.fill_nan(0.0) * (1 + MARGIN_SHARE + SWING_WEIGHT * pl.col("swing").clip(upper_bound=0.5))
    fixed_amount = pl.col("metric").replace_strict(dict(fixed), default=0.0, return_dtype=pl.Float64)
    return known.select(
        "unit",
        "metric",
        "p99",
        "highest",
        ((pl.max_horizontal(likely, SPIKE_FLOOR * pl.col("worst")) * growth + fixed_amount) * short).alias("peak"),
        (pl.col("busiest") * growth * short).alias("lasting"),
        "sample_hours",
        "sample_days",
        "first_day",
        "last_day",
    )


def _pooled_p99(dated: pl.DataFrame) -> pl.DataFrame:
    """The p99 of all days together, by series: the level that 1 % of the time lies above."""
    top = pl.max_horizontal("maximum", "p99")
    corners = (
        (0.01, top, pl.col("p99")),
        (0.04, pl.col("p99"), pl.col("p95")),
        (0.45, pl.col("p95"), pl.col("average")),
    )
    # The part of a day above a level, by straight lines through half at average, 5 % at p95, 1 % at p99, none at maximum.
    lines = dated.lazy().select(
        "series",
        "worst",
        "sample_hours",
        *(
            part.alias(f"{name}{n}")
            for n, (_, high, low) in enumerate(corners)
            for name, part in (
                ("from", high / (high - low).clip(lower_bound=1e-9 * pl.col("worst"))),
                ("per", pl.col("worst") / (high - low).clip(lower_bound=1e-9 * pl.col("worst"))),
            )
        ),
    )
    above = [
        pl.sum_horizontal(
            share * (pl.col(f"from{n}") - level * pl.col(f"per{n}")).clip(0.0, 1.0)
            for n, (share, _, _) in enumerate(corners)
        )
        for level in GRID
    ]
    hours = pl.col("sample_hours")
    sums = lines.group_by("series").agg(
        pl.col("worst").first(), *((part * hours).sum().alias(f"{n}") for n, part in enumerate(above)), hours.sum()
    )
    # Between the last level with more than 1 % of the time above it and the next; at the top there is at most 1 %.
    p99 = pl.lit(0.0)
    for n, (low, high) in enumerate(pairwise(GRID)):
        more, less = (pl.col(f"{m}") / hours for m in (n, n + 1))
        part = ((more - 0.01) / (more - less)).clip(0.0, 1.0)
        p99 = pl.when(more > 0.01).then(low + (high - low) * part).otherwise(p99)
    return sums.select("series", (p99 * pl.col("worst")).fill_nan(0.0).alias("p99")).collect()


def _weeks(dated: pl.DataFrame) -> pl.DataFrame:
    """How the weeks moved, by series: weeks, trend and its doubt (logs per week), swing (of logs, around the trend).

    Weeks are counted back from the newest day, so that each holds every day of the week once; one of which less than
    half was seen is left out.
    """
    level = pl.max_horizontal("p99", 0.05 * pl.col("worst")).clip(lower_bound=1e-9)
    weekly = (
        dated.with_columns(
            ((pl.col("last_day") - pl.col("metric_date")).dt.total_days() // 7).alias("week"), level.alias("level")
        )
        .group_by("series", "week")
        .agg(
            pl.len().alias("days"),
            pl.col("level").mean().log().alias("y"),
            pl.col("level").log().var(ddof=0).fill_null(0.0).alias("within"),
        )
        .filter(pl.col("days") >= 4)
        .with_columns((-pl.col("week")).cast(pl.Float64).alias("x"))
    )
    x, y, n = pl.col("x"), pl.col("y"), pl.len()
    moved = weekly.group_by("series").agg(
        n.cast(pl.Int64).alias("weeks"),
        ((x - x.mean()) ** 2).sum().alias("xx"),
        ((x - x.mean()) * (y - y.mean())).sum().alias("xy"),
        ((y - y.mean()) ** 2).sum().alias("yy"),
        pl.col("within").mean(),
    )
    trend = pl.col("xy") / pl.col("xx")
    left = (pl.col("yy") - pl.col("xy") ** 2 / pl.col("xx")).clip(lower_bound=0.0)
    swing = (left / (pl.col("weeks") - 2).clip(lower_bound=1)).sqrt()
    # Two or three weeks always lie near a line: the days within them say how much chance is in it.
    chance = pl.max_horizontal(swing, 0.5 * (pl.col("within") / 7).sqrt())
    several = pl.col("weeks") >= 2
    return moved.select(
        "series",
        "weeks",
        pl.when(several).then(trend).otherwise(0.0).alias("trend"),
        pl.when(several).then(chance / pl.col("xx").sqrt()).otherwise(0.0).alias("doubt"),
        pl.when(several).then(swing).otherwise(0.0).alias("swing"),
    )


# --- the judgement ------------------------------------------------------------------------------------------------


def sized(rows: pl.LazyFrame, params: Mapping[str, Any]) -> pl.LazyFrame:
    """Rows with the cheapest of their options that carries the expected peak of every dimension.

    `rows`, beside reasons.COMMON: the facts of the present shape (SHAPE_FACTS), billed_hours (h), a list of days per
    dimension (LEVELS, also freeable_days in bytes and credit_days; missing or null: not measured) and `options`, the
    shapes to choose from with their price in parts of the price now paid. `params` may hold any of PARAMETERS.

    The target has the same architecture, is no older generation and keeps local disks and accelerators; fewer of these
    only where both their use and their memory were measured. A burstable shape must earn the credits of the busiest day
    within it. Memory that was not measured is kept; for network and disks see the floors above.

    Adds the columns of EVIDENCE (target and what goes with it are null where nothing cheaper fits), `unjudged` (one
    of advisor.rules.reasons, or null) and `target_saves` (share of the cost). Amounts are in the unit that ends a column's name.
    """
    frame = rows.collect().with_row_index("unit")
    limits = {name: float(params.get(name, default)) for name, default in PARAMETERS.items()}
    facts = _facts(frame)
    needs = _needs(facts, _load(frame, facts), limits)
    chosen = _choose(needs, _options(frame), limits)
    judged = _evidence(needs.join(chosen, on="unit", how="left", maintain_order="left"))
    return (
        frame.drop(EVIDENCE, strict=False)
        .join(
            judged.select("unit", *EVIDENCE, "unjudged", "target_saves"), on="unit", how="left", maintain_order="left"
        )
        .drop("unit")
        .lazy()
    )


EVIDENCE = (
    "target",
    "price_ratio",
    "price_basis",
    "alternatives",
    "cpu_p99_percent",
    "memory_p99_percent",
    "cpu_peak_vcpus",
    "memory_peak_gib",
    "target_vcpus",
    "target_memory_gib",
    "headroom_percent",
    "not_measured",
    "history_days",
    "confidence",
)
"""Columns that `sized` adds for people to read."""


def _facts(frame: pl.DataFrame) -> pl.DataFrame:
    """The machine as it is: one row per unit; what a check does not return is unknown."""
    plain = {"billed_hours": pl.Float64, "observed_days": pl.Int64, "first_day": pl.Date, "last_day": pl.Date}
    wanted = {**SHAPE_FACTS, **plain}
    return frame.select(
        "unit",
        *(
            (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in wanted.items()
        ),
        (pl.col("options") if "options" in frame.columns else pl.lit(None)).is_not_null().alias("is_priced"),
    )


def _load(frame: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """One row per unit: for each dimension `expected` as a struct, null where there are no days; and credits_least."""
    parts = [_days(frame, column).with_columns(pl.lit(name).alias("metric")) for name, column in LEVELS.items()]
    parts.append(_used(_days(frame, "freeable_days"), facts))
    days = pl.concat([part.select("unit", "metric", *DAY_FIELDS) for part in parts])
    known = expected(days, fixed=dict.fromkeys(PERCENT, FIXED_PERCENT) | {"freeable": FIXED_PERCENT})
    fields = pl.struct("p99", "highest", "peak", "lasting", "sample_hours", "sample_days", "first_day", "last_day")
    load = facts.select("unit")
    for name in (*LEVELS, "freeable"):
        one = known.filter(pl.col("metric") == name).select("unit", fields.alias(name))
        load = load.join(one, on="unit", how="left")
    credits = _days(frame, "credit_days").group_by("unit").agg(pl.col("maximum").min().alias("credits_least"))
    return load.join(credits, on="unit", how="left")


def _days(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The list column of days as rows: unit and DAY_FIELDS."""
    schema = {"unit": pl.UInt32, "metric_date": pl.Date, **dict.fromkeys(DAY_FIELDS[1:], pl.Float64)}
    dtype = frame.schema.get(column)
    if not isinstance(dtype, pl.List) or not isinstance(dtype.inner, pl.Struct):
        return pl.DataFrame(schema=schema)
    rows = frame.select("unit", column).filter(pl.col(column).list.len() > 0).explode(column).unnest(column)
    return rows.select("unit", *(pl.col(name).cast(schema[name]) for name in DAY_FIELDS))


def _used(free: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Days of free bytes (statistics of the low side) as days of memory in use, in percent of the machine's memory."""
    whole = pl.col("memory_gib") * 2**30
    used = free.join(facts.select("unit", "memory_gib"), on="unit").filter(pl.col("memory_gib") > 0)
    return used.with_columns(
        pl.lit("freeable").alias("metric"),
        *(
            (100 * (1 - pl.col(name).clip(0.0, whole) / whole)).alias(name)
            for name in ("average", "p95", "p99", "maximum")
        ),
    )


def _needs(facts: pl.DataFrame, load: pl.DataFrame, limits: Mapping[str, float]) -> pl.DataFrame:
    """One row per unit: what a shape must have (need_…), what was measured (has_…), and `unjudged`."""
    known = facts.join(load, on="unit", how="left", maintain_order="left")
    hours = pl.col("cpu").struct.field("sample_hours")

    def has(name: str) -> pl.Expr:
        """Measured as long as the CPU was."""
        part = pl.col(name).struct
        return (
            (part.field("sample_hours") >= reasons.SAMPLED_SHARE * hours)
            & (part.field("sample_days") >= limits["min_days"])
            & (part.field("last_day") >= pl.col("last_day") - pl.duration(days=MOST_LAG_DAYS))
        ).fill_null(value=False)

    known = known.with_columns(has(name).alias(f"has_{name}") for name in (*LEVELS, "freeable")).with_columns(
        pl.when("has_memory").then("memory").when("has_freeable").then("freeable").alias("memory"),
        (pl.col("has_memory") | pl.col("has_freeable")).alias("has_memory"),
    )

    def peak(name: str, headroom: str, scale: pl.Expr | float) -> pl.Expr:
        return pl.col(name).struct.field("peak") * scale / (1 - limits[headroom])

    memory_full = pl.col("memory").struct.field("highest") / 100 * pl.col("memory_gib") / MEMORY_FULL_SHARE
    accelerators = pl.col("has_accelerators") & pl.col("has_accelerator memory")
    share = pl.lit(0.01)
    return known.with_columns(
        peak("cpu", "cpu_headroom", share * pl.col("vcpus")).alias("need_vcpus"),
        (pl.col("cpu").struct.field("lasting") * share * pl.col("vcpus") / (1 - limits["cpu_headroom"])).alias(
            "need_lasting"
        ),
        pl.when("has_memory")
        .then(pl.max_horizontal(peak("memory", "memory_headroom", share * pl.col("memory_gib")), memory_full))
        .otherwise("memory_gib")
        .alias("need_memory_gib"),
        pl.when("has_network")
        .then(peak("network", "network_headroom", 8e-9))
        .when(pl.col("family").str.contains(NETWORK_FAMILY))
        .then("network_gbps")
        .otherwise(pl.min_horizontal("network_gbps", NETWORK_FLOOR_GBPS))
        .alias("need_network_gbps"),
        pl.when("has_disk throughput")
        .then(peak("disk throughput", "disk_headroom", 1e-6))
        .otherwise(pl.min_horizontal("disk_mbps", DISK_FLOOR_MBPS))
        .alias("need_disk_mbps"),
        pl.when("has_disk operations")
        .then(peak("disk operations", "disk_headroom", 1.0))
        .otherwise(pl.min_horizontal("disk_iops", DISK_FLOOR_IOPS))
        .alias("need_disk_iops"),
        pl.when(accelerators)
        .then(peak("accelerators", "accelerator_headroom", share * pl.col("accelerator_count")))
        .otherwise("accelerator_count")
        .alias("need_accelerators"),
        pl.when(accelerators)
        .then(peak("accelerator memory", "accelerator_headroom", share * pl.col("accelerator_memory_gib")))
        .otherwise("accelerator_memory_gib")
        .alias("need_accelerator_memory_gib"),
        _unjudged(limits).alias("unjudged"),
    )


def _unjudged(limits: Mapping[str, float]) -> pl.Expr:
    """Why a unit cannot be judged, else null.

    Where the measurements began later than the bill, their own days must be covered: older ones are no gap.
    """
    cpu = pl.col("cpu").struct
    seen_days = (pl.col("last_day") - pl.col("first_day")).dt.total_days() + 1
    measured_days = (pl.col("last_day") - cpu.field("first_day")).dt.total_days() + 1
    part = (measured_days / seen_days).clip(0.0, 1.0)
    few = (
        cpu.field("sample_hours") < reasons.SAMPLED_SHARE * pl.col("billed_hours") * part * (1 - reasons.TOLERANCE)
    ) | (
        (cpu.field("sample_days") < limits["min_days"])
        | (cpu.field("last_day") < pl.col("last_day") - pl.duration(days=MOST_LAG_DAYS))
    )
    known = pl.all_horizontal(pl.col(name).is_not_null() for name in ("vcpus", "memory_gib", "architecture", "family"))
    return (
        pl.when(pl.col("observed_days") < limits["min_days"])
        .then(pl.lit(reasons.SHORT_HISTORY))
        .when(pl.col("cpu").is_null())
        .then(pl.lit(reasons.NO_SAMPLES))
        .when(few.fill_null(value=True))
        .then(pl.lit(reasons.FEW_SAMPLES))
        .when(~known | (pl.col("vcpus") <= 0))
        .then(pl.lit(reasons.SHAPE_UNKNOWN))
        .when(~pl.col("is_priced"))
        .then(pl.lit(reasons.NO_PRICE))
    )


def _options(frame: pl.DataFrame) -> pl.DataFrame:
    """The shapes to choose from as rows: unit and OPTION_FIELDS, named o_…; those without a price are left out."""
    schema = {"unit": pl.UInt32, **{f"o_{name}": kind for name, kind in OPTION_FIELDS.items()}}
    dtype = frame.schema.get("options")
    if not isinstance(dtype, pl.List) or not isinstance(dtype.inner, pl.Struct):
        return pl.DataFrame(schema=schema)
    stated = {field.name for field in dtype.inner.fields}
    rows = frame.select("unit", "options").filter(pl.col("options").list.len() > 0).explode("options").unnest("options")
    ratio = pl.col("o_price_ratio")
    return rows.select(
        "unit",
        *(
            (pl.col(name) if name in stated else pl.lit(None)).cast(kind).alias(f"o_{name}")
            for name, kind in OPTION_FIELDS.items()
        ),
    ).filter(ratio.is_finite() & (ratio > 0))


def _choose(needs: pl.DataFrame, options: pl.DataFrame, limits: Mapping[str, float]) -> pl.DataFrame:
    """The cheapest fitting option of each unit, if any, and others beside it: unit, chosen (struct), alternatives."""
    fitting = (
        options.join(needs.filter(pl.col("unjudged").is_null()), on="unit")
        .filter(_fits(), 1 - pl.col("o_price_ratio") >= limits["min_saving_share"] * (1 - reasons.TOLERANCE))
        .with_columns(
            (pl.col("o_family") == pl.col("family")).alias("is_family"),
            (pl.col("o_generation") > pl.col("generation")).fill_null(value=False).alias("is_newer"),
            (pl.col("o_architecture") == pl.col("architecture")).alias("is_compatible"),
        )
        # Of equal price: what changes least, then what is newest.
        .sort(
            "unit", pl.col("o_price_ratio").round(9), "is_family", "o_generation", "o_shape",
            descending=[False, False, True, True, False],
        )
    )  # fmt: skip
    targets = fitting.filter("is_compatible").group_by("unit", maintain_order=True).first()
    own = targets.select("unit", pl.col("o_shape").alias("target"), pl.col("is_family").alias("stays"))
    others = fitting.join(own, on="unit").filter(pl.col("o_shape") != pl.col("target"))
    ways = (
        ("same family", pl.col("is_family") & ~pl.col("stays")),
        ("newer generation", pl.col("is_compatible") & pl.col("is_newer") & ~pl.col("is_family")),
        ("Arm", (pl.col("o_architecture") == "arm64") & ~pl.col("is_compatible")),
    )
    found = [
        others.filter(applies)
        .group_by("unit", maintain_order=True)
        .first()
        .select("unit", pl.lit(n).alias("place"), "o_shape", pl.lit(why).alias("why"), "o_price_ratio")
        for n, (why, applies) in enumerate(ways)
    ]
    entry = pl.struct(pl.col("o_shape").alias("shape"), "why", pl.col("o_price_ratio").alias("price_ratio"))
    beside = (
        pl.concat(found)
        .sort("unit", "place")
        .unique(["unit", "o_shape"], keep="first", maintain_order=True)
        .group_by("unit", maintain_order=True)
        .agg(entry.head(MAX_ALTERNATIVES).alias("alternatives"))
    )
    return targets.select("unit", *(f"o_{name}" for name in OPTION_FIELDS)).join(beside, on="unit", how="left")


def _fits() -> pl.Expr:
    """Whether an option (o_…) carries what the unit needs (need_…)."""

    def enough(option: pl.Expr, need: str) -> pl.Expr:
        return (option >= pl.col(need) * (1 - reasons.TOLERANCE)) | pl.col(need).is_null()

    def carries(name: str, floor: float) -> pl.Expr:
        # No source says what either carries: a shape with as many vCPUs carries as much.
        neither = pl.col(f"o_{name}").is_null() & pl.col(name).is_null() & (pl.col("o_vcpus") >= pl.col("vcpus"))
        return neither | enough(pl.col(f"o_{name}").fill_null(floor), f"need_{name}")

    same_family = pl.col("o_family") == pl.col("family")
    no_older = (pl.col("generation") > 0) & (pl.col("o_generation") >= pl.col("generation"))
    bursts = pl.col("o_baseline_share").is_not_null()
    # A credit balance that ran out has throttled the machine: nobody knows what it would have used.
    earns = enough(pl.col("o_baseline_share") * pl.col("o_vcpus"), "need_lasting") & (
        pl.col("baseline_share").is_null() | pl.col("credits_least").is_null() | (pl.col("credits_least") > 0)
    )
    architecture = (pl.col("o_architecture") == pl.col("architecture")) | (
        (pl.col("architecture") == "x86_64") & (pl.col("o_architecture") == "arm64")
    )
    accelerator = (pl.col("o_accelerator").fill_null("") == pl.col("accelerator").fill_null("")) & (
        (pl.col("accelerator").fill_null("") == "")
        | (
            enough(pl.col("o_accelerator_count"), "need_accelerators")
            & enough(pl.col("o_accelerator_memory_gib"), "need_accelerator_memory_gib")
        )
    )
    return pl.all_horizontal(
        pl.col("o_shape") != pl.col("shape").fill_null(""),
        architecture,
        same_family | no_older,
        same_family | pl.col("o_is_current"),
        ~bursts | earns,
        enough(pl.col("o_vcpus"), "need_vcpus"),
        enough(pl.col("o_memory_gib"), "need_memory_gib"),
        carries("network_gbps", NETWORK_FLOOR_GBPS),
        carries("disk_mbps", DISK_FLOOR_MBPS),
        carries("disk_iops", DISK_FLOOR_IOPS),
        pl.col("o_local_disk_gb").fill_null(0.0) >= pl.col("local_disk_gb").fill_null(0.0),
        accelerator,
    ).fill_null(value=False)


def _evidence(judged: pl.DataFrame) -> pl.DataFrame:
    """`judged` with the columns of EVIDENCE (rounded: the last digits of sums are chance) and target_saves."""
    cpu = pl.col("cpu").struct
    memory = pl.col("memory").struct
    cpu_peak = cpu.field("peak") / 100 * pl.col("vcpus")
    memory_peak = memory.field("peak") / 100 * pl.col("memory_gib")
    spare = 1 - pl.max_horizontal(cpu_peak / pl.col("o_vcpus"), memory_peak / pl.col("o_memory_gib"))
    lacking = [
        pl.when(~pl.col(f"has_{name}")).then(pl.lit(name))
        for name in LEVELS
        if name not in ("cpu", "accelerators", "accelerator memory")
    ]
    has_accelerator = pl.col("accelerator").fill_null("") != ""
    lacking += [
        pl.when(has_accelerator & ~pl.col(f"has_{name}")).then(pl.lit(name))
        for name in ("accelerators", "accelerator memory")
    ]
    history_days = (cpu.field("last_day") - cpu.field("first_day")).dt.total_days() + 1
    sure = pl.col("has_memory") & pl.col("has_network") & (cpu.field("sample_days") >= HIGH_CONFIDENCE_DAYS)
    return judged.with_columns(
        pl.col("o_shape").alias("target"),
        pl.col("o_price_ratio").alias("price_ratio"),
        pl.col("o_price_basis").alias("price_basis"),
        pl.col("alternatives").cast(ALTERNATIVES),
        cpu.field("p99").round(2).alias("cpu_p99_percent"),
        memory.field("p99").round(2).alias("memory_p99_percent"),
        cpu_peak.round(3).alias("cpu_peak_vcpus"),
        memory_peak.round(3).alias("memory_peak_gib"),
        pl.col("o_vcpus").alias("target_vcpus"),
        pl.col("o_memory_gib").alias("target_memory_gib"),
        (100 * spare).round(1).alias("headroom_percent"),
        pl.concat_list(lacking).list.drop_nulls().alias("not_measured"),
        history_days.alias("history_days"),
        pl.when(~pl.col("has_memory"))
        .then(pl.lit("low"))
        .when(sure)
        .then(pl.lit("high"))
        .otherwise(pl.lit("medium"))
        .alias("confidence"),
        (1 - pl.col("o_price_ratio")).alias("target_saves"),
    )
