-- What a month costs now, per currency: the month that ends with the last complete day. Usage is scaled to a mean
-- month; fees come once a month and are taken as they are. Taxes and refunds are left out, credits stand apart.
with clock as (select as_of, (as_of - interval 1 month)::date as before from scan_clock),

lines as (
    select
        r.billing_currency,
        r.charge_role,
        r.effective_cost,
        r.credits,
        case
            -- A source that began within the month stands for a whole one, its credits too.
            when r.charge_role in ('usage', 'negation', 'discount', 'unused')
                or (r.charge_role = 'credit' and r.source_first_day > c.before + 1)
                then $days_per_month / (c.as_of - greatest(c.before, r.source_first_day - 1))
            else 1
        end as to_month,
        not r.is_marketplace and k.usage_kind is not null as is_unknown
    from resource_days r
    left join unknown_usage k using (provider, service_name, usage_kind)
    cross join clock c
    where r.charge_date > c.before
)

select
    billing_currency,
    coalesce(sum(effective_cost * to_month) filter (charge_role not in ('credit', 'tax', 'refund', 'discount')), 0) as cost,
    coalesce(sum(credits * to_month), 0) as credits,
    coalesce(sum(effective_cost * to_month) filter (is_unknown and charge_role = 'usage'), 0) as unknown_cost
from lines
group by billing_currency
order by cost desc
