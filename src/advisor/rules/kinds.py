"""The judgements: pure functions from a check's rows to verdicts and money.

A check's SQL selects and reshapes; a kind decides. Every kind takes

    rows    one row per resource, with the columns of `COMMON` and those that the check's `[judge]` table names
    judge   the check's `[judge]` table: which column plays which part
    params  the check's parameters, by name, plus `as_of`

and returns the rows with three more columns:

    verdict   "found", "quiet" or "skipped"
    skipped   why it could not be judged, else null
    saves     share (0 to 1) of the window's cost that would no longer be paid

`price` then turns shares into money per month. No clock, no I/O, no database.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from advisor.model import DAYS_PER_MONTH
from advisor.rules import sizing
from advisor.rules.reasons import (
    FEW_SAMPLES,
    NO_PRICE,
    NO_SAMPLES,
    NO_USAGE_LINES,
    SAMPLED_SHARE,
    SHORT_HISTORY,
    TOLERANCE,
    UNJUDGED,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMON: dict[str, str] = {
    "provider": "cloud the resource is in",
    "sub_account_id": "account or project",
    "resource_id": "resource, or what stands for one: a region, a subscription",
    "billing_currency": "currency of every amount in the row",
    "first_day": "first day of the resource that the query saw",
    "last_day": "last day of the resource that the query saw",
    "observed_days": "distinct days on which it was billed",
    "cost": "effective cost in the window of the charges that the finding is about, before credits",
}
"""Columns every check returns."""

OPTIONAL: dict[str, str] = {
    "committed_cost": "part of cost that a reservation or Savings Plan covers: freed, not saved",
    "list_cost": "the same charges at list price; missing means cost",
    "claims": "usage types (as billed) whose money the finding claims; missing means the whole resource",
    "variant": "row of the check's [commands] table",
    "resource_type": "what it is, where the service name does not say",
    "region_id": "where the view `resources` does not know the resource's region",
    "service_name": "where it is not the check's service",
    "span_days": "days that cost stands for; missing or null means the part of the window since first_day",
    "saves_share": "share of cost that would be saved, where the check computes it",
    "confidence": "where a row proves less than its check can",
    "members": "of a group of machines: list of resource_id and cost, whose money the finding claims",
    "sample_hours": "hours of the window with samples of the metric that decides; null: none",
    "billed_hours": "hours of the window in which it was billed",
    "unjudged": "why a row cannot be judged, where the query knows; else null",
    "group_confidence": "what a row proves that stands for unnamed resources (all:…); missing means low",
}
"""Columns a check may return; every other column is evidence."""

MISSING = "missing_days"
"""Column that the engine adds: days of the window that the whole export of the row's cloud lacks; none without it."""


def idle(rows: pl.LazyFrame, judge: Mapping[str, Any], params: Mapping[str, Any]) -> pl.LazyFrame:
    """Paid for, hardly used: `use` (per unit of `per`) is at or below the parameter `at_most`.

    A resource must have been billed on every one of the last `window_days` days, else it is skipped; `use` that is
    null means its lines are missing, which is not zero. `per` of zero or null cannot be judged either. `also` names
    further columns and their parameters, which must all be at most as large.
    """
    use = _number(judge["use"])
    per = _number(judge["per"]) if "per" in judge else pl.lit(1.0)
    unseen = use.is_null() | per.is_null() | (per <= 0)
    found = _at_most(use, params[judge["at_most"]] * per)
    for column, limit in judge.get("also", {}).items():
        unseen |= _number(column).is_null()
        found &= _at_most(_number(column), params[limit])
    # Use that was seen is use, however few samples there are; only idleness has to be seen throughout.
    idle_so_far = found.fill_null(value=True)
    lacking = {reason: lacks & idle_so_far for reason, lacks in _unsampled(rows).items()}
    if lacking:
        lacking[NO_SAMPLES] |= unseen & idle_so_far
    else:
        lacking = {NO_USAGE_LINES: unseen}
    return _verdicts(
        rows,
        found=found,
        skips={SHORT_HISTORY: _too_short(rows, params), **lacking},
        active_within_days=judge.get("active_within_days", 2),
        as_of=params["as_of"],
    )


