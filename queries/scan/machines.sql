-- Machines in the bill, built after utilization.sql: what is billed by the hour and has a shape, whatever service it
-- belongs to.

create or replace macro label_of(labels, name) as
    nullif(list_filter(labels, lambda l: l.key = name)[1].value, '');

create or replace macro billed_vcpus(machine_type) as
    -- vCPUs that an hour of a machine of Compute Engine is billed for; null where its type does not say. Types with
    -- shared cores are billed for the part that lasts.
    case
        when regexp_matches(machine_type, '^e2-(custom-)?micro(-|$)') then 0.25
        when regexp_matches(machine_type, '^e2-(custom-)?small(-|$)') then 0.5
        when regexp_matches(machine_type, '^e2-(custom-)?medium(-|$)') then 1
        else try_cast(coalesce(
            nullif(regexp_extract(machine_type, '(?:^|-)custom-(\d+)-', 1), ''),
            nullif(regexp_extract(machine_type, '^[a-z]\w+-(?:standard|high\w+|megamem|ultramem|hypermem)-(\d+)(?:-|$)', 1), '')
        ) as double)
    end;

create or replace table machine_days as
-- Days of the engine's `scan_window`. What a meter is, is said once for all of its days.
with lines as (
    select
        u.provider,
        u.sub_account_id,
        u.resource_id,
        u.billing_currency,
        u.billing_account_id,
        u.region_id,
        u.load_id,
        u.meter_key,
        u.tag_key,
        u.usage_type,
        u.usage_kind,
        u.operation,
        u.product_detail,
        u.charge_description,
        u.instance_type,
        u.resource_name,
        u.service_code,
        u.service_name,
        case
            when u.provider = 'aws' then case
                -- GameLift, EMR and others name usage BoxUsage, too.
                when regexp_matches(u.usage_kind, '^(Box|Dedicated)Usage(:|$)')
                    and (u.service_code = 'AmazonEC2' or (u.service_code = '' and u.service_name ilike '%Elastic Compute Cloud%'))
                    then 'ec2'
                when regexp_matches(u.usage_kind, '^(InstanceUsage|InstanceUsageIOOptimized|Multi-AZUsage|Multi-AZClusterUsage):db\.')
                    and (u.service_code = 'AmazonRDS' or (u.service_code = '' and u.service_name ilike '%Relational Database%'))
                    then 'rds'
                when u.usage_kind like 'NodeUsage:cache.%' then 'elasticache'
                when u.usage_kind like 'ESInstance:%' then 'opensearch'
                when regexp_matches(u.usage_kind, '^(Host|Hst|Hosting):ml\.') then 'sagemaker'
            end
            when u.provider = 'gcp' then case
                when (u.service_code = '6F81-5844-456A' or u.service_name = 'Compute Engine')
                    and u.operation <> 'unused_reservation'
                    and not regexp_matches(u.usage_kind, 'sole tenancy|suspend|licens')
                    and regexp_matches(
                        u.usage_kind,
                        '(^| )(instance|optimized|extended|predefined|custom) (instance )?(core|ram)( |$)|^(micro|small) instance with|^(compute|memory)[ -]optimized'
                    )
                    then 'compute'
                when (u.service_code = '9662-B51E-5089' or u.service_name = 'Cloud SQL' or u.usage_kind like 'cloud sql%')
                    and regexp_matches(u.usage_kind, ': (regional|zonal) - .*(vcpu|\bram\b|(micro|small) instance)')
                    and not regexp_matches(u.usage_kind, 'extended support|ip address|export|backup|licen[cs]|storage')
                    then 'cloudsql'
            end
        end as machine
    from usage_meters u
    where u.charge_role = 'usage'
        and u.pricing_category <> 'Dynamic'
        and u.resource_id <> ''
        and not starts_with(u.resource_id, 'all:')
),
described as (
    select
        l.*,
        case
        when l.machine = 'opensearch'
            then regexp_replace(coalesce(nullif(l.instance_type, ''), split_part(l.usage_kind, ':', 2)), '(\.search|\.elasticsearch)?$', '.search')
        when l.machine = 'ec2' and l.usage_kind in ('BoxUsage', 'DedicatedUsage') then 'm1.small'
        when l.machine = 'cloudsql' and regexp_matches(l.usage_kind, '[0-9]+ vcpu \+')
            then format(
                'db-custom-{}-{}',
                regexp_extract(l.usage_kind, '([0-9]+) vcpu \+', 1),
                (regexp_extract(l.usage_kind, '\+ ([0-9.]+) ?gb ram', 1)::double * 1024)::integer
            )
        when l.machine = 'cloudsql' and regexp_matches(l.usage_kind, 'micro instance') then 'db-f1-micro'
        when l.machine = 'cloudsql' and regexp_matches(l.usage_kind, 'small instance') then 'db-g1-small'
        when l.provider = 'aws' then coalesce(nullif(split_part(l.usage_kind, ':', 2), ''), l.instance_type)
        else l.instance_type
        end as shape,
        -- What makes one shape cost more than another of the same name: system or engine, and how it is deployed.
        case
        when l.machine = 'ec2' then case
            when l.operation in ('', 'RunInstances') and not regexp_matches(lower(l.product_detail || ' ' || l.charge_description), 'windows|rhel|red hat|suse|sql|ubuntu pro') then 'linux'
            when l.operation = 'RunInstances:0002' or lower(l.product_detail) = 'windows' then 'windows'
            else 'licensed ' || lower(trim(l.operation || ' ' || l.product_detail))  -- SQL Server Enterprise is not RHEL
        end
        when l.machine = 'rds' then replace(replace(lower(l.product_detail), ' ', '-'), 'amazon-', '')
        when l.machine = 'elasticache' then if(lower(l.product_detail) = 'valkey', 'valkey', '')
        when l.machine = 'compute' then 'linux'  -- licences are lines of their own
        when l.machine = 'cloudsql' then case
            when l.usage_kind like '%postgres%' then 'postgresql'
            when l.usage_kind like '%mysql%' then 'mysql'
            else 'sqlserver'
        end
        else ''
        end as terms,
        -- Quantity that is one hour of the machine; null where only the hours of a day are known.
        case
        when l.provider = 'aws' then 1.0
        when regexp_matches(l.usage_kind, '^(micro|small) instance with|[0-9]+ vcpu \+|: (regional|zonal) - (micro|small) instance')
            then 1.0
        when l.machine = 'compute' and regexp_matches(l.usage_kind, '(^| )core( |$)') then billed_vcpus(l.instance_type)
        end as hourly_quantity                                                  -- pricing unit per h
    from lines l
    where l.machine is not null
),
labels as (
    -- Exports spell one key in several ways: aws:autoscaling:groupName, aws_autoscaling_group_name.
    select
        load_id,
        tag_key,
        list_transform(
            map_entries(tags),
            lambda e: {
                'key': regexp_replace(regexp_replace(lower(e.key), '^(user|aws)[:_]', ''), '[^a-z0-9]', '', 'g'),
                'value': e.value
            }
        ) as labels
    from tag_sets
    semi join described using (load_id, tag_key)
),
groups as (
    -- A member of a group is replaced by a new one: what may be changed is the group.
    select
        load_id,
        tag_key,
        coalesce(
            nullif(label_of(labels, 'eksclustername') || '/' || label_of(labels, 'eksnodegroupname'), '/'),
            label_of(labels, 'eksnodegroupname'),
            label_of(labels, 'karpentershnodepool'),
            label_of(labels, 'autoscalinggroupname'),
            label_of(labels, 'elasticbeanstalkenvironmentname'),
            label_of(labels, 'ec2fleetid'),
            label_of(labels, 'ecsclustername'),
            label_of(labels, 'elasticmapreducejobflowid'),
            list_filter(labels, lambda l: starts_with(l.key, 'kubernetesiocluster'))[1].key,
            label_of(labels, 'googk8sclustername') || '/' || coalesce(label_of(labels, 'googk8snodepoolname'), ''),
            label_of(labels, 'googdataprocclustername'),
            label_of(labels, 'googcomposerenvironment'),
            label_of(labels, 'googdataflowjobid')
        ) as group_name
    from labels
),
managed as (
    -- Instance groups of Google end the names of their members with four characters of chance, without vowels, and
    -- label nothing. One such name may be anybody's: siblings decide.
    select
        provider,
        sub_account_id,
        region_id,
        left(resource_name, -5) as prefix
    from lines
    where machine = 'compute' and regexp_matches(resource_name, '-[b-df-hj-np-tv-z0-9]{4}$')
    group by all
    having count(distinct resource_id) > 1 and bool_or(not regexp_matches(resource_name, '-[a-z]*[0-9]+$'))
)

