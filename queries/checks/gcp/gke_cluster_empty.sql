/*---
id          = "gcp-gke-cluster-empty"
title       = "GKE cluster without nodes or pods"
kind        = "idle"
service     = "Kubernetes Engine"
confidence  = "medium"
effort      = "medium"
risk        = "high"
blind_spots = "Clusters that scale to zero between rare jobs, standby clusters and control planes of fleets look empty. Nodes whose lines lost their labels do not show. The monthly free-tier credit may move to another cluster when this one goes."
remediation = "Ask the owner and export the manifests and volumes, then delete the cluster."
command     = """
gcloud container node-pools list --cluster {resource_name} --location {location} --project {account_id}
gcloud container clusters delete {resource_name} --location {location} --project {account_id}"""
reason      = "{hours} billed hours and no node or pod line that belongs to it."
references  = ["https://cloud.google.com/kubernetes-engine/pricing"]
[judge]
use     = "signs_of_life"
at_most = "max_nodes"
[commands]
group = "gcloud container clusters list --project {account_id} --format='table(name,location,currentNodeCount,autopilot.enabled)'"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_nodes]
default = 0
unit    = "nodes or pods"
help    = "At or below this many the cluster counts as empty."
[params.history_days]
default = 100
unit    = "days"
help    = "Days looked back for the pause before nodes of the last weeks: a cluster for the end of every month is used."
[params.min_pause_days]
default = 7
unit    = "days"
help    = "Nodes after more days without any than these show that the cluster scales up when it is needed."
---*/
with lines as (
    select
        u.*,
        coalesce(t.tags['goog-k8s-cluster-name'], '') as label,
        service_code = 'CCD8-9BF1-090E' or service_name in ('Kubernetes Engine', 'Google Kubernetes Engine') as is_gke,
        product_sku in ('6B92-A835-08AB', 'B561-BFBD-1264')
            or regexp_matches(usage_kind, 'kubernetes clusters?$|cluster management') as is_cluster
    from usage_days u
    left join tag_sets t using (load_id, tag_key)
    where u.provider = 'gcp'
        and u.charge_date > $as_of - $window_days
        and u.charge_date <= $as_of
        and (
            service_code in ('CCD8-9BF1-090E', '6F81-5844-456A')
            or service_name in ('Kubernetes Engine', 'Google Kubernetes Engine', 'Compute Engine')
        )
),

clusters as (
    select
        provider,
        sub_account_id,
        resource_id,
        resource_id like 'all:%' as is_group,
        max(region_id) as region_id,
        coalesce(
            nullif(max(label), ''),
            nullif(regexp_extract(resource_id, '/clusters/([^/]+)', 1), ''),
            regexp_extract(coalesce(nullif(max(resource_name), ''), resource_id), '[^/]+$')
        ) as name
    from lines
    where is_gke and is_cluster
    group by provider, sub_account_id, resource_id
),

-- Whatever could be a cluster's nodes or pods. Negated and restated lines count by their sum.
compute as (
    select
        sub_account_id,
        region_id,
        resource_id,
        regexp_extract(coalesce(nullif(resource_name, ''), resource_id), '[^/]+$') as short_name,
        label,
        is_gke
    from lines
    where case
        when is_gke then not is_cluster and usage_kind not like '%backup%'
        else (service_code = '6F81-5844-456A' or service_name = 'Compute Engine')
            and regexp_matches(usage_kind, '(^| )(core|ram|v?cpu|gpu)( |$)|(^|[^a-z])tpu|(micro|small) instance')
            and not regexp_matches(usage_kind, '^(commitment|licensing fee)')
        end
    group by all
    having sum(consumed_quantity) > 0
),

-- Projects whose export carries the label at all: elsewhere an unlabelled machine may be a node.
labelled as (
    select distinct
        sub_account_id,
        true as has_labels
    from lines
    where label <> ''
),

