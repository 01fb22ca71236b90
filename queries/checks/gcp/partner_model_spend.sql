/*---
id          = "gcp-partner-model-spend"
title       = "Partner models are the main cost of a non-production project"
kind        = "forgotten"
service     = "Vertex AI"
confidence  = "low"
effort      = "low"
risk        = "low"
blind_spots = "Development and evaluation of such models may be what the project is for; the bill shows neither who calls them nor what for. Nothing is claimed as a saving."
remediation = "Ask who runs it and whether a smaller model, batch requests or prompt caching would do; set a budget and a quota on the project."
reason      = "{models} were used on {use_days} of {window_days} days and are {share_percent} % of the project's cost; for review, the bill cannot say what for."
references  = ["https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/use-partner-models"]
command     = "gcloud logging read 'protoPayload.serviceName=\"aiplatform.googleapis.com\"' --project {account_id} --freshness 1d --limit 20"
[judge]
value    = "use_days"
at_least = "min_use_days"
history  = "history_days"
nothing  = "minor"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost and use are counted."
[params.min_use_days]
default = 15
unit    = "days"
help    = "Days with use: a trial of a week is none."
[params.min_share]
default = 0.5
unit    = "share"
help    = "Share of the project's cost from which the models are its main cost."
---*/
with lines as (
    select
        *,
        -- Partner models are services of their own (Claude Sonnet 4.6), or lines of Vertex AI that name a publisher.
        regexp_matches(service_name, '^(claude|anthropic|mistral|codestral|llama|jamba|deepseek|qwen|grok|kimi|minimax|glm|gpt|openai)\b', 'i')
            or (
                (
                    service_code = 'C7E2-9256-1C43'
                    or regexp_matches(service_name, 'vertex ai|agent platform', 'i')
                    or usage_kind like '%vertex ai%'
                )
                and (
                    regexp_matches(usage_kind, 'model as a service|\b(claude|mistral|codestral|llama|jamba|deepseek|qwen|grok|glm|kimi|minimax|gpt)')
                    or (is_marketplace and regexp_matches(usage_kind, '\b(tokens?|input|output)\b'))
                )
            ) as is_partner
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
),

projects as (
    select
        provider,
        sub_account_id,
        billing_currency,
        min(charge_date) filter (is_partner) as first_day,                               -- UTC day
        max(charge_date) filter (is_partner) as last_day,                                -- UTC day
        count(distinct charge_date) filter (is_partner and effective_cost > 0) as use_days,  -- days
        sum(effective_cost) filter (is_partner) as cost,                                 -- billing currency
        sum(committed_cost) filter (is_partner) as committed_cost,                       -- billing currency
        sum(effective_cost) as project_cost,                                             -- billing currency
        -- The project's own name or labels say it; one production line is enough to doubt it.
        bool_and(environment = 'non-production') filter (is_partner) as is_other,
        string_agg(distinct case
            when regexp_matches(service_name, 'vertex ai|agent platform', 'i') then usage_type else service_name
        end, ', ') filter (is_partner) as models,
        round(sum(consumed_quantity) filter (is_partner and pricing_unit = 'count'))::bigint as tokens,  -- tokens
        min(source_first_day) as source_first_day                                        -- UTC day
    from lines
    group by all
    having bool_or(is_partner)
)

select
    provider,
    sub_account_id,
    'partner-models:' || sub_account_id as resource_id,
    billing_currency,
    '' as region_id,
    'partner models' as resource_type,
    first_day,                                                                           -- UTC day
    last_day,                                                                            -- UTC day
    use_days as observed_days,                                                           -- days
    cost,                                                                                -- billing currency
    committed_cost,                                                                      -- billing currency
    0.0 as saves_share,                                                                  -- share: for review only
    least($window_days, date_diff('day', first_day, $as_of) + 1) as span_days,           -- days
    models,
    tokens,                                                                              -- tokens, as billed
    use_days,                                                                            -- days
    $window_days as window_days,                                                         -- days
    date_diff('day', source_first_day, $as_of) + 1 as history_days,                      -- days
    round(100 * cost / nullif(project_cost, 0), 1) as share_percent,                     -- % of the project's cost
    (not is_other or cost < $min_share * project_cost * (1 - 1e-9))::int as minor        -- 1: production, unknown, or a side cost
from projects
