"""Samples of resources → statistics per resource, metric and UTC day. Pure: frame in, frame out.

Every source of utilisation goes through here, so that a day means the same whoever measured it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from advisor.utilization.metrics import METRICS

if TYPE_CHECKING:
    import polars as pl

    Stamp = Literal["start", "end"]
    """Which end of its interval a sample's timestamp is."""

KEYS = ("provider", "sub_account_id", "resource_id", "metric")
"""What makes a series of samples."""

GAP = 3.0
"""A pause longer than this many usual intervals is a gap: nothing is known of it, so no rate is spread over it."""

DAY_SECONDS = 86_400.0


def daily(samples: pl.DataFrame, *, stamp: Stamp) -> pl.DataFrame:
    """Statistics of `samples` by series and UTC day: columns of utilization_days except source and fetched_at.

    `samples`: the columns KEYS, timestamp (datetime, UTC), value, maximum and interval_seconds (both may be null), and
    optionally is_rate (amounts that come per second already). Any order; gaps are left as they are. A sample belongs to
    the UTC day and hour of its timestamp, whichever end of its interval that is.

    Levels: average, p95 and p99 (by linear interpolation) over the values, maximum over `maximum` where it is known; of
    metrics that fall as load grows all of it on the low side (`maximum` of a sample is then its least value).
    Amounts: the same over rates per second, the average being total by time observed. A sample's interval is the given
    one, else the way to the neighbour at the other end of it, else the usual one of its series: at the ends of a series
    and at gaps. An amount that is alone in its series has no interval: it is spread over its day.

    Several samples of one instant are one: levels their mean (and the largest maximum); amounts their sum, but of a
    series that only repeats itself (every instant always with the same amount) it is one amount. Values that are null,
    infinite or NaN are no samples. Raises ValueError for metrics that are not in METRICS.
    """
    import polars as pl

    unknown = set(samples.get_column("metric").unique()) - METRICS.keys()
    if unknown:
        raise ValueError(f"not canonical metrics: {sorted(unknown)}")
    usable = samples.lazy().filter(pl.col("value").is_finite() & pl.col("timestamp").is_not_null()).collect()
    series = usable.select(KEYS).unique().sort(KEYS).with_row_index("series")
    amounts = [name for name, metric in METRICS.items() if metric.amount]
    # What falls as load grows is turned upside down and back again.
    falling = [name for name, metric in METRICS.items() if metric.falls]
    sign = pl.when(pl.col("metric").is_in(falling)).then(-1.0).otherwise(1.0)
    rate = pl.col("is_rate").fill_null(value=False) if "is_rate" in samples.columns else pl.lit(value=False)
    coded = (
        usable.join(series, on=KEYS, how="inner")
        .select(
            "series",
            pl.col("timestamp").dt.replace_time_zone(None).cast(pl.Datetime("us")),
            pl.col("value").cast(pl.Float64) * sign,
            pl.col("maximum").cast(pl.Float64).fill_nan(None) * sign,
            pl.col("interval_seconds").cast(pl.Float64),
            pl.col("metric").is_in(amounts).alias("is_amount"),
            rate.alias("is_rate"),
        )
        .sort("series", "timestamp")
    )
    rates = _with_rates(_one_per_instant(coded), stamp)
    days = _days(rates).join(series, on="series").sort(*KEYS, "metric_date")
    return days.select(
        *KEYS,
        "metric_date",
        *(pl.col(name) * sign for name in ("average", "p95", "p99", "maximum")),
        "total",
        pl.col("sample_count").cast(pl.Int32),
        (pl.col("hourly_maximum") * sign.cast(pl.Float32)).cast(pl.List(pl.Float32)),
    )


