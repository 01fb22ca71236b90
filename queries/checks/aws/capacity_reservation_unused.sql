/*---
id          = "aws-capacity-reservation-unused"
title       = "Capacity reservation holds instances that are never started"
kind        = "stale"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "A daily export does not tell two instances unused at night from one that is never used. Capacity may be held on purpose: for a failover, a launch, or an instance type that is hard to get. Cancelled capacity may not come back."
remediation = "Reduce the reservation to what runs in it, or cancel it; running instances go on at the same price."
command     = """
aws ec2 describe-capacity-reservations --region {region} --capacity-reservation-ids {resource_name}
aws ec2 cancel-capacity-reservation --region {region} --capacity-reservation-id {resource_name}"""
reason      = "{unused_instances} reserved instances unused on average on each of {unused_days} days, and never fewer than {least_unused_hours} instance-hours of a day."
[judge]
value    = "unused_days"
at_least = "window_days"
history  = "known_days"
[params.window_days]
default = 7
unit    = "days"
help    = "Trailing days on each of which capacity must have been unused."
[params.min_unused_hours]
default = 23
unit    = "instance-hours"
help    = "Unused hours from which on a day counts: one instance all day long, but for a restart."
---*/
with unused as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        sum(consumed_quantity) as hours,                                        -- instance-hours
        -- In an hour without a line all of it was in use: then nothing of it can go.
        bit_count(bit_or(hours_mask)) as hours_of_day,                          -- h; 24 in daily exports
        bool_and(hourly) as hourly,
        sum(effective_cost) as cost,                                            -- billing currency
        sum(committed_cost) as committed_cost,                                  -- billing currency
        sum(list_cost) as list_cost,                                            -- billing currency
        list(distinct usage_type) as usage_types                                -- usage types
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and regexp_matches(usage_kind, '^(UnusedBox|UnusedDed)')
    group by all
)

select
    u.provider,
    u.sub_account_id,
    u.resource_id,
    u.billing_currency,
    'capacity reservation' as resource_type,
    min(u.charge_date) as first_day,                                            -- UTC day
    max(u.charge_date) as last_day,                                             -- UTC day
    count(*) as observed_days,                                                  -- days
    sum(u.cost) as cost,                                                        -- billing currency
    sum(u.committed_cost) as committed_cost,                                    -- billing currency
    sum(u.list_cost) as list_cost,                                              -- billing currency
    list_distinct(flatten(list(u.usage_types))) as claims,                      -- usage types
    sum(u.hours) / (24 * $window_days) as unused_instances,                     -- instances, average
    min(u.hours) as least_unused_hours,                                         -- instance-hours on one day
    count(*) filter (u.hours >= $min_unused_hours * (1 - 1e-9) and u.hours_of_day >= 23) as unused_days,  -- days
    -- No more can go than the whole instances that were unused on every day.
    least(1, 24 * floor(min(u.hours) / 23) / nullif(avg(u.hours), 0)) as saves_share,  -- share
    case when not bool_and(u.hourly) and min(u.hours) > 25 then 'low' end as confidence,
    $as_of - min(r.first_day) + 1 as known_days                                 -- days
from unused u
join resources r using (provider, sub_account_id, resource_id)
group by all
