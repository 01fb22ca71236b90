/*---
id          = "aws-cloud-advice-idle"
title       = "AWS itself calls the resource idle"
kind        = "idle"
service     = "AWS Compute Optimizer"
confidence  = "medium"
yields      = true
effort      = "low"
risk        = "medium"
blind_spots = "The judgement is AWS's: it sees metrics of its look-back window only, so standby systems and work that comes once a month or quarter look idle. What was switched off since the advice is seen only once the bill shows it, and work begun since only where its CPU is measured."
remediation = "Ask the owner, then stop or delete it; keep a snapshot of what holds data."
reason      = "{sources} advises to {action} it ({advice_age_days} days old at the end of the bill)."
[commands]
machine  = "aws ec2 stop-instances --region {region} --instance-ids {resource_name}"
volume   = """
aws ec2 create-snapshot --region {region} --volume-id {resource_name}
aws ec2 delete-volume --region {region} --volume-id {resource_name}"""
database = "aws rds stop-db-instance --region {region} --db-instance-identifier {resource_name}"
gateway  = """
aws ec2 describe-route-tables --region {region} --filters Name=route.nat-gateway-id,Values={resource_name}
aws ec2 delete-nat-gateway --region {region} --nat-gateway-id {resource_name}"""
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
help    = "A day since the advice with a CPU utilisation (99th percentile) above this contradicts it."
---*/
with opinions as (
    select
        provider,
        sub_account_id,
        resource_id,
        count(*) as opinion_count,
        array_to_string(list_sort(list(distinct case source
            when 'aws-compute-optimizer' then 'Compute Optimizer'
            when 'aws-cost-optimization-hub' then 'Cost Optimization Hub'
            else source end)), ' and ') as sources,
        -- The newest counts; of the same day the one that knows what is really paid.
        arg_max(
            {
                'action': action, 'monthly_savings': monthly_savings, 'savings_share': savings_share,
                'savings_basis': savings_basis, 'currency': currency, 'lookback_days': lookback_days,
                'refreshed_on': refreshed_on
            },
            (refreshed_on, savings_basis = 'after discounts', savings_share is not null, source, action)
        ) as chosen
    from advice
    where provider = 'aws' and action in ('delete', 'stop')
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
        or not regexp_matches(usage_kind, 'Storage|Volume|Snapshot|Backup|IOUsage|PIOPS|IPv4|ElasticIP')
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
        lookback_days,
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
                / nullif(case when savings_basis = 'after discounts' then cost else list_cost end, 0)
        end as share
    from billed
),

busy_since as (
    -- Advice is some weeks old: who has been at work since then is not idle.
    select
        u.provider,
        u.sub_account_id,
        u.resource_id,
        max(u.metric_date) as busy_on                                                   -- UTC day
    from utilization u
    join opinions o using (provider, sub_account_id, resource_id)
    where u.metric in ('cpu_utilization', 'gpu_utilization')
        and u.metric_date >= o.chosen.refreshed_on
        and u.metric_date > $as_of - $window_days
        and u.p99 > $busy_cpu_percent
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
        when busy_on is not null then 'measured at work since the advice'
    end as unjudged,
    refreshed_on as advice_date,                                                        -- UTC day
    sources,
    action,
    opinion_count,                                                                      -- rows of advice
    monthly_savings as advised_monthly_savings,                                         -- currency of the advice
    currency as advised_currency,
    savings_basis,
    lookback_days,                                                                      -- days
    case when lookback_days >= 14 then 'medium' else 'low' end as confidence,
    case
        when regexp_matches(resource_id, '(^|/)i-[0-9a-z]+$') then 'machine'
        when regexp_matches(resource_id, '(^|/)vol-[0-9a-z]+$') then 'volume'
        when regexp_matches(resource_id, '(^|/)nat-[0-9a-z]+$') then 'gateway'
        when resource_id like 'arn:%:rds:%:db:%' and action = 'stop' then 'database'
        else ''
    end as variant
from priced
left join busy_since using (provider, sub_account_id, resource_id)
