"""On-demand prices of Google's machine types: from the Cloud Billing Catalog, or from a pricing export in BigQuery.

Google sells machines by their parts, so the price of a type is vCPUs times the price of its family's core, plus memory,
plus accelerators. A type of which one part has no price has none.

Credentials come from Google's own chain and go nowhere else: no message of this module repeats what a server said.
google.cloud is imported when a client is needed.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from advisor.errors import AdvisorError, ConfigError
from advisor.model import Problem
from advisor.prices import tables
from advisor.prices.refreshed import Price, Refreshed, one_each, rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date

SERVICE_IDS = {"compute": "6F81-5844-456A", "cloudsql": "9662-B51E-5089"}
CATALOG_SOURCE = "Cloud Billing Catalog"
EXPORT_SOURCE = "Cloud Billing pricing export"
SCOPE = "https://www.googleapis.com/auth/cloud-billing.readonly"
PAGE = 5000
TIMEOUT_SECONDS = 120.0
EXPORT_DAYS = 10
"""A daily export whose newest snapshot is older than this has been switched off."""

# https://cloud.google.com/compute/vm-instance-pricing: what parts are called. Commitments, spot, sole tenants and
# reservations by the calendar begin or end otherwise.
_PLACE = r"running in (?P<place>[^()]+)"
_MACHINE = re.compile(
    r"(?:(?P<family>[A-Z]\d[A-Z]?)(?: (?:AMD|Arm|Memory-optimized))? )?"
    r"(?P<kind>Predefined |Custom |)Instance (?P<part>Core|Ram) " + _PLACE,
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?P<name>Compute optimized|Memory-optimized Instance) (?P<part>Core|Ram) " + _PLACE, re.IGNORECASE
)
_NAMED_FAMILIES = {"compute optimized": "c2", "memory-optimized instance": "m1"}
_SHARED = re.compile(r"(?P<name>Micro Instance with burstable CPU|Small Instance with 1 VCPU) " + _PLACE, re.IGNORECASE)
_SHARED_SHAPES = {"micro instance with burstable cpu": "f1-micro", "small instance with 1 vcpu": "g1-small"}
_GPU = re.compile(r"Nvidia (?:Tesla )?(?P<gpu>[A-Z]+\d+[A-Z]?(?: \d+GB)?) GPU " + _PLACE, re.IGNORECASE)
_DATABASE = re.compile(
    r"Cloud SQL for (?P<engine>MySQL|PostgreSQL): Zonal - "
    r"(?P<part>(?:Enterprise Plus N )?(?:vCPU|RAM)|(?:Micro|Small) instance) in [^()]+",
    re.IGNORECASE,
)
_DATABASE_SHAPES = {"micro instance": "db-f1-micro", "small instance": "db-g1-small"}
_GPU_NAMES = {"h100 80gb": "h100"}
"""Accelerators of the shapes whose parts are called otherwise."""

PER_HOUR, PER_GIB_HOUR = "h", "giby.h"


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpPriceOptions:
    """How to ask. `endpoint` is of the catalog, `bigquery_endpoint` of BigQuery: for tests and private links.

    `project` runs and pays for the query; it may read `max_bytes` at most.
    """

    endpoint: str = ""
    project: str = ""
    location: str = ""
    bigquery_endpoint: str = field(default="", repr=False)
    max_bytes: int = 10 * 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sku:
    """An on-demand price of a part: USD per `unit`, in some regions."""

    service: str
    description: str
    unit: str
    regions: tuple[str, ...]
    usd: float


def refresh(
    needs: Collection[tuple[str, str]],
    *,
    dated: date,
    used: Collection[tuple[str, str]] = (),
    options: GcpPriceOptions = GcpPriceOptions(),
) -> Refreshed:
    """Prices of `needs`, pairs of service (compute, cloudsql) and region, from the Cloud Billing Catalog.

    Priced are the types that advisor knows, and those of `used` (service, shape) whose names say their size. Shapes
    are not refreshed: no catalog describes them. Raises AdvisorError when the catalog cannot be asked.
    """
    wanted = _wanted(needs)
    found = [sku for service in sorted({service for service, _ in wanted}) for sku in _catalog(service, options)]
    return _priced(found, wanted, used, dated=dated, source=CATALOG_SOURCE)


def refresh_from_export(
    needs: Collection[tuple[str, str]],
    *,
    table: str,
    dated: date,
    used: Collection[tuple[str, str]] = (),
    options: GcpPriceOptions = GcpPriceOptions(),
) -> Refreshed:
    """The same from a pricing export in BigQuery, `table` being project.dataset.cloud_pricing_export.

    The newest snapshot counts. List prices are taken, not those of a contract: what is really paid is in the bill.
    """
    wanted = _wanted(needs)
    found = _exported(table, sorted({service for service, _ in wanted}), options) if wanted else []
    return _priced(found, wanted, used, dated=dated, source=EXPORT_SOURCE)


def _wanted(needs: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted({(service, region) for service, region in needs if service in SERVICE_IDS and region})


# --- from parts to machines ---------------------------------------------------------------------------------------------


def _priced(
    skus: Iterable[_Sku],
    wanted: Collection[tuple[str, str]],
    used: Collection[tuple[str, str]],
    *,
    dated: date,
    source: str,
) -> Refreshed:
    import polars as pl

    parts, several = one_each(_parts(skus, set(wanted)))
    rates = {(part.service, part.region_id, part.shape, part.terms): part.usd_per_hour for part in parts}
    prices = [
        price
        for service, region in wanted
        for shape in _shapes(service, used)
        for price in _machine(service, region, shape, rates)
    ]
    problems = []
    for service, region in wanted:
        if not any((price.service, price.region_id) == (service, region) for price in prices):
            problems.append(
                Problem(
                    what=f"Google's prices of {service} in {region}",
                    why=f"are not in the {source}",
                    fix="Nothing need be done: prices of another region stand for them. Else correct the region.",
                    incomplete=False,
                )
            )
    if several:
        problems.append(
            Problem(
                what=source,
                why=f"has several prices for {several} parts of machines, none of which is used",
                fix="The prices that come with advisor stand for them; tell its authors.",
                incomplete=False,
            )
        )
    made = rows(prices, provider="gcp", dated=dated, source=source)
    return Refreshed(
        shapes=pl.DataFrame(schema=tables.shapes().schema),
        prices=pl.DataFrame(made, schema=tables.prices().schema).sort(tables.PRICE_KEY),
        problems=tuple(problems),
    )


def _parts(skus: Iterable[_Sku], wanted: set[tuple[str, str]]) -> Iterator[Price]:
    """Prices of parts: `shape` is the family and the part (n2 core), or a whole machine; `terms` those of the machine."""
    for sku in skus:
        read = _database_part(sku) if sku.service == "cloudsql" else _machine_part(sku)
        if read is None or sku.usd <= 0:
            continue
        part, unit, terms = read
        if sku.unit.lower() != unit:
            continue
        for region in sku.regions:
            if (sku.service, region) in wanted:
                yield Price(service=sku.service, region_id=region, shape=part, terms=terms, usd_per_hour=sku.usd)


def _machine_part(sku: _Sku) -> tuple[str, str, str] | None:
    """(part, its unit, terms) of a part of Compute Engine; None for everything else."""
    text = sku.description
    if machine := _MACHINE.fullmatch(text):
        kind = machine["kind"].strip().lower()
        family = (machine["family"] or "n1").lower()
        if not machine["family"] and not kind:
            return None
        if kind == "predefined":
            kind = ""
        return f"{family} {kind} {machine['part'].lower()}".replace("  ", " "), _unit(machine["part"]), "linux"
    if named := _NAMED.fullmatch(text):
        return f"{_NAMED_FAMILIES[named['name'].lower()]} {named['part'].lower()}", _unit(named["part"]), "linux"
    if shared := _SHARED.fullmatch(text):
        return _SHARED_SHAPES[shared["name"].lower()], PER_HOUR, "linux"
    if gpu := _GPU.fullmatch(text):
        name = gpu["gpu"].lower()
        return f"gpu {_GPU_NAMES.get(name, name)}", PER_HOUR, "linux"
    return None


def _database_part(sku: _Sku) -> tuple[str, str, str] | None:
    found = _DATABASE.fullmatch(sku.description)
    if not found:
        return None
    part, terms = found["part"].lower(), found["engine"].lower()
    if part in _DATABASE_SHAPES:
        return _DATABASE_SHAPES[part], PER_HOUR, terms
    edition, _, kind = part.rpartition(" ")
    return f"{edition} {'core' if kind == 'vcpu' else 'ram'}".strip(), _unit(kind), terms


def _unit(part: str) -> str:
    return PER_GIB_HOUR if part.lower() == "ram" else PER_HOUR


def _shapes(service: str, used: Collection[tuple[str, str]]) -> list[Mapping[str, Any]]:
    import polars as pl

    known = tables.shapes().filter((pl.col("provider") == "gcp") & (pl.col("service") == service)).to_dicts()
    names = {row["shape"] for row in known}
    custom = (tables.custom_shape("gcp", service, shape) for s, shape in sorted(set(used)) if s == service)
    return [*known, *(row for row in custom if row and row["shape"] not in names)]


def _machine(
    service: str, region: str, shape: Mapping[str, Any], rates: Mapping[tuple[str, str, str, str], float]
) -> Iterator[Price]:
    """Prices of a machine type by its terms, where all its parts have one."""
    name, family = shape["shape"], shape["family"]
    for terms in ("linux",) if service == "compute" else ("mysql", "postgresql"):
        whole = rates.get((service, region, name, terms))
        if name in {*_SHARED_SHAPES.values(), *_DATABASE_SHAPES.values()}:
            usd = whole
        else:
            prefix = _prefix(service, name, family)
            core = rates.get((service, region, f"{prefix} core".strip(), terms))
            ram = rates.get((service, region, f"{prefix} ram".strip(), terms))
            usd = None if core is None or ram is None else _sum(shape, core, ram)
            if shape["accelerator_count"]:
                gpu = rates.get((service, region, f"gpu {shape['accelerator'].lower()}", terms))
                usd = None if usd is None or gpu is None else usd + shape["accelerator_count"] * gpu
            # A local disk is a part too, and it depends on the type whether it is in the price. Extended memory
            # has a rate of its own.
            if shape["local_disk_gb"] or name.endswith("-ext"):
                usd = None
        if usd:
            yield Price(service=service, region_id=region, shape=name, terms=terms, usd_per_hour=round(usd, 9))


def _sum(shape: Mapping[str, Any], core: float, ram: float) -> float:
    # A shared-core machine is billed for the part of its vCPUs that lasts.
    return float(shape["vcpus"] * (shape["baseline_share"] or 1.0) * core + shape["memory_gib"] * ram)


def _prefix(service: str, name: str, family: str) -> str:
    if service == "cloudsql":
        return "enterprise plus n" if name.startswith("db-perf-optimized-N") else ""
    return f"{family} custom" if "custom-" in name else family


# --- the catalog --------------------------------------------------------------------------------------------------------


def _catalog(service: str, options: GcpPriceOptions) -> list[_Sku]:
    client = _client(options)
    with _explained(f"Google's price list of {service}"):
        pages = client.list_skus(
            request={"parent": f"services/{SERVICE_IDS[service]}", "currency_code": "USD", "page_size": PAGE},
            timeout=TIMEOUT_SECONDS,
        )
        found = [_of_catalog(service, sku) for sku in pages]
    return [sku for sku in found if sku is not None]


def _of_catalog(service: str, sku: Any) -> _Sku | None:
    if sku.category.usage_type != "OnDemand" or not sku.pricing_info:
        return None
    expression = sku.pricing_info[-1].pricing_expression  # the last one is the newest
    tiers = [rate.unit_price for rate in expression.tiered_rates]
    if len(tiers) != 1 or tiers[0].currency_code not in ("USD", ""):
        return None
    return _Sku(
        service=service,
        description=sku.description,
        unit=expression.usage_unit,
        regions=tuple(sku.service_regions),
        usd=tiers[0].units + tiers[0].nanos / 1e9,
    )


def _client(options: GcpPriceOptions) -> Any:
    try:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.cloud import billing_v1
    except ImportError as error:
        raise ConfigError(
            CATALOG_SOURCE, why="needs packages that are not installed", fix="pip install 'advisor[metrics]'"
        ) from error
    if address := _insecure(options.endpoint):
        import grpc
        from google.cloud.billing_v1.services.cloud_catalog.transports import CloudCatalogGrpcTransport

        unlimited = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
        channel = grpc.insecure_channel(address, options=unlimited)
        return billing_v1.CloudCatalogClient(transport=CloudCatalogGrpcTransport(channel=channel))
    try:
        credentials, _ = google.auth.default(scopes=[SCOPE])
    except GoogleAuthError as error:
        raise _unknown_caller(CATALOG_SOURCE, error) from error
    endpoint = {"api_endpoint": options.endpoint} if options.endpoint else {}
    return billing_v1.CloudCatalogClient(credentials=credentials, client_options=endpoint)


def _insecure(endpoint: str) -> str:
    """host:port where the endpoint is to be spoken to without TLS (and without credentials), else ''."""
    parts = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}")
    is_local = parts.hostname in {"localhost", "127.0.0.1", "::1"} and parts.scheme == ""
    return parts.netloc if parts.scheme == "http" or is_local else ""


# --- the export ---------------------------------------------------------------------------------------------------------

_TABLE = re.compile(r"[a-z][a-z0-9.:-]{4,62}\.\w{1,1024}\.[\w-]{1,1024}", re.ASCII)

_NEWEST = """
select max(export_time) as export_time, max({partition}) as partition_time
from `{table}`
where {partition} >= timestamp_sub(current_timestamp(), interval {days} day)"""

_SKUS = """
select
    service.id as service_id,
    sku.description as description,
    pricing_unit,
    geo_taxonomy.regions as regions,
    list_price.tiered_rates as tiers
