/*---
id          = "gcp-composer-always-on"
title       = "Non-production Composer environment runs at night and on weekends"
kind        = "schedule"
service     = "Cloud Composer"
confidence  = "medium"
effort      = "high"
risk        = "medium"
blind_spots = "The environment is read from labels and project names. Composer cannot be stopped, only deleted and restored from a snapshot; jobs that load test data at night need the nights. Where the export names no environment, several of one region are one sum. Storage and database disks are not counted."
remediation = "Save a snapshot, delete the environment outside working hours and load the snapshot into a new one; or let teams share one, or develop locally."
command     = """
gcloud composer environments describe {resource_name} --location {location} --project {account_id}
gcloud composer environments snapshots save {resource_name} --location {location} --project {account_id}"""
reason      = "Composer was billed in {hours} h of the window and is marked {environment_found}."
references  = ["https://cloud.google.com/composer/docs/composer-3/save-load-snapshots"]
[judge]
hours    = "hours"
at_least = "min_hours_share"
[commands]
group = "gcloud composer environments list --locations {region} --project {account_id}"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed: two weekends."
[params.min_hours_share]
default = 0.95
unit    = "share"
help    = "From this share of the window's hours on it runs around the clock."
[params.working_hours_per_week]
default = 50
unit    = "h"
help    = "Hours per week that would do."
---*/
with lines as (
    -- Environment fees, vCPU, memory, DCU-hours; since 2025 'bigquery engine for apache airflow'. Disks stay.
    select
        *,
        regexp_matches(usage_kind, 'environment') and pricing_unit ilike '%hour%' as is_fee
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (
            service_name in ('Cloud Composer', 'Managed Service for Apache Airflow')
            or usage_kind like '%cloud composer%'
            or regexp_matches(usage_kind, '^composer \d|apache airflow')
        )
        and not regexp_matches(usage_kind, 'storage|disk|network|egress|data transfer|snapshot|commitment')
),

days as (
    -- Lines of an hour repeat it: masks are OR-ed. A negated day has no quantity left.
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        max(region_id) as region_id,
        case when sum(consumed_quantity) > 0
            then least(24, bit_count(bit_or(hours_mask)), sum(consumed_quantity) filter (is_fee)) else 0 end as hours,  -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost,                                                            -- billing currency
        list(distinct usage_type order by usage_type) as claims,
        bool_and(environment = 'non-production') as all_say_so
    from lines
    group by all
)

select
    d.provider,
    d.sub_account_id,
    d.resource_id,
    d.billing_currency,
    'Composer environment' as resource_type,
    max(d.region_id) as region_id,
    min(d.charge_date) as first_day,                                                            -- UTC day
    max(d.charge_date) as last_day,                                                             -- UTC day
    count(distinct d.charge_date) as observed_days,                                             -- days
    sum(d.cost) as cost,                                                                        -- billing currency
    sum(d.committed_cost) as committed_cost,                                                    -- billing currency
    sum(d.list_cost) as list_cost,                                                              -- billing currency
    list_sort(list_distinct(flatten(list(d.claims)))) as claims,                                -- usage types
    sum(d.hours) as hours,                                                                      -- h
    max(r.environment) as environment_found
from days d
join resources r using (provider, sub_account_id, resource_id)
where r.environment = 'non-production'
group by provider, sub_account_id, resource_id, billing_currency
-- A group has lines of many environments: all of them must say so.
having d.resource_id not like 'all:%' or bool_and(d.all_say_so)
