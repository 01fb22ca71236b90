/*---
id          = "aws-dynamodb-table-idle"
title       = "DynamoDB table with paid capacity is neither read nor written"
kind        = "idle"
service     = "Amazon DynamoDB"
confidence  = "high"
effort      = "low"
risk        = "low"
blind_spots = "What runs less than once in four weeks is not seen. Reads of an index count for the index: only the table's own capacity is claimed. On demand nothing is paid while nothing happens, and a rare job pays by request. Storage goes on until the table is deleted."
remediation = "Switch the table to on-demand capacity, which costs nothing at rest; ask its owner, take a backup and delete it when nobody needs it."
command     = """
aws dynamodb create-backup --region {region} --table-name {resource_name} --backup-name {resource_name}-unused
aws dynamodb update-table --region {region} --table-name {resource_name} --billing-mode PAY_PER_REQUEST"""
reason      = "{used_units} capacity units used in {window_days} days."
references  = ["https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html"]
[judge]
use     = "used_units"
at_most = "max_used_units"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_used_units]
default = 0
unit    = "units"
help    = "At or below this many capacity units read and written in the window nobody uses it."
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
        sum(consumed_quantity) as unit_hours,                                                   -- unit-h
        list(distinct usage_type) as usage_types
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and regexp_matches(usage_kind, '(Read|Write)CapacityUnit-Hrs$')
        and resource_id <> ''
        and resource_id not like 'all:%'
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'DynamoDB table' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(*) as observed_days,                                                                  -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list_distinct(flatten(list(usage_types))) as claims,                                        -- usage types
    sum(hours) as billed_hours,                                                                 -- h
    if(r.total is null or w.total is null, null, least(r.sample_hours, w.sample_hours)) as sample_hours,    -- h
    r.total + w.total as used_units,                                                            -- units
    a.average + b.average as provisioned_units,                                                 -- units, average
    -- What is billed beyond the table's own units belongs to its indexes.
    coalesce(least(1, any_value(a.average + b.average) * sum(hours) / nullif(sum(unit_hours), 0)), 1)
        as table_share,                                                                         -- share
    table_share as saves_share,                                                                 -- share
    case when table_share < 0.99 or any_value(a.average) is null then 'medium' end as confidence,
    $window_days as window_days                                                                 -- days
from days
left join measured('consumed_read_units', $as_of, $window_days) r using (provider, sub_account_id, resource_id)
left join measured('consumed_write_units', $as_of, $window_days) w using (provider, sub_account_id, resource_id)
left join measured('provisioned_read_units', $as_of, $window_days) a using (provider, sub_account_id, resource_id)
left join measured('provisioned_write_units', $as_of, $window_days) b using (provider, sub_account_id, resource_id)
group by all
