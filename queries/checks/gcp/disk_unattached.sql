/*---
id          = "gcp-disk-unattached"
title       = "Disk is billed while no machine that it belongs to runs"
kind        = "forgotten"
service     = "Compute Engine"
confidence  = "low"
effort      = "low"
risk        = "high"
blind_spots = "A bill does not say what a disk is attached to: only that the machine of its name or cluster, or every machine of its zone, no longer runs. The disk may have been attached to a machine of another name. A machine that is stopped on purpose (seasonal work, a standby, a kept rollback) needs its disk again. The price of the snapshot is not deducted."
remediation = "See whether the disk has users; if it has none, or its machine will not return, take a snapshot and delete the disk."
reason      = "{sign}; since then {gib} GiB of disk have been billed for {idle_days} days. `gcloud compute disks list --filter=\"-users:*\"` would confirm it."
references  = ["https://cloud.google.com/compute/docs/disks/find-unattached-disks"]
[judge]
value    = "idle_days"
at_least = "min_idle_days"
history  = "history_days"
nothing  = "signs_of_life"
[commands]
zonal = """
gcloud compute disks describe {resource_name} --zone {location} --project {account_id} --format="value(users,lastAttachTimestamp,lastDetachTimestamp)"
gcloud compute disks snapshot {resource_name} --zone {location} --project {account_id} --snapshot-names={resource_name}-last
gcloud compute disks delete {resource_name} --zone {location} --project {account_id}"""
regional = """
gcloud compute disks describe {resource_name} --region {location} --project {account_id} --format="value(users,lastAttachTimestamp,lastDetachTimestamp)"
gcloud compute disks snapshot {resource_name} --region {location} --project {account_id} --snapshot-names={resource_name}-last
gcloud compute disks delete {resource_name} --region {location} --project {account_id}"""
unplaced = """
gcloud compute disks list --project {account_id} --filter="name={resource_name} AND -users:*"
"""
group = """
gcloud compute disks list --project {account_id} --filter="-users:*"
"""
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is averaged."
[params.min_idle_days]
default = 14
unit    = "days"
help    = "From this many days without a running machine on the disk counts as left over."
[params.lookback_days]
default = 92
unit    = "days"
help    = "Trailing days in which machines are looked for."
[params.max_pauses]
default = 2
unit    = "factor"
help    = "A machine that has paused before is expected back for this many times its longest pause."
---*/
with lines as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        load_id,
        tag_key,
        region_id,
        service_name,
        usage_type,
        usage_kind,
        operation,
        charge_date,
        consumed_quantity,
        effective_cost,
        committed_cost,
        list_cost,
        source_first_day,
        lower(resource_name) as name,
        regexp_extract(resource_id, '/zones/([^/]+)/', 1) as zone,
        service_code = '6F81-5844-456A' or service_name = 'Compute Engine' as is_compute,
        regexp_matches(usage_kind, '(^| )pd (capacity|iops)|(^| )hyperdisk [a-z ]*(capacity|iops|throughput)')
            and not regexp_matches(usage_kind, 'storage pool|snapshot|image') as is_disk_kind
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $lookback_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (
            service_code = '6F81-5844-456A'
            or regexp_matches(
                service_name,
                'compute engine|kubernetes|tpu|workstation|app engine|dataproc|composer|notebook|workbench|dataflow|batch',
                'i'
            )
        )
),
disk_lines as (
    select
        *
    from lines
    where is_compute and is_disk_kind
),
-- Whatever runs or is suspended and may hold a disk: machines, GPUs and TPUs, sole-tenant nodes, Autopilot pods, managed
-- machines.
host_lines as (
    select
        *
    from lines
    where effective_cost >= 0
        and operation <> 'unused_reservation'
        and not is_disk_kind
        and case
            when is_compute
                then regexp_matches(usage_kind, '(^| )(core|ram|v?cpus?|gpus?|tpus?|instances?|tenancy|metal)( |$)|suspend')
                    and not regexp_matches(usage_kind, 'snapshot|image')
            when service_name ilike '%kubernetes%' then regexp_matches(usage_kind, 'autopilot.*(pod|cpu|memory|gpu)|pod ')
            else true
        end
),
-- Names and cluster labels under which a machine is known; one that was renamed keeps its id.
labels as (
    select
        load_id,
        tag_key,
        unnest(list_filter(
            list_zip(map_keys(tags), map_values(tags)),
            lambda t: t[2] <> '' and regexp_matches(
                lower(t[1]),
                '^(goog-k8s-cluster-name|goog-dataproc-cluster-name|goog-dataproc-cluster-uuid|goog-composer-environment|instance|instance[-_]?name|instance[-_]id|vm|vm[-_]?name|attached[-_]to)$'
            )
        )) as label
    from tag_sets
),
keyed_hosts as (
    select
        sub_account_id,
        resource_id,
        'name' as key_kind,
        name as key,
        zone,
        charge_date
    from host_lines
    where name <> '' and not starts_with(resource_id, 'all:')
    union all
    select
        h.sub_account_id,
        h.resource_id,
        case when starts_with(lower(l.label[1]), 'goog-') then lower(l.label[1]) else 'name' end,
        lower(l.label[2]),
        case when starts_with(lower(l.label[1]), 'goog-') then '' else h.zone end,
        h.charge_date
    from host_lines h
    join labels l using (load_id, tag_key)
),
host_days as (
    select distinct
        k.sub_account_id,
        k.key_kind,
        k.key,
        k.zone,
        d.charge_date
    from (select distinct * exclude (charge_date) from keyed_hosts) k
    join (select distinct sub_account_id, resource_id, charge_date from host_lines) d
        on d.sub_account_id = k.sub_account_id
        and d.resource_id = k.resource_id
        and not starts_with(d.resource_id, 'all:')
    union
    select distinct
        sub_account_id,
        key_kind,
        key,
        zone,
        charge_date
    from keyed_hosts
),
hosts as (
    select
        sub_account_id,
        key_kind,
        key,
        zone,
        regexp_replace(key, '[-_]?[0-9]+$', '') as stem,
        max(charge_date) as last_day,
        max(pause_days) as longest_pause
    from (
        select
            *,
            date_diff('day', lag(charge_date) over (
                partition by sub_account_id, key_kind, key, zone order by charge_date
            ), charge_date) - 1 as pause_days
        from host_days
    )
    group by all
),
disks as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        max(name) as name,
        regexp_replace(max(name), '[-_]?[0-9]+$', '') as stem,
        max(zone) as zone,
        max(region_id) as region_id,
        min(charge_date) as first_day,
        max(charge_date) as last_day,
        count(distinct charge_date) filter (in_window) as observed_days,
        coalesce(sum(effective_cost) filter (in_window), 0) as cost,
        coalesce(sum(committed_cost) filter (in_window), 0) as committed_cost,
        coalesce(sum(list_cost) filter (in_window), 0) as list_cost,
        list(distinct usage_type order by usage_type) as claims,
        sum(gib_days) filter (in_window) / count(distinct charge_date) filter (in_window) as gib,
        min(source_first_day) as source_first_day
    from (
        select
            *,
            charge_date > $as_of - $window_days as in_window,
            case when usage_kind like '%capacity%' and usage_kind not like '%throughput throughput%' then consumed_quantity * day(last_day(charge_date)) end as gib_days
        from disk_lines
    )
    group by all
),
-- What a disk may have belonged to, surest first: its namesake, a label, the names that its own begins with.
disk_keys as (
    select
        sub_account_id,
        resource_id,
        zone,
        'name' as key_kind,
        array_to_string(words[:n], '-') as key,
        case when n = len(words) then 1 else 3 end as rank
    from (
        select
            *,
            unnest(range(1, len(words) + 1)) as n
        from (
            select
                *,
                string_split(name, '-') as words
            from disks
            where name <> ''
                and not starts_with(resource_id, 'all:')
        )
    )
    union all
    select distinct
        d.sub_account_id,
        d.resource_id,
        case when starts_with(lower(l.label[1]), 'goog-') then '' else d.zone end,
        case when starts_with(lower(l.label[1]), 'goog-') then lower(l.label[1]) else 'name' end,
        lower(l.label[2]),
        2
    from disk_lines d
    join labels l using (load_id, tag_key)
    where not starts_with(d.resource_id, 'all:')
),
links as (
    select
        k.sub_account_id,
        k.resource_id,
        k.key_kind,
        k.key,
        k.rank,
        length(k.key) as key_length,
        h.last_day,
        h.longest_pause
    from disk_keys k
    join hosts h
        on h.sub_account_id = k.sub_account_id
        and h.key_kind = k.key_kind
        and h.key = k.key
        and (h.zone = k.zone or h.zone = '' or k.zone = '')
),
linked as (
    select
        l.sub_account_id,
        l.resource_id,
        min(rank) as rank,
        arg_min(key, (rank, -key_length)) as key,
        arg_min(key_kind, (rank, -key_length)) as key_kind,
        max(l.last_day) as last_day,
        max(longest_pause) as longest_pause
    from links l
    -- A disk that is younger than the end of the machine (a restored one) was never that machine's.
    join disks d using (sub_account_id, resource_id)
    where d.first_day <= l.last_day
    group by all
),
-- Machines of a similar name that do run may have taken the disk over.
relatives as (
    select
        d.sub_account_id,
        d.resource_id,
        count(*) as running
    from disks d
    join hosts h
        on h.sub_account_id = d.sub_account_id
        and h.key_kind = 'name'
        and (h.zone = d.zone or h.zone = '' or d.zone = '')
        and h.last_day > $as_of - $min_idle_days
    where d.name <> ''
        and not starts_with(d.resource_id, 'all:')
        and (
            starts_with(h.key, d.stem)
            or starts_with(d.name, h.stem)
        )
    group by all
),
-- Days on which anything ran where the disk is: without a known zone it counts for the whole region.
place_days as (
    select distinct
        d.sub_account_id,
        d.region_id,
        d.zone,
        h.charge_date
    from (select distinct sub_account_id, region_id, zone from disks) d
    join (select distinct sub_account_id, region_id, zone, charge_date from host_lines) h
        on h.sub_account_id = d.sub_account_id
        and (h.region_id = d.region_id or h.region_id = '' or d.region_id = '')
        and (h.zone = d.zone or h.zone = '' or d.zone = '')
),
places as (
    select
        sub_account_id,
        region_id,
        zone,
        max(charge_date) as last_day,
        max(pause_days) as longest_pause
    from (
        select
            *,
            date_diff('day', lag(charge_date) over (
                partition by sub_account_id, region_id, zone order by charge_date
            ), charge_date) - 1 as pause_days
        from place_days
    )
    group by all
),
-- Copies that replication keeps for a disaster have no machine where they are.
replicating as (
    select distinct
        sub_account_id,
        true as is_replicating
    from lines
    where is_compute
        and usage_kind like '%replication%'
),
judged as (
    select
        d.*,
        l.rank,
        l.key,
        l.key_kind,
        coalesce(r.running, 0) as running,
        coalesce(c.is_replicating, false) as is_replicating,
        -- An empty place says more than a machine that is gone; without either nothing is known.
        coalesce(p.last_day, d.first_day - 1) <= $as_of - $min_idle_days as is_empty_place,
        case
            when coalesce(p.last_day, d.first_day - 1) <= $as_of - $min_idle_days
                then $as_of - greatest(coalesce(p.last_day, d.first_day - 1), d.first_day - 1)
            when l.rank is not null then $as_of - l.last_day
            else 0
        end as idle_days,
        case
            when coalesce(p.last_day, d.first_day - 1) <= $as_of - $min_idle_days then p.longest_pause
            else l.longest_pause
        end as longest_pause,
        p.last_day as place_last_day,
        l.last_day as machine_last_day
    from disks d
    left join linked l using (sub_account_id, resource_id)
    left join relatives r using (sub_account_id, resource_id)
    left join places p using (sub_account_id, region_id, zone)
    left join replicating c using (sub_account_id)
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'persistent disk' as resource_type,
    region_id,
    case
        when resource_id like '%/zones/%' then 'zonal'
        when resource_id like '%/regions/%' then 'regional'
        else 'unplaced'
    end as variant,
    first_day,                                                                                  -- UTC day
    last_day,                                                                                   -- UTC day
    coalesce(observed_days, 0) as observed_days,                                                -- days
    cost,                                                                                       -- billing currency
    committed_cost,                                                                             -- billing currency
    list_cost,                                                                                  -- billing currency
    claims,                                                                                     -- usage types as billed
    round(gib, 1) as gib,                                                                       -- GiB
    idle_days,                                                                                  -- days
    date_diff('day', source_first_day, $as_of) + 1 as history_days,                             -- days
    case
        when is_empty_place and place_last_day is null then 'No machine at all was billed in its zone or region'
        when is_empty_place
            then 'The last machine in its zone or region was billed on ' || strftime(place_last_day, '%Y-%m-%d')
        when key_kind = 'name'
            then 'Machine ' || key || ', which it seems to belong to, was last billed on ' || strftime(machine_last_day, '%Y-%m-%d')
        when key is not null
            then 'Cluster ' || key || ', whose label it has, last had a node on ' || strftime(machine_last_day, '%Y-%m-%d')
        else 'Nothing shows which machine it belongs to'
    end as sign,
    -- Something that it may belong to runs, or rests as it has rested before.
    (case when is_empty_place then is_replicating::integer else running end)
        + (case when longest_pause >= 2 and idle_days <= $max_pauses * longest_pause then 1 else 0 end)
        as signs_of_life,                                                                       -- count
    case when is_empty_place or rank = 1 then 'medium' end as confidence,                       -- else the check's
    case when is_empty_place then 'medium' end as group_confidence,
    'before the price of a snapshot' as saving_is
from judged