def schedule(rows: pl.LazyFrame, judge: Mapping[str, Any], params: Mapping[str, Any]) -> pl.LazyFrame:
    """Runs around the clock where working hours would do: `hours` reach `at_least` of the window's hours.

    Saves 1 - working_hours_per_week / 168 of the cost, the week having 168 hours. With `quiet_hours` in [judge] the
    load was watched: that column (hours of the week without any) must reach `at_least`, and `saves_share` says what the
    hours cost.
    """
    if "quiet_hours" in judge:
        quiet = _number(judge["quiet_hours"])
        return _verdicts(
            rows,
            found=_at_least(quiet, params[judge["at_least"]]),
            skips={SHORT_HISTORY: _too_short(rows, params), **_unsampled(rows), NO_USAGE_LINES: quiet.is_null()},
            active_within_days=judge.get("active_within_days", 2),
            as_of=params["as_of"],
        )
    window_hours = 24 * _window(rows, params)
    share = _number(judge["hours"]) / window_hours
    return _verdicts(
        rows,
        found=_at_least(share, params[judge["at_least"]]),
        skips={SHORT_HISTORY: _too_short(rows, params), **_unsampled(rows), NO_USAGE_LINES: share.is_null()},
        saves=pl.lit(1 - params["working_hours_per_week"] / 168),
        active_within_days=judge.get("active_within_days", 2),
        as_of=params["as_of"],
    )


def stale(rows: pl.LazyFrame, judge: Mapping[str, Any], params: Mapping[str, Any]) -> pl.LazyFrame:
    """Kept long after it was useful: `value` (an age, a run of growing months) reaches the parameter `at_least`.

    `history` names a column with what the export could have shown at most, in the unit of `value`: a resource below
    the threshold is skipped, not quiet, while the history itself is below it. `unseen` says why a `value` is null, where
    that is not for lack of usage lines. `saves_share` (column) or the
    parameter `saving_share` says which part would be saved, else all of it.
    """
    value = _number(judge["value"])
    enough = _at_least(value, params[judge["at_least"]])
    skips = {judge.get("unseen", NO_USAGE_LINES): value.is_null()}
    if "history" in judge:
        skips[SHORT_HISTORY] = ~enough & (pl.col(judge["history"]) < params[judge["at_least"]])
    return _verdicts(
        rows,
        found=enough,
        skips=skips,
        saves=pl.lit(float(params.get("saving_share", 1.0))),
        active_within_days=judge.get("active_within_days", 2),
        as_of=params["as_of"],
    )


def forgotten(rows: pl.LazyFrame, judge: Mapping[str, Any], params: Mapping[str, Any]) -> pl.LazyFrame:
    """Goes on being paid while nothing around it moves: as `stale`, and the column `nothing` is at or below zero.

    `nothing` counts what would contradict it: dependants, new resources, days with requests.
    """
    judged = stale(rows, judge, params)
    if "nothing" not in judge:
        return judged
    moves = pl.col(judge["nothing"])
    return judged.with_columns(
        pl.when(moves.is_null() & (pl.col("verdict") != "quiet"))
        .then(pl.lit("skipped"))
        .when((moves > 0) & (pl.col("verdict") == "found"))
        .then(pl.lit("quiet"))
        .otherwise("verdict")
        .alias("verdict"),
        pl.when(moves.is_null() & (pl.col("verdict") != "quiet"))
        .then(pl.lit(NO_USAGE_LINES))
        .otherwise("skipped")
        .alias("skipped"),
    )


