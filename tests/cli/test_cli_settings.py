"""Where settings come from: flag > environment > file > default, and what is refused in the file."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from advisor import config
from advisor.cli.options import REGISTERED
from advisor.errors import Exit

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Advisor


def shown(advisor: Advisor, *args: object) -> dict[str, tuple[str, str]]:
    done = advisor(*args, "config", "show", "--format", "json")
    assert done.code == Exit.OK, done.err
    return {row["setting"]: (row["value"], row["origin"]) for row in json.loads(done.out)}


def test_defaults(advisor: Advisor) -> None:
    settings = shown(advisor)
    assert settings["db"] == ("advisor.duckdb", "default")
    assert settings["wait"] == ("60.0", "default")
    # The format of `config show` itself is a flag here and the only setting that is never a default in this test.
    assert {origin for _, origin in settings.values()} == {"default"}
    assert set(settings) == set(REGISTERED)


def test_file_beats_default(advisor: Advisor, workdir: Path) -> None:
    (workdir / "advisor.toml").write_text('db = "from-file.duckdb"\nmin-savings = 7\n', "utf-8")
    settings = shown(advisor)
    assert settings["db"] == ("from-file.duckdb", "file advisor.toml")
    assert settings["min_savings"] == ("7", "file advisor.toml")
    assert settings["wait"][1] == "default"


def test_environment_beats_file(advisor: Advisor, workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workdir / "advisor.toml").write_text('db = "from-file.duckdb"\n', "utf-8")
    monkeypatch.setenv("ADVISOR_DB", "from-environment.duckdb")
    assert shown(advisor)["db"] == ("from-environment.duckdb", "environment ADVISOR_DB")


def test_each_layer_really_counts(
    advisor: Advisor, workdir: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written() -> set[str]:
        names = {path.name for path in workdir.glob("*.duckdb")}
        for path in workdir.glob("*.duckdb*"):
            path.unlink()
        return names

    ingest = ("ingest", export)
    assert advisor(*ingest).code == Exit.OK
    assert written() == {"advisor.duckdb"}
    (workdir / "advisor.toml").write_text('db = "file.duckdb"\n', "utf-8")
    assert advisor(*ingest).code == Exit.OK
    assert written() == {"file.duckdb"}
    monkeypatch.setenv("ADVISOR_DB", "environment.duckdb")
    assert advisor(*ingest).code == Exit.OK
    assert written() == {"environment.duckdb"}
    assert advisor(*ingest, "--db", "flag.duckdb").code == Exit.OK
    assert written() == {"flag.duckdb"}


def test_format_comes_from_the_file_too(advisor: Advisor, workdir: Path, loaded: Path) -> None:
    (workdir / "advisor.toml").write_text('format = "json"\n', "utf-8")
    assert json.loads(advisor("report", "--db", loaded).out)["schema_version"] == 1
    assert advisor("report", "--db", loaded, "--format", "csv").out.startswith("id,")


def test_a_list_or_one_value_names_checks(advisor: Advisor, workdir: Path, export: Path) -> None:
    for text in ('check = "aws-nat-gateway-idle"', 'check = ["aws-nat-gateway-idle"]'):
        (workdir / "advisor.toml").write_text(text, "utf-8")
        done = advisor("scan", export, "--format", "json")
        assert [check["id"] for check in json.loads(done.out)["checks"]] == ["aws-nat-gateway-idle"]


def test_toml_dates_are_days(advisor: Advisor, workdir: Path, export: Path) -> None:
    (workdir / "advisor.toml").write_text("as_of = 2026-08-20\n", "utf-8")
    done = advisor("scan", export, "--format", "json", "--check", "aws-nat-gateway-idle")
    assert json.loads(done.out)["as_of"] == "2026-08-20"


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("min_saving = 1", "min_savings"),
        ("memory-limits = '1GB'", "memory_limit"),
        ("[[source]]\npath = 'x'", "sources"),
        ("[[sources]]\npath = 'x'\nprofil = 'y'", "sources.profile"),
        ("[tags]\nowners = ['team']", "tags.owner"),
    ],
)
def test_an_unknown_key_names_the_nearest(advisor: Advisor, workdir: Path, text: str, near: str) -> None:
    (workdir / "advisor.toml").write_text(text, "utf-8")
    done = advisor("config", "show")
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert f"Did you mean {near}?" in done.err


@pytest.mark.parametrize(
    "text",
    [
        "db = { path = 'x' }",
        "[checks]\naws-nat-gateway-idle = 3",
        "[[sources]]\npath = 3",
        "[[sources]]\npath = 's3://b'\nrequester_pays = 'no'",
    ],
)
def test_a_value_of_the_wrong_shape_is_refused(advisor: Advisor, workdir: Path, text: str) -> None:
    (workdir / "advisor.toml").write_text(text, "utf-8")
    done = advisor("config", "show")
    assert (done.code, done.out) == (Exit.BAD_INPUT, "")
    assert "advisor.toml" in done.err


def test_parameters_of_checks_change_what_is_found(advisor: Advisor, workdir: Path, export: Path) -> None:
    scan = ("scan", export, "--check", "aws-nat-gateway-idle", "--format", "json")
    assert json.loads(advisor(*scan).out)["summary"]["findings"] == 1
    (workdir / "advisor.toml").write_text('[checks."aws-nat-gateway-idle"]\nwindow_days = 900\n', "utf-8")
    done = advisor(*scan)
    assert json.loads(done.out)["summary"]["findings"] == 0
    (workdir / "advisor.toml").write_text('[checks."aws-nat-gateway-idle"]\nwindow = 30\n', "utf-8")
    done = advisor(*scan)
    assert done.code in (Exit.BAD_INPUT, Exit.INCOMPLETE)
    assert "has no parameter window" in done.err


def test_sources_of_the_file_are_relative_to_it(
    advisor: Advisor, workdir: Path, export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "etc"
    elsewhere.mkdir()
    (elsewhere / "bills").symlink_to(export)
    (elsewhere / "advisor.toml").write_text(
        '[[sources]]\npath = "bills"\n[[sources]]\npath = "s3://bucket/x"\n', "utf-8"
    )
    monkeypatch.setenv("ADVISOR_CONFIG", str(elsewhere / "advisor.toml"))
    settings = shown(advisor)
    assert settings["source 1"][0] == str(elsewhere / "bills")
    assert settings["source 2"][0] == "s3://bucket/x"


def test_settings_of_the_user_are_found(
    advisor: Advisor, workdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    file = tmp_path / "xdg" / "advisor" / "advisor.toml"
    file.parent.mkdir(parents=True)
    file.write_text('db = "mine.duckdb"\n', "utf-8")
    assert shown(advisor)["db"] == (str(file.parent / "mine.duckdb"), f"file {file}")
    (workdir / "advisor.toml").write_text("wait = 1\n", "utf-8")
    assert shown(advisor)["db"] == ("advisor.duckdb", "default")


def test_secrets_are_not_shown(advisor: Advisor, workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_SECRET", "hush-hush")
    (workdir / "advisor.toml").write_text(
        '[[sources]]\npath = "s3://b"\nrole_arn = "arn:aws:iam::1:role/r"\nexternal_id_env = "BILLING_SECRET"\n'
        '[[sources]]\npath = "s3://c"\nexternal_id = "hush-hush"\n',
        "utf-8",
    )
    for format_ in ("table", "json", "csv", "markdown"):
        done = advisor("config", "show", "--format", format_)
        assert done.code == Exit.OK
        assert "arn:aws:iam::1:role/r" in done.out.replace("\n", "").replace("\\_", "_")
        assert "hush-hush" not in done.out + done.err
    loaded = config.load(workdir / "advisor.toml", frozenset())
    assert loaded.sources[0].external_id == "hush-hush"
    assert "hush-hush" not in repr(loaded)


# --- init and doctor --------------------------------------------------------------------------------------------------


def test_init_writes_settings_that_work(advisor: Advisor, workdir: Path) -> None:
    assert advisor("init").code == Exit.OK
    text = (workdir / "advisor.toml").read_text("utf-8")
    assert shown(advisor)["db"] == ("advisor.duckdb", "default")
    # Every setting named in the template is one: uncommented, the file is still valid.
    live = "\n".join(row[2:] for row in text.splitlines()[3:] if row.startswith("# "))
    (workdir / "advisor.toml").write_text(live, "utf-8")
    settings = shown(advisor)
    assert settings["db"][1] == "file advisor.toml"
    assert settings["source 1"][0] == "s3://my-billing-bucket/exports"
    assert settings["source 2"][0] == "bigquery://my-project.billing"
    assert settings["checks.aws-nat-gateway-idle"][0] == '{"window_days": 30}'


def test_init_does_not_overwrite(advisor: Advisor, workdir: Path) -> None:
    file = workdir / "advisor.toml"
    file.write_text("not even TOML", "utf-8")
    done = advisor("init")
    assert done.code == Exit.BAD_INPUT
    assert "exists" in done.err
    assert file.read_text("utf-8") == "not even TOML"
    assert advisor("init", "--force").code == Exit.OK
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_doctor_of_a_sound_setup(advisor: Advisor, workdir: Path, export: Path, loaded: Path) -> None:
    (workdir / "advisor.toml").write_text(f'db = "{loaded}"\n[[sources]]\npath = "{export}"\n', "utf-8")
    done = advisor("doctor", "--format", "json")
    rows = {row["what"]: row for row in json.loads(done.out)}
    assert done.code == Exit.OK, done.out
    assert rows[f"source {export}"]["detail"].startswith("2 deliveries")
    assert rows[f"database {loaded}"]["detail"].startswith("2 billing periods of 1 source")
    assert "DuckDB" in rows["versions"]["detail"]
    assert int(rows["checks"]["detail"].split()[0]) > 40
    assert {row["state"] for row in rows.values()} == {"ok"}


def test_doctor_names_what_is_wrong(advisor: Advisor, workdir: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.duckdb").write_bytes(b"no database" * 1000)
    (workdir / "advisor.toml").write_text(
        f'db = "{tmp_path / "bad.duckdb"}"\n[[sources]]\npath = "gone"\n[checks]\npaths = ["nochecks"]\n', "utf-8"
    )
    done = advisor("doctor", "--format", "json")
    wrong = {row["what"]: row["detail"] for row in json.loads(done.out) if row["state"] == "wrong"}
    assert done.code == Exit.BAD_INPUT
    assert set(wrong) == {"checks", "source gone", f"database {tmp_path / 'bad.duckdb'}"}
    assert all("\n  " in detail for detail in wrong.values())


def test_doctor_without_anything(advisor: Advisor, workdir: Path) -> None:
    assert advisor("doctor").code == Exit.OK
    assert list(workdir.iterdir()) == []
