-- Usage of the last days of every history (a source, or several that follow each other), to tell which day is the last
-- complete one. Days after the load are forecasts (Savings Plans are billed ahead) and do not count.
with members as (
    select
        unnest.load_id,
        unnest.history
    from (select unnest($histories::struct(load_id integer, history integer)[]) as unnest)
    where list_contains($loads, unnest.load_id)
),

latest as (
    select
        m.history,
        max(l.period) as last_period
    from loads l
    join members m using (load_id)
    group by m.history
)

select
    m.history,
    d.charge_date,
    sum(d.line_count)::bigint as line_count,
    sum(d.effective_cost)::double as effective_cost, -- billing currencies, only compared within the history
    bool_or(l.hourly) as hourly
from days d
join loads l using (load_id)
join members m using (load_id)
join latest t on t.history = m.history
join meters k using (load_id, meter_key)
where l.period >= t.last_period - interval 1 month
    and k.charge_role = 'usage'
    and d.charge_date <= l.loaded_at::date
group by all
