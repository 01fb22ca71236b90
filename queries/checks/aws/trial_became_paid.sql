/*---
id          = "aws-trial-became-paid"
title       = "Something that was free has become paid, with the same use"
kind        = "forgotten"
service     = "Amazon Web Services"
confidence  = "low"
effort      = "low"
risk        = "medium"
blind_spots = "The bill proves that a free period ended, not that nobody wants what it became. A trial from before the export's first day cannot be seen."
remediation = "Decide whether it is worth what it costs now: turn it off, or say that it is wanted by ignoring this finding."
reason      = "{usage} was used for nothing from {free_from} and has been paid since {paid_from}, without a change in how much is used."
[judge]
value    = "free_days"
at_least = "min_free_days"
history  = "history_days"
nothing  = "free_days_after"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is reported."
[params.min_free_days]
default = 7
unit    = "days"
help    = "Days from the first free use to the first paid day; less may be a mistake in the bill."
[params.min_day_value]
default = 0.01
unit    = "billing currency"
help    = "What a free day would have cost at the price paid later: below it zero is rounding, not a gift."
[params.max_growth]
default = 2.0
unit    = "ratio"
help    = "If use per day has grown by more than this, use has outgrown a free tier and no trial has ended."
---*/
with kinds as (
    -- Once per kind of use: there are a few hundred, and days by the hundred thousand.
    select
        usage_kind,
        lower(regexp_replace(usage_kind, '[-_:]?(free-?_?(tier|trial)?|paid|trial)', '', 'gi')) as usage
    from (select distinct usage_kind from usage_meters)
    -- Tiers that are free for ever are shared by an account: other resources can use them up.
    where not regexp_matches(
        usage_kind, 'DataTransfer|AWS-(In|Out)-Bytes|Requests|GB-Second|CapacityUnit|TimedStorage|VolumeUsage', 'i'
    )
),

lines as (
    select
        provider,
        sub_account_id,
        -- Marketplace products have no resource: the subscription stands for them.
        case
            when is_marketplace and (resource_id = '' or resource_id like 'all:%')
                then 'subscription:' || coalesce(nullif(service_code, ''), nullif(service_name, ''), publisher_name)
            else resource_id
        end as resource_id,
        billing_currency,
        charge_date,                                                                              -- UTC day
        date_trunc('month', charge_date)::date as month,                                          -- first day
        region_id,
        service_name,
        -- PaidEventsAnalyzed, FreeEventsAnalyzed and EventsAnalyzed-FreeTier are one use at two prices.
        kinds.usage,
        usage_type,
        is_marketplace,
        pricing_category,
        source_first_day,                                                                         -- UTC day
        consumed_quantity,                                                                        -- pricing unit
        effective_cost,                                                                           -- billing currency
        committed_cost,                                                                           -- billing currency
        list_cost                                                                                 -- billing currency
    from resource_days
    join kinds using (usage_kind)
    where provider = 'aws'
        and (charge_role = 'usage' or charge_role = 'fee' and is_marketplace)
),

candidates as (
    -- Only what was ever free and is paid now: days are added up for few.
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        usage
    from lines
    where resource_id <> ''
    group by all
    having min(charge_date) filter (effective_cost = 0 and pricing_category = 'Standard')
        < max(charge_date) filter (effective_cost > 0)
),

daily as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        usage,
        charge_date,                                                                              -- UTC day
        month,                                                                                    -- first day
        any_value(is_marketplace) as is_marketplace,
        bool_and(pricing_category = 'Standard') as is_standard,
        sum(consumed_quantity) as quantity,                                                       -- pricing unit
        sum(effective_cost) as cost                                                               -- billing currency
    from lines
    semi join candidates using (provider, sub_account_id, resource_id, billing_currency, usage)
    group by all
    having quantity > 0 or cost > 0 or bool_or(is_marketplace)
),

prices as (
    -- The price of today: the median of the days with a cost in the window, or of all such days.
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        usage,
        coalesce(
            median(cost / quantity) filter (cost > 0 and quantity > 0 and charge_date > $as_of - $window_days),
            median(cost / quantity) filter (cost > 0 and quantity > 0)
        ) as unit_price,                                                                          -- currency per unit
        min(charge_date) filter (cost > 0) as paid_from,                                          -- UTC day
        median(quantity) filter (cost > 0) as paid_quantity                                       -- units per day
    from daily
    group by all
),

marked as (
    select
        *,
        -- A day given away: no cost for what would have cost something.
        cost = 0 and is_standard and (is_marketplace and quantity = 0 or quantity * unit_price >= $min_day_value)
            as is_free
    from daily
    join prices using (provider, sub_account_id, resource_id, billing_currency, usage)
),

months_before as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        usage,
        month,                                                                                    -- first day
        sum(quantity) as quantity                                                                 -- pricing unit
    from marked
    where is_free and charge_date < paid_from
    group by all
),

