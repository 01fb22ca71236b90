"""Who has one cloud meets no word of the other, and needs neither its packages nor its credentials."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[1] / "sample_exports"
FORMATS = ("table", "html", "json", "csv", "markdown")
WORDS = {
    "aws": re.compile(
        r"\b(aws|amazon|boto\w*|cur|ec2|ebs|s3|rds|arn:|savings plans?|reserved instances?|graviton|"
        r"fargate|lambda|cloudwatch|sagemaker|bedrock|natgateway|us-(east|west)-[12]\b(?!-))\b", re.IGNORECASE
    ),
    "gcp": re.compile(
        r"\b(gcp|google|gcloud|gke|gcs|gs:|bigquery|cuds?|committed use|vertex|gemini|compute engine|cloud (sql|run|storage)|"
        r"kubernetes engine|googleapis)\b", re.IGNORECASE
    ),
}  # fmt: skip
PACKAGES = {"aws": ("boto3", "botocore", "s3transfer"), "gcp": ("google", "grpc", "sqlglot")}
EXPORTS = {
    "aws": ["aws_cur_legacy", "aws_cur2_parquet"],
    "gcp": ["gcp_detailed_parquet", "gcp_detailed_json", "gcp_standard_csv"],
}
OTHER = {"aws": "gcp", "gcp": "aws"}

# None in sys.modules is how Python says that a package is not to be had.
PROGRAM = "import sys; sys.modules |= dict.fromkeys({packages}); from advisor.cli import main; main()"


def advisor(cloud: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command without the other cloud's packages, credentials and configuration."""
    environment = {k: v for k, v in os.environ.items() if not re.match(r"AWS_|GOOGLE_|BOTO|CLOUDSDK|ADVISOR_", k)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(packages=set(PACKAGES[OTHER[cloud]])), *arguments],
        capture_output=True, text=True, check=False, cwd=folder, env=environment | {"HOME": str(folder)}, timeout=120,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_nothing_that_is_printed_holds_a_word_of_the_other_cloud(tmp_path: Path, cloud: str) -> None:
    for export in EXPORTS[cloud]:
        (tmp_path / export.removeprefix(f"{cloud}_")).symlink_to(SAMPLES / export)
    links = [str(path) for path in sorted(tmp_path.iterdir())]
    commands = [("ingest", *links), ("scan", "--format", "json", "-o", "first.json")]
    commands += [("report", "--format", form, "--top", "0") for form in FORMATS]
    commands += [("checks", "list", "--cloud", cloud)]
    commands += [("costs", "--by", "service,account,region", "--limit", "500")]
    for command in commands:
        done = advisor(cloud, tmp_path, *command, *(() if command[0] == "checks" else ("--db", "bill.duckdb")))
        assert done.returncode == 0, done.stderr
        assert len(done.stdout) > 1000 or "first.json" in command
        words = {match[0] for match in WORDS[OTHER[cloud]].finditer(done.stdout + done.stderr)}
        assert words == set(), command
    assert advisor(cloud, tmp_path, "init", "--cloud", cloud).returncode == 0
    assert WORDS[OTHER[cloud]].search((tmp_path / "advisor.toml").read_text("utf-8")) is None


@pytest.mark.parametrize(("cloud", "address"), [("gcp", "gs://some-bucket/x"), ("gcp", "bigquery://project.dataset")])
def test_addresses_of_one_cloud_fail_in_its_own_words(tmp_path: Path, cloud: str, address: str) -> None:
    failed = advisor(cloud, tmp_path, "scan", address)
    assert failed.returncode == 4
    assert sorted({match[0] for match in WORDS[OTHER[cloud]].finditer(failed.stderr)}) == []
