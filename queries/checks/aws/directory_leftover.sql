/*---
id          = "aws-directory-leftover"
title       = "Directory runs although nothing that could use it is billed near it"
kind        = "forgotten"
service     = "AWS Directory Service"
confidence  = "medium"
effort      = "medium"
risk        = "high"
blind_spots = "Sign-ins leave no line in a bill: IAM Identity Center, trusts with on-premises domains, Linux servers, VPN and machines of other accounts that reach it over the network look like no use."
remediation = "Look for enabled applications, trusts, shares and log-ons in the directory's security log; only then remove trusts and shares and delete it. Its snapshots go with it."
command     = """
aws ds describe-directories --region {region} --directory-ids {resource_name}
aws ds describe-trusts --region {region} --directory-id {resource_name}
aws ds describe-shared-directories --region {region} --owner-directory-id {resource_name}
aws ds list-log-subscriptions --region {region} --directory-id {resource_name}
"""
reason      = "Billed for {watched_days} days in sight; in the last {window_days} days no WorkSpaces, Windows, SQL Server or other directory user was billed in its account and region."
references  = ["https://docs.aws.amazon.com/directoryservice/latest/admin-guide/ms_ad_delete.html"]
[judge]
value    = "watched_days"
at_least = "min_days"
history  = "history_days"
nothing  = "dependants"
[params.window_days]
default = 35
unit    = "days"
help    = "Trailing days in which nothing that could use the directory may be billed; more than a month, for fees of once a month."
[params.min_days]
default = 30
unit    = "days"
help    = "A directory that is in sight for less is still being set up."
---*/
with recent as (
    select
        *,
        usage_kind not ilike '%shared%' and usage_kind not ilike 'cloud%'
            and regexp_matches(usage_kind, '(AD-DC|SimpleAD|ADConnector|AD-Connector|Directory)-Usage$', 'i')
            as is_directory,
        regexp_matches(usage_kind, '(^|-)(Box|Spot|HostBox|Dedicated|Unused)[A-Za-z]*(Usage|Box)?:', 'i') as is_instance,
        regexp_matches(usage_kind, '(^|-)(Instance|Multi-AZ)[A-Za-z-]*Usage[A-Za-z]*:db\.', 'i') as is_database
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and provider = 'aws'
),

dependants as (
    -- What can join a directory. Where the bill does not say which operating system or engine runs, it counts as one.
    select
        billing_account_id,
        sub_account_id,
        region_id,
        usage_kind ilike '%shared%' as is_share,
        count(distinct resource_id) as things
    from recent
    where regexp_matches(usage_kind, 'Shared-?(Msft|Microsoft)AD', 'i')
        or service_code in ('AmazonWorkSpaces', 'AmazonAppStream', 'AmazonWorkDocs', 'AmazonWorkMail', 'AmazonQuickSight',
                            'AmazonConnect', 'AmazonChime', 'AmazonFSx')
        or regexp_matches(service_name, 'WorkSpaces|AppStream|WorkDocs|WorkMail|Quick ?S(ight|uite)|Amazon Connect|FSx', 'i')
        or regexp_matches(usage_kind, '^ClientVPN-|^AW-(HW|SW)', 'i')
        or is_instance and (
            product_detail ilike '%windows%'
            or regexp_matches(operation, ':(0002|0006|0102|0202|0800|0802|0806)$')
            or operation = '' and product_detail = ''
        )
        or is_database and (
            regexp_matches(product_detail, 'sql ?server|oracle', 'i')
            or regexp_matches(operation, ':00(0[3-9]|1[0-3]|15|19|20)$')
            or operation = '' and product_detail = ''
        )
    group by all
),

machines as (
    -- What could use a directory and rarely does.
    select
        billing_account_id,
        region_id,
        count(distinct resource_id) as things
    from recent
    where is_instance or is_database or usage_kind ilike '%ProtocolHours'
    group by all
),

directories as (
    select
        r.provider,
        arg_max(r.billing_account_id, r.charge_date) as billing_account_id,
        r.sub_account_id,
        r.resource_id,
        r.billing_currency,
        arg_max(r.region_id, r.charge_date) as region_id,
        arg_max(usage_kind, effective_cost) as directory_kind,
        max(charge_date) as last_day,                     -- UTC day
        count(distinct charge_date) as observed_days,     -- days
        sum(effective_cost) as cost,                      -- billing currency
        sum(committed_cost) as committed_cost,            -- billing currency
        sum(list_cost) as list_cost,                      -- billing currency
        sum(consumed_quantity) as hours,                  -- h
        list(distinct usage_type) as usage_types,
        min(source_first_day) as source_first_day         -- UTC day
    from recent r
    where is_directory and resource_id <> ''
    group by all
),

seen as (
    select
        provider,
        sub_account_id,
        resource_id,
        min(first_day) as first_day  -- UTC day
    from usage_months
    group by all
)

select
    d.provider,
    d.sub_account_id,
    d.resource_id,
    d.billing_currency,
    d.region_id,
    'directory' as resource_type,
    s.first_day,                                                                          -- UTC day
    d.last_day,                                                                           -- UTC day
    d.observed_days,                                                                      -- days
    d.cost,                                                                               -- billing currency
    d.committed_cost,                                                                     -- billing currency
    d.list_cost,                                                                          -- billing currency
    case when d.resource_id like 'all:%' then d.usage_types end as claims,                -- usage types
    d.directory_kind,                                                                     -- usage type
    d.hours,                                                                              -- h
    date_diff('day', s.first_day, $as_of) + 1 as watched_days,                            -- days
    date_diff('day', d.source_first_day, $as_of) + 1 as history_days,                     -- days
    $window_days as window_days,                                                          -- days
    coalesce((
        select sum(u.things) from dependants u
        where u.region_id = d.region_id
            and (u.sub_account_id = d.sub_account_id or u.is_share and u.billing_account_id = d.billing_account_id)
    ), 0) as dependants,                                                                  -- count
    coalesce(m.things, 0) as machines_in_region,                                          -- count, all accounts
    case when m.things > 0 then 'low' else 'medium' end as confidence
from directories d
join seen s using (provider, sub_account_id, resource_id)
left join machines m using (billing_account_id, region_id)
