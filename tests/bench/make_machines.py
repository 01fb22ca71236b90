"""Writes a database with a bill of many machines and what six metrics of each were, day by day: what a scan with metrics reads.

    python tests/bench/make_machines.py --out machines.duckdb --machines 10000 --days 60

All of it follows from hashes of the machines' numbers: equal arguments make equal data. A third of the machines does next
to nothing, a third is too large, the others are busy.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from advisor import store

SQL = """
create temp table made as
select
    n,
    format('i-{:017x}', n) as resource_id,
    format('{:012}', 100000000000 + n % 40) as account,
    (['m5', 'c5', 'r5', 'm6i', 'c6i', 'r6i', 'm7i', 'c7i', 'r7i'])[1 + n % 9] || '.'
        || (['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge'])[1 + n // 9 % 5] as shape,
    0.1 * pow(2, n // 9 % 5) as usd_per_hour,
    case n % 3 when 0 then 0.4 when 1 then 8 else 50 end * (1 + hash(n) % 100 / 100) as percent     -- of the machine
from range($machines) r(n);

create temp table months as
select
    row_number() over (order by month)::integer as load_id,
    month,
    greatest(month, $last::date - $days + 1) as first_day,
    least(last_day(month), $last::date) as last_day
from (
    select unnest(
        range(date_trunc('month', $last::date - $days + 1)::timestamp, $last::timestamp, interval 1 month)
    )::date as month
);

insert into loads by name
select
    load_id, 'machines' as source, 'cur2' as format, month as period, month::varchar as delivery, 'machines' as location,
    $last::timestamp as loaded_at, true as has_resource_ids, true as hourly, [] as notes
from months;

insert into tag_sets by name
select load_id, 0 as tag_key, map() as tags, map() as cost_categories from months;

insert into meters by name
select
    load_id, n as meter_key, 0 as tag_key, 'aws' as provider, '999988887777' as billing_account_id,
    account as sub_account_id, 'us-east-1' as region_id, '' as product_sku, 'AmazonEC2' as service_code,
    'Amazon Elastic Compute Cloud' as service_name, resource_id, '' as resource_name, 'BoxUsage:' || shape as usage_type,
    'BoxUsage:' || shape as usage_kind, 'RunInstances' as operation, 'Usage' as line_item_type,
    'Usage' as charge_category, 'usage' as charge_role, 'Standard' as pricing_category, '' as commitment_discount_id,
    '' as commitment_discount_type, '' as commitment_discount_end, shape as instance_type,
    'Compute Instance' as product_family, 'Linux' as product_detail, 'Hrs' as pricing_unit,
    'Amazon Web Services, Inc.' as publisher_name, false as is_marketplace, '' as charge_description,
    'USD' as billing_currency
from made, months;

insert into days by name
select
    load_id, day::date as charge_date, n as meter_key, 24 * usd_per_hour as billed_cost, 24 * usd_per_hour as effective_cost,
    24 * usd_per_hour as list_cost, 24 as consumed_quantity, 16777215 as hours_mask, 24 as line_count, 0 as credits,
    0 as discount_credits, 0 as committed_cost
from (select *, unnest(range(first_day::timestamp, last_day + interval 1 day, interval 1 day)) as day from months), made;

insert into totals by name
select
    load_id, 'aws' as provider, 'USD' as billing_currency, sum(line_count) as line_count, sum(billed_cost) as billed_cost,
    0 as credits, sum(effective_cost) as effective_cost
from days
group by load_id;

insert into utilization_days by name
select
    'aws' as provider, account as sub_account_id, resource_id, metric, day::date as metric_date, level as average,
    1.5 * level as p95, 1.8 * level as p99, 2 * level as maximum, if(unit > 1, 86400 * level, null) as total,
    288 as sample_count, list_transform(range(24), lambda h: (level * (1 + h / 24))::float) as hourly_maximum,
    'cloudwatch' as source, $last::timestamp as fetched_at
from (
    -- levels in percent, amounts per second: what `percent` of a machine comes to, a little different every day
    select *, percent * unit * (0.9 + hash(n, metric, day) % 200 / 1000) as level
    from made
    cross join (
        select unnest(range($last::timestamp - to_days($days - 1), $last::timestamp + interval 1 day, interval 1 day)) as day
    )
    cross join (
        values ('cpu_utilization', 1), ('memory_utilization', 1), ('network_bytes', 1e5), ('new_connections', 2),
            ('disk_bytes', 1e5), ('disk_operations', 5)
    ) m(metric, unit)
);
"""


def make(path: Path, *, machines: int, days: int) -> None:
    """Writes the database `path`; the last billed day is 2026-10-31."""
    with store.writing(path, store.Resources()) as con:
        for statement in con.extract_statements(SQL):
            values = {"machines": machines, "days": days, "last": "2026-10-31"}
            con.execute(statement, {name: values[name] for name in statement.named_parameters})


def main() -> None:
    """Runs `make` with the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--machines", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=60)
    args = parser.parse_args()
    make(args.out, machines=args.machines, days=args.days)


if __name__ == "__main__":
    main()
