-- The largest usage of no known kind (queries/scan/unknown_usage.sql) of the month that ends with the last complete day.
with clock as (select as_of, (as_of - interval 1 month)::date as before from scan_clock)

select
    r.provider,
    r.service_name,
    any_value(r.usage_type) as usage_type,
    r.billing_currency,
    sum(
        r.effective_cost * $days_per_month / (c.as_of - greatest(c.before, r.source_first_day - 1))
    ) as monthly_cost  -- billing currency
from resource_days r
join unknown_usage k using (provider, service_name, usage_kind)
cross join clock c
where r.charge_date > c.before and r.charge_role = 'usage' and not r.is_marketplace
group by r.provider, r.service_name, r.usage_kind, r.billing_currency
having monthly_cost >= 0.005
order by monthly_cost desc
limit 10
