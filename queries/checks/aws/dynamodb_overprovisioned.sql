/*---
id          = "aws-dynamodb-overprovisioned"
title       = "DynamoDB table with more capacity than its peak needs"
kind        = "modernize"
service     = "Amazon DynamoDB"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Load within a minute, hot partitions and what comes less than once in four weeks are not seen; with samples of an hour, peaks within it are not, and less is sure. Capacity of indexes is billed with the table and left as it is. Reserved capacity that becomes free is paid to its end."
remediation = "Lower the provisioned capacity, or the minimum of auto scaling, to the peak with head-room; where peaks are short, compare with on-demand capacity."
command     = """
aws application-autoscaling describe-scalable-targets --region {region} --service-namespace dynamodb --resource-ids table/{resource_name}
aws dynamodb update-table --region {region} --table-name {resource_name} --provisioned-throughput {target}"""
reason      = "Its peaks of {read_peak} read and {write_peak} write units per second need {needed_read_units} and {needed_write_units} of {read_units} and {write_units} provisioned units."
references  = ["https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CostOptimization_RightSizedProvisioning.html"]
[judge]
target = "cost_after"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days whose load and cost are compared."
[params.min_days]
default = 14
unit    = "days"
help    = "A table billed on fewer days is too short-lived to judge."
[params.headroom]
default = 0.3
unit    = "share"
help    = "Head-room above the highest p99 of a day; the highest peak itself always has room."
[params.min_saving_share]
default = 0.1
unit    = "share"
help    = "Capacity that saves less than this is not worth a finding."
---*/
with days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        bit_count(bit_or(hours_mask)) as hours,                                                 -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost,                                                            -- billing currency
        coalesce(sum(effective_cost) filter (usage_kind like '%ReadCapacityUnit-Hrs'), 0) as read_cost, -- billing currency
        sum(consumed_quantity) filter (usage_kind like '%ReadCapacityUnit-Hrs') as read_hours,  -- unit-h
        sum(consumed_quantity) filter (usage_kind like '%WriteCapacityUnit-Hrs') as write_hours, -- unit-h
        list(distinct usage_type) as usage_types
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and regexp_matches(usage_kind, '(Read|Write)CapacityUnit-Hrs$')
        and resource_id <> ''
        and resource_id not like 'all:%'
    group by all
),
tables as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        min(charge_date) as first_day,                                                          -- UTC day
        max(charge_date) as last_day,                                                           -- UTC day
        count(*) as observed_days,                                                              -- days
        sum(hours) as billed_hours,                                                             -- h
        sum(cost) as cost,                                                                      -- billing currency
        sum(committed_cost) as committed_cost,                                                  -- billing currency
        sum(list_cost) as list_cost,                                                            -- billing currency
        sum(read_cost) as read_cost,                                                            -- billing currency
        sum(read_hours) as read_hours,                                                          -- unit-h
        sum(write_hours) as write_hours,                                                        -- unit-h
        list_distinct(flatten(list(usage_types))) as claims                                     -- usage types
    from days
    group by all
),
needs as (
    select
        t.*,
        a.average as read_units,                                                                -- provisioned, average
        b.average as write_units,                                                               -- provisioned, average
        r.maximum as read_peak,                                                                 -- units per second
        w.maximum as write_peak,                                                                -- units per second
        -- p99 with head-room, and never less than what was once needed.
        least(ceil(read_units), greatest(1, ceil(r.highest_p99 * (1 + $headroom)), ceil(r.maximum))) as needed_read_units,
        least(ceil(write_units), greatest(1, ceil(w.highest_p99 * (1 + $headroom)), ceil(w.maximum))) as needed_write_units,
        -- Null where one of the four is not known.
        case
            when r.total + w.total + a.average + b.average is not null
                then least(r.sample_hours, w.sample_hours, a.sample_hours, b.sample_hours)
        end as sample_hours,                                                                    -- h
        -- Means of more than five minutes hide the peaks that count.
        case when least(r.sample_count / r.sample_hours, w.sample_count / w.sample_hours) < 11 then 'low' end as confidence
    from tables t
    left join measured('consumed_read_units', $as_of, $window_days) r using (provider, sub_account_id, resource_id)
    left join measured('consumed_write_units', $as_of, $window_days) w using (provider, sub_account_id, resource_id)
    left join measured('provisioned_read_units', $as_of, $window_days) a using (provider, sub_account_id, resource_id)
    left join measured('provisioned_write_units', $as_of, $window_days) b using (provider, sub_account_id, resource_id)
)
select
    * exclude (read_cost, read_hours, write_hours),
    'DynamoDB table' as resource_type,
    -- Units too many, in every billed hour and at the price paid here.
    cost
    - read_cost * coalesce(least(1, greatest(0, read_units - needed_read_units) * billed_hours / nullif(read_hours, 0)), 0)
    - (cost - read_cost)
        * coalesce(least(1, greatest(0, write_units - needed_write_units) * billed_hours / nullif(write_hours, 0)), 0)
    + 0 * sample_hours as cost_after,                                                           -- billing currency
    format('ReadCapacityUnits={:d},WriteCapacityUnits={:d}', needed_read_units::bigint, needed_write_units::bigint) as target
from needs
