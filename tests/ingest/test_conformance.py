"""What every format promises: the totals of the files, whatever container, columns or split; and clear refusals."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tomllib
import zipfile
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from advisor import store
from advisor.engines import rollup
from advisor.errors import AdvisorError, ExportError
from advisor.ingest.discover import Delivery, discover
from advisor.ingest.load import is_loaded, load
from advisor.ingest.location import LocalLocation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

EXPORTS = {
    "aws_cur_legacy": "cur-legacy",
    "aws_cur2_parquet": "cur-2.0",
    "aws_cur2_csv": "cur-2.0",
    "aws_focus_1_2": "focus-1.2",
}
MONTHS = ("2026-08", "2026-09", "2026-10")
PERIOD = "20260901-20261001"
KIND = "lineItem/LineItemType"
Row = dict[str, str]


@dataclass(frozen=True)
class Sums:
    """What a load comes to."""

    rows: int
    billed: Decimal
    effective: Decimal
    list_cost: Decimal
    quantity: Decimal


@pytest.fixture
def con() -> Iterator[DuckDBPyConnection]:
    with store.scratch() as connection:
        yield connection


@pytest.fixture(scope="module")
def loaded(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBPyConnection]:
    with store.scratch() as connection:
        for name in EXPORTS:
            put(connection, samples / name, tmp_path_factory.mktemp("scratch"))
        yield connection


@pytest.fixture(scope="module")
def september(samples: Path) -> tuple[Row, ...]:
    """The lines of the legacy sample's September."""
    manifest = samples / "aws_cur_legacy/cur/nordwind" / PERIOD / "nordwind-Manifest.json"
    (key,) = json.loads(manifest.read_text())["reportKeys"]
    return rows_of(samples / "aws_cur_legacy" / key)


@pytest.fixture(scope="module")
def legacy(september: tuple[Row, ...]) -> tuple[Row, ...]:
    """Some lines of every type in it."""
    return some(september, KIND)


@pytest.fixture(scope="module")
def cur2(samples: Path) -> tuple[Row, ...]:
    """Some lines of every type in the September of CUR 2.0."""
    path = next(samples.glob("aws_cur2_csv/exports/*/data/BILLING_PERIOD=2026-09/*/*.csv.gz"))
    return some(rows_of(path), "line_item_line_item_type")


def rows_of(path: Path) -> tuple[Row, ...]:
    with gzip.open(path, "rt", newline="") as file:
        return tuple(csv.DictReader(file))


def some(rows: Sequence[Row], kind: str) -> tuple[Row, ...]:
    counts: Counter[str] = Counter()
    chosen = []
    for row in rows:
        counts[row[kind]] += 1
        if counts[row[kind]] <= 40:
            chosen.append(row)
    return tuple(chosen)


def put(con: DuckDBPyConnection, path: Path, scratch: Path) -> list[Delivery]:
    location = LocalLocation(path=path)
    deliveries, problems = discover(location)
    assert problems == []
    for delivery in deliveries:
        load(con, location, delivery, scratch, lambda _: None)
    return deliveries


