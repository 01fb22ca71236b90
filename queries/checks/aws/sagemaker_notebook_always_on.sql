/*---
id          = "aws-sagemaker-notebook-always-on"
title       = "SageMaker notebook runs at night and on weekends"
kind        = "schedule"
service     = "Amazon SageMaker"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "A job that trains or serves inside the notebook may need the nights; what is only in memory is lost on a stop. The notebook's volume goes on being billed."
remediation = "Save the work and stop it, then add idle shutdown: a lifecycle configuration for notebook instances, the domain's idle settings for Studio."
reason      = "Ran {hours} h in the window on {instance_type}."
references  = ["https://docs.aws.amazon.com/sagemaker/latest/dg/studio-updated-idle-shutdown.html"]
[judge]
hours    = "hours"
at_least = "min_hours_share"
[commands]
notebook = """
aws sagemaker describe-notebook-instance --region {region} --notebook-instance-name {resource_name}
aws sagemaker stop-notebook-instance --region {region} --notebook-instance-name {resource_name}
"""
studio = "aws sagemaker list-apps --region {region}"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed: two weekends."
[params.min_hours_share]
default = 0.95
unit    = "share"
help    = "From this share of the window's hours on it runs around the clock."
[params.working_hours_per_week]
default = 50
unit    = "h"
help    = "Hours per week that would do."
---*/
with days as (
    -- Rows of one notebook may repeat its hours (partly covered by a plan): masks are OR-ed. A daily export has all
    -- bits set; there the quantity says how many hours it was. Minutes of an hour count as minutes.
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        least(24, bit_count(bit_or(hours_mask)), sum(consumed_quantity)) as hours,
        sum(effective_cost) as cost,
        sum(committed_cost) as committed_cost,
        sum(list_cost) as list_cost,
        list(distinct usage_type) as claims,
        max(regexp_extract(usage_kind, 'ml\..*')) as instance_type,
        bool_or(starts_with(usage_kind, 'Notebk:')) as is_notebook
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and regexp_matches(usage_kind, '^(Notebk:|Studio:(KernelGateway-|JupyterLab-|CodeEditor-)?)ml\.')
        and resource_id <> ''
        and not starts_with(resource_id, 'all:')
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    case when bool_or(is_notebook) then 'SageMaker notebook instance' else 'SageMaker Studio app' end as resource_type,
    case when bool_or(is_notebook) then 'notebook' else 'studio' end as variant,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(distinct charge_date) as observed_days,                                               -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list_distinct(flatten(list(claims))) as claims,                                             -- usage types as billed
    max(instance_type) as instance_type,
    -- Apps of several people by turns would look like one that never stops.
    sum(hours) filter (not regexp_matches(resource_id, ':(domain|user-profile|space)/')) as hours  -- h
from days
group by all
