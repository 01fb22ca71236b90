/*---
id          = "gcp-cloud-sql-extended-support"
title       = "Database runs an engine version in paid extended support"
kind        = "modernize"
service     = "Cloud SQL"
confidence  = "high"
effort      = "high"
risk        = "medium"
blind_spots = "The bill does not say why the old version is kept, nor whether the application works with a newer one; the surcharge rises with the years after the end of support."
remediation = "Upgrade the engine to a major version in standard support, first on a clone."
command     = """
gcloud sql instances describe {resource_name} --project {account_id}
gcloud sql backups create --instance {resource_name} --project {account_id} --description=before-upgrade"""
reason      = "Extended support of {versions} cost {cost} in {observed_days} days, on top of the database itself."
references  = ["https://cloud.google.com/sql/docs/mysql/extended-support"]
[judge]
active_within_days = 4
[commands]
group = "gcloud sql instances list --project {account_id} --sort-by=databaseVersion"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose surcharge is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days with surcharge in the window before it is more than a restored copy for a test."
---*/
with lines as (
    select
        *,
        usage_kind like '%extended support%' as is_surcharge,
        regexp_matches(usage_kind, '\bv?cpu\b|\bram\b|instance') and not regexp_matches(usage_kind, 'storage|ip address|backup') as is_running
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (usage_kind like 'cloud sql%' or service_name = 'Cloud SQL' or service_code = '9662-B51E-5089')
),

marked as (
    -- What rests over a weekend has no surcharge then; what runs on without it is rid of it.
    select
        * replace (
            is_surcharge
            and max(charge_date) filter (where is_surcharge) over whole >= max(charge_date) filter (where is_running or is_surcharge) over whole - 1 as is_surcharge
        )
    from lines
    window whole as (partition by provider, sub_account_id, resource_id, billing_currency)
)

select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'Cloud SQL instance' as resource_type,
    coalesce(min(charge_date) filter (is_surcharge), min(charge_date)) as first_day,            -- UTC day
    coalesce(max(charge_date) filter (is_surcharge), max(charge_date)) as last_day,             -- UTC day
    count(distinct charge_date) filter (is_surcharge) as observed_days,                         -- days
    coalesce(sum(effective_cost) filter (is_surcharge), 0) as cost,                             -- billing currency
    coalesce(sum(committed_cost) filter (is_surcharge), 0) as committed_cost,                   -- billing currency
    coalesce(sum(list_cost) filter (is_surcharge), 0) as list_cost,                             -- billing currency
    list(distinct usage_type order by usage_type) filter (is_surcharge) as claims,              -- usage types
    -- 'postgresql v13' out of 'cloud sql for postgresql: zonal - enterprise plus extended support vcpu v13'
    string_agg(
        distinct trim(regexp_extract(usage_kind, 'for ([^:]+):', 1) || ' ' || regexp_extract(usage_kind, 'v[0-9.]+$')), ', '
    ) filter (is_surcharge) as versions,
    'high' as group_confidence                                                                  -- the lines are nothing else
from marked
group by all
