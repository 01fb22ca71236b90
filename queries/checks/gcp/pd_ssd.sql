/*---
id          = "gcp-pd-ssd"
title       = "SSD persistent disk where a balanced one may do"
kind        = "modernize"
service     = "Compute Engine"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "The bill does not show reads and writes: a database may need what SSD offers (per GiB 30 operations a second against 6, and more throughput). A type cannot be changed in place: the disk is copied by a snapshot, with a break. Where the bill has no balanced disk in the region, the price ratio is that of us-central1."
remediation = "Compare the disk's operations and throughput in Cloud Monitoring with what a balanced disk of its size offers; then make a balanced disk from a snapshot and swap it."
reason      = "{gib} GiB of SSD disk cost {cost}; as balanced disk they would cost {target_cost} ({price_from}), with {balanced_iops} instead of {ssd_iops} operations a second."
references  = ["https://cloud.google.com/compute/docs/disks/performance"]
[judge]
target = "target_cost"
[commands]
zonal = """
gcloud compute disks describe {resource_name} --zone {location} --project {account_id} --format="value(type,sizeGb,users)"
gcloud compute disks snapshot {resource_name} --zone {location} --project {account_id} --snapshot-names={resource_name}-ssd
"""
regional = """
gcloud compute disks describe {resource_name} --region {location} --project {account_id} --format="value(type,sizeGb,users)"
gcloud compute disks snapshot {resource_name} --region {location} --project {account_id} --snapshot-names={resource_name}-ssd
"""
unplaced = "gcloud compute disks list --project {account_id} --filter=\"name={resource_name}\""
group = "gcloud compute disks list --project {account_id} --filter=\"type~pd-ssd\""
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose cost is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days in the window on which the disk must have been billed."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "Below this share of the cost the change is not worth it."
---*/
-- Ratio where the bill shows no balanced disk: 0.10 / 0.17 per GiB-month (regional 0.20 / 0.34), us-central1, Google's
-- public price list, 2026-09. Operations per second: 30 per GiB for SSD up to 100000, 6 per GiB for balanced up to
-- 80000, beside 6000 and 3000 for the disk itself.
with lines as (
    select
        *,
        regexp_matches(usage_kind, '^(regional )?ssd backed pd capacity') as is_ssd,
        starts_with(usage_kind, 'regional ') as is_regional,
        consumed_quantity * day(last_day(charge_date)) as gib_days  -- GiB-months of a day to GiB
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (service_code = '6F81-5844-456A' or service_name = 'Compute Engine')
        and regexp_matches(usage_kind, '^(regional )?(storage|balanced|ssd backed) pd capacity')
),
-- What the user pays for balanced disks there, for both ways of keeping them.
balanced as (
    select
        billing_account_id,
        billing_currency,
        region_id,
        is_regional,
        sum(effective_cost) / sum(consumed_quantity) as price  -- billing currency per GiB-month
    from lines
    where usage_kind like '%balanced pd capacity%'
    group by all
    having sum(consumed_quantity) > 0 and sum(effective_cost) > 0
),
disks as (
    select
        l.provider,
        l.sub_account_id,
        l.resource_id,
        l.billing_currency,
        coalesce(min(l.charge_date) filter (is_ssd), min(l.charge_date)) as first_day,
        coalesce(max(l.charge_date) filter (is_ssd), max(l.charge_date)) as last_day,
        count(distinct l.charge_date) filter (is_ssd) as observed_days,
        coalesce(sum(l.effective_cost) filter (is_ssd), 0) as cost,
        coalesce(sum(l.committed_cost) filter (is_ssd), 0) as committed_cost,
        coalesce(sum(l.list_cost) filter (is_ssd), 0) as list_cost,
        list(distinct l.usage_type order by l.usage_type) filter (is_ssd) as claims,
        sum(l.gib_days) filter (is_ssd) / nullif(count(distinct l.charge_date) filter (is_ssd), 0) as gib,
        sum(coalesce(l.consumed_quantity * b.price, l.effective_cost * 0.10 / 0.17)) filter (is_ssd) as target_cost,
        bool_and(b.price is not null) filter (is_ssd) as is_own_price,
        bool_or(l.resource_name like 'pvc-%' or regexp_matches(
            l.resource_name,
            '(^|[^a-z])(db|sql|pg|postgres|postgresql|mysql|mongo|mongodb|oracle|redis|kafka|elastic|elasticsearch|cassandra|etcd|hana|clickhouse|data|database)[0-9]*([^a-z]|$)'
        )) as may_be_busy
    from lines l
    left join balanced b using (billing_account_id, billing_currency, region_id, is_regional)
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'persistent disk' as resource_type,
    case
        when resource_id like '%/zones/%' then 'zonal'
        when resource_id like '%/regions/%' then 'regional'
        else 'unplaced'
    end as variant,
    first_day,                                                                                  -- UTC day
    last_day,                                                                                   -- UTC day
    coalesce(observed_days, 0) as observed_days,                                                -- days
    cost,                                                                                       -- billing currency
    committed_cost,                                                                             -- billing currency
    list_cost,                                                                                  -- billing currency
    claims,                                                                                     -- usage types as billed
    round(gib, 1) as gib,                                                                       -- GiB
    case when not starts_with(resource_id, 'all:') then round(least(6000 + 30 * gib, 100000)) end as ssd_iops,          -- 1/s
    case when not starts_with(resource_id, 'all:') then round(least(3000 + 6 * gib, 80000)) end as balanced_iops,       -- 1/s
    case when is_own_price then 'at the price paid for balanced disks there' else 'by the ratio of list prices' end
        as price_from,
    coalesce(target_cost, cost) as target_cost,                                                 -- billing currency
    -- The larger the disk, the more that SSD gives and balanced does not.
    case when may_be_busy or gib >= 1000 or not is_own_price then 'low' end as confidence       -- else the check's
from disks
