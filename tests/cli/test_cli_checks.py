"""checks list, show, test and new; checks of the user's own, which run shut in."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from advisor.errors import Exit
from advisor.rules import catalogue
from advisor.rules.kinds import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Advisor

SCAN = ("--check", "aws-nat-gateway-idle", "--check", "aws-own", "--format", "json")


@pytest.fixture
def own(advisor: Advisor, workdir: Path) -> Path:
    """A scaffolded check aws-own in ./own, configured."""
    assert advisor("checks", "new", "aws", "own", "--folder", "own").code == Exit.OK
    (workdir / "advisor.toml").write_text('[checks]\npaths = ["own"]\n', "utf-8")
    return workdir / "own" / "aws" / "own.sql"


def with_query(check: Path, query: str) -> None:
    header = check.read_text("utf-8").split("---*/")[0]
    check.write_text(f"{header}---*/\n{query}\n", "utf-8")


def checks_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["id"]: check for check in document["checks"]}


# --- the catalogue ----------------------------------------------------------------------------------------------------


def test_list_has_every_check(advisor: Advisor) -> None:
    done = advisor("checks", "list", "--format", "csv")
    assert {row["id"] for row in csv.DictReader(io.StringIO(done.out))} == {c.id for c in catalogue.shipped_checks()}


def test_show_says_what_a_check_means(advisor: Advisor) -> None:
    done = advisor("checks", "show", "aws-nat-gateway-idle", "--sql")
    assert done.code == Exit.OK
    for part in ("NAT gateway", "cannot see", "max_gb_per_hour = 0.01 GB/h", "delete-nat-gateway", "from usage_days"):
        assert part in done.out


@pytest.mark.parametrize("args", [("show", "aws-nonsense"), ("test", "aws-nonsense")])
def test_an_unknown_check_is_told(advisor: Advisor, args: tuple[str, ...]) -> None:
    done = advisor("checks", *args)
    assert done.code == Exit.BAD_INPUT
    assert "aws-nonsense: does not exist" in done.err


def test_one_check_passes_its_cases(advisor: Advisor) -> None:
    done = advisor("checks", "test", "aws-nat-gateway-idle")
    assert done.code == Exit.OK, done.out
    assert " cases of 1 checks passed, 0 failed" in done.out


# --- new --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_scaffold_can_be_loaded_and_tested(advisor: Advisor, workdir: Path, kind: str) -> None:
    made = advisor("checks", "new", "aws", "my-thing", "--kind", kind, "--folder", "own")
    assert made.code == Exit.OK
    assert [str(p.relative_to(workdir)) for p in sorted(workdir.rglob("*.*"))] == sorted(made.out.split())
    done = advisor("checks", "test", "own")
    assert (done.code, done.err) == (Exit.OK, "")
    assert ", 0 failed" in done.out


def test_new_does_not_overwrite(advisor: Advisor, own: Path) -> None:
    own.write_text("mine", "utf-8")
    done = advisor("checks", "new", "aws", "own", "--folder", "own")
    assert done.code == Exit.BAD_INPUT
    assert "exists" in done.err
    assert own.read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["../evil", "A", "x y", "-x", "1a", ""])
def test_new_refuses_odd_names(advisor: Advisor, workdir: Path, name: str) -> None:
    assert advisor("checks", "new", "aws", "--", name).code == Exit.USAGE
    assert list(workdir.iterdir()) == []


def test_new_refuses_an_unknown_kind(advisor: Advisor, workdir: Path) -> None:
    done = advisor("checks", "new", "aws", "x", "--kind", "lazy")
    assert done.code in (Exit.USAGE, Exit.BAD_INPUT)
    assert "idle" in done.err
    assert list(workdir.iterdir()) == []


def test_a_failing_case_is_shown(advisor: Advisor, own: Path) -> None:
    cases = own.with_suffix(".cases.toml")
    text = cases.read_text("utf-8")
    cases.write_text(text.replace('expect = [{ resource_id = "', 'expect = [{ resource_id = "not-', 1), "utf-8")
    done = advisor("checks", "test", "own")
    assert done.code == Exit.BAD_INPUT
    assert "not-" in done.out
    assert "1 failed" in done.out


def test_a_folder_without_checks_is_told(advisor: Advisor, workdir: Path) -> None:
    (workdir / "none").mkdir()
    done = advisor("checks", "test", "none")
    assert done.code == Exit.BAD_INPUT
    assert "found no check" in done.err


# --- checks of one's own ----------------------------------------------------------------------------------------------


def test_an_own_check_runs_beside_the_shipped_ones(advisor: Advisor, own: Path, export: Path) -> None:
    text = own.read_text("utf-8").replace("Thing-Hours", "BoxUsage:m7i.large").replace("Thing-Bytes", "None")
    own.write_text(text, "utf-8")
    done = advisor("scan", export, *SCAN)
    assert done.code == Exit.OK, done.err
    document = json.loads(done.out)
    assert set(checks_of(document)) == {"aws-nat-gateway-idle", "aws-own"}
    assert {f["check_id"]: f["resource_id"] for f in document["findings"]}["aws-own"] == "i-0aaaaaaaaaaaaaaaa"


HOSTILE = (
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select *, (select content from read_text('/etc/hostname')) as x from usage_days",
    "from '/etc/passwd'",
    "copy days to 'stolen.csv'",
    "attach 'stolen.duckdb' as x",
    "set enable_external_access = true",
    "drop table days",
    "delete from days",
    "select 1; drop table days",
    "pragma database_list",
)
MISTAKEN = ("select nonsense from usage_days", "select", "select 1 as x", "select 1/0 as resource_id", "")


@pytest.mark.parametrize("kept", [False, True], ids=["scratch", "kept"])
def test_an_own_check_is_shut_in(advisor: Advisor, own: Path, export: Path, workdir: Path, kept: bool) -> None:
    """Each error is in the report, the other check goes on, exit code 3."""
    text = own.read_text("utf-8")
    ids = [f"aws-own-{number}" for number in range(len(HOSTILE + MISTAKEN))]
    for check_id, query in zip(ids, HOSTILE + MISTAKEN, strict=True):
        file = own.with_name(f"{check_id}.sql")
        file.write_text(text.replace('"aws-own"', f'"{check_id}"'), "utf-8")
        with_query(file, query)
    chosen = [argument for check_id in ("aws-nat-gateway-idle", *ids) for argument in ("--check", check_id)]
    where = ("--db", "kept.duckdb", export) if kept else (export,)
    done = advisor("scan", *where, *chosen, "--format", "json")
    assert done.code == Exit.INCOMPLETE, done.err
    document = json.loads(done.out)
    assert {check_id for check_id, check in checks_of(document).items() if check["error"]} == set(ids)
    assert "disabled" in checks_of(document)["aws-own-0"]["error"]
    assert [f["check_id"] for f in document["findings"]] == ["aws-nat-gateway-idle"]
    assert {problem["what"] for problem in document["problems"]} == {f"check {check_id}" for check_id in ids}
    assert "aws-own-0" in done.err
    assert "root:" not in done.out + done.err
    assert {path.suffix for path in workdir.iterdir()} <= {".toml", "", ".duckdb", ".lock"}
    assert not list(workdir.glob("stolen*"))


def test_a_check_whose_header_lacks_a_parameter_fails_alone(advisor: Advisor, own: Path, export: Path) -> None:
    own.write_text(own.read_text("utf-8").replace('at_most = "max_gb_per_hour"', 'at_most = "max_gb"'), "utf-8")
    done = advisor("scan", export, *SCAN)
    assert done.code in (Exit.INCOMPLETE, Exit.BAD_INPUT), done.err
    assert "aws-own" in done.err or "own.sql" in done.err
    assert "max_gb" in done.err


def test_a_check_without_a_window_fails_alone(advisor: Advisor, own: Path, export: Path) -> None:
    """Neither a parameter window_days nor a column span_days: its kind cannot price it."""
    text = own.read_text("utf-8").replace("Thing-Hours", "NatGateway-Hours").replace("$window_days", "14")
    before, _, after = text.partition("[params.window_days]")
    own.write_text(before + "[" + after.partition("\n[")[2], "utf-8")
    done = advisor("scan", export, *SCAN)
    assert done.code == Exit.INCOMPLETE, done.err
    assert "window_days" in done.err
    assert json.loads(done.out)["summary"]["findings"] == 1


def test_an_id_that_occurs_twice_names_both_files(advisor: Advisor, own: Path, export: Path) -> None:
    twin = own.with_name("twin.sql")
    twin.write_text(own.read_text("utf-8"), "utf-8")
    done = advisor("scan", export)
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "own.sql" in done.err
    assert "twin.sql" in done.err
    twin.write_text(own.read_text("utf-8").replace('"aws-own"', '"aws-nat-gateway-idle"'), "utf-8")
    done = advisor("checks", "list")
    assert done.code == Exit.BAD_INPUT
    assert "nat_gateway_idle.sql" in done.err
    assert "twin.sql" in done.err


@pytest.mark.parametrize("content", [b"select 1", b"/*---\nid = 3\n---*/\nselect 1", b"\xff\xfe", b""])
def test_a_file_that_is_no_check_is_named(advisor: Advisor, own: Path, export: Path, content: bytes) -> None:
    own.write_bytes(content)
    done = advisor("scan", export)
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "own.sql" in done.err
    assert "bug" not in done.err


def test_a_folder_of_checks_that_is_missing_is_named(advisor: Advisor, workdir: Path, export: Path) -> None:
    (workdir / "advisor.toml").write_text('[checks]\npaths = ["gone"]\n', "utf-8")
    done = advisor("scan", export)
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "gone" in done.err
