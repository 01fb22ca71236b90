"""The catalogue: which resource is which, and that every entry says what the canonical metrics mean."""

from __future__ import annotations

import pytest

from advisor.utilization.cloudwatch_metrics import (
    FINE_SECONDS,
    HOUR_SECONDS,
    KINDS,
    STATISTICS,
    Reading,
    Series,
    Size,
    Wanted,
    discovered,
    wanted,
)
from advisor.utilization.metrics import METRICS, BilledResource

ACCOUNT = "111122223333"
SIZES = {"db.r7g.large": Size(vcpus=2, memory_gib=16, accelerators=0)}


def billed(resource_id: str, **others: object) -> BilledResource:
    values = {
        "provider": "aws",
        "sub_account_id": ACCOUNT,
        "region_id": "eu-central-1",
        "resource_id": resource_id,
        "resource_name": "",
        "service_code": "",
        "service_name": "",
        "instance_type": "",
        "monthly_cost": 10.0,
        **others,
    }
    return BilledResource(**values)  # type: ignore[arg-type]


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{rest}"


KNOWN = {
    "i-0a1b2c3d4e5f60718": ("ec2", "AWS/EC2", {"InstanceId": "i-0a1b2c3d4e5f60718"}),
    "i-0a1b2c3d": ("ec2", "AWS/EC2", {"InstanceId": "i-0a1b2c3d"}),
    arn("ec2", "instance/i-0a1b2c3d"): ("ec2", "AWS/EC2", {"InstanceId": "i-0a1b2c3d"}),
    "vol-0a1b2c3d4e5f60718": ("ebs", "AWS/EBS", {"VolumeId": "vol-0a1b2c3d4e5f60718"}),
    arn("ec2", "natgateway/nat-99dcb502adcfbf04f"): (
        "nat",
        "AWS/NATGateway",
        {"NatGatewayId": "nat-99dcb502adcfbf04f"},
    ),
    "nat-99dcb502adcfbf04f": ("nat", "AWS/NATGateway", {"NatGatewayId": "nat-99dcb502adcfbf04f"}),
    arn("rds", "db:telemetry"): ("rds", "AWS/RDS", {"DBInstanceIdentifier": "telemetry"}),
    arn("rds", "cluster:aurora-1"): ("rds_cluster", "AWS/RDS", {"DBClusterIdentifier": "aurora-1"}),
    arn("elasticache", "cluster:cache-001"): ("elasticache", "AWS/ElastiCache", {"CacheClusterId": "cache-001"}),
    arn("redshift", "cluster:wh"): ("redshift", "AWS/Redshift", {"ClusterIdentifier": "wh"}),
    arn("es", "domain/logs"): ("opensearch", "AWS/ES", {"DomainName": "logs", "ClientId": ACCOUNT}),
    arn("elasticloadbalancing", "loadbalancer/app/lab/684d7ddf0619b051"): (
        "alb",
        "AWS/ApplicationELB",
        {"LoadBalancer": "app/lab/684d7ddf0619b051"},
    ),
    arn("elasticloadbalancing", "loadbalancer/net/mqtt/1d31e7b3b059e5d3"): (
        "nlb",
        "AWS/NetworkELB",
        {"LoadBalancer": "net/mqtt/1d31e7b3b059e5d3"},
    ),
    arn("elasticloadbalancing", "loadbalancer/gwy/fw/1d31e7b3b059e5d3"): (
        "gwlb",
        "AWS/GatewayELB",
        {"LoadBalancer": "gwy/fw/1d31e7b3b059e5d3"},
    ),
    arn("elasticloadbalancing", "loadbalancer/old"): ("elb", "AWS/ELB", {"LoadBalancerName": "old"}),
    arn("lambda", "function:price"): ("lambda", "AWS/Lambda", {"FunctionName": "price"}),
    arn("lambda", "function:price:live"): ("lambda", "AWS/Lambda", {"FunctionName": "price"}),
    arn("dynamodb", "table/orders"): ("dynamodb", "AWS/DynamoDB", {"TableName": "orders"}),
    arn("kinesis", "stream/clicks"): ("kinesis", "AWS/Kinesis", {"StreamName": "clicks"}),
    arn("kafka", "cluster/events/6f83f622-41c9-52ae-b23d-935e8ab311ec-7"): (
        "msk",
        "AWS/Kafka",
        {"Cluster Name": "events"},
    ),
    arn("sagemaker", "endpoint/vision"): ("sagemaker", "/aws/sagemaker/Endpoints", {"EndpointName": "vision"}),
    arn("bedrock", "provisioned-model/b1a4685a3eea"): (
        "bedrock",
        "AWS/Bedrock",
        {"ModelId": arn("bedrock", "provisioned-model/b1a4685a3eea")},
    ),
}


