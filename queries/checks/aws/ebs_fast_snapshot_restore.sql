/*---
id          = "aws-ebs-fast-snapshot-restore"
title       = "Fast snapshot restore has been left on for more than a week"
kind        = "stale"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "The bill does not show how often volumes are made from the snapshot: fleets that scale many times a day may rely on it."
remediation = "Disable fast snapshot restore in the zones where no volumes are made from the snapshot; the snapshot itself stays."
command     = "aws ec2 describe-fast-snapshot-restores --region {region} --filters Name=snapshot-id,Values={resource_name}"
reason      = "Billed on {days_on} of the last {window_days} days in {zones} availability zones: {dsu_hours} hours."
references  = ["https://docs.aws.amazon.com/ebs/latest/userguide/ebs-fast-snapshot-restore.html"]
[judge]
value   = "days_on"
at_least = "min_days"
history = "history_days"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days in which the days with the charge are counted."
[params.min_days]
default = 8
unit    = "days"
help    = "Days with the charge from which on it counts as left on."
---*/
with lines as (
    select
        *,
        usage_kind = 'EBS:FastSnapshotRestore' as is_restore
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and usage_kind in ('EBS:FastSnapshotRestore', 'EBS:SnapshotUsage')
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'EBS snapshot' as resource_type,
    coalesce(min(charge_date) filter (is_restore), min(charge_date)) as first_day,           -- UTC day
    coalesce(max(charge_date) filter (is_restore), max(charge_date)) as last_day,            -- UTC day
    count(distinct charge_date) filter (is_restore) as observed_days,                        -- days
    count(distinct charge_date) filter (is_restore) as days_on,                              -- days
    $window_days as window_days,                                                             -- days
    date_diff('day', min(source_first_day), $as_of) + 1 as history_days,                     -- days
    coalesce(sum(effective_cost) filter (is_restore), 0) as cost,                            -- billing currency
    coalesce(sum(committed_cost) filter (is_restore), 0) as committed_cost,                  -- billing currency
    coalesce(sum(list_cost) filter (is_restore), 0) as list_cost,                            -- billing currency
    list(distinct usage_type order by usage_type) filter (is_restore) as claims,             -- usage types
    sum(consumed_quantity) filter (is_restore) as dsu_hours,                                 -- h per zone
    ceil(sum(consumed_quantity) filter (is_restore) / 24
        / count(distinct charge_date) filter (is_restore) - 1e-6) as zones                   -- availability zones
from lines
group by all