def _one_per_instant(coded: pl.DataFrame) -> pl.DataFrame:
    """`coded` (sorted by series and timestamp) with one row for each instant of a series."""
    import polars as pl

    again = (pl.col("series") == pl.col("series").shift(1)) & (pl.col("timestamp") == pl.col("timestamp").shift(1))
    if not coded.select(again.any()).item():
        return coded
    value = pl.col("value")
    instants = coded.group_by("series", "timestamp", maintain_order=True).agg(
        value.first().alias("once"),
        value.sum().alias("sum"),
        value.mean().alias("mean"),
        (value.min() != value.max()).alias("differs"),
        # Where one value has a maximum and another has none, the latter counts as its own.
        pl.when(pl.col("maximum").is_not_null().any())
        .then(pl.max_horizontal("maximum", "value").max())
        .otherwise(value.max())
        .alias("maximum"),
        pl.col("interval_seconds").max(),
        pl.col("is_amount").first(),
        pl.col("is_rate").first(),
    )
    # Parts of a whole (in and out, disk by disk) differ sooner or later; what was delivered twice never does.
    amount = pl.when(pl.col("differs").any().over("series")).then("sum").otherwise("once")
    return instants.select(
        "series",
        "timestamp",
        pl.when("is_amount").then(amount).otherwise("mean").alias("value"),
        "maximum",
        "interval_seconds",
        "is_amount",
        "is_rate",
    )


def _with_rates(instants: pl.DataFrame, stamp: Stamp) -> pl.DataFrame:
    """`instants` with `rate` (what statistics are over), `top` and `amount` and `seconds` (null for levels)."""
    import polars as pl

    step = -1 if stamp == "start" else 1
    moment = pl.col("timestamp").dt.epoch("us")
    neighbour = ((moment - moment.shift(step)) * step / 1e6).alias("way")
    ways = instants.with_columns(pl.when(pl.col("series") == pl.col("series").shift(step)).then(neighbour).alias("way"))
    usual = ways.group_by("series").agg(pl.col("way").median().alias("usual"))
    near = pl.when(pl.col("way") <= GAP * pl.col("usual")).then("way").otherwise("usual")
    given = pl.when(pl.col("interval_seconds") > 0).then("interval_seconds")
    known = pl.coalesce(given, near)
    seconds = known.fill_null(DAY_SECONDS)
    is_level = pl.col("is_amount").not_()
    return (
        ways.join(usual, on="series", how="left", maintain_order="left")
        .with_columns(pl.when("is_amount").then(seconds).alias("seconds"))
        .with_columns(
            pl.when(is_level | pl.col("is_rate"))
            .then("value")
            .otherwise(pl.col("value") / pl.col("seconds"))
            .alias("rate")
        )
        .select(
            "series",
            "timestamp",
            "rate",
            "seconds",
            pl.when(is_level).then(pl.max_horizontal("maximum", "value")).otherwise("rate").alias("top"),
            # Of a rate that stands alone nobody knows how long it held.
            pl.when(pl.col("is_rate").not_()).then("value").otherwise(pl.col("rate") * known).alias("amount"),
        )
    )


def _days(rates: pl.DataFrame) -> pl.DataFrame:
    """Statistics by `series` and `metric_date`."""
    import polars as pl

    dated = rates.with_columns(pl.col("timestamp").dt.date().alias("metric_date"))
    is_amount = pl.col("seconds").is_not_null().any()
    average = (pl.col("rate") * pl.col("seconds")).sum() / pl.col("seconds").sum()
    total = pl.when(is_amount & pl.col("amount").is_not_null().all()).then(pl.col("amount").sum())
    days = (
        dated.group_by("series", "metric_date")
        .agg(
            pl.when(is_amount).then(average).otherwise(pl.col("rate").mean()).alias("average"),
            pl.col("rate").quantile(0.95, interpolation="linear").alias("p95"),
            pl.col("rate").quantile(0.99, interpolation="linear").alias("p99"),
            pl.col("top").max().alias("maximum"),
            total.alias("total"),
            pl.len().alias("sample_count"),
        )
        .sort("series", "metric_date")
        .with_row_index("place")
    )
    hours = (
        dated.group_by("series", "metric_date", pl.col("timestamp").dt.hour().alias("hour"))
        .agg(pl.col("top").max().cast(pl.Float32))
        .join(days.select("series", "metric_date", "place"), on=["series", "metric_date"])
    )
    slots = (
        pl.select(slot=pl.int_range(days.height * 24, dtype=pl.Int64))
        .join(hours.select(slot=pl.col("place").cast(pl.Int64) * 24 + pl.col("hour"), top="top"), on="slot", how="left")
        .sort("slot")
        .get_column("top")
    )
    return days.with_columns(slots.reshape((-1, 24)).cast(pl.List(pl.Float32)).alias("hourly_maximum"))
