"""Instance shapes and on-demand list prices that come with advisor, and how refreshed ones stand before them."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

SHAPE_KEY = ("provider", "service", "shape")
"""What identifies a shape."""

PRICE_KEY = ("provider", "service", "region_id", "shape", "terms")
"""What identifies a price."""

_T2_BASELINE = {
    "nano": 0.05,
    "micro": 0.1,
    "small": 0.2,
    "medium": 0.2,
    "large": 0.3,
    "xlarge": 0.225,
    "2xlarge": 0.17,
}
_T3_BASELINE = {**_T2_BASELINE, "xlarge": 0.4, "2xlarge": 0.4}
_AWS_BASELINES = {"t2": _T2_BASELINE, "t3": _T3_BASELINE, "t3a": _T3_BASELINE, "t4g": _T3_BASELINE}
_FLEX_BASELINE = 0.4
_GCP_BASELINES = {
    "e2-micro": 0.125,
    "e2-small": 0.25,
    "e2-medium": 0.5,
    "e2-custom-micro": 0.125,
    "e2-custom-small": 0.25,
    "e2-custom-medium": 0.5,
    "f1-micro": 0.2,
    "g1-small": 0.5,
}
_GCP_SERVICES = ("compute", "cloudsql")

_CUSTOM = {
    "compute": re.compile(
        r"(?:(?P<family>n1|n2d|n2|n4|e2)-)?custom-(?P<size>micro|small|medium|[1-9]\d{0,2})-(?P<mib>[1-9]\d{2,6})"
        r"(?P<extended>-ext)?",
        re.ASCII,
    ),
    "cloudsql": re.compile(r"db-custom-(?P<size>[1-9]\d{0,2})-(?P<mib>[1-9]\d{2,6})", re.ASCII),
}


def shapes(refreshed: pl.DataFrame | None = None) -> pl.DataFrame:
    """Every known instance shape once, with the columns of the table `shapes`, ordered by `SHAPE_KEY`.

    `refreshed` holds rows of that table, any number of dates; the newest of a shape counts, shipped or refreshed
    (refreshed when of the same day). Raises polars' errors when columns are missing or of another kind.
    """
    return _newest(_shipped_shapes(), refreshed, SHAPE_KEY)


def prices(refreshed: pl.DataFrame | None = None) -> pl.DataFrame:
    """Every known list price once, in USD per hour, with the columns of the table `shape_prices`.

    Rows are ordered by `PRICE_KEY`; `refreshed` is as for `shapes`. RDS and Cloud SQL prices are those of one
    instance without a standby.
    """
    return _newest(_shipped_prices(), refreshed, PRICE_KEY)


def for_shapes(
    used: Iterable[tuple[str, str, str, str]],
    refreshed_shapes: pl.DataFrame | None = None,
    refreshed_prices: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(shapes, prices) of the services in `used`, with the shapes in use that only their names describe.

    `used` holds provider, service, shape and terms. The frames have the columns of `shapes` and `prices`.
    """
    import polars as pl

    in_use = sorted(set(used))
    services = {(provider, service) for provider, service, _, _ in in_use}
    chosen = pl.concat_str("provider", pl.lit("/"), "service").is_in(sorted("/".join(pair) for pair in services))
    known = shapes(refreshed_shapes).filter(chosen)
    priced = prices(refreshed_prices).filter(chosen)
    names = set(known.select(SHAPE_KEY).iter_rows())
    prices_known = set(priced.select("provider", "service", "shape", "terms").iter_rows())
    own = {key[:3]: row for key in in_use if key[:3] not in names and (row := custom_shape(*key[:3]))}
    own_prices = [
        row for *key, terms in in_use if (*key, terms) not in prices_known and (row := custom_price(*key, terms=terms))
    ]
    return (
        pl.concat([known, pl.DataFrame(list(own.values()), schema=known.schema)]),
        pl.concat([priced, pl.DataFrame(own_prices, schema=priced.schema)]),
    )


def custom_shape(provider: str, service: str, shape: str) -> dict[str, Any] | None:
    """The row of a machine type whose name says its size (`n2-custom-8-16384`, `db-custom-4-15360`), else None.

    Columns are those of the table `shapes`; the date is that of the shipped shapes of the service.
    """
    match = _custom(provider, service, shape)
    if match is None:
        return None
    family, generation = family_and_generation(service, shape)
    size = match["size"]
    source = _sources()["gcp-types" if service == "compute" else "cloudsql-types"]
    return {
        "provider": provider,
        "service": service,
        "shape": shape,
        "family": family,
        "generation": generation,
        "architecture": "x86_64",
        "vcpus": float(size) if size.isdigit() else 2.0,
        "memory_gib": int(match["mib"]) / 1024,
        "baseline_share": baseline_share(service, shape),
        "network_gbps": None,
        "disk_mbps": None,
        "disk_iops": None,
        "local_disk_gb": 0.0,
        "accelerator": "",
        "accelerator_count": 0.0,
        "accelerator_memory_gib": 0.0,
        "is_current": True,
        "dated": source["dated"],
        "source": "size as the name says it",
    }


