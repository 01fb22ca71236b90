/*---
id          = "gcp-bigquery-storage-billing"
title       = "BigQuery dataset of mostly long-term data is billed by logical bytes"
kind        = "modernize"
service     = "BigQuery"
confidence  = "low"
effort      = "low"
risk        = "low"
blind_spots = "How well the data compresses is not in the bill, so no saving is stated: physical bytes cost about twice as much each and include time travel and fail-safe bytes. The model of a dataset can be changed back only after 14 days."
remediation = "Compare logical with physical bytes per dataset in INFORMATION_SCHEMA.TABLE_STORAGE; where the physical ones (with time travel and fail-safe) are below the break-even, set the dataset to physical billing (bq update --storage_billing_model=PHYSICAL)."
reason      = "{long_term_percent} % of {gib} GiB are long-term and billed by logical bytes; physical billing costs less from a compression of {break_even_compression} on."
references  = ["https://cloud.google.com/bigquery/docs/datasets-intro#dataset_storage_billing_models"]
[commands]
"" = """
bq show --format=prettyjson --project_id={account_id} {resource_name}
bq query --project_id={account_id} --location={region} --use_legacy_sql=false 'select table_schema, sum(total_logical_bytes) / pow(2, 30) as logical_gib, sum(total_physical_bytes + fail_safe_physical_bytes) / pow(2, 30) as physical_gib from `region-{region}`.INFORMATION_SCHEMA.TABLE_STORAGE group by 1 order by 2 desc'"""
group = """
bq ls --datasets --project_id={account_id}
bq query --project_id={account_id} --location={region} --use_legacy_sql=false 'select table_schema, sum(total_logical_bytes) / pow(2, 30) as logical_gib, sum(total_physical_bytes + fail_safe_physical_bytes) / pow(2, 30) as physical_gib from `region-{region}`.INFORMATION_SCHEMA.TABLE_STORAGE group by 1 order by 2 desc'"""
[judge]
ratio              = "reasons_to_stay"
active_within_days = 4
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose storage is looked at."
[params.min_days]
default = 14
unit    = "days"
help    = "Days in the window on which storage was billed and both limits must be reached."
[params.min_share]
default = 0.7
unit    = "share"
help    = "Share of the logical GiB that is long-term, from which the test pays: data at rest has little time travel."
[params.min_gib]
default = 1024
unit    = "GiB"
help    = "Below this size the change is not worth the work."
---*/
-- Physical to logical price per GiB in Google's public price list (US, July 2026): active 0.04 / 0.02, long-term
-- 0.02 / 0.01, so 2; used where the bill shows no physical storage of the same place.
with lines as (
    select
        *,
        regexp_matches(usage_kind, 'physical') as is_physical,
        product_sku = '993F-6B6B-DCC4' or regexp_matches(usage_kind, '\blong.?term') as is_long_term,
        consumed_quantity * day(last_day(charge_date)) as gib  -- GiB-months of a day to GiB
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (service_code = '24E6-581D-38E5' or service_name = 'BigQuery')
        and (
            product_sku in ('947D-3B46-7781', '993F-6B6B-DCC4')
            or regexp_matches(usage_kind, '^(bigquery )?(active|long.?term)( logical| physical)? storage$')
        )
),

-- What a GiB costs under both models, active and long-term weighed alike.
prices as (
    select
        billing_account_id,
        billing_currency,
        region_id,
        is_long_term,
        sum(effective_cost) filter (is_physical) / nullif(sum(gib) filter (is_physical), 0)
            / nullif(sum(effective_cost) filter (not is_physical) / nullif(sum(gib) filter (not is_physical), 0), 0)
            as physical_to_logical                                                              -- ratio
    from lines
    group by all
),

days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        coalesce(sum(gib) filter (is_long_term and not is_physical), 0)
            >= $min_share * (1 - 1e-9) * sum(gib) filter (not is_physical)
            and sum(gib) filter (not is_physical) >= $min_gib * (1 - 1e-9)
            -- Somebody has compared the models here.
            and bool_and(not is_physical) as is_long
    from lines
    group by all
),

counted as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        count(*) filter (is_long) as long_term_days                                             -- days
    from days
    group by all
)

select
    l.provider,
    l.sub_account_id,
    l.resource_id,
    l.billing_currency,
    'Dataset' as resource_type,
    min(l.charge_date) as first_day,                                                            -- UTC day
    max(l.charge_date) as last_day,                                                             -- UTC day
    count(distinct l.charge_date) as observed_days,                                             -- days
    coalesce(sum(l.effective_cost) filter (not l.is_physical), 0) as cost,                      -- billing currency
    sum(l.committed_cost) filter (not l.is_physical) as committed_cost,                         -- billing currency
    sum(l.list_cost) filter (not l.is_physical) as list_cost,                                   -- billing currency
    list(distinct l.usage_type order by l.usage_type) filter (not l.is_physical) as claims,     -- usage types
    any_value(c.long_term_days) as long_term_days,                                              -- days
    -- None: worth a comparison.
    case when any_value(c.long_term_days) >= $min_days then 0 else 1 end as reasons_to_stay,    -- count
    sum(l.gib) filter (not l.is_physical) / count(distinct l.charge_date) as gib,               -- GiB
    round(
        100 * sum(l.gib) filter (l.is_long_term and not l.is_physical) / nullif(sum(l.gib) filter (not l.is_physical), 0), 1
    ) as long_term_percent,                                                                     -- % of the logical GiB
    round(
        sum(l.effective_cost * coalesce(p.physical_to_logical, 2)) filter (not l.is_physical)
            / nullif(sum(l.effective_cost) filter (not l.is_physical), 0),
        2
    ) as break_even_compression,                                                                -- logical / physical bytes
    0 as saves_share                                                                            -- share: nobody can tell
from lines l
join counted c using (provider, sub_account_id, resource_id, billing_currency)
left join prices p using (billing_account_id, billing_currency, region_id, is_long_term)
group by l.provider, l.sub_account_id, l.resource_id, l.billing_currency
