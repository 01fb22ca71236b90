-- Fees of commitments of Google's older models → the usage that they cover. Runs on rolled-up loads, beside
-- `dimensions` (see gcp.meters.sql), whose loads are the ones that are filled.
-- Before: covered usage has committed_cost = what the commitment credited; fees have effective_cost = what they cost.
-- After: covered usage has its share of the fee in committed_cost and effective_cost, fees keep the unused part.
-- Fees that are offset in their own line (the model since 2025) hold the unused part already and stay as they are.
-- Every sum stays the same to the last digit: shares are differences of rounded running sums.
create or replace temp table fees as
select
    d.load_id,
    d.charge_date,
    d.meter_key,
    m.billing_account_id,
    m.billing_currency,
    m.region_id,
    m.commitment_discount_type = 'Committed Use Discount (spend)' as is_spend,
    m.operation as covered_sku,
    m.pricing_unit,
    d.effective_cost as fee,
    d.consumed_quantity as quantity,
    case
        when regexp_matches(m.usage_kind, '(nvidia|gpu)') then 'gpu'
        when regexp_matches(m.usage_kind, '\b(v?cpu|core)s?\b') then 'core'
        when regexp_matches(m.usage_kind, '\bram\b|memory') and not regexp_matches(m.usage_kind, 'memory.optimized') then 'ram'
        when regexp_matches(m.usage_kind, 'local ssd|local storage') then 'local ssd'
        else m.usage_kind
    end as component,
    case
        when regexp_matches(m.usage_kind, '(nvidia|gpu)')
            then regexp_extract(m.usage_kind, '(nvidia .*gpu)', 1)
        else coalesce(
            nullif(regexp_extract(m.usage_kind, ': ([a-z][0-9]+[a-z]?) ', 1), ''),
            case
                when contains(m.usage_kind, 'compute optimized') or contains(m.usage_kind, 'compute-optimized') then 'c2'
                when regexp_matches(m.usage_kind, 'memory.optimized') then 'm1'
                else 'n1'
            end
        )
    end as family
from days d
join meters m using (load_id, meter_key)
where d.load_id in (select load_id from dimensions) and m.charge_role = 'fee' and m.usage_kind like 'commitment%' and d.effective_cost > 0
    -- Offset in the line: what is left of such a fee is the unused part.
    and not (m.commitment_discount_type = 'Committed Use Discount (spend)' and m.operation = '');

create or replace temp table covered as
select
    d.load_id,
    d.charge_date,
    d.meter_key,
    m.billing_account_id,
    m.billing_currency,
    m.region_id,
    m.commitment_discount_type = 'Committed Use Discount (spend)' as is_spend,
    m.product_sku,
    m.pricing_unit,
    d.committed_cost as credited,
    -- Part of the quantity that was credited.
    case
        when d.effective_cost + d.committed_cost <> 0
            then d.consumed_quantity::double * d.committed_cost::double / (d.effective_cost + d.committed_cost)::double
        else d.consumed_quantity::double
    end as quantity,
    case
        when regexp_matches(m.usage_kind, '(nvidia|gpu)') then 'gpu'
        when regexp_matches(m.usage_kind, '\b(v?cpu|core)s?\b') then 'core'
        when regexp_matches(m.usage_kind, '\bram\b') then 'ram'
        when regexp_matches(m.usage_kind, 'local ssd|local storage') then 'local ssd'
        else m.usage_kind
    end as component,
    case
        when regexp_matches(m.usage_kind, '(nvidia|gpu)')
            then regexp_extract(m.usage_kind, '(nvidia .*gpu)', 1)
        when m.instance_type <> '' and not m.instance_type like 'custom%' then split_part(m.instance_type, '-', 1)
        else coalesce(
            nullif(regexp_extract(m.usage_kind, '^([a-z][0-9]+[a-z]?) ', 1), ''),
            case
                when contains(m.usage_kind, 'compute optimized') or contains(m.usage_kind, 'compute-optimized') then 'c2'
                when regexp_matches(m.usage_kind, 'memory.optimized') then 'm1'
                else 'n1'
            end
        )
    end as family
from days d
join meters m using (load_id, meter_key)
where m.charge_role = 'usage' and m.pricing_category = 'Committed'
    and d.committed_cost <> 0 -- negated and stated anew: both count
    -- The model since 2025 has the price of the commitment in the line: nothing is to be moved there.
    and (m.load_id, m.meter_key) in (select (load_id, meter_key) from dimensions where commitment_credit is not null);

