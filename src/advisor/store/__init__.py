"""Opens, locks, migrates and swaps the DuckDB file. With engines the only place that connects.

One DuckDB file holds everything. A DuckDB writer excludes every other process, readers too; so writers work on a copy
beside the file and put it in place with one rename: readers never wait, and a crash at any moment leaves the old file.
"""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import json
import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from advisor.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from duckdb import DuckDBPyConnection

DatabaseError = duckdb.Error
"""What the database raises; the app turns it into an error that names file and way out."""

UNREADABLE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.DataError)
"""What it raises for files that are cut off, not what their name says, or hold values that are none.

Everything else that it raises over an export is a bug of ours.
"""

EMPTY_VALUE = duckdb.ConstraintException
"""What it raises for a null where there must be a value."""

MIGRATIONS = ("0001_star", "0002_commitments_and_names", "0003_utilization_and_prices")
"""Scripts of queries/store in order; the schema's version is how many of them have run."""

SCHEMA_VERSION = len(MIGRATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the database may use."""

    memory_limit: str = "320MB"
    threads: int = 0
    temp_directory: str = ""


def identifier(name: str) -> str:
    """`name` quoted as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def scratch() -> DuckDBPyConnection:
    """An empty store in memory, with schema: for check cases and tests."""
    con = _connect(":memory:")
    configure(con, Resources(memory_limit="1GB", threads=1))  # small tables: threads cost more than they bring
    _migrate(con, Path(":memory:"))
    return con


def configure(con: DuckDBPyConnection, resources: Resources) -> None:
    """Settings that results, memory and speed depend on."""
    con.execute("set TimeZone = 'UTC'")
    con.execute("set preserve_insertion_order = false")
    con.execute(f"set memory_limit = '{_size(resources.memory_limit)}'")
    if resources.threads:
        con.execute(f"set threads = {int(resources.threads)}")
    if resources.temp_directory:
        con.execute("set temp_directory = '" + resources.temp_directory.replace("'", "''") + "'")


@contextmanager
def cursors(con: DuckDBPyConnection, wanted: int) -> Iterator[list[DuckDBPyConnection]]:
    """Up to `wanted` cursors for as many threads, not more than the database has threads; at least one."""
    row = con.execute("select current_setting('threads')").fetchone()
    count = max(1, min(wanted, int(row[0]) if row else 1))
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(_closing(con.cursor())) for _ in range(count)]


@contextmanager
def side_by_side(con: DuckDBPyConnection) -> Iterator[int]:
    """How many small queries to run at once: as many as the database has threads, which then are one each."""
    row = con.execute("select current_setting('threads')").fetchone()
    threads = int(row[0]) if row else 1
    con.execute("set threads = 1")
    try:
        yield threads
    finally:
        con.execute(f"set threads = {threads}")


_open: list[DuckDBPyConnection] = []


def interrupt() -> None:
    """Stops the running queries; for signal handlers. DuckDB by itself notices a signal late or never."""
    for con in list(_open):
        con.interrupt()


@contextmanager
def _closing(con: DuckDBPyConnection) -> Iterator[DuckDBPyConnection]:
    """Closes `con` in the end; an interrupted query is an interrupt like any other."""
    _open.append(con)
    try:
        yield con
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise
    finally:
        _open.remove(con)
        con.close()


def shut_in(con: DuckDBPyConnection) -> None:
    """Takes away files, network and settings: for SQL that others wrote."""
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")


@contextmanager
def reading(path: Path, resources: Resources) -> Iterator[DuckDBPyConnection]:
    """A read-only connection; raises StoreError when the file is missing, foreign, locked or of another version."""
    if not path.exists():
        raise StoreError(
            f"database {path}",
            why="does not exist",
            fix="Load an export first: advisor ingest PATH, or advisor scan PATH.",
        )
    with _spill_folder(resources) as spill, _closing(_connect(":memory:")) as con:
        configure(con, replace(resources, temp_directory=spill))
        try:
            con.execute(f"attach '{_quoted(path)}' as store (read_only)")
        except duckdb.Error as error:
            raise _cannot_open(path, error) from error
        version = _version(con, path, database="store")
        if version < SCHEMA_VERSION:
            raise StoreError(
                f"database {path}",
                why=f"has the older schema {version}",
                fix="Run advisor ingest once: it migrates the file.",
            )
        # What a scan builds lies in memory, where the cursors of several threads see it; temporary tables they do not.
        for (table,) in con.execute("select table_name from duckdb_tables() where database_name = 'store'").fetchall():
            con.execute(f"create view {identifier(table)} as from store.{identifier(table)}")
        try:
            yield con
        except duckdb.OutOfMemoryException as error:
            raise StoreError(
                f"database {path}",
                why=f"holds more than can be judged with {resources.memory_limit} of memory",
                fix="Allow more with --memory-limit, for example 1GB.",
            ) from error
        except (duckdb.IOException, duckdb.FatalException, duckdb.InternalException) as error:
            raise _cannot_read(path, error) from error


