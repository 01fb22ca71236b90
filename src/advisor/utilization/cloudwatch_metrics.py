"""Which CloudWatch metrics tell the canonical metrics of a billed AWS resource, and how.

Facts are from the services' own documentation pages. Where CloudWatch has nothing, nothing is known, with one
exception, marked `zero_with` on the series it holds for: counts of which AWS documents that they are reported when
something happened (load balancers: "there is a nonzero value"; SageMaker sends one per request; DynamoDB nothing
without consumption). They are zero in the periods in which another series of the same resource, which is reported
all the time, has samples. Counts without such a companion stay unknown: Lambda (its concurrency metrics are sent per
invocation, too), Bedrock, Kinesis, and load balancers without targets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.utilization.accounts import ACCOUNT, region_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from advisor.utilization.metrics import BilledResource

FINE_SECONDS, HOUR_SECONDS = 300, 3600
GIB = 1024.0**3

ACCELERATED = re.compile(r"^(?:ml\.)?(?:p|g|gr|trn|inf|dl|vt)\d")
"""EC2 families that have accelerators; the others are not asked for any."""

BURSTABLE = re.compile(r"^t\d")
GPUS_EXPECTED = 8
"""Accelerators that a plan reserves queries for, as long as nobody has looked how many there are."""

DIMENSION_SETS = 4
"""Dimension sets of one agent metric that are read at most: the agent's aggregations, and those of former types."""

NAME = re.compile(r"^[\x21-\x39\x3b-\x7e][\x20-\x7e]{0,254}$")
"""What CloudWatch takes as a dimension's value: printable, and no colon at its beginning."""

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What an instance type has: needed where a metric is a sum over cores, or says only what is free."""

    vcpus: float
    memory_gib: float
    accelerators: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One metric of CloudWatch with its exact dimensions.

    `zero_with` is reported all the time; where it has samples and this series has none, this series is zero.
    """

    namespace: str
    name: str
    dimensions: Dimensions
    zero_with: Series | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One canonical metric of a resource and the series it is made of.

    `members` are parts of the resource (brokers, accelerators, variants); the series of one member are added, which
    takes all of them. `across` says how members become one: sum, mean, fullest (the largest) or first (that has any).
    `form`: level (Average, Maximum), total (Sum), rate (Average per second, made an amount), level_only (Average),
    share (the first series of a member in percent of the second), used (what is free, in percent of `whole` used).
    Values are multiplied by `scale`. Where a value beyond `limit` comes out, `scale` was wrong.
    """

    metric: str
    members: tuple[tuple[Series, ...], ...]
    form: str = "level"
    across: str = "sum"
    scale: float = 1.0
    whole: float = 0.0
    limit: float = float("inf")
    period_seconds: int = FINE_SECONDS

    def statistics(self) -> tuple[tuple[Series, str], ...]:
        """Every (series, statistic) that must be asked for, once each."""
        names = STATISTICS[self.form]
        asked: dict[tuple[Series, str], None] = {}
        for member in self.members:
            for place, series in enumerate(member):
                for name in names if not (self.form == "share" and place) else ("Average",):
                    asked[series, name] = None
                if series.zero_with is not None:
                    asked[series.zero_with, "Average"] = None
        return tuple(asked)


STATISTICS = {
    "level": ("Average", "Maximum"),
    "level_only": ("Average",),
    "rate": ("Average",),
    "share": ("Average", "Maximum"),
    "total": ("Sum",),
    "used": ("Average", "Minimum"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A metric whose other dimensions only ListMetrics knows. `key` and `value` are the dimension that is known.

    `expected` is the number of queries that a plan reserves for what will be found.
    """

    namespace: str
    name: str
    key: str
    value: str
    metrics: tuple[str, ...]
    expected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a resource is asked for: `readings` that are known, and `lookups` for the others.

    `region` and `account_id` say where. `untold` are metrics that would take the size of an unknown instance type.
    """

    account_id: str
    region: str
    name: str
    kind: str
    readings: tuple[Reading, ...]
    lookups: tuple[Lookup, ...] = ()
    untold: tuple[str, ...] = ()


def wanted(resource: BilledResource, sizes: Mapping[str, Size]) -> Wanted | None:
    """What CloudWatch knows of `resource`; None where it is nothing. Account or region are '' where nobody says them."""
    kind, name, region, account_id = _identified(resource)
    if not kind or not NAME.match(name):
        return None
    target = Target(name=name, account_id=account_id, resource=resource, size=sizes.get(resource.instance_type))
    readings, lookups, untold = KINDS[kind](target)
    return Wanted(
        account_id=account_id,
        region=region,
        name=name,
        kind=kind,
        readings=tuple(readings),
        lookups=tuple(lookups),
        untold=tuple(untold),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A resource as its catalogue entry sees it: its name in CloudWatch, and its size where that is known."""

    name: str
    account_id: str
    resource: BilledResource
    size: Size | None


