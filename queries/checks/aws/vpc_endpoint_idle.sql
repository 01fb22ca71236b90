/*---
id          = "aws-vpc-endpoint-idle"
title       = "Interface VPC endpoint moves almost no data"
kind        = "idle"
service     = "Amazon Virtual Private Cloud"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Rare but vital calls (secrets at start-up, quarterly jobs, standby regions) move almost no bytes; in a VPC without a NAT gateway the endpoint may be their only way out."
remediation = "Check flow logs of the endpoint's network interfaces for callers, then delete the endpoint."
command     = """
aws ec2 describe-vpc-endpoints --region {region} --vpc-endpoint-ids {resource_name}
aws ec2 delete-vpc-endpoints --region {region} --vpc-endpoint-ids {resource_name}"""
reason      = "Processed {gb} GB in {hours} billed hours, {gb_per_az_month} GB per availability zone and month."
[judge]
use     = "gb_per_az_month"
at_most = "max_gb_per_az_month"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_gb_per_az_month]
default = 0.01
unit    = "GB per zone and month"
help    = "At or below this traffic the endpoint counts as idle: private addresses are not scanned, so a thousand calls are use."
---*/
with lines as (
    select
        *,
        usage_kind like '%VpcEndpoint-Hours' as is_hours,
        usage_kind like '%VpcEndpoint%Bytes%' as is_traffic
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
),

-- Accounts whose bytes do not name their endpoint prove nothing about one.
blind as (
    select distinct
        sub_account_id,
        true as is_blind
    from lines
    where is_traffic and resource_id = '' and consumed_quantity > 0
),

endpoint_days as (
    select *
    from lines
    left join blind using (sub_account_id)
    where resource_id <> ''
        and (sub_account_id, resource_id) in (
            select (sub_account_id, resource_id) from usage_meters where usage_kind like '%VpcEndpoint-Hours'
        )
),

totals as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        'Interface VPC endpoint' as resource_type,
        min(charge_date) as first_day,                                                     -- UTC day
        max(charge_date) as last_day,                                                      -- UTC day
        count(distinct charge_date) filter (is_hours) as observed_days,                    -- days
        sum(effective_cost) as cost,                                                       -- billing currency
        sum(committed_cost) as committed_cost,                                             -- billing currency
        sum(list_cost) as list_cost,                                                       -- billing currency
        list(distinct usage_type) filter (resource_id like 'all:%') as claims,  -- usage types
        coalesce(sum(consumed_quantity) filter (is_hours), 0) as hours,                    -- h, one per zone and hour
        case when bool_or(is_blind) is null
            then coalesce(sum(consumed_quantity) filter (is_traffic), 0) end as gb         -- GB
    from endpoint_days
    -- Without resource ids the group holds other things of the service as well.
    where resource_id not like 'all:%' or is_hours or is_traffic
    group by all
)

select
    *,
    case when hours > 0 then gb / hours * 730 end as gb_per_az_month,  -- GB per zone and 730 h
    case when gb > 0 then 'low' end as confidence
from totals
