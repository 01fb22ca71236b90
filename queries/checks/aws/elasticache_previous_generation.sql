/*---
id          = "aws-elasticache-previous-generation"
title       = "Cache node type of a previous generation"
kind        = "modernize"
service     = "Amazon ElastiCache"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Graviton nodes need Redis OSS 5.0.6, Memcached 1.5.16 or Valkey: an upgrade may come first. Changing a Memcached node empties it, Redis and Valkey scale online. Price ratios are us-east-1's. A reserved node of the old family would go unused. The successors of m4.xlarge, m4.2xlarge and t2 hold 4 to 12 % less data: compare with the memory in use. m3, r3 and older have no successor of equal memory that costs less in every case and are not judged."
remediation = "Check the engine version, then change the node type to the one named in the maintenance window."
command     = """
aws elasticache describe-cache-clusters --region {region} --cache-cluster-id {resource_name}
"""
reason      = "{instance_type} is of a previous generation; its successor {successor} costs {price_ratio} times the list price."
[judge]
ratio = "price_ratio"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is compared."
[params.min_days]
default = 7
unit    = "days"
help    = "A node billed on fewer days is too short-lived to judge."
[params.min_saving_share]
default = 0.02
unit    = "share"
help    = "A successor that saves less than this is not worth a finding."
---*/
with families as (
    -- Sizes that both families have, vCPUs equal; memory for data is more than r4's, equal to m4.large's, and 4 to 12 %
    -- less than other m4's and t2's: confidence is low there. On ElastiCache the processor is
    -- AWS's affair, so Graviton nodes count as successors: m5 and t3 cost as much as m4 and t2. ratio = list price of
    -- the successor / of the old type, on-demand, us-east-1, 2026-10 (AWS Price List), the highest over the sizes; the
    -- same for Redis OSS, Valkey and Memcached.
    select
        *
    from (values
        ('t2', 't4g', 0.9560, 'micro|small|medium'),
        ('m4', 'm6g', 0.9560, '(2|4)?x?large'),
        ('r4', 'r6g', 0.9040, '(2|4|8|16)?x?large')
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
        split_part(usage_kind, '.', 3) as size
    from usage_days u
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and usage_kind like 'NodeUsage:cache.%'
        and resource_id <> ''
),
priced as (
    select
        n.*,
        'cache.' || f.new_family || '.' || n.size as successor,
        coalesce(f.ratio, 1) as ratio
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
    'ElastiCache node' as resource_type,
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
    case
        when sum(committed_cost) > 0 or bool_or(regexp_matches(instance_type, '^cache\.(t2\.|m4\..*xlarge)')) then 'low'
    end as confidence                                                                           -- else the check's
from marked
where is_old = runs_old
group by all