Entry = tuple["list[Reading]", "list[Lookup]", "list[str]"]
"""Readings, lookups, and metrics that would take the size of an unknown instance type."""


# --- which resource is it? --------------------------------------------------------------------------------------------

ARN = re.compile(
    r"^arn:aws[a-z-]*:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account>\d*):(?P<rest>.+)$", re.DOTALL
)
BARE = (
    ("ec2", re.compile(r"^(i-[0-9a-f]{8,17})$")),
    ("ebs", re.compile(r"^(vol-[0-9a-f]{8,17})$")),
    ("nat", re.compile(r"^(nat-[0-9a-f]{8,17})$")),
)
NAMED = {
    "ec2": (
        ("ec2", re.compile(r"^instance/(i-[0-9a-f]+)$")),
        ("ebs", re.compile(r"^volume/(vol-[0-9a-f]+)$")),
        ("nat", re.compile(r"^natgateway/(nat-[0-9a-f]+)$")),
    ),
    "rds": (
        ("rds", re.compile(r"^db:([^:]+)$")),
        # cluster-ABC… is the identifier of the storage, which is no dimension of any metric.
        ("rds_cluster", re.compile(r"^cluster:(?!cluster-[A-Z0-9]{20,}$)([^:]+)$")),
    ),
    "elasticloadbalancing": (
        ("alb", re.compile(r"^loadbalancer/(app/[^/]+/[^/]+)$")),
        ("nlb", re.compile(r"^loadbalancer/(net/[^/]+/[^/]+)$")),
        ("gwlb", re.compile(r"^loadbalancer/(gwy/[^/]+/[^/]+)$")),
        ("elb", re.compile(r"^loadbalancer/([^/]+)$")),
    ),
    "lambda": (("lambda", re.compile(r"^function:([^:]+)(?::[^:]+)?$")),),
    "dynamodb": (("dynamodb", re.compile(r"^table/([^/]+)$")),),
    "kinesis": (("kinesis", re.compile(r"^stream/([^/]+)$")),),
    "kafka": (("msk", re.compile(r"^cluster/([^/]+)(?:/[^/]+)?$")),),
    "sagemaker": (("sagemaker", re.compile(r"^endpoint/([^/]+)$")),),
    "es": (("opensearch", re.compile(r"^domain/([^/]+)$")),),
    "elasticache": (("elasticache", re.compile(r"^cluster:([^:]+)$")),),
    "redshift": (("redshift", re.compile(r"^cluster:([^:]+)$")),),
    "bedrock": (("bedrock", re.compile(r"^(?:provisioned-model|application-inference-profile)/([^/]+)$")),),
}


def _identified(resource: BilledResource) -> tuple[str, str, str, str]:
    """(kind, name, region, account id) of a resource; ('', '', '', '') where it has no metrics that are known here."""
    if resource.provider != "aws":
        return "", "", "", ""
    region, account_id = region_of(resource.region_id), resource.sub_account_id
    arn = ARN.match(resource.resource_id)
    patterns = NAMED.get(arn["service"], ()) if arn else BARE
    text = arn["rest"] if arn else resource.resource_id
    for kind, pattern in patterns:
        found = pattern.match(text)
        if found:
            if arn:
                region, account_id = region_of(arn["region"]) or region, account_id or arn["account"]
            return kind, found[1], region, account_id if ACCOUNT.match(account_id) else ""
    return "", "", "", ""


# --- what CloudWatch knows of each ------------------------------------------------------------------------------------


def _of(namespace: str, *dimensions: tuple[str, str]) -> Callable[..., Series]:
    """A maker of series in one namespace and dimensions."""

    def series(name: str, zero_with: Series | None = None) -> Series:
        return Series(namespace=namespace, name=name, dimensions=dimensions, zero_with=zero_with)

    return series