def modernize(rows: pl.LazyFrame, judge: Mapping[str, Any], params: Mapping[str, Any]) -> pl.LazyFrame:
    """The same work at a lower price: saves 1 - `ratio`, or 1 - `target` / cost, or all of a surcharge.

    `ratio` names a column with new price / old price, `target` one with the cost after the change in the same window
    (at the user's own prices). With neither, the charges are a surcharge that ends with the change.
    A price or target that is null is skipped; less than the parameter `min_saving_share` (default: more than
    nothing) is quiet.
    """
    cost = _number("cost")
    if "ratio" in judge:
        saves = 1 - _number(judge["ratio"])
    elif "target" in judge:
        saves = 1 - _number(judge["target"]) / cost
    else:
        saves = pl.lit(1.0)
    least = float(params.get("min_saving_share", 0.0))
    return _verdicts(
        rows,
        found=(saves > TOLERANCE) & _at_least(saves, least),
        skips={
            SHORT_HISTORY: pl.col("observed_days") < params.get("min_days", 1),
            **_unsampled(rows),
            NO_PRICE: saves.is_null() | saves.is_nan(),
        },
        saves=saves,
        active_within_days=judge.get("active_within_days", 2),
        as_of=params["as_of"],
    )


def commitment(rows: pl.LazyFrame, judge: Mapping[str, Any], params: Mapping[str, Any]) -> pl.LazyFrame:
    """Bought in advance and not used: `unused` / cost exceeds the parameter `above`.

    The money is gone until `ends_on` (column, a date or null): nothing is saved before it, so `saves` is 0 unless it
    ends within one month of `as_of`. The row's `cost` is the commitment's whole cost in the window.
    """
    unused = _number(judge["unused"])
    cost = _number("cost")
    ends_soon = pl.col("ends_on").is_not_null() & (
        pl.col("ends_on") <= pl.lit(params["as_of"] + timedelta(days=round(DAYS_PER_MONTH)))
    )
    return _verdicts(
        rows,
        found=(unused > 0) & ~_at_most(unused / cost, params[judge["above"]]),
        skips={SHORT_HISTORY: pl.col("observed_days") < params.get("min_days", 1), NO_USAGE_LINES: unused.is_null()},
        saves=pl.when(ends_soon).then(unused / cost).otherwise(0.0),
        active_within_days=judge.get("active_within_days", 40),
        as_of=params["as_of"],
    )


def oversized(rows: pl.LazyFrame, judge: Mapping[str, Any], params: Mapping[str, Any]) -> pl.LazyFrame:
    """Larger than its load needs: a cheaper shape carries the expected peak of every dimension (advisor.rules.sizing).

    Saves 1 - the target's price / the price now paid; less than the parameter `min_saving_share` is quiet.
    """
    limit = float(params.get("min_saving_share", sizing.PARAMETERS["min_saving_share"]))
    saves = pl.col("target_saves")
    return _verdicts(
        sizing.sized(rows, params),
        found=((saves > TOLERANCE) & _at_least(saves, limit)).fill_null(value=False),
        skips={},
        saves=saves.fill_null(0.0),
        active_within_days=judge.get("active_within_days", 2),
        as_of=params["as_of"],
    ).drop("target_saves", *sizing.NO_EVIDENCE, strict=False)


KINDS: dict[str, Any] = {
    "idle": idle,
    "forgotten": forgotten,
    "stale": stale,
    "schedule": schedule,
    "oversized": oversized,
    "modernize": modernize,
    "commitment": commitment,
}


