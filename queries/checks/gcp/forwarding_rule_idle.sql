/*---
id          = "gcp-forwarding-rule-idle"
title       = "Load balancer forwarding rules through which almost no data moves"
kind        = "idle"
service     = "Networking"
confidence  = "medium"
effort      = "medium"
risk        = "high"
blind_spots = "The first five rules share one minimum fee, so nothing is saved before the last of them is gone; one busy rule hides every idle one beside it. A failover address, a site with visitors once a month and a load balancer whose data Google does not bill look idle as well."
remediation = "List the rules with their targets, ask the owners, then delete rule, proxy, URL map, backend service and the reserved address; for rules that Kubernetes made delete the Service, Ingress or Gateway instead."
reason      = "{rule_hours} hours of forwarding rules were billed, and load balancing processed {gib} GiB in {days} days."
references  = ["https://cloud.google.com/vpc/network-pricing#lb"]
[commands]
"" = "gcloud compute forwarding-rules list --project {account_id}"
group = "gcloud compute forwarding-rules list --project {account_id}"
[judge]
use     = "gib"
per     = "days"
at_most = "max_gib_per_day"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_gib_per_day]
default = 0.01
unit    = "GiB/day"
help    = "At or below this, all load balancers of the region (global rules: of the project) together: what scanners cause."
---*/
-- Old names: 'network load balancing: forwarding rule minimum service charge', new ones: 'cloud load balancer forwarding
-- rule minimum global', 'regional external application load balancer forwarding rule additional for mumbai'.
with lines as (
    select
        *,
        regexp_matches(usage_kind, 'forwarding rule.* ?(minimum|additional)') as is_rule
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (
            regexp_matches(usage_kind, 'forwarding rule.* ?(minimum|additional)')
            -- What load balancers move, also as cache, past Cloud Armor or for Private Service Connect.
            or (
                regexp_matches(usage_kind, 'load balanc|\bcloud cdn\b|private service connect|forwarding rule')
                and regexp_matches(usage_kind, 'data process|data transfer|egress|ingress|traffic|cache')
                and regexp_matches(pricing_unit, '^(gib|gigabyte|$)', 'i')
            )
        )
),

rules as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        max(region_id) as region_id,
        min(charge_date) as first_day,                             -- UTC day
        max(charge_date) as last_day,                              -- UTC day
        count(distinct charge_date) as observed_days,              -- days
        sum(effective_cost) as cost,                               -- billing currency
        sum(committed_cost) as committed_cost,                     -- billing currency
        sum(list_cost) as list_cost,                               -- billing currency
        list(distinct usage_type order by usage_type) as claims,   -- usage types
        sum(consumed_quantity) as rule_hours                       -- h; the first five rules count as one
    from lines
    where is_rule
    group by provider, sub_account_id, resource_id, billing_currency
)

select
    r.provider,
    r.sub_account_id,
    r.resource_id,
    r.billing_currency,
    r.region_id,
    'Forwarding rules' as resource_type,
    -- Without any data line it may be a kind of load balancer whose data is not billed.
    case when count(d.resource_id) = 0 then 'low' end as confidence,
    case when count(d.resource_id) > 0 then 'medium' end as group_confidence,
    r.first_day,                                                   -- UTC day
    r.last_day,                                                    -- UTC day
    r.observed_days,                                               -- days
    r.cost,                                                        -- billing currency
    r.committed_cost,                                              -- billing currency
    r.list_cost,                                                   -- billing currency
    r.claims,                                                      -- usage types
    r.rule_hours,                                                  -- h; the first five rules count as one
    $window_days as days,                                          -- days
    coalesce(sum(d.consumed_quantity), 0) as gib                   -- GiB
from rules r
left join lines d
    on not d.is_rule
    and d.sub_account_id = r.sub_account_id
    -- A global load balancer's data is booked where its clients are.
    and (d.region_id = r.region_id or d.region_id = '' or r.region_id = '')
    and (d.resource_id = r.resource_id or d.resource_id like 'all:%' or r.resource_id like 'all:%')
group by all