select
    l.provider,
    l.sub_account_id,
    l.resource_id,
    l.billing_currency,
    l.machine,
    u.charge_date,                                                              -- UTC day
    arg_max(l.region_id, u.effective_cost) as region_id,
    max(l.billing_account_id) as billing_account_id,
    max(coalesce(
        nullif(s.group_name, ''),
        g.group_name,
        -- Nodes of a replication group have one type, and a replica rests while its primary works.
        case when l.machine = 'elasticache' then nullif(regexp_extract(l.resource_id, '([^:/]+?)(-\d{4})?-\d{3}$', 1), '') end,
        m.prefix || if(regexp_matches(m.prefix, '(^|/)gk[e3]-'), '/', ''),
        ''
    )) as group_name,
    -- Of several shapes (masters beside data nodes, a change of the day) none is the machine's.
    case when min(l.shape) filter (l.shape <> '') = max(l.shape) then max(l.shape) else '' end as shape,
    case when min(l.terms) = max(l.terms) then max(l.terms) else 'mixed' end as terms,
    max(case when l.provider = 'aws' then split_part(l.usage_kind, ':', 1) else regexp_extract(l.usage_kind, ': (regional|zonal) ', 1) end)
        as deployment,
    case
        when l.provider = 'aws' then sum(u.consumed_quantity / l.hourly_quantity)
        else least(bit_count(bit_or(u.hours_mask)), sum(u.consumed_quantity / l.hourly_quantity))
    end as machine_hours,                                                       -- h
    -- A daily export has all bits set; there the quantity says how many hours it was.
    least(24, bit_count(bit_or(u.hours_mask)), machine_hours)::double as billed_hours,  -- h of the day in which it was billed
    sum(u.consumed_quantity) filter (regexp_matches(l.usage_kind, '(^| )core( |$)|vcpu$')) as vcpu_hours,   -- vCPU-h
    sum(u.consumed_quantity) filter (regexp_matches(l.usage_kind, '(^| )ram( |$)|\bram$')) as gib_hours,    -- GiB-h
    sum(u.effective_cost) as cost,                                              -- billing currency
    sum(u.committed_cost) as committed_cost,                                    -- billing currency
    sum(u.list_cost) as list_cost,                                              -- billing currency
    sum(u.discount_credits) filter (u.committed_cost = 0) as discount_credits,  -- billing currency, of what no commitment covers
    list(l.usage_type) as usage_types
