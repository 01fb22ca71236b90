"""Cloud Monitoring's ListTimeSeries over a real gRPC connection, with the service's own messages and its refusals.

It knows what the real service is strict about: filters that name exactly one metric type, aligners that fit the kind of a
metric, intervals that exclude their start, points newest first, pages that count points and split series, scoping
projects, metric types that nobody wrote. ALIGN_DELTA invents points in gaps here as there.
"""

from __future__ import annotations

import math
import re
import threading
from collections import defaultdict, deque
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import grpc
from google.api import distribution_pb2, metric_pb2
from google.cloud.monitoring_v3 import types
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_PAGE, MAX_FILTER = 100_000, 2048
CONDITION = re.compile(r'\s*([a-z_.]+)\s*(!?=)\s*(?:"((?:[^"\\]|\\.)*)"|one_of\(([^()]*)\))\s*')
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
SELECTOR = re.compile(
    r"project|metric\.type|resource\.type|(?:metric|resource)\.labels\.\w+|metadata\.system_labels\.\w+"
)
GROUPING = re.compile(r"(?:metric|resource)\.label\.\w+|metadata\.system_labels\.\w+")
NUMERIC = {"ALIGN_MEAN", "ALIGN_MAX", "ALIGN_SUM", "ALIGN_DELTA"}
OF_DISTRIBUTIONS = {"ALIGN_SUM", "ALIGN_DELTA", "ALIGN_PERCENTILE_99"}
REDUCERS = {"REDUCE_NONE", "REDUCE_MEAN", "REDUCE_MAX", "REDUCE_SUM"}