def custom_price(provider: str, service: str, shape: str, *, terms: str) -> dict[str, Any] | None:
    """The list price of a machine type whose name says its size, as a row of `shape_prices`, else None.

    Known in one region per service, for `linux` machines and for `mysql` and `postgresql` databases without a standby.
    None too where the rate is another one: extended memory, families without a published rate.
    """
    row = custom_shape(provider, service, shape)
    if row is None or terms not in (("linux",) if service == "compute" else ("mysql", "postgresql")):
        return None
    rate = _rates().get((service, row["family"]))
    if rate is None or shape.endswith("-ext"):
        return None
    # A shared-core machine is billed for the part of its vCPUs that lasts.
    billed_vcpus = row["vcpus"] * (row["baseline_share"] or 1.0)
    source = _sources()[rate["source_key"]]
    return {
        "provider": provider,
        "service": service,
        "region_id": source["region_id"],
        "shape": shape,
        "terms": terms,
        "usd_per_hour": billed_vcpus * rate["usd_per_vcpu_hour"] + row["memory_gib"] * rate["usd_per_gib_hour"],
        "dated": source["dated"],
        "source": source["source"],
    }


def family_and_generation(service: str, shape: str) -> tuple[str, int]:
    """Family and generation that a shape's name says: `m7i.large` is (`m7i`, 7), `db.r6g.large` (`r6g`, 6).

    The generation is 0 where the name has none. Families of different services are the same hardware, not price.
    """
    if service == "cloudsql":
        family = "-".join(shape.split("-")[1:3]) if shape.startswith("db-perf-optimized") else _part(shape, "-", 1)
    elif service == "compute":
        family = "n1" if shape.startswith("custom-") else _part(shape, "-", 0)
    else:
        family = _part(shape, ".", 1 if shape.startswith(("db.", "cache.", "ml.")) else 0)
    high_memory = re.match(r"u-\d+tb(\d)", family)  # u-6tb1: six terabytes, first generation
    number = high_memory or re.match(r"[a-z]+(\d)", family)
    return family, int(number[1]) if number else 0


def baseline_share(service: str, shape: str) -> float | None:
    """Part of the vCPUs (0 to 1) that a burstable shape may use for ever; None for shapes that do not burst."""
    if service in _GCP_SERVICES:
        name = shape.removeprefix("db-")
        return _GCP_BASELINES.get(name) or _GCP_BASELINES.get(name.rpartition("-")[0])
    family, _ = family_and_generation(service, shape)
    if family.endswith("-flex"):
        return _FLEX_BASELINE
    size = shape.removesuffix(".search").rpartition(".")[2]
    return _AWS_BASELINES.get(family, {}).get(size)


def _part(text: str, separator: str, index: int) -> str:
    parts = text.split(separator)
    return parts[index] if index < len(parts) else text


def _custom(provider: str, service: str, shape: str) -> re.Match[str] | None:
    pattern = _CUSTOM.get(service)
    match = pattern.fullmatch(shape) if provider == "gcp" and pattern else None
    if match and not match["size"].isdigit() and match["family"] != "e2":
        return None  # only e2 has shared cores
    return match


def _newest(shipped: pl.DataFrame, refreshed: pl.DataFrame | None, key: tuple[str, ...]) -> pl.DataFrame:
    if refreshed is None or refreshed.is_empty():
        return shipped
    import polars as pl

    rows = pl.concat([shipped, refreshed.select(shipped.columns).cast(shipped.schema)])
    # A stable sort keeps refreshed rows behind shipped ones of the same day.
    return rows.sort("dated", maintain_order=True).unique(list(key), keep="last").sort(key)


@cache
def _shipped_shapes() -> pl.DataFrame:
    import polars as pl

    text, number = pl.String(), pl.Float64()
    rows = _read(
        "shapes",
        {
            "provider": text,
            "service": text,
            "shape": text,
            "family": text,
            "generation": pl.Int32(),
            "architecture": text,
            "vcpus": number,
            "memory_gib": number,
            "baseline_share": number,
            "network_gbps": number,
            "disk_mbps": number,
            "disk_iops": number,
            "local_disk_gb": number,
            "accelerator": text,
            "accelerator_count": number,
            "accelerator_memory_gib": number,
            "is_current": pl.Int8(),
            "source_key": text,
        },
    )
    dated = rows.join(_source_frame().drop("region_id"), on="source_key", how="left", maintain_order="left")
    return (
        dated.with_columns(pl.col("accelerator").fill_null(""), pl.col("is_current").cast(pl.Boolean))
        .drop("source_key")
        .sort(SHAPE_KEY)
    )


@cache
def _shipped_prices() -> pl.DataFrame:
    import polars as pl

    text = pl.String()
    rows = _read(
        "prices",
        {
            "provider": text,
            "service": text,
            "shape": text,
            "terms": text,
            "usd_per_hour": pl.Float64(),
            "source_key": text,
        },
    )
    return (
        rows.join(_source_frame(), on="source_key", how="left", maintain_order="left")
        .with_columns(pl.col("terms").fill_null(""))
        .select(*PRICE_KEY, "usd_per_hour", "dated", "source")
        .sort(PRICE_KEY)
    )


@cache
def _source_frame() -> pl.DataFrame:
    import polars as pl

    text = pl.String()
    return _read("sources", {"source_key": text, "dated": pl.Date(), "region_id": text, "source": text})


@cache
def _sources() -> dict[str, dict[str, Any]]:
    return {row["source_key"]: row for row in _source_frame().to_dicts()}


@cache
def _rates() -> dict[tuple[str, str], dict[str, Any]]:
    import polars as pl

    text, number = pl.String(), pl.Float64()
    columns = {"service": text, "family": text, "usd_per_vcpu_hour": number, "usd_per_gib_hour": number}
    return {(row["service"], row["family"]): row for row in _read("rates", {**columns, "source_key": text}).to_dicts()}


def _read(table: str, schema: dict[str, Any]) -> pl.DataFrame:
    import polars as pl

    file = resources.files("advisor.prices") / "tables" / f"{table}.csv"
    return pl.read_csv(file.read_bytes(), schema=schema)
