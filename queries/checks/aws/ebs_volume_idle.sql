/*---
id          = "aws-ebs-volume-idle"
title       = "Attached volume is hardly ever read or written"
kind        = "idle"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "Data that nobody touches may still be wanted: an archive, the last copy of a database, a spare disk. A snapshot keeps it for less, but is billed, too."
remediation = "Ask its owner, take a snapshot, wait until it is complete, then unmount, detach and delete the volume."
command     = """
aws ec2 describe-volumes --region {region} --volume-ids {resource_name}
aws ec2 create-snapshot --region {region} --volume-id {resource_name}
aws ec2 detach-volume --region {region} --volume-id {resource_name}
aws ec2 delete-volume --region {region} --volume-id {resource_name}
"""
reason      = "{gb} GB had {operations_per_day} reads and writes a day in {window_days} days."
references  = ["https://docs.aws.amazon.com/compute-optimizer/latest/ug/view-idle-recommendations.html"]
[judge]
use     = "operations_per_day"
at_most = "max_operations_per_day"
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_operations_per_day]
default = 0.99
unit    = "operations"
help    = "At or below this many reads and writes a day the volume counts as idle: Compute Optimizer takes fewer than one."
---*/
select
    v.*,
    'EBS volume' as resource_type,
    m.sample_hours,                                                             -- h
    $window_days as window_days,                                                -- days
    m.average * 86400 as operations_per_day,
    case when m.maximum = 0 then 'high' end as confidence                       -- else the check's
from volumes($as_of, $window_days) v
left join measured('disk_operations', $as_of, $window_days) m using (provider, sub_account_id, resource_id)
