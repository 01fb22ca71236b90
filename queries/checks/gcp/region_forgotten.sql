/*---
id          = "gcp-region-forgotten"
title       = "Region in which nothing new appears and nothing moves"
kind        = "forgotten"
service     = "Google Cloud"
confidence  = "medium"
effort      = "medium"
risk        = "high"
scope       = "region"
blind_spots = "A cold standby, an archive kept by law, and a machine that computes without traffic look the same; the export shows no logins and no calls that cost nothing. Traffic inside a zone is free and unseen."
remediation = "List what is left in the region, ask its owners, save the data elsewhere, delete the rest, then deny the region by the organisation policy on resource locations."
command     = "gcloud asset search-all-resources --project {account_id} --scope projects/{account_id} --query location:{region}"
reason      = "No new resource in {quiet_days} days and no use that varies; {resources} resources go on costing {share_percent} % of the project."
references  = ["https://cloud.google.com/resource-manager/docs/organization-policy/defining-locations"]
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
help    = "Up to this share of the project's cost a region counts as small; the largest region never does."
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
    -- What watches over every region says nothing about one and would stay.
    select
        provider,
        billing_account_id,
        sub_account_id,
        resource_id,
        billing_currency,
        region_id,
        usage_kind,
        charge_date,                                                                       -- UTC day
        source_first_day,                                                                  -- UTC day
        consumed_quantity,                                                                 -- pricing unit
        effective_cost,                                                                    -- billing currency
        committed_cost,                                                                    -- billing currency
        list_cost,                                                                         -- billing currency
        regexp_matches(region_id, '^[a-z]+(-[a-z]+)+\d+$')
            and not regexp_matches(
                service_name, 'cloud logging|cloud monitoring|stackdriver|security command center|cloud asset|network intelligence', 'i'
            )
            and not is_marketplace as is_local,
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
        and charge_date > $as_of - greatest($window_days, $min_quiet_days)
        and charge_date <= $as_of
),

calendar as (
    -- Days that the whole export lacks say nothing about a region.
    select distinct
        charge_date,                                       -- UTC day
        date_diff('day', charge_date, $as_of) // 7 as week  -- weeks before the last one
    from lines
),

homes as (
    -- Transfer lines may name other places: a line belongs to the region that its resource is in.
    select
        provider,
        sub_account_id,
        resource_id,
        region_id as home,
        first_day as resource_first_day   -- UTC day
    from resources
    where provider = 'gcp'
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

placed as (
    select
        l.*,
        coalesce(h.home, l.region_id) as home,
        case
            when l.resource_id not like 'all:%' then h.resource_first_day
            when not l.is_data and not l.is_requests then k.kind_first_day
        end as newest,                    -- UTC day
        -- Transfer without a resource moves something here, but need not be what is left here.
        l.is_local and not (l.is_data and l.resource_id like 'all:%') as is_left
    from lines l
    left join homes h using (provider, sub_account_id, resource_id)
    left join kinds k using (provider, sub_account_id, resource_id, usage_kind)
    where l.is_local or (l.is_log and regexp_matches(l.region_id, '^[a-z]+(-[a-z]+)+\d+$'))
),

accounts as (
    select
        provider,
        sub_account_id,
        billing_currency,
        sum(effective_cost) as cost  -- billing currency
    from lines
    where charge_date > $as_of - $window_days
    group by all
),

usages as (
    -- One use of the region by day, in its own unit. Fees by the month have one line per month.
    select
        provider,
        sub_account_id,
        billing_currency,
        home,
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
    from placed
    where charge_date > $as_of - $min_quiet_days
    group by all
),

rising as (
    -- What a little is added to in every week stands still no more than what is replaced.
    select
        provider,
        sub_account_id,
        billing_currency,
        home,
        usage_kind
    from (
        select
            *,
            level > lead(level) over (
                partition by provider, sub_account_id, billing_currency, home, usage_kind order by week
            ) * (1 + 1e-4) as rises
        from (
            select
                provider,
                sub_account_id,
                billing_currency,
                home,
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
        home,
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
            when (provider, sub_account_id, billing_currency, home, usage_kind)
                in (select (provider, sub_account_id, billing_currency, home, usage_kind) from rising) then true
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
    group by provider, sub_account_id, billing_currency, home, usage_kind, is_data, is_requests, is_write, is_log, is_by_month
),

paths as (
    select
        provider,
        billing_account_id,
        sub_account_id,
        home,
        path,
        coalesce(bool_or(not is_data), false) as is_paid,
        coalesce(bool_or(not is_data and not is_attachment), false) as has_port,
        coalesce(bool_or(is_data), false) as has_data,
        coalesce(sum(consumed_quantity) filter (is_data), 0) / $min_quiet_days as gib_per_day
    from placed
    where path is not null and charge_date > $as_of - $min_quiet_days
    group by all
),

hubs as (
    -- What goes through a port is anybody's; through tunnels, gateways and attachments goes what others without any send.
    select
        p.provider,
        p.sub_account_id,
        p.home
    from paths p
    join paths d using (provider, billing_account_id, path)
    where p.is_paid
        and (d.sub_account_id, d.home) <> (p.sub_account_id, p.home)
        and (not d.is_paid or (p.path = 'interconnect' and p.has_port))
    group by all
    having sum(d.gib_per_day) > $max_gib_per_day
),

unseen as (
    -- Paths of which no traffic at all is booked here: whose it is does not show.
    select distinct
        provider,
        sub_account_id,
        home
    from paths
    where is_paid and not has_data
),

regions as (
    select
        provider,
        sub_account_id,
        billing_currency,
        home,
        min(coalesce(newest, charge_date)) as first_day,                                               -- UTC day
        max(charge_date) as last_day,                                                                  -- UTC day
        count(distinct charge_date) filter (charge_date > $as_of - $window_days) as observed_days,     -- days
        sum(effective_cost) filter (charge_date > $as_of - $window_days) as cost,                      -- billing currency
        sum(committed_cost) filter (charge_date > $as_of - $window_days) as committed_cost,            -- billing currency
        sum(list_cost) filter (charge_date > $as_of - $window_days) as list_cost,                      -- billing currency
        count(distinct resource_id) filter (charge_date > $as_of - $window_days) as resources,         -- named ones, unnamed services
        bool_or(resource_id not like 'all:%') as is_named,
        max(newest) as newest,                                                                         -- UTC day
        min(source_first_day) as source_first_day,                                                     -- UTC day
        bool_or(is_compute) as has_compute,
        bool_or(is_for_others) as is_for_others
    from placed
    where is_left
    group by all
    having resources > 0
)

select
    r.provider,
    r.sub_account_id,
    'region:' || r.home as resource_id,
    r.billing_currency,
    r.home as region_id,
    'region' as resource_type,
    r.first_day,                                                                           -- UTC day
    r.last_day,                                                                            -- UTC day
    r.observed_days,                                                                       -- days
    coalesce(r.cost, 0) as cost,                                                           -- billing currency
    r.committed_cost,                                                                      -- billing currency
    r.list_cost,                                                                           -- billing currency
    r.resources,                                                                           -- count
    r.newest as newest_resource_day,                                                       -- UTC day, or the export's first
    date_diff('day', r.newest, $as_of) + 1 as quiet_days,                                  -- days
    date_diff('day', r.source_first_day, $as_of) + 1 as history_days,                      -- days
    round(100 * r.cost / nullif(a.cost, 0), 2) as share_percent,                           -- % of the project's cost
    (
        select count(*) from moving m
        where m.moves
            and (m.provider, m.sub_account_id, m.billing_currency, m.home)
                = (r.provider, r.sub_account_id, r.billing_currency, r.home)
    )
        + case
            when r.cost > $max_share * a.cost * (1 + 1e-9)
                or r.cost >= max(r.cost) over (partition by r.provider, r.sub_account_id, r.billing_currency) then 1
            else 0
        end
        + case
            when (r.provider, r.sub_account_id, r.home) in (select (provider, sub_account_id, home) from hubs) then 1
            when r.has_compute then 0
            when r.is_for_others or (r.provider, r.sub_account_id, r.home) in (select (provider, sub_account_id, home) from unseen) then 1
            else 0
        end as moving,                                      -- kinds of use; 1 for a main region, 1 for what others use
    case when not (r.has_compute and r.is_named) then 'low' end as confidence
from regions r
join accounts a using (provider, sub_account_id, billing_currency)
