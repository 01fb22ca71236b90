/*---
id          = "aws-load-balancer-idle"
title       = "Load balancer serves almost no traffic"
kind        = "idle"
service     = "Elastic Load Balancing"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "Capacity units stand for traffic: a rarely used internal tool, a standby or blue/green load balancer look idle. One that Kubernetes made must be deleted there. Its public addresses are billed apart."
remediation = "Check DNS records and listeners, then delete the load balancer and its target groups."
reason      = "{lcu_hours_per_hour} capacity units per hour over {hours} billed hours."
[commands]
v2 = """
aws elbv2 describe-listeners --region {region} --load-balancer-arn {resource_id}
aws elbv2 delete-load-balancer --region {region} --load-balancer-arn {resource_id}"""
classic = """
aws elb describe-instance-health --region {region} --load-balancer-name {resource_name}
aws elb delete-load-balancer --region {region} --load-balancer-name {resource_name}"""
[judge]
use     = "lcu_hours"
per     = "hours"
at_most = "max_lcu_hours_per_hour"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_lcu_hours_per_hour]
default = 0.003
unit    = "LCU-h per h"
help    = "At or below this load it counts as idle: about 4 connections a minute or 2 GB a month, which scanners cause; a classic load balancer's GB count as one LCU-hour each."
---*/
with lines as (
    select
        *,
        usage_kind like '%LoadBalancerUsage' as is_hours,
        usage_kind like '%LCUUsage%' as is_lcu,
        -- Classic load balancers bill GB. One LCU-hour is 1 GB of an Application Load Balancer.
        usage_kind like '%DataProcessing-Bytes' as is_gb
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
),

-- Accounts whose capacity units do not name their load balancer prove nothing about one.
blind as (
    select distinct
        sub_account_id,
        true as is_blind
    from lines
    where (is_lcu or (is_gb and (service_code = 'AWSELB' or service_name = 'Elastic Load Balancing')))
        and resource_id = ''
        and consumed_quantity > 0
),

balancer_days as (
    select *
    from lines
    left join blind using (sub_account_id)
    where resource_id <> ''
        and (sub_account_id, resource_id) in (
            select (sub_account_id, resource_id) from usage_meters where usage_kind like '%LoadBalancerUsage'
        )
),

totals as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        case
            when resource_id like '%loadbalancer/app/%' then 'Application Load Balancer'
            when resource_id like '%loadbalancer/net/%' then 'Network Load Balancer'
            when resource_id like '%loadbalancer/gwy/%' then 'Gateway Load Balancer'
            when resource_id like '%:loadbalancer/%' then 'Classic Load Balancer'
            else 'load balancer'
        end as resource_type,
        case
            when regexp_matches(resource_id, 'loadbalancer/(app|net|gwy)/') then 'v2'
            when resource_id like '%:loadbalancer/%' then 'classic'
        end as variant,
        min(charge_date) as first_day,                                                     -- UTC day
        max(charge_date) as last_day,                                                      -- UTC day
        count(distinct charge_date) filter (is_hours) as observed_days,                    -- days
        sum(effective_cost) as cost,                                                       -- billing currency
        sum(committed_cost) as committed_cost,                                             -- billing currency
        sum(list_cost) as list_cost,                                                       -- billing currency
        list(distinct usage_type) filter (resource_id like 'all:%') as claims,  -- usage types
        coalesce(sum(consumed_quantity) filter (is_hours), 0) as hours,                    -- h
        case when bool_or(is_blind) is null
            then coalesce(sum(consumed_quantity) filter (is_lcu or is_gb), 0) end as lcu_hours  -- LCU-h; GB of classic ones
    from balancer_days
    -- Without resource ids the group holds other things of the service as well.
    where resource_id not like 'all:%' or is_hours or is_lcu or (is_gb and operation like '%LoadBalancing%')
    group by all
)

select
    *,
    case when hours > 0 then lcu_hours / hours end as lcu_hours_per_hour,  -- LCU-h per h
    case when lcu_hours > 0 then 'medium' end as confidence
from totals