def _level(metric: str, series: Series, scale: float = 1.0) -> Reading:
    return Reading(metric=metric, members=((series,),), scale=scale)


def _total(metric: str, *series: Series, period_seconds: int = FINE_SECONDS) -> Reading:
    return Reading(metric=metric, members=(series,), form="total", period_seconds=period_seconds)


def _rate(metric: str, *series: Series) -> Reading:
    return Reading(metric=metric, members=(series,), form="rate")


def _ec2(target: Target) -> Entry:
    ec2 = _of("AWS/EC2", ("InstanceId", target.name))
    kind = target.resource.instance_type
    readings = [
        _level("cpu_utilization", ec2("CPUUtilization")),
        _total("network_bytes", ec2("NetworkIn"), ec2("NetworkOut")),
        # The hypervisor of older types does not report these: nothing is known then.
        _total("disk_operations", ec2("EBSReadOps"), ec2("EBSWriteOps")),
        _total("disk_bytes", ec2("EBSReadBytes"), ec2("EBSWriteBytes")),
    ]
    if BURSTABLE.match(kind) or not kind:
        readings.append(Reading(metric="cpu_credit_balance", members=((ec2("CPUCreditBalance"),),), form="level_only"))
    lookups = [
        Lookup(
            namespace="CWAgent",
            name=name,
            key="InstanceId",
            value=target.name,
            metrics=("memory_utilization",),
            expected=2 if name == AGENT_MEMORY[0] else 0,  # the machine has one of them
        )
        for name in AGENT_MEMORY
    ]
    if ACCELERATED.match(kind):
        gpu = {"namespace": "CWAgent", "key": "InstanceId", "value": target.name}
        lookups += [
            Lookup(name=GPU_USE, metrics=("gpu_utilization",), expected=2 * GPUS_EXPECTED, **gpu),
            Lookup(name=GPU_MEMORY, metrics=("gpu_memory_utilization",), expected=3 * GPUS_EXPECTED, **gpu),
        ]
    return readings, lookups, []


AGENT_MEMORY = ("mem_used_percent", "Memory % Committed Bytes In Use")
GPU_USE, GPU_MEMORY, GPU_MEMORY_TOTAL = (
    "nvidia_smi_utilization_gpu",
    "nvidia_smi_memory_used",
    "nvidia_smi_memory_total",
)


def _ebs(target: Target) -> Entry:
    ebs = _of("AWS/EBS", ("VolumeId", target.name))
    # On Xen instances bytes are reported only when there is activity, operations always: while it is attached.
    reads, writes = ebs("VolumeReadOps"), ebs("VolumeWriteOps")
    return (
        [
            _total("disk_operations", reads, writes),
            _total("disk_bytes", ebs("VolumeReadBytes", reads), ebs("VolumeWriteBytes", writes)),
        ],
        [],
        [],
    )


def _nat(target: Target) -> Entry:
    nat = _of("AWS/NATGateway", ("NatGatewayId", target.name))
    return (
        [
            _total(
                "network_bytes",
                nat("BytesOutToDestination"),
                nat("BytesInFromDestination"),
                period_seconds=HOUR_SECONDS,
            ),
            _level("connections", nat("ActiveConnectionCount")),
            _total("new_connections", nat("ConnectionEstablishedCount"), period_seconds=HOUR_SECONDS),
        ],
        [],
        [],
    )


def _rds(target: Target) -> Entry:
    rds = _of(_database_namespace(target), ("DBInstanceIdentifier", target.name))
    readings = [
        _level("cpu_utilization", rds("CPUUtilization")),
        _level("connections", rds("DatabaseConnections")),
        Reading(metric="freeable_memory", members=((rds("FreeableMemory"),),), form="level_only"),
        _rate("disk_operations", rds("ReadIOPS"), rds("WriteIOPS")),
        _rate("disk_bytes", rds("ReadThroughput"), rds("WriteThroughput")),
        _rate("network_bytes", rds("NetworkReceiveThroughput"), rds("NetworkTransmitThroughput")),
    ]
    if target.resource.instance_type.startswith("db.t") or not target.resource.instance_type:
        readings.append(Reading(metric="cpu_credit_balance", members=((rds("CPUCreditBalance"),),), form="level_only"))
    if not target.size or target.size.memory_gib <= 0:
        return readings, [], ["memory_utilization"]
    readings.append(
        Reading(
            metric="memory_utilization",
            members=((rds("FreeableMemory"),),),
            form="used",
            whole=target.size.memory_gib * GIB,
            limit=100.0,
        )
    )
    return readings, [], []


