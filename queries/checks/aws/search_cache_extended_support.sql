/*---
id          = "aws-search-cache-extended-support"
title       = "Search domain, cache or document database in paid extended support"
kind        = "modernize"
service     = "Amazon OpenSearch Service"
confidence  = "high"
effort      = "medium"
risk        = "medium"
blind_spots = "The bill does not say why the old version is kept, nor whether clients work with a newer one."
remediation = "Upgrade the engine to a version in standard support; test clients against it first."
reason      = "Extended support cost {cost} for {hours} billed hours in {observed_days} days, on top of the resource itself."
[commands]
opensearch  = """
aws opensearch describe-domain --region {region} --domain-name {resource_name}
aws opensearch get-compatible-versions --region {region} --domain-name {resource_name}
"""
elasticache = "aws elasticache describe-cache-clusters --region {region}"
docdb       = "aws docdb describe-db-clusters --region {region}"
[judge]
active_within_days = 4
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose surcharge is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days with surcharge in the window before it counts as lasting."
---*/
with lines as (
    select
        *,
        usage_kind ilike '%ExtendedSupport%' as is_surcharge,
        -- AmazonES: OpenSearchExtendedSupport; AmazonElastiCache: ExtendedSupportYr1_Yr2-NodeUsage:cache.r5.large;
        -- AmazonDocDB: ExtendedSupport with the engine's name, on ARNs like those of RDS.
        case
            when service_code = 'AmazonES' or usage_kind ilike '%OpenSearchExtendedSupport' or usage_kind like 'ESInstance:%'
                then 'opensearch'
            when service_code = 'AmazonElastiCache' or usage_kind like '%NodeUsage:cache.%' then 'elasticache'
            when service_code = 'AmazonDocDB' or service_name ilike '%DocumentDB%' or usage_kind ilike '%ExtendedSupport%:DocDB%'
                then 'docdb'
        end as engine
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (
            usage_kind ilike '%ExtendedSupport%'
            or usage_kind like 'ESInstance:%'
            or usage_kind like '%NodeUsage:cache.%'
            or (service_code = 'AmazonDocDB' and usage_kind like '%InstanceUsage%:db.%')
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
    where engine is not null
    window whole as (partition by provider, sub_account_id, resource_id, billing_currency)
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    max(engine) as variant,
    case max(engine)
        when 'opensearch' then 'Amazon OpenSearch Service'
        when 'elasticache' then 'Amazon ElastiCache'
        else 'Amazon DocumentDB (with MongoDB compatibility)'
    end as service_name,
    coalesce(min(charge_date) filter (is_surcharge), min(charge_date)) as first_day,  -- UTC day
    coalesce(max(charge_date) filter (is_surcharge), max(charge_date)) as last_day,   -- UTC day
    count(distinct charge_date) filter (is_surcharge) as observed_days,               -- days
    coalesce(sum(effective_cost) filter (is_surcharge), 0) as cost,                   -- billing currency
    coalesce(sum(committed_cost) filter (is_surcharge), 0) as committed_cost,         -- billing currency
    coalesce(sum(list_cost) filter (is_surcharge), 0) as list_cost,                   -- billing currency
    list(distinct usage_type order by usage_type) filter (is_surcharge) as claims,    -- usage types
    coalesce(sum(consumed_quantity) filter (is_surcharge), 0) as hours                -- instance-, node- or vCPU-h
from marked
group by all
