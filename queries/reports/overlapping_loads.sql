-- Pairs of loads of one payer and billing period that hold largely the same resource-days: (kept, lost).
-- Kept is the one with hours, then the one that names far more resources, then that with more lines, then the newer. Months without a second load cost nothing here.
with candidates as (
    select distinct
        l.load_id,
        l.source,
        l.period,
        l.hourly,
        l.loaded_at,
        m.named_share,
        t.line_count,
        m.provider,
        m.billing_account_id
    from loads l
    join (select load_id, sum(line_count) as line_count from totals group by 1) t using (load_id)
    join (
        select
            load_id,
            provider,
            billing_account_id,
            avg((resource_id <> '')::integer) filter (charge_role = 'usage') as named_share
        from meters
        group by all
    ) m using (load_id)
),

pairs as (
    select
        a.load_id as kept,
        a.source as kept_source,
        b.load_id as lost,
        b.source as lost_source,
        a.period,
        -- An export without resources may still name a few.
        least(a.named_share, b.named_share) > 0.5 * greatest(a.named_share, b.named_share) as by_resource
    from candidates a
    join candidates b using (provider, billing_account_id, period)
    where a.load_id <> b.load_id
        and (a.hourly, a.named_share > 2 * b.named_share, a.line_count, a.loaded_at, a.load_id)
        > (b.hourly, b.named_share > 2 * a.named_share, b.line_count, b.loaded_at, b.load_id)
),

keyed as (
    select distinct
        d.load_id,
        n.by_resource,
        d.charge_date,
        m.sub_account_id,
        -- What both name: resources, else kinds of usage (a detailed export beside one without resources).
        case when n.by_resource then m.resource_id else m.usage_kind end as thing
    from days d
    join meters m using (load_id, meter_key)
    join (
        select kept as load_id, by_resource from pairs
        union
        select lost as load_id, by_resource from pairs
    ) n using (load_id)
    where m.charge_role = 'usage' and (m.resource_id <> '' or not n.by_resource)
),

sizes as (select load_id, by_resource, count(*) as n from keyed group by all),

common as (
    select
        p.kept,
        p.lost,
        p.by_resource,
        count(*) as n
    from pairs p
    join keyed a on a.load_id = p.kept and a.by_resource = p.by_resource
    join keyed b
        on b.load_id = p.lost
        and b.by_resource = p.by_resource
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
join common c using (kept, lost, by_resource)
join sizes s on s.load_id = p.lost and s.by_resource = p.by_resource
where c.n >= $least_share * s.n
order by p.kept, p.lost
