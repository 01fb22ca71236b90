"""Binds checks to a database, has kinds judge the rows, and lets every resource-dollar be claimed once."""

from __future__ import annotations

import json
import math
import re
import shlex
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from advisor import store
from advisor.errors import AdvisorError, CheckError
from advisor.model import KINDS as KIND_ORDER
from advisor.model import CheckResult, Finding, finding_id
from advisor.rules import kinds, periods, reasons
from advisor.rules.context import NOT_PRODUCTION, ContextRules, environment_of, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from advisor.rules.catalogue import Check

# `con.sql` plans a query twice, which costs more than the copy that this warns of; once for the process, because
# warnings.catch_warnings is not for threads.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)

RESERVED = {*kinds.COMMON, *kinds.OPTIONAL, "verdict", "skipped", "saves"}
RESERVED -= {"sample_hours", "billed_hours"}  # how well it was measured is evidence
RESERVED |= {kinds.MISSING, "monthly_cost", "monthly_savings", "monthly_savings_list", "monthly_freed"}
PLAIN = re.compile(r"[A-Za-z0-9][\w.:/@+=,-]*")
PLACE = re.compile(r"/(?:zones|regions|locations)/([a-z0-9-]+)/")
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a group of loads came to: findings (claims settled), what every check saw, and whom it skipped.

    `unmeasured` are the resources that a check could not judge for lack of utilisation data.
    """

    findings: tuple[Finding, ...]
    checks: tuple[CheckResult, ...]
    skipped: Mapping[str, tuple[str, ...]]
    unmeasured: frozenset[tuple[str, str, str]] = frozenset()


@dataclass(slots=True, kw_only=True)
class _Candidate:
    """A finding before claims are settled; `members` are the resources of a group and their part of its cost."""

    finding: Finding
    claims: frozenset[str]
    members: Mapping[str, float] = field(default_factory=dict)
    yields: bool = False
    overlaps: set[str] = field(default_factory=set)


def prepare(con: duckdb.DuckDBPyConnection, *, loads: Sequence[int], as_of: date, context: ContextRules) -> None:
    """Builds the temporary views that checks read (queries/scan/views.sql) for `loads`, as of one day."""
    con.execute("create or replace table scan_loads as select unnest(?::integer[]) as load_id", [list(loads)])
    history = periods.histories(con)
    _fill(con, "scan_members", {"load_id": pl.Int32, "history": pl.Int32}, list(history.items()))
    con.execute(
        "create or replace table scan_histories as select load_id, min(period) over (partition by history)"
        " as source_first_day from loads join scan_members using (load_id)"
    )
    con.execute("create or replace table scan_clock as select ?::date as as_of", [as_of])
    # Loads of a year repeat their tag sets: each is read once.
    tags = con.execute(
        "select map_keys(tags), map_values(tags), list(load_id), list(tag_key)"
        " from tag_sets join scan_loads using (load_id) group by tags"
    ).fetchall()
    rows: list[tuple[Any, ...]] = []
    for names, values, load_ids, tag_keys in tags:
        own = dict(zip(names, values, strict=True))
        read = (owner_of(own, context), environment_of(own, context), context.name_of(own))
        rows += [(*key, *read) for key in zip(load_ids, tag_keys, strict=True)]
    _fill(
        con,
        "tag_context",
        {"load_id": pl.Int32, "tag_key": pl.UInt64, "owner": pl.String, "environment": pl.String, "name": pl.String},
        rows,
    )
    accounts = con.execute(
        "select distinct provider, sub_account_id, coalesce(sub_account_name, '') from meters join scan_loads using (load_id)"
    ).fetchall()
    # Where a name says nothing its id may: Google's projects have ids that people choose.
    named = {
        (provider, account): context.environment_in(name) or context.environment_in(account)
        for provider, account, name in sorted(accounts)
    }
    _fill(
        con,
        "account_context",
        {"provider": pl.String, "sub_account_id": pl.String, "environment": pl.String},
        [(p, a, e) for (p, a), e in named.items() if e],
    )
    con.execute(
        "create or replace table name_context as select resource_id, resource_name,"
        " case when regexp_matches(tail, $denied)"
        " then 'non-production' when regexp_matches(tail, $production)"
        " then 'production' when regexp_matches(tail, $other) then 'non-production' end as environment from"
        " (select distinct resource_id, resource_name,"
        " lower(coalesce(nullif(resource_name, ''), regexp_extract(resource_id, '[^:/]*$'))) as tail from meters"
        " join scan_loads using (load_id) where resource_id <> '')",
        {"denied": NOT_PRODUCTION, "production": context.production_pattern, "other": context.other_pattern},
    )
    con.execute(_scan_sql("views"))


SCAN_FILES = ("utilization", "machines", "shapes")
"""Files of queries/scan, in order, that are read only where a check names one of their relations."""

MACHINE_DAYS = 31
"""Machines are always looked at so far back: what is paid for a shape is told from the last 30 days."""


def prepare_utilization(
    con: duckdb.DuckDBPyConnection, *, days: int = MACHINE_DAYS, machines: bool = True, shapes: bool = True
) -> None:
    """Builds what is known of machines beside the bill, on the views of `prepare`: load, state, shapes and prices.

    `days` is the longest window of the checks that read machines. Without `machines` only queries/scan/utilization.sql
    is built, without `shapes` not what else machines could be.
    """
    con.execute(_scan_sql("utilization"))
    if not machines:
        return
    con.execute("create or replace table scan_window as select ?::integer as days", [max(days, MACHINE_DAYS)])
    con.execute("set preserve_insertion_order = false")  # rows of ten thousand machines wait in memory to keep it
    try:
        _build(con, "machines")
        if shapes:
            _prepare_shapes(con)
    finally:
        con.execute("reset preserve_insertion_order")


def _build(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Runs a file of queries/scan; again with one thread where several do not fit into memory: it takes twice as long."""
    try:
        con.execute(_scan_sql(name))
    except duckdb.OutOfMemoryException:
        threads = con.execute("select current_setting('threads')").fetchall()[0][0]
        con.execute("set threads = 1")
        try:
            con.execute(_scan_sql(name))
        finally:
            con.execute(f"set threads = {int(threads)}")


