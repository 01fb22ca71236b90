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
load as (
    select *, 'cpu_utilization' as metric, highest / $max_cpu_percent as of_limit from weekly_load('cpu_utilization', $as_of, $window_days)
    union all
    select *, 'network_bytes', highest / 1e3 / $max_network_kb_per_s from weekly_load('network_bytes', $as_of, $window_days)
    union all
    select *, 'disk_bytes', highest / 1e6 / $max_disk_mb_per_s from weekly_load('disk_bytes', $as_of, $window_days)
    union all
    select *, 'gpu_utilization', highest / $max_gpu_percent from weekly_load('gpu_utilization', $as_of, $window_days)
),
hours as (
    select
        provider,
        sub_account_id,
        resource_id,
        hour_of_week,
        -- Every metric that there is, in every week; samples are single precision.
        bool_and(coalesce(of_limit <= 1.000001 and weeks >= $window_days / 7, false)) as is_quiet,
        list(metric) as metrics,
        min(weeks) as weeks
    from load
    group by all
),
weeks as (
    select
        provider,
        sub_account_id,
        resource_id,
        sum(weeks)::bigint as sample_hours,                                     -- h
        list_distinct(flatten(list(metrics))) as metrics,
        list({'hour': hour_of_week, 'metrics': len(metrics)}) filter (is_quiet) as quiet
    from hours
    group by all
    having list_contains(list_distinct(flatten(list(metrics))), 'cpu_utilization')
),
patterns as (
    select
        * exclude (quiet),
        -- Monday 00:00 UTC to Sunday 23:00, 1: quiet.
        array_to_string([
            case when list_contains(quiet, {'hour': h, 'metrics': len(metrics)}) then '1' else '0' end for h in range(168)
        ], '') as pattern
    from weeks
),
blocks as (
    select
        *,
        -- The week goes on from Sunday to Monday: it is turned so that it begins after an hour of work.
        list_sum([
            len(b) for b in regexp_extract_all(
                substr(pattern, instr(pattern, '0') + 1) || substr(pattern, 1, instr(pattern, '0')),
                '1{' || $min_block_hours::integer || ',}'
            )
        ]) as quiet_hours,                                                      -- h per week
        168 - len(replace(pattern, '0', '')) as busy_hours                      -- h per week
    from patterns
)
select
    r.*,
    'EC2 instance' as resource_type,
    b.sample_hours,                                                             -- h
    case when b.sample_hours is not null then coalesce(b.quiet_hours, 0) end as quiet_hours,   -- h per week
    list_sort(b.metrics) as measured_by,
    [
        ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][d + 1] || ' ' || translate(substr(b.pattern, 24 * d + 1, 24), '01', 'x.')
        for d in range(7) if b.pattern is not null
    ] as quiet_week_utc,                                                        -- hours 0 to 23 of each day, a dot: quiet
    $min_block_hours::integer as min_block_hours,                               -- h
    ($window_days / 7)::integer as weeks,                                       -- weeks
    least(1, b.quiet_hours * $window_days / 7 / r.billed_hours) as saves_share,
    case when s.environment <> 'non-production' or not list_contains(b.metrics, 'network_bytes') then 'low' end as confidence
from runs r
left join blocks b using (provider, sub_account_id, resource_id)
left join resources s using (provider, sub_account_id, resource_id)
where b.busy_hours is null or b.busy_hours >= $min_busy_hours
