/*---
id          = "gcp-provisioned-throughput-idle"
title       = "Provisioned Throughput is paid and no model use is billed beside it"
kind        = "forgotten"
service     = "Vertex AI"
confidence  = "low"
effort      = "low"
risk        = "medium"
blind_spots = "Tokens within the bought throughput are not billed, only what exceeds it, so the bill cannot prove that nobody uses it: only the metrics of the model can. An order cannot be cancelled; it is paid to the end of its term."
remediation = "Read the metrics consumed_token_throughput and dedicated_gsu_limit of the model; if it is unused, move the order to a model in use, or switch automatic renewal off 30 days before the term ends."
reason      = "Paid for {paid_days} days, and for {idle_days} days no tokens or other model use of the project are billed; verify with the model's consumed token throughput, the bill cannot prove it."
references  = ["https://cloud.google.com/vertex-ai/generative-ai/docs/use-provisioned-throughput"]
[commands]
group = "gcloud logging read 'protoPayload.serviceName=\"aiplatform.googleapis.com\"' --project {account_id} --freshness 7d --limit 20"
[judge]
value    = "idle_days"
at_least = "min_idle_days"
history  = "history_days"
nothing  = "other_use"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is reported."
[params.min_idle_days]
default = 30
unit    = "days"
help    = "Days with the fee and without billed use of models, and without a change of the amount bought."
[params.max_tokens_per_day]
default = 1000
unit    = "tokens/day"
help    = "Tokens that a health check or a try causes."
---*/
with models as (
    select
        *,
        regexp_matches(usage_kind, 'provisioned throughput|generative ai scale unit|(^|[^a-z])gsus?([^a-z]|$)') as is_bought
    from resource_days
    where provider = 'gcp'
        and charge_role in ('usage', 'fee')
        and charge_date <= $as_of
        and (
            service_code in ('C7E2-9256-1C43', 'AEFD-7695-64FA')
            or regexp_matches(
                service_name, 'vertex ai|agent platform|gemini api|generative language|claude|anthropic|mistral|llama', 'i'
            )
            or usage_kind like 'vertex ai:%'
        )
),

bought as (
    select
        provider,
        sub_account_id,
        region_id,
        billing_currency,
        charge_date,                                                             -- UTC day
        max(nullif(service_code, '')) as service_code,
        bool_or(charge_role = 'fee') as is_monthly,
        sum(effective_cost) as cost,                                             -- billing currency
        sum(list_cost) as list_cost,                                             -- billing currency
        list(distinct usage_type order by usage_type) as usage_types,
        bool_or(environment = 'production') as is_production,
        min(source_first_day) as source_first_day                                -- UTC day
    from models
    where is_bought
    group by all
    having sum(effective_cost) > 0
),

marked as (
    select
        *,
        lag(cost) over days as cost_before,                                      -- billing currency
        lag(charge_date) over days as day_before                                 -- UTC day
    from bought
    window days as (partition by provider, sub_account_id, region_id, billing_currency order by charge_date)
),

throughput as (
    select
        provider,
        sub_account_id,
        region_id,
        billing_currency,
        max(service_code) as service_code,
        min(charge_date) as first_day,                                           -- UTC day
        max(case when is_monthly then least($as_of, charge_date + 30) else charge_date end) as last_day,  -- UTC day
        -- Days of a longer month are cheaper by a tenth at most.
        max(charge_date) filter (
            abs(cost - cost_before) > 0.15 * cost_before or charge_date - day_before > case when is_monthly then 32 else 3 end
        ) as last_change,                                                        -- UTC day
        count(*) as observed_days,                                               -- days
        -- Fees of a month: the latest one stands for a month.
        case
            when bool_or(is_monthly) then arg_max(cost, charge_date)
            else sum(cost) filter (charge_date > $as_of - $window_days)
        end as cost,                                                             -- billing currency
        case
            when bool_or(is_monthly) then arg_max(list_cost, charge_date)
            else sum(list_cost) filter (charge_date > $as_of - $window_days)
        end as list_cost,                                                        -- billing currency
        case
            when bool_or(is_monthly) then 30.4375
            else greatest(1, count(*) filter (charge_date > $as_of - $window_days))
        end as span_days,                                                        -- days
        list_distinct(flatten(list(usage_types))) as usage_types,
        bool_or(is_production) as is_production,
        min(source_first_day) as source_first_day                                -- UTC day
    from marked
    group by all
),

used as (
    -- Tokens in any region of the project: overflow and global endpoints are billed elsewhere than the order.
    select
        sub_account_id,
        charge_date                                                              -- UTC day
    from models
    where not is_bought
        and charge_role = 'usage'
        and regexp_matches(usage_kind, 'token|prediction|caching|input|output|grounding|embed|imagen|veo|generat')
        and not regexp_matches(usage_kind, 'storage|instance (core|ram)|gpu')
    group by all
    -- Images, seconds of video and searches are no tokens: each is use.
    having coalesce(sum(consumed_quantity) filter (not regexp_matches(usage_kind, 'imagen|veo|image generat|video generat|grounding')), 0)
            > $max_tokens_per_day
        or coalesce(sum(consumed_quantity) filter (regexp_matches(usage_kind, 'imagen|veo|image generat|video generat|grounding')), 0) > 0
),

last_use as (
    select
        sub_account_id,
        max(charge_date) as last_use                                             -- UTC day
    from used
    group by all
)

select
    t.provider,
    t.sub_account_id,
    'all:' || coalesce(t.service_code, 'vertex-ai') || ':provisioned-throughput:'
        || coalesce(nullif(t.region_id, ''), 'global') as resource_id,
    t.billing_currency,
    t.region_id,
    'Provisioned Throughput' as resource_type,
    t.first_day,                                                                 -- UTC day
    t.last_day,                                                                  -- UTC day
    t.observed_days,                                                             -- days
    t.span_days,                                                                 -- days
    coalesce(t.cost, 0) as cost,                                                 -- billing currency
    coalesce(t.cost, 0) as committed_cost,                                       -- billing currency: owed to the end of the term
    t.list_cost,                                                                 -- billing currency
    t.usage_types as claims,                                                     -- usage types
    t.usage_types as billed_as,                                                  -- SKU texts
    date_diff('day', t.first_day, t.last_day) + 1 as paid_days,                  -- days
    u.last_use,                                                                  -- UTC day, of billed tokens
    least(
        date_diff('day', coalesce(t.last_change, t.first_day), t.last_day) + 1,
        coalesce(date_diff('day', u.last_use, t.last_day), 36500)
    ) as idle_days,                                                              -- days
    date_diff('day', t.source_first_day, $as_of) + 1 as history_days,            -- days
    t.is_production::int as other_use                                            -- 1 for production
from throughput t
left join last_use u using (sub_account_id)
