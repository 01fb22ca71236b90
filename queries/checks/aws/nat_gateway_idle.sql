/*---
id          = "aws-nat-gateway-idle"
title       = "NAT gateway moves almost no data"
kind        = "idle"
service     = "Amazon Virtual Private Cloud"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "Bytes billed stand for traffic; a standby path and one that is needed at month ends only look idle, and a few updates or calls a day are little traffic that somebody may need."
remediation = "Delete the gateway, or replace it with VPC endpoints; release its Elastic IP address afterwards."
command     = """
aws ec2 describe-route-tables --region {region} --filters Name=route.nat-gateway-id,Values={resource_name}
aws ec2 delete-nat-gateway --region {region} --nat-gateway-id {resource_name}"""
reason      = "Processed {gb} GB in {hours} billed hours."
[judge]
use     = "gb"
per     = "hours"
at_most = "max_gb_per_hour"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_gb_per_hour]
default = 0.01
unit    = "GB/h"
help    = "At or below this traffic the gateway counts as idle."
---*/
with lines as (
    select
        *,
        usage_kind like '%NatGateway-Hours' as is_hours,
        usage_kind like '%NatGateway-%Bytes' as is_traffic  -- NatGateway-Prvd-Bytes: with provisioned bandwidth
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
),

-- Accounts whose bytes do not name their gateway prove nothing about one.
blind as (
    select distinct
        sub_account_id,
        true as is_blind
    from lines
    where is_traffic and resource_id = '' and consumed_quantity > 0
)

select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'NAT gateway' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(distinct charge_date) filter (is_hours) as observed_days,                             -- days
    sum(effective_cost) as cost,                                                                -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list(distinct usage_type) filter (resource_id like 'all:%') as claims,                      -- usage types
    sum(consumed_quantity) filter (is_hours) as hours,                                          -- h
    case when bool_or(is_blind) is null
        then coalesce(sum(consumed_quantity) filter (is_traffic), 0) end as gb,                 -- GB
    case when sum(consumed_quantity) filter (is_traffic) > 0 then 'medium' end as confidence
from lines
left join blind using (sub_account_id)
where resource_id <> ''
    -- Without resource ids the group is a whole service: only the gateways' own lines are theirs.
    and (resource_id not like 'all:%' or usage_kind like '%NatGateway-%')
    and (sub_account_id, resource_id) in (
        select (sub_account_id, resource_id) from usage_meters where usage_kind like '%NatGateway-Hours'
    )
group by all