def price(rows: pl.LazyFrame, params: Mapping[str, Any]) -> pl.LazyFrame:
    """Adds the money per month to judged rows: monthly_cost, monthly_savings, monthly_savings_list, monthly_freed.

    With c = cost, k = committed_cost, l = list_cost over d days and s = saves:

        monthly_cost         = c * 30.4375 / d
        monthly_savings      = (c - k) * s * 30.4375 / d      cash: what a commitment covers is freed, not saved
        monthly_freed        = k * s * 30.4375 / d
        monthly_savings_list = l * s * 30.4375 / d

    d is `span_days`, else the days from the later of window start and `first_day` up to `as_of`, without those that the
    export lacks.
    """
    as_of: date = params["as_of"]
    columns = rows.collect_schema().names()
    alive = (pl.lit(as_of) - pl.col("first_day")).dt.total_days() + 1
    seen = pl.when(alive >= params["window_days"]).then(_window(rows, params)).otherwise(alive)
    days = pl.coalesce("span_days", seen) if "span_days" in columns else seen
    to_month = DAYS_PER_MONTH / days.cast(pl.Float64)
    cost = _number("cost")
    committed = pl.col("committed_cost").cast(pl.Float64).fill_null(0.0) if "committed_cost" in columns else pl.lit(0.0)
    at_list = pl.col("list_cost").cast(pl.Float64).fill_null(cost) if "list_cost" in columns else cost
    share = pl.col("saves")
    return rows.with_columns(
        (cost * to_month).alias("monthly_cost"),
        (pl.max_horizontal(cost - committed, 0.0) * share * to_month).alias("monthly_savings"),
        (at_list * share * to_month).alias("monthly_savings_list"),
        (committed * share * to_month).alias("monthly_freed"),
    )


def _number(column: str) -> pl.Expr:
    """The column as a number; NaN and infinity (0.0 / 0.0 in a query) are no measurement, so null."""
    value = pl.col(column).cast(pl.Float64)
    return pl.when(value.is_finite()).then(value)


def _at_most(value: pl.Expr, limit: pl.Expr | float) -> pl.Expr:
    return value <= limit * (1 + TOLERANCE)


def _at_least(value: pl.Expr, limit: pl.Expr | float) -> pl.Expr:
    return value >= limit * (1 - TOLERANCE)


def _window(rows: pl.LazyFrame, params: Mapping[str, Any]) -> pl.Expr:
    """Days of the window that can be seen: a day that the whole export lacks says nothing about one resource."""
    window_days = pl.lit(params["window_days"])
    return window_days - pl.col(MISSING) if MISSING in rows.collect_schema().names() else window_days


def _too_short(rows: pl.LazyFrame, params: Mapping[str, Any]) -> pl.Expr:
    return pl.col("observed_days") < _window(rows, params)


def _unsampled(rows: pl.LazyFrame) -> dict[str, pl.Expr]:
    """Reasons to skip where a check measures: it returns `sample_hours` and `billed_hours`. No samples are not zero."""
    if "sample_hours" not in rows.collect_schema().names():
        return {}
    samples = pl.col("sample_hours")
    return {
        NO_SAMPLES: samples.is_null() | (samples <= 0),
        FEW_SAMPLES: ~_at_least(samples.cast(pl.Float64), SAMPLED_SHARE * _number("billed_hours")),
    }


def _verdicts(
    rows: pl.LazyFrame,
    *,
    found: pl.Expr,
    skips: Mapping[str, pl.Expr],
    active_within_days: int,
    as_of: date,
    saves: pl.Expr | None = None,
) -> pl.LazyFrame:
    """Adds verdict, skipped and saves. Gone resources and such without cost are quiet before anything else."""
    if "saves_share" in rows.collect_schema().names():
        saves = pl.col("saves_share").cast(pl.Float64)
    gone = pl.col("last_day") <= pl.lit(as_of - timedelta(days=active_within_days))
    free = pl.col("cost").cast(pl.Float64) <= 0
    reason = pl.lit(None, pl.String)
    for text, applies in reversed(list(skips.items())):
        reason = pl.when(applies.fill_null(value=True)).then(pl.lit(text)).otherwise(reason)
    if UNJUDGED in rows.collect_schema().names():
        reason = pl.coalesce(UNJUDGED, reason)
    reason = pl.when(gone | free).then(None).otherwise(reason)
    return rows.with_columns(
        reason.alias("skipped"),
        pl.when(gone | free)
        .then(pl.lit("quiet"))
        .when(reason.is_not_null())
        .then(pl.lit("skipped"))
        .when(found)
        .then(pl.lit("found"))
        .otherwise(pl.lit("quiet"))
        .alias("verdict"),
        (saves if saves is not None else pl.lit(1.0)).fill_nan(0.0).clip(0.0, 1.0).alias("saves"),
    )
