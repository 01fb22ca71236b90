/*---
id          = "aws-marketplace-flat-subscription"
title       = "Marketplace subscription renews at the same price every month"
kind        = "forgotten"
service     = "AWS Marketplace"
confidence  = "low"
effort      = "low"
risk        = "medium"
blind_spots = "A flat price proves a subscription, not that nobody uses it: software as a service is used outside of AWS. Instalments of a contract or private offer are owed to its end."
remediation = "Ask whoever subscribed whether it is still used; if not, cancel it before the next renewal, observing the agreement's term and notice period."
command     = "aws marketplace-agreement search-agreements --region us-east-1 --catalog AWSMarketplace --filters name=PartyType,values=Acceptor name=AgreementType,values=PurchaseAgreement name=Status,values=ACTIVE"
reason      = "{product} by {seller} has cost the same for {flat_months} months and renews about {renews_on}."
references  = ["https://docs.aws.amazon.com/marketplace/latest/buyerguide/cancel-subscription.html"]
[judge]
value    = "flat_months"
at_least = "min_flat_months"
history  = "history_months"
nothing  = "days_of_use"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days in which no instance may run the product."
[params.min_flat_months]
default = 3
unit    = "months"
help    = "Consecutive complete months at the same amount."
[params.tolerance_share]
default = 0.01
unit    = "share"
help    = "Amounts that differ by no more than this are the same (exchange rates, rounding)."
---*/
with lines as (
    select
        *,
        coalesce(nullif(service_code, ''), nullif(service_name, ''), publisher_name) as product_code,
        usage_kind ilike '%SoftwareUsage%' as is_running,
        charge_date >= date_trunc('month', $as_of + 1) as is_partial_month
    from resource_days
    where provider = 'aws'
        and is_marketplace
        and charge_role in ('usage', 'fee')
        -- Models of Bedrock are billed through the Marketplace: usage, not subscriptions.
        and not regexp_matches(
            service_code || ' ' || service_name || ' ' || operation || ' ' || usage_kind,
            'bedrock|InvokeModel|token.?(count|s)|input_?tpm|output_?tpm|model.?units|provisioned.?throughput', 'i'
        )
),

running as (
    -- Instances run the product in any account of the organisation.
    select
        billing_account_id,
        product_code,
        max(charge_date) as last_use,                                                       -- UTC day
        count(distinct charge_date) filter (charge_date > $as_of - $window_days) as days    -- days
    from lines
    where is_running
    group by all
),

daily as (
    select
        sub_account_id,
        product_code,
        billing_currency,
        charge_date,                                         -- UTC day
        date_trunc('month', charge_date)::date as month,     -- first day
        is_partial_month,
        sum(effective_cost) as cost                          -- billing currency
    from lines
    where not is_running
    group by all
    having cost <> 0
),

months as (
    select
        sub_account_id,
        product_code,
        billing_currency,
        month,                                               -- first day
        sum(cost) as cost,                                   -- billing currency
        min(charge_date) as fee_day,                         -- UTC day
        -- Charges on many days are metered; metered charges that differ from day to day follow use.
        case when count(*) > 4 then count(distinct round(cost, 6)) - 1 else 0 end as varying,   -- distinct amounts
        date_diff('month', month, date_trunc('month', $as_of + 1)::date) as age                 -- months, 1 = last complete
    from daily
    where not is_partial_month
    group by all
),

marked as (
    select
        *,
        row_number() over newest_first as place,
        first_value(cost) over newest_first as latest_cost   -- billing currency
    from months
    window newest_first as (partition by sub_account_id, product_code, billing_currency order by month desc)
),

flat as (
    select
        sub_account_id,
        product_code,
        billing_currency,
        max(latest_cost) as cost,                            -- billing currency
        arg_max(fee_day, month) as fee_day,                  -- UTC day
        least(
            count(*),
            coalesce(min(place) filter (
                place <> age or abs(cost - latest_cost) > $tolerance_share * latest_cost * (1 + 1e-9)
            ) - 1, count(*))
        ) as flat_months,                                    -- months
        sum(case when place = 1 then varying else 0 end) as varying  -- distinct amounts
    from marked
    group by all
),

subscriptions as (
    select
        provider,
        arg_max(billing_account_id, charge_date) as billing_account_id,
        sub_account_id,
        product_code,
        billing_currency,
        arg_max(coalesce(nullif(service_name, ''), product_code), charge_date) as product,
        arg_max(publisher_name, charge_date) as seller,
        min(charge_date) as first_day,                       -- UTC day
        max(charge_date) as last_charge,                     -- UTC day
        count(distinct charge_date) as observed_days,        -- days
        sum(effective_cost) as cost_so_far,                  -- billing currency
        min(source_first_day) as source_first_day            -- UTC day
    from lines
    where not is_running
    group by all
)

select
    s.provider,
    s.sub_account_id,
    'subscription:' || s.product_code as resource_id,
    s.billing_currency,
    '' as region_id,
    s.product as service_name,
    'Marketplace subscription' as resource_type,
    s.first_day,                                                                              -- UTC day
    least($as_of, s.last_charge + 31)::date as last_day,                                      -- UTC day: paid until
    s.observed_days,                                                                          -- days
    coalesce(f.cost, s.cost_so_far) as cost,                                                  -- billing currency, one month
    30.4375 as span_days,                                                                     -- days
    s.product,
    s.seller,
    coalesce(f.flat_months, 0) as flat_months,                                                -- months
    date_diff('month', date_trunc('month', s.source_first_day), date_trunc('month', $as_of + 1)) as history_months,  -- months
    day(f.fee_day) as fee_day_of_month,
    (f.fee_day + to_months(date_diff('month', f.fee_day, $as_of)::int
        + case when f.fee_day + to_months(date_diff('month', f.fee_day, $as_of)::int) > $as_of then 0 else 1 end
    ))::date as renews_on,                                                                    -- UTC day, expected
    coalesce(r.days, 0) + coalesce(f.varying, 0) as days_of_use,                              -- days
    r.last_use,                                                                               -- UTC day
    case when r.last_use <= $as_of - $window_days then 'high' else 'low' end as confidence
from subscriptions s
left join flat f using (sub_account_id, product_code, billing_currency)
left join running r using (billing_account_id, product_code)
