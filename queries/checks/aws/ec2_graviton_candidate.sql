/*---
id          = "aws-ec2-graviton-candidate"
title       = "Linux instance on x86 where Graviton costs less"
kind        = "modernize"
service     = "Amazon Elastic Compute Cloud"
confidence  = "low"
effort      = "high"
risk        = "medium"
blind_spots = "Whether the software runs on arm64 is not in the bill: containers and binaries must be rebuilt, commercial agents may not exist. Equal vCPUs do not mean equal speed. The price ratio is us-east-1's, off by a few per cent elsewhere. A reservation or EC2 Instance Savings Plan of the old family would go unused."
remediation = "Test the workload on the Graviton type named, then replace the instance from an arm64 image."
command     = "aws ec2 describe-instances --region {region} --instance-ids {resource_name}"
reason      = "{instance_type} runs Linux; {successor} has the same vCPUs and memory at {price_ratio} times the list price."
[judge]
ratio              = "price_ratio"
active_within_days = 4
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is compared."
[params.min_days]
default = 7
unit    = "days"
help    = "An instance billed on fewer days is too short-lived to judge."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "A Graviton type that saves less than this is not worth a port."
---*/
with families as (
    -- x86 to Graviton, current generations only; sizes are those that both families have. ratio = list price of the
    -- Graviton type / list price of the old one, on-demand Linux, us-east-1, 2026-07 (the same for every size).
    -- The older Graviton generation for the older x86 ones: it is offered in more regions.
    select
        *
    from (values
        ('t3', 't4g', 0.8077, 'nano|micro|small|medium|large|xlarge|2xlarge'),
        ('t3a', 't4g', 0.8936, 'nano|micro|small|medium|large|xlarge|2xlarge'),
        ('m5', 'm7g', 0.8500, '(2|4|8|12|16)?x?large'),
        ('m5a', 'm7g', 0.9488, '(2|4|8|12|16)?x?large'),
        ('m5d', 'm7gd', 0.9451, '(2|4|8|12|16)?x?large'),
        ('m6i', 'm7g', 0.8500, '(2|4|8|12|16)?x?large'),
        ('m6a', 'm7g', 0.9444, '(2|4|8|12|16)?x?large'),
        ('m6id', 'm7gd', 0.9001, '(2|4|8|12|16)?x?large'),
        ('m7i', 'm8g', 0.8905, '(2|4|8|12|16|24|48)?x?large'),
        ('m7i-flex', 'm8g', 0.9373, '(2|4|8|12|16)?x?large'),
        ('m7a', 'm8g', 0.7743, 'medium|(2|4|8|12|16|24|48)?x?large'),
        ('m8i', 'm8g', 0.8481, '(2|4|8|12|16|24|48)?x?large'),
        ('m8i-flex', 'm8g', 0.8927, '(2|4|8|12|16)?x?large'),
        ('m8a', 'm8g', 0.7374, 'medium|(2|4|8|12|16|24|48)?x?large'),
        ('c5', 'c7g', 0.8529, '(2|4|12)?x?large'),
        ('c5a', 'c7g', 0.9416, '(2|4|8|12|16)?x?large'),
        ('c5d', 'c7gd', 0.9451, '(2|4|12)?x?large'),
        ('c6i', 'c7g', 0.8529, '(2|4|8|12|16)?x?large'),
        ('c6a', 'c7g', 0.9477, '(2|4|8|12|16)?x?large'),
        ('c6id', 'c7gd', 0.9000, '(2|4|8|12|16)?x?large'),
        ('c7i', 'c8g', 0.8937, '(2|4|8|12|16|24|48)?x?large'),
        ('c7i-flex', 'c8g', 0.9407, '(2|4|8|12|16)?x?large'),
        ('c7a', 'c8g', 0.7771, 'medium|(2|4|8|12|16|24|48)?x?large'),
        ('c8i', 'c8g', 0.8511, '(2|4|8|12|16|24|48)?x?large'),
        ('c8i-flex', 'c8g', 0.8960, '(2|4|8|12|16)?x?large'),
        ('c8a', 'c8g', 0.7401, 'medium|(2|4|8|12|16|24|48)?x?large'),
        ('r5', 'r7g', 0.8500, '(2|4|8|12|16)?x?large'),
        ('r5a', 'r7g', 0.9478, '(2|4|8|12|16)?x?large'),
        ('r5d', 'r7gd', 0.9451, '(2|4|8|12|16)?x?large'),
        ('r6i', 'r7g', 0.8500, '(2|4|8|12|16)?x?large'),
        ('r6a', 'r7g', 0.9444, '(2|4|8|12|16)?x?large'),
        ('r6id', 'r7gd', 0.9001, '(2|4|8|12|16)?x?large'),
        ('r7i', 'r8g', 0.8906, '(2|4|8|12|16|24|48)?x?large'),
        ('r7a', 'r8g', 0.7744, 'medium|(2|4|8|12|16|24|48)?x?large'),
        ('r8i', 'r8g', 0.8481, '(2|4|8|12|16|24|48)?x?large'),
        ('r8i-flex', 'r8g', 0.8928, '(2|4|8|12|16)?x?large'),
        ('r8a', 'r8g', 0.7375, 'medium|(2|4|8|12|16|24|48)?x?large')
    ) as t (
        family,
        new_family,
        ratio,
        sizes
    )
),
boxes as (
    select
        * replace (split_part(usage_kind, ':', 2) as instance_type),
        split_part(split_part(usage_kind, ':', 2), '.', 1) as family,
        split_part(split_part(usage_kind, ':', 2), '.', 2) as size,
        lower(product_detail || ' ' || charge_description) as words
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        -- GameLift, EMR and others name usage BoxUsage, too.
        and (service_code = 'AmazonEC2' or (service_code = '' and service_name ilike '%Elastic Compute Cloud%'))
        and usage_kind like 'BoxUsage:%'
        and pricing_category <> 'Dynamic'
        and resource_id <> ''
),
priced as (
    select
        b.*,
        f.new_family || '.' || b.size as successor,
        case
            -- Licences in the rate are Windows (no arm64) or a distribution whose price has another ratio; Marketplace
            -- software comes in its publisher's image.
            when f.ratio is null
                or regexp_matches(words, 'windows|sql|rhel|red hat|suse|ubuntu pro')
                or operation not in ('', 'RunInstances')
                or (sub_account_id, resource_id) in (
                    select (sub_account_id, resource_id) from usage_meters where is_marketplace and resource_id <> ''
                )
                then 1
            when operation <> '' or regexp_matches(words, 'linux|unix') then f.ratio
        end as ratio                                                                            -- null: system unknown
    from boxes b
    left join families f on f.family = b.family and regexp_full_match(b.size, f.sizes)
),
marked as (
    -- What runs now: an instance that was changed is judged by its new type alone.
    select
        *,
        ratio is distinct from 1 as is_x86,
        coalesce(
            max(charge_date) filter (where ratio is distinct from 1) over (partition by sub_account_id, resource_id)
            = max(charge_date) over (partition by sub_account_id, resource_id),
            false
        ) as runs_x86
    from priced
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'EC2 instance' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(distinct charge_date) as observed_days,                                               -- days
    sum(effective_cost) as cost,                                                                -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list(distinct usage_type) as claims,                                                        -- usage types as billed
    string_agg(distinct instance_type, ', ' order by instance_type) as instance_type,           -- type billed now
    string_agg(distinct successor, ', ' order by successor) as successor,                       -- type to change to
    sum(consumed_quantity) as instance_hours,                                                   -- h
    case when not bool_or(ratio is null) then sum(effective_cost * ratio) / nullif(sum(effective_cost), 0) end
        as price_ratio                                                                          -- new price / old price
from marked
where is_x86 = runs_x86
group by all
