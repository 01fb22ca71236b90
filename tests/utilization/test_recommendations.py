"""The clouds' own advice: what counts, what is left out, and what becomes of rows and files that are none."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from advisor import store
from advisor.utilization import recommendations as advice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

ACCOUNT = "111122223333"
EC2 = f"arn:aws:ec2:eu-central-1:{ACCOUNT}:instance/i-0a1"
REFRESHED = "2026-07-30 04:00:00"
INSTANCE = {
    "accountId": ACCOUNT,
    "instanceArn": EC2,
    "currentInstanceType": "m5.2xlarge",
    "finding": "OVER_PROVISIONED",
    "lookbackPeriodInDays": "14.0",
    "recommendationOptions_1_instanceType": "m5.xlarge",
    "recommendationOptions_1_performanceRisk": "1.0",
    "recommendationOptions_1_savingsOpportunityPercentage": "50.0",
    "recommendationOptions_1_estimatedMonthlySavings_currency": "USD",
    "recommendationOptions_1_estimatedMonthlySavings_value": "167.9",
    "recommendationOptions_1_savingsOpportunityAfterDiscountsPercentage": "40.0",
    "recommendationOptions_1_estimatedMonthlySavingsCurrencyAfterDiscounts": "USD",
    "recommendationOptions_1_estimatedMonthlySavingsValueAfterDiscounts": "120.5",
    "recommendationOptions_2_instanceType": "r5.large",
    "recommendationOptions_2_estimatedMonthlySavings_value": "240.0",
    "lastRefreshTimestamp_UTC": REFRESHED,
}
HUB = {
    "account_id": ACCOUNT,
    "recommendation_id": "r-1",
    "recommendation_source": "ComputeOptimizer",
    "region": "eu-central-1",
    "resource_arn": EC2,
    "currency_code": "USD",
    "action_type": "Rightsize",
    "current_resource_type": "Ec2Instance",
    "recommended_resource_type": "Ec2Instance",
    "current_resource_summary": "m5.2xlarge",
    "recommended_resource_summary": "m5.xlarge",
    "estimated_monthly_cost_before_discount": 335.8,
    "estimated_monthly_cost_after_discount": 301.25,
    "estimated_monthly_savings_before_discount": 167.9,
    "estimated_monthly_savings_after_discount": 120.5,
    "estimated_savings_percentage_after_discount": 40.0,
    "implementation_effort": "Medium",
    "recommendation_lookback_period_in_days": 14,
    "last_refresh_timestamp": "2026-07-30T04:00:00Z",
}
VM = "//compute.googleapis.com/projects/shop-prod/zones/us-east1-b/instances/web-1"
GOOGLE = {
    "cloud_entity_type": "PROJECT_NUMBER",
    "cloud_entity_id": "323016592286",
    "name": "projects/323016592286/locations/us-east1-b/recommenders/"
    "google.compute.instance.MachineTypeRecommender/recommendations/r1",
    "location": "us-east1-b",
    "recommender": "google.compute.instance.MachineTypeRecommender",
    "recommender_subtype": "CHANGE_MACHINE_TYPE",
    "target_resources": [VM],
    "description": "Save cost by changing machine type from n1-standard-4 to custom-2-5120.",
    "last_refresh_time": "2026-07-30 06:41:17 UTC",
    "primary_impact": {
        "category": "COST",
        "cost_projection": {
            "cost": {"currency_code": "USD", "units": "-73", "nanos": -268972762},
            "cost_in_local_currency": {"currency_code": "EUR", "units": "-60", "nanos": "0"},
            "duration": {"seconds": "2592000", "nanos": "0"},
            "pricing_type_name": "CUSTOM",
        },
    },
    "state": "ACTIVE",
    "priority": "P2",
    "recommendation_details": '{"overview": {"resourceName": "web-1"}}',
}


@pytest.fixture
def con() -> Iterator[DuckDBPyConnection]:
    opened = store.scratch()
    yield opened
    opened.close()


def as_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_lines(rows: Sequence[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


class Bucket:
    """Files as they would have been fetched: shown by their key, on disk under another name."""

    def __init__(self, folder: Path, con: DuckDBPyConnection) -> None:
        self.folder, self.con, self.paths = folder, con, list[tuple[str, "Path"]]()

    def add(self, key: str, content: bytes) -> None:
        path = self.folder / f"object-{len(self.paths)}"
        path.write_bytes(content)
        self.paths.append((f"s3://advice/{key}", path))

    def parquet(self, key: str, rows: Sequence[dict[str, Any]]) -> None:
        lines = self.folder / "lines.json"
        lines.write_bytes(as_lines(rows))
        path = self.folder / f"object-{len(self.paths)}"
        self.con.execute(f"copy (from read_json('{lines}', format = 'newline_delimited')) to '{path}' (format parquet)")
        self.paths.append((f"s3://advice/{key}", path))

    def read(self) -> advice.Advice:
        return advice.read_files(self.con, self.paths)


@pytest.fixture
def bucket(tmp_path: Path, con: DuckDBPyConnection) -> Bucket:
    return Bucket(tmp_path, con)


def only(found: advice.Advice) -> dict[str, Any]:
    assert found.problems == ()
    (row,) = found.rows.to_dicts()
    return {**row, "details": {entry["key"]: entry["value"] for entry in row["details"]}}


def stored(con: DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return con.execute(
        "select resource_id, action, target_shape, refreshed_on from recommendations order by all"
    ).fetchall()


# --- Compute Optimizer ----------------------------------------------------------------------------------------------------


def test_an_instance_is_advised_as_its_first_option_says(bucket: Bucket) -> None:
    bucket.add("ec2.csv", as_csv([INSTANCE]))
    row = only(bucket.read())
    assert row["provider"] == "aws"
    assert row["sub_account_id"] == ACCOUNT
    assert row["resource_id"] == EC2
    assert row["source"] == "aws-compute-optimizer"
    assert (row["action"], row["current_shape"], row["target_shape"]) == ("rightsize", "m5.2xlarge", "m5.xlarge")
    assert (row["monthly_savings"], row["savings_share"], row["savings_basis"]) == (120.5, 0.4, "after discounts")
    assert (row["currency"], row["lookback_days"], row["refreshed_on"]) == ("USD", 14, date(2026, 7, 30))
    assert row["location"] == "s3://advice/ec2.csv"
    assert row["details"]["performance_risk"] == "1.0"


@pytest.mark.parametrize("spelled", [str.lower, str.upper, lambda name: name.replace("_", "")])
def test_headers_are_read_in_any_case_and_with_or_without_underscores(bucket: Bucket, spelled: Any) -> None:
    bucket.add("ec2.csv", as_csv([{spelled(name): value for name, value in INSTANCE.items()}]))
    assert only(bucket.read())["monthly_savings"] == 120.5


@pytest.mark.parametrize(
    ("change", "savings", "basis"),
    [
        ({"recommendationOptions_1_estimatedMonthlySavingsValueAfterDiscounts": ""}, 167.9, "before discounts"),
        ({"recommendationOptions_1_estimatedMonthlySavingsValueAfterDiscounts": "NaN"}, 167.9, "before discounts"),
        (
            {
                "recommendationOptions_1_estimatedMonthlySavingsValueAfterDiscounts": "-",
                "recommendationOptions_1_estimatedMonthlySavings_value": "",
            },
            None,
            "unknown",
        ),
    ],
)
def test_savings_that_are_not_given_are_not_zero(
    bucket: Bucket, change: dict[str, str], savings: float | None, basis: str
) -> None:
    bucket.add("ec2.csv", as_csv([INSTANCE | change]))
    row = only(bucket.read())
    assert row["monthly_savings"] == savings
    assert row["savings_basis"] == basis


def test_an_option_that_costs_more_gives_way_to_the_next(bucket: Bucket) -> None:
    dearer = INSTANCE | {"recommendationOptions_1_estimatedMonthlySavingsValueAfterDiscounts": "-3"}
    bucket.add("ec2.csv", as_csv([dearer]))
    row = only(bucket.read())
    assert (row["target_shape"], row["monthly_savings"]) == ("r5.large", 240.0)


def test_what_is_no_waste_is_counted_and_left_out(bucket: Bucket) -> None:
    rows = [
        INSTANCE | {"instanceArn": f"{EC2}{n}", "finding": finding}
        for n, finding in enumerate(["Optimized", "UNDER_PROVISIONED", "", "NotOptimized"])
    ]
    rows[3]["recommendationOptions_1_instanceType"] = rows[3]["recommendationOptions_2_instanceType"] = "m5.2xlarge"
    bucket.add("ec2.csv", as_csv(rows))
    found = bucket.read()
    assert found.rows.is_empty()
    assert found.problems == ()
    assert found.left_out == {"nothing to end": 3, "not judged by the cloud": 1}


def test_an_arm_option_is_another_machine(bucket: Bucket) -> None:
    bucket.add(
        "ec2.csv", as_csv([INSTANCE | {"recommendationOptions_1_platformDifferences_isArchitectureDifferent": "true"}])
    )
    assert only(bucket.read())["action"] == "modernize"


def test_a_database_has_two_judgements(bucket: Bucket) -> None:
    database = f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:orders"
    bucket.add(
        "rds.csv",
        as_csv(
            [
                {
                    "accountId": ACCOUNT,
                    "resourceArn": database,
                    "currentDBInstanceClass": "db.r6g.2xlarge",
                    "currentStorageConfigurationStorageType": "io1",
                    "currentStorageConfigurationAllocatedStorage": "500",
                    "currentStorageConfigurationIOPS": "8000",
                    "instanceFinding": "Overprovisioned",
                    "instanceRecommendationOptions_1_dbInstanceClass": "db.r6g.xlarge",
                    "instanceRecommendationOptions_1_estimatedMonthlySavingsValue": "300",
                    "instanceRecommendationOptions_1_estimatedMonthlySavingsCurrency": "USD",
                    "instanceRecommendationOptions_1_savingsOpportunityPercentage": "50",
                    "storageFinding": "NotOptimized",
                    "storageRecommendationOptions_1_storageType": "gp3",
                    "storageRecommendationOptions_1_allocatedStorage": "500",
                    "storageRecommendationOptions_1_IOPS": "12000",
                    "storageRecommendationOptions_1_estimatedMonthlySavingsValue": "80",
                    "lastRefreshTimestamp": "2026-07-30T04:00:00.000Z",
                }
            ]
        ),
    )
    found = bucket.read()
    assert found.problems == ()
    made = {row["part"]: row for row in found.rows.to_dicts()}
    assert made["rds-instance"]["target_shape"] == "db.r6g.xlarge"
    assert made["rds-instance"]["savings_share"] == 0.5
    assert made["rds-storage"]["current_shape"] == "io1 500 GiB 8000 IOPS"
    assert made["rds-storage"]["target_shape"] == "gp3 500 GiB 12000 IOPS"
    assert made["rds-storage"]["savings_share"] is None


@pytest.mark.parametrize(
    ("kind", "row", "resource", "action", "target"),
    [
        (
            "ebs",
            {
                "volumeArn": f"arn:aws:ec2:eu-central-1:{ACCOUNT}:volume/vol-1",
                "finding": "NotOptimized",
                "currentConfiguration_volumeType": "gp2",
                "currentConfiguration_volumeSize": "500",
                "recommendationOptions_1_configuration_volumeType": "gp3",
                "recommendationOptions_1_configuration_volumeSize": "500",
                "recommendationOptions_1_configuration_volumeBaselineIOPS": "3000",
            },
            f"arn:aws:ec2:eu-central-1:{ACCOUNT}:volume/vol-1",
            "modernize",
            "gp3 500 GiB 3000 IOPS",
        ),
        (
            "lambda",
            {
                "functionArn": f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:thumbs:$LATEST",
                "functionVersion": "$LATEST",
                "finding": "NotOptimized",
                "currentConfiguration_memorySize": "3008",
                "recommendationOptions_1_configuration_memorySize": "1024",
            },
            f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:thumbs",
            "rightsize",
            "1024 MB",
        ),
        (
            "ecs",
            {
                "serviceArn": f"arn:aws:ecs:eu-central-1:{ACCOUNT}:service/shop/web",
                "finding": "Overprovisioned",
                "currentServiceConfiguration_cpu": "4096",
                "currentServiceConfiguration_memory": "8192",
                "recommendationOptions_1_cpu": "1024",
                "recommendationOptions_1_memory": "8192",
            },
            f"arn:aws:ecs:eu-central-1:{ACCOUNT}:service/shop/web",
            "rightsize",
            "1024 CPU units 8192 MiB",
        ),
        (
            "license",
            {
                "resourceArn": EC2,
                "finding": "NotOptimized",
                "currentLicenseConfiguration_licenseEdition": "Enterprise",
                "recommendationOptions_1_licenseEdition": "Standard",
            },
            EC2,
            "other",
            "Standard",
        ),
        (
            "asg",
            {
                "autoScalingGroupArn": f"arn:aws:autoscaling:eu-central-1:{ACCOUNT}:autoScalingGroup:1:x/web",
                "finding": "NotOptimized",
                "currentConfiguration_instanceType": "m5.2xlarge",
                "recommendationOptions_1_configuration_instanceType": "m5.xlarge",
            },
            f"arn:aws:autoscaling:eu-central-1:{ACCOUNT}:autoScalingGroup:1:x/web",
            "rightsize",
            "m5.xlarge",
        ),
    ],
)
def test_every_kind_of_file_is_read(
    bucket: Bucket, kind: str, row: dict[str, str], resource: str, action: str, target: str
) -> None:
    money = {
        "recommendationOptions_1_estimatedMonthlySavings_value": "10",
        "recommendationOptions_1_estimatedMonthlySavings_currency": "USD",
    }
    bucket.add(f"{kind}.csv", as_csv([{"accountId": ACCOUNT, "lastRefreshTimestamp_UTC": REFRESHED} | row | money]))
    made = only(bucket.read())
    assert (made["resource_id"], made["action"], made["target_shape"]) == (resource, action, target)
    assert made["part"] == kind
    assert made["monthly_savings"] == 10


def idle(resource: str, kind: str, **more: str) -> dict[str, str]:
    return {
        "accountId": ACCOUNT,
        "resourceArn": f"arn:aws:ec2:eu-central-1:{ACCOUNT}:{resource}",
        "resourceId": resource.rsplit("/", 1)[-1],
        "resourceType": kind,
        "finding": "Idle",
        "findingDescription": "No traffic.",
        "lookbackPeriodInDays": "32",
        "savingsOpportunityPercentage": "100",
        "estimatedMonthlySavingsCurrency": "USD",
        "estimatedMonthlySavingsValue": "40",
        "estimatedMonthlySavingsValueAfterDiscounts": "36",
        "savingsOpportunityPercentageAfterDiscounts": "100",
        "lastRefreshTimestamp_UTC": "2026-07-30T04:00:00Z",
    } | more


def test_idle_machines_are_stopped_and_other_idle_things_deleted(bucket: Bucket) -> None:
    bucket.add(
        "idle.csv",
        as_csv(
            [
                idle("instance/i-1", "EC2Instance"),
                idle("volume/vol-1", "EBSVolume", finding="Unattached"),
                idle("natgateway/nat-1", "NatGateway", finding="Unused", savingsOpportunityPercentageAfterDiscounts=""),
            ]
        ),
    )
    found = bucket.read()
    assert found.problems == ()
    made = {row["resource_id"].rsplit("/", 1)[-1]: row for row in found.rows.to_dicts()}
    assert {name: row["action"] for name, row in made.items()} == {
        "i-1": "stop",
        "vol-1": "delete",
        "nat-1": "delete",
    }
    assert {row["monthly_savings"] for row in made.values()} == {36}
    assert made["vol-1"]["savings_share"] == 1
    assert made["nat-1"]["savings_share"] is None


def key(account: str, region: str, time: str) -> str:
    return f"co/compute-optimizer/{account}/{region}-{time}-a1b2.csv"


def test_of_each_account_region_and_kind_the_newest_file_counts(bucket: Bucket) -> None:
    other = INSTANCE | {"instanceArn": EC2.replace("i-0a1", "i-gone")}
    bucket.add(key(ACCOUNT, "eu-central-1", "2026-07-23T040000Z"), as_csv([other]))
    bucket.add(key(ACCOUNT, "eu-central-1", "2026-07-30T040000Z"), as_csv([INSTANCE]))
    elsewhere = INSTANCE | {"instanceArn": EC2.replace("i-0a1", "i-west").replace("eu-central-1", "us-gov-west-1")}
    bucket.add(key(ACCOUNT, "us-gov-west-1", "2026-07-23T040000Z"), as_csv([elsewhere]))
    bucket.add(key(ACCOUNT, "eu-central-1", "2026-07-23T050000Z"), as_csv([idle("volume/vol-1", "EBSVolume")]))
    bucket.add(key(ACCOUNT, "eu-central-1", "2026-07-30T040000Z").replace(".csv", "-metadata.json"), b"{}")
    found = bucket.read()
    assert found.problems == ()
    assert sorted(name.rsplit("/", 1)[-1] for name in found.rows["resource_id"]) == ["i-0a1", "i-west", "vol-1"]
    assert found.snapshots == {
        ("aws-compute-optimizer", f"{ACCOUNT}/eu-central-1/ec2"),
        ("aws-compute-optimizer", f"{ACCOUNT}/eu-central-1/idle"),
        ("aws-compute-optimizer", f"{ACCOUNT}/us-gov-west-1/ec2"),
    }


def test_a_newer_judgement_that_all_is_well_counts_too(bucket: Bucket) -> None:
    bucket.add("june.csv", as_csv([INSTANCE | {"lastRefreshTimestamp_UTC": "2026-06-30 04:00:00"}]))
    bucket.add("july.csv", as_csv([INSTANCE | {"finding": "Optimized"}]))
    found = bucket.read()
    assert found.rows.is_empty()
    assert found.left_out == {"nothing to end": 1}


# --- Cost Optimization Hub ------------------------------------------------------------------------------------------------


def test_of_daily_snapshots_only_the_newest_counts(bucket: Bucket) -> None:
    bucket.add("hub/data/date=2026-07-29/a.csv.gz", gzip.compress(as_csv([HUB | {"recommendation_id": "gone"}])))
    bucket.add("hub/data/date=2026-07-30/a.csv.gz", gzip.compress(as_csv([HUB])))
    bucket.add("hub/metadata/date=2026-07-30/hub-Manifest.json", b"{}")
    row = only(bucket.read())
    assert row["source"] == "aws-cost-optimization-hub"
    assert row["details"]["recommendation_id"] == "r-1"
    assert (row["action"], row["current_shape"], row["target_shape"]) == ("rightsize", "m5.2xlarge", "m5.xlarge")
    assert (row["monthly_savings"], row["savings_share"], row["savings_basis"]) == (120.5, 0.4, "after discounts")
    assert row["lookback_days"] == 14


def test_parquet_says_the_same_as_csv(bucket: Bucket) -> None:
    bucket.parquet("parquet/date=2026-07-30/a.parquet", [HUB | {"tags": {"team": "shop"}}])
    from_parquet = only(bucket.read())
    bucket.paths.clear()
    bucket.add("csv/date=2026-07-30/a.csv", as_csv([HUB]))
    from_csv = only(bucket.read())
    place = ("location", "scope", "details")
    assert {k: v for k, v in from_parquet.items() if k not in place} == {
        k: v for k, v in from_csv.items() if k not in place
    }
    assert from_parquet["refreshed_on"] == date(2026, 7, 30)


def test_purchases_are_no_waste(bucket: Bucket) -> None:
    bought = HUB | {"recommendation_id": "r-2", "action_type": "PurchaseSavingsPlans", "resource_arn": ""}
    bucket.add("hub/date=2026-07-30/a.csv", as_csv([bought, HUB]))
    found = bucket.read()
    assert found.problems == ()
    assert found.rows["action"].to_list() == ["rightsize"]
    assert found.left_out == {"advice to buy": 1}


@pytest.mark.parametrize(
    ("said", "action", "target"),
    [
        ("Delete", "delete", ""),
        ("Stop", "stop", ""),
        ("ScaleIn", "rightsize", "m5.xlarge"),
        ("MigrateToGraviton", "modernize", "m5.xlarge"),
        ("Upgrade", "modernize", "m5.xlarge"),
    ],
)
def test_actions_of_the_hub(bucket: Bucket, said: str, action: str, target: str) -> None:
    bucket.add("hub/date=2026-07-30/a.csv", as_csv([HUB | {"action_type": said}]))
    row = only(bucket.read())
    assert (row["action"], row["target_shape"]) == (action, target)


# --- Google ---------------------------------------------------------------------------------------------------------------


def test_a_machine_type_of_google(bucket: Bucket) -> None:
    bucket.add("gcp/advice.json.gz", gzip.compress(as_lines([GOOGLE])))
    row = only(bucket.read())
    assert row["provider"] == "gcp"
    assert row["sub_account_id"] == "shop-prod"
    assert row["resource_id"] == VM
    assert (row["action"], row["current_shape"], row["target_shape"]) == ("rightsize", "n1-standard-4", "custom-2-5120")
    # The billing account's own currency, and 30 days made a month.
    assert row["currency"] == "EUR"
    assert row["monthly_savings"] == pytest.approx(60 * 30.4375 / 30)
    assert (row["savings_share"], row["savings_basis"]) == (None, "after discounts")
    assert row["refreshed_on"] == date(2026, 7, 30)
    assert row["details"]["project_number"] == "323016592286"


def test_google_parquet_says_the_same(bucket: Bucket) -> None:
    bucket.parquet("gcp/advice.parquet", [GOOGLE])
    row = only(bucket.read())
    assert (row["resource_id"], row["currency"]) == (VM, "EUR")
    assert row["monthly_savings"] == pytest.approx(60 * 30.4375 / 30)


def google(number: int, **change: Any) -> dict[str, Any]:
    target = change.pop("target", VM.replace("web-1", f"web-{number}"))
    return GOOGLE | {"name": f"r{number}", "target_resources": [target]} | change


def test_actions_of_google(bucket: Bucket) -> None:
    disk = VM.replace("instances/web-1", "disks/old")
    snapshot = "//compute.googleapis.com/projects/shop-prod/global/snapshots/$snapshot-name"
    sql = "//cloudsql.googleapis.com/projects/shop-prod/instances/orders"
    rows = [
        google(1, recommender="google.compute.instance.IdleResourceRecommender", recommender_subtype="STOP_VM"),
        google(
            2,
            recommender="google.compute.disk.IdleResourceRecommender",
            recommender_subtype="SNAPSHOT_AND_DELETE_DISK",
        )
        | {"target_resources": [snapshot, disk]},
        google(3, recommender="google.cloudsql.instance.IdleRecommender", recommender_subtype="X", target=sql),
        google(4, recommender="google.run.service.CostRecommender", recommender_subtype="CPU_ALLOCATION"),
        google(
            5,
            recommender="google.resourcemanager.projectUtilization.Recommender",
            recommender_subtype="DELETE_PROJECT",
            target="//cloudresourcemanager.googleapis.com/projects/123",
        ),
    ]
    bucket.add("gcp/advice.jsonl", as_lines(rows))
    found = bucket.read()
    assert found.problems == ()
    assert {row["resource_id"].rsplit("/", 1)[-1]: row["action"] for row in found.rows.to_dicts()} == {
        "web-1": "stop",
        "old": "delete",
        "orders": "stop",
        "web-4": "other",
        "123": "other",
    }
    by_name = {row["resource_id"]: row for row in found.rows.to_dicts()}
    assert by_name[disk]["monthly_savings"] == pytest.approx(60.875)
    assert by_name["//cloudresourcemanager.googleapis.com/projects/123"]["sub_account_id"] == ""


def test_google_advice_that_is_closed_dearer_or_about_something_else_is_left_out(bucket: Bucket) -> None:
    dearer = {"category": "COST", "cost_projection": {"cost": {"currency_code": "USD", "units": "145"},
                                                      "duration": "2592000s"}}  # fmt: skip
    rows = [
        google(1, state="DISMISSED"),
        google(2, primary_impact={"category": "SECURITY"}),
        google(3, primary_impact=dearer),
        google(4, recommender="google.compute.commitment.UsageCommitmentRecommender"),
        google(5, last_refresh_time="2026-07-29 06:00:00 UTC"),
        google(5, state="SUCCEEDED"),
    ]
    bucket.add("gcp/advice.jsonl", as_lines(rows))
    found = bucket.read()
    assert found.rows.is_empty()
    assert found.problems == ()
    assert found.left_out == {
        "advice to buy": 1,
        "closed or dismissed": 2,
        "not about cost": 1,
        "would cost more": 1,
    }


@pytest.mark.parametrize(
    "impact",
    [
        {"category": "COST"},
        {"category": "COST", "cost_projection": None},
        {"category": "COST", "cost_projection": {"cost": {"currency_code": "USD", "units": "-5"}}},
        {"category": "COST", "cost_projection": {"cost": {"currency_code": "USD", "units": "-5"}, "duration": "0s"}},
    ],
)
def test_google_savings_that_cannot_be_known_are_not_zero(bucket: Bucket, impact: dict[str, Any]) -> None:
    bucket.add("gcp/advice.jsonl", as_lines([google(1, primary_impact=impact)]))
    assert only(bucket.read())["monthly_savings"] is None


def test_money_for_several_resources_is_nobodys(bucket: Bucket) -> None:
    both = GOOGLE | {"target_resources": [VM, VM.replace("web-1", "web-2")]}
    bucket.add("gcp/advice.jsonl", as_lines([both]))
    found = bucket.read()
    assert len(found.rows) == 2
    assert found.rows["monthly_savings"].to_list() == [None, None]


# --- what is none ---------------------------------------------------------------------------------------------------------


def test_broken_rows_are_counted_and_the_rest_goes_on(bucket: Bucket) -> None:
    rows = [
        INSTANCE,
        INSTANCE | {"instanceArn": f"{EC2}2", "finding": "Shrug\x1b[31m"},
        INSTANCE | {"instanceArn": ""},
        INSTANCE | {"instanceArn": "i-\x00evil"},
        INSTANCE | {"instanceArn": f"{EC2}3", "accountId": "'; drop table recommendations"},
        INSTANCE | {"instanceArn": f"{EC2}4", "lastRefreshTimestamp_UTC": "yesterday"},
        INSTANCE | {"instanceArn": f"{EC2}5", "lastRefreshTimestamp_UTC": ""},
    ]
    bucket.add("ec2.csv", as_csv(rows) + b"1,2,3\n")
    found = bucket.read()
    assert found.rows["resource_id"].to_list() == [EC2]
    said = [problem.why for problem in found.problems]
    assert len(said) == 7
    assert all(why.startswith("1 row left out: ") and why.isprintable() for why in said)
    assert {p.what for p in found.problems} == {"s3://advice/ec2.csv"}
    assert all(problem.incomplete for problem in found.problems)


def test_broken_lines_of_json(bucket: Bucket) -> None:
    deep = b"[" * 100_000 + b"\n"
    hostile = as_lines([google(2, primary_impact="COST"), google(3, target_resources=7, recommendation_details="[")])
    bucket.add("gcp/advice.jsonl", as_lines([GOOGLE]) + b"{oops\n\n[1]\n" + deep + hostile)
    found = bucket.read()
    assert found.rows["resource_id"].to_list() == [VM, "7"]
    assert found.left_out == {"not about cost": 1}
    assert [problem.why for problem in found.problems] == ["3 rows left out: it is no line of JSON"]


def test_a_file_that_is_cut_off_changes_nothing(bucket: Bucket, con: DuckDBPyConnection) -> None:
    name = "hub/date=2026-07-30/a.csv.gz"
    bucket.add(name, gzip.compress(as_csv([HUB])))
    assert advice.put(con, bucket.read()) == 1
    bucket.paths.clear()
    bucket.add(name, gzip.compress(as_csv([HUB | {"recommendation_id": f"r{n}"} for n in range(50)]))[:-20])
    found = bucket.read()
    assert "cannot be read to its end" in found.problems[0].why
    assert found.snapshots == frozenset()
    assert advice.put(con, found) == 0
    assert stored(con) == [(EC2, "rightsize", "m5.xlarge", date(2026, 7, 30))]


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff\xfe", b"PAR1 not really", b"a,b\n1,2\n", b'{"a": 1}\n', b"\x1f\x8bno"]
)
def test_other_files_are_told_apart(bucket: Bucket, content: bytes) -> None:
    bucket.add("odd", content)
    bucket.add("ec2.csv", as_csv([INSTANCE]))
    found = bucket.read()
    assert len(found.rows) == 1
    assert [problem.what for problem in found.problems] == ["s3://advice/odd"]


def test_bills_are_no_advice() -> None:
    assert advice.is_recommendations(list(INSTANCE))
    assert advice.is_recommendations(list(HUB))
    assert advice.is_recommendations(list(GOOGLE))
    assert advice.is_recommendations(list(idle("instance/i-1", "EC2Instance")))
    assert not advice.is_recommendations(
        ["line_item_usage_account_id", "line_item_resource_id", "product_instance_type"]
    )
    assert not advice.is_recommendations(["resource_id", "metric", "timestamp", "value"])
    assert not advice.is_recommendations(["billing_account_id", "service", "sku", "resource", "cost"])
    assert not advice.is_recommendations([])


# --- what is kept ---------------------------------------------------------------------------------------------------------


def test_a_snapshot_replaces_the_one_before_it(bucket: Bucket, con: DuckDBPyConnection) -> None:
    gone = INSTANCE | {"instanceArn": f"{EC2}-gone", "lastRefreshTimestamp_UTC": "2026-07-23 04:00:00"}
    bucket.add(key(ACCOUNT, "eu-central-1", "2026-07-23T040000Z"), as_csv([gone]))
    bucket.add(key(ACCOUNT, "us-east-1", "2026-07-23T040000Z"), as_csv([gone | {"instanceArn": f"{EC2}-there"}]))
    bucket.add("hub/date=2026-07-23/a.csv", as_csv([HUB]))
    assert advice.put(con, bucket.read()) == 3
    bucket.paths.clear()
    bucket.add(key(ACCOUNT, "eu-central-1", "2026-07-30T040000Z"), as_csv([INSTANCE]))
    newer = bucket.read()
    for _ in range(2):
        assert advice.put(con, newer) == 1
        assert [row[0] for row in stored(con)] == [EC2, EC2, f"{EC2}-there"]
    row = con.execute("select details['finding'], savings_share from recommendations where source like '%optimizer'"
                      " and resource_id = ?", [EC2]).fetchone()  # fmt: skip
    assert row == ("OVER_PROVISIONED", 0.4)


def test_an_older_snapshot_brings_nothing_back(bucket: Bucket, con: DuckDBPyConnection) -> None:
    bucket.add(key(ACCOUNT, "eu-central-1", "2026-07-30T040000Z"), as_csv([INSTANCE]))
    assert advice.put(con, bucket.read()) == 1
    bucket.paths.clear()
    old = INSTANCE | {"lastRefreshTimestamp_UTC": "2026-06-30 04:00:00"}
    bucket.add(key(ACCOUNT, "eu-central-1", "2026-06-30T040000Z"), as_csv([old, old | {"instanceArn": f"{EC2}-done"}]))
    bucket.add("june-copy.csv", as_csv([old]))
    assert advice.put(con, bucket.read()) == 0
    assert stored(con) == [(EC2, "rightsize", "m5.xlarge", date(2026, 7, 30))]


def test_a_snapshot_without_advice_empties_its_scope(bucket: Bucket, con: DuckDBPyConnection) -> None:
    bucket.add(key(ACCOUNT, "eu-central-1", "2026-07-23T040000Z"), as_csv([INSTANCE]))
    assert advice.put(con, bucket.read()) == 1
    bucket.paths.clear()
    bucket.add(key(ACCOUNT, "eu-central-1", "2026-07-30T040000Z"), as_csv([INSTANCE | {"finding": "Optimized"}]))
    assert advice.put(con, bucket.read()) == 0
    assert stored(con) == []
