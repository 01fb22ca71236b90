-- How busy the resources of the bill are, built after views.sql: utilization_days, resource_states and recommendations
-- name resources as their sources do; here they are joined to the bill's resources.

create or replace table known_resources as
-- What others may call a resource of the bill: its id or its name as billed, and every tail of them: for an ARN also the
-- name at its end, for //compute.googleapis.com/projects/…/instances/123 also 123.
with named as (
    select
        provider,
        sub_account_id,
        resource_id,
        unnest([resource_id, resource_name]) as name
    from resources
    where not starts_with(resource_id, 'all:')
        and (
            exists (from utilization_days) or exists (from resource_states) or exists (from recommendations)
        )
)

select distinct
    provider,
    sub_account_id,
    resource_id,
    name,
    regexp_extract(name, '[^:/]*$') as tail
from named
where name <> '';

create or replace table asked_resources as
-- Names that utilisation, states and advice use → the one resource of the bill that is meant. A name that could be two
-- resources is none: is_ambiguous says so.
with asked as (
    select
        provider,
        sub_account_id,
        resource_id,
        bool_or(is_served) as is_served
    from (
        -- Disks and addresses share the names of machines, but have no processor and no clients.
        select
            provider,
            sub_account_id,
            resource_id,
            metric in ('cpu_utilization', 'memory_utilization', 'freeable_memory', 'gpu_utilization', 'connections', 'requests') as is_served
        from utilization_days
        union all
        select provider, sub_account_id, resource_id, false from resource_states
        union all
        select provider, sub_account_id, resource_id, false from recommendations
    )
    group by all
),
candidates as (
    select
        a.provider as asked_provider,
        a.sub_account_id as asked_account,
        a.resource_id as asked_id,
        k.provider,
        k.sub_account_id,
        k.resource_id,
        -- The whole id before a tail of it: 'db' is the instance db, not also the cluster …:cluster:db. A machine of
        -- Google's and its boot disk share a name: alone it means the machine.
        min(case
            when a.resource_id = k.resource_id then 0
            when a.resource_id = k.name then if(k.resource_id like '//compute.%/disks/%', 2, 1)
            else 3
        end) as distance
    from asked a
    join known_resources k
        on k.tail = regexp_extract(a.resource_id, '[^:/]*$')
        and a.provider in ('', k.provider)
        and a.sub_account_id in ('', k.sub_account_id)
        and (
            a.resource_id = k.name
            or ends_with(k.name, '/' || a.resource_id) or ends_with(k.name, ':' || a.resource_id)
            or ends_with(a.resource_id, '/' || k.name)
            -- Cloud SQL is measured as project:instance; a name behind another colon is somebody else's.
            or (ends_with(a.resource_id, ':' || k.name)
                and (starts_with(a.resource_id, 'arn:')
                    or (starts_with(a.resource_id, k.sub_account_id || ':') and starts_with(k.resource_id, '//cloudsql.'))))
            -- Google names a project by id or by number: //…/projects/shop/instances/db is //…/projects/123/instances/db.
            or (starts_with(a.resource_id, '//')
                and regexp_replace(a.resource_id, '/projects/[^/]+/', '/') = regexp_replace(k.resource_id, '/projects/[^/]+/', '/'))
        )
        -- A machine and its boot disk share a name: of //…/zones/z/instances/web-1 only instances in that place are meant.
        and (not starts_with(a.resource_id, '//') or not starts_with(k.resource_id, '//')
            or regexp_replace(a.resource_id, '/projects/[^/]+/(.*/)?[^/]*$', '/\1') = regexp_replace(k.resource_id, '/projects/[^/]+/(.*/)?[^/]*$', '/\1'))
        and not (a.is_served and regexp_matches(k.resource_id, '/(disks|addresses|snapshots|images)/|(^|/)(vol|snap|eipalloc|eni)-'))
    group by all
),
nearest as (
    select
        *
    from candidates
    qualify distance = min(distance) over (partition by asked_provider, asked_account, asked_id)
)

select
    *,
    count(*) over (partition by asked_provider, asked_account, asked_id) > 1 as is_ambiguous
from nearest;

create or replace macro falls(metric_name) as metric_name in ('freeable_memory', 'cpu_credit_balance');