def _prepare_shapes(con: duckdb.DuckDBPyConnection) -> None:
    from advisor.prices import tables

    used = con.execute(
        "select distinct provider, machine, shape, terms from machine_units where shape <> ''"
    ).fetchall()
    known, prices = tables.for_shapes(used, _stored(con, "shapes"), _stored(con, "shape_prices"))
    for name, frame in (("list_shapes", known), ("list_prices", prices)):
        _keep(con, name, frame)
    _build(con, "shapes")


def _prepare_for(
    con: duckdb.DuckDBPyConnection, checks: Sequence[Check], overrides: Mapping[str, Mapping[str, Any]]
) -> bool:
    """Builds what `checks` name beyond the bill; False where none names any."""
    texts = {check.id: re.sub(r"--[^\n]*", "", check.sql) for check in checks}
    named = {check_id: {name for name in SCAN_FILES if _made_by(name).search(text)} for check_id, text in texts.items()}
    wanted = {name for names in named.values() for name in names}
    if not wanted:
        return False
    windows = [
        overrides.get(check.id, {}).get("window_days", check.params["window_days"].default)
        for check in checks
        if named[check.id] & {"machines", "shapes"} and "window_days" in check.params
    ]
    prepare_utilization(
        con,
        days=max((math.ceil(days) for days in windows if isinstance(days, (int, float))), default=MACHINE_DAYS),
        machines=bool(wanted & {"machines", "shapes"}),
        shapes="shapes" in wanted,
    )
    return True


def machines_in_use(
    con: duckdb.DuckDBPyConnection, *, loads: Sequence[int], as_of: date
) -> set[tuple[str, str, str, str]]:
    """(provider, service as advisor.prices names it, region, shape) of the machines billed in the last month."""
    prepare(con, loads=loads, as_of=as_of, context=ContextRules())
    prepare_utilization(con, shapes=False)
    return set(
        con.execute(
            "select distinct provider, machine, region_id, shape from machine_units"
            " where shape <> '' and charge_date > ?::date - 31",
            [as_of],
        ).fetchall()
    )


def names_of_metrics(con: duckdb.DuckDBPyConnection) -> tuple[set[str], set[str]]:
    """(names that files of metrics use for one resource of the bill, those that could be several), as prepared."""
    if not con.execute("select 1 from duckdb_tables() where table_name = 'asked_resources'").fetchone():
        return set(), set()
    rows = con.execute(
        "select distinct asked_id, is_ambiguous from asked_resources"
        " semi join utilization_days u on (u.provider, u.sub_account_id, u.resource_id)"
        " = (asked_provider, asked_account, asked_id)"
    ).fetchall()
    return {name for name, several in rows if not several}, {name for name, several in rows if several}


