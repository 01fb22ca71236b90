/*---
id          = "gcp-cloud-advice-idle"
title       = "Google itself calls the resource idle"
kind        = "idle"
service     = "Recommender"
confidence  = "medium"
yields      = true
effort      = "low"
risk        = "medium"
blind_spots = "The judgement is Google's: it looks at the last days or weeks only, so standby systems and work that comes once a month or quarter look idle unless their CPU was measured. What was switched off since the advice is seen only once the bill shows it."
remediation = "Ask the owner, then stop or delete it; keep a snapshot of what holds data."
reason      = "{sources} advises to {action} it ({advice_age_days} days old at the end of the bill)."
[commands]
machine  = "gcloud compute instances stop {resource_name} --zone {location} --project {account_id}"
zonal    = """
gcloud compute disks snapshot {resource_name} --zone {location} --project {account_id} --snapshot-names={resource_name}-last
gcloud compute disks delete {resource_name} --zone {location} --project {account_id}"""
regional = """
gcloud compute disks snapshot {resource_name} --region {location} --project {account_id} --snapshot-names={resource_name}-last
gcloud compute disks delete {resource_name} --region {location} --project {account_id}"""
address  = "gcloud compute addresses list --project {account_id} --filter=name={resource_name}"
database = "gcloud sql instances patch {resource_name} --project {account_id} --activation-policy NEVER"
[judge]
use     = "advice_age_days"
at_most = "max_age_days"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days on all of which it must have been billed."
[params.max_age_days]
default = 30
unit    = "days"
help    = "Older advice is not used."
[params.busy_cpu_percent]
default = 20
unit    = "%"
help    = "A day of the last month with a CPU or accelerator utilisation (99th percentile) above this contradicts the advice."
---*/
with opinions as (
    select
        provider,
        sub_account_id,
        resource_id,
        count(*) as opinion_count,
        'Recommender' as sources,
        -- The newest counts; of the same day the one that knows what is really paid.
        arg_max(
            {
                'action': action, 'monthly_savings': monthly_savings, 'savings_share': savings_share,
                'savings_basis': savings_basis, 'currency': currency,
                'refreshed_on': refreshed_on
            },
            (refreshed_on, savings_basis = 'after discounts', savings_share is not null, source, action)
        ) as chosen
    from advice
    where provider = 'gcp' and action in ('delete', 'stop')
    group by all
),

lines as (
    select
        u.*,
        o.* exclude (provider, sub_account_id, resource_id, chosen),
        unnest(o.chosen)
    from usage_days u
    join opinions o using (provider, sub_account_id, resource_id)
    where u.charge_date > $as_of - $window_days
        and u.charge_date <= $as_of
),

ending as (
    -- What is only stopped goes on paying for its storage, backups and addresses.
    select *
    from lines
    where action = 'delete'
        or not regexp_matches(usage_kind, 'storage|capacity|backup|snapshot|ip address|static ip')
),

billed as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        sources,
        opinion_count,
        action,
        monthly_savings,
        savings_share,
        savings_basis,
        currency,
        refreshed_on,
        min(charge_date) as first_day,
        max(charge_date) as last_day,
        count(distinct charge_date) as observed_days,
        sum(effective_cost) as cost,
        sum(committed_cost) as committed_cost,
        sum(list_cost) as list_cost,
        list(distinct usage_type order by usage_type) filter (action = 'stop') as claims
    from ending
    group by all
),

priced as (
    select
        *,
        greatest($as_of - refreshed_on, 0) as age_days,
        -- A share is of the same thing whatever it costs; an amount is of the costs that the cloud reckons with.
        case
            when savings_share is not null then savings_share
            when monthly_savings is null then 1
            when currency <> billing_currency then null
            else monthly_savings * ($as_of - first_day + 1) / 30.4375
                / nullif(case when savings_basis = 'after discounts' then cost else greatest(cost, list_cost) end, 0)
        end as share
    from billed
),

busy as (
    -- Google looks back two weeks or so: work of a month's end, or begun since, it has not seen.
    select
        provider,
        sub_account_id,
        resource_id,
        max(metric_date) as busy_on                                                     -- UTC day
    from utilization
    where metric in ('cpu_utilization', 'gpu_utilization')
        and metric_date > $as_of - 31
        and p99 > $busy_cpu_percent
    group by all
)

select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    first_day,                                                                          -- UTC day
    last_day,                                                                           -- UTC day
    observed_days,                                                                      -- days
    cost,                                                                               -- billing currency
    committed_cost,                                                                     -- billing currency
    list_cost,                                                                          -- billing currency
    claims,                                                                             -- usage types
    least(share, 1) as saves_share,                                                     -- share of cost
    age_days as advice_age_days,                                                        -- days
    case
        when age_days > $max_age_days then 'advice too old'
        when share is null then 'advice in another currency'
        when busy_on is not null then 'measured at work'
    end as unjudged,
    refreshed_on as advice_date,                                                        -- UTC day
    sources,
    action,
    opinion_count,                                                                      -- rows of advice
    monthly_savings as advised_monthly_savings,                                         -- currency of the advice
    currency as advised_currency,
    savings_basis,
    case
        when resource_id like '//compute.%/instances/%' then 'machine'
        when resource_id like '//compute.%/zones/%/disks/%' then 'zonal'
        when resource_id like '//compute.%/regions/%/disks/%' then 'regional'
        when resource_id like '//compute.%/addresses/%' then 'address'
        when regexp_matches(resource_id, '^//(cloudsql|sqladmin)\.') and action = 'stop' then 'database'
        else ''
    end as variant
from priced
left join busy using (provider, sub_account_id, resource_id)