def _rds_cluster(target: Target) -> Entry:
    # Connections of a cluster are the mean of its instances, operations are billed ones: neither is what it is called.
    rds = _of(_database_namespace(target), ("DBClusterIdentifier", target.name))
    return [_level("cpu_utilization", rds("CPUUtilization"))], [], []


def _database_namespace(target: Target) -> str:
    service = f"{target.resource.service_code} {target.resource.service_name}".lower()
    return (
        "AWS/DocDB"
        if "docdb" in service or "documentdb" in service
        else "AWS/Neptune"
        if "neptune" in service
        else "AWS/RDS"
    )


def _elasticache(target: Target) -> Entry:
    # CPUUtilization is of the whole node, as the canonical metric means it. The engine's thread (EngineCPUUtilization,
    # of one core) is part of it: divided by the vCPUs it is never larger, and it needs its one core on any node.
    cache = _of("AWS/ElastiCache", ("CacheClusterId", target.name))
    return (
        [
            _level("cpu_utilization", cache("CPUUtilization")),
            _level("memory_utilization", cache("DatabaseMemoryUsagePercentage")),  # not known of Memcached
            Reading(metric="freeable_memory", members=((cache("FreeableMemory"),),), form="level_only"),
            _level("connections", cache("CurrConnections")),
            _total("new_connections", cache("NewConnections"), period_seconds=HOUR_SECONDS),
            _total("network_bytes", cache("NetworkBytesIn"), cache("NetworkBytesOut")),
            _total("requests", cache("GetTypeCmds"), cache("SetTypeCmds"), period_seconds=HOUR_SECONDS),
        ],
        [],
        [],
    )


def _redshift(target: Target) -> Entry:
    redshift = _of("AWS/Redshift", ("ClusterIdentifier", target.name))
    return (
        [
            _level("cpu_utilization", redshift("CPUUtilization")),
            _level("connections", redshift("DatabaseConnections")),
            _level("disk_space_utilization", redshift("PercentageDiskSpaceUsed")),
        ],
        [],
        [],
    )


def _opensearch(target: Target) -> Entry:
    # JVMMemoryPressure saws up and down with the garbage collector, and SysMemoryUtilization counts the page cache:
    # neither is memory that is needed, so memory stays unknown.
    domain = _of("AWS/ES", ("DomainName", target.name), ("ClientId", target.account_id))
    requests = Reading(
        metric="requests",
        members=((domain("OpenSearchRequests"),), (domain("ElasticsearchRequests"),)),
        form="total",
        across="first",
        period_seconds=HOUR_SECONDS,
    )
    return [_level("cpu_utilization", domain("CPUUtilization")), requests], [], []


def _alb(target: Target) -> Entry:
    alb = _of("AWS/ApplicationELB", ("LoadBalancer", target.name))
    alive = alb("ConsumedLCUs")
    return (
        [
            _total("requests", alb("RequestCount", alive), period_seconds=HOUR_SECONDS),
            _total("new_connections", alb("NewConnectionCount", alive), period_seconds=HOUR_SECONDS),
            _total("network_bytes", alb("ProcessedBytes", alive), period_seconds=HOUR_SECONDS),
        ],
        [],
        [],
    )


def _flows(namespace: str) -> Callable[[Target], Entry]:
    def entry(target: Target) -> Entry:
        balancer = _of(namespace, ("LoadBalancer", target.name))
        alive = balancer("ConsumedLCUs")
        return (
            [
                _level("connections", balancer("ActiveFlowCount", alive)),
                _total("new_connections", balancer("NewFlowCount", alive), period_seconds=HOUR_SECONDS),
                _total("network_bytes", balancer("ProcessedBytes", alive), period_seconds=HOUR_SECONDS),
            ],
            [],
            [],
        )

    return entry


def _elb(target: Target) -> Entry:
    elb = _of("AWS/ELB", ("LoadBalancerName", target.name))
    alive = elb("HealthyHostCount")  # reported while instances are registered
    return [_total("requests", elb("RequestCount", alive), period_seconds=HOUR_SECONDS)], [], []


