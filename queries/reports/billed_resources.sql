-- Resources of the loads $loads that are worth asking how busy they are: their cost per month over the last $days days
-- before $as_of, dearest first.
with recent as (
    select
        m.provider,
        m.sub_account_id,
        m.resource_id,
        m.region_id,
        m.resource_name,
        m.service_code,
        m.service_name,
        m.instance_type,
        d.charge_date,
        d.effective_cost::double as effective_cost
    from days d
    join meters m using (load_id, meter_key)
    where d.load_id in (select unnest($loads::integer[]))
        and d.charge_date > $as_of::date - $days::integer
        and d.charge_date <= $as_of::date
        and m.charge_role = 'usage'
        and m.resource_id <> ''
)

select
    provider,
    sub_account_id,
    arg_max(region_id, (effective_cost, region_id)) as region_id,
    resource_id,
    arg_max(resource_name, charge_date) as resource_name,
    arg_max(service_code, (effective_cost, service_code)) as service_code,
    arg_max(service_name, (effective_cost, service_name)) as service_name,
    coalesce(arg_max(instance_type, charge_date) filter (instance_type <> ''), '') as instance_type,
    sum(effective_cost) * $days_per_month / $days as monthly_cost  -- billing currency
from recent
group by provider, sub_account_id, resource_id
having monthly_cost >= $least_cost
    -- What was not billed of late is gone.
    and max(charge_date) > $as_of::date - 3
order by monthly_cost desc, resource_id