create or replace table superseded_days as
-- Of several sources that saw nearly all of a resource's day the one that saw it busiest counts, else the one that saw
-- most; these are the others. Sources are compared only where there are several: what is measured is by far the largest
-- table.
with sources as (
    select distinct provider, sub_account_id, resource_id, source from utilization_days
),
several as (
    select
        k.asked_provider,
        k.asked_account,
        k.asked_id,
        k.provider,
        k.sub_account_id,
        k.resource_id
    from sources s
    join asked_resources k
        on (k.asked_provider, k.asked_account, k.asked_id) = (s.provider, s.sub_account_id, s.resource_id)
    where not k.is_ambiguous
    qualify count(*) over (partition by k.provider, k.sub_account_id, k.resource_id) > 1
)

select
    u.provider,
    u.sub_account_id,
    u.resource_id,
    u.metric,
    u.metric_date,
    u.source
from utilization_days u
join (select distinct * from several) k
    on (k.asked_provider, k.asked_account, k.asked_id) = (u.provider, u.sub_account_id, u.resource_id)
where u.metric_date <= (select as_of from scan_clock)
qualify row_number() over (
    partition by k.provider, k.sub_account_id, k.resource_id, u.metric, u.metric_date
    order by
        list_count(u.hourly_maximum) >= 20 desc,
        case when list_count(u.hourly_maximum) >= 20 then if(falls(u.metric), -u.p99, u.p99) end desc,
        list_count(u.hourly_maximum) desc,
        u.sample_count desc,
        u.fetched_at desc,
        u.source
) > 1;

create or replace view utilization as
-- One row per resource of the bill, metric and day.
select
    k.provider,
    k.sub_account_id,
    k.resource_id,
    u.metric,
    u.metric_date,                                      -- UTC day
    u.average,                                          -- unit of the metric; amounts per second
    u.p95,
    u.p99,
    u.maximum,
    u.total,                                            -- amount of the day
    u.sample_count,
    u.hourly_maximum,                                   -- 24 entries, null: no sample
    list_count(u.hourly_maximum) as sample_hours        -- h
from utilization_days u
join asked_resources k
    on (k.asked_provider, k.asked_account, k.asked_id) = (u.provider, u.sub_account_id, u.resource_id)
anti join superseded_days s
    on (s.provider, s.sub_account_id, s.resource_id, s.metric, s.metric_date, s.source)
        = (u.provider, u.sub_account_id, u.resource_id, u.metric, u.metric_date, u.source)
where not k.is_ambiguous
    and u.metric_date <= (select as_of from scan_clock);

create or replace table states as
-- What a cloud's inventory says of a resource of the bill.
select
    k.provider,
    k.sub_account_id,
    k.resource_id,
    s.state,                            -- running, stopped, attached, unattached
    s.since,                            -- UTC day
    s.attached_to,
    s.group_name,
    s.seen_at                           -- UTC
from resource_states s
join asked_resources k
    on (k.asked_provider, k.asked_account, k.asked_id) = (s.provider, s.sub_account_id, s.resource_id)
where not k.is_ambiguous
qualify row_number() over (partition by k.provider, k.sub_account_id, k.resource_id order by s.seen_at desc) = 1;

create or replace table advice as
-- The clouds' own recommendations on resources of the bill.
select
    k.provider,
    k.sub_account_id,
    k.resource_id,
    r.* exclude (provider, sub_account_id, resource_id)
from recommendations r
join asked_resources k
    on (k.asked_provider, k.asked_account, k.asked_id) = (r.provider, r.sub_account_id, r.resource_id)
where not k.is_ambiguous;

create or replace macro measured(metric_name, last_day, days) as table (
    -- What one metric of a resource came to in the window.
    select
        provider,
        sub_account_id,
        resource_id,
        sum(average * sample_count) / sum(sample_count) as average,     -- unit of the metric; amounts per second
        max(p99) as highest_p99,                                        -- highest of the daily p99
        max(maximum) as maximum,
        sum(total) as total,                                            -- amount of the window
        -- Samples that end days before the bill say nothing of now.
        if(max(metric_date) < last_day - 3, 0, sum(sample_hours))::bigint as sample_hours,  -- h
        sum(sample_count)::bigint as sample_count,
        count(*) as sample_days,                                        -- days
        max(metric_date) as last_sample_day                             -- UTC day
    from utilization
    where metric = metric_name
        and metric_date > last_day - days
        and metric_date <= last_day
    group by all
);

