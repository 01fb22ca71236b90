"""report, costs and query on a database."""

from __future__ import annotations

import csv
import io
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from advisor.errors import Exit

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Advisor


def rows(advisor: Advisor, *args: object) -> list[dict[str, object]]:
    done = advisor(*args, "--format", "json")
    assert done.code == Exit.OK, done.err
    loaded: list[dict[str, object]] = json.loads(done.out)
    return loaded


# --- report -----------------------------------------------------------------------------------------------------------


def test_report_is_the_last_scan(
    advisor: Advisor, export: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from advisor import app

    results = []
    real = app.scan
    monkeypatch.setattr(app, "scan", lambda *args, **named: results.append(real(*args, **named)) or results[-1])
    scan = ("scan", export, "--db", "a.duckdb", "--check", "aws-nat-gateway-idle")
    assert advisor(*scan).code == Exit.OK
    before = (workdir / "a.duckdb").read_bytes()
    monkeypatch.setattr(app, "scan", lambda *_, **__: results[0])
    for format_ in ("json", "html", "csv", "markdown", "table"):
        scanned = advisor(*scan, "--format", format_)
        shown = advisor("report", "--db", "a.duckdb", "--format", format_)
        assert (shown.code, shown.out, shown.err) == (Exit.OK, scanned.out, scanned.err)
    assert (workdir / "a.duckdb").read_bytes() == before


def test_report_does_not_judge_again(advisor: Advisor, loaded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from advisor.rules import engine

    monkeypatch.delattr(engine, "judge")
    assert advisor("report", "--db", loaded).code == Exit.OK


def test_report_keeps_the_exit_code_of_an_incomplete_scan(advisor: Advisor, export: Path) -> None:
    scan = ("scan", export, "nowhere", "--db", "a.duckdb", "--check", "aws-nat-gateway-idle")
    assert advisor(*scan).code == Exit.INCOMPLETE
    shown = advisor("report", "--db", "a.duckdb")
    assert shown.code == Exit.INCOMPLETE
    assert "nowhere" in shown.out


def test_report_without_a_scan(advisor: Advisor, export: Path) -> None:
    assert advisor("ingest", export, "--db", "a.duckdb").code == Exit.OK
    done = advisor("report", "--db", "a.duckdb")
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "holds no scan yet" in done.err


def test_scan_of_a_database_needs_no_paths(advisor: Advisor, loaded: Path) -> None:
    shutil.copy(loaded, "mine.duckdb")
    done = advisor("scan", "--db", "mine.duckdb", "--check", "aws-nat-gateway-idle", "--format", "json")
    assert json.loads(done.out)["summary"]["findings"] == 1


# --- costs ------------------------------------------------------------------------------------------------------------


def totals(advisor: Advisor, database: Path) -> dict[str, tuple[float, float, float]]:
    sql = (
        "select strftime(period, '%Y-%m') as month, sum(effective_cost - credits)::double as effective,"
        " sum(credits)::double as credits, sum(billed_cost)::double as billed"
        " from totals join loads using (load_id) group by 1"
    )
    found = rows(advisor, "query", sql, "--db", database)
    return {str(r["month"]): (r["effective"], r["credits"], r["billed"]) for r in found}  # type: ignore[misc]


@pytest.mark.parametrize(
    "by", ["service", "account,region", "tag:team", "usage", "category", "provider", "tag:Team,service"]
)
def test_costs_add_up_to_the_totals(advisor: Advisor, loaded: Path, by: str) -> None:
    expected = totals(advisor, loaded)
    found = rows(advisor, "costs", "--by", by, "--db", loaded)
    assert set(found[0]) == {*by.split(","), "currency", "month", "effective_cost", "credits", "billed_cost"}
    for month, (effective, credits, billed) in expected.items():
        lines = [r for r in found if r["month"] == month]
        assert sum(r["effective_cost"] or 0 for r in lines) == pytest.approx(effective, abs=1e-6)  # type: ignore[misc]
        assert sum(r["credits"] for r in lines) == pytest.approx(credits, abs=1e-6)  # type: ignore[misc]
        assert sum(r["billed_cost"] for r in lines) == pytest.approx(billed, abs=1e-6)  # type: ignore[misc]
    assert expected["2026-08"] == pytest.approx((31 * (1.08 + 2.75) + 3.33, -5.0, 31 * (1.08 + 2.75) - 1.67))


def test_costs_by_account_and_region(advisor: Advisor, loaded: Path) -> None:
    found = rows(advisor, "costs", "--by", "account,region", "--months", "1", "--db", loaded)
    amounts = {(r["account"], r["region"]): r["effective_cost"] for r in found}
    assert amounts["222233334444", "eu-central-1"] == pytest.approx(31 * 2.75)
    assert {r["month"] for r in found} == {"2026-08"}


def test_costs_by_tag(advisor: Advisor, loaded: Path) -> None:
    found = rows(advisor, "costs", "--by", "tag:TEAM", "--months", "1", "--db", loaded)
    assert {r["tag:TEAM"]: r["effective_cost"] for r in found}["data"] == pytest.approx(31 * 2.75)


def test_the_table_of_costs_sums_what_the_limit_cuts(advisor: Advisor, loaded: Path) -> None:
    whole = advisor("costs", "--by", "usage", "--db", loaded).out
    cut = advisor("costs", "--by", "usage", "--limit", "1", "--db", loaded).out
    assert "BoxUsage:m7i.large" in whole
    assert "more" not in whole
    first = cut.splitlines()[2].split()
    assert first[0] == "BoxUsage:m7i.large"
    assert "more" in cut.splitlines()[3]
    assert first[-1] == "+14%"


def test_costs_by_nonsense(advisor: Advisor, loaded: Path) -> None:
    done = advisor("costs", "--by", "colour", "--db", loaded)
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "colour: is no dimension" in done.err


@pytest.mark.parametrize("by", ["", ",", "service,service"])
def test_costs_by_odd_lists_do_not_crash(advisor: Advisor, loaded: Path, by: str) -> None:
    done = advisor("costs", "--by", by, "--db", loaded)
    assert done.code in (Exit.OK, Exit.USAGE, Exit.BAD_INPUT)
    assert "bug" not in done.err


def test_costs_of_an_empty_database(advisor: Advisor) -> None:
    from pathlib import Path

    from advisor import store

    with store.writing(Path("empty.duckdb"), store.Resources()):
        pass
    done = advisor("costs", "--db", "empty.duckdb")
    assert "bug" not in done.err
    assert done.code in (Exit.OK, Exit.BAD_INPUT)


def test_tag_values_are_data(advisor: Advisor, loaded: Path) -> None:
    done = advisor("costs", "--by", "tag:x') or ('1'='1", "--db", loaded, "--format", "json")
    assert done.code == Exit.OK
    assert sum(r["billed_cost"] for r in json.loads(done.out)) == pytest.approx(
        sum(billed for _, _, billed in totals(advisor, loaded).values())
    )


# --- query ------------------------------------------------------------------------------------------------------------


def test_query_answers(advisor: Advisor, loaded: Path) -> None:
    sql = "select l.period, t.billed_cost from totals t join loads l using (load_id) order by 1"
    assert [r["period"] for r in rows(advisor, "query", sql, "--db", loaded)] == ["2026-07-01", "2026-08-01"]


@pytest.mark.parametrize(
    "sql",
    [
        "select 1; select 2",
        "drop table days",
        "delete from days",
        "update days set line_count = 0",
        "create table x as select 1",
        "insert into scans values (now(), '{}')",
        "copy days to 'stolen.csv'",
        "copy (select 1) to 'stolen.csv'",
        "attach 'other.duckdb' as other",
        "pragma database_list",
        "set memory_limit = '9GB'",
        "install httpfs",
        "load httpfs",
        "call pragma_version()",
        "export database 'stolen'",
        "checkpoint",
        "",
        "   ",
        "/* nothing */",
        "selekt 1",
    ],
)
def test_query_refuses_everything_but_one_select(advisor: Advisor, loaded: Path, workdir: Path, sql: str) -> None:
    before = loaded.read_bytes()
    done = advisor("query", sql, "--db", loaded)
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "bug" not in done.err
    assert loaded.read_bytes() == before
    assert list(workdir.iterdir()) == []


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from read_blob('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from 'table.csv'",
        "select * from 'table.parquet'",
        "select * from read_parquet('table.parquet')",
        "select * from read_json('table.json')",
        "select * from glob('/etc/*')",
        "select * from parquet_metadata('table.parquet')",
        "select * from sniff_csv('table.csv')",
        "select * from read_csv('https://example.org/x.csv')",
        "select * from query('select * from read_text(''/etc/passwd'')')",
        "select * from query_table('table.csv')",
        "from 'table.csv'",
        "with t as (select * from read_text('/etc/passwd')) select * from t",
        "select (select content from read_text('/etc/passwd'))",
    ],
)
def test_query_reads_no_files(advisor: Advisor, loaded: Path, workdir: Path, sql: str) -> None:
    (workdir / "table.csv").write_text("secret\n42\n", "utf-8")
    done = advisor("query", sql, "--db", loaded)
    assert (done.code, done.out) == (Exit.BAD_INPUT, ""), sql
    assert "bug" not in done.err
    assert "root:" not in done.err


@pytest.mark.parametrize("sql", ["select getenv('HOME') as x", "select count(*) as x from duckdb_secrets()"])
def test_query_tells_no_secrets(advisor: Advisor, loaded: Path, workdir: Path, sql: str) -> None:
    done = advisor("query", sql, "--db", loaded, "--format", "csv")
    assert str(workdir.parent) not in done.out
    assert "bug" not in done.err


def test_query_sees_no_variables_of_the_program(advisor: Advisor, loaded: Path) -> None:
    """DuckDB's replacement scans would find Python variables by name: `settings` is one of app.query."""
    done = advisor("query", "select * from settings", "--db", loaded)
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "does not exist" in done.err


def test_cells_are_no_formulas_in_csv(advisor: Advisor, loaded: Path) -> None:
    done = advisor("query", "select '=1+1' as a, '-3' as b, -3 as c", "--db", loaded, "--format", "csv")
    cells = next(iter(csv.DictReader(io.StringIO(done.out))))
    assert not cells["a"].startswith("=")
    assert cells["c"] == "-3"


def test_odd_values_print(advisor: Advisor, loaded: Path) -> None:
    sql = (
        "select 'nan'::double as n, null as z, [1, 2] as l, {'a': 1} as s, map {'k': 'v'} as m, '\\xAA'::blob as b,"
        " interval 1 day as i, timestamptz '2026-08-01 00:00:00+00' as t, uuid() as u, true as y, 1.10::decimal(9, 2) as d"
    )
    for format_ in ("table", "json", "csv", "markdown"):
        done = advisor("query", sql, "--db", loaded, "--format", format_)
        assert done.code == Exit.OK, done.err
    assert "NaN" not in advisor("query", "select 'nan'::double as n", "--db", loaded, "--format", "json").out


def test_long_queries_that_return_nothing(advisor: Advisor, loaded: Path) -> None:
    for format_ in ("table", "json", "csv", "markdown"):
        done = advisor("query", "select period from loads where false", "--db", loaded, "--format", format_)
        assert done.code == Exit.OK
        assert "period" in done.out or format_ == "json"
