/*---
id          = "gcp-memorystore-idle"
title       = "Redis instance that nobody connects to"
kind        = "idle"
service     = "Memorystore for Redis"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "Connections are looked at every minute: one that lasts seconds may be missed, and jobs that run less than once in four weeks are. What is kept in it without a reader may still be wanted. Only Memorystore for Redis is measured, not clusters, Valkey or Memcached."
remediation = "Ask its owner, export the data if it matters, then delete the instance."
reason      = "At most {connections} connections at any time in {window_days} days."
references  = ["https://cloud.google.com/memorystore/docs/redis/supported-monitoring-metrics"]
command     = """
gcloud redis instances describe {resource_name} --region {location} --project {account_id}
gcloud redis instances list --region {location} --project {account_id}"""
[judge]
use     = "connections"
at_most = "max_connections"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_connections]
default = 0
unit    = "connections"
help    = "At or below this many at every time nobody uses it; raise it by the connections that monitoring holds."
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
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (service_code = '5AF5-2C11-D467' or service_name ilike '%memorystore%' or service_name ilike '%for redis')
        and regexp_matches(usage_kind, '\bredis\b.*\bcapacity\b')
        and not starts_with(resource_id, 'all:')
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'Redis instance' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(*) as observed_days,                                                                  -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list_distinct(flatten(list(usage_types))) as claims,                                        -- usage types
    sum(hours) as billed_hours,                                                                 -- h
    c.sample_hours,                                                                             -- h
    c.maximum as connections,                                                                   -- open at once, highest
    $window_days as window_days                                                                 -- days
from days
left join measured('connections', $as_of, $window_days) c using (provider, sub_account_id, resource_id)
group by all
