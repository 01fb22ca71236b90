"""Which billing periods are judged, and as of which day: nothing twice, and no day that is not complete."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING

from advisor.errors import StoreError
from advisor.model import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from duckdb import DuckDBPyConnection

MAX_LAG_DAYS = 3
"""Sources whose last complete days lie this near together are judged as of the same day."""

COMPLETE_SHARE = 0.9
"""A day with less than this part of the least day of the week before it is taken as not yet complete."""

OVERLAP_SHARE = 0.5
"""Two loads of one payer and month that share this part of their resource-days are the same money twice."""


def countable(con: DuckDBPyConnection) -> tuple[tuple[int, ...], tuple[Problem, ...]]:
    """Loads that are judged: of loads that hold the same money (CUR beside FOCUS, copies) only the best one."""
    dropped: dict[int, Problem] = {}
    shared = con.execute(report_sql("overlapping_loads"), {"least_share": OVERLAP_SHARE}).fetchall()
    for kept, kept_source, lost, lost_source, period in shared:
        if kept not in dropped and lost not in dropped:
            dropped[lost] = Problem(
                what=f"source {lost_source} {period:%Y-%m}",
                why=f"holds the same charges as {kept_source}",
                fix="It is left out so that nothing is counted twice; load one export per payer and month.",
                incomplete=False,
            )
    rows = con.execute("select load_id from loads order by load_id").fetchall()
    return tuple(row[0] for row in rows if row[0] not in dropped), tuple(dropped.values())


def histories(con: DuckDBPyConnection) -> dict[int, int]:
    """Load → its history: one source, or several of one payer that follow each other (a folder or file per month).

    Pieces of one history share a billing period at most, where one ends and the next begins.
    """
    sources: dict[str, tuple[set[date], set[tuple[str, str]], list[int]]] = {}
    for load_id, source, period, provider, account in con.execute(
        "select distinct l.load_id, l.source, l.period, m.provider, m.billing_account_id"
        " from loads l left join meters m using (load_id) order by all"
    ).fetchall():
        periods, payers, members = sources.setdefault(source, (set(), set(), []))
        periods.add(period)
        members.append(load_id)
        if account:
            payers.add((provider, account))
    found: list[tuple[set[date], set[tuple[str, str]], list[int]]] = []
    for periods, payers, members in sorted(sources.values(), key=lambda s: (min(s[0]), s[2])):
        earlier = next((h for h in found if h[1] & payers and len(h[0] & periods) <= 1), None)
        if earlier is None:
            found.append((set(periods), set(payers), list(members)))
        else:
            earlier[0].update(periods)
            earlier[1].update(payers)
            earlier[2].extend(members)
    return {load_id: number for number, (_, _, members) in enumerate(found) for load_id in members}


def clocks(con: DuckDBPyConnection, loads: Sequence[int]) -> dict[date, list[int]]:
    """Loads by the day as of which they are judged: the last complete day of their history."""
    history = histories(con)
    days: dict[int, list[tuple[date, float]]] = defaultdict(list)
    for number, day, lines, cost, hourly in con.execute(
        report_sql("last_days"),
        {"loads": list(loads), "histories": [{"load_id": key, "history": value} for key, value in history.items()]},
    ).fetchall():
        # A day that has begun has fewer lines where they are hourly, and smaller ones where they are daily.
        days[number].append((day, lines if hourly else cost))
    last = {number: _last_complete(rows) for number, rows in days.items()}
    members: dict[int, list[int]] = defaultdict(list)
    for load_id in loads:
        if history[load_id] in last:
            members[history[load_id]].append(load_id)
    clocks: dict[date, list[int]] = {}
    for number in sorted(members, key=lambda n: last[n], reverse=True):
        near = [day for day in clocks if day - last[number] <= timedelta(days=MAX_LAG_DAYS)]
        loads_so_far = clocks.pop(near[0]) if near else []
        clocks[last[number]] = loads_so_far + members[number]
    if not clocks:
        raise StoreError("database", why="holds no usage at all", fix="Load an export with usage lines.")
    return clocks


def _last_complete(rows: Sequence[tuple[date, float]]) -> date:
    """The newest day that has nearly as much as the least of the seven days before it, which hold a weekend."""
    ordered = sorted(rows, reverse=True)
    for index, (day, measure) in enumerate(ordered[:4]):
        before = [m for _, m in ordered[index + 1 : index + 8]]
        if not before or measure >= COMPLETE_SHARE * min(before):
            return day
    return ordered[0][0]


def stale(con: DuckDBPyConnection, clocks: Mapping[date, Sequence[int]]) -> tuple[Problem, ...]:
    """What to say of sources that end before the newest one: their findings are as of another day."""
    newest = max(clocks)
    names = dict(con.execute("select load_id, source from loads").fetchall())
    return tuple(
        Problem(
            what=f"source {source}",
            why=f"ends on {as_of}, other sources on {newest}",
            fix="Its findings are as of its own last day; check whether the export is still delivered.",
            incomplete=False,
        )
        for as_of, loads in sorted(clocks.items())
        if as_of != newest
        for source in sorted({names[load_id] for load_id in loads})
    )


def report_sql(name: str) -> str:
    """The text of a query of queries/reports."""
    return (files("advisor.queries") / "reports" / f"{name}.sql").read_text("utf-8")
