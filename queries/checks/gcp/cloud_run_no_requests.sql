/*---
id          = "gcp-cloud-run-no-requests"
title       = "Cloud Run instances are kept running and nobody calls them"
kind        = "idle"
service     = "Cloud Run"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "A service that is called once a quarter, or held ready for a launch or a failover, looks the same. A connection counts as a request when it ends: one that stayed open all the time is none. Instance-based billing lets a service work without requests: one that waits for messages uses little CPU while none come."
remediation = "Ask its owner, then set the minimum of instances to zero (use request-based billing where nothing works between requests), or delete the service."
reason      = "{requests} requests in {window_days} days, while {vcpu_hours} vCPU-hours of instances were kept for it; CPU (daily 99th percentile) reached {cpu_p99_percent} %."
references  = ["https://cloud.google.com/run/docs/configuring/min-instances"]
overrules   = ["gcp-cloud-run-always-on"]
command     = """
gcloud run services describe {resource_name} --region {location} --project {account_id}
gcloud run services update {resource_name} --region {location} --project {account_id} --min-instances=0"""
[judge]
use     = "requests"
at_most = "max_requests"
[judge.also]
cpu_percent = "max_cpu_percent"
busy_share  = "max_busy_share"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks, which nearly always hold a month's end."
[params.max_requests]
default = 0
unit    = "requests"
help    = "Up to this many in the window nobody uses it; raise it by those of monitoring."
[params.min_requests_per_vcpu_hour]
default = 10
unit    = "requests/vCPU-h"
help    = "Above this a service is in use; between the two it is left to gcp-cloud-run-always-on."
[params.max_cpu_percent]
default = 10
unit    = "%"
help    = "Under instance-based billing more CPU than this (highest 99th percentile of a day) is work without requests."
[params.max_busy_share]
default = 0.05
unit    = "share"
help    = "Up to this many vCPU-hours of answering per vCPU-hour kept ready: a connection that stays open is no request yet."
---*/
with lines as (
    select
        *,
        regexp_matches(usage_kind, 'min[- ]instance|instance-based billing|always[- ](on|allocated)|^nvidia .*gpu')
            and not regexp_matches(usage_kind, '\bjobs?\b|worker pool|requests\b') as is_kept,
        regexp_matches(usage_kind, '\bcpu\b') and not regexp_matches(usage_kind, '\bjobs?\b|worker pool') as is_cpu,
        consumed_quantity / case when pricing_unit ilike '%second%' then 3600 when pricing_unit ilike '%minute%' then 60 else 1 end as hours
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (service_code = '152E-C115-5142' or service_name ilike 'cloud run%')
        and not starts_with(resource_id, 'all:')
),
days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        bit_count(bit_or(hours_mask) filter (is_kept and is_cpu)) as wall_hours,                -- h
        sum(hours) filter (is_kept and is_cpu) as vcpu_hours,                                   -- vCPU-h
        sum(hours) filter (is_cpu and not is_kept) as busy_hours,                               -- vCPU-h
        sum(consumed_quantity) filter (regexp_matches(usage_kind, '\brequests\b')) as requests,
        sum(effective_cost) filter (is_kept) as cost,                                           -- billing currency
        sum(committed_cost) filter (is_kept) as committed_cost,                                 -- billing currency
        sum(list_cost) filter (is_kept) as list_cost,                                           -- billing currency
        list(distinct usage_type) filter (is_kept) as usage_types,
        bool_or(is_kept and is_cpu and not regexp_matches(usage_kind, 'min[- ]instance')) as is_instance_based
    from lines
    group by all
),
services as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        min(charge_date) filter (vcpu_hours > 0) as first_day,                                  -- UTC day
        max(charge_date) filter (vcpu_hours > 0) as last_day,                                   -- UTC day
        count(*) filter (vcpu_hours > 0) as observed_days,                                      -- days
        sum(cost) as cost,                                                                      -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost,                                                            -- billing currency
        list_distinct(flatten(list(usage_types))) as claims,                                    -- usage types
        sum(wall_hours) as billed_hours,                                                        -- h
        sum(vcpu_hours) as vcpu_hours,                                                          -- vCPU-h
        coalesce(sum(busy_hours), 0) / sum(vcpu_hours) as busy_share,                           -- vCPU-h per vCPU-h
        coalesce(sum(requests), 0) as billed_requests,
        bool_or(is_instance_based) as is_instance_based
    from days
    group by all
    having sum(vcpu_hours) > 0
)
select
    s.*,
    'Cloud Run service' as resource_type,
    -- Request-based billing gives a service no CPU between requests.
    case
        when not s.is_instance_based then r.sample_hours
        when c.sample_hours is not null and r.sample_hours is not null then least(c.sample_hours, r.sample_hours)
    end as sample_hours,                                                                        -- h
    case when r.total is not null then greatest(r.total, s.billed_requests) end as requests,    -- of the window
    c.highest_p99 as cpu_p99_percent,                                                           -- highest of a day
    case when s.is_instance_based then c.highest_p99 else 0 end as cpu_percent,                 -- the same, where it may be work without requests
    case when s.is_instance_based then 'medium' end as confidence,                              -- else the check's
    $window_days as window_days                                                                 -- days
from services s
left join measured('requests', $as_of, $window_days) r using (provider, sub_account_id, resource_id)
left join measured('cpu_utilization', $as_of, $window_days) c using (provider, sub_account_id, resource_id)
where coalesce(greatest(r.total, s.billed_requests) not between $max_requests + 1e-6 and $min_requests_per_vcpu_hour * s.vcpu_hours, true)