def text(rows: Sequence[Row], columns: Sequence[str] = (), **options: Any) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or list(rows[0]), extrasaction="ignore", **{"lineterminator": "\n", **options})
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def parquet(path: Path, rows: Sequence[Row], types: Callable[[str], str]) -> Path:
    """The same lines as Parquet, by the names and types that AWS gives them there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = write(path.with_suffix(".lines"), text(rows))
    names = {name: rollup.canonical(name) for name in rows[0]}
    selected = ", ".join(f"{types(old).format(store.identifier(old))} as {new}" for old, new in names.items())
    with store.scratch() as con:
        scan = f"read_csv('{source}', header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"')"
        con.execute(f"copy (select {selected} from {scan}) to '{path}' (format parquet)")
    source.unlink()
    return path


def sums(con: DuckDBPyConnection) -> Sums:
    row = con.execute(
        "select coalesce(sum(line_count), 0)::bigint, sum(billed_cost), sum(effective_cost), sum(list_cost),"
        " sum(consumed_quantity) from days"
    ).fetchone()
    assert row is not None
    return Sums(*row)


def state(con: DuckDBPyConnection) -> list[Any]:
    """Everything that the store holds, without the numbers that differ from load to load."""
    return con.execute(
        "select d.* exclude (load_id, meter_key), m.* exclude (load_id, meter_key, tag_key),"
        " t.* exclude (load_id, tag_key), l.* exclude (load_id, loaded_at, source, delivery, location)"
        " from days d join meters m using (load_id, meter_key) join tag_sets t using (load_id, tag_key)"
        " join loads l using (load_id) order by all"
    ).fetchall()


def only(con: DuckDBPyConnection, path: Path, tmp_path: Path) -> Sums:
    (_,) = put(con, path, tmp_path)
    return sums(con)


def refused(con: DuckDBPyConnection, path: Path, tmp_path: Path) -> AdvisorError:
    before = state(con)
    with pytest.raises(AdvisorError) as caught:
        put(con, path, tmp_path)
    assert state(con) == before
    assert caught.value.exit_code == 4
    assert caught.value.fix
    return caught.value


def changed(rows: Sequence[Row], **values: str) -> list[Row]:
    """`rows` with other values in the first line; names by the rule of Parquet."""
    names = {rollup.canonical(name): name for name in rows[0]}
    return [{**rows[0], **{names[name]: value for name, value in values.items()}}, *rows[1:]]


def without(rows: Sequence[Row], *parts: str) -> list[str]:
    return [name for name in rows[0] if not any(part in name for part in parts)]


# --- the sample exports -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("export", EXPORTS)
def test_totals_are_those_of_the_files(loaded: DuckDBPyConnection, samples: Path, export: str, month: str) -> None:
    expected = tomllib.loads((samples / "totals.toml").read_text())[export][month]
    found = loaded.execute(
        "select t.billing_currency, t.line_count, t.billed_cost, t.credits, t.effective_cost, l.format"
        " from totals t join loads l using (load_id) where contains(l.source, ?) and l.period = ?",
        [f"/{export}/", f"{month}-01"],
    ).fetchall()
    ((currency, rows, *money, form),) = found
    assert (currency, rows, form) == ("USD", expected["rows"], EXPORTS[export])
    for amount, name in zip(money, ("billed_cost", "credits", "effective_cost"), strict=True):
        assert abs(amount - Decimal(expected[name])) < Decimal("0.005"), name


def test_loading_twice_changes_nothing(con: DuckDBPyConnection, samples: Path, tmp_path: Path) -> None:
    deliveries = put(con, samples / "aws_cur2_csv", tmp_path)
    before = state(con)
    assert before
    assert all(is_loaded(con, delivery) for delivery in deliveries)
    put(con, samples / "aws_cur2_csv", tmp_path)
    assert state(con) == before
    for table in ("loads", "totals", "days", "meters", "tag_sets", "sku_attributes"):
        loads = con.execute(f"select count(distinct load_id) from {table}").fetchone()
        assert loads == (len(MONTHS),), table


def test_amortised_costs_differ_from_billed_ones_by_fees_paid_ahead(
    loaded: DuckDBPyConnection, september: tuple[Row, ...]
) -> None:
    """sum(amortised) + sum(true-up) + sum(upfront fees) = sum(billed): the Cloud Intelligence Dashboards' bridge."""

    def total(group: str, name: str, kind: str) -> Decimal:
        rows = [row for row in september if row[KIND] == kind]
        if kind == "Fee":
            rows = [row for row in rows if row["reservation/ReservationARN"]]
        return sum((Decimal(r[f"{group}/Net{name}"] or r[f"{group}/{name}"] or 0) for r in rows), Decimal(0))

    paid_ahead = total("savingsPlan", "AmortizedUpfrontCommitmentForBillingPeriod", "SavingsPlanRecurringFee")
    paid_ahead += total("reservation", "AmortizedUpfrontFeeForBillingPeriod", "RIFee")
    fees = total("lineItem", "UnblendedCost", "SavingsPlanUpfrontFee") + total("lineItem", "UnblendedCost", "Fee")
    row = loaded.execute(
        "select billed_cost, effective_cost from totals join loads using (load_id)"
        " where contains(source, '/aws_cur_legacy/') and period = '2026-09-01'"
    ).fetchone()
    assert row is not None
    assert paid_ahead > 0
    assert abs(row[1] - paid_ahead + fees - row[0]) < Decimal("0.005")


# --- containers ---------------------------------------------------------------------------------------------------


def zipped(content: bytes, name: str = "x.csv") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", "")
        archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.slow
