/*---
id          = "gcp-gke-node-pool-idle"
title       = "Node pool that runs next to nothing"
kind        = "idle"
service     = "Compute Engine"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "What is left is taken for the system's own pods, but small pods (a controller, a webhook, a queue that waits) need as little; pods may be reserved for by requests that they do not use. A pool kept warm for a burst or a failover looks the same. Nodes younger than a scan or below its cost threshold have no samples of their own. The system's pods need some node of the cluster."
remediation = "List the pods on the pool's nodes, move what is needed, then set the pool's minimum to zero or delete it; of the last pool of an unused cluster delete the cluster."
reason      = "In {window_days} days no node of the pool needed more than {cpu_p99_percent} % CPU, {memory_p99_percent} % memory and {network_mb_per_s} MB/s of network (daily 99th percentiles)."
references  = ["https://cloud.google.com/kubernetes-engine/docs/how-to/node-pools"]
[judge]
use     = "cpu_p99_percent"
at_most = "max_cpu_percent"
[judge.also]
memory_p99_percent = "max_memory_percent"
network_mb_per_s   = "max_network_mb_per_s"
[commands]
group = """
gcloud container clusters list --project {account_id}
gcloud compute instances list --project {account_id} --filter="labels.goog-k8s-cluster-name:*" --format="table(name,zone,labels.goog-k8s-cluster-name,labels.goog-k8s-node-pool-name)"
"""
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed: four whole weeks."
[params.max_cpu_percent]
default = 6
unit    = "%"
help    = "CPU of the busiest node (highest 99th percentile of a day): what agents and system pods use."
[params.max_memory_percent]
default = 25
unit    = "%"
help    = "Memory of the fullest node (highest 99th percentile of a day): what agents and system pods use."
[params.max_network_mb_per_s]
default = 0.2
unit    = "MB/s"
help    = "Traffic of the busiest node (highest 99th percentile of a day): what metrics and logs cause."
---*/
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    region_id,
    group_name,
    members,
    variant,
    'node pool' as resource_type,
    'Kubernetes Engine' as service_name,
    first_day,                                                                                  -- UTC day
    last_day,                                                                                   -- UTC day
    observed_days,                                                                              -- days
    cost,                                                                                       -- billing currency
    committed_cost,                                                                             -- billing currency
    list_cost,                                                                                  -- billing currency
    claims,                                                                                     -- usage types as billed
    nullif(shape, '') as machine_type,
    -- Without labels the pool is told by the names of its nodes, which do not say where the cluster's ends.
    case when not regexp_matches(group_name, '^gk[e3]-.*/$') then split_part(group_name, '/', 1) end as cluster,
    least(billed_hours, machine_hours) as billed_hours,                                         -- h, of all members
    list_sum([d.sample_hours for d in cpu_days]) as cpu_hours,                                  -- h, of all members
    list_sum([d.sample_hours for d in memory_days]) as memory_hours,                            -- h, of all members
    case when memory_hours is not null and cpu_hours is not null then least(cpu_hours, memory_hours) end as sample_hours, -- h, of all members
    $window_days as window_days,                                                                -- days
    list_max([d.p99 for d in cpu_days]) as cpu_p99_percent,                                     -- highest of a day
    list_max([d.p99 for d in memory_days]) as memory_p99_percent,                               -- highest of a day
    coalesce(list_max([d.p99 for d in network_days]), 0) / 1e6 as network_mb_per_s,             -- MB/s, highest of a day
    case when coalesce(len(network_days), 0) = 0 then 'low' end as confidence                   -- else the check's
from machines('compute', $as_of, $window_days)
where group_name like '%/%'
    -- Accelerators work while the CPU rests: gcp-compute-gpu-idle.
    and not list_has_any(
        [m.resource_id for m in members],
        (
            select coalesce(list(distinct resource_id), [])
            from usage_days
            where provider = 'gcp'
                and charge_date > $as_of - $window_days
                and charge_date <= $as_of
                and regexp_matches(usage_kind, '(^| )(gpu|rtx)( |$)')
        )
    )
