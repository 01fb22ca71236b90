/*---
id          = "gcp-artifact-registry-growth"
title       = "Artifact Registry only grows, as if nothing were ever cleaned up"
kind        = "forgotten"
service     = "Artifact Registry"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Which images are still deployed is not in the bill; new repositories, mirrors and releases that must be kept grow the same way, and a cleanup policy in dry run changes nothing. Only the growth of the last months is counted, as an upper bound."
remediation = "Add cleanup policies that keep the newest versions and tagged releases and delete the rest; try them in dry-run mode first."
reason      = "Stored artifacts grew through {growing_months} complete months in a row, by {gib_growth} GiB since {compared_with} to {gib} GiB."
references  = ["https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy"]
[commands]
"" = "gcloud artifacts repositories list --project {account_id} --location {region}"
group = "gcloud artifacts repositories list --project {account_id} --location {region}"
[judge]
value    = "growing_months"
at_least = "min_growing_months"
history  = "history_months"
nothing  = "signs_of_cleanup"
[params.min_growing_months]
default = 3
unit    = "months"
help    = "Complete months of a growing run up to the last one, its first included."
[params.min_growth]
default = 0.02
unit    = "share per month"
help    = "Growth of a month that is more than noise."
[params.counted_months]
default = 3
unit    = "months"
help    = "Growth further back is not counted."
[params.plateau_share]
default = 0.5
unit    = "share"
help    = "A last month that grew by less than this share of the average before it is the beginning of a plateau."
[params.max_drop]
default = 0.1
unit    = "share"
help    = "From one day to the next, a drop beyond this that lasts is a clean-up."
---*/
with lines as (
    select *
    from usage_days
    where provider = 'gcp'
        and (product_sku = '8502-299A-ABAF' or regexp_matches(usage_kind, '\b(artifact|container) registry.*storage'))
        and not regexp_matches(usage_kind, 'data transfer|egress|scan')
),
groups as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        max(region_id) as region_id,
        min(charge_date) as first_day,
        max(charge_date) as last_day,
        list(distinct usage_type order by usage_type) as claims,
        min(source_first_day) as source_first_day
    from lines
    group by provider, sub_account_id, resource_id, billing_currency
),
days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        sum(consumed_quantity * day(last_day(charge_date))) as gib                 -- GiB
    from lines
    group by all
),
drops as (
    -- A day with less that the next day makes up for is a gap in the export.
    select
        *,
        gib < (1 - $max_drop) * lag(gib) over series
            and coalesce(lead(gib) over series, gib) < (1 - $max_drop / 2) * lag(gib) over series as is_drop
    from days
    window series as (partition by provider, sub_account_id, resource_id, billing_currency order by charge_date)
),
months as (
    select
        l.provider,
        l.sub_account_id,
        l.resource_id,
        l.billing_currency,
        date_trunc('month', l.charge_date)::date as month,
        count(distinct l.charge_date) as seen_days,
        sum(l.consumed_quantity) / count(distinct l.charge_date) * day(last_day(any_value(l.charge_date))) as gib,  -- GiB
        sum(l.effective_cost) as cost,
        sum(l.committed_cost) as committed_cost,
        sum(l.list_cost) as list_cost
    from lines l
    where last_day(l.charge_date) <= $as_of
    group by l.provider, l.sub_account_id, l.resource_id, l.billing_currency, date_trunc('month', l.charge_date)
),
steps as (
    select
        m.*,
        lag(m.gib) over series as gib_before,
        g.first_day > g.source_first_day as is_new,
        m.gib > lag(m.gib) over series * (1 + $min_growth) * (1 - 1e-9)
            and lag(m.month) over series = m.month - interval 1 month as grows
    from months m
    join groups g using (provider, sub_account_id, resource_id, billing_currency)
    -- A month that began without it is an average over less.
    where m.month >= g.first_day
    window series as (partition by provider, sub_account_id, resource_id, billing_currency order by m.month)
),
runs as (
    select
        *,
        max(month) filter (grows is not true) over whole as base_month,
        max(month) over whole as last_month
    from steps
    window whole as (partition by provider, sub_account_id, resource_id, billing_currency)
),
judged as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        any_value(base_month) as base_month,
        greatest(any_value(base_month), any_value(last_month) - to_months($counted_months))::date as compared_with,
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
        avg(gib - gib_before) filter (month > base_month and month < last_month) as usual_gain
    from runs
    group by all
),
-- What is stored now: a clean-up in small steps shows as less than the last complete month's average.
latest as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        median(gib) as gib_now                                                     -- GiB
    from days
    where charge_date > $as_of - 7
    group by all
),
cleaned as (
    select
        d.provider,
        d.sub_account_id,
        d.resource_id,
        d.billing_currency,
        count(*) as clean_ups
    from drops d
    join judged j using (provider, sub_account_id, resource_id, billing_currency)
    where d.is_drop and d.charge_date >= j.base_month
    group by all
)
select
    g.provider,
    g.sub_account_id,
    g.resource_id,
    g.billing_currency,
    g.region_id,
    'Artifact repositories' as resource_type,
    g.first_day,                                                                   -- UTC day
    g.last_day,                                                                    -- UTC day
    date_diff('day', g.first_day, g.last_day) + 1 as observed_days,                -- days
    coalesce(j.span_days, 1) as span_days,                                         -- days that the export has of the last complete month
    coalesce(j.cost, 0) as cost,                                                   -- billing currency, last complete month
    j.committed_cost,                                                              -- billing currency
    j.list_cost,                                                                   -- billing currency
    g.claims,                                                                      -- usage types
    coalesce(j.growing_months, 0) as growing_months,                               -- months
    -- Complete months that the export could have shown.
    date_diff('month', g.source_first_day - interval 1 day, $as_of + interval 1 day) - 1 as history_months,  -- months
    coalesce(c.clean_ups, 0)
    + case when j.last_gain < $plateau_share * j.usual_gain then 1 else 0 end
    + case when n.gib_now < (1 - $max_drop) * j.gib then 1 else 0 end as signs_of_cleanup,  -- count
    j.gib,                                                                         -- GiB, average of the last complete month
    j.gib - j.gib_then as gib_growth,                                              -- GiB
    strftime(j.compared_with, '%Y-%m') as compared_with,                           -- month
    'upper bound: all growth since that month' as saving_is,                       -- text
    coalesce((j.gib - j.gib_then) / nullif(j.gib, 0), 0) as saves_share            -- share
from groups g
left join judged j using (provider, sub_account_id, resource_id, billing_currency)
left join cleaned c using (provider, sub_account_id, resource_id, billing_currency)
left join latest n using (provider, sub_account_id, resource_id, billing_currency)
