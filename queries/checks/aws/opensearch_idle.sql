/*---
id          = "aws-opensearch-idle"
title       = "OpenSearch domain that gets no requests"
kind        = "idle"
service     = "Amazon OpenSearch Service"
confidence  = "high"
effort      = "medium"
risk        = "high"
blind_spots = "An archive that is searched less than once in four weeks looks idle, too. Dashboards and monitoring count as requests, so a domain that only they ask passes."
remediation = "Ask its owner, take a snapshot into a bucket of your own (the automated ones go with the domain), then delete it."
command     = """
aws opensearch describe-domain --region {region} --domain-name {resource_name}
aws opensearch delete-domain --region {region} --domain-name {resource_name}"""
reason      = "{requests} searches and writes in {window_days} days."
[judge]
use     = "requests"
at_most = "max_requests"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_requests]
default = 0
unit    = "requests"
help    = "At or below this many in the window the domain counts as idle; raise it by those of your monitoring."
---*/
with days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        bit_count(bit_or(hours_mask) filter (usage_kind like 'ESInstance:%')) as hours,         -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost                                                             -- billing currency
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (sub_account_id, resource_id) in (
            select (sub_account_id, unit_id) from machine_units where machine = 'opensearch'
        )
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'OpenSearch domain' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) filter (hours > 0) as last_day,                                            -- UTC day
    count(hours) as observed_days,                                                              -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    sum(hours) as billed_hours,                                                                 -- h
    r.sample_hours,                                                                             -- h
    r.total as requests,                                                                        -- requests
    $window_days as window_days                                                                 -- days
from days
left join measured('requests', $as_of, $window_days) r using (provider, sub_account_id, resource_id)
group by all
having observed_days > 0
