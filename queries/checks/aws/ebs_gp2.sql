/*---
id          = "aws-ebs-gp2"
title       = "Volume of type gp2 would cost less as gp3"
kind        = "modernize"
service     = "Amazon Elastic Compute Cloud"
confidence  = "high"
effort      = "low"
risk        = "low"
blind_spots = "The gp3 price follows the us-east-1 ratio to the price paid for gp2. A few Local Zones and Outposts lack gp3. Without resource ids the saving is an upper bound, as the volumes' sizes are unknown."
remediation = "Change the volume type to gp3 online; keep the IOPS and throughput that the gp2 volume offers."
command     = "aws ec2 modify-volume --region {region} --volume-id {resource_name} --volume-type gp3"
reason      = "{gb} GB of gp2 with {gp2_iops} IOPS cost {cost}; the same as gp3 with {extra_iops} extra IOPS and {extra_mibps} extra MiB/s would cost {target_cost}."
references  = ["https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html"]
[judge]
target = "target_cost"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose cost is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days in the window on which the volume must have been billed."
[params.min_saving_share]
default = 0.02
unit    = "share"
help    = "Below this share of the gp2 cost the change is not worth it."
---*/
-- Ratios of us-east-1 list prices to gp2's 0.10 per GB-month: gp3 0.08 per GB-month (0.8), 0.005 per IOPS-month above
-- 3000 (0.05), 0.04 per MiB/s-month above 125 (0.4). Performance to keep, as in CID's KPI view: 3 IOPS per GB up to
-- 16000, and 250 MiB/s above 150 GB.
with volumes as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        usage_kind = 'EBS:VolumeUsage.gp2' as is_gp2,
        charge_date,
        effective_cost,
        committed_cost,
        list_cost,
        usage_type,
        consumed_quantity * day(last_day(charge_date)) as gb  -- GB-Mo of a day to GB
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and usage_kind like 'EBS:VolumeUsage%'
),
sizes as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        coalesce(min(charge_date) filter (is_gp2), min(charge_date)) as first_day,
        coalesce(max(charge_date) filter (is_gp2), max(charge_date)) as last_day,
        count(distinct charge_date) filter (is_gp2) as observed_days,
        coalesce(sum(effective_cost) filter (is_gp2), 0) as cost,
        coalesce(sum(committed_cost) filter (is_gp2), 0) as committed_cost,
        coalesce(sum(list_cost) filter (is_gp2), 0) as list_cost,
        list(distinct usage_type order by usage_type) filter (is_gp2) as claims,
        sum(gb) filter (is_gp2) / count(distinct charge_date) filter (is_gp2) as gb
    from volumes
    group by all
),
needs as (
    select
        *,
        case when resource_id like 'all:%' then 0 else greatest(least(3 * gb, 16000) - 3000, 0) end as extra_iops,
        case when gb > 150 and resource_id not like 'all:%' then 125 else 0 end as extra_mibps
    from sizes
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'EBS volume' as resource_type,
    first_day,                                                                                     -- UTC day
    last_day,                                                                                      -- UTC day
    observed_days,                                                                                 -- days
    cost,                                                                                          -- billing currency
    committed_cost,                                                                                -- billing currency
    list_cost,                                                                                     -- billing currency
    claims,                                                                                        -- usage types
    gb,                                                                                            -- GB
    case when resource_id not like 'all:%' then greatest(least(3 * gb, 16000), 100) end as gp2_iops,  -- IOPS
    extra_iops,                                                                                    -- IOPS above 3000
    extra_mibps,                                                                                   -- MiB/s above 125
    case when gb > 0 then cost * (0.8 + (0.05 * extra_iops + 0.4 * extra_mibps) / gb) end as target_cost  -- billing currency
from needs
