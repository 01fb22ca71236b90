/*---
id          = "aws-s3-standard-unread"
title       = "S3 Standard storage that nobody has read or written for long"
kind        = "stale"
service     = "Amazon Simple Storage Service"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "The objects' size and number are not in the bill: below 128 KB, or with many objects, the move can cost more than it saves. Reading them later costs a retrieval fee."
remediation = "Add a lifecycle rule that moves the objects to Standard-IA or Intelligent-Tiering; delete what nobody needs."
command     = "aws s3api get-bucket-lifecycle-configuration --bucket {resource_name}"
reason      = "{standard_gb} GB in S3 Standard, no object read or written for {unread_days} days."
[judge]
value    = "unread_days"
at_least = "window_days"
history  = "history_days"
active_within_days = 4
[params.window_days]
default = 60
unit    = "days"
help    = "Days without a read or write after which Standard is the wrong class."
[params.storage_change]
default = 0.05
unit    = "share"
help    = "Growth or shrinkage over the window up to which nothing was written: some AWS services deliver without a billed request."
[params.saving_share]
default = 0.3
unit    = "share"
help    = "Part of the Standard storage cost that a colder class saves, after transition and retrieval."
---*/
with lines as (
    select
        *,
        usage_kind = 'TimedStorage-ByteHrs' as is_standard,
        -- Listing, describing, tagging, inventory and lifecycle read nothing. An unnamed request may be anything.
        case
            when operation = '' then regexp_matches(usage_kind, 'Requests-|Out-Bytes|In-Bytes|Retrieval')
            else regexp_matches(operation, 'Object|Upload|Repl')
                and not regexp_matches(
                    operation, '^(Head|List|Delete|Read|Abort)|Tagging|A[Cc][Ll]|Lock|LegalHold|Retention|Transition|Inventory'
                )
        end and consumed_quantity > 0 as is_object,
        -- Lines name a bucket by its ARN or by its bare name.
        case when resource_id like 'all:%' then sub_account_id || resource_id else regexp_extract(resource_id, '[^:/]*$') end
            as bucket
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (service_code = 'AmazonS3' or (service_code = '' and service_name = 'Amazon Simple Storage Service'))
),

-- Whoever pays for the requests, they are the bucket's.
touched as (
    select
        bucket,
        max(charge_date) as touched_on                                          -- UTC day
    from lines
    where is_object and resource_id <> ''
    group by all
),

-- Bytes stored at both ends of the window: GB-months of a day are smaller in longer months.
sizes as (
    select
        sub_account_id,
        resource_id,
        abs(median(gb) filter (place <= 7) / nullif(median(gb) filter (place > days - 7), 0) - 1) as storage_change
    from (
        select
            sub_account_id,
            resource_id,
            charge_date,
            sum(consumed_quantity * day(last_day(charge_date))) as gb,
            row_number() over (partition by sub_account_id, resource_id order by charge_date) as place,
            count(*) over (partition by sub_account_id, resource_id) as days
        from lines
        where is_standard and resource_id <> ''
        group by sub_account_id, resource_id, charge_date
    )
    group by all
),

-- Whether the export names the bucket of a request at all, and the accounts where it does not.
sight as (
    select count(*) > 0 as shown
    from usage_meters
    where usage_kind like '%Requests-%'
        and resource_id <> ''
        and (service_code = 'AmazonS3' or (service_code = '' and service_name = 'Amazon Simple Storage Service'))
),

blind as (
    select distinct sub_account_id
    from lines
    where is_object and resource_id = '' and consumed_quantity > 0
)

select
    l.provider,
    l.sub_account_id,
    l.resource_id,
    l.billing_currency,
    'S3 bucket' as resource_type,
    min(l.charge_date) as first_day,                                            -- UTC day
    max(l.charge_date) as last_day,                                             -- UTC day
    count(distinct l.charge_date) as observed_days,                             -- days
    count(distinct l.charge_date) as span_days,                                 -- days
    sum(l.effective_cost) as cost,                                              -- billing currency
    sum(l.committed_cost) as committed_cost,                                    -- billing currency
    sum(l.list_cost) as list_cost,                                              -- billing currency
    list(distinct l.usage_type) as claims,                                      -- usage types
    -- Storage is billed in GB-months once a day.
    sum(l.consumed_quantity) / count(distinct l.charge_date) * 30.4375 as standard_gb,  -- GB, average
    -- Days on which it was there and not touched; its lines come a day or two late. Null where requests are unseen.
    case
        when max(z.storage_change) > $storage_change then 0
        when bool_or(s.shown) and count(x.sub_account_id) = 0
            then count(distinct l.charge_date) filter (t.touched_on is null or l.charge_date > t.touched_on)
                + case when max(t.touched_on) >= max(l.charge_date) then 0 else $as_of - max(l.charge_date) end
    end as unread_days,                                                         -- days
    min($as_of - l.source_first_day) + 1 as history_days                        -- days
from lines l
left join touched t using (bucket)
left join sizes z using (sub_account_id, resource_id)
cross join sight s
left join blind x using (sub_account_id)
where l.is_standard and l.resource_id <> ''
group by all
