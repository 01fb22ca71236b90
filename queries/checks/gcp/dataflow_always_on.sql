/*---
id          = "gcp-dataflow-always-on"
title       = "Streaming job runs around the clock and processes almost nothing"
kind        = "idle"
service     = "Dataflow"
confidence  = "medium"
effort      = "low"
risk        = "high"
blind_spots = "A job may wait for rare but important events, or be a standby for another region. Only data through Streaming Engine is metered: jobs without it, with resource-based billing or Prime cannot be judged."
remediation = "Ask the owner, then drain the job (gcloud dataflow jobs drain), so that what is in flight is finished; or read the source in batches."
command     = "gcloud dataflow jobs describe {resource_name} --region {region} --project {account_id}"
reason      = "Processed {gib} GiB in {vcpu_hours} streaming vCPU-hours on {observed_days} days."
references  = ["https://cloud.google.com/dataflow/docs/guides/stopping-a-pipeline"]
[judge]
use     = "usual_gib"
per     = "vcpu_hours"
at_most = "max_gib_per_vcpu_hour"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_gib_per_vcpu_hour]
default = 0.005
unit    = "GiB/vCPU-h"
help    = "At or below this much data per vCPU-hour the job counts as idle; also on average of the 31 days before."
---*/
-- The texts end with a place without 'in': 'vcpu time streaming iowa', 'streaming data processed for iowa'.
with lines as (
    select
        *,
        regexp_matches(usage_kind, 'vcpu time.*streaming|streaming.*vcpu time') as is_vcpu,
        regexp_matches(usage_kind, 'streaming( engine)? data processed') as is_data,
        -- Resource-based billing and Prime meter work in other units.
        regexp_matches(usage_kind, 'compute unit|\b(secu|dcu)\b') as is_other_meter
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (service_name in ('Cloud Dataflow', 'Dataflow') or regexp_matches(usage_kind, '^(dataflow )?(vcpu|ram) time.*streaming'))
),

metered as (
    -- Jobs that ever had a data line go through Streaming Engine: there no line means no data.
    select distinct
        sub_account_id,
        resource_id,
        true as has_engine
    from usage_months
    where provider = 'gcp' and regexp_matches(usage_kind, 'streaming( engine)? data processed')
),

busy_before as (
    -- What comes at the end of a month may have come just before the window.
    select
        sub_account_id,
        resource_id,
        sum(consumed_quantity / case when pricing_unit ilike 'byte%' then 1073741824 else 1 end) as before_gib  -- GiB
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days - 31
        and charge_date <= $as_of - $window_days
        and regexp_matches(usage_kind, 'streaming( engine)? data processed')
    group by all
)

select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'Dataflow streaming job' as resource_type,
    min(charge_date) filter (is_vcpu) as first_day,                                             -- UTC day
    max(charge_date) filter (is_vcpu) as last_day,                                              -- UTC day
    count(distinct charge_date) filter (is_vcpu and consumed_quantity > 0) as observed_days,    -- days
    sum(effective_cost) as cost,                                                                -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list(distinct usage_type order by usage_type) filter (resource_id like 'all:%') as claims,                      -- usage types
    sum(consumed_quantity / case when pricing_unit ilike '%second%' then 3600 else 1 end) filter (is_vcpu) as vcpu_hours,  -- vCPU-h
    -- No data line is not zero: the job may do without Streaming Engine. Nor can a sum tell which of several jobs does.
    case when resource_id not like 'all:%' and not bool_or(is_other_meter)
        and bool_or(has_engine)
        then coalesce(sum(consumed_quantity / case when pricing_unit ilike 'byte%' then 1073741824 else 1 end) filter (is_data), 0)
    end as gib,                                                                                 -- GiB
    coalesce(any_value(before_gib), 0) as gib_before,                                           -- GiB in the 31 days before
    case when gib is not null then greatest(gib, gib_before * $window_days / 31) end as usual_gib  -- GiB in as many days
from lines
left join metered using (sub_account_id, resource_id)
left join busy_before using (sub_account_id, resource_id)
group by provider, sub_account_id, resource_id, billing_currency
having bool_or(is_vcpu)
