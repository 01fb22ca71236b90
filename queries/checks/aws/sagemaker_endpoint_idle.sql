/*---
id          = "aws-sagemaker-endpoint-idle"
title       = "SageMaker endpoint runs and no request passes through it"
kind        = "idle"
service     = "Amazon SageMaker"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Bytes billed stand for requests, and only the Invocations metric proves there were none; a standby, a shadow variant or a model that is asked once a quarter looks idle."
remediation = "Check the metric Invocations, then delete the endpoint; model and endpoint configuration stay and cost nothing, so it can be created again."
command     = """
aws sagemaker describe-endpoint --region {region} --endpoint-name {resource_name}
aws sagemaker delete-endpoint --region {region} --endpoint-name {resource_name}
"""
reason      = "Billed for {hours} instance-hours as {instance} in {window_days} days, with {gb} GB in and out."
references  = ["https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-delete-resources.html"]
[judge]
use     = "gb"
per     = "hours"
at_most = "max_gb_per_hour"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_gb_per_hour]
default = 0.0
unit    = "GB/h"
help    = "At or below this traffic per instance-hour the endpoint counts as idle; answers are small, so 0 means none at all."
---*/
with lines as (
    select
        *,
        -- AsyncInf: and serverless usage types are other things: their data goes through S3, or nothing is paid while idle.
        regexp_matches(usage_kind, '^(Host|Hst|Hosting)(Spot)?:ml\.', 'i') as is_host,
        regexp_matches(usage_kind, '^(Host|Hst|Hosting|RealTime|Endpoint)?:?-?Data-Bytes', 'i') as is_data
    from usage_days
    where provider = 'aws'
        and regexp_matches(usage_kind, ':ml\.|Data-Bytes|^AsyncInf|Serverless', 'i')
),

other_ways as (
    select distinct
        sub_account_id,
        resource_id
    from lines
    where regexp_matches(usage_kind, 'Async|Serverless', 'i') and resource_id not like 'all:%'
),

unattributed as (
    -- Bytes that name no endpoint could belong to any endpoint of the account and region.
    select distinct
        sub_account_id,
        region_id
    from lines
    where is_data and resource_id = '' and consumed_quantity > 0 and charge_date > $as_of - $window_days
),

data_seen as (
    select
        sub_account_id,
        resource_id,
        max(charge_date) as last_data_day  -- UTC day
    from lines
    where is_data and resource_id <> '' and consumed_quantity > 0
    group by all
),

endpoints as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        arg_max(region_id, charge_date) filter (is_host) as region_id,
        min(charge_date) as first_day,                                         -- UTC day
        max(charge_date) filter (is_host) as last_day,                         -- UTC day
        count(distinct charge_date) filter (is_host) as observed_days,         -- days
        sum(effective_cost) as cost,                                           -- billing currency
        sum(committed_cost) as committed_cost,                                 -- billing currency
        sum(list_cost) as list_cost,                                           -- billing currency
        list(distinct usage_type) as usage_types,
        max(split_part(usage_kind, ':', 2)) filter (is_host) as instance,
        sum(consumed_quantity) filter (is_host) as hours,                      -- h
        coalesce(sum(consumed_quantity) filter (is_data), 0) as gb             -- GB
    from lines
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (is_host or is_data)
    group by all
    having observed_days > 0  -- the endpoints among what has data
)

select
    e.provider,
    e.sub_account_id,
    e.resource_id,
    e.billing_currency,
    e.region_id,
    'real-time endpoint' as resource_type,
    e.first_day,                                                                      -- UTC day
    e.last_day,                                                                       -- UTC day
    e.observed_days,                                                                  -- days
    e.cost,                                                                           -- billing currency
    e.committed_cost,                                                                 -- billing currency
    e.list_cost,                                                                      -- billing currency
    case when e.resource_id like 'all:%' then e.usage_types end as claims,            -- usage types
    e.instance,
    e.hours,                                                                          -- h, instances added up
    case when u.region_id is null or e.gb > 0 then e.gb end as gb,                    -- GB
    $window_days as window_days,                                                      -- days
    s.last_data_day,                                                                  -- UTC day
    -- An export that shows bytes of other endpoints would show this one's too; one that answered before may again.
    case
        when s.last_data_day is null and exists (
            select 1 from data_seen o where o.resource_id <> e.resource_id and o.resource_id not like 'all:%'
        ) then 'medium'
        else 'low'
    end as confidence
from endpoints e
left join unattributed u using (sub_account_id, region_id)
left join data_seen s using (sub_account_id, resource_id)
where (e.sub_account_id, e.resource_id) not in (select (sub_account_id, resource_id) from other_ways)