def _stored(con: duckdb.DuckDBPyConnection, table: str) -> pl.DataFrame | None:
    """What `advisor prices` has fetched; None when it never ran."""
    frame = pl.from_arrow(con.execute(f"select * from {table}").to_arrow_table())
    return frame if isinstance(frame, pl.DataFrame) and not frame.is_empty() else None


def find_unknown_usage(con: duckdb.DuckDBPyConnection) -> None:
    """Fills `unknown_usage`, which the costs and what is unmatched are told by, from the views of `prepare`."""
    con.execute(_scan_sql("unknown_usage"))


@cache
def _scan_sql(name: str) -> str:
    return (files("advisor.queries") / "scan" / f"{name}.sql").read_text("utf-8")


@cache
def _made_by(name: str) -> re.Pattern[str]:
    """Finds the relations and macros that a file of queries/scan makes; the engine fills the list_… tables for shapes."""
    made = re.findall(r"^create or replace (?:table|view|macro) (\w+)", _scan_sql(name), re.MULTILINE)
    filled = ["list_shapes", "list_prices"] if name == "shapes" else []
    return re.compile(rf"\b(?:{'|'.join([*made, *filled])})\b")


def judge(
    con: duckdb.DuckDBPyConnection,
    checks: Sequence[Check],
    *,
    as_of: date,
    overrides: Mapping[str, Mapping[str, Any]],
    min_monthly_savings: float = 0.0,
    parallel: bool = False,
) -> Judged:
    """Runs `checks` on the views of `prepare`. A check that fails is reported with its error; the others go on.

    A check is a small query whose planning takes longer than its run, so with `parallel` several go side by side.
    """
    judged: list[tuple[Check, Mapping[str, Any], pl.DataFrame]] = []
    errors: list[CheckResult] = []
    present = {provider for (provider,) in con.execute("select distinct provider from usage_meters").fetchall()}
    absent = [check for check in checks if _is_elsewhere(check, present)]
    checks = [check for check in checks if not _is_elsewhere(check, present)]
    is_measured = _prepare_for(con, checks, overrides)
    for check, outcome in zip(checks, _outcomes(con, checks, as_of, overrides, parallel), strict=True):
        if isinstance(outcome, str):
            errors.append(CheckResult(id=check.id, title=check.title, judged=0, skipped=0, found=0, error=outcome))
        else:
            judged.append((check, *outcome))
    judged = _overruled(judged)
    hits = [(check, params, rows.filter(pl.col("verdict") == "found")) for check, params, rows in judged]
    first_days = _first_days(con, [rows for _, _, rows in hits])
    priced = [(check, _worth(_priced(rows, params, first_days), min_monthly_savings)) for check, params, rows in hits]
    counts = {check.id: rows.height for check, rows in priced}
    results = [_counted(check, rows, counts[check.id]) for check, _, rows in judged]
    skipped = {c.id: tuple(r.filter(pl.col("verdict") == "skipped")["resource_id"].to_list()) for c, _, r in judged}
    unmeasured = {
        key
        for _, _, r in judged
        for key in r.filter(pl.col("skipped") == reasons.NO_SAMPLES).select(RESOURCE).iter_rows()
    }
    return Judged(
        findings=settle(_candidates(con, priced, as_of, _opinions(con) if is_measured else {})),
        checks=tuple(results + errors + [_counted(check, NO_ROWS, 0) for check in absent]),
        skipped=skipped,
        unmeasured=frozenset(unmeasured),
    )


NO_ROWS = pl.DataFrame(schema={"verdict": pl.String, "skipped": pl.String})


def _is_elsewhere(check: Check, present: set[str]) -> bool:
    """Whether a check of ours is about a cloud that the bill has no line of: its query would return no row.

    A user's own check is run all the same: its mistakes are to be told.
    """
    return check.trusted and check.provider not in ("any", *present)


Outcome = tuple["Mapping[str, Any]", pl.DataFrame] | str


