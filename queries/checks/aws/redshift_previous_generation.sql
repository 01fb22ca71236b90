/*---
id          = "aws-redshift-previous-generation"
title       = "Redshift cluster on nodes of a previous generation"
kind        = "modernize"
service     = "Amazon Redshift"
confidence  = "medium"
effort      = "high"
risk        = "medium"
blind_spots = "No saving is promised: RA3 has other node sizes and bills storage apart, so the cheaper layout depends on the data's size and the load, and a cluster of one or two nodes may cost more than before. Reserved nodes of the old type would go unused."
remediation = "Size an RA3 cluster or a serverless workgroup for the data, test it on a restored snapshot, then resize."
command     = """
aws redshift describe-clusters --region {region} --cluster-identifier {resource_name}
aws redshift describe-node-configuration-options --region {region} --action-type recommend-node-config --cluster-identifier {resource_name}
"""
reason      = "{node_hours} node-hours on {instance_type} in the window; AWS has replaced DS2, DC1 and DC2 by RA3."
references  = ["https://docs.aws.amazon.com/redshift/latest/mgmt/rs-ra3-upgrading.html"]
[judge]
ratio              = "current_generation_share_of_hours"
active_within_days = 4
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days that are judged."
[params.min_days]
default = 7
unit    = "days"
help    = "A cluster billed on fewer days is too short-lived to judge."
---*/
with nodes as (
    select
        * replace (split_part(usage_kind, ':', 2) as instance_type),
        regexp_matches(usage_kind, '^Node:(ds1|ds2|dc1|dc2|dw1|dw2)\.') as is_old
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and usage_kind like 'Node:%'
        and (service_code in ('AmazonRedshift', '') or service_name ilike '%Redshift%')
        and resource_id <> ''
),
marked as (
    -- What runs now: a cluster that was resized is judged by its new nodes alone.
    select
        *,
        coalesce(
            max(charge_date) filter (where is_old) over (partition by sub_account_id, resource_id)
            = max(charge_date) over (partition by sub_account_id, resource_id),
            false
        ) as runs_old
    from nodes
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'Redshift cluster' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(distinct charge_date) as observed_days,                                               -- days
    sum(effective_cost) as cost,                                                                -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list(distinct usage_type) as claims,                                                        -- usage types as billed
    string_agg(distinct instance_type, ', ' order by instance_type) as instance_type,           -- node type billed now
    case when is_old then 'ra3' end as successor,                                               -- node family
    sum(consumed_quantity) as node_hours,                                                       -- h
    case when is_old then 0.0 else 1.0 end as current_generation_share_of_hours,                -- share
    0.0 as saves_share                                                                          -- share of cost
from marked
where is_old = runs_old
group by all
