/*---
id          = "aws-nat-gateway-idle"
title       = "NAT gateway moves almost no data"
kind        = "idle"
service     = "Amazon Virtual Private Cloud"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "Bytes billed stand for traffic; a standby path looks idle."
remediation = "Delete the gateway, or replace it with VPC endpoints; release its Elastic IP address afterwards."
command     = "aws ec2 delete-nat-gateway --region {region} --nat-gateway-id {resource_name}"
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
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'NAT gateway' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(distinct charge_date) filter (usage_kind like '%NatGateway-Hours') as observed_days,  -- days
    sum(effective_cost) as cost,                                                                -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list(distinct usage_type) filter (resource_id like 'all:%') as claims,                      -- usage types
    sum(consumed_quantity) filter (usage_kind like '%NatGateway-Hours') as hours,               -- h
    coalesce(sum(consumed_quantity) filter (usage_kind like '%NatGateway-Bytes'), 0) as gb      -- GB
from usage_days
where charge_date > $as_of - $window_days
    and charge_date <= $as_of
    and resource_id <> ''
    -- Without resource ids the group is a whole service: only the gateways' own lines are theirs.
    and (resource_id not like 'all:%' or usage_kind like '%NatGateway-%')
    and (sub_account_id, resource_id) in (
        select (sub_account_id, resource_id) from usage_meters where usage_kind like '%NatGateway-Hours'
    )
group by all
