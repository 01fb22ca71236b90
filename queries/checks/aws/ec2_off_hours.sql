/*---
id          = "aws-ec2-off-hours"
title       = "Non-production instance runs at night and on weekends"
kind        = "schedule"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "The environment is read from tags, account and resource names. Night builds, load tests, teams in other time zones and shared tools (bastion, CI, licence server) may need the nights. Daily exports show hours, not which. Disks and addresses go on being billed; an instance-store root cannot be stopped, a stopped instance may get another public address."
remediation = "Stop the instance outside working hours with a schedule (EventBridge Scheduler, Instance Scheduler); for a group use scheduled actions."
reason      = "Ran {hours} h in the window, {days} days of them around the clock or nearly so, and is marked {environment_found}."
references  = ["https://docs.aws.amazon.com/solutions/latest/instance-scheduler-on-aws/"]
[judge]
hours    = "hours"
at_least = "min_hours_share"
[commands]
instance = """
aws ec2 describe-instances --region {region} --instance-ids {resource_name}
aws ec2 stop-instances --region {region} --instance-ids {resource_name}
"""
group = "aws ec2 describe-instances --region {region} --instance-ids {resource_name}"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed: two weekends."
[params.min_hours_share]
default = 0.95
unit    = "share"
help    = "From this share of the window's hours on the instance runs around the clock."
[params.working_hours_per_week]
default = 50
unit    = "h"
help    = "Hours per week that would do."
---*/
with managed as (
    -- Members of Auto Scaling groups and nodes of clusters: whoever stops one gets a new one.
    select
        load_id,
        tag_key
    from tag_sets
    where list_bool_or(
        list_transform(
            map_keys(tags),
            lambda k: regexp_matches(
                regexp_replace(lower(k), '[^a-z0-9]', '', 'g'),
                'autoscalinggroupname|ekscluster|eksnodegroup|kubernetesiocluster|karpentersh|elasticmapreduce|ecsclustername|amazonecsmanaged'
            )
        )
    )
),
days as (
    -- Covered, partly covered and on-demand rows of one instance repeat its hours: masks are OR-ed. A daily export has
    -- all bits set; there the quantity says how many hours it was. Minutes of an hour count as minutes.
    select
        u.provider,
        u.sub_account_id,
        u.resource_id,
        u.billing_currency,
        u.charge_date,
        least(24, bit_count(bit_or(u.hours_mask)), sum(u.consumed_quantity)) as hours,
        sum(u.effective_cost) as cost,
        sum(u.committed_cost) as committed_cost,
        sum(u.list_cost) as list_cost,
        list(distinct u.usage_type) as claims,
        max(split_part(u.usage_kind, ':', 2)) as instance_type,
        bool_or(m.tag_key is not null) as is_managed
    from usage_days u
    left join managed m using (load_id, tag_key)
    where u.charge_date > $as_of - $window_days
        and u.charge_date <= $as_of
        -- GameLift, EMR and others name usage BoxUsage, too.
        and (u.service_code = 'AmazonEC2' or (u.service_code = '' and u.service_name ilike '%Elastic Compute Cloud%'))
        and (u.usage_kind = 'BoxUsage' or u.usage_kind like 'BoxUsage:%')
        and u.pricing_category <> 'Dynamic'
        and u.resource_id <> ''
        and not starts_with(u.resource_id, 'all:')  -- several instances by turns would look like one that never stops
    group by all
)
select
    d.provider,
    d.sub_account_id,
    d.resource_id,
    d.billing_currency,
    'EC2 instance' as resource_type,
    case when bool_or(d.is_managed) then 'group' else 'instance' end as variant,
    case when bool_or(d.is_managed) then 'low' end as confidence,                               -- else the check's
    min(d.charge_date) as first_day,                                                            -- UTC day
    max(d.charge_date) as last_day,                                                             -- UTC day
    count(distinct d.charge_date) as observed_days,                                             -- days
    sum(d.cost) as cost,                                                                        -- billing currency
    sum(d.committed_cost) as committed_cost,                                                    -- billing currency
    sum(d.list_cost) as list_cost,                                                              -- billing currency
    list_distinct(flatten(list(d.claims))) as claims,                                           -- usage types as billed
    max(d.instance_type) as instance_type,
    sum(d.hours) as hours,                                                                      -- h
    count(*) filter (d.hours >= 23) as days,                                                    -- days
    bool_or(d.is_managed) as is_managed_by_group,                                               -- Auto Scaling, EKS, ECS, EMR
    max(r.environment) as environment_found
from days d
join resources r using (provider, sub_account_id, resource_id)
where r.environment = 'non-production'
group by all
