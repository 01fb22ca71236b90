"""Files as people export them: every spelling that is certain is read, everything else is named."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from advisor import store
from advisor.errors import AdvisorError
from advisor.utilization import files
from advisor.utilization.table import Loaded, load_file

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
START = datetime(2026, 8, 3, tzinfo=UTC)
HEADER = "resource_id,metric,timestamp,value"


@pytest.fixture
def con() -> DuckDBPyConnection:
    return store.scratch()


def lines(
    values: list[Any], metric: str = "cpu_utilization", resource: str = "i-1", minutes: int = 60, more: str = ""
) -> list[str]:
    return [
        f"{resource},{metric},{(START + timedelta(minutes=minutes * n)).isoformat()},{value}{more}"
        for n, value in enumerate(values)
    ]


def written(folder: Path, content: list[str], header: str = HEADER, name: str = "metrics.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *content]) + "\n", encoding="utf-8")
    return path


def load(con: DuckDBPyConnection, path: Path | str) -> Loaded:
    return load_file(con, path, now=NOW)


def days(con: DuckDBPyConnection, columns: str = "resource_id, metric, average, sample_count") -> list[tuple[Any, ...]]:
    return con.execute(f"select {columns} from utilization_days order by all").fetchall()


def said(loaded: Loaded) -> str:
    return " | ".join(f"{p.what} {p.why} {p.fix}" for p in loaded.problems)


BUSY = [20.0 + n % 40 for n in range(24)]
MEAN = sum(BUSY) / 24


# --- what is read -------------------------------------------------------------------------------------------------------


def test_a_plain_file(con: DuckDBPyConnection, tmp_path: Path) -> None:
    content = lines(BUSY) + lines([3600 + n % 5 for n in range(24)], "network_bytes")
    done: list[int] = []
    path = written(tmp_path, content)
    loaded = load_file(con, path, done.append, now=NOW)
    assert (loaded.days, loaded.resources, loaded.metrics, loaded.problems) == (
        2,
        1,
        ("cpu_utilization", "network_bytes"),
        (),
    )
    assert sum(done) == path.stat().st_size
    (cpu, network) = days(con, "metric, metric_date, average, total, sample_count, source, fetched_at, provider")
    assert cpu == (
        "cpu_utilization",
        date(2026, 8, 3),
        pytest.approx(MEAN),
        None,
        24,
        "metrics.csv",
        NOW.replace(tzinfo=None),
        "",
    )
    assert network[3] == sum(3600 + n % 5 for n in range(24))
    assert network[2] == pytest.approx(network[3] / 86_400)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("opening", ["", "\ufeff", "\n\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_separators_marks_and_line_ends(
    con: DuckDBPyConnection, tmp_path: Path, separator: str, opening: str, newline: str
) -> None:
    path = tmp_path / "metrics.csv"
    stamped = [
        f"{v},x,{(START + timedelta(hours=n)).isoformat()},cpu_utilization,i-1".replace(",", separator)
        for n, v in enumerate(BUSY)
    ]
    text = newline.join(["Value,Extra,TIMESTAMP,Metric,Resource_ID".replace(",", separator), *stamped, ""])
    path.write_bytes((opening.replace("\n", newline) + text).encode())
    load(con, path)
    assert days(con) == [("i-1", "cpu_utilization", pytest.approx(MEAN), 24)]


@pytest.mark.parametrize("name", ["metrics.csv.gz", "metrics.csv"])
def test_compressed_whatever_the_name(con: DuckDBPyConnection, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress("\n".join([HEADER, *lines(BUSY)]).encode()))
    load(con, path)
    assert days(con) == [("i-1", "cpu_utilization", pytest.approx(MEAN), 24)]


@pytest.mark.parametrize(
    "stamps",
    [
        pl.Series([START + timedelta(hours=n) for n in range(24)], dtype=pl.Datetime("us", "UTC")),
        pl.Series([START + timedelta(hours=n) for n in range(24)], dtype=pl.Datetime("ns", "Europe/Berlin")),
        pl.Series([(START + timedelta(hours=n)).replace(tzinfo=None) for n in range(24)], dtype=pl.Datetime("ms")),
        pl.Series([int(START.timestamp()) + 3600 * n for n in range(24)], dtype=pl.Int64),
        pl.Series([(START.timestamp() + 3600 * n) * 1e3 for n in range(24)], dtype=pl.Float64),
        pl.Series([f"{START + timedelta(hours=n):%Y-%m-%d %H:%M}" for n in range(24)], dtype=pl.String),
    ],
    ids=["utc", "zoned", "naive", "seconds", "milliseconds", "text"],
)
@pytest.mark.parametrize("values", [pl.Float32, pl.Int16, pl.Decimal(10, 2), pl.String])
def test_parquet(con: DuckDBPyConnection, tmp_path: Path, stamps: pl.Series, values: Any) -> None:
    frame = pl.DataFrame(
        {
            "Resource_Id": ["i-1"] * 24,
            "metric": ["cpu_utilization"] * 24,
            "timestamp": stamps,
            "VALUE": pl.Series(BUSY).cast(pl.Int16).cast(values),
            "account": [123] * 24,
            "provider": ["AWS"] * 24,
            "list": [[1, 2]] * 24,
        }
    )
    frame.write_parquet(tmp_path / "metrics.parquet")
    loaded = load(con, tmp_path / "metrics.parquet")
    assert loaded.problems == ()
    assert days(con, "provider, sub_account_id, resource_id, metric_date, average, sample_count") == [
        ("aws", "000000000123", "i-1", date(2026, 8, 3), pytest.approx(MEAN), 24)
    ]


def test_folders_and_patterns_of_any_mixture(con: DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "exports [1]"
    (folder / "deep").mkdir(parents=True)
    written(folder, lines(BUSY))
    written(
        folder,
        [f"aws;{line}".replace(",", ";") for line in lines(BUSY, resource="i-2")],
        f"provider;{HEADER.replace(',', ';')}",
        "b.csv",
    )
    written(folder, ["hello"], "nothing", "notes.txt")
    pl.read_csv(written(tmp_path, lines(BUSY, resource="i-3"))).write_parquet(folder / "deep" / "c.parquet")
    loaded = load(con, folder)
    assert (loaded.resources, loaded.problems) == (3, ())
    assert [row[0] for row in days(con)] == ["i-1", "i-2", "i-3"]
    assert {row[0] for row in days(con, "source")} == {"exports [1]"}
    con.execute("delete from utilization_days")
    assert load(con, str(tmp_path / "exports*" / "*.csv")).resources == 2


def test_files_of_different_types_in_folders_named_like_columns(con: DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "metric=other" / "value=7"
    folder.mkdir(parents=True)
    frame = pl.read_csv(written(tmp_path, lines(BUSY)))
    frame.write_parquet(folder / "a.parquet")
    stamp = pl.col("timestamp").str.to_datetime(time_zone="UTC").dt.epoch("s")
    frame.with_columns(stamp, resource_id=pl.lit(7), value=pl.col("value").cast(pl.String)).write_parquet(
        folder / "b.parquet"
    )
    written(folder, lines(BUSY, resource="i-3"))
    assert load(con, tmp_path / "metric=other").problems == ()
    assert days(con) == [(name, "cpu_utilization", pytest.approx(MEAN), 24) for name in ("7", "i-1", "i-3")]


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-08-03T10:00:00Z",
        "2026-08-03T10:00:00",
        "2026-08-03 10:00",
        "2026-08-03T12:00:00+02:00",
        "2026-08-03T12:00:00+0200",
        "2026-08-03 10:00:00.123456789 UTC",
        "1785751200",
        "1785751200.5",
        "1785751200000",
        "1.7857512E9",
        " 1785751200 ",
    ],
)
def test_timestamps(con: DuckDBPyConnection, tmp_path: Path, stamp: str) -> None:
    load(con, written(tmp_path, [f"i-1,cpu_utilization,{stamp},50"]))
    ((hours,),) = days(con, "hourly_maximum")
    assert [n for n, value in enumerate(hours) if value is not None] == [10]


def test_any_order_gaps_and_repeated_lines(con: DuckDBPyConnection, tmp_path: Path) -> None:
    points = lines([v for n, v in enumerate(BUSY)])
    del points[5:9]
    empty = ["i-1,cpu_utilization,2026-08-03T05:30:00,"]
    loaded = load(con, written(tmp_path, [*reversed(points), *points[:3], *empty]))
    kept = [v for n, v in enumerate(BUSY) if not 5 <= n < 9]
    assert days(con) == [("i-1", "cpu_utilization", pytest.approx(sum(kept) / 20), 20)]
    assert said(loaded).startswith("3 instants have several samples")
    assert [p.incomplete for p in loaded.problems] == [False]


@pytest.mark.parametrize(
    ("metric", "unit", "expected"),
    [
        ("CPUUtilization", "Percent", ("cpu_utilization", 50.0)),
        ("CPU Utilisation", "%", ("cpu_utilization", 50.0)),
        ("mem_used_percent", "", ("memory_utilization", 50.0)),
        ("DatabaseConnections", "Count", ("connections", 50.0)),
        ("freeable_memory", "MiB", ("freeable_memory", 50.0 * 2**20)),
        ("network_bytes", "Bytes/Second", ("network_bytes", 50.0)),
        ("network_bytes", "B/s", ("network_bytes", 50.0)),
        ("network_bytes", "KiB/s", ("network_bytes", 50.0 * 2**10)),
        ("requests", "/s", ("requests", 50.0)),
        ("requests", "requests per second", ("requests", 50.0)),
        ("requests", "Count", ("requests", 50.0 / 3600)),
    ],
)
def test_spellings_and_units(
    con: DuckDBPyConnection, tmp_path: Path, metric: str, unit: str, expected: tuple[str, float]
) -> None:
    loaded = load(con, written(tmp_path, lines([50] * 24, metric, more=f",{unit}"), f"{HEADER},unit"))
    assert loaded.problems == ()
    assert days(con, "metric, average") == [(expected[0], pytest.approx(expected[1]))]


def test_spellings_of_one_metric_are_one(con: DuckDBPyConnection, tmp_path: Path) -> None:
    first, second = lines(BUSY[:12]), lines(BUSY, "CPUUtilization")[12:]
    load(con, written(tmp_path, first + second))
    assert days(con) == [("i-1", "cpu_utilization", pytest.approx(MEAN), 24)]


def test_hostile_names_stay_text(con: DuckDBPyConnection, tmp_path: Path) -> None:
    names = ["'; drop table utilization_days; --", '=cmd|"/c calc"!A1', "${jndi:x}", "\x1b[2Jevil", "名前"]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    load(con, written(tmp_path, [line for name in quoted for line in lines(BUSY, resource=name)], name="it's;--.csv"))
    assert sorted(row[0] for row in days(con)) == sorted(names)
    assert {row[0] for row in days(con, "source")} == {"it's;--.csv"}


def test_resources_of_accounts_are_kept_apart(con: DuckDBPyConnection, tmp_path: Path) -> None:
    content = lines([10] * 24, more=",111111111111") + lines([30] * 24, more=",222222222222")
    load(con, written(tmp_path, content, f"{HEADER},Account"))
    assert days(con, "sub_account_id, average") == [("111111111111", 10.0), ("222222222222", 30.0)]


def test_many_frames_say_the_same_as_one(
    con: DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = [line for n in range(40) for line in lines([n + v for v in BUSY[:10]], resource=f"i-{n}", minutes=7)]
    path = written(tmp_path, content[::-1])
    load(con, path)
    whole = days(con, "* exclude (fetched_at)")
    con.execute("delete from utilization_days")
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 25)
    assert load(con, path).resources == 40
    assert days(con, "* exclude (fetched_at)") == whole


# --- what is not believed -----------------------------------------------------------------------------------------------


def test_unknown_metrics_and_units_are_named(con: DuckDBPyConnection, tmp_path: Path) -> None:
    content = lines(BUSY, more=",") + lines(BUSY, "load1", more=",") + lines(BUSY, "memory_utilization", more=",GB")
    content += lines(BUSY, "RequestCount", more=",") + lines(BUSY, "network_bytes", more=",b/s")
    loaded = load(con, written(tmp_path, content, f"{HEADER},unit"))
    assert days(con, "metric") == [("cpu_utilization",)]
    assert "metric load1 is not known" in said(loaded)
    assert "metric RequestCount is not known" in said(loaded)  # its sum, or its average, which is always one?
    assert "metric network_bytes comes in the unit b/s" in said(loaded)
    assert "metric memory_utilization comes in the unit GB" in said(loaded)


def test_a_million_unknown_names_are_few_problems(con: DuckDBPyConnection, tmp_path: Path) -> None:
    content = lines(BUSY) + [line for n in range(50) for line in lines([1], f"m{n}")]
    loaded = load(con, written(tmp_path, content))
    assert len(loaded.problems) == 11
    assert "40 more metrics" in said(loaded)


def test_fractions_are_refused(con: DuckDBPyConnection, tmp_path: Path) -> None:
    content = lines([v / 100 for v in BUSY]) + lines(BUSY, "memory_utilization")
    loaded = load(con, written(tmp_path, content))
    assert days(con, "metric") == [("memory_utilization",)]
    assert "look like fractions" in said(loaded)
    assert "column unit" in said(loaded)


def test_a_file_of_fractions_only(con: DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(AdvisorError, match=r"metrics\.csv: holds nothing .*\n.*column unit that says fraction"):
        load(con, written(tmp_path, lines([v / 100 for v in BUSY])))
    assert con.execute("select count(*) from utilization_days").fetchone() == (0,)


@pytest.mark.parametrize(("unit", "factor"), [("percent", 1), ("fraction", 100)])
def test_the_unit_decides(con: DuckDBPyConnection, tmp_path: Path, unit: str, factor: int) -> None:
    loaded = load(con, written(tmp_path, lines([v / 100 for v in BUSY], more=f",{unit}"), f"{HEADER},unit"))
    assert loaded.problems == ()
    assert days(con, "average") == [(pytest.approx(MEAN / 100 * factor),)]


@pytest.mark.parametrize(
    "values",
    [[0.0] * 24, [0.5] * 23, [0.5] * 23 + [1.5]],
    ids=["nothing but zero", "too few to say", "one above"],
)
def test_idle_percents_are_not_fractions(con: DuckDBPyConnection, tmp_path: Path, values: list[float]) -> None:
    assert load(con, written(tmp_path, lines(values))).problems == ()
    assert days(con, "average") == [(pytest.approx(sum(values) / len(values)),)]


@pytest.mark.parametrize("bad", ["-3", "106", "Infinity", "-inf"])
def test_impossible_values_are_dropped(con: DuckDBPyConnection, tmp_path: Path, bad: str) -> None:
    values = [*BUSY * 5, bad]
    loaded = load(con, written(tmp_path, lines(values, minutes=10)))
    assert sum(row[3] for row in days(con)) == 120
    assert "i-1 (1 of 121 samples of cpu_utilization)" in said(loaded)
    assert max(row[0] for row in days(con, "maximum")) == max(BUSY)


def test_no_number_is_a_gap(con: DuckDBPyConnection, tmp_path: Path) -> None:
    loaded = load(con, written(tmp_path, lines([*BUSY[:20], "NaN", "nan", "NaN", "NaN"])))
    assert [row[3] for row in days(con)] == [20]
    assert "i-1 (4 of 24 samples of cpu_utilization) have values that are no number" in said(loaded)


def test_resources_with_many_impossible_values_are_left_out(con: DuckDBPyConnection, tmp_path: Path) -> None:
    cores = lines([150, *BUSY[1:]], resource="i-cores") + lines(BUSY, "memory_utilization", "i-cores")
    loaded = load(con, written(tmp_path, cores + lines(BUSY)))
    assert [row[:2] for row in days(con)] == [("i-1", "cpu_utilization")]
    assert "i-cores (1 of 24 samples of cpu_utilization) are left out altogether" in said(loaded)


def test_rounding_and_noise_are_possible(con: DuckDBPyConnection, tmp_path: Path) -> None:
    assert load(con, written(tmp_path, lines([104.9, -1e-9, *BUSY]))).problems == ()
    assert days(con, "min(p95), max(maximum)") == [(pytest.approx(59.0, abs=60), 104.9)]


@pytest.mark.parametrize("values", [[n * 1000 for n in range(24)], [n % 100 * 1000 for n in range(150)]])
def test_counters_are_refused(con: DuckDBPyConnection, tmp_path: Path, values: list[int]) -> None:
    content = lines(values, "network_bytes", minutes=10) + lines(BUSY)
    loaded = load(con, written(tmp_path, content))
    assert {row[1] for row in days(con)} == {"cpu_utilization"}
    assert "i-1 (network_bytes) never fall" in said(loaded)
    assert "increase()" in said(loaded)


@pytest.mark.parametrize(
    "values", [[5] * 24, [0] * 24, list(range(23)), [0] * 100 + [7] + [0] * 40], ids=["constant", "zero", "few", "once"]
)
def test_amounts_are_not_counters(con: DuckDBPyConnection, tmp_path: Path, values: list[int]) -> None:
    assert load(con, written(tmp_path, lines(values, "requests", minutes=10))).problems == ()
    assert days(con, "sum(total)") == [(sum(values),)]


def test_rising_levels_and_rates_are_not_counters(con: DuckDBPyConnection, tmp_path: Path) -> None:
    content = lines(list(range(10, 34)), more=",") + lines(list(range(24)), "requests", more=",/s")
    assert load(con, written(tmp_path, content, f"{HEADER},unit")).problems == ()
    assert len(days(con)) == 2


def test_samples_from_the_future(con: DuckDBPyConnection, tmp_path: Path) -> None:
    content = [
        *lines(BUSY),
        "i-1,cpu_utilization,2026-09-04T00:00:00Z,50",
        "i-1,cpu_utilization,2026-09-03T00:00:00Z,50",
    ]
    loaded = load(con, written(tmp_path, content))
    assert days(con, "max(metric_date)") == [(date(2026, 9, 3),)]
    assert "i-1 (1 of 26 samples of cpu_utilization) have samples from the future" in said(loaded)


def test_lines_that_cannot_be_read_are_counted(con: DuckDBPyConnection, tmp_path: Path) -> None:
    bad = [
        "i-1,cpu_utilization,yesterday,50",
        'i-1,cpu_utilization,2026-08-03,"50,5"',
        ",cpu_utilization,2026-08-03,50",
    ]
    bad += ["i-1,cpu_utilization,infinity,50", "i-1,cpu_utilization,12,50"]
    loaded = load(con, written(tmp_path, lines(BUSY) + bad))
    assert [row[3] for row in days(con)] == [24]
    assert "1 of 29 lines name no resource" in said(loaded)
    assert "4 of 29 lines have no readable timestamp or value" in said(loaded)


# --- files that are none ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (HEADER.encode(), "has no lines after its first"),
        (b"resource_id,metric,time,value\ni-1,cpu_utilization,2026-08-03,1\n", "has no column timestamp"),
        (b"resource_id,metric,timestamp,value,Value\n", "two columns for value"),
        (b"resource_id,metric,timestamp,value,account,sub_account_id\n", "two columns for account"),
        (b"hello world\n", "has no column resource_id, metric, timestamp, value; its first line names hello world"),
        (b"{}\n", "has no column"),
        (b"PK\x03\x04rest", "ZIP archive"),
        (b"\xff\xfer\x00e\x00s\x00\n", "is no UTF-8 text"),
        (b"PAR1 and then nothing", "cannot be read as CSV or Parquet"),
        (b"\x1f\x8b\x08\x00broken", "cannot be read"),
        (f"{HEADER}\ni-1,cpu_utilization\n".encode(), "cannot be read as CSV or Parquet"),
        (f'{HEADER}\n"i-1,cpu_utilization,2026-08-03,1\n'.encode(), "cannot be read as CSV or Parquet"),
        (HEADER.encode() + b"\n\xff\xfe,cpu_utilization,2026-08-03,1\n", "cannot be read as CSV or Parquet"),
        (f"{HEADER}\ni-1,cpu_utilization,yesterday,1\n".encode(), "holds nothing that can be used"),
        (f"{HEADER}\ni-1,load1,2026-08-03,1\n".encode(), "holds nothing that can be used: metric load1 is not known"),
    ],
)
def test_files_that_cannot_be_used(con: DuckDBPyConnection, tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(content)
    with pytest.raises(AdvisorError) as raised:
        load(con, path)
    assert "metrics.csv" in raised.value.what
    assert why in raised.value.why
    assert raised.value.fix
    assert con.execute("select count(*) from utilization_days").fetchone() == (0,)
    assert con.execute("select count(*) from duckdb_tables() where temporary").fetchone() == (0,)


def test_a_gzip_that_was_cut_off(con: DuckDBPyConnection, tmp_path: Path) -> None:
    packed = gzip.compress("\n".join([HEADER, *lines(range(20_000))]).encode())  # type: ignore[arg-type]
    (tmp_path / "metrics.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(AdvisorError, match="cannot be read"):
        load(con, tmp_path / "metrics.csv.gz")


@pytest.mark.parametrize(
    ("name", "why"), [("gone.csv", "does not exist"), ("*.csv", "matches no file"), (".", "is a folder without")]
)
def test_places_without_files(con: DuckDBPyConnection, tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(AdvisorError, match=why):
        load(con, str(tmp_path / name))
