/*---
id          = "aws-lambda-provisioned-concurrency"
title       = "Provisioned concurrency of a function is hardly used"
kind        = "idle"
service     = "AWS Lambda"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Averages hide peaks: the concurrency may be there for bursts or for steady start-up times. Without it the same calls cost the on-demand duration price."
remediation = "Lower the provisioned concurrency to what is used, schedule it with Application Auto Scaling, or remove it where cold starts do not matter."
command     = "aws lambda list-provisioned-concurrency-configs --region {region} --function-name {resource_id}"
reason      = "Ran {used_gb_seconds} of {reserved_gb_seconds} reserved GB-seconds in {observed_days} days: {utilisation} of the provisioned concurrency."
references  = ["https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html"]
[judge]
use     = "used_gb_seconds"
per     = "reserved_gb_seconds"
at_most = "max_utilisation"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_utilisation]
default = 0.3
unit    = "share"
help    = "At or below this share of the reserved GB-seconds it counts as hardly used."
---*/
with lines as (
    select
        *,
        usage_kind like 'Lambda-Provisioned-Concurrency%' as is_reserved,
        usage_kind like 'Lambda-Provisioned-GB-Second%' as is_used
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (usage_kind like 'Lambda-Provisioned-%' or usage_kind like 'Lambda-GB-Second%')
),
functions as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        coalesce(min(charge_date) filter (is_reserved), min(charge_date)) as first_day,
        coalesce(max(charge_date) filter (is_reserved), max(charge_date)) as last_day,
        count(distinct charge_date) filter (is_reserved) as observed_days,
        coalesce(sum(effective_cost) filter (is_reserved), 0) as cost,
        coalesce(sum(committed_cost) filter (is_reserved), 0) as committed_cost,
        coalesce(sum(list_cost) filter (is_reserved), 0) as list_cost,
        list(distinct usage_type order by usage_type) filter (is_reserved) as claims,
        sum(consumed_quantity) filter (is_reserved) as reserved_gb_seconds,
        -- Calls on provisioned concurrency are billed by their duration: no line means no call.
        coalesce(sum(consumed_quantity) filter (is_used), 0) as used_gb_seconds
    from lines
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'Lambda function' as resource_type,
    first_day,                                                                -- UTC day
    last_day,                                                                 -- UTC day
    observed_days,                                                            -- days
    cost,                                                                     -- billing currency
    committed_cost,                                                           -- billing currency
    list_cost,                                                                -- billing currency
    claims,                                                                   -- usage types
    reserved_gb_seconds,                                                      -- GB-s
    used_gb_seconds,                                                          -- GB-s
    used_gb_seconds / nullif(reserved_gb_seconds, 0) as utilisation,          -- share
    1 - used_gb_seconds / nullif(reserved_gb_seconds, 0) as saves_share       -- share
from functions
