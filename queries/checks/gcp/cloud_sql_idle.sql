/*---
id          = "gcp-cloud-sql-idle"
title       = "Cloud SQL instance that nobody connects to"
kind        = "idle"
service     = "Cloud SQL"
confidence  = "high"
effort      = "medium"
risk        = "high"
blind_spots = "Connections are looked at every minute: one that lasts seconds may be missed, and jobs that run less than once in four weeks are. A read replica that is kept for a failover has no connections and applies little where little changes. Of PostgreSQL Google's own connections are left out where Cloud Monitoring was asked; of MySQL and SQL Server, and in files, they count: raise max_connections where an unused one shows some."
remediation = "Ask its owner, take a backup, stop the instance for a week and see who complains, then delete it with a final backup."
reason      = "At most {connections} connections at any time in {window_days} days, with {cpu_percent} % CPU and {disk_operations} disk operations per second at the peak."
references  = ["https://cloud.google.com/sql/docs/mysql/recommender-sql-idle"]
command     = """
gcloud sql instances describe {resource_name} --project {account_id}
gcloud sql backups create --instance {resource_name} --project {account_id}
gcloud sql instances patch {resource_name} --project {account_id} --activation-policy=NEVER"""
[judge]
use     = "connections"
at_most = "max_connections"
[judge.also]
cpu_percent         = "max_cpu_percent"
disk_operations     = "max_disk_operations"
network_mb_per_day  = "max_network_mb_per_day"
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
help    = "An instance that is busier than this at its peak does something, replication for example."
[params.max_disk_operations]
default = 20
unit    = "operations/s"
help    = "More reads and writes than this at the peak are more than the engine's own housekeeping."
[params.max_network_mb_per_day]
default = 100
unit    = "MB"
help    = "More traffic than this on the busiest day is more than metrics and logs: replication, for example."
---*/
with days as (
    select
        u.provider,
        u.sub_account_id,
        u.resource_id,
        u.billing_currency,
        u.charge_date,                                                                          -- UTC day
        any_value(m.billed_hours) as hours,                                                     -- h
        sum(u.effective_cost) as cost,                                                          -- billing currency
        sum(u.committed_cost) as committed_cost,                                                -- billing currency
        sum(u.list_cost) as list_cost,                                                          -- billing currency
        list(distinct u.usage_type) as usage_types
    from usage_days u
    left join machine_units m
        on m.machine = 'cloudsql'
        and (m.sub_account_id, m.unit_id, m.billing_currency, m.charge_date)
            = (u.sub_account_id, u.resource_id, u.billing_currency, u.charge_date)
    where u.charge_date > $as_of - $window_days
        and u.charge_date <= $as_of
        and (u.sub_account_id, u.resource_id) in (
            select (sub_account_id, unit_id) from machine_units where machine = 'cloudsql'
        )
        and u.usage_kind not like '%backup%'  -- those go on, or are deleted for their own sake
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'Cloud SQL instance' as resource_type,
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
    coalesce(n.busiest_mb, 0) as network_mb_per_day,                                            -- MB on the busiest day
    nullif(list_filter(['disk operations', 'network'], lambda x, i: if(i = 1, d.sample_hours, n.days) is null), []) as not_measured,
    -- Who is there to take over has nothing to do, either.
    case
        when regexp_matches(resource_id, '(^|[^a-z])(replica|standby|failover|secondary|dr)\d*([^a-z]|$)') then 'low'
        when d.sample_hours is null or n.days is null then 'medium'
    end as confidence,
    $window_days as window_days                                                                 -- days
from days
left join measured('connections', $as_of, $window_days) c using (provider, sub_account_id, resource_id)
left join measured('cpu_utilization', $as_of, $window_days) p using (provider, sub_account_id, resource_id)
left join measured('disk_operations', $as_of, $window_days) d using (provider, sub_account_id, resource_id)
left join (
    select
        provider,
        sub_account_id,
        resource_id,
        max(average) * 86400 / 1e6 as busiest_mb,                                               -- MB
        count(*) as days                                                                        -- days
    from utilization
    where metric = 'network_bytes' and metric_date > $as_of - $window_days and metric_date <= $as_of
    group by all
) n using (provider, sub_account_id, resource_id)
group by all
having observed_days > 0
