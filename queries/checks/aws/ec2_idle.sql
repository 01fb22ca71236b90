/*---
id          = "aws-ec2-idle"
title       = "Instance runs and does nothing"
kind        = "idle"
service     = "Amazon Elastic Compute Cloud"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "A standby, a licence server or one that is needed once a quarter looks the same; so does work in short bursts, less than once a week, that the 99th percentile of a day leaves out (see the maximum), and month-end work that the window just missed. Disks and addresses are billed apart and go on when the instance is stopped only."
remediation = "Ask its owner, stop the instance, and terminate it when nobody has missed it for some weeks; scale a group to what is needed."
reason      = "In {window_days} days its CPU never stayed above {cpu_p99_percent} % (daily 99th percentile; maximum {cpu_maximum_percent} %), and its busiest day moved {network_mb_per_day} MB over the network."
references  = ["https://docs.aws.amazon.com/compute-optimizer/latest/ug/view-idle-recommendations.html"]
[judge]
use     = "cpu_p99_percent"
at_most = "max_cpu_percent"
also    = { load_beside_cpu = "max_load_beside_cpu", busy_days = "max_busy_days" }
[commands]
machine = """
aws ec2 describe-instances --region {region} --instance-ids {resource_name}
aws ec2 stop-instances --region {region} --instance-ids {resource_name}
"""
group = "aws autoscaling describe-auto-scaling-groups --region {region} --auto-scaling-group-names {resource_name}"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks, which nearly always hold a month's end."
[params.max_cpu_percent]
default = 5
unit    = "%"
help    = "At or below this CPU utilisation (highest 99th percentile of a day) an instance counts as idle."
[params.max_busy_days]
default = 3
unit    = "days"
help    = "Bursts on more days than these are a job that comes at least every week, however short it is."
[params.busy_cpu_percent]
default = 50
unit    = "%"
help    = "A day with a sample above this CPU utilisation has a burst; agents and updates cause smaller ones."
[params.max_load_beside_cpu]
default = 1
unit    = "ratio"
help    = "At or below this multiple of the limits below, network, disk and accelerators count as idle, too."
[params.max_network_mb_per_day]
default = 5
unit    = "MB"
help    = "Traffic in and out on the busiest day, as Compute Optimizer counts it."
[params.max_disk_mb_per_s]
default = 1
unit    = "MB/s"
help    = "Reads and writes (highest 99th percentile of a day)."
[params.max_gpu_percent]
default = 2
unit    = "%"
help    = "Accelerator utilisation (maximum)."
[params.max_memory_percent]
default = 50
unit    = "%"
help    = "Memory in use; it counts only where the network was not measured, as a cache is busy through its network."
---*/
with units as (
    select
        *,
        list_max([d.p99 for d in cpu_days]) as cpu_p99_percent,
        -- Samples that end days before the bill say nothing of now.
        if(list_max([d.metric_date for d in cpu_days]) < $as_of - 3, 0, list_sum([d.sample_hours for d in cpu_days])) as cpu_hours, -- h
        list_sum([d.sample_hours for d in gpu_days]) as gpu_hours,                              -- h
        list_sum([d.sample_hours for d in network_days]) as network_hours,                      -- h
        list_max([d.average for d in network_days]) * 86400 / 1e6 as network_mb_per_day,        -- of a group its busiest member
        list_max([d.p99 for d in disk_bytes_days]) / 1e6 as disk_mb_per_s,
        list_max([d.maximum for d in gpu_days]) as gpu_maximum_percent,
        list_max([d.p99 for d in memory_days]) as memory_p99_percent,
        -- Accelerators and programmable hardware work while the CPU rests.
        len([c for c in claims if regexp_matches(c, ':(p|g|gr|inf|trn|dl|vt|f)\d')]) > 0 as is_accelerated
    from machines('ec2', $as_of, $window_days)
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
    case when not is_accelerated then cpu_hours when cpu_hours is not null and gpu_hours is not null then least(cpu_hours, gpu_hours) end
        as sample_hours,                                                                        -- h, of all members
    $window_days as window_days,                                                                -- days
    cpu_p99_percent,                                                                            -- highest of a day
    list_max([d.maximum for d in cpu_days]) as cpu_maximum_percent,
    len([d for d in cpu_days if d.maximum > $busy_cpu_percent]) as busy_days,                   -- days
    network_mb_per_day,                                                                         -- MB on the busiest day
    disk_mb_per_s,                                                                              -- MB/s
    gpu_maximum_percent,
    memory_p99_percent,
    -- What was measured beside the CPU, the busiest of it as a multiple of its limit; greatest() passes over the others.
    coalesce(
        greatest(
            network_mb_per_day / $max_network_mb_per_day,
            disk_mb_per_s / $max_disk_mb_per_s,
            gpu_maximum_percent / $max_gpu_percent,
            case when network_mb_per_day is null then memory_p99_percent / $max_memory_percent end,
            -- Throttled to what lasts, the CPU of a small one looks idle.
            case when list_min([d.maximum for d in credit_days]) <= 0 then 2 * $max_load_beside_cpu end
        ),
        0
    ) as load_beside_cpu,                                                                       -- ratio
    case
        when coalesce(network_hours, 0) < 0.8 * least(billed_hours, machine_hours) then 'low'
        when cpu_maximum_percent > 4 * $max_cpu_percent then 'medium'
    end as confidence                                                                           -- else the check's
from units