@contextmanager
def _spill_folder(resources: Resources) -> Iterator[str]:
    """Where a database in memory may spill to: its own default is a folder in the working directory."""
    if resources.temp_directory:
        yield resources.temp_directory
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="advisor-", ignore_cleanup_errors=True)
    except OSError:  # no room to spill to: what fits into memory can be read all the same
        yield ""
        return
    with folder as name:
        yield name


@contextmanager
def writing(
    path: Path, resources: Resources, *, wait_seconds: float = 60, waiting: Callable[[str], None] = lambda _: None
) -> Iterator[DuckDBPyConnection]:
    """A connection to a copy of the store that replaces it when the block ends without an exception.

    One writer at a time: a second one waits up to `wait_seconds`, telling `waiting` who holds the lock, then raises
    StoreError. An exception leaves the store as it was.
    """
    _make_folder(path)
    with _locked(path, wait_seconds, waiting):
        _sweep(path)
        copy = path.with_name(f".{path.name}.{os.getpid()}.new")
        is_new = not path.exists()
        try:
            if path.exists():
                with reading_any(path):
                    pass
                shutil.copyfile(path, copy)
                copy.chmod(0o600)
            with _closing(_connect_new(copy, resources, path)) as con:
                yield con
                con.execute("checkpoint")
                compact = _is_loose(con, is_new=is_new)
            if compact:
                _compact(copy, resources)
            _sync(copy)
            copy.replace(path)
        except OSError as error:
            raise disk_error(path, error) from error
        except duckdb.Error as error:
            raise disk_error(path, error) from error
        finally:
            for leftover in path.parent.glob(f"{copy.name}*"):
                leftover.unlink(missing_ok=True)


@contextmanager
def private(path: Path, resources: Resources) -> Iterator[DuckDBPyConnection]:
    """A read-write connection to a new store that only this process knows of: nothing is copied or locked."""
    with _closing(_connect_new(path, resources, path)) as con:
        yield con


