/*---
id          = "aws-rds-extended-support"
title       = "Database runs an engine version in paid extended support"
kind        = "modernize"
service     = "Amazon Relational Database Service"
confidence  = "high"
effort      = "high"
risk        = "medium"
blind_spots = "The bill does not say why the old version is kept, nor whether the application works with a newer one; the surcharge rises in the third year."
remediation = "Upgrade the engine to a major version in standard support, first on a restored copy or with a blue/green deployment."
reason      = "Extended support of {engines} cost {cost} for {vcpu_hours} vCPU- or ACU-hours in {observed_days} days, on top of the database itself."
references  = ["https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html"]
[commands]
instance         = """
aws rds describe-db-instances --region {region} --db-instance-identifier {resource_name}
aws rds create-db-snapshot --region {region} --db-instance-identifier {resource_name} --db-snapshot-identifier {resource_name}-before-upgrade
"""
cluster          = """
aws rds describe-db-clusters --region {region} --db-cluster-identifier {resource_name}
aws rds create-db-cluster-snapshot --region {region} --db-cluster-identifier {resource_name} --db-cluster-snapshot-identifier {resource_name}-before-upgrade
"""
cluster-resource = "aws rds describe-db-clusters --region {region} --filters Name=db-cluster-resource-id,Values={resource_name}"
[judge]
active_within_days = 4
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
        usage_kind like '%ExtendedSupport:%' as is_surcharge
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        -- DocumentDB shares the ARNs and the usage types of RDS: aws-search-cache-extended-support judges it.
        and service_code in ('AmazonRDS', '')
        and service_name not ilike '%DocumentDB%'
        and usage_kind not ilike '%:DocDB%'
        and (
            usage_kind like '%ExtendedSupport:%'
            or usage_kind like '%InstanceUsage%:db.%'
            or usage_kind like '%Multi-AZ%Usage:db.%'
            or usage_kind like 'Aurora:ServerlessV2%Usage'
        )
),
marked as (
    -- What rests over a weekend has no surcharge then; what runs on without it is rid of it.
    select
        * replace (
            is_surcharge
            and max(charge_date) filter (where is_surcharge) over whole >= max(charge_date) over whole - 1 as is_surcharge
        )
    from lines
    window whole as (partition by provider, sub_account_id, resource_id, billing_currency)
),
began as (
    -- Over the whole history: the first days of the window may be ones on which the database was stopped.
    select
        provider,
        sub_account_id,
        resource_id,
        min(first_day) as first_day  -- UTC day
    from usage_months
    where usage_kind like '%ExtendedSupport:%'
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    case when resource_id like '%:cluster:%' then 'DB cluster' else 'DB instance' end as resource_type,
    case
        when resource_id like '%:cluster:cluster-%' then 'cluster-resource'
        when resource_id like '%:cluster:%' then 'cluster'
        else 'instance'
    end as variant,
    coalesce(min(began.first_day), min(charge_date)) as first_day,                                          -- UTC day
    coalesce(max(charge_date) filter (is_surcharge), max(charge_date)) as last_day,                         -- UTC day
    count(distinct charge_date) filter (is_surcharge) as observed_days,                                     -- days
    coalesce(sum(effective_cost) filter (is_surcharge), 0) as cost,                                         -- billing currency
    coalesce(sum(committed_cost) filter (is_surcharge), 0) as committed_cost,                               -- billing currency
    coalesce(sum(list_cost) filter (is_surcharge), 0) as list_cost,                                         -- billing currency
    list(distinct usage_type order by usage_type) filter (is_surcharge) as claims,                          -- usage types
    list(distinct regexp_extract(usage_kind, '[^:]+$') order by regexp_extract(usage_kind, '[^:]+$'))
        filter (is_surcharge) as engines,                                                                   -- engine and version
    coalesce(bool_or(usage_kind like '%:Yr3:%') filter (is_surcharge), false) as third_year,                -- true, false
    coalesce(sum(consumed_quantity) filter (is_surcharge), 0) as vcpu_hours                                 -- vCPU-h or ACU-h
from marked
left join began using (provider, sub_account_id, resource_id)
group by all
