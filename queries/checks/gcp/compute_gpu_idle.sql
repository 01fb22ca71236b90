/*---
id          = "gcp-compute-gpu-idle"
title       = "Accelerators of a machine do nothing"
kind        = "idle"
service     = "Compute Engine"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "The agent reads NVIDIA devices: video encoding and graphics are other counters, and a process in a virtual machine or container that hides the device is not seen; nodes of Kubernetes report only what their containers hold. A machine held for a training run to come, or because such capacity is scarce, looks the same. Where the CPUs work, what they do must go on somewhere: types with built-in accelerators cannot give them up."
remediation = "Ask its owner, then stop the machine; where its CPUs work, detach the accelerators (N1) or move to a type without; scale a group or node pool to what is needed."
reason      = "In {window_days} days none of its accelerators got above {gpu_maximum_percent} % (highest sample); CPU (daily 99th percentile) reached {cpu_p99_percent} %."
references  = ["https://cloud.google.com/compute/docs/gpus/monitor-gpus"]
[judge]
use     = "accelerator_load"
at_most = "max_accelerator_load"
[commands]
machine = """
gcloud compute instances describe {resource_name} --zone {location} --project {account_id}
gcloud compute instances stop {resource_name} --zone {location} --project {account_id}
"""
rest = "gcloud compute instances describe {resource_name} --zone {location} --project {account_id} --format=\"value(machineType,guestAccelerators)\""
unplaced = "gcloud compute instances list --project {account_id} --filter=\"name={resource_name}\""
pool = "gcloud container clusters list --project {account_id}"
group = "gcloud compute instances list --project {account_id} --filter=\"name~{resource_name}\""
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_accelerator_load]
default = 1
unit    = "ratio"
help    = "At or below this multiple of the two limits below the accelerators count as idle."
[params.max_gpu_percent]
default = 2
unit    = "%"
help    = "Utilisation that no single accelerator may exceed in any sample; drivers and monitoring cause some."
[params.max_gpu_memory_percent]
default = 5
unit    = "%"
help    = "Memory of the fullest accelerator in any sample; a model that is loaded waits for requests."
[params.max_cpu_percent]
default = 5
unit    = "%"
help    = "At or below this CPU utilisation (highest 99th percentile of a day) the whole machine is saved, not only its accelerators."
---*/
with beside as (
    -- What is billed under a machine's name beside its cores and memory, and ends with it.
    select
        m.sub_account_id,
        m.unit_id as resource_id,
        u.billing_currency,
        regexp_matches(u.usage_kind, '(^| )(gpu|rtx)( |$)') as is_gpu,
        sum(u.effective_cost) as cost,
        sum(u.committed_cost) as committed_cost,
        sum(u.list_cost) as list_cost,
        sum(u.consumed_quantity) as quantity,                                                   -- h of accelerators
        list(distinct u.usage_type) as claims
    from usage_days u
    join (
        select distinct sub_account_id, unit_id, unnest(members).resource_id as resource_id
        from machine_units
        where machine = 'compute' and charge_date > $as_of - $window_days and charge_date <= $as_of
    ) m using (sub_account_id, resource_id)
    where u.charge_date > $as_of - $window_days
        and u.charge_date <= $as_of
        and u.pricing_category <> 'Dynamic'
        and regexp_matches(u.usage_kind, '(^| )(gpu|rtx)( |$)|^licensing fee|local storage')
    group by all
),
units as (
    select
        m.*,
        g.cost as gpu_cost,
        g.committed_cost as gpu_committed_cost,
        g.list_cost as gpu_list_cost,
        g.claims as gpu_claims,
        coalesce(b.cost, 0) as other_cost,
        coalesce(b.committed_cost, 0) as other_committed_cost,
        coalesce(b.list_cost, 0) as other_list_cost,
        b.claims as other_claims,
        greatest(1, ceil(g.quantity / least(m.billed_hours, m.machine_hours) - 0.01)) as accelerators_per_machine,
        coalesce(list_max([d.p99 for d in m.cpu_days]) <= $max_cpu_percent, false) as is_all_idle
    from machines('compute', $as_of, $window_days) m
    join beside g on g.is_gpu and (g.sub_account_id, g.resource_id, g.billing_currency) = (m.sub_account_id, m.resource_id, m.billing_currency)
    left join beside b
        on not b.is_gpu and (b.sub_account_id, b.resource_id, b.billing_currency) = (m.sub_account_id, m.resource_id, m.billing_currency)
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    region_id,
    nullif(group_name, '') as group_name,
    members,
    case
        when group_name like '%/%' then 'pool'
        when group_name <> '' then 'group'
        when resource_id not like '%/zones/%' then 'unplaced'
        when is_all_idle then 'machine'
        else 'rest'
    end as variant,
    case when group_name <> '' then 'group of machines' else 'virtual machine' end as resource_type,
    first_day,                                                                                  -- UTC day
    last_day,                                                                                   -- UTC day
    observed_days,                                                                              -- days
    gpu_cost + case when is_all_idle then cost + other_cost else 0 end as cost,                 -- billing currency
    gpu_committed_cost + case when is_all_idle then committed_cost + other_committed_cost else 0 end as committed_cost, -- billing currency
    gpu_list_cost + case when is_all_idle then list_cost + other_list_cost else 0 end as list_cost, -- billing currency
    case when is_all_idle then flatten([gpu_claims, claims, coalesce(other_claims, [])]) else gpu_claims end as claims, -- usage types as billed
    nullif(shape, '') as machine_type,
    accelerators_per_machine,
    least(billed_hours, machine_hours) as billed_hours,                                         -- h, of all members
    list_sum([d.sample_hours for d in gpu_days]) as sample_hours,                               -- h, of all members
    $window_days as window_days,                                                                -- days
    list_max([d.p99 for d in cpu_days]) as cpu_p99_percent,                                     -- highest of a day
    -- The metric is the mean over all accelerators: one alone may have worked as many times harder.
    list_max([d.maximum for d in gpu_days]) * accelerators_per_machine as gpu_maximum_percent,
    list_max([d.maximum for d in gpu_memory_days]) as gpu_memory_maximum_percent,               -- of the fullest accelerator
    greatest(gpu_maximum_percent / $max_gpu_percent, gpu_memory_maximum_percent / $max_gpu_memory_percent)
        as accelerator_load,                                                                    -- ratio
    case when gpu_memory_maximum_percent is null or not is_all_idle then 'low' end as confidence  -- else the check's
from units
