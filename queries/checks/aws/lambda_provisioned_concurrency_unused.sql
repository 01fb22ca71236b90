/*---
id          = "aws-lambda-provisioned-concurrency-unused"
title       = "Provisioned concurrency of a function far above its peak"
kind        = "idle"
service     = "AWS Lambda"
confidence  = "high"
effort      = "low"
risk        = "medium"
overrules   = ["aws-lambda-provisioned-concurrency"]
blind_spots = "Peaks are those of five minutes or an hour; what needs more once a quarter is not seen. Hours without a call have no samples, so a function that rests at night is not judged."
remediation = "Lower the provisioned concurrency to its peak with head-room, schedule it with Application Auto Scaling, or remove it where it is never used."
command     = """
aws lambda list-provisioned-concurrency-configs --region {region} --function-name {resource_id}
aws application-autoscaling describe-scalable-targets --region {region} --service-namespace lambda"""
reason      = "At most {peak_percent} % of the provisioned concurrency was in use at any time in {window_days} days."
references  = ["https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html"]
[judge]
use     = "peak_percent"
at_most = "max_peak_percent"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_peak_percent]
default = 50
unit    = "percent"
help    = "At or below this share in use at the peak there is too much of it."
[params.headroom]
default = 0.3
unit    = "share"
help    = "Head-room above the peak that is kept."
---*/
with days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        bit_count(bit_or(hours_mask)) as hours,                                                 -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost,                                                            -- billing currency
        list(distinct usage_type) as usage_types
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and usage_kind like 'Lambda-Provisioned-Concurrency%'
        and resource_id <> ''
        and resource_id not like 'all:%'
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'Lambda function' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(*) as observed_days,                                                                  -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list_distinct(flatten(list(usage_types))) as claims,                                        -- usage types
    sum(hours) as billed_hours,                                                                 -- h
    u.sample_hours,                                                                             -- h
    u.maximum as peak_percent,                                                                  -- percent
    p.average as provisioned,                                                                   -- executions
    -- Whole executions where their number is known.
    case
        when p.average > 0 then ceil(p.average * peak_percent / 100 * (1 + $headroom)) / p.average
        else peak_percent / 100 * (1 + $headroom)
    end as needed_share,                                                                        -- share
    1 - needed_share as saves_share,                                                            -- share
    $window_days as window_days                                                                 -- days
from days
left join measured('concurrency_utilization', $as_of, $window_days) u using (provider, sub_account_id, resource_id)
left join measured('provisioned_concurrency', $as_of, $window_days) p using (provider, sub_account_id, resource_id)
group by all
