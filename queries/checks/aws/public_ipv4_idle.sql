/*---
id          = "aws-public-ipv4-idle"
title       = "Public IPv4 address is not in use"
kind        = "forgotten"
service     = "Amazon Virtual Private Cloud"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "A released address does not come back: partners' allow lists and DNS records may name it, and an instance that is stopped for longer than the window may need it again."
remediation = "Release the address, unless its number is on an allow list or waits for an instance to start."
command     = """
aws ec2 describe-addresses --region {region} --allocation-ids {resource_name}
aws ec2 release-address --region {region} --allocation-id {resource_name}"""
reason      = "Billed as idle for {idle_hours} hours of the last days, without a break since {idle_since} or earlier."
[judge]
value    = "idle_hours"
at_least = "min_idle_hours"
nothing  = "signs_of_use"
[params.window_days]
default = 7
unit    = "days"
help    = "Trailing days that are looked at."
[params.min_idle_hours]
default = 25
unit    = "h"
help    = "From this many idle hours without a break within the window on: more than a day."
[params.lookback_days]
default = 35
unit    = "days"
help    = "Trailing days in which an idle address may have come back into use: then it belongs to something that rests."
[params.settled_days]
default = 10
unit    = "days"
help    = "Idle without a break for so long, an earlier return to use no longer counts: longer than a week off."
---*/
with address_days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        coalesce(sum(consumed_quantity) filter (is_idle), 0) as idle_hours,
        coalesce(sum(consumed_quantity) filter (not is_idle), 0) as used_hours,
        coalesce(sum(effective_cost) filter (is_idle), 0) as cost,
        coalesce(sum(committed_cost) filter (is_idle), 0) as committed_cost,
        coalesce(sum(list_cost) filter (is_idle), 0) as list_cost,
        list(distinct usage_type) filter (is_idle) as usage_types
    from (
        -- The second is what the bill said before February 2024.
        select *, regexp_matches(usage_kind, 'PublicIPv4:IdleAddress|ElasticIP:IdleAddress') as is_idle
        from usage_days
        where charge_date > $as_of - $lookback_days
            and charge_date <= $as_of
            and resource_id <> ''
            and regexp_matches(usage_kind, 'PublicIPv4:(Idle|InUse)Address|ElasticIP:IdleAddress')
    )
    group by all
),

marked as (
    select
        *,
        resource_id like 'all:%' as is_group,
        min(charge_date) filter (idle_hours > 0) over whole as first_idle,
        charge_date - lag(charge_date) over (whole order by charge_date) > 1 as after_gap,
        -- Of a group only as many addresses as are idle at the quietest: others are idle at night.
        24 * floor(min(idle_hours) filter (charge_date > $as_of - $window_days) over whole / 23) as always_idle_hours
    from address_days
    window whole as (partition by provider, sub_account_id, resource_id, billing_currency)
),

dated as (
    -- In use an address is billed to its network interface, so a day in use is one that was not idle all day long.
    select
        *,
        max(case
            when is_group or charge_date <= first_idle then null
            when idle_hours <= 23 or used_hours > 0 then charge_date
            when after_gap then charge_date - 1
        end) over (partition by provider, sub_account_id, resource_id, billing_currency) as last_break
    from marked
),

runs as (
    select
        *,
        coalesce(last_break + 1, first_idle, charge_date) as idle_since,
        charge_date > $as_of - $window_days and idle_hours > 0 and charge_date > coalesce(last_break, first_idle - 1)
            as is_counted
    from dated
)

select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    min(idle_since) as idle_since,                                              -- UTC day, within the lookback
    'public IPv4 address' as resource_type,
    case when date_diff('day', min(idle_since), $as_of) < 6 then 'medium' end as confidence,
    coalesce(min(charge_date) filter (is_counted), min(charge_date)) as first_day,  -- UTC day
    coalesce(max(charge_date) filter (is_counted), max(charge_date)) as last_day,   -- UTC day
    count(*) filter (is_counted) as observed_days,                              -- days
    least($window_days, date_diff('day', coalesce(min(charge_date) filter (is_counted), min(charge_date)), $as_of) + 1)
        as span_days,                                                           -- days
    coalesce(sum(cost) filter (is_counted), 0) as cost,                         -- billing currency
    coalesce(sum(committed_cost) filter (is_counted), 0) as committed_cost,     -- billing currency
    coalesce(sum(list_cost) filter (is_counted), 0) as list_cost,               -- billing currency
    list_distinct(flatten(list(usage_types))) as claims,                        -- usage types
    coalesce(sum(case when is_group then least(idle_hours, always_idle_hours) else idle_hours end)
        filter (is_counted), 0) as idle_hours,                                  -- h
    case when bool_or(is_group) then sum(least(idle_hours, always_idle_hours)) filter (is_counted)
        / nullif(sum(idle_hours) filter (is_counted), 0) else 1 end as saves_share,  -- share
    -- An address that comes back into use belongs to something that is switched off at times.
    case when date_diff('day', min(idle_since), $as_of) + 1 < $settled_days then count(last_break) else 0 end
        as signs_of_use                                                         -- count
from runs
group by all
