/*---
id          = "aws-msk-cluster-idle"
title       = "Kafka cluster that carries next to no data"
kind        = "idle"
service     = "Amazon Managed Streaming for Apache Kafka"
confidence  = "medium"
effort      = "medium"
risk        = "high"
blind_spots = "The service's own canary topic moves a few hundred bytes a second per broker; a topic that gets a small message now and then disappears in that. Consumers that wait, and producers that run less than once in four weeks, are not seen."
remediation = "List topics, consumer groups and client connections with their owners, then delete the cluster, or move rare messages to a serverless cluster or a queue."
command     = """
aws kafka describe-cluster-v2 --region {region} --cluster-arn {resource_id}
aws kafka list-nodes --region {region} --cluster-arn {resource_id}
aws kafka delete-cluster --region {region} --cluster-arn {resource_id}"""
reason      = "At its peak {bytes_per_second} bytes per second in and out over {brokers} brokers in {window_days} days."
[judge]
use     = "bytes_per_second"
per     = "brokers"
at_most = "max_bytes_per_second"
also    = { connections = "max_connections", requests = "max_requests" }
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_bytes_per_second]
default = 1000
unit    = "bytes/s per broker"
help    = "At or below this at the peak there is only the cluster's own traffic."
[params.max_connections]
default = 0
unit    = "connections"
help    = "Where client connections are known, more than this at any time are use."
[params.max_requests]
default = 0
unit    = "messages"
help    = "Where clients' messages are known, more than this in the window are use."
---*/
with days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        -- Kafka.m7g.large, Kafka.Express.m7g.large; not Kafka.Storage.GP2
        bit_count(bit_or(hours_mask) filter (regexp_matches(usage_kind, '^Kafka\.(express\.)?[a-z]+\d[a-z0-9-]*\.', 'i')))
            as hours,                                                                           -- h
        sum(consumed_quantity) filter (regexp_matches(usage_kind, '^Kafka\.(express\.)?[a-z]+\d[a-z0-9-]*\.', 'i'))
            as broker_hours,                                                                    -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost                                                             -- billing currency
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and resource_id not like 'all:%'
        and (sub_account_id, resource_id) in (
            select (sub_account_id, resource_id) from usage_meters where usage_kind ilike 'Kafka.%'
        )
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'MSK cluster' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) filter (hours > 0) as last_day,                                            -- UTC day
    count(hours) as observed_days,                                                              -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    sum(hours) as billed_hours,                                                                 -- h
    sum(broker_hours) / sum(hours) as brokers,                                                  -- brokers, average
    b.sample_hours,                                                                             -- h
    b.maximum as bytes_per_second,                                                              -- bytes/s, highest sample
    coalesce(c.maximum, 0) as connections,                                                      -- open at once, highest
    coalesce(r.total, 0) as requests,                                                           -- messages
    case when c.maximum is null then 'client connections' end as not_measured,
    case when c.maximum is null then 'low' end as confidence,
    $window_days as window_days                                                                 -- days
from days
left join measured('network_bytes', $as_of, $window_days) b using (provider, sub_account_id, resource_id)
left join measured('connections', $as_of, $window_days) c using (provider, sub_account_id, resource_id)
left join measured('requests', $as_of, $window_days) r using (provider, sub_account_id, resource_id)
group by all
having observed_days > 0