@pytest.mark.parametrize("resource_id", KNOWN)
def test_a_billed_resource_is_known_by_its_id(resource_id: str) -> None:
    kind, namespace, dimensions = KNOWN[resource_id]
    found = _wanted(billed(resource_id))
    assert (found.kind, found.account_id) == (kind, ACCOUNT)
    assert found.region == ("us-east-1" if resource_id.startswith("arn:") else "eu-central-1")
    places = {(s.namespace, dict(s.dimensions) == dimensions) for r in found.readings[:1] for s in r.members[0]}
    looked = {(lookup.namespace, {lookup.key: lookup.value} == dimensions) for lookup in found.lookups}
    assert (namespace, True) in places | looked


def test_every_kind_is_covered() -> None:
    assert {kind for kind, _, _ in KNOWN.values()} == set(KINDS)


@pytest.mark.parametrize(
    "resource_id",
    [
        "",
        "snap-0a1b2c3d",
        "nordwind-telemetry",
        arn("ec2", "elastic-ip/eipalloc-4c36972b"),
        arn("rds", "cluster:cluster-ABCDEFGHIJKLMNOPQRSTUVWXY"),  # Aurora's storage
        arn("rds", "cluster-snapshot:x"),
        arn("dynamodb", "table/orders/index/by_day"),
        arn("sagemaker", "notebook-instance/ada"),
        arn("lambda", "function:bad\x1bname"),
        arn("lambda", "function:b\nad"),
        arn("kinesis", "stream/" + "x" * 300),
        arn("elasticloadbalancing", "loadbalancer/app/only-two"),
        "i-0a1b2c3d; rm -rf",
    ],
)
def test_what_has_no_metrics_is_not_asked_for(resource_id: str) -> None:
    assert wanted(billed(resource_id), SIZES) is None


def test_other_clouds_and_zones_and_missing_places() -> None:
    assert wanted(billed("i-0a1b2c3d", provider="gcp"), {}) is None
    assert _wanted(billed("i-0a1b2c3d", region_id="us-gov-west-1b")).region == "us-gov-west-1"
    assert _wanted(billed("i-0a1b2c3d", region_id="global")).region == ""
    assert _wanted(billed("i-0a1b2c3d", sub_account_id="{account_id}")).account_id == ""
    assert _wanted(billed(arn("rds", "db:x"), region_id="", sub_account_id="")).account_id == ACCOUNT


def test_documentdb_and_neptune_have_namespaces_of_their_own() -> None:
    for code, namespace in (("AmazonDocDB", "AWS/DocDB"), ("AmazonNeptune", "AWS/Neptune"), ("AmazonRDS", "AWS/RDS")):
        found = _wanted(billed(arn("rds", "db:x"), service_code=code))
        assert {s.namespace for r in found.readings for s in r.members[0]} == {namespace}


