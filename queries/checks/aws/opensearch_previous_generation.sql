/*---
id          = "aws-opensearch-previous-generation"
title       = "Search node type of a previous generation"
kind        = "modernize"
service     = "Amazon OpenSearch Service"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Old node types often go with old engine versions that offer no newer type: an upgrade comes first. m3, r3 and i2 have local disks; m3 and r3 are judged only in domains that pay for EBS storage. Price ratios are us-east-1's. A reserved instance of the old type would go unused."
remediation = "Check that the engine version offers the type named, then change the node type (a blue/green deployment)."
command     = """
aws opensearch describe-domain --region {region} --domain-name {resource_name}
"""
reason      = "{instance_type} is of a previous generation; {successor} has the same vCPUs and memory or more at {price_ratio} times the list price."
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
default = 0.02
unit    = "share"
help    = "A successor that saves less than this is not worth a finding."
---*/
with families as (
    -- x86 to x86: engine versions of the age of these types do not offer Graviton. Sizes that both families have.
    -- ratio = list price of the successor / of the old type, on-demand, us-east-1, 2026-10 (AWS Price List), the highest
    -- over the sizes. t2 is left out: t3 costs as much.
    select
        *
    from (values
        ('m3', 'm5', 0.7560, 'x?large|2xlarge'),
        ('m4', 'm5', 0.9410, '(2|4)?x?large'),
        ('c4', 'c5', 0.8560, '(2|4)?x?large'),
        ('r3', 'r5', 0.7600, '(2|4)?x?large'),
        ('r4', 'r5', 0.9500, '(2|4)?x?large'),
        ('i2', 'i3', 0.4190, 'xlarge|2xlarge')
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
            when f.ratio is null then 1
            when n.family not in ('m3', 'r3')
                or (sub_account_id, resource_id) in (
                    select (sub_account_id, resource_id) from usage_meters where regexp_matches(usage_kind, '^ES:.*Storage')
                )
                then f.ratio
        end as ratio                                                                            -- null: on local disks
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
