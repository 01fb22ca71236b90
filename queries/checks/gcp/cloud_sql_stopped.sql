/*---
id          = "gcp-cloud-sql-stopped"
title       = "Stopped Cloud SQL instance goes on paying for storage"
kind        = "idle"
service     = "Cloud SQL"
confidence  = "medium"
effort      = "low"
risk        = "high"
blind_spots = "A stopped instance may be kept on purpose: for the end of a season, an audit, a yearly report or a slow migration. Its backups are not counted: a final one costs about as much as those kept today."
remediation = "Ask the owner, then delete the instance with a final backup (gcloud sql instances delete --enable-final-backup) or after an export to Cloud Storage; its other backups are deleted with it unless they are retained on purpose."
command     = """
gcloud sql instances describe {resource_name} --project {account_id}
gcloud sql backups list --instance {resource_name} --project {account_id}"""
reason      = "Storage and addresses were billed on {observed_days} days, vCPU, memory and traffic on {running_days} of them."
references  = ["https://cloud.google.com/sql/docs/mysql/start-stop-restart-instance", "https://cloud.google.com/sql/docs/mysql/backup-recovery/backups"]
[judge]
use     = "days_of_use"
at_most = "max_running_days"
[commands]
group = "gcloud sql instances list --project {account_id} --filter=settings.activationPolicy=NEVER"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_running_days]
default = 0
unit    = "days"
help    = "Up to this many days of running in the window the instance counts as stopped."
[params.history_days]
default = 100
unit    = "days"
help    = "Days looked back for the pause before a start of the last weeks: an instance that runs at the end of every month is used."
[params.min_pause_days]
default = 7
unit    = "days"
help    = "A start after more days of rest than these shows that somebody stops and starts the instance."
---*/
with lines as (
    select
        *,
        case when pricing_unit ilike '%month%' then consumed_quantity * day(last_day(charge_date)) end as monthly_gib,
        regexp_matches(usage_kind, 'storage|data cache') and not regexp_matches(usage_kind, 'backup') as is_storage,
        regexp_matches(usage_kind, 'ip address') as is_address,
        -- Whatever is neither kept data nor an address is work: vCPU, RAM, micro and small instances, licences, traffic,
        -- exports, and texts that are not known yet.
        not regexp_matches(usage_kind, 'storage|data cache|backup|ip address') as is_work
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (usage_kind like 'cloud sql%' or service_name = 'Cloud SQL' or service_code = '9662-B51E-5089')
),

-- Corrections negate a day and restate it: what counts is the day's sum.
work_days as (
    select
        sub_account_id,
        region_id,
        resource_id,
        resource_id like 'all:%' as is_unnamed,
        charge_date
    from lines
    where is_work
    group by all
    having sum(consumed_quantity) > 0 or sum(effective_cost) > 0
),

instances as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        resource_id like 'all:%' as is_group,
        arg_max(region_id, effective_cost) as region_id,
        min(charge_date) filter (is_storage or is_address) as first_day,                        -- UTC day
        max(charge_date) filter (is_storage or is_address) as last_day,                         -- UTC day
        count(distinct charge_date) filter (is_storage or is_address) as observed_days,         -- days
        sum(effective_cost) filter (is_storage or is_address) as cost,                          -- billing currency
        sum(committed_cost) filter (is_storage or is_address) as committed_cost,                -- billing currency
        sum(list_cost) filter (is_storage or is_address) as list_cost,                          -- billing currency
        list(distinct usage_type order by usage_type) filter (is_storage or is_address) as claims,  -- usage types
        sum(monthly_gib) filter (is_storage)
            / count(distinct charge_date) filter (is_storage) as gib                            -- GiB
    from lines
    group by all
    -- Addresses that name neither instance nor region say nothing of a region's databases.
    having bool_or(is_storage) or (bool_or(is_address) and resource_id not like 'all:%')
),

worked as (
    select
        i.sub_account_id,
        i.resource_id,
        count(distinct w.charge_date) filter (w.resource_id = i.resource_id or i.is_group) as running_days,  -- days
        -- Work that names no instance may be this one's; in a group everything of the region counts.
        bool_or(w.is_unnamed and not i.is_group) as is_blind
    from instances i
    left join work_days w
        on w.sub_account_id = i.sub_account_id
        and (not i.is_group or w.region_id in (i.region_id, ''))
    group by all
),

-- Days of work in the month before the window that came after a long rest: it is started when it is needed.
past as (
    select
        sub_account_id,
        resource_id,
        charge_date,
        bool_or(not regexp_matches(usage_kind, 'storage|data cache|backup|ip address') and consumed_quantity > 0) as is_at_work
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $history_days
        and charge_date <= $as_of - $window_days
        and (usage_kind like 'cloud sql%' or service_name = 'Cloud SQL' or service_code = '9662-B51E-5089')
    group by all
),

started as (
    select
        sub_account_id,
        resource_id,
        count(*) filter (
            is_at_work
            and charge_date > $as_of - $window_days - 31
            and charge_date - last_before > $min_pause_days
        ) as restarts
    from (
        select
            *,
            coalesce(
                lag(case when is_at_work then charge_date end ignore nulls) over days,
                min(charge_date) over days
            ) as last_before
        from past
        window days as (partition by sub_account_id, resource_id order by charge_date)
    )
    group by all
)

select
    i.* exclude (is_group),  -- first_day, last_day: UTC days; amounts: billing currency; claims: usage types; gib: GiB
    'Cloud SQL instance' as resource_type,
    case when not coalesce(w.is_blind, false) then w.running_days end as running_days,          -- days
    coalesce(s.restarts, 0) as restarts_before,                                                 -- count
    case when not coalesce(w.is_blind, false) then w.running_days + coalesce(s.restarts, 0) end as days_of_use,  -- days
    'medium' as group_confidence
from instances i
join worked w using (sub_account_id, resource_id)
left join started s using (sub_account_id, resource_id)
