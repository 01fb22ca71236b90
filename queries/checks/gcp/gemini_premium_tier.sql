/*---
id          = "gcp-gemini-premium-tier"
title       = "Gemini tokens are bought at the priority tier"
kind        = "modernize"
service     = "Vertex AI"
confidence  = "low"
effort      = "low"
risk        = "medium"
blind_spots = "Priority buys an answer under load; the bill cannot tell a chat that needs it from a job that does not. The export names no caller: one of several may need it."
remediation = "Send what nobody waits for at the standard tier, or as batch or flex at half of that: drop the priority header or the service tier from the requests, caller by caller."
reason      = "{priority_tokens} tokens in {window_days} days at the priority tier cost {priority_ratio} times what the same models cost you at the standard tier."
references  = ["https://cloud.google.com/vertex-ai/generative-ai/docs/priority-paygo"]
command     = "gcloud logging read 'protoPayload.serviceName=\"aiplatform.googleapis.com\"' --project {account_id} --freshness 1d --limit 20"
[commands]
group = "gcloud logging read 'protoPayload.serviceName:(\"aiplatform.googleapis.com\" OR \"generativelanguage.googleapis.com\")' --project {account_id} --freshness 1d --limit 20"
[judge]
target             = "standard_cost"
active_within_days = 4
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose tokens are counted."
[params.price_days]
default = 92
unit    = "days"
help    = "Trailing days in which the bill may show the standard price of the same tokens."
[params.min_days]
default = 7
unit    = "days"
help    = "Days with priority tokens: a peak of a few days is what priority is for."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "Less than this is not worth a change."
---*/
with tokens as (
    -- Vertex AI: 'gemini 3.8 flash global text input priority - predictions';
    -- Gemini API: 'generate content input token count gemini 3.8 flash text priority'.
    select
        *,
        regexp_matches(usage_kind, '\bpriority\b') as is_priority,
        regexp_matches(usage_kind, '\b(batch|flex)\b') as is_discounted,
        regexp_matches(usage_kind, '\bthinking\b') and not regexp_matches(usage_kind, 'thinking off') as is_thinking,
        regexp_matches(usage_kind, '\bcach(ed|ing)\b') as is_cached,
        regexp_matches(usage_kind, '\boutput\b') as is_output,
        trim(regexp_replace(regexp_replace(usage_kind, '\bpriority\b', ' '), '\s+', ' ', 'g')) as standard_kind
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - greatest($window_days, $price_days)
        and charge_date <= $as_of
        and regexp_matches(usage_kind, '\bgemini\b')
        and regexp_matches(usage_kind, '\b(input|output|tokens?|caching)\b')
        and not regexp_matches(usage_kind, 'storage|provisioned|grounding|instance')
),

running as (
    -- Tokens rest over a weekend; where the same ones go on at the standard price, priority is over.
    select
        * replace (
            is_priority
            and max(charge_date) filter (where is_priority) over same >= max(charge_date) filter (where not is_discounted) over same - 1
                as is_priority
        )
    from tokens
    window same as (partition by provider, sub_account_id, resource_id, billing_currency, standard_kind, pricing_unit)
),

prices as (
    -- Free tiers have no price. The text of a SKU names model, place and modality, so its price holds in all projects.
    select
        billing_account_id,
        billing_currency,
        usage_kind as standard_kind,
        pricing_unit,
        sum(effective_cost) / sum(consumed_quantity) as price,                           -- billing currency per token
        sum(list_cost) / sum(consumed_quantity) as list_price                            -- billing currency per token
    from tokens
    where not is_priority and effective_cost > 0 and consumed_quantity > 0
    group by all
),

priced as (
    select
        t.*,
        p.price,                                                                         -- billing currency per token
        t.is_priority and p.price is not null as compares
    from running t
    left join prices p using (billing_account_id, billing_currency, standard_kind, pricing_unit)
    where t.charge_date > $as_of - $window_days
),

groups as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        max(region_id) as region_id,
        arg_max(service_name, charge_date) as service_name,
        min(charge_date) as first_day,                                                   -- UTC day
        max(charge_date) filter (is_priority) as last_priority_day,                      -- UTC day
        max(charge_date) as last_day,                                                    -- UTC day
        count(distinct charge_date) filter (is_priority) as observed_days,               -- days
        -- What the bill has a standard price for; where it has none, all of it waits for one.
        coalesce(sum(effective_cost) filter (compares), sum(effective_cost) filter (is_priority), 0) as cost,  -- billing currency
        coalesce(sum(committed_cost) filter (compares), 0) as committed_cost,            -- billing currency
        coalesce(sum(list_cost) filter (compares), sum(list_cost) filter (is_priority)) as list_cost,  -- billing currency
        sum(consumed_quantity * price) filter (compares) as standard_cost,               -- billing currency
        list(distinct usage_type order by usage_type) filter (compares) as compared_types,
        list(distinct usage_type order by usage_type) filter (is_priority) as priority_types,
        sum(consumed_quantity) filter (is_priority) as priority_tokens,                  -- tokens
        sum(consumed_quantity) as all_tokens,                                            -- tokens
        sum(consumed_quantity) filter (is_discounted) as batch_tokens,                   -- tokens
        sum(consumed_quantity) filter (is_output) as output_tokens,                      -- tokens
        sum(consumed_quantity) filter (is_output and is_thinking) as thinking_tokens,    -- tokens
        sum(consumed_quantity) filter (not is_output) as input_tokens,                   -- tokens
        sum(consumed_quantity) filter (is_cached) as cached_tokens,                      -- tokens
        bool_and(environment = 'non-production') filter (is_priority) as is_other
    from priced
    group by all
)

select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    region_id,
    service_name,
    'tokens' as resource_type,
    first_day,                                                                           -- UTC day
    coalesce(last_priority_day, last_day) as last_day,                                   -- UTC day
    observed_days,                                                                       -- days
    cost,                                                                                -- billing currency
    committed_cost,                                                                      -- billing currency
    list_cost,                                                                           -- billing currency
    coalesce(compared_types, priority_types, []) as claims,                              -- usage types
    standard_cost,                                                                       -- billing currency, same tokens
    round(cost / standard_cost, 2) as priority_ratio,                                    -- times the standard price
    round(priority_tokens)::bigint as priority_tokens,                                   -- tokens
    round(100 * priority_tokens / nullif(all_tokens, 0), 1) as priority_share_percent,   -- % of tokens
    round(100 * coalesce(batch_tokens, 0) / nullif(all_tokens, 0), 1) as batch_flex_share_percent,  -- % of tokens
    round(100 * coalesce(thinking_tokens, 0) / nullif(output_tokens, 0), 1) as thinking_share_percent,  -- % of output
    round(100 * coalesce(cached_tokens, 0) / nullif(input_tokens, 0), 1) as cached_share_percent,  -- % of input
    priority_types as billed_as,                                                         -- SKU texts
    $window_days as window_days,                                                         -- days
    case when is_other then 'medium' end as group_confidence
from groups
