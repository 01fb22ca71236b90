/*---
id          = "gcp-cloud-run-always-on"
title       = "Cloud Run instances are kept running with few requests in the bill"
kind        = "idle"
service     = "Cloud Run"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Minimum instances avoid slow first answers, which some callers need. Instance-based billing counts no requests: a steady service may work in the background, hold connections or serve many callers inside the network, so there only its even, endless run speaks and no saving is stated."
remediation = "Look at the request count in Cloud Monitoring; where nobody waits, set the minimum to zero or raise it by schedule only, and use request-based billing where nothing works between requests."
reason      = "Billed {vcpu_hours} vCPU-hours of instances kept ready, over {wall_hours} hours of the window, and {requests} requests{caveat}."
references  = ["https://cloud.google.com/run/docs/configuring/min-instances", "https://cloud.google.com/run/docs/configuring/billing-settings"]
[judge]
use     = "requests"
per     = "vcpu_hours"
at_most = "max_requests_per_vcpu_hour"
[commands]
minimum  = """
gcloud run services describe {resource_name} --region {region} --project {account_id}
gcloud run services update {resource_name} --region {region} --project {account_id} --min-instances=0"""
always   = "gcloud run services describe {resource_name} --region {region} --project {account_id}"
function = "gcloud functions describe {resource_name} --region {region} --project {account_id}"
group    = "gcloud run services list --region {region} --project {account_id}"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_requests_per_vcpu_hour]
default = 10
unit    = "requests/vCPU-h"
help    = "At or below this many requests per vCPU-hour the instances count as idle."
[params.min_hours_share]
default = 0.95
unit    = "share"
help    = "Instance-based billing says something from this share of the window's hours on."
[params.max_change]
default = 0.1
unit    = "share"
help    = "Instance-based vCPU-hours that vary more from day to day follow a load that the bill does not show."
[params.max_gib_per_vcpu_hour]
default = 0.001
unit    = "GiB/vCPU-h"
help    = "Instance-based services that send more than this have callers."
[params.max_busy_share]
default = 0.05
unit    = "share"
help    = "Up to this many vCPU-hours of answering per vCPU-hour kept ready: long connections are few requests, but use."
---*/
with lines as (
    select
        *,
        regexp_matches(usage_kind, 'min[- ]instance') as is_minimum,
        regexp_matches(usage_kind, 'min[- ]instance|instance-based billing|always[- ](on|allocated)|^nvidia .*gpu')
            and not regexp_matches(usage_kind, '\bjobs?\b|worker pool|requests\b')
            -- GPUs of jobs have the same text.
            and not (usage_kind like '%gpu%' and starts_with(resource_id, 'all:')) as is_kept,
        regexp_matches(usage_kind, '\bcpu\b') as is_cpu,
        regexp_matches(usage_kind, '\brequests\b|\binvocations\b') as is_request,
        regexp_matches(usage_kind, 'data transfer|egress') as is_traffic,
        usage_kind like '%functions%' or service_name ilike '%functions%' or service_code = '29E7-DA93-CA13' as is_function,
        consumed_quantity / case
            when pricing_unit ilike '%second%' then 3600
            when pricing_unit ilike '%minute%' then 60
            else 1
        end as hours                                                                            -- h of a vCPU or GiB
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (
            service_code in ('152E-C115-5142', '29E7-DA93-CA13')
            or service_name ilike 'cloud run%'
            or service_name ilike 'cloud functions%'
        )
),

days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        arg_max(region_id, effective_cost) filter (is_kept) as region_id,
        bit_count(bit_or(hours_mask) filter (is_kept and is_cpu)) as wall_hours,                -- h
        sum(hours) filter (is_kept and is_cpu) as vcpu_hours,                                   -- vCPU-h
        sum(hours) filter (is_cpu and not is_kept and not regexp_matches(usage_kind, '\bjobs?\b|worker pool')) as busy_hours,
        sum(effective_cost) filter (is_kept) as cost,                                           -- billing currency
        sum(committed_cost) filter (is_kept) as committed_cost,                                 -- billing currency
        sum(list_cost) filter (is_kept) as list_cost,                                           -- billing currency
        list(distinct usage_type order by usage_type) filter (is_kept) as claims,
        sum(consumed_quantity) filter (is_request) as requests,
        sum(consumed_quantity) filter (is_traffic) as gib,                                      -- GiB
        coalesce(bool_or(not is_minimum) filter (is_kept), false) as is_instance_based,
        bool_or(is_function) as is_function
    from lines
    group by all
),

