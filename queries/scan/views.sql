-- What checks see, built once per scan in memory over a database that is only read. The engine fills
-- before: scan_loads (load_id), scan_histories (load_id, source_first_day), tag_context (load_id, tag_key, owner, environment, name) and
-- account_context (provider, sub_account_id, environment).
-- Amounts become DOUBLE here: sums are exact in the store, judgements are estimates.

create or replace table meter_discounts as
-- Contract discounts that come as lines of their own (no net columns in that month), as a factor on the usage of
-- the same account and service. Sums stay as billed; only what checks see is net.
with by_service as (
    select
        d.load_id,
        m.sub_account_id,
        m.service_code,
        sum(d.effective_cost) filter (m.charge_role = 'usage')::double as usage_cost,    -- billing currency
        sum(d.effective_cost) filter (m.charge_role = 'discount')::double as discounts   -- billing currency, negative
    from days d
    join scan_loads using (load_id)
    join meters m using (load_id, meter_key)
    where m.charge_role in ('usage', 'discount')
        and d.load_id in (select load_id from meters where charge_role = 'discount')
    group by all
)
select
    load_id,
    sub_account_id,
    service_code,
    greatest(0, 1 + discounts / usage_cost) as net_factor  -- share
from by_service
where usage_cost > 0 and discounts < 0;

create or replace table usage_meters as
select
    m.* exclude (resource_id),
    -- Without resource ids the finest thing that can be judged is a service in a region of an account. Google names
    -- the resources of some services only, so there it is said line by line.
    case
        when m.resource_id <> '' then m.resource_id
        when (m.provider = 'gcp' or not l.has_resource_ids) and m.charge_role = 'usage'
            then 'all:' || coalesce(nullif(m.service_code, ''), m.service_name) || ':' || coalesce(nullif(m.region_id, ''), 'global')
        else ''
    end as resource_id,
    l.hourly,
    s.source_first_day,
    coalesce(f.net_factor, 1.0) as net_factor,
    coalesce(t.owner, '') as owner,
    coalesce(t.name, '') as name_tag,
    case
        when t.environment is not null then t.environment
        when a.environment = 'production' or n.environment = 'production' then 'production'
        else coalesce(a.environment, n.environment, '')
    end as environment
from meters m
join scan_loads using (load_id)
join loads l using (load_id)
join scan_histories s using (load_id)
left join meter_discounts f using (load_id, sub_account_id, service_code)
left join tag_context t using (load_id, tag_key)
left join account_context a using (provider, sub_account_id)
left join name_context n using (resource_id, resource_name);

create or replace table meter_months as
select
    d.load_id,
    d.meter_key,
    date_trunc('month', d.charge_date)::date as month,      -- first day
    min(d.charge_date) as first_day,                        -- UTC day
    max(d.charge_date) as last_day,                         -- UTC day
    count(*) as billed_days,                                -- days
    sum(bit_count(d.hours_mask)) as billed_hours,           -- h
    sum(d.consumed_quantity)::double as consumed_quantity,  -- pricing unit
    sum(d.billed_cost)::double as billed_cost,              -- billing currency
    sum(d.effective_cost)::double as effective_cost,        -- billing currency
    sum(d.committed_cost)::double as committed_cost,        -- billing currency, part of effective_cost
    sum(d.credits)::double as credits,                      -- billing currency, part of billed_cost
    sum(d.list_cost)::double as list_cost                   -- billing currency
from days d
join scan_loads using (load_id)
where d.charge_date <= (select as_of from scan_clock)
group by all;

create or replace view resource_days as
select
    m.*,
    d.charge_date,                                                              -- UTC day
    d.consumed_quantity::double as consumed_quantity,                           -- pricing unit
    d.billed_cost::double as billed_cost,                                       -- billing currency
    d.effective_cost::double * m.net_factor as effective_cost,                  -- billing currency
    d.committed_cost::double * m.net_factor as committed_cost,                  -- billing currency
    d.credits::double as credits,                                               -- billing currency, part of billed_cost
    d.list_cost::double as list_cost,                                           -- billing currency
    coalesce(d.discount_credits, 0)::double as discount_credits,                -- billing currency, part of effective_cost
    d.hours_mask,                                                               -- bit h: billed in hour h UTC
    d.line_count
from days d
join usage_meters m using (load_id, meter_key)
where d.charge_date <= (select as_of from scan_clock);

create or replace view usage_days as
select * from resource_days where charge_role = 'usage';

create or replace view resource_months as
select
    m.*,
    u.* exclude (load_id, meter_key, effective_cost, committed_cost),
    u.effective_cost * m.net_factor as effective_cost,                          -- billing currency
    u.committed_cost * m.net_factor as committed_cost                           -- billing currency
from meter_months u
join usage_meters m using (load_id, meter_key);

create or replace view usage_months as
select * from resource_months where charge_role = 'usage';

create or replace table resources as
with grouped as (
    select
        provider,
        sub_account_id,
        resource_id,
        -- The region and service that most of the money goes to: a gateway's transfer lines name other regions.
        arg_max(
            {'region_id': region_id, 'service_name': service_name}, (effective_cost, region_id, service_name)
        ) as place,
        -- Tags are the newest ones.
        arg_max(
            {
                'billing_account_id': billing_account_id, 'sub_account_name': sub_account_name, 'owner': owner,
                'environment': environment, 'name_tag': name_tag, 'resource_name': resource_name,
                'load_id': load_id, 'tag_key': tag_key
            },
            (last_day, load_id, tag_key)
        ) as newest,
        min(first_day) as first_day,
        max(last_day) as last_day,
        min(source_first_day) as source_first_day,
        max(instance_type) as instance_type
    from resource_months
    where resource_id <> '' and charge_role in ('usage', 'fee', 'unused')
    group by provider, sub_account_id, resource_id
)

select
    provider,
    sub_account_id,
    resource_id,
    unnest(place),                                          -- region_id, service_name
    unnest(newest),                                         -- billing_account_id, sub_account_name, owner, environment,
                                                            -- name_tag, resource_name, load_id, tag_key
    first_day,                                              -- UTC day, over the whole history
    last_day,                                               -- UTC day
    source_first_day,                                       -- first day the export could have shown it
    instance_type
from grouped;
