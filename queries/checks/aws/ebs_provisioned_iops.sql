/*---
id          = "aws-ebs-provisioned-iops"
title       = "Provisioned-IOPS volume asks for what gp3 can deliver"
kind        = "modernize"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "The bill shows neither Multi-Attach, which gp3 lacks, nor the need for io2's durability and steady latency. The gp3 price follows the us-east-1 ratio to the prices paid."
remediation = "Check Multi-Attach and latency needs, then change the volume to gp3 online with the IOPS and throughput it needs."
reason      = "{gb} GB with {iops} provisioned IOPS cost {cost}; gp3 with {extra_iops} extra IOPS and {extra_mibps} extra MiB/s would cost {target_cost}."
references  = ["https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html"]
command     = """
aws ec2 describe-volumes --region {region} --volume-ids {resource_name}
aws ec2 create-snapshot --region {region} --volume-id {resource_name}
"""
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
[params.max_gp3_iops]
default = 16000
unit    = "IOPS"
help    = "What gp3 can deliver at most; since late 2025 up to 80000 in many regions."
[params.max_gp3_gb]
default = 16384
unit    = "GB"
help    = "How large a gp3 volume can be; since late 2025 up to 65536 in many regions."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "Below this share of the cost the change is not worth it."
---*/
-- Ratios of us-east-1 list prices: gp3 storage 0.08 to io1/io2 0.125 per GB-month (0.64), gp3 IOPS 0.005 to io1/io2
-- 0.065 per IOPS-month (1/13), gp3 throughput 0.04 per MiB/s-month to 0.125 per GB-month (0.32).
with lines as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        usage_type,
        usage_kind,
        effective_cost,
        committed_cost,
        list_cost,
        consumed_quantity * day(last_day(charge_date)) as amount,  -- GB-Mo or IOPS-Mo of a day to GB or IOPS
        case
            when usage_kind in ('EBS:VolumeUsage.piops', 'EBS:VolumeUsage.io2') then 'storage'
            when usage_kind in ('EBS:VolumeP-IOPS.piops', 'EBS:VolumeP-IOPS.io2') then 'iops'
            when usage_kind like 'EBS:VolumeP-IOPS.io2.tier%' then 'iops-tier'
        end as part
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (usage_kind like 'EBS:VolumeUsage%' or usage_kind like 'EBS:VolumeP-IOPS.%')
),
volumes as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        coalesce(min(charge_date) filter (part is not null), min(charge_date)) as first_day,
        coalesce(max(charge_date) filter (part is not null), max(charge_date)) as last_day,
        count(distinct charge_date) filter (part is not null) as observed_days,
        coalesce(sum(effective_cost) filter (part is not null), 0) as cost,
        coalesce(sum(committed_cost) filter (part is not null), 0) as committed_cost,
        coalesce(sum(list_cost) filter (part is not null), 0) as list_cost,
        list(distinct usage_type order by usage_type) filter (part is not null) as claims,
        coalesce(bool_or(usage_kind like '%.io2%'), false) as is_io2,
        sum(effective_cost) filter (part = 'storage') as storage_cost,
        sum(effective_cost) filter (part = 'iops') / nullif(sum(amount) filter (part = 'iops'), 0) as iops_price,
        sum(amount) filter (part = 'storage') / count(distinct charge_date) filter (part = 'storage') as gb,
        sum(amount) filter (part like 'iops%') / count(distinct charge_date) filter (part like 'iops%') as iops,
        count(distinct charge_date) filter (part = 'iops') as iops_days
    from lines
    group by all
),
needs as (
    select
        *,
        greatest(iops - 3000, 0) as extra_iops,
        -- 256 KiB per operation; io1 ends at 500 MiB/s up to 32000 IOPS, gp3 at 1000.
        greatest(least(iops / 4, case when is_io2 then 1000 else 500 end) - 125, 0) as extra_mibps,
        iops <= least($max_gp3_iops, greatest(3000, 500 * gb)) and gb <= $max_gp3_gb as fits
    from volumes
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'EBS volume' as resource_type,
    case when is_io2 then 'low' else 'medium' end as confidence,
    first_day,       -- UTC day
    last_day,        -- UTC day
    observed_days,   -- days
    cost,            -- billing currency
    committed_cost,  -- billing currency
    list_cost,       -- billing currency
    claims,          -- usage types
    gb,              -- GB
    iops,            -- IOPS
    extra_iops,      -- IOPS above 3000
    extra_mibps,     -- MiB/s above 125
    case
        when resource_id like 'all:%' then null  -- the limit is one of a volume, a sum tells nothing
        when fits
            then storage_cost * (0.64 + 0.32 * extra_mibps / gb) + iops_price / 13 * extra_iops * iops_days
        when not fits then cost
    end as target_cost  -- billing currency
from needs
