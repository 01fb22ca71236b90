/*---
id          = "gcp-snapshot-growth"
title       = "Snapshots of a region only grow and none is deleted"
kind        = "forgotten"
service     = "Compute Engine"
confidence  = "low"
effort      = "medium"
risk        = "high"
blind_spots = "A backup plan whose first deletions are still ahead, or a duty to keep everything, looks the same. Only the growth of the last months is counted, as an upper bound."
remediation = "List the snapshots with their disks, give every disk a snapshot schedule with a retention, and delete what it would have deleted."
command     = """
gcloud compute snapshots list --project {account_id} --sort-by=creationTimestamp
gcloud compute resource-policies list --project {account_id} --filter="snapshotSchedulePolicy:*"
"""
reason      = "Snapshot storage grew through {growing_months} complete months in a row, by {gib_growth} GiB since {compared_with} to {gib} GiB; in that time {snapshots_new} snapshots came and {snapshots_deleted} went."
[judge]
value    = "growing_months"
at_least = "min_growing_months"
history  = "history_months"
nothing  = "signs_of_upkeep"
[params.min_growing_months]
default = 3
unit    = "months"
help    = "Complete months of a growing run up to the last one, its first included."
[params.min_growth]
default = 0.01
unit    = "share per month"
help    = "Growth of a month that is more than noise."
[params.counted_months]
default = 3
unit    = "months"
help    = "Growth further back is not counted: old snapshots are gcp-snapshot-old's."
[params.plateau_share]
default = 0.5
unit    = "share"
help    = "A last month that grew by less than this share of the average before it is the beginning of a plateau."
---*/
with calendar as (
    -- Days that the export has of a project: one that it lacks is not one without.
    select
        provider,
        sub_account_id,
        date_trunc('month', charge_date)::date as month,
        count(distinct charge_date) as seen_days                                   -- days
    from usage_days
    where provider = 'gcp'
    group by all
),
lines as (
    -- A snapshot may lie in a multi-region ('us', 'eu', 'asia'), its disks in one of the regions there.
    select
        * exclude (region_id),
        case
            when is_snapshot or not is_in_multi_region then region_id
            else multi_region
        end as region_id
    from (
        select
            u.*,
            u.product_sku = '66AB-BA17-351C' or regexp_matches(u.usage_kind, '(pd|disk|archive|standard) snapshot')
                as is_snapshot,
            case
                when starts_with(u.region_id, 'us') or starts_with(u.region_id, 'northamerica') then 'us'
                when starts_with(u.region_id, 'eu') then 'eu'
                when starts_with(u.region_id, 'asia') then 'asia'
            end as multi_region,
            unnest([false, true]) as is_in_multi_region
        from usage_months u
        where u.provider = 'gcp'
            and (u.service_code = '6F81-5844-456A' or u.service_name = 'Compute Engine')
            and (
                u.product_sku = '66AB-BA17-351C'
                or regexp_matches(u.usage_kind, '(pd|disk|archive|standard) snapshot|(^| )pd capacity|(^| )hyperdisk [a-z ]*capacity')
            )
            and not regexp_matches(u.usage_kind, 'early delet|retriev|restor|transfer|egress|network|instant|storage pool|throughput throughput')
    )
    where not is_in_multi_region
        or (not is_snapshot and multi_region <> region_id)
),
regions as (
    select
        provider,
        sub_account_id,
        region_id,
        billing_currency,
        min(first_day) filter (is_snapshot) as first_day,
        max(last_day) filter (is_snapshot) as last_day,
        list(distinct usage_type order by usage_type) filter (is_snapshot) as claims,
        bool_or(is_snapshot and (resource_id = '' or resource_id like 'all:%')) as without_ids,
        min(source_first_day) as source_first_day
    from lines
    group by all
    having count(*) filter (is_snapshot) > 0
),
months as (
    select
        provider,
        sub_account_id,
        region_id,
        billing_currency,
        month,
        any_value(seen_days) as seen_days,
        -- The average of the days that the export has, in GiB: lines are GiB-months.
        coalesce(sum(consumed_quantity * day(last_day(month)) / seen_days) filter (is_snapshot), 0) as gib,
        coalesce(sum(consumed_quantity * day(last_day(month)) / seen_days) filter (not is_snapshot), 0) as disk_gib,
        sum(effective_cost) filter (is_snapshot) as cost,
        sum(committed_cost) filter (is_snapshot) as committed_cost,
        sum(list_cost) filter (is_snapshot) as list_cost
    from lines
    join calendar using (provider, sub_account_id, month)
    where last_day(month) <= $as_of
    group by all
),
steps as (
    select
        m.*,
        lag(m.gib) over series as gib_before,
        r.first_day > r.source_first_day as is_new,
        m.gib > lag(m.gib) over series * (1 + $min_growth)
            and lag(m.month) over series = m.month - interval 1 month as grows
    from months m
    join regions r using (provider, sub_account_id, region_id, billing_currency)
    where m.month >= r.first_day
    window series as (partition by provider, sub_account_id, region_id, billing_currency order by m.month)
),
runs as (
    select
        *,
        max(month) filter (grows is not true) over whole as base_month,
        max(month) over whole as last_month
    from steps
    window whole as (partition by provider, sub_account_id, region_id, billing_currency)
),
judged as (
    select
        provider,
        sub_account_id,
        region_id,
        billing_currency,
        any_value(base_month) as base_month,
        greatest(any_value(base_month), any_value(last_month) - to_months($counted_months))::date as compared_with,
        -- The month that the run starts from is one of its months; not so where snapshots have only begun.
        case
            when any_value(base_month) < any_value(last_month)
                then count(*) filter (month > base_month or (month = base_month and not is_new))
            else 0
        end as growing_months,
        max(cost) filter (month = last_month) as cost,
        max(committed_cost) filter (month = last_month) as committed_cost,
        max(list_cost) filter (month = last_month) as list_cost,
        max(seen_days) filter (month = last_month) as span_days,
        max(gib) filter (month = last_month) as gib,
        max(gib) filter (month = greatest(base_month, last_month - to_months($counted_months))) as gib_then,
        max(gib - gib_before) filter (month = last_month) as last_gain,
        avg(gib - gib_before) filter (month > base_month and month < last_month) as usual_gain,
        max(gib) filter (month = last_month) / nullif(max(gib) filter (month = base_month), 0) - 1 as growth,
        max(disk_gib) filter (month = last_month) / nullif(max(disk_gib) filter (month = base_month), 0) - 1
            as disk_growth
    from runs
    group by all
),
snapshots as (
    select
        provider,
        sub_account_id,
        region_id,
        billing_currency,
        resource_id,
        min(first_day) as first_day,
        max(last_day) as last_day
    from lines
    where is_snapshot
    group by all
),
counts as (
    select
        provider,
        sub_account_id,
        region_id,
        billing_currency,
        count(*) filter (s.first_day > j.base_month) as snapshots_new,
        count(*) filter (s.last_day >= j.base_month and s.last_day < $as_of - 1) as snapshots_deleted
    from snapshots s
    join judged j using (provider, sub_account_id, region_id, billing_currency)
    group by all
)
select
    r.provider,
    r.sub_account_id,
    'snapshots:' || coalesce(nullif(r.region_id, ''), 'global') as resource_id,
    r.billing_currency,
    r.region_id,
    'disk snapshots of a region' as resource_type,
    r.first_day,                                                                   -- UTC day
    r.last_day,                                                                    -- UTC day
    date_diff('day', r.first_day, r.last_day) + 1 as observed_days,                -- days
    coalesce(j.span_days, 1) as span_days,                                         -- days that the export has of the last complete month
    coalesce(j.cost, 0) as cost,                                                   -- billing currency, last complete month
    j.committed_cost,                                                              -- billing currency
    j.list_cost,                                                                   -- billing currency
    r.claims,                                                                      -- usage types
    coalesce(j.growing_months, 0) as growing_months,                               -- months
    -- Complete months that the export could have shown.
    date_diff('month', r.source_first_day - interval 1 day, $as_of + interval 1 day) - 1 as history_months,  -- months
    -- Deletions, growth without new snapshots (one that is replaced under its name), growth that ends, and growth that
    -- the disks share; unknown without resource ids.
    case
        when not r.without_ids then coalesce(c.snapshots_deleted, 0)
            + case when c.snapshots_new = 0 then 1 else 0 end
            + case when j.last_gain < $plateau_share * j.usual_gain then 1 else 0 end
            + case when j.disk_growth >= 0.5 * j.growth then 1 else 0 end
    end as signs_of_upkeep,                                                        -- count
    c.snapshots_new,                                                               -- count, in the growing months
    c.snapshots_deleted,                                                           -- count, in the growing months
    j.gib,                                                                          -- GiB, average of the last complete month
    j.gib - j.gib_then as gib_growth,                                                 -- GiB
    strftime(j.compared_with, '%Y-%m') as compared_with,                           -- month
    j.disk_growth,                                                               -- share, over the growing months
    'upper bound: all growth since that month' as saving_is,                       -- text
    coalesce((j.gib - j.gib_then) / nullif(j.gib, 0), 0) as saves_share               -- share
from regions r
left join judged j using (provider, sub_account_id, region_id, billing_currency)
left join counts c using (provider, sub_account_id, region_id, billing_currency)
