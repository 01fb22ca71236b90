-- What else the machines of the bill could be, built after machines.sql. The engine fills before: list_shapes and
-- list_prices, the newest rows of advisor.prices for the shapes in use.

create or replace table paid_rates as
-- What an hour of a shape really costs here, where it is bought without commitment: stands before any list price.
select
    provider,
    billing_account_id,     -- payers have discounts of their own
    machine,
    region_id,
    shape,
    terms,
    deployment,
    billing_currency,
    sum(cost) / sum(machine_hours) as per_hour  -- billing currency per h
from machine_units
where charge_date > (select as_of - 30 from scan_clock)
    and shape <> ''
    and terms <> 'mixed'
    and cost > 0
    and committed_cost = 0      -- where a commitment covers a part, nobody knows which part of the hours it is
group by all
having sum(machine_hours) > 0;

create or replace table shape_options as
-- For each shape in use, in one region and at one price: what else there is for less, and its price by that of the shape.
with used as (
    select distinct provider, billing_account_id, machine, region_id, shape, terms, deployment, billing_currency
    from machine_units
    where shape <> ''
        and charge_date > (select as_of - 30 from scan_clock)
),
places as (
    -- Where the region has no list prices, the ratio of another one serves: it differs by a few per cent at most.
    select
        u.*,
        p.region_id as price_region,
        p.terms as price_terms,
        p.usd_per_hour
    from used u
    join list_prices p
        on p.provider = u.provider
        and p.service = u.machine
        and p.shape = u.shape
        -- A licence is paid per vCPU: sizes of one family keep their ratio, families do not.
        and (p.terms in (u.terms, '') or ((u.terms = 'windows' or starts_with(u.terms, 'licensed')) and p.terms = 'linux'))
    qualify row_number() over (
        partition by u.provider, u.billing_account_id, u.machine, u.region_id, u.shape, u.terms, u.deployment, u.billing_currency
        order by p.terms = u.terms desc, p.region_id = u.region_id desc, p.region_id in ('us-east-1', 'us-central1') desc, p.region_id
    ) = 1
)

select
    u.provider,
    u.billing_account_id,
    u.machine,
    u.region_id,
    u.shape,
    u.terms,
    u.deployment,
    u.billing_currency,
    any_value(u.price_region) as price_region,
    -- An empty list where nothing is cheaper; no row where the shape itself has no price.
    coalesce(list({
        'shape': o.shape, 'family': o.family, 'generation': o.generation, 'architecture': o.architecture,
        'vcpus': o.vcpus, 'memory_gib': o.memory_gib, 'baseline_share': o.baseline_share,
        'network_gbps': o.network_gbps, 'disk_mbps': o.disk_mbps, 'disk_iops': o.disk_iops,
        'local_disk_gb': o.local_disk_gb, 'accelerator': o.accelerator, 'accelerator_count': o.accelerator_count,
        'accelerator_memory_gib': o.accelerator_memory_gib, 'is_current': o.is_current,
        'price_ratio': coalesce(paid.per_hour / nullif(now_paid.per_hour, 0), p.usd_per_hour / u.usd_per_hour),
        'price_basis': case when paid.per_hour is not null and now_paid.per_hour > 0 then 'paid' else 'list' end
    } order by p.usd_per_hour, o.shape) filter (o.shape is not null), []) as options
from places u
join list_shapes now on now.provider = u.provider and now.service = u.machine and now.shape = u.shape
left join list_prices p
    on p.provider = u.provider
    and p.service = u.machine
    and p.region_id = u.price_region
    and p.terms = u.price_terms
    and p.usd_per_hour < u.usd_per_hour
    and p.usd_per_hour > 0.02 * u.usd_per_hour
left join list_shapes o
    on o.provider = p.provider
    and o.service = p.service
    and o.shape = p.shape
    -- What the kind would never take is left out here, where it is a row of a table and not of each machine.
    and (o.family = now.family or (o.is_current and now.generation > 0 and o.generation >= now.generation))
    and (o.architecture = now.architecture or (now.architecture = 'x86_64' and o.architecture = 'arm64'))
    and o.accelerator in ('', now.accelerator)
    -- Bare metal is taken for what virtual machines cannot do.
    and not contains(o.shape, 'metal')
    and not contains(u.shape, 'metal')
    -- SQL Server is licensed for four vCPUs at least.
    and (o.vcpus >= 4 or u.machine <> 'ec2' or not regexp_matches(u.terms, 'sql|:(0004|0006|0100|0102|0200|0202|1014|1110|1210)'))
    -- Licences and sizes keep their ratio within a family; prices of burstable sizes follow their memory instead.
    and (u.terms = u.price_terms or u.price_terms = '' or (o.family = now.family and now.baseline_share is null))
left join paid_rates now_paid
    on (now_paid.provider, now_paid.billing_account_id, now_paid.machine, now_paid.region_id, now_paid.shape, now_paid.terms, now_paid.deployment, now_paid.billing_currency)
        = (u.provider, u.billing_account_id, u.machine, u.region_id, u.shape, u.terms, u.deployment, u.billing_currency)