create or replace macro quiet_week(limits, last_day, days, least_block) as table (
    -- In which hours of the week a resource does nothing. `limits` is a list of {'metric', 'at_most'}: an hour is quiet
    -- when every one of these metrics that the resource has was seen in it in every week, never above its limit. Only
    -- stretches of `least_block` hours count.
    with seen as (
        select
            u.provider,
            u.sub_account_id,
            u.resource_id,
            u.metric,
            l.at_most,
            (isodow(u.metric_date) - 1) * 24 + unnest(range(24)) as hour_of_week,
            unnest(u.hourly_maximum) as highest
        from utilization u
        join (select unnest(limits, recursive := true)) l using (metric)
        where u.metric_date > last_day - days
            and u.metric_date <= last_day
    ),
    metric_hours as (
        select
            provider,
            sub_account_id,
            resource_id,
            metric,
            hour_of_week,
            count(highest) as weeks,
            -- Samples are single precision.
            coalesce(max(highest) <= any_value(at_most) * 1.000001, false) and weeks >= days / 7 as is_quiet
        from seen
        group by all
    ),
    weeks as (
        select
            provider,
            sub_account_id,
            resource_id,
            list_sort(list(distinct metric)) as metrics,
            list(hour_of_week) filter (is_quiet) as quiet               -- as often as metrics are quiet in it
        from metric_hours
        group by all
    ),
    sampled as (
        select provider, sub_account_id, resource_id, min(hours)::bigint as sample_hours
        from (select provider, sub_account_id, resource_id, metric, sum(weeks) as hours from metric_hours group by all)
        group by all
    ),
    patterns as (
        select
            *,
            array_to_string(
                [case when len([q for q in quiet if q = h]) = len(metrics) then '1' else '0' end for h in range(168)], ''
            ) as pattern                                                -- Monday 00:00 UTC to Sunday 23:00, 1: quiet
        from weeks
        join sampled using (provider, sub_account_id, resource_id)
    )
    select
        provider,
        sub_account_id,
        resource_id,
        metrics,
        sample_hours,                                                   -- h, of the metric least seen
        -- The week goes on from Sunday to Monday: it is turned so that it begins after an hour that is not quiet.
        coalesce(list_sum([
            len(b) for b in regexp_extract_all(
                substr(pattern, instr(pattern, '0') + 1) || substr(pattern, 1, instr(pattern, '0')),
                '1{' || least_block::integer || ',}'
            )
        ]), 0) as quiet_hours,                                          -- h per week
        len(replace(pattern, '1', '')) as busy_hours,                   -- h per week, quiet in short stretches or unseen left out
        pattern as quiet_grid                                           -- Monday 00:00 to Sunday 23:00 UTC, 1: quiet
    from patterns
);

create or replace macro volumes(last_day, days) as table (
    -- EBS volumes of the bill in a window, with their provisioned operations and throughput.
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        min(charge_date) as first_day,                                  -- UTC day
        max(charge_date) as last_day,                                   -- UTC day
        count(*) as observed_days,                                      -- days
        sum(cost) as cost,                                              -- billing currency
        sum(committed_cost) as committed_cost,                          -- billing currency
        sum(list_cost) as list_cost,                                    -- billing currency
        sum(billed_hours)::bigint as billed_hours,                      -- h
        -- GB-Mo of a day to GB
        round(arg_max(gb_months * day(last_day(charge_date)), charge_date)) as gb   -- GB, on the last day
    from (
        select
            provider,
            sub_account_id,
            resource_id,
            billing_currency,
            charge_date,
            bit_count(bit_or(hours_mask)) as billed_hours,
            sum(effective_cost) as cost,
            sum(committed_cost) as committed_cost,
            sum(list_cost) as list_cost,
            coalesce(sum(consumed_quantity) filter (usage_kind like 'EBS:VolumeUsage%'), 0) as gb_months
        from usage_days
        where charge_date > last_day - days
            and charge_date <= last_day
            and usage_kind like 'EBS:Volume%'
            and resource_id <> ''
            and not starts_with(resource_id, 'all:')
        group by all
    )
    group by all
);
