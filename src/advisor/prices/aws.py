"""Shapes and on-demand prices from AWS: the Price List and EC2's own description of its instance types.

Credentials come from boto3's own chain and go nowhere else: no message of this module repeats what a server or boto3
said, only the error's code. boto3 is imported when a client is needed.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from advisor.errors import AdvisorError, ConfigError
from advisor.model import Problem
from advisor.prices import tables
from advisor.prices.refreshed import Price, Refreshed, one_each, rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date

    import boto3

PRICING_REGION = "us-east-1"
"""The Price List answers in few regions, for all of them."""

REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
PRICE_SOURCE = "AWS Price List"
SHAPE_SOURCE = "EC2 DescribeInstanceTypes"
ATTEMPTS = 6
CONNECT_SECONDS, READ_SECONDS = 10, 60
PAGE = 100
"""Products per answer, and instance types; AWS gives no more."""

AWS_EC2 = {"tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used", "licenseModel": "No License required"}

RDS_TERMS = {
    "MySQL": "mysql",
    "PostgreSQL": "postgresql",
    "MariaDB": "mariadb",
    "Aurora MySQL": "aurora-mysql",
    "Aurora PostgreSQL": "aurora-postgresql",
}
"""Engines without a licence; the price of the others depends on an edition that a bill does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsPriceOptions:
    """How to ask. The endpoints are of the Price List and of EC2 alone, for tests and private links."""

    profile: str = ""
    pricing_endpoint_url: str = field(default="", repr=False)  # might hold a password
    ec2_endpoint_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """Products of one service: what is asked for, and the usage type of those that count."""

    service: str
    service_code: str
    filters: Mapping[str, str]
    usage: str


QUERIES = (
    _Query(service="ec2", service_code="AmazonEC2", filters={**AWS_EC2, "operatingSystem": "Linux"}, usage="BoxUsage"),
    _Query(
        service="ec2", service_code="AmazonEC2", filters={**AWS_EC2, "operatingSystem": "Windows"}, usage="BoxUsage"
    ),
    _Query(
        service="rds",
        service_code="AmazonRDS",
        filters={"productFamily": "Database Instance", "deploymentOption": "Single-AZ"},
        usage="InstanceUsage",
    ),
    _Query(
        service="elasticache",
        service_code="AmazonElastiCache",
        filters={"productFamily": "Cache Instance"},
        usage="NodeUsage",
    ),
    _Query(service="opensearch", service_code="AmazonES", filters={}, usage="ESInstance"),
    _Query(service="sagemaker", service_code="AmazonSageMaker", filters={"productFamily": "ML Instance"}, usage="Host"),
)
SERVICES = frozenset(query.service for query in QUERIES)

USAGE = re.compile(r"(?:[A-Z0-9]+-)?(?P<kind>[A-Za-z]+):(?P<shape>[a-z0-9][a-z0-9.-]*)")
"""Usage types of instances: a region's prefix (none in us-east-1), what is used, its shape."""


def refresh(
    needs: Collection[tuple[str, str]], *, dated: date, options: AwsPriceOptions = AwsPriceOptions()
) -> Refreshed:
    """Shapes and prices of `needs`, pairs of service (ec2, rds, elasticache, opensearch, sagemaker) and region.

    Other services are left alone. Raises AdvisorError when nothing could be had at all, ConfigError without boto3.
    """
    import polars as pl

    wanted = sorted(
        {(service, region) for service, region in needs if service in SERVICES and REGION.fullmatch(region)}
    )
    shape_schema, price_schema = tables.shapes().schema, tables.prices().schema
    if not wanted:
        return Refreshed(
            shapes=pl.DataFrame(schema=shape_schema), prices=pl.DataFrame(schema=price_schema), problems=()
        )
    session = _session(options)
    problems: list[Problem] = []
    found: list[Price] = []
    described: dict[str, dict[str, Any]] = {}
    sizes: dict[tuple[str, str], dict[str, str]] = {}
    for region in sorted({region for _, region in wanted}):
        described |= _described(session, region, options, problems)
    for service, region in wanted:
        prices, attributes = _prices(session, service, region, options, problems)
        found += prices
        sizes |= attributes
    certain, several = one_each(found)
    if several:
        problems.append(
            Problem(
                what="AWS Price List",
                why=f"has several prices for {several} shapes, none of which is used",
                fix="The prices that come with advisor stand for them; tell its authors.",
                incomplete=False,
            )
        )
    shapes = [*described.values(), *_of_services(sizes, described)]
    if not certain and not shapes and problems:
        first = problems[0]
        raise AdvisorError(first.what, why=first.why, fix=first.fix)
    same = {"dated": dated, "provider": "aws"}
    return Refreshed(
        shapes=pl.DataFrame([row | same for row in shapes], schema=shape_schema).sort(tables.SHAPE_KEY),
        prices=pl.DataFrame(rows(certain, source=PRICE_SOURCE, **same), schema=price_schema).sort(tables.PRICE_KEY),
        problems=tuple(problems),
    )


