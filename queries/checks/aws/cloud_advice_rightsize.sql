/*---
id          = "aws-cloud-advice-rightsize"
title       = "AWS itself advises a smaller or cheaper shape"
kind        = "modernize"
service     = "AWS Compute Optimizer"
confidence  = "medium"
yields      = true
effort      = "medium"
risk        = "medium"
blind_spots = "The judgement is AWS's: it sees metrics of its look-back window only, memory only where an agent reports it (what was measured here must fit), and no licence that is bound to the machine."
remediation = "Compare the peaks of a whole month with what the advised shape offers, then change it in a maintenance window."
reason      = "{sources} advises {target_shape} instead of {current_shape} ({advice_age_days} days old at the end of the bill)."
[commands]
machine  = """
aws ec2 stop-instances --region {region} --instance-ids {resource_name}
aws ec2 modify-instance-attribute --region {region} --instance-id {resource_name} --instance-type {target}
aws ec2 start-instances --region {region} --instance-ids {resource_name}"""
database = "aws rds modify-db-instance --region {region} --db-instance-identifier {resource_name} --db-instance-class {target} --no-apply-immediately"
storage  = "aws rds describe-db-instances --region {region} --db-instance-identifier {resource_name}"
volume   = "aws ec2 describe-volumes --region {region} --volume-ids {resource_name}"
function = "aws lambda update-function-configuration --region {region} --function-name {resource_name} --memory-size {target}"
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
        *,
        case source
            when 'aws-compute-optimizer' then 'Compute Optimizer'
            when 'aws-cost-optimization-hub' then 'Cost Optimization Hub'
            else source
        end as adviser,
        case
            when regexp_matches(resource_id, '(^|/)i-[0-9a-z]+$') then 'machine'
            when regexp_matches(resource_id, '(^|/)vol-[0-9a-z]+$') then 'volume'
            when resource_id like 'arn:%:rds:%:db:%' and current_shape like 'db.%' then 'database'
            when resource_id like 'arn:%:rds:%:db:%' then 'storage'
            when resource_id like 'arn:%:lambda:%:function:%' then 'function'
        end as part,
        -- The bill's own spelling: BoxUsage:m5.2xlarge, InstanceUsage:db.m5.2xl, EBS:VolumeUsage.piops.
        replace(regexp_extract(current_shape, '^[^ (]+'), 'xlarge', 'xl') as shape
    from advice
    where provider = 'aws' and action in ('rightsize', 'modernize')
),

chosen as (
    select
        provider,
        sub_account_id,
        resource_id,
        part,
        array_to_string(list_sort(list(distinct adviser)), ' and ') as sources,
        count(*) as opinion_count,
        -- The newest counts; of the same day the one that knows what is really paid, and another size before another kind.
        arg_max(
            {
                'shape': shape, 'current_shape': current_shape, 'target_shape': target_shape,
                'monthly_savings': monthly_savings, 'savings_share': savings_share, 'savings_basis': savings_basis,
                'currency': currency, 'lookback_days': lookback_days, 'refreshed_on': refreshed_on
            },
            (
                refreshed_on, savings_basis = 'after discounts', action = 'rightsize', savings_share is not null,
                monthly_savings, source, target_shape
            )
        ) as advised
    from opinions
    where part is not null
    group by all
),

lines as (
    select
        u.*,
        c.* exclude (provider, sub_account_id, resource_id, advised),
        unnest(c.advised)
    from usage_days u
    join chosen c using (provider, sub_account_id, resource_id)
    where u.charge_date > $as_of - $window_days
        and u.charge_date <= $as_of
),

-- Only what the present shape costs. A resource that has another shape by now has no such lines any more.
meant as (
    select *
    from lines
    where case part
        when 'machine' then regexp_matches(usage_kind, 'BoxUsage|SpotUsage|DedicatedUsage')
            and (ends_with(replace(usage_kind, 'xlarge', 'xl'), ':' || shape) or replace(instance_type, 'xlarge', 'xl') = shape)
        when 'database' then regexp_matches(usage_kind, '(InstanceUsage|InstanceUsageIOOptimized|Multi-AZ[A-Za-z]*Usage):db\.')
            and (ends_with(replace(usage_kind, 'xlarge', 'xl'), ':' || shape) or replace(instance_type, 'xlarge', 'xl') = shape)
        when 'storage' then regexp_matches(usage_kind, '^RDS:.*(Storage|PIOPS|IOPS|Throughput)')
            and not regexp_matches(usage_kind, 'Backup|Snapshot')
        when 'volume' then usage_kind like 'EBS:Volume%'
            and ends_with(usage_kind, '.' || case shape when 'io1' then 'piops' else shape end)
        when 'function' then usage_kind like '%Lambda-GB-Second%'
    end
),

billed as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        part,
        sources,
        opinion_count,
        current_shape,
        target_shape,
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
                / nullif(case when savings_basis = 'after discounts' then cost else list_cost end, 0), 1)
        end as share
    from billed
),

-- AWS sees no memory without an agent: what was measured here must fit into the target.
loads as (
    select p.*, c.highest_p99 as cpu_percent, m.highest_p99 as memory_percent
    from priced p
    left join measured('cpu_utilization', $as_of, $window_days) c using (provider, sub_account_id, resource_id)
    left join measured('memory_utilization', $as_of, $window_days) m using (provider, sub_account_id, resource_id)
),

checked as (
    select
        l.*,
        l.cpu_percent / 100 * now.vcpus > target.vcpus or l.memory_percent / 100 * now.memory_gib > target.memory_gib
            as is_too_small
    from loads l
    left join list_shapes now
        on l.part in ('machine', 'database') and now.provider = 'aws' and now.shape = l.current_shape
        and now.service = if(l.part = 'machine', 'ec2', 'rds')
    left join list_shapes target
        on target.provider = 'aws' and target.shape = l.target_shape and target.service = now.service
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
        when is_too_small then 'the load measured here does not fit'
    end as unjudged,
    age_days as advice_age_days,                                                        -- days
    refreshed_on as advice_date,                                                        -- UTC day
    sources,
    opinion_count,                                                                      -- rows of advice
    current_shape,
    target_shape,
    case part when 'function' then regexp_extract(target_shape, '^[0-9]+') else target_shape end as target,
    monthly_savings as advised_monthly_savings,                                         -- currency of the advice
    currency as advised_currency,
    savings_basis,
    lookback_days,                                                                      -- days
    case when lookback_days >= 14 and savings_share is not null then 'medium' else 'low' end as confidence,
    part as variant
from checked
-- A database may be advised on its class and on its storage: the finding is about what saves more.
qualify row_number() over (
    partition by provider, sub_account_id, resource_id, billing_currency
    order by (age_days <= $max_age_days and share is not null) desc, (cost - committed_cost) * share desc nulls last, part
) = 1
