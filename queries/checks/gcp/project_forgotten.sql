/*---
id          = "gcp-project-forgotten"
title       = "Project in which nothing new appears and nothing moves"
kind        = "forgotten"
service     = "Google Cloud"
confidence  = "low"
effort      = "medium"
risk        = "high"
scope       = "account"
blind_spots = "A cold standby, an archive kept by law, a database that only private networks reach, a machine that computes without traffic, and machines that other projects use look the same; projects without machines that hold networks, names, keys, images or tables are left out, for others may use them; the export shows no logins and no calls that cost nothing."
remediation = "Ask the project's owners and look at its recommendations and activity; if nobody answers, shut it down: it can be restored for 30 days."
command     = """
gcloud projects describe {account_id}
gcloud recommender recommendations list --project {account_id} --location global --recommender google.resourcemanager.projectUtilization.Recommender"""
reason      = "No new resource in {quiet_days} days and no use that varies; {resources} resources go on costing {share_percent} % of the billing account."
references  = ["https://cloud.google.com/recommender/docs/unattended-project-recommender"]
[judge]
value    = "quiet_days"
at_least = "min_quiet_days"
history  = "history_days"
nothing  = "moving"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is reported."
[params.min_quiet_days]
default = 60
unit    = "days"
help    = "Days without a new resource or kind of charge, and with the same use of everything."
[params.max_share]
default = 0.1
unit    = "share"
help    = "Up to this share of the billing account's cost a project counts as small; the largest project never does."
[params.max_change]
default = 0.1
unit    = "share"
help    = "Use that changes from day to day by no more than this stands still."
[params.max_gib_per_day]
default = 0.1
unit    = "GiB/day"
help    = "Data moved per day that scanners of the internet cause on their own; logs per day that what stands still writes."
[params.max_requests_per_day]
default = 100
unit    = "requests/day"
help    = "Reads per day that inventories and scanners cause on their own."
[params.max_write_weeks]
default = 0.5
unit    = "share"
help    = "What is written to, however little, in more than this share of the weeks is somebody's."
---*/
with lines as (
    select
        provider,
        billing_account_id,
        sub_account_id,
        resource_id,
        billing_currency,
        usage_kind,
        charge_date,                                                                       -- UTC day
        source_first_day,                                                                  -- UTC day
        consumed_quantity,                                                                 -- pricing unit
        effective_cost,                                                                    -- billing currency
        committed_cost,                                                                    -- billing currency
        list_cost,                                                                         -- billing currency
        environment,
        -- What watches over every project writes as many lines in one that nobody uses.
        regexp_matches(
            service_name, 'cloud logging|cloud monitoring|stackdriver|security command center|cloud asset|network intelligence', 'i'
        ) as is_watch,
        regexp_matches(usage_kind, 'data transfer|egress|ingress|data process|traffic|\bnetwork (inter|internet)') as is_data,
        regexp_matches(usage_kind, 'request|operations|\bops\b|invocation|\bquer(y|ies)\b|messages|api call|lookups')
            and not regexp_matches(usage_kind, 'request-based|instance-based|\b(cpu|memory)\b') as is_requests,
        regexp_matches(usage_kind, 'instance (core|ram)|\bv?cpu\b|\bgpu\b|micro instance|small instance|nodes?\b|redis.*capacity') as is_compute,
        regexp_matches(
            usage_kind, 'class a (operations|requests)|\binsert|\bupload|\bwrites?\b|\bwritten\b|\bpublish|\bmutations?\b|\bingest'
        )
            and not regexp_matches(pricing_unit, 'hour|month|second', 'i') as is_write,
        product_sku = '143F-A1B0-E0BE' or regexp_matches(usage_kind, '^(cloud )?log(s|ging)? (storage|volume)') as is_log,
        -- Paths whose traffic is booked on those that send it.
        case
            when regexp_matches(usage_kind, '\binterconnect\b') then 'interconnect'
            when regexp_matches(usage_kind, '\bvpn\b') then 'vpn'
            when regexp_matches(usage_kind, '\bnat\b') then 'nat'
        end as path,
        regexp_matches(usage_kind, 'attachment|\bvlan\b') as is_attachment,
        -- What others use without a line here: names, keys, images, tables that they query at their own cost.
        regexp_matches(
            usage_kind,
            '\b(dns|managed ?zone|spokes?)\b|private service connect|firewall endpoint|(artifact|container) registry|storage image|image storage|machine image|(key|secret) versions?|certificate|\bca fee|domain|(active|long[ -]term) (logical |physical )?storage'
        )
            or regexp_matches(resource_id, '/buckets/.*(artifacts\.|tf-?state|terraform)') as is_for_others,
        contains(lower(pricing_unit), 'month') as is_monthly,
        regexp_matches(pricing_unit, '^mo(nths?)?$', 'i') as is_by_month
    from usage_days
    where provider = 'gcp'
        and sub_account_id <> billing_account_id  -- lines without a project
        and charge_date > $as_of - greatest($window_days, $min_quiet_days)
        and charge_date <= $as_of
),

