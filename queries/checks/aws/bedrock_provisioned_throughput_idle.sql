/*---
id          = "aws-bedrock-provisioned-throughput-idle"
title       = "Bedrock provisioned throughput runs unchanged around the clock"
kind        = "forgotten"
service     = "Amazon Bedrock"
confidence  = "low"
effort      = "low"
risk        = "high"
blind_spots = "Tokens through provisioned throughput are not billed, so the bill cannot prove that nobody uses it: only the metric Invocations of the provisioned model can. A committed term is paid to its end."
remediation = "Read the metric Invocations for the provisioned model's ARN; if there are none, delete it, or let a committed term end without renewal. A custom model served by it stays."
command     = """
aws bedrock get-provisioned-model-throughput --region {region} --provisioned-model-id {resource_id}
aws cloudwatch list-metrics --region {region} --namespace AWS/Bedrock --metric-name Invocations --dimensions Name=ModelId,Value={resource_id}
"""
reason      = "{unit_hours_per_day} model-unit hours a day, the same for {flat_days} days, and no tokens of this model are billed in its account and region; verify with the Invocations metric, the bill cannot prove it."
references  = ["https://docs.aws.amazon.com/bedrock/latest/userguide/prov-throughput.html"]
[judge]
value    = "flat_days"
at_least = "min_flat_days"
history  = "history_days"
nothing  = "token_days"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days in which no tokens of the model may be billed."
[params.min_flat_days]
default = 14
unit    = "days"
help    = "Days without a change of the units, two weeks with their weekends: capacity that somebody scales or switches off at night is looked after."
---*/
with bedrock as (
    select
        *,
        regexp_matches(usage_kind, 'provisioned.?throughput|model.?units', 'i') as is_provisioned,
        regexp_matches(usage_kind, 'tokens?([^a-z]|count|$)', 'i') as is_token,
        -- What names the model: the usage type before the throughput, or the Marketplace product.
        lower(case
            when usage_kind ilike 'MP:%' then coalesce(nullif(service_name, ''), service_code)
            else regexp_extract(
                usage_kind, '^(.*?)[-_.]?(custom[-_.]?model|provisioned|model.?units|(cache|input|output).*token)', 1, 'i'
            )
        end) as model
    from usage_days
    where provider = 'aws'
        and regexp_matches(usage_kind, 'provisioned.?throughput|model.?units|token', 'i')
        and regexp_matches(service_code || ' ' || service_name || ' ' || operation || ' ' || usage_kind,
                           'bedrock|InvokeModel|throughput|model.?units', 'i')
),

daily as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                 -- UTC day
        arg_max(region_id, effective_cost) as region_id,
        arg_max(usage_kind, effective_cost) as usage_kind,
        max(model) as model,
        sum(effective_cost) as cost,                                                 -- billing currency
        -- A term of months is paid whether the units exist or not.
        coalesce(sum(effective_cost) filter (
            regexp_matches(usage_kind, '\d.?month', 'i') or pricing_category = 'Committed'
        ), 0) as committed_cost,                                                     -- billing currency
        sum(list_cost) as list_cost,                                                 -- billing currency
        sum(consumed_quantity) as unit_hours,                                        -- model-unit hours
        bit_or(hours_mask) as hours_mask,
        list(distinct usage_type) as usage_types,
        min(source_first_day) as source_first_day                                    -- UTC day
    from bedrock
    where is_provisioned and resource_id <> ''
    group by all
),

marked as (
    select
        *,
        last_value(unit_hours) over resource as latest_unit_hours,                   -- model-unit hours
        coalesce(charge_date - lag(charge_date) over (
            partition by provider, sub_account_id, resource_id, billing_currency order by charge_date
        ) > 1, false) as after_gap
    from daily
    window resource as (
        partition by provider, sub_account_id, resource_id, billing_currency
        order by charge_date rows between unbounded preceding and unbounded following
    )
),

throughput as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        arg_max(region_id, charge_date) as region_id,
        arg_max(usage_kind, charge_date) as usage_kind,
        arg_max(model, charge_date) as model,
        min(charge_date) as first_day,                                               -- UTC day
        max(charge_date) as last_day,                                                -- UTC day
        count(*) filter (charge_date > $as_of - $window_days) as observed_days,      -- days
        sum(cost) filter (charge_date > $as_of - $window_days) as cost,              -- billing currency
        sum(committed_cost) filter (charge_date > $as_of - $window_days) as committed_cost,  -- billing currency
        sum(list_cost) filter (charge_date > $as_of - $window_days) as list_cost,    -- billing currency
        max(latest_unit_hours) as unit_hours_per_day,                                -- model-unit hours
        -- A day counts as unchanged with the same unit-hours (1 % for a lost hour's part) and all 24 hours.
        max(case
            when abs(unit_hours - latest_unit_hours) > 0.01 * latest_unit_hours
                or unit_hours < 23.5
                or bit_count(hours_mask) < 24 then charge_date
            when after_gap then charge_date - 1
        end) as last_change,                                                         -- UTC day
        list_distinct(flatten(list(usage_types))) as usage_types,
        min(source_first_day) as source_first_day                                    -- UTC day
    from marked
    group by all
),

token_days as (
    select
        sub_account_id,
        resource_id,
        region_id,
        model,
        charge_date   -- UTC day
    from bedrock
    where is_token and not is_provisioned and consumed_quantity > 0
        and charge_date > $as_of - $window_days
    group by all
)

select
    t.provider,
    t.sub_account_id,
    t.resource_id,
    t.billing_currency,
    t.region_id,
    'provisioned throughput' as resource_type,
    t.first_day,                                                                      -- UTC day
    t.last_day,                                                                       -- UTC day
    t.observed_days,                                                                  -- days
    coalesce(t.cost, 0) as cost,                                                      -- billing currency
    t.committed_cost,                                                                 -- billing currency
    t.list_cost,                                                                      -- billing currency
    case when t.resource_id like 'all:%' then t.usage_types end as claims,            -- usage types
    t.usage_kind as billed_as,                                                        -- usage type
    t.unit_hours_per_day,                                                             -- model-unit hours
    date_diff('day', coalesce(t.last_change, t.first_day - 1), t.last_day) as flat_days,  -- days
    date_diff('day', t.source_first_day, $as_of) + 1 as history_days,                 -- days
    (
        select count(distinct k.charge_date) from token_days k
        where k.sub_account_id = t.sub_account_id
            and (
                k.resource_id = t.resource_id
                -- A model that cannot be told from the names counts as the same.
                or k.region_id = t.region_id and (t.model = '' or k.model = '' or k.model = t.model)
            )
    ) as token_days                                                                   -- days with tokens of the model
from throughput t