# --- prices -------------------------------------------------------------------------------------------------------------


def _prices(
    session: boto3.Session, service: str, region: str, options: AwsPriceOptions, problems: list[Problem]
) -> tuple[list[Price], dict[tuple[str, str], dict[str, str]]]:
    """(prices of a service in a region, attributes of its products by service and shape)."""
    found: list[Price] = []
    sizes: dict[tuple[str, str], dict[str, str]] = {}
    unreadable = 0
    what = f"AWS prices of {service} in {region}"
    with _asking(what, problems):
        for query in (query for query in QUERIES if query.service == service):
            for product in _products(session, query, region, options):
                read = _read(query, product)
                if read is None:
                    unreadable += 1
                    continue
                shape, terms, usd, attributes = read
                if shape and attributes.get("regionCode", region) == region:
                    sizes[service, shape] = attributes
                    if terms is not None and usd:
                        found.append(
                            Price(service=service, region_id=region, shape=shape, terms=terms, usd_per_hour=usd)
                        )
        if not found:
            problems.append(
                Problem(
                    what=what,
                    why="are not in the Price List",
                    fix="Nothing need be done: prices of another region stand for them. Else correct the region.",
                    incomplete=False,
                )
            )
    if unreadable:
        problems.append(
            Problem(
                what=what,
                why=f"{unreadable} products of the Price List could not be read and were left out",
                fix="The prices that come with advisor stand for them.",
                incomplete=False,
            )
        )
    return found, sizes


