/*---
id          = "gcp-static-ip-idle"
title       = "Static IP address is reserved and not in use"
kind        = "idle"
service     = "Compute Engine"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "A released address does not come back: allow lists of partners and DNS records may name it. It may wait for a machine that is stopped for longer than the window, or for a failover. An address that is used for a few minutes a day looks idle."
remediation = "Release the address, unless its number is on an allow list or waits for a machine to start."
reason      = "Billed as a static address that nothing uses for {idle_hours} of the last {window_hours} hours."
[judge]
use     = "used_hours"
per     = "window_hours"
at_most = "max_used_share"
[commands]
regional = """
gcloud compute addresses describe {resource_name} --region {location} --project {account_id}
gcloud compute addresses delete {resource_name} --region {location} --project {account_id}"""
global = """
gcloud compute addresses describe {resource_name} --global --project {account_id}
gcloud compute addresses delete {resource_name} --global --project {account_id}"""
group = "gcloud compute addresses list --project {account_id} --filter=status=RESERVED"
[params.window_days]
default = 10
unit    = "days"
help    = "Trailing days on each of which the address must have been billed as idle: longer than a week off."
[params.max_used_share]
default = 0.02
unit    = "share"
help    = "Up to this share of the window's hours may lack an idle charge."
---*/
with address_days as (
    -- Google bills an address under this SKU only while nothing uses it; in use it is billed to its machine. Cloud SQL
    -- has an idling charge of its own, for addresses that cannot be released apart from their instance.
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        max(region_id) as region_id,
        starts_with(resource_id, 'all:') as is_group,
        sum(consumed_quantity) as idle_hours,
        sum(effective_cost) as cost,
        sum(committed_cost) as committed_cost,
        sum(list_cost) as list_cost,
        list(distinct usage_type order by usage_type) as usage_types
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and regexp_matches(usage_kind, '^(regional |global )?static ip charge|ip address idling')
        and not service_name ilike '%sql%'
        and not regexp_matches(usage_kind, 'alias')
    group by all
    having sum(consumed_quantity) > 0
),
quietest as (
    -- Of a group only as many addresses as are idle on its quietest day: others are idle at night.
    select
        *,
        case
            when is_group then floor(min(idle_hours) over whole / 23.5)
            else 1
        end as idle_addresses,
        max(idle_hours) over whole as most_idle_hours
    from address_days
    window whole as (partition by provider, sub_account_id, resource_id, billing_currency)
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'static IP address' as resource_type,
    any_value(region_id) as region_id,
    case
        when bool_or(resource_id like '%/global/%' or region_id = '') then 'global'
        else 'regional'
    end as variant,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(distinct charge_date) as observed_days,                                               -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list_distinct(flatten(list(usage_types))) as claims,                                        -- usage types as billed
    24 * $window_days as window_hours,                                                          -- h
    case when bool_or(is_group) then max(idle_addresses) end as idle_addresses,                 -- count
    sum(least(idle_hours, 24)) as idle_hours,                                                   -- h, of one address
    case
        when max(idle_addresses) < 1 then 24 * $window_days
        else greatest(0, 24 * $window_days - sum(least(idle_hours, 24)))
    end as used_hours,                                                                          -- h, not billed as idle
    case when bool_or(is_group) then least(1, max(idle_addresses) * 24 * count(*) / sum(idle_hours)) else 1 end
        as saves_share,                                                                         -- share
    -- Whole addresses, the same number of them every day: none that rests at night.
    case when min(idle_hours) >= 23.5 * max(idle_addresses) and max(most_idle_hours) <= 24.5 * max(idle_addresses)
        then 'medium' end as group_confidence
from quietest
group by all