left join paid_rates paid
    on (paid.provider, paid.billing_account_id, paid.machine, paid.region_id, paid.shape, paid.terms, paid.deployment, paid.billing_currency)
        = (u.provider, u.billing_account_id, u.machine, u.region_id, o.shape, u.terms, u.deployment, u.billing_currency)
group by all;

create or replace macro metric_no(metric_name) as
    list_position(
        [
            'cpu_utilization', 'memory_utilization', 'freeable_memory', 'network_bytes', 'disk_bytes', 'disk_operations',
            'gpu_utilization', 'gpu_memory_utilization', 'cpu_credit_balance'
        ],
        metric_name
    )::utinyint;

create or replace table machine_numbers as
select
    *,
    (row_number() over (order by provider, sub_account_id, unit_id, machine) - 1)::integer as unit_no
from (select distinct provider, sub_account_id, unit_id, machine from machine_units);

create or replace macro in_slice(unit_no) as
    -- Machines are judged in slices, or the days of ten thousand would not fit into memory. Variables are the connection's.
    unit_no >= coalesce(getvariable('first_machine'), 0) and unit_no <= coalesce(getvariable('last_machine'), 2147483647);

create or replace table machine_load as
-- Per machine or group, metric and day; of a group the highest of its members. By number, and in the order of the
-- numbers, so that a slice reads its own rows alone.
with members as (
    select
        n.unit_no,
        m.group_name <> '' as is_grouped,
        m.provider,
        m.sub_account_id,
        m.charge_date,
        unnest(m.members).resource_id as resource_id
    from machine_units m
    join machine_numbers n using (provider, sub_account_id, unit_id, machine)
    where exists (from utilization_days)
),
measures as (
    select provider, sub_account_id, resource_id, metric_no(metric) as metric_no, metric, metric_date, average, p95, p99, maximum, sample_hours
    from utilization
    where metric_no(metric) > 0
        and metric_date > (select as_of - (select days from scan_window) from scan_clock)
),
loads as (
    select m.unit_no, u.metric_no, u.metric_date, u.average, u.p95, u.p99, u.maximum, u.sample_hours::smallint as sample_hours
    from (
        select distinct unit_no, provider, sub_account_id, resource_id
        from members
        where not is_grouped
    ) m
    join measures u using (provider, sub_account_id, resource_id)
    union all
    select
        m.unit_no,
        u.metric_no,
        u.metric_date,
        -- What is left of memory or credits is least where load is highest.
        if(falls(u.metric), min(u.average), max(u.average)),
        if(falls(u.metric), min(u.p95), max(u.p95)),
        if(falls(u.metric), min(u.p99), max(u.p99)),
        if(falls(u.metric), min(u.maximum), max(u.maximum)),
        sum(u.sample_hours)::smallint
    from (select distinct * from members where is_grouped) m
    join measures u
        on (u.provider, u.sub_account_id, u.resource_id, u.metric_date)
            = (m.provider, m.sub_account_id, m.resource_id, m.charge_date)
    group by m.unit_no, u.metric_no, u.metric, u.metric_date
)

select *
from loads
order by unit_no;

create or replace macro sustained_use(machine_family) as
    -- The most that a full month of use takes off, as a share of the list price.
    case when machine_family in ('n1', 'm1', 'f1', 'g1') then 0.3 when machine_family in ('n2', 'n2d', 'c2', 'm2') then 0.2 else 0 end;

create or replace macro days_of(l, metric_name) as
    coalesce(
        list({
            'metric_date': l.metric_date, 'average': l.average, 'p95': l.p95, 'p99': l.p99, 'maximum': l.maximum,
            'sample_hours': l.sample_hours
        } order by l.metric_date) filter (l.metric_no = metric_no(metric_name)),
        []
    );

