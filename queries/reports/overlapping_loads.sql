-- Pairs of loads of one payer and billing period that hold largely the same resource-days: (kept, lost).
-- Kept is the one with hours, then with more lines, then the newer. Months without a second load cost nothing here.
with candidates as (
    select distinct
        l.load_id,
        l.source,
        l.period,
        l.hourly,
        l.loaded_at,
        t.line_count,
        m.provider,
        m.billing_account_id
    from loads l
    join (select load_id, sum(line_count) as line_count from totals group by 1) t using (load_id)
    join (select distinct load_id, provider, billing_account_id from meters) m using (load_id)
),

pairs as (
    select
        a.load_id as kept,
        a.source as kept_source,
        b.load_id as lost,
        b.source as lost_source,
        a.period
    from candidates a
    join candidates b using (provider, billing_account_id, period)
    where a.load_id <> b.load_id
        and (a.hourly, a.line_count, a.loaded_at, a.load_id) > (b.hourly, b.line_count, b.loaded_at, b.load_id)
),

keyed as (
    select distinct
        d.load_id,
        d.charge_date,
        m.sub_account_id,
        case when l.has_resource_ids then m.resource_id else m.usage_kind end as thing
    from days d
    join meters m using (load_id, meter_key)
    join loads l using (load_id)
    where m.charge_role = 'usage' and (m.resource_id <> '' or not l.has_resource_ids)
        and d.load_id in (select kept from pairs union select lost from pairs)
),

sizes as (select load_id, count(*) as n from keyed group by 1),

common as (
    select
        p.kept,
        p.lost,
        count(*) as n
    from pairs p
    join keyed a on a.load_id = p.kept
    join keyed b
        on b.load_id = p.lost
        and b.charge_date = a.charge_date
        and b.sub_account_id = a.sub_account_id
        and b.thing = a.thing
    group by all
)

select
    p.kept,
    p.kept_source,
    p.lost,
    p.lost_source,
    p.period
from pairs p
join common c using (kept, lost)
join sizes s on s.load_id = p.lost
where c.n >= $least_share * s.n
order by p.kept, p.lost