def _products(session: boto3.Session, query: _Query, region: str, options: AwsPriceOptions) -> Iterator[str]:
    client = session.client(
        "pricing",
        region_name=PRICING_REGION,
        endpoint_url=options.pricing_endpoint_url or None,
        config=_config(),
    )
    filters = {"regionCode": region, **query.filters}
    pages = client.get_paginator("get_products").paginate(
        ServiceCode=query.service_code,
        FormatVersion="aws_v1",
        Filters=[{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in filters.items()],
        PaginationConfig={"PageSize": PAGE},
    )
    for page in pages:
        yield from page.get("PriceList", [])


def _read(query: _Query, text: str | dict[str, Any]) -> tuple[str, str | None, float, dict[str, str]] | None:
    """(shape, terms, USD per hour, attributes) of a product; None where it cannot be read.

    The shape is '' for products that are no instance, terms None for those whose price depends on more than their shape,
    the price 0 where there is none by the hour.
    """
    try:
        product = json.loads(text) if isinstance(text, str) else text
        attributes = {str(name): str(value) for name, value in product["product"]["attributes"].items()}
        usage = USAGE.fullmatch(attributes["usagetype"])
        if usage is None or usage["kind"] != query.usage:
            return "", None, 0.0, attributes
        return _shape(query.service, usage["shape"]), _terms(query.service, attributes), _usd(product), attributes
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _shape(service: str, name: str) -> str:
    """The shape's name as bills and tables have it: a domain's nodes end in .search, whatever they were called once."""
    if service != "opensearch":
        return name
    return name.removesuffix(".elasticsearch").removesuffix(".search") + ".search"


def _terms(service: str, attributes: Mapping[str, str]) -> str | None:
    if service == "ec2":
        if any(attributes.get(name) != value for name, value in AWS_EC2.items()):
            return None
        return {"RunInstances": "linux", "RunInstances:0002": "windows"}.get(attributes.get("operation", ""))
    if service == "rds":
        return RDS_TERMS.get(attributes.get("databaseEngine", ""))
    if service == "elasticache":
        return {"Redis": "", "Memcached": "", "Valkey": "valkey"}.get(attributes.get("cacheEngine", ""))
    return ""


def _usd(product: Mapping[str, Any]) -> float:
    """USD per hour on demand; 0 without. Raises ValueError where there are several: tiers, say."""
    terms = product.get("terms", {}).get("OnDemand", {})
    prices = {
        float(dimension["pricePerUnit"]["USD"])
        for term in terms.values()
        for dimension in term["priceDimensions"].values()
        if str(dimension.get("unit", "")).lower() in ("hrs", "hours", "hour") and "USD" in dimension["pricePerUnit"]
    }
    # What a reservation covers is listed at zero beside the price.
    paid = {price for price in prices if 0 < price < 1e6}
    if len(paid) > 1:
        raise ValueError("several prices")
    return paid.pop() if paid else 0.0


# --- shapes -------------------------------------------------------------------------------------------------------------


def _described(
    session: boto3.Session, region: str, options: AwsPriceOptions, problems: list[Problem]
) -> dict[str, dict[str, Any]]:
    """Rows of the table shapes by name: EC2's instance types of a region."""
    found: dict[str, dict[str, Any]] = {}
    with _asking(f"EC2 instance types of {region}", problems):
        client = session.client(
            "ec2", region_name=region, endpoint_url=options.ec2_endpoint_url or None, config=_config()
        )
        for page in client.get_paginator("describe_instance_types").paginate(PaginationConfig={"PageSize": PAGE}):
            for description in page["InstanceTypes"]:
                if row := _row(description):
                    found[row["shape"]] = row
    return found


def _row(description: Mapping[str, Any]) -> dict[str, Any] | None:
    """An instance type as a row of the table shapes; None where it is none to choose or what counts is not said."""
    name = str(description.get("InstanceType", ""))
    architectures = description.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
    architecture = next((a for a in ("x86_64", "arm64") if a in architectures), "")
    vcpus = description.get("VCpuInfo", {}).get("DefaultVCpus", 0)
    memory_mib = description.get("MemoryInfo", {}).get("SizeInMiB", 0)
    family, generation = tables.family_and_generation("ec2", name)
    baseline = tables.baseline_share("ec2", name)
    lasts_unknown = description.get("BurstablePerformanceSupported") and baseline is None
    if not (name and architecture and vcpus and memory_mib) or family.startswith("mac") or lasts_unknown:
        return None
    disk = description.get("EbsInfo", {}).get("EbsOptimizedInfo", {})
    cards = [c.get("BaselineBandwidthInGbps") for c in description.get("NetworkInfo", {}).get("NetworkCards", [])]
    accelerator, count, accelerator_mib = _accelerators(description)
    return {
        "service": "ec2",
        "shape": name,
        "family": family,
        "generation": generation,
        "architecture": architecture,
        "vcpus": float(vcpus),
        "memory_gib": memory_mib / 1024,
        "baseline_share": baseline,
        "network_gbps": float(sum(cards)) if cards and None not in cards else None,
        "disk_mbps": disk.get("BaselineThroughputInMBps"),
        "disk_iops": disk.get("BaselineIops"),
        "local_disk_gb": float(description.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0)),
        "accelerator": accelerator,
        "accelerator_count": count,
        "accelerator_memory_gib": accelerator_mib / 1024,
        "is_current": bool(description.get("CurrentGeneration", False)),
        "source": SHAPE_SOURCE,
    }


