/*---
id          = "aws-rds-quiet-hours"
title       = "Database has no connections in the same hours of every week"
kind        = "schedule"
service     = "Amazon Relational Database Service"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Hours are UTC: a change of daylight-saving time shifts them. A stopped database starts again by itself after seven days and takes minutes to start; storage and backups go on being billed. Some cannot be stopped (replicas and their sources, SQL Server with a mirror), and of Aurora only the whole cluster can. Connections shorter than a minute may be missed."
remediation = "Ask its users, then stop and start the database by a schedule (EventBridge Scheduler, Instance Scheduler), with some margin before work begins."
reason      = "In {quiet_hours} of the week's 168 hours, in stretches of at least {min_block_hours} hours, it had no connection and next to no load in any of {weeks} weeks."
references  = ["https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html"]
[commands]
instance = """
aws rds describe-db-instances --region {region} --db-instance-identifier {resource_name}
aws rds stop-db-instance --region {region} --db-instance-identifier {resource_name}
"""
member = "aws rds describe-db-instances --region {region} --db-instance-identifier {resource_name}"
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
help    = "A database that is used in fewer hours a week has no schedule: whether it is idle is another question."
[params.max_connections]
default = 0
unit    = "connections"
help    = "At or below this many connections (highest sample of the hour) an hour is quiet; a pool that stays open would break."
[params.max_cpu_percent]
default = 10
unit    = "%"
help    = "At or below this CPU utilisation (highest sample of the hour) an hour is quiet: jobs inside the database need no connection."
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
        nullif(arg_max(shape, charge_date), '') as instance_type,
        nullif(arg_max(terms, charge_date), '') as engine
    from machine_units
    where machine = 'rds'
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
            {'metric': 'connections', 'at_most': $max_connections}
        ],
        $as_of,
        $window_days,
        $min_block_hours
    )
    where len(metrics) = 2
)
select
    r.*,
    'RDS database instance' as resource_type,
    q.sample_hours,                                                             -- h
    q.quiet_hours,                                                              -- h per week
    q.quiet_grid,                                                        -- Monday 00:00 to Sunday 23:00 UTC, 1: quiet
    $min_block_hours::integer as min_block_hours,                               -- h
    ($window_days / 7)::integer as weeks,                                       -- weeks
    least(1, q.quiet_hours * $window_days / 7 / r.billed_hours) as saves_share,
    -- Of Aurora and of clusters of three the bill names instances, and the cluster is what stops.
    case when r.engine ilike '%aurora%' or list_bool_or([contains(c, 'Multi-AZCluster') for c in r.claims]) then 'member' else 'instance' end
        as variant,
    case when s.environment <> 'non-production' or r.engine ilike '%aurora%' then 'low' end as confidence
from runs r
left join quiet q using (provider, sub_account_id, resource_id)
left join resources s using (provider, sub_account_id, resource_id)
where q.busy_hours is null or q.busy_hours >= $min_busy_hours
