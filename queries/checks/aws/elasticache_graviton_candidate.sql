/*---
id          = "aws-elasticache-graviton-candidate"
title       = "Cache node on x86 where Graviton costs less"
kind        = "modernize"
service     = "Amazon ElastiCache"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "Graviton nodes need Redis OSS 5.0.6, Memcached 1.5.16 or Valkey: an upgrade may come first. Changing a Memcached node empties it, Redis and Valkey scale online. Price ratios are us-east-1's. A reserved node of the x86 family would go unused."
remediation = "Check the engine version, then change the node type to the one named in the maintenance window."
command     = """
aws elasticache describe-cache-clusters --region {region} --cache-cluster-id {resource_name}
"""
reason      = "{instance_type} runs on x86; {successor} has the same vCPUs and memory at {price_ratio} times the list price."
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
default = 0.03
unit    = "share"
help    = "A Graviton type that saves less than this is not worth a change."
---*/
with families as (
    -- x86 to Graviton of equal vCPUs and memory, current generations only, sizes that both families have. ratio = list
    -- price of the Graviton type / of the x86 one, on-demand, us-east-1, 2026-10 (AWS Price List), the highest over
    -- the sizes; the same for Redis OSS, Valkey and Memcached. m7g and r7g cost more than m5 and r5.
    select
        *
    from (values
        ('t3', 't4g', 0.9560, 'micro|small|medium'),
        ('m5', 'm6g', 0.9560, '(2|4|12)?x?large'),
        ('r5', 'r6g', 0.9540, '(2|4|12)?x?large')
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
    case when sum(committed_cost) > 0 then 'low' end as confidence                              -- else the check's
from marked
where is_old = runs_old
group by all
