/*---
id          = "aws-elasticache-idle"
title       = "Cache that nobody uses"
kind        = "idle"
service     = "Amazon ElastiCache"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "What a cache is asked less than once in four weeks is not seen, and scripts and messages count only by their connections. Memcached keeps connections of its own by its threads, so it passes."
remediation = "Ask its owner, take a last backup where the data is not only a copy, then delete the nodes."
reason      = "At most {connections} connections to a node at any time, as many as its own monitoring holds, and {requests} commands in {window_days} days."
[commands]
node = """
aws elasticache describe-cache-clusters --region {region} --cache-cluster-id {resource_name}
aws elasticache delete-cache-cluster --region {region} --cache-cluster-id {resource_name}"""
group = """
aws elasticache describe-replication-groups --region {region} --replication-group-id {resource_name}
aws elasticache delete-replication-group --region {region} --replication-group-id {resource_name} --no-retain-primary-cluster"""
[judge]
use     = "connections"
at_most = "max_connections"
also    = { requests = "max_requests" }
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_connections]
default = 4
unit    = "connections"
help    = "At or below this many at every time there are only those of the service's own monitoring (two to four)."
[params.max_requests]
default = 0
unit    = "commands"
help    = "At or below this many in the window (where they are not known: connections opened) nobody uses it."
---*/
with days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        any_value(region_id) filter (usage_kind like 'NodeUsage:cache.%') as region_id,
        bit_count(bit_or(hours_mask) filter (usage_kind like 'NodeUsage:cache.%')) as hours,    -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost                                                             -- billing currency
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (sub_account_id, resource_id) in (
            select (sub_account_id, unnest(members).resource_id) from machine_units where machine = 'elasticache'
        )
    group by all
),
nodes as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        -- The nodes of a replication group are the group's name and their shard's and their own number.
        regexp_extract(resource_id, '([^:]+?)(-\d{4})?-\d{3}$', 1) as group_name,
        arg_max(region_id, charge_date) as region_id,
        min(charge_date) as first_day,                                                          -- UTC day
        max(charge_date) filter (hours > 0) as last_day,                                        -- UTC day
        count(hours) as observed_days,                                                          -- days
        sum(hours) as billed_hours,                                                             -- h
        sum(cost) as cost,                                                                      -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost                                                             -- billing currency
    from days
    group by all
    having observed_days > 0
)
select
    provider,
    sub_account_id,
    if(count(*) = 1, any_value(resource_id), 'group:' || any_value(region_id) || ':' || any_value(group_name)) as resource_id,
    billing_currency,
    'cache' as resource_type,
    any_value(region_id) as region_id,
    case when any_value(group_name) = '' then 'node' else 'group' end as variant,
    any_value(group_name) as group_name,
    min(first_day) as first_day,                                                                -- UTC day
    max(last_day) as last_day,                                                                  -- UTC day
    max(observed_days) as observed_days,                                                        -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    case when count(*) > 1 then list({'resource_id': resource_id, 'cost': cost} order by resource_id) end as members,
    sum(billed_hours) as billed_hours,                                                          -- h
    -- A standby without connections is as idle as its primary: all of the nodes must have been seen.
    case when count(c.sample_hours) = count(*) and count(coalesce(r.sample_hours, n.sample_hours)) = count(*)
        then sum(least(c.sample_hours, coalesce(r.sample_hours, n.sample_hours))) end as sample_hours,  -- h
    max(c.maximum) as connections,                                                              -- open at once, highest
    sum(coalesce(r.total, n.total)) as requests,                                                -- commands, else connections opened
    case when count(r.total) < count(*) then 'commands' end as not_measured,
    case when count(r.total) < count(*) then 'medium' end as confidence,
    $window_days as window_days                                                                 -- days
from nodes
left join measured('connections', $as_of, $window_days) c using (provider, sub_account_id, resource_id)
left join measured('requests', $as_of, $window_days) r using (provider, sub_account_id, resource_id)
left join measured('new_connections', $as_of, $window_days) n using (provider, sub_account_id, resource_id)
group by provider, sub_account_id, billing_currency, if(group_name = '', resource_id, region_id || ':' || group_name)