from usage_days u
join described l using (load_id, meter_key)
left join groups g on (g.load_id, g.tag_key) = (l.load_id, l.tag_key)
left join managed m
    on l.machine = 'compute'
    and regexp_matches(l.resource_name, '-[b-df-hj-np-tv-z0-9]{4}$')
    and (m.provider, m.sub_account_id, m.region_id, m.prefix)
        = (l.provider, l.sub_account_id, l.region_id, left(l.resource_name, -5))
left join states s
    on (s.provider, s.sub_account_id, s.resource_id) = (l.provider, l.sub_account_id, l.resource_id)
where u.charge_date > (select as_of - days from scan_clock, scan_window)
group by l.provider, l.sub_account_id, l.resource_id, l.billing_currency, l.machine, u.charge_date;

create or replace table machine_units as
-- A machine, or a group of machines that replace each other, day by day; with one shape, or none where it is mixed.
with sized as (
    select
        * replace (
            case
                when machine <> 'cloudsql' or shape <> '' then shape
                -- Of a day that was billed as one line but not run through, nobody knows the hours.
                when vcpu_hours > 0 and gib_hours > 0
                    and round(vcpu_hours / billed_hours) between 0.9 * vcpu_hours / billed_hours and 1.1 * vcpu_hours / billed_hours
                    then format(
                        'db-custom-{}-{}',
                        round(vcpu_hours / billed_hours)::integer,
                        (round(gib_hours / billed_hours * 4) * 256)::integer
                    )
                else ''
            end as shape
        ),
        case when group_name = '' then resource_id else 'group:' || region_id || ':' || group_name end as unit_id
    from machine_days
)

select
    provider,
    sub_account_id,
    unit_id,
    billing_currency,
    machine,
    charge_date,
    any_value(region_id) as region_id,
    max(billing_account_id) as billing_account_id,
    any_value(group_name) as group_name,
    if(min(shape) = max(shape), min(shape), '') as shape,
    if(min(terms) = max(terms), min(terms), 'mixed') as terms,
    any_value(deployment) as deployment,
    sum(machine_hours) as machine_hours,
    sum(billed_hours) as billed_hours,
    sum(cost) as cost,
    sum(committed_cost) as committed_cost,
    sum(list_cost) as list_cost,
    sum(discount_credits) as discount_credits,
    list_distinct(flatten(list(usage_types))) as usage_types,
    list({'resource_id': resource_id, 'cost': cost} order by resource_id) as members
from sized
where group_name <> ''
group by all
union all by name
-- A machine by itself has one row a day as it is.
select
    provider,
    sub_account_id,
    unit_id,
    billing_currency,
    machine,
    charge_date,
    region_id,
    billing_account_id,
    group_name,
    shape,
    terms,
    deployment,
    machine_hours,
    billed_hours,
    cost,
    committed_cost,
    list_cost,
    discount_credits,
    list_distinct(usage_types) as usage_types,
    [{'resource_id': resource_id, 'cost': cost}] as members
from sized
where group_name = '';

-- Only a step on the way, and as large as what came of it.
drop table machine_days;
