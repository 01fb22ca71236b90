/*---
id          = "gcp-bigquery-slots-flat"
title       = "BigQuery slots are paid at the same number around the clock"
kind        = "modernize"
service     = "BigQuery Reservation API"
confidence  = "low"
effort      = "medium"
risk        = "medium"
blind_spots = "How busy the slots are is not in the bill: idle ones can go altogether, which saves more than is stated, and an autoscaler that queries keep at its maximum looks like a baseline. The saving is that of a one-year commitment at Google's list prices, for slots that stay."
remediation = "Compare the reservation's baseline with the slots that jobs used (INFORMATION_SCHEMA.RESERVATIONS_TIMELINE); lower the baseline and let autoscaling fill the peaks, and commit for a year to no more than what is always busy."
reason      = "{slots} slots were billed in every hour of {observed_days} days, without a commitment."
references  = ["https://cloud.google.com/bigquery/docs/editions-intro", "https://cloud.google.com/bigquery/docs/slots-autoscaling-intro"]
[commands]
"" = "bq ls --reservation --project_id={account_id} --location={region}"
group = "bq ls --reservation --project_id={account_id} --location={region}"
[judge]
ratio = "price_ratio"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days in which the number of slots must not move."
[params.min_days]
default = 28
unit    = "days"
help    = "Days in the window on which the slots must have been billed."
[params.max_change]
default = 0.02
unit    = "share"
help    = "Up to this difference between its days a number of slots is the same."
---*/
-- Ratios of one-year commitments to pay as you go in Google's public price list (July 2026): Enterprise 0.048 / 0.06,
-- Enterprise Plus 0.08 / 0.10 per slot-hour in the US. Standard has neither baseline nor commitment.
with lines as (
    select
        *,
        product_sku in ('C0F6-38AB-6629', 'F3BC-D8DD-E9F2', '85AA-6B65-6D94')
            or regexp_matches(usage_kind, '^bigquery enterprise') as is_enterprise
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (
            product_sku in ('A37D-8AAE-C9BF', 'C0F6-38AB-6629', 'F3BC-D8DD-E9F2', '5DE7-AD37-6FAB', '85AA-6B65-6D94')
            or regexp_matches(usage_kind, '^bigquery (standard|enterprise|enterprise plus) edition')
        )
        -- Bought in advance already, or sold otherwise.
        and not regexp_matches(usage_kind, 'commit|flat.?rate|flex|[13].?year|annual|monthly')
        and pricing_category <> 'Committed'
        -- Notebooks and Spark procedures are metered as slots of an edition and belong to no reservation.
        and (load_id, tag_key) not in (select (load_id, tag_key) from tag_sets where tags['goog-bq-feature-type'] is not null)
),

days as (
    -- Corrections and late lines of a day are summed. Editions are told apart, as are their prices.
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                        -- UTC day
        bool_and(is_enterprise) as is_enterprise,
        bit_or(hours_mask) as hours_mask,
        sum(consumed_quantity) as slot_hours                -- h
    from lines
    group by all
),

flat as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        median(slot_hours) / 24 as slots,                   -- slots
        bool_and(is_enterprise)
            and bool_and(bit_count(hours_mask) = 24)
            and min(slot_hours) > 0
            and max(slot_hours) - min(slot_hours) <= $max_change * max(slot_hours) * (1 + 1e-9) as is_flat
    from days
    group by all
)

select
    l.provider,
    l.sub_account_id,
    l.resource_id,
    l.billing_currency,
    max(l.region_id) as region_id,
    'BigQuery reservation' as resource_type,
    min(l.charge_date) as first_day,                        -- UTC day
    max(l.charge_date) as last_day,                         -- UTC day
    count(distinct l.charge_date) as observed_days,         -- days
    sum(l.effective_cost) as cost,                          -- billing currency
    sum(l.committed_cost) as committed_cost,                -- billing currency
    sum(l.list_cost) as list_cost,                          -- billing currency
    list(distinct l.usage_type order by l.usage_type) as claims,  -- usage types
    any_value(f.slots) as slots,                            -- slots, on average of a day
    sum(l.consumed_quantity) as slot_hours,                 -- h
    -- Where the number moves, slots follow the work: nothing to say.
    case when any_value(f.is_flat) then 0.8 else 1 end as price_ratio  -- share of the price paid
from lines l
join flat f using (provider, sub_account_id, resource_id, billing_currency)
group by l.provider, l.sub_account_id, l.resource_id, l.billing_currency
