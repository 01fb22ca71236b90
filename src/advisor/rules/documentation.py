"""What a check means, as text for the terminal and for queries/README.md, and the template of a new one."""

from __future__ import annotations

import inspect
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from advisor import store
from advisor.errors import CheckError
from advisor.rules import cases, engine
from advisor.rules.context import ContextRules
from advisor.rules.kinds import COMMON, KINDS, OPTIONAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from advisor.rules.catalogue import Check


def check_text(check: Check, *, with_sql: bool) -> str:
    """One check for a terminal: meaning, parameters, way out, blind spots, and the query if asked."""
    lines = [
        f"{check.id}: {check.title}",
        f"  kind {check.kind}, confidence {check.confidence}, effort {check.effort}, risk {check.risk}",
        f"  service      {check.service}",
        f"  says         {check.reason}",
        f"  way out      {check.remediation}",
        f"  cannot see   {check.blind_spots}",
        f"  defined in   {check.origin}",
    ]
    lines += [f"  parameter    {p.name} = {p.default} {p.unit}: {p.help}" for p in check.params.values()]
    for variant, command in check.commands.items():
        label = f"command      ({variant}) " if variant else "command      "
        lines += [f"  {label}{line}" for line in command.strip().splitlines()]
    if with_sql:
        lines += ["", check.sql]
    return "\n".join(lines)


def catalogue_markdown(checks: Iterable[Check]) -> str:
    """The catalogue as Markdown: counts, an overview table, and a section per check."""
    checks = sorted(checks, key=lambda c: c.id)
    kinds = Counter(c.kind for c in checks)
    parts = [
        f"{len(checks)} checks: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) + ".",
        "",
        "| check | kind | confidence | what it says |",
        "|---|---|---|---|",
        *(f"| [{c.id}](#{c.id}) | {c.kind} | {c.confidence} | {_cell(c.title)} |" for c in checks),
        "",
    ]
    for check in checks:
        parts += _section(check)
    return "\n".join(parts)


def _section(check: Check) -> list[str]:
    rows = [f"| `{p.name}` | {p.default} | {p.unit} | {_cell(p.help)} |" for p in check.params.values()]
    commands = [line.strip() for text in check.commands.values() for line in text.strip().splitlines()]
    return [
        f"### {check.id}",
        "",
        f"{check.title}. {check.service}; kind {check.kind}, confidence {check.confidence}, effort {check.effort},"
        f" risk {check.risk}.",
        "",
        f"**Way out.** {check.remediation}",
        "",
        f"**Cannot see.** {check.blind_spots}",
        "",
        f"**Query.** [{check.origin.removeprefix('queries/')}]({check.origin.removeprefix('queries/')})",
        "",
        *(["| parameter | default | unit | meaning |", "|---|---|---|---|", *rows, ""] if rows else []),
        *(["```sh", *commands, "```", ""] if commands else []),
    ]


RELATIONS = {
    "usage_meters": "one row per meter (resource, SKU, usage type, price class): what exists, without amounts",
    "usage_days": "usage of one meter on one day: what most checks read",
    "usage_months": "the same by month: small, for long histories",
    "resource_days": "every other line as well: fees, taxes, credits, refunds, told apart by `charge_role`",
    "resource_months": "the same by month",
    "resources": "one row per resource: owner, environment, first and last day, main region and service",
}


def relations_markdown() -> str:
    """What the query of a check may read, with all columns."""
    with store.scratch() as con:
        engine.prepare(con, loads=[], as_of=date(2026, 1, 31), context=ContextRules())
        columns = {name: [row[0] for row in con.execute(f"describe {name}").fetchall()] for name in RELATIONS}
    of_meters = columns["usage_meters"]
    parts = []
    for name, text in RELATIONS.items():
        extends = set(of_meters) < set(columns[name])
        own = [column for column in columns[name] if not (extends and column in of_meters)]
        more = "; the columns of usage_meters and these" if extends else ""
        parts += [f"`{name}`: {text}{more}.", "", "```text", *_wrapped(own), "```", ""]
    return "\n".join(parts[:-1])


def _wrapped(words: Iterable[str], width: int = 118) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def columns_markdown() -> str:
    """What a check's query must and may return."""
    rows = [*((n, "yes", t) for n, t in COMMON.items()), *((n, "", t) for n, t in OPTIONAL.items())]
    return "\n".join(
        ["| column | required | meaning |", "|---|---|---|", *(f"| `{n}` | {r} | {_cell(t)} |" for n, r, t in rows)]
    )


def kinds_markdown() -> str:
    """Each kind in the words of its function, with the [judge] table of the template."""
    parts = []
    for name, kind in KINDS.items():
        parts += [f"#### {name}", "", inspect.getdoc(kind) or "", "", "```toml", "[judge]", JUDGE[name], "```", ""]
    return "\n".join(parts[:-1])


def cases_text() -> str:
    """The fields of a case file, in the words of the module that runs it."""
    lines = inspect.cleandoc(cases.__doc__ or "").splitlines()
    return "\n".join(["```text", *(line.removeprefix("    ") for line in lines[4:]), "```"])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


