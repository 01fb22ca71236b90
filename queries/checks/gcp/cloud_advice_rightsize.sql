/*---
id          = "gcp-cloud-advice-rightsize"
title       = "Google itself advises a smaller machine type"
kind        = "modernize"
service     = "Recommender"
confidence  = "low"
yields      = true
effort      = "medium"
risk        = "medium"
blind_spots = "The judgement is Google's: for machines it looks at about a week, and at memory only where an agent reports it. What it saves is Google's estimate, as a part of what is paid."
remediation = "Compare the peaks of a whole month with what the advised type offers, then change it in a maintenance window."
reason      = "Recommender advises {target_shape} instead of {current_shape} ({advice_age_days} days old at the end of the bill)."
[commands]
machine  = """
gcloud compute instances stop {resource_name} --zone {location} --project {account_id}
gcloud compute instances set-machine-type {resource_name} --zone {location} --project {account_id} --machine-type {target}
gcloud compute instances start {resource_name} --zone {location} --project {account_id}"""
database = "gcloud sql instances patch {resource_name} --project {account_id} --tier {target}"
[judge]
ratio = "cost_ratio"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose cost is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days in the window on which the present shape must have been billed."
[params.max_age_days]
default = 30
unit    = "days"
help    = "Older advice is not used."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "Below this share of the cost the change is not worth it."
---*/
with opinions as (
    select
        provider,
        sub_account_id,
        resource_id,
        count(*) as opinion_count,
        -- The newest counts; of the same day the one that knows what is really paid.
        arg_max(
            {
                'current_shape': current_shape, 'target_shape': target_shape, 'monthly_savings': monthly_savings,
                'savings_share': savings_share, 'savings_basis': savings_basis, 'currency': currency,
                'refreshed_on': refreshed_on
            },
            (refreshed_on, savings_basis = 'after discounts', monthly_savings, target_shape)
        ) as advised
    from advice
    where provider = 'gcp' and action = 'rightsize'
    group by all
),

lines as (
    select
        u.*,
        regexp_matches(u.resource_id, '^//(cloudsql|sqladmin)\.') as is_database,
        o.* exclude (provider, sub_account_id, resource_id, advised),
        unnest(o.advised)
    from usage_days u
    join opinions o using (provider, sub_account_id, resource_id)
    where u.charge_date > $as_of - $window_days
        and u.charge_date <= $as_of
),

-- Only what the present type costs. A machine that has another type by now has no such lines any more.
meant as (
    select *
    from lines
    where case
        when is_database then regexp_matches(usage_kind, '\b(v?cpu|ram|micro|small)\b') and usage_kind not like '%storage%'
        else regexp_matches(
            usage_kind,
            'instance (core|ram)|^(compute|memory)[ -]optimized (instance )?(core|ram)|(micro|small) instance with'
        ) and (current_shape = '' or coalesce(instance_type, '') in ('', current_shape))
    end
),

billed as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        is_database,
        opinion_count,
        current_shape,
        target_shape,
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
        list(distinct usage_type order by usage_type) as claims
    from meant
    group by all
),

priced as (
    select
        *,
        greatest($as_of - refreshed_on, 0) as age_days,
        -- A share is of the same thing whatever it costs; an amount is of the costs that the cloud reckons with.
        case
            when savings_share is not null then least(savings_share, 1)
            when currency <> billing_currency then null
            else least(monthly_savings * ($as_of - first_day + 1) / 30.4375
                / nullif(case when savings_basis = 'after discounts' then cost else greatest(cost, list_cost) end, 0), 1)
        end as share
    from billed
),

-- Google looks back two weeks or so, and sees memory where it has an agent: what was measured in a month must fit.
sizes as (
    select
        p.*,
        c.highest_p99 as cpu_percent,                                                   -- highest of a day
        m.highest_p99 as memory_percent,                                                -- highest of a day
        -- The names of custom types say their size.
        coalesce(now.vcpus, try_cast(regexp_extract(p.current_shape, 'custom-(\d+)-\d+', 1) as double)) as vcpus,
        coalesce(target.vcpus, try_cast(regexp_extract(p.target_shape, 'custom-(\d+)-\d+', 1) as double)) as target_vcpus,
        coalesce(now.memory_gib, try_cast(regexp_extract(p.current_shape, 'custom-\w+-(\d+)', 1) as double) / 1024) as memory_gib,
        coalesce(target.memory_gib, try_cast(regexp_extract(p.target_shape, 'custom-\w+-(\d+)', 1) as double) / 1024)
            as target_memory_gib
    from priced p
    left join measured('cpu_utilization', $as_of, 31) c using (provider, sub_account_id, resource_id)
    left join measured('memory_utilization', $as_of, 31) m using (provider, sub_account_id, resource_id)
    left join list_shapes now
        on now.provider = 'gcp' and now.service = if(p.is_database, 'cloudsql', 'compute') and now.shape = p.current_shape
    left join list_shapes target
        on target.provider = 'gcp' and target.service = if(p.is_database, 'cloudsql', 'compute') and target.shape = p.target_shape
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
    1 - share as cost_ratio,                                                            -- new cost / old cost
    case
        when age_days > $max_age_days then 'advice too old'
        when cpu_percent / 100 * vcpus > target_vcpus or memory_percent / 100 * memory_gib > target_memory_gib
            then 'the load measured here does not fit'
    end as unjudged,
    age_days as advice_age_days,                                                        -- days
    refreshed_on as advice_date,                                                        -- UTC day
    opinion_count,                                                                      -- rows of advice
    current_shape,
    target_shape,
    target_shape as target,
    monthly_savings as advised_monthly_savings,                                         -- currency of the advice
    currency as advised_currency,
    savings_basis,
    case when is_database then 'database' else 'machine' end as variant
from sizes
