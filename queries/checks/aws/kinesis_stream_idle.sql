/*---
id          = "aws-kinesis-stream-idle"
title       = "Provisioned Kinesis stream receives no records"
kind        = "idle"
service     = "Amazon Kinesis"
confidence  = "high"
effort      = "low"
risk        = "medium"
blind_spots = "Producers that write once a month or only in a failover have nothing to bill in between."
remediation = "Check the stream's producers and consumers, then delete it, or switch it to on-demand."
command     = """
aws kinesis describe-stream-summary --region {region} --stream-name {resource_name}
aws kinesis delete-stream --region {region} --stream-name {resource_name}"""
reason      = "{shards} shards over {observed_days} days and nothing put into them or delivered."
[judge]
use     = "used_units"
at_most = "max_used_units"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_used_units]
default = 0
unit    = "units"
help    = "At or below this much of anything but shard hours (put units, fan-out, long retention) the stream counts as idle."
---*/
with lines as (
    select
        *,
        usage_kind like '%Storage-ShardHour%' as is_shard,
        -- Extended retention is paid by the shard hour too. Everything else but transfer noise is use.
        not regexp_matches(usage_kind, 'Storage-ShardHour|Extended-ShardHour|DataTransfer|AWS-(In|Out)-Bytes')
            as is_use
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (service_code = 'AmazonKinesis' or usage_kind like '%ShardHour%' or usage_kind like '%PutRequestPayloadUnits%')
),

-- Accounts whose puts do not name their stream prove nothing about one.
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
    'Kinesis data stream' as resource_type,
    min(l.charge_date) as first_day,                                                            -- UTC day
    max(l.charge_date) filter (l.is_shard) as last_day,                                         -- UTC day
    count(distinct l.charge_date) filter (l.is_shard) as observed_days,                         -- days
    sum(l.effective_cost) as cost,                                                              -- billing currency
    sum(l.committed_cost) as committed_cost,                                                    -- billing currency
    sum(l.list_cost) as list_cost,                                                              -- billing currency
    sum(l.consumed_quantity) filter (l.is_shard) / (24 * $window_days) as shards,               -- shards, average
    case
        when count(b.sub_account_id) = 0 then coalesce(sum(l.consumed_quantity) filter (l.is_use), 0)
    end as used_units                                                                           -- units of any kind
from lines l
left join blind b using (sub_account_id)
where l.resource_id <> ''
group by all
having bool_or(l.is_shard)
