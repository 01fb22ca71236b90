/*---
id          = "aws-ebs-gp3-extra-performance"
title       = "gp3 volume pays for performance above the free baseline"
kind        = "modernize"
service     = "Amazon Elastic Compute Cloud"
confidence  = "low"
effort      = "low"
risk        = "medium"
blind_spots = "The bill shows what is provisioned, not what is used: the whole charge is an upper bound. A database may need every operation of it."
remediation = "Compare VolumeReadOps, VolumeWriteOps and bytes of a busy month with the provisioned values; lower them to the peak plus a reserve."
command     = """
aws ec2 describe-volumes --region {region} --volume-ids {resource_name}
aws cloudwatch list-metrics --region {region} --namespace AWS/EBS --dimensions Name=VolumeId,Value={resource_name}
"""
reason      = "{extra_iops} IOPS above 3000 and {extra_mibps} MiB/s above 125 cost {cost} in {observed_days} days; the saving is at most that."
[judge]
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose surcharge is averaged."
[params.min_days]
default = 30
unit    = "days"
help    = "Days with surcharge in the window: shorter raises are a load test or a migration."
---*/
with lines as (
    select
        *,
        usage_kind = 'EBS:VolumeP-IOPS.gp3' as is_iops,
        usage_kind = 'EBS:VolumeP-Throughput.gp3' as is_throughput,
        day(last_day(charge_date)) as days_in_month
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and usage_kind in ('EBS:VolumeUsage.gp3', 'EBS:VolumeP-IOPS.gp3', 'EBS:VolumeP-Throughput.gp3')
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'EBS volume' as resource_type,
    coalesce(min(charge_date) filter (is_iops or is_throughput), min(charge_date)) as first_day,       -- UTC day
    coalesce(max(charge_date) filter (is_iops or is_throughput), max(charge_date)) as last_day,        -- UTC day
    count(distinct charge_date) filter (is_iops or is_throughput) as observed_days,                    -- days
    coalesce(sum(effective_cost) filter (is_iops or is_throughput), 0) as cost,                        -- billing currency
    coalesce(sum(committed_cost) filter (is_iops or is_throughput), 0) as committed_cost,              -- billing currency
    coalesce(sum(list_cost) filter (is_iops or is_throughput), 0) as list_cost,                        -- billing currency
    list(distinct usage_type order by usage_type) filter (is_iops or is_throughput) as claims,         -- usage types
    coalesce(
        sum(consumed_quantity * days_in_month) filter (is_iops) / count(distinct charge_date) filter (is_iops), 0
    ) as extra_iops,                                                                                   -- IOPS above 3000
    coalesce(
        -- Priced per GiB/s-month.
        sum(consumed_quantity * days_in_month * case when pricing_unit ilike 'MiBps%' then 1 else 1024 end)
            filter (is_throughput) / count(distinct charge_date) filter (is_throughput),
        0
    ) as extra_mibps,                                                                                  -- MiB/s above 125
    'upper bound: all of it' as saving_is                                                              -- text
from lines
group by all
