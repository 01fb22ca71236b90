/*---
id          = "aws-rds-idle"
title       = "Database that nobody connects to"
kind        = "idle"
service     = "Amazon Relational Database Service"
confidence  = "high"
effort      = "medium"
risk        = "high"
blind_spots = "Connections are looked at every minute: one that lasts seconds may be missed, and jobs that run less than once in four weeks are. A reader of a cluster or a replica without connections may be there to take over: beside an Aurora instance in use less is sure. A final snapshot is charged by its size."
remediation = "Ask its owner, take a snapshot, stop the database for a week and see who complains, then delete it."
reason      = "At most {connections} connections at any time in {window_days} days, with {cpu_percent} % CPU and {disk_operations} disk operations per second at the peak."
references  = ["https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html"]
[commands]
instance = """
aws rds create-db-snapshot --region {region} --db-instance-identifier {resource_name} --db-snapshot-identifier {resource_name}-before-deletion
aws rds stop-db-instance --region {region} --db-instance-identifier {resource_name}"""
aurora = """
aws rds describe-db-clusters --region {region} --query "DBClusters[?DBClusterMembers[?DBInstanceIdentifier=='{resource_name}']]"
aws rds delete-db-instance --region {region} --db-instance-identifier {resource_name}"""
[judge]
use     = "connections"
at_most = "max_connections"
[judge.also]
cpu_percent     = "max_cpu_percent"
disk_operations = "max_disk_operations"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_connections]
default = 0
unit    = "connections"
help    = "At or below this many at every time nobody uses it; raise it by the connections that monitoring holds."
[params.max_cpu_percent]
default = 10
unit    = "percent"
help    = "A database that is busier than this at its peak does something, replication for example."
[params.max_disk_operations]
default = 20
unit    = "operations/s"
help    = "More reads and writes than this at the peak are more than the engine's own housekeeping."
---*/
with days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        bit_count(bit_or(hours_mask) filter (usage_kind like '%:db.%' and usage_kind not like '%ExtendedSupport%'))
            as hours,                                                                           -- h
        bool_or(regexp_matches(operation, ':(0016|0021)$') or product_detail ilike '%aurora%') as is_aurora,
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost,                                                            -- billing currency
        list(distinct usage_type) as usage_types
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (sub_account_id, resource_id) in (
            select (sub_account_id, unit_id) from machine_units where machine = 'rds'
        )
        and usage_kind not like '%Backup%'  -- snapshots stay
    group by all
),
aurora_in_use as (
    -- The bill does not say which instances are one cluster.
    select distinct m.provider, m.sub_account_id, m.region_id
    from machine_units m
    join measured('connections', $as_of, $window_days) c
        on (c.provider, c.sub_account_id, c.resource_id) = (m.provider, m.sub_account_id, m.unit_id)
    where m.machine = 'rds' and starts_with(m.terms, 'aurora') and c.maximum > $max_connections
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'RDS database instance' as resource_type,
    case when bool_or(is_aurora) then 'aurora' else 'instance' end as variant,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) filter (hours > 0) as last_day,                                            -- UTC day
    count(hours) as observed_days,                                                              -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list_distinct(flatten(list(usage_types))) as claims,                                        -- usage types
    sum(hours) as billed_hours,                                                                 -- h
    if(p.sample_hours is null, null, least(c.sample_hours, p.sample_hours)) as sample_hours,    -- h
    c.maximum as connections,                                                                   -- open at once, highest
    p.highest_p99 as cpu_percent,                                                               -- percent
    coalesce(d.highest_p99, 0) as disk_operations,                                              -- per second
    case when d.sample_hours is null then 'disk operations' end as not_measured,
    case
        when bool_or(is_aurora and a.region_id is not null) then 'low'
        when count(d.sample_hours) = 0 then 'medium'
    end as confidence,                                                                          -- else the check's
    $window_days as window_days                                                                 -- days
from days
left join resources r using (provider, sub_account_id, resource_id)
left join aurora_in_use a on (a.provider, a.sub_account_id, a.region_id) = (days.provider, days.sub_account_id, r.region_id)
left join measured('connections', $as_of, $window_days) c using (provider, sub_account_id, resource_id)
left join measured('cpu_utilization', $as_of, $window_days) p using (provider, sub_account_id, resource_id)
left join measured('disk_operations', $as_of, $window_days) d using (provider, sub_account_id, resource_id)
group by all
having observed_days > 0