def _outcomes(
    con: duckdb.DuckDBPyConnection,
    checks: Sequence[Check],
    as_of: date,
    overrides: Mapping[str, Mapping[str, Any]],
    parallel: bool,
) -> list[Outcome]:
    """(parameters, judged rows) of every check in order, or the text of its error."""

    gaps = _gaps(con)

    def run(cursor: duckdb.DuckDBPyConnection, check: Check) -> Outcome:
        try:
            params = check.bind(overrides.get(check.id, {}), as_of)
            return params, judged_rows(cursor, check, params, gaps)
        except (duckdb.Error, pl.exceptions.PolarsError, AdvisorError) as error:
            return str(error).split("\n")[0]

    if not parallel:
        return [run(con, check) for check in checks]
    outcomes: dict[int, Outcome] = {}
    hungry: list[int] = []  # memory is shared: what does not fit beside others may fit alone
    todo = iter(enumerate(checks))  # shared by the threads: who is free takes the next check

    def work(cursor: duckdb.DuckDBPyConnection) -> None:
        for index, check in todo:
            outcomes[index] = run(cursor, check)
            if isinstance(outcome := outcomes[index], str) and outcome.startswith("Out of Memory Error"):
                hungry.append(index)

    with store.side_by_side(con) as workers, ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, [con.cursor() for _ in range(workers)]))
        for index in sorted(hungry):
            outcomes[index] = run(con, checks[index])
    return [outcomes[index] for index in range(len(checks))]


RESOURCE = ["provider", "sub_account_id", "resource_id"]


def _overruled(
    judged: Sequence[tuple[Check, Mapping[str, Any], pl.DataFrame]],
) -> list[tuple[Check, Mapping[str, Any], pl.DataFrame]]:
    """Lets checks that measured overrule those that infer: what one judged, a check that it names does not find."""
    measured: dict[str, list[pl.DataFrame]] = {}
    for check, _, rows in judged:
        if check.overrules:
            known = _measured_resources(rows)
            for other in check.overrules:
                measured.setdefault(other, []).append(known)
    return [
        (check, params, _quieted(rows, pl.concat(measured[check.id]).unique()) if check.id in measured else rows)
        for check, params, rows in judged
    ]


def _measured_resources(rows: pl.DataFrame) -> pl.DataFrame:
    """Resources that were judged; of groups their members."""
    known = rows.filter(pl.col("verdict").is_in(["quiet", "found"]))
    if "members" not in rows.columns:
        return known.select(RESOURCE)
    groups = known.filter(pl.col("members").list.len() > 0)
    members = groups.explode("members").with_columns(resource_id=pl.col("members").struct.field("resource_id"))
    return pl.concat([known.select(RESOURCE), members.select(RESOURCE)])


def _quieted(rows: pl.DataFrame, measured: pl.DataFrame) -> pl.DataFrame:
    marks = measured.with_columns(is_measured=pl.lit(value=True))
    marked = rows.join(marks, on=RESOURCE, how="left", maintain_order="left")
    verdict = pl.when(pl.col("is_measured") & (pl.col("verdict") == "found")).then(pl.lit("quiet")).otherwise("verdict")
    return marked.with_columns(verdict=verdict).drop("is_measured")


def _counted(check: Check, rows: pl.DataFrame, found: int) -> CheckResult:
    skipped = rows.filter(pl.col("verdict") == "skipped")["skipped"].to_list()
    return CheckResult(
        id=check.id,
        title=check.title,
        judged=rows.height - len(skipped),
        skipped=len(skipped),
        found=found,
        skip_reasons=dict(sorted(Counter(skipped).items())),
    )


def _worth(rows: pl.DataFrame, min_monthly_savings: float) -> pl.DataFrame:
    """Rows that cost a cent at least and save enough, or that are told for their own sake (sunk commitments)."""
    saves = (pl.col("monthly_savings") + pl.col("monthly_freed")) >= min_monthly_savings
    return rows.filter((pl.col("monthly_cost") >= 0.005) & (saves | (pl.col("saves") <= 0)))


def _first_days(con: duckdb.DuckDBPyConnection, found: Sequence[pl.DataFrame]) -> dict[Any, dict[str, date]]:
    """(provider, account, resource, currency) → usage type → first day in the whole bill, of resources in `found`."""
    keys = [frame.select("provider", "sub_account_id", "resource_id") for frame in found if not frame.is_empty()]
    if not keys:
        return {}
    con.register("found_keys", pl.concat(keys).unique().to_arrow())
    days: dict[Any, dict[str, date]] = {}
    for *key, usage_type, day in con.execute(
        "select provider, sub_account_id, resource_id, billing_currency, usage_type, min(first_day) from usage_months"
        " semi join found_keys using (provider, sub_account_id, resource_id) group by all"
    ).fetchall():
        days.setdefault(tuple(key), {})[usage_type] = day
    con.unregister("found_keys")
    return days