def test_one_content_in_every_container(legacy: tuple[Row, ...], tmp_path: Path) -> None:
    plain = text(legacy)
    half = len(legacy) // 2
    containers: dict[str, dict[str, bytes]] = {
        "plain": {"x-1.csv": plain},
        "gzip": {"x-1.csv.gz": gzip.compress(plain)},
        "gzip of members": {"x-1.csv.gz": gzip.compress(plain[:5000]) + gzip.compress(plain[5000:])},
        "zip": {"x-1.zip": zipped(plain)},
        "csv.zip": {"x-1.CSV.ZIP": zipped(plain, "../../X.CSV")},
        "byte order mark": {"x-1.csv": b"\xef\xbb\xbf" + plain},
        "Windows": {"x-1.csv": text(legacy, lineterminator="\r\n")},
        "quoted": {"x-1.csv": text(legacy, quoting=csv.QUOTE_ALL)},
        "semicolons": {"x-1.csv": text(legacy, delimiter=";")},
        "two files": {
            "x-1.csv.gz": gzip.compress(text(legacy[:half])),
            "x-2.csv.gz": gzip.compress(text(legacy[half:])),
        },
        "two kinds": {"x-1.csv": text(legacy[:half]), "x-2.csv.zip": zipped(text(legacy[half:]))},
        "other order": {"x-1.csv": text(legacy[::-1], sorted(legacy[0]))},
        "no end of line": {"x-1.csv": plain.rstrip()},
    }
    states = {}
    for name, files in containers.items():
        for file, content in files.items():
            write(tmp_path / name / PERIOD / file, content)
        with store.scratch() as con:
            put(con, tmp_path / name, tmp_path)
            states[name] = state(con)
    assert len(states["plain"]) > 200
    assert [name for name, found in states.items() if found != states["plain"]] == []


def test_upper_case_names(legacy: tuple[Row, ...], tmp_path: Path) -> None:
    for name, content in (("X-1.CSV", text(legacy)), ("X-1.CSV.GZ", gzip.compress(text(legacy)))):
        with store.scratch() as con:
            assert only(con, write(tmp_path / name / PERIOD / name, content), tmp_path).rows == len(legacy)


