/*---
id          = "aws-region-forgotten"
title       = "Region in which nothing new appears and nothing moves"
kind        = "forgotten"
service     = "Amazon Web Services"
confidence  = "medium"
effort      = "medium"
risk        = "high"
scope       = "region"
blind_spots = "A cold standby, an archive kept by law, and a machine that computes without traffic look the same; the export shows no logins and no API calls that cost nothing."
remediation = "List what is left in the region, ask its owners, save the data elsewhere, delete the rest, then deny the region by a service control policy."
command     = "aws resourcegroupstaggingapi get-resources --region {region}"
reason      = "No new resource in {quiet_days} days and no use that varies; {resources} resources go on costing {share_percent} % of the account."
references  = ["https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html"]
[judge]
value    = "quiet_days"
at_least = "min_quiet_days"
history  = "history_days"
nothing  = "moving"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is reported."
[params.min_quiet_days]
default = 60
unit    = "days"
help    = "Days without a new resource id, and with the same use of everything."
[params.max_share]
default = 0.1
unit    = "share"
help    = "Up to this share of the account's cost a region counts as small; the largest region never does."
[params.max_change]
default = 0.1
unit    = "share"
help    = "Use that changes from day to day by no more than this stands still."
[params.max_gb_per_day]
default = 0.1
unit    = "GB/day"
help    = "Data moved per day that scanners of the internet cause on their own."
[params.max_requests_per_day]
default = 100
unit    = "requests/day"
help    = "Requests per day that inventories and scanners cause on their own."
---*/
with lines as (
    -- What organisations switch on in every region says nothing about a region and would stay.
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        region_id,
        usage_kind,
        operation,
        charge_date,                                                                       -- UTC day
        source_first_day,                                                                  -- UTC day
        consumed_quantity,                                                                 -- pricing unit
        effective_cost,                                                                    -- billing currency
        committed_cost,                                                                    -- billing currency
        list_cost,                                                                         -- billing currency
        regexp_matches(region_id, '^[a-z]{2}(-[a-z]+)+-\d+$')
            and service_code not in ('AmazonGuardDuty', 'AWSConfig', 'AWSCloudTrail', 'AWSSecurityHub', 'AmazonInspector',
                                     'AmazonInspectorV2', 'AmazonMacie', 'AmazonDetective', 'AWSSecurityLake', 'AWSBackupAudit')
            and not regexp_matches(
                usage_kind, 'EventsRecorded|EventsAnalyzed|ConfigurationItem|ConfigRule|SecurityCheck|FindingIngest|^CW:', 'i'
            )
            and not is_marketplace as is_local,
        regexp_matches(usage_kind, 'Bytes', 'i') as is_data,
        regexp_matches(
            usage_kind, 'Request|Invocation|WriteIO|StorageIO|VolumeIO|Queries|Messages|GB-Second|LCUUsage|Events', 'i'
        ) as is_requests,
        regexp_matches(usage_kind, '^(Box|Spot|Dedicated|Host)[A-Za-z]*Usage|^(Instance|Multi-AZ|Node)[A-Za-z-]*Usage|vCPU', 'i')
            as is_compute
    from usage_days
    where provider = 'aws' and charge_date > $as_of - greatest($window_days, $min_quiet_days)
),

homes as (
    -- Transfer lines name both ends: a line belongs to the region that its resource is in.
    select
        provider,
        sub_account_id,
        resource_id,
        region_id as home,
        first_day as resource_first_day,  -- UTC day
        source_first_day                  -- UTC day
    from resources
),

placed as (
    select
        l.*,
        coalesce(h.home, l.region_id) as home,
        h.resource_first_day,             -- UTC day
        -- Transfer without a resource moves something here, but need not be what is left here.
        h.home is not null or not l.is_data as is_left
    from lines l
    left join homes h using (provider, sub_account_id, resource_id)
    where l.is_local
),

accounts as (
    select
        provider,
        sub_account_id,
        billing_currency,
        sum(effective_cost) as cost  -- billing currency
    from lines
    where charge_date > $as_of - $window_days
    group by all
),

