/*---
id          = "aws-sagemaker-endpoint-oversized"
title       = "SageMaker endpoint runs on larger instances than it needs"
kind        = "oversized"
service     = "Amazon SageMaker"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "A peak that the weeks looked at did not show is not foreseen. Latency may grow on a smaller instance even where the load fits. Endpoints with several instance types are not judged; a model compiled for one accelerator does not run on another."
remediation = "Test the model's latency on the new type, then create an endpoint configuration with it and update the endpoint, which changes over without a break."
reason      = "Its CPU (99th percentile) reached {cpu_p99_percent} % of {vcpus} vCPUs; {target} with {target_vcpus} vCPUs and {target_memory_gib} GiB carries the expected peaks at {price_ratio} times the price."
references  = ["https://docs.aws.amazon.com/sagemaker/latest/dg/inference-recommender.html"]
[commands]
machine = "aws sagemaker describe-endpoint --region {region} --endpoint-name {resource_name}"
[judge]
[params.window_days]
default = 60
unit    = "days"
help    = "Trailing days whose load and cost are looked at."
[params.min_days]
default = 14
unit    = "days"
help    = "Fewer days with samples say too little about what is to come."
[params.cpu_headroom]
default = 0.2
unit    = "share"
help    = "Part of the new vCPUs that the expected peak leaves free."
[params.memory_headroom]
default = 0.2
unit    = "share"
help    = "Part of the new memory that the expected peak leaves free."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "A change that saves less is not worth it."
---*/
select
    -- Variants on several instance types mix their loads: none is known.
    * replace (case when len(claims) = 1 then options end as options),
    'real-time endpoint' as resource_type
from machines('sagemaker', $as_of, $window_days)