def test_upper_case_parquet(con: DuckDBPyConnection, cur2: tuple[Row, ...], tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.PARQUET", cur2, lambda _: "{}")
    assert only(con, path, tmp_path).rows == len(cur2)


@pytest.mark.parametrize("folder", ["a[1]b*?", "it's {x} ü %20", "year=1\nline"])
def test_folders_that_mean_something_to_a_database(
    con: DuckDBPyConnection, legacy: tuple[Row, ...], cur2: tuple[Row, ...], tmp_path: Path, folder: str
) -> None:
    write(tmp_path / "s" / folder / PERIOD / "x-1.csv", text(legacy))
    path = parquet(tmp_path / "y.parquet", cur2, lambda _: "{}")
    path.rename(tmp_path / "s" / folder / "y.parquet")
    put(con, tmp_path / "s", tmp_path)
    assert sums(con).rows == len(legacy) + len(cur2)


def test_a_letter_across_the_end_of_what_is_read_for_the_header(
    con: DuckDBPyConnection, legacy: tuple[Row, ...], tmp_path: Path
) -> None:
    size, letters = 1 << 20, "ü" * 20_000
    for lead in ("", "x"):  # one of the two puts a letter across the border
        rows = [*changed(legacy[:1], line_item_line_item_description=lead + letters)] * 40
        rows[1:] = changed(legacy[:1], line_item_line_item_description=letters) * 39
        content = text(rows)
        if content[size - 1 : size + 1] == "ü".encode():
            break
    assert content[size - 1 : size + 1] == "ü".encode()
    assert only(con, write(tmp_path / "e" / PERIOD / "x.csv", content), tmp_path).rows == 40


def typed(name: str) -> str:
    kind = rollup.normalisation("aws_cur").types.get(rollup.canonical(name), "text")
    return {"timestamp": "{}::timestamp", "money": "{}::double", "text": "{}"}[kind]


def test_legacy_parquet_equals_csv(legacy: tuple[Row, ...], tmp_path: Path) -> None:
    path = parquet(tmp_path / "p" / "x" / "x" / "year=2026" / "month=9" / "x-00001.snappy.parquet", legacy, typed)
    with store.scratch() as as_csv, store.scratch() as as_parquet:
        expected = only(as_csv, write(tmp_path / "c" / PERIOD / "x-1.csv", text(legacy)), tmp_path)
        assert only(as_parquet, path, tmp_path) == expected
        assert expected.rows == len(legacy)
        query = "select m.* exclude (load_id, meter_key, tag_key), sum(billed_cost), sum(effective_cost)"
        query += " from meters m join days using (load_id, meter_key) group by all order by all"
        assert as_parquet.execute(query).fetchall() == as_csv.execute(query).fetchall()


def test_cur2_parquet_equals_csv(cur2: tuple[Row, ...], tmp_path: Path) -> None:
    maps = {name for name, value in cur2[0].items() if value.startswith("{")}

    def types(name: str) -> str:
        return "json({})::map(varchar, varchar)" if name in maps else typed(name)

    assert {"resource_tags", "product", "cost_category"} <= maps
    folder = "data/BILLING_PERIOD=2026-09"
    path = parquet(tmp_path / "p" / folder / "x-00001.snappy.parquet", cur2, types)
    with store.scratch() as as_csv, store.scratch() as as_parquet:
        put(as_csv, write(tmp_path / "c" / folder / "x-00001.csv", text(cur2)), tmp_path)
        put(as_parquet, path, tmp_path)
        assert state(as_parquet) == state(as_csv)


# --- columns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dropped", "note", "with_ids"),
    [
        (["lineItem/ResourceId"], "without resource ids", False),
        (["resourceTags/", "costCategory/"], "without tags", True),
        (["reservation/"], "without reservation columns", True),
        (["savingsPlan/"], "without Savings Plan columns", True),
        (["product/", "pricing/"], "", True),
        (["/Net"], "", True),
        (["identity/", "bill/"], "", True),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_columns_that_are_missing(
    con: DuckDBPyConnection,
    legacy: tuple[Row, ...],
    tmp_path: Path,
    dropped: list[str],
    note: str,
    with_ids: bool,
) -> None:
    found = only(con, write(tmp_path / "e" / PERIOD / "x.csv", text(legacy, without(legacy, *dropped))), tmp_path)
    row = con.execute("select has_resource_ids, notes, period from loads").fetchone()
    assert row is not None
    assert row[0] is with_ids
    assert any(note in said for said in row[1]) or not note
    assert row[2] == date(2026, 9, 1)
    assert found.rows == len(legacy)
    gross = [Decimal(line["lineItem/UnblendedCost"] or 0) for line in legacy]
    # Contract discounts are inside net costs already; without those they are lines of their own.
    net = [
        Decimal(line["lineItem/NetUnblendedCost"] or (0 if line[KIND] == "EdpDiscount" else cost))
        for line, cost in zip(legacy, gross, strict=True)
    ]
    assert found.billed == sum(gross if dropped == ["/Net"] else net)
    assert sum(gross) != sum(net)


@pytest.mark.parametrize("column", rollup.normalisation("aws_cur").required)
def test_columns_that_must_be_there(
    con: DuckDBPyConnection, cur2: tuple[Row, ...], tmp_path: Path, column: str
) -> None:
    path = write(tmp_path / "e" / PERIOD / "x.csv", text(cur2, without(cur2, column)))
    error = refused(con, path, tmp_path)
    # Without the columns that tell the format it is a file of something else.
    marks = ("line_item_line_item_type", "line_item_usage_type")
    assert ("is no billing export" if column in marks else column) in error.why


def test_a_file_with_fewer_columns_than_the_others(
    con: DuckDBPyConnection, legacy: tuple[Row, ...], tmp_path: Path
) -> None:
    """A tag that was activated within the month is in the later files only."""
    write(tmp_path / "e" / PERIOD / "x-1.csv", text(legacy[:100], without(legacy, "user:team")))
    write(tmp_path / "e" / PERIOD / "x-2.csv", text(legacy[100:]))
    assert only(con, tmp_path / "e", tmp_path).rows == len(legacy)
    row = con.execute("select count(*) from tag_sets where tags['user:team'] is not null").fetchone()
    assert row is not None
    assert row[0] > 0


def test_hostile_and_similar_tag_keys(con: DuckDBPyConnection, legacy: tuple[Row, ...], tmp_path: Path) -> None:
    keys = ("Team", "team", "TEAM", 'it\'s "x"; drop table days --', "", "a,b\nc", "ü" * 60, "·1")
    tags = {f"resourceTags/user:{key}": f"v{number}" for number, key in enumerate(keys)}
    rows = [{**{k: row[k] for k in without(legacy, "resourceTags/")}, **tags} for row in legacy[:50]]
    assert only(con, write(tmp_path / "e" / PERIOD / "x.csv", text(rows)), tmp_path).rows == 50
    found = con.execute("select distinct tags from tag_sets").fetchall()
    assert found == [({f"user:{key}": f"v{number}" for number, key in enumerate(keys)},)]


def test_several_months_in_one_loose_file(con: DuckDBPyConnection, legacy: tuple[Row, ...], tmp_path: Path) -> None:
    start = "bill/BillingPeriodStartDate"
    rows = [{**row, start: "2026-08-01T00:00:00Z"} for row in legacy[:70]] + list(legacy[70:])
    put(con, write(tmp_path / "export.csv", text(rows)), tmp_path)
    found = con.execute(
        "select l.period, t.line_count from totals t join loads l using (load_id) order by 1"
    ).fetchall()
    assert found == [(date(2026, 8, 1), 70), (date(2026, 9, 1), len(legacy) - 70)]


# --- values -------------------------------------------------------------------------------------------------------


def test_account_ids_keep_their_zeros(legacy: tuple[Row, ...], tmp_path: Path) -> None:
    rows = changed(legacy, line_item_usage_account_id="000000000042", bill_payer_account_id="012345678901")
    for path in (
        write(tmp_path / "c" / PERIOD / "x.csv", text(rows)),
        parquet(tmp_path / "p" / PERIOD / "x.parquet", rows, typed),
    ):
        with store.scratch() as con:
            put(con, path, tmp_path)
            found = con.execute(
                "select sub_account_id from meters where billing_account_id = '012345678901'"
            ).fetchall()
            assert found == [("000000000042",)]


def test_spellings_of_amounts(con: DuckDBPyConnection, legacy: tuple[Row, ...], tmp_path: Path) -> None:
    spellings = ("5.0E-7", "0.0000005", "5e-07", " 0.0000005", "+.0000005", "-5E-7", "0", "")
    name, net = "lineItem/UnblendedCost", "lineItem/NetUnblendedCost"
    rows = [{**row, name: spelling, net: ""} for row, spelling in zip(legacy, spellings, strict=False)]
    path = write(tmp_path / "e" / PERIOD / "x.csv", text(rows))
    assert only(con, path, tmp_path).billed == Decimal("0.0000005") * 4


@pytest.mark.parametrize("amount", ["NaN", "abc", "1e400", "1,5", "12 USD"])
def test_amounts_that_are_none(con: DuckDBPyConnection, legacy: tuple[Row, ...], tmp_path: Path, amount: str) -> None:
    path = write(tmp_path / "e" / PERIOD / "x.csv", text(changed(legacy, line_item_unblended_cost=amount)))
    error = refused(con, path, tmp_path)
    assert isinstance(error, ExportError)
    assert str(path) in error.what
    assert amount in error.why


@pytest.mark.parametrize("amount", ["nan", "1e30"])
def test_amounts_that_are_none_in_parquet(
    con: DuckDBPyConnection, cur2: tuple[Row, ...], tmp_path: Path, amount: str
) -> None:
    net = {"line_item_net_unblended_cost": "", "line_item_unblended_cost": amount}
    path = parquet(tmp_path / "e" / PERIOD / "x.parquet", changed(cur2, **net), typed)
    assert str(path) in refused(con, path, tmp_path).what


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("9999-12-31T00:00:00Z", "9999-12-31"),
        ("1899-12-31T00:00:00Z", "1899-12-31"),
        ("", "without a usage date"),
        ("yesterday", "yesterday"),
        ("2026-13-01T00:00:00Z", "2026-13-01"),
        ("infinity", "date"),
    ],
)
def test_dates_that_are_none(
    con: DuckDBPyConnection, legacy: tuple[Row, ...], tmp_path: Path, day: str, why: str
) -> None:
    path = write(tmp_path / "e" / PERIOD / "x.csv", text(changed(legacy, line_item_usage_start_date=day)))
    error = refused(con, path, tmp_path)
    assert isinstance(error, ExportError)
    assert why in error.why


