/*---
id          = "gcp-marketplace-flat"
title       = "Marketplace subscription costs the same every month"
kind        = "forgotten"
service     = "Google Cloud Marketplace"
confidence  = "low"
effort      = "low"
risk        = "medium"
blind_spots = "A flat price proves a subscription, not that nobody uses it: software as a service is used outside of the cloud. Instalments of a contract or private offer are owed to its end."
remediation = "Ask whoever subscribed whether it is still used; if not, cancel the order or switch automatic renewal off before the next term, observing the agreement's notice period."
reason      = "{product} by {seller} has cost the same for {flat_months} months and renews about {renews_on}."
references  = ["https://cloud.google.com/marketplace/docs/manage-billing"]
[commands]
project = "gcloud services list --enabled --project {account_id} --filter cloudpartnerservices.goog"
billing = "gcloud billing projects list --billing-account {account_id}"
[judge]
value    = "flat_months"
at_least = "min_flat_months"
history  = "history_months"
nothing  = "use"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days in which nothing of the seller may be metered."
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
        -- Licences by the hour run on machines and end with them; the same words in months are a subscription.
        charge_role = 'usage'
            and (
                regexp_matches(pricing_unit, 'hour|^h$|second|minute', 'i')
                or regexp_matches(usage_kind, 'licensing fee|core.?hour|per hour|hourly')
            ) as is_running,
        charge_date >= date_trunc('month', $as_of + 1) as is_partial_month
    from resource_days
    where provider = 'gcp'
        and is_marketplace
        and charge_role in ('usage', 'fee')
        and charge_date <= $as_of
        -- Models of partners are billed by tokens: usage, not subscriptions.
        and not regexp_matches(
            service_name || ' ' || usage_kind, 'claude|anthropic|mistral|llama|model garden|model as a service|\btokens?\b', 'i'
        )
),

daily as (
    select
        billing_account_id,
        sub_account_id,
        product_code,
        publisher_name,
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
        billing_account_id,
        sub_account_id,
        product_code,
        publisher_name,
        billing_currency,
        month,                                               -- first day
        sum(cost) as cost,                                   -- billing currency
        min(charge_date) as fee_day,                         -- UTC day
        -- Charges on many days are metered or spread: metered ones follow use. The ends of a month are part days.
        case
            when count(*) > 4
                and quantile_cont(cost, 0.9) > quantile_cont(cost, 0.1) * (1 + $tolerance_share) then 1
            else 0
        end as varying,                                      -- 1 where days differ
        date_diff('month', month, date_trunc('month', $as_of + 1)::date) as age  -- months, 1 = last complete
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
    window newest_first as (
        partition by billing_account_id, sub_account_id, product_code, billing_currency order by month desc
    )
),

flat as (
    select
        billing_account_id,
        sub_account_id,
        product_code,
        billing_currency,
        max(publisher_name) as publisher_name,
        max(latest_cost) as cost,                            -- billing currency
        arg_max(fee_day, month) as fee_day,                  -- UTC day
        least(
            count(*),
            coalesce(min(place) filter (
                place <> age or abs(cost - latest_cost) > $tolerance_share * latest_cost * (1 + 1e-9)
            ) - 1, count(*))
        ) as flat_months,                                    -- months
        sum(case when place = 1 then varying else 0 end) as varying  -- 1 where days differ
    from marked
    group by all
),

metered as (
    -- What of the same seller is metered, anywhere in the billing account: hours of machines, or amounts that vary.
    select
        billing_account_id,
        publisher_name,
        max(charge_date) filter (is_running and consumed_quantity > 0) as last_use,  -- UTC day
        count(distinct charge_date) filter (
            is_running and consumed_quantity > 0 and charge_date > $as_of - $window_days
        ) as days                                            -- days
    from lines
    group by all
),

moving as (
    select
        billing_account_id,
        publisher_name,
        sum(varying) as varying                              -- products whose days differ
    from marked
    where place <= $min_flat_months
    group by all
),

subscriptions as (
    select
        provider,
        billing_account_id,
        sub_account_id,
        product_code,
        billing_currency,
        arg_max(coalesce(nullif(service_name, ''), product_code), charge_date) as product,
        arg_max(publisher_name, charge_date) as seller,
        arg_max(region_id, charge_date) as region_id,
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
    s.region_id,
    s.product as service_name,
    'Marketplace subscription' as resource_type,
    case when s.sub_account_id = s.billing_account_id then 'billing' else 'project' end as variant,
    s.first_day,                                                                              -- UTC day
    least($as_of, s.last_charge + 31)::date as last_day,                                      -- UTC day: paid until
    s.observed_days,                                                                          -- days
    coalesce(f.cost, s.cost_so_far) as cost,                                                  -- billing currency, one month
    30.4375 as span_days,                                                                     -- days
    s.product,
    s.seller,
    coalesce(f.flat_months, 0) as flat_months,                                                -- months
    date_diff(
        'month', date_trunc('month', s.source_first_day), date_trunc('month', $as_of + 1)
    ) as history_months,                                                                      -- months
    day(f.fee_day) as fee_day_of_month,
    (f.fee_day + to_months(date_diff('month', f.fee_day, $as_of)::int
        + case when f.fee_day + to_months(date_diff('month', f.fee_day, $as_of)::int) > $as_of then 0 else 1 end
    ))::date as renews_on,                                                                    -- UTC day, expected
    coalesce(m.days, 0) + coalesce(f.varying, 0) + coalesce(v.varying, 0) as use,             -- days metered, and products that vary
    m.last_use,                                                                               -- UTC day
    case when m.last_use <= $as_of - $window_days then 'medium' end as confidence
from subscriptions s
left join flat f using (billing_account_id, sub_account_id, product_code, billing_currency)
left join metered m on m.billing_account_id = s.billing_account_id and m.publisher_name = s.seller
left join moving v on v.billing_account_id = s.billing_account_id and v.publisher_name = s.seller