JUDGE = {
    "idle": 'use = "gb"\nper = "hours"\nat_most = "max_gb_per_hour"',
    "schedule": 'hours = "hours"\nat_least = "min_share"',
    "stale": 'value = "age_days"\nat_least = "min_age_days"\nhistory = "history_days"',
    "forgotten": 'value = "age_days"\nat_least = "min_age_days"\nnothing = "dependants"',
    "modernize": 'ratio = "price_ratio"',
    "commitment": 'unused = "unused_cost"\nabove = "min_unused_share"',
}


def scaffold(provider: str, stem: str, kind: str) -> dict[str, str]:
    """File suffix → text of a new pair; the kind's part of the header is filled in."""
    if kind not in KINDS:
        raise CheckError(f"kind {kind}", why="does not exist", fix=f"Kinds are {', '.join(sorted(KINDS))}.")
    check_id = f"{provider}-{stem.replace('_', '-')}"
    return {".sql": SQL.format(check_id=check_id, kind=kind, judge=JUDGE[kind]), ".cases.toml": CASES}


SQL = """/*---
id          = "{check_id}"
title       = "The situation in one line"
kind        = "{kind}"
service     = "Name of the service"
confidence  = "medium"            # what the bill alone can prove: high, medium, low
blind_spots = "What the bill cannot show."
remediation = "Starts with a verb."
command     = "aws … --region {{region}} --id {{resource_name}}"
reason      = "Did {{gb}} GB in {{hours}} billed hours."
[judge]
{judge}
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_gb_per_hour]
default = 0.01
unit    = "GB/h"
help    = "At or below this it counts as unused."
---*/
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    min(charge_date) as first_day,                                                      -- UTC day
    max(charge_date) as last_day,                                                       -- UTC day
    count(distinct charge_date) as observed_days,                                       -- days
    sum(effective_cost) as cost,                                                        -- billing currency
    sum(committed_cost) as committed_cost,                                              -- billing currency
    sum(list_cost) as list_cost,                                                        -- billing currency
    sum(consumed_quantity) filter (usage_kind = 'Thing-Hours') as hours,                -- h
    coalesce(sum(consumed_quantity) filter (usage_kind = 'Thing-Bytes'), 0) as gb       -- GB
from usage_days
where charge_date > $as_of - $window_days
    and charge_date <= $as_of
    and (sub_account_id, resource_id) in (
        select (sub_account_id, resource_id) from usage_meters where usage_kind = 'Thing-Hours'
    )
group by all
"""

CASES = """as_of = 2026-07-31

[defaults]
service_code = "AmazonThing"
service_name = "Name of the service"

[[case]]
name = "an unused thing is found"
covers = ["fires"]
rows = \"\"\"
resource_id | usage_type  | charge_date            | consumed_quantity | effective_cost
thing-1     | Thing-Hours | 2026-07-01..2026-07-31 | 24                | 1.20
\"\"\"
expect = [{ resource_id = "thing-1", monthly_savings = 36.53 }]

[[case]]
name = "a used one passes"
covers = ["quiet"]
rows = \"\"\"
resource_id | usage_type  | charge_date            | consumed_quantity | effective_cost
thing-2     | Thing-Hours | 2026-07-01..2026-07-31 | 24                | 1.20
thing-2     | Thing-Bytes | 2026-07-01..2026-07-31 | 50                | 2.00
\"\"\"

[[case]]
name = "exactly at the threshold it counts, above it does not"
covers = ["boundary"]
rows = \"\"\"
resource_id | usage_type  | charge_date            | consumed_quantity | effective_cost
thing-at    | Thing-Hours | 2026-07-01..2026-07-31 | 24                | 1.20
thing-at    | Thing-Bytes | 2026-07-01..2026-07-31 | 0.24              | 0.01
thing-over  | Thing-Hours | 2026-07-01..2026-07-31 | 24                | 1.20
thing-over  | Thing-Bytes | 2026-07-01..2026-07-31 | 0.25              | 0.01
\"\"\"
expect = [{ resource_id = "thing-at" }]

[[case]]
name = "thirteen days are too few"
covers = ["short-history"]
rows = \"\"\"
resource_id | usage_type  | charge_date            | consumed_quantity | effective_cost
thing-new   | Thing-Hours | 2026-07-19..2026-07-31 | 24                | 1.20
\"\"\"
skipped = ["thing-new"]

[[case]]
name = "without its hour lines it cannot be judged"
covers = ["missing-usage"]
rows = \"\"\"
resource_id | usage_type  | charge_date            | consumed_quantity | effective_cost
thing-x     | Thing-Bytes | 2026-07-01..2026-07-31 | 0                 | 0.00
\"\"\"

[[case]]
name = "credits and refunds change nothing"
covers = ["credit"]
rows = \"\"\"
resource_id | usage_type  | charge_date            | consumed_quantity | effective_cost | line_item_type
thing-3     | Thing-Hours | 2026-07-01..2026-07-31 | 24                | 1.20           | Usage
thing-3     | Thing-Hours | 2026-07-20             | 0                 | -30            | Credit
\"\"\"
expect = [{ resource_id = "thing-3", monthly_savings = 36.53 }]
"""
