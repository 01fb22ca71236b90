/*---
id          = "aws-ec2-quiet-hours"
title       = "Instance does nothing in the same hours of every week"
kind        = "schedule"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "Rare requests cause so little load that nights with some look like nights with none. Hours are UTC: a change of daylight-saving time shifts them. Disks and addresses go on being billed; an instance-store root cannot be stopped, and a stopped instance may get another public address. Groups are left to their own scaling."
remediation = "Ask its users, then stop and start the instance by a schedule (EventBridge Scheduler, Instance Scheduler), with some margin before work begins."
command     = """
aws ec2 describe-instances --region {region} --instance-ids {resource_name}
aws ec2 stop-instances --region {region} --instance-ids {resource_name}
"""
reason      = "In {quiet_hours} of the week's 168 hours, in stretches of at least {min_block_hours} hours, it did nothing in any of {weeks} weeks."
references  = ["https://docs.aws.amazon.com/solutions/latest/instance-scheduler-on-aws/"]
overrules   = ["aws-ec2-off-hours"]
[judge]
quiet_hours = "quiet_hours"
at_least    = "min_quiet_hours"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks, each of which must have samples of an hour."
[params.min_quiet_hours]
default = 28
unit    = "h"
help    = "Quiet hours per week that are worth a schedule: four a night."
[params.min_block_hours]
default = 4
unit    = "h"
help    = "Shorter pauses do not count."
[params.min_busy_hours]
default = 10
unit    = "h"
help    = "An instance that does something in fewer hours a week has no schedule: whether it is idle is another question."
[params.max_cpu_percent]
default = 5
unit    = "%"
help    = "At or below this CPU utilisation (highest sample of the hour) an hour is quiet."
[params.max_network_kb_per_s]
default = 5
unit    = "kB/s"
help    = "At or below this traffic (highest sample of the hour) an hour is quiet: what agents cause."
[params.max_disk_mb_per_s]
default = 1
unit    = "MB/s"
help    = "At or below this disk traffic (highest sample of the hour) an hour is quiet."
[params.max_gpu_percent]
default = 2
unit    = "%"
help    = "At or below this accelerator utilisation (highest sample of the hour) an hour is quiet."
[params.max_memory_percent]
default = 50
unit    = "%"
help    = "Memory in use; it counts only where the network was not measured, as a cache is busy through its network."
---*/
with runs as (
    select
        provider,
        sub_account_id,
        unit_id as resource_id,
        billing_currency,
        min(charge_date) as first_day,                                          -- UTC day
        max(charge_date) as last_day,                                           -- UTC day
        count(*) as observed_days,                                              -- days
        sum(cost) as cost,                                                      -- billing currency
        sum(committed_cost) as committed_cost,                                  -- billing currency
        sum(list_cost) as list_cost,                                            -- billing currency
        list_distinct(flatten(list(usage_types))) as claims,                    -- usage types as billed
        sum(least(billed_hours, machine_hours)) as billed_hours,                -- h
        nullif(arg_max(shape, charge_date), '') as instance_type
    from machine_units
    where machine = 'ec2'
        and group_name = ''
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
    group by all
),
quiet as (
    select *
    from quiet_week(
        [
            {'metric': 'cpu_utilization', 'at_most': $max_cpu_percent},
            {'metric': 'network_bytes', 'at_most': $max_network_kb_per_s * 1e3},
            {'metric': 'disk_bytes', 'at_most': $max_disk_mb_per_s * 1e6},
            {'metric': 'gpu_utilization', 'at_most': $max_gpu_percent}
        ],
        $as_of,
        $window_days,
        $min_block_hours
    )
    where list_contains(metrics, 'cpu_utilization')
)
select
    r.*,
    'EC2 instance' as resource_type,
    q.sample_hours,                                                             -- h
    -- A cache is busy through its network: where nobody measured that, full memory is a sign of work.
    case
        when list_contains(q.metrics, 'network_bytes') or coalesce(m.highest_p99, 0) <= $max_memory_percent then q.quiet_hours
        when q.quiet_hours is not null then 0
    end as quiet_hours,                                                         -- h per week
    q.metrics as measured_by,
    q.quiet_grid,                                                           -- Monday 00:00 to Sunday 23:00 UTC, 1: quiet
    $min_block_hours::integer as min_block_hours,                               -- h
    ($window_days / 7)::integer as weeks,                                       -- weeks
    least(1, q.quiet_hours * $window_days / 7 / r.billed_hours) as saves_share,
    case when s.environment <> 'non-production' or not list_contains(q.metrics, 'network_bytes') then 'low' end as confidence
from runs r
left join quiet q using (provider, sub_account_id, resource_id)
left join measured('memory_utilization', $as_of, $window_days) m using (provider, sub_account_id, resource_id)
left join resources s using (provider, sub_account_id, resource_id)
where q.busy_hours is null or q.busy_hours >= $min_busy_hours
