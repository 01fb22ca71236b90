/*---
id          = "gcp-storage-non-live"
title       = "Bucket keeps old versions, deleted objects or unfinished uploads"
kind        = "stale"
service     = "Cloud Storage"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "The saving is an upper bound: old versions may be wanted as a backup or required by law, and the default soft delete of 7 days is a safety net that some buckets need. A bucket that was just emptied pays for its deleted objects for a few days."
remediation = "Look at the bucket's versioning, soft delete and lifecycle; add lifecycle rules that delete noncurrent versions after some days and abort unfinished uploads, and shorten soft delete on buckets of scratch data."
reason      = "{non_live_percent} % of the bucket's storage cost is not live: {noncurrent_gib} GiB of old versions, {soft_deleted_gib} GiB deleted and {multipart_gib} GiB of unfinished uploads."
references  = ["https://cloud.google.com/storage/docs/lifecycle", "https://cloud.google.com/storage/docs/soft-delete"]
[commands]
"" = "gcloud storage buckets describe gs://{resource_name} --project {account_id}"
group = "gcloud storage buckets list --project {account_id}"
[judge]
value    = "non_live_days"
at_least = "min_days"
history  = "observed_days"
active_within_days = 4
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose storage is compared."
[params.min_days]
default = 14
unit    = "days"
help    = "Days in the window on which the share must be reached: soft delete after one clean-up lasts a week."
[params.min_share]
default = 0.1
unit    = "share"
help    = "Share of a day's storage cost that is not live, from which the day counts."
---*/
with lines as (
    select
        *,
        operation in ('noncurrent', 'soft_deleted', 'multipart') as is_non_live,
        consumed_quantity * day(last_day(charge_date)) as gib  -- GiB-months of a day to GiB
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (service_code = '95FF-2EF5-5EA1' or service_name = 'Cloud Storage')
        -- Bytes kept, not operations, transfers, retrievals or early deletes.
        and usage_kind like '%storage%'
        and regexp_matches(pricing_unit, 'months?$|[. -]mo$', 'i')
        and not regexp_matches(usage_kind, 'early delete|retrieval|data transfer|egress|operations|tagging|management')
),

days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        coalesce(sum(effective_cost) filter (is_non_live), 0) >= $min_share * (1 - 1e-9) * sum(effective_cost)
            and sum(effective_cost) > 0 as is_much
    from lines
    group by all
),

counted as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        count(*) filter (is_much) as non_live_days,                                             -- days
        max(charge_date) filter (is_much) as last_non_live_day                                  -- UTC day
    from days
    group by all
)

select
    l.provider,
    l.sub_account_id,
    l.resource_id,
    l.billing_currency,
    'Bucket' as resource_type,
    -- Old versions are often wanted; deleted objects and unfinished uploads seldom.
    case
        when sum(l.effective_cost) filter (l.operation = 'noncurrent')
            > 0.5 * sum(l.effective_cost) filter (l.is_non_live) then 'low'
    end as confidence,
    min(l.charge_date) as first_day,                                                            -- UTC day
    -- Where a policy has ended it, nothing is left to do.
    coalesce(any_value(c.last_non_live_day), max(l.charge_date)) as last_day,                   -- UTC day
    count(distinct l.charge_date) as observed_days,                                             -- days
    coalesce(sum(l.effective_cost) filter (l.is_non_live), 0) as cost,                          -- billing currency
    sum(l.committed_cost) filter (l.is_non_live) as committed_cost,                             -- billing currency
    sum(l.list_cost) filter (l.is_non_live) as list_cost,                                       -- billing currency
    list(distinct l.usage_type order by l.usage_type) filter (l.is_non_live) as claims,         -- usage types
    any_value(c.non_live_days) as non_live_days,                                                -- days
    round(100 * coalesce(sum(l.effective_cost) filter (l.is_non_live), 0) / nullif(sum(l.effective_cost), 0), 1)
        as non_live_percent,                                                                    -- % of the storage cost
    coalesce(sum(l.gib) filter (l.operation = 'noncurrent'), 0) / count(distinct l.charge_date) as noncurrent_gib,     -- GiB
    coalesce(sum(l.gib) filter (l.operation = 'soft_deleted'), 0) / count(distinct l.charge_date) as soft_deleted_gib, -- GiB
    coalesce(sum(l.gib) filter (l.operation = 'multipart'), 0) / count(distinct l.charge_date) as multipart_gib        -- GiB
from lines l
join counted c using (provider, sub_account_id, resource_id, billing_currency)
group by l.provider, l.sub_account_id, l.resource_id, l.billing_currency
