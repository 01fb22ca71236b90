/*---
id          = "gcp-vertex-endpoint-no-predictions"
title       = "Vertex AI endpoint that nobody asks for predictions"
kind        = "idle"
service     = "Vertex AI"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "An endpoint that is asked once a quarter, or held ready for a launch or a failover, looks the same. Most exports name no endpoint; then nothing can be measured here."
remediation = "Ask its owner, then undeploy the models from the endpoint; they stay in the registry and can be deployed again."
reason      = "{requests} requests in {window_days} days, while its nodes were billed for {billed_hours} hours."
references  = ["https://cloud.google.com/vertex-ai/docs/predictions/undeploy-model"]
overrules   = ["gcp-vertex-endpoint-idle"]
command     = """
gcloud ai endpoints describe {resource_name} --region {location} --project {account_id}
gcloud ai endpoints list --region {location} --project {account_id}"""
[judge]
use     = "requests"
at_most = "max_requests"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks, which nearly always hold a month's end."
[params.max_requests]
default = 0
unit    = "requests"
help    = "Up to this many in the window nobody uses it; raise it by those of monitoring."
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
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and not starts_with(resource_id, 'all:')
        and (
            service_code = 'C7E2-9256-1C43'
            or regexp_matches(service_name, 'vertex ai|agent platform', 'i')
            or usage_kind like 'vertex ai:%'
        )
        and regexp_matches(usage_kind, '(online|batch).*prediction.*(core|ram|memory|gpu|tpu|accelerator)')
        and not regexp_matches(usage_kind, 'gemini|token')
        -- A batch job has the same texts, and no requests.
        and resource_id like '%/endpoints/%'
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'Vertex AI endpoint' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(*) as observed_days,                                                                  -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list_distinct(flatten(list(usage_types))) as claims,                                        -- usage types
    sum(hours) as billed_hours,                                                                 -- h
    r.sample_hours,                                                                             -- h
    r.total as requests,                                                                        -- of the window
    $window_days as window_days                                                                 -- days
from days
left join measured('requests', $as_of, $window_days) r using (provider, sub_account_id, resource_id)
group by all
