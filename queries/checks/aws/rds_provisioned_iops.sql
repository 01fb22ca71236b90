/*---
id          = "aws-rds-provisioned-iops"
title       = "Database storage with provisioned IOPS that gp3 can deliver"
kind        = "modernize"
service     = "Amazon Relational Database Service"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "The bill shows neither latency nor throughput needs. gp3 above 3000 IOPS is priced as if none of it were free, though most engines include 12000 from 400 GB on; its price follows the us-east-1 ratio."
remediation = "Compare the peaks of ReadIOPS, WriteIOPS and throughput with gp3's limits, take a snapshot, then change the storage type."
command     = """
aws rds describe-db-instances --region {region} --db-instance-identifier {resource_name}
aws rds create-db-snapshot --region {region} --db-instance-identifier {resource_name} --db-snapshot-identifier {resource_name}-before-gp3
"""
reason      = "{gb} GB with {iops} provisioned IOPS cost {cost}; as gp3 with the same IOPS they would cost {target_cost}."
references  = ["https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html"]
[judge]
target = "target_cost"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose cost is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days in the window on which the storage must have been billed."
[params.max_gp3_iops]
default = 16000
unit    = "IOPS"
help    = "What gp3 storage can deliver at most; 64000 for most engines, 16000 for SQL Server."
[params.large_gb]
default = 400
unit    = "GB"
help    = "Below this size gp3 is fixed at 3000 IOPS and 125 MiB/s for most engines."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "Below this share of the cost the change is not worth it."
---*/
-- Ratios of us-east-1 list prices, the same for Single-AZ and Multi-AZ: gp3 storage 0.115 to io1/io2 0.125 per GB-month
-- (0.92), gp3 IOPS 0.02 to io1/io2 0.10 per IOPS-month (0.2).
with lines as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        usage_type,
        effective_cost,
        committed_cost,
        list_cost,
        consumed_quantity * day(last_day(charge_date)) as amount,  -- GB-Mo or IOPS-Mo of a day to GB or IOPS
        case
            when regexp_matches(usage_kind, '^RDS:(Multi-AZ-|Multi-AZCluster-|Mirror-)?PIOPS-Storage(-IO2)?$') then 'storage'
            when regexp_matches(usage_kind, '^RDS:(Multi-AZ-|Multi-AZCluster-|Mirror-)?(IO2-)?PIOPS$') then 'iops'
        end as part
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (usage_kind like 'RDS:%Storage%' or usage_kind like 'RDS:%PIOPS')
),
databases as (
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
        sum(effective_cost) filter (part = 'storage') as storage_cost,
        sum(effective_cost) filter (part = 'iops') as iops_cost,
        sum(amount) filter (part = 'storage') / count(distinct charge_date) filter (part = 'storage') as gb,
        sum(amount) filter (part = 'iops') / count(distinct charge_date) filter (part = 'iops') as iops
    from lines
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'DB instance' as resource_type,
    case when gb >= $large_gb then 'medium' else 'low' end as confidence,
    first_day,                               -- UTC day
    last_day,                                -- UTC day
    observed_days,                           -- days
    cost,                                    -- billing currency
    committed_cost,                          -- billing currency
    list_cost,                               -- billing currency
    claims,                                  -- usage types
    gb,                                      -- GB
    iops,                                    -- IOPS
    greatest(iops - 3000, 0) as extra_iops,  -- IOPS above 3000
    case
        when resource_id like 'all:%' or gb <= 0 or iops <= 0 then null  -- limits are those of one database
        when iops <= case when gb >= $large_gb then $max_gp3_iops else 3000 end
            then 0.92 * storage_cost + 0.2 * iops_cost * greatest(iops - 3000, 0) / iops
        when iops is not null and gb is not null then cost
    end as target_cost                       -- billing currency
from databases
