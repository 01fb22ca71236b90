"""Files of metrics and of the clouds' advice through the real command: named, configured, or found among exports."""

from __future__ import annotations

import csv
import gzip
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import polars as pl
import pytest
from measured_bill import (
    DAY,
    LARGE_USD,
    YESTERDAY,
    compute_optimizer,
    deliver,
    hours,
    lines,
    midnight,
    rows,
)

from advisor.errors import Exit

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from moto_server import moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from conftest import Advisor, Done, Process

IDLE, LARGE, VOLUME = "i-0aaaaaaaaaaaaaaa1", "i-0bbbbbbbbbbbbbbb2", "vol-0cccccccccccccc3"
HEADER = ["resource_id", "metric", "timestamp", "value"]
MEASURED = {IDLE: "aws-ec2-idle", LARGE: "aws-ec2-oversized"}
"""What the bill with the samples shows."""

Sample = tuple[str, str, "datetime", float]


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deliver(tmp_path_factory.mktemp("billed") / "export", lines(IDLE, LARGE, VOLUME))


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """Each hour of 31 days, a minute before its end: one machine rests, the other has four times what it needs."""
    found: list[Sample] = []
    for start in hours():
        end = start + DAY * 59 / 1440
        found += [
            (IDLE, "cpu_utilization", end, 1.5 + start.hour / 64),
            (IDLE, "network_bytes", end, 2048.0),
            (LARGE, "cpu_utilization", end, 6.0 + start.hour / 8),
            (LARGE, "memory_utilization", end, 9.0),
            (LARGE, "network_bytes", end, 4e9),
        ]
    return found


