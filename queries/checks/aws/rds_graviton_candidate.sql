/*---
id          = "aws-rds-graviton-candidate"
title       = "Database on an x86 class where Graviton costs less"
kind        = "modernize"
service     = "Amazon Relational Database Service"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "The engine version may be too old for Graviton (MySQL 8.0, MariaDB 10.4, PostgreSQL 12 or Aurora of that age are needed), some extensions behave differently, and equal vCPUs do not mean equal speed. The change restarts the database. Price ratios are us-east-1's, the least favourable of the engines. A reserved instance of the x86 family would go unused."
remediation = "Check that the engine version offers the class named, then modify the instance in its maintenance window."
command     = """
aws rds describe-db-instances --region {region} --db-instance-identifier {resource_name}
aws rds describe-valid-db-instance-modifications --region {region} --db-instance-identifier {resource_name}
"""
reason      = "{instance_type} runs on x86; {successor} has the same vCPUs and memory at {price_ratio} times the list price."
[judge]
ratio              = "price_ratio"
active_within_days = 4
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is compared."
[params.min_days]
default = 7
unit    = "days"
help    = "A database billed on fewer days is too short-lived to judge."
[params.min_saving_share]
default = 0.03
unit    = "share"
help    = "A Graviton class that saves less than this is not worth a restart."
---*/
with families as (
    -- x86 to Graviton, current generations only, sizes that both families have. ratio = list price of the Graviton
    -- class / of the x86 one, on-demand, us-east-1: the highest over MySQL, PostgreSQL, MariaDB and Aurora, from price
    -- tables in public code (2026): no price list was at hand.
    -- Single-AZ, Multi-AZ and I/O-Optimized have the same ratio. m7i, r7i, r5b and local-disk classes are left out:
    -- no ratio that holds for every engine.
    select
        *
    from (values
        ('t3', 't4g', 0.9560, 'micro|small|medium|large|xlarge|2xlarge'),
        ('m5', 'm6g', 0.8930, '(2|4|8|12|16)?x?large'),
        ('m6i', 'm6g', 0.8930, '(2|4|8|12|16)?x?large'),
        ('r5', 'r6g', 0.9000, '(2|4|8|12|16)?x?large'),
        ('r6i', 'r6g', 0.9000, '(2|4|8|12|16)?x?large')
    ) as t (
        family,
        new_family,
        ratio,
        sizes
    )
),
nodes as (
    select
        u.* replace (split_part(usage_kind, ':', 2) as instance_type),
        split_part(usage_kind, '.', 2) as family,
        split_part(usage_kind, '.', 3) as size,
        -- Open-source engines run on Graviton and have no licence in the rate. 0002 MySQL, 0014 PostgreSQL, 0018
        -- MariaDB, 0016 Aurora MySQL, 0021 Aurora PostgreSQL; every other code is Oracle, SQL Server or Db2.
        case
            when regexp_matches(lower(product_detail), 'oracle|sql ?server|db2') then false
            when regexp_matches(operation, ':(0002|0014|0016|0018|0021)$') then true
            when operation like '%:%' then false
            when regexp_matches(lower(product_detail), 'mysql|postgres|mariadb|aurora') then true
            when usage_kind like 'InstanceUsageIOOptimized:%' then true
        end as is_open_source,
        regexp_matches(operation, ':(0016|0021)$') or product_detail ilike '%aurora%' as is_aurora
    from usage_days u
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        -- DocumentDB and Neptune bill InstanceUsage:db., too, at other prices.
        and (service_code = 'AmazonRDS' or (service_code = '' and service_name ilike '%Relational Database%'))
        and regexp_matches(usage_kind, '^(InstanceUsage|InstanceUsageIOOptimized|Multi-AZUsage|Multi-AZClusterUsage):db\.')
        and resource_id <> ''
),
priced as (
    select
        n.*,
        'db.' || f.new_family || '.' || n.size as successor,
        case
            when f.ratio is null or not n.is_open_source then 1
            -- Aurora has t4g.medium and t4g.large only.
            when n.is_aurora and n.family like 't%' and n.size not in ('medium', 'large') then 1
            when n.is_open_source then f.ratio
        end as ratio                                                                            -- null: engine unknown
    from nodes n
    left join families f on f.family = n.family and regexp_full_match(n.size, f.sizes)
),
marked as (
    -- What runs now: a resource that was changed is judged by its new class alone.
    select
        *,
        ratio is distinct from 1 as is_old,
        coalesce(
            max(charge_date) filter (where ratio is distinct from 1) over (partition by sub_account_id, resource_id)
            = max(charge_date) over (partition by sub_account_id, resource_id),
            false
        ) as runs_old
    from priced
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'RDS database instance' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(distinct charge_date) as observed_days,                                               -- days
    sum(effective_cost) as cost,                                                                -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list(distinct usage_type) as claims,                                                        -- usage types as billed
    string_agg(distinct instance_type, ', ' order by instance_type) as instance_type,           -- class billed now
    string_agg(distinct successor, ', ' order by successor) as successor,                       -- class to change to
    sum(consumed_quantity) as instance_hours,                                                   -- h
    case when not bool_or(ratio is null) then sum(effective_cost * ratio) / nullif(sum(effective_cost), 0) end
        as price_ratio,                                                                         -- new price / old price
    case when sum(committed_cost) > 0 then 'low' end as confidence                              -- else the check's
from marked
where is_old = runs_old
group by all
