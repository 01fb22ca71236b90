/*---
id          = "aws-sagemaker-endpoint-no-invocations"
title       = "SageMaker endpoint runs and nobody calls it"
kind        = "idle"
service     = "Amazon SageMaker"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "A standby, a shadow variant or a model that is asked once a quarter looks idle."
remediation = "Ask its owner, then delete the endpoint; model and endpoint configuration stay and cost nothing, so it can be created again."
command     = """
aws sagemaker describe-endpoint --region {region} --endpoint-name {resource_name}
aws sagemaker delete-endpoint --region {region} --endpoint-name {resource_name}
"""
reason      = "{requests_per_day} invocations a day in {window_days} days, for {hours} billed instance-hours as {instance_type}."
references  = ["https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-delete-resources.html"]
overrules   = ["aws-sagemaker-endpoint-idle"]
[judge]
use     = "requests_per_day"
at_most = "max_requests_per_day"
also    = { host_load = "max_host_load" }
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_requests_per_day]
default = 0
unit    = "requests"
help    = "At or below this many invocations a day the endpoint counts as idle. Health checks of the service are none."
[params.max_host_load]
default = 1
unit    = "ratio"
help    = "At or below this multiple of the two limits below its hosts do nothing either, where they were measured."
[params.max_cpu_percent]
default = 20
unit    = "%"
help    = "CPU utilisation (highest 99th percentile of a day): a container that waits needs some."
[params.max_gpu_percent]
default = 2
unit    = "%"
help    = "Accelerator utilisation (maximum)."
---*/
with endpoints as (
    select
        provider,
        sub_account_id,
        unit_id as resource_id,
        billing_currency,
        arg_max(region_id, charge_date) as region_id,
        min(charge_date) as first_day,                                          -- UTC day
        max(charge_date) as last_day,                                           -- UTC day
        count(*) as observed_days,                                              -- days
        sum(cost) as cost,                                                      -- billing currency
        sum(committed_cost) as committed_cost,                                  -- billing currency
        sum(list_cost) as list_cost,                                            -- billing currency
        sum(billed_hours) as billed_hours,                                      -- h
        sum(machine_hours) as hours,                                            -- h, instances added up
        nullif(arg_max(shape, charge_date), '') as instance_type
    from machine_units
    where machine = 'sagemaker'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        -- An asynchronous one is asked through S3, and a serverless one costs nothing while it rests.
        and (sub_account_id, unit_id) not in (
            select (sub_account_id, resource_id) from usage_meters where regexp_matches(usage_kind, '^AsyncInf|Serverless', 'i')
        )
    group by all
)
select
    e.*,
    'real-time endpoint' as resource_type,
    r.sample_hours,                                                             -- h
    r.average * 86400 as requests_per_day,
    c.highest_p99 as cpu_p99_percent,                                           -- highest of a day
    g.maximum as gpu_maximum_percent,
    coalesce(greatest(c.highest_p99 / $max_cpu_percent, g.maximum / $max_gpu_percent), 0) as host_load,   -- ratio
    $window_days as window_days                                                 -- days
from endpoints e
left join measured('requests', $as_of, $window_days) r using (provider, sub_account_id, resource_id)
left join measured('cpu_utilization', $as_of, $window_days) c using (provider, sub_account_id, resource_id)
left join measured('gpu_utilization', $as_of, $window_days) g using (provider, sub_account_id, resource_id)