def _priced(
    rows: pl.DataFrame, params: Mapping[str, Any], first_days: Mapping[Any, Mapping[str, date]]
) -> pl.DataFrame:
    """Money per month, from the first day on which these charges occur anywhere in the bill.

    The first day inside a check's window is not it: a machine that rests on weekends would be spread over too few days.
    """
    firsts = []
    for row in rows.iter_rows(named=True):
        known = first_days.get(tuple(row[name] for name in (*RESOURCE, "billing_currency")), {})
        claimed = [known[u] for u in row.get("claims") or known if u in known]
        firsts.append(min([row["first_day"], *claimed]))
    dated = rows.with_columns(pl.Series("first_day", firsts, dtype=pl.Date))
    window = params if "window_days" in params else {**params, "window_days": 3660}
    return kinds.price(dated.lazy(), window).collect()


def merge_checks(parts: Sequence[Sequence[CheckResult]]) -> tuple[CheckResult, ...]:
    """One result per check over groups of loads that were judged as of different days."""
    merged: dict[str, CheckResult] = {}
    for result in (r for part in parts for r in part):
        before = merged.get(result.id)
        if before is None:
            merged[result.id] = result
            continue
        reasons = Counter(before.skip_reasons) + Counter(result.skip_reasons)
        merged[result.id] = CheckResult(
            id=result.id,
            title=result.title,
            judged=before.judged + result.judged,
            skipped=before.skipped + result.skipped,
            found=before.found + result.found,
            error=before.error or result.error,
            skip_reasons=dict(sorted(reasons.items())),
        )
    return tuple(merged[key] for key in sorted(merged))


GAP_SHARE = 0.1
"""Part of a window that an export may lack before what is left of it proves nothing."""


def _gaps(con: duckdb.DuckDBPyConnection) -> dict[str, list[date]]:
    """Cloud → days without any usage line between the first and the last day of its exports."""
    days: dict[str, list[date]] = {}
    for provider, day in con.execute(
        "select distinct provider, charge_date from usage_days order by provider, charge_date"
    ).fetchall():
        days.setdefault(provider, []).append(day)
    return {
        provider: [
            before + timedelta(days=n) for before, after in pairwise(seen) for n in range(1, (after - before).days)
        ]
        for provider, seen in days.items()
    }


def _missing(gaps: Mapping[str, Sequence[date]], params: Mapping[str, Any]) -> dict[str, int]:
    """Cloud → days of the check's window that its exports lack, where they are few."""
    window_days, as_of = params.get("window_days", 0), params["as_of"]
    missing = {
        provider: sum(as_of - timedelta(days=window_days) < day <= as_of for day in days)
        for provider, days in gaps.items()
    }
    return {provider: n for provider, n in missing.items() if 0 < n <= GAP_SHARE * window_days}


def judged_rows(
    con: duckdb.DuckDBPyConnection,
    check: Check,
    params: Mapping[str, Any],
    gaps: Mapping[str, Sequence[date]] | None = None,
) -> pl.DataFrame:
    """All rows of a check with verdict and reason for skipping."""
    machine = MACHINES.search(check.sql) if check.trusted else None
    numbers = _machine_numbers(con, machine[1]) if machine else []
    if len(numbers) <= MACHINES_AT_ONCE:
        return _judged_rows(con, check, params, gaps)
    parts = []
    try:
        for first in range(0, len(numbers), MACHINES_AT_ONCE):
            part = numbers[first : first + MACHINES_AT_ONCE]
            con.execute(f"set variable first_machine = {part[0]}; set variable last_machine = {part[-1]}")
            parts.append(_judged_rows(con, check, params, gaps))
    finally:
        con.execute("reset variable first_machine; reset variable last_machine")
    return pl.concat(parts, how="diagonal_relaxed")


MACHINES = re.compile(r"\bmachines\('(\w+)'")
MACHINES_AT_ONCE = 1500
"""Machines whose days are held in memory together: some 5 MB per metric of sixty days."""


def _machine_numbers(con: duckdb.DuckDBPyConnection, machine: str) -> list[int]:
    """The numbers of the machines of one service, in order (queries/scan/shapes.sql)."""
    rows = con.execute("select unit_no from machine_numbers where machine = ? order by unit_no", [machine]).fetchall()
    return [row[0] for row in rows]