def write_csv(path: Path, some: Sequence[Sample]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", newline="") if path.suffix == ".gz" else path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows((name, metric, at.isoformat(), value) for name, metric, at, value in some)
    return path


def write_parquet(path: Path, some: Sequence[Sample]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(some, schema=HEADER, orient="row").write_parquet(path)
    return path


def found(done: Done) -> dict[str, str]:
    """The check that speaks of each machine, of those that measure."""
    return {
        f["resource_id"]: f["check_id"] for f in json.loads(done.out)["findings"] if f["check_id"] in MEASURED.values()
    }


def days(database: Path) -> list[tuple[Any, ...]]:
    """All days, without when and from where they came."""
    return rows(database, "select * exclude (source, fetched_at) from utilization_days order by all")


# --- forms ------------------------------------------------------------------------------------------------------------


def one_csv(folder: Path, some: Sequence[Sample]) -> list[Path]:
    return [write_csv(folder / "samples.csv", some)]


def one_gz(folder: Path, some: Sequence[Sample]) -> list[Path]:
    return [write_csv(folder / "samples.csv.gz", some)]


def one_parquet(folder: Path, some: Sequence[Sample]) -> list[Path]:
    return [write_parquet(folder / "samples.parquet", some)]


def two_files(folder: Path, some: Sequence[Sample]) -> list[Path]:
    of_cpu = [sample for sample in some if sample[1] == "cpu_utilization"]
    rest = [sample for sample in some if sample[1] != "cpu_utilization"]
    return [write_csv(folder / "cpu.csv", of_cpu), write_parquet(folder / "rest.parquet", rest)]


def hour_by_hour(folder: Path, some: Sequence[Sample]) -> list[Path]:
    """A folder as an agent writes it: a file for each hour of the day, over all days, in folders of both forms."""
    for hour in range(24):
        part = [sample for sample in some if sample[2].hour == hour]
        if hour % 2:
            write_csv(folder / "parts" / f"hour={hour}" / "part-0.csv.gz", part)
        else:
            write_parquet(folder / "parts" / f"hour={hour}" / "part-0.parquet", part)
    return [folder / "parts"]


def named_one_by_one(folder: Path, some: Sequence[Sample]) -> list[Path]:
    """As a shell's parts/*.csv names them: a file for each hour of the day."""
    return [
        write_csv(folder / f"cpu-{hour:02}.csv", [sample for sample in some if sample[2].hour == hour])
        for hour in range(24)
    ]


FORMS = (named_one_by_one, one_csv, one_gz, one_parquet, two_files, hour_by_hour)
Form = "Callable[[Path, Sequence[Sample]], list[Path]]"


@pytest.fixture(scope="module")
def expected(samples: list[Sample], bill: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """The days of one CSV file, checked by hand where it matters."""
    from advisor.cli import run

    folder = tmp_path_factory.mktemp("expected")
    database = folder / "a.duckdb"
    (file,) = one_csv(folder, samples)
    assert run(["metrics", str(file), "--db", str(database), "-o", str(folder / "out")]) == Exit.OK
    (cpu,) = rows(
        database,
        "select average, maximum, sample_count, total from utilization_days"
        f" where resource_id = '{IDLE}' and metric = 'cpu_utilization' and metric_date = '{YESTERDAY}'",
    )
    assert cpu == (sum(1.5 + hour / 64 for hour in range(24)) / 24, 1.5 + 23 / 64, 24, None)
    (network,) = rows(
        database,
        "select average, total, sample_count from utilization_days"
        f" where resource_id = '{IDLE}' and metric = 'network_bytes' and metric_date = '{YESTERDAY}'",
    )
    assert network == (2048 / 3600, 24 * 2048, 24)
    assert len(days(database)) == 5 * 31
    return days(database)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_files_of_every_form_are_the_same_days(
    advisor: Advisor, samples: list[Sample], expected: list[tuple[Any, ...]], workdir: Path, tmp_path: Path, form: Any
) -> None:
    done = advisor("metrics", *form(tmp_path / "metrics", samples))
    assert (done.code, done.err) == (Exit.OK, "")
    assert done.out.split()[-4:] == ["days", "of", "metrics", "155"]
    assert days(workdir / "advisor.duckdb") == expected


def test_the_same_file_twice_changes_nothing(
    advisor: Advisor, samples: list[Sample], expected: list[tuple[Any, ...]], workdir: Path, tmp_path: Path
) -> None:
    (file,) = one_csv(tmp_path, samples)
    assert advisor("metrics", file).code == Exit.OK
    again = advisor("metrics", file)
    assert (again.code, again.out, again.err) == (Exit.OK, "Nothing new.\n", "")
    assert days(workdir / "advisor.duckdb") == expected


# --- scan -------------------------------------------------------------------------------------------------------------


def test_a_scan_judges_by_the_files_and_leaves_nothing(
    advisor: Advisor, bill: Path, samples: list[Sample], tmp_path: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    plain = advisor("scan", bill, "--format", "json")
    assert (plain.code, found(plain)) == (Exit.OK, {})
    options = [option for file in two_files(tmp_path / "metrics", samples) for option in ("--metrics", file)]
    done = advisor("scan", bill, *options, "--format", "json")
    assert (done.code, done.err) == (Exit.OK, "")
    assert found(done) == MEASURED
    large = next(f for f in json.loads(done.out)["findings"] if f["resource_id"] == LARGE)
    assert 0.5 * 30.4375 * LARGE_USD < large["monthly_savings"] < 30.4375 * LARGE_USD
    assert (list(temporary.iterdir()), list(workdir.iterdir())) == ([], [])


def test_a_scan_of_the_database_keeps_what_it_was_given(
    advisor: Advisor, bill: Path, samples: list[Sample], expected: list[tuple[Any, ...]], tmp_path: Path, workdir: Path
) -> None:
    (file,) = one_gz(tmp_path, samples)
    assert advisor("ingest", bill).code == Exit.OK
    assert found(advisor("scan", "--format", "json")) == {}
    assert found(advisor("scan", "--metrics", file, "--format", "json")) == MEASURED
    file.unlink()
    assert found(advisor("scan", "--format", "json")) == MEASURED
    assert days(workdir / "advisor.duckdb") == expected


def test_metrics_of_settings_are_relative_to_their_file(
    advisor: Advisor, bill: Path, samples: list[Sample], workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_csv(workdir / "beside" / "busy", samples)
    elsewhere = workdir / "elsewhere"
    elsewhere.mkdir()
    (workdir / "advisor.toml").write_text('metrics = ["beside/busy"]\n', "utf-8")
    monkeypatch.chdir(elsewhere)
    assert found(advisor("--config", workdir / "advisor.toml", "scan", bill, "--format", "json")) == MEASURED


def test_metrics_of_the_environment(
    advisor: Advisor, bill: Path, samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_files(tmp_path / "metrics", samples)
    monkeypatch.setenv("ADVISOR_METRICS", f"{first} {second}")
    assert found(advisor("scan", bill, "--format", "json")) == MEASURED


def test_metrics_and_advice_among_exports_are_known_by_their_columns(
    advisor: Advisor, samples: list[Sample], tmp_path: Path
) -> None:
    folder = deliver(tmp_path / "all", lines(IDLE, LARGE, VOLUME))
    hour_by_hour(folder / "monitoring", samples)
    advice = folder / "advice" / "compute-optimizer.csv"
    advice.parent.mkdir()
    advice.write_text(compute_optimizer(LARGE), "utf-8")
    done = advisor("scan", folder, "--format", "json")
    assert (done.code, done.err) == (Exit.OK, "")
    assert found(done) == MEASURED
    large = next(f for f in json.loads(done.out)["findings"] if f["resource_id"] == LARGE)
    assert "480" in json.dumps(large["evidence"])  # the second opinion


def test_a_bill_without_resource_ids_is_judged_without_metrics(
    advisor: Advisor, samples: list[Sample], tmp_path: Path
) -> None:
    nameless = [line | {"line_item_resource_id": None} for line in lines(IDLE, LARGE, VOLUME)]
    root = deliver(tmp_path / "nameless", nameless)
    done = advisor("scan", root, "--metrics", *one_csv(tmp_path, samples), "--format", "json")
    assert (done.code, found(done)) == (Exit.OK, {})


def test_machines_without_samples_are_skipped_not_idle(
    advisor: Advisor, bill: Path, samples: list[Sample], tmp_path: Path
) -> None:
    (file,) = one_csv(tmp_path, [sample for sample in samples if sample[0] == IDLE])
    done = advisor("scan", bill, "--metrics", file, "--format", "json")
    assert found(done) == {IDLE: MEASURED[IDLE]}
    (idle,) = (check for check in json.loads(done.out)["checks"] if check["id"] == "aws-ec2-idle")
    assert (idle["judged"], idle["skipped"]) == (1, 1)


# --- what is wrong ----------------------------------------------------------------------------------------------------


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-100])
    return path


def broken_files(folder: Path, samples: Sequence[Sample]) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nothing.csv").touch()
    (folder / "notes.csv").write_text("name,colour\nweb,blue\n", "utf-8")
    return {
        "cut off": cut(write_csv(folder / "cut.csv.gz", samples[:2000])),
        "cut off Parquet": cut(write_parquet(folder / "cut.parquet", samples[:2000])),
        "empty": folder / "nothing.csv",
        "of something else": folder / "notes.csv",
        "without lines": write_csv(folder / "no-lines.csv", []),
    }


@pytest.mark.parametrize("how", ["cut off", "cut off Parquet", "empty", "of something else", "without lines"])
def test_a_broken_file_alone_is_an_error(
    advisor: Advisor, samples: list[Sample], tmp_path: Path, workdir: Path, how: str
) -> None:
    file = broken_files(tmp_path / "broken", samples)[how]
    done = advisor("metrics", file)
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert file.name in done.err
    assert "Traceback" not in done.err
    assert not (workdir / "advisor.duckdb").exists()


@pytest.mark.parametrize("how", ["cut off", "cut off Parquet", "empty", "of something else"])
@pytest.mark.parametrize("together", [False, True], ids=["named", "in a folder"])
def test_a_broken_file_beside_good_ones(
    advisor: Advisor,
    samples: list[Sample],
    expected: list[Any],
    tmp_path: Path,
    workdir: Path,
    how: str,
    together: bool,
) -> None:
    broken = broken_files(tmp_path / "broken", samples)[how]
    good = tmp_path / "good"
    files = two_files(good, samples)
    if together:
        broken = broken.rename(good / broken.name)
        files = [good]
    else:
        files.insert(1, broken)
    done = advisor("metrics", *files)
    assert done.code == Exit.INCOMPLETE
    assert done.err.count(f"{broken.name}: ") == 1  # named once, with why
    assert days(workdir / "advisor.duckdb") == expected


def test_a_broken_file_does_not_stop_a_scan(
    advisor: Advisor, bill: Path, samples: list[Sample], tmp_path: Path
) -> None:
    broken = broken_files(tmp_path / "broken", samples)["cut off"]
    done = advisor("scan", bill, "--metrics", broken, "--format", "json")
    assert (done.code, found(done)) == (Exit.INCOMPLETE, {})
    assert "cut.csv.gz" in done.err
    (good,) = one_csv(tmp_path, samples)
    both = advisor("scan", bill, "--metrics", broken, "--metrics", good, "--format", "json")
    assert (both.code, found(both)) == (Exit.INCOMPLETE, MEASURED)


@pytest.mark.parametrize("path", ["not-there.csv", "empty-folder"])
def test_a_place_that_holds_nothing_is_an_error(advisor: Advisor, bill: Path, workdir: Path, path: str) -> None:
    (workdir / "empty-folder").mkdir()
    for args in (("metrics", path), ("scan", bill, "--metrics", path), ("metrics", "--recommendations", path)):
        done = advisor(*args)
        assert (done.code, done.out) == (Exit.BAD_INPUT, ""), args
        assert path in done.err
    assert not (workdir / "advisor.duckdb").exists()


def test_a_metric_that_nobody_knows_is_said(
    advisor: Advisor, samples: list[Sample], expected: list[tuple[Any, ...]], tmp_path: Path, workdir: Path
) -> None:
    at = midnight(YESTERDAY)
    (file,) = one_csv(tmp_path, [*samples, (IDLE, "fan_speed", at, 900.0)])
    done = advisor("metrics", file)
    assert done.code == Exit.INCOMPLETE
    assert "fan_speed" in done.err
    assert "advisor metrics --list" in done.err
    assert days(workdir / "advisor.duckdb") == expected


# --- buckets ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moto_address() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def s3(moto_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_address)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI-not-a-real-secret")
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="monitoring")
    yield client
    client.close()


def test_files_of_a_bucket(
    advisor: Advisor, bill: Path, samples: list[Sample], expected: list[Any], tmp_path: Path, workdir: Path, s3: Any
) -> None:
    (folder,) = hour_by_hour(tmp_path, samples)
    for file in sorted(folder.rglob("part-*")):
        s3.upload_file(str(file), "monitoring", f"agents/{file.relative_to(folder)}")
    s3.put_object(Bucket="monitoring", Key="advice/optimizer.csv", Body=compute_optimizer(LARGE).encode())
    done = advisor("metrics", "s3://monitoring/agents", "--recommendations", "s3://monitoring/advice")
    assert (done.code, done.err) == (Exit.OK, "")
    assert days(workdir / "advisor.duckdb") == expected
    assert rows(
        workdir / "advisor.duckdb", "select resource_id like '%' || $$" + LARGE + "$$ from recommendations"
    ) == [(True,)]
    scanned = advisor("scan", bill, "--metrics", "s3://monitoring/agents/", "--format", "json")
    assert (scanned.code, found(scanned)) == (Exit.OK, MEASURED)
    none = advisor("metrics", "s3://no-such-bucket/agents")
    assert (none.code, none.out) == (Exit.BAD_INPUT, "")
    assert "no-such-bucket" in none.err


def test_processes_that_load_at_once_wait_for_each_other(
    process: Process, samples: list[Sample], expected: list[tuple[Any, ...]], tmp_path: Path, workdir: Path
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(lambda file: process("metrics", file), two_files(tmp_path / "metrics", samples)))
    assert [end.returncode for end in ends] == [Exit.OK, Exit.OK], [end.stderr for end in ends]
    assert days(workdir / "advisor.duckdb") == expected