def test_texts_are_kept(con: DuckDBPyConnection, legacy: tuple[Row, ...], tmp_path: Path) -> None:
    texts = ("line\nbreak", 'a "quoted" word', "comma, semicolon; tab\t", "=cmd()", "ü€😀", " spaces ", "NULL")
    rows = [{**row, "lineItem/ResourceId": value} for row, value in zip(legacy, texts, strict=False)]
    put(con, write(tmp_path / "e" / PERIOD / "x.csv", text(rows)), tmp_path)
    found = {row[0] for row in con.execute("select resource_id from meters").fetchall()}
    assert found == {*texts[:-1], ""}


# --- files that cannot be read ------------------------------------------------------------------------------------


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes(255 - byte for byte in content[at : at + 40]) + content[at + 40 :]


@pytest.fixture(scope="module")
def broken(legacy: tuple[Row, ...]) -> dict[str, tuple[str, bytes]]:
    """(file name, content) by case; a file named /… lies in no folder of a period."""
    plain = text(legacy)
    packed = gzip.compress(plain)
    archive = zipped(plain)
    locked = bytearray(archive)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # as if encrypted, here and in the directory
        locked[locked.rindex(mark) + offset] |= 1
    return {
        "gzip cut off": ("x.csv.gz", packed[: len(packed) // 2]),
        "gzip cut off early": ("x.csv.gz", packed[:200]),
        "gzip damaged early": ("x.csv.gz", flipped(packed, 100)),
        "gzip damaged late": ("x.csv.gz", flipped(packed, len(packed) - 400)),
        "gzip that is none": ("x.csv.gz", plain),
        "gzip of nothing": ("x.csv.gz", b""),
        "zip cut off": ("x.csv.zip", archive[: len(archive) // 2]),
        "zip damaged": ("x.csv.zip", flipped(archive, 400)),
        "zip that is none": ("x.zip", packed),
        "zip without a CSV file": ("x.zip", zipped(b"x", "readme.txt")),
        "zip with a password": ("x.zip", bytes(locked)),
        "Parquet that is none": ("x.parquet", plain),
        "Parquet of nothing": ("x.parquet", b""),
        "CSV of nothing": ("x.csv", b""),
        "CSV that is binary": ("x.csv", packed),
        "CSV with binary lines": ("x.csv", plain + b"\xff\xfe\x00\x01" * 200),
        "CSV of something else": ("x.csv", b"name,age\nA,1\n"),
        "CSV with a header alone": ("/x.csv", text([], list(legacy[0]))),
        "CSV with short lines": ("x.csv", plain + b"1,2,3\n"),
        "CSV with long lines": ("x.csv", plain + b"1," * 500 + b"\n"),
        "CSV with an open quote": ("x.csv", plain + b'"open,' + b"x," * 200 + b"\n"),
        "CSV of UTF-16": ("x.csv", plain.decode().encode("utf-16")),
        "CSV of Latin-1": ("x.csv", plain.replace(b"Inc.", "Inç.".encode("latin-1"))),
    }


BROKEN = (
    "gzip cut off", "gzip cut off early", "gzip damaged early", "gzip damaged late", "gzip that is none",
    "gzip of nothing", "zip cut off", "zip damaged", "zip that is none", "zip without a CSV file",
    "zip with a password", "Parquet that is none", "Parquet of nothing", "CSV of nothing", "CSV that is binary",
    "CSV with binary lines", "CSV of something else", "CSV with a header alone", "CSV with short lines",
    "CSV with long lines", "CSV with an open quote", "CSV of UTF-16", "CSV of Latin-1",
)  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_name_themselves(
    con: DuckDBPyConnection, broken: dict[str, tuple[str, bytes]], tmp_path: Path, case: str
) -> None:
    assert set(broken) == set(BROKEN)
    name, content = broken[case]
    path = write((tmp_path / "e" if name.startswith("/") else tmp_path / "e" / PERIOD) / name.lstrip("/"), content)
    error = refused(con, path, tmp_path)
    assert isinstance(error, ExportError)
    assert str(path) in error.what or (case == "CSV with a header alone" and "no lines" in error.why)


@pytest.mark.parametrize("packed", [False, True])
def test_the_damaged_one_of_several_files_is_named(
    con: DuckDBPyConnection, legacy: tuple[Row, ...], tmp_path: Path, packed: bool
) -> None:
    contents = [text(legacy), text(legacy) + b"1,2,3\n", text(changed(legacy, line_item_usage_amount="abc"))]
    for case, bad in (("damaged", contents[1]), ("no amount", contents[2])):
        folder = tmp_path / case / PERIOD
        for number, content in enumerate((contents[0], bad, contents[0]), start=1):
            write(folder / f"x-{number}.csv{'.gz' * packed}", gzip.compress(content) if packed else content)
        error = refused(con, tmp_path / case, tmp_path)
        # DuckDB does not tell the file of an amount that is none.
        assert f"x-2.csv{'.gz' * packed}" in error.what or "one of 3 files" in error.what


@pytest.mark.parametrize("at", [0.3, 0.9, 0.999])
def test_parquet_cut_off(con: DuckDBPyConnection, samples: Path, tmp_path: Path, at: float) -> None:
    whole = next(samples.glob("aws_focus_1_2/exports/*/data/BILLING_PERIOD=2026-09/*.parquet")).read_bytes()
    path = write(tmp_path / "e" / "BILLING_PERIOD=2026-09" / "x.parquet", whole[: int(len(whole) * at)])
    assert str(path) in refused(con, path, tmp_path).what


def test_parquet_damaged(con: DuckDBPyConnection, samples: Path, tmp_path: Path) -> None:
    whole = next(samples.glob("aws_focus_1_2/exports/*/data/BILLING_PERIOD=2026-09/*.parquet")).read_bytes()
    for at in (1000, len(whole) // 2, len(whole) - 2000):
        path = write(tmp_path / "e" / "BILLING_PERIOD=2026-09" / "x.parquet", flipped(whole, at))
        try:
            put(con, path, tmp_path)
        except ExportError as error:
            assert str(path) in error.what  # noqa: PT017 - Parquet has no checksum: damage may go unseen
        con.execute("delete from loads")


@pytest.mark.parametrize("kind", ["boolean", "integer[]", "blob"])
@pytest.mark.parametrize("column", ["line_item_unblended_cost", "line_item_usage_start_date", "line_item_usage_type"])
def test_parquet_of_other_types(
    con: DuckDBPyConnection, cur2: tuple[Row, ...], tmp_path: Path, column: str, kind: str
) -> None:
    """Whatever becomes of it, it is no crash, and never half a load."""
    path = parquet(
        tmp_path / "e" / PERIOD / "x.parquet", cur2, lambda name: f"null::{kind}" if name == column else typed(name)
    )
    try:
        put(con, path, tmp_path)
    except ExportError as error:
        assert error.fix  # noqa: PT017
        assert sums(con).rows == 0


def test_a_manifest_that_mixes_formats(con: DuckDBPyConnection, cur2: tuple[Row, ...], tmp_path: Path) -> None:
    folder = tmp_path / "e" / PERIOD
    write(folder / "x-1.csv", text(cur2))
    parquet(folder / "x-2.parquet", cur2, typed)
    keys = {"assemblyId": "a", "reportKeys": ["x-1.csv", "x-2.parquet"]}
    write(folder / "x-Manifest.json", json.dumps(keys).encode())
    assert "mixes CSV and Parquet" in refused(con, tmp_path / "e", tmp_path).why


@pytest.mark.parametrize("amount", ["1.5", "abc"])
def test_a_failed_load_leaves_the_period_as_it_was(
    con: DuckDBPyConnection, legacy: tuple[Row, ...], tmp_path: Path, amount: str
) -> None:
    path = write(tmp_path / "e" / PERIOD / "x.csv", text(legacy))
    put(con, path, tmp_path)
    before = state(con)
    bad = changed(legacy, line_item_unblended_cost=amount, line_item_usage_start_date="9999-01-01T00:00:00Z")
    write(path, text(bad))
    refused(con, path, tmp_path)
    assert state(con) == before
    write(path, text(legacy[:10]))
    assert only(con, path, tmp_path).rows == 10


def test_a_failed_load_leaves_no_temporary_tables(
    con: DuckDBPyConnection, legacy: tuple[Row, ...], tmp_path: Path
) -> None:
    refused(
        con, write(tmp_path / "e" / PERIOD / "x.csv", text(changed(legacy, line_item_unblended_cost="abc"))), tmp_path
    )
    assert con.execute("select table_name from duckdb_tables() where temporary").fetchall() == []
