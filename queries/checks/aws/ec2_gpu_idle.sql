/*---
id          = "aws-ec2-gpu-idle"
title       = "Accelerators of an instance do nothing"
kind        = "idle"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "The agent reads NVIDIA devices: video encoding and graphics are other counters, and a process in a virtual machine or container that hides the device is not seen. A machine held for a training run to come, or because such capacity is scarce, looks the same. The saving assumes list prices between families where only the accelerator is idle."
remediation = "Ask its owner, then stop the instance, or move what runs on its CPUs to a type without accelerators; scale a group to what is needed."
reason      = "In {window_days} days none of its accelerators got above {gpu_maximum_percent} % (highest sample); CPU (daily 99th percentile) reached {cpu_p99_percent} %."
[judge]
use     = "accelerator_load"
at_most = "max_accelerator_load"
[commands]
machine = """
aws ec2 describe-instances --region {region} --instance-ids {resource_name}
aws ec2 stop-instances --region {region} --instance-ids {resource_name}
"""
cpu_works = "aws ec2 describe-instances --region {region} --instance-ids {resource_name}"
group = "aws autoscaling describe-auto-scaling-groups --region {region} --auto-scaling-group-names {resource_name}"
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
help    = "At or below this CPU utilisation (highest 99th percentile of a day) the whole instance is saved, not only its accelerators."
---*/
with units as (
    select
        *,
        list_max([d.p99 for d in cpu_days]) as cpu_p99_percent,
        -- The metric is the mean over all accelerators: one alone may have worked as many times harder.
        list_max([d.maximum for d in gpu_days]) * greatest(coalesce(accelerator_count, 16), 1) as gpu_maximum_percent,
        list_max([d.maximum for d in gpu_memory_days]) as gpu_memory_maximum_percent,
        -- The cheapest type that is at least as large, without accelerators.
        list_min([
            o.price_ratio for o in options
            if o.accelerator_count = 0 and o.is_current and o.vcpus >= vcpus and o.memory_gib >= memory_gib and o.baseline_share is null
            and o.architecture = architecture and (o.local_disk_gb > 0 or local_disk_gb = 0)
        ]) as price_ratio
    from machines('ec2', $as_of, $window_days)
    where len([c for c in claims if regexp_matches(c, ':(p|g|gr|dl|inf|trn)\d')]) > 0
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    region_id,
    nullif(group_name, '') as group_name,
    members,
    case when variant = 'group' or cpu_p99_percent <= $max_cpu_percent then variant else 'cpu_works' end as variant,
    case when variant = 'group' then 'group of EC2 instances' else 'EC2 instance' end as resource_type,
    first_day,                                                                                  -- UTC day
    last_day,                                                                                   -- UTC day
    observed_days,                                                                              -- days
    cost,                                                                                       -- billing currency
    committed_cost,                                                                             -- billing currency
    list_cost,                                                                                  -- billing currency
    claims,                                                                                     -- usage types as billed
    nullif(shape, '') as instance_type,
    least(billed_hours, machine_hours) as billed_hours,                                         -- h, of all members
    -- Samples that end days before the bill say nothing of now.
    if(list_max([d.metric_date for d in gpu_days]) < $as_of - 3, 0, list_sum([d.sample_hours for d in gpu_days]))
        as sample_hours,                                                                        -- h, of all members
    $window_days as window_days,                                                                -- days
    cpu_p99_percent,                                                                            -- highest of a day
    gpu_maximum_percent,                                                                        -- of one accelerator, at most
    gpu_memory_maximum_percent,                                                                 -- of the fullest accelerator
    greatest(gpu_maximum_percent / $max_gpu_percent, gpu_memory_maximum_percent / $max_gpu_memory_percent)
        as accelerator_load,                                                                    -- ratio
    case when coalesce(cpu_p99_percent > $max_cpu_percent, true) then price_ratio end as price_ratio, -- new price / old price
    -- What CPUs do must go on somewhere; without a price of that nothing is promised.
    case when cpu_p99_percent <= $max_cpu_percent then 1 else coalesce(1 - price_ratio, 0) end as saves_share,
    case when gpu_memory_maximum_percent is null then 'low' end as confidence                   -- else the check's
from units
