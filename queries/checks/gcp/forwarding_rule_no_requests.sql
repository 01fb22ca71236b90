/*---
id          = "gcp-forwarding-rule-no-requests"
title       = "Load balancer forwarding rule without requests"
kind        = "idle"
service     = "Networking"
confidence  = "medium"
effort      = "medium"
risk        = "high"
blind_spots = "Most exports name no forwarding rule; then nothing can be measured here. Only HTTP load balancers count requests, and a failover address or a site with visitors once a quarter has none. The first five rules of a project share one fee, so the saving may be less."
remediation = "Ask its owner, then delete rule, proxy, URL map, backend service and the reserved address; for a rule that Kubernetes made delete the Service, Ingress or Gateway instead."
reason      = "{requests} requests in {window_days} days."
references  = ["https://cloud.google.com/vpc/network-pricing#lb"]
overrules   = ["gcp-forwarding-rule-idle"]
command     = "gcloud compute forwarding-rules list --project {account_id} --filter=\"name={resource_name}\""
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
help    = "Up to this many in the window nobody uses it; raise it by what scanners and uptime checks cause."
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
        and regexp_matches(usage_kind, 'forwarding rule.* ?(minimum|additional)')
        and not starts_with(resource_id, 'all:')
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'forwarding rule' as resource_type,
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
