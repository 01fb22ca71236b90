/*---
id          = "gcp-vertex-endpoint-idle"
title       = "Prediction nodes run flat around the clock beside no other Vertex AI use"
kind        = "forgotten"
service     = "Vertex AI"
confidence  = "low"
effort      = "low"
risk        = "high"
blind_spots = "Requests to an endpoint are not billed, so the bill cannot prove that nobody calls it: a steady service with a fixed number of replicas looks the same. The export names no endpoint: one of several may be idle, another busy."
remediation = "Read the metric aiplatform.googleapis.com/prediction/online/prediction_count per endpoint; where it is zero, undeploy the model, which stays in the registry and can be deployed again."
reason      = "{node_hours_per_day} {node_unit}-hours a day, the same for {flat_days} days, and no other use of Vertex AI in the project for {window_days} days; verify with the prediction count, the bill cannot prove it."
references  = ["https://cloud.google.com/vertex-ai/docs/predictions/undeploy-model"]
command     = "gcloud ai endpoints list --project {account_id} --region {region}"
[commands]
group = "gcloud ai endpoints list --project {account_id} --region {region}"
[judge]
value    = "flat_days"
at_least = "min_flat_days"
history  = "history_days"
nothing  = "other_use"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is reported and in which nothing else of Vertex AI may be used."
[params.min_flat_days]
default = 30
unit    = "days"
help    = "Days without a change of the nodes: what is scaled, redeployed or switched off at night is looked after."
[params.max_change]
default = 0.05
unit    = "share"
help    = "Node-hours of a day that differ from the usual by no more than this are the same (a lost hour is 4 %)."
---*/
with vertex as (
    select
        *,
        regexp_matches(usage_kind, '(online|batch).*prediction.*(core|ram|memory|gpu|tpu|accelerator)')
            and not regexp_matches(usage_kind, 'gemini|token|spot|preemptible') as is_node,
        case
            when regexp_matches(usage_kind, ' core') then 'core'
            when regexp_matches(usage_kind, 'gpu|tpu|accelerator') then 'accelerator'
            else 'GiB'
        end as node_unit
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - greatest($window_days, 3 * $min_flat_days)
        and charge_date <= $as_of
        and (
            service_code = 'C7E2-9256-1C43'
            or regexp_matches(service_name, 'vertex ai|agent platform', 'i')
            or usage_kind like 'vertex ai:%'
        )
),

-- Days on which the export shows anything: a day that it lacks says nothing about nodes.
calendar as (
    select distinct charge_date
    from usage_days
    where provider = 'gcp' and charge_date > $as_of - 3 * $min_flat_days and charge_date <= $as_of
),

endpoints as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        max(region_id) as region_id,
        min(node_unit) filter (node_unit <> 'GiB') as best_unit,                         -- accelerators before cores
        min(charge_date) as first_day,                                                   -- UTC day
        max(charge_date) as last_day,                                                    -- UTC day
        count(distinct charge_date) filter (charge_date > $as_of - $window_days) as observed_days,  -- days
        sum(effective_cost) filter (charge_date > $as_of - $window_days) as cost,        -- billing currency
        sum(committed_cost) filter (charge_date > $as_of - $window_days) as committed_cost,  -- billing currency
        sum(list_cost) filter (charge_date > $as_of - $window_days) as list_cost,        -- billing currency
        list(distinct usage_type order by usage_type) as usage_types,
        min(source_first_day) as source_first_day,                                       -- UTC day
        bool_or(environment = 'production') as is_production
    from vertex
    where is_node
    group by all
),

daily as (
    select
        e.sub_account_id,
        e.resource_id,
        e.billing_currency,
        c.charge_date,                                                                   -- UTC day
        coalesce(sum(v.consumed_quantity), 0) as node_hours,                             -- h, nodes added up
        coalesce(bit_count(bit_or(v.hours_mask)), 0) as hours                            -- h
    from endpoints e
    join calendar c on c.charge_date between e.first_day and e.last_day
    left join vertex v
        on v.is_node
        and v.node_unit = coalesce(e.best_unit, 'GiB')
        and (v.sub_account_id, v.resource_id, v.billing_currency, v.charge_date)
            = (e.sub_account_id, e.resource_id, e.billing_currency, c.charge_date)
    group by all
),

usual as (
    select
        *,
        median(node_hours) filter (charge_date > $as_of - $min_flat_days) over (
            partition by sub_account_id, resource_id, billing_currency
        ) as usual_node_hours                                                            -- h
    from daily
),

changes as (
    select
        sub_account_id,
        resource_id,
        billing_currency,
        max(usual_node_hours) as usual_node_hours,                                       -- h
        max(charge_date) filter (
            abs(node_hours - usual_node_hours) > $max_change * usual_node_hours * (1 + 1e-9) or hours < 23
        ) as last_change                                                                 -- UTC day
    from usual
    group by all
),

others as (
    select
        sub_account_id,
        count(distinct charge_date) as days                                              -- days
    from vertex
    where not is_node
        and consumed_quantity > 0
        and charge_date > $as_of - $window_days
        and not regexp_matches(usage_kind, 'storage')
    group by all
)

select
    e.provider,
    e.sub_account_id,
    e.resource_id,
    e.billing_currency,
    e.region_id,
    'prediction nodes' as resource_type,
    e.first_day,                                                                         -- UTC day
    e.last_day,                                                                          -- UTC day
    e.observed_days,                                                                     -- days
    coalesce(e.cost, 0) as cost,                                                         -- billing currency
    e.committed_cost,                                                                    -- billing currency
    e.list_cost,                                                                         -- billing currency
    case when e.resource_id like 'all:%' then e.usage_types end as claims,               -- usage types
    c.usual_node_hours as node_hours_per_day,                                            -- h
    coalesce(e.best_unit, 'GiB') as node_unit,
    date_diff('day', coalesce(c.last_change, e.first_day - 1), e.last_day) as flat_days,  -- days
    date_diff('day', e.source_first_day, $as_of) + 1 as history_days,                    -- days
    $window_days as window_days,                                                         -- days
    coalesce(o.days, 0) + e.is_production::int as other_use                              -- days of other use; 1 for production
from endpoints e
join changes c using (sub_account_id, resource_id, billing_currency)
left join others o using (sub_account_id)