calendar as (
    -- Days that the whole export lacks say nothing about a project.
    select distinct
        charge_date,                                       -- UTC day
        date_diff('day', charge_date, $as_of) // 7 as week  -- weeks before the last one
    from lines
),

named as (
    select
        provider,
        sub_account_id,
        resource_id,
        first_day as resource_first_day   -- UTC day
    from resources
    where provider = 'gcp' and resource_id not like 'all:%'
),

kinds as (
    -- Of unnamed lines a kind of charge that was never there before is what is new.
    select
        provider,
        sub_account_id,
        resource_id,
        usage_kind,
        min(first_day) as kind_first_day  -- UTC day
    from usage_months
    where provider = 'gcp' and resource_id like 'all:%'
    group by all
),

dated as (
    select
        l.*,
        case
            when l.is_watch then null
            when n.resource_first_day is not null then n.resource_first_day
            when not l.is_data and not l.is_requests then k.kind_first_day
        end as newest                     -- UTC day
    from lines l
    left join named n using (provider, sub_account_id, resource_id)
    left join kinds k using (provider, sub_account_id, resource_id, usage_kind)
),

accounts as (
    select
        provider,
        billing_account_id,
        billing_currency,
        sum(effective_cost) as cost       -- billing currency
    from lines
    where charge_date > $as_of - $window_days
    group by all
),

usages as (
    -- One use of the project by day, in its own unit. Fees by the month have one line per month.
    select
        provider,
        sub_account_id,
        billing_currency,
        usage_kind,
        is_data,
        is_requests,
        is_write,
        is_log,
        is_by_month,
        is_monthly,
        date_diff('day', charge_date, $as_of) // 7 as week,  -- weeks before the last one
        charge_date,                                 -- UTC day
        day(last_day(charge_date)) as month_days,    -- days
        sum(consumed_quantity) as quantity           -- pricing unit
    from dated
    where charge_date > $as_of - $min_quiet_days and (not is_watch or is_log)
    group by all
),

rising as (
    -- What a little is added to in every week stands still no more than what is replaced.
    select
        provider,
        sub_account_id,
        billing_currency,
        usage_kind
    from (
        select
            *,
            level > lead(level) over (
                partition by provider, sub_account_id, billing_currency, usage_kind order by week
            ) * (1 + 1e-4) as rises
        from (
            select
                provider,
                sub_account_id,
                billing_currency,
                usage_kind,
                week,
                avg(quantity * case when is_monthly then month_days else 1 end) as level  -- pricing unit, on a day
            from usages
            where not is_data and not is_requests and not is_log
            group by all
        )
    )
    group by all
    having bool_and(rises) and count(rises) >= 4
),

moving as (
    select
        provider,
        sub_account_id,
        billing_currency,
        usage_kind,
        -- Reads and traffic below the limits are noise; writes are somebody's doing.
        case
            when (is_log or is_write)
                and count(distinct week) filter (quantity > 0)
                > $max_write_weeks * (select count(distinct c.week) from calendar c where c.charge_date > $as_of - $min_quiet_days)
                then not is_log or sum(quantity) / $min_quiet_days > $max_gib_per_day
            when is_log then false
            when is_data then sum(quantity) / $min_quiet_days > $max_gib_per_day
            when is_requests then sum(quantity) / $min_quiet_days > $max_requests_per_day
            when max(abs(quantity)) <= 0 then false
            when (provider, sub_account_id, billing_currency, usage_kind)
                in (select (provider, sub_account_id, billing_currency, usage_kind) from rising) then true
            when is_by_month and count(*) <= ceil($min_quiet_days / 28.0) then false
            -- Missing days are zero. GiB-months are smaller in longer months: the steadier of both views counts.
            when count(*) < (
                select count(*) from calendar c
                where c.charge_date >= min(u.charge_date) and c.charge_date > $as_of - $min_quiet_days
            ) then true
            else least(
                1 - min(quantity) / nullif(max(quantity), 0),
                1 - min(quantity * month_days) / nullif(max(quantity * month_days), 0)
            ) > $max_change * (1 + 1e-9)
        end as moves
    from usages u
    group by provider, sub_account_id, billing_currency, usage_kind, is_data, is_requests, is_write, is_log, is_by_month
),

