/*---
id          = "gcp-workbench-always-on"
title       = "Notebook machine runs at night and on weekends"
kind        = "schedule"
service     = "Vertex AI Workbench"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "A job that trains or serves inside the notebook may need the nights; what is only in memory is lost on a stop. Disks go on being billed; a machine with a scarce GPU may not start again at once."
remediation = "Save the work and stop it, then set an idle shutdown on the instance."
reason      = "Ran {hours} h in the window on {instance_type}, labelled as a notebook."
references  = ["https://cloud.google.com/vertex-ai/docs/workbench/instances/idle-shutdown"]
[judge]
hours    = "hours"
at_least = "min_hours_share"
[commands]
workbench = """
gcloud workbench instances describe {resource_name} --location {location} --project {account_id}
gcloud workbench instances stop {resource_name} --location {location} --project {account_id}"""
machine   = """
gcloud compute instances describe {resource_name} --zone {location} --project {account_id}
gcloud compute instances stop {resource_name} --zone {location} --project {account_id}"""
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
with notebooks as (
    -- Workbench instances, and the older user-managed and managed notebooks. A name alone says nothing.
    select
        load_id,
        tag_key,
        list_bool_or(list_transform(map_values(tags), lambda v: v = 'workbench-instances')) as is_workbench
    from tag_sets
    where list_bool_or(
        list_transform(
            map_entries(tags),
            lambda e: regexp_matches(lower(e.key), '^(goog-caip-(managed-)?notebook|notebooks-product|goog-notebooks?)')
                and lower(e.value) <> 'false'
                or e.key = 'goog-vertex-ai-product' and regexp_matches(lower(e.value), 'workbench|notebook')
        )
    )
),

lines as (
    select
        *,
        regexp_matches(usage_kind, ' core( |$)|burstable cpu|instance with') as is_core,
        -- Families with a discount for sustained use: hours that go also take the discount of the others along.
        regexp_matches(
            usage_kind,
            '^(n1|n2|n2d|m1|m2) |^(n2d )?custom |^(compute|memory)[ -]optimized |^(micro|small) instance|gpu'
        ) and pricing_category = 'Standard' as has_sustained_use,
        -- n1-standard-4, n2-custom-6-20480; machines with a share of a core name none
        try_cast(coalesce(
            nullif(regexp_extract(instance_type, 'custom-(\d+)', 1), ''), nullif(regexp_extract(instance_type, '-(\d+)$', 1), '')
        ) as double) as vcpus                                                                   -- vCPU
    from usage_days
    join notebooks using (load_id, tag_key)
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (service_code = '6F81-5844-456A' or service_name = 'Compute Engine')
        and regexp_matches(usage_kind, '(^| )(core|ram|gpu)( |$)|(micro|small) instance')
        and not regexp_matches(usage_kind, '^(commitment|licensing fee)')
        and resource_id not like 'all:%'  -- several notebooks by turns would look like one that never stops
),

days as (
    -- Covered and uncovered lines of an hour repeat it: masks are OR-ed. vCPU-hours tell of daily lines and of minutes.
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        case
            when sum(consumed_quantity) filter (is_core) > 0
                then least(
                    24,
                    bit_count(bit_or(hours_mask) filter (is_core)),
                    sum(consumed_quantity / case when pricing_unit ilike '%second%' then 3600 else 1 end) filter (is_core)
                        / max(vcpus)
                )
            when bool_or(is_core) then 0
        end as hours,                                                                             -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost,                                                            -- billing currency
        sum(effective_cost) filter (has_sustained_use) as sustained_cost,                       -- billing currency
        sum(list_cost) filter (has_sustained_use) as sustained_list_cost,                       -- billing currency
        list(distinct usage_type order by usage_type) as claims,
        max(nullif(instance_type, '')) as instance_type,
        bool_or(usage_kind like '%gpu%') as has_gpu,
        bool_or(is_workbench) as is_workbench
    from lines
    group by all
)

select
    d.provider,
    d.sub_account_id,
    d.resource_id,
    d.billing_currency,
    'notebook machine' as resource_type,
    case when bool_or(d.is_workbench) then 'workbench' else 'machine' end as variant,
    min(d.charge_date) as first_day,                                                            -- UTC day
    max(d.charge_date) as last_day,                                                             -- UTC day
    count(distinct d.charge_date) filter (d.hours > 0) as observed_days,                        -- days
    sum(d.cost) as cost,                                                                        -- billing currency
    sum(d.committed_cost) as committed_cost,                                                    -- billing currency
    sum(d.list_cost) as list_cost,                                                              -- billing currency
    list_sort(list_distinct(flatten(list(d.claims)))) as claims,                                -- usage types
    coalesce(max(d.instance_type), 'a machine') as instance_type,
    bool_or(d.has_gpu) as has_gpu,
    sum(d.hours) as hours,                                                                      -- h
    -- What remains is paid without a sustained-use discount: at list price where the family has one.
    greatest(
        0,
        1 - $working_hours_per_week / 168.0
        * (1 + greatest(0, coalesce(sum(d.sustained_list_cost) - sum(d.sustained_cost), 0)) / nullif(sum(d.cost), 0))
    ) as saves_share,                                                                           -- share
    case when max(r.environment) = 'production' then 'low' end as confidence                    -- may serve or be scheduled
from days d
join resources r using (provider, sub_account_id, resource_id)
group by all
