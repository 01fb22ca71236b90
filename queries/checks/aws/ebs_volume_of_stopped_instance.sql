/*---
id          = "aws-ebs-volume-of-stopped-instance"
title       = "Volume goes on being paid while its instance is stopped"
kind        = "stale"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "An instance that is started for a quarter's end, a test or a disaster only looks forgotten. A snapshot or an image keeps it for less, but is billed, too: the saving is that of deleting. Volumes shared by several instances are judged by the one the inventory names."
remediation = "Ask the instance's owner; make an image of it, wait until it is complete, then terminate the instance and delete the volumes that stay."
command     = """
aws ec2 describe-volumes --region {region} --volume-ids {resource_name}
aws ec2 create-snapshot --region {region} --volume-id {resource_name}
"""
reason      = "{gb} GB belong to {instance}, which is stopped for {stopped_days} days."
references  = ["https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/how-ec2-instance-stop-start-works.html"]
[judge]
unseen   = "no inventory"
value    = "stopped_days"
at_least = "min_days"
history  = "known_days"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is averaged."
[params.min_days]
default = 30
unit    = "days"
help    = "Days for which the instance must have been stopped."
[params.max_inventory_age]
default = 7
unit    = "days"
help    = "What the inventory said longer ago than this may have changed."
---*/
with machines_seen as (
    -- A machine that is stopped for long is in no bill any more: the inventory itself knows it.
    select
        provider,
        sub_account_id,
        regexp_extract(resource_id, '[^:/]*$') as instance,
        state,
        since,
        seen_at
    from resource_states
    where state in ('running', 'stopped')
        and seen_at::date >= $as_of - $max_inventory_age
    qualify row_number() over (partition by provider, sub_account_id, instance order by seen_at desc) = 1
),
last_runs as (
    select
        provider,
        sub_account_id,
        regexp_extract(resource_id, '[^:/]*$') as instance,
        max(charge_date) as last_run_day                                        -- UTC day
    from usage_days
    where regexp_matches(usage_kind, '^(Box|Spot|Dedicated|HostBox)Usage(:|$)')
    group by all
),
attached as (
    select
        provider,
        sub_account_id,
        resource_id,
        nullif(regexp_extract(attached_to, '[^:/]*$'), '') as instance,
        state = 'attached' as is_attached,
        seen_at::date as state_seen_on                                          -- UTC day
    from states
    where seen_at::date >= $as_of - $max_inventory_age
)
select
    v.* exclude (billed_hours),
    'EBS volume' as resource_type,
    a.instance,
    a.state_seen_on,                                                            -- UTC day
    ($as_of - v.first_day) + 1 as known_days,                                   -- days
    case
        when a.instance is null and a.is_attached is not null then 0            -- unattached is another finding
        when i.state = 'running' then 0
        when i.state = 'stopped' then greatest(0, $as_of - greatest(i.since, l.last_run_day + 1) + 1)
    end as stopped_days                                                         -- days
from volumes($as_of, $window_days) v
left join attached a using (provider, sub_account_id, resource_id)
left join machines_seen i on (i.provider, i.sub_account_id, i.instance) = (v.provider, v.sub_account_id, a.instance)
left join last_runs l on (l.provider, l.sub_account_id, l.instance) = (v.provider, v.sub_account_id, a.instance)
