-- Cost per calendar month: effective (amortised, net) cost before credits, credits, and what was billed.
select
    /*dimensions*/
    m.billing_currency as currency,
    strftime(l.period, '%Y-%m') as month,
    sum(d.effective_cost) filter (m.charge_role <> 'credit') as effective_cost, -- billing currency
    coalesce(sum(d.credits), 0) as credits, -- billing currency
    sum(d.billed_cost) as billed_cost -- billing currency
from days d
join meters m using (load_id, meter_key)
join loads l using (load_id)
left join tag_sets t using (load_id, tag_key)
where list_contains($loads, d.load_id)
    and l.period > (select max(period) from loads) - to_months($months::integer)
group by all
order by month, effective_cost desc nulls last
