/*---
id          = "aws-kinesis-stream-no-records"
title       = "Kinesis stream that no record is put into"
kind        = "idle"
service     = "Amazon Kinesis"
confidence  = "high"
effort      = "low"
risk        = "medium"
overrules   = ["aws-kinesis-stream-idle"]
blind_spots = "Producers that write less than once in two weeks or only in a failover put nothing in between, and consumers may still read what a long retention holds."
remediation = "Check the stream's producers and consumers, then delete it."
command     = """
aws kinesis describe-stream-summary --region {region} --stream-name {resource_name}
aws kinesis delete-stream --region {region} --stream-name {resource_name}"""
reason      = "{records} records in {window_days} days."
[judge]
use     = "records"
at_most = "max_records"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_records]
default = 0
unit    = "records"
help    = "At or below this many in the window the stream counts as idle."
---*/
with days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        bit_count(bit_or(hours_mask) filter (regexp_matches(usage_kind, 'Storage-ShardHour|OnDemand-StreamHour')))
            as hours,                                                                           -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost                                                             -- billing currency
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and resource_id not like 'all:%'
        and (sub_account_id, resource_id) in (
            select (sub_account_id, resource_id)
            from usage_meters
            where regexp_matches(usage_kind, 'Storage-ShardHour|OnDemand-StreamHour')
        )
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'Kinesis data stream' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) filter (hours > 0) as last_day,                                            -- UTC day
    count(hours) as observed_days,                                                              -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    sum(hours) as billed_hours,                                                                 -- h
    r.sample_hours,                                                                             -- h
    r.total as records,                                                                         -- records
    $window_days as window_days                                                                 -- days
from days
left join measured('requests', $as_of, $window_days) r using (provider, sub_account_id, resource_id)
group by all
having observed_days > 0