trials as (
    select
        m.provider,
        m.sub_account_id,
        m.resource_id,
        m.billing_currency,
        m.usage,
        any_value(m.is_marketplace) as is_marketplace,
        any_value(m.paid_from) as paid_from,                                                      -- UTC day
        any_value(m.unit_price) as unit_price,                                                    -- currency per unit
        min(m.charge_date) filter (m.is_free) as free_from,                                       -- UTC day
        max(m.charge_date) as last_day,                                                           -- UTC day
        count(*) filter (m.charge_date > $as_of - $window_days) as observed_days,                 -- days
        any_value(m.paid_quantity)
            / nullif(median(m.quantity) filter (m.is_free and m.charge_date < m.paid_from), 0) as growth,  -- ratio
        -- After the first paid day: days for nothing, or for much less, are a tier that starts anew every month.
        count(*) filter (
            m.charge_date > m.paid_from and (m.is_free or m.cost > 0 and m.quantity > 0 and m.cost / m.quantity < 0.4 * m.unit_price)
        ) as free_days_after,                                                                     -- days
        -- Another month has begun and would have been free at first.
        max(m.month) > any_value(date_trunc('month', m.paid_from)) as next_month_seen,
        max(m.quantity) as most_a_day                                                             -- units per day
    from marked m
    group by all
    having free_from < paid_from
),

judgeable as (
    select
        t.*,
        -- An earlier month gave away more than this one before it cost: no monthly tier has run out.
        t.next_month_seen or coalesce((
            select max(b.quantity) from months_before b
            where (b.provider, b.sub_account_id, b.resource_id, b.billing_currency, b.usage)
                    = (t.provider, t.sub_account_id, t.resource_id, t.billing_currency, t.usage)
                and b.month < date_trunc('month', t.paid_from)
        ), 0) > t.most_a_day + coalesce((
            select max(b.quantity) from months_before b
            where (b.provider, b.sub_account_id, b.resource_id, b.billing_currency, b.usage)
                    = (t.provider, t.sub_account_id, t.resource_id, t.billing_currency, t.usage)
                and b.month = date_trunc('month', t.paid_from)
        ), 0) as is_settled
    from trials t
    where coalesce(t.growth, 1) <= $max_growth * (1 + 1e-9)
),

costs as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        usage,
        arg_max(service_name, charge_date) as service_name,
        min(charge_date) as first_day,                                                            -- UTC day
        sum(effective_cost) filter (charge_date > $as_of - $window_days) as cost,                 -- billing currency
        sum(committed_cost) filter (charge_date > $as_of - $window_days) as committed_cost,       -- billing currency
        sum(list_cost) filter (charge_date > $as_of - $window_days) as list_cost,                 -- billing currency
        sum(effective_cost) filter (charge_date >= date_trunc('month', $as_of + 1) - to_months(1)
            and charge_date < date_trunc('month', $as_of + 1)) as month_cost,                     -- billing currency
        arg_max(effective_cost, charge_date) as latest_cost,                                      -- billing currency
        list(distinct usage_type) as claims,                                                      -- usage types
        min(source_first_day) as source_first_day                                                 -- UTC day
    from lines
    group by all
)

select
    t.provider,
    t.sub_account_id,
    t.resource_id,
    t.billing_currency,
    c.service_name,
    c.first_day,                                                                                  -- UTC day
    case when t.resource_id like 'subscription:%' then least($as_of, t.last_day + 31)::date else t.last_day end
        as last_day,                                                                              -- UTC day
    t.observed_days,                                                                              -- days
    -- A subscription has one fee a month; a resource is paid for from paid_from on.
    coalesce(case when t.resource_id like 'subscription:%' then coalesce(c.month_cost, c.latest_cost) else c.cost end, 0)
        as cost,                                                                                  -- billing currency
    case when t.resource_id not like 'subscription:%' then c.committed_cost else 0 end as committed_cost,  -- billing currency
    case when t.resource_id not like 'subscription:%' then c.list_cost end as list_cost,          -- billing currency
    case
        when t.resource_id like 'subscription:%' then 30.4375
        else least($window_days, date_diff('day', t.paid_from, $as_of) + 1)
    end as span_days,                                                                             -- days
    c.claims,                                                                                     -- usage types
    t.usage,
    t.free_from,                                                                                  -- UTC day
    t.paid_from,                                                                                  -- UTC day
    date_diff('day', t.free_from, t.paid_from) as free_days,                                      -- days
    date_diff('day', c.source_first_day, $as_of) + 1 as history_days,                             -- days
    round(t.growth, 2) as growth,                                                                 -- ratio, paid to free use
    case when t.is_settled then t.free_days_after end as free_days_after                          -- days
from judgeable t
join costs c using (provider, sub_account_id, resource_id, billing_currency, usage)
-- One row per resource: the use that costs most.
qualify row_number() over (
    partition by t.provider, t.sub_account_id, t.resource_id, t.billing_currency order by c.cost desc nulls last, t.usage
) = 1