class Refused(Exception):
    """A gRPC status: code, message and, where the service gives one, a reason with metadata."""

    def __init__(self, code: str, message: str, reason: str = "", metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status_pb2.Status(code=code_pb2.Code.Value(code), message=message)
        if reason:
            info = error_details_pb2.ErrorInfo(reason=reason, domain="googleapis.com", metadata=metadata or {})
            self.status.details.append(any_pb2.Any())
            self.status.details[0].Pack(info)


@dataclass
class Written:
    """A raw series. Values of distributions are lists of observations."""

    project: str
    metric_type: str
    metric_labels: dict[str, str]
    resource_type: str
    resource_labels: dict[str, str]
    system_labels: dict[str, str]
    points: list[tuple[datetime, Any]]


@dataclass
class CloudMonitoring:
    """The server. `requests` are those that came; `refusals` are given one by one, before anything is looked at."""

    address: str = ""
    requests: list[Any] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)
    refusals: deque[Refused | None] = field(default_factory=deque)
    denied: set[str] = field(default_factory=set)
    disabled: set[str] = field(default_factory=set)
    projects: set[str] = field(default_factory=set)
    scopes: dict[str, set[str]] = field(default_factory=dict)
    kinds: dict[str, tuple[str, str]] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(
        self,
        project: str,
        metric_type: str,
        resource_type: str,
        resource_labels: Mapping[str, str],
        points: Sequence[tuple[datetime, Any]],
        *,
        kind: str = "GAUGE",
        value_type: str = "DOUBLE",
        metric_labels: Mapping[str, str] | None = None,
        system_labels: Mapping[str, str] | None = None,
    ) -> None:
        """Adds a series; `points` are (end, value)."""
        self.projects.add(project)
        self.kinds[metric_type] = (kind, value_type)
        self.written.append(
            Written(
                project=project,
                metric_type=metric_type,
                metric_labels=dict(metric_labels or {}),
                resource_type=resource_type,
                resource_labels={"project_id": project, **resource_labels},
                system_labels=dict(system_labels or {}),
                points=sorted(points, key=lambda point: point[0]),
            )
        )

    def list_time_series(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The method."""
        with self.lock:
            self.requests.append(request)
            self.metadata.append({key: str(value) for key, value in context.invocation_metadata()})
            try:
                if self.refusals and (refusal := self.refusals.popleft()) is not None:
                    raise refusal
                return self._answer(request)
            except Refused as refused:
                context.abort_with_status(rpc_status.to_status(refused.status))

    def _answer(self, request: Any) -> Any:
        named = re.fullmatch(r"projects/([^/]+)", request.name)
        if not named:
            raise Refused("INVALID_ARGUMENT", f"Name must begin with projects/, was {request.name}")
        project = named[1]
        if project in self.denied:
            raise Refused(
                "PERMISSION_DENIED", f"Permission monitoring.timeSeries.list denied (or {project} may not exist)."
            )
        if project in self.disabled:
            raise Refused(
                "PERMISSION_DENIED",
                "Cloud Monitoring API has not been used in project 4711 before or it is disabled.",
                "SERVICE_DISABLED",
                {"consumer": "projects/4711", "service": "monitoring.googleapis.com"},
            )
        if project not in self.projects:
            raise Refused("NOT_FOUND", f"The project {project} was not found.")
        conditions = _conditions(request.filter)
        metric_type = conditions["metric.type", "="][0]
        if request.order_by:
            raise Refused("INVALID_ARGUMENT", "order_by is not supported")
        if request.page_size < 0:
            raise Refused("INVALID_ARGUMENT", "page_size must not be negative")
        if metric_type not in self.kinds:
            raise Refused(
                "NOT_FOUND",
                f'Cannot find metric(s) that match type = "{metric_type}". If a metric was created recently, it could take'
                " up to 10 minutes to become available. Please try again soon.",
            )
        start, end = request.interval.start_time, request.interval.end_time
        if not start or not end or start >= end:
            raise Refused("INVALID_ARGUMENT", "interval.start_time must be before interval.end_time")
        visible = {project} | self.scopes.get(project, set())
        matching = [one for one in self.written if one.project in visible and _matches(one, conditions)]
        series = _reduced(request.aggregation, self.kinds[metric_type], matching, start, end)
        return _page_of(series, request)


@contextmanager
def cloud_monitoring() -> Iterator[CloudMonitoring]:
    """Runs a server while the block lasts, on this machine only."""
    state = CloudMonitoring()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    handler = grpc.unary_unary_rpc_method_handler(
        state.list_time_series,
        request_deserializer=types.ListTimeSeriesRequest.deserialize,
        response_serializer=types.ListTimeSeriesResponse.serialize,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("google.monitoring.v3.MetricService", {"ListTimeSeries": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    state.address = f"127.0.0.1:{port}"
    server.start()
    try:
        yield state
    finally:
        server.stop(None).wait()


# --- filters ----------------------------------------------------------------------------------------------------------


def _conditions(text: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Values by selector and comparator."""
    if len(text) > MAX_FILTER:
        raise Refused("INVALID_ARGUMENT", f"The filter is longer than {MAX_FILTER} characters")
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    at = 0
    while True:
        condition = CONDITION.match(text, at)
        if not condition or not SELECTOR.fullmatch(condition[1]):
            raise Refused("INVALID_ARGUMENT", f"Could not parse filter at {text[at : at + 40]!r}")
        name, comparator, single, several = condition.groups()
        values = [single] if single is not None else QUOTED.findall(several)
        if (name, comparator) in found:
            raise Refused("INVALID_ARGUMENT", f"{name} is given twice")
        if not values:
            raise Refused("INVALID_ARGUMENT", "one_of() needs values")
        found[name, comparator] = tuple(re.sub(r"\\(.)", r"\1", value) for value in values)
        at = condition.end()
        if at == len(text):
            break
        if not text.startswith("AND ", at):
            raise Refused("INVALID_ARGUMENT", f"Could not parse filter at {text[at : at + 40]!r}")
        at += 4
    if len(found.get(("metric.type", "="), ())) != 1:
        raise Refused("INVALID_ARGUMENT", "The filter must name exactly one metric type")
    return found


def _value(one: Written, selector: str) -> str:
    if selector == "project":
        return one.project
    if selector == "metric.type":
        return one.metric_type
    if selector == "resource.type":
        return one.resource_type
    where, _, name = selector.rpartition(".")
    labels = {"metric": one.metric_labels, "resource": one.resource_labels, "metadata": one.system_labels}
    return labels[where.partition(".")[0]].get(name, "")


def _matches(one: Written, conditions: Mapping[tuple[str, str], tuple[str, ...]]) -> bool:
    return all(
        (_value(one, selector) in values) == (comparator == "=")
        for (selector, comparator), values in conditions.items()
    )


# --- aggregation ------------------------------------------------------------------------------------------------------

Aligned = dict[datetime, Any]


def _reduced(
    aggregation: Any, kind: tuple[str, str], matching: Sequence[Written], start: datetime, end: datetime
) -> list[tuple[Any, list[Any]]]:
    """(header, points newest first) of every series that has points."""
    aligner, reducer = aggregation.per_series_aligner.name, aggregation.cross_series_reducer.name
    period = aggregation.alignment_period
    if aligner == "ALIGN_NONE" or not period:
        raise Refused("INVALID_ARGUMENT", "This server wants an aligner and an alignment period")
    if period < timedelta(seconds=60):
        raise Refused("INVALID_ARGUMENT", "The alignment period must be at least 60 s")
    is_distribution = kind[1] == "DISTRIBUTION"
    if aligner not in (OF_DISTRIBUTIONS if is_distribution else NUMERIC) or (aligner, kind[0]) == (
        "ALIGN_DELTA",
        "GAUGE",
    ):
        raise Refused(
            "INVALID_ARGUMENT", f"{aligner} cannot be applied to metrics with kind {kind[0]} and type {kind[1]}"
        )
    if reducer not in REDUCERS or (is_distribution and aligner != "ALIGN_PERCENTILE_99" and reducer == "REDUCE_MAX"):
        raise Refused("INVALID_ARGUMENT", f"{reducer} cannot be applied")
    if any(not GROUPING.fullmatch(name) for name in aggregation.group_by_fields):
        raise Refused("INVALID_ARGUMENT", "group_by_fields cannot be parsed")
    # Resource types are never reduced into one.
    groups: dict[tuple[str, ...], list[Aligned]] = defaultdict(list)
    for index, one in enumerate(matching):
        aligned = _aligned(one.points, aligner, period, start, end)
        names = [_value(one, name.replace(".label.", ".labels.")) for name in aggregation.group_by_fields]
        by = (str(index),) if reducer == "REDUCE_NONE" else ()
        if aligned:
            groups[one.resource_type, *by, *names].append(aligned)
    fine = period if kind[0] == "DELTA" and aligner in {"ALIGN_SUM", "ALIGN_DELTA"} else timedelta(0)
    answer = []
    for (resource_type, *names), several in groups.items():
        merged: dict[datetime, list[Any]] = defaultdict(list)
        for aligned in several:
            for moment, value in aligned.items():
                merged[moment].append(value)
        as_integer = kind[1] == "INT64" and "MEAN" not in aligner and reducer != "REDUCE_MEAN"
        points = [
            types.Point(
                interval={"start_time": moment - fine, "end_time": moment},
                value=_typed(_combined(merged[moment], reducer), as_integer=as_integer),
            )
            for moment in sorted(merged, reverse=True)
        ]
        grouped = names[-len(aggregation.group_by_fields) :] if aggregation.group_by_fields else []
        answer.append((_header(resource_type, dict(zip(aggregation.group_by_fields, grouped, strict=True))), points))
    return answer


def _aligned(
    points: Sequence[tuple[datetime, Any]], aligner: str, period: timedelta, start: datetime, end: datetime
) -> Aligned:
    """One value for each period with points, by the period's end. Periods are counted back from `end`."""
    inside: dict[datetime, list[Any]] = defaultdict(list)
    for moment, value in points:
        if start < moment <= end:
            inside[end - period * math.floor((end - moment) / period)].append(value)
    how = {
        "ALIGN_MEAN": lambda values: sum(values) / len(values),
        "ALIGN_MAX": max,
        "ALIGN_SUM": lambda values: _combined(values, "REDUCE_SUM"),
        "ALIGN_DELTA": lambda values: _combined(values, "REDUCE_SUM"),
        "ALIGN_PERCENTILE_99": lambda values: _percentile([x for value in values for x in value], 0.99),
    }[aligner]
    aligned = {moment: how(values) for moment, values in sorted(inside.items())}
    if aligner == "ALIGN_DELTA" and aligned:
        moment, last = min(aligned), aligned[min(aligned)]
        while moment < max(aligned):  # made up, like the real thing does
            last = aligned.setdefault(moment, last)
            moment += period
    return aligned


def _combined(values: list[Any], reducer: str) -> Any:
    if isinstance(values[0], list):
        return [x for value in values for x in value]
    if reducer == "REDUCE_MEAN":
        return sum(values) / len(values)
    return max(values) if reducer == "REDUCE_MAX" else sum(values)


def _percentile(values: list[float], share: float) -> float:
    if not values:
        return math.nan
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _typed(value: Any, *, as_integer: bool) -> Any:
    if isinstance(value, list):
        mean = sum(value) / len(value) if value else 0.0
        spread = sum((x - mean) ** 2 for x in value)
        distribution = distribution_pb2.Distribution(count=len(value), mean=mean, sum_of_squared_deviation=spread)
        return types.TypedValue(distribution_value=distribution)
    if as_integer:
        return types.TypedValue(int64_value=int(value))
    return types.TypedValue(double_value=float(value))


def _header(resource_type: str, grouped: Mapping[str, str]) -> Any:
    """What is left of a series' labels: those that it was grouped by."""
    header = types.TimeSeries()
    header.resource.type = resource_type
    for name, value in grouped.items():
        where, _, label = name.rpartition(".")
        if where == "metadata.system_labels":
            types.TimeSeries.pb(header).metadata.system_labels[label] = value
        elif where == "metric.label":
            header.metric.labels[label] = value
        else:
            header.resource.labels[label] = value
    return header


# --- pages ------------------------------------------------------------------------------------------------------------


def _page_of(series: Sequence[tuple[Any, list[Any]]], request: Any) -> Any:
    size = min(request.page_size or MAX_PAGE, MAX_PAGE)
    if request.page_token and not re.fullmatch(r"from-\d+", request.page_token):
        raise Refused("INVALID_ARGUMENT", "page_token is not valid")
    first = int(request.page_token[5:]) if request.page_token else 0
    response = types.ListTimeSeriesResponse()
    at = 0
    for header, points in series:
        part = points[max(0, first - at) : max(0, first + size - at)]
        if part:
            one = types.TimeSeries(header)
            one.points = part
            one.metric_kind = metric_pb2.MetricDescriptor.GAUGE
            response.time_series.append(one)
        at += len(points)
    if first + size < at:
        response.next_page_token = f"from-{first + size}"
    return response


def minutes(first: datetime, values: Sequence[Any]) -> list[tuple[datetime, Any]]:
    """Points a minute apart, the first one a minute after `first`; None leaves a gap."""
    assert first.tzinfo is UTC
    step = timedelta(minutes=1)
    return [(first + step * (i + 1), value) for i, value in enumerate(values) if value is not None]
