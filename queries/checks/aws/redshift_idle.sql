/*---
id          = "aws-redshift-idle"
title       = "Redshift cluster that nobody connects to"
kind        = "idle"
service     = "Amazon Redshift"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "What runs less than once in four weeks is not seen, nor are connections between two samples. Storage that is billed apart goes on until the cluster is deleted."
remediation = "Ask its owner and pause the cluster, which ends the charges for its nodes; delete it with a final snapshot when nobody misses it."
command     = "aws redshift pause-cluster --region {region} --cluster-identifier {resource_name}"
reason      = "At most {connections} connections at any time in {window_days} days, with {cpu_percent} % CPU at the peak."
[judge]
use     = "connections"
at_most = "max_connections"
also    = { cpu_percent = "max_cpu_percent" }
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_connections]
default = 0
unit    = "connections"
help    = "At or below this many at every time nobody uses it."
[params.max_cpu_percent]
default = 20
unit    = "percent"
help    = "A cluster that is busier than this at its peak does more than its own housekeeping."
---*/
with days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        bit_count(bit_or(hours_mask)) as hours,                                                 -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost,                                                            -- billing currency
        list(distinct usage_type) as usage_types
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and usage_kind like 'Node:%'
        and (service_code in ('AmazonRedshift', '') or service_name ilike '%Redshift%')
        and resource_id <> ''
        and resource_id not like 'all:%'
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'Redshift cluster' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(*) as observed_days,                                                                  -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list_distinct(flatten(list(usage_types))) as claims,                                        -- usage types
    sum(hours) as billed_hours,                                                                 -- h
    if(p.sample_hours is null, null, least(c.sample_hours, p.sample_hours)) as sample_hours,    -- h
    c.maximum as connections,                                                                   -- open at once, highest
    p.highest_p99 as cpu_percent,                                                               -- percent
    $window_days as window_days                                                                 -- days
from days
left join measured('connections', $as_of, $window_days) c using (provider, sub_account_id, resource_id)
left join measured('cpu_utilization', $as_of, $window_days) p using (provider, sub_account_id, resource_id)
group by all
