/*---
id          = "aws-ebs-volume-idle"
title       = "Attached volume is hardly ever read or written"
kind        = "idle"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Data that nobody touches may still be wanted: an archive, the last copy of a database, a spare disk. A snapshot keeps it for less, but is billed, too."
remediation = "Ask its owner, take a snapshot, wait until it is complete, then unmount, detach and delete the volume."
command     = """
aws ec2 describe-volumes --region {region} --volume-ids {resource_name}
aws ec2 create-snapshot --region {region} --volume-id {resource_name}
aws ec2 detach-volume --region {region} --volume-id {resource_name}
aws ec2 delete-volume --region {region} --volume-id {resource_name}
"""
reason      = "{gb} GB had {operations_per_day} reads and writes a day in {window_days} days."
references  = ["https://docs.aws.amazon.com/compute-optimizer/latest/ug/view-idle-recommendations.html"]
[judge]
use     = "operations_per_day"
at_most = "max_operations_per_day"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_operations_per_day]
default = 0.99
unit    = "operations"
help    = "At or below this many reads and writes a day the volume counts as idle: Compute Optimizer takes fewer than one."
---*/
with volume_days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        bit_count(bit_or(hours_mask)) as billed_hours,
        sum(effective_cost) as cost,
        sum(committed_cost) as committed_cost,
        sum(list_cost) as list_cost,
        coalesce(sum(consumed_quantity) filter (usage_kind like 'EBS:VolumeUsage%'), 0) as gb_months
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and usage_kind like 'EBS:Volume%'
        and resource_id <> ''
        and not starts_with(resource_id, 'all:')
    group by all
)
select
    v.provider,
    v.sub_account_id,
    v.resource_id,
    v.billing_currency,
    'EBS volume' as resource_type,
    min(v.charge_date) as first_day,                                            -- UTC day
    max(v.charge_date) as last_day,                                             -- UTC day
    count(*) as observed_days,                                                  -- days
    sum(v.cost) as cost,                                                        -- billing currency
    sum(v.committed_cost) as committed_cost,                                    -- billing currency
    sum(v.list_cost) as list_cost,                                              -- billing currency
    sum(v.billed_hours)::bigint as billed_hours,                                -- h
    any_value(m.sample_hours) as sample_hours,                                  -- h
    round(max_by(v.gb_months * day(last_day(v.charge_date)), v.charge_date)) as gb,   -- GB, on the last day
    $window_days as window_days,                                                -- days
    any_value(m.average) * 86400 as operations_per_day,
    case when any_value(m.maximum) = 0 then 'high' end as confidence            -- else the check's
from volume_days v
left join measured('disk_operations', $as_of, $window_days) m using (provider, sub_account_id, resource_id)
group by all
