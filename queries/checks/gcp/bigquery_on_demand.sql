/*---
id          = "gcp-bigquery-on-demand"
title       = "BigQuery scans terabytes on demand on most days"
kind        = "modernize"
service     = "BigQuery"
confidence  = "low"
effort      = "medium"
risk        = "low"
blind_spots = "How many slots the same queries would need is not in the bill, so no saving is stated: only a trial, or the slot-hours in INFORMATION_SCHEMA.JOBS, can tell. Queries that scan much and compute little are cheaper on slots, the others are not. Partitioning, clustering and narrower selects may save more than a change of model."
remediation = "Add up total_slot_ms of a week in INFORMATION_SCHEMA.JOBS and compare it with the slots that the same money buys; try an edition with autoscaling and a maximum on one project, and limit the bytes a query may bill."
reason      = "Queries scanned {tib} TiB on demand in {days} days, {tib_per_day} TiB a day; the same money buys {slots_for_same_cost} slots around the clock."
references  = ["https://cloud.google.com/bigquery/pricing", "https://cloud.google.com/bigquery/docs/slot-estimator"]
command     = "bq query --project_id={account_id} --location={region} --use_legacy_sql=false 'select user_email, sum(total_bytes_billed) / pow(2, 40) as tib, sum(total_slot_ms) / 3600000 as slot_hours from `region-{region}`.INFORMATION_SCHEMA.JOBS where creation_time > timestamp_sub(current_timestamp(), interval 7 day) group by 1 order by 2 desc limit 20'"
[judge]
ratio              = "reasons_to_stay"
active_within_days = 7
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days that are counted."
[params.min_scan_days]
default = 15
unit    = "days"
help    = "Days in the window on which as much must have been scanned: three of five work days."
[params.min_tib_per_day]
default = 5
unit    = "TiB/day"
help    = "From this much a day counts: what 50 slots of an edition cost in some 12 hours."
---*/
-- Enterprise slot-hour to TiB on demand in Google's public price list (US, July 2026): 0.06 / 6.25 = 0.0096; used where
-- the bill shows no slot-hours of the same place.
with lines as (
    select
        *,
        product_sku in ('A37D-8AAE-C9BF', 'C0F6-38AB-6629', 'F3BC-D8DD-E9F2', '5DE7-AD37-6FAB', '85AA-6B65-6D94')
            or regexp_matches(usage_kind, '^bigquery (standard|enterprise|enterprise plus) edition') as is_slots,
        case
            when regexp_matches(pricing_unit, '^(tebi|tib|tera|tby)', 'i') then 1
            when regexp_matches(pricing_unit, '^(gibi|giby?$|giga)', 'i') then 1 / 1024
        end * consumed_quantity as tib
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (
            service_code in ('24E6-581D-38E5', '16B8-3DDA-9F10')
            or service_name in ('BigQuery', 'BigQuery Reservation API')
        )
),

slot_prices as (
    select
        billing_account_id,
        billing_currency,
        region_id,
        sum(effective_cost) / nullif(sum(consumed_quantity), 0) as slot_hour_price             -- billing currency
    from lines
    where is_slots and pricing_category <> 'Committed'
    group by all
    having sum(consumed_quantity) > 0 and sum(effective_cost) > 0
),

days as (
    -- A project that moves to another billing account stays one.
    select
        provider,
        max(billing_account_id) as billing_account_id,
        sub_account_id,
        region_id,
        billing_currency,
        charge_date,                                                                           -- UTC day
        list(distinct usage_type order by usage_type) as claims,                               -- usage types
        sum(effective_cost) as cost,                                                           -- billing currency
        sum(committed_cost) as committed_cost,                                                 -- billing currency
        sum(list_cost) as list_cost,                                                           -- billing currency
        case when bool_and(tib is not null) then sum(tib) end as tib,                          -- TiB
        min(source_first_day) as source_first_day                                              -- UTC day
    from lines
    where not is_slots and regexp_matches(usage_kind, '^(bigquery )?analysis$|on.?demand (query|analysis)')
    group by provider, sub_account_id, region_id, billing_currency, charge_date
),

projects as (
    select
        provider,
        arg_max(billing_account_id, charge_date) as billing_account_id,
        sub_account_id,
        region_id,
        billing_currency,
        min(charge_date) as first_day,                                                         -- UTC day
        max(charge_date) as last_day,                                                          -- UTC day
        count(*) as observed_days,                                                             -- days
        sum(cost) as cost,                                                                     -- billing currency
        sum(committed_cost) as committed_cost,                                                 -- billing currency
        sum(list_cost) as list_cost,                                                           -- billing currency
        list_distinct(flatten(list(claims))) as claims,                                        -- usage types
        case when bool_and(tib is not null) then count(*) filter (tib >= $min_tib_per_day * (1 - 1e-9)) end as scan_days,
        sum(tib) as tib,                                                                       -- TiB
        least($window_days, date_diff('day', min(source_first_day), $as_of) + 1) as history_days  -- days
    from days
    group by provider, sub_account_id, region_id, billing_currency
)

select
    p.provider,
    p.sub_account_id,
    'analysis:' || coalesce(nullif(p.region_id, ''), 'global') as resource_id,
    p.billing_currency,
    p.region_id,
    'On-demand queries of a project' as resource_type,
    p.first_day,                                                                               -- UTC day
    p.last_day,                                                                                -- UTC day
    p.observed_days,                                                                           -- days
    p.cost,                                                                                    -- billing currency
    p.committed_cost,                                                                          -- billing currency
    p.list_cost,                                                                               -- billing currency
    p.claims,                                                                                  -- usage types
    p.scan_days,                                                                               -- days
    -- None: worth a comparison. Unknown while the history is too short for as many days.
    case
        when p.scan_days >= $min_scan_days then 0
        when p.history_days >= $min_scan_days then p.scan_days * 0 + 1
    end as reasons_to_stay,                                                                    -- count
    $window_days as days,                                                                      -- days
    p.tib,                                                                                     -- TiB
    p.tib / $window_days as tib_per_day,                                                       -- TiB
    round(p.cost / nullif(24 * $window_days * coalesce(s.slot_hour_price, p.cost / nullif(p.tib, 0) * 0.0096), 0))
        as slots_for_same_cost,                                                                -- slots, around the clock
    case when s.slot_hour_price is null then 'list price ratio' else 'own slot-hours' end as slot_price_from,
    0 as saves_share                                                                           -- share: nobody can tell
from projects p
left join slot_prices s using (billing_account_id, billing_currency, region_id)
