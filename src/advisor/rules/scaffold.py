"""The template of a new check: a pair that loads, runs and passes its own cases, to be changed into the real one."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.errors import CheckError
from advisor.rules.kinds import KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Template:
    """What differs from kind to kind; `query` and `cases` stand for the common ones where a kind needs its own."""

    judge: str
    params: tuple[tuple[str, float, str, str], ...]
    reason: str
    columns: tuple[str, ...] = ()
    fires: str = ""
    savings: float = 0.0
    quiet: str = ""
    boundary: str = ""
    short: str = ""
    query: str = ""
    cases: str = ""


HOURS = "Thing-Hours | 2026-07-01..2026-07-31 | 24   | 1.20"
BYTES = "Thing-Bytes | 2026-07-01..2026-07-31"
LONG = ("window_days", 400, "days", "Trailing days whose charges are read.")
AGE = ("min_age_days", 20, "days", "From this age on it counts.")
AGE_COLUMNS = (
    "date_diff('day', min(charge_date), $as_of) + 1 as age_days,           -- days",
    "date_diff('day', min(source_first_day), $as_of) + 1 as history_days,  -- days the export could have shown",
)
WINDOW = ("window_days", 14, "days", "Trailing days that must be observed.")
NEW = "thing-new   | Thing-Hours | 2026-07-19..2026-07-31 | 24   | 1.20"

OVERSIZED_QUERY = """---*/
-- One row per machine or group of machines with its shape, its load and what else there is: ec2, rds, elasticache,
-- opensearch, sagemaker, compute, cloudsql. The kind picks the target.
select
    *,
    'EC2 instance' as resource_type
