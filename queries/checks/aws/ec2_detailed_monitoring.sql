/*---
id          = "aws-ec2-detailed-monitoring"
title       = "EC2 instance pays for one-minute metrics"
kind        = "modernize"
service     = "Amazon CloudWatch"
confidence  = "low"
effort      = "low"
risk        = "low"
blind_spots = "The bill does not show whether alarms or scaling policies need the one-minute metrics; free metrics arrive every five minutes."
remediation = "Turn detailed monitoring off where no alarm or scaling policy works at one minute; change the launch template too."
command     = """
aws cloudwatch list-metrics --region {region} --namespace AWS/EC2 --dimensions Name=InstanceId,Value={resource_name}
aws ec2 unmonitor-instances --region {region} --instance-ids {resource_name}
"""
reason      = "Detailed monitoring cost {cost} for {metric_months} metric-months in {observed_days} days."
references  = ["https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html"]
[judge]
active_within_days = 4
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose charge is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days with the charge in the window before it counts as lasting."
---*/
with running as (
    select
        provider,
        sub_account_id,
        regexp_extract(resource_id, '[^/]+$') as instance,
        max(charge_date) as last_run_day                            -- UTC day
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and regexp_matches(usage_kind, '^(Box|HostBox|Dedicated|Spot)Usage')
        and resource_id <> ''
        and resource_id not like 'all:%'
    group by all
)
select
    u.provider,
    u.sub_account_id,
    resource_id,
    billing_currency,
    'EC2 instance' as resource_type,
    case when bool_and(environment = 'non-production') then 'medium' else 'low' end as confidence,
    min(charge_date) as first_day,                                  -- UTC day
    max(charge_date) as last_day,                                   -- UTC day
    count(distinct charge_date) as observed_days,                   -- days
    sum(effective_cost) as cost,                                    -- billing currency
    sum(committed_cost) as committed_cost,                          -- billing currency
    sum(list_cost) as list_cost,                                    -- billing currency
    list(distinct usage_type order by usage_type) as claims,        -- usage types
    sum(consumed_quantity) as metric_months                         -- metric-months
from usage_days u
left join running r
    on (r.provider, r.sub_account_id, r.instance) = (u.provider, u.sub_account_id, regexp_extract(u.resource_id, '[^/]+$'))
where charge_date > $as_of - $window_days
    and charge_date <= $as_of
    and resource_id <> ''
    -- Custom metrics and those of agents and containers share the usage type; only the operation tells.
    and usage_kind = 'CW:MetricMonitorUsage'
    and operation = 'MetricStorage:AWS/EC2'
group by all
-- An instance that runs on without them has them no more; one that rests has none either.
having max(charge_date) >= coalesce(max(last_run_day) - 1, max(charge_date))
