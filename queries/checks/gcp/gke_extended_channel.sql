/*---
id          = "gcp-gke-extended-channel"
title       = "Cluster runs a Kubernetes version in the paid extended period"
kind        = "modernize"
service     = "Kubernetes Engine"
confidence  = "high"
effort      = "medium"
risk        = "medium"
blind_spots = "The bill does not say why the old version is kept, nor which workloads use APIs that newer versions drop."
remediation = "Upgrade control plane and nodes to a minor version in standard support; a cluster may stay in the extended channel, which costs nothing extra while its version is in standard support."
command     = """
gcloud container clusters describe {resource_name} --location {location} --project {account_id}
gcloud container get-server-config --location {location} --project {account_id}"""
reason      = "The extended period cost {cost} for {cluster_hours} cluster-hours in {observed_days} days, on top of the management fee."
references  = ["https://cloud.google.com/kubernetes-engine/docs/concepts/release-channels"]
[judge]
[commands]
group = "gcloud container clusters list --project {account_id} --filter=releaseChannel.channel=EXTENDED"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose surcharge is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days with surcharge in the window before it is more than an upgrade on its way."
---*/
with lines as (
    select
        *,
        regexp_matches(usage_kind, '^extended period .*cluster|clusters? .*extended (period|support)') as is_surcharge
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and regexp_matches(usage_kind, 'kubernetes.*cluster|cluster management')
        and (service_code = 'CCD8-9BF1-090E' or service_name in ('Kubernetes Engine', 'Google Kubernetes Engine'))
)

select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'GKE cluster' as resource_type,
    coalesce(min(charge_date) filter (is_surcharge), min(charge_date)) as first_day,            -- UTC day
    coalesce(max(charge_date) filter (is_surcharge), max(charge_date)) as last_day,             -- UTC day
    count(distinct charge_date) filter (is_surcharge) as observed_days,                         -- days
    coalesce(sum(effective_cost) filter (is_surcharge), 0) as cost,                             -- billing currency
    coalesce(sum(committed_cost) filter (is_surcharge), 0) as committed_cost,                   -- billing currency
    coalesce(sum(list_cost) filter (is_surcharge), 0) as list_cost,                             -- billing currency
    list(distinct usage_type order by usage_type) filter (is_surcharge) as claims,              -- usage types
    sum(consumed_quantity) filter (is_surcharge) as cluster_hours,                              -- h
    'high' as group_confidence                                                                  -- the lines are nothing else
from lines
group by all
