/*---
id          = "gcp-bigquery-notebook-disk"
title       = "Notebook disks are paid for while no notebook runs"
kind        = "idle"
service     = "BigQuery"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "A stopped runtime keeps its disk, and files on it may exist nowhere else; work that rests for longer than the window (a yearly report) looks forgotten. Notebook machines that a bill shows as plain instances without notebook labels are not seen."
remediation = "List the runtimes with their owners, have them copy what they need to Cloud Storage or a repository, then delete the runtimes; give the runtime template an idle shutdown."
reason      = "{gib} GiB of notebook disks were billed for {days} days and no notebook runtime ran."
references  = ["https://cloud.google.com/colab/docs/manage-runtimes"]
[commands]
"" = "gcloud colab runtimes list --project {account_id} --region {region}"
group = "gcloud colab runtimes list --project {account_id} --region {region}"
[judge]
use     = "runtime_hours"
at_most = "max_runtime_hours"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_runtime_hours]
default = 0
unit    = "h"
help    = "Up to so many runtime hours, of all notebooks of a project and region, its disks count as forgotten."
---*/
with disks as (
    select *
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (
            product_sku in ('76FD-5A76-7880', '2C83-B67B-758E')
            or regexp_matches(usage_kind, '^(notebook|colab enterprise).*(storage|disk|\bpd\b|capacity)')
        )
),

-- Tag sets of what a notebook product made: its machines are billed as cores and RAM of Compute Engine, or as slots of
-- BigQuery Standard edition with goog-bq-feature-type = BQ_STUDIO_NOTEBOOK.
notebook_tags as (
    select
        load_id,
        tag_key
    from tag_sets
    where len(list_filter(map_keys(tags), lambda k: regexp_matches(lower(k), 'notebook|colab'))) > 0
        or len(list_filter(
            map_entries(tags),
            lambda e: starts_with(lower(e.key), 'goog-') and regexp_matches(lower(e.value), 'notebook|colab')
        )) > 0
),

runtimes as (
    select
        u.sub_account_id,
        u.region_id,
        sum(
            u.consumed_quantity / case when regexp_matches(u.pricing_unit, 'second', 'i') then 3600 else 1 end
        ) as runtime_hours                                                     -- h of cores, RAM, GPUs or instances
    from usage_days u
    left join notebook_tags t using (load_id, tag_key)
    where u.provider = 'gcp'
        and u.charge_date > $as_of - $window_days
        and u.charge_date <= $as_of
        and u.product_sku not in ('76FD-5A76-7880', '2C83-B67B-758E')
        and not regexp_matches(u.usage_kind, 'storage|disk|capacity|snapshot|image|\bpd\b|data transfer|egress|static ip')
        and (
            regexp_matches(u.usage_kind, 'notebook|colab')
            or (
                t.tag_key is not null
                and regexp_matches(u.usage_kind, '\b(core|ram|cpu|vcpu|gpu|tpu|instance|compute|dcu|slot|edition)')
            )
        )
    group by all
)

select
    d.provider,
    d.sub_account_id,
    d.resource_id,
    d.billing_currency,
    max(d.region_id) as region_id,
    'Notebook disks' as resource_type,
    'medium' as group_confidence,
    min(d.charge_date) as first_day,                                           -- UTC day
    max(d.charge_date) as last_day,                                            -- UTC day
    count(distinct d.charge_date) as observed_days,                            -- days
    sum(d.effective_cost) as cost,                                             -- billing currency
    sum(d.committed_cost) as committed_cost,                                   -- billing currency
    sum(d.list_cost) as list_cost,                                             -- billing currency
    list(distinct d.usage_type order by d.usage_type) as claims,               -- usage types
    $window_days as days,                                                      -- days
    sum(
        case
            when regexp_matches(d.pricing_unit, 'hour', 'i') then d.consumed_quantity / 24
            else d.consumed_quantity * day(last_day(d.charge_date))
        end
    ) / count(distinct d.charge_date) as gib,                                  -- GiB
    coalesce((
        select sum(r.runtime_hours)
        from runtimes r
        where r.sub_account_id = d.sub_account_id
            -- A multi-region (us, eu) or none may be any region.
            and (
                r.region_id = any_value(d.region_id)
                or not contains(r.region_id, '-')
                or not contains(any_value(d.region_id), '-')
            )
    ), 0) as runtime_hours                                                     -- h
from disks d
group by d.provider, d.sub_account_id, d.resource_id, d.billing_currency