def _judged_rows(
    con: duckdb.DuckDBPyConnection, check: Check, params: Mapping[str, Any], gaps: Mapping[str, Sequence[date]] | None
) -> pl.DataFrame:
    frame = select(con, check, params)
    if "provider" in frame.columns and (lacking := _missing(gaps or {}, params)):
        frame = frame.with_columns(
            pl.col("provider").replace_strict(lacking, default=0, return_dtype=pl.Int64).alias(kinds.MISSING)
        )
    missing = [name for name in kinds.COMMON if name not in frame.columns]
    if missing:
        raise CheckError(
            f"check {check.id}", why=f"returns no column {', '.join(missing)}", fix=f"Add it to {check.origin}."
        )
    if "span_days" not in frame.columns and "window_days" not in params:
        raise CheckError(
            f"check {check.id}",
            why="has no parameter window_days and returns no span_days",
            fix=f"Add one of them to {check.origin}.",
        )
    try:
        judged: pl.DataFrame = kinds.KINDS[check.kind](frame.lazy(), check.judge, params).collect()
    except KeyError as error:
        raise CheckError(
            f"check {check.id}",
            why=f"lacks {error.args[0]}, which kind {check.kind} needs in [judge] or as a parameter",
            fix=f"Add it to {check.origin}.",
        ) from error
    return judged


