"""The command line in this process (fast) and in one of its own (signals, terminals), with small exports to read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from advisor.cli import run

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))

import small_cur
from commands import advisor as run_process
from commands import environment


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Advisor = Callable[..., Done]
Process = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, with no settings of the person who runs the tests."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in set(os.environ) - set(environment(tmp_path)):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["advisor"])
    return folder


@pytest.fixture
def advisor(capfd: pytest.CaptureFixture[str]) -> Advisor:
    """Runs the command line in this process."""

    def call(*args: object) -> Done:
        capfd.readouterr()
        code = run([str(arg) for arg in args])
        out, err = capfd.readouterr()
        return Done(code=code, out=out, err=err)

    return call


@pytest.fixture
def process(workdir: Path) -> Process:
    """Runs the command line in a process of its own."""

    def call(*args: object, **more: str) -> subprocess.CompletedProcess[str]:
        return run_process(workdir, *args, HOME=str(workdir.parent), **more)

    return call


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months of an idle NAT gateway in one account, and a machine with a tag in another; with credits and tax."""
    root = tmp_path_factory.mktemp("bills") / "export"
    machine = {
        "line_item_usage_account_id": "222233334444",
        "line_item_usage_type": "EUC1-BoxUsage:m7i.large",
        "line_item_operation": "RunInstances",
        "line_item_resource_id": "i-0aaaaaaaaaaaaaaaa",
        "product_region_code": "eu-central-1",
        "product_sku": "SKUBOX",
        "resource_tags": {"user_team": "data"},
    }
    credit = {"line_item_line_item_type": "Credit", "line_item_resource_id": None, "line_item_usage_amount": 0.0}
    tax = credit | {"line_item_line_item_type": "Tax"}
    for period, cost in (("2026-07", 2.42), ("2026-08", 2.75)):
        lines = small_cur.month(period) + small_cur.month(period, cost=cost, **machine)
        lines.append(small_cur.line(f"{period}-01", -5.0, **credit))
        lines.append(small_cur.line(f"{period}-01", 3.33, **tax))
        small_cur.deliver(root, period, lines)
    return root


@pytest.fixture(scope="session")
def empty_gateway() -> str:
    return small_cur.NAT


@pytest.fixture(scope="session")
def loaded(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the export in it, scanned once; not to be written to."""
    database = tmp_path_factory.mktemp("loaded") / "advisor.duckdb"
    assert run(["scan", str(export), "--db", str(database), "-o", str(database.with_name("scan.txt"))]) == 0
    return database


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """An export whose only data file is cut off."""
    root = small_cur.deliver(tmp_path / "broken", "2026-08", small_cur.month("2026-08"), name="torn")
    data = next(root.rglob("*.parquet"))
    data.write_bytes(data.read_bytes()[:-200])
    return root