def _lambda(target: Target) -> Entry:
    function = _of("AWS/Lambda", ("FunctionName", target.name))
    lookup = Lookup(
        namespace="AWS/Lambda",
        name=CONCURRENCY,
        key="FunctionName",
        value=target.name,
        metrics=("concurrency_utilization",),
        expected=2,
    )
    return [_total("requests", function("Invocations"), period_seconds=HOUR_SECONDS)], [lookup], []


CONCURRENCY = "ProvisionedConcurrencyUtilization"


def _dynamodb(target: Target) -> Entry:
    table = _of("AWS/DynamoDB", ("TableName", target.name))
    # On-demand tables have nothing provisioned: what they consume is then known where they did.
    reads, writes = table("ProvisionedReadCapacityUnits"), table("ProvisionedWriteCapacityUnits")
    return (
        [
            _total("consumed_read_units", table("ConsumedReadCapacityUnits", reads)),
            _total("consumed_write_units", table("ConsumedWriteCapacityUnits", writes)),
            _level("provisioned_read_units", reads),
            _level("provisioned_write_units", writes),
        ],
        [],
        [],
    )


def _kinesis(target: Target) -> Entry:
    stream = _of("AWS/Kinesis", ("StreamName", target.name))
    return (
        [
            _total("requests", stream("IncomingRecords"), period_seconds=HOUR_SECONDS),
            _total("network_bytes", stream("IncomingBytes"), stream("GetRecords.Bytes")),
        ],
        [],
        [],
    )


def _msk(target: Target) -> Entry:
    lookup = Lookup(
        namespace="AWS/Kafka",
        name="CpuUser",
        key="Cluster Name",
        value=target.name,
        metrics=("cpu_utilization", "network_bytes"),
        expected=6 * 6,
    )
    return [], [lookup], []


def _sagemaker(target: Target) -> Entry:
    host = {"namespace": SAGEMAKER_HOSTS, "key": "EndpointName", "value": target.name}
    lookups = [
        Lookup(
            name="CPUUtilization",
            metrics=("requests", "memory_utilization", "cpu_utilization"),
            expected=2 * 6,
            **host,
        )
    ]
    if ACCELERATED.match(target.resource.instance_type) or not target.resource.instance_type:
        lookups.append(
            Lookup(name="GPUUtilization", metrics=("gpu_utilization", "gpu_memory_utilization"), expected=4, **host)
        )
    return [], lookups, [] if target.size else ["cpu_utilization", "gpu_utilization", "gpu_memory_utilization"]


SAGEMAKER_HOSTS = "/aws/sagemaker/Endpoints"


def _bedrock(target: Target) -> Entry:
    # The dimension's value is the ARN or its last part: whichever has samples.
    forms = [_of("AWS/Bedrock", ("ModelId", value)) for value in (target.resource.resource_id, target.name)]
    return (
        [
            Reading(
                metric=metric,
                members=tuple((form(name),) for form in forms),
                form="total",
                across="first",
                period_seconds=HOUR_SECONDS,
            )
            for metric, name in (
                ("requests", "Invocations"),
                ("input_tokens", "InputTokenCount"),
                ("output_tokens", "OutputTokenCount"),
            )
        ],
        [],
        [],
    )


KINDS: dict[str, Callable[[Target], Entry]] = {
    "ec2": _ec2,
    "ebs": _ebs,
    "nat": _nat,
    "rds": _rds,
    "rds_cluster": _rds_cluster,
    "elasticache": _elasticache,
    "redshift": _redshift,
    "opensearch": _opensearch,
    "alb": _alb,
    "nlb": _flows("AWS/NetworkELB"),
    "gwlb": _flows("AWS/GatewayELB"),
    "elb": _elb,
    "lambda": _lambda,
    "dynamodb": _dynamodb,
    "kinesis": _kinesis,
    "msk": _msk,
    "sagemaker": _sagemaker,
    "bedrock": _bedrock,
}


# --- what ListMetrics found -------------------------------------------------------------------------------------------