def select(con: duckdb.DuckDBPyConnection, check: Check, params: Mapping[str, Any]) -> pl.DataFrame:
    """The rows of a check's query. A user's own check may be one SELECT only."""
    if not check.trusted:
        store.require_select(check.sql)
    frame = pl.from_arrow(con.execute(check.sql, check.query_params(params)).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table becomes a frame, an array a series
    return frame


def settle(candidates: Iterable[_Candidate]) -> tuple[Finding, ...]:
    """Lets each resource-dollar be claimed once: by kind in the order of model.KINDS, then by savings, then by id.

    A finding whose money is already claimed is dropped and named in `overlaps` of the one in front; one on a group of
    machines counts only those members that are still free. Findings on a whole region or account come last and count
    only what nobody inside them claimed.
    """
    order = {kind: rank for rank, kind in enumerate(KIND_ORDER)}
    ranked = sorted(
        candidates, key=lambda c: (order[c.finding.kind], c.yields, -c.finding.monthly_savings, c.finding.id)
    )
    kept: list[_Candidate] = []
    by_resource: dict[tuple[str, str, str, str], list[_Candidate]] = {}
    for candidate in ranked:
        own = candidate.finding
        free: list[str] = []
        for resource_id in candidate.members or [own.resource_id]:
            fronts = by_resource.setdefault((own.provider, own.account_id, resource_id, own.currency), [])
            ahead = [f for f in fronts if not f.claims or not candidate.claims or f.claims & candidate.claims]
            for front in ahead:
                if front.finding.check_id != own.check_id:
                    front.overlaps.add(own.check_id)
            if not ahead:
                free.append(resource_id)
        if not free:
            continue
        candidate.finding = _without_claimed(candidate, free)
        for resource_id in free:
            by_resource[own.provider, own.account_id, resource_id, own.currency].append(candidate)
        kept.append(candidate)
    findings = [replace(c.finding, overlaps=tuple(sorted(c.overlaps))) for c in kept]
    return tuple(sorted(_settle_scopes(findings), key=lambda f: (-f.monthly_savings, f.id)))


def _without_claimed(candidate: _Candidate, free: Sequence[str]) -> Finding:
    """The finding on a group reduced to its members whose money nobody claimed."""
    finding, whole = candidate.finding, sum(candidate.members.values())
    if len(free) == max(1, len(candidate.members)) or whole <= 0:
        return finding
    share = sum(candidate.members[resource_id] for resource_id in free) / whole
    evidence = dict(finding.evidence)
    if "freed_monthly_cost" in evidence:
        evidence["freed_monthly_cost"] = round(evidence["freed_monthly_cost"] * share, 2)
    return replace(
        finding,
        monthly_cost=finding.monthly_cost * share,
        monthly_savings=finding.monthly_savings * share,
        monthly_savings_list=finding.monthly_savings_list * share,
        evidence={**evidence, "members_with_findings_of_their_own": len(candidate.members) - len(free)},
    )


def _settle_scopes(findings: Sequence[Finding]) -> list[Finding]:
    """Reduces findings on a region or account by what findings inside them already claim."""
    wide = [f for f in findings if f.evidence.get("scope") in ("region", "account")]
    narrow = [f for f in findings if f.evidence.get("scope") not in ("region", "account")]
    settled = list(narrow)
    for finding in sorted(wide, key=lambda f: (f.evidence["scope"] != "region", f.id)):
        inside = [
            f
            for f in settled
            if (f.provider, f.account_id, f.currency) == (finding.provider, finding.account_id, finding.currency)
            and (finding.evidence["scope"] == "account" or f.region == finding.region)
        ]
        claimed = sum(f.monthly_savings for f in inside)
        settled.append(
            replace(
                finding,
                monthly_savings=max(0.0, finding.monthly_savings - claimed),
                monthly_savings_list=max(
                    0.0, finding.monthly_savings_list - sum(f.monthly_savings_list for f in inside)
                ),
                evidence={**finding.evidence, "claimed_by_findings_inside": round(claimed, 2)}
                if inside
                else finding.evidence,
            )
        )
    return settled


def _candidates(
    con: duckdb.DuckDBPyConnection,
    found: Sequence[tuple[Check, pl.DataFrame]],
    as_of: date,
    opinions: Mapping[tuple[str, str, str], Sequence[Mapping[str, Any]]],
) -> list[_Candidate]:
    """Findings of all checks with what is known of their resources, looked up once."""
    keys = [_looked_up(frame) for _, frame in found if not frame.is_empty()]
    if not keys:
        return []
    con.register("found_keys", pl.concat(keys).unique().to_arrow())
    known = con.execute(
        "select r.provider, r.sub_account_id, r.resource_id, r.region_id, r.service_name, r.owner, r.environment,"
        " r.name_tag, r.resource_name, r.billing_account_id, map_keys(t.tags) as tag_names, map_values(t.tags) as tag_values"
        " from resources r semi join found_keys using (provider, sub_account_id, resource_id)"
        " left join tag_sets t on t.load_id = r.load_id and t.tag_key = r.tag_key"
    )
    columns = [column[0] for column in known.description]
    about = {row[:3]: dict(zip(columns, row, strict=True)) for row in known.fetchall()}
    con.unregister("found_keys")
    names = account_names(con)
    made: dict[str, _Candidate] = {}
    for check, frame in found:
        for row in frame.iter_rows(named=True):
            # A group is owned and placed as its members are.
            known_by = (row.get("members") or [row])[0]["resource_id"]
            key = (row["provider"], row["sub_account_id"], known_by)
            candidate = _candidate(check, row, about.get(key, {}), names, as_of, opinions.get(key, ()))
            # One thing billed in two currencies (its account moved to another payer): the newer charges count.
            before = made.get(candidate.finding.id)
            if before is None or _recency(before) < _recency(candidate):
                made[candidate.finding.id] = candidate
    return list(made.values())


def _looked_up(frame: pl.DataFrame) -> pl.DataFrame:
    keys = frame.select(RESOURCE)
    if "members" not in frame.columns:
        return keys
    first = pl.col("members").list.first().struct.field("resource_id")
    return frame.select("provider", "sub_account_id", pl.coalesce(first, "resource_id").alias("resource_id"))


def _opinions(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    """Resource → what its cloud itself recommends, where such advice was loaded."""
    columns = ("source", "action", "current_shape", "target_shape", "monthly_savings", "currency", "refreshed_on")
    opinions: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for *key, source, action, now, target, savings, currency, day in con.execute(
        f"select provider, sub_account_id, resource_id, {', '.join(columns)} from advice order by all"
    ).fetchall():
        values = (source, action, now, target, savings, currency, day)
        opinion = {n: _plain(v) for n, v in zip(columns, values, strict=True) if v not in (None, "")}
        opinions.setdefault((key[0], key[1], key[2]), []).append(opinion)
    return opinions


def _recency(candidate: _Candidate) -> tuple[str, float]:
    return candidate.finding.evidence["observed_to"], candidate.finding.monthly_cost


def account_names(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Names of accounts by id, the newest non-empty one."""
    rows = con.execute(
        "select sub_account_id, arg_max(sub_account_name, load_id) from usage_meters"
        " where coalesce(sub_account_name, '') <> '' group by 1"
    ).fetchall()
    return dict(rows)


def _candidate(
    check: Check,
    row: Mapping[str, Any],
    about: Mapping[str, Any],
    names: Mapping[str, str],
    as_of: date,
    opinions: Sequence[Mapping[str, Any]],
) -> _Candidate:
    resource_id = row["resource_id"]
    grouped = resource_id.startswith("all:")
    evidence = {name: _plain(value) for name, value in row.items() if name not in RESERVED and value not in (None, "")}
    evidence["observed_from"] = row["first_day"].isoformat()
    evidence["observed_to"] = row["last_day"].isoformat()
    if row["monthly_freed"] >= 0.005:
        evidence["freed_monthly_cost"] = round(row["monthly_freed"], 2)
    if check.scope != "resource":
        evidence["scope"] = check.scope
    members = {m["resource_id"]: 0.0 for m in row.get("members") or ()}
    for member in row.get("members") or ():
        members[member["resource_id"]] += member["cost"]
    if members:
        evidence["machines"] = len(members)
    if opinions:
        evidence["second_opinion"] = list(opinions)
    reason = PLACEHOLDER.sub(lambda m: _readable(row.get(m[1], m[0])), check.reason)
    account = row["sub_account_id"]
    if grouped:
        whose = "account" if row["provider"] != "gcp" or account == about.get("billing_account_id") else "project"
        reason += (
            f" The export names no resource here: this is the sum over all such resources of the {whose} and region."
        )
    region = row.get("region_id") or about.get("region_id") or ""
    name = about.get("resource_name") or ""
    tags = dict(zip(about.get("tag_names") or (), about.get("tag_values") or (), strict=True))
    place = PLACE.search(resource_id)
    fields = {
        "region": region,
        "location": place[1] if place else region,
        "resource_id": resource_id,
        "resource_name": row.get("group_name") or re.split(r"[:/]", name or resource_id)[-1] or resource_id,
        "account_id": account,
        "target": str(row.get("target") or ""),
    }
    finding = Finding(
        id=finding_id(check.id, row["provider"], account, resource_id),
        check_id=check.id,
        kind=check.kind,
        title=check.title,
        reason=reason,
        provider=row["provider"],
        service=row.get("service_name") or check.service,
        account_id=account,
        account_name=names.get(account, ""),
        region=region,
        resource_id=resource_id,
        resource_name=f"{row.get('service_name') or check.service}, {region or 'global'}"
        if grouped
        else row.get("group_name") or about.get("name_tag") or short_name(name or resource_id),
        resource_type=row.get("resource_type") or "",
        owner=about.get("owner") or "",
        environment=about.get("environment") or "",
        tags=tags,
        monthly_cost=row["monthly_cost"],
        monthly_savings=row["monthly_savings"],
        monthly_savings_list=row["monthly_savings_list"],
        currency=row["billing_currency"],
        confidence=(row.get("group_confidence") or "low") if grouped else (row.get("confidence") or check.confidence),
        effort=check.effort,
        risk=check.risk,
        evidence=evidence,
        blind_spots=check.blind_spots,
        remediation=check.remediation,
        commands=command_lines(check.commands.get("group" if grouped else row.get("variant") or "", ""), fields),
        overlaps=(),
        status="new",
        first_seen=as_of,
        last_seen=as_of,
    )
    return _Candidate(finding=finding, claims=frozenset(row.get("claims") or ()), members=members, yields=check.yields)


def short_name(resource_id: str) -> str:
    """What people call a resource: the end of its ARN, a load balancer's name without its id, a log group's path."""
    balancer = re.search(r":loadbalancer/(?:app|net|gwy)/([^/]+)/", resource_id)
    if balancer:
        return balancer[1]
    group = re.search(r":log-group:([^:]+)", resource_id)
    return group[1] if group else re.split(r"[:/]", resource_id)[-1] or resource_id


def command_lines(template: str, fields: Mapping[str, str]) -> tuple[str, ...]:
    """The commands of `template`, one per line, with `fields` filled in and quoted for a shell.

    A value that is empty or has anything but plain identifier characters could say something else to a shell or to
    the program (an option, an expansion): then there is no command at all.
    """
    names = set(PLACEHOLDER.findall(template))
    if not template or any(not PLAIN.fullmatch(fields.get(name) or "") for name in names):
        return ()
    filled = PLACEHOLDER.sub(lambda m: shlex.quote(fields[m[1]]), template)
    return tuple(line.strip() for line in filled.splitlines() if line.strip())


def _fill(
    con: duckdb.DuckDBPyConnection, table: str, schema: Mapping[str, Any], rows: Sequence[tuple[Any, ...]]
) -> None:
    _keep(con, table, pl.DataFrame(rows, schema=dict(schema), orient="row"))


def _keep(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    con.register("fill_rows", frame.to_arrow())
    con.execute(f"create or replace table {table} as select * from fill_rows")
    con.unregister("fill_rows")


def _plain(value: Any) -> Any:
    """A JSON value; amounts rounded to what a reader can use."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, Decimal):
        return round(float(value), 6)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return value if isinstance(value, (str, int, bool)) or value is None else json.dumps(value, default=str)


def _readable(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, list):
        return ", ".join(str(v) for v in value)
    return str(value)
