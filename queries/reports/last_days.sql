-- Usage of the last days of every source, to tell which day is the last complete one. Days after the load are
-- forecasts (Savings Plans are billed ahead) and do not count.
select
    l.source,
    d.charge_date,
    sum(d.line_count)::bigint as line_count,
    sum(d.effective_cost)::double as effective_cost, -- billing currencies, only compared within the source
    bool_or(l.hourly) as hourly
from days d
join loads l using (load_id)
join meters m using (load_id, meter_key)
join (
    select source, max(period) as last_period
    from loads
    where list_contains($loads, load_id)
    group by source
) p using (source)
where list_contains($loads, d.load_id)
    and l.period >= p.last_period - interval 1 month
    and m.charge_role = 'usage'
    and d.charge_date <= l.loaded_at::date
group by all