paths as (
    select
        provider,
        billing_account_id,
        sub_account_id,
        path,
        coalesce(bool_or(not is_data), false) as is_paid,
        coalesce(bool_or(not is_data and not is_attachment), false) as has_port,
        coalesce(bool_or(is_data), false) as has_data,
        coalesce(sum(consumed_quantity) filter (is_data), 0) / $min_quiet_days as gib_per_day
    from dated
    where path is not null and charge_date > $as_of - $min_quiet_days
    group by all
),

hubs as (
    -- What goes through a port is anybody's; through tunnels, gateways and attachments goes what others without any send.
    select
        p.provider,
        p.sub_account_id
    from paths p
    join paths d using (provider, billing_account_id, path)
    where p.is_paid
        and d.sub_account_id <> p.sub_account_id
        and (not d.is_paid or (p.path = 'interconnect' and p.has_port))
    group by all
    having sum(d.gib_per_day) > $max_gib_per_day
),

unseen as (
    -- Paths of which no traffic at all is booked here: whose it is does not show.
    select distinct
        provider,
        sub_account_id
    from paths
    where is_paid and not has_data
),

still as (
    select
        provider,
        sub_account_id,
        billing_currency,
        count(*) filter (moves) as moving            -- kinds of use
    from moving
    group by all
),

projects as (
    select
        provider,
        arg_max(billing_account_id, charge_date) as billing_account_id,
        sub_account_id,
        billing_currency,
        min(coalesce(newest, charge_date)) as first_day,                                               -- UTC day
        max(charge_date) filter (not is_watch) as last_day,                                            -- UTC day
        count(distinct charge_date) filter (charge_date > $as_of - $window_days) as observed_days,     -- days
        sum(effective_cost) filter (charge_date > $as_of - $window_days) as cost,                      -- billing currency
        sum(committed_cost) filter (charge_date > $as_of - $window_days) as committed_cost,            -- billing currency
        sum(list_cost) filter (charge_date > $as_of - $window_days) as list_cost,                      -- billing currency
        count(distinct resource_id) filter (charge_date > $as_of - $window_days) as resources,         -- named ones, unnamed services
        max(newest) as newest,                                                                         -- UTC day
        min(source_first_day) as source_first_day,                                                     -- UTC day
        bool_or(is_compute) as has_compute,
        bool_or(is_for_others) as is_for_others,
        bool_or(resource_id not like 'all:%') as is_named,
        bool_or(environment = 'production') as is_production,
        bool_or(environment = 'non-production') as is_other
    from dated
    group by all
    having bool_or(not is_watch)
)

select
    p.provider,
    p.sub_account_id,
    'project:' || p.sub_account_id as resource_id,
    p.billing_currency,
    '' as region_id,
    'project' as resource_type,
    p.first_day,                                                                           -- UTC day
    p.last_day,                                                                            -- UTC day
    p.observed_days,                                                                       -- days
    coalesce(p.cost, 0) as cost,                                                           -- billing currency
    p.committed_cost,                                                                      -- billing currency
    p.list_cost,                                                                           -- billing currency
    p.resources,                                                                           -- count
    p.newest as newest_resource_day,                                                       -- UTC day, or the export's first
    date_diff('day', p.newest, $as_of) + 1 as quiet_days,                                  -- days
    date_diff('day', p.source_first_day, $as_of) + 1 as history_days,                      -- days
    round(100 * p.cost / nullif(a.cost, 0), 2) as share_percent,                           -- % of the billing account's cost
    coalesce(s.moving, 0)
        + p.is_production::int
        + case
            when p.cost > $max_share * a.cost * (1 + 1e-9)
                or p.cost >= max(p.cost) over (partition by p.provider, p.billing_account_id, p.billing_currency) then 1
            else 0
        end
        + case
            when (p.provider, p.sub_account_id) in (select (provider, sub_account_id) from hubs) then 1
            when p.has_compute then 0
            when p.is_for_others or (p.provider, p.sub_account_id) in (select (provider, sub_account_id) from unseen) then 1
            else 0
        end as moving,               -- kinds of use that move; 1 each for production, a main project and what others use
    case when p.is_other and p.has_compute and p.is_named then 'medium' end as confidence
from projects p
join accounts a using (provider, billing_account_id, billing_currency)
left join still s using (provider, sub_account_id, billing_currency)