def require_select(sql: str) -> None:
    """Raises StoreError unless `sql` is exactly one SELECT."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise StoreError("query", why=str(error).split("\n")[0], fix="Correct the SQL.") from error
    if len(statements) != 1 or statements[0].type.name != "SELECT":
        raise StoreError("query", why="is not exactly one SELECT", fix="Only reading is possible here.")


@contextmanager
def reading_any(path: Path) -> Iterator[DuckDBPyConnection]:
    """A read-only connection that only proves that the file can be opened and is not newer than we are."""
    try:
        con = _connect(path, read_only=True)
    except duckdb.Error as error:
        raise _cannot_open(path, error) from error
    try:
        _version(con, path)
        yield con
    finally:
        con.close()


def has_load(con: DuckDBPyConnection, location: str, delivery: str) -> bool:
    """True when the delivery with this fingerprint is what was loaded from `location`."""
    found = con.execute(
        "select 1 from loads where location = ? and delivery = ? limit 1", [location, delivery]
    ).fetchone()
    return found is not None


def next_load_id(con: DuckDBPyConnection) -> int:
    """A number that no load has had."""
    row = con.execute("select nextval('load_ids')").fetchone()
    assert row is not None  # noqa: S101 - a sequence has a next value
    return int(row[0])


def disk_error(path: Path, error: Exception) -> StoreError:
    """The StoreError for an operating-system or database failure while writing."""
    text = str(error).split("\n")[0]
    full = "No space left" in str(error) or "not enough space" in str(error).lower()
    return StoreError(
        f"database {path}",
        why="the disk is full" if full else f"could not be written ({text})",
        fix="Free some space (twice the size of the database) and run it again; nothing was lost."
        if full
        else "Run it again; the previous state is kept.",
    )


# --- opening ------------------------------------------------------------------------------------------------------------


def _connect(path: Path | str, *, read_only: bool = False) -> DuckDBPyConnection:
    """The only place that connects to a store. Nothing is ever fetched: a SQLite file would bring an extension."""
    return duckdb.connect(str(path), read_only=read_only, config={"autoinstall_known_extensions": False})


def _connect_new(copy: Path, resources: Resources, path: Path) -> DuckDBPyConnection:
    old_mask = os.umask(0o077)  # what a bill says is nobody else's business
    try:
        con = _connect(copy)
    finally:
        os.umask(old_mask)
    try:
        configure(con, resources)
        _migrate(con, path)
    except BaseException:
        con.close()
        raise
    return con


def _migrate(con: DuckDBPyConnection, path: Path) -> None:
    version = _version(con, path)
    for number, name in enumerate(MIGRATIONS[version:], start=version + 1):
        con.execute("begin")
        con.execute((files("advisor.queries") / "store" / f"{name}.sql").read_text("utf-8"))
        con.execute("create or replace table schema_version as select ?::integer as version", [number])
        con.execute("commit")


def _version(con: DuckDBPyConnection, path: Path, database: str = "") -> int:
    # Whole results are read: while one is open, the connection takes no table from outside.
    name = database or con.execute("select current_database()").fetchall()[0][0]
    found = con.execute("select table_name from duckdb_tables() where database_name = ?", [name]).fetchall()
    tables = {row[0] for row in found}
    if not tables:
        return 0
    at = f"{identifier(name)}.schema_version"
    rows = con.execute(f"select version from {at}").fetchall() if "schema_version" in tables else []
    if not rows:
        raise StoreError(
            f"database {path}",
            why="is a DuckDB file of something else",
            fix="Name another file with --db; this one is not touched.",
        )
    if rows[0][0] > SCHEMA_VERSION:
        raise StoreError(
            f"database {path}",
            why=f"was written by a newer advisor (schema {rows[0][0]}, this one knows {SCHEMA_VERSION})",
            fix="Upgrade advisor, or name another file with --db.",
        )
    return int(rows[0][0])


def _cannot_open(path: Path, error: duckdb.Error) -> StoreError:
    text = str(error)
    holder = re.search(r"Conflicting lock is held in (.*?) \(PID (\d+)\)", text)
    if holder:
        return StoreError(
            f"database {path}",
            why=f"is being written by process {holder[2]} ({holder[1]})",
            fix="Wait until it has ended, or end it, then run this again.",
        )
    if "Permission denied" in text or "Cannot open file" in text:
        return StoreError(f"database {path}", why="cannot be opened", fix="Check the permissions of file and folder.")
    return StoreError(
        f"database {path}",
        why=f"is not a database that this DuckDB {duckdb.__version__} reads ({text.splitlines()[0]})",
        fix="Name another file with --db, or move this one away; advisor ingest builds a new one from the exports.",
    )


def _cannot_read(path: Path, error: duckdb.Error) -> StoreError:
    if "No space left" in str(error):
        return disk_error(path, error)
    return StoreError(
        f"database {path}",
        why=f"is damaged ({str(error).splitlines()[0]})",
        fix="Move it away and restore a copy, or run advisor ingest: it builds a new one from the exports.",
    )


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(path, error) from error


def _size(text: str) -> str:
    if not re.fullmatch(r"\d+(\.\d+)?\s*(KB|MB|GB|TB|KiB|MiB|GiB|TiB)", text):
        raise StoreError(
            f"memory limit {text}", why="is not a size", fix="Write it as 512MB or 2GB (memory_limit, --memory-limit)."
        )
    return text


# --- locking and swapping -----------------------------------------------------------------------------------------------


@contextmanager
def _locked(path: Path, wait_seconds: float, waiting: Callable[[str], None]) -> Iterator[None]:
    lock = path.with_name(f"{path.name}.lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise disk_error(path, error) from error
    try:
        deadline = time.monotonic() + wait_seconds
        told = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                holder = _holder(lock)
                if time.monotonic() >= deadline:
                    raise StoreError(
                        f"database {path}",
                        why=f"is being written by {holder}",
                        fix="Wait until it has ended, then run this again.",
                    ) from None
                if not told:
                    waiting(f"waiting for {holder}")
                    told = True
                time.sleep(0.2)
        os.ftruncate(handle, 0)
        about = {"pid": os.getpid(), "user": _user(), "since": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())}
        os.write(handle, json.dumps(about).encode())
        yield
    finally:
        os.close(handle)


def _holder(lock: Path) -> str:
    try:
        about: dict[str, Any] = json.loads(lock.read_text("utf-8"))
        return f"process {int(about['pid'])} of {about['user']} since {about['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown user"


def _sweep(path: Path) -> None:
    """Removes copies that a killed run left behind: holding the lock, none of them can be in use."""
    for leftover in path.parent.glob(f".{path.name}.*.new*"):
        leftover.unlink(missing_ok=True)


def _is_loose(con: DuckDBPyConnection, *, is_new: bool) -> bool:
    """True when a copy would be smaller: periods loaded side by side mix, and replacing them leaves holes."""
    row = con.execute("select free_blocks, total_blocks from pragma_database_size()").fetchone()
    return bool(row and row[1] > 40 and (is_new or row[0] > row[1] / 10))


def _compact(copy: Path, resources: Resources) -> None:
    packed = copy.with_name(f"{copy.name}.packed")
    with _closing(_connect(":memory:")) as con:
        configure(con, resources)
        con.execute(f"attach '{_quoted(copy)}' as loose (read_only)")
        con.execute(f"attach '{_quoted(packed)}' as packed")
        con.execute("copy from database loose to packed")
    packed.chmod(0o600)
    packed.replace(copy)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _sync(copy: Path) -> None:
    with contextlib.suppress(OSError), copy.open("rb") as file:
        os.fsync(file.fileno())
