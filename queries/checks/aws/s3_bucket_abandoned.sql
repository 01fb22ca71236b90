/*---
id          = "aws-s3-bucket-abandoned"
title       = "S3 bucket that hardly anybody reads or writes"
kind        = "idle"
service     = "Amazon Simple Storage Service"
confidence  = "medium"
effort      = "medium"
risk        = "high"
blind_spots = "Evidence, backups and originals are kept without being read; yearly jobs leave no trace, nor do quarterly ones in an export of a few weeks. Deleted objects are lost."
remediation = "Ask the owner; block access for some weeks or move the objects to an archive class before deleting them."
command     = """
aws s3 ls s3://{resource_name} --recursive --summarize --human-readable
aws s3api get-bucket-versioning --bucket {resource_name}"""
reason      = "Per week {tier1_requests_per_week} put or list requests, {get_requests_per_week} reads and {transfer_gb_per_week} GB of transfer; objects touched on {active_days} days."
[judge]
use     = "share_of_limits"
at_most = "max_share_of_limits"
active_within_days = 4
[params.window_days]
default = 28
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_share_of_limits]
default = 1
unit    = "share"
help    = "A bucket above this share of any of the limits below is in use."
[params.tier1_requests_per_week]
default = 100
unit    = "requests per week"
help    = "Limit of put, copy, post and list requests."
[params.get_requests_per_week]
default = 2000
unit    = "requests per week"
help    = "Limit of reads of objects."
[params.transfer_gb_per_week]
default = 1
unit    = "GB per week"
help    = "Limit of data moved in and out."
[params.active_days]
default = 3
unit    = "days"
help    = "Limit of days within the window on which objects were read or written: backups and logs are few but regular."
[params.storage_change]
default = 0.01
unit    = "share"
help    = "Limit of growth or shrinkage over the window: deliveries of some AWS services write without a billed request."
[params.lookback_days]
default = 100
unit    = "days"
help    = "Trailing days in which no week may have gone beyond the weekly limits: a quarter, for quarterly use."
---*/
with lines as (
    select
        *,
        usage_kind like '%TimedStorage-%' as is_storage,
        -- Deliberate archives are meant to be left alone.
        regexp_matches(usage_kind, 'TimedStorage-(Glacier|GDA|GIR|INT-AA|INT-DAA)') as is_archive,
        usage_kind like '%Requests-Tier1' as is_tier1,
        usage_kind like '%Requests-%' and operation in ('GetObject', 'GetObjectForRepl', '') and usage_kind not like '%Tier1'
            as is_get,
        usage_kind like '%-Bytes' as is_transfer,
        -- Listing, describing, tagging and lifecycle touch no object's content. An unnamed request may be anything.
        case
            when operation = '' then usage_kind like '%Requests-%'
            else regexp_matches(operation, 'Object|Upload|Repl')
                and not regexp_matches(
                    operation, '^(Head|List|Delete|Read|Abort)|Tagging|A[Cc][Ll]|Lock|LegalHold|Retention|Transition|Inventory'
                )
        end as is_object,
        charge_date > $as_of - $window_days as is_recent,
        -- Lines name a bucket by its ARN or by its bare name.
        case when resource_id like 'all:%' then sub_account_id || resource_id else regexp_extract(resource_id, '[^:/]*$') end
            as bucket
    from usage_days
    where charge_date > $as_of - greatest($window_days, $lookback_days)
        and charge_date <= $as_of
        and (service_code = 'AmazonS3' or (service_code = '' and service_name = 'Amazon Simple Storage Service'))
),

-- Whoever pays for the requests, they are the bucket's.
activity as (
    select
        bucket,
        sum(consumed_quantity) filter (is_tier1) as tier1_requests,             -- requests
        sum(consumed_quantity) filter (is_get) as get_requests,                 -- requests
        sum(consumed_quantity) filter (is_transfer) as transfer_gb,             -- GB
        sum(consumed_quantity) filter (is_object) as object_requests,           -- requests and GB
        count(distinct charge_date) filter (is_object and consumed_quantity > 0) as active_days  -- days
    from lines
    where is_recent and resource_id <> ''
    group by all
),

-- Weeks before the window in which the bucket was in use.
earlier as (
    select distinct
        bucket,
        true as used_before
    from (
        select
            bucket,
            ($as_of - charge_date) // 7 as week,
            sum(consumed_quantity) filter (is_get) > $get_requests_per_week
            or sum(consumed_quantity) filter (is_transfer and is_object) > $transfer_gb_per_week
            or sum(consumed_quantity) filter (is_tier1 and is_object) > $tier1_requests_per_week as is_used
        from lines
        where not is_recent and resource_id <> ''
        group by all
    )
    where is_used
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
        where is_storage and is_recent and resource_id <> ''
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
    where is_object and is_recent and resource_id = '' and consumed_quantity > 0
),

buckets as (
    select
        provider,
        sub_account_id,
        resource_id,
        bucket,
        billing_currency,
        'S3 bucket' as resource_type,
        min(charge_date) as first_day,                                          -- UTC day
        max(charge_date) filter (is_storage) as last_day,                       -- UTC day
        -- Storage is billed once a day, and a day or two late.
        count(distinct charge_date) filter (is_storage) + ($as_of - max(charge_date) filter (is_storage))
            as observed_days,                                                   -- days
        sum(effective_cost) as cost,                                            -- billing currency
        sum(committed_cost) as committed_cost,                                  -- billing currency
        sum(list_cost) as list_cost                                             -- billing currency
    from lines
    where is_recent and resource_id <> ''
    group by all
    having bool_or(is_storage) and not bool_or(is_archive)
),

rated as (
    select
        b.*,
        coalesce(a.tier1_requests, 0) * 7 / $window_days as tier1_requests_per_week,  -- requests
        coalesce(a.get_requests, 0) * 7 / $window_days as get_requests_per_week,      -- requests
        coalesce(a.transfer_gb, 0) * 7 / $window_days as transfer_gb_per_week,        -- GB
        coalesce(a.active_days, 0) as active_days,                                    -- days
        coalesce(z.storage_change, 0) as storage_change,                              -- share, over the window
        coalesce(e.used_before, false) as used_before,                                -- in a week of the lookback
        case when a.object_requests > 0 then 'low' end as confidence
    from buckets b
    left join activity a using (bucket)
    left join earlier e using (bucket)
    left join sizes z using (sub_account_id, resource_id)
)

select
    r.* exclude (bucket, used_before),
    case
        when s.shown and x.sub_account_id is null
            then greatest(
                tier1_requests_per_week / $tier1_requests_per_week,
                get_requests_per_week / $get_requests_per_week,
                transfer_gb_per_week / $transfer_gb_per_week,
                active_days / $active_days,
                storage_change / $storage_change,
                case when used_before then $max_share_of_limits + 1 else 0 end
            )
    end as share_of_limits                                                      -- share of the nearest limit
from rated r
cross join sight s
left join blind x using (sub_account_id)
