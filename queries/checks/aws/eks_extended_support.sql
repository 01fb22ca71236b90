/*---
id          = "aws-eks-extended-support"
title       = "Kubernetes cluster runs a version in paid extended support"
kind        = "modernize"
service     = "Amazon Elastic Kubernetes Service"
confidence  = "high"
effort      = "medium"
risk        = "medium"
blind_spots = "The bill does not name the version; workloads may use APIs that newer versions removed."
remediation = "Upgrade the control plane, node groups and add-ons to a version in standard support, one minor version at a time."
command     = """
aws eks describe-cluster --region {region} --name {resource_name}
aws eks list-insights --region {region} --cluster-name {resource_name}
"""
reason      = "Extended support cost {cost} for {hours} cluster-hours in {observed_days} days, on top of the cluster's normal fee."
references  = ["https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html"]
[judge]
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose surcharge is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days with surcharge in the window before it counts as lasting."
---*/
with lines as (
    select
        *,
        -- Additive to AmazonEKS-Hours:perCluster, which goes on after an upgrade.
        lower(usage_kind) like '%amazoneks-hours:extendedsupport' as is_surcharge
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (lower(usage_kind) like '%amazoneks-hours:extendedsupport' or lower(usage_kind) like '%amazoneks-hours:percluster')
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'EKS cluster' as resource_type,
    coalesce(min(charge_date) filter (is_surcharge), min(charge_date)) as first_day,  -- UTC day
    coalesce(max(charge_date) filter (is_surcharge), max(charge_date)) as last_day,   -- UTC day
    count(distinct charge_date) filter (is_surcharge) as observed_days,               -- days
    coalesce(sum(effective_cost) filter (is_surcharge), 0) as cost,                   -- billing currency
    coalesce(sum(committed_cost) filter (is_surcharge), 0) as committed_cost,         -- billing currency
    coalesce(sum(list_cost) filter (is_surcharge), 0) as list_cost,                   -- billing currency
    list(distinct usage_type order by usage_type) filter (is_surcharge) as claims,    -- usage types
    coalesce(sum(consumed_quantity) filter (is_surcharge), 0) as hours                -- cluster-h
from lines
group by all
