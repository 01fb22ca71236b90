"""One exit code per class of outcome, and what is said about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from advisor.errors import Exit

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Advisor

CHECK = ("--check", "aws-nat-gateway-idle")


def test_findings_are_no_failure(advisor: Advisor, export: Path) -> None:
    done = advisor("scan", export, *CHECK, "--format", "json")
    assert done.code == Exit.OK
    assert json.loads(done.out)["summary"]["findings"] == 1
    assert done.err == ""


@pytest.mark.parametrize(
    "args",
    [
        ("scan", "--frobnicate"),
        ("frobnicate",),
        ("scan", ".", "--format", "pdf"),
        ("scan", ".", "--as-of", "31.10.2026"),
        ("scan", ".", "--wait", "-1"),
        ("query",),
        ("checks", "new", "azure", "x"),
    ],
    ids=" ".join,
)
def test_misuse_is_2(advisor: Advisor, args: tuple[str, ...]) -> None:
    done = advisor(*args)
    assert done.code == Exit.USAGE
    assert done.out == ""
    assert "Usage:" in done.err
    assert "Traceback" not in done.err


def test_missing_path_is_4(advisor: Advisor) -> None:
    done = advisor("scan", "nowhere")
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "nowhere: does not exist" in done.err


def test_empty_folder_is_4(advisor: Advisor, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = advisor("scan", tmp_path / "empty")
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "is empty" in done.err


def test_folder_without_export_is_4(advisor: Advisor, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "readme.txt").write_text("nothing to see", "utf-8")
    done = advisor("ingest", tmp_path / "notes")
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "holds no billing export" in done.err


def test_nothing_to_read_is_4(advisor: Advisor, workdir: Path) -> None:
    assert advisor("ingest").code == Exit.BAD_INPUT
    assert advisor("scan").code == Exit.BAD_INPUT
    assert advisor("report").code == Exit.BAD_INPUT
    assert list(workdir.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("threads = [", "is not TOML"),
        ("bogus_setting = 1", "unknown key"),
        ("sources = 3", "sources that is not a list"),
        ("[[sources]]\nprofile = 'x'", "source without path"),
        ("[tags]\nowner = 'team'", "tags.owner that is not a list"),
        ("checks = 3", "checks"),
        ("tags = 3", "tags"),
        ("[checks]\npaths = 'finops'", "checks.paths that is not a list"),
    ],
)
def test_broken_settings_are_4(advisor: Advisor, workdir: Path, export: Path, text: str, says: str) -> None:
    (workdir / "advisor.toml").write_text(text, "utf-8")
    done = advisor("scan", export)
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "advisor.toml" in done.err
    assert says in done.err
    assert "Traceback" not in done.err
    assert "bug" not in done.err


@pytest.mark.parametrize("text", ["wait = 'soon'", "threads = -3", "min_savings = 'much'", "format = 'pdf'"])
def test_a_setting_of_the_wrong_type_is_told(advisor: Advisor, workdir: Path, export: Path, text: str) -> None:
    (workdir / "advisor.toml").write_text(text, "utf-8")
    done = advisor("scan", export)
    assert done.code in (Exit.USAGE, Exit.BAD_INPUT)
    assert done.out == ""
    assert "bug" not in done.err
    assert f"--{text.split(' ')[0].replace('_', '-')}" in done.err


def test_settings_file_that_is_not_there_is_4(advisor: Advisor, export: Path) -> None:
    done = advisor("--config", "nowhere.toml", "scan", export)
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "nowhere.toml" in done.err


def test_unknown_check_is_4(advisor: Advisor, export: Path) -> None:
    done = advisor("scan", export, "--check", "aws-nonsense")
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "aws-nonsense: does not exist" in done.err


def test_unknown_scheme_is_4(advisor: Advisor) -> None:
    done = advisor("scan", "ftp://example.org/bills")
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "ftp" in done.err


def test_only_a_broken_export_is_4(advisor: Advisor, broken: Path) -> None:
    done = advisor("scan", broken)
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "torn-00001.snappy.parquet" in done.err


@pytest.mark.parametrize("format_", ["json", "table"])
def test_one_of_two_broken_is_3_and_named(advisor: Advisor, export: Path, broken: Path, format_: str) -> None:
    done = advisor("scan", export, broken, *CHECK, "--format", format_)
    assert done.code == Exit.INCOMPLETE
    assert "torn-00001.snappy.parquet" in done.out
    assert "nat-0a1b2c3d4e5f67890" in done.out


def test_a_missing_path_beside_a_good_one_is_3(advisor: Advisor, export: Path) -> None:
    done = advisor("scan", export, "nowhere", *CHECK, "--format", "json")
    assert done.code == Exit.INCOMPLETE
    document = json.loads(done.out)
    assert [p["what"] for p in document["problems"]] == ["path nowhere"]
    assert document["summary"]["findings"] == 1
    assert "nowhere" in done.err


def test_ingest_of_one_broken_export_is_3_and_loads_the_other(advisor: Advisor, export: Path, broken: Path) -> None:
    done = advisor("ingest", export, broken, "--format", "json")
    assert done.code == Exit.INCOMPLETE
    assert {row["period"] for row in json.loads(done.out)} == {"2026-07", "2026-08"}
    assert "torn" in done.err


@pytest.mark.parametrize(("level", "code"), [("never", 0), ("any", 10), ("low", 10), ("medium", 10), ("high", 10)])
def test_fail_on_looks_at_confidence(advisor: Advisor, loaded: Path, level: str, code: int) -> None:
    assert advisor("report", "--db", loaded, "--fail-on", level).code == code


def test_fail_on_high_ignores_what_is_less_sure(advisor: Advisor, export: Path, workdir: Path) -> None:
    (workdir / "own" / "aws").mkdir(parents=True)
    assert advisor("checks", "new", "aws", "unsure", "--folder", "own").code == Exit.OK
    file = workdir / "own" / "aws" / "unsure.sql"
    file.write_text(file.read_text("utf-8").replace('confidence  = "high"', 'confidence  = "medium"'), "utf-8")
    (workdir / "advisor.toml").write_text('[checks]\npaths = ["own"]\n', "utf-8")
    scan = ("scan", export, "--check", "aws-unsure", "--format", "json")
    done = advisor(*scan, "--fail-on", "high")
    assert {f["confidence"] for f in json.loads(done.out)["findings"]} <= {"low", "medium"}
    assert done.code == Exit.OK


def test_fail_on_still_writes_the_report(advisor: Advisor, export: Path, workdir: Path) -> None:
    done = advisor("scan", export, *CHECK, "--fail-on", "any", "--format", "json", "-o", "out.json")
    assert done.code == Exit.FAIL_ON
    assert json.loads((workdir / "out.json").read_text("utf-8"))["summary"]["findings"] == 1


def test_a_bug_is_1_in_one_line(advisor: Advisor, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from advisor import app

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("flux")

    monkeypatch.setattr(app, "scan", fail)
    done = advisor("scan", export)
    assert (done.code, done.out) == (Exit.BUG, "")
    assert "this is a bug: RuntimeError: flux" in done.err
    assert "Traceback" not in done.err
    with pytest.raises(RuntimeError):
        advisor("--traceback", "scan", export)


@pytest.mark.parametrize("args", [("--help",), ("-h",), ("scan", "--help"), ("checks", "new", "-h"), ("--version",)])
def test_help_works_with_broken_settings(
    advisor: Advisor, workdir: Path, args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    (workdir / "advisor.toml").write_text("nonsense", "utf-8")
    monkeypatch.setattr("sys.argv", ["advisor", *args])
    done = advisor(*args)
    assert done.code == Exit.OK
    assert done.out
    assert done.err == ""