requested as (
    select
        sub_account_id,
        region_id,
        resource_id,
        sum(consumed_quantity) as requests
    from lines
    where is_request
    group by all
    having sum(consumed_quantity) > 0
),

services as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        resource_id like 'all:%' as is_group,
        max(region_id) as region_id,
        min(charge_date) filter (cost is not null) as first_day,                                -- UTC day
        max(charge_date) filter (cost is not null) as last_day,                                 -- UTC day
        count(distinct charge_date) filter (vcpu_hours > 0) as observed_days,                   -- days
        sum(cost) as cost,                                                                      -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost,                                                            -- billing currency
        list_sort(list_distinct(flatten(list(claims)))) as claims,                              -- usage types
        sum(wall_hours) as wall_hours,                                                          -- h
        sum(vcpu_hours) as vcpu_hours,                                                          -- vCPU-h
        coalesce(sum(busy_hours), 0) as busy_vcpu_hours,                                        -- vCPU-h
        coalesce(sum(requests), 0) as requests,                                                 -- count
        coalesce(sum(gib), 0) as traffic_gib,                                                   -- GiB
        bool_or(is_instance_based) as is_instance_based,
        bool_or(is_function) as is_function,
        min(vcpu_hours) as least_vcpu_hours,                                                    -- vCPU-h of a day
        max(vcpu_hours) as most_vcpu_hours                                                      -- vCPU-h of a day
    from days
    group by all
    having sum(vcpu_hours) > 0
),

-- Requests that name no service may be this one's; named ones may be a group's.
blind as (
    select distinct
        s.sub_account_id,
        s.resource_id
    from services s
    join requested q
        on q.sub_account_id = s.sub_account_id
        and q.region_id in (s.region_id, '')
        and q.resource_id <> s.resource_id
    where s.is_group or q.resource_id like 'all:%'
)

select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    region_id,
    case when is_function then 'function' else 'Cloud Run service' end as resource_type,
    case when is_function then 'function' when is_instance_based then 'always' else 'minimum' end as variant,
    first_day,                                                                                  -- UTC day
    last_day,                                                                                   -- UTC day
    observed_days,                                                                              -- days
    cost,                                                                                       -- billing currency
    committed_cost,                                                                             -- billing currency
    list_cost,                                                                                  -- billing currency
    claims,                                                                                     -- usage types
    wall_hours,                                                                                 -- h
    vcpu_hours,                                                                                 -- vCPU-h
    busy_vcpu_hours,                                                                            -- vCPU-h
    traffic_gib,                                                                                -- GiB
    -- Instance-based billing has no request lines: what varies, rests or sends follows a load that nobody sees here.
    case
        when (sub_account_id, resource_id) in (select (sub_account_id, resource_id) from blind) then null
        when busy_vcpu_hours > $max_busy_share * vcpu_hours * (1 + 1e-9) then null
        when not is_instance_based or requests > $max_requests_per_vcpu_hour * vcpu_hours then requests
        when wall_hours >= $min_hours_share * 24 * $window_days * (1 - 1e-9)
            and most_vcpu_hours <= (1 + $max_change) * least_vcpu_hours * (1 + 1e-9)
            and traffic_gib <= $max_gib_per_vcpu_hour * vcpu_hours then requests
    end as requests,                                                                            -- count
    case when is_instance_based then '; instance-based billing shows none of them, so it may well be in use' else '' end as caveat,
    case when is_instance_based then 0 else 1 end as saves_share,                               -- share: nobody can tell
    case when is_instance_based then 'low' end as confidence,
    case when is_instance_based then 'low' else 'medium' end as group_confidence                -- no requests in the region
from services
