"""What Cloud Monitoring calls things: which time series make a canonical metric, and whose they are.

Facts of Google's list of metrics that the rules rest on:
- Utilisations are fractions (0 to 1), those of the Ops Agent and of GKE's accelerators percent already.
- Memory of Compute Engine comes from the Ops Agent, of E2 machines also from the balloon driver (which counts the page
  cache as used: too high, never too low), of GKE nodes from the kubelet. Other machines have none.
- Cloud SQL counts connections of PostgreSQL under a name of their own, by database. Google's own, which an unused instance
  has at all times, are those to its database cloudsqladmin: they are left out. A rule's sources are tried in order, and the
  first that has a resource's day gives it, as two units must never be mixed in one day.
- Accelerators of GKE belong to containers; the node is known as metadata, and only where it is grouped by. Containers
  that share an accelerator have no such series.
- The processor use of a Vertex AI endpoint is a fraction of one CPU ("may exceed 100 %"), of which the number is not
  known here: it is not fetched. Its accelerator memory has no size beside it: the same.
- Counts of requests have no points while there are none. Only where a gauge of the same resource proves that it was
  watched is that a zero; forwarding rules have no such gauge, so of them a quiet time remains unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """How series name a resource: `fields` in the order of the parts of a key, the last one the most specific.

    `has_long_names`: the last label may be a path that ends in the name; then it cannot be filtered by.
    """

    name: str
    resource_type: str
    fields: tuple[str, ...]
    has_long_names: bool = False


INSTANCE = Identity(name="instance", resource_type="gce_instance", fields=("resource.label.instance_id",))
NODE = Identity(name="node", resource_type="k8s_node", fields=("resource.label.node_name",))
NODE_OF_CONTAINER = Identity(name="node", resource_type="k8s_container", fields=("metadata.system_labels.node_name",))
DATABASE = Identity(name="database", resource_type="cloudsql_database", fields=("resource.label.database_id",))
SERVICE = Identity(
    name="service",
    resource_type="cloud_run_revision",
    fields=("resource.label.location", "resource.label.service_name"),
)
ENDPOINT = Identity(
    name="endpoint",
    resource_type="aiplatform.googleapis.com/Endpoint",
    fields=("resource.label.location", "resource.label.endpoint_id"),
)
CACHE = Identity(
    name="cache",
    resource_type="redis_instance",
    fields=("resource.label.region", "resource.label.instance_id"),
    has_long_names=True,
)
NAT = Identity(name="router", resource_type="nat_gateway", fields=("resource.label.region", "resource.label.router_id"))
GLOBAL_RULE = Identity(
    name="global rule", resource_type="https_lb_rule", fields=("resource.label.forwarding_rule_name",)
)
EXTERNAL_RULE = Identity(
    name="regional rule",
    resource_type="http_external_regional_lb_rule",
    fields=("resource.label.region", "resource.label.forwarding_rule_name"),
)
INTERNAL_RULE = Identity(
    name="regional rule",
    resource_type="internal_http_lb_rule",
    fields=("resource.label.region", "resource.label.forwarding_rule_name"),
)

BY_NAME = frozenset({NODE.name, GLOBAL_RULE.name, EXTERNAL_RULE.name})
"""Identities that name a resource less exactly than the bill does: a successor may have had the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Time series of one metric type. `across` combines those of one resource, and of one `per` where that is given.

    `kind`: gauge (mean and maximum of each period are asked for), delta (the sum), distribution (its mean, and its 99th
    percentile as the maximum). `where`, `where_not`: metric labels that a series must have, and must not. `per`: a metric
    label that is kept apart.
    """

    metric_type: str
    identity: Identity
    kind: Literal["gauge", "delta", "distribution"] = "gauge"
    across: Literal["MEAN", "MAX", "SUM"] = "SUM"
    where: tuple[tuple[str, str], ...] = ()
    where_not: tuple[tuple[str, str], ...] = ()
    per: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Samples: the sum of `added`, as a part of `share_of` where that is given, times `scale`.

    Of what is kept apart by a label (`per`), the largest counts.
    """

    added: tuple[Series, ...]
    share_of: Series | None = None
    scale: float = 1.0

    @property
    def identity(self) -> Identity:
        """Whose series these are."""
        return self.added[0].identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A canonical metric of one kind of resource. `watched`: a gauge beside which silence means zero."""

    metric: str
    sources: tuple[Source, ...]
    watched: Series | None = None


def _gauge(
    metric_type: str, identity: Identity, across: Literal["MEAN", "MAX", "SUM"], scale: float = 1.0, **where: str
) -> Source:
    series = Series(metric_type=metric_type, identity=identity, across=across, where=tuple(where.items()))
    return Source(added=(series,), scale=scale)


def _counted(identity: Identity, *metric_types: str) -> Source:
    return Source(added=tuple(Series(metric_type=name, identity=identity, kind="delta") for name in metric_types))


def _distributed(metric_type: str, identity: Identity) -> Source:
    return Source(added=(Series(metric_type=metric_type, identity=identity, kind="distribution"),), scale=100.0)


def _share(used: Series, size: Series) -> Source:
    return Source(added=(used,), share_of=size, scale=100.0)


_COMPUTE = "compute.googleapis.com/instance/"
_AGENT = "agent.googleapis.com/"
_KUBERNETES = "kubernetes.io/"
_SQL = "cloudsql.googleapis.com/database/"
_RUN = "run.googleapis.com/"
_VERTEX = "aiplatform.googleapis.com/prediction/online/"
_REDIS = "redis.googleapis.com/"
_NAT = "router.googleapis.com/nat/"
_BALANCING = "loadbalancing.googleapis.com/https/"
_AGENT_GPU_MEMORY = "agent.googleapis.com/gpu/memory/bytes_used"
_BACKENDS = Series(
    metric_type=_SQL + "postgresql/num_backends", identity=DATABASE, where_not=(("database", "cloudsqladmin"),)
)

_RUN_INSTANCES = Series(metric_type=_RUN + "container/instance_count", identity=SERVICE)
_VERTEX_REPLICAS = Series(metric_type=_VERTEX + "replicas", identity=ENDPOINT)

RULES: dict[str, tuple[Rule, ...]] = {
    INSTANCE.name: (
        Rule(metric="cpu_utilization", sources=(_gauge(_COMPUTE + "cpu/utilization", INSTANCE, "MAX", 100.0),)),
        Rule(
            metric="memory_utilization",
            sources=(
                _gauge(_AGENT + "memory/percent_used", INSTANCE, "MAX", state="used"),
                _share(
                    Series(metric_type=_COMPUTE + "memory/balloon/ram_used", identity=INSTANCE, across="MAX"),
                    Series(metric_type=_COMPUTE + "memory/balloon/ram_size", identity=INSTANCE, across="MAX"),
                ),
                _share(
                    Series(
                        metric_type=_KUBERNETES + "node/memory/used_bytes",
                        identity=NODE,
                        where=(("memory_type", "non-evictable"),),
                    ),
                    Series(metric_type=_KUBERNETES + "node/memory/total_bytes", identity=NODE, across="MAX"),
                ),
            ),
        ),
        Rule(
            metric="network_bytes",
            sources=(
                _counted(INSTANCE, _COMPUTE + "network/received_bytes_count", _COMPUTE + "network/sent_bytes_count"),
            ),
        ),
        Rule(
            metric="disk_operations",
            sources=(_counted(INSTANCE, _COMPUTE + "disk/read_ops_count", _COMPUTE + "disk/write_ops_count"),),
        ),
        Rule(
            metric="disk_bytes",
            sources=(_counted(INSTANCE, _COMPUTE + "disk/read_bytes_count", _COMPUTE + "disk/write_bytes_count"),),
        ),
        Rule(
            metric="gpu_utilization",
            sources=(
                _gauge(_AGENT + "gpu/utilization", INSTANCE, "MEAN"),
                _gauge(_KUBERNETES + "container/accelerator/duty_cycle", NODE_OF_CONTAINER, "MEAN"),
            ),
        ),
        Rule(
            metric="gpu_memory_utilization",
            sources=(
                _share(
                    Series(
                        metric_type=_AGENT_GPU_MEMORY,
                        identity=INSTANCE,
                        where=(("memory_state", "used"),),
                        per="gpu_number",
                    ),
                    Series(metric_type=_AGENT_GPU_MEMORY, identity=INSTANCE, per="gpu_number"),
                ),
                _share(
                    Series(
                        metric_type=_KUBERNETES + "container/accelerator/memory_used",
                        identity=NODE_OF_CONTAINER,
                        across="MAX",
                        per="accelerator_id",
                    ),
                    Series(
                        metric_type=_KUBERNETES + "container/accelerator/memory_total",
                        identity=NODE_OF_CONTAINER,
                        across="MAX",
                        per="accelerator_id",
                    ),
                ),
            ),
        ),
    ),
    DATABASE.name: (
        Rule(metric="cpu_utilization", sources=(_gauge(_SQL + "cpu/utilization", DATABASE, "MAX", 100.0),)),
        Rule(metric="memory_utilization", sources=(_gauge(_SQL + "memory/utilization", DATABASE, "MAX", 100.0),)),
        Rule(metric="disk_space_utilization", sources=(_gauge(_SQL + "disk/utilization", DATABASE, "MAX", 100.0),)),
        Rule(
            metric="connections",
            sources=(
                _gauge(_SQL + "network/connections", DATABASE, "SUM"),
                Source(added=(_BACKENDS,)),
            ),
        ),
        Rule(
            metric="disk_operations",
            sources=(_counted(DATABASE, _SQL + "disk/read_ops_count", _SQL + "disk/write_ops_count"),),
        ),
        Rule(
            metric="network_bytes",
            sources=(_counted(DATABASE, _SQL + "network/received_bytes_count", _SQL + "network/sent_bytes_count"),),
        ),
    ),
    SERVICE.name: (
        Rule(metric="replicas", sources=(Source(added=(_RUN_INSTANCES,)),)),
        Rule(metric="requests", sources=(_counted(SERVICE, _RUN + "request_count"),), watched=_RUN_INSTANCES),
        Rule(metric="cpu_utilization", sources=(_distributed(_RUN + "container/cpu/utilizations", SERVICE),)),
        Rule(metric="memory_utilization", sources=(_distributed(_RUN + "container/memory/utilizations", SERVICE),)),
    ),
    ENDPOINT.name: (
        Rule(metric="replicas", sources=(Source(added=(_VERTEX_REPLICAS,)),)),
        # Private endpoints count their responses apart. Predictions are more than requests where they come in batches:
        # only asked where responses have no points at all.
        Rule(
            metric="requests",
            sources=(
                _counted(ENDPOINT, _VERTEX + "response_count", _VERTEX + "private/response_count"),
                _counted(ENDPOINT, _VERTEX + "prediction_count"),
            ),
            watched=_VERTEX_REPLICAS,
        ),
        Rule(metric="gpu_utilization", sources=(_gauge(_VERTEX + "accelerator/duty_cycle", ENDPOINT, "MEAN", 100.0),)),
    ),
    CACHE.name: (
        Rule(metric="memory_utilization", sources=(_gauge(_REDIS + "stats/memory/usage_ratio", CACHE, "MAX", 100.0),)),
        Rule(metric="connections", sources=(_gauge(_REDIS + "clients/connected", CACHE, "SUM"),)),
        Rule(metric="network_bytes", sources=(_counted(CACHE, _REDIS + "stats/network_traffic"),)),
    ),
    NAT.name: (
        Rule(
            metric="network_bytes",
            sources=(_counted(NAT, _NAT + "sent_bytes_count", _NAT + "received_bytes_count"),),
        ),
        Rule(metric="connections", sources=(_gauge(_NAT + "open_connections", NAT, "SUM"),)),
    ),
    GLOBAL_RULE.name: (Rule(metric="requests", sources=(_counted(GLOBAL_RULE, _BALANCING + "request_count"),)),),
    EXTERNAL_RULE.name: (
        Rule(
            metric="requests",
            sources=(
                _counted(EXTERNAL_RULE, _BALANCING + "external/regional/request_count"),
                _counted(INTERNAL_RULE, _BALANCING + "internal/request_count"),
            ),
        ),
    ),
}
"""By kind of resource. What others are watched by comes before them, so that it is asked for once."""

WATCHED = frozenset(rule.watched for rules in RULES.values() for rule in rules if rule.watched)
"""Gauges that prove that a resource was watched."""
