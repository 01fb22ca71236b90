-- How busy resources are, what state they are in, what the clouds themselves advise, and what shapes cost: facts about
-- resources that no bill holds. They do not belong to a load: replacing a billing period leaves them.

create table utilization_days (           -- one resource, one metric, one UTC day
    provider        varchar not null,     -- '' where a file does not say
    sub_account_id  varchar not null,     -- '' where a file does not say
    resource_id     varchar not null,     -- as in the bill, or as a file names it
    metric          varchar not null,     -- canonical name: advisor metrics --list
    metric_date     date not null,        -- UTC
    average         double not null,      -- in the metric's unit; amounts per second
    p95             double not null,      -- the same, over the day's samples
    p99             double not null,
    maximum         double not null,
    total           double,               -- sum over the day of amounts; null for levels
    sample_count    integer not null,
    hourly_maximum  float[] not null,     -- 24 entries, UTC; null: no sample in that hour
    source          varchar not null,     -- cloudwatch, cloud-monitoring, or the file's name
    fetched_at      timestamp not null    -- UTC
);                                        -- one row per resource, metric, day and source; no index, it would not fit into memory

create table resource_states (            -- what a cloud's inventory said last
    provider        varchar not null,
    sub_account_id  varchar not null,
    resource_id     varchar not null,     -- as in the bill
    state           varchar not null,     -- running, stopped, attached, unattached
    since           date not null,        -- first UTC day from which on this is known to hold
    attached_to     varchar not null,     -- machine of a volume; ''
    group_name      varchar not null,     -- auto-scaling group or node pool of a machine; ''
    seen_at         timestamp not null,   -- UTC
    primary key (provider, sub_account_id, resource_id)
);

create table recommendations (            -- the clouds' own advice; per source the newest snapshot
    provider         varchar not null,
    sub_account_id   varchar not null,    -- '' where the export does not say
    resource_id      varchar not null,
    source           varchar not null,    -- aws-compute-optimizer, aws-cost-optimization-hub, gcp-recommender
    action           varchar not null,    -- delete, stop, rightsize, modernize, other
    current_shape    varchar not null,    -- ''
    target_shape     varchar not null,    -- ''
    monthly_savings  double,              -- as the cloud estimates it, in currency; null where it does not
    savings_share    double,              -- 0 to 1 of the resource's cost; null where it does not say
    savings_basis    varchar not null,    -- after discounts, before discounts, unknown
    currency         varchar not null,    -- ''
    lookback_days    integer,
    refreshed_on     date not null,       -- UTC day of the advice
    details          map(varchar, varchar) not null,
    location         varchar not null     -- file or table it was read from
);

create table shapes (                     -- refreshed by advisor prices; append-only, the newest per shape counts
    provider                varchar not null,   -- aws, gcp
    service                 varchar not null,   -- ec2, rds, elasticache, opensearch, sagemaker, compute, cloudsql
    shape                   varchar not null,   -- m7i.large, db.r6g.large, n2-standard-4
    family                  varchar not null,   -- m7i, n2
    generation              integer not null,   -- 7; 0 where unknown
    architecture            varchar not null,   -- x86_64, arm64
    vcpus                   double not null,
    memory_gib              double not null,
    baseline_share          double,             -- part of the vCPUs that lasts; null: not burstable
    network_gbps            double,             -- lasting, in one direction; null where unknown
    disk_mbps               double,             -- lasting throughput to network disks, MB/s
    disk_iops               double,             -- lasting operations per second to network disks
    local_disk_gb           double not null,    -- 0: none
    accelerator             varchar not null,   -- ''
    accelerator_count       double not null,
    accelerator_memory_gib  double not null,    -- of all accelerators together
    is_current              boolean not null,   -- still offered to new customers as a current generation
    dated                   date not null,
    source                  varchar not null
);

create table shape_prices (               -- on-demand list prices; append-only, the newest per key counts
    provider      varchar not null,
    service       varchar not null,
    region_id     varchar not null,
    shape         varchar not null,
    terms         varchar not null,       -- linux, windows, mysql, ...; '' where it makes no difference
    usd_per_hour  double not null,
    dated         date not null,
    source        varchar not null
);