def _accelerators(description: Mapping[str, Any]) -> tuple[str, float, float]:
    """(name, count, memory in MiB of all together) of the accelerators of a type."""
    for info, devices, total in (
        ("GpuInfo", "Gpus", "TotalGpuMemoryInMiB"),
        ("NeuronInfo", "NeuronDevices", "TotalNeuronDeviceMemoryInMiB"),
        ("InferenceAcceleratorInfo", "Accelerators", "TotalInferenceMemoryInMiB"),
        ("FpgaInfo", "Fpgas", "TotalFpgaMemoryInMiB"),
        ("MediaAcceleratorInfo", "Accelerators", "TotalMediaMemoryInMiB"),
    ):
        found = description.get(info, {}).get(devices, [])
        if found:
            # A part of one has a count of none and a size below 1.
            count = sum(float(d.get("Count", 0)) or float(d.get("GpuPartitionSize", 1)) for d in found)
            return str(found[0].get("Name", "")), count, float(description[info].get(total, 0))
    return "", 0.0, 0.0


def _of_services(
    sizes: Mapping[tuple[str, str], Mapping[str, str]], described: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Rows of the shapes of other services: the EC2 type of the same name, with the memory of the price list."""
    made = []
    for (service, shape), attributes in sizes.items():
        name = re.sub(r"^(db|cache|ml)\.", "", shape).removesuffix(".search")
        twin = described.get(name)
        if service == "ec2" or twin is None:
            continue
        memory = re.fullmatch(r"([\d.,]+)( ?GiB)?", attributes.get("memory") or attributes.get("memoryGib", ""))
        vcpus = attributes.get("vcpu") or attributes.get("vCpu", "")
        if memory is None and service == "elasticache":  # a node's memory is less than its machine's
            continue
        made.append(
            {
                **twin,
                "service": service,
                "shape": shape,
                "vcpus": float(vcpus) if vcpus.isdigit() else twin["vcpus"],
                "memory_gib": float(memory[1].replace(",", "")) if memory else twin["memory_gib"],
                "source": f"{PRICE_SOURCE}; the rest from the EC2 type of the same name",
            }
        )
    return made


# --- asking -------------------------------------------------------------------------------------------------------------


def _session(options: AwsPriceOptions) -> boto3.Session:
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise ConfigError(
            "AWS prices", why="cannot be asked for without boto3", fix="Install it: pip install 'advisor[metrics]'."
        ) from error
    try:
        return boto3.Session(profile_name=options.profile or None)
    except BotoCoreError as error:
        raise ConfigError(
            f"AWS profile {options.profile}",
            why="cannot be used",
            fix="Name one that aws configure list-profiles shows.",
        ) from error


def _config() -> Any:
    from botocore.config import Config

    return Config(
        retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        user_agent_extra="advisor",
    )


@contextmanager
def _asking(what: str, problems: list[Problem]) -> Iterator[None]:
    """A block in which AWS is asked for `what`; what it refuses becomes a problem, and the rest goes on."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, ValueError) as error:  # boto3 takes some endpoints for wrong values
        problems.append(_explained(error, what))


def _explained(error: Exception, what: str) -> Problem:
    response = getattr(error, "response", None) or {}
    code = re.sub(r"[^A-Za-z0-9.]", "", str(response.get("Error", {}).get("Code", "")))[:60]
    if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
        return Problem(
            what=what,
            why=f"may not be asked for ({code})",
            fix="Allow pricing:GetProducts and ec2:DescribeInstanceTypes, which show nothing of your resources.",
        )
    if code in ("AuthFailure", "OptInRequired", "UnrecognizedClientException", "InvalidClientTokenId"):
        return Problem(
            what=what,
            why=f"the credentials are not valid there ({code})",
            fix="Log in again; regions that are not enabled in the account cannot be asked.",
        )
    name = type(error).__name__
    if not code and "Credential" in name:
        return Problem(
            what=what, why=f"there are no credentials ({name})", fix="Log in: aws sso login, or aws configure."
        )
    return Problem(what=what, why=f"could not be had ({code or name})", fix="Run it again later.")
