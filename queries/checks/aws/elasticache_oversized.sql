/*---
id          = "aws-elasticache-oversized"
title       = "Cache node is larger than its load needs"
kind        = "oversized"
service     = "Amazon ElastiCache"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "A peak that the weeks looked at did not show is not foreseen. Redis and Valkey work on one thread, so CPU of a large node understates how busy it is; memory must also hold a snapshot's copy-on-write. A cache fills whatever memory there is: evictions or a lower hit rate follow where the data does not fit. A reservation of the family may go unused."
remediation = "Check EngineCPUUtilization, Evictions and the memory in use, then scale the whole replication group; all nodes of one have the same type."
reason      = "Its CPU (99th percentile) reached {cpu_p99_percent} % of {vcpus} vCPUs; {target} with {target_vcpus} vCPUs and {target_memory_gib} GiB carries the expected peaks at {price_ratio} times the price."
references  = ["https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Scaling.html"]
[commands]
machine = "aws elasticache describe-cache-clusters --region {region} --cache-cluster-id {resource_name}"
group = """
aws elasticache list-allowed-node-type-modifications --region {region} --replication-group-id {resource_name}
aws elasticache modify-replication-group --region {region} --replication-group-id {resource_name} --cache-node-type {target} --no-apply-immediately
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
    -- A node of a replication group cannot be changed alone, and a replica rests while its primary works: where the
    -- group is not known (variant), its nodes are not judged.
    * replace (case when variant = 'group' or not regexp_matches(resource_id, '-\d{3}$') then options end as options),
    case when variant = 'group' then 'ElastiCache replication group' else 'ElastiCache node' end as resource_type
from machines('elasticache', $as_of, $window_days)
