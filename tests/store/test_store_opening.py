"""What can stand where the database should be, and what is said about it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import duckdb
import pytest

from advisor import app, store
from advisor.errors import AdvisorError, Exit, StoreError

if TYPE_CHECKING:
    from pathlib import Path

RESOURCES = store.Resources()


def settings(database: Path) -> app.Settings:
    return app.Settings(db=database, wait_seconds=0)


def fill(database: Path, root: Path) -> None:
    app.ingest([str(root)], settings(database), app.Silent())


def use_every_way(database: Path, root: Path, why: str) -> None:
    """Reading, writing, querying and ingesting all fail with the same reason and leave the file as it is."""
    before = database.read_bytes()

    def write() -> None:
        with store.writing(database, RESOURCES, wait_seconds=0):
            pass

    for use in (
        lambda: app.query(settings(database), "select 1"),
        lambda: app.last_report(settings(database)),
        lambda: fill(database, root),
        lambda: app.scan([str(root)], settings(database), app.ScanOptions(), app.Silent(), keep=True),
        write,
    ):
        with pytest.raises(StoreError, match=why) as caught:
            use()
        assert caught.value.exit_code == Exit.BAD_INPUT
        assert str(database) in str(caught.value)
        assert caught.value.fix
    assert database.read_bytes() == before
    assert {path.name for path in database.parent.iterdir()} <= {database.name, f"{database.name}.lock"}


def test_a_new_store_has_the_present_schema(database: Path) -> None:
    with store.writing(database, RESOURCES):
        pass
    with store.reading(database, RESOURCES) as con:
        assert con.execute("select version from schema_version").fetchall() == [(store.SCHEMA_VERSION,)]


def test_a_newer_schema_is_refused(database: Path, root: Path) -> None:
    with store.writing(database, RESOURCES) as con:
        con.execute("update schema_version set version = 99")
    use_every_way(database, root, "newer advisor")


def test_an_older_schema_is_migrated_by_the_next_writer(
    database: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, root)
    with store.reading(database, RESOURCES) as con:
        before = con.execute("select source, period, delivery from loads order by all").fetchall()
    # The next version's script, played by one that can run twice.
    monkeypatch.setattr(store, "SCHEMA_VERSION", store.SCHEMA_VERSION + 1)
    with pytest.raises(StoreError, match="older schema"), store.reading(database, RESOURCES):
        pass
    assert database.exists()
    monkeypatch.setattr(store, "MIGRATIONS", (*store.MIGRATIONS, "again"))
    real = store.files

    class Package:
        def __truediv__(self, name: str) -> Package:
            return self

        def read_text(self, _: str) -> str:
            return "create table marks (x integer)"

    monkeypatch.setattr(store, "files", lambda _: Package())
    with store.writing(database, RESOURCES):
        pass
    monkeypatch.setattr(store, "files", real)
    with store.reading(database, RESOURCES) as con:
        assert con.execute("select source, period, delivery from loads order by all").fetchall() == before
        assert con.execute("select count(*) from marks").fetchall() == [(0,)]


def test_a_migration_that_fails_leaves_the_old_file(
    database: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, root)
    before = database.read_bytes()
    monkeypatch.setattr(store, "MIGRATIONS", (*store.MIGRATIONS, store.MIGRATIONS[0]))  # its tables exist already
    with pytest.raises(StoreError), store.writing(database, RESOURCES):
        pass
    assert database.read_bytes() == before


def test_a_database_of_something_else_is_not_touched(database: Path, root: Path) -> None:
    with duckdb.connect(str(database)) as con:
        con.execute("create table sales as select 42 as amount")
    use_every_way(database, root, "something else")


@pytest.mark.parametrize(
    "content", [b"plain text\n" * 999, b"SQLite format 3\x00" + b"\x00" * 9999, b"PK\x03\x04" * 999]
)
def test_a_file_that_is_no_database_is_not_touched(database: Path, root: Path, content: bytes) -> None:
    database.write_bytes(content)
    use_every_way(database, root, "is not a database")


@pytest.mark.parametrize("share", [0.001, 0.2, 0.6])
def test_a_truncated_database_is_told(database: Path, root: Path, share: float) -> None:
    fill(database, root)
    whole = database.read_bytes()
    cut = whole[: int(len(whole) * share)]
    database.write_bytes(cut)
    for use in (
        lambda: app.query(settings(database), "select * from days, meters, tag_sets"),
        lambda: app.costs(settings(database), ["service"], 3),
        lambda: app.scan([], settings(database), app.ScanOptions(), app.Silent(), keep=True),
    ):
        with pytest.raises(AdvisorError) as caught:
            use()
        assert caught.value.exit_code == Exit.BAD_INPUT
    assert database.read_bytes() == cut


def test_a_folder_in_its_place_is_told(database: Path, root: Path) -> None:
    database.mkdir()
    with pytest.raises(StoreError):
        fill(database, root)
    with pytest.raises(StoreError):
        app.query(settings(database), "select 1")


def test_an_empty_file_becomes_a_store_or_is_refused(database: Path, root: Path) -> None:
    """`touch advisor.duckdb` must never end in half a store."""
    database.touch()
    try:
        fill(database, root)
    except StoreError:
        assert database.stat().st_size == 0
    else:
        with store.reading(database, RESOURCES) as con:
            assert con.execute("select count(*) from loads").fetchall() == [(2,)]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, root: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(StoreError) as caught:
        fill(tmp_path / "file" / "advisor.duckdb", root)
    assert caught.value.exit_code == Exit.BAD_INPUT
    assert "file/advisor.duckdb" in str(caught.value)


def test_files_are_private(database: Path, root: Path) -> None:
    before = os.umask(0o022)
    try:
        fill(database, root)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in database.parent.iterdir()}
        assert modes == {database.name: 0o600, f"{database.name}.lock": 0o600}
        database.chmod(0o644)
        with store.writing(database, RESOURCES):
            pass
        assert stat.S_IMODE(database.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_missing_folder_is_made(tmp_path: Path, root: Path) -> None:
    fill(tmp_path / "a" / "b" / "advisor.duckdb", root)
    assert (tmp_path / "a" / "b" / "advisor.duckdb").is_file()


@pytest.mark.parametrize("name", ["it's; drop table loads.duckdb", "spaces and ü.db", "noextension", "[x]*?.duckdb"])
def test_odd_names_of_databases_work(tmp_path: Path, root: Path, name: str) -> None:
    database = tmp_path / "state" / name
    fill(database, root)
    fill(database, root)
    assert app.query(settings(database), "select count(*) from loads")[1] == [(2,)]
    assert {path.name for path in database.parent.iterdir()} == {name, f"{name}.lock"}


@pytest.mark.parametrize("text", ["lots", "-1GB", "320", "1 GB; drop table loads", ""])
def test_a_memory_limit_that_is_no_size_is_told(database: Path, text: str) -> None:
    with pytest.raises(StoreError, match="is not a size"), store.writing(database, store.Resources(memory_limit=text)):
        pass
    assert not database.exists()


@pytest.mark.parametrize(
    "sql", ["select 1", "with t as (select 1) select * from t", "from range(3)", "values (1)", "select 1;"]
)
def test_selects_are_let_through(sql: str) -> None:
    store.require_select(sql)
