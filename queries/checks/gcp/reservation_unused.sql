/*---
id          = "gcp-reservation-unused"
title       = "Reservation holds machines that never run"
kind        = "idle"
service     = "Compute Engine"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Capacity may be held on purpose: for a failover, a launch, or a machine type that is hard to get; deleted capacity may not come back. How many machines were unused in each hour is not in the daily sums: where their number changes within a day, the saving is an upper bound. A reservation that a commitment was bought with cannot be deleted before it ends."
remediation = "Lower the reservation's count to what runs in it, or delete it; running machines go on at the same price."
reason      = "Capacity was reserved and unused in {unused_hours} of the last {window_hours} hours, {unused_vcpus} vCPUs on average."
[judge]
use     = "used_hours"
per     = "window_hours"
at_most = "max_used_share"
[commands]
reservation = """
gcloud compute reservations list --project {account_id} --filter=name={resource_name}
gcloud compute commitments list --project {account_id}"""
group = "gcloud compute reservations list --project {account_id}"
[params.window_days]
default = 7
unit    = "days"
help    = "Trailing days on each of which capacity must have been unused."
[params.max_used_share]
default = 0.05
unit    = "share"
help    = "Up to this share of the hours all reserved capacity may be in use."
---*/
with lines as (
    select
        *,
        regexp_matches(usage_kind, '(^| )(core|v?cpu)( |$)') as is_core
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and operation = 'unused_reservation'
),
unused as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        -- In an hour without a line all of it was in use.
        bit_count(bit_or(hours_mask)) as hours,                                 -- h
        bool_and(hourly) as is_hourly,
        coalesce(sum(consumed_quantity) filter (is_core), 0) as vcpu_hours,     -- vCPU-hours
        sum(effective_cost) as cost,
        sum(committed_cost) as committed_cost,
        sum(list_cost) as list_cost,
        max(region_id) as region_id,
        max(instance_type) as instance_type,
        list(distinct usage_type order by usage_type) as usage_types
    from lines
    group by all
    having sum(consumed_quantity) > 0
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'reservation' as resource_type,
    max(region_id) as region_id,
    'reservation' as variant,
    min(charge_date) as first_day,                                              -- UTC day
    max(charge_date) as last_day,                                               -- UTC day
    count(*) as observed_days,                                                  -- days
    sum(cost) as cost,                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                      -- billing currency
    sum(list_cost) as list_cost,                                                -- billing currency
    list_distinct(flatten(list(usage_types))) as claims,                        -- usage types as billed
    nullif(max(instance_type), '') as machine_type,
    24 * $window_days as window_hours,                                          -- h
    sum(hours) as unused_hours,                                                 -- h
    24 * $window_days - sum(hours) as used_hours,                               -- h, in which all of it was in use
    round(sum(vcpu_hours) / (24 * $window_days), 2) as unused_vcpus,            -- vCPUs, average
    round(min(vcpu_hours) / 24, 2) as least_unused_vcpus,                       -- vCPUs, average of the busiest day
    -- No more can go than what was unused on the busiest day.
    coalesce(least(1, case when min(vcpu_hours) > 0 then min(vcpu_hours) / avg(vcpu_hours)
        else min(cost) / nullif(avg(cost), 0) end), 0) as saves_share,          -- share
    -- The same whole number of vCPUs every day: the number of unused machines does not change.
    case
        when not bool_and(is_hourly)
            or max(vcpu_hours) > 1.01 * min(vcpu_hours)
            or abs(sum(vcpu_hours) / sum(hours) - round(sum(vcpu_hours) / sum(hours))) > 0.02 then 'low'
    end as confidence                                                           -- else the check's
from unused
group by all
