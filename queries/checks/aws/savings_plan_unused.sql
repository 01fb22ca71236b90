/*---
id          = "aws-savings-plan-unused"
title       = "Savings Plan commitment is not fully used"
kind        = "commitment"
service     = "Savings Plans"
confidence  = "high"
effort      = "medium"
risk        = "low"
blind_spots = "The bill cannot tell a dip (holidays, a migration) from a plan that is too large; the last complete month stands for the next. Usage in accounts that do not share discounts cannot fill the plan."
remediation = "Nothing is saved before the plan ends: let on-demand usage move under it, share it across the organisation, do not renew its unused part. A plan of up to 100 USD an hour can be returned within seven days of purchase in the same month."
command     = "aws savingsplans describe-savings-plans --savings-plan-arns {resource_id}"
reason      = "{unused_monthly_cost} a month of {commitment_monthly_cost} committed were not used ({unused_share} of it); the plan ends on {ends_on}."
references  = ["https://docs.aws.amazon.com/savingsplans/latest/userguide/return-sp.html"]
[judge]
unused             = "unused_cost"
above              = "max_unused_share"
active_within_days = 5
[params.max_unused_share]
default = 0.05
unit    = "share"
help    = "Up to this share of a commitment may go unused."
[params.min_days]
default = 7
unit    = "days"
help    = "Days of the last complete month in which the commitment must have run."
---*/
with lines as (
    -- Used: what covered usage costs. Unused: what is left of the fee (fee lines of a CUR), or lines of their own (FOCUS).
    -- RIFee lines are one per month, dated at the period's start: only complete calendar months can be compared.
    select
        *,
        charge_role in ('fee', 'unused') as is_fee,
        regexp_matches(
            commitment_discount_id || ' ' || commitment_discount_type || ' ' || line_item_type, 'savings.?plan', 'i'
        ) as is_savings_plan,
        month = date_trunc('month', $as_of + 1) - to_months(1) as is_last_month,
        regexp_matches(line_item_type, '^RIFee$', 'i') as is_monthly,
        regexp_matches(line_item_type, '^(RIFee|SavingsPlanRecurringFee)$', 'i') as is_recurring,
        try_cast(left(commitment_discount_end, 10) as date) as ends_on  -- UTC day
    from resource_months
    where provider = 'aws'
        and commitment_discount_id <> ''
        and charge_role in ('usage', 'fee', 'unused')
        and commitment_discount_id not ilike '%capacity-reservation%'
),

commitments as (
    select
        provider,
        commitment_discount_id as resource_id,
        billing_currency,
        -- The owner: where the fee is, else the account in the ARN; covered usage is anywhere in the organisation.
        coalesce(
            max(sub_account_id) filter (is_fee),
            any_value(nullif(regexp_extract(commitment_discount_id, '^arn:[^:]*:[^:]*:[^:]*:(\d{12}):', 1), '')),
            max(sub_account_id)
        ) as sub_account_id,
        split_part(commitment_discount_id, ':', 4) as region_id,
        max(ends_on) as ends_on,                                                              -- UTC day
        min(first_day) as first_day,                                                          -- UTC day
        max(case when is_monthly then least($as_of, last_day(month)) else last_day end) as last_day,  -- UTC day
        min(first_day) filter (is_last_month) as month_from,                                  -- UTC day
        max(case when is_monthly then last_day(month) else last_day end) filter (is_last_month) as month_to,  -- UTC day
        -- What it covers may lie in accounts that this export leaves out: the fee as billed is the least it costs.
        greatest(
            sum(effective_cost) filter (is_last_month), sum(billed_cost) filter (is_last_month and is_recurring)
        ) as cost,                                                                            -- billing currency
        greatest(sum(effective_cost), sum(billed_cost) filter (is_recurring)) as cost_so_far,  -- billing currency
        case
            when count(*) filter (not is_fee and is_last_month) = 0
                and coalesce(sum(billed_cost) filter (is_last_month and is_recurring), 0) <= 0 then 'low'
        end as confidence,
        greatest(0, coalesce(sum(effective_cost) filter (is_last_month and is_fee), 0)) as unused_cost,  -- billing currency
        string_agg(distinct nullif(instance_type, ''), ', ') as instance_types,
        count(distinct sub_account_id) filter (not is_fee and is_last_month) as accounts_using -- count
    from lines
    where is_savings_plan
    group by all
)

select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    region_id,
    'Savings Plan' as resource_type,
    first_day,                                                                                -- UTC day
    least(last_day, coalesce(ends_on, last_day)) as last_day,                                 -- UTC day
    coalesce(date_diff('day', month_from, month_to) + 1, 0) as observed_days,                 -- days of the last complete month
    -- The month may have begun or ended without the commitment: its cost stands for the days in between.
    greatest(1, observed_days) as span_days,                                                  -- days
    confidence,
    coalesce(cost, cost_so_far) as cost,                                                      -- billing currency, used and unused
    unused_cost,                                                                              -- billing currency
    round(unused_cost / span_days * 30.4375, 2) as unused_monthly_cost,                       -- billing currency
    round(coalesce(cost, cost_so_far) / span_days * 30.4375, 2) as commitment_monthly_cost,   -- billing currency
    case when cost > 0 then round(100 * unused_cost / cost, 1) || ' %' end as unused_share,   -- share of cost
    month_from,                                                                               -- UTC day
    ends_on,                                                                                  -- UTC day, null where unknown
    instance_types,
    accounts_using                                                                             -- count
from commitments