def discovered(lookup: Lookup, found: Sequence[Dimensions], size: Size | None) -> list[Reading]:
    """Readings of a lookup, given every dimension set of its metric that contains the known dimension."""
    sets = sorted(set(found), key=lambda dimensions: (len(dimensions), dimensions))
    if not sets:
        return []
    if lookup.name in AGENT_MEMORY:
        # One machine, seen with several dimension sets: the agent's aggregations, and types it had before.
        members = tuple((_series(lookup, dimensions),) for dimensions in sets[:DIMENSION_SETS])
        return [Reading(metric="memory_utilization", members=members, across="first")]
    if lookup.name in (GPU_USE, GPU_MEMORY):
        return _gpus(lookup, sets)
    if lookup.name == CONCURRENCY:
        aliases = tuple((_series(lookup, d),) for d in sets if {name for name, _ in d} == {"FunctionName", "Resource"})
        return (
            [Reading(metric="concurrency_utilization", members=aliases, across="fullest", scale=100.0)]
            if aliases
            else []
        )
    if lookup.namespace == "AWS/Kafka":
        return _brokers(sets)
    return _variants(lookup, sets, size)


def _series(lookup: Lookup, dimensions: Dimensions, name: str = "") -> Series:
    return Series(namespace=lookup.namespace, name=name or lookup.name, dimensions=dimensions)


def _gpus(lookup: Lookup, sets: Sequence[Dimensions]) -> list[Reading]:
    """One member per accelerator: the set with the fewest dimensions of each `index`."""
    by_index: dict[str, Dimensions] = {}
    for dimensions in sets:
        index = dict(dimensions).get("index")
        if index is not None:
            by_index.setdefault(index, dimensions)
    if not by_index:
        return []
    if lookup.name == GPU_USE:
        members = tuple((_series(lookup, dimensions),) for dimensions in by_index.values())
        return [Reading(metric="gpu_utilization", members=members, across="mean")]
    pairs = tuple((_series(lookup, d), _series(lookup, d, GPU_MEMORY_TOTAL)) for d in by_index.values())
    return [Reading(metric="gpu_memory_utilization", members=pairs, form="share", across="fullest")]


def _brokers(sets: Sequence[Dimensions]) -> list[Reading]:
    """The busiest broker's processor, since all are of one size, and the traffic of all."""
    brokers = [_of("AWS/Kafka", *d) for d in sets if {name for name, _ in d} == {"Cluster Name", "Broker ID"}]
    if not brokers:
        return []
    return [
        Reading(
            metric="cpu_utilization",
            members=tuple((broker("CpuUser"), broker("CpuSystem")) for broker in brokers),
            across="fullest",
        ),
        Reading(
            metric="network_bytes",
            members=tuple((broker("BytesInPerSec"), broker("BytesOutPerSec")) for broker in brokers),
            form="rate",
        ),
    ]


def _variants(lookup: Lookup, sets: Sequence[Dimensions], size: Size | None) -> list[Reading]:
    """Metrics of a SageMaker endpoint by its variants. Host metrics are sums over cores or accelerators, so they take
    the instance type, which the bill knows only where there is one variant."""
    exact = [d for d in sets if {name for name, _ in d} == {"EndpointName", "VariantName"}]
    if not exact:
        return []
    hosts = [_of(SAGEMAKER_HOSTS, *d) for d in exact]
    only = hosts[0] if len(hosts) == 1 else None
    if lookup.name == "GPUUtilization":
        if only is None or size is None or size.accelerators <= 0:
            return []
        readings = [_counted("gpu_utilization", only("GPUUtilization"), size.accelerators)]
        if size.accelerators == 1:  # of several, the sum does not tell the fullest
            readings.append(_counted("gpu_memory_utilization", only("GPUMemoryUtilization"), 1.0))
        return readings
    calls = [
        _of("AWS/SageMaker", *d)("Invocations", host("CPUUtilization")) for d, host in zip(exact, hosts, strict=True)
    ]
    readings = [
        Reading(metric="requests", members=tuple((c,) for c in calls), form="total", period_seconds=HOUR_SECONDS),
        Reading(
            metric="memory_utilization", members=tuple((host("MemoryUtilization"),) for host in hosts), across="fullest"
        ),
    ]
    if only is not None and size is not None and size.vcpus > 0:
        readings.append(_counted("cpu_utilization", only("CPUUtilization"), size.vcpus))
    return readings


def _counted(metric: str, series: Series, count: float) -> Reading:
    return Reading(metric=metric, members=((series,),), scale=1.0 / count, limit=100.0)
