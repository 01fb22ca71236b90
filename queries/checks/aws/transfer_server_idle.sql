/*---
id          = "aws-transfer-server-idle"
title       = "Transfer Family server moves no files"
kind        = "idle"
service     = "AWS Transfer Family"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "Partners that deliver quarterly or yearly, or only in an emergency, leave no bytes in between. A stopped server is billed on."
remediation = "Ask the users of the server, then delete it; stopping it does not end the charges."
command     = """
aws transfer list-users --region {region} --server-id {resource_name}
aws transfer delete-server --region {region} --server-id {resource_name}"""
reason      = "{protocol_hours} protocol hours and {moved} GB or messages moved in {observed_days} days."
[judge]
use     = "moved"
at_most = "max_moved"
[params.window_days]
default = 35
unit    = "days"
help    = "Trailing days that must be observed: longer than a month, for monthly deliveries."
[params.max_moved]
default = 0
unit    = "GB or messages"
help    = "At or below this the server counts as idle."
---*/
with lines as (
    select
        *,
        usage_kind like '%ProtocolHours' as is_hours,
        not regexp_matches(usage_kind, 'ProtocolHours|DataTransfer|AWS-(In|Out)-Bytes') as is_use
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (
            service_code = 'AWSTransfer'
            or service_name in ('AWS Transfer Family', 'AWS Transfer for SFTP')
            or usage_kind like '%ProtocolHours'
        )
),

-- Accounts whose bytes do not name their server prove nothing about one.
blind as (
    select distinct sub_account_id
    from lines
    where is_use and resource_id = '' and consumed_quantity > 0
)

select
    l.provider,
    l.sub_account_id,
    l.resource_id,
    l.billing_currency,
    'Transfer Family server' as resource_type,
    min(l.charge_date) as first_day,                                                    -- UTC day
    max(l.charge_date) filter (l.is_hours) as last_day,                                 -- UTC day
    count(distinct l.charge_date) filter (l.is_hours) as observed_days,                 -- days
    sum(l.effective_cost) as cost,                                                      -- billing currency
    sum(l.committed_cost) as committed_cost,                                            -- billing currency
    sum(l.list_cost) as list_cost,                                                      -- billing currency
    sum(l.consumed_quantity) filter (l.is_hours) as protocol_hours,                     -- h, one per protocol and hour
    case
        when count(b.sub_account_id) = 0 then coalesce(sum(l.consumed_quantity) filter (l.is_use), 0)
    end as moved                                                                        -- GB or messages
from lines l
left join blind b using (sub_account_id)
where l.resource_id <> ''
group by all
having bool_or(l.is_hours)