-- Pools: fees of one billing period and what they may cover, as narrow as both sides can be told apart. Not day by day:
-- usage that comes late is billed with the next period and its fee is not, and over a month both ends are alike.
create or replace temp table fee_pools as
select
    f.*,
    concat_ws('|', load_id, billing_account_id, billing_currency, region_id, component, family) as narrow,
    concat_ws('|', load_id, billing_account_id, billing_currency, component) as wide
from fees f;

create or replace temp table covered_pools as
select
    c.*,
    concat_ws('|', load_id, billing_account_id, billing_currency, region_id, component, family) as narrow,
    concat_ws('|', load_id, billing_account_id, billing_currency, component) as wide
from covered c;

create or replace temp table pooled_fees as
select
    load_id,
    charge_date,
    meter_key,
    fee,
    quantity,
    pricing_unit,
    is_spend,
    case
        when is_spend then concat_ws('|', load_id, billing_account_id, billing_currency, 'sku', covered_sku)
        when narrow in (select narrow from covered_pools where not is_spend) then narrow
        else wide
    end as pool
from fee_pools;

create or replace temp table pooled_usage as
select
    load_id,
    charge_date,
    meter_key,
    credited,
    quantity,
    pricing_unit,
    case
        when is_spend then concat_ws('|', load_id, billing_account_id, billing_currency, 'sku', product_sku)
        when narrow in (select narrow from fee_pools where not is_spend) then narrow
        else wide
    end as pool
from covered_pools;

create or replace temp table pools as
select
    pool,
    f.fee,
    u.credited,
    -- Spend-based fees name what they cover; others are used as far as hours were credited, in the same unit.
    case
        when f.is_spend or f.pricing_unit is distinct from u.pricing_unit or f.quantity <= 0 then f.fee
        else (f.fee::double * least(1.0, u.quantity / f.quantity::double))::decimal(28, 10)
    end as used
from (
    select
        pool,
        sum(fee) as fee,
        sum(quantity) as quantity,
        any_value(is_spend) as is_spend,
        case when count(distinct pricing_unit) = 1 then any_value(pricing_unit) end as pricing_unit
    from pooled_fees
    group by pool
) f
join (
    select
        pool,
        sum(credited) as credited,
        sum(quantity) as quantity,
        case when count(distinct pricing_unit) = 1 then any_value(pricing_unit) end as pricing_unit
    from pooled_usage
    group by pool
) u using (pool)
where f.fee > 0 and u.credited > 0;

create or replace temp table moved as
with running as (
    select
        u.load_id,
        u.charge_date,
        u.meter_key,
        p.used,
        true as is_usage,
        u.credited as part,
        sum(u.credited) over (partition by pool order by u.charge_date, u.meter_key) as so_far,
        p.credited as whole
    from pooled_usage u
    join pools p using (pool)
    union all
    select
        f.load_id,
        f.charge_date,
        f.meter_key,
        p.used,
        false as is_usage,
        f.fee as part,
        sum(f.fee) over (partition by pool order by f.charge_date, f.meter_key) as so_far,
        p.fee as whole
    from pooled_fees f
    join pools p using (pool)
)

select
    load_id,
    charge_date,
    meter_key,
    is_usage,
    (case when so_far = whole then used else (used::double * so_far::double / whole::double)::decimal(28, 10) end)
    - (case when so_far = part then 0 else (used::double * (so_far - part)::double / whole::double)::decimal(28, 10) end)
        as amount
from running;

update days
set
    effective_cost = days.effective_cost + case when moved.is_usage then moved.amount else -moved.amount end,
    committed_cost = case when moved.is_usage then moved.amount else 0 end
from moved
where days.load_id = moved.load_id and days.charge_date = moved.charge_date and days.meter_key = moved.meter_key;

-- What a commitment credited without a fee in this bill (the fee is billed elsewhere) costs nothing here.
update days
set committed_cost = 0
where (load_id, charge_date, meter_key) in (select (load_id, charge_date, meter_key) from covered)
    and (load_id, charge_date, meter_key) not in (select (load_id, charge_date, meter_key) from moved where is_usage);

drop table fees;
drop table covered;
drop table fee_pools;
drop table covered_pools;
drop table pooled_fees;
drop table pooled_usage;
drop table pools;
drop table moved;
