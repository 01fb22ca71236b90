/*---
id          = "aws-log-group-growth"
title       = "Stored logs grow month after month as if they never expired"
kind        = "forgotten"
service     = "Amazon CloudWatch"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "The retention setting is not in the bill: a retention that is longer than the export looks the same until it takes hold. Logs may have to be kept by law."
remediation = "Agree on a retention with the owner and set it on the log group; export to S3 first what must be kept."
command     = "aws logs describe-log-groups --region {region} --log-group-identifiers {resource_id}"
reason      = "Stored logs grew through {growing_months} complete months in a row, to {stored_gb} GB; {gb_before} GB of it are older than the {assumed_keep_months} months that this estimate keeps."
references  = ["https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html"]
[judge]
value    = "growing_months"
at_least = "min_growing_months"
history  = "history_months"
nothing  = "retention_signs"
[params.min_growing_months]
default = 3
unit    = "months"
help    = "Complete months of a growing run up to the last one, its first included."
[params.min_growth]
default = 0.005
unit    = "share per month"
help    = "Growth of a month that is more than noise."
[params.min_total_growth]
default = 0.1
unit    = "share"
help    = "Growth over the run: below it a fixed retention with somewhat more logs looks the same."
[params.keep_months]
default = 2
unit    = "months"
help    = "Assumption of the estimate: a retention of so many months would be set."
[params.plateau_share]
default = 0.75
unit    = "share"
help    = "A last month that grew by less than this share of the average before it is the beginning of a plateau."
---*/
with lines as (
    select
        *,
        usage_kind = 'TimedStorage-ByteHrs' as is_stored,
        day(last_day(month)) as days_in_month
    from usage_months
    where resource_id <> ''
        -- A sum over log groups grows with every new one.
        and resource_id not like 'all:%'
        -- S3, DynamoDB and ECR have TimedStorage-ByteHrs too.
        and (service_code = 'AmazonCloudWatch' or resource_id like '%:log-group:%')
        and (
            usage_kind = 'TimedStorage-ByteHrs'
            or usage_kind like 'DataProcessing%-Bytes'
            or usage_kind like 'VendedLog%-Bytes'
        )
),
groups as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        min(first_day) filter (is_stored) as first_day,
        max(last_day) filter (is_stored) as last_day,
        list(distinct usage_type order by usage_type) filter (is_stored) as claims,
        min(source_first_day) as source_first_day
    from lines
    group by all
    having count(*) filter (is_stored) > 0
),
months as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        month,
        any_value(days_in_month) as days_in_month,
        sum(consumed_quantity) filter (is_stored) as stored_gb,                     -- GB-Mo: the average GB of the month
        sum(consumed_quantity) filter (not is_stored) / any_value(days_in_month) as ingested_gb,  -- GB per day
        sum(effective_cost) filter (is_stored) as cost,
        sum(committed_cost) filter (is_stored) as committed_cost,
        sum(list_cost) filter (is_stored) as list_cost,
        count(*) filter (is_stored) as stored_lines
    from lines
    where last_day(month) <= $as_of
    group by all
),
steps as (
    select
        m.*,
        lag(m.stored_gb) over series as stored_gb_before,
        g.first_day > g.source_first_day as is_new,
        m.stored_gb > lag(m.stored_gb) over series * (1 + $min_growth)
            and lag(m.month) over series = m.month - interval 1 month as grows
    from months m
    join groups g using (provider, sub_account_id, resource_id, billing_currency)
    -- A month that the log group did not see from its first day is an average over less.
    where m.stored_lines > 0 and m.month >= g.first_day
    window series as (partition by provider, sub_account_id, resource_id, billing_currency order by m.month)
),
runs as (
    select
        *,
        max(month) filter (grows is not true) over whole as base_month,
        max(month) over whole as last_month
    from steps
    window whole as (partition by provider, sub_account_id, resource_id, billing_currency)
),
judged as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        -- The month that the run starts from is one of its months; not so while a new log group fills up.
        case
            when max(stored_gb) filter (month = last_month)
                >= max(stored_gb) filter (month = base_month) * (1 + $min_total_growth)
                then count(*) filter (month > base_month or (month = base_month and not is_new))
            else 0
        end as growing_months,
        max(cost) filter (month = last_month) as cost,
        max(committed_cost) filter (month = last_month) as committed_cost,
        max(list_cost) filter (month = last_month) as list_cost,
        max(days_in_month) filter (month = last_month) as span_days,
        max(stored_gb) filter (month = last_month) as stored_gb,
        max(stored_gb) filter (month = last_month - to_months($keep_months)) as gb_before,
        max(stored_gb - stored_gb_before) filter (month = last_month) as last_gain,
        avg(stored_gb - stored_gb_before) filter (month > base_month and month < last_month) as usual_gain,
        avg(stored_gb) filter (month >= last_month - interval 1 month)
            / nullif(avg(stored_gb) filter (month >= base_month and month <= base_month + interval 1 month), 0) - 1
            as stored_growth,
        avg(ingested_gb) filter (month >= last_month - interval 1 month)
            / nullif(avg(ingested_gb) filter (month >= base_month and month <= base_month + interval 1 month), 0) - 1
            as ingested_growth
    from runs
    group by all
)
select
    g.provider,
    g.sub_account_id,
    g.resource_id,
    g.billing_currency,
    'Log group' as resource_type,
    -- Three months do not tell a retention of ninety days that has just begun.
    case when j.growing_months < 4 then 'low' end as confidence,
    g.first_day,                                                                   -- UTC day
    g.last_day,                                                                    -- UTC day
    date_diff('day', g.first_day, g.last_day) + 1 as observed_days,                -- days
    coalesce(j.span_days, 1) as span_days,                                         -- days of the last complete month
    coalesce(j.cost, 0) as cost,                                                   -- billing currency, last complete month
    j.committed_cost,                                                              -- billing currency
    j.list_cost,                                                                   -- billing currency
    g.claims,                                                                      -- usage types
    coalesce(j.growing_months, 0) as growing_months,                               -- months
    -- Complete months that the export could have shown.
    date_diff('month', g.source_first_day - interval 1 day, $as_of + interval 1 day) - 1 as history_months,  -- months
    -- What looks like a retention: growth that ends, or growth that new logs explain (as much is kept as before).
    case when j.last_gain < $plateau_share * j.usual_gain then 1 else 0 end
    + case when j.ingested_growth >= 0.5 * j.stored_growth then 1 else 0 end as retention_signs,  -- count
    j.stored_gb,                                                                   -- GB, average of the last complete month
    j.gb_before,                                                                   -- GB stored keep_months earlier
    j.stored_growth,                                                               -- share, over the growing months
    j.ingested_growth,                                                             -- share, over the growing months
    $keep_months as assumed_keep_months,                                           -- months
    coalesce(j.gb_before / nullif(j.stored_gb, 0), 0) as saves_share               -- share
from groups g
left join judged j using (provider, sub_account_id, resource_id, billing_currency)
