/*---
id          = "gcp-cloud-sql-oversized"
title       = "Cloud SQL instance larger than its load needs"
kind        = "oversized"
service     = "Cloud SQL"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "Connections, disk throughput and network shrink with vCPUs and memory. A replica should stay as large as what it may have to replace. Machine types with shared cores have no service level agreement. Caches that a database fills on purpose count as use where they are its own."
remediation = "Change the type in a maintenance window (the instance restarts), watch a busy week, and go back if queries become slower."
reason      = "{cpu_peak_vcpus} of {vcpus} vCPUs are what its load should reach (99th percentile so far {cpu_p99_percent} %), memory {memory_p99_percent} % of {memory_gib} GiB: {target} carries it at {price_ratio} of the price."
references  = ["https://cloud.google.com/sql/docs/mysql/recommender-sql-overprovisioned"]
[judge]
[commands]
machine = """
gcloud sql instances describe {resource_name} --project {account_id}
gcloud sql instances patch {resource_name} --project {account_id} --tier={target}"""
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose load and cost are looked at."
[params.min_days]
default = 14
unit    = "days"
help    = "Days with the present machine type and with samples that are needed."
[params.cpu_headroom]
default = 0.2
unit    = "share"
help    = "Part of the smaller instance's vCPUs that stays free at the expected peak."
[params.memory_headroom]
default = 0.2
unit    = "share"
help    = "Part of the smaller instance's memory that stays free at the expected peak."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "Below this share of the cost the change is not worth it."
---*/
select
    * replace (
        nullif(group_name, '') as group_name,
        -- Types of another edition have other prices and other limits; shared cores are for trials.
        list_filter(options, lambda o: (o.family = family or (o.family = 'custom' and family = 'n1')) and o.baseline_share is null) as options
    ),
    'Cloud SQL instance' as resource_type,
    $window_days as window_days                                                                 -- days
from machines('cloudsql', $as_of, $window_days)
-- Enterprise Plus under the name of an Enterprise type: its size is right, what else there is would not be.
where shape not like 'db-custom%' or len([c for c in claims if c ilike '%enterprise plus%']) = 0
