/*---
id          = "gcp-commitment-unused"
title       = "Committed use discount is not fully used"
kind        = "commitment"
service     = "Committed Use Discounts"
confidence  = "high"
effort      = "medium"
risk        = "low"
blind_spots = "The bill cannot tell a dip (holidays, a migration) from a commitment that is too large; the last month stands for the next. An extract of some projects lacks what the commitment covers in others. Resource-based: usage in projects that do not share commitments cannot fill it; machines of another family or region never do. Spend-based: prices of legacy commitments leave small differences between fee and use."
remediation = "Nothing is saved before the term ends: do not buy more and switch automatic renewal off. Fill a resource-based one with matching machines of its region and series, share it across the billing account, merge or split it; let eligible usage of other projects fall under a spend-based one."
reason      = "{model} commitment to {product}: {unused_monthly_cost} a month of {commitment_monthly_cost} were not used ({unused_share} of it); the bill does not say when the term ends."
references  = ["https://cloud.google.com/compute/docs/instances/committed-use-discounts-overview", "https://cloud.google.com/docs/cuds-spend-based"]
[commands]
resource = "gcloud compute commitments list --project {account_id}"
spend    = "gcloud billing projects describe {account_id}"
billing  = "gcloud billing projects list --billing-account {account_id}"
[judge]
unused             = "unused_cost"
above              = "max_unused_share"
active_within_days = 5
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days that are compared; of fees billed by the month, the last complete month."
[params.max_unused_share]
default = 0.05
unit    = "share"
help    = "Up to this share of a commitment may go unused; fees and what they cover always differ by some rounding."
[params.min_days]
default = 14
unit    = "days"
help    = "Days with a fee: a commitment just bought is still being filled."
---*/
with fees as (
    -- Per fee line: what it costs at list, and as effective cost the part that nothing used. Subscriptions of Security
    -- Operations are billed under the same words, but are no discounts: their use is not in the export's credits.
    select
        *,
        regexp_matches(commitment_discount_type, 'spend', 'i')
            or not regexp_matches(usage_kind, '^commitment( v\d+)?:') as is_spend,  -- of C2 without a version
        -- 'Commitment v1: N2 Cpu in Americas for 1 Year' → 'N2 Cpu'
        regexp_replace(
            usage_type, '^commitment[^:]*: *|( running)? in [^()]+$|( [a-z]+(-[a-z]+)+\d+)? for \d+ years?$', '', 'gi'
        ) as product,
        -- Exports without subscription ids: all commitments of one kind and place together.
        coalesce(
            nullif(commitment_discount_id, ''),
            'commitments:' || coalesce(nullif(product_sku, ''), usage_type) || ':' || coalesce(nullif(region_id, ''), 'global')
        ) as resource_id_of_fee
    from resource_days
    where provider = 'gcp'
        and charge_role = 'fee'
        and (usage_kind like 'commitment%' or regexp_matches(commitment_discount_type, 'spend', 'i'))
        and not regexp_matches(usage_kind || ' ' || service_name, 'chronicle|sec ?ops|security operations', 'i')
        and charge_date > $as_of - 93
        and charge_date <= $as_of
),

daily as (
    -- A commitment's fee may be spread over the projects that use it.
    select
        provider,
        billing_account_id,
        resource_id_of_fee as resource_id,
        billing_currency,
        charge_date,                                                             -- UTC day
        sum(list_cost) as cost,                                                  -- billing currency
        sum(effective_cost) as unused                                            -- billing currency
    from fees
    group by all
),

shapes as (
    -- Fees billed by the month lie 28 days or more apart, and their month must be over before it is judged.
    select
        *,
        count(*) over fee * 25 <= date_diff('day', min(charge_date) over fee, max(charge_date) over fee) + 25 as is_monthly,
        max(charge_date) filter (charge_date + to_months(1) <= $as_of + 1) over fee as last_complete_fee  -- UTC day
    from daily
    window fee as (partition by provider, billing_account_id, resource_id, billing_currency)
),

marked as (
    select
        *,
        case when is_monthly then charge_date = last_complete_fee else charge_date > $as_of - $window_days end as counts
    from shapes
),

totals as (
    select
        provider,
        billing_account_id,
        resource_id,
        billing_currency,
        min(charge_date) as first_day,                                           -- UTC day
        max(case
            when is_monthly then least($as_of, charge_date + to_months(1) - to_days(1)) else charge_date
        end)::date as last_day,                                                  -- UTC day
        coalesce(max(30) filter (is_monthly and counts), count(*) filter (counts)) as observed_days,  -- days
        coalesce(
            max(30.4375) filter (is_monthly and counts),
            date_diff('day', min(charge_date) filter (counts), max(charge_date) filter (counts)) + 1,
            1
        ) as span_days,                                                          -- days
        coalesce(sum(cost) filter (counts), sum(cost)) as cost,                  -- billing currency
        greatest(0, coalesce(sum(unused) filter (counts), 0)) as unused          -- billing currency
    from marked
    group by all
),

owners as (
    select
        billing_account_id,
        resource_id_of_fee as resource_id,
        billing_currency,
        case when count(distinct sub_account_id) > 1 then max(billing_account_id) else max(sub_account_id) end as sub_account_id,
        max(region_id) as region_id,
        bool_or(commitment_discount_id <> '') as has_id,
        bool_or(is_spend) as is_spend,
        string_agg(distinct product, ', ' order by product) as product,
        string_agg(distinct usage_type, ', ' order by usage_type) as billed_as,  -- SKU texts
        max(try_cast(regexp_extract(usage_type, '(?i)for (\d+) years?', 1) as integer)) as term_years  -- years
    from fees
    group by all
),

covered as (
    select
        billing_account_id,
        count(distinct sub_account_id) as projects                               -- count
    from usage_months
    where provider = 'gcp' and pricing_category = 'Committed' and last_day > $as_of - 93
    group by all
)

select
    t.provider,
    o.sub_account_id,
    t.resource_id,
    t.billing_currency,
    o.region_id,
    case when o.is_spend then 'Spend-based' else 'Resource-based' end as model,
    model || case when o.has_id then ' commitment' else ' commitments of one kind' end as resource_type,
    case
        when o.sub_account_id = t.billing_account_id then 'billing'
        when o.is_spend then 'spend'
        else 'resource'
    end as variant,
    t.first_day,                                                                 -- UTC day
    t.last_day,                                                                  -- UTC day
    t.observed_days,                                                             -- days
    t.span_days,                                                                 -- days
    t.cost,                                                                      -- billing currency, used and unused
    t.unused as unused_cost,                                                     -- billing currency
    round(t.unused / t.span_days * 30.4375, 2) as unused_monthly_cost,           -- billing currency
    round(t.cost / t.span_days * 30.4375, 2) as commitment_monthly_cost,         -- billing currency
    case when t.cost > 0 then round(100 * t.unused / t.cost, 1) || ' %' end as unused_share,  -- share of cost
    null::date as ends_on,                                                       -- UTC day, never in the bill
    o.product,
    o.billed_as,                                                                 -- SKU texts
    o.term_years,                                                                -- years
    c.projects as projects_covered,                                              -- count, by any commitment
    -- Nothing covered anywhere may mean an extract that leaves usage out.
    case when c.projects is null then 'medium' end as confidence
from totals t
join owners o using (billing_account_id, resource_id, billing_currency)
left join covered c using (billing_account_id)
