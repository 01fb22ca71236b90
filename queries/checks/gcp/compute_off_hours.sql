/*---
id          = "gcp-compute-off-hours"
title       = "Non-production machine runs at night and on weekends"
kind        = "schedule"
service     = "Compute Engine"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "The environment is read from labels, project and resource names. Night builds, load tests, teams in other time zones and shared tools (bastion, CI, licence server) may need the nights. Disks and a static address go on being billed while the machine is stopped; a local SSD loses its data, an ephemeral address changes."
remediation = "Stop the machine outside working hours with an instance schedule (a resource policy; the Compute Engine service agent needs the right to start and stop it); for an instance group use a schedule of its autoscaler."
reason      = "Ran {hours} h in the window, {days} days of them around the clock or nearly so, and is marked {environment_found}."
references  = ["https://cloud.google.com/compute/docs/instances/schedule-instance-start-stop"]
[judge]
hours    = "hours"
at_least = "min_hours_share"
[commands]
unplaced = "gcloud compute instances list --project {account_id} --filter=\"name={resource_name}\""
instance = """
gcloud compute instances describe {resource_name} --zone {location} --project {account_id}
gcloud compute resource-policies create instance-schedule working-hours --region {region} --project {account_id} --vm-start-schedule="0 8 * * MON-FRI" --vm-stop-schedule="0 18 * * MON-FRI" --timezone=UTC
gcloud compute instances add-resource-policies {resource_name} --zone {location} --project {account_id} --resource-policies=working-hours
"""
member = """
gcloud compute instances describe {resource_name} --zone {location} --project {account_id}
gcloud compute instance-groups managed list --project {account_id}
"""
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed: two weekends."
[params.min_hours_share]
default = 0.95
unit    = "share"
help    = "From this share of the window's hours on the machine runs around the clock."
[params.working_hours_per_week]
default = 50
unit    = "h"
help    = "Hours per week that would do."
---*/
with managed as (
    -- Nodes of clusters and workers: whoever stops one gets a new one, or breaks the cluster. Workbench has its own check.
    select
        load_id,
        tag_key
    from tag_sets
    where list_bool_or(
        list_transform(
            map_keys(tags),
            lambda k: regexp_matches(
                lower(k),
                '^(goog-k8s-|goog-gke-|goog-dataproc-|goog-composer-|goog-dataflow-|dataflow[-_]job|goog-vertex-ai-|goog-notebook|notebooks-|goog-batch-|goog-fleet|goog-solutions-console-deployment-|gke[-_])'
            )
        )
    )
),
parts as (
    select
        u.provider,
        u.sub_account_id,
        u.resource_id,
        u.billing_currency,
        u.charge_date,
        u.usage_type,
        u.usage_kind,
        u.resource_name,
        u.instance_type,
        u.hours_mask,
        u.hourly,
        u.consumed_quantity,
        u.effective_cost,
        u.committed_cost,
        u.list_cost,
        u.pricing_category,
        m.tag_key is not null or starts_with(u.resource_name, 'gke-') as is_managed,
        regexp_matches(u.usage_kind, '(^| )core( |$)') and u.usage_kind not like '%premium%' as is_core,
        regexp_matches(u.usage_kind, '(^| )(gpu|rtx)( |$)') as is_gpu,
        -- Families with a discount for sustained use: hours that go also take the discount of the others along.
        regexp_matches(
            u.usage_kind,
            '^(n1|n2|n2d|m1|m2) |^(n2d )?custom |^(compute|memory)[ -]optimized |^(micro|small) instance|gpu'
        ) as has_sustained_use,
        coalesce(
            try_cast(nullif(regexp_extract(u.instance_type, 'custom-([0-9]+)-', 1), '') as double),
            try_cast(nullif(regexp_extract(u.instance_type, '-(?:standard|highmem|highcpu|ultramem|megamem|hypermem)-([0-9]+)$', 1), '') as double),
            case u.instance_type when 'e2-micro' then 0.25 when 'e2-small' then 0.5 when 'e2-medium' then 1 end
        ) as vcpus
    from usage_days u
    left join managed m using (load_id, tag_key)
    where u.provider = 'gcp'
        and u.charge_date > $as_of - $window_days
        and u.charge_date <= $as_of
        and (u.service_code = '6F81-5844-456A' or u.service_name = 'Compute Engine')
        and u.pricing_category <> 'Dynamic'
        and u.operation <> 'unused_reservation'
        and u.resource_id <> ''
        -- Several machines by turns would look like one that never stops.
        and not starts_with(u.resource_id, 'all:')
        and not regexp_matches(u.usage_kind, 'sole tenancy|^(spot|preemptible) |suspend|licens')
        and regexp_matches(
            u.usage_kind, '(^| )(instance|optimized|extended) (core|ram)( |$)|^(micro|small) instance with|(^| )(gpu|rtx)( |$)'
        )
),
days as (
    -- Covered and uncovered rows, cores and memory of one machine repeat its hours: masks are OR-ed. Minutes of an hour
    -- count as minutes where the machine type says how many vCPUs there are.
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        case
            when sum(consumed_quantity) <= 0 then 0
            -- Lines by the day do not say which hours.
            when not bool_and(hourly) and max(vcpus) is null then null
            else least(
                24,
                bit_count(bit_or(hours_mask) filter (not is_gpu)),
                coalesce(sum(consumed_quantity) filter (is_core) / max(vcpus), 24)
            )
        end as hours,
        sum(effective_cost) as cost,
        sum(committed_cost) as committed_cost,
        sum(list_cost) as list_cost,
        sum(effective_cost) filter (has_sustained_use and pricing_category = 'Standard') as sustained_cost,
        sum(list_cost) filter (has_sustained_use and pricing_category = 'Standard') as sustained_list_cost,
        list(distinct usage_type order by usage_type) as claims,
        max(nullif(instance_type, '')) as machine_type,
        max(resource_name) as name,
        bool_or(is_managed) as is_managed
    from parts
    group by all
),
machines as (
    select
        d.provider,
        d.sub_account_id,
        d.resource_id,
        d.billing_currency,
        -- Groups name their members with four characters of chance at the end: letters and digits, or no vowel.
        regexp_matches(max(d.name), '-[a-z0-9]{4}$')
            and regexp_matches(max(d.name), '-([a-z]+[0-9]|[0-9]+[a-z])[a-z0-9]*$|-[b-df-hj-np-tv-z]{4}$') as is_member,
        regexp_matches(
            max(d.name),
            '(^|[^a-z])(bastion|jump|vpn|proxy|dns|ldap|ad|dc|nat|ntp|ci|cd|build|builder|runner|agent|jenkins|gitlab|nexus|artifactory|sonar|sonarqube|vault|consul|license|licence|monitor|monitoring|grafana|prometheus|zabbix|backup)[0-9]*([^a-z]|$)'
        ) as is_shared,
        min(d.charge_date) as first_day,
        max(d.charge_date) as last_day,
        count(distinct d.charge_date) as observed_days,
        sum(d.cost) as cost,
        sum(d.committed_cost) as committed_cost,
        sum(d.list_cost) as list_cost,
        coalesce(sum(d.sustained_cost), 0) as sustained_cost,
        coalesce(sum(d.sustained_list_cost), 0) as sustained_list_cost,
        list_distinct(flatten(list(d.claims))) as claims,
        max(d.machine_type) as machine_type,
        case when count(d.hours) = count(*) then sum(d.hours) end as hours,
        count(*) filter (d.hours >= 23) as days,
        max(r.environment) as environment_found
    from days d
    join resources r using (provider, sub_account_id, resource_id)
    where r.environment = 'non-production'
    group by all
    having not bool_or(d.is_managed)
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'virtual machine' as resource_type,
    case
        when resource_id not like '%/zones/%' then 'unplaced'
        when is_member then 'member'
        else 'instance'
    end as variant,
    case when is_member or is_shared then 'low' end as confidence,                              -- else the check's
    first_day,                                                                                  -- UTC day
    last_day,                                                                                   -- UTC day
    observed_days,                                                                              -- days
    cost,                                                                                       -- billing currency
    committed_cost,                                                                             -- billing currency
    list_cost,                                                                                  -- billing currency
    claims,                                                                                     -- usage types as billed
    machine_type,
    hours,                                                                                      -- h
    days,                                                                                       -- days
    is_member as is_managed_by_group,
    environment_found,
    -- What remains is paid without a sustained-use discount: at list price where the family has one.
    case
        when cost > 0 then greatest(
            0,
            1 - $working_hours_per_week / 168.0
            * (cost + greatest(0, sustained_list_cost - sustained_cost)) / cost
        )
        else 0
    end as saves_share                                                                          -- share
from machines
