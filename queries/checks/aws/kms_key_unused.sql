/*---
id          = "aws-kms-key-unused"
title       = "KMS key without a cryptographic request"
kind        = "idle"
service     = "AWS Key Management Service"
confidence  = "low"
effort      = "medium"
risk        = "high"
blind_spots = "Volumes attached for months, archives and backups need their key without ever asking for it; requests of accounts outside this export do not show. What a deleted key encrypted is lost."
remediation = "Look for grants and data under the key, disable it for some months, and only then schedule its deletion."
command     = """
aws kms list-grants --region {region} --key-id {resource_name}
aws kms disable-key --region {region} --key-id {resource_name}"""
reason      = "{requests} cryptographic requests on {observed_days} billed days."
[judge]
use     = "requests"
at_most = "max_requests"
[params.window_days]
default = 90
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_requests]
default = 0
unit    = "requests"
help    = "At or below this many encrypting, decrypting or signing requests the key counts as unused."
---*/
with lines as (
    select
        *,
        -- Replicas of a multi-Region key share its id, and other accounts pay for their own requests.
        case when resource_id like 'all:%' then sub_account_id || resource_id else regexp_extract(resource_id, '[^:/]*$') end
            as key_name,
        usage_kind like '%KMS-Keys%' as is_key,
        usage_kind like '%KMS-Requests%' as is_request,
        -- Consoles, scanners and inventories describe keys that nothing uses.
        regexp_matches(operation, '^(Describe|List|GetKeyPolicy|GetKeyRotationStatus|GetKeyLastUsage)') as is_look
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and usage_kind like '%KMS-%'
),

requests as (
    select
        key_name,
        sum(consumed_quantity) filter (not is_look) as requests
    from lines
    where is_request and resource_id <> ''
    group by all
),

-- Accounts whose requests do not name their keys prove nothing about a key.
blind as (
    select distinct sub_account_id
    from lines
    where is_request
        and resource_id = ''
        and consumed_quantity > 0
        and (operation = '' or regexp_matches(operation, 'crypt|GenerateDataKey|Sign|Verify|Mac|DeriveSharedSecret'))
)

select
    l.provider,
    l.sub_account_id,
    l.resource_id,
    l.billing_currency,
    'KMS key' as resource_type,
    min(l.charge_date) filter (l.is_key) as first_day,                          -- UTC day
    max(l.charge_date) filter (l.is_key) as last_day,                           -- UTC day
    count(distinct l.charge_date) filter (l.is_key) as observed_days,           -- days
    sum(l.effective_cost) as cost,                                              -- billing currency
    sum(l.committed_cost) as committed_cost,                                    -- billing currency
    sum(l.list_cost) as list_cost,                                              -- billing currency
    -- Null, not zero, where the export names no key in any request line.
    case
        when max(e.shown) and max(b.sub_account_id) is null then coalesce(max(r.requests), 0)
    end as requests                                                             -- requests
from lines l
cross join (select coalesce(bool_or(resource_id <> ''), false) as shown from lines where is_request) e
left join requests r using (key_name)
left join blind b using (sub_account_id)
where l.resource_id <> ''
group by all
-- Keys that AWS manages are asked for, but not billed.
having bool_or(l.is_key)
