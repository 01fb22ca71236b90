/*---
id          = "aws-opensearch-oversized"
title       = "OpenSearch domain runs on larger nodes than it needs"
kind        = "oversized"
service     = "Amazon OpenSearch Service"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "A peak that the weeks looked at did not show is not foreseen, nor what a node has to carry when another fails. CPU is that of the busiest data node; the heap is half of a node's memory, so less memory means less heap. Domains with nodes of several types (dedicated masters, warm nodes) are not judged: their loads are not told apart."
remediation = "Check JVMMemoryPressure and shards per node, then change the data nodes' type; the domain moves its shards by itself (blue/green)."
reason      = "Its CPU (99th percentile) reached {cpu_p99_percent} % of {vcpus} vCPUs; {target} with {target_vcpus} vCPUs and {target_memory_gib} GiB carries the expected peaks at {price_ratio} times the price."
references  = ["https://docs.aws.amazon.com/opensearch-service/latest/developerguide/sizing-domains.html"]
[commands]
machine = """
aws opensearch describe-domain --region {region} --domain-name {resource_name}
aws opensearch update-domain-config --region {region} --domain-name {resource_name} --cluster-config InstanceType={target} --dry-run
"""
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
    -- Dedicated masters and warm nodes are billed as nodes, too: several types mix their loads, and none is known.
    * replace (case when len(claims) = 1 then options end as options),
    'OpenSearch domain' as resource_type
from machines('opensearch', $as_of, $window_days)
