"""Days computed from samples by hand, and properties that hold for any samples."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.utilization.statistics import KEYS, daily

MONDAY = datetime(2026, 8, 3, tzinfo=UTC)
SCHEMA = {
    "provider": pl.String,
    "sub_account_id": pl.String,
    "resource_id": pl.String,
    "metric": pl.String,
    "timestamp": pl.Datetime("us", "UTC"),
    "value": pl.Float64,
    "maximum": pl.Float64,
    "interval_seconds": pl.Float64,
}


def samples(
    points: list[tuple[datetime, float]],
    metric: str = "cpu_utilization",
    resource: str = "i-1",
    maxima: list[float | None] | None = None,
    seconds: float | None = None,
) -> pl.DataFrame:
    tops = maxima or [None] * len(points)
    rows = [
        ("aws", "1", resource, metric, at, value, top, seconds) for (at, value), top in zip(points, tops, strict=True)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def hourly(values: list[float], start: datetime = MONDAY) -> list[tuple[datetime, float]]:
    return [(start + timedelta(hours=n), value) for n, value in enumerate(values)]


def test_a_day_of_levels() -> None:
    (row,) = daily(samples(hourly([float(n) for n in range(24)])), stamp="end").iter_rows(named=True)
    assert row == {
        "provider": "aws",
        "sub_account_id": "1",
        "resource_id": "i-1",
        "metric": "cpu_utilization",
        "metric_date": date(2026, 8, 3),
        "average": 11.5,
        "p95": pytest.approx(21.85),  # 0.95 * 23
        "p99": pytest.approx(22.77),
        "maximum": 23.0,
        "total": None,
        "sample_count": 24,
        "hourly_maximum": [float(n) for n in range(24)],
    }


def test_maxima_within_intervals_count_for_the_maximum_only() -> None:
    (row,) = daily(samples(hourly([10.0, 20.0]), maxima=[90.0, None]), stamp="start").iter_rows(named=True)
    assert (row["average"], row["maximum"], row["p99"]) == (15.0, 90.0, pytest.approx(19.9))
    assert row["hourly_maximum"] == [90.0, 20.0, *[None] * 22]


def test_days_are_of_utc_and_gaps_stay_gaps() -> None:
    points = [(MONDAY + timedelta(hours=23, minutes=59), 1.0), (MONDAY + timedelta(days=3), 2.0)]
    days = daily(samples(points), stamp="end")
    assert days.get_column("metric_date").to_list() == [date(2026, 8, 3), date(2026, 8, 6)]
    assert [sum(h is not None for h in hours) for hours in days.get_column("hourly_maximum")] == [1, 1]


@pytest.mark.parametrize("stamp", ["start", "end"])
def test_amounts_are_rates_and_totals(stamp: str) -> None:
    (row,) = daily(samples(hourly([3600.0] * 23 + [7200.0]), "network_bytes"), stamp=stamp).iter_rows(named=True)
    assert row["total"] == 90_000.0
    assert row["average"] == pytest.approx(90_000 / 86_400)
    assert row["maximum"] == 2.0
    assert row["hourly_maximum"] == [1.0] * 23 + [2.0]


def test_the_interval_lies_before_or_after_the_stamp() -> None:
    points = [(MONDAY, 60.0), (MONDAY + timedelta(seconds=60), 60.0), (MONDAY + timedelta(seconds=180), 120.0)]
    (end,) = daily(samples(points, "requests"), stamp="end").iter_rows(named=True)
    (start,) = daily(samples(points, "requests"), stamp="start").iter_rows(named=True)
    # End: 60 over the usual 90 s, 60 over 60 s, 120 over 120 s. Start: 60 over 60 s, 60 over 120 s, 120 over the usual 90 s.
    assert end["maximum"] == pytest.approx(1.0)
    assert start["maximum"] == pytest.approx(120 / 90)
    assert end["average"] == pytest.approx(240 / 270)
    assert end["total"] == start["total"] == 240.0


def test_no_rate_is_spread_over_a_gap() -> None:
    minutes = [0, 1, 2, 3, 4, 200, 201]
    points = [(MONDAY + timedelta(minutes=m), 60.0) for m in minutes]
    (row,) = daily(samples(points, "requests"), stamp="end").iter_rows(named=True)
    assert row["average"] == pytest.approx(1.0)
    assert row["hourly_maximum"][3] == pytest.approx(1.0)


def test_an_amount_that_is_alone() -> None:
    (row,) = daily(samples([(MONDAY, 86_400.0)], "requests"), stamp="end").iter_rows(named=True)
    assert (row["total"], row["average"], row["sample_count"]) == (86_400.0, 1.0, 1)


def test_given_intervals_stand_before_neighbours() -> None:
    (row,) = daily(samples(hourly([60.0] * 3), "requests", seconds=60.0), stamp="start").iter_rows(named=True)
    assert (row["average"], row["total"]) == (1.0, 180.0)


def test_rates_become_totals() -> None:
    frame = samples(hourly([2.0] * 24), "network_bytes").with_columns(is_rate=pl.lit(value=True))
    (row,) = daily(frame, stamp="end").iter_rows(named=True)
    assert (row["average"], row["maximum"], row["total"]) == (2.0, 2.0, 2.0 * 86_400)
    (alone,) = daily(frame.head(1), stamp="end").iter_rows(named=True)
    assert (alone["average"], alone["total"]) == (2.0, None)


def test_samples_of_one_instant_are_one() -> None:
    levels = samples([(MONDAY, 10.0), (MONDAY, 30.0), (MONDAY + timedelta(hours=1), 40.0)])
    (row,) = daily(levels, stamp="end").iter_rows(named=True)
    assert (row["average"], row["maximum"], row["sample_count"]) == (30.0, 40.0, 2)
    assert row["hourly_maximum"][0] == 30.0


def test_amounts_of_one_instant_are_parts_or_the_same_again() -> None:
    once = hourly([5.0, 7.0])
    (again,) = daily(samples(once + once, "requests"), stamp="end").iter_rows(named=True)
    (parts,) = daily(samples(once + hourly([5.0, 0.0]), "requests"), stamp="end").iter_rows(named=True)
    assert (again["total"], again["sample_count"]) == (12.0, 2)
    assert (parts["total"], parts["sample_count"]) == (17.0, 2)


def test_what_is_no_number_is_no_sample() -> None:
    frame = samples(hourly([10.0, math.nan, math.inf, 20.0]))
    frame = pl.concat([frame, samples(hourly([1.0])).with_columns(value=pl.lit(None, dtype=pl.Float64))])
    (row,) = daily(frame, stamp="end").iter_rows(named=True)
    assert (row["average"], row["sample_count"]) == (15.0, 2)


def test_nothing_is_nothing_of_the_same_shape() -> None:
    full = daily(samples(hourly([1.0])), stamp="end")
    assert daily(samples([]), stamp="end").schema == full.schema


def test_unknown_metrics_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="CPUUtilization"):
        daily(samples(hourly([1.0]), "CPUUtilization"), stamp="end")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.sampled_from(["cpu_utilization", "requests"]),
            st.integers(0, 5 * 86_400),
            st.floats(0, 100),
        ),
        min_size=1,
        max_size=80,
        unique_by=lambda point: point[:3],
    )
)
def test_days_do_not_depend_on_order_and_add_up(points: list[tuple[str, str, int, float]]) -> None:
    frame = pl.concat([samples([(MONDAY + timedelta(seconds=s), v)], m, r) for r, m, s, v in points])
    days = daily(frame, stamp="end")
    shuffled = daily(frame.sample(fraction=1, shuffle=True, seed=7), stamp="end")
    assert days.equals(shuffled)
    assert days.get_column("sample_count").sum() == len(points)
    assert days.select(*KEYS, "metric_date").is_duplicated().sum() == 0
    total = sum(v for _, m, _, v in points if m == "requests")
    assert days.get_column("total").sum() == pytest.approx(total)
    for row in days.iter_rows(named=True):
        assert row["p95"] <= row["p99"] + 1e-9 <= row["maximum"] + 2e-9
        assert row["average"] <= row["maximum"] + 1e-9
        assert max(h for h in row["hourly_maximum"] if h is not None) == pytest.approx(row["maximum"], rel=1e-6)
