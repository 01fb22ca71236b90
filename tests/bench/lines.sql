-- One billing period of a synthetic AWS bill; make_exports.py binds the parameters and writes the result.
-- Everything is drawn with hash(): the same parameters give the same lines. Sums are decimal, for floating sums differ
-- from run to run.

create or replace temp table resources as
with numbered as (
    select i, i < $steady as steady, if(i < $steady, 'steady', $period) as scope
    from range($meters) t(i)
), drawn as (
    select
        *,
        hash(i, scope, 'kind', $seed) % 100 as draw,
        (hash(i, scope, 'account', $seed) % 40)::int as account_no,
        [0, 0, 0, 1, 1, 2, 3][1 + (hash(i, scope, 'region', $seed) % 7)::int] as region_no,
        (hash(i, scope, 'type', $seed) % 8)::int as type_no,
        (hash(i, scope, 'team', $seed) % 12)::int as team_no,
        round(300 * pow(hash(i, scope, 'size', $seed) / pow(2, 64), 2), 3) as size,
        if(
            steady, $hours,
            least($hours, greatest(1, ceil(ln(hash(i, scope, 'life', $seed) / pow(2, 64) + 1e-18) / $decay)))
        )::int as life,
        md5(concat(i, scope, $seed)) as digest
    from numbered
), placed as (
    select
        d.*,
        k.kind,
        (hash(i, scope, 'start', $seed) % ($hours - life + 1))::int as first_hour,
        d.steady and k.kind in ('box', 'covered') and hash(i, 'office', $seed) % 100 < $office_percent as office
    from drawn d
    join kinds k on k.steady = d.steady and d.draw >= k.low and d.draw < k.high
)
select
    i, kind, account_no, region_no, type_no, size, office, first_hour, life,
    replace(replace(replace(n.pattern, 'REGION', region), 'ACCOUNT', account_id), 'ID', digest[1:17]) as resource_id,
    case
        when hash(i, scope, 'tagged', $seed) % 10 = 0 then map([]::varchar[], []::varchar[])
        else map(
            ['user_team', 'user_environment', 'user_project', 'user_name', 'aws_created_by'],
            [
                'team-' || team_no,
                if(account_no % 3 = 0, 'production', 'development'),
                'project-' || (draw % 20),
                kind || '-' || if(steady, i::varchar, 'pool'),
                'AssumedRole:deployer-' || account_no
            ]
        )
    end as resource_tags,
    map(
        ['team', 'environment'], ['Team ' || team_no, if(account_no % 3 = 0, 'Production', 'Other')]
    ) as cost_category
from placed
join regions using (region_no)
join accounts using (account_no)
join names n using (kind);

create or replace temp table usage as
with hourly as (
    select
        i, kind, account_no, region_no, type_no, size, office,
        unnest(range(first_hour, first_hour + life))::int as hour
    from resources
), measured as (
    select
        h.i, h.hour, h.account_no, s.sku_no, s.line_type, s.rate,
        0.5 + (hash(h.i, h.hour, s.line_no, $seed) % 1000) / 1000.0 as wobble,
        (case s.amount
            when 'stored' then size / $hours
            when 'objects' then size * 50 / $hours
            when 'moved' then if(size < 20, 0.0001, size / 20) * wobble  -- small gateways are idle
            when 'capacity' then if(size < 20, 0, size / 40) * wobble    -- so are small load balancers
            when 'computed' then size * 40 * wobble
            when 'requests' then ceil(size * 300 * wobble)
            else 1
        end)::decimal(18, 8) as amount
    from hourly h
    join skus s on s.kind = h.kind and s.region_no = h.region_no and s.type_no = if(s.typed, h.type_no, 0)
    where not office or (isodow($first + to_hours(hour)) < 6 and hour % 24 between 8 and 19)
)
select
    *,
    (amount * rate)::decimal(18, 10) as list_cost,
    if(line_type = 'SavingsPlanCoveredUsage', (amount * rate * 0.72)::decimal(18, 10), null) as plan_cost,
    if(line_type = 'DiscountedUsage', (amount * rate * 0.62)::decimal(18, 10), null) as reserved_cost
from measured;

create or replace temp table lines as
with commitment as (
    select (max(used) * 1.05)::decimal(18, 10) as committed
    from (select sum(plan_cost) as used from usage where plan_cost is not null group by hour)
), negations as (
    select hour, account_no, sku_no, sum(amount) as amount, (-sum(list_cost))::decimal(18, 10) as cost
    from usage
    where plan_cost is not null
    group by hour, account_no, sku_no
), plan_fees as (
    select hour, committed, sum(plan_cost)::decimal(18, 10) as used
    from usage, commitment
    where plan_cost is not null
    group by hour, committed
), leased as (  -- as many reservations as run in the busiest hour
    select sku_no, max(units) * $hours as paid_hours, sum(units) as used_hours
    from (select sku_no, hour, count(*) as units from usage where reserved_cost is not null group by sku_no, hour)
    group by sku_no
), lease_fees as (
    select
        f.sku_no, paid_hours, (paid_hours * f.rate)::decimal(18, 10) as cost,
        ((paid_hours - used_hours) * f.rate)::decimal(18, 10) as unused
    from leased
    join skus u using (sku_no)
    join skus f on f.kind = 'ri-fee' and f.region_no = u.region_no and f.type_no = u.type_no
), taxes as (
    select account_no, (sum(list_cost) * 0.07)::decimal(18, 2)::decimal(18, 10) as cost
    from usage
    group by account_no
), everything as (
    select
        i, hour, 1 as span, account_no, sku_no, line_type, amount,
        if(line_type = 'DiscountedUsage', 0, list_cost)::decimal(18, 10) as cost, list_cost, plan_cost, reserved_cost
    from usage
    union all by name
    select hour, 1 as span, account_no, sku_no, 'SavingsPlanNegation' as line_type, amount, cost
    from negations
    union all by name
    select hour, 1 as span, 0 as account_no, sku_no, line_type, 1 as amount, committed as cost, committed, used
    from plan_fees, (from skus where kind = 'plan-fee')
    union all by name
    select 0 as hour, $hours as span, 0 as account_no, sku_no, 'RIFee' as line_type, paid_hours as amount, cost, unused
    from lease_fees
    union all by name
    select 0 as hour, $hours as span, account_no, sku_no, line_type, 1 as amount, cost
    from taxes, (from skus where kind = 'tax')
    union all by name
    select
        0 as hour, $hours as span, n as account_no, sku_no, line_type, 1 as amount,
        (-100 - n)::decimal(18, 10) as cost
    from range(3) t(n), (from skus where kind = 'credit')
)
select *
from everything
order by hash(i, hour, sku_no, account_no, line_type, $seed), i, hour, sku_no, account_no, line_type;
