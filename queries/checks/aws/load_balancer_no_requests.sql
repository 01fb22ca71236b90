/*---
id          = "aws-load-balancer-no-requests"
title       = "Load balancer that no request or connection reaches"
kind        = "idle"
service     = "Elastic Load Balancing"
confidence  = "high"
effort      = "low"
risk        = "medium"
overrules   = ["aws-load-balancer-idle"]
blind_spots = "A standby, the idle half of a blue/green pair and what is called less than once in two weeks are silent, too. One that scanners reach counts as used. One that Kubernetes made must be deleted there. Its public addresses are billed apart."
remediation = "Check DNS records and listeners, then delete the load balancer and its target groups."
reason      = "{served} requests, connections and flows and {mb_per_day} MB a day in {window_days} days."
[commands]
v2 = """
aws elbv2 describe-listeners --region {region} --load-balancer-arn {resource_id}
aws elbv2 delete-load-balancer --region {region} --load-balancer-arn {resource_id}"""
classic = """
aws elb describe-instance-health --region {region} --load-balancer-name {resource_name}
aws elb delete-load-balancer --region {region} --load-balancer-name {resource_name}"""
[judge]
use     = "served"
at_most = "max_served"
also    = { mb_per_day = "max_mb_per_day" }
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_served]
default = 0
unit    = "requests"
help    = "At or below this many requests (Network and Gateway: flows) in the window it counts as idle. Scanners reach every public address some hundred times."
[params.max_mb_per_day]
default = 0.1
unit    = "MB/day"
help    = "More bytes than this are a connection that was opened before the window."
---*/
with days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        bit_count(bit_or(hours_mask) filter (usage_kind like '%LoadBalancerUsage')) as hours,   -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost                                                             -- billing currency
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and resource_id not like 'all:%'
        and (sub_account_id, resource_id) in (
            select (sub_account_id, resource_id) from usage_meters where usage_kind like '%LoadBalancerUsage'
        )
    group by all
),
balancers as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        regexp_extract(resource_id, 'loadbalancer/((app|net|gwy)/)?', 2) as family,
        min(charge_date) as first_day,                                                          -- UTC day
        max(charge_date) filter (hours > 0) as last_day,                                        -- UTC day
        count(hours) as observed_days,                                                          -- days
        sum(cost) as cost,                                                                      -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost,                                                            -- billing currency
        sum(hours) as billed_hours                                                              -- h
    from days
    group by all
    having observed_days > 0
)
select
    l.* exclude (family),
    case family
        when 'app' then 'Application Load Balancer'
        when 'net' then 'Network Load Balancer'
        when 'gwy' then 'Gateway Load Balancer'
        else 'Classic Load Balancer'
    end as resource_type,
    case when family <> '' then 'v2' when resource_id like '%:loadbalancer/%' then 'classic' end as variant,
    -- Flows live on without new ones: without bytes they prove nothing.
    case
        when family not in ('net', 'gwy') then r.sample_hours
        when b.sample_hours is not null then least(n.sample_hours, b.sample_hours)
    end as sample_hours,                                                                        -- h
    case when family in ('net', 'gwy') then n.total else r.total end + coalesce(c.maximum, 0) as served,    -- requests, flows
    coalesce(b.total, 0) / 1e6 / $window_days as mb_per_day,                                    -- MB
    case when b.total is null then 'bytes' end as not_measured,
    case when b.total is null then 'medium' end as confidence,
    $window_days as window_days                                                                 -- days
from balancers l
left join measured('requests', $as_of, $window_days) r using (provider, sub_account_id, resource_id)
left join measured('new_connections', $as_of, $window_days) n using (provider, sub_account_id, resource_id)
left join measured('connections', $as_of, $window_days) c using (provider, sub_account_id, resource_id)
left join measured('network_bytes', $as_of, $window_days) b using (provider, sub_account_id, resource_id)