counted as (
    select
        k.sub_account_id,
        k.resource_id,
        count(distinct m.resource_id) filter (
            not k.is_group
            and (m.label = k.name or m.resource_id = k.resource_id or starts_with(m.short_name, 'gke-' || k.name || '-'))
        ) as nodes,                                                                             -- resources
        count(*) filter (
            m.resource_id is not null
            and (k.is_group or (m.label = '' and m.resource_id <> k.resource_id and (
                m.is_gke or l.has_labels is null or regexp_matches(m.short_name, '^gk[e3]-') or m.resource_id like 'all:%'
            )))
        ) as unknown                                                                            -- resources
    from clusters k
    left join compute m
        on m.sub_account_id = k.sub_account_id and (m.region_id in (k.region_id, '') or k.region_id = '')
    left join labelled l on l.sub_account_id = k.sub_account_id
    group by all
),

-- Nodes in the month before the window that came after a long rest.
past as (
    select distinct
        u.sub_account_id,
        u.region_id,
        coalesce(t.tags['goog-k8s-cluster-name'], '') as label,
        u.charge_date
    from usage_days u
    left join tag_sets t using (load_id, tag_key)
    where u.provider = 'gcp'
        and u.charge_date > $as_of - $history_days
        and u.charge_date <= $as_of - $window_days
        and (u.service_code = '6F81-5844-456A' or u.service_name = 'Compute Engine')
        and regexp_matches(u.usage_kind, '(^| )(core|ram|v?cpu|gpu)( |$)|(^|[^a-z])tpu|(micro|small) instance')
        and u.consumed_quantity > 0
),

started as (
    select
        sub_account_id,
        resource_id,
        -- Of a group any machine of the month before may have been a node.
        count(*) filter (
            charge_date > $as_of - $window_days - 31 and (is_group or charge_date - last_before > $min_pause_days)
        ) as restarts
    from (
        select
            k.sub_account_id,
            k.resource_id,
            k.is_group,
            p.charge_date,
            coalesce(
                lag(p.charge_date) over (partition by k.sub_account_id, k.resource_id order by p.charge_date),
                greatest(r.first_day, $as_of - $history_days + 1)
            ) as last_before
        from clusters k
        join resources r using (sub_account_id, resource_id)
        join past p
            on p.sub_account_id = k.sub_account_id
            and case when k.is_group then p.region_id in (k.region_id, '') or k.region_id = '' else p.label = k.name end
    )
    group by all
)

select
    d.provider,
    d.sub_account_id,
    d.resource_id,
    d.billing_currency,
    'GKE cluster' as resource_type,
    min(d.charge_date) as first_day,                                                            -- UTC day
    max(d.charge_date) as last_day,                                                             -- UTC day
    count(distinct d.charge_date) filter (d.is_cluster) as observed_days,                       -- days
    sum(d.effective_cost) as cost,                                                              -- billing currency
    sum(d.committed_cost) as committed_cost,                                                    -- billing currency
    sum(d.list_cost) as list_cost,                                                              -- billing currency
    list(distinct d.usage_type order by d.usage_type) filter (d.resource_id like 'all:%') as claims,  -- usage types
    sum(d.consumed_quantity) filter (d.is_cluster and d.usage_kind not like 'extended%') as hours,  -- h
    case when max(n.nodes) > 0 or max(n.unknown) = 0 then max(n.nodes) end as nodes,            -- nodes and pods
    coalesce(max(s.restarts), 0) as restarts_before,                                            -- count
    case
        when max(n.nodes) > 0 or max(n.unknown) = 0 then max(n.nodes) + coalesce(max(s.restarts), 0)
    end as signs_of_life,                                                                       -- nodes, pods and restarts
    'medium' as group_confidence                                                                -- no compute in the whole region
from lines d
join counted n using (sub_account_id, resource_id)
left join started s using (sub_account_id, resource_id)
where d.resource_id not like 'all:%' or d.is_cluster
group by all
