/*---
id          = "aws-database-insights-advanced"
title       = "Database pays for advanced Database Insights or long retention"
kind        = "modernize"
service     = "Amazon CloudWatch"
confidence  = "low"
effort      = "low"
risk        = "low"
blind_spots = "The bill does not show whether anyone looks at the fleet view, locks, plans or the 15 months of history, which are lost when it is turned off."
remediation = "Where nobody uses the history, change to standard Database Insights with its free 7 days; export what must be kept first."
reason      = "Database Insights in advanced mode, or Performance Insights with paid retention, cost {cost} for {vcpu_hours} vCPU- or ACU-hours in {observed_days} days."
references  = ["https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.html"]
[commands]
instance = """
aws rds describe-db-instances --region {region} --db-instance-identifier {resource_name}
aws rds modify-db-instance --region {region} --db-instance-identifier {resource_name} --database-insights-mode standard --performance-insights-retention-period 7
"""
aurora   = "aws rds describe-db-instances --region {region} --db-instance-identifier {resource_name}"
cluster  = "aws rds describe-db-clusters --region {region}"
[judge]
active_within_days = 4
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose charge is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days with the charge in the window before it is more than a look at a problem."
---*/
with lines as (
    select
        *,
        usage_kind like '%DatabaseInsights-%' or usage_kind like '%PI_LTR:%' as is_insight
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (
            usage_kind like '%DatabaseInsights-%'
            or usage_kind like '%PI_LTR:%'
            or usage_kind like '%InstanceUsage%:db.%'
            or usage_kind like '%Multi-AZ%Usage:db.%'
        )
),
marked as (
    -- What rests over a weekend is not watched then; what runs on without is not watched any more.
    select
        * replace (
            is_insight
            and max(charge_date) filter (where is_insight) over whole >= max(charge_date) over whole - 1 as is_insight
        )
    from lines
    window whole as (partition by provider, sub_account_id, resource_id, billing_currency)
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'Database' as resource_type,
    case
        when bool_or(resource_id like '%:cluster:%') then 'cluster'
        -- For Aurora the mode is the cluster's.
        when bool_or(operation ilike 'Aurora%') filter (is_insight) then 'aurora'
        else 'instance'
    end as variant,
    case when bool_and(environment = 'non-production') then 'medium' else 'low' end as confidence,
    coalesce(min(charge_date) filter (is_insight), min(charge_date)) as first_day,   -- UTC day
    coalesce(max(charge_date) filter (is_insight), max(charge_date)) as last_day,    -- UTC day
    count(distinct charge_date) filter (is_insight) as observed_days,                -- days
    coalesce(sum(effective_cost) filter (is_insight), 0) as cost,                    -- billing currency
    coalesce(sum(committed_cost) filter (is_insight), 0) as committed_cost,          -- billing currency
    coalesce(sum(list_cost) filter (is_insight), 0) as list_cost,                    -- billing currency
    list(distinct usage_type order by usage_type) filter (is_insight) as claims,     -- usage types
    coalesce(sum(consumed_quantity) filter (is_insight), 0) as vcpu_hours            -- vCPU-h or ACU-h (PI_LTR: vCPU-months)
from marked
group by all