create or replace macro machines(service_name_of_machine, last_day, days) as table (
    -- What the kind `oversized` judges: one row per machine or group with its shape, its load and what else there is.
    with seen as (
        select
            *,
            -- A machine that was changed is judged by its present shape alone.
            max(charge_date) filter (shape <> arg_max_shape) over unit as changed_on
        from (
            select
                *,
                last_value(shape) over (
                    partition by provider, sub_account_id, unit_id, billing_currency
                    order by charge_date rows between unbounded preceding and unbounded following
                ) as arg_max_shape
            from machine_units
            join machine_numbers using (provider, sub_account_id, unit_id, machine)
            where machine = service_name_of_machine
                and in_slice(unit_no)
                and charge_date > last_day - days
                and charge_date <= last_day
        )
        window unit as (partition by provider, sub_account_id, unit_id, billing_currency)
    ),
    units as (
        select
            unit_no,
            provider,
            sub_account_id,
            unit_id,
            billing_currency,
            machine,
            arg_max(region_id, charge_date) as region_id,
            arg_max(billing_account_id, charge_date) as billing_account_id,
            any_value(group_name) as group_name,
            arg_max(shape, charge_date) as shape,
            arg_max(terms, charge_date) as terms,
            arg_max(deployment, charge_date) as deployment,
            min(charge_date) as first_day,                              -- UTC day
            max(charge_date) as last_day,                               -- UTC day
            count(*) as observed_days,                                  -- days
            -- Where only the days since a change count, they are what the cost stands for.
            last_day - max(changed_on) as span_days,                    -- days
            sum(machine_hours) as machine_hours,                        -- h
            sum(billed_hours) as billed_hours,                          -- h
            sum(cost) as cost,                                          -- billing currency
            sum(committed_cost) as committed_cost,                      -- billing currency
            sum(list_cost) as list_cost,                                -- billing currency
            sum(discount_credits) / nullif(sum(discount_credits) - sum(cost - committed_cost), 0) as discount_share,
            list_distinct(flatten(list(usage_types))) as claims,
            flatten(list(members order by charge_date)) as members
        from seen
        where changed_on is null or charge_date > changed_on
        group by all
    ),
    blind as (
        -- A group with a lasting member that nobody measured: that one may do all the work.
        select distinct unit_no
        from (
            select provider, sub_account_id, unit_no, resource_id
            from (
                select provider, sub_account_id, unit_no, unnest(members).resource_id as resource_id
                from seen
                where group_name <> ''
            )
            group by all
            having count(*) >= 14
        )
        anti join (
            select * from utilization where metric in ('cpu_utilization', 'gpu_utilization') and metric_date > last_day - days
        )
            using (provider, sub_account_id, resource_id)
    ),
    loads as (
        select
            l.unit_no,
            u.billing_currency,
            days_of(l, 'cpu_utilization') as cpu_days,
            days_of(l, 'memory_utilization') as memory_days,
            days_of(l, 'freeable_memory') as freeable_days,
            days_of(l, 'network_bytes') as network_days,
            days_of(l, 'disk_bytes') as disk_bytes_days,
            days_of(l, 'disk_operations') as disk_operations_days,
            days_of(l, 'gpu_utilization') as gpu_days,
            days_of(l, 'gpu_memory_utilization') as gpu_memory_days,
            days_of(l, 'cpu_credit_balance') as credit_days
        from machine_load l
        join units u using (unit_no)
        anti join blind using (unit_no)
        where l.metric_date > last_day - days
            and in_slice(l.unit_no)
            and l.metric_date between u.first_day and u.last_day
        group by all
    )

    select
        u.provider,
        u.sub_account_id,
        u.unit_id as resource_id,
        u.billing_currency,
        u.region_id,
        u.group_name,
        u.shape,
        u.terms,
        u.first_day,
        u.last_day,
        u.observed_days,
        u.span_days,
        u.machine_hours,
        u.billed_hours,
        u.cost,
        u.committed_cost,
        u.list_cost,
        u.claims,
        case when u.group_name <> '' then u.members end as members,
        case when u.group_name <> '' then 'group' else 'machine' end as variant,
        s.family,
        s.generation,
        s.architecture,
        s.vcpus,
        s.memory_gib,
        s.baseline_share,
        s.network_gbps,
        s.disk_mbps,
        s.disk_iops,
        s.local_disk_gb,
        s.accelerator,
        s.accelerator_count,
        s.accelerator_memory_gib,
        l.cpu_days,
        l.memory_days,
        l.freeable_days,
        l.network_days,
        l.disk_bytes_days,
        l.disk_operations_days,
        l.gpu_days,
        l.gpu_memory_days,
        l.credit_days,
        -- A discount for sustained use stays behind with its families (n1, m1 30 %, n2, n2d, c2 20 % at most).
        case
            -- Nobody chooses for a machine that nobody measured.
            when l.unit_no is null and o.options is not null then []
            when u.provider = 'gcp' and u.discount_share > 0 and sustained_use(s.family) > 0
                then list_transform(
                    o.options,
                    lambda x: struct_update(
                        x,
                        price_ratio := case
                            when x.price_basis = 'paid' then x.price_ratio
                            else x.price_ratio
                                * (1 - least(u.discount_share, sustained_use(s.family)) * sustained_use(x.family) / sustained_use(s.family))
                                / (1 - least(u.discount_share, sustained_use(s.family)))
                        end
                    )
                )
            else o.options
        end as options,
        o.price_region
    from units u
    left join list_shapes s on s.provider = u.provider and s.service = u.machine and s.shape = u.shape
    left join shape_options o
        on (o.provider, o.billing_account_id, o.machine, o.region_id, o.shape, o.terms, o.deployment, o.billing_currency)
            = (u.provider, u.billing_account_id, u.machine, u.region_id, u.shape, u.terms, u.deployment, u.billing_currency)
    left join loads l
        on (l.unit_no, l.billing_currency) = (u.unit_no, u.billing_currency)
);