def test_every_reading_is_of_a_canonical_metric_in_its_own_way() -> None:
    seen = set()
    for resource_id in KNOWN:
        for kind in ("", "t3.large", "g5.xlarge", "db.r7g.large", "db.t4g.small"):
            for reading in _wanted(billed(resource_id, instance_type=kind)).readings:
                _checked(reading)
                seen.add(reading.metric)
    assert {"cpu_utilization", "memory_utilization", "freeable_memory", "requests", "consumed_read_units"} <= seen


def test_only_counts_that_are_documented_so_are_ever_zero_without_a_point() -> None:
    zeroed = {}
    for resource_id, (kind, _, _) in KNOWN.items():
        found = _wanted(billed(resource_id))
        for reading in found.readings:
            zeroed |= {(kind, s.name): s.zero_with.name for m in reading.members for s in m if s.zero_with is not None}
    assert zeroed == {
        ("alb", "RequestCount"): "ConsumedLCUs",
        ("alb", "NewConnectionCount"): "ConsumedLCUs",
        ("alb", "ProcessedBytes"): "ConsumedLCUs",
        ("nlb", "ActiveFlowCount"): "ConsumedLCUs",
        ("nlb", "NewFlowCount"): "ConsumedLCUs",
        ("nlb", "ProcessedBytes"): "ConsumedLCUs",
        ("gwlb", "ActiveFlowCount"): "ConsumedLCUs",
        ("gwlb", "NewFlowCount"): "ConsumedLCUs",
        ("gwlb", "ProcessedBytes"): "ConsumedLCUs",
        ("elb", "RequestCount"): "HealthyHostCount",
        ("dynamodb", "ConsumedReadCapacityUnits"): "ProvisionedReadCapacityUnits",
        ("dynamodb", "ConsumedWriteCapacityUnits"): "ProvisionedWriteCapacityUnits",
        ("ebs", "VolumeReadBytes"): "VolumeReadOps",
        ("ebs", "VolumeWriteBytes"): "VolumeWriteOps",
    }


def test_memory_of_databases_takes_the_size() -> None:
    found = _wanted(billed(arn("rds", "db:x"), instance_type="db.r7g.large"))
    (memory,) = [r for r in found.readings if r.metric == "memory_utilization"]
    assert (memory.whole, found.untold) == (16 * 1024**3, ())
    assert {statistic for _, statistic in memory.statistics()} == {"Average", "Minimum"}
    unknown = _wanted(billed(arn("rds", "db:x"), instance_type="db.z9.large"))
    assert "memory_utilization" not in {r.metric for r in unknown.readings}
    assert unknown.untold == ("memory_utilization",)


# --- what ListMetrics finds -------------------------------------------------------------------------------------------


def test_agent_memory_is_read_from_all_sets_of_dimensions_of_a_machine() -> None:
    (lookup, _) = _wanted(billed("i-0a1b2c3d", instance_type="m7i.large")).lookups
    alone = (("InstanceId", "i-0a1b2c3d"),)
    before = (("ImageId", "ami-1"), ("InstanceId", "i-0a1b2c3d"), ("InstanceType", "m5.large"))
    after = (("ImageId", "ami-1"), ("InstanceId", "i-0a1b2c3d"), ("InstanceType", "m7i.large"))
    (reading,) = discovered(lookup, [after, before, alone], None)
    _checked(reading)
    assert [member[0].dimensions for member in reading.members] == [alone, before, after]
    assert (reading.metric, reading.across) == ("memory_utilization", "first")
    assert discovered(lookup, [], None) == []


