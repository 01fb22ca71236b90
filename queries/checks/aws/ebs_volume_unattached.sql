/*---
id          = "aws-ebs-volume-unattached"
title       = "Volume is attached to no instance"
kind        = "stale"
service     = "Amazon Elastic Compute Cloud"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "Nobody uses the volume, but somebody may want its data: a rescued disk, a kept database, a Kubernetes volume with the policy Retain, one that a nightly job attaches for a while between two looks. A snapshot keeps the data for less, but is billed, too."
remediation = "Ask its owner (tags, the instance it belonged to), take a snapshot, wait until it is complete, then delete the volume; one that Kubernetes made is deleted there."
command     = """
aws ec2 describe-volumes --region {region} --volume-ids {resource_name}
aws ec2 create-snapshot --region {region} --volume-id {resource_name}
aws ec2 delete-volume --region {region} --volume-id {resource_name}
"""
reason      = "{gb} GB are known to be attached to nothing for {unattached_days} days, and are billed in full."
references  = ["https://docs.aws.amazon.com/compute-optimizer/latest/ug/view-idle-recommendations.html"]
[judge]
unseen   = "no inventory"
value    = "unattached_days"
at_least = "min_days"
history  = "known_days"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is averaged."
[params.min_days]
default = 14
unit    = "days"
help    = "Days for which the volume must have been unattached."
[params.max_inventory_age]
default = 7
unit    = "days"
help    = "What the inventory said longer ago than this may have changed."
---*/
with seen as (
    select
        *,
        seen_at::date >= $as_of - $max_inventory_age as is_fresh
    from states
)
select
    v.* exclude (billed_hours),
    'EBS volume' as resource_type,
    s.state,
    s.since,                                                                    -- UTC day
    s.seen_at::date as state_seen_on,                                           -- UTC day
    ($as_of - v.first_day) + 1 as known_days,                                   -- days
    -- Metrics of a volume end when it is detached: younger samples contradict the inventory.
    case
        when not s.is_fresh then null
        when s.state = 'unattached' then greatest(0, $as_of - greatest(s.since, m.last_sample_day + 1) + 1)
        when s.state is not null then 0
    end as unattached_days                                                      -- days
from volumes($as_of, $window_days) v
left join seen s using (provider, sub_account_id, resource_id)
left join measured('disk_operations', $as_of, $window_days) m using (provider, sub_account_id, resource_id)
