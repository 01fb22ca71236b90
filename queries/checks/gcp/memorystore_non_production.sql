/*---
id          = "gcp-memorystore-non-production"
title       = "Non-production Redis instance pays for a replica"
kind        = "modernize"
service     = "Memorystore for Redis"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "The environment is read from labels, project and resource names. Basic tier has no failover and is emptied by maintenance and resizing; failover tests need the replica. Instances with read replicas are left out. The tier cannot be changed in place."
remediation = "Export the data if it matters, create an instance of basic tier, import, switch the callers, then delete the old one."
command     = """
gcloud redis instances describe {resource_name} --region {region} --project {account_id}
gcloud redis instances list --region {region} --project {account_id}"""
reason      = "Standard tier costs {cost} in the window and is marked {environment_found}; basic tier would cost {target_cost}."
references  = ["https://cloud.google.com/memorystore/docs/redis/redis-tiers"]
[judge]
target = "target_cost"
[commands]
group = "gcloud redis instances list --region {region} --project {account_id}"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose cost is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days in the window on which the replica must have been billed."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "Below this share of the cost the change is not worth it."
---*/
-- Basic to standard tier, Google's public price list (a copy read in November 2026): London M1 0.0592 / 0.0985, M2 0.0396 /
-- 0.0888; the larger ones are taken as half, which is more than M2. The bill's own basic price stands before it.
-- The texts end with a place without 'in': 'redis capacity standard m2 london'.
with list_ratios (capacity_tier, ratio) as (
    values ('m1', 0.6), ('m2', 0.5), ('m3', 0.5), ('m4', 0.5), ('m5', 0.5)
),

lines as (
    select
        *,
        regexp_extract(usage_kind, 'capacity (basic|standard)', 1) as tier,
        regexp_extract(usage_kind, '\b(m[1-5])\b', 1) as capacity_tier
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        -- 'redis standard node capacity' are instances whose replicas answer reads.
        and regexp_matches(usage_kind, 'redis capacity (basic|standard)( |$)')
),

prices as (
    -- At list: commitments and other discounts would make the two prices differ.
    select
        billing_account_id,
        region_id,
        billing_currency,
        pricing_unit,
        tier,
        capacity_tier,
        sum(list_cost) / sum(consumed_quantity) as price  -- billing currency per unit
    from lines
    group by all
    having sum(list_cost) > 0 and sum(consumed_quantity) > 0
)

select
    l.provider,
    l.sub_account_id,
    l.resource_id,
    l.billing_currency,
    'Redis instance' as resource_type,
    min(l.charge_date) as first_day,                                                            -- UTC day
    max(l.charge_date) as last_day,                                                             -- UTC day
    count(distinct l.charge_date) as observed_days,                                             -- days
    sum(l.effective_cost) as cost,                                                              -- billing currency
    sum(l.committed_cost) as committed_cost,                                                    -- billing currency
    sum(l.list_cost) as list_cost,                                                              -- billing currency
    list(distinct l.usage_type order by l.usage_type) as claims,                                -- usage types
    sum(l.effective_cost * least(1, coalesce(b.price / s.price, o.ratio, 0.6))) as target_cost, -- billing currency
    sum(l.consumed_quantity) filter (l.pricing_unit ilike '%hour%') as gib_hours,               -- GiB-h
    string_agg(distinct upper(nullif(l.capacity_tier, '')), ', ') as capacity_tiers,
    max(a.environment) as environment_found
from lines l
join resources a using (provider, sub_account_id, resource_id)
left join list_ratios o on o.capacity_tier = l.capacity_tier
left join prices s
    on (s.billing_account_id, s.region_id, s.billing_currency, s.pricing_unit, s.tier, s.capacity_tier)
        = (l.billing_account_id, l.region_id, l.billing_currency, l.pricing_unit, 'standard', l.capacity_tier)
left join prices b
    on (b.billing_account_id, b.region_id, b.billing_currency, b.pricing_unit, b.tier, b.capacity_tier)
        = (l.billing_account_id, l.region_id, l.billing_currency, l.pricing_unit, 'basic', l.capacity_tier)
where l.tier = 'standard'
    and a.environment = 'non-production'
group by all
-- A group has lines of many: all of them must say so.
having l.resource_id not like 'all:%' or bool_and(l.environment = 'non-production')