def test_gpus_are_read_one_by_one() -> None:
    lookups = _wanted(billed("i-0a1b2c3d", instance_type="g5.12xlarge")).lookups
    use, memory = (lookup for lookup in lookups if lookup.name.startswith("nvidia"))
    sets = [(("InstanceId", "i-0a1b2c3d"), ("index", str(n)), ("name", "A10G")) for n in range(4)]
    longer = [(*dimensions, ("arch", "Ampere")) for dimensions in sets]
    (busy,) = discovered(use, [(("InstanceId", "i-0a1b2c3d"),), *longer, *sets], None)
    assert (busy.metric, busy.across, len(busy.members)) == ("gpu_utilization", "mean", 4)
    (full,) = discovered(memory, sets, None)
    assert (full.metric, full.form, full.across) == ("gpu_memory_utilization", "share", "fullest")
    assert [s.name for s in full.members[0]] == ["nvidia_smi_memory_used", "nvidia_smi_memory_total"]
    assert len(full.statistics()) == 3 * 4 <= memory.expected
    assert discovered(use, [(("InstanceId", "i-0a1b2c3d"),)], None) == []
    for instance_type in ("m7i.large", "t3.micro", "c7g.xlarge"):
        found = _wanted(billed("i-0a1b2c3d", instance_type=instance_type)).lookups
        assert not [lookup for lookup in found if lookup.name.startswith("nvidia")]


def test_endpoints_are_sums_over_variants_and_cores() -> None:
    size = Size(vcpus=4, memory_gib=16, accelerators=1)
    found = _wanted(billed(arn("sagemaker", "endpoint/vision"), instance_type="ml.g5.xlarge"), {"ml.g5.xlarge": size})
    hosts, gpus = found.lookups
    blue, green = ((("EndpointName", "vision"), ("VariantName", name)) for name in ("blue", "green"))
    other = (("ContainerName", "c"), *blue)
    readings = {r.metric: r for r in discovered(hosts, [blue, other], size) + discovered(gpus, [blue], size)}
    for reading in readings.values():
        _checked(reading)
    assert readings["cpu_utilization"].scale == 0.25
    assert readings["gpu_memory_utilization"].scale == 1
    (calls,) = readings["requests"].members[0]
    assert calls.zero_with == Series(namespace="/aws/sagemaker/Endpoints", name="CPUUtilization", dimensions=blue)
    # The bill has one instance type, and nobody knows whose it is.
    two = {r.metric for r in discovered(hosts, [blue, green], size) + discovered(gpus, [blue, green], size)}
    assert two == {"requests", "memory_utilization"}
    # The sum over accelerators does not tell the fullest.
    four = discovered(gpus, [blue], Size(vcpus=48, memory_gib=192, accelerators=4))
    assert [(r.metric, r.scale) for r in four] == [("gpu_utilization", 0.25)]
    assert discovered(gpus, [blue], None) == []


def test_brokers_and_aliases() -> None:
    (lookup,) = _wanted(billed(arn("kafka", "cluster/events/abc-1"))).lookups
    brokers = [(("Broker ID", str(n)), ("Cluster Name", "events")) for n in (1, 2, 3)]
    cpu, traffic = discovered(lookup, [*brokers, (("Cluster Name", "events"),)], None)
    assert (cpu.metric, cpu.across, len(cpu.members)) == ("cpu_utilization", "fullest", 3)
    assert (traffic.metric, traffic.form, traffic.across) == ("network_bytes", "rate", "sum")
    (lookup,) = _wanted(billed(arn("lambda", "function:price"))).lookups
    alias = (("FunctionName", "price"), ("Resource", "price:live"))
    (use,) = discovered(lookup, [alias, (*alias, ("ExecutedVersion", "3"))], None)
    assert (use.metric, use.scale, len(use.members)) == ("concurrency_utilization", 100.0, 1)


def _wanted(resource: BilledResource, sizes: dict[str, Size] | None = None) -> Wanted:
    found = wanted(resource, SIZES if sizes is None else sizes)
    assert found is not None
    return found


def _checked(reading: Reading) -> None:
    metric = METRICS[reading.metric]
    assert metric.amount == (reading.form in ("total", "rate"))
    assert reading.form in STATISTICS
    assert reading.period_seconds in (FINE_SECONDS, HOUR_SECONDS)
    assert reading.members
    assert all(reading.members)
    assert reading.statistics()
