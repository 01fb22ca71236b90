/*---
id          = "aws-nat-gateway-no-connections"
title       = "NAT gateway that nothing connects through"
kind        = "idle"
service     = "Amazon Virtual Private Cloud"
confidence  = "high"
effort      = "low"
risk        = "medium"
overrules   = ["aws-nat-gateway-idle"]
blind_spots = "A standby path and what is needed less than once in two weeks open no connections either."
remediation = "Delete the gateway and its routes; release its Elastic IP address afterwards."
command     = """
aws ec2 describe-route-tables --region {region} --filters Name=route.nat-gateway-id,Values={resource_name}
aws ec2 delete-nat-gateway --region {region} --nat-gateway-id {resource_name}"""
reason      = "No more than {connections} connections and {mb_per_day} MB a day in {window_days} days."
[judge]
use     = "connections"
at_most = "max_connections"
also    = { mb_per_day = "max_mb_per_day" }
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_connections]
default = 0
unit    = "connections"
help    = "At or below this many at every time, and opened at all, it counts as idle."
[params.max_mb_per_day]
default = 5
unit    = "MB/day"
help    = "Packets from the internet that belong to no connection are a few bytes."
---*/
with days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        bit_count(bit_or(hours_mask) filter (usage_kind like '%NatGateway-Hours')) as hours,    -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost                                                             -- billing currency
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and resource_id not like 'all:%'
        and (sub_account_id, resource_id) in (
            select (sub_account_id, resource_id) from usage_meters where usage_kind like '%NatGateway-Hours'
        )
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'NAT gateway' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) filter (hours > 0) as last_day,                                            -- UTC day
    count(hours) as observed_days,                                                              -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    sum(hours) as billed_hours,                                                                 -- h
    c.sample_hours,                                                                             -- h
    c.maximum + coalesce(n.total, 0) as connections,                                            -- open at once, and opened
    coalesce(b.total, 0) / 1e6 / $window_days as mb_per_day,                                    -- MB
    case when b.total is null then 'bytes' end as not_measured,
    case when b.total is null then 'medium' end as confidence,
    $window_days as window_days                                                                 -- days
from days
left join measured('connections', $as_of, $window_days) c using (provider, sub_account_id, resource_id)
left join measured('new_connections', $as_of, $window_days) n using (provider, sub_account_id, resource_id)
left join measured('network_bytes', $as_of, $window_days) b using (provider, sub_account_id, resource_id)
group by all
having observed_days > 0
