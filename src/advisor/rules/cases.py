"""Runs the case file of a check: small tables of charges in, verdicts compared with what the file expects.

A case file holds `as_of`, `[defaults]` for columns, and `[[case]]` tables:

    name      what the case shows
    covers    what it covers: "fires", "quiet", "boundary", "short-history", "missing-usage", "credit", ...
    rows      a pipe table of charges; `charge_date` is a day, a range 2026-07-01..2026-07-31, or several with commas;
              every row is billed on each of these days, in the hours of `hours` (0-23; 8-19; 9,10), amounts per day;
              `weekdays` (mon-fri, sat,sun) narrows the days; `tags` and `cost_categories` are k=v, k=v
    utilization   a pipe table of resource_id, metric, metric_date (as charge_date), average, and any of p95, p99, maximum
              (each defaults to the one before), total (of amounts, per day; average is then total / 86,400 s), hours
              (those with samples, 0-23), weekdays, provider, sub_account_id; rows of one day are merged
    states    a pipe table of the columns of resource_states
    advice    a pipe table of the columns of recommendations
    params    parameters other than the defaults
    history_start  first day of the export (default: the first charge of the case)
    no_resource_ids  true: an export without resource ids
    expect    findings that must come out, and no others: resource_id, and any of monthly_cost, monthly_savings,
              monthly_savings_list, confidence, region, owner, environment, commands, and evidence columns
    skipped   resource ids that must be skipped
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from advisor.errors import CheckError
from advisor.rules import engine
from advisor.rules.catalogue import cases_text
from advisor.rules.context import ContextRules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from advisor.rules.catalogue import Check

REQUIRED_COVERS = ("fires", "quiet", "boundary", "short-history", "missing-usage", "credit")
"""What the cases of every check must cover; `not_applicable` in the file names the others with a reason."""

METER_DEFAULTS: dict[str, Any] = {
    "provider": "aws",
    "billing_account_id": "999988887777",
    "billing_account_name": None,
    "sub_account_id": "111122223333",
    "sub_account_name": None,
    "region_id": "us-east-1",
    "product_sku": "",
    "service_code": "",
    "service_name": "",
    "resource_id": "",
    "resource_name": "",
    "usage_type": "",
    "operation": "",
    "line_item_type": "Usage",
    "charge_category": "",
    "charge_role": "",
    "pricing_category": "",
    "commitment_discount_id": "",
    "commitment_discount_type": "",
    "commitment_discount_end": "",
    "instance_type": "",
    "product_family": "",
    "product_detail": "",
    "pricing_unit": "",
    "publisher_name": "",
    "is_marketplace": False,
    "charge_description": "",
    "billing_currency": "USD",
}
AMOUNTS = (
    "consumed_quantity",
    "effective_cost",
    "billed_cost",
    "list_cost",
    "committed_cost",
    "credits",
    "discount_credits",
)
OTHER_COLUMNS = ("charge_date", "hours", "weekdays", "tags", "cost_categories", "usage_kind", *AMOUNTS)
ROLES = {
    "Usage": ("usage", "Usage", "Standard"),
    "DiscountedUsage": ("usage", "Usage", "Committed"),
    "SavingsPlanCoveredUsage": ("usage", "Usage", "Committed"),
    "SavingsPlanNegation": ("negation", "Usage", "Committed"),
    "SavingsPlanRecurringFee": ("fee", "Purchase", "Committed"),
    "RIFee": ("fee", "Purchase", "Committed"),
    "Fee": ("fee", "Purchase", "Standard"),
    "regular": ("usage", "Usage", "Standard"),
    "adjustment": ("refund", "Adjustment", "Other"),
    "tax": ("tax", "Tax", "Other"),
    "Tax": ("tax", "Tax", "Other"),
    "Credit": ("credit", "Credit", "Other"),
    "Refund": ("refund", "Adjustment", "Other"),
    "EdpDiscount": ("discount", "Usage", "Other"),
}
GCP_PLACE, GCP_REST = (
    re.compile(r"^(.+) in [^()]+$"),
    re.compile(r" running$| \((us|eu|asia|global|[a-z]+(-[a-z]+)+[0-9]+)\)$"),
)
"""The place at the end of a SKU text, as queries/normalize/gcp.meters.sql removes it."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PUBLISHERS = {"aws": "Amazon Web Services, Inc.", "gcp": "Google Cloud"}
REGION_PREFIX = re.compile(r"^(?:[A-Z]{2,4}\d{1,2}-|EU-|Global-|[a-z]{2}(?:-[a-z]+)+-\d-)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case and what went against its expectations (nothing when it passed)."""

    check_id: str
    name: str
    covers: tuple[str, ...]
    failures: tuple[str, ...]


def run_cases(con: DuckDBPyConnection, check: Check) -> list[CaseResult]:
    """Runs every case of a check on `con`, a store from `store.scratch()` whose tables are emptied for each case."""
    return [_run(con, check, document, case) for document, case in cases_of(check)]


def cases_of(check: Check) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(document, case) pairs of the check's case file."""
    text = cases_text(check)
    if not text:
        raise CheckError(
            f"check {check.id}", why="has no case file", fix=f"Write {check.origin.removesuffix('.sql')}.cases.toml."
        )
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CheckError(f"cases of {check.id}", why=f"are not TOML: {error}", fix="Correct the file.") from error
    for case in document.get("case", ()):
        yield document, case


def coverage_gaps(check: Check) -> list[str]:
    """What the cases of a check must cover and do not."""
    covered: set[str] = set()
    document: Mapping[str, Any] = {}
    for document, case in cases_of(check):  # noqa: B007 - read after the loop
        covered |= set(case.get("covers", ()))
    covered |= set(document.get("not_applicable", {}))
    return [name for name in REQUIRED_COVERS if name not in covered]


def _run(con: DuckDBPyConnection, check: Check, document: Mapping[str, Any], case: Mapping[str, Any]) -> CaseResult:
    as_of = document["as_of"]
    charges = list(_charges(case.get("rows", ""), document.get("defaults", {}), as_of))
    _load(con, charges, history_start=case.get("history_start"), no_resource_ids=case.get("no_resource_ids", False))
    _load_utilization(con, case, document.get("defaults", {}), as_of)
    engine.prepare(con, loads=[1], as_of=as_of, context=ContextRules())
    result = engine.judge(con, [check], as_of=as_of, overrides={check.id: case.get("params", {})})
    failures = [f"error: {r.error}" for r in result.checks if r.error]
    failures += _compare(result.findings, case.get("expect", []))
    skipped = set(result.skipped.get(check.id, ()))
    if skipped != set(case.get("skipped", ())):
        failures.append(f"skipped {sorted(skipped)}, expected {sorted(case.get('skipped', ()))}")
    return CaseResult(
        check_id=check.id, name=case["name"], covers=tuple(case.get("covers", ())), failures=tuple(failures)
    )


def _compare(findings: Sequence[Any], expected: Sequence[Mapping[str, Any]]) -> list[str]:
    found = {f.resource_id: f for f in findings}
    wanted = {e["resource_id"]: e for e in expected}
    failures = [f"did not find {name}" for name in sorted(set(wanted) - set(found))]
    failures += [f"found {name}: {found[name].reason}" for name in sorted(set(found) - set(wanted))]
    for name in sorted(set(found) & set(wanted)):
        for key, value in wanted[name].items():
            actual = getattr(found[name], key) if hasattr(found[name], key) else found[name].evidence.get(key)
            actual = list(actual) if isinstance(actual, tuple) else actual
            if isinstance(value, (int, float)) and isinstance(actual, (int, float)):
                if abs(value - actual) > 0.006:
                    failures.append(f"{name}: {key} is {actual:.4f}, expected {value}")
            elif value != actual:
                failures.append(f"{name}: {key} is {actual!r}, expected {value!r}")
    return failures


def _charges(table: str, defaults: Mapping[str, Any], as_of: date) -> Iterator[dict[str, Any]]:
    lines = [line.strip() for line in table.strip().splitlines() if line.strip()]
    if not lines:
        return
    columns = [c.strip() for c in lines[0].split("|")]
    unknown = set(columns) | set(defaults)
    unknown -= {*METER_DEFAULTS, *OTHER_COLUMNS}
    if unknown:
        raise CheckError("a case", why=f"has unknown columns {', '.join(sorted(unknown))}", fix="Correct the table.")
    for line in lines[1:]:
        cells = [c.strip() for c in line.split("|")]
        row = {**METER_DEFAULTS, **defaults, **dict(zip(columns, cells, strict=True))}
        role, category, pricing = ROLES.get(row["line_item_type"], ROLES["Usage"])
        row["charge_role"] = row["charge_role"] or role
        row["charge_category"] = row["charge_category"] or category
        row["pricing_category"] = row["pricing_category"] or pricing
        row["is_marketplace"] = str(row["is_marketplace"]).lower() == "true"
        row["publisher_name"] = row["publisher_name"] or PUBLISHERS.get(row["provider"], "")
        row["usage_kind"] = row.get("usage_kind") or usage_kind(row["provider"], row["usage_type"])
        hours = str(row.pop("hours", "") or "0-23")
        weekdays = str(row.pop("weekdays", "") or "mon-sun")
        for day in _days(str(row.pop("charge_date")), as_of):
            if day.weekday() in _numbers(weekdays, WEEKDAYS):
                yield {**row, "charge_date": day, "hours_mask": sum(1 << h for h in _numbers(hours))}


def usage_kind(provider: str, usage_type: str) -> str:
    """What normalisation makes of a usage type: without the region, and for Google's SKU texts in one spelling."""
    if provider != "gcp":
        return REGION_PREFIX.sub("", usage_type)
    text = re.sub(r"[\s_]+", " ", usage_type.lower()).strip()
    return GCP_REST.sub("", GCP_PLACE.sub(r"\1", text))


def _days(text: str, as_of: date) -> Iterator[date]:
    for part in text.split(","):
        first, _, last = part.strip().partition("..")
        day, end = date.fromisoformat(first), date.fromisoformat(last or first)
        while day <= end:
            yield day
            day += timedelta(days=1)


def _numbers(text: str, names: Sequence[str] = ()) -> list[int]:
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = (p.strip() for p in part.partition("-"))
        start = names.index(first) if first in names else int(first)
        end = (names.index(last) if last in names else int(last)) if last else start
        numbers += range(start, end + 1)
    return numbers


def _pairs(text: str | None) -> dict[str, str]:
    parts = [p.partition("=") for p in (text or "").split(",") if p.strip()]
    return {key.strip(): value.strip() for key, _, value in parts}


def _load(
    con: DuckDBPyConnection, charges: Sequence[Mapping[str, Any]], *, history_start: date | None, no_resource_ids: bool
) -> None:
    for name in ("loads", "totals", "days", "meters", "tag_sets"):
        con.execute(f"delete from {name}")
    start = history_start or min((c["charge_date"] for c in charges), default=date(2026, 1, 1))
    con.execute(
        "insert into loads values (1, 'case', 'case', ?, '', '', '2026-01-01', ?, true, [])",
        [start, not no_resource_ids],
    )
    meters: dict[tuple[Any, ...], int] = {}
    tag_sets: dict[tuple[str, str], int] = {}
    days: dict[tuple[date, int], list[Any]] = {}
    names = [*METER_DEFAULTS, "usage_kind"]
    for charge in charges:
        tags = (charge.get("tags") or "", charge.get("cost_categories") or "")
        tag_key = tag_sets.setdefault(tags, len(tag_sets))
        dimensions = (tag_key, *("" if no_resource_ids and n == "resource_id" else charge[n] for n in names))
        key = meters.setdefault(dimensions, len(meters))
        amounts = _amounts(charge)
        fact = days.setdefault((charge["charge_date"], key), [Decimal(0)] * 7 + [0, 0])
        for index, amount in enumerate(amounts):
            fact[index] += amount
        fact[7] |= charge["hours_mask"]
        fact[8] += 1
    rows = [(key, *dimensions) for dimensions, key in meters.items()]
    schema = {"meter_key": pl.UInt64, "tag_key": pl.UInt64} | {
        name: pl.Boolean if name == "is_marketplace" else pl.String for name in names
    }
    con.register("case_meters", pl.DataFrame(rows, schema=schema, orient="row").to_arrow())
    con.execute("insert into meters by name select 1 as load_id, * from case_meters")
    con.unregister("case_meters")
    con.executemany(
        "insert into tag_sets select 1, ?, map(?::varchar[], ?::varchar[]), map(?::varchar[], ?::varchar[])",
        [
            (key, list(_pairs(t)), list(_pairs(t).values()), list(_pairs(c)), list(_pairs(c).values()))
            for (t, c), key in (tag_sets or {("", ""): 0}).items()
        ],
    )
    frame = pl.DataFrame(
        [(d, k, *(str(a) for a in f[:7]), f[7], f[8]) for (d, k), f in days.items()],
        schema={"d": pl.Date, "k": pl.UInt64, "b": pl.String, "e": pl.String, "l": pl.String, "q": pl.String,
                "c": pl.String, "p": pl.String, "dc": pl.String, "m": pl.Int32, "n": pl.Int32},
        orient="row",
    )  # fmt: skip
    con.register("case_days", frame.to_arrow())
    con.execute("insert into days by name select 1 as load_id, d as charge_date, k as meter_key,"
                " b::decimal(38,10) as billed_cost, e::decimal(38,10) as effective_cost,"
                " l::decimal(38,10) as list_cost, q::decimal(38,10) as consumed_quantity,"
                " c::decimal(38,10) as committed_cost, p::decimal(38,10) as credits,"
                " dc::decimal(38,10) as discount_credits, m as hours_mask,"
                " n as line_count from case_days")  # fmt: skip
    con.unregister("case_days")


UTILIZATION_COLUMNS = {"resource_id", "metric", "metric_date", "average", "p95", "p99", "maximum", "total", "hours",
                       "weekdays", "provider", "sub_account_id"}  # fmt: skip
STATE_DEFAULTS = {"attached_to": "", "group_name": "", "since": "2026-01-01"}
ADVICE_DEFAULTS = {"current_shape": "", "target_shape": "", "monthly_savings": "", "savings_share": "", "currency": "USD",
                   "savings_basis": "after discounts", "lookback_days": "14", "location": "advice.csv"}  # fmt: skip


def _load_utilization(
    con: DuckDBPyConnection, case: Mapping[str, Any], defaults: Mapping[str, Any], as_of: date
) -> None:
    """Fills utilization_days, resource_states and recommendations from the tables of a case."""
    for name in ("utilization_days", "resource_states", "recommendations"):
        con.execute(f"delete from {name}")
    place = {
        "provider": defaults.get("provider", METER_DEFAULTS["provider"]),
        "sub_account_id": defaults.get("sub_account_id", METER_DEFAULTS["sub_account_id"]),
    }
    days: dict[tuple[Any, ...], list[tuple[dict[str, float], list[int]]]] = {}
    for given in _rows(case.get("utilization", ""), UTILIZATION_COLUMNS):
        row = {**place, **given}
        hours = _numbers(row.get("hours") or "0-23")
        figures = _figures(row)
        weekdays = _numbers(row.get("weekdays") or "mon-sun", WEEKDAYS)
        for day in _days(row["metric_date"], as_of):
            if day.weekday() in weekdays:
                key = (row["provider"], row["sub_account_id"], row["resource_id"], row["metric"], day)
                days.setdefault(key, []).append((figures, hours))
    if days:
        names = ("provider", "sub_account_id", "resource_id", "metric", "metric_date", "average", "p95", "p99", "maximum",
                 "total", "sample_count", "hourly_maximum")  # fmt: skip
        frame = pl.DataFrame(
            [(*key, *_merged(parts)) for key, parts in days.items()],
            schema=dict.fromkeys(names[:4], pl.String)
            | {"metric_date": pl.Date}
            | dict.fromkeys(names[5:10], pl.Float64)
            | {"sample_count": pl.Int32, "hourly_maximum": pl.List(pl.Float32)},
            orient="row",
        )
        con.register("case_utilization", frame.to_arrow())
        con.execute(
            "insert into utilization_days by name select *, 'case' as source, timestamp '2026-01-01' as fetched_at"
            " from case_utilization"
        )
        con.unregister("case_utilization")
    seen_at = {"seen_at": f"{as_of} 06:00:00"}
    for row in _rows(case.get("states", "")):
        _insert(con, "resource_states", {**place, **STATE_DEFAULTS, **seen_at, **row})
    for row in _rows(case.get("advice", "")):
        _insert(con, "recommendations", {**place, **ADVICE_DEFAULTS, "refreshed_on": str(as_of), **row})


def _rows(table: str, known: set[str] | None = None) -> Iterator[dict[str, str]]:
    lines = [line.strip() for line in table.strip().splitlines() if line.strip()]
    columns = [c.strip() for c in lines[0].split("|")] if lines else []
    if unknown := sorted(set(columns) - known) if known is not None else []:
        raise CheckError("a case", why=f"has unknown columns {', '.join(unknown)}", fix="Correct the table.")
    for line in lines[1:]:
        yield dict(zip(columns, (c.strip() for c in line.split("|")), strict=True))


def _figures(row: Mapping[str, str]) -> dict[str, float]:
    total = float(row["total"]) if row.get("total") else None
    figures = {"average": total / 86400 if total is not None and not row.get("average") else float(row["average"])}
    for name, before in (("p95", "average"), ("p99", "p95"), ("maximum", "p99")):
        figures[name] = float(row[name]) if row.get(name) else figures[before]
    return figures if total is None else {**figures, "total": total}


def _merged(parts: Sequence[tuple[Mapping[str, float], Sequence[int]]]) -> tuple[Any, ...]:
    """average, p95, p99, maximum, total, sample_count, hourly_maximum of the rows of one day."""
    hours = sum(len(h) for _, h in parts)
    hourly: list[float | None] = [None] * 24
    for figures, own in parts:
        for hour in own:
            hourly[hour] = max(hourly[hour] or 0.0, figures["maximum"])
    totals = [figures["total"] for figures, _ in parts if "total" in figures]
    return (
        sum(figures["average"] * len(own) for figures, own in parts) / hours,
        *(max(figures[name] for figures, _ in parts) for name in ("p95", "p99", "maximum")),
        sum(totals) if totals else None,
        12 * hours,
        hourly,
    )


def _insert(con: DuckDBPyConnection, table: str, row: Mapping[str, str]) -> None:
    values = {name: value or (None if name in ("monthly_savings", "savings_share", "lookback_days") else "")
              for name, value in row.items()}  # fmt: skip
    columns = [f"${name} as {name}" for name in values]
    if table == "recommendations":
        columns.append("map() as details")
    con.execute(f"insert into {table} by name select {', '.join(columns)}", values)


def _amounts(charge: Mapping[str, Any]) -> tuple[Decimal, ...]:
    """Billed, effective, list cost, quantity, committed cost, credits, discounts; others follow from what is given."""
    effective = Decimal(charge.get("effective_cost") or "0")
    is_credit = charge["charge_role"] == "credit"
    credits = Decimal(charge.get("credits") or (effective if is_credit else "0"))
    billed = Decimal(charge.get("billed_cost") or (effective if is_credit else effective + credits))
    at_list = Decimal(charge.get("list_cost") or effective)
    quantity = Decimal(charge.get("consumed_quantity") or "0")
    covered = Decimal(charge.get("committed_cost") or (effective if charge["pricing_category"] == "Committed" else "0"))
    return billed, effective, at_list, quantity, covered, credits, Decimal(charge.get("discount_credits") or "0")
