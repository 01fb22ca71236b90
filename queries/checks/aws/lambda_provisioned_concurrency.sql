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
        usage_kind like 'Lambda-Provisioned-GB-Second%' as is_used,
        -- Without its version or alias.
        regexp_replace(resource_id, '(:function:[^:]+):[^:]+$', '\1') as function_id
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (usage_kind like 'Lambda-Provisioned-%' or usage_kind like 'Lambda-GB-Second%')
),
used as (
    select
        sub_account_id,
        function_id,
        resource_id,
        sum(consumed_quantity) as gb_seconds
    from lines
    where is_used and resource_id <> ''
    group by all
),

-- Accounts whose calls do not name their function prove nothing about one.
blind as (
    select distinct
        sub_account_id,
        true as is_blind
    from lines
    where is_used and resource_id = '' and consumed_quantity > 0
),

functions as (
    select
        function_id,
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
        sum(consumed_quantity) filter (is_reserved) as reserved_gb_seconds
    from lines
    where resource_id <> ''
    group by all
),

rated as (
    select
        f.*,
        -- Calls on provisioned concurrency are billed by their duration: no line means no call. The lines may name the
        -- function where the reservation names its alias, or the other way round.
        case
            when b.is_blind is null
                then coalesce((
                    select sum(u.gb_seconds) from used u
                    where u.sub_account_id = f.sub_account_id
                        and u.function_id = f.function_id
                        and (u.resource_id in (f.resource_id, f.function_id) or f.resource_id = f.function_id)
                ), 0)
        end as used_gb_seconds
    from functions f
    left join blind b using (sub_account_id)
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
from rated
