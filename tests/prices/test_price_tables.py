"""The shipped tables: whole, plausible, and known facts of public documentation."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from advisor.prices import tables

ROOT = Path(__file__).resolve().parents[2]

NOT_PROPORTIONAL = {
    "m1.small",  # half a large has one vCPU of two
    "c4.8xlarge",  # 36 vCPUs at the price of 32, and so for d2
    "c4.8xlarge.search",
    "d2.8xlarge",
    "hpc7g.4xlarge",  # all sizes of hpc7g cost the same
    "hpc7g.8xlarge",
    "hpc7g.16xlarge",
    "u-6tb1.56xlarge",  # the memory costs, not the vCPUs
    "u-6tb1.112xlarge",
    "x8i.96xlarge",
    "ultrawarm1.medium.search",  # a cache in front of S3
    "ultrawarm1.large.search",
}


def shape(service: str, name: str) -> dict[str, object]:
    rows = tables.shapes().filter(pl.col("service") == service, pl.col("shape") == name).to_dicts()
    assert len(rows) == 1, (service, name)
    return rows[0]


def usd_per_hour(service: str, name: str, terms: str) -> float:
    rows = tables.prices().filter(pl.col("service") == service, pl.col("shape") == name, pl.col("terms") == terms)
    assert rows.height == 1, (service, name, terms)
    return float(rows["usd_per_hour"][0])


def test_columns_are_those_of_the_database() -> None:
    sql = (ROOT / "queries/store/0003_utilization_and_prices.sql").read_text(encoding="utf-8")
    for frame, table in ((tables.shapes(), "shapes"), (tables.prices(), "shape_prices")):
        body = sql.split(f"create table {table} (")[1].split(");")[0]
        lines = [line.split("--")[0].split() for line in body.splitlines() if line.strip()]
        columns = [words[0] for words in lines if words]
        required = [words[0] for words in lines if "not" in words]
        assert sorted(frame.columns) == sorted(columns)
        assert len(required) >= 8
        assert frame.select(required).null_count().row(0) == (0,) * len(required)


def test_every_service_is_there() -> None:
    shapes, prices = tables.shapes(), tables.prices()
    per_service = dict(shapes.group_by("service").len().iter_rows())
    assert per_service.keys() == {
        "ec2", "rds", "elasticache", "opensearch", "sagemaker", "compute", "cloudsql"
    }  # fmt: skip
    assert per_service["ec2"] > 1300
    assert min(per_service.values()) >= 40
    assert prices["service"].unique().sort().to_list() == shapes["service"].unique().sort().to_list()
    assert shapes.select(tables.SHAPE_KEY).is_duplicated().sum() == 0
    assert prices.select(tables.PRICE_KEY).is_duplicated().sum() == 0


def test_shapes_are_plausible() -> None:
    shapes = tables.shapes()
    assert shapes.filter(pl.col("vcpus") <= 0).is_empty()
    assert shapes.filter(pl.col("memory_gib") <= 0).is_empty()
    assert set(shapes["architecture"]) == {"x86_64", "arm64"}
    baseline = shapes["baseline_share"].drop_nulls()
    assert baseline.len() > 50
    assert baseline.is_between(0.05, 0.5).all()
    for column in ("network_gbps", "disk_mbps", "disk_iops"):
        assert (shapes[column].drop_nulls() > 0).all()
    accelerated = pl.col("accelerator") != ""
    assert shapes.filter(accelerated & (pl.col("accelerator_memory_gib") <= 0)).is_empty()
    assert shapes.filter(accelerated & (pl.col("accelerator_count") <= 0)).is_empty()
    assert shapes.filter(~accelerated & (pl.col("accelerator_count") > 0)).is_empty()
    # Graviton is Arm, and only Graviton.
    graviton = shapes.filter((pl.col("provider") == "aws") & pl.col("family").str.contains(r"^[a-z]+\d+g"))
    assert graviton.height > 300
    assert set(graviton["architecture"]) == {"arm64"}
    others = shapes.filter((pl.col("provider") == "aws") & pl.col("family").str.contains(r"^[mcrt]\d+(a|i|n|d|$)"))
    assert others.height > 500
    assert set(others["architecture"]) == {"x86_64"}


def test_every_price_has_its_shape() -> None:
    prices = tables.prices()
    assert prices.filter(pl.col("usd_per_hour") <= 0).is_empty()
    orphans = prices.join(tables.shapes(), on=["provider", "service", "shape"], how="anti")
    assert orphans["shape"].to_list() == []
    regions = {(p, r) for p, r in prices.select("provider", "region_id").unique().iter_rows()}
    assert regions == {("aws", "us-east-1"), ("gcp", "us-central1")}


def test_price_within_a_family_is_proportional_to_size() -> None:
    # Sizes of a family have the same memory per vCPU; burstable, accelerated and bare-metal ones go their own ways.
    sized = (
        tables.prices()
        .join(tables.shapes(), on=["provider", "service", "shape"])
        .filter(
            pl.col("baseline_share").is_null(),
            pl.col("accelerator") == "",
            ~pl.col("shape").str.contains("metal"),
            ~pl.col("shape").is_in(["f1-micro", "g1-small", "db-f1-micro", "db-g1-small"]),
        )
    )
    ratio = (pl.col("memory_gib") / pl.col("vcpus")).log(2).round(0)
    by_memory = (
        pl.when(pl.col("provider") == "gcp").then(pl.col("shape").str.replace(r"-[\d-]+$", "")).otherwise(pl.lit(""))
    )
    per_vcpu = sized.with_columns(
        usd=pl.col("usd_per_hour") / pl.col("vcpus"), kind=by_memory, ratio=pl.when(by_memory != "").then(ratio)
    )
    usual = pl.col("usd").median().over("service", "family", "kind", "ratio", "terms")
    odd = per_vcpu.filter((pl.col("usd") / usual - 1).abs() > 0.02)
    large_c4 = {"c4-standard-2", "c4-highmem-2"}  # a little less memory than the others
    large_memory = {"n2-highmem-128", "db-perf-optimized-N-128"}  # 6.75 GiB per vCPU instead of 8
    assert per_vcpu.height > 1800
    assert set(odd["shape"]) - NOT_PROPORTIONAL - large_c4 - large_memory == set()
    assert set(odd["shape"]) - large_c4 - large_memory == NOT_PROPORTIONAL & set(odd["shape"])


def test_sources_say_what_was_derived() -> None:
    prices = tables.prices()
    derived = prices.filter(pl.col("source").str.starts_with("proportional to "))
    assert set(derived["service"]) == {"rds"}
    anchors = derived.select("terms", shape=pl.col("source").str.strip_prefix("proportional to ")).unique()
    published = prices.filter((pl.col("service") == "rds") & ~pl.col("source").str.starts_with("proportional"))
    assert anchors.join(published, on=["terms", "shape"], how="anti").is_empty()
    assert prices["dated"].min() >= date(2026, 1, 1)
    assert "AWS price list" in set(prices.filter(pl.col("service") == "ec2")["source"])


@pytest.mark.parametrize(
    ("service", "name", "vcpus", "memory_gib"),
    [
        ("ec2", "m5.large", 2, 8),
        ("ec2", "r6g.16xlarge", 64, 512),
        ("ec2", "c7i-flex.large", 2, 4),
        ("ec2", "t4g.nano", 2, 0.5),
        ("ec2", "t2.micro", 1, 1),
        ("ec2", "p3.2xlarge", 8, 61),
        ("rds", "db.r6g.large", 2, 16),
        ("rds", "db.t3.micro", 2, 1),
        ("rds", "db.x2g.large", 2, 32),
        ("elasticache", "cache.r6g.large", 2, 13.07),
        ("elasticache", "cache.t3.micro", 2, 0.5),
        ("opensearch", "m6g.large.search", 2, 8),
        ("opensearch", "or1.medium.search", 1, 8),
        ("sagemaker", "ml.m5.xlarge", 4, 16),
        ("compute", "n2-standard-4", 4, 16),
        ("compute", "e2-medium", 2, 4),
        ("compute", "n1-highcpu-2", 2, 1.8),
        ("compute", "c3d-highcpu-30", 30, 59),
        ("compute", "f1-micro", 1, 0.6),
        ("cloudsql", "db-n1-standard-1", 1, 3.75),
        ("cloudsql", "db-perf-optimized-N-8", 8, 64),
    ],
)
def test_documented_sizes(service: str, name: str, vcpus: float, memory_gib: float) -> None:
    row = shape(service, name)
    assert (row["vcpus"], row["memory_gib"]) == (vcpus, memory_gib)


@pytest.mark.parametrize(
    ("service", "name", "accelerator", "count", "memory_gib"),
    [
        ("ec2", "p4d.24xlarge", "A100", 8, 8 * 40),
        ("ec2", "g4dn.xlarge", "T4", 1, 16),
        ("ec2", "inf2.xlarge", "Inferentia2", 1, 32),
        ("ec2", "trn1.32xlarge", "Trainium", 16, 16 * 32),
        ("ec2", "g6f.large", "L4", 0.125, 22.4 / 8),
        ("ec2", "g5.xlarge", "A10G", 1, 24e9 / 2**30),  # 24 GB, which are 22.4 GiB
        ("sagemaker", "ml.g5.12xlarge", "A10G", 4, 4 * 24e9 / 2**30),
        ("compute", "g2-standard-24", "L4", 2, 2 * 24),
        ("compute", "a3-highgpu-8g", "H100", 8, 8 * 80),
    ],
)
def test_documented_accelerators(service: str, name: str, accelerator: str, count: float, memory_gib: float) -> None:
    row = shape(service, name)
    assert (row["accelerator"], row["accelerator_count"]) == (accelerator, count)
    assert row["accelerator_memory_gib"] == pytest.approx(memory_gib, rel=0.01)


@pytest.mark.parametrize(
    ("service", "name", "share"),
    [
        ("ec2", "t3.nano", 0.05),
        ("ec2", "t3a.medium", 0.2),
        ("ec2", "t4g.2xlarge", 0.4),
        ("ec2", "t2.large", 0.3),
        ("ec2", "t2.xlarge", 0.225),
        ("ec2", "m7i-flex.large", 0.4),
        ("rds", "db.t3.micro", 0.1),
        ("elasticache", "cache.t4g.small", 0.2),
        ("opensearch", "t3.medium.search", 0.2),
        ("sagemaker", "ml.t3.large", 0.3),
        ("compute", "e2-micro", 0.125),
        ("compute", "e2-medium", 0.5),
        ("ec2", "m5.large", None),
        ("ec2", "trn1.2xlarge", None),
        ("compute", "e2-standard-2", None),
    ],
)
def test_documented_baselines(service: str, name: str, share: float | None) -> None:
    assert shape(service, name)["baseline_share"] == share


def test_documented_throughput_and_disks() -> None:
    row = shape("ec2", "m7i.large")
    assert (row["network_gbps"], row["disk_mbps"], row["disk_iops"]) == (0.781, 81.25, 3600)  # not "up to 12.5"
    assert row["local_disk_gb"] == 0
    assert shape("ec2", "i4i.large")["local_disk_gb"] == 468
    assert shape("ec2", "p4d.24xlarge")["network_gbps"] == 400
    assert shape("ec2", "p3.2xlarge")["network_gbps"] is None


@pytest.mark.parametrize(
    ("name", "network_gbps", "disk_mbps", "disk_iops"),
    [
        ("e2-medium", 2, 209.72, 10000),
        ("e2-standard-2", 4, 251.66, 15000),
        ("e2-standard-8", 16, 838.86, 15000),
        ("n1-standard-1", 2, 213.91, 15000),
        ("n1-standard-16", 16, 1258.29, 20000),  # 32 on newer processors only
        ("n2-standard-4", 8, 251.66, 15000),  # not "up to 10"
        ("t2d-standard-1", 2, 213.91, 15000),
        ("n2d-highcpu-224", 32, 1258.29, 80000),
        ("n4-highmem-64", 45, 2516.58, 160000),
        ("c2-standard-16", 32, 503.32, 4000),
        ("c2d-standard-16", 32, 256.9, 4590),
        ("c3-standard-44", 32, 1258.29, 50000),
        ("c4a-standard-64", 45, 2516.58, 160000),
        ("c4-standard-8", 16, None, None),
        ("c4-standard-16", 23, None, None),
        ("e2-micro", 1, None, None),
        ("m1-ultramem-40", None, 1258.29, 60000),
        ("a3-highgpu-1g", None, None, None),
    ],
)
def test_documented_limits_of_compute_engine(
    name: str, network_gbps: float | None, disk_mbps: float | None, disk_iops: float | None
) -> None:
    row = shape("compute", name)
    assert (row["network_gbps"], row["disk_mbps"], row["disk_iops"]) == (network_gbps, disk_mbps, disk_iops)


def test_limits_never_fall_with_size() -> None:
    known = tables.shapes().filter(
        pl.col("service") == "compute", pl.col("baseline_share").is_null(), pl.col("accelerator") == ""
    )
    kind = pl.col("shape").str.replace(r"-\d+$", "")
    for column in ("network_gbps", "disk_mbps", "disk_iops"):
        grown = known.filter(pl.col(column).is_not_null()).sort("vcpus")
        assert grown.height > 200
        assert grown.filter((pl.col(column).diff() < 0).over(kind))["shape"].to_list() == []


@pytest.mark.parametrize(
    ("service", "name", "terms", "usd"),
    [
        ("ec2", "m5.large", "linux", 0.096),
        ("ec2", "t3.medium", "linux", 0.0416),
        ("rds", "db.m5.large", "mysql", 0.171),
        ("rds", "db.m5.4xlarge", "postgresql", 1.424),
        ("rds", "db.m5.large", "postgresql", 0.178),
        ("rds", "db.r6g.large", "postgresql", 0.225),
        ("rds", "db.r6g.large", "aurora-postgresql", 0.2595),
        ("rds", "db.t3.large", "mariadb", 0.136),
        ("rds", "db.t3.large", "aurora-mysql", 0.164),
        ("elasticache", "cache.r6g.large", "", 0.206),
        ("elasticache", "cache.r6g.large", "valkey", 0.1648),
        ("opensearch", "r6g.large.search", "", 0.167),
        ("sagemaker", "ml.m5.large", "", 0.115),
        ("compute", "n2-standard-4", "linux", 0.194236),
        ("compute", "e2-micro", "linux", 0.008377),
        ("compute", "a2-highgpu-1g", "linux", 3.673385),
        ("compute", "g2-standard-4", "linux", 0.70685),
        ("cloudsql", "db-n1-standard-4", "mysql", 0.2702),
        ("cloudsql", "db-f1-micro", "postgresql", 0.0105),
    ],
)
def test_published_prices(service: str, name: str, terms: str, usd: float) -> None:
    assert usd_per_hour(service, name, terms) == pytest.approx(usd, rel=1e-4)


@pytest.mark.parametrize(
    ("service", "name", "family", "generation"),
    [
        ("ec2", "m7i.large", "m7i", 7),
        ("ec2", "c7i-flex.large", "c7i-flex", 7),
        ("ec2", "u-6tb1.56xlarge", "u-6tb1", 1),
        ("ec2", "u7i-12tb.224xlarge", "u7i-12tb", 7),
        ("ec2", "p6-b200.48xlarge", "p6-b200", 6),
        ("rds", "db.r6g.large", "r6g", 6),
        ("elasticache", "cache.m7g.large", "m7g", 7),
        ("opensearch", "r6g.large.search", "r6g", 6),
        ("sagemaker", "ml.g5.xlarge", "g5", 5),
        ("compute", "n2d-highmem-8", "n2d", 2),
        ("compute", "custom-4-8192", "n1", 1),
        ("cloudsql", "db-n1-standard-1", "n1", 1),
        ("cloudsql", "db-custom-4-15360", "custom", 0),
        ("cloudsql", "db-perf-optimized-N-8", "perf-optimized", 0),
        ("rds", "db", "db", 0),
        ("ec2", "", "", 0),
    ],
)
def test_family_and_generation(service: str, name: str, family: str, generation: int) -> None:
    assert tables.family_and_generation(service, name) == (family, generation)


def test_refreshed_rows_stand_before_shipped_ones_unless_older() -> None:
    shipped = tables.prices().filter(pl.col("shape").is_in(["m5.large", "m5.xlarge", "c5.large"]))
    shipped = shipped.filter(pl.col("service") == "ec2")
    assert shipped.height == 3
    names = dict(zip(shipped["shape"], shipped["dated"], strict=True))
    day = names["m5.large"]
    refreshed = pl.concat(
        [
            shipped.filter(pl.col("shape") == "m5.large").with_columns(usd_per_hour=pl.lit(0.05), dated=pl.lit(later))
            for later in (date(2027, 1, 1), date(2026, 12, 1))
        ]
        + [
            shipped.filter(pl.col("shape") == "m5.xlarge").with_columns(usd_per_hour=pl.lit(0.11)),  # same day
            shipped.filter(pl.col("shape") == "c5.large").with_columns(
                usd_per_hour=pl.lit(9.0), dated=pl.lit(date(2020, 1, 1))
            ),
            shipped.filter(pl.col("shape") == "m5.large").with_columns(region_id=pl.lit("eu-west-1")),
        ]
    )
    refreshed = refreshed.with_columns(refreshed["source"].alias("more")).select("more", *reversed(shipped.columns))
    merged = tables.prices(refreshed)
    assert merged.columns == shipped.columns
    assert merged.height == tables.prices().height + 1
    of = {(r["region_id"], r["shape"]): r for r in merged.filter(pl.col("service") == "ec2").to_dicts()}
    assert (of["us-east-1", "m5.large"]["usd_per_hour"], of["us-east-1", "m5.large"]["dated"]) == (
        0.05, date(2027, 1, 1)
    )  # fmt: skip
    assert of["us-east-1", "m5.xlarge"]["usd_per_hour"] == 0.11
    assert of["us-east-1", "c5.large"]["usd_per_hour"] == 0.085
    assert of["eu-west-1", "m5.large"]["dated"] == day
    assert_frame_equal(tables.prices(), tables.prices(refreshed.clear()))


def test_refreshed_shape_that_was_not_known() -> None:
    row = tables.shapes().filter(pl.col("shape") == "m5.large").with_columns(shape=pl.lit("m77z.large"))
    merged = tables.shapes(row)
    assert merged.filter(pl.col("shape") == "m77z.large").height == 1
    assert merged.height == tables.shapes().height + 1
    assert merged.columns == tables.shapes().columns
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        tables.shapes(row.drop("vcpus"))


@pytest.mark.parametrize(
    ("service", "name", "vcpus", "memory_gib", "usd"),
    [
        ("compute", "custom-4-8192", 4, 8, (4 * 0.031611 + 8 * 0.004237) * 1.05),
        ("compute", "n2-custom-8-16384", 8, 16, (8 * 0.031611 + 16 * 0.004237) * 1.05),
        ("compute", "n2-custom-2-65536-ext", 2, 64, None),
        ("compute", "e2-custom-micro-1024", 2, 1, (0.25 * 0.021812 + 1 * 0.002924) * 1.05),
        ("cloudsql", "db-custom-6-20480", 6, 20, 6 * 0.0413 + 20 * 0.007),
    ],
)
def test_custom_types(service: str, name: str, vcpus: float, memory_gib: float, usd: float | None) -> None:
    row = tables.custom_shape("gcp", service, name)
    assert row is not None
    assert (row["shape"], row["vcpus"], row["memory_gib"]) == (name, vcpus, memory_gib)
    terms = "linux" if service == "compute" else "postgresql"
    price = tables.custom_price("gcp", service, name, terms=terms)
    if usd is None:
        assert price is None
    else:
        assert price is not None
        assert price["usd_per_hour"] == pytest.approx(usd, rel=1e-3)
        assert price["region_id"] == "us-central1"
        assert tables.prices().schema.names() == list(price)
    assert tables.shapes().columns == list(row)
    assert name in set(tables.shapes(pl.DataFrame([row], schema=tables.shapes().schema))["shape"])


def test_custom_types_agree_with_the_tables() -> None:
    known = tables.prices().filter(pl.col("shape").str.starts_with("db-custom-"))
    assert known.height == 30
    for row in known.to_dicts():
        price = tables.custom_price("gcp", "cloudsql", row["shape"], terms=row["terms"])
        assert price is not None
        assert price["usd_per_hour"] == pytest.approx(row["usd_per_hour"], rel=1e-6)
        shape_row = tables.custom_shape("gcp", "cloudsql", row["shape"])
        assert shape_row is not None
        assert shape_row["memory_gib"] == shape("cloudsql", row["shape"])["memory_gib"]


@pytest.mark.parametrize(
    ("provider", "service", "name"),
    [
        ("aws", "ec2", "custom-4-8192"),
        ("gcp", "compute", "n2-standard-4"),
        ("gcp", "compute", "custom-0-8192"),
        ("gcp", "compute", "custom-4-0"),
        ("gcp", "compute", "custom-99999999999999999999-8192"),
        ("gcp", "compute", "custom-4-8192\n"),
        ("gcp", "compute", "custom-٤-8192"),
        ("gcp", "compute", "n2-custom-micro-1024"),
        ("gcp", "compute", "g2-custom-4-16384"),  # its accelerators are not in the name
        ("gcp", "cloudsql", "custom-4-8192"),
        ("gcp", "cloudsql", "db-custom-4"),
        ("gcp", "bigquery", "db-custom-4-8192"),
    ],
)
def test_names_that_say_no_size(provider: str, service: str, name: str) -> None:
    assert tables.custom_shape(provider, service, name) is None
    assert tables.custom_price(provider, service, name, terms="linux") is None


def test_custom_price_knows_no_other_terms() -> None:
    assert tables.custom_price("gcp", "compute", "custom-4-8192", terms="windows") is None
    assert tables.custom_price("gcp", "cloudsql", "db-custom-4-8192", terms="sqlserver") is None


def test_tables_stay_small() -> None:
    files = list((ROOT / "src/advisor/prices/tables").iterdir())
    assert len(files) == 5
    assert sum(file.stat().st_size for file in files) < 400_000
