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
reason      = "Billed as idle for {idle_hours} hours of the last days, idle since {idle_since} or earlier."
[judge]
value    = "idle_hours"
at_least = "min_idle_hours"
nothing  = "later_days_in_use"
[params.window_days]
default = 7
unit    = "days"
help    = "Trailing days that are looked at."
[params.min_idle_hours]
default = 25
unit    = "h"
help    = "From this many idle hours within the window on: more than a day."
---*/
with address_days as (
    select
        *,
        -- The second is what the bill said before February 2024.
        regexp_matches(usage_kind, 'PublicIPv4:IdleAddress|ElasticIP:IdleAddress') as idle
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and regexp_matches(usage_kind, 'PublicIPv4:(Idle|InUse)Address|ElasticIP:IdleAddress')
),

dated as (
    select
        *,
        min(charge_date) filter (idle) over (partition by provider, sub_account_id, resource_id, billing_currency)
            as idle_since
    from address_days
)

select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    idle_since,                                                                 -- UTC day, within the window
    'public IPv4 address' as resource_type,
    coalesce(min(charge_date) filter (idle), min(charge_date)) as first_day,    -- UTC day
    coalesce(max(charge_date) filter (idle), max(charge_date)) as last_day,     -- UTC day
    count(distinct charge_date) filter (idle) as observed_days,                 -- days
    coalesce(sum(effective_cost) filter (idle), 0) as cost,                     -- billing currency
    coalesce(sum(committed_cost) filter (idle), 0) as committed_cost,           -- billing currency
    coalesce(sum(list_cost) filter (idle), 0) as list_cost,                     -- billing currency
    list(distinct usage_type) filter (idle) as claims,                          -- usage types
    coalesce(sum(consumed_quantity) filter (idle), 0) as idle_hours,            -- h
    -- An address that comes back into use belongs to something that is switched off at times. Groups mix addresses.
    count(distinct charge_date) filter (
        not idle and consumed_quantity > 0 and charge_date > idle_since and resource_id not like 'all:%'
    ) as later_days_in_use                                                      -- days
from dated
group by all