from `{table}`
where {partition} = @partition_time
    and export_time = @export_time
    and service.id in unnest(@service_ids)"""


def _exported(table: str, services: Collection[str], options: GcpPriceOptions) -> list[_Sku]:
    if not _TABLE.fullmatch(table):
        raise ConfigError(table, why="is not project.dataset.table", fix="Name the table of the pricing export.")
    by_id = {SERVICE_IDS[service]: service for service in services}
    try:
        from google.cloud import bigquery
    except ImportError as error:
        raise ConfigError(
            EXPORT_SOURCE, why="needs packages that are not installed", fix="pip install 'advisor[bigquery]'"
        ) from error
    with _explained(f"table {table}"):
        client = _bigquery(table, options)
        described = client.get_table(table)
        partition = _partition(described)
        limit = {"maximum_bytes_billed": options.max_bytes}
        sql = _NEWEST.format(table=table, partition=partition, days=EXPORT_DAYS)
        (newest,) = client.query_and_wait(sql, job_config=bigquery.QueryJobConfig(**limit))
        if newest["export_time"] is None:
            raise AdvisorError(
                f"table {table}",
                why=f"has no snapshot of the last {EXPORT_DAYS} days",
                fix="Switch the pricing export on in Cloud Billing, or name its table.",
            )
        parameters = [
            bigquery.ScalarQueryParameter("partition_time", "TIMESTAMP", newest["partition_time"]),
            bigquery.ScalarQueryParameter("export_time", "TIMESTAMP", newest["export_time"]),
            bigquery.ArrayQueryParameter("service_ids", "STRING", sorted(by_id)),
        ]
        config = bigquery.QueryJobConfig(query_parameters=parameters, **limit)
        lines = list(client.query_and_wait(_SKUS.format(table=table, partition=partition), job_config=config))
    return [sku for line in lines if (sku := _of_export(by_id[line["service_id"]], line))]


def _partition(table: Any) -> str:
    """What to restrict so that only the newest partition is read: Google partitions its export by day of arrival."""
    partitioning = table.time_partitioning
    return "_PARTITIONTIME" if partitioning is not None and not partitioning.field else "export_time"


def _of_export(service: str, line: Mapping[str, Any]) -> _Sku | None:
    tiers = line["tiers"] or []
    if len(tiers) != 1 or tiers[0]["usd_amount"] is None or not tiers[0]["pricing_unit_quantity"]:
        return None
    return _Sku(
        service=service,
        description=line["description"] or "",
        unit=line["pricing_unit"] or "",
        regions=tuple(line["regions"] or ()),
        usd=float(tiers[0]["usd_amount"]) / float(tiers[0]["pricing_unit_quantity"]),
    )


def _bigquery(table: str, options: GcpPriceOptions) -> Any:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    project = options.project or table.split(".")[0]
    if options.bigquery_endpoint:
        return bigquery.Client(
            project=project,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            location=options.location or None,
            client_options={"api_endpoint": options.bigquery_endpoint},
        )
    return bigquery.Client(project=project, location=options.location or None)


# --- refusals -----------------------------------------------------------------------------------------------------------


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turns what Google's clients raise into an AdvisorError that repeats nothing of it but the status's name."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from requests.exceptions import RequestException

    try:
        yield
    except GoogleAuthError as error:
        raise _unknown_caller(what, error) from error
    except GoogleAPIError as error:
        raise _refused(what, error) from error
    except (RequestException, ConnectionError, TimeoutError) as error:
        raise AdvisorError(what, why=f"no answer ({type(error).__name__})", fix="Run it again later.") from error


def _refused(what: str, error: Exception) -> AdvisorError:
    name = type(error).__name__
    reasons = {str(e.get("reason", "")) for e in getattr(error, "errors", None) or [] if isinstance(e, dict)}
    if "bytesBilledLimitExceeded" in reasons:
        return AdvisorError(
            what, why="the query would read more than is allowed", fix="Allow more, or read the catalog instead."
        )
    if name in ("Forbidden", "PermissionDenied"):
        return AdvisorError(
            what,
            why=f"may not be read ({name})",
            fix="Enable the Cloud Billing API in the project of the credentials; for an export grant the role BigQuery"
            " Data Viewer on its dataset.",
        )
    if name == "NotFound":
        return AdvisorError(what, why="does not exist", fix="Correct the name.")
    if name in ("Unauthenticated", "Unauthorized"):
        return _unknown_caller(what, error)
    return AdvisorError(what, why=f"could not be had ({name})", fix="Run it again later.")


def _unknown_caller(what: str, error: Exception) -> AdvisorError:
    return AdvisorError(
        what,
        why=f"there are no valid credentials ({type(error).__name__})",
        fix="Log in: gcloud auth application-default login, or name a key file in GOOGLE_APPLICATION_CREDENTIALS.",
    )
