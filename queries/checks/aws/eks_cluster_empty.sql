/*---
id          = "aws-eks-cluster-empty"
title       = "EKS cluster without nodes or pods"
kind        = "idle"
service     = "Amazon Elastic Kubernetes Service"
confidence  = "medium"
effort      = "medium"
risk        = "high"
blind_spots = "Clusters that scale to zero between rare jobs, standby clusters and control planes that manage other clusters look empty; nodes in another account or on premises do not show."
remediation = "Ask the owner and export the manifests, then delete the cluster; deletion is refused while node groups exist."
command     = """
aws eks list-nodegroups --region {region} --cluster-name {resource_name}
aws eks list-fargate-profiles --region {region} --cluster-name {resource_name}
aws eks delete-cluster --region {region} --name {resource_name}"""
reason      = "{hours} billed hours and no node, pod or Fargate line that belongs to it."
[judge]
use     = "nodes"
at_most = "max_nodes"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_nodes]
default = 0
unit    = "nodes or pods"
help    = "At or below this many the cluster counts as empty."
---*/
with clusters as (
    select
        provider,
        sub_account_id,
        resource_id,
        max(region_id) as region_id,
        regexp_replace(lower(regexp_extract(resource_id, '[^:/]*$')), '[^a-z0-9]+', '_', 'g') as name  -- as tags spell it
    from usage_meters
    where usage_kind like '%AmazonEKS-Hours:perCluster' and charge_role = 'usage' and resource_id <> ''
    group by all
),

-- Whatever could be a cluster's compute: instances, Fargate, HyperPod, Auto Mode and hybrid nodes, split pods.
compute as (
    select
        sub_account_id,
        region_id,
        resource_id,
        charge_role = 'split' as is_split,
        load_id,
        tag_key
    from resource_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (consumed_quantity > 0 or charge_role = 'split')
        and case
            when charge_role = 'split' then operation not like 'ECS%' and resource_id not like '%:ecs:%'
            when charge_role <> 'usage' then false
            when usage_kind like '%Fargate%' then service_code <> 'AmazonECS' and resource_id not like '%:ecs:%'
            when service_code = 'AmazonEKS' or usage_kind like '%AmazonEKS-%' or usage_kind like 'EKS-%'
                then not regexp_matches(usage_kind, 'AmazonEKS-Hours:|-Bytes$')
            -- Local Zones put a second prefix before the kind.
            else regexp_matches(usage_kind, '(^|-)((Box|Spot|Dedicated|Host|HostBox|Heavy)Usage|Cluster:ml)')
        end
    group by all
),

-- The clusters that a tag set names. Exports spell aws:eks:cluster-name in several ways.
tag_pairs as (
    select
        load_id,
        tag_key,
        unnest(map_entries(tags)) as pair
    from tag_sets
    where (load_id, tag_key) in (select (load_id, tag_key) from compute)
),

spelt as (
    select
        load_id,
        tag_key,
        regexp_replace(lower(pair.key), '[^a-z0-9]+', '_', 'g') as name_of_tag,
        regexp_replace(lower(pair.value), '[^a-z0-9]+', '_', 'g') as value_of_tag
    from tag_pairs
),

tagged as (
    select
        load_id,
        tag_key,
        case
            when regexp_matches(name_of_tag, '(^|_)(eks_|eksctl_io_)cluster_name$') then value_of_tag
            else regexp_extract(name_of_tag, 'kubernetes_io_cluster_(.+)$', 1)
        end as cluster
    from spelt
),

-- One row per line of compute and cluster it names; '' where it names none.
members as (
    select distinct
        c.sub_account_id,
        c.region_id,
        c.resource_id,
        c.is_split,
        coalesce(
            nullif(t.cluster, ''),
            regexp_replace(lower(regexp_extract(c.resource_id, ':(?:pod|cluster|nodegroup)/([^/]+)', 1)), '[^a-z0-9]+', '_', 'g')
        ) as cluster
    from compute c
    left join (select * from tagged where cluster <> '') t using (load_id, tag_key)
),

counted as (
    select
        k.sub_account_id,
        k.resource_id,
        count(distinct m.resource_id) filter (m.cluster = k.name) as nodes,     -- resources
        -- An instance without a cluster's name may be a node of this one: then nobody can tell.
        count(*) filter (
            (m.cluster = '' and not m.is_split) or (k.resource_id like 'all:%' and m.resource_id is not null)
        ) as unknown                                                            -- resources
    from clusters k
    left join members m
        on m.sub_account_id = k.sub_account_id and (starts_with(m.region_id, k.region_id) or m.region_id = '')
    group by all
)

select
    d.provider,
    d.sub_account_id,
    d.resource_id,
    d.billing_currency,
    'EKS cluster' as resource_type,
    min(d.charge_date) as first_day,                                                                    -- UTC day
    max(d.charge_date) as last_day,                                                                     -- UTC day
    count(distinct d.charge_date) filter (d.usage_kind like '%Hours:perCluster') as observed_days,      -- days
    sum(d.effective_cost) as cost,                                                                      -- billing currency
    sum(d.committed_cost) as committed_cost,                                                            -- billing currency
    sum(d.list_cost) as list_cost,                                                                      -- billing currency
    sum(d.consumed_quantity) filter (d.usage_kind like '%Hours:perCluster') as hours,                   -- h
    case when max(n.nodes) > 0 or max(n.unknown) = 0 then max(n.nodes) end as nodes                     -- nodes and pods
from usage_days d
join counted n using (sub_account_id, resource_id)
where d.charge_date > $as_of - $window_days
    and d.charge_date <= $as_of
group by all
