/*---
id          = "gcp-snapshot-old"
title       = "Snapshot has been kept for more than half a year"
kind        = "stale"
service     = "Compute Engine"
confidence  = "low"
effort      = "low"
risk        = "high"
blind_spots = "Snapshots are incremental: what deleting one frees is at most its charge, as later snapshots take over the blocks that they need. It may be a compliance copy, held by Backup and DR, or what an image or a golden disk is made from; the bill shows none of this. Where the export gives names without numbers, a snapshot that is replaced under its name looks as old as the name."
remediation = "Ask the owner; delete it when no image, backup plan or retention duty needs it, and attach a snapshot schedule with a retention to its disk."
command     = """
gcloud compute snapshots describe {resource_name} --project {account_id}
gcloud compute images list --project {account_id} --no-standard-images --filter=sourceSnapshot~{resource_name}
"""
reason      = "Billed since at least {billed_since}, {age_days} days ago; its {gib} GiB cost {cost} in the window, the most that deleting it can save."
[judge]
value    = "age_days"
at_least = "min_age_days"
history  = "history_days"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is averaged."
[params.min_age_days]
default = 180
unit    = "days"
help    = "A snapshot billed for this long counts as old."
[params.saving_share]
default = 1.0
unit    = "share"
help    = "Part of the charge that deleting the snapshot frees; 1 is the upper bound."
---*/
with seen as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        min(first_day) as billed_since,
        max(last_day) as last_day,
        min(source_first_day) as source_first_day
    from usage_months
    where provider = 'gcp'
        and (
            product_sku = '66AB-BA17-351C'
            or regexp_matches(usage_kind, '(pd|disk|archive|standard) snapshot')
        )
        and (service_code = '6F81-5844-456A' or service_name = 'Compute Engine')
        and not regexp_matches(usage_kind, 'early delet|retriev|restor|transfer|egress|network|instant')
        -- A sum over snapshots has no age.
        and resource_id <> ''
        and not starts_with(resource_id, 'all:')
    group by all
),
paid as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        count(distinct charge_date) as observed_days,
        sum(effective_cost) as cost,
        sum(committed_cost) as committed_cost,
        sum(list_cost) as list_cost,
        list(distinct usage_type order by usage_type) as claims,
        sum(consumed_quantity * day(last_day(charge_date))) / count(distinct charge_date) as gib
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and provider = 'gcp'
        and (
            product_sku = '66AB-BA17-351C'
            or regexp_matches(usage_kind, '(pd|disk|archive|standard) snapshot')
        )
        and (service_code = '6F81-5844-456A' or service_name = 'Compute Engine')
        and not regexp_matches(usage_kind, 'early delet|retriev|restor|transfer|egress|network|instant')
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'disk snapshot' as resource_type,
    billed_since as first_day,                                     -- UTC day
    last_day,                                                      -- UTC day
    coalesce(observed_days, 0) as observed_days,                   -- days
    coalesce(cost, 0) as cost,                                     -- billing currency
    committed_cost,                                                -- billing currency
    list_cost,                                                     -- billing currency
    claims,                                                        -- usage types as billed
    billed_since,                                                  -- UTC day
    date_diff('day', billed_since, $as_of) as age_days,            -- days, at least
    date_diff('day', source_first_day, $as_of) as history_days,    -- days
    gib,                                                           -- GiB
    'upper bound: snapshots are incremental' as saving_is          -- text
from seen
left join paid using (provider, sub_account_id, resource_id, billing_currency)
