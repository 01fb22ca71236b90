/*---
id          = "gcp-previous-machine-family"
title       = "Machine family that costs more than its successor"
kind        = "modernize"
service     = "Compute Engine"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "The price ratios are those of us-central1, off by a few per cent elsewhere, and the successor may not be offered in the zone. E2 has no sustained-use discount (taken into account), no guaranteed processor, no local SSD or GPU, and at most 16 Gbit/s; N2D and C2D are AMD; none of the three has nested virtualisation. A minimum processor platform, sole tenancy or a licence bound to cores forbids the change. A resource-based commitment of the old family would go unused."
remediation = "Test the workload on the successor, then stop the machine, change its machine type and start it; for a group or node pool, make one of the new type and drain the old."
reason      = "vCPUs and memory of {family} cost {cost} in the window; {successor} would cost {price_ratio} times as much, discounts for sustained use included."
references  = ["https://cloud.google.com/compute/docs/machine-resource", "https://cloud.google.com/compute/docs/sustained-use-discounts"]
[judge]
ratio              = "price_ratio"
active_within_days = 4
[commands]
unplaced = "gcloud compute instances list --project {account_id} --filter=\"name={resource_name}\""
instance = """
gcloud compute instances describe {resource_name} --zone {location} --project {account_id} --format="value(machineType,minCpuPlatform,scheduling,disks)"
gcloud compute machine-types list --zones {location} --project {account_id} --filter="name~^(e2|n2d|c2d)-"
"""
node_pool = """
gcloud compute instances describe {resource_name} --zone {location} --project {account_id} --format="value(machineType,labels)"
gcloud container clusters list --project {account_id}
"""
managed = "gcloud compute instances describe {resource_name} --zone {location} --project {account_id}"
group = "gcloud compute instances list --project {account_id} --filter=\"machineType~/(n1|n2|c2|g1)-\""
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is compared: sustained-use discounts take a month to build up."
[params.min_days]
default = 7
unit    = "days"
help    = "A machine billed on fewer days is too short-lived to judge."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "A successor that saves less than this is not worth a finding."
---*/
with successors as (
    -- ratio = list price of the successor / list price of the old family, us-central1, Google's public price list,
    -- 2026-09, per vCPU-hour and GiB-hour: N1, N2 0.031611 and 0.004237 (custom 0.033174 and 0.004446), N2D 0.027502
    -- and 0.003686, E2 0.021811 and 0.002923, C2 0.03398 and 0.00455, C2D 0.029563 and 0.003959, g1-small 0.0257,
    -- e2-small 0.016751, n1-standard-1 0.0475, e2-medium 0.033503. keeps = share of the old family's sustained-use
    -- discount that the successor has, too (N1 30 %, N2, N2D and C2 20 %, others none). Families without a successor
    -- that is cheaper and as large (f1-micro, m1, m2, a2, t2d, n2d, e2, c3, n4) are left out on purpose.
    select
        *
    from (values
        ('N1', 'E2', 0.6900, 0.0, 0.30),
        ('N1 custom', 'E2', 0.6575, 0.0, 0.30),
        ('n1-standard-1', 'e2-medium', 0.7053, 0.0, 0.30),
        ('g1-small', 'e2-small', 0.6518, 0.0, 0.30),
        ('N1 large', 'N2D', 0.8700, 0.6667, 0.30),
        ('N2', 'N2D', 0.8700, 1.0, 0.20),
        ('C2', 'C2D', 0.8700, 0.0, 0.20)
    ) as t (
        family,
        successor,
        list_ratio,
        keeps,
        most_discount
    )
),
lines as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,
        load_id,
        tag_key,
        usage_type,
        usage_kind,
        pricing_category,
        commitment_discount_type,
        nullif(instance_type, '') as machine_type,
        hours_mask,
        consumed_quantity,
        effective_cost,
        committed_cost,
        list_cost,
        starts_with(resource_id, 'all:') as is_group,
        regexp_matches(usage_kind, '(^| )core( |$)') as is_core,
        case
            when product_sku = '2E27-4F75-95CD' or regexp_matches(usage_kind, '^n1 (predefined )?instance (core|ram)') then 'N1'
            when regexp_matches(usage_kind, '^(n1 )?custom (extended )?instance (core|ram)') then 'N1 custom'
            when regexp_matches(usage_kind, '^small instance with 1 vcpu') then 'g1-small'
            when regexp_matches(usage_kind, '^n2 (custom )?(extended )?instance (core|ram)') then 'N2'
            when regexp_matches(usage_kind, '^(compute optimized|c2 instance) (core|ram)') then 'C2'
        end as family,
        regexp_matches(
            usage_kind,
            '^([a-z]+[0-9]+[a-z0-9]* )?(amd |arm )?(predefined |custom |extended |memory[ -]optimized )*instance (core|ram)|^(compute|memory)[ -]optimized (instance )?(core|ram)|^(micro|small) instance with'
        ) as is_machine,
        regexp_matches(usage_kind, 'gpu|local storage|local ssd|sole tenancy') as is_bound
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and resource_id <> ''
        and (service_code = '6F81-5844-456A' or service_name = 'Compute Engine')
        and operation <> 'unused_reservation'
),
-- Size of a machine: as its type says, else from what was billed per hour.
sizes as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        bool_or(is_bound) as is_bound,
        bool_or(is_group) as is_group,
        max(charge_date) filter (is_machine and pricing_category <> 'Dynamic') as last_day,
        max(charge_date) filter (is_machine and pricing_category <> 'Dynamic' and family is not null) as last_old_day,
        bool_or(usage_kind like '%extended%') as is_extended,
        max(coalesce(
            try_cast(nullif(regexp_extract(machine_type, '-custom-([0-9]+)-', 1), '') as double),
            try_cast(nullif(regexp_extract(machine_type, '^custom-([0-9]+)-', 1), '') as double),
            try_cast(nullif(regexp_extract(machine_type, '-([0-9]+)$', 1), '') as double)
        )) as type_vcpus,
        sum(consumed_quantity) filter (is_core) as vcpu_hours,
        sum(consumed_quantity) filter (is_machine and not is_core and family is distinct from 'g1-small') as gib_hours
    from lines
    group by all
),
run_hours as (
    select
        sub_account_id,
        resource_id,
        sum(hours) as hours
    from (
        select
            sub_account_id,
            resource_id,
            charge_date,
            bit_count(bit_or(hours_mask)) as hours
        from lines
        where is_machine
        group by all
    )
    group by all
),
marked as (
    select
        l.*,
        h.hours,
        z.is_bound,
        -- What runs now: a machine that was changed is judged by its new family alone.
        (l.family is not null) = (z.last_old_day is not null and z.last_old_day = z.last_day) as is_judged,
        case when not z.is_group then coalesce(z.type_vcpus, z.vcpu_hours / nullif(h.hours, 0)) end as vcpus,
        z.vcpu_hours,
        z.gib_hours,
        case
            when l.family is null or l.family not in ('N1', 'N1 custom') then l.family
            -- E2 and AMD machines take no GPU, local SSD or sole-tenant node over.
            when z.is_bound then null
            when z.is_group or z.is_extended
                or coalesce(z.type_vcpus, z.vcpu_hours / nullif(h.hours, 0)) > 32
                or z.gib_hours / nullif(h.hours, 0) > 128
                or z.vcpu_hours is null then 'N1 large'
            when coalesce(z.type_vcpus, z.vcpu_hours / nullif(h.hours, 0)) >= 2 then l.family
            when z.gib_hours / nullif(h.hours, 0) between 3.5 and 4 then 'n1-standard-1'
        end as sized_family
    from lines l
    join sizes z using (provider, sub_account_id, resource_id, billing_currency)
    join run_hours h using (sub_account_id, resource_id)
    where l.is_machine
        and l.pricing_category <> 'Dynamic'
),
priced as (
    select
        m.*,
        s.successor,
        s.list_ratio,
        s.keeps,
        s.most_discount,
        s.family as priced_family,
        r.first_day > $as_of - 27 and m.hours >= 0.9 * 24 * ($as_of - r.first_day + 1) as is_building_up,
        -- A resource-based commitment stays with its family: only what it does not cover can move.
        m.pricing_category = 'Committed' and m.commitment_discount_type <> 'Committed Use Discount (spend)' as is_tied,
        m.pricing_category = 'Committed' as is_committed,
        labels.cluster,
        labels.is_node,
        labels.is_managed
    from marked m
    left join successors s on s.family = m.sized_family
    left join resources r
        on r.provider = m.provider and r.sub_account_id = m.sub_account_id and r.resource_id = m.resource_id
    left join (
        select
            load_id,
            tag_key,
            coalesce(tags['goog-k8s-cluster-name'], tags['goog-dataproc-cluster-name'], tags['goog-composer-environment'])
                as cluster,
            tags['goog-k8s-cluster-name'] is not null or tags['goog-gke-node'] is not null as is_node,
            tags['goog-dataproc-cluster-name'] is not null
                or tags['goog-composer-environment'] is not null
                or tags['goog-dataflow-job-id'] is not null as is_managed
        from tag_sets
    ) labels on labels.load_id = m.load_id and labels.tag_key = m.tag_key
    where m.is_judged
),
-- Per family, since discounts for sustained use differ: what it costs, at list price, and what it comes to in a full
-- month when it is still building up its discount.
families as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        coalesce(priced_family, 'other') as priced_family,
        sum(effective_cost) filter (not is_committed) as paid,
        sum(list_cost) filter (not is_committed) as at_list,
        sum(effective_cost) filter (is_committed and not is_tied) as paid_committed,
        coalesce(bool_or(is_building_up), false) as is_building_up,
        max(list_ratio) as list_ratio,
        max(keeps) as keeps,
        max(most_discount) as most_discount
    from priced
    group by all
),
targets as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        sum(net + coalesce(paid_committed, 0)) as net,
        sum(case
            when list_ratio is null then net + coalesce(paid_committed, 0)
            when keeps = 1 then (net + coalesce(paid_committed, 0)) * list_ratio
            else at_list * list_ratio * (1 - keeps * greatest(0, 1 - net / nullif(at_list, 0)))
                + coalesce(paid_committed, 0) * list_ratio
        end) as target
    from (
        select
            * replace (coalesce(at_list, 0) as at_list),
            coalesce(case when is_building_up and keeps < 1 then least(paid, at_list * (1 - most_discount)) else paid end, 0)
                as net
        from families
    )
    group by all
)
select
    p.provider,
    p.sub_account_id,
    p.resource_id,
    p.billing_currency,
    'virtual machine' as resource_type,
    case
        when bool_and(p.resource_id not like '%/zones/%') then 'unplaced'
        when bool_or(p.is_node) then 'node_pool'
        when bool_or(p.is_managed) then 'managed'
        else 'instance'
    end as variant,
    min(p.charge_date) as first_day,                                                            -- UTC day
    max(p.charge_date) as last_day,                                                             -- UTC day
    count(distinct p.charge_date) as observed_days,                                             -- days
    sum(p.effective_cost) as cost,                                                              -- billing currency
    sum(p.committed_cost) as committed_cost,                                                    -- billing currency
    sum(p.list_cost) as list_cost,                                                              -- billing currency
    list(distinct p.usage_type order by p.usage_type) as claims,                                                      -- usage types as billed
    string_agg(distinct p.family, ', ' order by p.family) as family,
    string_agg(distinct p.successor, ', ' order by p.successor) as successor,
    max(p.machine_type) as machine_type,
    max(p.cluster) as cluster,
    round(max(p.vcpus), 2) as vcpus,                                                            -- vCPUs
    max(p.hours) as run_hours,                                                                  -- h
    case
        when any_value(t.net) > 0 then coalesce(any_value(t.target) / any_value(t.net), 1)
        else 1
    end as price_ratio,                                                                         -- new price / old price
    case
        when sum(p.committed_cost) > 0
            or bool_or(p.successor in ('N2D', 'C2D', 'e2-medium'))
            or bool_or(p.is_managed) then 'low'
    end as confidence                                                                           -- else the check's
from priced p
join targets t using (provider, sub_account_id, resource_id, billing_currency)
group by all
