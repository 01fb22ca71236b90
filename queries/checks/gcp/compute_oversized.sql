/*---
id          = "gcp-compute-oversized"
title       = "Machine larger than its load needs"
kind        = "oversized"
service     = "Compute Engine"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "Programs that size themselves by the machine (databases, Java heaps) or wait for a yearly peak need more than they used. Pods ask for more than they use: nodes that carry the load may not carry the requests. Not every family is in every zone; nested virtualization, compact placement, minimum CPU platforms and licences per core tie a machine to its family. Network and disk limits shrink with the number of vCPUs. Members of an instance group whose names do not say so are judged one by one."
remediation = "Try the smaller type on one machine, watch a busy week, then change the others; of groups and node pools change the template or make a new pool."
reason      = "{cpu_peak_vcpus} of {vcpus} vCPUs are what its load should reach (99th percentile so far {cpu_p99_percent} %), memory {memory_p99_percent} % of {memory_gib} GiB: {target} carries it at {price_ratio} of the price."
references  = ["https://cloud.google.com/compute/docs/instances/apply-machine-type-recommendations-for-instances"]
[judge]
[commands]
machine = """
gcloud compute instances describe {resource_name} --zone {location} --project {account_id} --format="value(machineType,minCpuPlatform,advancedMachineFeatures,disks)"
gcloud compute instances stop {resource_name} --zone {location} --project {account_id}
gcloud compute instances set-machine-type {resource_name} --zone {location} --project {account_id} --machine-type {target}
gcloud compute instances start {resource_name} --zone {location} --project {account_id}
"""
unplaced = "gcloud compute instances list --project {account_id} --filter=\"name={resource_name}\""
pool = "gcloud container clusters list --project {account_id}"
group = "gcloud compute instances list --project {account_id} --filter=\"name~{resource_name}\""
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose load and cost are looked at."
[params.min_days]
default = 14
unit    = "days"
help    = "Days with the present machine type and with samples that are needed."
[params.cpu_headroom]
default = 0.2
unit    = "share"
help    = "Part of the smaller machine's vCPUs that stays free at the expected peak."
[params.memory_headroom]
default = 0.2
unit    = "share"
help    = "Part of the smaller machine's memory that stays free at the expected peak."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "Below this share of the cost the change is not worth it."
---*/
with tied as (
    -- Accelerators, local disks, encrypted memory and commitments of one family do not move to another, Windows not to Arm.
    select
        m.sub_account_id,
        m.unit_id as resource_id,
        u.billing_currency,
        bool_or(
            regexp_matches(u.usage_kind, '(^| )(gpu|rtx)( |$)|local storage|confidential')
            or (u.commitment_discount_type = 'Committed Use Discount' and u.committed_cost > 0)
        ) as is_tied,
        bool_or(regexp_matches(u.usage_kind, '^licensing fee.*windows')) as has_windows
    from usage_days u
    join (
        select distinct sub_account_id, unit_id, unnest(members).resource_id as resource_id
        from machine_units
        where machine = 'compute' and charge_date > $as_of - $window_days and charge_date <= $as_of
    ) m using (sub_account_id, resource_id)
    where u.charge_date > $as_of - $window_days
        and u.charge_date <= $as_of
    group by all
)
select
    m.* replace (
        case
            when m.group_name like '%/%' then 'pool'
            when m.group_name = '' and m.resource_id not like '%/zones/%' then 'unplaced'
            else m.variant
        end as variant,
        nullif(m.group_name, '') as group_name,
        -- Some families take Hyperdisk only, the others not all of it: disks would have to be made anew.
        list_filter(
            m.options,
            lambda o: (o.family = m.family or not coalesce(t.is_tied, false))
                and (o.architecture = m.architecture or not coalesce(t.has_windows, false))
                and regexp_matches(o.family, '^(n4|c4|x4|m4)') = regexp_matches(m.family, '^(n4|c4|x4|m4)')
        ) as options
    ),
    case
        when m.group_name like '%/%' then 'node pool'
        when m.group_name <> '' then 'group of machines'
        else 'virtual machine'
    end as resource_type,
    $window_days as window_days                                                                 -- days
from machines('compute', $as_of, $window_days) m
left join tied t using (sub_account_id, resource_id, billing_currency)
left join resources r using (provider, sub_account_id, resource_id)
-- Nodes and members of groups without labels, told by their names: one of them cannot be changed alone.
where m.group_name <> ''
    or not (
        regexp_matches(coalesce(r.resource_name, ''), '^gk[e3]-')
        or (
            regexp_matches(coalesce(r.resource_name, ''), '-[b-df-hj-np-tv-z0-9]{4}$')
            and not regexp_matches(coalesce(r.resource_name, ''), '-[a-z]*[0-9]+$')
        )
    )
