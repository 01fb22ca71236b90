/*---
id          = "gcp-logging-growth"
title       = "Cloud Logging takes in or keeps more every month"
kind        = "forgotten"
service     = "Cloud Logging"
confidence  = "low"
effort      = "low"
risk        = "medium"
blind_spots = "Which logs grew is not in the bill, nor whether more visitors or an audit rule explain it; logs may have to be kept by law. Logs are priced when they come in, so a shorter retention saves only what is kept beyond 30 days. Only the growth of the last months is counted, as an upper bound."
remediation = "Find the log that grew in the Logs storage page, exclude or sample what nobody reads (debug lines, health checks, request logs) in the sink, and set the buckets' retention back to what is needed."
reason      = "{what} grew through {growing_months} complete months in a row: {ingested_gib} GiB a month come in ({ingested_gib_then} in {compared_with}), {retained_gib} GiB are kept beyond 30 days ({retained_gib_then} then)."
references  = ["https://cloud.google.com/stackdriver/docs/optimize-cost-log-routing", "https://cloud.google.com/logging/docs/exclusions"]
[commands]
"" = """
gcloud logging sinks list --project {account_id}
gcloud logging buckets list --project {account_id}"""
group = """
gcloud logging sinks list --project {account_id}
gcloud logging buckets list --project {account_id}"""
[judge]
value    = "growing_months"
at_least = "min_growing_months"
history  = "history_months"
nothing  = "explanations"
[params.min_growing_months]
default = 3
unit    = "months"
help    = "Complete months of a growing run up to the last one, its first included: two steps up."
[params.min_growth]
default = 0.1
unit    = "share per month"
help    = "Growth of a month's intake that is more than noise."
[params.min_kept_growth]
default = 0.02
unit    = "share per month"
help    = "Growth of what is kept beyond 30 days; it grows by steady amounts, so by smaller shares."
[params.counted_months]
default = 3
unit    = "months"
help    = "Growth further back is not counted."
[params.plateau_share]
default = 0.5
unit    = "share"
help    = "A last month that grew by less than this share of the average before it is the beginning of a plateau; a month under way that gave back as much of the growth is the end of it."
[params.explained_share]
default = 0.5
unit    = "share"
help    = "Where all else in the project grew by this share of the logs' growth, there is simply more work."
---*/
-- 'Log Volume' and 'Log Storage cost' are the same SKU: logs as they come in. 'Log Retention cost' is what stays beyond
-- 30 days. Vended logs (VPC flow logs, firewall logs) have their own SKUs and are another matter.
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
    select
        *,
        case
            when product_sku = 'F4AE-5A52-ACE3' or regexp_matches(usage_kind, '^(cloud )?log(s|ging)? retention') then 'kept'
            else 'intake'
        end as series,
        day(last_day(month)) as days_in_month
    from usage_months
    join calendar using (provider, sub_account_id, month)
    where provider = 'gcp'
        and (
            product_sku in ('143F-A1B0-E0BE', 'F4AE-5A52-ACE3')
            or (
                (service_code in ('', '5490-F7B7-8DF6') or service_name = 'Cloud Logging')
                and regexp_matches(usage_kind, '^(cloud )?log(s|ging)? (storage|volume|retention)')
            )
        )
        and usage_kind not like '%vended%'
),
groups as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        max(region_id) as region_id,
        min(first_day) as first_day,
        max(last_day) as last_day,
        min(source_first_day) as source_first_day
    from lines
    group by provider, sub_account_id, resource_id, billing_currency
),
months as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        series,
        month,
        any_value(seen_days) as seen_days,
        sum(consumed_quantity) * any_value(days_in_month) / any_value(seen_days) as quantity,  -- GiB taken in; GiB kept
        -- Intake by the day, so that short months do not look smaller.
        sum(consumed_quantity * case when series = 'intake' then 1 else days_in_month end) / any_value(seen_days) as level,
        sum(effective_cost) as cost,
        sum(committed_cost) as committed_cost,
        sum(list_cost) as list_cost,
        list(distinct usage_type order by usage_type) as claims
    from lines
    where last_day(month) <= $as_of
    group by all
),
beginnings as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        series,
        min(first_day) as first_day,
        min(first_day) > min(source_first_day) as is_new
    from lines
    group by all
),
steps as (
    select
        m.*,
        lag(m.level) over one_series as level_before,
        b.is_new,
        m.level > lag(m.level) over one_series
            * (1 + case when m.series = 'intake' then $min_growth else $min_kept_growth end) * (1 - 1e-9)
            and lag(m.month) over one_series = m.month - interval 1 month as grows
    from months m
    join beginnings b using (provider, sub_account_id, resource_id, billing_currency, series)
    -- A month that began without it is an average over less.
    where m.month >= b.first_day
    window one_series as (partition by provider, sub_account_id, resource_id, billing_currency, series order by m.month)
),
runs as (
    select
        *,
        max(month) filter (grows is not true) over whole as base_month,
        max(month) over whole as last_month
    from steps
    window whole as (partition by provider, sub_account_id, resource_id, billing_currency, series)
),
series as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        series,
        any_value(last_month) as last_month,
        greatest(any_value(base_month), any_value(last_month) - to_months($counted_months))::date as compared_with,
        case
            when any_value(base_month) < any_value(last_month)
                then count(*) filter (month > base_month or (month = base_month and not is_new))
            else 0
        end as growing_months,
        max(cost) filter (month = last_month) as cost,
        max(committed_cost) filter (month = last_month) as committed_cost,
        max(list_cost) filter (month = last_month) as list_cost,
        any_value(claims) filter (month = last_month) as claims,
        max(seen_days) filter (month = last_month) as span_days,
        max(quantity) filter (month = last_month) as gib,
        max(quantity) filter (month = greatest(base_month, last_month - to_months($counted_months))) as gib_then,
        max(level) filter (month = last_month) as level,
        max(level) filter (month = greatest(base_month, last_month - to_months($counted_months))) as level_then,
        max(level - level_before) filter (month = last_month) as last_gain,
        avg(level - level_before) filter (month > base_month and month < last_month) as usual_gain
    from runs
    group by all
),
-- The month under way, in the same measure, once it has a week.
under_way as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        series,
        sum(consumed_quantity * case when series = 'intake' then 1 else days_in_month end) / any_value(seen_days) as level_now
    from lines
    where month = date_trunc('month', $as_of::date)
        and last_day($as_of::date) > $as_of
        and day($as_of::date) >= 7
    group by all
),
-- Everything else that the project pays for: more of it means more work to log.
others as (
    select
        provider,
        sub_account_id,
        billing_currency,
        month,
        sum(effective_cost) / any_value(seen_days) as cost_per_day                 -- billing currency
    from usage_months
    join calendar using (provider, sub_account_id, month)
    where provider = 'gcp'
        and service_code <> '5490-F7B7-8DF6'
        and service_name <> 'Cloud Logging'
    group by all
),
weighed as (
    select
        s.*,
        s.last_gain < $plateau_share * s.usual_gain
            or coalesce(u.level_now < s.level - $plateau_share * (s.level - s.level_then), false) as is_plateau,
        coalesce(
            n.cost_per_day / nullif(o.cost_per_day, 0) - 1 >= $explained_share * (s.level / nullif(s.level_then, 0) - 1), false
        ) as is_explained
    from series s
    left join under_way u
        on (u.provider, u.sub_account_id, u.resource_id, u.billing_currency, u.series)
            = (s.provider, s.sub_account_id, s.resource_id, s.billing_currency, s.series)
    left join others n
        on (n.provider, n.sub_account_id, n.billing_currency, n.month)
            = (s.provider, s.sub_account_id, s.billing_currency, s.last_month)
    left join others o
        on (o.provider, o.sub_account_id, o.billing_currency, o.month)
            = (s.provider, s.sub_account_id, s.billing_currency, s.compared_with)
),
-- The series that the finding is about: those that grow without a reason, else all.
chosen as (
    select
        *,
        growing_months >= $min_growing_months
            and is_plateau is not true
            and not is_explained
            and cost > 0
            as is_found,
        max(last_month) over (partition by provider, sub_account_id, resource_id, billing_currency) = last_month as is_current
    from weighed
),
judged as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        coalesce(max(growing_months) filter (is_found and is_current), max(growing_months) filter (is_current)) as growing_months,
        bool_or(is_found and is_current) as is_found,
        string_agg(case when series = 'intake' then 'Intake' else 'Retention' end, ' and ' order by series)
            filter (is_found and is_current) as what,
        min(compared_with) filter (is_found and is_current) as compared_with,
        coalesce(sum(cost) filter (is_found and is_current), sum(cost)) as cost,
        coalesce(sum(committed_cost) filter (is_found and is_current), sum(committed_cost)) as committed_cost,
        coalesce(sum(list_cost) filter (is_found and is_current), sum(list_cost)) as list_cost,
        list_distinct(flatten(coalesce(list(claims) filter (is_found and is_current), list(claims)))) as claims,
        max(span_days) as span_days,
        sum(cost * (1 - level_then / nullif(level, 0))) filter (is_found and is_current)
            / nullif(sum(cost) filter (is_found and is_current), 0) as saves_share,
        max(gib) filter (series = 'intake') as ingested_gib,
        max(gib_then) filter (series = 'intake') as ingested_gib_then,
        max(gib) filter (series = 'kept') as retained_gib,
        max(gib_then) filter (series = 'kept') as retained_gib_then
    from chosen
    group by all
)
select
    g.provider,
    g.sub_account_id,
    g.resource_id,
    g.billing_currency,
    g.region_id,
    'Logs' as resource_type,
    g.first_day,                                                                   -- UTC day
    g.last_day,                                                                    -- UTC day
    date_diff('day', g.first_day, g.last_day) + 1 as observed_days,                -- days
    coalesce(j.span_days, 1) as span_days,                                         -- days that the export has of the last complete month
    coalesce(j.cost, 0) as cost,                                                   -- billing currency, last complete month
    j.committed_cost,                                                              -- billing currency
    j.list_cost,                                                                   -- billing currency
    j.claims,                                                                      -- usage types
    coalesce(j.growing_months, 0) as growing_months,                               -- months
    -- Complete months that the export could have shown.
    date_diff('month', g.source_first_day - interval 1 day, $as_of + interval 1 day) - 1 as history_months,  -- months
    case when j.is_found then 0 else 1 end as explanations,                        -- 1: growth ends or more work explains it
    j.what,
    coalesce(j.ingested_gib, 0) as ingested_gib,                                   -- GiB, last complete month
    coalesce(j.ingested_gib_then, 0) as ingested_gib_then,                         -- GiB, month compared with
    coalesce(j.retained_gib, 0) as retained_gib,                                   -- GiB, average of the last complete month
    coalesce(j.retained_gib_then, 0) as retained_gib_then,                         -- GiB, month compared with
    strftime(j.compared_with, '%Y-%m') as compared_with,                           -- month
    'upper bound: all growth since that month' as saving_is,                       -- text
    coalesce(j.saves_share, 0) as saves_share                                      -- share
from groups g
left join judged j using (provider, sub_account_id, resource_id, billing_currency)
