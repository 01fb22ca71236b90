/*---
id          = "aws-rds-oversized"
title       = "Database instance is larger than its load needs"
kind        = "oversized"
service     = "Amazon Relational Database Service"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "A peak that the weeks looked at did not show (year's end, a migration, a failover from another instance) is not foreseen; a replica that may have to take over must be as large as what it replaces. Buffers fill whatever memory there is, so free memory understates what a smaller class would do. Limits of connections and of storage throughput shrink with the class; a reservation of the family may go unused."
remediation = "Ask its owner, check the parameter group for fixed sizes, then modify the instance in its maintenance window, the replica before its source."
reason      = "Its CPU (99th percentile) reached {cpu_p99_percent} % of {vcpus} vCPUs; {target} with {target_vcpus} vCPUs and {target_memory_gib} GiB carries the expected peaks at {price_ratio} times the price."
references  = ["https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html"]
[commands]
machine = """
aws rds describe-valid-db-instance-modifications --region {region} --db-instance-identifier {resource_name}
aws rds modify-db-instance --region {region} --db-instance-identifier {resource_name} --db-instance-class {target} --no-apply-immediately
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
    *,
    'RDS database instance' as resource_type
from machines('rds', $as_of, $window_days)