usages as (
    -- One use of the region by day, in its own unit. Fees of the month (at most one line per month) stand still.
    select
        provider,
        sub_account_id,
        billing_currency,
        home,
        usage_kind,
        is_data,
        is_requests,
        charge_date,                                 -- UTC day
        day(last_day(charge_date)) as month_days,    -- days
        -- A thousandth of a capacity unit of a load balancer is a request every few seconds.
        sum(consumed_quantity * case when usage_kind like '%LCUUsage%' then 1000 else 1 end) as quantity  -- pricing unit
    from placed
    where charge_date > $as_of - $min_quiet_days
    group by all
),

moving as (
    select
        provider,
        sub_account_id,
        billing_currency,
        home,
        usage_kind,
        case
            when is_data then sum(quantity) / $min_quiet_days > $max_gb_per_day
            when is_requests then sum(quantity) / $min_quiet_days > $max_requests_per_day
            when count(*) <= ceil($min_quiet_days / 28.0) then false
            -- Missing days are zero. GB-months are smaller in longer months: the steadier of both views counts.
            when count(*) < least($min_quiet_days, date_diff('day', min(charge_date), $as_of) + 1) then true
            else least(
                1 - min(quantity) / nullif(max(quantity), 0),
                1 - min(quantity * month_days) / nullif(max(quantity * month_days), 0)
            ) > $max_change * (1 + 1e-9)
        end as moves
    from usages
    group by provider, sub_account_id, billing_currency, home, usage_kind, is_data, is_requests
),

regions as (
    select
        provider,
        sub_account_id,
        billing_currency,
        home,
        min(coalesce(resource_first_day, charge_date)) as first_day,                                   -- UTC day
        max(charge_date) as last_day,                                                                  -- UTC day
        count(distinct charge_date) filter (charge_date > $as_of - $window_days) as observed_days,     -- days
        sum(effective_cost) filter (charge_date > $as_of - $window_days) as cost,                      -- billing currency
        sum(committed_cost) filter (charge_date > $as_of - $window_days) as committed_cost,            -- billing currency
        sum(list_cost) filter (charge_date > $as_of - $window_days) as list_cost,                      -- billing currency
        count(distinct resource_id) filter (resource_id <> '' and charge_date > $as_of - $window_days) as resources,  -- count
        -- Without resource ids nobody can say whether something is new.
        case when not bool_or(resource_id like 'all:%') then max(resource_first_day) end as newest,    -- UTC day
        min(source_first_day) as source_first_day,                                                     -- UTC day
        bool_or(is_compute) as has_compute
    from placed
    where is_left
    group by all
    having resources > 0
)

select
    r.provider,
    r.sub_account_id,
    'region:' || r.home as resource_id,
    r.billing_currency,
    r.home as region_id,
    'region' as resource_type,
    r.first_day,                                                                           -- UTC day
    r.last_day,                                                                            -- UTC day
    r.observed_days,                                                                       -- days
    coalesce(r.cost, 0) as cost,                                                           -- billing currency
    r.committed_cost,                                                                      -- billing currency
    r.list_cost,                                                                           -- billing currency
    r.resources,                                                                           -- count
    r.newest as newest_resource_day,                                                       -- UTC day, or the export's first
    date_diff('day', r.newest, $as_of) + 1 as quiet_days,                                  -- days
    date_diff('day', r.source_first_day, $as_of) + 1 as history_days,                      -- days
    round(100 * r.cost / a.cost, 2) as share_percent,                                      -- % of the account's cost
    (
        select count(*) from moving m
        where m.moves
            and (m.provider, m.sub_account_id, m.billing_currency, m.home)
                = (r.provider, r.sub_account_id, r.billing_currency, r.home)
    )
        + case
            when r.cost > $max_share * a.cost * (1 + 1e-9)
                or r.cost >= max(r.cost) over (partition by r.provider, r.sub_account_id, r.billing_currency) then 1
            else 0
        end as moving,                                                                     -- kinds of use that move; 1 for a main region
    case when r.has_compute then 'medium' else 'low' end as confidence
from regions r
join accounts a using (provider, sub_account_id, billing_currency)
