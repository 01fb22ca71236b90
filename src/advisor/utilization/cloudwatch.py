"""Utilisation from CloudWatch: planned and priced first, then fetched with GetMetricData.

`plan` sends nothing. `fetch` asks what the plan says and no more: first ListMetrics for dimensions that nobody else
knows (what it finds fits into what the plan reserved), then GetMetricData in batches.
"""

from __future__ import annotations

import math
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from advisor.model import Problem
from advisor.utilization.accounts import client_config, explained, merged, named, sessions
from advisor.utilization.cloudwatch_metrics import (
    HOUR_SECONDS,
    Lookup,
    Reading,
    Series,
    Size,
    Wanted,
    discovered,
    wanted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    import boto3
    import polars as pl
    from mypy_boto3_cloudwatch import CloudWatchClient

    from advisor.utilization.accounts import AwsOptions
    from advisor.utilization.cloudwatch_metrics import Dimensions
    from advisor.utilization.metrics import BilledResource, Window

    Progress = Callable[[int], None]
    """Is told the number of further calls that are done."""

    Points = dict[int, float]
    """Values by the second (since 1970, UTC) at which their period begins."""

QUERIES_PER_CALL, POINTS_PER_CALL = 500, 100_800
USD_PER_QUERY = USD_PER_LISTING = 0.01 / 1000
"""GetMetricData is billed by metric, not by call or point. AWS says that up to five statistics of a metric are one,
users see one each on their bills: each is counted here, so that the truth is not above the estimate."""

FINE_DAYS, KEPT_DAYS = 63, 455
"""How long CloudWatch keeps values of five minutes, and of an hour. What is asked for finer than it is kept comes back
as nothing at all, which would look idle."""

SETTLED = timedelta(hours=1)
"""After the end of a day until its last values have arrived."""

RETRIES, PAUSE_SECONDS = 2, 2.0
"""How often what CloudWatch answers in part is asked for again, and how long after."""

PAGES = 10_000
"""Pages of one answer, at most: a server that always has another one must not hold us for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One reading of one resource from `first_day` on, in values of `period_seconds`."""

    resource: BilledResource
    account_id: str
    region: str
    reading: Reading
    first_day: date
    period_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A lookup of one resource, and the days that are wanted of the metrics it may lead to."""

    resource: BilledResource
    account_id: str
    region: str
    lookup: Lookup
    size: Size | None
    first_days: Mapping[str, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be asked.

    `metrics` are what is billed: queries, those reserved for what lookups will find, and the lookups. `calls` is how
    many requests that makes, about. `left_out` are resources that did not fit under the cost limit.
    """

    units: tuple[tuple[Ask, ...], ...]
    searches: tuple[Search, ...]
    last_day: date
    now: datetime
    metrics: int
    max_metrics: int
    calls: int
    cost_usd: float
    left_out: tuple[BilledResource, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some of what was fetched: rows as advisor.utilization.statistics.daily makes them, and what is missing.

    `answered` are ids of resources of which CloudWatch told all that a call asked for; where it told nothing, there is
    nothing.
    """

    days: pl.DataFrame
    problems: tuple[Problem, ...] = ()
    answered: tuple[str, ...] = ()


# --- plan -------------------------------------------------------------------------------------------------------------


def plan(
    resources: Sequence[BilledResource],
    window: Window,
    options: AwsOptions,
    *,
    sizes: Mapping[str, Size] | None = None,
    now: datetime | None = None,
) -> Plan:
    """What would be asked of CloudWatch for `resources`, dearest first, for at most options.max_cost_usd.

    Only days that `window` does not hold, and only those that are over at `now` (UTC): the day before is complete an
    hour after midnight. `sizes`: what instance types have, by their names in the bill (ml.g5.xlarge, db.r7g.large);
    some metrics cannot be told without. Sends nothing and needs no credentials.
    """
    now = now or datetime.now(UTC)
    last_day = min(window.last_day, (now - SETTLED).date() - timedelta(days=1))
    max_metrics = max(0, math.floor(options.max_cost_usd / USD_PER_QUERY + 1e-6))
    units: list[tuple[Ask, ...]] = []
    searches: list[Search] = []
    listings: set[tuple[str, ...]] = set()
    left_out: list[BilledResource] = []
    nowhere: list[str] = []
    unsized: list[str] = []
    metrics = 0
    for resource in _dearest_first(resources):
        found = wanted(resource, sizes or {})
        if found is None:
            continue
        if not (found.region and found.account_id):
            nowhere.append(resource.resource_id)
            continue
        days = _first_days(resource, found, window, last_day, now)
        if found.untold:
            unsized.append(resource.instance_type or resource.resource_id)
        mine = _units(_asks(resource, found, found.readings, days, last_day, now), last_day)
        looks = [
            Search(
                resource=resource,
                account_id=found.account_id,
                region=found.region,
                lookup=lookup,
                size=(sizes or {}).get(resource.instance_type),
                first_days=days,
            )
            for lookup in found.lookups
            if any(metric in days for metric in lookup.metrics)
        ]
        new = {_listing(search) for search in looks} - listings
        cost = sum(len(_queries(unit)) for unit in mine) + sum(s.lookup.expected for s in looks) + len(new)
        if metrics + cost > max_metrics:
            left_out.append(resource)
            continue
        metrics += cost
        units += mine
        searches += looks
        listings |= new
    problems = [*_left_out(left_out, options), *_nowhere(nowhere), *_unsized(unsized)]
    return Plan(
        units=tuple(units),
        searches=tuple(searches),
        last_day=last_day,
        now=now,
        metrics=metrics,
        max_metrics=max_metrics,
        calls=len(_calls(units, last_day)) + len(listings),
        cost_usd=metrics * USD_PER_QUERY,
        left_out=tuple(left_out),
        problems=tuple(problems),
    )


def _dearest_first(resources: Iterable[BilledResource]) -> list[BilledResource]:
    """Each resource once, by cost; one that changed its instance type counts as what cost most."""
    once: dict[tuple[str, str, str], BilledResource] = {}
    for resource in sorted(resources, key=lambda r: (-r.monthly_cost, r.provider, r.sub_account_id, r.resource_id)):
        once.setdefault((resource.provider, resource.sub_account_id, resource.resource_id), resource)
    return list(once.values())


def _first_days(
    resource: BilledResource, found: Wanted, window: Window, last_day: date, now: datetime
) -> dict[str, date]:
    """The first day that is missing, by metric; metrics of which all days are there are left out."""
    kept = now.date() - timedelta(days=KEPT_DAYS - 1)
    metrics = {reading.metric for reading in found.readings}.union(*(lookup.metrics for lookup in found.lookups))
    days = {}
    for metric in sorted(metrics):
        held = window.held.get((resource.provider, resource.sub_account_id, resource.resource_id, metric))
        first = max(window.first_day, kept, held + timedelta(days=1) if held else kept)
        if first <= last_day:
            days[metric] = first
    return days


def _asks(
    resource: BilledResource,
    place: Wanted | Search,
    readings: Iterable[Reading],
    days: Mapping[str, date],
    last_day: date,
    now: datetime,
) -> list[Ask]:
    asks = []
    for reading in readings:
        first_day = days.get(reading.metric)
        if first_day is None:
            continue
        period = reading.period_seconds
        if now - _midnight(first_day) >= timedelta(days=FINE_DAYS):
            period = HOUR_SECONDS
        if len(reading.statistics()) * _points(first_day, last_day, period) > POINTS_PER_CALL:
            period = HOUR_SECONDS
        asks.append(
            Ask(
                resource=resource,
                account_id=place.account_id,
                region=place.region,
                reading=reading,
                first_day=first_day,
                period_seconds=period,
            )
        )
    return asks


def _units(asks: Iterable[Ask], last_day: date) -> list[tuple[Ask, ...]]:
    """`asks` of one resource by period and first day, together where they fit into one call: they share series."""
    groups: dict[tuple[int, date], list[Ask]] = {}
    for ask in asks:
        groups.setdefault((ask.period_seconds, ask.first_day), []).append(ask)
    units: list[tuple[Ask, ...]] = []
    for (period, first_day), group in groups.items():
        fits = min(QUERIES_PER_CALL, POINTS_PER_CALL // _points(first_day, last_day, period))
        units += [tuple(group)] if len(_queries(group)) <= fits else [(ask,) for ask in group]
    return units


def _queries(asks: Iterable[Ask]) -> tuple[tuple[Series, str], ...]:
    """Every (series, statistic) that `asks` need, once."""
    return tuple(dict.fromkeys(query for ask in asks for query in ask.reading.statistics()))


def _points(first_day: date, last_day: date, period_seconds: int) -> int:
    return max(1, ((last_day - first_day).days + 1) * 86_400 // period_seconds)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _listing(search: Search) -> tuple[str, ...]:
    return search.account_id, search.region, search.lookup.namespace, search.lookup.name


def _left_out(resources: Sequence[BilledResource], options: AwsOptions) -> list[Problem]:
    if not resources:
        return []
    return [
        Problem(
            what=f"CloudWatch metrics of {len(resources)} resources",
            why=f"are left out, the dearest being {resources[0].resource_id}: with them the queries would cost more than"
            f" the {options.max_cost_usd:g} USD that are allowed",
            fix="Allow more, ask for fewer days, or raise the cost from which on resources are looked at.",
        )
    ]


def _nowhere(resource_ids: list[str]) -> list[Problem]:
    if not resource_ids:
        return []
    return [
        Problem(
            what=f"CloudWatch metrics of {named(resource_ids)}",
            why="cannot be asked for: the bill names no account or no region of theirs",
            fix="Export the bill with the columns of account and region.",
        )
    ]


def _unsized(names: list[str]) -> list[Problem]:
    if not names:
        return []
    return [
        Problem(
            what=f"memory, processor or accelerator use of {named(sorted(set(names)))}",
            why="cannot be told: CloudWatch says only what is free or sums over cores, and the size is not known",
            fix="Refresh the shapes with advisor prices.",
            incomplete=False,
        )
    ]


# --- calls ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One GetMetricData request: asks of one place, with one period and one first day."""

    asks: tuple[Ask, ...]
    queries: tuple[tuple[Series, str], ...]
    start: datetime
    end: datetime
    period_seconds: int


def _calls(units: Iterable[Sequence[Ask]], last_day: date) -> list[Call]:
    """`units` packed into calls, within the limits of queries and points. A unit that alone exceeds them is paged."""
    open_calls: dict[tuple[str, str, int, date], list[Sequence[Ask]]] = {}
    closed: list[tuple[tuple[str, str, int, date], list[Sequence[Ask]]]] = []
    sizes: dict[tuple[str, str, int, date], int] = {}
    for unit in units:
        ask = unit[0]
        key = ask.account_id, ask.region, ask.period_seconds, ask.first_day
        fits = min(QUERIES_PER_CALL, POINTS_PER_CALL // _points(ask.first_day, last_day, ask.period_seconds))
        count = len(_queries(unit))
        if key in open_calls and sizes[key] + count > fits:
            closed.append((key, open_calls.pop(key)))
        if key not in open_calls:
            open_calls[key], sizes[key] = [], 0
        open_calls[key].append(unit)
        sizes[key] += count
    calls = []
    for (_, _, period, first_day), group in [*closed, *open_calls.items()]:
        asks = tuple(ask for unit in group for ask in unit)
        calls.append(
            Call(
                asks=asks,
                queries=_queries(asks),
                start=_midnight(first_day),
                end=_midnight(last_day + timedelta(days=1)),
                period_seconds=period,
            )
        )
    return calls


# --- fetch ------------------------------------------------------------------------------------------------------------


def fetch(plan: Plan, options: AwsOptions, progress: Progress) -> Iterator[Batch]:
    """Fetches what `plan` says; each batch has the days of one call. `progress` is told of every call.

    What one account or region refuses is a problem of the last batch, and the others go on. What CloudWatch did not
    answer completely is left out as a whole: half a day is no day, and no sample is not zero. Raises ConfigError where
    boto3 is missing or options contradict, and AdvisorError where there are no valid credentials.
    """
    places = dict.fromkeys(
        [(unit[0].account_id, unit[0].region) for unit in plan.units]
        + [(search.account_id, search.region) for search in plan.searches]
    )
    if not places:
        return
    opened, problems = sessions((account for account, _ in places), options)
    spare = plan.max_metrics - plan.metrics
    for place in places:
        if place[0] not in opened:
            continue
        spare = yield from _fetched(opened[place[0]], place, plan, options, progress, spare, problems)
    if problems:
        yield Batch(days=_no_days(), problems=tuple(merged(problems)))


def _fetched(
    session: boto3.Session,
    place: tuple[str, str],
    plan: Plan,
    options: AwsOptions,
    progress: Progress,
    spare: int,
    problems: list[Problem],
) -> Generator[Batch, None, int]:
    """Batches of one account and region; what goes wrong is added to `problems`. Returns the queries still spare."""
    from botocore.exceptions import BotoCoreError, ClientError

    what = f"CloudWatch of account {place[0]} in {place[1]}"
    try:
        client = _client(session, place[1], options)
    except (BotoCoreError, ValueError) as error:
        problems.append(explained(error, what, options))
        return spare
    searches = [search for search in plan.searches if (search.account_id, search.region) == place]
    units = [unit for unit in plan.units if (unit[0].account_id, unit[0].region) == place]
    more, spare, refused = _searched(client, searches, plan, spare, what, options, progress)
    problems += refused
    answers = _answers(client, _calls([*units, *more], plan.last_day), options.max_workers)
    try:
        for call, first in answers:
            answer, spare = _completed(client, call, first, spare)
            progress(1)
            days, unclear = _days(call, answer)
            problems += unclear
            answered = _answered(call, answer)
            if days.height or answered:
                yield Batch(days=days, answered=answered)
    except (BotoCoreError, ClientError) as error:
        problems.append(explained(error, what, options))
    finally:
        answers.close()
    return spare


def _client(session: boto3.Session, region: str, options: AwsOptions) -> CloudWatchClient:
    return session.client(
        "cloudwatch", region_name=region, endpoint_url=options.endpoint_url or None, config=client_config()
    )


def _searched(
    client: CloudWatchClient,
    searches: Sequence[Search],
    plan: Plan,
    spare: int,
    what: str,
    options: AwsOptions,
    progress: Progress,
) -> tuple[list[tuple[Ask, ...]], int, list[Problem]]:
    """Units for what `searches` of one place find, the number of queries that are still spare, and problems."""
    from botocore.exceptions import BotoCoreError, ClientError

    groups: dict[tuple[str, ...], list[Search]] = {}
    for search in searches:
        groups.setdefault(_listing(search), []).append(search)
    units: list[tuple[Ask, ...]] = []
    unaffordable: list[str] = []
    problems: list[Problem] = []
    for group in groups.values():
        try:
            found = _listed(client, group)
        except (BotoCoreError, ClientError) as error:
            problems.append(explained(error, what, options))
            spare += sum(search.lookup.expected for search in group)
            continue
        finally:
            progress(1)
        for search in group:
            spare += search.lookup.expected
            readings = discovered(search.lookup, found.get(search.lookup.value, []), search.size)
            asks = _asks(search.resource, search, readings, search.first_days, plan.last_day, plan.now)
            for unit in _units(asks, plan.last_day):
                for part in [unit] if len(_queries(unit)) <= spare else [(ask,) for ask in unit]:
                    cost = len(_queries(part))
                    if cost > spare:
                        unaffordable.append(search.resource.resource_id)
                        continue
                    spare -= cost
                    units.append(part)
    if unaffordable:
        problems.append(
            Problem(
                what=f"CloudWatch metrics of {named(list(dict.fromkeys(unaffordable)))}",
                why=f"are left out in part: CloudWatch has more of them than the {options.max_cost_usd:g} USD allow",
                fix="Allow more.",
            )
        )
    return units, spare, problems


def _listed(client: CloudWatchClient, searches: Sequence[Search]) -> dict[str, list[Dimensions]]:
    """Dimension sets of the metric that `searches` of one place share, by the value of the dimension they know."""
    lookup = searches[0].lookup
    values = {search.lookup.value for search in searches}
    known: dict[str, Any] = {"Name": lookup.key}
    if len(values) == 1:
        known["Value"] = lookup.value
    request: dict[str, Any] = {
        "Namespace": lookup.namespace,
        "MetricName": lookup.name,
        "Dimensions": [known],
    }
    found: dict[str, list[Dimensions]] = {}
    for _ in range(PAGES):
        page = client.list_metrics(**request)
        for metric in page.get("Metrics", []):
            dimensions = tuple(sorted((d["Name"], d["Value"]) for d in metric.get("Dimensions", [])))
            value = dict(dimensions).get(lookup.key, "")
            # Not every server minds what it is asked for.
            if value in values and (metric.get("Namespace"), metric.get("MetricName")) == (
                lookup.namespace,
                lookup.name,
            ):
                found.setdefault(value, []).append(dimensions)
        if not page.get("NextToken"):
            break
        request["NextToken"] = page["NextToken"]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Points by query, and the queries that CloudWatch did not answer completely."""

    points: Mapping[tuple[Series, str], Points]
    unfinished: frozenset[tuple[Series, str]]


def _answers(
    client: CloudWatchClient, calls: Iterable[Call], workers: int
) -> Generator[tuple[Call, Answer], None, None]:
    """The answer to each of `calls`, in their order; a few are under way at once, so that memory stays bounded."""
    pool = ThreadPoolExecutor(max(1, workers), thread_name_prefix="cloudwatch")
    waiting: deque[tuple[Call, Future[Answer]]] = deque()
    try:
        for call in calls:
            waiting.append((call, pool.submit(_answer, client, call, call.queries)))
            if len(waiting) > workers:
                asked, future = waiting.popleft()
                yield asked, future.result()
        while waiting:
            asked, future = waiting.popleft()
            yield asked, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _answer(client: CloudWatchClient, call: Call, queries: Sequence[tuple[Series, str]]) -> Answer:
    """Asks for `queries` of a call, all pages."""
    request: dict[str, Any] = {
        "MetricDataQueries": [
            {
                "Id": f"q{place}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": series.namespace,
                        "MetricName": series.name,
                        "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
                    },
                    "Period": call.period_seconds,
                    "Stat": statistic,
                },
                "ReturnData": True,
            }
            for place, (series, statistic) in enumerate(queries)
        ],
        "StartTime": call.start,
        "EndTime": call.end,
        "ScanBy": "TimestampAscending",
    }
    ids = {f"q{place}": query for place, query in enumerate(queries)}
    points: dict[tuple[Series, str], Points] = {query: {} for query in queries}
    unfinished = set(queries)
    first, last = call.start.timestamp(), call.end.timestamp()
    for _ in range(PAGES):
        page = client.get_metric_data(**request)
        for result in page.get("MetricDataResults", []):
            query = ids.get(result.get("Id", ""))
            if query is None:
                continue
            for moment, value in zip(result.get("Timestamps", []), result.get("Values", []), strict=False):
                second = int(moment.timestamp())
                if first <= second < last and math.isfinite(value):
                    points[query][second] = value
            if result.get("StatusCode") == "Complete":
                unfinished.discard(query)
            else:
                unfinished.add(query)
        if not page.get("NextToken"):
            break
        request["NextToken"] = page["NextToken"]
    else:
        unfinished = set(queries)
    return Answer(points=points, unfinished=frozenset(unfinished))


def _completed(client: CloudWatchClient, call: Call, answer: Answer, spare: int) -> tuple[Answer, int]:
    """`answer` with what it lacks asked for again, as long as queries are to spare, and how many are left then."""
    for attempt in range(RETRIES):
        again = tuple(query for query in call.queries if query in answer.unfinished)
        if not again or len(again) > spare:
            break
        time.sleep(PAUSE_SECONDS * (attempt + 1))
        spare -= len(again)
        later = _answer(client, call, again)
        answer = Answer(points={**answer.points, **later.points}, unfinished=later.unfinished)
    return answer, spare


def _answered(call: Call, answer: Answer) -> tuple[str, ...]:
    halves = {a.resource.resource_id for a in call.asks if answer.unfinished.intersection(a.reading.statistics())}
    return tuple(dict.fromkeys(a.resource.resource_id for a in call.asks if a.resource.resource_id not in halves))


# --- points to days ---------------------------------------------------------------------------------------------------


def _days(call: Call, answer: Answer) -> tuple[pl.DataFrame, list[Problem]]:
    """Statistics of the days of one call, and what is missing."""
    import polars as pl

    from advisor.utilization.statistics import daily

    frames = []
    halves: list[str] = []
    wrong: list[str] = []
    for ask in call.asks:
        if answer.unfinished.intersection(ask.reading.statistics()):
            halves.append(ask.resource.resource_id)
            continue
        samples = combined(ask.reading, answer.points, ask.period_seconds)
        if not samples:
            continue
        values = [value for value, _ in samples.values()]
        if max(values) > ask.reading.limit * 1.01 or (ask.reading.form == "used" and min(values) < -1.0):
            wrong.append(ask.resource.resource_id)
            continue
        frames.append(_frame(ask, samples))
    problems = []
    if halves:
        problems.append(
            Problem(
                what=f"CloudWatch metrics of {named(list(dict.fromkeys(halves)))}",
                why="did not arrive in full, however often they were asked for",
                fix="Run it again later.",
            )
        )
    if wrong:
        problems.append(
            Problem(
                what=f"CloudWatch metrics of {named(list(dict.fromkeys(wrong)))}",
                why="do not fit the instance type in the bill: more than all of it would be in use",
                fix="None is needed if it was resized lately; otherwise correct the shape with advisor prices.",
                incomplete=False,
            )
        )
    return (daily(pl.concat(frames), stamp="start") if frames else _no_days()), problems


def combined(
    reading: Reading, points: Mapping[tuple[Series, str], Points], period_seconds: int
) -> dict[int, tuple[float, float | None]]:
    """(value, maximum) of a reading by second, from the points of its series. Maximum is None for amounts.

    A time at which one of the series that must be added has no point has no sample.
    """
    parts = [_member(reading, member, points, period_seconds) for member in reading.members]
    samples = parts[0] if len(parts) == 1 else _merged(parts, reading.across)
    return {
        second: (value * reading.scale, None if maximum is None else maximum * reading.scale)
        for second, (value, maximum) in sorted(samples.items())
    }


def _merged(
    parts: Sequence[Mapping[int, tuple[float, float | None]]], how: str
) -> dict[int, tuple[float, float | None]]:
    """Members as one, of those that have a sample at a time."""
    samples: dict[int, tuple[float, float | None]] = {}
    for second in set().union(*parts):
        here = [part[second] for part in parts if second in part]
        tops = [maximum for _, maximum in here if maximum is not None]
        top = _across(how, tops) if len(tops) == len(here) else None
        samples[second] = _across(how, [value for value, _ in here]), top
    return samples


def _across(how: str, values: Sequence[float]) -> float:
    if how == "first":
        return values[0]
    if how == "fullest":
        return max(values)
    return sum(values) / (len(values) if how == "mean" else 1)


def _member(
    reading: Reading,
    member: Sequence[Series],
    points: Mapping[tuple[Series, str], Points],
    period_seconds: int,
) -> dict[int, tuple[float, float | None]]:
    """(value, maximum) of one member by second."""
    if reading.form == "share":
        used, whole = member
        tops, totals = points[used, "Maximum"], points[whole, "Average"]
        return {
            second: (100 * value / totals[second], 100 * tops.get(second, value) / totals[second])
            for second, value in points[used, "Average"].items()
            if totals.get(second, 0) > 0
        }
    if reading.form == "used":
        (free,) = member
        lows = points[free, "Minimum"]
        return {
            second: (100 * (1 - value / reading.whole), 100 * (1 - lows.get(second, value) / reading.whole))
            for second, value in points[free, "Average"].items()
        }
    if reading.form in ("total", "rate"):
        spread = period_seconds if reading.form == "rate" else 1
        amounts = _added([_filled(s, "Sum" if reading.form == "total" else "Average", points) for s in member])
        return {second: (value * spread, None) for second, value in amounts.items()}
    levels = _added([_filled(series, "Average", points) for series in member])
    if reading.form == "level_only":
        return {second: (value, None) for second, value in levels.items()}
    tops = _added([_filled(series, "Maximum", points) for series in member])
    return {second: (value, tops.get(second)) for second, value in levels.items()}


def _filled(series: Series, statistic: str, points: Mapping[tuple[Series, str], Points]) -> Points:
    """The points of a series, with zeros where it is zero for certain."""
    own = points[series, statistic]
    if series.zero_with is None:
        return own
    return {**dict.fromkeys(points[series.zero_with, "Average"], 0.0), **own}


def _added(parts: Sequence[Points]) -> Points:
    seconds = set(parts[0]).intersection(*parts[1:])
    return {second: sum(part[second] for part in parts) for second in seconds}


def _frame(ask: Ask, samples: Mapping[int, tuple[float, float | None]]) -> pl.DataFrame:
    """Samples as the frame that statistics.daily takes."""
    import polars as pl

    resource = ask.resource
    bounded = ask.reading.limit < math.inf
    values = [value for value, _ in samples.values()]
    maxima = [maximum for _, maximum in samples.values()]
    frame = pl.DataFrame(
        {"second": list(samples), "value": values, "maximum": maxima},
        schema={"second": pl.Int64, "value": pl.Float64, "maximum": pl.Float64},
    )
    if bounded:
        frame = frame.with_columns(pl.col("value", "maximum").clip(0.0, ask.reading.limit))
    return frame.select(
        pl.lit(resource.provider).alias("provider"),
        pl.lit(resource.sub_account_id).alias("sub_account_id"),
        pl.lit(resource.resource_id).alias("resource_id"),
        pl.lit(ask.reading.metric).alias("metric"),
        (pl.col("second") * 1_000_000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("timestamp"),
        "value",
        "maximum",
        pl.lit(float(ask.period_seconds)).alias("interval_seconds"),
    )


def _no_days() -> pl.DataFrame:
    """Statistics of nothing, with their columns."""
    import polars as pl

    from advisor.utilization.statistics import daily

    columns = dict.fromkeys(("provider", "sub_account_id", "resource_id", "metric"), pl.String)
    numbers = dict.fromkeys(("value", "maximum", "interval_seconds"), pl.Float64)
    return daily(pl.DataFrame(schema={**columns, "timestamp": pl.Datetime("us", "UTC"), **numbers}), stamp="start")
