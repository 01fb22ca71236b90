/*---
id          = "gcp-compute-quiet-hours"
title       = "Machine does nothing in the same hours of every week"
kind        = "schedule"
service     = "Compute Engine"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "Rare requests cause so little load that nights with some look like nights with none. Hours are UTC: a change of daylight-saving time shifts them. Disks and a static address go on being billed while the machine is stopped; a local SSD loses its data, an ephemeral address changes. Groups and node pools are left to their own scaling."
remediation = "Ask its users, then stop and start the machine with an instance schedule (a resource policy; the Compute Engine service agent needs the right to do so), with some margin before work begins."
reason      = "In {quiet_hours} of the week's 168 hours, in stretches of at least {min_block_hours} hours, it did nothing in any of {weeks} weeks."
references  = ["https://cloud.google.com/compute/docs/instances/schedule-instance-start-stop"]
overrules   = ["gcp-compute-off-hours"]
[judge]
quiet_hours = "quiet_hours"
at_least    = "min_quiet_hours"
[commands]
machine = """
gcloud compute instances describe {resource_name} --zone {location} --project {account_id}
gcloud compute resource-policies list --project {account_id} --filter="instanceSchedulePolicy:*"
"""
unplaced = "gcloud compute instances list --project {account_id} --filter=\"name={resource_name}\""
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks, each of which must have samples of an hour."
[params.min_quiet_hours]
default = 28
unit    = "h"
help    = "Quiet hours per week that are worth a schedule: four a night."
[params.min_block_hours]
default = 4
unit    = "h"
help    = "Shorter pauses do not count."
[params.min_busy_hours]
default = 10
unit    = "h"
help    = "A machine that does something in fewer hours a week has no schedule: whether it is idle is another question."
[params.max_cpu_percent]
default = 5
unit    = "%"
help    = "At or below this CPU utilisation (highest sample of the hour) an hour is quiet."
[params.max_network_kb_per_s]
default = 5
unit    = "kB/s"
help    = "At or below this traffic (highest sample of the hour) an hour is quiet: what agents cause."
[params.max_disk_mb_per_s]
default = 1
unit    = "MB/s"
help    = "At or below this disk traffic (highest sample of the hour) an hour is quiet."
[params.max_gpu_percent]
default = 2
unit    = "%"
help    = "At or below this accelerator utilisation (highest sample of the hour) an hour is quiet."
---*/
with parts as (
    select
        provider,
        sub_account_id,
        unit_id as resource_id,
        billing_currency,
        charge_date,
        least(billed_hours, machine_hours) as hours,
        cost,
        committed_cost,
        list_cost,
        -- What remains of the week is too little for a discount on sustained use.
        case when sustained_use(if(shape like 'custom-%', 'n1', split_part(shape, '-', 1))) > 0 then -discount_credits end as lost_discount,
        usage_types,
        shape,
        false as has_gpu
    from machine_units
    where machine = 'compute'
        and group_name = ''
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
    union all by name
    -- What is billed by the hour under a machine's name beside its cores and memory.
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        effective_cost as cost,
        committed_cost,
        list_cost,
        [usage_type] as usage_types,
        regexp_matches(usage_kind, '(^| )(gpu|rtx)( |$)') as has_gpu
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and pricing_category <> 'Dynamic'
        and regexp_matches(usage_kind, '(^| )(gpu|rtx)( |$)|^licensing fee')
        and (sub_account_id, resource_id) in (select (sub_account_id, unit_id) from machine_units where machine = 'compute')
),
runs as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        min(charge_date) as first_day,                                          -- UTC day
        max(charge_date) as last_day,                                           -- UTC day
        count(hours) as observed_days,                                          -- days
        sum(cost) as cost,                                                      -- billing currency
        sum(committed_cost) as committed_cost,                                  -- billing currency
        sum(list_cost) as list_cost,                                            -- billing currency
        greatest(0, coalesce(sum(lost_discount), 0)) as lost_discount,          -- billing currency
        list_distinct(flatten(list(usage_types))) as claims,                    -- usage types as billed
        sum(hours) as billed_hours,                                             -- h
        nullif(arg_max(shape, charge_date), '') as machine_type,
        bool_or(has_gpu) as has_gpu
    from parts
    group by all
),
quiet as (
    select *
    from quiet_week(
        [
            {'metric': 'cpu_utilization', 'at_most': $max_cpu_percent},
            {'metric': 'network_bytes', 'at_most': $max_network_kb_per_s * 1e3},
            {'metric': 'disk_bytes', 'at_most': $max_disk_mb_per_s * 1e6},
            {'metric': 'gpu_utilization', 'at_most': $max_gpu_percent}
        ],
        $as_of,
        $window_days,
        $min_block_hours
    )
    where list_contains(metrics, 'cpu_utilization')
)
select
    r.* exclude (has_gpu, lost_discount),
    'virtual machine' as resource_type,
    if(r.resource_id like '%/zones/%', 'machine', 'unplaced') as variant,
    case when not r.has_gpu or list_contains(q.metrics, 'gpu_utilization') then q.sample_hours end as sample_hours,  -- h
    q.quiet_hours,                                                              -- h per week
    q.metrics as measured_by,
    q.quiet_grid,                                                               -- Monday 00:00 to Sunday 23:00 UTC, 1: quiet
    $min_block_hours::integer as min_block_hours,                               -- h
    ($window_days / 7)::integer as weeks,                                       -- weeks
    greatest(0, 1 - (1 - least(1, q.quiet_hours * $window_days / 7 / r.billed_hours)) * (r.cost + r.lost_discount) / nullif(r.cost, 0))
        as saves_share,                                                         -- share
    case when s.environment <> 'non-production' or not list_contains(q.metrics, 'network_bytes') then 'low' end as confidence
from runs r
join resources s using (provider, sub_account_id, resource_id)
left join quiet q using (provider, sub_account_id, resource_id)
where (q.busy_hours is null or q.busy_hours >= $min_busy_hours)
    -- Nodes and members of groups without labels, told by their names: whoever stops one gets a new one.
    and not regexp_matches(s.resource_name, '^gk[e3]-')
    and not (regexp_matches(s.resource_name, '-[b-df-hj-np-tv-z0-9]{4}$') and not regexp_matches(s.resource_name, '-[a-z]*[0-9]+$'))
