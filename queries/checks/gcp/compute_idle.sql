/*---
id          = "gcp-compute-idle"
title       = "Machine runs and does nothing"
kind        = "idle"
service     = "Compute Engine"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "A standby, a licence server or one that is needed once a quarter looks the same; so does work in short bursts that the 99th percentile of a day leaves out (see the maximum), and month-end work that the window just missed. Disks and static addresses go on being billed while a machine is stopped; a local SSD loses its data. Members of an instance group are not always told by their names."
remediation = "Ask its owner, stop the machine, and delete it when nobody has missed it for some weeks; scale a group or cluster to what is needed."
reason      = "In {window_days} days its CPU never stayed above {cpu_p99_percent} % (daily 99th percentile; maximum {cpu_maximum_percent} %), and its busiest day moved {network_mb_per_day} MB over the network."
references  = ["https://cloud.google.com/compute/docs/instances/viewing-and-applying-idle-vm-recommendations"]
[judge]
use     = "cpu_p99_percent"
at_most = "max_cpu_percent"
also    = { load_beside_cpu = "max_load_beside_cpu" }
[commands]
machine = """
gcloud compute instances describe {resource_name} --zone {location} --project {account_id}
gcloud compute instances stop {resource_name} --zone {location} --project {account_id}
"""
unplaced = "gcloud compute instances list --project {account_id} --filter=\"name={resource_name}\""
member = """
gcloud compute instances describe {resource_name} --zone {location} --project {account_id}
gcloud compute instance-groups managed list --project {account_id}
"""
group = "gcloud compute instances list --project {account_id} --filter=\"name~{resource_name}\""
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks, which nearly always hold a month's end."
[params.max_cpu_percent]
default = 5
unit    = "%"
help    = "At or below this CPU utilisation (highest 99th percentile of a day) a machine counts as idle."
[params.max_load_beside_cpu]
default = 1
unit    = "ratio"
help    = "At or below this multiple of the limits below, network and disks count as idle, too."
[params.max_network_mb_per_day]
default = 5
unit    = "MB"
help    = "Traffic in and out on the busiest day; raise it where agents send metrics and logs all day."
[params.max_disk_mb_per_s]
default = 1
unit    = "MB/s"
help    = "Reads and writes (highest 99th percentile of a day)."
[params.max_memory_percent]
default = 50
unit    = "%"
help    = "Memory in use; it counts only where the network was not measured, as a cache is busy through its network."
---*/
with beside as (
    -- What is billed under a machine's name beside its cores and memory, and ends with it.
    select
        m.sub_account_id,
        m.unit_id as resource_id,
        u.billing_currency,
        sum(u.effective_cost) as cost,
        sum(u.committed_cost) as committed_cost,
        sum(u.list_cost) as list_cost,
        list(distinct u.usage_type) as claims,
        bool_or(regexp_matches(u.usage_kind, '(^| )(gpu|rtx)( |$)')) as has_gpu
    from usage_days u
    join (
        select distinct sub_account_id, unit_id, unnest(members).resource_id as resource_id
        from machine_units
        where machine = 'compute' and charge_date > $as_of - $window_days and charge_date <= $as_of
    ) m using (sub_account_id, resource_id)
    where u.charge_date > $as_of - $window_days
        and u.charge_date <= $as_of
        and regexp_matches(u.usage_kind, '(^| )(gpu|rtx)( |$)|^licensing fee|local storage')
    group by all
),
units as (
    select
        m.* replace (
            m.cost + coalesce(b.cost, 0) as cost,
            m.committed_cost + coalesce(b.committed_cost, 0) as committed_cost,
            m.list_cost + coalesce(b.list_cost, 0) as list_cost,
            list_concat(m.claims, b.claims) as claims,
            case
                when m.variant = 'group' then 'group'
                when m.resource_id not like '%/zones/%' then 'unplaced'
                -- Groups end the names of their members with four characters of chance, without vowels.
                when regexp_matches(r.resource_name, '-[b-df-hj-np-tv-z0-9]{4}$') and not regexp_matches(r.resource_name, '-[a-z]*[0-9]+$')
                    then 'member'
                else 'machine'
            end as variant
        ),
        regexp_matches(
            lower(coalesce(r.resource_name, m.group_name)), '(^|[^a-z])(replica|standby|failover|secondary|passive|dr)\d*([^a-z]|$)'
        ) as is_standby,
        list_max([d.p99 for d in m.cpu_days]) as cpu_p99_percent,
        list_max([d.average for d in m.network_days]) * 86400 / 1e6 as network_mb_per_day,      -- of a group its busiest member
        list_sum([d.sample_hours for d in m.network_days]) as network_hours,                    -- h
        list_max([d.p99 for d in m.disk_bytes_days]) / 1e6 as disk_mb_per_s,
        list_max([d.p99 for d in m.memory_days]) as memory_p99_percent
    from machines('compute', $as_of, $window_days) m
    left join beside b using (sub_account_id, resource_id, billing_currency)
    left join resources r using (provider, sub_account_id, resource_id)
    -- Accelerators work while the CPU rests (gcp-compute-gpu-idle), nodes of Kubernetes have load of their own
    -- (gcp-gke-node-pool-idle).
    where not coalesce(b.has_gpu, false)
        and m.group_name not like '%/%'
        and not regexp_matches(coalesce(r.resource_name, ''), '^gk[e3]-')
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    region_id,
    nullif(group_name, '') as group_name,
    members,
    variant,
    case when members is not null then 'group of machines' else 'virtual machine' end as resource_type,
    first_day,                                                                                  -- UTC day
    last_day,                                                                                   -- UTC day
    observed_days,                                                                              -- days
    cost,                                                                                       -- billing currency
    committed_cost,                                                                             -- billing currency
    list_cost,                                                                                  -- billing currency
    claims,                                                                                     -- usage types as billed
    nullif(shape, '') as machine_type,
    least(billed_hours, machine_hours) as billed_hours,                                         -- h, of all members
    list_sum([d.sample_hours for d in cpu_days]) as sample_hours,                               -- h, of all members
    $window_days as window_days,                                                                -- days
    cpu_p99_percent,                                                                            -- highest of a day
    list_max([d.maximum for d in cpu_days]) as cpu_maximum_percent,
    network_mb_per_day,                                                                         -- MB on the busiest day
    disk_mb_per_s,                                                                              -- MB/s
    memory_p99_percent,
    -- What was measured beside the CPU, the busiest of it as a multiple of its limit; greatest() passes over the others.
    coalesce(
        greatest(
            network_mb_per_day / $max_network_mb_per_day,
            disk_mb_per_s / $max_disk_mb_per_s,
            case when network_mb_per_day is null then memory_p99_percent / $max_memory_percent end
        ),
        0
    ) as load_beside_cpu,                                                                       -- ratio
    -- Who is there to take over has nothing to do, either.
    case
        when variant = 'member' or is_standby or coalesce(network_hours, 0) < 0.8 * least(billed_hours, machine_hours) then 'low'
        when cpu_maximum_percent > 4 * $max_cpu_percent then 'medium'
    end as confidence                                                                           -- else the check's
from units
