/*---
id          = "aws-opensearch-graviton-candidate"
title       = "Search nodes on x86 where Graviton costs less"
kind        = "modernize"
service     = "Amazon OpenSearch Service"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "Graviton needs OpenSearch 1.0 or Elasticsearch 7.9, and all nodes of a domain change together. Equal vCPUs do not mean equal speed. Price ratios are us-east-1's. A reserved instance of the x86 type would go unused."
remediation = "Check the engine version, then change the node types to the ones named (a blue/green deployment)."
command     = """
aws opensearch describe-domain --region {region} --domain-name {resource_name}
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
help    = "A domain billed on fewer days is too short-lived to judge."
[params.min_saving_share]
default = 0.03
unit    = "share"
help    = "A Graviton type that saves less than this is not worth a change."
---*/
with families as (
    -- x86 to Graviton, current generations only, sizes that both families have. ratio = list price of the Graviton type /
    -- of the x86 one, on-demand, us-east-1, 2026-10 (AWS Price List), the highest over the sizes. t3 has no Graviton
    -- counterpart, i3 and i4i none that costs clearly less.
    select
        *
    from (values
        ('m5', 'm6g', 0.9050, '(2|4|12)?x?large'),
        ('c5', 'c6g', 0.9040, '(2|4)?x?large'),
        ('r5', 'r6g', 0.9010, '(2|4|12)?x?large'),
        ('m7i', 'm7g', 0.8410, '(2|4|8|12|16)?x?large'),
        ('c7i', 'c7g', 0.8430, '(2|4|8|12|16)?x?large'),
        ('r7i', 'r7g', 0.8420, '(2|4|8|12|16)?x?large')
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
        split_part(split_part(usage_kind, ':', 2), '.', 1) as family,
        split_part(split_part(usage_kind, ':', 2), '.', 2) as size
    from usage_days u
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and usage_kind like 'ESInstance:%'
        and resource_id <> ''
),
priced as (
    select
        n.*,
        f.new_family || '.' || n.size || '.search' as successor,
        case
            -- A domain that pays extended support runs a version from before Graviton.
            when f.ratio is null
                or (sub_account_id, resource_id) in (
                    select (sub_account_id, resource_id) from usage_meters where usage_kind like '%ExtendedSupport%'
                )
                then 1
            else f.ratio
        end as ratio
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
    'OpenSearch domain' as resource_type,
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