from machines('ec2', $as_of, $window_days)
"""

OVERSIZED_CASES = '''as_of = 2026-07-31

[defaults]
service_code = "AmazonEC2"
service_name = "Amazon Elastic Compute Cloud"
operation = "RunInstances"
region_id = "us-east-1"
usage_type = "BoxUsage:m5.2xlarge"
consumed_quantity = "24"
effective_cost = "9.216"
''' + "".join(
    f'''
[[case]]
name = "{name}"
covers = ["{covers}"]
rows = """
resource_id | charge_date{header}
{rows}
"""
utilization = """
resource_id | metric          | metric_date            | average
{load}
"""
{expect}'''
    for name, covers, header, rows, load, expect in (
        ("a machine that hardly works is found", "fires", "", "i-1 | 2026-07-01..2026-07-31",
         "i-1 | cpu_utilization | 2026-07-01..2026-07-31 | 5", 'expect = [{ resource_id = "i-1" }]\n'),
        ("a busy one passes", "quiet", "", "i-2 | 2026-07-01..2026-07-31",
         "i-2 | cpu_utilization | 2026-07-01..2026-07-31 | 85", ""),
        ("as many days as are needed, and one less", "boundary", "",
         "i-at | 2026-07-18..2026-07-31\ni-past | 2026-07-19..2026-07-31",
         "i-at   | cpu_utilization | 2026-07-18..2026-07-31 | 5\ni-past | cpu_utilization | 2026-07-19..2026-07-31 | 5",
         'expect = [{ resource_id = "i-at" }]\nskipped = ["i-past"]\n'),
        ("too few days are too few", "short-history", "", "i-new | 2026-07-27..2026-07-31",
         "i-new | cpu_utilization | 2026-07-27..2026-07-31 | 5", 'skipped = ["i-new"]\n'),
        ("no samples are not zero", "missing-usage", "", "i-dark | 2026-07-01..2026-07-31",
         "i-other | cpu_utilization | 2026-07-01..2026-07-31 | 5", 'skipped = ["i-dark"]\n'),
        ("credits change nothing", "credit", " | effective_cost | line_item_type",
         "i-3 | 2026-07-01..2026-07-31 | 9.216 | Usage\ni-3 | 2026-07-20 | -30 | Credit",
         "i-3 | cpu_utilization | 2026-07-01..2026-07-31 | 5", 'expect = [{ resource_id = "i-3" }]\n'),
    )
)  # fmt: skip

TEMPLATES = {
    "idle": _Template(
        judge='use = "gb"\nper = "hours"\nat_most = "max_gb_per_hour"',
        params=(WINDOW, ("max_gb_per_hour", 0.01, "GB/h", "At or below this it counts as unused.")),
        columns=(),
        reason="Did {gb} GB in {hours} billed hours.",
        fires=f"thing-1     | {HOURS}",
        savings=36.53,
        quiet=f"thing-2     | {HOURS}\nthing-2     | {BYTES} | 50   | 2.00",
        boundary=f"thing-at    | {HOURS}\nthing-at    | {BYTES} | 0.24 | 0.01\n"
        f"thing-past  | {HOURS}\nthing-past  | {BYTES} | 0.25 | 0.01",
        short=NEW,
    ),
    "schedule": _Template(
        judge='hours = "hours"\nat_least = "min_share"',
        params=(
            WINDOW,
            ("min_share", 0.95, "share", "Share of the window's hours from which on it runs around the clock."),
            ("working_hours_per_week", 50, "h", "Hours of a week in which it is needed."),
        ),
        columns=(),
        reason="Ran {hours} hours of the window.",
        fires=f"thing-1     | {HOURS}",
        savings=25.65,
        quiet="thing-2     | Thing-Hours | 2026-07-01..2026-07-31 | 9    | 0.45",
        boundary="thing-at    | Thing-Hours | 2026-07-01..2026-07-31 | 22.8 | 1.14\n"
        "thing-past  | Thing-Hours | 2026-07-01..2026-07-31 | 22.7 | 1.13",
        short=NEW,
    ),
    "stale": _Template(
        judge='value = "age_days"\nat_least = "min_age_days"\nhistory = "history_days"',
        params=(LONG, AGE),
        columns=AGE_COLUMNS,
        reason="First billed {age_days} days ago.",
        fires=f"thing-1     | {HOURS}",
        savings=36.53,
        quiet="thing-2     | Thing-Hours | 2026-07-22..2026-07-31 | 24   | 1.20",
        boundary="thing-at    | Thing-Hours | 2026-07-12..2026-07-31 | 24   | 1.20\n"
        "thing-past  | Thing-Hours | 2026-07-13..2026-07-31 | 24   | 1.20",
        short=NEW,
    ),
    "forgotten": _Template(
        judge='value = "age_days"\nat_least = "min_age_days"\nhistory = "history_days"\nnothing = "days_with_use"',
        params=(LONG, AGE),
        columns=(
            *AGE_COLUMNS,
            "count(*) filter (usage_kind = 'Thing-Bytes' and consumed_quantity > 0) as days_with_use,  -- days",
        ),
        reason="First billed {age_days} days ago, and used on {days_with_use} days.",
        fires=f"thing-1     | {HOURS}",
        savings=36.53,
        quiet=f"thing-2     | {HOURS}\nthing-2     | {BYTES} | 50   | 2.00",
        boundary="thing-at    | Thing-Hours | 2026-07-12..2026-07-31 | 24   | 1.20\n"
        "thing-past  | Thing-Hours | 2026-07-13..2026-07-31 | 24   | 1.20",
        short=NEW,
    ),
    "modernize": _Template(
        judge='ratio = "price_ratio"',
        params=(
            WINDOW,
            ("min_days", 14, "days", "Days that must be billed."),
            ("min_saving_share", 0.2, "share", "Less is not worth the change."),
        ),
        columns=("case when bool_or(usage_kind = 'Thing-Bytes') then 0.81 else 0.8 end as price_ratio,  -- new / old",),
        reason="The successor costs {price_ratio} of it.",
        fires=f"thing-1     | {HOURS}",
        savings=7.31,
        quiet=f"thing-2     | {HOURS}\nthing-2     | {BYTES} | 50   | 2.00",
        boundary=f"thing-at    | {HOURS}\nthing-past  | {HOURS}\nthing-past  | {BYTES} | 1    | 0.00",
        short=NEW,
    ),
    "oversized": _Template(
        judge="",
        params=(
            ("window_days", 60, "days", "Trailing days whose load and cost are looked at."),
            ("min_days", 14, "days", "Days that must have been billed and measured."),
            ("cpu_headroom", 0.2, "share", "Part of the new shape's vCPUs that the expected peak leaves free."),
            ("memory_headroom", 0.2, "share", "The same of its memory."),
            ("min_saving_share", 0.05, "share", "Less is not worth the change."),
        ),
        reason="Its CPU reached {cpu_p99_percent} % of {vcpus} vCPUs; {target} would do.",
        query=OVERSIZED_QUERY,
        cases=OVERSIZED_CASES,
    ),
    "commitment": _Template(
        judge='unused = "unused_cost"\nabove = "max_unused_share"',
        params=(
            WINDOW,
            ("min_days", 14, "days", "Days that must be billed."),
            ("max_unused_share", 0.0099, "share", "More than this must be unused."),
        ),
        columns=(
            "coalesce(sum(effective_cost) filter (usage_kind = 'Thing-Unused'), 0) as unused_cost,  -- billing currency",
            "null::date as ends_on,  -- UTC day, null while unknown",
        ),
        reason="{unused_cost} of it was not used.",
        fires=f"thing-1     | {HOURS}\nthing-1     | Thing-Unused | 2026-07-01..2026-07-31 | 0 | 0.30",
        savings=0.0,
        quiet=f"thing-2     | {HOURS}",
        boundary="thing-at    | Thing-Hours | 2026-07-01..2026-07-31 | 24 | 0.99\n"
        "thing-at    | Thing-Unused | 2026-07-01..2026-07-31 | 0 | 0.01\n"
        "thing-past  | Thing-Hours | 2026-07-01..2026-07-31 | 24 | 0.9901\n"
        "thing-past  | Thing-Unused | 2026-07-01..2026-07-31 | 0 | 0.0099",
        short=f"{NEW}\nthing-new   | Thing-Unused | 2026-07-19..2026-07-31 | 0 | 0.30",
    ),
}


def scaffold(provider: str, stem: str, kind: str) -> dict[str, str]:
    """File suffix → text of a new pair; raises CheckError for an unknown kind."""
    if kind not in KINDS:
        raise CheckError(f"kind {kind}", why="does not exist", fix=f"Kinds are {', '.join(sorted(KINDS))}.")
    template = TEMPLATES[kind]
    params = "".join(
        f'[params.{name}]\ndefault = {default}\nunit    = "{unit}"\nhelp    = "{text}"\n'
        for name, default, unit, text in template.params
    )
    columns = "".join(f"    {column}\n" for column in template.columns)
    head = HEADER.format(
        check_id=f"{provider}-{stem.replace('_', '-')}", kind=kind, reason=template.reason, judge=template.judge
    )
    query = template.query or QUERY.format(columns=columns)
    return {".sql": head + params + query, ".cases.toml": template.cases or _cases(template)}


def _cases(template: _Template) -> str:
    credit = "\n".join(f"{line} | Usage" for line in template.fires.replace("thing-1 ", "thing-3 ").splitlines())
    cases = [
        ("an unused thing is found", "fires", template.fires, f'expect = [{{ resource_id = "thing-1",'
         f" monthly_savings = {template.savings} }}]\n"),
        ("the look-alike passes", "quiet", template.quiet, "history_start = 2026-01-01\n"),
        ("exactly at the threshold it counts, beyond it does not", "boundary", template.boundary,
         'history_start = 2026-01-01\nexpect = [{ resource_id = "thing-at" }]\n'),
        ("too few days are too few", "short-history", template.short, 'skipped = ["thing-new"]\n'),
        ("without its hours there is nothing to judge", "missing-usage", f"thing-x     | {BYTES} | 0    | 0.00", ""),
    ]  # fmt: skip
    text = "".join(
        CASE.format(name=name, covers=covers, extra="", rows=rows, tail=t) for name, covers, rows, t in cases
    )
    rows = f"{credit}\nthing-3     | Thing-Hours | 2026-07-20             | 0    | -30  | Credit"
    tail = f'expect = [{{ resource_id = "thing-3", monthly_savings = {template.savings} }}]\n'
    text += CASE.format(name="credits change nothing", covers="credit", extra=" | line_item_type", rows=rows, tail=tail)
    return (
        'as_of = 2026-07-31\n\n[defaults]\nservice_code = "AmazonThing"\nservice_name = "Name of the service"\n' + text
    )


HEADER = """/*---
id          = "{check_id}"
title       = "The situation in one line"
kind        = "{kind}"
service     = "Name of the service"
confidence  = "medium"            # what the bill alone can prove: high, medium, low
blind_spots = "What the bill cannot show."
remediation = "Starts with a verb."
command     = "aws … --region {{region}} --id {{resource_name}}"
reason      = "{reason}"
[judge]
{judge}
"""

QUERY = """---*/
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
{columns}    sum(consumed_quantity) filter (usage_kind = 'Thing-Hours') as hours,                -- h
    coalesce(sum(consumed_quantity) filter (usage_kind = 'Thing-Bytes'), 0) as gb       -- GB
from usage_days
where charge_date > $as_of - $window_days
    and charge_date <= $as_of
    and (sub_account_id, resource_id) in (
        select (sub_account_id, resource_id) from usage_meters where usage_kind = 'Thing-Hours'
    )
group by all
"""

CASE = '''
[[case]]
name = "{name}"
covers = ["{covers}"]
rows = """
resource_id | usage_type  | charge_date            | consumed_quantity | effective_cost{extra}
{rows}
"""
{tail}'''
