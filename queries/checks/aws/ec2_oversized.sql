/*---
id          = "aws-ec2-oversized"
title       = "Instance is larger than its load needs"
kind        = "oversized"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "A peak that the weeks looked at did not show (year's end, a launch, a failover) is not foreseen. Without an agent AWS sees no memory: then memory is kept. Software licensed by its cores or by instance type, clusters of fixed size, placement groups and image drivers may forbid the change; a commitment to the family goes unused."
remediation = "Ask its owner, change the type in a quiet hour (the instance stops for minutes), and watch it for a week; for a group change the launch template and replace its members by turns."
reason      = "Its CPU (99th percentile) reached {cpu_p99_percent} % of {vcpus} vCPUs; {target} with {target_vcpus} vCPUs and {target_memory_gib} GiB carries the expected peaks at {price_ratio} times the price."
references  = ["https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-resize.html"]
[commands]
machine = """
aws ec2 stop-instances --region {region} --instance-ids {resource_name}
aws ec2 modify-instance-attribute --region {region} --instance-id {resource_name} --instance-type {target}
aws ec2 start-instances --region {region} --instance-ids {resource_name}
"""
group = "aws autoscaling describe-auto-scaling-groups --region {region} --auto-scaling-group-names {resource_name}"
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
    case when variant = 'group' then 'group of EC2 instances' else 'EC2 instance' end as resource_type
from machines('ec2', $as_of, $window_days)
